"""Vocoders: how a canvas becomes a waveform."""

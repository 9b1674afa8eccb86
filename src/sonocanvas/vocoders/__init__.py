"""Vocoders, which turn a canvas into a waveform."""

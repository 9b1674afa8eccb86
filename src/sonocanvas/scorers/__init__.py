"""Scorers, which measure how good a sample is."""

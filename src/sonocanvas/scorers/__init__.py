"""Scorers: numbers that say how good a sample is."""

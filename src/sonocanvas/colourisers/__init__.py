"""Colourisers: a canvas in colour that is still the same canvas, one file each."""

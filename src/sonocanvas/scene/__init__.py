"""Scenes: layers and their places on the canvas."""

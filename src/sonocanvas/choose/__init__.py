"""Searches: what is tried, and which tries and seeds are kept."""

"""The best of many tries for each seed: what is tried, and what is chosen."""

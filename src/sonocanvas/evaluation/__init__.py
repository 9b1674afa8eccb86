"""Compares methods on many prompts: plans, makes and measures samples, and writes the table."""

"""Composition rules, which combine the two noise predictions into one."""

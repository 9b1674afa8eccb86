"""Composition rules: how the two noise predictions become one."""

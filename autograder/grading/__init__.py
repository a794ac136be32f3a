"""Marking: one submission becomes one Report."""

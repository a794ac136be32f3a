"""Adopt an existing nbgrader assignment: convert its notebooks, solutions, tests and files."""

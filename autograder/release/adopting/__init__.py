"""Bring an existing nbgrader assignment over: its notebooks, solutions, tests and files."""

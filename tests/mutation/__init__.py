"""A mutation run: the reference solutions, each with one small change, before the hidden tests."""

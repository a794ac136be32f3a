"""A mutation run: hidden tests mark the reference solutions, each with one small change."""

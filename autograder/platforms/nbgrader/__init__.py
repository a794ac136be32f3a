"""Change nbgrader's commands and formgrader, so that they mark and record as the kit does."""

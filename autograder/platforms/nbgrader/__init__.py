"""nbgrader's commands and formgrader, changed to mark and record as the kit does."""

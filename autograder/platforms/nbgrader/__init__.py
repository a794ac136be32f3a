"""nbgrader's commands and its formgrader, which mark and record as the kit does."""

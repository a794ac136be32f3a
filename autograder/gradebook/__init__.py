"""nbgrader's gradebook: recording marks, keeping the file safe, and reading marks from it."""

"""GitHub Classroom: a template repository with visible checks, and marks made elsewhere."""

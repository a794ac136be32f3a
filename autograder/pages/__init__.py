"""Pages that people read: feedback, the instructor's page and the class report."""

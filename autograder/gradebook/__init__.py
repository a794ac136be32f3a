"""Record marks in nbgrader's gradebook, keep its file safe, and read marks from it."""

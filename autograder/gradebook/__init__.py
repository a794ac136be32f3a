"""nbgrader's gradebook: what is recorded, how it is kept whole, and what marks follow from it."""

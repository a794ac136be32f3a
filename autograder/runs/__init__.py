"""Grade a class: mark all submissions and record the results."""

"""Mark submissions: the result for each submission is a Report."""

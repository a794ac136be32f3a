"""Reference solutions, one folder for each assignment."""

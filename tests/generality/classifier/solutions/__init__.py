"""Reference solutions of hw1."""

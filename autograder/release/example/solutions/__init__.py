"""Reference solutions of HOMEWORK."""

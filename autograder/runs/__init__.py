"""Runs over a class, where marking and recording meet."""

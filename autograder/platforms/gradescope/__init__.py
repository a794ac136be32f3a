"""Gradescope: the zip that instructors upload, and the results that its container returns."""

"""Solutions → source → release, and the proof that a release is fit to publish."""

from autograder.release.build import build
from autograder.release.fill import fill_source, filled_source

__all__ = ["build", "fill_source", "filled_source"]

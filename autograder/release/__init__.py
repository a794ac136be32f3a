"""Fill the source from the solutions, build the release, and prove that the release is correct."""

from autograder.release.build import build
from autograder.release.fill import fill_source, filled_source
from autograder.release.proof.findings import Finding, Proof
from autograder.release.publish import release

__all__ = [
    "Finding",
    "Proof",
    "build",
    "fill_source",
    "filled_source",
    "release",
]

"""`pytest autograder/hidden/hw2 --submission PATH` runs these tests by hand on one submission."""

from autograder.grading.pytestrun import (
    pytest_addoption,
    pytest_configure,
    pytest_unconfigure,
)

__all__ = ["pytest_addoption", "pytest_configure", "pytest_unconfigure"]

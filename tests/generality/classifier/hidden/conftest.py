"""`pytest autograder/hidden/hw1 --submission PATH` runs these tests by hand."""

from autograder.grading.pytestrun import (
    pytest_addoption,
    pytest_configure,
    pytest_unconfigure,
)

__all__ = ["pytest_addoption", "pytest_configure", "pytest_unconfigure"]

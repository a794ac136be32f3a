"""Make `pytest autograder/hidden/hw2 --submission PATH` run these tests on one submission."""

from autograder.grading.pytestrun import (
    pytest_addoption,
    pytest_configure,
    pytest_unconfigure,
)

__all__ = ["pytest_addoption", "pytest_configure", "pytest_unconfigure"]

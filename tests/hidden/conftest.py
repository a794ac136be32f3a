"""Fixtures for the tests of the hidden tests."""

from __future__ import annotations

import pytest


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "item(name, part, costs): the item a hidden test belongs to")

from __future__ import annotations

import shutil
from collections.abc import Iterator
from typing import Any

import pytest

from tests.ordinary_user import SKIPPED_INSIDE

BROWSERS = ("chromium", "chromium-browser", "google-chrome")


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    """Chromium without a window, one for all tests; skips the test if there is none."""
    playwright = pytest.importorskip("playwright.sync_api", reason="needs the extra `browser`")
    program = next(filter(None, map(shutil.which, BROWSERS)), None)
    if program is None:
        pytest.skip(f"needs one of the browsers {', '.join(BROWSERS)}")
    with playwright.sync_playwright() as running:
        # root cannot use Chromium's own sandbox; this Chromium opens only the pages of our own
        # server
        browser = running.chromium.launch(executable_path=program, args=["--no-sandbox"])
        yield browser
        browser.close()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Start with the longest tests, so that no worker waits for them at the end."""
    items.sort(key=lambda item: item.path.name != "test_checkout.py")


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """List the tests that were skipped in a test run inside a test."""
    for report in terminalreporter.getreports("passed"):
        for name, skips in report.user_properties:
            if name == SKIPPED_INSIDE:
                for skip in skips:
                    terminalreporter.write_line(f"SKIPPED inside {report.nodeid}: {skip}")

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
        # root may not use Chromium's own sandbox; it opens our own server's pages alone
        browser = running.chromium.launch(executable_path=program, args=["--no-sandbox"])
        yield browser
        browser.close()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Start with the longest tests, so that no worker waits for them at the end."""
    items.sort(key=lambda item: item.path.name != "test_checkout.py")


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """List what a test run inside a test has skipped."""
    for report in terminalreporter.getreports("passed"):
        for name, skips in report.user_properties:
            if name == SKIPPED_INSIDE:
                for skip in skips:
                    terminalreporter.write_line(f"SKIPPED inside {report.nodeid}: {skip}")

"""A marker at the desk in a real browser, who uses the keyboard and counts keys."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from tests.browser.visitor import DESKTOP, Visitor, visiting
from tests.gradebook.server import TOKEN, Formgrader

NOISE = r"about:blank|MathJax_\w+-Regular\.otf|status of 409|ERR_CONNECTION_REFUSED"
"""MathJax tries which fonts there are; a conflict and a killed server are part of some tests."""

PATIENCE = 120_000
"""Milliseconds to wait for something that has to happen, however busy the machine is."""

# measures outside the page's own code: from the key's time stamp to the frame with the new answer
_STOPWATCH = """
(() => {
  let pressed = 0, shown = "";
  window.shownAfter = [];
  const note = start => requestAnimationFrame(
    () => setTimeout(() => shownAfter.push(performance.now() - start)));
  addEventListener("keydown", event => {
    if (event.key === "Enter") pressed = event.timeStamp;
  }, true);
  const look = () => {
    const id = document.querySelector(".slot.shown")?.dataset.id;
    if (!id || id === shown) return;
    shown = id;
    if (pressed) note(pressed);
  };
  const what = {subtree: true, childList: true, attributes: true, attributeFilter: ["class"]};
  new MutationObserver(look).observe(document, what);
})();
"""

# The page looks for changes every 15 seconds. The tests switch this timer off and start the search
# themselves, so that it does not matter how busy the machine is.
_NO_REFRESH = """
(() => {
  const every = setInterval;
  window.setInterval = (look, pause) => pause < 15000 ? every(look, pause) : 0;
})();
"""


class AtDesk:
    """One person's tab with the desk of the homework."""

    def __init__(self, visitor: Visitor, address: str, marker: str) -> None:
        self.visitor = visitor
        self.tab: Any = visitor.tab
        self.keys = 0
        self.loads: list[str] = []
        self.tab.set_default_timeout(PATIENCE)
        self.tab.add_init_script(f"localStorage.setItem('fdl-desk-marker', {marker!r})")
        self.tab.add_init_script(_STOPWATCH)
        self.tab.add_init_script(_NO_REFRESH)
        self.tab.on(
            "request",
            lambda request: (
                self.loads.append(request.url) if request.is_navigation_request() else None
            ),
        )
        self.address = f"{address}/fdl-desk/hw"
        self.open()

    def open(self, place: str = "") -> None:
        """Load the page and wait for its first answer."""
        self.tab.goto(f"{self.address}?token={TOKEN}{place}")
        self.tab.wait_for_selector(".slot.shown")
        self.loads.clear()

    @property
    def shown(self) -> str:
        """The id of the answer on the screen."""
        return str(self.tab.get_attribute(".slot.shown", "data-id"))

    @property
    def focus(self) -> str:
        return str(self.tab.evaluate("document.activeElement.id"))

    @property
    def said(self) -> str:
        """The last words for a screen reader."""
        return str(self.tab.inner_text("#said"))

    @property
    def total(self) -> str:
        return str(self.tab.inner_text("#total"))

    @property
    def times(self) -> list[float]:
        """Milliseconds from each Enter until the next answer was on the screen."""
        return [float(each) for each in self.tab.evaluate("shownAfter")]

    def press(self, *keys: str) -> None:
        for key in keys:
            self.tab.keyboard.press(key)
            self.keys += 1

    def to_next(self, *keys: str) -> None:
        """Press keys that lead to another answer, and wait for it."""
        before = self.shown
        self.press(*keys)
        self.tab.wait_for_selector(f".slot.shown:not([data-id='{before}'])")

    def go_to(self, item: str, name: str) -> None:
        """Show a certain answer, as a link to it does."""
        self.tab.evaluate(f"location.hash = '{item}/{name}'")
        self.tab.wait_for_selector(f".slot.shown[data-id='{name}']")

    def await_saved(self) -> None:
        self.tab.locator(".saving", has_text="✓ Saved").wait_for()


@contextmanager
def at_desk(browser: Any, server: Formgrader, marker: str = "Rita") -> Iterator[AtDesk]:
    """A marker with an own browser window."""
    with visiting(browser, server.address, size=DESKTOP, noise=NOISE) as visitor:
        yield AtDesk(visitor, server.address, marker)

"""A browser that may reach one server or some files, and records everything that goes wrong."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

DESKTOP = {"width": 1280, "height": 900}
PHONE = {"width": 390, "height": 844}


@dataclass
class Visitor:
    """A tab: `wrong` lists errors on its console, `elsewhere` lists requests to other servers."""

    tab: Any
    wrong: list[str] = field(default_factory=list)
    elsewhere: list[str] = field(default_factory=list)

    @property
    def complaints(self) -> list[str]:
        """Return all errors and forbidden requests."""
        return [*self.wrong, *(f"asked for {url}" for url in self.elsewhere)]

    def fits(self) -> bool:
        """Return whether the page has nothing beyond its right edge."""
        script = "() => document.scrollingElement.scrollWidth <= window.innerWidth"
        return bool(self.tab.evaluate(script))


class Gate:
    """A gate that holds back the tab's requests to some addresses until it is opened.

    The gate stays in place when it is open: a route that is removed while it handles a request
    passes this request on to the next route.
    """

    def __init__(self, tab: Any, addresses: str, *, but: str | None = None) -> None:
        self._held: list[Any] = []
        self._is_open = False
        self._but = but
        tab.route(addresses, lambda request: self._hold(request))

    def open(self) -> None:
        """Let all requests pass."""
        self._is_open = True
        while self._held:
            self._held.pop(0).continue_()

    def _hold(self, request: Any) -> None:
        if self._is_open or (self._but is not None and self._but in request.request.url):
            request.continue_()
        else:
            self._held.append(request)


@contextmanager
def visiting(
    browser: Any, home: str, *, size: dict[str, int] = DESKTOP, noise: str = r"(?!)"
) -> Iterator[Visitor]:
    """Yield a visitor who may open addresses below `home`; `noise` matches allowed messages."""
    context = browser.new_context(viewport=size)
    visitor = Visitor(context.new_page())

    def route(request: Any) -> None:
        url = request.request.url
        if url.startswith((home, "data:", "blob:")):
            request.continue_()
        else:
            visitor.elsewhere.append(url)
            request.abort()

    def told(message: Any) -> None:
        text = f"{message.text} ({message.location.get('url', '')})"
        if message.type == "error" and not re.search(noise, text):
            visitor.wrong.append(text)

    context.route("**/*", route)
    visitor.tab.on("console", told)
    visitor.tab.on("pageerror", lambda error: visitor.wrong.append(f"uncaught: {error}"))
    yield visitor
    context.close()

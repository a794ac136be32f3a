"""A detector for everything that a page does in a browser beyond showing text."""

from __future__ import annotations

import contextlib
import re
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from autograder.desk.policy import mathjax_folder

SITE = "http://pages.test"
"""Address of pages that come from no server."""

_NUMBER = re.compile(r"(?:^|/|pwned)(\d+)(?![\da-f-])")
_MATHJAX = re.compile(r"https://cdnjs\.cloudflare\.com/ajax/libs/mathjax/")
_MATHJAX_FROM_HERE = (
    f"document.write('<script src=\"{SITE}/mathjax/MathJax.js"
    "?config=TeX-AMS-MML_HTMLorMML-full,Safe\"></scr' + 'ipt>');"
)
_LIBRARY = re.compile(r"https://cdnjs\.cloudflare\.com/ajax/libs/(?:require|jquery|mermaid)")
"""Addresses that nbgrader's own pages load."""

PATIENCE = 120.0
"""Seconds to wait for an expected event, even on a busy machine."""

# this runs before any script of the page, in every frame: a script that sets `pwned` has acted
_TRAP = """
Object.defineProperty(window, 'pwned', {set(value) { __tell(value); }});
"""

# does everything that a reader does with the parts written by the student, in one go
_TOUCH = """
parts => {
  const events = [
    'pointerover', 'pointerenter', 'mouseover', 'mouseenter', 'mousemove', 'mousedown', 'mouseup',
    'focus', 'focusin', 'blur', 'keydown', 'keyup', 'input', 'change', 'toggle', 'beforetoggle',
    'load', 'error', 'animationstart', 'transitionend', 'wheel', 'copy', 'contextmenu', 'begin',
  ];
  const active = 'a, area, button, input, select, textarea, summary, label, form, iframe, object,'
    + '[tabindex], [autofocus], [style], svg, svg *, math, math *';
  const drawn = '.MathJax *, .MathJax_Preview, .MathJax_Display, .MJX_Assistive_MathML *';
  const inside = [...document.querySelectorAll(parts)];
  const all = new Set(inside.flatMap(part => [part, ...part.querySelectorAll('*')]));
  const wired = [...all].filter(element => element.matches('a')
    || (element.matches(active) && !element.matches(drawn))
    || element.getAttributeNames().some(name => name.startsWith('on')));
  for (const element of wired) {
    for (const name of events) element.dispatchEvent(new Event(name, {cancelable: true}));
    if (element.focus) element.focus();
    element.dispatchEvent(new MouseEvent('click', {bubbles: true, cancelable: true}));
  }
  return [all.size, wired.length];
}
"""


# resolves once the page has drawn its contents and has no more work
_QUIET = """
() => new Promise(done => {
  setTimeout(done, 10_000);
  requestAnimationFrame(() => requestAnimationFrame(() => requestIdleCallback(done)));
})
"""


class Canary:
    """A server that no page should contact; it remembers each request."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        asked = self.asked

        class Handler(BaseHTTPRequestHandler):
            def handle(self) -> None:
                asked.append("connection")
                super().handle()

            def do_GET(self) -> None:
                self._answer()

            def do_POST(self) -> None:
                self._answer()

            def do_OPTIONS(self) -> None:
                self._answer()

            def _answer(self) -> None:
                asked.append(self.path)
                self.send_response(200)
                self.send_header("Access-Control-Allow-Origin", "*")
                self.end_headers()

            def log_message(self, format: str, *args: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.address = f"http://127.0.0.1:{self._server.server_port}"

    @contextlib.contextmanager
    def listening(self) -> Iterator[Canary]:
        """Answer requests until the end of the block."""
        thread = threading.Thread(target=self._server.serve_forever, args=(0.05,))
        thread.start()
        try:
            yield self
        finally:
            self._server.shutdown()
            thread.join()
            self._server.server_close()


@dataclass
class Seen:
    """Events while a page was open; each entry ends with the number of its payload, if any."""

    events: list[str] = field(default_factory=list)
    touched: int = 0
    wired: int = 0

    @property
    def numbers(self) -> set[int]:
        """Return the numbers of the texts that acted."""
        found = (_NUMBER.search(event.partition(" !")[2]) for event in self.events)
        return {int(match[1]) for match in found if match}


class Watch:
    """A browser that opens, touches and watches one page after another."""

    def __init__(self, browser: Any, canary: Canary, server: str = "http://nowhere.test") -> None:
        self.canary, self.server = canary, server
        self.pages: dict[str, str] = {}
        self._seen = Seen()
        self._expected: Callable[[str], bool] = lambda _: False
        self._is_opening = False
        self._already = 0
        self.headers: dict[str, str] = {}
        """The headers of the page that was opened last."""
        self.context = browser.new_context(
            viewport={"width": 1200, "height": 900}, accept_downloads=True
        )
        self.context.set_default_timeout(1000 * PATIENCE)
        self.context.expose_binding("__tell", lambda _, value: self._note("script", value))
        self.context.add_init_script(_TRAP)
        self.context.route("**/*", self._route)
        self.context.route_web_socket("**/*", lambda socket: self._note("socket", socket.url))
        self.context.on("page", self._on_page)
        self.tab = self._new_tab()

    def _new_tab(self) -> Any:
        self._is_opening = True
        tab = self.context.new_page()
        self._is_opening = False
        tab.on("dialog", self._on_dialog)
        tab.on("console", self._on_console)
        tab.on("pageerror", lambda error: self._note("page error", error))
        tab.on("download", lambda download: self._note("download", download.suggested_filename))
        tab.on("framenavigated", self._on_navigated)
        return tab

    def close(self) -> None:
        self.context.close()

    def rest(self) -> None:
        """Leave the page, so that no effect of the page reaches the next test."""
        self._expected = lambda _: True
        try:
            self.tab.goto("about:blank")
        except Exception:  # errors of the browser: the tab has crashed, for example
            self.tab.close()
            self.tab = self._new_tab()

    def log_in(self, token: str) -> None:
        """Log in as the marker of the formgrader at `server`."""
        answer = self.context.request.get(f"{self.server}/formgrader?token={token}")
        assert answer.ok, answer.status

    def open(
        self,
        url: str,
        parts: str,
        *,
        wait: str = "",
        seconds: float = 0.3,
        until: Callable[[Seen], bool] | None = None,
        patience: float = PATIENCE,
    ) -> Seen:
        """Return the events when the page is opened, left alone for a moment, and touched.

        `parts` selects the parts of the page that a student may have written. `wait` is a condition
        for which the page's own scripts need some time. If an event must happen, `until` checks for
        the event, and the test waits at most `patience` seconds.
        """
        seen = self._seen = Seen()
        self._already = len(self.canary.asked)
        # the formgrader stores in the address which field was last in view
        self._expected = lambda asked: re.split("[?#]", asked)[0].rstrip("/") == url.rstrip("/")
        try:
            answer = self.tab.goto(url, wait_until="load")
            self.headers = dict(answer.headers) if answer else {}
        except Exception as error:  # errors of the browser: the page goes elsewhere, for example
            seen.events.append(f"did not open: {str(error).splitlines()[0]}")
        if wait:
            self.wait_for(wait)
        self._leave_alone(seconds)
        try:
            seen.touched, seen.wired = self.tab.evaluate(_TOUCH, parts)
            for _ in range(8):
                self.tab.keyboard.press("Tab")
            self.tab.mouse.move(300, 300)
            self.tab.mouse.move(600, 600, steps=4)
            self._leave_alone(seconds)
        except Exception as error:  # as above
            seen.events.append(f"could not be touched: {str(error).splitlines()[0]}")
        deadline = time.monotonic() + patience
        while until is not None and not until(self._told()) and time.monotonic() < deadline:
            self.tab.wait_for_timeout(50)
        return self._told()

    def touched_again(self, parts: str, seconds: float = 0.3) -> Seen:
        """The events on the open page, after its parts were touched once more."""
        self._seen.touched, self._seen.wired = self.tab.evaluate(_TOUCH, parts)
        self._leave_alone(seconds)
        return self._told()

    def _leave_alone(self, seconds: float) -> None:
        """Wait this many seconds, and then until the page has no more work."""
        with contextlib.suppress(Exception):  # errors of the browser: the page went elsewhere
            self.tab.evaluate(_QUIET)
        self.tab.wait_for_timeout(1000 * seconds)

    def _told(self) -> Seen:
        """Return the events on the open page so far, with the requests to the canary."""
        asked = [f"canary !{path.strip('/')}" for path in self.canary.asked[self._already :]]
        return replace(self._seen, events=[*self._seen.events, *asked])

    def show(self, name: str, page: str, parts: str = "body", **options: Any) -> Seen:
        """Return the events as `open` does, for the HTML text of a page."""
        url = f"{SITE}/{name}"
        self.pages[url] = page
        return self.open(url, parts, **options)

    def wait_for(self, condition: str) -> bool:
        """Return whether the condition became true; if not, the events contain that fact."""
        # wait_for_function is not used, because a page's policy forbids it
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            if self.tab.evaluate(f"() => Boolean({condition})"):
                return True
            self.tab.wait_for_timeout(100)
        self._seen.events.append(f"never came about: {condition}")
        return False

    def evaluate(self, script: str, *args: Any) -> Any:
        return self.tab.evaluate(script, *args)

    # what is seen

    def _note(self, kind: str, what: object) -> None:
        self._seen.events.append(f"{kind} !{what}")

    def _on_page(self, page: Any) -> None:
        if not self._is_opening:
            self._note("popup", page.url)
            with contextlib.suppress(Exception):
                page.close()

    def _on_dialog(self, dialog: Any) -> None:
        self._note("dialog", dialog.message)
        dialog.dismiss()

    def _on_console(self, message: Any) -> None:
        # the console reports that a policy refused something; the detector records the attempt
        # itself
        if message.type not in ("error", "warning") or "pwned" in message.text:
            self._note("console", message.text)

    def _on_navigated(self, frame: Any) -> None:
        url = frame.url.partition("#")[0]
        if frame.parent_frame is not None:
            self._note("frame", url)
        elif not self._expected(url) and url not in ("about:blank",):
            self._note("navigation", url)

    def _route(self, route: Any) -> None:
        request = route.request
        url = request.url
        bare = url.partition("#")[0]
        if bare in self.pages:
            route.fulfill(
                status=200, content_type="text/html; charset=utf-8", body=self.pages[bare]
            )
        elif bare.startswith(f"{SITE}/mathjax/"):
            _give_mathjax(route, bare.removeprefix(f"{SITE}/mathjax/").partition("?")[0])
        elif _MATHJAX.match(url):
            route.fulfill(status=200, content_type="text/javascript", body=_MATHJAX_FROM_HERE)
        elif _LIBRARY.match(url):
            route.abort()
        elif url.startswith(self.server + "/"):
            self._route_to_server(route, request)
        elif url.startswith(self.canary.address) and not request.is_navigation_request():
            self._note("request", url.removeprefix(self.canary.address))
            route.continue_()
        else:
            kind = "visit" if _leaves_the_page(request) else "request"
            self._note(kind, url.removeprefix(self.canary.address))
            route.fulfill(status=204)

    def _route_to_server(self, route: Any, request: Any) -> None:
        path = request.url.removeprefix(self.server)
        if request.is_navigation_request() and not self._expected(request.url):
            self._note("navigation", path)
            route.fulfill(status=204)
            return
        if request.method != "GET" and "csp-report" not in path:
            self._note(f"grading by {request.method}", path)
        route.continue_()


def _leaves_the_page(request: Any) -> bool:
    """Return whether the request would replace the whole page, as a click on a link does."""
    return bool(request.is_navigation_request()) and request.frame.parent_frame is None


def _give_mathjax(route: Any, path: str) -> None:
    file = Path(mathjax_folder()) / path
    if not file.is_file():
        route.fulfill(status=404)
        return
    body = file.read_text(encoding="utf-8") if file.suffix == ".js" else file.read_bytes()
    kind = {".js": "text/javascript", ".css": "text/css"}.get(file.suffix, "font/woff")
    route.fulfill(status=200, content_type=kind, body=body)

"""Serve the marking desk on a Jupyter server: its page, its files, and the page's requests.

All requests need the server's token or password, and requests that change something need Jupyter's
XSRF cookie. Responses are JSON; an error is `{"message": …}`, with a text for the marker.
"""

from __future__ import annotations

import atexit
import logging
import re
import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache, wraps
from importlib.resources import files
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import quote

import msgspec
from jinja2 import Environment, PackageLoader, StrictUndefined
from jupyter_server.base.handlers import APIHandler, JupyterHandler
from tornado import web

from autograder.course.assignment import Course
from autograder.desk.desk import Desk, StaleError
from autograder.desk.messages import Comment, Conflict, Given, RubricChange
from autograder.desk.policy import serve_mathjax, set_policy
from autograder.errors import DeskError, KitError, NoCourseError
from autograder.gradebook.handmarks import Cause

PATH = "fdl-desk"
"""The desk's path on the server, relative to the server's base URL."""

MAX_BODY = 4_000_000
"""Largest size of a request, in bytes."""

_CAUSES: dict[str, Cause] = {"desk": "desk", "formgrader": "formgrader"}

_Kind = TypeVar("_Kind")


@dataclass(frozen=True)
class ServedCourse:
    """The course of a request, and the address of its gradebook."""

    course: Course
    db_url: str | None = None


class Desks:
    """The desks of a server, one for each homework; they are closed when the server ends."""

    def __init__(self) -> None:
        self._desks: dict[tuple[Path, str | None, str], Desk] = {}
        atexit.register(self.close)

    def open(self, served: ServedCourse, homework: str) -> Desk:
        """Return the desk of a homework; raise CourseError if the course has no such homework."""
        name = (served.course.root, served.db_url, homework)
        known = self._desks.get(name)
        if known is not None and known.course.settings != served.course.settings:
            self._desks.pop(name).close()  # course.toml was changed
        if name not in self._desks:
            self._desks[name] = Desk(served.course, homework, db_url=served.db_url)
        return self._desks[name]

    def close(self) -> None:
        """Close all desks."""
        while self._desks:
            _, desk = self._desks.popitem()
            try:
                desk.close()
            except KitError as error:
                logging.getLogger(__name__).error("%s", error)


def add_to(application: Any, base_url: str, find_course: Callable[[Any], ServedCourse]) -> None:
    """Add the desk to a Jupyter server; `find_course` returns the course of a request's handler."""
    if "fdl_desks" in application.settings:
        return
    application.settings["fdl_desks"] = Desks()
    application.settings["fdl_desk_course"] = find_course
    # the extension in platforms/nbgrader/labextension shows a link if the server has this path
    application.settings.setdefault("page_config_data", {})["fdlDesk"] = PATH
    base = f"{base_url.rstrip('/')}/{PATH}"
    static = {"path": str(files("autograder.desk") / "static")}
    routes: list[tuple[Any, ...]] = [
        (r"/?", _Index),
        (r"/static/(.*)", _Files, static),
        (r"/([^/]+)/?", _Page),
        (r"/([^/]+)/api/queue", _QueueOf),
        (r"/([^/]+)/api/answer/([0-9a-f]{16})", _AnswerOf),
        (r"/([^/]+)/api/answers", _AnswersOf),
        (r"/([^/]+)/api/rubric/([\w.-]+)", _RubricOf),
        (r"/([^/]+)/api/preview", _Preview),
    ]
    application.add_handlers(".*$", [(re.escape(base) + path, *rest) for path, *rest in routes])


def address(base_url: str, homework: str) -> str:
    """Return the path of a homework's desk on the server."""
    return f"{base_url.rstrip('/')}/{PATH}/{quote(homework, safe='')}"


# --- the page ------------------------------------------------------------------------------------


@cache
def _templates() -> Environment:
    loader = PackageLoader("autograder.desk")
    return Environment(loader=loader, autoescape=True, undefined=StrictUndefined)


class _Files(JupyterHandler, web.StaticFileHandler):
    """The page's scripts and styles."""

    @web.authenticated
    async def get(self, path: str, include_body: bool = True) -> None:  # type: ignore[override]
        """Send a file."""
        await web.StaticFileHandler.get(self, path, include_body)

    def set_extra_headers(self, path: str) -> None:  # noqa: ARG002
        """Make the browser ask each time whether the file has changed."""
        self.set_header("Cache-Control", "no-cache")


class _Index(JupyterHandler):
    """The list of homeworks; a course with one homework opens its desk."""

    @web.authenticated
    def get(self) -> None:
        """Send the list."""
        find_course: Callable[[Any], ServedCourse] = self.settings["fdl_desk_course"]
        try:
            names = find_course(self).course.assignment_names
        except KitError as error:
            raise web.HTTPError(404, "%s", str(error)) from error
        links = {name: address(self.base_url, name) for name in names}
        if len(links) == 1:
            self.redirect(next(iter(links.values())))
            return
        set_policy(self, secrets.token_urlsafe(16))
        page = _templates().get_template("index.html")
        self.finish(page.render(links=links, static=_static(self)))


def _static(handler: Any) -> str:
    return f"{handler.base_url.rstrip('/')}/{PATH}/static"


class _Page(JupyterHandler):
    """The page of a homework's desk."""

    @web.authenticated
    def get(self, homework: str) -> None:
        """Send the page, with the cookie that later requests need."""
        try:
            _desk(self, homework)
        except KitError as error:
            raise web.HTTPError(404, "%s", str(error)) from error
        _ = self.xsrf_token
        nonce = secrets.token_urlsafe(16)
        set_policy(self, nonce)
        self.set_header("Cache-Control", "no-store")
        self.set_header("Referrer-Policy", "same-origin")
        page = _templates().get_template("desk.html")
        self.finish(
            page.render(
                nonce=nonce,
                homework=homework,
                base=address(self.base_url, homework),
                static=_static(self),
                formgrader=f"{self.base_url.rstrip('/')}/formgrader/gradebook/"
                f"{quote(homework, safe='')}",
                mathjax=serve_mathjax(self),
            )
        )


def _desk(handler: Any, homework: str) -> Desk:
    find_course: Callable[[Any], ServedCourse] = handler.settings["fdl_desk_course"]
    desks: Desks = handler.settings["fdl_desks"]
    return desks.open(find_course(handler), homework)


# --- the page's requests -------------------------------------------------------------------------


def _in_words(method: Callable[..., object]) -> Callable[..., None]:
    """Return a method that sends the result of `method` as JSON, and errors as messages."""

    @wraps(method)
    def answer(handler: _Api, homework: str, *rest: str) -> None:
        try:
            if len(handler.request.body) > MAX_BODY:
                raise web.HTTPError(413, f"a request has at most {MAX_BODY:,} bytes")
            found = method(handler, _desk(handler, homework), *rest)
        except NoCourseError as error:
            raise web.HTTPError(404, "%s", str(error)) from error
        except DeskError as error:
            raise web.HTTPError(400, "%s", str(error)) from error
        except KitError as error:
            raise web.HTTPError(503, "%s", str(error)) from error
        handler.finish(msgspec.json.encode(found))

    return answer


class _Api(APIHandler):
    """A request of the page; every method sends JSON."""

    def decoded(self, kind: type[_Kind]) -> _Kind:
        """Parse the request's body as an object of type `kind`; raise DeskError if this fails."""
        try:
            return msgspec.json.decode(self.request.body, type=kind)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise DeskError(f"the page sent something unexpected ({error}): reload it") from error

    @property
    def marker(self) -> str:
        """The name of the marker who sends the request."""
        return str(self.get_query_argument("marker", ""))

    @property
    def names(self) -> bool:
        """Whether the marker wants to see the students' names."""
        return self.get_query_argument("names", "") == "1"

    def conflict(self, desk: Desk, error: StaleError, ids: Sequence[str]) -> Conflict:
        """Return the newest state of these answers, and set the HTTP status to a conflict."""
        self.set_status(409)
        views = tuple(desk.answer(name, self.marker, names=self.names) for name in ids)
        return Conflict(str(error), views)

    def write_error(self, status_code: int, **kwargs: Any) -> None:  # noqa: ARG002
        """Send an error as JSON, without a traceback."""
        error = (kwargs.get("exc_info") or (None, None))[1]
        words = "the server could not do this: its log says why"
        if isinstance(error, web.HTTPError):
            words = str(error.get_message() if error.log_message else error.reason or "refused")
        self.finish(msgspec.json.encode({"message": words}))


class _QueueOf(_Api):
    @web.authenticated
    @_in_words
    def get(self, desk: Desk) -> object:
        return desk.queue(self.marker, names=self.names)


class _AnswerOf(_Api):
    @web.authenticated
    @_in_words
    def get(self, desk: Desk, name: str) -> object:
        return desk.answer(name, self.marker, names=self.names)

    @web.authenticated
    @_in_words
    def put(self, desk: Desk, name: str) -> object:
        given = self.decoded(Given)
        cause = _CAUSES.get(self.get_query_argument("cause", "desk"), "desk")
        try:
            return desk.save(name, given, cause=cause, names=self.names)
        except StaleError as error:
            return self.conflict(desk, error, [name])


class _AnswersOf(_Api):
    @web.authenticated
    @_in_words
    def put(self, desk: Desk) -> object:
        given = self.decoded(dict[str, Given])
        try:
            return desk.save_all(given, names=self.names)
        except StaleError as error:
            return self.conflict(desk, error, list(given))


class _RubricOf(_Api):
    @web.authenticated
    @_in_words
    def post(self, desk: Desk, item: str) -> object:
        change = self.decoded(RubricChange)
        try:
            return desk.change_rubric(item, change)
        except StaleError as error:
            return self.conflict(desk, error, [])


class _Preview(_Api):
    @web.authenticated
    @_in_words
    def post(self, desk: Desk) -> object:
        return {"html": desk.preview(self.decoded(Comment).text)}

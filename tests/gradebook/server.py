"""A formgrader that runs in a course, a marker who sends requests to it, and a browser."""

from __future__ import annotations

import contextlib
import json
import os
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from http.client import HTTPResponse
from http.cookiejar import CookieJar
from pathlib import Path
from typing import IO, Any
from urllib.parse import quote
from urllib.request import HTTPCookieProcessor, OpenerDirector, Request, build_opener

from autograder.course.assignment import Course

from .forking import Forked, fork_server

TOKEN = "made-up-token"
SECONDS = 300
"""Seconds after which a server that does not start or answer counts as failed."""


@dataclass(frozen=True)
class Formgrader:
    """A running formgrader: its pages, and the interface that the pages' scripts call."""

    course: Course
    address: str
    opener: OpenerDirector
    cookies: CookieJar
    process: subprocess.Popen[bytes] | Forked

    def page(self, path: str) -> str:
        with self._open(Request(f"{self.address}/formgrader/{path}")) as answer:
            return answer.read().decode()

    def get(self, path: str) -> Any:
        return json.loads(self.page(f"api/{path}"))

    def send(self, path: str, data: Any = None, method: str = "PUT") -> Any:
        """Call the interface as the pages do: the cookie's token is repeated in a header."""
        [xsrf] = [cookie.value for cookie in self.cookies if cookie.name == "_xsrf"]
        request = Request(
            f"{self.address}/formgrader/api/{path}",
            data=json.dumps(data).encode(),
            method=method,
            headers={"X-CSRFToken": str(xsrf), "Content-Type": "application/json"},
        )
        with self._open(request) as answer:
            return json.loads(answer.read())

    def notebook_id(self, student: str, notebook: str) -> str:
        path = f"student_notebook_submissions/{quote(student)}/hw"
        [found] = [entry for entry in self.get(path) if entry["name"] == notebook]
        return str(found["id"])

    def entry(self, kind: str, student: str, notebook: str, name: str) -> dict[str, Any]:
        """Return a grade or comment, as a submission's page has it."""
        entries = self.get(f"{kind}?submission_id={self.notebook_id(student, notebook)}")
        [found] = [entry for entry in entries if entry["name"] == name]
        return dict(found)

    def _open(self, request: Request) -> HTTPResponse:
        answer: HTTPResponse = self.opener.open(request, timeout=SECONDS)
        return answer


@contextlib.contextmanager
def started(course: Course, home: Path, port: int = 0, fork: bool = True) -> Iterator[Formgrader]:
    """A formgrader in the course, whose server keeps its own files in `home`.

    Without `fork`, the server starts as a user starts it, which takes seconds.
    """
    port = port or _free_port()
    options = [
        "--allow-root", "--no-browser", "--ip=127.0.0.1",
        f"--port={port}", "--ServerApp.port_retries=0", f"--ServerApp.root_dir={course.root}",
        f"--IdentityProvider.token={TOKEN}",
        "--ServerApp.jpserver_extensions=nbgrader.server_extensions.formgrader=True",
    ]  # fmt: skip
    names = ("JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR", "IPYTHONDIR", "HOME")
    places = {name: str(home) for name in names}
    start: Callable[..., subprocess.Popen[bytes] | Forked]
    start = fork_server if fork else _start_server
    with (
        (home / "server.log").open("w+") as log,
        start(options, course.root, places, log) as server,
    ):
        try:
            await_start(server, port, home / "server.log")
            yield _log_in(course, f"http://127.0.0.1:{port}", server)
        finally:
            server.terminate()


def _start_server(
    options: list[str], cwd: Path, env: dict[str, str], log: IO[str]
) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-m", "jupyter_server", *options], cwd=cwd, env={**os.environ, **env},
        stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT,
    )  # fmt: skip


def await_start(server: subprocess.Popen[bytes] | Forked, port: int, log: Path) -> None:
    """Return once the server answers; if the server ends or is too slow, raise an error."""
    for _ in range(10 * SECONDS):
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port)):
            return
        with contextlib.suppress(subprocess.TimeoutExpired):
            server.wait(0.1)
            break
    raise RuntimeError(f"the Jupyter server did not start: {log.read_text()}")


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def _log_in(course: Course, address: str, server: subprocess.Popen[bytes] | Forked) -> Formgrader:
    cookies = CookieJar()
    opener = build_opener(HTTPCookieProcessor(cookies))
    formgrader = Formgrader(course, address, opener, cookies, server)
    formgrader.page(f"?token={TOKEN}")
    return formgrader

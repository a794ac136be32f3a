"""Open the marking desk in the browser, on a Jupyter server of the course folder.

If a Jupyter server already runs in the course folder, it is used. Otherwise a server is started,
which runs until the user stops it. No command contains the server's token, because other users
can see the list of processes. The browser opens a file that only the user can read and that leads
to the desk, as with `jupyter lab`.
"""

from __future__ import annotations

import html
import os
import signal
import subprocess
import sys
import tempfile
import time
import webbrowser
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import IO, Any, NoReturn
from urllib.error import HTTPError
from urllib.parse import quote
from urllib.request import ProxyHandler, Request, build_opener

from jupyter_core.paths import jupyter_runtime_dir

from autograder.course.assignment import Course
from autograder.desk.server import address
from autograder.errors import DeskError

START_SECONDS = 180.0
"""Seconds to wait for a Jupyter server that starts."""

ANSWER_SECONDS = 60.0
"""Seconds to wait for the desk's page: the server reads the course at the first request."""

_STOP_SECONDS = 15.0
_FORMGRADER = "nbgrader.server_extensions.formgrader"
_LAST_LINES = 12


@dataclass(frozen=True)
class Server:
    """A running Jupyter server of this user; `token` is empty if it has a password or no login."""

    pid: int
    url: str
    token: str
    root: Path

    def address(self, homework: str, *, token: bool = True) -> str:
        """Return the address of a homework's desk, with the token or without it."""
        query = f"?token={quote(self.token)}" if token and self.token else ""
        return f"{address(self.url, homework)}{query}"

    def status(self, homework: str) -> int | None:
        """Return the HTTP status of the desk's page; None if the server does not answer."""
        headers = {"Authorization": f"token {self.token}"} if self.token else {}
        request = Request(self.address(homework, token=False), headers=headers)
        try:
            with build_opener(ProxyHandler({})).open(request, timeout=ANSWER_SECONDS) as answer:
                return int(answer.status)
        except HTTPError as error:
            return error.code
        except (OSError, ValueError):
            return None


def open_desk(
    course: Course, homework: str, *, browser: bool = True, say: Callable[[str], object] = print
) -> None:
    """Open the desk of a homework; return at once if a server of the course already runs.

    Otherwise, start a server and serve until Ctrl-C. `say` shows a line to the user; unless
    `browser` is true, the address is only shown. Raises DeskError if there is nothing to mark.
    """
    check_answers(course, homework)
    for server in running_servers(course.root):
        status = server.status(homework)
        if status == HTTPStatus.OK:
            _show(server, homework, browser, say)
            return
        if status is not None:
            say(
                f"A Jupyter server without the desk runs in this folder, at {server.url} (status "
                f"{status}). It may be older than the kit; a second one is started beside it."
            )
    say("Starting a Jupyter server in the course folder …")
    with _started(course, homework) as (server, process, log):
        _show(server, homework, browser, say)
        say("Keep this window open while you mark; Ctrl-C ends the desk.")
        try:
            process.wait()
        except KeyboardInterrupt:
            say("\nThe desk is closed. All saved marks are in the gradebook.")
            return
        raise _failure(process, log)


def check_answers(course: Course, homework: str) -> None:
    """Raise DeskError if the homework has no answers that people mark."""
    if not course.assignment(homework).select("manual"):
        raise DeskError(
            f"tests mark all items of {homework}, so there is nothing to mark by hand: go on with "
            f"`fdl feedback {homework}`"
        )
    if not course.all_autograded(homework):
        raise DeskError(
            f"no submission of {homework} has been graded yet, and the desk shows graded "
            f"submissions only: run `fdl grade {homework}` first"
        )


# --- servers -------------------------------------------------------------------------------------


def running_servers(root: Path) -> list[Server]:
    """Return this user's running Jupyter servers whose folder is `root`."""
    return [each for each in _own_servers() if _is_same_folder(each.root, root)]


def _own_servers() -> Iterator[Server]:
    from jupyter_server.serverapp import list_running_servers

    with suppress(OSError):  # a server may end now and remove its file
        for found in list_running_servers():
            if found.get("sock") or not _is_own(found["pid"]):
                continue
            root = Path(found["root_dir"])
            yield Server(found["pid"], str(found["url"]), str(found.get("token", "")), root)


def _is_own(pid: int) -> bool:
    """Return whether this user owns the file that describes the server with this process id."""
    try:
        owner = (Path(jupyter_runtime_dir()) / f"jpserver-{pid}.json").stat().st_uid
    except OSError:
        return False
    return owner == os.geteuid()


def _is_same_folder(one: Path, other: Path) -> bool:
    try:
        return one.samefile(other)
    except OSError:
        return False


@contextmanager
def _started(
    course: Course, homework: str
) -> Iterator[tuple[Server, subprocess.Popen[bytes], IO[bytes]]]:
    """Start a Jupyter server that serves the desk, and stop it at the end."""
    with tempfile.TemporaryFile() as log, _stopped_by_signal():
        process = subprocess.Popen(
            _command(course), cwd=course.root, stdin=subprocess.DEVNULL, stdout=log, stderr=log
        )
        server = None
        try:
            server = _await_start(process, homework, log)
            yield server, process, log
        finally:
            _stop(process)
            _redirection(process.pid).unlink(missing_ok=True)


def _command(course: Course) -> list[str]:
    """Return the command that starts a server; it takes another port if its port is in use."""
    return [
        *(sys.executable, "-P", "-m", "jupyter_server", "--no-browser"),
        *(["--allow-root"] if os.geteuid() == 0 else []),
        f"--ServerApp.root_dir={course.root}",
        f"--ServerApp.jpserver_extensions={_FORMGRADER}=True",
    ]


def _await_start(process: subprocess.Popen[bytes], homework: str, log: IO[bytes]) -> Server:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise _failure(process, log)
        for server in _own_servers():
            if server.pid == process.pid and (status := server.status(homework)) is not None:
                if status != HTTPStatus.OK:
                    reason = f"answers the request for the desk with status {status}"
                    raise _failure(process, log, reason)
                return server
        time.sleep(0.2)
    raise _failure(process, log, f"did not start within {START_SECONDS:.0f} seconds")


def _failure(process: subprocess.Popen[bytes], log: IO[bytes], reason: str = "") -> DeskError:
    """Return an error with the last lines of the server's log, without its token."""
    log.seek(0)
    lines = log.read().decode("utf-8", "replace").splitlines()
    shown = [line for line in lines if line.strip() and "token=" not in line][-_LAST_LINES:]
    reason = reason or f"ended with exit code {process.returncode}"
    tail = [". Its log ends with:", *shown] if shown else [" and wrote nothing to its log"]
    return DeskError(f"the Jupyter server {reason}" + "\n  ".join(tail))


def _stop(process: subprocess.Popen[bytes]) -> None:
    """End the server; kill it if it does not end in time."""
    process.terminate()
    try:
        process.wait(_STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


@contextmanager
def _stopped_by_signal() -> Iterator[None]:
    """Let SIGTERM and a closed terminal end this command as Ctrl-C does."""

    def stop(*_: Any) -> NoReturn:
        raise KeyboardInterrupt

    before = {number: signal.signal(number, stop) for number in (signal.SIGTERM, signal.SIGHUP)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


# --- the browser ---------------------------------------------------------------------------------


def _show(server: Server, homework: str, browser: bool, say: Callable[[str], object]) -> None:
    say(f"Marking desk: {server.address(homework)}")
    if browser and not _open_in_browser(server, homework):
        say("This machine has no browser with a window: open the address yourself.")


def _open_in_browser(server: Server, homework: str) -> bool:
    """Open the desk in a browser; return whether the machine has one."""
    try:
        program = webbrowser.get()
    except webbrowser.Error:
        return False
    if type(program) is webbrowser.GenericBrowser and "BROWSER" not in os.environ:
        return False  # a text browser would take over the terminal
    _remove_old_redirections()
    page = _redirection(server.pid)
    with open(os.open(page, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "w") as file:
        file.write(_REDIRECTION.format(html.escape(server.address(homework))))
    return program.open(page.as_uri())


_REDIRECTION = """\
<!DOCTYPE html>
<meta charset="utf-8">
<meta http-equiv="refresh" content="0;url={0}">
<title>Marking desk</title>
<a href="{0}">Open the marking desk</a>
"""


def _remove_old_redirections() -> None:
    """Remove the pages of ended servers, and of servers whose page is written again."""
    for page in Path(jupyter_runtime_dir()).glob("fdl-desk-*.html"):
        page.unlink(missing_ok=True)


def _redirection(pid: int) -> Path:
    """Return the path of the page that leads a browser to a server's desk."""
    return Path(jupyter_runtime_dir()) / f"fdl-desk-{pid}.html"

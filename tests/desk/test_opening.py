"""`fdl desk`: it finds the course's Jupyter server or starts one, and opens the desk there."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import webbrowser
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import pytest

from autograder.course.assignment import Course
from autograder.desk import opening
from autograder.desk.opening import check_answers, open_desk, running_servers
from autograder.errors import DeskError
from tests.gradebook.server import SECONDS
from tests.gradebook.shared import copied

TOKEN = "made-up-token"


@dataclass
class Jupyter:
    """A server as far as `fdl desk` looks at one: it knows one path, and wants its token."""

    url: str
    folder: Path
    asked: list[str] = field(default_factory=list)

    def describe(self, root: Path, pid: int | None = None, **changes: object) -> Path:
        """Write the file by which Jupyter lists a running server."""
        pid = pid or os.getpid()
        found = {"pid": pid, "url": self.url, "token": TOKEN, "root_dir": str(root), "sock": ""}
        path = self.folder / f"jpserver-{pid}.json"
        path.write_text(json.dumps({**found, **changes}), encoding="utf-8")
        return path


@pytest.fixture
def jupyter(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Jupyter]:
    monkeypatch.setenv("JUPYTER_RUNTIME_DIR", str(tmp_path / "runtime"))
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")  # a proxy must not see the token
    (tmp_path / "runtime").mkdir()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            known.asked.append(self.path)
            is_known = self.headers["Authorization"] == f"token {TOKEN}"
            self.send_response(404 if self.path != "/fdl-desk/hw" else 200 if is_known else 403)
            self.end_headers()

        def log_message(self, format: str, *args: Any) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    known = Jupyter(f"http://127.0.0.1:{server.server_port}/", tmp_path / "runtime")
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield known
    server.shutdown()
    server.server_close()


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The addresses that the browser had to open."""
    addresses: list[str] = []

    class Browser(webbrowser.BaseBrowser):
        def open(self, url: str, new: int = 0, autoraise: bool = True) -> bool:  # noqa: ARG002
            addresses.append(url)
            return True

    monkeypatch.setattr(webbrowser, "get", lambda: Browser())
    return addresses


def test_the_desk_opens_on_the_server_that_runs_in_the_course(
    marked: Course, jupyter: Jupyter, opened: list[str]
) -> None:
    jupyter.describe(marked.root)
    lines: list[str] = []
    open_desk(marked, "hw", say=lines.append)
    address = f"{jupyter.url}fdl-desk/hw?token={TOKEN}"
    assert lines == [f"Marking desk: {address}"]
    assert jupyter.asked == ["/fdl-desk/hw"], "the token is in no path that a server logs"
    [page] = opened
    assert TOKEN not in page, "other users see a browser's arguments"
    path = Path(page.removeprefix("file://"))
    assert path.stat().st_mode & 0o077 == 0
    assert f'url={address}"' in path.read_text(encoding="utf-8")


def test_without_a_browser_the_address_is_shown(
    marked: Course, jupyter: Jupyter, opened: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    jupyter.describe(marked.root)
    lines: list[str] = []
    open_desk(marked, "hw", browser=False, say=lines.append)
    assert len(lines) == 1
    assert opened == []
    monkeypatch.delenv("BROWSER", raising=False)
    monkeypatch.setattr(webbrowser, "get", lambda: webbrowser.GenericBrowser("w3m"))
    open_desk(marked, "hw", say=lines.append)
    assert "open the address yourself" in lines[-1]
    assert not list(jupyter.folder.glob("fdl-desk-*"))


def test_pages_that_lead_to_ended_servers_are_removed(
    marked: Course, jupyter: Jupyter, opened: list[str]
) -> None:
    old = jupyter.folder / "fdl-desk-999999.html"
    old.write_text("a token", encoding="utf-8")
    jupyter.describe(marked.root)
    open_desk(marked, "hw", say=lambda _: None)
    assert not old.exists()
    assert len(opened) == 1


def test_servers_of_other_folders_and_dead_ones_are_not_used(
    marked: Course, jupyter: Jupyter, tmp_path: Path
) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "link").symlink_to(marked.root)
    jupyter.describe(tmp_path / "elsewhere")
    assert running_servers(marked.root) == []
    jupyter.describe(marked.root.parent)
    assert running_servers(marked.root) == []
    jupyter.describe(marked.root, sock="/run/jupyter.sock")
    assert running_servers(marked.root) == []
    jupyter.describe(tmp_path / "link")
    assert [each.url for each in running_servers(marked.root)] == [jupyter.url]
    ended = subprocess.Popen(["true"])
    ended.wait()
    (jupyter.folder / f"jpserver-{os.getpid()}.json").unlink()
    jupyter.describe(marked.root, pid=ended.pid)
    assert running_servers(marked.root) == []


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file to another user")
def test_a_server_that_another_user_describes_is_not_used(marked: Course, jupyter: Jupyter) -> None:
    path = jupyter.describe(marked.root)
    assert len(running_servers(marked.root)) == 1
    os.chown(path, 12345, 12345)
    assert running_servers(marked.root) == []


def test_a_server_without_the_desk_is_passed_over(
    marked: Course, jupyter: Jupyter, monkeypatch: pytest.MonkeyPatch
) -> None:
    jupyter.describe(marked.root, url=f"{jupyter.url}other/")
    monkeypatch.setattr(opening, "_command", lambda _: [sys.executable, "-c", "exit('no port')"])
    lines: list[str] = []
    with pytest.raises(DeskError, match=r"ended with exit code 1(?s:.*)no port"):
        open_desk(marked, "hw", browser=False, say=lines.append)
    assert "without the desk" in lines[0]
    assert "status 404" in lines[0]


def test_the_message_about_a_server_that_does_not_start_hides_its_token(
    marked: Course,
    jupyter: Jupyter,  # noqa: ARG001  # its folder of running servers is empty
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    code = f"print('http://localhost/?token={TOKEN}', flush=True); exit('the port is in use')"
    monkeypatch.setattr(opening, "_command", lambda _: [sys.executable, "-c", code])
    with pytest.raises(DeskError, match="the port is in use") as failed:
        open_desk(marked, "hw", say=lambda _: None)
    assert TOKEN not in str(failed.value)


def test_without_answers_the_next_command_is_named(prepared: Path, tmp_path: Path) -> None:
    course = copied(prepared, tmp_path / "course")
    with pytest.raises(DeskError, match="run `fdl grade hw` first"):
        check_answers(course, "hw")


def test_without_items_for_people_the_next_command_is_named(marked: Course) -> None:
    for path in marked.source("hw").glob("*.ipynb"):
        notebook = json.loads(path.read_text(encoding="utf-8"))
        kept = [
            cell for cell in notebook["cells"] if cell["id"] not in ("a-proof", "b-essay")
        ]  # fmt: skip
        assert len(kept) == len(notebook["cells"]) - 1
        notebook["cells"] = kept
        path.write_text(json.dumps(notebook), encoding="utf-8")
    settings = marked.settings_file.read_text(encoding="utf-8")
    marked.settings_file.write_text(settings.replace(', "b-essay"', ""), encoding="utf-8")
    with pytest.raises(DeskError, match="fdl feedback hw"):
        check_answers(Course(marked.root), "hw")


# --- a real server -------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize("stop", [signal.SIGINT, signal.SIGTERM])
def test_a_server_is_started_and_ends_with_the_command(
    marked: Course, tmp_path: Path, stop: signal.Signals
) -> None:
    with socket.socket() as busy:  # whether it is free or not: Jupyter's first port is taken
        busy.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            busy.bind(("127.0.0.1", 8888))
            busy.listen()
        except OSError:
            pass  # somebody else has it
        names = ("JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR", "IPYTHONDIR")
        home = {name: str(tmp_path / "home") for name in (*names, "HOME")}
        command = subprocess.Popen(
            [sys.executable, "-m", "autograder.cli", "desk", "hw", "--no-browser"],
            cwd=marked.root,
            env={**os.environ, **home},
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        try:
            assert command.stdout is not None
            started, shown, hint = (command.stdout.readline() for _ in range(3))
            assert "Starting a Jupyter server" in started
            address = shown.removeprefix("Marking desk: ").strip()
            token = re.sub(r".*token=", "", address)
            assert len(token) >= 32
            assert ":8888/" not in address
            assert "Ctrl-C" in hint
            with urlopen(address, timeout=SECONDS) as page:
                assert page.status == 200
            arguments = b"".join(
                path.read_bytes() for path in Path("/proc").glob("[0-9]*/cmdline") if path.exists()
            )
            assert token.encode() not in arguments
            command.send_signal(stop)
            assert "The desk is closed" in command.communicate(timeout=SECONDS)[0]
            assert command.returncode == 0
            with pytest.raises(OSError, match="refused"):
                urlopen(address, timeout=10)
            assert not list((tmp_path / "home").glob("fdl-desk-*"))
        finally:
            command.terminate()  # the command ends its server
            command.wait(SECONDS)

"""A JupyterLab in a folder of notebooks, started as a student starts it, and a browser on it."""

from __future__ import annotations

import contextlib
import json
import os
import re
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from ..gradebook.server import TOKEN, await_start
from .visitor import Visitor

NOISE = r"favicon|/api/me|/lab/api/(?:news|update)|preload|attachment:"
"""Messages that JupyterLab itself writes to the console, such as one for each attached picture."""

_SETTINGS = {
    "@jupyterlab/notebook-extension/tracker": {"windowingMode": "none"},
    "@jupyterlab/apputils-extension/notification": {"fetchNews": "false"},
}
"""Settings that keep all cells in the page, so that a test reads them without scrolling."""

PATIENCE = 300.0
"""Seconds to wait for an expected event, even on a busy machine."""

_NUMBERED = re.compile(r"\[\d+\]")
"""The prompt of a code cell that was run."""


@contextlib.contextmanager
def started_lab(notebooks: Path, home: Path) -> Iterator[str]:
    """Yield the address of a JupyterLab for this folder; JupyterLab's own files are in `home`."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    settings = home / "settings"
    for plugin, values in _SETTINGS.items():
        path = settings / f"{plugin}.jupyterlab-settings"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(values), encoding="utf-8")
    command = [
        sys.executable, "-m", "jupyterlab", "--allow-root", "--no-browser", "--ip=127.0.0.1",
        f"--port={port}", "--ServerApp.port_retries=0", f"--ServerApp.root_dir={notebooks}",
        f"--IdentityProvider.token={TOKEN}", f"--LabApp.user_settings_dir={settings}",
        f"--LabApp.workspaces_dir={home / 'workspaces'}", "--LabApp.extension_manager=readonly",
        "--LabApp.news_url=", "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate",
    ]  # fmt: skip
    names = ("JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR", "IPYTHONDIR", "HOME")
    places = {name: str(home) for name in names}
    with (
        (home / "lab.log").open("w+") as log,
        subprocess.Popen(
            command, cwd=notebooks, env={**os.environ, **places},
            stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT,
        ) as server,
    ):  # fmt: skip
        try:
            await_start(server, port, home / "lab.log")
            yield f"http://127.0.0.1:{port}"
        finally:
            server.terminate()


def open_notebook(visitor: Visitor, address: str, name: str, page: str = "lab") -> None:
    """Open a notebook and wait until the notebook's kernel has answered the page.

    The page "lab" has all panels; "doc" shows the notebook alone.
    """
    tab = visitor.tab
    tab.set_default_timeout(1000 * PATIENCE)
    answers: list[str] = []

    def listen(socket: Any) -> None:
        if "/channels" in socket.url:
            socket.on("framereceived", lambda frame: note(socket.url, frame))

    def note(url: str, frame: str | bytes) -> None:
        if b"kernel_info_reply" in (frame.encode() if isinstance(frame, str) else frame):
            answers.append(url)

    tab.on("websocket", listen)
    tab.goto(f"{address}/{page}/tree/{name}?token={TOKEN}&reset", wait_until="load")
    tab.wait_for_selector(".jp-Notebook .jp-Cell")
    kernels = f"{address}/api/kernels?token={TOKEN}"
    _await(
        tab,
        lambda: answers and any(_is_ready(kernel) for kernel in tab.request.get(kernels).json()),
        f"the kernel of {name} is connected and idle",
    )
    _await_idle(tab)


def run_folded(visitor: Visitor) -> None:
    """Click on the first code cell, which is folded, and run the cell by Shift and Enter."""
    cell = visitor.tab.locator(".jp-CodeCell").first
    cell.locator(".jp-InputPlaceholder").click()
    _run_edited(visitor, cell)


def run_cell(visitor: Visitor, text: str) -> None:
    """Run the first code cell with this text by Shift and Enter; return when the cell has run."""
    cell = visitor.tab.locator(".jp-CodeCell", has_text=text).first
    edit(cell)
    _run_edited(visitor, cell)


def type_and_run(visitor: Visitor, text: str, lines: Sequence[str]) -> None:
    """Replace the first code cell with this text by these lines; run the cell by Shift and Enter.

    JupyterLab itself indents a line after a colon.
    """
    keyboard = visitor.tab.keyboard
    cell = visitor.tab.locator(".jp-CodeCell", has_text=text).first
    edit(cell)
    keyboard.press("Control+A")
    keyboard.type("\n".join(lines))
    editor = cell.locator(".cm-content")
    _await(visitor.tab, lambda: _lines(editor.inner_text()) == list(lines), f"{lines} are typed")
    _run_edited(visitor, cell)


def edit(cell: Any) -> None:
    """Click into a cell, and wait until the cell accepts typed text."""
    cell.locator(".cm-content").click()
    cell.locator(".cm-editor.cm-focused").first.wait_for()


def _run_edited(visitor: Visitor, cell: Any) -> None:
    visitor.tab.keyboard.press("Shift+Enter")
    cell.locator(".jp-InputPrompt", has_text=_NUMBERED).first.wait_for()
    _await_idle(visitor.tab)


def _lines(text: str) -> list[str]:
    return [line.strip() for line in text.splitlines() if line.strip()]


def run_all(visitor: Visitor, last: str) -> list[str]:
    """Choose Run, Run All Cells; when the last cell shows `last`, return each code cell's text."""
    tab = visitor.tab
    tab.locator(".lm-MenuBar-itemLabel", has_text="Run").first.click()
    tab.locator(".lm-Menu-itemLabel", has_text="Run All Cells").first.click()
    tab.locator(".jp-CodeCell .jp-InputPrompt", has_text=_NUMBERED).first.wait_for()
    tab.locator(".jp-CodeCell .jp-OutputArea", has_text=last).first.wait_for()
    _await_idle(tab)
    return shown(tab)


def shown(tab: Any) -> list[str]:
    """Return the text of every cell's outputs."""
    return [str(text) for text in tab.locator(".jp-CodeCell .jp-OutputArea").all_inner_texts()]


def _is_ready(kernel: Any) -> bool:
    return kernel["connections"] > 0 and kernel["execution_state"] == "idle"


def _await(tab: Any, condition: Callable[[], object], what: str) -> None:
    deadline = time.monotonic() + PATIENCE
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError(f"never came about: {what}")
        tab.wait_for_timeout(200)


def _await_idle(tab: Any) -> None:
    # a narrow page hides the indicator
    indicator = ".jp-Notebook-ExecutionIndicator[data-status=idle]"
    tab.wait_for_selector(indicator, state="attached")

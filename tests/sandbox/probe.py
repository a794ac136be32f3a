"""The parent process and its children in tests of the walls, which run code that a test sends.

`main` runs inside the sandbox, from a copy of the folder `inside` that contains this module. The
module imports only the standard library, so that a sandbox starts fast.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import tempfile
import traceback
from typing import Any, NoReturn


def main() -> None:
    tempfile.gettempdir()  # the parent chooses and keeps this folder, as matplotlib's import does
    channel = socket.socket(fileno=os.dup(0)).makefile("rwb")
    for line in channel:
        reader, writer = os.pipe()
        pid = os.fork()
        if pid == 0:
            _answer(writer, json.loads(line))
        os.close(writer)
        answer = _line(reader) or b'{"died": true}\n'
        if json.loads(line)["end_group"]:
            os.killpg(pid, signal.SIGKILL)
        channel.write(answer)
        channel.flush()
        os.close(reader)
        os.waitpid(pid, 0)


def _answer(writer: int, order: dict[str, Any]) -> NoReturn:
    try:
        from . import walls  # type: ignore[attr-defined]

        walls.confine(order["spec"])
        names: dict[str, Any] = {"SPEC": order["spec"]}
        exec(order["source"], names)
        answer = {"value": names[order["name"]](*order["args"])}
    except OSError as error:
        answer = {"refused": [type(error).__name__, error.errno, str(error)]}
    except BaseException:
        answer = {"failed": traceback.format_exc()}
    try:
        os.write(writer, json.dumps(answer).encode() + b"\n")
    finally:
        os._exit(0)


def _line(reader: int) -> bytes:
    found = b""
    while not found.endswith(b"\n"):
        part = os.read(reader, 65_536)
        if not part:
            return b""
        found += part
    return found

"""Program inside the safety net: runs a tool's commands and copies the commands' outcome.

`python inside.py PLAN OUTCOME` reads the JSON file PLAN and writes these files into the folder
OUTCOME: `report.json` (the result of each step, received data, and processes that still run) and
`scratch/`. The program uses only the standard library.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

LARGEST = 8_000_000
"""Number of bytes above which a file is not copied out."""


class Listener(threading.Thread):
    """A listener that keeps all received data."""

    def __init__(self, family: int, address: Any) -> None:
        super().__init__(daemon=True)
        self._socket = socket.socket(family)
        self._socket.bind(address)
        self._socket.listen()
        self.heard = bytearray()

    def run(self) -> None:
        while True:
            caller, _ = self._socket.accept()
            caller.settimeout(2)
            with caller:
                try:
                    while len(self.heard) < LARGEST and (data := caller.recv(65536)):
                        self.heard += data
                except OSError:
                    pass


def main(plan_path: Path, outcome: Path) -> None:
    plan = json.loads(plan_path.read_text())
    scratch = Path(plan["scratch"])
    shutil.copytree(plan["base"], scratch, symlinks=True, dirs_exist_ok=True)
    listeners = [
        Listener(socket.AF_INET, ("127.0.0.1", plan["port"])),
        Listener(socket.AF_UNIX, f"\0{plan['abstract']}"),
    ]
    for listener in listeners:
        listener.start()
    known = running()
    steps = [step(each, scratch / "course") for each in plan["steps"]]
    time.sleep(plan["wait"] if running() - known else 0)
    left = sorted(filter(None, map(name_of, running() - known)))
    report = {
        "steps": steps,
        "left": left,
        "heard": "\n".join(each.heard.decode(errors="replace") for each in listeners),
    }
    shutil.copytree(
        scratch, outcome / "scratch", symlinks=True, ignore=unfit, ignore_dangling_symlinks=True
    )
    (outcome / "report.json").write_text(json.dumps(report))


def step(each: dict[str, Any], folder: Path) -> dict[str, Any]:
    """Run one command; if its time is over, stop the command with its process group."""
    start = time.monotonic()
    with open(os.devnull) as nothing, open(f"/dev/shm/step-{start}", "w+b") as said:
        process = subprocess.Popen(
            each["argv"],
            cwd=folder,
            stdin=nothing,
            stdout=said,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            code: int | None = process.wait(each["timeout"])
        except subprocess.TimeoutExpired:
            code = None
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        said.seek(max(0, said.tell() - 20_000))
        tail = said.read().decode(errors="replace")[-6000:]
    return {"code": code, "seconds": round(time.monotonic() - start, 2), "said": tail}


def running() -> set[int]:
    return {int(name) for name in os.listdir("/proc") if name.isdigit()}


def name_of(pid: int) -> str:
    """Return the command line of a running process."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
        command = Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode()
    except OSError:
        return ""
    return "" if state == "Z" else command[:80]


def unfit(folder: str, names: list[str]) -> set[str]:
    """Return the files that are not copied out: pipes, sockets, and files that are too large."""
    found = set()
    for name in names:
        path = Path(folder, name)
        if path.is_symlink() or path.is_dir():
            continue
        if not path.is_file() or path.stat().st_size > LARGEST:
            found.add(name)
    return found


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
    os._exit(0)

"""The safety net: attacks on the two other tools really run, but can damage only the scratch.

Every tool's commands run in bubblewrap, in separate namespaces for processes, network and
interprocess communication. The machine's files are read-only, and the scratch (the course, the
home, temporary files) is on a small disk in memory. Inside the net, the tool, its files, the
gradebook and the student's code share everything as on any machine. The net does not protect these
parts from each other.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.comparison import inside

CHECKOUT = Path(__file__).parents[2]
INSIDE = Path("/tmp/comparison-of-graders")
"""The net's own folder, as the steps see it.

No checkout may be in this folder, because it would hide the net's folder.
"""
BASE = INSIDE / "base"
OUTCOME = INSIDE / "outcome"
SCRATCH = INSIDE / "scratch"
COURSE = SCRATCH / "course"
PORT = 47110
ABSTRACT = "somebody-who-listens"
WAIT_SECONDS = 3.0
"""Seconds that leftover processes may continue before the outcome is checked."""
DISK_BYTES = 512 * 2**20
_SPARE_USERS = Path("/run/fdl-sandbox-users")


class NetError(Exception):
    """The safety net can't be set up, or it failed."""


@dataclass(frozen=True)
class Step:
    """A command, and the seconds after which its caller would stop it."""

    argv: Sequence[str]
    seconds: float


@dataclass(frozen=True)
class Done:
    """The result of a step; `code` is None if the step was stopped."""

    code: int | None
    seconds: float
    said: str


@dataclass(frozen=True)
class Ran:
    """The results of a run."""

    steps: Sequence[Done]
    left: Sequence[str]
    heard: str
    scratch: Path


def require() -> None:
    """Raise NetError if bubblewrap is missing or does not work."""
    if any(path.is_relative_to(INSIDE) for path in (CHECKOUT, Path(sys.prefix))):
        raise NetError(f"{INSIDE} is the net's own folder: keep the checkout elsewhere")
    program = shutil.which("bwrap")
    if program is None:
        raise NetError("bubblewrap is needed: attacks really run on the tools compared with")
    command = [program, "--unshare-all", "--ro-bind", "/", "/", "true"]
    if subprocess.run(command, capture_output=True, check=False).returncode != 0:
        raise NetError("bubblewrap may not make name spaces here; attacks would run in the open")


@contextmanager
def run(
    base: Path, steps: Sequence[Step], *, programs: Sequence[Path], powers: bool = False
) -> Iterator[Ran]:
    """Copy `base` into a scratch, run the steps in its course, and return the files.

    The folder `programs` comes first on PATH. With `powers`, root keeps its capabilities: this
    kit's own sandbox needs these capabilities at its start.
    """
    require()
    with tempfile.TemporaryDirectory(prefix="comparison-", ignore_cleanup_errors=True) as folder:
        plan = {
            "base": str(BASE),
            "scratch": str(SCRATCH),
            "steps": [{"argv": list(each.argv), "timeout": each.seconds} for each in steps],
            "port": PORT,
            "abstract": ABSTRACT,
            "wait": WAIT_SECONDS,
        }
        Path(folder, "plan.json").write_text(json.dumps(plan))
        visible = [each.parent for each in programs]
        done = subprocess.run(
            [*_bubblewrap(base, Path(folder), visible, powers=powers), sys.executable, "-I",
             inside.__file__, f"{OUTCOME}/plan.json", str(OUTCOME)],
            env=_environment(programs),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )  # fmt: skip
        report = Path(folder, "report.json")
        if not report.is_file():
            raise NetError(f"the run gave no report:\n{done.stderr[-3000:]}")
        found = json.loads(report.read_text())
        yield Ran(
            steps=[Done(**each) for each in found["steps"]],
            left=found["left"],
            heard=found["heard"],
            scratch=Path(folder, "scratch"),
        )


def _bubblewrap(base: Path, outcome: Path, visible: Sequence[Path], *, powers: bool) -> list[str]:
    command = ["bwrap", "--unshare-pid", "--unshare-net", "--unshare-ipc", "--unshare-uts"]
    command += ["--die-with-parent", "--new-session", "--ro-bind", "/", "/", "--dev", "/dev"]
    command += ["--proc", "/proc", "--tmpfs", "/run", "--tmpfs", "/var/tmp"]
    command += ["--size", str(DISK_BYTES), "--tmpfs", "/tmp"]
    command += ["--ro-bind", str(base), str(BASE), "--bind", str(outcome), str(OUTCOME)]
    if powers and os.geteuid() == 0:
        command += ["--bind-try", str(_SPARE_USERS), str(_SPARE_USERS), "--cap-add", "ALL"]
    for path in dict.fromkeys([CHECKOUT, Path(sys.prefix), *visible]):
        if path.is_relative_to("/tmp") or path.is_relative_to("/var/tmp"):
            command += ["--ro-bind", str(path), str(path)]  # hidden above
    return [*command, "--chdir", "/tmp", "--"]


def _environment(programs: Sequence[Path]) -> dict[str, str]:
    path = [*map(str, programs), "/usr/local/bin", "/usr/bin", "/bin", "/usr/sbin", "/sbin"]
    home = SCRATCH / "home"
    return {
        "HOME": str(home),
        "PATH": os.pathsep.join(path),
        "LANG": "C.UTF-8",
        "OPENBLAS_NUM_THREADS": "1",
        "PYTHONDONTWRITEBYTECODE": "1",
        "JUPYTER_CONFIG_DIR": str(home / ".jupyter"),
        "NO_COLOR": "1",
        "COLUMNS": "100",
    }

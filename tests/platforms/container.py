"""Gradescope's environment as its documentation describes it: folders, two scripts, a container.

bubblewrap makes the container: root has the default capabilities of containers, the system is
read-only, and /autograder can be written. Inside the container, bubblewrap does not work, because
containers forbid its system calls. `build` has a network, `mark` has none.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

CAPABILITIES = (
    "CHOWN", "DAC_OVERRIDE", "FOWNER", "FSETID", "KILL", "SETGID", "SETUID", "SETPCAP",
    "NET_BIND_SERVICE", "NET_RAW", "SYS_CHROOT", "MKNOD", "AUDIT_WRITE", "SETFCAP",
)  # fmt: skip
METADATA = {
    "id": 1,
    "created_at": "2024-11-23T02:00:30.365935+01:00",
    "assignment": {
        "due_date": "2024-11-21T23:55:00.000000+01:00",
        "late_due_date": None,
        "title": "Homework 2",
        "total_points": "30.0",
    },
    "users": [{"email": "anna@example.org", "id": 1234, "name": "<b>Anna</b>"}],
    "previous_submissions": [],
}


class Container:
    """One image, with the folder that is /autograder inside the container."""

    def __init__(self, root: Path, archive: Path) -> None:
        self.root = root
        with zipfile.ZipFile(archive) as files:
            files.extractall(root / "source")
        shutil.copyfile(root / "source" / "run_autograder", root / "run_autograder")
        (root / "run_autograder").chmod(0o755)

    def build(self) -> str:
        """Run setup.sh and return its output."""
        done = self.run(["bash", "/autograder/source/setup.sh"], network=True)
        assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
        return done.stdout

    def mark(self, submission: Path) -> tuple[dict[str, Any], str]:
        """Submit this folder and run run_autograder; return the results and the output."""
        for name in ("submission", "results"):
            shutil.rmtree(self.root / name, ignore_errors=True)
        shutil.copytree(submission, self.root / "submission", symlinks=True)
        (self.root / "results").mkdir()
        (self.root / "submission_metadata.json").write_text(json.dumps(METADATA), encoding="utf-8")
        done = self.run(["/autograder/run_autograder"], network=False)
        results = json.loads((self.root / "results" / "results.json").read_text(encoding="utf-8"))
        return results, done.stdout + done.stderr

    def run(self, command: Sequence[str], *, network: bool) -> subprocess.CompletedProcess[str]:
        """Run a command in the container."""
        links = [path for path in ("/bin", "/sbin", "/lib", "/lib64") if os.path.islink(path)]
        options = [
            "--die-with-parent", "--unshare-pid", "--unshare-ipc", "--unshare-uts",
            *(() if network else ("--unshare-net",)),
            "--ro-bind", "/usr", "/usr", "--ro-bind", "/etc", "/etc",
            *(part for path in links for part in ("--symlink", os.readlink(path), path)),
            "--dev", "/dev", "--proc", "/proc",
            *(part for path in ("/tmp", "/run", "/root", "/var/tmp") for part in ("--tmpfs", path)),
            "--ro-bind", "/dev/null", os.path.realpath(shutil.which("bwrap") or ""),
            "--bind", str(self.root), "/autograder", "--chdir", "/autograder",
            "--cap-drop", "ALL",
            *(part for name in CAPABILITIES for part in ("--cap-add", f"CAP_{name}")),
        ]  # fmt: skip
        kept = {
            name: value
            for name, value in os.environ.items()
            if name.startswith("PIP_") or name.lower().endswith("_proxy") or "SSL" in name
        }
        return subprocess.run(
            ["bwrap", *options, *command],
            env={**kept, "PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "HOME": "/root"},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )

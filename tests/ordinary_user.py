"""When root runs the tests, some of them run again as a user without privileges."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from autograder.sandbox.spareuser import SpareUser

CHECKOUT = Path(__file__).parents[1]
SKIPPED_INSIDE = "skipped inside"
"""The property in which a test records the skips of a test run inside the test."""
RecordProperty = Callable[[str, object], None]
"""pytest's fixture `record_property`."""


@dataclass(frozen=True)
class OrdinaryUser:
    """A user with a home folder, and an interpreter that this user may run."""

    uid: int
    home: Path
    python: str

    def run(
        self, *arguments: str, timeout: float | None = None
    ) -> subprocess.CompletedProcess[str]:
        """Run Python with these arguments in the checkout."""
        packages = [path for path in sys.path if path.endswith(("site-packages", "dist-packages"))]
        return subprocess.run(
            [self.python, *arguments],
            cwd=CHECKOUT,
            env={
                "HOME": str(self.home),
                "TMPDIR": str(self.home),
                "PATH": os.environ.get("PATH", "/usr/bin:/bin"),
                "PYTHONPATH": os.pathsep.join([str(CHECKOUT), *packages]),
                "PYTHONDONTWRITEBYTECODE": "1",
                "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",  # the tests of this run need no plugin
            },
            user=self.uid,
            group=self.uid,
            extra_groups=[],
            capture_output=True,
            text=True,
            check=False,
            timeout=timeout,
        )

    def test(self, path: Path, *options: str) -> list[str]:
        """Run the tests of a module, which must pass, and return the skipped tests with reasons.

        If every test of the module was skipped, the calling test is skipped for the same reasons.
        """
        quiet = ["-q", "-rs", "-p", "no:cacheprovider", "-p", "no:xdist"]
        basetemp = f"--basetemp={self.home}/tests"
        done = self.run("-m", "pytest", *quiet, basetemp, str(path), *options)
        assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]
        skips = re.findall(r"^SKIPPED (\[\d+\] .*)$", done.stdout, re.MULTILINE)
        if not re.search(r"\b\d+ passed", done.stdout):
            pytest.skip(f"as an ordinary user, every test was skipped: {'; '.join(skips)}")
        return skips


_FIND = """
import importlib.util, sys
import numpy, sqlite3, ssl  # their compiled parts show whether this interpreter suits the packages
sys.exit(not all(map(importlib.util.find_spec, sys.argv[1:])))
"""


@contextmanager
def ordinary_user(needed: Sequence[str]) -> Iterator[OrdinaryUser]:
    """Yield an ordinary user whose Python has these modules; skip the test if there is none."""
    if os.geteuid() != 0:
        pytest.skip("this already is an ordinary user")
    spare = SpareUser()
    home = Path(tempfile.mkdtemp(prefix="fdl-user-"))
    try:
        os.chown(home, spare.uid, spare.uid)
        version = f"python{sys.version_info.major}.{sys.version_info.minor}"
        for candidate in (sys.executable, f"/usr/bin/{version}", f"/usr/local/bin/{version}"):
            user = OrdinaryUser(spare.uid, home, candidate)
            try:
                if user.run("-c", _FIND, *needed).returncode == 0:
                    break
            except OSError:
                continue
        else:
            pytest.skip(f"no {version} with the kit's packages that an ordinary user may run")
        yield user
    finally:
        shutil.rmtree(home, ignore_errors=True)
        spare.release()

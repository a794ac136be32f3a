"""Where the tests are run by root: some of them once more, as a user with no powers."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from autograder.sandbox.spare import SpareUser

CHECKOUT = Path(__file__).parents[1]


@dataclass(frozen=True)
class OrdinaryUser:
    """A user with a home, and an interpreter that may be run by it."""

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
                "PATH": f"{self.home}/bin:{os.environ.get('PATH', '/usr/bin:/bin')}",
                "PYTHONPATH": os.pathsep.join([str(CHECKOUT), *packages]),
                "PYTHONDONTWRITEBYTECODE": "1",
            },
            user=self.uid,
            group=self.uid,
            extra_groups=[],
            capture_output=True,
            text=True,
            check=False,
            timeout=timeout,
        )

    def test(self, path: Path, *options: str) -> None:
        """Run the tests of a module; they have to pass."""
        quiet = ["-q", "-p", "no:cacheprovider", "-p", "no:xdist", f"--basetemp={self.home}/tests"]
        done = self.run("-m", "pytest", *quiet, str(path), *options)
        assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]
        assert " passed" in done.stdout


@contextmanager
def ordinary_user(needed: Sequence[str]) -> Iterator[OrdinaryUser]:
    """An ordinary user whose Python has these modules; skips the test where there is none."""
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
                if user.run("-c", f"import {', '.join(needed)}").returncode == 0:
                    _offer_alembic(user)
                    break
            except OSError:
                continue
        else:
            pytest.skip(f"no {version} with the kit's packages that an ordinary user may run")
        yield user
    finally:
        shutil.rmtree(home, ignore_errors=True)
        spare.release()


def _offer_alembic(user: OrdinaryUser) -> None:
    """nbgrader starts `alembic` by name, and the one at hand may need root's Python."""
    program = user.home / "bin" / "alembic"
    program.parent.mkdir()
    program.write_text(f"#!{user.python}\nfrom alembic.config import main\nmain()\n")
    program.chmod(0o755)

"""Where the tests are run by root: the walls' tests once more, as a user with no powers."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from autograder.sandbox.spare import SpareUser

HERE = Path(__file__).parent
CHECKOUT = HERE.parents[1]
NEEDED = "numpy, matplotlib, IPython, msgpack, pytest, autograder.sandbox"

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="this already is an ordinary user")


@pytest.fixture(scope="module")
def user() -> Iterator[SpareUser]:
    spare = SpareUser()
    yield spare
    spare.release()


@pytest.fixture(scope="module")
def home(user: SpareUser) -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="fdl-user-"))
    os.chown(folder, user.uid, user.uid)
    yield folder
    shutil.rmtree(folder)


def run_as(
    user: SpareUser, home: Path, python: str, *arguments: str
) -> subprocess.CompletedProcess[str]:
    packages = [entry for entry in sys.path if entry.endswith(("site-packages", "dist-packages"))]
    return subprocess.run(
        [python, *arguments],
        cwd=CHECKOUT,
        env={
            "HOME": str(home),
            "PATH": os.environ.get("PATH", "/usr/bin:/bin"),
            "PYTHONPATH": os.pathsep.join([str(CHECKOUT), *packages]),
            "PYTHONDONTWRITEBYTECODE": "1",
        },
        user=user.uid,
        group=user.uid,
        extra_groups=[],
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture(scope="module")
def python(user: SpareUser, home: Path) -> str:
    """An interpreter of this version that the user may run, with the packages that are here."""
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    candidates = [sys.executable, f"/usr/bin/{version}", f"/usr/local/bin/{version}"]
    for candidate in candidates:
        try:
            if run_as(user, home, candidate, "-c", f"import {NEEDED}").returncode == 0:
                return candidate
        except OSError:
            continue
    pytest.skip(f"no {version} with the kit's packages that an ordinary user may read and run")


MODULES = {
    "test_walls.py": (),
    "test_probes.py": (),
    "test_launch.py": pytest.mark.slow,
    "test_degrade.py": pytest.mark.slow,
    "test_memory.py": pytest.mark.slow,
    "test_between_tests.py": pytest.mark.slow,
}


@pytest.mark.parametrize(
    "module", [pytest.param(module, marks=marks) for module, marks in MODULES.items()]
)
def test_an_ordinary_user_is_walled_in_too(
    module: str, user: SpareUser, home: Path, python: str
) -> None:
    options = ["-q", "-p", "no:cacheprovider", "-p", "no:xdist", f"--basetemp={home}/tests"]
    done = run_as(user, home, python, "-m", "pytest", *options, str(HERE / module))
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]
    assert " passed" in done.stdout

"""A course far from this checkout, with the kit installed from its wheel."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def programs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The programs of an environment that holds the wheel; other packages are this one's."""
    folder = tmp_path_factory.mktemp("wheel")
    tree = folder / "tree"
    ignore = shutil.ignore_patterns("__pycache__")
    for name in ("autograder", "solutions"):
        shutil.copytree(ROOT / name, tree / name, ignore=ignore)
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, tree)
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--quiet"]
    options = ["--no-deps", "--no-build-isolation", "--no-index"]
    run([*pip, "wheel", *options, "-w", str(folder), str(tree)], folder)
    [wheel] = folder.glob("*.whl")
    run([sys.executable, "-m", "venv", "--without-pip", str(folder / "venv")], folder)
    python = folder / "venv" / "bin" / "python"
    target = folder / "venv" / "lib" / f"python{sysconfig.get_python_version()}" / "site-packages"
    # a line with a folder reads no .pth of that folder: this checkout stays out of sight
    (target / "others.pth").write_text(sysconfig.get_paths()["purelib"] + "\n")
    run([*pip, "--python", str(python), "install", *options, str(wheel)], folder)
    return python.parent


def run(command: list[str], folder: Path) -> str:
    """What the command prints; the test ends with that where it fails."""
    # nbgrader starts alembic, which is among the other packages' programs
    path = f"{Path(command[0]).parent}:{sysconfig.get_path('scripts')}:{os.environ['PATH']}"
    others = f"{sysconfig.get_path('data')}/share/jupyter"  # nbconvert's templates
    environment = {**os.environ, "COLUMNS": "200", "PATH": path, "JUPYTER_PATH": others}
    result = subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, timeout=600
    )
    assert result.returncode == 0, result.stdout + result.stderr
    return result.stdout


def test_course_is_begun_released_and_marked(programs: Path, tmp_path: Path) -> None:
    fdl, python = str(programs / "fdl"), str(programs / "python")
    where = run([python, "-c", "import autograder; print(autograder.__file__)"], tmp_path)
    assert where.startswith(str(programs.parent)), "the wheel is what is tested"

    course = tmp_path / "course"
    run([fdl, "new", "hw1", "--course", str(course)], tmp_path)
    assert not (programs.parent / "lib" / "solutions" / "hw1").exists()
    assert "hw1: fit to publish" in run([fdl, "release", "hw1"], course)
    assert "NO" not in run([fdl, "demo", "hw1"], course)

    shutil.copytree(course / "demo" / "submitted", course / "submitted")
    table = run([fdl, "grade", "hw1"], course)
    [row] = [line for line in table.splitlines() if "dmitri" in line]
    assert "2.75 of 3" in row

    nbgrader = [python, "-m", "nbgrader"]
    for records in ("autograded", "gradebook-copies"):
        shutil.rmtree(course / records)
    (course / "gradebook.db").unlink()
    run([*nbgrader, "autograde", "hw1"], course)
    run([*nbgrader, "generate_feedback", "hw1"], course)
    assert (course / "feedback" / "dmitri" / "hw1" / "index.html").is_file()

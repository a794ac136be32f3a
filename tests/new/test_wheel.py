"""The wheel's content, and a course outside this checkout with the kit installed from the wheel."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import sysconfig
import zipfile
from pathlib import Path

import pytest

from autograder.course.assignment import Course
from autograder.course.bundle import course_files, write_files
from autograder.course.layout import NBGRADER_SETTINGS
from autograder.course.samples import load_sample_class, write_submission
from tests.cluster.machines import Machines

ROOT = Path(__file__).parents[2]
PIP = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--quiet"]
OPTIONS = ["--no-deps", "--no-build-isolation", "--no-index"]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel of this checkout, built in a copy because building leaves files behind."""
    folder = tmp_path_factory.mktemp("wheel")
    tree = folder / "tree"
    ignore = shutil.ignore_patterns("__pycache__")
    for name in ("autograder", "solutions", "source", "release"):
        shutil.copytree(ROOT / name, tree / name, ignore=ignore)
    for name in ("pyproject.toml", "setup.py", "README.md", "LICENSE", "course.toml"):
        shutil.copy(ROOT / name, tree)
    run([*PIP, "wheel", *OPTIONS, "-w", str(folder), str(tree)], folder)
    [found] = folder.glob("*.whl")
    return found


@pytest.fixture(scope="module")
def programs(wheel: Path) -> Path:
    """Programs of an environment with the wheel; the tests' environment has the other packages."""
    folder = wheel.parent
    run([sys.executable, "-m", "venv", "--without-pip", str(folder / "venv")], folder)
    python = folder / "venv" / "bin" / "python"
    target = folder / "venv" / "lib" / f"python{sysconfig.get_python_version()}" / "site-packages"
    # Python ignores .pth files in a folder that a .pth line adds, so this checkout is not found
    (target / "others.pth").write_text(sysconfig.get_paths()["purelib"] + "\n")
    run([*PIP, "--python", str(python), "install", *OPTIONS, str(wheel)], folder)
    return python.parent


def run(command: list[str], folder: Path) -> str:
    """Return the command's output; if the command fails, fail the test with the output."""
    # nbgrader starts alembic, whose program is in the other environment
    path = f"{Path(command[0]).parent}:{sysconfig.get_path('scripts')}:{os.environ['PATH']}"
    others = f"{sysconfig.get_path('data')}/share/jupyter"  # nbconvert's templates
    seen = {"COLUMNS": "200", "PATH": path, "JUPYTER_PATH": others, "PYTHONPATH": ""}
    environment = {**os.environ, **seen}
    result = subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, timeout=600
    )
    assert result.returncode == 0, result.stdout + result.stderr
    return result.stdout


def test_wheel_holds_nothing_of_a_homework(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as content:
        names = content.namelist()
        texts = {name: content.read(name) for name in names if ".dist-info/" not in name}
    shared = {name for name in texts if ".data/data/share/jupyter/labextensions/@fdl/desk/" in name}
    assert shared
    assert {name.partition("/")[0] for name in texts.keys() - shared} == {"autograder"}
    assert [name for name in names if name.startswith("autograder/hidden/")] == [
        "autograder/hidden/__init__.py"
    ]
    assert "autograder/release/example/hidden/misconceptions.py" in names
    # names that occur only in the homework's own code: functions of the reference and the hidden
    # tests
    code = [*(ROOT / "solutions" / "hw2").glob("*.py"), *(ROOT / "autograder/hidden/hw2").glob("*")]
    heads = {
        line.encode()
        for path in code
        if path.is_file()
        for line in re.findall(r"^def \w+\(.*$", path.read_text(encoding="utf-8"), re.M)
        if len(line) > 30
    }
    assert len(heads) > 100
    assert [(head, name) for name, text in texts.items() for head in heads if head in text] == []


@pytest.mark.slow
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


@pytest.fixture(scope="module")
def homework(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A course folder with Homework 2 and the submissions of three of its sample students."""
    checkout, root = Course(ROOT), tmp_path_factory.mktemp("homework") / "course"
    write_files(course_files(checkout, "hw2", NBGRADER_SETTINGS), root)
    students = {student.name: student for student in load_sample_class(checkout, "hw2")}
    for name in ("ada", "chloe", "farah"):
        folder = root / "submitted" / name / "hw2"
        write_submission(checkout, checkout.assignment("hw2"), students[name], folder)
    return root


def reports(root: Path) -> dict[str, bytes]:
    """Return each student's records, except the feedback."""
    found = sorted(root.glob("autograded/*/hw2/report.json"))
    return {path.parent.parent.name: path.read_bytes() for path in found}


@pytest.mark.slow
def test_wheel_and_cluster_mark_homework_2_as_the_checkout(
    programs: Path, homework: Path, tmp_path: Path
) -> None:
    """A checkout, a course folder with the wheel, and workers all write the same Reports.

    The workers have only the wheel, and receive the course as a bundle.
    """
    here, far, there = (
        Path(shutil.copytree(homework, tmp_path / name)) for name in ("here", "far", "there")
    )
    checkout = [sys.executable, "-m", "autograder.cli"]
    subprocess.run(
        [*checkout, "grade", "hw2", "--course", str(here)], cwd=ROOT, check=True, timeout=900
    )
    assert set(reports(here)) == {"ada", "chloe", "farah"}

    fdl, python = str(programs / "fdl"), programs / "python"
    run([fdl, "grade", "hw2"], far)
    assert reports(far) == reports(here)
    # the course's own folder `autograder` does not hide the kit
    mark = ["mark", "submitted/ada/hw2", "--format", "json"]
    assert run([str(python), "-m", "autograder.cli", *mark], far).encode() == reports(here)["ada"]

    empty = tmp_path / "empty"
    empty.mkdir()
    machines = Machines(empty, variables={"PYTHONPATH": ""}, python=str(python), cwd=empty)
    try:
        address = machines.start(workers=1)
        run([fdl, "grade", "hw2", "--cluster", address], there)
    finally:
        machines.close()
    assert reports(there) == reports(here)

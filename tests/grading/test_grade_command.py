"""`fdl grade` with real marking: the marked students, their marks, and the time of each stage."""

from __future__ import annotations

import importlib.metadata
import json
import shutil
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import pytest

from autograder.course.assignment import Course
from autograder.grading.jobs import MarkSettings
from autograder.grading.mark import mark_submission
from autograder.sandbox import Sandbox
from tests.commands.test_start import HEAVY, MARKING, imports
from tests.faults import result
from tests.gradebook.test_commands import rows
from tests.grading.conftest import PATIENT
from tests.grading.tiny_class import (
    HOMEWORK,
    STUDENTS,
    grade,
    grade_here,
    points,
    reports,
    run_here,
)
from tests.warm import WARM

HIDDEN = f"autograder/hidden/{HOMEWORK}/test_valley.py"
FDL = Path(sys.executable).with_name("fdl")
STAGES = {"start", "cells", "calls", "forks", "pytest", "recording"}


@pytest.fixture(scope="module")
def graded(tiny: Course, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A class that was graded once."""
    root = tmp_path_factory.mktemp("graded") / "course"
    shutil.copytree(tiny.root, root)
    grade_here(root, "--jobs", "1")
    return root


@pytest.fixture
def root(graded: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(graded, tmp_path / "course"))


def marked(output: str) -> int:
    """Return how many students a command marked, from its output."""
    unchanged = [line for line in output.splitlines() if "have not changed" in line]
    return len(STUDENTS) - (int(unchanged[0].split()[0]) if unchanged else 0)


def test_second_run_marks_nothing_and_changes_nothing(root: Path) -> None:
    before = result.tables(root / "gradebook.db"), result.written(root)
    second = grade_here(root)
    assert marked(second.stdout) == 0
    assert (result.tables(root / "gradebook.db"), result.written(root)) == before
    assert set(rows(second.stdout)) == {student.name for student in STUDENTS}
    assert second.stderr.splitlines() == [
        "Marking tiny: 5 of 5",
        "1 submission exceeded a limit: [assignments.tiny.limits] in course.toml has "
        "cell_seconds = 30",
    ]


def test_run_with_nothing_to_mark_imports_nothing_that_marks_or_records(root: Path) -> None:
    """The second run may still open the gradebook; it notes that nothing is left to record."""
    grade_here(root)
    names = imports("grade", HOMEWORK, "--course", str(root))
    assert "autograder.gradebook.records" in names
    assert not names & (HEAVY | MARKING)


def test_unreadable_date_is_told_in_the_class_table(root: Path) -> None:
    told = grade_here(root).stdout
    assert [name for name, row in rows(told).items() if "date" in " ".join(row)] == ["dan"]
    assert "date unreadable: timestamp.txt says “no date”" in told


@pytest.mark.slow
def test_changed_hidden_test_marks_all_anew_with_other_points(root: Path) -> None:
    before = points(root)
    path = root / HIDDEN
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace('"last_part"), 15.0', '"last_part"), 1'), encoding="utf-8")
    assert marked(grade(root).stdout) == len(STUDENTS)
    after = points(root)
    changed = {name: after[name] - before[name] for name in before if after[name] != before[name]}
    assert changed == {"anna": -1.0, "bela": 1.0, "emil": -1.0}


@pytest.mark.slow
def test_hidden_test_with_an_error_of_its_own_is_named(root: Path) -> None:
    path = root / HIDDEN
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace('"last_part"), 15.0', '"last_part"), 15.0 + ""'), encoding="utf-8")
    anna = root / "submitted" / "anna" / HOMEWORK
    for done in (grade_here(root), run_here(["mark", str(anna), "--course", str(root)])):
        assert "A hidden test has a bug: test_" in done.stderr
        assert "ended with TypeError" in done.stderr
        assert f"fdl regrade {HOMEWORK}" in done.stderr


def test_changed_notebook_is_marked_and_no_other(root: Path) -> None:
    before = reports(root)
    anna = root / "submitted" / "anna" / HOMEWORK / "valley.ipynb"
    notebook = json.loads(anna.read_text(encoding="utf-8"))
    [cell] = [c for c in notebook["cells"] if c["id"] == "t-values-answer"]
    cell["source"] = "last_part = 3"
    anna.write_text(json.dumps(notebook), encoding="utf-8")
    assert marked(grade_here(root).stdout) == 1
    after = reports(root)
    assert {name for name in before if before[name] != after[name]} == {"anna"}


@pytest.mark.slow
def test_other_seed_and_other_walls_mark_all_anew(root: Path) -> None:
    assert marked(grade(root, "--seed", "8").stdout) == len(STUDENTS)
    assert {json.loads(report)["seed"] for report in reports(root).values()} == {8}
    assert marked(grade(root, "--seed", "8", "--inner-only").stdout) == len(STUDENTS)
    assert {json.loads(r)["protection"] for r in reports(root).values()} == {"inner only"}
    assert marked(grade(root, "--seed", "8", "--inner-only").stdout) == 0


@pytest.mark.slow
def test_cold_start_records_the_same_bytes(root: Path) -> None:
    before = result.tables(root / "gradebook.db"), result.written(root)
    assert marked(grade(root, "--cold").stdout) == 0
    assert marked(grade(root, "--cold", "--again").stdout) == len(STUDENTS)
    assert (result.tables(root / "gradebook.db"), result.written(root)) == before


@pytest.mark.slow
def test_profile_names_the_stages_of_a_submission(root: Path) -> None:
    table = rows(grade(root, "--profile", "--again").stdout)
    seconds = {name: float(cells[0]) for name, cells in table.items() if name in STAGES}
    assert seconds.keys() == STAGES
    assert min(seconds.values()) > 0


ATTEMPTS = 10


@pytest.mark.parametrize("student", ["anna", "chloe", "dan"])
def test_stages_add_up_to_the_time_that_marking_took(
    student: str, tiny: Course, sandbox: Sandbox
) -> None:
    """No second is counted twice, and almost none is missed, whatever the machine's speed.

    Another program may get the processor between two stages, so a bad measurement is repeated.
    """
    homework, settings = tiny.assignment(HOMEWORK), MarkSettings(limits=PATIENT)
    path = tiny.root / "submitted" / student / HOMEWORK
    shares: list[float] = []
    while len(shares) < ATTEMPTS and max(shares, default=0.0) < 0.9:
        begin = time.perf_counter()
        marking = mark_submission(
            tiny, homework, path, settings=settings, sandbox=sandbox, warm=WARM
        )
        took = time.perf_counter() - begin
        shares.append(sum(marking.seconds.values()) / took)
    assert max(shares) >= 0.9
    assert max(shares) <= 1.0


PLANTED = (
    ("alembic.ini", "[alembic]\nscript_location = .\n"),
    ("pyproject.toml", '[tool.alembic]\nscript_location = "."\nprepend_sys_path = ["."]\n'),
    ("pytest.ini", "[pytest]\naddopts = -p env\n"),
    ("matplotlibrc", "backend: module://env\ntext.usetex: True\n"),
)
COMMANDS = (
    ("grade", HOMEWORK), ("feedback", HOMEWORK), ("regrade", HOMEWORK), ("mark", "."),
    ("report", HOMEWORK), ("standing",), ("export", HOMEWORK, "--to", "csv", "--partial"),
)  # fmt: skip

IN_ONE_PROCESS = """
import json, runpy, sys
program, commands, codes = sys.argv[1], json.loads(sys.argv[2]), []
for command in commands:
    sys.argv = [program, *command]
    try:
        runpy.run_path(program, run_name="__main__")
    except SystemExit as end:
        codes.append(end.code or 0)
print("\\ncodes", json.dumps(codes))
"""
"""Code that runs the installed program with one command after another, as if each were typed."""


@pytest.fixture
def planted(tiny: Course, tmp_path: Path) -> tuple[Path, Path]:
    """Make a student's folder with a module for every name; each module would write a file."""
    root, told = tmp_path / "course", tmp_path / "told"
    shutil.copytree(tiny.root, root)
    for student in STUDENTS[1:]:
        shutil.rmtree(root / "submitted" / student.name)
    folder = root / "submitted" / "anna" / HOMEWORK
    installed = importlib.metadata.packages_distributions()
    settings = ("nbgrader", "jupyter", "jupyter_nbconvert", "ipython", "ipython_kernel")
    for name in {
        *sys.stdlib_module_names, *installed, *(f"{program}_config" for program in settings),
        "sitecustomize", "usercustomize", "conftest", "env",
    }:  # fmt: skip
        code = f"open({str(told)!r}, 'a').write({name + ' '!r})\n"
        (folder / f"{name}.py").write_text(code, encoding="utf-8")
    for name, text in PLANTED:
        (folder / name).write_text(text, encoding="utf-8")
    return folder, told


def assert_nothing_was_taken(
    folder: Path, told: Path, command: Sequence[str]
) -> subprocess.CompletedProcess[str]:
    """Run a command in the student's folder; no planted module may have run."""
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode in (0, 1), done.stdout + done.stderr
    assert not told.exists(), f"{command}: {told.read_text(encoding='utf-8')}"
    return done


@pytest.mark.slow
def test_nothing_comes_from_the_folder_that_one_stands_in(
    planted: tuple[Path, Path], tmp_path: Path
) -> None:
    """An instructor enters a student's folder and runs the commands there."""
    folder, told = planted
    script = tmp_path / "script" / "run.py"
    script.parent.mkdir()
    script.write_text(IN_ONE_PROCESS, encoding="utf-8")
    command = [sys.executable, str(script), str(FDL), json.dumps(COMMANDS)]
    done = assert_nothing_was_taken(folder, told, command)
    codes = json.loads(done.stdout.rpartition("codes")[2])
    assert len(codes) == len(COMMANDS), done.stdout + done.stderr
    assert set(codes) <= {0, 1}, done.stdout + done.stderr
    assert set(points(folder.parents[2])) == {"anna"}


@pytest.mark.slow
def test_no_command_by_itself_takes_anything_from_the_folder_that_one_stands_in(
    planted: tuple[Path, Path],
) -> None:
    folder, told = planted
    for command in COMMANDS:
        assert_nothing_was_taken(folder, told, [str(FDL), *command])
    assert set(points(folder.parents[2])) == {"anna"}

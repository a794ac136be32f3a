"""A homework's own limit in real marking, as texts for students and for the teacher show it."""

from __future__ import annotations

from pathlib import Path

import pytest

from autograder.course.samples import SampleStudent

from .tiny_class import HOMEWORK, grade_here, make_class, reports, run_here

ENDLESS = "while True:\n    pass"
WORK = "import time\ntime.sleep(1.5)"
CELL = "t-values-answer"
STUDENTS = (
    SampleStudent("hana", "never ends", before={CELL: ENDLESS}),
    SampleStudent("walt", "works for longer than the limit", before={CELL: WORK}),
)


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("limits")
    make_class(root, STUDENTS)
    return root


def with_cell_seconds(root: Path, seconds: float) -> None:
    path = root / "course.toml"
    text, _, _ = path.read_text(encoding="utf-8").partition(f"[assignments.{HOMEWORK}.limits]")
    limits = f"[assignments.{HOMEWORK}.limits]\ncell_seconds = {seconds}\n"
    path.write_text(text + limits, encoding="utf-8")


def test_student_reads_the_seconds_and_the_teacher_the_key(root: Path) -> None:
    with_cell_seconds(root, 1)
    done = grade_here(root)
    for text in reports(root).values():
        assert "This cell was stopped after 1 s." in text
        assert "course.toml" not in text
    key = "[assignments.tiny.limits] in course.toml has cell_seconds = 1"
    assert f"2 submissions exceeded a limit: {key}" in done.stderr
    path = str(root / "submitted" / "walt" / HOMEWORK)
    shown = run_here(["mark", path, "--assignment", HOMEWORK, "--course", str(root)])
    assert f"Limits were exceeded: {key}" in shown.stdout


def test_longer_limit_marks_the_class_again_and_lets_the_work_end(root: Path) -> None:
    with_cell_seconds(root, 3)
    grade_here(root)
    assert "This cell was stopped after 3 s." in reports(root)["hana"]
    assert "This cell was stopped" not in reports(root)["walt"]

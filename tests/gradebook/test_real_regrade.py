"""A changed hidden test in the real homework: `fdl regrade` names the affected students."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from autograder.cli import app
from autograder.commands.demo import make_scratch_course
from autograder.course.assignment import Course
from autograder.gradebook.database import PatientGradebook
from autograder.grading.sampledclass import draw_class

ROOT = Path(__file__).parents[2]
COUNT = 5
CHANGED, PROOF = "p1-momentum", "p1a-proof"


def run(course: Course, command: str, *options: str) -> str:
    arguments = [command, "hw2", "--course", str(course.root), *options]
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code == 0, result.output
    return result.stdout


def regrade(course: Course, *options: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(run(course, "regrade", "--format", "json", *options))
    return found


def refuse_all_momentum(course: Course) -> None:
    """Let a hidden test reject every answer to `CHANGED`."""
    module = course.hidden("hw2") / "test_problem1_momentum.py"
    head, mark, body = module.read_text(encoding="utf-8").partition("def test_momentum(")
    signature, colon, rest = body.partition('"""\n')
    assert mark
    assert "ClaimFailed" in head
    line = "    raise ClaimFailed('Asked for otherwise.')\n"
    module.write_text(f"{head}{mark}{signature}{colon}{line}{rest}", encoding="utf-8")


def give(course: Course, student: str, points: dict[str, float]) -> None:
    """Write points as a person types them in the formgrader."""
    with PatientGradebook(f"sqlite:///{course.root / 'gradebook.db'}", "fdl") as book:
        notebooks = book.find_submission("hw2", student).notebooks
        with book.transaction():
            for grade in (grade for notebook in notebooks for grade in notebook.grades):
                if grade.name in points:
                    grade.manual_score = points[grade.name]


def by_hand(course: Course, student: str) -> dict[str, float]:
    with PatientGradebook(f"sqlite:///{course.root / 'gradebook.db'}", "fdl") as book:
        notebooks = book.find_submission("hw2", student).notebooks
        grades = [grade for notebook in notebooks for grade in notebook.grades]
        return {g.name: g.manual_score for g in grades if g.manual_score is not None}


def reports(course: Course) -> dict[str, bytes]:
    paths = course.root.glob("autograded/*/hw2/report.json")
    return {path.parents[1].name: path.read_bytes() for path in paths}


@pytest.mark.slow
def test_a_changed_test_lists_exactly_whom_it_affects(tmp_path: Path) -> None:
    course = Course(ROOT)
    homework = course.assignment("hw2")
    students = draw_class(course, homework, COUNT, seed=5)
    scratch = make_scratch_course(course, homework, students, tmp_path / "course")
    run(scratch, "grade")
    graded = reports(scratch)
    assert len(graded) == COUNT
    held = sorted(s.name for s in students if s.true_points(homework)[CHANGED] > 0)
    assert 1 < len(held) < COUNT
    typed = {CHANGED: 0.5, PROOF: 1.0}
    give(scratch, held[0], typed)

    refuse_all_momentum(scratch)
    found = regrade(scratch)
    items = {name: [c["item"] for c in changes] for name, changes in found["changes"].items()}
    assert items == {name: [CHANGED] for name in held}
    assert found["changes"][held[0]][0]["kept"] == typed[CHANGED]
    assert found["class"]["points"] == -homework.items[CHANGED].max_points * (len(held) - 1)
    assert reports(scratch) == graded

    regrade(scratch, "--apply")
    after = reports(scratch)
    assert by_hand(scratch, held[0]) == typed
    assert regrade(scratch, "--apply")["changes"] == {}
    assert reports(scratch) == after
    assert len(list((scratch.root / "regraded" / "hw2").glob("*.json"))) == 1

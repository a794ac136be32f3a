"""A changed hidden test, on a drawn class of the real homework: who is affected is listed."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from typer.testing import CliRunner

from autograder.assignment import Course
from autograder.cli import app
from autograder.demo import make_scratch_course
from autograder.grading.drawnclass import draw_class

ROOT = Path(__file__).parents[2]
COUNT = 8


@pytest.mark.slow
def test_a_changed_test_lists_exactly_whom_it_affects(tmp_path: Path) -> None:
    course = Course(ROOT)
    homework = course.assignment("hw2")
    students = draw_class(course, homework, COUNT, seed=5)
    scratch = make_scratch_course(course, homework, students, tmp_path / "course")
    for folder in (course.hidden("hw2"), course.solutions("hw2")):
        shutil.copytree(folder, scratch.root / folder.relative_to(ROOT))
    options = ["--course", str(scratch.root)]
    assert CliRunner().invoke(app, ["grade", "hw2", *options]).exit_code == 0

    module = scratch.hidden("hw2") / "test_problem1_momentum.py"
    text = module.read_text(encoding="utf-8")
    head, mark, body = text.partition("def test_momentum(")
    signature, colon, rest = body.partition('"""\n')
    changed = f"{head}{mark}{signature}{colon}    raise ClaimFailed('Asked for otherwise.')\n{rest}"
    assert "ClaimFailed" in head
    module.write_text(changed, encoding="utf-8")

    result = CliRunner().invoke(app, ["regrade", "hw2", "--format", "json", *options])
    assert result.exit_code == 0, result.output
    found = json.loads(result.stdout)["changes"]
    held = {s.name for s in students if s.true_points(homework)["p1-momentum"] > 0}
    assert 0 < len(held) < COUNT
    assert {name: [c["item"] for c in changes] for name, changes in found.items()} == {
        name: ["p1-momentum"] for name in sorted(held)
    }

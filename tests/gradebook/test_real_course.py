"""The checkout itself as an nbgrader course: both commands mark alike, and 30 points stay 30."""

from __future__ import annotations

import shutil
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from autograder.course.assignment import Course
from autograder.course.samples import load_sample_class, write_submission
from autograder.gradebook.database import PatientGradebook
from autograder.gradebook.recorder import Recorder
from autograder.grading.mark import Marking, mark_submission, read_skeletons
from autograder.grading.report import ItemReport, NotebookReport, Report
from tests.gradebook.course import record

ROOT = Path(__file__).parents[2]
STUDENT = "a student"


@pytest.fixture(scope="module")
def course(empty_gradebook: Path, tmp_path_factory: pytest.TempPathFactory) -> Course:
    """A copy of the course with one student, who answered half of the items and renamed a file."""
    root = tmp_path_factory.mktemp("real") / "course"
    root.mkdir()
    for name in ("course.toml", "nbgrader_config.py"):
        shutil.copy(ROOT / name, root)
    for tree in ("source", "release", "solutions", "autograder/hidden"):
        shutil.copytree(ROOT / tree / "hw2", root / tree / "hw2")
    course = Course(root)
    assignment = course.assignment("hw2")
    student = next(s for s in load_sample_class(course, "hw2") if s.done)
    folder = root / "submitted" / STUDENT / "hw2"
    write_submission(course, assignment, student, folder)
    (folder / "problem1_momentum.ipynb").rename(folder / "Problem1_Momentum (1).ipynb")
    (folder / "problem3_ntk.ipynb").write_bytes(b"not JSON")
    shutil.copyfile(empty_gradebook, root / "gradebook.db")
    with Recorder(course, assignment):
        pass
    return course


def scores(course: Course) -> dict[str, tuple[float | None, float | None, bool]]:
    url = f"sqlite:///{course.root / 'gradebook.db'}"
    with PatientGradebook(url, "fdl") as book:
        submission = book.find_submission("hw2", STUDENT)
        grades = [grade for notebook in submission.notebooks for grade in notebook.grades]
        return {g.name: (g.auto_score, g.extra_credit, g.needs_manual_grade) for g in grades}


def test_thirty_points_can_be_reached_and_eight_more(course: Course) -> None:
    assignment = course.assignment("hw2")
    with PatientGradebook(f"sqlite:///{course.root / 'gradebook.db'}", "fdl") as book:
        known = book.find_assignment("hw2")
        assert known.max_score == 30
        assert {n.name: n.max_score for n in known.notebooks} == dict.fromkeys(
            (problem.name for problem in assignment.problems), 10
        )
    assert sum(item.max_points for item in assignment.items.values() if item.bonus) == 8


def test_full_marks_are_thirty_regular_and_eight_bonus_points(course: Course) -> None:
    assignment = course.assignment("hw2")
    record(course, assignment, "full marks", full_marks(course))
    url = f"sqlite:///{course.root / 'gradebook.db'}"
    with PatientGradebook(url, "fdl") as book:
        submission = book.find_submission("hw2", "full marks")
        grades = [grade for notebook in submission.notebooks for grade in notebook.grades]
        awaited = {grade.name: grade for grade in grades if grade.needs_manual_grade}
        assert submission.score == 16 + 7
        assert sorted(awaited) == sorted(item.name for item in assignment.select("manual"))
        with book.transaction():
            for name, grade in awaited.items():
                item = assignment.items[name]
                # written as the formgrader's handler does
                grade.manual_score = None if item.bonus else item.max_points
                grade.extra_credit = item.max_points if item.bonus else None
                grade.needs_manual_grade = False
    with PatientGradebook(url, "fdl") as book:
        submission = book.find_submission("hw2", "full marks")
        assert (submission.score, submission.max_score) == (30 + 8, 30)
        bonus = [g for n in submission.notebooks for g in n.grades if g.name.startswith("p2c")]
        assert [grade.extra_credit for grade in bonus] == [1.0] * 8


def full_marks(course: Course) -> Marking:
    """Return a hand-made Marking: full points for automatic items, and all texts written."""
    assignment = course.assignment("hw2")
    notebooks = read_skeletons(assignment, course.release("hw2"))
    for cell in (cell for notebook in notebooks.values() for cell in notebook.cells):
        item = assignment.items.get(cell.metadata.get("nbgrader", {}).get("grade_id", ""))
        if item is not None and item.kind == "manual":
            cell.source = "What is asked."
    items = {
        item.name: ItemReport(
            kind=item.kind,
            problem=item.problem,
            points=item.max_points if item.kind == "auto" else 0.0,
            max_points=item.max_points,
            bonus=item.bonus,
            outcome="marked" if item.kind == "auto" else "open",
        )
        for item in assignment.items.values()
    }
    states = {problem.name: NotebookReport("marked") for problem in assignment.problems}
    report = Report("hw2", "full marks", 1, "both", {}, 16.0, 16.0, 7.0, 7.0, states, items)
    return Marking(report, notebooks)


def test_sample_students_write_into_cells_of_the_release(course: Course) -> None:
    skeletons = read_skeletons(course.assignment("hw2"), course.release("hw2"))
    marks = [c.metadata.get("nbgrader", {}) for n in skeletons.values() for c in n.cells]
    open_to_students = {mark["grade_id"] for mark in marks if mark.get("solution")}
    for student in load_sample_class(course, "hw2"):
        assert set(student.answers) <= open_to_students, student.name


@pytest.mark.slow
def test_plain_nbgrader_gives_the_marks_of_our_own_command(course: Course) -> None:
    nbgrader = [sys.executable, "-m", "nbgrader"]
    for command in ("autograde", "generate_feedback"):
        done = subprocess.run(
            [*nbgrader, command, "hw2"], cwd=course.root, capture_output=True, text=True
        )
        assert done.returncode == 0, done.stderr
    plain, folder = scores(course), course.root / "autograded" / STUDENT / "hw2"
    report = Report.from_json((folder / "report.json").read_text(encoding="utf-8"))
    page = (course.root / "feedback" / STUDENT / "hw2" / "index.html").read_text(encoding="utf-8")

    assignment = course.assignment("hw2")
    marking = mark_submission(course, assignment, course.root / "submitted" / STUDENT / "hw2")
    record(course, assignment, STUDENT, marking)
    assert marking.report == report
    assert scores(course) == plain
    assert report.points > 0
    assert report.notebooks["problem1_momentum"].state == "marked"
    assert report.notebooks["problem3_ntk"].message in page.replace("&#39;", "'")
    awaited = {name for name, (_, _, needs_person) in plain.items() if needs_person}
    assert awaited == {"p1a-proof", "p1b-proof", "p2a-derivation"}  # all student texts
    with sqlite3.connect(course.root / "gradebook.db") as database:
        assert database.execute("PRAGMA integrity_check").fetchone() == ("ok",)

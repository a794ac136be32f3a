"""The scratch course in which the pages' commands run, with every file that the pages name."""

from __future__ import annotations

import csv
import shutil
import zipfile
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path

from autograder.course.assignment import Course
from autograder.course.samples import load_sample_class, write_submission
from autograder.gradebook.database import open_gradebook
from autograder.release.build import build
from autograder.release.fill import fill_source
from tests.grading.tiny_class import run_here

HOMEWORK = "hw2"
NAMES = {"anna": "Anna Ademi", "bela": "Béla Nagy", "chloe": "Chloé Roth"}
"""The students who submit work: each student's name in the course and on the platform."""

Row = Sequence[object]


def make_course(root: Path) -> None:
    """Make a course at `root`: one homework, published, submitted by three students and marked.

    A person has marked every text, so all marks are final. The course's folder also contains
    `EXPORT.zip` and `worksheet.csv` as Moodle writes them, the list `students.csv`, and a student's
    repository in the folder `student`.
    """
    make = run_here(["new", HOMEWORK, "--due", "2024-11-21T23:55", "--course", str(root)])
    assert make.returncode == 0, make.stderr
    course = Course(root)
    homework = course.assignment(HOMEWORK)
    fill_source(course, HOMEWORK)
    release = course.release(HOMEWORK)
    build(course.source(HOMEWORK), release, homework, config=course.nbgrader_settings)
    sample = load_sample_class(course, HOMEWORK)
    for student, name in zip(sample, NAMES, strict=False):
        folder = course.submission(name, HOMEWORK)
        write_submission(course, homework, replace(student, name=name), folder)
    _write_lists(root)
    for arguments in (
        ["intake", HOMEWORK, str(root / "EXPORT.zip"), "--students", str(root / "students.csv")],
        ["grade", HOMEWORK],
    ):
        done = run_here([*arguments, "--course", str(root)])
        assert done.returncode == 0, done.stdout + done.stderr
    _mark_by_hand(course)


def _write_lists(root: Path) -> None:
    """Write Moodle's exports, and the list of students that a teacher makes from them."""
    people = [
        (name, full, f"{name}@example.org", number)
        for number, (name, full) in enumerate(NAMES.items(), start=101)
    ]
    _write_csv(root / "students.csv", ("student", "name", "email", "number"), people)
    head = ("Identifier", "Full name", "Email address", "Status", "Grade", "Maximum Grade",
            "Last modified (grade)")  # fmt: skip
    rows = [
        (f"Participant {number}", full, mail, "", "", "5", "-") for _, full, mail, number in people
    ]
    _write_csv(root / "worksheet.csv", head, rows)
    with zipfile.ZipFile(root / "EXPORT.zip", "w") as export:
        for name, full, _, number in people:
            for path in sorted((root / "submitted" / name / HOMEWORK).iterdir()):
                export.write(path, f"{full}_{number}_assignsubmission_file/{path.name}")
    (root / "submitted" / "anna" / HOMEWORK).rename(root / "student")
    shutil.rmtree(root / "submitted")


def _write_csv(path: Path, head: Row, rows: Iterable[Row]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([head, *rows])


def _mark_by_hand(course: Course) -> None:
    """Give one point for each text, as the formgrader does."""
    texts = [item.name for item in course.assignment(HOMEWORK).select("manual")]
    with open_gradebook(course) as book, book.transaction():
        for student in NAMES:
            for notebook in book.find_submission(HOMEWORK, student).notebooks:
                for grade in notebook.grades:
                    if grade.name in texts:
                        grade.manual_score, grade.needs_manual_grade = 1.0, False

"""A small class for runs that are disturbed: its state before the run, and the expected records.

Three students were graded, and a person marked, commented and changed marks. After that, some
students submitted again and another student submitted for the first time.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from autograder.course.assignment import Course
from autograder.gradebook.database import (
    PatientGradebook,
    gradebook_url,
)
from autograder.grading.mark import Marking
from autograder.pages.feedback import write_feedback
from tests.gradebook.course import ANSWERS, hand_in, mark, record_class, write_course

HOMEWORK = "hw"
GRADE = ["grade", HOMEWORK]
FEEDBACK = ["feedback", HOMEWORK]
REGRADE = ["regrade", HOMEWORK, "--apply"]

BEFORE, AFTER = "before", "after"
LATE = "2024-11-22 10:00:00 UTC"
NEW = "dan"
STUDENTS = ("anna", "bela", "chloe", NEW)

BY_HAND = {
    ("anna", "a-proof"): (1.5, None),
    ("anna", "b-essay"): (None, 1.0),
    ("bela", "a-slope"): (0.25, None),
    ("bela", "b-bonus"): (None, 0.5),
}
"""Score and extra credit that a person typed, by student and item."""

COMMENTS = {("anna", "a-proof"): "Which rule?", ("chloe", "b-bonus-answer"): "Neat."}


def marking(course: Course, name: str, student: str) -> Marking:
    """Return the marking of a student's submission, before or after the new submissions came in."""
    after = name == AFTER
    found = {
        "anna": lambda: mark(course, answers={**ANSWERS, "b-essay": "Flat!"} if after else ANSWERS),
        "bela": lambda: mark(course, {"b-bonus": 0.0 if after else 1.0, "a-bend": 1.25}),
        "chloe": lambda: mark(
            course,
            {"b-bonus": 1.0 if after else 2.0},
            broken={} if after else {"a_slopes": "It is not JSON."},
        ),
        "dan": lambda: mark(course, {"a-slope": 0.5}, answers={}),
    }[student]()
    return replace(found, report=replace(found.report, submission=student))


def make_class(root: Path) -> Course:
    """Make the course as it is before the run."""
    course = write_course(root)
    assignment = course.assignment(HOMEWORK)
    hand_in_all(course)
    graded = [student for student in STUDENTS if student != NEW]
    url = gradebook_url(course)
    record_class(course, assignment, {each: marking(course, BEFORE, each) for each in graded})
    _mark_by_hand(url)
    write_feedback(course, assignment)
    return course


def hand_in_all(course: Course) -> None:
    """Write all students' submissions; one submission is late."""
    for student in STUDENTS:
        hand_in(course, student)
    (course.root / "submitted" / "bela" / HOMEWORK / "timestamp.txt").write_text(LATE)


def _mark_by_hand(url: str) -> None:
    """Mark by hand, as the formgrader's handlers do."""
    with PatientGradebook(url, "made-up") as book, book.transaction():
        for (student, item), (score, extra) in BY_HAND.items():
            notebooks = book.find_submission(HOMEWORK, student).notebooks
            [grade] = [g for n in notebooks for g in n.grades if g.name == item]
            grade.manual_score, grade.extra_credit = score, extra
            grade.needs_manual_grade = score is None and grade.auto_score is None
        for (student, cell), text in COMMENTS.items():
            notebooks = book.find_submission(HOMEWORK, student).notebooks
            [comment] = [c for n in notebooks for c in n.comments if c.name == cell]
            comment.manual_comment = text

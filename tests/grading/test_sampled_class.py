"""A class made from references, misconceptions and missing answers gets its true marks."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from autograder.course.assignment import Assignment, Course
from autograder.course.samples import SampleStudent, write_submission
from autograder.grading.classrun import default_jobs, mark_class
from autograder.grading.jobs import Job
from autograder.grading.misconceptions import load_misconceptions
from autograder.grading.sampledclass import draw_class

COUNT = 200


def write(course: Course, homework: Assignment, student: SampleStudent, root: Path) -> Job:
    folder = root / student.name
    write_submission(course, homework, student, folder)
    return Job(student.name, folder)


def wrong_marks(
    course: Course, homework: Assignment, students: tuple[SampleStudent, ...], root: Path
) -> list[str]:
    """Return items that differ from the true marks, or that got a wrong misconception's name.

    One more line is added if fewer than nine in ten of the misconceptions were named correctly.
    """
    named = 0
    jobs = [write(course, homework, student, root) for student in students]
    by_name = {student.name: student for student in students}
    found = []
    for marked in mark_class(course, homework, jobs, workers=default_jobs()):
        assert marked.marking is not None, marked.error
        student, items = by_name[marked.student], marked.marking.report.items
        found += [
            f"{marked.student}, {name}: {items[name].points} instead of {points}"
            for name, points in student.true_points(homework).items()
            if items[name].points != pytest.approx(points)
        ]
        found += [
            f"{marked.student}, {name}: called {item.misconception}, and is {student.story}"
            for name, item in items.items()
            if item.misconception and item.misconception not in student.story
        ]
        named += sum(bool(item.misconception) for item in items.values())
    held = sum(len(student.answers) for student in students)
    return found if named >= 0.9 * held else [*found, f"only {named} of {held} are called by name"]


def test_the_draw_depends_on_the_seed_alone(course: Course, homework: Assignment) -> None:
    first, again, other = (draw_class(course, homework, 1, seed=seed) for seed in (1, 1, 2))
    assert first[0].answers
    assert other[0].answers
    assert first == again
    assert first != other


@pytest.mark.slow
def test_a_small_class_gets_its_true_marks(
    course: Course, homework: Assignment, tmp_path: Path
) -> None:
    assert wrong_marks(course, homework, draw_class(course, homework, 6, seed=3), tmp_path) == []


@pytest.mark.slow
def test_two_hundred_students_get_their_true_marks(
    course: Course, homework: Assignment, tmp_path: Path
) -> None:
    students = draw_class(course, homework, COUNT, seed=2024)
    stories = Counter(name for student in students for name in student.story.split(", "))
    known = {misconception.name for misconception in load_misconceptions(course, homework)}
    assert len(known & stories.keys()) > 0.8 * len(known)
    assert wrong_marks(course, homework, students, tmp_path) == []

"""Keep the late penalties in nbgrader's gradebook up to date: apply the rules to the current marks.

nbgrader stores a penalty in points when it autogrades a submission. A penalty in percent of the
marks changes when a person marks an item. Every penalty changes when a student gets an extension.
So the kit recomputes penalties from the current marks whenever `fdl` grades, writes feedback,
exports or reports, and when a person saves a mark in the formgrader. If `course.toml` has no rule
about lateness, nbgrader's penalty stays.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import timedelta
from typing import Any

from autograder.course.assignment import NEARLY, Course
from autograder.errors import RecordError
from autograder.gradebook.database import PatientGradebook, open_gradebook
from autograder.gradebook.marks import Marks, Person, marks_in, read_people

Penalty = Callable[[Any], float | None]
"""A function that returns the late penalty of a submitted notebook, in points, or None."""


def no_penalty(_notebook: Any) -> None:
    """Return None, nbgrader's default: late submissions have no penalty."""


def read_marks_settled(
    course: Course, assignments: Iterable[str]
) -> tuple[dict[str, Person], dict[str, Marks]]:
    """Update all penalties; return the people in the gradebook and the marks by assignment.

    Assignments without recorded marks are skipped. Raises RecordError if there is no gradebook.
    """
    path, names = course.gradebook, list(assignments)
    if not path.exists():
        first = f"fdl grade {names[0]}"
        raise RecordError(f"there is no gradebook yet ({path}): run `{first}` first")
    found: dict[str, Marks] = {}
    with open_gradebook(course) as gradebook:
        for name in names:
            marks = update_penalties(gradebook, course, name)
            if marks is not None:
                found[name] = marks
        return read_people(gradebook), found


def update_penalties(
    gradebook: PatientGradebook,
    course: Course,
    assignment: str,
    students: Sequence[str] | None = None,
    *,
    without_rule: Penalty | None = None,
) -> Marks | None:
    """Update extensions and penalties in the gradebook (default: of all students).

    If the course has no rule about lateness, `without_rule` returns the penalty of a notebook; if
    `without_rule` is None, stored penalties stay. Returns the marks; None if the gradebook does not
    have the assignment.
    """
    marks = marks_in(gradebook, course, assignment, read_people(gradebook, students), students)
    if marks is None or assignment not in course.assignment_names:
        return marks
    has_rule = course.rules(assignment).late is not None
    extensions = course.deadline(assignment).extensions
    by_kit = gradebook.recorded_extensions()

    def wanted(submission: Any) -> Mapping[str, float | None] | None:
        """Return the new penalty of each notebook, or None if the stored penalties should stay."""
        is_late = submission.total_seconds_late > 0
        shares: Mapping[str, float | None] = {}
        if has_rule:
            shares = marks.students[submission.student_id].shares
        elif without_rule is None:
            return None
        elif is_late:
            shares = {each.name: without_rule(each) for each in submission.notebooks}
        return shares if is_late or any(shares.values()) else {}

    stale = [
        name
        for name, submission in _submissions(gradebook, assignment, marks, students)
        if _wants_extension(submission, extensions.get(name), by_kit.get(submission.id))
        or _differs(submission, wanted(submission))
    ]
    if stale:
        with gradebook.transaction():
            for name in stale:
                submission = gradebook.find_submission(assignment, name)
                give_extension(gradebook, submission, extensions.get(name))
                _store(submission, wanted(submission))
    return marks


def _submissions(
    gradebook: PatientGradebook, assignment: str, marks: Marks, students: Sequence[str] | None
) -> list[tuple[str, Any]]:
    if students is not None:
        return [(name, gradebook.find_submission(assignment, name)) for name in marks.students]
    found = gradebook.find_assignment(assignment).submissions
    return [(each.student_id, each) for each in found if each.student_id in marks.students]


def give_extension(
    gradebook: PatientGradebook, submission: Any, extension: timedelta | None
) -> None:
    """Store the extension from the settings; if it is None, keep an extension given by hand."""
    by_kit = gradebook.recorded_extensions(submission.id).get(submission.id)
    if _wants_extension(submission, extension, by_kit):
        submission.extension = extension
        gradebook.note_extension(submission.id, extension)


def _wants_extension(
    submission: Any, extension: timedelta | None, by_kit: timedelta | None
) -> bool:
    is_by_hand = submission.extension is not None and submission.extension != by_kit
    if extension is None:
        return by_kit is not None and not is_by_hand
    return bool(submission.extension != extension or by_kit != extension)


def _differs(submission: Any, wanted: Mapping[str, float | None] | None) -> bool:
    return wanted is not None and any(
        _is_different(each.late_submission_penalty, wanted.get(each.name))
        for each in submission.notebooks
    )


def _is_different(stored: float | None, wanted: float | None) -> bool:
    if stored is None or wanted is None:
        return stored is not wanted
    return abs(stored - wanted) > NEARLY


def _store(submission: Any, wanted: Mapping[str, float | None] | None) -> None:
    if wanted is not None:
        for notebook in submission.notebooks:
            notebook.late_submission_penalty = wanted.get(notebook.name)

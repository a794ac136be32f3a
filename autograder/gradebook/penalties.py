"""Late penalties in nbgrader's gradebook, kept in step with the course's rules and with the marks.

nbgrader stores a penalty in points when a submission is autograded. A rule in percent may mean
other points once a person has marked the rest, or once somebody got more time. So penalties are
made anew whenever `fdl` grades, writes feedback, exports or sums up, and when a mark is saved in
the formgrader: for the marks as they are then. Without a rule in `course.toml`, what nbgrader
stored stays.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

from nbgrader.plugins import LateSubmissionPlugin

from autograder.course.assignment import NEARLY, Course
from autograder.errors import RecordError
from autograder.gradebook.database import PatientGradebook, course_id, open_database
from autograder.gradebook.marks import Marks, Person, gradebook_path, marks_in, read_people


class CourseLatePolicy(LateSubmissionPlugin):  # type: ignore[misc]  # nbgrader has no types
    """nbgrader's plugin for late submissions that takes what `course.toml` says.

    nbgrader asks for the penalty of one notebook, a rule is about a homework: the homework's
    penalty is spread over its notebooks. Without a rule, nbgrader's own settings of its plugin
    hold. Its parent is `converters.SavePenalties`.
    """

    def late_submission_penalty(
        self, student_id: str, score: float, total_seconds_late: float
    ) -> float | None:
        """The part of the penalty that this notebook bears."""
        course, where = self.parent.course, self.parent.where
        name = where["assignment"]
        if course.rules(name).late is None:
            penalty: float | None
            penalty = super().late_submission_penalty(student_id, score, total_seconds_late)
            return penalty
        gradebook = self.parent.gradebook
        marks = marks_in(gradebook, course, name, read_people(gradebook), [student_id])
        return marks.students[student_id].shares.get(where["notebook"]) if marks else None


def read_marks_settled(
    course: Course, assignments: Iterable[str]
) -> tuple[dict[str, Person], dict[str, Marks]]:
    """As `marks.read_all_marks`, once the gradebook's own penalties are what the marks say."""
    path = gradebook_path(course)
    if not path.exists():
        raise RecordError(f"there is no gradebook yet ({path}): run `fdl grade` first")
    found: dict[str, Marks] = {}
    with open_database(f"sqlite:///{path}", course) as gradebook:
        for name in assignments:
            marks = update_penalties(gradebook, course, name)
            if marks is not None:
                found[name] = marks
        return read_people(gradebook), found


def settle_saved_mark(handler: Any, grade_id: str) -> None:
    """Make the penalty anew of whom a mark was just saved in the formgrader.

    The mark itself is kept already: what goes wrong here is left to the next command of `fdl`.
    """
    course = Course(Path(handler.coursedir.root))
    grade = handler.gradebook.find_grade_by_id(grade_id)
    assignment, student = grade.assignment.name, grade.student.id
    if assignment in course.assignment_names and course.rules(assignment).late is not None:
        with PatientGradebook(handler.db_url, course_id(course)) as gradebook:
            update_penalties(gradebook, course, assignment, [student])


def update_penalties(
    gradebook: PatientGradebook,
    course: Course,
    assignment: str,
    students: Sequence[str] | None = None,
) -> Marks | None:
    """Make extensions and penalties in the gradebook anew (of these students only); the marks.

    None where the gradebook does not have the assignment.
    """
    marks = marks_in(gradebook, course, assignment, read_people(gradebook), students)
    if marks is None or assignment not in course.assignment_names:
        return marks
    has_rule = course.rules(assignment).late is not None
    longer = course.deadline(assignment).extensions
    submissions = {
        submission.student_id: submission
        for submission in gradebook.find_assignment(assignment).submissions
        if submission.student_id in marks.students
    }
    stale = [
        submission
        for student, submission in submissions.items()
        if (has_rule and _differs(submission, marks.students[student].shares))
        or _wants_extension(gradebook, submission, longer.get(student))
    ]
    if stale:
        names = [submission.student_id for submission in stale]
        with gradebook.transaction():
            for name in names:
                submission = gradebook.find_submission(assignment, name)
                give_extension(gradebook, submission, longer.get(name))
                if has_rule:
                    _store(submission, marks.students[name].shares)
    return marks


def give_extension(
    gradebook: PatientGradebook, submission: Any, extension: timedelta | None
) -> None:
    """Let a submission have the time that the settings give; what a person gave stays otherwise."""
    if _wants_extension(gradebook, submission, extension):
        submission.extension = extension
        gradebook.note_extension(submission.id, extension)


def _wants_extension(
    gradebook: PatientGradebook, submission: Any, extension: timedelta | None
) -> bool:
    by_kit = gradebook.recorded_extension(submission.id)
    is_persons = submission.extension is not None and submission.extension != by_kit
    if extension is None:
        return by_kit is not None and not is_persons
    return bool(submission.extension != extension or by_kit != extension)


def _differs(submission: Any, shares: Mapping[str, float]) -> bool:
    return any(
        abs((notebook.late_submission_penalty or 0.0) - shares.get(notebook.name, 0.0)) > NEARLY
        for notebook in submission.notebooks
    )


def _store(submission: Any, shares: Mapping[str, float]) -> None:
    for notebook in submission.notebooks:
        notebook.late_submission_penalty = shares.get(notebook.name, 0.0) or None

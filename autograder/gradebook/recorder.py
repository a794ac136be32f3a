"""Record Markings: the marks in nbgrader's gradebook, and the marked notebooks in autograded/.

From a submission's folder, this module reads only the date.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Any

from nbformat import NotebookNode

from autograder.content.sanitize import is_plain_name, released_texts
from autograder.course.assignment import Assignment, Course, Item
from autograder.course.layout import REPORT
from autograder.course.rubric import read_rubrics
from autograder.durable import make_folder, sync_tree
from autograder.errors import KitError, RecordError
from autograder.gradebook import autograded, homework
from autograder.gradebook.database import (
    FINGERPRINT,
    FOLDER,
    LOCK_SECONDS,
    SECONDS,
    PatientGradebook,
    back_up_gradebook,
    first_line,
    open_gradebook,
    unusable,
)
from autograder.gradebook.folders import digest, remove, settle, settle_all, unfinished
from autograder.gradebook.penalties import Penalty, give_extension, no_penalty, update_penalties
from autograder.gradebook.records import Records, note_settled, state
from autograder.gradebook.scores import save_scores
from autograder.grading.mark import Marking, read_skeletons
from autograder.grading.report import Report
from autograder.submission.files import TIMESTAMP
from autograder.submission.timestamps import read_timestamp

READ_ONLY = 0o444
"""File mode in autograded/: read-only, as in nbgrader."""


class Recorder(AbstractContextManager["Recorder"]):
    """A context manager that records an assignment's Markings in the course's gradebook.

    Entering the context updates the assignment in the gradebook; leaving it updates the penalties
    of the whole class. Entering and leaving raise RecordError if the gradebook can't be used.
    """

    def __init__(
        self,
        course: Course,
        assignment: Assignment,
        *,
        db_url: str | None = None,
        penalty: Penalty = no_penalty,
    ) -> None:
        """Prepare to record; entering the context opens the gradebook.

        `db_url` is the gradebook's URL (default: the course's own gradebook). If the course has no
        rule about lateness, `penalty` is called for the penalty of a late notebook.
        """
        self._course = course
        self._assignment = assignment
        self._db_url = db_url
        self._penalty = penalty
        self._skeletons = read_skeletons(assignment, course.release(assignment.name))
        self._released = {
            name: text
            for skeleton in self._skeletons.values()
            for name, text in released_texts(skeleton).items()
        }
        self._rubrics = read_rubrics(course, assignment)
        self._extensions = course.deadline(assignment.name).extensions
        self._opened = self._open()
        self._gradebook: PatientGradebook

    def __enter__(self) -> Recorder:
        self._opened.__enter__()
        return self

    def __exit__(self, *error: Any) -> None:
        self._opened.__exit__(*error)

    @contextmanager
    def _open(self) -> Iterator[None]:
        with open_gradebook(self._course, self._db_url) as self._gradebook:
            name = self._assignment.name
            is_own = self._db_url is None  # nbgrader's commands may use another gradebook
            before = self._gradebook.changes_by_others() if is_own else 0
            homework.prepare(self._gradebook, self._assignment, self._skeletons)
            settle_all(self._gradebook, self._course, self._assignment)
            yield
            # update all students: marks by hand and settings may have changed
            update_penalties(self._gradebook, self._course, name)
            settled = state(self._course, self._assignment) if is_own else ""
            is_alone = is_own and self._gradebook.changes_by_others() == before
        if back_up_gradebook(self._course, self._db_url) and is_alone:
            note_settled(self._course, self._assignment, settled)

    # --- reading the records ---

    def recorded(self, student: str, fingerprint: str) -> tuple[Report, float] | None:
        """Return the Report recorded with this fingerprint, and the points yet to be given by hand.

        Returns None if the recorded fingerprint is different or unknown, or if somebody has changed
        the folder that belongs to the marks.
        """
        return self._records.report(student, fingerprint)

    @cached_property
    def _records(self) -> Records:
        try:
            return Records.read(self._course, self._assignment, LOCK_SECONDS)
        except sqlite3.Error as error:
            raise unusable(str(self._course.gradebook), error) from error

    def marking_seconds(self) -> dict[str, float]:
        """Return the seconds that each student's last recorded marking took."""
        return self._gradebook.noted(SECONDS, self._assignment.name)

    # --- recording ---

    def record(self, student: str, marking: Marking, fingerprint: str = "") -> float:
        """Record a Marking completely, or change nothing.

        Marks and comments given by hand stay unchanged. `fingerprint` (see `grading.fingerprint`)
        identifies the submission, tests and settings of the Marking; the method `recorded` later
        compares fingerprints. Returns the points of the items that must now be marked by hand. A
        text that the student left blank or unchanged need not be marked: it gets 0 points.

        If the run is killed, either the old marks or the new marks are recorded, never a mixture.
        If a killed run has not moved the new notebooks into place, the next command moves them.
        Raises RecordError with the reason if recording fails.
        """
        try:
            return self._record(student, marking, fingerprint)
        except Exception as error:
            # any exception: one student's failure must not stop the whole class
            kind = "" if isinstance(error, KitError) else f"{type(error).__name__}: "
            raise RecordError(
                f"the marks of {student} could not be recorded: {kind}{first_line(error)}"
            ) from error

    def _record(self, student: str, marking: Marking, fingerprint: str) -> float:
        _check_name(student)
        final = self._folder(student)
        staging = unfinished(final)
        submitted = self._course.submission(student, self._assignment.name)
        handed_in = read_timestamp(submitted)
        settle(self._gradebook, self._assignment.name, student, final)
        with self._gradebook.transaction():
            # the transaction's lock keeps other runs from writing to this folder
            remove(staging)
            try:
                notebooks = self._write(staging, marking, handed_in)
                waiting = self._save(student, marking, handed_in, notebooks)
                self._note(student, marking, digest(staging), fingerprint)
            except BaseException:
                remove(staging)
                raise
        settle(self._gradebook, self._assignment.name, student, final)
        return self._points(waiting)

    def _write(
        self, folder: Path, marking: Marking, handed_in: datetime | None
    ) -> dict[str, NotebookNode]:
        """Write a student's folder and flush it to the disk; return its autograded notebooks."""
        make_folder(folder)
        (folder / REPORT).write_text(marking.report.to_json(), encoding="utf-8")
        if handed_in is not None:
            (folder / TIMESTAMP).write_text(f"{handed_in:%Y-%m-%d %H:%M:%S.%f} UTC")
        notebooks = {}
        for name, skeleton in self._skeletons.items():
            notebooks[name] = autograded.autograded(
                self._assignment, name, skeleton, self._rubrics, marking
            )
            autograded.write(notebooks[name], folder / f"{name}.ipynb")
        for path in folder.iterdir():
            path.chmod(READ_ONLY)
        sync_tree(folder)
        return notebooks

    def _save(
        self,
        student: str,
        marking: Marking,
        handed_in: datetime | None,
        notebooks: Mapping[str, NotebookNode],
    ) -> list[str]:
        """Store scores, date and penalty; return the items that must be marked by hand."""
        gradebook, name = self._gradebook, self._assignment.name
        gradebook.update_or_create_student(student)
        known = {} if handed_in is None else {"timestamp": handed_in}
        submission = gradebook.update_or_create_submission(name, student, **known)
        give_extension(gradebook, submission, self._extensions.get(student))
        points = {item: report.points for item, report in marking.report.items.items()}
        waiting = save_scores(
            gradebook,
            self._assignment,
            submission.id,
            notebooks,
            points,
            lambda item, cell: self._is_same(student, item, cell),
            self._released,
        )
        is_late = submission.total_seconds_late > 0
        if is_late or any(each.late_submission_penalty for each in submission.notebooks):
            update_penalties(gradebook, self._course, name, [student], without_rule=self._penalty)
        return waiting

    def _note(self, student: str, marking: Marking, content: str, fingerprint: str) -> None:
        name = self._assignment.name
        self._gradebook.note(FOLDER, name, student, content)
        self._gradebook.note(FINGERPRINT, name, student, fingerprint)
        if marking.seconds:
            self._gradebook.note(SECONDS, name, student, sum(marking.seconds.values()))

    def _is_same(self, student: str, item: Item, cell: NotebookNode) -> bool:
        """Return whether an answer equals the recorded answer, so that a mark by hand can stay.

        Returns False if somebody changed the student's folder or restored an older gradebook.
        """
        folder = self._folder(student)
        recorded = self._gradebook.recorded_folder(self._assignment.name, student)
        if recorded not in (None, digest(folder)):
            return False
        earlier = autograded.contents(folder / f"{item.problem}.ipynb")
        return earlier.get(item.name) == autograded.content(cell)

    def _points(self, items: Iterable[str]) -> float:
        return sum(self._assignment.items[name].max_points for name in items)

    def _folder(self, student: str) -> Path:
        return self._course.autograded(student, self._assignment.name)


def _check_name(student: str) -> None:
    """Raise RecordError unless the name is safe as a folder name in autograded/."""
    if student in ("", ".", "..") or "/" in student or "\0" in student:
        raise RecordError(f"{student!r} is not the name of a student's folder")
    if not is_plain_name(student):
        raise RecordError(
            f"the formgrader can't show the folder name {student!r}: rename the folder, without "
            'any of < > " % ? # \\ and without invisible characters'
        )
    try:
        student.encode()
    except UnicodeEncodeError:
        raise RecordError(f"the folder name {student!r} is not UTF-8: rename the folder") from None

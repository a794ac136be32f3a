"""Read what earlier runs recorded, without nbgrader, and find out if a run has anything to do.

Importing nbgrader takes longer than comparing a class with its records.
"""

from __future__ import annotations

import hashlib
import os
import sqlite3
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from autograder.cache import ResultCache, cache_folder
from autograder.course.assignment import Assignment, Course
from autograder.course.layout import REPORT
from autograder.errors import RecordError
from autograder.gradebook import backup
from autograder.gradebook.folders import digest, left_folders
from autograder.gradebook.glance import AWAITS_MARKING, read_only
from autograder.grading.report import Report
from autograder.grading.versions import add, hash_of_folders, hash_of_grader

# a student whose marks were removed, for example with `nbgrader db student remove`, is skipped
_RECORDED = """
SELECT known.student, known.fingerprint, folder.digest
FROM fdl_fingerprint AS known
JOIN fdl_recorded_folder AS folder USING (assignment, student)
JOIN assignment AS homework ON homework.name = known.assignment
JOIN submitted_assignment AS handed_in
    ON handed_in.assignment_id = homework.id AND handed_in.student_id = known.student
WHERE homework.name = ?
"""

_AWAITING = f"""
SELECT handed_in.student_id, item.name
FROM submitted_assignment AS handed_in
JOIN assignment AS homework ON homework.id = handed_in.assignment_id
JOIN submitted_notebook AS notebook ON notebook.assignment_id = handed_in.id
JOIN grade ON grade.notebook_id = notebook.id
JOIN base_cell AS item ON item.id = grade.cell_id
LEFT JOIN grade_cells AS cell ON cell.id = item.id
WHERE homework.name = ? AND {AWAITS_MARKING}
"""


@dataclass(frozen=True)
class Records:
    """The students' recorded fingerprints and folder digests, and the items that await marking."""

    course: Course
    assignment: Assignment
    recorded: Mapping[str, tuple[str, str]]
    awaiting: Mapping[str, list[str]]

    @classmethod
    def read(cls, course: Course, assignment: Assignment, seconds: float) -> Records:
        """Read the gradebook; wait this long for a program that is changing it.

        Raises sqlite3.Error if the gradebook can't be read.
        """
        awaiting: dict[str, list[str]] = {}
        with read_only(course.gradebook, seconds) as database:
            rows = database.execute(_RECORDED, (assignment.name,))
            recorded = {student: (fingerprint, folder) for student, fingerprint, folder in rows}
            for student, item in database.execute(_AWAITING, (assignment.name,)):
                awaiting.setdefault(student, []).append(item)
        return cls(course, assignment, recorded, awaiting)

    def report(self, student: str, fingerprint: str) -> tuple[Report, float] | None:
        """Return the Report recorded with this fingerprint, and the points still to give by hand.

        Returns None if the recorded fingerprint is different or unknown, or if somebody has changed
        the folder that belongs to the marks.
        """
        known, content = self.recorded.get(student, ("", ""))
        if known != fingerprint:
            return None
        folder = self.course.autograded(student, self.assignment.name)
        if content != digest(folder):
            return None
        try:
            items = [self.assignment.items[name] for name in self.awaiting.get(student, ())]
            return Report.read(folder / REPORT), sum(item.max_points for item in items)
        except (RecordError, KeyError):
            return None


def settled_reports(
    course: Course, assignment: Assignment, fingerprints: Mapping[str, str]
) -> Iterator[tuple[str, tuple[Report, float]]]:
    """Yield each student with what `Records.report` returns, until it returns None.

    Yields nothing if the run may have to finish a killed run, to wait for another program, or to
    update the penalties.
    """
    left = (*backup.files_beside(course.gradebook), *left_folders(course, assignment.name))
    if any(path.exists() for path in left) or not backup.backups(course.gradebook):
        return
    try:
        if _settled(course).find(assignment.name) != state(course, assignment):
            return
        records = Records.read(course, assignment, seconds=0.0)
    except (OSError, sqlite3.Error):
        return
    for student, fingerprint in fingerprints.items():
        if (report := records.report(student, fingerprint)) is None:
            return
        yield student, report


def state(course: Course, assignment: Assignment) -> str:
    """Return the hash of the gradebook's file and of all that a run compares it with."""
    found = hashlib.sha256()
    folders = course.source(assignment.name), course.release(assignment.name)
    add(found, "grader", hash_of_grader().encode())
    add(found, "notebooks", hash_of_folders(*folders).encode())
    for path in (course.settings_file, course.gradebook):
        with path.open("rb") as file:
            add(found, path.name, hashlib.file_digest(file, "sha256").digest())
    return found.hexdigest()


def note_settled(course: Course, assignment: Assignment, settled: str) -> None:
    """Store the `state` after a run that left nothing to do."""
    _settled(course).put(assignment.name, settled)


def _settled(course: Course) -> ResultCache:
    key = hashlib.sha256(os.fsencode(course.root)).hexdigest()
    return ResultCache(key, cache_folder("settled"))

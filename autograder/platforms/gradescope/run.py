"""Mark the one submission in a Gradescope container.

`run_autograder` runs this as root: `python -m autograder.platforms.gradescope.run /autograder`.
Even after an error, results.json contains a text that a student may read. Errors are printed to
standard output, which Gradescope shows to instructors only.
"""

from __future__ import annotations

import sys
import traceback
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from autograder.capacity import Machine
from autograder.course.assignment import Assignment, Course
from autograder.durable import write_text
from autograder.errors import KitError
from autograder.grading.jobs import MarkSettings
from autograder.grading.mark import mark_submission, open_sandbox
from autograder.pages.feedback import read_headings
from autograder.platforms.gradescope.metadata import METADATA, HandedIn, read_metadata
from autograder.platforms.gradescope.package import GradescopeSettings
from autograder.platforms.gradescope.results import Results, results_of, results_of_failure
from autograder.sandbox import Limits
from autograder.words import shown

MIB = 2**20

_OWN_MEMORY = 300 * MIB
"""Number of bytes of a container's memory that the grader itself needs."""
_LEAST_MEMORY = 400 * MIB
"""Number of bytes of memory that a submission always gets."""


def main(root: Path) -> None:
    """Mark root/submission with the course in root/source; write root/results/results.json."""
    try:
        results = mark(root)
    except KitError as error:
        print(shown(f"not marked: {error}"))
        results = results_of_failure()
    except Exception:
        print(shown(traceback.format_exc()))
        results = results_of_failure()
    write_text(root / "results" / "results.json", results.to_json())


def mark(root: Path) -> Results:
    """Return the results of the container's submission; `root` contains the container's folders."""
    source = root / "source"
    settings = GradescopeSettings.read(source / "settings.json")
    course = Course(source / "course")
    assignment = course.assignment(settings.assignment)
    limits = mark_settings(settings, assignment.limits)
    with open_sandbox(limits) as sandbox:
        sandbox.begin()  # the sandbox imports modules while this process reads and collects tests
        report = mark_submission(
            course, assignment, root / "submission", settings=limits, sandbox=sandbox
        ).report
    handed_in = read_metadata(root / METADATA)
    if not is_due(course, assignment, handed_in, datetime.now(UTC)):
        report = report.without_results()
    print(f"protection: {report.protection}; seed {report.seed}")
    for note in report.notes:
        print(f"note: {note}")
    return results_of(
        assignment,
        read_headings(assignment, course.release(assignment.name)).titles,
        report,
        visibility=settings.visibility,
        handed_in=handed_in,
    )


def is_due(
    course: Course, assignment: Assignment, handed_in: HandedIn | None, moment: datetime
) -> bool:
    """Return whether the due date of the submission's students has passed.

    If Gradescope does not state these students' due dates, the last due date of all students in the
    course's settings must have passed too.
    """
    if handed_in is not None and handed_in.own_due is not None:
        return moment >= handed_in.own_due
    deadline = course.deadline(assignment.name)
    general = handed_in.due if handed_in is not None else None
    over = deadline.is_over(moment, deadline.longest_extension)
    return over and (general is None or moment >= general)


def mark_settings(
    settings: GradescopeSettings, limits: Limits, machine: Machine | None = None
) -> MarkSettings:
    """Return the settings for marking within the container's memory.

    The limit is below the container's memory, so the kit stops a greedy submission before the
    container fails.
    """
    bound = (machine or Machine()).memory_bound()
    if bound is not None:
        room = max(bound - _OWN_MEMORY, _LEAST_MEMORY)
        limits = replace(limits, total_memory_bytes=min(limits.total_memory_bytes, room))
    return MarkSettings(limits=limits, unprotected=settings.unprotected)


if __name__ == "__main__":
    main(Path(sys.argv[1]))

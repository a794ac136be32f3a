"""Compute one hash of everything that marks depend on: submission, course, grader, settings.

Marking is a pure function of these inputs. If the hash is unchanged, the marks are unchanged too,
and nothing has to run.

All items share one hash: if the tests of one problem change, every notebook of every student is
marked again. Separate hashes for the problems would save time, but could miss a change: tests may
share helpers, and a Report comes from one run.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path, PurePosixPath

import msgspec

from autograder.course.assignment import Assignment, Course
from autograder.course.bundle import course_files
from autograder.course.gradecells import is_manual
from autograder.course.layout import NBGRADER_SETTINGS, SETTINGS
from autograder.grading.jobs import MarkSettings
from autograder.grading.versions import add, hash_of_grader
from autograder.sandbox import Protection, examine
from autograder.submission.files import content_of


class Fingerprints:
    """Fingerprints of submissions, for one assignment, grader, seed and settings."""

    def __init__(
        self,
        course: Course,
        assignment: Assignment,
        *,
        seed: int | None = None,
        settings: MarkSettings | None = None,
        protections: Sequence[Protection] = (),
    ) -> None:
        """Hash the inputs that all submissions share; `protections` are the walls for marking.

        By default, the walls are those of this machine.
        """
        settings = settings or MarkSettings(assignment.limits)
        behind = protections or [
            examine(use_outer=settings.use_outer, unprotected=settings.unprotected)
        ]
        found = hashlib.sha256()
        for part in (
            assignment.name,
            assignment.seed if seed is None else seed,
            sorted(asdict(settings.limits).items()),
            *sorted({repr((each.level, sorted(each.walls().items()))) for each in behind}),
        ):
            add(found, "settings", repr(part).encode())
        source = PurePosixPath(course.source(assignment.name).relative_to(course.root))
        for name, content in course_files(course, assignment.name, NBGRADER_SETTINGS).items():
            if PurePosixPath(name).parent == source and name.endswith(".ipynb"):
                add(found, name, _without_answers(content))
            elif name != SETTINGS:
                add(found, name, content)
        # leave out settings that marking does not use: an extension must not cause marking again
        own = course.settings.homework[assignment.name]
        marking = (own.title, own.seed, own.tolerance, own.bonus, own.files, own.limits)
        add(found, SETTINGS, repr((course.settings.course, marking)).encode())
        add(found, "grader", hash_of_grader().encode())
        self._common = found
        self._problems = tuple(problem.name for problem in assignment.problems)

    def of(self, path: Path) -> str:
        """Return the fingerprint of a submission's folder or one notebook: 64 hex digits."""
        found = self._common.copy()
        for name, content in content_of(path, self._problems):
            add(found, name, content)
        return found.hexdigest()


def _without_answers(content: bytes) -> bytes:
    """Return a source notebook without the model answers and rubrics of manual items.

    They are for people: no mark depends on them.
    """
    try:
        notebook = msgspec.json.decode(content)
        for cell in filter(is_manual, notebook["cells"]):
            cell["source"] = ""
            cell.pop("attachments", None)
    except (msgspec.DecodeError, KeyError, TypeError, AttributeError):  # not a notebook
        return content
    return msgspec.json.encode(notebook)

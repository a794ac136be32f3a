"""Extend nbgrader's converter from source to release, so that it also completes the other files."""

from __future__ import annotations

from pathlib import Path

from nbgrader.converters import GenerateAssignment

from autograder.course.assignment import Assignment, Course
from autograder.course.layout import CHECKS, REQUIREMENTS
from autograder.release.checksfile import self_contained
from autograder.release.pins import pin


class Generate(GenerateAssignment):  # type: ignore[misc]  # nbgrader has no types
    """nbgrader's converter, which also pins versions and makes `checks.py` self-contained."""

    def init_assignment(self, assignment_id: str, student_id: str) -> None:
        """Copy the files beside the notebooks, then finish requirements.txt and checks.py."""
        super().init_assignment(assignment_id, student_id)
        folder = Path(self._format_dest(assignment_id, student_id))
        pin(folder / REQUIREMENTS)
        checks = folder / CHECKS
        if checks.is_file():
            text = self_contained(checks.read_text(encoding="utf-8"), self.facts(assignment_id))
            checks.write_text(text, encoding="utf-8", newline="\n")

    def facts(self, name: str) -> Assignment:
        """Return the course's assignment `name`."""
        return Course(Path(self.coursedir.root)).assignment(name)


def install() -> None:
    """Make `nbgrader generate_assignment` and the formgrader use this converter."""
    import nbgrader.apps.api
    import nbgrader.apps.generateassignmentapp
    import nbgrader.converters

    apps = nbgrader.apps
    for module in (nbgrader.converters, apps.api, apps.generateassignmentapp):
        module.GenerateAssignment = Generate

"""Replace nbgrader's converters, so that they mark and record as the kit does.

`MarkedAutograde` selects students as nbgrader's Autograde does; then the kit marks and records each
student. `nbgrader_config.py` installs `MarkedAutograde`, so that `nbgrader autograde` and the
formgrader's button give the same marks as `fdl grade`.

Only the kit reads submission folders: nbgrader would stop at a renamed or broken notebook, and copy
every stray file.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from nbgrader.converters import Autograde, GenerateFeedback, NbGraderException
from nbgrader.preprocessors import AssignLatePenalties
from traitlets import Bool

from autograder.course.assignment import Assignment, Course
from autograder.course.layout import REPORT
from autograder.errors import CourseError, KitError
from autograder.gradebook.recorder import Recorder
from autograder.grading.jobs import Job, MarkSettings, find_jobs
from autograder.grading.mark import mark_submission
from autograder.pages.feedback import write_feedback
from autograder.submission.timestamps import read_timestamp
from autograder.words import ShownLog

_SHOWN = ShownLog()
"""Log filter that makes entries safe, because they may contain names and errors of students."""


class MarkedAutograde(Autograde):  # type: ignore[misc]  # nbgrader has no types
    """A variant of nbgrader's Autograde that takes notebooks and scores from Markings."""

    unprotected = Bool(False, help="Mark even if there is no wall around student code.").tag(
        config=True
    )

    def start(self) -> None:
        """Mark and record every student that `coursedir` selects."""
        with _told(self):
            course = Course(Path(self.coursedir.root))
            assignment = course.assignment(self.coursedir.assignment_id)
            jobs = self._selected(find_jobs(course, assignment.name))
            url = self.coursedir.db_url
            with Recorder(course, assignment, db_url=url, penalty=self._penalty()) as recorder:
                marked = [self._succeeds(course, assignment, job, recorder) for job in jobs]
        if failed := [job.student for job, done in zip(jobs, marked, strict=True) if not done]:
            message = f"not marked: {', '.join(failed)}; their earlier marks, if any, are kept"
            self.log.error(message)
            raise NbGraderException(message)

    def _selected(self, jobs: list[Job]) -> list[Job]:
        wanted = self.coursedir.student_id
        excluded = self.coursedir.student_id_exclude.split(",")
        # a full name may contain characters that are special in a pattern
        chosen = [job for job in jobs if wanted == job.student] or [
            job for job in jobs if fnmatchcase(job.student, wanted) and job.student not in excluded
        ]
        if not chosen:
            raise CourseError(
                f"{self.coursedir.submitted_directory}/ has no submission of "
                f"{self.coursedir.assignment_id} by a student {wanted!r}"
            )
        return chosen

    def _penalty(self) -> Any:
        """Return a function that computes nbgrader's late penalty, for courses without a rule."""
        settings = AssignLatePenalties(parent=self)
        settings.init_plugin()

        def penalty(notebook: Any) -> float | None:
            late = notebook.assignment.total_seconds_late
            points = settings.plugin_inst.late_submission_penalty(
                notebook.student.id, notebook.score, late
            )
            found: float | None
            found = None if points is None else settings._check_late_penalty(notebook, points)
            return found

        return penalty

    def _is_done(self, job: Job, final: Path) -> bool:
        """Return whether the recorded submission is as new as this one, by nbgrader's rule."""
        if self.force or not (final / REPORT).is_file():
            return False
        new, old = read_timestamp(job.path), read_timestamp(final)
        return new is None or old is None or new <= old

    def _succeeds(
        self, course: Course, assignment: Assignment, job: Job, recorder: Recorder
    ) -> bool:
        if self._is_done(job, course.autograded(job.student, assignment.name)):
            self.log.info("Skipping %s: recorded already (--force records it again)", job.student)
            return True
        self.log.info("Marking %s", job.student)
        settings = MarkSettings(assignment.limits, unprotected=self.unprotected)
        self.run_pre_convert_hook()
        try:
            marking = mark_submission(course, assignment, job.path, settings=settings)
            recorder.record(job.student, marking)
        except Exception as error:  # one student's error must not stop the whole class
            self.log.error("%s is not marked: %s: %s", job.student, type(error).__name__, error)
            return False
        self.set_permissions(assignment.name, job.student)
        self.run_post_convert_hook()
        return True


class MarkedFeedback(GenerateFeedback):  # type: ignore[misc]  # nbgrader has no types
    """A variant of nbgrader's GenerateFeedback that writes the kit's pages."""

    def convert_notebooks(self) -> None:
        """Write the pages of every student that `coursedir` selects."""
        with _told(self):
            course = Course(Path(self.coursedir.root))
            assignment = course.assignment(self.coursedir.assignment_id)
            students = [Path(folder).parent.name for folder in sorted(self.assignments)]
            write_feedback(course, assignment, students, db_url=self.coursedir.db_url)


@contextmanager
def _told(converter: Any) -> Iterator[None]:
    """Log the kit's errors in the way nbgrader's commands log their own errors."""
    converter.log.addFilter(_SHOWN)
    try:
        yield
    except KitError as error:
        converter.log.error("%s", error)
        raise NbGraderException(str(error)) from error


def _existing_timestamp(_coursedir: Any, folder: str) -> Any:
    return read_timestamp(Path(folder))


def _submitted_timestamp(api: Any, assignment_id: str, student_id: str) -> Any:
    step = api.coursedir.submitted_directory
    return read_timestamp(Path(api.coursedir.format_path(step, student_id, assignment_id)))


def install() -> None:
    """Make nbgrader's commands and the formgrader use these converters.

    nbgrader names its converters in code, not in its configuration, so this function replaces them
    in each module that uses them. The function also replaces nbgrader's functions that read a
    submission's timestamp. nbgrader's own functions wait forever if the timestamp file is a pipe;
    if the file's text is not a date, the formgrader's list stays empty.
    """
    import nbgrader.apps.api
    import nbgrader.apps.autogradeapp
    import nbgrader.apps.generatefeedbackapp
    import nbgrader.converters
    import nbgrader.coursedir

    for module in (nbgrader.converters, nbgrader.apps.api, nbgrader.apps.autogradeapp):
        module.Autograde = MarkedAutograde
    for module in (nbgrader.converters, nbgrader.apps.api, nbgrader.apps.generatefeedbackapp):
        module.GenerateFeedback = MarkedFeedback
    nbgrader.coursedir.CourseDirectory.get_existing_timestamp = _existing_timestamp
    nbgrader.apps.api.NbGraderAPI.get_submitted_timestamp = _submitted_timestamp

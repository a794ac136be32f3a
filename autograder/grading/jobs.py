"""Define the jobs of a run: the submissions to mark, the settings and the results.

This module imports no module that marks, because those imports take long.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from autograder.course.assignment import Assignment, Course
from autograder.course.layout import SUBMITTED
from autograder.course.limits import Limits
from autograder.course.settings import did_you_mean
from autograder.errors import CourseError

if TYPE_CHECKING:
    from autograder.grading.mark import Marking

LONG_SHARE = 1 / 3
"""Share of a submission's time limit above which marking is long; ordinary code needs less."""


@dataclass(frozen=True)
class MarkSettings:
    """The settings for marking: the limits on student code, and the walls to use.

    The outer wall and the inner wall are the two layers of the sandbox. `use_outer=False` marks
    behind the inner wall only; `unprotected=True` marks even if no wall works on this machine, and
    every Report says so. `cold=True` starts a new sandbox for each submission; the Reports are the
    same.
    """

    limits: Limits = field(default_factory=Limits)
    use_outer: bool = True
    unprotected: bool = False
    cold: bool = False


@dataclass(frozen=True)
class Job:
    """A submission to mark; `release` is the release's folder (default: the course's release)."""

    student: str
    path: Path
    release: Path | None = None


@dataclass(frozen=True)
class Marked:
    """The result of a job: a Marking, or the reason why the submission was not marked."""

    student: str
    marking: Marking | None
    error: str = ""


def find_jobs(course: Course, assignment: str, students: Sequence[str] = ()) -> list[Job]:
    """Return the submissions in submitted/, one for each student who submitted the assignment."""
    submitted = course.submitted
    if students:
        for name in students:
            if name != Path(name).name or name.startswith("."):
                raise CourseError(
                    f"{name!r} is not a student: give the name of a folder in {submitted}, "
                    "without a path"
                )
        jobs = [Job(each, course.submission(each, assignment)) for each in dict.fromkeys(students)]
        if missing := [job.student for job in jobs if not job.path.is_dir()]:
            known = [folder.name for folder in submitted.glob("[!.]*")]
            raise CourseError(
                f"no submission of {', '.join(missing)}: expected a folder "
                f"{course.submission(missing[0], assignment)}. "
                f"{did_you_mean(missing[0], known)}".rstrip()
            )
        return jobs
    if not submitted.is_dir():
        raise CourseError(
            f"{submitted} does not exist: run `fdl intake {assignment} EXPORT.zip`, or put each "
            f"student's notebooks into {SUBMITTED}/STUDENT/{assignment}/"
        )
    folders = (folder for folder in sorted(submitted.iterdir()) if not folder.name.startswith("."))
    jobs = [Job(folder.name, folder / assignment) for folder in folders]
    return [job for job in jobs if job.path.is_dir()]


def long_seconds(assignment: Assignment) -> float:
    """Return the number of seconds above which marking a submission counts as long."""
    return LONG_SHARE * assignment.limits.submission_seconds


def long_ones_last(
    jobs: Sequence[Job], seconds: Mapping[str, float], assignment: Assignment
) -> list[Job]:
    """Return the jobs, sorted so that jobs that took long the last time are at the end."""
    most = long_seconds(assignment)
    return sorted(jobs, key=lambda job: seconds.get(job.student, 0.0) > most)


def skipped_folders(course: Course, assignment: str) -> list[str]:
    """Return the folders in submitted/ that `find_jobs` skips: they begin with a dot."""
    hidden = course.submitted.glob(".*")
    return sorted(folder.name for folder in hidden if (folder / assignment).is_dir())


def unknown_extensions(course: Course, assignment: str) -> list[str]:
    """Return the students with an extension for the assignment but no folder in submitted/."""
    return sorted(
        name
        for name in course.deadline(assignment).extensions
        if not course.submission(name, assignment).is_dir()
    )

"""Marks many submissions at once, in processes of their own; one that fails stops no other."""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, replace
from functools import cache, lru_cache
from multiprocessing.util import Finalize
from pathlib import Path

from autograder.assignment import Assignment, Course
from autograder.errors import CourseError, KitError
from autograder.grading.mark import Marking, MarkSettings, mark_submission, open_sandbox
from autograder.sandbox import Sandbox


@dataclass(frozen=True)
class Job:
    """One submission to mark."""

    student: str
    path: Path


@dataclass(frozen=True)
class Marked:
    """What became of a job: a Marking, or the reason why there is none."""

    student: str
    marking: Marking | None
    error: str = ""


def find_jobs(course: Course, assignment: str, students: Sequence[str] = ()) -> list[Job]:
    """The submissions in submitted/, one for each student who has a folder for the assignment."""
    submitted = course.root / "submitted"
    if students:
        if odd := [name for name in students if name != Path(name).name or name.startswith(".")]:
            raise CourseError(
                f"{odd[0]!r} is no student: name the folder in {submitted} alone, without a path"
            )
        jobs = [Job(student, submitted / student / assignment) for student in students]
        if missing := [job.student for job in jobs if not job.path.is_dir()]:
            raise CourseError(
                f"no submission of {', '.join(missing)}: expected a folder "
                f"{submitted / missing[0] / assignment}"
            )
        return jobs
    if not submitted.is_dir():
        raise CourseError(
            f"{submitted} does not exist: put each student's notebooks into "
            f"submitted/STUDENT/{assignment}/"
        )
    folders = (folder for folder in sorted(submitted.iterdir()) if not folder.name.startswith("."))
    return [
        Job(folder.name, folder / assignment)
        for folder in folders
        if (folder / assignment).is_dir()
    ]


def skipped_folders(course: Course, assignment: str) -> list[str]:
    """The folders in submitted/ that `find_jobs` passes over: they begin with a dot."""
    submitted = course.root / "submitted"
    return sorted(folder.name for folder in submitted.glob(".*") if (folder / assignment).is_dir())


def default_jobs() -> int:
    """As many submissions at once as this process may use processors."""
    return max(1, len(os.sched_getaffinity(0)))


def mark_class(
    course: Course,
    assignment: Assignment,
    jobs: Sequence[Job],
    *,
    workers: int,
    seed: int | None = None,
    settings: MarkSettings | None = None,
) -> Iterator[Marked]:
    """Mark every job and yield each as it is done.

    A marking process that dies takes only the jobs with it that were being marked; each
    of these is tried once more on its own.
    """
    settings = settings or MarkSettings()
    retry: list[Job] = []
    for job, outcome in _run_pool(course, assignment, jobs, workers, seed, settings):
        if outcome is None:
            retry.append(job)
        else:
            yield outcome
    for job in retry:
        for _, outcome in _run_pool(course, assignment, [job], 1, seed, settings):
            yield outcome or Marked(job.student, None, "the marking process died, twice")


def _run_pool(
    course: Course,
    assignment: Assignment,
    jobs: Sequence[Job],
    workers: int,
    seed: int | None,
    settings: MarkSettings,
) -> Iterator[tuple[Job, Marked | None]]:
    """Each job with its outcome; None where the pool broke before there was one."""
    # The server imports what marking needs and starts no thread; each marking process is a fork.
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([__name__])
    waiting = list(reversed(jobs))
    running: dict[Future[Marked], Job] = {}
    with ProcessPoolExecutor(max_workers=workers, mp_context=context) as pool:
        while waiting or running:
            try:
                while waiting and len(running) < 2 * workers:
                    job = waiting[-1]
                    future = pool.submit(
                        _mark_job, course.root, assignment.name, job, seed, settings
                    )
                    running[future] = waiting.pop()
            except BrokenProcessPool:
                yield from ((job, None) for job in (*running.values(), *reversed(waiting)))
                return
            done, _ = wait(running, return_when=FIRST_COMPLETED)
            for future in done:
                job = running.pop(future)
                broken = isinstance(future.exception(), BrokenProcessPool)
                yield job, None if broken else future.result()


def _mark_job(root: Path, name: str, job: Job, seed: int | None, settings: MarkSettings) -> Marked:
    try:
        course, assignment = _open(root, name)
        sandbox = _warm_sandbox(settings)
        marking = mark_submission(
            course, assignment, job.path, seed=seed, settings=settings, sandbox=sandbox
        )
        # What tests asked and got stays here: it can't leave this process, nor should it.
        return Marked(job.student, replace(marking, outcomes={}))
    except KitError as error:
        return Marked(job.student, None, str(error))
    except Exception as error:  # one submission that breaks the grader must not stop a class
        return Marked(job.student, None, f"marking broke with {type(error).__name__}: {error}")


@cache
def _warm_sandbox(settings: MarkSettings) -> Sandbox:
    """The sandbox that serves all submissions of this marking process."""
    sandbox = open_sandbox(settings)
    Finalize(None, sandbox.close, exitpriority=0)  # a marking process ends without atexit
    return sandbox


@lru_cache(maxsize=4)
def _open(root: Path, name: str) -> tuple[Course, Assignment]:
    course = Course(root)
    return course, course.assignment(name)

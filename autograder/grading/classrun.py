"""Marks many submissions at once, in processes of their own; one that fails stops no other."""

from __future__ import annotations

import multiprocessing
import shutil
import tempfile
from collections.abc import Generator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import nullcontext
from dataclasses import dataclass, replace
from functools import cache
from multiprocessing.util import Finalize
from pathlib import Path

from autograder.capacity import Machine
from autograder.course.assignment import Assignment, Course
from autograder.course.layout import SUBMITTED
from autograder.course.limits import Limits, MiB
from autograder.course.settings import did_you_mean
from autograder.errors import CourseError, KitError, SandboxError
from autograder.grading import forkserver
from autograder.grading.lifeline import end_with
from autograder.grading.mark import Marking, MarkSettings, Warm, mark_submission, open_sandbox
from autograder.sandbox import Sandbox
from autograder.submission.parcel import Parcel

ALONE = 2
"""How often a submission is tried alone: before, another one may have broken the pool."""
USUAL_MEMORY = 768 * MiB
"""What marking a submission takes at most if it is not out for more, its processes together."""


LONG_SECONDS = 30.0
"""Seconds of marking from which on a submission waits until the others are marked."""

LONG_SHARE = 1 / 3
"""Share of a submission's time that marking it exceeds only if its code waits or never ends."""


@dataclass(frozen=True)
class Job:
    """One submission to mark, against the skeletons in `release` (default: the course's)."""

    student: str
    path: Path
    release: Path | None = None


@dataclass(frozen=True)
class Marked:
    """What became of a job: a Marking, or the reason why there is none."""

    student: str
    marking: Marking | None
    error: str = ""


def find_jobs(course: Course, assignment: str, students: Sequence[str] = ()) -> list[Job]:
    """The submissions in submitted/, one for each student who has a folder for the assignment."""
    submitted = course.submitted
    if students:
        for name in students:
            if name != Path(name).name or name.startswith("."):
                raise CourseError(
                    f"{name!r} is no student: name the folder in {submitted} alone, without a path"
                )
        jobs = [Job(each, course.submission(each, assignment)) for each in dict.fromkeys(students)]
        if missing := [job.student for job in jobs if not job.path.is_dir()]:
            known = [folder.name for folder in submitted.glob("[!.]*")]
            raise CourseError(
                f"no submission of {', '.join(missing)}: expected a folder "
                f"{course.submission(missing[0], assignment)}. {did_you_mean(missing[0], known)}"
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
    """Return the seconds from which on marking a submission counts as long."""
    return LONG_SHARE * assignment.limits.submission_seconds


def long_ones_last(jobs: Sequence[Job], seconds: Mapping[str, float]) -> list[Job]:
    """The jobs, those at the end that took long the last time: nobody waits for them."""
    return sorted(jobs, key=lambda job: seconds.get(job.student, 0.0) > LONG_SECONDS)


def skipped_folders(course: Course, assignment: str) -> list[str]:
    """The folders in submitted/ that `find_jobs` passes over: they begin with a dot."""
    hidden = course.submitted.glob(".*")
    return sorted(folder.name for folder in hidden if (folder / assignment).is_dir())


def unknown_extensions(course: Course, assignment: str) -> list[str]:
    """Whom the settings give more time for the assignment, without a folder in submitted/."""
    return sorted(
        name
        for name in course.deadline(assignment).extensions
        if not course.submission(name, assignment).is_dir()
    )


def default_jobs(limits: Limits | None = None, machine: Machine | None = None) -> int:
    """As many submissions at once as there are processors, and memory if one takes the most."""
    limits, machine = limits or Limits(), machine or Machine()
    most = limits.total_memory_bytes + limits.disk_bytes  # without a disk, files are in memory
    others = (machine.available_memory() - most) // USUAL_MEMORY
    return max(1, min(machine.processors(), 1 + others))


def mark_class(
    course: Course,
    assignment: Assignment,
    jobs: Sequence[Job],
    *,
    workers: int,
    seed: int | None = None,
    settings: MarkSettings | None = None,
) -> Generator[Marked]:
    """Mark every job and yield each as it is done.

    A marking process that dies takes only the jobs with it that were being marked; each
    of these is tried on its own when the others are done, and once more if it dies there.
    """
    settings = settings or MarkSettings(assignment.limits)
    workers = max(1, min(workers, len(jobs)))
    waiting, caught = list(jobs), list[Job]()
    while waiting:
        lost, waiting = yield from _run_pool(course, assignment, waiting, workers, seed, settings)
        caught += lost
    for job in caught:
        for _ in range(ALONE):
            lost, _ = yield from _run_pool(course, assignment, [job], 1, seed, settings)
            if not lost:
                break
        else:
            yield Marked(job.student, None, lost[job])


def _run_pool(
    course: Course,
    assignment: Assignment,
    jobs: Sequence[Job],
    workers: int,
    seed: int | None,
    settings: MarkSettings,
) -> Generator[Marked, None, tuple[dict[Job, str], list[Job]]]:
    """Mark jobs until the pool breaks; returns those it broke with, and why, and those left."""
    waiting = list(reversed(jobs))
    running: dict[Future[Marked], Job] = {}
    lost: dict[Job, str] = {}
    is_whole = True
    pool = ProcessPoolExecutor(
        max_workers=workers, mp_context=forkserver.start(), initializer=_end_with_the_run
    )
    try:
        while running or (waiting and is_whole):
            while is_whole and waiting and len(running) < 2 * workers:
                job = waiting.pop()
                try:
                    with forkserver.starting():
                        future = pool.submit(
                            mark_here, course.root, assignment.name, job.student, job.path, seed,
                            settings, release=job.release,
                        )  # fmt: skip
                except (BrokenProcessPool, OSError, EOFError) as error:  # the server may be gone
                    is_whole = False
                    if running or lost:
                        waiting.append(job)
                    else:  # tried again alone
                        lost[job] = f"no marking process could be started: {error}"
                else:
                    running[future] = job
            done, _ = wait(running, return_when=FIRST_COMPLETED)
            for future in done:
                job = running.pop(future)
                if isinstance(future.exception(), BrokenProcessPool):
                    is_whole = False
                    lost[job] = "the marking process died, twice"
                else:
                    yield _outcome(job, future)
    except BaseException:  # such as Ctrl-C: what is being marked now will be marked another time
        _end_at_once(pool)
        raise
    pool.shutdown()
    return lost, waiting[::-1]


def _end_at_once(pool: ProcessPoolExecutor) -> None:
    """End the marking processes, whatever they are at; their sandboxes end with them."""
    processes = list((pool._processes or {}).values())
    pool.shutdown(wait=False, cancel_futures=True)
    for process in processes:
        process.kill()


def _outcome(job: Job, future: Future[Marked]) -> Marked:
    try:
        return future.result()
    except Exception as error:  # such as a Marking that can't be sent to this process
        return Marked(job.student, None, f"marking broke with {type(error).__name__}: {error}")


def _end_with_the_run() -> None:
    """End this marking process when the run's process ends; it would wait for jobs for ever."""
    run = multiprocessing.parent_process()
    assert run is not None
    end_with(run.sentinel)


def mark_here(
    root: Path,
    name: str,
    student: str,
    submission: Path | Parcel,
    seed: int | None,
    settings: MarkSettings,
    *,
    release: Path | None = None,
) -> Marked:
    """Mark in this process, which keeps its sandbox for the next one; whatever breaks is told."""
    try:
        marking = _worker(root, name, settings).mark(submission, seed, release)
        # What tests asked and got stays here: it can't leave this process, nor should it.
        return Marked(student, replace(marking, outcomes={}))
    except KitError as error:
        return Marked(student, None, str(error))
    except MemoryError:
        why = "marking it takes more memory than a submission gets: look for large files"
        return Marked(student, None, why)
    except Exception as error:  # one submission that breaks the grader must not stop a class
        return Marked(student, None, f"marking broke with {type(error).__name__}: {error}")


def _check_room(sandbox: Sandbox) -> None:
    """SandboxError where an answer may have failed for a disk of this machine that was full.

    Without the outer wall, what student code writes lies on it.
    """
    if sandbox.protection.outer.stands:
        return
    folder, needed = tempfile.gettempdir(), sandbox.limits.disk_bytes
    free = shutil.disk_usage(folder).free
    if free < needed:
        raise SandboxError(
            f"only {free / MiB:.0f} MB are free in {folder}, and a submission may use "
            f"{needed / MiB:.0f}: make room there, or name another folder in TMPDIR"
        )


class _Worker:
    """Marks one submission after another, with the same sandbox and all that is `Warm`."""

    def __init__(self, root: Path, name: str, settings: MarkSettings) -> None:
        self._course = Course(root)
        self._assignment = self._course.assignment(name)
        self._settings = settings
        self._warm = Warm()
        self._sandbox = None if settings.cold else open_sandbox(settings)
        if self._sandbox is not None:
            # a marking process ends without atexit
            Finalize(None, self._sandbox.close, exitpriority=0)

    def mark(self, submission: Path | Parcel, seed: int | None, release: Path | None) -> Marking:
        """Mark a submission."""
        with (
            nullcontext(self._sandbox) if self._sandbox else open_sandbox(self._settings) as sandbox
        ):
            _check_room(sandbox)
            marking = mark_submission(
                self._course,
                self._assignment,
                submission,
                seed=seed,
                settings=self._settings,
                release=release,
                sandbox=sandbox,
                warm=self._warm,
            )
            _check_room(sandbox)
            return marking


@cache
def _worker(root: Path, name: str, settings: MarkSettings) -> _Worker:
    """This process's worker: a pool calls functions, so that only a module can hold it."""
    return _Worker(root, name, settings)

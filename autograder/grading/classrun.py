"""Mark many submissions at once, in separate processes; a failed submission stops no other."""

from __future__ import annotations

import multiprocessing
import shutil
import tempfile
from collections.abc import Generator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import ExitStack, closing, nullcontext
from dataclasses import replace
from multiprocessing.util import Finalize
from pathlib import Path

from autograder.capacity import Machine
from autograder.course.assignment import Assignment, Course
from autograder.course.limits import Limits, MiB
from autograder.errors import KitError, SandboxError
from autograder.grading import forkserver
from autograder.grading.jobs import Job, Marked, MarkSettings
from autograder.grading.lifeline import end_with
from autograder.grading.mark import Marking, Warm, mark_submission, open_sandbox
from autograder.sandbox import Sandbox
from autograder.submission.parcel import Parcel

ALONE = 2
"""Number of attempts to mark a submission alone after its pool of marking processes failed."""
USUAL_MEMORY = 768 * MiB
"""Number of bytes that all processes together need to mark an ordinary submission."""


def default_jobs(limits: Limits | None = None, machine: Machine | None = None) -> int:
    """Return the number of submissions to mark at once: one per processor, if memory allows.

    One of the submissions may use all the memory that its limit allows; the others are assumed to
    need USUAL_MEMORY each.
    """
    limits, machine = limits or Limits(), machine or Machine()
    most = limits.total_memory_bytes + limits.disk_bytes  # files may be in memory
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
    """Mark every job and yield each result as soon as it is known.

    If a marking process dies, only the jobs that are being marked are affected. Each of these jobs
    is marked alone after all other jobs. If its process dies again, the job is marked once more.
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
    """Mark jobs until the pool fails; return the running jobs with reasons, and all other jobs."""
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
                    lost[job] = "the marking process died twice"
                else:
                    yield _outcome(job, future)
    except BaseException:  # such as Ctrl-C: the submissions being marked will be marked later
        _end_at_once(pool)
        raise
    pool.shutdown()
    return lost, waiting[::-1]


def _end_at_once(pool: ProcessPoolExecutor) -> None:
    """Kill the marking processes, whatever they are doing; each sandbox ends with its process.

    Also wait until the pool's thread ends: if it closed its pipe while this process ends, Python
    would print a traceback.
    """
    for process in list((pool._processes or {}).values()):
        process.kill()
    pool.shutdown(cancel_futures=True)


def _outcome(job: Job, future: Future[Marked]) -> Marked:
    try:
        return future.result()
    except Exception as error:  # such as a Marking that can't be sent to this process
        return Marked(job.student, None, f"marking broke with {type(error).__name__}: {error}")


def _end_with_the_run() -> None:
    """End this marking process when the run's process ends, so that it does not wait forever."""
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
    """Mark in this process, keep the sandbox for the next job, and return any failure as text."""
    try:
        marking = _worker(root, name, settings).mark(submission, seed, release)
        # The tests' calls and answers contain hidden inputs, so they must not leave this process.
        return Marked(student, replace(marking, outcomes={}))
    except KitError as error:
        return Marked(student, None, str(error))
    except MemoryError:
        why = (
            "marking this submission needs more memory than a submission may use: look for large "
            "files"
        )
        return Marked(student, None, why)
    except Exception as error:  # one submission that breaks the grader must not stop a class
        return Marked(student, None, f"marking broke with {type(error).__name__}: {error}")


def _check_room(sandbox: Sandbox) -> None:
    """Raise SandboxError if an answer may have failed because this machine's disk is full.

    Without the outer wall, student code writes to this disk.
    """
    if sandbox.protection.outer.stands:
        return
    folder, needed = tempfile.gettempdir(), sandbox.limits.disk_bytes
    free = shutil.disk_usage(folder).free
    if free < needed:
        raise SandboxError(
            f"only {free / MiB:.0f} MB are free in {folder}, but a submission may use "
            f"{needed / MiB:.0f}: free some space, or set TMPDIR to another folder"
        )


class _Worker:
    """A worker that marks one submission after another, with the same sandbox and `Warm` cache."""

    def __init__(self, root: Path, name: str, settings: MarkSettings) -> None:
        self._course = Course(root)
        self._assignment = self._course.assignment(name)
        self._settings = settings
        ends = ExitStack()
        self._warm = ends.enter_context(closing(Warm()))
        self._sandbox = None if settings.cold else ends.enter_context(open_sandbox(settings))
        # a marking process ends without atexit
        self.close = Finalize(None, ends.close, exitpriority=0)

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


_workers: dict[tuple[Path, str, MarkSettings], _Worker] = {}
"""The one worker of this process, by its arguments; global, because a pool calls only functions."""


def _worker(root: Path, name: str, settings: MarkSettings) -> _Worker:
    """Return this process's worker; close a worker for other arguments first."""
    key = root, name, settings
    if key not in _workers:
        while _workers:
            _workers.popitem()[1].close()
        _workers[key] = _Worker(*key)
    return _workers[key]

"""Mark a class on the workers of a Dask scheduler, as `classrun` does on this machine.

Each worker gets one submission more than it can mark at once, so neither the scheduler nor this
machine ever holds a whole class. The run itself assigns submissions to workers. So if a worker
dies, the run knows which submissions that worker had. Each of these submissions is marked again,
alone on a worker.
"""

from __future__ import annotations

import contextlib
import time
from collections import Counter, deque
from collections.abc import Generator, Iterator, Sequence
from concurrent.futures import CancelledError
from dataclasses import dataclass, field

import distributed
import msgspec
from distributed import Future

from autograder.course.assignment import Assignment, Course
from autograder.course.bundle import Bundle, files_for_marking, pack
from autograder.errors import CourseError, KitError
from autograder.grading.cluster import messages, worker
from autograder.grading.cluster.messages import Asked, Done, Failed, Order
from autograder.grading.cluster.workers import FETCH_SECONDS, LOOK_SECONDS, Member, Workers
from autograder.grading.jobs import Job, Marked, MarkSettings
from autograder.submission import parcel

ALLOWED_DEATHS = 1
"""Number of times that a worker may die before its submission counts as failed."""


def mark_class(
    workers: Workers,
    course: Course,
    assignment: Assignment,
    jobs: Sequence[Job],
    *,
    seed: int | None = None,
) -> Generator[Marked]:
    """Mark every job on the workers and yield each result as soon as it is known."""
    seed = assignment.seed if seed is None else seed
    bundle = pack(files_for_marking(course, assignment.name))
    # the settings as a worker reads them: seconds may be written as an integer
    settings = msgspec.convert(msgspec.to_builtins(workers.settings), MarkSettings)
    run = _ClassRun(workers, assignment, bundle, seed, settings, deque(jobs))
    try:
        yield from run.marked()
    finally:
        run.stop()


@dataclass
class _ClassRun:
    """A class that is being marked on the cluster."""

    workers: Workers
    assignment: Assignment
    bundle: Bundle
    seed: int
    settings: MarkSettings
    waiting: deque[Job]
    caught: deque[Job] = field(default_factory=deque)
    deaths: Counter[tuple[Job, str]] = field(default_factory=Counter)
    found: deque[Marked] = field(default_factory=deque)

    def marked(self) -> Iterator[Marked]:
        """Yield the result of each job as soon as it is known."""
        while self.waiting or self.caught or self.workers.running():
            for member in self.workers.attend():
                self._take_back(member)
            self._hand_out()
            self._wait()
            for member in self.workers.members.values():
                for future in [each for each in member.running if each.done()]:
                    self._take(member, future)
            self._hand_out()  # keep the workers busy while results are recorded
            while self.found:
                yield self.found.popleft()

    def stop(self) -> None:
        """Cancel all jobs that the workers have not finished."""
        futures = self.workers.running()
        for member in self.workers.members.values():
            member.running.clear()
        with contextlib.suppress(OSError, TimeoutError, CancelledError, RuntimeError):
            self.workers.client.cancel(futures, force=True)

    def _wait(self) -> None:
        """Wait until a worker answers, or until it is time to look for new workers."""
        greetings = [each.greeting for each in self.workers.members.values() if each.greeting]
        if futures := [*self.workers.running(), *greetings]:
            with (
                contextlib.suppress(TimeoutError, CancelledError),
                self.workers.client.as_current(),
            ):
                distributed.wait(futures, timeout=LOOK_SECONDS, return_when="FIRST_COMPLETED")
        elif not self.found:
            time.sleep(LOOK_SECONDS)

    def _hand_out(self) -> None:
        """Give each worker as many jobs as it can take.

        If a worker died with a job, the job goes to a worker without other jobs.
        """
        ready = self.workers.fit()
        while self.waiting and (free := [each for each in ready if self._has_room(each)]):
            member = min(free, key=lambda each: len(each.running) / each.threads)
            self._give(self.waiting.popleft(), member)
        if not self.waiting:
            for member in ready:
                if self.caught and not member.running:
                    self._give(self.caught.popleft(), member)

    def _has_room(self, member: Member) -> bool:
        """Return whether a worker can take one more job; one job waits in its queue."""
        suspects = {job for job, _ in self.deaths}
        is_apart = any(job in suspects for job, _ in member.running.values())
        return len(member.running) <= member.threads and not is_apart

    def _give(self, job: Job, member: Member) -> None:
        problems = [problem.name for problem in self.assignment.problems]
        try:
            sent = parcel.pack(job.path, problems)
        except KitError as error:
            self.found.append(Marked(job.student, None, str(error)))
            return
        assert member.protection is not None  # fit workers sent their walls
        asked = Asked(self.assignment, sent.name, self.seed, member.protection)
        order = Order(self.assignment.name, str(self.seed), self.settings, sent)
        content = b"" if member.bundle == self.bundle.name else self.bundle.content
        member.bundle = self.bundle.name
        sending = member.bundle, content, messages.write(order)
        member.running[self.workers.send(member, worker.mark, *sending)] = job, asked

    def _take(self, member: Member, future: Future[bytes]) -> None:
        """Take the result of a job, or handle its failure."""
        job, asked = member.running.pop(future)
        try:
            answer = messages.read(future.result(timeout=FETCH_SECONDS), Done | Failed)
            self.found.append(messages.marked(answer, job.student, asked))
        except TimeoutError:  # the next check of all workers shows whether this one has ended
            member.running[future] = job, asked
        except CancelledError:  # another program cancelled it
            self.waiting.append(job)
        except distributed.KilledWorker:
            self._blame(job, "the worker that marked this submission died")
        except worker.DiedError:
            self._blame(job, "the marking process died")
        except worker.NoBundleError:
            member.bundle = ""
            self.waiting.append(job)
        except CourseError as error:
            self.workers.refuse(member, str(error))
            self.waiting.append(job)
        except Exception as error:  # a worker may answer or raise anything
            why = f"the worker {member.address} broke with {type(error).__name__}: {error}"
            self.found.append(Marked(job.student, None, why))

    def _take_back(self, member: Member) -> None:
        """Take back the jobs of a worker that has ended; any of its jobs may have killed it."""
        for job, _ in member.running.values():
            self._blame(job, "the worker that marked this submission died")
        with contextlib.suppress(OSError, CancelledError):
            self.workers.client.cancel(list(member.running), force=True)

    def _blame(self, job: Job, why: str) -> None:
        self.deaths[job, why] += 1
        if self.deaths[job, why] > ALLOWED_DEATHS:
            self.found.append(Marked(job.student, None, f"{why} twice"))
        else:
            self.caught.append(job)

"""Marks a class on the workers of a Dask scheduler, as `classrun` does on this machine.

Each worker is given a few submissions more than it can mark at once, so that neither the scheduler
nor this machine ever holds a class. Which worker has which submission is decided here: so it is
known who was there when a worker died, and each of them is tried again with a worker of its own.
"""

from __future__ import annotations

import contextlib
import time
import uuid
from collections import Counter, deque
from collections.abc import Generator, Iterator, Sequence
from concurrent.futures import CancelledError
from types import TracebackType

import dask
import distributed
from distributed import Client, Future

from autograder.course.assignment import Assignment, Course
from autograder.errors import KitError
from autograder.grading.classrun import Job, Marked
from autograder.grading.cluster import messages, packing, wire, worker
from autograder.grading.cluster.address import Contact
from autograder.grading.cluster.messages import Asked, Order
from autograder.grading.cluster.wire import MessageError
from autograder.grading.cluster.workers import FETCH_SECONDS, LOOK_SECONDS, Crowd, Member, Say, Task
from autograder.grading.mark import MarkSettings
from autograder.submission import pack

CONNECT_SECONDS = 15.0
STOP_SECONDS = 5.0
ALLOWED_DEATHS = 1
"""So often a submission may be there when a worker dies, or its own process, and is tried again."""


class Cluster:
    """The workers of a scheduler that are fit to mark; `protections` is what they stand behind."""

    def __init__(self, contact: Contact, settings: MarkSettings, say: Say) -> None:
        """Connect, wait for workers and greet them; KitError where one may not mark."""
        self._settings = settings
        dask.config.set({"distributed.admin.large-graph-warning-threshold": "1GB"})
        try:
            self._client = Client(
                contact.address,
                security=contact.security,
                timeout=CONNECT_SECONDS,
                set_as_default=False,
                name="fdl",
            )
        except (OSError, TimeoutError, ValueError, TypeError, RuntimeError) as error:
            raise KitError(
                f"no Dask scheduler can be reached at {contact.address} ({error}): start one with "
                "`dask scheduler`, and look at the address, its port and the certificates"
            ) from error
        self._run: _ClassRun | None = None
        try:
            self.crowd = Crowd(self._client, contact.address, settings, say)
            self.protections = self.crowd.gather()
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> Cluster:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Stop what is still being marked, and leave the scheduler."""
        if self._run is not None:
            self._run.stop()
        with contextlib.suppress(OSError, TimeoutError):
            self._client.close(timeout=STOP_SECONDS)

    def mark_class(
        self,
        course: Course,
        assignment: Assignment,
        jobs: Sequence[Job],
        *,
        seed: int | None = None,
    ) -> Generator[Marked]:
        """Mark every job on the cluster and yield each as it is done."""
        seed = assignment.seed if seed is None else seed
        self._run = _ClassRun(self.crowd, course, assignment, jobs, seed, self._settings)
        try:
            yield from self._run.marked()
        finally:
            self._run.stop()


class _ClassRun:
    """One class on its way through the cluster."""

    def __init__(
        self,
        crowd: Crowd,
        course: Course,
        assignment: Assignment,
        jobs: Sequence[Job],
        seed: int,
        settings: MarkSettings,
    ) -> None:
        self._crowd, self._assignment = crowd, assignment
        self._seed, self._settings = seed, settings
        self._bundle = packing.pack(course, assignment.name)
        self._problems = [problem.name for problem in assignment.problems]
        self._id = uuid.uuid4().hex
        self._waiting = deque(jobs)
        self._caught = deque[Job]()
        self._deaths = Counter[tuple[Job, str]]()
        self._suspects = set[Job]()
        self._found = deque[Marked]()

    def marked(self) -> Iterator[Marked]:
        """What becomes of each job, as soon as it is known."""
        while self._waiting or self._caught or self._running():
            if self._crowd.is_time_to_look():
                for member in self._crowd.look():
                    self._take_back(member)
            self._crowd.attend(self._bundle)
            self._crowd.check_hope(self._bundle)
            self._hand_out()
            self._wait()
            for member in list(self._crowd.members.values()):
                for future in [each for each in member.running if each.done()]:
                    self._take(member, future)
            self._hand_out()  # so that they are at work while this is recorded
            while self._found:
                yield self._found.popleft()

    def stop(self) -> None:
        """Have the workers let go of what they were given and have not finished."""
        members = [each for each in self._crowd.members.values() if each.running]
        futures = [future for member in members for future in member.running]
        for member in members:
            member.running.clear()
        client = self._crowd.client
        if not futures or client.status != "running":
            return
        with contextlib.suppress(OSError, TimeoutError, CancelledError, RuntimeError):
            client.cancel(futures, force=True)
            client.sync(
                client._run,
                worker.abandon,
                self._id,
                workers=[member.address for member in members],
                on_error="ignore",
                callback_timeout=STOP_SECONDS,
            )

    def _running(self) -> list[Future[bytes]]:
        return [each for member in self._crowd.members.values() for each in member.running]

    def _wait(self) -> None:
        """Until something may have changed."""
        errands = [each.errand for each in self._crowd.members.values() if each.errand is not None]
        if futures := [*self._running(), *errands]:
            client = self._crowd.client
            with client.as_current(), contextlib.suppress(TimeoutError, CancelledError):
                distributed.wait(futures, timeout=LOOK_SECONDS, return_when="FIRST_COMPLETED")
        elif not self._found:
            time.sleep(LOOK_SECONDS)

    # --- to the workers --------------------------------------------------------------------------

    def _hand_out(self) -> None:
        """Give each worker what it can take; those who were caught in a death, one at a time."""
        ready = self._crowd.ready(self._bundle)
        while self._waiting and (free := [each for each in ready if self._has_room(each)]):
            self._give(
                self._waiting.popleft(),
                min(free, key=lambda each: len(each.running) / each.threads),
            )
        if not self._waiting:
            for member in ready:
                if self._caught and not member.running:
                    self._give(self._caught.popleft(), member)

    def _has_room(self, member: Member) -> bool:
        """Whether it can take one more; one ahead, so that it need not wait for the next."""
        is_apart = any(task.job in self._suspects for task in member.running.values())
        return len(member.running) <= member.threads and not is_apart

    def _give(self, job: Job, member: Member) -> None:
        try:
            parcel = pack(job.path, self._problems)
        except KitError as error:
            self._found.append(Marked(job.student, None, str(error)))
            return
        order = Order(self._assignment.name, self._seed, self._settings, parcel)
        names = self._id.encode(), self._bundle.name.encode()
        future = self._crowd.send(member, worker.mark, *names, wire.write(order.to_data()))
        asked = Asked(self._assignment, parcel.name, self._seed, member.protection)
        member.running[future] = Task(job, asked)

    # --- from the workers ------------------------------------------------------------------------

    def _take(self, member: Member, future: Future[bytes]) -> None:
        """Take what came of a job, or whatever else has become of it."""
        task = member.running.pop(future)
        try:
            if future.status == "error":
                self._take_error(task, member, future.exception(timeout=FETCH_SECONDS))
            else:
                self._take_answer(task, member, future.result(timeout=FETCH_SECONDS))
        except TimeoutError:  # the next look tells whether the worker that has it is gone
            member.running[future] = task
        except CancelledError:  # by somebody else
            self._waiting.append(task.job)

    def _take_answer(self, task: Task, member: Member, message: bytes) -> None:
        job = task.job
        try:
            data = wire.read(message)
            if "unknown" in data:
                member.bundle = ""
                self._waiting.append(job)
            elif "died" in data:
                self._blame(job, "the marking process died")
            else:
                answer = wire.read(data.get("answer"))
                self._found.append(messages.read_answer(answer, job.student, task.asked))
        except MessageError as error:
            self._found.append(Marked(job.student, None, f"the worker {member.address}: {error}"))

    def _take_error(self, task: Task, member: Member, error: BaseException | None) -> None:
        if isinstance(error, distributed.KilledWorker):
            self._blame(task.job, "the worker that marked it died")
            return
        why = f"marking broke on the worker {member.address} with {type(error).__name__}: {error}"
        self._found.append(Marked(task.job.student, None, why))

    def _take_back(self, member: Member) -> None:
        """Take what a worker had that is gone; each may be the one that it died of."""
        for task in member.running.values():
            self._blame(task.job, "the worker that marked it died")
        futures = list(member.running)
        member.running.clear()
        with contextlib.suppress(OSError, CancelledError):
            self._crowd.client.cancel(futures, force=True)

    def _blame(self, job: Job, why: str) -> None:
        self._deaths[job, why] += 1
        if self._deaths[job, why] > ALLOWED_DEATHS:
            self._found.append(Marked(job.student, None, f"{why}, twice"))
        else:
            self._suspects.add(job)
            self._caught.append(job)

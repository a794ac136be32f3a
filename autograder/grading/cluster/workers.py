"""Manage the workers of a scheduler: they may join and leave at any time, and not all may mark.

Each worker is first asked for its grader's versions and for its walls, the layers of the sandbox
around student code. A worker is rejected if its versions differ from those of the run, or if other
workers have other walls.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable
from concurrent.futures import CancelledError
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import dask
from distributed import Client, Future

from autograder.errors import KitError
from autograder.grading.cluster import worker
from autograder.grading.cluster.address import contact, is_plain_and_outside
from autograder.grading.cluster.messages import Asked, Greeting, Hello, read, write
from autograder.grading.jobs import Job, MarkSettings
from autograder.grading.versions import differences, grader_parts
from autograder.sandbox import Protection

CONNECT_SECONDS = 15.0
STOP_SECONDS = 5.0
FETCH_SECONDS = 5.0
LOOK_SECONDS = 0.5
WAIT_SECONDS = 60.0
"""Seconds to wait for a worker that can mark."""
PREPARE_SECONDS = 300.0
"""Seconds to wait for workers that have not answered yet."""

Say = Callable[[str], None]


@dataclass(eq=False)
class Member:
    """A worker with its greeting, its answer, and the jobs that it marks."""

    address: str
    threads: int
    greeting: Future[bytes] | None = None
    protection: Protection | None = None
    fault: str = ""
    bundle: str = ""
    running: dict[Future[bytes], tuple[Job, Asked]] = field(default_factory=dict)


class Workers(contextlib.AbstractContextManager["Workers"]):
    """The workers that a scheduler had at the last request; `protections` are the workers' walls.

    `certificates` is a folder with ca.pem, cert.pem and key.pem for tls:// (default: Dask's own
    configuration); `settings` are the settings for marking; `say` shows a message to a person.
    """

    def __init__(
        self, address: str, certificates: Path | None, settings: MarkSettings, say: Say
    ) -> None:
        """Connect, wait for workers and greet them; raise KitError if a worker may not mark."""
        self.address, security = contact(address, certificates)
        self.settings, self.say = settings, say
        self.members: dict[str, Member] = {}
        self.protections: list[Protection] = []
        self._looked = 0.0
        self._lacking_since: float | None = None
        self._is_warned = False
        dask.config.set({"distributed.admin.large-graph-warning-threshold": "1GB"})
        named = {"timeout": CONNECT_SECONDS, "set_as_default": False, "name": "fdl"}
        try:
            self.client = Client(self.address, security=security, **named)
        except (OSError, TimeoutError, ValueError, TypeError, RuntimeError) as error:
            raise KitError(
                f"no Dask scheduler can be reached at {self.address} ({error}): start one with "
                "`dask scheduler`, and check the address, the port and the certificates"
            ) from error
        try:
            self._gather()
        except BaseException:
            self.__exit__()
            raise

    def __exit__(self, *_: object) -> None:
        """Disconnect from the scheduler."""
        with contextlib.suppress(OSError, TimeoutError):
            self.client.close(timeout=STOP_SECONDS)

    def fit(self) -> list[Member]:
        """Return the workers that may mark."""
        return [each for each in self.members.values() if each.protection and not each.fault]

    def running(self) -> list[Future[bytes]]:
        """Return all jobs that the workers have."""
        return [each for member in self.members.values() for each in member.running]

    def attend(self) -> list[Member]:
        """Greet new workers and read their answers; return the workers that have left.

        Raise KitError if no worker could mark for a while.
        """
        gone = []
        if time.monotonic() - self._looked >= LOOK_SECONDS:
            self._looked = time.monotonic()
            there = self._ask(self.client.nthreads)
            gone = [self.members.pop(address) for address in self.members.keys() - there.keys()]
            for address in there.keys() - self.members.keys():
                self._greet(Member(address, there[address]))
        for member in [each for each in self.members.values() if each.greeting is not None]:
            if member.greeting is not None and member.greeting.done():
                self._hear(member, member.greeting)
        self._check_hope()
        return gone

    def send(self, member: Member, what: Callable[..., bytes], *arguments: object) -> Future[bytes]:
        """Run a task on this worker and on no other."""
        there = {"workers": [member.address], "pure": False, "retries": 0}
        future: Future[bytes] = self._ask(self.client.submit, what, *arguments, **there)
        return future

    def refuse(self, member: Member, fault: str) -> None:
        """Stop using a worker, and say why."""
        member.fault = fault
        self.say(f"the worker {member.address} can't be used: {fault}")

    def _gather(self) -> None:
        """Wait until all workers have answered, or some are fit and the others take too long."""
        end = time.monotonic() + WAIT_SECONDS
        while not self.fit() or (
            time.monotonic() < end and any(each.greeting for each in self.members.values())
        ):
            self.attend()
            time.sleep(0.02)
        if any(member.fault for member in self.members.values()):
            raise KitError(f"not every worker at {self.address} can be used; see above")
        self.protections = self._behind()

    def _greet(self, member: Member) -> None:
        self.members[member.address] = member
        if is_plain_and_outside(member.address) and not self._is_warned:
            self._is_warned = True
            self.say(
                f"hidden tests and submissions go to the worker {member.address} unencrypted, and "
                "anyone who can reach its scheduler could act as a worker: use tls:// on a "
                "shared network"
            )
        member.greeting = self.send(member, worker.greet, write(Hello(self.settings.use_outer)))

    def _hear(self, member: Member, greeting: Future[bytes]) -> None:
        """Read a worker's answer to a greeting."""
        member.greeting = None
        try:
            found = read(greeting.result(timeout=FETCH_SECONDS), Greeting)
        except (TimeoutError, CancelledError):  # the next check shows whether the worker has ended
            self.members.pop(member.address)
            return
        except ImportError as error:
            fault = (
                f"this kit is not installed there ({error}): install version "
                f"{grader_parts()['kit']} with the extra `cluster`"
            )
        except Exception as error:  # an unknown worker may answer anything
            fault = f"the worker does not answer like this kit ({type(error).__name__}: {error})"
        else:
            fault = self._fault(found)
            member.protection = found.protection
        if fault:
            self.refuse(member, fault)

    def _fault(self, greeting: Greeting) -> str:
        """Return the reason why a worker may not mark, or "" if it may mark."""
        if differing := "; ".join(differences(greeting.grader, grader_parts())):
            return (
                "the worker's grader differs, so its marks may differ: install the same versions "
                "as here. "
                f"{differing}"
            )
        protection = greeting.protection
        if protection.level == "unprotected" and not self.settings.unprotected:
            advice = " ".join(f"{name} wall: {todo}" for name, _, todo in protection.advice())
            return (
                f"no wall around student code works on that machine. {advice} To mark there "
                "anyway, add --unprotected; every Report will say so"
            )
        there = self.protections or self._behind()
        is_new = protection.walls() not in [each.walls() for each in there]
        if there and (protection.level != there[0].level or (is_new and self.protections)):
            return (
                f"the worker's walls ({protection.level}) differ from those of other workers "
                f"({there[0].level}). Add what is missing (`fdl doctor` there says how), stop some "
                "workers, or use --inner-only for all. If it joined during a run, the next run can "
                "use it"
            )
        return ""

    def _behind(self) -> list[Protection]:
        return [each.protection for each in self.fit() if each.protection is not None]

    def _check_hope(self) -> None:
        if self.fit():
            self._lacking_since = None
            return
        if self.members and all(member.fault for member in self.members.values()):
            raise KitError(f"no worker at {self.address} can be used; see above")
        patience = PREPARE_SECONDS if self.members else WAIT_SECONDS
        if self._lacking_since is None:
            self._lacking_since = time.monotonic()
            if not self.members:
                self.say(f"no worker at {self.address}; waiting {patience:g} s for one")
        if time.monotonic() - self._lacking_since > patience:
            raise KitError(
                f"no worker at {self.address} could mark for {patience:g} s: start some with `dask "
                f"worker {self.address} --nthreads 1` on machines that have this kit, or wait for "
                "busy ones. Finished work is kept; run the same command to continue"
            )

    def _ask(self, question: Callable[..., Any], *arguments: object, **named: object) -> Any:
        """Ask the scheduler; raise KitError if there is no connection."""
        try:
            return question(*arguments, **named)
        except (OSError, TimeoutError, CancelledError, RuntimeError) as error:
            raise KitError(
                f"the connection to the scheduler at {self.address} was lost ({error}). Finished "
                "work is kept; run "
                "the same command to continue"
            ) from error

"""Who is there: the workers of a scheduler, which come and go, and those of them that may mark.

A worker is asked first what it is. One with another grader, or without the walls that the others
stand behind, is refused; one that is fit gets the assignment's bundle, once.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import CancelledError
from dataclasses import dataclass, field
from typing import Any

from distributed import Client, Future

from autograder.errors import KitError
from autograder.grading.classrun import Job
from autograder.grading.cluster import wire, worker
from autograder.grading.cluster.address import is_plain_and_outside
from autograder.grading.cluster.bundle import Bundle
from autograder.grading.cluster.messages import Asked, Greeting
from autograder.grading.mark import MarkSettings
from autograder.grading.versions import grader_parts
from autograder.sandbox import Protection

LOOK_SECONDS = 0.5
WAIT_SECONDS = 60.0
"""How long the run goes on without a worker that can mark."""
PREPARE_SECONDS = 300.0
"""How long it does while workers are there and have not answered yet."""
FETCH_SECONDS = 5.0

Say = Callable[[str], None]


@dataclass(frozen=True)
class Task:
    """A job that a worker has been given, and what its answer has to fit."""

    job: Job
    asked: Asked


@dataclass(eq=False)
class Member:
    """A worker: what is known of it, what it has been asked, and what it marks."""

    address: str
    threads: int
    greeting: Greeting | None = None
    is_fit: bool = False
    fault: str = ""
    bundle: str = ""
    errand: Future[bytes] | None = None
    sending: str = ""
    running: dict[Future[bytes], Task] = field(default_factory=dict)

    @property
    def protection(self) -> Protection:
        """What student code runs behind there."""
        assert self.greeting is not None
        return self.greeting.protection


class Crowd:
    """The workers of one scheduler, as of the last look."""

    def __init__(self, client: Client, address: str, settings: MarkSettings, say: Say) -> None:
        self.client, self.address = client, address
        self.members: dict[str, Member] = {}
        self._settings, self._say = settings, say
        self._walls: list[Any] = []
        self._looked = 0.0
        self._lacking_since: float | None = None
        self._is_told: set[str] = set()

    def gather(self) -> list[Protection]:
        """Wait for workers and greet them: what they stand behind. KitError where one is unfit."""
        self._wait_for_one()
        self.look()
        faults = [fault for fault in self._greetings() if fault]
        fit = [member for member in self.members.values() if member.is_fit]
        if faults:
            raise KitError("\n".join(faults))
        if not fit:
            raise KitError(
                f"no worker at {self.address} has answered within {PREPARE_SECONDS:g} s: they are "
                "busy with something else, or can't be reached"
            )
        if len({member.protection.level for member in fit}) > 1:
            levels = "".join(f"\n  {each.address}: {each.protection.level}" for each in fit)
            raise KitError(
                f"the workers do not all mark behind the same walls, so nothing was marked:{levels}"
                "\nPut up what is missing (`fdl doctor` there tells how), stop those workers, or "
                "mark behind the inner wall on all of them with --inner-only"
            )
        protections = [member.protection for member in fit]
        self._walls = [each.walls() for each in protections]
        return protections

    def look(self) -> list[Member]:
        """Greet those who have come; those who have gone are no members any more, and returned."""
        self._looked = time.monotonic()
        there = self._ask(self.client.nthreads)
        gone = [member for address, member in self.members.items() if address not in there]
        for member in gone:
            del self.members[member.address]
        for address, threads in there.items():
            if address not in self.members:
                member = self.members[address] = Member(address, threads)
                self._warn_of_plain(member)
                question = {"use_outer": self._settings.use_outer}
                member.errand = self.send(member, worker.greet, wire.write(question))
        return gone

    def is_time_to_look(self) -> bool:
        """Whether the last look was some time ago."""
        return time.monotonic() - self._looked >= LOOK_SECONDS

    def attend(self, bundle: Bundle) -> None:
        """Take greetings that have come in, and see to it that all who are fit get the bundle."""
        for member in list(self.members.values()):
            is_answered = member.errand is not None and member.errand.done()
            if is_answered and (fault := self._take_errand(member)):
                self._say(fault)
            if member.is_fit and member.errand is None and member.bundle != bundle.name:
                sent = wire.write({"name": bundle.name, "content": bundle.content})
                member.sending = bundle.name
                member.errand = self.send(member, worker.keep, sent)

    def ready(self, bundle: Bundle) -> list[Member]:
        """Those who can mark by the bundle now."""
        return [each for each in self.members.values() if each.bundle == bundle.name]

    def check_hope(self, bundle: Bundle) -> None:
        """KitError where nobody has been able to mark for a while; the wait is told of."""
        if self.ready(bundle):
            self._lacking_since = None
            return
        if self.members and all(member.fault for member in self.members.values()):
            raise KitError(f"no worker at {self.address} can be used; see above")
        now = time.monotonic()
        asked = any(member.errand is not None for member in self.members.values())
        if self._lacking_since is None:
            self._lacking_since = now
            if not asked:
                self._say(f"no worker is left at {self.address}; waiting for another one")
        patience = PREPARE_SECONDS if asked else WAIT_SECONDS
        if now - self._lacking_since > patience:
            raise KitError(
                f"no worker at {self.address} could mark for {patience:g} s. What was finished "
                "is kept; start workers, and the same command goes on from there"
            )

    def send(self, member: Member, what: Callable[..., bytes], *arguments: bytes) -> Future[bytes]:
        """Have one worker, and no other, do something."""
        future: Future[bytes] = self._ask(
            lambda: self.client.submit(
                what, *arguments, workers=[member.address], pure=False, retries=0
            )
        )
        return future

    def _wait_for_one(self) -> None:
        begin = time.monotonic()
        told = False
        while not self._ask(self.client.nthreads):
            if time.monotonic() - begin > WAIT_SECONDS:
                raise KitError(
                    f"no worker has come to {self.address} within {WAIT_SECONDS:g} s: start some "
                    f"with `dask worker {self.address} --nthreads 1` on machines that have this kit"
                )
            if not told:
                self._say(f"no worker at {self.address} yet; waiting {WAIT_SECONDS:g} s for one")
                told = True
            time.sleep(LOOK_SECONDS)

    def _greetings(self) -> Iterator[str]:
        """Wait for the greetings of all who are there; what is wrong with each, or nothing."""
        begin = time.monotonic()
        while waited := [each for each in self.members.values() if each.errand is not None]:
            for member in waited:
                if member.errand is not None and member.errand.done():
                    yield self._take_errand(member)
            is_one_fit = any(member.is_fit for member in self.members.values())
            if time.monotonic() - begin > (WAIT_SECONDS if is_one_fit else PREPARE_SECONDS):
                return  # the others may come late
            if self.is_time_to_look():
                self.look()
            time.sleep(0.02)

    def _take_errand(self, member: Member) -> str:
        """Take what a worker has answered to a greeting or a bundle; what is wrong, or nothing."""
        errand, member.errand = member.errand, None
        assert errand is not None
        try:
            data = wire.read(errand.result(timeout=FETCH_SECONDS))
            if member.greeting is None:
                member.greeting = Greeting.from_data(data)
                fault = self._unfit(member.greeting)
                member.is_fit = not fault
            elif not (fault := str(data.get("refused", ""))):
                member.bundle = member.sending
        except (TimeoutError, CancelledError):  # the next look tells whether it has gone
            if member.greeting is None:
                self.members.pop(member.address, None)
            return ""
        except ImportError as error:
            fault = (
                f"it has not got this kit ({error}): install it there in the version "
                f"{grader_parts()['kit']}, with the extra `cluster`"
            )
        except Exception as error:  # whatever a strange worker may answer
            fault = f"it does not answer as this kit does ({type(error).__name__}: {error})"
        if fault:
            member.is_fit, member.fault = False, fault
            return f"the worker {member.address} can't be used: {fault}"
        return ""

    def _unfit(self, greeting: Greeting) -> str:
        """Why a worker may not mark; empty where it may."""
        if differing := list(_differences(greeting.grader, grader_parts())):
            return (
                "it has another grader, whose marks may be others. Install the same there as here: "
                + "; ".join(differing)
            )
        protection = greeting.protection
        if protection.level == "unprotected" and not self._settings.unprotected:
            advice = " ".join(f"{name} wall: {todo}" for name, _, todo in protection.advice())
            return (
                f"no wall between student code and that machine can be put up. {advice} To mark "
                "there all the same, say so with --unprotected; every Report will tell"
            )
        if self._walls and protection.walls() not in self._walls:
            return (
                f"it came after the run had begun, and marks behind other walls "
                f"({protection.level}) than those that were there: the next run can use it"
            )
        return ""

    def _warn_of_plain(self, member: Member) -> None:
        if is_plain_and_outside(member.address) and "plain" not in self._is_told:
            self._is_told.add("plain")
            self._say(
                f"hidden tests and submissions go from the scheduler to the worker "
                f"{member.address} unencrypted, and whoever can reach that scheduler could be a "
                "worker: use tls:// on a network that others share"
            )

    def _ask(self, question: Callable[[], Any]) -> Any:
        """An answer of the scheduler; KitError where it has gone."""
        try:
            return question()
        except (OSError, TimeoutError, CancelledError, RuntimeError) as error:
            raise KitError(
                f"the scheduler at {self.address} is gone ({error}). What was finished is kept; "
                "the same command goes on from there"
            ) from error


def _differences(there: Mapping[str, str], here: Mapping[str, str]) -> Iterator[str]:
    """The parts of two graders that are not the same, in words."""
    names = [name for name in {**here, **there} if there.get(name) != here.get(name)]
    for name in names:
        yield f"{name} {_short(name, there)} there, {_short(name, here)} here"
    if names and "kit" not in names:
        yield f"both call themselves version {here['kit']} of the kit"


def _short(name: str, parts: Mapping[str, str]) -> str:
    """A part's version on one line; of a hash, the beginning."""
    value = " ".join(parts.get(name, "none").split())
    return value[:12] if name == "code" else value

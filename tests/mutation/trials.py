"""Puts mutants before the hidden tests, each in a process of its own with bounded time and memory.

The process is a fork of this one, in which everything is imported and read already.
"""

from __future__ import annotations

import gc
import multiprocessing
import os
import resource
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from multiprocessing.context import ForkProcess

from autograder.grading.inprocess import LocalMarker

from .mutants import Mutant

SECONDS = 60.0
"""After which a mutant has failed to answer; the reference needs a tenth of a second."""

MEMORY = 4 << 30
"""Address space of a mutant's process, in bytes."""

Lost = dict[str, float]
"""The share of its points that each item lost."""


@dataclass(frozen=True)
class Trial:
    """What the hidden tests made of a mutant: for each seed, which share of an item's points went.

    `stopped` tells that it took too long, or too much memory.
    """

    mutant: Mutant
    lost: tuple[Lost, ...] = ()
    stopped: bool = False

    @property
    def caught(self) -> bool:
        """Whether it loses points on the inputs of every seed that was tried."""
        return self.stopped or all(any(lost.values()) for lost in self.lost)


@dataclass(frozen=True)
class _Running:
    mutant: Mutant
    process: ForkProcess
    deadline: float


def try_all(
    markers: Sequence[LocalMarker], mutants: Iterable[Mutant], *, seconds: float = SECONDS
) -> Iterator[Trial]:
    """Try every mutant on the inputs of each marker's seed; the trials come in any order."""
    gc.collect()
    gc.freeze()  # so that the forks share their memory with this process
    running: dict[Connection, _Running] = {}
    waiting = iter(mutants)
    count = os.cpu_count() or 1
    more = True
    while more or running:
        while more and len(running) < count:
            mutant = next(waiting, None)
            if mutant is None:
                more = False
            else:
                _start(markers, mutant, seconds, running)
        yield from _finished(running)


def _start(
    markers: Sequence[LocalMarker],
    mutant: Mutant,
    seconds: float,
    running: dict[Connection, _Running],
) -> None:
    context = multiprocessing.get_context("fork")
    answer, end = context.Pipe(duplex=False)
    process = context.Process(target=_try, args=(markers, mutant, end), daemon=True)
    process.start()
    end.close()
    running[answer] = _Running(mutant, process, time.monotonic() + seconds)


def _try(markers: Sequence[LocalMarker], mutant: Mutant, end: Connection) -> None:
    """The process of one mutant; further seeds only as long as their tests may find otherwise."""
    gc.disable()
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    text = f"del {mutant.name}\n{mutant.source}"
    code = compile(text, "<mutant>", "exec", dont_inherit=True)
    found: list[Lost] = []
    for marker in markers:
        marking = marker.mark(mutant.problem, {mutant.name: code}, mutant.items)
        found.append({item: round(marking.lost(item), 6) for item in mutant.items})
        outcomes = [o for item in mutant.items for o in marking.outcomes[item]]
        if not any(found[-1].values()) or not any(o.passed for o in outcomes):
            break
    end.send(found)
    end.close()


def _finished(running: dict[Connection, _Running]) -> Iterator[Trial]:
    """Wait for some process to end, and end those whose time is over."""
    first = min((run.deadline for run in running.values()), default=time.monotonic())
    ready = wait(list(running), max(first - time.monotonic(), 0.0))
    for answer in [answer for answer in running if isinstance(answer, Connection)]:
        run = running[answer]
        late = time.monotonic() > run.deadline
        if answer not in ready and not late:
            continue
        del running[answer]
        yield _trial(run, answer if answer in ready else None)
        run.process.kill()
        run.process.join()
        answer.close()


def _trial(run: _Running, answer: Connection | None) -> Trial:
    """What came of it; a process that ended without a word ran out of memory."""
    try:
        found = answer.recv() if answer is not None else None
    except EOFError:
        found = None
    return Trial(run.mutant, tuple(found or ()), stopped=found is None)

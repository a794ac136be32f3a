"""Runs the hidden tests on mutants, each in its own process with bounded time and memory.

The process is a fork of this process, which has already imported and read everything.
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
"""Seconds after which a mutant counts as failed; the reference needs a tenth of a second."""

MEMORY = 4 << 30
"""Address space of a mutant's process, in bytes."""

Lost = dict[str, float]
"""The share of its points that each item lost."""


@dataclass(frozen=True)
class Trial:
    """The results of the hidden tests for a mutant: the lost shares of the items' points, by seed.

    `stopped` means that the mutant took too long, or too much memory.
    """

    mutant: Mutant
    lost: tuple[Lost, ...] = ()
    stopped: bool = False

    @property
    def caught(self) -> bool:
        """Return whether the mutant loses points on the inputs of every tried seed."""
        return self.stopped or all(any(lost.values()) for lost in self.lost)


@dataclass(frozen=True)
class _Running:
    mutant: Mutant
    process: ForkProcess
    deadline: float


def try_all(
    markers: Sequence[LocalMarker], mutants: Iterable[Mutant], *, seconds: float = SECONDS
) -> Iterator[Trial]:
    """Try every mutant on the inputs of each marker's seed; yield the trials in any order."""
    gc.collect()
    gc.freeze()  # the forks share this memory
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
    """Run one mutant's process; try further seeds only while these seeds may change the result."""
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
    """Wait for a process to end, and end processes whose time is over."""
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
    """Return the trial of a process; a process without output ran out of memory."""
    try:
        found = answer.recv() if answer is not None else None
    except EOFError:
        found = None
    return Trial(run.mutant, tuple(found or ()), stopped=found is None)

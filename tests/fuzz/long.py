"""A long run of hostile frames from one seed: `python -m tests.fuzz.long --frames 1000000`.

Every case is made from the seed and the case's number, so a failed case can be repeated:
`python -m tests.fuzz.long --seed 7 --case 123456`. The process may use only MEMORY bytes more than
after its imports. A call may take SLACK seconds longer than its deadline, not counting time in
which other processes had the processor. The last line of the output is JSON.
"""

from __future__ import annotations

import argparse
import json
import random
import resource
import sys
import time
import warnings
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from . import targets
from .source import case

MEMORY = 512 * 2**20
SLACK = 2.0
WEIGHTS = {"channel": 50, "wire": 30, "student": 12, "cell": 4, "reply": 4}


class FailedCase(Exception):
    """A case that ended in a forbidden way; the text says how to repeat the case."""


def run_case(seed: int, number: int) -> tuple[str, str]:
    """Run one case; return its target and how it ended."""
    rng = case(seed, number)
    name = rng.choices(list(WEIGHTS), list(WEIGHTS.values()))[0]
    try:
        outcome = targets.FRAMES[name](rng)
    except Exception as error:
        raise FailedCase(
            f"{name} ended with {type(error).__name__}: {error}; again: "
            f"python -m tests.fuzz.long --seed {seed} --case {number}"
        ) from error
    return name, outcome


def run(frames: int, seed: int) -> Iterator[dict[str, Any]]:
    """Run cases until the grader has read `frames` frames; yield the state now and then."""
    outcomes: Counter[str] = Counter()
    number = slowest = 0
    started, before = time.monotonic(), _peak()
    tally = targets.tally = targets.Tally()

    def state() -> dict[str, Any]:
        seconds = time.monotonic() - started
        return {
            "seed": seed,
            "frames": tally.frames,
            "calls": number,
            "seconds": round(seconds, 1),
            "frames_per_second": round(tally.frames / seconds),
            "longest_call": round(tally.longest, 3),
            "its_case": slowest,
            "deadline": targets.SECONDS,
            "peak_growth_mb": round((_peak() - before) / 2**20, 1),
            "outcomes": dict(sorted(outcomes.items())),
        }

    while tally.frames < frames:
        longest = tally.longest
        name, outcome = run_case(seed, number)
        slowest = number if tally.longest > longest else slowest
        outcomes[f"{name}: {outcome}"] += 1
        number += 1
        if number % 25_000 == 0:
            yield state()
    yield state()


def _peak() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def limit_memory(more: int) -> None:
    """Limit this process's address space to `more` bytes above its present size."""
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    most = pages * resource.getpagesize() + more
    resource.setrlimit(resource.RLIMIT_AS, (most, most))


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--frames", type=int, default=1_000_000)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(10**6))
    parser.add_argument("--case", type=int, help="this case of the seed alone")
    chosen = parser.parse_args()
    warnings.simplefilter("ignore", RuntimeWarning)  # sums of infinities
    if chosen.case is not None:
        print(*run_case(chosen.seed, chosen.case))
        return
    print(f"seed {chosen.seed}", flush=True)
    limit_memory(MEMORY)
    for state in run(chosen.frames, chosen.seed):
        print(json.dumps(state), flush=True)
    if state["longest_call"] > state["deadline"] + SLACK:
        sys.exit(f"a call outlived its deadline: case {state['its_case']}")


if __name__ == "__main__":
    main()

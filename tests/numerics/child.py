"""One way to solve one problem, alone in a process.

`python -m tests.numerics.child PROBLEM WAY ROUNDS FILE` saves its answer as FILE and
waits for a line. The program measures times only after it has read a line, because the time of a
wrong answer has no meaning. The last printed line is JSON: seconds of each round, and bytes of
memory before the first answer and at the peak.
"""

from __future__ import annotations

import importlib
import json
import sys
import time
from pathlib import Path

import numpy as np

from tests.numerics.problems import PROBLEMS
from tests.numerics.ways import WAYS

LONG = 30.0
"""Seconds.

Seconds that the first answer may take; a slower first answer is the only round.
"""


def peak_memory() -> int:
    """Return the highest memory of this process, in bytes.

    `getrusage` is not used: its maximum survives exec, so this maximum would include the parent's
    memory.
    """
    for line in Path("/proc/self/status").read_text(encoding="ascii").splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) * 1024
    raise OSError("/proc/self/status has no line VmHWM; is this Linux?")


def main(number: int, index: int, rounds: int, file: str) -> None:
    """Compute the answer, wait for permission, and measure the time."""
    problem = PROBLEMS[number]
    way = WAYS[problem.task][index]
    importlib.import_module(way.module)
    inputs = problem.inputs()
    before = peak_memory()
    answer = way.prepare(*inputs)
    started = time.perf_counter()
    np.save(file, answer())
    first = time.perf_counter() - started
    print("answered", flush=True)
    if not sys.stdin.readline():
        return
    seconds = [first] if first > LONG else []
    for _ in range(0 if seconds else rounds):
        started = time.perf_counter()
        answer()
        seconds.append(time.perf_counter() - started)
    found = {"first": first, "seconds": seconds, "before": before, "peak": peak_memory()}
    print(json.dumps(found))


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]), sys.argv[4])

"""Coverage-guided fuzzing of one target: `python -m tests.fuzz.guided wire -max_total_time=60`.

Atheris (libFuzzer for Python) watches which code of the readers its bytes reach. Atheris keeps
inputs that reach more code, and changes these inputs further. If a run fails, the process ends with
a non-zero code and writes the failing bytes to a file. To repeat a failure, give the file with the
failing bytes as the last argument. If this file is the last argument, the failure is repeated.
"""

from __future__ import annotations

import atexit
import dis
import operator
import random
import signal
import sys
import tempfile
import warnings
from functools import cache
from pathlib import Path
from typing import Any

import atheris
from atheris.version_dependent import CMP_OP_SHIFT_AMOUNT

READERS = [
    "autograder.sandbox.inside.wire",
    "autograder.sandbox.inside.peer",
    "autograder.sandbox.figurerecord",
    "autograder.sandbox.student",
    "autograder.sandbox.session",
    "autograder.submission",
    "autograder.grading.report",
]

with atheris.instrument_imports(include=READERS):
    from . import frames
    from .source import Bits, case
    from .targets import TARGETS

LIMITS = ["-max_len=4096", "-len_control=0", "-rss_limit_mb=1024", "-timeout=20"]
SEEDS = 40

OPERATORS = {
    "<": operator.lt,
    "<=": operator.le,
    "==": operator.eq,
    "!=": operator.ne,
    ">": operator.gt,
    ">=": operator.ge,
}


@cache
def hide_arrays() -> None:
    """Let Atheris see only comparisons of types that help Atheris to learn; start Atheris once.

    Atheris never frees the result of a comparison that it sees. True and False take no memory, but
    an array is a new object for each comparison. Atheris installs its function when fuzzing begins,
    so call this function after the start.
    """
    seen = atheris._trace_cmp

    def compare(left: Any, right: Any, code: int, *place: Any) -> Any:
        if isinstance(left, (int, str, bytes)) and isinstance(right, (int, str, bytes)):
            return seen(left, right, code, *place)
        return OPERATORS[dis.cmp_op[code >> CMP_OP_SHIFT_AMOUNT]](left, right)

    atheris._trace_cmp = compare


def seed(name: str, rng: random.Random) -> bytes:
    """Return bytes to start with: choices for a maker of input, or a frame's body."""
    if name != "raw":
        return rng.randbytes(rng.choice([50, 500, 2_000]))
    frame = frames.honest(rng)
    arrays = int.from_bytes(frame[4:8], "big")
    end = len(frame) - arrays
    return bytes([arrays]) + frame[end:] + frame[8:end] if arrays < 16 else frame[8:end]


def main() -> None:
    """The command."""
    name, *options = sys.argv[1:]
    target = TARGETS[name]
    warnings.simplefilter("ignore")
    # The alarm of libFuzzer would kill the process while Python ends, and hide the exit code.
    atexit.register(signal.setitimer, signal.ITIMER_REAL, 0)
    if not any(Path(option).is_file() for option in options):
        folder = tempfile.TemporaryDirectory()
        for number in range(SEEDS):
            content = seed(name, case(number, 0))
            Path(folder.name, str(number)).write_bytes(content)
        options.append(folder.name)

    def run_once(data: bytes) -> None:
        hide_arrays()
        target(Bits(data))

    atheris.Setup([sys.argv[0], *LIMITS, "-print_final_stats=1", *options], run_once)
    atheris.Fuzz()


if __name__ == "__main__":
    main()

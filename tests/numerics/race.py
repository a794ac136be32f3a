"""Runs every way on every problem in a separate process, and compares before measuring times."""

from __future__ import annotations

import contextlib
import json
import re
import subprocess
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from tests.numerics.problems import NETWORK, PROBLEMS, Problem, distance, explicit_kernel
from tests.numerics.ways import WAYS, Way

ROOT = Path(__file__).parents[2]
TOLERANCE = 1e-6
"""Largest allowed difference relative to the largest entry: next to 0, arccos is off by 1e-8."""

MODULES = {"numpy": "numpy", "jax": "jax", "torch": "torch", "neural_tangents": "neural-tangents"}
"""The packages that take part, and the names by which they are installed."""

VERSIONS = """
import importlib, sys
from importlib.metadata import version
importlib.import_module(sys.argv[1])
names = [sys.argv[2]] + ["jax"] * (sys.argv[2] == "neural-tangents")
print(", ".join(f"{name} {version(name)}" for name in names))
"""


class ChildError(Exception):
    """A way's process ended without an answer; the text is the last line that it wrote."""


class DisagreementError(Exception):
    """Two ways to compute one answer differ, so that their times have no meaning."""


@dataclass(frozen=True)
class Home:
    """A module's interpreter, which can import the module, and the installed versions."""

    python: str
    versions: str


@dataclass(frozen=True)
class Result:
    """The result of one way on one problem; `why` gives the reason if nothing was measured."""

    problem: str
    way: str
    why: str = ""
    seconds: tuple[float, ...] = ()
    memory: int = 0
    """Highest memory in bytes, beyond the memory of the imports and the inputs."""
    peak: int = 0
    off: float = 0.0
    """Distance from the kit's answer."""


def find_homes(pythons: Sequence[str]) -> dict[str, Home | str]:
    """Return each module's first interpreter that can import it, or the reason why none can."""
    return {module: _home(module, pythons) for module in MODULES}


def _home(module: str, pythons: Sequence[str]) -> Home | str:
    name, why = MODULES[module], []
    for python in pythons:
        command = [python, "-c", VERSIONS, module, name]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode == 0:
            return Home(python, done.stdout.strip().splitlines()[-1])
        why.append((done.stderr.strip().splitlines() or ["no message"])[-1])
    missing = all(line.startswith("ModuleNotFoundError") for line in why)
    return f"{name} is not installed" if missing else f"{name} cannot be imported: {why[-1]}"


def race(
    homes: Mapping[str, Home | str],
    problems: Iterable[Problem],
    rounds: int,
    tell: Callable[[str], None] = lambda _: None,
) -> list[Result]:
    """Return all results; DisagreementError if a way's answer differs from the kit's.

    If a library fails at a problem, the library's result contains the reason. If the kit's own way
    fails, ChildError is raised.
    """
    found = []
    with tempfile.TemporaryDirectory() as folder:
        for problem in problems:
            expected: np.ndarray | None = None
            for index, way in enumerate(WAYS[problem.task]):
                home = homes[way.module]
                why = home if isinstance(home, str) else _too_much(problem, way)
                if isinstance(home, str) or why:
                    found.append(Result(str(problem), way.name, why))
                    continue
                tell(f"{problem}: {way.name}")
                file = Path(folder) / "answer.npy"
                try:
                    with _child(home.python, problem, index, rounds, file) as child:
                        answer = child.answer()
                        off = check(problem, way, answer, expected)
                        found.append(child.result(problem, way, off))
                except ChildError as error:
                    if expected is None:
                        raise
                    found.append(Result(str(problem), way.name, f"failed: {error}"))
                else:
                    expected = answer if expected is None else expected
    return found


def check(problem: Problem, way: Way, answer: np.ndarray, expected: np.ndarray | None) -> float:
    """Return the distance between an answer and the kit's answer or another known answer.

    Raise DisagreementError if the distance is too large.
    """
    if expected is not None:
        off = distance(answer, expected)
    elif problem.task == NETWORK:
        off = distance(answer[:3, :3], explicit_kernel(problem.inputs(), 3))
    else:
        off = 0.0  # the following ways use other libraries
    if not off <= TOLERANCE:
        raise DisagreementError(
            f"{problem}: the answer of {way.name} is off by {off:.1e} of the largest entry, and "
            f"{TOLERANCE:.0e} is allowed; no time of it would mean anything"
        )
    return off


def _too_much(problem: Problem, way: Way) -> str:
    gigabytes = problem.gigabytes_of_jacobian()
    if way.jacobian and gigabytes > 2:
        return f"not run: its Jacobian alone takes {gigabytes:,.0f} GB"
    if any(problem.size[letter] > most for letter, most in way.most.items()):
        return "not run: takes too long"
    return ""


@dataclass(frozen=True)
class _Child:
    """A process of `tests.numerics.child`, and the file in which it saves its answer."""

    process: subprocess.Popen[str]
    file: Path

    def answer(self) -> np.ndarray:
        """Return the process's answer; raise ChildError if there is none."""
        self._line()
        return np.asarray(np.load(self.file))

    def result(self, problem: Problem, way: Way, off: float) -> Result:
        """Start the measurement and return its result."""
        assert self.process.stdin is not None
        self.process.stdin.write("go\n")
        self.process.stdin.flush()
        found = json.loads(self._line())
        return Result(
            str(problem),
            way.name,
            seconds=tuple(found["seconds"]),
            memory=found["peak"] - found["before"],
            peak=found["peak"],
            off=off,
        )

    def _line(self) -> str:
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        if not line:
            code = self.process.wait()
            written = self.file.with_suffix(".log").read_text(errors="replace").splitlines()
            errors = [each for each in written if re.match(r"[\w.]+(Error|Exception)\b", each)]
            raise ChildError((errors or written or [f"ended with code {code}"])[-1])
        return line


@contextlib.contextmanager
def _child(python: str, problem: Problem, index: int, rounds: int, file: Path) -> Iterator[_Child]:
    numbers = map(str, (PROBLEMS.index(problem), index, rounds))
    command = [python, "-m", "tests.numerics.child", *numbers, str(file)]
    pipe = subprocess.PIPE
    with (
        file.with_suffix(".log").open("w") as log,
        subprocess.Popen(
            command, cwd=ROOT, stdin=pipe, stdout=pipe, stderr=log, text=True
        ) as process,
    ):
        try:
            yield _Child(process, file)
        finally:
            process.kill()

"""A student without a sandbox: hidden tests run in this process, on functions defined here.

`LocalStudent` behaves as the proxy of the sandbox does: arguments and answers cross as copies in
the wire's encoding, functions that are passed in are called with plain data, figures arrive as
FigureData, and errors become StudentFailure. `mark` runs the hidden tests of one problem and counts
points by the kit's rule. Only for functions that we wrote: nothing is confined.
"""

from __future__ import annotations

import importlib.util
import inspect
import itertools
import sys
import zlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import CodeType, FunctionType, ModuleType
from typing import Any

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from autograder.grading.testkit import ClaimFailed
from autograder.sandbox.figuredata import FigureData
from autograder.sandbox.inside.figures import read_figure
from autograder.sandbox.inside.wire import HEADER, Budget, Object, Unsendable, decode, encode
from autograder.sandbox.student import BadAnswer, Missing, NotDone, Raised, StudentFailure
from solutions import hw2

mpl.use("Agg")

ROOT = Path(__file__).parents[2]
SOLUTIONS = Path(hw2.__file__).parent
HIDDEN = ROOT / "autograder" / "hidden" / "hw2"

PROBLEMS = {
    "problem1_momentum": ("momentum", "figures"),
    "problem2_landscape": ("landscape", "figures"),
    "problem3_ntk": ("ntk", "figures"),
}
"""The solutions that a finished notebook of each problem defines."""

Names = dict[str, Any]


# --- The student ----------------------------------------------------------------------------------


class LocalStudent:
    """A fresh world with the reference's names in it, some of them replaced by `answers`.

    Functions among the answers see that world, as they would if they stood in the notebook.
    """

    def __init__(
        self, problem: str, answers: Mapping[str, Any], forget: tuple[str, ...] = ()
    ) -> None:
        self._problem, self._answers, self._forget = problem, dict(answers), forget
        self._world: Names | None = None
        self._last: tuple[Any, ...] = ()

    def __getattr__(self, name: str) -> Callable[..., Any]:
        if name.startswith("_"):
            raise AttributeError(name)

        def call(*args: Any, **kwargs: Any) -> Any:
            self._last = tuple(to_student(arg) for arg in args)
            named = {key: to_student(value) for key, value in kwargs.items()}
            function = self._look_up(name)
            try:
                answer = function(*self._last, **named)
            except NotImplementedError:
                raise NotDone("Not written yet.") from None
            except StudentFailure:
                raise
            except Exception as error:
                raise Raised(f"It raised a {type(error).__name__}.", "", None) from error
            return to_grader(answer)

        return call

    def value(self, name: str) -> Any:
        return to_grader(self._look_up(name))

    @property
    def arguments_after(self) -> tuple[Any, ...]:
        return tuple(None if callable(arg) else to_grader(arg) for arg in self._last)

    def without(self, *names: str) -> LocalStudent:
        return LocalStudent(self._problem, self._answers, (*self._forget, *names))

    def _look_up(self, name: str) -> Any:
        if self._world is None:
            self._world = self._make_world()
        if name not in self._world:
            raise Missing(f"`{name}` is not defined in the notebook.")
        return self._world[name]

    def _make_world(self) -> Names:
        world: Names = {"__name__": "__main__"}
        for module in PROBLEMS[self._problem]:
            exec(_compiled(module), world)
        for name, answer in self._answers.items():
            world[name] = _moved(answer, world)
        for name in self._forget:
            world.pop(name, None)
        return world


@cache
def _compiled(module: str) -> CodeType:
    path = SOLUTIONS / f"{module}.py"
    return compile(path.read_text(encoding="utf-8"), str(path), "exec")


def _moved(answer: Any, world: Names) -> Any:
    """A function of ours as if it had been defined in the student's world."""
    if not isinstance(answer, FunctionType):
        return answer
    code, name = answer.__code__, answer.__name__
    moved = FunctionType(code, world, name, answer.__defaults__, answer.__closure__)
    moved.__kwdefaults__ = answer.__kwdefaults__
    return moved


def to_student(value: Any) -> Any:
    """A copy of an argument; a function becomes one that is called with plain data."""
    if callable(value):
        return _Crossing(value)
    if isinstance(value, dict):
        return {key: to_student(part) for key, part in value.items()}
    return _crossed(value)


class _Crossing:
    """A function of the test's as the student's code has it: it is called with copies."""

    def __init__(self, function: Callable[..., Any]) -> None:
        self._function = function

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        named = {key: to_grader(value) for key, value in kwargs.items()}
        return to_student(self._function(*(to_grader(arg) for arg in args), **named))


def to_grader(value: Any) -> Any:
    """An answer, or an argument of a call back, as it arrives: plain data or FigureData."""
    if isinstance(value, _Crossing):
        return value._function
    if isinstance(value, FunctionType):
        return lambda *args: to_grader(value(*(to_student(arg) for arg in args)))
    try:
        return _opened(_crossed(value))
    except Unsendable as error:
        raise BadAnswer("The answer is of a kind that can't be marked.") from error


def _crossed(value: Any) -> Any:
    frame = encode(value, Budget(), adapt=_read_figure)
    length, _ = HEADER.unpack(frame[: HEADER.size])
    body = frame[HEADER.size :]
    return decode(body[:length], body[length:])


def _read_figure(value: object) -> object:
    if isinstance(value, Axes):
        value = value.figure
    if isinstance(value, Figure):
        return Object("figure", read_figure(value))
    return value


def _opened(value: Any) -> Any:
    if isinstance(value, Object):
        return FigureData.from_wire(value.value)
    if isinstance(value, (list, tuple)):
        return type(value)(_opened(part) for part in value)
    if isinstance(value, dict):
        return {key: _opened(part) for key, part in value.items()}
    return value


# --- Running hidden tests -------------------------------------------------------------------------


@dataclass(frozen=True)
class Case:
    """One hidden test with one set of parameters."""

    function: Callable[..., None]
    parameters: Mapping[str, Any]
    item: str
    part: str
    costs: float

    @property
    def name(self) -> str:
        return f"{self.function.__name__}[{'-'.join(map(str, self.parameters.values()))}]"


@dataclass(frozen=True)
class Outcome:
    """What one run of a case found."""

    case: Case
    passed: bool
    message: str = ""


@cache
def hidden_module(problem: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(problem, HIDDEN / f"test_{problem}.py")
    assert spec is not None
    assert spec.loader is not None
    module = sys.modules[problem] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@cache
def hidden_cases(problem: str) -> tuple[Case, ...]:
    """Every case of every hidden test of the problem."""
    functions = [
        function
        for name, function in vars(hidden_module(problem)).items()
        if name.startswith("test_") and inspect.isfunction(function)
    ]
    return tuple(case for function in functions for case in _cases(function))


def _cases(function: Any) -> Iterator[Case]:
    marks = {mark.name: mark for mark in function.pytestmark}
    grids = [_grid(mark) for mark in function.pytestmark if mark.name == "parametrize"]
    for combination in itertools.product(*grids):
        parameters = {name: value for part in combination for name, value in part.items()}
        item = marks["item"]
        yield Case(function, parameters, item.args[0], item.kwargs["part"], item.kwargs["costs"])


def _grid(mark: Any) -> list[dict[str, Any]]:
    names = mark.args[0]
    if isinstance(names, str):
        names = [name.strip() for name in names.split(",")]
    rows = [row if len(names) > 1 else (row,) for row in mark.args[1]]
    return [dict(zip(names, row, strict=True)) for row in rows]


def run(
    case: Case, problem: str, answers: Mapping[str, Any], seed: int, scenes: list[Any] | None = None
) -> Outcome:
    """Run one case; whatever it raises that is no failed claim is a fault of the test."""
    rng = np.random.default_rng([seed, zlib.crc32(case.name.encode())])
    student = LocalStudent(problem, answers)
    fixtures = {"student": student, "rng": rng, "scenes": [] if scenes is None else scenes}
    wanted = inspect.signature(case.function).parameters
    used = {name: value for name, value in fixtures.items() if name in wanted}
    try:
        case.function(**used, **case.parameters)
    except (ClaimFailed, StudentFailure) as failure:
        return Outcome(case, False, str(failure))
    finally:
        plt.close("all")
    return Outcome(case, True)


def run_items(
    problem: str, answers: Mapping[str, Any], seed: int, items: frozenset[str] | None = None
) -> list[Outcome]:
    """Run the cases of some items, or of all items of the problem."""
    chosen = [case for case in hidden_cases(problem) if items is None or case.item in items]
    scenes: list[Any] = []
    return [run(case, problem, answers, seed, scenes) for case in chosen]


def shares(outcomes: list[Outcome]) -> dict[str, float]:
    """The share of its points that each item earns, by the kit's rule."""
    return {
        item: _share([outcome for outcome in outcomes if outcome.case.item == item])
        for item in dict.fromkeys(outcome.case.item for outcome in outcomes)
    }


def _share(outcomes: list[Outcome]) -> float:
    parts: dict[str, bool] = {}
    lost: dict[str, float] = {}
    for outcome in outcomes:
        case = outcome.case
        if case.costs and not outcome.passed:
            lost[case.function.__name__] = case.costs
        elif not case.costs:
            parts[case.part] = parts.get(case.part, True) and outcome.passed
    return max(sum(parts.values()) / len(parts) - sum(lost.values()), 0.0)

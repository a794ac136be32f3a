"""Visible checks of HOMEWORK: what is right so far, and what to look at next.

Each item that is marked by tests has a function here, named like the item (`p1-newton` is
`p1_newton`), and a cell of its notebook calls it with `globals()`. It tries your functions on an
example small enough for pen and paper. A ✓ is a good sign, not a mark: the hidden tests use other
and harder inputs.
"""

from __future__ import annotations

import functools
import io
import traceback
from collections.abc import Callable, Iterator, Mapping
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from typing import Any, Literal

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure

Names = Mapping[str, Any]
"""What a notebook has defined so far: its `globals()`."""

TOLERANCE = 2e-3
"""Allowed deviation: largest error divided by the largest entry of the right answer."""


# --- The items ----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Item:
    """One thing that is marked; `answers` are the names to define, empty where a person reads."""

    name: str
    points: int
    answers: tuple[str, ...] = ()
    bonus: bool = False


PROBLEMS: Mapping[str, tuple[Item, ...]] = {
    "problem1_newton": (
        Item("p1-newton", 2, ("newton",)),
        Item("p1-plot", 1, ("plot_errors",)),
        Item("p1-proof", 2),
        Item("p1-order", 1, ("convergence_order",), bonus=True),
    ),
}


# --- What every check shares --------------------------------------------------------------------

State = Literal["passed", "open", "wrong"]
Body = Callable[[Names], Iterator[str]]
"""A check's own part: yields a line for each comparison that holds, raises `CheckError` at the
first that does not."""

_BODIES: dict[str, Body] = {}


class CheckError(Exception):
    """What a check found wrong, in words for the student."""

    def __init__(self, state: State, message: str) -> None:
        super().__init__(message)
        self.state: State = state


@dataclass(frozen=True)
class _Result:
    """The outcome of one check: the comparisons that held, then what did not."""

    state: State
    held: tuple[str, ...]
    message: str = ""


def _check(body: Body) -> Callable[[Names], None]:
    """Make a body into the check that a notebook calls: prints its outcome, never raises."""
    item = body.__name__.replace("_", "-")
    _BODIES[item] = body

    @functools.wraps(body)
    def check(names: Names) -> None:
        print(_told(item, _examine(item, names)))

    return check


def _examine(item: str, names: Names) -> _Result:
    """Run one check; whatever happens in it becomes a result, and its figures are closed."""
    held: list[str] = []
    before = set(plt.get_fignums())
    try:
        for line in _BODIES[item](names):
            held.append(line)
    except CheckError as error:
        return _Result(error.state, tuple(held), str(error))
    except Exception as error:
        return _Result("wrong", tuple(held), f"The check could not go on: {_named(error)}")
    finally:
        for number in set(plt.get_fignums()) - before:
            plt.close(number)
    return _Result("passed", tuple(held))


def _told(item: str, result: _Result) -> str:
    """A result as text: a headline, the comparisons that held, and what did not."""
    headline = {
        "passed": f"✓ {item}: the visible check passes.",
        "open": f"… {item}: not done yet.",
        "wrong": f"✗ {item}: not right yet.",
    }[result.state]
    lines = [headline, *(f"  ✓ {line}" for line in result.held)]
    if result.message:
        mark = "…" if result.state == "open" else "✗"
        lines.append(f"  {mark} " + result.message.replace("\n", "\n    "))
    return "\n".join(lines)


def _named(error: BaseException) -> str:
    """An error in one line, as Python's own tracebacks end."""
    return traceback.format_exception_only(error)[-1].strip()


def _call(names: Names, name: str, *arguments: Any) -> Any:
    """Call the notebook's function `name`; an error in it becomes a message."""
    if not callable(names.get(name)):
        raise CheckError("open", f"There is no function `{name}` yet: run the cell that has it.")
    try:
        return names[name](*arguments)
    except NotImplementedError:
        raise CheckError(
            "open", f"`{name}` still raises NotImplementedError: put your code in that line's place."
        ) from None
    except (Exception, SystemExit) as error:
        raise CheckError("wrong", f"`{name}` stopped with {_named(error)}") from None


def _close(answer: Any, expected: Any, what: str) -> str:
    """Compare an answer with the right one; the line that says how close it came."""
    right = np.asarray(expected, dtype=float)
    try:
        array = np.asarray(answer, dtype=float)
    except (TypeError, ValueError):
        raise CheckError("wrong", f"{what}: this is no array of numbers: {answer!r}") from None
    if array.shape != right.shape:
        raise CheckError("wrong", f"{what}: shape {array.shape}, it should be {right.shape}.")
    deviation = float(np.max(np.abs(array - right)) / (np.max(np.abs(right)) or 1.0))
    if not deviation <= TOLERANCE:
        raise CheckError("wrong", f"{what}. Yours:\n{array}\nExpected:\n{right}")
    return f"{what}: as expected (relative deviation {deviation:.1e}, allowed {TOLERANCE})"


# --- Problem 1 ----------------------------------------------------------------------------------


@_check
def p1_newton(names: Names) -> Iterator[str]:
    """Two steps for f(x) = x² − 2 from 2, worked out by hand: 2, 3/2, 17/12."""
    answer = _call(names, "newton", lambda x: x**2 - 2, lambda x: 2 * x, 2.0, 2)
    yield _close(answer, (2, 3 / 2, 17 / 12), "Two steps from 2 for x² − 2")


@_check
def p1_plot(names: Names) -> Iterator[str]:
    """Two short runs around the root 1."""
    runs = {"one": np.array([3.0, 0.5, 1.25]), "two": np.array([0.0, 1.5])}
    figure = _call(names, "plot_errors", 1.0, runs)
    if not isinstance(figure, Figure) or not figure.axes:
        raise CheckError("wrong", "End the function with `return figure`, a Figure with axes.")
    lines = [line for axes in figure.axes for line in axes.get_lines()]
    for label, heights in {"one": (2, 0.5, 0.25), "two": (1, 0.5)}.items():
        x, y = np.arange(len(heights)), np.array(heights)
        if not any(np.array_equal(np.shape(line.get_xydata()), (len(x), 2))
                   and np.allclose(line.get_xydata(), np.column_stack([x, y]))
                   for line in lines):  # fmt: skip
            raise CheckError("wrong", f"No line shows run {label!r}: x = {x}, y = {y}.")
        yield f"run {label!r} is a line against the steps"
    legends = [axes.get_legend() for axes in figure.axes if axes.get_legend()]
    if not legends or any(not (a.get_xlabel() and a.get_ylabel()) for a in figure.axes):
        raise CheckError("wrong", "A legend and a label on both axes belong into the figure.")
    yield "there is a legend, and both axes have a label"


@_check
def p1_order(names: Names) -> Iterator[str]:
    """Errors of 1/2, 1/4 and 1/16 on both sides of the root 1: each is the square of the last."""
    answer = _call(names, "convergence_order", np.array([1.5, 0.75, 1.0625]), 1.0)
    yield _close(answer, 2.0, "The order for the errors 1/2, 1/4, 1/16")


# --- The notebook as a whole --------------------------------------------------------------------


def ready(names: Names, *needed: str) -> bool:
    """Whether an experiment can run: each function that it needs gives answers. Says what lacks."""
    items = [item for found in PROBLEMS.values() for item in found]
    waits = [
        name
        for name in needed
        if any(name in i.answers and _quietly(i.name, names).state != "passed" for i in items)
    ]
    if waits:
        print("… This experiment waits for: " + ", ".join(f"`{name}`" for name in waits))
    return not waits


def _quietly(item: str, names: Names) -> _Result:
    """Run a check and keep back whatever the student's code prints."""
    with redirect_stdout(io.StringIO()), redirect_stderr(io.StringIO()):
        return _examine(item, names)


def summary(problem: str, names: Names) -> None:
    """Print which items of a problem pass their visible checks, and which are still open."""
    print(f"{problem}: where you stand\n")
    for item in PROBLEMS[problem]:
        mark, word = "✎", "your text, marked by a person"
        if item.answers:
            state = _quietly(item.name, names).state
            mark, word = {
                "passed": ("✓", "passes"),
                "open": ("…", "not done yet"),
                "wrong": ("✗", "not right yet"),
            }[state]
        print(f"  {mark} {item.name:<12} {item.points} point(s){' bonus' * item.bonus:<7} {word}")

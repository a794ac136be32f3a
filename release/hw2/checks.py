"""Visible checks of Homework 2: what is right so far, and what to look at next.

Each item that tests mark has a function here, named like the item (`p1-momentum` is
`p1_momentum`), and a cell of its notebook calls it with `globals()`. It tries your functions on
an example small enough for pen and paper. It prints what it compared and how close you came, or
what is wrong. Stuck? Each check has three hints, each more helpful than the one before: open them
below its verdict, or call `checks.hint("p1-momentum")` once, twice, three times.

When you are done, `checks.pack()` (or `python checks.py pack`) runs your saved notebooks again and
packs them into one file to hand in.

A ✓ is a good sign, not a mark: the hidden tests use other and harder inputs, and proofs and words are
read by a person.
"""

from __future__ import annotations

import ast
import functools
import html
import io
import json
import os
import platform
import re
import sys
import traceback
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, redirect_stderr, redirect_stdout, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import PathCollection
from matplotlib.figure import Figure


# --- Items and verdicts -------------------------------------------------------------------

Names = Mapping[str, Any]
"""The names that a notebook has defined so far: its `globals()`."""

State = Literal["passed", "missing", "open", "broken", "wrong"]
"""missing: not defined; open: not done yet; broken: no usable answer; wrong: a wrong answer."""


@dataclass(frozen=True)
class Item:
    """An item; `answers` are the names to define, empty for a text that a person marks."""

    name: str
    points: float
    answers: tuple[str, ...] = ()
    bonus: bool = False

    @property
    def worth(self) -> str:
        """The points as text."""
        return f"{self.points:g} {'bonus ' * self.bonus}point{'s' * (self.points != 1)}"


class CheckError(Exception):
    """A fault that a check found, in words for the student."""

    def __init__(self, state: State, message: str) -> None:
        super().__init__(message)
        self.state: State = state


def named(error: BaseException) -> str:
    """Return an error as one line, like the last line of a traceback."""
    return traceback.format_exception_only(error)[-1].strip()


# --- The items and their points -----------------------------------------------------------

ASSIGNMENT = "hw2"

TOLERANCE = 0.002
"""Allowed error, divided by the largest entry of the right answer."""

SECONDS = 90
"""Seconds for running all notebooks before packing; marking has the same limit."""

PROBLEMS: Mapping[str, tuple[Item, ...]] = {
    "problem1_momentum": (
        Item("p1-momentum", 1, ("momentum",), False),
        Item("p1a-heavy-ball", 1, ("heavy_ball",), False),
        Item("p1a-parameters", 1, ("heavy_ball_parameters",), False),
        Item("p1a-proof", 2, (), False),
        Item("p1b-ima", 1, ("ima",), False),
        Item("p1b-parameters", 1, ("ima_parameters",), False),
        Item("p1b-proof", 2, (), False),
        Item("p1-plot", 1, ("plot_objective",), False),
    ),
    "problem2_landscape": (
        Item("p2a-derivation", 3, (), False),
        Item("p2a-values", 2, ("gradient_at_point", "hessian_at_point", "trace_at_point"), False),
        Item("p2b-gd-update", 1, ("gd_update",), False),
        Item("p2b-usam-update", 2, ("usam_update",), False),
        Item("p2b-words", 2, (), False),
        Item("p2c-loss-gradient", 1, ("loss", "gradient"), True),
        Item("p2c-hessian-trace", 1, ("hessian", "hessian_trace"), True),
        Item("p2c-gd", 1, ("gd",), True),
        Item("p2c-usam", 1, ("usam",), True),
        Item("p2c-experiment", 1, ("run_experiment",), True),
        Item("p2c-trace-plot", 1, ("plot_traces",), True),
        Item("p2c-surface-plot", 1, ("plot_landscape",), True),
        Item("p2c-conclusion", 1, (), True),
    ),
    "problem3_ntk": (
        Item("p3a-proof", 1, (), False),
        Item("p3a-gradients", 1, ("gradient_v", "gradient_W"), False),
        Item("p3b-proof", 2, (), False),
        Item("p3b-kernel", 1, ("empirical_ntk",), False),
        Item("p3c-relu", 1, ("limit_ntk",), False),
        Item("p3c-squared", 1, ("limit_ntk",), False),
        Item("p3c-proof", 2, (), False),
        Item("p3-plot", 1, ("plot_convergence",), False),
    ),
}


# --- Calling your functions and comparing their answers -----------------------------------

_NOT_YOURS = (__file__, *np.__path__, *mpl.__path__)
"""Paths of the code in a traceback that is not the student's own."""


class Answers:
    """A notebook's answers: `yours.gradient(x)` calls its function `gradient`."""

    def __init__(self, names: Names) -> None:
        self._names = names

    def value(self, name: str) -> Any:
        """Return the notebook's value of `name`."""
        if name not in self._names:
            raise CheckError(
                "missing", f"`{name}` is not defined. Write it in the cell above and run that cell."
            )
        return self._names[name]

    def __getattr__(self, name: str) -> Callable[..., Any]:
        """Return a function that calls the notebook's `name`; errors in it become messages."""
        return functools.partial(self._call, name)

    def _call(self, name: str, *arguments: Any) -> Any:
        function = self.value(name)
        if not callable(function):
            raise CheckError(
                "broken",
                f"`{name}` is not a function any more but {kind(function)}: "
                "rename that variable and run the cell above again.",
            )
        try:
            return function(*arguments)
        except NotImplementedError as error:
            raise CheckError("open", _unfinished(name, error)) from None
        except (Exception, SystemExit) as error:
            message = f"`{name}` stopped with {named(error)}{_line(error)}"
            raise CheckError("broken", message) from None


def _unfinished(name: str, error: NotImplementedError) -> str:
    """Return which function is unfinished: the called one, or one that it calls."""
    frames = traceback.extract_tb(error.__traceback__)
    inner = frames[-1].name if len(frames) > 1 else name
    if inner == name or not inner.isidentifier():
        return f"`{name}` still raises NotImplementedError: replace that line with your code."
    return f"`{name}` calls `{inner}`, which still raises NotImplementedError."


def _line(error: BaseException) -> str:
    """Return the student's line that raised an error, if it is known."""
    frames = traceback.extract_tb(error.__traceback__)
    own = [frame.line for frame in frames if not frame.filename.startswith(_NOT_YOURS)]
    return f"\nin the line: {own[-1]}" if own and own[-1] else ""


def kind(thing: Any) -> str:
    """Return the type of a thing with its article, for use in a sentence."""
    if thing is None:
        return "None"
    name = {"ndarray": "array"}.get(type(thing).__name__, type(thing).__name__)
    return f"{'an' if name[0].lower() in 'aeiou' else 'a'} {name}"


def expect(condition: Any, message: str, state: State = "wrong") -> None:
    """End the check with this message unless the condition holds."""
    if not condition:
        raise CheckError(state, message)


def something(answer: Any, what: str) -> None:
    """Check that a function returned anything at all."""
    expect(answer is not None, f"{what}: got None. Is a `return …` missing?", "broken")


def numbers(answer: Any, what: str) -> np.ndarray:
    """Return an answer as an array of floats of any shape."""
    something(answer, what)
    try:
        found = np.asarray(answer)
        if found.dtype.kind == "c" and not found.imag.any():
            found = found.real
        if found.dtype.kind not in "biuf":
            raise TypeError
        return found.astype(float)
    except (TypeError, ValueError):
        message = f"{what}: got {kind(answer)} instead of an array of real numbers."
        raise CheckError("broken", message) from None


def array(answer: Any, what: str, shape: tuple[int, ...] | None = None) -> np.ndarray:
    """Return an answer as an array of floats of the given shape, without NaN."""
    found = numbers(answer, what)
    if shape == () and found.size == 1:
        found = found.reshape(())  # an array with a single entry is a number too
    expect(
        shape is None or found.shape == shape,
        f"{what}: the shape is {found.shape} but should be {shape}.",
        "broken",
    )
    odd = "NaN" if np.isnan(found).any() else "infinity"
    expect(np.isfinite(found).all(), f"{what}: your answer contains {odd}:\n{shown(found)}")
    return found


def pair(answer: Any, what: str, parts: str) -> tuple[Any, Any]:
    """Return the two parts of an answer such as `return x, z`."""
    something(answer, what)
    if not isinstance(answer, (tuple, list, np.ndarray)) or getattr(answer, "shape", 0) == ():
        raise CheckError("broken", f"{what}: got {kind(answer)} instead of the pair ({parts}).")
    expect(len(answer) == 2, f"{what}: got {len(answer)} things instead of ({parts}).", "broken")
    return answer[0], answer[1]


def shown(found: np.ndarray) -> str:
    """Return a small array as text."""
    return np.array2string(found, precision=5, suppress_small=True, threshold=60)


def close(answer: Any, expected: Any, what: str, *, hint: str = "") -> str:
    """Compare an answer with the right one; return a line that says how close it is."""
    right = np.asarray(expected, dtype=float)
    found = array(answer, what, right.shape)
    deviation = _deviation(found, right)
    expect(
        deviation <= TOLERANCE,
        f"{what}. Yours:\n{shown(found)}\nExpected:\n{shown(right)}" + (hint and f"\n{hint}"),
    )
    return f"{what}: as expected ({_deviation_text(deviation)})"


def holds(left: Any, right: Any, rule: str) -> str:
    """Compare the two sides of a rule that every right answer obeys."""
    a, b = np.asarray(left, dtype=float), np.asarray(right, dtype=float)
    deviation = _deviation(a, b)
    expect(
        deviation <= TOLERANCE,
        f"{rule}: this does not hold. Left side:\n{shown(a)}\nRight side:\n{shown(b)}",
    )
    return f"{rule} ({_deviation_text(deviation)})"


def unchanged(after: np.ndarray, before: np.ndarray, what: str) -> str:
    """Check that a function did not change its argument."""
    expect(
        np.array_equal(after, before),
        f"The function changed {what} in place; work on a copy of it.",
    )
    return f"{what} is unchanged"


def slopes(function: Callable[[np.ndarray], Any], point: np.ndarray) -> np.ndarray:
    """Return central finite differences of a function of an array, one entry at a time."""
    step = 1e-5
    found = []
    for index in np.ndindex(point.shape):
        shift = np.zeros_like(point)
        shift[index] = step
        high, low = function(point + shift), function(point - shift)
        found.append((array(high, "a value") - array(low, "a value")) / (2 * step))
    return np.reshape(found, point.shape)


def _deviation(found: np.ndarray, right: np.ndarray) -> float:
    """Return the largest error divided by the largest entry of the right answer."""
    largest = float(np.max(np.abs(right), initial=0.0)) or 1.0
    return float(np.max(np.abs(found - right), initial=0.0)) / largest


def _deviation_text(deviation: float) -> str:
    """Return a relative deviation and the allowed one as text."""
    return f"relative deviation {deviation:.1e}, allowed {TOLERANCE}" if deviation else "exactly"


# --- Looking at figures -------------------------------------------------------------------

def as_figure(answer: Any) -> Figure:
    """Return the Figure that a plotting function returned; CheckError unless it has axes."""
    figure = answer
    if isinstance(answer, (tuple, list)):  # such as `return figure, axes`
        figure = next((part for part in answer if isinstance(part, (Figure, Axes))), answer)
    if isinstance(figure, Axes):
        figure = figure.get_figure()
    if not isinstance(figure, Figure):
        raise CheckError(
            "broken",
            f"The function returned {kind(answer)} but should return the Figure: start with "
            "`figure, axes = plt.subplots()` and end with `return figure`.",
        )
    expect(figure.axes, "The Figure that the function returned has no axes in it.", "broken")
    return figure


def curves(figure: Figure) -> list[tuple[Axes, np.ndarray, np.ndarray]]:
    """Return every line of a figure: its axes, its x data and its y data."""
    return [
        (axes, np.asarray(line.get_xdata(), float), np.asarray(line.get_ydata(), float))
        for axes in figure.axes
        for line in axes.get_lines()
    ]


def curve(figure: Figure, x: Any, y: Any, what: str) -> Axes:
    """Return the axes with the line, or the scattered points, through the given points."""
    x, y = np.asarray(x, float), np.asarray(y, float)
    found = [*curves(figure), *_scattered(figure)]
    for axes, xs, ys in found:
        if xs.shape == x.shape and np.allclose(xs, x) and np.allclose(ys, y, rtol=TOLERANCE):
            return axes
    seen = "\n".join(f"  x = {shown(xs)}, y = {shown(ys)}" for _, xs, ys in found[:4])
    raise CheckError(
        "wrong",
        f"{what}: no line with x = {shown(x)}, y = {shown(y)} is in the figure. "
        + (f"Its lines:\n{seen}" if seen else "It has no line."),
    )


def _scattered(figure: Figure) -> list[tuple[Axes, np.ndarray, np.ndarray]]:
    """Return every set of points that `scatter` drew: its axes, its x data and its y data."""
    return [
        (axes, *np.asarray(points.get_offsets(), float).reshape(-1, 2).T)
        for axes in figure.axes
        for points in axes.collections
        if isinstance(points, PathCollection)
    ]


def legend_texts(figure: Figure) -> list[str]:
    """Return the texts of all legends of a figure."""
    legends = [*(axes.get_legend() for axes in figure.axes), *figure.legends]
    return [text.get_text() for legend in legends if legend for text in legend.get_texts()]


def legend_names(figure: Figure, count: int) -> str:
    """Check that the legends have at least `count` labels, and return them as a line."""
    words = legend_texts(figure)
    expect(
        len([word for word in words if word.strip()]) >= count,
        f"The legend names {len(words)} things but should name {count}: give each a `label=…` and "
        "call `axes.legend()`.",
    )
    return "the legend says: " + ", ".join(words)


def axis_labels(axes: Axes) -> str:
    """Check that both axes have a label, and return them as a line."""
    labels = {"x": axes.get_xlabel(), "y": axes.get_ylabel()}
    for direction, label in labels.items():
        expect(
            label.strip(),
            f"The {direction} axis has no label: `axes.set_{direction}label(…)` says what it "
            "shows.",
        )
    return f"the axes are labelled: {labels['x']}; {labels['y']}"


# --- Verdicts, hints, and where you stand -------------------------------------------------

Lines = Iterator[str]
"""The lines that a check yields, one for each comparison that holds."""

BODIES: dict[str, Callable[[Answers], Lines]] = {}
"""Each item's check, which raises `CheckError` at the first comparison that fails."""

HINTS: dict[str, tuple[str, str, str]] = {}
"""The hints for each item with a check: a nudge, the answer's shape, and where to look."""

_STEPS = ("a nudge", "the shape of the answer", "where to look")

_given: dict[str, int] = {}
"""Number of hints that `hint` has given for an item so far."""

_VERDICTS: Mapping[State, tuple[str, str, str, str]] = {
    "passed": ("✓", "passes", "the visible check passes.", "#1a7f37"),
    "missing": ("…", "not found", "not found.", "#57606a"),
    "open": ("…", "open", "not done yet.", "#57606a"),
    "broken": ("✗", "can't compare", "the answer can't be compared yet.", "#8a4600"),
    "wrong": ("✗", "not right yet", "not right yet.", "#b3261e"),
}
"""A sign, a word, a sentence, and a colour on which white text is easy to read."""


@dataclass(frozen=True)
class Result:
    """The outcome of one check: the comparisons that held, and a message about the first fault."""

    state: State
    held: tuple[str, ...]
    message: str = ""


def check(
    nudge: str, shape: str, place: str
) -> Callable[[Callable[[Answers], Lines]], Callable[[Names], None]]:
    """Register a function as the check of the item with its name, with three hints.

    The notebook calls the decorated function, which prints a verdict and never raises.
    """

    def decorate(body: Callable[[Answers], Lines]) -> Callable[[Names], None]:
        item = body.__name__.replace("_", "-")
        BODIES[item], HINTS[item] = body, (nudge, shape, place)

        @functools.wraps(body)
        def run(names: Names) -> None:
            _show(item, examine(item, names))

        return run

    return decorate


def examine(item: str, names: Names) -> Result:
    """Run one check; errors in it become a result too."""
    held: list[str] = []
    with _figures_closed():
        try:
            for line in BODIES[item](Answers(names)):
                held.append(line)
        except CheckError as error:
            return Result(error.state, tuple(held), str(error))
        except Exception as error:
            return Result("broken", tuple(held), f"The check could not continue: {named(error)}")
    return Result("passed", tuple(held))


@contextmanager
def _figures_closed() -> Iterator[None]:
    """Close the figures that a check made, so that the notebook does not show them."""
    before = set(plt.get_fignums())
    try:
        yield
    finally:
        for number in set(plt.get_fignums()) - before:
            plt.close(number)


def quietly(item: str, names: Names) -> State:
    """Run a check and discard everything that the student's code prints."""
    with redirect_stdout(io.StringIO()), redirect_stderr(io.StringIO()):
        return examine(item, names).state


def shell() -> Any:
    """Return the IPython shell that this code runs in, or None; does not import IPython."""
    get = getattr(sys.modules.get("IPython"), "get_ipython", None)
    return get() if get else None


def _show(item: str, result: Result) -> None:
    """Show a result: in a notebook as HTML and text, elsewhere as text only."""
    here = shell()
    if getattr(here, "kernel", None) is None:
        print(_text(item, result))
    else:
        page = {"text/plain": _text(item, result), "text/html": _page(item, result)}
        here.display_pub.publish(data=page, metadata={})


def _text(item: str, result: Result) -> str:
    """Return a result as text: a headline, the comparisons that held, and the message."""
    sign, _, sentence, _ = _VERDICTS[result.state]
    lines = [f"{sign} {item}: {sentence}", *(f"  ✓ {line}" for line in result.held)]
    if result.message:
        lines.append(f"  {sign} " + result.message.replace("\n", "\n    "))
    if _needs_hints(result):
        lines.append(f'  ? Stuck? checks.hint("{item}") gives a hint; call it again for the next.')
    return "\n".join(lines)


def _needs_hints(result: Result) -> bool:
    """Return whether hints can help: not if all is right, nor if the cell was not run."""
    return result.state not in ("passed", "missing")


def _page(item: str, result: Result) -> str:
    """Return a result as HTML: a badge with a sign and a word, and hints that open one by one.

    It has no script and no style sheet, loads nothing, and is readable without its styles.
    """
    sign, word, sentence, colour = _VERDICTS[result.state]
    badge = f"background:{colour};color:#fff;border-radius:3px;padding:1px 7px"
    lines = [
        f'<div><span style="{badge}"><b>{sign} {word}</b></span> '
        f"<b>{item}</b>: {html.escape(sentence)}</div>",
        *(f"<div>✓ {_marked_up(line)}</div>" for line in result.held),
    ]
    if result.message:
        first, _, rest = result.message.partition("\n")
        lines.append(f"<div>{sign} {_marked_up(first)}</div>")
        lines += [f'<pre style="margin:0 0 0 1.5em">{html.escape(rest)}</pre>'] if rest else []
    if _needs_hints(result):
        lines.append(_hints(item))
    box = f"border-left:4px solid {colour};padding:2px 0 2px 10px;margin:4px 0"
    return f'<div style="{box}">' + "\n".join(lines) + "</div>"


def _hints(item: str) -> str:
    """Return an item's hints as HTML, each folded inside the one before."""
    page = ""
    for step in reversed(range(len(_STEPS))):
        page = (
            f'<details style="margin:2px 0 0 1em"><summary>{_hint_title(step)}</summary>'
            f'<div style="margin-left:1em">{_marked_up(HINTS[item][step])}</div>{page}</details>'
        )
    return page


def _marked_up(text: str) -> str:
    """Return a line as HTML, with text between backticks as code."""
    return re.sub(r"`([^`]*)`", r"<code>\1</code>", html.escape(text))


def _hint_title(step: int) -> str:
    return f"Hint {step + 1} of {len(_STEPS)}: {_STEPS[step]}"


def hint(item: str) -> None:
    """Print the next hint for an item, such as "p1-momentum"; after the last, the first again."""
    if item not in HINTS:
        print(f"There is no hint for {item!r}. There are hints for: {', '.join(HINTS)}.")
        return
    step = _given.get(item, 0) % len(_STEPS)
    _given[item] = step + 1
    print(f"{item}, {_hint_title(step)}\n  {HINTS[item][step]}")
    more = step + 1 < len(_STEPS)
    print(
        "  Call it again for the next hint."
        if more
        else "  That was the last; calling it again starts from the first hint."
    )


def ready(names: Names, *needed: str) -> bool:
    """Return whether an experiment can run: all functions that it needs exist and give answers.

    Prints the names that are not done yet. A function with wrong answers does not stop the
    experiment, but a note warns that its picture will be wrong too.
    """
    open_names, doubtful = [], []
    for name in needed:
        states = [quietly(item, names) for item in _items_of(name)]
        if name not in names or any(state in ("missing", "open", "broken") for state in states):
            open_names.append(name)
        elif "wrong" in states:
            doubtful.append(name)
    if open_names:
        print("… This experiment waits for: " + ", ".join(f"`{name}`" for name in open_names))
    elif doubtful:
        doubts = ", ".join(f"`{name}`" for name in doubtful)
        print(f"The visible check of {doubts} does not pass yet, so don't trust the result below.")
    return not open_names


def plain(function: Callable[..., Any]) -> Callable[..., Any]:
    """Wrap a function so that it returns arrays, or a number if there is only one.

    An experiment can then use every form of a right answer, such as a list or an array (1,).
    """

    def call(*arguments: Any, **named: Any) -> Any:
        answer = np.asarray(function(*arguments, **named))
        if answer.dtype.kind == "c" and not answer.imag.any():
            answer = answer.real
        return answer.item() if answer.size == 1 else answer

    return call


def _items_of(name: str) -> list[str]:
    """Return the items that a function answers; a given function answers none."""
    return [item.name for items in PROBLEMS.values() for item in items if name in item.answers]


def summary(problem: str, names: Names) -> None:
    """Print which items of a problem pass their visible checks, and which are still open."""
    items = PROBLEMS[problem]
    states = {item.name: quietly(item.name, names) for item in items if item.answers}
    print(f"{problem}: where you stand\n")
    for item in items:
        print("  " + summed_up(item, states.get(item.name)))
    todo = [name for name, state in states.items() if state != "passed"]
    print(
        f"\n{len(states) - len(todo)} of {len(states)} visible checks pass;",
        f"next is {todo[0]}." if todo else "restart the kernel, run all cells once more, and save.",
    )
    texts = len(items) - len(states)
    if texts:
        are = "items are texts" if texts > 1 else "item is a text"
        print(f"{texts} {are}, which a person reads and marks.")


def summed_up(item: Item, state: State | None) -> str:
    """Return an item's line of the summary."""
    mark, word = {
        "passed": ("✓", "passes"),
        "missing": ("…", "not found yet: write it, then run its cell"),
        "open": ("…", "not done yet"),
        "broken": ("✗", "its answer can't be compared yet"),
        "wrong": ("✗", "not right yet"),
        None: ("✎", "your text, marked by a person"),
    }[state]
    return row(mark, item, word)


def row(mark: str, item: Item, word: str) -> str:
    """Return an item's row in a table of all items."""
    width = max(len(other.name) for items in PROBLEMS.values() for other in items) + 1
    return f"{mark} {item.name:<{width}} {item.worth:<14} {word}"


# --- Handing in ---------------------------------------------------------------------------

PACKAGE = f"{ASSIGNMENT}_submission.zip"
"""The file to hand in: the saved notebooks and manifest.json."""

_UNANSWERED = "Your answer goes here"
_INSIDE = "FDL_CHECKS_PACKING"
"""Set while a notebook runs for packing, so that it does not start packing again."""

_BOUNDS = re.compile(r"^(?:# )?(\w+) ?>=(\d+)\.(\d+),<(\d+)\.(\d+)", re.MULTILINE)


@dataclass(frozen=True)
class Saved:
    """A saved notebook; `fault` says why it can't be read."""

    problem: str
    content: bytes
    time: float
    cells: tuple[Mapping[str, Any], ...]
    fault: str = ""

    @property
    def name(self) -> str:
        return f"{self.problem}.ipynb"

    @property
    def code(self) -> tuple[str, ...]:
        return tuple(_source(cell) for cell in self.cells if cell.get("cell_type") == "code")


@dataclass(frozen=True)
class Run:
    """The result of running a notebook: the outcome of its checks, and what went wrong."""

    states: Mapping[str, State]
    seconds: float
    faults: tuple[str, ...] = ()


def pack() -> None:
    """Run the saved notebooks from the top, print what passes, and pack them into one file.

    Each runs in its own process, all together for at most SECONDS seconds. The notebooks are not
    changed, and they are packed even if something fails. The file is PACKAGE, beside them.
    """
    if os.environ.get(_INSIDE):
        print("checks.pack(): skipped, because this notebook is being packed.")
        return
    folder = Path(__file__).resolve().parent
    try:
        saved = [notebook for name in PROBLEMS if (notebook := _saved(folder, name))]
        if saved:
            _pack(folder, saved)
        else:
            print(
                "checks.pack(): found no notebook of this homework beside checks.py. In Colab, "
                "hand in the notebooks themselves: File → Download → Download .ipynb."
            )
    except OSError as error:
        print(f"✗ Packing did not work here ({named(error)}). Hand in the notebooks instead.")


def _pack(folder: Path, saved: list[Saved]) -> None:
    """Run the saved notebooks, print the results, and write the package."""
    there = {notebook.problem for notebook in saved}
    warnings = [f"{name}.ipynb is not in this folder." for name in PROBLEMS if name not in there]
    warnings += _other_versions(folder)
    outcomes: dict[str, str] = {}
    left: float = SECONDS
    for notebook in saved:
        print(f"{notebook.name}, saved {_ago(notebook.time)}: running all cells …", flush=True)
        run = run_again(folder, notebook, left)
        found = [*filter(None, [notebook.fault]), *run.faults, *_forgotten(notebook, run)]
        found += [*_unsaved(notebook), *_too_new(notebook, folder)]
        warnings += [f"{notebook.name}: {fault}" for fault in found]
        print(f"  {run.seconds:.0f} s (the limit is {SECONDS} s for all notebooks together)")
        left = max(left - run.seconds, 1)
        for item in PROBLEMS[notebook.problem]:
            line, outcomes[item.name] = _packed_line(item, notebook, run)
            print("  " + line)
    size = write_package(folder / PACKAGE, _members(saved, outcomes, warnings))
    print("\nBefore you hand in:" if warnings else "\nNothing is missing.")
    print("".join(f"  ! {warning}\n" for warning in warnings), end="")
    print(
        f"\nPacked: {PACKAGE} ({len(saved)} of {len(PROBLEMS)} notebooks, "
        f"{max(1, size // 1000)} kB), in the folder of your notebooks.\n"
        "Hand in this one file. If you change anything: save, then pack again.\n"
        "Changes that are not saved are not in it. "
        + (
            "Only functions that this kernel ran were checked for such changes."
            if shell()
            else "Run from a terminal, this cannot see unsaved changes."
        )
    )


# Reading saved notebooks


def _saved(folder: Path, problem: str) -> Saved | None:
    """Return the saved notebook of a problem; None if there is none."""
    path = folder / f"{problem}.ipynb"
    if not path.is_file():
        return None
    content, time = path.read_bytes(), path.stat().st_mtime
    try:
        cells = json.loads(content)["cells"]
        cells = tuple(cell for cell in cells if isinstance(cell, Mapping))
    except (ValueError, KeyError, TypeError, RecursionError):
        return Saved(problem, content, time, (), "the file is not a notebook. Is it damaged?")
    return Saved(problem, content, time, cells)


def _source(cell: Mapping[str, Any]) -> str:
    """Return a cell's text, which a file stores as one string or as a list of lines."""
    source = cell.get("source", "")
    return source if isinstance(source, str) else "".join(map(str, source))


def _grade_id(cell: Mapping[str, Any]) -> str:
    """Return the item that a cell is marked for, or ""."""
    metadata = cell.get("metadata")
    mark = metadata.get("nbgrader") if isinstance(metadata, Mapping) else None
    if not isinstance(mark, Mapping):
        return str(cell.get("id", ""))
    return str(mark.get("grade_id", "")) if mark.get("grade") else ""


def _ago(time: float) -> str:
    """Return when a file was saved, in words."""
    then = datetime.fromtimestamp(time)
    seconds = (datetime.now() - then).total_seconds()
    for unit, length in (("day", 86_400), ("hour", 3600), ("minute", 60)):
        if (count := int(seconds // length)) > 0:
            return f"{then:%H:%M} ({count} {unit}{'s' if count > 1 else ''} ago)"
    return f"{then:%H:%M} (just now)"


# Finding what may have been forgotten


def _forgotten(notebook: Saved, run: Run) -> Iterator[str]:
    """Yield faults: missing or duplicate cells, texts not written, and answers not done."""
    if not notebook.cells:
        return
    ids = [_grade_id(cell) for cell in notebook.cells]
    items = PROBLEMS[notebook.problem]
    for item in items:
        if (count := ids.count(item.name)) == 0:
            yield f"the cell of {item.name} is missing. Copy your answers into a fresh notebook."
        elif count > 1:
            yield f"the cell of {item.name} is there {count} times. Delete the copies."
    stubs = [i.name for i in items if run.states.get(i.name) in ("open", "missing")]
    if stubs:
        yield "not done yet: " + ", ".join(stubs)
    texts = [i.name for i in items if not i.answers and i.name in ids]
    if blank := [name for name in texts if not _is_written(notebook, name)]:
        yield "no text yet: " + ", ".join(blank)


def _is_written(notebook: Saved, item: str) -> bool:
    """Return whether a text item contains more than the line to replace."""
    texts = [_source(cell).strip() for cell in notebook.cells if _grade_id(cell) == item]
    return any(text and _UNANSWERED not in text for text in texts)


def _unsaved(notebook: Saved) -> Iterator[str]:
    """Yield functions whose version in this kernel is not in the saved file.

    IPython keeps the text of each cell that it ran, and a function knows its cell. Other answers,
    texts, and notebooks of other kernels can't be compared.
    """
    import linecache

    defined = getattr(shell(), "user_ns", {})
    known = {_normal(source) for source in notebook.code}
    for item in PROBLEMS[notebook.problem]:
        for name in item.answers:
            code = getattr(defined.get(name), "__code__", None)
            cell = "".join(linecache.getlines(code.co_filename)) if code else ""
            # IPython keeps a cell with magic commands in a different form than it was typed
            if cell and "get_ipython()" not in cell and _normal(cell) not in known:
                yield (
                    f"the `{name}` that you ran last is not in the saved file. Save the notebook, "
                    "then pack again."
                )


def _normal(source: str) -> str:
    return "\n".join(line.rstrip() for line in source.strip().splitlines())


def _bounds(folder: Path) -> dict[str, tuple[tuple[int, int], tuple[int, int]]]:
    """Return the versions that marking uses (from, below), from requirements.txt."""
    try:
        text = (folder / "requirements.txt").read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):  # packing works without it
        return {}
    numbers = [(name, *map(int, rest)) for name, *rest in _BOUNDS.findall(text)]
    return {name: ((a, b), (c, d)) for name, a, b, c, d in numbers}


def _versions() -> dict[str, str]:
    return {
        "Python": platform.python_version(),
        "numpy": np.__version__,
        "matplotlib": mpl.__version__,
    }


def _other_versions(folder: Path) -> Iterator[str]:
    """Yield a warning for each package that is here in a version that marking does not use."""
    bounds = _bounds(folder)
    for name, version in _versions().items():
        numbers = tuple(map(int, re.findall(r"\d+", version)[:2]))
        if name in bounds and not bounds[name][0] <= numbers < bounds[name][1]:
            (low, minor), (high, end) = bounds[name]
            newest = f" to {high}.{end - 1}" if (low, minor) != (high, end - 1) else ""
            way = "Use that Python." if name == "Python" else "`pip install -r requirements.txt`"
            yield (
                f"{name} is {version} here, but marking uses {low}.{minor}{newest}: your code "
                f"may not run there. {way}"
            )


def _too_new(notebook: Saved, folder: Path) -> Iterator[str]:
    """Yield cells that this Python can read but the oldest Python used for marking can't."""
    here = sys.version_info[:2]
    oldest = _bounds(folder).get("Python", (here, here))[0]
    if oldest >= here:
        return
    for number, source in enumerate(notebook.code, start=1):
        if _reads(source, here) and not _reads(source, oldest):
            yield (
                f"code cell {number} needs a newer Python than {oldest[0]}.{oldest[1]}, which may "
                "be used for marking. Change it so that older versions can read it (inside an "
                "f-string, use other quotes than around it)."
            )


def _reads(source: str, version: tuple[int, int]) -> bool:
    """Return whether a version of Python can read a text, as far as this one knows."""
    try:
        ast.parse(source, feature_version=version)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    return version >= (3, 12) or not _has_new_fstring(source)


def _has_new_fstring(source: str) -> bool:
    """Return whether an f-string has its own quotes, a backslash or a comment within braces."""
    import tokenize

    around: list[str] = []
    try:
        for token in tokenize.generate_tokens(io.StringIO(source).readline):
            kind = tokenize.tok_name[token.type]
            quotes = token.string.lstrip("rRbBuUfFtT")
            if kind == "FSTRING_END":
                around.pop()
            elif kind in ("FSTRING_START", "STRING"):
                if around and (quotes.startswith(tuple(around)) or "\\" in token.string):
                    return True
                around += [quotes] if kind == "FSTRING_START" else []
            elif kind == "COMMENT" and around:
                return True
    except (tokenize.TokenError, SyntaxError, IndexError):
        return False
    return False


def _packed_line(item: Item, notebook: Saved, run: Run) -> tuple[str, str]:
    """Return an item's line in the table, and its outcome for the manifest."""
    if item.answers:
        if (state := run.states.get(item.name)) is None:
            return row("✗", item, "unknown, because the run did not finish"), "unknown"
        return summed_up(item, state), state
    if _is_written(notebook, item.name):
        return summed_up(item, None), "text"
    return row("…", item, "no text yet"), "no text"


# Running a notebook in its own process


def run_again(folder: Path, notebook: Saved, most: float) -> Run:
    """Run a notebook in its own process for at most `most` seconds, then stop all it started."""
    import subprocess
    import tempfile
    import time

    start = time.monotonic()
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as scratch:
        copy, log = Path(scratch, "notebook.json"), Path(scratch, "log")
        copy.write_text(json.dumps(notebook.code), encoding="utf-8")
        log.touch()
        command = [sys.executable or "python", str(Path(__file__).resolve()), "run"]
        settings = {_INSIDE: "1", "MPLBACKEND": "Agg", "IPYTHONDIR": scratch}
        settings["PYTHONIOENCODING"] = "utf-8"  # Windows' default has no ✓
        try:
            process = subprocess.Popen(
                [*command, notebook.problem, str(copy), str(log)],
                cwd=folder,
                env={**os.environ, **settings},
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                start_new_session=True,
            )
        except (OSError, ValueError) as error:
            return Run({}, 0, (f"it can't be run from here ({named(error)}).",))
        try:
            process.wait(most)
            late = False
        except subprocess.TimeoutExpired:
            late = True
        finally:
            _kill_tree(process)
        return _read_log(log.read_text(encoding="utf-8"), late, time.monotonic() - start)


def _kill_tree(process: Any) -> None:
    """Kill a process and the processes that it started."""
    import signal
    import subprocess

    if hasattr(os, "killpg"):
        with suppress(OSError):  # all may have ended already
            os.killpg(process.pid, signal.SIGKILL)
    elif process.poll() is None:
        subprocess.run(
            ["taskkill", "/F", "/T", "/PID", str(process.pid)], capture_output=True, check=False
        )
    process.kill()
    process.wait()


def _read_log(log: str, late: bool, seconds: float) -> Run:
    """Return the run that a log describes line by line, up to its end or until it was stopped."""
    states: dict[str, State] = {}
    faults = []
    last = 0
    for line in log.splitlines():
        try:
            entry = json.loads(line)
        except ValueError:  # cut off in the middle
            break
        last = entry.get("cell", last)
        states.update(entry.get("states", {}))
        if "error" in entry:
            faults.append(f"code cell {last} stops with {entry['error']}")
    if late:
        faults.append(f"stopped after {seconds:.0f} s, in code cell {last}. Does a loop never end?")
    elif not states:
        faults.append(f"the run stopped unexpectedly in code cell {last}.")
    return Run(states, seconds, tuple(faults))


def _run_cells(problem: str, copy: str, log: str) -> None:
    """Run a notebook's code, then its checks, and log the results; called in its own process."""
    from IPython.core.interactiveshell import InteractiveShell

    notebook = InteractiveShell.instance()  # its files go into IPYTHONDIR, which is deleted
    with Path(log).open("w", encoding="utf-8") as file:

        def write(**entry: object) -> None:
            print(json.dumps(entry), file=file, flush=True)

        sources = json.loads(Path(copy).read_text(encoding="utf-8"))
        for number, source in enumerate(sources, start=1):
            write(cell=number)
            result = notebook.run_cell(source)
            plt.close("all")
            error = result.error_before_exec or result.error_in_exec
            if error is not None and not isinstance(error, NotImplementedError):
                write(error=named(error))
        asked = [item.name for item in PROBLEMS[problem] if item.answers]
        write(states={item: quietly(item, notebook.user_ns) for item in asked})


# Writing the package


def _members(
    saved: list[Saved], outcomes: Mapping[str, str], warnings: list[str]
) -> dict[str, bytes]:
    """Return the files of the package: the notebooks, and manifest.json, which describes them."""
    import hashlib

    def stated(time: float) -> str:
        return datetime.fromtimestamp(time, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")

    manifest = {
        "schema": "fdl-submission",
        "version": 1,
        "assignment": ASSIGNMENT,
        "packed": stated(datetime.now(UTC).timestamp()),
        "notebooks": {
            notebook.name: {
                "sha256": hashlib.sha256(notebook.content).hexdigest(),
                "saved": stated(notebook.time),
            }
            for notebook in saved
        },
        "checks": outcomes,
        "warnings": warnings,
        "versions": {name.lower(): version for name, version in _versions().items()},
    }
    text = json.dumps(manifest, indent=1, ensure_ascii=False) + "\n"
    return {**{n.name: n.content for n in saved}, "manifest.json": text.encode()}


def write_package(target: Path, members: Mapping[str, bytes]) -> int:
    """Write the zip file atomically; the same members give the same bytes. Return its size."""
    import tempfile
    import zipfile

    handle, name = tempfile.mkstemp(prefix=".packing-", dir=target.parent)
    try:
        with open(handle, "wb") as file, zipfile.ZipFile(file, "w") as archive:
            for member in sorted(members):
                about = zipfile.ZipInfo(member)  # dated 1980: the manifest has the times
                about.compress_type, about.external_attr = zipfile.ZIP_DEFLATED, 0o644 << 16
                about.create_system = 3
                archive.writestr(about, members[member])
        os.chmod(name, 0o644)
        os.replace(name, target)
    except BaseException:
        os.unlink(name)
        raise
    return target.stat().st_size


def command(words: list[str]) -> int:
    """Run `python checks.py pack` or `python checks.py hint ITEM`; return the exit code."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")  # not every terminal has a ✓
    if words == ["pack"]:
        pack()
    elif len(words) == 2 and words[0] == "hint" and words[1] in HINTS:
        for _ in range(3):
            hint(words[1])
    elif len(words) == 4 and words[0] == "run":
        _run_cells(*words[1:])
    else:
        print("Usage: python checks.py pack, or python checks.py hint ITEM")
        print(f"Items: {', '.join(HINTS)}")
        return 2
    return 0


# --- Visible checks of Homework 2: what is right so far, and what to look at next ---------

# --- Problem 1 ----------------------------------------------------------------------------------
#
# The example: two functions on ℝ² with the gradients x and 2x, the start (2, 4), and three steps
# with the indices 0, 1, 0.

_INDICES = (0, 1, 0)
_ITERATES = ((2, 4), (1, 2), (0.25, 0.5), (-3, -6))


def _itself(x: np.ndarray) -> np.ndarray:
    """Return the gradient of f(x) = ½ ‖x‖²."""
    return np.array(x, dtype=float)


def _squares(x: np.ndarray) -> np.ndarray:
    """Return the gradient of f(x) = ⅓ Σ x³."""
    return np.asarray(x, dtype=float) ** 2


def _ones(x: np.ndarray) -> np.ndarray:
    """Return the gradient of f(x) = Σ x."""
    return np.ones(np.shape(x))


def _scaled(i: int, x: np.ndarray) -> np.ndarray:
    """Return the gradient of f_i(x) = (i + 1)/2 · ‖x‖²."""
    return (int(i) + 1) * np.asarray(x, dtype=float)


@check(
    "Two things pass from one step to the next: the point and the memory. In each step, which "
    "of them changes first, and which memory does the point then use?",
    "An array of floats with T + 1 rows and d columns. Row 0 holds the start; a loop over the "
    "steps fills one row after the other. With zero steps there is one row.",
    "Section “Momentum”, equations (1) and (2). Do the two steps of the example below them on "
    "paper, then let your loop print its memory and its point.",
)
def p1_momentum(yours: Answers) -> Lines:
    """Check three steps worked out by hand, zero steps, and an unchanged start."""
    return _three_steps(yours.momentum, gammas=(0.5, 0.25, 1), betas=(0.9, 0.5, 1))


@check(
    "Besides the point you need one more thing: where the ball was before. What is that before "
    "the very first step?",
    "As in `momentum`: T + 1 rows, the start in row 0. A step needs only the last two points; "
    "`gammas` and `betas` are used as they are, without conversion.",
    "Section a), equation (3), and the sentence above it about the rest at the start. At "
    "which point is the gradient taken?",
)
def p1a_heavy_ball(yours: Answers) -> Lines:
    """Check the same three steps, with the heavy ball's own parameters."""
    return _three_steps(yours.heavy_ball, gammas=(0.5, 0.25, 1), betas=(0.45, 0.25, 4))


def _three_steps(
    method: Callable[..., Any], *, gammas: tuple[float, ...], betas: tuple[float, ...]
) -> Lines:
    """Check that a method gives the example's iterates with its own parameters."""
    start = np.array([2.0, 4.0])
    rates = np.array(gammas, dtype=float), np.array(betas, dtype=float)
    answer = method(_scaled, start, *rates, np.array(_INDICES))
    yield close(answer, _ITERATES, "The iterates of three steps, the start first")
    yield unchanged(start, np.array([2.0, 4.0]), "x0")
    none = np.array([])
    answer = method(_scaled, np.array([2, 4]), none, none, none.astype(int))
    yield close(answer, [(2, 4)], "The iterates of zero steps, from an integer start")


@check(
    "Eliminate the memory: equation (2) of the step before says what it was. What factor does "
    "the last move then carry?",
    "A pair of arrays, both of length T. One of them is easy. An entry of the other combines "
    "three numbers, one of them from the step before.",
    "The text above the stub: (2) for the step before, put into (1), then compared with (3) "
    "term by term. The convention for the step size before the first gives entry 0. At T = 0 "
    "both arrays are empty.",
)
def p1a_parameters(yours: Answers) -> Lines:
    """Check the parameters with which the heavy ball takes momentum's three steps."""
    gammas, betas = np.array([0.5, 0.25, 1]), np.array([0.9, 0.5, 1])
    answer = yours.heavy_ball_parameters(gammas, betas)
    hat_gammas, hat_betas = pair(answer, "The answer", "γ̂, β̂")
    yield close(hat_gammas, (0.5, 0.25, 1), "The heavy ball's γ for γ = (½, ¼, 1), β = (0.9, ½, 1)")
    yield close(hat_betas, (0.45, 0.25, 4), "The heavy ball's β for γ = (½, ¼, 1), β = (0.9, ½, 1)")


@check(
    "Which index does λ have in the step that leads to the point t + 1? One entry of `lambdas` "
    "is never read.",
    "A pair: x with T + 1 rows, the start first, and z with T rows, of which the first is "
    "already one step from the start.",
    "Section b), equations (4) and (5), in this order. The gradient is taken at the average x "
    "and not at z; the two weights in (5) add up to 1.",
)
def p1b_ima(yours: Answers) -> Lines:
    """Check two steps worked out by hand: λ₁ and λ₂ shape the averages, λ₀ has no effect."""
    start = np.array([2.0, 4.0])
    for first in (0.0, 7.0):
        rates = np.array([1.0, 1.0]), np.array([first, 1.0, 3.0])
        answer = yours.ima(_scaled, start, *rates, np.array(_INDICES[:2]))
        x, z = pair(answer, "The answer", "x, z")
        yield close(x, _ITERATES[:3], f"x of two steps (λ₀ = {first:.0f}), the start first")
        yield close(z, [(0, 0), (-2, -4)], f"z of two steps (λ₀ = {first:.0f})")
    yield unchanged(start, np.array([2.0, 4.0]), "x0")


@check(
    "There is one more unknown than there are equations. At which end of the sequence can you "
    "choose one freely, so that no division can go wrong afterwards?",
    "A pair: η with T entries, λ with T + 1. The relation is solved for one λ after the other "
    "in a loop, and η comes last, all at once.",
    "The two relations in section b) and the erratum below them, especially its last question. "
    "Write the second relation with the heavy ball's β̂ of part a): what does it say λ_t is, if "
    "you know its neighbour? The relation at t = 0 is not needed.",
)
def p1b_parameters(yours: Answers) -> Lines:
    """Check that the λ you choose are finite, not −1, and obey the relation for t ≥ 1."""
    for gammas, betas in (((0.5, 0.25, 1), (0.9, 0.5, 1)), ((1, 2, 0.5), (0.5, 0, 0.5))):
        g, b = np.array(gammas, dtype=float), np.array(betas, dtype=float)
        answer = yours.ima_parameters(g.copy(), b.copy())
        etas, lambdas = pair(answer, "The answer", "η, λ")
        eta = array(etas, "η for three steps", (3,))
        lam = array(numbers(lambdas, "λ for three steps")[1:], "λ₁, λ₂, λ₃ for three steps", (3,))
        expect(
            not np.isclose(lam, -1).any(),
            f"λ = {shown(lam)} holds −1, and the method divides by λ + 1. Another choice of the "
            "free λ avoids it.",
        )
        case = f"γ = {gammas}, β = {betas}"
        yield holds(eta, (1 + lam) * g, f"η_t = (1 + λ_(t+1)) γ_t, with {case}")
        left, right = b[1:] * lam[1:], g[:-1] * lam[:-1] / g[1:] - b[1:]
        yield holds(left, right, f"β_t λ_(t+1) = γ_(t−1) λ_t / γ_t − β_t for t ≥ 1, with {case}")


@check(
    "Each trajectory holds points; the picture shows numbers. What must happen to each point "
    "first?",
    "One line for each entry of the dictionary, with its label; as many values as the "
    "trajectory has rows, against 0, 1, …; then the legend and both axis labels. Return the "
    "Figure.",
    "Section “The picture” of Problem 1. The trajectories may have different lengths, and "
    "`objective` takes one point at a time.",
)
def p1_plot(yours: Answers) -> Lines:
    """Check a line for each trajectory at the objective's values, a legend and axis labels."""
    trajectories = {
        "first": np.array([[3.0, 0.0], [2.0, 0.0], [1.0, 0.0]]),
        "second": np.array([[0.0, 2.0], [1.0, 1.0], [0.5, 0.5]]),
    }
    figure = as_figure(yours.plot_objective(lambda x: float(np.sum(np.square(x))), trajectories))
    axes = curve(figure, (0, 1, 2), (9, 4, 1), "f along the trajectory “first”")
    yield "f along the trajectory “first” is a line against the number of steps"
    curve(figure, (0, 1, 2), (4, 2, 0.5), "f along the trajectory “second”")
    yield "f along the trajectory “second” is a line too"
    for label in trajectories:
        is_named = any(label in text for text in legend_texts(figure))
        expect(is_named, f"The legend does not name the trajectory {label!r}.")
    yield legend_names(figure, 2)
    yield axis_labels(axes)


# --- Problem 2 ----------------------------------------------------------------------------------


@check(
    "Which rule below fails first? If x · ∇L is not 4 L, look at the gradient; if that holds "
    "and the next does not, look at the Hessian.",
    "Four numbers; four rows of four numbers, the same above and below the diagonal; one "
    "number. In the Hessian a block belongs to u, a row and a column to u with v, and a corner "
    "to v alone.",
    "Section a): your derivatives of ½ ‖u‖² v², with the point put in. The mixed derivative is "
    "easy to miss: differentiate the entry for v once more by u.",
)
def p2a_values(yours: Answers) -> Lines:
    """Check shapes and the rules x·∇L = 4L and ∇²L x = 3∇L, which follow from L(s·x) = s⁴ L(x)."""
    x, loss = np.array([3.0, -1.0, 2.0, 2.0]), 28.0
    gradient = array(yours.value("gradient_at_point"), "gradient_at_point", (4,))
    hessian = array(yours.value("hessian_at_point"), "hessian_at_point", (4, 4))
    trace = array(yours.value("trace_at_point"), "trace_at_point", ())
    yield "the gradient has shape (4,), the Hessian (4, 4), the trace is a number"
    yield holds(x @ gradient, 4 * loss, "x · ∇L = 4 L")
    yield holds(hessian, hessian.T, "∇²L is symmetric")
    yield holds(hessian @ x, 3 * gradient, "∇²L x = 3 ∇L")
    yield holds(trace, np.diag(hessian).sum(), "the trace is the sum of the Hessian's diagonal")


@check(
    "Is there a line that changes one of the two while the other still needs its old value?",
    "A pair: an array like u, and a number. Each is its old value times a number that depends "
    "on η and on the other one.",
    "Section b): put the gradient of part a) into x − η ∇L(x) and pull the old value out in "
    "front of a bracket.",
)
def p2b_gd_update(yours: Answers) -> Lines:
    """Check one step of GD from u = (1, 2), v = 1 with η = 0.1, worked out by hand."""
    u = np.array([1.0, 2.0])
    u_next, v_next = pair(yours.gd_update(u, 1.0, 0.1), "The answer", "u⁺, v⁺")
    yield close(u_next, (0.9, 1.8), "u⁺ from u = (1, 2), v = 1 with η = 0.1")
    yield close(v_next, 0.5, "v⁺ from there", hint="Both updates use the old u and the old v.")
    yield unchanged(u, np.array([1.0, 2.0]), "u")


@check(
    "USAM takes the gradient at another point than its own. Write this other point down first, "
    "as a pair (ũ, ṽ): how does each differ from u and v?",
    "A pair as in `gd_update`, and at ρ = 0 the same pair. With ρ each factor gains brackets "
    "such as (1 + ρ · …), some of them squared.",
    "The text above the stub, and the update in section b): put the shifted point into both "
    "entries of the gradient of part a). Each entry is a product of a square and a first power, "
    "and each of these brings its own bracket.",
)
def p2b_usam_update(yours: Answers) -> Lines:
    """Check one step of USAM, η = 0.1: GD's step at ρ = 0, worked out by hand at ρ = 0.1."""
    u = np.array([1.0, 2.0])
    for rho, right_u, right_v in ((0.0, (0.9, 1.8), 0.5), (0.1, (0.7525, 1.505), 0.0925)):
        answer = yours.usam_update(u, 1.0, 0.1, rho)
        u_next, v_next = pair(answer, "The answer", "u⁺, v⁺")
        yield close(u_next, right_u, f"u⁺ from u = (1, 2), v = 1 with η = 0.1, ρ = {rho}")
        yield close(v_next, right_v, "v⁺ from there")
    yield unchanged(u, np.array([1.0, 2.0]), "u")


@check(
    "Split the point first: which entry is v? The rest is u, however long it is.",
    "`loss` gives a number, `gradient` an array as long as the point, its entries in the same "
    "order. Both must work for u of length 1 as well.",
    "The definition of L at the top of Problem 2, and your derivation in section a). The check "
    "compares the gradient with slopes of your own loss: if only it fails, the loss is right.",
)
def p2c_loss_gradient(yours: Answers) -> Lines:
    """Check L at (1, 2, 2), and your gradient against finite differences of your loss."""
    x = np.array([1.0, 2.0, 2.0])
    yield close(yours.loss(x), 10.0, "L at u = (1, 2), v = 2")
    right = slopes(yours.loss, x)
    yield close(yours.gradient(x), right, "The gradient, against finite differences of your loss")


@check(
    "If the corner is right and the block is right, what couples u with v? And does the trace "
    "count every diagonal entry, however many u has?",
    "A square matrix, one row longer than u, and a number. It has four blocks; three of them "
    "depend on v, and it equals its transpose.",
    "Section a): your Hessian, block by block, and its trace as a formula in d, ‖u‖² and v².",
)
def p2c_hessian_trace(yours: Answers) -> Lines:
    """Check the Hessian at u = (1, 2), v = 3 and its trace, worked out by hand."""
    x = np.array([1.0, 2.0, 3.0])
    hessian = [(9, 0, 6), (0, 9, 12), (6, 12, 5)]
    yield close(yours.hessian(x), hessian, "The Hessian at u = (1, 2), v = 3")
    yield close(yours.hessian_trace(x), 23.0, "Its trace")


@check(
    "How many points are there after `num_steps` steps? And what if `eta` is a single number in "
    "one call and a whole sequence in the next?",
    "`num_steps` + 1 rows of floats, the start in row 0. Numpy can turn a number into a "
    "sequence of equal numbers and leaves a sequence as it is.",
    "Section c), “Gradient descent”: the update and the conventions listed with it (a copy of "
    "the start, exactly that many steps).",
)
def p2c_gd(yours: Answers) -> Lines:
    """Check three halvings with ∇f(x) = x and η = ½, a step size for each step, and zero steps."""
    start = np.array([4.0, 8.0])
    answer = yours.gd(_itself, start, 0.5, 3)
    yield close(answer, [(4, 8), (2, 4), (1, 2), (0.5, 1)], "Three steps with ∇f(x) = x, η = ½")
    yield unchanged(start, np.array([4.0, 8.0]), "x0")
    answer = yours.gd(_itself, start, np.array([0.5, 2.0]), 2)
    yield close(answer, [(4, 8), (2, 4), (-2, -4)], "Two steps with η = (½, 2)")
    answer = yours.gd(_itself, np.array([4, 8]), 0.5, 0)
    yield close(answer, [(4, 8)], "Zero steps, from an integer start")


@check(
    "One step needs two gradients. At which point is each of them taken, and from which of the "
    "two points does the step start?",
    "As in `gd`, with one more line in the loop. At ρ = 0 both methods must agree to the last "
    "digit.",
    "Section c), “USAM”: the update with ρ. The step up uses the gradient as it is, without "
    "dividing by its length, and the step down starts from where you were before.",
)
def p2c_usam(yours: Answers) -> Lines:
    """Check steps with ∇f(x) = x² (entry by entry), worked out by hand, for two values of ρ."""
    start = np.array([1.0, 0.0])
    answer = yours.usam(_squares, start, 0.125, 1.0, 2)
    right = [(1, 0), (0.5, 0), (0.4296875, 0)]
    yield close(answer, right, "Two steps with ∇f(x) = x², η = ⅛, ρ = 1")
    yield unchanged(start, np.array([1.0, 0.0]), "x0")
    answer = yours.usam(_squares, start, np.array([0.5, 1.0]), 0.0, 2)
    yield close(answer, [(1, 0), (0.5, 0), (0.25, 0)], "Two steps with η = (½, 1), ρ = 0")
    answer = yours.usam(_squares, np.array([1, 0]), 0.5, 1.0, 0)
    yield close(answer, [(1, 0)], "Zero steps, from an integer start")


def _drift(gradient: Any, x0: Any, eta: float, rho: float, num_steps: int) -> np.ndarray:
    """Run a made-up optimiser, called like `usam`: each step adds (η + 3ρ) ∇f(x⁰)."""
    start = np.array(x0, dtype=float)
    steps = np.arange(num_steps + 1)[:, np.newaxis]
    iterates: np.ndarray = start + steps * (eta + 3 * rho) * gradient(start)
    return iterates


@check(
    "There are three nested loops. Which of them makes a key of the dictionary, and which a row "
    "of an array?",
    "A dictionary from (eta, rho) to an array with a row for each start. Each run keeps only "
    "one row of what `optimizer` returns.",
    "Section c), “The experiment”: the order of the arguments of `optimizer`. Call the "
    "function that is passed in, not your `usam`.",
)
def p2c_experiment(yours: Answers) -> Lines:
    """Check the last iterates of a made-up optimiser from every start, for every pair (η, ρ)."""
    starts = np.array([[1.0, 2.0], [3.0, 4.0], [-5.0, 0.0]])
    shifts = {(0.1, 0.0): 1.0, (0.1, 0.2): 7.0, (0.5, 0.0): 5.0, (0.5, 0.2): 11.0}
    answer = yours.run_experiment(_drift, _ones, starts.copy(), [0.1, 0.5], [0.0, 0.2], 10)
    something(answer, "The answer")
    is_dict = isinstance(answer, Mapping)
    expect(is_dict, f"The answer: got {kind(answer)} instead of a dict.", "broken")
    expect(
        set(answer) == set(shifts),
        f"With η in (0.1, 0.5) and ρ in (0.0, 0.2) the keys are {list(answer)} "
        f"but should be the pairs (η, ρ): {list(shifts)}.",
    )
    yield "the keys are the pairs (η, ρ)"
    for (eta, rho), shift in shifts.items():
        what = f"The last iterates from three starts at η = {eta}, ρ = {rho}"
        yield close(answer[eta, rho], starts + shift, what)


@check(
    "The keys are pairs. How do you get from them the values of η, one for each line, and the "
    "values of ρ in increasing order?",
    "For each η a line with one point for each ρ. Its height is one number for all starts "
    "together: half of them lie above it and half below.",
    "Section c), “First picture”. `hessian_trace` takes one point at a time; the median is "
    "taken afterwards, over the runs that did not diverge.",
)
def p2c_trace_plot(yours: Answers) -> Lines:
    """Check a line for each η: the median of a made-up trace over three starts, against ρ."""
    ends = np.array([[0.0, 1.0], [0.0, 2.0], [0.0, 9.0]])
    shifts = {(0.1, 0.0): 4.0, (0.1, 0.2): 3.0, (0.5, 0.0): 2.0, (0.5, 0.2): 0.5}
    results = {pair: ends + shift for pair, shift in shifts.items()}
    figure = as_figure(yours.plot_traces(lambda x: float(x[-1]), results))
    axes = curve(figure, (0, 0.2), (6, 5), "The median over the starts at η = 0.1")
    yield "the medians at η = 0.1 are a line against ρ"
    curve(figure, (0, 0.2), (4, 2.5), "The median over the starts at η = 0.5")
    yield "the medians at η = 0.5 are a line too"
    yield legend_names(figure, 2)
    yield axis_labels(axes)


@check(
    "Two things share the axes: a surface made of many values of `loss`, and points from "
    "`results`. Which keys of `results` belong to the picture of this `eta`?",
    "A grid over the plane with the loss at each of its points; u to the right, v upwards. One set of "
    "marks for ρ = 0 and one for the positive ρ, both named in the legend.",
    "Section c), “Second picture”. `loss` takes one point [u, v] at a time. The first column of "
    "the iterates is u, the second v.",
)
def p2c_surface_plot(yours: Answers) -> Lines:
    """Check the surface of a made-up loss, with the last iterates of GD and USAM at one η."""
    ends = {0.0: [(1.0, 0.5), (-1.0, 1.0)], 0.2: [(0.5, -1.0), (0.25, 0.75)]}
    results = {(0.1, rho): np.array(points) for rho, points in ends.items()}
    results[0.5, 0.0] = results[0.5, 0.2] = np.array([(1.75, 1.75), (1.75, -1.75)])
    figure = as_figure(yours.plot_landscape(lambda x: x[0] ** 2 + 3 * x[1] ** 2, results, 0.1))
    surface = [axes for axes in figure.axes if axes.collections or axes.images]
    expect(
        surface,
        "The figure shows no surface: draw it with `contourf`, `pcolormesh` or `plot_surface`.",
    )
    yield "the figure holds a surface"
    marked = _points(figure)
    for rho, name in ((0.0, "GD (ρ = 0)"), (0.2, "USAM (ρ = 0.2)")):
        expect(
            all(np.isclose(marked, end, atol=1e-6).all(axis=1).any() for end in ends[rho]),
            f"The last iterates of {name} at η = 0.1 are not all marked at their (u, v); "
            "`scatter` or `plot(…, 'o')` marks them.",
        )
        yield f"the last iterates of {name} are marked"
    yield legend_names(figure, 2)
    yield axis_labels(surface[0])


def _points(figure: Figure) -> np.ndarray:
    """Return the first two coordinates of all points and lines in a figure."""
    found = [np.empty((0, 2))]
    for axes in figure.axes:
        for line in axes.get_lines():
            data = line.get_data_3d() if hasattr(line, "get_data_3d") else line.get_data()
            found.append(np.column_stack([np.asarray(part, float) for part in data[:2]]))
        for collection in axes.collections:
            solid = getattr(collection, "_offsets3d", None)
            offsets = np.column_stack(solid[:2]) if solid else collection.get_offsets()
            found.append(np.asarray(offsets, float).reshape(-1, 2))
    return np.concatenate(found)


# --- Problem 3 ----------------------------------------------------------------------------------

_V4 = np.array([1.0, 2.0, 3.0, 4.0])
_W4 = np.array([[1.0, 0.0], [2.0, 1.0], [-1.0, 0.0], [3.0, 5.0]])
_X = np.array([0.6, 0.8])


@check(
    "f is a sum over r with a factor in front. Where does v_r occur, and where w_r? "
    "Compare the factor in front first: it is the same in both.",
    "An array of shape (m,) and one of shape (m, d): row r is the derivative in w_r. Each row "
    "is a multiple of the same vector.",
    "Section a) with its erratum on the shape, and the chain rule for σ(w_rᵀx). "
    "`activation` and `activation_derivative` are given.",
)
def p3a_gradients(yours: Answers) -> Lines:
    """Check ∂f/∂v, worked out by hand, and ∂f/∂W, against finite differences of `network`."""
    answer = yours.gradient_v(_V4, _W4, _X, 2)
    yield close(answer, (0.18, 2, 0, 16.82), "∂f/∂v at a network of width 4, n = 2")
    for n in (1, 2):
        right = slopes(lambda W, n=n: yours.network(_V4, W, _X, n), _W4)  # type: ignore[misc]
        answer = yours.gradient_W(_V4, _W4, _X, n)
        yield close(
            answer,
            right,
            f"∂f/∂W, against finite differences of the given network, n = {n}",
            hint="Row r is ∂f/∂w_r.",
        )


@check(
    "The kernel has two parts, one for each group of parameters. Subtract your answer at n = 1 "
    "from the expected one: which part is missing?",
    "A symmetric array of shape (N, N). An entry is an inner product of all derivatives at one "
    "input with those at another; it contains a sum over r and a factor 1/m.",
    "Section b), the definition of H(0). For the part in W: what is the inner product of two "
    "matrices that are both a column times a row? Section a) has these matrices.",
)
def p3b_kernel(yours: Answers) -> Lines:
    """Check the kernel of a network of width 2 at two inputs, worked out by hand."""
    v, W = np.array([1.0, -2.0]), np.array([[1.0, 1.0], [2.0, -1.0]])
    X = np.array([[1.0, 0.0], [0.6, 0.8]])
    kernels = {1: [(5, 2.6), (2.6, 3.56)], 2: [(42.5, 6.82), (6.82, 7.1336)]}
    for n, kernel in kernels.items():
        answer = yours.empirical_ntk(v, W, X, n)
        yield close(answer, kernel, f"The kernel of a network of width 2 at two inputs, n = {n}")


@check(
    "Which angles are between the three inputs of the check? Put each of them into your formula "
    "by hand and see which one the code gets wrong.",
    "A symmetric array of shape (N, N) with a value for each pair of rows, which depends only "
    "on the angle. On the diagonal it is finite and the same for all rows.",
    "Section c), equation (6) for n = 1, and for the second part the same equation for n = 0. "
    "Part b) says how the two are put together. The ends 0 and π come from a form in which "
    "nothing is divided by the sine.",
)
def p3c_relu(yours: Answers) -> Lines:
    """Check the limit for n = 1 at equal, orthogonal and opposite inputs."""
    corner = 1 / (2 * np.pi)
    return _limit(yours, 1, [(1, corner, 0), (corner, 1, corner), (0, corner, 1)], hint="")


@check(
    "Is your value at equal inputs too small by exactly 1? Then look at the derivative of z² "
    "once more, and at how often it enters the product.",
    "As for n = 1: one formula in the angle for all pairs. It begins with the same factor, and "
    "at the right angle only π is left in it, which cancels.",
    "Section c), equation (6) for n = 2: the operator is applied twice, with the division each "
    "time. The erratum below it gives a value at θ = 0 to compare with.",
)
def p3c_squared(yours: Answers) -> Lines:
    """Check the limit for n = 2 at equal, orthogonal and opposite inputs."""
    right = [(3.5, 0.25, 0), (0.25, 3.5, 0.25), (0, 0.25, 3.5)]
    hint = (
        "At equal inputs the limit is E[z⁴ 1] + E[4z² 1] = 3/2 + 2; the printed sheet has 5/2 there, "
        "because it lost a factor 2 in (z²)′ = 2z."
    )
    return _limit(yours, 2, right, hint=hint)


def _limit(yours: Answers, n: int, right: Any, *, hint: str) -> Lines:
    """Check the limit at three inputs with simple angles, and if rounding changes a norm."""
    X = np.array([[1.0, 0.0], [0.0, 1.0], [-1.0, 0.0]])
    answer = yours.limit_ntk(X, n)
    yield close(answer, right, f"The limit at (1, 0), (0, 1) and (−1, 0), n = {n}", hint=hint)
    row = np.full(3, np.sqrt(1 / 3)) * (1 + 4e-16)
    kernel = numbers(yours.limit_ntk(np.array([row, row]), n), "The limit")
    expect(
        not np.isnan(kernel).any(),
        "The limit is NaN if a rounding error makes x·x larger than 1: keep the arguments of "
        "arccos and square roots inside their range.",
    )
    yield close(kernel, np.full((2, 2), right[0][0]), "The limit for x·x = 1 + 10⁻¹⁵")


@check(
    "On logarithmic axes a power law is a straight line. Which power of the width has the slope "
    "−1/2?",
    "A Figure with two lines over the same widths: the errors, and a guide that starts, for "
    "example, at the first of them. Two labels in a legend, and a label for each axis.",
    "Section “The picture” of Problem 3. `axes.loglog` draws a line and makes both axes "
    "logarithmic.",
)
def p3_plot(yours: Answers) -> Lines:
    """Check the errors on logarithmic axes, and a guide of slope −1/2 with its label."""
    widths, errors = np.array([16, 64, 256, 1024]), np.array([0.4, 0.21, 0.09, 0.052])
    figure = as_figure(yours.plot_convergence(widths, errors))
    axes = curve(figure, widths, errors, "The errors")
    yield "the errors are a line against the widths"
    expect(
        (axes.get_xscale(), axes.get_yscale()) == ("log", "log"),
        "Both axes should be logarithmic: `axes.loglog(…)`.",
    )
    yield "both axes are logarithmic"
    expect(
        any(_is_guide(x, y) for _, x, y in curves(figure)),
        "There is no straight line of slope −1/2, such as errors[0]·√(widths[0]/width).",
    )
    yield "there is a guide of slope −1/2"
    yield legend_names(figure, 2)
    yield axis_labels(axes)


def _is_guide(x: np.ndarray, y: np.ndarray) -> bool:
    """Return whether a line has slope −1/2 on logarithmic axes."""
    if len(x) < 2 or (x <= 0).any() or (y <= 0).any():
        return False
    rise, run = np.diff(np.log(y)), np.diff(np.log(x))
    return bool(np.allclose(rise, -run / 2, atol=1e-6))


if __name__ == "__main__":
    sys.exit(command(sys.argv[1:]))

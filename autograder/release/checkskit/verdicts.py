"""Verdicts, hints, and where you stand"""

from __future__ import annotations

import functools
import html
import io
import re
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from typing import Any

import matplotlib.pyplot as plt
import numpy as np

from autograder.release.checkskit.answers import Answers
from autograder.release.checkskit.facts import PROBLEMS
from autograder.release.checkskit.items import CheckError, Item, Names, State, named

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


def playing(names: Names, *needed: str) -> bool:
    """Return whether a playground runs: somebody watches, and the functions it needs are ready.

    Marking and packing skip playgrounds, which earn nothing.
    """
    return getattr(shell(), "kernel", None) is not None and ready(names, *needed)


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

"""Verdicts, hints, and your progress"""

from __future__ import annotations

import base64
import functools
import html
import io
import re
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Literal

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure

from autograder.release.checkskit.answers import Answers
from autograder.release.checkskit.facts import PROBLEMS
from autograder.release.checkskit.items import Blocks, CheckError, Item, Names, State, named
from autograder.release.checkskit.memory import out_of_date, used_answers
from autograder.release.checkskit.notebooks import (
    Saved,
    empty_parts,
    is_line_left,
    is_written,
    saved_here,
)
from autograder.release.checkskit.pictures import as_figure
from autograder.release.checkskit.terminals import as_printed, say

Lines = Iterator[str]
"""The lines that a check yields, one for each comparison that holds."""

BODIES: dict[str, Callable[[Answers], Lines]] = {}
"""Each item's check, which raises `CheckError` at the first comparison that fails."""

HINTS: dict[str, tuple[str, str, str]] = {}
"""The hints for each item with a check: a nudge, the answer's shape, and where to look."""

_STEPS = ("a nudge", "the shape of the answer", "where to look")

_given: dict[str, int] = {}
"""Number of hints that `hint` has given for an item so far."""

_diagnosed: dict[str, str] = {}
"""The slip or the cause that an item's last check named; `hint` begins with it."""

_latest: list[str] = []
"""The item that was checked last, which shows which notebook this is."""

_VERDICTS: Mapping[State, tuple[str, str, str]] = {
    "passed": ("✓", "passes", "#1a7f37"),
    "missing": ("…", "not found", "#57606a"),
    "open": ("…", "not done yet", "#57606a"),
    "broken": ("✗", "can't be compared yet", "#8a4600"),
    "wrong": ("✗", "not right yet", "#b3261e"),
}
"""Each state's sign, its words, and a colour on which white text is easy to read."""

_WRAPPED = (
    "white-space:pre-wrap;overflow-wrap:anywhere;font-family:var(--jp-code-font-family,monospace)"
)
_SIDE_BY_SIDE = "display:flex;flex-wrap:wrap;gap:0 2.5em;margin:2px 0 2px 1.5em"

_PRAISE = ("Well done.", "Good work.", "That holds up.", "Nicely solved.", "Exactly right.")


@dataclass(frozen=True)
class Result:
    """The outcome of one check: the comparisons that held, and a message about the first fault.

    `compared` are numbers to show below the message. `diagnosis` names the slip if the check knows
    it, `advice` a cause elsewhere. `function` is the name of the function that failed, `call` its
    call as a line to copy. `answer` is what the last call of a passed check returned.
    """

    state: State
    held: tuple[str, ...]
    message: str = ""
    compared: Blocks = ()
    diagnosis: str = ""
    function: str = ""
    call: str = ""
    advice: str = ""
    answer: Any = None

    @property
    def fault(self) -> str:
        """The message, the diagnosis and the numbers as lines."""
        numbers = (f"{label}: {text}" for label, text in self.compared)
        return "\n".join(filter(None, [self.message, self.diagnosis, *numbers]))


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
            asked = _item(item)
            result = _advised(asked, examine(item, names), names)
            _diagnosed[item] = result.advice or result.diagnosis
            _show(asked, result)

        return run

    return decorate


def examine(item: str, names: Names) -> Result:
    """Run one check; an error in it becomes a result too."""
    held: list[str] = []
    _latest[:] = [item]
    answers = Answers(names)
    with _figures_closed():
        try:
            for line in BODIES[item](answers):
                held.append(line)
        except CheckError as error:
            told = str(error), error.compared, error.diagnosis
            return Result(error.state, tuple(held), *told, *answers.last_call(error.changed))
        except Exception as error:
            message = f"The check could not continue: {named(error)}"
            return Result("broken", tuple(held), message, (), "", *answers.last_call())
    return Result("passed", tuple(held), answer=answers.last_answer)


def _advised(item: Item, result: Result, names: Names) -> Result:
    """Return a result with the likely cause: an old cell, or another answer that does not pass."""
    problem = next((name for name, items in PROBLEMS.items() if item in items), "")
    runs = _cells_run()
    causes = (out_of_date(name, problem, names, runs) for name in item.answers if runs)
    if cause := next(filter(None, causes), ""):
        if result.state in ("missing", "open"):
            return replace(result, message=cause)
        return replace(result, advice=cause)
    if result.state == "passed":
        return result
    for name, other in used_answers(item, names):
        fault = _quiet_result(other.name, names)
        if fault.state == "passed" or fault.function not in ("", name):
            continue
        if f"`{name}`" not in result.fault:
            advice = f"It uses your `{name}`, which does not pass yet: look at that check first."
            return replace(result, advice=advice)
    return result


def _cells_run() -> list[str]:
    """Return the texts of the cells that this kernel ran; none outside a notebook."""
    here = shell()
    history = getattr(here, "history_manager", None) if getattr(here, "kernel", None) else None
    return list(getattr(history, "input_hist_parsed", ()))


def _item(name: str) -> Item:
    known = (item for items in PROBLEMS.values() for item in items if item.name == name)
    return next(known, Item(name, 0))  # outside a course no points are known


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
    return _quiet_result(item, names).state


def _quiet_result(item: str, names: Names) -> Result:
    with redirect_stdout(io.StringIO()), redirect_stderr(io.StringIO()):
        return examine(item, names)


def shell() -> Any:
    """Return the IPython shell that this code runs in, or None; does not import IPython."""
    get = getattr(sys.modules.get("IPython"), "get_ipython", None)
    return get() if get else None


def _show(item: Item, result: Result) -> None:
    """Show a result: in a notebook as HTML and text, elsewhere as text only."""
    _publish(_text(item, result), _page(item, result))


def _publish(text: str, page: str) -> None:
    """Show a page in a notebook, or its text if HTML can't be shown; elsewhere print the text."""
    here = shell()
    if getattr(here, "kernel", None) is None:
        say(text)
    else:
        here.display_pub.publish(data={"text/plain": text, "text/html": page}, metadata={})


def _publish_line(text: str) -> None:
    """Show one line, with text between backticks as code if HTML can be shown."""
    _publish(text, f"<div>{_marked_up(text)}</div>")


def _text(item: Item, result: Result) -> str:
    """Return a result as text: a headline, the comparisons that held, and the message."""
    sign, word, _ = _VERDICTS[result.state]
    headline = f"{sign} {item.name}: {word}" + f" – {item.heading}" * bool(item.title)
    lines = [headline + _praise(item, result), *(f"  ✓ {line}" for line in result.held)]
    lines += [f"  {line}" for line in _fault_lines(result)]
    lines += [f"  → {line}" for line in _next_steps(result)]
    if _needs_hints(item, result):
        lines.append(
            f'  ? Stuck? checks.hint("{item.name}") gives a hint; call it again for the next.'
        )
    return "\n".join(lines)


def _fault_lines(result: Result) -> Iterator[str]:
    """Yield the first fault as lines: the message, the numbers with their labels, the diagnosis."""
    first, *rest = _signed(result).split("\n")
    yield from filter(None, [first])
    yield from (f"  {line}" for line in rest)
    width = max((len(label) for label, _ in result.compared), default=0) + 1
    for label, text in result.compared:
        top, *more = text.split("\n")
        yield f"  {label + ':':<{width}} {top}"
        yield from (f"  {'':{width}} {line}" for line in more)
    yield from filter(None, [f"  {result.diagnosis}" * bool(result.diagnosis)])


def _signed(result: Result) -> str:
    """Return the message, after a ✗ if the lines above it may have a ✓."""
    cross = _VERDICTS["wrong"][0]
    return f"{cross} {result.message}" if result.state in ("broken", "wrong") else result.message


def _praise(item: Item, result: Result) -> str:
    """Return a few kind words if the answer is right, the same ones each time."""
    place = list(BODIES).index(item.name)
    return f". {_PRAISE[place % len(_PRAISE)]}" if result.state == "passed" else ""


def _next_steps(result: Result) -> list[str]:
    failed = result.state in ("broken", "wrong") and result.call
    call = f"try it yourself: `{result.call}`" if failed else ""
    return [line for line in (call, result.advice) if line]


def _needs_hints(item: Item, result: Result) -> bool:
    """Return whether hints can help: they can't if all is right or the cell was not run."""
    return result.state not in ("passed", "missing") and item.name in HINTS


def _page(item: Item, result: Result) -> str:
    """Return a result as HTML: a badge with a sign and a word, and hints that open one by one.

    It has no script and no style sheet, loads nothing, and is readable without its styles.
    """
    sign, word, colour = _VERDICTS[result.state]
    badge = f"background:{colour};color:#fff;border-radius:3px;padding:1px 7px"
    lines = [
        f'<div><span style="{badge}"><b>{sign} {word}</b></span> '
        f"<b>{html.escape(item.title or item.name)}</b> ({item.worth})"
        f"{_praise(item, result)} {_small(item.name)}</div>",
        *(f"<div>✓ {_marked_up(line)}</div>" for line in result.held),
    ]
    lines += _fault_page(result)
    lines += [f"<div>→ {_marked_up(line)}</div>" for line in _next_steps(result)]
    lines += _own_picture(result)
    if _needs_hints(item, result):
        lines.append(_hints(item.name))
    box = f"border-left:4px solid {colour};padding:2px 0 2px 10px;margin:4px 0"
    return f'<div style="{box};overflow-wrap:anywhere">' + "\n".join(lines) + "</div>"


def _fault_page(result: Result) -> Iterator[str]:
    """Yield the first fault as HTML; the numbers stand side by side if the page is wide enough."""
    if not result.message:
        return
    first, _, rest = _signed(result).partition("\n")
    yield f"<div>{_marked_up(first)}</div>"
    if rest:
        yield f'<pre style="margin:0 0 0 1.5em;{_WRAPPED}">{_marked_up(rest)}</pre>'
    blocks = (
        f"<div><b>{html.escape(label)}</b>"
        f'<pre style="margin:0;{_WRAPPED}">{html.escape(text)}</pre></div>'
        for label, text in result.compared
    )
    if result.compared:
        yield f'<div style="{_SIDE_BY_SIDE}">{"".join(blocks)}</div>'
    if result.diagnosis:
        yield f"<div>{_marked_up(result.diagnosis)}</div>"


def _own_picture(result: Result) -> Iterator[str]:
    """Yield the figure of a passed check as HTML, if a front end can show it."""
    if result.state != "passed" or not _is_watched():
        return
    try:
        picture = _as_image(as_figure(result.answer), "; ".join(result.held), dpi=60)
    except Exception:  # no figure, or one that can't be drawn: the verdict says all that is needed
        return
    yield f"<div>Your picture of the check's example:</div><div>{picture}</div>"


def _as_image(figure: Figure, text: str, dpi: float | Literal["figure"] = "figure") -> str:
    """Return a figure as HTML, with a text for readers who do not see it."""
    file = io.BytesIO()
    figure.savefig(file, format="png", dpi=dpi, bbox_inches="tight")
    data = base64.b64encode(file.getvalue()).decode("ascii")
    source = f'src="data:image/png;base64,{data}" style="max-width:100%;height:auto"'
    return f'<img alt="{html.escape(text)}" {source}>'


def _small(name: str) -> str:
    return f'<small style="white-space:nowrap">{name}</small>'


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
    """Return a line as HTML, with text between backticks as code, which may wrap anywhere."""
    return re.sub(r"`([^`]*)`", rf'<code style="{_WRAPPED}">\1</code>', html.escape(text))


def _hint_title(step: int) -> str:
    return f"Hint {step + 1} of {len(_STEPS)}: {_STEPS[step]}"


def hint(name: object = "") -> None:
    """Print the next hint for an item; after the last, the first again.

    `name` is the name of an item, such as "p1-loss", or of a function. A part of a name or of a
    title is enough if it fits only one item, such as "loss". If the item's last check named a slip,
    that slip is printed first, once.
    """
    if name == "":
        named = (name for items in PROBLEMS.values() for item in items for name in item.answers)
        say(f'Name an item or a function: checks.hint("{next(named, "loss")}").')
    found = items_named(getattr(name, "__name__", name))
    if not found and (texts := items_named(name, texts=True)):
        what = f"its question: open them there ({texts[0]})."
        if len(texts) > 1:
            what = f"its question. Texts with such a name: {', '.join(texts)}."
        say(f"The hints for a text are folded below {what}")
        return
    if len(found) != 1:
        told = f"{len(found)} items fit" if found else "There is no hint for"
        here = next((items for items in PROBLEMS.values() if _item_in(items, _latest)), ())
        choice = [item.name for item in here if item.name in HINTS]
        say(f"{told} {name!r}. Choose one of: {', '.join(found or choice or HINTS)}.")
        return
    (item,) = found
    step = _given.get(item, 0) % len(_STEPS)
    _given[item] = step + 1
    more = step + 1 < len(_STEPS)
    if words := _diagnosed.pop(item, ""):
        say(f"{item}, from the check that failed\n  {words}")
    say(
        f"{item}, {_hint_title(step)}\n  {HINTS[item][step]}\n"
        + (
            "  Call it again for the next hint."
            if more
            else "  That was the last; calling it again starts from the first hint."
        )
    )


def _item_in(items: Sequence[Item], names: Sequence[str]) -> bool:
    return any(item.name in names for item in items)


def items_named(name: object, *, texts: bool = False) -> list[str]:
    """Return the items with hints that a name fits exactly, or else those that it fits in part.

    With `texts`, search the items that are texts instead.
    """
    word = str(name).strip().lower()
    words = {
        item.name: [text.lower() for text in (item.name, *item.answers, item.title)]
        for items in PROBLEMS.values()
        for item in items
        if (not item.answers if texts else item.name in HINTS)
    }
    if word in words:
        return [word]
    exact = [item for item, texts in words.items() if word in texts]
    part = word.replace("_", "-")
    return exact or [
        item
        for item, texts in words.items()
        if word and any(word in text or part in text for text in texts)
    ]


def ready(names: Names, *needed: str) -> bool:
    """Return whether an experiment can run: all functions that it needs exist and give answers.

    It prints the answers that are not done yet. If all are done, it prints the given functions
    whose cells did not run. A function with wrong answers does not stop the experiment, but a note
    warns that its picture will be wrong too.
    """
    open_names, doubtful = [], []
    for name in filter(_items_of, needed):
        states = [quietly(item, names) for item in _items_of(name)]
        if name not in names or any(state in ("missing", "open", "broken") for state in states):
            open_names.append(name)
        elif "wrong" in states:
            doubtful.append(name)
    given = [name for name in needed if name not in names and not _items_of(name)]
    if open_names:
        _publish_line(f"… This cell waits for: {_quoted(open_names)}")
    elif given:
        _publish_line(f"… Run the cell above that defines {_quoted(given)}, then this one.")
    elif doubtful:
        _publish_line(
            f"The visible check of {_quoted(doubtful)} does not pass yet, so don't trust the "
            "result below."
        )
    return not open_names and not given


def _quoted(names: Sequence[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


def playing(names: Names, *needed: str) -> bool:
    """Return whether to run a playground: in a front end, if the functions it needs are ready.

    A playground is an experiment that earns no points, so marking and packing skip it.
    """
    return _is_watched() and ready(names, *needed)


def _is_watched() -> bool:
    return getattr(shell(), "kernel", None) is not None


def plain(function: Callable[..., Any]) -> Callable[..., Any]:
    """Wrap a function so that it returns arrays, or a number if there is only one.

    An experiment can then use every form of a right answer, such as a list or an array of shape
    (1,).
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
    """Show which items of a problem pass their visible checks, and which are still open.

    Whether a text is written is read from the saved notebook, if it is beside this file.
    """
    if problem not in PROBLEMS:
        known = ", ".join(PROBLEMS)
        raise ValueError(f"there is no notebook {problem!r}; write one of: {known}")
    items, saved = PROBLEMS[problem], saved_here(problem)
    states = {item.name: quietly(item.name, names) for item in items if item.answers}
    rows = [(item, *_standing(item, states.get(item.name), saved)) for item in items]
    end = [_points_so_far(items, states)]
    todo = [item for item in items if states.get(item.name, "passed") != "passed"]
    if todo:
        end.append(f"Next: {todo[0].title or todo[0].name} ({todo[0].name}).")
    else:
        end.append("Before you hand in: restart the kernel, run all cells once more, and save.")
    if len(states) < len(items) and saved and not saved.fault:
        time = datetime.fromtimestamp(saved.time)
        end.append(f"Texts are looked up in the file as you last saved it ({time:%d %b, %H:%M}).")
    title = f"{problem}: your progress"
    text = [title, "", *(f"  {line}" for line in _columns(rows)), "", *end]
    _publish("\n".join(text), _table(title, rows, end))


def _standing(item: Item, state: State | None, saved: Saved | None) -> tuple[str, str]:
    """Return the sign and the words of an item in the summary."""
    if item.answers or saved is None or saved.fault:
        return _STANDINGS[state]
    if is_written(saved, item.name):
        if empty := empty_parts(saved, item.name):
            return "✎", f"started: {empty}"
        line = "; delete the line “Your answer goes here” too"
        return "✎", "written; a person marks it" + line * is_line_left(saved, item.name)
    return "…", "no text yet"


def _points_so_far(items: Sequence[Item], states: Mapping[str, State]) -> str:
    """Return in words the sums of regular and of bonus points that pass."""
    passed, all_of = ([0.0, 0.0] for _ in range(2))
    for item in (item for item in items if item.answers):
        all_of[item.bonus] += item.points
        passed[item.bonus] += item.points * (states.get(item.name) == "passed")
    read = sum(item.points for item in items if not item.answers)
    texts = [f"A person marks the {read:g} points for texts"] if read else []
    parts = [
        f"{passed[bonus]:g} of {all_of[bonus]:g} {'bonus ' * bonus}points"
        for bonus in (False, True)
        if all_of[bonus]
    ]
    parts[:1] = [f"{part}{' that tests mark' * bool(read)} pass so far" for part in parts[:1]]
    told = [", ".join(parts)] if parts else []
    return " ".join(f"{part}." for part in told + texts)


def _table(title: str, rows: Sequence[tuple[Item, str, str]], end: Sequence[str]) -> str:
    """Return the summary as HTML, a table that is also readable on a narrow page."""
    cell = 'style="text-align:left;padding:2px 8px;vertical-align:top;font-weight:normal"'
    whole = 'style="white-space:nowrap"'
    lines = [
        f'<tr><th scope="row" {cell}>{html.escape(item.title or item.name)} '
        f"{_small(item.name)}</th><td {cell}><span {whole}>{item.worth}</span></td>"
        f"<td {cell}>{mark}\N{NO-BREAK SPACE}{html.escape(word)}</td></tr>"
        for item, mark, word in rows
    ]
    head = "".join(
        f'<th scope="col" {cell}><b>{name}</b></th>' for name in ("item", "worth", "state")
    )
    about = "text-align:left;font-weight:bold;color:inherit;caption-side:top"
    return (
        '<div style="overflow-wrap:break-word"><table style="margin:0;table-layout:auto">'
        f'<caption style="{about}">{title}</caption><thead><tr>{head}</tr></thead>'
        f"<tbody>{''.join(lines)}</tbody></table>"
        + "".join(f"<div>{html.escape(line)}</div>" for line in end)
        + "</div>"
    )


_STANDINGS: Mapping[State | None, tuple[str, str]] = {
    "passed": ("✓", "passes"),
    "missing": ("…", "not found: run its cell, or write it first"),
    "open": ("…", "not done yet"),
    "broken": ("✗", "its answer can't be compared yet"),
    "wrong": ("✗", "not right yet"),
    None: ("✎", "your text, marked by a person"),
}


def _columns(rows: Sequence[tuple[Item, str, str]]) -> Iterator[str]:
    """Yield the rows of a table as text, aligned for this terminal."""
    table = [
        [as_printed(cell) for cell in (mark, item.name, item.worth, word)]
        for item, mark, word in rows
    ]
    widths = [max(map(len, column)) for column in zip(*table, strict=True)][:-1]
    for *cells, last in table:
        first = (f"{cell:<{width}}" for cell, width in zip(cells, widths, strict=True))
        yield "  ".join([" ".join([next(first), next(first)]), *first, last])


def show(*alternatives: str) -> None:
    """Show all open figures and close them, each with a text for readers who do not see it.

    The last text is used again if there are more figures than texts.
    """
    if getattr(shell(), "kernel", None) is None:
        plt.show()
        return
    for index, number in enumerate(plt.get_fignums()):
        text = alternatives[min(index, len(alternatives) - 1)] if alternatives else "a figure"
        try:
            image = _as_image(plt.figure(number), text)
        except Exception as error:
            say(f"✗ Figure {index + 1} can't be drawn: {named(error)}")
            continue
        _publish(f"[Picture: {text}]", image)
    plt.close("all")

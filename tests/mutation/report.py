"""The run as a page: docs/mutation.md."""

from __future__ import annotations

from collections import Counter

from .mutants import SHRUNK
from .run import Run

OPENING = """\
# Mutation run

Written by `make mutation`. `make test-slow` fails if it is out of date.

How strong are the hidden tests? Each reference solution is changed in one small place, and the
changed function (a *mutant*) is marked as a student's answer. A mutant that loses points is
*caught*. A mutant that keeps all its points with some seed is a *survivor*: it may be a right
answer, or the hidden tests may be too weak. **Every survivor has a reason why it is a right
answer.**
"""

METHOD = """\
## Method

- **What is changed:** the text of every function and value that an auto item asks for. Functions
  that a notebook gives to students, docstrings and annotations stay.
- **mutmut's operators:** a number + 1, another operator, an argument left out or `None`, changed
  letters in a text, one arm of a conditional.
- **Operators that numerical code needs.** In expressions: a number − 1, every other operator among
  `+ - * / **`, one operand alone, every other comparison, no minus, no call (`x.copy()` → `x`).
  Also a slice with one end open, a comprehension without its filter, a statement left out, and a
  loop with zero turns or one. Each variable is replaced by each other variable of the function.
- **All mutants are tried;** nothing is drawn at random. Mutants are left out if they are not
  valid Python, equal an earlier one, or change only the style of a picture. Style means colours,
  sizes, markers, dashes, grids, and the words of axes, titles and colour bars.
- **Marking** is the real one without the sandbox, in a process of its own with bounded time and
  memory. Expected values come from the unchanged reference. A mutant that runs out of time is
  caught, as it is in the sandbox.
- **Seeds:** {seeds}. A mutant must lose points with both. The second is tried unless every test
  of the item failed with the first.
- {shrunk}
"""

REASONS = """\
## Why the survivors are right answers

[`survivors.toml`](../tests/mutation/survivors.toml) lists every survivor under its reason: the
function, the changed lines, and what they became.
"""


def markdown(run: Run) -> str:
    """The page."""
    caught = sum(trial.caught for trial in run.trials)
    stopped = sum(trial.stopped for trial in run.trials)
    lines = [
        OPENING,
        f"Mutants: **{len(run.trials)}**. Caught: **{caught}**"
        + (f" ({stopped} of them by time or memory)" if stopped else "")
        + f". Survivors: **{len(run.survivors)}**, with {len(run.reasons)} reasons.\n",
        METHOD.format(seeds=_enumerated(run.seeds), shrunk=_shrunk()),
        *_table(run),
        *_survivors(run),
    ]
    return "\n".join(lines).rstrip() + "\n"


def _enumerated(numbers: tuple[int, ...]) -> str:
    return " and ".join(map(str, numbers))


def _shrunk() -> str:
    (name, (size, instead)), *_ = SHRUNK.items()
    return (
        f"**One size is made smaller:** `{name}` sums over pieces of the width that hold {size} "
        f"numbers.\n  In the run they hold {instead}, so that small networks, too, are made of "
        "several pieces."
    )


def _table(run: Run) -> list[str]:
    made = Counter((t.mutant.items, t.mutant.name) for t in run.trials)
    left = Counter((mutant.items, mutant.name) for mutant in run.survivors)
    rows = [
        f"| `{name}` | {', '.join(items)} | {made[items, name]} | "
        f"{made[items, name] - left[items, name]} | {left[items, name]} |"
        for items, name in made
    ]
    head = ["## By answer", "", "| answer | items | mutants | caught | survivors |"]
    return [*head, "|---|---|---:|---:|---:|", *rows, ""]


def _survivors(run: Run) -> list[str]:
    """The reasons with the number of their survivors, and the answers that these change."""
    lines = [REASONS, "| reason | answers | survivors |", "|---|---|---:|"]
    for reason in run.reasons:
        answers = dict.fromkeys(name.partition(":")[0] for name in reason.mutants)
        named = ", ".join(f"`{answer}`" for answer in answers)
        lines.append(f"| {reason.because} | {named} | {len(reason.mutants)} |")
    return [*lines, ""]

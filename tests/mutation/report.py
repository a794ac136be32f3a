"""The run as a page: docs/mutation.md."""

from __future__ import annotations

from collections import Counter

from .mutants import SHRUNK
from .run import Run

OPENING = """\
# Mutation run

Written by `make mutation`; `make test-slow` fails where it is out of date.

How strong are the hidden tests? Each reference solution is changed in one small place, and the
changed function (a *mutant*) is marked as a student's answer. A mutant that loses a point is
caught. One that loses none on some seed's inputs is a *survivor*: either it is no wrong answer,
for a reason that is written down in `tests/mutation/survivors.toml`, or the hidden tests are too
weak. **No survivor is left without a reason.**
"""

METHOD = """\
## How it is done

- **What is changed**: the text of every function and value that an auto item asks for; not the
  functions that a notebook gives to students, nor docstrings and annotations.
- **How**: by mutmut's operators (a number + 1, another operator, an argument left out or `None`,
  a text in other letters, each arm of a choice alone …), and by operators of our own where
  numerical code needs more: a number − 1, every other operator among + − * / **, either operand
  alone, every other comparison, no minus, no call (`x.copy()` → `x`), a slice open at one end
  more, a comprehension without its filter, a statement left out, a loop of no turn or of one, and
  in the place of a variable each other variable of the function.
- **All of these mutants are tried**; nothing is drawn at random. Left out are those that are no
  Python, those that were there before, and those that differ in taste alone: colours, sizes,
  markers, dashes, grids, and how axes, titles and colour bars are worded.
- **Marking** is the real one but for the sandbox, in a process of its own with bounded time and
  memory. Expected values come from the untouched reference. A mutant that does not end in time
  is caught, as it is in the sandbox.
- **Seeds**: {seeds}. A mutant has to lose points on both; the second is tried unless every test of
  the item has failed on the first.
- {shrunk}
"""


def markdown(run: Run) -> str:
    """The page."""
    caught = sum(trial.caught for trial in run.trials)
    stopped = sum(trial.stopped for trial in run.trials)
    lines = [
        OPENING,
        f"Mutants: **{len(run.trials)}**. Caught: **{caught}**"
        + (f" ({stopped} of them by time or memory)" if stopped else "")
        + f". Survivors: **{len(run.survivors)}**, all for one of {len(run.reasons)} reasons.\n",
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
        f"**One size is made smaller**: `{name}` sums over pieces of the width that hold {size} "
        f"numbers.\n  In the run they hold {instead}, so that small networks are made of several "
        "pieces, too."
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
    lines = ["## The survivors, and why none is a wrong answer", ""]
    for reason in run.reasons:
        lines += [f"### {reason.because}", ""]
        lines += [f"- {_as_code(name)}" for name in reason.mutants]
        lines.append("")
    return lines


def _as_code(name: str) -> str:
    """A mutant with its lines set as code."""
    answer, change = name.split(": ", 1)
    old, new = change.split(" → ", 1)
    return f"`{answer}`: " + " → ".join(
        f"`` {part} ``" if part else "nothing" for part in (old, new)
    )

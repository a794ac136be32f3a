"""The results of a mutation run as the page docs/mutation.md."""

from __future__ import annotations

from collections import Counter

from .mutants import SHRUNK
from .run import Run

OPENING = """\
# Mutation run

Written by `make mutation`. `make test-slow` fails if it is out of date.

This page shows how strong the hidden tests are. Each reference solution is changed in one small
place, and the changed function (a *mutant*) is marked like a student's answer. A mutant that loses
points is *caught*. A mutant that keeps all its points with at least one seed is a *survivor*:
either the mutant is a right answer, or the hidden tests are too weak. **This page gives a reason
why each survivor is a right answer.**
"""

METHOD = """\
## Method

- **Changed code:** the text of every function and value that an item marked by tests asks for.
  Functions that a notebook gives to students, docstrings and annotations are not changed.
- **Changes that the tool mutmut makes.** In expressions: add 1 to a number, use another operator,
  leave out an argument or replace it by `None`. Also: change letters in a text, or keep one branch
  of a conditional.
- **Changes for numerical code.** In expressions: subtract 1 from a number, use every other operator
  among `+ - * / **`, keep one operand alone, use every other comparison, remove a minus sign,
  remove a call (`x.copy()` → `x`). Also: open one end of a slice, remove the filter of a
  comprehension, remove a statement, run a loop zero times or once. Each variable is also replaced
  by each other variable of the function.
- **All mutants are tried;** no random sample is drawn. A mutant is left out if it is not valid
  Python, equals an earlier mutant, or changes only the style of a picture. Style means colours,
  sizes, markers, dashes, grids, and the words of axes, titles and colour bars.
- **Marking** is the same as for students, but without the sandbox: each mutant runs in a separate
  process with limits on time and memory. Expected values come from the unchanged reference. A
  mutant that exceeds the time limit counts as caught, as in the sandbox.
- **Seeds:** {seeds}. A caught mutant loses points with both seeds. The second seed is skipped if
  every test of the item failed with the first seed.
- {shrunk}
"""

REASONS = """\
## Why the survivors are right answers

[`survivors.toml`](../tests/mutation/survivors.toml) lists every survivor under its reason, with the
function, the changed lines, and the new lines.
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
        f"**One size is made smaller:** `{name}` sums over pieces of the width, each with {size} "
        f"numbers.\n  In the mutation run, a piece has {instead} numbers, so that small networks "
        "also consist of several pieces."
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
    """Return the reasons, the number of survivors for each, and the answers that survive."""
    lines = [REASONS, "| reason | answers | survivors |", "|---|---|---:|"]
    for reason in run.reasons:
        answers = dict.fromkeys(name.partition(":")[0] for name in reason.mutants)
        named = ", ".join(f"`{answer}`" for answer in answers)
        lines.append(f"| {reason.because} | {named} | {len(reason.mutants)} |")
    return [*lines, ""]

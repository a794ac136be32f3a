"""`python -m tests.benchmarks.scale` measures time, memory and marks for a large class.

The real command marks the class. The command is killed after it has recorded half of the class, and
then run again; a third run finds no changes. One submission in fifty is complete. The other
submissions are small: one notebook, partly answered, untouched or broken. All submissions are fully
marked and recorded.
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from rich.console import Console

from autograder.course.assignment import Course
from tests import written
from tests.benchmarks.machine import machine, told, versions

from .plan import plan
from .results import Figures
from .trial import TrialError, run_trial

CHECKOUT = Path(__file__).parents[3]
PAGE = CHECKOUT / "docs" / "scale.md"
COMMAND = "make bench-scale"
HOMEWORK = "hw2"


def main(arguments: Sequence[str] | None = None) -> int:
    """Return 0 if all bounds hold, 1 if a bound is missed, 2 if nothing could be measured."""
    options = _options().parse_args(arguments)
    out, err = Console(width=options.width), Console(stderr=True)
    try:
        figures, rest = _measure(options, err) if options.read is None else _read(options.read)
    except TrialError as error:
        err.print(str(error), markup=False, style="red")
        return 2
    if options.json:
        data = {"figures": figures.to_json(), **rest}
        options.json.parent.mkdir(parents=True, exist_ok=True)
        options.json.write_text(json.dumps(data, indent=2) + "\n", encoding="utf-8")
    for table in figures.tables():
        out.print(table)
    if options.page:
        _write_page(figures, rest, options.bench)
        err.print(f"the tables in {PAGE.name} are written")
    return 1 if any(bound.holds is False for bound in figures.bounds()) else 0


def _options() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.scale", description=__doc__)
    parser.add_argument("--students", type=int, default=10_000, metavar="N", help="in the class")
    parser.add_argument("--json", type=Path, metavar="FILE", help="keep all figures in FILE")
    parser.add_argument("--read", type=Path, metavar="FILE", help="run nothing: read this")
    parser.add_argument("--page", action="store_true", help="write the tables into docs/scale.md")
    parser.add_argument("--bench", type=Path, metavar="FILE",
                        help="figures of `make bench`: what full submissions cost")  # fmt: skip
    parser.add_argument("--folder", type=Path,
                        help="where the course goes and stays (default: not kept)")  # fmt: skip
    parser.add_argument("--width", type=int, default=120, help="of the tables, in characters")
    return parser


def _measure(options: argparse.Namespace, err: Console) -> tuple[Figures, Mapping[str, Any]]:
    course = Course.find(CHECKOUT)
    scratch = options.folder or Path(tempfile.mkdtemp(prefix="scale-"))
    try:
        figures = run_trial(
            course, course.assignment(HOMEWORK), options.students, scratch / "course", err.print
        )
    finally:
        if options.folder is None:
            shutil.rmtree(scratch)
    return figures, {"machine": machine(), "versions": versions()}


def _read(path: Path) -> tuple[Figures, Mapping[str, Any]]:
    return Figures.read(path)


def _write_page(figures: Figures, rest: Mapping[str, Any], bench: Path | None) -> None:
    parts = [figures.markdown(), told(rest["machine"], rest["versions"])]
    if bench is not None and bench.is_file():
        parts.append(plan(figures, json.loads(bench.read_text(encoding="utf-8"))))
    written.write_between(PAGE, COMMAND, "\n\n".join(parts))


if __name__ == "__main__":
    sys.exit(main())

"""`python -m tests.benchmarks` compares the kit with stock nbgrader and otter-grader.

Each tool marks the same submissions in its own course and with its real command; the courses are
prepared before the measurement. In each round, every tool runs once, in an order that changes from
round to round. Only runs of the same round are compared.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from rich.console import Console

from autograder.course.assignment import Course
from tests import written
from tests.comparison import otter_grader

from . import stopwatch
from .byhand import page_seconds
from .courses import SAMPLES, make_kit_course, sample_students
from .effort import Effort
from .figures import Figures, stages
from .machine import machine, versions
from .starts import measure_starts
from .ways import KIT, OTTER, WAYS, Maker, UnfairError, Way, run_script

CHECKOUT = Path(__file__).parents[2]
PAGE = CHECKOUT / "docs" / "benchmarks.md"
COMMAND = "make bench"
HOMEWORK = "hw2"
ENVIRONMENT = Path(sys.prefix) / "otter-grader"


def main(arguments: Sequence[str] | None = None) -> int:
    """Return 0 if all tools were measured, 2 if a tool doesn't find the true marks."""
    options = _options().parse_args(arguments)
    out, err = Console(width=options.width), Console(stderr=True)
    try:
        figures = Figures.read(options.read) if options.read else _measure(options, err)
    except UnfairError as error:
        err.print(f"[red]{error}[/red]")
        return 2
    if options.json:
        options.json.write_text(figures.to_json(), encoding="utf-8")
    for table in figures.tables():
        out.print(table)
    if figures.stages:
        out.print(stages(figures.stages))
    if options.compare:
        out.print(figures.compared(Figures.read(options.compare)))
    if options.page:
        written.write_between(PAGE, COMMAND, figures.markdown())
        err.print(f"the tables in {PAGE.name} are written")
    return 0


def _options() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description=__doc__)
    parser.add_argument("--submissions", type=int, default=40, metavar="N", help="in the class")
    parser.add_argument("--rounds", type=int, default=3, metavar="R", help="turns of each way")
    parser.add_argument("--way", choices=WAYS, action="append", help="only this way")
    parser.add_argument("--json", type=Path, metavar="FILE", help="keep all figures in FILE")
    parser.add_argument("--read", type=Path, metavar="FILE", help="run nothing: read this")
    parser.add_argument("--page", action="store_true", help=f"write the tables into {PAGE.name}")
    parser.add_argument(
        "--compare", type=Path, metavar="FILE", help="show an earlier run beside it"
    )
    parser.add_argument("--otter", type=Path, default=ENVIRONMENT, metavar="FOLDER",
                        help="where otter-grader's environment is or goes")  # fmt: skip
    parser.add_argument("--width", type=int, default=120, help="of the tables, in characters")
    return parser


def _measure(options: argparse.Namespace, err: Console) -> Figures:
    names = options.way or WAYS
    known = versions()
    if OTTER in names:
        err.print("otter-grader goes into an environment of its own; the first time takes a while")
        otter_grader.environment(options.otter)
        known["otter-grader"] = otter_grader.OtterGrader(options.otter).version().split()[-1]
    course = Course.find(CHECKOUT)
    maker = Maker(course, course.assignment(HOMEWORK), options.otter / "bin")
    with tempfile.TemporaryDirectory(prefix="bench-") as scratch:
        _check(maker, names, Path(scratch, "kinds"), err)
        rounds = _rounds(maker, names, options, Path(scratch), err)
        starts = _starts(Path(scratch), options.rounds, err) if KIT in names else []
    spent = _stages(options.submissions) if KIT in names else {}
    pages = page_seconds() if KIT in names else {}
    return Figures(
        options.submissions, rounds, machine(), known, starts=starts, stages=spent, pages=pages
    )


def _check(maker: Maker, names: Sequence[str], root: Path, err: Console) -> None:
    """Mark each kind of submission once, to find wrong marks early and to warm the caches."""
    everyone = sample_students(maker.course, maker.assignment, len(SAMPLES))
    kinds = {student.story: student for student in everyone}
    for way in maker.make(names, list(kinds.values()), root):
        _run(way, root / f"{way.name}-run", "to see the marks", err)


def _rounds(
    maker: Maker, names: Sequence[str], options: argparse.Namespace, root: Path, err: Console
) -> list[Mapping[str, Effort]]:
    students = sample_students(maker.course, maker.assignment, options.submissions)
    ways = maker.make(names, students, root / "courses")
    rounds: list[Mapping[str, Effort]] = []
    for number in range(options.rounds):
        first = number % len(ways)
        turns = [*ways[first:], *ways[:first]]
        told = f"round {number + 1} of {options.rounds}"
        rounds.append({w.name: _run(w, root / f"{w.name}-{number}", told, err) for w in turns})
    return rounds


def _run(way: Way, root: Path, told: str, err: Console) -> Effort:
    effort = way.run(root)
    cpu = "" if effort.cpu is None else f", {effort.cpu:.1f} s of processors"
    err.print(f"{told}: {way.name} took {effort.seconds:.1f} s{cpu}", highlight=False)
    return effort


def _starts(root: Path, rounds: int, err: Console) -> list[Mapping[str, Effort]]:
    """Measure single commands in the course that the kit graded in the last round."""
    graded = root / f"{KIT}-{rounds - 1}"
    student = min(path.name for path in (graded / "submitted").iterdir())
    err.print("single commands, cold start")
    return [measure_starts(graded, HOMEWORK, student) for _ in range(rounds)]


def _stages(count: int) -> dict[str, float]:
    course = Course.find(CHECKOUT)
    assignment = course.assignment(HOMEWORK)
    students = sample_students(course, assignment, count)
    with tempfile.TemporaryDirectory(prefix="bench-") as scratch:
        made = make_kit_course(course, assignment, students, Path(scratch, "course"))
        found = run_script(stopwatch, made.root, HOMEWORK)
    return {name: spent / count for name, spent in found["seconds"].items()}


if __name__ == "__main__":
    sys.exit(main())

"""`python -m tests.comparison` tries all attack ideas on the three tools and prints tables."""

from __future__ import annotations

import argparse
import multiprocessing
import platform
import subprocess
import sys
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from importlib.metadata import version
from pathlib import Path

from rich.console import Console

from tests.comparison import net, otter_grader, tools
from tests.comparison.attack import TOOLS, Idea
from tests.comparison.contest import Result, UnfairError
from tests.comparison.homework import CHECKOUT
from tests.comparison.ideas import IDEAS
from tests.comparison.tables import Comparison, page

PAGE = CHECKOUT / "docs" / "comparison.md"
OTTER = Path(sys.prefix) / "otter-grader"


def main(arguments: Sequence[str] | None = None) -> int:
    """Return 0 if no idea got anything from this kit, 1 if one did, 2 if the comparison failed."""
    options = _options().parse_args(arguments)
    out, err = Console(width=options.width), Console(stderr=True)
    try:
        net.require()
        ideas = _chosen(options.idea)
        if options.read:
            comparison = Comparison.read(options.read)
        else:
            names = options.tool or TOOLS
            if "otter" in names:
                err.print(
                    "otter-grader goes into an environment of its own; the first time takes a while"
                )
                otter_grader.environment(options.otter)
            comparison = Comparison(_compete(names, ideas, options), _versions())
    except (net.NetError, UnfairError, LookupError) as error:
        err.print(f"[red]{error}[/red]")
        return 2
    if options.json:
        options.json.write_text(comparison.to_json(), encoding="utf-8")
    for table in comparison.tables(ideas):
        out.print(table)
    if options.page:
        PAGE.write_text(page(comparison, ideas), encoding="utf-8")
        err.print(f"{PAGE} is written")
    return 0 if comparison.kit_is_unharmed() else 1


def _options() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.comparison", description=__doc__)
    parser.add_argument("--json", type=Path, metavar="FILE", help="keep all verdicts in FILE")
    parser.add_argument("--page", action="store_true", help="write docs/comparison.md")
    parser.add_argument(
        "--read", type=Path, nargs="+", metavar="FILE", help="run nothing: read these"
    )
    parser.add_argument("--tool", choices=TOOLS, action="append", help="only this tool")
    parser.add_argument("--idea", action="append", metavar="NAME", help="only this idea, or class")
    parser.add_argument("--jobs", type=int, default=min(2, multiprocessing.cpu_count()))
    parser.add_argument("--otter", type=Path, default=OTTER, metavar="FOLDER",
                        help="where otter-grader's environment is or goes")  # fmt: skip
    parser.add_argument("--width", type=int, default=150, help="of the tables, in characters")
    return parser


def _chosen(names: Sequence[str] | None) -> Sequence[Idea]:
    if not names:
        return IDEAS
    found = [idea for idea in IDEAS if idea.name in names or idea.kind in names]
    if not found:
        raise LookupError(f"there is no idea or class {', '.join(names)}")
    return found


def _compete(
    names: Sequence[str], ideas: Sequence[Idea], options: argparse.Namespace
) -> Sequence[Result]:
    context = multiprocessing.get_context("spawn")
    contest = partial(tools.contest, ideas=[idea.name for idea in ideas], otter=options.otter)
    with ProcessPoolExecutor(options.jobs, mp_context=context) as pool:
        return list(pool.map(contest, names))


def _versions() -> dict[str, str]:
    """Return the versions of the other programs that took part."""
    walls = subprocess.run(["bwrap", "--version"], capture_output=True, text=True, check=True)
    return {
        "Python": platform.python_version(),
        "numpy": version("numpy"),
        "nbconvert": version("nbconvert"),
        "ipykernel": version("ipykernel"),
        "bubblewrap": walls.stdout.split()[-1],
    }


if __name__ == "__main__":
    sys.exit(main())

"""`python -m tests.numerics` compares the kit's kernels with jax, torch.func, neural-tangents."""

from __future__ import annotations

import argparse
import os
import platform
import sys
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console

from solutions.hw2 import ntk
from tests.numerics.digits import largest_error
from tests.numerics.problems import PROBLEMS
from tests.numerics.race import ROOT, ChildError, DisagreementError, find_homes, race
from tests.numerics.tables import Race
from tests.numerics.ways import closed_form

PAGE = ROOT / "docs" / "numerics.md"


def main(arguments: Sequence[str] | None = None) -> int:
    """Return 0 if all compared answers agree, 1 otherwise."""
    options = _options().parse_args(arguments)
    out, err = Console(width=options.width), Console(stderr=True)
    try:
        found = Race.read(options.read) if options.read else _run(options, err)
    except (ChildError, DisagreementError) as error:
        err.print(f"[red]{error}[/red]")
        return 1
    for table in found.tables():
        out.print(table)
    out.print("; ".join(found.versions))
    if options.json:
        options.json.write_text(found.to_json(), encoding="utf-8")
    if options.page:
        PAGE.write_text(found.page(), encoding="utf-8")
        err.print(f"{PAGE} is written")
    return 0


def _run(options: argparse.Namespace, err: Console) -> Race:
    machine = _machine()
    homes = find_homes([sys.executable, *options.python])
    problems = [p for p in PROBLEMS if not options.only or options.only in str(p)]
    results = race(homes, problems, options.rounds, lambda line: err.print(line, style="dim"))
    versions = [home if isinstance(home, str) else home.versions for home in homes.values()]
    errors = {
        str(n): [largest_error(limit, n) for limit in (ntk.limit_ntk, closed_form)] for n in (1, 2)
    }
    return Race(results, versions, machine, errors)


def _options() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.numerics", description=__doc__)
    parser.add_argument("--python", action="append", default=[], metavar="PROGRAM",
                        help="another interpreter in which to look for libraries")  # fmt: skip
    parser.add_argument("--only", metavar="TEXT", help="only problems whose name holds TEXT")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--json", type=Path, metavar="FILE", help="keep all figures in FILE")
    parser.add_argument("--read", type=Path, metavar="FILE", help="run nothing: read this")
    parser.add_argument("--page", action="store_true", help="write docs/numerics.md")
    parser.add_argument("--width", type=int, default=120, help="of the tables, in characters")
    return parser


def _machine() -> str:
    count = len(os.sched_getaffinity(0))
    load = f"load {os.getloadavg()[0]:.0f} at the start"
    return f"{count} processors ({platform.machine()}), {load}, Python {platform.python_version()}"


if __name__ == "__main__":
    sys.exit(main())

"""`python -m tests.mutation` runs all mutants and writes docs/mutation.md."""

from __future__ import annotations

import sys
from collections.abc import Iterable

from rich.progress import track

from .report import markdown
from .run import REPORT, run
from .trials import Trial


def _watched(trials: Iterable[Trial], total: int) -> Iterable[Trial]:
    return track(trials, f"{total} mutants", total=total)


def main() -> int:
    """Write the page; return 1 without a page if survivors and reasons do not match."""
    found = run(_watched)
    for name in found.unexplained:
        print("survives without a reason:", name)
    for name in found.stale:
        print("has a reason, but does not survive:", name)
    if found.unexplained or found.stale:
        return 1
    REPORT.write_text(markdown(found), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())

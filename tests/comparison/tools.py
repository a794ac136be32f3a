"""Find a tool by its name, and try the ideas on it in a separate process."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from tests.comparison.contest import Result, compete
from tests.comparison.ideas import IDEAS
from tests.comparison.otter_grader import OtterGrader
from tests.comparison.stock_nbgrader import StockNbgrader
from tests.comparison.this_kit import ThisKit
from tests.comparison.tool import Tool


def contest(name: str, ideas: Sequence[str], otter: Path) -> Result:
    """Try the ideas with these names on a tool; `otter` is the folder of its environment."""
    chosen = [idea for idea in IDEAS if idea.name in ideas]
    return compete(_tool(name, otter), chosen, _tell)


def _tell(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def _tool(name: str, otter: Path) -> Tool:
    if name == "otter":
        return OtterGrader(otter / "bin")
    return StockNbgrader() if name == "nbgrader" else ThisKit()

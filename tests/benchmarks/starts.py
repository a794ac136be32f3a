"""The cost of single commands, from a cold start to their end, in a course that is graded."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from . import bare_cells
from .courses import run
from .effort import Effort, measure
from .ways import run_script

HELP, STATUS, AGAIN, MARK, CELLS = "help", "status", "again", "mark", "cells"
STARTS: Mapping[str, str] = {
    HELP: "`fdl --help`",
    STATUS: "`fdl status`",
    AGAIN: "`fdl grade` with nothing to mark",
    MARK: "`fdl mark`, one complete submission",
    CELLS: "the cells of this submission alone",
}
"""The measured commands with their labels in the tables."""


def measure_starts(root: Path, homework: str, student: str) -> dict[str, Effort]:
    """Run each command once in the graded course at `root`; mark the student's submission."""
    submission = root / "submitted" / student / homework
    commands = {
        HELP: ["--help"],
        STATUS: ["status"],
        AGAIN: ["grade", homework],
        MARK: ["mark", str(submission)],
    }
    found = {name: _effort(root, command) for name, command in commands.items()}
    seconds = sum(run_script(bare_cells, root / "release" / homework, submission).values())
    return {**found, CELLS: Effort(seconds, seconds)}


def _effort(root: Path, command: list[str]) -> Effort:
    return measure(lambda: run(root, "fdl", *command))

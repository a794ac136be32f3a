"""What the benchmarks measured: kept for the whole run, told at its end, written as JSON."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Any

from rich.console import Group
from rich.table import Table

ONE_JOB = "fdl grade --jobs 1"
ALL_JOBS = "fdl grade"
STOCK = "nbgrader autograde"
BARE = "the cells alone"
BARE_WITH_FIGURES = "the cells alone, figures drawn"


@dataclass
class Figures:
    """Seconds per submission: of each way to grade, by round, and of the stages of the kit's."""

    protection: str = ""
    submissions: int = 0
    rounds: dict[str, list[float]] = field(default_factory=dict)
    stages: dict[str, float] = field(default_factory=dict)
    calls: dict[str, float] = field(default_factory=dict)

    def add(self, way: str, seconds: float) -> None:
        """Keep the time of one submission in one round."""
        self.rounds.setdefault(way, []).append(seconds)

    def ratio(self, way: str) -> float | None:
        """How many times faster than stock nbgrader; None where one of them was not measured.

        The fastest rounds are compared: what else a machine does can only add to a round.
        """
        if not (way in self.rounds and STOCK in self.rounds):
            return None
        return min(self.rounds[STOCK]) / min(self.rounds[way])

    def all_stages(self) -> dict[str, float]:
        """The stages, with what a real run of the command takes beside them."""
        found = dict(sorted(self.stages.items(), key=lambda stage: -stage[1]))
        if found and ONE_JOB in self.rounds:
            beyond = min(self.rounds[ONE_JOB]) - sum(found.values())
            if beyond > 0:  # else the machine was busier while the stages were measured
                found["the command: Python, imports, its marking process"] = beyond
        return found

    def as_data(self) -> dict[str, Any]:
        """Everything, for a file."""
        return {
            "protection": self.protection,
            "processors": len(os.sched_getaffinity(0)),
            "submissions": self.submissions,
            "seconds_per_submission": {
                way: {"median": median(rounds), "rounds": rounds}
                for way, rounds in self.rounds.items()
            },
            "times_faster_than_stock": {
                way: self.ratio(way) for way in (ONE_JOB, ALL_JOBS) if self.ratio(way) is not None
            },
            "stages": self.all_stages(),
            "calls": self.calls,
        }

    def write(self, path: Path) -> None:
        """Write everything as JSON."""
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(self.as_data(), indent=2) + "\n", encoding="utf-8")

    def tables(self) -> Group:
        """The comparison, and where the kit's time goes."""
        tables = [self._comparison()]
        if self.stages:
            tables.append(self._breakdown())
        return Group(*tables)

    def _comparison(self) -> Table:
        table = Table(
            "", title=f"Seconds per submission, {self.submissions} submissions, {self.protection}"
        )
        for heading in ("median", "from", "to", "times faster"):
            table.add_column(heading, justify="right")
        for way, rounds in self.rounds.items():
            ratio = self.ratio(way)
            told = f"{ratio:.1f}" if ratio and way not in (BARE, BARE_WITH_FIGURES) else ""
            seconds = [f"{value:.2f}" for value in (median(rounds), min(rounds), max(rounds))]
            table.add_row(way, *seconds, told)
        return table

    def _breakdown(self) -> Table:
        table = Table("stage", title="Where the kit's time goes, one submission at a time")
        for heading in ("seconds", "share", "calls"):
            table.add_column(heading, justify="right")
        stages = self.all_stages()
        total = sum(stages.values())
        for stage, seconds in stages.items():
            calls = f"{self.calls[stage]:.0f}" if stage in self.calls else ""
            table.add_row(stage, f"{seconds:.3f}", f"{seconds / total:.0%}", calls)
        table.add_section()
        table.add_row("together", f"{total:.3f}", "", "")
        return table

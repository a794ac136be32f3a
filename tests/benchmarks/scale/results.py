"""The findings of a scale run: figures, the bounds on these figures, and tables."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

from rich.table import Table

LARGE = 1000
"""Number of submissions from which rates and memory are meaningful."""


@dataclass(frozen=True)
class Figures:
    """Figures of a class marked in three runs: one is killed, one ends, one finds no changes.

    Rates are in submissions per minute, memory and sizes in bytes. `early` and `late` are the
    highest memory in the second and in the last tenth of the longer of the first two runs.
    """

    students: int
    full: int
    killed_after: int
    unchanged_told: int
    marked_twice: int
    wrong_reports: int
    wrong_rows: int
    window: int
    rate_first: float
    rate_last: float
    own_early: int
    own_late: int
    own_peak: int
    all_early: int
    all_late: int
    all_peak: int
    first_seconds: float
    first_cpu: float
    again_seconds: float
    again_unchanged: int
    start_seconds: float
    end_seconds: float
    recording_seconds: float
    own_seconds: float
    gradebook_bytes: int
    copies_bytes: int
    autograded_bytes: int
    submitted_bytes: int

    @property
    def rate_kept(self) -> float:
        return self.rate_last / self.rate_first if self.rate_first else 0.0

    @property
    def own_growth(self) -> float:
        return self.own_late / self.own_early if self.own_early else 0.0

    @property
    def all_growth(self) -> float:
        return self.all_late / self.all_early if self.all_early else 0.0

    @property
    def again_share(self) -> float:
        return self.again_seconds / self.first_seconds

    def bounds(self) -> Iterator[Bound]:
        """Return all requirements; some are judged only for large classes."""
        yield Bound("Reports that are not the true marks", f"{self.wrong_reports}", "0",
                    self.wrong_reports == 0)  # fmt: skip
        yield Bound("students whose gradebook rows are not the true marks",
                    f"{self.wrong_rows}", "0", self.wrong_rows == 0)  # fmt: skip
        yield Bound("submissions recorded before the kill and marked again",
                    f"{self.marked_twice}", "0", self.marked_twice == 0)  # fmt: skip
        # if a run is killed after it records a student's marks and before it writes the student's
        # folder, one Report is not counted
        yield Bound("submissions that `fdl grade` reports as unchanged after the kill",
                    f"{self.unchanged_told}", f"{self.killed_after}, or one more",
                    self.unchanged_told - self.killed_after in (0, 1))  # fmt: skip
        yield Bound("submissions that `fdl grade` reports as unchanged in the last run",
                    f"{self.again_unchanged}", f"{self.students}",
                    self.again_unchanged == self.students)  # fmt: skip
        is_large = self.students >= LARGE
        for what, value, bound, holds in (
            (f"rate of the last {self.window}, times the first {self.window}'s",
             f"{self.rate_kept:.2f}", "at least 0.90", self.rate_kept >= 0.9),
            ("memory of the run's own process, late divided by early",
             f"{self.own_growth:.2f}", "at most 1.10", self.own_growth <= 1.1),
            ("memory of all processes, late divided by early",
             f"{self.all_growth:.2f}", "at most 1.10", self.all_growth <= 1.1),
            ("time of a run without changes, as a share of the first run's time",
             f"{self.again_share:.1%}", "less than 2 %", self.again_share < 0.02),
        ):  # fmt: skip
            yield Bound(what, value, bound, holds if is_large else None)

    def measures(self) -> Iterator[tuple[str, str]]:
        """Return the figures with units and words."""
        n = self.students
        yield "submissions in all, complete submissions", f"{n:,}, {self.full:,}"
        yield f"submissions per minute: the first {self.window}", f"{self.rate_first:.0f}"
        yield f"submissions per minute: the last {self.window}", f"{self.rate_last:.0f}"
        yield "processor seconds for one submission", f"{self.first_cpu / n:.2f}"
        yield (
            "processor seconds for one submission, in the recording process",
            f"{self.own_seconds / n:.3f}",
        )
        yield "seconds to record one submission", f"{self.recording_seconds:.3f}"
        yield "seconds before the first mark, without earlier marks", f"{self.start_seconds:.1f}"
        yield "seconds after the last mark", f"{self.end_seconds:.1f}"
        yield "seconds of a run without changes", f"{self.again_seconds:.1f}"
        yield (
            "memory of the run's own process: early, late, peak",
            _megabytes(self.own_early, self.own_late, self.own_peak),
        )
        yield (
            "memory of all processes: early, late, peak",
            _megabytes(self.all_early, self.all_late, self.all_peak),
        )
        yield "size of the gradebook for one submission", f"{self.gradebook_bytes / n / 1e3:.1f} kB"
        yield "size of all backups of the gradebook", f"{self.copies_bytes / 1e6:.0f} MB"
        yield (
            "size of `autograded/` for one submission",
            f"{self.autograded_bytes / n / 1e3:.0f} kB",
        )
        yield "size of `submitted/` for one submission", f"{self.submitted_bytes / n / 1e3:.0f} kB"

    def tables(self) -> Iterator[Table]:
        """For a terminal."""
        table = Table("", "measured", title="A large class")
        for row in self.measures():
            table.add_row(*row)
        yield table
        table = Table("what has to hold", "measured", "bound", "", title="Bounds")
        for bound in self.bounds():
            table.add_row(bound.what, bound.measured, bound.bound, bound.verdict,
                          style="red" if bound.holds is False else None)  # fmt: skip
        yield table

    def markdown(self) -> str:
        """For a page."""
        lines = ["| measured | |", "| --- | ---: |"]
        lines += [f"| {what} | {value} |" for what, value in self.measures()]
        lines += ["", "| requirement | measured | bound | |", "| --- | ---: | ---: | --- |"]
        lines += [f"| {b.what} | {b.measured} | {b.bound} | {b.verdict} |" for b in self.bounds()]
        return "\n".join(lines)

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def read(cls, path: Path) -> tuple[Figures, Mapping[str, Any]]:
        """Read the figures, and the other contents of the file."""
        data: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        found = data.pop("figures")
        return cls(**{field.name: found[field.name] for field in fields(cls)}), data


@dataclass(frozen=True)
class Bound:
    """A requirement; `holds` is None if too few submissions were marked to judge it."""

    what: str
    measured: str
    bound: str
    holds: bool | None

    @property
    def verdict(self) -> str:
        return {True: "holds", False: "MISSED", None: "class too small"}[self.holds]


def _megabytes(*sizes: int) -> str:
    return ", ".join(f"{size / 1e6:.0f}" for size in sizes) + " MB"

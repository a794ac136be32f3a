"""Estimates for 100,000 complete submissions, computed from the measurements."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from statistics import median
from typing import Any

from .results import Figures

PLANNED = 100_000
COPIES = 10
"""Number of copies of the gradebook that are kept, besides the copies of earlier days."""


def plan(figures: Figures, bench: Mapping[str, Any]) -> str:
    """Return a table for a page; `bench` comes from `python -m tests.benchmarks --json`."""
    lines = [f"| {PLANNED:,} full submissions | |", "| --- | ---: |"]
    lines += [f"| {what} | {value} |" for what, value in _rows(figures, bench)]
    return "\n".join(lines)


def _rows(figures: Figures, bench: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    runs = [each["kit"] for each in bench["rounds"] if "kit" in each]
    if runs:
        each = median(run["seconds"] for run in runs) / bench["submissions"]
        yield "time on the machine above", _hours(PLANNED * each)
        if all(run["cpu"] is not None for run in runs):
            cpu = median(run["cpu"] for run in runs) / bench["submissions"]
            yield "processor time", _hours(PLANNED * cpu)
            yield "processors needed to finish in 8 hours", f"{math.ceil(PLANNED * cpu / 8 / 3600)}"
    recording = figures.recording_seconds
    yield "least time to record all submissions in one process", _hours(PLANNED * recording)
    if recording:
        yield (
            "submissions per minute that one recording process can record",
            f"{60 / recording:.0f}",
        )
    each = figures.again_seconds / figures.students
    yield "time of a run without changes", _hours(PLANNED * each)
    gradebook = PLANNED * figures.gradebook_bytes / figures.students
    yield "gradebook", f"{gradebook / 1e9:.1f} GB"
    yield (
        f"the {COPIES} recent backups of the gradebook",
        f"{COPIES * gradebook / 1e9:.0f} GB",
    )
    growth = (figures.own_late - figures.own_early) / max(1, figures.students)
    yield (
        "memory of the run's own process, if it keeps growing as measured",
        (f"{(figures.own_late + max(0.0, growth) * PLANNED) / 1e9:.2f} GB"),
    )


def _hours(seconds: float) -> str:
    return f"{seconds / 3600:.1f} h" if seconds >= 3600 else f"{seconds / 60:.0f} min"

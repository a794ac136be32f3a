"""The measurements of each round: as JSON, as tables for a terminal, as a table for a page."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from statistics import median
from typing import Any

from rich.table import Table

from .effort import Effort
from .machine import told
from .starts import CELLS, MARK, STARTS
from .ways import FLOOR, KIT, KIT_ONE, LABELS, OTTER, STOCK


@dataclass(frozen=True)
class Ratio:
    """A comparison of two ways: a quotient in each round, and the quotient's goal."""

    label: str
    rounds: tuple[float, ...]
    bound: str = ""

    def cells(self) -> list[str]:
        """Return the smallest, the middle and the largest quotient, and the goal."""
        figures = (min(self.rounds), median(self.rounds), max(self.rounds))
        return [self.label, *(f"{figure:.2f}" for figure in figures), self.bound]


@dataclass(frozen=True)
class Figures:
    """The effort of each way for the whole class, and of single commands, in each round.

    `stages` are the seconds of one submission in each stage of marking. `pages` are the seconds
    until the formgrader and the desk show the next answer.
    """

    submissions: int
    rounds: Sequence[Mapping[str, Effort]]
    machine: Mapping[str, object]
    versions: Mapping[str, str]
    labels: Mapping[str, str] = field(default_factory=lambda: dict(LABELS))
    starts: Sequence[Mapping[str, Effort]] = field(default_factory=list)
    stages: Mapping[str, float] = field(default_factory=dict)
    pages: Mapping[str, float] = field(default_factory=dict)

    @property
    def ways(self) -> list[str]:
        return [way for way in LABELS if all(way in each for each in self.rounds)]

    def ratios(self) -> Iterator[Ratio]:
        """Return rates relative to other tools, and processor time relative to bare cells."""
        for rival, bound in ((STOCK, "at least 12"), (OTTER, "at least 8")):
            for way in (KIT, KIT_ONE):
                if rival in self.ways and way in self.ways:
                    yield Ratio(
                        f"{self.labels[way]}: submissions per minute / {self.labels[rival]}",
                        tuple(each[rival].seconds / each[way].seconds for each in self.rounds),
                        bound if way == KIT else "",
                    )
        for way in (KIT, KIT_ONE):
            if FLOOR in self.ways and self._is_counted(way):
                yield Ratio(
                    f"{self.labels[way]}: processor time / {self.labels[FLOOR]}",
                    tuple(_cpu(each[way]) / _cpu(each[FLOOR]) for each in self.rounds),
                    "at most 1.6",
                )
        if self.starts:
            yield Ratio(
                f"{STARTS[MARK]}: elapsed time / its cells alone",
                tuple(each[MARK].seconds / each[CELLS].seconds for each in self.starts),
                "at most 2",
            )

    def rows(self) -> Iterator[list[str]]:
        """Return each way's submissions per minute, and its processor seconds per submission."""
        for way in self.ways:
            rates = [60 * self.submissions / each[way].seconds for each in self.rounds]
            spent = [_cpu(each[way]) / self.submissions for each in self.rounds]
            rate = "" if way == FLOOR else _spread(rates, 1)
            cpu = _spread(spent, 2) if self._is_counted(way) else "not counted here"
            yield [self.labels[way], rate, cpu]

    def start_rows(self) -> Iterator[list[str]]:
        """Return the elapsed seconds and the processor seconds of each single command."""
        for name, label in STARTS.items() if self.starts else ():
            efforts = [each[name] for each in self.starts]
            is_counted = all(each.cpu is not None for each in efforts)
            cpu = _spread([*map(_cpu, efforts)], 2) if is_counted else "not counted here"
            yield [label, _spread([each.seconds for each in efforts], 2), cpu]

    def compared(self, old: Figures) -> Table:
        """Return a table of this run's figures beside an earlier run's; the last column is new/old.

        Figures that only one of the runs has are left out.
        """
        table = Table("", title="Seconds in an earlier run and now")
        for heading in ("earlier", "now", "now / earlier"):
            table.add_column(heading, justify="right")
        before, now = old.seconds(), self.seconds()
        for name in [name for name in now if before.get(name)]:
            change = now[name] / before[name]
            table.add_row(name, f"{before[name]:.3f}", f"{now[name]:.3f}", f"{change:.2f}")
        return table

    def seconds(self) -> dict[str, float]:
        """Return all times by what they measure: medians of the rounds, for one submission."""
        found = {
            f"{_plain([self.labels[way]])[0]}: processor": median(
                _cpu(each[way]) for each in self.rounds
            )
            / self.submissions
            for way in self.ways
        }
        for name, label in STARTS.items() if self.starts else ():
            plain = _plain([label])[0]
            found[f"{plain}: elapsed"] = median(each[name].seconds for each in self.starts)
            found[f"{plain}: processor"] = median(_cpu(each[name]) for each in self.starts)
        found |= {f"next answer: {name}": waited for name, waited in self.pages.items()}
        return found | {f"stage: {name}": spent for name, spent in self.stages.items()}

    def tables(self) -> Iterator[Table]:
        """For a terminal."""
        title = f"{self.submissions} submissions, {len(self.rounds)} rounds: median (from–to)"
        table = Table("", "per minute", "processor seconds for one", title=title)
        for row in self.rows():
            table.add_row(*_plain(row))
        yield table
        if self.starts:
            table = Table("", "seconds", "processor seconds", title="Single commands, cold start")
            for row in self.start_rows():
                table.add_row(*_plain(row))
            yield table
        if self.pages:
            table = Table("", "seconds", title="Next answer, in a browser")
            for name, waited in self.pages.items():
                table.add_row(name, f"{waited:.2f}")
            yield table
        table = Table("", title="Ratios, each of two runs in the same round")
        for heading in HEADINGS:
            table.add_column(heading, justify="right")
        for ratio in self.ratios():
            table.add_row(*_plain(ratio.cells()))
        yield table

    def markdown(self) -> str:
        """For a page."""
        lines = [
            "| | submissions per minute | processor seconds for one |",
            "| --- | ---: | ---: |",
        ]
        lines += ["| " + " | ".join(row) + " |" for row in self.rows()]
        if self.starts:
            lines += ["", "| cold start | seconds | processor seconds |", "| --- | ---: | ---: |"]
            lines += ["| " + " | ".join(row) + " |" for row in self.start_rows()]
        if self.pages:
            lines += ["", "| next answer in a browser | milliseconds |", "| --- | ---: |"]
            lines += [f"| {name} | {1000 * waited:,.0f} |" for name, waited in self.pages.items()]
        lines += ["", "| ratio | " + " | ".join(HEADINGS) + " |", "| --- |" + " ---: |" * 4]
        lines += ["| " + " | ".join(ratio.cells()) + " |" for ratio in self.ratios()]
        size = f"{self.submissions} submissions, {len(self.rounds)} rounds; median (from–to)."
        return "\n".join([*lines, "", size, told(self.machine, self.versions)])

    def to_json(self) -> str:
        rounds, starts = (
            [{name: asdict(effort) for name, effort in each.items()} for each in found]
            for found in (self.rounds, self.starts)
        )
        ratios = {
            ratio.label: {"rounds": ratio.rounds, "median": median(ratio.rounds),
                          "bound": ratio.bound}
            for ratio in self.ratios()
        }  # fmt: skip
        data = {**asdict(self), "rounds": rounds, "starts": starts, "ratios": ratios}
        return json.dumps(data, indent=2, ensure_ascii=False) + "\n"

    @classmethod
    def read(cls, path: Path) -> Figures:
        """Read figures that `to_json` wrote."""
        data: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        rounds, starts = (
            [{name: Effort(**effort) for name, effort in each.items()} for each in found]
            for found in (data["rounds"], data.get("starts", ()))
        )
        return cls(
            data["submissions"], rounds, data["machine"], data["versions"], data["labels"],
            starts, data.get("stages", {}), data.get("pages", {}),
        )  # fmt: skip

    def _is_counted(self, way: str) -> bool:
        return way in self.ways and all(each[way].cpu is not None for each in self.rounds)


HEADINGS = ("min", "median", "max", "should be")


def _plain(cells: Sequence[str]) -> list[str]:
    return [cell.replace("`", "") for cell in cells]


def _cpu(effort: Effort) -> float:
    return effort.cpu or 0.0


def _spread(values: Sequence[float], digits: int) -> str:
    figures = [f"{value:.{digits}f}" for value in (median(values), min(values), max(values))]
    return "{} ({}–{})".format(*figures)


def stages(seconds: Mapping[str, float]) -> Table:
    """Return the time that one marking process spends in each stage, for one submission."""
    table = Table("stage", title="Where the kit's time goes, one submission at a time")
    for heading in ("seconds", "share"):
        table.add_column(heading, justify="right")
    total = sum(seconds.values())
    for stage, spent in sorted(seconds.items(), key=lambda each: -each[1]):
        table.add_row(stage, f"{spent:.3f}", f"{spent / total:.0%}")
    return table

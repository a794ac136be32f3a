"""The results of a race: tables on a terminal, JSON, and the page docs/numerics.md."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import groupby
from pathlib import Path
from statistics import median

from rich.table import Table

from tests.numerics.race import TOLERANCE, Result

HEAD = ("way", "seconds", "times the kit's", "from", "to", "memory", "whole process")


@dataclass(frozen=True)
class Race:
    """All results, the libraries' versions or the reasons why they are missing, and the machine.

    `errors` maps n to the largest relative errors of the kit's limit and of the closed form.
    """

    results: Sequence[Result]
    versions: Sequence[str]
    machine: str
    errors: Mapping[str, Sequence[float]]

    @classmethod
    def read(cls, path: Path) -> Race:
        """Read the results of a race from JSON."""
        data = json.loads(path.read_text(encoding="utf-8"))
        results = [
            Result(**{**each, "seconds": tuple(each["seconds"])}) for each in data["results"]
        ]
        return cls(results, data["versions"], data["machine"], data["errors"])

    def to_json(self) -> str:
        return json.dumps(asdict(self), indent=1) + "\n"

    def tables(self) -> Iterator[Table]:
        """Return a table for each problem."""
        for problem, results in self._by_problem():
            table = Table(HEAD[0], title=problem)
            for heading in HEAD[1:]:
                table.add_column(heading, justify="right")
            for row in rows(results):
                table.add_row(*row)
            yield table

    def page(self) -> str:
        """docs/numerics.md."""
        words = (Path(__file__).parent / "page.md").read_text(encoding="utf-8")
        values: Mapping[str, str] = {
            "versions": "\n".join(f"- {line}" for line in self.versions),
            "machine": self.machine,
            "tolerance": f"{TOLERANCE:.0e}",
            "off": f"{max(result.off for result in self.results):.0e}",
            "errors": "\n".join(
                f"| {n} | {kit:.1e} | {closed:.1e} |" for n, (kit, closed) in self.errors.items()
            ),
            "tables": "\n\n".join(
                f"### {problem}\n\n{_markdown(list(rows(results)))}"
                for problem, results in self._by_problem()
            ),
        }
        for name, value in values.items():
            words = words.replace(f"@{name}@", value)
        return words

    def _by_problem(self) -> Iterator[tuple[str, list[Result]]]:
        for problem, results in groupby(self.results, lambda result: result.problem):
            yield problem, list(results)


def rows(results: Sequence[Result]) -> Iterator[tuple[str, ...]]:
    """Return a row for each way; the first row is the kit's, and other times refer to it.

    The ratio compares the medians. The lower end of the range divides the way's fastest round by
    the kit's slowest round; the upper end does the opposite.
    """
    kit = results[0].seconds
    for result in results:
        if result.why:
            yield result.way, result.why, "", "", "", "", ""
            continue
        own = result.seconds
        ratios = (median(own) / median(kit), min(own) / max(kit), max(own) / min(kit))
        told = ["", "", ""] if result is results[0] else [f"{ratio:.2g}" for ratio in ratios]
        memory = [f"{size / 1e6:,.0f} MB" for size in (result.memory, result.peak)]
        yield result.way, f"{median(own):.4g}", *told, *memory


def _markdown(rows: Sequence[Sequence[str]]) -> str:
    lines = [HEAD, ("---", *["---:"] * (len(HEAD) - 1)), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)

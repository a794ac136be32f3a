"""The results of a comparison, as tables on a terminal and as the page docs/comparison.md."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.table import Table

from tests.attacks.attack import KINDS
from tests.comparison.attack import Idea
from tests.comparison.contest import Result
from tests.comparison.verdict import Row, Verdict, count

Cell = Callable[[Row], str]

MEASURES: Mapping[str, Cell] = {
    "unearned points": lambda row: f"{row.unearned:g} of {row.possible:g}",
    "leaks": lambda row: f"{row.leaks}",
    "class runs stopped": lambda row: f"{row.stopped}",
}
HARM: Mapping[str, Cell] = {
    "others' marks changed": lambda row: f"{row.others}",
    "files or processes left outside": lambda row: f"{row.outside}",
}


@dataclass(frozen=True)
class Comparison:
    """All tools' results, and the versions of the programs that took part."""

    results: Sequence[Result]
    versions: Mapping[str, str]

    @classmethod
    def read(cls, paths: Sequence[Path]) -> Comparison:
        """Combine comparisons saved as JSON; of two verdicts on one idea, the later one counts."""
        results: dict[str, Result] = {}
        versions: dict[str, str] = {}
        for path in paths:
            data = json.loads(path.read_text(encoding="utf-8"))
            versions.update(data["versions"])
            for each in data["results"]:
                verdicts = {k: Verdict.read(v) for k, v in each["verdicts"].items()}
                earlier = results.get(each["tool"])
                if earlier is not None:
                    verdicts = {**earlier.verdicts, **verdicts}
                results[each["tool"]] = Result(**{**each, "verdicts": verdicts})
        return cls(list(results.values()), versions)

    def to_json(self) -> str:
        results: list[dict[str, Any]] = [
            {
                "tool": each.tool,
                "version": each.version,
                "given": list(each.given),
                "verdicts": {name: v.to_json() for name, v in each.verdicts.items()},
            }
            for each in self.results
        ]
        return json.dumps({"versions": dict(self.versions), "results": results}, indent=1) + "\n"

    def kit_is_unharmed(self) -> bool:
        """Return whether no idea got anything from this kit."""
        verdicts = [
            v for each in self.results if each.tool == "kit" for v in each.verdicts.values()
        ]
        return all(verdict.harmless for verdict in verdicts)

    def rows(self, ideas: Sequence[Idea], cells: Mapping[str, Cell]) -> Iterator[list[str]]:
        """Return a row for each class and one for all: name, number of ideas, results by tool."""
        for kind in [*KINDS, ""]:
            chosen = [idea for idea in ideas if idea.kind == kind or not kind]
            chosen = [idea for idea in chosen if all(idea.name in r.verdicts for r in self.results)]
            if chosen:
                counted = [count(chosen, result.verdicts) for result in self.results]
                figures = [cell(row) for cell in cells.values() for row in counted]
                yield [kind or "all", str(len(chosen)), *figures]

    def tables(self, ideas: Sequence[Idea]) -> Iterator[Table]:
        for title, cells in (("What attacks got", MEASURES), ("Harm to others", HARM)):
            table = Table(title=title, caption=", ".join(r.version for r in self.results))
            table.add_column("class")
            table.add_column("ideas", justify="right")
            for measure in cells:
                for result in self.results:
                    table.add_column(f"{measure}\n{result.tool}", justify="right")
            rows = list(self.rows(ideas, cells))
            for row in rows:
                table.add_row(*row, style="bold" if row[0] == "all" else None)
            yield table


def page(comparison: Comparison, ideas: Sequence[Idea]) -> str:
    """docs/comparison.md."""
    tools = [result.tool for result in comparison.results]
    words = (Path(__file__).parent / "page.md").read_text(encoding="utf-8")
    values = {
        "versions": _versions(comparison),
        "ideas": str(len(ideas)),
        "table": _markdown(comparison, ideas, MEASURES),
        "harm": _markdown(comparison, ideas, HARM),
        "given": "\n".join(
            f"| {r.version} | {', '.join(r.given) or 'nothing'} |" for r in comparison.results
        ),
        "each": _each(comparison, ideas, tools),
    }
    for name, value in values.items():
        words = words.replace(f"@{name}@", value)
    return words


def _versions(comparison: Comparison) -> str:
    others = [f"{name} {version}" for name, version in comparison.versions.items()]
    return ", ".join([*(result.version for result in comparison.results), *others])


def _markdown(comparison: Comparison, ideas: Sequence[Idea], cells: Mapping[str, Cell]) -> str:
    head = ["class", "ideas"]
    head += [f"{measure}: {r.tool}" for measure in cells for r in comparison.results]
    lines = [head, ["---", *["---:"] * (len(head) - 1)]]
    for row in comparison.rows(ideas, cells):
        lines.append([f"**{text}**" for text in row] if row[0] == "all" else row)
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def _each(comparison: Comparison, ideas: Sequence[Idea], tools: Sequence[str]) -> str:
    lines = [f"| class | idea | {' | '.join(tools)} |", "| --- | --- |" + " --- |" * len(tools)]
    for kind in KINDS:
        for idea in ideas:
            if idea.kind == kind and all(idea.name in r.verdicts for r in comparison.results):
                told = [outcome(idea, r.verdicts[idea.name]) for r in comparison.results]
                lines.append(f"| {kind} | **{idea.name}**: {idea.idea} | {' | '.join(told)} |")
    return "\n".join(lines)


def outcome(idea: Idea, verdict: Verdict) -> str:
    """Return a verdict in a few words."""
    words = []
    if verdict.unearned:
        words.append(f"{verdict.unearned:g} of {len(idea.unsolved)} points")
    if verdict.leaks:
        words.append(f"leak: {', '.join(verdict.leaks)}")
    if verdict.stopped:
        words.append("class run stopped")
    words += verdict.others
    if verdict.outside:
        words.append("files or processes outside")
    return "; ".join(words) or "–"

"""The findings of a proof, in words and as a table."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from rich.table import Table
from rich.text import Text

from autograder.words import shown


@dataclass(frozen=True)
class Finding:
    """The result of one check; `detail` describes a passed check, or the fault and its place.

    `earlier` is True if the finding comes from an earlier proof with the same inputs.
    """

    check: str
    ok: bool
    detail: str
    earlier: bool = False


@dataclass(frozen=True)
class Proof:
    """All findings about one release; `complete` is False if the proof stopped at a fault."""

    assignment: str
    findings: tuple[Finding, ...]
    complete: bool = True

    @property
    def ok(self) -> bool:
        """Whether the release may be published."""
        return all(finding.ok for finding in self.findings)

    @property
    def faults(self) -> tuple[Finding, ...]:
        """The findings that prevent publishing."""
        return tuple(finding for finding in self.findings if not finding.ok)

    def table(self) -> Table:
        """Return the proof as a table for the terminal."""
        verdict = "fit to publish" if self.ok else "not fit to publish"
        table = Table(title=f"{self.assignment}: {verdict}", title_justify="left")
        for heading in ("", "Check", "Result"):
            table.add_column(heading, overflow="fold")
        for finding in self.findings:
            sign = Text("✓", "green") if finding.ok else Text("✗", "bold red")
            found = Text(shown(finding.detail))
            if finding.earlier:
                found.append(" (found earlier)", "dim")
            table.add_row(sign, finding.check, found)
        captions = []
        if any(finding.earlier for finding in self.findings):
            captions.append(
                "some results were found by an earlier proof with the same inputs: "
                "--again repeats these checks"
            )
        if not self.complete:
            captions.append("stopped at the first faults: fix them, and the other checks will run")
        table.caption = "\n".join(captions) or None
        table.caption_justify = "left"
        return table


def finding(check: str, faults: Iterable[str], seen: str) -> Finding:
    """Return a check's finding: its faults without repetitions, or `seen` if there are none."""
    found = list(dict.fromkeys(faults))
    return Finding(check, not found, "\n".join(found) or seen)

"""What a proof consists of: findings, in words and as a table."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from rich.table import Table
from rich.text import Text

from autograder.words import shown


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at; `detail` is what was seen, or what is at fault and where.

    `earlier` says that an earlier proof with the same inputs found it.
    """

    check: str
    ok: bool
    detail: str
    earlier: bool = False


@dataclass(frozen=True)
class Proof:
    """All findings about one release; not `complete` if it stopped at the first with a fault."""

    assignment: str
    findings: tuple[Finding, ...]
    complete: bool = True

    @property
    def ok(self) -> bool:
        """Whether the release may be published."""
        return all(finding.ok for finding in self.findings)

    @property
    def faults(self) -> tuple[Finding, ...]:
        """The findings that stand against it."""
        return tuple(finding for finding in self.findings if not finding.ok)

    def table(self) -> Table:
        """The proof as a table for the terminal."""
        verdict = "fit to publish" if self.ok else "not fit to publish"
        table = Table(title=f"{self.assignment}: {verdict}", title_justify="left")
        for heading in ("", "Looked at", "Found"):
            table.add_column(heading, overflow="fold")
        for finding in self.findings:
            sign = Text("✓", "green") if finding.ok else Text("✗", "bold red")
            found = Text(shown(finding.detail))
            if finding.earlier:
                found.append(" (found earlier)", "dim")
            table.add_row(sign, finding.check, found)
        captions = []
        if any(finding.earlier for finding in self.findings):
            captions.append("found earlier: with the same inputs; --again repeats it")
        if not self.complete:
            captions.append("stopped at the first faults: the rest depends on what they are about")
        table.caption = "\n".join(captions) or None
        table.caption_justify = "left"
        return table


def finding(check: str, faults: Iterable[str], seen: str) -> Finding:
    """The finding of a check: its faults, each told once, or what was seen where there are none."""
    found = list(dict.fromkeys(faults))
    return Finding(check, not found, "\n".join(found) or seen)

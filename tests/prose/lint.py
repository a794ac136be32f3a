"""Runs proselint with the kit's rules on the files of the checkout."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from fnmatch import fnmatch
from pathlib import Path
from typing import NamedTuple

from proselint.config import Config
from proselint.registry import CheckRegistry
from proselint.tools import LintFile

from .excused import EXCUSED, Excused
from .rules import CHECKS
from .text import Page, pages

ROOT = Path(__file__).parents[2]

CHECKED = (
    *("tests/attacks", "tests/benchmarks", "tests/comparison", "tests/mutation"),
    *(".ci", "CONTRIBUTING.md", "Makefile", "course.toml", "pyproject.toml"),
    *("tests/browser", "tests/cluster", "tests/commands", "tests/content", "tests/course"),
    *("tests/exports", "tests/faults", "tests/fuzz", "tests/generality", "tests/gradebook"),
    "tests/grading",
    *("tests/hidden", "tests/intake", "tests/new", "tests/notebooks", "tests/numerics"),
    *("tests/pages", "tests/platforms", "tests/prose", "tests/release", "tests/rules"),
    *("tests/sandbox", "tests/solutions", "tests/submission"),
    *("autograder", "docs", "source", "solutions", "README.md", "SECURITY.md", "CHANGELOG.md"),
)
"""Files and folders of the checkout whose texts must be plain English."""

READ = {".py", ".md", ".ipynb", ".html", ".toml", ".yml", ".sh", ""}
"""Endings of the files that are read; files without an ending: Makefile and scripts."""

CONFIG = Config(max_errors=100_000, checks={check.path: True for check in CHECKS})

CheckRegistry().register_many(CHECKS)


class Finding(NamedTuple):
    """A text that a rule does not allow."""

    place: str
    line: int
    rule: str
    text: str
    instead: str

    def __str__(self) -> str:
        return f"{self.place}:{self.line}: {self.rule}: {self.text[:70]!r}: {self.instead}"


def lint(page: Page) -> Iterator[Finding]:
    """Yield everything that the rules find in a page."""
    for result in LintFile(page.place, page.prose or " ").lint(CONFIG):
        found = result.check_result
        start, end = (index - 1 for index in found.span)  # proselint adds a line break in front
        line = page.prose.count("\n", 0, start) + 1
        text = " ".join(page.source[start:end].split())
        yield Finding(page.place, line, found.check_path, text, found.message)


def files(paths: Iterable[Path]) -> Iterator[Path]:
    """Yield the files with prose among these files and in these folders."""
    for path in paths:
        for each in sorted(path.rglob("*")) if path.is_dir() else [path]:
            if each.is_file() and each.suffix in READ and "__pycache__" not in each.parts:
                yield each


def excuse(finding: Finding) -> Excused | None:
    """Return the excuse for a finding, if there is one."""
    file = finding.place.partition(" ")[0]
    for each in EXCUSED:
        fits = fnmatch(file, each.files) and fnmatch(finding.rule, each.rule)
        if fits and each.part in finding.text:
            return each
    return None


def check(paths: Iterable[Path]) -> tuple[list[Finding], set[Excused]]:
    """Return the findings in these files that have no excuse, and the excuses that were used."""
    findings: list[Finding] = []
    needed: set[Excused] = set()
    for path in files(paths):
        for page in pages(path, path.relative_to(ROOT).as_posix()):
            for finding in lint(page):
                excused = excuse(finding)
                if excused:
                    needed.add(excused)
                else:
                    findings.append(finding)
    return findings, needed

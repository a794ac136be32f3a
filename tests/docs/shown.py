"""The commands that the pages show, and the commands among them that run in a scratch course."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import typer

from autograder.cli import app

ROOT = Path(__file__).parents[2]
PAGES = (ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")))
PROGRAMS = ("fdl ", "make ", "pytest ")
LISTED = re.compile(
    r"^```\w+\n.*?^```$"  # code, not commands
    r"|^```\n(?P<block>.*?)^```$|^(?P<row>(?:\| \d+ \||Examples?:)[^\n]*)$",
    re.M | re.S,
)
CODE = re.compile(r"`([^`]+)`")

NOT_RUN = {
    r"make .*": "takes minutes, or installs the kit; the target is looked up in the Makefile",
    r"fdl desk hw2": "serves until Ctrl-C; tests/desk/test_opening.py runs it",
    r"fdl desk hw2 --.*": "needs marks by hand; tests/desk runs each of these commands",
    r"fdl collect .*": "fetches from a server; tests/platforms/test_collect.py runs it",
    r"fdl adopt .*": "needs nbgrader's example course; tests/adopting/test_page.py runs the page",
    r"fdl \w+ ps1": "needs the adopted homework; tests/adopting/test_page.py runs the page",
    r"fdl .* --cluster .*": "needs a scheduler and workers on other machines",
}
"""Commands that a scratch course cannot run, each with the reason.

The options of commands that cannot run are checked too.
"""

LONG = {"release", "prove", "grade", "regrade", "demo", "pytest"}
"""Commands that take more than two seconds."""


@dataclass(frozen=True)
class Shown:
    """A command that a page shows."""

    page: str
    line: str

    def __str__(self) -> str:
        return f"{self.page}: {self.line}"

    @property
    def words(self) -> list[str]:
        """Return the program and its arguments."""
        return shlex.split(self.line, comments=True)

    @property
    def takes_long(self) -> bool:
        """Return whether the command proves, marks or installs something."""
        return bool(LONG & set(self.words[:2]))

    @property
    def runs(self) -> bool:
        """Return whether a scratch course can run the command."""
        return not any(re.fullmatch(pattern, self.line) for pattern in NOT_RUN)


def commands(page: Path) -> Iterator[Shown]:
    """Yield the commands that a page tells its reader to type, in code, steps and examples.

    A command inside a sentence is not included, because such sentences often leave out the
    arguments.
    """
    text = page.read_text(encoding="utf-8")
    for match in LISTED.finditer(text):
        lines = match["block"].splitlines() if match["block"] else CODE.findall(match["row"] or "")
        for line in lines:
            if line.startswith(PROGRAMS) and "COMMAND" not in line:
                yield Shown(page.name, line.partition("  #")[0].strip())


@cache
def whole_app() -> Any:
    """Return the app with all its commands, made once."""
    return typer.main.get_command(app)


def wrong_call(line: list[str]) -> str:
    """Return the fault in the name or options of a call of `fdl`, or "" if there is none."""
    group = whole_app()
    name, *arguments = line or ["--help"]
    if name.startswith("-"):
        return ""
    if name not in group.commands:
        return f"fdl has no command {name!r}"
    try:
        group.commands[name].make_context(name, arguments)
    except Exception as error:  # Typer's versions define the class UsageError in different modules
        if type(error).__name__ == "Exit":
            return ""  # after --help
        return str(getattr(error, "message", "") or error)
    return ""

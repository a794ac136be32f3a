"""Write docs/commands.md: every command of `fdl` with its options and examples, read from the app.

`make docs` runs this script. After a change of a command, run `python docs/commands.py`; a test
fails if the page is out of date.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import typer

from autograder.cli import app

PAGE = Path(__file__).with_name("commands.md")
SHARED = 2
"""Number of commands that must share an option before the page explains the option only once."""

HEAD = """\
# Commands

Written by `make docs` from the commands' own help. `fdl COMMAND --help` shows the same text.
"""


@dataclass(frozen=True)
class Option:
    """An argument or option of a command, with its spelling and its meaning."""

    written: str
    meaning: str

    def __str__(self) -> str:
        return f"- `{self.written}`: {self.meaning or 'required'}"


@dataclass(frozen=True)
class Entry:
    """A command with the texts and options that the page shows."""

    name: str
    panel: str
    text: str
    example: str
    options: Sequence[Option]


def entries() -> list[Entry]:
    """Return the app's commands in the order of `fdl --help`."""
    group: Any = typer.main.get_command(app)
    context: Any = typer.Context(group, info_name="fdl")
    return [
        _entry(name, command, context)
        for name, command in group.commands.items()
        if not command.hidden
    ]


def page() -> str:
    """Return the text of docs/commands.md."""
    found = entries()
    times = Counter(option for entry in found for option in entry.options)
    shared = [option for option, count in times.items() if count >= SHARED]
    lines = [HEAD]
    panels = dict.fromkeys(entry.panel for entry in found)
    for panel in panels:
        lines.append(f"## {panel}\n")
        for entry in (each for each in found if each.panel == panel):
            lines += _lines(entry, shared)
    lines += ["## Options of several commands\n"]
    for option in shared:
        names = [entry.name for entry in found if option in entry.options]
        lines.append(f"{option} ({_but_few(names, [entry.name for entry in found])})")
    return "\n".join(lines) + "\n"


def _entry(name: str, command: Any, parent: Any) -> Entry:
    context: Any = typer.Context(command, info_name=name, parent=parent)
    return Entry(
        name,
        command.rich_help_panel,
        " ".join(command.help.split()),
        command.epilog,
        list(_options(command, context)),
    )


def _options(command: Any, context: Any) -> Iterator[Option]:
    for parameter in command.params:
        if not getattr(parameter, "hidden", False):
            written, meaning = parameter.get_help_record(context)
            yield Option(_plain(written), meaning.replace("  [", " [").strip())


def _plain(written: str) -> str:
    """Return an option in a manual's usual form: `--jobs N`, not `--jobs <int range>`."""
    words = {"str": "TEXT", "int": "N", "int range": "N", "path": "PATH", "list[str]": "TEXT"}
    if argument := re.match(r"(\w+)(\.{3})? <[\w\[\] ]+>$", written):
        return argument[1].upper() + (argument[2] or "")
    written = re.sub(r"<%[^>]*>", "DATE", written)  # the formats of a date
    return re.sub(r"<([^>|]*)>", lambda kind: words.get(kind[1], kind[1].upper()), written)


def _lines(entry: Entry, shared: Sequence[Option]) -> list[str]:
    lead, example = entry.example.split(": ", 1)
    lines = [f"### fdl {entry.name}", entry.text, f"{lead}: `{example}`", ""]
    own = [str(option) for option in entry.options if option not in shared]
    return [*lines, *own, ""] if own else lines


def _but_few(names: Sequence[str], every: Sequence[str]) -> str:
    """Return the names of the commands, or "all but …" with the others if that list is shorter."""
    others = [name for name in every if name not in names]
    if len(others) < len(names):
        return f"all but {', '.join(others)}" if others else "all commands"
    return ", ".join(names)


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")

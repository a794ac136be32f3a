"""Write docs/commands.md: every command of `fdl` with its options and examples, read from the app.

`make docs` runs it, and so can you (`python docs/commands.py`) after a change of a command; a test
proves that the page is up to date.
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
"""Number of commands from which on an option is explained once, for all of them."""

HEAD = """\
# Commands

Written by `make docs` from the commands' own help. `fdl COMMAND --help` shows the same text.
"""
EXAMPLE = re.compile(r"^(?:Examples?:)?\s*\$?\s*(fdl\s.+)$")


@dataclass(frozen=True)
class Option:
    """An argument or option: how it is written, and what it does."""

    written: str
    meaning: str

    def __str__(self) -> str:
        return f"- `{self.written}`: {self.meaning or 'required'}"


@dataclass(frozen=True)
class Entry:
    """A command as the page shows it."""

    name: str
    panel: str
    texts: Sequence[str]
    examples: Sequence[str]
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
        lines += [f"## {panel}\n"] if panel else []
        for entry in (each for each in found if each.panel == panel):
            lines += _lines(entry, shared, level="###" if any(panels) else "##")
    lines += ["## Options of several commands\n"]
    for option in shared:
        names = [entry.name for entry in found if option in entry.options]
        lines.append(f"{option} ({_but_few(names, [entry.name for entry in found])})")
    return "\n".join(lines) + "\n"


def _entry(name: str, command: Any, parent: Any) -> Entry:
    context: Any = typer.Context(command, info_name=name, parent=parent)
    texts, examples = [], []
    for text in filter(None, (command.help, command.epilog)):
        for paragraph in re.split(r"\n\s*\n", text.replace("\b", "").partition("\f")[0]):
            plain = []
            for line in paragraph.strip().splitlines():
                if example := EXAMPLE.match(line.strip()):
                    examples.append(example[1])
                elif line.strip() not in ("Example:", "Examples:"):
                    plain.append(line.strip())
            texts += [" ".join(plain)] if plain else []
    panel = command.rich_help_panel
    return Entry(
        name,
        panel if isinstance(panel, str) else "",
        texts,
        examples,
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
    written = re.sub(r"<%[^>]*>", "DATE", written)  # the formats in which it may be written
    return re.sub(r"<([^>|]*)>", lambda kind: words.get(kind[1], kind[1].upper()), written)


def _lines(entry: Entry, shared: Sequence[Option], level: str) -> list[str]:
    lines = [f"{level} fdl {entry.name}\n", " ".join(entry.texts), ""]
    if entry.examples:
        word = "Example" if len(entry.examples) == 1 else "Examples"
        lines += [f"{word}: {', '.join(f'`{line}`' for line in entry.examples)}", ""]
    own = [str(option) for option in entry.options if option not in shared]
    return [*lines, *own, ""] if own else lines


def _but_few(names: Sequence[str], every: Sequence[str]) -> str:
    """Name these commands, or, if it is shorter, the others."""
    others = [name for name in every if name not in names]
    if len(others) < len(names):
        return f"all but {', '.join(others)}" if others else "all commands"
    return ", ".join(names)


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")

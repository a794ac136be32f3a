"""The part of a page that a command writes: the text between two marker lines."""

from __future__ import annotations

from pathlib import Path

END = "<!-- until here -->"


def begin(command: str) -> str:
    """Return the marker line after which a command writes."""
    return f"<!-- written by {command} -->"


def between(text: str, command: str, what: str, *, page: str) -> str:
    """Return the text with `what` between the command's marker line and the next `END`."""
    before, line, rest = text.partition(begin(command))
    _, end, after = rest.partition(END)
    if not line or not end:
        raise LookupError(f"{page} has no lines {begin(command)} and {END} to write between")
    return f"{before}{line}\n\n{what}\n\n{end}{after}"


def write_between(path: Path, command: str, what: str) -> None:
    """Write `what` into a page."""
    text = path.read_text(encoding="utf-8")
    path.write_text(between(text, command, what, page=path.name), encoding="utf-8")

"""CSV files of other systems, read with care and written in the form that they came in."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

from autograder.errors import RecordError
from autograder.exports import cells

MAX_BYTES = 20_000_000
_BOM = b"\xef\xbb\xbf"

Delimiter = Literal[",", ";", "\t"]
_DELIMITERS: tuple[Delimiter, ...] = (",", ";", "\t")


@dataclass(frozen=True)
class Sheet:
    """A table as a CSV file has it: its header, its rows, and how it is written."""

    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    delimiter: Delimiter = ","
    bom: bool = False
    newline: str = "\r\n"

    def find(self, *names: str) -> int | None:
        """The column of the first of these names that the header has, in any letter case."""
        headings = [heading.strip().casefold() for heading in self.header]
        for name in names:
            if name.casefold() in headings:
                return headings.index(name.casefold())
        return None

    def need(self, what: str, *names: str) -> int:
        """As `find`; RecordError, which says what the file should be, where there is none."""
        column = self.find(*names)
        if column is None:
            raise RecordError(
                f"the roster has no column {names[0]!r}, so it is no {what}; "
                f"it has: {', '.join(self.header)}"
            )
        return column

    def places(self, *names: str) -> list[int]:
        """The columns of those of these names that the header has."""
        return [place for name in names if (place := self.find(name)) is not None]

    def with_column(self, name: str) -> tuple[Sheet, int]:
        """The same form, with an empty column more if none has this name; and that column."""
        if (column := self.find(name)) is not None:
            return self, column
        rows = tuple((*row, "") for row in self.rows)
        return replace(self, header=(*self.header, name), rows=rows), len(self.header)

    def with_rows(self, rows: Sequence[Sequence[str]]) -> Sheet:
        """The same form with other rows."""
        return replace(self, rows=tuple(map(tuple, rows)))

    def to_bytes(self) -> bytes:
        """The file; its first cells can begin no formula."""
        out = io.StringIO()
        writer = csv.writer(out, delimiter=self.delimiter, lineterminator=self.newline)
        writer.writerow(self.header)
        writer.writerows((cells.first(row[0]), *row[1:]) for row in self.rows)
        return (_BOM if self.bom else b"") + out.getvalue().encode("utf-8")


def read_sheet(content: bytes) -> Sheet:
    """The table in a CSV file of UTF-8; RecordError says what is wrong with it."""
    if len(content) > MAX_BYTES:
        raise RecordError(f"the roster is larger than {MAX_BYTES:,} bytes: that is no class list")
    if content.startswith(b"PK"):
        raise RecordError("the roster is an Excel file or an archive: save it as CSV UTF-8")
    bom = content.startswith(_BOM)
    try:
        words = content.removeprefix(_BOM).decode("utf-8")
    except UnicodeDecodeError as error:
        raise RecordError(
            f"the roster is not UTF-8 (at byte {error.start}): export it anew, or save it as CSV "
            "UTF-8, or umlauts would come out wrong"
        ) from None
    delimiter = _delimiter_of(words)
    newline = "\r\n" if "\r\n" in words else "\n"
    # as csv asks for it: line breaks within cells stay as they are
    lines = csv.reader(io.StringIO(words, newline=""), delimiter=delimiter, strict=True)
    try:
        rows = [tuple(row) for row in lines if any(cell.strip() for cell in row)]
    except csv.Error as error:
        raise RecordError(f"the roster is no CSV file: line {lines.line_num}: {error}") from None
    if not rows:
        raise RecordError("the roster is empty: export it anew")
    header, *body = rows
    for number, row in enumerate(body, start=1):
        if len(row) != len(header):
            raise RecordError(
                f"the roster's row {number} below the header has {len(row)} cells, the header "
                f"has {len(header)}: export it anew"
            )
    return Sheet(header, tuple(body), delimiter, bom, newline)


def _delimiter_of(words: str) -> Delimiter:
    """The separator that cuts the first line into most cells."""
    first = words.splitlines()[0] if words else ""
    cells = {mark: len(next(csv.reader([first], delimiter=mark), [])) for mark in _DELIMITERS}
    return max(_DELIMITERS, key=lambda mark: cells[mark])

"""Read other systems' CSV files strictly, and write them in the same format."""

from __future__ import annotations

import csv
import io
from codecs import BOM_UTF8
from collections.abc import Sequence
from dataclasses import dataclass, replace

from autograder.csvtable import Delimiter, TableError, read_table
from autograder.errors import RecordError
from autograder.exports import cells


@dataclass(frozen=True)
class Sheet:
    """The table in a CSV file: its header, its rows, and its format."""

    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    delimiter: Delimiter = ","
    bom: bool = False
    newline: str = "\r\n"

    def find(self, *names: str) -> int | None:
        """Return the first column with one of these names, ignoring case; None if there is none."""
        headings = [heading.strip().casefold() for heading in self.header]
        for name in names:
            if name.casefold() in headings:
                return headings.index(name.casefold())
        return None

    def need(self, what: str, *names: str) -> int:
        """Return the column that `find` returns; raise RecordError if there is no such column."""
        column = self.find(*names)
        if column is None:
            raise RecordError(
                f"the roster has no column {names[0]!r}, so it is not a {what}; "
                f"its columns are: {', '.join(self.header)}"
            )
        return column

    def places(self, *names: str) -> list[int]:
        """Return the columns with these names; skip names that are not in the header."""
        return [place for name in names if (place := self.find(name)) is not None]

    def with_column(self, name: str) -> tuple[Sheet, int]:
        """Return the sheet and its column `name`; add an empty column if there is none."""
        if (column := self.find(name)) is not None:
            return self, column
        rows = tuple((*row, "") for row in self.rows)
        return replace(self, header=(*self.header, name), rows=rows), len(self.header)

    def with_rows(self, rows: Sequence[Sequence[str]]) -> Sheet:
        """Return this sheet with its rows replaced by `rows`."""
        return replace(self, rows=tuple(map(tuple, rows)))

    def to_bytes(self) -> bytes:
        """Return the content of the file; make each row's first cell safe for spreadsheets."""
        out = io.StringIO()
        writer = csv.writer(out, delimiter=self.delimiter, lineterminator=self.newline)
        writer.writerow(self.header)
        writer.writerows((cells.first(row[0]), *row[1:]) for row in self.rows)
        return (BOM_UTF8 if self.bom else b"") + out.getvalue().encode("utf-8")


def read_sheet(content: bytes, *, only_utf8: bool = True) -> Sheet:
    """Return the table in a CSV file; raise RecordError unless it is a valid table.

    A table that will be written back has to be in UTF-8 (`only_utf8`).
    """
    try:
        table = read_table(content, only_utf8=only_utf8)
    except TableError as error:
        raise RecordError(f"the roster {error}") from None
    for number, row in enumerate(table.rows, start=1):
        if len(row) != len(table.header):
            raise RecordError(
                f"row {number} below the roster's header has {len(row)} cells, but the header "
                f"has {len(table.header)}: export the roster again"
            )
    return Sheet(table.header, table.rows, table.delimiter, table.bom, table.newline)

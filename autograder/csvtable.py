"""Read tables that spreadsheets and learning platforms save as CSV, in any usual encoding.

Spreadsheets save CSV files in the encoding of their country, with commas, semicolons or tabs. A
file can be in UTF-8, or in UTF-16 as Excel's "Unicode Text". Other files are read as Windows-1252,
which Excel uses in western Europe and America, unless the letters then look wrong.
"""

from __future__ import annotations

import csv
import io
import json
import re
from codecs import BOM_UTF8
from dataclasses import dataclass
from itertools import islice
from typing import Literal

from autograder.words import printable

MAX_BYTES = 20_000_000
"""Maximum size of a table, in bytes."""

ADVICE = "save it as “CSV UTF-8” in the spreadsheet, or export it again"
"""Advice about a file that cannot be read."""

Delimiter = Literal[",", ";", "\t"]
_DELIMITERS: tuple[Delimiter, ...] = (",", ";", "\t")

_WORKBOOKS = (b"PK", b"\xd0\xcf\x11\xe0")
"""First bytes of spreadsheets and archives, which are not CSV files."""

_SEPARATOR = re.compile(r"sep=(.)\r?\n", re.IGNORECASE)
"""A first line in which Excel names the separator."""

# text in another encoding has signs or capitals inside words if it is read as Windows-1252
_WRONG = re.compile(
    r"(?<=[^\W\d_])(?:[\x80-\xa9\xab-\xb3\xb6\xb8\xb9\xbb-\xbf×÷€‚ƒ„…†‡ˆ‰‹“”•–—˜™›]"
    r"|[ŠŽŸŒÀ-ÖØ-Þ](?=[a-zß-öø-ÿ])|‘(?=[a-zß-öø-ÿ]))"
)
# the look-behind keeps the search linear: no match begins in the middle of a cell
_SAMPLE = re.compile(r"(?<![^,;\t\r\n\"])[^,;\t\r\n\"]*[^\x00-\x7f][^,;\t\r\n\"]*")
MAX_SAMPLES = 3
"""Maximum number of cells to show of a file whose encoding was guessed."""


class TableError(Exception):
    """The file is not a table; the caller puts the file's name in front of the message."""


@dataclass(frozen=True)
class CsvTable:
    """The table in a CSV file: its header, its rows without blank rows, and its format."""

    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    delimiter: Delimiter = ","
    newline: str = "\r\n"
    bom: bool = False
    samples: tuple[str, ...] = ()
    """Some cells with letters that depend on a guess of the encoding."""

    @property
    def note(self) -> str:
        """A sentence for the user if the encoding was guessed, or ""."""
        if not self.samples:
            return ""
        return (
            f"is not in UTF-8. It was read as Windows-1252: {', '.join(self.samples)}. "
            f"If these letters are wrong, {ADVICE}"
        )


def read_table(content: bytes, *, only_utf8: bool = False) -> CsvTable:
    """Return the table in a CSV file; raise TableError unless the file is a table.

    `only_utf8` refuses other encodings, for a file that will be written back.
    """
    if len(content) > MAX_BYTES:
        raise TableError(f"is larger than {MAX_BYTES:,} bytes: check that it is the right file")
    if content.startswith(_WORKBOOKS):
        raise TableError(f"is an Excel file or an archive: {ADVICE}")
    text, samples = _decoded(content, only_utf8=only_utf8)
    named = _SEPARATOR.match(text)
    text = text[named.end() :] if named else text
    told = next((mark for mark in _DELIMITERS if named and named[1] == mark), None)
    delimiter = told or _delimiter_of(text)
    newline = "\r\n" if "\r\n" in text else "\n"
    rows = _rows(text, delimiter)
    if not rows:
        raise TableError("is empty: export it again")
    header, *body = rows
    return CsvTable(header, tuple(body), delimiter, newline, content.startswith(BOM_UTF8), samples)


def _rows(text: str, delimiter: Delimiter) -> list[tuple[str, ...]]:
    """Return the rows that are not blank."""
    # newline="" as the csv module requires: line breaks within cells stay unchanged
    lines = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    try:
        return [tuple(row) for row in lines if any(cell.strip() for cell in row)]
    except csv.Error as error:
        raise TableError(
            f"is not a CSV file: line {lines.line_num}: {error}. Export it again"
        ) from None


def _decoded(content: bytes, *, only_utf8: bool) -> tuple[str, tuple[str, ...]]:
    """Return a file's text, and some of its cells if the encoding is a guess."""
    encoding = json.detect_encoding(content)  # also recognises UTF-16 by its zero bytes
    is_utf8 = encoding in ("utf-8", "utf-8-sig")
    if only_utf8 and not is_utf8:
        raise _unclear("is not UTF-8", 0)
    try:
        return content.decode(encoding), ()
    except UnicodeDecodeError as error:
        if only_utf8 or not is_utf8:
            raise _unclear("is not UTF-8", error.start) from None
    try:
        text = content.decode("cp1252")
    except UnicodeDecodeError as error:
        raise _unclear("is neither UTF-8 nor Windows-1252", error.start) from None
    if wrong := _WRONG.search(text):
        raise _unclear("is neither UTF-8 nor Windows-1252", wrong.start())
    found = (printable(match[0].strip()) for match in islice(_SAMPLE.finditer(text), 50))
    return text, tuple(dict.fromkeys(found))[:MAX_SAMPLES]


def _unclear(what: str, place: int) -> TableError:
    return TableError(f"{what} (at byte {place}): {ADVICE}; otherwise umlauts would be wrong")


def _delimiter_of(text: str) -> Delimiter:
    """Return the separator that splits the first line into the most cells."""
    # the csv module rejects longer cells; `_rows` reports them
    first = text.splitlines()[0][: csv.field_size_limit()] if text else ""
    cells = {mark: len(next(csv.reader([first], delimiter=mark), [])) for mark in _DELIMITERS}
    return max(_DELIMITERS, key=lambda mark: cells[mark])

"""Tables in odd files: each is read or named for what it is, in linear time."""

from __future__ import annotations

import csv
import time

import pytest

from autograder.csvtable import TableError, read_table
from autograder.words import MAX_SHOWN


@pytest.mark.parametrize("heading", [True, False])
def test_cell_that_is_too_long_is_named(heading: bool) -> None:
    cell = "x" * (csv.field_size_limit() + 1)
    rows = [cell, "anna"] if heading else ["student", cell]
    line = 1 if heading else 2
    with pytest.raises(TableError, match=rf"is not a CSV file: line {line}: field larger"):
        read_table("\n".join(rows).encode())


def test_long_cells_in_another_encoding_are_read_in_linear_time() -> None:
    cell = "x" * 100_000
    start = time.process_time()
    table = read_table(f"student,name\n{cell},{cell}é{cell[:30]}\nanna,Zoë\n".encode("cp1252"))
    assert time.process_time() - start < 2.0
    shown, name = table.samples
    assert name == "Zoë"
    assert len(shown) == MAX_SHOWN

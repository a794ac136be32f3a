"""After any change, a notebook can be read, and the result contains the instructor's cells."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import nbformat
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from nbformat import NotebookNode

from autograder.submission.receiving import ReceivedNotebook

from .forms import ANSWERS, cell, filled, receive, repaired, run, valley

NAMES = [c.metadata.nbgrader.grade_id for c in valley().cells]

FEW, MANY = 50, 200
"""Numbers of examples with which a property is tested every day, and before a release."""


def tried(*strategies: st.SearchStrategy[Any]) -> Callable[[Callable[..., None]], Any]:
    """Make a test of a property: a few examples in the everyday run, many in the slow tests."""

    def decorate(holds: Callable[..., None]) -> Any:
        @pytest.mark.parametrize("examples", [FEW, pytest.param(MANY, marks=pytest.mark.slow)])
        def test(examples: int) -> None:
            settings(
                max_examples=examples,
                deadline=None,
                derandomize=True,
                suppress_health_check=[HealthCheck.too_slow],
            )(given(*strategies)(holds))()

        test.__doc__ = holds.__doc__
        return test

    return decorate


words = st.sampled_from(
    [
        *NAMES,
        "id",
        "nbgrader",
        "grade_id",
        "code",
        "raw",
        "def slope(x): pass",
        "bend = 1",
        "\ud800",
    ]
)
scalars = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | words
junk = st.recursive(
    scalars,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(words | st.text(max_size=4), inner, max_size=3)
    ),
    max_leaves=8,
)

Mangle = Callable[[dict[str, Any]], None]


def _some_cell(notebook: dict[str, Any], number: int) -> Any:
    cells = notebook["cells"]
    found = cells[number % len(cells)] if cells else {}
    return found if isinstance(found, dict) else {}


def _delete(number: int) -> Mangle:
    def mangle(notebook: dict[str, Any]) -> None:
        if notebook["cells"]:
            del notebook["cells"][number % len(notebook["cells"])]

    return mangle


def _duplicate(number: int, place: int) -> Mangle:
    def mangle(notebook: dict[str, Any]) -> None:
        copy = json.loads(json.dumps(_some_cell(notebook, number)))
        notebook["cells"].insert(place, copy)

    return mangle


def _move(number: int, place: int) -> Mangle:
    def mangle(notebook: dict[str, Any]) -> None:
        if notebook["cells"]:
            moved = notebook["cells"].pop(number % len(notebook["cells"]))
            notebook["cells"].insert(place, moved)

    return mangle


def _set(number: int, key: str, value: Any) -> Mangle:
    def mangle(notebook: dict[str, Any]) -> None:
        _some_cell(notebook, number)[key] = value

    return mangle


def _mark(number: int, key: str, value: Any) -> Mangle:
    def mangle(notebook: dict[str, Any]) -> None:
        metadata = _some_cell(notebook, number).get("metadata")
        if isinstance(metadata, dict) and isinstance(metadata.get("nbgrader"), dict):
            metadata["nbgrader"][key] = value

    return mangle


def _insert(place: int, value: Any) -> Mangle:
    return lambda notebook: notebook["cells"].insert(place, value)


numbers = st.integers(0, 16)
mangles = st.one_of(
    st.builds(_delete, numbers),
    st.builds(_duplicate, numbers, numbers),
    st.builds(_move, numbers, numbers),
    st.builds(
        _set,
        numbers,
        st.sampled_from(["cell_type", "source", "metadata", "id", "outputs", "attachments"]),
        junk,
    ),
    st.builds(_mark, numbers, st.sampled_from(["grade_id", "points", "solution", "locked"]), junk),
    st.builds(_insert, numbers, junk),
    st.builds(
        _insert,
        numbers,
        st.fixed_dictionaries(
            {
                "cell_type": st.sampled_from(["code", "markdown", "raw"]),
                "source": words,
                "id": words,
            }
        ),
    ),
)


def read(content: NotebookNode | bytes | str) -> ReceivedNotebook:
    """Read the notebook in a new folder; `receive` asserts that the result is fit."""
    with tempfile.TemporaryDirectory() as folder:
        return receive(Path(folder), content)


def restored(notebook: NotebookNode) -> NotebookNode:
    with tempfile.TemporaryDirectory() as folder:
        return repaired(Path(folder), notebook)


def plain(notebook: NotebookNode) -> dict[str, Any]:
    data: dict[str, Any] = json.loads(json.dumps(notebook))
    return data


@tried(st.lists(mangles, max_size=12))
def test_mangled_cells_end_as_a_fit_notebook(steps: list[Mangle]) -> None:
    notebook = plain(filled())
    for step in steps:
        step(notebook)
    received = read(json.dumps(notebook))
    assert received.state == "marked"
    assert len(received.notes) <= 10
    assert all(note.isprintable() and len(note) < 400 for note in received.notes)


@tried(st.lists(mangles, max_size=12))
def test_reading_the_result_again_changes_nothing(steps: list[Mangle]) -> None:
    notebook = plain(filled())
    for step in steps:
        step(notebook)
    first = read(json.dumps(notebook)).notebook
    assert first is not None
    again = restored(first)
    assert [(c.cell_type, c.source) for c in again.cells] == [
        (c.cell_type, c.source) for c in first.cells
    ]


@tried(st.sampled_from(["nbformat", "nbformat_minor", "metadata", "cells", "worksheets"]), junk)
def test_junk_at_the_top_is_read_or_named(key: str, value: Any) -> None:
    received = read(json.dumps({**plain(filled()), key: value}))
    assert received.state in ("marked", "unreadable")


@tried(junk)
def test_junk_alone_is_read_or_named(value: Any) -> None:
    received = read(json.dumps(value))
    assert (received.notebook is None) == (received.state == "unreadable")


@tried(st.integers(0, 6000), st.integers(0, 6000), st.binary(max_size=6))
def test_damaged_bytes_are_read_or_named(start: int, length: int, patch: bytes) -> None:
    content = json.dumps(filled()).encode()
    received = read(content[:start] + patch + content[start + length :])
    assert received.state in ("marked", "unreadable")


@tried(st.binary(max_size=300))
def test_bytes_of_any_kind_are_read_or_named(content: bytes) -> None:
    assert read(content).state in ("marked", "unreadable")


@tried(st.permutations(range(len(NAMES))))
def test_shuffled_notebook_is_put_in_order(order: list[int]) -> None:
    notebook = filled()
    notebook.cells = [notebook.cells[i] for i in order]
    assert restored(notebook) == filled()


@tried(st.sets(st.sampled_from(NAMES)), st.permutations(range(len(NAMES))))
def test_answers_survive_lost_metadata_and_lost_cells(lost: set[str], order: list[int]) -> None:
    notebook = filled()
    notebook.cells = [notebook.cells[i] for i in order]
    for c in list(notebook.cells):
        name = c.metadata.nbgrader.grade_id
        if name in lost and name not in ANSWERS:
            notebook.cells.remove(c)
        elif name in lost:
            c.metadata = NotebookNode()
            c.id = f"lost-{name}"
    names = run(restored(notebook))
    assert (names["slope"](3), names["bend"](3), names["value"]) == (6, 2, 6)


@tried(
    st.lists(st.tuples(st.integers(0, 13), st.integers(0, 3)), max_size=6),
    st.sets(st.sampled_from(["v-slope-answer", "v-bend-answer"])),
)
def test_definition_that_a_run_ends_with_is_kept(
    places: list[tuple[int, int]], deleted: set[str]
) -> None:
    """If cells are added, removed or unanswered, the program ends as the student's did."""
    notebook = filled()
    for name in deleted:
        notebook.cells.remove(cell(notebook, name))
    for number, (place, kind) in enumerate(places):
        source = [
            f"def slope(x):\n    return 'own {number}'",
            f"def bend(x):\n    return 'own {number}'",
            f"seen_{number} = [n for n in ('slope', 'bend') if n in dir()]",
            f"def helper(x):\n    return {number}",
        ][kind]
        notebook.cells.insert(place, nbformat.v4.new_code_cell(source))
    theirs, ours = run(notebook), run(restored(notebook))
    for name in ("slope", "bend", "helper"):
        if name in theirs:
            assert ours[name](1) == theirs[name](1)

"""The content of a file: every version of nbformat, and data that is not a notebook."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import nbformat
import pytest

from autograder.submission import reading as module
from autograder.submission.receiving import read_submission

from .forms import (
    HILL,
    PROOF,
    SLOPE,
    VALLEY,
    Change,
    cell,
    changed,
    filled,
    filled_hill,
    receive,
    repaired,
    run,
    skeletons,
    sources,
    write,
)


def as_version_3() -> dict[str, Any]:
    """Return the filled valley notebook as IPython 2 saved it."""
    cells: list[dict[str, Any]] = []
    for c in filled().cells:
        old: dict[str, Any] = {"cell_type": c.cell_type, "metadata": c.metadata}
        if c.cell_type == "code":
            old.update(input=c.source, language="python", outputs=[], prompt_number=3)
        else:
            old["source"] = c.source.splitlines(keepends=True)
        cells.append(old)
    cells.append({"cell_type": "heading", "level": 2, "metadata": {}, "source": "My remarks"})
    return {
        "metadata": {"name": "x"},
        "nbformat": 3,
        "nbformat_minor": 0,
        "worksheets": [{"cells": cells[:6]}, {"cells": cells[6:], "metadata": {}}],
    }


def test_nbformat_3_is_read(tmp_path: Path) -> None:
    received = receive(tmp_path, json.dumps(as_version_3()))
    assert received.notebook is not None
    assert sources(received.notebook) == [*sources(filled()), "## My remarks"]
    assert any("nbformat 3" in note for note in received.notes)


@pytest.mark.parametrize("minor", [0, 1, 2, 3, 4])
def test_older_minor_formats_are_read(tmp_path: Path, minor: int) -> None:
    notebook = filled()
    notebook.nbformat_minor = minor
    for c in notebook.cells:
        del c["id"]
        c.metadata.nbgrader.schema_version = min(minor, 3)
    assert repaired(tmp_path, notebook) == filled()


@pytest.mark.parametrize(("major", "minor"), [(4, 6), (4, 99), (5, 0), (40, 0)])
def test_newer_formats_are_read(tmp_path: Path, major: int, minor: int) -> None:
    notebook = {**filled(), "nbformat": major, "nbformat_minor": minor, "novelty": {"a": []}}
    received = receive(tmp_path, json.dumps(notebook))
    assert received.notebook == filled()
    assert bool(received.notes) is (major != 4)


@pytest.mark.parametrize("number", [None, "4", -1, 4.0, True, [], 10**400])
def test_format_number_that_is_none_does_no_harm(tmp_path: Path, number: object) -> None:
    content = json.dumps({**filled(), "nbformat": number, "nbformat_minor": number})
    received = receive(tmp_path, content)
    assert received.notebook == filled()
    assert all(len(note) < 200 for note in received.notes)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-32"])
def test_encodings_are_recognised(tmp_path: Path, encoding: str) -> None:
    proof = "Für große Δ gilt ∇f → 0 😀"
    content = json.dumps(filled(v_proof=proof), ensure_ascii=False).encode(encoding)
    received = receive(tmp_path, content)
    assert received.notebook == filled(v_proof=proof)
    assert received.notes == ()


def test_foreign_encoding_loses_single_letters_only(tmp_path: Path) -> None:
    content = json.dumps(filled(v_proof="Für n"), ensure_ascii=False).encode("latin-1")
    received = receive(tmp_path, content)
    assert received.notebook == filled(v_proof="F\ufffdr n")
    assert any("UTF-8" in note for note in received.notes)


def test_zeros_behind_the_notebook_are_ignored(tmp_path: Path) -> None:
    assert receive(tmp_path, json.dumps(filled()).encode() + bytes(4096)).notebook == filled()


NO_NOTEBOOKS = {
    "empty": b"",
    "blank": b" \n\t ",
    "zeros": bytes(1000),
    "text": b"Dear TA, my notebook is in the other mail.",
    "html": b"<!DOCTYPE html><html></html>",
    "zip": b"PK\x03\x04\x14\0\0\0\x08\0",
    "half": json.dumps(filled()).encode()[:700],
    "conflict": b"<<<<<<< HEAD\n{}\n=======\n{}\n>>>>>>> main\n",
    "list": b"[]",
    "string": b'"notebook"',
    "number": b"4",
    "null": b"null",
    "object": b"{}",
    "no list of cells": b'{"nbformat": 4, "cells": {"0": 1}}',
    "no worksheets": b'{"nbformat": 3, "worksheets": "none"}',
    "endless number": b'{"nbformat": 4, "cells": [' + b"9" * 5000 + b"]}",
    "deep list": b"[" * 200_000,
    "deep map": b'{"a":' * 200_000,
    "deep and closed": b'{"cells":' + b"[" * 100_000 + b"]" * 100_000 + b"}",
}


@pytest.mark.parametrize("content", NO_NOTEBOOKS.values(), ids=NO_NOTEBOOKS.keys())
def test_what_is_no_notebook_is_unreadable_and_the_rest_is_read(
    tmp_path: Path, content: bytes
) -> None:
    write(tmp_path / f"{HILL}.ipynb", filled_hill())
    received = receive(tmp_path, content)
    assert received.state == "unreadable"
    assert received.notebook is None
    assert received.message.startswith(f"{VALLEY}.ipynb can't be read: ")
    assert len(received.message) < 300
    other = read_submission(tmp_path, skeletons()).notebooks[HILL]
    assert other.notebook == filled_hill()


@pytest.mark.parametrize("depth", [50, 500, 900])
def test_deep_metadata_that_can_be_read_is_left_behind(tmp_path: Path, depth: int) -> None:
    deep: Any = 1
    for _ in range(depth):
        deep = {"a": [deep]} if depth < 500 else [deep]
    notebook = json.loads(json.dumps(filled()))
    notebook["metadata"]["deep"] = deep
    notebook["cells"][3]["metadata"]["nbgrader"]["points"] = deep
    received = receive(tmp_path, json.dumps(notebook))
    assert received.state in ("marked", "unreadable")
    if received.notebook is not None:
        assert received.notebook == filled()


def test_too_many_cells_are_unreadable(tmp_path: Path) -> None:
    notebook = filled()
    notebook.cells += [nbformat.v4.new_code_cell("1")] * (module.MAX_CELLS + 1)
    received = receive(tmp_path, notebook)
    assert received.state == "unreadable"
    assert "5,000 cells" in received.message


def test_thousands_of_cells_are_kept(tmp_path: Path) -> None:
    notebook = filled()
    notebook.cells += [nbformat.v4.new_code_cell(f"x{n} = {n}") for n in range(4000)]
    assert run(repaired(tmp_path, notebook))["x3999"] == 3999


def test_too_many_parts_are_unreadable_before_they_are_parsed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MAX_PARTS", 1000)
    received = receive(tmp_path, '{"cells": [' + "[]," * 1000 + "[]]}")
    assert "too many parts" in received.message


def test_code_without_end_is_unreadable(tmp_path: Path) -> None:
    notebook = filled()
    notebook.cells += [nbformat.v4.new_code_cell("a=\n" * 160_000) for _ in range(11)]
    assert "MB of code" in receive(tmp_path, notebook).message


def test_no_memory_is_no_crash(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def exhausted(_: str) -> None:
        raise MemoryError

    monkeypatch.setattr(json, "loads", exhausted)
    assert receive(tmp_path, filled()).state == "unreadable"


def test_outputs_are_dropped_whatever_they_are(tmp_path: Path) -> None:
    page = {"output_type": "display_data", "data": {"text/html": "<script>" * 300_000}}
    strange: list[Any] = [page, "text", None, {"output_type": 4}, [[]]]

    def show(notebook: Any) -> None:
        for c in notebook.cells:
            c.outputs = strange
            c.execution_count = "many"

    assert repaired(tmp_path, changed(show)) == filled()


def test_wrong_kernel_is_put_right(tmp_path: Path) -> None:
    def other_kernel(notebook: Any) -> None:
        notebook.metadata = {
            "kernelspec": {"name": "julia-1.9", "display_name": "Julia", "language": "julia"},
            "widgets": {"state": "x" * 1000},
        }

    assert repaired(tmp_path, changed(other_kernel)) == filled()


@pytest.mark.parametrize("metadata", [None, [], "x", 4, {"kernelspec": 7}])
def test_metadata_of_the_notebook_is_never_looked_at(tmp_path: Path, metadata: object) -> None:
    content = json.dumps({**filled(), "metadata": metadata})
    assert receive(tmp_path, content).notebook == filled()


def test_sources_in_lists_of_lines_are_joined(tmp_path: Path) -> None:
    def split(notebook: Any) -> None:
        for c in notebook.cells:
            c.source = c.source.splitlines(keepends=True)

    assert repaired(tmp_path, changed(split)) == filled()


def set_source(value: object) -> Change:
    def change(notebook: Any) -> None:
        cell(notebook, "v-slope-answer")["source"] = value

    return change


@pytest.mark.parametrize("value", [None, 7, {"a": 1}, ["x", 7], [["x"]], True])
def test_source_that_is_no_text_leaves_the_stub(tmp_path: Path, value: object) -> None:
    received = receive(tmp_path, changed(set_source(value)))
    assert received.notebook is not None
    assert cell(received.notebook, "v-slope-answer").source.endswith('written")')
    assert cell(received.notebook, "v-proof").source == PROOF
    assert any("can't be read" in note for note in received.notes)


@pytest.mark.parametrize("junk", [None, 7, "x", [], {}, {"cell_type": "code"}])
def test_cell_that_is_no_cell_is_left_out(tmp_path: Path, junk: object) -> None:
    content = json.loads(json.dumps(filled()))
    content["cells"].insert(2, junk)
    received = receive(tmp_path, json.dumps(content))
    assert received.notebook == filled()
    assert len(received.notes) == 1


@pytest.mark.parametrize("kind", [None, 7, "", "Code", "video", ["code"]])
def test_unknown_kind_of_cell_is_put_right(tmp_path: Path, kind: object) -> None:
    def rename(notebook: Any) -> None:
        for c in notebook.cells:
            c["cell_type"] = kind

    assert repaired(tmp_path, changed(rename)) == filled()


def test_line_ends_of_other_systems_are_normal_ones(tmp_path: Path) -> None:
    got = repaired(tmp_path, changed(set_source(SLOPE.replace("\n", "\r\n"))))
    assert got == filled()


@pytest.mark.parametrize("strange", ["\ud800", "\udfff\ud83d", "\0", "a\0b"])
def test_text_that_is_no_text_can_still_be_written(tmp_path: Path, strange: str) -> None:
    received = receive(tmp_path, changed(set_source(f"{SLOPE}\n# {strange}")))
    assert received.notebook is not None
    source = cell(received.notebook, "v-slope-answer").source
    assert source.startswith(SLOPE)
    assert "\0" not in source
    assert source.encode()


@pytest.mark.parametrize("size", [module.MAX_CODE_BYTES, 3_000_000])
def test_endless_code_is_left_out(tmp_path: Path, size: int) -> None:
    received = receive(tmp_path, changed(set_source(f"{SLOPE}\n#" + "ü" * size)))
    assert received.notebook is not None
    assert len(cell(received.notebook, "v-slope-answer").source) < 1000
    assert received.notes


def test_picture_in_an_answer_stays(tmp_path: Path) -> None:
    picture = {"proof.png": {"image/png": "iVBORw0KGgo="}}

    def paste(notebook: Any) -> None:
        cell(notebook, "v-proof").source = "![](attachment:proof.png)"
        cell(notebook, "v-proof").attachments = picture

    assert cell(repaired(tmp_path, changed(paste)), "v-proof").attachments == picture


@pytest.mark.parametrize(
    "attachments",
    [
        7,
        {"a.svg": {"image/svg+xml": "PHN2Zz4="}},
        {"a.html": {"text/html": "<script>"}},
        {"a.png": {"image/png": '"><script>alert(1)</script>'}},
        {"a.png": {"image/png": 7}},
        {"a.png": "iVBORw0KGgo="},
    ],
)
def test_attachment_that_is_no_picture_goes(tmp_path: Path, attachments: object) -> None:
    def paste(notebook: Any) -> None:
        cell(notebook, "v-proof")["attachments"] = attachments

    assert "attachments" not in cell(repaired(tmp_path, changed(paste)), "v-proof")

"""The content of a file: every version of nbformat, and data that is not a notebook."""

from __future__ import annotations

import json
from copy import deepcopy
from pathlib import Path
from typing import Any

import nbformat
import pytest

from autograder.submission import reading as module
from autograder.submission.fitting import PlacedPicture
from autograder.submission.pictures import MAX_PICTURES, TOO_MUCH
from autograder.submission.receiving import read_submission
from tests import photos

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


def pictures(folder: Path, source: str, attachments: object) -> list[PlacedPicture]:
    """The pictures of the proof with this text and these attachments."""

    def paste(notebook: Any) -> None:
        cell(notebook, "v-proof").source = source
        cell(notebook, "v-proof")["attachments"] = attachments

    received = receive(folder, changed(paste))
    assert received.notebook is not None
    for placed in received.pictures:
        assert placed.cell is not None
        found = received.notebook.cells[placed.cell]
        assert found.metadata.nbgrader.grade_id == "v-proof"
        assert bool(placed.name) is not bool(placed.picture.refusal)
        assert (f"](attachment:{placed.name})" in found.source) is bool(placed.name)
    return list(received.pictures)


PNG = photos.png(3, 2)
AS_PNG = {"image/png": photos.base64_of(PNG)}
EDITORS = {
    "JupyterLab": (
        "![page 1.png](attachment:0c0b7d5e-6a4e-4d8e-9d0f-0f8a3f0a9b1c.png)",
        {"0c0b7d5e-6a4e-4d8e-9d0f-0f8a3f0a9b1c.png": AS_PNG},
        "page 1.png",
    ),
    "pasted": ("![image.png](attachment:image.png)", {"image.png": AS_PNG}, "image.png"),
    "spaces": ("![](attachment:page%20one.png)", {"page one.png": AS_PNG}, "page one.png"),
    "as it is": ("![](<attachment:page one.png>)", {"page one.png": AS_PNG}, "page one.png"),
    "encoded": ("![](attachment:a%20b.png)", {"a%20b.png": AS_PNG}, "a b.png"),
    "brackets": ("![see [1]](attachment:a(1).png)", {"a(1).png": AS_PNG}, "a(1).png"),
    "a title": ('![x](attachment:a.png "page 1")', {"a.png": AS_PNG}, "a.png"),
    "another title": ("![x](attachment:a.png 'page 1')", {"a.png": AS_PNG}, "a.png"),
    "more brackets": ("![](<attachment:page (3).png>)", {"page (3).png": AS_PNG}, "page (3).png"),
    "umlauts": ("![](attachment:L%C3%B6sung.png)", {"Lösung.png": AS_PNG}, "Lösung.png"),
    "HTML": ('<img alt="page" width=300 src="attachment:a.png"/>', {"a.png": AS_PNG}, "a.png"),
    "Colab": (f"![page.png](data:image/png;base64,{photos.base64_of(PNG)})", {}, "page.png"),
    "HTML and data": (f"<img src='data:image/png;base64,{photos.base64_of(PNG)}'>", {}, "inline-1"),
    "no text": ("", {"a.png": AS_PNG}, "a.png"),
    "an untrue type": ("![](attachment:a.png)", {"a.png": {"image/jpeg": AS_PNG["image/png"]}},
                       "a.png"),
    "lines": ("![](attachment:a.png)", {"a.png": {"image/png": [*AS_PNG.values(), "\n"]}}, "a.png"),
    "half a letter": ("![](attachment:\ud800.png)", {"\ud800.png": AS_PNG}, "?.png"),
}  # fmt: skip


@pytest.mark.parametrize("editor", EDITORS)
def test_picture_is_found_as_each_editor_writes_it(tmp_path: Path, editor: str) -> None:
    source, attachments, name = EDITORS[editor]
    (placed,) = pictures(tmp_path, source, attachments)
    assert placed.picture.name == name
    assert placed.picture.data == PNG
    assert placed.number == cells_before("v-proof") + 1


def cells_before(name: str) -> int:
    return [c.metadata.get("nbgrader", {}).get("grade_id") for c in filled().cells].index(name)


def test_two_pictures_of_one_name_in_copies_of_a_cell_both_stay(tmp_path: Path) -> None:
    other = {"image/png": photos.base64_of(photos.png(5, 4))}

    def paste(notebook: Any) -> None:
        proof = cell(notebook, "v-proof")
        proof.source, proof.attachments = "![](attachment:image.png)", {"image.png": AS_PNG}
        copy = deepcopy(proof)
        copy.attachments, copy.id = {"image.png": other}, "copy"
        notebook.cells.append(copy)

    received = receive(tmp_path, changed(paste))
    assert {placed.picture.data for placed in received.pictures} == {PNG, photos.png(5, 4)}
    assert len({placed.name for placed in received.pictures}) == 2


@pytest.mark.parametrize(
    ("source", "attachments", "why"),
    [
        ("![](attachment:a.png)", 7, "is not in this cell"),
        ("![](attachment:a.png)", {"a.png": "iVBORw0KGgo="}, "is not in this cell"),
        ("![](attachment:a.png)", {"a.png": {"image/png": 7}}, "is not in this cell"),
        ("![](attachment:a.svg)", {"a.svg": {"image/svg+xml": "<svg>"}}, "is SVG"),
        ("![](attachment:a.html)", {"a.html": {"text/html": "<script>"}}, "is damaged"),
        ("![](attachment:a.png)", {"a.png": {"image/png": '"><script>'}}, "is damaged"),
        ("![](attachment:a.png)", {"a.png": {"image/png": "iVBORw0KGgo="}}, "is damaged"),
        ("A proof.", {"a.png": AS_PNG}, "is attached, but the text does not show it"),
        ("![](photo.jpg)", {}, "is a file beside the notebook"),
        ("![](https://example.org/a.png)", {}, "is a link"),
        ("<img src=C:/scans/a.PDF>", {}, "is a file beside the notebook"),
    ],
)
def test_picture_that_is_refused_is_told(
    tmp_path: Path, source: str, attachments: object, why: str
) -> None:
    (placed,) = pictures(tmp_path, source, attachments)
    assert placed.picture.refusal.startswith(why)


@pytest.mark.parametrize("text", ["n![k](x)", "[a.png](a.png)", "`data:`", "![]()", "![a] (b.png)"])
def test_text_without_a_picture_stays(tmp_path: Path, text: str) -> None:
    assert pictures(tmp_path, text, {}) == []


def test_long_runs_of_letters_are_read_as_they_are(tmp_path: Path) -> None:
    """The reader cuts long runs out of the file, and restores the runs that are not pictures."""
    run = "QUJD" * 50_000
    signs = f"\u00e9{run}\\u00e9{run} ![](data:image/png;base64,{run}{AS_PNG['image/png']}) ✎"

    def paste(notebook: Any) -> None:
        cell(notebook, "v-proof").source = signs
        cell(notebook, "v-slope-answer").source = f"{SLOPE}\n# {run}"

    received = receive(tmp_path, changed(paste))
    assert received.notebook is not None
    proof = cell(received.notebook, "v-proof").source
    assert proof == f"\u00e9{run}\\u00e9{run} ![](attachment:inline-1) ✎"
    assert cell(received.notebook, "v-slope-answer").source == f"{SLOPE}\n# {run}"


def test_pictures_beyond_the_limits_of_a_notebook_are_refused(tmp_path: Path) -> None:
    count = MAX_PICTURES + 2
    attachments = {
        f"{n}.png": {"image/png": photos.base64_of(photos.png(3, 2, n))} for n in range(count)
    }
    source = " ".join(f"![](attachment:{name})" for name in attachments)
    found = pictures(tmp_path, source, attachments)
    assert [bool(placed.name) for placed in found] == [True] * MAX_PICTURES + [False] * 2
    large = {
        f"{n}.jpg": {"image/jpeg": photos.base64_of(photos.phone_jpeg(size=11_000_000 + 9 * n))}
        for n in range(6)
    }
    source = " ".join(f"![](attachment:{name})" for name in large)
    told = [placed.picture.refusal for placed in pictures(tmp_path, source, large)]
    assert told == [""] * 4 + [TOO_MUCH] * 2


def test_picture_in_a_question_is_told(tmp_path: Path) -> None:
    def paste(notebook: Any) -> None:
        question = next(c for c in notebook.cells if c.cell_type == "markdown")
        assert question.metadata.nbgrader.locked
        question.source += "\n![](attachment:a.png)"
        question.attachments = {"a.png": AS_PNG}

    (placed,) = receive(tmp_path, changed(paste)).pictures
    assert placed.cell is None
    assert placed.picture.refusal.startswith("is in a read-only cell")

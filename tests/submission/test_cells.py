"""How a student's cells are matched to the released cells."""

from __future__ import annotations

from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell, new_raw_cell

from autograder.submission.fitting import ELSEWHERE
from autograder.submission.reading import MAX_CODE_BYTES
from autograder.submission.receiving import read_submission

from .forms import (
    ANSWERS,
    BEND,
    PROOF,
    SLOPE,
    SLOPE_STUB,
    TEXT_STUB,
    assert_fit,
    cell,
    changed,
    drop,
    filled,
    forget,
    index_of,
    insert,
    insert_text,
    receive,
    repaired,
    run,
    sources,
    valley,
    write,
)

LOCKED = [c.metadata.nbgrader.grade_id for c in valley().cells if c.metadata.nbgrader.locked]
NEW_SLOPE = "def slope(x):\n    return 'new'"


def notes_of(folder: Path, notebook: NotebookNode) -> str:
    received = receive(folder, notebook)
    assert len(received.notes) == len(set(received.notes)) <= 10
    return "\n".join(received.notes)


def extras_of(notebook: NotebookNode) -> list[str]:
    return [c.source for c in notebook.cells if not c.metadata]


# the instructor's cells


def test_untouched_notebook_comes_back_as_released(tmp_path: Path) -> None:
    received = receive(tmp_path, valley())
    assert received.notebook == valley()
    assert received.notes == ()


@pytest.mark.parametrize("name", LOCKED)
def test_deleted_locked_cell_is_put_back(tmp_path: Path, name: str) -> None:
    notebook = changed(lambda n: drop(n, name))
    assert repaired(tmp_path, notebook) == filled()
    assert f"missing; they were restored: {name}." in notes_of(tmp_path, notebook)


@pytest.mark.parametrize("name", LOCKED)
@pytest.mark.parametrize("source", ["", "given = None", "def given():\n    return 'me'"])
def test_edited_locked_cell_is_put_back(tmp_path: Path, name: str, source: str) -> None:
    notebook = filled()
    cell(notebook, name).source = source
    assert repaired(tmp_path, notebook) == filled()
    assert f"changed; the originals were restored: {name}." in notes_of(tmp_path, notebook)


def test_space_at_line_ends_is_no_change(tmp_path: Path) -> None:
    notebook = filled()
    for name in LOCKED:
        cell(notebook, name).source = "\n" + cell(notebook, name).source.replace("\n", " \n") + "\n"
    assert repaired(tmp_path, notebook) == filled()
    assert notes_of(tmp_path, notebook) == ""


@pytest.mark.parametrize("name", LOCKED)
def test_duplicated_locked_cell_stands_once(tmp_path: Path, name: str) -> None:
    def twice(notebook: NotebookNode) -> None:
        notebook.cells.insert(2, deepcopy(cell(notebook, name)))
        notebook.cells.append(deepcopy(cell(notebook, name)))

    assert repaired(tmp_path, changed(twice)) == filled()


@pytest.mark.parametrize("kind", ["code", "markdown", "raw"])
@pytest.mark.parametrize("name", [*LOCKED, *ANSWERS])
def test_retyped_cell_gets_its_type_back(tmp_path: Path, name: str, kind: str) -> None:
    notebook = filled()
    was = cell(notebook, name).cell_type
    cell(notebook, name).cell_type = kind
    assert repaired(tmp_path, notebook) == filled()
    assert ("another type" in notes_of(tmp_path, notebook)) is (kind != was)


def test_reversed_notebook_is_put_in_order(tmp_path: Path) -> None:
    notebook = changed(lambda n: n.cells.reverse())
    assert repaired(tmp_path, notebook) == filled()
    assert "moved" in notes_of(tmp_path, notebook)


def test_nothing_but_answers_is_enough(tmp_path: Path) -> None:
    assert repaired(tmp_path, changed(lambda n: drop(n, *LOCKED))) == filled()


def test_notebook_without_cells_becomes_the_skeleton(tmp_path: Path) -> None:
    notebook = filled()
    notebook.cells = []
    assert repaired(tmp_path, notebook) == valley()


# metadata


@pytest.mark.parametrize("name", [*LOCKED, *ANSWERS])
def test_forged_points_and_flags_are_put_right(tmp_path: Path, name: str) -> None:
    notebook = filled()
    cell(notebook, name).metadata.nbgrader.update(
        points=1000, grade=True, locked=False, solution=True, schema_version=99, checksum="0"
    )
    assert repaired(tmp_path, notebook) == filled()
    assert f"metadata of cells was changed; the original metadata counts: {name}" in notes_of(
        tmp_path, notebook
    )


@pytest.mark.parametrize("junk", [None, 7, "x", [], [["nbgrader"]], {"nbgrader": 7}])
def test_metadata_that_is_none_is_put_right(tmp_path: Path, junk: object) -> None:
    def spoil(notebook: NotebookNode) -> None:
        for c in notebook.cells:
            c["metadata"] = junk

    assert repaired(tmp_path, changed(spoil)) == filled()


@pytest.mark.parametrize("junk", [None, 7, "", [], {"a": 1}, "no-such-cell", "x" * 10_000])
def test_grade_ids_that_are_none_are_put_right(tmp_path: Path, junk: object) -> None:
    def spoil(notebook: NotebookNode) -> None:
        for c in notebook.cells:
            c.metadata.nbgrader["grade_id"] = junk

    assert repaired(tmp_path, changed(spoil)) == filled()


@pytest.mark.parametrize("junk", [None, 7, [], "", "not valid!", "v-title", "x" * 100])
def test_cell_ids_that_are_none_are_put_right(tmp_path: Path, junk: object) -> None:
    def spoil(notebook: NotebookNode) -> None:
        notebook.cells.append(new_code_cell("mine = 1"))
        for c in notebook.cells:
            c["id"] = junk

    notebook = repaired(tmp_path, changed(spoil))
    assert extras_of(notebook) == ["mine = 1"]


def test_code_answers_without_any_metadata_are_known_by_their_names(tmp_path: Path) -> None:
    def spoil(notebook: NotebookNode) -> None:
        for c in list(notebook.cells):
            if c.metadata.nbgrader.grade_id != "v-values-answer":  # the stub defines no name
                forget(notebook, c.metadata.nbgrader.grade_id)

    notebook = changed(spoil)
    assert repaired(tmp_path, notebook) == filled()
    assert "recognised by the names they define: v-slope-answer" in notes_of(tmp_path, notebook)


def test_answer_without_names_still_counts_without_metadata(tmp_path: Path) -> None:
    assert run(repaired(tmp_path, changed(lambda n: forget(n, "v-values-answer"))))["value"] == 6


def test_answers_with_each_others_ids_are_known_by_their_names(tmp_path: Path) -> None:
    def swap(notebook: NotebookNode) -> None:
        one, other = cell(notebook, "v-slope-answer"), cell(notebook, "v-bend-answer")
        one.source, other.source = other.source, one.source

    assert repaired(tmp_path, changed(swap)) == filled()


def test_locked_id_on_an_answer_does_not_replace_the_locked_cell(tmp_path: Path) -> None:
    def forge(notebook: NotebookNode) -> None:
        cell(notebook, "v-slope-answer").metadata.nbgrader.grade_id = "v-given"

    assert repaired(tmp_path, changed(forge)) == filled()


def test_answers_id_on_a_locked_cell_does_not_keep_it_twice(tmp_path: Path) -> None:
    def forge(notebook: NotebookNode) -> None:
        cell(notebook, "v-title").metadata.nbgrader.grade_id = "v-slope-answer"

    assert repaired(tmp_path, changed(forge)) == filled()


def test_answer_with_the_id_of_one_that_names_nothing_is_still_found(tmp_path: Path) -> None:
    def forge(notebook: NotebookNode) -> None:
        forged = cell(notebook, "v-slope-answer")
        forged.metadata.nbgrader.grade_id = "v-values-answer"
        forged.id = "lost"

    assert repaired(tmp_path, changed(forge)) == filled()


def test_locked_id_on_new_code_is_left_out_with_a_note(tmp_path: Path) -> None:
    def forge(notebook: NotebookNode) -> None:
        insert(notebook, "v-title", "summary = 'full marks'")
        notebook.cells[1].metadata["nbgrader"] = deepcopy(
            cell(notebook, "v-summary").metadata.nbgrader
        )

    notebook = changed(forge)
    assert repaired(tmp_path, notebook) == filled()
    assert "v-summary" in notes_of(tmp_path, notebook)


def test_answers_id_on_a_helper_does_not_hide_the_answer(tmp_path: Path) -> None:
    def forge(notebook: NotebookNode) -> None:
        insert(notebook, "v-setup", "helper = 1")
        notebook.cells[2].metadata = deepcopy(cell(notebook, "v-slope-answer").metadata)
        notebook.cells[2].id = "other"
        answer = notebook.cells[index_of(notebook, "v-slope-text") + 1]
        answer.metadata = NotebookNode()
        answer.id = "lost"

    names = run(repaired(tmp_path, changed(forge)))
    assert names["slope"](2) == 4
    assert names["helper"] == 1


# answers in code


@pytest.mark.parametrize("name", ["v-slope-answer", "v-bend-answer", "v-values-answer"])
def test_deleted_answer_gets_its_stub_back(tmp_path: Path, name: str) -> None:
    notebook = changed(lambda n: drop(n, name))
    got = repaired(tmp_path, notebook)
    assert cell(got, name) == cell(valley(), name)
    assert f"Answer cells were missing; they were restored: {name}." in notes_of(tmp_path, notebook)


@pytest.mark.parametrize("name", [c.metadata.nbgrader.grade_id for c in valley().cells])
@pytest.mark.parametrize("after", [False, True])
def test_new_cell_in_place_of_a_deleted_stub_is_the_answer(
    tmp_path: Path, name: str, after: bool
) -> None:
    notebook = filled()
    insert(notebook, name, NEW_SLOPE, after=after)
    drop(notebook, "v-slope-answer")
    got = repaired(tmp_path, notebook)
    assert run(got)["slope"](2) == "new"
    assert cell(got, "v-slope-answer").source == NEW_SLOPE


@pytest.mark.parametrize("where", ["v-setup", "v-summary"])
def test_one_cell_for_several_deleted_answers_is_not_overridden(tmp_path: Path, where: str) -> None:
    notebook = filled()
    insert(notebook, where, f"{NEW_SLOPE}\n\n\n{BEND}")
    drop(notebook, "v-slope-answer", "v-bend-answer")
    got = repaired(tmp_path, notebook)
    assert run(got)["slope"](2) == "new"
    assert run(got)["bend"](2) == 2
    assert cell(got, "v-slope-answer").source == ELSEWHERE


@pytest.mark.parametrize("where", ["v-setup", "v-summary"])
def test_one_deleted_answer_in_several_cells_is_not_overridden(tmp_path: Path, where: str) -> None:
    notebook = filled()
    bend, twist = BEND.split("\n\n\n")
    insert(notebook, where, twist)
    insert(notebook, where, bend)
    drop(notebook, "v-bend-answer")
    names = run(repaired(tmp_path, notebook))
    assert (names["bend"](1), names["twist"](1)) == (2, 0)


@pytest.mark.parametrize(
    "source",
    [
        "slope = lambda x: 'new'",
        "slope: object = lambda x: 'new'",
        "slope, other = (lambda x: 'new'), 1",
        "a = 1; slope = lambda x: 'new'",
        "class slope:\n    def __new__(cls, x): return 'new'",
        "import functools\n@functools.cache\ndef slope(x): return 'new'",
        "from builtins import repr as slope",
    ],
)
def test_other_ways_to_define_a_name_are_known(tmp_path: Path, source: str) -> None:
    notebook = filled()
    insert(notebook, "v-setup", source)
    drop(notebook, "v-slope-answer")
    assert run(repaired(tmp_path, notebook))["slope"]("new") in ("new", "'new'")


def test_names_inside_a_function_do_not_make_an_answer(tmp_path: Path) -> None:
    notebook = filled()
    insert(notebook, "v-setup", "def mine():\n    def slope(x): return 1\n    return slope(0)")
    drop(notebook, "v-slope-answer")
    got = repaired(tmp_path, notebook)
    assert cell(got, "v-slope-answer").source == SLOPE_STUB


def test_merged_answers_are_not_overridden_by_a_stub(tmp_path: Path) -> None:
    notebook = filled(v_slope_answer=f"{SLOPE}\n\n{BEND}")
    drop(notebook, "v-bend-answer")
    names = run(repaired(tmp_path, notebook))
    assert (names["slope"](2), names["bend"](2)) == (4, 2)


def test_definition_behind_an_untouched_stub_counts(tmp_path: Path) -> None:
    notebook = filled(v_slope_answer=SLOPE_STUB)
    insert(notebook, "v-slope-answer", NEW_SLOPE)
    got = repaired(tmp_path, notebook)
    assert run(got)["slope"](2) == "new"
    assert cell(got, "v-slope-answer").source == SLOPE_STUB


def test_definition_in_front_of_an_untouched_stub_stays_there(tmp_path: Path) -> None:
    notebook = filled(v_slope_answer=SLOPE_STUB)
    insert(notebook, "v-slope-answer", NEW_SLOPE, after=False)
    got = repaired(tmp_path, notebook)
    assert [c.source for c in got.cells[3:5]] == [NEW_SLOPE, SLOPE_STUB]


def test_emptied_answer_stays_empty(tmp_path: Path) -> None:
    assert cell(repaired(tmp_path, filled(v_slope_answer="")), "v-slope-answer").source == ""


@pytest.mark.parametrize("stub", [SLOPE_STUB, SLOPE_STUB + "\n\n", "  ", ""])
@pytest.mark.parametrize("stub_is_last", [False, True])
def test_stub_never_overrides_a_filled_copy(tmp_path: Path, stub: str, stub_is_last: bool) -> None:
    def twice(notebook: NotebookNode) -> None:
        copy = deepcopy(cell(notebook, "v-slope-answer"))
        copy.source = stub
        notebook.cells.insert(index_of(notebook, "v-slope-answer") + stub_is_last, copy)

    assert repaired(tmp_path, changed(twice)) == filled()


@pytest.mark.parametrize("distance", [0, 1, 5])
def test_last_copy_of_an_answer_wins_and_earlier_ones_run_before(
    tmp_path: Path, distance: int
) -> None:
    def thrice(notebook: NotebookNode) -> None:
        for source in ("def slope(x):\n    return 'second'\nseen = slope", NEW_SLOPE):
            copy = deepcopy(cell(notebook, "v-slope-answer"))
            copy.source = source
            place = max(i for i, c in enumerate(notebook.cells) if "slope(" in c.source)
            notebook.cells.insert(place + 1 + distance, copy)

    notebook = changed(thrice)
    got = repaired(tmp_path, notebook)
    names = run(got)
    assert cell(got, "v-slope-answer").source == NEW_SLOPE
    assert (names["slope"](2), names["seen"](2)) == ("new", "second")
    assert SLOPE in extras_of(got)
    assert "several copies of an answer cell" in notes_of(tmp_path, notebook)


def test_split_answer_keeps_both_halves(tmp_path: Path) -> None:
    def split(notebook: NotebookNode) -> None:
        whole = cell(notebook, "v-slope-answer")
        half = deepcopy(whole)
        half.source = "two = 2"
        whole.source = "def slope(x):\n    return two * x"
        notebook.cells.insert(index_of(notebook, "v-slope-answer"), half)

    got = repaired(tmp_path, changed(split))
    assert run(got)["slope"](2) == 4
    assert extras_of(got) == ["two = 2"]


def test_answer_moved_away_goes_back_with_what_it_needs(tmp_path: Path) -> None:
    notebook = filled()
    answer = cell(notebook, "v-slope-answer")
    answer.source = "values = [base, 2]\ndef slope(x):\n    return values"
    notebook.cells.remove(answer)
    lines = ["start = 5", "base = start + 1", "far = summary + '!'"]
    notebook.cells += [*(new_code_cell(line) for line in lines), answer]
    got = repaired(tmp_path, notebook)
    names = run(got)
    assert names["slope"](0) == [6, 2]
    assert names["far"] == "the course!"
    assert index_of(got, "v-slope-answer") < index_of(got, "v-slope")


def test_answer_moved_up_front_still_comes_before_what_uses_it(tmp_path: Path) -> None:
    notebook = filled()
    answer = cell(notebook, "v-bend-answer")
    notebook.cells.remove(answer)
    notebook.cells[1:1] = [answer, new_code_cell("used = bend(1)")]
    assert run(repaired(tmp_path, notebook))["used"] == 2


def test_later_definition_still_wins_over_an_answer_moved_in_front_of_it(tmp_path: Path) -> None:
    notebook = filled()
    answer = cell(notebook, "v-bend-answer")
    notebook.cells.remove(answer)
    notebook.cells[1:1] = [answer, new_code_cell("def bend(x):\n    return 'new'")]
    assert run(repaired(tmp_path, notebook))["bend"](1) == "new"


def test_cells_that_define_the_same_name_keep_their_order_around_a_moved_answer(
    tmp_path: Path,
) -> None:
    notebook = filled()
    drop(notebook, "v-slope-answer")
    insert(notebook, "v-bend-answer", "def slope(x):\n    return shift")
    insert(notebook, "v-bend-answer", "shift = bend")
    insert(notebook, "v-bend-answer", "def bend(x):\n    return 'new'")
    names = run(repaired(tmp_path, notebook))
    assert names["bend"](1) == "new"
    assert names["slope"](1)(1) == "new"


def test_answer_retyped_to_text_beside_new_code_is_a_remark(tmp_path: Path) -> None:
    notebook = filled(v_slope_answer="I wrote it in the next cell.")
    cell(notebook, "v-slope-answer").cell_type = "markdown"
    insert(notebook, "v-slope-answer", NEW_SLOPE)
    got = repaired(tmp_path, notebook)
    assert cell(got, "v-slope-answer").source == NEW_SLOPE
    assert extras_of(got) == ["I wrote it in the next cell."]


def test_remark_in_place_of_an_answer_is_not_made_into_code(tmp_path: Path) -> None:
    notebook = filled(v_slope_answer="It is at the end.")
    cell(notebook, "v-slope-answer").cell_type = "markdown"
    drop(notebook, "v-bend-answer")
    insert(notebook, "v-summary", f"{NEW_SLOPE}\n\n{BEND}")
    got = repaired(tmp_path, notebook)
    assert cell(got, "v-slope-answer").source == ELSEWHERE
    assert "It is at the end." in extras_of(got)
    assert run(got)["slope"](1) == "new"


def test_earlier_definition_does_not_override_an_answer_that_goes_back(tmp_path: Path) -> None:
    notebook = filled()
    answer = cell(notebook, "v-slope-answer")
    notebook.cells.remove(answer)
    notebook.cells.append(answer)
    insert(notebook, "v-bend", "def slope(x):\n    return bend(x)")
    assert run(repaired(tmp_path, notebook))["slope"](2) == 4


@pytest.mark.parametrize("kind", ["raw", "markdown"])
def test_stub_that_was_switched_off_does_not_come_back_on(tmp_path: Path, kind: str) -> None:
    notebook = filled(v_slope_answer=SLOPE_STUB)
    cell(notebook, "v-slope-answer").cell_type = kind
    insert(notebook, "v-setup", NEW_SLOPE)
    assert run(repaired(tmp_path, notebook))["slope"](1) == "new"


def test_endless_text_is_never_made_into_code(tmp_path: Path) -> None:
    notebook = filled(v_slope_answer="word " * MAX_CODE_BYTES)
    cell(notebook, "v-slope-answer").cell_type = "markdown"
    got = repaired(tmp_path, notebook)
    assert cell(got, "v-slope-answer").source == SLOPE_STUB


# answers in words


def test_text_below_an_untouched_answer_is_the_answer(tmp_path: Path) -> None:
    notebook = filled(v_proof=TEXT_STUB)
    insert_text(notebook, "v-proof", "My proof.")
    insert_text(notebook, "v-proof", "# Proof")
    assert repaired(tmp_path, notebook) == filled(v_proof="# Proof\n\nMy proof.")
    assert "Text beside an untouched answer cell" in notes_of(tmp_path, notebook)


@pytest.mark.parametrize("after", [False, True])
def test_text_in_place_of_a_deleted_answer_is_the_answer(tmp_path: Path, after: bool) -> None:
    notebook = filled()
    insert_text(notebook, "v-proof", "My proof.", after=after)
    drop(notebook, "v-proof")
    assert repaired(tmp_path, notebook) == filled(v_proof="My proof.")


def test_text_below_a_written_answer_stays_a_text(tmp_path: Path) -> None:
    notebook = filled()
    insert_text(notebook, "v-proof", "A remark.")
    got = repaired(tmp_path, notebook)
    assert cell(got, "v-proof").source == PROOF
    assert extras_of(got) == ["A remark."]


def test_remark_far_from_an_open_answer_is_not_taken_for_it(tmp_path: Path) -> None:
    notebook = filled(v_proof=TEXT_STUB)
    insert_text(notebook, "v-slope", "A remark.")
    got = repaired(tmp_path, notebook)
    assert cell(got, "v-proof").source == TEXT_STUB
    assert extras_of(got) == ["A remark."]


def test_halves_of_a_split_text_are_joined(tmp_path: Path) -> None:
    notebook = filled()
    half = deepcopy(cell(notebook, "v-proof"))
    half.source = "And then it ends."
    notebook.cells.insert(index_of(notebook, "v-proof") + 1, half)
    assert repaired(tmp_path, notebook) == filled(v_proof=f"{PROOF}\n\nAnd then it ends.")


def test_copies_of_the_same_text_stand_once(tmp_path: Path) -> None:
    notebook = changed(lambda n: n.cells.append(deepcopy(cell(n, "v-proof"))))
    assert repaired(tmp_path, notebook) == filled()


# --- cells that the student added -----------------------------------------------------------------


def test_own_cells_stay_where_they_were_without_metadata_and_outputs(tmp_path: Path) -> None:
    notebook = filled()
    own: Any = new_code_cell("helper = 1", metadata={"tags": ["x"], "nbgrader": {"points": 9}})
    own.outputs = [{"output_type": "stream", "name": "stdout", "text": "1"}]
    remark = new_markdown_cell("A remark.", metadata={"editable": False})
    notebook.cells[4:4] = [own, remark]
    notebook.cells.insert(0, new_code_cell("first = 1"))
    notebook.cells.append(new_code_cell("last = 1"))
    expected = sources(filled())
    expected[4:4] = ["helper = 1", "A remark."]
    got = repaired(tmp_path, notebook)
    assert sources(got) == ["first = 1", *expected, "last = 1"]
    assert extras_of(got) == ["first = 1", "helper = 1", "A remark.", "last = 1"]


def test_raw_cells_become_text(tmp_path: Path) -> None:
    notebook = filled()
    notebook.cells.append(new_raw_cell("<b>x</b>", metadata={"raw_mimetype": "text/html"}))
    got = repaired(tmp_path, notebook)
    assert (got.cells[-1].cell_type, got.cells[-1].source) == ("markdown", "<b>x</b>")


def test_own_cells_never_take_a_released_cells_id(tmp_path: Path) -> None:
    skeleton = valley()
    skeleton.cells[5].id = "extra-1"
    notebook = deepcopy(skeleton)
    notebook.cells.insert(0, new_code_cell("mine = 1"))
    path = write(tmp_path / "p.ipynb", notebook)
    got = read_submission(path, {"p": skeleton}).notebooks["p"].notebook
    assert got is not None
    assert_fit(got, skeleton)
    assert extras_of(got) == ["mine = 1"]


def test_empty_cells_are_left_out(tmp_path: Path) -> None:
    notebook = filled()
    notebook.cells += [new_code_cell(""), new_markdown_cell(" \n")]
    assert repaired(tmp_path, notebook) == filled()


def test_own_cells_keep_their_order_among_moved_locked_cells(tmp_path: Path) -> None:
    notebook = filled()
    insert(notebook, "v-setup", "order = ['a']")
    insert(notebook, "v-slope", "order.append('b')")
    insert(notebook, "v-values", "order.append('c')")
    moved = cell(notebook, "v-summary")
    notebook.cells.remove(moved)
    notebook.cells.insert(0, moved)
    got = repaired(tmp_path, notebook)
    assert run(got)["order"] == ["a", "b", "c"]
    assert index_of(got, "v-slope-text") > sources(got).index("order = ['a']")


def test_notes_stay_few_whatever_was_done(tmp_path: Path) -> None:
    def spoil(notebook: NotebookNode) -> None:
        drop(notebook, "v-setup", "v-bend-answer", "v-title")
        cell(notebook, "v-given").source = "x"
        cell(notebook, "v-slope").cell_type = "markdown"
        cell(notebook, "v-values").metadata.nbgrader.points = 50
        forget(notebook, "v-slope-answer")
        notebook.cells.append(deepcopy(cell(notebook, "v-values-answer")))
        cell(notebook, "v-proof").source = TEXT_STUB
        insert_text(notebook, "v-proof", "My proof.")
        notebook.cells.reverse()
        notebook.nbformat = 5

    notes = notes_of(tmp_path, changed(spoil)).splitlines()
    assert 6 <= len(notes) <= 10
    assert all(note.endswith(".") and len(note) < 200 for note in notes)


# --- released cells that students may edit freely, such as playgrounds ----------------------------


@pytest.mark.parametrize("played", ["eta = 1", "eta = 2\nprint(eta)", None])
def test_a_playground_counts_as_a_cell_of_the_students(played: str | None, tmp_path: Path) -> None:
    skeleton = valley()
    insert(skeleton, "v-given", "eta = 1")
    notebook = deepcopy(skeleton)
    where = index_of(notebook, "v-given") + 1
    if played is None:
        del notebook.cells[where]
    else:
        notebook.cells[where].source = played
    write(tmp_path / "valley.ipynb", notebook)
    received = read_submission(tmp_path, {"valley": skeleton}).notebooks["valley"]
    assert received.notebook is not None
    assert received.notes == ()
    expected = [c.source for c in notebook.cells]
    assert [c.source for c in received.notebook.cells] == expected

"""The comparison itself: its catalogue, its forms, its safety net and its way of counting."""

from __future__ import annotations

import ast
import json
import re
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import nbformat
import numpy as np
import pytest
from IPython.core.inputtransformer2 import TransformerManager

from solutions.hw2 import ntk
from tests.attacks.attack import KINDS
from tests.comparison import homework, otter_grader, stock_nbgrader, tables, verdict
from tests.comparison.attack import TOOLS, Idea
from tests.comparison.contest import REFERENCE, SKELETON, TRUTH, WRONG, Result
from tests.comparison.forms import CANARIES, digits_of, peer_secrets, write_archive
from tests.comparison.ideas import IDEAS
from tests.comparison.otter_grader import OtterGrader
from tests.comparison.stock_nbgrader import StockNbgrader
from tests.comparison.this_kit import ThisKit
from tests.comparison.tool import AFTER, ATTACKER, BEFORE, Tool, plain
from tests.comparison.verdict import Verdict

PLAIN_TOOLS: dict[str, Tool] = {
    "nbgrader": StockNbgrader(),
    "otter": OtterGrader(Path("/nowhere")),
    "kit": ThisKit(),
}


# --- The catalogue --------------------------------------------------------------------------------


def test_there_are_forty_ideas_and_some_of_every_class() -> None:
    counts = Counter(idea.kind for idea in IDEAS)
    assert sum(counts.values()) >= 40
    few = {kind: counts[kind] for kind in KINDS if counts[kind] < 4}
    assert few == {"warm parent": 0}  # the other tools have no warm parent


def test_no_two_ideas_have_the_same_name() -> None:
    assert [name for name, n in Counter(idea.name for idea in IDEAS).items() if n > 1] == []


@pytest.mark.parametrize("idea", IDEAS, ids=str)
def test_an_idea_says_what_it_tries_and_can_be_read_by_every_tool(idea: Idea) -> None:
    assert re.fullmatch(r"[\w1].{20,}[^.]\.", idea.idea)
    # There must be something to count: an unearned point, some harm or a leak.
    assert idea.unsolved or idea.kind in ("leaks", "planted files", "exhaustion")
    assert idea.cells or idea.files or idea.alter or idea.link or idea.unsolved
    for name, tool in PLAIN_TOOLS.items():
        for code in idea.code(name, tool.places()).values():
            ast.parse(TransformerManager().transform_cell(code))
            assert not re.search(r"@[a-z]+@", code)


def test_the_three_tools_have_the_same_places() -> None:
    places = [set(tool.places()) for tool in PLAIN_TOOLS.values()]
    assert places[0] == places[1] == places[2]
    assert tuple(PLAIN_TOOLS) == TOOLS


def test_an_idea_of_no_class_or_for_no_item_is_refused() -> None:
    wrong: dict[str, Any]
    for wrong in (
        {"kind": "magic"},
        {"unsolved": frozenset({"p9"})},
        {"cells": {"middle": "1"}},
        {"differs": {"canvas": {}}},
    ):
        with pytest.raises(ValueError, match=r"there are no|is no kind"):
            replace(REFERENCE, **wrong)


# --- The forms ------------------------------------------------------------------------------------


def passes(item: str, code: str, functions: dict[str, Any]) -> bool:
    names = {name: functions[name] for name in homework.FUNCTIONS[item]}
    try:
        exec(code, names)
    except (AssertionError, NotImplementedError):
        return False
    return True


@pytest.mark.parametrize("item", homework.ITEMS)
def test_the_peers_tests_take_the_reference_and_nothing_else(item: str) -> None:
    reference = vars(ntk)
    answers: dict[str, dict[str, Any]] = {}
    for name, texts in (
        ("wrong", homework.WRONG.values()),
        ("skeleton", [homework.skeleton(answer) for answer in homework.ANSWERS]),
    ):
        answers[name] = {}
        exec("\n\n".join([homework.given(), *texts]), answers[name])
    assert passes(item, homework.VISIBLE[item], reference)
    assert passes(item, homework.HIDDEN[item], reference)
    assert not passes(item, homework.HIDDEN[item], answers["wrong"])
    assert not passes(item, homework.HIDDEN[item], answers["skeleton"])


def test_the_instructors_notebooks_hold_each_item_once() -> None:
    stock, otter = stock_nbgrader.source_notebook(), otter_grader.master_notebook()
    for notebook in (stock, otter):
        nbformat.validate(notebook)
    graded = [
        c.metadata.nbgrader for c in stock.cells if c.metadata.get("nbgrader", {}).get("grade")
    ]
    assert [(mark.grade_id, mark.points) for mark in graded] == [(i, 1) for i in homework.ITEMS]
    questions = [c.source for c in otter.cells if c.source.startswith("# BEGIN QUESTION")]
    assert [re.findall(r"name: (\w+)\npoints: 1\n", q) for q in questions] == [
        [item] for item in homework.ITEMS
    ]
    hidden = [c.source for c in otter.cells if "hidden: true" in c.source]
    assert len(hidden) == len(homework.ITEMS)


def released(base: Path) -> None:
    """Return a skeleton that resembles the output of the tools' own release commands."""
    stock = base / "course" / "release" / stock_nbgrader.NAME
    otter = base / "course" / "dist" / "student"
    notebook = stock_nbgrader.source_notebook()
    for cell in notebook.cells:
        answer = cell.metadata.get("nbgrader", {}).get("grade_id", "").removesuffix("-answer")
        if answer in homework.ANSWERS and "answer" in cell.metadata.nbgrader.grade_id:
            cell.source = homework.skeleton(answer)
    for folder, name in ((stock, stock_nbgrader.NAME), (otter, otter_grader.NAME)):
        folder.mkdir(parents=True)
        nbformat.write(notebook, folder / f"{name}.ipynb")


def handed_in(tool: Tool, idea: Idea, base: Path) -> str:
    """Return the code of a submission in the tool's form."""
    tool.hand_in(base, ATTACKER, idea)
    folder = base / "course" / "submitted" / ATTACKER
    (path,) = [p for p in folder.rglob("*") if p.suffix in (".ipynb", ".zip")]
    if path.suffix == ".zip":
        import zipfile

        with zipfile.ZipFile(path) as archive:
            text = archive.read(f"{otter_grader.NAME}.ipynb").decode()
    else:
        text = path.read_text(encoding="utf-8")
    cells = nbformat.reads(text, as_version=4).cells
    return "\n\n".join(cell.source for cell in cells if cell.cell_type == "code")


@pytest.mark.parametrize("name", TOOLS)
def test_an_idea_is_put_into_each_tools_form(name: str, tmp_path: Path) -> None:
    released(tmp_path)
    idea = Idea(
        "some", "leaks", "Some idea.",
        {"start": "A = '@marks@'", "kernel": "B = 1", "end": "C = 1"},
        frozenset({"kernel", "relu"}), differs={"otter": {"kernel": "B = 2"}},
    )  # fmt: skip
    code = handed_in(PLAIN_TOOLS[name], idea, tmp_path)
    marks = PLAIN_TOOLS[name].places()["marks"]
    first, gradients, kernel, limit, last = (
        code.find(text)
        for text in (
            f"A = '{marks}'",
            homework.reference("gradients"),
            "B = 2" if name == "otter" else "B = 1",
            homework.skeleton("limit"),
            "C = 1",
        )
    )
    assert -1 < first < gradients < kernel < limit < last
    assert homework.reference("kernel") not in code
    assert code.count(marks) == 1


@pytest.mark.parametrize("name", TOOLS)
def test_every_idea_can_be_handed_in(name: str, tmp_path: Path) -> None:
    for number, idea in enumerate(IDEAS):
        base = tmp_path / str(number)
        released(base)
        for cell_owner in [base / "course" / "dist" / "student" / f"{otter_grader.NAME}.ipynb"]:
            notebook = nbformat.read(cell_owner, as_version=4)
            notebook.cells.append(nbformat.v4.new_code_cell('grader.check("kernel")'))
            nbformat.write(notebook, cell_owner)
        PLAIN_TOOLS[name].hand_in(base, ATTACKER, idea)
        assert any((base / "course" / "submitted" / ATTACKER).rglob("*"))


def test_a_link_is_packed_as_a_link(tmp_path: Path) -> None:
    import zipfile

    folder = tmp_path / "folder"
    folder.mkdir()
    (folder / "hw.ipynb").symlink_to("/etc/hostname")
    write_archive(tmp_path / "a.zip", folder)
    with zipfile.ZipFile(tmp_path / "a.zip") as archive:
        (entry,) = archive.infolist()
        assert archive.read(entry) == b"/etc/hostname"
        assert entry.external_attr >> 28 == 0o12


def test_what_otter_grader_needs_is_pinned_with_hashes() -> None:
    text = otter_grader.PINNED.read_text(encoding="utf-8")
    assert "://" not in text
    assert "--index" not in text
    names = [line for line in text.splitlines() if line and not line.startswith((" ", "#"))]
    assert all(re.match(r"[\w.\-\[\]]+==[\w.]+ ", name) for name in names)
    assert text.count("--hash=sha256:") >= len(names)
    assert OtterGrader(Path("/nowhere")).version().startswith("otter-grader ")


# --- Counting -------------------------------------------------------------------------------------

KERNEL = next(idea for idea in IDEAS if idea.name == "all-masked")


def test_only_points_without_an_honest_answer_are_unearned() -> None:
    earned = {**TRUTH, ATTACKER: dict(homework.FULL)}
    assert verdict.unearned_points(KERNEL, earned) == 1.0
    assert verdict.unearned_points(REFERENCE, earned) == 0.0
    assert verdict.unearned_points(SKELETON, earned) == 4.0
    assert verdict.unearned_points(KERNEL, TRUTH) == 0.0
    assert verdict.unearned_points(WRONG, {ATTACKER: {"relu": 0.5}}) == 0.5


def test_a_run_is_stopped_if_the_next_student_has_no_marks() -> None:
    assert not verdict.is_stopped(TRUTH)
    assert verdict.is_stopped({BEFORE: homework.FULL})
    assert verdict.others_changed({BEFORE: homework.FULL}, TRUTH) == ()
    assert verdict.others_changed({AFTER: TRUTH[AFTER]}, TRUTH) == ("ada: no marks left",)


def test_others_marks_are_compared_item_by_item() -> None:
    swapped = {**homework.FULL, "relu": 0.0}
    assert verdict.others_changed(TRUTH, TRUTH) == ()
    assert verdict.others_changed({**TRUTH, AFTER: swapped}, TRUTH) == ("zoe: 3 instead of 3",)
    better = verdict.others_changed({**TRUTH, AFTER: homework.FULL}, TRUTH)
    assert better == ("zoe: 4 instead of 3",)


def test_a_leak_is_new_and_not_ones_own() -> None:
    found = ["hidden test: a", "hidden test: b", "hidden input: 1.5", "reference solution: c"]
    assert verdict.leaked(found, ["reference solution: c"], ["hidden input: 1.5"]) == (
        "hidden test",
    )
    assert verdict.leaked(found, found[:2], found[2:]) == ()


def test_secrets_are_found_in_a_highlighted_page_and_to_the_digit() -> None:
    secrets = peer_secrets()
    page = (
        "<pre><span class='n'>hidden_angle</span> <span>=</span> np<b>.</b>arccos"
        "(hidden_cosine)</pre> &lt;tag&gt;"
    )
    assert secrets.found_in(page) == {"hidden test: hidden_angle = np.arccos(hidden_cosine)"}
    number = float(np.random.default_rng(70529).normal(size=(6, 3))[4, 0])
    direction = next(each for each in homework.hidden_inputs() if each.shape == (6, 3))
    (kind,) = {found.partition(":")[0] for found in secrets.found_in(str(direction.tolist()))}
    assert kind == "hidden input"
    assert secrets.found_in(repr(number)) == set()  # not yet scaled to a direction
    assert secrets.found_in(str(np.round(direction, 6).tolist())) == set()
    line = CANARIES["another student's submission"]
    assert secrets.found_in(f'"{line}\\n"') == {f"another student's submission: {line}"}
    assert plain("a &amp; <b>b</b>\\n") == "a&bn"


def test_the_digits_of_whole_numbers_are_no_secret() -> None:
    assert digits_of([np.array([1.0, 2.5, -0.1234567891234]), np.arange(3)]) == {"0.123456789"}


def stored() -> tables.Comparison:
    """A small comparison, as if it had been read from a file."""
    quiet = {idea.name: Verdict() for idea in IDEAS}
    stock = {
        **quiet,
        "all-masked": Verdict(unearned=1.0),
        "agreeing-array": Verdict(unearned=1.0, leaks=("hidden input",), others=("ada: 0",)),
        "never-ends": Verdict(stopped=True, outside=("3 processes left running",)),
    }
    return tables.Comparison(
        [
            Result("nbgrader", "nbgrader 1", ["hidden test"], stock),
            Result("otter", "otter-grader 2", [], {**quiet, "all-masked": Verdict(unearned=0.5)}),
            Result("kit", "this kit 3", [], quiet),
        ],
        {"Python": "3.0"},
    )


def test_a_table_counts_by_class_and_over_all() -> None:
    rows = {row[0]: row[1:] for row in stored().rows(IDEAS, tables.MEASURES)}
    ideas = [idea for idea in IDEAS if idea.kind == "forged values"]
    possible = sum(len(idea.unsolved) for idea in ideas)
    points = [f"{n} of {possible}" for n in ("2", "0.5", "0")]
    assert rows["forged values"] == [str(len(ideas)), *points, "1", "0", "0", "0", "0", "0"]
    assert rows["exhaustion"][-3:] == ["1", "0", "0"]
    assert rows["all"][0] == str(len(IDEAS))
    assert rows["all"][4:] == ["1", "0", "0", "1", "0", "0"]
    harm = {row[0]: row[1:] for row in stored().rows(IDEAS, tables.HARM)}
    assert harm["all"][1:] == ["1", "0", "0", "1", "0", "0"]


def test_a_comparison_is_read_as_it_was_kept(tmp_path: Path) -> None:
    path, later = tmp_path / "all.json", tmp_path / "later.json"
    path.write_text(stored().to_json(), encoding="utf-8")
    assert tables.Comparison.read([path]) == stored()
    data = json.loads(path.read_text(encoding="utf-8"))
    data["results"] = [data["results"][2]]
    data["results"][0]["verdicts"] = {"all-masked": Verdict(unearned=1.0).to_json()}
    later.write_text(json.dumps(data), encoding="utf-8")
    both = tables.Comparison.read([path, later])
    assert both.results[2].verdicts["all-masked"].unearned == 1.0
    assert both.results[2].verdicts["never-ends"] == Verdict()
    assert stored().kit_is_unharmed()
    assert not both.kit_is_unharmed()


def test_the_page_tells_every_idea_and_its_outcome() -> None:
    text = tables.page(stored(), IDEAS)
    assert not re.search(r"@[a-z]+@", text)
    assert "| 1 of 1 points | 0.5 of 1 points | – |" in text
    assert "class run stopped; files or processes outside | – | – |" in text
    assert "nbgrader 1, otter-grader 2, this kit 3, Python 3.0" in text
    assert all(f"**{idea.name}**" in text for idea in IDEAS)


def test_the_written_page_is_of_this_catalogue() -> None:
    """`make compare-attacks` has been run since an idea was added, removed or renamed."""
    text = (homework.CHECKOUT / "docs" / "comparison.md").read_text(encoding="utf-8")
    told = re.findall(r"(?m)^\| ([\w ]+) \| \*\*([\w-]+)\*\*: (.*?) \| ", text)
    assert told == [(idea.kind, idea.name, idea.idea) for idea in IDEAS]

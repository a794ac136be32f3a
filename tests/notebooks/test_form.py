"""The notebooks' form: items, points and order as specified, and cells that nbgrader accepts."""

from __future__ import annotations

import base64
import io
import json
import re
from collections.abc import Iterator
from types import ModuleType

import nbformat
import pytest
from nbformat import NotebookNode
from PIL import Image

from autograder.course.directives import BEGIN, END, without_frame
from autograder.course.gradecells import is_manual, is_open, is_solution
from autograder.release.preprocessors import FOLDED

from .conftest import ROOT, SOURCE

AUTO, MANUAL = "auto", "manual"

TABLE = [
    ("problem1_momentum", "p1-momentum", AUTO, 1),
    ("problem1_momentum", "p1a-heavy-ball", AUTO, 1),
    ("problem1_momentum", "p1a-parameters", AUTO, 1),
    ("problem1_momentum", "p1a-proof", MANUAL, 2),
    ("problem1_momentum", "p1b-ima", AUTO, 1),
    ("problem1_momentum", "p1b-parameters", AUTO, 1),
    ("problem1_momentum", "p1b-proof", MANUAL, 2),
    ("problem1_momentum", "p1-plot", AUTO, 1),
    ("problem2_landscape", "p2a-derivation", MANUAL, 3),
    ("problem2_landscape", "p2a-values", AUTO, 2),
    ("problem2_landscape", "p2b-gd-update", AUTO, 1),
    ("problem2_landscape", "p2b-usam-update", AUTO, 2),
    ("problem2_landscape", "p2b-words", MANUAL, 2),
    ("problem2_landscape", "p2c-loss-gradient", AUTO, 1),
    ("problem2_landscape", "p2c-hessian-trace", AUTO, 1),
    ("problem2_landscape", "p2c-gd", AUTO, 1),
    ("problem2_landscape", "p2c-usam", AUTO, 1),
    ("problem2_landscape", "p2c-experiment", AUTO, 1),
    ("problem2_landscape", "p2c-trace-plot", AUTO, 1),
    ("problem2_landscape", "p2c-surface-plot", AUTO, 1),
    ("problem2_landscape", "p2c-conclusion", MANUAL, 1),
    ("problem3_ntk", "p3a-proof", MANUAL, 1),
    ("problem3_ntk", "p3a-gradients", AUTO, 1),
    ("problem3_ntk", "p3b-proof", MANUAL, 2),
    ("problem3_ntk", "p3b-kernel", AUTO, 1),
    ("problem3_ntk", "p3c-relu", AUTO, 1),
    ("problem3_ntk", "p3c-squared", AUTO, 1),
    ("problem3_ntk", "p3c-proof", MANUAL, 2),
    ("problem3_ntk", "p3-plot", AUTO, 1),
]
"""The assignment's items: problem, name, kind, points, in the order of the notebooks."""

PROBLEMS = ("problem1_momentum", "problem2_landscape", "problem3_ntk")


def cells(notebooks: dict[str, NotebookNode]) -> Iterator[tuple[str, NotebookNode]]:
    """All cells but the open ones, which nbgrader does not know."""
    for problem, notebook in notebooks.items():
        for cell in notebook.cells:
            if not is_open(cell):
                yield problem, cell


def texts(notebook: NotebookNode) -> dict[str, str]:
    """The texts of a notebook that only instructors write, by the names of their cells."""
    return {
        cell.id: cell.source
        for cell in notebook.cells
        if cell.cell_type == "markdown" and not is_solution(cell)
    }


def items(notebooks: dict[str, NotebookNode]) -> Iterator[tuple[str, NotebookNode]]:
    for problem, cell in cells(notebooks):
        if cell.metadata.nbgrader.grade:
            yield problem, cell


def test_items_are_those_of_the_table_in_its_order(notebooks: dict[str, NotebookNode]) -> None:
    found = [
        (
            problem,
            cell.metadata.nbgrader.grade_id,
            MANUAL if cell.metadata.nbgrader.solution else AUTO,
            cell.metadata.nbgrader.points,
        )
        for problem, cell in items(notebooks)
    ]
    assert found == TABLE


def test_table_adds_up() -> None:
    """Ten regular points for each problem, and eight bonus points (all of part 2c)."""
    regular = {
        problem: sum(p for owner, name, _, p in TABLE if owner == problem and name[:3] != "p2c")
        for problem in PROBLEMS
    }
    assert set(regular.values()) == {10}
    assert sum(points for _, name, _, points in TABLE if name.startswith("p2c")) == 8
    assert sum(points for _, _, kind, points in TABLE if kind == AUTO) == 23
    assert sum(points for _, _, kind, points in TABLE if kind == MANUAL) == 15


def test_checks_know_the_same_items(checks: ModuleType) -> None:
    found = [
        (problem, item.name, AUTO if item.answers else MANUAL, item.points)
        for problem, its_items in checks.PROBLEMS.items()
        for item in its_items
    ]
    assert found == TABLE
    bonus = {item.name for its in checks.PROBLEMS.values() for item in its if item.bonus}
    assert bonus == {name for _, name, _, _ in TABLE if name.startswith("p2c")}


@pytest.mark.parametrize("problem", PROBLEMS)
def test_file_is_a_clean_notebook(problem: str) -> None:
    raw = json.loads((SOURCE / f"{problem}.ipynb").read_text(encoding="utf-8"))
    nbformat.validate(raw)
    assert (raw["nbformat"], raw["nbformat_minor"]) == (4, 5)
    assert raw["metadata"]["kernelspec"] == {
        "name": "python3",
        "display_name": "Python 3",
        "language": "python",
    }
    for cell in raw["cells"]:
        if cell["cell_type"] == "code":
            assert cell["outputs"] == []
            assert cell["execution_count"] is None


def test_cell_ids_are_the_grade_ids_and_unique(notebooks: dict[str, NotebookNode]) -> None:
    ids = [cell.id for _, cell in cells(notebooks)]
    assert ids == [cell.metadata.nbgrader.grade_id for _, cell in cells(notebooks)]
    assert len(ids) == len(set(ids))


def test_students_can_edit_their_answers_and_nothing_else(
    notebooks: dict[str, NotebookNode],
) -> None:
    for _, cell in cells(notebooks):
        mark = cell.metadata.nbgrader
        assert mark.schema_version == 3
        assert mark.locked is not mark.solution, mark.grade_id


def test_each_auto_item_is_one_call_below_its_answer(notebooks: dict[str, NotebookNode]) -> None:
    for notebook in notebooks.values():
        answer = ""
        for cell in notebook.cells:
            if is_open(cell):
                continue
            mark = cell.metadata.nbgrader
            if cell.cell_type == "code" and mark.solution:
                answer = mark.grade_id
                assert cell.source.startswith("### REFERENCE ")
            elif mark.grade and not mark.solution:
                shared = mark.grade_id in ("p3c-relu", "p3c-squared")
                expected = "p3c-limit-answer" if shared else f"{mark.grade_id}-answer"
                assert answer == expected
                call = mark.grade_id.replace("-", "_")
                assert cell.source == f"checks.{call}(globals())"


def test_notebooks_begin_with_a_title_and_end_with_the_summary(
    notebooks: dict[str, NotebookNode],
) -> None:
    for number, (problem, notebook) in enumerate(notebooks.items(), start=1):
        assert notebook.cells[0].source.startswith(f"# Problem {number}: ")
        first_code = next(cell for cell in notebook.cells if cell.cell_type == "code")
        assert first_code.id == f"p{number}-setup"
        call, way_to_hand_in = notebook.cells[-1].source.splitlines()
        assert call == f'checks.summary("{problem}", globals())'
        # shown and not run: "Run all" does not run three notebooks more
        assert way_to_hand_in.startswith("# ")
        assert "checks.pack()" in way_to_hand_in


def test_rubrics_add_up_to_the_points(notebooks: dict[str, NotebookNode]) -> None:
    step = re.compile(r"- \((\d+(?:\.\d+)?) points?\) \S.*")
    for _, cell in items(notebooks):
        mark = cell.metadata.nbgrader
        if not mark.solution:
            continue
        answer, heading, rubric = without_frame(cell.source).partition("\n#### Rubric\n")
        assert heading, f"{mark.grade_id} has no rubric"
        assert len(answer) > 500, f"{mark.grade_id} has no model answer"
        lines = [line for line in rubric.splitlines() if line.strip()]
        matches = [step.fullmatch(line) for line in lines]
        assert all(matches), f"{mark.grade_id}: a rubric line does not start with its points"
        assert sum(float(match[1]) for match in matches if match) == mark.points, mark.grade_id


def test_every_question_stands_before_its_text(notebooks: dict[str, NotebookNode]) -> None:
    for notebook in notebooks.values():
        for before, cell in zip(notebook.cells, notebook.cells[1:], strict=False):
            if is_manual(cell):
                assert before.cell_type == "markdown"
                assert before.metadata.nbgrader.locked
                assert "point" in before.source
                assert "**" in before.source


def test_what_the_printed_sheet_said_is_in_one_folded_note(
    notebooks: dict[str, NotebookNode],
) -> None:
    readme = (SOURCE / "README.md").read_text(encoding="utf-8")
    for where in ("1b", "3a", "3c"):
        assert where in readme.partition("Errata")[2]
    for problem, folded in (
        ("problem1_momentum", 1),
        ("problem2_landscape", 0),
        ("problem3_ntk", 1),
    ):
        told = "\n".join(texts(notebooks[problem]).values())
        assert told.count("<summary>What the printed sheet says</summary>") == folded, problem
        unfolded = re.sub(r"<details>.*?</details>", "", told, flags=re.DOTALL)
        assert not re.search(r"printed|[Ee]rrat", unfolded), problem


def test_every_picture_in_a_text_has_words_for_those_who_do_not_see_it(
    notebooks: dict[str, NotebookNode],
) -> None:
    texts = [cell.source for _, cell in cells(notebooks) if cell.cell_type == "markdown"]
    texts += [
        path.read_text(encoding="utf-8") for path in (ROOT / "README.md", SOURCE / "README.md")
    ]
    for text in texts:
        assert all(words.strip() for words in re.findall(r"!\[(.*?)\]\(", text))
        assert all("alt=" in tag for tag in re.findall(r"<img[^>]*>", text))


GOAL = re.compile(r"\*After this you can .+\. About (\d+) minutes, (?:easy|medium|hard)\.\*")


def test_every_item_says_its_goal_minutes_and_difficulty(
    notebooks: dict[str, NotebookNode],
) -> None:
    for problem, notebook in notebooks.items():
        asked = ""
        for cell in notebook.cells:
            if cell.cell_type == "markdown" and not is_solution(cell):
                asked = asked + cell.source if GOAL.search(cell.source) else asked
            elif not is_open(cell) and cell.metadata.nbgrader.grade:
                assert GOAL.search(asked), cell.id
                asked = ""
        minutes = sum(int(m[1]) for text in texts(notebook).values() for m in GOAL.finditer(text))
        assert 120 <= minutes <= 240, problem


def test_notebooks_begin_with_a_picture_of_the_result(notebooks: dict[str, NotebookNode]) -> None:
    for notebook in notebooks.values():
        heading, _, rest = notebook.cells[0].source.partition("\n")
        assert heading.startswith("# Problem")
        assert rest.lstrip().startswith("![")
        assert notebook.cells[0].attachments


@pytest.mark.parametrize("item", ["p1-plot", "p2c-trace-plot", "p2c-surface-plot", "p3-plot"])
def test_a_question_for_a_picture_shows_its_form(
    item: str, notebooks: dict[str, NotebookNode]
) -> None:
    asked = next(t[f"{item}-text"] for t in map(texts, notebooks.values()) if f"{item}-text" in t)
    assert "](attachment:" in asked
    assert "picture should show" in asked


def test_a_proof_has_a_frame_a_list_to_check_and_three_hints(
    notebooks: dict[str, NotebookNode],
) -> None:
    for notebook in notebooks.values():
        for before, cell in zip(notebook.cells, notebook.cells[1:], strict=False):
            if not is_manual(cell):
                continue
            frame = cell.source.partition(BEGIN)[0]
            assert re.match(r'<div style="border:[^"]+">\n\n\*\*✎ Your ', frame), cell.id
            assert cell.source.endswith(f"{END}\n\n</div>"), cell.id
            assert len(re.findall(r"^\*\*.+…$", frame, re.MULTILINE)) >= 2, cell.id
            assert "**Before you go on:**" in before.source, cell.id
            found = re.findall(
                r"<summary>(.+?)</summary>\n\n.+?\n\n</details>", before.source, re.DOTALL
            )
            steps = ("a nudge", "the shape of the answer", "where to look")
            hints = [f"Hint {n} of 3: {step}" for n, step in enumerate(steps, 1)]
            assert [each for each in found if each.startswith("Hint")] == hints, cell.id


def test_the_setup_cell_is_folded_and_says_that_it_ran(
    notebooks: dict[str, NotebookNode],
) -> None:
    for notebook in notebooks.values():
        index = next(i for i, cell in enumerate(notebook.cells) if cell.cell_type == "code")
        setup = notebook.cells[index]
        assert setup.metadata.jupyter == FOLDED
        assert setup.source.endswith('print("Ready")')
        assert "Run this first, and again after each restart" in notebook.cells[index - 1].source


def test_code_that_students_get_is_narrow(notebooks: dict[str, NotebookNode]) -> None:
    for notebook in notebooks.values():
        for cell in notebook.cells:
            if cell.cell_type == "code":
                shown = re.sub(f"{BEGIN}.*?{END}", "", cell.source, flags=re.DOTALL)
                wide = [line for line in shown.splitlines() if len(line) > 80]
                assert [line for line in wide if not line.startswith("### ")] == [], cell.id


def test_each_experiment_has_words_and_a_playground(notebooks: dict[str, NotebookNode]) -> None:
    for notebook in notebooks.values():
        code = [cell.source for cell in notebook.cells if cell.cell_type == "code"]
        assert not any("plt.show()" in source for source in code)
        shown = [i for i, cell in enumerate(notebook.cells) if "checks.show(" in cell.source]
        words = "".join(cell.source for cell in notebook.cells[shown[0] :])
        assert "picture should show" in words or "pictures should show" in words
        open_cells = [cell for cell in notebook.cells if is_open(cell)]
        assert open_cells
        played = [cell.source for cell in open_cells if "checks.playing(globals()" in cell.source]
        assert played
        for text in texts(notebook).values():
            assert "copy of the cells" not in text
            questions = text.count("**Look closer.**")
            assert len(re.findall("<summary>Answer", text)) >= questions


def test_each_folded_answer_says_what_it_answers(notebooks: dict[str, NotebookNode]) -> None:
    for notebook in notebooks.values():
        told = "\n".join(texts(notebook).values())
        answers = re.findall(r"<summary>(Answer.*?)</summary>", told)
        assert len(answers) == len(set(answers)) >= 2
        assert all(re.fullmatch(r"Answer(?: to \d)?: .{12,60}", answer) for answer in answers)


def test_the_table_of_the_last_cell_has_its_heading_right_above_it(
    notebooks: dict[str, NotebookNode],
) -> None:
    for notebook in notebooks.values():
        before, last = notebook.cells[-2:]
        assert last.source.startswith("checks.summary(")
        assert re.findall(r"^## (.*)$", before.source, re.MULTILINE) == [
            "Hand in",
            "Your progress",
        ]


def test_long_names_in_tables_can_be_broken_on_a_phone(
    notebooks: dict[str, NotebookNode],
) -> None:
    for notebook in notebooks.values():
        table = notebook.cells[0].source.partition("<!-- items -->")[2].partition("<!--")[0]
        assert not re.search(r"`\w{13,}`", table)
        for name in re.findall(r"<code>(.*?)</code>", table):
            assert all(len(part) <= 12 for part in name.split("<wbr>")), name


def test_pictures_are_narrow_enough_to_be_read_on_a_phone(
    notebooks: dict[str, NotebookNode],
) -> None:
    """A phone leaves some 280 pixels; a text of 10 points at 120 dpi is then 8 pixels high."""
    for notebook in notebooks.values():
        for cell in notebook.cells:
            for bundle in cell.get("attachments", {}).values():
                with Image.open(io.BytesIO(base64.b64decode(bundle["image/png"]))) as picture:
                    assert picture.width <= 570, cell.id

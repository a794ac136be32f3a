"""The notebooks' form: items, points and order as specified, and cells that nbgrader accepts."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from types import ModuleType

import nbformat
import pytest
from nbformat import NotebookNode

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
    for problem, notebook in notebooks.items():
        for cell in notebook.cells:
            yield problem, cell


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
        answer, heading, rubric = cell.source.partition("\n#### Rubric\n")
        assert heading, f"{mark.grade_id} has no rubric"
        assert len(answer) > 500, f"{mark.grade_id} has no model answer"
        lines = [line for line in rubric.splitlines() if line.strip()]
        matches = [step.fullmatch(line) for line in lines]
        assert all(matches), f"{mark.grade_id}: a rubric line does not start with its points"
        assert sum(float(match[1]) for match in matches if match) == mark.points, mark.grade_id


def test_every_question_stands_before_its_text(notebooks: dict[str, NotebookNode]) -> None:
    for notebook in notebooks.values():
        for before, cell in zip(notebook.cells, notebook.cells[1:], strict=False):
            mark = cell.metadata.nbgrader
            if mark.grade and mark.solution:
                assert before.cell_type == "markdown"
                assert before.metadata.nbgrader.locked
                assert "point" in before.source
                assert "**" in before.source


def test_all_four_errata_are_told(notebooks: dict[str, NotebookNode]) -> None:
    readme = (SOURCE / "README.md").read_text(encoding="utf-8")
    for where in ("1b", "3a", "3c"):
        assert where in readme.partition("Errata")[2]
    told = [cell.source for _, cell in cells(notebooks) if "> **Errat" in cell.source]
    assert len(told) == 3
    assert r"7\sin\theta\cos\theta + (\pi-\theta)\,(1 + 6\cos^2\theta)" in "".join(told)
    assert "x_i^\\top x_j" in "".join(told)


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


def test_words_after_each_experiment_say_what_its_pictures_show(
    notebooks: dict[str, NotebookNode],
) -> None:
    for notebook in notebooks.values():
        drawing = [i for i, cell in enumerate(notebook.cells) if "plt.show()" in cell.source]
        assert drawing
        following = notebook.cells[drawing[-1] + 1]
        assert following.source.startswith("*What the picture")

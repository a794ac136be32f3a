"""What can be adopted, under which names, and what is refused with which words."""

from __future__ import annotations

import base64
import json
from pathlib import Path

import pytest

from autograder.course.assignment import Course
from autograder.errors import CourseError
from autograder.release.adopting.adopt import adopt
from autograder.release.adopting.identifiers import Ids, as_module
from autograder.release.adopting.reading import read_old
from autograder.release.newhomework import NewHomework

from .nbgraderbooks import TODAY, answer, autotest, bring, code, manual, text, write

S, E = "### BEGIN SOLUTION", "### END SOLUTION"
DOUBLE = f'def f(x):\n    """Double x."""\n    {S}\n    return 2 * x\n    {E}'
PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg=="
)
PAIR = (answer("a", DOUBLE), autotest("t", "assert f(2) == 4", 2))


def test_marks_of_the_configuration_are_used_and_its_code_is_not_run(tmp_path: Path) -> None:
    place = tmp_path / "old" / "source" / "ps"
    write(
        place / "p.ipynb",
        answer("a", "def f(x):\n    # <<<\n    return 2 * x\n    # >>>"),
        autotest("t", "assert f(1) == 2\n# {{\nassert f(20) == 40\n# }}"),
    )
    (tmp_path / "old" / "nbgrader_config.py").write_text(
        "raise SystemExit\nc.ClearSolutions.begin_solution_delimeter = '# <<<'\n"
        "c.ClearSolutions.end_solution_delimeter = '# >>>'\n"
        "c.ClearHiddenTests.begin_test_delimeter = '# {{'\n"
        "c.ClearHiddenTests.end_test_delimeter = '# }}'\n"
        "c.IncludeHeaderFooter.header = 'source/header.ipynb'\n"
    )
    found = bring(place, tmp_path / "course")
    assert f"{S}\n    return 2 * x\n    {E}" in found.cell("a").source
    assert "student.f(20) == 40" in found.hidden()
    assert "the header source/header.ipynb is not added" in found.remarks


@pytest.mark.parametrize("given", ["checks = 3", "def checks():\n    pass", "import checks"])
def test_name_that_the_kit_needs_is_reported(tmp_path: Path, given: str) -> None:
    write(tmp_path / "old" / "p.ipynb", code(given), *PAIR)
    found = bring(tmp_path / "old", tmp_path / "course")
    assert "p.ipynb: it defines `checks`, which is the name of the kit's checks" in found.remarks


def test_released_notebook_says_that_the_source_is_better(tmp_path: Path) -> None:
    head = text("# Instructions")
    stub = "def f(x):\n    # YOUR CODE HERE\n    raise NotImplementedError()"
    write(tmp_path / "source" / "header.ipynb", head)
    write(
        tmp_path / "release" / "ps1" / "p.ipynb",
        head,
        answer("a", stub),
        autotest("t", "assert f(2) == 4"),
    )
    (tmp_path / "nbgrader_config.py").write_text(
        "c.IncludeHeaderFooter.header = 'source/header.ipynb'\n"
    )
    found = bring(tmp_path / "release" / "ps1", tmp_path / "course")
    assert "p.ipynb: it looks like a release, without solutions or hidden tests" in found.remarks
    assert "the notebook has no solution of f" in found.remarks
    assert "header" not in found.remarks
    write(tmp_path / "other" / "p.ipynb", answer("a", DOUBLE), autotest("t", "assert f(2) == 4"))
    assert "looks like a release" not in bring(tmp_path / "other", tmp_path / "course2").remarks


@pytest.mark.parametrize("version", [0, 1, 2, 3])
def test_metadata_of_every_version_are_read(tmp_path: Path, version: int) -> None:
    cells = [answer("a", DOUBLE), autotest("t", "assert f(2) == 4", 2)]
    for cell in cells:
        known = cell.metadata.nbgrader
        known.pop("task", None)
        known["schema_version"] = version
        if version == 0:
            del known["schema_version"]
            for key in [key for key, value in known.items() if value is False]:
                del known[key]
            known.update(points="2" if "points" in known else "")
    write(tmp_path / "old" / "p.ipynb", *cells)
    found = bring(tmp_path / "old", tmp_path / "course")
    assert found.points == 2
    assert found.cell("t").metadata.nbgrader.schema_version == 3


def test_notebook_of_an_old_format_is_read(tmp_path: Path) -> None:
    cells = [
        {"cell_type": "code", "language": "python", "input": source, "outputs": [],
         "metadata": {"nbgrader": own}}
        for source, own in (
            (DOUBLE, {"grade_id": "a", "solution": True}),
            ("assert f(2) == 4", {"grade_id": "t", "grade": True, "points": "3"}),
        )
    ]  # fmt: skip
    place = tmp_path / "old" / "p.ipynb"
    place.parent.mkdir()
    book = {"metadata": {}, "nbformat": 3, "nbformat_minor": 0, "worksheets": [{"cells": cells}]}
    place.write_text(json.dumps(book))
    assert bring(place, tmp_path / "course").points == 3


def test_what_cannot_be_taken_over_is_named_and_the_rest_goes_on(tmp_path: Path) -> None:
    place = tmp_path / "old"
    write(place / "p.ipynb", *PAIR)
    write(place / "plain.ipynb", code("1"))
    write(
        place / "other.ipynb",
        *PAIR,
        kernelspec={"name": "ir", "language": "R", "display_name": "R"},
    )
    (place / "broken.ipynb").write_text("{")
    found = bring(place, tmp_path / "course")
    assert [path.stem for path in found.course.source("h").glob("*.ipynb")] == ["p"]
    for words in ("plain.ipynb: not adopted: no cell has", "its language is R", "broken.ipynb"):
        assert words in found.remarks


def test_names_that_the_kit_does_not_allow_are_changed_and_told(tmp_path: Path) -> None:
    place = tmp_path / "old"
    for title in ("Problem 1", "Problem 2"):
        write(
            place / f"{title}.ipynb", answer("a_1", DOUBLE), autotest("close", "assert f(2) == 4")
        )
    found = bring(place, tmp_path / "course")
    items = found.course.assignment("h").items
    assert list(items) == ["close-item", "close-item-2"]
    assert [item.problem for item in items.values()] == ["problem_1", "problem_2"]
    assert "Problem 1.ipynb: it is now called problem_1.ipynb" in found.remarks
    assert "close is close-item" in found.remarks


@pytest.mark.parametrize(
    ("name", "item"),
    [
        ("correct_squares", "correct-squares"), ("a--b", "a-b"), ("1st", "item-1st"),
        ("Über alles!", "Uber-alles"), ("class", "class-item"), ("numbers", "numbers-item"),
        ("cell-93f", "cell-93f"), ("", "item"), ("x y", "x-y"),
    ],
)  # fmt: skip
def test_items_names_are_functions_names_with_hyphens(name: str, item: str) -> None:
    assert Ids().item(name) == item


def test_names_of_modules() -> None:
    assert as_module("Problem 1") == "problem_1"
    assert as_module("1") == "hw_1"
    assert as_module("class") == "class_1"
    assert as_module("p", {"p"}) == "p_2"


def test_files_come_along_flat_and_pictures_are_attached(tmp_path: Path) -> None:
    place = tmp_path / "old"
    write(
        place / "p.ipynb",
        text("![](img/plot.png) and ![far](https://example.org/x.png)"),
        code("import numpy as np\nDATA = np.loadtxt('data/x.csv', delimiter=',')"),
        answer("a", f"{S}\nmean = DATA.mean()\n{E}"),
        autotest("t", "assert mean == DATA.mean()"),
    )
    for name, content in (("img/plot.png", PNG), ("data/x.csv", b"1,2,3\n"), ("README.md", b"x")):
        (place / name).parent.mkdir(exist_ok=True)
        (place / name).write_bytes(content)
    found = bring(place, tmp_path / "course")
    first = found.notebook().cells[0]
    assert "![plot](attachment:img-plot.png)" in first.source
    assert "img-plot.png" in first.attachments
    assert '<img src="https://example.org/x.png" alt="far">' in first.source
    assert found.course.assignment("h").files == ("original-README.md", "x.csv")
    assert "np.loadtxt('x.csv'" in found.solutions()
    assert found.cell("t").source == "checks.t(globals())"


def test_module_beside_the_notebook_is_imported_by_solutions_and_tests(tmp_path: Path) -> None:
    place = tmp_path / "old"
    own = DOUBLE.replace("2 * x", "twice(x)")
    test = "import helpers\nassert f(2) == helpers.twice(2)"
    write(
        place / "p.ipynb", code("from helpers import twice"), answer("a", own), autotest("t", test)
    )
    (place / "helpers.py").write_text("def twice(x):\n    return 2 * x\n")
    found = bring(place, tmp_path / "course")
    assert "from solutions.h.helpers import twice" in found.solutions()
    assert "from solutions.h import helpers" in found.visible
    assert "import helpers" in found.checks
    assert found.cell("t").source == "checks.t(globals())", found.remarks


def test_course_with_one_assignment_is_that_assignment(tmp_path: Path) -> None:
    write(tmp_path / "c" / "source" / "ps1" / "p.ipynb", *PAIR)
    assert read_old(tmp_path / "c").name == "ps1"
    write(tmp_path / "c" / "source" / "ps2" / "p.ipynb", *PAIR)
    with pytest.raises(CourseError, match=r"several assignments: give one of .*ps1, .*ps2"):
        read_old(tmp_path / "c")


def test_things_that_are_no_assignment_are_refused_with_the_reason(tmp_path: Path) -> None:
    write(tmp_path / "p.ipynb", code("1"))
    (tmp_path / "x.py").write_text("1")
    (tmp_path / "empty").mkdir()
    for place, words in (
        ("p.ipynb", "p.ipynb: not adopted: no cell has nbgrader's settings"),
        ("x.py", "is not a notebook"),
        ("empty", "has no notebook"),
        ("nowhere", "does not exist"),
    ):
        with pytest.raises(CourseError, match=words):
            read_old(tmp_path / place)


def test_nothing_is_overwritten_and_the_assignment_stays_as_it_was(tmp_path: Path) -> None:
    place = tmp_path / "old"
    write(place / "p.ipynb", *PAIR, manual("m", "Because."))
    before = (place / "p.ipynb").read_bytes()
    found = bring(place, tmp_path / "course")
    files = {path: path.read_bytes() for path in found.course.root.rglob("*") if path.is_file()}
    with pytest.raises(CourseError, match="exists already: choose another name"):
        adopt(Course(found.course.root), read_old(place), NewHomework.planned("h", TODAY, seed=1))
    assert files == {p: p.read_bytes() for p in found.course.root.rglob("*") if p.is_file()}
    assert (place / "p.ipynb").read_bytes() == before

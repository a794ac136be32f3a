"""Texts, checks and imports must agree with the grade cells and course.toml."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from nbformat import NotebookNode

from autograder.course.assignment import Course

from .helpers import cell, change_source, faults, looked_at_anew, replace_text
from .tiny import code, text

POINTS = "points and items in texts, rubrics and checks"
DATES = "dates in texts"
IMPORTS = "imports and requirements.txt"

README = """# Tiny

| | date (Europe/Zurich) |
|---|---|
| opens | Thursday, 17 October 2024, 18:00 |
| due | Thursday, 21 November 2024, 23:55 |

Each problem is worth 4.5 points. Simpson's rule with 3 points is due to Kepler, 17 May 1615.

<!-- points -->
<!-- /points -->
"""

TITLE = """# One valley

<!-- items -->
<!-- /items -->

Interpolation through 3 points (2 points more than a line) is not asked.
"""

ITEMS = """

ITEMS = [
    Item("t-slope", 2, ("slope",)),
    Item("t-values", 1, ("first_part", "last_part")),
    Item("t-plot", points=1, bonus=True),
    Item("t-proof", 1.5),
]
"""


def write_texts(notebook: NotebookNode) -> None:
    cell(notebook, "t-intro").source = TITLE
    by_name = {each.metadata.nbgrader.grade_id: n for n, each in enumerate(notebook.cells)}
    for before, heading in (
        ("t-proof", "## c) The proof (1.5 points)"),
        ("t-plot-answer", "## b) The picture: 1 bonus point"),
        ("t-slope-answer", "## a) Slope and values"),
    ):
        notebook.cells.insert(by_name[before], text(f"{before}-text", heading, locked=True))


@pytest.fixture
def stated(course: Course) -> Course:
    """The made-up course with texts that state every fact correctly."""
    (course.source("tiny") / "README.md").write_text(README, encoding="utf-8")
    with (course.source("tiny") / "checks.py").open("a", encoding="utf-8") as file:
        file.write("\n\ndef Item(*_, **__):\n    pass\n\n\nhint = Item\n" + ITEMS)
    change_source(course, write_texts)
    return course


def replace_in_notebook(course: Course, old: str, new: str) -> None:
    def replace(notebook: NotebookNode) -> None:
        hit = [each for each in notebook.cells if old in each.source]
        assert hit
        for each in hit:
            each.source = each.source.replace(old, new)

    change_source(course, replace)


def test_what_is_stated_rightly_is_no_fault(stated: Course) -> None:
    assert faults(looked_at_anew(stated)) == {}


TABLE = """
| item | points |
|---|---|
| `t-slope` | 2 |
"""
PARTS = """
| part | what you do | **Max. points** | remarks |
|---|---|---|---|
| a | the slope, two values | 2 + 1 | |
"""


@pytest.mark.parametrize("table", [TABLE, PARTS])
def test_table_of_points_that_is_typed_by_hand(stated: Course, table: str) -> None:
    replace_text(stated.source("tiny") / "README.md", "\n<!-- points", f"{table}\n<!-- points")
    replace_in_notebook(stated, "Interpolation", f"{table}\nInterpolation")
    found = faults(looked_at_anew(stated))
    assert set(found) == {POINTS}
    for place in ("README.md, line 10: a table of points", "cell 1 (t-intro), line "):
        assert place in found[POINTS]


@pytest.mark.parametrize(
    "table",
    [
        "| points | error |\n|---|---|\n| 3 | 0.1 |",
        "```\n| item | points |\n|---|---|\n```",
        "| rule | data points |\n|---|---|\n| Simpson | 3 |",
    ],
)
def test_other_tables_are_no_fault(stated: Course, table: str) -> None:
    replace_in_notebook(stated, "Interpolation", f"{table}\n\nInterpolation")
    assert faults(looked_at_anew(stated)) == {}


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("(1.5 points)", "(2 points)", "(t-proof-text), line 1 gives '(2 points)'"),
        ("picture: 1 bonus", "picture: 5 bonus", "(t-plot-answer-text), line 1 gives"),
        (
            "proof (1.5 points)",
            "proof (1.5 bonus points)",
            "in course.toml the item is not a bonus item",
        ),
        ("Slope and values", "Slope and values (9 points)", "gives '(9 points)'; the grade cells"),
        ("Slope and values", "Slope and values [3 points]", ""),
        ("## a) Slope and values", "**a) Slope and values (7 points)**", "gives '(7 points)'"),
        ("## a) Slope and values", "a) Slope through (7 points)", ""),
        ("is not asked.", "counts 12 points.", "says 'counts 12 points'; no item, part or problem"),
        ("is not asked.", "is worth 3 points, as part a) is.", ""),
    ],
)
def test_points_of_a_notebook(stated: Course, old: str, new: str, told: str) -> None:
    replace_in_notebook(stated, old, new)
    found = faults(looked_at_anew(stated))
    assert set(found) == ({POINTS} if told else set())
    assert told in found.get(POINTS, "")


def test_points_of_the_readme(stated: Course) -> None:
    replace_text(stated.source("tiny") / "README.md", "worth 4.5", "worth 12")
    found = faults(looked_at_anew(stated))
    assert "README.md, line 8 says 'worth 12 points'; no item, part or problem" in found[POINTS]


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ('Item("t-slope", 2', 'Item("t-slope", 9', "t-slope is an item of 9 in this file"),
        (
            '("t-plot", points=1',
            '("t-plot", points=3',
            "a bonus item of 3 in this file",
        ),
        (", bonus=True", "", "t-plot is an item of 1 in this file"),
        ('    Item("t-proof", 1.5),\n', "", "checks.py: item t-proof is unknown in this file"),
        ('Item("t-values"', 'Item("t-value"', "an item of 1 in this file, but unknown in"),
        ("    Item", "    make.Item", ""),
        ("\n\nITEMS", '\n\nHINTS = [hint("t-slope", 4)]\n\nITEMS', ""),
        (
            '("t-slope", 2, ("slope",))',
            '("t-slope", 2, ("slope",), True)',
            "t-slope is a bonus item",
        ),
    ],
)
def test_points_of_the_checks(stated: Course, old: str, new: str, told: str) -> None:
    replace_text(stated.source("tiny") / "checks.py", old, new)
    found = faults(looked_at_anew(stated))
    assert set(found) == ({POINTS} if told else set())
    assert told in found.get(POINTS, "")


def test_other_points_of_a_grade_cell_are_told_in_one_row(stated: Course) -> None:
    def change(notebook: NotebookNode) -> None:
        cell(notebook, "t-proof").metadata.nbgrader["points"] = 2

    change_source(stated, change)
    found = faults(looked_at_anew(stated))
    assert set(found) == {POINTS}
    for place in ("(t-proof-text), line 1", "checks.py: item t-proof", "a rubric of 1.5"):
        assert place in found[POINTS]


def test_renamed_item_is_told_in_one_row(stated: Course) -> None:
    def rename(notebook: NotebookNode) -> None:
        cell(notebook, "t-values").metadata.nbgrader["grade_id"] = "t-value"

    change_source(stated, rename)
    assert set(faults(looked_at_anew(stated))) == {"each item has its tests and its check"}


# --- Dates --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("21 November", "22 November", "course.toml has Thursday, 2024-11-21 23:55"),
        ("| Thursday, 21", "| Friday, 21", "course.toml has Thursday, 2024-11-21"),
        ("23:55", "23:59", "course.toml has Thursday, 2024-11-21 23:55"),
        ("21 November 2024", "21 November 2025", "course.toml has Thursday, 2024-11-21 23:55"),
        (
            "17 October 2024, 18:00",
            "2024-10-18 18:00",
            "README.md, line 5 says 'Thursday, 2024-10-18 18:00'",
        ),
        ("(Europe/Zurich)", "(America/New_York)", "gives dates in America/New_York"),
        ("Thursday, 21 November 2024, 23:55", "2024-11-21T23:55", ""),
        ("Thursday, 21 November 2024, 23:55", "November 21st, 2024 at 11:55 pm", ""),
        ("Thursday, 21 November 2024, 23:55", "Thu 21 Nov, 23:55", ""),
        ("Thursday, 21 November 2024, 23:55", "21.11.2024", ""),
        ("Thursday, 21 November 2024, 23:55", "22.11.2024", "course.toml has Thursday, 2024-11-21"),
        ("is due to", "was published on 3 May 1999, which is due to", ""),
        ("Each problem", "Hand in by 20 November 2024. Each problem", "says '20 November 2024'"),
        ("Each problem", "The data were released on 5 March 2019. Each problem", ""),
        ("Each problem", "The deadline is 21 November 2024. Each problem", ""),
    ],
)
def test_dates_of_the_readme(stated: Course, old: str, new: str, told: str) -> None:
    replace_text(stated.source("tiny") / "README.md", old, new)
    found = faults(looked_at_anew(stated))
    assert set(found) == ({DATES} if told else set())
    assert told in found.get(DATES, "")


def test_date_in_a_notebook(stated: Course) -> None:
    replace_in_notebook(stated, "# One valley\n", "# One valley\n\nDue on 1 December 2024.\n")
    assert "(t-intro), line 3 says" in faults(looked_at_anew(stated))[DATES]


# --- Imports ------------------------------------------------------------------------------------


def in_setup(line: str) -> Callable[[Course], None]:
    def add(course: Course) -> None:
        change_source(course, lambda nb: nb.cells.insert(2, code("t-more", line, locked=True)))

    return add


def in_file(name: str, line: str) -> Callable[[Course], None]:
    def add(course: Course) -> None:
        with (course.root / name).open("a", encoding="utf-8") as file:
            file.write(f"\n{line}\n")

    return add


CHECKS, VALLEY = "source/tiny/checks.py", "solutions/tiny/valley.py"
REQUIREMENTS = "source/tiny/requirements.txt"


@pytest.mark.parametrize(
    ("spoil", "told"),
    [
        (in_setup("import rich"), "cell 3 (t-more), line 1 imports rich, which requirements.txt"),
        (in_setup("from rich.text import Text"), "line 1 imports rich"),
        (in_setup("x = 1\nif x:\n    import rich as r"), "cell 3 (t-more), line 3 imports rich"),
        (in_setup('import importlib\nimportlib.import_module("rich.text")'), "imports rich"),
        (in_setup("import yaml"), "add pyyaml to that file"),
        (in_file(CHECKS, "import rich"), "checks.py, line"),
        (in_file(CHECKS, "def f():\n    import no_such_thing"), "imports no_such_thing"),
        (in_file(VALLEY, "import no_such_thing"), "solutions/tiny/valley.py, line"),
        (
            in_file("autograder/hidden/tiny/test_valley.py", "import no_such_thing"),
            "hidden/tiny/test_valley.py, line",
        ),
        (in_file(REQUIREMENTS, "nunpy"), "requirements.txt, line 5 lists nunpy, which marking"),
        (in_file(REQUIREMENTS, "numpy=>2"), "'numpy=>2' is not a requirement"),
    ],
)
def test_import_that_does_not_fit_is_named(
    course: Course, spoil: Callable[[Course], None], told: str
) -> None:
    spoil(course)
    found = faults(looked_at_anew(course))
    assert set(found) == {IMPORTS}
    assert told in found[IMPORTS]


@pytest.mark.parametrize(
    "spoil",
    [
        in_setup("import math, json\nfrom mpl_toolkits import mplot3d\nimport checks as c"),
        in_setup("try:\n    import google.colab\nexcept ImportError:\n    pass"),
        in_setup("from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import rich"),
        in_setup("%matplotlib inline\nfrom IPython.display import display"),
        in_file(CHECKS, "from __future__ import annotations"),
        in_file(VALLEY, "def later():\n    import rich"),
        in_file(REQUIREMENTS, "# for marking\njupyterlab>=4.2\nrich  # for tables"),
    ],
)
def test_imports_that_fit_are_no_fault(course: Course, spoil: Callable[[Course], None]) -> None:
    spoil(course)
    assert IMPORTS not in faults(looked_at_anew(course))


def test_cell_that_is_not_python_is_named(course: Course) -> None:
    change_source(course, lambda nb: nb.cells.append(code("t-more", "def f(:", locked=True)))
    assert "cell 13 (t-more) is not Python" in faults(looked_at_anew(course))[IMPORTS]


def test_requirement_makes_an_import_right(course: Course) -> None:
    in_setup("import rich")(course)
    in_file(REQUIREMENTS, "Rich>=13")(course)
    assert faults(looked_at_anew(course)) == {}


@pytest.mark.parametrize(
    ("name", "line", "told"),
    [
        ("solutions/tiny/valley.py", "ratio = 1 / 0", "line 41: ZeroDivisionError"),
        ("autograder/hidden/tiny/misconceptions.py", "nonsense", "line 2: NameError"),
        ("autograder/hidden/tiny/misconceptions.py", "x = 1", "defines no Catalogue"),
    ],
)
def test_own_code_that_does_not_load_is_named(
    course: Course, name: str, line: str, told: str
) -> None:
    in_file(name, line)(course)
    found = faults(looked_at_anew(course))
    assert set(found) == {"the solutions and misconceptions load"}
    (detail,) = found.values()
    assert Path(name).name in detail
    assert told in detail

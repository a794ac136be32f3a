"""Answer cells become solutions, and students get what nbgrader gave them."""

from __future__ import annotations

import ast
from pathlib import Path

from nbgrader.preprocessors import ClearSolutions

from autograder.release.build import build
from autograder.release.fill import filled_source

from .conftest import Bring
from .nbgraderbooks import answer, autotest, bring, code, manual, task, text, write

S, E = "### BEGIN SOLUTION", "### END SOLUTION"
DOUBLE = f'def f(x):\n    """Double x."""\n    {S}\n    return 2 * x\n    {E}'


def test_function_with_a_docstring_is_a_plain_function_in_the_solutions(brought: Bring) -> None:
    found = brought(answer("a", DOUBLE), autotest("t", "assert f(2) == 4"))
    assert 'def f(x):\n    """Double x."""\n    return 2 * x\n' in found.solutions()
    assert found.cell("a").source == f"### REFERENCE p.f\n{DOUBLE}"


FORMS = (
    (f"{S}\nx = 3\n{E}", ""),
    (f"# the mean\n{S}\nx = 3\n{E}", "# the mean\n"),
    (f"{S}\ny = []\nfor i in range(3):\n    y.append(i)\nx = len(y)\n{E}", ""),
    ("x = 3", ""),
    (f"{S}\ndef x():\n    return 3\n{E}", ""),
    (f"{S}\nx = lambda: 3\n{E}", ""),
    (f"def x():\n    {S}\n    return 3\n    {E}", "def x():\n"),
    (f"def x():\n    y = 1\n    {S}\n    y += 2\n    {E}\n    return y", "    return y"),
    (
        f"def x():\n    {S}\n    y = 1\n    {E}\n    z = 2\n    {S}\n    return y + z\n    {E}",
        "    z = 2\n",
    ),
    (f"def x():\n{S}\n    return 3\n{E}", "def x():\n"),
    (f"%matplotlib inline\n{S}\nx = 3\n{E}", ""),
    (f"if True:\n    {S}\n    x = 3\n    {E}\nelse:\n    x = 4", ""),
    (f"{S}\nx = 3", ""),
)
"""Answer cells of every form, each with a text that students get."""


def test_solutions_of_every_form_are_referenced(tmp_path: Path) -> None:
    for number, (source, _) in enumerate(FORMS):
        call = "x()" if "def" in source or "lambda" in source else "x"
        cells = answer(f"a{number}", source), autotest(f"t{number}", f"assert {call} == 3")
        write(tmp_path / "old" / f"p{number}.ipynb", *cells)
    found = bring(tmp_path / "old", tmp_path / "course")
    clear = ClearSolutions(code_stub={"python": "STUB"})
    for number, (source, given) in enumerate(FORMS):
        ast.parse(found.solutions(f"p{number}"))
        cell = found.cell(f"a{number}", f"p{number}")
        assert cell.source.startswith(f"### REFERENCE p{number}.x\n"), (source, found.remarks)
        check = found.cell(f"t{number}", f"p{number}")
        assert check.source == f"checks.t{number}(globals())", found.remarks
        clear._replace_solution_region(cell, "python")
        assert given in cell.source
        assert " 3" not in cell.source


def test_given_code_of_an_answer_cell_is_locked_around_the_answer(brought: Bring) -> None:
    source = f"import math\nr = 2\n{S}\narea = math.pi * r**2\n{E}\nprint(area)"
    found = brought(answer("a", source), autotest("t", "assert area > 12"))
    sources = [cell.source for cell in found.notebook().cells]
    at = next(n for n, each in enumerate(sources) if each.startswith("### REFERENCE p.area"))
    assert sources[at - 1] == "import math\nr = 2"
    assert sources[at + 1] == "print(area)"
    assert found.notebook().cells[at - 1].metadata.nbgrader.locked
    assert "r = 2" in found.solutions()


def test_filling_again_changes_nothing_and_drops_no_line(brought: Bring) -> None:
    source = f"# twice\ndef f(x):\n    y = x\n    {S}\n    y *= 2\n    {E}\n    return y"
    found = brought(answer("a", source), autotest("t", "assert f(2) == 4"))
    for name, filled in filled_source(found.course, "h").items():
        assert (found.course.source("h") / name).read_text(encoding="utf-8") == filled
    assert found.cell("a").source == f"### REFERENCE p.f\n{source}"


def test_released_notebook_without_solutions_says_what_to_write(brought: Bring) -> None:
    stub = "def f(x):\n    '''Double.'''\n    # YOUR CODE HERE\n    raise NotImplementedError()"
    found = brought(answer("a", stub), autotest("t", "assert f(2) == 4"))
    assert "no solution of f: write it in solutions/h/p.py" in found.remarks
    assert found.cell("t").source == "checks.t(globals())"
    assert found.points == 1


def test_bare_expression_is_kept_beside_the_hidden_tests(brought: Bring) -> None:
    found = brought(
        answer("bare", f"{S}\n1 + 2\n{E}"), answer("a", DOUBLE), autotest("t", "assert f(1) == 2")
    )
    assert "its answer binds no name" in found.remarks
    assert "1 + 2" in found.kept
    assert all("1 + 2" not in cell.source for cell in found.notebook().cells)


def test_name_that_is_answered_twice_gets_a_second_module(brought: Bring) -> None:
    found = brought(
        answer("a", f"{S}\nx = 1\n{E}"), autotest("t", "assert x == 1"),
        answer("b", f"{S}\nx = 2\n{E}"), autotest("u", "assert x == 2"),
    )  # fmt: skip
    assert found.cell("a").source.startswith("### REFERENCE p.x")
    assert found.cell("b").source.startswith("### REFERENCE p_2.x")
    assert "from solutions.h.p import *" in found.solutions("p_2")


def test_answers_in_words_get_a_rubric_of_one_line(brought: Bring) -> None:
    found = brought(
        manual("why", "Because.", 1.5),
        manual("framed", f"First:\n\n{S}\nOne.\n{E}\n\nDone."),
        manual("empty", ""),
        task("big", "Do it.\n### BEGIN MARK SCHEME\nAll of it.\n### END MARK SCHEME", 4),
    )
    step = "points) the answer is right and complete"
    assert found.cell("why").source == f"Because.\n\n#### Rubric\n- (1.5 {step}"
    framed = found.cell("framed").source
    assert framed == f"First:\n\n{S}\nOne.\n\n#### Rubric\n- (2 {step}\n{E}\n\nDone."
    assert "no model answer" in found.cell("empty").source
    assert found.cell("big-text").source.strip() == "Do it."
    assert found.cell("big").source == f"All of it.\n\n#### Rubric\n- (4 {step}"
    assert found.points == 9.5


def test_code_that_a_person_marks_stays_code_with_the_rubric_in_comments(brought: Bring) -> None:
    cell = answer("own", "def g(x):\n    return x")
    cell.metadata.nbgrader.update(grade=True, points=2)
    found = brought(cell, manual("m", "Text."))
    made = found.cell("own")
    assert made.cell_type == "code"
    assert made.source.endswith("#### Rubric\n# - (2 points) the answer is right and complete")
    ast.parse(made.source)


def test_answers_without_points_are_not_given_to_students(brought: Bring) -> None:
    found = brought(manual("m", "Text."), manual("no", "The secret.", 0))
    assert all("The secret" not in cell.source for cell in found.notebook().cells)
    assert "The secret" in found.kept


def test_questions_are_locked_and_places_to_write_stay_open(brought: Bring) -> None:
    found = brought(
        text("## Question"), text("Your name:"), code("import math"), code("# try it here"),
        answer("a", DOUBLE), code("f(3)"), autotest("t", "assert f(1) == 2"),
    )  # fmt: skip
    locked = {c.source: "nbgrader" in c.metadata for c in found.notebook().cells}
    assert locked["## Question"]
    assert locked["import math"]
    assert not locked["Your name:"]
    assert not locked["# try it here"]
    assert not locked["f(3)"]


def test_release_can_be_built_and_holds_no_solution(brought: Bring) -> None:
    found = brought(answer("a", DOUBLE), autotest("t", "assert f(2) == 4"), manual("m", "Because."))
    tree = found.course.root / "built"
    build(found.course.source("h"), tree, found.course.assignment("h"))
    released = (tree / "p.ipynb").read_text(encoding="utf-8")
    assert "2 * x" not in released
    assert "Because" not in released
    assert "Rubric" not in released
    assert "def f(x)" in released

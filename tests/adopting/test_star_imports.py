"""Names that a notebook imports with a star are known to solutions and tests."""

from __future__ import annotations

from pathlib import Path

import pytest

from autograder.grading.inprocess import LocalMarker

from .conftest import Bring
from .nbgraderbooks import Brought, answer, autotest, bring, code, write

S, E = "### BEGIN SOLUTION", "### END SOLUTION"
H, F = "### BEGIN HIDDEN TESTS", "### END HIDDEN TESTS"


def lost(found: Brought, wrong: object = None) -> float:
    """The points that the solution loses, or a wrong answer."""
    answers = {} if wrong is None else {"f": wrong}
    marked = LocalMarker(found.course, found.course.assignment("h")).mark("p", answers)
    return sum(marked.lost(name) for name in marked.items)


@pytest.mark.parametrize("module", ["math", "numpy", "pylab"])
def test_solution_and_test_use_a_name_imported_with_a_star(brought: Bring, module: str) -> None:
    found = brought(
        code(f"from {module} import *"),
        answer("a", f"def f(x):\n    {S}\n    return float(sqrt(x)) + cos(0)\n    {E}"),
        autotest("t", f"assert f(4) == 3\n{H}\nassert abs(f(2) - sqrt(2) - 1) < 1e-6\n{F}"),
    )
    assert found.remarks == ""
    assert f"from {module} import " in found.solutions()
    assert "cos, sqrt\n" in found.solutions()
    assert f"from {module} import sqrt\n" in found.hidden()
    assert lost(found) == 0
    assert lost(found, lambda x: {4: 3}.get(x, 0)) == 1


def test_module_beside_the_notebook_is_read_for_its_names(tmp_path: Path) -> None:
    place = tmp_path / "old"
    write(
        place / "p.ipynb",
        code("from helpers import *"),
        answer("a", f"def f(x):\n    {S}\n    return twice(x)\n    {E}"),
        autotest("t", "assert f(2) == twice(2)"),
    )
    (place / "helpers.py").write_text("def twice(x):\n    return 2 * x\n")
    found = bring(place, tmp_path / "course")
    assert found.remarks == ""
    assert lost(found) == 0


def test_unknown_module_is_not_imported(brought: Bring) -> None:
    found = brought(
        code("from antigravity import *"),
        answer("a", f"def f(x):\n    {S}\n    return x\n    {E}"),
        autotest("t", "assert f(2) == fly(2)"),
    )
    assert "it uses `fly`, which no cell above defines" in found.remarks

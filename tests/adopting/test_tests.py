"""Test cells become hidden tests and visible checks; the solutions pass them."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from autograder.grading.inprocess import LocalMarker

from .conftest import Bring
from .nbgraderbooks import Brought, answer, autotest, bring, code, write

S, E = "### BEGIN SOLUTION", "### END SOLUTION"
H, F = "### BEGIN HIDDEN TESTS", "### END HIDDEN TESTS"
SETUP = "import math\nimport numpy as np\nimport pytest\nclass Bad(ValueError):\n    pass\n"
SETUP += "def near(a, b):\n    assert abs(a - b) < 1e-9\nLIMIT = 4"
ROOT = f"""def root(v):
    {S}
    if v < 0:
        raise Bad('negative')
    return float(v) ** 0.5
    {E}"""
USES = f"def norm(v):\n    {S}\n    return root(sum(a * a for a in v))\n    {E}"
VALUE = f"{S}\nx = np.arange(3)\n{E}"


def adopted(brought: Bring, source: str, points: float = 1) -> Brought:
    return brought(
        code(SETUP), answer("a", ROOT), answer("b", USES), answer("c", VALUE),
        autotest("t", source, points),
    )  # fmt: skip


def lost(found: Brought) -> dict[str, float]:
    """The points that the solutions lose in the adopted tests, by item."""
    marked = LocalMarker(found.course, found.course.assignment("h")).mark("p", {})
    return {name: marked.lost(name) for name in marked.items}


ASSERTS = (
    ("assert root(4) == 2", "student.root(4) == 2"),
    ("assert root(4) == 2, 'wrong root'", "'wrong root'"),
    ("assert_equal(root(4), 2)", "student.root(4) == 2"),
    ("eq_(root(4), 2)", "student.root(4) == 2"),
    ("assert_almost_equal(root(4), 2)", "round(abs(student.root(4) - 2), 7) == 0"),
    ("assert_almost_equal(root(4), 2.01, delta=0.1)", "<= 0.1"),
    ("assert_is_instance(root(4), float)", "isinstance(student.root(4), float)"),
    ("np.testing.assert_allclose(root(2), 2**0.5)", "np.testing.assert_allclose("),
    ("from numpy.testing import assert_equal\nassert_equal(x, [0, 1, 2])",
     "assert_equal(student.value('x'), [0, 1, 2])"),
    ("near(root(9), 3)", "p.near(student.root(9), 3)"),
    ("assert root(LIMIT) == 2", "student.root(p.LIMIT)"),
    ("for n in range(3):\n    assert root(n * n) == n", "student.root(n * n) == n"),
    ("y = root(4)\nassert y == 2\nassert math.isclose(y, 2)", "y = student.root(4)"),
    ("assert list(map(root, [4, 9])) == [2, 3]", "map(student.value('root'), [4, 9])"),
    ("assert callable(root)", "callable(student.value('root'))"),
    ("assert x.shape == (3,)", "student.value('x').shape"),
    ("assert 'x' in globals()", "student.value('x') is not None"),
    ("assert [root(v) for v in (1, 4)] == [1, 2]", "[student.root(v) for v in (1, 4)]"),
    ("if root(4) != 2:\n    raise AssertionError('no')", "raise ClaimFailed('no')"),
    ("def ok(v):\n    assert root(v) >= 0\nok(2)", "def ok(v):"),
    ("%%time\nassert root(4) == 2", "student.root(4) == 2"),
    ("try:\n    assert root(4) == 2\nexcept AssertionError:\n    print('no')\n    raise",
     "student.root(4) == 2"),
    ("### AUTOTEST root(5)", "student.root(5) == p.root(5)"),
    ("ok = False\ntry:\n    root(-1)\nexcept ValueError:\n    ok = True\nassert ok",
     "if not is_error(raised, ValueError):"),
    *(
        (source, "lambda: student.root(-1)")
        for source in (
            "try:\n    root(-1)\nexcept ValueError:\n    pass\nelse:\n    raise AssertionError()",
            "try:\n    root(-1)\n    assert False\nexcept Bad:\n    pass",
            "with pytest.raises(Bad):\n    root(-1)",
            "with assert_raises(ValueError):\n    root(-1)",
            "assert_raises(ValueError, root, -1)",
        )
    ),
    ("old = root\ndel root\ntry:\n    norm([3, 4])\nexcept NameError:\n    pass\nelse:\n"
     "    raise AssertionError('no')\nfinally:\n    root = old",
     "student.without('root').norm([3, 4])"),
)  # fmt: skip
"""Test cells, each with a piece of the hidden test that it becomes."""


def with_marks(source: str) -> str:
    """The test cell with all its asserts hidden; its imports and magics stay visible."""
    lines = source.split("\n")
    head = [line for line in lines if line.startswith(("from ", "%%", "###"))]
    return "\n".join([*head, H, *(line for line in lines if line not in head), F])


@pytest.mark.parametrize("hidden", [False, True])
def test_asserts_become_claims_that_the_solution_passes(brought: Bring, hidden: bool) -> None:
    sources = [with_marks(source) if hidden else source for source, _ in ASSERTS]
    found = brought(
        code(SETUP), answer("a", ROOT), answer("b", USES), answer("c", VALUE),
        *(autotest(f"t{n}", source) for n, source in enumerate(sources)),
    )  # fmt: skip
    tree = ast.parse(found.hidden() + found.visible.replace("from __future__", "from os"))
    functions = {n.name: ast.unparse(n) for n in ast.walk(tree) if isinstance(n, ast.FunctionDef)}
    for number, (source, written) in enumerate(ASSERTS):
        assert found.cell(f"t{number}").source == f"checks.t{number}(globals())", found.remarks
        is_hidden = hidden or "AUTOTEST" in source
        text = functions[f"test_t{number}{'_in_hidden_cases' * is_hidden}"]
        if hidden:
            written = written.replace("'wrong root'", "does not show").replace("('no')", "(")
        assert written in text, source
    assert set(lost(found).values()) == {0.0}
    assert "left out" not in found.remarks


def test_cell_magics_are_listed(brought: Bring) -> None:
    found = brought(
        answer("a", f"%%time\n{ROOT}"), autotest("t", "%%capture out\nassert root(4) == 2")
    )
    assert "cell 1 (a): the line `%%time` is not adopted" in found.remarks
    assert "cell 2 (t): the line `%%capture out` is not adopted" in found.remarks
    assert found.cell("t").source == "checks.t(globals())"


def test_visible_asserts_are_visible_checks_and_hidden_ones_are_not(brought: Bring) -> None:
    shown = '"""The root is right."""\nassert root(4) == 2'
    found = adopted(brought, f"{shown}\n{H}\nassert root(81) == 9\n{F}")
    assert "yours.root(4) == 2" in found.checks
    assert "81" not in found.checks
    assert "81" not in found.visible
    assert "81" in found.hidden()
    assert "student.root(81) == 9" in found.hidden()
    assert '"""The root is right."""' in found.visible
    assert "does not show" in found.hidden()
    assert "root(81)" not in found.hidden().split("lambda")[0]


def test_hidden_tests_alone_leave_a_check_that_the_answer_is_written(brought: Bring) -> None:
    found = adopted(brought, f"{H}\nassert root(81) == 9, f'got {{root(81)}}'\n{F}")
    assert 'yield written(yours, "root")' in found.checks
    assert "81" not in found.checks
    assert "got" not in found.hidden()


def test_names_of_other_test_cells_come_along(brought: Bring) -> None:
    found = brought(
        code(SETUP), answer("a", ROOT),
        autotest("t", "values = [1, 4]\nbest = max(values)\nassert root(values[0]) == 1"),
        autotest("u", f"{H}\nassert root(best) == 2\n{F}"),
    )  # fmt: skip
    assert "values = [1, 4]" in found.hidden()
    assert "best = max(values)" in found.hidden()
    assert lost(found) == {"t": 0.0, "u": 0.0}


def test_values_made_by_given_code_from_answers_are_asked_from_the_student(brought: Bring) -> None:
    found = brought(
        code(SETUP), answer("a", ROOT), code("side = root(16)"), autotest("t", "assert side == 4")
    )
    assert "student.value('side') == 4" in found.visible
    assert lost(found) == {"t": 0.0}


def test_check_moves_up_to_the_answer_that_it_tests(brought: Bring) -> None:
    found = brought(
        code(SETUP), answer("a", ROOT), answer("b", USES),
        autotest("t", "assert root(4) == 2"), autotest("u", "assert norm([3, 4]) == 5"),
    )  # fmt: skip
    names = [
        c.metadata.nbgrader.grade_id for c in found.notebook().cells if "nbgrader" in c.metadata
    ]
    assert names[2:6] == ["a", "t", "b", "u"]


STACK = f"class Stack:\n    def __init__(self):\n        {S}\n        self.items = []\n        {E}"


UNCONVERTIBLE = (
    (STACK, "s = Stack()\nassert s.items == []", "own class: ask for a function"),
    (ROOT, "import inspect\nassert 'if' in inspect.getsource(root)", "examines"),
    (ROOT, "assert root.__name__ == 'root'", "examines the code of `root`"),
    (ROOT, "assert root(unknown) == 2", "`unknown`, which no cell above defines"),
    (ROOT, "assert True", "tests nothing that students write"),
    (ROOT, "%%bash\nls", "not plain Python"),
    (ROOT, "%time assert root(4) == 2", "a line of IPython's own"),
    (ROOT, "assert root(4 == 2", "not plain Python"),
    (f"{S}\ndef root(:\n{E}", "assert root(4) == 2", "not plain Python"),
    (ROOT, "assert root(4) == 3", "solution does not pass it"),
    (f"def root(v):\n    {S}\n    return {{v}}\n    {E}", "assert root(4) == {4}", "a set"),
    (USES.replace("sum(a * a for a in v)", "v[0]") + "\n" + ROOT,
     "root = lambda v: 7\nassert norm([1]) == 7", "replaces `root`"),
)  # fmt: skip
"""Answers with tests that can't be converted, each with the reason."""


def test_test_that_cannot_be_converted_leaves_the_answer_to_a_person(tmp_path: Path) -> None:
    for number, (source, test, _) in enumerate(UNCONVERTIBLE):
        cells = answer("a", source), autotest("t", f"{test}\n{H}\nsecret = 1\n{F}", 3)
        write(tmp_path / "old" / f"p{number}.ipynb", code(SETUP), *cells)
    found = bring(tmp_path / "old", tmp_path / "course")
    assert found.points == 3 * len(UNCONVERTIBLE)
    for number, (_, test, reason) in enumerate(UNCONVERTIBLE):
        title = f"p{number}.ipynb"
        assert any(reason in line for line in found.remarks.split("\n") if title in line), reason
        cells = found.notebook(f"p{number}").cells
        made = next(c for c in cells if c.metadata.get("nbgrader", {}).get("points") == 3)
        assert made.metadata.nbgrader.solution
        assert "- (3 points) passes the tests of t" in made.source
        shown = next(cell.source for cell in cells if "not converted" in cell.source)
        assert test.split("\n")[-1] in shown
        assert "secret" not in shown
        kept = found.kept.split(f"## {title}")[1:]
        for line in (*test.split("\n"), "secret = 1"):
            assert any(line in piece for piece in kept)


def test_one_assert_that_cannot_be_converted_does_not_cost_the_others(brought: Bring) -> None:
    found = adopted(
        brought, "import inspect\nassert 'if' in inspect.getsource(root)\nassert root(4) == 2"
    )
    assert "was left out of the test" in found.remarks
    assert "inspect.getsource(root)" in found.kept
    assert "student.root(4) == 2" in found.visible
    assert found.cell("t").source == "checks.t(globals())"


def test_points_of_a_test_without_answers_go_to_its_neighbour(brought: Bring) -> None:
    found = brought(
        code(SETUP),
        answer("a", ROOT),
        autotest("t", "assert root(4) == 2", 2),
        autotest("u", "assert 1", 3),
    )
    assert found.cell("t").metadata.nbgrader.points == 5
    assert "its 3 points went to the test t" in found.remarks


def test_names_of_answers_that_a_test_binds_itself_are_its_own(brought: Bring) -> None:
    loop = f"{S}\ni = 7\ntotal = 3\n{E}"
    found = brought(
        code(SETUP), answer("a", ROOT), answer("l", loop),
        autotest("t", "for i in range(3):\n    assert root(i * i) == i"),
        autotest("u", "assert total == 3"),
    )  # fmt: skip
    assert "student.root(i * i) == i" in found.visible
    assert lost(found) == {"t": 0.0, "u": 0.0}


def test_solution_that_never_ends_is_not_tried_for_ever(
    brought: Bring, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("autograder.release.adopting.adopt.TRIAL_SECONDS", 1.5)
    endless = f"def f(x):\n    {S}\n    while x:\n        pass\n    {E}"
    found = brought(answer("a", endless), autotest("t", "assert f(1) is None"))
    assert "took more than 1.5 s, so not all were tried" in found.remarks
    assert found.cell("t").source == "checks.t(globals())"

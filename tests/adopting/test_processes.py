"""Tests that relied on nbgrader's one process are converted, or a person marks the answer."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from nbformat import NotebookNode

from autograder.grading.inprocess import LocalMarker

from .conftest import Bring
from .nbgraderbooks import Brought, answer, autotest, bring, code, write

S, E = "### BEGIN SOLUTION", "### END SOLUTION"
H, F = "### BEGIN HIDDEN TESTS", "### END HIDDEN TESTS"
SETUP = code("import random\nimport numpy as np")
IN_PLACE = f"def rise(xs):\n    {S}\n    for n in range(len(xs)):\n        xs[n] += 1\n    {E}"
A_COPY = f"def rise(xs):\n    {S}\n    return [x + 1 for x in xs]\n    {E}"
DICE = f"def dice(n):\n    {S}\n    return [random.randint(1, 6) for _ in range(n)]\n    {E}"
GREET = f"def greet(name):\n    {S}\n    print('Hello', name)\n    {E}"
ASK = f"def ask():\n    {S}\n    return int(input()) * 2\n    {E}"
SAVE = f"def save(text, name):\n    {S}\n    open(name, 'w').write(text)\n    {E}"
COUNT = f"def count(name):\n    {S}\n    return len(open(name).read())\n    {E}"


def lost(found: Brought, answers: dict[str, Any]) -> list[float]:
    """The points that a student with these answers loses, by item."""
    marked = LocalMarker(found.course, found.course.assignment("h")).mark("p", answers)
    return [marked.lost(name) for name in marked.items]


def autotests(*sources: str) -> list[NotebookNode]:
    """Test cells of one point each."""
    return [autotest(f"t{number}", source) for number, source in enumerate(sources)]


def does_nothing(_: Any) -> None:
    """An answer that leaves its argument alone."""


def changes_its_argument(xs: Any) -> Any:
    """A right answer, except that the argument is not the caller's any more."""
    found = [x + 1 for x in xs]
    for n in range(len(xs)):
        xs[n] = 0
    return found


IN_PLACE_TESTS = (
    "a = [1, 2]\nrise(a)\nassert a == [2, 3]",
    "a = np.arange(3)\nassert rise(a) is None\nnp.testing.assert_array_equal(a, [1, 2, 3])",
    "for n in (3, 4):\n    a = list(range(n))\n    rise(a)\n    assert a[-1] == n",
    "def near(v):\n    a = [v]\n    rise(a)\n    assert abs(a[0] - v - 1) < 1e-6\nnear(3.5)",
    "a = [1]\nresult = rise(a)\nassert result is None\nassert a == [2]",
    "a = [1]\nrise(a)\nrise(a)\nassert a == [3]",
)


@pytest.mark.parametrize("hidden", [False, True])
def test_answer_that_changes_its_argument_is_tested(brought: Bring, hidden: bool) -> None:
    sources = [f"{H}\n{test}\n{F}" if hidden else test for test in IN_PLACE_TESTS]
    found = brought(SETUP, answer("a", IN_PLACE), *autotests(*sources))
    assert "left out" not in found.remarks
    assert lost(found, {}) == [0] * len(sources)
    assert lost(found, {"rise": does_nothing}) == [1] * len(sources)


def test_claim_that_an_argument_is_left_alone_is_kept(brought: Bring) -> None:
    tests = autotests(
        "a = [1, 2]\nb = rise(a)\nassert b == [2, 3]\nassert a == [1, 2]",
        "a = [1, 2]\nold = a.copy()\nassert rise(a) == [2, 3]\nassert a == old, 'changed'",
        "a = [1, 2]\nassert rise(a) == [2, 3]\nassert np.array_equal(a, [1, 2])",
    )
    found = brought(SETUP, answer("a", A_COPY), *tests)
    assert lost(found, {}) == [0, 0, 0]
    assert lost(found, {"rise": changes_its_argument}) == [1, 1, 1]


def test_argument_is_read_back_only_for_a_claim_about_it(brought: Bring) -> None:
    test = "a = [1, 2]\nb = rise(a)\nassert len(b) == len(a)"
    found = brought(SETUP, answer("a", A_COPY), autotest("t", test))
    assert "arguments_after" not in found.visible


REACHING = (
    (DICE, "random.seed(3)\nassert dice(3) == [2, 5, 5]", "in separate processes"),
    (GREET, "import io\nfrom contextlib import redirect_stdout\nb = io.StringIO()\n"
     "with redirect_stdout(b):\n    greet('A')\nassert b.getvalue() == 'Hello A\\n'", "prints"),
    (GREET, "import io, sys\nsys.stdout = io.StringIO()\ngreet('A')\n"
     "assert 'Hello' in sys.stdout.getvalue()", "replaces `sys.stdout`"),
    (ASK, "from unittest.mock import patch\nwith patch('builtins.input', lambda: '4'):\n"
     "    assert ask() == 8", "uses `patch`"),
    (ASK, "import builtins\nbuiltins.input = lambda: '4'\nassert ask() == 8",
     "replaces `builtins.input`"),
    (SAVE, "save('abc', 'out.txt')\nassert open('out.txt').read() == 'abc'", "file out.txt"),
    (COUNT, "with open('in.txt', 'w') as f:\n    f.write('abc')\nassert count('in.txt') == 3",
     "file in.txt"),
    (COUNT, "import tempfile\nf = tempfile.NamedTemporaryFile()\nassert count(f.name) == 0",
     "temporary file"),
    (A_COPY, "import unittest\nclass T(unittest.TestCase):\n    def test_a(self):\n"
     "        self.assertEqual(rise([1]), [2])\nunittest.main(argv=[''], exit=False)\n"
     "assert rise([0]) == [1]", "class of tests"),
)  # fmt: skip
"""Solutions with tests that reach into the process, each with the reason that is given."""


def test_test_that_reaches_into_the_process_leaves_the_answer_to_a_person(tmp_path: Path) -> None:
    for number, (solution, test, _) in enumerate(REACHING):
        cells = answer("a", solution), autotest("t", test, 3)
        write(tmp_path / "old" / f"p{number}.ipynb", SETUP, *cells)
    found = bring(tmp_path / "old", tmp_path / "course")
    assert found.points == 3 * len(REACHING)
    for number, (_, test, reason) in enumerate(REACHING):
        title = f"p{number}.ipynb"
        remarks = "\n".join(line for line in found.remarks.split("\n") if title in line)
        assert "a person marks it" in remarks
        assert reason in remarks
        [kept] = [part for part in found.kept.split("## ") if part.startswith(title)]
        assert test.split("\n")[-1] in kept


def test_data_file_may_be_read_by_the_test_and_by_the_answer(tmp_path: Path) -> None:
    place = tmp_path / "old"
    test = "assert count('data/x.txt') == len(open('data/x.txt').read())"
    write(place / "p.ipynb", answer("a", COUNT), autotest("t", test))
    (place / "data").mkdir()
    (place / "data/x.txt").write_text("abc")
    found = bring(place, tmp_path / "course")
    assert "a person" not in found.remarks
    assert "student.count('x.txt') == len(open('x.txt')" in found.visible


def test_files_that_programs_left_stay_behind(tmp_path: Path) -> None:
    place = tmp_path / "old"
    write(place / "p.ipynb", answer("a", COUNT), autotest("t", "assert callable(count)"))
    (place / "x.csv").write_text("1")
    for name in ("~$x.xlsx", "x.csv~", ".DS_Store", "Thumbs.db", "x.pyc"):
        (place / name).write_text("left")
    assert set(bring(place, tmp_path / "course").plan.files) == {"x.csv"}

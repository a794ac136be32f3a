"""The notebooks run top to bottom: finished, untouched, and with any one answer unfinished."""

from __future__ import annotations

import ast
import inspect
import re
import sys
from collections.abc import Iterable, Sequence
from types import ModuleType
from typing import Any

import matplotlib.pyplot as plt
import pytest
from nbformat import NotebookNode

from .test_form import PROBLEMS

SOLUTION = re.compile(r"^([ \t]*)### BEGIN SOLUTION\n.*?### END SOLUTION$", re.S | re.M)
STUB = r"\1# YOUR CODE HERE\n\1raise NotImplementedError()"

EXPERIMENTS = ("p1-experiment", "p2b-paths", "p2c-traces", "p2c-surface", "p3-experiment")


def stubbed(source: str) -> str:
    """An answer cell as students first see it."""
    return SOLUTION.sub(STUB, source)


def run(notebook: NotebookNode, unfinished: set[str], skipped: Sequence[str] = ()) -> set[str]:
    """Run a notebook's code in one namespace, with some answer cells unfinished; the cells that
    raised. pyplot's `show` does nothing under the backend of the tests."""
    names: dict[str, Any] = {"__name__": "__main__"}
    raised = set()
    for cell in notebook.cells:
        if cell.cell_type == "code" and cell.id not in skipped:
            source = stubbed(cell.source) if cell.id in unfinished else cell.source
            try:
                exec(compile(source, cell.id, "exec"), names)
            except NotImplementedError:
                raised.add(cell.id)
    return raised


def answers(notebook: NotebookNode) -> list[str]:
    return [cell.id for cell in notebook.cells if cell.id.endswith("-answer")]


@pytest.mark.usefixtures("checks")
@pytest.mark.parametrize("problem", PROBLEMS)
def test_finished_notebook_passes_its_checks_and_shows_its_pictures(
    problem: str,
    notebooks: dict[str, NotebookNode],
    capsys: pytest.CaptureFixture[str],
) -> None:
    with plt.rc_context():
        assert run(notebooks[problem], set()) == set()
    output = capsys.readouterr()
    assert "✗" not in output.out
    assert "waits for" not in output.out
    assert "restart the kernel" in output.out
    assert output.err == ""
    expected = {"problem1_momentum": 1, "problem2_landscape": 3, "problem3_ntk": 2}
    assert len(plt.get_fignums()) == expected[problem]


@pytest.mark.usefixtures("checks")
@pytest.mark.parametrize("problem", PROBLEMS)
def test_untouched_notebook_runs_and_waits(
    problem: str, notebooks: dict[str, NotebookNode], capsys: pytest.CaptureFixture[str]
) -> None:
    notebook = notebooks[problem]
    with plt.rc_context():
        raised = run(notebook, set(answers(notebook)))
    assert raised <= {"p2a-values-answer"}
    text = capsys.readouterr().out
    assert "✓" not in text
    assert "✗" not in text
    assert "waits for" in text


@pytest.mark.usefixtures("checks")
@pytest.mark.parametrize("every", [4, pytest.param(1, marks=pytest.mark.slow)])
def test_any_one_unfinished_answer_stops_nothing(
    every: int, notebooks: dict[str, NotebookNode]
) -> None:
    """Experiments are left out for their time; the next test is about them."""
    for notebook in notebooks.values():
        for answer in answers(notebook)[::every]:
            with plt.rc_context():
                raised = run(notebook, {answer}, skipped=EXPERIMENTS)
            assert raised <= {"p2a-values-answer"}


def test_experiments_ask_first_for_every_answer_that_they_use(
    notebooks: dict[str, NotebookNode], checks: ModuleType
) -> None:
    written = {name for its in checks.PROBLEMS.values() for item in its for name in item.answers}
    for notebook in notebooks.values():
        for cell in notebook.cells:
            if cell.id in EXPERIMENTS:
                (condition,) = ast.parse(cell.source).body
                assert isinstance(condition, ast.If)
                question = condition.test
                assert isinstance(question, ast.Call)
                assert ast.unparse(question.func) == "checks.ready"
                asked = {a.value for a in question.args if isinstance(a, ast.Constant)}
                used = {n.id for n in ast.walk(condition) if isinstance(n, ast.Name)}
                assert asked == used & written, cell.id


def test_only_the_top_level_stub_may_raise(notebooks: dict[str, NotebookNode]) -> None:
    tagged = {
        cell.id
        for notebook in notebooks.values()
        for cell in notebook.cells
        if "raises-exception" in cell.metadata.get("tags", [])
    }
    assert tagged == {"p2a-values-answer"}


def imports_of(nodes: Iterable[ast.AST]) -> set[str]:
    """The packages that are imported there, Python's own aside."""
    imported = set()
    for node in nodes:
        if isinstance(node, ast.ImportFrom):
            imported.add(str(node.module).split(".")[0])
        elif isinstance(node, ast.Import):
            imported |= {alias.name.split(".")[0] for alias in node.names}
    return imported - sys.stdlib_module_names


def test_checks_need_numpy_and_matplotlib_only(checks: ModuleType) -> None:
    tree = ast.parse(inspect.getsource(checks))
    assert imports_of(tree.body) == {"numpy", "matplotlib"}
    # every notebook runs in IPython, which needs traitlets, and so does packing
    assert imports_of(ast.walk(tree)) == {"numpy", "matplotlib", "IPython", "traitlets"}


@pytest.mark.parametrize("problem", PROBLEMS)
def test_missing_checks_file_is_told_in_plain_words(
    problem: str, notebooks: dict[str, NotebookNode], monkeypatch: pytest.MonkeyPatch
) -> None:
    setup = next(cell for cell in notebooks[problem].cells if cell.id.endswith("-setup"))
    monkeypatch.delitem(sys.modules, "checks", raising=False)
    monkeypatch.setattr(sys, "path", [p for p in sys.path if "source" not in p])
    with pytest.raises(ModuleNotFoundError, match=r"checks\.py is not beside this notebook"):
        exec(setup.source, {})

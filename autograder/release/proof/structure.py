"""Check that items, answers, checks, hidden tests and rubrics fit together."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from keyword import iskeyword
from pathlib import Path
from typing import get_args

from nbformat import NotebookNode

from autograder.course.assignment import NEARLY, Assignment, Item, Kind
from autograder.course.directives import directive_of, split_answer
from autograder.course.gradecells import (
    CellPlace,
    grade_id,
    is_answer,
    is_check,
    is_locked,
    is_manual,
)
from autograder.course.rubric import Evidence, read_rubric
from autograder.errors import CourseError, ReleaseError
from autograder.release.definitions import parse_python
from autograder.release.fill import plain_python
from autograder.release.proof.statements import worth
from autograder.release.proof.texts import cells
from autograder.release.stated import sums
from autograder.words import counted


@dataclass(frozen=True)
class HiddenTest:
    """A hidden test's decorator: the item, the part, and whether the test is a core test."""

    where: str
    item: str
    part: str
    core: bool


def hidden_tests(hidden: Path) -> tuple[list[HiddenTest], list[str]]:
    """Return an assignment's hidden tests, and the faults in their decorators and docstrings.

    The files of hidden tests are parsed, not run.
    """
    tests: list[HiddenTest] = []
    faults: list[str] = []
    for path in sorted(hidden.rglob("test_*.py")):
        for node in ast.walk(parse_python(path)):
            if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
                where = f"{path.name}, {node.name}"
                try:
                    tests.append(_hidden_test(node, where))
                except ReleaseError as error:
                    faults.append(str(error))
                if not ast.get_docstring(node):
                    faults.append(
                        f"{where} has no docstring: add the claim that the feedback shows"
                    )
    return tests, faults


def name_faults(
    assignment: Assignment,
    sources: dict[str, NotebookNode],
    checks: Path,
    hidden: Path,
    misconceptions: Iterable[tuple[str, str]],
) -> Iterator[str]:
    """Yield items without a hidden test or a visible check, and names of unknown items.

    `misconceptions` are pairs of a misconception's name and its item. No other check reports an
    item that was renamed.
    """
    if not hidden.is_dir():
        yield f"{hidden} is missing: put the hidden tests there"
        return
    tests, faults = hidden_tests(hidden)
    yield from faults
    auto = [item.name for item in assignment.select("auto")]
    wanted = [(test.where, test.item) for test in tests]
    wanted += [(f"the misconception {name!r}", item) for name, item in misconceptions]
    for what, item in wanted:
        if item not in auto:
            kind = "a manual item" if item in assignment.items else "not an item"
            yield f"{what} is for {item}, which is {kind} of {assignment.name}"
    tested = {test.item for test in tests}
    yield from (f"item {name} has no hidden test" for name in auto if name not in tested)
    functions = {
        each.name: each for each in parse_python(checks).body if isinstance(each, ast.FunctionDef)
    }
    for where, cell in cells(sources):
        if is_check(cell):
            yield from _check_faults(cell, where, functions)


def test_faults(assignment: Assignment, hidden: Path) -> Iterator[str]:
    """Yield items and parts without a core test, because no student could earn their points."""
    tests, _ = hidden_tests(hidden)
    for name in sorted(item.name for item in assignment.select("auto")):
        mine = [test for test in tests if test.item == name]
        core = {test.part for test in mine if test.core}
        if mine and not core:
            yield f"item {name} has only robustness tests: no test can earn its points"
        for test in mine:
            if core and not test.core and test.part not in core | {"answer"}:
                yield f"{test.where}: part {test.part!r} of {name} has no core test"


def cell_order_faults(assignment: Assignment, sources: dict[str, NotebookNode]) -> Iterator[str]:
    """Yield auto items without an answer cell, or without a locked check cell after that cell.

    In a light proof, several answer cells may share the check cell that follows them.
    """
    full = assignment.proof == "full"
    for name, notebook in sources.items():
        answer = ""
        unchecked: CellPlace | None = None
        for where, cell in cells({name: notebook}):
            if is_answer(cell):
                if directive_of(cell, where) is None:
                    yield f"{where} is an answer cell without a REFERENCE line"
                if unchecked and full:
                    yield f"{unchecked} is an answer cell that no check cell follows"
                answer, unchecked = grade_id(cell), where
            elif is_check(cell):
                owner = answer.removesuffix("-answer")
                if not answer or (owner in assignment.items and owner != grade_id(cell)):
                    yield f"{where}: item {grade_id(cell)} has no answer cell before its check cell"
                if not is_locked(cell):
                    yield f"{where}: a check cell must be locked"
                unchecked = None
        if unchecked and full:
            yield f"{unchecked} is an answer cell that no check cell follows"


def rubric_faults(
    assignment: Assignment, sources: dict[str, NotebookNode], hidden: Path
) -> Iterator[str]:
    """Yield manual items whose rubric is missing, is unreadable, or names unknown evidence."""
    tests, _ = hidden_tests(hidden)
    for where, _, source in _manual(assignment, sources):
        try:
            model, rubric = split_answer(source, where)[0], read_rubric(source, where)
        except CourseError as error:
            yield str(error)
            continue
        if not model.strip():
            yield f"{where} has no model answer before its rubric"
        for evidence in rubric.evidence:
            if fault := _evidence_fault(evidence, assignment, tests):
                yield f"{where} names the evidence {evidence}{fault}"


def rubric_point_faults(assignment: Assignment, sources: dict[str, NotebookNode]) -> Iterator[str]:
    """Yield rubrics whose points do not add up to their items' points."""
    for where, item, source in _manual(assignment, sources):
        with suppress(CourseError):  # `rubric_faults` reports this error
            points = read_rubric(source, where).points
            if abs(points - item.max_points) > NEARLY:
                yield f"{where} has a rubric of {points:g} points; {worth([item])}"


def _manual(
    assignment: Assignment, sources: dict[str, NotebookNode]
) -> Iterator[tuple[CellPlace, Item, str]]:
    for where, cell in cells(sources):
        if is_manual(cell):
            yield where, assignment.items[grade_id(cell)], cell.source


def problem_faults(assignment: Assignment) -> Iterator[str]:
    """Yield notebooks without an item."""
    for problem in assignment.problems:
        if not problem.items:
            yield f"{problem.name}.ipynb has no item: add one, or move the notebook elsewhere"


def points_summary(assignment: Assignment) -> str:
    """Return as text the number of items and their points."""
    kinds = " and ".join(f"{len(assignment.select(kind))} {kind}" for kind in get_args(Kind))
    regular, bonus = sums(assignment.items.values())
    return f"{kinds} items; {counted(regular, 'point')} and {counted(bonus, 'bonus point')}"


def _hidden_test(node: ast.FunctionDef, where: str) -> HiddenTest:
    calls = [each for each in node.decorator_list if _is_item(each)]
    if len(calls) != 1:
        raise ReleaseError(f"{where} has {len(calls)} @item decorators; a test needs exactly one")
    (call,) = calls
    assert isinstance(call, ast.Call)
    given = dict(zip(("name",), call.args, strict=False))
    given |= {word.arg or "": word.value for word in call.keywords}
    try:
        values = {
            name: ast.literal_eval(given[name])
            for name in ("name", "part", "costs", "care")
            if name in given
        }
        core = not (float(values.get("costs", 0)) or values.get("care"))
        return HiddenTest(where, str(values["name"]), str(values.get("part", "answer")), core)
    except (KeyError, ValueError, TypeError, SyntaxError) as error:
        raise ReleaseError(
            f"{where}: give @item its name, part, costs and care as plain values"
        ) from error


def _is_item(decorator: ast.expr) -> bool:
    """Return whether a decorator is a call such as `@item(...)` or `@testkit.item(...)`."""
    return isinstance(decorator, ast.Call) and ast.unparse(decorator.func).split(".")[-1] == "item"


def _check_faults(
    cell: NotebookNode, where: CellPlace, functions: Mapping[str, ast.FunctionDef]
) -> Iterator[str]:
    function = grade_id(cell).replace("-", "_")
    if not function.isidentifier() or iskeyword(function):
        yield (
            f"{where}: the item's check can't be called {function} in Python: rename the item, "
            f"such as q-{grade_id(cell)}"
        )
        return
    if not _calls_only(cell.source, function):
        yield (
            f"{where}: a check cell must contain only `checks.{function}(globals())`, apart from "
            "comments and imports: move other code into checks.py or into another cell"
        )
    if function not in functions:
        yield f"checks.py has no function {function} for item {grade_id(cell)}"
        return
    for decorator in functions[function].decorator_list:
        if isinstance(decorator, ast.Call) and ast.unparse(decorator.func) == "check":
            hints = [*decorator.args, *decorator.keywords]
            if len(hints) != 3 and not any(isinstance(hint, ast.Starred) for hint in hints):
                yield (
                    f"checks.py, {function}: @check has {len(hints)} of 3 hints: a nudge, the form "
                    "of the answer, and where to look"
                )


def _calls_only(source: str, function: str) -> bool:
    """Return whether code is one call of the item's check, apart from imports and comments."""
    try:
        statements = ast.parse(plain_python(source)).body
    except SyntaxError:
        return False
    calls = [each for each in statements if not isinstance(each, ast.Import | ast.ImportFrom)]
    return [ast.unparse(each) for each in calls] == [f"checks.{function}(globals())"]


def _evidence_fault(evidence: Evidence, assignment: Assignment, tests: list[HiddenTest]) -> str:
    item = assignment.items.get(evidence.item)
    if item is None or item.kind != "auto":
        kind = "not an item" if item is None else "a manual item"
        return f", but {evidence.item} is {kind} of {assignment.name}"
    parts = {test.part for test in tests if test.item == evidence.item and test.core}
    if evidence.part and evidence.part not in parts:
        return f"; {evidence.item} has the parts {', '.join(sorted(parts)) or 'none'}"
    return ""

"""The tests of one item share a process while they pass, and shared state costs no points."""

from __future__ import annotations

import contextlib
import gc
import math
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from autograder.course.assignment import Assignment, Item, Problem
from autograder.course.directives import Reference
from autograder.course.rules import Deadline
from autograder.grading.hiddentests import HiddenTests
from autograder.grading.plugin import MarkingPlugin, Outcome
from autograder.sandbox import (
    Cell,
    NotDone,
    Notebook,
    Raised,
    Sandbox,
    Student,
    StudentFailure,
)

NOON = datetime(2024, 1, 1, tzinfo=UTC)
ITEMS = ("first", "second")

HEAD = """
import pytest
from autograder.grading.testkit import ClaimFailed, item
"""


@dataclass
class Process:
    """A student's process with one function, whose answer depends on the number of calls."""

    answer: Callable[[int], Any]
    log: list[str]
    asked: int = 0

    def __getattr__(self, name: str) -> Callable[..., Any]:
        if name.startswith("_"):
            raise AttributeError(name)

        def call() -> Any:
            self.asked += 1
            self.log.append(f"asked {self.asked}")
            return self.answer(self.asked)

        return call

    def with_stand_ins(self, _functions: object) -> Process:
        return self

    def renew(self) -> None:
        self.log.append("renewed")

    def close(self) -> None:
        self.log.append("closed")


@dataclass
class Desk:
    """Gives out processes and remembers how they ended."""

    answer: Callable[[int], Any]
    log: list[str] = field(default_factory=list)

    def student(self, _problem: str) -> Any:
        self.log.append("forked")
        return Process(self.answer, self.log)


def outcomes(
    folder: Path,
    tests: str,
    desk: Desk,
    deadline: float = math.inf,
    **references: Callable[..., object],
) -> list[Outcome]:
    (folder / "test_shared.py").write_text(HEAD + tests, encoding="utf-8")
    known = tuple(Reference("m", name) for name in references)
    items = tuple(Item(name, "auto", 1.0, False, "p", known) for name in ITEMS)
    homework = Assignment(
        name="hw",
        title="Homework",
        opens=NOON,
        deadline=Deadline(NOON),
        problems=(Problem("p", "P", items),),
    )
    plugin = MarkingPlugin(homework)
    pairs = {"f": dict.fromkeys(references, "f may build on it")}
    plugin.begin(desk.student, seed=0, deadline=deadline, references=references, pairs=pairs)
    with contextlib.closing(HiddenTests(folder, plugin)) as tests_of_folder:
        tests_of_folder.run()
    return plugin.outcomes


THREE_AND_ONE = """
@item("first")
@pytest.mark.parametrize("case", [1, 2])
def test_one(student, case):
    assert student.f() == "right"

@item("first")
def test_two(student):
    assert student.f() == "right"

@item("second")
def test_three(student):
    assert student.f() == "right"
"""


def test_tests_of_an_item_share_a_process_and_those_of_two_items_do_not(tmp_path: Path) -> None:
    desk = Desk(lambda _: "right")
    found = outcomes(tmp_path, THREE_AND_ONE, desk)
    assert [outcome.passed for outcome in found] == [True] * 4
    assert desk.log == [
        "forked", "asked 1", "renewed", "asked 2", "renewed", "asked 3", "closed",
        "forked", "asked 1", "closed",
    ]  # fmt: skip


def test_what_earlier_tests_have_left_costs_nothing(tmp_path: Path) -> None:
    """A function that answers correctly only once in each process passes every test."""
    desk = Desk(lambda asked: "right" if asked == 1 else "spoilt")
    found = outcomes(tmp_path, THREE_AND_ONE, desk)
    assert [outcome.passed for outcome in found] == [True] * 4
    assert desk.log.count("forked") == 4


def test_a_test_that_fails_in_a_fresh_process_is_not_taken_again(tmp_path: Path) -> None:
    desk = Desk(lambda _: "wrong")
    found = outcomes(tmp_path, THREE_AND_ONE, desk)
    assert [outcome.passed for outcome in found] == [False] * 4
    asked = [line for line in desk.log if line.startswith("asked")]
    assert asked == ["asked 1"] * 4


def test_a_function_that_has_to_be_asked_twice_fails_where_it_is_asked_once(
    tmp_path: Path,
) -> None:
    """The first test fails in a fresh process, so the next test gets another fresh process."""
    desk = Desk(lambda asked: "right" if asked > 1 else "wrong")
    found = outcomes(tmp_path, THREE_AND_ONE, desk)
    assert [outcome.passed for outcome in found] == [False] * 4


def test_the_transcript_is_that_of_the_run_that_counts(tmp_path: Path) -> None:
    def answer(asked: int) -> str:
        if asked > 1:
            raise Raised("The code raised a ValueError.", "ValueError", None)
        return "right"

    found = outcomes(tmp_path, THREE_AND_ONE, Desk(answer))
    assert [[event.failure for event in outcome.transcript] for outcome in found] == [[""]] * 4


def test_no_call_is_said_to_have_failed_where_none_was_made(tmp_path: Path) -> None:
    """Once the time is used up, every later test says that the time is used up."""
    desk = Desk(lambda _: "right")
    found = outcomes(tmp_path, THREE_AND_ONE, desk, deadline=0.0)
    told = "Not called: the time for this submission was already used up."
    assert [outcome.message for outcome in found] == [told] * 4
    assert desk.log == []


ASKED_ONCE = """
@item("first")
def test_one(student, once):
    assert once(student.f) == "right"

@item("first")
def test_two(student, once):
    assert once(student.f) == "right"

@item("second")
def test_three(student, once):
    assert once(student.f) == "right"
"""


def test_what_is_asked_once_is_asked_once_for_each_item(tmp_path: Path) -> None:
    desk = Desk(lambda asked: "right" if asked == 1 else "spoilt")
    found = outcomes(tmp_path, ASKED_ONCE, desk)
    assert [outcome.passed for outcome in found] == [True] * 3
    assert [line for line in desk.log if line.startswith("asked")] == ["asked 1"] * 2


def test_a_test_that_fails_by_what_was_asked_once_asks_anew(tmp_path: Path) -> None:
    """A stored answer from an earlier test does not make a later test fail."""
    answers = iter(["right for one", "right for two"])
    desk = Desk(lambda _: next(answers))
    tests = ASKED_ONCE.partition('@item("second")')[0]
    tests = tests.replace('"right"', '"right for one"', 1).replace('"right"', '"right for two"')
    found = outcomes(tmp_path, tests, desk)
    assert [outcome.passed for outcome in found] == [True] * 2
    assert [line for line in desk.log if line.startswith("asked")] == ["asked 1"] * 2


def test_each_test_that_fails_by_what_was_asked_once_tells_what_it_asked(tmp_path: Path) -> None:
    found = outcomes(tmp_path, ASKED_ONCE, Desk(lambda _: "wrong"))
    asked = [[(event.name, event.answer) for event in outcome.transcript] for outcome in found]
    assert asked == [[("f", "wrong")]] * 3


def test_a_failure_is_no_answer_that_is_kept(tmp_path: Path) -> None:
    def answer(asked: int) -> str:
        if asked == 1:
            raise Raised("The code raised a ValueError.", "ValueError", None)
        return "right"

    assert [o.passed for o in outcomes(tmp_path, ASKED_ONCE, Desk(answer))] == [False] * 3


@contextmanager
def student_of(source: str, sandbox: Sandbox) -> Iterator[Student]:
    """Yield the student whose notebook has this one cell, behind this machine's walls."""
    notebook = Notebook(sandbox, "p", [Cell(0, source)], {}, seed=1)
    notebook.run(float("inf"))
    student = notebook.student(lambda _: "")
    try:
        yield student
    finally:
        student.close()
        notebook.close()
        sandbox.renew()


COUNTS = """
kept = []
def count(f):
    kept.append(f)
    return len(kept)
def again(f):
    return kept[0](1)
"""


def test_functions_of_an_earlier_test_are_out_of_reach(sandbox: Sandbox) -> None:
    """Nothing stays open for the garbage collector, which would warn about open files."""
    gc.collect()  # leftovers of earlier tests do not concern this test
    with warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always")
        with student_of(COUNTS, sandbox) as student:
            assert student.count(lambda x: x) == 1
            assert student.again(lambda x: x) == 1  # works within one test
            student.renew()
            assert student.count(lambda x: x) == 2  # the same process
            with pytest.raises(StudentFailure):
                student.again(lambda x: x)
        gc.collect()
    assert [str(warning.message) for warning in warned] == []


UNDONE = """
def undone():
    raise NotImplementedError

def on_top():
    return undone()

def odd():
    error = NotImplementedError("from afar")
    raise error from ValueError(undone)
"""


@pytest.mark.parametrize(
    ("name", "by_itself"), [("undone", True), ("on_top", False), ("odd", True)]
)
def test_an_answer_that_is_not_written_is_told_from_one_that_calls_such(
    name: str, by_itself: bool, sandbox: Sandbox
) -> None:
    with student_of(UNDONE, sandbox) as student:
        with pytest.raises(NotDone) as failure:
            getattr(student, name)()
        assert failure.value.by_itself is by_itself


@pytest.mark.parametrize("by_itself", [True, False])
def test_nothing_stands_in_for_a_function_that_is_not_written(
    tmp_path: Path, by_itself: bool
) -> None:
    def answer(_: int) -> str:
        raise NotDone(by_itself=by_itself)

    desk = Desk(answer)
    found = outcomes(tmp_path, THREE_AND_ONE, desk, other=len)
    assert [outcome.passed for outcome in found] == [False] * 4
    assert desk.log.count("forked") == 4

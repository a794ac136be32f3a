from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from autograder.course.assignment import Course
from autograder.desk.desk import Desk
from autograder.desk.messages import AnswerView, Given
from tests.gradebook.conftest import compiled_once, empty_gradebook, prepared
from tests.gradebook.course import mark, record
from tests.gradebook.shared import copied

__all__ = ["compiled_once", "empty_gradebook", "prepared"]

CLASS = {
    "anna": {"a-proof": "The chain rule, $f' = 2x$."},
    "ben": {"a-proof": "The chain  rule,\n$f' = 2x$."},
    "cleo": {"a-proof": "It doubles, since $f'(x) = 2x$.", "b-essay": "It is flat."},
    "dora": {},
}
"""Answers to the items that people mark; Anna's and Ben's proofs differ only in white space."""


@pytest.fixture(scope="session")
def marked_once(prepared: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A course whose class was marked by tests, made once."""
    course = copied(prepared, tmp_path_factory.mktemp("marked") / "course")
    assignment = course.assignment("hw")
    for student, answers in CLASS.items():
        record(course, assignment, student, mark(course, answers=answers))
    return course.root


@pytest.fixture
def marked(marked_once: Path, tmp_path: Path) -> Course:
    """A copy of that course."""
    return copied(marked_once, tmp_path / "course")


@pytest.fixture
def desk(marked: Course) -> Iterator[Desk]:
    desk = Desk(marked, "hw")
    yield desk
    desk.close()


class Marker:
    """A person at the desk, who sees an answer before each mark."""

    def __init__(self, desk: Desk, name: str) -> None:
        self.desk = desk
        self.name = name

    def id(self, item: str, student: str) -> str:
        [found] = [
            each.id
            for each in self.desk.queue(self.name, names=True).answers
            if (each.item, each.name) == (item, student)
        ]
        return found

    def sees(self, item: str, student: str) -> AnswerView:
        return self.desk.answer(self.id(item, student), self.name, names=True)

    def gives(
        self, item: str, student: str, *ticks: str, state: str | None = None, **more: Any
    ) -> AnswerView:
        view = self.sees(item, student)
        given = Given(marker=self.name, state=state or view.state, ticks=ticks, **more)
        return self.desk.save(view.entry.id, given)


@pytest.fixture
def rita(desk: Desk) -> Marker:
    return Marker(desk, "Rita")


@pytest.fixture
def sam(marked: Course) -> Iterator[Marker]:
    """A second marker with a desk of his own, as on another server."""
    desk = Desk(marked, "hw")
    yield Marker(desk, "Sam")
    desk.close()

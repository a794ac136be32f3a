"""Misconceptions: wrong answers that people really give, each with the sentence that helps.

An assignment's `autograder/hidden/NAME/misconceptions.py` makes one Catalogue, `misconceptions`,
and fills it. A misconception is a wrong function (or a change of the reference's text, or a wrong
value) in the place of one of the names that an item asks for. They serve three times: the release
proof shows that each loses its own item alone, diagnosis tells a student which one an answer
agrees with, and sample classes are drawn from them.
"""

from __future__ import annotations

import contextlib
import inspect
import textwrap
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations
from types import CodeType, FunctionType
from typing import Any, TypeVar

import numpy as np

from autograder.course.assignment import Assignment, Course
from autograder.course.code import load_beside_tests, run_solution
from autograder.errors import CourseError
from autograder.grading.plugin import Outcome

MODULE = "misconceptions"

Names = dict[str, Any]
Function = TypeVar("Function", bound=Callable[..., Any])


@dataclass(frozen=True)
class Change:
    """A reference's text, and the pieces of it that are exchanged: (what stands there, instead)."""

    reference: str
    pieces: tuple[tuple[str, str], ...]

    def text(self) -> str:
        """The text with its pieces exchanged; ValueError unless each is there once in its turn."""
        text = self.reference
        for old, new in self.pieces:
            if (count := text.count(old)) != 1:
                raise ValueError(f"{old!r}, which stands {count} times")
            text = text.replace(old, new)
        return text

    def text_with(self, other: Change) -> str | None:
        """The text with both changes; None where they touch the same piece."""
        for first, second in ((self, other), (other, self)):
            with contextlib.suppress(ValueError):
                return Change(self.reference, (*first.pieces, *second.pieces)).text()
        return None


@dataclass(frozen=True)
class Misconception:
    """One wrong answer to an item.

    `sentence` is what the student reads where an answer agrees with it; `answers` are the names
    of the notebook that it gets wrong, with what stands under them, and `source` is that as the
    text of a cell; `keeps` is the part of the item's points that an instructor leaves to it.
    `changes` are, for the answers that are a reference with pieces exchanged, that reference's text
    and the pieces. `recognises`, if it is there, tells from what the hidden tests found whether an
    answer has the misconception; comparing answers can't where they leave something free.
    """

    name: str
    item: str
    sentence: str
    answers: Mapping[str, Any]
    source: str
    keeps: float = 0.0
    changes: Mapping[str, Change] = field(default_factory=dict)
    recognises: Callable[[Sequence[Outcome]], bool] | None = None

    def __str__(self) -> str:
        return f"{self.item}: {self.name}"


class Catalogue:
    """The misconceptions of one assignment, in the order in which they were written."""

    def __init__(self) -> None:
        self._found: dict[tuple[str, str], Misconception] = {}
        self._helpers: dict[str, Callable[..., Any]] = {}
        self._causes: dict[tuple[str, str], str] = {}

    def __iter__(self) -> Iterator[Misconception]:
        return iter(self._found.values())

    def __len__(self) -> int:
        return len(self._found)

    def of(self, item: str) -> tuple[Misconception, ...]:
        """Those of one item."""
        return tuple(found for found in self if found.item == item)

    def share(self, cause: str, *misconceptions: tuple[str, str]) -> None:
        """Have these (item, name) count as one mistake, which only the first item pays for.

        CourseError where one of them is not there.
        """
        for key in misconceptions:
            if key not in self._found:
                raise CourseError(f"there is no misconception {key[1]!r} of {key[0]} to share")
            self._causes[key] = cause

    def cause(self, misconception: Misconception) -> str:
        """The mistake that it shares with misconceptions of other items; empty if there is none."""
        return self._causes.get((misconception.item, misconception.name), "")

    def helper(self, function: Function) -> Function:
        """Decorates a function that wrong functions below it may call; it goes where they go."""
        self._helpers[function.__name__] = function
        return function

    def function(
        self, item: str, target: str, sentence: str, *, keeps: float = 0.0
    ) -> Callable[[Function], Function]:
        """Decorates a wrong function that stands in the notebook under the name `target`.

        The decorated function's own name is the misconception's. It sees the notebook's world:
        `np`, `plt` and the other answers (which are right).
        """

        def register(function: Function) -> Function:
            name = function.__name__
            helpers = self._called_by(function)
            answers: dict[str, Callable[..., Any]] = {**helpers, target: function}
            text = "\n\n".join(_text(answer, key) for key, answer in answers.items())
            self.add(Misconception(name, item, sentence, answers, text, keeps))
            return function

        return register

    def _called_by(self, function: Callable[..., Any]) -> dict[str, Callable[..., Any]]:
        """The helpers that the function calls, and those that these call."""
        found: dict[str, Callable[..., Any]] = {}
        for name in sorted(names_in(function.__code__) & self._helpers.keys()):
            found |= {**self._called_by(self._helpers[name]), name: self._helpers[name]}
        return found

    def change(
        self,
        item: str,
        name: str,
        sentence: str,
        reference: Callable[..., Any],
        *changes: tuple[str, str],
        keeps: float = 0.0,
        recognises: Callable[[Sequence[Outcome]], bool] | None = None,
        alone: bool = False,
    ) -> None:
        """The reference function with pieces of its text exchanged: (what stands there, instead).

        With `alone`, an answer is never explained by this one together with another one.
        CourseError where a piece does not stand in the reference exactly once.
        """
        change = Change(textwrap.dedent(inspect.getsource(reference)), changes)
        target = reference.__name__
        try:
            text = change.text()
        except ValueError as error:
            raise CourseError(
                f"misconception {name!r} of {item} changes {error} in {target}: "
                "it has to be there once"
            ) from error
        answers = {target: compile(text, f"<{item}: {name}>", "exec", dont_inherit=True)}
        pieces = {} if alone else {target: change}
        self.add(Misconception(name, item, sentence, answers, text, keeps, pieces, recognises))

    def values(
        self, item: str, name: str, sentence: str, *, keeps: float = 0.0, **values: object
    ) -> None:
        """Wrong values of the notebook's variables."""
        text = "\n".join(f"{key} = {_literal(value)}" for key, value in values.items())
        self.add(Misconception(name, item, sentence, values, text, keeps))

    def add(self, misconception: Misconception) -> None:
        """Take one in; CourseError where its name is taken, or it keeps no proper part."""
        key = misconception.item, misconception.name
        if key in self._found:
            raise CourseError(f"there are two misconceptions {misconception}")
        if not 0 <= misconception.keeps < 1:
            raise CourseError(
                f"misconception {misconception} keeps {misconception.keeps}: "
                "write a part of the points, at least 0 and below 1"
            )
        if not misconception.sentence.strip():
            raise CourseError(f"misconception {misconception} has no sentence for the student")
        self._found[key] = misconception


def pairs_in_one_function(known: Sequence[Misconception]) -> Iterator[Pair]:
    """Pairs of misconceptions that change different pieces of the same functions."""
    for one, other in combinations(known, 2):
        if one.changes.keys() == one.answers.keys() == other.changes.keys():
            texts = {name: one.changes[name].text_with(other.changes[name]) for name in one.changes}
            with contextlib.suppress(SyntaxError):
                codes = {
                    name: compile(text, f"<{one} + {other.name}>", "exec", dont_inherit=True)
                    for name, text in texts.items()
                    if text is not None
                }
                if codes.keys() == texts.keys():
                    yield Pair((one, other), codes)


@dataclass(frozen=True)
class Pair:
    """Two misconceptions of one item in the same functions, and the answers that have both."""

    misconceptions: tuple[Misconception, Misconception]
    answers: Mapping[str, CodeType]


def _text(function: Callable[..., Any], name: str) -> str:
    """The function's definition under another name, without its decorators."""
    text = textwrap.dedent(inspect.getsource(function))
    head = f"def {function.__name__}("
    return text[text.index(head) :].replace(head, f"def {name}(", 1)


def names_in(code: CodeType) -> set[str]:
    """The global names that a function uses, and its inner functions."""
    inner = (part for part in code.co_consts if isinstance(part, CodeType))
    return set(code.co_names).union(*map(names_in, inner))


def _literal(value: object) -> str:
    """The value as a cell would write it."""
    return f"np.array({value.tolist()!r})" if isinstance(value, np.ndarray) else repr(value)


def load_misconceptions(course: Course, assignment: Assignment) -> Catalogue:
    """Return the assignment's catalogue; an empty one if it has no such file.

    CourseError if a misconception belongs to no auto item of the assignment.
    """
    catalogue = read_catalogue(course, assignment)
    auto = {item.name for item in assignment.select("auto")}
    for misconception in catalogue:
        if misconception.item not in auto:
            raise CourseError(
                f"{course.hidden(assignment.name) / MODULE}.py: misconception "
                f"{misconception.name!r} is for item {misconception.item}, which is no auto item "
                f"of {assignment.name}"
            )
    return catalogue


def read_catalogue(course: Course, assignment: Assignment) -> Catalogue:
    """Return the catalogue as it is written, whichever items it is for."""
    with course.beside_files(assignment):
        module = load_beside_tests(course, assignment.name, MODULE)
    if module is None:
        return Catalogue()
    catalogue = getattr(module, MODULE, None)
    if not isinstance(catalogue, Catalogue):
        raise CourseError(f"{module.__file__} makes no Catalogue named `{MODULE}`")
    return catalogue


def world_of(
    course: Course, assignment: Assignment, problem: str, answers: Mapping[str, Any]
) -> Names:
    """What a finished notebook of the problem defines, with `answers` in the place of some names.

    Its functions see this world.
    """
    names: Names = {"__name__": "__main__"}
    items = assignment.problem(problem).items
    for module in dict.fromkeys(each.module for item in items for each in item.references):
        run_solution(course.solutions(assignment.name) / f"{module}.py", names)
    for name, answer in answers.items():
        if isinstance(answer, CodeType):
            exec(answer, names)
        else:
            names[name] = _moved(answer, names)
    return names


def _moved(answer: Any, world: Names) -> Any:
    """A function of ours as if it had been defined in that world."""
    if not isinstance(answer, FunctionType):
        return answer
    moved = FunctionType(
        answer.__code__, world, answer.__name__, answer.__defaults__, answer.__closure__
    )
    moved.__kwdefaults__ = answer.__kwdefaults__
    return moved

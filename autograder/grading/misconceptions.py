"""Define misconceptions: wrong answers that students really give, each with a helpful sentence.

An assignment's `autograder/hidden/NAME/misconceptions.py` fills one Catalogue, `misconceptions`.
A misconception gives one of the item's names a wrong function, a changed copy of the reference, or
a wrong value. Misconceptions have three uses:

- The release proof shows that each misconception loses points only in its own item.
- Diagnosis tells a student which misconception explains a wrong answer.
- Sample classes are generated from misconceptions.
"""

from __future__ import annotations

import ast
import contextlib
import inspect
import textwrap
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import combinations
from pathlib import Path
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
    """A reference's text, and pairs (old, new) of pieces to replace in this text."""

    reference: str
    pieces: tuple[tuple[str, str], ...]

    def text(self) -> str:
        """Return the text with its pieces replaced; raise ValueError unless each occurs once."""
        text = self.reference
        for old, new in self.pieces:
            if (count := text.count(old)) != 1:
                raise ValueError(f"{old!r}, which occurs {count} times")
            text = text.replace(old, new)
        return text

    def text_with(self, other: Change) -> str | None:
        """Return the text with both changes, or None if both change the same piece."""
        for first, second in ((self, other), (other, self)):
            with contextlib.suppress(ValueError):
                return Change(self.reference, (*first.pieces, *second.pieces)).text()
        return None


@dataclass(frozen=True)
class Misconception:
    """A misconception: one wrong answer to an item.

    `sentence` is shown to a student whose answer agrees with the misconception. `answers` maps
    names in the notebook to their wrong values; `source` is a cell's text with the same effect.
    `keeps` is the share of the item's points that the answer still earns. If an answer is a
    reference with pieces replaced, `changes` has the reference's text and the pieces. `recognises`,
    if given, decides from the tests' outcomes whether an answer has the misconception. `recognises`
    is needed if the tests accept several right answers, because then comparing answers is not
    enough.
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
        """Return the misconceptions of one item."""
        return tuple(found for found in self if found.item == item)

    def share(self, cause: str, *misconceptions: tuple[str, str]) -> None:
        """Count the misconceptions (item, name) as one mistake, which costs points only once.

        The first item loses the points. Raise CourseError if a misconception does not exist.
        """
        for key in misconceptions:
            if key not in self._found:
                raise CourseError(f"{key[0]} has no misconception {key[1]!r} to share")
            self._causes[key] = cause

    def cause(self, misconception: Misconception) -> str:
        """Return the mistake that a misconception shares with misconceptions elsewhere, or ""."""
        return self._causes.get((misconception.item, misconception.name), "")

    def helper(self, function: Function) -> Function:
        """Register a helper that wrong functions below may call; their text includes the helper."""
        self._helpers[function.__name__] = function
        return function

    def function(
        self, item: str, target: str, sentence: str, *, keeps: float = 0.0
    ) -> Callable[[Function], Function]:
        """Register a wrong function for the notebook's name `target`.

        The decorated function's own name is the misconception's name. A wrong
        function sees the notebook's globals: `np`, `plt` and the other answers (which are right).
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
        """Return the helpers that the function calls, directly or through other helpers."""
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
        """Register the reference function with replaced pieces of text, given as pairs (old, new).

        With `alone`, diagnosis never combines this misconception with another one. Raise
        CourseError if a piece does not occur in the reference exactly once.
        """
        change = Change(source_of(reference), changes)
        target = reference.__name__
        try:
            text = change.text()
        except ValueError as error:
            raise CourseError(
                f"misconception {name!r} of {item} changes {error} in {target}: "
                "it must occur exactly once"
            ) from error
        answers = {target: compile(text, f"<{item}: {name}>", "exec", dont_inherit=True)}
        pieces = {} if alone else {target: change}
        self.add(Misconception(name, item, sentence, answers, text, keeps, pieces, recognises))

    def values(
        self, item: str, name: str, sentence: str, *, keeps: float = 0.0, **values: object
    ) -> None:
        """Register wrong values of the notebook's variables."""
        text = "\n".join(f"{key} = {_literal(value)}" for key, value in values.items())
        self.add(Misconception(name, item, sentence, values, text, keeps))

    def add(self, misconception: Misconception) -> None:
        """Add a misconception; raise CourseError if its name is taken or `keeps` is not a share."""
        key = misconception.item, misconception.name
        if key in self._found:
            raise CourseError(f"there are two misconceptions {misconception}")
        if not 0 <= misconception.keeps < 1:
            raise CourseError(
                f"misconception {misconception} has keeps={misconception.keeps}: "
                "write a share of the points, at least 0 and below 1"
            )
        if not misconception.sentence.strip():
            raise CourseError(f"misconception {misconception} has no sentence for the student")
        self._found[key] = misconception


def pairs_in_one_function(known: Sequence[Misconception]) -> Iterator[Pair]:
    """Yield pairs of misconceptions that change different pieces of the same functions."""
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
    """A pair of misconceptions in the same functions of an item, and answers with both mistakes."""

    misconceptions: tuple[Misconception, Misconception]
    answers: Mapping[str, CodeType]


def _text(function: Callable[..., Any], name: str) -> str:
    """Return the text of the function with another name and without decorators."""
    text = source_of(function)
    head = f"def {function.__name__}("
    return text[text.index(head) :].replace(head, f"def {name}(", 1)


def source_of(function: Callable[..., Any]) -> str:
    """Return the text of a function, indented as a top-level function.

    `inspect.getsource` returns the same text, but is slower, because it tokenizes the text each
    time.
    """
    code = inspect.unwrap(function).__code__
    path = Path(code.co_filename)
    text = _sources(path, path.stat().st_mtime_ns)[code.co_firstlineno]
    return textwrap.dedent(text)


@lru_cache(maxsize=16)
def _sources(path: Path, _changed: int) -> Mapping[int, str]:
    """Return the text of each function in a file, by the number of its first line."""
    with path.open(encoding="utf-8") as file:
        lines = file.readlines()
    found = {}
    for node in ast.walk(ast.parse("".join(lines))):
        if isinstance(node, ast.FunctionDef):
            first = min([node.lineno, *(part.lineno for part in node.decorator_list)])
            found[first] = "".join(lines[first - 1 : node.end_lineno])
    return found


def names_in(code: CodeType) -> set[str]:
    """Return the global names that a function and its inner functions use."""
    inner = (part for part in code.co_consts if isinstance(part, CodeType))
    return set(code.co_names).union(*map(names_in, inner))


def _literal(value: object) -> str:
    """Return the value as Python code that a cell can contain."""
    return f"np.array({value.tolist()!r})" if isinstance(value, np.ndarray) else repr(value)


def load_misconceptions(course: Course, assignment: Assignment) -> Catalogue:
    """Return the assignment's catalogue, which is empty if the file does not exist.

    Raise CourseError if a misconception belongs to no auto item of the assignment.
    """
    catalogue = read_catalogue(course, assignment)
    auto = {item.name for item in assignment.select("auto")}
    for misconception in catalogue:
        if misconception.item not in auto:
            raise CourseError(
                f"{course.hidden(assignment.name) / MODULE}.py: misconception "
                f"{misconception.name!r} is for item {misconception.item}, which is not an auto "
                f"item of {assignment.name}"
            )
    return catalogue


def read_catalogue(course: Course, assignment: Assignment) -> Catalogue:
    """Return the catalogue without checking that its items exist."""
    with course.beside_files(assignment):
        module = load_beside_tests(course, assignment.name, MODULE)
    if module is None:
        return Catalogue()
    catalogue = getattr(module, MODULE, None)
    if not isinstance(catalogue, Catalogue):
        raise CourseError(f"{module.__file__} defines no Catalogue named `{MODULE}`")
    return catalogue


def world_of(
    course: Course, assignment: Assignment, problem: str, answers: Mapping[str, Any]
) -> Names:
    """Return the globals of a finished notebook of the problem; `answers` replaces some of them.

    The notebook's functions see these globals.
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
    """Return a copy of one of the kit's functions that uses these globals."""
    if not isinstance(answer, FunctionType):
        return answer
    moved = FunctionType(
        answer.__code__, world, answer.__name__, answer.__defaults__, answer.__closure__
    )
    moved.__kwdefaults__ = answer.__kwdefaults__
    return moved

"""Record transcripts: a hidden test's calls of a student's functions, with the answers.

A transcript contains hidden inputs, so it never leaves the grader. Diagnosis compares transcripts,
and instructors can read transcripts. Transcripts stay in memory until the submission is marked. So
a large value is stored as a Digest; no right answer is so large.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

import numpy as np

from autograder.sandbox import FigureData, Raised, Student, StudentFailure

if TYPE_CHECKING:  # marking imports matplotlib only for code that draws in this process
    from autograder.sandbox.inprocess import LocalStudent

KEPT_BYTES = 200_000
"""Largest size of a value to store unchanged, in bytes; a figure may be larger."""
TRANSCRIPT_BYTES = 60_000_000
"""Maximum number of bytes to store of all values of one submission."""
_PART_BYTES = 100
"""Number of bytes to count for each part of a list, about the part's size in memory."""


AnyStudent: TypeAlias = "Student | LocalStudent"
"""The student object of a hidden test, whose functions are called by their names."""


@dataclass(frozen=True)
class Event:
    """An event: a test uses a student object once.

    `kind` is "call" (of the function `name`), "value" (of the variable `name`), or "arguments"
    (their values after the last call). `without` are the names that were removed before; `failure`
    is the kind of failure if there was no answer.
    """

    kind: Literal["call", "value", "arguments"]
    name: str
    args: tuple[Any, ...] = ()
    kwargs: Mapping[str, Any] | None = None
    answer: Any = None
    failure: str = ""
    without: tuple[str, ...] = ()


@dataclass(frozen=True)
class Digest:
    """A substitute for a value that is too large to store: its kind, shape and hash.

    The shape of a list, a dict or a text is its length.
    """

    kind: str
    shape: tuple[int, ...]
    hash: str = ""

    def __repr__(self) -> str:
        return f"<{self.kind} of shape {self.shape}, too large to store>"


@dataclass
class Room:
    """The number of bytes that the transcripts of one submission may still use."""

    left: int = TRANSCRIPT_BYTES


def kept(value: Any, room: Room) -> Any:
    """Return the value, or a Digest if the value is large or there is no more room."""
    size = _size(value, max(KEPT_BYTES, room.left))
    if size <= room.left and (size <= KEPT_BYTES or isinstance(value, FigureData)):
        room.left -= size
        return value
    if isinstance(value, np.ndarray):
        found = hashlib.blake2b(np.ascontiguousarray(value).data, digest_size=16).hexdigest()
        return Digest(f"array of {value.dtype}", value.shape, found)
    return Digest(type(value).__name__, (len(value),) if hasattr(value, "__len__") else ())


def _size(value: Any, most: int) -> int:
    """Return the approximate number of bytes that a value takes; stop counting above `most`."""
    size, waiting = 0, [value]
    while waiting and size <= most:
        part = waiting.pop()
        size += _PART_BYTES
        if isinstance(part, FigureData):
            size += part.size_bytes
        elif isinstance(part, np.ndarray):
            size += part.nbytes
        elif isinstance(part, (str, bytes)):
            size += len(part)
        elif isinstance(part, Mapping):
            size += _PART_BYTES * len(part)
            waiting += [*part.keys(), *part.values()] if size <= most else []
        elif isinstance(part, (list, tuple)):
            size += _PART_BYTES * len(part)
            waiting += part if size <= most else []
    return size


def asked_for(events: Iterable[Event]) -> frozenset[str]:
    """Return the names of the functions and variables that a test asked for."""
    return frozenset(event.name for event in events if event.kind != "arguments")


class RecordedStudent:
    """A student object that records every use in `events`."""

    def __init__(
        self, student: AnyStudent, events: list[Event], room: Room, without: tuple[str, ...] = ()
    ) -> None:
        self._student = student
        self._events = events
        self._room = room
        self._without = without

    def __getattr__(self, name: str) -> Callable[..., Any]:
        if name.startswith("_"):
            raise AttributeError(name)

        def call(*args: Any, **kwargs: Any) -> Any:
            inputs = mapped(args, _copied), mapped(kwargs, _copied)
            function = getattr(self._student, name)
            return self._write("call", name, lambda: function(*args, **kwargs), *inputs)

        return call

    def value(self, name: str) -> Any:
        """Return the student's variable with the given name."""
        return self._write("value", name, lambda: self._student.value(name))

    @property
    def arguments_after(self) -> tuple[Any, ...]:
        """The positional arguments of the last call, with any changes that the call made."""
        found: tuple[Any, ...] = self._write("arguments", "", lambda: self._student.arguments_after)
        return found

    def without(self, *names: str) -> RecordedStudent:
        """Return the same student without these names in its globals."""
        without = (*self._without, *names)
        return RecordedStudent(self._student.without(*names), self._events, self._room, without)

    def aside(self) -> AnyStudent:
        """Return the student object that does not record."""
        return self._student

    def _write(
        self,
        kind: Literal["call", "value", "arguments"],
        name: str,
        ask: Callable[[], Any],
        args: tuple[Any, ...] = (),
        kwargs: Mapping[str, Any] | None = None,
    ) -> Any:
        args = tuple(kept(value, self._room) for value in args)
        kwargs = {key: kept(value, self._room) for key, value in (kwargs or {}).items()}
        try:
            answer = ask()
        except StudentFailure as failure:
            told = failure_kind(failure)
            self._events.append(Event(kind, name, args, kwargs, None, told, self._without))
            raise
        self._events.append(
            Event(kind, name, args, kwargs, kept(answer, self._room), "", self._without)
        )
        return answer


def failure_kind(failure: StudentFailure) -> str:
    """Return the kind of a failure: its class and, for an exception, the exception's name."""
    kind = type(failure).__name__
    return f"{kind}: {failure.error}" if isinstance(failure, Raised) else kind


def mapped(value: Any, change: Callable[[Any], Any]) -> Any:
    """Return a copy of plain data with `change` applied to each part in its lists and dicts."""
    if type(value) in (list, tuple):
        return type(value)(mapped(part, change) for part in value)
    if type(value) is dict:
        return {key: mapped(part, change) for key, part in value.items()}
    return change(value)


def _copied(part: Any) -> Any:
    """Return a copy that a test can't change later."""
    return part.copy() if isinstance(part, np.ndarray) else part

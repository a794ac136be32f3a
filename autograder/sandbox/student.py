"""Give hidden tests access to a student's functions and variables.

Every call of a student's function runs in a process of the sandbox. The call returns plain data or
raises a StudentFailure. The message of a StudentFailure may be shown to the student.
"""

from __future__ import annotations

import builtins
import copy
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from autograder.sandbox.figurerecord import FigureData
from autograder.sandbox.inside.peer import Peer, RemoteError, TooManyCalls
from autograder.sandbox.inside.wire import (
    TOO_LARGE,
    Channel,
    Object,
    Unsendable,
    WireClosed,
    WireError,
    WireTimeout,
)
from autograder.sandbox.stages import StageTimes
from autograder.timelimit import TimeUpError
from autograder.words import shown

MAX_FIGURES = 4
"""Largest number of figures in one answer, such as `return figure, axes`.

Each figure may take megabytes."""


class StudentFailure(Exception):
    """An error: student code gave no usable answer; `message` may be shown to the student."""

    def __init__(self, message: str) -> None:
        super().__init__(shown(message))
        self.message = shown(message)


class Missing(StudentFailure):
    """An error: the notebook does not define the name that the test uses."""


class NotDone(StudentFailure):
    """An error: the function, or a function that it calls, still raises NotImplementedError.

    `by_itself` says that the called function itself raises the error. `function` is the name of the
    function that raises the error, as the student's process reports it.
    """

    def __init__(self, *, by_itself: bool = False, function: str = "") -> None:
        super().__init__("Not written yet: the code still raises NotImplementedError.")
        self.by_itself = by_itself
        self.function = function


@dataclass(frozen=True)
class CodePlace:
    """A line of the submission: the cell's number, and the line's number in the cell (from 1)."""

    cell: int
    line: int


class Raised(StudentFailure):
    """An error: the student's code raised the built-in exception `error` at `place`."""

    def __init__(self, message: str, error: str, place: CodePlace | None) -> None:
        super().__init__(message)
        self.error = error
        self.place = place


class NoAnswer(StudentFailure):
    """An error: the call did not end in time, or its process ended without an answer."""


class ProcessEnded(NoAnswer):
    """An error: the call's process ended without an answer.

    Either the student's code or the machine ended it, for example because memory ran out.
    """


class BadAnswer(StudentFailure):
    """An error: the answer cannot be marked."""


_WANT = (
    " The code needs a part of `{}` that does not exist where notebooks are marked.",
    " The code needs `{}`, which is not installed where notebooks are marked.",
)
_PACKAGE = re.compile(r"[A-Za-z_][A-Za-z0-9_.]{0,59}")

Quote = Callable[[CodePlace], str]
"""Function that returns a text with the line of student code at a place, or "" without a line."""

OwnText = Callable[[str, CodePlace | None], str]
"""Function that returns the part of an error's text that a student may read, which may be ""."""


class Student:
    """A student's functions, in a process forked from the student's notebook.

    `student.gradient(x)` calls the student's function; `student.value("name")` reads a variable.
    The process starts when the Student is first used, and ends with `close`.
    """

    def __init__(
        self,
        connect: Callable[[], Channel],
        *,
        call_seconds: float,
        callbacks: int,
        quote: Quote,
        own_text: OwnText = lambda _text, _place: "",
        times: StageTimes | None = None,
    ) -> None:
        """Prepare a student; the time of its calls is added to `times`."""
        self._connect = connect
        self._times = times or StageTimes()
        self._call_seconds = call_seconds
        self._callbacks = callbacks
        self._quote = quote
        self._own_text = own_text
        self._forget: tuple[str, ...] = ()
        self._stand_ins: Mapping[str, Callable[..., object]] = {}
        self._open_peer: Peer | None = None
        self._family: list[Student] = []
        self._arguments = 0
        self._opened = 0

    def __getattr__(self, name: str) -> Callable[..., Any]:
        if name.startswith("_"):
            raise AttributeError(name)
        return partial(self._ask_function, name)

    def value(self, name: str) -> Any:
        """Return the student's variable `name` as plain data."""
        return self._ask_about("value", name)[1]

    @property
    def arguments_after(self) -> tuple[Any, ...]:
        """The positional arguments of the last call, with the changes that the function made."""
        peer = self._peer()
        peer.allow(self._call_seconds)
        found = self._call(peer, "arguments", (), {})
        if not isinstance(found, tuple) or len(found) != self._arguments:
            raise self._gone(BadAnswer("The arguments of the call can't be read."))
        return found

    def without(self, *names: str) -> Student:
        """Return the same student in a namespace without `names`."""
        forget = (*self._forget, *names)
        for relative in self._family:
            if relative._forget == forget and relative._stand_ins == self._stand_ins:
                return relative
        return self._relative(forget, self._stand_ins)

    def with_stand_ins(self, functions: Mapping[str, Callable[..., object]]) -> Student:
        """Return the same student, with the grader's `functions` in place of the student's."""
        return self._relative(self._forget, {**self._stand_ins, **functions})

    def renew(self) -> None:
        """Prepare for another test in the same process, without the last test's functions."""
        if self._open_peer is not None:
            self._open_peer.start_over()
        for relative in self._family:
            if relative._stand_ins:
                relative.close()
            else:
                relative.renew()
        self._family = [relative for relative in self._family if not relative._stand_ins]

    def close(self) -> None:
        """End the process, and the processes of all Students made from this Student."""
        if self._open_peer is not None:
            self._open_peer.channel.close()
            self._open_peer = None
        for relative in self._family:
            relative.close()

    def _relative(
        self, forget: tuple[str, ...], stand_ins: Mapping[str, Callable[..., object]]
    ) -> Student:
        relative = copy.copy(self)
        relative._forget, relative._stand_ins = forget, stand_ins
        relative._open_peer, relative._family = None, []
        self._family.append(relative)
        return relative

    def _ask_function(self, name: str, /, *args: Any, **kwargs: Any) -> Any:
        self._arguments = len(args)
        kind, answer = self._ask_about("call", name, args, kwargs)
        if kind == "value":
            raise BadAnswer(f"`{name}` is a value, not a function.")
        return answer

    def _ask_about(self, service: str, name: str, *args: Any) -> tuple[str, Any]:
        """Ask a service about a name; return "function" or "value", and the service's answer.

        The time limit of the call starts when this method is called.
        """
        peer = self._peer()
        peer.allow(self._call_seconds)
        found = self._call(peer, service, (name, *args), {})
        kind, answer = found if isinstance(found, tuple) and len(found) == 2 else (None, None)
        if not isinstance(kind, str) or kind not in ("missing", "function", "value"):
            raise self._gone(BadAnswer("The answer can't be read."))
        if kind == "missing":
            raise Missing(f"`{name}` is not defined in the notebook.")
        return kind, answer

    def _enter(self, peer: Peer, function: int, args: Any, kwargs: Mapping[str, Any]) -> Any:
        """Call a function that was part of an answer."""
        if peer is not self._open_peer:
            raise NoAnswer("The process that offered the function has ended.")
        peer.allow(self._call_seconds)
        return self._call(peer, function, args, kwargs)

    def _call(
        self, peer: Peer, target: str | int, args: tuple[Any, ...], kwargs: Mapping[str, Any]
    ) -> Any:
        self._opened = 0
        try:
            with self._times.stage("calls"):
                return peer.call(target, args, kwargs)
        except RemoteError as error:
            raise self._raised(error.details) from None
        except WireError as error:
            raise self._gone(self._failure(error)) from None

    def _failure(self, error: WireError) -> StudentFailure:
        """Return the StudentFailure that corresponds to a WireError."""
        if isinstance(error, WireTimeout):
            return NoAnswer(f"The call did not end within {self._call_seconds:g} seconds.")
        if isinstance(error, TooManyCalls):
            return NoAnswer(f"The code called functions passed to it too often: {error}.")
        if isinstance(error, WireClosed):
            return ProcessEnded("The process ended during the call.")
        return BadAnswer(f"The answer can't be read: {error}.")

    def _open_object(self, value: Object) -> object:
        if value.kind != "figure":
            raise WireError("an object of an unknown kind")
        self._opened += 1
        if self._opened > MAX_FIGURES:
            raise WireError("the answer has too many figures")
        return FigureData.from_wire(value.value)

    def _gone(self, failure: StudentFailure) -> StudentFailure:
        self.close()
        return failure

    def _peer(self) -> Peer:
        if self._open_peer is None:
            # If a name is removed in the student's process, nothing needs to replace it.
            stand_ins = {k: f for k, f in self._stand_ins.items() if k not in self._forget}
            peer = self._open_peer = Peer(
                self._connect(),
                open_object=self._open_object,
                max_served=self._callbacks,
                enter=lambda *call: self._enter(peer, *call),
                passing=(TimeUpError, MemoryError),
            )
            peer.allow(self._call_seconds)
            try:
                if stand_ins:
                    peer.call("stand_in", (stand_ins,), {})
                if self._forget:
                    peer.call("forget", (list(self._forget),), {})
            except (WireError, RemoteError):
                raise self._gone(ProcessEnded("The process ended before the call.")) from None
        return self._open_peer

    def _raised(self, details: Mapping[str, Any]) -> StudentFailure:
        error = details.get("error")
        error = error if isinstance(error, str) else ""
        place = place_from(details.get("place"))
        where = self._quote(place) if place is not None else ""
        if error == "NotImplementedError":
            depth, function = details.get("depth"), details.get("function")
            return NotDone(
                by_itself=type(depth) is int and depth == 1,
                function=function if isinstance(function, str) else "",
            )
        if error == Unsendable.__name__:
            return BadAnswer(unmarkable(details.get("kind")))
        if error == RemoteError.__name__:
            return Raised(
                f"The code called a function passed to it, and that call failed{where}.",
                error,
                place,
            )
        found = getattr(builtins, error, None)
        known = isinstance(found, type) and issubclass(found, BaseException)
        article = "an" if error[:1] in "AEIOU" else "a"
        kind = f"{article} {error}" if known else "an exception"
        text = details.get("text")
        own_text = self._own_text(text, place) if known and isinstance(text, str) else ""
        told = f"The code raised {kind}{where}"
        told += f": {own_text.rstrip('.')}." if own_text else "."
        if error == "NameError" and self._forget:
            names = ", ".join(f"`{name}`" for name in self._forget)
            told += f" This answer must not use {names}: write out the whole computation instead."
        package = details.get("package")
        if isinstance(package, str) and _PACKAGE.fullmatch(package):
            told += _WANT[error == "ModuleNotFoundError"].format(package)
        return Raised(told, error if known else "Exception", place)


def unmarkable(kind: object) -> str:
    """Return a sentence that names this kind of answer and says what to return instead.

    The student's process reports `kind`, which is untrusted. So `kind` only selects one of the
    kit's own sentences.
    """
    known = _UNMARKABLE.get(kind) if isinstance(kind, str) else None
    return known or "An answer of this kind can't be marked."


_FIGURE = "end the function with `return fig`"
_NUMBERS = "return a list or an array of numbers"
_UNMARKABLE: Mapping[str, str] = {
    TOO_LARGE: "The answer is too large to be sent to the tests: return only what is asked for.",
    "module matplotlib.pyplot": "The answer is the module `matplotlib.pyplot`: end the function "
    "with `return fig`; if the Figure has no name yet, write `fig = plt.gcf()` before that line.",
    "module matplotlib": f"The answer is the module `matplotlib`: {_FIGURE}.",
    "module numpy": f"The answer is the module `numpy`: {_NUMBERS}.",
    "type": "The answer is a class, not an object of the class: for example `Figure` instead of "
    "`Figure()`.",
    "array of O": "The answer holds an array of Python objects, such as several Axes, or rows of "
    f"different lengths: return the Figure, or {_NUMBERS.removeprefix('return ')}.",
    "array of U": f"The answer holds an array of texts: {_NUMBERS}.",
    **{
        kind: f"The answer is or holds {what} (`{kind}`), but a Figure is asked for: {_FIGURE}."
        for what, kinds in {
            "a line that was drawn": "Line2D Line3D",
            "lines that were drawn": "LineCollection",
            "markers that were drawn": "PathCollection Path3DCollection",
            "contours that were drawn": "QuadContourSet TriContourSet",
            "an image that was drawn": "AxesImage",
            "a mesh that was drawn": "QuadMesh",
            "a surface that was drawn": "Poly3DCollection Line3DCollection",
            "a text that was drawn": "Text Annotation",
            "a legend": "Legend",
            "a colour bar": "Colorbar",
            "a canvas": "FigureCanvasAgg",
            "a grid for axes": "GridSpec",
        }.items()
        for kind in kinds.split()
    },
    **{
        kind: f"The answer holds a {kind}: {_NUMBERS}, for example with `list(…)`."
        for kind in (
            *("generator", "set", "frozenset", "range", "map", "zip", "filter", "DataFrame"),
            *("dict_keys", "dict_values", "dict_items"),
        )
    },
}
"""Messages for answers that cannot be sent to the grader, by the name of the answer's kind."""


def place_from(data: Any) -> CodePlace | None:
    """Return the place that the worker reports, or None if the place is malformed."""
    if isinstance(data, (list, tuple)) and len(data) == 2:
        cell, line = data
        if type(cell) is int and type(line) is int and cell >= 0 and line >= 1:
            return CodePlace(cell, line)
    return None

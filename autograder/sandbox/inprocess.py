"""Run our own functions as if they were a student's, without a sandbox.

A Student calls functions in the sandbox; a LocalStudent calls them in this process. Arguments and
answers are copied through the encoding of `wire`. Functions among the arguments get plain data,
figures arrive as FigureData, and errors become StudentFailure. A LocalStudent confines nothing, so
use it only for code that we wrote, such as references and misconceptions.
"""

from __future__ import annotations

import builtins
import io
import random
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from functools import cache, partial
from typing import Any

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np

from autograder.sandbox.figurerecord import FigureData
from autograder.sandbox.inside.figures import read_object
from autograder.sandbox.inside.peer import with_parts
from autograder.sandbox.inside.polynomial import Polynomial
from autograder.sandbox.inside.wire import HEADER, Budget, Object, Unsendable, decode, encode
from autograder.sandbox.student import (
    BadAnswer,
    Missing,
    NotDone,
    Raised,
    StudentFailure,
    unmarkable,
)

Names = dict[str, Any]


class LocalStudent:
    """A student whose functions are in a namespace, which `world` creates on first use."""

    def __init__(
        self,
        world: Callable[[], Names],
        *,
        forget: tuple[str, ...] = (),
        stand_ins: Mapping[str, Callable[..., object]] | None = None,
    ) -> None:
        self._make_world = world
        self._forget = forget
        self._stand_ins = dict(stand_ins or {})
        self._world: Names | None = None
        self._last: tuple[Any, ...] = ()
        self._process = _Process()

    def __getattr__(self, name: str) -> Callable[..., Any]:
        if name.startswith("_"):
            raise AttributeError(name)
        return partial(self._call, name)

    def _call(self, name: str, /, *args: Any, **kwargs: Any) -> Any:
        self._last = tuple(map(_to_student, args))
        named = {key: _to_student(value) for key, value in kwargs.items()}
        function = self._look_up(name)
        if not callable(function):
            raise BadAnswer(f"`{name}` is a value, not a function.")
        with self._process.running():
            return _answer(partial(function, *self._last, **named))

    def value(self, name: str) -> Any:
        """Return the student's variable `name` as plain data."""
        return _to_grader(self._look_up(name))

    @property
    def arguments_after(self) -> tuple[Any, ...]:
        """The positional arguments of the last call, with any changes that the call made."""
        return tuple(None if callable(arg) else _to_grader(arg) for arg in self._last)

    def without(self, *names: str) -> LocalStudent:
        """Return the same student in a namespace without `names`."""
        forget = (*self._forget, *names)
        return LocalStudent(self._make_world, forget=forget, stand_ins=self._stand_ins)

    def with_stand_ins(self, functions: Mapping[str, Callable[..., object]]) -> LocalStudent:
        """Return the same student, with `functions` in place of the student's own functions."""
        stand_ins = {**self._stand_ins, **functions}
        return LocalStudent(self._make_world, forget=self._forget, stand_ins=stand_ins)

    def renew(self) -> None:
        """Prepare for another test in the same namespace."""
        self._last = ()
        plt.close("all")

    def close(self) -> None:
        """Drop the namespace and all figures drawn by its functions."""
        self._world = None
        plt.close("all")

    def _look_up(self, name: str) -> Any:
        if self._world is None:
            mpl.use("Agg")
            _draw_by_default()
            # the dict in which the student's functions look up names
            self._world = self._make_world()
            for key, function in self._stand_ins.items():
                self._world[key] = _to_student(function)
            for forgotten in self._forget:
                self._world.pop(forgotten, None)
        if name not in self._world:
            raise Missing(f"`{name}` is not defined in the notebook.")
        return self._world[name]


class _Process:
    """An imitation of a student's process, with its own random states and without output.

    Without this class, a test that seeds numpy's generator or reads printed output would pass here
    and fail in the sandbox.
    """

    def __init__(self) -> None:
        self._python = random.Random(0).getstate()
        self._numpy = np.random.RandomState(0).get_state()

    @contextmanager
    def running(self) -> Iterator[None]:
        """Use the process's random states in the `with` block; then restore the test's states."""
        python, numpy = random.getstate(), np.random.get_state()
        random.setstate(self._python)
        np.random.set_state(self._numpy)
        try:
            with redirect_stdout(io.StringIO()), redirect_stderr(io.StringIO()):
                yield
        finally:
            self._python, self._numpy = random.getstate(), np.random.get_state()
            random.setstate(python)
            np.random.set_state(numpy)


@cache
def _draw_by_default() -> None:
    """Draw with matplotlib's defaults, whatever settings this process started with."""
    mpl.rcdefaults()


def _answer(call: Callable[[], Any]) -> Any:
    """Return a call's answer as the grader receives it; raise failures as a Student does."""
    try:
        answer = call()
    except NotImplementedError:
        raise NotDone from None
    except StudentFailure:
        raise
    except Exception as error:
        kinds = (base.__name__ for base in type(error).__mro__ if base in vars(builtins).values())
        kind = next(kinds, "Exception")
        raise Raised(f"The code raised {kind}.", kind, None) from error
    return _to_grader(answer)


def _to_student(value: Any) -> Any:
    """Return a copy of an argument; each function in it is replaced by one that gets plain data."""
    if isinstance(value, Polynomial):
        return value
    if callable(value):
        return _Crossing(value)
    if isinstance(value, dict):
        return {key: _to_student(part) for key, part in value.items()}
    return _crossed(value)


class _Crossing:
    """A test's function as the student's code receives it: each call copies its arguments."""

    def __init__(self, function: Callable[..., Any]) -> None:
        self.function = function

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        named = {key: _to_grader(value) for key, value in kwargs.items()}
        return _to_student(self.function(*(_to_grader(arg) for arg in args), **named))


def _to_grader(value: Any) -> Any:
    """Return an answer, or an argument of a callback, as the grader receives it.

    The result is plain data or FigureData.
    """
    if isinstance(value, _Crossing):
        return value.function
    if callable(value) and not isinstance(value, (type, Polynomial)):
        return lambda *args: _to_grader(value(*(_to_student(arg) for arg in args)))
    try:
        return with_parts(_crossed(value), _opened)
    except Unsendable as error:
        raise BadAnswer(unmarkable(error.kind)) from error


def _crossed(value: Any) -> Any:
    frame = encode(value, Budget(), adapt=read_object)
    length, _ = HEADER.unpack(frame[: HEADER.size])
    body = frame[HEADER.size :]
    return decode(body[:length], body[length:])


def _opened(value: Any) -> Any:
    return FigureData.from_wire(value.value) if isinstance(value, Object) else value

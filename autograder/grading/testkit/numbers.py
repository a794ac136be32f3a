"""Compare numbers, arrays, pairs and dicts of an untrusted answer, and draw test inputs."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.random import Generator

from autograder.course.settings import TOLERANCE
from autograder.grading.testkit.claims import ClaimFailed, capital, kind_of
from autograder.sandbox import Raised, Student

_tolerance: ContextVar[float] = ContextVar("tolerance", default=TOLERANCE)

_MAX_SIZE = 1_000_000
"""Largest number of numbers in an answer; as floats, they take up to eight times the memory."""
_MAX_SHOWN_DIMENSIONS = 3
_MAX_SHOWN_COUNT = 99
"""Largest dimension or length in a message, since a shape could spell out a hidden input."""


def tolerance() -> float:
    """Return the relative error that the homework under test allows."""
    return _tolerance.get()


@contextmanager
def allowing(error: float) -> Iterator[None]:
    """Allow this relative error in all comparisons of the block."""
    token = _tolerance.set(error)
    try:
        yield
    finally:
        _tolerance.reset(token)


@dataclass(frozen=True)
class Units:
    """Units in which a method's points and its gradients are measured."""

    place: float
    gradient: float

    @property
    def step(self) -> float:
        """The unit of a step size, which turns gradients into moves."""
        return self.place / self.gradient


PLAIN = Units(1.0, 1.0)
UNITS = {
    "tiny": Units(1e-15, 1e-15),
    "flat": Units(1.0, 1e-20),
    "steep": Units(1.0, 1e15),
    "huge": Units(1e15, 1e15),
}
"""Units for inputs and values; in each unit, a right method makes the same steps, only scaled.

A method that stops at a small gradient or a small move, or that limits gradients, points or step
sizes, makes different steps. Single precision is enough for all these units.
"""


def draw_mixed(rng: Generator, size: int) -> np.ndarray:
    """Draw numbers of both signs with sizes below 1 (0.6 to 0.9) and above 1 (1.3 to 2.5).

    The first two numbers have both signs and both sizes; the first four have every combination.
    """
    places = np.arange(size)
    is_small = places % 2 == rng.integers(2)
    signs = rng.choice([-1.0, 1.0]) * np.array([1, -1, -1, 1])[places % 4]
    drawn: np.ndarray = signs * np.where(
        is_small, rng.uniform(0.6, 0.9, size=size), rng.uniform(1.3, 2.5, size=size)
    )
    return drawn


def as_array(answer: object, what: str = "the answer") -> np.ndarray:
    """Return an untrusted answer as an array of finite floats, or raise ClaimFailed."""
    array = _numeric(answer, what)
    if array.size > _MAX_SIZE:
        raise ClaimFailed(f"{capital(what)} has far too many entries.")
    if array.dtype.kind == "c":
        if np.any(array.imag != 0):
            raise ClaimFailed(f"{capital(what)} has complex entries, but they must be real.")
        array = array.real
    array = array.astype(np.float64)
    if np.isnan(array).any():
        raise ClaimFailed(f"{capital(what)} contains NaN.")
    if not np.isfinite(array).all():
        raise ClaimFailed(f"{capital(what)} contains infinite entries.")
    return array


def as_vector(argument: object, size: int) -> np.ndarray:
    """Return an argument that student code passed to a test's function, as `size` floats.

    Raise ValueError unless the argument is a vector of `size` finite floats. Call this before any
    computation, because broadcasting two shapes may give an array far larger than both.
    """
    array = np.asarray(argument)
    if array.shape != (size,) or array.dtype.kind not in "biuf":
        raise ValueError(f"the argument must be one vector of {size} numbers")
    return array.astype(np.float64)


def numbers_of(answer: object) -> np.ndarray | None:
    """Return the answer as an array of real or complex numbers, or None for any other answer."""
    try:
        array = np.asarray(answer)
    except (ValueError, TypeError, OverflowError):
        return None
    return array if array.dtype.kind in "biufc" else None


def _numeric(answer: object, what: str) -> np.ndarray:
    if answer is None:
        raise ClaimFailed(_is_none(what))
    try:
        array = np.asarray(answer)
    except (ValueError, TypeError, OverflowError):
        raise ClaimFailed(
            f"{capital(what)} is not an array: its parts differ in shape or kind."
        ) from None
    if array.dtype.kind not in "biufc":
        raise ClaimFailed(f"{capital(what)} is {kind_of(answer)}, not an array of numbers.")
    return array


def assert_close(
    answer: object, expected: object, *, what: str = "the answer", rtol: float | None = None
) -> None:
    """Assert max|a − e| ≤ rtol · max|e|, without broadcasting.

    `rtol` defaults to the homework's tolerance. If all expected values are zero, the error is
    measured against 1. The test fails on NaN, on a different shape, and on any answer other than an
    array of real numbers; lists, tuples and all number types are fine.
    """
    right = np.asarray(expected, dtype=np.float64)
    array = as_array(answer, what)
    if array.shape != right.shape:
        raise ClaimFailed(
            f"{capital(what)} has shape {_shape(array)}, but {_shape(right)} is asked for.",
            compared=(array, right),
        )
    rtol = tolerance() if rtol is None else rtol
    error = relative_error(array, right)
    if not error <= rtol:
        raise ClaimFailed(
            f"{capital(what)} is wrong: {how_far(error, rtol, right)}.", compared=(array, right)
        )


def relative_error(array: np.ndarray, expected: np.ndarray) -> float:
    """Return max|a − e| / max|e|, or max|a − e| if e is all zero; 0 for empty arrays."""
    if expected.size == 0:
        return 0.0
    size = float(np.max(np.abs(expected)))
    with np.errstate(over="ignore"):
        return float(np.max(np.abs(array - expected))) / (size or 1.0)


def how_far(error: float, rtol: float, expected: np.ndarray) -> str:
    """Return words for a relative error above `rtol`, too vague to reveal the right value.

    The error has at most one significant digit: "its largest error is about 60 % of the largest
    entry of the right answer; 0.2 % is allowed".
    """
    if not expected.any():
        return "its largest error is more than allowed"
    error_is, of = "its largest error is", "the largest entry of the right answer"
    if expected.ndim == 0:
        error_is, of = "it is off by", "the right value"
    allowed = f"{100 * rtol:g} %"
    if error < 1.5 * rtol:
        return f"{error_is} a little over what is allowed, {allowed} of {of}"
    if error > 10:
        return f"{error_is} more than 10 times {of}; {allowed} is allowed"
    return f"{error_is} about {float(f'{100 * error:.0e}'):g} % of {of}; {allowed} is allowed"


def assert_number_close(
    answer: object, expected: float, *, what: str = "the answer", rtol: float | None = None
) -> None:
    """Assert that a number, or an array with one entry, is close, as `assert_close` does."""
    array = as_array(answer, what)
    if array.size != 1:
        raise ClaimFailed(f"{capital(what)} has shape {_shape(array)}, but a number is asked for.")
    assert_close(array.reshape(()), expected, what=what, rtol=rtol)


def as_pair(answer: object, parts: str, what: str = "the answer") -> tuple[Any, Any]:
    """Return the two parts of an answer such as `return x, z`; `parts` gives their names."""
    first, second = _parts(answer, 2, f"the pair ({parts})", what)
    return first, second


def as_tuple(answer: object, parts: str, what: str = "the answer") -> tuple[Any, ...]:
    """Return the parts of an answer such as `return W1, b1, W2, b2`; `parts` gives their names."""
    return _parts(answer, len(_names(parts)), f"the tuple ({parts})", what)


def as_dict(answer: object, keys: str, what: str = "the answer") -> dict[str, Any]:
    """Return the entries of a dict such as `{"W1": …, "b1": …}`; `keys` gives their names.

    Other entries are left out. Raise ClaimFailed if the answer is not a dict, or an entry is
    missing.
    """
    if answer is None:
        raise ClaimFailed(_is_none(what))
    if not isinstance(answer, Mapping):
        raise ClaimFailed(
            f"{capital(what)} is {kind_of(answer)}, but a dict with the keys {keys} is asked for."
        )
    if missing := [name for name in _names(keys) if name not in answer]:
        raise ClaimFailed(f"{capital(what)}: there is no entry {', '.join(map(repr, missing))}.")
    return {name: answer[name] for name in _names(keys)}


def _parts(answer: object, count: int, wanted: str, what: str) -> tuple[Any, ...]:
    if answer is None:
        raise ClaimFailed(_is_none(what))
    is_single = isinstance(answer, np.ndarray) and answer.ndim == 0
    if is_single or not isinstance(answer, (tuple, list, np.ndarray)):
        raise ClaimFailed(f"{capital(what)} is {kind_of(answer)}, but {wanted} is asked for.")
    if len(answer) != count:
        raise ClaimFailed(
            f"{capital(what)} has {_count(len(answer))} parts, but {wanted} is asked for."
        )
    return tuple(answer)


def _names(text: str) -> list[str]:
    """Return the names in a text such as "W1, b1"."""
    return [name.strip() for name in text.split(",")]


def _is_none(what: str) -> str:
    return f"{capital(what)} is None: does the function end with `return …`?"


def ask_from_integers(student: Student, ask: Callable[[Any], Any], start: np.ndarray) -> Any:
    """Return a method's answer for a start of integers; `ask` calls the method with a start.

    If the method raises an error only because its steps change the start in place, report this
    slip. The start must be the method's second argument.
    """
    try:
        return ask(start)
    except Raised:
        floats = start.astype(np.float64)
        ask(floats)
        if np.array_equal(student.arguments_after[1], floats):
            raise
    raise ClaimFailed(
        "The function stops with an error: the steps change the start itself, and an array of "
        "integers can't store decimals.",
        care="in place",
    )


def assert_left_alone(after: object, before: np.ndarray, what: str) -> None:
    """Assert that the array that was passed in is unchanged."""
    if not np.array_equal(_numeric(after, what), before):
        raise ClaimFailed(f"{capital(what)} was changed in place: work on a copy of it.")


def as_floats_of(answer: object, right: np.ndarray) -> np.ndarray | None:
    """Return a copy of the answer as floats or NaN; None if the shape or the type is wrong."""
    array = numbers_of(answer)
    if array is None or array.shape != right.shape or np.iscomplexobj(array):
        return None
    return array.astype(np.float64)


def own_rows(answers: Sequence[object], expected: Sequence[np.ndarray]) -> list[object]:
    """Return the arrays of an answer after correcting each row that a later iterate overwrote.

    A row is overwritten if an array is stored and later changed in place: the row then holds the
    last iterate. Nothing is corrected if the last iterate itself is wrong.
    """
    found: list[object] = list(answers)
    arrays = [
        (k, array, right)
        for k, right in enumerate(expected)
        if (array := _rows_of(answers[k])) is not None and array.shape == right.shape
    ]
    ends = [
        array[-1]
        for _, array, right in arrays
        if np.abs(array[-1] - right[-1]).max(initial=0.0) <= tolerance() * np.abs(right).max()
    ]
    for k, array, right in arrays:
        overwritten = _overwritten(array, ends)
        if overwritten.any():
            found[k] = np.where(overwritten[:, np.newaxis], right, array)
    return found


def assert_iterates(answer: object, expected: np.ndarray, *, what: str) -> None:
    """Assert that the iterates are right; `assert_own_rows` checks for overwritten rows."""
    assert_close(own_rows([answer], [expected])[0], expected, what=what)


def assert_own_rows(answers: Iterable[object], start: np.ndarray, what: str) -> None:
    """Assert that no last iterate overwrote earlier rows; ignore ends that equal the start."""
    arrays = [_rows_of(as_array(answer, what)) for answer in answers]
    found = [array for array in arrays if array is not None and len(array) > 1]
    ends = [array[-1] for array in found if not np.array_equal(array[-1], start)]
    if any(_overwritten(array, ends).any() for array in found):
        raise ClaimFailed(
            f"{capital(what)} has rows that a later step overwrote: append a copy in each step."
        )


def _rows_of(answer: object) -> np.ndarray | None:
    """Return the answer as a matrix of real numbers with at least one row, or None."""
    array = numbers_of(answer)
    if array is None or array.ndim != 2 or len(array) == 0 or np.iscomplexobj(array):
        return None
    return array if array.size <= _MAX_SIZE else None


def _overwritten(array: np.ndarray, ends: Iterable[np.ndarray]) -> np.ndarray:
    """Return which rows, except the last row, are bit for bit equal to a row in `ends`."""
    same = np.zeros(len(array), dtype=bool)
    for end in ends:
        if end.shape == array.shape[1:]:
            same |= (array == end).all(axis=1)
    same[-1] = False
    return same


def lookup(answer: object, keys: Iterable[tuple[float, float]], names: str) -> list[Any]:
    """Return the values of a dict for pairs of numbers, matched up to rounding.

    Raise ClaimFailed if the dict lacks one of the pairs or has other pairs.
    """
    wanted = list(keys)
    if not isinstance(answer, Mapping):
        raise ClaimFailed(f"The answer is {kind_of(answer)}, but a dict is asked for.")
    pairs = {key: value for key, value in answer.items() if _is_pair(key)}
    if len(pairs) != len(answer):
        raise ClaimFailed(f"The dict has keys that are not a pair ({names}) of numbers.")
    found = []
    for pair in wanted:
        near = [v for key, v in pairs.items() if np.allclose(key, pair, rtol=1e-9, atol=1e-12)]
        if not near:
            raise ClaimFailed(f"The dict has no entry for some pair ({names}).")
        found.append(near[0])
    if len(pairs) != len(wanted):
        raise ClaimFailed(
            f"The dict has {_count(len(pairs))} entries, but {len(wanted)} are asked for: one for "
            f"each pair ({names})."
        )
    return found


def _is_pair(key: object) -> bool:
    return (
        isinstance(key, tuple)
        and len(key) == 2
        and all(isinstance(part, (int, float)) and not isinstance(part, bool) for part in key)
    )


def _count(number: int) -> str:
    return str(number) if number <= _MAX_SHOWN_COUNT else "many"


def _shape(array: np.ndarray) -> str:
    shown = array.shape[:_MAX_SHOWN_DIMENSIONS]
    more = ", …" if array.ndim > len(shown) else ""
    inside = ", ".join(map(_count, shown)) + ("," if array.ndim == 1 else "")
    return f"({inside}{more})" if array.ndim else "() (a number)"

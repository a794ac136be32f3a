"""Calling your functions and comparing their answers"""

from __future__ import annotations

import functools
import traceback
from collections.abc import Callable, Iterator, Mapping, MutableMapping
from contextlib import contextmanager
from typing import Any

import matplotlib as mpl
import numpy as np

from autograder.release.checkskit.calls import call_text, changing_call_text, copied
from autograder.release.checkskit.facts import GIVEN, PROBLEMS, SETUP, TOLERANCE
from autograder.release.checkskit.items import Blocks, CheckError, Names, State, named

_NOT_YOURS = (__file__, *np.__path__, *mpl.__path__)
"""Paths of code in a traceback that the student did not write."""

_ROUNDING = 1e-12
"""Relative deviation below which two answers differ by rounding only."""


class Answers:
    """A notebook's answers: `yours.gradient(x)` calls its function `gradient`."""

    def __init__(self, names: Names) -> None:
        self._names = names
        self._last: tuple[str, tuple[Any, ...]] | None = None
        self.last_answer: Any = None
        self._forbidden: tuple[str, ...] = ()

    def last_call(self, changed: tuple[str, Any] | None = None) -> tuple[str, str]:
        """Return the name of the function called last, and its call as a line to copy, or two "".

        `changed` is the name and the earlier value of an argument that the call changed in place;
        the line then also shows the argument after the call.
        """
        if not self._last:
            return "", ""
        return self._last[0], changing_call_text(call_text(*self._last), *(changed or ("", "")))

    def write_out(self, name: str) -> None:
        """Hide the problem's other answers from every call that follows: `name` must not use them.

        Marking hides them too. After each call, the notebook has all its names again.
        """
        answers = ([n for item in items for n in item.answers] for items in PROBLEMS.values())
        together = next((found for found in answers if name in found), [])
        self._forbidden = tuple(other for other in together if other != name)

    def value(self, name: str) -> Any:
        """Return the notebook's value of `name`."""
        if name not in self._names:
            what = _source_of(name) or "write it in the cell above and run that cell."
            raise CheckError("missing", f"`{name}` is not defined: {what}")
        return self._names[name]

    def __getattr__(self, name: str) -> Callable[..., Any]:
        """Return a function that calls the notebook's `name`; errors in it become messages."""
        return functools.partial(self._call, name)

    def _call(self, name: str, *arguments: Any) -> Any:
        self._last = None
        function = self.value(name)
        if not callable(function):
            raise CheckError(
                "broken",
                f"`{name}` is not a function any more but {kind(function)}: "
                "rename that variable and run the cell above again.",
            )
        self._last = name, copied(arguments)
        try:
            with _hidden(self._forbidden, self._names, function):
                self.last_answer = function(*arguments)
                return self.last_answer
        except NotImplementedError as error:
            raise CheckError("open", _unfinished(name, error)) from None
        except (Exception, SystemExit) as error:
            message = f"`{name}` stopped with {named(error)}{_line(error)}"
            undefined = getattr(error, "name", None) if type(error) is NameError else None
            if undefined in self._forbidden:
                message = f"write out the formula itself: this answer must not call `{undefined}`."
                raise CheckError("wrong", message) from None
            if undefined not in self._names and (what := _source_of(str(undefined))):
                message = f"`{name}` needs `{undefined}`, which is not defined: {what}"
                raise CheckError("missing", message) from None
            raise CheckError("broken", message) from None


@contextmanager
def _hidden(forbidden: tuple[str, ...], names: Names, function: Any) -> Iterator[None]:
    """Hide names of the notebook, and of a function's module, while the block runs."""
    kept = []
    try:
        for place in (names, getattr(function, "__globals__", {})):
            for name in forbidden:
                if name in place and isinstance(place, MutableMapping):
                    kept.append((place, name, place.pop(name)))
        yield
    finally:
        for place, name, thing in kept:
            place[name] = thing


def _source_of(name: str) -> str:
    """Return which cell to run so that a name of the notebook is defined; "" if unknown."""
    if name in SETUP:
        return "run the setup cell (the first code cell) first."
    if name in GIVEN:
        return f"run the given cell that defines `{name}` first."
    items = [item for items in PROBLEMS.values() for item in items if name in item.answers]
    return (
        f"write it in the cell above the check of {items[0].name} and run that cell."
        if items
        else ""
    )


def _unfinished(name: str, error: NotImplementedError) -> str:
    """Return which function is unfinished: the called one, or one that it calls."""
    frames = traceback.extract_tb(error.__traceback__)
    inner = frames[-1].name if len(frames) > 1 else name
    if inner == name or not inner.isidentifier():
        return (
            f"`{name}` still raises NotImplementedError: replace that line with your code. If you "
            "have done so, run its cell: the function in memory is still the old one."
        )
    return f"`{name}` calls `{inner}`, which still raises NotImplementedError."


def _line(error: BaseException) -> str:
    """Return the student's line that raised an error, if it is known."""
    frames = traceback.extract_tb(error.__traceback__)
    own = [frame.line for frame in frames if not frame.filename.startswith(_NOT_YOURS)]
    return f"\nin the line: {own[-1]}" if own and own[-1] else ""


def kind(thing: Any) -> str:
    """Return the type of a thing with its article, for use in a sentence."""
    if thing is None:
        return "None"
    name = {"ndarray": "array"}.get(type(thing).__name__, type(thing).__name__)
    return f"{'an' if name[0].lower() in 'aeiou' else 'a'} {name}"


def expect(
    condition: Any,
    message: str,
    state: State = "wrong",
    *,
    compared: Blocks = (),
    diagnosis: str = "",
) -> None:
    """End the check with this message unless the condition holds."""
    if not condition:
        raise CheckError(state, message, compared=compared, diagnosis=diagnosis)


def something(answer: Any, what: str) -> None:
    """Check that a function returned anything at all."""
    expect(answer is not None, f"{what}: got None. Is a `return …` missing?", "broken")


def numbers(answer: Any, what: str) -> np.ndarray:
    """Return an answer as an array of floats of any shape."""
    something(answer, what)
    try:
        found = np.asarray(answer)
        if found.dtype.kind == "c" and not found.imag.any():
            found = found.real
        if found.dtype.kind not in "biuf":
            raise TypeError
        return found.astype(float)
    except (TypeError, ValueError):
        message = f"{what}: got {kind(answer)} instead of an array of real numbers."
        raise CheckError("broken", message) from None


def array(answer: Any, what: str, shape: tuple[int, ...] | None = None) -> np.ndarray:
    """Return an answer as an array of floats of the given shape, without NaN."""
    found = numbers(answer, what)
    if shape == () and found.size == 1:
        found = found.reshape(())  # an array with a single entry is a number too
    expect(
        shape != () or found.shape == (),
        f"{what}: should be a number but is an array of shape {found.shape}. Is a sum missing?",
        "broken",
    )
    expect(
        shape is None or found.shape == shape,
        f"{what}: the shape is {found.shape} but should be {shape}.",
        "broken",
    )
    odd = "NaN" if np.isnan(found).any() else "infinity"
    expect(np.isfinite(found).all(), f"{what}: your answer contains {odd}:\n{shown(found)}")
    return found


def pair(answer: Any, what: str, parts: str) -> tuple[Any, Any]:
    """Return the two parts of an answer such as `return x, z`."""
    something(answer, what)
    if not isinstance(answer, (tuple, list, np.ndarray)) or getattr(answer, "shape", 0) == ():
        raise CheckError("broken", f"{what}: got {kind(answer)} instead of the pair ({parts}).")
    expect(len(answer) == 2, f"{what}: got {len(answer)} things instead of ({parts}).", "broken")
    return answer[0], answer[1]


def shown(found: np.ndarray) -> str:
    """Return a small array as text."""
    return np.array2string(found, precision=5, suppress_small=True, threshold=60)


def shown_alike(arrays: Mapping[str, np.ndarray]) -> Blocks:
    """Return arrays as texts with their labels; entries at the same place are equally wide."""
    values = np.concatenate([each.ravel() for each in arrays.values()])
    largest = float(np.max(np.abs(values), initial=0.0))
    if largest and not 1e-3 <= largest < 1e8:
        form = ".4e"
    else:
        exact = (n for n in range(1, 5) if np.allclose(values, values.round(n), 0, 5e-6))
        form = f"z.{next(exact, 5)}f"
    width = max((len(f"{value:{form}}") for value in values.tolist()), default=0)

    def entry(value: Any) -> str:
        return f"{float(value):{form}}".rjust(width)

    return tuple(
        (label, np.array2string(each, threshold=60, formatter={"float_kind": entry}))
        for label, each in arrays.items()
    )


def close(answer: Any, expected: Any, what: str, *, hint: str = "") -> str:
    """Compare an answer with the right one; return a line that says how close it is."""
    right = np.asarray(expected, dtype=float)
    found = array(answer, what, right.shape)
    deviation = _deviation(found, right)
    hint = _aliased(answer, found, right) or hint
    expect(
        deviation <= TOLERANCE,
        f"{what}: not as expected.",
        compared=shown_alike({"Yours": found, "Expected": right}),
        diagnosis=hint,
    )
    return f"{what}: as expected ({_deviation_text(deviation)})"


def slip(answer: Any, slips: Mapping[str, Any]) -> str:
    """Return the words for an answer that equals a known wrong answer; "" if it equals none."""
    found = numbers(answer, "The answer")
    same = (
        words
        for words, wrong in slips.items()
        if np.shape(wrong) == found.shape and _deviation(found, np.asarray(wrong)) <= TOLERANCE
    )
    return next(same, "")


def _aliased(answer: Any, found: np.ndarray, right: np.ndarray) -> str:
    """Return advice if all rows are equal, as if one array had been collected in each step."""
    if found.ndim < 2 or len(found) < 2 or not found.any() or (right == right[-1]).all():
        return ""
    if isinstance(answer, (list, tuple)) and all(row is answer[0] for row in answer):
        return "All rows are one array, which changes in each step: append `x.copy()`, not `x`."
    is_row = not np.array_equal(found[-1], right[0]) or np.array_equal(right[0], right[-1])
    if (found == found[-1]).all() and is_row:
        return "All rows are equal, as if they were one array: append `x.copy()`, not `x`."
    return ""


def holds(left: Any, right: Any, rule: str) -> str:
    """Compare the two sides of a rule that every right answer obeys."""
    a, b = np.asarray(left, dtype=float), np.asarray(right, dtype=float)
    deviation = _deviation(a, b)
    expect(
        deviation <= TOLERANCE,
        f"{rule}: this does not hold.",
        compared=shown_alike({"Left side": a, "Right side": b}),
    )
    return f"{rule} ({_deviation_text(deviation)})"


def unchanged(after: np.ndarray, before: np.ndarray, what: str) -> str:
    """Check that a function did not change its argument."""
    if not np.array_equal(after, before):
        message = f"The function changed {what} in place; work on a copy of it."
        raise CheckError("wrong", message, changed=(what, before))
    return f"{what} is unchanged"


def slopes(function: Callable[[np.ndarray], Any], point: np.ndarray) -> np.ndarray:
    """Return central finite differences of a function of an array, one entry at a time."""
    step = 1e-5
    found = []
    for index in np.ndindex(point.shape):
        shift = np.zeros_like(point)
        shift[index] = step
        high, low = function(point + shift), function(point - shift)
        found.append((array(high, "a value") - array(low, "a value")) / (2 * step))
    return np.reshape(found, point.shape)


def _deviation(found: np.ndarray, right: np.ndarray) -> float:
    """Return the largest error divided by the largest entry of the right answer."""
    largest = float(np.max(np.abs(right), initial=0.0)) or 1.0
    return float(np.max(np.abs(found - right), initial=0.0)) / largest


def _deviation_text(deviation: float) -> str:
    """Return a relative deviation and the allowed one as text."""
    if deviation < _ROUNDING:
        return "up to rounding" if deviation else "exactly"
    return f"relative deviation {deviation:.1e}, allowed {TOLERANCE}"

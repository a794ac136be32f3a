"""Visible checks of Homework 2: what is right so far, and what to look at next.

Each item that tests mark has a function here, named like the item (`p1-momentum` is
`p1_momentum`), and a cell of its notebook calls it with `globals()`. It tries your functions on
an example small enough for pen and paper. It prints what it compared and how close you came, or
what is wrong. Stuck? Each check has three hints, each more helpful than the one before: open them
below its verdict, or call `checks.hint("momentum")` once, twice, three times.

When you are done, `checks.pack()` (or `python checks.py pack`) runs your saved notebooks again and
packs them into one file to hand in.

A ✓ is a good sign, not a mark: the hidden tests use other and harder inputs, and proofs and words are
read by a person.
"""

from __future__ import annotations

import ast
import base64
import builtins
import codecs
import dis
import errno
import functools
import html
import importlib
import io
import json
import linecache
import os
import platform
import re
import sys
import traceback
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Mapping, MutableMapping, Sequence, Set
from contextlib import contextmanager, redirect_stderr, redirect_stdout, suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import partial
from importlib.machinery import ModuleSpec
from importlib.util import find_spec
from itertools import islice, product
from pathlib import Path
from types import CodeType, ModuleType
from typing import Any, Literal, NoReturn
from urllib.parse import unquote

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection, PathCollection, QuadMesh
from matplotlib.contour import ContourSet
from matplotlib.figure import Figure
from matplotlib.image import AxesImage
from matplotlib.lines import AxLine, Line2D
from matplotlib.text import Text
from matplotlib.ticker import LogFormatter, ScalarFormatter


# --- Items and verdicts -------------------------------------------------------------------

Names = Mapping[str, Any]
"""The names that a notebook has defined so far: its `globals()`."""

State = Literal["passed", "missing", "open", "broken", "wrong"]
"""missing: not defined; open: not done yet; broken: no usable answer; wrong: a wrong answer."""


@dataclass(frozen=True)
class Item:
    """An item; `answers` are the names to define, empty for a text that a person marks."""

    name: str
    points: float
    answers: tuple[str, ...] = ()
    bonus: bool = False
    title: str = ""

    @property
    def worth(self) -> str:
        """The points as text."""
        return f"{self.points:g} {'bonus ' * self.bonus}point{'s' * (self.points != 1)}"

    @property
    def heading(self) -> str:
        """The title and the points as text."""
        return f"{self.title or self.name} ({self.worth})"


Blocks = tuple[tuple[str, str], ...]
"""Texts to compare, each with its label, such as your answer and the expected one."""


class CheckError(Exception):
    """A fault that a check found, in words for the student.

    `compared` are numbers to show below the message, and `diagnosis` names the slip if the check
    knows it. `changed` is an argument that was changed in place: its name and its earlier value.
    """

    def __init__(
        self,
        state: State,
        message: str,
        *,
        compared: Blocks = (),
        diagnosis: str = "",
        changed: tuple[str, Any] | None = None,
    ) -> None:
        super().__init__(message)
        self.state: State = state
        self.compared, self.diagnosis, self.changed = compared, diagnosis, changed


def named(error: BaseException) -> str:
    """Return an error as one line, like the last line of a traceback."""
    return traceback.format_exception_only(error)[-1].strip()


# --- The items and their points -----------------------------------------------------------

ASSIGNMENT = 'hw2'

TOLERANCE = 0.002
"""Allowed error, divided by the largest entry of the right answer."""

SECONDS = 90
"""Seconds for running all notebooks before packing; marking has the same limit."""

FILES: tuple[str, ...] = ()
"""Data files that marking puts beside the notebooks."""

PROBLEMS: Mapping[str, tuple[Item, ...]] = {
    'problem1_momentum': (
        Item("p1-momentum", 1, ("momentum",), False, "Momentum"),
        Item("p1a-heavy-ball", 1, ("heavy_ball",), False, "a) The heavy ball"),
        Item("p1a-parameters", 1, ("heavy_ball_parameters",), False, "The parameters of the heavy ball"),
        Item("p1a-proof", 2, (), False, "Proof of a)"),
        Item("p1b-ima", 1, ("ima",), False, "b) The iterate moving average"),
        Item("p1b-parameters", 1, ("ima_parameters",), False, "The parameters of the moving average"),
        Item("p1b-proof", 2, (), False, "Proof of b)"),
        Item("p1-plot", 1, ("plot_objective",), False, "The picture: the objective along the way"),
    ),
    'problem2_landscape': (
        Item("p2a-derivation", 3, (), False, "Gradient, Hessian and trace, derived"),
        Item("p2a-values", 2, ("gradient_at_point", "hessian_at_point", "trace_at_point"), False, "Values at a point"),
        Item("p2b-gd-update", 1, ("gd_update",), False, "The update of GD"),
        Item("p2b-usam-update", 2, ("usam_update",), False, "The update of USAM"),
        Item("p2b-words", 2, (), False, "Why does USAM end flatter?"),
        Item("p2c-loss-gradient", 1, ("loss", "gradient"), True, "Loss and gradient"),
        Item("p2c-hessian-trace", 1, ("hessian", "hessian_trace"), True, "Hessian and trace"),
        Item("p2c-gd", 1, ("gd",), True, "Gradient descent"),
        Item("p2c-usam", 1, ("usam",), True, "USAM"),
        Item("p2c-experiment", 1, ("run_experiment",), True, "The experiment"),
        Item("p2c-trace-plot", 1, ("plot_traces",), True, "First picture: how flat is the minimum we reach?"),
        Item("p2c-surface-plot", 1, ("plot_landscape",), True, "Second picture: where on the floor do we stop?"),
        Item("p2c-conclusion", 1, (), True, "Conclusion"),
    ),
    'problem3_ntk': (
        Item("p3a-proof", 1, (), False, "Derivation for v and W"),
        Item("p3a-gradients", 1, ("gradient_v", "gradient_W"), False, "The two derivatives in code"),
        Item("p3b-proof", 2, (), False, "Proof of the limit"),
        Item("p3b-kernel", 1, ("empirical_ntk",), False, "The kernel at finite width"),
        Item("p3c-relu", 1, ("limit_ntk",), False, "The limit for n = 1"),
        Item("p3c-squared", 1, ("limit_ntk",), False, "The limit for n = 2"),
        Item("p3c-proof", 2, (), False, "Proof of c)"),
        Item("p3-plot", 1, ("plot_convergence",), False, "How fast does the kernel reach its limit?"),
    ),
}
SETUP = ('Callable', 'Figure', 'Mapping', 'Sequence', 'checks', 'np', 'plt')
"""Names that setup cells import."""

GIVEN = ('LeastSquares', 'activation', 'activation_derivative', 'least_squares', 'network')
"""Names that given cells define."""


# --- Printing on every terminal -----------------------------------------------------------

_SPELT = {
    **{"✓": "OK", "✗": "X", "✎": "text:", "∇": "grad", "∂": "d", "√": "sqrt", "∞": "infinity"},
    **{"‖": "||", "−": "-", "–": "-", "·": "*", "×": "x", "→": "->", "≤": "<=", "≥": ">="},
    **{"≠": "!=", "“": '"', "”": '"', "’": "'", "\u2044": "/", "\u0302": "^", "\u0303": "~"},
}
"""Words for signs that a terminal may lack; letters are spelt by their Unicode names."""

_GREEK = re.compile(r"GREEK (SMALL|CAPITAL) LETTER (?:FINAL )?(\w+)")
_NO_ERRORS = "fdl-spelt-out"


def say(text: str, end: str = "\n") -> None:
    """Print a text; on a terminal that lacks some of its letters, they are spelt out."""
    if isinstance(sys.stdout, io.TextIOWrapper) and sys.stdout.errors != _NO_ERRORS:
        sys.stdout.reconfigure(errors=_NO_ERRORS)
    print(text, end=end, flush=True)


def as_printed(text: str) -> str:
    """Return a text as `say` prints it here."""
    encoding = getattr(sys.stdout, "encoding", None) or "utf-8"
    return text.encode(encoding, _NO_ERRORS).decode(encoding)


def spelt_out(text: str) -> str:
    """Return a text in ASCII: `η` is eta, `✓` is OK, `x²` is x^2."""
    return text.encode("ascii", _NO_ERRORS).decode("ascii")


def _replacement(error: UnicodeError) -> tuple[str, int]:
    """Return the words for the letters that an encoding lacks, and where encoding continues."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    missing, rest = error.object[error.start : error.end], error.object[error.end :]
    words = re.sub(r"(?<=\^[\d+-])\^", "", "".join(map(_spelt, missing)))
    return words + " " * (missing[-1] == "∇" and rest[:1].isalpha()), error.end


def _spelt(letter: str) -> str:
    if letter in _SPELT:
        return _SPELT[letter]
    if greek := _GREEK.fullmatch(unicodedata.name(letter, "")):
        name = greek[2].replace("LAMDA", "LAMBDA")
        return name.lower() if greek[1] == "SMALL" else name.title()
    plain = unicodedata.normalize("NFKD", letter)
    if plain != letter:
        power = "^" * unicodedata.decomposition(letter).startswith("<super>")
        return power + "".join(part if part.isascii() else _spelt(part) for part in plain)
    return "" if unicodedata.combining(letter) else "?"


codecs.register_error(_NO_ERRORS, _replacement)


# --- Formulas in plain letters ------------------------------------------------------------

_RAISED = dict(zip("0123456789+-−=()ntiᵀ", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁻⁼⁽⁾ⁿᵗⁱᵀ", strict=True))
_LOWERED = dict(
    zip("0123456789+-−=()aehijklmnoprstuvx", "₀₁₂₃₄₅₆₇₈₉₊₋₋₌₍₎ₐₑₕᵢⱼₖₗₘₙₒₚᵣₛₜᵤᵥₓ", strict=True)
)
_COMMANDS = {
    **{"nabla": "∇", "partial": "∂", "infty": "∞", "cdot": "·", "times": "×", "to": "→"},
    **{"rightarrow": "→", "leq": "≤", "le": "≤", "geq": "≥", "ge": "≥", "neq": "≠", "ne": "≠"},
    **{"approx": "≈", "propto": "∝", "pm": "±", "sum": "Σ", "ell": "ℓ", "star": "*", "ast": "*"},
    **{"dots": "…", "ldots": "…", "top": "ᵀ", "Vert": "‖", "|": "‖", "in": "∈", "varrho": "ρ"},
    **{"varepsilon": "ε", "varphi": "φ", "vartheta": "θ"},
    **dict.fromkeys(("quad", "qquad", ",", ";", ":", " "), " "),
    **dict.fromkeys(("left", "right", "big", "Big", "displaystyle", "limits", "!"), ""),
}
"""Signs for TeX commands; Greek letters are found by their Unicode names."""


def in_words(label: str) -> str:
    r"""Return a label of a picture in plain letters: `$\eta_0 = 10^{-1}$` is η₀ = 10⁻¹."""
    plain = re.sub(r"(?<!\\)\$(.*?)(?<!\\)\$", lambda match: _formula(match[1]), label)
    return plain.replace("\\$", "$")


def _formula(text: str) -> str:
    """Return a formula without TeX; a command without a plain form loses only its backslash."""
    text = re.sub(r"\\[dt]?frac\s*\{([^{}]*)\}\s*\{([^{}]*)\}", r"\1/\2", text)
    text = re.sub(r"\\(?:math\w+|text\w*|operatorname)\s*\{([^{}]*)\}", r"\1", text)
    text = re.sub(r"\\sqrt\s*\{([^{}]{2,})\}", r"√(\1)", text)
    text = re.sub(r"\\sqrt\s*\{([^{}])\}", r"√\1", text)
    text = re.sub(r"\\(?:wide)?hat\s*\{?(\\?[A-Za-z]+)\}?", "\\1\u0302", text)
    text = re.sub(r"\\([A-Za-z]+|[,;:!| ])", lambda match: _sign(match[1]), text)
    text = re.sub(r"(?<=[∇∂√])\s+", "", text)
    for sign, letters in (("^", _RAISED), ("_", _LOWERED)):
        text = re.sub(rf"\{sign}(?:\{{([^{{}}]*)\}}|([^{{}}]))", _moved(letters, sign), text)
    return re.sub(r"[{}]|\\(?=\W)", "", text)


def _sign(name: str) -> str:
    """Return the letter or the sign of a command; its name if there is none."""
    size = "CAPITAL" if name[:1].isupper() else "SMALL"
    letter = f"GREEK {size} LETTER {name.upper().replace('LAMBDA', 'LAMDA')}"
    try:
        return _COMMANDS[name] if name in _COMMANDS else unicodedata.lookup(letter)
    except KeyError:
        return name


def _moved(letters: Mapping[str, str], sign: str) -> Callable[[re.Match[str]], str]:
    """Return a function that writes a raised or lowered text: in `letters`, or after its sign."""

    def plain(match: re.Match[str]) -> str:
        text = match[2] or match[1] or ""
        if set(text) <= letters.keys():
            return "".join(letters[letter] for letter in text)
        return f"{sign}({text})" if len(text) > 1 else f"{sign}{text}"

    return plain


# --- Writing down the call that a check made ----------------------------------------------

_MOST_ENTRIES = 24
"""Number of entries up to which an argument is written down."""

_MOST_LETTERS = 200
"""Number of letters up to which a call is short enough to show."""

_EXAMPLES: dict[str, Callable[[], Any]] = {}


class TooLong:
    """Placeholder for an argument that is too large to write down."""


def example(build: Callable[[], Any]) -> Callable[[], Any]:
    """Register a function that returns an example; calls are shown with its name, not its value."""
    _EXAMPLES[build.__name__] = build
    return build


def copied(thing: Any) -> Any:
    """Return a copy of a small argument, so that it can be shown as it was before a call."""
    if isinstance(thing, np.ndarray):
        return thing.copy() if thing.size <= _MOST_ENTRIES else TooLong()
    if isinstance(thing, (list, tuple, Mapping)) and len(thing) > _MOST_ENTRIES:
        return TooLong()
    if isinstance(thing, Mapping):
        return {key: copied(value) for key, value in thing.items()}
    return type(thing)(map(copied, thing)) if type(thing) in (list, tuple) else thing


def call_text(name: str, arguments: tuple[Any, ...]) -> str:
    """Return a call as a line that runs in the notebook; "" if it is long or has no such form."""
    try:
        line = f"{name}({', '.join(map(_argument, arguments))})"
    except ValueError:
        return ""
    return line if len(line) <= _MOST_LETTERS else ""


def changing_call_text(line: str, name: str, before: Any) -> str:
    """Return a line that makes the call and then shows the argument that the call changed."""
    value = _written(before)
    if not name or value not in line:
        return line
    return f"{name} = {value}; {line.replace(value, name, 1)}; {name}"


def _argument(thing: Any) -> str:
    text = _written(thing)
    for name, build in _EXAMPLES.items():
        if type(thing) is type(value := build()) and text == _written(value):
            return f"checks.{name}()"
    return text


def _written(thing: Any) -> str:
    """Return a thing as Python; raise ValueError if that is impossible."""
    if isinstance(thing, np.ndarray):
        return _array(thing)
    if isinstance(thing, np.generic):
        thing = thing.item()
    if thing is None or isinstance(thing, (bool, int, str)):
        return repr(thing)
    if isinstance(thing, float) and np.isfinite(thing):
        return repr(thing)
    if isinstance(thing, dict):
        return "{" + ", ".join(f"{_written(k)}: {_written(v)}" for k, v in thing.items()) + "}"
    if isinstance(thing, list):
        return f"[{', '.join(map(_written, thing))}]"
    if isinstance(thing, tuple):
        return f"({', '.join(map(_written, thing))}{',' * (len(thing) == 1)})"
    name, module = getattr(thing, "__name__", "_"), getattr(thing, "__module__", "")
    if not name.startswith("_") and getattr(sys.modules.get(module), name, None) is thing:
        return f"checks.{name}"
    raise ValueError(f"{type(thing)} can't be written as code")


def _array(array: np.ndarray) -> str:
    if array.dtype.kind not in "biuf" or not np.isfinite(array).all():
        raise ValueError("only finite real numbers can be written as code")
    if array.size > 5 and (array == array.flat[0]).all():
        return f"np.full({array.shape}, {array.flat[0].item()!r})"
    entries = repr(array.tolist())
    if (array % 1).any():  # one entry with a point makes all of them floats
        entries = re.sub(r"\.0(?=[,\]])", "", entries)
    is_plain = array.dtype == float or (array.size > 0 and array.dtype in (bool, int))
    return f"np.array({entries})" if is_plain else f"np.array({entries}, dtype=np.{array.dtype})"


# --- Calling your functions and comparing their answers -----------------------------------

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


# --- Looking at figures -------------------------------------------------------------------

def as_figure(answer: Any) -> Figure:
    """Return the Figure that a plotting function returned; CheckError unless it has axes."""
    figure = answer
    if isinstance(answer, (tuple, list)):  # such as `return figure, axes`
        figure = next((part for part in answer if isinstance(part, (Figure, Axes))), answer)
    if isinstance(figure, Axes):
        figure = figure.get_figure()
    if not isinstance(figure, Figure):
        raise CheckError(
            "broken",
            f"The function returned {kind(answer)} but should return the Figure: start with "
            "`figure, axes = plt.subplots()` and end with `return figure`.",
        )
    expect(
        figure.axes,
        "The Figure that the function returned has no axes in it. `plt.show()` closes a figure in "
        "a notebook: keep `figure, axes = plt.subplots()` and end with `return figure`.",
        "broken",
    )
    return figure


Curve = tuple[Axes, np.ndarray, np.ndarray]
"""The axes of a curve, its x data and its y data."""


def curves(figure: Figure) -> list[Curve]:
    """Return every line of a figure, also those in collections."""
    return [(axes, *points.T) for axes, points, _ in _drawn_lines(figure)]


Drawn = tuple[Axes, np.ndarray, Artist]
"""The axes of a curve, its points as rows (x, y), and the artist that draws them."""


def _drawn_lines(figure: Figure) -> Iterator[Drawn]:
    for axes in figure.axes:
        for line in axes.get_lines():
            yield axes, np.asarray(_ends_of(line), float)[:, :2], line
        for lines in axes.collections:
            for path in lines.get_segments() if type(lines) is LineCollection else []:
                yield axes, np.asarray(path, float)[:, :2], lines


def _ends_of(line: Line2D) -> Any:
    """Return the points of a line; of an endless line, the two points that define it."""
    ends = isinstance(line, AxLine) and [getattr(line, name, None) for name in ("_xy1", "_xy2")]
    return ends if ends and None not in ends else line.get_xydata()


def curve(figure: Figure, x: Any, y: Any, what: str) -> Axes:
    """Return the axes that show these points: as a line, scattered, or one by one.

    A linear axis may show logarithms if its label says so. All points must be visible.
    """
    x, y = np.asarray(x, float), np.asarray(y, float)
    found, unseen = [*_drawn_lines(figure), *_scattered(figure)], ""
    for axes, points, artist in found:
        for right in product(_read(x, axes, "x"), _read(y, axes, "y")):
            if points.shape == (*x.shape, 2) and all(map(_is_near, points.T, right)):
                if not (why := _why_unseen(axes, points, artist)):
                    return axes
                unseen = unseen or why
    for axes, points in _pieces(found):
        if all(
            np.isclose(points, p, rtol=TOLERANCE).all(axis=1).any() for p in zip(x, y, strict=True)
        ):
            return axes
    expect(not unseen, f"{what}: the figure has this line, but {unseen}.")
    seen = "\n".join(f"  x = {shown(p[:, 0])}, y = {shown(p[:, 1])}" for _, p, _ in found[:4])
    raise CheckError(
        "wrong",
        f"{what}: no line with x = {shown(x)}, y = {shown(y)} is in the figure. "
        + (f"Its lines:\n{seen}" if seen else "It has no line."),
    )


def _is_near(found: np.ndarray, right: np.ndarray) -> bool:
    return bool(np.allclose(found, right, rtol=TOLERANCE))


def _why_unseen(axes: Axes, points: np.ndarray, artist: Artist) -> str:
    """Return why some of these points are not visible; "" if all are."""
    if not is_visible(artist):
        return "it can't be seen: it is drawn with neither a line nor markers, or without opacity"
    if not within_limits(axes, points).all():
        return "part of it is outside the limits of the axes"
    return ""


def is_visible(artist: Artist) -> bool:
    """Return whether an artist is drawn with a line or with markers, and with opacity."""
    alpha = artist.get_alpha()
    if not artist.get_visible() or (alpha is not None and not np.any(alpha)):
        return False
    if isinstance(artist, Line2D):
        has_line = artist.get_linestyle() not in ("None", " ", "") and artist.get_linewidth() > 0
        has_marker = artist.get_marker() not in ("None", "none", " ", "", None)
        return has_line or (has_marker and artist.get_markersize() > 0)
    return not isinstance(artist, PathCollection) or bool(np.any(artist.get_sizes()))


def within_limits(axes: Axes, points: np.ndarray) -> np.ndarray:
    """Return for each row (x, y) whether the axes show it.

    Points that a logarithmic axis can't show count as shown.
    """
    shows = np.ones(len(points), dtype=bool)
    for values, ends, scale in (
        (points[:, 0], axes.get_xlim(), axes.get_xscale()),
        (points[:, 1], axes.get_ylim(), axes.get_yscale()),
    ):
        slack = 1e-6 * np.ptp(ends)
        within = (min(ends) - slack <= values) & (values <= max(ends) + slack)
        shows &= within | ~np.isfinite(values) | ((scale == "log") & (values <= 0))
    return shows


def _read(values: np.ndarray, axes: Axes, direction: str) -> Iterator[np.ndarray]:
    """Yield the values, and where else an axis shows them.

    Its label may say that it shows logarithms, and its ticks may have the values as their labels.
    """
    yield values
    if re.search(_LOGARITHM, _label_of(axes, direction)) and (values > 0).all():
        yield from (log(values) for log in (np.log10, np.log, np.log2))
    axis = axes.xaxis if direction == "x" else axes.yaxis
    formatter = axis.get_major_formatter()
    if not isinstance(formatter, (ScalarFormatter, LogFormatter)):
        places = [float(place) for place in axis.get_ticklocs()]
        labels = [in_words(label) for label in formatter.format_ticks(places)]
        ticks = [
            [
                place
                for place, label in zip(places, labels, strict=True)
                if says_number(value)(label)
            ]
            for value in values
        ]
        if all(len(found) == 1 for found in ticks):
            yield np.ravel(ticks).astype(float)


_LOGARITHM = r"\b(?:log|ln|lg)"


def _pieces(found: list[Drawn]) -> Iterator[tuple[Axes, np.ndarray]]:
    """Yield the points of each axes that were drawn one by one, or as lines between two."""
    for axes in dict.fromkeys(axes for axes, _, _ in found):
        short = (each for each in found if each[0] is axes and len(each[1]) <= 2)
        seen = [points for at, points, artist in short if not _why_unseen(at, points, artist)]
        yield axes, np.concatenate([np.empty((0, 2)), *seen])


def _scattered(figure: Figure) -> Iterator[Drawn]:
    """Yield every set of points that `scatter` drew."""
    for axes in figure.axes:
        for points in axes.collections:
            if isinstance(points, PathCollection):
                yield axes, np.asarray(points.get_offsets(), float).reshape(-1, 2), points


def legend_texts(figure: Figure) -> list[str]:
    """Return the texts of all legends of a figure in words."""
    legends = [*(axes.get_legend() for axes in figure.axes), *figure.legends]
    return [
        in_words(text.get_text()) for legend in legends if legend for text in legend.get_texts()
    ]


def texts_in(figure: Figure) -> list[str]:
    """Return all that a figure says in words, in legends and titles and beside its curves.

    The labels and the numbers of its axes are left out.
    """
    ticks = {
        id(text)
        for axes in figure.axes
        for axis in (axes.xaxis, axes.yaxis, getattr(axes, "zaxis", axes.xaxis))
        for text in axis.findobj(Text)
    }
    texts = (text for text in figure.findobj(Text) if id(text) not in ticks and text.get_visible())
    said = (in_words(text.get_text()).strip() for text in texts)
    return [words for words in dict.fromkeys(said) if words]


def legend_names(figure: Figure, count: int) -> str:
    """Check that the legends have at least `count` labels, and return them as a line."""
    words = legend_texts(figure)
    expect(
        len([word for word in words if word.strip()]) >= count,
        f"The legend names {len(words)} things but should name {count}: give each a `label=…` and "
        "call `axes.legend()`.",
    )
    return "the legend says: " + ", ".join(words)


def names_in(
    figure: Figure, names: Mapping[str, Callable[[str], bool]], *, exact: bool = False
) -> str:
    """Check that a figure names things, and return the names as a line.

    `names` maps each thing to a test of whether a text names it. The text may be in a legend, in a
    title or beside the curve. Unless the names are `exact`, a legend may use other words.
    """
    if not exact and len([text for text in legend_texts(figure) if text.strip()]) >= len(names):
        return legend_names(figure, len(names))
    said = texts_in(figure)
    fits = {name: [text for text in said if fit(text)] for name, fit in names.items()}
    if missing := [name for name, texts in fits.items() if not texts]:
        raise CheckError(
            "wrong",
            f"Nothing in the figure names {' or '.join(missing)}: give each a `label=…` and call "
            "`axes.legend()`.",
        )
    told = list(dict.fromkeys(text for texts in fits.values() for text in texts))
    expect(
        len(told) >= len(names) or any(map(says(_STYLES), told)),
        f"One text, “{told[0]}”, names {' and '.join(names)}: give each a `label=…` of its own.",
    )
    return "the figure says: " + ", ".join(told)


_STYLES = (
    r"red|blue|green|orange|yellow|black|white|gr[ae]y|purple|cross|circle|square|star|triangle|dot"
    r"|solid|dashed|rot|blau|gr[üu]n|schwarz|wei[sß]|kreu[zi]|kreis|rouge|bleu|vert|noir|blanc"
)
"""Colours, shapes and line styles by which one text can tell several curves apart."""


def says(pattern: str) -> Callable[[str], bool]:
    """Return a test of whether a text matches a pattern, in upper or lower case."""
    return lambda text: re.search(pattern, text, re.IGNORECASE) is not None


def says_number(number: float) -> Callable[[str], bool]:
    """Return a test of whether a text has a number in it."""

    def fits(text: str) -> bool:
        found = re.findall(r"\d+(?:[.,]\d+)?(?:e-?\d+)?", text)
        return any(np.isclose(float(each.replace(",", ".")), number) for each in found)

    return fits


def axis_labels(axes: Axes) -> str:
    """Check that both axes have a label, and return the labels as a line.

    If a figure has several axes, the label of one of them is enough.
    """
    labels = {"x": _label_of(axes, "x"), "y": _label_of(axes, "y")}
    for direction, label in labels.items():
        expect(
            label,
            f"The {direction} axis has no label: `axes.set_{direction}label(…)` says what it "
            "shows.",
        )
    return f"the axes are labelled: {labels['x']}; {labels['y']}"


def _label_of(axes: Axes, direction: str) -> str:
    """Return the label of an axis in words, else a label of the figure for this direction."""
    figure: Any = axes.figure
    figure = figure.figure  # the top-level figure, if the axes are in a subfigure
    places = [axes, *(each for each in figure.axes if each.get_label() != "<colorbar>")]
    labels = [getattr(each, f"get_{direction}label")() for each in places]
    labels.append(getattr(figure, f"get_sup{direction}label")())
    return next(filter(None, (in_words(label).strip() for label in labels)), "")


def shows_logarithms(axes: Axes) -> bool:
    """Return whether both axes are logarithmic, or have labels that say so."""
    scales = {"x": axes.get_xscale(), "y": axes.get_yscale()}
    return all(
        scale == "log" or re.search(_LOGARITHM, _label_of(axes, direction))
        for direction, scale in scales.items()
    )


def surfaces(figure: Figure) -> list[np.ndarray]:
    """Return rows (x, y, height) of each surface in a figure that can be read.

    For contours, filled or not, the height is only the position of the level among the levels.
    """
    found = []
    for axes in figure.axes:
        for artist in (*axes.collections, *axes.images) if axes.get_label() != "<colorbar>" else ():
            try:
                rows = [_filled(part).reshape(-1, 3) for part in _readings(artist)]
            except (AttributeError, TypeError, ValueError, IndexError):
                continue  # another version of matplotlib stores it differently
            data = np.concatenate([*rows, np.empty((0, 3))])
            data = data[np.isfinite(data).all(axis=1)]
            if len(data) and np.ptp(data[:, 2]) > 0:
                found.append(data)
    return found


def _filled(part: Any) -> Any:
    """Return an array of floats, NaN where it is masked."""
    return np.ma.filled(np.ma.asarray(part, float), np.nan)


def _readings(artist: Any) -> Iterator[Any]:
    """Yield arrays of rows (x, y, height) of a surface; nothing if its kind is unknown."""
    if hasattr(artist, "_segments3d"):
        yield from artist._segments3d
    elif getattr(artist, "_vec", None) is not None:
        yield artist._vec[:3].T
    elif getattr(artist, "_faces", None) is not None:
        yield artist._faces
    elif isinstance(artist, ContourSet):
        for order, path in enumerate(artist.get_paths()):
            points: Any = path.vertices
            yield np.column_stack([points, np.full(len(points), order)])
    elif isinstance(artist, QuadMesh):
        corners, heights = _filled(artist.get_coordinates()), _filled(artist.get_array())
        if heights.ndim < 3 and heights.size != corners[..., 0].size:
            corners = (corners[:-1] + corners[1:]) / 2
            corners = (corners[:, :-1] + corners[:, 1:]) / 2
        yield np.column_stack([corners.reshape(-1, 2), heights.ravel()])
    elif isinstance(artist, AxesImage):
        heights = _filled(artist.get_array())
        left, right, bottom, top = artist.get_extent()
        if artist.origin == "upper":
            bottom, top = top, bottom
        rows, columns = ((np.arange(n) + 0.5) / n for n in heights.shape)
        x, y = np.meshgrid(left + (right - left) * columns, bottom + (top - bottom) * rows)
        yield np.column_stack([x.ravel(), y.ravel(), heights.ravel()])


def rises_with(data: np.ndarray, heights: Callable[[np.ndarray], Any]) -> float:
    """Return the share of pairs of points that a surface and a function put in the same order.

    The function is called with an array of two rows, the x and the y of many points.
    """
    draw = np.random.default_rng(0)
    one, other = data[draw.integers(len(data), size=(2, 1500))]
    differ = one[:, 2] != other[:, 2]
    up = (one[:, 2] < other[:, 2])[:, np.newaxis]
    low, high = np.where(up, one, other)[differ, :2], np.where(up, other, one)[differ, :2]
    if not len(low):
        return 1.0
    below, above = (np.asarray(heights(part.T), float) for part in (low, high))
    almost = 0.01 * float(np.ptp([below, above]))
    return float(np.mean(below <= above + almost))


# --- Reading saved notebooks --------------------------------------------------------------

_UNANSWERED = "Your answer goes here"


@dataclass(frozen=True)
class Saved:
    """A saved notebook; `fault` says why it can't be read, `file` is a copy's name."""

    problem: str
    content: bytes
    time: float
    cells: tuple[Mapping[str, Any], ...]
    fault: str = ""
    file: str = ""

    @property
    def name(self) -> str:
        return f"{self.problem}.ipynb"

    @property
    def shown(self) -> str:
        """The name of the file in the student's folder."""
        return self.file or self.name

    @property
    def code(self) -> tuple[str, ...]:
        return tuple(cell_text(cell) for cell in self.cells if cell.get("cell_type") == "code")


def saved_notebook(folder: Path, problem: str, file: str = "") -> Saved | None:
    """Return the saved notebook of a problem, or its copy `file`; None if there is none."""
    path = folder / (file or f"{problem}.ipynb")
    if not path.is_file():
        return None
    content, time = path.read_bytes(), path.stat().st_mtime
    try:
        cells = json.loads(content)["cells"]
        cells = tuple(cell for cell in cells if isinstance(cell, Mapping))
    except (ValueError, KeyError, TypeError, RecursionError):
        return Saved(problem, content, time, (), "the file is not a notebook. Is it damaged?", file)
    return Saved(problem, content, time, cells, file=file)


def saved_here(problem: str) -> Saved | None:
    """Return the saved notebook of a problem that is beside this file; None if there is none."""
    try:
        return saved_notebook(Path(__file__).resolve().parent, problem)
    except OSError:
        return None


def cell_text(cell: Mapping[str, Any]) -> str:
    """Return a cell's text, which a file stores as one string or as a list of lines."""
    source = cell.get("source", "")
    return source if isinstance(source, str) else "".join(map(str, source))


def grade_id(cell: Mapping[str, Any]) -> str:
    """Return the item that a cell is marked for, or ""."""
    metadata = cell.get("metadata")
    mark = metadata.get("nbgrader") if isinstance(metadata, Mapping) else None
    if not isinstance(mark, Mapping):
        return str(cell.get("id", ""))
    return str(mark.get("grade_id", "")) if mark.get("grade") else ""


def is_written(notebook: Saved, item: str) -> bool:
    """Return whether a text item has a text that differs from the released one."""
    mine = [cell for cell in notebook.cells if grade_id(cell) == item]
    return any(cell_text(cell).strip() and not _is_as_released(cell) for cell in mine)


def empty_parts(notebook: Saved, item: str) -> str:
    """Return how many parts of a text's frame are still empty, in words; "" if none is.

    A part begins with a line such as `**Claim.** …` and is empty if only this line is there. If a
    student left the frame unchanged and wrote everything below it, in place of the line “Your
    answer goes here”, no part counts as empty.
    """
    parts: list[str] = []
    is_below = False
    for text in text_cells(notebook, item):
        rest = re.sub(rf"^(?:</div>|.*{_UNANSWERED}.*)$", "", text, flags=re.MULTILINE)
        parts += re.split(r"^(?=\*\*(?!✎))", rest, flags=re.MULTILINE)[1:]
        is_below |= _UNANSWERED not in text
    empty = [part for part in parts if re.fullmatch(r".*…\s*", part)]
    as_released = [part for part in parts if re.match(r".*…[^\S\n]*$", part, re.MULTILINE)]
    if is_below and [*empty, *parts[len(empty) :][:1]] == as_released == parts[: len(as_released)]:
        return ""
    verb = "is" if len(empty) == 1 else "are"
    return f"{len(empty)} of {len(parts)} parts {verb} still empty" if empty else ""


def is_line_left(notebook: Saved, item: str) -> bool:
    """Return whether a written text still contains the line that it should replace."""
    mine = (cell for cell in notebook.cells if grade_id(cell) == item)
    return any(_UNANSWERED in cell_text(cell) for cell in mine) and is_written(notebook, item)


def _is_as_released(cell: Mapping[str, Any]) -> bool:
    """Return whether a text is the released one, by the checksum that nbgrader left in the cell."""
    import hashlib

    mark = cell.get("metadata", {}).get("nbgrader")
    if not isinstance(mark, Mapping) or not isinstance(mark.get("checksum"), str):
        return _UNANSWERED in cell_text(cell)  # some editors drop unknown metadata
    about = [str(bool(mark.get(key))) for key in ("grade", "solution", "locked")]
    try:
        parts = [cell_text(cell), "markdown", *about, grade_id(cell), str(float(mark["points"]))]
    except (KeyError, TypeError, ValueError):
        return False
    digest = hashlib.md5("".join(parts).encode(errors="replace"), usedforsecurity=False)
    return digest.hexdigest() == str(mark["checksum"])


def text_cells(notebook: Saved, item: str) -> list[str]:
    """Return the text of an item's cells."""
    return [cell_text(cell) for cell in notebook.cells if grade_id(cell) == item]


# --- The answers in memory, the cells that ran, and the saved notebook --------------------

def out_of_date(name: str, problem: str, names: Names, runs: Sequence[str]) -> str:
    """Return why an answer in memory differs from its cell, and what to do; "" if they agree.

    `runs` are the texts of the cells that the kernel ran, by their numbers. A cell that was
    changed, but neither run nor saved, can't be seen from here.
    """
    defines = re.compile(rf"^(?:def {name}\b|{name}\s*(?::[^=\n]*)?=(?!=))", re.MULTILINE)
    ran = {number: _lines(text) for number, text in enumerate(runs) if defines.search(text)}
    code = getattr(names.get(name), "__code__", None)
    held = _lines("".join(linecache.getlines(code.co_filename))) if code else ""
    last = list(ran.values())[-1:]
    if ran and (name not in names or (held in ran.values() and held not in last)):
        age = "still the unfinished one" if _is_stub(held, name) else "an older one"
        result = f"the `{name}` in memory is {age}" if name in names else "it is not defined"
        return (
            f"The last run of the cell that defines `{name}` stopped with an error, so {result}. "
            "Correct that cell and run it, then run this check."
        )
    number, saved = _saved_cell(problem, defines)
    if not saved or _is_stub(saved, name) or saved in ran.values():
        return ""
    if name not in names:
        return (
            f"Your notebook has a cell that defines `{name}`, but it was not run since the kernel "
            "started. Run it, then run this check."
        )
    if _is_stub(held, name):
        return (
            f"The `{name}` in memory is still the unfinished one: run its cell, then run this "
            "check."
        )
    if ran.get(number) == held and _definition(saved, name) != _definition(held, name):
        return (
            f"The `{name}` in memory is an older one: you changed its cell and did not run it. Run "
            "it, then run this check."
        )
    return ""


def _saved_cell(problem: str, defines: re.Pattern[str]) -> tuple[int, str]:
    """Return the number and the text of the last saved cell that defines a name."""
    notebook = saved_here(problem)
    for cell in reversed(notebook.cells if notebook else ()):
        if cell.get("cell_type") == "code" and defines.search(text := cell_text(cell)):
            number = cell.get("execution_count")
            return (number if isinstance(number, int) else -1), _lines(text)
    return -1, ""


def _lines(text: str) -> str:
    return "\n".join(line.rstrip() for line in text.strip().splitlines())


def _is_stub(cell: str, name: str) -> bool:
    return "raise NotImplementedError" in _definition(cell, name)


def _definition(cell: str, name: str) -> str:
    """Return the text of a function's definition; the whole cell if there is no such function."""
    try:
        found = [node for node in ast.parse(cell).body if getattr(node, "name", "") == name]
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return cell
    return ast.get_source_segment(cell, found[-1]) or cell if found else cell


def used_answers(item: Item, names: Names) -> Iterator[tuple[str, Item]]:
    """Yield the answers to other items that an item's functions call, each with its item."""
    asked = {n: other for its in PROBLEMS.values() for other in its for n in other.answers}
    todo, seen = list(item.answers), set(item.answers)
    while todo:
        for name in _globals_of(getattr(names.get(todo.pop()), "__code__", None)):
            if name in names and name not in seen:
                seen.add(name)
                todo.append(name)
                if name in asked:
                    yield name, asked[name]


def _globals_of(code: Any) -> Iterator[str]:
    """Yield the global names that code reads, also inside functions within it."""
    if isinstance(code, CodeType):
        for step in dis.get_instructions(code):
            if step.opname == "LOAD_GLOBAL":
                yield step.argval
        for part in code.co_consts:
            yield from _globals_of(part)


# --- Verdicts, hints, and your progress ---------------------------------------------------

Lines = Iterator[str]
"""The lines that a check yields, one for each comparison that holds."""

BODIES: dict[str, Callable[[Answers], Lines]] = {}
"""Each item's check, which raises `CheckError` at the first comparison that fails."""

HINTS: dict[str, tuple[str, str, str]] = {}
"""The hints for each item with a check: a nudge, the answer's shape, and where to look."""

_STEPS = ("a nudge", "the shape of the answer", "where to look")

_given: dict[str, int] = {}
"""Number of hints that `hint` has given for an item so far."""

_diagnosed: dict[str, str] = {}
"""The slip or the cause that an item's last check named; `hint` begins with it."""

_latest: list[str] = []
"""The item that was checked last, which shows which notebook this is."""

_VERDICTS: Mapping[State, tuple[str, str, str]] = {
    "passed": ("✓", "passes", "#1a7f37"),
    "missing": ("…", "not found", "#57606a"),
    "open": ("…", "not done yet", "#57606a"),
    "broken": ("✗", "can't be compared yet", "#8a4600"),
    "wrong": ("✗", "not right yet", "#b3261e"),
}
"""Each state's sign, its words, and a colour on which white text is easy to read."""

_WRAPPED = (
    "white-space:pre-wrap;overflow-wrap:anywhere;font-family:var(--jp-code-font-family,monospace)"
)
_SIDE_BY_SIDE = "display:flex;flex-wrap:wrap;gap:0 2.5em;margin:2px 0 2px 1.5em"

_PRAISE = ("Well done.", "Good work.", "That holds up.", "Nicely solved.", "Exactly right.")


@dataclass(frozen=True)
class Result:
    """The outcome of one check: the comparisons that held, and a message about the first fault.

    `compared` are numbers to show below the message. `diagnosis` names the slip if the check knows
    it, `advice` a cause elsewhere. `function` is the name of the function that failed, `call` its
    call as a line to copy. `answer` is what the last call of a passed check returned.
    """

    state: State
    held: tuple[str, ...]
    message: str = ""
    compared: Blocks = ()
    diagnosis: str = ""
    function: str = ""
    call: str = ""
    advice: str = ""
    answer: Any = None

    @property
    def fault(self) -> str:
        """The message, the diagnosis and the numbers as lines."""
        numbers = (f"{label}: {text}" for label, text in self.compared)
        return "\n".join(filter(None, [self.message, self.diagnosis, *numbers]))


def check(
    nudge: str, shape: str, place: str
) -> Callable[[Callable[[Answers], Lines]], Callable[[Names], None]]:
    """Register a function as the check of the item with its name, with three hints.

    The notebook calls the decorated function, which prints a verdict and never raises.
    """

    def decorate(body: Callable[[Answers], Lines]) -> Callable[[Names], None]:
        item = body.__name__.replace("_", "-")
        BODIES[item], HINTS[item] = body, (nudge, shape, place)

        @functools.wraps(body)
        def run(names: Names) -> None:
            asked = _item(item)
            result = _advised(asked, examine(item, names), names)
            _diagnosed[item] = result.advice or result.diagnosis
            _show(asked, result)

        return run

    return decorate


def examine(item: str, names: Names) -> Result:
    """Run one check; an error in it becomes a result too."""
    held: list[str] = []
    _latest[:] = [item]
    answers = Answers(names)
    with _figures_closed():
        try:
            for line in BODIES[item](answers):
                held.append(line)
        except CheckError as error:
            told = str(error), error.compared, error.diagnosis
            return Result(error.state, tuple(held), *told, *answers.last_call(error.changed))
        except Exception as error:
            message = f"The check could not continue: {named(error)}"
            return Result("broken", tuple(held), message, (), "", *answers.last_call())
    return Result("passed", tuple(held), answer=answers.last_answer)


def _advised(item: Item, result: Result, names: Names) -> Result:
    """Return a result with the likely cause: an old cell, or another answer that does not pass."""
    problem = next((name for name, items in PROBLEMS.items() if item in items), "")
    runs = _cells_run()
    causes = (out_of_date(name, problem, names, runs) for name in item.answers if runs)
    if cause := next(filter(None, causes), ""):
        if result.state in ("missing", "open"):
            return replace(result, message=cause)
        return replace(result, advice=cause)
    if result.state == "passed":
        return result
    for name, other in used_answers(item, names):
        fault = _quiet_result(other.name, names)
        if fault.state == "passed" or fault.function not in ("", name):
            continue
        if f"`{name}`" not in result.fault:
            advice = f"It uses your `{name}`, which does not pass yet: look at that check first."
            return replace(result, advice=advice)
    return result


def _cells_run() -> list[str]:
    """Return the texts of the cells that this kernel ran; none outside a notebook."""
    here = shell()
    history = getattr(here, "history_manager", None) if getattr(here, "kernel", None) else None
    return list(getattr(history, "input_hist_parsed", ()))


def _item(name: str) -> Item:
    known = (item for items in PROBLEMS.values() for item in items if item.name == name)
    return next(known, Item(name, 0))  # outside a course no points are known


@contextmanager
def _figures_closed() -> Iterator[None]:
    """Close the figures that a check made, so that the notebook does not show them."""
    before = set(plt.get_fignums())
    try:
        yield
    finally:
        for number in set(plt.get_fignums()) - before:
            plt.close(number)


def quietly(item: str, names: Names) -> State:
    """Run a check and discard everything that the student's code prints."""
    return _quiet_result(item, names).state


def _quiet_result(item: str, names: Names) -> Result:
    with redirect_stdout(io.StringIO()), redirect_stderr(io.StringIO()):
        return examine(item, names)


def shell() -> Any:
    """Return the IPython shell that this code runs in, or None; does not import IPython."""
    get = getattr(sys.modules.get("IPython"), "get_ipython", None)
    return get() if get else None


def _show(item: Item, result: Result) -> None:
    """Show a result: in a notebook as HTML and text, elsewhere as text only."""
    _publish(_text(item, result), _page(item, result))


def _publish(text: str, page: str) -> None:
    """Show a page in a notebook, or its text if HTML can't be shown; elsewhere print the text."""
    here = shell()
    if getattr(here, "kernel", None) is None:
        say(text)
    else:
        here.display_pub.publish(data={"text/plain": text, "text/html": page}, metadata={})


def _publish_line(text: str) -> None:
    """Show one line, with text between backticks as code if HTML can be shown."""
    _publish(text, f"<div>{_marked_up(text)}</div>")


def _text(item: Item, result: Result) -> str:
    """Return a result as text: a headline, the comparisons that held, and the message."""
    sign, word, _ = _VERDICTS[result.state]
    headline = f"{sign} {item.name}: {word}" + f" – {item.heading}" * bool(item.title)
    lines = [headline + _praise(item, result), *(f"  ✓ {line}" for line in result.held)]
    lines += [f"  {line}" for line in _fault_lines(result)]
    lines += [f"  → {line}" for line in _next_steps(result)]
    if _needs_hints(item, result):
        lines.append(
            f'  ? Stuck? checks.hint("{item.name}") gives a hint; call it again for the next.'
        )
    return "\n".join(lines)


def _fault_lines(result: Result) -> Iterator[str]:
    """Yield the first fault as lines: the message, the numbers with their labels, the diagnosis."""
    first, *rest = _signed(result).split("\n")
    yield from filter(None, [first])
    yield from (f"  {line}" for line in rest)
    width = max((len(label) for label, _ in result.compared), default=0) + 1
    for label, text in result.compared:
        top, *more = text.split("\n")
        yield f"  {label + ':':<{width}} {top}"
        yield from (f"  {'':{width}} {line}" for line in more)
    yield from filter(None, [f"  {result.diagnosis}" * bool(result.diagnosis)])


def _signed(result: Result) -> str:
    """Return the message, after a ✗ if the lines above it may have a ✓."""
    cross = _VERDICTS["wrong"][0]
    return f"{cross} {result.message}" if result.state in ("broken", "wrong") else result.message


def _praise(item: Item, result: Result) -> str:
    """Return a few kind words if the answer is right, the same ones each time."""
    place = list(BODIES).index(item.name)
    return f". {_PRAISE[place % len(_PRAISE)]}" if result.state == "passed" else ""


def _next_steps(result: Result) -> list[str]:
    failed = result.state in ("broken", "wrong") and result.call
    call = f"try it yourself: `{result.call}`" if failed else ""
    return [line for line in (call, result.advice) if line]


def _needs_hints(item: Item, result: Result) -> bool:
    """Return whether hints can help: they can't if all is right or the cell was not run."""
    return result.state not in ("passed", "missing") and item.name in HINTS


def _page(item: Item, result: Result) -> str:
    """Return a result as HTML: a badge with a sign and a word, and hints that open one by one.

    It has no script and no style sheet, loads nothing, and is readable without its styles.
    """
    sign, word, colour = _VERDICTS[result.state]
    badge = f"background:{colour};color:#fff;border-radius:3px;padding:1px 7px"
    lines = [
        f'<div><span style="{badge}"><b>{sign} {word}</b></span> '
        f"<b>{html.escape(item.title or item.name)}</b> ({item.worth})"
        f"{_praise(item, result)} {_small(item.name)}</div>",
        *(f"<div>✓ {_marked_up(line)}</div>" for line in result.held),
    ]
    lines += _fault_page(result)
    lines += [f"<div>→ {_marked_up(line)}</div>" for line in _next_steps(result)]
    lines += _own_picture(result)
    if _needs_hints(item, result):
        lines.append(_hints(item.name))
    box = f"border-left:4px solid {colour};padding:2px 0 2px 10px;margin:4px 0"
    return f'<div style="{box};overflow-wrap:anywhere">' + "\n".join(lines) + "</div>"


def _fault_page(result: Result) -> Iterator[str]:
    """Yield the first fault as HTML; the numbers stand side by side if the page is wide enough."""
    if not result.message:
        return
    first, _, rest = _signed(result).partition("\n")
    yield f"<div>{_marked_up(first)}</div>"
    if rest:
        yield f'<pre style="margin:0 0 0 1.5em;{_WRAPPED}">{_marked_up(rest)}</pre>'
    blocks = (
        f"<div><b>{html.escape(label)}</b>"
        f'<pre style="margin:0;{_WRAPPED}">{html.escape(text)}</pre></div>'
        for label, text in result.compared
    )
    if result.compared:
        yield f'<div style="{_SIDE_BY_SIDE}">{"".join(blocks)}</div>'
    if result.diagnosis:
        yield f"<div>{_marked_up(result.diagnosis)}</div>"


def _own_picture(result: Result) -> Iterator[str]:
    """Yield the figure of a passed check as HTML, if a front end can show it."""
    if result.state != "passed" or not _is_watched():
        return
    try:
        picture = _as_image(as_figure(result.answer), "; ".join(result.held), dpi=60)
    except Exception:  # no figure, or one that can't be drawn: the verdict says all that is needed
        return
    yield f"<div>Your picture of the check's example:</div><div>{picture}</div>"


def _as_image(figure: Figure, text: str, dpi: float | Literal["figure"] = "figure") -> str:
    """Return a figure as HTML, with a text for readers who do not see it."""
    file = io.BytesIO()
    figure.savefig(file, format="png", dpi=dpi, bbox_inches="tight")
    data = base64.b64encode(file.getvalue()).decode("ascii")
    source = f'src="data:image/png;base64,{data}" style="max-width:100%;height:auto"'
    return f'<img alt="{html.escape(text)}" {source}>'


def _small(name: str) -> str:
    return f'<small style="white-space:nowrap">{name}</small>'


def _hints(item: str) -> str:
    """Return an item's hints as HTML, each folded inside the one before."""
    page = ""
    for step in reversed(range(len(_STEPS))):
        page = (
            f'<details style="margin:2px 0 0 1em"><summary>{_hint_title(step)}</summary>'
            f'<div style="margin-left:1em">{_marked_up(HINTS[item][step])}</div>{page}</details>'
        )
    return page


def _marked_up(text: str) -> str:
    """Return a line as HTML, with text between backticks as code, which may wrap anywhere."""
    return re.sub(r"`([^`]*)`", rf'<code style="{_WRAPPED}">\1</code>', html.escape(text))


def _hint_title(step: int) -> str:
    return f"Hint {step + 1} of {len(_STEPS)}: {_STEPS[step]}"


def hint(name: object = "") -> None:
    """Print the next hint for an item; after the last, the first again.

    `name` is the name of an item, such as "p1-loss", or of a function. A part of a name or of a
    title is enough if it fits only one item, such as "loss". If the item's last check named a slip,
    that slip is printed first, once.
    """
    if name == "":
        named = (name for items in PROBLEMS.values() for item in items for name in item.answers)
        say(f'Name an item or a function: checks.hint("{next(named, "loss")}").')
    found = items_named(getattr(name, "__name__", name))
    if not found and (texts := items_named(name, texts=True)):
        what = f"its question: open them there ({texts[0]})."
        if len(texts) > 1:
            what = f"its question. Texts with such a name: {', '.join(texts)}."
        say(f"The hints for a text are folded below {what}")
        return
    if len(found) != 1:
        told = f"{len(found)} items fit" if found else "There is no hint for"
        here = next((items for items in PROBLEMS.values() if _item_in(items, _latest)), ())
        choice = [item.name for item in here if item.name in HINTS]
        say(f"{told} {name!r}. Choose one of: {', '.join(found or choice or HINTS)}.")
        return
    (item,) = found
    step = _given.get(item, 0) % len(_STEPS)
    _given[item] = step + 1
    more = step + 1 < len(_STEPS)
    if words := _diagnosed.pop(item, ""):
        say(f"{item}, from the check that failed\n  {words}")
    say(
        f"{item}, {_hint_title(step)}\n  {HINTS[item][step]}\n"
        + (
            "  Call it again for the next hint."
            if more
            else "  That was the last; calling it again starts from the first hint."
        )
    )


def _item_in(items: Sequence[Item], names: Sequence[str]) -> bool:
    return any(item.name in names for item in items)


def items_named(name: object, *, texts: bool = False) -> list[str]:
    """Return the items with hints that a name fits exactly, or else those that it fits in part.

    With `texts`, search the items that are texts instead.
    """
    word = str(name).strip().lower()
    words = {
        item.name: [text.lower() for text in (item.name, *item.answers, item.title)]
        for items in PROBLEMS.values()
        for item in items
        if (not item.answers if texts else item.name in HINTS)
    }
    if word in words:
        return [word]
    exact = [item for item, texts in words.items() if word in texts]
    part = word.replace("_", "-")
    return exact or [
        item
        for item, texts in words.items()
        if word and any(word in text or part in text for text in texts)
    ]


def ready(names: Names, *needed: str) -> bool:
    """Return whether an experiment can run: all functions that it needs exist and give answers.

    It prints the answers that are not done yet. If all are done, it prints the given functions
    whose cells did not run. A function with wrong answers does not stop the experiment, but a note
    warns that its picture will be wrong too.
    """
    open_names, doubtful = [], []
    for name in filter(_items_of, needed):
        states = [quietly(item, names) for item in _items_of(name)]
        if name not in names or any(state in ("missing", "open", "broken") for state in states):
            open_names.append(name)
        elif "wrong" in states:
            doubtful.append(name)
    given = [name for name in needed if name not in names and not _items_of(name)]
    if open_names:
        _publish_line(f"… This cell waits for: {_quoted(open_names)}")
    elif given:
        _publish_line(f"… Run the cell above that defines {_quoted(given)}, then this one.")
    elif doubtful:
        _publish_line(
            f"The visible check of {_quoted(doubtful)} does not pass yet, so don't trust the "
            "result below."
        )
    return not open_names and not given


def _quoted(names: Sequence[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


def playing(names: Names, *needed: str) -> bool:
    """Return whether to run a playground: in a front end, if the functions it needs are ready.

    A playground is an experiment that earns no points, so marking and packing skip it.
    """
    return _is_watched() and ready(names, *needed)


def _is_watched() -> bool:
    return getattr(shell(), "kernel", None) is not None


def plain(function: Callable[..., Any]) -> Callable[..., Any]:
    """Wrap a function so that it returns arrays, or a number if there is only one.

    An experiment can then use every form of a right answer, such as a list or an array of shape
    (1,).
    """

    def call(*arguments: Any, **named: Any) -> Any:
        answer = np.asarray(function(*arguments, **named))
        if answer.dtype.kind == "c" and not answer.imag.any():
            answer = answer.real
        return answer.item() if answer.size == 1 else answer

    return call


def _items_of(name: str) -> list[str]:
    """Return the items that a function answers; a given function answers none."""
    return [item.name for items in PROBLEMS.values() for item in items if name in item.answers]


def summary(problem: str, names: Names) -> None:
    """Show which items of a problem pass their visible checks, and which are still open.

    Whether a text is written is read from the saved notebook, if it is beside this file.
    """
    if problem not in PROBLEMS:
        known = ", ".join(PROBLEMS)
        raise ValueError(f"there is no notebook {problem!r}; write one of: {known}")
    items, saved = PROBLEMS[problem], saved_here(problem)
    states = {item.name: quietly(item.name, names) for item in items if item.answers}
    rows = [(item, *_standing(item, states.get(item.name), saved)) for item in items]
    end = [_points_so_far(items, states)]
    todo = [item for item in items if states.get(item.name, "passed") != "passed"]
    if todo:
        end.append(f"Next: {todo[0].title or todo[0].name} ({todo[0].name}).")
    else:
        end.append("Before you hand in: restart the kernel, run all cells once more, and save.")
    if len(states) < len(items) and saved and not saved.fault:
        time = datetime.fromtimestamp(saved.time)
        end.append(f"Texts are looked up in the file as you last saved it ({time:%d %b, %H:%M}).")
    title = f"{problem}: your progress"
    text = [title, "", *(f"  {line}" for line in _columns(rows)), "", *end]
    _publish("\n".join(text), _table(title, rows, end))


def _standing(item: Item, state: State | None, saved: Saved | None) -> tuple[str, str]:
    """Return the sign and the words of an item in the summary."""
    if item.answers or saved is None or saved.fault:
        return _STANDINGS[state]
    if is_written(saved, item.name):
        if empty := empty_parts(saved, item.name):
            return "✎", f"started: {empty}"
        line = "; delete the line “Your answer goes here” too"
        return "✎", "written; a person marks it" + line * is_line_left(saved, item.name)
    return "…", "no text yet"


def _points_so_far(items: Sequence[Item], states: Mapping[str, State]) -> str:
    """Return in words the sums of regular and of bonus points that pass."""
    passed, all_of = ([0.0, 0.0] for _ in range(2))
    for item in (item for item in items if item.answers):
        all_of[item.bonus] += item.points
        passed[item.bonus] += item.points * (states.get(item.name) == "passed")
    read = sum(item.points for item in items if not item.answers)
    texts = [f"A person marks the {read:g} points for texts"] if read else []
    parts = [
        f"{passed[bonus]:g} of {all_of[bonus]:g} {'bonus ' * bonus}points"
        for bonus in (False, True)
        if all_of[bonus]
    ]
    parts[:1] = [f"{part}{' that tests mark' * bool(read)} pass so far" for part in parts[:1]]
    told = [", ".join(parts)] if parts else []
    return " ".join(f"{part}." for part in told + texts)


def _table(title: str, rows: Sequence[tuple[Item, str, str]], end: Sequence[str]) -> str:
    """Return the summary as HTML, a table that is also readable on a narrow page."""
    cell = 'style="text-align:left;padding:2px 8px;vertical-align:top;font-weight:normal"'
    whole = 'style="white-space:nowrap"'
    lines = [
        f'<tr><th scope="row" {cell}>{html.escape(item.title or item.name)} '
        f"{_small(item.name)}</th><td {cell}><span {whole}>{item.worth}</span></td>"
        f"<td {cell}>{mark}\N{NO-BREAK SPACE}{html.escape(word)}</td></tr>"
        for item, mark, word in rows
    ]
    head = "".join(
        f'<th scope="col" {cell}><b>{name}</b></th>' for name in ("item", "worth", "state")
    )
    about = "text-align:left;font-weight:bold;color:inherit;caption-side:top"
    return (
        '<div style="overflow-wrap:break-word"><table style="margin:0;table-layout:auto">'
        f'<caption style="{about}">{title}</caption><thead><tr>{head}</tr></thead>'
        f"<tbody>{''.join(lines)}</tbody></table>"
        + "".join(f"<div>{html.escape(line)}</div>" for line in end)
        + "</div>"
    )


_STANDINGS: Mapping[State | None, tuple[str, str]] = {
    "passed": ("✓", "passes"),
    "missing": ("…", "not found: run its cell, or write it first"),
    "open": ("…", "not done yet"),
    "broken": ("✗", "its answer can't be compared yet"),
    "wrong": ("✗", "not right yet"),
    None: ("✎", "your text, marked by a person"),
}


def _columns(rows: Sequence[tuple[Item, str, str]]) -> Iterator[str]:
    """Yield the rows of a table as text, aligned for this terminal."""
    table = [
        [as_printed(cell) for cell in (mark, item.name, item.worth, word)]
        for item, mark, word in rows
    ]
    widths = [max(map(len, column)) for column in zip(*table, strict=True)][:-1]
    for *cells, last in table:
        first = (f"{cell:<{width}}" for cell, width in zip(cells, widths, strict=True))
        yield "  ".join([" ".join([next(first), next(first)]), *first, last])


def show(*alternatives: str) -> None:
    """Show all open figures and close them, each with a text for readers who do not see it.

    The last text is used again if there are more figures than texts.
    """
    if getattr(shell(), "kernel", None) is None:
        plt.show()
        return
    for index, number in enumerate(plt.get_fignums()):
        text = alternatives[min(index, len(alternatives) - 1)] if alternatives else "a figure"
        try:
            image = _as_image(plt.figure(number), text)
        except Exception as error:
            say(f"✗ Figure {index + 1} can't be drawn: {named(error)}")
            continue
        _publish(f"[Picture: {text}]", image)
    plt.close("all")


# --- Make a failed import harmless for answers that do not use the import -----------------

_HELPER = "__absent__"
"""Name of the built-in function that a cell's code calls after a failed import."""

_WAYS = (
    "call iter next len bool contains getitem setitem delitem enter exit await index int float "
    "complex array array_ufunc array_function mro_entries instancecheck lt le gt ge neg pos abs "
    "invert add radd sub rsub mul rmul matmul rmatmul truediv rtruediv floordiv rfloordiv mod rmod "
    "pow rpow and rand or ror xor rxor"
)
_BINDING = (ast.Assign, ast.AnnAssign, ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)


class AbsentError(ImportError):
    """An error: code used a name that could not be imported."""


class AbsentModuleError(AbsentError, ModuleNotFoundError):
    """An error: code used a name from a module that is not installed."""


class Absent:
    """Stand-in for a module, or a name from a module, that could not be imported."""

    def __init__(self, error: BaseException) -> None:
        self.__dict__["_absent"] = _failure(error)

    def __getattr__(self, name: str) -> NoReturn:
        if name.startswith("__") and name != "__version__":
            raise AttributeError(name)
        raise_absent(self)

    def __repr__(self) -> str:
        return f"<{self.__dict__['_absent']}>"


def raise_absent(value: Any, *_: Any, **__: Any) -> NoReturn:
    """Raise the error of the stand-in `value`, because code uses the stand-in."""
    error = value.__dict__["_absent"]
    raise type(error)(*error.args, name=error.name)


for _way in _WAYS.split():
    setattr(Absent, f"__{_way}__", raise_absent)


def _failure(error: BaseException) -> AbsentError:
    """Return the error that a stand-in raises, given the import's own error."""
    package = getattr(error, "name", None)
    if isinstance(error, ModuleNotFoundError):
        text = f"{package} is not installed where notebooks are marked"
        return AbsentModuleError(text, name=package)
    return AbsentError(str(error), name=package)


class Absences:
    """A handler of failed imports, which lets a cell go on after a failed import."""

    def __init__(self) -> None:
        self.first: BaseException | None = None
        vars(builtins)[_HELPER] = self

    def __call__(self, *names: str, keep: bool = False) -> None:
        """Bind each name to a stand-in, which raises the exception that is being handled."""
        error = sys.exception()
        assert error is not None, "this may be called only while an exception is handled"
        frame = sys._getframe(1)
        namespace = frame.f_globals
        if frame.f_locals is namespace:  # in the cell's own code, not in a function of the cell
            self.first = self.first or error
        for name in names:
            if not (keep and name in namespace):
                namespace[name] = Absent(error)

    Error = AbsentError
    Failure = Exception

    def forgive(self, module: ast.Module, namespace: Mapping[str, Any]) -> ast.Module:
        """Return a cell's code, changed so that the cell goes on after a failed import."""
        imports = (n for n in ast.walk(module) if isinstance(n, (ast.Import, ast.ImportFrom)))
        lacks = any(isinstance(value, Absent) for value in tuple(namespace.values()))
        lacks |= any(map(_may_fail, imports))
        last = module.body[-1:]  # the notebook shows the value of the last line
        end = last if last and isinstance(last[0], ast.Expr) else []
        module.body = _mended(module.body[: -1 if end else None], lacks) + end
        return module


def _mended(body: list[ast.stmt], lacks: bool) -> list[ast.stmt]:
    """Return the statements, with a `try` around each import.

    If a package is missing (`lacks`), statements that may use the package also get a `try`.
    """
    made: list[ast.stmt] = []
    for node in body:
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            if getattr(node, "module", None) == "__future__":
                made.append(node)
            else:
                made += [_attempt(each, "Failure", *_bound_by(each)) for each in _single(node)]
            continue
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            used = {part.id for part in ast.walk(node) if isinstance(part, ast.Name)}
            node.body = _without_unused_imports(node.body, used)
        if lacks and isinstance(node, (*_BINDING, ast.Expr)):
            made.append(_attempt(node, "Error", list(_names(node))))
        else:
            for block in _blocks(node):
                block[:] = _mended(block, lacks)
            made.append(node)
    return made


def _blocks(node: ast.stmt) -> Iterator[list[ast.stmt]]:
    """Yield those blocks of a statement that no `except` of the statement protects."""
    if isinstance(node, ast.Try):
        yield from (handler.body for handler in node.handlers)
    elif isinstance(node, (ast.If, ast.For, ast.While, ast.With)):
        yield node.body
    if isinstance(node, (ast.If, ast.For, ast.While, ast.Try)):
        yield node.orelse
    if isinstance(node, ast.Try):
        yield node.finalbody


def _without_unused_imports(body: list[ast.stmt], used: Set[str]) -> list[ast.stmt]:
    """Return a function's statements, with a `try` around each import that it never uses."""
    made: list[ast.stmt] = []
    for node in body:
        for block in _blocks(node):
            block[:] = _without_unused_imports(block, used)
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            for each in _single(node):
                unused = used.isdisjoint(_bound_by(each)[0])
                made.append(_attempt(each, "Failure", []) if unused else each)
        else:
            made.append(node)
    return made


def _attempt(node: ast.stmt, kind: str, names: list[str], keep: bool = False) -> ast.stmt:
    """Return the statement inside a `try`; an error of `kind` binds stand-ins to the names."""
    call = f"{_HELPER}({', '.join(map(repr, names))}{', ' if names else ''}keep={keep})"
    (made,) = ast.parse(f"try: pass\nexcept {_HELPER}.{kind}: {call}").body
    for part in ast.walk(made):
        if hasattr(part, "lineno"):
            ast.copy_location(part, node)
    assert isinstance(made, ast.Try)
    made.body = [node]
    return made


def _single(node: ast.Import | ast.ImportFrom) -> Iterator[ast.Import | ast.ImportFrom]:
    """Yield one import statement for each name, so that a failed import affects no other name."""
    for alias in node.names:
        if isinstance(node, ast.Import):
            yield ast.copy_location(ast.Import([alias]), node)
        else:
            yield ast.copy_location(ast.ImportFrom(node.module, [alias], node.level), node)


def _bound_by(node: ast.Import | ast.ImportFrom) -> tuple[list[str], bool]:
    """Return the names that an import binds, and whether already bound names keep their value."""
    (alias,) = node.names
    if alias.name == "*":
        return [], False
    whole = isinstance(node, ast.Import) and alias.asname is None
    return [alias.asname or alias.name.split(".")[0]], whole and "." in alias.name


def _may_fail(node: ast.Import | ast.ImportFrom) -> bool:
    """Return whether a statement imports a module or a name that is not imported yet."""
    for alias in node.names:
        if isinstance(node, ast.Import):
            fails = alias.name not in sys.modules
        else:
            found = sys.modules.get(node.module or "")
            fails = found is None or (alias.name != "*" and not hasattr(found, alias.name))
        if fails:
            return True
    return False


def _names(node: ast.stmt) -> Iterator[str]:
    """Yield the names that a definition or an assignment binds."""
    if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
        yield node.name
        return
    for part in ast.walk(node):
        if isinstance(part, ast.Name) and isinstance(part.ctx, ast.Store):
            yield part.id


class _Progress:
    """A progress bar that shows nothing."""

    def __init__(self, iterable: Iterable[Any] = (), *_: Any, **__: Any) -> None:
        self._iterable = iterable

    def __iter__(self) -> Iterator[Any]:
        return iter(self._iterable)

    def __enter__(self) -> _Progress:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return lambda *_, **__: None


def have_progress_bars() -> None:
    """Provide a silent tqdm if tqdm or its widgets are missing; answers only need its loop."""
    if all(find_spec(package) for package in ("tqdm", "ipywidgets")):
        return

    def trange(*bounds: int, **_: Any) -> _Progress:
        return _Progress(range(*bounds))

    for name in ("tqdm", "tqdm.auto", "tqdm.autonotebook", "tqdm.notebook", "tqdm.std"):
        module: Any = ModuleType(name)
        module.__spec__ = ModuleSpec(name, None, is_package=name == "tqdm")
        module.__path__ = []
        module.tqdm = module.tqdm_notebook = _Progress
        module.trange = module.tnrange = trange
        sys.modules[name] = module
        parent, _, child = name.rpartition(".")
        if parent:
            setattr(sys.modules[parent], child, module)


# --- Running a saved notebook as marking does ---------------------------------------------

MARKING_HAS = (
    "numpy", "matplotlib", "mpl_toolkits", "pylab", "contourpy", "cycler", "dateutil", "fontTools",
    "kiwisolver", "packaging", "PIL", "pyparsing", "tzdata", "IPython", "matplotlib_inline",
    "traitlets", "typing_extensions", "tqdm",
)  # fmt: skip
"""Modules outside the standard library that marking has: numpy, matplotlib and what they need."""

INSIDE = "FDL_CHECKS_PACKING"
"""Environment variable that is set while a notebook runs, so that it does not pack again."""

_MOST = 300
"""Largest number of characters of a message or a name that is kept."""

_PROGRAMS = ("subprocess.Popen", "os.system", "os.exec", "os.posix_spawn", "os.spawn")
_FOLDERS = ("os.chdir", "os.listdir", "os.scandir")
_SYSTEM = (
    "/usr", "/lib", "/lib64", "/bin", "/etc", "/opt", "/proc", "/sys", "/dev", "/System",
    "/Library", "/private" + "/etc", *filter(None, [os.environ.get("SYSTEMROOT")]),
)  # fmt: skip
"""Folders in which Python and its packages look for fonts, time zones and other data."""


@dataclass(frozen=True)
class Fault:
    """Something that a code cell asked for and marking does not have, or the cell's error.

    `kind` is "package", "module" (a file of Python beside the notebook), "file", "path", "program",
    "network", "input" or "error"; `items` are those whose answers the cell defines.
    """

    kind: str
    name: str
    cell: int
    items: tuple[str, ...] = ()


@dataclass(frozen=True)
class Run:
    """The result of running a notebook: the outcome of its checks, and what went wrong.

    `failures` say why the run ended early; `messages` are those of failed checks.
    """

    states: Mapping[str, State]
    seconds: float
    failures: tuple[str, ...] = ()
    faults: tuple[Fault, ...] = ()
    messages: Mapping[str, str] = field(default_factory=dict)


def run_again(folder: Path, notebook: Saved, most: float) -> Run:
    """Run a notebook in a new folder that holds only the homework's files, as marking does.

    It runs in its own process for at most `most` seconds, and every process that it started is
    stopped at the end. In a browser (Pyodide) there are no processes, so it runs in this one.
    """
    import tempfile
    import time

    start = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="packing-", ignore_cleanup_errors=True) as made:
        scratch = Path(made).resolve()
        for name in ("work", "temporary"):
            (scratch / name).mkdir()
        for name in (Path(__file__).name, *FILES):
            with suppress(FileNotFoundError):
                (scratch / "work" / name).write_bytes((folder / name).read_bytes())
        (scratch / "cells").write_text(json.dumps(notebook.code), encoding="utf-8")
        (scratch / "log").touch()
        try:
            if _has_no_processes():
                late = _run_here(notebook.problem, folder, scratch)
            else:
                late = _run_apart(notebook.problem, folder, scratch, most)
        except (OSError, ValueError) as error:
            return Run({}, 0, (f"it can't be run from here ({named(error)}).",))
        log = (scratch / "log").read_text(encoding="utf-8")
        return _read_log(log, late, time.monotonic() - start, notebook)


def _run_apart(problem: str, folder: Path, scratch: Path, most: float) -> bool:
    """Run a notebook in its own process; return whether it had to be stopped."""
    import subprocess

    script = scratch / "work" / Path(__file__).name
    settings = {
        "MPLBACKEND": "Agg",
        "PYTHONIOENCODING": "utf-8",  # Windows' default has no ✓
        **dict.fromkeys(("TMPDIR", "TEMP", "TMP"), str(scratch / "temporary")),
    }
    process = subprocess.Popen(
        [sys.executable or "python", str(script), "run", problem, str(folder), str(scratch)],
        cwd=script.parent,
        env={**os.environ, **settings},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
        creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
    )
    try:
        process.wait(most)
    except subprocess.TimeoutExpired:
        return True
    finally:
        _kill_tree(process)
    return False


def _kill_tree(process: Any) -> None:
    """Kill a process and the processes that it started."""
    import signal
    import subprocess

    if hasattr(os, "killpg"):
        with suppress(OSError):  # all may have ended already
            os.killpg(process.pid, signal.SIGKILL)
    elif process.poll() is None:
        subprocess.run(
            ["taskkill", "/F", "/T", "/PID", str(process.pid)], capture_output=True, check=False
        )
    process.kill()
    process.wait()


def _run_here(problem: str, folder: Path, scratch: Path) -> bool:
    """Run a notebook in this process, and restore the process; return False: it was not stopped."""
    import tempfile

    use, switch, temporary = mpl.use, plt.switch_backend, tempfile.tempdir
    modules, path, here = dict(sys.modules), list(sys.path), os.getcwd()
    code = (scratch / "cells").read_text(encoding="utf-8")
    asked = set(re.findall(r"\w+", " ".join(re.findall(r"\b(?:import|from) ([\w., ]+)", code))))
    for name in modules:
        if (top := name.partition(".")[0]) in asked and not _marking_has(top):
            del sys.modules[name]  # so that it is imported again, and refused
    tempfile.tempdir = str(scratch / "temporary")
    sys.path[:] = [str(scratch / "work"), *(p for p in path if Path(p or here) != folder)]
    os.chdir(scratch / "work")
    try:
        with _silenced():
            run_cells(problem, str(folder), str(scratch))
    finally:
        os.chdir(here)
        sys.path[:] = path
        for name in [name for name in sys.modules if name not in modules and "tqdm" in name]:
            del sys.modules[name]
        sys.modules.update(modules)
        mpl.use, plt.switch_backend, tempfile.tempdir = use, switch, temporary
    return False


@contextmanager
def _silenced() -> Iterator[None]:
    """Discard what the block prints or displays."""
    from IPython.utils.capture import capture_output

    before = os.environ.get(INSIDE)
    os.environ[INSIDE] = "1"
    try:
        with capture_output():
            yield
    finally:
        os.environ.pop(INSIDE)
        if before is not None:
            os.environ[INSIDE] = before


def _read_log(log: str, late: bool, seconds: float, notebook: Saved) -> Run:
    """Return the run that a log describes; the log of a stopped run may be incomplete."""
    states: dict[str, State] = {}
    messages: dict[str, str] = {}
    faults: dict[Fault, None] = {}  # each once, in this order
    failures: list[str] = []
    last = 0
    for line in log.splitlines():
        try:
            entry = json.loads(line)
        except ValueError:  # the last line was cut off
            break
        last = entry.get("cell", last)
        states.update(entry.get("states", {}))
        messages.update(entry.get("messages", {}))
        if "fault" in entry:
            cell = _cell_of(notebook, entry["item"]) if entry["item"] else last
            faults[Fault(entry["fault"], entry["name"], cell, _answered(notebook, cell))] = None
    if late and last == 0:
        failures.append("not run: the notebooks before it took all the time.")
    elif late:
        where = f"stopped after {seconds:.0f} s, in code cell {last}."
        failures.append(f"{where} Does a loop never end, or is this computer busy?")
    elif not states:
        failures.append(f"the run stopped unexpectedly in code cell {last}.")
    explained = {fault.cell for fault in faults if fault.kind != "error"}
    told = (f for f in faults if f.kind != "error" or f.cell not in explained)
    return Run(states, seconds, tuple(failures), tuple(told), messages)


def _answered(notebook: Saved, cell: int) -> tuple[str, ...]:
    """Return the items whose answers a code cell defines."""
    source = notebook.code[cell - 1] if cell else ""

    def defines(name: str) -> bool:
        ways = rf"(?:async )?(?:def|class) {name}\b|{name}\b[^=\n(]*=|(?:from|import)\b.*\b{name}\b"
        return bool(re.search(rf"^(?:{ways})", source, re.MULTILINE))

    return tuple(i.name for i in PROBLEMS[notebook.problem] if any(map(defines, i.answers)))


def _cell_of(notebook: Saved, item: str) -> int:
    """Return the number of the last code cell that defines an item's answers; 0 if none does."""
    numbers = range(len(notebook.code), 0, -1)
    return next((n for n in numbers if item in _answered(notebook, n)), 0)


# In the process of the run


def run_cells(problem: str, folder: str, scratch: str) -> None:
    """Run a notebook's code, then its checks, and log the results."""
    os.environ[INSIDE] = "1"
    sources = json.loads(Path(scratch, "cells").read_text(encoding="utf-8"))
    with Path(scratch, "log").open("w", encoding="utf-8") as file:

        def write(**entry: object) -> None:
            print(json.dumps(entry), file=file, flush=True)

        notebook = _shell(scratch)
        watching = _watching(_Watch(Path(folder), Path(scratch), write))
        with mpl.rc_context(), watching as watch:
            _run_sources(notebook, sources, watch, write)
            states, messages = {}, {}
            for item in (item.name for item in PROBLEMS[problem] if item.answers):
                watch.item = item
                with redirect_stdout(io.StringIO()), redirect_stderr(io.StringIO()):
                    result = examine(item, notebook.user_ns)
                watch.look_for_file(result.message)
                states[item], messages[item] = result.state, _clipped(result.fault)
            write(states=states, messages=messages)


def _run_sources(
    notebook: Any, sources: Iterable[str], watch: _Watch, write: Callable[..., None]
) -> None:
    """Run code cells one after the other, and log where each begins and how it fails."""
    for number, source in enumerate(sources, start=1):
        write(cell=number)
        result = notebook.run_cell(source)
        plt.close("all")
        error = result.error_before_exec or result.error_in_exec
        if isinstance(error, KeyboardInterrupt) and _has_no_processes():
            raise error  # the student stopped the run
        if error is not None and not isinstance(error, NotImplementedError):
            watch.look_for_file(text := named(error))
            write(fault="error", name=_clipped(text), item="")


def _clipped(text: str) -> str:
    return text if len(text) <= _MOST else text[: _MOST - 2] + " …"


def _shell(scratch: str) -> Any:
    """Return a shell that goes on after a failing import, without programs and windows."""
    from IPython.core.interactiveshell import InteractiveShell
    from traitlets.config import Config

    absences = Absences()

    class Shell(InteractiveShell):
        def transform_ast(self, node: Any) -> Any:
            code = super().transform_ast(node)  # type: ignore[no-untyped-call]
            return absences.forgive(code, self.user_ns) if isinstance(code, ast.Module) else code

        def system(self, cmd: str) -> None:
            print(f"Shell commands are not run while marking: {cmd}")

        system_raw = system_piped = system

        def getoutput(self, cmd: str, *_: Any, **__: Any) -> Any:
            self.system(cmd)
            return []

        def enable_gui(self, *_: Any) -> None:
            pass

        def enable_matplotlib(self, *_: Any) -> tuple[str, str]:
            return "inline", "inline"

        def ask_exit(self) -> None:
            pass

    settings = Config()
    settings.HistoryManager.enabled = False
    settings.InteractiveShell.colors = "nocolor"
    make: Any = Shell if _has_no_processes() else Shell.instance
    notebook = make(config=settings, ipython_dir=str(Path(scratch, "ipython")))
    plt.switch_backend(mpl.get_backend())  # it may not be loaded yet
    for owner, name in ((mpl, "use"), (plt, "switch_backend")):
        setattr(owner, name, lambda *_, **__: None)  # a window would wait for its user
    have_progress_bars()
    return notebook


@contextmanager
def _watching(watch: _Watch) -> Iterator[_Watch]:
    """Refuse, while the block runs, modules, files and programs that marking does not have."""
    original, ask, by_name = builtins.__import__, builtins.input, importlib.import_module
    builtins.__import__ = partial(watch.import_module, original)
    importlib.import_module = partial(watch.import_module, by_name)
    builtins.input = watch.ask
    _watches.append(watch)
    if not _hooked:
        _hooked.append(True)
        sys.addaudithook(_audit)  # for good: a hook can't be removed
    try:
        yield watch
    finally:
        _watches.remove(watch)
        builtins.__import__, builtins.input, importlib.import_module = original, ask, by_name


_watches: list[_Watch] = []
"""The `_Watch` of the running notebook; empty if no notebook is running."""

_hooked: list[bool] = []


def _audit(event: str, arguments: tuple[Any, ...]) -> None:
    for watch in _watches:
        watch.audit(event, arguments)


class _Watch:
    """Refuses packages, files, programs and hosts that marking does not have, and logs them."""

    def __init__(self, folder: Path, scratch: Path, write: Callable[..., None]) -> None:
        self.item = ""
        self._folder, self._work, self._write = folder, scratch / "work", write
        self._scratch = str(scratch)
        config = (mpl.get_configdir(), mpl.get_cachedir(), os.path.dirname(os.__file__))
        prefixes = (sys.prefix, sys.base_prefix, sys.exec_prefix)
        places = [self._scratch, __file__, *prefixes, *config, *filter(None, sys.path), *_SYSTEM]
        self._open = {os.path.realpath(place) for place in places} - {str(folder)}
        self._shut = {
            os.path.realpath(folder),
            os.path.realpath(os.path.expanduser("~")),
        } - self._open

    def _refuse(self, kind: str, name: str) -> None:
        self._write(fault=kind, name=_clipped(name), item=self.item)

    def import_module(
        self, original: Callable[..., Any], name: str, *rest: Any, **more: Any
    ) -> Any:
        """Import a module, unless a cell asks for a module that marking does not have.

        An import statement passes its globals. A call of `__import__` or `import_module` does not,
        so the globals of the caller are used.
        """
        top = str(name).partition(".")[0]
        asking = rest[0] if rest and isinstance(rest[0], Mapping) else more.get("globals")
        asking = asking or sys._getframe(1).f_globals
        if asking.get("__name__") == "__main__" and top and not self._has(top):
            self._refuse(*self._origin(top))
            raise ModuleNotFoundError(f"No module named {top!r}", name=top)
        return original(name, *rest, **more)

    def ask(self, _prompt: object = "") -> str:
        """Refuse `input()` and log it."""
        self._refuse("input", "input()")
        raise EOFError("marking answers no input()")

    def _has(self, top: str) -> bool:
        return _marking_has(top) or any((self._work / n).exists() for n in (top, f"{top}.py"))

    def _origin(self, top: str) -> tuple[str, str]:
        """Return the kind (file or package) and the name of a module that marking does not have."""
        from importlib.machinery import PathFinder

        if (self._folder / f"{top}.py").is_file():
            return "module", f"{top}.py"
        if (self._folder / top).is_dir():
            return "module", f"{top}/"
        with suppress(Exception):  # a finder of another package may do anything
            spec = PathFinder.find_spec(top)
            if (
                spec
                and spec.origin
                and not {"site-packages", "dist-packages"} & set(Path(spec.origin).parts)
            ):
                return "path", spec.origin
        return "package", top

    def audit(self, event: str, arguments: tuple[Any, ...]) -> None:
        """Refuse an action of Python that marking refuses too."""
        if event == "open" or event in _FOLDERS:
            path = arguments[0]
            creates = event == "open" and bool((arguments[2] or 0) & os.O_CREAT)
            if isinstance(path, str | bytes):
                self._look_at(os.fsdecode(path), creates)
        elif event in _PROGRAMS and _asked_by_a_cell():
            program = os.fsdecode(arguments[0] or "") or str(arguments[1])
            self._refuse("program", program)
            raise PermissionError(errno.EPERM, "marking runs no other programs", program)
        elif event in ("socket.connect", "socket.getaddrinfo"):
            address = arguments[1] if event == "socket.connect" else arguments[:1]
            host = str(address[0]) if isinstance(address, tuple) and address[0] else "localhost"
            if host not in ("localhost", "127.0.0.1", "::1"):
                self._refuse("network", host)
                raise OSError(errno.ENETUNREACH, f"marking has no network: {host}")

    def _look_at(self, name: str, creates: bool) -> None:
        """Log a file that marking does not have; refuse it if it is outside the run's folder."""
        try:
            path = os.path.realpath(name)
            is_there = os.path.exists(path)
        except (OSError, ValueError):
            return
        if _below(path, self._scratch):
            inside = os.path.relpath(path, self._work)
            if not is_there and not creates and (self._folder / inside).exists():
                self._refuse("file", inside.replace("\\", "/"))
        elif self._is_shut(path):
            if is_there:
                self._refuse("path", name)
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), name)

    def look_for_file(self, error: str) -> None:
        """Log the file in numpy's error: numpy reports a missing text file without opening it."""
        match = re.search(r"FileNotFoundError: (.+?) not found", error)
        if match and (self._folder / match[1]).is_file():
            self._refuse("file", match[1])

    def _is_shut(self, path: str) -> bool:
        """Return whether marking can't see a path: the innermost known folder above it decides."""
        if path.endswith((".ttf", ".otf", ".ttc", ".afm")):  # matplotlib also lists a user's fonts
            return False
        nearest = max((f for f in self._open if _below(path, f)), key=len, default="")
        return any(_below(path, f) and len(f) > len(nearest) for f in self._shut) or not nearest


def _has_no_processes() -> bool:
    return sys.platform in ("emscripten", "wasi")


def _marking_has(top: str) -> bool:
    return top in MARKING_HAS or top in sys.stdlib_module_names or top in ("__main__", "checks")


def _below(path: str, folder: str) -> bool:
    """Return whether a path is a folder or something in it."""
    path, folder = os.path.normcase(path), os.path.normcase(folder)
    return path == folder or path.startswith(folder.rstrip(os.sep) + os.sep)


def _asked_by_a_cell() -> bool:
    """Return whether a notebook's code made the call, also through the standard library."""
    frame = sys._getframe(2)
    while frame is not None:
        module = str(frame.f_globals.get("__name__", "")).partition(".")[0]
        is_ours = frame.f_globals is globals() or module in sys.stdlib_module_names
        if not is_ours or (module == "__main__" and frame.f_globals is not globals()):
            return module == "__main__"
        frame = frame.f_back  # type: ignore[assignment]
    return False


# --- Pictures in the texts of a notebook --------------------------------------------------

PICTURE_KINDS = ("PNG", "JPEG", "WebP", "GIF")
"""Kinds of pictures that marking accepts; from an animation, it keeps the first picture."""
MAX_PICTURE_BYTES = 12_000_000
MAX_ALL_PICTURE_BYTES = 48_000_000
"""Largest size of all pictures of a notebook together, in bytes; the grader holds all of them."""
MAX_PICTURE_PIXELS = 50_000_000
MAX_PICTURES = 20
"""Largest number of pictures that are accepted in one notebook."""
MAX_REFERENCES = 500
"""Largest number of pictures to look for in one notebook, accepted or not."""

_SIGNS = {
    "PNG": rb"\x89PNG\r\n\x1a\n",
    "JPEG": rb"\xff\xd8\xff",
    "GIF": rb"GIF8[79]a",
    "WebP": rb"RIFF.{4}WEBP",
    "HEIC": rb".{4}ftyp(?:hei|hev|mif1|msf1)",
    "AVIF": rb".{4}ftypavi",
    "PDF": rb".{0,1000}?%PDF-",
    "SVG": rb"(?i)(?:\xef\xbb\xbf)?\s*<(?:svg|\?xml|!DOCTYPE svg)",
    "TIFF": rb"II\*\0|MM\0\*",
    "BMP": rb"BM",
}
"""First bytes of each kind of file; a name or a declared type may be wrong."""
_HEAD = 1_200
"""Number of bytes that are enough to recognise the kind of a file."""
_MAX_SEGMENTS = 5_000
"""Largest number of parts of a JPEG before the part with its size; cameras write up to 200."""

ATTACH_AGAIN = "Paste or drag the picture into the cell."
SAVE_AGAIN = "Save it as PNG or JPEG and attach that."
_ADVICE = {
    "HEIC": "Save it as JPEG and attach that (iPhone: Settings, Camera, Formats, Most Compatible).",
    "PDF": "Save each page as a PNG picture, or take a screenshot of it, and attach the pictures.",
}
BROKEN = f"is damaged. Open it in another program and look at it. {SAVE_AGAIN}"
TOO_MANY = (
    f"is beyond the {MAX_PICTURES} pictures that marking accepts in a notebook. Put several pages "
    "into one picture."
)
TOO_MUCH = (
    f"is beyond the {MAX_ALL_PICTURE_BYTES // 1_000_000} MB that marking accepts for all pictures "
    "of a notebook. Save them as JPEG, or make them smaller, and attach those."
)
TOO_MANY_PIXELS = (
    f"has more than {MAX_PICTURE_PIXELS // 1_000_000} million pixels. Make it smaller (2,000 "
    "pixels on the longer side are enough) and attach that."
)
TOO_SLOW = "takes too long to read. Save it as JPEG, 2,000 pixels on the longer side."
NOT_SHOWN = "is attached, but the text does not show it. Drag it into the cell again."
IN_LOCKED_CELL = "is in a read-only cell. Drag it into the cell of your answer."

ATTACHED = "attachment:"
_IMAGE = re.compile(
    r"!\[(?P<alt>(?:[^\[\]\n]|\[[^\[\]\n]{0,200}\]){0,500})\]"
    r"\([ \t]{0,9}<?(?P<link>(?:[^()<>\n\"]|\([^()<>\n]{0,200}\)){1,2000})>?"
    r"(?:\"[^\"\n]{0,500}\"[ \t]{0,9})?\)"
    r"|<img\b(?P<tag>[^<>]{1,3000})>",
    re.IGNORECASE,
)
_ATTRIBUTE = r"\b{}\s{{0,9}}=\s{{0,9}}(?:\"([^\"]*)\"|'([^']*)'|([^\s\"'>]+))"
_SOURCE, _ALT = (re.compile(_ATTRIBUTE.format(name), re.IGNORECASE) for name in ("src", "alt"))
_INLINE = re.compile(
    r"data:(?:image|application)/[\w.+-]{1,99}(?:;[\w.=-]{1,99}){0,5},([\w+/=%-]*+)",
    re.ASCII | re.IGNORECASE,
)
_FILE = re.compile(
    r"(?:https?|file|content|blob):.*|.*\.(?:png|jpe?g|jfif|gif|webp|hei[cf]|avif|svg|pdf|tiff?|bmp)",
    re.IGNORECASE,
)
_MADE_NAME = re.compile(r"inline-\d+|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}(?:\.\w*)?", re.I)
"""Names that editors make up; messages show the picture's alternative text instead."""


@dataclass(frozen=True)
class Attachment:
    """A file in a cell, with its size in bytes.

    `data` is the content, or only the first bytes if the file is not accepted. `is_beyond` says
    that the file would exceed the limit for all pictures of the notebook together.
    """

    data: bytes
    size: int
    is_beyond: bool = False


class PictureRoom:
    """The number of bytes that the pictures of one notebook may still take."""

    def __init__(self) -> None:
        self.left = MAX_ALL_PICTURE_BYTES
        self._count = MAX_REFERENCES

    def take(self, files: Mapping[str, Attachment]) -> dict[str, Attachment]:
        """Return the files of a cell, but only the first bytes of a file that exceeds the limit."""
        taken: dict[str, Attachment] = {}
        for name, file in islice(files.items(), self._count):
            self._count -= 1
            fits = len(file.data) <= self.left
            taken[name] = file if fits else Attachment(file.data[:_HEAD], file.size, is_beyond=True)
            self.left -= len(file.data) if fits else 0
        return taken


@dataclass(frozen=True)
class Picture:
    """A picture that a text shows, with its place in the text, or the reason why it is refused.

    `refusal` completes a sentence that begins with "the picture NAME", and then says what to do.
    """

    name: str
    alt: str
    place: tuple[int, int]
    data: bytes = field(default=b"", repr=False)
    refusal: str = ""


def kind_of(data: bytes) -> str:
    """Return the kind of a file by its first bytes; "" if it is unknown."""
    head = data[:_HEAD]
    return next((name for name, sign in _SIGNS.items() if re.match(sign, head, re.S)), "")


def attachment(text: str) -> Attachment:
    """Return the file with this base64 text; decode only its beginning if it is not accepted."""
    text = "".join(unquote(text).split()) if "%" in text else "".join(text.split())
    size = len(text) * 3 // 4 - text[-2:].count("=")
    head = _decoded(text[: _HEAD // 3 * 4])
    whole = size <= MAX_PICTURE_BYTES and kind_of(head) in PICTURE_KINDS
    return Attachment(_decoded(text) if whole else head, size)


def _decoded(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except ValueError:  # also text that is not ASCII
        return b""


def attachments_of(cell: Mapping[str, object], text_of: TextOf) -> dict[str, Attachment]:
    """Return the files attached to a cell of a notebook, by name; `text_of` reads a JSON text."""
    found: dict[str, Attachment] = {}
    metadata = cell.get("metadata")
    inside = metadata.get("attachments") if isinstance(metadata, Mapping) else None
    for bundles in (inside, cell.get("attachments")):
        for name, bundle in bundles.items() if isinstance(bundles, Mapping) else ():
            texts = _texts(bundle, text_of) if isinstance(bundle, Mapping) else {}
            if texts:
                kind = next((kind for kind in texts if kind.startswith("image/")), min(texts))
                is_svg = kind == "image/svg+xml"
                file = _as_text(texts[kind]) if is_svg else attachment(texts[kind])
                found[str(name).encode("utf-8", "replace").decode()] = file
    return found


TextOf = Callable[[object], str | None]
"""Function that returns a string, or a list of lines as one string; else None."""


def _texts(bundle: Mapping[object, object], text_of: TextOf) -> dict[str, str]:
    """Return the representations of an attached file, by type."""
    found = ((str(kind), text_of(value)) for kind, value in bundle.items())
    return {kind: text for kind, text in found if text is not None}


def _as_text(text: str) -> Attachment:
    return Attachment(text[:_HEAD].encode("utf-8", "replace"), len(text))


def without_inline(text: str, whole: Callable[[str], str]) -> tuple[str, dict[str, Attachment]]:
    """Return a text whose `data:` pictures, which Colab writes, are moved into attachments.

    A placeholder may replace the base64 text of a picture; `whole` returns the base64 text.
    """
    found: dict[str, Attachment] = {}

    def move(match: re.Match[str]) -> str:
        if len(found) == MAX_REFERENCES:
            return match[0]
        name = f"inline-{len(found) + 1}"
        found[name] = attachment(whole(match[1]))
        return f"{ATTACHED}{name}"

    return _INLINE.sub(move, text), found


def refusal(file: Attachment) -> str:
    """Return why a file is not accepted as a picture, and what to do; "" if it is accepted.

    Only the first bytes and the sizes are checked, so the picture can still be damaged.
    """
    kind = kind_of(file.data)
    if not kind:
        return f"is not a picture that marking can show. {SAVE_AGAIN}" if file.data else BROKEN
    if kind not in PICTURE_KINDS:
        return f"is {kind}, which marking can't show. {_ADVICE.get(kind, SAVE_AGAIN)}"
    if file.size > MAX_PICTURE_BYTES:
        return (
            f"has {file.size / 1e6:.0f} MB, but marking accepts {MAX_PICTURE_BYTES // 1_000_000} "
            "MB. Save it as JPEG, or make it smaller, and attach that."
        )
    if file.is_beyond:
        return TOO_MUCH
    pixels = _pixels(kind, file.data)
    if not pixels:
        return BROKEN
    return TOO_MANY_PIXELS if pixels > MAX_PICTURE_PIXELS else ""


def _pixels(kind: str, data: bytes) -> int:
    """Return the number of pixels that a picture's header states; 0 if the header is damaged."""
    width = height = 0
    if kind == "PNG" and data[12:16] == b"IHDR":
        width, height = _number(data[16:20]), _number(data[20:24])
    elif kind == "GIF":
        width, height = _number(data[6:8][::-1]), _number(data[8:10][::-1])
    elif kind == "JPEG":
        width, height = _jpeg_size(data)
    elif kind == "WebP":
        width, height = _webp_size(data)
    return width * height


def _number(data: bytes) -> int:
    return int.from_bytes(data, "big")


def _jpeg_size(data: bytes) -> tuple[int, int]:
    place = 2
    for _ in range(_MAX_SEGMENTS):
        if place + 9 > len(data) or data[place] != 0xFF:
            break
        marker = data[place + 1]
        if 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC):
            return _number(data[place + 7 : place + 9]), _number(data[place + 5 : place + 7])
        has_no_length = marker in (0xFF, 0x01) or 0xD0 <= marker <= 0xD8
        length = 0 if has_no_length else _number(data[place + 2 : place + 4])
        place += 1 if marker == 0xFF else 2 + length
    return 0, 0


def _webp_size(data: bytes) -> tuple[int, int]:
    kind = data[12:16]
    if kind == b"VP8X":
        return 1 + _number(data[24:27][::-1]), 1 + _number(data[27:30][::-1])
    if kind == b"VP8L":
        bits = _number(data[21:25][::-1])
        return 1 + (bits & 0x3FFF), 1 + (bits >> 14 & 0x3FFF)
    if kind == b"VP8 ":
        return _number(data[26:28][::-1]) & 0x3FFF, _number(data[28:30][::-1]) & 0x3FFF
    return 0, 0


def pictures_in(
    text: str, attached: Mapping[str, Attachment], most: int = MAX_REFERENCES
) -> list[Picture]:
    """Return the pictures of a text in their order, then the attached files that it does not show.

    Links to pages are left out: only links that look like pictures count. At most `most` pictures
    of the text are returned.
    """
    keys = {form: name for name in attached for form in (unquote(name), name)}
    found: list[Picture] = []
    used: dict[str, str] = {}
    for match, alt, link in islice(_references(text), most):
        if not link.startswith(ATTACHED):
            if _FILE.fullmatch(link):
                found.append(Picture(link, alt, match.span(), refusal=_not_inside(link)))
            continue
        name = link.removeprefix(ATTACHED)
        key = keys.get(name, keys.get(unquote(name)))
        shown = alt.strip() if alt.strip() and _MADE_NAME.fullmatch(name) else unquote(name)
        if key is None:
            why = f"is not in this cell. {ATTACH_AGAIN}"
            found.append(Picture(shown, alt, match.span(), refusal=why))
            continue
        used[key] = used[key] if key in used else refusal(attached[key])
        found.append(Picture(shown, alt, match.span(), attached[key].data, used[key]))
    end = (len(text), len(text))
    left = (name for name in attached if name not in used)
    found += (Picture(name, name, end, attached[name].data, NOT_SHOWN) for name in left)
    return found[:most]


def _references(text: str) -> Iterator[tuple[re.Match[str], str, str]]:
    """Yield each picture in Markdown or HTML, with its alternative text and its link."""
    for match in _IMAGE.finditer(text):
        if match["tag"] is None:
            yield match, match["alt"], re.sub(r"[ \t]'.*", "", match["link"]).strip()
            continue
        source, alt = (pattern.search(match["tag"]) for pattern in (_SOURCE, _ALT))
        if source:
            words = next(filter(None, alt.groups()), "") if alt else ""
            yield match, words, next(filter(None, source.groups()), "").strip()


def _not_inside(link: str) -> str:
    if re.match(r"(?:https?|content|blob):", link, re.IGNORECASE):
        return f"is a link, which marking can't open. {ATTACH_AGAIN}"
    return f"is a file beside the notebook, and marking reads only the notebook. {ATTACH_AGAIN}"


# --- Handing in ---------------------------------------------------------------------------

PACKAGE = f"{ASSIGNMENT}_submission.zip"
"""The file to hand in: the saved notebooks and manifest.json."""

Line = tuple[str, str]
"""A line of the report: a sign and a text."""

_LEAST = 5.0
"""Seconds for a notebook if the notebooks before it have used up the time."""

_MOST_LINES = 60
"""Largest number of warnings in a report."""

_BOUNDS = re.compile(r"^(?:# )?(\w+) ?>=(\d+)\.(\d+),<(\d+)\.(\d+)", re.MULTILINE)


@dataclass(frozen=True)
class Rehearsed:
    """A saved notebook and the result of running it."""

    saved: Saved
    run: Run

    @property
    def items(self) -> tuple[Item, ...]:
        return PROBLEMS[self.saved.problem]

    def outcome(self, item: Item) -> str:
        """Return an item's state ("unknown" if its check did not run), "text" or "no text"."""
        if item.answers:
            return self.run.states.get(item.name, "unknown")
        return "text" if is_written(self.saved, item.name) else "no text"


def pack(use: Sequence[str] | str = ()) -> None:
    """Run the saved notebooks as marking does, say what passes, and pack them into one file.

    `use` names copies to hand in instead, such as ["problem1 (1).ipynb"].

    Each notebook runs in its own process and in an empty folder, all together for at most SECONDS
    seconds. The notebooks are not changed, and they are packed even if something fails. The file is
    PACKAGE, in the folder of the notebooks.
    """
    if os.environ.get(INSIDE):
        say("checks.pack(): skipped, because this notebook is being packed.")
        return
    folder = Path(__file__).resolve().parent
    try:
        _pack(folder, [use] if isinstance(use, str) else list(use))
    except OSError as error:
        say(f"✗ Packing did not work here ({named(error)}). Hand in the notebooks instead.")
        if isinstance(error, PermissionError):
            say(f"  Is {PACKAGE} open in another program? Close it there and pack again.")
    except KeyboardInterrupt:
        say(f"Stopped. {PACKAGE} is as it was before.")


def _pack(folder: Path, use: list[str]) -> None:
    """Run the saved notebooks, print the results, and write the package."""
    chosen, notes = _chosen(folder, use)
    files = (saved_notebook(folder, name, chosen.get(name, "")) for name in PROBLEMS)
    saved = [notebook for notebook in files if notebook]
    notes += _elsewhere(folder, saved)
    if not saved:
        nothing = "checks.pack(): found no notebook of this homework beside checks.py."
        say(" ".join([nothing, *notes]))
        say(
            "In Colab, hand in the notebooks themselves: File → Download → Download .ipynb. "
            f"Their names: {', '.join(f'{name}.ipynb' for name in PROBLEMS)}."
        )
        return
    notes += [
        f"{f} is missing here: download it again." for f in FILES if not (folder / f).exists()
    ]
    notes += _other_versions(folder)
    rehearsed: list[Rehearsed] = []
    for notebook in saved:
        say(f"{notebook.shown}, saved {_ago(notebook.time)}: running …", end=" ")
        left = SECONDS - sum(each.run.seconds for each in rehearsed)
        rehearsed.append(Rehearsed(notebook, run_again(folder, notebook, max(left, _LEAST))))
        say(_ran(rehearsed[-1]))
    lines = [line for each in rehearsed for line in _failing(each)]
    lines += [line for each in rehearsed for line in _forgotten(each)]
    for notebook in saved:
        found = (*_unsaved(notebook), *_too_new(notebook, folder))
        lines += [("!", f"{notebook.shown}: {text}") for text in found]
    if (seconds := sum(each.run.seconds for each in rehearsed)) > SECONDS:
        lines.append(("!", f"all took {seconds:.0f} s, but marking stops after {SECONDS:g} s."))
    lines += [("!", note) for note in notes]
    if len(lines) > _MOST_LINES:
        lines[_MOST_LINES:] = [("!", f"{len(lines) - _MOST_LINES} more lines like these")]
    outcomes = {item.name: each.outcome(item) for each in rehearsed for item in each.items}
    size = write_package(folder / PACKAGE, _members(saved, outcomes, [text for _, text in lines]))
    say("\n" + "\n".join(_verdicts(rehearsed)))
    say("\nBefore you hand in:" if lines else "Nothing is missing.")
    say("".join(_wrapped(f"  {sign} {text}") + "\n" for sign, text in lines), end="")
    say(
        f"\nPacked: {PACKAGE} ({len(saved)} of {len(PROBLEMS)} notebooks, "
        f"{max(1, size // 1000)} kB), in the folder of your notebooks.\n"
        "Hand in this one file. If you change anything: save, then pack again.\n"
        "Changes that are not saved are not in it"
        + (
            "; only functions that you ran were compared."
            if shell()
            else ", and from a terminal they can't be seen."
        ),
    )
    _offer_download()


def _wrapped(line: str) -> str:
    import textwrap

    return textwrap.fill(
        line, 88, subsequent_indent="      ", break_on_hyphens=False, break_long_words=False
    )


def _offer_download() -> None:
    """Show a link to the package, if this runs in a notebook."""
    here = shell()
    if getattr(here, "kernel", None) is not None:
        link = f'<a href="{PACKAGE}" download><b>Download {PACKAGE}</b></a>'
        here.display_pub.publish(data={"text/plain": PACKAGE, "text/html": link}, metadata={})


def _ago(time: float) -> str:
    """Return when a file was saved, in words."""
    then = datetime.fromtimestamp(time)
    seconds = (datetime.now() - then).total_seconds()
    for unit, length in (("day", 86_400), ("hour", 3600), ("minute", 60)):
        if (count := int(seconds // length)) > 0:
            return f"{then:%H:%M} ({count} {unit}{'s' if count > 1 else ''} ago)"
    return f"{then:%H:%M} (just now)"


# The files to hand in


def _problem(name: str) -> str:
    """Return the problem of a notebook's copy by the file's name, or ""."""
    copy = r"(?: ?\(\d+\)|[-_ ]?[Cc]opy ?\d*)?\.ipynb"
    return next((p for p in PROBLEMS if re.fullmatch(re.escape(p) + copy, name)), "")


def _chosen(folder: Path, use: list[str]) -> tuple[dict[str, str], list[str]]:
    """Return the file to use for each problem, and what is wrong with the names in `use`."""
    good = [name for name in use if _problem(name) and (folder / name).is_file()]
    wrong = [f"{name} is not a notebook of this homework in this folder; it was not packed."
             for name in use if name not in good]  # fmt: skip
    return {_problem(name): name for name in good}, wrong


def _elsewhere(folder: Path, saved: list[Saved]) -> Iterator[str]:
    """Yield problems without a notebook, and copies that are newer than the notebook packed."""
    times = {notebook.problem: notebook.time for notebook in saved}
    files = {notebook.shown for notebook in saved}
    for problem in PROBLEMS:
        copies = [p for p in folder.glob("*.ipynb") if _problem(p.name) == problem]
        newest = max(copies, key=lambda path: path.stat().st_mtime, default=None)
        offer = ""
        if newest is not None and newest.name not in files:
            quoted = f'"{newest.name}"'
            way = f"checks.pack(use=[{quoted}])" if shell() else f"python checks.py pack {quoted}"
            offer = f"To hand that one in: {way}"
        if problem not in times:
            yield f"{problem}.ipynb is not in this folder" + (
                f", but {newest.name} is. {offer}" if newest and offer else "."
            )
        elif newest is not None and offer and newest.stat().st_mtime > times[problem]:
            yield f"{newest.name} is newer than the notebook that was packed. {offer}"


# The report


def _ran(each: Rehearsed) -> str:
    """Return a line with the number of a notebook's checks that pass."""
    tested = [each.outcome(item) for item in each.items if item.answers]
    passed = tested.count("passed")
    sign = "✓" if passed == len(tested) else "✗"
    return f"{sign} {passed} of {len(tested)} checks pass ({each.run.seconds:.0f} s)"


def _sum_of(items: Iterable[Item], bonus: bool) -> float:
    return sum(item.points for item in items if item.bonus is bonus)


def _verdicts(rehearsed: list[Rehearsed]) -> Iterator[str]:
    """Yield how many points pass, how many texts are written, and the pictures in them."""
    every = [item for items in PROBLEMS.values() for item in items]
    outcomes = {item.name: each.outcome(item) for each in rehearsed for item in each.items}
    for kind, good in (("tests", "passed"), ("texts", "text")):
        asked = [item for item in every if bool(item.answers) is (kind == "tests")]
        done = [item for item in asked if outcomes.get(item.name) == good]
        if not asked:
            continue
        counts = [
            f"{_sum_of(done, bonus):g} of {worth:g} {'bonus ' * bonus}point{'s' * (worth != 1)}"
            for bonus in (False, True)
            if (worth := _sum_of(asked, bonus))
        ]
        if kind == "tests":
            counts[0] += " that tests mark"
            sign = "✓" if len(done) == len(asked) else "…"
            yield f"{sign} {' and '.join(counts)} pass."
        else:
            written = f"{len(done)} of {len(asked)} texts are written ({', '.join(counts)})"
            yield f"✎ {written}. A person marks them."
    texts = {name: names for each in rehearsed for name, (names, _) in _pictures(each).items()}
    shown = {name: names for name, names in texts.items() if names}
    if shown:
        told = [f"{item} has {', '.join(names)}" for item, names in shown.items()]
        yield f"  Pictures: {'; '.join(told)}" + "; the others have none." * (
            len(shown) < len(texts)
        )
    elif texts:
        yield "  Pictures: none of the texts has one."


def _failing(each: Rehearsed) -> Iterator[Line]:
    """Yield the items that fail, each once, with the reason that the run showed."""
    failing = {i.name: i for i in each.items if each.outcome(i) in ("wrong", "broken", "missing")}
    for fault in each.run.faults:
        if about := [failing.pop(name) for name in _concerned(each, fault) if name in failing]:
            what, instead = _WORDS[fault.kind]
            yield "✗", f"{_listed(about)}: {_where(each, fault, what)}{instead}"
    for item in failing.values():
        if each.outcome(item) != "missing":
            word = "not right yet" if each.outcome(item) == "wrong" else "can't be compared yet"
            message = " ".join(each.run.messages.get(item.name, "").split())
            yield "✗", f"{_listed([item])}: {word}" + (f". {message}" if message else "")
    if unknown := [i.name for i in each.items if each.outcome(i) == "unknown"]:
        yield "✗", f"{each.saved.shown}: unknown, as the run did not end: {', '.join(unknown)}"


def _listed(items: Iterable[Item]) -> str:
    return ", ".join(f"{item.name} ({item.worth})" for item in items)


def _where(each: Rehearsed, fault: Fault, what: str) -> str:
    place = f"code cell {fault.cell} of " if fault.cell else ""
    return f"{place}{each.saved.shown} {what.format(fault.name)}"


def _concerned(each: Rehearsed, fault: Fault) -> list[str]:
    """Return the items that a fault concerns: those of its cell, and those whose check names it."""
    name = re.escape(fault.name.removesuffix(".py").strip("/"))
    told = [i for i, text in each.run.messages.items() if re.search(rf"\b{name}\b", text)]
    return list(dict.fromkeys([*fault.items, *told]))


def _forgotten(each: Rehearsed) -> Iterator[Line]:
    """Yield what else may be wrong: missing cells and texts, and faults that cost nothing."""
    notebook, items = each.saved, each.items
    for failure in filter(None, [notebook.fault, *each.run.failures]):
        yield "!", f"{notebook.shown}: {failure}"
    ids = [grade_id(cell) for cell in notebook.cells]
    for item in items if ids else ():
        if (count := ids.count(item.name)) == 0:
            copy = "Copy your answers into a fresh notebook."
            yield "!", f"{notebook.shown}: the cell of {item.name} is missing. {copy}"
        elif count > 1:
            told = f"the cell of {item.name} is there {count} times. Delete the copies."
            yield "!", f"{notebook.shown}: {told}"
    faulty = {name for fault in each.run.faults for name in _concerned(each, fault)}
    stubs = [i.name for i in items if each.outcome(i) == "open"]
    stubs += [i.name for i in items if each.outcome(i) == "missing" and i.name not in faulty]
    if stubs:
        yield "…", f"{notebook.shown}: not done yet: {', '.join(stubs)}"
    if blank := [i.name for i in items if each.outcome(i) == "no text" and i.name in ids]:
        yield "…", f"{notebook.shown}: no text yet: {', '.join(blank)}"
    for item in items:
        if each.outcome(item) == "text" and (empty := empty_parts(notebook, item.name)):
            todo = "Fill in what you need, and delete the headings that you don't."
            yield "…", f"{notebook.shown}: {item.name} is started: {empty}. {todo}"
    if left := [i.name for i in items if not i.answers and is_line_left(notebook, i.name)]:
        told = "your text is there. Delete the line “Your answer goes here” too"
        yield "!", f"{notebook.shown}: {', '.join(left)}: {told}."
    for fault in each.run.faults:
        about = _concerned(each, fault)
        fails = any(each.outcome(item) != "passed" for item in items if item.name in about)
        if not fails and not (about and _is_guarded(fault, notebook)):
            what, instead = _WORDS[fault.kind]
            passes = f" {' and '.join(about)} passes without it; delete that line if you can."
            yield "!", _where(each, fault, what) + (passes if about else instead)
    for name, (_, wrong) in _pictures(each).items():
        for text in wrong:
            yield "!", f"{notebook.shown}: {name}: {text}"


_WORDS = {
    "package": (
        "imports {}, a package that marking does not have.",
        " Use numpy and matplotlib instead.",
    ),
    "module": (
        "imports {}, a file that is not in the package.",
        " Copy its code into a cell of the notebook.",
    ),
    "file": (
        "opens {}, a file that is not in the package.",
        " Write what you need from it into a code cell.",
    ),
    "path": (
        "uses {}, which exists only on this machine.",
        " Delete that line: marking runs the notebook in a folder with only the homework's files.",
    ),
    "program": (
        "starts a program ({}), and marking runs no other programs.",
        " Do it in Python instead.",
    ),
    "network": (
        "connects to {}, and marking has no network.",
        " Write what you need into a code cell.",
    ),
    "input": ("asks with {}, and nobody answers when marking.", " Write the value instead."),
    "error": ("stops with {}", ""),
}
"""Text of each kind of fault: what a code cell does, and what to do instead."""


def _is_guarded(fault: Fault, notebook: Saved) -> bool:
    """Return whether the notebook's code expects that an import may fail."""
    try:
        tree = ast.parse(notebook.code[fault.cell - 1])
    except (SyntaxError, ValueError, RecursionError, IndexError):
        return False
    inside = [
        part
        for node in ast.walk(tree)
        if isinstance(node, ast.Try) and node.handlers
        for statement in node.body
        for part in ast.walk(statement)
    ]
    top = fault.name.removesuffix(".py").strip("/")
    asking = [part for part in ast.walk(tree) if _imports(part, top)]
    return fault.kind in ("package", "module") and all(part in inside for part in asking)


def _imports(part: ast.AST, top: str) -> bool:
    """Return whether code imports a module, by a statement or by its name in quotation marks."""
    if isinstance(part, ast.Import | ast.ImportFrom):
        return top in ast.unparse(part)
    called = getattr(part, "func", None)
    name = getattr(called, "id", None) or getattr(called, "attr", None)
    return name in ("import_module", "__import__") and top in ast.unparse(part)


Pictures = tuple[list[str], list[str]]
"""Names of the pictures in a text that a marker sees, and what is wrong with the others."""


def _pictures(each: Rehearsed) -> dict[str, Pictures]:
    """Return the pictures of each text that a person marks."""
    found: dict[str, Pictures] = {item.name: ([], []) for item in each.items if not item.answers}
    room, count = PictureRoom(), 0
    for cell in each.saved.cells:
        if cell.get("cell_type") == "code":
            continue
        text, inline = without_inline(cell_text(cell), str)
        attached = room.take(inline | attachments_of(cell, _joined))
        shown, wrong = found.get(grade_id(cell), ([], []))
        for picture in pictures_in(text, attached):
            count += not picture.refusal
            why = picture.refusal or (TOO_MANY if count > MAX_PICTURES else "")
            if why:
                wrong.append(f"the picture {picture.name[:80]} {why}")
            else:
                shown.append(picture.name[:80])
    return found


def _joined(value: object) -> str | None:
    """Return a string, or a list of lines as one string; None for any other value."""
    if isinstance(value, list) and all(isinstance(line, str) for line in value):
        return "".join(value)
    return value if isinstance(value, str) else None


# Unsaved functions and other versions


def _unsaved(notebook: Saved) -> Iterator[str]:
    """Yield functions whose version in this kernel is not in the saved file.

    IPython keeps the text of each cell that it ran, and a function knows its cell. Other answers,
    texts, and notebooks of other kernels can't be compared.
    """
    import linecache

    defined = getattr(shell(), "user_ns", {})
    known = {_normal(source) for source in notebook.code}
    for item in PROBLEMS[notebook.problem]:
        for name in item.answers:
            code = getattr(defined.get(name), "__code__", None)
            cell = "".join(linecache.getlines(code.co_filename)) if code else ""
            # IPython keeps a cell with magic commands in a different form than it was typed
            if cell and "get_ipython()" not in cell and _normal(cell) not in known:
                yield (
                    f"the `{name}` that you ran last is not in the saved file. Run its cell "
                    "and save the notebook, then pack again."
                )


def _normal(source: str) -> str:
    return "\n".join(line.rstrip() for line in source.strip().splitlines())


def _bounds(folder: Path) -> dict[str, tuple[tuple[int, int], tuple[int, int]]]:
    """Return the range of versions (from, below) that requirements.txt gives for each package."""
    try:
        text = (folder / "requirements.txt").read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):  # packing works without it
        return {}
    numbers = [(name, *map(int, rest)) for name, *rest in _BOUNDS.findall(text)]
    return {name: ((a, b), (c, d)) for name, a, b, c, d in numbers}


def _versions() -> dict[str, str]:
    return {
        "Python": platform.python_version(),
        "numpy": np.__version__,
        "matplotlib": mpl.__version__,
    }


def _other_versions(folder: Path) -> Iterator[str]:
    """Yield a warning for each package that is here in a version that marking does not use."""
    bounds = _bounds(folder)
    for name, version in _versions().items():
        numbers = tuple(map(int, re.findall(r"\d+", version)[:2]))
        if name in bounds and not bounds[name][0] <= numbers < bounds[name][1]:
            (low, minor), (high, end) = bounds[name]
            newest = f" to {high}.{end - 1}" if (low, minor) != (high, end - 1) else ""
            way = "Use that Python." if name == "Python" else "`pip install -r requirements.txt`"
            yield (
                f"{name} is {version} here, but marking uses {low}.{minor}{newest}: your code "
                f"may not run there. {way}"
            )


def _too_new(notebook: Saved, folder: Path) -> Iterator[str]:
    """Yield cells that this Python can read but the oldest Python used for marking can't."""
    here = sys.version_info[:2]
    oldest = _bounds(folder).get("Python", (here, here))[0]
    if oldest >= here:
        return
    for number, source in enumerate(notebook.code, start=1):
        if _reads(source, here) and not _reads(source, oldest):
            yield (
                f"code cell {number} needs a newer Python than {oldest[0]}.{oldest[1]}, which may "
                "be used for marking. Change it so that older versions can read it (inside an "
                "f-string, use other quotes than around it)."
            )


def _reads(source: str, version: tuple[int, int]) -> bool:
    """Return whether a version of Python can parse a text, if the running version can test this."""
    try:
        ast.parse(source, feature_version=version)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    return version >= (3, 12) or not _has_new_fstring(source)


def _has_new_fstring(source: str) -> bool:
    """Return whether an f-string has its own quotes, a backslash or a comment within braces."""
    import tokenize

    around: list[str] = []
    try:
        for token in tokenize.generate_tokens(io.StringIO(source).readline):
            kind = tokenize.tok_name[token.type]
            quotes = token.string.lstrip("rRbBuUfFtT")
            if kind == "FSTRING_END":
                around.pop()
            elif kind in ("FSTRING_START", "STRING"):
                if around and (quotes.startswith(tuple(around)) or "\\" in token.string):
                    return True
                around += [quotes] if kind == "FSTRING_START" else []
            elif kind == "COMMENT" and around:
                return True
    except (tokenize.TokenError, SyntaxError, IndexError):
        return False
    return False


# Writing the package


def _members(
    saved: list[Saved], outcomes: Mapping[str, str], warnings: list[str]
) -> dict[str, bytes]:
    """Return the files of the package: the notebooks, and manifest.json, which describes them."""
    import hashlib

    def stated(time: float) -> str:
        return datetime.fromtimestamp(time, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")

    manifest = {
        "schema": "fdl-submission",
        "version": 1,
        "assignment": ASSIGNMENT,
        "packed": stated(datetime.now(UTC).timestamp()),
        "notebooks": {
            notebook.name: {
                "sha256": hashlib.sha256(notebook.content).hexdigest(),
                "saved": stated(notebook.time),
            }
            for notebook in saved
        },
        "checks": outcomes,
        "warnings": warnings,
        "versions": {name.lower(): version for name, version in _versions().items()},
    }
    text = json.dumps(manifest, indent=1, ensure_ascii=False) + "\n"
    return {**{n.name: n.content for n in saved}, "manifest.json": text.encode()}


def write_package(target: Path, members: Mapping[str, bytes]) -> int:
    """Write the zip file atomically; the same members give the same bytes. Return its size."""
    import tempfile
    import zipfile

    handle, name = tempfile.mkstemp(prefix=".packing-", dir=target.parent)
    try:
        with open(handle, "wb") as file, zipfile.ZipFile(file, "w") as archive:
            for member in sorted(members):
                about = zipfile.ZipInfo(member)  # dated 1980: the manifest has the times
                about.compress_type, about.external_attr = zipfile.ZIP_DEFLATED, 0o644 << 16
                about.create_system = 3
                archive.writestr(about, members[member])
        os.chmod(name, 0o644)
        os.replace(name, target)
    except BaseException:
        os.unlink(name)
        raise
    return target.stat().st_size


def command(words: list[str]) -> int:
    """Run `python checks.py pack [COPY ...]` or `... hint ITEM`; return the exit code."""
    if words[:1] == ["pack"]:
        pack(words[1:])
    elif len(words) == 2 and words[0] == "hint" and len(items_named(words[1])) == 1:
        for _ in range(3):
            hint(words[1])
    elif len(words) == 4 and words[0] == "run":
        run_cells(*words[1:])
    else:
        say("Usage: python checks.py pack, or python checks.py hint ITEM")
        say(f"Items: {', '.join(HINTS)}")
        return 2
    return 0


# --- Visible checks of Homework 2: what is right so far, and what to look at next ---------

# --- Problem 1 ----------------------------------------------------------------------------------
#
# The example: two functions on ℝ² with the gradients x and 2x, the start (2, 4), and three steps
# with the indices 0, 1, 0. A start that is c times as long makes all iterates c times as long.

_INDICES = (0, 1, 0)
_IN_FLOATS = "Compute in floats, also if `x0` has integers: `np.zeros_like(x0)` has integers too."
_ITERATES = np.array([(2, 4), (1, 2), (0.25, 0.5), (-4.5, -9)])
_LENGTHS = {
    1e-15: ("10⁻¹⁵", "Make all steps, however short they are: do not stop early and do not round."),
    1e6: ("10⁶", "Use every gradient as it is, however long."),
}
"""Factors for the length of a start, with their texts and hints."""


def itself(x: np.ndarray) -> np.ndarray:
    """Return the gradient of f(x) = ½ ‖x‖²."""
    return np.array(x, dtype=float)


def squares(x: np.ndarray) -> np.ndarray:
    """Return the gradient of f(x) = ⅓ Σ x³."""
    return np.asarray(x, dtype=float) ** 2


def ones(x: np.ndarray) -> np.ndarray:
    """Return the gradient of f(x) = Σ x."""
    return np.ones(np.shape(x))


def scaled(i: int, x: np.ndarray) -> np.ndarray:
    """Return the gradient of f_i(x) = (i + 1)/2 · ‖x‖²."""
    return (int(i) + 1) * np.asarray(x, dtype=float)


def length_squared(x: np.ndarray) -> float:
    """Return ‖x‖²."""
    return float(np.sum(np.square(x)))


@check(
    "Two things pass from one step to the next: the point and the memory. In each step, which "
    "of them changes first, and which memory does the point then use?",
    "An array of floats with T + 1 rows and d columns. Row 0 holds the start; a loop over the "
    "steps fills one row after the other. With zero steps there is one row.",
    "Section “Momentum”, equations (1) and (2). Do the two steps of the example below them on "
    "paper, then let your loop print its memory and its point.",
)
def p1_momentum(yours: Answers) -> Lines:
    """Check three steps worked out by hand, zero steps, and an unchanged start.

    The three steps also start from integers, very close to 0 and very far away.
    """
    average = (
        "This memory is an average, m = β m + (1 − β) g; equation (1) adds the whole gradient."
    )
    slips = {
        average: [(2, 4), (1.9, 3.8), (1.4, 2.8), (-0.9, -1.8)],
        "The last β is 1.5: use β as it is, also above 1.": [*_ITERATES[:3], (-3, -6)],
    }
    return _three_steps(yours.momentum, gammas=(0.5, 0.25, 1), betas=(0.9, 0.5, 1.5), slips=slips)


@check(
    "Besides the point you need one more thing: where the ball was before. What is that before "
    "the very first step?",
    "As in `momentum`: T + 1 rows, the start in row 0. A step needs only the last two points; "
    "`gammas` and `betas` are used as they are, without conversion.",
    "Section a), equation (3), and the sentence above it about the rest at the start. At "
    "which point is the gradient taken?",
)
def p1a_heavy_ball(yours: Answers) -> Lines:
    """Check the same three steps, with the heavy ball's own parameters."""
    last_row = (
        "At t = 0 your x^(t−1) is the last row, which is still empty: `xs[t-1]` is `xs[-1]` there. "
        "The ball starts at rest, so x^(−1) = x^0."
    )
    slips = {last_row: [(2, 4), (1.9, 3.8), (0.925, 1.85), (-5.85, -11.7)]}
    return _three_steps(yours.heavy_ball, gammas=(0.5, 0.25, 1), betas=(0.45, 0.25, 6), slips=slips)


def _three_steps(
    method: Callable[..., Any],
    *,
    gammas: tuple[float, ...],
    betas: tuple[float, ...],
    slips: Mapping[str, Any],
) -> Lines:
    """Check that a method gives the example's iterates with its own parameters.

    `slips` maps what to say about a frequent slip to its iterates.
    """
    start = np.array([2.0, 4.0])
    rates = np.array(gammas, dtype=float), np.array(betas, dtype=float)
    answer = method(scaled, start, *rates, np.array(_INDICES))
    what = "The iterates of three steps, the start first"
    yield close(answer, _ITERATES, what, hint=slip(answer, slips))
    yield unchanged(start, np.array([2.0, 4.0]), "x0")
    answer = method(scaled, np.array([2, 4]), *rates, np.array(_INDICES))
    what = "The iterates of three steps, from an integer start"
    yield close(answer, _ITERATES, what, hint=_IN_FLOATS)
    for length, (text, hint) in _LENGTHS.items():
        answer = method(scaled, length * start, *rates, np.array(_INDICES))
        what = f"The iterates of three steps, from a start {text} times as long"
        yield _close_as_long(answer, length * _ITERATES, what, hint)
    none = np.array([])
    answer = method(scaled, np.array([2, 4]), none, none, none.astype(int))
    yield close(answer, [(2, 4)], "The iterates of zero steps, from an integer start")


def _close_as_long(answer: Any, right: np.ndarray, what: str, hint: str) -> str:
    """Compare iterates with the right ones; give the hint also if rows are missing."""
    shape = numbers(answer, what).shape
    message = f"{what}: the shape is {shape} but should be {right.shape}. {hint}"
    expect(shape == right.shape, message, "broken")
    return close(answer, right, what, hint=hint)


@check(
    "Eliminate the memory: equation (2) of the step before says what it was. What factor does "
    "the last move then carry?",
    "A pair of arrays, both of length T. One of them is easy. An entry of the other combines "
    "three numbers, one of them from the step before.",
    "The text above the stub: (2) for the step before, put into (1), then compared with (3) "
    "term by term. The convention for the step size before the first gives entry 0. At T = 0 "
    "both arrays are empty.",
)
def p1a_parameters(yours: Answers) -> Lines:
    """Check the parameters with which the heavy ball takes momentum's three steps."""
    gammas, betas = np.array([0.5, 0.25, 1]), np.array([0.9, 0.5, 1])
    answer = yours.heavy_ball_parameters(gammas, betas)
    hat_gammas, hat_betas = pair(answer, "The answer", "γ̂, β̂")
    yield close(hat_gammas, (0.5, 0.25, 1), "The heavy ball's γ for γ = (½, ¼, 1), β = (0.9, ½, 1)")
    yield close(hat_betas, (0.45, 0.25, 4), "The heavy ball's β for γ = (½, ¼, 1), β = (0.9, ½, 1)")
    answer = yours.heavy_ball_parameters(gammas[:2], betas[:2])
    _, hat_betas = pair(answer, "The answer", "γ̂, β̂")
    last_first = "At t = 0 your γ_(t−1) is the last step size: the index −1 counts from the end."
    hint = slip(hat_betas, {last_first: (1.8, 0.25)})
    yield close(
        hat_betas, (0.45, 0.25), "The heavy ball's β for γ = (½, ¼), β = (0.9, ½)", hint=hint
    )
    answer = yours.heavy_ball_parameters(np.array([]), np.array([]))
    hat_gammas, hat_betas = pair(answer, "The answer", "γ̂, β̂")
    array(hat_gammas, "The heavy ball's γ for T = 0", (0,))
    array(hat_betas, "The heavy ball's β for T = 0", (0,))
    yield "for T = 0 both are empty"


@check(
    "Which index does λ have in the step that leads to the point t + 1? One entry of `lambdas` "
    "is never read.",
    "A pair: x with T + 1 rows, the start first, and z with T rows, of which the first is "
    "already one step from the start.",
    "Section b), equations (4) and (5), in this order. The gradient is taken at the average x "
    "and not at z; the two weights in (5) add up to 1.",
)
def p1b_ima(yours: Answers) -> Lines:
    """Check two steps worked out by hand (λ₀ has no effect), an unchanged start, zero steps.

    The two steps also start from integers, very close to 0 and very far away.
    """
    start = np.array([2.0, 4.0])
    for first in (0.0, 7.0):
        rates = np.array([1.0, 1.0]), np.array([first, 1.0, 3.0])
        answer = yours.ima(scaled, start, *rates, np.array(_INDICES[:2]))
        x, z = pair(answer, "The answer", "x, z")
        yield close(x, _ITERATES[:3], f"x of two steps (λ₀ = {first:.0f}), the start first")
        yield close(z, [(0, 0), (-2, -4)], f"z of two steps (λ₀ = {first:.0f})")
        if first == 0:
            yield unchanged(start, np.array([2.0, 4.0]), "x0")
    answer = yours.ima(scaled, np.array([2, 4]), *rates, np.array(_INDICES[:2]))
    x, z = pair(answer, "The answer", "x, z")
    yield close(x, _ITERATES[:3], "x of two steps, from an integer start", hint=_IN_FLOATS)
    yield close(z, [(0, 0), (-2, -4)], "z of two steps, from there", hint=_IN_FLOATS)
    for length, (text, hint) in _LENGTHS.items():
        answer = yours.ima(scaled, length * start, *rates, np.array(_INDICES[:2]))
        x, _ = pair(answer, "The answer", "x, z")
        what = f"x of two steps, from a start {text} times as long"
        yield _close_as_long(x, length * _ITERATES[:3], what, hint)
    none = np.array([])
    answer = yours.ima(scaled, np.array([2, 4]), none, np.array([3.0]), none.astype(int))
    x, z = pair(answer, "The answer", "x, z")
    yield close(x, [(2, 4)], "x of zero steps, the start alone")
    rows = numbers(z, "z of zero steps")
    expect(rows.size == 0, f"z of zero steps has shape {rows.shape} but should be empty: (0, 2).")
    yield "z of zero steps is empty"


@check(
    "There is one more unknown than there are equations. At which end of the sequence can you "
    "choose one freely, so that no division can go wrong afterwards?",
    "A pair: η with T entries, λ with T + 1. The relation is solved for one λ after the other "
    "in a loop, and η comes last, all at once.",
    "The two relations in section b) and the exercise on paper below them, especially its last "
    "question. Write the second relation with the heavy ball's β̂ of part a): what does it say λ_t is, if "
    "you know its neighbour? The relation at t = 0 is not needed.",
)
def p1b_parameters(yours: Answers) -> Lines:
    """Check that the λ you choose are finite, not −1, and obey the relation for t ≥ 1."""
    for gammas, betas in (((0.5, 0.25, 1), (0.9, 0.5, 1)), ((1, 2, 0.5), (0.5, 0, 0.5))):
        g, b = np.array(gammas, dtype=float), np.array(betas, dtype=float)
        answer = yours.ima_parameters(g.copy(), b.copy())
        etas, lambdas = pair(answer, "The answer", "η, λ")
        eta = array(etas, "η for three steps", (3,))
        lam = _lambdas(lambdas, 3)[1:]
        minus = [f"λ{'₁₂₃'[t]} = −1" for t in range(3) if np.isclose(lam[t], -1)]
        expect(
            not minus,
            f"{' and '.join(minus)}, and the method divides by λ + 1. Another choice of the free "
            "λ avoids it.",
        )
        case = f"γ = {gammas}, β = {betas}"
        yield holds(eta, (1 + lam) * g, f"η_t = (1 + λ_(t+1)) γ_t, with {case}")
        left, right = b[1:] * lam[1:], g[:-1] * lam[:-1] / g[1:] - b[1:]
        yield holds(left, right, f"β_t λ_(t+1) = γ_(t−1) λ_t / γ_t − β_t for t ≥ 1, with {case}")
    answer = yours.ima_parameters(np.array([]), np.array([]))
    etas, lambdas = pair(answer, "The answer", "η, λ")
    array(etas, "η for T = 0", (0,))
    _lambdas(lambdas, 0)
    yield "for T = 0 η is empty, and λ has one entry"


def _lambdas(answer: Any, steps: int) -> np.ndarray:
    """Return λ_0, …, λ_T as floats; all but λ_0 have to be finite."""
    lam = np.zeros(1) if np.shape(answer) == (steps + 1,) == (1,) else numbers(answer, "λ")
    size = f"{lam.size}" if lam.ndim == 1 else f"the shape {lam.shape}"
    entries = f"{steps + 1} entries" if steps else "1 entry"
    is_long = lam.shape == (steps + 1,)
    expect(is_long, f"λ must have T+1 = {entries}, yours has {size}.", "broken")
    expect(np.isfinite(lam[1:]).all(), f"λ contains NaN or infinity:\n{shown(lam)}")
    return lam


@example
def two_runs() -> dict[str, np.ndarray]:
    """Return two made-up trajectories by their labels; along the second, ‖x‖² rises at the end."""
    return {
        "first": np.array([[3.0, 0.0], [2.0, 0.0], [1.0, 0.0]]),
        "other": np.array([[0.0, 2.0], [1.0, 1.0], [2.0, 1.0]]),
    }


@check(
    "Each trajectory holds points; the picture shows numbers. What must happen to each point "
    "first?",
    "One line for each entry of the dictionary, with its label; as many values as the "
    "trajectory has rows, against 0, 1, …; then the legend and both axis labels. Return the "
    "Figure.",
    "Section “The picture” of Problem 1. The trajectories may have different lengths, and "
    "`objective` takes one point at a time.",
)
def p1_plot(yours: Answers) -> Lines:
    """Check a line for each trajectory at the objective's values, a legend and axis labels."""
    trajectories = two_runs()
    figure = as_figure(yours.plot_objective(length_squared, trajectories))
    heights = {"first": (9, 4, 1), "other": (4, 2, 5)}
    axes = curve(figure, (0, 1, 2), heights["first"], "f along the trajectory “first”")
    yield "f along the trajectory “first” is a line against the number of steps"
    lowest = "A line shows the smallest f so far; it should show f(x^t) itself, which may rise."
    _no_slip(figure, heights["other"], {lowest: (4, 2, 2)})
    curve(figure, (0, 1, 2), heights["other"], "f along the trajectory “other”")
    yield "f along the trajectory “other” is a line too"
    labels = {f"the trajectory “{label}”": says(label) for label in trajectories}
    yield names_in(figure, labels, exact=True)
    swapped = {"first": {"other"}, "other": {"first"}}
    expect(
        {label: _labels_at(figure, ys) for label, ys in heights.items()} != swapped,
        "Each line has the label of the other one: take label and iterates together, from "
        "`trajectories.items()`.",
    )
    yield axis_labels(axes)


def _no_slip(figure: Figure, right: Any, slips: Mapping[str, Any]) -> None:
    """End the check with the words for a slip if the figure has its heights and not the right ones."""
    heights = [ys for _, _, ys in curves(figure)]

    def has(wanted: Any) -> bool:
        return any(len(ys) == len(wanted) and np.allclose(ys, wanted) for ys in heights)

    for words, wrong in slips.items():
        expect(has(right) or not has(wrong), words)


def _labels_at(figure: Figure, ys: tuple[float, ...]) -> set[Any]:
    """Return the labels of all lines with these heights."""
    lines = (line for axes in figure.axes for line in axes.get_lines())
    return {line.get_label() for line in lines if np.array_equal(line.get_ydata(), ys)}


# --- Problem 2 ----------------------------------------------------------------------------------


@check(
    "Which rule below fails first? If x · ∇L is not 4 L, look at the gradient; if that holds "
    "and the next does not, look at the Hessian.",
    "Four numbers; four rows of four numbers, the same above and below the diagonal; one "
    "number. In the Hessian a block belongs to u, a row and a column to u with v, and a corner "
    "to v alone.",
    "Section a): your derivatives of ½ ‖u‖² v², with the point put in. The mixed derivative is "
    "easy to miss: differentiate the entry for v once more by u.",
)
def p2a_values(yours: Answers) -> Lines:
    """Check shapes and the rules x·∇L = 4L and ∇²L x = 3∇L, which follow from L(s·x) = s⁴ L(x)."""
    x, loss = np.array([3.0, -1.0, 2.0, 2.0]), 28.0
    gradient = array(yours.value("gradient_at_point"), "gradient_at_point", (4,))
    hessian = array(yours.value("hessian_at_point"), "hessian_at_point", (4, 4))
    trace = array(yours.value("trace_at_point"), "trace_at_point", ())
    yield "the gradient has shape (4,), the Hessian (4, 4), the trace is a number"
    yield holds(x @ gradient, 4 * loss, "x · ∇L = 4 L")
    yield holds(hessian, hessian.T, "∇²L is symmetric")
    yield holds(hessian @ x, 3 * gradient, "∇²L x = 3 ∇L")
    yield holds(trace, np.diag(hessian).sum(), "the trace is the sum of the Hessian's diagonal")


_OLD = "Both updates use the old u and the old v; this is v⁺ with the new u."
_MINUS = "The first step goes uphill: the sign of ρ is wrong."
_NORMALISED = "The step up is ρ times the gradient as it is; don't divide by its length."
_CUT_OFF = "Use η as it is, also above 1."
_FROM_ABOVE = "The step down starts from the old point, not from the one uphill."


@check(
    "Is there a line that changes one of the two while the other still needs its old value?",
    "A pair: an array like u, and a number. Each is its old value times a number that depends "
    "on η and on the other one.",
    "Section b): put the gradient of part a) into x − η ∇L(x) and pull the old value out in "
    "front of a bracket.",
)
def p2b_gd_update(yours: Answers) -> Lines:
    """Check one step of GD from u = (1, 2), v = 2 with η = 0.1 and η = 2, worked out by hand."""
    yours.write_out("gd_update")
    u = np.array([1.0, 2.0])
    for eta, right_u, right_v in ((0.1, (0.6, 1.2), 1.0), (2, (-7, -14), -18)):
        u_next, v_next = pair(yours.gd_update(u, 2.0, eta), "The answer", "u⁺, v⁺")
        hint = slip(u_next, {_CUT_OFF: (-3, -6)})
        yield close(u_next, right_u, f"u⁺ from u = (1, 2), v = 2 with η = {eta}", hint=hint)
        yield close(v_next, right_v, "v⁺ from there", hint=slip(v_next, {_OLD: 1.64}))
    yield unchanged(u, np.array([1.0, 2.0]), "u")


@check(
    "USAM takes the gradient at another point than its own. Write this other point down first, "
    "as a pair (ũ, ṽ): how does each differ from u and v?",
    "A pair as in `gd_update`, and at ρ = 0 the same pair. With ρ each factor gains brackets "
    "such as (1 + ρ · …), some of them squared.",
    "The text above the stub, and the update in section b): put the shifted point into both "
    "entries of the gradient of part a). Each entry is a product of a square and a first power, "
    "and each of these brings its own bracket.",
)
def p2b_usam_update(yours: Answers) -> Lines:
    """Check one step of USAM at ρ = 0.1, worked out by hand, and at ρ = 0, a step of GD."""
    yours.write_out("usam_update")
    u = np.array([1.0, 2.0])
    slips = {_MINUS: 0.9775, _NORMALISED: 0.878735, _FROM_ABOVE: 0.8525, _CUT_OFF: -1.475}
    steps = {
        (0.1, 0.0): ((0.9, 1.8), 0.5),
        (0.1, 0.1): ((0.7525, 1.505), 0.0925),
        (2, 0.1): ((-3.95, -7.9), -17.15),
    }
    for (eta, rho), (right_u, right_v) in steps.items():
        answer = yours.usam_update(u, 1.0, eta, rho)
        u_next, v_next = pair(answer, "The answer", "u⁺, v⁺")
        what = f"u⁺ from u = (1, 2), v = 1 with η = {eta}, ρ = {rho}"
        hint = slip(u_next, {words: (a, 2 * a) for words, a in slips.items()})
        yield close(u_next, right_u, what, hint=hint)
        hint = slip(v_next, {_OLD: 0.5604195 if rho else 0.595})
        yield close(v_next, right_v, "v⁺ from there", hint=hint)
    yield unchanged(u, np.array([1.0, 2.0]), "u")


@check(
    "Split the point first: which entry is v? The rest is u, however long it is.",
    "`loss` gives a number, `gradient` an array as long as the point, its entries in the same "
    "order. Both must work for u of length 1 as well.",
    "The definition of L at the top of Problem 2, and your derivation in section a). The check "
    "compares the gradient with slopes of your own loss: if only it fails, the loss is right.",
)
def p2c_loss_gradient(yours: Answers) -> Lines:
    """Check L at (1, 2, 2), and your gradient against finite differences of your loss."""
    x = np.array([1.0, 2.0, 2.0])
    yield close(yours.loss(x), 10.0, "L at u = (1, 2), v = 2")
    right = slopes(yours.loss, x)
    yield close(yours.gradient(x), right, "The gradient, against finite differences of your loss")


@check(
    "If the corner is right and the block is right, what couples u with v? And does the trace "
    "count every diagonal entry, however many u has?",
    "A square matrix, one row longer than u, and a number. It has four blocks; three of them "
    "depend on v, and it equals its transpose.",
    "Section a): your Hessian, block by block, and its trace as a formula in d, ‖u‖² and v².",
)
def p2c_hessian_trace(yours: Answers) -> Lines:
    """Check the Hessian at u = (1, 2), v = 3 and its trace, worked out by hand."""
    x = np.array([1.0, 2.0, 3.0])
    hessian = [(9, 0, 6), (0, 9, 12), (6, 12, 5)]
    yield close(yours.hessian(x), hessian, "The Hessian at u = (1, 2), v = 3")
    yield close(yours.hessian_trace(x), 23.0, "Its trace")


@check(
    "How many points are there after `num_steps` steps? And what if `eta` is a single number in "
    "one call and a whole sequence in the next?",
    "`num_steps` + 1 rows of floats, the start in row 0. Numpy can turn a number into a "
    "sequence of equal numbers and leaves a sequence as it is.",
    "Section c), “Gradient descent”: the update and the conventions listed with it (a copy of "
    "the start, exactly that many steps).",
)
def p2c_gd(yours: Answers) -> Lines:
    """Check three halvings with ∇f(x) = x and η = ½, a step size for each step, and zero steps.

    The halvings also start from integers, very close to 0 and very far away.
    """
    start, right = np.array([4.0, 8.0]), np.array([(4, 8), (2, 4), (1, 2), (0.5, 1)])
    answer = yours.gd(itself, start, 0.5, 3)
    yield close(answer, right, "Three steps with ∇f(x) = x, η = ½")
    yield unchanged(start, np.array([4.0, 8.0]), "x0")
    answer = yours.gd(itself, np.array([4, 8]), 0.5, 3)
    yield close(answer, right, "Three steps, from an integer start", hint=_IN_FLOATS)
    for length, (text, hint) in _LENGTHS.items():
        answer = yours.gd(itself, length * start, 0.5, 3)
        what = f"Three steps, from a start {text} times as long"
        yield _close_as_long(answer, length * right, what, hint)
    answer = yours.gd(itself, start, np.array([0.5, 2.0]), 2)
    yield close(answer, [(4, 8), (2, 4), (-2, -4)], "Two steps with η = (½, 2)")
    answer = yours.gd(itself, np.array([4, 8]), 0.5, 0)
    yield close(answer, [(4, 8)], "Zero steps, from an integer start")


@check(
    "One step needs two gradients. At which point is each of them taken, and from which of the "
    "two points does the step start?",
    "As in `gd`, with one more line in the loop. At ρ = 0 both methods must agree to the last "
    "digit.",
    "Section c), “USAM”: the update with ρ. The step up uses the gradient as it is, without "
    "dividing by its length, and the step down starts from where you were before.",
)
def p2c_usam(yours: Answers) -> Lines:
    """Check steps with ∇f(x) = x² (entry by entry), worked out by hand, for two values of ρ.

    Steps with ∇f(x) = x start very close to 0 and very far away.
    """
    start = np.array([1.0, -1.0])
    answer = yours.usam(squares, start, 0.125, 1.0, 2)
    right = [(1.0, -1.0), (0.5, -1.0), (0.4296875, -1.0)]
    slips = {
        _MINUS: [(1.0, -1.0), (1.0, -1.5), (1.0, -3.2578125)],
        _NORMALISED: [(1.0, -1.0), (0.6357233, -1.0107233), (0.5098228, -1.0115403)],
        _FROM_ABOVE: [(1.0, -1.0), (1.5, 0.0), (1.9921875, 0.0)],
    }
    what = "Two steps with ∇f(x) = x², η = ⅛, ρ = 1"
    yield close(answer, right, what, hint=slip(answer, slips))
    yield unchanged(start, np.array([1.0, -1.0]), "x0")
    answer = yours.usam(squares, np.array([1, -1]), 0.125, 1.0, 2)
    yield close(answer, right, "Two steps, from an integer start", hint=_IN_FLOATS)
    answer = yours.usam(squares, start, np.array([0.5, 2.0]), 0.0, 2)
    right = [(1.0, -1.0), (0.5, -1.5), (0.0, -6.0)]
    hint = slip(answer, {_CUT_OFF: [(1.0, -1.0), (0.5, -1.5), (0.25, -3.75)]})
    yield close(answer, right, "Two steps with η = (½, 2), ρ = 0", hint=hint)
    path = np.array([(4, 8), (2, 4), (1, 2)])
    for length, (text, hint) in _LENGTHS.items():
        answer = yours.usam(itself, length * path[0], 0.25, 1.0, 2)
        what = f"Two steps with ∇f(x) = x, η = ¼, ρ = 1, from {text}·(4, 8)"
        yield _close_as_long(answer, length * path, what, hint)
    answer = yours.usam(squares, np.array([1, -1]), 0.5, 1.0, 0)
    yield close(answer, [(1, -1)], "Zero steps, from an integer start")


def drift(gradient: Any, x0: Any, eta: float, rho: float, num_steps: int) -> np.ndarray:
    """Run a made-up optimiser, called like `usam`: each step adds (η + 3ρ) ∇f(x⁰)."""
    start = np.array(x0, dtype=float)
    steps = np.arange(num_steps + 1)[:, np.newaxis]
    iterates: np.ndarray = start + steps * (eta + 3 * rho) * gradient(start)
    return iterates


@check(
    "There are three nested loops. Which of them makes a key of the dictionary, and which a row "
    "of an array?",
    "A dictionary from (eta, rho) to an array with a row for each start. Each run keeps only "
    "one row of what `optimizer` returns.",
    "Section c), “The experiment”: the order of the arguments of `optimizer`. Call the "
    "function that is passed in, not your `usam`.",
)
def p2c_experiment(yours: Answers) -> Lines:
    """Check the last iterates of a made-up optimiser from every start, for every pair (η, ρ)."""
    starts = np.array([[1.0, 2.0], [3.0, 4.0], [-5.0, 0.0]])
    shifts = {(0.1, 0.0): 1.0, (0.1, 0.2): 7.0, (0.5, 0.0): 5.0, (0.5, 0.2): 11.0}
    answer = yours.run_experiment(drift, ones, starts.copy(), [0.1, 0.5], [0.0, 0.2], 10)
    something(answer, "The answer")
    is_dict = isinstance(answer, Mapping)
    expect(is_dict, f"The answer: got {kind(answer)} instead of a dict.", "broken")
    expect(
        set(answer) == set(shifts),
        f"With η in (0.1, 0.5) and ρ in (0.0, 0.2) the keys are {list(answer)} "
        f"but should be the pairs (η, ρ): {list(shifts)}.",
    )
    yield "the keys are the pairs (η, ρ)"
    for (eta, rho), shift in shifts.items():
        what = f"The last iterates from three starts at η = {eta}, ρ = {rho}"
        shape = numbers(answer[eta, rho], what).shape
        expect(
            shape != (3, 11, 2),
            f"{what}: the shape is (3, 11, 2), which are whole runs. Keep only the last row of "
            "each run.",
            "broken",
        )
        expect(
            shape != (2,),
            f"{what}: the shape is (2,) but should be (3, 2). Each start needs a row of its own.",
            "broken",
        )
        yield close(answer[eta, rho], starts + shift, what)


def sum_of_entries(x: np.ndarray) -> float:
    """Return the sum of a point's entries, a made-up trace."""
    return float(x[0] + x[1])


@example
def three_ends() -> dict[tuple[float, float], np.ndarray]:
    """Return made-up results: three last iterates for each (η, ρ), and one that diverged."""
    ends = np.array([[0.0, 1.0], [-1.0, 3.0], [4.0, 5.0]])
    shifts = {(0.1, 0.0): 4.0, (0.1, 0.2): 3.0, (0.5, 0.0): 2.0, (0.5, 0.2): 0.5}
    made = {pair: ends + np.array([0, shift]) for pair, shift in shifts.items()}
    made[0.1, 0.0] = np.append(made[0.1, 0.0], [[0.0, 1e7]], axis=0)
    return made


@check(
    "The keys are pairs. How do you get from them the values of η, one for each line, and the "
    "values of ρ in increasing order?",
    "For each η a line with one point for each ρ. Its height is one number for all starts "
    "together: half of them lie above it and half below.",
    "Section c), “First picture”. `hessian_trace` takes one point at a time; the median is "
    "taken afterwards, over the runs that did not diverge.",
)
def p2c_trace_plot(yours: Answers) -> Lines:
    """Check a line for each η: the median of a made-up trace over three starts, against ρ."""
    figure = as_figure(yours.plot_traces(sum_of_entries, three_ends()))
    diverged = (
        "The median at η = 0.1, ρ = 0 is 9.5 and should be 6: one of the runs diverged, to a norm "
        "of 10⁷. Leave out runs farther than 10⁶ from the origin."
    )
    of_points = (
        "A line shows the trace at the median point; it should show the median of the traces."
    )
    _no_slip(figure, (6, 5), {diverged: (9.5, 5), of_points: (7, 6)})
    axes = curve(figure, (0, 0.2), (6, 5), "The median over the starts at η = 0.1")
    yield "the medians at η = 0.1 are a line against ρ"
    curve(figure, (0, 0.2), (4, 2.5), "The median over the starts at η = 0.5")
    yield "the medians at η = 0.5 are a line too"
    yield names_in(figure, {f"η = {eta}": says_number(eta) for eta in (0.1, 0.5)})
    yield axis_labels(axes)


def valley(x: Any) -> Any:
    """Return the made-up loss (u + 3/2)² + 3(v − 1)² at [u, v], two numbers or two arrays."""
    if np.shape(x)[:1] != (2,):
        shape = np.shape(x)
        raise ValueError(f"`loss` takes a point [u, v], not an array of shape {shape}")
    u, v = np.asarray(x, dtype=float)
    return (u + 1.5) ** 2 + 3 * (v - 1) ** 2


_GD = r"\bs?gd\b|gradient|descent|abstieg|(?:ρ|rho)\W*0(?:\.0*)?(?![.\d])"
_USAM = r"sam\b|sharp|perturb|(?:ρ|rho)\W*(?:0?\.2|1)|(?:ρ|rho)\s*>\s*0"
"""Patterns of the names of both methods in a picture."""


@example
def two_ends() -> dict[tuple[float, float], np.ndarray]:
    """Return made-up results of an experiment: two last iterates for each (η, ρ)."""
    away = np.array([(1.75, 1.375), (1.75, -1.375)])
    return {
        (0.5, 0.0): away,
        (0.5, 0.2): away,
        (0.5, 1.0): away,
        (0.1, 0.0): np.array([(1.0, 0.5), (-2.4, 1.0)]),
        (0.1, 0.2): np.array([(0.5, -1.8), (0.25, 0.75)]),
        (0.1, 1.0): np.array([(0.1, -0.6), (-0.4, 0.2)]),
    }


@check(
    "Two things share the axes: a surface made of many values of `loss`, and points from "
    "`results`. Which keys of `results` belong to the picture of this `eta`?",
    "A grid over the plane with the loss at each of its points; u to the right, v upwards. One set of "
    "marks for ρ = 0 and one for the positive ρ, both named in the legend.",
    "Section c), “Second picture”. `loss` takes one point [u, v] at a time. The first column of "
    "the iterates is u, the second v.",
)
def p2c_surface_plot(yours: Answers) -> Lines:
    """Check the surface of a made-up loss, with the last iterates of GD and USAM at one η."""
    ends = two_ends()
    figure = as_figure(yours.plot_landscape(valley, two_ends(), 0.1))
    surface = [
        axes for axes in figure.axes if axes.images or any(map(_may_be_surface, axes.collections))
    ]
    expect(
        surface,
        "The figure shows no surface: draw it with `contourf`, `pcolormesh` or `plot_surface`.",
    )
    yield "the figure holds a surface"
    (marked, seen, labels), found = _points(figure), surfaces(figure)
    if any(_labels(axes) == ("v", "u") for axes in surface):  # a turned plane is right too
        marked, found = marked[:, ::-1], [data[:, [1, 0, 2]] for data in found]
    radii = {0.0: "GD (ρ = 0)", 0.2: "USAM (ρ = 0.2)", 1.0: "USAM (ρ = 1)"}
    _right_surface(found, np.concatenate([ends[0.1, rho] for rho in radii]))
    for rho, name in radii.items():
        at = [_is_at(marked, end) for end in ends[0.1, rho]]
        expect(
            all(each.any() for each in at),
            f"The last iterates of {name} at η = 0.1 are not all marked at their (u, v); "
            "`scatter` or `plot(…, 'o')` marks them.",
        )
        expect(
            all((each & seen).any() for each in at),
            f"The last iterates of {name} at η = 0.1 are marked, but not all marks can be seen. "
            "Some are under the surface (a larger `zorder` helps), outside the limits of the axes, "
            "or without size or opacity.",
        )
        yield f"the last iterates of {name} are marked"
    expect(
        not any(_is_at(marked, end).any() for end in ends[0.5, 0.0]),
        "The figure marks last iterates of η = 0.5 too. It was asked for η = 0.1: take only the "
        "keys of `results` with this `eta`.",
    )
    yield names_in(figure, {"GD": says(_GD), "USAM": says(_USAM)})
    for label in {label for end in ends[0.1, 0.0] for label in labels[_is_at(marked, end)]}:
        expect(
            says(_GD)(label) or not says(r"\busam\b")(label),
            f"The last iterates with ρ = 0 are named “{label}”, but ρ = 0 is GD.",
        )
    yield axis_labels(surface[0])


def _labels(axes: Any) -> tuple[str, str]:
    """Return the labels of both axes without dollar signs."""
    return axes.get_xlabel().strip(" $").lower(), axes.get_ylabel().strip(" $").lower()


def _right_surface(found: list[np.ndarray], ends: np.ndarray) -> None:
    """Check that a surface rises where the loss does, and reaches all ends, if it can be read."""
    if not found:
        return
    turned = {
        "u and v are exchanged: u belongs to the right, v upwards. Is the grid of values "
        "transposed, or is `loss` called with [v, u]?": lambda x: valley(x[::-1]),
        "v is upside down; `imshow` needs `origin='lower'`.": lambda x: valley(x * [[1], [-1]]),
        "u is mirrored.": lambda x: valley(x * [[-1], [1]]),
        "the values belong to a smaller plane. Do the grid or `extent` fit the values?": lambda x: (
            valley(x / 2)
        ),
        "the values belong to a larger plane. Do the grid or `extent` fit the values?": lambda x: (
            valley(x * 2)
        ),
    }
    fit = max(rises_with(data, valley) for data in found)
    if fit < 0.97:
        fits = {max(rises_with(data, f) for data in found): words for words, f in turned.items()}
        likely = f" In it, {fits[max(fits)]}" * (max(fits) >= 0.9)
        expect(
            fit >= 0.9 and max(fits) <= fit + 0.03,
            f"The surface does not show `loss` at its (u, v).{likely}",
        )
    low, high = (
        pick([pick(data[:, :2], axis=0) for data in found], axis=0) for pick in (np.min, np.max)
    )
    slack = 0.06 * np.maximum(high - low, 1)
    expect(
        (ends >= low - slack).all() and (ends <= high + slack).all(),
        f"The surface ends before some marks do: it shows u from {low[0]:.3g} to {high[0]:.3g}, v "
        f"from {low[1]:.3g} to {high[1]:.3g}. Make the plane large enough for all of them.",
    )


def _points(figure: Figure) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return all points and lines of a figure: (u, v), whether it is seen, and its label."""
    found, seen, labels = [np.empty((0, 2))], [], []
    for axes in figure.axes:
        covered = _covered(axes)
        artists: list[Any] = [*axes.get_lines(), *axes.collections]
        for artist in artists:
            solid = getattr(artist, "_offsets3d", None)
            if hasattr(artist, "get_data_3d"):
                points = np.column_stack(artist.get_data_3d()[:2])
            elif hasattr(artist, "get_xydata"):
                points = artist.get_xydata()
            else:
                points = np.column_stack(solid[:2]) if solid else artist.get_offsets()
            points = np.asarray(points, float).reshape(-1, 2)
            found.append(points)
            is_seen = is_visible(artist) and artist not in covered
            seen += [*(within_limits(axes, points) & is_seen)]
            labels += [str(artist.get_label())] * len(points)
    return np.concatenate(found), np.array(seen, dtype=bool), np.array(labels, dtype=object)


def _is_at(points: np.ndarray, place: np.ndarray) -> np.ndarray:
    """Return for each point whether it is at a place of the plane."""
    at: np.ndarray = np.isclose(points, place, atol=1e-6).all(axis=1)
    return at


def _covered(axes: Any) -> list[Any]:
    """Return what plane axes draw before a filled surface that hides it."""
    drawn = [] if axes.name == "3d" else sorted(axes.get_children(), key=lambda a: a.get_zorder())
    fills = [k for k, artist in enumerate(drawn) if _fills(artist)]
    return drawn[: max(fills, default=0)]


def _fills(artist: Any) -> bool:
    """Return whether an artist is a surface through which nothing can be seen."""
    is_plane = getattr(artist, "filled", False) or isinstance(artist, (QuadMesh, AxesImage))
    opaque = artist.get_alpha() is None or np.min(artist.get_alpha()) == 1
    return bool(is_plane and opaque and artist.get_visible())


def _may_be_surface(artist: Any) -> bool:
    """Return whether a collection is more than a few marks: marks may form a surface by colour."""
    is_marks = isinstance(artist, PathCollection) and len(artist.get_sizes()) > 0
    return not is_marks or np.size(artist.get_array()) >= 50


# --- Problem 3 ----------------------------------------------------------------------------------

_V4 = np.array([1.0, 2.0, 3.0, 4.0])
_W4 = np.array([[1.0, 0.0], [2.0, 1.0], [-1.0, 0.0], [3.0, 5.0]])
_X = np.array([0.6, 0.8])


@check(
    "f is a sum over r with a factor in front. Where does v_r occur, and where w_r? "
    "Compare the factor in front first: both derivatives have the same.",
    "An array of shape (m,) and one of shape (m, d): row r is the derivative in w_r. Each row "
    "is a multiple of the same vector.",
    "Section a), its question and hints, and the chain rule for σ(w_rᵀx). "
    "`activation` and `activation_derivative` are given.",
)
def p3a_gradients(yours: Answers) -> Lines:
    """Check ∂f/∂v, worked out by hand, and ∂f/∂W, against finite differences of `network`."""
    answer = yours.gradient_v(_V4.copy(), _W4.copy(), _X.copy(), 2)
    yield close(answer, (0.18, 2, 0, 16.82), "∂f/∂v at a network of width 4, n = 2")
    for n in (1, 2):
        right = slopes(lambda W, n=n: yours.network(_V4, W, _X, n), _W4)  # type: ignore[misc]
        answer = yours.gradient_W(_V4.copy(), _W4.copy(), _X.copy(), n)
        yield close(
            answer,
            right,
            f"∂f/∂W, against finite differences of the given network, n = {n}",
            hint="Row r is ∂f/∂w_r.",
        )


@check(
    "The kernel has two parts, one for each group of parameters. Compare your answer at n = 1 with "
    "the expected one: is the diagonal right, and which part is missing or too large?",
    "A symmetric array of shape (N, N). An entry is an inner product of all derivatives at one "
    "input with those at another; it contains a sum over r and a factor 1/m.",
    "Section b), the definition of H(0). For the part in W: what is the inner product of two "
    "matrices that are both a column times a row? Section a) has these matrices.",
)
def p3b_kernel(yours: Answers) -> Lines:
    """Check the kernel of a network of width 2 at three inputs, worked out by hand."""
    v, W = np.array([1.0, -2.0]), np.array([[1.0, 1.0], [2.0, -1.0]])
    X = np.array([[1.0, 0.0], [0.6, 0.8], [0.0, 1.0]])
    kernels = {
        1: [(5, 2.6, 0.5), (2.6, 3.56, 1.1), (0.5, 1.1, 1)],
        2: [(42.5, 6.82, 0.5), (6.82, 7.1336, 3.22), (0.5, 3.22, 2.5)],
    }
    for n, kernel in kernels.items():
        answer = yours.empirical_ntk(v, W, X, n)
        yield close(answer, kernel, f"The kernel of a network of width 2 at three inputs, n = {n}")


@check(
    "Which angles are between the three inputs of the check? Put each of them into your formula "
    "by hand and see which one the code gets wrong.",
    "A symmetric array of shape (N, N) with a value for each pair of rows, which depends only "
    "on the angle. On the diagonal it is finite and the same for all rows.",
    "Section c), equation (6) for n = 1, and for the second part the same equation for n = 0. "
    "Part b) says how the two are put together. The ends 0 and π come from a form in which "
    "nothing is divided by the sine.",
)
def p3c_relu(yours: Answers) -> Lines:
    """Check the limit for n = 1 at equal, orthogonal, opposite and oblique inputs."""
    corner = 1 / (2 * np.pi)
    right = [(1, corner, 0), (corner, 1, corner), (0, corner, 1)]
    return _limit(yours, 1, right, (0.550224, 0.731627, -0.049776), hint="")


@check(
    "Is your value at equal inputs too small by exactly 1? Then look at the derivative of z² "
    "once more, and at how often it enters the product. Is it NaN? Then see which of the angles "
    "0 and π your formula divides by zero at.",
    "As for n = 1: one formula in the angle for all pairs. It begins with the same factor, and "
    "at the right angle only π is left in it, which cancels.",
    "Section c), equation (6) for n = 2: the operator is applied twice, with the division each "
    "time. The text below it gives a value at θ = 0 to compare with.",
)
def p3c_squared(yours: Answers) -> Lines:
    """Check the limit for n = 2 at equal, orthogonal, opposite and oblique inputs."""
    right = [(3.5, 0.25, 0), (0.25, 3.5, 0.25), (0, 0.25, 3.5)]
    hint = (
        "At equal inputs the limit is E[z⁴ 1] + E[4z² 1] = 3/2 + 2; the printed sheet has 5/2 there, "
        "because it lost a factor 2 in (z²)′ = 2z."
    )
    return _limit(yours, 2, right, (1.6484, 2.45906, -0.068396), hint=hint)


def _limit(yours: Answers, n: int, right: Any, oblique: Any, *, hint: str) -> Lines:
    """Check the limit at inputs with simple angles, at an oblique one, and after rounding."""
    X = np.array([[1.0, 0.0], [0.0, 1.0], [-1.0, 0.0]])
    what = f"The limit at (1, 0), (0, 1) and (−1, 0), n = {n}"
    answer = numbers(yours.limit_ntk(X, n), what)
    is_printed = answer.shape == (3, 3) and np.isclose(np.diag(answer), 2.5).all()
    yield close(answer, right, what, hint=hint if is_printed else "")
    answer = numbers(yours.limit_ntk(np.vstack([X, [[0.6, 0.8]]]), n), "The limit")
    expect(answer.shape == (4, 4), f"The limit of 4 inputs has the shape {answer.shape}.", "broken")
    yield close(answer[3, :3], oblique, f"The limit of (0.6, 0.8) with each of them, n = {n}")
    row = np.full(3, np.sqrt(1 / 3)) * (1 + 4e-16)
    kernel = numbers(yours.limit_ntk(np.array([row, row]), n), "The limit")
    expect(
        not np.isnan(kernel).any(),
        "The limit is NaN if a rounding error makes x·x larger than 1: keep the arguments of "
        "arccos and square roots inside their range.",
    )
    yield close(kernel, np.full((2, 2), right[0][0]), "The limit for x·x = 1 + 10⁻¹⁵")


_GUIDE = r"guide|slope|[-−–]\s*\(?(?:1/2|½|0[.,]5)|steigung|pente|refer"
"""Pattern of the guide's name in a picture that names nothing else."""


@check(
    "On logarithmic axes a power law is a straight line. Which power of the width has the slope "
    "−1/2?",
    "A Figure with two lines over the same widths: the errors, and a guide that starts, for "
    "example, at the first of them. Two labels in a legend, and a label for each axis.",
    "Section “How fast does the kernel reach its limit?”. `axes.loglog` draws a line and makes "
    "both axes logarithmic.",
)
def p3_plot(yours: Answers) -> Lines:
    """Check the errors on logarithmic axes, and a guide of slope −1/2 with its label."""
    widths, errors = np.array([16, 64, 256, 1024]), np.array([0.4, 0.21, 0.09, 0.052])
    figure = as_figure(yours.plot_convergence(widths, errors))
    axes = curve(figure, widths, errors, "The errors")
    yield "the errors are a line against the widths"
    expect(
        any(shows_logarithms(each) for each in figure.axes),
        "Both axes should be logarithmic: `axes.loglog(…)`.",
    )
    yield "both axes are logarithmic"
    expect(
        any(_is_guide(at, x, y) for at, x, y in curves(figure)),
        "There is no straight line of slope −1/2, such as errors[0]·√(widths[0]/width).",
    )
    yield "there is a guide of slope −1/2"
    if len(legend_texts(figure)) >= 2:
        yield legend_names(figure, 2)
    else:
        yield names_in(figure, {"the guide": says(_GUIDE)}, exact=True)
    yield axis_labels(axes)


def _is_guide(axes: Any, x: np.ndarray, y: np.ndarray) -> bool:
    """Return whether a line, or a piece of it, has slope −1/2 in logarithms.

    Linear axes may show the logarithms themselves.
    """
    scales = (axes.get_xscale(), x), (axes.get_yscale(), y)
    if len(x) < 2 or any(scale == "log" and (values <= 0).any() for scale, values in scales):
        return False
    run, rise = (np.diff(np.log(v) if scale == "log" else v) for scale, v in scales)
    return bool(np.any((run != 0) & np.isclose(rise, -run / 2, atol=1e-6)))


if __name__ == "__main__":
    sys.exit(command(sys.argv[1:]))

"""Decide which error texts a student may read: only texts that can't contain a hidden input.

The text of an error that a student's function raises during a test may contain anything, such as
the numbers that the function was called with. So the text is shown only if it is one of the
sentences of Python or numpy listed here, with numbers below 20 as sizes. Each name in the text must
be a name of Python, of numpy or of the released notebook, or it must be in the line that raised the
error, which the student sees anyway.
"""

from __future__ import annotations

import builtins
import re
from collections.abc import Iterable
from functools import lru_cache

MAX_TEXT = 300

_NAME = r"[^\W\d]\w*"
_WORD = re.compile(_NAME)
_SLOTS = {
    "N": r"1?[0-9]",
    "S": r"\((?:1?[0-9],(?: ?1?[0-9])?|1?[0-9], ?1?[0-9], ?1?[0-9])?\)",
    "W": rf"({_NAME}(?:\.{_NAME})*)",
    "F": rf"((?:{_NAME}|<lambda>)(?:\.(?:{_NAME}|<locals>|<lambda>))*)\(\)",
    "O": r"(?:[-+*/%@&|^<>=]{1,3}|\*\* or pow\(\))",
}
"""Patterns of the slots in a template: a small number, a shape, a name, a call, an operator."""

_TEMPLATES = r"""
name 'W' is not defined
cannot access local variable 'W' where it is not associated with a value
local variable 'W' referenced before assignment
cannot access free variable 'W' where it is not associated with a value in enclosing scope
module 'W' has no attribute 'W'
'W' object has no attribute 'W'
No module named 'W'
F missing N required positional argument: 'W'
F missing N required positional arguments: 'W' and 'W'
F takes N positional argument but N were given
F takes N positional arguments but N were given
F takes N positional arguments but N was given
F takes from N to N positional arguments but N were given
F got an unexpected keyword argument 'W'
F got multiple values for argument 'W'
unsupported operand type(s) for O: 'W' and 'W'
bad operand type for unary O: 'W'
'O' not supported between instances of 'W' and 'W'
can't multiply sequence by non-int of type 'W'
can only concatenate W (not "W") to W
'W' object is not subscriptable
'W' object is not callable
'W' object is not iterable
'W' object does not support item assignment
'W' object cannot be interpreted as an integer
'W' object is not an iterator
object of type 'W' has no len()
cannot unpack non-iterable W object
unhashable type: 'W'
must be real number, not W
W indices must be integers or slices, not W
only length-1 arrays can be converted to Python scalars
only 0-dimensional arrays can be converted to Python scalars
only integer scalar arrays can be converted to a scalar index
Cannot cast ufunc 'W' output from dtype('W') to dtype('W') with casting rule 'same_kind'
Cannot cast ufunc 'W' input from dtype('W') to dtype('W') with casting rule 'same_kind'
loop of ufunc does not support argument N of type W which has no callable W method
W index out of range
W assignment index out of range
pop from empty list
index -?N is out of bounds for axis N with size N
axis -?N is out of bounds for array of dimension N
too many indices for array: array is N-dimensional, but N were indexed
invalid index to scalar variable.
operands could not be broadcast together with shapes S S
non-broadcastable output operand with shape S doesn't match the broadcast shape S
could not broadcast input array from shape S into shape S
cannot reshape array of size N into shape S
shapes S and S not aligned: N (dim N) != N (dim N)
matmul: Input operand N does not have enough dimensions (has N, gufunc core with signature (n?,k),(k,m?)->(n?,m?) requires N)
matmul: Input operand N has a mismatch in its core dimension N, with gufunc signature (n?,k),(k,m?)->(n?,m?) (size N is different from N)
all the input arrays must have same number of dimensions, but the array at index N has N dimension(s) and the array at index N has N dimension(s)
all the input array dimensions except for the concatenation axis must match exactly, but along dimension N, the array at index N has size N and the array at index N has size N
all input arrays must have the same shape
zero-dimensional arrays cannot be concatenated
zero-size array to reduction operation W which has no identity
The truth value of an array with more than one element is ambiguous. Use a.any() or a.all()
setting an array element with a sequence.
setting an array element with a sequence. The requested array has an inhomogeneous shape after N dimensions. The detected shape was S + inhomogeneous part.
only integers, slices (`:`), ellipsis (`...`), numpy.newaxis (`None`) and integer or boolean arrays are valid indices
negative dimensions are not allowed
assignment destination is read-only
N-dimensional array given. Array must be at least two-dimensional
Last 2 dimensions of the array must be square
Singular matrix
not enough values to unpack (expected N, got N)
too many values to unpack (expected N)
F arg is an empty sequence
math domain error
math range error
division by zero
0.0 cannot be raised to a negative power
float division by zero
integer division or modulo by zero
integer modulo by zero
maximum recursion depth exceeded
maximum recursion depth exceeded in comparison
maximum recursion depth exceeded while calling a Python object
"""  # noqa: E501
"""Error messages of Python 3.11 to 3.13 and of numpy."""

_KNOWN = frozenset(dir(builtins)).union(
    ("NoneType", "builtin_function_or_method", "function", "generator", "method", "module"),
    ("numpy", "np", "ndarray", "ufunc", "dtype", "bool_", "linalg", "random"),
    (f"{kind}{bits}" for kind in ("int", "float") for bits in (8, 16, 32, 64)),
    ("add", "subtract", "multiply", "divide", "true_divide", "power", "maximum", "minimum"),
    ("exp", "log", "sqrt", "sin", "cos", "tan", "arcsin", "arccos", "arctan"),
    ("math", "matplotlib", "pyplot", "plt", "Figure", "Axes", "scipy", "locals", "lambda"),
)
"""Names of Python and of its packages."""


def fit_to_show(text: str, words: Iterable[str]) -> str:
    """Return the text of an error if it can't contain a hidden input, else "".

    `words` are texts whose names the error may contain: the released notebook and the failing line.
    """
    text = text.strip()
    if len(text) > MAX_TEXT or not text.isascii():
        return ""
    match = next((found for form in _forms() if (found := form.fullmatch(text))), None)
    if match is None:
        return ""
    named = {name for part in match.groups() for name in _WORD.findall(part)}
    return text if named <= names_in(words) | _KNOWN else ""


def names_in(texts: Iterable[str]) -> frozenset[str]:
    """Return all names in these texts."""
    return frozenset(name for text in texts for name in _WORD.findall(text))


@lru_cache(maxsize=1)
def _forms() -> tuple[re.Pattern[str], ...]:
    return tuple(map(_form, _TEMPLATES.strip().splitlines()))


def _form(template: str) -> re.Pattern[str]:
    """Return a pattern for a template; its single capital letters are slots."""
    parts = re.split(r"(-\?N|\b[NSWFO]\b)", template)
    parts[::2] = map(re.escape, parts[::2])
    parts[1::2] = [part[:-1] + _SLOTS[part[-1]] for part in parts[1::2]]
    return re.compile("".join(parts), re.ASCII)

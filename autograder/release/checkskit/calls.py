"""Writing down the call that a check made"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

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

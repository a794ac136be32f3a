"""Figures with as many parts as the bounds allow, and the work that these figures cause.

The work is counted in executed lines of our code, so that it is the same on every machine.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Any

import numpy as np
import pytest

import autograder
from autograder.sandbox import inprocess
from autograder.sandbox.inside.figuresizes import MOST

OWN = str(Path(autograder.__file__).parent)

Plain = dict[str, Any]
Curves = Sequence[tuple[np.ndarray, np.ndarray]]


@dataclass(frozen=True)
class Crowd:
    """Numbers of things in a picture; `share` is the used part of each other bound."""

    curves: int = MOST["curves"]
    fields: int = MOST["fields"]
    texts: int = MOST["texts"]
    share: float = 1.0


def axes_of(curves: list[Plain], fields: list[Plain], crowd: Crowd, **more: Any) -> Plain:
    """Return axes with these artists, and as many texts, names and ticks as the bounds allow."""
    words = [f"eta = {k} and rho = 0.{k} " + "a" * 20 for k in range(crowd.texts)]
    ink = [[0.0, 0.0, 0.0, 1.0]]
    return {
        "kind": "plane",
        "visible": True,
        "colorbar": False,
        "title": "",
        "labels": ["log u", "log v"],
        "scales": ["linear", "linear"],
        "limits": [[-10.0, 10.0], [-10.0, 10.0]],
        "ticks": [[[float(k), f"{k} {word}"] for k, word in enumerate(words)], []],
        "background": [[1.0, 1.0, 1.0, 1.0]],
        "legend": [{"text": word, "line": "-", "marker": "None", "inks": ink} for word in words],
        "texts": words,
        "curves": curves,
        "fields": fields,
        **more,
    }


def figure_of(axes: list[Plain]) -> Plain:
    """A figure with these axes."""
    return {"title": "", "legend": [], "texts": [], "axes": axes, "unread": 0}


def curve_of(points: np.ndarray, order: int = 0, **more: Any) -> Plain:
    """A line through these points."""
    style = {"line": "-", "width": 1.5, "marker": "None", "size": 6.0}
    inks = [[0.0, 0.0, order % 250 / 250, 1.0]]
    return {
        **{"kind": "line", "label": "", "points": points, "thinned": False, "visible": True},
        **style,
        "inks": inks,
        "order": order,
        **more,
    }


def field_of(samples: np.ndarray, order: int) -> Plain:
    """Return a mesh of small cells with these samples."""
    half = np.full((len(samples), 2), 1e-3)
    return {
        **{"kind": "mesh", "samples": samples, "half": half, "levels": 0, "thinned": False},
        **{"visible": True, "alpha": 1.0, "order": order},
    }


def crowded(curves: Curves, crowd: Crowd) -> Plain:
    """Return a figure with very many fields, and with curves that look almost like fields."""
    rng = np.random.default_rng(0)
    length = int(crowd.share * MOST["samples"] / MOST["fields"])
    fields = []
    for order in range(crowd.fields):
        places = rng.uniform(-10 + 0.1 * rng.random(), 10, (length, 2))
        samples = np.column_stack([places, *[(places**2).sum(axis=1)] * 2])
        fields.append(field_of(samples, 2 * order + 1))
    lines = []
    longest = int(crowd.share * MOST["coordinates"] / MOST["curves"]) // 2
    for order in range(crowd.curves):
        x, y = curves[order % len(curves)]
        points = np.column_stack([x, y * (1 if order < len(curves) else rng.uniform(0.5, 2))])
        repeats = max(longest // len(points), 1)
        lines.append(curve_of(np.tile(points, (repeats, 1)), 2 * order))
    return figure_of([axes_of(lines, fields, crowd)])


@contextmanager
def forging(make: Callable[[], Plain]) -> Iterator[None]:
    """Replace every figure that is sent to the grader by the result of `make`."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(inprocess, "read_figure", lambda _figure: make())
        yield


def lines_run(call: Callable[[], object]) -> int:
    """Return the number of executed lines of the kit's code in a call."""
    count = 0

    def trace(frame: FrameType, _event: str, _arg: object) -> Any:
        return counted if frame.f_code.co_filename.startswith(OWN) else None

    def counted(_frame: FrameType, event: str, _arg: object) -> Any:
        nonlocal count
        count += event == "line"
        return counted

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        call()
    finally:
        sys.settrace(before)
    return count

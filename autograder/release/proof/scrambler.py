"""Turn right answers into junk of the same shape.

The text of this module is put into notebooks, so the module imports only numpy and matplotlib.

`junk_answer(answer, kind)` returns a function that behaves like `answer`, but with every number in
the result replaced. The right function is called only to learn the structure of the result. The
kinds are "zeros", "ones", "random" (standard normal, fixed seed) and "arguments" (an argument of
the same shape, or zeros if no argument fits). A figure becomes another figure with the same axes,
labels, titles, scales and legends. With "zeros", the new figure has no data. With the other kinds,
it has other data in as many lines and markers, and a surface if the right figure has a surface.
"""

import functools
from collections.abc import Callable, Iterator
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.collections import PathCollection
from matplotlib.figure import Figure


def junk_answer(answer: Any, kind: str) -> Any:
    """Return a function that returns junk, or, for an answer that is a value, return junk."""
    if not callable(answer):
        return JunkMaker(kind, ()).replace(answer)
    right: Callable[..., Any] = answer

    @functools.wraps(right)
    def junk(*arguments: Any, **named: Any) -> Any:
        maker = JunkMaker(kind, (*arguments, *named.values()))
        return maker.replace(right(*arguments, **named))

    return junk


class JunkMaker:
    """Replaces all numbers in a value with junk, also in lists, tuples and dicts."""

    def __init__(self, kind: str, arguments: tuple[Any, ...]) -> None:
        self.kind = kind
        self.random = np.random.default_rng(20)
        self.handed_in = list(junk_arrays(arguments))
        self.given = 0

    def replace(self, value: Any) -> Any:
        """Return a value of the same structure with other numbers and everything else unchanged."""
        if isinstance(value, Figure):
            return self.figure(value)
        if isinstance(value, dict):
            return {key: self.replace(entry) for key, entry in value.items()}
        if isinstance(value, list | tuple):
            return type(value)([self.replace(entry) for entry in value])
        if isinstance(value, np.ndarray) and value.dtype.kind in "biufc":
            return self.numbers(value.shape).astype(value.dtype)
        if isinstance(value, bool | int | float | complex | np.number):
            return type(value)(self.numbers(()).item())
        return value

    def numbers(self, shape: tuple[int, ...]) -> np.ndarray:
        """Return an array of junk with the given shape."""
        fitting = [array for array in self.handed_in if array.shape == shape]
        if self.kind == "arguments" and fitting:
            return self.next_of(fitting)
        if self.kind == "random":
            junk = self.random.normal(size=shape)
            return np.asarray(junk)
        return np.ones(shape) if self.kind == "ones" else np.zeros(shape)

    def next_of(self, arrays: list[np.ndarray]) -> np.ndarray:
        """Return the next array in turn, so that two answers get two different arguments."""
        self.given += 1
        return arrays[(self.given - 1) % len(arrays)]

    def curve(self, count: int) -> np.ndarray:
        """Return positive junk for a line of `count` points: logarithmic axes can't show zeros."""
        curves = [array for array in self.handed_in if array.ndim == 1 and array.size > 1]
        if self.kind == "arguments" and curves:
            return self.next_of(curves)
        heights: np.ndarray = np.abs(self.numbers((count,))) + 0.1
        return heights

    def figure(self, figure: Figure) -> Figure:
        """Return a figure in which only the data differ from the right figure."""
        junk = plt.figure(figsize=tuple(figure.get_size_inches()))
        junk.suptitle(figure.get_suptitle())
        for axes in figure.axes:
            self.axes(junk, axes)
        plt.close(figure)
        return junk

    def axes(self, junk: Figure, axes: Any) -> None:
        """Copy the labels, scales and legend of one Axes, and draw other data on the copy."""
        projection: dict[str, Any] = {"projection": "3d"} if axes.name == "3d" else {}
        copy: Any = junk.add_axes(axes.get_position().bounds, label=axes.get_label(), **projection)
        if self.kind != "zeros":
            self.data(copy, axes)
        properties = ("xlabel", "ylabel", "title", "xscale", "yscale", "xlim", "ylim")
        copy.set(**{name: getattr(axes, f"get_{name}")() for name in properties})
        if projection:
            copy.set_zlabel(axes.get_zlabel())
        if axes.get_legend() is not None:
            for text in axes.get_legend().get_texts() if self.kind == "zeros" else ():
                copy.plot([], [], label=text.get_text())
            copy.legend()

    def data(self, copy: Any, axes: Any) -> None:
        """Draw as many lines, markers and surfaces as the right figure has, with other data."""
        for line in axes.lines:
            heights = self.curve(np.size(line.get_data()[0]))
            copy.plot(np.arange(1.0, len(heights) + 1), heights, label=line.get_label())
        for markers in axes.collections:
            if isinstance(markers, PathCollection) and axes.name != "3d":
                heights = self.curve(np.shape(markers.get_offsets())[0])
                copy.scatter(heights[::-1], heights, label=markers.get_label())
        if any(not isinstance(drawn, PathCollection) for drawn in axes.collections):
            grid = np.meshgrid(np.linspace(-1, 1, 9), np.linspace(-1, 1, 9))
            draw = copy.plot_surface if axes.name == "3d" else copy.pcolormesh
            draw(*grid, self.numbers((9, 9)))


def junk_arrays(value: Any) -> Iterator[np.ndarray]:
    """Yield every array or number in the arguments, except callables and texts."""
    if callable(value) or isinstance(value, str | bool | None):
        return
    entries = list(value.values()) if isinstance(value, dict) else value
    if isinstance(entries, list | tuple):
        for entry in entries:
            yield from junk_arrays(entry)
    try:
        array = np.array(entries, dtype=float)
    except (TypeError, ValueError):
        return
    yield array

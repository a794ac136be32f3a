"""Pictures are drawn once, and equal the pictures that IPython makes."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import pytest
from IPython.core.pylabtools import print_figure
from matplotlib.backends import backend_agg
from matplotlib.figure import Figure
from matplotlib.mathtext import MathTextParser
from PIL import Image

from autograder.sandbox.inside import drawing


@pytest.fixture(autouse=True)
def closed_figures() -> Iterator[None]:
    with plt.rc_context({"backend": "agg"}):
        yield
        plt.close("all")


def plain() -> Figure:
    figure, axes = plt.subplots()
    axes.plot([0, 1], [0, 1])
    axes.set_xlabel(r"$\eta^2$")
    return figure


def logarithmic() -> Figure:
    figure, axes = plt.subplots(figsize=(4, 3))
    axes.loglog([1, 1e4], [1, 1e-3], "o-")
    axes.set_ylabel("beyond the left edge", fontsize=22)
    return figure


def laid_out() -> Figure:
    figure, axes = plt.subplots(1, 2, layout="constrained")
    axes[0].plot([1, 2])
    return figure


def far_outside() -> Figure:
    figure = plain()
    figure.axes[0].text(3.0, 2.0, "far away")
    return figure


def pixels(png: bytes | None) -> np.ndarray:
    assert png is not None
    return np.asarray(Image.open(io.BytesIO(png)).convert("RGB"), dtype=float)


def ink(picture: np.ndarray) -> np.ndarray:
    """Return the part of the picture inside its white margins."""
    dark = picture.mean(axis=2) < 250
    rows, columns = np.flatnonzero(dark.any(axis=1)), np.flatnonzero(dark.any(axis=0))
    return picture[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]


@pytest.mark.parametrize("make", [plain, logarithmic, laid_out, far_outside])
def test_the_picture_is_the_one_that_ipython_makes(make: Callable[[], Figure]) -> None:
    ours, theirs = pixels(drawing.png(make())), pixels(print_figure(make(), "png"))
    assert np.abs(np.subtract(ours.shape, theirs.shape)).max() <= 3  # rounding of the margin
    ours, theirs = ink(ours), ink(theirs)
    assert np.abs(np.subtract(ours.shape, theirs.shape)).max() <= 1
    height, width = np.minimum(ours.shape, theirs.shape)[:2]
    assert np.abs(ours[:height, :width] - theirs[:height, :width]).mean() < 12


@pytest.mark.parametrize(("make", "times"), [(plain, 1), (logarithmic, 1), (far_outside, 2)])
def test_it_is_drawn_once_where_there_is_room(
    make: Callable[[], Figure], times: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    drawn = []
    draw = Figure.draw
    monkeypatch.setattr(Figure, "draw", lambda self, *args: drawn.append(1) or draw(self, *args))
    drawing.png(make())
    assert len(drawn) == times


def test_an_empty_figure_is_no_picture() -> None:
    assert drawing.png(plt.figure()) is None


def test_a_formula_is_read_once_for_all_pictures(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(backend_agg, "MathTextParser", MathTextParser)  # restored later
    drawing.share_formulas()
    plain().canvas.draw()
    parse: Any = vars(MathTextParser)["_parse_cached"]
    before = parse.cache_info().misses
    plain().canvas.draw()
    assert parse.cache_info().misses == before

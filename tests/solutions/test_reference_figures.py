"""The reference figures show the given data, as their artists prove."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from itertools import pairwise

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.collections import PathCollection
from matplotlib.colors import to_hex
from matplotlib.contour import ContourSet
from matplotlib.figure import Figure

from solutions.hw2 import figures as reference
from solutions.hw2 import landscape

mpl.use("Agg")


@pytest.fixture(autouse=True)
def no_warnings_and_closed_figures() -> Iterator[None]:
    """Assert that a figure is drawn without a warning, because students would see the warning."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        warnings.simplefilter("ignore", ResourceWarning)  # about open files of earlier tests
        yield
    plt.close("all")


def only_axes(figure: Figure) -> Axes:
    figure.canvas.draw()  # an artist that cannot be drawn raises an error here
    return figure.axes[0]


def legend(axes: Axes) -> list[str]:
    box = axes.get_legend()
    assert box is not None
    return [text.get_text() for text in box.get_texts()]


def points(axes: Axes) -> dict[str, np.ndarray]:
    return {
        str(c.get_label()): np.asarray(c.get_offsets())
        for c in axes.collections
        if isinstance(c, PathCollection)
    }


def assert_labelled(axes: Axes) -> None:
    assert axes.get_xlabel()
    assert axes.get_ylabel()


# --- plot_objective -------------------------------------------------------------------------------

RUNS = {
    "slow": np.array([[3.0, 4.0], [0.0, 2.0], [1.0, 0.0]]),
    "fast": np.array([[3.0, 4.0], [0.1, 0.0]]),
    "third": np.array([[3.0, 4.0], [2.0, 0.0], [0.3, 0.4], [0.1, 0.1]]),
}


def square(x: np.ndarray) -> float:
    return float(x @ x)


def test_objective_is_drawn_along_each_trajectory() -> None:
    axes = only_axes(reference.plot_objective(square, RUNS))
    assert axes.get_yscale() == "log"
    assert axes.get_xscale() == "linear"
    assert legend(axes) == list(RUNS)
    assert_labelled(axes)
    assert len(axes.lines) == len(RUNS)
    for line, iterates in zip(axes.lines, RUNS.values(), strict=True):
        np.testing.assert_array_equal(line.get_xdata(), np.arange(len(iterates)))
        np.testing.assert_allclose(np.asarray(line.get_ydata(), float), np.sum(iterates**2, axis=1))


def test_lines_differ_by_more_than_colour() -> None:
    lines = only_axes(reference.plot_objective(square, RUNS)).lines
    assert len({line.get_linestyle() for line in lines}) == len(lines)
    assert len({to_hex(line.get_color()) for line in lines}) == len(lines)


def test_runs_that_coincide_all_show() -> None:
    run = RUNS["slow"]
    lines = only_axes(reference.plot_objective(square, {"a": run, "b": run, "c": run})).lines
    widths = [line.get_linewidth() for line in lines]
    assert widths == sorted(set(widths), reverse=True)  # later lines are on top and thinner


# --- plot_traces ----------------------------------------------------------------------------------


def trace(x: np.ndarray) -> float:
    return float(np.abs(x).sum())


def results(rng: np.random.Generator) -> dict[tuple[float, float], np.ndarray]:
    pairs = [(0.3, 0.2), (0.1, 0.0), (0.3, 0.0), (0.1, 0.2), (0.1, 0.05), (0.3, 0.05)]
    return {pair: rng.normal(size=(7, 3)) for pair in pairs}


def test_traces_are_medians_against_rho_with_a_line_for_each_eta() -> None:
    ends = results(np.random.default_rng(0))
    axes = only_axes(reference.plot_traces(trace, ends))
    assert_labelled(axes)
    assert len(axes.lines) == 2
    for line, eta, label in zip(axes.lines, (0.1, 0.3), legend(axes), strict=True):
        assert f"{eta:g}" in label
        np.testing.assert_array_equal(line.get_xdata(), [0.0, 0.05, 0.2])
        medians = [np.median(np.abs(ends[eta, rho]).sum(axis=1)) for rho in (0.0, 0.05, 0.2)]
        np.testing.assert_allclose(np.asarray(line.get_ydata(), float), medians)
    assert len({line.get_marker() for line in axes.lines}) == 2


def test_diverged_runs_do_not_count() -> None:
    kept = np.array([[1.0, 1.0], [2.0, 3.0], [4.0, 5.0]])
    lost = np.array([[np.nan, 0], [np.inf, 0], [-np.inf, np.nan], [1e200, 1], [0.8e6, 0.8e6]])
    ends = {(0.1, 0.0): kept, (0.1, 0.5): np.concatenate([lost, kept])}
    (line,) = only_axes(reference.plot_traces(trace, ends)).lines
    np.testing.assert_array_equal(line.get_ydata(), [5.0, 5.0])


def test_a_pair_whose_runs_all_diverged_leaves_a_gap() -> None:
    ends = {
        (0.1, 0.0): np.ones((3, 2)),
        (0.1, 0.2): np.full((3, 2), np.nan),
        (0.1, 0.5): np.ones((3, 2)),
    }
    (line,) = only_axes(reference.plot_traces(trace, ends)).lines
    np.testing.assert_array_equal(line.get_ydata(), [2.0, np.nan, 2.0])


# --- plot_landscape -------------------------------------------------------------------------------


def planar(rng: np.random.Generator, size: float) -> dict[tuple[float, float], np.ndarray]:
    return {
        (eta, rho): size * rng.normal(size=(6, 2)) for eta in (0.1, 0.2) for rho in (0.5, 0.0, 0.1)
    }


def test_last_iterates_of_one_eta_lie_on_the_surface() -> None:
    ends = planar(np.random.default_rng(0), 1.0)
    axes = only_axes(reference.plot_landscape(landscape.loss, ends, 0.2))
    shown = points(axes)
    assert legend(axes) == list(shown)
    assert next(iter(shown)) == "GD"
    assert_labelled(axes)
    for (label, offsets), rho in zip(shown.items(), (0.0, 0.1, 0.5), strict=True):
        assert rho == 0 or ("USAM" in label and f"{rho:g}" in label)
        np.testing.assert_array_equal(offsets, ends[0.2, rho])


@pytest.mark.parametrize("size", [0.01, 1.0, 40.0])
def test_every_last_iterate_is_within_the_axes_and_the_surface(size: float) -> None:
    ends = planar(np.random.default_rng(1), size)
    axes = only_axes(reference.plot_landscape(landscape.loss, ends, 0.1))
    (surface,) = [c for c in axes.collections if isinstance(c, ContourSet)]
    extent = np.concatenate([path.vertices for path in surface.get_paths()])
    low, high = extent.min(axis=0), extent.max(axis=0)
    for offsets in points(axes).values():
        assert (offsets > [axes.get_xlim()[0], axes.get_ylim()[0]]).all()
        assert (offsets < [axes.get_xlim()[1], axes.get_ylim()[1]]).all()
        assert (offsets > low).all()
        assert (offsets < high).all()


def test_surface_is_the_loss_with_u_to_the_right() -> None:
    """A loss without symmetry shows whether u and v were exchanged or reversed."""
    ends = {(0.1, 0.0): np.array([[0.5, 0.5]])}
    axes = only_axes(reference.plot_landscape(lambda x: float(np.exp(x[0] + 3 * x[1])), ends, 0.1))
    (surface,) = [c for c in axes.collections if isinstance(c, ContourSet)]
    checked = 0
    for (low, high), path in zip(pairwise(surface.levels), surface.get_paths(), strict=True):
        corners = np.asarray(path.vertices, dtype=float)
        if len(corners) == 0:
            continue
        values = np.exp(corners @ [1.0, 3.0])
        # Corners are on the grid or between two grid points, where the loss is not linear.
        assert (values > 0.95 * low - 0.05).all()
        assert (values < 1.05 * high + 0.05).all()
        checked += 1
    assert checked > 20


def test_diverged_runs_do_not_stretch_the_plane() -> None:
    lost = np.array([[np.nan, 1.0], [np.inf, 1.0], [1e200, 0.0], [2e6, 0.0]])
    ends = {(0.1, 0.0): np.ones((2, 2)), (0.1, 0.5): np.concatenate([lost, np.ones((1, 2))])}
    axes = only_axes(reference.plot_landscape(landscape.loss, ends, 0.1))
    assert axes.get_xlim()[1] < 2
    assert [len(offsets) for offsets in points(axes).values()] == [2, 1]


def test_methods_differ_by_more_than_colour_on_the_surface() -> None:
    ends = planar(np.random.default_rng(2), 1.0)
    axes = only_axes(reference.plot_landscape(landscape.loss, ends, 0.1))
    shapes = {
        np.asarray(c.get_paths()[0].vertices).tobytes()
        for c in axes.collections
        if isinstance(c, PathCollection)
    }
    assert len(shapes) == 3


# --- plot_convergence -----------------------------------------------------------------------------


def test_errors_and_a_guide_of_slope_minus_one_half() -> None:
    widths, errors = np.array([10, 40, 1000]), np.array([0.5, 0.3, 0.04])
    axes = only_axes(reference.plot_convergence(widths, errors))
    assert (axes.get_xscale(), axes.get_yscale()) == ("log", "log")
    assert_labelled(axes)
    data, guide = axes.lines
    np.testing.assert_array_equal(data.get_xdata(), widths)
    np.testing.assert_array_equal(data.get_ydata(), errors)
    x, y = np.asarray(guide.get_xdata(), float), np.asarray(guide.get_ydata(), float)
    np.testing.assert_allclose(np.diff(np.log(y)) / np.diff(np.log(x)), -0.5)
    assert y[0] == errors[0]
    assert len(legend(axes)) == 2
    assert "guide" in legend(axes)[1]
    assert guide.get_linestyle() != data.get_linestyle()


# --- All of them ----------------------------------------------------------------------------------


def draw_all() -> list[Figure]:
    rng = np.random.default_rng(0)
    return [
        reference.plot_objective(square, RUNS),
        reference.plot_traces(trace, results(rng)),
        reference.plot_landscape(landscape.loss, planar(rng, 1.0), 0.1),
        reference.plot_convergence(np.array([10, 100]), np.array([1.0, 0.3])),
    ]


def test_each_figure_is_new_and_draws_on_no_other() -> None:
    other, axes = plt.subplots()
    figures = draw_all()
    assert len({id(figure) for figure in [other, *figures]}) == 5
    assert not axes.has_data()


def test_text_is_large_enough_to_read() -> None:
    for figure in draw_all():
        axes = only_axes(figure)
        box = axes.get_legend()
        assert box is not None
        texts = [axes.xaxis.label, axes.yaxis.label, *box.get_texts()]
        assert min(float(text.get_fontsize()) for text in texts) >= 9
        assert min(figure.get_size_inches()) >= 4

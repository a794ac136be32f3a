"""Single claims about figures recognise labels, logarithms, names, curves and guides."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.axes import Axes

from autograder.grading.testkit import (
    ClaimFailed,
    Words,
    assert_curve,
    assert_guide,
    assert_labelled_axes,
    assert_log_log,
    assert_marked,
    assert_named_curves,
    assert_named_guide,
    assert_plane_labelled,
    assert_surface,
    assert_surface_reaches,
    says,
)
from autograder.sandbox import FigureData
from autograder.sandbox.inside.figures import read_figure

mpl.use("Agg")

X = np.array([1.0, 2.0, 5.0, 9.0])
Y = np.array([3.0, 1.0, 0.7, 0.2])
GRID = np.linspace(-2, 2, 40)
U, V = np.meshgrid(GRID, GRID)


@pytest.fixture(autouse=True)
def _figures_closed() -> Iterator[None]:
    yield
    plt.close("all")


def drawn(draw: Callable[[Axes], Any], **options: Any) -> FigureData:
    figure, axes = plt.subplots(**options)
    draw(axes)
    return FigureData.from_wire(read_figure(figure))


def holds(claim: Callable[..., object], *args: Any, **named: Any) -> bool:
    try:
        claim(*args, **named)
    except ClaimFailed:
        return False
    return True


@pytest.mark.parametrize("label", ["t", "ρ", "5", "$\\nabla f$", "∇", "‖x‖", "%t", r"$\rho$"])
def test_axis_with_a_letter_or_a_sign_is_labelled(label: str) -> None:
    figure = drawn(lambda axes: (axes.plot(X, Y), axes.set(xlabel=label, ylabel="y")))
    assert holds(assert_labelled_axes, figure)


@pytest.mark.parametrize("label", ["", " ", ".", "\u200b", "$\\,$", "—", "$\\quad$", "${}$"])
def test_axis_without_is_not(label: str) -> None:
    figure = drawn(lambda axes: (axes.plot(X, Y), axes.set(xlabel=label, ylabel="y")))
    assert not holds(assert_labelled_axes, figure)


LOGARITHMS: dict[str, tuple[Callable[[np.ndarray], np.ndarray], bool]] = {
    "log y": (np.log10, True),
    "the logarithm of y": (np.log, True),
    "log10(y)": (np.log10, True),
    "$\\log_{10} y$": (np.log10, True),
    "log₁₀ y": (np.log10, True),
    "ln y": (np.log, True),
    "$\\ln(y)$": (np.log, True),
    "log2 of y": (np.log2, True),
    "$\\log_2 y$": (np.log2, True),
    "log y (base 2)": (np.log2, True),
    "lg y": (np.log10, True),
    "y": (np.log10, False),
    "log of y": (np.log2, False),
    "log10 of y, which is log": (np.log, False),
    "log₂ y": (np.log10, False),
    "ln and log": (np.log10, False),
}


@pytest.mark.parametrize("label", LOGARITHMS)
def test_label_says_which_logarithm_is_drawn(label: str) -> None:
    take, stands = LOGARITHMS[label]
    figure = drawn(lambda axes: (axes.plot(X, take(Y)), axes.set_ylabel(label)))
    assert holds(assert_curve, figure, X, Y, what="it") == stands


def test_logarithms_on_a_logarithmic_axis_are_not_undone() -> None:
    figure = drawn(lambda axes: (axes.loglog(X, np.log10(10 * Y)), axes.set_ylabel("log 10 y")))
    assert not holds(assert_log_log, figure, X, 10 * Y)


@pytest.mark.parametrize(("count", "stands"), [(0, True), (5, True), (30, False)])
def test_curve_stands_out_from_a_few_others(count: int, stands: bool) -> None:
    def draw(axes: Axes) -> None:
        axes.plot(X, Y)
        for k in range(count):
            axes.plot(X, Y * (1.1 + k))

    assert holds(assert_curve, drawn(draw), X, Y, what="it") == stands


@pytest.mark.parametrize(
    ("style", "stands"), [({"alpha": 0.2}, True), ({"lw": 1}, True), ({}, False)]
)
def test_more_of_them_may_be_paler_or_thinner(style: dict[str, Any], stands: bool) -> None:
    def draw(axes: Axes) -> None:
        axes.plot(X, Y, lw=2)
        for k in range(12):
            axes.plot(X, Y * (1.1 + k), **({"lw": 2} | style))

    assert holds(assert_curve, drawn(draw), X, Y, what="it") == stands


def test_the_same_curve_may_be_drawn_often() -> None:
    figure = drawn(lambda axes: [axes.plot(X, Y) for _ in range(40)])
    assert holds(assert_curve, figure, X, Y, what="it")


def test_one_text_with_all_names_names_no_curve() -> None:
    curves = {"red": (X, Y), "blue": (X, 2 * Y)}

    def draw(axes: Axes, *texts: str) -> None:
        axes.plot(X, Y)
        axes.plot(X, 2 * Y)
        for text in texts:
            axes.text(1, 1, text)

    assert holds(assert_named_curves, drawn(lambda axes: draw(axes, "red", "blue")), curves, says)
    figure = drawn(lambda axes: draw(axes, "red and blue", "blue and red"))
    assert not holds(assert_named_curves, figure, curves, says)


def test_name_of_the_data_is_none_of_the_guide() -> None:
    def draw(axes: Axes, name: str) -> None:
        axes.loglog(X, Y, "o", label="expected error")
        axes.loglog(X, X**-0.5, "--", label=name)
        axes.legend()

    for name, stands in (("rate 1/2", True), ("_", False)):
        figure = drawn(partial(draw, name=name))
        guide = assert_guide(figure, X, Y, slope=-0.5)
        assert holds(assert_named_guide, figure, guide) == stands


# --- Surfaces -------------------------------------------------------------------------------------


def bowl(x: np.ndarray) -> Any:
    return x[0] ** 2 + 3 * x[1] ** 2


def test_surface_that_is_hidden_by_another_is_not_shown() -> None:
    def draw(axes: Axes, *values: np.ndarray) -> None:
        for each in values:
            axes.pcolormesh(U, V, each)

    shown, other = bowl(np.array([U, V])), U + V
    assert holds(assert_surface, drawn(lambda axes: draw(axes, other, shown)), bowl)
    assert not holds(assert_surface, drawn(lambda axes: draw(axes, shown, other)), bowl)


@pytest.mark.parametrize(("size", "stands"), [(2.0, True), (20.0, False)])
def test_surface_reaches_as_far_as_it_shows_the_function(size: float, stands: bool) -> None:
    def draw(axes: Axes) -> None:
        axes.pcolormesh(U, V, bowl(np.array([U, V])), zorder=2)
        axes.pcolormesh(10 * U, 10 * V, U - V, zorder=1)
        axes.set(xlim=(-5, 5), ylim=(-5, 5))

    points = np.array([[0.9 * size / 2, 0.0]])
    assert holds(assert_surface_reaches, drawn(draw), bowl, points, what="points") == stands


@pytest.mark.parametrize(
    "take", [np.log, np.sqrt, np.exp, lambda z: 5 + z, lambda z: np.fmin(z, 5)]
)
def test_what_rises_with_the_function_shows_it(take: Callable[[Any], Any]) -> None:
    values = take(bowl(np.array([U, V])) + 1e-6)
    assert holds(assert_surface, drawn(lambda axes: axes.pcolormesh(U, V, values)), bowl)


def test_coordinates_may_have_any_names() -> None:
    """A homework may call the coordinates x₁ and x₂; its students read nothing about u and v."""

    def labelled(function: Callable[[np.ndarray], Any], *labels: str) -> FigureData:
        def draw(axes: Axes) -> None:
            axes.pcolormesh(U, V, function(np.array([U, V])))
            axes.plot(1.5, 0.5, "rx")
            axes.set(xlabel=labels[0], ylabel=labels[1])

        return drawn(draw)

    for labels in (("$x_1$", "$x_2$"), ("x1", "x2"), ("width", "height"), ("u", "v")):
        assert holds(assert_plane_labelled, labelled(bowl, *labels), bowl)
        assert holds(assert_plane_labelled, labelled(lambda x: bowl(x[::-1]), *labels[::-1]), bowl)
    with pytest.raises(ClaimFailed, match="swapped: each names what the other axis shows"):
        assert_plane_labelled(labelled(bowl, "$x_2$", "$x_1$"), bowl)
    with pytest.raises(ClaimFailed, match="x-axis shows the first coordinate, but its label"):
        assert_plane_labelled(labelled(bowl, "loss", "$x_2$"), bowl, [Words("loss")])
    points = np.array([[0.5, 1.5]])
    with pytest.raises(ClaimFailed, match="are drawn with the two coordinates swapped"):
        assert_marked(labelled(bowl, "x1", "x2"), bowl, points, what="the points")


def test_symmetric_function_may_be_drawn_either_way() -> None:
    """The labels alone say which coordinate goes to the right."""
    for labels in (("$x_2$", "$x_1$"), ("$x_1$", "$x_2$"), ("v", "u")):

        def draw(axes: Axes, labels: tuple[str, str] = labels) -> None:
            axes.pcolormesh(U, V, U**2 + V**2)
            axes.set(xlabel=labels[0], ylabel=labels[1])

        assert holds(assert_plane_labelled, drawn(draw), lambda x: x[0] ** 2 + x[1] ** 2)


@pytest.mark.parametrize("take", [np.negative, np.sin, np.sign, lambda z: np.abs(z - 5)])
def test_what_does_not_rise_with_it_does_not(take: Callable[[Any], Any]) -> None:
    values = take(bowl(np.array([U, V])))
    assert not holds(assert_surface, drawn(lambda axes: axes.pcolormesh(U, V, values)), bowl)

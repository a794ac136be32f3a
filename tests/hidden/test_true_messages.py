"""Each fault of a picture has its own sentence, and the sentence is true for the picture."""

# mypy: disable-error-code="no-untyped-def, attr-defined"
# ruff: noqa: ARG001 a wrong answer may ignore an argument

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pytest

from autograder.sandbox.student import unmarkable

from .marking import HOMEWORK, Together, failures

Plot = Callable[..., Any]
TARGETS = {
    "p1-plot": "plot_objective",
    "p2c-trace-plot": "plot_traces",
    "p2c-surface-plot": "plot_landscape",
    "p3-plot": "plot_convergence",
}

# --- Right pictures with one thing wrong ----------------------------------------------------------


def landscape(surface: Plot | None = None, end: Plot | None = None, **marks: Any) -> Plot:
    """Return a picture of the loss: surface(axes, grid, values), then marks, then end(axes)."""

    def plot(loss, results, eta):
        figure, axes = plt.subplots()
        grid = np.linspace(-2.6, 2.6, 50)
        values = np.array([[loss([u, v]) for u in grid] for v in grid])
        if surface is None:
            axes.contourf(grid, grid, values, 15)
        else:
            surface(axes, grid, values)
        for (e, rho), ends in results.items():
            if e == eta:
                style = {"zorder": 3, "label": "USAM" if rho else "GD", **marks}
                axes.scatter(*np.transpose(ends), **style)
        axes.set(xlabel="u", ylabel="v")
        axes.legend()
        return (end(axes) if end else None) or figure

    return plot


def marked(take: Plot) -> Plot:
    """Return a picture of the loss whose marks are at take(ends)."""

    draw = landscape()

    def plot(loss, results, eta):
        moved = {key: take(np.asarray(ends)) for key, ends in results.items()}
        return draw(loss, moved, eta)

    return plot


def convergence(end: Plot | None = None, **guide: Any) -> Plot:
    """Return a picture of the convergence, changed by end(axes)."""

    def plot(widths, errors):
        figure, axes = plt.subplots()
        axes.loglog(widths, errors, "o-", label="error")
        style = {"label": "slope -1/2", "zorder": 1, **guide}
        axes.loglog(widths, 2 * errors[0] * (widths / widths[0]) ** -0.5, "--", **style)
        axes.set(xlabel="m", ylabel="error")
        axes.legend()
        return (end(axes) if end else None) or figure

    return plot


def answers(value: object) -> Plot:
    """Return a function that returns this value for all arguments."""
    return lambda *_: value


def at(**settings: Any) -> Plot:
    """Return code that sets these properties of an axes at the end."""
    return lambda axes: axes.set(**settings) and None


def without_legend(axes):
    axes.get_legend().remove()


def traces(name: str = "η = {}", end: Plot | None = None) -> Plot:
    """Return a picture of the medians of the traces."""

    def plot(hessian_trace, results):
        figure, axes = plt.subplots()
        for eta in sorted({eta for eta, _ in results}):
            rhos = sorted(rho for e, rho in results if e == eta)
            kept = (results[eta, r][np.linalg.norm(results[eta, r], axis=1) <= 1e6] for r in rhos)
            medians = [np.median([hessian_trace(x) for x in ends]) for ends in kept]
            axes.plot(rhos, medians, label=name.format(eta))
        axes.set(xlabel="ρ", ylabel="trace")
        axes.legend()
        return (end(axes) if end else None) or figure

    return plot


def objective(end: Plot | None = None, names: Plot = lambda names: names) -> Plot:
    """Return a picture of the objective along the runs, with names from names(names)."""

    def plot(objective, trajectories):
        figure, axes = plt.subplots()
        for name, path in zip(names([*trajectories]), trajectories.values(), strict=True):
            axes.plot([objective(x) for x in path], label=name)
        axes.set(xlabel="step", ylabel="f")
        if any(names([*trajectories])):
            axes.legend()
        return (end(axes) if end else None) or figure

    return plot


def title_with_all_names(axes):
    axes.set_title(", ".join(line.get_label() for line in axes.lines))
    for line in axes.lines:
        line.set_label("_")
    without_legend(axes)


def polar(loss, results, eta):
    figure, axes = plt.subplots(subplot_kw={"projection": "polar"})
    grid = np.linspace(0.1, 2.6, 50)
    axes.pcolormesh(grid, grid, [[loss([u, v]) for u in grid] for v in grid])
    axes.set(xlabel="u", ylabel="v")
    return figure


def marks_beside(loss, results, eta):
    figure, (left, right) = plt.subplots(1, 2)
    grid = np.linspace(-2.6, 2.6, 50)
    left.contourf(grid, grid, [[loss([u, v]) for u in grid] for v in grid], 15)
    for (e, rho), ends in results.items():
        if e == eta:
            right.scatter(*np.transpose(ends), label="USAM" if rho else "GD")
    for axes in (left, right):
        axes.set(xlabel="u", ylabel="v")
    right.legend()
    return figure


def paint_white(axes):
    for line in axes.lines:
        line.set_color("w")


def guide_far_away(axes):
    axes.autoscale(False)
    axes.lines[1].set_ydata(1e6 * axes.lines[1].get_ydata())


def coarse(axes, grid, values):
    axes.pcolormesh(grid[::11], grid[::11], values[::11, ::11])


def invisible(axes, grid, values):
    axes.pcolormesh(grid, grid, values, visible=False)


def one_level_of_another(axes, grid, values):
    axes.contour(grid, grid, np.outer(grid**2, grid**2), [2.0])


def own_valley(axes, grid, values):
    axes.contourf(grid, grid, np.outer(grid**2, grid**2) / 2, 15)


def hidden_by_another(axes, grid, values):
    axes.contourf(grid, grid, values, 15)
    axes.contourf(grid, grid, np.add.outer(grid, grid), 15)


def with_holes(axes, grid, values):
    values[3:47, 3:47] = np.nan
    axes.pcolormesh(grid, grid, values)


MODULE = "module `matplotlib.pyplot`"
CASES: list[tuple[str, str, Plot, str, str]] = [
    # item, name, picture, text that some message contains, text that no message contains
    *(
        ("p2c-surface-plot", name, plot, says, "not show the function")
        for name, plot, says in (
            ("one level", landscape(lambda axes, g, z: axes.contour(g, g, z, [6.0])), "levels"),
            ("two levels", landscape(lambda axes, g, z: axes.contour(g, g, z, [3, 9])), "levels"),
            ("two bands", landscape(lambda axes, g, z: axes.contourf(g, g, z, [0, 9, 99])), "lev"),
            ("cut off", landscape(end=at(xlim=(2.5, 40))), "cut off the surface"),
            ("far away", landscape(end=at(xlim=(5, 40))), "cut off the surface"),
            ("hidden", landscape(lambda a, g, z: a.pcolormesh(g, g, z, alpha=0.0)), "transparent"),
            ("not there", landscape(invisible), "hidden"),
            ("covered", landscape(hidden_by_another), "covers the surface"),
            ("holes", landscape(with_holes), "missing"),
            ("coarse", landscape(coarse), ""),
            ("nothing", landscape(answers(None)), "shows no surface"),
        )
    ),
    ("p2c-surface-plot", "flat", landscape(lambda a, g, z: a.contourf(g, g, 0 * z + 1)),
     "not show the function", "levels"),
    ("p2c-surface-plot", "its slope", landscape(
        lambda a, g, z: a.contourf(g, g, np.hypot(*np.gradient(z)), 20)), "another fun", "The fun"),
    ("p2c-surface-plot", "another", landscape(own_valley), "not show the function", "levels"),
    ("p2c-surface-plot", "another's level", landscape(one_level_of_another), "show the", "levels"),
    ("p2c-surface-plot", "transposed", landscape(lambda a, g, z: a.contour(g, g, z.T, 15)),
     "the surface below them has u and v swapped", "drawn with u and v"),
    ("p2c-surface-plot", "u, v", marked(lambda x: x[:, ::-1]), "u and v swapped", "visible part"),
    ("p2c-surface-plot", "one run", marked(lambda x: x[:2]), "not all marked", "can't be seen"),
    ("p2c-surface-plot", "no run", marked(lambda x: x[:0]), "are not marked on", "all marked"),
    ("p2c-surface-plot", "white", landscape(zorder=0), "under the surface", "outside"),
    ("p2c-surface-plot", "too small", landscape(s=1e-9), "can't be seen", "under the surface"),
    ("p2c-surface-plot", "beside", marks_beside, "not on the axes", "can't be seen"),
    (
        *("p2c-surface-plot", "within limits", landscape(end=at(xlim=(-1, 1)))),
        *("inside the limits", "not show the function"),
    ),
    ("p2c-surface-plot", "no legend", landscape(end=without_legend), "no legend", "give the"),
    ("p2c-surface-plot", "module", answers(plt), MODULE, "can't be marked"),
    ("p3-plot", "white", convergence(color="white"), "colour of what is behind", "no straight"),
    ("p3-plot", "transparent", convergence(alpha=0.0), "transparent", "no straight"),
    ("p3-plot", "no width", convergence(lw=0), "no line and no markers", "no straight"),
    ("p3-plot", "not visible", convergence(visible=False), "not visible", "no straight"),
    ("p3-plot", "out", convergence(guide_far_away), "inside the limits", "no straight"),
    ("p3-plot", "no guide", convergence(lambda a: a.lines[1].remove()), "no straight", "be seen"),
    ("p3-plot", "no legend", convergence(without_legend), "no legend", "No legend and"),
    ("p3-plot", "no name", convergence(label="_"), "No legend and no text", "`label=…`"),
    ("p3-plot", "linear x", convergence(at(xscale="linear")), "The x-axis", "Neither"),
    ("p3-plot", "linear", convergence(at(xscale="linear", yscale="linear")),
     "Neither axis is logarithmic", "The x-axis"),
    ("p3-plot", "module", answers(plt), MODULE, "can't be marked"),
    ("p3-plot", "show", answers("shown"), "is a text", "None"),
    ("p3-plot", "nothing", answers(None), "None", "a text"),
    ("p3-plot", "a method", convergence(lambda axes: axes.plot), "a function", "something"),
    ("p3-plot", "lines", convergence(lambda axes: axes.lines[0]), "a line that was drawn", "mark"),
    ("p3-plot", "a dict", convergence(lambda axes: {"a": axes.figure}), "", "without a Figure"),
    ("p3-plot", "nested", convergence(lambda axes: ([axes.figure], axes)), "", "without a Figure"),
    ("p3-plot", "a canvas", convergence(lambda a: a.figure.canvas), "is or holds a canvas", "just"),
    ("p3-plot", "a tuple", answers((1, 2)), "a tuple without a Figure", "None"),
    ("p3-plot", "the class", answers(mpl.figure.Figure), "a class", "be marked"),
    ("p3-plot", "many axes", answers(plt.subplots(2, 2)[1]), "several Axes", "be marked"),
    ("p2c-trace-plot", "no legend", traces(end=without_legend), "no legend", "give the"),
    ("p2c-trace-plot", "another name", traces("run {}x"), "", "give the"),
    ("p2c-trace-plot", "ρ for η", traces("ρ = {}"), "not say the η", "give the"),
    ("p2c-trace-plot", "no numbers", traces("step size"), "not say the η", "give the"),
    ("p1-plot", "no legend", objective(without_legend), "no legend", "give the"),
    ("p1-plot", "names exchanged", objective(names=lambda n: n[::-1]), "another line", "give the"),
    ("p1-plot", "other names", objective(names=lambda n: "abc"[: len(n)]), "not say", "give the"),
    ("p1-plot", "no names", objective(names=lambda n: [None] * len(n)), "give the", "no leg"),
    ("p1-plot", "one text", objective(title_with_all_names), "One text names all", "`label"),
    ("p1-plot", "white", objective(paint_white),
     "the colour of what is behind", "outside"),
    ("p1-plot", "cut", objective(at(ylim=(-2, -1))), "outside", "colour"),
    ("p1-plot", "no axes", objective(lambda axes: axes.set_axis_off()), "be read", "shows no"),
]  # fmt: skip

SEED = 1
MARKED = Together(SEED)
for item, name, plot, _, _ in CASES:
    MARKED.add((item, name), HOMEWORK.items[item].problem, {TARGETS[item]: plot}, [item])


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(
    ("key", "says", "never"),
    [pytest.param((i, n), says, never, id=f"{i}: {n}") for i, n, _, says, never in CASES],
)
def test_message_is_true(key: tuple[str, str], says: str, never: str) -> None:
    messages = [failure.message for failure in failures(MARKED.marking(key))]
    assert not says or any(says in message for message in messages), messages
    assert [message for message in messages if never in message] == []
    assert [message for message in messages if re.search(r"slope [-−]?0\.5", message)] == []


@pytest.mark.parametrize("kind", ["", "Odd", "module os", None, 7, ["x"], "x" * 10_000])
def test_kind_that_is_unknown_is_not_repeated(kind: object) -> None:
    assert unmarkable(kind) == "An answer of this kind can't be marked."

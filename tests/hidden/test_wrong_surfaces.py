"""The mistake in a wrong picture of the loss is named on any grid and in any style."""

# mypy: disable-error-code="no-untyped-def, attr-defined"

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import pytest

from tests.warm import WARM

from .marking import COURSE, HOMEWORK, Together

ITEM = "p2c-surface-plot"
Plot = Callable[..., Any]

U = np.linspace(-2.7, 2.7, 61)
V = np.linspace(-2.6, 2.9, 55)
S = np.linspace(-2.8, 2.8, 50)
"""Grids: different grids for u and v, and one grid for both."""


def over(loss, us, vs):
    """Return the loss with v in the rows and u in the columns, as a right picture has it."""
    return np.array([[loss([u, v]) for u in us] for v in vs])


def box(us, vs):
    return us[0], us[-1], vs[0], vs[-1]


def picture(
    surface: Plot,
    mark: Plot | None = None,
    select: Callable[[float, float, float], bool] = lambda e, _, eta: e == eta,
    solid: bool = False,
    labels: tuple[str, str] = ("$u$", "$v$"),
) -> Plot:
    """Return a student's picture: surface(axes, loss), and the ends that are selected as marks.

    The marks of USAM are one set of markers for all radii.
    """
    projection = {"projection": "3d"} if solid else {}
    mark = mark or (lambda ends: (ends[:, 0], ends[:, 1]))

    def plot(loss, results, eta):
        figure, axes = plt.subplots(subplot_kw=projection)
        surface(axes, loss)
        groups: dict[str, list[Any]] = {"GD": [], "USAM": []}
        for (e, rho), ends in results.items():
            if select(e, rho, eta):
                groups["USAM" if rho else "GD"].extend(np.asarray(ends))
        for name, ends in groups.items():
            if ends:
                heights = [[loss(x) for x in ends]] if solid else []
                axes.scatter(*mark(np.array(ends)), *heights, label=name, zorder=5)
        axes.set(xlabel=labels[0], ylabel=labels[1])
        axes.legend()
        return figure

    return plot


def right_bands(axes, loss):
    axes.contourf(U, V, over(loss, U, V), 20)


def colour(values):
    return np.log10(values - values.min() + 0.3)


def own_bands(axes, _):
    axes.contourf(U, V, over(lambda x: (x[0] * x[1]) ** 2 / 2, U, V), levels=20)


def swapped(ends):
    return ends[:, 1], ends[:, 0]


def of_first_eta(draw):
    return lambda loss, results, _: draw(loss, results, next(iter(results))[0])


SURFACES: list[tuple[str, str, Plot]] = [
    # the wrong part, the misconception's name, the picture
    ("imshow", "image_upside_down", picture(
        lambda axes, loss: axes.imshow(over(loss, S, S), extent=box(S, S)))),
    ("imshow of another rectangle", "image_upside_down", picture(
        lambda axes, loss: axes.imshow(colour(over(loss, U, V)), extent=box(U, V), aspect="auto"))),
    ("rows reversed, mesh", "surface_upside_down", picture(
        lambda axes, loss: axes.pcolormesh(U, V, over(loss, U, V)[::-1]))),
    ("v falls in the loop alone", "surface_upside_down", picture(
        lambda axes, loss: axes.contour(S, S, over(loss, S, -S), 20))),
    ("columns reversed", "surface_mirrored", picture(
        lambda axes, loss: axes.contourf(U, V, over(loss, U, V)[:, ::-1], 20))),
    ("minus u", "surface_mirrored", picture(
        lambda axes, loss: axes.pcolormesh(S, S, over(lambda x: loss([-x[0], x[1]]), S, S)))),
    ("transposed bands", "surface_transposed", picture(
        lambda axes, loss: axes.contourf(S, S, over(loss, S, S).T, 20))),
    ("transposed mesh", "surface_transposed", picture(
        lambda axes, loss: axes.pcolormesh(S, S, over(loss, S, S).T))),
    ("transposed lines", "surface_transposed", picture(
        lambda axes, loss: axes.contour(S, S, over(loss, S, S).T, 25))),
    ("transposed image", "surface_transposed", picture(
        lambda axes, loss: axes.imshow(over(loss, S, S).T, origin="lower", extent=box(S, S)))),
    ("transposed solid", "surface_transposed", picture(
        lambda axes, loss: axes.plot_surface(*np.meshgrid(S, S), over(loss, S, S).T), solid=True)),
    ("transposed wires", "surface_transposed", picture(
        lambda axes, loss: axes.plot_wireframe(*np.meshgrid(S, S), over(loss, S, S).T),
        solid=True)),
    ("ij", "surface_transposed", picture(
        lambda axes, loss: axes.contourf(
            *np.meshgrid(S, S, indexing="ij"), over(loss, S, S), levels=20))),
    ("loss([v, u])", "surface_transposed", picture(
        lambda axes, loss: axes.contourf(U, V, over(lambda x: loss([x[1], x[0]]), U, V), 20))),
    ("loss([v, u]) in cells, logarithmic", "surface_transposed", picture(
        lambda axes, loss: axes.pcolormesh(U, V, colour(over(lambda x: loss(x[::-1]), U, V))))),
    ("transposed image from the top", "surface_turned", picture(
        lambda axes, loss: axes.imshow(over(loss, S, S).T, extent=box(S, S)))),
    ("no extent", "cells_counted", picture(
        lambda axes, loss: axes.imshow(over(loss, S, S), origin="lower"))),
    ("no extent, from the top", "cells_counted", picture(
        lambda axes, loss: axes.imshow(over(loss, S, S)))),
    ("no grid for the bands", "cells_counted", picture(
        lambda axes, loss: axes.contourf(over(loss, S, S), levels=20))),
    ("no grid for the mesh", "cells_counted", picture(
        lambda axes, loss: axes.pcolormesh(over(loss, S, S)))),
    ("another extent", "surface_stretched", picture(
        lambda axes, loss: axes.imshow(
            over(loss, S, S), origin="lower", extent=(-5.6, 5.6, -5.6, 5.6)))),
    ("minus the loss", "negative_loss", picture(
        lambda axes, loss: axes.contourf(U, V, -over(loss, U, V), 20))),
    ("minus the logarithm", "negative_loss", picture(
        lambda axes, loss: axes.contourf(U, V, -colour(over(loss, U, V)), 20))),
    ("logarithm of minus", "points_alone", picture(
        lambda axes, loss: axes.pcolormesh(U, V, np.log(-over(loss, U, V))))),
    ("own valley", "own_loss", picture(own_bands)),
    ("own valley in cells", "own_loss", picture(
        lambda axes, _: axes.pcolormesh(S, S, np.outer(S**2, S**2) / 2))),
    ("labels swapped", "labels_swapped", picture(right_bands, labels=("v", "u"))),
    ("plane turned, labels not", "labels_swapped", picture(
        lambda axes, loss: axes.contourf(V, U, over(loss, U, V).T, 20), swapped)),
    ("marks exchanged", "points_transposed", picture(right_bands, swapped)),
    ("marks without signs", "absolute_values", picture(right_bands, lambda x: np.abs(x.T))),
    ("no marks", "surface_alone", picture(right_bands, select=lambda *_: False)),
    ("USAM alone", "usam_points_alone", picture(
        right_bands, select=lambda e, rho, eta: e == eta and rho > 0)),
    ("GD alone", "gd_points_alone", picture(
        right_bands, select=lambda e, rho, eta: e == eta and rho == 0)),
    ("first η", "another_eta", of_first_eta(picture(right_bands))),
    ("every η", "all_etas", picture(right_bands, select=lambda *_: True)),
]  # fmt: skip

FEW = {name: what for what, name, _ in reversed(SURFACES)}
"""The first picture of each mistake, for the everyday run."""

MARKED = Together(HOMEWORK.seed)
for what, _, plot in SURFACES:
    answers, problem = {"plot_landscape": plot}, HOMEWORK.items[ITEM].problem
    MARKED.add(what, problem, answers, [ITEM], what in FEW.values())


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(
    ("what", "name"),
    [
        pytest.param(what, name, marks=[] if FEW[name] == what else pytest.mark.slow)
        for what, name, _ in SURFACES
    ],
)
def test_wrong_surface_is_named(what: str, name: str) -> None:
    outcomes = MARKED.marking(what).outcomes[ITEM]
    found = WARM.diagnosticians.get(COURSE, HOMEWORK, HOMEWORK.seed).diagnose(ITEM, outcomes)
    assert [each.name for each in found] == [name], [o.message for o in outcomes if not o.passed]


@pytest.mark.filterwarnings("ignore")
def test_surface_that_is_wrong_in_another_way_is_called_nothing() -> None:
    def noise(axes, _):
        values = np.random.default_rng(3).normal(size=(55, 61))
        axes.pcolormesh(U, V, values)

    MARKED.add("noise", problem, {"plot_landscape": picture(noise)}, [ITEM], "alone")
    outcomes = MARKED.marking("noise").outcomes[ITEM]
    assert WARM.diagnosticians.get(COURSE, HOMEWORK, HOMEWORK.seed).diagnose(ITEM, outcomes) == ()

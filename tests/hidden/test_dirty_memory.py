"""A figure is read as matplotlib draws it, whatever other values matplotlib's arrays contain.

If matplotlib creates an array without writing all of it, the remaining part contains old values of
the program. So the tests fill memory with large numbers and free this memory before each figure is
drawn.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.image import NonUniformImage
from matplotlib.tri import Triangulation

from autograder.sandbox import FigureData
from autograder.sandbox.figurerecord import CurveData
from autograder.sandbox.inside.figures import read_figure

from .marking import mark, shares

mpl.use("Agg")

LOW, HIGH = -1.0, 2.0
SIZES = [
    (60, 60),
    (47, 101),
    (9, 51),
    (50, 50),
    (59, 61),
    (81, 81),
    (100, 100),
    (101, 99),
    (200, 200),
]


@pytest.fixture(autouse=True)
def _figures_closed() -> Iterator[None]:
    yield
    plt.close("all")


def soil_memory() -> None:
    """Leave large numbers in free memory, in blocks of several sizes."""
    for shape in ((900, 8, 3), (2500, 12, 3), (40, 60), (10_000, 3)):
        noise = [np.full(shape, 1e3 * (k - 9.5)) for k in range(20)]
        del noise


def grid(rows: int, columns: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    u, v = np.meshgrid(np.linspace(LOW, HIGH, columns), np.linspace(LOW, HIGH, rows))
    return u, v, height(u, v)


def height(u: np.ndarray, v: np.ndarray) -> np.ndarray:
    return 3 + u**2 * v


def masked(values: np.ndarray) -> np.ma.MaskedArray[Any, Any]:
    """Return values with every seventh value masked; another value is stored behind the mask."""
    hidden = np.arange(values.size).reshape(values.shape) % 7 == 3
    return np.ma.array(np.where(hidden, 1e5, values), mask=hidden)


def edges(count: int) -> np.ndarray:
    return np.linspace(LOW, HIGH, count + 1)


def middles(count: int) -> np.ndarray:
    return (edges(count)[1:] + edges(count)[:-1]) / 2


def cells(rows: int, columns: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the edges of cells and the values in the cells' middles."""
    u, v = np.meshgrid(middles(columns), middles(rows))
    return edges(columns), edges(rows), height(u, v)


def uneven(rows: int, columns: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the edges of cells of unequal width, and the values in the cells' middles."""
    x, y = LOW + np.linspace(0, np.sqrt(HIGH - LOW), columns + 1) ** 2, edges(rows)
    return x, y, height(*np.meshgrid((x[1:] + x[:-1]) / 2, (y[1:] + y[:-1]) / 2))


MOST_TRIANGLES = 40
"""Largest number of rows and columns of triangles: matplotlib is slow with more."""


def triangles(rows: int, columns: int) -> tuple[Triangulation, np.ndarray]:
    """Return a triangulation of half of the points, with masked triangles and values.

    Points with other values surround the triangles; no triangle uses these points.
    """
    u, v, values = grid(min(rows, MOST_TRIANGLES), min(columns, MOST_TRIANGLES))
    x, y = np.append(u.ravel(), [50.0, 60.0]), np.append(v.ravel(), [50.0, 60.0])
    found = Triangulation(u.ravel(), v.ravel()).triangles
    made = Triangulation(x, y, found, mask=np.arange(len(found)) % 11 == 0)
    return made, np.append(values.ravel(), [1e5, 1e5])


def image(axes: Any, rows: int, columns: int) -> None:
    _, _, values = cells(rows, columns)
    axes.imshow(masked(values)[::-1], extent=(LOW, HIGH, LOW, HIGH), origin="upper")


def image_of_uneven_pixels(axes: Any, rows: int, columns: int) -> None:
    drawn = NonUniformImage(axes, extent=(LOW, HIGH, LOW, HIGH))
    u, v, values = grid(rows, columns)
    drawn.set_data(u[0], v[:, 0], values)
    axes.add_image(drawn)
    axes.set(xlim=(LOW, HIGH), ylim=(LOW, HIGH))


def gouraud(axes: Any, rows: int, columns: int) -> None:
    made, values = triangles(rows, columns)
    axes.tripcolor(made, values, shading="gouraud")


def flat_triangles(axes: Any, rows: int, columns: int) -> None:
    made, values = triangles(rows, columns)
    axes.tripcolor(made, values)


def coloured(axes: Any, rows: int, columns: int) -> None:
    u, v, values = grid(rows, columns)
    axes.scatter(u, masked(v), c=values)


def with_wall(axes: Any, rows: int, columns: int) -> None:
    """Return a surface with contours on a side wall, as in matplotlib's gallery."""
    axes.plot_surface(*grid(rows, columns), alpha=0.3)
    axes.contour(*grid(rows, columns), zdir="x", offset=LOW)


PLANE: dict[str, Callable[[Any, int, int], Any]] = {
    "contour": lambda axes, n, m: axes.contour(*grid(n, m), levels=15),
    "contour, masked": lambda axes, n, m: axes.contour(
        *grid(n, m)[:2], masked(grid(n, m)[2]), levels=15
    ),
    "contourf": lambda axes, n, m: axes.contourf(*grid(n, m), levels=15, extend="both"),
    "tricontour": lambda axes, n, m: axes.tricontour(*triangles(n, m), levels=np.linspace(0, 9)),
    "tricontourf": lambda axes, n, m: axes.tricontourf(*triangles(n, m), levels=np.linspace(0, 9)),
    "mesh, auto": lambda axes, n, m: axes.pcolormesh(*grid(n, m)),
    "mesh, nearest": lambda axes, n, m: axes.pcolormesh(*grid(n, m), shading="nearest"),
    "mesh, gouraud": lambda axes, n, m: axes.pcolormesh(*grid(n, m), shading="gouraud"),
    "mesh, flat": lambda axes, n, m: axes.pcolormesh(*cells(n, m), shading="flat"),
    "mesh, masked": lambda axes, n, m: axes.pcolormesh(*grid(n, m)[:2], masked(grid(n, m)[2])),
    "pcolor": lambda axes, n, m: axes.pcolor(*cells(min(n, 60), min(m, 60))),
    "pcolor, masked": lambda axes, n, m: axes.pcolor(
        *grid(min(n, 60), min(m, 60))[:2], masked(grid(min(n, 60), min(m, 60))[2])
    ),
    "pcolorfast": lambda axes, n, m: axes.pcolorfast(*cells(n, m)),
    "pcolorfast, uneven": lambda axes, n, m: axes.pcolorfast(*uneven(n, m)),
    "imshow": image,
    "image of uneven pixels": image_of_uneven_pixels,
    "tripcolor": flat_triangles,
    "tripcolor, gouraud": gouraud,
    "scatter, coloured": coloured,
}
SOLID: dict[str, Callable[[Any, int, int], Any]] = {
    "surface": lambda axes, n, m: axes.plot_surface(*grid(n, m)),
    "surface, coloured": lambda axes, n, m: axes.plot_surface(*grid(n, m), cmap="viridis"),
    "surface, counts": lambda axes, n, m: axes.plot_surface(*grid(n, m), rcount=13, ccount=17),
    "surface, strides": lambda axes, n, m: axes.plot_surface(*grid(n, m), rstride=7, cstride=3),
    "surface, masked": lambda axes, n, m: axes.plot_surface(
        *grid(n, m)[:2], masked(grid(n, m)[2]), rstride=4, cstride=4
    ),
    "surface with a wall": with_wall,
    "wireframe": lambda axes, n, m: axes.plot_wireframe(*grid(n, m)),
    "wireframe, strides": lambda axes, n, m: axes.plot_wireframe(*grid(n, m), rstride=7, cstride=0),
    "trisurf": lambda axes, n, m: axes.plot_trisurf(
        *(part.ravel() for part in grid(min(n, 40), min(m, 40)))
    ),
    "contour3D": lambda axes, n, m: axes.contour3D(*grid(n, m), levels=15),
    "contourf3D": lambda axes, n, m: axes.contourf3D(*grid(n, m), levels=15),
    "contour3D, extended": lambda axes, n, m: axes.contour3D(*grid(n, m), extend3d=True),
}
FIELDS = {**PLANE, **SOLID}


def drawn(draw: Callable[[Any, int, int], Any], solid: bool, size: tuple[int, int]) -> Any:
    figure = plt.figure()
    axes = figure.add_subplot(projection="3d" if solid else None)
    soil_memory()
    draw(axes, *size)
    return figure


def told(value: Any) -> Any:
    """Return plain data that can be compared; points in 3D are sorted."""
    if isinstance(value, np.ndarray):
        return value.shape, value.tobytes()
    if isinstance(value, dict):
        return {key: told(part) for key, part in value.items()}
    return [told(part) for part in value] if isinstance(value, list) else value


@pytest.mark.filterwarnings("ignore:.*converting a masked element")
@pytest.mark.parametrize("way", FIELDS)
def test_a_field_is_read_as_it_is_drawn(way: str) -> None:
    assert_reads_what_is_drawn(way, (47, 101), runs=2)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:.*converting a masked element")
@pytest.mark.parametrize("size", SIZES, ids=str)
@pytest.mark.parametrize("way", FIELDS)
def test_a_field_of_any_size_is_read_alike_ten_times(way: str, size: tuple[int, int]) -> None:
    assert_reads_what_is_drawn(way, size, runs=10)


def assert_reads_what_is_drawn(way: str, size: tuple[int, int], runs: int) -> None:
    read = [read_figure(drawn(FIELDS[way], way in SOLID, size)) for _ in range(runs)]
    assert all(told(each) == told(read[0]) for each in read)
    figure = FigureData.from_wire(read[0])
    (field,) = figure.axes[0].fields
    assert figure.unread == 0
    places, low, high = field.samples[:, :2], *field.samples[:, 2:].T
    cell = (HIGH - LOW) / (min(*size, MOST_TRIANGLES if "tri" in way else min(size)) - 1)
    assert (places >= LOW - cell).all()
    assert (places <= HIGH + cell).all()
    steepest, between = 4.0, 2 if "contour" in way or "tri" in way else 1
    error = steepest * cell * between * (40 if way == "contour3D, extended" else 1)
    error = error if "contour" in way or "tri" in way or "uneven" in way else 1e-6
    assert (low <= height(*places.T) + error).all()
    assert (high >= height(*places.T) - error).all()
    assert min(np.ptp(places, axis=0)) > 0.8 * (HIGH - LOW)


CURVES: dict[str, Callable[[Any], Any]] = {
    "line": lambda axes: axes.plot(masked(np.arange(60.0)), "o-"),
    "scatter": lambda axes: axes.scatter(np.arange(60), masked(np.arange(60.0)), c=["r", "b"] * 30),
    "error bars": lambda axes: axes.errorbar(range(60), masked(np.arange(60.0)), yerr=0.1),
    "bare error bars": lambda axes: axes.errorbar(range(60), range(60), yerr=0.1, fmt="none"),
    "bars": lambda axes: axes.bar(range(60), range(60)),
    "segments": lambda axes: axes.vlines(range(60), 0, masked(np.arange(60.0))),
    "stems": lambda axes: axes.stem(range(60)),
    "equal units": lambda axes: (axes.plot(range(60)), axes.axis("equal")),
    "endless line": lambda axes: (axes.plot(range(60)), axes.axline((0, 1), slope=0.5)),
    "diagonal": lambda axes: axes.axline((0, 0), (1, 1), transform=axes.transAxes),
    "categories": lambda axes: axes.plot(["a", "b", "c"], [1, 2, 3]),
}
SOLID_CURVES: dict[str, Callable[[Any], Any]] = {
    "line in space": lambda axes: axes.plot(range(60), range(60), masked(np.arange(60.0))),
    "scatter in space": lambda axes: axes.scatter(range(60), 0, range(60), c=["r", "b"] * 30),
    "error bars in space": lambda axes: axes.errorbar(
        np.arange(60), np.arange(60), np.arange(60), zerr=1, fmt="none"
    ),
    "stems in space": lambda axes: axes.stem(range(60), range(60), range(60)),
}


@pytest.mark.filterwarnings("ignore:.*converting a masked element")
@pytest.mark.parametrize("way", [*CURVES, *SOLID_CURVES])
def test_a_curve_is_read_alike_before_and_after_it_is_drawn(way: str) -> None:
    def draw(axes: Any, *_size: int) -> None:
        {**CURVES, **SOLID_CURVES}[way](axes)

    solid = way in SOLID_CURVES
    read = [read_figure(drawn(draw, solid, (0, 0))) for _ in range(2)]
    assert told(read[0]) == told(read[1])
    figure = drawn(draw, solid, (0, 0))
    figure.canvas.draw()
    before, after = (FigureData.from_wire(each) for each in (read[0], read_figure(figure)))
    assert (before.unread, after.unread) == (0, 0)
    assert before.axes[0].limits == after.axes[0].limits
    assert sorted(map(described, before.axes[0].curves)) == sorted(  # sorted by depth when drawn
        map(described, after.axes[0].curves)
    )
    for curve in before.axes[0].curves:
        points = curve.points[np.isfinite(curve.points).all(axis=1)]
        assert len(points) > 0
        assert (points > -10).all()
        assert (points < 70).all()


def described(curve: CurveData) -> str:
    points = curve.points.round(9).tolist()
    return str((curve.kind, points, curve.line, curve.marker, curve.size, curve.inks))


def test_an_endless_line_in_parts_of_the_axes_lies_where_it_is_drawn() -> None:
    figure, axes = plt.subplots()
    axes.set(xscale="log", yscale="log", xlim=(1, 100), ylim=(0.01, 10))
    axes.axline((0, 1), (1, 0), transform=axes.transAxes)
    (curve,) = FigureData.from_wire(read_figure(figure)).axes[0].curves
    np.testing.assert_allclose(curve.points, np.array([[1, 10], [100, 0.01]]))


def plot_landscape(loss: Any, results: Any, eta: float) -> Any:
    """Return the surface of a right picture, whose faces have unequal numbers of corners."""
    noise = [1e3 * np.random.default_rng(k).normal(size=(900, 8, 3)) for k in range(20)]
    del noise
    axes = plt.figure().add_subplot(projection="3d")
    reach = 1.1 * max(float(np.abs(x[np.abs(x) < 1e6]).max()) for x in results.values())
    u, v = np.meshgrid(*2 * (np.linspace(-reach, reach, 60),))
    values = np.array([loss(np.array(point)) for point in zip(u.flat, v.flat, strict=True)])
    axes.plot_surface(u, v, values.reshape(u.shape), cmap="viridis", alpha=0.6)
    for (step, rho), ends in results.items():
        ends = ends[np.all(np.abs(ends) < 1e6, axis=1)]
        if step == eta:
            heights = [loss(x) for x in ends]
            label = f"USAM, ρ = {rho}" if rho else "GD"
            axes.scatter(ends[:, 0], ends[:, 1], heights, label=label)
    axes.set(xlabel="u", ylabel="v", zlabel="L")
    axes.legend()
    return axes.figure


@pytest.mark.parametrize("runs", [2, pytest.param(10, marks=pytest.mark.slow)])
def test_a_right_surface_keeps_its_point_in_every_run(runs: int) -> None:
    item = "p2c-surface-plot"
    for _ in range(runs):
        marking = mark("problem2_landscape", {"plot_landscape": plot_landscape}, 1, [item])
        assert shares(marking) == {item: 1.0}

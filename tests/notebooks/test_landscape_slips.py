"""The checks of Problem 2 name a mistake only if it is the one that was made."""

from __future__ import annotations

from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import pytest

from ..answers import right_landscape_plots
from ..hidden.answers import variants
from .conftest import Names
from .test_checks import Told, told

__all__ = ["told"]

GRADIENT = "def gradient(x):\n    return np.append(x[-1] ** 2 * x[:-1], x[:-1] @ x[:-1] * x[-1])\n"
CALLING = {
    "gd_update": "def gd_update(u, v, eta):\n"
    "    x = np.append(u, v)\n"
    "    y = x - eta * gradient(x)\n"
    "    return y[:-1], y[-1]\n",
    "usam_update": "def usam_update(u, v, eta, rho):\n"
    "    x = np.append(u, v)\n"
    "    y = x - eta * gradient(x + rho * gradient(x))\n"
    "    return y[:-1], y[-1]\n",
}


def defined(names: Names, source: str) -> Names:
    """The names as a notebook has them: its functions see each other."""
    found = {**names, "np": np}
    exec(source, found)
    return found


@pytest.mark.parametrize("name", CALLING)
@pytest.mark.parametrize("before", [GRADIENT, "del gradient\n", ""])
def test_update_that_calls_an_answer_must_be_written_out(
    name: str, before: str, told: Told, names: Names
) -> None:
    notebook = defined(names, before + CALLING[name])
    held = {**notebook}
    text = told(f"p2b-{name.replace('_', '-')}", notebook)
    assert "write out the formula itself: this answer must not call `gradient`" in text
    assert "not defined" not in text
    assert "does not pass yet" not in text
    assert notebook == held


def usam(names: Names, up: Any, source: str = "x") -> Names:
    def usam(gradient: Any, x0: Any, eta: Any, rho: float, num_steps: int) -> Any:
        rows = [np.array(x0, dtype=float)]
        for step in np.broadcast_to(eta, num_steps):
            x = rows[-1]
            above = x + up(rho, gradient(x))
            rows.append({"x": x, "above": above}[source] - step * gradient(above))
        return np.array(rows)

    def usam_update(u: Any, v: Any, eta: float, rho: float) -> Any:
        answer = usam(names["gradient"], np.append(u, v), eta, rho, 1)[1]
        return answer[:-1], answer[-1]

    return {**names, "usam": usam, "usam_update": usam_update}


@pytest.mark.parametrize("item", ["p2c-usam", "p2b-usam-update"])
@pytest.mark.parametrize(
    ("up", "source", "words"),
    [
        (lambda rho, g: -rho * g, "x", "the sign of ρ is wrong"),
        (lambda rho, g: rho * g / np.linalg.norm(g), "x", "don't divide by its length"),
        (lambda rho, g: rho * g, "above", "starts from the old point"),
    ],
)
def test_slips_of_usam_get_their_own_words(
    item: str, up: Any, source: str, words: str, told: Told, names: Names
) -> None:
    text = told(item, usam(names, up, source))
    assert words in text
    assert "x.copy()" not in text


def test_rows_that_all_are_the_start_are_not_called_one_array(told: Told, names: Names) -> None:
    still = {**names, "usam": lambda *a: np.array([a[1]] * (a[-1] + 1), dtype=float)}
    assert "x.copy()" not in told("p2c-usam", still)
    last = {**names, "usam": lambda *a: np.array([names["usam"](*a)[-1]] * (a[-1] + 1))}
    assert "x.copy()" in told("p2c-usam", last)


def test_only_a_new_u_is_called_new(told: Told, names: Names) -> None:
    def gd_update(u: Any, v: float, eta: float) -> Any:
        u = u - eta * v**2 * u
        return u, v - eta * (u @ u) * v

    assert "this is v⁺ with the new u" in told("p2b-gd-update", {**names, "gd_update": gd_update})
    other = {**names, "gd_update": lambda u, v, eta: (u - eta * v**2 * u, v - eta * v)}
    assert "the new u" not in told("p2b-gd-update", other)
    no_sum = {**names, "gd_update": lambda u, v, eta: (u - eta * v**2 * u, v - eta * u * u * v)}
    text = told("p2b-gd-update", no_sum)
    assert "should be a number but is an array of shape (2,). Is a sum missing?" in text


def test_shapes_of_an_experiment_say_what_to_keep(told: Told, names: Names) -> None:
    def shaped(pick: Any) -> Names:
        def run_experiment(opt: Any, g: Any, starts: Any, etas: Any, rhos: Any, n: int) -> Any:
            return {
                (e, r): pick(np.array([opt(g, x, e, r, n) for x in starts]))
                for e in etas
                for r in rhos
            }

        return {**names, "run_experiment": run_experiment}

    assert "passes" in told("p2c-experiment", shaped(lambda runs: runs[:, -1]))
    assert "Keep only the last row of each run" in told("p2c-experiment", shaped(lambda r: r))
    assert "Each start needs a row of its own" in told(
        "p2c-experiment", shaped(lambda runs: runs[-1, -1])
    )


# --- pictures -----------------------------------------------------------------------------------

UNUSUAL = (
    *("level_lines", "coloured_cells", "image", "solid_surface", "logarithmic_bands"),
    *("clipped_values", "turned_plane", "wires", "level_lines_in_space"),
    *("loss_of_the_whole_grid_at_once", "direct_labels_on_the_plane", "axes_for_each_method"),
    *("axes_for_each_radius", "colours_in_words", "one_curve_for_all"),
)


@pytest.mark.parametrize("name", UNUSUAL)
def test_unusual_right_surfaces_pass(name: str, told: Told, names: Names) -> None:
    (plot,) = [
        variant.answers["plot_landscape"]
        for variant in variants(right_landscape_plots)
        if variant.name == name
    ]
    text = told("p2c-surface-plot", {**names, "plot_landscape": plot})
    assert text.startswith("✓"), text


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"loss": lambda loss: lambda x: loss(x[::-1])}, "u and v are exchanged"),
        ({"loss": lambda loss: lambda x: loss(x * [1, -1])}, "v is upside down"),
        ({"loss": lambda loss: lambda x: loss(x * [-1, 1])}, "u is mirrored"),
        ({"loss": lambda loss: lambda x: -loss(x)}, "does not show `loss` at its (u, v).\n"),
        ({"size": 2.0}, "shows u from -2 to 2, v from -2 to 2. Make the plane large enough"),
        ({"chosen": lambda *_: True}, "marks last iterates of η = 0.5 too"),
        ({"chosen": lambda _, e: e == 0.5}, "are not all marked"),
    ],
)
@pytest.mark.parametrize("solid", [False, True])
def test_wrong_surfaces_are_told(
    solid: bool, changes: dict[str, Any], words: str, told: Told, names: Names
) -> None:
    def plot_landscape(loss: Any, results: Any, eta: float) -> Any:
        loss = changes.get("loss", lambda f: f)(loss)
        chosen = changes.get("chosen", lambda asked, e: e == asked)
        grid = np.linspace(-1, 1, 31) * changes.get("size", 5.0)
        values = np.array([[loss(np.array([u, v])) for u in grid] for v in grid])
        axes: Any
        figure, axes = plt.subplots(subplot_kw={"projection": "3d"} if solid else {})
        if solid:
            axes.plot_surface(*np.meshgrid(grid, grid), values)
        else:
            axes.contourf(grid, grid, values)
        for (e, rho), ends in results.items():
            if chosen(eta, e):
                axes.plot(*ends.T, *([[0, 0]] if solid else []), "o", label=f"rho {rho}")
        axes.set(xlabel="u", ylabel="v")
        axes.legend()
        return figure

    text = told("p2c-surface-plot", {**names, "plot_landscape": plot_landscape})
    assert words in text


def test_loss_of_rows_of_points_is_told(told: Told, names: Names) -> None:
    def plot_landscape(loss: Any, *_: Any) -> Any:
        return loss(np.ones((12, 2)))

    text = told("p2c-surface-plot", {**names, "plot_landscape": plot_landscape})
    assert "`loss` takes a point [u, v], not an array of shape (12, 2)" in text


def test_run_that_diverged_must_be_left_out(told: Told, names: Names) -> None:
    def plot_traces(trace: Any, results: Any) -> Any:
        figure, axes = plt.subplots()
        for eta in (0.1, 0.5):
            rows = [np.median([trace(x) for x in results[eta, rho]]) for rho in (0, 0.2)]
            axes.plot((0, 0.2), rows, label=f"{eta}")
        axes.set(xlabel="rho", ylabel="trace")
        axes.legend()
        return figure

    text = told("p2c-trace-plot", {**names, "plot_traces": plot_traces})
    assert "one of the runs diverged" in text

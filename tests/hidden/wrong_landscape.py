"""Wrong answers to Problem 2: what people really do."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np

from solutions.hw2.landscape import gd, gradient, hessian, loss, usam

from .answers import Variant, wrong


def _value(name, answers, loses):
    return Variant(name, "p2a-values", answers, loses)


U, A, B = np.array([3.0, -1.0, 2.0]), 14.0, 4.0
HESSIAN = np.array([[4.0, 0, 0, 12], [0, 4, 0, -4], [0, 0, 4, 8], [12, -4, 8, 14]])
THIRD = 1 / 3

VALUES = [
    _value("Hessian of one row", {"hessian_at_point": HESSIAN[0]}, THIRD),
    _value("trace as a list", {"trace_at_point": [4.0, 4.0, 4.0, 14.0]}, THIRD),
    _value("not a number", {"gradient_at_point": "12, -4, 8, 28"}, THIRD),
    _value(
        "everything zero",
        {
            "gradient_at_point": np.zeros(4),
            "hessian_at_point": np.zeros((4, 4)),
            "trace_at_point": 0.0,
        },
        1.0,
    ),
]

# --- The updates ----------------------------------------------------------------------------------


@wrong("p2b-usam-update")
def usam_by_calling_usam(u, v, eta, rho):
    x = usam(gradient, np.append(u, v), eta, rho, 1)[-1]
    return x[:-1], x[-1]


@wrong("p2b-gd-update")
def v_without_its_sign(u, v, eta):
    return u - eta * v**2 * u, abs(v) - eta * (u @ u) * abs(v)


@wrong("p2b-gd-update")
def u_without_its_sign(u, v, eta):
    return abs(u) - eta * v**2 * abs(u), v - eta * (u @ u) * v


@wrong("p2b-gd-update")
def gradient_of_norm_10(u, v, eta):
    g = np.append(v**2 * u, (u @ u) * v)
    x = np.append(u, v) - eta * g * min(1, 10 / np.linalg.norm(g))
    return x[:-1], x[-1]


@wrong("p2b-usam-update")
def v_without_its_sign_uphill(u, v, eta, rho):
    a, b = u @ u, v**2
    w = abs(v) * (1 + rho * a)
    return u - eta * w**2 * (1 + rho * b) * u, v - eta * a * (1 + rho * b) ** 2 * w


@wrong("p2b-usam-update")
def radius_cut_off_at_1(u, v, eta, rho):
    a, b, rho = u @ u, v**2, min(rho, 1)
    in_u, in_v = 1 + rho * b, 1 + rho * a
    return u - eta * b * in_v**2 * in_u * u, v - eta * a * in_u**2 * in_v * v


# --- Loss and derivatives -------------------------------------------------------------------------


@wrong("p2c-loss-gradient", target="gradient", loses=0.5)
def forward_differences_too_coarse(x):
    return np.array([(loss(x + 0.1 * e) - loss(x)) / 0.1 for e in np.eye(len(x))])


@wrong("p2c-loss-gradient", target="gradient", loses=0.5)
def gradient_without_signs(x):
    return np.append(x[-1] ** 2 * x[:-1], (x[:-1] @ x[:-1]) * abs(x[-1]))


@wrong("p2c-loss-gradient", target="gradient", loses=0.5)
def gradient_without_signs_of_u(x):
    return np.append(x[-1] ** 2 * abs(x[:-1]), (x[:-1] @ x[:-1]) * x[-1])


@wrong("p2c-hessian-trace", target="hessian", loses=0.5)
def hessian_without_signs(x):
    return np.abs(hessian(x))


# --- GD and USAM ----------------------------------------------------------------------------------


@wrong("p2c-gd")
def no_step_size_of_each_step(gradient, x0, eta, num_steps):
    iterates = [np.array(x0, dtype=float)]
    for _ in range(num_steps):
        iterates.append(iterates[-1] - float(eta) * gradient(iterates[-1]))
    return np.array(iterates)


@wrong("p2c-gd")
def stops_at_1e_6(gradient, x0, eta, num_steps):
    etas, iterates = np.broadcast_to(eta, num_steps), [np.array(x0, dtype=float)]
    for k in range(num_steps):
        g = gradient(iterates[-1])
        if np.linalg.norm(g) < 1e-6:
            break
        iterates.append(iterates[-1] - etas[k] * g)
    return np.array(iterates)


@wrong("p2c-gd")
def stops_above_1e_12(gradient, x0, eta, num_steps):
    etas, iterates = np.broadcast_to(eta, num_steps), [np.array(x0, dtype=float)]
    while len(iterates) <= num_steps:
        new = iterates[-1] - etas[len(iterates) - 1] * gradient(iterates[-1])
        far = np.linalg.norm(new) > 1e12
        iterates += [new] * (num_steps + 1 - len(iterates) if far else 1)
    return np.array(iterates)


@wrong("p2c-gd")
def stops_where_the_gradient_grows(gradient, x0, eta, num_steps):
    etas, last = np.broadcast_to(eta, num_steps), np.inf
    iterates = np.tile(np.array(x0, dtype=float), (num_steps + 1, 1))
    for k in range(num_steps):
        g = gradient(iterates[k])
        if np.linalg.norm(g) > last:
            iterates[k:] = iterates[k]
            break
        last = np.linalg.norm(g)
        iterates[k + 1] = iterates[k] - etas[k] * g
    return iterates


@wrong("p2c-usam")
def step_halved_where_the_gradient_grows(gradient, x0, eta, rho, num_steps):
    etas, last = np.broadcast_to(eta, num_steps), np.inf
    iterates = [np.array(x0, dtype=float)]
    for k in range(num_steps):
        g = gradient(iterates[-1] + rho * gradient(iterates[-1]))
        step = etas[k] / 2 if np.linalg.norm(g) > last else etas[k]
        last = np.linalg.norm(g)
        iterates.append(iterates[-1] - step * g)
    return np.array(iterates)


@wrong("p2c-gd")
def filled_up_where_two_rows_are_close(gradient, x0, eta, num_steps):
    etas, iterates = np.broadcast_to(eta, num_steps), [np.array(x0, dtype=float)]
    while len(iterates) <= num_steps:
        new = iterates[-1] - etas[len(iterates) - 1] * gradient(iterates[-1])
        close = np.allclose(new, iterates[-1])
        iterates += [new] * (num_steps + 1 - len(iterates) if close else 1)
    return np.array(iterates)


@wrong("p2c-gd")
def filled_up_where_nothing_changes(gradient, x0, eta, num_steps):
    etas, iterates = np.broadcast_to(eta, num_steps), [np.array(x0, dtype=float)]
    while len(iterates) <= num_steps:
        new = iterates[-1] - etas[len(iterates) - 1] * gradient(iterates[-1])
        same = np.array_equal(new, iterates[-1])
        iterates += [new] * (num_steps + 1 - len(iterates) if same else 1)
    return np.array(iterates)


@wrong("p2c-gd")
def filled_up_where_the_gradient_is_relatively_small(gradient, x0, eta, num_steps):
    etas, x = np.broadcast_to(eta, num_steps), np.array(x0, dtype=float)
    iterates = np.tile(x, (num_steps + 1, 1))
    first = np.linalg.norm(gradient(x))
    for k in range(num_steps):
        g = gradient(iterates[k])
        if np.linalg.norm(g) <= 1e-8 * first:
            iterates[k:] = iterates[k]
            break
        iterates[k + 1] = iterates[k] - etas[k] * g
    return iterates


@wrong("p2c-gd")
def ends_where_nothing_changes(gradient, x0, eta, num_steps):
    etas, iterates = np.broadcast_to(eta, num_steps), [np.array(x0, dtype=float)]
    for k in range(num_steps):
        iterates.append(iterates[-1] - etas[k] * gradient(iterates[-1]))
        if (iterates[-1] == iterates[-2]).all():
            break
    return np.array(iterates)


@wrong("p2c-gd")
def stops_far_out(gradient, x0, eta, num_steps):
    iterates = gd(gradient, x0, eta, num_steps)
    far = np.linalg.norm(iterates, axis=1) > 1e6
    iterates[far] = np.nan
    return iterates


@wrong("p2c-gd")
def gradient_clipped_at_norm_10(gradient, x0, eta, num_steps):
    def clipped(x):
        g = np.asarray(gradient(x))
        return g * min(1, 10 / max(np.linalg.norm(g), 1e-12))

    return gd(clipped, x0, eta, num_steps)


@wrong("p2c-gd")
def start_without_its_signs(gradient, x0, eta, num_steps):
    return gd(gradient, np.abs(x0), eta, num_steps)


@wrong("p2c-usam")
def usam_stops_at_1e_10(gradient, x0, eta, rho, num_steps):
    etas, iterates = np.broadcast_to(eta, num_steps), [np.array(x0, dtype=float)]
    for k in range(num_steps):
        g = gradient(iterates[-1] + rho * np.asarray(gradient(iterates[-1])))
        if np.linalg.norm(g) < 1e-10:
            iterates += [iterates[-1]] * (num_steps - k)
            break
        iterates.append(iterates[-1] - etas[k] * g)
    return np.array(iterates)


@wrong("p2c-usam")
def climb_clipped_at_norm_1(gradient, x0, eta, rho, num_steps):
    etas, x = np.broadcast_to(eta, num_steps), np.array(x0, dtype=float)
    iterates = [x]
    for k in range(num_steps):
        g = np.asarray(gradient(x))
        x = x - etas[k] * gradient(x + rho * g * min(1, 1 / max(np.linalg.norm(g), 1e-12)))
        iterates.append(x)
    return np.array(iterates)


# --- The picture of the traces --------------------------------------------------------------------


def runs_kept(ends):
    return ends[np.linalg.norm(ends, axis=1) <= 1e6]


def draw_traces(results, height):
    """One line for each eta against rho, with labels; `height` says how high a point is."""
    figure, axes = plt.subplots()
    for eta in sorted({eta for eta, _ in results}):
        rhos = sorted(rho for other, rho in results if other == eta)
        heights = [height(runs_kept(results[eta, rho])) for rho in rhos]
        axes.plot(rhos, heights, label=f"eta = {eta}")
    axes.set(xlabel="rho", ylabel="trace of the Hessian")
    axes.legend()
    return figure


@wrong("p2c-trace-plot", loses=0.25)
def etas_by_number(hessian_trace, results):
    figure, axes = plt.subplots()
    for k, eta in enumerate(sorted({eta for eta, _ in results})):
        rhos = sorted(rho for other, rho in results if other == eta)
        ends = [runs_kept(results[eta, rho]) for rho in rhos]
        medians = [np.median([hessian_trace(x) for x in e]) for e in ends]
        axes.plot(rhos, medians, label=f"run {k + 1}")
    axes.set(xlabel="rho", ylabel="trace of the Hessian")
    axes.legend()
    return figure


@wrong("p2c-trace-plot", loses=0.25)
def etas_on_the_wrong_lines(hessian_trace, results):
    figure = draw_traces(results, lambda ends: np.median([hessian_trace(x) for x in ends]))
    (axes,) = figure.axes
    labels = [line.get_label() for line in axes.lines]
    for line, label in zip(axes.lines, labels[1:] + labels[:1], strict=True):
        line.set_label(label)
    axes.legend()
    return figure


@wrong("p2c-trace-plot", loses=0.25)
def handles_of_the_wrong_etas(hessian_trace, results):
    figure = draw_traces(results, lambda ends: np.median([hessian_trace(x) for x in ends]))
    (axes,) = figure.axes
    labels = [line.get_label() for line in axes.lines]
    axes.legend(axes.lines[1:] + axes.lines[:1], labels)
    return figure


# --- The picture of the surface -------------------------------------------------------------------


def ends_at(results, eta):
    """The last iterates of GD and of USAM, of all radii together, at this step size."""
    usam = np.concatenate([ends for (e, rho), ends in results.items() if e == eta and rho > 0])
    return {"GD": np.transpose(results[eta, 0.0]), "USAM": usam.T}


def draw_points(loss, points):
    """Filled contours of a function of (u, v), and some points under their names."""
    grid = np.linspace(-2.5, 2.5, 40)
    values = [[loss(np.array([u, v])) for u in grid] for v in grid]
    figure, axes = plt.subplots()
    axes.contourf(grid, grid, values, levels=20)
    for name, (u, v) in points.items():
        axes.scatter(u, v, label=name, zorder=3)
    axes.set(xlabel="u", ylabel="v")
    if points:
        axes.legend()
    return figure


@wrong("p2c-surface-plot")
def upside_down(loss, results, eta):
    return draw_points(lambda x: -loss(x), ends_at(results, eta))


@wrong("p2c-surface-plot", loses=0.25)
def methods_not_named(loss, results, eta):
    named = ends_at(results, eta)
    return draw_points(loss, {"first": named["GD"], "second": named["USAM"]})


@wrong("p2c-surface-plot", loses=0.25)
def methods_named_in_the_title_alone(loss, results, eta):
    named = ends_at(results, eta)
    figure = draw_points(loss, {"first": named["GD"], "second": named["USAM"]})
    figure.axes[0].set_title("last iterates of GD and of USAM")
    return figure


@wrong("p2c-surface-plot", loses=0.25)
def handles_swapped(loss, results, eta):
    figure = draw_points(loss, {})
    (axes,) = figure.axes
    gd, usam = (axes.plot(*ends, "o")[0] for ends in ends_at(results, eta).values())
    axes.legend([usam, gd], ["GD", "USAM"])
    return figure


@wrong("p2c-surface-plot", loses=0.25)
def labels_right_and_handles_swapped(loss, results, eta):
    figure = draw_points(loss, ends_at(results, eta))
    (axes,) = figure.axes
    gd, usam = (part for part in axes.collections if part.get_label() in ("GD", "USAM"))
    axes.legend([usam, gd], ["GD", "USAM"])
    return figure


@wrong("p2c-surface-plot", loses=0.25)
def samples_swapped(loss, results, eta):
    figure = draw_points(loss, {})
    (axes,) = figure.axes
    for color, ends in zip("rw", ends_at(results, eta).values(), strict=True):
        axes.scatter(*ends, color=color)
    samples = [plt.Line2D([], [], color=color, marker="o", ls="") for color in "wr"]
    figure.legend(samples, ["GD", "USAM"])
    return figure


@wrong("p2c-surface-plot", loses=0.25)
def markers_swapped(loss, results, eta):
    figure = draw_points(loss, {})
    (axes,) = figure.axes
    for marker, ends in zip("x^", ends_at(results, eta).values(), strict=True):
        axes.scatter(*ends, color="k", marker=marker)
    samples = [plt.Line2D([], [], color="k", marker=marker, ls="") for marker in "^x"]
    axes.legend(samples, ["GD", "USAM"])
    return figure


@wrong("p2c-surface-plot", loses=0.25)
def error_bars_under_swapped_labels(loss, results, eta):
    figure = draw_points(loss, {})
    (axes,) = figure.axes
    for name, ends in zip(("USAM", "GD"), ends_at(results, eta).values(), strict=True):
        axes.errorbar(*ends, yerr=0.05, fmt="o", label=name)
    axes.legend()
    return figure


@wrong("p2c-surface-plot", loses=0.25)
def one_radius_called_gd(loss, results, eta):
    radii = sorted(rho for e, rho in results if e == eta)
    names = ("gradient descent", "gradient descent, second run", "USAM")
    points = {n: np.transpose(results[eta, r]) for n, r in zip(names, radii, strict=True)}
    return draw_points(loss, points)


@wrong("p2c-surface-plot", loses=0.25)
def solid_surface_under_swapped_labels(loss, results, eta):
    figure, axes = plt.subplots(subplot_kw={"projection": "3d"})
    grid = np.linspace(-2.4, 2.4, 40)
    heights = np.array([[loss(np.array([u, v])) for u in grid] for v in grid])
    axes.plot_surface(*np.meshgrid(grid, grid), heights, alpha=0.4)
    for name, ends in zip(("USAM", "GD"), ends_at(results, eta).values(), strict=True):
        axes.scatter(*ends, [loss(x) for x in ends.T], label=name)
    axes.set(xlabel="u", ylabel="v", zlabel="L")
    axes.legend()
    return figure


@wrong("p2c-surface-plot")
def one_run_of_another_eta_too(loss, results, eta):
    key = next(key for key in results if key[0] != eta and key[1] > 0)
    named = ends_at(results, eta)
    usam = np.column_stack([named["USAM"], results[key][0]])
    return draw_points(loss, {"GD": named["GD"], "USAM": usam})

"""Right but unusual answers to Problem 2."""

import collections
import itertools

import matplotlib.pyplot as plt
import numpy as np

from .answers import Variant, right, right_cell

# --- a) Values at a point -------------------------------------------------------------------------

VALUES = [
    Variant(
        "values_as_lists",
        "p2a-values",
        {
            "gradient_at_point": [12, -4, 8, 28],
            "hessian_at_point": [[4, 0, 0, 12], [0, 4, 0, -4], [0, 0, 4, 8], [12, -4, 8, 14]],
            "trace_at_point": 26,
        },
        0.0,
    ),
    Variant(
        "values_in_single_precision",
        "p2a-values",
        {
            "gradient_at_point": np.array([12, -4, 8, 28], dtype=np.float32),
            "hessian_at_point": (
                (4.0, 0, 0, 12),
                np.array([0, 4, 0, -4]),
                (0, 0, 4, 8),
                [12, -4, 8, 14],
            ),
            "trace_at_point": np.array([26]),
        },
        0.0,
    ),
]


# --- b) The updates, written out ------------------------------------------------------------------


@right("p2b-gd-update")
def shrinking_factors(u, v, eta):
    return (1 - eta * v**2) * u, (1 - eta * np.linalg.norm(u) ** 2) * v


@right("p2b-gd-update")
def entry_by_entry(u, v, eta):
    a = sum(entry**2 for entry in u)
    return [entry - eta * v * v * entry for entry in u], np.array([v - eta * a * v])


@right("p2b-gd-update")
def in_one_array(u, v, eta):
    x = np.append(u, v)
    step = eta * np.append(v**2 * u, np.dot(u, u) * v)
    y = np.float32(x - step)
    return y[:-1], y[-1]


@right("p2b-usam-update")
def by_the_point_uphill(u, v, eta, rho):
    up, vp = u + rho * v**2 * u, v + rho * np.sum(u**2) * v
    return u - eta * vp**2 * up, v - eta * np.sum(up**2) * vp


@right("p2b-usam-update")
def by_factors(u, v, eta, rho):
    a, b = np.inner(u, u), v * v
    return [
        u * (1 - eta * b * (1 + rho * a) ** 2 * (1 + rho * b)),
        np.array(v * (1 - eta * a * (1 + rho * b) ** 2 * (1 + rho * a))),
    ]


@right("p2b-usam-update")
def with_an_own_derivative(u, v, eta, rho):
    def slope(p, q):
        return [q**2 * entry for entry in p], sum(entry**2 for entry in p) * q

    du, dv = slope(u, v)
    eu, ev = slope([a + rho * b for a, b in zip(u, du, strict=True)], v + rho * dv)
    return tuple(a - eta * b for a, b in zip(u, eu, strict=True)), v - eta * ev


# --- c) Loss and derivatives ----------------------------------------------------------------------


@right_cell("p2c-loss-gradient")
def loops():
    def loss(x):
        *u, v = x
        return sum(entry**2 for entry in u) * v**2 / 2

    def gradient(x):
        *u, v = x
        return [v**2 * entry for entry in u] + [sum(entry**2 for entry in u) * v]

    return {"loss": loss, "gradient": gradient}


@right_cell("p2c-loss-gradient")
def complex_step():
    def loss(x):
        return np.array([0.5 * np.sum(x[:-1] ** 2) * x[-1] ** 2])

    def gradient(x):
        found = []
        for k in range(len(x)):
            y = np.array(x, dtype=complex)
            y[k] += 1e-30j
            found.append(loss(y)[0].imag / 1e-30)
        return np.array(found)

    return {"loss": loss, "gradient": gradient}


@right_cell("p2c-loss-gradient")
def central_differences():
    def loss(x):
        u, v = np.split(np.asarray(x), [len(x) - 1])
        return np.float32(0.5 * u @ u * v[0] ** 2)

    def gradient(x):
        def value(y):
            return 0.5 * y[:-1] @ y[:-1] * y[-1] ** 2

        h = 1e-5 * np.eye(len(x))
        return np.array([(value(x + e) - value(x - e)) / 2e-5 for e in h])

    return {"loss": loss, "gradient": gradient}


@right("p2c-hessian-trace", target="hessian_trace")
def trace_by_eigenvalues(x):
    return np.linalg.eigvalsh(hessian(x)).sum()  # noqa: F821 - the reference's


@right("p2c-hessian-trace", target="hessian_trace")
def trace_in_a_row(x):
    return [np.trace(hessian(x))]  # noqa: F821 - the reference's


@right_cell("p2c-hessian-trace")
def in_blocks():
    def hessian(x):
        u, v = x[:-1, None], x[-1]
        return np.block([[v**2 * np.eye(len(u)), 2 * v * u], [2 * v * u.T, u.T @ u]])

    def hessian_trace(x):
        return sum(x[:-1] ** 2) + (x.size - 1) * x[-1] ** 2

    return {"hessian": hessian, "hessian_trace": hessian_trace}


@right("p2c-hessian-trace", target="hessian")
def differences_of_the_gradient(x):
    shifts = 1e-5 * np.eye(len(x))
    return [(gradient(x + e) - gradient(x - e)) / 2e-5 for e in shifts]  # noqa: F821


# --- c) GD and USAM -------------------------------------------------------------------------------


@right("p2c-gd")
def list_of_lists(gradient, x0, eta, num_steps):
    x, path = [float(entry) for entry in x0], []
    path.append(x)
    for k in range(num_steps):
        step = eta[k] if np.ndim(eta) else eta
        x = [a - step * g for a, g in zip(x, gradient(x), strict=True)]
        path.append(x)
    return path


@right("p2c-gd")
def recursive(gradient, x0, eta, num_steps):
    x0 = np.array(x0, dtype=float)
    if num_steps == 0:
        return x0[None]
    etas = eta * np.ones(num_steps)
    x = x0 - etas[0] * gradient(x0)
    return np.vstack([x0, recursive_rest(gradient, x, etas[1:])])


def recursive_rest(gradient, x, etas):
    if not len(etas):
        return x[None]
    return np.vstack([x, recursive_rest(gradient, x - etas[0] * gradient(x=x), etas[1:])])


@right("p2c-gd")
def usam_without_radius(gradient, x0, eta, num_steps):
    return usam(gradient, x0, eta, 0.0, num_steps)  # noqa: F821 - the reference's


@right("p2c-usam")
def accumulated(gradient, x0, eta, rho, num_steps):
    def step(x, e):
        return x - e * gradient(x=x + rho * np.asarray(gradient(x=x)))

    etas = np.broadcast_to(eta, (num_steps,))
    return list(itertools.accumulate(etas, step, initial=np.array(x0, dtype=float)))


@right("p2c-usam")
def gd_of_another_gradient(gradient, x0, eta, rho, num_steps):
    def uphill(x):
        return gradient(x + rho * gradient(x))

    return gd(uphill, x0, eta, num_steps)  # noqa: F821 - the reference's


@right("p2c-usam")
def single_precision(gradient, x0, eta, rho, num_steps):
    path = np.zeros((1 + num_steps, np.size(x0)), dtype=np.float32)
    path[0] = x0
    for k in range(1, num_steps + 1):
        g = np.array(gradient(path[k - 1]), dtype=np.float32)
        g = np.array(gradient(path[k - 1] + rho * g), dtype=np.float32)
        path[k] = path[k - 1] - (eta if np.isscalar(eta) else eta[k - 1]) * g
    return path


# --- c) The experiment ----------------------------------------------------------------------------


@right("p2c-experiment")
def called_by_keyword(optimizer, gradient, starts, etas, rhos, num_steps):
    results = {}
    for rho, eta in itertools.product(rhos, etas):
        ends = []
        for start in starts:
            path = optimizer(gradient=gradient, x0=start, eta=eta, rho=rho, num_steps=num_steps)
            ends.append(list(path[num_steps]))
        results[(float(eta), float(rho))] = ends
    return results


@right("p2c-experiment")
def rounded_keys(optimizer, gradient, starts, etas, rhos, num_steps):
    results = collections.defaultdict(lambda: np.zeros(np.shape(starts)))
    for eta in np.array(etas):
        for rho in np.array(rhos):
            for r, start in enumerate(np.array(starts)):
                end = np.asarray(optimizer(gradient, start.copy(), eta, rho, num_steps))[-1]
                results[round(eta, 6), round(rho, 6)][r] = end
    return results


@right("p2c-experiment")
def through_lists(optimizer, gradient, starts, etas, rhos, num_steps):
    def last(start, eta, rho):
        return optimizer(lambda x: gradient(x), start.tolist(), eta, rho, num_steps)[-1]

    return {(e, r): np.float32([last(s, e, r) for s in starts]) for e in etas for r in rhos}


# --- c) The trace against the radius --------------------------------------------------------------


def medians(hessian_trace, results):
    table = {}
    for (eta, rho), ends in results.items():
        kept = [x for x in ends if np.all(np.isfinite(x)) and np.linalg.norm(x) <= 1e6]
        table.setdefault(eta, []).append((rho, np.median([hessian_trace(x) for x in kept])))
    return {eta: np.array(sorted(rows)) for eta, rows in table.items()}


@right("p2c-trace-plot")
def pyplot_alone(hessian_trace, results):
    plt.figure()
    for eta, rows in medians(hessian_trace, results).items():
        plt.plot(rows[:, 0], rows[:, 1], "o--", label=f"eta={eta}")
    plt.legend()
    plt.xlabel("rho")
    plt.ylabel("tr H")
    return plt.gcf()


@right("p2c-trace-plot")
def markers_alone(hessian_trace, results):
    figure, axes = plt.subplots()
    for eta, rows in medians(hessian_trace, results).items():
        axes.scatter(*rows.T, label=rf"$\eta={eta:.2f}$")
    axes.set(xlabel=r"$\rho$", ylabel="median trace", yscale="log")
    figure.legend(loc="outside upper right")
    return figure


@right("p2c-trace-plot")
def bars_of_spread(hessian_trace, results):
    figure, axes = plt.subplots()
    for eta, rows in medians(hessian_trace, results).items():
        spread = np.full(len(rows), 0.1)
        axes.errorbar(rows[:, 0], rows[:, 1], yerr=spread, capsize=2, label=f"{eta:g}")
    axes.legend(title=r"$\eta$")
    axes.set_xlabel("radius")
    axes.set_ylabel("trace")
    return figure, axes


@right("p2c-trace-plot")
def direct_labels(hessian_trace, results):
    _, axes = plt.subplots()
    for eta, rows in medians(hessian_trace, results).items():
        axes.plot(rows[:, 0], rows[:, 1], color="k")
        axes.text(rows[-1, 0], rows[-1, 1], f"η = {eta}")
    axes.set_xlabel("rho")
    axes.set_ylabel("trace of the Hessian")
    return axes


@right("p2c-trace-plot")
def all_runs_behind_the_medians(hessian_trace, results):
    figure, axes = plt.subplots()
    for k, (eta, rows) in enumerate(medians(hessian_trace, results).items()):
        for (other, rho), ends in results.items():
            if other == eta:
                traces = [hessian_trace(x) for x in ends if np.linalg.norm(x) <= 1e6]
                axes.scatter([rho] * len(traces), traces, color=f"C{k}", alpha=0.2, s=8)
        axes.plot(*rows.T, "s-", color=f"C{k}", label=f"$\\eta = {eta}$, median")
    axes.legend(fontsize="small")
    axes.set_xlabel("rho")
    axes.set_ylabel("trace")
    return figure


@right("p2c-trace-plot")
def axes_for_each(hessian_trace, results):
    table = medians(hessian_trace, results)
    figure, parts = plt.subplots(len(table), 1, sharex=True)
    for axes, (eta, rows) in zip(parts, table.items(), strict=True):
        axes.plot(*rows.T, "o-")
        axes.set_title(f"step size {eta}")
        axes.set_ylabel("trace")
    parts[-1].set_xlabel("rho")
    return figure


@right("p2c-trace-plot")
def radii_as_categories(hessian_trace, results):
    figure, axes = plt.subplots()
    for eta, rows in medians(hessian_trace, results).items():
        axes.plot([f"{rho:g}" for rho in rows[:, 0]], rows[:, 1], "o-", label=f"eta {eta:g}")
    axes.set_xlabel("rho")
    axes.set_ylabel("trace")
    axes.legend()
    return figure


# --- c) The loss surface --------------------------------------------------------------------------


def ends_at(results, eta):
    chosen = {rho: np.asarray(ends) for (e, rho), ends in results.items() if np.isclose(e, eta)}
    return chosen[0.0], {rho: ends for rho, ends in chosen.items() if rho > 0}


def valley(loss, results, count=41):
    size = 1.1 * max(1.0, *(np.max(np.abs(ends)) for ends in results.values()))
    u = np.linspace(-size, size, count)
    v = np.linspace(-size, size, count - 4)
    return u, v, np.array([[loss(np.array([a, b])) for a in u] for b in v])


def mark_ends(axes, results, eta):
    gd, usam = ends_at(results, eta)
    axes.scatter(gd[:, 0], gd[:, 1], marker="x", color="r", zorder=9, label="GD")
    for rho, ends in usam.items():
        axes.plot(ends[:, 0], ends[:, 1], "wo", zorder=9, label=f"USAM (rho={rho})")


@right("p2c-surface-plot")
def level_lines(loss, results, eta):
    figure, axes = plt.subplots()
    u, v, values = valley(loss, results)
    axes.clabel(axes.contour(u, v, values, levels=12, cmap="gray"))
    gd, usam = ends_at(results, eta)
    axes.plot(gd[:, 0], gd[:, 1], "rs", label="gradient descent")
    for ends in usam.values():
        axes.plot(ends[:, 0], ends[:, 1], "b^", label="USAM")
    axes.set(xlabel="u", ylabel="v")
    axes.legend()
    return figure


@right("p2c-surface-plot")
def coloured_cells(loss, results, eta):
    u, v, values = valley(loss, results)
    plt.figure()
    plt.pcolormesh(u, v, values)
    plt.colorbar(label="L")
    mark_ends(plt.gca(), results, eta)
    plt.xlabel("$u$")
    plt.ylabel("$v$")
    plt.legend()
    return plt.gcf()


@right("p2c-surface-plot")
def image(loss, results, eta):
    figure, axes = plt.subplots()
    u, v, values = valley(loss, results, 60)
    box = (u[0], u[-1], v[0], v[-1])
    axes.imshow(values, origin="lower", extent=box, aspect="auto", cmap="Blues")
    mark_ends(axes, results, eta)
    axes.set(xlabel="u", ylabel="v", title=f"eta = {eta}")
    figure.legend()
    return figure, axes


@right("p2c-surface-plot")
def solid_surface(loss, results, eta):
    figure = plt.figure()
    axes = figure.add_subplot(projection="3d")
    u, v, values = valley(loss, results)
    axes.plot_surface(*np.meshgrid(u, v), values, alpha=0.5)
    gd, usam = ends_at(results, eta)
    axes.scatter(gd[:, 0], gd[:, 1], [loss(x) for x in gd], c="r", label="GD")
    for ends in usam.values():
        axes.scatter(ends[:, 0], ends[:, 1], [loss(x) for x in ends], c="k", label="USAM")
    axes.set_xlabel("u")
    axes.set_ylabel("v")
    axes.set_zlabel("L")
    axes.legend()
    return figure


@right("p2c-surface-plot")
def logarithmic_bands(loss, results, eta):
    figure, axes = plt.subplots()
    u, v, values = valley(loss, results)
    axes.contourf(u, v, np.log10(values - values.min() + 0.3), levels=20)
    mark_ends(axes, results, eta)
    axes.set(xlabel="u", ylabel="v")
    axes.legend(loc="upper left", bbox_to_anchor=(1, 1))
    return figure


@right("p2c-surface-plot")
def clipped_values(loss, results, eta):
    figure, axes = plt.subplots()
    u, v, values = valley(loss, results)
    U, V = np.meshgrid(u, v, indexing="ij")
    axes.contourf(U, V, np.minimum(values, np.quantile(values, 0.7)).T, levels=30)
    mark_ends(axes, results, eta)
    axes.set(xlabel="u", ylabel="v")
    axes.legend()
    return figure


@right("p2c-surface-plot")
def axes_for_each_method(loss, results, eta):
    figure, parts = plt.subplots(1, 2, sharey=True, layout="constrained")
    u, v, values = valley(loss, results)
    gd, usam = ends_at(results, eta)
    for axes, name, ends in zip(parts, ("GD", "USAM"), (gd, *usam.values()), strict=False):
        drawn = axes.contourf(u, v, values, levels=15)
        axes.scatter(ends[:, 0], ends[:, 1], c="w", edgecolors="k")
        axes.set_title(name)
        axes.set_xlabel("u")
    for ends in list(usam.values())[1:]:
        parts[1].scatter(ends[:, 0], ends[:, 1], c="w", edgecolors="k")
    parts[0].set_ylabel("v")
    figure.colorbar(drawn, ax=parts)
    return figure


@right("p2c-surface-plot")
def direct_labels_on_the_plane(loss, results, eta):
    figure, axes = plt.subplots()
    u, v, values = valley(loss, results)
    axes.contourf(u, v, values, levels=9, alpha=0.6)
    gd, usam = ends_at(results, eta)
    for x in gd:
        axes.scatter(*x, color="red")
    axes.annotate("GD", gd[0])
    for ends in usam.values():
        for x in ends:
            axes.plot(x[0], x[1], "k*")
        axes.annotate("USAM", ends[0])
    axes.set(xlabel="u", ylabel="v")
    return figure


@right("p2c-surface-plot")
def turned_plane(loss, results, eta):
    figure, axes = plt.subplots()
    u, v, values = valley(loss, results)
    axes.contourf(v, u, values.T, levels=15)
    gd, usam = ends_at(results, eta)
    axes.plot(gd[:, 1], gd[:, 0], "rx", label="GD")
    for ends in usam.values():
        axes.plot(ends[:, 1], ends[:, 0], "wo", label="USAM")
    axes.set(xlabel="v", ylabel="u")
    axes.legend()
    return figure


@right("p2c-surface-plot")
def wires(loss, results, eta):
    figure, axes = plt.subplots(subplot_kw={"projection": "3d"})
    u, v, values = valley(loss, results)
    axes.plot_wireframe(*np.meshgrid(u, v), values, lw=0.3)
    gd, usam = ends_at(results, eta)
    axes.plot(gd[:, 0], gd[:, 1], [loss(x) for x in gd], "ro", label="GD")
    for ends in usam.values():
        axes.plot(ends[:, 0], ends[:, 1], [loss(x) for x in ends], "b^", label="USAM")
    axes.set(xlabel="u", ylabel="v", zlabel="loss")
    axes.legend()
    return figure


@right("p2c-surface-plot")
def legend_by_the_order_of_drawing(loss, results, eta):
    figure, axes = plt.subplots()
    axes.pcolormesh(*valley(loss, results))
    gd, usam = ends_at(results, eta)
    # the markers of a scatter lie below a line's, whichever is drawn first
    axes.plot(*gd.T, "r+", ms=9)
    axes.scatter(*np.concatenate(list(usam.values())).T, color="w")
    axes.set(xlabel="u", ylabel="v")
    axes.legend(["GD", "USAM"])
    return figure


@right("p2c-surface-plot")
def a_legend_of_its_own_making(loss, results, eta):
    figure, axes = plt.subplots()
    axes.contour(*valley(loss, results), levels=15)
    for rho, ends in sorted({0.0: ends_at(results, eta)[0], **ends_at(results, eta)[1]}.items()):
        axes.scatter(*ends.T, color="k" if rho else "r")
    samples = [plt.Line2D([], [], color=color, marker="o", ls="") for color in "kr"]
    axes.legend(samples, ["USAM", "GD"])
    axes.set(xlabel="u", ylabel="v")
    return figure


@right("p2c-surface-plot")
def radii_for_names(loss, results, eta):
    figure, axes = plt.subplots()
    axes.contourf(*valley(loss, results), levels=12)
    for (e, rho), ends in reversed(results.items()):
        if e == eta:
            axes.errorbar(*np.transpose(ends), xerr=0.02, fmt="o", label=rf"$\rho = {rho:g}$")
    axes.set(xlabel="u", ylabel="v")
    axes.legend(title=rf"$\eta = {eta}$, GD is $\rho = 0$")
    return figure


@right("p2c-surface-plot")
def one_curve_for_all(loss, results, eta):
    figure, axes = plt.subplots()
    axes.contourf(*valley(loss, results), levels=12)
    gd, usam = ends_at(results, eta)
    ends = np.concatenate([gd, *usam.values()])
    axes.scatter(*ends.T, c=["w"] * len(gd) + ["r"] * (len(ends) - len(gd)), label="last iterates")
    axes.text(*gd[0], "GD")
    axes.text(*ends[-1], "USAM")
    axes.set(xlabel="u", ylabel="v")
    axes.legend()
    return figure


@right("p2c-surface-plot")
def handles_in_another_order(loss, results, eta):
    figure, axes = plt.subplots()
    axes.contour(*valley(loss, results), levels=15)
    gd, usam = ends_at(results, eta)
    first = axes.scatter(*gd.T, color="r")
    others = [axes.scatter(*ends.T, color="b", alpha=0.5) for ends in usam.values()]
    axes.legend([*others, first], [*(f"USAM, rho = {rho}" for rho in usam), "GD"])
    axes.set(xlabel="u", ylabel="v")
    return figure


@right("p2c-surface-plot")
def one_legend_for_two_pictures(loss, results, eta):
    figure, parts = plt.subplots(1, 2)
    gd, usam = ends_at(results, eta)
    for axes, ends, color in zip(
        parts, (gd, np.concatenate(list(usam.values()))), "rk", strict=True
    ):
        axes.pcolormesh(*valley(loss, results), alpha=0.5)
        axes.scatter(*ends.T, facecolors="none", edgecolors=color)
        axes.set(xlabel="u", ylabel="v")
    figure.legend([plt.Line2D([], [], color=c, lw=4) for c in "kr"], ["USAM", "GD"])
    return figure


@right("p2c-surface-plot")
def a_sloppy_sample(loss, results, eta):
    figure, axes = plt.subplots()
    axes.pcolormesh(*valley(loss, results))
    gd, usam = ends_at(results, eta)
    # GD's circles have a black edge, USAM's triangles are black all over
    axes.scatter(*gd.T, color="w", edgecolors="k")
    axes.scatter(*np.concatenate(list(usam.values())).T, color="k", marker="^")
    samples = [plt.Line2D([], [], color="k", marker=m, mfc="none", ls="") for m in "o^"]
    axes.legend(samples, ["GD", "USAM"])
    axes.set(xlabel="u", ylabel="v")
    return figure


@right("p2c-surface-plot")
def two_legends(loss, results, eta):
    figure, axes = plt.subplots()
    axes.contourf(*valley(loss, results), levels=12)
    gd, usam = ends_at(results, eta)
    axes.plot(*gd.T, "rs")
    for marker, ends in zip("o^", usam.values(), strict=True):
        axes.plot(*ends.T, color="k", marker=marker, ls="")
    shapes = [plt.Line2D([], [], color="gray", marker=m, ls="") for m in "so^"]
    axes.add_artist(axes.legend(shapes, ["0", *map(str, usam)], title="rho", loc="lower left"))
    axes.legend([plt.Rectangle((0, 0), 1, 1, color=c) for c in "rk"], ["GD", "USAM"])
    axes.set(xlabel="u", ylabel="v")
    return figure

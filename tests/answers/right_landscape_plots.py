"""Right pictures of the traces and of the loss surface, drawn in other ways."""

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np

from ..hidden.answers import right

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


@right("p2c-trace-plot")
def log_scale_of_the_radii(hessian_trace, results):
    figure, axes = plt.subplots()
    for eta, rows in reversed(medians(hessian_trace, results).items()):
        axes.plot(rows[:, 0], rows[:, 1], "D:", label=f"$\\eta = {eta:.3g}$")
    axes.set_xscale("symlog", linthresh=0.05)
    axes.set_yscale("log")
    axes.set(xlabel=r"radius $\rho$", ylabel=r"median of $\mathrm{tr}\,\nabla^2 L$")
    axes.legend(loc="center left", bbox_to_anchor=(1.0, 0.5))
    return figure


@right("p2c-trace-plot")
def quartiles_as_a_band(hessian_trace, results):
    figure, axes = plt.subplots()
    for k, (eta, rows) in enumerate(sorted(medians(hessian_trace, results).items())):
        low, high = [], []
        for rho in rows[:, 0]:
            ends = np.asarray(results[eta, rho])
            kept = ends[np.linalg.norm(np.nan_to_num(ends, nan=1e9), axis=1) <= 1e6]
            traces = [hessian_trace(x) for x in kept]
            low.append(np.quantile(traces, 0.25))
            high.append(np.quantile(traces, 0.75))
        axes.fill_between(rows[:, 0], low, high, color=f"C{k}", alpha=0.2, lw=0)
        axes.plot(*rows.T, color=f"C{k}", marker="o", label=f"eta = {eta}")
    axes.set(xlabel="rho", ylabel="final trace", ylim=(0, None))
    axes.legend()
    return figure


@right("p2c-trace-plot")
def rows_of_one_table(hessian_trace, results):
    table = medians(hessian_trace, results)
    rhos = next(iter(table.values()))[:, 0]
    columns = np.column_stack([rows[:, 1] for rows in table.values()])
    figure, axes = plt.subplots()
    lines = axes.plot(rhos, columns, marker=".")
    axes.legend(lines, [f"η={eta}" for eta in table], title="step size", loc="best")
    axes.set(xlabel="ρ", ylabel="Tr(H)")
    return figure


@right("p2c-trace-plot")
def boxes_behind_the_medians(hessian_trace, results):
    figure, axes = plt.subplots()
    for eta, rows in medians(hessian_trace, results).items():
        spreads = []
        for rho in rows[:, 0]:
            ends = [x for x in results[eta, rho] if np.isfinite(x).all() and x @ x <= 1e12]
            spreads.append([hessian_trace(x) for x in ends])
        axes.boxplot(spreads, positions=rows[:, 0], widths=0.02, manage_ticks=False)
        axes.plot(rows[:, 0], rows[:, 1], label=f"eta={eta}")
    axes.set(xlabel="rho", ylabel="trace")
    axes.legend()
    return figure


@right("p2c-trace-plot")
def subfigures(hessian_trace, results):
    figure = plt.figure(layout="constrained")
    table = medians(hessian_trace, results)
    for part, (eta, rows) in zip(figure.subfigures(1, len(table)), table.items(), strict=True):
        axes = part.subplots()
        axes.plot(rows[:, 0], rows[:, 1], "x-")
        axes.set(xlabel="rho", ylabel="trace", title=f"eta = {eta}")
    return figure


@right("p2c-trace-plot")
def in_german(hessian_trace, results):
    figure, axes = plt.subplots()
    for eta, rows in medians(hessian_trace, results).items():
        axes.plot(*rows.T, "o-", label=f"Schrittweite η = {eta}")
    axes.set(xlabel="Radius ρ", ylabel="Spur der Hesse-Matrix (Median)", title="ρ = 0: GD")
    axes.legend()
    return figure


@right("p2c-trace-plot")
def in_french(hessian_trace, results):
    figure, axes = plt.subplots()
    for eta, rows in medians(hessian_trace, results).items():
        axes.plot(*rows.T, "s--", label=f"{eta}")
    axes.set(xlabel="rayon de perturbation", ylabel="trace de la hessienne")
    axes.legend(title="taux d'apprentissage")
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


@right("p2c-surface-plot")
def old_style_cells(loss, results, eta):
    u, v, values = valley(loss, results)
    figure, axes = plt.subplots(subplot_kw={"aspect": "equal"})
    axes.pcolor(u, v, values, cmap="magma", norm=mpl.colors.PowerNorm(0.5))
    mark_ends(axes, results, eta)
    axes.set(xlabel="u", ylabel="v")
    axes.legend(fontsize=6)
    return figure


@right("p2c-surface-plot")
def gouraud_shading(loss, results, eta):
    u, v, values = valley(loss, results)
    figure, axes = plt.subplots()
    mesh = axes.pcolormesh(*np.meshgrid(u, v), values, shading="gouraud")
    figure.colorbar(mesh, ax=axes, location="top", label="loss")
    mark_ends(axes, results, eta)
    axes.set(xlabel="u", ylabel="v")
    axes.legend()
    return figure


@right("p2c-surface-plot")
def scattered_points_in_triangles(loss, results, eta):
    u, v, values = valley(loss, results)
    U, V = np.meshgrid(u, v)
    figure, axes = plt.subplots()
    axes.tricontourf(U.ravel(), V.ravel(), values.ravel(), levels=18)
    mark_ends(axes, results, eta)
    axes.set(xlabel="u", ylabel="v")
    axes.legend()
    return figure


@right("p2c-surface-plot")
def surface_in_triangles(loss, results, eta):
    u, v, values = valley(loss, results, 31)
    U, V = np.meshgrid(u, v)
    figure, axes = plt.subplots(subplot_kw={"projection": "3d"})
    axes.plot_trisurf(U.ravel(), V.ravel(), values.ravel(), cmap="viridis", alpha=0.6)
    gd, usam = ends_at(results, eta)
    axes.scatter(*gd.T, [loss(x) for x in gd], marker="o", label="GD")
    for rho, ends in usam.items():
        axes.scatter(*ends.T, [loss(x) for x in ends], marker="^", label=f"USAM, rho {rho}")
    axes.set(xlabel="u", ylabel="v", zlabel="L", title="final iterates")
    axes.view_init(40, -60)
    axes.legend()
    return figure


@right("p2c-surface-plot")
def level_lines_over_a_surface(loss, results, eta):
    u, v, values = valley(loss, results)
    figure = plt.figure(figsize=(8, 4))
    flat = figure.add_subplot(1, 2, 1)
    flat.contour(u, v, values, np.quantile(values, np.linspace(0.02, 0.98, 15)))
    mark_ends(flat, results, eta)
    flat.set(xlabel="u", ylabel="v")
    flat.legend()
    solid = figure.add_subplot(1, 2, 2, projection="3d")
    solid.plot_surface(*np.meshgrid(u, v), values, cmap="coolwarm", rstride=2, cstride=2)
    solid.set(xlabel="u", ylabel="v", zlabel="L")
    return figure


@right("p2c-surface-plot")
def loss_of_the_whole_grid_at_once(loss, results, eta):
    grid = np.linspace(-3, 3, 81)
    U, V = np.meshgrid(grid, grid)
    values = np.vectorize(lambda a, b: loss(np.array([a, b])))(U, V)
    figure, axes = plt.subplots()
    filled = axes.contourf(U, V, values, levels=40, cmap="viridis")
    axes.contour(filled, levels=filled.levels[::4], colors="k", linewidths=0.3)
    figure.colorbar(filled)
    mark_ends(axes, results, eta)
    axes.set_xlabel("u")
    axes.set_ylabel("v")
    axes.set_title(f"Widening valley, $\\eta = {eta}$")
    axes.axhline(0, color="w", lw=0.5)
    axes.axvline(0, color="w", lw=0.5)
    axes.legend()
    return figure


@right("p2c-surface-plot")
def levels_by_powers_of_ten(loss, results, eta):
    u, v, values = valley(loss, results)
    levels = np.geomspace(max(values.min(), 1e-2), values.max(), 25)
    figure, axes = plt.subplots()
    filled = axes.contourf(u, v, values, levels, norm=mpl.colors.LogNorm(), extend="min")
    plt.colorbar(filled, ax=axes)
    mark_ends(axes, results, eta)
    axes.set(xlabel="u", ylabel="v")
    axes.legend(loc="lower right")
    return figure


@right("p2c-surface-plot")
def axes_for_each_radius(loss, results, eta):
    radii = sorted(rho for e, rho in results if e == eta)
    figure, parts = plt.subplots(1, len(radii), figsize=(12, 4), sharex=True, sharey=True)
    u, v, values = valley(loss, results)
    for axes, rho in zip(parts, radii, strict=True):
        axes.imshow(values[::-1], extent=(u[0], u[-1], v[0], v[-1]), aspect="auto")
        axes.plot(*np.transpose(results[eta, rho]), "wo", mec="k")
        axes.set(xlabel="u", title=f"USAM, rho = {rho}" if rho else "GD")
    parts[0].set_ylabel("v")
    return figure


@right("p2c-surface-plot")
def crosses_drawn_as_one_line_each(loss, results, eta):
    figure, axes = plt.subplots()
    axes.contourf(*valley(loss, results), levels=12)
    gd, usam = ends_at(results, eta)
    for r, x in enumerate(gd):
        axes.plot(*x, "r+", label="_nolegend_" if r else "GD")
    for ends in usam.values():
        for x in ends:
            axes.plot([x[0]], [x[1]], "kx")
    handles = axes.get_legend_handles_labels()[0] + [axes.lines[-1]]
    axes.legend(handles, ["GD", "USAM"])
    axes.set(xlabel="u", ylabel="v")
    return figure


@right("p2c-surface-plot")
def half_of_the_plane_repeated(loss, results, eta):
    # a finer grid where the points are, a coarse one around
    figure, axes = plt.subplots()
    axes.pcolormesh(*valley(loss, results, 21), shading="nearest", zorder=0)
    fine = np.linspace(-2.5, 2.5, 61)
    axes.pcolormesh(fine, fine, [[loss([a, b]) for a in fine] for b in fine], zorder=1)
    mark_ends(axes, results, eta)
    axes.set(xlabel="u", ylabel="v")
    axes.legend()
    return figure


@right("p2c-surface-plot")
def logarithm_on_a_solid(loss, results, eta):
    figure, axes = plt.subplots(subplot_kw={"projection": "3d"})
    u, v, values = valley(loss, results)
    axes.plot_surface(*np.meshgrid(u, v), np.log10(values + 1e-3), alpha=0.5)
    gd, usam = ends_at(results, eta)
    axes.scatter(*gd.T, [np.log10(loss(x) + 1e-3) for x in gd], label="GD")
    for ends in usam.values():
        axes.scatter(*ends.T, [np.log10(loss(x) + 1e-3) for x in ends], label="USAM")
    axes.set(xlabel="u", ylabel="v", zlabel="log L")
    axes.legend()
    return figure


@right("p2c-surface-plot")
def level_lines_in_space(loss, results, eta):
    figure, axes = plt.subplots(subplot_kw={"projection": "3d"})
    u, v, values = valley(loss, results)
    axes.contour(*np.meshgrid(u, v), values, levels=30)
    gd, usam = ends_at(results, eta)
    axes.scatter(*gd.T, [loss(x) for x in gd], label="GD")
    for ends in usam.values():
        axes.scatter(*ends.T, [loss(x) for x in ends], label="USAM")
    axes.set(xlabel="u", ylabel="v", zlabel="L")
    axes.legend()
    return figure


@right("p2c-surface-plot")
def all_radii_in_one_set_of_markers(loss, results, eta):
    figure, axes = plt.subplots()
    axes.contourf(*valley(loss, results), levels=12)
    gd, usam = ends_at(results, eta)
    axes.scatter(*gd.T, label=r"GD ($\\rho = 0$)", marker="x", color="w")
    radii = ", ".join(f"{rho:g}" for rho in usam)
    axes.scatter(*np.vstack([*usam.values()]).T, label=rf"USAM ($\\rho = {radii}$)", color="r")
    axes.set(xlabel="u", ylabel="v", title=rf"$\\eta = {eta}$, $\\rho = 0, {radii}$")
    axes.legend()
    return figure


@right("p2c-surface-plot")
def each_radius_written_out(loss, results, eta):
    figure, axes = plt.subplots()
    axes.pcolormesh(*valley(loss, results))
    gd, usam = ends_at(results, eta)
    axes.plot(*gd.T, "wx", label="GD")
    words = " and ".join(f"rho = {rho}" for rho in usam)
    axes.plot(*np.vstack([*usam.values()]).T, "r.", label=f"USAM with {words}")
    axes.set(xlabel="u", ylabel="v")
    axes.legend(title=f"eta = {eta}, 5 starts each")
    return figure


def named(axes, results, eta, gd, usam):
    """Marks under these names; that of USAM gets the radius."""
    for (e, rho), ends in results.items():
        if e == eta:
            name = usam.format(rho) if rho else gd
            axes.scatter(*np.transpose(ends), marker="o" if rho else "x", label=name, zorder=4)
    axes.set(xlabel="$u$", ylabel="$v$")
    axes.legend()


@right("p2c-surface-plot")
def in_german_with_a_title(loss, results, eta):
    figure, axes = plt.subplots()
    axes.contourf(*valley(loss, results, 60), levels=20)
    named(axes, results, eta, "Gradientenabstieg", "schärfebewusst, ρ = {}")
    axes.set_title(f"Letzte Iterierte bei Lernrate {eta}")
    return figure


@right("p2c-surface-plot")
def with_and_without_perturbation(loss, results, eta):
    figure, axes = plt.subplots()
    axes.pcolormesh(*valley(loss, results, 100))
    named(axes, results, eta, "no perturbation", "with perturbation, radius {}")
    return figure


@right("p2c-surface-plot")
def in_french_in_space(loss, results, eta):
    figure, axes = plt.subplots(subplot_kw={"projection": "3d"})
    u, v, values = valley(loss, results)
    axes.plot_surface(*np.meshgrid(u, v), values, alpha=0.6)
    for (e, rho), ends in results.items():
        if e == eta:
            heights = [loss(x) + 0.3 for x in ends]  # a little above, to be seen
            name = f"SAM non normalisé, ρ = {rho}" if rho else "descente de gradient"
            axes.scatter(*np.transpose(ends), heights, label=name)
    axes.set(xlabel="u", ylabel="v", zlabel="perte", title=f"pas η = {eta}")
    axes.legend()
    return figure


@right("p2c-surface-plot")
def marks_at_the_foot_of_a_solid(loss, results, eta):
    figure, axes = plt.subplots(subplot_kw={"projection": "3d"})
    u, v, values = valley(loss, results)
    axes.plot_wireframe(*np.meshgrid(u, v), values, lw=0.4)
    for (e, rho), ends in results.items():
        if e == eta:
            axes.scatter(*np.transpose(ends), label="USAM (ρ>0)" if rho else "GD (ρ=0)")
    axes.set(xlabel="u", ylabel="v")
    axes.legend()
    return figure


@right("p2c-surface-plot")
def projected_onto_contours_above(loss, results, eta):
    figure, axes = plt.subplots(subplot_kw={"projection": "3d"})
    u, v, values = valley(loss, results)
    U, V = np.meshgrid(u, v)
    axes.plot_surface(U, V, values, alpha=0.3)
    axes.contour(U, V, values, levels=20, zdir="z", offset=2 * values.max())
    for (e, rho), ends in results.items():
        if e == eta:
            axes.scatter(*np.transpose(ends), 2 * values.max(), label="USAM" if rho else "GD")
    axes.set(xlabel="u", ylabel="v")
    axes.legend()
    return figure


@right("p2c-surface-plot")
def clipped_solid_with_marks_at_the_loss(loss, results, eta):
    figure, axes = plt.subplots(subplot_kw={"projection": "3d"})
    u, v, values = valley(loss, results)
    axes.plot_surface(*np.meshgrid(u, v), np.minimum(values, np.quantile(values, 0.8)), alpha=0.4)
    for (e, rho), ends in results.items():
        if e == eta:
            axes.scatter(*np.transpose(ends), [loss(x) for x in ends], label="SAM" if rho else "GD")
    axes.set(xlabel="u", ylabel="v", zlabel="L")
    axes.legend()
    return figure


@right("p2c-surface-plot")
def colours_in_words(loss, results, eta):
    figure, axes = plt.subplots()
    axes.contour(*valley(loss, results), levels=15, cmap="gray")
    for (e, rho), ends in results.items():
        if e == eta:
            axes.plot(*np.transpose(ends), "bo" if rho else "rx")
    axes.set(xlabel="u", ylabel="v", title="Rote Kreuze: GD, blaue Kreise: USAM")
    return figure

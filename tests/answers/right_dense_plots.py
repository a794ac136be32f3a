"""Right pictures that are crowded, coarse, or large: near to what can no longer be told apart."""

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np

from ..hidden.answers import right

# --- The objective --------------------------------------------------------------------------------


@right("p1-plot")
def bands_of_error_around_each_line(objective, trajectories):
    figure, axes = plt.subplots()
    for label, path in trajectories.items():
        values = np.array([objective(x) for x in path])
        axes.errorbar(range(len(path)), values, yerr=0.1 * values, capsize=2, label=label)
        axes.fill_between(range(len(path)), 0.8 * values, 1.2 * values, alpha=0.2)
        axes.plot(0.8 * values, ":", lw=0.5)
        axes.plot(1.2 * values, ":", lw=0.5)
    axes.set(xlabel="step", ylabel="objective")
    axes.legend()
    return figure


@right("p1-plot")
def stroke_by_stroke_in_all_colours(objective, trajectories):
    figure, axes = plt.subplots()
    for path in trajectories.values():
        values = [objective(x) for x in path]
        for t in range(len(values) - 1):
            axes.plot([t, t + 1], [values[t], values[t + 1]])
    for k, label in enumerate(trajectories):
        axes.text(0.1 * k, 0.9, label, transform=axes.transAxes)
    axes.set(xlabel="step", ylabel="objective")
    return figure


@right("p1-plot")
def dots_with_a_star_at_the_start(objective, trajectories):
    figure, axes = plt.subplots()
    for k, (label, path) in enumerate(trajectories.items()):
        for t, x in enumerate(path):
            axes.plot(t, objective(x), "o" if t else "*", color=f"C{k}")
        axes.annotate(label, (0, objective(path[0])))
    axes.set(xlabel="$t$", ylabel="$f(x^t)$", yscale="log")
    return figure


@right("p1-plot")
def binary_logarithms(objective, trajectories):
    figure, axes = plt.subplots()
    for label, path in trajectories.items():
        axes.plot(np.log2([objective(x) for x in path]), label=label)
    axes.set(xlabel="step", ylabel=r"$\log_2 f(x^t)$")
    axes.legend()
    return figure


@right("p1-plot")
def natural_logarithms(objective, trajectories):
    figure, axes = plt.subplots()
    for label, path in trajectories.items():
        axes.plot(np.log([objective(x) for x in path]), label=label)
    axes.set(xlabel="step", ylabel="log of the objective")
    axes.legend()
    return figure


# --- The traces -----------------------------------------------------------------------------------


def rows(hessian_trace, results):
    """For each η its ρs, and the traces of the runs that did not diverge."""
    for eta in sorted({eta for eta, _ in results}):
        rhos = sorted(rho for other, rho in results if other == eta)
        kept = [[x for x in results[eta, rho] if np.linalg.norm(x) <= 1e6] for rho in rhos]
        yield eta, rhos, [[hessian_trace(x) for x in points] for points in kept]


@right("p2c-trace-plot")
def five_lines_for_each_step_size(hessian_trace, results):
    figure, axes = plt.subplots()
    for k, (eta, rhos, traces) in enumerate(rows(hessian_trace, results)):
        for q, style in zip((0, 0.25, 0.75, 1), (":", "--", "--", ":"), strict=True):
            axes.plot(rhos, [np.quantile(some, q) for some in traces], style, color=f"C{k}")
        median = [np.median(some) for some in traces]
        axes.plot(rhos, median, "o-", color=f"C{k}", label=f"eta = {eta}")
    axes.set(xlabel="rho", ylabel="trace")
    axes.legend()
    return figure


@right("p2c-trace-plot")
def every_run_as_a_pale_line(hessian_trace, results):
    figure, axes = plt.subplots()
    for k, (eta, rhos, traces) in enumerate(rows(hessian_trace, results)):
        for run in range(min(map(len, traces))):
            axes.plot(rhos, [some[run] for some in traces], color=f"C{k}", alpha=0.2, lw=0.8)
        axes.plot(rhos, [np.median(s) for s in traces], color=f"C{k}", lw=2.5, label=f"{eta:g}")
    axes.set(xlabel="rho", ylabel="trace")
    axes.legend(title="eta")
    return figure


@right("p2c-trace-plot")
def runs_and_medians_dot_by_dot(hessian_trace, results):
    figure, axes = plt.subplots()
    for k, (eta, rhos, traces) in enumerate(rows(hessian_trace, results)):
        for rho, some in zip(rhos, traces, strict=True):
            for value in some:
                axes.plot(rho, value, ".", color=f"C{k}", alpha=0.3)
            name = f"eta = {eta}" if rho == rhos[0] else None
            axes.plot(rho, np.median(some), "s", color=f"C{k}", label=name)
    axes.set(xlabel="rho", ylabel="trace")
    axes.legend()
    return figure


@right("p2c-trace-plot")
def median_and_mean(hessian_trace, results):
    figure, parts = plt.subplots(1, 2, sharey=True)
    for eta, rhos, traces in rows(hessian_trace, results):
        for axes, middle in zip(parts, (np.median, np.mean), strict=True):
            axes.errorbar(rhos, [middle(s) for s in traces], yerr=0.1, capsize=3, label=f"{eta}")
            axes.set(xlabel=r"$\rho$", ylabel=r"$\mathrm{tr}\,H$", title=middle.__name__)
            axes.legend()
    return figure


# --- The surface ----------------------------------------------------------------------------------


def plane(loss, size=2.8, count=60, height=None):
    u, v = np.linspace(-size, size, count), np.linspace(-size, size, height or count)
    return u, v, np.array([[loss(np.array([a, b])) for a in u] for b in v])


def with_ends(figure, results, eta):
    """The last iterates on the figure's first axes, with names and labels."""
    axes = figure.axes[0]
    axes.set(xlabel="u", ylabel="v")
    for (other, rho), ends in results.items():
        if other == eta:
            name = f"USAM, rho = {rho}" if rho else "GD"
            axes.plot(*np.transpose(ends), "o", ms=5, zorder=9, label=name)
    axes.legend()
    return figure


def drawn(draw):
    figure, axes = plt.subplots()
    draw(axes)
    return figure


@right("p2c-surface-plot")
def coarse_cells(loss, results, eta):
    u, v, values = plane(loss, count=12)
    return with_ends(drawn(lambda axes: axes.pcolormesh(u, v, values)), results, eta)


@right("p2c-surface-plot")
def coarse_cells_between_the_points(loss, results, eta):
    u, v, values = plane(loss, count=14)
    draw = lambda axes: axes.pcolormesh(u, v, values[:-1, :-1], shading="flat")  # noqa: E731
    return with_ends(drawn(draw), results, eta)


@right("p2c-surface-plot")
def coarse_level_lines(loss, results, eta):
    u, v, values = plane(loss, count=12)
    return with_ends(drawn(lambda axes: axes.contour(u, v, values, levels=10)), results, eta)


@right("p2c-surface-plot")
def coarse_solid(loss, results, eta):
    u, v, values = plane(loss, count=12)
    figure, axes = plt.subplots(subplot_kw={"projection": "3d"})
    axes.plot_surface(*np.meshgrid(u, v), values, alpha=0.3)
    for (other, rho), ends in results.items():
        if other == eta:
            heights = [loss(x) for x in ends]
            axes.scatter(*ends.T, heights, label=f"USAM, rho = {rho}" if rho else "GD")
    axes.set(xlabel="u", ylabel="v", zlabel="loss")
    axes.legend()
    return figure


@right("p2c-surface-plot")
def few_bands(loss, results, eta):
    u, v, values = plane(loss)
    return with_ends(drawn(lambda axes: axes.contourf(u, v, values, levels=8)), results, eta)


@right("p2c-surface-plot")
def few_bands_of_logarithms(loss, results, eta):
    u, v, values = plane(loss)
    draw = lambda axes: axes.contourf(u, v, np.log(values + 1e-9), levels=8)  # noqa: E731
    return with_ends(drawn(draw), results, eta)


@right("p2c-surface-plot")
def the_floor_alone(loss, results, eta):
    u, v, values = plane(loss)
    draw = lambda axes: axes.pcolormesh(u, v, np.minimum(values, 4))  # noqa: E731
    return with_ends(drawn(draw), results, eta)


@right("p2c-surface-plot")
def ranks_of_the_loss(loss, results, eta):
    u, v, values = plane(loss)
    ranks = values.ravel().argsort().argsort().reshape(values.shape)
    return with_ends(drawn(lambda axes: axes.contourf(u, v, ranks, levels=10)), results, eta)


@right("p2c-surface-plot")
def roots_above_a_constant(loss, results, eta):
    _u, _v, values = plane(loss)
    draw = lambda axes: axes.imshow(  # noqa: E731
        np.sqrt(values) + 17, extent=(-2.8, 2.8, -2.8, 2.8), origin="lower"
    )
    return with_ends(drawn(draw), results, eta)


@right("p2c-surface-plot")
def image_with_the_first_row_on_top(loss, results, eta):
    _u, _v, values = plane(loss)
    draw = lambda axes: axes.imshow(values[::-1], extent=(-2.8, 2.8, -2.8, 2.8))  # noqa: E731
    return with_ends(drawn(draw), results, eta)


@right("p2c-surface-plot")
def large_plane(loss, results, eta):
    u, v, values = plane(loss, size=10, count=100)
    return with_ends(drawn(lambda axes: axes.contourf(u, v, values, levels=30)), results, eta)


@right("p2c-surface-plot")
def large_plane_looked_at_closely(loss, results, eta):
    u, v, values = plane(loss, size=10, count=150)
    figure = drawn(lambda axes: axes.pcolormesh(u, v, values, shading="gouraud"))
    figure.axes[0].set(xlim=(-2.6, 2.6), ylim=(-2.6, 2.6))
    return with_ends(figure, results, eta)


@right("p2c-surface-plot")
def fine_cells(loss, results, eta):
    u = np.linspace(-3, 3, 500)
    U, V = np.meshgrid(u, u)
    values = loss(np.array([U, V]))
    return with_ends(drawn(lambda axes: axes.pcolormesh(U, V, values)), results, eta)


@right("p2c-surface-plot")
def fine_bands(loss, results, eta):
    u = np.linspace(-3, 3, 500)
    values = loss(np.array(np.meshgrid(u, u)))
    return with_ends(drawn(lambda axes: axes.contourf(u, u, values, levels=60)), results, eta)


@right("p2c-surface-plot")
def bands_and_lines_upon_them(loss, results, eta):
    u, v, values = plane(loss)

    def draw(axes):
        axes.contourf(u, v, values, levels=15, cmap="Blues")
        axes.clabel(axes.contour(u, v, values, levels=15, colors="k", linewidths=0.5))

    return with_ends(drawn(draw), results, eta)


@right("p2c-surface-plot")
def corners_masked(loss, results, eta):
    u, v, values = plane(loss)
    hidden = np.ma.masked_greater(values, np.quantile(values, 0.85))
    return with_ends(drawn(lambda axes: axes.pcolormesh(u, v, hidden)), results, eta)


@right("p2c-surface-plot")
def coloured_squares(loss, results, eta):
    u, v, values = plane(loss, count=25)
    U, V = np.meshgrid(u, v)
    draw = lambda axes: axes.scatter(U, V, c=values, marker="s", s=60)  # noqa: E731
    return with_ends(drawn(draw), results, eta)


@right("p2c-surface-plot")
def random_triangles(loss, results, eta):
    points = np.random.default_rng(3).uniform(-3, 3, (2, 900))
    values = [loss(x) for x in points.T]
    draw = lambda axes: axes.tripcolor(*points, values)  # noqa: E731
    return with_ends(drawn(draw), results, eta)


@right("p2c-surface-plot")
def the_same_with_its_slope_beside(loss, results, eta):
    u, v, values = plane(loss)
    figure, (left, right_side) = plt.subplots(1, 2)
    left.contourf(u, v, values, levels=20)
    right_side.contourf(u, v, np.hypot(*np.gradient(values)), levels=20)
    right_side.set(xlabel="u", ylabel="v", title="norm of the gradient")
    return with_ends(figure, results, eta)


# --- The convergence ------------------------------------------------------------------------------


@right("p3-plot")
def errors_with_bars_and_three_guides(widths, errors):
    figure, axes = plt.subplots()
    axes.errorbar(widths, errors, yerr=0.2 * errors, fmt="o-", capsize=3, label="error")
    for power in (-0.25, -0.5, -1):
        axes.plot(widths, errors[0] * (widths / widths[0]) ** power, label=f"slope {power}")
    axes.set(xscale="log", yscale="log", xlabel="width", ylabel="error")
    axes.legend()
    return figure


@right("p3-plot")
def logarithms_to_base_two(widths, errors):
    figure, axes = plt.subplots()
    axes.plot(np.log2(widths), np.log2(errors), "o-", label="error")
    axes.plot(np.log2(widths), np.log2(errors[0] * np.sqrt(widths[0] / widths)), label="rate 1/2")
    axes.set(xlabel="log₂ m", ylabel="log₂ of the error")
    axes.legend()
    return figure


@right("p3-plot")
def upright_triangle(widths, errors):
    figure, axes = plt.subplots()
    axes.loglog(widths, errors, "o-", label="error")
    a, b = widths[0], 10.0 * widths[0]
    corners = [(a, errors[0]), (b, errors[0] / 10**0.5), (a, errors[0] / 10**0.5), (a, errors[0])]
    axes.plot(*np.transpose(corners), "k", label="slope -1/2")
    axes.set(xlabel="width", ylabel="error")
    axes.legend()
    return figure


@right("p3-plot")
def fine_points_of_a_guide(widths, errors):
    figure, axes = plt.subplots()
    axes.loglog(widths, errors, "o-", label="error")
    fine = np.geomspace(widths[0], widths[-1], 20_000)
    axes.loglog(fine, errors[0] * (fine / fine[0]) ** -0.5, label="$m^{-1/2}$")
    axes.set(xlabel="width", ylabel="error")
    axes.legend()
    return figure


@right("p3-plot")
def guide_of_one_collection(widths, errors):
    figure, axes = plt.subplots()
    axes.loglog(widths, errors, "o-", label="error")
    ends = [[(m, errors[0] * (m / widths[0]) ** -0.5) for m in widths[[0, -1]]]]
    axes.add_collection(mpl.collections.LineCollection(ends, colors="k", label="slope -1/2"))
    axes.set(xlabel="width", ylabel="error")
    axes.legend()
    return figure

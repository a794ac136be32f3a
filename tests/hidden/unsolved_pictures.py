"""Pictures that are drawn without solving the problem, which no claim should accept."""

from __future__ import annotations

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np

from .answers import wrong

# --- The objective along trajectories, drawn without a call ---------------------------------------


def framed(draw, trajectories, **options):
    """Return an axes with all labels and names, on which something is drawn."""
    figure, axes = plt.subplots()
    axes.set(xlabel="step", ylabel="objective", title=", ".join(trajectories))
    draw(axes)
    axes.set(**options)
    return figure


def heights():
    return np.geomspace(0.3, 300, 60)


def dense():
    return 0.3 * 1.0035 ** np.arange(1700)


def wide():
    return {"xlim": (-1, 9), "ylim": (0.1, 1000)}


@wrong("p1-plot")
def a_level_line_for_every_value(objective, trajectories):
    def draw(axes):
        for path in trajectories.values():
            for height in heights():
                axes.plot(np.full(len(path), height))

    return framed(draw, trajectories)


@wrong("p1-plot")
def norms_in_all_sizes(objective, trajectories):
    def draw(axes):
        for path in trajectories.values():
            norms = np.linalg.norm(path, axis=1)
            for scale in np.geomspace(0.1, 10, 10):
                for power in (0.5, 1, 1.5, 2, 3):
                    axes.plot(scale * norms**power)

    return framed(draw, trajectories)


@wrong("p1-plot")
def dots_everywhere_one_by_one(objective, trajectories):
    def draw(axes):
        for t in range(8):
            for height in heights():
                axes.plot(t, height, "k.")

    return framed(draw, trajectories, **wide())


@wrong("p1-plot")
def dots_everywhere_in_one_collection(objective, trajectories):
    def draw(axes):
        axes.scatter(*map(np.ravel, np.meshgrid(range(8), dense())))

    return framed(draw, trajectories, **wide())


@wrong("p1-plot")
def one_line_through_everything(objective, trajectories):
    def draw(axes):
        axes.plot(*(part.T.ravel() for part in np.meshgrid(range(8), dense()[::4])))

    return framed(draw, trajectories, **wide())


@wrong("p1-plot")
def strokes_everywhere(objective, trajectories):
    def draw(axes):
        for t in range(8):
            for low, high in zip(dense()[::2], dense()[1::2], strict=True):
                axes.plot([t, t], [low, high], "k")

    return framed(draw, trajectories, **wide())


@wrong("p1-plot")
def bars_everywhere(objective, trajectories):
    def draw(axes):
        axes.vlines(np.repeat(range(8), 850), np.tile(dense()[::2], 8), np.tile(dense()[1::2], 8))

    return framed(draw, trajectories, **wide())


@wrong("p1-plot")
def ticks_that_say_anything(objective, trajectories):
    def draw(axes):
        for path in trajectories.values():
            axes.plot(np.arange(len(path)), np.arange(len(path)))
        axes.set_yticks(range(8), ["0.5, 1, 2, 3, 5, 8, 13, 21"] * 8)

    return framed(draw, trajectories)


@wrong("p1-plot")
def a_logarithm_to_any_base(objective, trajectories):
    def draw(axes):
        for path in trajectories.values():
            for height in np.linspace(-3, 3, 60):
                axes.plot(np.full(len(path), height))

    return framed(draw, trajectories, ylabel="log, log2, log10 and ln of f")


@wrong("p1-plot")
def an_axes_for_every_guess(objective, trajectories):
    figure, parts = plt.subplots(4, 4)
    for axes, scale in zip(parts.ravel(), np.geomspace(0.2, 5, 16), strict=True):
        for power in (0.5, 1, 1.5, 2):
            for label, path in trajectories.items():
                axes.plot(scale * np.linalg.norm(path, axis=1) ** power, label=label)
        axes.set(xlabel="step", ylabel="objective")
    return figure


@wrong("p1-plot")
def an_outline_and_bars(objective, trajectories):
    def draw(axes):
        for path in trajectories.values():
            axes.fill_between(range(len(path)), 0, 1000)
            axes.bar(range(len(path)), np.linalg.norm(path, axis=1))

    return framed(draw, trajectories)


@wrong("p1-plot")
def right_curves_too_small_to_see(objective, trajectories):
    figure, axes = plt.subplots()
    corner = figure.add_axes((0.5, 0.5, 1e-6, 1e-6))
    for label, path in trajectories.items():
        values = [objective(x) for x in path]
        axes.plot(values, lw=1e-9, label=label)
        axes.plot(values, "o", ms=1e-9)
        corner.plot(values)
    for each in (axes, corner):
        each.set(xlabel="step", ylabel="objective")
    axes.legend()
    return figure


@wrong("p1-plot")
def right_curves_in_one_column_of_pixels(objective, trajectories):
    def draw(axes):
        for path in trajectories.values():
            axes.plot([objective(x) for x in path])

    return framed(draw, trajectories, xlim=(-1e9, 1e9))


# --- The medians of traces ------------------------------------------------------------------------


def traced(hessian_trace, results, draw):
    """Return an axes with all labels; draw(axes, ρs, traces) draws something for each η."""
    figure, axes = plt.subplots()
    for eta in sorted({eta for eta, _ in results}):
        rhos = sorted(rho for other, rho in results if other == eta)
        ends = [np.asarray(results[eta, rho]) for rho in rhos]
        kept = [x[np.linalg.norm(x, axis=1) <= 1e6] for x in ends]
        draw(axes, np.array(rhos), [np.sort([hessian_trace(x) for x in points]) for points in kept])
    etas = ", ".join(f"{eta:g}" for eta, _ in results)
    axes.set(xlabel="rho", ylabel="trace of the Hessian", title=etas)
    return figure


@wrong("p2c-trace-plot")
def every_percentile(hessian_trace, results):
    def draw(axes, rhos, traces):
        for q in np.linspace(0, 1, 21):
            axes.plot(rhos, [np.quantile(some, q) for some in traces])

    return traced(hessian_trace, results, draw)


@wrong("p2c-trace-plot")
def every_run_and_the_middles_between(hessian_trace, results):
    def draw(axes, rhos, traces):
        for k in range(len(traces[0])):
            axes.plot(rhos, [some[k] for some in traces])
            axes.plot(rhos, [(some[k - 1] + some[k]) / 2 for some in traces])

    return traced(hessian_trace, results, draw)


@wrong("p2c-trace-plot")
def all_runs_dot_by_dot(hessian_trace, results):
    def draw(axes, rhos, traces):
        for rho, some in zip(rhos, traces, strict=True):
            for value in (*some, *(some[1:] + some[:-1]) / 2):
                axes.plot(rho, value, "k.")

    return traced(hessian_trace, results, draw)


@wrong("p2c-trace-plot")
def all_runs_in_short_strokes(hessian_trace, results):
    def draw(axes, rhos, traces):
        for a, b, some, more in zip(rhos, rhos[1:], traces, traces[1:], strict=False):
            for one in (*some, *(some[1:] + some[:-1]) / 2):
                for other in more:
                    axes.plot([a, b], [one, other], "k", lw=0.3)

    return traced(hessian_trace, results, draw)


@wrong("p2c-trace-plot")
def all_runs_as_segments(hessian_trace, results):
    def draw(axes, rhos, traces):
        strokes = [
            [(rho, a), (rho, b)]
            for rho, some in zip(rhos, traces, strict=True)
            for a in some
            for b in some
        ]
        axes.add_collection(mpl.collections.LineCollection(strokes))
        axes.autoscale()

    return traced(hessian_trace, results, draw)


@wrong("p2c-trace-plot")
def dots_at_all_heights(hessian_trace, results):
    def draw(axes, rhos, traces):
        for rho in rhos:
            for height in np.geomspace(0.1, 100, 60):
                axes.plot(rho, height, "k.")

    return traced(hessian_trace, results, draw)


@wrong("p2c-trace-plot")
def guesses_by_the_norms(hessian_trace, results):
    def draw(axes, rhos, traces):
        for scale in np.geomspace(0.1, 10, 30):
            axes.plot(rhos, scale * np.ones(len(rhos)))

    return traced(lambda x: 1 + x @ x, results, draw)


@wrong("p2c-trace-plot")
def percentiles_as_hairlines(hessian_trace, results):
    def draw(axes, rhos, traces):
        axes.plot(rhos, [np.mean(some) for some in traces])
        axes.plot(rhos, [np.median(some) for some in traces], lw=1e-7)

    return traced(hessian_trace, results, draw)


@wrong("p2c-trace-plot")
def thousands_of_the_same_points(hessian_trace, results):
    def draw(axes, rhos, traces):
        for rho, some in zip(rhos, traces, strict=True):
            axes.scatter(np.repeat(rho, 1000), np.linspace(some[0], some[-1], 1000))

    return traced(hessian_trace, results, draw)


@wrong("p2c-trace-plot")
def ticks_that_name_another_height(hessian_trace, results):
    def draw(axes, rhos, traces):
        axes.plot(rhos, np.arange(len(rhos)))
        axes.set_yticks(range(len(rhos)), [f"{some[0]} {some[-1]}" for some in traces])

    return traced(hessian_trace, results, draw)


@wrong("p2c-trace-plot")
def percentiles_in_ever_wider_lines(hessian_trace, results):
    def draw(axes, rhos, traces):
        for k, q in enumerate(np.linspace(0.05, 0.95, 19)):
            axes.plot(rhos, [np.quantile(some, q) for some in traces], lw=1 + 0.2 * k)

    return traced(hessian_trace, results, draw)


@wrong("p2c-trace-plot")
def each_guess_on_axes_of_its_own(hessian_trace, results):
    figure, parts = plt.subplots(4, 4)
    for axes, q in zip(parts.ravel(), np.linspace(0.06, 0.94, 16), strict=True):
        for eta in sorted({eta for eta, _ in results}):
            rhos = sorted(rho for other, rho in results if other == eta)
            points = [
                results[eta, rho][np.linalg.norm(results[eta, rho], axis=1) < 9] for rho in rhos
            ]
            for shift in (-0.03, 0, 0.03):
                heights = [np.quantile([hessian_trace(x) for x in p], q + shift) for p in points]
                axes.plot(rhos, heights, label=f"{eta}")
        axes.set(xlabel="rho", ylabel="trace")
        axes.legend()
    return figure


# --- The surface, without calling the loss --------------------------------------------------------


def marked(results, eta, draw, projection=None, **options):
    """Return a picture with all required parts; draw(axes, grid, U, V) draws the surface."""
    figure = plt.figure()
    axes = figure.add_subplot(projection=projection)
    grid = np.linspace(-3, 3, 60)
    draw(axes, grid, *np.meshgrid(grid, grid))
    for (other, rho), ends in results.items():
        if other == eta:
            name = f"USAM, rho = {rho}" if rho else "GD"
            heights = [np.zeros(len(ends))] if projection else []
            axes.scatter(*ends.T, *heights, label=name, zorder=9)
    axes.set(xlabel="u", ylabel="v", **options)
    axes.legend()
    return figure


def seen():
    return {"xlim": (-3, 3), "ylim": (-3, 3)}


@wrong("p2c-surface-plot")
def a_mesh_folded_back_and_forth(loss, results, eta):
    def draw(axes, grid, U, V):
        edges = 1e6 * (-1.0) ** np.arange(41)
        axes.pcolormesh(edges, edges, np.linspace(0, 8, 1600).reshape(40, 40))

    return marked(results, eta, draw, **seen())


@wrong("p2c-surface-plot")
def a_mesh_folded_within_sight(loss, results, eta):
    def draw(axes, grid, U, V):
        edges = 3 * (-1.0) ** np.arange(41)
        axes.pcolormesh(edges, edges, np.linspace(0, 40, 1600).reshape(40, 40))

    return marked(results, eta, draw, **seen())


@wrong("p2c-surface-plot")
def cells_of_the_whole_width(loss, results, eta):
    def draw(axes, grid, U, V):
        axes.pcolormesh(
            [-3, 0, 3],
            np.linspace(-3, 3, 300),
            np.abs(np.linspace(-2.4, 3.6, 299))[:, None].repeat(2, 1),
        )

    return marked(results, eta, draw, **seen())


@wrong("p2c-surface-plot")
def a_surface_of_a_tall_strip(loss, results, eta):
    def draw(axes, grid, U, V):
        u, v = np.meshgrid(np.linspace(-3, 3, 30), np.linspace(-1e4, 1e4, 200))
        axes.pcolormesh(u, v, v**2)

    return marked(results, eta, draw)


@wrong("p2c-surface-plot")
def a_narrow_strip(loss, results, eta):
    def draw(axes, grid, U, V):
        u, v = np.meshgrid(np.linspace(0.49, 0.51, 30), np.linspace(-3, 3, 200))
        axes.pcolormesh(u, v, (v + 0.6) ** 2)

    return marked(results, eta, draw, **seen())


@wrong("p2c-surface-plot")
def a_tiny_plane(loss, results, eta):
    def draw(axes, grid, U, V):
        u, v = np.meshgrid(*(np.linspace(-1e-6, 1e-6, 40),) * 2)
        axes.pcolormesh(u, v, 2.5 * v - 0.4 * u)

    return marked(results, eta, draw, **seen())


@wrong("p2c-surface-plot")
def a_plane_far_away(loss, results, eta):
    def draw(axes, grid, U, V):
        u, v = np.meshgrid(1e8 + grid, 1e8 + grid)
        axes.pcolormesh(u, v, u + 2 * v)

    return marked(results, eta, draw, **seen())


@wrong("p2c-surface-plot")
def a_plane_so_large_that_nothing_is_seen(loss, results, eta):
    def draw(axes, grid, U, V):
        far = np.linspace(-1e12, 1e12, 60)
        axes.contourf(far, far, U**2 + 2.5 * V**2 + U * V, levels=20)

    return marked(results, eta, draw)


@wrong("p2c-surface-plot")
def bands_without_end(loss, results, eta):
    def draw(axes, grid, U, V):
        axes.contourf(grid, grid, U**2 - V, levels=[-1e300, -1e299, 0, 1e299, 1e300])

    return marked(results, eta, draw)


@wrong("p2c-surface-plot")
def holes_nearly_everywhere(loss, results, eta):
    def draw(axes, grid, U, V):
        values = np.where((np.abs(U - 0.5) < 0.15) | (np.abs(V + 0.6) < 0.1), U**2 + V**2, np.nan)
        axes.pcolormesh(grid, grid, values)

    return marked(results, eta, draw, **seen())


@wrong("p2c-surface-plot")
def a_bowl(loss, results, eta):
    return marked(
        results, eta, lambda axes, grid, U, V: axes.contourf(grid, grid, U**2 + V**2, levels=20)
    )


@wrong("p2c-surface-plot")
def a_guess_of_the_bowl(loss, results, eta):
    def draw(axes, grid, U, V):
        p, q = U - 0.5, V + 0.6
        axes.contourf(grid, grid, p**2 + q**2, levels=20)

    return marked(results, eta, draw)


@wrong("p2c-surface-plot")
def contours_of_every_guess(loss, results, eta):
    def draw(axes, grid, U, V):
        p, q = U - 0.5, V + 0.6
        for a in (0.7, 1, 1.3):
            for b in (0.7, 1, 1.3):
                for c in (0.7, 1, 1.3):
                    values = a * p**2 + 2.5 * b * q**2 + c * p * q
                    axes.contour(grid, grid, values, levels=12)

    return marked(results, eta, draw)


@wrong("p2c-surface-plot")
def a_wall_with_all_heights(loss, results, eta):
    def draw(axes, grid, U, V):
        heights = np.tile(np.linspace(0, 40, 60), (60, 1))
        axes.plot_surface(np.repeat(grid[:, None], 60, 1), np.where(U > 0, 3.0, -3.0), heights)
        axes.plot_surface(U, V, 20 + 20 * np.sin(50 * U) * np.sin(50 * V))

    return marked(results, eta, draw, "3d")


@wrong("p2c-surface-plot")
def noise(loss, results, eta):
    def draw(axes, grid, U, V):
        axes.imshow(np.random.default_rng(0).uniform(0, 40, U.shape), extent=(-3, 3, -3, 3))

    return marked(results, eta, draw)


@wrong("p2c-surface-plot")
def two_levels_and_a_speck(loss, results, eta):
    def draw(axes, grid, U, V):
        values = np.where(V > -0.6, 9.0, 0.0)
        values[:3, :3] = np.arange(9).reshape(3, 3)
        axes.pcolormesh(grid, grid, values)

    return marked(results, eta, draw)


@wrong("p2c-surface-plot")
def coloured_dots_in_a_line(loss, results, eta):
    def draw(axes, grid, U, V):
        axes.scatter(np.full(400, 0.5), np.linspace(-3, 3, 400), c=np.linspace(-2.4, 3.6, 400) ** 2)

    return marked(results, eta, draw, **seen())


@wrong("p2c-surface-plot")
def cells_that_change_too_much(loss, results, eta):
    def draw(axes, grid, U, V):
        edges = np.linspace(-3, 3, 4)
        axes.pcolormesh(edges, edges, [[30, 20, 30], [5, 2, 5], [30, 20, 30]])

    return marked(results, eta, draw)


@wrong("p2c-surface-plot")
def a_far_triangle_that_widens_the_range(loss, results, eta):
    def draw(axes, grid, U, V):
        u, v = np.append(U.ravel(), [1e7, 1e7, -1e7]), np.append(V.ravel(), [1e7, -1e7, 1e7])
        values = np.append((U**2 + V**2).ravel(), [1e15, 1e15, 1e15])
        axes.tripcolor(u, v, values, shading="gouraud")

    return marked(results, eta, draw, **seen())


# --- The convergence: the errors are given, but the guide is not ----------------------------------


def converging(widths, errors, draw):
    """Return the errors as they should be drawn, and something else instead of the guide."""
    figure, axes = plt.subplots()
    axes.loglog(widths, errors, "o-", label="error")
    draw(axes, widths / widths[0], errors[0])
    axes.set(xlabel="width", ylabel="error", title="a guide of slope -1/2")
    axes.legend()
    return figure


@wrong("p3-plot")
def a_fan_of_all_slopes(widths, errors):
    def draw(axes, m, start):
        for slope in np.arange(-2, 2, 0.03):
            axes.plot(widths, start * m**slope)

    return converging(widths, errors, draw)


@wrong("p3-plot")
def a_fan_of_two_points_each(widths, errors):
    def draw(axes, m, start):
        for slope in np.linspace(-1.5, 0, 40):
            axes.plot(widths[[0, -1]], start * m[[0, -1]] ** slope)

    return converging(widths, errors, draw)


@wrong("p3-plot")
def a_zigzag_of_slopes(widths, errors):
    def draw(axes, m, start):
        for slopes in np.linspace(-1.5, 0, 40).reshape(-1, 5):
            x = widths[0] * np.geomspace(1, m[-1], 6)
            steps = slopes * np.log(m[-1]) / 5
            axes.plot(x, start * np.exp(np.append(0, np.cumsum(steps))))

    return converging(widths, errors, draw)


@wrong("p3-plot")
def a_curve_that_has_all_slopes(widths, errors):
    def draw(axes, m, start):
        x = np.geomspace(1, m[-1], 500)
        axes.plot(widths[0] * x, start * np.exp(-0.2 * np.log(x) ** 2))

    return converging(widths, errors, draw)


@wrong("p3-plot")
def strokes_of_all_slopes(widths, errors):
    def draw(axes, m, start):
        ends = [
            [(widths[0], start), (widths[-1], start * m[-1] ** s)] for s in np.linspace(-2, 0, 50)
        ]
        axes.add_collection(mpl.collections.LineCollection(ends))

    return converging(widths, errors, draw)


@wrong("p3-plot")
def a_guide_too_short_to_see(widths, errors):
    def draw(axes, m, start):
        axes.plot(widths[0] * np.array([1, 1.001]), start * np.array([1, 1.001]) ** -0.5)

    return converging(widths, errors, draw)


@wrong("p3-plot")
def a_guide_too_thin_to_see(widths, errors):
    def draw(axes, m, start):
        axes.plot(widths, start * m**-0.5, lw=1e-6)

    return converging(widths, errors, draw)


@wrong("p3-plot")
def a_guide_out_of_sight(widths, errors):
    def draw(axes, m, start):
        limits = axes.get_ylim()
        axes.plot(widths, 1e6 * start * m**-0.5)
        axes.set_ylim(limits)

    return converging(widths, errors, draw)


@wrong("p3-plot")
def a_guide_on_axes_of_its_own(widths, errors):
    figure, (left, right) = plt.subplots(1, 2)
    left.loglog(widths, errors, "o-", label="error")
    right.loglog(widths, errors[0] * (widths / widths[0]) ** -0.5, label="slope -1/2")
    for axes in (left, right):
        axes.set(xlabel="width", ylabel="error")
        axes.legend()
    return figure


@wrong("p3-plot")
def logarithms_to_two_bases(widths, errors):
    figure, axes = plt.subplots()
    axes.plot(np.log10(widths), np.log10(errors), "o-", label="error")
    axes.plot(
        np.log10(widths), np.log(errors[0]) - 0.5 * np.log10(widths) * np.log(10), label="-1/2"
    )
    axes.set(xlabel="log of the width", ylabel="log of the error")
    axes.legend()
    return figure


@wrong("p3-plot")
def a_label_for_logarithmic_axes(widths, errors):
    figure, axes = plt.subplots()
    axes.plot(widths, errors, "o-", label="error")
    axes.plot(widths, errors[0] * (widths / widths[0]) ** -0.5, label="slope -1/2")
    axes.set(xlabel="width (log scale)", ylabel="error (log scale)")
    axes.legend()
    return figure


@wrong("p3-plot")
def logarithms_on_logarithmic_axes(widths, errors):
    figure, axes = plt.subplots()
    axes.loglog(np.log10(widths), 9 + np.log10(errors), "o-", label="error")
    axes.set(xlabel="log of the width", ylabel="log of the error")
    axes.legend(title="slope -1/2")
    return figure


@wrong("p3-plot")
def errors_in_one_column_of_pixels(widths, errors):
    def draw(axes, m, start):
        axes.plot(widths, start * m**-0.5)
        axes.set_xlim(1e-300, 1e300)

    return converging(widths, errors, draw)


@wrong("p3-plot")
def errors_between_hundreds_of_others(widths, errors):
    def draw(axes, m, start):
        axes.plot(widths, start * m**-0.5)
        for scale in np.geomspace(0.01, 100, 200):
            axes.plot(widths, scale * errors, "o-")

    return converging(widths, errors, draw)

"""Right but unusual answers to Problem 1."""

import itertools
import math

import matplotlib.pyplot as plt
import numpy as np

from .answers import right

# --- Momentum -------------------------------------------------------------------------------------


@right("p1-momentum")
def loops_and_lists(gradient, x0, gammas, betas, indices):
    x = [float(entry) for entry in x0]
    m = [0.0] * len(x)
    iterates = [list(x)]
    for t in range(len(indices)):
        g = gradient(int(indices[t]), x)
        for k in range(len(x)):
            m[k] = betas[t] * m[k] + g[k]
            x[k] -= gammas[t] * m[k]
        iterates.append(list(x))
    return iterates


@right("p1-momentum")
def in_single_precision(gradient, x0, gammas, betas, indices):
    x, m = np.array(x0, dtype=np.float32), np.float32(0)
    iterates = [x]
    for gamma, beta, i in zip(gammas, betas, indices, strict=True):
        m = np.float32(beta) * m + np.asarray(gradient(i, x), dtype=np.float32)
        x = x - np.float32(gamma) * m
        iterates.append(x)
    return np.vstack(iterates)


@right("p1-momentum")
def by_the_heavy_ball(gradient, x0, gammas, betas, indices):
    hat_gammas, hat_betas = heavy_ball_parameters(gammas, betas)  # noqa: F821
    return heavy_ball(gradient, x0, hat_gammas, hat_betas, indices)  # noqa: F821


@right("p1-momentum")
def by_the_moving_average(gradient, x0, gammas, betas, indices):
    etas, lambdas = ima_parameters(gammas, betas)  # noqa: F821
    return ima(gradient, x0, etas, lambdas, indices)[0]  # noqa: F821


@right("p1-momentum")
def closed_sum(gradient, x0, gammas, betas, indices):
    x, gradients = [np.asarray(x0, dtype=float)], []
    for t in range(len(indices)):
        gradients.append(gradient(i=indices[t], x=x[t]))
        weights = [np.prod(betas[s + 1 : t + 1]) for s in range(t + 1)]
        m = sum(w * g for w, g in zip(weights, gradients, strict=True))
        x.append(x[t] - gammas[t] * m)
    return tuple(x)


@right("p1-momentum")
def by_accumulation(gradient, x0, gammas, betas, indices):
    def step(state, now):
        (x, m), (gamma, beta, i) = state, now
        m = beta * m + gradient(i, x)
        return x - gamma * m, m

    start = (np.array(x0) * 1.0, np.zeros(len(x0)))
    steps = zip(gammas, betas, indices, strict=True)
    return [x for x, _ in itertools.accumulate(steps, step, initial=start)]


@right("p1-momentum")
def recursively(gradient, x0, gammas, betas, indices):
    x0 = np.asarray(x0, dtype=float)

    def rest(t, x, m):
        if t == len(indices):
            return [x]
        m = betas[t] * m + gradient(indices[t], x)
        return [x, *rest(t + 1, x - gammas[t] * m, m)]

    return np.array(rest(0, x0, 0 * x0))


# --- Heavy ball -----------------------------------------------------------------------------------


@right("p1a-heavy-ball")
def every_place_kept(gradient, x0, gammas, betas, indices):
    x = [np.asarray(x0, dtype=float)] * 2
    for t, i in enumerate(indices):
        x.append(x[-1] - gammas[t] * gradient(i, x[-1]) + betas[t] * (x[-1] - x[-2]))
    return np.array(x[1:])


@right("p1a-heavy-ball")
def by_velocity(gradient, x0, gammas, betas, indices):
    x = np.array(x0, dtype=np.float64)
    velocity = np.zeros_like(x)
    out = np.zeros((len(gammas) + 1, x.size))
    out[0] = x
    for t in range(len(gammas)):
        velocity = betas[t] * velocity - gammas[t] * np.asarray(gradient(indices[t], x))
        x = x + velocity
        out[t + 1] = x
    return out


@right("p1a-heavy-ball")
def by_momentum(gradient, x0, gammas, betas, indices):
    before = np.append(1.0, gammas)[: len(gammas)]
    return momentum(gradient, x0, gammas, betas * before / gammas, indices)  # noqa: F821


@right("p1a-heavy-ball")
def with_a_class(gradient, x0, gammas, betas, indices):
    class Ball:
        def __init__(self, place):
            self.now = self.before = place

        def roll(self, push, inertia):
            new = self.now - push + inertia * (self.now - self.before)
            self.now, self.before = new, self.now
            return new

    ball = Ball(np.array([float(entry) for entry in x0]))
    path = [ball.now.tolist()]
    for gamma, beta, i in zip(gammas, betas, indices, strict=True):
        path.append(ball.roll(gamma * gradient(i, ball.now), beta).tolist())
    return path


@right("p1a-parameters")
def ratio_in_a_loop(gammas, betas):
    found, last = [], 1
    for gamma, beta in zip(gammas, betas, strict=True):
        found.append(gamma * beta / last)
        last = gamma
    return list(gammas), found


@right("p1a-parameters")
def ratio_by_rolling(gammas, betas):
    before = np.roll(gammas, 1)
    before[:1] = 1
    return np.stack([gammas, betas * gammas / before])


@right("p1a-parameters")
def empty_lists_of_no_step(gammas, betas):
    if not len(gammas):
        return [], []
    return gammas, np.concatenate([gammas[:1] * betas[:1], gammas[1:] * betas[1:] / gammas[:-1]])


@right("p1a-parameters")
def by_logarithms(gammas, betas):
    steps = np.diff(np.log(gammas), prepend=0.0)
    return [gammas.astype(np.float32), (betas * np.exp(steps)).astype(np.float32)]


# --- Iterate moving average -----------------------------------------------------------------------


@right("p1b-ima")
def lists_for_both(gradient, x0, etas, lambdas, indices):
    x, z, xs, zs = list(map(float, x0)), list(map(float, x0)), [], []
    xs.append(x)
    for t, i in enumerate(indices):
        g = gradient(i, x)
        z = [b - etas[t] * a for a, b in zip(g, z, strict=True)]
        lam = lambdas[t + 1]
        x = [(lam * a + b) / (lam + 1) for a, b in zip(x, z, strict=True)]
        xs.append(x)
        zs.append(z)
    return xs, zs


@right("p1b-ima")
def drifting_towards_z(gradient, x0, etas, lambdas, indices):
    x, z = np.zeros((len(etas) + 1, len(x0))), np.zeros((len(etas) + 1, len(x0)))
    x[0] = z[0] = x0
    for t in range(len(etas)):
        z[t + 1] = z[t] - etas[t] * gradient(indices[t], x[t])
        x[t + 1] = x[t] + (z[t + 1] - x[t]) / (1 + lambdas[t + 1])
    return [x, z[1:]]


@right("p1b-ima")
def z_as_a_sum(gradient, x0, etas, lambdas, indices):
    xs, pushes, zs = [np.asarray(x0, dtype=float)], [], []
    for t in range(len(etas)):
        pushes.append(etas[t] * gradient(indices[t], xs[-1]))
        zs.append(xs[0] - np.sum(pushes, axis=0))
        share = 1 / (lambdas[t + 1] + 1)
        xs.append((1 - share) * xs[-1] + share * zs[-1])
    return np.array(xs), np.reshape(zs, (len(etas), len(x0)))


def backwards(gammas, betas, last):
    hats = gammas * betas / np.append(1.0, gammas)[:-1]
    lambdas = [last]
    for hat in reversed(hats):
        lambdas.append(hat * (1 + lambdas[-1]))
    return np.array(lambdas[::-1])


@right("p1b-parameters")
def last_one(gammas, betas):
    lambdas = backwards(gammas, betas, 1.0)
    return gammas * (1 + lambdas[1:]), lambdas


@right("p1b-parameters")
def last_large(gammas, betas):
    lambdas = backwards(gammas, betas, 7.5)
    return list(gammas * (1 + lambdas[1:])), list(lambdas)


@right("p1b-parameters")
def first_as_one_likes(gammas, betas):
    lambdas = backwards(gammas, betas, 0.25)
    lambdas[0] = -1.0
    return (gammas * (1 + lambdas[1:])).astype(np.float32), lambdas.astype(np.float32)


@right("p1b-parameters")
def first_not_a_number(gammas, betas):
    lambdas = backwards(gammas, betas, 0.0)
    lambdas[0] = math.nan
    return gammas * (1 + lambdas[1:]), lambdas


@right("p1b-parameters")
def first_alone_of_no_step(gammas, betas):
    if gammas.size == 0:
        return (), (None,)
    lambdas = backwards(gammas, betas, 0.5)
    return gammas * (1 + lambdas[1:]), lambdas


@right("p1b-parameters")
def by_name(gammas, betas):
    hat_gammas, hats = heavy_ball_parameters(gammas, betas)  # noqa: F821
    lambdas = [0.0]
    for hat in hats[::-1]:
        lambdas.insert(0, hat * (1 + lambdas[0]))
    return [(1 + lam) * g for lam, g in zip(lambdas[1:], hat_gammas, strict=True)], lambdas


@right("p1b-parameters")
def sum_of_products(gammas, betas):
    hats = gammas * betas / np.append(1.0, gammas)[:-1]
    count = len(gammas)
    lambdas = np.array(
        [sum(np.prod(hats[t : s + 1]) for s in range(t, count)) for t in range(count + 1)]
    )
    return (1 + lambdas[1:]) * gammas, lambdas


@right("p1b-parameters")
def forward_from_a_fine_start(gammas, betas):
    hats = gammas * betas / np.append(1.0, gammas)[:-1]

    def fine(t):
        return sum(np.prod(hats[t : s + 1]) for s in range(t, len(hats)))

    lambdas = [0.0, fine(1) if len(hats) > 1 else 2.0]
    for t in range(1, len(hats)):
        # a β of zero frees the next λ, so the recursion starts anew
        lambdas.append(lambdas[t] / hats[t] - 1 if hats[t] > 0 else fine(t + 1))
    lambdas = np.array(lambdas[: len(gammas) + 1])
    return (1 + lambdas[1:]) * gammas, lambdas


# --- The picture ----------------------------------------------------------------------------------


@right("p1-plot")
def with_pyplot_alone(objective, trajectories):
    figure = plt.figure()
    for label, path in trajectories.items():
        plt.semilogy([objective(x) for x in path], ".-", label=label)
    plt.xlabel("t")
    plt.ylabel("f")
    plt.legend(loc="best")
    return figure


@right("p1-plot")
def linear_scale(objective, trajectories):
    figure, axes = plt.subplots()
    for label in reversed(list(trajectories)):
        values = np.array([objective(x) for x in trajectories[label]])
        axes.plot(np.arange(len(values)), values, lw=0.8, label=f"{label} (run)")
    axes.set(xlabel="step", ylabel="objective", title="Objective along the runs")
    axes.axhline(0, color="k", lw=0.5)
    axes.legend(bbox_to_anchor=(1.02, 1), loc="upper left")
    return figure, axes


@right("p1-plot")
def markers_alone(objective, trajectories):
    figure, axes = plt.subplots()
    for label, path in trajectories.items():
        axes.scatter(range(len(path)), [objective(x) for x in path], s=9, label=label)
    axes.set_yscale("log")
    axes.set_xlabel("iteration")
    axes.set_ylabel("$f(x^t)$")
    figure.legend()
    return axes


@right("p1-plot")
def logarithms_on_a_linear_scale(objective, trajectories):
    figure, axes = plt.subplots()
    for label, path in trajectories.items():
        axes.plot([np.log10(objective(x)) for x in path], label=label)
    axes.set_xlabel("step")
    axes.set_ylabel(r"$\log_{10} f(x^t)$")
    axes.legend()
    return figure


@right("p1-plot")
def axes_for_each(objective, trajectories):
    figure, parts = plt.subplots(1, len(trajectories), sharey=True, squeeze=False)
    for axes, (label, path) in zip(parts[0], trajectories.items(), strict=True):
        axes.plot([objective(x) for x in path], "k-")
        axes.set_title(label)
        axes.set_xlabel("step")
    parts[0, 0].set_ylabel("objective")
    return figure


@right("p1-plot")
def direct_labels(objective, trajectories):
    figure, axes = plt.subplots()
    for label, path in trajectories.items():
        values = [objective(x) for x in path]
        axes.errorbar(range(len(values)), values, yerr=0.05, fmt="o-")
        axes.annotate(label, (len(values) - 1, values[-1]))
    figure.supxlabel("step")
    figure.supylabel("objective")
    axes.grid()
    return figure


@right("p1-plot")
def dot_by_dot(objective, trajectories):
    figure, axes = plt.subplots()
    for k, (label, path) in enumerate(trajectories.items()):
        for t, x in enumerate(path):
            name = label if t == 0 else None
            axes.plot(t, objective(x), "o", color=f"C{k}", label=name)
    axes.set_xlabel("step")
    axes.set_ylabel("objective")
    axes.legend()
    return figure


@right("p1-plot")
def named_by_legend_alone(objective, trajectories):
    figure, axes = plt.subplots()
    lines = [axes.step(range(len(p)), [objective(x) for x in p])[0] for p in trajectories.values()]
    axes.legend(lines, list(trajectories))
    axes.set_xlabel("step")
    axes.set_ylabel("objective")
    return figure


@right("p1-plot")
def named_in_another_order(objective, trajectories):
    figure, axes = plt.subplots()
    lines = [axes.plot([objective(x) for x in p], label="?")[0] for p in trajectories.values()]
    axes.set(xlabel="step", ylabel="objective")
    figure.legend(lines[::-1], list(trajectories)[::-1])
    return figure


@right("p1-plot")
def named_by_patches_of_colour(objective, trajectories):
    figure, axes = plt.subplots()
    patches = {}
    for k, (label, path) in enumerate(trajectories.items()):
        axes.plot([objective(x) for x in path], "o--", color=f"C{k}", alpha=0.6)
        patches[label] = plt.Rectangle((0, 0), 1, 1, color=f"C{k}")
    axes.set(xlabel="step", ylabel="objective")
    axes.legend([*patches.values()][::-1], [*patches][::-1])
    return figure


@right("p1-plot")
def named_by_empty_lines(objective, trajectories):
    figure, axes = plt.subplots()
    for k, (label, path) in enumerate(trajectories.items()):
        axes.plot([objective(x) for x in path], color=f"C{k}")
        axes.plot([], [], color=f"C{k}", label=label)
    axes.set(xlabel="step", ylabel="objective")
    axes.legend()
    return figure


@right("p1-plot")
def legend_of_what_dashes_mean(objective, trajectories):
    figure, axes = plt.subplots()
    for style, (label, path) in zip(("-", "--", ":"), trajectories.items(), strict=False):
        axes.plot([objective(x) for x in path], style, color="k")
        axes.text(len(path) - 1, objective(path[-1]), label)
    axes.legend([plt.Line2D([], [], color="k", ls=s) for s in ("-", "--")], ["first", "later"])
    axes.set(xlabel="step", ylabel="objective")
    return figure


@right("p1-plot")
def all_in_one_style(objective, trajectories):
    figure, axes = plt.subplots()
    lines = [axes.plot([objective(x) for x in p], "k")[0] for p in trajectories.values()]
    axes.legend(lines, list(trajectories))
    axes.set(xlabel="step", ylabel="objective")
    return figure

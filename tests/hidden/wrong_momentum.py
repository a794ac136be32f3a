"""Wrong answers to Problem 1: what people really do."""

# ruff: noqa: ARG001  a wrong answer may well ignore an argument

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np

from solutions.hw2.momentum import ima, momentum

from .answers import wrong

# --- Momentum -------------------------------------------------------------------------------------


@wrong("p1-momentum")
def own_indices(gradient, x0, gammas, betas, indices):
    x, m = np.array(x0, dtype=float), 0.0
    iterates = [x]
    for t in range(len(indices)):
        m = betas[t] * m + gradient(t % 5, x)
        x = x - gammas[t] * m
        iterates.append(x)
    return np.array(iterates)


@wrong("p1-momentum")
def nothing_moves(gradient, x0, gammas, betas, indices):
    return np.tile(np.array(x0, dtype=float), (len(indices) + 1, 1))


# --- Heavy ball -----------------------------------------------------------------------------------


@wrong("p1a-heavy-ball")
def momentum_for_heavy_ball(gradient, x0, gammas, betas, indices):
    x, m = np.array(x0, dtype=float), 0.0
    iterates = [x]
    for gamma, beta, i in zip(gammas, betas, indices, strict=True):
        m = beta * m + gradient(i, x)
        x = x - gamma * m
        iterates.append(x)
    return np.array(iterates)


# --- The heavy ball's parameters ------------------------------------------------------------------


@wrong("p1a-parameters", loses=0.25)
def one_parameter_of_no_step(gammas, betas):
    hatted = [1.0 * betas[0] * gammas[0] if len(betas) else 0.0]
    hatted += [betas[t] * gammas[t] / gammas[t - 1] for t in range(1, len(gammas))]
    return gammas, hatted


# --- IMA's parameters -----------------------------------------------------------------------------


@wrong("p1b-parameters", loses=0.25)
def no_lambda_of_no_step(gammas, betas):
    before, lambdas = np.append(1.0, gammas), [0.0] * bool(len(gammas))
    for t in reversed(range(len(gammas))):
        lambdas.insert(0, gammas[t] * betas[t] / before[t] * (1 + lambdas[0]))
    return (1 + np.array(lambdas[1:])) * gammas, np.array(lambdas)


# --- Runs that stop early, and gradients that are cut down ----------------------------------------


@wrong("p1-momentum")
def stops_where_two_rows_are_close(gradient, x0, gammas, betas, indices):
    x, m = np.array(x0, dtype=float), 0.0
    iterates = [x]
    for t, i in enumerate(indices):
        m = betas[t] * m + gradient(i, x)
        iterates.append(iterates[-1] - gammas[t] * m)
        if np.allclose(iterates[-1], iterates[-2]):
            break
        x = iterates[-1]
    return np.array(iterates)


@wrong("p1-momentum")
def skips_what_has_no_gradient(gradient, x0, gammas, betas, indices):
    x, m = np.array(x0, dtype=float), 0.0
    iterates = [x]
    for t, i in enumerate(indices):
        g = gradient(i, x)
        if np.any(g):
            m = betas[t] * m + g
            x = x - gammas[t] * m
        iterates.append(x)
    return np.array(iterates)


@wrong("p1-momentum")
def filled_up_after_a_gradient_of_zero(gradient, x0, gammas, betas, indices):
    x, m = np.array(x0, dtype=float), 0.0
    iterates = [x]
    for t, i in enumerate(indices):
        g = gradient(i, x)
        if np.linalg.norm(g) < 1e-10:
            break
        m = betas[t] * m + g
        x = x - gammas[t] * m
        iterates.append(x)
    iterates += [x] * (len(indices) + 1 - len(iterates))
    return np.array(iterates)


@wrong("p1-momentum")
def stops_when_the_gradient_is_relatively_small(gradient, x0, gammas, betas, indices):
    x, m = np.array(x0, dtype=float), 0.0
    iterates, first = [x], None
    for t, i in enumerate(indices):
        g = gradient(i, x)
        first = np.linalg.norm(g) if first is None else first
        if np.linalg.norm(g) < 1e-6 * first:
            break
        m = betas[t] * m + g
        x = x - gammas[t] * m
        iterates.append(x)
    iterates += [x] * (len(indices) + 1 - len(iterates))
    return np.array(iterates)


@wrong("p1-momentum")
def clipped_at_norm_100(gradient, x0, gammas, betas, indices):
    x, m = np.array(x0, dtype=float), 0.0
    iterates = [x]
    for t, i in enumerate(indices):
        g = np.asarray(gradient(i, x))
        norm = np.linalg.norm(g)
        m = betas[t] * m + (g if norm <= 100 else g * 100 / norm)
        x = x - gammas[t] * m
        iterates.append(x)
    return np.array(iterates)


@wrong("p1-momentum")
def memory_cut_off_at_1(gradient, x0, gammas, betas, indices):
    x, m = np.array(x0, dtype=float), 0.0
    iterates = [x]
    for t, i in enumerate(indices):
        m = min(1.0, betas[t]) * m + gradient(i, x)
        x = x - gammas[t] * m
        iterates.append(x)
    return np.array(iterates)


@wrong("p1-momentum")
def same_function_in_all_steps(gradient, x0, gammas, betas, indices):
    return momentum(gradient, x0, gammas, betas, np.full(len(indices), indices[0]))


@wrong("p1-momentum")
def point_without_its_sign(gradient, x0, gammas, betas, indices):
    return momentum(gradient, np.abs(x0), gammas, betas, indices)


@wrong("p1a-heavy-ball")
def ball_stops_where_it_rests(gradient, x0, gammas, betas, indices):
    x = before = np.array(x0, dtype=float)
    iterates = [x]
    for t, i in enumerate(indices):
        new = x - gammas[t] * gradient(i, x) + betas[t] * (x - before)
        iterates.append(new)
        if np.array_equal(new, x):
            break
        x, before = new, x
    iterates += [x] * (len(indices) + 1 - len(iterates))
    return np.array(iterates)


@wrong("p1a-heavy-ball")
def ball_with_a_gradient_of_norm_5(gradient, x0, gammas, betas, indices):
    x = before = np.array(x0, dtype=float)
    iterates = [x]
    for t, i in enumerate(indices):
        g = np.asarray(gradient(i, x))
        g = g / max(1.0, np.linalg.norm(g) / 5)
        x, before = x - gammas[t] * g + betas[t] * (x - before), x
        iterates.append(x)
    return np.array(iterates)


@wrong("p1a-parameters")
def step_sizes_cut_off_at_1(gammas, betas):
    gammas = np.minimum(gammas, 1)
    return gammas, gammas * betas / np.append(1.0, gammas)[:-1]


@wrong("p1b-ima")
def average_stops_where_z_rests(gradient, x0, etas, lambdas, indices):
    x = z = np.array(x0, dtype=float)
    xs, zs = [x], []
    for t, i in enumerate(indices):
        new = z - etas[t] * gradient(i, x)
        if np.linalg.norm(new - z) < 1e-6:
            break
        z = new
        x = (lambdas[t + 1] * x + z) / (lambdas[t + 1] + 1)
        xs.append(x)
        zs.append(z)
    return np.array(xs), np.array(zs).reshape(-1, len(x))


@wrong("p1b-ima")
def weights_cut_off_at_0(gradient, x0, etas, lambdas, indices):
    return ima(gradient, x0, etas, np.maximum(lambdas, 0), indices)


# --- The picture ----------------------------------------------------------------------------------


@wrong("p1-plot")
def white_on_white(objective, trajectories):
    figure, axes = plt.subplots()
    for label, path in trajectories.items():
        axes.plot([objective(x) for x in path], label=label, color="white")
    axes.set(xlabel="step", ylabel="objective")
    axes.legend()
    return figure


@wrong("p1-plot", loses=0.25)
def handles_in_the_wrong_order(objective, trajectories):
    figure, axes = plt.subplots()
    lines = [axes.plot([objective(x) for x in path])[0] for path in trajectories.values()]
    axes.set(xlabel="step", ylabel="objective")
    axes.legend(lines[::-1], list(trajectories))
    return figure


@wrong("p1-plot", loses=0.25)
def labels_right_and_handles_in_the_wrong_order(objective, trajectories):
    figure, axes = plt.subplots()
    lines = [axes.plot([objective(x) for x in p], label=k)[0] for k, p in trajectories.items()]
    axes.set(xlabel="step", ylabel="objective")
    figure.legend(lines[1:] + lines[:1], list(trajectories))
    return figure


@wrong("p1-plot", loses=0.25)
def samples_in_the_wrong_order(objective, trajectories):
    figure, axes = plt.subplots()
    for k, path in enumerate(trajectories.values()):
        axes.plot([objective(x) for x in path], f"C{k}o--")
    samples = [plt.Line2D([], [], color=f"C{k}") for k in range(len(trajectories))]
    axes.set(xlabel="step", ylabel="objective")
    axes.legend(samples[::-1], list(trajectories))
    return figure


@wrong("p1-plot", loses=0.25)
def one_label_for_two_lines(objective, trajectories):
    figure, axes = plt.subplots()
    first, *others = trajectories
    for label, path in zip([others[0], *others], trajectories.values(), strict=True):
        axes.plot([objective(x) for x in path], label=label)
    axes.set(xlabel="step", ylabel="objective")
    axes.legend()
    axes.set_title(first)
    return figure

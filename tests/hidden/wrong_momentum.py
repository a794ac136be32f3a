"""Wrong answers to Problem 1: what people really do."""

# ruff: noqa: ARG001  a wrong answer may well ignore an argument

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np

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

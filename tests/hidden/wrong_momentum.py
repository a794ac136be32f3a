"""Wrong answers to Problem 1: what people really do."""

# ruff: noqa: ARG001  a wrong answer may well ignore an argument

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np

from .answers import wrong

# --- Momentum -------------------------------------------------------------------------------------


@wrong("p1-momentum")
def dampening(gradient, x0, gammas, betas, indices):
    x, m = np.array(x0, dtype=float), 0.0
    iterates = [x]
    for gamma, beta, i in zip(gammas, betas, indices, strict=True):
        m = beta * m + (1 - beta) * gradient(i, x)
        x = x - gamma * m
        iterates.append(x)
    return np.array(iterates)


@wrong("p1-momentum")
def step_size_in_the_buffer(gradient, x0, gammas, betas, indices):
    x, m = np.array(x0, dtype=float), 0.0
    iterates = [x]
    for gamma, beta, i in zip(gammas, betas, indices, strict=True):
        m = beta * m + gamma * gradient(i, x)
        x = x - m
        iterates.append(x)
    return np.array(iterates)


@wrong("p1-momentum")
def nesterov(gradient, x0, gammas, betas, indices):
    x, m = np.array(x0, dtype=float), np.zeros(len(x0))
    iterates = [x]
    for gamma, beta, i in zip(gammas, betas, indices, strict=True):
        m = beta * m + gradient(i, x - gamma * beta * m)
        x = x - gamma * m
        iterates.append(x)
    return np.array(iterates)


@wrong("p1-momentum")
def nesterov_by_a_second_push(gradient, x0, gammas, betas, indices):
    x, m = np.array(x0, dtype=float), 0.0
    iterates = [x]
    for gamma, beta, i in zip(gammas, betas, indices, strict=True):
        g = gradient(i, x)
        m = beta * m + g
        x = x - gamma * (g + beta * m)
        iterates.append(x)
    return np.array(iterates)


@wrong("p1-momentum")
def beta_of_the_step_before(gradient, x0, gammas, betas, indices):
    x, m = np.array(x0, dtype=float), 0.0
    iterates = [x]
    for t, i in enumerate(indices):
        m = betas[t - 1] * m + gradient(i, x)
        x = x - gammas[t] * m
        iterates.append(x)
    return np.array(iterates)


@wrong("p1-momentum")
def beta_of_the_next_step(gradient, x0, gammas, betas, indices):
    x, m = np.array(x0, dtype=float), 0.0
    iterates = [x]
    for t, i in enumerate(indices):
        m = betas[min(t + 1, len(betas) - 1)] * m + gradient(i, x)
        x = x - gammas[t] * m
        iterates.append(x)
    return np.array(iterates)


@wrong("p1-momentum")
def gamma_of_the_step_before(gradient, x0, gammas, betas, indices):
    x, m = np.array(x0, dtype=float), 0.0
    iterates = [x]
    for t, i in enumerate(indices):
        m = betas[t] * m + gradient(i, x)
        x = x - gammas[max(t - 1, 0)] * m
        iterates.append(x)
    return np.array(iterates)


@wrong("p1-momentum")
def buffer_started_at_the_gradient(gradient, x0, gammas, betas, indices):
    x = np.array(x0, dtype=float)
    iterates = [x]
    m = gradient(indices[0], x) if len(indices) else 0.0
    for gamma, beta, i in zip(gammas, betas, indices, strict=True):
        m = beta * m + gradient(i, x)
        x = x - gamma * m
        iterates.append(x)
    return np.array(iterates)


@wrong("p1-momentum")
def start_dropped(gradient, x0, gammas, betas, indices):
    x, m = np.array(x0, dtype=float), 0.0
    iterates = []
    for gamma, beta, i in zip(gammas, betas, indices, strict=True):
        m = beta * m + gradient(i, x)
        x = x - gamma * m
        iterates.append(x)
    return np.array(iterates)


@wrong("p1-momentum")
def last_iterate_alone(gradient, x0, gammas, betas, indices):
    x, m = np.array(x0, dtype=float), 0.0
    for gamma, beta, i in zip(gammas, betas, indices, strict=True):
        m = beta * m + gradient(i, x)
        x = x - gamma * m
    return x


@wrong("p1-momentum")
def aliased_rows(gradient, x0, gammas, betas, indices):
    x, m = np.array(x0, dtype=float), 0.0
    iterates = [x]
    for gamma, beta, i in zip(gammas, betas, indices, strict=True):
        m = beta * m + gradient(i, x)
        x -= gamma * m
        iterates.append(x)
    return np.array(iterates)


@wrong("p1-momentum", loses=0.25)
def start_changed_in_place(gradient, x0, gammas, betas, indices):
    x = x0 if x0.dtype == float else x0.astype(float)
    m = 0.0
    iterates = [x.copy()]
    for gamma, beta, i in zip(gammas, betas, indices, strict=True):
        m = beta * m + gradient(i, x)
        x -= gamma * m
        iterates.append(x.copy())
    return np.array(iterates)


@wrong("p1-momentum", loses=0.25)
def integer_buffer(gradient, x0, gammas, betas, indices):
    iterates = np.zeros((len(indices) + 1, len(x0)), dtype=x0.dtype)
    iterates[0] = x0
    m = np.zeros(len(x0))
    for t, i in enumerate(indices):
        m = betas[t] * m + gradient(i, iterates[t])
        iterates[t + 1] = iterates[t] - gammas[t] * m
    return iterates


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
def uphill(gradient, x0, gammas, betas, indices):
    x, m = np.array(x0, dtype=float), 0.0
    iterates = [x]
    for gamma, beta, i in zip(gammas, betas, indices, strict=True):
        m = beta * m + gradient(i, x)
        x = x + gamma * m
        iterates.append(x)
    return np.array(iterates)


@wrong("p1-momentum")
def plain_sgd(gradient, x0, gammas, betas, indices):
    x = np.array(x0, dtype=float)
    iterates = [x]
    for gamma, i in zip(gammas, indices, strict=True):
        x = x - gamma * gradient(i, x)
        iterates.append(x)
    return np.array(iterates)


@wrong("p1-momentum")
def nothing_moves(gradient, x0, gammas, betas, indices):
    return np.tile(np.array(x0, dtype=float), (len(indices) + 1, 1))


# --- Heavy ball -----------------------------------------------------------------------------------


@wrong("p1a-heavy-ball")
def parameters_converted_again(gradient, x0, gammas, betas, indices):
    x = before = np.array(x0, dtype=float)
    iterates = [x]
    for t, i in enumerate(indices):
        beta = betas[t] * gammas[t] / (gammas[t - 1] if t else 1)
        x, before = x - gammas[t] * gradient(i, x) + beta * (x - before), x
        iterates.append(x)
    return np.array(iterates)


@wrong("p1a-heavy-ball")
def before_the_start_is_zero(gradient, x0, gammas, betas, indices):
    x, before = np.array(x0, dtype=float), np.zeros(len(x0))
    iterates = [x]
    for t, i in enumerate(indices):
        x, before = x - gammas[t] * gradient(i, x) + betas[t] * (x - before), x
        iterates.append(x)
    return np.array(iterates)


@wrong("p1a-heavy-ball")
def move_backwards(gradient, x0, gammas, betas, indices):
    x = before = np.array(x0, dtype=float)
    iterates = [x]
    for t, i in enumerate(indices):
        x, before = x - gammas[t] * gradient(i, x) - betas[t] * (x - before), x
        iterates.append(x)
    return np.array(iterates)


@wrong("p1a-heavy-ball")
def step_size_on_the_move(gradient, x0, gammas, betas, indices):
    x = before = np.array(x0, dtype=float)
    iterates = [x]
    for t, i in enumerate(indices):
        x, before = x - gammas[t] * (gradient(i, x) - betas[t] * (x - before)), x
        iterates.append(x)
    return np.array(iterates)


@wrong("p1a-heavy-ball")
def momentum_for_heavy_ball(gradient, x0, gammas, betas, indices):
    x, m = np.array(x0, dtype=float), 0.0
    iterates = [x]
    for gamma, beta, i in zip(gammas, betas, indices, strict=True):
        m = beta * m + gradient(i, x)
        x = x - gamma * m
        iterates.append(x)
    return np.array(iterates)


@wrong("p1a-heavy-ball")
def gradient_ahead(gradient, x0, gammas, betas, indices):
    x = before = np.array(x0, dtype=float)
    iterates = [x]
    for t, i in enumerate(indices):
        ahead = x + betas[t] * (x - before)
        x, before = ahead - gammas[t] * gradient(i, ahead), x
        iterates.append(x)
    return np.array(iterates)


@wrong("p1a-heavy-ball", loses=0.25)
def ball_changes_its_start(gradient, x0, gammas, betas, indices):
    x = x0 if x0.dtype == float else x0.astype(float)
    before = x.copy()
    iterates = [x.copy()]
    for t, i in enumerate(indices):
        move = -gammas[t] * gradient(i, x) + betas[t] * (x - before)
        before = x.copy()
        x += move
        iterates.append(x.copy())
    return np.array(iterates)


# --- The heavy ball's parameters ------------------------------------------------------------------


@wrong("p1a-parameters")
def betas_unchanged(gammas, betas):
    return gammas, betas


@wrong("p1a-parameters")
def ratio_inverted(gammas, betas):
    before = np.append(1.0, gammas[:-1])
    return gammas, before * betas / gammas


@wrong("p1a-parameters")
def wrap_around(gammas, betas):
    return gammas, gammas * betas / np.roll(gammas, 1)


@wrong("p1a-parameters")
def clipped(gammas, betas):
    return gammas, np.clip(gammas * betas / np.append(1.0, gammas[:-1]), 0, 1)


@wrong("p1a-parameters")
def first_beta_unchanged(gammas, betas):
    return gammas, gammas * betas / np.append(gammas[0], gammas[:-1])


@wrong("p1a-parameters")
def first_beta_zero(gammas, betas):
    hatted = gammas * betas / np.append(1.0, gammas[:-1])
    hatted[0] = 0
    return gammas, hatted


@wrong("p1a-parameters")
def step_times_beta(gammas, betas):
    return gammas, gammas * betas


@wrong("p1a-parameters")
def parts_swapped(gammas, betas):
    return gammas * betas / np.append(1.0, gammas[:-1]), gammas


@wrong("p1a-parameters", loses=0.25)
def first_ratio_set_by_its_index(gammas, betas):
    before = np.roll(gammas, 1)
    before[0] = 1
    return gammas, gammas * betas / before


@wrong("p1a-parameters", loses=0.25)
def one_parameter_of_no_step(gammas, betas):
    hatted = [1.0 * betas[0] * gammas[0] if len(betas) else 0.0]
    hatted += [betas[t] * gammas[t] / gammas[t - 1] for t in range(1, len(gammas))]
    return gammas, hatted


@wrong("p1a-parameters")
def gammas_by_the_ratio(gammas, betas):
    ratio = gammas / np.append(1.0, gammas[:-1])
    return ratio, ratio * betas


# --- IMA ------------------------------------------------------------------------------------------


@wrong("p1b-ima")
def lambda_of_this_step(gradient, x0, etas, lambdas, indices):
    x = z = np.array(x0, dtype=float)
    xs, zs = [x], []
    for t, i in enumerate(indices):
        z = z - etas[t] * gradient(i, x)
        x = (lambdas[t] * x + z) / (lambdas[t] + 1)
        xs.append(x)
        zs.append(z)
    return np.array(xs), np.array(zs)


@wrong("p1b-ima")
def weights_swapped(gradient, x0, etas, lambdas, indices):
    x = z = np.array(x0, dtype=float)
    xs, zs = [x], []
    for t, i in enumerate(indices):
        z = z - etas[t] * gradient(i, x)
        x = (x + lambdas[t + 1] * z) / (lambdas[t + 1] + 1)
        xs.append(x)
        zs.append(z)
    return np.array(xs), np.array(zs)


@wrong("p1b-ima")
def gradient_at_z(gradient, x0, etas, lambdas, indices):
    x = z = np.array(x0, dtype=float)
    xs, zs = [x], []
    for t, i in enumerate(indices):
        z = z - etas[t] * gradient(i, z)
        x = (lambdas[t + 1] * x + z) / (lambdas[t + 1] + 1)
        xs.append(x)
        zs.append(z)
    return np.array(xs), np.array(zs)


@wrong("p1b-ima")
def z_with_its_start(gradient, x0, etas, lambdas, indices):
    x = z = np.array(x0, dtype=float)
    xs, zs = [x], [z]
    for t, i in enumerate(indices):
        z = z - etas[t] * gradient(i, x)
        x = (lambdas[t + 1] * x + z) / (lambdas[t + 1] + 1)
        xs.append(x)
        zs.append(z)
    return np.array(xs), np.array(zs)


@wrong("p1b-ima")
def average_of_the_old_z(gradient, x0, etas, lambdas, indices):
    x = z = np.array(x0, dtype=float)
    xs, zs = [x], []
    for t, i in enumerate(indices):
        new = z - etas[t] * gradient(i, x)
        x = (lambdas[t + 1] * x + z) / (lambdas[t + 1] + 1)
        z = new
        xs.append(x)
        zs.append(z)
    return np.array(xs), np.array(zs)


@wrong("p1b-ima")
def x_alone(gradient, x0, etas, lambdas, indices):
    x = z = np.array(x0, dtype=float)
    xs = [x]
    for t, i in enumerate(indices):
        z = z - etas[t] * gradient(i, x)
        x = (lambdas[t + 1] * x + z) / (lambdas[t + 1] + 1)
        xs.append(x)
    return np.array(xs)


# --- IMA's parameters -----------------------------------------------------------------------------


@wrong("p1b-parameters")
def lambda_0_forced_to_zero(gammas, betas):
    lambdas = np.zeros(len(gammas) + 1)
    before = np.append(1.0, gammas)
    for t in range(len(gammas)):
        with np.errstate(all="ignore"):
            lambdas[t + 1] = before[t] * lambdas[t] / (gammas[t] * betas[t]) - 1
    return (1 + lambdas[1:]) * gammas, lambdas


@wrong("p1b-parameters")
def eta_with_lambda_t(gammas, betas):
    lambdas = np.zeros(len(gammas) + 1)
    before = np.append(1.0, gammas)
    for t in reversed(range(len(gammas))):
        lambdas[t] = gammas[t] * betas[t] / before[t] * (1 + lambdas[t + 1])
    return (1 + lambdas[:-1]) * gammas, lambdas


@wrong("p1b-parameters")
def lambda_with_beta_unchanged(gammas, betas):
    lambdas = np.zeros(len(gammas) + 1)
    for t in reversed(range(len(gammas))):
        lambdas[t] = betas[t] * (1 + lambdas[t + 1])
    return (1 + lambdas[1:]) * gammas, lambdas


@wrong("p1b-parameters")
def lambda_with_ratio_inverted(gammas, betas):
    lambdas = np.zeros(len(gammas) + 1)
    before = np.append(1.0, gammas)
    for t in reversed(range(len(gammas))):
        lambdas[t] = before[t] * betas[t] / gammas[t] * (1 + lambdas[t + 1])
    return (1 + lambdas[1:]) * gammas, lambdas


@wrong("p1b-parameters")
def constant_case(gammas, betas):
    lambdas = np.append(betas / np.maximum(1 - betas, 0.1), 0.0)
    return (1 + lambdas[1:]) * gammas, lambdas


@wrong("p1b-parameters")
def all_zero_lambdas(gammas, betas):
    return gammas, np.zeros(len(gammas) + 1)


@wrong("p1b-parameters", loses=0.25)
def last_lambda_set_by_its_index(gammas, betas):
    lambdas = np.zeros(len(gammas) + 1)
    before = np.append(1.0, gammas)
    lambdas[-2] = gammas[-1] * betas[-1] / before[-2]
    for t in reversed(range(len(gammas) - 1)):
        lambdas[t] = gammas[t] * betas[t] / before[t] * (1 + lambdas[t + 1])
    return (1 + lambdas[1:]) * gammas, lambdas


@wrong("p1b-parameters", loses=0.25)
def no_lambda_of_no_step(gammas, betas):
    before, lambdas = np.append(1.0, gammas), [0.0] * bool(len(gammas))
    for t in reversed(range(len(gammas))):
        lambdas.insert(0, gammas[t] * betas[t] / before[t] * (1 + lambdas[0]))
    return (1 + np.array(lambdas[1:])) * gammas, np.array(lambdas)


@wrong("p1b-parameters")
def lambdas_one_short(gammas, betas):
    lambdas = np.zeros(len(gammas) + 1)
    before = np.append(1.0, gammas)
    for t in reversed(range(len(gammas))):
        lambdas[t] = gammas[t] * betas[t] / before[t] * (1 + lambdas[t + 1])
    return (1 + lambdas[1:]) * gammas, lambdas[:-1]


# --- The picture ----------------------------------------------------------------------------------


@wrong("p1-plot")
def axes_swapped(objective, trajectories):
    figure, axes = plt.subplots()
    for label, path in trajectories.items():
        axes.plot([objective(x) for x in path], range(len(path)), label=label)
    axes.set(xlabel="objective", ylabel="step")
    axes.legend()
    return figure


@wrong("p1-plot")
def steps_from_one(objective, trajectories):
    figure, axes = plt.subplots()
    for label, path in trajectories.items():
        axes.plot(range(1, len(path) + 1), [objective(x) for x in path], label=label)
    axes.set(xlabel="step", ylabel="objective")
    axes.legend()
    return figure


@wrong("p1-plot")
def norms_for_the_objective(objective, trajectories):
    figure, axes = plt.subplots()
    for label, path in trajectories.items():
        axes.plot(np.linalg.norm(path, axis=1), label=label)
    axes.set(xlabel="step", ylabel="norm")
    axes.legend()
    return figure


@wrong("p1-plot")
def start_left_out(objective, trajectories):
    figure, axes = plt.subplots()
    for label, path in trajectories.items():
        axes.plot(range(1, len(path)), [objective(x) for x in path[1:]], label=label)
    axes.set(xlabel="step", ylabel="objective")
    axes.legend()
    return figure


@wrong("p1-plot")
def running_minimum(objective, trajectories):
    figure, axes = plt.subplots()
    for label, path in trajectories.items():
        axes.plot(np.minimum.accumulate([objective(x) for x in path]), label=label)
    axes.set(xlabel="step", ylabel="best objective so far")
    axes.legend()
    return figure


@wrong("p1-plot")
def outside_the_axes(objective, trajectories):
    figure, axes = plt.subplots()
    for label, path in trajectories.items():
        axes.plot([objective(x) for x in path], label=label)
    axes.set(xlabel="step", ylabel="objective", ylim=(0, 0.1))
    axes.legend()
    return figure


@wrong("p1-plot")
def invisible(objective, trajectories):
    figure, axes = plt.subplots()
    for label, path in trajectories.items():
        axes.plot([objective(x) for x in path], label=label, linestyle="none")
    axes.set(xlabel="step", ylabel="objective")
    axes.legend()
    return figure


@wrong("p1-plot")
def white_on_white(objective, trajectories):
    figure, axes = plt.subplots()
    for label, path in trajectories.items():
        axes.plot([objective(x) for x in path], label=label, color="white")
    axes.set(xlabel="step", ylabel="objective")
    axes.legend()
    return figure


@wrong("p1-plot")
def first_trajectory_alone(objective, trajectories):
    figure, axes = plt.subplots()
    label, path = next(iter(trajectories.items()))
    axes.plot([objective(x) for x in path], label=label)
    axes.set(xlabel="step", ylabel="objective")
    axes.legend()
    return figure


@wrong("p1-plot")
def own_results(objective, trajectories):
    figure, axes = plt.subplots()
    for label in trajectories:
        axes.plot(np.geomspace(1, 0.01, 8), label=label)
    axes.set(xlabel="step", ylabel="objective")
    axes.legend()
    return figure


@wrong("p1-plot")
def unlabelled_logarithms(objective, trajectories):
    figure, axes = plt.subplots()
    for label, path in trajectories.items():
        axes.plot(np.log10([objective(x) for x in path]), label=label)
    axes.set(xlabel="step", ylabel="objective")
    axes.legend()
    return figure


@wrong("p1-plot", loses=0.25)
def no_legend(objective, trajectories):
    figure, axes = plt.subplots()
    for label, path in trajectories.items():
        axes.plot([objective(x) for x in path], label=label)
    axes.set(xlabel="step", ylabel="objective")
    return figure


@wrong("p1-plot", loses=0.25)
def labels_on_the_wrong_lines(objective, trajectories):
    figure, axes = plt.subplots()
    labels = [*trajectories][1:] + [*trajectories][:1]
    for label, path in zip(labels, trajectories.values(), strict=True):
        axes.plot([objective(x) for x in path], label=label)
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


@wrong("p1-plot", loses=0.25)
def no_label_on_y(objective, trajectories):
    figure, axes = plt.subplots()
    for label, path in trajectories.items():
        axes.plot([objective(x) for x in path], label=label)
    axes.set_xlabel("step")
    axes.legend()
    return figure


@wrong("p1-plot", loses=0.5)
def bare(objective, trajectories):
    figure, axes = plt.subplots()
    for path in trajectories.values():
        axes.plot([objective(x) for x in path])
    return figure


@wrong("p1-plot")
def no_figure_returned(objective, trajectories):
    for label, path in trajectories.items():
        plt.plot([objective(x) for x in path], label=label)
    plt.legend()
    plt.xlabel("step")
    plt.ylabel("objective")
    plt.show()

"""Wrong answers to Problem 2: what people really do."""

# ruff: noqa: ARG001  a wrong answer may well ignore an argument

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np

from solutions.hw2.landscape import gradient, hessian, loss, usam

from .answers import Variant, wrong


def _value(name, answers, loses):
    return Variant(name, "p2a-values", answers, loses)


U, A, B = np.array([3.0, -1.0, 2.0]), 14.0, 4.0
HESSIAN = np.array([[4.0, 0, 0, 12], [0, 4, 0, -4], [0, 0, 4, 8], [12, -4, 8, 14]])
THIRD = 1 / 3

VALUES = [
    _value("norm not squared", {"gradient_at_point": np.append(B * U, 2 * np.sqrt(A))}, THIRD),
    _value("v first", {"gradient_at_point": np.append(2 * A, B * U)}, THIRD),
    _value("missing half", {"gradient_at_point": 2 * np.append(B * U, 2 * A)}, THIRD),
    _value("off-diagonal 0", {"hessian_at_point": np.diag(np.diag(HESSIAN))}, THIRD),
    _value(
        "off-diagonal 1", {"hessian_at_point": (HESSIAN + np.diag(np.diag(HESSIAN))) / 2}, THIRD
    ),
    _value("Hessian of one row", {"hessian_at_point": HESSIAN[0]}, THIRD),
    _value("missing d", {"trace_at_point": B + A}, THIRD),
    _value("largest eigenvalue", {"trace_at_point": float(np.linalg.eigvalsh(HESSIAN)[-1])}, THIRD),
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


@wrong("p2b-gd-update")
def v_with_the_new_u(u, v, eta):
    u = u - eta * v**2 * u
    return u, v - eta * (u @ u) * v


@wrong("p2b-gd-update")
def norm_not_squared(u, v, eta):
    return u - eta * v**2 * u, v - eta * np.linalg.norm(u) * v


@wrong("p2b-gd-update")
def v_not_squared(u, v, eta):
    return u - eta * v * u, v - eta * (u @ u) * v


@wrong("p2b-gd-update")
def factors_swapped(u, v, eta):
    return u - eta * (u @ u) * u, v - eta * v**2 * v


@wrong("p2b-gd-update")
def uphill(u, v, eta):
    return u + eta * v**2 * u, v + eta * (u @ u) * v


@wrong("p2b-gd-update")
def half_left_in(u, v, eta):
    return u - 0.5 * eta * v**2 * u, v - 0.5 * eta * (u @ u) * v


@wrong("p2b-gd-update")
def by_calling_gradient(u, v, eta):
    x = np.append(u, v)
    x = x - eta * gradient(x)
    return x[:-1], x[-1]


@wrong("p2b-gd-update", loses=0.25)
def u_changed_in_place(u, v, eta):
    a = u @ u
    u *= 1 - eta * v**2
    return u, v * (1 - eta * a)


@wrong("p2b-usam-update")
def usam_is_gd(u, v, eta, rho):
    return u - eta * v**2 * u, v - eta * (u @ u) * v


@wrong("p2b-usam-update")
def usam_v_with_the_new_u(u, v, eta, rho):
    b = v**2
    a = u @ u
    u = u * (1 - eta * b * (1 + rho * a) ** 2 * (1 + rho * b))
    a = u @ u
    return u, v * (1 - eta * a * (1 + rho * b) ** 2 * (1 + rho * a))


@wrong("p2b-usam-update")
def minus_rho(u, v, eta, rho):
    a, b, rho = u @ u, v**2, -rho
    factors = b * (1 + rho * a) ** 2 * (1 + rho * b), a * (1 + rho * b) ** 2 * (1 + rho * a)
    return u - eta * factors[0] * u, v - eta * factors[1] * v


@wrong("p2b-usam-update")
def eta_times_rho(u, v, eta, rho):
    a, b, rho = u @ u, v**2, eta * rho
    factors = b * (1 + rho * a) ** 2 * (1 + rho * b), a * (1 + rho * b) ** 2 * (1 + rho * a)
    return u - eta * factors[0] * u, v - eta * factors[1] * v


@wrong("p2b-usam-update")
def squares_forgotten(u, v, eta, rho):
    a, b = u @ u, v**2
    factors = b * (1 + rho * a) * (1 + rho * b), a * (1 + rho * b) * (1 + rho * a)
    return u - eta * factors[0] * u, v - eta * factors[1] * v


@wrong("p2b-usam-update")
def first_order_in_rho(u, v, eta, rho):
    a, b = u @ u, v**2
    factors = b * (1 + 2 * rho * a + rho * b), a * (1 + 2 * rho * b + rho * a)
    return u - eta * factors[0] * u, v - eta * factors[1] * v


@wrong("p2b-usam-update")
def normalised(u, v, eta, rho):
    a, b = u @ u, v**2
    rho = rho / np.sqrt(a * b * (a + b))
    factors = b * (1 + rho * a) ** 2 * (1 + rho * b), a * (1 + rho * b) ** 2 * (1 + rho * a)
    return u - eta * factors[0] * u, v - eta * factors[1] * v


@wrong("p2b-usam-update")
def perturbation_of_u_alone(u, v, eta, rho):
    a, b = u @ u, v**2
    return u * (1 - eta * b * (1 + rho * b)), v * (1 - eta * a * (1 + rho * b) ** 2)


@wrong("p2b-usam-update")
def step_from_the_lifted_point(u, v, eta, rho):
    a, b = u @ u, v**2
    u, v = u * (1 + rho * b), v * (1 + rho * a)
    a, b = u @ u, v**2
    return u * (1 - eta * b), v * (1 - eta * a)


@wrong("p2b-usam-update")
def usam_by_calling_usam(u, v, eta, rho):
    x = usam(gradient, np.append(u, v), eta, rho, 1)[-1]
    return x[:-1], x[-1]


# --- Loss and derivatives -------------------------------------------------------------------------


@wrong("p2c-loss-gradient", target="loss", loses=0.5)
def missing_half(x):
    return (x[:-1] @ x[:-1]) * x[-1] ** 2


@wrong("p2c-loss-gradient", target="loss", loses=0.5)
def loss_norm_not_squared(x):
    return 0.5 * np.linalg.norm(x[:-1]) * x[-1] ** 2


@wrong("p2c-loss-gradient", target="loss", loses=0.5)
def loss_v_first(x):
    return 0.5 * (x[1:] @ x[1:]) * x[0] ** 2


@wrong("p2c-loss-gradient", target="loss", loses=0.5)
def loss_entry_by_entry(x):
    return 0.5 * x[:-1] ** 2 * x[-1] ** 2 if len(x) > 2 else 0.5 * x[:-1] * x[-1] ** 2


@wrong("p2c-loss-gradient", target="gradient", loses=0.5)
def gradient_norm_not_squared(x):
    return np.append(x[-1] ** 2 * x[:-1], np.linalg.norm(x[:-1]) * x[-1])


@wrong("p2c-loss-gradient", target="gradient", loses=0.5)
def gradient_v_first(x):
    return np.append((x[:-1] @ x[:-1]) * x[-1], x[-1] ** 2 * x[:-1])


@wrong("p2c-loss-gradient", target="gradient", loses=0.5)
def gradient_of_twice_the_loss(x):
    return 2 * np.append(x[-1] ** 2 * x[:-1], (x[:-1] @ x[:-1]) * x[-1])


@wrong("p2c-loss-gradient", target="gradient", loses=0.5)
def gradient_v_not_squared(x):
    return np.append(x[-1] * x[:-1], (x[:-1] @ x[:-1]) * x[-1])


@wrong("p2c-loss-gradient", target="gradient", loses=0.5)
def minus_the_gradient(x):
    return -np.append(x[-1] ** 2 * x[:-1], (x[:-1] @ x[:-1]) * x[-1])


@wrong("p2c-loss-gradient", target="gradient", loses=0.5)
def forward_differences_too_coarse(x):
    return np.array([(loss(x + 0.1 * e) - loss(x)) / 0.1 for e in np.eye(len(x))])


@wrong("p2c-hessian-trace", target="hessian", loses=0.5)
def off_diagonal_one(x):
    H = hessian(x)
    H[-1, :-1] = H[:-1, -1] = x[-1] * x[:-1]
    return H


@wrong("p2c-hessian-trace", target="hessian", loses=0.5)
def off_diagonal_zero(x):
    return np.diag(np.diag(hessian(x)))


@wrong("p2c-hessian-trace", target="hessian", loses=0.5)
def gauss_newton(x):
    residual = np.append(x[-1] * x[:-1] / np.linalg.norm(x[:-1]), np.linalg.norm(x[:-1]))
    return np.outer(residual, residual)


@wrong("p2c-hessian-trace", target="hessian", loses=0.5)
def hessian_v_first(x):
    return np.roll(hessian(x), 1, axis=(0, 1))


@wrong("p2c-hessian-trace", target="hessian", loses=0.5)
def outer_product_of_the_gradient(x):
    return np.outer(gradient(x), gradient(x))


@wrong("p2c-hessian-trace", target="hessian", loses=0.5)
def corner_v_squared(x):
    H = hessian(x)
    H[-1, -1] = x[-1] ** 2
    return H


@wrong("p2c-hessian-trace", target="hessian_trace", loses=0.5)
def missing_d(x):
    return x[-1] ** 2 + x[:-1] @ x[:-1]


@wrong("p2c-hessian-trace", target="hessian_trace", loses=0.5)
def d_of_the_whole_point(x):
    return len(x) * x[-1] ** 2 + x[:-1] @ x[:-1]


@wrong("p2c-hessian-trace", target="hessian_trace", loses=0.5)
def largest_eigenvalue(x):
    return np.linalg.eigvalsh(hessian(x))[-1]


@wrong("p2c-hessian-trace", target="hessian_trace", loses=0.5)
def sum_of_all_entries(x):
    return hessian(x).sum()


@wrong("p2c-hessian-trace", target="hessian_trace", loses=0.5)
def sum_of_absolute_eigenvalues(x):
    return np.abs(np.linalg.eigvalsh(hessian(x))).sum()


# --- GD and USAM ----------------------------------------------------------------------------------


@wrong("p2c-gd")
def one_step_too_many(gradient, x0, eta, num_steps):
    etas = np.append(np.broadcast_to(eta, num_steps), 0.1)
    iterates = [np.array(x0, dtype=float)]
    for k in range(num_steps + 1):
        iterates.append(iterates[-1] - etas[k] * gradient(iterates[-1]))
    return np.array(iterates)


@wrong("p2c-gd")
def gd_start_dropped(gradient, x0, eta, num_steps):
    etas, x, iterates = np.broadcast_to(eta, num_steps), np.array(x0, dtype=float), []
    for k in range(num_steps):
        x = x - etas[k] * gradient(x)
        iterates.append(x)
    return np.array(iterates)


@wrong("p2c-gd")
def one_step_too_few(gradient, x0, eta, num_steps):
    etas = np.broadcast_to(eta, num_steps)
    iterates = [np.array(x0, dtype=float)]
    for k in range(num_steps - 1):
        iterates.append(iterates[-1] - etas[k] * gradient(iterates[-1]))
    return np.array(iterates)


@wrong("p2c-gd")
def first_step_size_for_all(gradient, x0, eta, num_steps):
    eta = np.ravel(eta)[0]
    iterates = [np.array(x0, dtype=float)]
    for _ in range(num_steps):
        iterates.append(iterates[-1] - eta * gradient(iterates[-1]))
    return np.array(iterates)


@wrong("p2c-gd")
def no_step_size_of_each_step(gradient, x0, eta, num_steps):
    iterates = [np.array(x0, dtype=float)]
    for _ in range(num_steps):
        iterates.append(iterates[-1] - float(eta) * gradient(iterates[-1]))
    return np.array(iterates)


@wrong("p2c-gd")
def own_gradient(gradient, x0, eta, num_steps):
    etas = np.broadcast_to(eta, num_steps)
    iterates = [np.array(x0, dtype=float)]
    for k in range(num_steps):
        x = iterates[-1]
        g = np.append(x[-1] ** 2 * x[:-1], (x[:-1] @ x[:-1]) * x[-1])
        iterates.append(x - etas[k] * g)
    return np.array(iterates)


@wrong("p2c-gd")
def gd_aliased_rows(gradient, x0, eta, num_steps):
    etas, x = np.broadcast_to(eta, num_steps), np.array(x0, dtype=float)
    iterates = [x]
    for k in range(num_steps):
        x -= etas[k] * gradient(x)
        iterates.append(x)
    return np.array(iterates)


@wrong("p2c-gd")
def gradient_of_the_start(gradient, x0, eta, num_steps):
    etas = np.broadcast_to(eta, num_steps)
    g = gradient(np.array(x0, dtype=float))
    return np.array(x0) - np.append(0, np.cumsum(etas))[:, np.newaxis] * g


@wrong("p2c-gd")
def early_stop(gradient, x0, eta, num_steps):
    etas = np.broadcast_to(eta, num_steps)
    iterates = [np.array(x0, dtype=float)]
    for k in range(num_steps):
        step = etas[k] * gradient(iterates[-1])
        if np.linalg.norm(step) < 0.5:
            break
        iterates.append(iterates[-1] - step)
    return np.array(iterates)


@wrong("p2c-gd", loses=0.25)
def gd_changes_its_start(gradient, x0, eta, num_steps):
    etas = np.broadcast_to(eta, num_steps)
    x = x0 if x0.dtype == float else x0.astype(float)
    iterates = [x.copy()]
    for k in range(num_steps):
        x -= etas[k] * gradient(x)
        iterates.append(x.copy())
    return np.array(iterates)


@wrong("p2c-gd", loses=0.25)
def gd_integer_buffer(gradient, x0, eta, num_steps):
    etas = np.broadcast_to(eta, num_steps)
    iterates = np.empty((num_steps + 1, len(x0)), dtype=x0.dtype)
    iterates[0] = x0
    for k in range(num_steps):
        iterates[k + 1] = iterates[k] - etas[k] * gradient(iterates[k])
    return iterates


@wrong("p2c-usam")
def sam(gradient, x0, eta, rho, num_steps):
    etas = np.broadcast_to(eta, num_steps)
    iterates = [np.array(x0, dtype=float)]
    for k in range(num_steps):
        x = iterates[-1]
        g = gradient(x)
        iterates.append(x - etas[k] * gradient(x + rho * g / np.linalg.norm(g)))
    return np.array(iterates)


@wrong("p2c-usam")
def usam_minus_rho(gradient, x0, eta, rho, num_steps):
    etas = np.broadcast_to(eta, num_steps)
    iterates = [np.array(x0, dtype=float)]
    for k in range(num_steps):
        x = iterates[-1]
        iterates.append(x - etas[k] * gradient(x - rho * gradient(x)))
    return np.array(iterates)


@wrong("p2c-usam")
def usam_eta_times_rho(gradient, x0, eta, rho, num_steps):
    etas = np.broadcast_to(eta, num_steps)
    iterates = [np.array(x0, dtype=float)]
    for k in range(num_steps):
        x = iterates[-1]
        iterates.append(x - etas[k] * gradient(x + etas[k] * rho * gradient(x)))
    return np.array(iterates)


@wrong("p2c-usam")
def usam_perturbation_of_u_alone(gradient, x0, eta, rho, num_steps):
    etas = np.broadcast_to(eta, num_steps)
    iterates = [np.array(x0, dtype=float)]
    for k in range(num_steps):
        x = iterates[-1]
        lift = rho * gradient(x)
        lift[-1] = 0
        iterates.append(x - etas[k] * gradient(x + lift))
    return np.array(iterates)


@wrong("p2c-usam")
def usam_from_the_lifted_point(gradient, x0, eta, rho, num_steps):
    etas = np.broadcast_to(eta, num_steps)
    iterates = [np.array(x0, dtype=float)]
    for k in range(num_steps):
        up = iterates[-1] + rho * gradient(iterates[-1])
        iterates.append(up - etas[k] * gradient(up))
    return np.array(iterates)


@wrong("p2c-usam")
def usam_is_plain_gd(gradient, x0, eta, rho, num_steps):
    etas = np.broadcast_to(eta, num_steps)
    iterates = [np.array(x0, dtype=float)]
    for k in range(num_steps):
        iterates.append(iterates[-1] - etas[k] * gradient(iterates[-1]))
    return np.array(iterates)


@wrong("p2c-usam")
def usam_with_own_gradient(gradient, x0, eta, rho, num_steps):
    def valley(x):
        return np.append(x[-1] ** 2 * x[:-1], (x[:-1] @ x[:-1]) * x[-1])

    etas = np.broadcast_to(eta, num_steps)
    iterates = [np.array(x0, dtype=float)]
    for k in range(num_steps):
        x = iterates[-1]
        iterates.append(x - etas[k] * valley(x + rho * valley(x)))
    return np.array(iterates)


@wrong("p2c-usam")
def usam_one_step_too_many(gradient, x0, eta, rho, num_steps):
    etas = np.append(np.broadcast_to(eta, num_steps), 0.1)
    iterates = [np.array(x0, dtype=float)]
    for k in range(num_steps + 1):
        x = iterates[-1]
        iterates.append(x - etas[k] * gradient(x + rho * gradient(x)))
    return np.array(iterates)


@wrong("p2c-usam")
def usam_mean_step_size(gradient, x0, eta, rho, num_steps):
    iterates = [np.array(x0, dtype=float)]
    for _ in range(num_steps):
        x = iterates[-1]
        iterates.append(x - np.mean(eta) * gradient(x + rho * gradient(x)))
    return np.array(iterates)


# --- The experiment -------------------------------------------------------------------------------


@wrong("p2c-experiment")
def keys_swapped(optimizer, gradient, starts, etas, rhos, num_steps):
    return {
        (rho, eta): np.array([optimizer(gradient, x, eta, rho, num_steps)[-1] for x in starts])
        for eta in etas
        for rho in rhos
    }


@wrong("p2c-experiment")
def arguments_swapped(optimizer, gradient, starts, etas, rhos, num_steps):
    return {
        (eta, rho): np.array([optimizer(gradient, x, rho, eta, num_steps)[-1] for x in starts])
        for eta in etas
        for rho in rhos
    }


@wrong("p2c-experiment")
def mean_over_starts(optimizer, gradient, starts, etas, rhos, num_steps):
    return {
        (eta, rho): np.mean([optimizer(gradient, x, eta, rho, num_steps)[-1] for x in starts], 0)
        for eta in etas
        for rho in rhos
    }


@wrong("p2c-experiment")
def mean_over_steps(optimizer, gradient, starts, etas, rhos, num_steps):
    return {
        (eta, rho): np.array([optimizer(gradient, x, eta, rho, num_steps).mean(0) for x in starts])
        for eta in etas
        for rho in rhos
    }


@wrong("p2c-experiment")
def whole_runs(optimizer, gradient, starts, etas, rhos, num_steps):
    return {
        (eta, rho): np.array([optimizer(gradient, x, eta, rho, num_steps) for x in starts])
        for eta in etas
        for rho in rhos
    }


@wrong("p2c-experiment")
def gd_left_out(optimizer, gradient, starts, etas, rhos, num_steps):
    return {
        (eta, rho): np.array([optimizer(gradient, x, eta, rho, num_steps)[-1] for x in starts])
        for eta in etas
        for rho in rhos
        if rho > 0
    }


@wrong("p2c-experiment")
def rho_zero_replaced(optimizer, gradient, starts, etas, rhos, num_steps):
    return {
        (eta, rho): np.array(
            [optimizer(gradient, x, eta, rho or 0.05, num_steps)[-1] for x in starts]
        )
        for eta in etas
        for rho in rhos
    }


@wrong("p2c-experiment")
def each_run_from_the_last_end(optimizer, gradient, starts, etas, rhos, num_steps):
    results, points = {}, starts
    for eta in etas:
        for rho in rhos:
            points = np.array([optimizer(gradient, x, eta, rho, num_steps)[-1] for x in points])
            results[eta, rho] = points
    return results


@wrong("p2c-experiment")
def own_optimizer(optimizer, gradient, starts, etas, rhos, num_steps):
    return {
        (eta, rho): np.array([usam(gradient, x, eta, rho, num_steps)[-1] for x in starts])
        for eta in etas
        for rho in rhos
    }


@wrong("p2c-experiment")
def starts_handed_back(optimizer, gradient, starts, etas, rhos, num_steps):
    return {(eta, rho): np.array(starts) for eta in etas for rho in rhos}


@wrong("p2c-experiment")
def one_step_less(optimizer, gradient, starts, etas, rhos, num_steps):
    return {
        (eta, rho): np.array([optimizer(gradient, x, eta, rho, num_steps)[-2] for x in starts])
        for eta in etas
        for rho in rhos
    }


@wrong("p2c-experiment")
def first_start_alone(optimizer, gradient, starts, etas, rhos, num_steps):
    return {
        (eta, rho): np.array(
            [optimizer(gradient, starts[0], eta, rho, num_steps)[-1]] * len(starts)
        )
        for eta in etas
        for rho in rhos
    }


# --- The picture of the traces --------------------------------------------------------------------


def _draw_lines(results, height, **limits):
    """One line for each eta against rho, with labels; `height` says how high a point is."""
    figure, axes = plt.subplots()
    for eta in sorted({eta for eta, _ in results}):
        rhos = sorted(rho for other, rho in results if other == eta)
        axes.plot(rhos, [height(_kept(results[eta, rho])) for rho in rhos], label=f"eta = {eta}")
    axes.set(xlabel="rho", ylabel="trace of the Hessian", **limits)
    axes.legend()
    return figure


def _kept(ends):
    return ends[np.linalg.norm(ends, axis=1) <= 1e6]


@wrong("p2c-trace-plot")
def mean_for_median(hessian_trace, results):
    return _draw_lines(results, lambda ends: np.mean([hessian_trace(x) for x in ends]))


@wrong("p2c-trace-plot")
def largest_for_median(hessian_trace, results):
    return _draw_lines(results, lambda ends: np.max([hessian_trace(x) for x in ends]))


@wrong("p2c-trace-plot")
def trace_of_the_median(hessian_trace, results):
    return _draw_lines(results, lambda ends: hessian_trace(np.median(ends, axis=0)))


@wrong("p2c-trace-plot")
def own_trace(hessian_trace, results):
    return _draw_lines(
        results,
        lambda ends: np.median([(len(x) - 1) * x[-1] ** 2 + x[:-1] @ x[:-1] for x in ends]),
    )


@wrong("p2c-trace-plot")
def norms_for_traces(hessian_trace, results):
    return _draw_lines(results, lambda ends: np.median(np.linalg.norm(ends, axis=1)))


@wrong("p2c-trace-plot")
def first_start_for_median(hessian_trace, results):
    return _draw_lines(results, lambda ends: hessian_trace(ends[0]))


@wrong("p2c-trace-plot")
def traces_out_of_sight(hessian_trace, results):
    def median(ends):
        return np.median([hessian_trace(x) for x in ends])

    return _draw_lines(results, median, ylim=(-1, 0))


@wrong("p2c-trace-plot")
def eta_across(hessian_trace, results):
    figure, axes = plt.subplots()
    for rho in sorted({rho for _, rho in results}):
        etas = sorted(eta for eta, other in results if other == rho)
        ends = [_kept(results[eta, rho]) for eta in etas]
        axes.plot(etas, [np.median([hessian_trace(x) for x in e]) for e in ends], label=f"{rho}")
    axes.set(xlabel="eta", ylabel="trace of the Hessian")
    axes.legend()
    return figure


@wrong("p2c-trace-plot")
def trace_axes_swapped(hessian_trace, results):
    figure, axes = plt.subplots()
    for eta in sorted({eta for eta, _ in results}):
        rhos = sorted(rho for other, rho in results if other == eta)
        ends = [_kept(results[eta, rho]) for rho in rhos]
        axes.plot([np.median([hessian_trace(x) for x in e]) for e in ends], rhos, label=f"{eta}")
    axes.set(xlabel="trace of the Hessian", ylabel="rho")
    axes.legend()
    return figure


@wrong("p2c-trace-plot")
def gd_not_shown(hessian_trace, results):
    figure, axes = plt.subplots()
    for eta in sorted({eta for eta, _ in results}):
        rhos = sorted(rho for other, rho in results if other == eta and rho > 0)
        ends = [_kept(results[eta, rho]) for rho in rhos]
        axes.plot(rhos, [np.median([hessian_trace(x) for x in e]) for e in ends], label=f"{eta}")
    axes.set(xlabel="rho", ylabel="trace of the Hessian")
    axes.legend()
    return figure


@wrong("p2c-trace-plot")
def one_line_for_all(hessian_trace, results):
    figure, axes = plt.subplots()
    rhos = sorted({rho for _, rho in results})
    ends = [np.concatenate([e for (_, r), e in results.items() if r == rho]) for rho in rhos]
    axes.plot(rhos, [np.median([hessian_trace(x) for x in _kept(e)]) for e in ends], label="all")
    axes.set(xlabel="rho", ylabel="trace of the Hessian")
    axes.legend()
    return figure


@wrong("p2c-trace-plot")
def results_of_the_notebook(hessian_trace, results):
    figure, axes = plt.subplots()
    for eta in (0.1, 0.05, 0.025):
        axes.plot([0, 0.1, 0.2], [2.0, 1.7, 1.4], label=f"{eta}")
    axes.set(xlabel="rho", ylabel="trace of the Hessian")
    axes.legend()
    return figure


@wrong("p2c-trace-plot")
def fully_transparent(hessian_trace, results):
    figure = _draw_lines(results, lambda ends: np.median([hessian_trace(x) for x in ends]))
    for line in figure.axes[0].lines:
        line.set_alpha(0)
    return figure


@wrong("p2c-trace-plot", loses=0.25)
def diverged_runs_kept(hessian_trace, results):
    figure, axes = plt.subplots()
    for eta in sorted({eta for eta, _ in results}):
        rhos = sorted(rho for other, rho in results if other == eta)
        medians = [np.median([hessian_trace(x) for x in results[eta, rho]]) for rho in rhos]
        axes.plot(rhos, medians, label=f"eta = {eta}")
    axes.set(xlabel="rho", ylabel="trace of the Hessian")
    axes.legend()
    return figure


@wrong("p2c-trace-plot", loses=0.25)
def etas_by_number(hessian_trace, results):
    figure, axes = plt.subplots()
    for k, eta in enumerate(sorted({eta for eta, _ in results})):
        rhos = sorted(rho for other, rho in results if other == eta)
        ends = [_kept(results[eta, rho]) for rho in rhos]
        medians = [np.median([hessian_trace(x) for x in e]) for e in ends]
        axes.plot(rhos, medians, label=f"run {k + 1}")
    axes.set(xlabel="rho", ylabel="trace of the Hessian")
    axes.legend()
    return figure


@wrong("p2c-trace-plot", loses=0.25)
def etas_on_the_wrong_lines(hessian_trace, results):
    figure = _draw_lines(results, lambda ends: np.median([hessian_trace(x) for x in ends]))
    (axes,) = figure.axes
    labels = [line.get_label() for line in axes.lines]
    for line, label in zip(axes.lines, labels[1:] + labels[:1], strict=True):
        line.set_label(label)
    axes.legend()
    return figure


@wrong("p2c-trace-plot", loses=0.25)
def handles_of_the_wrong_etas(hessian_trace, results):
    figure = _draw_lines(results, lambda ends: np.median([hessian_trace(x) for x in ends]))
    (axes,) = figure.axes
    labels = [line.get_label() for line in axes.lines]
    axes.legend(axes.lines[1:] + axes.lines[:1], labels)
    return figure


@wrong("p2c-trace-plot", loses=0.5)
def traces_unlabelled(hessian_trace, results):
    figure = _draw_lines(results, lambda ends: np.median([hessian_trace(x) for x in ends]))
    figure.axes[0].set(xlabel="", ylabel="")
    figure.axes[0].get_legend().remove()
    return figure


# --- The picture of the surface -------------------------------------------------------------------


def _draw_surface(loss, points, *, radius=1.5, order=3, on_top=True, **limits):
    """Filled contours of a function of (u, v), and some points under their names."""
    grid = np.linspace(-radius, radius, 40)
    values = [[loss(np.array([u, v])) for u in grid] for v in grid]
    figure, axes = plt.subplots()
    if loss is not _nothing:
        axes.contourf(grid, grid, values, levels=20)
    for name, (u, v) in points.items():
        axes.scatter(u, v, label=name, zorder=order if on_top else 0)
    axes.set(xlabel="u", ylabel="v", **limits)
    if points:
        axes.legend()
    return figure


def _nothing(x):
    return 0.0


def _at(results, eta):
    """The last iterates of GD and of USAM, of all radii together, at this step size."""
    usam = np.concatenate([ends for (e, rho), ends in results.items() if e == eta and rho > 0])
    return {"GD": np.transpose(results[eta, 0.0]), "USAM": usam.T}


@wrong("p2c-surface-plot")
def points_alone(loss, results, eta):
    return _draw_surface(_nothing, _at(results, eta))


@wrong("p2c-surface-plot")
def surface_alone(loss, results, eta):
    return _draw_surface(loss, {})


@wrong("p2c-surface-plot")
def own_loss(loss, results, eta):
    return _draw_surface(lambda x: 0.5 * x[0] ** 2 * x[1] ** 2, _at(results, eta))


@wrong("p2c-surface-plot")
def u_and_v_swapped_in_the_surface(loss, results, eta):
    return _draw_surface(lambda x: loss(x[::-1]), _at(results, eta))


@wrong("p2c-surface-plot")
def u_and_v_swapped_in_the_points(loss, results, eta):
    swapped = {name: ends[::-1] for name, ends in _at(results, eta).items()}
    return _draw_surface(loss, swapped)


@wrong("p2c-surface-plot")
def upside_down(loss, results, eta):
    return _draw_surface(lambda x: -loss(x), _at(results, eta))


@wrong("p2c-surface-plot")
def another_eta(loss, results, eta):
    other = next(e for e, _ in results if e != eta)
    return _draw_surface(loss, _at(results, other))


@wrong("p2c-surface-plot")
def all_etas(loss, results, eta):
    points = {f"USAM {key}" if key[1] else f"GD {key}": e.T for key, e in results.items()}
    return _draw_surface(loss, points)


@wrong("p2c-surface-plot")
def gd_points_alone(loss, results, eta):
    return _draw_surface(loss, {"GD": _at(results, eta)["GD"], "USAM": ([], [])})


@wrong("p2c-surface-plot")
def usam_points_alone(loss, results, eta):
    return _draw_surface(loss, {"GD": ([], []), "USAM": _at(results, eta)["USAM"]})


@wrong("p2c-surface-plot")
def means_for_points(loss, results, eta):
    means = {name: ends.mean(axis=1) for name, ends in _at(results, eta).items()}
    return _draw_surface(loss, means)


@wrong("p2c-surface-plot")
def points_under_the_surface(loss, results, eta):
    return _draw_surface(loss, _at(results, eta), on_top=False)


@wrong("p2c-surface-plot")
def points_out_of_sight(loss, results, eta):
    return _draw_surface(loss, _at(results, eta), xlim=(-0.05, 0.05), ylim=(-0.05, 0.05))


@wrong("p2c-surface-plot")
def absolute_values(loss, results, eta):
    return _draw_surface(loss, {name: np.abs(ends) for name, ends in _at(results, eta).items()})


@wrong("p2c-surface-plot")
def points_of_the_notebook(loss, results, eta):
    points = np.random.default_rng(0).normal(size=(2, 2, 20)) * 0.5
    return _draw_surface(loss, {"GD": points[0], "USAM": points[1]})


@wrong("p2c-surface-plot")
def image_upside_down(loss, results, eta):
    grid = np.linspace(-1.5, 1.5, 40)
    figure, axes = plt.subplots()
    axes.imshow([[loss(np.array([u, v])) for u in grid] for v in grid], extent=(-1.5, 1.5) * 2)
    for name, ends in _at(results, eta).items():
        axes.scatter(*ends, label=name)
    axes.set(xlabel="u", ylabel="v")
    axes.legend()
    return figure


@wrong("p2c-surface-plot", loses=0.25)
def methods_not_named(loss, results, eta):
    named = _at(results, eta)
    return _draw_surface(loss, {"first": named["GD"], "second": named["USAM"]})


@wrong("p2c-surface-plot", loses=0.25)
def methods_named_in_the_title_alone(loss, results, eta):
    named = _at(results, eta)
    figure = _draw_surface(loss, {"first": named["GD"], "second": named["USAM"]})
    figure.axes[0].set_title("last iterates of GD and of USAM")
    return figure


@wrong("p2c-surface-plot", loses=0.25)
def methods_swapped_in_the_legend(loss, results, eta):
    named = _at(results, eta)
    return _draw_surface(loss, {"GD": named["USAM"], "USAM": named["GD"]})


@wrong("p2c-surface-plot", loses=0.25)
def handles_swapped(loss, results, eta):
    figure = _draw_surface(loss, {})
    (axes,) = figure.axes
    gd, usam = (axes.plot(*ends, "o")[0] for ends in _at(results, eta).values())
    axes.legend([usam, gd], ["GD", "USAM"])
    return figure


@wrong("p2c-surface-plot", loses=0.25)
def labels_right_and_handles_swapped(loss, results, eta):
    figure = _draw_surface(loss, _at(results, eta))
    (axes,) = figure.axes
    gd, usam = (part for part in axes.collections if part.get_label() in ("GD", "USAM"))
    axes.legend([usam, gd], ["GD", "USAM"])
    return figure


@wrong("p2c-surface-plot", loses=0.25)
def samples_swapped(loss, results, eta):
    figure = _draw_surface(loss, {})
    (axes,) = figure.axes
    for color, ends in zip("rw", _at(results, eta).values(), strict=True):
        axes.scatter(*ends, color=color)
    samples = [plt.Line2D([], [], color=color, marker="o", ls="") for color in "wr"]
    figure.legend(samples, ["GD", "USAM"])
    return figure


@wrong("p2c-surface-plot", loses=0.25)
def markers_swapped(loss, results, eta):
    figure = _draw_surface(loss, {})
    (axes,) = figure.axes
    for marker, ends in zip("x^", _at(results, eta).values(), strict=True):
        axes.scatter(*ends, color="k", marker=marker)
    samples = [plt.Line2D([], [], color="k", marker=marker, ls="") for marker in "^x"]
    axes.legend(samples, ["GD", "USAM"])
    return figure


@wrong("p2c-surface-plot", loses=0.25)
def error_bars_under_swapped_labels(loss, results, eta):
    figure = _draw_surface(loss, {})
    (axes,) = figure.axes
    for name, ends in zip(("USAM", "GD"), _at(results, eta).values(), strict=True):
        axes.errorbar(*ends, yerr=0.05, fmt="o", label=name)
    axes.legend()
    return figure


@wrong("p2c-surface-plot", loses=0.25)
def one_radius_called_gd(loss, results, eta):
    radii = sorted(rho for e, rho in results if e == eta)
    names = ("gradient descent", "gradient descent, second run", "USAM")
    points = {n: np.transpose(results[eta, r]) for n, r in zip(names, radii, strict=True)}
    return _draw_surface(loss, points)


@wrong("p2c-surface-plot", loses=0.25)
def solid_surface_under_swapped_labels(loss, results, eta):
    figure, axes = plt.subplots(subplot_kw={"projection": "3d"})
    grid = np.linspace(-2.4, 2.4, 40)
    heights = np.array([[loss(np.array([u, v])) for u in grid] for v in grid])
    axes.plot_surface(*np.meshgrid(grid, grid), heights, alpha=0.4)
    for name, ends in zip(("USAM", "GD"), _at(results, eta).values(), strict=True):
        axes.scatter(*ends, [loss(x) for x in ends.T], label=name)
    axes.set(xlabel="u", ylabel="v", zlabel="L")
    axes.legend()
    return figure


@wrong("p2c-surface-plot", loses=0.25)
def smallest_radius_alone(loss, results, eta):
    rho = min(rho for e, rho in results if e == eta and rho > 0)
    return _draw_surface(loss, {"GD": results[eta, 0.0].T, "USAM": results[eta, rho].T})


@wrong("p2c-surface-plot", loses=0.25)
def largest_radius_alone(loss, results, eta):
    rho = max(rho for _, rho in results)
    return _draw_surface(loss, {"GD": results[eta, 0.0].T, "USAM": results[eta, rho].T})


@wrong("p2c-surface-plot")
def one_run_of_another_eta_too(loss, results, eta):
    key = next(key for key in results if key[0] != eta and key[1] > 0)
    named = _at(results, eta)
    usam = np.column_stack([named["USAM"], results[key][0]])
    return _draw_surface(loss, {"GD": named["GD"], "USAM": usam})


@wrong("p2c-surface-plot", loses=0.25)
def surface_without_axis_labels(loss, results, eta):
    figure = _draw_surface(loss, _at(results, eta))
    figure.axes[0].set(xlabel="", ylabel="")
    return figure

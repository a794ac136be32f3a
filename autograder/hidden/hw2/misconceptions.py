"""Misconceptions of Homework 2: what people really answer, and the sentence that helps them.

Most are the reference with a piece of its text exchanged, so what is wrong stands beside what is
right. A sentence names the mistake and may repeat what the sheet gives; it holds nothing of the
hidden tests, nor the result of a derivation that the sheet asks for. Within an item each answers
otherwise than all the others, or diagnosis could not tell them apart. Functions that are written
out here stand alone: their text is that of a notebook's cell.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import matplotlib.pyplot as plt
import numpy as np

from autograder.grading.misconceptions import Catalogue
from solutions.hw2 import figures, landscape, momentum, ntk

misconceptions = Catalogue()

change = misconceptions.change

# ==================================================================================================
# Problem 1: momentum, the heavy ball and the iterate moving average
# ==================================================================================================

# --- p1-momentum ----------------------------------------------------------------------------------

change(
    "p1-momentum",
    "dampening",
    "The new gradient enters the memory with the factor 1 − β_t; in equation (1) it enters whole.",
    momentum.momentum,
    ("+ gradient(", "+ (1 - betas[t]) * gradient("),
)
change(
    "p1-momentum",
    "beta_on_the_gradient",
    "β_t stands before the gradient and 1 − β_t before the memory; in equation (1) β_t belongs to "
    "the memory, and the gradient enters whole.",
    momentum.momentum,
    ("betas[t] * buffer + gradient(", "(1 - betas[t]) * buffer + betas[t] * gradient("),
)
change(
    "p1-momentum",
    "step_size_in_the_buffer",
    "The step size γ_t is inside the memory, so old gradients keep their old step sizes; in "
    "equation (2) γ_t multiplies the whole memory.",
    momentum.momentum,
    ("+ gradient(", "+ gammas[t] * gradient("),
    ("- gammas[t] * buffer", "- buffer"),
)
change(
    "p1-momentum",
    "nesterov",
    "This is Nesterov's method: the gradient is taken at a point ahead, where equation (1) takes "
    "it at x^t.",
    momentum.momentum,
    ("gradient(i, iterates[t].copy())", "gradient(i, iterates[t] - gammas[t] * betas[t] * buffer)"),
)
change(
    "p1-momentum",
    "nesterov_by_a_second_push",
    "This is Nesterov's form of momentum, as libraries have it: the step follows g_t + β_t m^t, "
    "where equation (2) has m^t alone.",
    momentum.momentum,
    ("gradient(i, iterates[t].copy())", "(g := gradient(i, iterates[t].copy()))"),
    ("- gammas[t] * buffer", "- gammas[t] * (g + betas[t] * buffer)"),
)
change(
    "p1-momentum",
    "beta_of_the_step_before",
    "The memory of step t is weighed with β_{t−1}; equation (1) has β_t there.",
    momentum.momentum,
    ("betas[t] *", "betas[t - 1] *"),
)
change(
    "p1-momentum",
    "beta_of_the_next_step",
    "The memory of step t is weighed with β_{t+1}; equation (1) has β_t there.",
    momentum.momentum,
    ("betas[t] *", "betas[min(t + 1, len(betas) - 1)] *"),
)
change(
    "p1-momentum",
    "gamma_of_the_step_before",
    "Step t moves with the step size γ_{t−1}; equation (2) has γ_t there.",
    momentum.momentum,
    ("gammas[t] *", "gammas[max(t - 1, 0)] *"),
)
change(
    "p1-momentum",
    "gamma_of_the_next_step",
    "Step t moves with the step size γ_{t+1}; equation (2) has γ_t there.",
    momentum.momentum,
    ("gammas[t] *", "gammas[min(t + 1, len(gammas) - 1)] *"),
)
change(
    "p1-momentum",
    "buffer_started_at_the_gradient",
    "The memory starts from the first gradient, which then counts twice; it starts from "
    "m^{−1} = 0.",
    momentum.momentum,
    ("buffer = np.zeros(len(x0))", "buffer = gradient(indices[0], iterates[0].copy())"),
)
change(
    "p1-momentum",
    "step_before_the_memory",
    "Each step moves along the memory of the step before, and adds the new gradient only "
    "afterwards; equation (2) moves along m^t.",
    momentum.momentum,
    ("        buffer =", "        move = gammas[t] * buffer\n        buffer ="),
    ("- gammas[t] * buffer", "- move"),
)
change(
    "p1-momentum",
    "gradient_at_the_start",
    "All gradients are taken at the start x^0; each step needs the gradient at its own x^t.",
    momentum.momentum,
    ("iterates[t].copy()", "iterates[0].copy()"),
)
change(
    "p1-momentum",
    "plain_sgd",
    "These are the steps of plain SGD: the memory of earlier gradients has no effect on them.",
    momentum.momentum,
    ("betas[t] * buffer + ", ""),
)
change(
    "p1-momentum",
    "betas_left_out",
    "The memory adds up all gradients undiminished: β_t is missing in equation (1).",
    momentum.momentum,
    ("betas[t] * buffer", "buffer"),
)
change(
    "p1-momentum",
    "uphill",
    "The steps go uphill: equation (2) subtracts γ_t m^t, and here it is added.",
    momentum.momentum,
    ("- gammas[t]", "+ gammas[t]"),
)
change(
    "p1-momentum",
    "start_dropped",
    "The iterates are right, but the start is missing: row 0 of the answer is x^0.",
    momentum.momentum,
    ("return iterates", "return iterates[1:]"),
)
change(
    "p1-momentum",
    "last_iterate_dropped",
    "The last iterate is missing: T steps lead from x^0 to x^T, and these are T + 1 rows.",
    momentum.momentum,
    ("return iterates", "return iterates[:-1]"),
)
change(
    "p1-momentum",
    "last_iterate_alone",
    "Only the last iterate is returned; asked for are all of them, one in each row.",
    momentum.momentum,
    ("return iterates", "return iterates[-1]"),
)
change(
    "p1-momentum",
    "integer_buffer",
    "A start with integer entries makes all iterates integers, and their decimals are cut off: "
    "work in floats.",
    momentum.momentum,
    ("len(x0)))\n", "len(x0)), dtype=x0.dtype)\n"),
)


@misconceptions.function(
    "p1-momentum",
    "momentum",
    "All rows are one and the same array, changed in place again and again: append a copy, or "
    "make a new array in each step.",
)
def aliased_rows(
    gradient: Callable[[int, np.ndarray], np.ndarray],
    x0: np.ndarray,
    gammas: np.ndarray,
    betas: np.ndarray,
    indices: np.ndarray,
) -> np.ndarray:
    x = np.array(x0, dtype=float)
    m = np.zeros(len(x))
    iterates = [x]
    for t, i in enumerate(indices):
        m = betas[t] * m + gradient(i, x)
        x -= gammas[t] * m
        iterates.append(x)
    return np.array(iterates)


@misconceptions.function(
    "p1-momentum",
    "momentum",
    "The iterates are right, but `x0` itself is changed by the steps (and can't be where it holds "
    "integers): work on a copy, in floats.",
)
def start_changed_in_place(
    gradient: Callable[[int, np.ndarray], np.ndarray],
    x0: np.ndarray,
    gammas: np.ndarray,
    betas: np.ndarray,
    indices: np.ndarray,
) -> np.ndarray:
    x = x0
    m = np.zeros(len(x))
    iterates = [x.copy()]
    for t, i in enumerate(indices):
        m = betas[t] * m + gradient(i, x)
        x -= gammas[t] * m
        iterates.append(x.copy())
    return np.array(iterates)


# --- p1a-heavy-ball -------------------------------------------------------------------------------

change(
    "p1a-heavy-ball",
    "parameters_converted_again",
    "These are the steps of momentum (1, 2): `gammas` and `betas` are the heavy ball's own here, "
    "to be used in (3) without converting them.",
    momentum.heavy_ball,
    ("betas[t] *", "betas[t] * gammas[t] / (gammas[t - 1] if t > 0 else 1) *"),
)
change(
    "p1a-heavy-ball",
    "before_the_start_is_zero",
    "The first step takes x^{−1} for 0, so the ball starts with a push; it starts at rest, "
    "x^{−1} = x^0.",
    momentum.heavy_ball,
    ("iterates[0] = previous = x0", "iterates[0], previous = x0, np.zeros(len(x0))"),
)
change(
    "p1a-heavy-ball",
    "move_backwards",
    "The last move has the wrong sign: equation (3) adds β̂_t (x^t − x^{t−1}), here it is "
    "subtracted.",
    momentum.heavy_ball,
    ("(x - previous)", "(previous - x)"),
)
change(
    "p1a-heavy-ball",
    "step_size_on_the_move",
    "The last move is multiplied by the step size, too; in equation (3) γ̂_t belongs to the "
    "gradient alone.",
    momentum.heavy_ball,
    ("+ betas[t] *", "+ gammas[t] * betas[t] *"),
)
change(
    "p1a-heavy-ball",
    "gradient_ahead",
    "This is Nesterov's method: the gradient is taken after the push, where equation (3) takes it "
    "at x^t.",
    momentum.heavy_ball,
    ("gradient(i, x) +", "gradient(i, x + betas[t] * (x - previous)) +"),
)
change(
    "p1a-heavy-ball",
    "move_since_the_start",
    "The push is the whole way since the start, x^t − x^0; equation (3) repeats the last move "
    "alone: `previous` has to follow.",
    momentum.heavy_ball,
    ("        previous = x\n", ""),
)
change(
    "p1a-heavy-ball",
    "move_always_zero",
    "These are the steps of plain SGD: the last move has no effect. Is x^{t−1} overwritten before "
    "it is used?",
    momentum.heavy_ball,
    ("x = iterates[t].copy()", "previous = x = iterates[t].copy()"),
)
change(
    "p1a-heavy-ball",
    "betas_left_out",
    "The last move is repeated in full: the factor β̂_t of equation (3) is missing.",
    momentum.heavy_ball,
    ("betas[t] * ", ""),
)
change(
    "p1a-heavy-ball",
    "push_of_the_step_before",
    "The push of step t is made with β̂_{t−1}; equation (3) has β̂_t there.",
    momentum.heavy_ball,
    ("betas[t] *", "betas[t - 1] *"),
)
change(
    "p1a-heavy-ball",
    "dampening",
    "The gradient is weakened by the factor 1 − β̂_t; in equation (3) it has the factor γ̂_t alone.",
    momentum.heavy_ball,
    ("x - gammas[t] *", "x - (1 - betas[t]) * gammas[t] *"),
)
change(
    "p1a-heavy-ball",
    "uphill",
    "The steps go uphill: equation (3) subtracts γ̂_t g_t, and here it is added.",
    momentum.heavy_ball,
    ("x - gammas[t]", "x + gammas[t]"),
)
change(
    "p1a-heavy-ball",
    "start_dropped",
    "The iterates are right, but the start is missing: row 0 of the answer is x^0.",
    momentum.heavy_ball,
    ("return iterates", "return iterates[1:]"),
)
change(
    "p1a-heavy-ball",
    "point_before_the_start_kept",
    "The answer has a row too many: x^{−1} is needed to begin with, but the rows are x^0 to x^T.",
    momentum.heavy_ball,
    ("return iterates", "return np.vstack([iterates[:1], iterates])"),
)
change(
    "p1a-heavy-ball",
    "integer_iterates",
    "A start with integer entries makes all iterates integers, and their decimals are cut off: "
    "work in floats.",
    momentum.heavy_ball,
    ("len(x0)))\n", "len(x0)), dtype=x0.dtype)\n"),
)


@misconceptions.function(
    "p1a-heavy-ball",
    "heavy_ball",
    "The iterates are right, but `x0` itself is changed by the steps (and can't be where it holds "
    "integers): work on a copy, in floats.",
)
def ball_changes_its_start(
    gradient: Callable[[int, np.ndarray], np.ndarray],
    x0: np.ndarray,
    gammas: np.ndarray,
    betas: np.ndarray,
    indices: np.ndarray,
) -> np.ndarray:
    x = x0
    previous = x.copy()
    iterates = [x.copy()]
    for t, i in enumerate(indices):
        move = betas[t] * (x - previous) - gammas[t] * gradient(i, x)
        previous = x.copy()
        x += move
        iterates.append(x.copy())
    return np.array(iterates)


# --- p1a-parameters -------------------------------------------------------------------------------

HAT_BETAS = "gammas * betas / previous"

change(
    "p1a-parameters",
    "betas_unchanged",
    "β̂_t is taken to be β_t. That holds only where the step size does not change: compare the "
    "coefficients of x^t − x^{t−1} once more.",
    momentum.heavy_ball_parameters,
    (HAT_BETAS, "betas"),
)
change(
    "p1a-parameters",
    "ratio_inverted",
    "In β̂_t the ratio of the two step sizes is upside down.",
    momentum.heavy_ball_parameters,
    (HAT_BETAS, "previous * betas / gammas"),
)
change(
    "p1a-parameters",
    "wrap_around",
    "β̂_0 is made with the last step size, as index −1 counts from the end; the convention is "
    "γ_{−1} = 1.",
    momentum.heavy_ball_parameters,
    ("np.append(1.0, gammas)[: len(gammas)]", "np.roll(gammas, 1)"),
)
change(
    "p1a-parameters",
    "clipped",
    "β̂ is cut off to lie between 0 and 1. It may exceed 1 where the step size grows, and the two "
    "methods still coincide.",
    momentum.heavy_ball_parameters,
    (HAT_BETAS, "np.clip(gammas * betas / previous, 0, 1)"),
)
change(
    "p1a-parameters",
    "first_beta_unchanged",
    "All is right but β̂_0, which is β_0 here: it needs the conversion too, with the convention "
    "γ_{−1} = 1.",
    momentum.heavy_ball_parameters,
    ("np.append(1.0, gammas)", "np.append(gammas[:1], gammas)"),
)
change(
    "p1a-parameters",
    "first_beta_zero",
    "All is right but β̂_0, which is 0 here: the convention γ_{−1} = 1 gives it a value.",
    momentum.heavy_ball_parameters,
    (HAT_BETAS, "np.append(0.0, (gammas * betas / previous)[1:])[: len(gammas)]"),
)
change(
    "p1a-parameters",
    "step_times_beta",
    "β̂_t lacks the step size of the step before: m^{t−1} has to be expressed by the last move, "
    "which was made with γ_{t−1}.",
    momentum.heavy_ball_parameters,
    (HAT_BETAS, "gammas * betas"),
)
change(
    "p1a-parameters",
    "divided_by_the_step_before_alone",
    "β̂_t has the step size of the step before, but not that of step t itself: equation (2) "
    "multiplies all of m^t by γ_t.",
    momentum.heavy_ball_parameters,
    (HAT_BETAS, "betas / previous"),
)
change(
    "p1a-parameters",
    "ratio_of_the_next_step",
    "The ratio in β̂_t belongs to the next step: it is made of the step sizes of steps t and t + 1.",
    momentum.heavy_ball_parameters,
    (HAT_BETAS, "np.append(gammas[1:], gammas[-1:]) * betas / gammas"),
)
change(
    "p1a-parameters",
    "gammas_by_the_ratio",
    "γ̂_t is divided by the step size before; compare what stands before g_t in (3) and in the step "
    "that momentum takes.",
    momentum.heavy_ball_parameters,
    ("return gammas,", "return gammas / previous,"),
)
change(
    "p1a-parameters",
    "dampened_gammas",
    "γ̂_t has a factor 1 − β_t, as if the gradient entered the memory weakened; in equation (1) it "
    "enters whole.",
    momentum.heavy_ball_parameters,
    ("return gammas,", "return (1 - np.asarray(betas)) * gammas,"),
)
change(
    "p1a-parameters",
    "parts_swapped",
    "The two answers are right but come in the wrong order: first γ̂, then β̂.",
    momentum.heavy_ball_parameters,
    ("return gammas, gammas * betas / previous", "return gammas * betas / previous, gammas"),
)
change(
    "p1a-parameters",
    "first_ratio_set_by_its_index",
    "With no step at all (T = 0) your function ends in an error: empty arrays have no entry 0 "
    "that could be set.",
    momentum.heavy_ball_parameters,
    (
        "np.append(1.0, gammas)[: len(gammas)]",
        "np.roll(gammas, 1)\n    previous[0] = 1",
    ),
)

# --- p1b-ima --------------------------------------------------------------------------------------

AVERAGE = "lambdas[t + 1] * weight * x[t] + weight * z[t]"

change(
    "p1b-ima",
    "lambda_of_this_step",
    "x^{t+1} is averaged with λ_t; equation (5) has λ_{t+1} there.",
    momentum.ima,
    ("weight = 1 / (lambdas[t + 1] + 1)", "weight = 1 / (lambdas[t] + 1)"),
    (AVERAGE, "lambdas[t] * weight * x[t] + weight * z[t]"),
)
change(
    "p1b-ima",
    "weights_swapped",
    "The two weights of the average are swapped: in equation (5) the one with λ_{t+1} above the "
    "bar belongs to x^t.",
    momentum.ima,
    (AVERAGE, "weight * x[t] + lambdas[t + 1] * weight * z[t]"),
)
change(
    "p1b-ima",
    "lambda_as_a_share",
    "x^{t+1} is averaged with the weights λ and 1 − λ; equation (5) divides λ and 1 by λ + 1.",
    momentum.ima,
    (AVERAGE, "lambdas[t + 1] * x[t] + (1 - lambdas[t + 1]) * z[t]"),
)
change(
    "p1b-ima",
    "weights_not_divided",
    "The weights of x^t and z^t do not add up to 1: both are divided by λ_{t+1} + 1 in equation "
    "(5).",
    momentum.ima,
    (AVERAGE, "lambdas[t + 1] * x[t] + z[t]"),
)
change(
    "p1b-ima",
    "gradient_at_z",
    "The gradient is taken at z^{t−1}; equation (4) takes it at x^t.",
    momentum.ima,
    ("gradient(i, x[t].copy())", "gradient(i, np.array(average, dtype=float))"),
)
change(
    "p1b-ima",
    "z_from_x",
    "z^t starts from x^t in each step; in equation (4) it goes on from z^{t−1}.",
    momentum.ima,
    ("average - etas[t]", "x[t] - etas[t]"),
)
change(
    "p1b-ima",
    "average_of_the_old_z",
    "x^{t+1} is averaged with z^{t−1}; equation (5) uses the new z^t.",
    momentum.ima,
    ("weight * z[t]", "weight * (z[t - 1] if t > 0 else x[0])"),
)
change(
    "p1b-ima",
    "average_of_two_z",
    "x^{t+1} is averaged from z^{t−1} and z^t; equation (5) averages x^t and z^t.",
    momentum.ima,
    ("weight * x[t] +", "weight * (z[t - 1] if t > 0 else x[0]) +"),
)
change(
    "p1b-ima",
    "momentum_step_size",
    "z^t moves by η_t/(1 + λ_{t+1}) times the gradient; equation (4) has η_t alone.",
    momentum.ima,
    ("- etas[t] *", "- etas[t] / (1 + lambdas[t + 1]) *"),
)
change(
    "p1b-ima",
    "uphill",
    "The steps go uphill: equation (4) subtracts η_t g_t, and here it is added.",
    momentum.ima,
    ("average - etas[t]", "average + etas[t]"),
)
change(
    "p1b-ima",
    "z_with_its_start",
    "z has a row too many: its rows are z^0 to z^{T−1}, without the start z^{−1} = x^0.",
    momentum.ima,
    ("return x, z", "return x, np.vstack([x[:1], z])"),
)
change(
    "p1b-ima",
    "start_dropped",
    "x lacks its start: its rows are x^0 to x^T, one more than there are steps.",
    momentum.ima,
    ("return x, z", "return x[1:], z"),
)
change(
    "p1b-ima",
    "x_alone",
    "Only x is returned; asked for is the pair x, z.",
    momentum.ima,
    ("return x, z", "return x"),
)
change(
    "p1b-ima",
    "pair_swapped",
    "x and z come in the wrong order: first x, then z.",
    momentum.ima,
    ("return x, z", "return z, x"),
)
change(
    "p1b-ima",
    "integer_iterates",
    "A start with integer entries makes x and z integers, and their decimals are cut off: work in "
    "floats.",
    momentum.ima,
    (
        "x = np.empty((len(indices) + 1, len(x0)))",
        "x = np.empty((len(indices) + 1, len(x0)), x0.dtype)",
    ),
    ("z = np.empty((len(indices), len(x0)))", "z = np.empty((len(indices), len(x0)), x0.dtype)"),
)


@misconceptions.function(
    "p1b-ima",
    "ima",
    "x is right, but all rows of z are one and the same array, changed in place again and again: "
    "append a copy.",
)
def aliased_z(
    gradient: Callable[[int, np.ndarray], np.ndarray],
    x0: np.ndarray,
    etas: np.ndarray,
    lambdas: np.ndarray,
    indices: np.ndarray,
) -> tuple[np.ndarray, np.ndarray]:
    x = np.array(x0, dtype=float)
    z = x.copy()
    xs, zs = [x], []
    for t, i in enumerate(indices):
        z -= etas[t] * gradient(i, x)
        x = (lambdas[t + 1] * x + z) / (lambdas[t + 1] + 1)
        xs.append(x)
        zs.append(z)
    return np.array(xs), np.array(zs)


@misconceptions.function(
    "p1b-ima",
    "ima",
    "The iterates are right, but `x0` itself is changed by the steps (and can't be where it holds "
    "integers): work on a copy, in floats.",
)
def start_changed_through_z(
    gradient: Callable[[int, np.ndarray], np.ndarray],
    x0: np.ndarray,
    etas: np.ndarray,
    lambdas: np.ndarray,
    indices: np.ndarray,
) -> tuple[np.ndarray, np.ndarray]:
    x, z = x0.copy(), x0
    xs, zs = [x], []
    for t, i in enumerate(indices):
        z -= etas[t] * gradient(i, x)
        x = (lambdas[t + 1] * x + z) / (lambdas[t + 1] + 1)
        xs.append(x)
        zs.append(z.copy())
    return np.array(xs), np.array(zs)


# --- p1b-parameters -------------------------------------------------------------------------------

RATIOS = "gammas * betas / np.append(1.0, gammas)[: len(gammas)]"
BACKWARDS = (
    "for t in reversed(range(len(gammas))):\n        lambdas[t] = ratios[t] * (1 + lambdas[t + 1])"
)
FORWARDS = "for t in range(len(gammas)):\n        lambdas[t + 1] = lambdas[t] / ratios[t] - 1"
ETAS = "(1 + lambdas[1:]) * gammas"

change(
    "p1b-parameters",
    "lambda_0_forced_to_zero",
    "λ_0 = 0 is forced forwards through the relation, which makes λ_1 = −1: equation (5) then "
    "divides by zero.",
    momentum.ima_parameters,
    (BACKWARDS, FORWARDS),
)
change(
    "p1b-parameters",
    "forwards_from_one",
    "The relation is solved forwards from λ_0 = 1, which divides by β_t: where β_t = 0 that has no "
    "result. Which order never divides?",
    momentum.ima_parameters,
    ("lambdas = np.zeros(len(gammas) + 1)", "lambdas = np.ones(len(gammas) + 1)"),
    (BACKWARDS, FORWARDS),
)
change(
    "p1b-parameters",
    "eta_with_lambda_t",
    "η_t is made with λ_t; the sheet's relation for η_t has λ_{t+1}.",
    momentum.ima_parameters,
    (ETAS, "(1 + lambdas[:-1]) * gammas"),
)
change(
    "p1b-parameters",
    "eta_unchanged",
    "η_t is taken to be γ_t; the sheet's relation for η_t has λ_{t+1} in it, too.",
    momentum.ima_parameters,
    (ETAS, "gammas"),
)
change(
    "p1b-parameters",
    "eta_divided",
    "η_t is γ_t divided by 1 + λ_{t+1}, where the sheet's relation multiplies.",
    momentum.ima_parameters,
    (ETAS, "gammas / (1 + lambdas[1:])"),
)
change(
    "p1b-parameters",
    "eta_with_lambda_alone",
    "η_t is λ_{t+1} γ_t: the 1 of the sheet's relation for η_t is missing.",
    momentum.ima_parameters,
    (ETAS, "lambdas[1:] * gammas"),
)
change(
    "p1b-parameters",
    "step_sizes_left_out",
    "λ is made as if the step size were constant: the ratio of the step sizes in the relation is "
    "missing.",
    momentum.ima_parameters,
    (RATIOS, "betas"),
)
change(
    "p1b-parameters",
    "ratio_inverted",
    "In the relation between λ_t and λ_{t+1} the ratio of the step sizes is upside down.",
    momentum.ima_parameters,
    (RATIOS, "np.append(1.0, gammas)[: len(gammas)] * betas / gammas"),
)
change(
    "p1b-parameters",
    "sign_of_the_one",
    "A sign got lost when the relation was solved for λ_t: bring −β_t to the other side once more.",
    momentum.ima_parameters,
    ("(1 + lambdas[t + 1])", "(lambdas[t + 1] - 1)"),
)
change(
    "p1b-parameters",
    "brackets_lost",
    "A bracket got lost when the relation was solved for λ_t: both of its terms have the factor "
    "β_t.",
    momentum.ima_parameters,
    ("ratios[t] * (1 + lambdas[t + 1])", "ratios[t] + lambdas[t + 1]"),
)
change(
    "p1b-parameters",
    "ratio_of_the_next_step",
    "λ_t is made with β and the step sizes of the next step: the indices in the relation are "
    "shifted by one.",
    momentum.ima_parameters,
    ("ratios[t] *", "ratios[min(t + 1, len(ratios) - 1)] *"),
)
change(
    "p1b-parameters",
    "constant_case",
    "λ_t = β_t/(1 − β_t) would be right for constant β and γ and endless steps; here both change "
    "from step to step.",
    momentum.ima_parameters,
    ("lambdas = np.zeros(len(gammas) + 1)", "lambdas = np.append(betas / (1 - betas), 0.0)"),
    (f"    {BACKWARDS}\n", ""),
)
change(
    "p1b-parameters",
    "all_zero_lambdas",
    "All λ are 0. Then the moving average is plain SGD, and the relation holds only where β_t = 0.",
    momentum.ima_parameters,
    (f"    {BACKWARDS}\n", ""),
)
change(
    "p1b-parameters",
    "lambdas_without_the_last",
    "λ has an entry too few: it goes from λ_0 to λ_T, and λ_T is missing.",
    momentum.ima_parameters,
    ("* gammas, lambdas", "* gammas, lambdas[:-1]"),
)
change(
    "p1b-parameters",
    "lambdas_without_the_first",
    "λ has an entry too few: λ_0 is free and never used, but it has its place at index 0.",
    momentum.ima_parameters,
    ("* gammas, lambdas", "* gammas, lambdas[1:]"),
)
change(
    "p1b-parameters",
    "pair_swapped",
    "The two answers come in the wrong order: first η, then λ.",
    momentum.ima_parameters,
    ("return (1 + lambdas[1:]) * gammas, lambdas", "return lambdas, (1 + lambdas[1:]) * gammas"),
)
change(
    "p1b-parameters",
    "last_step_set_by_its_index",
    "With no step at all (T = 0) your function ends in an error: there is no last step whose λ "
    "could be set.",
    momentum.ima_parameters,
    (BACKWARDS, f"lambdas[len(gammas) - 1] = ratios[-1]\n    {BACKWARDS}"),
)

# --- p1-plot --------------------------------------------------------------------------------------

VALUES = "values = [objective(x) for x in iterates]"
STEPS = "range(len(values))"
AXIS_LABELS = 'axes.set_xlabel("step $t$")\n    axes.set_ylabel("objective $f(x^t)$")\n'

change(
    "p1-plot",
    "axes_swapped",
    "The axes are swapped: the step t belongs on the horizontal axis, the objective on the "
    "vertical one.",
    figures.plot_objective,
    ("range(len(values)),\n            values,", "values,\n            range(len(values)),"),
    ("axes.set_yscale", "axes.set_xscale"),
    (
        AXIS_LABELS,
        'axes.set_xlabel("objective $f(x^t)$")\n    axes.set_ylabel("step $t$")\n',
    ),
)
change(
    "p1-plot",
    "steps_from_one",
    "The steps are counted from 1; the start x^0 belongs at t = 0.",
    figures.plot_objective,
    (STEPS, "range(1, len(values) + 1)"),
)
change(
    "p1-plot",
    "start_left_out",
    "The lines begin at t = 1: the start x^0 at t = 0 is missing.",
    figures.plot_objective,
    (VALUES, "values = [objective(x) for x in iterates[1:]]"),
    (STEPS, "range(1, len(values) + 1)"),
)
change(
    "p1-plot",
    "start_left_out_and_steps_shifted",
    "The start is left out, so the line begins with f(x^1), drawn at t = 0 where f(x^0) belongs.",
    figures.plot_objective,
    (VALUES, "values = [objective(x) for x in iterates[1:]]"),
)
change(
    "p1-plot",
    "norms_for_the_objective",
    "The lines show the norm of the iterates; asked for is the objective f(x^t).",
    figures.plot_objective,
    (VALUES, "values = [np.linalg.norm(x) for x in iterates]"),
)
change(
    "p1-plot",
    "distances_for_the_objective",
    "The lines show f(x^t) minus the last value of the run; asked for is the objective f(x^t) "
    "itself.",
    figures.plot_objective,
    (VALUES, "values = [objective(x) - objective(iterates[-1]) for x in iterates]"),
)
change(
    "p1-plot",
    "running_minimum",
    "The lines show the best objective so far, which never rises; asked for is f(x^t) itself.",
    figures.plot_objective,
    (VALUES, "values = np.minimum.accumulate([objective(x) for x in iterates])"),
)
change(
    "p1-plot",
    "objective_of_the_mean",
    "The lines show the objective at the mean of the iterates so far; asked for is that at x^t.",
    figures.plot_objective,
    (VALUES, "values = [objective(np.mean(iterates[: t + 1], 0)) for t in range(len(iterates))]"),
)
change(
    "p1-plot",
    "unlabelled_logarithms",
    "The lines show logarithms of the objective, which the axis label does not say: use "
    '`axes.set_yscale("log")` instead.',
    figures.plot_objective,
    (VALUES, "values = np.log10([objective(x) for x in iterates])"),
    ('axes.set_yscale("log")', 'axes.set_yscale("linear")'),
)
change(
    "p1-plot",
    "own_objective",
    "The objective drawn is that of the notebook's least-squares problem; call the `objective` "
    "that is passed in.",
    figures.plot_objective,
    (VALUES, "values = [least_squares(dimension=len(x)).objective(x) for x in iterates]"),
)
change(
    "p1-plot",
    "own_results",
    "The picture shows results of the notebook's own; draw the `trajectories` that are passed in.",
    figures.plot_objective,
    (
        VALUES,
        "problem, x = least_squares(), np.zeros(5)\n"
        "        values = []\n"
        "        for i in range(20):\n"
        "            values.append(problem.objective(x))\n"
        "            x = x - 0.1 * problem.gradient(i, x)",
    ),
)
change(
    "p1-plot",
    "first_trajectory_alone",
    "Only the first trajectory is drawn: does the loop end too early, by a `return` inside of it?",
    figures.plot_objective,
    (
        '        )\n    axes.set_yscale("log")',
        '        )\n        break\n    axes.set_yscale("log")',
    ),
)
change(
    "p1-plot",
    "last_trajectory_alone",
    "Only the last trajectory is in the figure: make one figure before the loop, and draw all "
    "lines on it.",
    figures.plot_objective,
    (VALUES, f"axes.clear()\n        {VALUES}"),
)
change(
    "p1-plot",
    "outside_the_axes",
    "Part of the lines lies outside the limits of the axes: leave the limits to matplotlib, or "
    "take them from the data.",
    figures.plot_objective,
    ("axes.legend()", "axes.set_ylim(1e-4, 1e-1)\n    axes.legend()"),
)
change(
    "p1-plot",
    "invisible",
    "The lines are there but can't be seen: they have neither a line nor markers, or the colour "
    "of what is behind them.",
    figures.plot_objective,
    ("linestyle=styles[k % len(styles)]", 'linestyle="none"'),
)
change(
    "p1-plot",
    "no_legend",
    "No legend tells which line is which: give each line a label and call `axes.legend()`.",
    figures.plot_objective,
    ("    axes.legend()\n", ""),
)
change(
    "p1-plot",
    "labels_on_the_wrong_lines",
    "The legend gives lines the names of others: take label and iterates together, from "
    "`trajectories.items()`.",
    figures.plot_objective,
    (
        "enumerate(trajectories.items())",
        "enumerate(zip([*trajectories][1:] + [*trajectories][:1], trajectories.values()))",
    ),
)
change(
    "p1-plot",
    "no_label_on_x",
    "The horizontal axis has no label.",
    figures.plot_objective,
    ('    axes.set_xlabel("step $t$")\n', ""),
)
change(
    "p1-plot",
    "no_label_on_y",
    "The vertical axis has no label.",
    figures.plot_objective,
    ('    axes.set_ylabel("objective $f(x^t)$")\n', ""),
)
change(
    "p1-plot",
    "no_axis_labels",
    "Neither axis has a label: say what is drawn against what.",
    figures.plot_objective,
    (f"    {AXIS_LABELS}", ""),
)
change(
    "p1-plot",
    "bare",
    "The lines are right, but nothing says what they are: a legend and both axis labels are "
    "missing.",
    figures.plot_objective,
    (f"    {AXIS_LABELS}", ""),
    ("    axes.legend()\n", ""),
)
change(
    "p1-plot",
    "no_figure_returned",
    "The figure is drawn but not returned: end the function with `return figure`.",
    figures.plot_objective,
    ("    return figure\n", ""),
)

# ==================================================================================================
# Problem 2: loss landscape
# ==================================================================================================

misconceptions.values(
    "p2a-values",
    "norm_not_squared",
    "In the gradient's last entry the norm of u is not squared.",
    gradient_at_point=np.array([12.0, -4.0, 8.0, 2 * np.sqrt(14.0)]),
)
misconceptions.values(
    "p2a-values",
    "v_first",
    "The derivative with respect to v comes first; v is the last coordinate.",
    gradient_at_point=np.array([28.0, 12.0, -4.0, 8.0]),
)
misconceptions.values(
    "p2a-values",
    "missing_half",
    "The gradient is twice too large: the loss has a factor ½.",
    gradient_at_point=np.array([24.0, -8.0, 16.0, 56.0]),
)
misconceptions.values(
    "p2a-values",
    "off_diagonal_zero",
    "The Hessian is diagonal; u and v meet in the loss, so their mixed derivatives are there too.",
    hessian_at_point=np.diag([4.0, 4.0, 4.0, 14.0]),
)
misconceptions.values(
    "p2a-values",
    "off_diagonal_halved",
    "The mixed derivatives of the Hessian lack their factor 2.",
    hessian_at_point=np.array(
        [[4.0, 0.0, 0.0, 6.0], [0.0, 4.0, 0.0, -2.0], [0.0, 0.0, 4.0, 4.0], [6.0, -2.0, 4.0, 14.0]]
    ),
)
misconceptions.values(
    "p2a-values",
    "trace_counts_u_once",
    "The trace counts the u-directions once; the diagonal has one entry for each of them.",
    trace_at_point=18.0,
)
misconceptions.values(
    "p2a-values",
    "largest_eigenvalue",
    "This is the Hessian's largest eigenvalue; the trace is the sum of all of them.",
    trace_at_point=float(np.linalg.eigvalsh(landscape.hessian_at_point)[-1]),
)


@misconceptions.function(
    "p2b-gd-update",
    "gd_update",
    "v is updated with the new u; both formulas use the old point.",
)
def v_with_the_new_u(u, v, eta):
    u = u - eta * v**2 * u
    return u, v - eta * (u @ u) * v


@misconceptions.function(
    "p2b-gd-update",
    "gd_update",
    "In the update of v the norm of u is not squared.",
)
def norm_not_squared(u, v, eta):
    return u - eta * v**2 * u, v - eta * np.linalg.norm(u) * v


@misconceptions.function(
    "p2b-gd-update",
    "gd_update",
    "In the update of u the factor v is not squared.",
)
def v_not_squared(u, v, eta):
    return u - eta * v * u, v - eta * (u @ u) * v


@misconceptions.function(
    "p2b-gd-update",
    "gd_update",
    "The factors ‖u‖² and v² are exchanged between the two formulas.",
)
def factors_swapped(u, v, eta):
    return u - eta * (u @ u) * u, v - eta * v**2 * v


@misconceptions.function(
    "p2b-gd-update",
    "gd_update",
    "The sign is wrong: the step goes up the gradient.",
)
def uphill(u, v, eta):
    return u + eta * v**2 * u, v + eta * (u @ u) * v


@misconceptions.function(
    "p2b-gd-update",
    "gd_update",
    "The ½ of the loss is still there; differentiating the square cancels it.",
)
def half_left_in(u, v, eta):
    return u - 0.5 * eta * v**2 * u, v - 0.5 * eta * (u @ u) * v


@misconceptions.function(
    "p2b-gd-update",
    "gd_update",
    "The update calls another function of the notebook; the formulas are to be written out here.",
)
def by_calling_gradient(u, v, eta):
    x = np.append(u, v)
    x = x - eta * gradient(x)
    return x[:-1], x[-1]


@misconceptions.function(
    "p2b-gd-update",
    "gd_update",
    "The function changes the u that it is given: work on a copy.",
)
def u_changed_in_place(u, v, eta):
    a = u @ u
    u *= 1 - eta * v**2
    return u, v * (1 - eta * a)


@misconceptions.function(
    "p2b-usam-update",
    "usam_update",
    "The perturbation is missing: this is the step of GD.",
)
def usam_is_gd(u, v, eta, rho):
    return u - eta * v**2 * u, v - eta * (u @ u) * v


@misconceptions.function(
    "p2b-usam-update",
    "usam_update",
    "v is updated with the new u; both formulas use the old point.",
)
def usam_v_with_the_new_u(u, v, eta, rho):
    b = v**2
    a = u @ u
    u = u * (1 - eta * b * (1 + rho * a) ** 2 * (1 + rho * b))
    a = u @ u
    return u, v * (1 - eta * a * (1 + rho * b) ** 2 * (1 + rho * a))


@misconceptions.function(
    "p2b-usam-update",
    "usam_update",
    "The sign of ρ is wrong: the gradient is taken after a step uphill.",
)
def minus_rho(u, v, eta, rho):
    a, b, rho = u @ u, v**2, -rho
    factors = b * (1 + rho * a) ** 2 * (1 + rho * b), a * (1 + rho * b) ** 2 * (1 + rho * a)
    return u - eta * factors[0] * u, v - eta * factors[1] * v


@misconceptions.function(
    "p2b-usam-update",
    "usam_update",
    "The perturbation is multiplied by η as well; its length is ρ times the gradient.",
)
def eta_times_rho(u, v, eta, rho):
    a, b, rho = u @ u, v**2, eta * rho
    factors = b * (1 + rho * a) ** 2 * (1 + rho * b), a * (1 + rho * b) ** 2 * (1 + rho * a)
    return u - eta * factors[0] * u, v - eta * factors[1] * v


@misconceptions.function(
    "p2b-usam-update",
    "usam_update",
    "The factors that the perturbation brings are to be squared where the loss has squares.",
)
def squares_forgotten(u, v, eta, rho):
    a, b = u @ u, v**2
    factors = b * (1 + rho * a) * (1 + rho * b), a * (1 + rho * b) * (1 + rho * a)
    return u - eta * factors[0] * u, v - eta * factors[1] * v


@misconceptions.function(
    "p2b-usam-update",
    "usam_update",
    "The perturbation is divided by the gradient's norm; that is SAM, the unnormalised one is "
    "asked for.",
)
def normalised(u, v, eta, rho):
    a, b = u @ u, v**2
    rho = rho / np.sqrt(a * b * (a + b))
    factors = b * (1 + rho * a) ** 2 * (1 + rho * b), a * (1 + rho * b) ** 2 * (1 + rho * a)
    return u - eta * factors[0] * u, v - eta * factors[1] * v


@misconceptions.function(
    "p2b-usam-update",
    "usam_update",
    "Only u is perturbed; the perturbation moves v as well.",
)
def perturbation_of_u_alone(u, v, eta, rho):
    a, b = u @ u, v**2
    return u * (1 - eta * b * (1 + rho * b)), v * (1 - eta * a * (1 + rho * b) ** 2)


@misconceptions.function(
    "p2b-usam-update",
    "usam_update",
    "The step starts from the perturbed point; it should start from the old one.",
)
def step_from_the_lifted_point(u, v, eta, rho):
    a, b = u @ u, v**2
    u, v = u * (1 + rho * b), v * (1 + rho * a)
    a, b = u @ u, v**2
    return u * (1 - eta * b), v * (1 - eta * a)


@misconceptions.function(
    "p2b-usam-update",
    "usam_update",
    "Higher powers of ρ are left out; the update is exact, not an expansion.",
)
def first_order_in_rho(u, v, eta, rho):
    a, b = u @ u, v**2
    factors = b * (1 + 2 * rho * a + rho * b), a * (1 + 2 * rho * b + rho * a)
    return u - eta * factors[0] * u, v - eta * factors[1] * v


@misconceptions.function(
    "p2c-loss-gradient",
    "loss",
    "The loss lacks its factor ½.",
)
def missing_half(x):
    return (x[:-1] @ x[:-1]) * x[-1] ** 2


@misconceptions.function(
    "p2c-loss-gradient",
    "loss",
    "In the loss the norm of u is not squared.",
)
def loss_norm_not_squared(x):
    return 0.5 * np.linalg.norm(x[:-1]) * x[-1] ** 2


@misconceptions.function(
    "p2c-loss-gradient",
    "loss",
    "The loss takes the first entry for v; v is the last entry of x.",
)
def loss_v_first(x):
    return 0.5 * (x[1:] @ x[1:]) * x[0] ** 2


@misconceptions.function(
    "p2c-loss-gradient",
    "loss",
    "The loss comes back entry by entry; it is one number.",
)
def loss_entry_by_entry(x):
    return 0.5 * x[:-1] ** 2 * x[-1] ** 2 if len(x) > 2 else 0.5 * x[:-1] * x[-1] ** 2


@misconceptions.function(
    "p2c-loss-gradient",
    "gradient",
    "In the gradient's last entry the norm of u is not squared.",
)
def gradient_norm_not_squared(x):
    return np.append(x[-1] ** 2 * x[:-1], np.linalg.norm(x[:-1]) * x[-1])


@misconceptions.function(
    "p2c-loss-gradient",
    "gradient",
    "The gradient takes the first entry for v; v is the last entry of x, and its derivative "
    "comes last.",
)
def gradient_v_first(x):
    return np.append((x[:-1] @ x[:-1]) * x[-1], x[-1] ** 2 * x[:-1])


@misconceptions.function(
    "p2c-loss-gradient",
    "gradient",
    "The gradient is twice too large: the loss has a factor ½.",
)
def gradient_of_twice_the_loss(x):
    return 2 * np.append(x[-1] ** 2 * x[:-1], (x[:-1] @ x[:-1]) * x[-1])


@misconceptions.function(
    "p2c-loss-gradient",
    "gradient",
    "In the gradient's part for u the factor v is not squared.",
)
def gradient_v_not_squared(x):
    return np.append(x[-1] * x[:-1], (x[:-1] @ x[:-1]) * x[-1])


@misconceptions.function(
    "p2c-loss-gradient",
    "gradient",
    "The gradient has the wrong sign.",
)
def minus_the_gradient(x):
    return -np.append(x[-1] ** 2 * x[:-1], (x[:-1] @ x[:-1]) * x[-1])


@misconceptions.function(
    "p2c-hessian-trace",
    "hessian",
    "This is the Gauss–Newton matrix; the Hessian has the second derivatives of the product too.",
)
def gauss_newton(x):
    residual = np.append(x[-1] * x[:-1] / np.linalg.norm(x[:-1]), np.linalg.norm(x[:-1]))
    return np.outer(residual, residual)


@misconceptions.function(
    "p2c-hessian-trace",
    "hessian",
    "This is the gradient times itself transposed, not the matrix of second derivatives.",
)
def outer_product_of_the_gradient(x):
    return np.outer(gradient(x), gradient(x))


@misconceptions.function(
    "p2c-hessian-trace",
    "hessian_trace",
    "The trace counts the u-directions once; the diagonal has one entry for each of the d of them.",
)
def missing_d(x):
    return x[-1] ** 2 + x[:-1] @ x[:-1]


@misconceptions.function(
    "p2c-hessian-trace",
    "hessian_trace",
    "The trace counts one u-direction too many: d is the length of u alone.",
)
def d_of_the_whole_point(x):
    return len(x) * x[-1] ** 2 + x[:-1] @ x[:-1]


@misconceptions.function(
    "p2c-hessian-trace",
    "hessian_trace",
    "This is the largest eigenvalue; the trace is the sum of all of them.",
)
def largest_eigenvalue(x):
    return np.linalg.eigvalsh(hessian(x))[-1]


@misconceptions.function(
    "p2c-hessian-trace",
    "hessian_trace",
    "All entries of the Hessian are added up; the trace takes those on the diagonal.",
)
def sum_of_all_entries(x):
    return hessian(x).sum()


@misconceptions.function(
    "p2c-hessian-trace",
    "hessian_trace",
    "The eigenvalues' absolute values are added up; the trace adds them with their signs.",
)
def sum_of_absolute_eigenvalues(x):
    return np.abs(np.linalg.eigvalsh(hessian(x))).sum()


misconceptions.change(
    "p2c-hessian-trace",
    "off_diagonal_halved",
    "The mixed derivatives of the Hessian lack their factor 2.",
    landscape.hessian,
    ("= 2 * v * u", "= v * u"),
)
misconceptions.change(
    "p2c-hessian-trace",
    "off_diagonal_zero",
    "The Hessian is diagonal; u and v meet in the loss, so their mixed derivatives are there too.",
    landscape.hessian,
    ("= 2 * v * u", "= 0.0"),
)
misconceptions.change(
    "p2c-hessian-trace",
    "last_column_alone",
    "The Hessian is not symmetric: mixed derivatives stand in the last row and the last column.",
    landscape.hessian,
    ("H[-1, :-1] = H[:-1, -1] =", "H[:-1, -1] ="),
)
misconceptions.change(
    "p2c-hessian-trace",
    "hessian_v_first",
    "The Hessian takes the first entry for v; v is the last entry of x, and comes last in it.",
    landscape.hessian,
    ("x[:-1], dtype=float), float(x[-1])", "x[1:], dtype=float), float(x[0])"),
)
misconceptions.change(
    "p2c-hessian-trace",
    "corner_v_squared",
    "The Hessian's last entry is the second derivative with respect to v: it has ‖u‖², not v².",
    landscape.hessian,
    ("v**2), u @ u))", "v**2), v**2))"),
)


@misconceptions.function(
    "p2c-gd",
    "gd",
    "There is one step too many: K steps give K + 1 rows with the start.",
)
def one_step_too_many(gradient, x0, eta, num_steps):
    etas = np.append(np.broadcast_to(eta, num_steps), 0.1)
    iterates = [np.array(x0, dtype=float)]
    for k in range(num_steps + 1):
        iterates.append(iterates[-1] - etas[k] * gradient(iterates[-1]))
    return np.array(iterates)


@misconceptions.function(
    "p2c-gd",
    "gd",
    "The iterates lack the start: row 0 should be x0.",
)
def gd_start_dropped(gradient, x0, eta, num_steps):
    etas, x, iterates = np.broadcast_to(eta, num_steps), np.array(x0, dtype=float), []
    for k in range(num_steps):
        x = x - etas[k] * gradient(x)
        iterates.append(x)
    return np.array(iterates)


@misconceptions.function(
    "p2c-gd",
    "gd",
    "There is one step too few: K steps give K + 1 rows with the start.",
)
def one_step_too_few(gradient, x0, eta, num_steps):
    etas = np.broadcast_to(eta, num_steps)
    iterates = [np.array(x0, dtype=float)]
    for k in range(num_steps - 1):
        iterates.append(iterates[-1] - etas[k] * gradient(iterates[-1]))
    return np.array(iterates)


@misconceptions.function(
    "p2c-gd",
    "gd",
    "All steps use the first step size; step k has one of its own.",
)
def first_step_size_for_all(gradient, x0, eta, num_steps):
    eta = np.ravel(eta)[0]
    iterates = [np.array(x0, dtype=float)]
    for _ in range(num_steps):
        iterates.append(iterates[-1] - eta * gradient(iterates[-1]))
    return np.array(iterates)


@misconceptions.function(
    "p2c-gd",
    "gd",
    "The gradient that is passed in is not used; the method should work with any gradient.",
)
def own_gradient(gradient, x0, eta, num_steps):
    etas = np.broadcast_to(eta, num_steps)
    iterates = [np.array(x0, dtype=float)]
    for k in range(num_steps):
        x = iterates[-1]
        g = np.append(x[-1] ** 2 * x[:-1], (x[:-1] @ x[:-1]) * x[-1])
        iterates.append(x - etas[k] * g)
    return np.array(iterates)


@misconceptions.function(
    "p2c-gd",
    "gd",
    "All rows are one and the same array, changed again at every step: store a copy each time.",
)
def gd_aliased_rows(gradient, x0, eta, num_steps):
    etas, x = np.broadcast_to(eta, num_steps), np.array(x0, dtype=float)
    iterates = [x]
    for k in range(num_steps):
        x -= etas[k] * gradient(x)
        iterates.append(x)
    return np.array(iterates)


@misconceptions.function(
    "p2c-gd",
    "gd",
    "Every step uses the gradient at the start; it should be taken at the current iterate.",
)
def gradient_of_the_start(gradient, x0, eta, num_steps):
    etas = np.broadcast_to(eta, num_steps)
    g = gradient(np.array(x0, dtype=float))
    return np.array(x0) - np.append(0, np.cumsum(etas))[:, np.newaxis] * g


@misconceptions.function(
    "p2c-gd",
    "gd",
    "The method stops early by a rule of its own; it should make all its steps.",
)
def early_stop(gradient, x0, eta, num_steps):
    etas = np.broadcast_to(eta, num_steps)
    iterates = [np.array(x0, dtype=float)]
    for k in range(num_steps):
        step = etas[k] * gradient(iterates[-1])
        if np.linalg.norm(step) < 0.5:
            break
        iterates.append(iterates[-1] - step)
    return np.array(iterates)


@misconceptions.function(
    "p2c-gd",
    "gd",
    "The function changes the start that it is given: work on a copy of x0.",
)
def gd_changes_its_start(gradient, x0, eta, num_steps):
    etas = np.broadcast_to(eta, num_steps)
    x = x0 if x0.dtype == float else x0.astype(float)
    iterates = [x.copy()]
    for k in range(num_steps):
        x -= etas[k] * gradient(x)
        iterates.append(x.copy())
    return np.array(iterates)


@misconceptions.function(
    "p2c-gd",
    "gd",
    "With integers as the start, the iterates are cut to integers: make the array one of floats.",
)
def gd_integer_buffer(gradient, x0, eta, num_steps):
    etas = np.broadcast_to(eta, num_steps)
    iterates = np.empty((num_steps + 1, len(x0)), dtype=x0.dtype)
    iterates[0] = x0
    for k in range(num_steps):
        iterates[k + 1] = iterates[k] - etas[k] * gradient(iterates[k])
    return iterates


@misconceptions.function(
    "p2c-usam",
    "usam",
    "The perturbation is divided by the gradient's norm; that is SAM, the unnormalised one is "
    "asked for.",
)
def sam(gradient, x0, eta, rho, num_steps):
    etas = np.broadcast_to(eta, num_steps)
    iterates = [np.array(x0, dtype=float)]
    for k in range(num_steps):
        x = iterates[-1]
        g = gradient(x)
        iterates.append(x - etas[k] * gradient(x + rho * g / np.linalg.norm(g)))
    return np.array(iterates)


@misconceptions.function(
    "p2c-usam",
    "usam",
    "The sign of ρ is wrong: the gradient is taken after a step uphill.",
)
def usam_minus_rho(gradient, x0, eta, rho, num_steps):
    etas = np.broadcast_to(eta, num_steps)
    iterates = [np.array(x0, dtype=float)]
    for k in range(num_steps):
        x = iterates[-1]
        iterates.append(x - etas[k] * gradient(x - rho * gradient(x)))
    return np.array(iterates)


@misconceptions.function(
    "p2c-usam",
    "usam",
    "The perturbation is multiplied by η as well; it is ρ times the gradient.",
)
def usam_eta_times_rho(gradient, x0, eta, rho, num_steps):
    etas = np.broadcast_to(eta, num_steps)
    iterates = [np.array(x0, dtype=float)]
    for k in range(num_steps):
        x = iterates[-1]
        iterates.append(x - etas[k] * gradient(x + etas[k] * rho * gradient(x)))
    return np.array(iterates)


@misconceptions.function(
    "p2c-usam",
    "usam",
    "Only u is perturbed; the perturbation is of the whole point.",
)
def usam_perturbation_of_u_alone(gradient, x0, eta, rho, num_steps):
    etas = np.broadcast_to(eta, num_steps)
    iterates = [np.array(x0, dtype=float)]
    for k in range(num_steps):
        x = iterates[-1]
        lift = rho * gradient(x)
        lift[-1] = 0
        iterates.append(x - etas[k] * gradient(x + lift))
    return np.array(iterates)


@misconceptions.function(
    "p2c-usam",
    "usam",
    "The step starts from the perturbed point; it should start from the old one.",
)
def usam_from_the_lifted_point(gradient, x0, eta, rho, num_steps):
    etas = np.broadcast_to(eta, num_steps)
    iterates = [np.array(x0, dtype=float)]
    for k in range(num_steps):
        up = iterates[-1] + rho * gradient(iterates[-1])
        iterates.append(up - etas[k] * gradient(up))
    return np.array(iterates)


@misconceptions.function(
    "p2c-usam",
    "usam",
    "The perturbation is missing: this is GD.",
)
def usam_is_plain_gd(gradient, x0, eta, rho, num_steps):
    etas = np.broadcast_to(eta, num_steps)
    iterates = [np.array(x0, dtype=float)]
    for k in range(num_steps):
        iterates.append(iterates[-1] - etas[k] * gradient(iterates[-1]))
    return np.array(iterates)


@misconceptions.function(
    "p2c-usam",
    "usam",
    "The gradient that is passed in is not used; the method should work with any gradient.",
)
def usam_with_own_gradient(gradient, x0, eta, rho, num_steps):
    def valley(x):
        return np.append(x[-1] ** 2 * x[:-1], (x[:-1] @ x[:-1]) * x[-1])

    etas = np.broadcast_to(eta, num_steps)
    iterates = [np.array(x0, dtype=float)]
    for k in range(num_steps):
        x = iterates[-1]
        iterates.append(x - etas[k] * valley(x + rho * valley(x)))
    return np.array(iterates)


@misconceptions.function(
    "p2c-usam",
    "usam",
    "There is one step too many: K steps give K + 1 rows with the start.",
)
def usam_one_step_too_many(gradient, x0, eta, rho, num_steps):
    etas = np.append(np.broadcast_to(eta, num_steps), 0.1)
    iterates = [np.array(x0, dtype=float)]
    for k in range(num_steps + 1):
        x = iterates[-1]
        iterates.append(x - etas[k] * gradient(x + rho * gradient(x)))
    return np.array(iterates)


@misconceptions.function(
    "p2c-usam",
    "usam",
    "All steps use one step size; step k has one of its own.",
)
def usam_mean_step_size(gradient, x0, eta, rho, num_steps):
    iterates = [np.array(x0, dtype=float)]
    for _ in range(num_steps):
        x = iterates[-1]
        iterates.append(x - np.mean(eta) * gradient(x + rho * gradient(x)))
    return np.array(iterates)


@misconceptions.function(
    "p2c-experiment",
    "run_experiment",
    "The keys are (ρ, η); they should be (η, ρ).",
)
def keys_swapped(optimizer, gradient, starts, etas, rhos, num_steps):
    return {
        (rho, eta): np.array([optimizer(gradient, x, eta, rho, num_steps)[-1] for x in starts])
        for eta in etas
        for rho in rhos
    }


@misconceptions.function(
    "p2c-experiment",
    "run_experiment",
    "The results are averaged over the starts; the last iterate of each run is asked for.",
)
def mean_over_starts(optimizer, gradient, starts, etas, rhos, num_steps):
    return {
        (eta, rho): np.mean([optimizer(gradient, x, eta, rho, num_steps)[-1] for x in starts], 0)
        for eta in etas
        for rho in rhos
    }


@misconceptions.function(
    "p2c-experiment",
    "run_experiment",
    "Each run is averaged over its steps; its last iterate is asked for.",
)
def mean_over_steps(optimizer, gradient, starts, etas, rhos, num_steps):
    return {
        (eta, rho): np.array([optimizer(gradient, x, eta, rho, num_steps).mean(0) for x in starts])
        for eta in etas
        for rho in rhos
    }


@misconceptions.function(
    "p2c-experiment",
    "run_experiment",
    "The whole runs come back; only their last iterates are asked for.",
)
def whole_runs(optimizer, gradient, starts, etas, rhos, num_steps):
    return {
        (eta, rho): np.array([optimizer(gradient, x, eta, rho, num_steps) for x in starts])
        for eta in etas
        for rho in rhos
    }


@misconceptions.function(
    "p2c-experiment",
    "run_experiment",
    "ρ = 0 (plain GD) is left out.",
)
def gd_left_out(optimizer, gradient, starts, etas, rhos, num_steps):
    return {
        (eta, rho): np.array([optimizer(gradient, x, eta, rho, num_steps)[-1] for x in starts])
        for eta in etas
        for rho in rhos
        if rho > 0
    }


@misconceptions.function(
    "p2c-experiment",
    "run_experiment",
    "ρ = 0 is replaced by a small number; it stands for GD itself.",
)
def rho_zero_replaced(optimizer, gradient, starts, etas, rhos, num_steps):
    return {
        (eta, rho): np.array(
            [optimizer(gradient, x, eta, rho or 0.05, num_steps)[-1] for x in starts]
        )
        for eta in etas
        for rho in rhos
    }


@misconceptions.function(
    "p2c-experiment",
    "run_experiment",
    "Each run begins where the one before ended; every run begins at its own start.",
)
def each_run_from_the_last_end(optimizer, gradient, starts, etas, rhos, num_steps):
    results, points = {}, starts
    for eta in etas:
        for rho in rhos:
            points = np.array([optimizer(gradient, x, eta, rho, num_steps)[-1] for x in points])
            results[eta, rho] = points
    return results


@misconceptions.function(
    "p2c-experiment",
    "run_experiment",
    "The starts come back unchanged; the ends of the runs are asked for.",
)
def starts_handed_back(optimizer, gradient, starts, etas, rhos, num_steps):
    return {(eta, rho): np.array(starts) for eta in etas for rho in rhos}


@misconceptions.function(
    "p2c-experiment",
    "run_experiment",
    "The runs make one step too few.",
)
def one_step_less(optimizer, gradient, starts, etas, rhos, num_steps):
    return {
        (eta, rho): np.array([optimizer(gradient, x, eta, rho, num_steps)[-2] for x in starts])
        for eta in etas
        for rho in rhos
    }


@misconceptions.function(
    "p2c-experiment",
    "run_experiment",
    "Only the first start is used; there is a run from each of them.",
)
def first_start_alone(optimizer, gradient, starts, etas, rhos, num_steps):
    return {
        (eta, rho): np.array(
            [optimizer(gradient, starts[0], eta, rho, num_steps)[-1]] * len(starts)
        )
        for eta in etas
        for rho in rhos
    }


@misconceptions.helper
def runs_kept(ends):
    return ends[np.linalg.norm(ends, axis=1) <= 1e6]


@misconceptions.helper
def draw_traces(results, height, **limits):
    """One line for each eta against rho, with labels; `height` says how high a point is."""
    figure, axes = plt.subplots()
    for eta in sorted({eta for eta, _ in results}):
        rhos = sorted(rho for other, rho in results if other == eta)
        heights = [height(runs_kept(results[eta, rho])) for rho in rhos]
        axes.plot(rhos, heights, label=f"eta = {eta}")
    axes.set(xlabel="rho", ylabel="trace of the Hessian", **limits)
    axes.legend()
    return figure


@misconceptions.function(
    "p2c-trace-plot",
    "plot_traces",
    "Drawn is the mean over the runs; the median is asked for.",
)
def mean_for_median(hessian_trace, results):
    return draw_traces(results, lambda ends: np.mean([hessian_trace(x) for x in ends]))


@misconceptions.function(
    "p2c-trace-plot",
    "plot_traces",
    "Drawn is the largest trace of the runs; the median is asked for.",
)
def largest_for_median(hessian_trace, results):
    return draw_traces(results, lambda ends: np.max([hessian_trace(x) for x in ends]))


@misconceptions.function(
    "p2c-trace-plot",
    "plot_traces",
    "Drawn is the trace at the median point; the median of the traces is asked for.",
)
def trace_of_the_median(hessian_trace, results):
    return draw_traces(results, lambda ends: hessian_trace(np.median(ends, axis=0)))


@misconceptions.function(
    "p2c-trace-plot",
    "plot_traces",
    "The function that computes the trace is passed in, and is not the one that is used.",
)
def own_trace(hessian_trace, results):
    return draw_traces(
        results,
        lambda ends: np.median([(len(x) - 1) * x[-1] ** 2 + x[:-1] @ x[:-1] for x in ends]),
    )


@misconceptions.function(
    "p2c-trace-plot",
    "plot_traces",
    "Drawn is the norm of the last iterates; the trace of the Hessian is asked for.",
)
def norms_for_traces(hessian_trace, results):
    return draw_traces(results, lambda ends: np.median(np.linalg.norm(ends, axis=1)))


@misconceptions.function(
    "p2c-trace-plot",
    "plot_traces",
    "Drawn is the first run alone; the median over all runs is asked for.",
)
def first_start_for_median(hessian_trace, results):
    return draw_traces(results, lambda ends: hessian_trace(ends[0]))


@misconceptions.function(
    "p2c-trace-plot",
    "plot_traces",
    "The horizontal axis shows η; ρ belongs there, with a line for each η.",
)
def eta_across(hessian_trace, results):
    figure, axes = plt.subplots()
    for rho in sorted({rho for _, rho in results}):
        etas = sorted(eta for eta, other in results if other == rho)
        ends = [runs_kept(results[eta, rho]) for eta in etas]
        axes.plot(etas, [np.median([hessian_trace(x) for x in e]) for e in ends], label=f"{rho}")
    axes.set(xlabel="eta", ylabel="trace of the Hessian")
    axes.legend()
    return figure


@misconceptions.function(
    "p2c-trace-plot",
    "plot_traces",
    "The axes are exchanged: ρ belongs on the horizontal one, the trace on the vertical one.",
)
def trace_axes_swapped(hessian_trace, results):
    figure, axes = plt.subplots()
    for eta in sorted({eta for eta, _ in results}):
        rhos = sorted(rho for other, rho in results if other == eta)
        ends = [runs_kept(results[eta, rho]) for rho in rhos]
        axes.plot([np.median([hessian_trace(x) for x in e]) for e in ends], rhos, label=f"{eta}")
    axes.set(xlabel="trace of the Hessian", ylabel="rho")
    axes.legend()
    return figure


@misconceptions.function(
    "p2c-trace-plot",
    "plot_traces",
    "The points at ρ = 0 (plain GD) are missing.",
)
def gd_not_shown(hessian_trace, results):
    figure, axes = plt.subplots()
    for eta in sorted({eta for eta, _ in results}):
        rhos = sorted(rho for other, rho in results if other == eta and rho > 0)
        ends = [runs_kept(results[eta, rho]) for rho in rhos]
        axes.plot(rhos, [np.median([hessian_trace(x) for x in e]) for e in ends], label=f"{eta}")
    axes.set(xlabel="rho", ylabel="trace of the Hessian")
    axes.legend()
    return figure


@misconceptions.function(
    "p2c-trace-plot",
    "plot_traces",
    "All η share one line; each η needs a line of its own.",
)
def one_line_for_all(hessian_trace, results):
    figure, axes = plt.subplots()
    rhos = sorted({rho for _, rho in results})
    ends = [np.concatenate([e for (_, r), e in results.items() if r == rho]) for rho in rhos]
    medians = [np.median([hessian_trace(x) for x in runs_kept(e)]) for e in ends]
    axes.plot(rhos, medians, label="all")
    axes.set(xlabel="rho", ylabel="trace of the Hessian")
    axes.legend()
    return figure


@misconceptions.function(
    "p2c-trace-plot",
    "plot_traces",
    "Drawn are results of the notebook's own; the function should draw what it is given.",
)
def results_of_the_notebook(hessian_trace, results):
    figure, axes = plt.subplots()
    for eta in (0.1, 0.05, 0.025):
        axes.plot([0, 0.1, 0.2], [2.0, 1.7, 1.4], label=f"{eta}")
    axes.set(xlabel="rho", ylabel="trace of the Hessian")
    axes.legend()
    return figure


@misconceptions.function(
    "p2c-trace-plot",
    "plot_traces",
    "Runs that diverged are still in the median; they are to be left out.",
)
def diverged_runs_kept(hessian_trace, results):
    figure, axes = plt.subplots()
    for eta in sorted({eta for eta, _ in results}):
        rhos = sorted(rho for other, rho in results if other == eta)
        medians = [np.median([hessian_trace(x) for x in results[eta, rho]]) for rho in rhos]
        axes.plot(rhos, medians, label=f"eta = {eta}")
    axes.set(xlabel="rho", ylabel="trace of the Hessian")
    axes.legend()
    return figure


@misconceptions.function(
    "p2c-trace-plot",
    "plot_traces",
    "The axes have no labels, or nothing says which line belongs to which η.",
)
def traces_unlabelled(hessian_trace, results):
    figure = draw_traces(results, lambda ends: np.median([hessian_trace(x) for x in ends]))
    figure.axes[0].set(xlabel="", ylabel="")
    figure.axes[0].get_legend().remove()
    return figure


@misconceptions.helper
def ends_at(results, eta):
    """The last iterates of GD and of USAM, of all radii together, at this step size."""
    usam = np.concatenate([ends for (e, rho), ends in results.items() if e == eta and rho > 0])
    return {"GD": np.transpose(results[eta, 0.0]), "USAM": usam.T}


@misconceptions.helper
def no_loss(x):
    return 0.0


@misconceptions.helper
def draw_points(loss, points, *, radius=2.5, order=3, on_top=True, **limits):
    """Filled contours of a function of (u, v), and some points under their names."""
    grid = np.linspace(-radius, radius, 40)
    values = [[loss(np.array([u, v])) for u in grid] for v in grid]
    figure, axes = plt.subplots()
    if loss is not no_loss:
        axes.contourf(grid, grid, values, levels=20)
    for name, (u, v) in points.items():
        axes.scatter(u, v, label=name, zorder=order if on_top else 0)
    axes.set(xlabel="u", ylabel="v", **limits)
    if points:
        axes.legend()
    return figure


@misconceptions.function(
    "p2c-surface-plot",
    "plot_landscape",
    "The last iterates are there, but not the loss below them.",
)
def points_alone(loss, results, eta):
    return draw_points(no_loss, ends_at(results, eta))


@misconceptions.function(
    "p2c-surface-plot",
    "plot_landscape",
    "The loss is there, but none of the last iterates on it.",
)
def surface_alone(loss, results, eta):
    return draw_points(loss, {})


@misconceptions.function(
    "p2c-surface-plot",
    "plot_landscape",
    "The loss that is passed in is not used; the function should draw what it is given.",
)
def own_loss(loss, results, eta):
    return draw_points(lambda x: 0.5 * x[0] ** 2 * x[1] ** 2, ends_at(results, eta))


@misconceptions.function(
    "p2c-surface-plot",
    "plot_landscape",
    "In the surface u and v are exchanged, in the points they are not.",
)
def u_and_v_swapped_in_the_surface(loss, results, eta):
    return draw_points(lambda x: loss(x[::-1]), ends_at(results, eta))


@misconceptions.function(
    "p2c-surface-plot",
    "plot_landscape",
    "In the points u and v are exchanged, in the surface they are not.",
)
def u_and_v_swapped_in_the_points(loss, results, eta):
    swapped = {name: ends[::-1] for name, ends in ends_at(results, eta).items()}
    return draw_points(loss, swapped)


@misconceptions.function(
    "p2c-surface-plot",
    "plot_landscape",
    "Shown are the runs of another η than the one asked for.",
)
def another_eta(loss, results, eta):
    other = next(e for e, _ in results if e != eta)
    return draw_points(loss, ends_at(results, other))


@misconceptions.function(
    "p2c-surface-plot",
    "plot_landscape",
    "Shown are the runs of every η; only the given one is asked for.",
)
def all_etas(loss, results, eta):
    points = {f"USAM {key}" if key[1] else f"GD {key}": e.T for key, e in results.items()}
    return draw_points(loss, points)


@misconceptions.function(
    "p2c-surface-plot",
    "plot_landscape",
    "Only GD's last iterates are there; USAM's are missing.",
)
def gd_points_alone(loss, results, eta):
    return draw_points(loss, {"GD": ends_at(results, eta)["GD"], "USAM": ([], [])})


@misconceptions.function(
    "p2c-surface-plot",
    "plot_landscape",
    "Only USAM's last iterates are there; GD's are missing.",
)
def usam_points_alone(loss, results, eta):
    return draw_points(loss, {"GD": ([], []), "USAM": ends_at(results, eta)["USAM"]})


@misconceptions.function(
    "p2c-surface-plot",
    "plot_landscape",
    "Shown are means over the runs; every run's last iterate is asked for.",
)
def means_for_points(loss, results, eta):
    means = {name: ends.mean(axis=1) for name, ends in ends_at(results, eta).items()}
    return draw_points(loss, means)


@misconceptions.function(
    "p2c-surface-plot",
    "plot_landscape",
    "The points lie under the surface, where they can't be seen: draw them after it, or with "
    "a higher zorder.",
)
def points_under_the_surface(loss, results, eta):
    return draw_points(loss, ends_at(results, eta), on_top=False)


@misconceptions.function(
    "p2c-surface-plot",
    "plot_landscape",
    "Shown are absolute values of the coordinates; their signs matter.",
)
def absolute_values(loss, results, eta):
    return draw_points(loss, {name: np.abs(ends) for name, ends in ends_at(results, eta).items()})


@misconceptions.function(
    "p2c-surface-plot",
    "plot_landscape",
    "The axes of the plane have no labels.",
)
def surface_without_axis_labels(loss, results, eta):
    figure = draw_points(loss, ends_at(results, eta))
    figure.axes[0].set(xlabel="", ylabel="")
    return figure


# ==================================================================================================
# Problem 3: neural tangent kernel
# ==================================================================================================

# --- p3a-gradients --------------------------------------------------------------------------------

IN_V = "activation(np.asarray(W) @ x, n) / np.sqrt(len(v))"
IN_W = "v * activation_derivative(np.asarray(W) @ x, n) / np.sqrt(len(v))"


def change_v(name: str, sentence: str, formula: str) -> None:
    """Another formula for the derivative in v."""
    change("p3a-gradients", name, sentence, ntk.gradient_v, (IN_V, formula))


def change_w(name: str, sentence: str, formula: str) -> None:
    """Another factor of the input's row in the derivative in W."""
    change("p3a-gradients", name, sentence, ntk.gradient_W, (IN_W, formula))


def change_both(name: str, sentence: str, old: str, new: str) -> None:
    """The same exchange in both derivatives."""
    parts = Catalogue()
    parts.change("p3a-gradients", "v", sentence, ntk.gradient_v, (old, new))
    parts.change("p3a-gradients", "W", sentence, ntk.gradient_W, (old, new))
    in_v, in_w = parts
    answers, source = {**in_v.answers, **in_w.answers}, f"{in_v.source}\n\n{in_w.source}"
    misconceptions.add(replace(in_v, name=name, answers=answers, source=source))


change_both(
    "divided_by_m",
    "Both derivatives are divided by m; the network has the factor 1/√m, and so have they.",
    " / np.sqrt(len(v))",
    " / len(v)",
)
change_both(
    "not_divided",
    "Both derivatives lack the network's factor 1/√m.",
    " / np.sqrt(len(v))",
    "",
)
change_both(
    "divided_by_the_root_of_d",
    "Both derivatives are divided by √d; the network has 1/√m, with m the number of hidden units.",
    "len(v)",
    "len(x)",
)
change_v(
    "v_divided_by_m",
    "The derivative in v is divided by m; the network has the factor 1/√m.",
    "activation(np.asarray(W) @ x, n) / len(v)",
)
change_v(
    "v_not_divided",
    "The derivative in v lacks the network's factor 1/√m.",
    "activation(np.asarray(W) @ x, n)",
)
change_v(
    "times_v",
    "The derivative in v still holds v itself: the network is linear in v, so v drops out.",
    f"v * {IN_V}",
)
change_v(
    "derivative_for_the_activation",
    "The derivative in v is made with σ'; v stands outside of σ, so σ stays as it is.",
    "activation_derivative(np.asarray(W) @ x, n) / np.sqrt(len(v))",
)
change_v(
    "relu_for_every_n",
    "The derivative in v is made with the ReLU whatever n is: call `activation` with the n that is "
    "passed in.",
    "np.maximum(np.asarray(W) @ x, 0) / np.sqrt(len(v))",
)
change_v(
    "v_without_the_activation",
    "The derivative in v is Wx/√m: the activation σ is missing.",
    "np.asarray(W) @ x / np.sqrt(len(v))",
)
change_w(
    "w_divided_by_m",
    "The derivative in W is divided by m; the network has the factor 1/√m.",
    "v * activation_derivative(np.asarray(W) @ x, n) / len(v)",
)
change_w(
    "w_not_divided",
    "The derivative in W lacks the network's factor 1/√m.",
    "v * activation_derivative(np.asarray(W) @ x, n)",
)
change_w(
    "without_v",
    "The derivative in W lacks v: the output weight v_r multiplies what unit r gives.",
    "activation_derivative(np.asarray(W) @ x, n) / np.sqrt(len(v))",
)
change_w(
    "v_squared",
    "The derivative in W holds v_r twice; in the network it stands before σ once.",
    f"v * {IN_W}",
)
change_w(
    "without_the_factor_n",
    "The derivative of zⁿ is n zⁿ⁻¹: the factor n is missing in the derivative in W.",
    "v * (activation(np.asarray(W) @ x, n - 1) if n > 0 else 0.0) / np.sqrt(len(v))",
)
change_w(
    "activation_for_its_derivative",
    "The derivative in W is made with σ; w_r stands inside of σ, so the chain rule asks for σ'.",
    "v * activation(np.asarray(W) @ x, n) / np.sqrt(len(v))",
)
change_w(
    "relus_derivative_for_every_n",
    "The derivative in W uses the step function, which is σ' of the ReLU alone: call "
    "`activation_derivative` with the n that is passed in.",
    "v * activation(np.asarray(W) @ x, 0) / np.sqrt(len(v))",
)
change(
    "p3a-gradients",
    "transposed",
    "The derivative in W is transposed: it has the shape of W, (m, d), with w_r's derivative in "
    "row r.",
    ntk.gradient_W,
    ("np.outer(scale, x)", "np.outer(x, scale)"),
)
change(
    "p3a-gradients",
    "as_printed",
    "Following the printed (σ'(Wx) ⊙ x)vᵀ, the product with v sums over the units (see the "
    "erratum); row r of the derivative in W needs v_r alone.",
    ntk.gradient_W,
    ("scale = v *", "scale ="),
    ("np.outer(scale, x)", "np.outer(scale, x).T @ v"),
)
change(
    "p3a-gradients",
    "one_row_for_all",
    "All rows of the derivative in W are the same sum over the units; row r belongs to unit r "
    "alone.",
    ntk.gradient_W,
    ("np.outer(scale, x)", "np.outer(np.full(len(v), scale.sum()), x)"),
)
change(
    "p3a-gradients",
    "without_the_input",
    "The derivative in W lacks the input: by the chain rule the derivative of w_rᵀx in w_r, which "
    "is x, is a factor.",
    ntk.gradient_W,
    ("np.outer(scale, x)", "np.outer(scale, np.ones(len(x)))"),
)

# --- p3b-kernel -----------------------------------------------------------------------------------

change(
    "p3b-kernel",
    "divided_by_the_root_of_m",
    "The kernel is divided by √m; both derivatives have the factor 1/√m, which makes 1/m in their "
    "inner product.",
    ntk.empirical_ntk,
    ("/ len(v)", "/ np.sqrt(len(v))"),
)
change(
    "p3b-kernel",
    "not_divided",
    "The kernel lacks its factor of the width: both derivatives have the factor 1/√m.",
    ntk.empirical_ntk,
    (" / len(v)", ""),
)
change(
    "p3b-kernel",
    "divided_by_m_squared",
    "The kernel is divided by m²; both derivatives have the factor 1/√m, so m counts only once.",
    ntk.empirical_ntk,
    ("/ len(v)", "/ len(v) ** 2"),
)
change(
    "p3b-kernel",
    "divided_by_the_number_of_inputs",
    "The kernel is divided by the number of inputs N; the factor in it belongs to the width m.",
    ntk.empirical_ntk,
    ("/ len(v)", "/ len(X)"),
)
change(
    "p3b-kernel",
    "values_alone",
    "Only the derivatives in v are in the kernel: the inner product of those in W is missing.",
    ntk.empirical_ntk,
    ("(values + (X @ X.T) * derivatives)", "values"),
)
change(
    "p3b-kernel",
    "derivatives_alone",
    "Only the derivatives in W are in the kernel: the inner product of those in v is missing.",
    ntk.empirical_ntk,
    ("(values + (X @ X.T) * derivatives)", "(X @ X.T) * derivatives"),
)
change(
    "p3b-kernel",
    "v_not_squared",
    "In the second term v_r is not squared: it stands in the derivative at x_i and in that at x_j.",
    ntk.empirical_ntk,
    ("B @ B.T", "B @ activation_derivative(Z, n).T"),
)
change(
    "p3b-kernel",
    "v_in_absolute_value",
    "In the second term |v_r| stands where v_r² belongs: it comes once from x_i and once from x_j.",
    ntk.empirical_ntk,
    ("* v[piece]", "* np.sqrt(np.abs(v[piece]))"),
)
change(
    "p3b-kernel",
    "v_left_out",
    "v is missing in the second term. Its square has mean 1, so it vanishes in the limit, but not "
    "at finite width.",
    ntk.empirical_ntk,
    (" * v[piece]", ""),
)
change(
    "p3b-kernel",
    "v_also_on_the_values",
    "v stands in the first term, too; the derivative in v does not hold v.",
    ntk.empirical_ntk,
    ("A @ A.T", "(A * v[piece]) @ (A * v[piece]).T"),
)
change(
    "p3b-kernel",
    "matrix_product_for_the_entrywise_one",
    "X Xᵀ is multiplied on as a matrix (`@`); entry (i, j) needs the number x_iᵀx_j, so multiply "
    "entry by entry (`*`).",
    ntk.empirical_ntk,
    ("(X @ X.T) * derivatives", "(X @ X.T) @ derivatives"),
)
change(
    "p3b-kernel",
    "without_the_inner_products_of_inputs",
    "The second term lacks the factor x_iᵀx_j: the derivative in w_r points along the input.",
    ntk.empirical_ntk,
    ("(X @ X.T) * derivatives", "derivatives"),
)
change(
    "p3b-kernel",
    "inner_products_on_both_terms",
    "x_iᵀx_j multiplies both terms; the derivatives in v have no factor x, so it belongs to the "
    "second alone.",
    ntk.empirical_ntk,
    ("(values + (X @ X.T) * derivatives)", "(X @ X.T) * (values + derivatives)"),
)
change(
    "p3b-kernel",
    "step_for_every_derivative",
    "σ' is the step function whatever n is; that is right for the ReLU alone.",
    ntk.empirical_ntk,
    ("activation_derivative(Z, n)", "activation(Z, 0)"),
)
change(
    "p3b-kernel",
    "relu_for_every_n",
    "σ and σ' are those of the ReLU whatever n is: pass on the n that is passed in.",
    ntk.empirical_ntk,
    ("activation(Z, n), activation_derivative(Z, n)", "activation(Z, 1), activation(Z, 0)"),
)
change(
    "p3b-kernel",
    "without_the_factor_n",
    "The derivative of zⁿ is n zⁿ⁻¹: the factor n is missing in the second term.",
    ntk.empirical_ntk,
    ("activation_derivative(Z, n)", "(activation(Z, n - 1) if n > 0 else 0.0 * Z)"),
)
change(
    "p3b-kernel",
    "limit_for_the_kernel",
    "This is the limit for infinite width; asked for is the kernel of the network with the `v` and "
    "`W` that are passed in.",
    ntk.empirical_ntk,
    ("return H", "return limit_ntk(X, n)"),
)

# --- p3c-relu and p3c-squared ---------------------------------------------------------------------
# Both are answered by one function: each exchange holds for one n and leaves the other right.


def change_limit(item: str, name: str, sentence: str, bracket: str) -> None:
    """Another bracket of the limit (1/2π)[…] for the item's n.

    It is written in S = sin θ, C = cos θ, `theta` and `omega` = π − θ.
    """
    n = {"p3c-relu": 1, "p3c-squared": 2}[item]
    wrong = (
        f"    if n == {n}:\n        S, C = np.sin(theta), np.cos(theta)\n        H = {bracket}\n"
    )
    end = "    return H / (2 * np.pi)\n"
    change(item, name, sentence, ntk.limit_ntk, (end, wrong + end))


def change_angle(item: str, name: str, sentence: str, angle: str) -> None:
    """Another angle in the right bracket."""
    bracket = {
        "p3c-relu": "S + 2 * omega * C",
        "p3c-squared": "7 * S * C + omega * (1 + 6 * C**2)",
    }[item]
    n = {"p3c-relu": 1, "p3c-squared": 2}[item]
    wrong = (
        f"    if n == {n}:\n        theta = {angle}\n        omega = np.pi - theta\n"
        f"        S, C = np.sin(theta), np.cos(theta)\n        H = {bracket}\n"
    )
    end = "    return H / (2 * np.pi)\n"
    change(item, name, sentence, ntk.limit_ntk, (end, wrong + end))


for item in ("p3c-relu", "p3c-squared"):
    change_limit(
        item,
        "divided_by_pi",
        "The limit is twice as large as it should be: equation (6) is divided by 2π, not by π.",
        "2 * H",
    )
    change_limit(
        item,
        "not_divided",
        "The limit lacks the factor 1/(2π) of equation (6).",
        "2 * np.pi * H",
    )
    change_angle(
        item,
        "angle_of_an_input_with_itself",
        "θ is made of x_iᵀx_i, as printed, and so is always 0: it is the angle between x_i and x_j "
        "(see the erratum).",
        "0.0 * theta",
    )
    change_angle(
        item,
        "arccos_beyond_one",
        "NaN appears where rounding makes x_iᵀx_j larger than 1 or smaller than −1, and arccos has "
        "no value: clip it first.",
        "np.arccos(X @ X.T)",
    )
    change_angle(
        item,
        "angle_without_direction",
        "Inputs at an obtuse angle are treated as at an acute one: θ lies between 0 and π, so the "
        "sign of x_iᵀx_j has to stay.",
        "np.arccos(np.clip(np.abs(X @ X.T), 0, 1))",
    )

change_limit(
    "p3c-relu",
    "first_expectation_alone",
    "Only E[σσ] is in the limit: the second expectation of part b), that of σ'σ', is missing.",
    "S + omega * C",
)
change_limit(
    "p3c-relu",
    "second_expectation_alone",
    "Only the second expectation of part b), that of σ'σ', is in the limit: E[σσ] is missing.",
    "omega * C",
)
change_limit(
    "p3c-relu",
    "without_the_inner_product",
    "E[σ'σ'] lacks its factor x_iᵀx_j, which part b) has before it.",
    "S + omega * C + omega",
)
change_limit(
    "p3c-relu",
    "inner_product_on_both",
    "x_iᵀx_j multiplies both expectations; in part b) it belongs to E[σ'σ'] alone.",
    "(S + omega * C + omega) * C",
)
change_limit(
    "p3c-relu",
    "angle_for_its_supplement",
    "θ stands where π − θ belongs: the limit should be largest for equal inputs.",
    "S + 2 * theta * C",
)
change_limit(
    "p3c-relu",
    "sign_of_equation_six",
    "E[σσ] has the wrong sign: (−1)ⁿ in equation (6) undoes the sign of the derivative.",
    "omega * C - (S + omega * C)",
)
change_limit(
    "p3c-relu",
    "sine_left_out",
    "A term with sin θ got lost when equation (6) was differentiated: both numerator and "
    "denominator depend on θ.",
    "2 * omega * C",
)
change_limit(
    "p3c-relu",
    "without_the_cosine",
    "A factor cos θ is missing beside π − θ: for inputs at a right angle only the sine should "
    "be left.",
    "S + 2 * omega",
)
change_limit(
    "p3c-relu",
    "step_for_relu",
    "These are the expectations for n = 0: for the ReLU σ is z itself where z ≥ 0, and σ' is the "
    "step.",
    "omega",
)
change_limit(
    "p3c-squared",
    "as_printed",
    "This is the printed form with 5 and 4 (see the erratum): the factor 2 of σ'(z) = 2z enters "
    "squared.",
    "5 * S * C + omega * (1 + 4 * C**2)",
)
change_limit(
    "p3c-squared",
    "factor_left_out",
    "The factor 2 of σ'(z) = 2z is missing in both places where σ' stands.",
    "4 * S * C + omega * (1 + 3 * C**2)",
)
change_limit(
    "p3c-squared",
    "relu_at_every_n",
    "This is the limit for n = 1, the ReLU; here n = 2 is passed in.",
    "S + 2 * omega * C",
)
change_limit(
    "p3c-squared",
    "first_expectation_alone",
    "Only E[σσ] is in the limit: the second expectation of part b), that of σ'σ', is missing.",
    "3 * S * C + omega * (1 + 2 * C**2)",
)
change_limit(
    "p3c-squared",
    "second_expectation_alone",
    "Only the second expectation of part b), that of σ'σ', is in the limit: E[σσ] is missing.",
    "4 * C * (S + omega * C)",
)
change_limit(
    "p3c-squared",
    "without_the_inner_product",
    "E[σ'σ'] lacks its factor x_iᵀx_j, which part b) has before it.",
    "3 * S * C + omega * (1 + 2 * C**2) + 4 * (S + omega * C)",
)
change_limit(
    "p3c-squared",
    "angle_for_its_supplement",
    "θ stands where π − θ belongs: the limit should be largest for equal inputs.",
    "7 * S * C + theta * (1 + 6 * C**2)",
)
change_limit(
    "p3c-squared",
    "second_derivative_for_the_square",
    "The operator's square is taken as ∂²/∂θ² divided by sin² θ; it means the operator applied "
    "twice, so 1/sin θ is differentiated too.",
    "6 * S * C + omega * (1 + 5 * C**2)",
)
change_limit(
    "p3c-squared",
    "operator_once",
    "The operator of equation (6) is applied once less than it should be: for n = 2 it is applied "
    "twice, and in E[σ'σ'] once.",
    "S + 5 * omega * C",
)
change_limit(
    "p3c-squared",
    "step_for_the_derivative",
    "E[σ'σ'] is that of the ReLU, whose σ' is the step; for n = 2 it is σ'(z) = 2z.",
    "3 * S * C + omega * (1 + 2 * C**2) + C * omega",
)

# --- p3-plot --------------------------------------------------------------------------------------

GUIDE = "np.sqrt(widths[0] / widths)"
ERRORS_LINE = "axes.loglog(widths, errors"
GUIDE_LINE = "axes.loglog(widths, guide"
WIDTH_AND_ERROR = '    axes.set_xlabel("width $m$")\n    axes.set_ylabel("relative error")\n'

change(
    "p3-plot",
    "axes_swapped",
    "The axes are swapped: the width belongs on the horizontal axis, the error on the vertical "
    "one.",
    figures.plot_convergence,
    (ERRORS_LINE, "axes.loglog(errors, widths"),
    (GUIDE_LINE, "axes.loglog(guide, widths"),
    (
        WIDTH_AND_ERROR,
        '    axes.set_xlabel("relative error")\n    axes.set_ylabel("width $m$")\n',
    ),
)
change(
    "p3-plot",
    "linear_axes",
    "Neither axis is logarithmic, so a power of the width is no straight line: use "
    "`axes.loglog(…)`.",
    figures.plot_convergence,
    (ERRORS_LINE, "axes.plot(widths, errors"),
    (GUIDE_LINE, "axes.plot(widths, guide"),
)
change(
    "p3-plot",
    "linear_widths",
    "The axis of the widths is linear: both axes should be logarithmic, as `axes.loglog(…)` makes "
    "them.",
    figures.plot_convergence,
    (ERRORS_LINE, "axes.semilogy(widths, errors"),
    (GUIDE_LINE, "axes.semilogy(widths, guide"),
)
change(
    "p3-plot",
    "linear_errors",
    "The axis of the errors is linear: both axes should be logarithmic, as `axes.loglog(…)` makes "
    "them.",
    figures.plot_convergence,
    (ERRORS_LINE, "axes.semilogx(widths, errors"),
    (GUIDE_LINE, "axes.semilogx(widths, guide"),
)
change(
    "p3-plot",
    "unlabelled_logarithms",
    "The picture shows logarithms of widths and errors, which the axis labels do not say: use "
    "`axes.loglog(…)` instead.",
    figures.plot_convergence,
    (ERRORS_LINE, "axes.plot(np.log10(widths), np.log10(errors)"),
    (GUIDE_LINE, "axes.plot(np.log10(widths), np.log10(guide)"),
)
change(
    "p3-plot",
    "no_guide",
    "The guide is missing: draw a straight line of slope −1/2 beside the errors.",
    figures.plot_convergence,
    (
        f'    {GUIDE_LINE}, "--", color="#D55E00", label=r"guide of slope $-\\frac{{1}}{{2}}$")\n',
        "",
    ),
)
change(
    "p3-plot",
    "guide_of_slope_minus_one",
    "The guide falls like 1/m, with slope −1; asked for is slope −1/2.",
    figures.plot_convergence,
    (GUIDE, "widths[0] / widths"),
)
change(
    "p3-plot",
    "guide_of_slope_one_half",
    "The guide rises: its slope is +1/2, and asked for is −1/2.",
    figures.plot_convergence,
    (GUIDE, "np.sqrt(widths / widths[0])"),
)
change(
    "p3-plot",
    "guide_fitted_to_the_errors",
    "The guide is fitted to the errors and takes over their slope; it should have slope −1/2 "
    "whatever the errors do.",
    figures.plot_convergence,
    (
        f"errors[0] * {GUIDE}",
        "np.exp(np.polyval(np.polyfit(np.log(widths), np.log(errors), 1), np.log(widths)))",
    ),
)
change(
    "p3-plot",
    "guide_straight_on_linear_axes",
    "The guide is a straight line in m, which is curved on logarithmic axes; slope −1/2 there is "
    "the power −1/2 of m.",
    figures.plot_convergence,
    (f"errors[0] * {GUIDE}", "errors[0] - 0.5 * errors[0] * (widths - widths[0]) / widths[-1]"),
)
change(
    "p3-plot",
    "own_results",
    "The picture shows results of the notebook's own; draw the `widths` and `errors` that are "
    "passed in.",
    figures.plot_convergence,
    (
        "widths, errors = np.asarray(widths, dtype=float), np.asarray(errors, dtype=float)",
        "widths = 2.0 ** np.arange(5, 14)\n    errors = 2.5 / np.sqrt(widths)",
    ),
)
change(
    "p3-plot",
    "squared_errors",
    "The squares of the errors are drawn; asked for are the errors themselves.",
    figures.plot_convergence,
    ("np.asarray(errors, dtype=float)", "np.asarray(errors, dtype=float) ** 2"),
)
change(
    "p3-plot",
    "errors_relative_to_the_first",
    "The errors are divided by the first one; they are relative errors already, draw them as they "
    "are.",
    figures.plot_convergence,
    ("np.asarray(errors, dtype=float)", "np.asarray(errors, dtype=float) / errors[0]"),
)
change(
    "p3-plot",
    "errors_outside_of_the_axes",
    "The errors lie outside the limits of the axes: leave the limits to matplotlib, or take them "
    "from the data.",
    figures.plot_convergence,
    ("    axes.legend()\n", "    axes.legend()\n    axes.set_ylim(1e2, 1e4)\n"),
)
change(
    "p3-plot",
    "invisible_errors",
    "The errors are there but can't be seen: they have neither a line nor markers, or the colour "
    "of what is behind them.",
    figures.plot_convergence,
    ('"o-", color="#0072B2"', 'color="#0072B2", linestyle="none"'),
)
change(
    "p3-plot",
    "guide_without_a_name",
    "The legend does not say which line is the guide: give the guide a label that tells its slope.",
    figures.plot_convergence,
    ('color="#D55E00", label=r"guide of slope $-\\frac{1}{2}$"', 'color="#D55E00"'),
)
change(
    "p3-plot",
    "no_legend",
    "There is no legend, so nothing says what the guide is: call `axes.legend()`.",
    figures.plot_convergence,
    ("    axes.legend()\n", ""),
)
change(
    "p3-plot",
    "no_label_on_x",
    "The horizontal axis has no label.",
    figures.plot_convergence,
    ('    axes.set_xlabel("width $m$")\n', ""),
)
change(
    "p3-plot",
    "no_label_on_y",
    "The vertical axis has no label.",
    figures.plot_convergence,
    ('    axes.set_ylabel("relative error")\n', ""),
)
change(
    "p3-plot",
    "no_axis_labels",
    "Neither axis has a label: say what is drawn against what.",
    figures.plot_convergence,
    (WIDTH_AND_ERROR, ""),
)
change(
    "p3-plot",
    "no_figure_returned",
    "The figure is drawn but not returned: end the function with `return figure`.",
    figures.plot_convergence,
    ("    return figure\n", ""),
)

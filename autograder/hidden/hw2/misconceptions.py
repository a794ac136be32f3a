"""Misconceptions of Homework 2: typical wrong answers, each with a sentence that helps.

Most misconceptions are the reference with a piece of its text replaced, so that the wrong part is
easy to see. A sentence names the mistake and may repeat what the sheet gives. A sentence reveals
neither hidden tests nor the result of a derivation that the sheet asks for. Within an item, no two
misconceptions give the same answers, so that diagnosis can tell them apart. A function that is
written out here uses nothing else from this module, because its text becomes a notebook's cell.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np

from autograder.grading.misconceptions import Catalogue
from autograder.grading.plugin import Outcome
from autograder.grading.transcript import Event
from solutions.hw2 import figures, landscape, momentum, ntk

misconceptions = Catalogue()

change = misconceptions.change


def change_all(
    item: str,
    name: str,
    sentence: str,
    changes: Mapping[Callable[..., object], Sequence[tuple[str, str]]],
) -> None:
    """Add one misconception that changes the text of several of an item's functions."""
    parts = Catalogue()
    for reference, exchanged in changes.items():
        parts.change(item, reference.__name__, sentence, reference, *exchanged)
    answers = {key: answer for part in parts for key, answer in part.answers.items()}
    source = "\n\n".join(part.source for part in parts)
    exchanges = {key: change for part in parts for key, change in part.changes.items()}
    first = next(iter(parts))
    misconceptions.add(replace(first, name=name, answers=answers, source=source, changes=exchanges))


# ==================================================================================================
# Problem 1: momentum, the heavy ball and the iterate moving average
# ==================================================================================================

# --- p1-momentum ----------------------------------------------------------------------------------

change(
    "p1-momentum",
    "dampening",
    "The new gradient enters the memory with the factor 1 − β_t; in equation (1) it has no factor.",
    momentum.momentum,
    ("+ gradient(", "+ (1 - betas[t]) * gradient("),
)
change(
    "p1-momentum",
    "beta_on_the_gradient",
    "β_t multiplies the gradient and 1 − β_t the memory; in equation (1) β_t belongs to "
    "the memory, and the gradient has no factor.",
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
    "This is Nesterov's method: the gradient is taken at a point ahead; equation (1) takes it at "
    "x^t.",
    momentum.momentum,
    ("gradient(i, iterates[t].copy())", "gradient(i, iterates[t] - gammas[t] * betas[t] * buffer)"),
)
change(
    "p1-momentum",
    "nesterov_by_a_second_push",
    "This is Nesterov's form of momentum, as in many libraries: the step follows g_t + β_t m^t; in "
    "equation (2) it follows m^t alone.",
    momentum.momentum,
    ("gradient(i, iterates[t].copy())", "(g := gradient(i, iterates[t].copy()))"),
    ("- gammas[t] * buffer", "- gammas[t] * (g + betas[t] * buffer)"),
)
change(
    "p1-momentum",
    "beta_of_the_step_before",
    "The memory of step t is multiplied by β_{t−1}; equation (1) has β_t there.",
    momentum.momentum,
    ("betas[t] *", "betas[t - 1] *"),
)
change(
    "p1-momentum",
    "beta_of_the_next_step",
    "The memory of step t is multiplied by β_{t+1}; equation (1) has β_t there.",
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
    "The memory adds up all gradients at full weight: the factor β_t of equation (1) is missing.",
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
    "The start is missing: row 0 of the answer is x^0.",
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
    "Only the last iterate is returned; the item asks for all of them, one in each row.",
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
    "The steps change `x0` itself, which fails if `x0` has integer entries: work on a copy, in "
    "floats.",
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
    "These are the steps of momentum (1, 2): here `gammas` and `betas` are already those of the "
    "heavy ball, so use them in (3) without converting them.",
    momentum.heavy_ball,
    ("betas[t] *", "betas[t] * gammas[t] / (gammas[t - 1] if t > 0 else 1) *"),
)
change(
    "p1a-heavy-ball",
    "before_the_start_is_zero",
    "The first step sets x^{−1} to 0, so the ball starts with a push; it starts at rest, "
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
    "This is Nesterov's method: the gradient is taken after the push; equation (3) takes it at "
    "x^t.",
    momentum.heavy_ball,
    ("gradient(i, x) +", "gradient(i, x + betas[t] * (x - previous)) +"),
)
change(
    "p1a-heavy-ball",
    "move_since_the_start",
    "The push is the whole way since the start, x^t − x^0; equation (3) repeats only the last "
    "move: update `previous` in each step.",
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
    "The start is missing: row 0 of the answer is x^0.",
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
    "The steps change `x0` itself, which fails if `x0` has integer entries: work on a copy, in "
    "floats.",
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
    "β̂_t is taken to be β_t. That holds only if the step size does not change: compare the "
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
    "β̂ is cut off to lie between 0 and 1. It may exceed 1 when the step size grows, and the two "
    "methods still coincide.",
    momentum.heavy_ball_parameters,
    (HAT_BETAS, "np.clip(gammas * betas / previous, 0, 1)"),
)
change(
    "p1a-parameters",
    "first_beta_unchanged",
    "β̂_0 is taken to be β_0: it needs the conversion too, with the convention γ_{−1} = 1.",
    momentum.heavy_ball_parameters,
    ("np.append(1.0, gammas)", "np.append(gammas[:1], gammas)"),
)
change(
    "p1a-parameters",
    "first_beta_zero",
    "β̂_0 is taken to be 0: the convention γ_{−1} = 1 gives it a value.",
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
    "β̂_t has the step size of the step before, but not the step size of step t itself: equation "
    "(2) multiplies all of m^t by γ_t.",
    momentum.heavy_ball_parameters,
    (HAT_BETAS, "betas / previous"),
)
change(
    "p1a-parameters",
    "ratio_of_the_next_step",
    "The ratio in β̂_t belongs to the next step: it uses the step sizes of steps t and t + 1.",
    momentum.heavy_ball_parameters,
    (HAT_BETAS, "np.append(gammas[1:], gammas[-1:]) * betas / gammas"),
)
change(
    "p1a-parameters",
    "gammas_by_the_ratio",
    "γ̂_t is divided by the previous step size; compare the factor of g_t in (3) and in the step "
    "that momentum takes.",
    momentum.heavy_ball_parameters,
    ("return gammas,", "return gammas / previous,"),
)
change(
    "p1a-parameters",
    "dampened_gammas",
    "γ̂_t has a factor 1 − β_t, as if the gradient entered the memory weakened; in equation (1) it "
    "has no factor.",
    momentum.heavy_ball_parameters,
    ("return gammas,", "return (1 - np.asarray(betas)) * gammas,"),
)
change(
    "p1a-parameters",
    "parts_swapped",
    "The two answers come in the wrong order: first γ̂, then β̂.",
    momentum.heavy_ball_parameters,
    ("return gammas, gammas * betas / previous", "return gammas * betas / previous, gammas"),
)
change(
    "p1a-parameters",
    "first_ratio_set_by_its_index",
    "With zero steps (T = 0) your function ends in an error: empty arrays have no entry 0 "
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
    "The two weights of the average are swapped: in equation (5) the weight with λ_{t+1} in the "
    "numerator belongs to x^t.",
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
    "z^t starts from x^t in each step; in equation (4) it continues from z^{t−1}.",
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
    "Only x is returned; the item asks for the pair x, z.",
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
    "All rows of z are one and the same array, changed in place again and again: append a copy.",
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
    "The steps change `x0` itself, which fails if `x0` has integer entries: work on a copy, in "
    "floats.",
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
FORWARDS_FROM_ONE = (
    "lambdas[1:2] = 1.0\n"
    "    for t in range(1, len(gammas)):\n        lambdas[t + 1] = lambdas[t] / ratios[t] - 1"
)
FORWARDS = "for t in range(len(gammas)):\n        lambdas[t + 1] = lambdas[t] / ratios[t] - 1"
ETAS = "(1 + lambdas[1:]) * gammas"

change(
    "p1b-parameters",
    "lambda_0_forced_to_zero",
    "The recursion starts from λ_0 = 0 and runs forwards. This makes λ_1 = −1, which the printed "
    "sheet does not say (see the erratum), and equation (5) divides by zero.",
    momentum.ima_parameters,
    (BACKWARDS, FORWARDS),
)


def is_solved_forwards(outcomes: Sequence[Outcome]) -> bool:
    """Return whether each λ follows from the previous λ until a β_t is 0; λ_1 may be any number.

    So the answer fails if some β_t is 0, or if some λ_t happens to be −1.
    """
    core = [outcome for outcome in outcomes if not outcome.costs]
    calls = [event for outcome in core for event in outcome.transcript if event.kind == "call"]
    return any(not outcome.passed for outcome in core) and all(map(_goes_forwards, calls))


def _goes_forwards(call: Event) -> bool:
    """Return whether the λ of one call obey the relation, as far as it can be solved forwards."""
    gammas, betas = (np.asarray(part, dtype=float) for part in call.args[:2])
    zeros = np.flatnonzero(betas[1:] == 0)
    last = int(zeros[0]) + 1 if zeros.size else len(betas)
    if call.failure:
        return last < len(betas) and call.failure.endswith("ZeroDivisionError")
    try:
        lambdas = np.asarray(call.answer[1], dtype=float)
        with np.errstate(all="ignore"):
            forwards = gammas[:-1] / gammas[1:] * lambdas[1:-1] / betas[1:] - 1
        left, right = lambdas[2 : last + 1], forwards[: last - 1]
    except (TypeError, ValueError, LookupError, OverflowError):
        return False
    has_ended = last == len(betas) or not np.isfinite(lambdas[last + 1 :]).any()
    return has_ended and np.allclose(left, right, rtol=1e-4, atol=1e-6)


change(
    "p1b-parameters",
    "solved_forwards",
    "The relation is solved forwards, which divides by β_t and fails if β_t = 0. Which order never "
    "divides by β_t?",
    momentum.ima_parameters,
    (BACKWARDS, FORWARDS_FROM_ONE),
    recognises=is_solved_forwards,
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
    "With zero steps (T = 0) your function ends in an error: there is no last step whose λ "
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
    "The lines show the norm of the iterates; the item asks for the objective f(x^t).",
    figures.plot_objective,
    (VALUES, "values = [np.linalg.norm(x) for x in iterates]"),
)
change(
    "p1-plot",
    "distances_for_the_objective",
    "The lines show f(x^t) minus the last value of the run; the item asks for the objective f(x^t) "
    "itself.",
    figures.plot_objective,
    (VALUES, "values = [objective(x) - objective(iterates[-1]) for x in iterates]"),
)
change(
    "p1-plot",
    "running_minimum",
    "The lines show the best objective so far, which never rises; the item asks for f(x^t) itself.",
    figures.plot_objective,
    (VALUES, "values = np.minimum.accumulate([objective(x) for x in iterates])"),
)
change(
    "p1-plot",
    "objective_of_the_mean",
    "The lines show the objective at the mean of the iterates so far; the item asks for the "
    "objective at x^t.",
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
    "The picture shows the objective of the notebook's least-squares problem; call the `objective` "
    "that is passed in.",
    figures.plot_objective,
    (VALUES, "values = [least_squares(dimension=len(x)).objective(x) for x in iterates]"),
)
change(
    "p1-plot",
    "own_results",
    "The picture shows the notebook's own results; draw the `trajectories` that are passed in.",
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
    "Only the first trajectory is drawn: does a `return` inside the loop end it too early?",
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
    "Without a legend the lines cannot be told apart: give each a label and call `axes.legend()`.",
    figures.plot_objective,
    ("    axes.legend()\n", ""),
)
change(
    "p1-plot",
    "labels_on_the_wrong_lines",
    "The legend gives lines the names of other lines: take label and iterates together, from "
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
    "Nothing says what the lines are: a legend and both axis labels are missing.",
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

# --- p2a-values -----------------------------------------------------------------------------------


def value(name: str, sentence: str, **values: Any) -> None:
    """Return wrong values at the point."""
    misconceptions.values("p2a-values", name, sentence, **values)


value(
    "norm_not_squared",
    "In the gradient's last entry the norm of u is not squared.",
    gradient_at_point=np.array([12.0, -4.0, 8.0, 2 * np.sqrt(14.0)]),
)
value(
    "v_not_squared",
    "In the gradient's entries for u the factor v is not squared; u is differentiated, v² stays.",
    gradient_at_point=np.array([6.0, -2.0, 4.0, 28.0]),
)
value(
    "v_first",
    "In the gradient the derivative in v comes first; v is the last coordinate, here and in the "
    "Hessian.",
    gradient_at_point=np.array([28.0, 12.0, -4.0, 8.0]),
)
value(
    "v_first_throughout",
    "Gradient and Hessian begin with v; v is the last coordinate, so its derivatives come last.",
    gradient_at_point=np.array([28.0, 12.0, -4.0, 8.0]),
    hessian_at_point=np.roll(landscape.hessian_at_point, 1, (0, 1)),
)
value(
    "missing_half",
    "The gradient is twice as large as it should be: the loss has a factor ½.",
    gradient_at_point=np.array([24.0, -8.0, 16.0, 56.0]),
)
value(
    "missing_half_throughout",
    "Gradient and Hessian are twice as large as they should be: the loss has a factor ½.",
    gradient_at_point=2 * landscape.gradient_at_point,
    hessian_at_point=2 * landscape.hessian_at_point,
    trace_at_point=2 * landscape.trace_at_point,
)
value(
    "hessian_of_twice_the_loss",
    "The Hessian is twice as large as it should be: the loss has a factor ½.",
    hessian_at_point=2 * landscape.hessian_at_point,
)
value(
    "trace_of_twice_the_loss",
    "The trace is twice as large as it should be: the loss has a factor ½.",
    trace_at_point=2 * landscape.trace_at_point,
)
value(
    "hessian_begins_with_v",
    "The Hessian's first row and column belong to v; v is the last coordinate, so they are the "
    "last ones.",
    hessian_at_point=np.roll(landscape.hessian_at_point, 1, (0, 1)),
)
value(
    "corner_like_the_others",
    "The Hessian's last diagonal entry repeats those before it; it is the second derivative in v, "
    "not in u.",
    hessian_at_point=landscape.hessian_at_point - np.diag([0.0, 0.0, 0.0, 10.0]),
)
value(
    "off_diagonal_zero",
    "The Hessian is diagonal here; u and v are multiplied in the loss, so their mixed derivatives "
    "are not 0.",
    hessian_at_point=np.diag([4.0, 4.0, 4.0, 14.0]),
)
value(
    "off_diagonal_halved",
    "The mixed derivatives in the Hessian lack their factor 2: a square is differentiated.",
    hessian_at_point=np.array(
        [[4.0, 0.0, 0.0, 6.0], [0.0, 4.0, 0.0, -2.0], [0.0, 0.0, 4.0, 4.0], [6.0, -2.0, 4.0, 14.0]]
    ),
)
value(
    "outer_product_of_the_gradient",
    "This is the gradient times its own transpose; the Hessian holds second derivatives.",
    hessian_at_point=np.outer(landscape.gradient_at_point, landscape.gradient_at_point),
)
value(
    "trace_counts_u_once",
    "The trace counts u as one direction; the diagonal has an entry for each coordinate of u.",
    trace_at_point=18.0,
)
value(
    "trace_counts_u_too_often",
    "The trace counts one coordinate of u too many: one of the Hessian's rows belongs to v.",
    trace_at_point=30.0,
)
value(
    "sum_of_all_entries",
    "This is the sum of all entries of the Hessian; the trace is the sum of the diagonal entries "
    "alone.",
    trace_at_point=float(landscape.hessian_at_point.sum()),
)
value(
    "largest_eigenvalue",
    "This is the Hessian's largest eigenvalue; the trace is the sum of all eigenvalues.",
    trace_at_point=float(np.linalg.eigvalsh(landscape.hessian_at_point)[-1]),
)

# --- p2b-gd-update --------------------------------------------------------------------------------

GD_STEP = "return u - eta * v**2 * u, v - eta * (u @ u) * v"


def change_gd_update(name: str, sentence: str, *lines: str) -> None:
    """Add a misconception with other lines instead of the two formulas."""
    text = "\n    ".join(lines)
    change("p2b-gd-update", name, sentence, landscape.gd_update, (GD_STEP, text))


change_gd_update(
    "v_with_the_new_u",
    "v is updated with the new u; both formulas use the old u and the old v.",
    "u = u - eta * v**2 * u",
    "return u, v - eta * (u @ u) * v",
)
change_gd_update(
    "v_with_the_new_u_in_place",
    "`u -= …` changes u before v is computed, and changes the caller's array, too: both formulas "
    "use the old u.",
    "u -= eta * v**2 * u",
    "return u, v - eta * (u @ u) * v",
)
change_gd_update(
    "u_with_the_new_v",
    "u is updated with the new v; both formulas use the old u and the old v.",
    "v = v - eta * (u @ u) * v",
    "return u - eta * v**2 * u, v",
)
change_gd_update(
    "norm_not_squared",
    "In the update of v the norm of u is not squared.",
    "return u - eta * v**2 * u, v - eta * np.linalg.norm(u) * v",
)
change_gd_update(
    "norm_entry_by_entry",
    "In the update of v the square of u is taken entry by entry; its norm is one number.",
    "return u - eta * v**2 * u, v - eta * u**2 * v",
)
change_gd_update(
    "v_not_squared",
    "In the update of u the factor v is not squared.",
    "return u - eta * v * u, v - eta * (u @ u) * v",
)
change_gd_update(
    "factors_swapped",
    "‖u‖² and v² have changed places between the two formulas.",
    "return u - eta * (u @ u) * u, v - eta * v**2 * v",
)
change_gd_update(
    "uphill",
    "The step goes uphill: GD subtracts η∇L, and here it is added.",
    "return u + eta * v**2 * u, v + eta * (u @ u) * v",
)
change_gd_update(
    "half_left_in",
    "The step is half as long as it should be: the ½ of the loss is still there, although "
    "differentiating the square cancels the ½.",
    "return u - 0.5 * eta * v**2 * u, v - 0.5 * eta * (u @ u) * v",
)
change_gd_update(
    "missing_half",
    "The step is twice as long as it should be: the ½ of the loss cancels the 2 of the square's "
    "derivative.",
    "return u - 2 * eta * v**2 * u, v - 2 * eta * (u @ u) * v",
)
change_gd_update(
    "change_alone",
    "The answer is the step itself, −η∇L; return the u and v that it leads to.",
    "return -eta * v**2 * u, -eta * (u @ u) * v",
)
change_gd_update(
    "by_calling_gradient",
    "The update calls another function of the notebook; the two formulas are to be written out "
    "here.",
    "x = np.append(u, v)",
    "x = x - eta * gradient(x)",
    "return x[:-1], x[-1]",
)
change_gd_update(
    "u_changed_in_place",
    "The array `u` that is passed in is changed: `u -= …` works on the caller's array.",
    "a = u @ u",
    "u -= eta * v**2 * u",
    "return u, v - eta * a * v",
)

# --- p2b-usam-update ------------------------------------------------------------------------------

STRETCHES = "1 + rho * b, 1 + rho * a"
USAM_STEP = (
    "return u - eta * b * stretch_v**2 * stretch_u * u, v - eta * a * stretch_u**2 * stretch_v * v"
)


def change_usam_update(name: str, sentence: str, *changes: tuple[str, str]) -> None:
    """Add a misconception that changes the text of the reference's update."""
    change("p2b-usam-update", name, sentence, landscape.usam_update, *changes)


change_usam_update(
    "usam_is_gd",
    "This is the step of GD: ρ has no effect on it.",
    (STRETCHES, "1, 1"),
)
change_usam_update(
    "usam_v_with_the_new_u",
    "v is updated with the new u; both formulas use the old u and the old v.",
    (
        USAM_STEP,
        "u = u - eta * b * stretch_v**2 * stretch_u * u\n    a = u @ u\n"
        "    return u, v - eta * a * stretch_u**2 * (1 + rho * a) * v",
    ),
)
change_usam_update(
    "minus_rho",
    "ρ has the wrong sign: the gradient is taken downhill of the point; USAM takes it uphill, at x "
    "+ ρ∇L(x).",
    (STRETCHES, "1 - rho * b, 1 - rho * a"),
)
change_usam_update(
    "eta_times_rho",
    "The step up is multiplied by η as well; it is ρ∇L(x), without η.",
    (STRETCHES, "1 + eta * rho * b, 1 + eta * rho * a"),
)
change_usam_update(
    "normalised",
    "The step up is divided by the gradient's norm; that is SAM, and USAM adds ρ times the "
    "gradient itself.",
    (STRETCHES, "1 + rho / np.sqrt(a * b * (a + b)) * b, 1 + rho / np.sqrt(a * b * (a + b)) * a"),
)
change_usam_update(
    "perturbation_of_u_alone",
    "Only u is moved uphill; ρ∇L(x) moves v as well.",
    (STRETCHES, "1 + rho * b, 1"),
)
change_usam_update(
    "perturbation_of_v_alone",
    "Only v is moved uphill; ρ∇L(x) moves u as well.",
    (STRETCHES, "1, 1 + rho * a"),
)
change_usam_update(
    "v_lifted_with_the_lifted_u",
    "v is moved uphill with the u that has been moved already; both parts of ρ∇L(x) use the old "
    "point.",
    (STRETCHES, "1 + rho * b, 1 + rho * a * (1 + rho * b) ** 2"),
)
change_usam_update(
    "stretches_swapped",
    "The factors that come with the step uphill are exchanged: how far u is stretched depends on "
    "v, and the other way round.",
    (STRETCHES, "1 + rho * a, 1 + rho * b"),
)
change_usam_update(
    "squares_forgotten",
    "The gradient squares a variable, so the factor that the step uphill brings has to be squared, "
    "too.",
    ("stretch_v**2", "stretch_v"),
    ("stretch_u**2", "stretch_u"),
)
change_usam_update(
    "outer_factors_of_the_old_point",
    "In ∇L only the squares use the point uphill; the single factors u and v are still those of "
    "the old point.",
    (" * stretch_u * u", " * u"),
    (" * stretch_v * v", " * v"),
)
change_usam_update(
    "squares_of_the_old_point",
    "In ∇L the squares v² and ‖u‖² are those of the old point; they have to use the point uphill, "
    "too.",
    (" * stretch_v**2", ""),
    (" * stretch_u**2", ""),
)
change_usam_update(
    "step_from_the_lifted_point",
    "The step starts at the point uphill; only the gradient should be taken there, and the step "
    "should start at (u, v).",
    ("return u -", "return stretch_u * u -"),
    (", v - eta", ", stretch_v * v - eta"),
)
change_usam_update(
    "first_order_in_rho",
    "Higher powers of ρ are left out; the item asks for the exact update, not its expansion.",
    ("stretch_v**2 * stretch_u", "(1 + 2 * rho * a + rho * b)"),
    ("stretch_u**2 * stretch_v", "(1 + 2 * rho * b + rho * a)"),
)
change_usam_update(
    "usam_changes_u_in_place",
    "The array `u` that is passed in is changed: `u -= …` works on the caller's array.",
    (
        "return u - eta * b * stretch_v**2 * stretch_u * u,",
        "u -= eta * b * stretch_v**2 * stretch_u * u\n    return u,",
    ),
)

# --- p2c-loss-gradient ----------------------------------------------------------------------------

POINT = "u, v = np.asarray(x[:-1], dtype=float), np.float64(x[-1])"
V_FIRST = "u, v = np.asarray(x[1:], dtype=float), float(x[0])"
VALLEY = "np.append(x[-1] ** 2 * x[:-1], (x[:-1] @ x[:-1]) * x[-1])"
GRADIENT = "np.append(v**2 * u, (u @ u) * v)"


def change_loss(name: str, sentence: str, *changes: tuple[str, str]) -> None:
    """Add a misconception that changes the text of the reference's loss."""
    change("p2c-loss-gradient", name, sentence, landscape.loss, *changes)


def change_gradient(name: str, sentence: str, *changes: tuple[str, str]) -> None:
    """Add a misconception that changes the text of the reference's gradient."""
    change("p2c-loss-gradient", name, sentence, landscape.gradient, *changes)


change_loss("missing_half", "The loss lacks its factor ½.", ("0.5 * ", ""))
change_loss(
    "loss_norm_not_squared",
    "In the loss the norm of u is not squared.",
    ("(u @ u)", "np.linalg.norm(u)"),
)
change_loss(
    "loss_v_not_squared",
    "In the loss the factor v is not squared.",
    ("v**2", "v"),
)
change_loss(
    "loss_v_first",
    "The loss uses the first entry of x as v; v is the last entry.",
    (POINT, V_FIRST),
)
change_loss(
    "loss_entry_by_entry",
    "The loss is returned entry by entry: ‖u‖² is one number, the sum of the squares.",
    ("float(0.5 * (u @ u) * v**2)", "0.5 * u**2 * v**2"),
)
change_loss(
    "square_of_the_sum",
    "The loss has the square of the sum of u's entries; ‖u‖² is the sum of their squares.",
    ("(u @ u)", "u.sum() ** 2"),
)
change_gradient(
    "gradient_norm_not_squared",
    "In the gradient's last entry the norm of u is not squared.",
    ("(u @ u)", "np.linalg.norm(u)"),
)
change_gradient(
    "gradient_v_not_squared",
    "In the gradient's entries for u the factor v is not squared.",
    ("v**2", "v"),
)
change_gradient(
    "gradient_v_first",
    "In the gradient the derivative in v comes first; v is the last entry of x, so its derivative "
    "is the last entry, too.",
    (GRADIENT, "np.append((u @ u) * v, v**2 * u)"),
)
change_gradient(
    "gradient_takes_the_first_entry_for_v",
    "The gradient uses the first entry of x as v; v is the last entry.",
    (POINT, V_FIRST),
)
change_gradient(
    "gradient_takes_v_first_and_begins_with_it",
    "The gradient uses the first entry of x as v and begins with the derivative in v; v is the "
    "last entry.",
    (POINT, V_FIRST),
    (GRADIENT, "np.append((u @ u) * v, v**2 * u)"),
)
change_all(
    "p2c-loss-gradient",
    "v_first_throughout",
    "Loss and gradient use the first entry of x as v; v is the last entry.",
    {
        landscape.loss: [(POINT, V_FIRST)],
        landscape.gradient: [(POINT, V_FIRST), (GRADIENT, "np.append((u @ u) * v, v**2 * u)")],
    },
)
change_gradient(
    "gradient_of_twice_the_loss",
    "The gradient is twice as large as it should be: the loss has a factor ½.",
    (GRADIENT, f"2 * {GRADIENT}"),
)
change_gradient(
    "half_left_in_the_gradient",
    "The gradient is half as large as it should be: differentiating the square cancels the ½ of "
    "the loss.",
    (GRADIENT, f"0.5 * {GRADIENT}"),
)
change_gradient(
    "minus_the_gradient",
    "The gradient has the wrong sign: it points uphill; the minus belongs to the optimiser's step.",
    (GRADIENT, f"-{GRADIENT}"),
)
change_gradient(
    "derivative_in_v_left_out",
    "The gradient holds only the derivatives in u: its last entry, the derivative in v, is "
    "missing.",
    (GRADIENT, "v**2 * u"),
)

# --- p2c-hessian-trace ----------------------------------------------------------------------------

MIXED = "    H[-1, :-1] = H[:-1, -1] = 2 * v * u\n"


def change_hessian(name: str, sentence: str, *changes: tuple[str, str]) -> None:
    """Add a misconception that changes the text of the reference's Hessian."""
    change("p2c-hessian-trace", name, sentence, landscape.hessian, *changes)


def change_trace(name: str, sentence: str, formula: str) -> None:
    """Add a misconception with another formula for the trace."""
    trace = landscape.hessian_trace
    change("p2c-hessian-trace", name, sentence, trace, ("len(u) * v**2 + u @ u", formula))


change_hessian(
    "off_diagonal_halved",
    "The mixed derivatives in the Hessian lack their factor 2: a square is differentiated.",
    ("2 * v * u", "v * u"),
)
change_hessian(
    "off_diagonal_zero",
    "The Hessian is diagonal here; u and v are multiplied in the loss, so their mixed derivatives "
    "are not 0.",
    (MIXED, ""),
)
change_hessian(
    "last_column_alone",
    "The Hessian is not symmetric: the mixed derivatives belong in its last column and in its last "
    "row.",
    ("H[-1, :-1] = H[:-1, -1]", "H[:-1, -1]"),
)
change_hessian(
    "hessian_takes_the_first_entry_for_v",
    "The Hessian uses the first entry of x as v; v is the last entry.",
    (POINT, V_FIRST),
)
change_hessian(
    "hessian_begins_with_v",
    "The Hessian's first row and column belong to v; v is the last entry of x, so they are the "
    "last ones.",
    ("return H", "return np.roll(H, 1, (0, 1))"),
)
change_hessian(
    "corner_like_the_others",
    "The Hessian's last diagonal entry repeats those before it; it is the second derivative in v, "
    "not in u.",
    ("u @ u))", "v**2))"),
)
change_hessian(
    "v_not_squared_on_the_diagonal",
    "On the Hessian's diagonal, in the entries for u, the factor v is not squared.",
    ("v**2", "v"),
)
change_hessian(
    "hessian_of_twice_the_loss",
    "The Hessian is twice as large as it should be: the loss has a factor ½.",
    ("return H", "return 2 * H"),
)
change_hessian(
    "gauss_newton",
    "This is the Gauss–Newton matrix, a product of first derivatives; the Hessian has second ones, "
    "too.",
    ("return H", "j = np.append(v * u, u @ u) / np.linalg.norm(u)\n    return np.outer(j, j)"),
)
change_hessian(
    "outer_product_of_the_gradient",
    "This is the gradient times its own transpose; the Hessian holds second derivatives.",
    ("return H", "g = np.append(v**2 * u, (u @ u) * v)\n    return np.outer(g, g)"),
)
change_trace(
    "missing_d",
    "The trace counts u as one direction; the diagonal has an entry for each coordinate of u.",
    "v**2 + u @ u",
)
change_trace(
    "d_of_the_whole_point",
    "The trace counts one coordinate of u too many: d is the length of u, that of x is d + 1.",
    "len(x) * v**2 + u @ u",
)
change_trace(
    "d_on_both_terms",
    "In the trace d multiplies both terms; v is a single coordinate, with one entry on the "
    "diagonal.",
    "len(u) * (v**2 + u @ u)",
)
change_trace(
    "trace_norm_not_squared",
    "In the trace the norm of u is not squared.",
    "len(u) * v**2 + np.linalg.norm(u)",
)
change_trace(
    "trace_without_v",
    "The entries of u's diagonal block are missing in the trace: only the entry of v is left.",
    "u @ u",
)
change_trace(
    "largest_eigenvalue",
    "This is the Hessian's largest eigenvalue; the trace is the sum of all eigenvalues.",
    "np.linalg.eigvalsh(hessian(x))[-1]",
)
change_trace(
    "sum_of_all_entries",
    "This is the sum of all entries of the Hessian; the trace is the sum of the diagonal entries "
    "alone.",
    "hessian(x).sum()",
)
change_trace(
    "sum_of_absolute_eigenvalues",
    "The eigenvalues are added up without their signs; one of them may be negative, and the trace "
    "keeps its sign.",
    "np.abs(np.linalg.eigvalsh(hessian(x))).sum()",
)
change(
    "p2c-hessian-trace",
    "trace_takes_the_first_entry_for_v",
    "The trace uses the first entry of x as v; v is the last entry.",
    landscape.hessian_trace,
    (POINT, V_FIRST),
)
change_all(
    "p2c-hessian-trace",
    "v_first_throughout",
    "The Hessian uses the first entry of x as v and begins with the row of v; v is the last entry.",
    {
        landscape.hessian: [(POINT, V_FIRST), ("return H", "return np.roll(H, 1, (0, 1))")],
        landscape.hessian_trace: [(POINT, V_FIRST)],
    },
)

# --- p2c-gd ---------------------------------------------------------------------------------------

ETAS = "etas = np.broadcast_to(eta, num_steps)"
ROWS = "np.empty((num_steps + 1, len(x0)))"


def change_gd(name: str, sentence: str, *changes: tuple[str, str]) -> None:
    """Add a misconception that changes the text of the reference's GD."""
    change("p2c-gd", name, sentence, landscape.gd, *changes)


change_gd(
    "one_step_too_many",
    "There is one step too many: with K steps the answer has K + 1 rows, the start among them.",
    (ETAS, "num_steps += 1\n    etas = np.resize(eta, num_steps)"),
)
change_gd(
    "last_iterate_dropped",
    "The last iterate is missing: with K steps the answer has K + 1 rows, the start among them.",
    ("return iterates", "return iterates[:-1]"),
)
change_gd(
    "start_dropped",
    "The start is missing: row 0 of the answer is x_0.",
    ("return iterates", "return iterates[1:]"),
)
change_gd(
    "last_iterate_alone",
    "Only the last iterate is returned; the item asks for all of them, one in each row.",
    ("return iterates", "return iterates[-1]"),
)
change_gd(
    "first_step_size_for_all",
    "All steps use the first step size; `eta` may be an array with one for each step.",
    (ETAS, "etas = np.broadcast_to(np.ravel(eta)[0], num_steps)"),
)
change_gd(
    "step_size_of_the_step_before",
    "Step k uses the step size η_{k−1}; it has its own step size η_k.",
    ("etas[k] *", "etas[k - 1] *"),
)
change_gd(
    "uphill",
    "The steps go uphill: GD subtracts η_k ∇f(x_k), and here it is added.",
    ("x - etas[k]", "x + etas[k]"),
)
change_gd(
    "normalised_gradient",
    "The gradient is divided by its norm; GD's step is η_k times the unchanged gradient.",
    ("gradient(x)\n", "(g := np.asarray(gradient(x))) / np.linalg.norm(g)\n"),
)
change_gd(
    "gradient_of_the_start",
    "Every step uses the gradient at the start; step k takes it at x_k.",
    ("gradient(x)\n", "gradient(iterates[0].copy())\n"),
)
change_gd(
    "own_gradient",
    "The steps always follow the valley's gradient; call the `gradient` that is passed in.",
    ("gradient(x)\n", f"{VALLEY}\n"),
)
change_gd(
    "early_stop",
    "The run stops early, by a rule that is not part of the method; the item asks for all K steps.",
    (
        "        iterates[k + 1]",
        "        if np.linalg.norm(etas[k] * gradient(x)) < 0.5:\n"
        "            return iterates[: k + 1]\n"
        "        iterates[k + 1]",
    ),
)
change_gd(
    "integer_iterates",
    "A start with integer entries makes all iterates integers, and their decimals are cut off: "
    "work in floats.",
    (ROWS, "np.empty((num_steps + 1, len(x0)), dtype=x0.dtype)"),
)


def change_gd_loop(name: str, sentence: str, start: str, kept: str) -> None:
    """Add GD with steps in place, x −= …, from a start that is created and stored in given ways."""
    change_gd(
        name,
        sentence,
        (f"iterates = {ROWS}\n    iterates[0] = x0", f"x = {start}\n    iterates = [{kept}]"),
        ("        x = iterates[k].copy()\n", ""),
        (
            "iterates[k + 1] = x - etas[k] * gradient(x)",
            f"x -= etas[k] * gradient(x)\n        iterates.append({kept})",
        ),
        ("return iterates", "return np.array(iterates)"),
    )


change_gd_loop(
    "aliased_rows",
    "All rows are one and the same array, changed in place again and again: append a copy in each "
    "step.",
    "np.array(x0, dtype=float)",
    "x",
)
change_gd_loop(
    "start_changed_in_place",
    "The steps change `x0` itself, which fails if `x0` has integer entries: work on a copy, in "
    "floats.",
    "x0",
    "x.copy()",
)
change_gd_loop(
    "start_of_floats_changed_in_place",
    "The steps change `x0` itself: `np.asarray` makes no copy of an array of floats, but "
    "`np.array` does.",
    "np.asarray(x0, dtype=float)",
    "x.copy()",
)

# --- p2c-usam -------------------------------------------------------------------------------------

LIFT = "rho * np.asarray(gradient(x))"


def change_usam(name: str, sentence: str, *changes: tuple[str, str]) -> None:
    """Add a misconception that changes the text of the reference's USAM."""
    change("p2c-usam", name, sentence, landscape.usam, *changes)


change_usam(
    "sam",
    "The step up is divided by the gradient's norm; that is SAM, and USAM adds ρ times the "
    "gradient itself.",
    (LIFT, "rho * (g := np.asarray(gradient(x))) / np.linalg.norm(g)"),
)
change_usam(
    "minus_rho",
    "ρ has the wrong sign: the gradient is taken downhill of x_k; USAM takes it uphill, at x_k + "
    "ρ∇f(x_k).",
    (f"+ {LIFT}", f"- {LIFT}"),
)
change_usam(
    "eta_times_rho",
    "The step up is also multiplied by the step size; it should be ρ∇f(x_k), without η_k.",
    (LIFT, f"etas[k] * {LIFT}"),
)
change_usam(
    "perturbation_of_u_alone",
    "Only u is moved uphill; ρ∇f(x_k) moves all entries of the point.",
    (LIFT, f"np.append({LIFT}[:-1], 0)"),
)
change_usam(
    "from_the_lifted_point",
    "The step starts at the point uphill; only the gradient should be taken there, and the step "
    "should start at x_k.",
    ("= x - etas[k]", "= uphill - etas[k]"),
)
change_usam(
    "plain_gd",
    "This is GD: the gradient is taken at x_k itself, so ρ has no effect.",
    ("gradient(uphill)", "gradient(x)"),
)
change_usam(
    "both_gradients",
    "The gradients at x_k and uphill of x_k are added; the step follows only the gradient uphill.",
    ("gradient(uphill)", "(np.asarray(gradient(x)) + gradient(uphill))"),
)
change_usam(
    "lift_from_the_start",
    "All steps use the step up at the start; in step k it should be ρ∇f(x_k).",
    (LIFT, "rho * np.asarray(gradient(iterates[0].copy()))"),
)
change_usam(
    "own_gradient",
    "The steps always follow the valley's gradient; call the `gradient` that is passed in.",
    (ETAS, f"{ETAS}\n\n    def gradient(x):\n        return {VALLEY}\n"),
)
change_usam(
    "one_step_too_many",
    "There is one step too many: with K steps the answer has K + 1 rows, the start among them.",
    (ETAS, "num_steps += 1\n    etas = np.resize(eta, num_steps)"),
)
change_usam(
    "last_iterate_dropped",
    "The last iterate is missing: with K steps the answer has K + 1 rows, the start among them.",
    ("return iterates", "return iterates[:-1]"),
)
change_usam(
    "start_dropped",
    "The start is missing: row 0 of the answer is x_0.",
    ("return iterates", "return iterates[1:]"),
)
change_usam(
    "last_iterate_alone",
    "Only the last iterate is returned; the item asks for all of them, one in each row.",
    ("return iterates", "return iterates[-1]"),
)
change_usam(
    "first_step_size_for_all",
    "All steps use the first step size; `eta` may be an array with one for each step.",
    (ETAS, "etas = np.broadcast_to(np.ravel(eta)[0], num_steps)"),
)
change_usam(
    "uphill",
    "The steps go uphill: ρ∇f(x_k) is added to look ahead, but η_k times the gradient found there "
    "is subtracted.",
    ("x - etas[k]", "x + etas[k]"),
)
change_usam(
    "integer_iterates",
    "A start with integer entries makes all iterates integers, and their decimals are cut off: "
    "work in floats.",
    (ROWS, "np.empty((num_steps + 1, len(x0)), dtype=x0.dtype)"),
)
change_usam(
    "start_changed_in_place",
    "The steps change `x0` itself: `np.asarray` makes no copy of an array of floats, but "
    "`np.array` does.",
    ("iterates[0] = x0", "iterates[0] = x = np.asarray(x0, dtype=float)"),
    ("        x = iterates[k].copy()\n", ""),
    (
        "iterates[k + 1] = x - etas[k] * gradient(uphill)",
        "x -= etas[k] * gradient(uphill)\n        iterates[k + 1] = x",
    ),
)

# --- Runs that stop early, and values cut down to a size ------------------------------------------
# Such rules can save time in other work, but here every step must be made and returned.


class Loop(NamedTuple):
    """An optimiser's loop, described by pieces of its text.

    `head` is the first line that uses the gradient at a step's point; `gradient` is that gradient.
    `step` is the number of the step, and `taken` the gradient that the step follows.
    """

    item: str
    method: Callable[..., Any]
    head: str
    gradient: str
    taken: str
    step: str = "t"

    @property
    def arrays(self) -> tuple[str, ...]:
        """Names of the arrays that the loop fills, the points first."""
        return ("x", "z") if self.item == "p1b-ima" else ("iterates",)

    @property
    def rows(self) -> str:
        """Name of the array of points."""
        return self.arrays[0]

    @property
    def end(self) -> str:
        """The line that returns the arrays."""
        return f"    return {', '.join(self.arrays)}"

    def ends(self, done: int) -> str:
        """Return the statement that returns the first rows: the step's number plus `done`."""
        counts = (self._place(done), self._place(done - 1))
        parts = (f"{rows}[:{k}]" for rows, k in zip(self.arrays, counts, strict=False))
        return f"return {', '.join(parts)}"

    def fills(self, done: int) -> str:
        """Return the statements that fill the arrays to the end with the last of the first rows."""
        last = self._place(done - 1)
        text = f"{self.rows}[{last}:] = {self.rows}[{last}]\n            "
        more = "".join(f"{rows}[{last}:] = average\n            " for rows in self.arrays[1:])
        return f"{text}{more}break"

    def _place(self, later: int) -> str:
        return f"{self.step}+{later}" if later else self.step

    def change(self, name: str, sentence: str, *changes: tuple[str, str]) -> None:
        """Add a misconception that changes the optimiser's text.

        Diagnosis does not combine this misconception with others, because a run that stops hides
        later mistakes.
        """
        change(self.item, name, sentence, self.method, *changes, alone=True)

    def at_small_gradients(self, body: str) -> tuple[str, str]:
        """Return the text change that runs `body` if the gradient is small."""
        small = f"        if np.linalg.norm({self.gradient}) < 1e-8:\n            {body}\n"
        return f"        {self.head}", f"{small}        {self.head}"

    def at_small_moves(self, body: str) -> tuple[str, str]:
        """Return the text change that runs `body` after a small move."""
        move = f"{self.rows}[{self.step} + 1] - {self.rows}[{self.step}]"
        return self.end, (
            f"        if np.linalg.norm({move}) < 1e-8:\n            {body}\n{self.end}"
        )


LOOPS = [
    Loop(
        "p1-momentum",
        momentum.momentum,
        "buffer = betas",
        "gradient(i, iterates[t].copy())",
        "gradient(i, iterates[t].copy())",
    ),
    Loop(
        "p1a-heavy-ball",
        momentum.heavy_ball,
        "iterates[t + 1] =",
        "gradient(i, x)",
        "gradient(i, x) ",
    ),
    Loop(
        "p1b-ima",
        momentum.ima,
        "z[t] = average =",
        "gradient(i, x[t].copy())",
        "gradient(i, x[t].copy())",
    ),
    Loop("p2c-gd", landscape.gd, "iterates[k + 1] =", "gradient(x)", "gradient(x)\n", step="k"),
    Loop("p2c-usam", landscape.usam, "uphill =", "gradient(x)", "gradient(uphill)", step="k"),
]

for loop in LOOPS:
    loop.change(
        "run_ends_at_a_small_gradient",
        "The run ends when a gradient is small, and rows are missing: the item asks for all steps, "
        "since a later step may move again.",
        loop.at_small_gradients(loop.ends(1)),
    )
    loop.change(
        "last_row_repeated_after_a_small_gradient",
        "At a small gradient the run stops and its last row is repeated. Take all steps: a later "
        "step may move again.",
        loop.at_small_gradients(loop.fills(1)),
    )
    loop.change(
        "zeros_after_a_small_gradient",
        "At a small gradient the run stops and the rows after it stay 0. Take all steps: a later "
        "step may move again.",
        *((f"{rows} = np.empty(", f"{rows} = np.zeros(") for rows in loop.arrays),
        loop.at_small_gradients("break"),
    )
    loop.change(
        "run_ends_after_a_small_move",
        "The run ends after a move that is small, and rows are missing: the item asks for all "
        "steps, since a later step may move again.",
        loop.at_small_moves(loop.ends(2)),
    )
    loop.change(
        "last_row_repeated_after_a_small_move",
        "After a move that is small, the run stops and its last row is repeated: the item asks for "
        "all steps, since a later step may move again.",
        loop.at_small_moves(loop.fills(2)),
    )
    loop.change(
        "gradient_cut_down",
        "Large gradients are cut down before they are used; use each gradient unchanged, whatever "
        "its size.",
        (loop.taken, f"np.clip({loop.taken.strip()}, -10, 10){loop.taken[-1:].strip(')')}"),
    )

BETA_AT_MOST_1 = "is cut off to lie between 0 and 1; use it unchanged, even above 1."
change(
    "p1-momentum",
    "betas_cut_off",
    f"β_t {BETA_AT_MOST_1}",
    momentum.momentum,
    ("betas[t] *", "np.clip(betas[t], 0, 1) *"),
)
change(
    "p1a-heavy-ball",
    "betas_cut_off",
    f"β̂_t {BETA_AT_MOST_1}",
    momentum.heavy_ball,
    ("betas[t] *", "np.clip(betas[t], 0, 1) *"),
)
change(
    "p1b-parameters",
    "ratios_cut_off",
    "The heavy ball's β̂_t is cut off at 1 before λ is computed. It may exceed 1 when the step "
    "size grows, and the methods still coincide.",
    momentum.ima_parameters,
    (RATIOS, f"np.clip({RATIOS}, 0, 1)"),
)
ETA_AT_MOST_1 = "The step size is cut off at 1; use it unchanged, however large it is."
change_gd(
    "step_size_cut_off", ETA_AT_MOST_1, (ETAS, f"{ETAS.replace('(eta,', '(np.clip(eta, 0, 1),')}")
)
change_usam(
    "step_size_cut_off", ETA_AT_MOST_1, (ETAS, f"{ETAS.replace('(eta,', '(np.clip(eta, 0, 1),')}")
)
change_gd_update("step_size_cut_off", ETA_AT_MOST_1, "eta = min(eta, 1)", GD_STEP)
change_usam_update(
    "step_size_cut_off", ETA_AT_MOST_1, ("    return", "    eta = min(eta, 1)\n    return")
)

# --- p2c-experiment -------------------------------------------------------------------------------

RUNS = "np.array([optimizer(gradient, x0, eta, rho, num_steps)[-1] for x0 in starts])"
PAIRS = "for eta in etas\n        for rho in rhos"
RESULTS = f"return {{\n        (eta, rho): {RUNS}\n        {PAIRS}\n    }}"


def change_experiment(name: str, sentence: str, *changes: tuple[str, str]) -> None:
    """Add a misconception that changes the text of the reference's experiment."""
    change("p2c-experiment", name, sentence, landscape.run_experiment, *changes)


change_experiment(
    "keys_swapped",
    "The keys are the pairs (rho, eta); the item asks for (eta, rho).",
    ("(eta, rho): np", "(rho, eta): np"),
)
change_experiment(
    "indices_for_keys",
    "The keys are indices of the settings; the item asks for the values themselves, (eta, rho).",
    ("(eta, rho): np", "(i, j): np"),
    (PAIRS, "for i, eta in enumerate(etas)\n        for j, rho in enumerate(rhos)"),
)
change_experiment(
    "dictionaries_in_a_dictionary",
    "There is a dictionary for each eta, with the rho as its keys; the item asks for a single "
    "one, with "
    "pairs (eta, rho).",
    (RESULTS, f"return {{eta: {{rho: {RUNS} for rho in rhos}} for eta in etas}}"),
)
change_experiment(
    "side_by_side",
    "The first eta is paired with the first rho, the second with the second; the item asks for "
    "every "
    "eta with every rho.",
    (PAIRS, "for eta, rho in zip(etas, rhos)"),
)
change_experiment(
    "arguments_swapped",
    "The optimiser gets eta and rho in the wrong order: it is called with (gradient, x0, eta, rho, "
    "num_steps).",
    ("eta, rho, num_steps)[-1]", "rho, eta, num_steps)[-1]"),
)
change_experiment(
    "own_optimizer",
    "The runs are always made with `usam`; call the `optimizer` that is passed in.",
    ("[optimizer(", "[usam("),
)
change_experiment(
    "mean_over_starts",
    "The ends are averaged over the starts; the item asks for the end of every run, one in each "
    "row.",
    (RUNS, f"{RUNS}.mean(axis=0)"),
)
change_experiment(
    "mean_over_steps",
    "Each run is averaged over its iterates; the item asks for its last iterate.",
    ("num_steps)[-1]", "num_steps).mean(axis=0)"),
)
change_experiment(
    "whole_runs",
    "All iterates of the runs are returned; the item asks for the last iterate of each run.",
    ("num_steps)[-1]", "num_steps)"),
)
change_experiment(
    "starts_for_ends",
    "Row 0 of each run is taken, which is its start; the item asks for the last row.",
    ("num_steps)[-1]", "num_steps)[0]"),
)
change_experiment(
    "one_step_less",
    "The runs end one step too early: the last iterate of a run is its row −1.",
    ("num_steps)[-1]", "num_steps)[-2]"),
)
change_experiment(
    "last_entries",
    "Only the last entry, v, of each end is kept; the item asks for the whole point.",
    ("num_steps)[-1]", "num_steps)[-1, -1]"),
)
change_experiment(
    "first_start_alone",
    "All rows are runs from the first start; row r belongs to `starts[r]`.",
    ("[optimizer(gradient, x0,", "[optimizer(gradient, starts[0],"),
)
change_experiment(
    "last_start_alone",
    "Only the run from the last start is left: each run replaces the result of the run before it.",
    (RUNS, f"{RUNS}[-1]"),
)
change_experiment(
    "gd_left_out",
    "The pairs with ρ = 0 are missing; they are GD, the other method of the comparison.",
    (PAIRS, f"{PAIRS}\n        if rho > 0"),
)
change_experiment(
    "rho_zero_replaced",
    "ρ = 0 is replaced by a small number (is it written `rho or …`?); 0 is a radius like others, "
    "and stands for GD.",
    ("eta, rho, num_steps)[-1]", "eta, rho or 0.05, num_steps)[-1]"),
)
change_experiment(
    "each_run_from_the_last_end",
    "Runs go on where the runs of the setting before ended; every setting must begin from "
    "`starts`.",
    (
        RESULTS,
        "results = {}\n    for eta in etas:\n        for rho in rhos:\n"
        f"            starts = {RUNS}\n            results[eta, rho] = starts\n"
        "    return results",
    ),
)

# --- p2c-trace-plot -------------------------------------------------------------------------------

TRACES = "[hessian_trace(x) for x in kept]"
MEDIAN = "np.median(traces)"
KEPT = "ends[np.linalg.norm(ends, axis=1) <= 1e6]"
TRACE_FIGURE = "    figure, axes = plt.subplots(figsize=(7, 4.2)"
TRACE_LABEL_X = '    axes.set_xlabel(r"radius $\\rho$ ($\\rho = 0$ is GD)")\n'
TRACE_LABEL_Y = '    axes.set_ylabel("trace of the Hessian, median")\n'
LEGEND = "    axes.legend()\n"


def change_traces(name: str, sentence: str, *changes: tuple[str, str]) -> None:
    """Add a misconception that changes the text of the picture of the traces."""
    change("p2c-trace-plot", name, sentence, figures.plot_traces, *changes)


change_traces(
    "mean_for_median",
    "The lines show the mean over the runs; the item asks for the median.",
    (MEDIAN, "np.mean(traces)"),
)
change_traces(
    "largest_for_median",
    "The lines show the largest trace of the runs; the item asks for the median.",
    (MEDIAN, "np.max(traces)"),
)
change_traces(
    "smallest_for_median",
    "The lines show the smallest trace of the runs; the item asks for the median.",
    (MEDIAN, "np.min(traces)"),
)
change_traces(
    "first_run_for_median",
    "The lines show the first run alone; the item asks for the median over all runs.",
    (MEDIAN, "traces[0]"),
)
change_traces(
    "last_run_for_median",
    "The lines show the last run alone: `results` holds last iterates already, with one row for "
    "each run.",
    (MEDIAN, "traces[-1]"),
)
change_traces(
    "trace_at_the_median",
    "The lines show the trace at the median of the points; the item asks for the median of the "
    "traces.",
    (TRACES, "[hessian_trace(np.median(kept, axis=0))]"),
)
change_traces(
    "trace_at_the_mean",
    "The lines show the trace at the mean of the points; the item asks for the median of the "
    "traces.",
    (TRACES, "[hessian_trace(np.mean(kept, axis=0))]"),
)
change_traces(
    "own_trace",
    "The trace is computed by the function's own formula; call the `hessian_trace` that is "
    "passed in.",
    (TRACES, "[(len(x) - 1) * x[-1] ** 2 + x[:-1] @ x[:-1] for x in kept]"),
)
change_traces(
    "norms_for_traces",
    "The lines show the norm of the last iterates; the item asks for the trace of the Hessian "
    "there.",
    (TRACES, "[np.linalg.norm(x) for x in kept]"),
)
change_traces(
    "squared_radii",
    "The horizontal axis shows ρ²; the item asks for ρ.",
    ("            rhos,\n", "            np.square(rhos),\n"),
)
change_traces(
    "positions_for_radii",
    "The horizontal axis counts the radii 0, 1, 2, …; the item asks for ρ itself.",
    ("            rhos,\n", "            range(len(rhos)),\n"),
)
change_traces(
    "eta_across",
    "The horizontal axis shows η, with a line for each ρ; the item asks for the trace against "
    "ρ, with "
    "a line for each η.",
    ("k, eta in enumerate(sorted({eta for eta, _", "k, rho in enumerate(sorted({rho for _, rho"),
    ("rhos = sorted(rho for other, rho", "etas = sorted(eta for eta, other"),
    ("if other == eta)", "if other == rho)"),
    ("for rho in rhos:", "for eta in etas:"),
    ("            rhos,\n", "            etas,\n"),
    (r'rf"$\eta$ = {eta:g}"', r'rf"$\rho$ = {rho:g}"'),
    (TRACE_LABEL_X, '    axes.set_xlabel("step size $\\\\eta$")\n'),
)
change_traces(
    "axes_swapped",
    "The axes are swapped: ρ belongs on the horizontal axis, the trace on the vertical one.",
    ("            rhos,\n            medians,\n", "            medians,\n            rhos,\n"),
    (
        TRACE_LABEL_X + TRACE_LABEL_Y,
        '    axes.set_xlabel("trace of the Hessian, median")\n'
        '    axes.set_ylabel("radius $\\\\rho$")\n',
    ),
)
change_traces(
    "gd_not_shown",
    "The lines begin at the first positive radius: the points of GD, at ρ = 0, are missing.",
    ("if other == eta)", "if other == eta and rho > 0)"),
)
change_traces(
    "one_line_for_all",
    "All step sizes are combined in a single line; the item asks for one line for each η.",
    (
        TRACE_FIGURE,
        "    results = {\n"
        "        (0.0, rho): np.concatenate([x for (_, r), x in results.items() if r == rho])\n"
        f"        for _, rho in results\n    }}\n{TRACE_FIGURE}",
    ),
)
change_traces(
    "first_step_size_alone",
    "Only the first step size is drawn: does a `return` inside the loop end it too early?",
    ("        )\n    axes.set_xlabel", "        )\n        break\n    axes.set_xlabel"),
)
change_traces(
    "last_step_size_alone",
    "Only the last step size is in the figure: make one figure before the loop, and draw all lines "
    "on it.",
    ("        medians = []\n", "        medians = []\n        axes.clear()\n"),
)
change_traces(
    "own_results",
    "The picture shows the notebook's own results; draw the `results` that are passed in.",
    (
        TRACE_FIGURE,
        "    rng, size = np.random.default_rng(0), np.shape(next(iter(results.values())))\n"
        "    pairs = [(eta, rho) for eta in (0.1, 0.05, 0.025) for rho in (0.0, 0.1, 0.2)]\n"
        f"    results = {{pair: rng.normal(size=size) for pair in pairs}}\n{TRACE_FIGURE}",
    ),
)
change_traces(
    "diverged_runs_kept",
    "Diverged runs are still in the median: leave out runs that are not finite, and runs further "
    "than 10⁶ from the origin.",
    (KEPT, "ends"),
)
change_traces(
    "far_runs_kept",
    "Runs that are finite but further than 10⁶ from the origin are still in the median; they have "
    "diverged, too.",
    (KEPT, "ends[np.isfinite(ends).all(axis=1)]"),
)
change_traces(
    "outside_the_axes",
    "The lines lie outside the limits of the axes: leave the limits to matplotlib, or take them "
    "from the data.",
    (LEGEND, f"{LEGEND}    axes.set_ylim(-1, 0)\n"),
)
change_traces(
    "invisible",
    "The lines are there but can't be seen: they have neither a line nor markers, or no opacity.",
    ("marker=markers[k % len(markers)],", 'linestyle="none",'),
)
change_traces(
    "no_legend",
    "A legend is missing: give each line a label with its η and call `axes.legend()`.",
    (LEGEND, ""),
)
change_traces("no_label_on_x", "The horizontal axis has no label.", (TRACE_LABEL_X, ""))
change_traces("no_label_on_y", "The vertical axis has no label.", (TRACE_LABEL_Y, ""))
change_traces(
    "no_axis_labels",
    "Neither axis has a label: say what is drawn against what.",
    (TRACE_LABEL_X + TRACE_LABEL_Y, ""),
)
change_traces(
    "bare",
    "Nothing says what the lines are: a legend and both axis labels are missing.",
    (TRACE_LABEL_X + TRACE_LABEL_Y, ""),
    (LEGEND, ""),
)
change_traces(
    "no_figure_returned",
    "The figure is drawn but not returned: end the function with `return figure`.",
    ("    return figure\n", ""),
)

# --- p2c-surface-plot -----------------------------------------------------------------------------

HEIGHTS = "[loss(np.array([u, v])) for u in grid] for v in grid"
FILLED = "axes.contourf(grid, grid, values, levels=levels, colors=shades)"
COLORBAR = '    figure.colorbar(surface, ax=axes, label="loss $L(u, v)$", format="%.2g")\n'
AT_ETA = "if e == eta}"
MARKED = "points[:, 0],\n            points[:, 1],"
RADIUS = "radius = 1.15 * max([1.0, *(float(np.abs(x).max()) for x in kept.values() if x.size)])"
PLANE_LABELS = '    axes.set_xlabel("$u$")\n    axes.set_ylabel("$v$")\n'
METHODS = '"GD" if rho == 0 else rf"USAM, $\\rho$ = {rho:g}"'
METHODS_LEGEND = '    axes.legend(frameon=True, facecolor="white", framealpha=0.9)\n'


def change_landscape(name: str, sentence: str, *changes: tuple[str, str]) -> None:
    """Add a misconception that changes the text of the picture of the surface."""
    change("p2c-surface-plot", name, sentence, figures.plot_landscape, *changes)


change_landscape(
    "points_alone",
    "The last iterates are there, but not the loss below them: draw it with `contourf`, or in 3D.",
    (f"    surface = {FILLED}\n{COLORBAR}", ""),
)
change_landscape(
    "surface_alone",
    "The loss is there, but no last iterates are marked on it.",
    ("enumerate(kept.items())", "enumerate(())"),
    (METHODS_LEGEND, ""),
)
change_landscape(
    "own_loss",
    "The surface is always the valley; draw the `loss` that is passed in.",
    ("loss(np.array([u, v]))", "0.5 * u**2 * v**2"),
)
change_landscape(
    "surface_transposed",
    "u and v are exchanged in the surface, but not in the points: rows of the array go with v, "
    "columns with u.",
    (HEIGHTS, "[loss(np.array([u, v])) for v in grid] for u in grid"),
)
change_landscape(
    "points_transposed",
    "u and v are exchanged in the points, but not in the surface: u is the first column of the "
    "last iterates.",
    (MARKED, "points[:, 1],\n            points[:, 0],"),
)
change_landscape(
    "labels_swapped",
    "The labels of the axes are swapped: the axis of v is labelled u, and the axis of u is "
    "labelled v.",
    (PLANE_LABELS, '    axes.set_xlabel("$v$")\n    axes.set_ylabel("$u$")\n'),
)
change_landscape(
    "image_upside_down",
    'The surface is upside down: `imshow` puts the first row on top; give it `origin="lower"`.',
    (FILLED, "axes.imshow(values, extent=(-radius, radius, -radius, radius))"),
)
change_landscape(
    "surface_upside_down",
    "The surface is upside down: the values for the lowest v are drawn at the top.",
    ("contourf(grid, grid, values,", "contourf(grid, grid, values[::-1],"),
)
change_landscape(
    "surface_mirrored",
    "The surface is mirrored: the values for the lowest u are drawn on the right.",
    ("contourf(grid, grid, values,", "contourf(grid, grid, values[:, ::-1],"),
)
change_landscape(
    "surface_turned",
    "The surface is turned by a quarter: its array has u in the rows, from the top downwards; "
    'transpose it, and give `imshow` `origin="lower"`.',
    (FILLED, "axes.imshow(values.T, extent=(-radius, radius, -radius, radius))"),
)
change_landscape(
    "cells_counted",
    "The surface is drawn over numbers of rows and columns, not over u and v: pass the grid, or "
    "give `imshow` an `extent=…`.",
    (FILLED, 'axes.imshow(values, origin="lower")'),
)
change_landscape(
    "surface_stretched",
    "The surface is drawn on a plane of the wrong size: the grid or the `extent` does not fit the "
    "values.",
    (HEIGHTS, "[loss(np.array([u / 2, v / 2])) for u in grid] for v in grid"),
)
change_landscape(
    "negative_loss",
    "The surface shows the negative of the loss: it is low where the loss is high.",
    (HEIGHTS, "[-loss(np.array([u, v])) for u in grid] for v in grid"),
)
change_landscape(
    "another_eta",
    "The last iterates are those of another eta in `results`, not of the `eta` that is passed in.",
    ("    ends = {rho:", "    eta = next(iter(results))[0]\n    ends = {rho:"),
)
change_landscape(
    "all_etas",
    "The last iterates of all step sizes are marked; the item asks for those of the given eta "
    "alone.",
    (
        f"{{rho: np.asarray(results[eta, rho]) for e, rho in sorted(results) {AT_ETA}",
        "{\n        rho: np.concatenate([x for (_, r), x in results.items() if r == rho])\n"
        "        for _, rho in sorted(results)\n    }",
    ),
)
change_landscape(
    "gd_points_alone",
    "Only GD's last iterates are marked; those of USAM, at the positive radii, are missing.",
    (AT_ETA, "if e == eta and rho == 0}"),
)
change_landscape(
    "usam_points_alone",
    "Only USAM's last iterates are marked; those of GD, at ρ = 0, are missing.",
    (AT_ETA, "if e == eta and rho > 0}"),
)
change_landscape(
    "smallest_radius_alone",
    "For USAM, only the smallest positive radius is drawn; the item asks for all radii in "
    "`results`.",
    (AT_ETA, "if e == eta and rho <= min(r for _, r in results if r > 0)}"),
)
change_landscape(
    "largest_radius_alone",
    "For USAM, only the largest radius is drawn; the item asks for all radii in `results`.",
    (AT_ETA, "if e == eta and rho in (0, max(r for _, r in results))}"),
)
change_landscape(
    "means_for_points",
    "The mean of the runs is marked instead of the last iterate of every run.",
    (MARKED, "points[:, 0].mean(),\n            points[:, 1].mean(),"),
)
change_landscape(
    "last_run_alone",
    "Only the last run is marked: `results` holds last iterates already, with one row for each "
    "run.",
    (MARKED, "points[-1, 0],\n            points[-1, 1],"),
)
change_landscape(
    "first_run_alone",
    "Only the first run is marked; mark the last iterates of all runs.",
    (MARKED, "points[0, 0],\n            points[0, 1],"),
)
change_landscape(
    "absolute_values",
    "The points are marked without their signs; u and v may be negative, so the plane has four "
    "quadrants.",
    (MARKED, "np.abs(points[:, 0]),\n            np.abs(points[:, 1]),"),
)
change_landscape(
    "own_results",
    "The points come from the notebook's own results; mark those of the `results` that are passed "
    "in.",
    (
        RADIUS,
        "rng = np.random.default_rng(24)\n"
        f"    kept = {{rho: rng.normal(size=(20, 2)) for rho in kept}}\n    {RADIUS}",
    ),
)
change_landscape(
    "points_under_the_surface",
    "The points are there but can't be seen: they lie under the surface (a higher `zorder` helps), "
    "or have no size or no opacity.",
    ("zorder=3 + k", "zorder=0"),
)
change_landscape(
    "outside_the_axes",
    "Last iterates lie outside the limits of the axes: leave the limits to matplotlib, or take "
    "them from the data.",
    (PLANE_LABELS, f"{PLANE_LABELS}    axes.set(xlim=(-0.1, 0.1), ylim=(-0.1, 0.1))\n"),
)
change_landscape(
    "surface_too_small",
    "The surface ends before the outermost last iterates: take the size of the plane from the "
    "points.",
    (RADIUS, "radius = 1.0"),
)
change_landscape(
    "names_swapped",
    "The legend calls GD's points USAM and USAM's GD: ρ = 0 is GD, each ρ > 0 is USAM.",
    (METHODS, '"USAM" if rho == 0 else "GD"'),
)
change_landscape(
    "no_legend",
    "No legend says which points are GD's and which are USAM's: give each a label and call "
    "`axes.legend()`.",
    (METHODS_LEGEND, ""),
)
change_landscape(
    "no_label_on_u",
    "The horizontal axis, that of u, has no label.",
    ('    axes.set_xlabel("$u$")\n', ""),
)
change_landscape(
    "no_label_on_v",
    "The vertical axis, that of v, has no label.",
    ('    axes.set_ylabel("$v$")\n', ""),
)
change_landscape(
    "no_axis_labels",
    "Neither axis of the plane has a label: say which axis is u and which axis is v.",
    (PLANE_LABELS, ""),
)
change_landscape(
    "bare",
    "Nothing says what the surface and the points are: a legend and both axis labels are missing.",
    (PLANE_LABELS, ""),
    (METHODS_LEGEND, ""),
)
change_landscape(
    "no_figure_returned",
    "The figure is drawn but not returned: end the function with `return figure`.",
    ("    return figure\n", ""),
)

# ==================================================================================================
# Problem 3: neural tangent kernel
# ==================================================================================================

# --- p3a-gradients --------------------------------------------------------------------------------

IN_V = "activation(np.asarray(W) @ x, n) / np.sqrt(len(v))"
IN_W = "v * activation_derivative(np.asarray(W) @ x, n) / np.sqrt(len(v))"


def change_v(name: str, sentence: str, formula: str) -> None:
    """Add a misconception with another formula for the derivative in v."""
    change("p3a-gradients", name, sentence, ntk.gradient_v, (IN_V, formula))


def change_w(name: str, sentence: str, formula: str) -> None:
    """Add a misconception with another factor of the input's row in the derivative in W."""
    change("p3a-gradients", name, sentence, ntk.gradient_W, (IN_W, formula))


def change_both(name: str, sentence: str, old: str, new: str) -> None:
    """Add a misconception with the same text change in both derivatives."""
    exchanged = [(old, new)]
    change_all(
        "p3a-gradients", name, sentence, {ntk.gradient_v: exchanged, ntk.gradient_W: exchanged}
    )


change_both(
    "divided_by_m",
    "Both derivatives are divided by m; like the network, they have the factor 1/√m.",
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
    "v_divided_by_the_root_of_d",
    "The derivative in v is divided by √d; the network has 1/√m, with m the number of hidden "
    "units.",
    "activation(np.asarray(W) @ x, n) / np.sqrt(len(x))",
)
change_w(
    "w_divided_by_the_root_of_d",
    "The derivative in W is divided by √d; the network has 1/√m, with m the number of hidden "
    "units.",
    "v * activation_derivative(np.asarray(W) @ x, n) / np.sqrt(len(x))",
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
    "The derivative in v still contains v itself: the network is linear in v, so v drops out.",
    f"v * {IN_V}",
)
change_v(
    "derivative_for_the_activation",
    "The derivative in v uses σ'; v is outside σ, so σ stays unchanged.",
    "activation_derivative(np.asarray(W) @ x, n) / np.sqrt(len(v))",
)
change_v(
    "relu_for_every_n",
    "The derivative in v always uses the ReLU: call `activation` with the n that is passed in.",
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
    "The derivative in W lacks v: the output weight v_r multiplies the output of unit r.",
    "activation_derivative(np.asarray(W) @ x, n) / np.sqrt(len(v))",
)
change_w(
    "v_squared",
    "The derivative in W holds v_r twice; in the network it multiplies σ once.",
    f"v * {IN_W}",
)
change_w(
    "without_the_factor_n",
    "The derivative of zⁿ is n zⁿ⁻¹: the factor n is missing in the derivative in W.",
    "v * (activation(np.asarray(W) @ x, n - 1) if n > 0 else 0.0) / np.sqrt(len(v))",
)
change_w(
    "activation_for_its_derivative",
    "The derivative in W uses σ; w_r is inside σ, so the chain rule gives σ'.",
    "v * activation(np.asarray(W) @ x, n) / np.sqrt(len(v))",
)
change_w(
    "relus_derivative_for_every_n",
    "The derivative in W uses the step function, which is σ' only for the ReLU: call "
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
    "The kernel is divided by the number of inputs N; it should be divided by the width m.",
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
    "In the second term v_r is not squared: v_r is a factor of the derivative at x_i and of the "
    "derivative at x_j.",
    ntk.empirical_ntk,
    ("B @ B.T", "B @ activation_derivative(Z, n).T"),
)
change(
    "p3b-kernel",
    "v_in_absolute_value",
    "The second term has |v_r| instead of v_r²: one factor v_r comes from x_i and one from x_j.",
    ntk.empirical_ntk,
    ("* v[piece]", "* np.sqrt(np.abs(v[piece]))"),
)
change(
    "p3b-kernel",
    "v_left_out",
    "v is missing in the second term. As v_r² has mean 1, v drops out of the limit, but not at "
    "finite width.",
    ntk.empirical_ntk,
    (" * v[piece]", ""),
)
change(
    "p3b-kernel",
    "v_also_on_the_values",
    "The first term has a factor v, too; the derivative in v does not hold v.",
    ntk.empirical_ntk,
    ("A @ A.T", "(A * v[piece]) @ (A * v[piece]).T"),
)
change(
    "p3b-kernel",
    "matrix_product_for_the_entrywise_one",
    "X Xᵀ is multiplied as a matrix (`@`); entry (i, j) needs the number x_iᵀx_j, so multiply "
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
    "σ' is always the step function; this is right only for the ReLU.",
    ntk.empirical_ntk,
    ("activation_derivative(Z, n)", "activation(Z, 0)"),
)
change(
    "p3b-kernel",
    "relu_for_every_n",
    "σ and σ' are always those of the ReLU: use the n that is passed in.",
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
    "This is the limit for infinite width; the item asks for the kernel of the network with the "
    "`v` and `W` that are passed in.",
    ntk.empirical_ntk,
    ("return H", "return limit_ntk(X, n)"),
)

# --- p3c-relu and p3c-squared ---------------------------------------------------------------------
# One function answers both items: each text change affects one n and leaves the other right.


def change_limit(item: str, name: str, sentence: str, bracket: str) -> None:
    """Add a misconception with another bracket of the limit (1/2π)[…] for the item's n.

    The bracket is written in S = sin θ, C = cos θ, `theta` and `omega` = π − θ.
    """
    n = {"p3c-relu": 1, "p3c-squared": 2}[item]
    wrong = f"    if n == {n}:\n        theta = np.pi - omega\n        H = {bracket}\n"
    end = "    return H / (2 * np.pi)\n"
    change(item, name, sentence, ntk.limit_ntk, (end, wrong + end))


def change_angle(item: str, name: str, sentence: str, angle: str) -> None:
    """Add a misconception with another angle in the right bracket."""
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
        "θ is computed from x_iᵀx_i and so is always 0, which is a slip of the printed sheet (see "
        "the erratum): θ should be the angle between x_i and x_j.",
        "0.0 * omega",
    )
    change_angle(
        item,
        "arccos_beyond_one",
        "NaN appears where rounding makes x_iᵀx_j larger than 1 or smaller than −1, so that arccos "
        "has no value: clip x_iᵀx_j first.",
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
    "E[σ'σ'] lacks its factor x_iᵀx_j, which part b) has before it; x_iᵀx_i there would be 1.",
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
    "The formula has θ instead of π − θ: the limit should be largest for equal inputs.",
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
    "This is the printed form with 5 and 4, which is a slip of the sheet (see the erratum). The "
    "factor 2 of σ'(z) = 2z enters squared, and 7 and 6 are right.",
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
    "E[σ'σ'] lacks its factor x_iᵀx_j, which part b) has before it; x_iᵀx_i there would be 1.",
    "3 * S * C + omega * (1 + 2 * C**2) + 4 * (S + omega * C)",
)
change_limit(
    "p3c-squared",
    "angle_for_its_supplement",
    "The formula has θ instead of π − θ: the limit should be largest for equal inputs.",
    "7 * S * C + theta * (1 + 6 * C**2)",
)
change_limit(
    "p3c-squared",
    "second_derivative_for_the_square",
    "The operator's square is computed as ∂²/∂θ² divided by sin² θ; it means the operator applied "
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

# --- Slips of the printed sheet, in several readings ----------------------------------------------
# The release lists these slips as errata; each sentence says that the slip is the sheet's.

A_SLIP = "The printed (σ'(Wx) ⊙ x)vᵀ is a slip of the sheet (see the erratum)"


def change_printed_product(name: str, sentence: str, product: str) -> None:
    """Add a misconception for one reading of the printed derivative in W; `s` is σ'(Wx)/√m.

    Most of these readings can be computed only if m = d, and two readings only if m = d = 1.
    """
    slopes, outer = ("scale = v *", "s ="), ("np.outer(scale, x)", product)
    change("p3a-gradients", name, f"{A_SLIP}: {sentence}", ntk.gradient_W, slopes, outer)


change_printed_product(
    "as_printed",
    "σ'(Wx) has m entries and x has d. The right form is (v ⊙ σ'(Wx))xᵀ, of shape (m, d).",
    "np.outer(s * x, v)",
)
change_printed_product(
    "as_printed_transposed",
    "it fits only if m = d, even when transposed. The right form is (v ⊙ σ'(Wx))xᵀ, of shape "
    "(m, d).",
    "np.outer(v, s * x)",
)
change_printed_product(
    "as_printed_summed_up",
    "here the product with v sums over the units. The right form is (v ⊙ σ'(Wx))xᵀ: row r needs "
    "v_r alone.",
    "np.outer(s, x).T @ v",
)
change_printed_product(
    "as_printed_summed_up_in_a_column",
    "here a column with sums over the units is left. The right form is (v ⊙ σ'(Wx))xᵀ: row r needs "
    "v_r alone.",
    "np.outer(s, x).T @ v.reshape(-1, 1)",
)
change_printed_product(
    "as_printed_from_the_left",
    "here the product with v sums over the inputs' entries. The right form is (v ⊙ σ'(Wx))xᵀ.",
    "np.outer(s, x) @ v",
)
change_printed_product(
    "as_printed_from_the_left_in_a_column",
    "here a column with sums over the input's entries is left. The right form is (v ⊙ σ'(Wx))xᵀ.",
    "np.outer(s, x) @ v.reshape(-1, 1)",
)
change_printed_product(
    "as_printed_with_v_along_the_row",
    "here v runs along the rows. The right form is (v ⊙ σ'(Wx))xᵀ: v_r belongs to all of row r.",
    "np.outer(s, x) * v",
)
change_printed_product(
    "as_printed_entry_by_entry",
    "v, σ'(Wx) and x are multiplied entry by entry. The right form is (v ⊙ σ'(Wx))xᵀ, a column "
    "times a row.",
    "s * x * v",
)
change_printed_product(
    "as_printed_in_one_number",
    "a product of two vectors by `@` is one number. The right form is (v ⊙ σ'(Wx))xᵀ, a column "
    "times a row.",
    "(s * x) @ v",
)
change_printed_product(
    "as_printed_by_a_row",
    "your factors do not fit into a product. The right form is (v ⊙ σ'(Wx))xᵀ, a column times a "
    "row.",
    "(s * x) @ v.reshape(1, -1)",
)
change_printed_product(
    "as_printed_by_a_row_from_the_left",
    "a matrix (m, d) times a row does not fit. The right form is (v ⊙ σ'(Wx))xᵀ, a column times a "
    "row.",
    "np.outer(s, x) @ v.reshape(1, -1)",
)


def change_printed_angle(
    item: str, name: str, sentence: str, angle: str, cosine: str, inner: str
) -> None:
    """Add the right limit with θ from x_iᵀx_i, some cosine of θ, and a factor before E[σ'σ']."""
    first, second, n = {
        "p3c-relu": ("S + omega * C", "omega", 1),
        "p3c-squared": ("3 * S * C + omega * (1 + 2 * C**2)", "4 * (S + omega * C)", 2),
    }[item]
    wrong = (
        f"    if n == {n}:\n        theta = {angle}\n        omega = np.pi - theta\n"
        f"        S, C = np.sin(theta), {cosine}\n"
        f"        H = {first} + {inner} * {second}\n"
    )
    end = "    return H / (2 * np.pi)\n"
    change(item, name, sentence, ntk.limit_ntk, (end, wrong + end))


SQUARES = "np.sum(X * X, axis=1)"
RIGHT_COSINE = {
    "p3c-relu": "This is x_iᵀx_j itself. The limit becomes x_iᵀx_j if θ is computed from x_iᵀx_i "
    "and so is 0, a slip of the printed sheet (see the erratum): θ = arccos(x_iᵀx_j).",
    "p3c-squared": "Your cos θ is x_iᵀx_j, but θ itself is computed from x_iᵀx_i and so is 0, "
    "which is a slip of the printed sheet (see the erratum): θ = arccos(x_iᵀx_j).",
}
for item in ("p3c-relu", "p3c-squared"):
    for name, angle, nan in (
        ("", f"np.arccos(np.clip({SQUARES}, -1, 1))", ""),
        ("_unclipped", f"np.arccos({SQUARES})", " Clip it, too, or rounding gives NaN."),
    ):
        change_printed_angle(
            item,
            f"angle_of_an_input_with_itself_beside_the_right_factor{name}",
            "θ is computed from x_iᵀx_i and so is always 0, which is a slip of the printed sheet "
            f"(see the erratum): like the factor of E[σ'σ'], θ is computed from x_iᵀx_j.{nan}",
            angle,
            "np.cos(theta)",
            "(X @ X.T)",
        )
        change_printed_angle(
            item,
            f"angle_of_an_input_with_itself_beside_the_right_cosine{name}",
            RIGHT_COSINE[item] + nan,
            angle,
            "X @ X.T",
            "C",
        )
        change_printed_angle(
            item,
            f"one_angle_for_each_input{name}",
            "There is one θ for each input, computed from x_iᵀx_i, which is a slip of the printed "
            f"sheet (see the erratum): each pair has its own θ = arccos(x_iᵀx_j).{nan}",
            angle,
            "np.cos(theta)",
            "C",
        )
    change_printed_angle(
        item,
        "angle_of_an_input_with_itself_unclipped",
        "θ is computed from x_iᵀx_i, a slip of the printed sheet (see the erratum): so it is 0, or "
        "NaN if rounding makes x_iᵀx_i larger than 1. It should be the angle between x_i and x_j.",
        f"np.arccos({SQUARES})[:, np.newaxis] + 0 * X @ X.T",
        "np.cos(theta)",
        "C",
    )
change_limit(
    "p3c-squared",
    "as_printed_in_the_sine",
    "The 5 before sin θ cos θ is a slip of the printed sheet (see the erratum): it is 7, since the "
    "factor 2 of σ'(z) = 2z enters squared.",
    "5 * S * C + omega * (1 + 6 * C**2)",
)
change_limit(
    "p3c-squared",
    "as_printed_in_the_cosine",
    "The 4 before cos² θ is a slip of the printed sheet (see the erratum): it is 6, since the "
    "factor 2 of σ'(z) = 2z enters squared.",
    "7 * S * C + omega * (1 + 4 * C**2)",
)

DEAD_END = "The relation is solved forwards from λ_0 = 0"
change(
    "p1b-parameters",
    "lambda_0_forced_to_zero_in_plain_numbers",
    f"{DEAD_END} (see the erratum): this makes λ_1 = −1, and a β_t that is 0 is divided by. "
    "Solve the relation backwards from a free λ_T.",
    momentum.ima_parameters,
    (
        BACKWARDS,
        FORWARDS.replace("lambdas[t] / ratios[t]", "float(lambdas[t]) / float(ratios[t])"),
    ),
)
change(
    "p1b-parameters",
    "lambda_0_forced_to_zero_around_zeros",
    f"{DEAD_END} (see the erratum): this makes λ_1 = −1, even if no β_t that is 0 is divided by. "
    "Solve the relation backwards from a free λ_T.",
    momentum.ima_parameters,
    (
        BACKWARDS,
        FORWARDS.replace(
            "lambdas[t] / ratios[t] - 1", "lambdas[t] / ratios[t] - 1 if ratios[t] > 0 else 0.0"
        ),
    ),
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
    "Neither axis is logarithmic, so a power of the width is not a straight line: use "
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
    "The guide falls like 1/m, with slope −1; the item asks for slope −1/2.",
    figures.plot_convergence,
    (GUIDE, "widths[0] / widths"),
)
change(
    "p3-plot",
    "guide_of_slope_one_half",
    "The guide rises: its slope is +1/2; the item asks for −1/2.",
    figures.plot_convergence,
    (GUIDE, "np.sqrt(widths / widths[0])"),
)
change(
    "p3-plot",
    "guide_fitted_to_the_errors",
    "The guide is fitted to the errors and takes over their slope; it should have slope −1/2 for "
    "any errors.",
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
    "The picture shows the notebook's own results; draw the `widths` and `errors` that are "
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
    "The squares of the errors are drawn; the item asks for the errors themselves.",
    figures.plot_convergence,
    ("np.asarray(errors, dtype=float)", "np.asarray(errors, dtype=float) ** 2"),
)
change(
    "p3-plot",
    "errors_relative_to_the_first",
    "The errors are divided by the first error; they are already relative errors, so draw them "
    "unchanged.",
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
    "The legend does not say which line is the guide: give the guide a label with its slope.",
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


# ==================================================================================================
# One mistake in several items
# ==================================================================================================
# A mistake that students repeat in a later item costs points only in the first item. Answers that
# mean that an item is not done (plain SGD, GD for USAM, the notebook's own results) do not count.

share = misconceptions.share

for name in ("start_dropped", "uphill"):
    share(
        f"{name} in Problem 1", *((i, name) for i in ("p1-momentum", "p1a-heavy-ball", "p1b-ima"))
    )
for name in (
    "run_ends_at_a_small_gradient", "last_row_repeated_after_a_small_gradient",
    "zeros_after_a_small_gradient", "run_ends_after_a_small_move",
    "last_row_repeated_after_a_small_move",
):  # fmt: skip
    share(
        "early stop",
        *((i, name) for i in ("p1-momentum", "p1a-heavy-ball", "p1b-ima", "p2c-gd", "p2c-usam")),
    )
share("early stop", ("p2c-gd", "early_stop"))
share(
    "gradient cut down",
    *(
        (i, "gradient_cut_down")
        for i in ("p1-momentum", "p1a-heavy-ball", "p1b-ima", "p2c-gd", "p2c-usam")
    ),
)
for name in ("betas_cut_off", "dampening"):
    share(f"{name} in Problem 1", ("p1-momentum", name), ("p1a-heavy-ball", name))
share(
    "step size cut off",
    *((i, "step_size_cut_off") for i in ("p2b-gd-update", "p2b-usam-update", "p2c-gd", "p2c-usam")),
)
for name in (
    "start_dropped", "last_iterate_dropped", "last_iterate_alone", "one_step_too_many",
    "first_step_size_for_all", "uphill",
):  # fmt: skip
    share(f"{name} in Problem 2", ("p2c-gd", name), ("p2c-usam", name))
share("uphill in Problem 2", ("p2b-gd-update", "uphill"))
for name in ("ratio_inverted", "ratio_of_the_next_step"):
    share(name, ("p1a-parameters", name), ("p1b-parameters", name))
share(
    "constant step size",
    ("p1a-parameters", "betas_unchanged"),
    ("p1b-parameters", "step_sizes_left_out"),
)
share(
    "the ½ of the loss left out",
    ("p2a-values", "missing_half"),
    ("p2a-values", "missing_half_throughout"),
    ("p2b-gd-update", "missing_half"),
    ("p2c-loss-gradient", "gradient_of_twice_the_loss"),
)
share(
    "the ½ of the loss left in",
    ("p2b-gd-update", "half_left_in"),
    ("p2c-loss-gradient", "half_left_in_the_gradient"),
)
for name in ("norm_not_squared", "v_not_squared"):
    share(
        f"{name} in the gradient",
        ("p2a-values", name),
        ("p2b-gd-update", name),
        ("p2c-loss-gradient", f"gradient_{name}"),
    )
share(
    "v comes first",
    ("p2a-values", "v_first"),
    ("p2a-values", "v_first_throughout"),
    ("p2c-loss-gradient", "gradient_v_first"),
    ("p2c-loss-gradient", "v_first_throughout"),
    ("p2a-values", "hessian_begins_with_v"),
    ("p2c-hessian-trace", "hessian_begins_with_v"),
    ("p2c-hessian-trace", "v_first_throughout"),
)
for name in (
    "off_diagonal_zero", "off_diagonal_halved", "outer_product_of_the_gradient",
    "hessian_of_twice_the_loss", "corner_like_the_others", "sum_of_all_entries",
    "largest_eigenvalue",
):  # fmt: skip
    share(name, ("p2a-values", name), ("p2c-hessian-trace", name))
for name, other in (
    ("trace_counts_u_once", "missing_d"),
    ("trace_counts_u_too_often", "d_of_the_whole_point"),
):
    share(name, ("p2a-values", name), ("p2c-hessian-trace", other))
share(
    "v with the new u",
    ("p2b-gd-update", "v_with_the_new_u"),
    ("p2b-usam-update", "usam_v_with_the_new_u"),
)
for name, other in (
    ("minus_rho", "minus_rho"),
    ("eta_times_rho", "eta_times_rho"),
    ("normalised", "sam"),
    ("perturbation_of_u_alone", "perturbation_of_u_alone"),
    ("step_from_the_lifted_point", "from_the_lifted_point"),
):
    share(f"{name} in USAM", ("p2b-usam-update", name), ("p2c-usam", other))
for name, other in (
    ("divided_by_m", "divided_by_m_squared"),
    ("not_divided", "not_divided"),
    ("without_v", "v_left_out"),
    ("times_v", "v_also_on_the_values"),
    ("without_the_factor_n", "without_the_factor_n"),
    ("relus_derivative_for_every_n", "step_for_every_derivative"),
    ("without_the_input", "without_the_inner_products_of_inputs"),
    ("relu_for_every_n", "relu_for_every_n"),
):
    share(f"{name} in the kernel", ("p3a-gradients", name), ("p3b-kernel", other))
for name in (
    "divided_by_pi", "not_divided", "angle_without_direction", "angle_for_its_supplement",
    "first_expectation_alone", "second_expectation_alone", "without_the_inner_product",
):  # fmt: skip
    share(f"{name} in the limit", ("p3c-relu", name), ("p3c-squared", name))
for name in (
    "angle_of_an_input_with_itself", "angle_of_an_input_with_itself_unclipped",
    "angle_of_an_input_with_itself_beside_the_right_factor",
    "angle_of_an_input_with_itself_beside_the_right_factor_unclipped",
    "angle_of_an_input_with_itself_beside_the_right_cosine",
    "angle_of_an_input_with_itself_beside_the_right_cosine_unclipped",
    "one_angle_for_each_input", "one_angle_for_each_input_unclipped",
):  # fmt: skip
    share("angle of an input with itself", ("p3c-relu", name), ("p3c-squared", name))

"""If an answer follows a slip of the printed sheet, the slip is recognised in every form."""

# mypy: disable-error-code="no-untyped-def"

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from solutions.hw2.ntk import activation_derivative
from tests.warm import WARM

from .marking import COURSE, HOMEWORK, Together

MARKED = Together(HOMEWORK.seed)

# --- 3a: (σ'(Wx) ⊙ x) vᵀ --------------------------------------------------------------------------


def by_loops(s, x, v):
    found = np.zeros((len(v), len(x)))
    for r in range(len(v)):
        for k in range(len(x)):
            found[r, k] = s[r] * x[r] * v[k]
    return found


PRODUCTS: dict[str, tuple[Callable[..., Any], str]] = {
    "column times row": (lambda s, x, v: (s * x)[:, None] @ v[None, :], "as_printed"),
    "outer product": (lambda s, x, v: np.outer(s * x, v), "as_printed"),
    "x cut to m": (lambda s, x, v: np.outer(s * x[: len(v)], v), "as_printed"),
    "slopes cut to d": (lambda s, x, v: np.outer(s[: len(x)] * x, v), "as_printed"),
    "slopes repeated": (lambda s, x, v: np.outer(np.resize(s, len(x)) * x, v), "as_printed"),
    "broadcast": (lambda s, x, v: (s * x).reshape(-1, 1) * v, "as_printed"),
    "einsum": (lambda s, x, v: np.einsum("i,i,j->ij", s, x, v), "as_printed"),
    "loops": (by_loops, "as_printed"),
    "columns": (
        lambda s, x, v: (s.reshape(-1, 1) * x.reshape(-1, 1)) @ v.reshape(1, -1),
        "as_printed",
    ),
    "transposed": (lambda s, x, v: v[:, None] * (s * x), "as_printed_transposed"),
    "from the left": (lambda s, x, v: (s[:, None] * x) @ v, "as_printed_from_the_left"),
    "matmul of a column": (
        lambda s, x, v: np.matmul(s[:, None] * x, v[:, None]),
        "as_printed_from_the_left_in_a_column",
    ),
    "summed up": (lambda s, x, v: (s[:, None] * x).T @ v, "as_printed_summed_up"),
    "summed up by a sum": (
        lambda s, x, v: sum(a * b * x for a, b in zip(s, v, strict=True)),
        "as_printed_summed_up",
    ),
    "summed up in a column": (
        lambda s, x, v: np.outer(x, s) @ v[:, None],
        "as_printed_summed_up_in_a_column",
    ),
    "along the row": (
        lambda s, x, v: s[:, None] * x[None, :] * v[None, :],
        "as_printed_with_v_along_the_row",
    ),
    "entry by entry": (lambda s, x, v: np.multiply(s, x) * v, "as_printed_entry_by_entry"),
    "one number": (lambda s, x, v: np.dot(s * x, v.T), "as_printed_in_one_number"),
    "by a row": (lambda s, x, v: (s * x) @ v[None, :], "as_printed_by_a_row"),
    "matrix by a row": (
        lambda s, x, v: np.outer(s, x) @ v[None, :],
        "as_printed_by_a_row_from_the_left",
    ),
}


def derivative(product: Callable[..., Any]) -> Callable[..., Any]:
    def gradient_W(v, W, x, n):
        return product(activation_derivative(W @ x, n) / np.sqrt(len(v)), x, v)

    return gradient_W


for name, (a_product, _) in PRODUCTS.items():
    wrong = {"gradient_W": derivative(a_product)}
    MARKED.add(("3a", name), "problem3_ntk", wrong, ["p3a-gradients"])


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", PRODUCTS)
def test_printed_derivative_is_recognised(name: str) -> None:
    assert_called(("3a", name), "p3a-gradients", PRODUCTS[name][1])


def assert_called(key: tuple[str, str], item: str, wanted: str) -> None:
    """Assert that the answer gets this name, in a sentence that mentions the erratum."""
    outcomes = MARKED.marking(key).outcomes[item]
    (found,) = WARM.diagnosticians.get(COURSE, HOMEWORK, HOMEWORK.seed).diagnose(item, outcomes)
    assert found.name == wanted
    assert "erratum" in found.sentence


# --- 3c: θ = arccos(x_iᵀ x_i), and 5 and 4 instead of 7 and 6 -------------------------------------


def bracket(theta, cosine, inner, n):
    sine, rest = np.sin(theta), np.pi - theta
    if n == 1:
        return (sine + rest * cosine + inner * rest) / (2 * np.pi)
    first = 3 * sine * cosine + rest * (1 + 2 * cosine**2)
    return (first + inner * 4 * (sine + rest * cosine)) / (2 * np.pi)


def pair_by_pair(clipped, right_factor):
    def limit_ntk(X, n):
        found = np.zeros((len(X), len(X)))
        for i, x in enumerate(X):
            for j, y in enumerate(X):
                own = x @ x
                theta = np.arccos(min(own, 1.0) if clipped else own)
                factor = x @ y if right_factor else np.cos(theta)
                found[i, j] = bracket(theta, np.cos(theta), factor, n)
        return found

    return limit_ntk


def all_at_once(clipped, cosines, factors):
    def limit_ntk(X, n):
        own = np.diag(X @ X.T)
        theta = np.arccos(np.clip(own, -1, 1) if clipped else own)
        known = {"right": X @ X.T, "own": np.cos(theta)}
        return bracket(theta, known[cosines], known[factors], n)

    return limit_ntk


def printed_numbers(seven, six):
    def limit_ntk(X, n):
        cosine = np.clip(X @ X.T, -1, 1)
        theta = np.arccos(cosine)
        if n == 1:
            return bracket(theta, cosine, cosine, n)
        inside = seven * np.sin(theta) * cosine + (np.pi - theta) * (1 + six * cosine**2)
        return inside / (2 * np.pi)

    return limit_ntk


OWN = "angle_of_an_input_with_itself"
LIMITS = {
    "pairs": (pair_by_pair(True, False), OWN),
    "pairs, unclipped": (pair_by_pair(False, False), f"{OWN}_unclipped"),
    "pairs, right factor": (pair_by_pair(True, True), f"{OWN}_beside_the_right_factor"),
    "pairs, right factor, unclipped": (
        pair_by_pair(False, True),
        f"{OWN}_beside_the_right_factor_unclipped",
    ),
    "right factor": (all_at_once(True, "own", "right"), f"{OWN}_beside_the_right_factor"),
    "right factor, unclipped": (
        all_at_once(False, "own", "right"),
        f"{OWN}_beside_the_right_factor_unclipped",
    ),
    "right cosine": (all_at_once(True, "right", "right"), f"{OWN}_beside_the_right_cosine"),
    "right cosine, unclipped": (
        all_at_once(False, "right", "right"),
        f"{OWN}_beside_the_right_cosine_unclipped",
    ),
    "one for each": (all_at_once(True, "own", "own"), "one_angle_for_each_input"),
    "one for each, unclipped": (
        all_at_once(False, "own", "own"),
        "one_angle_for_each_input_unclipped",
    ),
}
SQUARED = {
    "5 and 4": (printed_numbers(5, 4), "as_printed"),
    "5 and 6": (printed_numbers(5, 6), "as_printed_in_the_sine"),
    "7 and 4": (printed_numbers(7, 4), "as_printed_in_the_cosine"),
}
CASES = [(item, name) for item in ("p3c-relu", "p3c-squared") for name in LIMITS]
CASES += [("p3c-squared", name) for name in SQUARED]
for an_item, name in CASES:
    wrong = {"limit_ntk": (LIMITS | SQUARED)[name][0], "bracket": bracket}
    MARKED.add((an_item, name), "problem3_ntk", wrong, [an_item])


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(("item", "name"), CASES)
def test_printed_limit_is_recognised(item: str, name: str) -> None:
    assert_called((item, name), item, (LIMITS | SQUARED)[name][1])


# --- 1b: λ_0 = 0 ----------------------------------------------------------------------------------


def forwards(next_one):
    def ima_parameters(gammas, betas):
        lambdas = np.zeros(len(gammas) + 1)
        for t in range(len(gammas)):
            before = gammas[t - 1] if t > 0 else 1.0
            lambdas[t + 1] = next_one(lambdas[t], gammas[t], before, betas[t])
        return (1 + lambdas[1:]) * gammas, lambdas

    return ima_parameters


def in_lists(gammas, betas):
    gammas, betas, lambdas = gammas.tolist(), betas.tolist(), [0.0]
    for t in range(len(gammas)):
        before = gammas[t - 1] if t > 0 else 1.0
        lambdas.append((before * lambdas[t] / gammas[t] - betas[t]) / betas[t])
    return [(1 + lam) * gamma for lam, gamma in zip(lambdas[1:], gammas, strict=True)], lambdas


FORCED = "lambda_0_forced_to_zero"
FORWARDS = {
    "as it stands": (forwards(lambda lam, g, before, b: (before * lam / g - b) / b), FORCED),
    "divided first": (forwards(lambda lam, g, before, b: before * lam / (g * b) - 1), FORCED),
    "in lists": (in_lists, f"{FORCED}_in_plain_numbers"),
    "around zeros": (
        forwards(lambda lam, g, before, b: before * lam / (g * b) - 1 if b != 0 else 0.0),
        f"{FORCED}_around_zeros",
    ),
}
for name, (an_answer, _) in FORWARDS.items():
    wrong = {"ima_parameters": an_answer}
    MARKED.add(("1b", name), "problem1_momentum", wrong, ["p1b-parameters"])


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", FORWARDS)
def test_forced_weight_is_recognised(name: str) -> None:
    assert_called(("1b", name), "p1b-parameters", FORWARDS[name][1])

"""A submission that follows the printed sheet's slips gets feedback that names the sheet."""

from __future__ import annotations

import pytest

from autograder.course.samples import SampleStudent

from .conftest import MarkStudent

PRINTED_DERIVATIVES = """
def gradient_v(v, W, x, n):
    return activation(W @ x, n) / np.sqrt(len(v))

def gradient_W(v, W, x, n):
    column = (activation_derivative(W @ x, n) * x).reshape(-1, 1)
    return column @ v.reshape(1, -1) / np.sqrt(len(v))
"""

PRINTED_ANGLE = """
def limit_ntk(X, n):
    theta = np.arccos(np.sum(X * X, axis=1))
    S, C, omega = np.sin(theta), np.cos(theta), np.pi - theta
    if n == 1:
        return (S + omega * C + (X @ X.T) * omega) / (2 * np.pi)
    C = np.clip(X @ X.T, -1, 1)
    S, omega = np.sin(np.arccos(C)), np.pi - np.arccos(C)
    return (5 * S * C + omega * (1 + 4 * C**2)) / (2 * np.pi)
"""

FORCED_WEIGHT = """
def ima_parameters(gammas, betas):
    lambdas = np.zeros(len(gammas) + 1)
    for t in range(len(gammas)):
        before = gammas[t - 1] if t > 0 else 1.0
        lambdas[t + 1] = (before * lambdas[t] / gammas[t] - betas[t]) / betas[t]
    return (1 + lambdas[1:]) * gammas, lambdas
"""


@pytest.mark.slow
def test_slips_of_the_printed_sheet_are_named(mark: MarkStudent) -> None:
    student = SampleStudent(
        "by-the-sheet",
        "the printed derivative, angle and numbers, and λ_0 = 0",
        {
            "p1b-parameters-answer": FORCED_WEIGHT,
            "p3a-gradients-answer": PRINTED_DERIVATIVES,
            "p3c-limit-answer": PRINTED_ANGLE,
        },
        done=frozenset(),
    )
    report = mark(student)
    named = {name: found.misconception for name, found in report.items.items()}
    assert {name: found for name, found in named.items() if found} == {
        "p1b-parameters": "lambda_0_forced_to_zero",
        "p3a-gradients": "as_printed",
        "p3c-relu": "angle_of_an_input_with_itself_beside_the_right_factor_unclipped",
        "p3c-squared": "as_printed",
    }
    told = [found.diagnosis for found in report.items.values() if found.diagnosis]
    assert all("erratum" in sentence for sentence in told)

"""Problem 1 in symbols: the three methods and their relations.

The gradients g_t are free symbols. Free symbols are enough: if the iterates of two methods agree up
to x^t, both see the same g_t = ∇f_{i_t}(x^t). Agreement for free symbols therefore proves the
induction step. The calculation uses one coordinate, because all coordinates behave alike.
"""

from __future__ import annotations

import pytest
import sympy as sp  # type: ignore[import-untyped]

T = 4
x0, last = sp.symbols("x0 lambda_T")
g = sp.symbols(f"g:{T}")
gamma = sp.symbols(f"gamma:{T}", positive=True)
beta = sp.symbols(f"beta:{T}", nonnegative=True)
before = (sp.Integer(1), *gamma)  # before[t] = γ_{t−1}, with γ_{−1} = 1


def momentum(steps: int = T) -> list[sp.Expr]:
    """Equations (1, 2)."""
    x, m = [x0], sp.Integer(0)
    for t in range(steps):
        m = beta[t] * m + g[t]
        x.append(x[t] - gamma[t] * m)
    return x


def heavy_ball(gammas: list[sp.Expr], betas: list[sp.Expr]) -> list[sp.Expr]:
    """Equation (3)."""
    x = [x0, x0]  # x^{−1} = x^0
    for t in range(len(gammas)):
        x.append(x[-1] - gammas[t] * g[t] + betas[t] * (x[-1] - x[-2]))
    return x[1:]


def ima(etas: list[sp.Expr], lambdas: list[sp.Expr]) -> tuple[list[sp.Expr], list[sp.Expr]]:
    """Equations (4, 5)."""
    x, z = [x0], [x0]  # z[0] is z^{−1}
    for t in range(len(etas)):
        z.append(z[t] - etas[t] * g[t])
        weight = 1 / (lambdas[t + 1] + 1)
        x.append(lambdas[t + 1] * weight * x[t] + weight * z[t + 1])
    return x, z[1:]


def hats() -> list[sp.Expr]:
    return [gamma[t] * beta[t] / before[t] for t in range(T)]


def backwards(final: sp.Expr) -> list[sp.Expr]:
    lambdas = [final]
    for ratio in reversed(hats()):
        lambdas.insert(0, ratio * (1 + lambdas[0]))
    return lambdas


def same(left: list[sp.Expr], right: list[sp.Expr]) -> bool:
    return len(left) == len(right) and all(
        sp.simplify(a - b) == 0 for a, b in zip(left, right, strict=True)
    )


def test_heavy_ball_is_momentum() -> None:
    assert same(heavy_ball(list(gamma), hats()), momentum())


def test_relation_to_the_heavy_ball_is_the_only_one() -> None:
    hat_gamma, hat_beta = sp.symbols("a:3"), sp.symbols("b:3")
    differences = [
        sp.expand(p - q)
        for p, q in zip(heavy_ball(list(hat_gamma), list(hat_beta)), momentum(steps=3), strict=True)
    ]
    coefficients = [d.coeff(symbol) for d in differences for symbol in g[:3]]
    (solution,) = sp.solve(coefficients, [*hat_gamma, *hat_beta[1:]], dict=True)
    for t in range(3):
        assert sp.simplify(solution[hat_gamma[t]] - gamma[t]) == 0
    for t in (1, 2):
        assert sp.simplify(solution[hat_beta[t]] - hats()[t]) == 0
    assert all(hat_beta[0] not in d.free_symbols for d in differences)  # free: it multiplies 0


@pytest.mark.slow
def test_moving_average_is_momentum_for_every_last_lambda() -> None:
    lambdas = backwards(last)
    etas = [(1 + lambdas[t + 1]) * gamma[t] for t in range(T)]
    x, z = ima(etas, lambdas)
    assert same(x, momentum())
    assert same(z, [x[t + 1] + lambdas[t + 1] * (x[t + 1] - x[t]) for t in range(T)])


def test_lambda_0_touches_no_iterate() -> None:
    free = sp.Symbol("lambda_0")
    lambdas = [free, *backwards(last)[1:]]
    x, z = ima([(1 + lambdas[t + 1]) * gamma[t] for t in range(T)], lambdas)
    assert all(free not in expression.free_symbols for expression in x + z)


def test_backward_relation_is_the_printed_one() -> None:
    lambdas = backwards(last)
    for t in range(T):
        printed = before[t] * lambdas[t] / gamma[t] - beta[t]
        assert sp.simplify(beta[t] * lambdas[t + 1] - printed) == 0


def test_beta_of_zero_forces_lambda_to_zero_and_frees_the_next() -> None:
    now, following = sp.symbols("lambda_t lambda_next")
    relation = sp.Integer(0) * following - (before[1] * now / gamma[1] - 0)
    assert sp.solve(relation, now) == [0]
    assert following not in relation.free_symbols

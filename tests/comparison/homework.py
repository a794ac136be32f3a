"""The homework that all three tools mark: four items of Problem 3, each worth one point.

This kit marks the items as part of Homework 2. For the two other tools, the same answers, skeletons
and visible checks are written in each tool's own form. The hidden tests of the other tools check
the same properties: random networks, inputs that are equal or opposite, and all entries to a
relative error of 1e-6.
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from autograder.course.assignment import Assignment, Course, read_notebook
from autograder.course.directives import without_directives
from solutions.hw2 import ntk

CHECKOUT = Path(__file__).parents[2]
COURSE = Course(CHECKOUT)
PROBLEM = "problem3_ntk"

KIT_NAMES: Mapping[str, str] = {
    "gradients": "p3a-gradients",
    "kernel": "p3b-kernel",
    "relu": "p3c-relu",
    "squared": "p3c-squared",
}
ITEMS = tuple(KIT_NAMES)
FULL: Mapping[str, float] = dict.fromkeys(ITEMS, 1.0)

ANSWERS: Mapping[str, tuple[str, ...]] = {
    "gradients": ("gradients",),
    "kernel": ("kernel",),
    "limit": ("relu", "squared"),
}
"""Each answer's items."""

KIT_ANSWERS: Mapping[str, str] = {
    "gradients": "p3a-gradients-answer",
    "kernel": "p3b-kernel-answer",
    "limit": "p3c-limit-answer",
}

WRONG: Mapping[str, str] = {
    "gradients": """
def gradient_v(v, W, x, n):
    return activation(W @ x, n)


def gradient_W(v, W, x, n):
    return np.outer(activation_derivative(W @ x, n), x)
""",
    "kernel": """
def empirical_ntk(v, W, X, n):
    A = activation(X @ W.T, n)
    return A @ A.T / len(v)
""",
    "limit": """
def limit_ntk(X, n):
    cos = np.clip(X @ X.T, -1, 1)
    return (np.pi - np.arccos(cos)) * cos / (2 * np.pi)
""",
}
"""Honest but wrong answers: a wrong factor, a wrong summand, a missing term."""

VISIBLE: Mapping[str, str] = {
    "gradients": """
import numpy as np
v, W, x = np.ones(2), np.eye(2), np.array([0.6, 0.8])
assert np.shape(gradient_v(v, W, x, 1)) == (2,)
assert np.shape(gradient_W(v, W, x, 1)) == (2, 2)
""",
    "kernel": """
import numpy as np
kernel = empirical_ntk(np.array([1.0, 2.0]), np.eye(2), np.eye(2), 1)
assert np.shape(kernel) == (2, 2)
""",
    "relu": """
import numpy as np
assert np.isclose(limit_ntk(np.eye(2), 1)[0][0], 1.0)
""",
    "squared": """
import numpy as np
assert np.isclose(limit_ntk(np.eye(2), 2)[0][0], 3.5)
""",
}

_NETWORKS = """
def hidden_networks(seed, count):
    rng = np.random.default_rng(seed)
    for m, d in ((5, 3), (11, 7), (1, 2)):
        v = rng.choice([-1, 1], size=m) * rng.uniform(0.4, 2.5, size=m)
        X = rng.normal(size=(count, d))
        X[-1] = -X[0]
        X /= np.linalg.norm(X, axis=1, keepdims=True)
        yield v, rng.normal(size=(m, d)), X
"""

_DERIVATIVES = """
def hidden_derivatives(v, W, X, n):
    Z = X @ W.T
    units = np.where(Z >= 0, Z**n, 0.0)
    return units, n * np.where(Z >= 0, Z ** (n - 1), 0.0) * v
"""

_ANGLES = """
def hidden_directions(seed):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(6, 3))
    X[2], X[3] = X[0], -X[1]
    return X / np.linalg.norm(X, axis=1, keepdims=True)
"""

HIDDEN: Mapping[str, str] = {
    "gradients": f"""
import numpy as np
{_NETWORKS}{_DERIVATIVES}
for v, W, X in hidden_networks(52711, 2):
    for n in (1, 2, 3):
        hidden_units, hidden_slopes = hidden_derivatives(v, W, X, n)
        for x, unit, slope in zip(X, hidden_units, hidden_slopes):
            expected_v = unit / np.sqrt(len(v))
            expected_w = np.outer(slope, x) / np.sqrt(len(v))
            np.testing.assert_allclose(gradient_v(v, W, x, n), expected_v, rtol=1e-6)
            np.testing.assert_allclose(gradient_W(v, W, x, n), expected_w, rtol=1e-6)
""",
    "kernel": f"""
import numpy as np
{_NETWORKS}{_DERIVATIVES}
for v, W, X in hidden_networks(61843, 4):
    for n in (1, 2, 3):
        hidden_units, hidden_slopes = hidden_derivatives(v, W, X, n)
        hidden_products = (X @ X.T) * (hidden_slopes @ hidden_slopes.T)
        expected_kernel = (hidden_units @ hidden_units.T + hidden_products) / len(v)
        np.testing.assert_allclose(empirical_ntk(v, W, X, n), expected_kernel, rtol=1e-6)
""",
    "relu": f"""
import numpy as np
{_ANGLES}
X = hidden_directions(70529)
hidden_cosine = np.clip(X @ X.T, -1, 1)
hidden_angle = np.arccos(hidden_cosine)
expected_limit = np.sin(hidden_angle) + 2 * (np.pi - hidden_angle) * hidden_cosine
np.testing.assert_allclose(limit_ntk(X, 1), expected_limit / (2 * np.pi), rtol=1e-6, atol=1e-7)
""",
    "squared": f"""
import numpy as np
{_ANGLES}
X = hidden_directions(88301)
hidden_cosine = np.clip(X @ X.T, -1, 1)
hidden_angle = np.arccos(hidden_cosine)
hidden_turn = (np.pi - hidden_angle) * (1 + 6 * hidden_cosine**2)
expected_limit = 7 * np.sin(hidden_angle) * hidden_cosine + hidden_turn
np.testing.assert_allclose(limit_ntk(X, 2), expected_limit / (2 * np.pi), rtol=1e-6, atol=1e-7)
""",
}
"""Hidden tests of the two other tools; the tests' names and inputs occur nowhere else."""

FUNCTIONS: Mapping[str, tuple[str, ...]] = {
    "gradients": ("gradient_v", "gradient_W"),
    "kernel": ("empirical_ntk",),
    "relu": ("limit_ntk",),
    "squared": ("limit_ntk",),
}
"""The functions that an item's tests call."""


def assignment() -> Assignment:
    """This kit's Homework 2."""
    return COURSE.assignment("hw2")


@cache
def given() -> str:
    """Return the code that students are given: imports, the activation, the network."""
    return "import numpy as np\n\n\n" + _cell("source", "p3-network").partition("\n")[2]


@cache
def reference(answer: str, *, marked: bool = False) -> str:
    """Return the reference's answer; `marked` keeps nbgrader's lines around the solutions."""
    text = without_directives(_cell("source", KIT_ANSWERS[answer]))
    return text if marked else re.sub(r"(?m)^ *### (BEGIN|END) SOLUTION\n?", "", text)


@cache
def skeleton(answer: str) -> str:
    """Return the code from which students start."""
    return _cell("release", KIT_ANSWERS[answer])


def _cell(tree: str, name: str) -> str:
    notebook = read_notebook(CHECKOUT / tree / "hw2" / f"{PROBLEM}.ipynb")
    for cell in notebook.cells:
        if cell.metadata.get("nbgrader", {}).get("grade_id") == name:
            return str(cell.source)
    raise LookupError(f"{tree} has no cell {name}")


def in_function(name: str, arguments: tuple[str, ...], code: str) -> str:
    """Return the code as a function's body."""
    return f"def {name}({', '.join(arguments)}):\n" + textwrap.indent(code.strip(), "    ") + "\n"


def hidden_inputs() -> list[np.ndarray]:
    """Return all arrays that the hidden tests of the two other tools pass to answers."""
    found: list[np.ndarray] = []

    def noting(function: Callable[..., Any]) -> Callable[..., Any]:
        def noted(*arguments: Any) -> Any:
            found.extend(np.array(value) for value in arguments if isinstance(value, np.ndarray))
            return function(*arguments)

        return noted

    for item, code in HIDDEN.items():
        exec(code, {name: noting(getattr(ntk, name)) for name in FUNCTIONS[item]})
    return found

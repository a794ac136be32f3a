"""Wrong answers to Problem 3, as people write them."""

# ruff: noqa: ARG001  a wrong answer may well ignore an argument

import matplotlib.pyplot as plt
import numpy as np

from solutions.hw2.ntk import gradient_W

from .answers import wrong, wrong_cell

# --- The derivatives ------------------------------------------------------------------------------


@wrong("p3a-gradients", target="gradient_W", loses=0.5)
def v_without_its_sign(v, W, x, n):
    return gradient_W(np.abs(v), W, x, n)


@wrong("p3a-gradients", target="gradient_W", loses=0.5)
def every_unit_active(v, W, x, n):
    slope = n * (W @ x) ** (n - 1) if n else np.zeros(len(v))
    return np.outer(v * slope, x) / np.sqrt(len(v))


# --- The limit ------------------------------------------------------------------------------------


def angles(X):
    cos = np.clip(X @ X.T, -1, 1)
    return np.arccos(cos), cos


def relu_limit(X):
    theta, cos = angles(X)
    return (np.sin(theta) + 2 * (np.pi - theta) * cos) / (2 * np.pi)


def squared_limit(X, seven=7, one=1, six=6):
    theta, cos = angles(X)
    bracket = seven * np.sin(theta) * cos + (np.pi - theta) * (one + six * cos**2)
    return bracket / (2 * np.pi)


@wrong("p3c-squared")
def six_for_seven(X, n):
    return relu_limit(X) if n == 1 else squared_limit(X, 6, 1, 6)


@wrong("p3c-squared")
def squares_only_for_relu(X, n):
    if n == 1:
        return relu_limit(X)
    raise ValueError("only n = 1")


@wrong("p3c-relu", loses=0.25)
def literal_equation_six(X, n):
    theta, cos = angles(X)
    if n == 2:
        return squared_limit(X)
    with np.errstate(all="ignore"):
        inner = -(1 / np.sin(theta)) * (
            -1 / np.sin(theta) - (np.pi - theta) * np.cos(theta) / np.sin(theta) ** 2
        )
        first = np.sin(theta) ** 3 * inner
        second = cos * np.sin(theta) * (np.pi - theta) / np.sin(theta)
    return (first + second) / (2 * np.pi)


# --- The picture ----------------------------------------------------------------------------------


def drawing(widths, errors, slope_of_guide=-0.5):
    figure, axes = plt.subplots()
    axes.loglog(widths, errors, "o-", label="error")
    guide = errors[0] * (np.asarray(widths) / widths[0]) ** slope_of_guide
    axes.loglog(widths, guide, "--", label="slope -1/2")
    axes.set_xlabel("width")
    axes.set_ylabel("error")
    axes.legend()
    return figure, axes


@wrong("p3-plot")
def nothing_drawn(widths, errors):
    figure, axes = plt.subplots()
    axes.set(xlabel="width", ylabel="error", xscale="log", yscale="log")
    return figure


@wrong("p3-plot")
def white_errors(widths, errors):
    figure, axes = drawing(widths, errors)
    axes.lines[0].set_color("white")
    axes.lines[0].set_markeredgecolor("white")
    axes.lines[0].set_markerfacecolor("white")
    return figure


@wrong("p3-plot", loses=0.25)
def errors_called_the_guide(widths, errors):
    figure, axes = drawing(widths, errors)
    axes.legend(axes.lines[::-1], ["error", "slope -1/2"])
    return figure


# --- Junk -----------------------------------------------------------------------------------------


@wrong_cell("p3a-gradients")
def zeros_as_gradients():
    def gradient_v(v, W, x, n):
        return np.zeros(len(v))

    def gradient_W(v, W, x, n):
        return np.zeros_like(W)

    return {"gradient_v": gradient_v, "gradient_W": gradient_W}


@wrong_cell("p3a-gradients")
def arguments_as_gradients():
    def gradient_v(v, W, x, n):
        return v

    def gradient_W(v, W, x, n):
        return W

    return {"gradient_v": gradient_v, "gradient_W": gradient_W}


@wrong("p3b-kernel")
def zeros_as_kernel(v, W, X, n):
    return np.zeros((len(X), len(X)))


@wrong("p3b-kernel")
def gram_matrix_as_kernel(v, W, X, n):
    return X @ X.T


@wrong("p3c-relu")
def gram_matrix_for_relu(X, n):
    return squared_limit(X) if n == 2 else X @ X.T


@wrong("p3c-squared")
def random_numbers_for_squares(X, n):
    junk = np.random.default_rng(1).normal(size=(len(X), len(X)))
    return relu_limit(X) if n == 1 else junk

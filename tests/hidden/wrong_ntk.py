"""Wrong answers to Problem 3, as people write them."""

# ruff: noqa: ARG001  a wrong answer may well ignore an argument

import matplotlib.pyplot as plt
import numpy as np

from .answers import wrong, wrong_cell

# --- Derivatives ----------------------------------------------------------------------------------
# Each keeps the half of the points that stands for the other derivative.


def step(z):
    return (z >= 0).astype(float)


def power(z, n):
    return step(z) * z**n


def slope(z, n):
    return n * power(z, n - 1) if n > 0 else 0 * z


@wrong("p3a-gradients", target="gradient_v", loses=0.5)
def divided_by_m(v, W, x, n):
    return power(W @ x, n) / len(v)


@wrong("p3a-gradients", target="gradient_v", loses=0.5)
def not_divided(v, W, x, n):
    return power(W @ x, n)


@wrong("p3a-gradients", target="gradient_v", loses=0.5)
def times_v(v, W, x, n):
    return v * power(W @ x, n) / np.sqrt(len(v))


@wrong("p3a-gradients", target="gradient_v", loses=0.5)
def relu_for_every_n(v, W, x, n):
    return np.maximum(W @ x, 0) / np.sqrt(len(v))


@wrong("p3a-gradients", target="gradient_W", loses=0.5)
def relus_derivative_for_every_n(v, W, x, n):
    return np.outer(v * step(W @ x), x) / np.sqrt(len(v))


@wrong("p3a-gradients", target="gradient_W", loses=0.5)
def w_divided_by_m(v, W, x, n):
    return np.outer(v * slope(W @ x, n), x) / len(v)


@wrong("p3a-gradients", target="gradient_W", loses=0.5)
def without_v(v, W, x, n):
    return np.outer(slope(W @ x, n), x) / np.sqrt(len(v))


@wrong("p3a-gradients", target="gradient_W", loses=0.5)
def without_the_factor_n(v, W, x, n):
    return np.outer(v * (power(W @ x, n - 1) if n else 0 * v), x) / np.sqrt(len(v))


@wrong("p3a-gradients", target="gradient_W", loses=0.5)
def activation_for_its_derivative(v, W, x, n):
    return np.outer(v * power(W @ x, n), x) / np.sqrt(len(v))


@wrong("p3a-gradients", target="gradient_W", loses=0.5)
def transposed(v, W, x, n):
    return np.outer(x, v * slope(W @ x, n)) / np.sqrt(len(v))


@wrong("p3a-gradients", target="gradient_W", loses=0.5)
def as_printed(v, W, x, n):
    return (slope(W @ x, n)[:, None] * x) @ np.tile(v, (len(x), 1)) / np.sqrt(len(v))


@wrong("p3a-gradients", target="gradient_W", loses=0.5)
def one_row_for_all(v, W, x, n):
    return (v * slope(W @ x, n)).sum() * np.tile(x, (len(v), 1)) / np.sqrt(len(v))


# --- The kernel at finite width -------------------------------------------------------------------


def parts(v, W, X, n):
    Z = X @ W.T
    return power(Z, n), slope(Z, n) * v


@wrong("p3b-kernel")
def divided_by_the_root_of_m(v, W, X, n):
    A, B = parts(v, W, X, n)
    return (A @ A.T + (X @ X.T) * (B @ B.T)) / np.sqrt(len(v))


@wrong("p3b-kernel")
def kernel_not_divided(v, W, X, n):
    A, B = parts(v, W, X, n)
    return A @ A.T + (X @ X.T) * (B @ B.T)


@wrong("p3b-kernel")
def values_alone(v, W, X, n):
    A, _ = parts(v, W, X, n)
    return A @ A.T / len(v)


@wrong("p3b-kernel")
def derivatives_alone(v, W, X, n):
    _, B = parts(v, W, X, n)
    return (X @ X.T) * (B @ B.T) / len(v)


@wrong("p3b-kernel")
def v_not_squared(v, W, X, n):
    Z = X @ W.T
    A, D = power(Z, n), slope(Z, n)
    return (A @ A.T + (X @ X.T) * ((D * v) @ D.T)) / len(v)


@wrong("p3b-kernel")
def v_left_out(v, W, X, n):
    Z = X @ W.T
    A, D = power(Z, n), slope(Z, n)
    return (A @ A.T + (X @ X.T) * (D @ D.T)) / len(v)


@wrong("p3b-kernel")
def matrix_product_for_the_entrywise_one(v, W, X, n):
    A, B = parts(v, W, X, n)
    return (A @ A.T + (X @ X.T) @ (B @ B.T)) / len(v)


@wrong("p3b-kernel")
def without_the_inner_products_of_inputs(v, W, X, n):
    A, B = parts(v, W, X, n)
    return (A @ A.T + B @ B.T) / len(v)


@wrong("p3b-kernel")
def step_for_every_derivative(v, W, X, n):
    Z = X @ W.T
    A, B = power(Z, n), step(Z) * v
    return (A @ A.T + (X @ X.T) * (B @ B.T)) / len(v)


@wrong("p3b-kernel")
def limit_for_the_kernel(v, W, X, n):
    return limit_ntk(X, n)  # noqa: F821 - it stands in the notebook


@wrong("p3b-kernel")
def v_also_on_the_values(v, W, X, n):
    A, B = parts(v, W, X, n)
    return ((A * v) @ (A * v).T + (X @ X.T) * (B @ B.T)) / len(v)


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
def sheets_printed_squares(X, n):
    # it has n where n² belongs
    return relu_limit(X) if n == 1 else squared_limit(X, 5, 1, 4)


@wrong("p3c-squared")
def factor_left_out(X, n):
    return relu_limit(X) if n == 1 else squared_limit(X, 4, 1, 3)


@wrong("p3c-squared")
def relu_at_every_n(X, n):
    return relu_limit(X)


@wrong("p3c-squared")
def six_for_seven(X, n):
    return relu_limit(X) if n == 1 else squared_limit(X, 6, 1, 6)


@wrong("p3c-squared")
def first_term_of_squares_alone(X, n):
    return relu_limit(X) if n == 1 else squared_limit(X, 3, 1, 2)


@wrong("p3c-squared")
def operator_once(X, n):
    theta, cos = angles(X)
    return relu_limit(X) if n == 1 else (np.sin(theta) + 5 * (np.pi - theta) * cos) / (2 * np.pi)


@wrong("p3c-squared")
def squares_only_for_relu(X, n):
    if n == 1:
        return relu_limit(X)
    raise ValueError("only n = 1")


@wrong("p3c-relu")
def relus_first_term_alone(X, n):
    theta, cos = angles(X)
    if n == 2:
        return squared_limit(X)
    return (np.sin(theta) + (np.pi - theta) * cos) / (2 * np.pi)


@wrong("p3c-relu")
def relus_second_term_alone(X, n):
    theta, cos = angles(X)
    return squared_limit(X) if n == 2 else (np.pi - theta) * cos / (2 * np.pi)


@wrong("p3c-relu")
def divided_by_pi(X, n):
    return squared_limit(X) if n == 2 else 2 * relu_limit(X)


@wrong("p3c-relu")
def angle_for_its_supplement(X, n):
    theta, cos = angles(X)
    if n == 2:
        return squared_limit(X)
    return (np.sin(theta) + 2 * theta * cos) / (2 * np.pi)


@wrong("p3c-relu")
def without_the_cosine(X, n):
    theta, _ = angles(X)
    if n == 2:
        return squared_limit(X)
    return (np.sin(theta) + 2 * (np.pi - theta)) / (2 * np.pi)


@wrong("p3c-relu")
def angle_of_an_input_with_itself(X, n):
    theta = np.arccos(np.clip(np.sum(X * X, axis=1), -1, 1))[:, None] * np.ones(len(X))
    if n == 2:
        return squared_limit(X)
    return (np.sin(theta) + 2 * (np.pi - theta) * np.cos(theta)) / (2 * np.pi)


@wrong("p3c-relu")
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


@wrong("p3c-relu")
def arccos_beyond_one(X, n):
    if n == 2:
        return squared_limit(X)
    with np.errstate(invalid="ignore"):
        theta = np.arccos(X @ X.T)
    return (np.sin(theta) + 2 * (np.pi - theta) * np.cos(theta)) / (2 * np.pi)


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
def no_figure(widths, errors):
    drawing(widths, errors)


@wrong("p3-plot")
def axes_swapped(widths, errors):
    figure, axes = plt.subplots()
    axes.loglog(errors, widths, "o-", label="error")
    axes.loglog(errors, widths[0] * (errors / errors[0]) ** -0.5, "--", label="slope -1/2")
    axes.set(xlabel="error", ylabel="width")
    axes.legend()
    return figure


@wrong("p3-plot")
def linear_axes(widths, errors):
    figure, axes = drawing(widths, errors)
    axes.set_xscale("linear")
    axes.set_yscale("linear")
    return figure


@wrong("p3-plot")
def one_logarithmic_axis(widths, errors):
    figure, axes = drawing(widths, errors)
    axes.set_xscale("linear")
    return figure


@wrong("p3-plot")
def no_guide(widths, errors):
    figure, axes = plt.subplots()
    axes.loglog(widths, errors, "o-", label="error")
    axes.set(xlabel="width", ylabel="error")
    axes.legend()
    return figure


@wrong("p3-plot")
def guide_of_slope_minus_one(widths, errors):
    return drawing(widths, errors, -1)[0]


@wrong("p3-plot")
def guide_of_slope_one_half(widths, errors):
    return drawing(widths, errors, 0.5)[0]


@wrong("p3-plot")
def guide_straight_on_linear_axes(widths, errors):
    figure, axes = plt.subplots()
    axes.loglog(widths, errors, "o-", label="error")
    axes.loglog(widths, errors[0] - 0.5 * (widths - widths[0]) / widths[-1], label="slope -1/2")
    axes.set(xlabel="width", ylabel="error")
    axes.legend()
    return figure


@wrong("p3-plot")
def errors_of_the_notebook(widths, errors):
    return drawing(np.array([64, 256, 1024]), np.array([0.3, 0.16, 0.07]))[0]


@wrong("p3-plot")
def squared_errors(widths, errors):
    return drawing(widths, errors**2)[0]


@wrong("p3-plot")
def errors_outside_of_the_axes(widths, errors):
    figure, axes = drawing(widths, errors)
    axes.set_ylim(10 * errors.max(), 1000 * errors.max())
    return figure


@wrong("p3-plot")
def invisible_errors(widths, errors):
    figure, axes = drawing(widths, errors)
    axes.lines[0].set_linestyle("none")
    axes.lines[0].set_marker("none")
    return figure


@wrong("p3-plot")
def white_errors(widths, errors):
    figure, axes = drawing(widths, errors)
    axes.lines[0].set_color("white")
    axes.lines[0].set_markeredgecolor("white")
    axes.lines[0].set_markerfacecolor("white")
    return figure


@wrong("p3-plot", loses=0.25)
def no_axis_labels(widths, errors):
    figure, axes = drawing(widths, errors)
    axes.set(xlabel="", ylabel="")
    return figure


@wrong("p3-plot", loses=0.25)
def no_name_for_the_guide(widths, errors):
    figure, axes = drawing(widths, errors)
    axes.get_legend().remove()
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

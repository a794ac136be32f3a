"""Right but unusual answers to Problem 3."""

import math

import matplotlib.pyplot as plt
import numpy as np

from .answers import right, right_cell

# --- Derivatives ----------------------------------------------------------------------------------


@right_cell("p3a-gradients")
def loops_and_lists():
    def gradient_v(v, W, x, n):
        found = []
        for w in W:
            z = sum(a * b for a, b in zip(w, x, strict=True))
            found.append((z**n if z >= 0 else 0.0) / math.sqrt(len(v)))
        return found

    def gradient_W(v, W, x, n):
        rows = []
        for r in range(len(v)):
            z = sum(a * b for a, b in zip(W[r], x, strict=True))
            slope = n * z ** (n - 1) if n > 0 and z > 0 else 0
            rows.append([v[r] * slope * entry / math.sqrt(len(v)) for entry in x])
        return rows

    return {"gradient_v": gradient_v, "gradient_W": gradient_W}


@right_cell("p3a-gradients")
def in_single_precision():
    def gradient_v(v, W, x, n):
        z = np.float32(W) @ np.float32(x)
        return np.where(z >= 0, z**n, 0).astype(np.float32) / np.float32(np.sqrt(len(v)))

    def gradient_W(v, W, x, n):
        z = np.float32(W) @ np.float32(x)
        slope = n * np.where(z >= 0, z, 0) ** max(n - 1, 0) * (z >= 0)
        return np.einsum("r,j->rj", np.float32(v) * slope, np.float32(x)) / len(v) ** 0.5

    return {"gradient_v": gradient_v, "gradient_W": gradient_W}


@right_cell("p3a-gradients")
def central_differences():
    def difference(function, place, h=1e-5):
        slopes = np.zeros(place.shape)
        for index in np.ndindex(*place.shape):
            shift = np.zeros(place.shape)
            shift[index] = h
            slopes[index] = (function(place + shift) - function(place - shift)) / (2 * h)
        return slopes

    def gradient_v(v, W, x, n):
        return difference(lambda u: network(u, W, x, n), v)  # noqa: F821 - given

    def gradient_W(v, W, x, n):
        return difference(lambda U: network(v, U, x, n), W)  # noqa: F821 - given

    return {"gradient_v": gradient_v, "gradient_W": gradient_W}


@right_cell("p3a-gradients")
def with_the_given_functions():
    def gradient_v(v, W, x, n):
        return activation(W @ x, n) / len(v) ** 0.5  # noqa: F821 - given

    def gradient_W(v, W, x, n):
        scale = v * activation_derivative(W @ x, n)  # noqa: F821 - given
        return (scale[:, None] @ x[None, :]) / len(v) ** 0.5

    return {"gradient_v": gradient_v, "gradient_W": gradient_W}


@right("p3a-gradients", target="gradient_W")
def strict_step(v, W, x, n):
    z = W @ x
    slope = np.zeros_like(z) if n == 0 else n * z ** (n - 1) * (z > 0)
    return np.asmatrix(v * slope).T @ np.asmatrix(x) / np.sqrt(len(v))


# --- The kernel at finite width -------------------------------------------------------------------


@right("p3b-kernel")
def gram_matrix_of_the_jacobian(v, W, X, n):
    rows = [
        np.concatenate([gradient_v(v, W, x, n), np.ravel(gradient_W(v, W, x, n))])  # noqa: F821
        for x in X
    ]
    return np.array(rows) @ np.array(rows).T


@right("p3b-kernel")
def entry_by_entry(v, W, X, n):
    kernel = [[0.0] * len(X) for _ in X]
    for i, x in enumerate(X):
        for j, y in enumerate(X):
            for r in range(len(v)):
                a, b = float(W[r] @ x), float(W[r] @ y)
                if a < 0 or b < 0:
                    continue
                kernel[i][j] += a**n * b**n
                if n > 0:
                    kernel[i][j] += float(x @ y) * v[r] ** 2 * n**2 * (a * b) ** (n - 1)
            kernel[i][j] /= len(v)
    return kernel


@right("p3b-kernel")
def with_einsum(v, W, X, n):
    Z = np.einsum("rk,ik->ir", W, X)
    A = np.where(Z >= 0, Z**n, 0)
    D = n * np.where(Z >= 0, Z, 0) ** max(n - 1, 0) * (Z >= 0)
    first = np.einsum("ir,jr->ij", A, A)
    second = np.einsum("ik,jk,r,ir,jr->ij", X, X, v**2, D, D)
    return (first + second) / v.size


@right("p3b-kernel")
def upper_triangle_mirrored(v, W, X, n):
    count = len(X)
    kernel = np.zeros((count, count), dtype=np.float32)
    for i in range(count):
        for j in range(i, count):
            gv = gradient_v(v, W, X[i], n) @ gradient_v(v, W, X[j], n)  # noqa: F821
            gw = np.sum(gradient_W(v, W, X[i], n) * gradient_W(v, W, X[j], n))  # noqa: F821
            kernel[i, j] = kernel[j, i] = gv + gw
    return kernel


@right("p3b-kernel")
def with_a_class(v, W, X, n):
    class Features:
        def __init__(self, Z):
            self.value = np.where(Z >= 0, Z**n, 0)
            self.slope = np.where(Z >= 0, n * Z ** (n - 1), 0) if n else np.zeros_like(Z)

    f = Features(X @ W.T)
    return np.dot(f.value, f.value.T) / len(v) + np.multiply(
        X @ X.T, np.dot(f.slope * v**2, f.slope.T)
    ) / len(v)


# --- The limit ------------------------------------------------------------------------------------


def angles(X):
    cos = np.clip(X @ X.T, -1, 1)
    return np.arccos(cos), cos


@right("p3c-relu")
@right("p3c-squared")
def closed_forms(X, n):
    theta, cos = angles(X)
    sin, rest = np.sin(theta), np.pi - theta
    if n == 1:
        return (sin + 2 * rest * cos) / (2 * np.pi)
    return (7 * sin * cos + rest * (1 + 6 * cos**2)) / (2 * np.pi)


@right("p3c-relu")
@right("p3c-squared")
def clipped_within(X, n):
    cos = np.clip(X @ X.T, -1 + 1e-7, 1 - 1e-7)
    theta = np.arccos(cos)
    sin, rest = np.sin(theta), np.pi - theta
    if n == 1:
        return (sin + 2 * rest * cos) / (2 * np.pi)
    return (7 * sin * cos + rest * (1 + 6 * cos**2)) / (2 * np.pi)


@right("p3c-relu")
@right("p3c-squared")
def pair_by_pair(X, n):
    def entry(x, y):
        cos = max(-1.0, min(1.0, float(sum(a * b for a, b in zip(x, y, strict=True)))))
        theta = math.acos(cos)
        first = {
            1: math.sin(theta) + (math.pi - theta) * cos,
            2: 3 * math.sin(theta) * cos + (math.pi - theta) * (1 + 2 * cos**2),
        }[n]
        second = {1: math.pi - theta, 2: 4 * (math.sin(theta) + (math.pi - theta) * cos)}[n]
        return (first + cos * second) / (2 * math.pi)

    return [[entry(x, y) for y in X] for x in X]


@right("p3c-relu")
@right("p3c-squared")
def in_half_the_digits(X, n):
    theta, cos = angles(np.float32(X))
    sin, rest = np.sin(theta), np.float32(np.pi) - theta
    if n == 1:
        return (sin + 2 * rest * cos) / np.float32(2 * np.pi)
    return (7 * sin * cos + rest * (1 + 6 * cos**2)) / np.float32(2 * np.pi)


@right("p3c-relu")
@right("p3c-squared")
def by_quadrature(X, n):
    def expectation(theta, degree):
        # over the directions φ of the part of w in the plane of the two inputs
        low, high = theta - np.pi / 2, np.pi / 2
        phi, weights = np.polynomial.legendre.leggauss(40)
        phi = low + (high - low) * (phi + 1) / 2
        radial = {0: 1.0, 1: 2.0, 2: 8.0}[degree]
        angular = np.sum(weights * (np.cos(phi) * np.cos(theta - phi)) ** degree) * (high - low) / 2
        return radial * angular / (2 * np.pi)

    theta, cos = angles(X)
    entries = [
        expectation(t, n) + c * n**2 * expectation(t, n - 1)
        for t, c in zip(theta.ravel(), cos.ravel(), strict=True)
    ]
    return np.reshape(entries, theta.shape)


@right("p3c-relu")
@right("p3c-squared")
def normalised_first(X, n):
    X = X / np.linalg.norm(X, axis=1, keepdims=True)
    theta = np.empty((len(X), len(X)))
    for i in range(len(X)):
        for j in range(len(X)):
            cross = np.linalg.norm(X[i] - X[j]), np.linalg.norm(X[i] + X[j])
            theta[i, j] = 2 * np.arctan2(*cross)
    cos = np.cos(theta)
    if n == 1:
        return np.sin(theta) / (2 * np.pi) + cos * (1 - theta / np.pi)
    return (3.5 * np.sin(2 * theta) + (np.pi - theta) * (4 + 3 * np.cos(2 * theta))) / (2 * np.pi)


# --- The picture ----------------------------------------------------------------------------------


@right("p3-plot")
def with_pyplot_alone(widths, errors):
    plt.figure()
    plt.plot(widths, errors, "x", label="measured")
    plt.plot(widths, 2 * errors.max() * (widths / widths.min()) ** -0.5, label="$m^{-1/2}$")
    plt.xscale("log")
    plt.yscale("log")
    plt.xlabel("m")
    plt.ylabel("relative error")
    plt.title("Convergence")
    plt.legend()
    return plt.gcf()


@right("p3-plot")
def scatter_and_fine_guide(widths, errors):
    figure, axes = plt.subplots()
    axes.scatter(widths, errors, c="k", label="error")
    fine = np.geomspace(widths.min(), widths.max(), 200)
    axes.plot(fine, errors.mean() * np.sqrt(np.mean(widths) / fine), "r:", label="O(m^-0.5)")
    axes.set(xscale="log", yscale="log", xlabel="width $m$", ylabel="error")
    figure.legend()
    return figure


@right("p3-plot")
def error_bars(widths, errors):
    figure, axes = plt.subplots()
    axes.errorbar(widths, errors, yerr=0.1 * errors, fmt="o-", capsize=3, label="error")
    axes.plot(widths, 0.5 / np.sqrt(widths), "k--", label=r"slope $-\frac{1}{2}$")
    axes.loglog()
    axes.set_xlabel("width")
    axes.set_ylabel("error")
    axes.legend(loc="upper left", bbox_to_anchor=(1, 1))
    return figure, axes


@right("p3-plot")
def logarithms_on_linear_axes(widths, errors):
    _, axes = plt.subplots()
    axes.plot(np.log10(widths), np.log10(errors), "s-", label="error")
    start = np.log10(errors[0])
    axes.plot(
        np.log10(widths), start - 0.5 * (np.log10(widths) - np.log10(widths[0])), label="slope -1/2"
    )
    axes.set_xlabel("log10 of the width")
    axes.set_ylabel("log10 of the relative error")
    axes.legend()
    return axes


@right("p3-plot")
def guide_named_first(widths, errors):
    figure, axes = plt.subplots()
    lines = axes.loglog(widths, errors, "o-", widths, errors[0] * np.sqrt(widths[0] / widths), "--")
    axes.legend(lines[::-1], ["rate $m^{-1/2}$", "empirical kernel"])
    axes.set(xlabel="width", ylabel="error")
    return figure


@right("p3-plot")
def guide_with_a_direct_label(widths, errors):
    figure, axes = plt.subplots()
    axes.loglog(widths, errors, "o", base=2)
    (guide,) = axes.loglog(widths, errors[0] * np.sqrt(widths[0] / widths), "--", base=2)
    axes.annotate("slope −1/2", (widths[1], errors[0]), color=guide.get_color())
    axes.set(xlabel="width", ylabel="error")
    axes.grid(True)
    return figure


@right("p3-plot")
def more_lines_than_asked_for(widths, errors):
    figure, (left, right_side) = plt.subplots(1, 2, figsize=(10, 4))
    left.plot(widths, errors)
    left.set(xlabel="width", ylabel="error", title="linear")
    right_side.loglog(widths, errors, "o-", label="kernel error", alpha=0.7)
    for power in (-1, -0.5, -0.25):
        guide = errors[0] * (widths / widths[0]) ** power
        right_side.loglog(widths, guide, "--", lw=0.8, label=f"guide, slope {power}")
    right_side.axhline(errors.min(), color="gray")
    right_side.set(xlabel="width", ylabel="error", title="log-log")
    right_side.legend(fontsize=7)
    return figure

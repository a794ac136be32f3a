"""Right but unusual answers to Problem 3."""

import math

import numpy as np

from ..hidden.answers import right, right_cell

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


@right_cell("p3a-gradients")
def complex_step():
    def derivative(function, place, h=1e-30):
        slopes = []
        for index in np.ndindex(*place.shape):
            moved = place.astype(complex)
            moved[index] += 1j * h
            slopes.append(function(moved).imag / h)
        return np.reshape(slopes, place.shape)

    def output(v, W, x, n):
        z = W @ x
        return v @ np.where(z.real >= 0, z**n, 0) / np.sqrt(len(v))

    def gradient_v(v, W, x, n):
        return derivative(lambda u: output(u, W, x, n), v)

    def gradient_W(v, W, x, n):
        return derivative(lambda U: output(v, U, x, n), W)

    return {"gradient_v": gradient_v, "gradient_W": gradient_W}


@right_cell("p3a-gradients")
def products_of_matrices():
    def gradient_v(v, W, x, n):
        return np.ravel(np.power(np.maximum(W @ x[:, None], 0), n) * (W @ x[:, None] >= 0)) * len(
            v
        ) ** (-0.5)

    def gradient_W(v, W, x, n):
        z = np.maximum(W.dot(x), 0)
        slope = {0: 0 * z, 1: 1.0 * (z > 0)}.get(n, n * z ** max(n - 1, 0))
        return np.diag(v) @ np.diag(slope) @ np.ones(W.shape) @ np.diag(x) / np.sqrt(v.shape[0])

    return {"gradient_v": gradient_v, "gradient_W": gradient_W}


@right("p3a-gradients", target="gradient_W")
def filled_row_by_row(v, W, x, n):
    G = np.zeros_like(W)
    for r, (weight, w) in enumerate(zip(v, W, strict=True)):
        if n >= 1 and w @ x > 0:
            G[r] = weight * n * (w @ x) ** (n - 1) * x
    G /= np.sqrt(len(G))
    return G


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


@right("p3b-kernel")
def sum_over_units(v, W, X, n):
    H = np.zeros((len(X), len(X)), dtype=np.longdouble)
    for weight, w in zip(v, W, strict=True):
        z = X @ w
        H += np.outer(activation(z, n), activation(z, n)) / len(v)  # noqa: F821 - given
        slope = weight * activation_derivative(z, n)  # noqa: F821 - given
        H += np.outer(slope, slope) * (X @ X.T) / len(v)
    return H


@right("p3b-kernel")
def jacobian_by_differences(v, W, X, n):
    parameters = np.append(v, W)
    columns = []
    for k in range(parameters.size):
        shift = np.zeros(parameters.size)
        shift[k] = 1e-6
        columns.append(
            (outputs(parameters + shift, X, n) - outputs(parameters - shift, X, n)) / 2e-6
        )
    return np.array(columns).T @ np.array(columns)


def outputs(parameters, X, n):
    m = parameters.size // (X.shape[1] + 1)
    v, W = parameters[:m], parameters[m:].reshape(m, -1)
    return np.array([network(v, W, x, n) for x in X])  # noqa: F821 - given


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


@right("p3c-relu")
@right("p3c-squared")
def hypergeometric(X, n):
    # J_k is a multiple of s^(k + 1/2) · ₂F₁(1/2, 1/2; k + 3/2; s) with s = (1 + cos θ)/2
    def J(k, s):
        if k == 0:
            return 2 * np.arcsin(np.sqrt(s))
        term, total, c = np.ones_like(s), np.ones_like(s), k + 1.5
        for j in range(3000):
            term = term * (0.5 + j) ** 2 / ((c + j) * (1 + j)) * s
            total = total + term
        scale = math.factorial(k) ** 2 * math.sqrt(math.pi / 2) / math.gamma(c)
        return scale * (2 * s) ** (k + 0.5) * total

    cos = np.clip(X @ X.T, -1, 1)
    s = (1 + cos) / 2
    return (J(n, s) + n**2 * cos * J(n - 1, s)) / (2 * np.pi)


@right("p3c-relu")
@right("p3c-squared")
def equation_six_differentiated_by_hand(X, n):
    theta = np.arccos(np.clip(X @ X.T, -1 + 1e-9, 1 - 1e-9))
    sin, cos, rest = np.sin(theta), np.cos(theta), np.pi - theta
    once = (-sin - rest * cos) / sin**3
    twice = (3 * cos * sin + rest * (1 + 2 * cos**2)) / sin**5
    by_degree = [rest / sin, once, twice]

    def expectation(k):
        return (-1) ** k / (2 * np.pi) * sin ** (2 * k + 1) * by_degree[k]

    return expectation(n) + cos * n**2 * expectation(n - 1)


@right("p3c-relu")
@right("p3c-squared")
def angle_from_sides_of_a_triangle(X, n):
    sides = np.sqrt(np.maximum(((X[:, None, :] - X) ** 2).sum(-1), 0))
    theta = 2 * np.arcsin(np.minimum(sides / 2, 1))
    kernel = np.zeros(theta.shape)
    for i in range(len(X)):
        for j in range(i + 1):
            t = theta[i, j]
            pieces = {
                1: np.sin(t) + 2 * (np.pi - t) * np.cos(t),
                2: 7 * np.sin(t) * np.cos(t) + (np.pi - t) * (1 + 6 * np.cos(t) ** 2),
            }
            kernel[i, j] = kernel[j, i] = pieces[n] / (2 * np.pi)
    return kernel.tolist()


@right("p3c-relu")
@right("p3c-squared")
def with_a_class_for_angles(X, n):
    class Angles:
        def __init__(self, X):
            self.cos = np.minimum(np.maximum(np.einsum("ik,jk->ij", X, X), -1), 1)
            self.rest = np.pi - np.arccos(self.cos)
            self.sin = np.sqrt(1 - self.cos**2)

        def degree_one(self):
            return self.sin + 2 * self.rest * self.cos

        def degree_two(self):
            return 7 * self.sin * self.cos + self.rest * (1 + 6 * self.cos**2)

    found = Angles(X)
    return getattr(found, ["", "degree_one", "degree_two"][n])() / np.pi / 2

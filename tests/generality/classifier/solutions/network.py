"""Problem 2: a network with two layers."""

from collections.abc import Callable

import numpy as np


def network_scores(params: dict[str, np.ndarray], X: np.ndarray) -> np.ndarray:
    """Compute the scores of the network, equation (3).

    params maps "W1", "b1", "W2" and "b2" to arrays of shape (D, H), (H,), (H, C) and (C,). X has
    shape (N, D).

    Returns the scores, shape (N, C).
    """
    hidden = np.maximum(X @ params["W1"] + params["b1"], 0)
    return hidden @ params["W2"] + params["b2"]


def network_loss(params: dict[str, np.ndarray], X: np.ndarray, y: np.ndarray, reg: float) -> float:
    """Compute the loss of the network, equation (4).

    params and X are those of network_scores, y holds N labels, and reg is λ.

    Returns a number.
    """
    scores = network_scores(params, X)
    scores = scores - scores.max(axis=1, keepdims=True)
    log_p = scores - np.log(np.exp(scores).sum(axis=1, keepdims=True))
    squares = np.sum(params["W1"] ** 2) + np.sum(params["W2"] ** 2)
    return float(-log_p[np.arange(len(y)), y].mean() + reg * squares)


def network_gradients(
    params: dict[str, np.ndarray], X: np.ndarray, y: np.ndarray, reg: float
) -> dict[str, np.ndarray]:
    """Compute the gradient of the loss (4) by each of the four parameters.

    The arguments are those of network_loss.

    Returns a dictionary with the keys and the shapes of params.
    """
    hidden = np.maximum(X @ params["W1"] + params["b1"], 0)
    errors = network_scores(params, X)
    errors = np.exp(errors - errors.max(axis=1, keepdims=True))
    errors = errors / errors.sum(axis=1, keepdims=True)
    errors[np.arange(len(y)), y] -= 1
    errors = errors / len(y)
    back = errors @ params["W2"].T
    back = back * (hidden > 0)
    return {
        "W1": X.T @ back + 2 * reg * params["W1"],
        "b1": back.sum(axis=0),
        "W2": hidden.T @ errors + 2 * reg * params["W2"],
        "b2": errors.sum(axis=0),
    }


def numerical_gradient(f: Callable[[np.ndarray], float], x: np.ndarray, h: float) -> np.ndarray:
    """Estimate the gradient of f at x by central differences, equation (5).

    f maps an array with the shape of x to a number. The array x has any shape, and must be the same
    after the call. h is the distance of the two points from x, such as 0.01.

    Returns an array with the shape of x.
    """
    slopes = np.zeros(np.shape(x))
    for index in np.ndindex(slopes.shape):
        shift = np.zeros(slopes.shape)
        shift[index] = h
        slopes[index] = (f(x + shift) - f(x - shift)) / (2 * h)
    return slopes

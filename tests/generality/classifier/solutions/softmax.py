"""Problem 1: a softmax classifier."""

import numpy as np


def probabilities(scores: np.ndarray) -> np.ndarray:
    """Turn scores into probabilities by the softmax, equation (1).

    scores has one row for each point and one column for each class, shape (N, C). Scores can be
    large, such as 1000 or -1000.

    Returns the probabilities, shape (N, C); each row sums to 1.
    """
    powers = np.exp(scores - np.max(scores, axis=1, keepdims=True))
    return powers / powers.sum(axis=1, keepdims=True)


def softmax_loss(W: np.ndarray, X: np.ndarray, y: np.ndarray, reg: float) -> float:
    """Compute the loss, equation (2).

    W has shape (D, C), X shape (N, D), y holds N labels from 0 to C - 1, and reg is λ.

    Returns a number.
    """
    p = probabilities(X @ W)
    data_loss = -np.log(p[np.arange(len(y)), y]).mean()
    return float(data_loss + reg * np.sum(W**2))


def softmax_gradient(W: np.ndarray, X: np.ndarray, y: np.ndarray, reg: float) -> np.ndarray:
    """Compute the gradient of the loss (2) by the weights W.

    The arguments are those of softmax_loss.

    Returns an array with the shape of W.
    """
    errors = probabilities(X @ W)
    errors[np.arange(len(y)), y] -= 1
    return X.T @ errors / len(y) + 2 * reg * W


def accuracy(scores: np.ndarray, y: np.ndarray) -> float:
    """Compute the share of points whose own class has the largest score.

    scores has shape (N, C), y holds N labels. No two scores of a point are equal.

    Returns a number from 0 to 1.
    """
    return float(np.mean(np.argmax(scores, axis=1) == y))


#: the loss at W = 0, a number
loss_at_zero = np.log(3)

#: its gradient at W = 0, shape (2, 3)
gradient_at_zero = np.array([[0, 1, -1], [1, 1, -2]])

"""The given code of Problem 2: starting values, and training."""

from collections.abc import Mapping

import numpy as np

from solutions.hw1.data import load_rings
from solutions.hw1.network import network_gradients, network_scores


def initial_params(hidden: int, seed: int = 0) -> dict[str, np.ndarray]:
    """Draw small random weights for 2 features, `hidden` units and 3 classes; biases are zero."""
    draw = np.random.default_rng(seed)
    return {
        "W1": draw.normal(size=(2, hidden)),
        "b1": np.zeros(hidden),
        "W2": draw.normal(size=(hidden, 3)) / np.sqrt(hidden),
        "b2": np.zeros(3),
    }


def train(
    params: Mapping[str, np.ndarray], step_size: float, reg: float, epochs: int
) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
    """Train the network on the training points, in batches of 20 points.

    Returns the trained parameters, and the accuracy on both sets after 0, 1, ..., epochs epochs.
    """
    X_train, y_train, X_val, y_val = load_rings()
    sets = {"training": (X_train, y_train), "validation": (X_val, y_val)}
    params, draw = dict(params), np.random.default_rng(0)
    history: dict[str, list[float]] = {name: [] for name in sets}
    for epoch in range(epochs + 1):
        for name, (X, y) in sets.items():
            best = np.argmax(network_scores(params, X), axis=1)
            history[name].append(np.mean(best == y))
        if epoch < epochs:
            for batch in draw.permutation(len(y_train)).reshape(-1, 20):
                gradients = network_gradients(params, X_train[batch], y_train[batch], reg)
                params = {key: params[key] - step_size * gradients[key] for key in params}
    return params, {name: np.array(values) for name, values in history.items()}

"""The figure of the homework."""

from collections.abc import Mapping

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure


def plot_errors(history: Mapping[str, np.ndarray]) -> Figure:
    """Draw the share of wrong points, 1 - accuracy, against the number of epochs.

    history maps the name of a set of points to its accuracies after 0, 1, ..., T epochs, shape
    (T+1,). Draw one line for each set, with its name in a legend, and label both axes.
    """
    figure, axes = plt.subplots(figsize=(6.4, 4.0))
    for name, accuracies in history.items():
        errors = 1 - np.asarray(accuracies)
        axes.plot(range(len(errors)), errors, label=name)
    axes.set_xlabel("epoch")
    axes.set_ylabel("share of wrong points")
    axes.legend()
    return figure

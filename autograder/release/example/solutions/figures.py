"""The figures of HOMEWORK.

Each function draws on a new figure and returns the figure. Hidden tests examine the lines, labels
and legend of the figure.
"""

from collections.abc import Mapping

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure


def plot_errors(root: float, trajectories: Mapping[str, np.ndarray]) -> Figure:
    """Draw the distance from the root along each run against the number of steps.

    trajectories maps a label to the iterates x^0, ..., x^T of a run, shape (T+1,); lengths may
    differ. Draw one line for each run, with its label in a legend, and label both axes. A
    logarithmic axis for the distance shows small distances too.
    """
    figure, axes = plt.subplots(figsize=(6.4, 4.0))
    for label, iterates in trajectories.items():
        errors = np.abs(np.asarray(iterates) - root)
        axes.plot(range(len(errors)), errors, marker="o", label=label)
    axes.set_yscale("log")
    axes.set_xlabel("step $t$")
    axes.set_ylabel("distance from the root")
    axes.legend()
    return figure

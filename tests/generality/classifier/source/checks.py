"""Visible checks of hw1: what is right so far, and what to look at next.

Each item that is marked by tests has a function here, named like the item (`p1-loss` is
`p1_loss`), and a cell of its notebook calls it with `globals()`. The function tries your functions
on an example small enough for pen and paper. Stuck? Each check has three hints: open them below its
verdict, or call `checks.hint("p1-loss")` up to three times.

When you are done, `checks.pack()` (or `python checks.py pack`) runs your saved notebooks again and
packs them into one file to hand in.

A ✓ is a good sign, not a mark: the hidden tests use other and harder inputs.
"""

from __future__ import annotations

import numpy as np

from autograder.release.checkskit import *

LOG_3 = np.log(3.0)
"""Scores 0 and log 3 have the probabilities 1/4 and 3/4."""

X = np.array([[1.0, 0.0], [0.0, 1.0]])
Y = np.array([1, 0])
W = np.array([[0.0, LOG_3], [LOG_3, 0.0]])


@example
def small_network() -> dict[str, np.ndarray]:
    """Return the parameters of a network with two inputs, three hidden units and two classes."""
    return {
        "W1": np.array([[1.0, -1.0, 2.0], [0.5, 1.0, -1.0]]),
        "b1": np.array([0.0, 0.5, -0.5]),
        "W2": np.array([[1.0, 0.0], [2.0, -1.0], [-1.0, 1.0]]),
        "b2": np.array([0.25, -0.25]),
    }


@example
def small_points() -> np.ndarray:
    """Return three points in the plane."""
    return np.array([[1.0, 2.0], [-1.0, 0.5], [2.0, -1.0]])


def sum_of_cubes(x: np.ndarray) -> float:
    """Return the sum of the cubes of all entries."""
    return float(np.sum(np.asarray(x, dtype=float) ** 3))


@check(
    "By what is each entry divided, and which entries are summed for it?",
    "An array with the shape of the scores, in which each row sums to 1.",
    "Section a), equation (1), and the question below it.",
)
def p1_probabilities(yours: Answers) -> Lines:
    """Check scores 0 and log 3: their probabilities are 1/4 and 3/4."""
    scores = np.array([[0.0, LOG_3], [LOG_3, 0.0], [1.0, 1.0]])
    right = [[0.25, 0.75], [0.75, 0.25], [0.5, 0.5]]
    yield close(yours.probabilities(scores), right, "Scores 0 and log 3")
    answer = yours.probabilities(np.array([[1000.0, 1000.0]]))
    yield close(answer, [[0.5, 0.5]], "Two equal scores of 1000")


@check(
    "What is the probability of the right class of each point? What comes before the sum in (2)?",
    "One number.",
    "Section b), equation (2).",
)
def p1_loss(yours: Answers) -> Lines:
    """Check two points whose right class has the probability 3/4."""
    answer = yours.softmax_loss(W, X, Y, 0.0)
    yield close(answer, np.log(4 / 3), "The loss without a penalty")
    answer = yours.softmax_loss(W, X, Y, 0.5)
    yield close(answer, np.log(4 / 3) + LOG_3**2, "The loss with λ = 1/2")


@check(
    "What are the three probabilities at W = 0? Which rows of X appear in column c?",
    "A number, and an array of shape (2, 3): one row for each feature, one column for each class.",
    "Section c); each point contributes to all three columns.",
)
def p1_hand(yours: Answers) -> Lines:
    """Use that the loss is positive and that the columns of the gradient add up to zero."""
    loss = array(yours.value("loss_at_zero"), "loss_at_zero", ())
    expect(loss > 0, "loss_at_zero: a loss is above zero, since a probability is below 1.")
    yield "the loss is above zero"
    gradient = array(yours.value("gradient_at_zero"), "gradient_at_zero", (2, 3))
    expect(gradient.any(), "gradient_at_zero: it is not zero in all entries.")
    yield holds(gradient.sum(axis=1), (0, 0), "the columns of the gradient add up to zero")


@check(
    "Which product of X and an (N, C) array has the shape of W?",
    "An array with the shape of W.",
    "The formula in section c), and the penalty in equation (2).",
)
def p1_gradient(yours: Answers) -> Lines:
    """Check two points whose right class has the probability 3/4."""
    right = np.array([[1.0, -1.0], [-1.0, 1.0]]) / 8
    yield close(yours.softmax_gradient(W, X, Y, 0.0), right, "The gradient without a penalty")
    answer = yours.softmax_gradient(W, X, Y, 0.5)
    yield close(answer, right + W, "The gradient with λ = 1/2")


@check(
    "Along which axis do you look for the largest score?",
    "One number from 0 to 1.",
    "Section e).",
)
def p1_accuracy(yours: Answers) -> Lines:
    """Check four points, three of which have the largest score in their own class."""
    scores = np.array([[3.0, 1.0], [0.0, 2.0], [5.0, 4.0], [1.0, 2.0]])
    answer = yours.accuracy(scores, np.array([0, 1, 1, 1]))
    yield close(answer, 0.75, "Three of four points")


@check(
    "What does max(·, 0) do with negative entries, and in which of the two layers?",
    "An array with one row for each point and one column for each class.",
    "Section a), equation (3).",
)
def p2_scores(yours: Answers) -> Lines:
    """Check three points in a network with three hidden units."""
    right = [[5.25, -1.75], [4.25, -2.25], [-2.75, 4.25]]
    yield close(yours.network_scores(small_network(), small_points()), right, "Three points")


@check(
    "Which of the four parameters are in the penalty?",
    "One number.",
    "Section b), equation (4).",
)
def p2_loss(yours: Answers) -> Lines:
    """Check a network that gives both classes the same score, so that the loss is log 2."""
    network = {**small_network(), "W2": np.zeros((3, 2)), "b2": np.ones(2)}
    labels = np.array([0, 1, 1])
    answer = yours.network_loss(network, small_points(), labels, 0.0)
    yield close(answer, np.log(2), "The loss of equal scores")
    answer = yours.network_loss(network, small_points(), labels, 2.0)
    yield close(answer, np.log(2) + 16.5, "The loss of equal scores with λ = 2")


@check(
    "Which hidden units let the gradient through? Which sum gives the gradient by a bias?",
    "A dictionary with the keys W1, b1, W2 and b2; each array has the shape of its parameter.",
    "Section c); start from the formula in Problem 1c and go backwards through equation (3).",
)
def p2_gradients(yours: Answers) -> Lines:
    """Compare each gradient with differences of the loss."""
    network, labels = small_network(), np.array([0, 1, 1])
    points = small_points()
    answer = yours.network_gradients(network, points, labels, 0.1)
    for name, value in network.items():
        expect(isinstance(answer, dict) and name in answer, f"{name} is missing.", "broken")

        def loss(moved: np.ndarray, name: str = name) -> float:
            return yours.network_loss({**network, name: moved}, points, labels, 0.1)

        yield close(answer[name], slopes(loss, value), f"The gradient by {name}")


@check(
    "The argument has accuracies. What does the figure show?",
    "One line for each entry of the dictionary against 0, 1, …; a legend and two axis labels. The "
    "function returns the Figure.",
    "Section d).",
)
def p2_plot(yours: Answers) -> Lines:
    """Check two short histories."""
    history = {"training": np.array([0.5, 0.75, 1.0]), "validation": np.array([0.25, 0.5, 0.5])}
    figure = as_figure(yours.plot_errors(history))
    curve(figure, (0, 1, 2), (0.75, 0.5, 0.5), "The share of wrong validation points")
    axes = curve(figure, (0, 1, 2), (0.5, 0.25, 0.0), "The share of wrong training points")
    yield "the shares of wrong points of both sets are lines against the epochs"
    yield legend_names(figure, 2)
    yield axis_labels(axes)


@check(
    "How many entries of x are moved for one entry of the answer? How far apart are the points?",
    "An array with the shape of x.",
    "Section f), equation (5).",
)
def p2_numerical(yours: Answers) -> Lines:
    """Check the sum of cubes at two points: the exact differences are 3x² + h²."""
    x = np.array([1.0, 2.0])
    answer = yours.numerical_gradient(sum_of_cubes, x, 0.5)
    yield close(answer, (3.25, 12.25), "The sum of cubes with h = 1/2")
    yield unchanged(x, np.array([1.0, 2.0]), "x")

"""Misconceptions of hw1: wrong answers, each with a sentence that helps the student.

Most misconceptions are the reference with a piece of its text replaced. `fdl prove hw1` runs the
hidden tests on each misconception. A misconception must lose points in its own item and in no other
item. No sentence may give the solution away.
"""

from __future__ import annotations

import numpy as np

from autograder.grading.misconceptions import Catalogue
from solutions.hw1 import figures, network, softmax

misconceptions = Catalogue()

change = misconceptions.change

# --- p1-probabilities ---------------------------------------------------------------------------

SHIFT = "scores - np.max(scores, axis=1, keepdims=True)"
SHARE = "powers / powers.sum(axis=1, keepdims=True)"

change(
    "p1-probabilities",
    "no_shift",
    "The powers of large scores are infinite: subtract the same number from all scores of a row.",
    softmax.probabilities,
    (SHIFT, "scores"),
)
change(
    "p1-probabilities",
    "one_shift_for_all_rows",
    "One number is subtracted from all rows, so all powers of a row with low scores become zero: "
    "each row needs a number of its own.",
    softmax.probabilities,
    (SHIFT, "scores - np.max(scores)"),
)
change(
    "p1-probabilities",
    "sum_over_the_points",
    "The sum is over the points; equation (1) sums over the classes of one point.",
    softmax.probabilities,
    (SHARE, "powers / powers.sum(axis=0, keepdims=True)"),
)
change(
    "p1-probabilities",
    "sum_over_everything",
    "The sum is over all points and classes; equation (1) sums over the classes of one point.",
    softmax.probabilities,
    (SHARE, "powers / powers.sum()"),
)
change(
    "p1-probabilities",
    "not_divided",
    "The powers are not divided by their sum, so they do not add up to 1.",
    softmax.probabilities,
    (SHARE, "powers"),
)

# --- p1-loss ------------------------------------------------------------------------------------

DATA = "-np.log(p[np.arange(len(y)), y]).mean()"
PENALTY = "reg * np.sum(W**2)"

change(
    "p1-loss",
    "sum_over_the_points",
    "The loss of all points is summed; equation (2) has the mean.",
    softmax.softmax_loss,
    (DATA, "-np.log(p[np.arange(len(y)), y]).sum()"),
)
change(
    "p1-loss",
    "wrong_sign",
    "The logarithms have the wrong sign, so a right class makes the loss larger.",
    softmax.softmax_loss,
    (DATA, "np.log(p[np.arange(len(y)), y]).mean()"),
)
change(
    "p1-loss",
    "columns_for_entries",
    "`p[:, y]` has all rows for each label; pick one entry from each row.",
    softmax.softmax_loss,
    (DATA, "-np.log(p[:, y]).mean()"),
)
change(
    "p1-loss",
    "logarithm_of_the_mean",
    "This is the logarithm of the mean probability; equation (2) has the mean of the logarithms.",
    softmax.softmax_loss,
    (DATA, "-np.log(p[np.arange(len(y)), y].mean())"),
)
change(
    "p1-loss",
    "half_the_penalty",
    "The penalty has a factor 1/2, which equation (2) does not have.",
    softmax.softmax_loss,
    (PENALTY, "0.5 * reg * np.sum(W**2)"),
)
change(
    "p1-loss",
    "weights_not_squared",
    "The penalty sums the sizes of the weights; equation (2) sums their squares.",
    softmax.softmax_loss,
    (PENALTY, "reg * np.sum(np.abs(W))"),
)

# --- p1-hand ------------------------------------------------------------------------------------

misconceptions.values(
    "p1-hand",
    "loss_summed",
    "The loss is the sum over the three points; equation (2) has the mean.",
    loss_at_zero=3 * np.log(3),
)
misconceptions.values(
    "p1-hand",
    "probability_for_the_loss",
    "This is the probability of a class; the loss is made of its logarithm.",
    loss_at_zero=1 / 3,
)
misconceptions.values(
    "p1-hand",
    "gradient_summed",
    "The gradient is the sum over the three points; the formula has the mean.",
    gradient_at_zero=3 * softmax.gradient_at_zero,
)
misconceptions.values(
    "p1-hand",
    "gradient_with_the_wrong_sign",
    "The gradient has the wrong sign: it points to where the loss is smaller.",
    gradient_at_zero=-softmax.gradient_at_zero,
)

# --- p1-gradient --------------------------------------------------------------------------------

ONE_HOT = "errors[np.arange(len(y)), y] -= 1"
PRODUCT = "X.T @ errors / len(y)"
PENALTY_GRADIENT = " + 2 * reg * W"

change(
    "p1-gradient",
    "sum_over_the_points",
    "The points are summed; the loss has the mean, and so has its gradient.",
    softmax.softmax_gradient,
    (PRODUCT, "X.T @ errors"),
)
change(
    "p1-gradient",
    "right_class_left_out",
    "The right class is treated like the others: the gradient has one more term for it.",
    softmax.softmax_gradient,
    (ONE_HOT, "pass"),
)
change(
    "p1-gradient",
    "columns_for_entries",
    "`[:, y]` changes whole columns; only one entry of each row belongs to the right class.",
    softmax.softmax_gradient,
    (ONE_HOT, "errors[:, y] -= 1"),
)
change(
    "p1-gradient",
    "wrong_sign",
    "The part of the data has the wrong sign: which of the two is subtracted from the other?",
    softmax.softmax_gradient,
    (PRODUCT, "-X.T @ errors / len(y)"),
)
change(
    "p1-gradient",
    "penalty_without_its_factor",
    "The gradient of the penalty lacks a factor: differentiate a square.",
    softmax.softmax_gradient,
    (PENALTY_GRADIENT, " + reg * W"),
)
change(
    "p1-gradient",
    "no_penalty",
    "The gradient of the penalty is missing.",
    softmax.softmax_gradient,
    (PENALTY_GRADIENT, ""),
)
change(
    "p1-gradient",
    "transposed",
    "The array is transposed: it needs the shape of W.",
    softmax.softmax_gradient,
    (PRODUCT + PENALTY_GRADIENT, "(X.T @ errors / len(y) + 2 * reg * W).T"),
)

# --- p1-accuracy --------------------------------------------------------------------------------

SHARE_RIGHT = "np.mean(np.argmax(scores, axis=1) == y)"

change(
    "p1-accuracy",
    "points_counted",
    "The right points are counted; the accuracy is their share of all points.",
    softmax.accuracy,
    (SHARE_RIGHT, "np.sum(np.argmax(scores, axis=1) == y)"),
)
change(
    "p1-accuracy",
    "share_of_wrong_points",
    "This is the share of wrong points.",
    softmax.accuracy,
    (SHARE_RIGHT, "np.mean(np.argmax(scores, axis=1) != y)"),
)
change(
    "p1-accuracy",
    "lowest_score",
    "The class with the lowest score is chosen; the item asks for the largest.",
    softmax.accuracy,
    (SHARE_RIGHT, "np.mean(np.argmin(scores, axis=1) == y)"),
)
change(
    "p1-accuracy",
    "per_cent",
    "The accuracy is in per cent; the item asks for a number from 0 to 1.",
    softmax.accuracy,
    (SHARE_RIGHT, "100 * np.mean(np.argmax(scores, axis=1) == y)"),
)
change(
    "p1-accuracy",
    "largest_of_all_points",
    "For each class, the point with the largest score is looked for; the item asks for the class "
    "with the largest score of each point.",
    softmax.accuracy,
    (SHARE_RIGHT, "np.mean(np.argmax(scores, axis=0) == y[: scores.shape[1]])"),
)

# --- p2-scores ----------------------------------------------------------------------------------

HIDDEN = 'np.maximum(X @ params["W1"] + params["b1"], 0)'
OUTPUT = 'hidden @ params["W2"] + params["b2"]'

change(
    "p2-scores",
    "no_maximum",
    "The hidden layer has no max(·, 0), so both layers together are linear.",
    network.network_scores,
    (HIDDEN, 'X @ params["W1"] + params["b1"]'),
)
change(
    "p2-scores",
    "maximum_before_the_bias",
    "The bias is added after max(·, 0); in equation (3) it comes before.",
    network.network_scores,
    (HIDDEN, 'np.maximum(X @ params["W1"], 0) + params["b1"]'),
)
change(
    "p2-scores",
    "maximum_of_the_scores",
    "The scores go through max(·, 0) as well; in equation (3) only the hidden layer does.",
    network.network_scores,
    (OUTPUT, f"np.maximum({OUTPUT}, 0)"),
)
change(
    "p2-scores",
    "second_bias_missing",
    "The bias of the second layer is missing.",
    network.network_scores,
    (OUTPUT, 'hidden @ params["W2"]'),
)
change(
    "p2-scores",
    "minimum",
    "The negative entries stay and the positive ones become zero: that is a minimum.",
    network.network_scores,
    ("np.maximum", "np.minimum"),
)

# --- p2-loss ------------------------------------------------------------------------------------

MEAN = "-log_p[np.arange(len(y)), y].mean()"
SQUARES = 'np.sum(params["W1"] ** 2) + np.sum(params["W2"] ** 2)'

change(
    "p2-loss",
    "no_shift",
    "The powers of large scores are infinite: subtract the same number from all scores of a point.",
    network.network_loss,
    ("scores - scores.max(axis=1, keepdims=True)", "scores"),
)
change(
    "p2-loss",
    "sum_over_the_points",
    "The loss of all points is summed; equation (4) has the mean.",
    network.network_loss,
    (MEAN, "-log_p[np.arange(len(y)), y].sum()"),
)
change(
    "p2-loss",
    "half_the_penalty",
    "The penalty has a factor 1/2, which equation (4) does not have.",
    network.network_loss,
    ("reg * squares", "0.5 * reg * squares"),
)
change(
    "p2-loss",
    "first_matrix_missing",
    "The penalty has only the second matrix; equation (4) has both.",
    network.network_loss,
    (SQUARES, 'np.sum(params["W2"] ** 2)'),
)
change(
    "p2-loss",
    "biases_in_the_penalty",
    "The biases are in the penalty; equation (4) has only the two matrices.",
    network.network_loss,
    (SQUARES, "sum(np.sum(value**2) for value in params.values())"),
)

# --- p2-gradients -------------------------------------------------------------------------------

MASK = "back = back * (hidden > 0)"

change(
    "p2-gradients",
    "no_mask",
    "The gradient goes through all hidden units; a unit that is zero lets nothing through.",
    network.network_gradients,
    (MASK, "pass"),
)
change(
    "p2-gradients",
    "maximum_of_the_gradient",
    "max(·, 0) is applied to the gradient itself; what matters is the sign of the hidden unit.",
    network.network_gradients,
    (MASK, "back = np.maximum(back, 0)"),
)
change(
    "p2-gradients",
    "sum_over_the_points",
    "The points are summed; the loss has the mean, and so have its gradients.",
    network.network_gradients,
    ("errors = errors / len(y)", "pass"),
)
change(
    "p2-gradients",
    "mean_for_the_biases",
    "The gradients by the biases are means; the division by N is already in the errors.",
    network.network_gradients,
    ("back.sum(axis=0)", "back.mean(axis=0)"),
    ("errors.sum(axis=0)", "errors.mean(axis=0)"),
)
change(
    "p2-gradients",
    "penalty_without_its_factor",
    "The gradients of the penalty lack a factor: differentiate a square.",
    network.network_gradients,
    ('2 * reg * params["W1"]', 'reg * params["W1"]'),
    ('2 * reg * params["W2"]', 'reg * params["W2"]'),
)
change(
    "p2-gradients",
    "no_penalty",
    "The gradients of the penalty are missing.",
    network.network_gradients,
    (' + 2 * reg * params["W1"]', ""),
    (' + 2 * reg * params["W2"]', ""),
)

# --- p2-plot ------------------------------------------------------------------------------------

ERRORS = "1 - np.asarray(accuracies)"

change(
    "p2-plot",
    "accuracies_for_the_errors",
    "The lines show the accuracies; the item asks for the share of wrong points.",
    figures.plot_errors,
    (ERRORS, "np.asarray(accuracies)"),
)
change(
    "p2-plot",
    "per_cent",
    "The lines show per cent; the item asks for a share from 0 to 1.",
    figures.plot_errors,
    (ERRORS, "100 * (1 - np.asarray(accuracies))"),
)
change(
    "p2-plot",
    "epochs_from_one",
    "The epochs are counted from 1; the first accuracy is that after 0 epochs.",
    figures.plot_errors,
    ("range(len(errors))", "range(1, len(errors) + 1)"),
)
change(
    "p2-plot",
    "no_legend",
    "Without a legend the lines cannot be told apart: give each a label and call `axes.legend()`.",
    figures.plot_errors,
    ("    axes.legend()\n", ""),
)
change(
    "p2-plot",
    "no_label_on_y",
    "The vertical axis has no label.",
    figures.plot_errors,
    ('    axes.set_ylabel("share of wrong points")\n', ""),
)

# --- p2-numerical -------------------------------------------------------------------------------

CENTRAL = "(f(x + shift) - f(x - shift)) / (2 * h)"

change(
    "p2-numerical",
    "one_sided",
    "The difference is to x itself; equation (5) has a point on each side of x.",
    network.numerical_gradient,
    (CENTRAL, "(f(x + shift) - f(x)) / h"),
)
change(
    "p2-numerical",
    "half_the_distance",
    "The difference is divided by h; how far apart are the two points?",
    network.numerical_gradient,
    (CENTRAL, "(f(x + shift) - f(x - shift)) / h"),
)
change(
    "p2-numerical",
    "wrong_sign",
    "The two points are swapped, so the sign is wrong.",
    network.numerical_gradient,
    (CENTRAL, "(f(x - shift) - f(x + shift)) / (2 * h)"),
)
change(
    "p2-numerical",
    "all_entries_moved",
    "All entries of x are moved at once; move one entry at a time.",
    network.numerical_gradient,
    ("shift[index] = h", "shift[:] = h"),
)


@misconceptions.function(
    "p2-numerical",
    "numerical_gradient",
    "The array x is changed and not put back.",
)
def x_not_put_back(f, x, h):
    slopes = np.zeros(np.shape(x))
    for index in np.ndindex(slopes.shape):
        x[index] += h
        high = f(x)
        x[index] -= 2 * h
        slopes[index] = (high - f(x)) / (2 * h)
    return slopes


misconceptions.share(
    "the mean over the points",
    ("p2-loss", "sum_over_the_points"),
    ("p2-gradients", "sum_over_the_points"),
)

"""Misconceptions of HOMEWORK: wrong answers, each with a sentence that helps the student.

Most misconceptions are the reference with a piece of its text replaced. `fdl prove HOMEWORK` runs
the hidden tests on each misconception. A misconception must lose points in its own item and in no
other item. Write at least four misconceptions for each item, based on real answers of students. No
sentence may give the solution away.
"""

from __future__ import annotations

import numpy as np

from autograder.grading.misconceptions import Catalogue
from solutions.HOMEWORK import figures, newton

misconceptions = Catalogue()

change = misconceptions.change

# --- p1-newton ------------------------------------------------------------------------------------

STEP = "x - f(x) / slope(x)"

change(
    "p1-newton",
    "up_the_tangent",
    "The step has the wrong sign: it moves away from the point where the tangent crosses zero.",
    newton.newton,
    (STEP, "x + f(x) / slope(x)"),
)
change(
    "p1-newton",
    "no_slope",
    "The value is subtracted as it is; in equation (1) it is divided by the slope first.",
    newton.newton,
    (STEP, "x - f(x)"),
)
change(
    "p1-newton",
    "times_the_slope",
    "The value is multiplied by the slope; equation (1) divides the value by the slope.",
    newton.newton,
    (STEP, "x - f(x) * slope(x)"),
)
change(
    "p1-newton",
    "start_left_out",
    "The start is missing: it belongs in entry 0 of the array that you return.",
    newton.newton,
    ("np.array(iterates)", "np.array(iterates[1:])"),
)
change(
    "p1-newton",
    "last_iterate_alone",
    "Only the last iterate is returned; the item asks for all of them, including the start.",
    newton.newton,
    ("np.array(iterates)", "iterates[-1]"),
)
change(
    "p1-newton",
    "one_step_too_many",
    "There is one step too many: T steps make T + 1 iterates, including the start.",
    newton.newton,
    ("range(num_steps)", "range(num_steps + 1)"),
)


# A wrong function can also be written in full. The function's name is the misconception's name. The
# function's text goes into a notebook cell, so it must use no other name of this module.
@misconceptions.function(
    "p1-newton",
    "newton",
    "Every step uses the slope at the start; equation (1) uses the slope at the last iterate.",
)
def slope_of_the_start(f, slope, x0, num_steps):
    iterates = [float(x0)]
    for _ in range(num_steps):
        iterates.append(iterates[-1] - f(iterates[-1]) / slope(x0))
    return np.array(iterates)


# --- p1-plot --------------------------------------------------------------------------------------

ERRORS = "np.abs(np.asarray(iterates) - root)"

change(
    "p1-plot",
    "iterates_for_the_distances",
    "The lines show the iterates; the item asks for their distances from the root.",
    figures.plot_errors,
    (ERRORS, "np.asarray(iterates)"),
)
change(
    "p1-plot",
    "distances_with_a_sign",
    "The differences from the root have signs; a distance has no sign.",
    figures.plot_errors,
    (ERRORS, "np.asarray(iterates) - root"),
)
change(
    "p1-plot",
    "distances_from_the_end",
    "The distances are measured from the last iterate; the item asks for distances from the root.",
    figures.plot_errors,
    (ERRORS, "np.abs(np.asarray(iterates) - iterates[-1])"),
)
change(
    "p1-plot",
    "steps_from_one",
    "The steps are counted from 1; the start belongs at t = 0.",
    figures.plot_errors,
    ("range(len(errors))", "range(1, len(errors) + 1)"),
)
change(
    "p1-plot",
    "no_legend",
    "Without a legend the lines cannot be told apart: give each a label and call `axes.legend()`.",
    figures.plot_errors,
    ("    axes.legend()\n", ""),
)
change(
    "p1-plot",
    "no_label_on_x",
    "The horizontal axis has no label.",
    figures.plot_errors,
    ('    axes.set_xlabel("step $t$")\n', ""),
)

# --- p1-order -------------------------------------------------------------------------------------

ORDER = "np.log(ratios[-1]) / np.log(ratios[-2])"

change(
    "p1-order",
    "upside_down",
    "The fraction of equation (2) is upside down.",
    newton.convergence_order,
    (ORDER, "np.log(ratios[-2]) / np.log(ratios[-1])"),
)
change(
    "p1-order",
    "ratio_of_the_errors",
    "This is the last ratio of two errors, a rate; the order compares the logarithms of two ratios.",
    newton.convergence_order,
    (ORDER, "ratios[-1]"),
)
change(
    "p1-order",
    "logarithms_of_the_errors",
    "These are logarithms of errors; equation (2) has the logarithms of ratios of errors.",
    newton.convergence_order,
    (ORDER, "np.log(errors[-1]) / np.log(errors[-2])"),
)
change(
    "p1-order",
    "first_three_iterates",
    "The first three iterates are used; the item asks for the order at the last three.",
    newton.convergence_order,
    (ORDER, "np.log(ratios[1]) / np.log(ratios[0])"),
)
change(
    "p1-order",
    "errors_with_a_sign",
    "The errors have signs: take the distance from the root, which is never below zero.",
    newton.convergence_order,
    ("np.abs(np.asarray(iterates, dtype=float) - root)", "np.asarray(iterates, dtype=float) - root"),
)

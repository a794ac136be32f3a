"""A small class for `fdl demo HOMEWORK`: students' submissions, and the points they should lose."""

from __future__ import annotations

from autograder.course.samples import SampleStudent

PROOF = r"""
By Taylor, $0 = f(x^*) = f(x) + f'(x)(x^* - x) + \frac12 f''(\xi)(x^* - x)^2$ at $x = x^t$. The
slope is not zero there, so divide by it: the first terms are $x^* - x^{t+1}$, and
$|x^{t+1} - x^*| = \frac{|f''(\xi)|}{2|f'(x^t)|}|x^t - x^*|^2$.
"""

WRONG_SIGN = """
def newton(f, slope, x0, num_steps):
    iterates = [x0]
    for _ in range(num_steps):
        iterates.append(iterates[-1] + f(iterates[-1]) / slope(iterates[-1]))
    return iterates
"""

NO_LEGEND = """
def plot_errors(root, trajectories):
    figure, axes = plt.subplots()
    for iterates in trajectories.values():
        axes.semilogy(np.abs(iterates - root))
    axes.set(xlabel="t", ylabel="error")
    return figure
"""

STUDENTS = (
    SampleStudent("ada", "the reference, and the proof", answers={"p1-proof": PROOF}),
    SampleStudent(
        "bela",
        "the skeleton, untouched",
        done=frozenset(),
        lost={"p1-newton": 2.0, "p1-plot": 1.0, "p1-order": 1.0},
    ),
    SampleStudent(
        "chloe",
        "a step with the wrong sign",
        answers={"p1-newton-answer": WRONG_SIGN},
        lost={"p1-newton": 2.0},
    ),
    SampleStudent(
        "dmitri",
        "a picture without a legend",
        answers={"p1-plot-answer": NO_LEGEND},
        lost={"p1-plot": 0.25},
    ),
)

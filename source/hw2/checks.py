"""Visible checks of Homework 2: what is right so far, and what to look at next.

Each item that tests mark has a function here, named like the item (`p1-momentum` is
`p1_momentum`), and a cell of its notebook calls it with `globals()`. It tries your functions on
an example small enough for pen and paper. It prints what it compared and how close you came, or
what is wrong. Stuck? Each check has three hints, each more helpful than the one before: open them
below its verdict, or call `checks.hint("momentum")` once, twice, three times.

When you are done, `checks.pack()` (or `python checks.py pack`) runs your saved notebooks again and
packs them into one file to hand in.

A ✓ is a good sign, not a mark: the hidden tests use other and harder inputs, and proofs and words are
read by a person.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from matplotlib.collections import PathCollection, QuadMesh
from matplotlib.figure import Figure
from matplotlib.image import AxesImage

from autograder.release.checkskit import *

# --- Problem 1 ----------------------------------------------------------------------------------
#
# The example: two functions on ℝ² with the gradients x and 2x, the start (2, 4), and three steps
# with the indices 0, 1, 0. A start that is c times as long makes all iterates c times as long.

_INDICES = (0, 1, 0)
_IN_FLOATS = "Compute in floats, also if `x0` has integers: `np.zeros_like(x0)` has integers too."
_ITERATES = np.array([(2, 4), (1, 2), (0.25, 0.5), (-4.5, -9)])
_LENGTHS = {
    1e-15: ("10⁻¹⁵", "Make all steps, however short they are: do not stop early and do not round."),
    1e6: ("10⁶", "Use every gradient as it is, however long."),
}
"""Factors for the length of a start, with their texts and hints."""


def itself(x: np.ndarray) -> np.ndarray:
    """Return the gradient of f(x) = ½ ‖x‖²."""
    return np.array(x, dtype=float)


def squares(x: np.ndarray) -> np.ndarray:
    """Return the gradient of f(x) = ⅓ Σ x³."""
    return np.asarray(x, dtype=float) ** 2


def ones(x: np.ndarray) -> np.ndarray:
    """Return the gradient of f(x) = Σ x."""
    return np.ones(np.shape(x))


def scaled(i: int, x: np.ndarray) -> np.ndarray:
    """Return the gradient of f_i(x) = (i + 1)/2 · ‖x‖²."""
    return (int(i) + 1) * np.asarray(x, dtype=float)


def length_squared(x: np.ndarray) -> float:
    """Return ‖x‖²."""
    return float(np.sum(np.square(x)))


@check(
    "Two things pass from one step to the next: the point and the memory. In each step, which "
    "of them changes first, and which memory does the point then use?",
    "An array of floats with T + 1 rows and d columns. Row 0 holds the start; a loop over the "
    "steps fills one row after the other. With zero steps there is one row.",
    "Section “Momentum”, equations (1) and (2). Do the two steps of the example below them on "
    "paper, then let your loop print its memory and its point.",
)
def p1_momentum(yours: Answers) -> Lines:
    """Check three steps worked out by hand, zero steps, and an unchanged start.

    The three steps also start from integers, very close to 0 and very far away.
    """
    average = (
        "This memory is an average, m = β m + (1 − β) g; equation (1) adds the whole gradient."
    )
    slips = {
        average: [(2, 4), (1.9, 3.8), (1.4, 2.8), (-0.9, -1.8)],
        "The last β is 1.5: use β as it is, also above 1.": [*_ITERATES[:3], (-3, -6)],
    }
    return _three_steps(yours.momentum, gammas=(0.5, 0.25, 1), betas=(0.9, 0.5, 1.5), slips=slips)


@check(
    "Besides the point you need one more thing: where the ball was before. What is that before "
    "the very first step?",
    "As in `momentum`: T + 1 rows, the start in row 0. A step needs only the last two points; "
    "`gammas` and `betas` are used as they are, without conversion.",
    "Section a), equation (3), and the sentence above it about the rest at the start. At "
    "which point is the gradient taken?",
)
def p1a_heavy_ball(yours: Answers) -> Lines:
    """Check the same three steps, with the heavy ball's own parameters."""
    last_row = (
        "At t = 0 your x^(t−1) is the last row, which is still empty: `xs[t-1]` is `xs[-1]` there. "
        "The ball starts at rest, so x^(−1) = x^0."
    )
    slips = {last_row: [(2, 4), (1.9, 3.8), (0.925, 1.85), (-5.85, -11.7)]}
    return _three_steps(yours.heavy_ball, gammas=(0.5, 0.25, 1), betas=(0.45, 0.25, 6), slips=slips)


def _three_steps(
    method: Callable[..., Any],
    *,
    gammas: tuple[float, ...],
    betas: tuple[float, ...],
    slips: Mapping[str, Any],
) -> Lines:
    """Check that a method gives the example's iterates with its own parameters.

    `slips` maps what to say about a frequent slip to its iterates.
    """
    start = np.array([2.0, 4.0])
    rates = np.array(gammas, dtype=float), np.array(betas, dtype=float)
    answer = method(scaled, start, *rates, np.array(_INDICES))
    what = "The iterates of three steps, the start first"
    yield close(answer, _ITERATES, what, hint=slip(answer, slips))
    yield unchanged(start, np.array([2.0, 4.0]), "x0")
    answer = method(scaled, np.array([2, 4]), *rates, np.array(_INDICES))
    what = "The iterates of three steps, from an integer start"
    yield close(answer, _ITERATES, what, hint=_IN_FLOATS)
    for length, (text, hint) in _LENGTHS.items():
        answer = method(scaled, length * start, *rates, np.array(_INDICES))
        what = f"The iterates of three steps, from a start {text} times as long"
        yield _close_as_long(answer, length * _ITERATES, what, hint)
    none = np.array([])
    answer = method(scaled, np.array([2, 4]), none, none, none.astype(int))
    yield close(answer, [(2, 4)], "The iterates of zero steps, from an integer start")


def _close_as_long(answer: Any, right: np.ndarray, what: str, hint: str) -> str:
    """Compare iterates with the right ones; give the hint also if rows are missing."""
    shape = numbers(answer, what).shape
    message = f"{what}: the shape is {shape} but should be {right.shape}. {hint}"
    expect(shape == right.shape, message, "broken")
    return close(answer, right, what, hint=hint)


@check(
    "Eliminate the memory: equation (2) of the step before says what it was. What factor does "
    "the last move then carry?",
    "A pair of arrays, both of length T. One of them is easy. An entry of the other combines "
    "three numbers, one of them from the step before.",
    "The text above the stub: (2) for the step before, put into (1), then compared with (3) "
    "term by term. The convention for the step size before the first gives entry 0. At T = 0 "
    "both arrays are empty.",
)
def p1a_parameters(yours: Answers) -> Lines:
    """Check the parameters with which the heavy ball takes momentum's three steps."""
    gammas, betas = np.array([0.5, 0.25, 1]), np.array([0.9, 0.5, 1])
    answer = yours.heavy_ball_parameters(gammas, betas)
    hat_gammas, hat_betas = pair(answer, "The answer", "γ̂, β̂")
    yield close(hat_gammas, (0.5, 0.25, 1), "The heavy ball's γ for γ = (½, ¼, 1), β = (0.9, ½, 1)")
    yield close(hat_betas, (0.45, 0.25, 4), "The heavy ball's β for γ = (½, ¼, 1), β = (0.9, ½, 1)")
    answer = yours.heavy_ball_parameters(gammas[:2], betas[:2])
    _, hat_betas = pair(answer, "The answer", "γ̂, β̂")
    last_first = "At t = 0 your γ_(t−1) is the last step size: the index −1 counts from the end."
    hint = slip(hat_betas, {last_first: (1.8, 0.25)})
    yield close(
        hat_betas, (0.45, 0.25), "The heavy ball's β for γ = (½, ¼), β = (0.9, ½)", hint=hint
    )
    answer = yours.heavy_ball_parameters(np.array([]), np.array([]))
    hat_gammas, hat_betas = pair(answer, "The answer", "γ̂, β̂")
    array(hat_gammas, "The heavy ball's γ for T = 0", (0,))
    array(hat_betas, "The heavy ball's β for T = 0", (0,))
    yield "for T = 0 both are empty"


@check(
    "Which index does λ have in the step that leads to the point t + 1? One entry of `lambdas` "
    "is never read.",
    "A pair: x with T + 1 rows, the start first, and z with T rows, of which the first is "
    "already one step from the start.",
    "Section b), equations (4) and (5), in this order. The gradient is taken at the average x "
    "and not at z; the two weights in (5) add up to 1.",
)
def p1b_ima(yours: Answers) -> Lines:
    """Check two steps worked out by hand (λ₀ has no effect), an unchanged start, zero steps.

    The two steps also start from integers, very close to 0 and very far away.
    """
    start = np.array([2.0, 4.0])
    for first in (0.0, 7.0):
        rates = np.array([1.0, 1.0]), np.array([first, 1.0, 3.0])
        answer = yours.ima(scaled, start, *rates, np.array(_INDICES[:2]))
        x, z = pair(answer, "The answer", "x, z")
        yield close(x, _ITERATES[:3], f"x of two steps (λ₀ = {first:.0f}), the start first")
        yield close(z, [(0, 0), (-2, -4)], f"z of two steps (λ₀ = {first:.0f})")
        if first == 0:
            yield unchanged(start, np.array([2.0, 4.0]), "x0")
    answer = yours.ima(scaled, np.array([2, 4]), *rates, np.array(_INDICES[:2]))
    x, z = pair(answer, "The answer", "x, z")
    yield close(x, _ITERATES[:3], "x of two steps, from an integer start", hint=_IN_FLOATS)
    yield close(z, [(0, 0), (-2, -4)], "z of two steps, from there", hint=_IN_FLOATS)
    for length, (text, hint) in _LENGTHS.items():
        answer = yours.ima(scaled, length * start, *rates, np.array(_INDICES[:2]))
        x, _ = pair(answer, "The answer", "x, z")
        what = f"x of two steps, from a start {text} times as long"
        yield _close_as_long(x, length * _ITERATES[:3], what, hint)
    none = np.array([])
    answer = yours.ima(scaled, np.array([2, 4]), none, np.array([3.0]), none.astype(int))
    x, z = pair(answer, "The answer", "x, z")
    yield close(x, [(2, 4)], "x of zero steps, the start alone")
    rows = numbers(z, "z of zero steps")
    expect(rows.size == 0, f"z of zero steps has shape {rows.shape} but should be empty: (0, 2).")
    yield "z of zero steps is empty"


@check(
    "There is one more unknown than there are equations. At which end of the sequence can you "
    "choose one freely, so that no division can go wrong afterwards?",
    "A pair: η with T entries, λ with T + 1. The relation is solved for one λ after the other "
    "in a loop, and η comes last, all at once.",
    "The two relations in section b) and the exercise on paper below them, especially its last "
    "question. Write the second relation with the heavy ball's β̂ of part a): what does it say λ_t is, if "
    "you know its neighbour? The relation at t = 0 is not needed.",
)
def p1b_parameters(yours: Answers) -> Lines:
    """Check that the λ you choose are finite, not −1, and obey the relation for t ≥ 1."""
    for gammas, betas in (((0.5, 0.25, 1), (0.9, 0.5, 1)), ((1, 2, 0.5), (0.5, 0, 0.5))):
        g, b = np.array(gammas, dtype=float), np.array(betas, dtype=float)
        answer = yours.ima_parameters(g.copy(), b.copy())
        etas, lambdas = pair(answer, "The answer", "η, λ")
        eta = array(etas, "η for three steps", (3,))
        lam = _lambdas(lambdas, 3)[1:]
        minus = [f"λ{'₁₂₃'[t]} = −1" for t in range(3) if np.isclose(lam[t], -1)]
        expect(
            not minus,
            f"{' and '.join(minus)}, and the method divides by λ + 1. Another choice of the free "
            "λ avoids it.",
        )
        case = f"γ = {gammas}, β = {betas}"
        yield holds(eta, (1 + lam) * g, f"η_t = (1 + λ_(t+1)) γ_t, with {case}")
        left, right = b[1:] * lam[1:], g[:-1] * lam[:-1] / g[1:] - b[1:]
        yield holds(left, right, f"β_t λ_(t+1) = γ_(t−1) λ_t / γ_t − β_t for t ≥ 1, with {case}")
    answer = yours.ima_parameters(np.array([]), np.array([]))
    etas, lambdas = pair(answer, "The answer", "η, λ")
    array(etas, "η for T = 0", (0,))
    _lambdas(lambdas, 0)
    yield "for T = 0 η is empty, and λ has one entry"


def _lambdas(answer: Any, steps: int) -> np.ndarray:
    """Return λ_0, …, λ_T as floats; all but λ_0 have to be finite."""
    lam = np.zeros(1) if np.shape(answer) == (steps + 1,) == (1,) else numbers(answer, "λ")
    size = f"{lam.size}" if lam.ndim == 1 else f"the shape {lam.shape}"
    entries = f"{steps + 1} entries" if steps else "1 entry"
    is_long = lam.shape == (steps + 1,)
    expect(is_long, f"λ must have T+1 = {entries}, yours has {size}.", "broken")
    expect(np.isfinite(lam[1:]).all(), f"λ contains NaN or infinity:\n{shown(lam)}")
    return lam


@example
def two_runs() -> dict[str, np.ndarray]:
    """Return two made-up trajectories by their labels; along the second, ‖x‖² rises at the end."""
    return {
        "first": np.array([[3.0, 0.0], [2.0, 0.0], [1.0, 0.0]]),
        "other": np.array([[0.0, 2.0], [1.0, 1.0], [2.0, 1.0]]),
    }


@check(
    "Each trajectory holds points; the picture shows numbers. What must happen to each point "
    "first?",
    "One line for each entry of the dictionary, with its label; as many values as the "
    "trajectory has rows, against 0, 1, …; then the legend and both axis labels. Return the "
    "Figure.",
    "Section “The picture” of Problem 1. The trajectories may have different lengths, and "
    "`objective` takes one point at a time.",
)
def p1_plot(yours: Answers) -> Lines:
    """Check a line for each trajectory at the objective's values, a legend and axis labels."""
    trajectories = two_runs()
    figure = as_figure(yours.plot_objective(length_squared, trajectories))
    heights = {"first": (9, 4, 1), "other": (4, 2, 5)}
    axes = curve(figure, (0, 1, 2), heights["first"], "f along the trajectory “first”")
    yield "f along the trajectory “first” is a line against the number of steps"
    lowest = "A line shows the smallest f so far; it should show f(x^t) itself, which may rise."
    _no_slip(figure, heights["other"], {lowest: (4, 2, 2)})
    curve(figure, (0, 1, 2), heights["other"], "f along the trajectory “other”")
    yield "f along the trajectory “other” is a line too"
    labels = {f"the trajectory “{label}”": says(label) for label in trajectories}
    yield names_in(figure, labels, exact=True)
    swapped = {"first": {"other"}, "other": {"first"}}
    expect(
        {label: _labels_at(figure, ys) for label, ys in heights.items()} != swapped,
        "Each line has the label of the other one: take label and iterates together, from "
        "`trajectories.items()`.",
    )
    yield axis_labels(axes)


def _no_slip(figure: Figure, right: Any, slips: Mapping[str, Any]) -> None:
    """End the check with the words for a slip if the figure has its heights and not the right ones."""
    heights = [ys for _, _, ys in curves(figure)]

    def has(wanted: Any) -> bool:
        return any(len(ys) == len(wanted) and np.allclose(ys, wanted) for ys in heights)

    for words, wrong in slips.items():
        expect(has(right) or not has(wrong), words)


def _labels_at(figure: Figure, ys: tuple[float, ...]) -> set[Any]:
    """Return the labels of all lines with these heights."""
    lines = (line for axes in figure.axes for line in axes.get_lines())
    return {line.get_label() for line in lines if np.array_equal(line.get_ydata(), ys)}


# --- Problem 2 ----------------------------------------------------------------------------------


@check(
    "Which rule below fails first? If x · ∇L is not 4 L, look at the gradient; if that holds "
    "and the next does not, look at the Hessian.",
    "Four numbers; four rows of four numbers, the same above and below the diagonal; one "
    "number. In the Hessian a block belongs to u, a row and a column to u with v, and a corner "
    "to v alone.",
    "Section a): your derivatives of ½ ‖u‖² v², with the point put in. The mixed derivative is "
    "easy to miss: differentiate the entry for v once more by u.",
)
def p2a_values(yours: Answers) -> Lines:
    """Check shapes and the rules x·∇L = 4L and ∇²L x = 3∇L, which follow from L(s·x) = s⁴ L(x)."""
    x, loss = np.array([3.0, -1.0, 2.0, 2.0]), 28.0
    gradient = array(yours.value("gradient_at_point"), "gradient_at_point", (4,))
    hessian = array(yours.value("hessian_at_point"), "hessian_at_point", (4, 4))
    trace = array(yours.value("trace_at_point"), "trace_at_point", ())
    yield "the gradient has shape (4,), the Hessian (4, 4), the trace is a number"
    yield holds(x @ gradient, 4 * loss, "x · ∇L = 4 L")
    yield holds(hessian, hessian.T, "∇²L is symmetric")
    yield holds(hessian @ x, 3 * gradient, "∇²L x = 3 ∇L")
    yield holds(trace, np.diag(hessian).sum(), "the trace is the sum of the Hessian's diagonal")


_OLD = "Both updates use the old u and the old v; this is v⁺ with the new u."
_MINUS = "The first step goes uphill: the sign of ρ is wrong."
_NORMALISED = "The step up is ρ times the gradient as it is; don't divide by its length."
_CUT_OFF = "Use η as it is, also above 1."
_FROM_ABOVE = "The step down starts from the old point, not from the one uphill."


@check(
    "Is there a line that changes one of the two while the other still needs its old value?",
    "A pair: an array like u, and a number. Each is its old value times a number that depends "
    "on η and on the other one.",
    "Section b): put the gradient of part a) into x − η ∇L(x) and pull the old value out in "
    "front of a bracket.",
)
def p2b_gd_update(yours: Answers) -> Lines:
    """Check one step of GD from u = (1, 2), v = 2 with η = 0.1 and η = 2, worked out by hand."""
    yours.write_out("gd_update")
    u = np.array([1.0, 2.0])
    for eta, right_u, right_v in ((0.1, (0.6, 1.2), 1.0), (2, (-7, -14), -18)):
        u_next, v_next = pair(yours.gd_update(u, 2.0, eta), "The answer", "u⁺, v⁺")
        hint = slip(u_next, {_CUT_OFF: (-3, -6)})
        yield close(u_next, right_u, f"u⁺ from u = (1, 2), v = 2 with η = {eta}", hint=hint)
        yield close(v_next, right_v, "v⁺ from there", hint=slip(v_next, {_OLD: 1.64}))
    yield unchanged(u, np.array([1.0, 2.0]), "u")


@check(
    "USAM takes the gradient at another point than its own. Write this other point down first, "
    "as a pair (ũ, ṽ): how does each differ from u and v?",
    "A pair as in `gd_update`, and at ρ = 0 the same pair. With ρ each factor gains brackets "
    "such as (1 + ρ · …), some of them squared.",
    "The text above the stub, and the update in section b): put the shifted point into both "
    "entries of the gradient of part a). Each entry is a product of a square and a first power, "
    "and each of these brings its own bracket.",
)
def p2b_usam_update(yours: Answers) -> Lines:
    """Check one step of USAM at ρ = 0.1, worked out by hand, and at ρ = 0, a step of GD."""
    yours.write_out("usam_update")
    u = np.array([1.0, 2.0])
    slips = {_MINUS: 0.9775, _NORMALISED: 0.878735, _FROM_ABOVE: 0.8525, _CUT_OFF: -1.475}
    steps = {
        (0.1, 0.0): ((0.9, 1.8), 0.5),
        (0.1, 0.1): ((0.7525, 1.505), 0.0925),
        (2, 0.1): ((-3.95, -7.9), -17.15),
    }
    for (eta, rho), (right_u, right_v) in steps.items():
        answer = yours.usam_update(u, 1.0, eta, rho)
        u_next, v_next = pair(answer, "The answer", "u⁺, v⁺")
        what = f"u⁺ from u = (1, 2), v = 1 with η = {eta}, ρ = {rho}"
        hint = slip(u_next, {words: (a, 2 * a) for words, a in slips.items()})
        yield close(u_next, right_u, what, hint=hint)
        hint = slip(v_next, {_OLD: 0.5604195 if rho else 0.595})
        yield close(v_next, right_v, "v⁺ from there", hint=hint)
    yield unchanged(u, np.array([1.0, 2.0]), "u")


@check(
    "Split the point first: which entry is v? The rest is u, however long it is.",
    "`loss` gives a number, `gradient` an array as long as the point, its entries in the same "
    "order. Both must work for u of length 1 as well.",
    "The definition of L at the top of Problem 2, and your derivation in section a). The check "
    "compares the gradient with slopes of your own loss: if only it fails, the loss is right.",
)
def p2c_loss_gradient(yours: Answers) -> Lines:
    """Check L at (1, 2, 2), and your gradient against finite differences of your loss."""
    x = np.array([1.0, 2.0, 2.0])
    yield close(yours.loss(x), 10.0, "L at u = (1, 2), v = 2")
    right = slopes(yours.loss, x)
    yield close(yours.gradient(x), right, "The gradient, against finite differences of your loss")


@check(
    "If the corner is right and the block is right, what couples u with v? And does the trace "
    "count every diagonal entry, however many u has?",
    "A square matrix, one row longer than u, and a number. It has four blocks; three of them "
    "depend on v, and it equals its transpose.",
    "Section a): your Hessian, block by block, and its trace as a formula in d, ‖u‖² and v².",
)
def p2c_hessian_trace(yours: Answers) -> Lines:
    """Check the Hessian at u = (1, 2), v = 3 and its trace, worked out by hand."""
    x = np.array([1.0, 2.0, 3.0])
    hessian = [(9, 0, 6), (0, 9, 12), (6, 12, 5)]
    yield close(yours.hessian(x), hessian, "The Hessian at u = (1, 2), v = 3")
    yield close(yours.hessian_trace(x), 23.0, "Its trace")


@check(
    "How many points are there after `num_steps` steps? And what if `eta` is a single number in "
    "one call and a whole sequence in the next?",
    "`num_steps` + 1 rows of floats, the start in row 0. Numpy can turn a number into a "
    "sequence of equal numbers and leaves a sequence as it is.",
    "Section c), “Gradient descent”: the update and the conventions listed with it (a copy of "
    "the start, exactly that many steps).",
)
def p2c_gd(yours: Answers) -> Lines:
    """Check three halvings with ∇f(x) = x and η = ½, a step size for each step, and zero steps.

    The halvings also start from integers, very close to 0 and very far away.
    """
    start, right = np.array([4.0, 8.0]), np.array([(4, 8), (2, 4), (1, 2), (0.5, 1)])
    answer = yours.gd(itself, start, 0.5, 3)
    yield close(answer, right, "Three steps with ∇f(x) = x, η = ½")
    yield unchanged(start, np.array([4.0, 8.0]), "x0")
    answer = yours.gd(itself, np.array([4, 8]), 0.5, 3)
    yield close(answer, right, "Three steps, from an integer start", hint=_IN_FLOATS)
    for length, (text, hint) in _LENGTHS.items():
        answer = yours.gd(itself, length * start, 0.5, 3)
        what = f"Three steps, from a start {text} times as long"
        yield _close_as_long(answer, length * right, what, hint)
    answer = yours.gd(itself, start, np.array([0.5, 2.0]), 2)
    yield close(answer, [(4, 8), (2, 4), (-2, -4)], "Two steps with η = (½, 2)")
    answer = yours.gd(itself, np.array([4, 8]), 0.5, 0)
    yield close(answer, [(4, 8)], "Zero steps, from an integer start")


@check(
    "One step needs two gradients. At which point is each of them taken, and from which of the "
    "two points does the step start?",
    "As in `gd`, with one more line in the loop. At ρ = 0 both methods must agree to the last "
    "digit.",
    "Section c), “USAM”: the update with ρ. The step up uses the gradient as it is, without "
    "dividing by its length, and the step down starts from where you were before.",
)
def p2c_usam(yours: Answers) -> Lines:
    """Check steps with ∇f(x) = x² (entry by entry), worked out by hand, for two values of ρ.

    Steps with ∇f(x) = x start very close to 0 and very far away.
    """
    start = np.array([1.0, -1.0])
    answer = yours.usam(squares, start, 0.125, 1.0, 2)
    right = [(1.0, -1.0), (0.5, -1.0), (0.4296875, -1.0)]
    slips = {
        _MINUS: [(1.0, -1.0), (1.0, -1.5), (1.0, -3.2578125)],
        _NORMALISED: [(1.0, -1.0), (0.6357233, -1.0107233), (0.5098228, -1.0115403)],
        _FROM_ABOVE: [(1.0, -1.0), (1.5, 0.0), (1.9921875, 0.0)],
    }
    what = "Two steps with ∇f(x) = x², η = ⅛, ρ = 1"
    yield close(answer, right, what, hint=slip(answer, slips))
    yield unchanged(start, np.array([1.0, -1.0]), "x0")
    answer = yours.usam(squares, np.array([1, -1]), 0.125, 1.0, 2)
    yield close(answer, right, "Two steps, from an integer start", hint=_IN_FLOATS)
    answer = yours.usam(squares, start, np.array([0.5, 2.0]), 0.0, 2)
    right = [(1.0, -1.0), (0.5, -1.5), (0.0, -6.0)]
    hint = slip(answer, {_CUT_OFF: [(1.0, -1.0), (0.5, -1.5), (0.25, -3.75)]})
    yield close(answer, right, "Two steps with η = (½, 2), ρ = 0", hint=hint)
    path = np.array([(4, 8), (2, 4), (1, 2)])
    for length, (text, hint) in _LENGTHS.items():
        answer = yours.usam(itself, length * path[0], 0.25, 1.0, 2)
        what = f"Two steps with ∇f(x) = x, η = ¼, ρ = 1, from {text}·(4, 8)"
        yield _close_as_long(answer, length * path, what, hint)
    answer = yours.usam(squares, np.array([1, -1]), 0.5, 1.0, 0)
    yield close(answer, [(1, -1)], "Zero steps, from an integer start")


def drift(gradient: Any, x0: Any, eta: float, rho: float, num_steps: int) -> np.ndarray:
    """Run a made-up optimiser, called like `usam`: each step adds (η + 3ρ) ∇f(x⁰)."""
    start = np.array(x0, dtype=float)
    steps = np.arange(num_steps + 1)[:, np.newaxis]
    iterates: np.ndarray = start + steps * (eta + 3 * rho) * gradient(start)
    return iterates


@check(
    "There are three nested loops. Which of them makes a key of the dictionary, and which a row "
    "of an array?",
    "A dictionary from (eta, rho) to an array with a row for each start. Each run keeps only "
    "one row of what `optimizer` returns.",
    "Section c), “The experiment”: the order of the arguments of `optimizer`. Call the "
    "function that is passed in, not your `usam`.",
)
def p2c_experiment(yours: Answers) -> Lines:
    """Check the last iterates of a made-up optimiser from every start, for every pair (η, ρ)."""
    starts = np.array([[1.0, 2.0], [3.0, 4.0], [-5.0, 0.0]])
    shifts = {(0.1, 0.0): 1.0, (0.1, 0.2): 7.0, (0.5, 0.0): 5.0, (0.5, 0.2): 11.0}
    answer = yours.run_experiment(drift, ones, starts.copy(), [0.1, 0.5], [0.0, 0.2], 10)
    something(answer, "The answer")
    is_dict = isinstance(answer, Mapping)
    expect(is_dict, f"The answer: got {kind(answer)} instead of a dict.", "broken")
    expect(
        set(answer) == set(shifts),
        f"With η in (0.1, 0.5) and ρ in (0.0, 0.2) the keys are {list(answer)} "
        f"but should be the pairs (η, ρ): {list(shifts)}.",
    )
    yield "the keys are the pairs (η, ρ)"
    for (eta, rho), shift in shifts.items():
        what = f"The last iterates from three starts at η = {eta}, ρ = {rho}"
        shape = numbers(answer[eta, rho], what).shape
        expect(
            shape != (3, 11, 2),
            f"{what}: the shape is (3, 11, 2), which are whole runs. Keep only the last row of "
            "each run.",
            "broken",
        )
        expect(
            shape != (2,),
            f"{what}: the shape is (2,) but should be (3, 2). Each start needs a row of its own.",
            "broken",
        )
        yield close(answer[eta, rho], starts + shift, what)


def sum_of_entries(x: np.ndarray) -> float:
    """Return the sum of a point's entries, a made-up trace."""
    return float(x[0] + x[1])


@example
def three_ends() -> dict[tuple[float, float], np.ndarray]:
    """Return made-up results: three last iterates for each (η, ρ), and one that diverged."""
    ends = np.array([[0.0, 1.0], [-1.0, 3.0], [4.0, 5.0]])
    shifts = {(0.1, 0.0): 4.0, (0.1, 0.2): 3.0, (0.5, 0.0): 2.0, (0.5, 0.2): 0.5}
    made = {pair: ends + np.array([0, shift]) for pair, shift in shifts.items()}
    made[0.1, 0.0] = np.append(made[0.1, 0.0], [[0.0, 1e7]], axis=0)
    return made


@check(
    "The keys are pairs. How do you get from them the values of η, one for each line, and the "
    "values of ρ in increasing order?",
    "For each η a line with one point for each ρ. Its height is one number for all starts "
    "together: half of them lie above it and half below.",
    "Section c), “First picture”. `hessian_trace` takes one point at a time; the median is "
    "taken afterwards, over the runs that did not diverge.",
)
def p2c_trace_plot(yours: Answers) -> Lines:
    """Check a line for each η: the median of a made-up trace over three starts, against ρ."""
    figure = as_figure(yours.plot_traces(sum_of_entries, three_ends()))
    diverged = (
        "The median at η = 0.1, ρ = 0 is 9.5 and should be 6: one of the runs diverged, to a norm "
        "of 10⁷. Leave out runs farther than 10⁶ from the origin."
    )
    of_points = (
        "A line shows the trace at the median point; it should show the median of the traces."
    )
    _no_slip(figure, (6, 5), {diverged: (9.5, 5), of_points: (7, 6)})
    axes = curve(figure, (0, 0.2), (6, 5), "The median over the starts at η = 0.1")
    yield "the medians at η = 0.1 are a line against ρ"
    curve(figure, (0, 0.2), (4, 2.5), "The median over the starts at η = 0.5")
    yield "the medians at η = 0.5 are a line too"
    yield names_in(figure, {f"η = {eta}": says_number(eta) for eta in (0.1, 0.5)})
    yield axis_labels(axes)


def valley(x: Any) -> Any:
    """Return the made-up loss (u + 3/2)² + 3(v − 1)² at [u, v], two numbers or two arrays."""
    if np.shape(x)[:1] != (2,):
        shape = np.shape(x)
        raise ValueError(f"`loss` takes a point [u, v], not an array of shape {shape}")
    u, v = np.asarray(x, dtype=float)
    return (u + 1.5) ** 2 + 3 * (v - 1) ** 2


_GD = r"\bs?gd\b|gradient|descent|abstieg|(?:ρ|rho)\W*0(?:\.0*)?(?![.\d])"
_USAM = r"sam\b|sharp|perturb|(?:ρ|rho)\W*(?:0?\.2|1)|(?:ρ|rho)\s*>\s*0"
"""Patterns of the names of both methods in a picture."""


@example
def two_ends() -> dict[tuple[float, float], np.ndarray]:
    """Return made-up results of an experiment: two last iterates for each (η, ρ)."""
    away = np.array([(1.75, 1.375), (1.75, -1.375)])
    return {
        (0.5, 0.0): away,
        (0.5, 0.2): away,
        (0.5, 1.0): away,
        (0.1, 0.0): np.array([(1.0, 0.5), (-2.4, 1.0)]),
        (0.1, 0.2): np.array([(0.5, -1.8), (0.25, 0.75)]),
        (0.1, 1.0): np.array([(0.1, -0.6), (-0.4, 0.2)]),
    }


@check(
    "Two things share the axes: a surface made of many values of `loss`, and points from "
    "`results`. Which keys of `results` belong to the picture of this `eta`?",
    "A grid over the plane with the loss at each of its points; u to the right, v upwards. One set of "
    "marks for ρ = 0 and one for the positive ρ, both named in the legend.",
    "Section c), “Second picture”. `loss` takes one point [u, v] at a time. The first column of "
    "the iterates is u, the second v.",
)
def p2c_surface_plot(yours: Answers) -> Lines:
    """Check the surface of a made-up loss, with the last iterates of GD and USAM at one η."""
    ends = two_ends()
    figure = as_figure(yours.plot_landscape(valley, two_ends(), 0.1))
    surface = [
        axes for axes in figure.axes if axes.images or any(map(_may_be_surface, axes.collections))
    ]
    expect(
        surface,
        "The figure shows no surface: draw it with `contourf`, `pcolormesh` or `plot_surface`.",
    )
    yield "the figure holds a surface"
    (marked, seen, labels), found = _points(figure), surfaces(figure)
    if any(_labels(axes) == ("v", "u") for axes in surface):  # a turned plane is right too
        marked, found = marked[:, ::-1], [data[:, [1, 0, 2]] for data in found]
    radii = {0.0: "GD (ρ = 0)", 0.2: "USAM (ρ = 0.2)", 1.0: "USAM (ρ = 1)"}
    _right_surface(found, np.concatenate([ends[0.1, rho] for rho in radii]))
    for rho, name in radii.items():
        at = [_is_at(marked, end) for end in ends[0.1, rho]]
        expect(
            all(each.any() for each in at),
            f"The last iterates of {name} at η = 0.1 are not all marked at their (u, v); "
            "`scatter` or `plot(…, 'o')` marks them.",
        )
        expect(
            all((each & seen).any() for each in at),
            f"The last iterates of {name} at η = 0.1 are marked, but not all marks can be seen. "
            "Some are under the surface (a larger `zorder` helps), outside the limits of the axes, "
            "or without size or opacity.",
        )
        yield f"the last iterates of {name} are marked"
    expect(
        not any(_is_at(marked, end).any() for end in ends[0.5, 0.0]),
        "The figure marks last iterates of η = 0.5 too. It was asked for η = 0.1: take only the "
        "keys of `results` with this `eta`.",
    )
    yield names_in(figure, {"GD": says(_GD), "USAM": says(_USAM)})
    for label in {label for end in ends[0.1, 0.0] for label in labels[_is_at(marked, end)]}:
        expect(
            says(_GD)(label) or not says(r"\busam\b")(label),
            f"The last iterates with ρ = 0 are named “{label}”, but ρ = 0 is GD.",
        )
    yield axis_labels(surface[0])


def _labels(axes: Any) -> tuple[str, str]:
    """Return the labels of both axes without dollar signs."""
    return axes.get_xlabel().strip(" $").lower(), axes.get_ylabel().strip(" $").lower()


def _right_surface(found: list[np.ndarray], ends: np.ndarray) -> None:
    """Check that a surface rises where the loss does, and reaches all ends, if it can be read."""
    if not found:
        return
    turned = {
        "u and v are exchanged: u belongs to the right, v upwards. Is the grid of values "
        "transposed, or is `loss` called with [v, u]?": lambda x: valley(x[::-1]),
        "v is upside down; `imshow` needs `origin='lower'`.": lambda x: valley(x * [[1], [-1]]),
        "u is mirrored.": lambda x: valley(x * [[-1], [1]]),
        "the values belong to a smaller plane. Do the grid or `extent` fit the values?": lambda x: (
            valley(x / 2)
        ),
        "the values belong to a larger plane. Do the grid or `extent` fit the values?": lambda x: (
            valley(x * 2)
        ),
    }
    fit = max(rises_with(data, valley) for data in found)
    if fit < 0.97:
        fits = {max(rises_with(data, f) for data in found): words for words, f in turned.items()}
        likely = f" In it, {fits[max(fits)]}" * (max(fits) >= 0.9)
        expect(
            fit >= 0.9 and max(fits) <= fit + 0.03,
            f"The surface does not show `loss` at its (u, v).{likely}",
        )
    low, high = (
        pick([pick(data[:, :2], axis=0) for data in found], axis=0) for pick in (np.min, np.max)
    )
    slack = 0.06 * np.maximum(high - low, 1)
    expect(
        (ends >= low - slack).all() and (ends <= high + slack).all(),
        f"The surface ends before some marks do: it shows u from {low[0]:.3g} to {high[0]:.3g}, v "
        f"from {low[1]:.3g} to {high[1]:.3g}. Make the plane large enough for all of them.",
    )


def _points(figure: Figure) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return all points and lines of a figure: (u, v), whether it is seen, and its label."""
    found, seen, labels = [np.empty((0, 2))], [], []
    for axes in figure.axes:
        covered = _covered(axes)
        artists: list[Any] = [*axes.get_lines(), *axes.collections]
        for artist in artists:
            solid = getattr(artist, "_offsets3d", None)
            if hasattr(artist, "get_data_3d"):
                points = np.column_stack(artist.get_data_3d()[:2])
            elif hasattr(artist, "get_xydata"):
                points = artist.get_xydata()
            else:
                points = np.column_stack(solid[:2]) if solid else artist.get_offsets()
            points = np.asarray(points, float).reshape(-1, 2)
            found.append(points)
            is_seen = is_visible(artist) and artist not in covered
            seen += [*(within_limits(axes, points) & is_seen)]
            labels += [str(artist.get_label())] * len(points)
    return np.concatenate(found), np.array(seen, dtype=bool), np.array(labels, dtype=object)


def _is_at(points: np.ndarray, place: np.ndarray) -> np.ndarray:
    """Return for each point whether it is at a place of the plane."""
    at: np.ndarray = np.isclose(points, place, atol=1e-6).all(axis=1)
    return at


def _covered(axes: Any) -> list[Any]:
    """Return what plane axes draw before a filled surface that hides it."""
    drawn = [] if axes.name == "3d" else sorted(axes.get_children(), key=lambda a: a.get_zorder())
    fills = [k for k, artist in enumerate(drawn) if _fills(artist)]
    return drawn[: max(fills, default=0)]


def _fills(artist: Any) -> bool:
    """Return whether an artist is a surface through which nothing can be seen."""
    is_plane = getattr(artist, "filled", False) or isinstance(artist, (QuadMesh, AxesImage))
    opaque = artist.get_alpha() is None or np.min(artist.get_alpha()) == 1
    return bool(is_plane and opaque and artist.get_visible())


def _may_be_surface(artist: Any) -> bool:
    """Return whether a collection is more than a few marks: marks may form a surface by colour."""
    is_marks = isinstance(artist, PathCollection) and len(artist.get_sizes()) > 0
    return not is_marks or np.size(artist.get_array()) >= 50


# --- Problem 3 ----------------------------------------------------------------------------------

_V4 = np.array([1.0, 2.0, 3.0, 4.0])
_W4 = np.array([[1.0, 0.0], [2.0, 1.0], [-1.0, 0.0], [3.0, 5.0]])
_X = np.array([0.6, 0.8])


@check(
    "f is a sum over r with a factor in front. Where does v_r occur, and where w_r? "
    "Compare the factor in front first: both derivatives have the same.",
    "An array of shape (m,) and one of shape (m, d): row r is the derivative in w_r. Each row "
    "is a multiple of the same vector.",
    "Section a), its question and hints, and the chain rule for σ(w_rᵀx). "
    "`activation` and `activation_derivative` are given.",
)
def p3a_gradients(yours: Answers) -> Lines:
    """Check ∂f/∂v, worked out by hand, and ∂f/∂W, against finite differences of `network`."""
    answer = yours.gradient_v(_V4.copy(), _W4.copy(), _X.copy(), 2)
    yield close(answer, (0.18, 2, 0, 16.82), "∂f/∂v at a network of width 4, n = 2")
    for n in (1, 2):
        right = slopes(lambda W, n=n: yours.network(_V4, W, _X, n), _W4)  # type: ignore[misc]
        answer = yours.gradient_W(_V4.copy(), _W4.copy(), _X.copy(), n)
        yield close(
            answer,
            right,
            f"∂f/∂W, against finite differences of the given network, n = {n}",
            hint="Row r is ∂f/∂w_r.",
        )


@check(
    "The kernel has two parts, one for each group of parameters. Compare your answer at n = 1 with "
    "the expected one: is the diagonal right, and which part is missing or too large?",
    "A symmetric array of shape (N, N). An entry is an inner product of all derivatives at one "
    "input with those at another; it contains a sum over r and a factor 1/m.",
    "Section b), the definition of H(0). For the part in W: what is the inner product of two "
    "matrices that are both a column times a row? Section a) has these matrices.",
)
def p3b_kernel(yours: Answers) -> Lines:
    """Check the kernel of a network of width 2 at three inputs, worked out by hand."""
    v, W = np.array([1.0, -2.0]), np.array([[1.0, 1.0], [2.0, -1.0]])
    X = np.array([[1.0, 0.0], [0.6, 0.8], [0.0, 1.0]])
    kernels = {
        1: [(5, 2.6, 0.5), (2.6, 3.56, 1.1), (0.5, 1.1, 1)],
        2: [(42.5, 6.82, 0.5), (6.82, 7.1336, 3.22), (0.5, 3.22, 2.5)],
    }
    for n, kernel in kernels.items():
        answer = yours.empirical_ntk(v, W, X, n)
        yield close(answer, kernel, f"The kernel of a network of width 2 at three inputs, n = {n}")


@check(
    "Which angles are between the three inputs of the check? Put each of them into your formula "
    "by hand and see which one the code gets wrong.",
    "A symmetric array of shape (N, N) with a value for each pair of rows, which depends only "
    "on the angle. On the diagonal it is finite and the same for all rows.",
    "Section c), equation (6) for n = 1, and for the second part the same equation for n = 0. "
    "Part b) says how the two are put together. The ends 0 and π come from a form in which "
    "nothing is divided by the sine.",
)
def p3c_relu(yours: Answers) -> Lines:
    """Check the limit for n = 1 at equal, orthogonal, opposite and oblique inputs."""
    corner = 1 / (2 * np.pi)
    right = [(1, corner, 0), (corner, 1, corner), (0, corner, 1)]
    return _limit(yours, 1, right, (0.550224, 0.731627, -0.049776), hint="")


@check(
    "Is your value at equal inputs too small by exactly 1? Then look at the derivative of z² "
    "once more, and at how often it enters the product. Is it NaN? Then see which of the angles "
    "0 and π your formula divides by zero at.",
    "As for n = 1: one formula in the angle for all pairs. It begins with the same factor, and "
    "at the right angle only π is left in it, which cancels.",
    "Section c), equation (6) for n = 2: the operator is applied twice, with the division each "
    "time. The text below it gives a value at θ = 0 to compare with.",
)
def p3c_squared(yours: Answers) -> Lines:
    """Check the limit for n = 2 at equal, orthogonal, opposite and oblique inputs."""
    right = [(3.5, 0.25, 0), (0.25, 3.5, 0.25), (0, 0.25, 3.5)]
    hint = (
        "At equal inputs the limit is E[z⁴ 1] + E[4z² 1] = 3/2 + 2; the printed sheet has 5/2 there, "
        "because it lost a factor 2 in (z²)′ = 2z."
    )
    return _limit(yours, 2, right, (1.6484, 2.45906, -0.068396), hint=hint)


def _limit(yours: Answers, n: int, right: Any, oblique: Any, *, hint: str) -> Lines:
    """Check the limit at inputs with simple angles, at an oblique one, and after rounding."""
    X = np.array([[1.0, 0.0], [0.0, 1.0], [-1.0, 0.0]])
    what = f"The limit at (1, 0), (0, 1) and (−1, 0), n = {n}"
    answer = numbers(yours.limit_ntk(X, n), what)
    is_printed = answer.shape == (3, 3) and np.isclose(np.diag(answer), 2.5).all()
    yield close(answer, right, what, hint=hint if is_printed else "")
    answer = numbers(yours.limit_ntk(np.vstack([X, [[0.6, 0.8]]]), n), "The limit")
    expect(answer.shape == (4, 4), f"The limit of 4 inputs has the shape {answer.shape}.", "broken")
    yield close(answer[3, :3], oblique, f"The limit of (0.6, 0.8) with each of them, n = {n}")
    row = np.full(3, np.sqrt(1 / 3)) * (1 + 4e-16)
    kernel = numbers(yours.limit_ntk(np.array([row, row]), n), "The limit")
    expect(
        not np.isnan(kernel).any(),
        "The limit is NaN if a rounding error makes x·x larger than 1: keep the arguments of "
        "arccos and square roots inside their range.",
    )
    yield close(kernel, np.full((2, 2), right[0][0]), "The limit for x·x = 1 + 10⁻¹⁵")


_GUIDE = r"guide|slope|[-−–]\s*\(?(?:1/2|½|0[.,]5)|steigung|pente|refer"
"""Pattern of the guide's name in a picture that names nothing else."""


@check(
    "On logarithmic axes a power law is a straight line. Which power of the width has the slope "
    "−1/2?",
    "A Figure with two lines over the same widths: the errors, and a guide that starts, for "
    "example, at the first of them. Two labels in a legend, and a label for each axis.",
    "Section “How fast does the kernel reach its limit?”. `axes.loglog` draws a line and makes "
    "both axes logarithmic.",
)
def p3_plot(yours: Answers) -> Lines:
    """Check the errors on logarithmic axes, and a guide of slope −1/2 with its label."""
    widths, errors = np.array([16, 64, 256, 1024]), np.array([0.4, 0.21, 0.09, 0.052])
    figure = as_figure(yours.plot_convergence(widths, errors))
    axes = curve(figure, widths, errors, "The errors")
    yield "the errors are a line against the widths"
    expect(
        any(shows_logarithms(each) for each in figure.axes),
        "Both axes should be logarithmic: `axes.loglog(…)`.",
    )
    yield "both axes are logarithmic"
    expect(
        any(_is_guide(at, x, y) for at, x, y in curves(figure)),
        "There is no straight line of slope −1/2, such as errors[0]·√(widths[0]/width).",
    )
    yield "there is a guide of slope −1/2"
    if len(legend_texts(figure)) >= 2:
        yield legend_names(figure, 2)
    else:
        yield names_in(figure, {"the guide": says(_GUIDE)}, exact=True)
    yield axis_labels(axes)


def _is_guide(axes: Any, x: np.ndarray, y: np.ndarray) -> bool:
    """Return whether a line, or a piece of it, has slope −1/2 in logarithms.

    Linear axes may show the logarithms themselves.
    """
    scales = (axes.get_xscale(), x), (axes.get_yscale(), y)
    if len(x) < 2 or any(scale == "log" and (values <= 0).any() for scale, values in scales):
        return False
    run, rise = (np.diff(np.log(v) if scale == "log" else v) for scale, v in scales)
    return bool(np.any((run != 0) & np.isclose(rise, -run / 2, atol=1e-6)))

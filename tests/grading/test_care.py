"""One slip costs points once: at most a quarter of the first item in which it occurs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from itertools import combinations
from pathlib import Path
from types import CodeType
from typing import Any

import numpy as np
import pytest

from autograder.course.assignment import Course
from autograder.course.samples import SampleStudent
from autograder.grading.inprocess import LocalMarker
from autograder.grading.misconceptions import Misconception, load_misconceptions
from autograder.grading.points import charge_once
from autograder.grading.report import Claim, ItemReport, Report
from solutions.hw2 import landscape
from tests.warm import WARM

from .conftest import MarkStudent

SEEDS = (0, 3)

UNCLIPPED = """
def limit_ntk(X, n):
    cos = X @ X.T
    theta = np.arccos(cos)
    S, omega = np.sin(theta), np.pi - theta
    if n == 1:
        return (S + 2 * omega * cos) / (2 * np.pi)
    return (7 * S * cos + omega * (1 + 6 * cos**2)) / (2 * np.pi)
"""
NORMALISED_AGAIN = UNCLIPPED.replace(
    "    cos =", "    X = X / np.linalg.norm(X, axis=1, keepdims=True)\n    cos ="
)
WITH_A_SINE_BELOW = UNCLIPPED.replace("X @ X.T", "np.clip(X @ X.T, -1, 1)").replace(
    "if n == 1:",
    "if n == 1:\n        return (S**3 * (1 / S**2 + omega * cos / S**3) + omega * cos) / (2*np.pi)",
)
WITH_NAN_SET_TO_ZERO = UNCLIPPED.replace("np.arccos(cos)", "np.nan_to_num(np.arccos(cos))")
IN_SINGLE_PRECISION = UNCLIPPED.replace("    cos =", "    X = np.float32(X)\n    cos =")

LOOP = """
def momentum(gradient, x0, gammas, betas, indices):
    START
    iterates, m = [KEPT], 0.0
    for t, i in enumerate(indices):
        m = betas[t] * m + gradient(i, x)
        x -= gammas[t] * m
        iterates.append(KEPT)
    return np.array(iterates)

def heavy_ball(gradient, x0, gammas, betas, indices):
    START
    iterates, before = [KEPT], np.array(x0, dtype=float)
    for t, i in enumerate(indices):
        move = betas[t] * (x - before) - gammas[t] * gradient(i, x)
        before = x.copy()
        x += move
        iterates.append(KEPT)
    return np.array(iterates)
"""
VALLEY_LOOPS = """
def gd(gradient, x0, eta, num_steps):
    START
    iterates = [KEPT]
    for step in np.broadcast_to(eta, num_steps):
        x -= step * gradient(x)
        iterates.append(KEPT)
    return np.array(iterates)

def usam(gradient, x0, eta, rho, num_steps):
    START
    iterates = [KEPT]
    for step in np.broadcast_to(eta, num_steps):
        x -= step * gradient(x + rho * gradient(x))
        iterates.append(KEPT)
    return np.array(iterates)
"""
UPDATE_IN_PLACE = """
def gd_update(u, v, eta):
    a = u @ u
    u -= eta * v**2 * u
    return u, v - eta * a * v
"""
START_AND_ROWS = {"START": "x = x0", "KEPT": "x"}
START = {"START": "x = x0", "KEPT": "x.copy()"}
FIRST_ROW = {"START": "x = x0", "[KEPT]": "[x0]", "KEPT": "x.copy()"}
ROWS = {"START": "x = np.array(x0, dtype=float)", "KEPT": "x"}
INTEGERS = {
    "START": "x = np.array(x0)",
    "x += move": "x = (x + move).astype(x0.dtype)",
    "x -= gammas[t] * m": "x = (x - gammas[t] * m).astype(x0.dtype)",
    "x -= step * ": "x = x - step * ",
    "gradient(x)\n": "gradient(x)\n        x = x.astype(x0.dtype)\n",
    "gradient(x))\n": "gradient(x))\n        x = x.astype(x0.dtype)\n",
    "KEPT": "x.copy()",
}


def written(text: str, changes: Mapping[str, str]) -> str:
    for old, new in changes.items():
        text = text.replace(old, new)
    return text


def functions(text: str) -> dict[str, CodeType]:
    """Return the compiled text for each function that it defines."""
    names = [line[4:].partition("(")[0] for line in text.splitlines() if line.startswith("def ")]
    return dict.fromkeys(names, compile(text, "<care>", "exec"))


def lost(
    course: Course, problem: str, texts: Mapping[str, str], seed: int
) -> dict[str, dict[str, float]]:
    """Return, for each text, the share of points that each item loses, if it loses any."""
    marker = LocalMarker(course, course.assignment("hw2"), seed=seed)
    each = marker.mark_each(problem, [functions(text) for text in texts.values()])
    return {
        what: {name: round(found.lost(name), 3) for name in found.items if found.lost(name)}
        for what, found in zip(texts, each, strict=True)
    }


@pytest.mark.parametrize("seed", SEEDS)
def test_a_rounding_above_one_costs_a_quarter_of_one_item(seed: int, course: Course) -> None:
    texts = {
        "unclipped": UNCLIPPED,
        "normalised again": NORMALISED_AGAIN,
        "sine below": WITH_A_SINE_BELOW,
        "NaN set to 0": WITH_NAN_SET_TO_ZERO,
        "single precision": IN_SINGLE_PRECISION,
    }
    assert lost(course, "problem3_ntk", texts, seed) == {what: {"p3c-relu": 0.25} for what in texts}


SLIPS = {
    "start and rows": START_AND_ROWS,
    "start": START,
    "first row": FIRST_ROW,
    "rows": ROWS,
    "integers": INTEGERS,
}


@pytest.mark.parametrize(
    ("problem", "text", "first"),
    [
        ("problem1_momentum", LOOP, "p1-momentum"),
        ("problem2_landscape", VALLEY_LOOPS, "p2c-gd"),
        ("problem2_landscape", UPDATE_IN_PLACE + VALLEY_LOOPS, "p2b-gd-update"),
    ],
)
def test_a_slip_in_several_loops_costs_a_quarter_of_the_first(
    problem: str, text: str, first: str, course: Course
) -> None:
    texts = {what: written(text, changes) for what, changes in SLIPS.items()}
    expected = {what: {first: 0.25} for what in SLIPS}
    if first == "p2b-gd-update":
        expected["integers"]["p2c-gd"] = 0.25  # a slip that differs from the slip in the update
    assert lost(course, problem, texts, SEEDS[0]) == expected


FIRST_RATIOS = ["gammas[-1]", "gammas[0]", "0.0", "np.inf", "np.nan", "7.0"]


def test_the_first_ratio_costs_a_quarter_and_nothing_built_on_it(course: Course) -> None:
    text = """
def heavy_ball_parameters(gammas, betas):
    if len(gammas) == 0:
        return np.array([]), np.array([])
    with np.errstate(all="ignore"):
        return np.array(gammas), gammas * betas / np.append(BEFORE, gammas[:-1])

def ima_parameters(gammas, betas):
    _, ratios = heavy_ball_parameters(gammas, betas)
    lambdas = np.zeros(len(gammas) + 1)
    for t in reversed(range(len(gammas))):
        lambdas[t] = ratios[t] * (1 + lambdas[t + 1])
    return (1 + lambdas[1:]) * gammas, lambdas

def momentum(gradient, x0, gammas, betas, indices):
    return ima(gradient, x0, *ima_parameters(gammas, betas), indices)[0]
"""
    texts = {before: text.replace("BEFORE", before) for before in FIRST_RATIOS}
    expected = {before: {"p1a-parameters": 0.25} for before in texts}
    assert lost(course, "problem1_momentum", texts, 1) == expected


MEDIANS = ["values[len(values) // 2]", "values[(len(values) - 1) // 2]"]


def test_the_upper_or_lower_median_costs_a_quarter(course: Course) -> None:
    text = """
def plot_traces(hessian_trace, results):
    figure, axes = plt.subplots()
    for eta in sorted({eta for eta, _ in results}):
        rhos = sorted(rho for e, rho in results if e == eta)
        medians = []
        for rho in rhos:
            ends = results[eta, rho]
            values = sorted(hessian_trace(x) for x in ends if np.linalg.norm(x) <= 1e6)
            medians.append(MIDDLE)
        axes.plot(rhos, medians, "o-", label=f"eta = {eta}")
    axes.set(xlabel="rho", ylabel="trace")
    axes.legend()
    return figure
"""
    texts = {middle: text.replace("MIDDLE", middle) for middle in MEDIANS}
    expected = {middle: {"p2c-trace-plot": 0.25} for middle in texts}
    assert lost(course, "problem2_landscape", texts, 1) == expected


# --- The arithmetic -------------------------------------------------------------------------------


def an_item(*claims: Claim) -> ItemReport:
    return ItemReport("auto", "p", 0.0, 2.0, False, "marked", claims)


def core(passed: bool) -> Claim:
    return Claim("The answer is right.", passed)


def slip(kind: str, *, passed: bool = False) -> Claim:
    return Claim(f"No slip: {kind}.", passed, costs=0.25, care=kind)


PICTURE = Claim("The axes have labels.", False, costs=0.25)


@pytest.mark.parametrize(
    ("items", "points"),
    [
        ([(core(True), slip("a"))], [1.5]),
        ([(core(True), slip("a"), slip("b"))], [1.5]),
        ([(core(True), slip("a"), PICTURE)], [1.0]),
        ([(core(True), slip("a")), (core(True), slip("a"))], [1.5, 2.0]),
        ([(core(True), slip("a")), (core(True), slip("a"), slip("b"))], [1.5, 1.5]),
        ([(core(True), slip("a"), slip("b")), (core(True), slip("b"))], [1.5, 2.0]),
        ([(core(False), slip("a")), (core(True), slip("a")), (core(True), slip("a"))], [0, 1.5, 2]),
        ([(core(True), slip("a", passed=True)), (core(True), slip("a"))], [2.0, 1.5]),
        ([(core(True), PICTURE), (core(True), PICTURE)], [1.5, 1.5]),
    ],
)
def test_what_slips_cost(items: list[tuple[Claim, ...]], points: list[float]) -> None:
    found = charge_once({f"t-{k}": an_item(*claims) for k, claims in enumerate(items)})
    assert [report.points for report in found.values()] == points
    assert charge_once(found) == found


def test_a_slip_that_has_been_paid_for_says_where() -> None:
    found = charge_once(
        {"first": an_item(core(True), slip("a")), "second": an_item(core(True), slip("a"))}
    )
    (_, again) = found["second"].claims
    assert (again.passed, again.taken) == (False, "first")
    assert "`first`" in again.note
    assert replace(again, taken="", note="") == slip("a")


# --- The trace of a student's own Hessian ---------------------------------------------------------

RIGHT_HESSIAN = landscape.hessian_at_point
A_WRONG_CORNER = RIGHT_HESSIAN + np.diag([0.0, 0.0, 0.0, 3.0])
TWICE = 2 * RIGHT_HESSIAN
ARBITRARY = [
    np.zeros((4, 4)),
    np.eye(4),
    4 * np.eye(4),
    np.ones((4, 4)),
    np.arange(16.0).reshape(4, 4),
    np.diag([1.0, 2.0, 3.0, 4.0]),
    np.outer(np.arange(4.0), np.arange(4.0)),
]


@pytest.mark.parametrize("hessian", [A_WRONG_CORNER, TWICE, A_WRONG_CORNER.tolist()])
def test_the_trace_of_a_wrong_hessian_is_right_for_it(hessian: Any, course: Course) -> None:
    marker = LocalMarker(course, course.assignment("hw2"))
    values = {"hessian_at_point": hessian, "trace_at_point": float(np.trace(hessian))}
    marking = marker.mark("problem2_landscape", values, ["p2a-values"])
    report = marking.items["p2a-values"]
    assert report.points == pytest.approx(4 / 3, abs=0.01)
    notes = {claim.part: claim.note for claim in report.claims}
    assert "`hessian_at_point`" in notes["trace"]
    wrong = {**values, "trace_at_point": 55.0}
    marking = marker.mark("problem2_landscape", wrong, ["p2a-values"])
    assert marking.items["p2a-values"].points == pytest.approx(2 / 3, abs=0.01)


@pytest.mark.parametrize("hessian", [*ARBITRARY, None, "26", np.full((4, 4), np.nan)])
def test_nothing_is_paid_for_the_trace_of_any_matrix(hessian: Any, course: Course) -> None:
    marker = LocalMarker(course, course.assignment("hw2"))
    trace = float(np.trace(hessian)) if isinstance(hessian, np.ndarray) else 11.0
    values = {"hessian_at_point": hessian, "trace_at_point": trace}
    marking = marker.mark("problem2_landscape", values, ["p2a-values"])
    assert marking.items["p2a-values"].points == pytest.approx(2 / 3, abs=0.01)


FORMULAS = """
def hessian(x):
    u, v = x[:-1], x[-1]
    H = np.diag(np.append(np.full(len(u), v**2), CORNER))
    H[-1, :-1] = H[:-1, -1] = 2 * v * u
    return H

def hessian_trace(x):
    return (len(x) - 1) * x[-1]**2 + OWN_CORNER
"""


def test_a_trace_by_a_formula_follows_the_hessian(course: Course) -> None:
    shares = {"x[-1]**2": 0.5, "x[:-1] @ x[:-1]": 0.5, "x[-1]": 1.0}
    wrong = FORMULAS.replace("OWN_CORNER", "OWN").replace("CORNER", "v**2")
    found = lost(
        course, "problem2_landscape", {own: wrong.replace("OWN", own) for own in shares}, 1
    )
    assert found == {own: {"p2c-hessian-trace": share} for own, share in shares.items()}


# --- One mistake in several items -----------------------------------------------------------------

COURSE = Course(Path(__file__).parents[2])
CATALOGUE = load_misconceptions(COURSE, COURSE.assignment("hw2"))
SHARED = sorted(
    {
        (CATALOGUE.cause(one), one.item, other.item, one.name == other.name and one.name): (
            one,
            other,
        )
        for one, other in combinations(CATALOGUE, 2)
        if one.item != other.item and CATALOGUE.cause(one) == CATALOGUE.cause(other) != ""
    }.values(),
    key=str,
)
"""For each mistake and two items: pairs with the same name, and one pair with different names."""


def charged(pair: tuple[Misconception, Misconception], course: Course) -> dict[str, ItemReport]:
    """Return the reports of both items; each answer has one of the two mistakes."""
    assignment = course.assignment("hw2")
    diagnostician = WARM.diagnosticians.get(course, assignment, SEEDS[0])
    items, causes = {}, {}
    for each in sorted(pair, key=lambda each: list(assignment.items).index(each.item)):
        problem = assignment.items[each.item].problem
        marker = LocalMarker(course, assignment, seed=SEEDS[0])
        marking = marker.mark(problem, each.answers, [each.item])
        items[each.item] = marking.items[each.item]
        found = diagnostician.diagnose(each.item, marking.outcomes[each.item])
        causes[each.item] = diagnostician.shared(each.item, found)
    return charge_once(items, causes)


EVERY_DAY = {"not_divided in the kernel", "v comes first"}


@pytest.mark.parametrize(
    ("one", "other"),
    [
        pytest.param(
            one,
            other,
            marks=[] if CATALOGUE.cause(one) in EVERY_DAY else pytest.mark.slow,
            id=f"{one}, {other}",
        )
        for one, other in SHARED
    ],
)
def test_a_mistake_that_two_items_share_costs_the_first_alone(
    one: Misconception, other: Misconception, course: Course
) -> None:
    first, second = charged((one, other), course).values()
    assert first.points < first.max_points
    assert second.points == second.max_points
    failed = [claim for claim in second.claims if not claim.passed]
    assert failed
    assert all(claim.taken and "already" in claim.note for claim in failed)


EARLY = """
def gd(gradient, x0, eta, num_steps):
    return usam(gradient, x0, eta, 0.0, num_steps)

def usam(gradient, x0, eta, rho, num_steps):
    etas = np.broadcast_to(eta, num_steps)
    iterates = np.tile(np.array(x0, dtype=float), (num_steps + 1, 1))
    for k in range(num_steps):
        x = iterates[k].copy()
        g = gradient(x + rho * gradient(x))
        if np.linalg.norm(g) < 1e-6:
            iterates[k:] = x
            break
        iterates[k + 1 :] = x - etas[k] * g
    return iterates
"""
ANGLE_AS_PRINTED = UNCLIPPED.replace("np.arccos(cos)", "np.arccos(np.sum(X * X, axis=1))[:, None]")


@pytest.mark.parametrize(
    ("problem", "text", "first"),
    [
        ("problem2_landscape", EARLY, "p2c-gd"),
        ("problem3_ntk", ANGLE_AS_PRINTED, "p3c-relu"),
    ],
    ids=["early stop", "printed angle"],
)
def test_a_mistake_in_a_students_own_writing_costs_the_first_item_alone(
    problem: str, text: str, first: str, course: Course
) -> None:
    names = [line[4:].partition("(")[0] for line in text.splitlines() if line.startswith("def ")]
    answers = dict.fromkeys(names, compile(text, "<shared>", "exec"))
    assignment = course.assignment("hw2")
    items = {"problem2_landscape": ["p2c-gd", "p2c-usam"]}.get(problem, ["p3c-relu", "p3c-squared"])
    marking = LocalMarker(course, assignment, seed=SEEDS[1]).mark(problem, answers, items)
    diagnostician = WARM.diagnosticians.get(course, assignment, SEEDS[1])
    causes = {
        name: diagnostician.shared(name, diagnostician.diagnose(name, outcomes))
        for name, outcomes in marking.outcomes.items()
    }
    found = charge_once(marking.items, causes)
    assert [name for name, report in found.items() if report.points < report.max_points] == [first]


def test_other_mistakes_of_two_items_cost_both(course: Course) -> None:
    (one,) = (m for m in CATALOGUE.of("p3a-gradients") if m.name == "not_divided")
    (other,) = (m for m in CATALOGUE.of("p3b-kernel") if m.name == "values_alone")
    assert [report.points for report in charged((one, other), course).values()] == [0.0, 0.0]


# --- The whole way --------------------------------------------------------------------------------

MEASURED = SampleStudent(
    "careless",
    "an unclipped arccos; the start and the rows changed in place; the trace of a wrong Hessian",
    {
        "p3c-limit-answer": UNCLIPPED,
        "p2c-gd-answer": written(VALLEY_LOOPS.partition("def usam")[0], START),
        "p2c-usam-answer": "def usam" + written(VALLEY_LOOPS.partition("def usam")[2], ROWS),
        "p2c-hessian-trace-answer": FORMULAS.replace("OWN_CORNER", "x[-1]**2").replace(
            "CORNER", "v**2"
        ),
    },
)


def test_a_submission_pays_for_each_slip_once(mark: MarkStudent) -> None:
    report = mark(MEASURED)
    lost_points = {
        name: item.max_points - item.points
        for name, item in report.items.items()
        if item.kind == "auto" and item.points < item.max_points
    }
    assert lost_points == {"p2c-hessian-trace": 0.5, "p2c-gd": 0.25, "p3c-relu": 0.25}
    assert report.max_points - report.points == 0.25
    assert report.max_bonus_points - report.bonus_points == 0.75
    (slip,) = (c for c in report.items["p3c-squared"].claims if not c.passed)
    assert (slip.taken, "`p3c-relu`" in slip.note) == ("p3c-relu", True)
    assert Report.from_json(report.to_json()) == report

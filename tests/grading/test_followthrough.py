"""A wrong answer costs only its own item, even if others use it; no wrong answer gets points."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
from matplotlib.figure import Figure

from autograder.course.assignment import Assignment, Course
from autograder.course.samples import SampleStudent
from autograder.errors import CourseError
from autograder.grading.followthrough import FILE, StandIns, circular, read_pairs
from autograder.grading.inprocess import LocalMarker

from .conftest import MarkStudent

WRONG_HEAVY_BALL_PARAMETERS = """
def heavy_ball_parameters(gammas, betas):
    return np.array(gammas, dtype=float), np.array(betas, dtype=float)
"""

IMA_PARAMETERS_BY_HEAVY_BALL = """
def ima_parameters(gammas, betas):
    _, hatted = heavy_ball_parameters(gammas, betas)
    lambdas = np.zeros(len(gammas) + 1)
    for t in reversed(range(len(gammas))):
        lambdas[t] = hatted[t] * (1 + lambdas[t + 1])
    return (1 + lambdas[1:]) * np.asarray(gammas, dtype=float), lambdas
"""

WRONG_GRADIENTS = """
def gradient_v(v, W, x, n):
    return activation(W @ x, n) / len(v)

def gradient_W(v, W, x, n):
    return np.outer(activation_derivative(W @ x, n), x)
"""

KERNEL_BY_GRADIENTS = """
def empirical_ntk(v, W, X, n):
    rows = [np.append(gradient_v(v, W, x, n), gradient_W(v, W, x, n)) for x in X]
    return np.array([[a @ b for b in rows] for a in rows])
"""

WRONG_KERNEL_BY_GRADIENTS = """
def empirical_ntk(v, W, X, n):
    rows = [gradient_v(v, W, x, n) for x in X]
    return np.array([[a @ b for b in rows] for a in rows])
"""

TRACE_BY_HESSIAN = """
def hessian(x):
    u, v = x[:-1], x[-1]
    return np.diag(np.append(np.full(len(u), v**2), u @ u))

def hessian_trace(x):
    return np.trace(hessian(x))
"""

MOMENTUM_BY_HEAVY_BALL = """
def momentum(gradient, x0, gammas, betas, indices):
    hatted = np.array(betas) * np.array(gammas) / np.append(1.0, gammas)[:-1]
    return heavy_ball(gradient, x0, gammas, hatted, indices)
"""

HEAVY_BALL_BY_MOMENTUM = """
def heavy_ball(gradient, x0, gammas, betas, indices):
    plain = np.array(betas) / np.array(gammas) * np.append(1.0, gammas)[:-1]
    return momentum(gradient, x0, gammas, plain, indices)
"""


def lost(student: SampleStudent, mark: MarkStudent, homework: Assignment) -> dict[str, float]:
    report = mark(student)
    return {
        item.name: item.max_points - report.items[item.name].points
        for item in homework.select("auto")
        if report.items[item.name].points != item.max_points
    }


ON_TOP = SampleStudent(
    "on-top",
    "IMA's parameters and the kernel by way of wrong functions; momentum by the heavy ball, and "
    "the heavy ball by momentum",
    {
        "p1a-parameters-answer": WRONG_HEAVY_BALL_PARAMETERS,
        "p1b-parameters-answer": IMA_PARAMETERS_BY_HEAVY_BALL,
        "p3a-gradients-answer": WRONG_GRADIENTS,
        "p3b-kernel-answer": KERNEL_BY_GRADIENTS,
        "p2c-hessian-trace-answer": TRACE_BY_HESSIAN,
        "p1-momentum-answer": MOMENTUM_BY_HEAVY_BALL,
        "p1a-heavy-ball-answer": HEAVY_BALL_BY_MOMENTUM,
    },
)
"""A student with the mistakes of the next two tests, which are in different items."""
CIRCLE = {"p1-momentum": 1.0, "p1a-heavy-ball": 1.0}


def test_a_right_answer_on_top_of_a_wrong_one_keeps_its_item(
    mark: MarkStudent, homework: Assignment
) -> None:
    found = lost(ON_TOP, mark, homework)
    assert {name: points for name, points in found.items() if name not in CIRCLE} == {
        "p1a-parameters": 1.0,
        "p3a-gradients": 1.0,
        "p2c-hessian-trace": 0.5,
    }
    notes = [claim.note for claim in mark(ON_TOP).items["p1b-parameters"].claims]
    assert any("heavy_ball_parameters" in note for note in notes)


def test_two_answers_that_each_call_the_other_save_neither(
    mark: MarkStudent, homework: Assignment
) -> None:
    found = lost(ON_TOP, mark, homework)
    assert {name: points for name, points in found.items() if name in CIRCLE} == CIRCLE


@pytest.mark.slow
def test_a_wrong_answer_is_not_saved_by_right_ones(mark: MarkStudent, homework: Assignment) -> None:
    answers = {"p3b-kernel-answer": WRONG_KERNEL_BY_GRADIENTS}
    student = SampleStudent("not-saved", "one of two terms", answers)
    assert lost(student, mark, homework) == {"p3b-kernel": 1.0}


# --- what nobody wrote ----------------------------------------------------------------------------

GD_UPDATE_BY_USAM = "def gd_update(u, v, eta):\n    return usam_update(u, v, eta, 0.0)"
USAM_UPDATE_BY_GRADIENT = """
def usam_update(u, v, eta, rho):
    x = np.append(u, v)
    moved = x - eta * gradient(x + rho * gradient(x))
    return moved[:-1], moved[-1]
"""
USAM_UPDATE_BY_GD_UPDATE = """
def usam_update(u, v, eta, rho):
    up, vp = gd_update(u, v, -rho)
    return u - eta * vp**2 * up, v - eta * (up @ up) * vp
"""
GD_BY_USAM = "def gd(g, x0, eta, num_steps):\n    return usam(g, x0, eta, 0.0, num_steps)"
HESSIAN_BY_GRADIENT = """
def hessian(x):
    return np.array([(gradient(x + e) - gradient(x - e)) / 2e-5 for e in 1e-5 * np.eye(len(x))])

def hessian_trace(x):
    return np.trace(hessian(x))
"""
TRACE_BY_HESSIAN_ALONE = """
def hessian(x):
    raise NotImplementedError

def hessian_trace(x):
    return np.trace(hessian(x))
"""
MOMENTUM_BY_UNWRITTEN = """
def momentum(gradient, x0, gammas, betas, indices):
    return heavy_ball(gradient, x0, *heavy_ball_parameters(gammas, betas), indices)
"""
BUILT = {
    "p2b-gd-update-answer": GD_UPDATE_BY_USAM,
    "p2b-usam-update-answer": USAM_UPDATE_BY_GRADIENT,
    "p2c-gd-answer": GD_BY_USAM,
    "p2c-hessian-trace-answer": HESSIAN_BY_GRADIENT,
    "p1-momentum-answer": MOMENTUM_BY_UNWRITTEN,
    "p1b-parameters-answer": IMA_PARAMETERS_BY_HEAVY_BALL,
    "p3b-kernel-answer": KERNEL_BY_GRADIENTS,
}
"""Answers of one line each that call other answers."""

IN_THREE_NOTEBOOKS = ("p1-momentum-answer", "p2b-gd-update-answer", "p3b-kernel-answer")
"""Answers that call others: one in each notebook."""
TOGETHER = SampleStudent(
    "three-lines",
    "one line in each notebook",
    {name: BUILT[name] for name in IN_THREE_NOTEBOOKS},
    done=frozenset(),
)


def earned(student: SampleStudent, mark: MarkStudent, homework: Assignment) -> dict[str, float]:
    items = mark(student).items
    return {i.name: items[i.name].points for i in homework.select("auto") if items[i.name].points}


def test_three_answers_that_call_unwritten_functions_earn_nothing(
    mark: MarkStudent, homework: Assignment
) -> None:
    assert earned(TOGETHER, mark, homework) == {}


@pytest.mark.slow
@pytest.mark.parametrize("name", BUILT)
def test_an_answer_that_calls_unwritten_functions_earns_nothing(
    name: str, mark: MarkStudent, homework: Assignment
) -> None:
    student = SampleStudent(f"on-{name}", "one line", {name: BUILT[name]}, done=frozenset())
    assert earned(student, mark, homework) == {}


def test_the_page_says_which_function_is_not_written(mark: MarkStudent) -> None:
    told = [claim.message for claim in mark(TOGETHER).items["p1-momentum"].claims]
    assert "The answer calls `heavy_ball_parameters`, which is not written yet." in told


DUMMIES = [
    "return 0", "return None", "raise ValueError", "return []", "return float('nan')",
    "return [0.0] * len(a[0])", "return np.zeros(len(a[0])), np.zeros(len(a[0]))",
    "return np.ones(len(a[0])), np.ones(len(a[0]))", "return np.full((2, len(a[0])), 0.5)",
    "return np.zeros((2, len(a[0])))",
    "return lambda *a: a", "return {}", "return '', ''", "return ima_parameters(*a)",
    "return np.full(len(a[0]), np.inf), a[1]", "raise NotImplementedError",
    "return np.arange(len(a[0])), np.arange(len(a[0]))",
]  # fmt: skip


@pytest.mark.parametrize("dummy", DUMMIES)
def test_a_dummy_below_an_answer_does_not_help(dummy: str, course: Course) -> None:
    below = f"def heavy_ball_parameters(*a): {dummy}"
    answers = {
        "heavy_ball_parameters": compile(below, "<dummy>", "exec"),
        "ima_parameters": compile(IMA_PARAMETERS_BY_HEAVY_BALL, "<built>", "exec"),
    }
    marker = LocalMarker(course, course.assignment("hw2"))
    found = marker.mark("problem1_momentum", answers, ["p1a-parameters", "p1b-parameters"])
    assert found.lost("p1b-parameters") == 1.0
    assert found.lost("p1a-parameters") == 1.0


SHAPES = {"gradient_v": "len(a[0])", "gradient_W": "a[1].shape"}


@pytest.mark.parametrize("make", ["np.zeros", "np.ones", "list"])
def test_a_dummy_below_the_kernel_does_not_help(make: str, course: Course) -> None:
    answers = {
        name: compile(f"def {name}(*a): return {make}({shape})", "<dummy>", "exec")
        for name, shape in SHAPES.items()
    }
    answers["empirical_ntk"] = compile(KERNEL_BY_GRADIENTS, "<built>", "exec")
    marker = LocalMarker(course, course.assignment("hw2"))
    found = marker.mark("problem3_ntk", answers, ["p3a-gradients", "p3b-kernel"])
    assert found.lost("p3b-kernel") == 1.0


HESSIANS = [
    "np.eye(len(x))", "np.zeros((len(x), len(x)))", "len(x) * np.eye(len(x))", "0", "None",
    "np.arange(len(x) ** 2).reshape(len(x), -1)",
]  # fmt: skip


def test_a_dummy_below_the_trace_does_not_help(course: Course) -> None:
    trace = compile("def hessian_trace(x): return np.trace(hessian(x))", "<t>", "exec")
    dummies = {
        value: compile(f"def hessian(x): return {value}", "<dummy>", "exec") for value in HESSIANS
    }
    answers = [{"hessian": dummy, "hessian_trace": trace} for dummy in dummies.values()]
    marker = LocalMarker(course, course.assignment("hw2"))
    each = marker.mark_each("problem2_landscape", answers, ["p2c-hessian-trace"])
    found = {what: one.lost("p2c-hessian-trace") for what, one in zip(dummies, each, strict=True)}
    assert found == dict.fromkeys(HESSIANS, 1.0)


def test_what_the_reference_made_is_no_sign_that_somebody_wrote_it(course: Course) -> None:
    differences = "np.array([(f(x + e) - f(x - e)) / 2e-4 for e in 1e-4 * np.eye(len(x))])"
    text = f"""
def loss(x): return float(len(x))
def gradient(x): f = loss; return {differences}
def hessian(x): f = gradient; return {differences}
def hessian_trace(x): return np.trace(hessian(x))
"""
    names = ("loss", "gradient", "hessian", "hessian_trace")
    answers = {name: compile(text, "<differences>", "exec") for name in names}
    marker = LocalMarker(course, course.assignment("hw2"))
    items = ["p2c-loss-gradient", "p2c-hessian-trace"]
    found = marker.mark("problem2_landscape", answers, items)
    assert [found.lost(item) for item in items] == [1.0, 1.0]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("gd_update", GD_UPDATE_BY_USAM),
        ("usam_update", USAM_UPDATE_BY_GRADIENT),
        ("usam_update", USAM_UPDATE_BY_GD_UPDATE),
        ("gd_update", "def gd_update(u, v, eta):\n"
         "    return gd(gradient, np.append(u, v), eta, 1)[-1][:-1], 0.0"),
    ],
)  # fmt: skip
def test_an_update_that_is_to_be_written_out_calls_no_other_answer(
    name: str, text: str, course: Course
) -> None:
    marker = LocalMarker(course, course.assignment("hw2"))
    item = f"p2b-{name.replace('_', '-')}"
    answers = {name: compile(text, "<built>", "exec")}
    assert marker.mark("problem2_landscape", answers, [item]).lost(item) == 1.0


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("a = 1", "write [a]"),
        ("[a]\nb = 2", "write [a]"),
        ("[momentum]\nnobody = 'x'", "nobody is not an answer"),
        ("[nobody]\nmomentum = 'x'", "nobody is not an answer"),
        ("[momentum]\ngd = 'x'", "different notebooks"),
        ("[momentum]\nmomentum = 'x'", "on itself"),
        ("[momentum", "can't be read"),
    ],
)
def test_a_table_that_can_not_be_used_is_told(
    text: str, told: str, course: Course, homework: Assignment, tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    (tmp_path / FILE).write_text(text, encoding="utf-8")
    monkeypatch.setattr(Course, "hidden", lambda *_: tmp_path)
    with pytest.raises(CourseError, match=re.escape(told)):
        read_pairs(course, homework)


def test_the_release_states_the_rule(course: Course, homework: Assignment) -> None:
    readme = (course.release("hw2") / "README.md").read_text(encoding="utf-8")
    (rule,) = (line for line in readme.splitlines() if line.startswith("- *One mistake costs"))
    for caller, called in read_pairs(course, homework).items():
        both = " and ".join(f"`{name}`" for name in called)
        assert f"`{caller}` on {both}" in rule


# --- circles and bounds ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("saved_by", "expected"),
    [
        ({}, set()),
        ({"b": {"a"}}, set()),
        ({"b": {"a"}, "a": {"b"}}, {"a", "b"}),
        ({"a": {"b"}, "b": {"c"}, "c": {"a"}, "d": {"a"}}, {"a", "b", "c"}),
        ({"a": {"a"}}, {"a"}),
    ],
)
def test_circles_are_found(saved_by: dict[str, set[str]], expected: set[str]) -> None:
    assert circular(saved_by) == expected


def test_a_stand_in_records_its_use_and_refuses_excess() -> None:
    stand_ins = StandIns({"double": lambda x: 2 * x, "half": lambda x: x / 2})
    assert stand_ins.functions["double"](21) == 42
    assert stand_ins.used == {"double"}
    with pytest.raises(ValueError, match="count"):
        stand_ins.functions["half"](10**9)


@pytest.mark.parametrize(
    "excess",
    [np.ones((501, 1)), [[0.0] * 251] * 2, {1: np.ones(501)}, np.array(10**9)],
    ids=["array", "lists", "dict", "count in an array"],
)
def test_a_stand_in_takes_few_numbers(excess: object) -> None:
    stand_ins = StandIns({"size": lambda x: np.outer(np.ravel(x), np.ravel(x)).shape})
    assert stand_ins.functions["size"](np.ones((20, 5))) == (100, 100)
    with pytest.raises(ValueError, match=r"above|more than"):
        stand_ins.functions["size"](excess)


def test_what_is_passed_to_a_stand_in_answers_with_few_numbers() -> None:
    stand_ins = StandIns({"apply": lambda function, x: function(x) + x})
    assert stand_ins.functions["apply"](lambda x: 2 * x, 7) == 21
    with pytest.raises(ValueError, match="more than"):
        stand_ins.functions["apply"](lambda _: np.ones(501), 7)


def test_nothing_stands_in_for_a_picture() -> None:
    def draw() -> Figure:
        return Figure()

    assert list(StandIns({"draw": draw, "double": lambda x: 2 * x}).functions) == ["double"]

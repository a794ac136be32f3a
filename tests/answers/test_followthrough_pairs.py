"""If one item's answer builds on another item's answer, a mistake costs only its own item.

There are two kinds of pairs (below, above). In the first kind, a right answer to `above` calls the
graded function of `below` by name. This answer is combined with every wrong answer to `below` in
the catalogue. The mistake costs only its own item if `follow_through.toml`, beside the hidden
tests, lists the two functions. In the second kind, `above` gets the function of `below` as an
argument.
"""

from __future__ import annotations

import dis
import inspect
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from types import CodeType, FunctionType
from typing import Any

import numpy as np
import pytest

from autograder.course.assignment import Item
from autograder.course.code import load_references
from autograder.grading.followthrough import read_pairs
from autograder.grading.misconceptions import Misconception, load_misconceptions
from tests.answers.test_right_answers import RIGHT
from tests.hidden.answers import Variant
from tests.hidden.marking import COURSE, HOMEWORK, Together, failures, mark, shares

CATALOGUE = load_misconceptions(COURSE, HOMEWORK)
REFERENCES = load_references(COURSE, HOMEWORK)
MAY_BUILD_ON = read_pairs(COURSE, HOMEWORK)
ITEM_OF = {
    (item.problem, reference.name): item.name
    for item in HOMEWORK.select("auto")
    for reference in item.references
    if item.name != "p3c-squared"  # its function is p3c-relu's
}
SEED = 3
FEW = 1
"""Minimum number of wrong answers to an item in quick tests; slow tests use all of them."""

pytestmark = pytest.mark.filterwarnings("ignore")


@dataclass(frozen=True)
class Build:
    """A right answer to an item that calls the function `called` of another item by name."""

    problem: str
    below: str
    called: str
    variant: Variant

    @property
    def above(self) -> str:
        return self.variant.item

    @property
    def pair(self) -> tuple[str, str]:
        return self.below, self.above

    @property
    def is_listed(self) -> bool:
        """Whether `follow_through.toml` lists the two functions."""
        callers = MAY_BUILD_ON.keys() & self.variant.answers.keys()
        return any(self.called in MAY_BUILD_ON[caller] for caller in callers)

    def __str__(self) -> str:
        return f"{self.called} below {self.variant}"


@cache
def globals_of(code: CodeType) -> set[str]:
    """Return the global names that code reads, also in its inner functions."""
    inner = [globals_of(part) for part in code.co_consts if isinstance(part, CodeType)]
    own = {i.argval for i in dis.get_instructions(code) if i.opname == "LOAD_GLOBAL"}
    return own.union(*inner)


def builds() -> Iterator[Build]:
    for problem, variants in RIGHT.items():
        for variant in variants:
            functions = [a for a in variant.answers.values() if isinstance(a, FunctionType)]
            used = set().union(*(globals_of(function.__code__) for function in functions))
            for name in sorted(used):
                below = ITEM_OF.get((problem, name), variant.item)
                if below != variant.item:
                    yield Build(problem, below, name, variant)


BUILDS = [*builds()]
LISTED = [build for build in BUILDS if build.is_listed]
OTHERS = [build for build in BUILDS if not build.is_listed]

METHODS = ["p1-momentum", "p1a-heavy-ball", "p1b-ima"]
PAIRS = {
    *((below, above) for below in METHODS for above in METHODS if below != above),
    ("p1a-parameters", "p1-momentum"),
    ("p1a-parameters", "p1b-parameters"),
    ("p1b-parameters", "p1-momentum"),
    ("p1b-parameters", "p1a-heavy-ball"),
    ("p1b-parameters", "p1a-parameters"),
    ("p2b-gd-update", "p2c-loss-gradient"),
    ("p2b-gd-update", "p2c-hessian-trace"),
    ("p2b-usam-update", "p2c-loss-gradient"),
    ("p2b-usam-update", "p2c-hessian-trace"),
    ("p2c-loss-gradient", "p2c-hessian-trace"),
    ("p2c-hessian-trace", "p2c-loss-gradient"),
    ("p2c-gd", "p2c-usam"),
    ("p2c-usam", "p2c-gd"),
    ("p3a-gradients", "p3b-kernel"),
}
"""All pairs (below, above) in which a right answer may call the other function by name."""


def test_right_answers_build_on_every_item_that_can_be_built_on() -> None:
    assert {build.pair for build in BUILDS} == PAIRS


# --- A right answer on top of a wrong one ---------------------------------------------------------


def wrongs_below(build: Build) -> list[Misconception]:
    """Return the catalogue's wrong versions of the function that the build calls.

    Wrong versions that call the build are left out: the two would call each other without end.
    """
    found = (m for m in CATALOGUE.of(build.below) if build.called in m.answers)
    return [m for m in found if build.above not in items_called(m)]


def items_called(wrong: Misconception) -> set[str]:
    """Return the items whose functions a wrong answer calls by name."""
    codes = (getattr(answer, "__code__", answer) for answer in wrong.answers.values())
    names = set().union(*(globals_of(code) for code in codes if isinstance(code, CodeType)))
    problem = HOMEWORK.items[wrong.item].problem
    return {ITEM_OF[problem, name] for name in names if (problem, name) in ITEM_OF}


MARKED = Together(SEED)
for each_build in BUILDS:
    problem, pair = each_build.problem, each_build.pair
    for count, each_wrong in enumerate(wrongs_below(each_build)):
        key, own = (str(each_build), each_wrong.name), (each_build.below, each_wrong.name)
        answers = {**each_build.variant.answers, **each_wrong.answers}
        MARKED.add(key, problem, answers, pair, count)
        if own not in MARKED:
            MARKED.add(own, problem, each_wrong.answers, [each_build.below], count)


def assert_costs_its_own_alone(build: Build, wrong: Misconception) -> bool:
    """Assert that the wrong answer costs only its own item; return whether this took a stand-in."""
    share = shares(MARKED.marking((build.below, wrong.name)))[build.below]
    both = MARKED.marking((str(build), wrong.name))
    assert shares(both) == {build.below: share, build.above: 1.0}, wrong.name
    assert share < 1.0, wrong.name
    return any(build.called in outcome.stand_ins for outcome in both.outcomes[build.above])


@pytest.mark.parametrize("build", LISTED, ids=str)
def test_a_wrong_answer_costs_nothing_above_it(build: Build) -> None:
    stood_in = False
    for count, wrong in enumerate(wrongs_below(build), start=1):
        stood_in = assert_costs_its_own_alone(build, wrong) or stood_in
        if count >= FEW and stood_in:
            return
    assert stood_in


@pytest.mark.slow
@pytest.mark.parametrize("build", LISTED, ids=str)
def test_no_wrong_answer_costs_anything_above_it(build: Build) -> None:
    for wrong in wrongs_below(build):
        assert_costs_its_own_alone(build, wrong)


@pytest.mark.parametrize("build", OTHERS, ids=str)
def test_where_the_table_lists_no_pair_nothing_stands_in(build: Build) -> None:
    for wrong in wrongs_below(build)[:FEW]:
        both = MARKED.marking((str(build), wrong.name))
        assert not any(outcome.stand_ins for outcome in both.outcomes[build.above])


FIRST = {build.below: build for build in reversed(LISTED)}
SOME_BUILDS = [
    pytest.param(build, marks=[] if FIRST[build.below] is build else pytest.mark.slow)
    for build in LISTED
]
"""The builds in the table: one for each item `below` in quick tests, the others in slow tests."""


@pytest.mark.parametrize("build", SOME_BUILDS, ids=str)
def test_a_wrong_answer_costs_no_item_of_its_notebook_but_its_own(build: Build) -> None:
    wrong = wrongs_below(build)[0]
    found = shares(mark(build.problem, {**build.variant.answers, **wrong.answers}, SEED))
    assert found.keys() == {i.name for i in HOMEWORK.select("auto") if i.problem == build.problem}
    assert [item for item, share in found.items() if share < 1.0] == [build.below]


# --- A wrong answer on top of a right one ---------------------------------------------------------


def stretched(answer: Any) -> Any:
    """Return the answer with all its numbers multiplied by 1.3."""
    if isinstance(answer, (tuple, list)):
        return type(answer)(stretched(part) for part in answer)
    return np.multiply(1.3, answer)


def spoilt(build: Build) -> dict[str, Any]:
    """Return the build with a mistake in its own answers."""
    answers: dict[str, Any] = {**build.variant.answers, "stretched": stretched}
    for name in answers.keys() & {n for (_, n), item in ITEM_OF.items() if item == build.above}:
        answers[f"right_{name}"] = answers[name]
        text = f"def {name}(*args, **named): return stretched(right_{name}(*args, **named))"
        answers[name] = compile(text, "<spoilt>", "exec")
    return answers


@pytest.mark.parametrize("build", SOME_BUILDS, ids=str)
def test_a_wrong_answer_is_not_saved_by_a_right_one_below_it(build: Build) -> None:
    found = mark(build.problem, spoilt(build), SEED, [build.below, build.above])
    assert shares(found)[build.below] == 1.0
    assert shares(found)[build.above] <= 0.5  # a build may answer one of two parts
    assert not any(outcome.stand_ins for outcome in found.outcomes[build.above])


@pytest.mark.parametrize("build", SOME_BUILDS, ids=str)
def test_two_wrong_answers_on_top_of_each_other_cost_both(build: Build) -> None:
    wrong = wrongs_below(build)[0]
    found = mark(build.problem, {**spoilt(build), **wrong.answers}, SEED, build.pair)
    assert all(share < 1.0 for share in shares(found).values())


# --- Functions that are passed in -----------------------------------------------------------------

ASKED_FOR: Mapping[str, tuple[str, ...]] = {"optimizer": ("usam", "gd")}
"""Functions that a parameter stands for, if the names differ."""


@dataclass(frozen=True)
class Passed:
    """A graded function `name` that gets another graded function as an argument."""

    problem: str
    below: str
    above: str
    name: str
    parameter: str
    stands_for: str

    def __str__(self) -> str:
        return f"{self.stands_for} for {self.parameter} of {self.name}"


def passed() -> Iterator[Passed]:
    for (problem, name), above in ITEM_OF.items():
        if name not in REFERENCES:
            continue
        for parameter in inspect.signature(REFERENCES[name]).parameters:
            for stands_for in ASKED_FOR.get(parameter, (parameter,)):
                if below := ITEM_OF.get((problem, stands_for)):
                    yield Passed(problem, below, above, name, parameter, stands_for)


PASSED = [*passed()]


def test_what_can_be_passed_in_is_known() -> None:
    assert {(each.below, each.above) for each in PASSED} == {
        ("p2c-loss-gradient", "p2c-gd"),
        ("p2c-loss-gradient", "p2c-usam"),
        ("p2c-loss-gradient", "p2c-experiment"),
        ("p2c-gd", "p2c-experiment"),
        ("p2c-usam", "p2c-experiment"),
        ("p2c-hessian-trace", "p2c-trace-plot"),
        ("p2c-loss-gradient", "p2c-surface-plot"),
    }


@pytest.mark.parametrize("few", [FEW, pytest.param(4, marks=pytest.mark.slow)])
@pytest.mark.parametrize("each", PASSED, ids=str)
def test_a_wrong_function_costs_nothing_where_it_is_passed_in(each: Passed, few: int) -> None:
    wrongs = [m for m in CATALOGUE.of(each.below) if each.stands_for in m.answers][:few]
    marked = Together(SEED)
    for wrong in wrongs:
        marked.add(wrong.name, each.problem, wrong.answers, [each.below, each.above])
    for wrong in wrongs:
        found = shares(marked.marking(wrong.name))
        assert found[each.below] < found[each.above] == 1.0, wrong.name


SLOW = {"loss for loss of plot_landscape"}
"""Slow cases: the picture has many points, and each point calls the notebook's own function."""


@pytest.mark.parametrize(
    "each",
    [pytest.param(each, marks=pytest.mark.slow if str(each) in SLOW else []) for each in PASSED],
    ids=str,
)
def test_the_notebooks_own_function_in_place_of_the_one_passed_in_is_wrong(each: Passed) -> None:
    """The argument counts: calling a right function of the same name instead is wrong."""
    text = f"""
def {each.name}(*args, **named):
    given = signature.bind(*args, **named)
    given.arguments[{each.parameter!r}] = {each.stands_for}
    return right_{each.name}(*given.args)
"""
    answers = {
        "signature": inspect.signature(REFERENCES[each.name]),
        f"right_{each.name}": REFERENCES[each.name],
        each.name: compile(text, "<own function>", "exec"),
    }
    found = shares(mark(each.problem, answers, SEED, [each.below, each.above]))
    assert found[each.above] < found[each.below] == 1.0


GD_BY_ITS_UPDATE = """
def gd(gradient, x0, eta, num_steps):
    path = [np.asarray(x0, dtype=float)]
    for step in np.broadcast_to(eta, num_steps):
        path.append(np.append(*gd_update(path[-1][:-1], path[-1][-1], step)))
    return np.array(path)
"""
USAM_BY_ITS_UPDATE = """
def usam(gradient, x0, eta, rho, num_steps):
    path = [np.asarray(x0, dtype=float)]
    for step in np.broadcast_to(eta, num_steps):
        path.append(np.append(*usam_update(path[-1][:-1], path[-1][-1], step, rho)))
    return np.array(path)
"""


@pytest.mark.parametrize(
    ("below", "above", "name", "text"),
    [
        ("p2b-gd-update", "p2c-gd", "gd", GD_BY_ITS_UPDATE),
        ("p2b-usam-update", "p2c-usam", "usam", USAM_BY_ITS_UPDATE),
    ],
)
def test_an_update_of_the_valley_makes_no_method_for_any_gradient(
    below: str, above: str, name: str, text: str
) -> None:
    answers = {name: compile(text, f"<{name}>", "exec")}
    assert shares(mark("problem2_landscape", answers, SEED, [below, above])) == {
        below: 1.0,
        above: 0.0,
    }


# --- Two functions of one item --------------------------------------------------------------------

TRACE_BY_HESSIAN = "def hessian_trace(x): return np.trace(hessian(x))"
LOSS_BY_GRADIENT = "def loss(x): return np.dot(gradient(x), x) / 4"
GRADIENT_BY_LOSS = """
def gradient(x):
    return np.array([(loss(x + e) - loss(x - e)) / 2e-4 for e in 1e-4 * np.eye(len(x))])
"""


@pytest.mark.parametrize(
    ("item", "below", "above", "text"),
    [
        ("p2c-hessian-trace", "hessian", "hessian_trace", TRACE_BY_HESSIAN),
    ],
)
def test_a_wrong_part_costs_the_item_no_other_part(
    item: str, below: str, above: str, text: str
) -> None:
    wrongs = [m for m in CATALOGUE.of(item) if below in m.answers and above not in m.answers]
    assert wrongs
    marked = Together(SEED)
    for wrong in wrongs:
        answers = {**wrong.answers, above: compile(text, f"<{above}>", "exec")}
        marked.add(wrong.name, "problem2_landscape", answers, [item])
    for wrong in wrongs:
        assert shares(marked.marking(wrong.name)) == {item: 0.5}, wrong.name


def test_two_parts_that_each_call_the_other_save_neither() -> None:
    answers = {
        "loss": compile(LOSS_BY_GRADIENT, "<loss>", "exec"),
        "gradient": compile(GRADIENT_BY_LOSS, "<gradient>", "exec"),
    }
    item = "p2c-loss-gradient"
    assert shares(mark("problem2_landscape", answers, SEED, [item])) == {item: 0.0}


# --- Where stand-ins are --------------------------------------------------------------------------


@pytest.mark.parametrize("item", HOMEWORK.select("auto"), ids=lambda item: item.name)
def test_stand_ins_are_for_what_the_table_lists(item: Item) -> None:
    """The first run of a test uses no stand-ins."""
    names = {name for problem, name in ITEM_OF if problem == item.problem} & REFERENCES.keys()
    graded = {name for name in names if not name.startswith("plot_")}
    for name in names & {reference.name for reference in item.references}:
        seen: list[set[str]] = []

        def snoop(*_args: Any, _seen: Any = seen, _graded: Any = graded, **_named: Any) -> Any:
            there = globals()  # the notebook's, once it stands there
            _seen.append({n for n in _graded if type(there.get(n)).__name__ == "_Crossing"})
            raise ValueError

        assert failures(mark(item.problem, {name: snoop}, SEED, [item.name]))
        assert seen[0] == set()
        assert set().union(*seen) == set(MAY_BUILD_ON.get(name, ()))

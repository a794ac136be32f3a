"""If an answer has several mistakes, diagnosis names each mistake, and names no other mistake."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from itertools import chain, combinations
from typing import Any

import numpy as np
import pytest

from autograder.course.assignment import Item
from autograder.grading.inprocess import LocalMarking
from autograder.grading.misconceptions import (
    Misconception,
    load_misconceptions,
    pairs_in_one_function,
)
from tests.warm import WARM

from .marking import COURSE, HOMEWORK, Together, mark

CATALOGUE = load_misconceptions(COURSE, HOMEWORK)
SEED = HOMEWORK.seed
"""The homework's seed; the other tests of diagnosis use it too, so all share the cached trials."""
AUTO = HOMEWORK.select("auto")

pytestmark = pytest.mark.filterwarnings("ignore")


def named(item: str, marking: LocalMarking, seed: int = SEED) -> set[str]:
    """Return the names of the misconceptions that diagnosis finds in an answer."""
    found = WARM.diagnosticians.get(COURSE, HOMEWORK, seed).diagnose(item, marking.outcomes[item])
    return {each.name for each in found}


def failed_parts(item: str, marking: LocalMarking) -> set[str]:
    """Return the parts and robustness tests of an item that an answer fails."""
    return {
        outcome.test if outcome.costs else outcome.part
        for outcome in marking.outcomes[item]
        if not outcome.passed
    }


@cache
def alone(item: str, name: str) -> LocalMarking:
    """Return the outcomes for an answer with only this misconception."""
    (misconception,) = (each for each in CATALOGUE.of(item) if each.name == name)
    return mark(HOMEWORK.items[item].problem, misconception.answers, SEED, [item])


# --- Parts of a misconception ---------------------------------------------------------------------


def subsets() -> Iterator[tuple[Misconception, dict[str, Any]]]:
    for misconception in CATALOGUE:
        names = sorted(misconception.answers)
        for chosen in chain.from_iterable(combinations(names, k) for k in range(1, len(names))):
            yield misconception, {name: misconception.answers[name] for name in chosen}


SUBSETS = [*subsets()]
PARTS = Together(SEED)
for each, some in SUBSETS:
    problem = HOMEWORK.items[each.item].problem
    PARTS.add((each.item, each.name, *some), problem, some, [each.item])


def test_there_are_eighteen_such_subsets() -> None:
    assert len(SUBSETS) == 18


@pytest.mark.parametrize(
    ("misconception", "answers"),
    SUBSETS,
    ids=lambda each: "+".join(each) if isinstance(each, Mapping) else str(each),
)
def test_a_part_of_a_misconception_is_named_and_blames_nothing_that_is_right(
    misconception: Misconception, answers: Mapping[str, Any]
) -> None:
    item = misconception.item
    marking = PARTS.marking((item, misconception.name, *answers))
    failed = failed_parts(item, marking)
    found = named(item, marking)
    assert found
    covered = [failed_parts(item, alone(item, name)) for name in found]
    assert set().union(*covered) == failed


def test_no_sentence_speaks_of_more_than_its_misconception_fails() -> None:
    words = {"gradient": "radient", "hessian": "essian", "trace": "race", "loss": "Loss"}
    for misconception in CATALOGUE:
        if len(misconception.answers) > 1:
            failed = failed_parts(misconception.item, alone(misconception.item, misconception.name))
            said = misconception.sentence.partition(":")[0].partition(";")[0]
            spoken = {part for part, word in words.items() if word in said}
            assert spoken <= failed, misconception
            assert len(failed) > 1 or "Both" not in said, misconception


# --- Solved forwards ------------------------------------------------------------------------------

FORWARDS = """
def ima_parameters(gammas, betas):
    hatted = np.asarray(gammas) * betas / np.append(1.0, gammas)[: len(gammas)]
    lambdas = np.zeros(len(gammas) + 1)
    lambdas[1:2] = FIRST
    for t in range(1, len(gammas)):
        lambdas[t + 1] = lambdas[t] / hatted[t] - 1
    return (1 + lambdas[1:]) * gammas, lambdas
"""
IN_LISTS = """
def ima_parameters(gammas, betas):
    g, b = [float(x) for x in gammas], [float(x) for x in betas]
    lambdas = [0.0, FIRST]
    for t in range(1, len(g)):
        lambdas.append(g[t - 1] / g[t] * lambdas[t] / b[t] - 1)
    lambdas = lambdas[: len(g) + 1]
    return [(1 + lam) * step for lam, step in zip(lambdas[1:], g)], lambdas
"""
FROM_ZERO = """
def ima_parameters(gammas, betas):
    hatted = np.asarray(gammas) * betas / np.append(1.0, gammas)[: len(gammas)]
    lambdas = [FIRST]
    for ratio in hatted:
        lambdas.append(lambdas[-1] / ratio - 1)
    return (1 + np.array(lambdas[1:])) * gammas, np.array(lambdas)
"""


@pytest.mark.parametrize("first", [0.3, 17.0])
@pytest.mark.parametrize("text", [FORWARDS, IN_LISTS, FROM_ZERO])
def test_solving_forwards_is_one_misconception_from_any_start(text: str, first: float) -> None:
    code = compile(text.replace("FIRST", repr(first)), "<forwards>", "exec")
    for seed in (SEED, 1):  # with ρ = 1, λ_1 = 0.3 accidentally makes some λ equal to −1
        marking = mark("problem1_momentum", {"ima_parameters": code}, seed, ["p1b-parameters"])
        assert named("p1b-parameters", marking, seed) == {"solved_forwards"}


GUARDED = FORWARDS.replace(
    "lambdas[t] / hatted[t] - 1", "lambdas[t] / hatted[t] - 1 if hatted[t] else 0.5"
).replace("FIRST", "2.0")


def test_numbers_where_beta_is_zero_are_another_mistake() -> None:
    code = compile(GUARDED, "<guarded>", "exec")
    marking = mark("problem1_momentum", {"ima_parameters": code}, SEED, ["p1b-parameters"])
    assert marking.lost("p1b-parameters") == 1.0
    assert named("p1b-parameters", marking) == set()


# --- Two mistakes ---------------------------------------------------------------------------------


@dataclass(frozen=True)
class Two:
    """Two misconceptions about one item in one answer."""

    one: Misconception
    other: Misconception
    answers: Mapping[str, Any]

    @property
    def names(self) -> set[str]:
        return {self.one.name, self.other.name}

    def __str__(self) -> str:
        return f"{self.one} + {self.other.name}"


def in_two_functions(item: Item) -> list[Two]:
    """Return pairs of misconceptions in different functions, neither of which hides the other."""
    return [
        Two(one, other, {**one.answers, **other.answers})
        for one, other in combinations(CATALOGUE.of(item.name), 2)
        if not one.answers.keys() & other.answers.keys()
    ]


def in_one_function(item: Item) -> list[Two]:
    """Return pairs of misconceptions that change different places of one function."""
    found = pairs_in_one_function(CATALOGUE.of(item.name))
    return [Two(*pair.misconceptions, pair.answers) for pair in found]


def is_seen(two: Two, marking: LocalMarking) -> bool:
    """Return whether both mistakes show: neither mistake alone gives the same answers as both."""
    item = two.one.item

    def answers(found: LocalMarking) -> list[tuple[str, bool, list[str]]]:
        return [
            (o.case, o.passed, [repr((e.failure, _rounded(e.answer))) for e in o.transcript])
            for o in found.outcomes[item]
        ]

    return all(answers(marking) != answers(alone(item, name)) for name in two.names)


def _rounded(answer: Any) -> Any:
    if isinstance(answer, (tuple, list)):
        return [_rounded(part) for part in answer]
    if isinstance(answer, dict):
        return {key: _rounded(part) for key, part in answer.items()}
    if isinstance(answer, (float, np.ndarray)):
        return np.round(np.asarray(answer, dtype=float), 6).tolist()
    return type(answer).__name__


def share_of_named(pairs: list[Two], limit: int) -> tuple[int, int]:
    """Return the number of pairs with both mistakes named, and the number of tried pairs."""
    tried = pairs[:: max(1, len(pairs) // limit)]
    marked = Together(SEED)
    for two in tried:
        item = two.one.item
        marked.add(str(two), HOMEWORK.items[item].problem, two.answers, [item], item)
    both = seen = 0
    for two in tried:
        marking = marked.marking(str(two))
        if is_seen(two, marking):
            found = named(two.one.item, marking)
            seen += 1
            both += two.names <= found
    return both, seen


@pytest.mark.slow
@pytest.mark.parametrize("pairs_of", [in_two_functions, in_one_function])
def test_four_in_five_pairs_of_an_item_are_both_named(
    pairs_of: Callable[[Item], list[Two]], capsys: pytest.CaptureFixture[str]
) -> None:
    limits = {item.name: 8 if item.name.endswith("plot") else 25 for item in AUTO}
    shares = {item.name: share_of_named(pairs_of(item), limits[item.name]) for item in AUTO}
    both, seen = (sum(counts) for counts in zip(*shares.values(), strict=True))
    with capsys.disabled():
        print(f"\n{pairs_of.__name__}: {both} of {seen} pairs are both named")
        for name, (found, of) in shares.items():
            if of:
                print(f"  {name}: {found} of {of}")
    assert both >= 0.8 * seen


# --- Mistakes as students write them --------------------------------------------------------------

SAM_AND_ONE_STEP_SIZE = """
def usam(gradient, x0, eta, rho, num_steps):
    eta = np.ravel(eta)[0]
    points = [np.array(x0, dtype=float)]
    for _ in range(num_steps):
        g = gradient(points[-1])
        g_up = gradient(points[-1] + rho * g / np.sqrt(np.sum(g * g)))
        points.append(points[-1] - eta * g_up)
    return points
"""
BLOCK_AND_TRACE = """
def hessian(x):
    H = np.zeros((len(x), len(x)))
    for i in range(len(x) - 1):
        H[i, i] = x[-1] ** 2
        H[i, -1] = H[-1, i] = x[i] * x[-1]
    H[-1, -1] = sum(x[:-1] ** 2)
    return H

def hessian_trace(x):
    return x[-1] ** 2 + sum(x[:-1] ** 2)
"""
FACTOR_AND_INPUT = """
def gradient_v(v, W, x, n):
    return activation(W @ x, n)

def gradient_W(v, W, x, n):
    return np.outer(activation_derivative(W @ x, n), x) / len(v) ** 0.5
"""
DAMPENED_IN_PLACE = """
def gd(gradient, x0, eta, num_steps):
    x = x0
    path = [x.copy()]
    for k in range(num_steps):
        x += np.broadcast_to(eta, num_steps)[k] * gradient(x)
        path.append(x.copy())
    return np.array(path)
"""
WITH_TWO = [
    ("p2c-usam", SAM_AND_ONE_STEP_SIZE, {"sam", "first_step_size_for_all"}),
    ("p2c-hessian-trace", BLOCK_AND_TRACE, {"off_diagonal_halved", "missing_d"}),
    ("p3a-gradients", FACTOR_AND_INPUT, {"v_not_divided", "without_v"}),
    ("p2c-gd", DAMPENED_IN_PLACE, {"uphill", "start_changed_in_place"}),
]


@pytest.mark.parametrize(("item", "text", "names"), WITH_TWO)
def test_two_mistakes_of_a_student_are_both_named(item: str, text: str, names: set[str]) -> None:
    functions = [line[4:].partition("(")[0] for line in text.splitlines() if line[:4] == "def "]
    answers = dict.fromkeys(functions, compile(text, "<two>", "exec"))
    marking = mark(HOMEWORK.items[item].problem, answers, SEED, [item])
    assert named(item, marking) == names

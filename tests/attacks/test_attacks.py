"""Every attack, behind both walls and behind the inner one alone, gets nothing and harms nobody."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from functools import cache
from itertools import chain, groupby
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from autograder.sandbox import examine
from tests.attacks import ATTACKS
from tests.attacks.attack import KINDS, Attack
from tests.attacks.scene import HOMEWORK, Aftermath, Scene

WALLS = {"both walls": True, "inner wall alone": False}

MakeScene = Callable[[str], Scene]


@pytest.fixture(scope="module")
def scene() -> Iterator[MakeScene]:
    with ExitStack() as stack:

        @cache
        def make(walls: str) -> Scene:
            if WALLS[walls] and examine().level != "outer and inner":
                pytest.skip("this machine hasn't got the outer wall")
            # Not pytest's folder for temporary files: that one is closed to other users.
            root = Path(stack.enter_context(TemporaryDirectory(prefix="fdl-scene-")))
            root.chmod(0o755)
            return Scene(root, use_outer=WALLS[walls])

        yield make


TOGETHER = 10
PROBLEM_3 = ("problem3_ntk",)
EVERYDAY = 3
"""So many attacks of each kind are in the everyday run."""


def batches(attacks: Iterable[Attack]) -> Iterator[list[Attack]]:
    """Attacks of one group that are marked in one sandbox, one after another."""
    for _, found in groupby(sorted(attacks, key=lambda a: a.group), key=lambda a: a.group):
        together = list(found)
        for start in range(0, len(together), TOGETHER):
            yield together[start : start + TOGETHER]


def everyday() -> Iterator[object]:
    """Some of each kind, by turns behind both walls and behind the inner one."""
    quick = [each for each in ATTACKS if each.problems == PROBLEM_3 and not each.slow]
    kinds = [[attack for attack in quick if attack.kind == kind][:EVERYDAY] for kind in KINDS]
    for turn, attacks in enumerate(batches(chain(*kinds))):
        walls = list(WALLS)[turn % 2]
        yield pytest.param(attacks, walls, id=f"from-{attacks[0]}-{walls}")
    mixed = list({attack.kind: attack for attack in reversed(quick) if not attack.hasty}.values())
    yield pytest.param(mixed, "both walls", id="one-of-each-kind", marks=pytest.mark.slow)


@pytest.mark.parametrize(("attacks", "walls"), list(everyday()))
def test_some_attacks_of_each_kind_get_nothing_and_harm_nobody(
    attacks: list[Attack], walls: str, scene: MakeScene
) -> None:
    assert wrongs_of(attacks, scene(walls)) == {}


@pytest.mark.slow
@pytest.mark.parametrize("walls", WALLS)
@pytest.mark.parametrize("attacks", list(batches(ATTACKS)), ids=lambda batch: f"from-{batch[0]}")
def test_attacks_get_nothing_and_harm_nobody(
    attacks: list[Attack], walls: str, scene: MakeScene
) -> None:
    assert wrongs_of(attacks, scene(walls)) == {}


def wrongs_of(attacks: list[Attack], scene: Scene) -> dict[str, list[str]]:
    """What went wrong, by the names of the attacks."""
    found = scene.strike(attacks)
    wrong = {a.name: wrongs(a, after) for a, after in zip(attacks, found, strict=True)}
    return {name: parts for name, parts in wrong.items() if parts}


def wrongs(attack: Attack, found: Aftermath) -> list[str]:
    """What is not as it has to be after an attack."""
    wrong = [*_unearned_or_lost(attack, found)]
    if not found.victim_is_unharmed:
        wrong.append("the victim's Report is another one than alone")
    for what in ("active", "leaked", "heard", "changed", "left_processes", "left_files"):
        wrong += [f"{what}: {thing}" for thing in getattr(found, what)]
    return wrong


def _unearned_or_lost(attack: Attack, found: Aftermath) -> Iterator[str]:
    for item in HOMEWORK.select("auto"):
        points = found.points[item.name]
        if item.name in attack.unsolved or item.problem not in attack.problems:
            if points != 0.0:
                yield f"{item.name} was not solved, and earned {points}"
        elif item.name in attack.spends:
            if not 0.0 <= points <= item.max_points:
                yield f"{item.name} earned {points} of {item.max_points}"
        elif points != item.max_points:
            yield f"{item.name} was answered as it should be, and earned {points}"
    for item in HOMEWORK.select("manual"):
        if found.points[item.name] != 0.0:
            yield f"{item.name} is marked by a person, and earned {found.points[item.name]}"
    if found.recorded != {item.name: found.points[item.name] for item in HOMEWORK.items.values()}:
        yield f"the gradebook has {found.recorded}, the Report {found.points}"


def test_there_are_a_hundred_and_some_of_every_kind() -> None:
    counts = Counter(attack.kind for attack in ATTACKS)
    assert sum(counts.values()) >= 100
    assert {kind: counts[kind] for kind in KINDS if counts[kind] < 8} == {}


def test_no_two_have_the_same_name() -> None:
    assert [name for name, count in Counter(map(str, ATTACKS)).items() if count > 1] == []

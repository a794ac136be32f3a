"""Every attack earns nothing and harms nobody, behind both walls and behind one wall."""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import chain, groupby
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from autograder.sandbox import examine
from tests.attacks import ATTACKS
from tests.attacks.attack import KINDS, Attack
from tests.attacks.scene import HOMEWORK, Aftermath, Scene

WALLS = {"both walls": True, "inner wall alone": False}
STRONGEST = "the strongest walls here"
"""Both walls, or the inner wall alone on a machine without bubblewrap; no attack is skipped."""


@pytest.fixture(scope="module")
def scene() -> Iterator[Scene]:
    # Pytest's folder for temporary files is closed to other users, so this test uses another
    # folder.
    with TemporaryDirectory(prefix="fdl-scene-") as folder:
        root = Path(folder)
        root.chmod(0o755)
        with contextlib.closing(Scene(root)) as scene:
            yield scene


TOGETHER = 10
PROBLEM_3 = ("problem3_ntk",)
EVERYDAY = 1
"""Number of attacks of each kind in the everyday run."""
AS_USER = ("planted files", "warm parent")
"""Kinds of attacks that the everyday run also marks as an ordinary user without spare users."""


def batches(attacks: Iterable[Attack]) -> Iterator[list[Attack]]:
    """Return groups of attacks that are marked in one sandbox, one attack after another."""
    for _, found in groupby(sorted(attacks, key=lambda a: a.group), key=lambda a: a.group):
        together = list(found)
        for start in range(0, len(together), TOGETHER):
            yield together[start : start + TOGETHER]


def everyday() -> Iterator[object]:
    """Yield some attacks of each kind, in turn behind the strongest walls and the inner wall."""
    quick = [each for each in ATTACKS if each.problems == PROBLEM_3 and not each.slow]
    kinds = [[attack for attack in quick if attack.kind == kind][:EVERYDAY] for kind in KINDS]
    for start, walls in enumerate((STRONGEST, "inner wall alone")):
        for attacks in batches(chain(*kinds[start::2])):
            yield pytest.param(attacks, walls, id=f"from-{attacks[0]}-{walls}")
    first = {attack.kind: attack for attack in reversed(quick) if not attack.hasty}
    some = [first[kind] for kind in AS_USER]
    for name, attacks in (("one-of-each-kind", list(first.values())), ("some-kinds", some)):
        yield pytest.param(attacks, STRONGEST, id=name, marks=pytest.mark.slow)


@pytest.mark.parametrize(("attacks", "walls"), list(everyday()))
def test_some_attacks_of_each_kind_get_nothing_and_harm_nobody(
    attacks: list[Attack], walls: str, scene: Scene
) -> None:
    assert wrongs_of(attacks, walls, scene) == {}


@pytest.mark.slow
@pytest.mark.parametrize("walls", WALLS)
@pytest.mark.parametrize("attacks", list(batches(ATTACKS)), ids=lambda batch: f"from-{batch[0]}")
def test_attacks_get_nothing_and_harm_nobody(
    attacks: list[Attack], walls: str, scene: Scene
) -> None:
    assert wrongs_of(attacks, walls, scene) == {}


def wrongs_of(attacks: list[Attack], walls: str, scene: Scene) -> dict[str, list[str]]:
    """Return the faults that the attacks caused, by the attacks' names."""
    use_outer = WALLS.get(walls, True)
    if use_outer and walls != STRONGEST and examine().level != "outer and inner":
        pytest.skip("this machine does not have the outer wall")
    found = scene.strike(attacks, use_outer=use_outer)
    wrong = {a.name: wrongs(a, after) for a, after in zip(attacks, found, strict=True)}
    return {name: parts for name, parts in wrong.items() if parts}


def wrongs(attack: Attack, found: Aftermath) -> list[str]:
    """Return the differences from the required state after an attack."""
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

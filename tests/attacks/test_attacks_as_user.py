"""When root runs the tests, a user without privileges marks the attacks once more."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.attacks.test_attacks import WALLS
from tests.ordinary_user import SKIPPED_INSIDE, OrdinaryUser, RecordProperty, ordinary_user

MODULE = Path(__file__).with_name("test_attacks.py")
NEEDED = ("numpy", "matplotlib", "IPython", "msgpack", "pytest", "nbgrader", "autograder.sandbox")


@pytest.fixture(scope="module")
def user() -> Iterator[OrdinaryUser]:
    with ordinary_user(NEEDED) as found:
        yield found


def test_attacks_of_some_kinds_get_nothing_and_harm_nobody(
    user: OrdinaryUser, record_property: RecordProperty
) -> None:
    record_property(SKIPPED_INSIDE, user.test(MODULE, "-m", "slow", "-k", "some-kinds"))


@pytest.mark.slow
def test_one_of_each_kind_gets_nothing_and_harms_nobody(
    user: OrdinaryUser, record_property: RecordProperty
) -> None:
    record_property(SKIPPED_INSIDE, user.test(MODULE, "-m", "slow", "-k", "one-of-each-kind"))


@pytest.mark.slow
@pytest.mark.parametrize("walls", WALLS)
def test_no_attack_gets_anything_or_harms_anybody(
    walls: str, user: OrdinaryUser, record_property: RecordProperty
) -> None:
    record_property(SKIPPED_INSIDE, user.test(MODULE, "-m", "slow", "-k", walls.partition(" ")[0]))

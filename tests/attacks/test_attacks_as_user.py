"""Where the tests are run by root: the attacks once more, marked by a user with no powers."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.attacks.test_attacks import WALLS
from tests.ordinary_user import OrdinaryUser, ordinary_user

MODULE = Path(__file__).with_name("test_attacks.py")
NEEDED = ("numpy", "matplotlib", "IPython", "msgpack", "pytest", "nbgrader", "autograder.sandbox")


@pytest.fixture(scope="module")
def user() -> Iterator[OrdinaryUser]:
    with ordinary_user(NEEDED) as found:
        yield found


def test_one_of_each_kind_gets_nothing_and_harms_nobody(user: OrdinaryUser) -> None:
    user.test(MODULE, "-m", "slow", "-k", "one-of-each-kind")


@pytest.mark.slow
@pytest.mark.parametrize("walls", WALLS)
def test_no_attack_gets_anything_or_harms_anybody(walls: str, user: OrdinaryUser) -> None:
    user.test(MODULE, "-m", "slow", "-k", walls.partition(" ")[0])

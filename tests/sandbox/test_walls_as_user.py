"""Where the tests are run by root: the walls' tests once more, as a user with no powers."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.ordinary_user import OrdinaryUser, ordinary_user

NEEDED = ("numpy", "matplotlib", "IPython", "msgpack", "pytest", "autograder.sandbox")

MODULES: dict[str, Any] = {
    "test_walls.py": (),
    "test_probes.py": (),
    "test_launch.py": pytest.mark.slow,
    "test_degrade.py": pytest.mark.slow,
    "test_memory.py": pytest.mark.slow,
    "test_between_tests.py": pytest.mark.slow,
}


@pytest.fixture(scope="module")
def user() -> Iterator[OrdinaryUser]:
    with ordinary_user(NEEDED) as found:
        yield found


@pytest.mark.parametrize(
    "module", [pytest.param(module, marks=marks) for module, marks in MODULES.items()]
)
def test_an_ordinary_user_is_walled_in_too(module: str, user: OrdinaryUser) -> None:
    user.test(Path(__file__).with_name(module))

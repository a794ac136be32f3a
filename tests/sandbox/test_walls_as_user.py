"""When root runs the tests, a user without privileges runs the tests of the walls once more."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.ordinary_user import SKIPPED_INSIDE, OrdinaryUser, RecordProperty, ordinary_user

NEEDED = ("numpy", "matplotlib", "IPython", "msgpack", "pytest", "autograder.sandbox")

HERE = Path(__file__).parent
MODULES = (
    "test_walls.py",
    "test_probes.py",
    "test_launch.py",
    "test_degrade.py",
    "test_memory.py",
    "test_between_tests.py",
)
PROBES = "test_probes.py::test_each_wall_does_what_the_table_says"
OUTER = [f"--deselect=tests/sandbox/{PROBES}[{walls}" for walls in ("both", "outer")]
"""Option that skips the probes behind the inner wall alone, which run without the outer wall."""


@pytest.fixture(scope="module")
def user() -> Iterator[OrdinaryUser]:
    with ordinary_user(NEEDED) as found:
        yield found


def test_an_ordinary_user_is_walled_in_too(
    user: OrdinaryUser, record_property: RecordProperty
) -> None:
    """Both modules run together, because starting a run takes as long as its tests."""
    walls, probes = (HERE / name for name in ("test_walls.py", "test_probes.py"))
    record_property(SKIPPED_INSIDE, user.test(walls, str(probes), *OUTER))


@pytest.mark.slow
@pytest.mark.parametrize("module", MODULES)
def test_an_ordinary_user_is_walled_in_by_each_wall(
    module: str, user: OrdinaryUser, record_property: RecordProperty
) -> None:
    record_property(SKIPPED_INSIDE, user.test(HERE / module))

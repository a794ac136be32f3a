from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.gradebook.course import write_course

from .madeupclass import FEEDBACK, GRADE, REGRADE, hand_in_all, make_class
from .theatre import Theatre
from .trial import Scene


@pytest.fixture(scope="session")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("faults")


@pytest.fixture(scope="session")
def theatre(place: Path) -> Iterator[Theatre]:
    made = Theatre(place)
    yield made
    made.close()


@pytest.fixture(scope="session")
def base(place: Path) -> Path:
    """A class that was graded once and marked by hand; some students then submitted again."""
    make_class(place / "base")
    return place / "base"


@pytest.fixture(scope="session")
def scene(theatre: Theatre, place: Path, base: Path) -> Scene:
    """The commands `fdl grade` and `fdl feedback`, one after the other."""
    return Scene(theatre, place, base, [GRADE, FEEDBACK])


@pytest.fixture(scope="session")
def first(theatre: Theatre, place: Path) -> Scene:
    """The first run in a course, which has no gradebook yet."""
    hand_in_all(write_course(place / "new"))
    return Scene(theatre, place, place / "new", [GRADE, FEEDBACK], by_hand=set())


@pytest.fixture(scope="session")
def regrading(theatre: Theatre, place: Path, base: Path) -> Scene:
    """The command `fdl regrade --apply`, when most marks have changed."""
    return Scene(theatre, place, base, [REGRADE])

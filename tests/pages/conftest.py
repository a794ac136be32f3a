from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from autograder.course.assignment import Course

from ..gradebook.conftest import empty_gradebook as empty_gradebook
from ..gradebook.conftest import prepared as prepared
from ..gradebook.server import TOKEN, Formgrader, started
from .payloads import PAYLOADS
from .places import Arms
from .watch import Canary, Watch


@pytest.fixture(scope="session")
def canary() -> Iterator[Canary]:
    with Canary().listening() as canary:
        yield canary


@pytest.fixture(scope="session")
def arms(canary: Canary) -> Arms:
    return Arms(PAYLOADS, canary.address)


@pytest.fixture(scope="session")
def course(prepared: Path, tmp_path_factory: pytest.TempPathFactory) -> Course:
    root = tmp_path_factory.mktemp("pages") / "course"
    shutil.copytree(prepared, root)
    return Course(root)


@pytest.fixture(scope="session")
def formgrader(course: Course, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Formgrader]:
    with started(course, tmp_path_factory.mktemp("home")) as formgrader:
        yield formgrader


@pytest.fixture(scope="session")
def reader(browser: Any, canary: Canary) -> Iterator[Watch]:
    """The browser of a person who opens the kit's pages; one browser for all tests."""
    watch = Watch(browser, canary)
    yield watch
    watch.close()


@pytest.fixture
def watch(reader: Watch) -> Iterator[Watch]:
    yield reader
    reader.rest()


@pytest.fixture(scope="session")
def logged_in(browser: Any, canary: Canary, formgrader: Formgrader) -> Iterator[Watch]:
    """The browser of a person who is logged in to the formgrader; one browser for all tests."""
    watch = Watch(browser, canary, formgrader.address)
    watch.log_in(TOKEN)
    yield watch
    watch.close()


@pytest.fixture
def marker(logged_in: Watch) -> Iterator[Watch]:
    yield logged_in
    logged_in.rest()

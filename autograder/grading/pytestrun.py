"""Run hidden tests on one submission with plain pytest, which prints its usual output.

A conftest.py beside an assignment's hidden tests imports these hooks.
"""

from __future__ import annotations

import time
from contextlib import ExitStack
from pathlib import Path

import pytest

from autograder.course.assignment import Course
from autograder.course.code import serve_hidden_tests
from autograder.errors import KitError
from autograder.grading.followthrough import load_called, read_pairs
from autograder.grading.jobs import MarkSettings
from autograder.grading.mark import open_notebooks
from autograder.grading.plugin import MarkingPlugin
from autograder.words import shown

ENDS = pytest.StashKey[ExitStack]()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add pytest's options for the submission, the seed and the walls."""
    group = parser.getgroup("fdl", "hidden tests of a homework")
    group.addoption("--submission", type=Path, help="the folder (or notebook) to test")
    group.addoption("--seed", type=int, help="draw hidden inputs from this seed")
    group.addoption("--unprotected", action="store_true", help="run without any wall")


@pytest.hookimpl(trylast=True)  # other plugins read paths, and this hook may change the folder
def pytest_configure(config: pytest.Config) -> None:
    """Start the submission's notebooks, unless marking has already done so."""
    config.addinivalue_line(
        "markers", "item(name, part, costs, care): the item a hidden test belongs to"
    )
    plugins = config.pluginmanager.get_plugins()
    is_marking = any(isinstance(plugin, MarkingPlugin) for plugin in plugins)
    if is_marking or config.option.collectonly or config.option.help:
        return
    path: Path | None = config.option.submission
    if path is None:
        raise pytest.UsageError(
            "hidden tests need a submission: add --submission FOLDER (a student's notebooks)"
        )
    try:
        _start(config, path)
    except KitError as error:
        raise pytest.UsageError(shown(str(error))) from error


def pytest_unconfigure(config: pytest.Config) -> None:
    """End the submission's processes, and return to the folder in which pytest was started."""
    config.stash.get(ENDS, ExitStack()).close()


def _start(config: pytest.Config, path: Path) -> None:
    hidden = Path(str(config.args[0]).partition("::")[0]).resolve()
    folder = hidden if hidden.is_dir() else hidden.parent
    course = Course.find(config.invocation_params.dir)
    assignment = course.assignment(folder.name)
    serve_hidden_tests(folder)
    seed = assignment.seed if config.option.seed is None else config.option.seed
    settings = MarkSettings(assignment.limits, unprotected=config.option.unprotected)
    ends = config.stash[ENDS] = ExitStack()
    notebooks = ends.enter_context(
        open_notebooks(course, assignment, path.resolve(), seed, settings)
    )
    ends.enter_context(course.beside_files(assignment))
    pairs = read_pairs(course, assignment)
    references = load_called(course, assignment, pairs)
    notebooks.make_ready()
    notebooks.run_notebooks(time.monotonic() + settings.limits.submission_seconds)
    plugin = MarkingPlugin(assignment)
    plugin.begin(notebooks.student, seed, references, pairs)
    config.pluginmanager.register(plugin, "fdl-marking")

"""Commands start quickly: they import a large package only when they use it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import autograder.sandbox

CHECKOUT = Path(__file__).parents[2]

SHOW_IMPORTS = """
import sys
from autograder.cli import app
try:
    app(sys.argv[1:])
except SystemExit as ended:
    assert not ended.code, ended.code
print("imports:", *sys.modules)
"""

HEAVY = {
    *("numpy", "matplotlib", "IPython", "PIL", "pytest", "msgpack", "jinja2", "nh3", "sqlalchemy"),
    *("nbgrader", "nbconvert", "nbclient", "jupyter_client", "zmq", "tornado", "alembic"),
}
"""Packages that take long to import, and that neither the help nor the status needs."""

MARKING = {"matplotlib", "IPython", "nbgrader", "sqlalchemy", "alembic"}
"""Packages that the grader's own process does not need to mark a right submission."""


def imports(*command: str) -> set[str]:
    """Return the modules that a command of `fdl` has imported when it ends."""
    found = subprocess.run(
        [sys.executable, "-c", SHOW_IMPORTS, *command],
        cwd=CHECKOUT,
        capture_output=True,
        text=True,
        check=True,
    )
    return set(found.stdout.rpartition("imports: ")[2].split())


def test_help_imports_nothing_that_reads_or_marks_notebooks() -> None:
    found = imports("--help")
    assert "typer" in found
    read = {"nbformat", "jsonschema", "msgspec", "sqlite3", "multiprocessing"}
    assert not found & (HEAVY | read | {"autograder.course.settings"})


def test_status_reads_the_course_without_the_gradebook_s_packages() -> None:
    found = imports("status")
    assert "nbformat" in found
    assert not found & HEAVY


def test_reading_notebooks_skips_slow_checks_of_formats() -> None:
    found = imports("status")
    assert "jsonschema" in found
    assert not {name for name in found if name.startswith(("rfc3987_syntax.", "isoduration."))}
    assert "arrow" not in found


def imports_of(*modules: str) -> set[str]:
    """Return all modules that are imported with these modules."""
    code = f"import sys, {', '.join(modules)}; print('imports:', *sys.modules)"
    found = subprocess.run(
        [sys.executable, "-c", code], cwd=CHECKOUT, capture_output=True, text=True, check=True
    )
    return set(found.stdout.split())


def test_a_class_is_compared_without_the_modules_that_mark_and_record() -> None:
    names = imports_of("autograder.commands.grade", "autograder.runs.grade")
    assert "autograder.gradebook.records" in names
    assert not names & (HEAVY - {"numpy", "msgpack"} | MARKING | {"autograder.grading.mark"})


def test_the_sandbox_offers_every_name_but_imports_numpy_late() -> None:
    assert "numpy" not in imports_of("autograder.sandbox")
    assert all(hasattr(autograder.sandbox, name) for name in autograder.sandbox.__all__)
    with pytest.raises(AttributeError, match="has no attribute 'Sandbx'"):
        autograder.sandbox.Sandbx  # noqa: B018


def test_the_modules_that_mark_leave_drawing_to_the_sandbox() -> None:
    names = imports_of("autograder.grading.mark")
    assert "autograder.grading.diagnosis" in names
    assert not names & MARKING


@pytest.mark.parametrize("command", ["grade", "demo", "mark", "release", "desk", "regrade"])
def test_the_help_of_a_command_imports_no_more(command: str) -> None:
    assert not imports(command, "--help") & HEAVY

"""Runs an assignment's hidden tests under pytest, in this process."""

from __future__ import annotations

import contextlib
import io
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from autograder.errors import CourseError
from autograder.grading.plugin import MarkingPlugin


def run_hidden_tests(hidden: Path, plugin: MarkingPlugin, arguments: Sequence[str] = ()) -> None:
    """Run the hidden tests of the folder under pytest, quietly, in this process."""
    if not hidden.is_dir():
        raise CourseError(f"there are no hidden tests in {hidden}")
    options = [
        str(hidden), "-q", "-p", "no:cacheprovider", "-p", "no:logging", "--capture=no",
        "-p", "no:unraisableexception", "-p", "no:threadexception",
        "--import-mode=importlib", f"--rootdir={hidden}", f"--confcutdir={hidden}",
        "-c", "/dev/null", "--disable-plugin-autoload", "--tb=no", *arguments,
    ]  # fmt: skip
    _forget_other_tests(hidden)
    output = io.StringIO()
    with contextlib.redirect_stdout(output), contextlib.redirect_stderr(output):
        code = pytest.main(options, plugins=[plugin])
    if code not in (
        pytest.ExitCode.OK,
        pytest.ExitCode.TESTS_FAILED,
        pytest.ExitCode.NO_TESTS_COLLECTED,
    ):
        found = "\n".join(plugin.broken) or output.getvalue().strip()
        raise CourseError(f"the hidden tests in {hidden} did not run:\n{found}")


def _forget_other_tests(hidden: Path) -> None:
    """Have pytest read a module anew where one of its name came from elsewhere or has changed."""
    for path in hidden.glob("*.py"):
        stamp = (path, path.stat().st_mtime_ns)
        if _READ.get(path.stem) != stamp:
            for name in [name for name in sys.modules if name.rpartition(".")[2] == path.stem]:
                if path.stem.startswith("test_"):
                    del sys.modules[name]
            _READ[path.stem] = stamp


_READ: dict[str, tuple[Path, int]] = {}
"""The hidden test modules that this process has read: stem -> where from, and as of when."""

"""Run an assignment's hidden tests with pytest, in this process.

Starting pytest and collecting the tests takes as long as running them, so one session stays open
for one submission after another.
"""

from __future__ import annotations

import contextlib
import io
from collections.abc import Iterator
from pathlib import Path

import pytest
from _pytest.config import (
    ConftestImportFailure,
    _prepareconfig,  # a private function, which pytest-xdist uses too: there is no public one
)

from autograder.course.assignment import Assignment
from autograder.course.code import (
    error_in_code,
    forget_hidden_tests,
    serve_hidden_tests,
    version_of_tests,
)
from autograder.errors import CourseError
from autograder.grading.plugin import MarkingPlugin, item_of

_OPTIONS = (
    "-p", "no:cacheprovider", "-p", "no:logging", "--capture=no", "-p", "no:terminal",
    "-p", "no:unraisableexception", "-p", "no:threadexception", "--import-mode=importlib",
    "-c", "/dev/null", "--disable-plugin-autoload",
)  # fmt: skip


class HiddenTests:
    """The hidden tests of a folder, collected once. Raises CourseError if they can't be read."""

    def __init__(self, hidden: Path, plugin: MarkingPlugin) -> None:
        if not hidden.is_dir():
            raise CourseError(f"there are no hidden tests in {hidden}")
        self._hidden = hidden
        serve_hidden_tests(hidden)
        options = [str(hidden), f"--rootdir={hidden}", f"--confcutdir={hidden}", *_OPTIONS]
        with self._quietly():
            self._config = _prepareconfig(options, [plugin])
            self._session = pytest.Session.from_config(self._config)
        with contextlib.ExitStack() as stack:
            stack.callback(self._config._ensure_unconfigure)
            with self._quietly():
                self._config._do_configure()
                self._config.hook.pytest_sessionstart(session=self._session)
                self._config.hook.pytest_collection(session=self._session)
                if plugin.broken:
                    forget_hidden_tests(hidden)
                    raise self._failure("\n".join(map(str, plugin.broken)))
            # nobody reads pytest's own traceback of a failed test, and writing it is slow
            self._config.option.tbstyle = "no"
            self._ending = stack.pop_all()

    def close(self) -> None:
        """End pytest's session."""
        with self._ending, self._quietly():
            self._config.hook.pytest_sessionfinish(session=self._session, exitstatus=0)

    def run(self, item: str | None = None) -> None:
        """Run every test once, or only the tests of one item."""
        self._session.testsfailed = 0  # forget the submission before this one
        self._session.shouldfail = self._session.shouldstop = False
        tests = self._session.items
        if item is not None:
            self._session.items = [test for test in tests if item_of(test) == item]
        try:
            with self._quietly(), contextlib.suppress(pytest.Session.Failed):
                self._config.hook.pytest_runtestloop(session=self._session)
        finally:
            self._session.items = tests

    @contextlib.contextmanager
    def _quietly(self) -> Iterator[None]:
        """Capture all output; raise CourseError with it if pytest itself fails."""
        output = io.StringIO()
        try:
            with contextlib.redirect_stdout(output), contextlib.redirect_stderr(output):
                yield
        except CourseError:
            raise
        except (Exception, SystemExit) as error:
            cause = error.cause if isinstance(error, ConftestImportFailure) else error
            found = output.getvalue().strip() or str(error_in_code(cause, self._hidden))
            raise self._failure(found) from error

    def _failure(self, told: str) -> CourseError:
        return CourseError(f"the hidden tests in {self._hidden} did not run:\n{told}")


class KeptTests:
    """A cache of collected hidden tests, which the next submission with the same tests uses."""

    def __init__(self) -> None:
        self._key: object = None
        self._kept: tuple[MarkingPlugin, HiddenTests] | None = None

    @contextlib.contextmanager
    def open(
        self, hidden: Path, assignment: Assignment
    ) -> Iterator[tuple[MarkingPlugin, HiddenTests]]:
        """Yield the plugin and the tests for one submission; collect changed tests again."""
        key = (hidden, version_of_tests(hidden), assignment)
        if self._kept is None or self._key != key:
            self.close()
            plugin = MarkingPlugin(assignment)
            self._key, self._kept = key, (plugin, HiddenTests(hidden, plugin))
        try:
            yield self._kept
        except BaseException:  # an interrupted test may have left the session in any state
            self.close()
            raise

    def close(self) -> None:
        """End the kept session, if there is one."""
        kept, self._kept = self._kept, None
        if kept is not None:
            kept[1].close()

"""The kit's consoles, for tests that run commands in their own process."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from unittest import mock

from autograder.commands.common import err, out


@contextmanager
def wide_consoles(columns: int = 200) -> Iterator[None]:
    """Let commands print lines of this many characters, in any terminal that runs the tests."""
    with ExitStack() as stack:
        for console in (out, err):
            stack.enter_context(mock.patch.object(console, "_width", columns))
            stack.enter_context(mock.patch.object(console, "_height", 50))
        yield

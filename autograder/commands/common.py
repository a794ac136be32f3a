"""The app, its consoles and its error messages, which all commands share."""

from __future__ import annotations

import errno
import os
import sys
import traceback
from collections.abc import Callable, Iterable
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn, ParamSpec

import typer
from rich import box
from rich.table import Table
from rich.text import Text
from typer.core import TyperGroup

from autograder.console import Terminal
from autograder.errors import KitError
from autograder.words import printable, shown

if TYPE_CHECKING:
    from autograder.course.assignment import Course
    from autograder.submission.intake.roster import Roster


class Commands(TyperGroup):
    """The group of all commands. It makes folder names safe to print in error messages."""

    def invoke(self, ctx: typer.Context) -> object:  # type: ignore[override]
        """Invoke the command as Typer does, and make its error messages safe to print.

        If an argument is missing, the message shows the command's example.
        """
        try:
            return super().invoke(ctx)
        except Exception as error:  # the module of UsageError depends on Typer's version
            if isinstance(message := getattr(error, "message", None), str):
                called = getattr(getattr(error, "ctx", None), "command", None)
                example = getattr(called, "epilog", None) or ""
                error.message = shown(message) or example  # type: ignore[attr-defined]
            raise


app = typer.Typer(
    cls=Commands,
    help=(
        "Publish, collect and grade the homework of a course.\n\n"
        "`fdl` alone shows how far each homework is and which command comes next."
    ),
    pretty_exceptions_enable=False,
)

P = ParamSpec("P")

out = Terminal()
err = Terminal(stderr=True)

_DISK_IS_FULL = (errno.ENOSPC, errno.EDQUOT)


def warn_of_broken_tests(notes: Iterable[str], assignment: str) -> None:
    """Print a warning for each hidden test that failed because of a bug in the test."""
    for note in sorted(notes):
        err.print(
            Text(
                f"A hidden test has a bug: {note}. Students lost the points of this test without a "
                f"mistake of their own. Correct the test, then run fdl regrade {assignment}",
                style="yellow",
            )
        )


def find_course(path: Path | None = None) -> Course:
    """Return the course of a folder; warn about notebooks in `submitted/` that no command reads."""
    from autograder.course.assignment import Course  # commands import it late, to start quickly
    from autograder.submission.files import misplaced

    course = Course.find(path)
    for fault in misplaced(course.submitted, course.assignment_names):
        err.print(Text(f"fdl: {fault}", style="yellow"), soft_wrap=True)
    return course


def warn_of_list(roster: Roster) -> None:
    """Print a note if the encoding of a list of students was a guess."""
    if roster.note:
        err.print(Text(f"fdl: {roster.note}", style="yellow"), soft_wrap=True)


def plain_table(*columns: str) -> Table:
    """Return an empty table without borders; its first column is aligned left, the others right."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for index, name in enumerate(columns):
        table.add_column(Text(name), justify="right" if index else "left")
    return table


def with_messages(command: Callable[P, None]) -> Callable[P, None]:
    """Print errors as messages and exit with code 2, or with 3 if the error is a bug in fdl."""

    @wraps(command)
    def run(*args: P.args, **kwargs: P.kwargs) -> None:
        try:
            command(*args, **kwargs)
        except KitError as error:
            _fail(str(error), 2)
        except KeyboardInterrupt:
            err.print(
                "\nfdl: stopped. The gradebook is intact; to finish, run the same command again."
            )
            raise typer.Exit(130) from None
        except BrokenPipeError:  # a reader such as `head` has closed the pipe
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            raise typer.Exit(0) from None
        except Exception as error:
            if type(error).__module__.startswith(("click", "typer")):
                raise  # a usage error, or an exit
            if isinstance(error, OSError) and (error.filename or error.errno in _DISK_IS_FULL):
                _fail(": ".join(filter(None, (str(error.filename or ""), error.strerror))), 2)
            _fail(_reported(error), 3)

    return run


def command(name: str | None = None) -> Callable[[Callable[P, None]], Callable[P, None]]:
    """Make a function a command of `app`, called `name` (default: the function's name)."""
    return lambda function: app.command(name or function.__name__)(with_messages(function))


def _fail(message: str, code: int) -> NoReturn:
    err.print(Text(f"fdl: {message}", style="red"), soft_wrap=True)
    raise typer.Exit(code) from None


def _reported(error: Exception) -> str:
    """Write the traceback of an unexpected error to a file, and return the message for the user."""
    what = f"an error in fdl itself: {type(error).__name__}: {printable(str(error))}"
    from tempfile import mkstemp

    details = "".join(traceback.format_exception(error))
    try:
        descriptor, path = mkstemp(prefix="fdl-error-", suffix=".log")
        with os.fdopen(descriptor, "w", encoding="utf-8", errors="backslashreplace") as file:
            file.write(f"{sys.argv}\n{sys.version}\n\n{details}")
    except OSError as full:
        return f"{what}. The details could not be written to a file ({full.strerror})"
    return f"{what}. Send {path} with a bug report; it may contain names of students"

"""What all commands share: the app, its consoles, common options, and how errors are told."""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from functools import wraps
from pathlib import Path
from typing import Annotated, ParamSpec

import typer
from rich.text import Text
from typer.core import TyperGroup

from autograder.console import Terminal
from autograder.errors import KitError
from autograder.words import shown


class Commands(TyperGroup):
    """All commands. The error of a wrong call may hold the name of a student's folder."""

    def invoke(self, ctx: typer.Context) -> object:  # type: ignore[override]
        """As Typer does it; what it will print of its own errors holds nothing that acts."""
        try:
            return super().invoke(ctx)
        except Exception as error:  # Typer's versions keep the class UsageError in other places
            if isinstance(message := getattr(error, "message", None), str):
                error.message = shown(message)  # type: ignore[attr-defined]
            raise


app = typer.Typer(
    cls=Commands,
    help="Release, mark and record the homework of a course.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)

P = ParamSpec("P")

out = Terminal()
err = Terminal(stderr=True)

CourseOption = Annotated[
    Path | None, typer.Option("--course", help="The course folder (default: found from here).")
]
SeedOption = Annotated[int | None, typer.Option(help="Draw the hidden inputs from this seed.")]
UnprotectedOption = Annotated[
    bool, typer.Option("--unprotected", help="Mark even where this machine has no wall that works.")
]
InnerOption = Annotated[
    bool, typer.Option("--inner-only", help="Leave out the outer wall (bubblewrap).")
]


class Format(StrEnum):
    """How a Report is printed."""

    TABLE = "table"
    JSON = "json"


def told(command: Callable[P, None]) -> Callable[P, None]:
    """Print the kit's own errors as messages and end with code 2."""

    @wraps(command)
    def run(*args: P.args, **kwargs: P.kwargs) -> None:
        try:
            command(*args, **kwargs)
        except KitError as error:
            err.print(Text(f"fdl: {error}", style="red"))
            raise typer.Exit(2) from None
        except KeyboardInterrupt:
            err.print(
                "\nfdl: stopped. What was finished is kept; the same command goes on from there."
            )
            raise typer.Exit(130) from None

    return run

"""`fdl doctor`: show which walls around student code this machine has."""

from __future__ import annotations

import typer
from rich.table import Table

from autograder.commands.common import command, out


@command()
def doctor() -> None:
    """Show which walls around student code this machine has, and how to install a missing one."""
    from autograder.sandbox import examine

    protection = examine()
    table = Table(
        "wall", "here", "Missing, and how to install it", title="Walls around student code"
    )
    for row in protection.advice():
        table.add_row(*row)
    out.print(table)
    out.print(f"Student code is marked behind: {protection.level}")
    if protection.level == "unprotected":
        raise typer.Exit(1)

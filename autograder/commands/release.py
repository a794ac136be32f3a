"""`fdl release` and `fdl prove`: what students get, and the proof that it is fit."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.text import Text

from autograder.commands import options
from autograder.commands.common import command, err, out
from autograder.commands.progress import progress
from autograder.console import as_line
from autograder.course.assignment import Course


@command()
def release(
    assignment: str,
    check: Annotated[
        bool,
        typer.Option("--check", help="Change nothing; fail if a tree is out of date or unfit."),
    ] = False,
    again: Annotated[
        bool, typer.Option("--again", help="Repeat also the parts whose inputs have not changed.")
    ] = False,
    course: options.CoursePath = None,
) -> None:
    """Fill the source from the solutions, build the release, and prove it fit to publish."""
    from autograder.release import release as make_release

    with err.status(f"Building and proving {assignment}") as status:
        proof = make_release(
            Course.find(course),
            assignment,
            check=check,
            say=lambda what: status.update(as_line(what)),
            again=again,
        )
    out.print(proof.table())
    if not proof.ok:
        err.print(f"{assignment} is not fit to publish; nothing was changed.", style="red")
        raise typer.Exit(1)


@command()
def prove(
    assignment: str,
    matrix: Annotated[
        Path | None, typer.Option(help="Write the kill matrix to this .html file, and as .csv.")
    ] = None,
    seed: options.Seed = None,
    course: options.CoursePath = None,
) -> None:
    """Hold every misconception against the hidden tests: each must lose its own item alone."""
    from autograder.release.proof.killmatrix import kill_matrix

    found = Course.find(course)
    with progress(err, "Misconceptions") as watch:
        proof = kill_matrix(found, found.assignment(assignment), seed=seed, watch=watch)
    if matrix is not None:
        matrix.with_suffix(".html").write_text(proof.to_html(), encoding="utf-8")
        matrix.with_suffix(".csv").write_text(proof.to_csv(), encoding="utf-8")
    faults = list(proof.faults())
    for fault in faults:
        err.print(Text(fault, "red"))
    out.print(f"{assignment}: {proof.summary()}")
    if faults:
        raise typer.Exit(1)

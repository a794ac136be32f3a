"""`fdl release` and `fdl prove`: build the students' files, and prove they are fit to publish."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.text import Text

from autograder.commands import options
from autograder.commands.common import command, err, find_course, out
from autograder.console import as_line

if TYPE_CHECKING:
    from autograder.course.assignment import Course


@command()
def release(
    assignment: options.Homework,
    check: Annotated[
        bool,
        typer.Option(
            "--check",
            help="Change nothing; exit with 1 if the release is out of date or not fit to publish.",
        ),
    ] = False,
    again: Annotated[
        bool,
        typer.Option(
            "--again", help="Also repeat the parts of the proof whose inputs have not changed."
        ),
    ] = False,
    solutions: Annotated[
        bool,
        typer.Option(
            "--solutions",
            help="Write the solutions for students instead: notebooks with answers, model proofs "
            "and pictures. This is possible once the last extension has passed.",
        ),
    ] = False,
    now: Annotated[
        bool,
        typer.Option(
            "--now",
            help="With --solutions: write the solutions now, even before the "
            "last extension has passed.",
        ),
    ] = False,
    course: options.CoursePath = None,
) -> None:
    """Build the release from source and solutions, check it, and write it if it passes.

    If the proof fails, nothing is written. After the deadline, `fdl release hw2 --solutions`
    writes the solutions into published/hw2-solutions.
    """
    from autograder.release import release as make_release

    if now and not solutions:
        raise typer.BadParameter(
            "--now works only with --solutions: add --solutions, or leave out --now"
        )
    if solutions and (check or again):
        raise typer.BadParameter(
            "--check and --again have no effect with --solutions: leave them out"
        )
    if solutions:
        _publish_solutions(find_course(course), assignment, now=now)
        return
    with err.status(f"Building and proving {assignment}") as status:
        proof = make_release(
            find_course(course),
            assignment,
            check=check,
            say=lambda what: status.update(as_line(what)),
            again=again,
        )
    out.print(proof.table())
    if not proof.ok:
        err.print(
            f"{assignment} is not fit to publish and nothing was changed. Fix what the table "
            f"marks with ✗, then run: fdl release {assignment}",
            style="red",
        )
        raise typer.Exit(1)


def _publish_solutions(course: Course, assignment: str, *, now: bool) -> None:
    from autograder.release.answered import publish_solutions

    with err.status(f"Writing the solutions of {assignment}") as status:
        differences = publish_solutions(
            course, assignment, now=now, say=lambda what: status.update(as_line(what))
        )
    for difference in differences:
        err.print(
            f"{difference}, so students may have an older version of the homework than these "
            "solutions",
            style="yellow",
        )
    folder = course.published_solutions(assignment).relative_to(course.root)
    out.print(
        f"Solutions of {assignment} are in {folder}/. Give students this folder. The .html pages "
        "need only a browser; the notebooks need checks.py in the same folder"
    )


@command()
def prove(
    assignment: options.Homework,
    matrix: Annotated[
        Path | None,
        typer.Option(
            help="Write the table of results to this .html file, and to a .csv file with the same "
            "name."
        ),
    ] = None,
    seed: options.Seed = None,
    course: options.CoursePath = None,
) -> None:
    """Run the hidden tests on every misconception: each must lose points in its own item only."""
    from autograder.commands.progress import progress
    from autograder.release.proof.killmatrix import kill_matrix

    found = find_course(course)
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

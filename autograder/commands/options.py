"""Options that several commands share."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

Format = StrEnum("Format", ("TABLE", "JSON"))

Homework = Annotated[
    str, typer.Argument(metavar="HOMEWORK", help="Name of the homework, such as hw2.")
]
CoursePath = Annotated[
    Path | None,
    typer.Option("--course", help="Course folder (default: the current folder's course)."),
]
Students = Annotated[list[str] | None, typer.Option(help="Only this student; can be repeated.")]
Jobs = Annotated[
    int | None,
    typer.Option(
        min=1,
        help="Number of submissions to mark at once (default: chosen from the processors and "
        "memory).",
    ),
]
Seed = Annotated[
    int | None,
    typer.Option(help="Random seed for the hidden inputs (default: the homework's seed)."),
]
Unprotected = Annotated[
    bool,
    typer.Option("--unprotected", help="Mark even if there is no wall around student code."),
]
InnerOnly = Annotated[
    bool,
    typer.Option("--inner-only", help="Do not use bubblewrap, the outer wall around student code."),
]
NewFolders = Annotated[
    bool,
    typer.Option(
        "--new", help="Make new folders even for people who may already be in the course."
    ),
]
PrintedAs = Annotated[Format, typer.Option("--format", help="Output format.")]
Cluster = Annotated[
    str | None, typer.Option(help="Mark on this Dask scheduler: tls://HOST:PORT or tcp://...")
]
ClusterTls = Annotated[
    Path | None, typer.Option(help="Folder with ca.pem, cert.pem and key.pem for tls://.")
]

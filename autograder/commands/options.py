"""Options that several commands have."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

Format = StrEnum("Format", ("TABLE", "JSON"))

CoursePath = Annotated[
    Path | None, typer.Option("--course", help="The course folder (default: found from here).")
]
Students = Annotated[list[str] | None, typer.Option(help="Only this student.")]
Jobs = Annotated[int | None, typer.Option(min=1, help="How many at once.")]
Seed = Annotated[int | None, typer.Option(help="Draw the hidden inputs from this seed.")]
Unprotected = Annotated[
    bool, typer.Option("--unprotected", help="Mark even where this machine has no wall that works.")
]
InnerOnly = Annotated[
    bool, typer.Option("--inner-only", help="Leave out the outer wall (bubblewrap).")
]
PrintedAs = Annotated[Format, typer.Option("--format", help="How to print it.")]
Cluster = Annotated[
    str | None, typer.Option(help="Mark on this Dask scheduler: tls://HOST:PORT or tcp://...")
]
ClusterTls = Annotated[
    Path | None, typer.Option(help="The folder with ca.pem, cert.pem and key.pem for tls://.")
]

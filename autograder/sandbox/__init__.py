"""The grader's side of the sandbox in which student code runs.

The modules in this folder run in the grader. The folder `inside/` contains the code that runs in
the sandbox. Code in `inside/` imports no other part of the kit.

Two walls separate student code from the machine. The outer wall is bubblewrap, which gives the
sandbox a file system and process ids of its own (see `bubblewrap`). The inner wall is Landlock,
seccomp and rlimits, which restrict each process that runs student code (see `inside.walls`). The
module `protection` finds out whether the machine can provide both walls, one wall or none.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from autograder.course.limits import Limits
from autograder.sandbox.protection import Protection, examine

if TYPE_CHECKING:
    from autograder.sandbox.figurerecord import FigureData
    from autograder.sandbox.inside.polynomial import Polynomial
    from autograder.sandbox.session import Cell, CellResult, Notebook, Sandbox
    from autograder.sandbox.student import (
        CodePlace,
        NoAnswer,
        NotDone,
        ProcessEnded,
        Raised,
        Student,
        StudentFailure,
    )

__all__ = [
    "Cell",
    "CellResult",
    "CodePlace",
    "FigureData",
    "Limits",
    "NoAnswer",
    "NotDone",
    "Notebook",
    "Polynomial",
    "ProcessEnded",
    "Protection",
    "Raised",
    "Sandbox",
    "Student",
    "StudentFailure",
    "examine",
]

_LATER = {
    "figurerecord": ("FigureData",),
    "inside.polynomial": ("Polynomial",),
    "session": ("Cell", "CellResult", "Notebook", "Sandbox"),
    "student": (
        *("CodePlace", "NoAnswer", "NotDone", "ProcessEnded", "Raised", "Student"),
        "StudentFailure",
    ),
}
"""Modules that import numpy, with the names that come from them."""


def __getattr__(name: str) -> Any:
    """Import the module of a name when the name is first used, so that commands start quickly."""
    for module, names in _LATER.items():
        if name in names:
            return getattr(import_module(f"{__name__}.{module}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")

"""The grader's side of the sandbox in which student code runs.

The modules in this folder run in the grader. The folder `inside/` contains the code that runs in
the sandbox. Code in `inside/` imports no other part of the kit.
"""

from autograder.course.limits import Limits
from autograder.sandbox.figurerecord import FigureData
from autograder.sandbox.inside.polynomial import Polynomial
from autograder.sandbox.protection import Protection, examine
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

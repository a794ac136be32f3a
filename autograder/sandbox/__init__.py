"""The sandbox in which student code runs, as the grader uses it.

The modules in this folder run in the grader. The folder `inside/` holds the code that runs in the
sandbox; it imports nothing of the kit from outside itself.
"""

from autograder.course.limits import Limits
from autograder.sandbox.figurerecord import FigureData
from autograder.sandbox.inside.polynomial import Polynomial
from autograder.sandbox.protection import Protection, examine
from autograder.sandbox.session import Cell, CellResult, Notebook, Sandbox
from autograder.sandbox.student import CodePlace, NoAnswer, NotDone, Raised, Student, StudentFailure

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
    "Protection",
    "Raised",
    "Sandbox",
    "Student",
    "StudentFailure",
    "examine",
]

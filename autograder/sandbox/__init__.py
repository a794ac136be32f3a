"""The door to the student's code, and the walls around it.

The grader's side is here; what runs inside is in `inside/` and imports nothing of the grader's.
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

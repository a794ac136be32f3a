"""Make nbgrader mark a course folder as `fdl grade` does.

The `nbgrader_config.py` of the course folder calls `configure`.
"""

from __future__ import annotations

from pathlib import Path

from nbgrader.preprocessors import SaveCells
from traitlets.config import Config

from autograder.course.assignment import Course
from autograder.gradebook.database import course_id
from autograder.gradebook.homework import SaveCellsWithBonus, bonus_items
from autograder.platforms.nbgrader import converters, formgrader
from autograder.release import preprocessors

IGNORED = [".ipynb_checkpoints", "*.pyc", "__pycache__", ".DS_Store", "*.zip", ".*"]
"""Patterns of the files that nbgrader never copies."""


def configure(config: Config, path: str) -> None:
    """Configure the folder of the file `path`, an `nbgrader_config.py`, as an nbgrader course.

    After this call, nbgrader's commands and the formgrader in this process mark like `fdl grade`.
    """
    course = Course(Path(path).parent)
    config.CourseDirectory.root = str(course.root)
    config.CourseDirectory.course_id = course_id(course)
    config.CourseDirectory.ignore = list(IGNORED)
    config.NbGraderAPI.timezone = course.timezone.key
    preprocessors.configure(config)
    config.GenerateAssignment.preprocessors = [
        SaveCellsWithBonus if each is SaveCells else each
        for each in config.GenerateAssignment.preprocessors
    ]
    config.SaveCellsWithBonus.bonus = bonus_items(course)
    converters.install()
    formgrader.install()

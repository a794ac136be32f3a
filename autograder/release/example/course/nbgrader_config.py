"""Makes this folder a normal nbgrader course, whose commands mark as `fdl grade` does."""

from pathlib import Path

from nbgrader.preprocessors import SaveCells

from autograder.course.assignment import Course
from autograder.gradebook.database import SaveCellsWithBonus, bonus_items, course_id
from autograder.platforms.nbgrader.converters import install
from autograder.release.preprocessors import configure

c = get_config()  # given by the loader of this file

course = Course(Path(__file__).parent)

c.CourseDirectory.root = str(course.root)
c.CourseDirectory.course_id = course_id(course)
c.CourseDirectory.ignore = [
    ".ipynb_checkpoints", "*.pyc", "__pycache__", ".DS_Store", "*.zip", ".*",
]  # fmt: skip
c.NbGraderAPI.timezone = course.timezone.key

configure(c)
c.GenerateAssignment.preprocessors = [
    SaveCellsWithBonus if preprocessor is SaveCells else preprocessor
    for preprocessor in c.GenerateAssignment.preprocessors
]
c.SaveCellsWithBonus.bonus = bonus_items(course)
install()

"""Makes this checkout a normal nbgrader course, whose commands mark as `fdl grade` does."""

from pathlib import Path

from traitlets.config import get_config

from autograder.assignment import Course
from autograder.records.converters import install
from autograder.release.preprocessors import configure

c = get_config()

course = Course(Path(__file__).parent)

c.CourseDirectory.root = str(course.root)
c.CourseDirectory.course_id = course.settings["course"]["id"]
c.CourseDirectory.ignore = [
    ".ipynb_checkpoints", "*.pyc", "__pycache__", ".DS_Store", "*.zip", ".*",
]  # fmt: skip

configure(c)
install()

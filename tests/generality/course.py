"""A second homework: a softmax classifier and a network with two layers, as plain files.

`classifier/` holds what an author writes after `fdl new`: the source with unfilled notebooks, the
solutions, and the hidden tests. Nothing in it is about the subject of Homework 2.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from autograder.course.assignment import Course
from autograder.release.newhomework import NewHomework, begin_course, make_homework

HOMEWORK = "hw1"
TITLE = "A softmax classifier and a two-layer network"
FILES = Path(__file__).with_name("classifier")
SEED = 22

Fdl = Callable[..., str]
"""A function that runs `fdl` with these arguments in the course's folder; it returns the output."""


def write_files(root: Path) -> Course:
    """Replace the example of `fdl new` in the course `root` by the second homework."""
    course = Course(root)
    places = {part: getattr(course, part)(HOMEWORK) for part in ("source", "solutions", "hidden")}
    for part, place in places.items():
        shutil.rmtree(place)
        shutil.copytree(FILES / part, place, ignore=shutil.ignore_patterns("__pycache__"))
    settings = course.settings_file.read_text(encoding="utf-8")
    assert settings.count('bonus = ["p1-order"]') == 1
    own = 'bonus = ["p2-numerical"]\nfiles = ["rings.csv"]'
    course.settings_file.write_text(settings.replace('bonus = ["p1-order"]', own), encoding="utf-8")
    return Course(root)


def make_course(root: Path) -> Course:
    """Make a course with the second homework in the empty folder `root`."""
    homework = NewHomework.planned(HOMEWORK, datetime(2031, 3, 3), title=TITLE, seed=SEED)
    make_homework(begin_course(root), homework)
    return write_files(root)

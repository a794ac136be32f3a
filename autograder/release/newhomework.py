"""A new homework: the folders of a small example that is fit to be released as it is.

The example's files stand in `example/`, with words in capitals where the homework's own name and
title go. Nothing that is there is ever written over.
"""

from __future__ import annotations

import json
import keyword
import re
import secrets
import shutil
import tomllib
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from autograder.course.assignment import Course
from autograder.course.layout import NBGRADER_SETTINGS, SETTINGS, CourseFolder
from autograder.durable import write_text
from autograder.errors import CourseError
from autograder.release.fill import fill_source

EXAMPLE = Path(__file__).with_name("example")
BONUS = "p1-order"
"""The example's bonus item: settings alone can say so."""

_SEEDS = 10**8
_WORD = re.compile(r"HOMEWORK(_[A-Z]+)?")


@dataclass(frozen=True)
class NewHomework:
    """What the example has to be told: name, title, dates (in the course's zone) and seed."""

    name: str
    title: str
    opens: datetime
    due: datetime
    seed: int

    @classmethod
    def planned(
        cls,
        name: str,
        today: datetime,
        *,
        title: str | None = None,
        opens: datetime | None = None,
        due: datetime | None = None,
        seed: int | None = None,
    ) -> NewHomework:
        """With what is not given filled in: it opens in a week and is due three weeks later."""
        if opens is None:
            opens = _at(due - timedelta(weeks=3) if due else today + timedelta(weeks=1), 8, 0)
        return cls(
            name=name,
            title=_default_title(name) if title is None else title.strip(),
            opens=opens,
            due=due or _at(opens + timedelta(weeks=3), 23, 55),
            seed=secrets.randbelow(_SEEDS) if seed is None else seed,
        )

    def check(self) -> None:
        """CourseError where the name can be no folder's and package's, or the dates are odd."""
        if not re.fullmatch("[a-z][a-z0-9_]*", self.name) or keyword.iskeyword(self.name):
            raise CourseError(
                f"{self.name!r} can't be a homework's name: it names folders and a Python package, "
                "so write small letters and digits, a letter first, such as hw3"
            )
        if not self.title or not self.title.isprintable():
            raise CourseError(f"{self.title!r} can't be a title: write one line of text")
        if self.due <= self.opens:
            raise CourseError(
                f"{self.name} would be due on {self.due:%Y-%m-%d %H:%M}, before it opens on "
                f"{self.opens:%Y-%m-%d %H:%M}"
            )

    def settings(self) -> str:
        """Its table in the course's settings."""
        return (
            f"[assignments.{self.name}]\n"
            f"title = {json.dumps(self.title, ensure_ascii=False)}\n"
            f"opens = {self.opens:%Y-%m-%dT%H:%M:%S}\n"
            f"due = {self.due:%Y-%m-%dT%H:%M:%S}\n"
            f"seed = {self.seed}            # hidden inputs are drawn from it\n"
            f'bonus = ["{BONUS}"]\n'
        )


def course_for(folder: Path | None) -> Course | None:
    """The course that a new homework goes into; None where `folder` is one to be begun.

    A folder that is named, or the working folder, begins a course where nothing is in it and no
    course is around it.
    """
    place = (folder or Path.cwd()).resolve()
    if (place / SETTINGS).is_file():
        return Course(place)
    if folder is not None and _is_free(place):
        return None
    try:
        return Course.find(place)
    except CourseError:
        if _is_free(place):
            return None
        raise


def begin_course(folder: Path, zone: str = "UTC") -> Course:
    """Make a folder a course without homeworks: its settings, nbgrader's, and what git ignores."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in (".gitignore", NBGRADER_SETTINGS, SETTINGS):
        if not (folder / name).exists():
            text = (EXAMPLE / "course" / name.lstrip(".")).read_text(encoding="utf-8")
            write_text(folder / name, text.replace("HOMEWORK_ZONE", zone))
    return Course(folder)


def make_homework(course: Course, homework: NewHomework) -> tuple[Path, ...]:
    """Make the homework's three folders and its entry in the settings; what was made.

    CourseError names what is there already, or what stands against it; nothing is changed then.
    """
    homework.check()
    own = CourseFolder(course.root)  # always the course, never an installed kit
    folders = {
        each: getattr(own, each)(homework.name) for each in ("source", "solutions", "hidden")
    }
    if there := [str(path) for path in folders.values() if path.exists() or path.is_symlink()]:
        raise CourseError(f"{', '.join(there)} is there already: choose another name")
    settings = course.settings_file
    before = settings.read_bytes().decode("utf-8")
    entered = _with_entry(settings, homework)
    try:
        for part, folder in folders.items():
            folder.mkdir(parents=True)
            _write_example(EXAMPLE / part, folder, homework)
        write_text(settings, entered)
        fill_source(Course(course.root), homework.name)
    except BaseException:
        for folder in folders.values():
            shutil.rmtree(folder, ignore_errors=True)
        write_text(settings, before)
        raise
    return (*folders.values(), settings)


def _with_entry(path: Path, homework: NewHomework) -> str:
    """The settings' text with the homework's table at its end, all else as it stands."""
    text = path.read_bytes().decode("utf-8")
    old = tomllib.loads(text)
    if homework.name in old.get("assignments", {}):
        raise CourseError(f"{path} has an assignment {homework.name} already: choose another name")
    new_line = "\r\n" if "\r\n" in text else "\n"
    gap = "" if text.endswith("\n") else new_line
    entered = text + gap + new_line + homework.settings().replace("\n", new_line)
    try:
        tomllib.loads(entered)
    except tomllib.TOMLDecodeError as error:
        raise CourseError(
            f"{path} takes no table [assignments.{homework.name}] at its end ({error}): write its "
            "assignments as such tables"
        ) from error
    return entered


def _write_example(example: Path, folder: Path, homework: NewHomework) -> None:
    words = {"HOMEWORK_TITLE": homework.title, "HOMEWORK": homework.name}
    for path in filter(Path.is_file, example.iterdir()):  # not what Python leaves beside them
        text = path.read_text(encoding="utf-8")
        write_text(folder / path.name, _WORD.sub(lambda word: words[word[0]], text))


def _is_free(folder: Path) -> bool:
    """Whether a folder is missing, or holds nothing but what begins with a dot (git's, say)."""
    return not folder.exists() or (
        folder.is_dir() and all(path.name.startswith(".") for path in folder.iterdir())
    )


def _default_title(name: str) -> str:
    """Homework 3 for hw3, else the name itself."""
    number = name.removeprefix("hw")
    return f"Homework {number}" if number.isdigit() and number != name else name


def _at(day: datetime, hour: int, minute: int) -> datetime:
    return day.replace(hour=hour, minute=minute, second=0, microsecond=0, tzinfo=None)

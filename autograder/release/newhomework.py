"""Create a new homework from a small example that can be released unchanged.

The example's files are in `example/`. HOMEWORK and other words in capitals are replaced with the
homework's name, title and time zone. Existing files are never overwritten.
"""

from __future__ import annotations

import json
import keyword
import re
import secrets
import shutil
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from autograder.course.assignment import Course
from autograder.course.layout import NBGRADER_SETTINGS, SETTINGS, CourseFolder
from autograder.course.settings import Proof
from autograder.durable import write_text
from autograder.errors import CourseError
from autograder.release.fill import fill_source

EXAMPLE = Path(__file__).with_name("example")
BONUS = "p1-order"
"""The example's bonus item, which course.toml lists as a bonus item."""

_SEEDS = 10**8
_WORD = re.compile(r"HOMEWORK(_[A-Z]+)?")


@dataclass(frozen=True)
class NewHomework:
    """The facts of a new homework: name, title, dates (in the course's time zone) and seed.

    `bonus`, `files` and `proof` are the settings of the same names in course.toml.
    """

    name: str
    title: str
    opens: datetime
    due: datetime
    seed: int
    bonus: tuple[str, ...] = (BONUS,)
    files: tuple[str, ...] = ()
    proof: Proof = "full"

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
        """Return a new homework with defaults, open in a week and due three weeks later."""
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
        """Raise CourseError if name, title or dates are invalid."""
        if not re.fullmatch("[a-z][a-z0-9_]*", self.name) or keyword.iskeyword(self.name):
            raise CourseError(
                f"{self.name!r} can't be a homework's name: the name is used for folders and a "
                "Python package, so use lowercase letters and digits and begin with a letter, "
                "such as hw3"
            )
        if not self.title or not self.title.isprintable():
            raise CourseError(f"{self.title!r} can't be a title: write one line of text")
        if self.due <= self.opens:
            raise CourseError(
                f"{self.name} would be due on {self.due:%Y-%m-%d %H:%M}, before it opens on "
                f"{self.opens:%Y-%m-%d %H:%M}: change one of the dates"
            )

    def settings(self) -> str:
        """Return the homework's table for the course's settings."""
        text = (
            f"[assignments.{self.name}]\n"
            f"title = {json.dumps(self.title, ensure_ascii=False)}\n"
            f"opens = {self.opens:%Y-%m-%dT%H:%M:%S}\n"
            f"due = {self.due:%Y-%m-%dT%H:%M:%S}\n"
            f"seed = {self.seed}            # random seed of the hidden inputs\n"
        )
        for key, names in (("bonus", self.bonus), ("files", self.files)):
            if names:
                text += f"{key} = {json.dumps(names, ensure_ascii=False)}\n"
        if self.proof != "full":
            text += f'proof = "{self.proof}"         # see docs/adopting.md\n'
        return text


def course_for(folder: Path | None, beside: Path | None = None) -> Course | None:
    """Return the course for a new homework, or None if `folder` should become a new course.

    The folder, by default the working folder, becomes a new course if it is empty. An empty
    working folder inside a course belongs to that course. A folder that contains only the
    path `beside` also counts as empty.
    """
    place = (folder or Path.cwd()).resolve()
    if (place / SETTINGS).is_file():
        return Course(place)
    if folder is not None and _is_empty(place, beside):
        return None
    try:
        return Course.find(place)
    except CourseError:
        if _is_empty(place, beside):
            return None
        raise


def begin_course(folder: Path, zone: str = "UTC") -> Course:
    """Create a course without homework: course.toml, nbgrader_config.py and .gitignore."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in (".gitignore", NBGRADER_SETTINGS, SETTINGS):
        if not (folder / name).exists():
            text = (EXAMPLE / "course" / name.lstrip(".")).read_text(encoding="utf-8")
            write_text(folder / name, text.replace("HOMEWORK_ZONE", zone))
    return Course(folder)


Write = Callable[[Mapping[str, Path]], None]
"""Function that writes a homework's files into its folders: source, solutions and hidden."""


def make_homework(
    course: Course, homework: NewHomework, write: Write | None = None
) -> tuple[Path, ...]:
    """Create the homework's three folders and its table in course.toml; return their paths.

    `write` fills the folders (default: with the example). If a folder or the table already exists,
    raise CourseError and change nothing.
    """
    homework.check()
    own = CourseFolder(course.root)  # the course's own folders, never the kit's
    folders = {
        each: getattr(own, each)(homework.name) for each in ("source", "solutions", "hidden")
    }
    if there := [str(path) for path in folders.values() if path.exists() or path.is_symlink()]:
        raise CourseError(f"{', '.join(there)} exists already: choose another name")
    settings = course.settings_file
    before = settings.read_bytes().decode("utf-8")
    entered = _with_entry(settings, homework)
    try:
        for folder in folders.values():
            folder.mkdir(parents=True)
        if write is not None:
            write(folders)
        else:
            for part, folder in folders.items():
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
    """Return the text of the settings file, with the homework's table added at its end."""
    text = path.read_bytes().decode("utf-8")
    old = tomllib.loads(text)
    if homework.name in old.get("assignments", {}):
        raise CourseError(f"{path} already has an assignment {homework.name}: choose another name")
    new_line = "\r\n" if "\r\n" in text else "\n"
    gap = "" if text.endswith("\n") else new_line
    entered = text + gap + new_line + homework.settings().replace("\n", new_line)
    try:
        tomllib.loads(entered)
    except tomllib.TOMLDecodeError as error:
        raise CourseError(
            f"the table [assignments.{homework.name}] can't be added to {path} ({error}): write "
            "each assignment in that file as a table of this form"
        ) from error
    return entered


def _write_example(example: Path, folder: Path, homework: NewHomework) -> None:
    words = {"HOMEWORK_TITLE": homework.title, "HOMEWORK": homework.name}
    for path in filter(Path.is_file, example.iterdir()):  # skips __pycache__
        text = path.read_text(encoding="utf-8")
        write_text(folder / path.name, _WORD.sub(lambda word: words[word[0]], text))


def _is_empty(folder: Path, beside: Path | None = None) -> bool:
    """Return whether a folder is missing, or contains only names with a leading dot (.git).

    The path `beside` and the folders above it do not count. If `beside` is given, a gradebook does
    not count either, because nbgrader creates one with its example course.
    """
    if not folder.exists():
        return True
    inner = beside.resolve() if beside is not None else None
    return folder.is_dir() and all(
        path.name.startswith(".")
        or (inner is not None and (inner.is_relative_to(path) or path.name == "gradebook.db"))
        for path in folder.iterdir()
    )


def _default_title(name: str) -> str:
    """Return "Homework 3" for hw3; return any other name unchanged."""
    number = name.removeprefix("hw")
    return f"Homework {number}" if number.isdigit() and number != name else name


def _at(day: datetime, hour: int, minute: int) -> datetime:
    return day.replace(hour=hour, minute=minute, second=0, microsecond=0, tzinfo=None)

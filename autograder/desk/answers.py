"""Read the answers that people mark from the marked notebooks, and show them as HTML.

A marked notebook in autograded/ holds only harmless texts and pictures (see `sanitize`). The desk
cleans their HTML once more, because its page can change marks.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import msgspec
import nh3
import numpy as np
from nbconvert.filters.markdown_mistune import IPythonRenderer, MarkdownWithMath

from autograder.content.sanitize import ATTRIBUTES, PICTURES, RENDERING_SECONDS, TAGS, as_typed
from autograder.course.assignment import Assignment, Course, read_notebook
from autograder.course.directives import split_answer, without_solution_markers
from autograder.course.gradecells import CellPlace, grade_id, is_manual, is_solution
from autograder.errors import CourseError, RecordError
from autograder.gradebook.autograded import is_blank
from autograder.grading.mark import read_skeletons
from autograder.grading.report import Report
from autograder.timelimit import time_limit

Attachments = Mapping[str, Mapping[str, str]]
"""The pictures of a cell: their data in base64, by file name and type."""

_TAGS = TAGS | {"img", "details", "summary"}
_ATTRIBUTES = {**ATTRIBUTES, "img": {"src", "alt"}}
_INLINE = re.compile(rf"data:(?:{'|'.join(map(re.escape, PICTURES))});base64,[A-Za-z0-9+/=\s]*")
_WORD = re.compile(r"\w+|[^\w\s]")


@dataclass(frozen=True)
class Answer:
    """A student's answer to one item.

    `is_blank` says that the student wrote nothing and attached no picture. `digest` identifies the
    text with its pictures; `group` does the same but ignores white space.
    """

    item: str
    student: str
    text: str
    pictures: Attachments = field(default_factory=dict)
    is_blank: bool = False

    @property
    def id(self) -> str:
        """A name for the answer that does not reveal the student: 16 hex digits."""
        return _digest("answer", self.item, self.student)[:16]

    @cached_property
    def digest(self) -> str:
        """Digest of the text and the pictures, as 64 hex digits."""
        return _digest(self.text, repr(self.pictures))

    @cached_property
    def group(self) -> str:
        """Digest that is the same for answers that differ only in white space."""
        return _digest(" ".join(self.text.split()), repr(self.pictures))[:16]

    @property
    def words(self) -> list[str]:
        """Words and punctuation marks of the text."""
        return _WORD.findall(self.text.lower())


def _digest(*parts: str) -> str:
    return hashlib.sha256("\0".join(parts).encode("utf-8", "replace")).hexdigest()


def person(student: str) -> str:
    """Return a name for a student that does not reveal who the student is: 16 hex digits."""
    return _digest("person", student)[:16]


def place_in_queue(*parts: str) -> str:
    """Return a sort key that gives all markers the same shuffled order."""
    return _digest("queue", *parts)


# --- all answers of a class ----------------------------------------------------------------------


class ClassAnswers:
    """A class's answers to an assignment's manual items; only changed files are read again."""

    def __init__(self, course: Course, assignment: Assignment) -> None:
        self._course = course
        self._assignment = assignment
        self._released = {
            grade_id(cell): str(cell.source)
            for skeleton in read_skeletons(assignment, course.release(assignment.name)).values()
            for cell in skeleton.cells
            if is_manual(cell)
        }
        self._read: dict[Path, tuple[tuple[int, int], list[Answer]]] = {}
        self._reports: dict[Path, tuple[tuple[int, int], Report | None]] = {}

    def read(self, students: Collection[str] | None = None) -> dict[tuple[str, str], Answer]:
        """Return the answers, by item and student (default: of all students)."""
        found: dict[tuple[str, str], Answer] = {}
        name = self._assignment.name
        folders = (
            self._course.all_autograded(name)
            if students is None
            else [self._course.autograded(student, name) for student in students]
        )
        for folder in folders:
            for problem in self._assignment.problems:
                path = folder / f"{problem.name}.ipynb"
                for answer in self._answers(path, folder.parent.name):
                    found[answer.item, answer.student] = answer
        return found

    def report(self, student: str) -> Report | None:
        """Return the stored Report of a student; None if it cannot be read."""
        path = self._course.report(student, self._assignment.name)
        stamp = stamp_of(path)
        if stamp is None:
            return None
        if path not in self._reports or self._reports[path][0] != stamp:
            try:
                self._reports[path] = (stamp, Report.read(path))
            except RecordError:
                self._reports[path] = (stamp, None)
        return self._reports[path][1]

    def _answers(self, path: Path, student: str) -> list[Answer]:
        stamp = stamp_of(path)
        if stamp is None:
            return []
        if path not in self._read or self._read[path][0] != stamp:
            self._read[path] = (stamp, list(self._read_answers(path, student)))
        return self._read[path][1]

    def _read_answers(self, path: Path, student: str) -> Iterator[Answer]:
        try:
            cells = msgspec.json.decode(path.read_bytes())["cells"]
        except (OSError, msgspec.DecodeError, KeyError, TypeError) as error:
            raise RecordError(
                f"{path} can't be read ({error}): run `fdl grade {self._assignment.name}` again"
            ) from error
        for cell in cells:
            if is_manual(cell):
                text = cell["source"]
                text = text if isinstance(text, str) else "".join(text)
                pictures = cell.get("attachments", {})
                released = self._released.get(grade_id(cell), "")
                blank = is_blank(text, pictures, released)
                shown = as_typed(text, "python") if cell["cell_type"] == "code" else text
                yield Answer(grade_id(cell), student, shown, pictures, blank)


def stamp_of(path: Path) -> tuple[int, int] | None:
    """Return a file's modification time and size, to detect changes; None if it is missing."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size


# --- similar answers -----------------------------------------------------------------------------

_COLUMNS = 4096
"""Number of columns into which the words of answers are hashed."""

_COMPARED = 1000
"""Largest number of answers to compare with each other; a longer list is ordered in parts."""


def by_similarity(answers: list[Answer]) -> list[Answer]:
    """Order the answers so that each is followed by the most similar of the remaining answers."""
    ordered: list[Answer] = []
    for start in range(0, len(answers), _COMPARED):
        part = answers[start : start + _COMPARED]
        ordered += [part[index] for index in _chain(part)]
    return ordered


def _chain(answers: list[Answer]) -> Iterator[int]:
    vectors = np.zeros((len(answers), _COLUMNS), dtype=np.float32)
    for row, answer in enumerate(answers):
        for word in set(answer.words):
            vectors[row, int(_digest(word)[:8], 16) % _COLUMNS] = 1.0
    vectors /= np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1.0)
    left = np.ones(len(answers), dtype=bool)
    current = 0
    for _ in answers:
        yield current
        left[current] = False
        if left.any():
            likeness = vectors @ vectors[current]
            current = int(np.argmax(np.where(left, likeness, -1.0)))


# --- pages ---------------------------------------------------------------------------------------


def as_page(text: str, pictures: Attachments | None = None) -> str:
    """Return Markdown as HTML with formatting, formulas as LaTeX, and the attached pictures."""
    try:
        with time_limit(RENDERING_SECONDS):
            return _rendered(text, pictures or {})
    except Exception:  # also TimeUpError: the marker must see the text in any case
        return _rendered(as_typed(text), {})


def _rendered(text: str, pictures: Attachments) -> str:
    renderer = IPythonRenderer(
        escape=False,
        attachments=dict(pictures),  # type: ignore[arg-type]
        exclude_anchor_links=True,
    )
    page = MarkdownWithMath(renderer=renderer).render(text)
    return nh3.clean(
        page,
        tags=_TAGS,
        attributes=_ATTRIBUTES,
        attribute_filter=_kept,
        url_schemes={"data"},
        link_rel=None,
    )


def _kept(tag: str, name: str, value: str) -> str | None:
    """Return an attribute's value, or None for a picture that is not part of the page."""
    return None if (tag, name) == ("img", "src") and not _INLINE.fullmatch(value) else value


@dataclass(frozen=True)
class Question:
    """The question and the model answer of an item, as HTML."""

    question: str
    model: str


def read_questions(course: Course, assignment: Assignment) -> Mapping[str, Question]:
    """Return the question and the model answer of each manual item, from the source notebooks."""
    found: dict[str, Question] = {}
    for problem in assignment.problems:
        notebook = read_notebook(course.source(assignment.name) / f"{problem.name}.ipynb")
        above: list[str] = []
        for index, cell in enumerate(notebook.cells):
            if is_manual(cell):
                name = grade_id(cell)
                pictures = cell.get("attachments", {})
                try:
                    model, _ = split_answer(cell.source, CellPlace(problem.name, index, name))
                except CourseError:  # the proof of a release reports the error
                    model = without_solution_markers(cell.source)
                if cell.cell_type == "code":
                    model = as_typed(model, "python")
                found[name] = Question("\n".join(above), as_page(model, pictures))
            if is_solution(cell):
                above = []
            elif cell.cell_type == "markdown":
                if cell.source.lstrip().startswith("#"):
                    above = []
                above.append(as_page(cell.source, cell.get("attachments", {})))
    return found

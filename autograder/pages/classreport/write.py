"""Write the class report: read the class, remove names on request, compare answers, render."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from importlib.util import find_spec
from pathlib import Path

from autograder.course.assignment import Assignment, Course, read_notebook
from autograder.durable import make_folder, write_text
from autograder.errors import RecordError
from autograder.gradebook.database import open_gradebook
from autograder.grading.misconceptions import load_misconceptions
from autograder.pages.classreport import similarity
from autograder.pages.classreport.notebooks import StudentCell, read_cells
from autograder.pages.classreport.page import PairView, SimilarityView, renamed, render
from autograder.pages.classreport.pseudonyms import numbers_for, without_names
from autograder.pages.classreport.reading import read_class

ShownText = Callable[[StudentCell], str]


def write_class_report(
    course: Course,
    assignment: Assignment,
    path: Path | None = None,
    *,
    anonymous: bool = False,
    moment: datetime | None = None,
) -> Path:
    """Write the page to `path` (default: in reports/), and return its path.

    Raises RecordError if no student has marks or the page can't be written.
    """
    with open_gradebook(course) as gradebook:
        record = read_class(course, assignment, gradebook)
        numbers = numbers_for(gradebook, assignment.name, record.names) if anonymous else None
    names = {
        name: f"Student {numbers[name]}" if numbers is not None else name for name in record.names
    }
    shown = _without(record.names) if anonymous else lambda cell: cell.text
    # sorted by the shown names, so that the order on the page reveals no real name
    students = sorted((each.student for each in record.students), key=names.__getitem__)
    similar = _similar(course, assignment, students, names, shown)
    renamed_class = renamed(record, names.__getitem__)
    moment = moment or datetime.now(course.timezone)
    page = render(course, assignment, renamed_class, similar, moment, anonymous=anonymous)
    ending = "-without-names" if anonymous else ""
    path = path or course.reports / f"{assignment.name}{ending}.html"
    try:
        make_folder(path.parent)
        write_text(path, page)
    except OSError as error:
        raise RecordError(f"the class report can't be written to {path}: {error}") from error
    return path


def _without(names: Mapping[str, tuple[str, ...]]) -> ShownText:
    """Return a function that removes comments and all known names from a cell's text."""
    leave_out = without_names(names)

    def shown(cell: StudentCell) -> str:
        return leave_out(similarity.without_comments(cell.text) if cell.is_code else cell.text)

    return shown


def _similar(
    course: Course,
    assignment: Assignment,
    students: list[str],
    names: Mapping[str, str],
    shown: ShownText,
) -> SimilarityView | None:
    """Compare all answers, then read the answers of the pairs on the page a second time.

    Returns None if the extra `similarity` is not installed.
    """
    if find_spec("copydetect") is None:
        return None
    boilerplate = similarity.boilerplate_prints(_given_texts(course, assignment))
    known = _known_texts(course, assignment)

    def cells(student: str) -> list[StudentCell]:
        return list(_own_cells(course, assignment, student, known))

    prints = [similarity.own_prints(cells(student), boilerplate) for student in students]
    found = similarity.similar_pairs(prints)
    views = []
    for pair in found.pairs:
        one, other = students[pair.first], students[pair.second]
        shared = similarity.side_by_side(pair, (cells(one), cells(other)), prints, shown)
        views.append(PairView(names[one], names[other], pair, shared))
    return SimilarityView(tuple(views), found.found, found.most_sharers)


def _own_cells(
    course: Course, assignment: Assignment, student: str, known: frozenset[str]
) -> Iterator[StudentCell]:
    """Yield a student's answers, and the code cells that the student added."""
    folder = course.autograded(student, assignment.name)
    for problem in assignment.problems:
        for cell in read_cells(folder / f"{problem.name}.ipynb"):
            is_own = cell.is_answer or (cell.is_code and not cell.name)
            if is_own and cell.text.strip() and cell.text not in known:
                name = cell.name or f"own cell in {problem.name}"
                yield replace(cell, name=name)


def _given_texts(course: Course, assignment: Assignment) -> Iterator[tuple[str, bool]]:
    """Yield the texts of the release, the reference solutions and the known misconceptions."""
    for folder in (course.release(assignment.name), course.source(assignment.name)):
        for problem in assignment.problems:
            for cell in read_notebook(folder / f"{problem.name}.ipynb").cells:
                yield str(cell.source), cell.cell_type == "code"
    for folder in (course.release(assignment.name), course.solutions(assignment.name)):
        for path in sorted(folder.glob("*.py")):
            yield path.read_text(encoding="utf-8"), True
    for misconception in load_misconceptions(course, assignment):
        yield misconception.source, True


def _known_texts(course: Course, assignment: Assignment) -> frozenset[str]:
    """Return the texts of the release's cells, which a student may have left unchanged."""
    return frozenset(
        cell.text
        for problem in assignment.problems
        for cell in read_cells(course.release(assignment.name) / f"{problem.name}.ipynb")
    )

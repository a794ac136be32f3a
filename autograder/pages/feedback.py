"""Write the feedback pages for students: the points of each item, its claims, and the reasons.

A page is made from the stored Report and from the gradebook; the gradebook's points count. The page
shows claims, messages (none reveals a hidden test), comments, and the student's own answers and
pictures. The page has no script, loads no other files, and shows no text outputs of the student's
code.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import chain
from pathlib import Path
from typing import Any

import nbformat
from nbformat import NotebookNode
from nbgrader.api import MissingEntry
from sqlalchemy.exc import SQLAlchemyError

from autograder.content.sanitize import as_plain_text
from autograder.course.assignment import NEARLY, Assignment, Course, Item
from autograder.course.gradecells import grade_id, is_solution, items_by_answer, titles_by_item
from autograder.course.layout import INDEX, REPORT
from autograder.course.rubric import read_rubrics
from autograder.course.settings import ShowSteps
from autograder.durable import make_folder, write_text
from autograder.errors import RecordError
from autograder.gradebook.bonus import is_lost
from autograder.gradebook.database import PatientGradebook, open_gradebook
from autograder.gradebook.evidence import EvidenceFound, evidence
from autograder.gradebook.folders import settle_all
from autograder.gradebook.handmarks import (
    GradebookMark,
    HandMarks,
    Place,
    RubricStep,
    gradebook_marks,
    read_hand_marks,
    steps_of_mark,
)
from autograder.gradebook.penalties import update_penalties
from autograder.grading.mark import read_skeletons
from autograder.grading.report import (
    NOT_ATTEMPTED,
    CellFault,
    DroppedPicture,
    ItemReport,
    NotebookReport,
    Report,
)
from autograder.pages.pictures import Photo, photos_in, pictures_of, without_photos
from autograder.pages.texts import templates
from autograder.words import counted, printable, shown

MAX_WORK = 20_000
"""Maximum number of characters of an answer to show."""


@dataclass(frozen=True)
class GradebookEntry:
    """The gradebook's entry for one item.

    `open` says whether a person must still mark the item; its points count 0 until then. `given`
    says whether a person gave points, perhaps for an earlier answer.
    """

    points: float = 0.0
    open: bool = False
    given: bool = False
    comment: str = ""


@dataclass(frozen=True)
class GradebookView:
    """The gradebook's entries for one submission."""

    entries: Mapping[str, GradebookEntry]
    penalty: float = 0.0
    extension: timedelta | None = None


@dataclass(frozen=True)
class Headings:
    """The items' names on the page, from the released notebooks.

    `titles` contains the nearest heading above each item; if several items share a heading, the
    item's name is added. `commented` maps a cell's nbgrader id to the items that the cell's
    comments belong to.
    """

    titles: Mapping[str, str]
    commented: Mapping[str, tuple[str, ...]]

    def items_of(self, fault: CellFault) -> set[str]:
        """Return the items that an error in a cell belongs to."""
        name = fault.item or ""
        return {name, *self.commented.get(f"{name}-answer", ())}


@dataclass(frozen=True)
class Work:
    """The answer that a student wrote for an item, and the pictures in it."""

    title: str
    text: str
    photos: tuple[Photo, ...] = ()


@dataclass(frozen=True)
class StepView:
    """A rubric step: its kind (a CSS class), its sign, the sign's meaning, its points, its text."""

    kind: str
    sign: str
    meaning: str
    points: str
    text: str


@dataclass(frozen=True)
class ItemView:
    """One item as the page shows it."""

    item: Item
    report: ItemReport
    title: str
    status: str
    points: str
    message: str
    gap: str
    comment: str
    steps: tuple[StepView, ...]
    faults: tuple[CellFault, ...]
    dropped: tuple[DroppedPicture, ...]
    evidence: tuple[EvidenceFound, ...]
    pictures: tuple[str, ...]
    work: Work | None


@dataclass(frozen=True)
class FeedbackContent:
    """All data of a page: the Report, marks, evidence, pictures and answers."""

    report: Report
    marks: GradebookView
    evidence: Mapping[str, tuple[EvidenceFound, ...]] = field(default_factory=dict)
    pictures: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    work: Mapping[str, Work] = field(default_factory=dict)
    steps: Mapping[str, tuple[StepView, ...]] = field(default_factory=dict)


@dataclass(frozen=True)
class ProblemView:
    """One notebook's part of the page."""

    title: str
    points: str
    message: str
    notes: tuple[str, ...]
    faults: tuple[CellFault, ...]
    dropped: tuple[DroppedPicture, ...]
    items: tuple[ItemView, ...]


class MissingPages(RecordError):
    """Some students' pages could not be written; `written` are the paths of all other pages."""

    def __init__(self, failures: Sequence[str], written: Sequence[Path]) -> None:
        super().__init__(f"{len(failures)} without feedback: {'; '.join(failures)}")
        self.written = list(written)


def write_feedback(
    course: Course,
    assignment: Assignment,
    students: Sequence[str] | None = None,
    *,
    db_url: str | None = None,
    moment: datetime | None = None,
) -> list[Path]:
    """Write the students' pages (default: all marked students); return the paths.

    Each student gets feedback/STUDENT/ASSIGNMENT/index.html about all notebooks, and one page for
    each notebook in the same folder, with nbgrader's file name. If the student's due date is after
    `moment` (default: now), the pages show neither results that students must derive nor steps of
    rubrics, which may state such results. Students whose pages fail are skipped; at the end,
    MissingPages (a RecordError) names them and the reasons, and has the paths of the other pages.
    """
    deadline, moment = course.deadline(assignment.name), moment or datetime.now(UTC)
    headings = read_headings(assignment, course.release(assignment.name))
    rubrics = read_rubrics(course, assignment)
    written: list[Path] = []
    failures: list[str] = []
    with open_gradebook(course, db_url) as gradebook:
        settle_all(gradebook, course, assignment)
        update_penalties(gradebook, course, assignment.name)
        by_hand = _MarksByHand(gradebook, course, assignment)
        if students is None:
            reports = course.all_autograded(f"{assignment.name}/{REPORT}")
            students = [path.parent.parent.name for path in reports]
        for student in students:
            try:
                graded = course.autograded(student, assignment.name)
                report = _stored_report(graded / REPORT, student, assignment)
                view = _gradebook_view(gradebook, assignment, student, headings)
                is_over = deadline.is_over(moment, view.extension)
                if not is_over:
                    report = report.without_results()
                content = FeedbackContent(
                    report,
                    view,
                    evidence(rubrics, report),
                    *_own_work(assignment, graded, headings),
                    by_hand.steps(student) if is_over else {},
                )
                folder = course.feedback(student, assignment.name)
                written += _write_pages(folder, course, assignment, content, headings)
            except RecordError as error:
                failures.append(str(error))
            except OSError as error:
                failures.append(f"{student}: {error}")
            except SQLAlchemyError:  # about the gradebook, which all students need
                raise
            except Exception as error:  # one student's data must not stop the whole class
                failures.append(f"{student}: {type(error).__name__}: {printable(str(error))}")
    if failures:
        raise MissingPages(failures, written)
    return written


def render(
    course: Course,
    assignment: Assignment,
    content: FeedbackContent,
    headings: Headings,
    problems: Sequence[str],
    *,
    alone: bool = False,
) -> str:
    """Return one page: the totals of the whole assignment, and the items of the given problems.

    `alone` marks a page for a single notebook, which links to the page about all notebooks.
    """
    view = content.marks
    items = assignment.items.values()
    regular = [item for item in items if not item.bonus]
    bonus = [item for item in items if item.bonus]
    still_open = [item for item in items if _entry(view, item).open]
    rules = course.rules(assignment.name)
    points, bonus_points = _points(view, regular), _points(view, bonus)
    # a penalty larger than the regular points takes bonus points too
    from_regular = min(view.penalty, max(points, 0.0))
    total = rules.total(points, bonus_points, view.penalty, _max_points(regular))
    return templates("autograder.pages").get_template("feedback.html").render(
        course=course,
        assignment=assignment,
        student=content.report.submission,
        problems=[_problem_view(assignment, name, content, headings) for name in problems],
        here={item.name for name in problems for item in assignment.problem(name).items},
        alone=alone,
        index=INDEX,
        points=points - from_regular,
        max_points=_max_points(regular),
        total=total if bonus and rules.bonus_stated else None,
        bonus_above_maximum=rules.bonus_above_maximum,
        bonus=bonus_points - (view.penalty - from_regular),
        max_bonus=_max_points(bonus),
        open_points=_max_points(item for item in still_open if not item.bonus),
        open_bonus=_max_points(item for item in still_open if item.bonus),
        penalty=view.penalty,
    )  # fmt: skip


def _write_pages(
    folder: Path,
    course: Course,
    assignment: Assignment,
    content: FeedbackContent,
    headings: Headings,
) -> Iterator[Path]:
    make_folder(folder)
    names = [problem.name for problem in assignment.problems]
    pages = {INDEX: names, **{f"{name}.html": [name] for name in names}}
    for file, problems in pages.items():
        page = render(course, assignment, content, headings, problems, alone=file != INDEX)
        write_text(folder / file, page)
        yield folder / file


# --- stored data ---------------------------------------------------------------------------------


def _stored_report(path: Path, student: str, assignment: Assignment) -> Report:
    try:
        report = Report.read(path)
    except RecordError as error:
        if isinstance(error.__cause__, FileNotFoundError):
            raise RecordError(
                f"{student} has no marks yet ({path} does not exist): "
                f"run `fdl grade {path.parent.name}` first"
            ) from None
        raise RecordError(
            f"the Report of {student} ({path}) can't be read: {error}; run `fdl grade` again"
        ) from error
    problems = {problem.name for problem in assignment.problems}
    new = sorted((assignment.items.keys() - report.items) | (problems - report.notebooks.keys()))
    if new:
        raise RecordError(
            f"the Report of {student} ({path}) was written before the homework had "
            f"{', '.join(new)}: run `fdl grade {assignment.name}` again"
        )
    return report


def _own_work(
    assignment: Assignment, graded: Path, headings: Headings
) -> tuple[dict[str, tuple[str, ...]], dict[str, Work]]:
    """Return the pictures in the student's notebooks, and the student's answers, by item."""
    pictures: dict[str, tuple[str, ...]] = {}
    work: dict[str, Work] = {}
    for problem in assignment.problems:
        path = graded / f"{problem.name}.ipynb"
        if not path.is_file():
            continue
        notebook = _stored_notebook(path, assignment.name)
        for item in problem.items:
            names = [reference.name for reference in item.references]
            pictures[item.name] = pictures_of(notebook, names)
        for cell in notebook.cells:
            if is_solution(cell):
                title = "Your code" if cell.cell_type == "code" else "Your text"
                text = _bounded(without_photos(as_plain_text(cell.source)))
                written = Work(title, text, photos_in(cell))
                for name in headings.commented.get(grade_id(cell), ()):
                    work[name] = written
    return pictures, work


def _stored_notebook(path: Path, assignment: str) -> NotebookNode:
    try:
        notebook: NotebookNode = nbformat.read(path, as_version=4)
    except Exception as error:  # nbformat raises many kinds of errors
        raise RecordError(
            f"{path} can't be read as a notebook ({type(error).__name__}): "
            f"run `fdl grade {assignment}` again"
        ) from error
    return notebook


def _bounded(text: str) -> str:
    return text if len(text) <= MAX_WORK else f"{text[:MAX_WORK]}\n… (cut here: too long)"


def read_headings(assignment: Assignment, release: Path) -> Headings:
    """Read the items' headings from the released notebooks."""
    skeletons = read_skeletons(assignment, release)
    titles: dict[str, str] = {}
    for skeleton in skeletons.values():
        titles |= titles_by_item(skeleton)
    shared = Counter(titles.values())
    titles = {
        name: f"{title}: {name}" if shared[title] > 1 else title for name, title in titles.items()
    }
    answers = map(items_by_answer, skeletons.values())
    return Headings(titles, dict(chain.from_iterable(found.items() for found in answers)))


def _gradebook_view(
    gradebook: Any, assignment: Assignment, student: str, headings: Headings
) -> GradebookView:
    try:
        submission = gradebook.find_submission(assignment.name, student)
    except MissingEntry:
        raise RecordError(
            f"{student} has no marks for {assignment.name} in the gradebook: run `fdl grade` first"
        ) from None
    notebooks = submission.notebooks
    comments: dict[str, list[str]] = {}
    for comment in chain.from_iterable(notebook.comments for notebook in notebooks):
        for item in headings.commented.get(comment.name, ()):
            if comment.manual_comment:
                comments.setdefault(item, []).append(shown(comment.manual_comment))
    entries = {}
    for grade in chain.from_iterable(notebook.grades for notebook in notebooks):
        is_open = _is_open(assignment.items.get(grade.name), grade)
        entries[grade.name] = GradebookEntry(
            points=0.0 if is_open else float(grade.score),
            open=is_open,
            given=grade.manual_score is not None or grade.extra_credit is not None,
            comment="\n\n".join(comments.get(grade.name, ())),
        )
    penalty = sum(notebook.late_submission_penalty or 0.0 for notebook in notebooks)
    return GradebookView(entries, penalty, submission.extension)


def _is_open(item: Item | None, grade: Any) -> bool:
    """Return whether a person must mark an answer, perhaps again because the student changed it."""
    is_bonus_text = item is not None and item.bonus and item.kind == "manual"
    lost = is_bonus_text and is_lost(grade.manual_score, grade.extra_credit)
    return bool(grade.needs_manual_grade) or lost


class _MarksByHand:
    """The marks that people gave at the marking desk; they decide the steps on students' pages."""

    def __init__(self, gradebook: PatientGradebook, course: Course, assignment: Assignment) -> None:
        self._items = {item.name: item for item in assignment.select("manual")}
        self._kind: ShowSteps = course.settings.homework[assignment.name].show_steps
        self._log = read_hand_marks(gradebook, assignment.name)
        self._stored = gradebook_marks(gradebook, assignment.name, self._items)

    def steps(self, student: str) -> dict[str, tuple[StepView, ...]]:
        """Return the steps of a student's marked items, by item."""
        if self._kind == "none":
            return {}
        return {
            name: tuple(_steps(self._log, item, student, self._stored, self._kind))
            for name, item in self._items.items()
        }


def _steps(
    log: HandMarks,
    item: Item,
    student: str,
    stored: Mapping[Place, GradebookMark],
    kind: ShowSteps,
) -> Iterator[StepView]:
    """Yield the steps that explain the gradebook's points; nothing if no mark explains them."""
    mark = log.marks(item.name, student).newest
    known = stored.get((item.name, student))
    if mark is None or known is None or known.open or known.differs(mark):
        return
    steps = steps_of_mark(log, item, mark)
    if steps is None:
        return
    yield from (_step("holds", "✓", "earned", step) for step in steps.earned)
    if kind == "all":
        yield from (_step("fails", "✗", "missed", step) for step in steps.missed)
    yield from (_step("fails", "−", "deducted", step) for step in steps.deducted)
    if mark.adjustment:
        points = f"{'+' if mark.adjustment > 0 else ''}{counted(mark.adjustment, 'point')}"
        yield StepView("changed", "±", "adjusted", points, mark.reason)


def _step(kind: str, sign: str, meaning: str, step: RubricStep) -> StepView:
    return StepView(kind, sign, meaning, counted(step.points, "point"), step.text)


# --- shown data ----------------------------------------------------------------------------------


def _entry(view: GradebookView, item: Item) -> GradebookEntry:
    return view.entries.get(item.name, GradebookEntry())


def _points(view: GradebookView, items: Iterable[Item]) -> float:
    return sum(_entry(view, item).points for item in items)


def _max_points(items: Iterable[Item]) -> float:
    return sum(item.max_points for item in items)


def _problem_view(
    assignment: Assignment, name: str, content: FeedbackContent, headings: Headings
) -> ProblemView:
    problem = assignment.problem(name)
    notebook = content.report.notebooks[name]
    names = {item.name for item in problem.items}
    return ProblemView(
        title=problem.title,
        points=_subtotal(problem.items, content.marks),
        message=notebook.message,
        notes=notebook.notes,
        faults=tuple(fault for fault in notebook.faults if not names & headings.items_of(fault)),
        dropped=tuple(each for each in notebook.dropped if each.item not in names),
        items=tuple(_item_view(item, content, headings) for item in problem.items),
    )


def _subtotal(items: Sequence[Item], view: GradebookView) -> str:
    """Return text such as `6 of 10 + 3 of 8 bonus`."""
    parts = []
    for bonus in (False, True):
        chosen = [item for item in items if item.bonus == bonus]
        if chosen:
            text = f"{_points(view, chosen):g} of {_max_points(chosen):g}"
            parts.append(f"{text} bonus" if bonus else text)
    return " + ".join(parts)


def _item_view(item: Item, content: FeedbackContent, headings: Headings) -> ItemView:
    report, entry = content.report, _entry(content.marks, item)
    found, notebook = report.items[item.name], report.notebooks[item.problem]
    gap = _gap(item, entry, found, notebook)
    is_read = notebook.state not in ("missing", "unreadable")
    is_empty = gap == NOT_ATTEMPTED and entry.points <= 0 and not entry.open
    status = "unwritten" if is_empty else _status(item, entry)
    shown = "–" if status == "open" else f"{entry.points:g}"
    return ItemView(
        item=item,
        report=found,
        title=headings.titles.get(item.name, "") or item.name,
        status=status,
        points=f"{shown} of {item.max_points:g}{' bonus' if item.bonus else ''}",
        message=_message(item, entry, notebook, found.points) or found.message,
        gap=gap,
        comment=entry.comment,
        steps=content.steps.get(item.name, ()),
        faults=tuple(fault for fault in notebook.faults if item.name in headings.items_of(fault)),
        dropped=report.dropped(item.name),
        evidence=_confirmations(content.evidence.get(item.name, ())) if entry.open else (),
        pictures=content.pictures.get(item.name, ()) if found.found else (),
        work=content.work.get(item.name) if is_read and gap != NOT_ATTEMPTED else None,
    )


def _gap(item: Item, entry: GradebookEntry, found: ItemReport, notebook: NotebookReport) -> str:
    """Return a note on a missing part of an answer, or "" for a text that a person marks."""
    if item.kind == "auto":
        return found.gap
    return "" if entry.open or entry.given or notebook.message else NOT_ATTEMPTED


def _confirmations(found: Iterable[EvidenceFound]) -> tuple[EvidenceFound, ...]:
    """Return the evidence that confirms a claim; failing code does not show that a proof is wrong.

    After a person has marked the proof, the person's marks count and no evidence is shown.
    """
    return tuple(claim for claim in found if claim.holds)


def _status(item: Item, entry: GradebookEntry) -> str:
    if entry.open:
        return "open"
    if entry.points <= 0:
        return "none"
    return "full" if entry.points >= item.max_points - NEARLY else "part"


def _message(
    item: Item, entry: GradebookEntry, notebook: NotebookReport, auto_points: float
) -> str:
    if entry.open:
        return "A person will read and mark this answer."
    if item.kind == "auto":
        changed = abs(entry.points - auto_points) > NEARLY
        return "A person changed the points of this item." if changed else ""
    return "" if entry.given else notebook.message

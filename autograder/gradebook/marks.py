"""Read the marks of an assignment from nbgrader's gradebook into one typed table.

For each student with a submission, the table has the points of each item and the items that await
marking by hand. The table also has the late penalty, and the total by the course's rules. Penalties
are computed from the current marks, including new marks by hand. If the course has no rule about
late submissions, the penalty that nbgrader recorded counts. Students in the gradebook who handed in
nothing are in the table too: they have 0 points, which are final after their due date.

Only the name of an assignment is needed: its source may be missing from this checkout.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from nbgrader.api import Assignment as Homework
from nbgrader.api import (
    BaseCell,
    Grade,
    GradeCell,
    Notebook,
    Student,
    SubmittedAssignment,
    SubmittedNotebook,
)
from sqlalchemy import Column, Select, select
from sqlalchemy.orm import InstrumentedAttribute

from autograder.course.assignment import Course, Kind
from autograder.course.rules import Deadline, Rules
from autograder.errors import CourseError
from autograder.gradebook.bonus import is_lost
from autograder.gradebook.database import KNOWN_AS, PatientGradebook, open_gradebook
from autograder.gradebook.homework import bonus_items


@dataclass(frozen=True)
class Person:
    """A student in the gradebook; `id` is the name of the folder in submitted/.

    `known_as` are more numbers, logins and addresses, each after its source (see `people`).
    """

    id: str
    first_name: str = ""
    last_name: str = ""
    email: str = ""
    lms_id: str = ""
    known_as: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class MarkedItem:
    """An item in the gradebook. A bonus item's maximum comes from the source notebooks."""

    name: str
    problem: str
    kind: Kind
    max_points: float
    bonus: bool


@dataclass(frozen=True)
class ItemMark:
    """A student's points for an item; `open` says whether the item awaits marking by hand."""

    points: float
    open: bool


@dataclass(frozen=True)
class StudentMarks:
    """All marks of one student's submission.

    `regular` and `bonus` are sums of points. `total` is the points that count: the bonus points are
    added by the course's rule, and the penalty is subtracted. `shares` is the penalty of each
    notebook. `absent` says that the student handed in nothing, and `awaited` says that the student
    still has time to do so. `unmarked` says that an absent student did hand in files, but they are
    not marked yet.
    """

    person: Person
    items: Mapping[str, ItemMark]
    regular: float
    bonus: float
    penalty: float
    total: float
    late: timedelta = timedelta(0)
    handed_in: datetime | None = None
    shares: Mapping[str, float] = field(default_factory=dict)
    absent: bool = False
    awaited: bool = False
    unmarked: bool = False

    @property
    def open_items(self) -> tuple[str, ...]:
        """The items that still have to be marked by hand, in the order of the notebooks."""
        return tuple(name for name, mark in self.items.items() if mark.open)

    @property
    def final(self) -> bool:
        """Whether all items are marked, and no submission of the student is awaited any more."""
        return not (self.open_items or self.awaited or self.unmarked)


@dataclass(frozen=True)
class Marks:
    """The marks of an assignment: of students with a submission, and of students without one."""

    name: str
    title: str
    items: Mapping[str, MarkedItem]
    students: Mapping[str, StudentMarks]
    absent: Mapping[str, StudentMarks] = field(default_factory=dict)

    @property
    def everybody(self) -> dict[str, StudentMarks]:
        """The marks of all students in the gradebook; those who handed in nothing come last."""
        return {**self.students, **self.absent}

    @property
    def max_points(self) -> float:
        """The sum of the regular items' maximum points."""
        return sum(item.max_points for item in self.items.values() if not item.bonus)

    @property
    def open_students(self) -> tuple[str, ...]:
        """The students with a marked submission whose marks are not final."""
        return tuple(name for name, marks in self.students.items() if not marks.final)

    @property
    def unmarked_students(self) -> tuple[str, ...]:
        """The students whose files are not marked yet."""
        return tuple(name for name, marks in self.absent.items() if marks.unmarked)


def read_people(
    gradebook: PatientGradebook, students: Sequence[str] | None = None
) -> dict[str, Person]:
    """Return the students in the gradebook, by id (default: all students)."""
    columns = (Student.id, Student.first_name, Student.last_name, Student.email)
    wanted = select(*columns, Student.lms_user_id).order_by(Student.id)
    rows = gradebook.db().execute(_only(wanted, Student.id, students)).all()
    words: dict[str, list[tuple[str, str]]] = {}
    known_as = select(KNOWN_AS).order_by(*KNOWN_AS.c)
    for student, source, word in gradebook.db().execute(
        _only(known_as, KNOWN_AS.c.student, students)
    ):
        words.setdefault(student, []).append((source, word))
    return {
        row.id: Person(
            row.id,
            row.first_name or "",
            row.last_name or "",
            row.email or "",
            row.lms_user_id or "",
            tuple(words.get(row.id, ())),
        )
        for row in rows
    }


def marks_in(
    gradebook: PatientGradebook,
    course: Course,
    assignment: str,
    people: Mapping[str, Person],
    students: Sequence[str] | None = None,
    *,
    moment: datetime | None = None,
) -> Marks | None:
    """Return an assignment's marks (default: of all students); None if there are no marks.

    Due dates before `moment` (default: now) have passed.
    """
    items = _items(gradebook, course, assignment)
    if not items:
        return None
    calculator = _Calculator(course, assignment, items)
    grades = _grades(gradebook, assignment, students)
    by_kit = gradebook.recorded_extensions()
    found = {
        row.student_id: calculator.marks(
            people[row.student_id], row, grades.get(row.id, []), by_kit.get(row.id)
        )
        for row in _submissions(gradebook, assignment, students)
    }
    now = moment or datetime.now(UTC)
    absent = {
        student: calculator.absent(
            person, now, unmarked=course.submission(student, assignment).is_dir()
        )
        for student, person in people.items()
        if student not in found
    }
    known = course.settings.homework.get(assignment)
    return Marks(assignment, known.title if known else assignment, items, found, absent)


def all_extensions(course: Course, assignment: str) -> dict[str, timedelta]:
    """Return the students' extensions, from the settings and from nbgrader."""
    found: dict[str, timedelta] = dict(course.deadline(assignment).extensions)
    if course.gradebook.exists():
        with open_gradebook(course) as gradebook:
            by_kit = gradebook.recorded_extensions()
            for row in _submissions(gradebook, assignment, None):
                if row.extension is not None and row.extension != by_kit.get(row.id):
                    found.setdefault(row.student_id, row.extension)
    return found


class _Calculator:
    """A calculator of marks, which applies the assignment's rules to rows of the gradebook."""

    def __init__(self, course: Course, assignment: str, items: Mapping[str, MarkedItem]) -> None:
        is_known = assignment in course.assignment_names
        self._rules = course.rules(assignment) if is_known else Rules()
        self._deadline: Deadline | None = course.deadline(assignment) if is_known else None
        self._items = items
        self._maximum = sum(item.max_points for item in items.values() if not item.bonus)

    def marks(
        self, person: Person, row: Any, grades: Sequence[Any], by_kit: timedelta | None
    ) -> StudentMarks:
        known = ((self._items.get(grade.name), grade) for grade in grades)
        by_name = {item.name: _mark(item, grade) for item, grade in known if item is not None}
        marks = {name: by_name.get(name, ItemMark(0.0, False)) for name in self._items}
        regular, bonus = (
            sum(
                (marks[item.name].points for item in self._items.values() if item.bonus == kind),
                0.0,
            )
            for kind in (False, True)
        )
        handed_in = row.timestamp.replace(tzinfo=UTC) if row.timestamp else None
        late = self._late(person.id, row, handed_in, by_kit)
        penalty, shares = self._penalty(late, regular, bonus, marks, grades)
        total = self._rules.total(regular, bonus, penalty, self._maximum)
        return StudentMarks(
            person, marks, regular, bonus, penalty, total, late, handed_in, shares
        )  # fmt: skip

    def absent(self, person: Person, moment: datetime, *, unmarked: bool) -> StudentMarks:
        """Return the marks of a student without a marked submission."""
        due = self._deadline
        is_over = due is None or due.is_over(moment, due.extensions.get(person.id))
        none = dict.fromkeys(self._items, ItemMark(0.0, False))
        awaited = not (is_over or unmarked)
        return StudentMarks(
            person, none, 0.0, 0.0, 0.0, 0.0, absent=True, awaited=awaited, unmarked=unmarked
        )

    def _late(
        self, student: str, row: Any, handed_in: datetime | None, by_kit: timedelta | None
    ) -> timedelta:
        if self._deadline is None:
            return timedelta(0)
        extension = self._deadline.extensions.get(student)
        if extension is None and row.extension != by_kit:
            extension = row.extension  # a person gave this extension in nbgrader
        return self._deadline.late(handed_in, extension)

    def _penalty(
        self,
        late: timedelta,
        regular: float,
        bonus: float,
        marks: Mapping[str, ItemMark],
        grades: Sequence[Any],
    ) -> tuple[float, dict[str, float]]:
        if self._rules.late is None:
            shares = {grade.notebook: grade.penalty or 0.0 for grade in grades}
            return sum(shares.values()), shares
        penalty = self._rules.late.penalty(late, regular, bonus, self._maximum)
        takes_bonus = penalty > max(regular, 0.0)
        earned: dict[str, float] = {}
        for name, item in self._items.items():
            if takes_bonus or not item.bonus:
                earned[item.problem] = earned.get(item.problem, 0.0) + marks[name].points
        return penalty, _split_penalty(penalty, earned)


def _split_penalty(penalty: float, earned: Mapping[str, float]) -> dict[str, float]:
    """Split the penalty in proportion to the points that each notebook earned."""
    positive = {name: max(points, 0.0) for name, points in earned.items()}
    whole = sum(positive.values())
    return {
        name: min(penalty * points / whole, points) if whole > 0 else 0.0
        for name, points in positive.items()
    }


def _mark(item: MarkedItem, grade: Any) -> ItemMark:
    """Add up a grade's points as nbgrader does.

    A score given by hand replaces the score from tests. Extra credit counts only if there is also a
    score. A bonus text whose typed points may be lost is open.
    """
    score = grade.auto_score if grade.manual_score is None else grade.manual_score
    points = 0.0 if score is None else float(score) + float(grade.extra_credit or 0.0)
    lost = item.bonus and item.kind == "manual" and is_lost(grade.manual_score, grade.extra_credit)
    return ItemMark(points, bool(grade.needs_manual_grade) or lost)


# --- rows of the gradebook -----------------------------------------------------------------------


def _items(gradebook: PatientGradebook, course: Course, assignment: str) -> dict[str, MarkedItem]:
    wanted = (
        select(GradeCell.name, Notebook.name, GradeCell.cell_type, GradeCell.max_score)
        .join(Notebook, Notebook.id == GradeCell.notebook_id)
        .join(Homework, Homework.id == Notebook.assignment_id)
        .where(Homework.name == assignment)
    )
    rows = {row[0]: row for row in gradebook.db().execute(wanted)}
    worthless = [name for name, row in rows.items() if not row[3]]
    bonus = set(bonus_items(course).get(assignment, worthless))
    order, maximum = _source(course, assignment)
    names = [name for name in order if name in rows] + sorted(rows.keys() - set(order))
    return {
        name: MarkedItem(
            name,
            rows[name][1],
            "auto" if rows[name][2] == "code" else "manual",
            maximum.get(name, 0.0) if name in bonus else float(rows[name][3] or 0.0),
            name in bonus,
        )
        for name in names
    }


def _source(course: Course, assignment: str) -> tuple[list[str], dict[str, float]]:
    """Return the names of the source's items, in order, and their points; both may be empty."""
    if not course.source(assignment).is_dir():
        return [], {}
    try:
        items = course.assignment(assignment).items
    except CourseError:
        if assignment in course.assignment_names:
            raise
        return [], {}
    return list(items), {name: item.max_points for name, item in items.items()}


def _only(
    wanted: Select[Any],
    column: InstrumentedAttribute[str] | Column[Any],
    students: Sequence[str] | None,
) -> Select[Any]:
    """Restrict a query to the given students; None means all students."""
    return wanted if students is None else wanted.where(column.in_(students))


def _submissions(
    gradebook: PatientGradebook, assignment: str, students: Sequence[str] | None
) -> Sequence[Any]:
    wanted = (
        select(
            SubmittedAssignment.id,
            SubmittedAssignment.student_id,
            SubmittedAssignment.timestamp,
            SubmittedAssignment.extension,
        )
        .join(Homework, Homework.id == SubmittedAssignment.assignment_id)
        .where(Homework.name == assignment)
        .order_by(SubmittedAssignment.student_id)
    )
    wanted = _only(wanted, SubmittedAssignment.student_id, students)
    return gradebook.db().execute(wanted).all()


def _grades(
    gradebook: PatientGradebook, assignment: str, students: Sequence[str] | None
) -> dict[str, list[Any]]:
    """Return the grades of the assignment, by submission id."""
    wanted = (
        select(
            SubmittedAssignment.id.label("submission"),
            Notebook.name.label("notebook"),
            SubmittedNotebook.late_submission_penalty.label("penalty"),
            BaseCell.name.label("name"),
            Grade.auto_score,
            Grade.manual_score,
            Grade.extra_credit,
            Grade.needs_manual_grade,
        )
        .join(SubmittedNotebook, SubmittedNotebook.assignment_id == SubmittedAssignment.id)
        .join(Notebook, Notebook.id == SubmittedNotebook.notebook_id)
        .join(Grade, Grade.notebook_id == SubmittedNotebook.id)
        .join(BaseCell, BaseCell.id == Grade.cell_id)
        .join(Homework, Homework.id == SubmittedAssignment.assignment_id)
        .where(Homework.name == assignment)
    )
    found: dict[str, list[Any]] = {}
    for row in gradebook.db().execute(_only(wanted, SubmittedAssignment.student_id, students)):
        found.setdefault(row.submission, []).append(row)
    return found

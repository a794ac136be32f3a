"""Each student's standing in the course: the best N homework marks.

A homework's share is its total divided by its maximum. A homework counts 0 if the student did not
hand it in, or if it is not in the gradebook yet; the output distinguishes these two cases. A
standing is not final while one of its homework marks is not final. A mark is not final while an
answer or a submission is not marked yet. A student who handed in nothing has no final mark until
the time to hand in is over.
"""

from __future__ import annotations

import csv
import io
from codecs import BOM_UTF8
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from autograder.course.assignment import Course
from autograder.course.rules import Counting
from autograder.exports import cells
from autograder.exports.form import named
from autograder.gradebook.marks import Marks, Person
from autograder.gradebook.penalties import read_marks_settled
from autograder.words import as_json

SCHEMA = "fdl-standing/1"


@dataclass(frozen=True)
class HomeworkStanding:
    """A student's result in one homework; `points` is None if nothing was handed in or marked."""

    points: float | None
    maximum: float | None
    counts: bool
    final: bool


@dataclass(frozen=True)
class StudentStanding:
    """A student's standing: the mean share, in percent, of the homework that counts."""

    person: Person
    homework: Mapping[str, HomeworkStanding]
    percent: float

    @property
    def final(self) -> bool:
        """True if all homework marks are final, including homework that does not count now."""
        return all(each.final for each in self.homework.values())


@dataclass(frozen=True)
class Standing:
    """All students' standings; `missing` lists the homework that is not in the gradebook yet."""

    counting: Counting
    missing: tuple[str, ...]
    students: tuple[StudentStanding, ...]

    def to_csv(self) -> bytes:
        """Return a table with one row per student, in UTF-8 with a byte order mark."""
        out = io.StringIO()
        writer = csv.writer(out)
        columns = [
            heading
            for name in self.counting.assignments
            for heading in (name, f"{name}_maximum", f"{name}_counts")
        ]
        writer.writerow(
            ["student", "last_name", "first_name", "email", *columns, "percent", "final"]
        )
        writer.writerows(self._row(each) for each in self.students)
        return BOM_UTF8 + out.getvalue().encode("utf-8")

    def _row(self, each: StudentStanding) -> Iterator[str]:
        yield from named(each.person)
        for homework in each.homework.values():
            yield "" if homework.points is None else cells.points(homework.points)
            yield "" if homework.maximum is None else cells.points(homework.maximum)
            yield "yes" if homework.counts else "no"
        yield cells.points(each.percent)
        yield "yes" if each.final and not self.missing else "no"

    def to_json(self) -> str:
        """Return all standings as JSON, for programs."""
        content: dict[str, Any] = {
            "schema": SCHEMA,
            "assignments": self.counting.assignments,
            "best": self.counting.best,
            "missing": self.missing,
            "students": [
                {**asdict(each), "final": each.final and not self.missing} for each in self.students
            ],
        }
        for each in content["students"]:
            del each["person"]["known_as"]
        return as_json(content)


def read_standing(course: Course) -> Standing:
    """Compute all students' standings from the gradebook, by the course's rules."""
    counting = course.counting
    people, found = read_marks_settled(course, counting.assignments)
    missing = tuple(name for name in counting.assignments if name not in found)
    students = tuple(_student(counting, person, found) for person in people.values())
    return Standing(counting, missing, students)


def _student(counting: Counting, person: Person, found: Mapping[str, Marks]) -> StudentStanding:
    marks = {
        name: each.students[person.id] for name, each in found.items() if person.id in each.students
    }
    shares = {name: _share(each.total, found[name].max_points) for name, each in marks.items()}
    chosen = counting.chosen(shares)
    homework = {
        name: HomeworkStanding(
            marks[name].total if name in marks else None,
            found[name].max_points if name in found else None,
            name in chosen,
            _is_final(person.id, found[name]) if name in found else True,
        )
        for name in counting.assignments
    }
    return StudentStanding(person, homework, 100 * counting.standing(shares))


def _is_final(student: str, marks: Marks) -> bool:
    found = marks.students.get(student) or marks.absent.get(student)
    return found is not None and found.final


def _share(points: float, maximum: float) -> float:
    return points / maximum if maximum > 0 else 0.0

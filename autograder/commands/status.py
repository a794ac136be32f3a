"""`fdl status`, and `fdl` alone: how far each homework is, and which command comes next."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich import box
from rich.table import Table
from rich.text import Text

from autograder.commands import options
from autograder.commands.common import app, command, err, find_course, out, with_messages
from autograder.course.directives import without_directives, without_solution_markers
from autograder.course.gradecells import declared, is_solution
from autograder.course.layout import INDEX, README, REPORT, notebook_files
from autograder.errors import CourseError, NoCourseError
from autograder.words import as_json

if TYPE_CHECKING:
    from nbformat import NotebookNode

    from autograder.course.assignment import Assignment, Course
    from autograder.gradebook.glance import Graded

SCHEMA = "fdl-status/1"

OUT_OF_DATE = "out of date"

_REMOVED = re.compile(r"^ *### BEGIN (.+?)$.*?^ *### END \1$", re.MULTILINE | re.DOTALL)
"""A pattern for the parts of a cell that nbgrader removes from the release."""

_REPAIRS = {"locked": "fdl", "readonly": "fdl standing"}
"""Command that helps, by a word of SQLite's error message.

"locked": another command is writing. "readonly": a command was killed while it was writing; the
next command that opens the gradebook for writing first undoes the unfinished change.
"""

HomeworkToShow = Annotated[
    str | None,
    typer.Argument(metavar="[HOMEWORK]", help="Show how much of this homework is marked."),
]

Step = tuple[object, str, str]
"""A possible next step: whether it is needed (tested as true or false), its command, its reason."""


@dataclass(frozen=True)
class HomeworkStatus:
    """The progress of a homework.

    `release` is "no", "yes", "out of date" or, if the source can't be read, "unknown"; `fault`
    gives the reason. `exported` is the time of the last export to each system; `outdated_exports`
    lists the systems whose exported marks have changed since then. `solutions` is "no", "yes" or,
    once the last extension has passed, "possible". The other fields are numbers of students:
    `to_grade` counts ungraded submissions, `by_hand` submissions to mark by hand, and `feedback`
    students whose pages are up to date.
    """

    due: datetime
    release: str = "no"
    submitted: int = 0
    to_grade: int = 0
    graded: int = 0
    by_hand: int = 0
    feedback: int = 0
    exported: Mapping[str, datetime] = field(default_factory=dict)
    outdated_exports: Sequence[str] = ()
    solutions: str = "no"
    fault: str = ""

    def steps(self, name: str, now: datetime) -> Iterator[Step]:
        """Yield the possible next steps, the most urgent first."""
        due = f"{self.due:%Y-%m-%d %H:%M}"
        collect = f"fdl intake {name} EXPORT.zip --students students.csv"
        expects = self.release != "no" and not self.submitted
        yield (
            self.release == OUT_OF_DATE,
            f"fdl release {name}",
            "the source or the solutions have changed since the release",
        )
        yield self.to_grade, f"fdl grade {name}", f"submissions to grade: {self.to_grade}"
        yield (
            self.by_hand,
            f"fdl desk {name}",
            f"students of {name} with answers to mark by hand: {self.by_hand}",
        )
        without = self.graded - self.feedback
        yield without > 0, f"fdl feedback {name}", f"students without current pages: {without}"
        yield (
            self.release == "no",
            f"fdl release {name}",
            "the students' notebooks are not built yet",
        )
        yield expects and self.due <= now, collect, f"{name} was due on {due}"
        yield (
            self.graded and not self.exported,
            f"fdl export {name} --to csv --output {name}.csv",
            "no marks have been exported yet",
        )
        for system in self.outdated_exports:
            reason = f"some marks have changed since the last export to {system}"
            files = f"--output {name}.csv" if system == "csv" else "--roster FILE --output COPY"
            yield True, f"fdl export {name} --to {system} {files}", reason
        yield expects, collect, f"after the due date, {due}"


@dataclass(frozen=True)
class Status:
    """The progress of a course, and the next command with its reason.

    `faults` are messages about files that can't be read.
    """

    course: str
    homework: Mapping[str, HomeworkStatus]
    next: str
    reason: str
    faults: tuple[str, ...] = ()


@app.callback(invoke_without_command=True)
def alone(context: typer.Context) -> None:
    """Show the course's status if no command is given."""
    if context.invoked_subcommand is None:
        with_messages(_begin)(context)


def _begin(context: typer.Context) -> None:
    try:
        course = find_course()
    except NoCourseError:
        typer.echo(context.get_help())
        out.print(
            "There is no course here. Go into your course's folder with `cd`, or begin a course "
            "in an empty folder with `fdl new hw1`."
        )
    else:
        _show(course, options.Format.TABLE)


@command()
def status(
    homework: HomeworkToShow = None,
    form: options.PrintedAs = options.Format.TABLE,
    course: options.CoursePath = None,
) -> None:
    """Show the progress of each homework and the next command to run, as `fdl` alone does.

    With HOMEWORK, show how much of it is marked, by item and marker. The command changes no marks.
    """
    found = find_course(course)
    if homework is None:
        _show(found, form)
    else:
        _show_homework(found, found.assignment(homework).name, form)


def _show_homework(course: Course, name: str, form: options.Format) -> None:
    from autograder.commands.homeworkstatus import show_homework

    status = read_status(course, datetime.now(UTC))
    show_homework(course, name, status.homework[name], form)
    for fault in status.faults:
        err.print(Text(f"fdl: {fault}", style="red"), soft_wrap=True)
    if status.faults:
        raise typer.Exit(1)


def _show(course: Course, form: options.Format) -> None:
    status = read_status(course, datetime.now(UTC))
    if form is options.Format.JSON:
        content = {"schema": SCHEMA, **asdict(status)}
        typer.echo(as_json(content, default=datetime.isoformat), nl=False)
    else:
        _print(status)
    if status.faults:
        raise typer.Exit(1)


def read_status(course: Course, now: datetime) -> Status:
    """Return the status of the course, read from its folders and gradebook."""
    from sqlite3 import DatabaseError

    from autograder.gradebook.glance import glance

    graded: Mapping[str, Mapping[str, Graded]] = {}
    fault, repair = "", ""
    try:
        if course.gradebook.exists() and course.gradebook.stat().st_size:
            graded = glance(course.gradebook)
        elif course.all_autograded(f"*/{REPORT}"):
            fault, repair = "it is empty or missing", "fdl restore"
    except (DatabaseError, ValueError) as error:
        found = (command for word, command in _REPAIRS.items() if word in str(error))
        fault, repair = str(error), next(found, "fdl restore")
    homework = {
        name: _look(course, name, graded.get(name, {}), now) for name in course.assignment_names
    }
    if fault:
        fault = f"the gradebook {course.gradebook} can't be read: {fault}"
        command, reason = repair, "the gradebook can't be read"
    else:
        command, reason = _next(homework, now)
    faults = (fault, *(each.fault for each in homework.values()))
    return Status(course.title, homework, command, reason, tuple(filter(None, faults)))


def _next(homework: Mapping[str, HomeworkStatus], now: datetime) -> tuple[str, str]:
    found = [
        (rank, command, reason)
        for name, each in homework.items()
        for rank, (is_due, command, reason) in enumerate(each.steps(name, now))
        if is_due and not each.fault
    ]
    if found:
        return min(found, key=lambda step: step[0])[1:]
    if any(each.fault for each in homework.values()):
        return "fdl", "once the source can be read"
    if homework:
        possible = [name for name, each in homework.items() if each.solutions == "possible"]
        more = f"; for solutions: fdl release {possible[0]} --solutions" if possible else ""
        return "fdl standing", f"all marks were exported{more}"
    return "fdl new hw1", "the course has no homework yet"


def _look(course: Course, name: str, graded: Mapping[str, Graded], now: datetime) -> HomeworkStatus:
    from autograder.gradebook.glance import PAGES, handed_on, outdated

    folders = {each.name: each / name for each in course.submitted.glob("[!.]*")}
    folders = {student: folder for student, folder in folders.items() if folder.is_dir()}
    release, fault = "no", ""
    try:
        assignment = course.assignment(name)
        if course.release(name).is_dir():
            release = "yes" if _is_current(course, assignment) else OUT_OF_DATE
    except CourseError as error:
        release, fault = "unknown", str(error)
    exports = course.exported(name).glob("*.csv")
    noted = handed_on(course.handed_on(name))
    old_pages = outdated(noted.pop(PAGES, {}), graded)
    return HomeworkStatus(
        due=course.deadline(name).due,
        release=release,
        submitted=len(folders),
        to_grade=sum(_is_new(folder, graded.get(each)) for each, folder in folders.items()),
        graded=len(graded),
        by_hand=sum(each.awaiting > 0 for each in graded.values()),
        feedback=sum(
            _has_feedback(course, student, name) for student in graded if student not in old_pages
        ),
        exported={
            path.stem: datetime.fromtimestamp(path.stat().st_mtime, course.timezone)
            for path in sorted(exports)
        },
        outdated_exports=[system for system, known in noted.items() if outdated(known, graded)],
        solutions=_solutions(course, name, graded, now),
        fault=fault,
    )


def _solutions(course: Course, name: str, graded: Mapping[str, Graded], now: datetime) -> str:
    if course.published_solutions(name).is_dir():
        return "yes"
    deadline = course.deadline(name)
    extensions = {student: each.extension for student, each in graded.items()}
    extensions |= deadline.extensions
    is_possible = all(deadline.is_over(now, each) for each in (None, *extensions.values()))
    return "possible" if is_possible and course.release(name).is_dir() else "no"


def _is_new(folder: Path, graded: Graded | None) -> bool:
    """Return whether a submission is not graded yet, or was handed in again after it was graded."""
    from autograder.submission.timestamps import read_timestamp

    return graded is None or read_timestamp(folder) not in (None, graded.handed_in)


def _has_feedback(course: Course, student: str, name: str) -> bool:
    page, report = course.feedback(student, name) / INDEX, course.report(student, name)
    try:
        return page.stat().st_mtime >= report.stat().st_mtime
    except OSError:
        return False


def _is_current(course: Course, assignment: Assignment) -> bool:
    """Return whether source and solutions look unchanged since the release.

    This quick check compares the students' files, and compares the solution lines in the source
    with the solutions. `fdl release --check` builds the release again and finds every change.
    """
    source, release = course.source(assignment.name), course.release(assignment.name)
    for file in (README, *assignment.files):
        if (source / file).is_file() and _content(source / file) != _content(release / file):
            return False
    solutions = {
        line.strip().replace("#:", "#")
        for path in course.solutions(assignment.name).glob("*.py")
        for line in path.read_text(encoding="utf-8", errors="replace").splitlines()
    }
    return all(
        (release / path.name).is_file() and _is_filled_and_released(path, release, solutions)
        for path in notebook_files(source)
    )


def _content(path: Path) -> bytes | None:
    return path.read_bytes() if path.is_file() else None


def _is_filled_and_released(path: Path, release: Path, solutions: Set[str]) -> bool:
    from autograder.course.assignment import read_notebook

    old, new = (read_notebook(folder / path.name).cells for folder in (release, path.parent))
    return len(old) == len(new) and all(
        _is_released(*pair) and _is_filled(pair[1], solutions)
        for pair in zip(old, new, strict=True)
    )


def _is_released(old: NotebookNode, new: NotebookNode) -> bool:
    if is_solution(new) and not _REMOVED.search(new.source):
        return declared(old) == declared(new)  # nbgrader clears the whole cell
    kept = _REMOVED.sub("\0", without_directives(new.source)).split("\0")
    return declared(old) == declared(new) and all(part.strip() in old.source for part in kept)


def _is_filled(cell: NotebookNode, solutions: Set[str]) -> bool:
    text = without_directives(cell.source)
    lines = without_solution_markers(text).splitlines() if text != cell.source else ()
    return all(line.strip() in solutions for line in lines)


def _print(status: Status) -> None:
    columns = ("", "due", "release", "handed in", "graded", "by hand", "feedback", "exported")
    table = Table(*columns, box=box.SIMPLE_HEAD, pad_edge=False, title=status.course)
    table.title_justify, table.columns[1].no_wrap = "left", True
    for name, each in status.homework.items():
        numbers = (each.submitted, each.graded, each.by_hand, each.feedback)
        exports = [f"{system} {moment:%m-%d}" for system, moment in each.exported.items()]
        day = f"{each.due:%Y-%m-%d}"
        table.add_row(name, day, each.release, *map(str, numbers), ", ".join(exports) or "no")
    out.print(table)
    for fault in status.faults:
        err.print(Text(f"fdl: {fault}", style="red"), soft_wrap=True)
    out.print(Text(f"Next: {status.next}  # {status.reason}"), soft_wrap=True)

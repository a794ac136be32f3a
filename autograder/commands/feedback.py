"""`fdl feedback`: write the students' pages, and pack them for the platform that returns them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.text import Text

from autograder.commands import options
from autograder.commands.common import command, err, find_course, out
from autograder.course.layout import INDEX
from autograder.errors import RecordError
from autograder.words import counted, listed

if TYPE_CHECKING:
    from autograder.course.assignment import Course
    from autograder.exports.handback import HandBack
    from autograder.exports.handback.mail import Mails

Receiver = StrEnum("Receiver", ("MOODLE", "ILIAS", "CANVAS", "MAIL"))

LARGE = 20_000_000
"""Size in bytes above which a file may exceed a platform's limit for uploads."""

UPLOAD = {
    Receiver.MOODLE: "in Moodle, open the assignment and choose View all submissions → Grading "
    "action → Upload multiple feedback files in a zip. The assignment needs the feedback type "
    "Feedback files",
    Receiver.ILIAS: "in ILIAS, open the exercise: Submissions and Grades → Multi-Feedback",
    Receiver.CANVAS: "in Canvas, open the gradebook and choose Re-Upload Submissions in the menu "
    "of the assignment's column",
}
"""The place in each system where the file is uploaded."""

EXPORTS = {
    Receiver.MOODLE: "the download of all submissions, or the grading worksheet",
    Receiver.ILIAS: "the download of the Multi-Feedback structure, or of all submissions",
    Receiver.CANVAS: "the file from Download Submissions",
}
"""A description of the file to use as each system's roster."""


@command()
def feedback(
    assignment: options.Homework,
    student: options.Students = None,
    to: Annotated[
        Receiver | None,
        typer.Option(
            help="Also pack the pages for this platform, to return all in one upload; `mail` "
            "writes an e-mail for each student and sends nothing."
        ),
    ] = None,
    roster: Annotated[
        Path | None,
        typer.Option(help="File that the platform exported: submissions, or a list of students."),
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output", "-o", help="File, or folder of e-mails, to write (default: in exported/)."
        ),
    ] = None,
    course: options.CoursePath = None,
) -> None:
    """Write the students' feedback pages to feedback/.

    Before a student's due date, the page shows no results: run the command again after that date.
    """
    from autograder.gradebook.glance import PAGES, graded_now, keep_handed_on
    from autograder.pages.feedback import MissingPages, write_feedback

    _check_options(to, roster, output)
    found = find_course(course)
    graded = graded_now(found.gradebook, assignment)
    failure: MissingPages | None = None
    try:
        paths = write_feedback(found, found.assignment(assignment), student or None)
    except MissingPages as error:
        paths, failure = error.written, error
    if not paths and failure is None:
        raise RecordError(
            f"no student has marks for {assignment} yet: run `fdl grade {assignment}` first"
        )
    pages = {
        path.relative_to(found.all_feedback).parts[0]: path for path in paths if path.name == INDEX
    }
    made = {name: each for name, each in graded.items() if name in pages}
    keep_handed_on(found.handed_on(assignment), PAGES, made)
    if paths:
        out.print(Text(f"{len(paths)} feedback pages in {found.all_feedback}"))
    is_whole = to is None or not pages or _hand_back(found, assignment, pages, to, roster, output)
    if still_open := [name for name, each in made.items() if each.awaiting]:
        err.print(_open_marks(still_open), soft_wrap=True)
    if failure is not None:
        raise failure
    if not is_whole:
        raise typer.Exit(1)


def _check_options(to: Receiver | None, roster: Path | None, output: Path | None) -> None:
    if to is None and roster is not None:
        raise RecordError("--roster needs a platform: add --to moodle, ilias or canvas")
    if to is None and output is not None:
        raise RecordError("--output needs a receiver: add --to moodle, ilias, canvas or mail")
    if to is Receiver.MAIL and roster is not None:
        raise RecordError(
            "--to mail uses the addresses in the gradebook: leave out --roster. To add addresses "
            "to the gradebook, run `fdl intake` with --students"
        )
    if to in EXPORTS and roster is None:
        raise RecordError(
            f"--to {to.value} needs the platform's own export: add --roster FILE, {EXPORTS[to]}"
        )
    if roster is not None and not roster.exists():
        raise RecordError(f"{roster} does not exist: give the file that the platform exported")


def _hand_back(
    course: Course,
    assignment: str,
    pages: Mapping[str, Path],
    to: Receiver,
    roster: Path | None,
    output: Path | None,
) -> bool:
    """Pack the pages, print the result, and return whether each page was packed."""
    from autograder.exports.elsewhere import elsewhere
    from autograder.exports.handback import hand_back
    from autograder.exports.handback.mail import write_mails
    from autograder.gradebook.penalties import read_marks_settled
    from autograder.gradebook.people import keep_new_platforms

    marks = read_marks_settled(course, [assignment])[1][assignment]
    folder = course.exported(assignment)
    if roster is None:
        target = output or folder / "mail"
        mails = write_mails(marks, pages, target, course.title, datetime.now(UTC))
        packed, is_whole = list(mails.states), not mails.without_address
        lines = list(_about_mails(mails, target))
    else:
        target = output or folder / f"feedback-{to.value}.zip"
        result = hand_back(marks, pages, to.value, roster, target)
        keep_new_platforms(course.platforms, dict.fromkeys(result.packed, to.value))
        others = elsewhere(course, result.only_ours, to.value)
        lost = others.unexplained
        packed, is_whole = list(result.packed), not (lost or result.faults)
        lines = [*_about_file(result, target, to), *_unmatched(result, lost)]
        lines += map(Text, others.remarks())
    for line in (*lines, *_before_due(course, assignment, packed)):
        err.print(line, soft_wrap=True)
    return is_whole and bool(packed)


def _about_file(result: HandBack, target: Path, to: Receiver) -> Iterator[Text]:
    if result.state is None:
        yield Text(
            "Nothing was packed: nobody in the roster has a feedback page. Is it the export of "
            "this homework?",
            style="red",
        )
        return
    verb = {"new": "Written", "replaced": "Replaced", "unchanged": "Unchanged"}[result.state]
    count = counted(len(result.packed), "student")
    yield Text(f"{verb}: {target} ({_size(result.size)}, feedback for {count})")
    for note in result.notes:
        yield Text(note)
    if result.size > LARGE:
        yield Text(
            f"The file is large ({_size(result.size)}). If it exceeds the platform's limit, which "
            "is shown beside the upload field, pack the class in parts with --student and --output",
            style="yellow",
        )
    yield Text(f"Next: {UPLOAD[to]}")


def _unmatched(result: HandBack, lost: tuple[str, ...]) -> Iterator[Text]:
    if lost:
        yield Text(f"Not in the roster, though they have feedback: {', '.join(lost)}", style="red")
    for fault in result.faults:
        yield Text(f"Problem: {fault}", style="red")
    if result.only_theirs:
        who = listed(result.only_theirs)
        yield Text(f"In the roster, but without feedback: {who}", style="yellow")


def _about_mails(mails: Mails, folder: Path) -> Iterator[Text]:
    states = list(mails.states.values())
    counts = [f"{states.count(state)} {state}" for state in dict.fromkeys(states)]
    yield Text(f"E-mails in {folder}: {', '.join(counts) or 'none'}. Nothing was sent")
    if mails.without_address:
        names = ", ".join(mails.without_address)
        yield Text(f"Students without a usable e-mail address: {names}", style="red")
    if mails.stale:
        yield Text(f"From an earlier run, not written now: {listed(mails.stale)}", style="yellow")
    if states:
        yield Text(
            "Next: open the files in your mail program and send them, or pass each file to "
            "`sendmail -t`"
        )


def _open_marks(students: list[str]) -> Text:
    return Text(
        f"Marks are still open for {len(students)} of these students: {listed(students)}. Their "
        "pages say so; run the command again when all answers are marked",
        style="yellow",
    )


def _before_due(course: Course, assignment: str, packed: list[str]) -> Iterator[Text]:
    """Yield a warning about pages that leave out results."""
    from autograder.gradebook.marks import all_extensions

    deadline, extensions = course.deadline(assignment), all_extensions(course, assignment)
    now = datetime.now(UTC)
    early = [name for name in packed if not deadline.is_over(now, extensions.get(name))]
    if early:
        yield Text(
            f"The due date has not passed for {len(early)} of these students: {listed(early)}. "
            "Their pages leave out results; hand the feedback back again after that date",
            style="yellow",
        )


def _size(count: int) -> str:
    return f"{count / 1e6:.1f} MB" if count >= 100_000 else f"{count / 1e3:.0f} kB"

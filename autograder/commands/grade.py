"""`fdl grade` and `fdl regrade`: mark a class, on this machine or on a cluster."""

from __future__ import annotations

import shlex
from collections import Counter
from collections.abc import Generator, Mapping, Sequence
from contextlib import ExitStack, closing
from dataclasses import asdict, dataclass, field
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table
from rich.text import Text

from autograder.commands import options
from autograder.commands.common import command, err, find_course, out, warn_of_broken_tests
from autograder.course.layout import SETTINGS
from autograder.errors import CourseError, KitError, RecordError
from autograder.words import as_json, shown

if TYPE_CHECKING:  # commands import modules when they need them, to start quickly
    from autograder.course.assignment import Assignment, Course
    from autograder.grading.jobs import Job, Marked, MarkSettings
    from autograder.runs.changes import Regrading
    from autograder.runs.grade import Recorded, SeededMarker
    from autograder.sandbox import Protection

SCHEMA = "fdl-grade/1"


@dataclass(frozen=True)
class Site:
    """The place where submissions are marked: this machine, or the workers of a Dask scheduler.

    `certificates` is the folder with the TLS certificates for the connection to the scheduler.
    """

    jobs: int | None = None
    address: str | None = None
    certificates: Path | None = None

    def __post_init__(self) -> None:
        if self.address is not None and self.jobs is not None:
            raise KitError(
                "On a cluster, --jobs has no effect: leave it out. The number of the workers' "
                "threads decides how many submissions are marked at once"
            )
        if self.certificates is not None and self.address is None:
            raise KitError("--cluster-tls needs a cluster: add --cluster tls://HOST:PORT")

    def marker(
        self, course: Course, assignment: Assignment, settings: MarkSettings, stack: ExitStack
    ) -> tuple[SeededMarker, list[Protection]]:
        """Return a function that marks jobs, and the walls around student code.

        The workers end when `stack` is closed.
        """
        if self.address is not None:
            return self._cluster(self.address, course, assignment, settings, stack)
        from autograder.grading import forkserver
        from autograder.sandbox import examine

        stack.callback(forkserver.stop)
        protection = examine(use_outer=settings.use_outer, unprotected=settings.unprotected)
        protection.require()

        def mark(waiting: Sequence[Job], /, *, seed: int | None) -> Generator[Marked]:
            from autograder.grading.classrun import default_jobs, mark_class  # slow to import

            jobs = self.jobs or default_jobs(settings.limits)
            return mark_class(
                course, assignment, waiting, workers=jobs, seed=seed, settings=settings
            )

        return mark, [protection]

    def _cluster(
        self,
        address: str,
        course: Course,
        assignment: Assignment,
        settings: MarkSettings,
        stack: ExitStack,
    ) -> tuple[SeededMarker, list[Protection]]:
        try:
            from autograder.grading.cluster.run import mark_class
            from autograder.grading.cluster.workers import Workers
        except ImportError as error:
            raise KitError(
                f"--cluster needs Dask, which is not installed ({error}): run "
                "pip install 'fdl-homework-kit[cluster]'"
            ) from error

        def say(text: str) -> None:
            err.print(Text(f"fdl: {text}", style="yellow"))

        with err.status(f"Connecting to the workers of {address}"):
            workers = stack.enter_context(Workers(address, self.certificates, settings, say))
        threads = sum(member.threads for member in workers.members.values())
        err.print(Text(f"Marking on {len(workers.protections)} workers, {threads} at once"))
        return partial(mark_class, workers, course, assignment), workers.protections


@command()
def grade(
    assignment: options.Homework,
    student: options.Students = None,
    jobs: options.Jobs = None,
    seed: options.Seed = None,
    again: Annotated[
        bool,
        typer.Option(
            "--again", help="Also mark submissions that have not changed since the last run."
        ),
    ] = False,
    cold: Annotated[
        bool,
        typer.Option(
            "--cold",
            help="Start a new sandbox for each submission. This is slower and "
            "gives the same marks.",
        ),
    ] = False,
    profile: Annotated[
        bool, typer.Option("--profile", help="Show how much time each stage took.")
    ] = False,
    form: options.PrintedAs = options.Format.TABLE,
    cluster: options.Cluster = None,
    cluster_tls: options.ClusterTls = None,
    inner_only: options.InnerOnly = False,
    unprotected: options.Unprotected = False,
    course: options.CoursePath = None,
) -> None:
    """Mark new or changed submissions and record the marks in the gradebook.

    Running the command again is safe and fast. Submissions are read from
    submitted/STUDENT/HOMEWORK.
    """
    found = find_course(course)
    homework = found.assignment(assignment)
    if cluster is None and (again or _is_new(found, assignment)):
        from autograder.grading import forkserver

        forkserver.start()  # the fork server imports its modules while this process imports others
    from autograder.grading.exceeded import change_limits, exceeded, texts_of
    from autograder.grading.jobs import MarkSettings

    settings = MarkSettings(
        homework.limits, use_outer=not inner_only, unprotected=unprotected, cold=cold
    )
    site = Site(jobs, cluster, cluster_tls)
    rows: dict[str, Row] = {}
    over, broken = Counter[str](), set[str]()
    marking = grade_students(found, homework, student or (), settings, site, seed, again=again)
    try:
        with closing(marking):  # stops the marking even if Ctrl-C is pressed between two results
            for each in marking:
                rows[each.student] = Row.of(each, homework)
                if each.report is not None:
                    over.update(exceeded(texts_of(each.report)))
                    broken.update(each.report.notes)
    except KitError:  # e.g. the gradebook is locked at the end: first show the marks so far
        if rows:
            _print_class(assignment, rows, form)
        raise
    _print_class(assignment, rows, form)
    warn_of_broken_tests(broken, assignment)
    for name, count in over.items():
        who = "1 submission" if count == 1 else f"{count} submissions"
        err.print(Text(f"{who} exceeded a limit: {change_limits(homework, [name])}"))
    seconds = [row.seconds for row in rows.values() if row.seconds]
    if profile and seconds and form is options.Format.TABLE:
        out.print(_profile_table(seconds))
    if failed := sorted(name for name, row in rows.items() if row.error):
        err.print(
            f"{len(failed)} not marked: {', '.join(failed)}. Earlier marks stay. To mark one of "
            f"them again, run: fdl grade {assignment} --student {shlex.quote(failed[0])}",
            style="red",
        )
        raise typer.Exit(1)


def _is_new(course: Course, assignment: str) -> bool:
    """Return whether a submission has no Report yet, so that there is something to mark."""
    folders = course.submitted.glob(f"[!.]*/{assignment}")
    return any(not course.report(each.parent.name, assignment).is_file() for each in folders)


@command()
def regrade(
    assignment: options.Homework,
    student: options.Students = None,
    apply: Annotated[
        bool, typer.Option("--apply", help="Record the new marks (default: only show them).")
    ] = False,
    form: options.PrintedAs = options.Format.TABLE,
    jobs: options.Jobs = None,
    cluster: options.Cluster = None,
    cluster_tls: options.ClusterTls = None,
    inner_only: options.InnerOnly = False,
    unprotected: options.Unprotected = False,
    course: options.CoursePath = None,
) -> None:
    """Show which marks a change of tests or points would change; --apply records the new marks.

    Points and comments given by hand stay unchanged.
    """
    from autograder.commands.progress import progress
    from autograder.grading.fingerprint import Fingerprints
    from autograder.grading.jobs import MarkSettings, find_jobs
    from autograder.runs import regrade as regrading

    found = find_course(course)
    homework = found.assignment(assignment)
    settings = MarkSettings(homework.limits, use_outer=not inner_only, unprotected=unprotected)
    regrading.check_release(found, homework)
    students = student or ()
    with ExitStack() as stack:
        mark, protections = Site(jobs, cluster, cluster_tls).marker(
            found, homework, settings, stack
        )
        jobs_found = find_jobs(found, homework.name, students)
        graded = regrading.read_graded(found, homework, students)
        if not graded.paths and not graded.unreadable:
            raise RecordError(
                f"no student has marks for {assignment} yet: run `fdl grade {assignment}` first"
            )

        def fingerprints(seed: int) -> Fingerprints:
            return Fingerprints(
                found, homework, seed=seed, settings=settings, protections=protections
            )

        spool = stack.enter_context(regrading.Spool(found, fingerprints)) if apply else None
        with progress(err, f"Marking {assignment}") as watch:
            result = regrading.mark_again(homework, graded, jobs_found, mark, watch, spool=spool)
        _print_regrading(result, form)
        failed = list(result.failed)
        if spool is not None:
            moment = datetime.now(found.timezone).replace(microsecond=0)
            kept, failures = regrading.apply(found, homework, result, spool, moment)
            for failure in failures.values():
                err.print(Text(failure, style="red"))
            if kept is not None:
                recorded = len(set(result.reports_changed) - set(failures))
                err.print(
                    Text(f"New Reports recorded: {recorded}. The changes are listed in {kept}")
                )
            failed += failures
        elif result.reports_changed:
            err.print(f"Nothing was recorded. Next: fdl regrade {assignment} --apply")
    if failed:
        raise typer.Exit(1)


def grade_students(
    course: Course,
    assignment: Assignment,
    students: Sequence[str],
    settings: MarkSettings,
    site: Site,
    seed: int | None = None,
    *,
    again: bool = False,
) -> Generator[Recorded]:
    """Mark the students' submissions (default: all), record the marks, and show the progress."""
    from autograder.commands.progress import progress
    from autograder.grading.fingerprint import Fingerprints
    from autograder.grading.jobs import find_jobs, skipped_folders, unknown_extensions
    from autograder.runs.grade import grade_class

    submissions = find_jobs(course, assignment.name, students)
    if not submissions:
        raise CourseError(
            f"there is nothing to mark: no folder {course.submission('STUDENT', assignment.name)}. "
            f"Collect submissions: `fdl intake {assignment.name} EXPORT.zip`"
        )
    for name in () if students else skipped_folders(course, assignment.name):
        err.print(Text(f"skipping submitted/{name}: student folders cannot start with a dot"))
    for name in () if students else unknown_extensions(course, assignment.name):
        err.print(
            Text(
                f"{SETTINGS} gives {name} an extension, but submitted/{name} does not exist. "
                "Is the name spelt correctly?"
            )
        )
    with ExitStack() as stack:
        mark, protections = site.marker(course, assignment, settings, stack)
        prints = Fingerprints(
            course, assignment, seed=seed, settings=settings, protections=protections
        )
        watch = stack.enter_context(progress(err, f"Marking {assignment.name}"))
        found = grade_class(
            course, assignment, submissions, partial(mark, seed=seed), prints, again=again
        )
        stack.enter_context(closing(found))
        for done, each in enumerate(found, start=1):
            # unchanged submissions come first; they are not marked and would distort the estimate
            if not each.unchanged or done == len(submissions):
                watch(done, len(submissions))
            yield each


def _print_regrading(regrading: Regrading, form: options.Format) -> None:
    if form is options.Format.JSON:
        typer.echo(regrading.to_json(), nl=False)
        return
    if regrading.changes:
        out.print(regrading.table())
    for remark in regrading.remarks():
        out.print(Text(remark))


@dataclass(frozen=True)
class Row:
    """A student's marks in the class table; `seconds` is the marking time of each stage."""

    points: float = 0.0
    max_points: float = 0.0
    bonus_points: float = 0.0
    max_bonus_points: float = 0.0
    open_points: float = 0.0
    notes: tuple[str, ...] = ()
    unchanged: bool = False
    error: str = ""
    seconds: Mapping[str, float] = field(default_factory=dict)

    @classmethod
    def of(cls, each: Recorded, homework: Assignment) -> Row:
        """Return the table row of a student; `error` is empty unless marking failed."""
        from autograder.grading.jobs import long_seconds
        from autograder.submission.files import CELLS_OF

        report, notes = each.report, [each.date]
        if report is None:
            return cls(notes=tuple(filter(None, notes)), error=each.error)
        notes += [
            f"{name}: {text}"
            for name, nb in report.notebooks.items()
            for text in (nb.message, *(note for note in nb.notes if CELLS_OF in note))
            if text
        ]
        refused = Counter(
            each.item or name for name, nb in report.notebooks.items() for each in nb.dropped
        )
        notes += [f"{where}: pictures refused: {count}" for where, count in refused.items()]
        notes.append(report.versions)
        if (seconds := sum(each.seconds.values())) > long_seconds(homework):
            notes.append(f"took {seconds:.0f} s")
        return cls(
            report.points, report.max_points, report.bonus_points, report.max_bonus_points,
            each.open_points, tuple(filter(None, notes)), each.unchanged, seconds=each.seconds,
        )  # fmt: skip

    def cells(self) -> tuple[str, ...]:
        """Return the cells of the table, without the student's name."""
        if self.error:
            return "", "", "", "; ".join((self.error, *self.notes))
        return (
            f"{self.points:g} of {self.max_points:g}",
            f"{self.bonus_points:g} of {self.max_bonus_points:g}",
            f"{self.open_points:g}",
            "; ".join(self.notes),
        )


def _print_class(assignment: str, rows: Mapping[str, Row], form: options.Format) -> None:
    if form is options.Format.JSON:
        students = {name: asdict(rows[name]) for name in sorted(rows)}
        content = {"schema": SCHEMA, "assignment": assignment, "students": students}
        typer.echo(as_json(content), nl=False)
        return
    table = Table("student", "points", "bonus", "open points", "notes", title="Marks")
    for name, row in sorted(rows.items()):
        style = "red" if row.error else ""
        table.add_row(*(Text(shown(cell), style) for cell in (name, *row.cells())))
    out.print(table)
    if unchanged := sum(row.unchanged for row in rows.values()):
        out.print(
            f"{unchanged} of {len(rows)} submissions have not changed; --again marks them too"
        )


def _profile_table(seconds: Sequence[Mapping[str, float]]) -> Table:
    """Return a table of the mean seconds per submission in each stage, summed over processes."""
    from statistics import fmean

    table = Table("stage", title=f"Mean seconds per submission, over {len(seconds)} submissions")
    table.add_column("seconds", justify="right")
    table.add_column("share", justify="right")
    stages = {name for each in seconds for name in each}
    means = {name: fmean(each.get(name, 0.0) for each in seconds) for name in stages}
    total = sum(means.values())
    for name, mean in sorted(means.items(), key=lambda part: -part[1]):
        table.add_row(name, f"{mean:.3f}", f"{mean / total:.0%}")
    table.add_row("total", f"{total:.3f}", "")
    return table

"""`fdl grade` and `fdl regrade`: a class, on this machine or on a cluster."""

from __future__ import annotations

from collections import Counter
from collections.abc import Generator, Iterable, Mapping, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from pathlib import Path
from statistics import fmean
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table
from rich.text import Text

from autograder.commands import options
from autograder.commands.common import command, err, out
from autograder.commands.progress import progress
from autograder.course.assignment import Assignment, Course
from autograder.course.layout import SETTINGS
from autograder.errors import KitError
from autograder.grading import forkserver
from autograder.words import shown

if TYPE_CHECKING:  # the commands import what they need, so that each starts quickly
    from autograder.grading.mark import MarkSettings
    from autograder.runs.changes import Regrading
    from autograder.runs.grade import Recorded, SeededMarker
    from autograder.sandbox import Protection


@dataclass(frozen=True)
class Site:
    """Where submissions are marked: on this machine, or by the workers of a Dask scheduler.

    `certificates` is the folder of those for the scheduler's address.
    """

    jobs: int | None = None
    address: str | None = None
    certificates: Path | None = None

    def __post_init__(self) -> None:
        if self.address is not None and self.jobs is not None:
            raise KitError(
                "--jobs is for this machine; on a cluster, its workers' threads are the jobs"
            )
        if self.certificates is not None and self.address is None:
            raise KitError("--cluster-tls is for a cluster: name its scheduler with --cluster")

    def marker(
        self, course: Course, assignment: Assignment, settings: MarkSettings, stack: ExitStack
    ) -> tuple[SeededMarker, list[Protection]]:
        """Return what marks, and behind what; the end of the stack stops it."""
        if self.address is not None:
            return self._cluster(self.address, course, assignment, settings, stack)
        from autograder.grading.classrun import default_jobs, mark_class
        from autograder.sandbox import examine

        stack.callback(forkserver.stop)
        protection = examine(use_outer=settings.use_outer, unprotected=settings.unprotected)
        protection.require()
        jobs = self.jobs or default_jobs(settings.limits)
        mark = partial(mark_class, course, assignment, workers=jobs, settings=settings)
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
                f"--cluster needs Dask, and there is none here ({error}): "
                "pip install 'fdl-homework-kit[cluster]'"
            ) from error

        def say(text: str) -> None:
            err.print(Text(f"fdl: {text}", style="yellow"))

        with err.status(f"Asking the workers of {address}"):
            workers = stack.enter_context(Workers(address, self.certificates, settings, say))
        threads = sum(member.threads for member in workers.members.values())
        err.print(Text(f"Marking on {len(workers.protections)} workers, {threads} at once"))
        return partial(mark_class, workers, course, assignment), workers.protections


@command()
def grade(
    assignment: str,
    student: options.Students = None,
    jobs: options.Jobs = None,
    seed: options.Seed = None,
    again: Annotated[bool, typer.Option("--again", help="Mark also what has not changed.")] = False,
    cold: Annotated[
        bool, typer.Option("--cold", help="Start a sandbox for each submission: slow, same marks.")
    ] = False,
    profile: Annotated[bool, typer.Option("--profile", help="Tell where the time went.")] = False,
    cluster: options.Cluster = None,
    cluster_tls: options.ClusterTls = None,
    inner_only: options.InnerOnly = False,
    unprotected: options.Unprotected = False,
    course: options.CoursePath = None,
) -> None:
    """Mark what is new or changed in submitted/ and record it in nbgrader's gradebook."""
    if cluster is None:
        forkserver.start()  # it imports while this process does
    from autograder.grading.exceeded import change_limits, exceeded, texts_of
    from autograder.grading.mark import MarkSettings

    found = Course.find(course)
    homework = found.assignment(assignment)
    settings = MarkSettings(
        homework.limits, use_outer=not inner_only, unprotected=unprotected, cold=cold
    )
    site = Site(jobs, cluster, cluster_tls)
    rows, failed, unchanged, seconds = [], [], 0, list[Mapping[str, float]]()
    over = Counter[str]()
    marking = grade_students(found, homework, student or (), settings, site, seed, again=again)
    try:
        with closing(marking):  # also where Ctrl-C comes while a row is made
            for each in marking:
                rows.append(_class_row(each, homework))
                unchanged += each.unchanged
                if each.error:
                    failed.append(each.student)
                if each.seconds:
                    seconds.append(each.seconds)
                if each.report is not None:
                    over.update(exceeded(texts_of(each.report)))
    except KitError:  # such as a gradebook that is locked in the end: tell of those before
        if rows:
            out.print(_class_table(rows))
        raise
    out.print(_class_table(rows))
    if unchanged:
        out.print(f"{unchanged} of {len(rows)} have not changed and were not marked anew (--again)")
    for name, count in over.items():
        who = "1 submission" if count == 1 else f"{count} submissions"
        err.print(Text(f"{who} exceeded a limit: {change_limits(homework, [name])}"))
    if profile and seconds:
        out.print(_profile_table(seconds))
    if failed:
        err.print(
            f"{len(failed)} not marked: {', '.join(sorted(failed))}. Their earlier marks, if "
            "any, stand; run the command again with --student to try them alone.",
            style="red",
        )
        raise typer.Exit(1)


@command()
def regrade(
    assignment: str,
    student: options.Students = None,
    apply: Annotated[bool, typer.Option("--apply", help="Record the new marks.")] = False,
    form: options.PrintedAs = options.Format.TABLE,
    jobs: options.Jobs = None,
    cluster: options.Cluster = None,
    cluster_tls: options.ClusterTls = None,
    inner_only: options.InnerOnly = False,
    unprotected: options.Unprotected = False,
    course: options.CoursePath = None,
) -> None:
    """Show which marks change where tests, misconceptions or points have changed; then apply it."""
    from autograder.grading.classrun import find_jobs
    from autograder.grading.fingerprint import Fingerprints
    from autograder.grading.mark import MarkSettings
    from autograder.runs import regrade as regrading

    found = Course.find(course)
    homework = found.assignment(assignment)
    settings = MarkSettings(homework.limits, use_outer=not inner_only, unprotected=unprotected)
    regrading.check_release(found, homework)
    students = student or ()
    with ExitStack() as stack:
        mark, protections = Site(jobs, cluster, cluster_tls).marker(
            found, homework, settings, stack
        )
        graded = regrading.read_graded(found, homework, students)

        def fingerprints(seed: int) -> Fingerprints:
            return Fingerprints(
                found, homework, seed=seed, settings=settings, protections=protections
            )

        spool = stack.enter_context(regrading.Spool(found, fingerprints)) if apply else None
        with progress(err, f"Marking {assignment}") as watch:
            jobs_found = find_jobs(found, homework.name, students)
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
                err.print(Text(f"New Reports recorded: {recorded}. What changed is kept in {kept}"))
            failed += failures
        elif result.reports_changed:
            err.print("Nothing was written; --apply records it.")
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
    """Mark and record these students (none named: all), showing progress."""
    from autograder.grading.classrun import find_jobs, skipped_folders, unknown_extensions
    from autograder.grading.fingerprint import Fingerprints
    from autograder.runs.grade import grade_class

    submissions = find_jobs(course, assignment.name, students)
    for name in () if students else skipped_folders(course, assignment.name):
        err.print(Text(f"submitted/{name} is passed over: no student's name begins with a dot"))
    for name in () if students else unknown_extensions(course, assignment.name):
        err.print(
            Text(f"{SETTINGS} gives {name} more time: nothing is in submitted/{name}, is it right?")
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
            # looking others up first says nothing of how long marking takes
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


def _class_row(each: Recorded, homework: Assignment) -> tuple[str, ...]:
    """A student's row of the class table."""
    from autograder.grading.classrun import long_seconds

    report = each.report
    if report is None:
        return each.student, "", "", "", "; ".join(filter(None, (each.error, each.date)))
    notes = [each.date] if each.date else []
    notes += [f"{name}: {nb.message}" for name, nb in report.notebooks.items() if nb.message]
    notes += [report.versions] if report.versions else []
    if (seconds := sum(each.seconds.values())) > long_seconds(homework):
        notes.append(f"took {seconds:.0f} s")
    return (
        each.student,
        f"{report.points:g} of {report.max_points:g}",
        f"{report.bonus_points:g} of {report.max_bonus_points:g}",
        f"{each.open_points:g}",
        "; ".join(notes),
    )


def _class_table(rows: Iterable[tuple[str, ...]]) -> Table:
    table = Table("student", "points", "bonus", "open", "notes", title="Marks")
    for row in sorted(rows):
        is_marked = bool(row[1])
        table.add_row(
            *(
                Text(shown(part), style="" if is_marked or not k else "red")
                for k, part in enumerate(row)
            )
        )
    return table


def _profile_table(seconds: Sequence[Mapping[str, float]]) -> Table:
    """Where the time of a submission goes, all processes' work together."""
    table = Table("stage", title=f"Seconds per submission, mean of {len(seconds)}")
    table.add_column("seconds", justify="right")
    table.add_column("share", justify="right")
    stages = {name for each in seconds for name in each}
    means = {name: fmean(each.get(name, 0.0) for each in seconds) for name in stages}
    total = sum(means.values())
    for name, mean in sorted(means.items(), key=lambda part: -part[1]):
        table.add_row(name, f"{mean:.3f}", f"{mean / total:.0%}")
    table.add_row("together", f"{total:.3f}", "")
    return table

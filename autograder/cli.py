"""The command `fdl`: options, printing and exit codes; what is done lives elsewhere.

Exit codes: 0 as asked, 1 done but something is not as it should be (an unfit release, a
submission that could not be marked), 2 can't be done as asked.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Generator, Iterable, Mapping, Sequence
from contextlib import ExitStack, closing
from datetime import datetime
from functools import partial
from pathlib import Path
from shutil import which
from statistics import fmean
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table
from rich.text import Text

import autograder.commands.intake  # each of these adds its commands to the app
import autograder.commands.marks
import autograder.commands.new
import autograder.commands.platforms
import autograder.commands.report  # noqa: F401
from autograder.commands.common import (
    CourseOption,
    Format,
    InnerOption,
    SeedOption,
    UnprotectedOption,
    app,
    err,
    out,
    told,
)
from autograder.commands.progress import progress
from autograder.console import as_line
from autograder.course.assignment import Assignment, Course
from autograder.course.settings import SETTINGS
from autograder.errors import KitError
from autograder.grading import forkserver
from autograder.grading.report import ItemReport, Report
from autograder.words import shown

if TYPE_CHECKING:  # the commands import what they need, so that each starts quickly
    from autograder.commands.demo import Comparison
    from autograder.grading.mark import MarkSettings
    from autograder.runs.changes import Regrading
    from autograder.runs.grade import Recorded, SeededMarker
    from autograder.sandbox import Protection

__all__ = ["app"]

ClusterPlace = tuple[str, Path | None]
"""A scheduler's address, and the folder of certificates for it."""

ClusterOption = Annotated[
    str | None, typer.Option(help="Mark on this Dask scheduler: tls://HOST:PORT or tcp://...")
]
ClusterTlsOption = Annotated[
    Path | None, typer.Option(help="The folder with ca.pem, cert.pem and key.pem for tls://.")
]


@app.command()
@told
def release(
    assignment: str,
    check: Annotated[
        bool,
        typer.Option("--check", help="Change nothing; fail if a tree is out of date or unfit."),
    ] = False,
    again: Annotated[
        bool, typer.Option("--again", help="Repeat also the parts whose inputs have not changed.")
    ] = False,
    course: CourseOption = None,
) -> None:
    """Fill the source from the solutions, build the release, and prove it fit to publish."""
    from autograder.release import release as make_release

    with err.status(f"Building and proving {assignment}") as status:
        proof = make_release(
            Course.find(course),
            assignment,
            check=check,
            say=lambda what: status.update(as_line(what)),
            again=again,
        )
    out.print(proof.table())
    if not proof.ok:
        err.print(f"{assignment} is not fit to publish; nothing was changed.", style="red")
        raise typer.Exit(1)


@app.command()
@told
def prove(
    assignment: str,
    matrix: Annotated[
        Path | None, typer.Option(help="Write the kill matrix to this .html file, and as .csv.")
    ] = None,
    seed: SeedOption = None,
    course: CourseOption = None,
) -> None:
    """Hold every misconception against the hidden tests: each must lose its own item alone."""
    from autograder.release.proof.killmatrix import kill_matrix

    found = Course.find(course)
    with progress(err, "Misconceptions") as watch:
        proof = kill_matrix(found, found.assignment(assignment), seed=seed, watch=watch)
    if matrix is not None:
        matrix.with_suffix(".html").write_text(proof.to_html(), encoding="utf-8")
        matrix.with_suffix(".csv").write_text(proof.to_csv(), encoding="utf-8")
    faults = list(proof.faults())
    for fault in faults:
        err.print(Text(fault, "red"))
    out.print(f"{assignment}: {proof.summary()}")
    if faults:
        raise typer.Exit(1)


@app.command()
@told
def mark(
    path: Annotated[Path, typer.Argument(help="A submission's folder, or one notebook.")],
    assignment: Annotated[str | None, typer.Option(help="Which homework it is.")] = None,
    form: Annotated[Format, typer.Option("--format", help="How to print it.")] = Format.TABLE,
    output: Annotated[Path | None, typer.Option(help="Write it to this file.")] = None,
    instructor: Annotated[
        bool, typer.Option("--instructor", help="A page with the hidden inputs and both values.")
    ] = False,
    seed: SeedOption = None,
    inner_only: InnerOption = False,
    unprotected: UnprotectedOption = False,
    course: CourseOption = None,
) -> None:
    """Mark one submission and touch nothing else."""
    from autograder.grading.mark import MarkSettings, mark_submission

    found = Course.find(course)
    name = assignment or _only_assignment(found, path)
    settings = MarkSettings(use_outer=not inner_only, unprotected=unprotected)
    with err.status(f"Marking {path}"):
        marking = mark_submission(found, found.assignment(name), path, seed=seed, settings=settings)
    report = marking.report
    if instructor:
        from autograder.pages.instructor import instructor_page

        target = output or Path(f"{report.submission}-instructor.html")
        page = instructor_page(found, found.assignment(name), marking)
        target.write_text(page, encoding="utf-8")
        out.print(Text(f"{target}: with hidden inputs and expected values, not for students"))
        return
    if output is not None:
        output.write_text(report.to_json(), encoding="utf-8")
    if form is Format.JSON:
        if output is None:
            typer.echo(report.to_json(), nl=False)
    else:
        _print_report(report)


@app.command()
@told
def grade(
    assignment: str,
    student: Annotated[list[str] | None, typer.Option(help="Only this student.")] = None,
    jobs: Annotated[int | None, typer.Option(min=1, help="How many at once.")] = None,
    seed: SeedOption = None,
    again: Annotated[bool, typer.Option("--again", help="Mark also what has not changed.")] = False,
    cold: Annotated[
        bool, typer.Option("--cold", help="Start a sandbox for each submission: slow, same marks.")
    ] = False,
    profile: Annotated[bool, typer.Option("--profile", help="Tell where the time went.")] = False,
    cluster: ClusterOption = None,
    cluster_tls: ClusterTlsOption = None,
    inner_only: InnerOption = False,
    unprotected: UnprotectedOption = False,
    course: CourseOption = None,
) -> None:
    """Mark what is new or changed in submitted/ and record it in nbgrader's gradebook."""
    if cluster is None:
        forkserver.start()  # it imports while this process does
    from autograder.grading.mark import MarkSettings

    found = Course.find(course)
    homework = found.assignment(assignment)
    settings = MarkSettings(use_outer=not inner_only, unprotected=unprotected, cold=cold)
    where = _cluster(cluster, cluster_tls, jobs)
    rows, failed, unchanged, seconds = [], [], 0, list[Mapping[str, float]]()
    marking = _grade(
        found, homework, student or (), jobs, seed, settings, again=again, cluster=where
    )
    try:
        with closing(marking):  # also where Ctrl-C comes while a row is made
            for each in marking:
                rows.append(_class_row(each))
                unchanged += each.unchanged
                if each.error:
                    failed.append(each.student)
                if each.seconds:
                    seconds.append(each.seconds)
    except KitError:  # such as a gradebook that is locked in the end: tell of those before
        if rows:
            out.print(_class_table(rows))
        raise
    out.print(_class_table(rows))
    if unchanged:
        out.print(f"{unchanged} of {len(rows)} have not changed and were not marked anew (--again)")
    if profile and seconds:
        out.print(_profile_table(seconds))
    if failed:
        err.print(
            f"{len(failed)} not marked: {', '.join(sorted(failed))}. Their earlier marks, if "
            "any, stand; run the command again with --student to try them alone.",
            style="red",
        )
        raise typer.Exit(1)


@app.command()
@told
def regrade(
    assignment: str,
    student: Annotated[list[str] | None, typer.Option(help="Only this student.")] = None,
    apply: Annotated[bool, typer.Option("--apply", help="Record the new marks.")] = False,
    form: Annotated[Format, typer.Option("--format", help="How to print it.")] = Format.TABLE,
    jobs: Annotated[int | None, typer.Option(min=1, help="How many at once.")] = None,
    cluster: ClusterOption = None,
    cluster_tls: ClusterTlsOption = None,
    inner_only: InnerOption = False,
    unprotected: UnprotectedOption = False,
    course: CourseOption = None,
) -> None:
    """Show which marks change where tests, misconceptions or points have changed; then apply it."""
    from autograder.grading.classrun import find_jobs
    from autograder.grading.fingerprint import Fingerprints
    from autograder.grading.mark import MarkSettings
    from autograder.runs import regrade as regrading

    found = Course.find(course)
    homework = found.assignment(assignment)
    settings = MarkSettings(use_outer=not inner_only, unprotected=unprotected)
    regrading.check_release(found, homework)
    students = student or ()
    with ExitStack() as stack:
        mark, protections = _marker(
            found, homework, jobs, settings, _cluster(cluster, cluster_tls, jobs), stack
        )
        graded = regrading.read_graded(found, homework, students)

        def fingerprints(seed: int) -> Fingerprints:
            return Fingerprints(
                found, homework, seed=seed, settings=settings, protections=protections
            )

        shelf = stack.enter_context(regrading.Shelf(found, fingerprints)) if apply else None
        with progress(err, f"Marking {assignment}") as watch:
            result = regrading.mark_again(
                homework,
                graded,
                find_jobs(found, homework.name, students),
                mark,
                watch,
                shelf=shelf,
            )
        _print_regrading(result, form)
        failed = list(result.failed)
        if shelf is not None:
            moment = datetime.now(found.timezone).replace(microsecond=0)
            kept, failures = regrading.apply(found, homework, result, shelf, moment)
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


@app.command()
@told
def feedback(
    assignment: str,
    student: Annotated[list[str] | None, typer.Option(help="Only this student.")] = None,
    course: CourseOption = None,
) -> None:
    """Write the pages that students get into feedback/."""
    from autograder.pages.feedback import write_feedback

    found = Course.find(course)
    paths = write_feedback(found, found.assignment(assignment), student or None)
    out.print(f"{len(paths)} feedback pages in {found.root / 'feedback'}")


@app.command()
@told
def restore(course: CourseOption = None) -> None:
    """Put the last copy of a gradebook back that is damaged, empty or gone."""
    from autograder.gradebook.database import restore_gradebook

    restored = restore_gradebook(Course.find(course))
    out.print(Text(f"The gradebook was put back as it was in {restored.copy}"))
    if restored.kept is not None:
        out.print(Text(f"The damaged file is kept in {restored.kept}"))
        out.print(f"Marks by hand that were carried over from it: {len(restored.carried)}")
    if restored.unread:
        err.print(
            f"{restored.unread} marks or comments can't be read in the damaged file: they are "
            "as in the copy. Look at what was marked by hand since then.",
            style="red",
        )
    out.print("Run `fdl grade` again: it records anew what tests marked.")


@app.command()
@told
def doctor() -> None:
    """Tell what this machine can enforce, what each wall covers, and how to get what is missing."""
    from autograder.sandbox import examine

    protection = examine()
    table = Table("wall", "here", "missing, and how to get it", title="Walls around student code")
    for row in protection.advice():
        table.add_row(*row)
    out.print(table)
    out.print(f"Student code is marked behind: {protection.level}")
    if protection.level == "unprotected":
        raise typer.Exit(1)


@app.command()
@told
def demo(
    assignment: str,
    folder: Annotated[
        Path | None, typer.Option(help="Where the scratch course goes (default: demo/).")
    ] = None,
    jobs: Annotated[int | None, typer.Option(min=1, help="How many at once.")] = None,
    count: Annotated[
        int | None, typer.Option(min=1, help="Draw so many students from the misconceptions.")
    ] = None,
    seed: Annotated[int, typer.Option(help="What the drawn students depend on.")] = 0,
    inner_only: InnerOption = False,
    course: CourseOption = None,
) -> None:
    """Mark a class of sample students in a scratch course, beside the marks they should get."""
    from autograder.commands.demo import LIMITS, compare, longest_first, make_scratch_course
    from autograder.course.samples import load_sample_class
    from autograder.grading.mark import MarkSettings
    from autograder.grading.sampledclass import draw_class

    forkserver.start()  # it imports while this process does

    found = Course.find(course)
    homework = found.assignment(assignment)
    root = folder or found.root / "demo"
    if count is None:
        students = load_sample_class(found, assignment)
    else:
        students = draw_class(found, homework, count, seed=seed)
    scratch = make_scratch_course(found, homework, students, root)
    settings = MarkSettings(limits=LIMITS, use_outer=not inner_only)
    by_name = {student.name: student for student in students}
    comparisons: dict[str, Comparison] = {}
    open_points: dict[str, float] = {}
    for each in _grade(scratch, homework, longest_first(students), jobs, None, settings):
        comparison = compare(homework, by_name[each.student], each.report)
        comparisons[each.student], open_points[each.student] = comparison, each.open_points
        name, _, points, bonus, verdict = comparison.row()
        marks = f"{points}, bonus {bonus}" if each.report else each.error
        err.print(Text(f"{name}: {marks}; as it should be: {verdict}"))
    in_order = [comparisons[student.name] for student in students]
    out.print(_demo_table(in_order, open_points))
    _print_next_steps(scratch, homework, in_order)
    if not all(comparison.right for comparison in in_order):
        err.print("Some marks are not what they should be.", style="red")
        raise typer.Exit(1)


def _print_next_steps(
    scratch: Course, assignment: Assignment, comparisons: Sequence[Comparison]
) -> None:
    """Write the pages of a scratch course; print where they are, and what a teacher types next."""
    from autograder.commands.demo import worth_reading
    from autograder.pages.classreport import write_class_report
    from autograder.pages.feedback import write_feedback

    if any(comparison.report for comparison in comparisons):
        with err.status("Writing feedback and the class report"):
            write_feedback(scratch, assignment)
            report = write_class_report(scratch, assignment)
        student = worth_reading(comparisons)
        page = scratch.root / "feedback" / student.name / assignment.name / "index.html"
        out.print("\nOpen in a browser:")
        for what, path in ((f"what {student.name} reads", page), ("the class report", report)):
            out.print(Text(f"  {what}: {path.as_uri()}"), soft_wrap=True)
    out.print("\nWhat a teacher would type next:")
    fdl = "fdl" if which("fdl") else os.path.relpath(sys.argv[0])
    for command, what in (
        (f"release {assignment.name}", "build, prove and publish what students get"),
        (f"intake {assignment.name} EXPORT.zip --students students.csv", "take in what they sent"),
        (f"grade {assignment.name}", "mark it, and record the marks"),
    ):
        out.print(Text(f"  {fdl} {command}  # {what}"), soft_wrap=True)


def _only_assignment(course: Course, path: Path) -> str:
    names = course.assignment_names
    for part in reversed(path.resolve().parts):
        if part in names:
            return part
    if len(names) == 1:
        return names[0]
    raise KitError(
        f"which homework is {path}? Name it with --assignment ({', '.join(names) or 'none'} known)"
    )


def _grade(
    course: Course,
    assignment: Assignment,
    students: Sequence[str],
    jobs: int | None,
    seed: int | None,
    settings: MarkSettings,
    *,
    again: bool = False,
    cluster: ClusterPlace | None = None,
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
        mark, protections = _marker(course, assignment, jobs, settings, cluster, stack)
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


def _cluster(
    address: str | None, certificates: Path | None, jobs: int | None
) -> ClusterPlace | None:
    """What the options say of a cluster; KitError where they don't go together."""
    if address is not None and jobs is not None:
        raise KitError(
            "--jobs is for this machine; on a cluster, its workers' threads are the jobs"
        )
    if certificates is not None and address is None:
        raise KitError("--cluster-tls is for a cluster: name its scheduler with --cluster")
    return None if address is None else (address, certificates)


def _marker(
    course: Course,
    assignment: Assignment,
    jobs: int | None,
    settings: MarkSettings,
    cluster: ClusterPlace | None,
    stack: ExitStack,
) -> tuple[SeededMarker, list[Protection]]:
    """What marks, and behind what; the stack's end is the end of it."""
    if cluster is not None:
        return _cluster_marker(course, assignment, *cluster, settings, stack)
    stack.callback(forkserver.stop)
    return _local_marker(course, assignment, jobs, settings)


def _local_marker(
    course: Course, assignment: Assignment, jobs: int | None, settings: MarkSettings
) -> tuple[SeededMarker, list[Protection]]:
    """What marks on this machine, and behind what; SandboxError where it has no wall."""
    from autograder.grading.classrun import default_jobs, mark_class
    from autograder.sandbox import examine

    protection = examine(use_outer=settings.use_outer, unprotected=settings.unprotected)
    protection.require()
    workers = jobs or default_jobs(settings.limits)
    return partial(mark_class, course, assignment, workers=workers, settings=settings), [protection]


def _cluster_marker(
    course: Course,
    assignment: Assignment,
    address: str,
    certificates: Path | None,
    settings: MarkSettings,
    stack: ExitStack,
) -> tuple[SeededMarker, list[Protection]]:
    """What marks on a cluster, and behind what; the stack's end leaves the cluster."""
    from autograder.grading.cluster import open_cluster

    def say(text: str) -> None:
        err.print(Text(f"fdl: {text}", style="yellow"))

    with err.status(f"Asking the workers of {address}"):
        cluster = stack.enter_context(open_cluster(address, certificates, settings, say))
    threads = sum(member.threads for member in cluster.crowd.members.values())
    err.print(Text(f"Marking on {len(cluster.protections)} workers, {threads} at once"))
    return partial(cluster.mark_class, course, assignment), cluster.protections


def _print_report(report: Report) -> None:
    table = Table("item", "points", "what was found", title=f"{report.submission}")
    for name, item in report.items.items():
        table.add_row(name, _points(item), "\n".join(_findings(item)))
    out.print(table)
    for problem, notebook in report.notebooks.items():
        for line in (notebook.message, *notebook.notes):
            if line:
                out.print(Text(f"{problem}: {line}"))
        for fault in notebook.faults:
            where = f", line {fault.line}: {fault.source}" if fault.line else ""
            out.print(Text(f"{problem}, cell {fault.cell + 1}{where}: {fault.error}"))
    if report.versions:
        out.print(Text(report.versions))
    out.print(
        f"{report.points:g} of {report.max_points:g} points, "
        f"{report.bonus_points:g} of {report.max_bonus_points:g} bonus points "
        f"(seed {report.seed}, protection: {report.protection})"
    )


def _print_regrading(regrading: Regrading, form: Format) -> None:
    if form is Format.JSON:
        typer.echo(regrading.to_json(), nl=False)
        return
    if regrading.changes:
        out.print(regrading.table())
    for remark in regrading.remarks():
        out.print(Text(remark))


def _points(item: ItemReport) -> str:
    if item.outcome == "open":
        return f"open of {item.max_points:g}"
    return f"{item.points:g} of {item.max_points:g}{' bonus' if item.bonus else ''}"


def _findings(item: ItemReport) -> Iterable[str]:
    if item.message:
        yield item.message
    if item.gap:
        yield f"– {item.gap}"
    for claim in item.told:
        if not claim.passed:
            yield f"✗ {claim.claim} {claim.message} {claim.note}".rstrip()
        elif claim.note:
            yield f"✓ {claim.claim} {claim.note}"
    if item.diagnosis:
        yield f"→ {item.diagnosis}"


def _class_row(each: Recorded) -> tuple[str, ...]:
    """A student's row of the class table."""
    from autograder.grading.classrun import LONG_SECONDS

    report = each.report
    if report is None:
        return each.student, "", "", "", "; ".join(filter(None, (each.error, each.date)))
    notes = [each.date] if each.date else []
    notes += [f"{name}: {nb.message}" for name, nb in report.notebooks.items() if nb.message]
    notes += [report.versions] if report.versions else []
    if (seconds := sum(each.seconds.values())) > LONG_SECONDS:
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


def _demo_table(comparisons: Iterable[Comparison], open_points: Mapping[str, float]) -> Table:
    heads = ("student", "who it is", "points", "bonus", "open", "as it should be")
    table = Table(*heads, title="Sample class")
    for comparison in comparisons:
        *marks, verdict = comparison.row()
        still_open = f"{open_points[comparison.student.name]:g}"
        table.add_row(*marks, still_open, verdict)
    return table


if __name__ == "__main__":
    app()

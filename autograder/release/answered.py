"""Write the solutions that students get after the deadline: notebooks with answers and outputs.

Each notebook is the released notebook with the reference's code, the model answers without their
rubrics, and the outputs of a run in the sandbox. An HTML page beside each notebook shows the same
and needs no Jupyter.
"""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from nbformat import NotebookNode

from autograder.course.assignment import Assignment, Course
from autograder.course.directives import split_answer
from autograder.course.gradecells import grade_id, is_check, is_manual, place
from autograder.course.layout import CHECKS, REQUIREMENTS, CourseFolder
from autograder.errors import ReleaseError
from autograder.gradebook.marks import all_extensions
from autograder.grading.exceeded import change_limits, exceeded
from autograder.grading.jobs import MarkSettings
from autograder.grading.mark import open_sandbox, support_files
from autograder.grading.notebooks import code_cells, with_outputs
from autograder.release.answeredpages import write_page
from autograder.release.build import build
from autograder.release.fill import to_text
from autograder.release.proof.freshness import stage_source, stale_faults
from autograder.release.proof.junk import pairs, with_answers
from autograder.release.proof.texts import cells, texts
from autograder.release.proof.tidy import path_faults
from autograder.release.proof.visible import PASSED, verdict
from autograder.release.publish import replace_tree
from autograder.release.stated import in_words
from autograder.sandbox import Cell, CellResult, Notebook, Sandbox
from autograder.words import listed

Say = Callable[[str], None]

MODEL = "**Model answer**\n\n"

_AS_JUPYTER = "get_ipython().kernel = object()"
"""Source of a hidden first cell, which makes checks show HTML as they do in Jupyter."""


def publish_solutions(
    course: Course,
    name: str,
    *,
    now: bool = False,
    moment: datetime | None = None,
    say: Say = lambda _: None,
) -> tuple[str, ...]:
    """Write the assignment's solutions, and return how the release differs from its source.

    Raises ReleaseError if a student still has time at `moment` (default: now), unless `now` is set.
    Also raises ReleaseError if a notebook does not run to its end, or fails one of its own checks.
    If there is an error, earlier solutions stay unchanged. The release itself is neither written
    nor proved.
    """
    assignment = course.assignment(name)
    if not now:
        _check_that_all_is_over(course, assignment, moment or datetime.now(UTC))
    with TemporaryDirectory(prefix="fdl-solutions-") as folder:
        scratch = CourseFolder(Path(folder))
        say("filling the source and building the release")
        source = stage_source(course, assignment, scratch.root)
        release, tree = scratch.release(name), scratch.published_solutions(name)
        build(source, release, assignment, config=course.nbgrader_settings)
        tree.mkdir(parents=True)
        for file in (CHECKS, REQUIREMENTS, *assignment.files):
            if (release / file).is_file():
                shutil.copyfile(release / file, tree / file)
        notebooks = {
            Path(file).stem: _with_texts(with_answers(skeleton, filled), filled)
            for file, skeleton, filled in pairs(source, release)
        }
        executed = dict(_executed(assignment, notebooks, tree, say))
        _check_outputs(assignment, executed)
        for problem, notebook in executed.items():
            text = to_text(notebook)
            (tree / f"{problem}.ipynb").write_text(text, encoding="utf-8", newline="\n")
        _refuse(path_faults(texts(tree), own=(course.root, scratch.root)))
        say("writing the pages")
        for problem, notebook in executed.items():
            write_page(tree / f"{problem}.html", notebook, assignment.problem(problem).title)
        replace_tree(tree, course.published_solutions(name))
        return tuple(stale_faults(course.release(name), release, f"release/{name}"))


def last_due(course: Course, name: str) -> tuple[datetime, tuple[str, ...]]:
    """Return the latest due date of an assignment, and the students whose extension ends then."""
    deadline, extensions = course.deadline(name), all_extensions(course, name)
    longest = max(extensions.values(), default=None)
    who = tuple(student for student, each in extensions.items() if each == longest)
    return deadline.due_with(longest), who if longest else ()


def _check_that_all_is_over(course: Course, assignment: Assignment, moment: datetime) -> None:
    end, who = last_due(course, assignment.name)
    if moment < end:
        date = f"{in_words(end.astimezone(course.timezone))} ({course.timezone.key})"
        until = f"it is due on {date}"
        if who:
            until = f"the longest extension, of {listed(who)}, ends on {date}"
        raise ReleaseError(
            f"{assignment.name} is not over yet: {until}. No solutions were written. Run the "
            "command again after the deadline, or add --now to write them before the deadline"
        )


def _with_texts(notebook: NotebookNode, filled: NotebookNode) -> NotebookNode:
    """Return the notebook with the source's model answers, but without the rubrics."""
    answers = {
        grade_id(cell): (where, cell)
        for where, cell in cells({"": filled})
        if is_manual(cell) and cell.cell_type == "markdown"
    }
    for cell in notebook.cells:
        if grade_id(cell) in answers:
            where, answer = answers[grade_id(cell)]
            cell.source = MODEL + split_answer(answer.source, where)[0].rstrip()
            if "attachments" in answer:
                cell.attachments = answer.attachments
    return notebook


def _executed(
    assignment: Assignment, notebooks: Mapping[str, NotebookNode], tree: Path, say: Say
) -> Iterator[tuple[str, NotebookNode]]:
    """Yield each notebook with its outputs; a ReleaseError names the first cell that fails."""
    modules = support_files(tree, assignment.files)
    with open_sandbox(MarkSettings(assignment.limits)) as sandbox:
        for problem, notebook in notebooks.items():
            say(f"running {problem}.ipynb")
            saved = {f"{problem}.ipynb": to_text(notebook).encode()}
            results = _run(sandbox, problem, notebook, {**modules, **saved})
            for index, result in sorted(results.items()):
                if result.error is not None:
                    where = place(problem, index, notebook.cells[index])
                    _refuse([f"{where}: stops with {result.error.kind}: {result.error.text}"])
            yield problem, with_outputs(notebook, results)


def _run(
    sandbox: Sandbox, problem: str, notebook: NotebookNode, files: Mapping[str, bytes]
) -> dict[int, CellResult]:
    """Run a notebook within the time limit of a submission; return the results of its cells."""
    sandbox.make_ready()
    first = Cell(len(notebook.cells), _AS_JUPYTER)
    running = Notebook(sandbox, problem, [first, *code_cells(notebook)], files, seed=0)
    running.run(time.monotonic() + sandbox.limits.submission_seconds)
    running.close()
    del running.results[first.index]
    return running.results


def _check_outputs(assignment: Assignment, executed: Mapping[str, NotebookNode]) -> None:
    """Raise ReleaseError if a check does not pass, or if an output was cut."""
    notebooks = {f"{problem}.ipynb": notebook for problem, notebook in executed.items()}
    for where, cell in cells(notebooks):
        sign, said = verdict(cell) if is_check(cell) else (PASSED, "")
        if sign != PASSED:
            _refuse([f"{where}: the visible check does not pass with the right answer: {said}"])
        limits = exceeded(str(output.get("text", "")) for output in cell.get("outputs", ()))
        if limits:
            _refuse([f"{where}: its output was cut. {change_limits(assignment, limits)}"])


def _refuse(faults: Iterator[str] | list[str]) -> None:
    """Raise ReleaseError with the first fault, if there is a fault."""
    for fault in faults:
        raise ReleaseError(
            f"{fault}. No solutions were written: correct the source or the solutions, then run "
            "the command again"
        )

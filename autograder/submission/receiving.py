"""Make a notebook for every problem of a submission: sort the files, and fit the best one."""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from nbformat import NotebookNode

from autograder.course.layout import SUBMITTED
from autograder.submission.cells import ReceivedCell
from autograder.submission.earlier import Cells
from autograder.submission.files import (
    CELLS_OF,
    AnyFile,
    find_files,
    name_pattern,
    problem_by_name,
    read_manifest_file,
    stem_of,
)
from autograder.submission.fitting import Fitting, PlacedPicture
from autograder.submission.form import Form
from autograder.submission.reading import Read, plain_version, read_notebooks
from autograder.words import listed, printable

MAX_NOTES = 10

VERSIONED = ("python", "numpy", "matplotlib")
"""Software whose versions a submission may state."""


@dataclass(frozen=True)
class ReceivedNotebook:
    """The notebook of one problem, ready to run, or None with the reason in `message`.

    `notes` tell the student in sentences which faults the notebook had and how they were repaired.
    `file` is the file that the notebook was made from. `pictures` must be redrawn before they are
    attached to the notebook's cells.
    """

    notebook: NotebookNode | None
    state: Literal["marked", "missing", "unreadable"]
    message: str
    notes: tuple[str, ...]
    file: str = ""
    pictures: tuple[PlacedPicture, ...] = ()


@dataclass(frozen=True)
class Submission:
    """One student's submission: a notebook for every problem, in the assignment's order.

    `versions` are the software versions that the submission states, by names in VERSIONED.
    """

    name: str
    notebooks: Mapping[str, ReceivedNotebook]
    versions: Mapping[str, str] = field(default_factory=dict)


def read_submission(
    path: Path,
    skeletons: Mapping[str, NotebookNode],
    earlier: Mapping[str, Cells] | None = None,
) -> Submission:
    """Read the folder (or the one notebook) `path`; `skeletons` are the released notebooks.

    `earlier` are the cells of earlier releases, by problem.

    Raise SubmissionError if there is nothing at `path`; every other fault is reported in the
    notebook that has the fault.
    """
    places = find_files(path, tuple(skeletons))
    manifest = read_manifest_file(path)
    return receive(submission_name(path), places, skeletons, manifest, earlier)


def receive(
    name: str,
    places: Sequence[AnyFile],
    skeletons: Mapping[str, NotebookNode],
    manifest: bytes = b"",
    earlier: Mapping[str, Cells] | None = None,
) -> Submission:
    """Return the submission of the student `name`; `places` are its files, likely ones first."""
    known = earlier or {}
    forms = {problem: Form(skeleton, known.get(problem)) for problem, skeleton in skeletons.items()}
    # the key "" has the files that belong to no problem
    files: dict[str, list[Read]] = {"": [], **{problem: [] for problem in forms}}
    for read in read_notebooks(places):
        files[problem_of(read.place.stem, read.cells, forms)].append(read)
    return Submission(
        name,
        {problem: _receive(problem, form, files) for problem, form in forms.items()},
        _versions(manifest, [read.python for reads in files.values() for read in reads]),
    )


def _versions(manifest: bytes, pythons: Sequence[str]) -> dict[str, str]:
    """Return the versions in a manifest; if Python's version is missing, take a notebook's."""
    versions: dict[str, str] = {}
    with contextlib.suppress(ValueError, RecursionError, MemoryError):
        versions = versions_in(json.loads(manifest))
    python = versions.get("python") or next(filter(None, pythons), "")
    return {**({"python": python} if python else {}), **versions}


def versions_in(manifest: object) -> dict[str, str]:
    """Return the versions in an untrusted manifest, by names in VERSIONED."""
    told = manifest.get("versions") if isinstance(manifest, dict) else None
    found = told if isinstance(told, dict) else {}
    versions = {name: plain_version(found.get(name)) for name in VERSIONED}
    return {name: number for name, number in versions.items() if number}


def submission_name(path: Path) -> str:
    """Return STUDENT for submitted/STUDENT/hw2 or a file in it, or the name of `path`."""
    place = Path(os.path.abspath(path))
    folder = place if place.is_dir() else place.parent
    if folder.parent.parent.name == SUBMITTED:
        return printable(folder.parent.name)
    return printable(place.name if place.is_dir() else stem_of(place.name))


def problem_of(stem: str, cells: Sequence[ReceivedCell], forms: Mapping[str, Form]) -> str:
    """Return a file's problem by its name, unless its cells fit another problem; "" if unknown."""
    by_name = problem_by_name(stem, tuple(forms))
    votes = {problem: form.votes(cells) for problem, form in forms.items()}
    if by_name and (not cells or any(votes[by_name])):
        return by_name
    return _clear_winner(votes) or by_name


def _clear_winner(votes: Mapping[str, tuple[int, int]]) -> str:
    """Return the problem with more than twice as many votes as any other problem.

    Votes (see `Form.votes`) by names count only if there are no votes by ids.
    """
    for way in (0, 1):
        ranked = sorted(votes, key=lambda problem: -votes[problem][way])
        counts = [votes[problem][way] for problem in ranked] + [0, 0]
        if counts[0]:
            return ranked[0] if counts[0] > 2 * counts[1] else ""
    return ""


def _receive(problem: str, form: Form, files: Mapping[str, Sequence[Read]]) -> ReceivedNotebook:
    """Return the notebook of one problem, made from the best of its files."""
    reads = sorted(files[problem], key=lambda read: _rank(read, problem, form))
    elsewhere = list(_elsewhere(problem, files))
    if not reads:
        message = _missing(problem, files[""], elsewhere)
        return ReceivedNotebook(None, "missing", message, ())
    best, others = reads[0], reads[1:]
    if best.failure:
        message = " ".join([f"{best.place.shown} can't be read: {best.failure}.", *elsewhere])
        return ReceivedNotebook(None, "unreadable", message, ())
    notes = [*elsewhere, *_choice_notes(problem, form, best, others), *best.notes]
    fitting = Fitting(form, best.cells)
    notebook, pictures = fitting.fit()
    notes = (notes + fitting.notes())[:MAX_NOTES]
    return ReceivedNotebook(notebook, "marked", "", tuple(notes), best.place.shown, pictures)


def _elsewhere(problem: str, files: Mapping[str, Sequence[Read]]) -> Iterator[str]:
    """Yield sentences about files with a problem's name that have the cells of other problems."""
    problems = [name for name in files if name]
    for other in problems:
        names = [
            read.place.shown
            for read in files[other]
            if other != problem and problem_by_name(read.place.stem, problems) == problem
        ]
        if names:
            have, count = ("has", "it counts") if len(names) == 1 else ("have", "they count")
            yield f"{listed(names)} {have} {CELLS_OF} {other}, so {count} for that problem."


def _rank(read: Read, problem: str, form: Form) -> tuple[bool, bool, bool, bool, int, int, str]:
    """Return a sort key: readable and answered files first, then exact names and most answers."""
    answered = form.answered(read.cells)
    return (
        bool(read.failure),
        not form.worked(read.cells),
        not answered,
        read.place.stem != problem,
        -answered,
        read.place.depth,
        read.place.shown,
    )


def _missing(problem: str, strangers: Sequence[Read], elsewhere: Sequence[str]) -> str:
    message = f"Your submission has no notebook {problem}.ipynb."
    if elsewhere:
        message = f"Your submission has no notebook with {CELLS_OF} {problem}."
        message = " ".join([message, *elsewhere])
    shown = [
        read.place.shown + (f" (can't be read: {read.failure})" if read.failure else "")
        for read in strangers
    ]
    return f"{message} Files that do not match one problem: {listed(shown)}." if shown else message


def _choice_notes(problem: str, form: Form, best: Read, others: Sequence[Read]) -> list[str]:
    notes = []
    if others:
        is_worked = form.worked(best.cells) > 0
        names = listed(
            [
                f"{read.place.shown} (untouched)"
                if is_worked and not (read.failure or form.worked(read.cells))
                else read.place.shown
                for read in others
            ]
        )
        notes.append(f"Several files match this problem: {best.place.shown} was used, "
                     f"not {names}.")  # fmt: skip
    if not name_pattern(problem).search(best.place.stem):
        notes.append(
            f"{best.place.shown} was recognised by its cells; its name should be {problem}.ipynb."
        )
    elif best.place.stem != problem:
        notes.append(f"{best.place.shown} was used as {problem}.ipynb.")
    return notes

"""Find the limits that a submission exceeded, and say which settings the teacher can change.

Students read in their feedback that, for example, a cell was stopped after 30 s. Only the teacher
can change this limit. So teachers see the name of the limit's setting on the terminal, in the proof
of a release and on the instructor's page. A Report contains only sentences for students; this
module recognises the exceeded limits in these sentences. If a student's code prints such a
sentence, the teacher sees a wrong hint, but nothing else happens.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping

from nbformat import NotebookNode

from autograder.course.assignment import Assignment
from autograder.course.layout import SETTINGS
from autograder.course.limits import as_written
from autograder.grading.report import Report

_SIGNS = {
    "cell_seconds": r"This cell was stopped|or did not stop in time",
    "call_seconds": r"The call did not end within",
    "submission_seconds": r"This cell was not run: the \S+ s for the whole submission",
    "memory_bytes": r"MemoryError",
    "total_memory_bytes": r"used more memory than a submission may",
    "processes": r"started more processes than|can't start new thread",
    "descriptors": r"Too many open files",
    "total_descriptors": r"opened more files than a submission may",
    "file_bytes": r"File too large",
    "disk_bytes": r"wrote more than a submission may|No space left on device",
    "files": r"wrote more than a submission may",
    "message_bytes": r"The answer is too large to be sent",
    "answer_bytes": r"The answer is too large to be sent",
    "callbacks": r"functions passed to it too often",
    "output_bytes": r"\[output cut here\]",
    "shown_bytes": r"this notebook shows more than is kept",
}
"""Regular expressions that recognise each exceeded limit in a student's texts."""


def exceeded(texts: Iterable[str]) -> tuple[str, ...]:
    """Return the names of the limits that were exceeded, according to these texts."""
    text = "\n".join(texts)
    return tuple(name for name, sign in _SIGNS.items() if re.search(sign, text))


def texts_of(report: Report, notebooks: Mapping[str, NotebookNode] | None = None) -> Iterator[str]:
    """Yield the texts of a Report, and of executed notebooks, that may mention limits."""
    for notebook in report.notebooks.values():
        yield from (fault.error for fault in notebook.faults)
    for item in report.items.values():
        yield from (claim.message for claim in item.claims if not claim.passed)
    for executed in (notebooks or {}).values():
        for cell in executed.cells:
            yield from (str(output.get("text", "")) for output in cell.get("outputs", ()))


def change_limits(assignment: Assignment, names: Iterable[str]) -> str:
    """Return a text that says where to change these limits; "" if there are no names."""
    limits = (f"{name} = {as_written(getattr(assignment.limits, name))}" for name in names)
    shown = ", ".join(limits)
    return f"[assignments.{assignment.name}.limits] in {SETTINGS} has {shown}" if shown else ""

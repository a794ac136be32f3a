"""Run a submission's notebooks in the sandbox, and let hidden tests call the student's code."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace

import nbformat
from nbformat import NotebookNode

from autograder.content.pictures import plain_type, redrawn
from autograder.content.sanitize import clean_notebook, released_texts
from autograder.course.assignment import Item
from autograder.course.gradecells import grade_id, items_by_answer
from autograder.grading.errortexts import fit_to_show
from autograder.grading.latercells import later_changes, line_of, note_on_changes
from autograder.grading.otherversions import told_of_line
from autograder.grading.report import CellFault, DroppedPicture, NotebookReport
from autograder.sandbox import Cell, CellResult, CodePlace, NoAnswer, Notebook, Sandbox, Student
from autograder.sandbox.redrawing import Redrawing
from autograder.submission.cells import normal
from autograder.submission.pictures import MAX_PICTURE_BYTES, MAX_PICTURE_PIXELS
from autograder.submission.receiving import ReceivedNotebook, Submission
from autograder.words import printable

_MAX_QUOTE = 120
MAX_FAULTS = 20
MAX_DROPPED = 20
"""Largest number of refused pictures of a notebook to report."""

_PLACE_IN_TEXT = re.compile(r" \(<cell \d+>, line \d+\)$")
"""Pattern of the place that Python adds to a syntax error; pages number the cells differently."""


class RunNotebooks:
    """A context manager for the running notebooks of a submission; leaving it ends all notebooks.

    `executed` are the notebooks with their cells' outputs, safe to show on a page. `leave` is
    called at the end: it closes the sandbox or prepares it for another submission.
    """

    def __init__(
        self,
        submission: Submission,
        skeletons: Mapping[str, NotebookNode],
        files: Mapping[str, bytes],
        sandbox: Sandbox,
        seed: int,
        leave: Callable[[], None],
    ) -> None:
        self.reports: dict[str, NotebookReport] = {}
        self.executed: dict[str, NotebookNode] = {}
        self.submission = submission
        self.protection = sandbox.protection
        self._skeletons = skeletons
        self._files = files
        self._seed = seed
        self._sandbox = sandbox
        self._leave = leave
        self._running: dict[str, Notebook] = {}
        self._dropped: dict[str, tuple[DroppedPicture, ...]] = {}

    def __enter__(self) -> RunNotebooks:
        return self

    def __exit__(self, *_: object) -> None:
        self._leave()

    def make_ready(self) -> None:
        """Start the sandbox if there is a notebook to run; the submission's time starts later."""
        if any(received.notebook for received in self.submission.notebooks.values()):
            self._sandbox.make_ready()

    def redraw_pictures(self) -> None:
        """Redraw the student's pictures and put them into the cells; note the refused pictures."""
        submitted = self.submission.notebooks
        with Redrawing(self._sandbox, MAX_PICTURE_BYTES, MAX_PICTURE_PIXELS) as redrawing:
            for problem, received in submitted.items():
                self._dropped[problem] = tuple(_attach_pictures(received, redrawing))[:MAX_DROPPED]
        without = {name: replace(each, pictures=()) for name, each in submitted.items()}
        self.submission = replace(self.submission, notebooks=without)

    def run_notebooks(self, deadline: float) -> None:
        """Run every notebook that could be read, and give each problem a NotebookReport."""
        for problem, received in self.submission.notebooks.items():
            if received.notebook is None:
                self.reports[problem] = NotebookReport(
                    state=received.state, message=received.message, notes=received.notes
                )
                continue
            source = received.notebook
            running = Notebook(self._sandbox, problem, code_cells(source), self._files, self._seed)
            running.run(deadline)
            self._running[problem] = running
            self.executed[problem] = self._cleaned(problem, source, running)
            self.reports[problem] = NotebookReport(
                state="marked",
                notes=received.notes,
                faults=_faults(source, running.results, self._sandbox.limits.cell_seconds),
                dropped=self._dropped.get(problem, ()),
            )
            running.forget_outputs()

    def later_changes(self, item: Item) -> str:
        """Return a note if cells below the item's check change a name that the answer uses."""
        notebook = self.submission.notebooks[item.problem].notebook
        if item.problem not in self._running or notebook is None:
            return ""
        names = [reference.name for reference in item.references]
        changes = later_changes(notebook, _check_cell(notebook, item), names)
        return note_on_changes(notebook, changes) if changes else ""

    def go_back_to(self, item: Item) -> None:
        """Make later tests of the item start from the notebook's state at the item's check."""
        notebook = self.submission.notebooks[item.problem].notebook
        assert notebook is not None
        self._running[item.problem].stop_before(_check_cell(notebook, item))

    def _cleaned(self, problem: str, source: NotebookNode, running: Notebook) -> NotebookNode:
        """Return the notebook in a form for pages; remove attached pictures from `source`."""
        released = released_texts(self._skeletons[problem])
        try:
            return clean_notebook(with_outputs(source, running.results), released)
        except MemoryError:  # without outputs the notebook is small
            return clean_notebook(with_outputs(source, {}), released)
        finally:
            _drop_pictures(source)

    def left_as_released(self, problem: str) -> frozenset[str]:
        """Return the problem's items whose answer cells the student has not changed."""
        skeleton, notebook = self._skeletons[problem], self.submission.notebooks[problem].notebook
        released = released_texts(skeleton)
        texts = {name: normal(text) for name, text in released.items()}
        untouched = {
            grade_id(cell)
            for cell in (notebook.cells if notebook is not None else ())
            if not cell.get("attachments") and normal(cell.source) == texts.get(grade_id(cell))
        }
        answers = items_by_answer(skeleton).items()
        return frozenset(item for answer, items in answers if answer in untouched for item in items)

    def student(self, problem: str) -> Student:
        """Return a student object for one test of this problem."""
        if problem not in self._running:
            raise NoAnswer(self.reports[problem].message)
        notebook = self.submission.notebooks[problem].notebook
        released = [cell.source for cell in self._skeletons[problem].cells]

        def own_text(text: str, place: CodePlace | None) -> str:
            return fit_to_show(text, [*released, _line(notebook, place)])

        return self._running[problem].student(lambda place: _quote(notebook, place), own_text)


def _check_cell(notebook: NotebookNode, item: Item) -> int:
    return [grade_id(cell) for cell in notebook.cells].index(item.name)


def _attach_pictures(received: ReceivedNotebook, redrawing: Redrawing) -> Iterator[DroppedPicture]:
    """Redraw a notebook's pictures and attach them to its cells; yield the refused pictures."""
    cells = received.notebook.cells if received.notebook is not None else ()
    for placed in received.pictures:
        cell = None if placed.cell is None else cells[placed.cell]
        content, why = b"", placed.picture.refusal
        if not why:
            content, why = redrawn(placed.picture.data, redrawing)
        if cell is not None and content:
            kind, text = plain_type(content), base64.b64encode(content).decode("ascii")
            attachments = cell.setdefault("attachments", NotebookNode())
            attachments[placed.name] = NotebookNode({kind: text})
        if why:
            item = grade_id(cell).removesuffix("-answer") if cell is not None else ""
            name = printable(placed.picture.name)
            yield DroppedPicture(name, why, received.file, placed.number, item or None)


def _drop_pictures(notebook: NotebookNode) -> None:
    for cell in notebook.cells:
        cell.pop("attachments", None)


def code_cells(notebook: NotebookNode) -> list[Cell]:
    """Return the notebook's code cells, as the sandbox runs them."""
    cells = enumerate(notebook.cells)
    return [Cell(index, cell.source) for index, cell in cells if cell.cell_type == "code"]


def with_outputs(notebook: NotebookNode, results: Mapping[int, CellResult]) -> NotebookNode:
    """Return the notebook with its cells' outputs and execution counts."""
    executed: NotebookNode = nbformat.from_dict(notebook)
    for count, (index, result) in enumerate(sorted(results.items()), start=1):
        executed.cells[index].outputs = [nbformat.from_dict(dict(o)) for o in result.outputs]
        for output in executed.cells[index].outputs:
            if output.output_type == "execute_result":
                output.execution_count = count
        executed.cells[index].execution_count = count
    return executed


def _faults(
    notebook: NotebookNode, results: Mapping[int, CellResult], seconds: float
) -> tuple[CellFault, ...]:
    found = []
    stopped = f"This cell was stopped after {seconds:g} s."
    for index, result in sorted(results.items()):
        error = result.error
        if error is None or error.kind == "NotImplementedError":
            continue
        line = error.place.line if error.place and error.place.cell == index else None
        source = _line(notebook, error.place)
        text = _with_cause(_fault_text(error.kind, error.text, stopped), source)
        if error.kind == "timeout":
            stopped = "This cell was stopped early, because an earlier cell took too long."
        item = grade_id(notebook.cells[index]).removesuffix("-answer") or None
        found.append(CellFault(cell=index, error=text, line=line, source=source, item=item))
    return tuple(found[:MAX_FAULTS])


def _with_cause(error: str, line: str) -> str:
    cause = told_of_line(line, error)
    return f"{error}. {cause[0].upper()}{cause[1:]}." if cause else error


def _fault_text(kind: str, text: str, stopped: str) -> str:
    if kind in ("ended", "not run"):
        return text
    if kind == "timeout":
        return stopped
    text = _PLACE_IN_TEXT.sub("", text)
    return f"{kind}: {text}" if text else kind


def _quote(notebook: NotebookNode | None, place: CodePlace) -> str:
    text = _line(notebook, place)
    cause = told_of_line(text)
    return (f" in your line `{text}`" + (f" ({cause})" if cause else "")) if text else ""


def _line(notebook: NotebookNode | None, place: CodePlace | None) -> str:
    """Return the student's own line at this place, or "" if there is no such line."""
    if notebook is None or place is None:
        return ""
    return line_of(notebook, place.cell, place.line, _MAX_QUOTE)

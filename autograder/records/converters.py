"""nbgrader's converters, taught to record what the kit has marked.

`MarkedAutograde` is nbgrader's Autograde without execution: each notebook comes from a Marking,
carries one clean number as the output of each check cell, and goes through nbgrader's own
SaveAutoGrades into the gradebook. `nbgrader_config.py` installs it, so that the plain
`nbgrader autograde` and the formgrader's button give the marks that `fdl grade` gives.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping
from copy import deepcopy
from pathlib import Path
from typing import Any

import nbformat
from nbformat import NotebookNode
from nbgrader.api import Gradebook
from nbgrader.converters import Autograde, GenerateFeedback
from nbgrader.preprocessors import AssignLatePenalties, CheckCellMetadata, SaveAutoGrades
from traitlets import List

from autograder.assignment import Course
from autograder.grading.mark import Marking, MarkSettings, mark_submission, read_skeletons
from autograder.grading.report import Report
from autograder.records.sanitize import clean_notebook

REPORT = "report.json"

Mark = Callable[[str, Path], Marking]
"""Gives the Marking for a student whose submission lies in a folder."""


class MarkedAutograde(Autograde):  # type: ignore[misc]  # nbgrader has no types
    """Autograde whose notebooks and scores come from Markings instead of a kernel."""

    mark: Mark | None = None

    sanitize_preprocessors: Any = List([])
    autograde_preprocessors = List([SaveAutoGrades, AssignLatePenalties, CheckCellMetadata])

    def start(self) -> None:
        """Record every student that `coursedir` selects."""
        self._course = Course(Path(self.coursedir.root))
        self._assignment = self._course.assignment(self.coursedir.assignment_id)
        self._skeletons = read_skeletons(
            self._assignment, self._course.release(self._assignment.name)
        )
        # Imported here: the gradebook module is built on this one.
        from autograder.records.gradebook import prepare_gradebook

        prepare_gradebook(self._course, self._assignment, self.coursedir.db_url)
        # Nothing but the notebooks is carried from a submission into grading.
        ignored, self.coursedir.ignore = self.coursedir.ignore, ["*"]
        try:
            super().start()
        finally:
            self.coursedir.ignore = ignored

    def init_notebooks(self) -> None:
        """Every notebook of the assignment for every student, handed in or not."""
        wanted = self._format_source(self.coursedir.assignment_id, self.coursedir.student_id)
        names = [f"{problem.name}.ipynb" for problem in self._assignment.problems]
        self.assignments = {
            str(folder): [str(folder / name) for name in names]
            for folder in sorted(Path(self.coursedir.root).glob(_relative(wanted, self.coursedir)))
            if folder.is_dir() and not folder.is_symlink()
        }
        if not self.assignments:
            super().init_notebooks()

    def init_assignment(self, assignment_id: str, student_id: str) -> None:
        """Mark the submission, once for all its notebooks."""
        source = Path(self._format_source(assignment_id, student_id))
        mark = self.mark or self._mark
        self._marking = mark(student_id, source)
        super().init_assignment(assignment_id, student_id)
        destination = Path(self._format_dest(assignment_id, student_id))
        destination.mkdir(parents=True, exist_ok=True)
        timestamp = source / "timestamp.txt"
        if timestamp.is_file() and not timestamp.is_symlink():
            shutil.copyfile(timestamp, destination / timestamp.name)
        (destination / REPORT).write_text(self._marking.report.to_json(), encoding="utf-8")
        names = [problem.name for problem in self._assignment.problems]
        self.notebooks = [str(source / f"{name}.ipynb") for name in names]

    def init_destination(self, assignment_id: str, student_id: str) -> bool:
        """Whether to record this student; remembers the earlier Report, which may go now."""
        report = Path(self._format_dest(assignment_id, student_id)) / REPORT
        self._earlier = _read_report(report)
        proceed: bool = super().init_destination(assignment_id, student_id)
        return proceed

    def convert_single_notebook(self, notebook_filename: str) -> None:
        """Write one marked notebook and store its scores."""
        name = Path(notebook_filename).stem
        resources = self.init_single_notebook_resources(notebook_filename)
        self._sanitizing = False
        self._init_preprocessors()
        notebook = self._marked_notebook(name)
        output, resources = self.exporter.from_notebook_node(notebook, resources=resources)
        self.write_single_notebook(output, resources)
        self._sanitizing = True
        self._record_bonus(name, resources["nbgrader"])

    def _mark(self, _student: str, folder: Path) -> Marking:
        return mark_submission(self._course, self._assignment, folder, settings=MarkSettings())

    def _marked_notebook(self, name: str) -> NotebookNode:
        report = self._marking.report
        run = self._marking.notebooks.get(name)
        if run is not None:
            notebook = clean_notebook(run)
        else:
            notebook = _stub(self._skeletons[name], report.notebooks[name].message)
        for cell in notebook.cells:
            mark = cell.metadata.get("nbgrader", {})
            if mark.get("grade") and cell.cell_type == "code":
                item = report.items[mark["grade_id"]]
                cell.outputs = _score_outputs(cell, 0.0 if item.bonus else item.points)
        return notebook

    def _record_bonus(self, name: str, where: Mapping[str, str]) -> None:
        """Points of bonus items are extra credit; what a person typed there stays."""
        bonus = [i for i in self._assignment.problem(name).items if i.bonus and i.kind == "auto"]
        if not bonus:
            return
        with Gradebook(self.coursedir.db_url, self.coursedir.course_id) as gradebook:
            for item in bonus:
                grade = gradebook.find_grade(item.name, name, where["assignment"], where["student"])
                earlier = self._earlier.items.get(item.name) if self._earlier else None
                recorded = earlier.points if earlier else None
                if grade.extra_credit in (None, recorded):
                    grade.extra_credit = self._marking.report.items[item.name].points
            gradebook.db.commit()


class MarkedFeedback(GenerateFeedback):  # type: ignore[misc]  # nbgrader has no types
    """GenerateFeedback that writes the kit's own pages."""

    def convert_notebooks(self) -> None:
        """Write the pages of every student that `coursedir` selects."""
        from autograder.records.feedback import write_feedback

        course = Course(Path(self.coursedir.root))
        assignment = course.assignment(self.coursedir.assignment_id)
        students = [Path(folder).parent.name for folder in self.assignments]
        write_feedback(course, assignment, students, db_url=self.coursedir.db_url)


def install() -> None:
    """Make nbgrader's commands and the formgrader use these converters.

    nbgrader names its converters in code, not in its configuration, so their names are bound anew
    wherever it looks them up.
    """
    import nbgrader.apps.api
    import nbgrader.apps.autogradeapp
    import nbgrader.apps.generatefeedbackapp
    import nbgrader.converters

    for module in (nbgrader.converters, nbgrader.apps.api, nbgrader.apps.autogradeapp):
        module.Autograde = MarkedAutograde
    for module in (nbgrader.converters, nbgrader.apps.api, nbgrader.apps.generatefeedbackapp):
        module.GenerateFeedback = MarkedFeedback


def _relative(pattern: str, coursedir: Any) -> str:
    root = str(coursedir.root).rstrip("/")
    return pattern.removeprefix(root).lstrip("/")


def _read_report(path: Path) -> Report | None:
    try:
        return Report.from_json(path.read_text(encoding="utf-8"))
    except Exception:  # none yet, or of another version: then nothing is known of it
        return None


def _score_outputs(cell: NotebookNode, points: float) -> list[NotebookNode]:
    """What the visible check showed, and the points as the one number that nbgrader reads."""
    shown = [o for o in cell.outputs if o.output_type == "stream" and o.name == "stdout"]
    score = nbformat.v4.new_output(
        "execute_result", data={"text/plain": repr(float(points))}, execution_count=1
    )
    return [*shown, score]


def _stub(skeleton: NotebookNode, reason: str) -> NotebookNode:
    """The skeleton with the reason why there is no answer in it."""
    stub = deepcopy(skeleton)
    note = nbformat.v4.new_markdown_cell(f"**This notebook could not be marked.** {reason}")
    stub.cells.insert(0, note)
    return stub

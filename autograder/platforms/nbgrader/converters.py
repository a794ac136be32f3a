"""nbgrader's converters, taught to record what the kit has marked.

`MarkedAutograde` is nbgrader's Autograde without a kernel: each notebook comes from a Marking, with
one clean number as the output of each check cell and the rubric below each answer that a person
marks, and goes through nbgrader's own SaveAutoGrades into the gradebook. `nbgrader_config.py`
installs it, so that the plain `nbgrader autograde` and the formgrader's button give the marks that
`fdl grade` gives.

Nothing of a submission's folder is read by nbgrader itself: its own reading stops at a renamed or
broken notebook, and copies every stray file.
"""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from copy import deepcopy
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import nbformat
from nbconvert.writers.files import FilesWriter
from nbformat import NotebookNode
from nbgrader.converters import Autograde, GenerateFeedback, NbGraderException
from nbgrader.plugins import BasePlugin
from nbgrader.preprocessors import AssignLatePenalties, SaveAutoGrades
from nbgrader.utils import compute_checksum
from traitlets import Bool, List, Type

from autograder.content.sanitize import clean_markdown, is_plain_name
from autograder.course.assignment import Assignment, Course, Item, read_notebook
from autograder.course.gradecells import (
    by_grade_id,
    checksum_of,
    grade_id,
    is_graded,
    nbgrader_metadata,
)
from autograder.course.layout import REPORT
from autograder.course.rubric import read_rubrics
from autograder.durable import make_folder, sync_tree
from autograder.errors import CourseError, KitError, RecordError
from autograder.gradebook.database import (
    PatientGradebook,
    copy_gradebook,
    open_database,
    prepare_gradebook,
)
from autograder.gradebook.evidence import marker_text
from autograder.gradebook.folders import digest, remove, settle, settle_all, unfinished
from autograder.gradebook.penalties import CourseLatePolicy, give_extension, update_penalties
from autograder.grading.classrun import Job, find_jobs
from autograder.grading.mark import Marking, MarkSettings, mark_submission, read_skeletons
from autograder.grading.report import Report
from autograder.pages.feedback import write_feedback
from autograder.platforms.nbgrader import formgrader
from autograder.submission.files import TIMESTAMP
from autograder.submission.timestamps import read_timestamp
from autograder.words import ShownLog

Answers = Mapping[str, tuple[str, str]]
"""Text and pictures of the cells of a notebook, by their nbgrader ids."""


class SaveMarks(SaveAutoGrades):  # type: ignore[misc]  # nbgrader has no types
    """SaveAutoGrades in an open transaction, which knows of bonus points and of persons' marks.

    A bonus item's points become extra credit, unless a person typed another number there. What a
    person has marked stays settled as long as the answer and its tests' points are as they were;
    nbgrader would ask for another look after each run.
    """

    def __init__(
        self, gradebook: PatientGradebook, assignment: Assignment, **settings: object
    ) -> None:
        super().__init__(**settings)
        self.gradebook = gradebook
        self._items = assignment.items
        self._points: Mapping[str, float] = {}
        self._earlier: Answers = {}

    def expect(self, points: Mapping[str, float], earlier: Answers) -> None:
        """Say what the items earned, and what the next notebook's cells held when last recorded."""
        self._points = points
        self._earlier = earlier

    def preprocess(
        self, nb: NotebookNode, resources: dict[str, Any]
    ) -> tuple[NotebookNode, dict[str, Any]]:
        """Store the scores of the notebook's grade cells."""
        where = resources["nbgrader"]
        self.notebook_id, self.student_id = where["notebook"], where["student"]
        self.assignment_id = where["assignment"]
        result: tuple[NotebookNode, dict[str, Any]]
        with self.gradebook.at_hand(self.notebook_id, self.assignment_id, self.student_id):
            # past SaveAutoGrades.preprocess, which would open a gradebook of its own
            result = super(SaveAutoGrades, self).preprocess(nb, resources)
        return result

    def _add_score(self, cell: NotebookNode, resources: dict[str, Any]) -> None:
        item = self._items[grade_id(cell)]
        grade = self.gradebook.find_grade(
            item.name, self.notebook_id, self.assignment_id, self.student_id
        )
        was_open, auto_score = grade.needs_manual_grade, grade.auto_score
        super()._add_score(cell, resources)
        if item.bonus:
            self._add_bonus(item, grade)
        same = grade.auto_score == auto_score and (
            item.kind == "auto" or self._earlier.get(item.name) == _content(cell)
        )
        if same and not was_open and (grade.manual_score, grade.extra_credit) != (None, None):
            grade.needs_manual_grade = False

    def _add_bonus(self, item: Item, grade: Any) -> None:
        if item.kind == "auto":
            points = self._points[item.name]
            if grade.extra_credit in (None, self.gradebook.recorded_credit(grade.id)):
                grade.extra_credit = points
                self.gradebook.note_credit(grade.id, points)
        elif grade.auto_score is None:
            # without any score, nbgrader does not count extra credit
            grade.auto_score = 0.0
            grade.needs_manual_grade = True


class SavePenalties(AssignLatePenalties):  # type: ignore[misc]  # nbgrader has no types
    """AssignLatePenalties in an open transaction, by the course's rules unless told otherwise."""

    plugin_class: Any = Type(
        CourseLatePolicy, klass=BasePlugin, help=AssignLatePenalties.plugin_class.help
    ).tag(config=True)

    def __init__(self, gradebook: PatientGradebook, course: Course, **settings: object) -> None:
        super().__init__(**settings)
        self.gradebook = gradebook
        self.course = course
        self.where: Mapping[str, str] = {}

    def preprocess(
        self, nb: NotebookNode, resources: dict[str, Any]
    ) -> tuple[NotebookNode, dict[str, Any]]:
        """Store the penalty that the course's plugin gives the notebook."""
        self.where = where = resources["nbgrader"]
        self.init_plugin()
        session = self.gradebook.db()
        session.flush()
        session.expire_all()  # scores are sums that the database makes
        submission = self.gradebook.find_submission(where["assignment"], where["student"])
        [notebook] = [each for each in submission.notebooks if each.name == where["notebook"]]
        notebook.late_submission_penalty = None
        late = submission.total_seconds_late
        if late > 0:
            penalty = self.plugin_inst.late_submission_penalty(
                where["student"], notebook.score, late
            )
            if penalty is not None:
                penalty = self._check_late_penalty(notebook, penalty)
            notebook.late_submission_penalty = penalty
        return nb, resources


class MarkedAutograde(Autograde):  # type: ignore[misc]  # nbgrader has no types
    """Autograde whose notebooks and scores come from Markings instead of a kernel."""

    unprotected = Bool(
        False, help="Mark even where this machine has no wall that works around student code."
    ).tag(config=True)

    # not configurable: a list of somebody else's would replace ours and lose the marks
    sanitize_preprocessors: Any = List([])
    autograde_preprocessors: Any = List([])

    def start(self) -> None:
        """Mark and record every student that `coursedir` selects."""
        self.log.addFilter(_SHOWN)
        try:
            course = Course(Path(self.coursedir.root))
            assignment = course.assignment(self.coursedir.assignment_id)
            jobs = self._selected(find_jobs(course, assignment.name))
            with self.recording(course, assignment):
                failed = [job.student for job in jobs if not self._succeeds(job)]
        except KitError as error:
            self.log.error("%s", error)
            raise NbGraderException(str(error)) from error
        if failed:
            message = f"not marked: {', '.join(failed)}; their earlier marks, if any, stand"
            self.log.error(message)
            raise NbGraderException(message)

    @contextlib.contextmanager
    def recording(self, course: Course, assignment: Assignment) -> Iterator[None]:
        """Open the gradebook; `record` works inside."""
        db_url = self.coursedir.db_url
        prepare_gradebook(course, assignment, db_url)
        self._course, self._assignment = course, assignment
        self._skeletons = read_skeletons(assignment, course.release(assignment.name))
        self._rubrics = read_rubrics(course, assignment)
        self._extensions = course.deadline(assignment.name).extensions
        self.writer = FilesWriter(parent=self, config=self.config)
        self.exporter = self.exporter_class(parent=self, config=self.config)
        self._known: tuple[dict[str, str], dict[str, list[str]]] | None = None
        with open_database(db_url, course) as self._gradebook:
            settle_all(self._gradebook, course, assignment)
            self._save_marks = SaveMarks(self._gradebook, assignment, parent=self)
            self.exporter.register_preprocessor(self._save_marks)
            yield
            # of those, too, who were not marked anew: marks by hand and settings may have changed
            update_penalties(self._gradebook, course, assignment.name)
        copy_gradebook(course, db_url)

    def record(self, student: str, marking: Marking, fingerprint: str = "") -> float:
        """Write the student's autograded notebooks and scores: all of them, or none.

        `fingerprint` says what the Marking is of, for `recorded`. Returns the points of the items
        that now await a person; a text that was left as it was released does not, since nbgrader
        gives it 0 points by itself.

        A run that is killed leaves the earlier ones or the new ones; where it had no time to put
        the new notebooks in their place, the next command does it.
        """
        _check_name(student)
        name = self._assignment.name
        staging, final = Path(self._format_dest(name, student)), self._final(student)
        settle(self._gradebook, name, student, final)
        with self._gradebook.transaction():
            # within it: another run may be writing there until this one has the lock
            remove(staging)
            try:
                open_points = self._write(student, marking, staging, fingerprint)
            except BaseException:
                remove(staging)
                raise
        settle(self._gradebook, name, student, final)
        return open_points

    def _write(self, student: str, marking: Marking, staging: Path, fingerprint: str) -> float:
        """Write the folder, for good, and the marks that go with it."""
        name = self._assignment.name
        make_folder(staging)
        (staging / REPORT).write_text(marking.report.to_json(), encoding="utf-8")
        submission = self._record_submission(student, staging)
        final = self._final(student)
        is_known = self._belongs_to_marks(student, final)
        for problem in self._assignment.problems:
            earlier = _answers(final / f"{problem.name}.ipynb") if is_known else {}
            self._record_notebook(problem.name, student, marking, earlier)
        self.set_permissions(name, student)
        if submission.total_seconds_late > 0 or any(
            notebook.late_submission_penalty for notebook in submission.notebooks
        ):
            self._assign_penalties(student)
        sync_tree(staging)
        self._gradebook.note_folder(name, student, digest(staging))
        self._gradebook.note_fingerprint(name, student, fingerprint)
        if marking.seconds:
            self._gradebook.note_seconds(name, student, sum(marking.seconds.values()))
        return self._open_points(submission)

    def _belongs_to_marks(self, student: str, final: Path) -> bool:
        """Whether a person's marks are about the answers in there.

        They are not where somebody changed the folder, or put an earlier gradebook in place.
        """
        recorded = self._gradebook.recorded_folder(self._assignment.name, student)
        return recorded is None or recorded == digest(final)

    def _open_points(self, submission: Any) -> float:
        grades = [grade for notebook in submission.notebooks for grade in notebook.grades]
        return self._points_of(grade.name for grade in grades if grade.needs_manual_grade)

    def _points_of(self, items: Iterable[str]) -> float:
        return sum(self._assignment.items[name].max_points for name in items)

    def marking_seconds(self) -> dict[str, float]:
        """How long marking took when it was last recorded, by student."""
        return self._gradebook.marking_seconds(self._assignment.name)

    def recorded(self, student: str, fingerprint: str) -> tuple[Report, float] | None:
        """The Report that is recorded for this fingerprint, and the points that await a person.

        None where the marks are of something else, or of nothing that is known, or where somebody
        has changed the folder that belongs to them.
        """
        if self._known is None:
            name = self._assignment.name
            self._known = self._gradebook.fingerprints(name), self._gradebook.awaiting(name)
        fingerprints, awaiting = self._known
        if fingerprints.get(student) != fingerprint:
            return None
        final = self._final(student)
        if self._gradebook.recorded_folder(self._assignment.name, student) != digest(final):
            return None
        try:
            return Report.read(final / REPORT), self._points_of(awaiting.get(student, ()))
        except (RecordError, KeyError):
            return None

    def _format_dest(self, assignment_id: str, student_id: str, escape: bool = False) -> str:
        """Where notebooks are written until all of a student's are: not yet where they go."""
        return str(unfinished(Path(super()._format_dest(assignment_id, student_id, escape))))

    def _final(self, student: str) -> Path:
        return Path(super()._format_dest(self._assignment.name, student))

    def _submitted(self, student: str) -> Path:
        step = self.coursedir.submitted_directory
        return Path(self.coursedir.format_path(step, student, self._assignment.name))

    # which students

    def _selected(self, jobs: list[Job]) -> list[Job]:
        wanted = self.coursedir.student_id
        excluded = self.coursedir.student_id_exclude.split(",")
        # a name that is written out may have letters in it that are special in a pattern
        chosen = [job for job in jobs if wanted == job.student] or [
            job for job in jobs if fnmatchcase(job.student, wanted) and job.student not in excluded
        ]
        if not chosen:
            raise CourseError(
                f"no submission of {self.coursedir.assignment_id} in "
                f"{self.coursedir.submitted_directory}/ is of a student {wanted!r}"
            )
        return chosen

    def _is_done(self, job: Job) -> bool:
        """As in nbgrader: what was recorded is left alone unless the submission is newer."""
        final = self._final(job.student)
        if self.force or not (final / REPORT).is_file():
            return False
        new, old = read_timestamp(job.path), read_timestamp(final)
        return new is None or old is None or new <= old

    def _succeeds(self, job: Job) -> bool:
        if self._is_done(job):
            self.log.info("Skipping %s: recorded already (--force records it again)", job.student)
            return True
        self.log.info("Marking %s", job.student)
        settings = MarkSettings(self._assignment.limits, unprotected=self.unprotected)
        self.run_pre_convert_hook()
        try:
            marking = mark_submission(self._course, self._assignment, job.path, settings=settings)
            self.record(job.student, marking)
        except Exception as error:  # of any kind: one student must not stop the others
            self.log.error("%s is not marked: %s: %s", job.student, type(error).__name__, error)
            return False
        self.run_post_convert_hook()
        return True

    # one submission

    def _record_submission(self, student: str, staging: Path) -> Any:
        self._gradebook.update_or_create_student(student)
        timestamp = read_timestamp(self._submitted(student))
        known = {} if timestamp is None else {"timestamp": timestamp}
        if timestamp is not None:
            (staging / TIMESTAMP).write_text(f"{timestamp:%Y-%m-%d %H:%M:%S.%f} UTC")
        submission = self._gradebook.update_or_create_submission(
            self._assignment.name, student, **known
        )
        give_extension(self._gradebook, submission, self._extensions.get(student))
        return submission

    def _record_notebook(self, name: str, student: str, marking: Marking, earlier: Answers) -> None:
        points = {item: report.points for item, report in marking.report.items.items()}
        self._save_marks.expect(points, earlier)
        notebook = self._marked_notebook(name, marking)
        resources = {"unique_key": name, "nbgrader": self._where(name, student)}
        output, resources = self.exporter.from_notebook_node(notebook, resources=resources)
        self.write_single_notebook(output, resources)

    def _where(self, name: str, student: str) -> dict[str, str]:
        return {
            "student": student,
            "assignment": self._assignment.name,
            "notebook": name,
            "db_url": self.coursedir.db_url,
        }

    def _marked_notebook(self, name: str, marking: Marking) -> NotebookNode:
        run = marking.notebooks.get(name)
        if run is not None:
            notebook = deepcopy(run)
        else:
            notebook = _stub(self._skeletons[name], marking.report.notebooks[name].message)
        _check_cells(name, notebook, self._skeletons[name])
        cells = []
        for cell in notebook.cells:
            item = _item_of(cell, self._assignment)
            if item is not None and item.bonus:
                _drop_points(cell)
                if item.kind == "manual":
                    cells.append(_marker_note(item))
            if item is not None and item.kind == "auto":
                points = 0.0 if item.bonus else marking.report.items[item.name].points
                cell.outputs = _score_outputs(cell, points)
            cells.append(cell)
            if item is not None and item.name in self._rubrics:
                rubric = marker_text(item, self._rubrics[item.name], marking.report)
                cells.append(_note(rubric, f"rubric-{item.name}"[:64]))
        notebook.cells = cells
        return notebook

    def _assign_penalties(self, student: str) -> None:
        for problem in self._assignment.problems:
            where = {"nbgrader": self._where(problem.name, student)}
            saver = SavePenalties(self._gradebook, self._course, parent=self)
            saver.preprocess(NotebookNode(cells=[]), where)


class MarkedFeedback(GenerateFeedback):  # type: ignore[misc]  # nbgrader has no types
    """GenerateFeedback that writes the kit's own pages."""

    def convert_notebooks(self) -> None:
        """Write the pages of every student that `coursedir` selects."""
        self.log.addFilter(_SHOWN)
        try:
            course = Course(Path(self.coursedir.root))
            assignment = course.assignment(self.coursedir.assignment_id)
            students = [Path(folder).parent.name for folder in sorted(self.assignments)]
            write_feedback(course, assignment, students, db_url=self.coursedir.db_url)
        except KitError as error:
            self.log.error("%s", error)
            raise NbGraderException(str(error)) from error


_SHOWN = ShownLog()
"""Names of folders and errors of students stand in what nbgrader and the converters log."""


def install() -> None:
    """Make nbgrader's commands and the formgrader use these converters.

    nbgrader names its converters in code, not in its configuration, so their names are bound anew
    wherever it looks them up. It also reads a submission's timestamp without care: a pipe in its
    place would hold up the formgrader for ever, and a text that is no date would empty its list.
    """
    import nbgrader.apps.api
    import nbgrader.apps.autogradeapp
    import nbgrader.apps.generatefeedbackapp
    import nbgrader.converters
    import nbgrader.coursedir

    for module in (nbgrader.converters, nbgrader.apps.api, nbgrader.apps.autogradeapp):
        module.Autograde = MarkedAutograde
    for module in (nbgrader.converters, nbgrader.apps.api, nbgrader.apps.generatefeedbackapp):
        module.GenerateFeedback = MarkedFeedback
    formgrader.install()
    nbgrader.coursedir.CourseDirectory.get_existing_timestamp = _existing_timestamp
    nbgrader.apps.api.NbGraderAPI.get_submitted_timestamp = _submitted_timestamp


def _existing_timestamp(_coursedir: Any, folder: str) -> Any:
    return read_timestamp(Path(folder))


def _submitted_timestamp(api: Any, assignment_id: str, student_id: str) -> Any:
    step = api.coursedir.submitted_directory
    return read_timestamp(Path(api.coursedir.format_path(step, student_id, assignment_id)))


# --- cells ---------------------------------------------------------------------------------------


def _item_of(cell: NotebookNode, assignment: Assignment) -> Item | None:
    return assignment.items[grade_id(cell)] if is_graded(cell) else None


def _check_cells(name: str, notebook: NotebookNode, skeleton: NotebookNode) -> None:
    """Each of the release's cells once: one that is doubled or gone would shift marks silently."""
    found, wanted = (Counter(_ids(n)) for n in (notebook, skeleton))
    if found != wanted:
        wrong = sorted(((found - wanted) + (wanted - found)).keys())
        raise RecordError(f"{name}: not once, as in the release: the cells {', '.join(wrong)}")


def _ids(notebook: NotebookNode) -> Iterator[str]:
    yield from filter(None, map(grade_id, notebook.cells))


def _score_outputs(cell: NotebookNode, points: float) -> list[NotebookNode]:
    """What the visible check showed, and the points as the one number that nbgrader reads."""
    shown = [o for o in cell.outputs if o.output_type == "stream" and o.name == "stdout"]
    score = nbformat.v4.new_output(
        "execute_result", data={"text/plain": repr(float(points))}, execution_count=1
    )
    return [*shown, score]


def _drop_points(cell: NotebookNode) -> None:
    """Let a bonus item's cell be out of 0 points, as in the gradebook.

    The checksum goes along: nbgrader tells an untouched answer by it.
    """
    known = nbgrader_metadata(cell)
    untouched = checksum_of(cell) == compute_checksum(cell)
    known["points"] = 0
    if untouched:
        known["checksum"] = compute_checksum(cell)


def _marker_note(item: Item) -> NotebookNode:
    text = (
        f"**For the marker:** {item.name} is a bonus item. Type its points (at most "
        f"{item.max_points:g}) into the field *extra credit* and leave the score empty."
    )
    return _note(text, f"note-{item.name}"[:64])


def _stub(skeleton: NotebookNode, reason: str) -> NotebookNode:
    """The skeleton with the reason why there is no answer in it."""
    stub = deepcopy(skeleton)
    # the reason may quote the name that a student gave a file
    text = f"**This notebook could not be marked.** {clean_markdown(reason)}"
    stub.cells.insert(0, _note(text, "note-not-marked"))
    return stub


def _note(text: str, name: str) -> NotebookNode:
    note: NotebookNode = nbformat.v4.new_markdown_cell(text, id=name)
    return note


def _answers(path: Path) -> Answers:
    """What the cells of an autograded notebook hold; nothing where there is none."""
    if not path.is_file():
        return {}
    try:
        notebook = read_notebook(path)
    except CourseError:  # damaged: then all is new
        return {}
    return {name: _content(cell) for name, cell in by_grade_id(notebook).items()}


def _content(cell: NotebookNode) -> tuple[str, str]:
    return str(cell.source), repr(cell.get("attachments", {}))


# --- folders -------------------------------------------------------------------------------------


def _check_name(student: str) -> None:
    """A student's name becomes a folder's name: hold it to one, inside autograded/."""
    if student in ("", ".", "..") or "/" in student or "\0" in student:
        raise RecordError(f"{student!r} is not the name of one student's folder")
    if not is_plain_name(student):
        raise RecordError(
            f"the folder's name {student!r} can't stand on the formgrader's pages: rename it, "
            'without any of < > " % ? # \\ and without signs that are not seen'
        )
    try:
        student.encode()
    except UnicodeEncodeError:
        raise RecordError(f"the folder's name {student!r} is not UTF-8: rename it") from None

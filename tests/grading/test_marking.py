"""Whole submissions get the right marks in real marking."""

from __future__ import annotations

import json
import socket
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pytest

from autograder.course.assignment import Assignment, Course
from autograder.course.samples import SampleStudent, write_submission
from autograder.grading.jobs import MarkSettings
from autograder.grading.mark import mark_submission
from autograder.grading.report import SCHEMA, Claim, Report
from autograder.sandbox import CellResult, Sandbox, Student
from autograder.sandbox.inside import processes
from autograder.sandbox.inside.peer import Peer
from autograder.sandbox.session import NotebookProcess, TestChannel

from . import tiny_class
from .conftest import PATIENT, ROOT, MarkStudent, MarkTiny, settings_for
from .hostile import HOMEWORK_2, HOSTILE, SNOOPS, TINY, Hostile

CLASS = (
    "ada", "bela", "chloe", "dmitri", "emil", "farah", "güneş", "hana", "ivo", "jana", "kofi",
    "lena", "mateo",
)  # fmt: skip

EVERYDAY = ("emil", "güneş", "mateo")
"""Students: one with a misconception, one with unusual right answers, one without a notebook.

The slow tests mark all other students, and `fdl demo` marks them too.
"""

QUICK = ("cell-exits", "cell-forks", "call-exits", "call-closes")
"""The hostile students of the everyday run, in the made-up course; marking them is quickest."""


def marks(report: Report) -> dict[str, float]:
    return {name: item.points for name, item in report.items.items() if item.kind == "auto"}


def slowly(name: str) -> object:
    return pytest.param(name, marks=() if name in EVERYDAY else pytest.mark.slow)


@pytest.mark.parametrize("name", [slowly(name) for name in CLASS])
def test_a_sample_student_gets_the_true_marks(
    name: str, sample: dict[str, SampleStudent], mark: MarkStudent, homework: Assignment
) -> None:
    assert marks(mark(sample[name])) == sample[name].true_points(homework)


def test_every_sample_student_is_tested(sample: dict[str, SampleStudent]) -> None:
    assert tuple(sample) == CLASS


@pytest.mark.slow
@pytest.mark.parametrize("hostile", HOSTILE, ids=lambda hostile: hostile.name)
def test_hostile_code_costs_its_own_item_alone(
    hostile: Hostile, mark: MarkStudent, homework: Assignment
) -> None:
    student = hostile.student(HOMEWORK_2)
    assert marks(mark(student)) == student.true_points(homework)


@pytest.mark.parametrize("hostile", [h for h in HOSTILE if h.name in QUICK], ids=lambda h: h.name)
def test_hostile_code_costs_its_own_item_alone_in_a_small_course(
    hostile: Hostile, mark_tiny: MarkTiny, tiny: Course
) -> None:
    student = hostile.student(TINY)
    expected = student.true_points(tiny.assignment(tiny_class.HOMEWORK))
    assert marks(mark_tiny(student).report) == expected


WALLS = pytest.mark.parametrize("use_outer", [True, False], ids=["both walls", "inner wall alone"])


@WALLS
def test_a_notebook_that_looks_around_finds_nothing(
    use_outer: bool, tiny: Course, tmp_path: Path
) -> None:
    looks_around(tiny, tiny.assignment(tiny_class.HOMEWORK), "t-plot-answer", use_outer, tmp_path)


@pytest.mark.slow
@WALLS
def test_a_notebook_of_homework_2_that_looks_around_finds_nothing(
    use_outer: bool, course: Course, homework: Assignment, tmp_path: Path
) -> None:
    looks_around(course, homework, "p3-plot-answer", use_outer, tmp_path)


def looks_around(
    course: Course, homework: Assignment, cell: str, use_outer: bool, tmp_path: Path
) -> None:
    """Code before this cell searches for Homework 2's hidden data, and loses no points."""
    submission = tmp_path / "submitted" / "snoop" / homework.name
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen()
        server.setblocking(False)
        port = server.getsockname()[1]
        cells = "\n".join(
            _attempt(what, code.format(root=ROOT, submission=submission, port=port))
            for what, code in SNOOPS.items()
        )
        student = SampleStudent("snoop", "looks around", before={cell: cells})
        write_submission(course, homework, student, submission)
        settings = MarkSettings(limits=PATIENT, use_outer=use_outer)
        marking = mark_submission(course, homework, submission, settings=settings)
        with pytest.raises(BlockingIOError):
            server.accept()
    notebook = [*marking.notebooks.values()][-1]
    outputs = json.dumps([cell.outputs for cell in notebook.cells if cell.cell_type == "code"])
    assert "ATTEMPTS" in outputs
    assert [what for what in SNOOPS if f"FOUND {what}!" in outputs] == []
    assert marks(marking.report) == student.true_points(homework)


def _attempt(what: str, code: str) -> str:
    lines = "".join(f"    {line}\n" for line in code.splitlines())
    told = f"    print({f'FOUND {what}!'!r})\n"
    return f"print('ATTEMPTS')\ntry:\n{lines}{told}except Exception:\n    pass"


def test_two_runs_with_one_seed_give_the_same_bytes(tiny: Course, sandbox: Sandbox) -> None:
    assignment = tiny.assignment(tiny_class.HOMEWORK)
    submission = tiny.root / "submitted" / "bela" / assignment.name
    settings = MarkSettings(limits=PATIENT)
    first, again, other = (
        mark_submission(
            tiny, assignment, submission, seed=seed, settings=settings, sandbox=sandbox
        ).report.to_json()
        for seed in (1, 1, 2)
    )
    assert first == again
    assert first != other


@pytest.mark.slow
def test_two_runs_of_homework_2_with_one_seed_give_the_same_bytes(
    course: Course, homework: Assignment, sample: dict[str, SampleStudent], tmp_path: Path
) -> None:
    write_submission(course, homework, sample["emil"], tmp_path / "emil")
    first, again, other = (
        mark_submission(course, homework, tmp_path / "emil", seed=seed).report.to_json()
        for seed in (1, 1, 2)
    )
    assert first == again
    assert first != other


def test_a_report_says_what_programs_rely_on(
    mark: MarkStudent, sample: dict[str, SampleStudent], homework: Assignment
) -> None:
    report = json.loads(mark(sample["emil"]).to_json())
    assert report["schema"] == SCHEMA
    assert report["seed"] == homework.seed
    assert report["protection"] in ("outer and inner", "inner only", "outer only")
    assert (report["points"], report["bonus_points"]) == (16.0, 6.0)
    usam = report["items"]["p2c-usam"]
    assert (usam["points"], usam["max_points"]) == (0.0, 1.0)
    assert any(not claim["passed"] and claim["message"] for claim in usam["claims"])
    assert Report.from_json(json.dumps(report)).to_json() == mark(sample["emil"]).to_json()


HIDES_INPUTS = """
def slope(u, v):
    raise ValueError(f"inputs were {list(u)}")
"""
HIDES_INPUTS_2 = """
def hessian(x):
    raise ValueError(f"inputs were {list(x)}")

def hessian_trace(x):
    return float("nan")
"""


def test_a_student_reads_of_their_own_line_and_of_no_hidden_value(mark_tiny: MarkTiny) -> None:
    answers = {"t-slope-answer": HIDES_INPUTS, "t-values-answer": "first_part = last_part = np.nan"}
    items = mark_tiny(SampleStudent("teller", "tells inputs", answers)).report.items
    tells_no_input([*items["t-slope"].claims, *items["t-values"].claims])


@pytest.mark.slow
def test_a_student_of_homework_2_reads_of_no_hidden_value(mark: MarkStudent) -> None:
    answers = {"p2c-hessian-trace-answer": HIDES_INPUTS_2}
    student = SampleStudent("teller", "tells inputs", answers)
    tells_no_input(mark(student).items["p2c-hessian-trace"].claims)


def tells_no_input(claims: Iterable[Claim]) -> None:
    text = " ".join(claim.message for claim in claims)
    assert "ValueError" in text
    assert "raise ValueError" in text
    assert "NaN" in text or "not a number" in text.lower()
    assert "inputs were [" not in text.replace("inputs were {", "")


def test_a_lost_notebook_is_named_and_the_rest_is_marked(
    mark: MarkStudent, sample: dict[str, SampleStudent]
) -> None:
    report = mark(sample["mateo"])
    assert report.notebooks["problem3_ntk"].state == "missing"
    assert report.notebooks["problem3_ntk"].message
    assert "(1)" in " ".join(report.notebooks["problem1_momentum"].notes)
    assert report.items["p3-plot"].outcome == "not marked"


@pytest.mark.parametrize("name", ["bela", pytest.param("anna", marks=pytest.mark.slow)])
def test_a_cold_start_gives_the_report_of_a_warm_one(
    name: str, tiny: Course, sandbox: Sandbox
) -> None:
    assignment = tiny.assignment(tiny_class.HOMEWORK)
    submission = tiny.root / "submitted" / name / assignment.name
    settings = MarkSettings(limits=PATIENT)
    cold, warm = (
        mark_submission(tiny, assignment, submission, settings=settings, sandbox=each)
        for each in (None, sandbox)
    )
    assert cold.report.to_json() == warm.report.to_json()


@pytest.mark.slow
@pytest.mark.parametrize("name", ["dmitri", "hana"])
def test_a_cold_start_gives_the_report_of_a_warm_one_in_homework_2(
    name: str,
    course: Course,
    homework: Assignment,
    sample: dict[str, SampleStudent],
    mark: MarkStudent,
    tmp_path: Path,
) -> None:
    folder = tmp_path / name
    write_submission(course, homework, sample[name], folder)
    cold = mark_submission(course, homework, folder, settings=settings_for(sample[name]))
    assert cold.report.to_json() == mark(sample[name]).to_json()


ANNA = tiny_class.STUDENTS[0]


def _kill_at_first_cell(patch: pytest.MonkeyPatch) -> None:
    run, killed = NotebookProcess.run, list[int]()

    def run_after_kill(self: NotebookProcess, *args: Any) -> CellResult:
        if not killed:
            killed.append(self._holder.pid)
            processes.kill(killed)
        return run(self, *args)

    patch.setattr(NotebookProcess, "run", run_after_kill)


def _kill_at_first_call(patch: pytest.MonkeyPatch) -> None:
    call, killed = Student._call, list[int]()

    def call_after_kill(self: Student, peer: Peer, *args: Any) -> Any:
        channel = peer.channel
        if not killed and isinstance(channel, TestChannel):
            killed.extend(channel._notebook._tests[channel])
            processes.kill(killed)
        return call(self, peer, *args)

    patch.setattr(Student, "_call", call_after_kill)


@pytest.mark.parametrize("kill", [_kill_at_first_cell, _kill_at_first_call])
def test_a_process_that_the_machine_kills_costs_no_points(
    kill: Callable[[pytest.MonkeyPatch], None],
    mark_tiny: MarkTiny,
    tiny: Course,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    kill(monkeypatch)
    expected = ANNA.true_points(tiny.assignment(tiny_class.HOMEWORK))
    report = mark_tiny(ANNA).report
    assert marks(report) == expected
    assert not any(notebook.faults for notebook in report.notebooks.values())

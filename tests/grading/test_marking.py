"""Whole submissions of Homework 2, marked for real, get the marks that they should get."""

from __future__ import annotations

import json
import socket
from pathlib import Path

import pytest

from autograder.assignment import Assignment, Course
from autograder.grading.mark import MarkSettings, mark_submission
from autograder.grading.report import SCHEMA, Report
from autograder.samples import SampleStudent, write_submission

from .conftest import HASTY, ROOT, MarkStudent
from .hostile import HOSTILE, SNOOPS

CLASS = (
    "ada", "bela", "chloe", "dmitri", "emil", "farah", "güneş", "hana", "ivo", "jana", "kofi",
    "lena", "mateo",
)  # fmt: skip

LONG = ("hana", "ivo")
"""Sample students with many wrong answers, each of which is looked up: marked slow."""

QUICK = ("cell-exits", "cell-forks", "call-exits", "call-closes")
"""The hostile students of the everyday run; the others are marked slow."""


def marks(report: Report) -> dict[str, float]:
    return {name: item.points for name, item in report.items.items() if item.kind == "auto"}


def slowly(name: str) -> object:
    return pytest.param(name, marks=pytest.mark.slow if name in LONG else ())


@pytest.mark.parametrize("name", [slowly(name) for name in CLASS])
def test_a_sample_student_gets_the_true_marks(
    name: str, sample: dict[str, SampleStudent], mark: MarkStudent, homework: Assignment
) -> None:
    assert marks(mark(sample[name])) == sample[name].true_points(homework)


def test_every_sample_student_is_tested(sample: dict[str, SampleStudent]) -> None:
    assert tuple(sample) == CLASS


@pytest.mark.parametrize(
    "student",
    [
        pytest.param(
            student, id=student.name, marks=() if student.name in QUICK else pytest.mark.slow
        )
        for student in HOSTILE
    ],
)
def test_hostile_code_costs_its_own_item_alone(
    student: SampleStudent, mark: MarkStudent, homework: Assignment
) -> None:
    assert marks(mark(student)) == student.true_points(homework)


@pytest.mark.parametrize("use_outer", [True, False], ids=["both walls", "inner wall alone"])
def test_a_notebook_that_looks_around_finds_nothing(
    use_outer: bool, course: Course, homework: Assignment, tmp_path: Path
) -> None:
    submission = tmp_path / "submitted" / "snoop" / "hw2"
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen()
        server.setblocking(False)
        port = server.getsockname()[1]
        cells = "\n".join(
            _attempt(what, code.format(root=ROOT, submission=submission, port=port))
            for what, code in SNOOPS.items()
        )
        student = SampleStudent("snoop", "looks around", before={"p3-plot-answer": cells})
        write_submission(course, homework, student, submission)
        settings = MarkSettings(limits=HASTY, use_outer=use_outer)
        marking = mark_submission(course, homework, submission, settings=settings)
        with pytest.raises(BlockingIOError):
            server.accept()
    cells = marking.notebooks["problem3_ntk"].cells
    outputs = json.dumps([cell.outputs for cell in cells if cell.cell_type == "code"])
    assert "ATTEMPTS" in outputs
    assert [what for what in SNOOPS if f"FOUND {what}!" in outputs] == []
    assert marks(marking.report) == student.true_points(homework)


def _attempt(what: str, code: str) -> str:
    lines = "".join(f"    {line}\n" for line in code.splitlines())
    told = f"    print({f'FOUND {what}!'!r})\n"
    return f"print('ATTEMPTS')\ntry:\n{lines}{told}except Exception:\n    pass"


def test_two_runs_with_one_seed_give_the_same_bytes(
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


def test_a_student_reads_of_their_own_line_and_of_no_hidden_value(mark: MarkStudent) -> None:
    answer = """
def hessian(x):
    raise ValueError(f"inputs were {list(x)}")

def hessian_trace(x):
    return float("nan")
"""
    student = SampleStudent("teller", "tells inputs", {"p2c-hessian-trace-answer": answer})
    item = mark(student).items["p2c-hessian-trace"]
    text = " ".join(claim.message for claim in item.claims)
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


@pytest.mark.parametrize("name", [slowly(name) for name in ("dmitri", "hana")])
def test_a_cold_start_gives_the_report_of_a_warm_one(
    name: str,
    course: Course,
    homework: Assignment,
    sample: dict[str, SampleStudent],
    mark: MarkStudent,
    tmp_path: Path,
) -> None:
    folder = tmp_path / name
    write_submission(course, homework, sample[name], folder)
    cold = mark_submission(course, homework, folder, settings=MarkSettings(limits=HASTY))
    assert cold.report.to_json() == mark(sample[name]).to_json()

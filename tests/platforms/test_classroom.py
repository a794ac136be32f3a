"""GitHub Classroom: what the workflows say, what the step tells, and that words stay words."""

from __future__ import annotations

import base64
import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.testing import CliRunner

from autograder.cli import app
from autograder.course.assignment import Course
from autograder.course.samples import SampleStudent, write_submission
from autograder.grading.report import Claim
from autograder.platforms.github.results import lines_of, remarks_of
from autograder.platforms.github.step import ItemLine, tell
from tests.attacks.scene import hidden_lines
from tests.gradebook.course import mark, write_course

CHECKOUT = Path(__file__).parents[2]
COURSE = Course(CHECKOUT)
HOMEWORK = COURSE.assignment("hw2")


@pytest.fixture
def written(tmp_path: Path) -> Path:
    folder = tmp_path / "classroom"
    done = CliRunner().invoke(
        app, ["classroom", "hw2", "-o", str(folder), "--course", str(CHECKOUT)]
    )
    assert done.exit_code == 0, done.output
    return folder


class Workflow:
    """The files through which a step speaks to GitHub."""

    def __init__(self, folder: Path) -> None:
        self.output, self.page = folder / "output", folder / "summary.md"

    @property
    def variables(self) -> dict[str, str]:
        return {"GITHUB_OUTPUT": str(self.output), "GITHUB_STEP_SUMMARY": str(self.page)}

    def results(self) -> dict[str, Any]:
        [line] = self.output.read_text(encoding="utf-8").splitlines()
        name, _, value = line.partition("=")
        assert name == "result"
        found: dict[str, Any] = json.loads(base64.b64decode(value))
        return found


@pytest.fixture
def workflow(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Workflow:
    made = Workflow(tmp_path)
    for name, value in made.variables.items():
        monkeypatch.setenv(name, value)
    return made


def test_workflows_are_valid_and_ask_for_little(written: Path) -> None:
    student = yaml.safe_load(
        (written / "template/.github/workflows/classroom.yml").read_text(encoding="utf-8")
    )
    assert set(student["on"]) == {"push", "workflow_dispatch", "repository_dispatch"}
    assert student["permissions"] == {"checks": "write", "actions": "read", "contents": "read"}
    [job] = student["jobs"].values()
    [reporter] = [step for step in job["steps"] if "grading-reporter" in step.get("uses", "")]
    [runner] = reporter["with"]["runners"].split(",")
    assert reporter["env"] == {
        f"{runner.upper()}_RESULTS": f"${{{{ steps.{runner}.outputs.result }}}}"
    }
    [step] = [step for step in job["steps"] if step.get("id") == runner]
    assert (written / "template" / step["run"].split()[1]).is_file()

    private = yaml.safe_load(
        (written / "marking/.github/workflows/mark-hw2.yml").read_text(encoding="utf-8")
    )
    assert private["permissions"] == {"contents": "read"}
    [job] = private["jobs"].values()
    assert not [step for step in job["steps"] if "${{" in step.get("run", "")]  # no way for words
    assert "@" not in "".join(step.get("run", "") for step in job["steps"])


def test_template_is_the_release_and_holds_nothing_hidden(written: Path) -> None:
    files = [path for path in (written / "template").rglob("*") if path.is_file()]
    names = {path.relative_to(written / "template").as_posix() for path in files}
    release = {path.name for path in COURSE.release("hw2").iterdir() if path.is_file()}
    extra = {".github/workflows/classroom.yml", ".github/classroom/step.py"}
    assert names == release | extra
    text = "\n".join(path.read_text(encoding="utf-8") for path in files)
    assert [line for line in hidden_lines() if line in text] == []


def test_folder_with_something_in_it_is_left_alone(written: Path) -> None:
    done = CliRunner().invoke(
        app, ["classroom", "hw2", "-o", str(written), "--course", str(CHECKOUT)]
    )
    assert done.exit_code == 2


@pytest.mark.slow
def test_step_tells_what_the_visible_checks_say(written: Path, workflow: Workflow) -> None:
    template = written / "template"
    done = {"p3b-kernel-answer", "p3a-gradients-answer"}
    student = SampleStudent("anna", "half done", done=frozenset(done))
    write_submission(COURSE, HOMEWORK, student, template)
    (template / "problem1_momentum.ipynb").unlink()
    (template / "problem2_landscape.ipynb").write_text("no notebook", encoding="utf-8")
    run = subprocess.run(
        [sys.executable, ".github/classroom/step.py"],
        cwd=template,
        env={**os.environ, **workflow.variables},
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    results = workflow.results()
    tests = {test["name"]: test for test in results["tests"]}
    assert {name for name, test in tests.items() if test["status"] == "pass"} == {
        "p3a-gradients",
        "p3b-kernel",
    }
    assert sum(test["score"] for test in tests.values()) == 2.0
    assert results["max_score"] == sum(
        item.max_points for item in HOMEWORK.select("auto") if not item.bonus
    )
    assert "There is no problem1_momentum" in tests["p1-momentum"]["message"]
    assert "problem2_landscape.ipynb did not run" in tests["p2a-values"]["message"]
    assert "| ✅ p3b-kernel | 1 of 1 |" in workflow.page.read_text(encoding="utf-8")
    assert run.stdout.splitlines()[-1] == f"Points 2/{results['max_score']:g}"


def test_marks_are_those_of_the_report(tmp_path: Path, workflow: Workflow) -> None:
    course = write_course(tmp_path / "course")
    assignment = course.assignment("hw")
    report = mark(course, {"a-bend": 0.5}).report
    tell("Marks", lines_of(assignment, report), remarks_of(assignment, report))
    results = workflow.results()
    assert results["status"] == "fail"
    assert results["max_score"] == 3.0
    assert {test["name"]: test["score"] for test in results["tests"]} == {
        "a-slope": 1.0,
        "a-bend": 0.5,
        "b-bonus": 2.0,
    }
    page = workflow.page.read_text(encoding="utf-8")
    assert "| ❌ a-bend | 0.5 of 2 |" in page
    assert "| ✅ b-bonus | 2 of 2 bonus |" in page
    assert "**3.5 of 3 points**" in page
    assert "a&#45;proof&#44; b&#45;essay" in page


def test_what_is_not_written_is_told_in_one_line(tmp_path: Path) -> None:
    course = write_course(tmp_path / "course")
    report = mark(course, {"a-slope": 0.0}).report
    item = replace(report.items["a-slope"], attempted=False)
    report = replace(report, items={**report.items, "a-slope": item})
    messages = {line.name: line.message for line in lines_of(course.assignment("hw"), report)}
    assert messages["a-slope"] == "Not attempted."


def test_words_of_a_student_command_nothing(
    tmp_path: Path, workflow: Workflow, capsys: pytest.CaptureFixture[str]
) -> None:
    evil = (
        "::add-mask::x\n##[error]y\n| a |\n![](http://x.example/y)<img src=x>\x1b[2J\nresult=forged"
    )
    course = write_course(tmp_path / "course")
    assignment = course.assignment("hw")
    report = mark(course).report
    item = replace(report.items["a-slope"], claims=(Claim(evil, False, evil),), diagnosis=evil)
    report = replace(report, items={**report.items, "a-slope": item})
    tell(evil, lines_of(assignment, report), remarks_of(assignment, report))
    message = workflow.results()["tests"][0]["message"]  # the reporter prints it as it is
    page = workflow.page.read_text(encoding="utf-8")
    assert "add-mask" not in capsys.readouterr().out
    assert not any(sign in message for sign in ("::", "##[", "\x1b"))
    assert not any(sign in page for sign in ("<img", "](", "\x1b", "::"))
    rows = [line for line in page.splitlines() if line.startswith("|")]
    assert [row.count("|") for row in rows] == [4] * (2 + 3)


def test_outside_of_a_workflow_the_points_are_printed(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("GITHUB_OUTPUT", raising=False)
    monkeypatch.delenv("GITHUB_STEP_SUMMARY", raising=False)
    tell("Marks", [ItemLine("a", 1.0, 2.0), ItemLine("b", 1.0, 1.0, bonus=True)], [])
    assert capsys.readouterr().out == "FAIL  a  1 of 2\npass  b  1 of 1 bonus\nPoints 2/2\n"

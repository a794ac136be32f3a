"""The machinery of checks is the same for Homework 2, a new homework and one on another subject."""

from __future__ import annotations

import ast
import importlib.util
import json
import os
import shutil
import subprocess
import sys
import zipfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from autograder.course.assignment import Assignment, Course, Item, read_notebook
from autograder.course.code import serve_solutions
from autograder.errors import ReleaseError
from autograder.release.checksfile import self_contained
from autograder.release.fill import fill_source
from autograder.release.newhomework import begin_course, make_homework
from autograder.submission.receiving import read_submission

from ..generality.course import HOMEWORK, make_course
from ..new.conftest import planned
from ..new.test_solutions import _forgotten as _forgotten
from .conftest import ROOT, Names
from .test_run import imports_of, stubbed


@dataclass(frozen=True)
class Homework:
    """A homework, its released checks as a file and as a module."""

    course: Course
    assignment: Assignment
    file: Path
    module: ModuleType

    @property
    def auto(self) -> tuple[Item, ...]:
        return self.assignment.select("auto")


@pytest.fixture(scope="module", params=["hw2", "new", "classifier"])
def homework(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Homework]:
    root, name = ROOT, "hw2"
    if request.param == "new":
        root, name = tmp_path_factory.mktemp("course"), "hw3"
        make_homework(begin_course(root), planned(name))
    elif request.param == "classifier":
        root, name = tmp_path_factory.mktemp("course"), HOMEWORK
        fill_source(make_course(root), name)
    course = Course(root)
    assignment = course.assignment(name)
    file = tmp_path_factory.mktemp("released") / "checks.py"
    source = (course.source(name) / "checks.py").read_text(encoding="utf-8")
    file.write_text(self_contained(source, assignment), encoding="utf-8")
    spec = importlib.util.spec_from_file_location(f"checks_of_{name}", file)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # dataclasses look their module up
    spec.loader.exec_module(module)
    yield Homework(course, assignment, file, module)
    del sys.modules[spec.name]


HW2_ONLY_WHEN_SLOW = pytest.mark.parametrize(
    "homework",
    [pytest.param("hw2", marks=pytest.mark.slow), "new", "classifier"],
    indirect=True,
    scope="module",
)
"""Run Homework 2 only with the slow tests: every day, test_pack.py tests more of it."""


@pytest.fixture
def names(homework: Homework) -> Names:
    """The names that a finished set of notebooks defines."""
    serve_solutions(homework.course.solutions(homework.assignment.name))
    found: Names = {}
    for item in homework.auto:
        for reference in item.references:
            module = f"solutions.{homework.assignment.name}.{reference.module}"
            found[reference.name] = getattr(importlib.import_module(module), reference.name)
    if homework.assignment.name == "hw2":
        found["network"] = importlib.import_module("solutions.hw2.ntk").network
    return found


def call(homework: Homework, item: Item, names: Names) -> None:
    getattr(homework.module, item.name.replace("-", "_"))(names)


def test_no_name_is_defined_twice(homework: Homework) -> None:
    """All modules of checkskit end in one file, where a second definition replaces the first."""
    body = ast.parse(homework.file.read_text(encoding="utf-8")).body
    names = [s.name for s in body if isinstance(s, (ast.FunctionDef, ast.ClassDef))]
    assert len(names) > 50
    assert [name for name, count in Counter(names).items() if count > 1] == []


def test_checks_know_the_items_of_the_grade_cells(homework: Homework) -> None:
    found = [
        (item.name, problem, item.points, item.bonus, bool(item.answers))
        for problem, items in homework.module.PROBLEMS.items()
        for item in items
    ]
    assert found == [
        (item.name, item.problem, item.max_points, item.bonus, item.kind == "auto")
        for item in homework.assignment.items.values()
    ]
    assert list(homework.module.HINTS) == [item.name for item in homework.auto]
    assert homework.assignment.tolerance == homework.module.TOLERANCE


def test_file_needs_neither_the_kit_nor_another_file(homework: Homework) -> None:
    tree = ast.parse(homework.file.read_text(encoding="utf-8"))
    assert imports_of(tree.body) == {"numpy", "matplotlib"}
    assert "autograder" not in imports_of(ast.walk(tree))


@pytest.mark.parametrize("right", [True, False])
def test_verdicts_are_coloured_and_a_wrong_one_opens_three_hints(
    homework: Homework, names: Names, right: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown: list[str] = []

    def publish(data: dict[str, str], metadata: object) -> None:
        assert metadata == {}
        shown.append(data["text/html"])

    kernel = SimpleNamespace(kernel=object(), display_pub=SimpleNamespace(publish=publish))
    monkeypatch.setattr(homework.module, "shell", lambda: kernel)
    for item in homework.auto:
        wrong = {name: None if name.endswith("_point") else lambda *_: "?" for name in names}
        call(homework, item, names if right else {**names, **wrong})
        assert ("background:#1a7f37" in shown[-1]) is right, shown[-1]
        assert shown[-1].count("<details") == (0 if right else 3)
    assert len(shown) == len(homework.auto)


def test_hints_come_one_after_the_other(
    homework: Homework, capsys: pytest.CaptureFixture[str]
) -> None:
    for item in homework.auto:
        for rung in homework.module.HINTS[item.name]:
            homework.module.hint(item.name)
            assert rung in capsys.readouterr().out


def test_summary_and_ready_tell_what_is_open(
    homework: Homework, names: Names, capsys: pytest.CaptureFixture[str]
) -> None:
    first = homework.auto[0]
    asked = first.references[0].name
    for problem in homework.assignment.problems:
        homework.module.summary(problem.name, names)
        text = capsys.readouterr().out
        for item in problem.items:
            assert f" {item.name} " in text
        assert "Next:" not in text
    assert homework.module.ready(names, asked)
    assert not homework.module.ready({}, asked)
    assert f"waits for: `{asked}`" in capsys.readouterr().out
    homework.module.summary(first.problem, {})
    assert f"({first.name})." in capsys.readouterr().out


def test_hint_without_a_name_shows_a_name_of_this_homework(
    homework: Homework, capsys: pytest.CaptureFixture[str]
) -> None:
    homework.module.hint()
    assert f'checks.hint("{homework.auto[0].references[0].name}").' in capsys.readouterr().out


def test_summary_of_an_unknown_notebook_names_the_notebooks(homework: Homework) -> None:
    with pytest.raises(ValueError, match=f"one of: {homework.assignment.problems[0].name}"):
        homework.module.summary("problem9", {})


@HW2_ONLY_WHEN_SLOW
def test_pack_writes_a_package_that_is_read_when_marked(homework: Homework, tmp_path: Path) -> None:
    """A finished notebook, run by `python checks.py pack` in a student's folder."""
    name, problem = homework.assignment.name, homework.assignment.problems[0]
    (tmp_path / "checks.py").write_bytes(homework.file.read_bytes())
    source = homework.course.source(name) / f"{problem.name}.ipynb"
    content: dict[str, Any] = json.loads(source.read_text(encoding="utf-8"))
    for cell in content["cells"]:
        if "experiment" in cell["id"]:  # they take seconds and change no outcome
            cell["source"] = ""
    (tmp_path / source.name).write_text(json.dumps(content), encoding="utf-8")
    for data in homework.assignment.files:
        shutil.copy(source.with_name(data), tmp_path)
    told = pack(tmp_path)
    assert f"Packed: {name}_submission.zip" in told
    package = tmp_path / f"{name}_submission.zip"
    with zipfile.ZipFile(package) as archive:
        manifest = json.loads(archive.read("manifest.json"))
        archive.extractall(tmp_path / "handed in")
    assert (manifest["assignment"], manifest["schema"]) == (name, "fdl-submission")
    assert manifest["checks"] == {
        item.name: "passed" if item.kind == "auto" else "text" for item in problem.items
    }
    skeletons = {
        p.name: read_notebook(homework.course.source(name) / f"{p.name}.ipynb")
        for p in homework.assignment.problems
    }
    received = read_submission(tmp_path / "handed in", skeletons).notebooks[problem.name]
    assert (received.state, received.message) == ("marked", "")


@HW2_ONLY_WHEN_SLOW
def test_pack_of_an_untouched_notebook_names_all_that_is_open(
    homework: Homework, tmp_path: Path
) -> None:
    problem = homework.assignment.problems[0]
    (tmp_path / "checks.py").write_bytes(homework.file.read_bytes())
    source = homework.course.source(homework.assignment.name) / f"{problem.name}.ipynb"
    content: dict[str, Any] = json.loads(source.read_text(encoding="utf-8"))
    for cell in content["cells"]:
        mark = cell["metadata"].get("nbgrader", {})
        manual = mark.get("grade") and mark["solution"]
        cell["source"] = "*Your answer goes here.*" if manual else stubbed("".join(cell["source"]))
    (tmp_path / source.name).write_text(json.dumps(content), encoding="utf-8")
    told = pack(tmp_path)
    assert "✓" not in told
    after = told.partition("Before you hand in:")[2]
    for item in problem.items:
        assert item.name in after


def pack(folder: Path) -> str:
    run = subprocess.run(
        [sys.executable, "checks.py", "pack"],
        cwd=folder,
        capture_output=True,
        encoding="utf-8",
        env={**os.environ, "PYTHONIOENCODING": "utf-8"},
        check=True,
    )
    assert run.stderr == ""
    return run.stdout


# --- the file itself ----------------------------------------------------------------------------

OWN = '"""My checks."""\n\nfrom autograder.release.checkskit import *\n'


def test_file_is_the_same_each_time(homework: Homework) -> None:
    source = homework.course.source(homework.assignment.name) / "checks.py"
    again = self_contained(source.read_text(encoding="utf-8"), homework.assignment)
    assert again == homework.file.read_text(encoding="utf-8")


def test_checks_without_the_machinery_are_released_as_they_are(homework: Homework) -> None:
    own = '"""My checks."""\n\ndef t(names):\n    print(names)\n'
    assert self_contained(own, homework.assignment) == own


@pytest.mark.parametrize(
    ("source", "told"),
    [
        (OWN + "def close(a, b):\n    return a == b\n", "defines close, but checkskit uses that"),
        (OWN + "TOLERANCE = 1\n", "defines TOLERANCE"),
        (OWN.replace('"""My checks."""', "# mine"), "has no docstring"),
        (OWN + "def p1(:\n", "is not Python"),
    ],
)
def test_faults_of_a_homeworks_own_checks_are_told(
    homework: Homework, source: str, told: str
) -> None:
    with pytest.raises(ReleaseError, match=told):
        self_contained(source, homework.assignment)


def test_checks_run_in_the_source_tree_too(homework: Homework) -> None:
    """As when the teacher opens the source notebook: facts come from the course around it."""
    problem = homework.assignment.problems[0]
    script = f"import checks; checks.summary({problem.name!r}, {{}}); checks.hint('?')"
    run = subprocess.run(
        [sys.executable, "-B", "-c", script],
        cwd=homework.course.source(homework.assignment.name),
        capture_output=True,
        encoding="utf-8",
        env={**os.environ, "PYTHONPATH": str(ROOT), "PYTHONIOENCODING": "utf-8"},
        check=True,
    )
    for item in problem.items:
        assert item.name in run.stdout

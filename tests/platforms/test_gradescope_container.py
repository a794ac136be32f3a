"""The zip in real use: Gradescope's way to build and run it, at the end without a network."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from autograder.course.assignment import Course
from autograder.course.samples import load_sample_class, write_submission
from autograder.grading.jobs import MarkSettings
from autograder.grading.mark import mark_submission
from autograder.platforms.gradescope import Visibility
from autograder.platforms.gradescope.package import GradescopeSettings, write_autograder
from tests.attacks import ATTACKS, stolen_answers
from tests.attacks.attack import Attack
from tests.attacks.scene import hidden_lines
from tests.platforms.container import Container

CHECKOUT = Path(__file__).parents[2]
COURSE = Course(CHECKOUT)
HOMEWORK = COURSE.assignment("hw2")
STUDENTS = {student.name: student for student in load_sample_class(COURSE, "hw2")}

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        os.geteuid() != 0 or not shutil.which("bwrap"), reason="needs root and bubblewrap"
    ),
]


@pytest.fixture(scope="module")
def container(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Container]:
    root = tmp_path_factory.mktemp("gradescope")
    root.chmod(0o755)
    archive = root.with_suffix(".zip")
    write_autograder(COURSE, HOMEWORK, GradescopeSettings("hw2", Visibility.VISIBLE), archive)
    made = Container(root, archive)
    assert "marked behind: inner only" in made.build()
    yield made
    shutil.rmtree(root)


@pytest.mark.parametrize("name", ["ada", "chloe", "güneş", "mateo"])
def test_marks_are_those_of_fdl_mark(container: Container, tmp_path: Path, name: str) -> None:
    folder = tmp_path / "submission"
    write_submission(COURSE, HOMEWORK, STUDENTS[name], folder)
    results, printed = container.mark(folder)
    assert "protection: inner only" in printed
    report = mark_submission(COURSE, HOMEWORK, folder, settings=MarkSettings()).report
    points = {test["name"].split()[0].strip(":"): test.get("score") for test in results["tests"]}
    for item in HOMEWORK.select("auto"):
        assert points[item.name] == report.items[item.name].points, item.name
    assert results["score"] == report.points + report.bonus_points
    assert results["extra_data"]["late_seconds"] > 0


def test_nothing_at_all_gives_results_too(container: Container, tmp_path: Path) -> None:
    (tmp_path / "submission").mkdir()
    (tmp_path / "submission" / "essay.pdf").write_bytes(b"%PDF")
    results, _ = container.mark(tmp_path / "submission")
    assert results["score"] == 0
    assert results["tests"][0]["status"] == "failed"
    assert "no notebook problem1_momentum.ipynb" in results["tests"][0]["output"]


def test_student_can_read_nothing_that_is_hidden_even_without_landlock(
    container: Container,
) -> None:
    look = """
import os
os.setgroups([]); os.setgid(60999); os.setuid(60999)
for top in ("/autograder/source", "/autograder/results", "/autograder/submission",
            "/autograder/kit/lib"):
    for folder, _, names in os.walk(top):
        for name in names:
            path = os.path.join(folder, name)
            if os.access(path, os.R_OK) and "/site-packages/numpy/" not in path:
                print(path)
for path in ("/autograder/source/course/solutions/hw2/ntk.py", "/autograder/results/results.json",
             "/autograder/submission_metadata.json"):
    print(path, os.access(path, os.R_OK))
import glob
[packages] = glob.glob("/autograder/kit/lib/python3*/site-packages")
print("grader", os.access(packages + "/autograder/grading/mark.py", os.R_OK))
print("inside", os.access(packages + "/autograder/sandbox/inside/walls.py", os.R_OK))
"""
    found = container.run(["/autograder/kit/bin/python", "-c", look], network=False).stdout
    assert "inside True" in found
    assert "grader False" in found
    assert "ntk.py False" in found
    assert "results.json False" in found
    assert "submission_metadata.json False" in found
    lines = found.splitlines()
    closed = ("/autograder/source/", "/autograder/results/", "/autograder/submission/")
    assert [line for line in lines if line.startswith(closed) and "False" not in line] == []
    kit = [line for line in lines if re.search(r"site-packages/(autograder|solutions)/", line)]
    assert [line for line in kit if "/sandbox/inside/" not in line] == []


NAMED = {
    "answers-that-are-kept", "answers-in-many-parts", "gradients-that-broadcast",
    "fences-without-end", "formulas-without-end", "outputs-without-end",
    "update-by-an-update-that-nobody-wrote", "update-by-an-update", "kernel-of-zeros",
}  # fmt: skip
OF_THE_GRADER = [attack for attack in ATTACKS if attack.name in NAMED]
"""Attacks on data and files that the grader itself keeps, reads and counts."""


@pytest.mark.parametrize("attack", [*stolen_answers.ATTACKS, *OF_THE_GRADER], ids=str)
def test_who_attacks_gets_nothing(container: Container, tmp_path: Path, attack: Attack) -> None:
    places = {
        "course": Path("/autograder/source/course"),
        "checkout": Path("/autograder/source/course"),
        "victim": Path("/autograder/results"),
        "listener": Path("/nonexistent"),
        "port": Path("/nonexistent"),
    }
    folder = tmp_path / "submission"
    write_submission(COURSE, HOMEWORK, attack.student(places), folder)
    for name in {problem.name for problem in HOMEWORK.problems} - set(attack.problems):
        (folder / f"{name}.ipynb").unlink()
    own = "".join(path.read_text(encoding="utf-8") for path in folder.glob("*.ipynb"))
    if attack.spoil is not None:
        attack.spoil(folder)
    results, _ = container.mark(folder)
    points = {test["name"].split()[0].strip(":"): test.get("score") for test in results["tests"]}
    assert {name: points[name] for name in attack.unsolved if points[name]} == {}
    text = str(results)
    assert [line for line in hidden_lines() if line in text and line not in own] == []

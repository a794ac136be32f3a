"""The rubric beside the answer, which only the marker sees, with the results of hidden tests."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest
from bs4 import BeautifulSoup
from nbformat import NotebookNode
from nbgrader.apps.api import NbGraderAPI
from nbgrader.coursedir import CourseDirectory
from nbgrader.utils import is_grade, is_solution, is_task
from traitlets.config import Config
from traitlets.config.loader import PyFileConfigLoader

from autograder.course.assignment import Assignment, Course, read_notebook
from autograder.course.rubric import read_rubrics
from autograder.gradebook.evidence import EvidenceFound, evidence
from autograder.grading.mark import Marking
from autograder.grading.report import Claim, Report
from autograder.pages.feedback import write_feedback
from autograder.release.proof.texts import squeeze
from tests.gradebook.course import record

from .conftest import Marker
from .course import MODEL_ANSWERS, mark

SECRETS = ("Rubric", "differentiates", "which rule", "finds the factor two", "model answer",
           "why it is flat", "calls it steep", "For the marker")  # fmt: skip


def with_claims(
    marking: Marking, claims: Mapping[str, list[Claim]], diagnosis: str = ""
) -> Marking:
    """Return the Marking with other claims, and a diagnosis, for some items."""
    items = dict(marking.report.items)
    for name, found in claims.items():
        items[name] = replace(items[name], claims=tuple(found), diagnosis=diagnosis)
    return replace(marking, report=replace(marking.report, items=items))


BEND = [Claim("up", True, part="up"), Claim("down", False, part="down")]


def good(course: Course) -> Marking:
    """Return a Marking in which one part of the bend, not needed for the proof, is wrong."""
    return with_claims(mark(course, {"b-bonus": 0.0}), {"a-bend": BEND})


def cells(course: Course, problem: str = "a_slopes") -> list[NotebookNode]:
    path = course.root / "autograded" / "anna" / "hw" / f"{problem}.ipynb"
    return list(read_notebook(path).cells)


def rubric_below(course: Course, item: str, problem: str = "a_slopes") -> NotebookNode:
    """Return the cell right below an answer."""
    found = cells(course, problem)
    ids = [cell.metadata.get("nbgrader", {}).get("grade_id") for cell in found]
    return found[ids.index(item) + 1]


def test_rubric_stands_below_its_answer_with_points_for_each_step(
    course: Course, assignment: Assignment
) -> None:
    record(course, assignment, "anna", good(course))
    proof = rubric_below(course, "a-proof").source
    essay = rubric_below(course, "b-essay", "b_extras").source
    assert "For the marker: rubric of a-proof (2 points)" in proof
    assert "- **0.5 points:** differentiates $x^2$ and says which rule that is\n" in proof
    assert "- **1 point:** finds the factor two\n" in proof
    assert "For the marker: rubric of b-essay (1 point)" in essay
    assert "- **1 point:** says why it is flat\n- **−0.5 points:** calls it steep\n" in essay
    assert "model" not in proof + essay
    assert "evidence" not in proof + essay


def test_evidence_stands_below_its_step(course: Course, assignment: Assignment) -> None:
    record(course, assignment, "anna", good(course))
    lines = rubric_below(course, "a-proof").source.splitlines()
    first = next(number for number, line in enumerate(lines) if line.startswith("- "))
    assert lines[first + 1 : first + 6] == [
        "- **1 point:** finds the factor two",
        "    - ✓ shown by `a-slope`: the slope at any point",
        "- **0.5 points:** bends it",
        "    - ✓ shown by `a-bend`: the bend",
        "    - ✗ not shown by `b-bonus`: the bonus",
    ]


def test_marker_reads_which_mistake_the_tests_know(course: Course, assignment: Assignment) -> None:
    wrong = [Claim("bonus", False)]
    marking = with_claims(good(course), {"b-bonus": wrong}, diagnosis="You forgot x_1 * <2>.")
    record(course, assignment, "anna", marking)
    assert (
        "✗ not shown by `b-bonus`: the bonus. You forgot x&#95;1 &#42; &lt;2&gt;.\n"
    ) in rubric_below(course, "a-proof").source


def test_rubric_is_nothing_to_nbgrader(course: Course, assignment: Assignment) -> None:
    record(course, assignment, "anna", good(course))
    cell = rubric_below(course, "a-proof")
    assert cell.cell_type == "markdown"
    assert "nbgrader" not in cell.metadata
    assert not any(of_nbgrader(cell) for of_nbgrader in (is_grade, is_solution, is_task))


def test_notebook_that_could_not_be_marked_has_its_rubrics_too(
    course: Course, assignment: Assignment
) -> None:
    marking = mark(course, broken={"a_slopes": "a_slopes.ipynb can't be read: it is not JSON."})
    record(course, assignment, "anna", marking)
    rubric = rubric_below(course, "a-proof").source
    assert "– `a-slope` could not be tested: the slope at any point" in rubric
    assert "✓ shown by `b-bonus`: the bonus" in rubric


def test_rubric_that_cannot_be_read_stops_no_marking(
    course: Course, assignment: Assignment, marker: Marker
) -> None:
    path = course.source("hw") / "a_slopes.ipynb"
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace("#### Rubric", "#### Points"), encoding="utf-8")
    record(course, assignment, "anna", good(course))
    assert marker.total()[0] == 3.0
    assert "For the marker" not in "".join(cell.source for cell in cells(course))


# --- text that a student must not see -------------------------------------------------------------


def test_no_page_of_a_student_holds_a_rubric(course: Course, assignment: Assignment) -> None:
    record(course, assignment, "anna", good(course))
    ours = {path.name: path.read_text() for path in write_feedback(course, assignment, ["anna"])}
    config = Config(PyFileConfigLoader("nbgrader_config.py", path=str(course.root)).load_config())
    api: Any = NbGraderAPI(CourseDirectory(config=config), config=config)
    assert api.generate_feedback("hw", "anna", force=True)["success"]
    folder = course.root / "feedback" / "anna" / "hw"
    theirs = {path.name: path.read_text(encoding="utf-8") for path in folder.iterdir()}
    assert ours.keys() == theirs.keys()
    for page in (*ours.values(), *theirs.values()):
        assert [secret for secret in SECRETS if secret in page] == []


def test_release_holds_no_rubric(course: Course) -> None:
    steps = [
        squeeze(line)
        for text in MODEL_ANSWERS.values()
        for line in text.splitlines()
        if line.startswith("- ")
    ]
    released = squeeze("".join(p.read_text() for p in course.release("hw").glob("*.ipynb")))
    assert [step for step in steps if step in released] == []


# --- features that the rubric must not disturb ----------------------------------------------------


def test_changed_evidence_leaves_a_persons_mark_and_comment(
    course: Course, assignment: Assignment, marker: Marker
) -> None:
    record(course, assignment, "anna", good(course))
    marker.give("a-proof", 1.5)
    marker.comment("a-proof", "Which rule?")
    before = rubric_below(course, "a-proof").source
    record(course, assignment, "anna", with_claims(good(course), {"a-slope": [Claim("", False)]}))
    assert rubric_below(course, "a-proof").source != before
    grade = marker.grade("a-proof")
    assert (grade["manual_score"], grade["needs_manual_grade"]) == (1.5, False)
    assert marker.comment_on("a-proof") == "Which rule?"
    write_feedback(course, assignment, ["anna"])
    page = (course.root / "feedback" / "anna" / "hw" / "index.html").read_text(encoding="utf-8")
    box = BeautifulSoup(page, "html.parser").find("article", id="a-proof")
    assert box is not None
    assert "Which rule?" in box.get_text()


def test_text_left_as_released_still_earns_nothing_by_itself(
    course: Course, assignment: Assignment, marker: Marker
) -> None:
    record(course, assignment, "anna", mark(course, answers={}))
    grade = marker.grade("a-proof")
    assert (grade["auto_score"], grade["needs_manual_grade"]) == (0.0, False)


# --- text that a page for students may contain ----------------------------------------------------


def found(course: Course, assignment: Assignment, report: Report) -> list[EvidenceFound]:
    return list(evidence(read_rubrics(course, assignment), report)["a-proof"])


def test_evidence_is_told_by_its_public_words(course: Course, assignment: Assignment) -> None:
    assert found(course, assignment, good(course).report) == [
        EvidenceFound("the slope at any point", "a-slope", holds=True),
        EvidenceFound("the bend", "a-bend", holds=True),
        EvidenceFound("the bonus", "b-bonus", holds=False),
    ]
    assert "b-essay" not in evidence(read_rubrics(course, assignment), good(course).report)


@pytest.mark.parametrize(
    ("claims", "holds", "tested"),
    [
        ([Claim("", True), Claim("", False, costs=0.25)], True, True),
        ([Claim("", True), Claim("", False)], False, True),
        ([Claim("", True, costs=0.25)], False, False),
        ([], False, False),
    ],
)
def test_evidence_is_what_the_core_tests_say(
    course: Course, assignment: Assignment, claims: list[Claim], holds: bool, tested: bool
) -> None:
    marking = with_claims(good(course), {"a-slope": claims})
    slope = found(course, assignment, marking.report)[0]
    assert (slope.holds, slope.tested) == (holds, tested)


def test_claim_of_several_steps_is_told_once(course: Course, assignment: Assignment) -> None:
    path = course.source("hw") / "a_slopes.ipynb"
    twice = 'a-slope \\"the slope at any point\\"]'
    text = path.read_text(encoding="utf-8")
    assert twice in text
    text = text.replace("says which rule that is", f"says which rule that is [evidence: {twice}")
    path.write_text(text, encoding="utf-8")
    phrases = [one.phrase for one in found(course, assignment, good(course).report)]
    assert phrases == ["the slope at any point", "the bend", "the bonus"]

from __future__ import annotations

import pytest

from autograder.course.gradecells import CellPlace
from autograder.course.rubric import Evidence, Rubric, Step, without_evidence
from autograder.course.rubric import read_rubric as read_rubric_of
from autograder.errors import CourseError

ANSWER = "The model answer.\n\n#### Rubric\n\n"
WHERE = CellPlace("p1", 6, "q-why")


def read_rubric(source: str) -> Rubric:
    return read_rubric_of(source, WHERE)


def test_steps_are_read_with_their_points_and_evidence() -> None:
    rubric = read_rubric(
        ANSWER + "- (1 point) finds $|x|$"
        ' [evidence: q-size "the size"] [evidence: q-all/ends "both ends"]\n'
        "- (0.5 points) says why [not how]\n"
    )
    size, ends = Evidence("q-size", "", "the size"), Evidence("q-all", "ends", "both ends")
    assert rubric.steps == (
        Step(1.0, "finds $|x|$", (size, ends)),
        Step(0.5, "says why [not how]"),
    )
    assert rubric.points == 1.5
    assert [str(evidence) for evidence in rubric.evidence] == ["q-size", "q-all/ends"]


def test_step_may_go_on_in_the_next_line() -> None:
    rubric = read_rubric(ANSWER + "- (1 point) finds\n  the size\n\nFree words.\n- (1 point) why")
    assert [step.text for step in rubric.steps] == ["finds the size", "why"]


def test_deductions_are_left_out_of_the_sum() -> None:
    rubric = read_rubric(ANSWER + "- (1 point) why\n- (-0.5 points) too much\n- (−1 point) no")
    assert [(step.points, step.is_deduction) for step in rubric.steps] == [
        (1.0, False),
        (-0.5, True),
        (-1.0, True),
    ]
    assert rubric.points == 1.0


def test_evidence_of_two_steps_counts_once() -> None:
    line = '- (1 point) finds it [evidence: q-size "the size"]\n'
    assert len(read_rubric(ANSWER + line + line).evidence) == 1


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("The model answer.", ": the line `#### Rubric` is missing; write it after"),
        (ANSWER + ANSWER, ", line 7: this is the second line `#### Rubric`; keep only one"),
        (ANSWER + "- finds it", ", line 5: this rubric line does not have the form"),
        (ANSWER + "* (1 point) finds it", ", line 5: this rubric line does not have the form"),
        (
            ANSWER + "- (1 point) it\n  - (1 point) more",
            ", line 6: this rubric line does not have the form",
        ),
        (
            ANSWER + "- (1 point) it [evidence: q-size]",
            ", line 5: the evidence does not have the form",
        ),
        (
            ANSWER + '- (1 point) it [evidence: "the size"]',
            ", line 5: the evidence does not have the form",
        ),
        (
            ANSWER + '- (1 point) [evidence: q-size "the size"]',
            ", line 5: .* contains only evidence",
        ),
        (ANSWER + "- (0 points) it", ", line 5: this rubric line has 0 points; a step earns"),
        (ANSWER + "- (-0 points) it", ", line 5: this rubric line has 0 points; a step earns"),
        (ANSWER + "- (−0.0 points) it", ", line 5: this rubric line has 0 points; a step earns"),
        (ANSWER + "- (+1 point) it", ", line 5: this rubric line does not have the form"),
        (
            ANSWER + '- (-1 point) it [evidence: q-size "the size"]',
            ", line 5: a deduction has no evidence, since tests confirm only what is right",
        ),
    ],
)
def test_rubric_that_cannot_be_read_names_its_line(source: str, message: str) -> None:
    with pytest.raises(CourseError, match=rf"^p1\.ipynb, cell 7 \(q-why\){message}"):
        read_rubric(source)


def test_evidence_is_taken_out_of_a_text() -> None:
    text = '- (1 point) finds it [evidence: q-size "the size"] [evidence: q-all "all"]'
    assert without_evidence(text) == "- (1 point) finds it"

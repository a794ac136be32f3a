"""A claim describes cases in words, shows results only when due, and hides inputs in errors."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from autograder.course.assignment import Course
from autograder.course.samples import SampleStudent
from autograder.grading.errortexts import fit_to_show
from autograder.grading.misconceptions import load_misconceptions
from autograder.grading.plugin import Outcome
from autograder.grading.points import item_report, unattempted
from autograder.grading.report import Claim, ItemReport, NotebookReport, Report
from autograder.sandbox import NotDone
from tests.hidden.marking import PROBLEMS
from tests.hidden.marking import mark as mark_answers

from .conftest import ROOT, MarkTiny
from .test_sharing import Desk, outcomes

# failed cases


CASES = """
@item("first", cases="d = {d}".format)
@pytest.mark.parametrize("d", [1, 2, 7])
def test_one(student, d):
    \"\"\"It works.

    After the due date: It gives "right".
    \"\"\"
    assert student.f() == "right"

@item("second")
@pytest.mark.parametrize("seed", [8349])
def test_two(student, seed):
    \"\"\"It works again.\"\"\"
    if student.f() != "right":
        raise ClaimFailed("The answer is wrong.")
"""


def claim_of(folder: Path, answers: Callable[[int], Any]) -> Claim:
    """Return the claim of a test with cases; the cases get these answers in turn."""
    found = [each for each in outcomes(folder, CASES, Desk(answers)) if each.item == "first"]
    return item_claims(found)[0]


def item_claims(found: list[Outcome]) -> tuple[Claim, ...]:
    course = Course(ROOT)
    item = course.assignment("hw2").items["p1-momentum"]
    return item_report(item, found, NotebookReport("marked")).claims


def outcome(passed: bool, told_case: str = "", unwritten: str = "") -> Outcome:
    message = "" if passed else "It is wrong."
    return Outcome(
        "i", "answer", 0.0, "t", "C.", passed, message, told_case=told_case, unwritten=unwritten
    )


@pytest.mark.parametrize(
    ("found", "message"),
    [
        (
            [outcome(False, "d = 1"), outcome(True, "d = 2")],
            "Fails for d = 1; the other cases hold. It is wrong.",
        ),
        (
            [outcome(False, "d = 1"), outcome(False, "d = 2"), outcome(True, "d = 7")],
            "Fails for d = 1 and for d = 2; the other cases hold. It is wrong.",
        ),
        (
            [outcome(False, f"n = {n}") for n in range(3)] + [outcome(True, "n = 3")],
            "Fails for n = 0, for n = 1 and for n = 2; the other cases hold. It is wrong.",
        ),
        ([outcome(False, "d = 1"), outcome(False, "d = 2")], "It is wrong."),
        ([outcome(False), outcome(True)], "It is wrong."),
    ],
)
def test_failed_cases_are_named_if_others_hold(found: list[Outcome], message: str) -> None:
    assert item_claims(found)[0].message == message


def test_a_case_is_named_by_the_words_of_its_test_alone(tmp_path: Path) -> None:
    found = outcomes(tmp_path, CASES, Desk(lambda _: "wrong"))
    assert [each.told_case for each in found] == ["d = 1", "d = 2", "d = 7", ""]
    assert "8349" not in "".join(claim.message for claim in item_claims(found))


def test_each_case_of_homework_2_that_is_named_reveals_no_input() -> None:
    named = {
        each.told_case
        for problem in PROBLEMS
        for found in mark_answers(problem, {}, 0).outcomes.values()
        for each in found
    } - {""}
    assert {"d = 1", "d = 7", "n = 0", "n = 2", "a single step, T = 1"} <= named
    assert not [words for words in named if "." in words or len(words) > 60]


# --- texts that are left out ----------------------------------------------------------------------


def test_a_stub_is_told_from_a_wrong_answer(tmp_path: Path) -> None:
    def answer(_: int) -> str:
        raise NotDone(by_itself=True)

    claim = claim_of(tmp_path, answer)
    assert claim.unwritten == "f"
    report = replace(auto(), claims=(claim,))
    assert report.shown_claims == ()
    assert report.gap == "Not written yet: `f` still raises NotImplementedError."


def test_what_is_written_for_some_cases_is_no_stub() -> None:
    [claim] = item_claims([outcome(True, "n = 1"), outcome(False, "n = 2", unwritten="f")])
    assert claim.unwritten == ""


def auto() -> ItemReport:
    return ItemReport("auto", "p", 0.0, 1.0, False, "marked")


def test_an_untouched_cell_is_unattempted_unless_something_holds() -> None:
    failed = replace(auto(), claims=(Claim("C.", False),))
    assert unattempted(failed).gap == "Not attempted."
    assert unattempted(failed).shown_claims == ()
    held = replace(auto(), claims=(Claim("C.", False), Claim("D.", True)))
    assert unattempted(held) == held


def test_a_marked_notebook_tells_what_was_not_touched(mark_tiny: MarkTiny) -> None:
    half = "def slope(u, v):\n    # still thinking\n    raise NotImplementedError"
    student = SampleStudent(
        "anna", "half done", {"t-slope-answer": half}, done=frozenset({"t-plot-answer"})
    )
    items = mark_tiny(student).report.items
    assert items["t-plot"].gap == ""
    assert items["t-values"].gap == items["t-proof"].gap == "Not attempted."
    assert items["t-slope"].gap == "Not written yet: `slope` still raises NotImplementedError."
    assert items["t-slope"].shown_claims == ()


# results


def test_a_result_is_kept_apart_from_its_claim(tmp_path: Path) -> None:
    claim = claim_of(tmp_path, lambda _: "right")
    assert (claim.claim, claim.result) == ("It works.", 'It gives "right".')
    assert claim.text == 'It works. It gives "right".'


def test_a_report_without_results_states_none(mark_tiny: MarkTiny) -> None:
    report = mark_tiny(SampleStudent("anna", "answers all")).report
    item = replace(report.items["t-slope"], claims=(Claim("C.", True, result="It is 2."),))
    report = replace(report, items={**report.items, "t-slope": item})
    assert "It is 2." in report.to_json()
    assert "It is 2." not in report.without_results().to_json()
    assert report.without_results().points == report.points
    assert Report.from_json(report.to_json()) == report


RESULTS = (
    "v²u", "[v²", "v²I", "2vu", "‖u‖²+dv²", "dv²+‖u‖²", "dv²+a", "γ_tβ_t/γ", "γ_tβ_t", "β_tγ_t",
    "γ_t/γ_{t−1}", "1−ηv²", "1−ηb", "1+ρv²", "1+ρ‖u‖²", "1+ρa", "σ(Wx)/√m", "(v⊙σ'(Wx))xᵀ",
    "λ_t=β̂_t(1+λ_{t+1})", "7sin", "1+6cos", "(π−θ)cosθ", "sinθ+", "sinθcosθ", "2(π−θ)",
)  # fmt: skip
"""The formulas that the homework asks students to derive, without spaces."""


def squeezed(text: str) -> str:
    return "".join(text.split()).replace("·", "")


def results_in(text: str) -> list[str]:
    return [result for result in RESULTS if result in squeezed(text)]


@pytest.mark.parametrize("problem", PROBLEMS)
def test_no_claim_of_homework_2_states_a_result_before_it_is_due(problem: str) -> None:
    found = [each for of in mark_answers(problem, {}, 0).outcomes.values() for each in of]
    assert {each.claim: results_in(each.claim) for each in found if results_in(each.claim)} == {}
    if problem != "problem1_momentum":
        assert any(results_in(each.result) for each in found)


def test_no_sentence_of_a_misconception_states_a_result() -> None:
    """A sentence that refers to the release's errata may repeat the errata's text."""
    course = Course(ROOT)
    catalogue = load_misconceptions(course, course.assignment("hw2"))
    others = [each for each in catalogue if "erratum" not in each.sentence]
    assert len(others) < len(catalogue)
    stated = {str(each): results_in(each.sentence) for each in others}
    assert {name: found for name, found in stated.items() if found} == {}


# --- the texts of errors --------------------------------------------------------------------------


LINE = "return y + np.foo(x0)"
GIVEN = "def momentum(gradient, x0, gammas, betas, indices): ..."


@pytest.mark.parametrize(
    "text",
    [
        "name 'y' is not defined",
        "module 'numpy' has no attribute 'foo'",
        "'numpy.ndarray' object has no attribute 'foo'",
        "momentum() takes 4 positional arguments but 5 were given",
        "momentum() missing 1 required positional argument: 'indices'",
        "unsupported operand type(s) for +: 'NoneType' and 'float'",
        "operands could not be broadcast together with shapes (3,) (4,) ",
        "shapes (3,2) and (3,2) not aligned: 2 (dim 1) != 3 (dim 0)",
        "index 5 is out of bounds for axis 0 with size 5",
        "division by zero",
        "Cannot cast ufunc 'subtract' output from dtype('float64') to dtype('int64') with casting "
        "rule 'same_kind'",
    ],
)
def test_text_of_an_error_that_holds_nothing_hidden_is_shown(text: str) -> None:
    assert fit_to_show(text, [GIVEN, LINE]) == text.strip()


@pytest.mark.parametrize(
    "text",
    [
        "[0.31 -1.2 7.7]",
        "0.3141592",
        "name 'x_0_3141592' is not defined",
        "name '3141592' is not defined",
        "name 'secret' is not defined",
        "module 'numpy' has no attribute 'a3141592'",
        "operands could not be broadcast together with shapes (314,) (159,)",
        "operands could not be broadcast together with shapes (3,1,4,1,5) (9,2,6,5,3)",
        "index 31415926 is out of bounds for axis 0 with size 5",
        "index ٣ is out of bounds for axis 0 with size 5",
        "name 'y' is not defined\n0.3141592",
        "0.3141592 name 'y' is not defined",
        "name 'ｙ' is not defined",
        "could not convert string to float: '0.3141592'",
        "(0.05, 0.2)",
        "'eta'",
        "momentum() takes 31 positional arguments but 41 were given",
        "y" * 100_000,
        "name '" + "y." * 200 + "' is not defined",
        "",
    ],
)
def test_text_of_an_error_that_may_hold_an_input_is_not_shown(text: str) -> None:
    assert fit_to_show(text, [GIVEN, LINE]) == ""


@pytest.mark.parametrize(
    "broken",
    [
        lambda x: x + np.zeros(4),
        lambda x: x[5],
        lambda x: x.foo,
        lambda x: np.zeros((2, 3)) @ x[:2],
        lambda x: float(x),
        lambda x: x["a"],
        lambda x: bool(x == 0),
        lambda x: x.reshape(2, 2),
        lambda x: np.linalg.inv(0 * np.outer(x, x)),
        lambda x: np.concatenate([x, np.zeros((2, 2))]),
        lambda x: np.sum(x, axis=1),
        lambda x: x.astype(int).__isub__(0.5),
    ],
)
def test_common_errors_of_the_numpy_at_hand_are_shown(broken: Callable[[Any], Any]) -> None:
    with pytest.raises(Exception) as caught:  # noqa: PT011
        broken(np.array([0.25, 1.5, 2.0]))
    assert fit_to_show(str(caught.value), ["foo"]) == str(caught.value).strip()


def slope(body: str) -> str:
    return f"def slope(u, v):\n    {body}"


@pytest.mark.parametrize(
    ("body", "told"),
    [
        (
            "return u * w, 1",
            "The code raised a NameError in your line `return u * w, 1`: name 'w' is not defined.",
        ),
        (
            "raise ValueError(str(u))",
            "The code raised a ValueError in your line `raise ValueError(str(u))`.",
        ),
        (
            "raise NameError(f\"name 'x{int(1e6 * abs(v))}' is not defined\")",
            "The code raised a NameError in your line "
            "`raise NameError(f\"name 'x{int(1e6 * abs(v))}' is not defined\")`.",
        ),
        (
            "raise type('E', (OSError,), {'__str__': lambda s: 1 / 0})",
            "The code raised an OSError in your line "
            "`raise type('E', (OSError,), {'__str__': lambda s: 1 / 0})`.",
        ),
        (
            "raise ValueError('\\ud800' * 9)",
            "The code raised a ValueError in your line `raise ValueError('\\ud800' * 9)`.",
        ),
    ],
)
def test_an_error_under_a_test_tells_no_input(body: str, told: str, mark_tiny: MarkTiny) -> None:
    marking = mark_tiny(SampleStudent("anna", "raises", {"t-slope-answer": slope(body)}))
    assert {claim.message for claim in marking.report.items["t-slope"].claims} == {told}


def test_a_function_with_too_few_parameters_says_so(mark_tiny: MarkTiny) -> None:
    answer = {"t-slope-answer": "def slope(u):\n    return u, 1"}
    claims = (
        mark_tiny(SampleStudent("anna", "one parameter", answer)).report.items["t-slope"].claims
    )
    assert {claim.message for claim in claims} == {
        "The code raised a TypeError: slope() takes 1 positional argument but 2 were given."
    }

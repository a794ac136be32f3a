"""The formgrader itself: a Jupyter server in a course, and a marker who sends requests to it."""

from __future__ import annotations

import itertools
import re
import shutil
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.parse import quote

import pytest
from bs4 import BeautifulSoup
from nbformat.v4 import new_markdown_cell, new_output

from autograder.course.assignment import Course
from autograder.grading.mark import Marking
from autograder.pages.feedback import write_feedback
from tests.browser.visitor import Gate
from tests.gradebook.course import record, record_class

from .conftest import Marker
from .course import as_marked, mark, unclean
from .server import SECONDS, TOKEN, Formgrader, started
from .test_penalties import A_DAY_LATE, EARNED, hand_in_at, with_rules

STUDENTS = ("anna", "bela", "güneş; 'x' [1]")
LATE = "late"
"""A student who submitted a day late, in a course with a penalty for late work."""


@pytest.fixture(scope="module")
def graded(prepared: Path, tmp_path_factory: pytest.TempPathFactory) -> Course:
    root = tmp_path_factory.mktemp("formgrader") / "course"
    shutil.copytree(prepared, root)
    course = Course(root)
    assignment = course.assignment("hw")
    broken = mark(course, broken={"a_slopes": "a_slopes.ipynb can't be read: it is not JSON."})
    attacked = as_marked(course, hostile(unclean(course)))
    markings = dict(zip(STUDENTS, (attacked, broken, mark(course)), strict=True))
    course = with_rules(course, EARNED)
    hand_in_at(course, A_DAY_LATE, LATE)
    record_class(course, assignment, {**markings, LATE: mark(course)})
    return course


def hostile(marking: Marking) -> Marking:
    """The same course with scripts that would change a page's title, in every student text."""
    attack = "<script>document.title='owned'</script><img src=x onerror=\"document.title='owned'\">"
    notebooks = dict(marking.notebooks)
    notebook = notebooks["a_slopes"]
    for cell in notebook.cells:
        if cell.cell_type == "code":
            data = {"text/html": attack, "application/javascript": "document.title='owned'"}
            cell.outputs.append(new_output("display_data", data={**data, "image/svg+xml": attack}))
        elif cell.metadata.nbgrader.solution:
            cell.source += f"\n\n{attack}\n\n[x](javascript:document.title='owned')"
    notebook.cells.append(new_markdown_cell(attack, id="extra"))
    return replace(marking, notebooks=notebooks)


@pytest.fixture(scope="module")
def formgrader(graded: Course, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Formgrader]:
    with started(graded, tmp_path_factory.mktemp("home"), fork=False) as formgrader:
        yield formgrader


# pages


@pytest.mark.parametrize(
    "path", ["", "manage_submissions/hw", "gradebook", "gradebook/hw", "gradebook/hw/a_slopes"]
)
def test_page_opens(formgrader: Formgrader, path: str) -> None:
    page = formgrader.page(path)
    assert "<title>nbgrader" in page
    assert "Loading, please wait" in page
    assert "not configured" not in page


def test_class_is_listed_with_its_marks(formgrader: Formgrader) -> None:
    found = {entry["student"]: entry for entry in formgrader.get("submissions/hw")}
    assert set(found) == {*STUDENTS, LATE}
    assert all(entry["autograded"] for entry in found.values())
    bela = found["bela"]
    assert (bela["score"], bela["max_score"]) == (2.0, 5.0)


@pytest.mark.parametrize("student", STUDENTS)
@pytest.mark.parametrize("notebook", ["a_slopes", "b_extras"])
def test_submission_opens_for_marking(formgrader: Formgrader, student: str, notebook: str) -> None:
    item = {"a_slopes": "a-proof", "b_extras": "b-essay"}[notebook]
    page = formgrader.page(f"submissions/{formgrader.notebook_id(student, notebook)}/")
    soup = BeautifulSoup(page, "html.parser")
    for name in (item, f"{item}_extra_credit", f"{item}-comment"):
        assert len(soup.find_all(id=name)) == 1


def test_rubric_is_shown_below_the_answer_and_takes_no_mark(formgrader: Formgrader) -> None:
    page = formgrader.page(f"submissions/{formgrader.notebook_id(STUDENTS[2], 'a_slopes')}/")
    soup = BeautifulSoup(page, "html.parser")
    comment = soup.find(id="a-proof-comment")
    assert comment is not None
    rubric = comment.find_next(class_="panel-warning")
    assert rubric is not None
    assert "rubric of a-proof (2 points)" in rubric.get_text()
    steps = [step.get_text() for step in rubric.select(".panel-body > ul > li")]
    assert [step.partition(":")[0] for step in steps] == ["0.5 points", "1 point", "0.5 points"]
    assert "✓ shown by a-slope: the slope at any point" in steps[1]
    assert rubric.find_all(["input", "textarea"]) == []


# marks of a person


def test_mark_and_comment_stay_and_reach_the_student(formgrader: Formgrader) -> None:
    course, student = formgrader.course, STUDENTS[2]
    grade = formgrader.entry("grades", student, "a_slopes", "a-proof")
    assert grade["needs_manual_grade"]
    formgrader.send(f"grade/{grade['id']}", {**grade, "manual_score": 1.5})
    essay = formgrader.entry("grades", student, "b_extras", "b-essay")
    formgrader.send(f"grade/{essay['id']}", {**essay, "extra_credit": 1})
    comment = formgrader.entry("comments", student, "a_slopes", "a-proof")
    text = "Why may you swap <the> limits?"
    formgrader.send(f"comment/{comment['id']}", {**comment, "manual_comment": text})

    record(course, course.assignment("hw"), student, mark(course))

    grade = formgrader.entry("grades", student, "a_slopes", "a-proof")
    assert (grade["manual_score"], grade["needs_manual_grade"]) == (1.5, False)
    comment = formgrader.entry("comments", student, "a_slopes", "a-proof")
    assert comment["manual_comment"] == text
    listed = formgrader.get(f"submission/hw/{quote(student)}")
    assert (listed["score"], listed["max_score"]) == (3.0 + 1.5 + 2.0 + 1.0, 5.0)
    assert not listed["needs_manual_grade"]
    write_feedback(course, course.assignment("hw"), [student])
    page = course.root / "feedback" / student / "hw" / "index.html"
    told = BeautifulSoup(page.read_text(encoding="utf-8"), "html.parser").get_text()
    assert text in told
    assert "1.5 of 2" in told


def test_marks_are_recorded_while_the_formgrader_is_open(formgrader: Formgrader) -> None:
    course = formgrader.course
    formgrader.page("gradebook/hw/a_slopes")
    record(course, course.assignment("hw"), "bela", mark(course, {"a-bend": 0.5}))
    assert formgrader.entry("grades", "bela", "a_slopes", "a-bend")["auto_score"] == 0.5
    assert Marker(course).grade("a-bend", "bela")["auto_score"] == 0.5


def test_marks_typed_while_a_class_is_recorded_are_kept(formgrader: Formgrader) -> None:
    """A person marks in the formgrader without a pause, while grading runs record the class."""
    course, students = formgrader.course, (STUDENTS[2], LATE)
    assignment = course.assignment("hw")
    typed: dict[str, float] = {}
    recorded = threading.Event()

    def type_marks() -> int:
        for count in itertools.count():
            if recorded.is_set() and count >= 10:
                return count
            student, points = students[count % 2], (count % 5) / 2
            grade = formgrader.entry("grades", student, "a_slopes", "a-proof")
            formgrader.send(f"grade/{grade['id']}", {**grade, "manual_score": points})
            typed[student] = points
        raise AssertionError

    with ThreadPoolExecutor(1) as person:
        typing = person.submit(type_marks)
        for bend in (0.5, 1.0, 1.5, 0.5, 1.0, 2.0):
            marking = mark(course, {"a-bend": bend})
            record_class(course, assignment, dict.fromkeys(students, marking))
        recorded.set()
        assert typing.result() >= 10
    for student in students:
        found = {
            name: formgrader.entry("grades", student, "a_slopes", name)
            for name in ("a-proof", "a-bend")
        }
        assert found["a-proof"]["manual_score"] == typed[student]
        assert not found["a-proof"]["needs_manual_grade"]
        assert found["a-bend"]["auto_score"] == 2.0
        formgrader.send(
            f"grade/{found['a-proof']['id']}", {**found["a-proof"], "manual_score": None}
        )


def test_mark_saved_in_the_formgrader_settles_the_penalty_at_once(formgrader: Formgrader) -> None:
    marker = Marker(formgrader.course)
    before = marker.penalty(LATE)
    proof = formgrader.entry("grades", LATE, "a_slopes", "a-proof")
    saved = formgrader.send(f"grade/{proof['id']}", {**proof, "manual_score": 2.0})
    assert saved["manual_score"] == 2.0
    assert before == pytest.approx(0.3)
    assert marker.penalty(LATE) == pytest.approx(0.5)


# bonus items


@pytest.mark.parametrize(
    ("typed", "saved"),
    [
        ((0.5, None), 0.5),
        (("0.5", None), 0.5),
        ((0.5, 0.25), 0.5),
        ((None, 0.25), 0.25),
        ((0, 0), 0.0),
        ((7, None), 1.0),
        ((None, 7), 1.0),
        ((-1, None), 0.0),
    ],
)
def test_points_of_a_bonus_text_become_extra_credit_in_either_field(
    formgrader: Formgrader, typed: tuple[Any, Any], saved: float
) -> None:
    essay = _bonus(formgrader, "b-essay", *typed)
    found = (essay["manual_score"], essay["extra_credit"], essay["needs_manual_grade"])
    assert found == (None, saved, False)
    assert Marker(formgrader.course).grade("b-essay", LATE)["extra_credit"] == saved
    typed_score, typed_credit = (None if each is None else float(each) for each in typed)
    moved = typed_score not in (None, 0) or saved != (
        typed_credit if typed_score is None else typed_score
    )
    assert bool(essay["note"]) == moved


def test_bonus_text_without_points_awaits_its_mark_again(formgrader: Formgrader) -> None:
    assert not _bonus(formgrader, "b-essay", None, 1)["needs_manual_grade"]
    assert _bonus(formgrader, "b-essay", None, None)["needs_manual_grade"]


def test_tested_bonus_item_takes_points_and_gives_them_back(formgrader: Formgrader) -> None:
    essay = _bonus(formgrader, "b-bonus", 1.5, 2.0)
    assert (essay["manual_score"], essay["extra_credit"]) == (None, 1.5)
    essay = _bonus(formgrader, "b-bonus", None, None)
    found = (essay["manual_score"], essay["extra_credit"], essay["needs_manual_grade"])
    assert found == (None, 2.0, False)


@pytest.mark.parametrize("typed", ["a half", float("nan"), True, [1]])
def test_bonus_points_that_are_no_number_are_refused(formgrader: Formgrader, typed: Any) -> None:
    before = _bonus(formgrader, "b-essay", None, 0.5)
    with pytest.raises(HTTPError, match="the points are not a number"):
        _bonus(formgrader, "b-essay", typed, None)
    after = formgrader.entry("grades", LATE, "b_extras", "b-essay")
    assert after["extra_credit"] == before["extra_credit"] == 0.5


def _bonus(formgrader: Formgrader, item: str, score: Any, credit: Any) -> dict[str, Any]:
    grade = formgrader.entry("grades", LATE, "b_extras", item)
    assert grade["max_score"] == {"b-essay": 1.0, "b-bonus": 2.0}[item]
    typed = {**grade, "manual_score": score, "extra_credit": credit}
    return dict(formgrader.send(f"grade/{grade['id']}", typed))


# in a browser


@pytest.fixture(scope="module")
def tab(browser: Any, formgrader: Formgrader) -> Iterator[Any]:
    """A logged-in browser tab that may reach only our server; other requests are recorded."""
    context = browser.new_context(viewport={"width": 1200, "height": 900})
    context.set_default_timeout(1000 * SECONDS)
    tab = context.new_page()
    tab.elsewhere = []

    def route(request: Any) -> None:
        if request.request.url.startswith(formgrader.address):
            request.continue_()
        else:
            tab.elsewhere.append(request.request.url)
            request.abort()

    context.route("**/*", route)
    context.request.get(f"{formgrader.address}/formgrader?token={TOKEN}")
    yield tab
    context.close()


@pytest.fixture
def anna_opened(formgrader: Formgrader, tab: Any) -> Any:
    """The page for marking Anna's first notebook, loaded once for tests that only read it."""
    number = formgrader.notebook_id("anna", "a_slopes")
    page = f"{formgrader.address}/formgrader/submissions/{number}/"
    if tab.url != page:
        tab.goto(page, wait_until="load")
    return tab


def test_nothing_that_a_student_wrote_acts_in_the_browser(anna_opened: Any) -> None:
    tab = anna_opened
    assert tab.title() != "owned"
    assert "so far so good" in tab.inner_text("#notebook")
    assert tab.elsewhere == []
    student_links = "#notebook a:not(.anchor-link)"
    assert tab.eval_on_selector_all(student_links, "all => all.map(a => a.href)") == []


def test_marker_sees_the_rubric_beside_the_answer(anna_opened: Any) -> None:
    tab = anna_opened
    answer = tab.locator(".nbgrader_cell", has=tab.locator("#a-proof-comment")).bounding_box()
    rubric = tab.locator(".panel-warning", has_text="rubric of a-proof").bounding_box()
    gap = rubric["y"] - (answer["y"] + answer["height"])
    assert 0 <= gap < 60
    assert rubric["width"] > 0.9 * answer["width"]
    bold = tab.locator(".panel-warning .panel-body strong").all_inner_texts()
    assert bold == ["0.5 points:", "1 point:", "0.5 points:"]


def test_mark_typed_into_the_page_is_kept_and_shown_again(formgrader: Formgrader, tab: Any) -> None:
    number = formgrader.notebook_id("anna", "b_extras")
    page = f"{formgrader.address}/formgrader/submissions/{number}/"
    tab.goto(page, wait_until="load")
    tab.wait_for_selector("#b-essay_extra_credit:not([disabled])")
    with tab.expect_response(re.compile("/api/grade/")):
        tab.fill("#b-essay_extra_credit", "0.5")
        tab.press("#b-essay_extra_credit", "Tab")
    with tab.expect_response(re.compile("/api/comment/")):
        tab.fill("#b-essay-comment", "Flat in which direction?")
        tab.press("#b-essay-comment", "Tab")

    course = formgrader.course
    record(course, course.assignment("hw"), "anna", hostile(mark(course)))

    grade = formgrader.entry("grades", "anna", "b_extras", "b-essay")
    assert (grade["extra_credit"], grade["needs_manual_grade"]) == (0.5, False)
    with tab.expect_response(re.compile("/api/comments")):
        tab.goto(page, wait_until="load")
    tab.wait_for_function("() => document.getElementById('b-essay_extra_credit').value == '0.5'")
    assert tab.input_value("#b-essay-comment") == "Flat in which direction?"


def test_bonus_points_typed_as_a_score_move_before_the_markers_eyes(
    formgrader: Formgrader, tab: Any
) -> None:
    tab.goto(
        f"{formgrader.address}/formgrader/submissions/{formgrader.notebook_id(LATE, 'b_extras')}/",
        wait_until="networkidle",
    )
    heading = tab.locator(".panel-heading", has=tab.locator("#b-essay"))
    assert "/ 1 bonus" in heading.inner_text()
    assert "/ 2 bonus" in tab.locator(".panel-heading", has=tab.locator("#b-bonus")).inner_text()
    assert "/ 0" not in tab.inner_text("#notebook")
    with tab.expect_response(re.compile("/api/grade/")):
        tab.fill("#b-essay", "0.75")
        tab.press("#b-essay", "Tab")
    tab.wait_for_function("() => document.getElementById('b-essay_extra_credit').value == '0.75'")
    assert tab.input_value("#b-essay") == ""
    assert "Saved as extra credit" in heading.inner_text()
    # a button that moves between the press and the release of the mouse is not clicked
    tab.wait_for_function("() => !$('body, html').is(':animated')")
    with tab.expect_response(re.compile("/api/grade/")):
        heading.get_by_role("button", name="Full credit").click()
    tab.wait_for_function("() => document.getElementById('b-essay_extra_credit').value == '1'")
    assert Marker(formgrader.course).grade("b-essay", LATE)["extra_credit"] == 1.0


def test_page_says_that_points_were_not_saved(formgrader: Formgrader, tab: Any) -> None:
    tab.goto(
        f"{formgrader.address}/formgrader/submissions/{formgrader.notebook_id(LATE, 'b_extras')}/",
        wait_until="networkidle",
    )
    tab.route("**/api/grade/*", lambda route: route.abort())
    tab.fill("#b-essay", "0.25")
    tab.press("#b-essay", "Tab")
    tab.wait_for_selector("text=Not saved: the server does not answer")
    tab.unroute("**/api/grade/*")
    with tab.expect_response(re.compile("/api/grade/")):
        tab.fill("#b-essay", "0.5")
        tab.press("#b-essay", "Tab")
    tab.wait_for_selector("text=Not saved", state="hidden")


def test_points_typed_while_the_marks_load_are_kept_and_saved(
    formgrader: Formgrader, tab: Any
) -> None:
    gate = Gate(tab, "**/api/grades*")
    tab.goto(
        f"{formgrader.address}/formgrader/submissions/{formgrader.notebook_id(LATE, 'b_extras')}/",
        wait_until="load",
    )
    tab.wait_for_function("() => typeof formgrader !== 'undefined' && formgrader.loaded")
    tab.press("#b-essay_extra_credit", "0")
    tab.locator("#b-essay_extra_credit").press_sequentially(".2")
    with tab.expect_response(re.compile("/api/grade/")):
        tab.focus("#b-bonus")
        tab.keyboard.type("1.")
        gate.open()
    tab.keyboard.type("5")
    assert tab.input_value("#b-bonus") == "1.5"
    with tab.expect_response(re.compile("/api/grade/")):
        tab.keyboard.press("Tab")
    marker = Marker(formgrader.course)
    assert marker.grade("b-essay", LATE)["extra_credit"] == 0.2
    assert marker.grade("b-bonus", LATE)["extra_credit"] == 1.5

"""The desk in Chromium: marking by keyboard, two markers, a killed server, and what the page looks
like to everybody."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import product
from pathlib import Path
from statistics import median
from typing import Any

import msgspec
import pytest

from autograder.course.assignment import Course
from autograder.desk.answers import Answer
from autograder.desk.desk import Desk
from autograder.desk.messages import Given, RubricChange
from autograder.gradebook.database import open_gradebook
from autograder.gradebook.handmarks import HandMarks, read_hand_marks
from tests.browser.visitor import Gate
from tests.gradebook.course import mark, read_marks, record_class
from tests.gradebook.server import Formgrader, started
from tests.gradebook.shared import copied

from .browsing import AtDesk, at_desk
from .conftest import Marker

AXE = Path(os.environ.get("AXE", "node_modules/axe-core/axe.min.js"))

PROOFS = {
    "anna": "The chain rule, $f' = 2x$.",
    "ben": "By definition, $\\frac{(x+h)^2 - x^2}{h} \\to 2x$.",
    "cleo": "It doubles.",
    "emil": "It doubles.",
    "fred": "It  doubles.\n",
}
ESSAYS = {"anna": "It is flat.", "ben": "No slope."}


def texts(student: str) -> dict[str, str]:
    found = {"a-proof": PROOFS[student]} if student in PROOFS else {}
    return found | ({"b-essay": ESSAYS[student]} if student in ESSAYS else {})


def identity(item: str, student: str) -> str:
    return Answer(item, student, "").id


def log_of(course: Course) -> HandMarks:
    with open_gradebook(course) as gradebook:
        return read_hand_marks(gradebook, "hw")


def points(course: Course, item: str = "a-proof") -> dict[str, float]:
    """Points of the answers that are marked."""
    found = {name: each.items[item] for name, each in read_marks(course).students.items()}
    return {name: each.points for name, each in found.items() if not each.open}


@pytest.fixture(scope="module")
def class_once(prepared: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    course = copied(prepared, tmp_path_factory.mktemp("class") / "course")
    markings = {student: mark(course, answers=texts(student)) for student in (*PROOFS, "dora")}
    record_class(course, course.assignment("hw"), markings)
    return course.root


@pytest.fixture
def course(class_once: Path, tmp_path: Path, browser: Any) -> Course:  # noqa: ARG001
    return copied(class_once, tmp_path / "course")


@pytest.fixture
def server(course: Course, tmp_path: Path) -> Iterator[Formgrader]:
    (tmp_path / "home").mkdir()
    with started(course, tmp_path / "home") as server:
        yield server


@pytest.fixture
def rita(browser: Any, server: Formgrader) -> Iterator[AtDesk]:
    with at_desk(browser, server) as rita:
        yield rita
        assert rita.visitor.complaints == []


def test_a_class_is_marked_by_keyboard_alone(course: Course, rita: AtDesk) -> None:
    marked = 0
    for _ in range(len(PROOFS) + len(ESSAYS) - 1):
        assert rita.focus == "answer"
        rita.to_next("1", "Enter")
        marked += 1
    rita.press("1", "Enter")
    marked += 1
    rita.tab.locator("#said", has_text="All answers are marked").wait_for()
    rita.await_saved()
    assert "All marked" in rita.tab.inner_text("#top .left")
    assert rita.loads == []
    assert rita.keys / marked <= 3
    assert points(course) == {"dora": 0.0, **dict.fromkeys(PROOFS, 1.5)}
    assert points(course, "b-essay") == {
        **dict.fromkeys(("anna", "ben"), 1.0),
        **dict.fromkeys(("cleo", "dora", "emil", "fred"), 0.0),
    }


def test_nothing_is_saved_without_enter(course: Course, rita: AtDesk) -> None:
    first = rita.shown
    rita.to_next("1", "a", "ArrowRight")
    rita.to_next("ArrowLeft")
    assert rita.shown == first
    assert rita.total == "2 / 2", "what was ticked is still on the screen"
    rita.to_next("u", "u", "ArrowRight")
    rita.to_next("Shift+Enter")
    assert log_of(course).answers == {}


def test_a_suggestion_counts_once_enter_accepts_it(course: Course, rita: AtDesk) -> None:
    rita.go_to("a-proof", identity("a-proof", "anna"))
    step = rita.tab.locator(".step.suggested")
    assert step.count() == 1
    assert "suggested by tests" in step.inner_text()
    assert "✓" in step.inner_text()
    rita.to_next("Enter")
    rita.await_saved()
    assert points(course)["anna"] == 1.0


def test_enter_alone_never_gives_no_points(course: Course, rita: AtDesk) -> None:
    rita.go_to("b-essay", identity("b-essay", "anna"))
    rita.press("Enter")
    assert "No step is ticked" in rita.said
    rita.to_next("0", "Enter")
    rita.await_saved()
    assert points(course, "b-essay")["anna"] == 0.0


def test_equal_answers_are_marked_together(course: Course, rita: AtDesk) -> None:
    rita.go_to("a-proof", identity("a-proof", "cleo"))
    assert "3 answers are the same" in rita.tab.inner_text("#right .notes")
    rita.to_next("g", "a", "Enter")
    rita.await_saved()
    marked = points(course)
    assert [marked[name] for name in ("cleo", "emil", "fred")] == [2.0, 2.0, 2.0]
    assert {mark.cause for mark in log_of(course).entries if hasattr(mark, "cause")} == {"group"}
    rita.press("u")
    rita.tab.locator("#said", has_text="Undone for 3").wait_for()
    assert points(course) == {"dora": 0.0}


def test_undo_takes_back_ticks_and_then_saved_marks(course: Course, rita: AtDesk) -> None:
    first = rita.shown
    rita.to_next("a", "Enter")
    rita.await_saved()
    rita.press("1", "u")
    assert rita.shown != first
    rita.to_next("u")
    rita.tab.locator("#said", has_text="taken back").wait_for()
    assert rita.shown == first
    assert points(course) == {"dora": 0.0}
    assert len([entry for entry in log_of(course).entries if hasattr(entry, "ticks")]) == 2


def test_undo_of_a_tick_keeps_the_comment(rita: AtDesk) -> None:
    rita.press("1", "c")
    rita.tab.keyboard.type("too short")
    rita.press("Escape", "u")
    assert rita.said == "Undone"
    assert rita.tab.input_value("#comment") == "too short"


def test_an_adjustment_that_is_no_number_is_refused(course: Course, rita: AtDesk) -> None:
    rita.press("1", "p")
    rita.tab.keyboard.type("1-5")
    rita.press("Control+Enter")
    assert rita.said == "The adjustment is not a number."
    assert rita.focus == "adjustment"
    assert log_of(course).answers == {}


def test_keys_of_fields_stay_in_fields(course: Course, rita: AtDesk) -> None:
    rita.go_to("a-proof", identity("a-proof", "anna"))
    rita.press("a", "c")
    assert rita.focus == "comment"
    rita.tab.keyboard.type("Nice: $f'$ 10 times, a fault? u!")
    rita.press("Enter")
    rita.tab.keyboard.type("**Really**")
    rita.tab.locator(".preview strong", has_text="Really").wait_for()
    assert rita.tab.locator(".preview img").count() == 1
    rita.press("Escape")
    assert (rita.focus, rita.total) == ("answer", "2 / 2")
    rita.press("p")
    rita.tab.keyboard.type("-0.5")
    rita.press("Control+Enter")
    assert rita.focus == "reason", "an adjustment needs a reason"
    rita.tab.keyboard.type("late")
    rita.to_next("Control+Enter")
    rita.await_saved()
    saved = log_of(course).marks("a-proof", "anna").newest
    assert saved is not None
    assert saved.comment == "Nice: $f'$ 10 times, a fault? u!\n**Really**"
    assert (saved.points, saved.adjustment, saved.reason) == (1.5, -0.5, "late")


def test_earlier_comments_are_offered_while_typing(rita: AtDesk) -> None:
    for student in ("anna", "ben"):
        rita.go_to("a-proof", identity("a-proof", student))
        rita.press("a", "c")
        rita.tab.keyboard.type("Say which rule.")
        rita.to_next("Control+Enter")
    rita.go_to("a-proof", identity("a-proof", "cleo"))
    rita.press("c")
    rita.tab.keyboard.type("rule")
    offered = rita.tab.locator(".remarks button")
    assert offered.inner_text().split() == ["Say", "which", "rule.", "2×"]
    rita.press("ArrowDown", "Enter")
    assert rita.focus == "comment"
    assert rita.tab.input_value("#comment") == "Say which rule."


def test_a_flag_is_saved_at_once_and_found_by_the_filter(course: Course, rita: AtDesk) -> None:
    flagged = rita.shown
    rita.press("f")
    rita.await_saved()
    rita.to_next("ArrowRight")
    rita.tab.select_option("#top select[aria-label=Filter]", "flagged")
    rita.tab.wait_for_selector(f".slot.shown[data-id='{flagged}']")
    assert rita.focus == "answer"
    [mark] = [marks.newest for marks in log_of(course).answers.values()]
    assert mark is not None
    assert (mark.flagged, mark.is_marked) == (True, False)
    assert points(course) == {"dora": 0.0}


def conflict(rita: AtDesk) -> Any:
    """Wait for the dialog about a mark that was not saved, and return it."""
    dialog = rita.tab.locator("dialog.conflict")
    dialog.wait_for()
    return dialog


def marked_meanwhile(browser: Any, server: Formgrader, rita: AtDesk) -> str:
    """Let Sam mark the answer that Rita has opened with all steps; return its id."""
    name = identity("a-proof", "anna")
    rita.go_to("a-proof", name)
    with at_desk(browser, server, "Sam") as sam:
        sam.go_to("a-proof", name)
        sam.to_next("a", "Enter")
        sam.await_saved()
    return name


def test_two_people_mark_the_same_item_at_once(
    browser: Any, course: Course, server: Formgrader, rita: AtDesk
) -> None:
    name = marked_meanwhile(browser, server, rita)
    rita.press("1", "Enter")
    dialog = conflict(rita)
    assert "Sam marked this 2 since you opened it" in dialog.inner_text()
    assert rita.shown == name, "the answer is back on the screen"
    rita.press("Enter")
    assert dialog.is_visible(), "Enter chooses nothing by accident"
    rita.tab.get_by_role("button", name="Save mine").click()
    dialog.wait_for(state="detached")
    rita.await_saved()
    entries = log_of(course).marks("a-proof", "anna")
    assert [(each.marker, each.points) for each in entries.history] == [("Sam", 2.0), ("Rita", 1.5)]
    assert entries.to_settle == ()
    assert points(course)["anna"] == 1.5


def test_the_other_mark_can_be_kept(
    browser: Any, course: Course, server: Formgrader, rita: AtDesk
) -> None:
    marked_meanwhile(browser, server, rita)
    rita.press("1", "Enter")
    rita.tab.get_by_role("button", name="Keep theirs").click()
    rita.tab.locator("dialog.conflict").wait_for(state="detached")
    assert points(course)["anna"] == 2.0
    assert rita.focus == "answer"


def test_a_closed_conflict_keeps_the_comment(
    browser: Any, course: Course, server: Formgrader, rita: AtDesk
) -> None:
    marked_meanwhile(browser, server, rita)
    rita.press("1", "c")
    rita.tab.keyboard.type("a gap")
    rita.press("Control+Enter")
    dialog = conflict(rita)
    rita.press("Escape")
    dialog.wait_for(state="detached")
    assert rita.tab.input_value("#comment") == "a gap"
    assert points(course)["anna"] == 2.0


def test_a_changed_rubric_is_shown_then_applied(course: Course, rita: AtDesk) -> None:
    for student in ("anna", "ben"):
        rita.go_to("a-proof", identity("a-proof", student))
        rita.to_next("a", "Enter")
    rita.await_saved()
    rita.press("e")
    editor = rita.tab.locator("dialog.rubric")
    editor.locator("input").first.fill("0.25")
    editor.get_by_role("button", name="Add a deduction").click()
    rita.tab.keyboard.type("confuses $f$ and $f'$")
    editor.get_by_role("button", name="Show which marks change").click()
    editor.locator(".result", has_text="2 answers from 2 to 1.75").wait_for()
    assert points(course)["anna"] == 2.0
    rita.press("Enter")
    editor.wait_for(state="detached")
    rita.tab.locator(".step.deduction").wait_for()
    assert points(course)["anna"] == points(course)["ben"] == 1.75
    assert rita.focus == "answer"


FETCHED_AHEAD = """
() => performance.getEntriesByType("resource")
    .filter(each => each.name.includes("/api/answer/")).length > 4
"""
"""JavaScript that tells whether the page has fetched the shown answer and the next four."""


def test_a_server_killed_while_it_saves_loses_and_doubles_nothing(
    browser: Any, course: Course, tmp_path: Path
) -> None:
    home = tmp_path / "home"
    home.mkdir()
    with started(course, home) as server:
        port = int(server.address.rpartition(":")[2])
        with at_desk(browser, server) as rita:
            rita.tab.wait_for_function(FETCHED_AHEAD)
            rita.to_next("a", "Enter")
            rita.await_saved()
            rita.to_next("1", "Enter")
            server.process.kill()
            server.process.wait()
            rita.to_next("a", "Enter")
            rita.tab.locator(".saving", has_text="not saved yet").wait_for()
            with started(course, home, port=port):
                rita.await_saved()
    log = log_of(course)
    assert [len(marks.history) for marks in log.answers.values()] == [1, 1, 1]
    given = {place[1]: marks.newest.points for place, marks in log.answers.items() if marks.newest}
    assert sorted(given.values()) == [1.5, 2.0, 2.0]
    assert points(course) == {"dora": 0.0, **given}


@contextmanager
def own_desk(course: Course, name: str = "Sam") -> Iterator[Marker]:
    """A marker at another server of the same course."""
    desk = Desk(course, "hw")
    try:
        yield Marker(desk, name)
    finally:
        desk.close()


def change_rubric(course: Course, points: float = 0.25, marker: str = "Sam") -> None:
    """Let another marker give the first step of the proof's rubric other points."""
    with own_desk(course, marker) as other:
        item = other.desk.queue(marker).items[0]
        first, *rest = item.steps
        steps = (msgspec.structs.replace(first, points=points), *rest)
        change = RubricChange(marker=marker, rubric=item.rubric, steps=steps, apply=True)
        other.desk.change_rubric("a-proof", change)


def expected(rita: AtDesk, words: str) -> None:
    """Expect these words on the browser's console, since the test made a request fail."""
    assert any(words in each for each in rita.visitor.wrong)
    rita.visitor.wrong[:] = [each for each in rita.visitor.wrong if words not in each]


def test_a_conflict_says_that_the_rubric_was_changed(course: Course, rita: AtDesk) -> None:
    rita.go_to("a-proof", identity("a-proof", "anna"))
    change_rubric(course)
    rita.press("1", "Enter")
    dialog = conflict(rita)
    told = dialog.inner_text()
    assert "Sam changed the rubric since you opened it" in told
    assert "marked this" not in told
    assert dialog.locator(".choice", has_text="You").locator(".figure").inner_text() == "1.25"
    dialog.get_by_role("button", name="Save mine").click()
    rita.await_saved()
    assert points(course)["anna"] == 1.25


def test_a_conflict_names_the_rubric_although_it_changed_the_mark(
    course: Course, rita: AtDesk
) -> None:
    name = identity("a-proof", "anna")
    rita.go_to("a-proof", name)
    rita.to_next("1", "Enter")
    rita.await_saved()
    rita.go_to("a-proof", name)
    change_rubric(course)
    rita.press("3", "Enter")
    dialog = conflict(rita)
    told = dialog.inner_text()
    assert "Sam changed the rubric since you opened it" in told
    assert "Rita marked this" not in told


@pytest.mark.parametrize(
    ("does", "words"),
    [
        ({"flagged": True, "ticks": None}, "Sam flagged this since you opened it"),
        ({"ticks": ("s2",)}, "Sam marked this 1 since you opened it"),
    ],
)
def test_a_conflict_names_what_the_other_did(
    course: Course, rita: AtDesk, does: dict[str, Any], words: str
) -> None:
    rita.go_to("a-proof", identity("a-proof", "anna"))
    with own_desk(course) as sam:
        view = sam.sees("a-proof", "anna")
        sam.desk.save(view.entry.id, Given(marker="Sam", state=view.state, **does))
    rita.press("1", "Enter")
    dialog = conflict(rita)
    assert words in dialog.inner_text()


def test_a_conflict_says_that_the_text_was_changed(course: Course, rita: AtDesk) -> None:
    rita.go_to("a-proof", identity("a-proof", "anna"))
    again = mark(course, answers={"a-proof": "A new proof."})
    record_class(course, course.assignment("hw"), {"anna": again})
    rita.press("1", "Enter")
    dialog = conflict(rita)
    assert "The student’s text was changed since you opened it" in dialog.inner_text()


def test_a_group_that_a_changed_rubric_stops_says_so(course: Course, rita: AtDesk) -> None:
    rita.go_to("a-proof", identity("a-proof", "cleo"))
    rita.press("1", "g")
    change_rubric(course)
    rita.press("Enter")
    rita.tab.locator("#trouble", has_text="Sam changed the rubric meanwhile").wait_for()
    assert set(points(course)) == {"dora"}


def test_keys_work_with_caps_lock(course: Course, rita: AtDesk) -> None:
    rita.press("A")
    assert rita.total == "2 / 2"
    rita.press("M")
    assert rita.tab.is_visible("#model")
    rita.press("U")
    assert rita.said == "Undone"
    rita.press("F")
    rita.await_saved()
    assert [marks.newest.flagged for marks in log_of(course).answers.values() if marks.newest]
    rita.press("Shift+A")
    assert rita.total != "2 / 2", "a capital with Shift is no command"


def test_keys_typed_while_an_answer_loads_mark_nothing(course: Course, rita: AtDesk) -> None:
    first = rita.shown
    gate = Gate(rita.tab, "**/api/answer/*", but=f"/{first}")
    rita.open()
    rita.press("1", "Enter")
    rita.tab.locator(".meta", has_text="Loading").wait_for()
    rita.press("a", "2", "Enter")
    assert "Wait until the answer is on the screen" in rita.said
    assert rita.tab.evaluate("document.getElementById('right').inert")
    rita.await_saved()
    gate.open()
    rita.tab.wait_for_selector(f".slot.shown:not([data-id='{first}'])")
    assert rita.tab.locator(".step:not(.suggested) input:checked").count() == 0
    assert len(log_of(course).answers) == 1
    rita.to_next("1", "Enter")
    rita.await_saved()
    assert len(log_of(course).answers) == 2


@pytest.mark.parametrize("status", [403, 400])
def test_a_flag_that_is_not_saved_is_taken_back_and_said(
    course: Course, rita: AtDesk, status: int
) -> None:
    answer = {"status": status, "json": {"message": "the disk is read-only"}}
    rita.tab.route("**/api/answer/*cause=desk*", lambda route: route.fulfill(**answer))
    rita.press("f")
    rita.tab.locator("#trouble", has_text="The flag was not saved").wait_for()
    assert rita.tab.locator(".meta .tag", has_text="flagged").count() == 0
    assert rita.tab.locator("button[aria-pressed=true]", has_text="Flag").count() == 0
    assert log_of(course).answers == {}
    expected(rita, f"status of {status}")


def test_a_flag_that_another_mark_stops_is_said(
    browser: Any, course: Course, server: Formgrader, rita: AtDesk
) -> None:
    marked_meanwhile(browser, server, rita)
    rita.press("f")
    rita.tab.locator("#trouble", has_text="The flag was not saved").wait_for()
    assert rita.tab.locator(".meta .tag", has_text="flagged").count() == 0
    rita.tab.locator(".meta .state", has_text="2 points by Sam").wait_for()
    rita.press("f")
    rita.await_saved()
    saved = log_of(course).marks("a-proof", "anna").newest
    assert saved is not None
    assert (saved.flagged, saved.points) == (True, 2.0)


def test_an_applied_rubric_is_not_said_to_be_unchanged(course: Course, rita: AtDesk) -> None:
    rita.to_next("a", "Enter")
    rita.await_saved()
    rita.press("e")
    editor = rita.tab.locator("dialog.rubric")
    editor.locator("input").first.fill("0.25")
    editor.get_by_role("button", name="Show which marks change").click()
    editor.locator(".result", has_text="1 answer from 2 to 1.75").wait_for()
    rita.tab.route("**/api/answer/*", lambda route: route.abort())
    rita.press("Enter")
    told = editor.locator(".result", has_text="The rubric was changed, and 1 mark with it")
    told.wait_for()
    assert "Nothing was changed" not in editor.inner_text()
    assert "this page can't show it: the server does not answer" in told.inner_text()
    assert 1.75 in points(course).values()
    rita.tab.unroute("**/api/answer/*")
    expected(rita, "ERR_FAILED")
    editor.get_by_role("button", name="Reload the page").click()
    rita.tab.wait_for_selector(".slot.shown")


def test_letters_typed_in_the_list_of_remarks_go_on_with_the_comment(
    course: Course, rita: AtDesk
) -> None:
    rita.go_to("a-proof", identity("a-proof", "anna"))
    rita.press("a", "c")
    rita.tab.keyboard.type("Say which rule.")
    rita.to_next("Control+Enter")
    rita.await_saved()
    rita.go_to("a-proof", identity("a-proof", "ben"))
    rita.press("c", "ArrowDown")
    assert rita.tab.evaluate("document.activeElement.closest('.remarks') !== null")
    before = rita.total
    rita.tab.keyboard.type("fan1")
    assert rita.focus == "comment"
    assert rita.tab.input_value("#comment") == "fan1"
    assert rita.total == before, "no step was ticked"
    assert len(log_of(course).answers) == 1, "no flag was saved"
    rita.tab.keyboard.press("Backspace")
    assert rita.tab.input_value("#comment") == "fan"


def test_focus_in_the_list_of_remarks_is_not_lost(course: Course, rita: AtDesk) -> None:
    rita.go_to("a-proof", identity("a-proof", "anna"))
    rita.press("a", "c")
    rita.tab.keyboard.type("Say which rule.")
    rita.to_next("Control+Enter")
    rita.await_saved()
    rita.go_to("a-proof", identity("a-proof", "ben"))
    rita.press("c", "ArrowDown")
    with own_desk(course) as sam:
        sam.gives("a-proof", "ben", "s1")
    rita.tab.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    rita.tab.locator(".meta .state", has_text="by Sam").wait_for()
    assert rita.focus == "comment"


def test_another_spelling_of_a_name_is_the_same_marker(
    browser: Any, course: Course, server: Formgrader, rita: AtDesk
) -> None:
    rita.to_next("a", "Enter")
    rita.await_saved()
    with at_desk(browser, server, "rITA") as again:
        assert "Rita" in again.tab.inner_text("#top")
        again.to_next("1", "Enter")
        again.await_saved()
    assert {mark.marker for marks in log_of(course).answers.values() for mark in marks.history} == {
        "Rita"
    }


def test_a_changed_question_appears_without_a_restart(course: Course, rita: AtDesk) -> None:
    rita.go_to("a-proof", identity("a-proof", "anna"))
    path = course.source("hw") / "a_slopes.ipynb"
    path.write_text(path.read_text().replace("the slope doubles", "the slope trebles"))
    rita.press("m")
    assert "the slope doubles" in rita.tab.inner_text("#model")
    rita.tab.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    rita.tab.locator("#model", has_text="the slope trebles").wait_for()


def test_page_fits_and_shows_everything(rita: AtDesk) -> None:
    for scheme, width in product(("light", "dark"), (1280, 800)):
        rita.tab.emulate_media(color_scheme=scheme)
        rita.tab.set_viewport_size({"width": width, "height": 800})
        rita.press("m", "q")
        assert rita.visitor.fits(), (scheme, width)
        for part in ("#top", "#question", "#answer", "#model", "#right"):
            assert rita.tab.locator(part).is_visible(), (scheme, width, part)
        rita.press("m", "q")


@pytest.mark.slow
@pytest.mark.skipif(
    not AXE.exists(), reason="needs axe-core: npm install axe-core, or AXE=its file"
)
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 800])
def test_axe_finds_nothing(rita: AtDesk, scheme: str, width: int) -> None:
    rita.tab.emulate_media(color_scheme=scheme)
    rita.tab.set_viewport_size({"width": width, "height": 800})
    rita.tab.evaluate(AXE.read_text(encoding="utf-8"))
    for keys in (("1",), ("m", "q"), ("?",), ("Escape", "e"), ("Escape", "a", "Enter")):
        rita.press(*keys)
        found = rita.tab.evaluate("axe.run(document, {resultTypes: ['violations']})")
        kinds = [
            (each["id"], [node["target"] for node in each["nodes"]]) for each in found["violations"]
        ]
        assert (keys, kinds) == (keys, [])


@pytest.mark.slow
def test_the_next_of_300_answers_appears_within_a_tenth_of_a_second(
    prepared: Path, tmp_path: Path, browser: Any
) -> None:
    course = copied(prepared, tmp_path / "course")
    proof = "\n\n".join(
        5 * ["Let $h > 0$ be small. Then $\\frac{(x+h)^2 - x^2}{h} = 2x + h$: no. 7 says so."]
    )
    record_class(
        course,
        course.assignment("hw"),
        {
            f"s{number:03}": mark(course, answers={"a-proof": f"{proof} {number}"})
            for number in range(300)
        },
    )
    (tmp_path / "home").mkdir()
    with started(course, tmp_path / "home") as server, at_desk(browser, server) as rita:
        for _ in range(51):
            rita.tab.wait_for_timeout(700)  # nobody reads a proof faster
            rita.to_next("1", "Enter")
        times = rita.times[1:]
        assert len(times) == 50
        assert rita.loads == []
        assert median(times) < 100, times

"""Scripts in answers, comments and names do nothing at the desk, and nobody else is asked."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from autograder.course.assignment import Course
from autograder.desk.answers import Answer
from autograder.desk.desk import Desk
from autograder.desk.messages import Given
from tests.gradebook.course import mark, record_class
from tests.gradebook.server import TOKEN, started
from tests.gradebook.shared import copied
from tests.pages.payloads import PAYLOADS, Payload
from tests.pages.watch import Canary, Seen, Watch

SOME = PAYLOADS[:: len(PAYLOADS) // 40][:40]
"""Forty of the texts that act on a page without protection, of each kind."""

KINDS = ("answer", "comment", "name")


@pytest.fixture(scope="module")
def canary() -> Iterator[Canary]:
    with Canary().listening() as canary:
        yield canary


def armed(payload: Payload, kind: str, canary: Canary) -> str:
    number = 10 * PAYLOADS.index(payload) + KINDS.index(kind)
    return payload.armed(number, canary.address)


def write_unclean(course: Course, student: str, text: str) -> None:
    """Store an answer as if the sanitiser had let everything through."""
    path = course.root / "autograded" / student / "hw" / "a_slopes.ipynb"
    notebook = json.loads(path.read_text(encoding="utf-8"))
    for cell in notebook["cells"]:
        if cell["metadata"].get("nbgrader", {}).get("grade_id") == "a-proof":
            cell["source"] = text
    path.chmod(0o600)
    path.write_text(json.dumps(notebook), encoding="utf-8")


def write_hostile(course: Course, canary: Canary, payloads: Sequence[Payload]) -> None:
    """Give each payload an answer, a comment on it and a student's name."""
    students = {f"s{number:02}": payload for number, payload in enumerate(payloads)}
    assignment = course.assignment("hw")
    markings = {name: mark(course, answers={"a-proof": "x"}) for name in students}
    record_class(course, assignment, markings)
    for student, payload in students.items():
        write_unclean(course, student, armed(payload, "answer", canary))
    with closing(sqlite3.connect(course.gradebook)) as database, database:
        for student, payload in students.items():
            name = armed(payload, "name", canary)
            database.execute("UPDATE student SET first_name = ? WHERE id = ?", (name, student))
    desk = Desk(course, "hw")
    for student, payload in students.items():
        view = desk.answer(Answer("a-proof", student, "").id, "Rita")
        comment = armed(payload, "comment", canary)
        given = Given(marker="Rita", state=view.state, ticks=("s1",), comment=comment)
        desk.save(view.entry.id, given)
    desk.close()


def look_at_all(watch: Watch, address: str) -> tuple[Seen, dict[str, int]]:
    """Open the desk with names, go through all answers, and touch all that students wrote.

    Returns what happened, and the number of touched elements of each answer.
    """
    watch.log_in(TOKEN)
    for name, value in (("marker", "Rita"), ("names", "1")):
        watch.context.add_init_script(f"localStorage.setItem('fdl-desk-{name}', '{value}')")
    parts = ".slot.shown, .preview, .history, .remarks, .meta .name"
    page = f"{address}/fdl-desk/hw"
    watch.open(page, parts, wait="document.querySelector('.slot.shown')")
    touched: dict[str, int] = {}
    while True:
        shown = watch.tab.get_attribute(".slot.shown", "data-id")
        watch.tab.keyboard.press("c")  # offers earlier comments, and shows the preview
        watch.tab.wait_for_timeout(800)  # the preview appears when nobody types
        seen = watch.touched_again(parts)
        touched[shown] = seen.touched
        while watch.evaluate("document.querySelector('dialog[open]') !== null"):
            watch.tab.keyboard.press("Escape")  # a touched picture is shown large
        watch.tab.keyboard.press("Escape")
        if "last answer" in press_right(watch):
            return seen, touched
        if not watch.wait_for(f"document.querySelector('.slot.shown:not([data-id=\"{shown}\"])')"):
            return seen, touched


def press_right(watch: Watch) -> str:
    """Go to the next answer; return what the desk says."""
    watch.tab.keyboard.press("ArrowRight")
    return str(watch.tab.inner_text("#said"))


@pytest.mark.slow
def test_forty_payloads_do_nothing(
    browser: Any, canary: Canary, prepared: Path, tmp_path: Path
) -> None:
    course = copied(prepared, tmp_path / "course")
    write_hostile(course, canary, SOME)
    (tmp_path / "home").mkdir()
    with started(course, tmp_path / "home") as server:
        watch = Watch(browser, canary, server.address)
        try:
            seen, touched = look_at_all(watch, server.address)
        finally:
            watch.close()
    own = "/fdl-desk/hw/api/preview?"  # the page asks how a comment will look
    assert [event for event in seen.events if own not in event] == []
    marked = [identity for identity, count in touched.items() if count > 10]
    assert len(marked) == len(SOME), touched

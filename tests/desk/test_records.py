"""The log and the gradebook agree whatever happens: kills, full disks, locks, other programs."""

from __future__ import annotations

import os
import random
import signal
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import astuple
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import event

from autograder.course.assignment import Course
from autograder.desk.desk import Desk, StaleError
from autograder.desk.messages import Given
from autograder.errors import RecordError
from autograder.gradebook import backup, database
from autograder.gradebook.database import HAND_MARKS, open_gradebook
from autograder.gradebook.handmarks import HandMark, gradebook_marks, read_hand_marks
from autograder.gradebook.recorder import Recorder
from autograder.gradebook.restoring import restore_gradebook
from tests.desk.conftest import CLASS, Marker
from tests.gradebook.conftest import Marker as Formgrader
from tests.gradebook.course import mark, read_marks, record

PLACES = [(item, student) for student in CLASS for item in ("a-proof", "b-essay")]
KILLS = 20
MARKS = 40
PAGE = 4096


def assert_agreement(course: Course) -> int:
    """The log can be read, nothing is doubled, and nbgrader has each newest mark.

    Returns the number of entries that are marks.
    """
    with closing(sqlite3.connect(course.gradebook)) as file:
        assert file.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    items = {item.name: item for item in course.assignment("hw").select("manual")}
    with open_gradebook(course) as gradebook:
        log = read_hand_marks(gradebook, "hw")
        stored = gradebook_marks(gradebook, "hw", items)
    marks = [entry for entry in log.entries if isinstance(entry, HandMark)]
    assert len({entry.uid for entry in log.entries}) == len(log.entries)
    assert len({(each.item, each.student, each.after) for each in marks}) == len(marks)
    for place, found in log.answers.items():
        assert found.newest is not None
        assert found.rivals == ()
        assert not stored[place].differs(found.newest)
        assert stored[place].open == (not found.newest.is_marked)
    return len(marks)


def one_mark(desk: Desk, marker: str, draw: random.Random) -> None:
    """Save one mark, of random steps, for a random answer."""
    entry = draw.choice(desk.queue(marker).answers)
    steps = draw.sample(["s1", "s2", "s3"] if entry.item == "a-proof" else ["s1"], k=1)
    state = desk.answer(entry.id, marker).state
    comment = f"remark {draw.random()}"
    desk.save(entry.id, Given(marker=marker, state=state, ticks=tuple(steps), comment=comment))


@contextmanager
def forked(work: Callable[[], object]) -> Iterator[int]:
    """Do the work in a process of its own; its id. The process is killed at the end."""
    process = os.fork()
    if not process:
        try:
            work()
        finally:
            os._exit(0)
    try:
        yield process
    finally:
        os.kill(process, signal.SIGKILL)
        os.waitpid(process, 0)


def marks_without_end(course: Course, marker: str, seed: int, progress: int) -> None:
    """Mark until the process is killed; write a byte after each mark."""
    desk, draw = Desk(course, "hw"), random.Random(seed)
    while True:
        one_mark(desk, marker, draw)
        os.write(progress, b".")


@pytest.mark.slow
def test_a_desk_that_is_killed_while_it_saves_loses_and_doubles_nothing(marked: Course) -> None:
    draw, saved = random.Random(3), 0
    for round_ in range(KILLS):
        reading, writing = os.pipe()
        with forked(lambda n=round_, end=writing: marks_without_end(marked, "Rita", n, end)):  # type: ignore[misc]
            assert os.read(reading, 1) == b"."
            time.sleep(draw.uniform(0, 0.5))
        os.close(writing)
        saved += 1
        while told := os.read(reading, 1000):
            saved += len(told)
        os.close(reading)
        marks = assert_agreement(marked)
        assert saved <= marks <= saved + 1  # the last one may be stored but not yet reported
        saved = marks


@pytest.mark.slow
def test_a_run_that_records_while_people_mark_disturbs_nobody(marked: Course) -> None:
    def records() -> None:
        assignment = marked.assignment("hw")
        with Recorder(marked, assignment) as recorder:
            for number in range(1000):
                for student, answers in CLASS.items():
                    points = {"a-bend": float(number % 3)}
                    recorder.record(student, mark(marked, points, answers))

    reading, writing = os.pipe()
    with forked(records), forked(lambda: marks_without_end(marked, "Sam", 1, writing)):
        desk, draw, made = Desk(marked, "hw"), random.Random(2), 0
        for _ in range(MARKS):
            with suppress(StaleError):
                one_mark(desk, "Rita", draw)
                made += 1
        desk.close()
    os.close(writing)
    theirs = 0
    while told := os.read(reading, 1000):
        theirs += len(told)
    os.close(reading)
    assert made > MARKS / 2
    assert made + theirs <= assert_agreement(marked) <= made + theirs + 1
    with Recorder(marked, marked.assignment("hw")) as recorder:
        for student, answers in CLASS.items():
            recorder.record(student, mark(marked, answers=answers))
    assert_agreement(marked)


def test_a_full_disk_is_said_and_nothing_is_half_saved(marked: Course, rita: Marker) -> None:
    rita.gives("a-proof", "anna", "s1")
    view = rita.sees("a-proof", "anna")
    given = Given(marker="Rita", state=view.state, ticks=("s1", "s2"), comment="long " * 2_000)
    engine = rita.desk._opened().engine
    engine.dispose()

    def fill(connection: sqlite3.Connection, _: object) -> None:
        [(pages,)] = connection.execute("PRAGMA page_count").fetchall()
        connection.execute(f"PRAGMA max_page_count = {pages}")

    event.listen(engine, "connect", fill)
    rita.desk._opened().db.remove()
    with pytest.raises(RecordError, match="full"):
        rita.desk.save(view.entry.id, given)
    event.remove(engine, "connect", fill)
    rita.desk._opened().db.remove()
    engine.dispose()
    assert rita.sees("a-proof", "anna").state == view.state
    assert assert_agreement(marked) == 1
    rita.desk.save(view.entry.id, given)
    assert assert_agreement(marked) == 2


def test_a_save_waits_while_another_program_writes(marked: Course, rita: Marker) -> None:
    view = rita.sees("a-proof", "anna")
    with closing(sqlite3.connect(marked.gradebook, check_same_thread=False)) as other:
        other.isolation_level = None
        other.execute("BEGIN IMMEDIATE")
        timer = threading.Timer(1.0, lambda: other.execute("COMMIT"))
        timer.start()
        begun = time.monotonic()
        rita.desk.save(view.entry.id, Given(marker="Rita", state=view.state, ticks=("s1",)))
        assert time.monotonic() - begun > 0.5
        timer.join()
    assert assert_agreement(marked) == 1


def test_a_lock_that_stays_is_said_and_nothing_is_half_saved(
    marked: Course, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database, "LOCK_SECONDS", 0.5)
    rita = Marker(Desk(marked, "hw"), "Rita")
    view = rita.sees("a-proof", "anna")
    given = Given(marker="Rita", state=view.state, ticks=("s1",))
    with closing(sqlite3.connect(marked.gradebook)) as other:
        other.isolation_level = None
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(RecordError, match="stayed locked"):
            rita.desk.save(view.entry.id, given)
        other.execute("ROLLBACK")
    assert assert_agreement(marked) == 0
    rita.desk.save(view.entry.id, given)
    rita.desk.close()
    assert assert_agreement(marked) == 1


# --- marking by tests again ---


def test_blank_texts_get_0_points_at_once(marked: Course) -> None:
    assignment = marked.assignment("hw")
    stub = "*Your answer goes here.*"
    for text in (f" {stub}\n\n", "", " \n\t", f'<div style="a:b">\n\n{stub}\n\n</div>'):
        answers = {"a-proof": text, "b-essay": text}
        record(marked, assignment, "dora", mark(marked, answers=answers))
        found = read_marks(marked).students["dora"].items
        assert [(found[i].points, found[i].open) for i in answers] == [(0, False)] * 2
        with closing_desk(marked) as dora:
            assert dora.sees("a-proof", "dora").entry.blank
            assert not dora.sees("b-essay", "dora").entry.open
    record(marked, assignment, "dora", mark(marked, answers={"a-proof": f"{stub} It is 2."}))
    assert read_marks(marked).students["dora"].items["a-proof"].open


@contextmanager
def closing_desk(course: Course) -> Iterator[Marker]:
    desk = Desk(course, "hw")
    yield Marker(desk, "Rita")
    desk.close()


def test_a_blank_text_with_a_picture_waits_for_a_person(marked: Course) -> None:
    marking = mark(marked, answers={})
    [proof] = [
        cell
        for cell in marking.notebooks["a_slopes"].cells
        if cell.metadata.nbgrader.grade_id == "a-proof"
    ]
    proof.source += "\n\n"
    record(marked, marked.assignment("hw"), "dora", marking)
    assert not read_marks(marked).students["dora"].items["a-proof"].open
    proof["attachments"] = {"a.png": {"image/png": "AAAA"}}
    record(marked, marked.assignment("hw"), "dora", marking)
    assert read_marks(marked).students["dora"].items["a-proof"].open


def test_points_that_a_person_gave_to_a_blank_text_stay(marked: Course, rita: Marker) -> None:
    answers = {"a-proof": "\n\n", "b-essay": "\n\n"}
    record(marked, marked.assignment("hw"), "dora", mark(marked, answers=answers))
    rita.gives("a-proof", "dora", "s1", comment="handed in on paper")
    rita.gives("b-essay", "dora", "s1")
    with closing(sqlite3.connect(marked.gradebook)) as file:  # as an older kit stored it
        file.execute("UPDATE grade SET auto_score = NULL WHERE manual_score IS NOT NULL")
        file.commit()
    record(marked, marked.assignment("hw"), "dora", mark(marked, answers=answers))
    found = read_marks(marked).students["dora"].items
    assert [(found[i].points, found[i].open) for i in answers] == [(0.5, False), (1.0, False)]
    assert assert_agreement(marked) == 2


def test_a_late_penalty_in_percent_follows_a_mark_at_once(marked: Course) -> None:
    text = marked.settings_file.read_text(encoding="utf-8")
    rules = '[rules]\nlate = "percent"\nlate_percent_per_day = 50\nlate_percent_of = "earned"\n'
    marked.settings_file.write_text(text.replace("[assignments.hw]", f"{rules}\n[assignments.hw]"))
    course = Course(marked.root)
    with closing(sqlite3.connect(course.gradebook)) as file:
        file.execute("UPDATE submitted_assignment SET timestamp = '2024-11-22 12:00:00.000000'")
        file.commit()
    with closing_desk(course) as rita:
        rita.gives("a-proof", "anna")
        before = Formgrader(course).penalty()
        rita.gives("a-proof", "anna", "s1", "s2", "s3")
    assert Formgrader(course).penalty() == before + 1.0 == 2.5


# --- damage ---


def overwrite(path: Path, first: int, count: int) -> None:
    data = bytearray(path.read_bytes())
    data[first * PAGE : (first + count) * PAGE] = b"\xff" * (count * PAGE)
    path.write_bytes(data)


def entries(path: Path) -> list[str]:
    with closing(sqlite3.connect(path)) as file:
        return [uid for (uid,) in file.execute("SELECT uid FROM fdl_hand_marks ORDER BY number")]


def pages_of(path: Path, table: str) -> list[int]:
    """The pages of a table that hold rows, counted from 0."""
    wanted = "SELECT pageno FROM dbstat WHERE name = ? AND pagetype = 'leaf'"
    with closing(sqlite3.connect(path)) as file:
        return [number - 1 for (number,) in file.execute(wanted, (table,))]


def marked_often(course: Course) -> list[str]:
    """40 marks that no backup has; the uids of all entries."""
    with closing_desk(course) as rita:
        rita.gives("a-proof", "cleo", "s1")
    rita = Marker(Desk(course, "hw"), "Rita")
    for number in range(MARKS):
        item, student = PLACES[number % len(PLACES)]
        rita.gives(item, student, "s1", *(["s2"] if number % 3 else []), comment=f"no. {number}")
    rita.desk._opened().close()
    return entries(course.gradebook)


def test_a_desk_backs_up_the_marks_every_few_minutes(
    marked: Course, rita: Marker, monkeypatch: pytest.MonkeyPatch
) -> None:
    rita.gives("a-proof", "anna", "s1")
    known = backup.backups(marked.gradebook)
    rita.gives("a-proof", "ben", "s1")
    assert backup.backups(marked.gradebook) == known
    later = time.monotonic() + 301
    monkeypatch.setattr("time.monotonic", lambda: later)
    rita.gives("a-proof", "cleo", "s1")
    assert len(backup.backups(marked.gradebook)) == len(known) + 1


def test_restoring_keeps_the_marks_since_the_backup(marked: Course) -> None:
    before = marked_often(marked)
    overwrite(marked.gradebook, 1, 1)
    restored = restore_gradebook(marked)
    assert entries(marked.gradebook) == before
    assert (restored.entries, restored.lost) == (MARKS + 1, 0)  # and the rubric of b-essay
    assert assert_agreement(marked) == MARKS + 1
    assert restored.kept is not None
    listed = (restored.kept / "marks-by-hand.csv").read_text(encoding="utf-8")
    assert "hw,anna,a-proof," in listed
    assert "no. 32" in listed


def test_marks_that_only_the_log_still_has_are_written_again(marked: Course) -> None:
    before = marked_often(marked)
    for page in pages_of(marked.gradebook, "grade") + pages_of(marked.gradebook, "comment"):
        overwrite(marked.gradebook, page, 1)
    restored = restore_gradebook(marked)
    assert entries(marked.gradebook) == before
    assert restored.unread > 0
    assert assert_agreement(marked) == MARKS + 1


def test_points_of_the_log_are_listed_beside_a_comment(marked: Course) -> None:
    rita = Marker(Desk(marked, "hw"), "Rita")
    for place in PLACES:
        rita.gives(*place, "s1", comment="so")
    view = rita.sees("a-proof", "dora")
    rita.desk.save(view.entry.id, Given(marker="Rita", state=view.state, ticks=None))
    rita.desk._opened().close()
    for page in pages_of(marked.gradebook, "grade"):
        overwrite(marked.gradebook, page, 1)
    carried = restore_gradebook(marked).carried
    assert backup.ManualMark("hw", "anna", "a-proof", comment="so") in carried
    listed = [(each.cell, each.student) for each in carried if each.has_points]
    assert sorted(listed) == sorted(set(PLACES) - {("a-proof", "dora")})


def test_equal_names_in_two_homeworks_are_two_restored_marks(marked: Course) -> None:
    marked_often(marked)
    overwrite(marked.gradebook, 1, 1)
    other = backup.ManualMark("hw0", "anna", "a-proof", 1.0)
    restored = backup.restore(marked.gradebook, datetime.now(UTC), lambda *_: ([other], 1, 0))
    assert other in restored.carried
    assert ("hw", "anna", "a-proof") in {astuple(each)[:3] for each in restored.carried}


def test_what_is_unreadable_of_the_log_is_counted_and_the_rest_restored(marked: Course) -> None:
    before = marked_often(marked)
    middle = pages_of(marked.gradebook, "fdl_hand_marks")
    overwrite(marked.gradebook, middle[len(middle) // 2], 1)
    restored = restore_gradebook(marked)
    after = entries(marked.gradebook)
    assert 0 < restored.lost < MARKS / 2
    assert after == [uid for uid in before if uid in after]
    assert len(before) - len(after) == restored.lost
    assert_agreement_of_newest(marked)
    with closing_desk(marked) as rita:
        view = rita.gives("a-proof", "anna", "s3")
        assert view.mark is not None
        assert not view.entry.differs


def assert_agreement_of_newest(course: Course) -> None:
    items = {item.name: item for item in course.assignment("hw").select("manual")}
    with open_gradebook(course) as gradebook:
        log = read_hand_marks(gradebook, "hw")
        stored = gradebook_marks(gradebook, "hw", items)
    last = {each.comment: place for place, each in stored.items() if each.comment}
    for place, found in log.answers.items():
        assert found.newest is not None
        if found.newest.comment in last:
            assert not stored[place].differs(found.newest)


def test_an_older_gradebook_gets_the_log_when_it_is_opened(marked: Course) -> None:
    with closing(sqlite3.connect(marked.gradebook)) as file:
        file.execute(f"DROP TABLE {HAND_MARKS.name}")
        file.commit()
    with closing_desk(marked) as rita:
        rita.gives("a-proof", "anna", "s1")
    with closing(sqlite3.connect(marked.gradebook)) as file:
        for statement in ("DELETE FROM fdl_hand_marks", "UPDATE fdl_hand_marks SET entry = ''"):
            with pytest.raises(sqlite3.IntegrityError, match="cannot be changed"):
                file.execute(statement)


def test_a_damaged_older_gradebook_is_restored_without_a_log(marked: Course) -> None:
    with open_gradebook(marked):
        pass
    for path in [marked.gradebook, *(marked.root / "gradebook-copies").glob("*.db")]:
        with closing(sqlite3.connect(path)) as file:
            file.execute(f"DROP TABLE {HAND_MARKS.name}")
            file.commit()
    os.truncate(marked.gradebook, marked.gradebook.stat().st_size // 2)
    restored = restore_gradebook(marked)
    assert (restored.entries, restored.lost) == (0, 0)
    assert assert_agreement(marked) == 0

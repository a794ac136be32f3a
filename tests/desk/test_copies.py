"""Marks that come from a copy of the course: nothing is lost, doubled or overwritten."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import msgspec
import pytest

from autograder.course.assignment import Course
from autograder.desk.copies import MarksFile, _digest, export_marks, merge_marks
from autograder.desk.desk import Desk
from autograder.desk.messages import RubricChange
from autograder.errors import DeskError
from autograder.gradebook.handmarks import HandMark, RubricStep
from tests.desk.conftest import Marker
from tests.gradebook.course import mark, read_marks, record
from tests.gradebook.shared import copied


@pytest.fixture
def other(marked_once: Path, tmp_path: Path) -> Iterator[Marker]:
    """Sam, who works in a copy of the course."""
    desk = Desk(copied(marked_once, tmp_path / "other"), "hw")
    yield Marker(desk, "Sam")
    desk.close()


def exported(marker: Marker, path: Path) -> Path:
    export_marks(marker.desk, path)
    return path


def log_of(desk: Desk) -> list[str]:
    with desk.reading() as now:
        return [entry.uid for entry in now.log.entries]


def points_of(course: Course, item: str = "a-proof") -> dict[str, float | None]:
    found = read_marks(course).students
    return {
        name: None if each.items[item].open else each.items[item].points
        for name, each in found.items()
    }


def test_marks_of_a_copy_arrive_once_and_conflicts_are_settled_for_good(
    marked: Course, rita: Marker, other: Marker, tmp_path: Path
) -> None:
    rita.gives("a-proof", "anna", "s1")
    rita.gives("a-proof", "dora")
    other.gives("a-proof", "anna", "s1", "s2", comment="Good.")
    other.gives("a-proof", "ben", "s3")
    other.gives("a-proof", "dora")
    file = exported(other, tmp_path / "marks-Sam.json")
    merged = merge_marks(rita.desk, [file])
    assert (dict(merged.marks), merged.counted) == ({"Sam": 3}, 1)
    assert merged.to_settle == (("a-proof", "anna"),)
    assert points_of(marked) == {"anna": 0.5, "ben": 0.5, "cleo": None, "dora": 0.0}
    before = log_of(rita.desk)
    assert merge_marks(rita.desk, [file, file]).entries == 0
    assert log_of(rita.desk) == before
    view = rita.sees("a-proof", "anna")
    assert view.entry.differs
    assert [(each.marker, each.points) for each in view.differing] == [("Sam", 1.5)]
    rita.gives("a-proof", "anna", "s1", "s2", "s3")
    assert merge_marks(rita.desk, [file]).to_settle == ()
    assert not any(each.differs for each in rita.desk.queue("Rita").answers)
    assert points_of(marked)["anna"] == 2.0
    # the decision also counts in the copy, whose own mark it settles
    back = merge_marks(other.desk, [exported(rita, tmp_path / "marks-Rita.json")])
    assert back.to_settle == ()
    now = other.sees("a-proof", "anna")
    assert now.mark is not None
    assert (now.mark.marker, now.mark.points, now.entry.differs) == ("Rita", 2.0, False)


def test_a_mark_typed_in_the_formgrader_stays_and_is_listed(
    marked: Course, rita: Marker, other: Marker, tmp_path: Path
) -> None:
    with closing(sqlite3.connect(marked.gradebook)) as database:
        database.execute(
            "UPDATE grade SET manual_score = 1.25, needs_manual_grade = 0 WHERE id IN (SELECT "
            "grade.id FROM grade JOIN base_cell ON base_cell.id = grade.cell_id JOIN "
            "submitted_notebook AS n ON n.id = grade.notebook_id JOIN submitted_assignment AS a ON "
            "a.id = n.assignment_id WHERE base_cell.name = 'a-proof' AND a.student_id = 'ben')"
        )
        database.commit()
    other.gives("a-proof", "ben", "s1")
    other.gives("a-proof", "cleo", "s1")
    merged = merge_marks(rita.desk, [exported(other, tmp_path / "m.json")])
    assert merged.typed == (("a-proof", "ben"),)
    assert points_of(marked) == {"anna": None, "ben": 1.25, "cleo": 0.5, "dora": 0.0}
    assert rita.sees("a-proof", "ben").entry.typed


def test_a_text_that_differs_here_waits_for_a_mark(
    marked: Course, rita: Marker, other: Marker, tmp_path: Path
) -> None:
    other.gives("a-proof", "anna", "s1")
    answers = {"a-proof": "Another proof."}
    record(marked, marked.assignment("hw"), "anna", mark(marked, answers=answers))
    merged = merge_marks(rita.desk, [exported(other, tmp_path / "m.json")])
    assert merged.other_text == (("a-proof", "anna"),)
    assert points_of(marked)["anna"] is None
    view = rita.sees("a-proof", "anna")
    assert view.earlier is not None
    assert view.entry.open


def test_an_unknown_answer_is_left_out_until_it_is_known(
    marked: Course, rita: Marker, other: Marker, tmp_path: Path
) -> None:
    course = other.desk.course
    record(course, course.assignment("hw"), "emil", mark(course, answers={"a-proof": "So."}))
    other.gives("a-proof", "emil", "s1")
    other.gives("a-proof", "anna", "s1")
    file = exported(other, tmp_path / "m.json")
    merged = merge_marks(rita.desk, [file])
    assert (merged.unknown, merged.counted) == ((("a-proof", "emil"),), 1)
    record(marked, marked.assignment("hw"), "emil", mark(marked, answers={"a-proof": "So."}))
    assert merge_marks(rita.desk, [file]).counted == 1
    assert points_of(marked)["emil"] == 0.5


def test_of_two_changed_rubrics_this_copys_stays_and_gives_the_points(
    marked: Course, rita: Marker, other: Marker, tmp_path: Path
) -> None:
    other.gives("a-proof", "anna", "s1")
    other.gives("a-proof", "ben", "s1")
    rita.gives("a-proof", "ben", "s1")
    for marker, points in ((rita, 0.25), (other, 0.75)):
        [item, _] = marker.desk.queue(marker.name).items
        steps = (RubricStep("s1", points, "says which rule that is"), *item.steps[1:])
        change = RubricChange(marker=marker.name, rubric=item.rubric, steps=steps, apply=True)
        marker.desk.change_rubric("a-proof", change)
    file = exported(other, tmp_path / "m.json")
    merged = merge_marks(rita.desk, [file])
    assert (merged.rubrics, merged.to_settle) == (("a-proof",), ())
    assert points_of(marked) == {"anna": 0.25, "ben": 0.25, "cleo": None, "dora": 0.0}
    assert merge_marks(rita.desk, [file]).entries == 0


def edited(path: Path, change: str) -> None:
    """Make a change of the file's entries that keeps the digest right."""
    file = msgspec.json.decode(path.read_bytes(), type=MarksFile)
    rubric, first = file.entries
    assert isinstance(first, HandMark)
    entries = {
        "points": (rubric, msgspec.structs.replace(first, points=1e9)),
        "after": (rubric, msgspec.structs.replace(first, after="0" * 32)),
        "rubric": (first,),
        "marker": (rubric, msgspec.structs.replace(first, marker="\x1b[31m")),
        "uid": (rubric, msgspec.structs.replace(first, uid="'; DROP TABLE grade")),
        "time": (rubric, msgspec.structs.replace(first, time=first.time.replace(tzinfo=None))),
        "comment": (rubric, msgspec.structs.replace(first, comment="x" * 20_000)),
    }[change]
    file = msgspec.structs.replace(file, entries=entries, digest=_digest(entries))
    path.write_bytes(msgspec.json.encode(file))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ("points", "its points are out of range"),
        ("after", "follows an entry that is not in the file"),
        ("rubric", "uses a rubric that is not in the file"),
        ("marker", "it has no marker's name"),
        ("uid", "its uid is not 32 hex digits"),
        ("time", "its time has no time zone"),
        ("comment", "its text or its list of ticks is too long"),
    ],
)
def test_an_edited_file_is_refused_as_a_whole(
    rita: Marker, other: Marker, tmp_path: Path, change: str, message: str
) -> None:
    other.gives("a-proof", "ben", "s1")
    file = exported(other, tmp_path / "m.json")
    edited(file, change)
    before = log_of(rita.desk)
    with pytest.raises(DeskError) as caught:
        merge_marks(rita.desk, [file])
    assert message in str(caught.value)
    assert "\x1b" not in str(caught.value)
    assert log_of(rita.desk) == before


def test_damaged_and_foreign_files_are_explained(
    rita: Marker, other: Marker, tmp_path: Path
) -> None:
    other.gives("a-proof", "ben", "s1")
    file = exported(other, tmp_path / "m.json")
    good = file.read_bytes()
    cases = {
        b"": "damaged or not a file of marks",
        b"PK\x03\x04\xff": "damaged or not a file of marks",
        b"[" * 100_000: "damaged or not a file of marks",
        b'{"schema": "fdl-status/1"}': "has the schema fdl-status/1, this kit reads fdl-marks/1",
        b"{}": "has the schema none",
        good[: len(good) // 2]: "damaged",
        good.replace(b'"course": "made-up"', b'"course": "algebra"'): "marks of the course algebra",
        good.replace(b'"homework": "hw"', b'"homework": "hw9"'): "marks of the homework hw9",
        good.replace(b'"student": "ben"', b'"student": "eve"'): "changed after it was exported",
    }
    for content, message in cases.items():
        assert content != good
        file.write_bytes(content)
        with pytest.raises(DeskError) as caught:
            merge_marks(rita.desk, [file])
        assert message in str(caught.value)
    with pytest.raises(DeskError, match="can't be read"):
        merge_marks(rita.desk, [tmp_path / "missing.json"])
    assert log_of(rita.desk) == []


def test_a_file_that_is_too_large_is_not_read(
    rita: Marker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("autograder.desk.copies.MAX_BYTES", 10)
    file = tmp_path / "m.json"
    file.write_bytes(b" " * 11)
    with pytest.raises(DeskError, match="more than 10 bytes"):
        merge_marks(rita.desk, [file])


def test_there_is_nothing_to_export_without_marks(rita: Marker, tmp_path: Path) -> None:
    with pytest.raises(DeskError, match="nobody has marked"):
        export_marks(rita.desk, tmp_path / "m.json")

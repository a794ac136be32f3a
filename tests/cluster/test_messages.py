"""What crosses between the run and a worker is plain data, and is checked where it arrives."""

from __future__ import annotations

import os
import pickle
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import msgpack
import nbformat
import pytest

from autograder.course.assignment import Course
from autograder.errors import CourseError, KitError, SubmissionError
from autograder.grading.classrun import Marked
from autograder.grading.cluster import bundle as bundles
from autograder.grading.cluster import messages, packing, wire
from autograder.grading.cluster.bundle import Bundle
from autograder.grading.cluster.messages import Asked, Order
from autograder.grading.cluster.wire import MessageError
from autograder.grading.mark import Marking, MarkSettings
from autograder.sandbox import Limits, Protection
from autograder.sandbox.protection import Wall
from autograder.submission import Parcel, pack, read_submission, receive
from tests.gradebook.course import mark, notebooks, write_course

BEHIND = Protection(Wall(True, {"bubblewrap": "0.8.0"}, ("files",)), Wall(False, {}, (), ("none",)))


@pytest.fixture(scope="module")
def course(tmp_path_factory: pytest.TempPathFactory) -> Course:
    return write_course(tmp_path_factory.mktemp("messages"))


@pytest.fixture(scope="module")
def marking(course: Course) -> Marking:
    found = mark(course)
    report = replace(found.report, protection=BEHIND.level, walls=BEHIND.walls())
    return Marking(report, found.notebooks, {}, {"cells": 0.5})


@pytest.fixture(scope="module")
def asked(course: Course) -> Asked:
    return Asked(course.assignment("hw"), "anna", 7, BEHIND)


# --- a Marking -------------------------------------------------------------------------------


def test_marking_comes_back_as_it_was(marking: Marking, asked: Asked) -> None:
    answer = wire.read(wire.write(messages.write_answer(Marked("anna", marking))))
    assert messages.read_answer(answer, "anna", asked) == Marked("anna", marking)


def test_reason_for_no_marking_comes_back(asked: Asked) -> None:
    answer = messages.write_answer(Marked("anna", None, "it broke"))
    assert messages.read_answer(answer, "anna", asked) == Marked("anna", None, "it broke")


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({"submission": "bela"}, "'bela'"),
        ({"assignment": "hw1"}, "'hw1'"),
        ({"seed": 8}, "seed is 8"),
        ({"protection": "unprotected"}, "other walls"),
        ({"walls": {}}, "other walls"),
        ({"items": {}}, "other items"),
    ],
)
def test_report_of_something_else_is_refused(
    marking: Marking, asked: Asked, change: dict[str, Any], fault: str
) -> None:
    other = Marking(replace(marking.report, **change), marking.notebooks)
    answer = messages.write_answer(Marked("anna", other))
    with pytest.raises(MessageError, match=fault):
        messages.read_answer(answer, "anna", asked)


def test_more_points_than_there_are_are_refused(marking: Marking, asked: Asked) -> None:
    items = dict(marking.report.items)
    items["a-slope"] = replace(items["a-slope"], points=100.0)
    other = Marking(replace(marking.report, items=items), marking.notebooks)
    with pytest.raises(MessageError, match="more points"):
        messages.read_answer(messages.write_answer(Marked("anna", other)), "anna", asked)


@pytest.mark.parametrize(
    "change",
    [
        {"report": "{}"},
        {"report": b"bytes"},
        {"notebooks": {"a_slopes": "{}"}},
        {"notebooks": {"a_slopes": "no JSON"}},
        {"notebooks": ["a_slopes"]},
        {"notebooks": {"../../etc": '{"cells": [], "metadata": {}, "nbformat": 4, '
                                    '"nbformat_minor": 5}'}},
        {"seconds": {"cells": float("nan")}},
        {"seconds": {"cells": "long"}},
    ],
)  # fmt: skip
def test_answer_that_is_no_marking_is_refused(
    marking: Marking, asked: Asked, change: dict[str, Any]
) -> None:
    answer = messages.write_answer(Marked("anna", marking)) | change
    with pytest.raises(MessageError, match="no Marking"):
        messages.read_answer(answer, "anna", asked)


@pytest.mark.parametrize("message", [b"", b"\xc1", msgpack.packb([1]), "text", None, b"\x91" * 999])
def test_message_without_fields_is_refused(message: object) -> None:
    with pytest.raises(MessageError):
        wire.read(message)


def test_an_object_in_a_message_is_never_made(tmp_path: Path) -> None:
    class Harm:
        def __reduce__(self) -> Any:
            return os.mkdir, (str(tmp_path / "made"),)

    for message in (pickle.dumps(Harm()), msgpack.packb({"report": pickle.dumps(Harm())})):
        with pytest.raises(MessageError):
            messages.read_answer(wire.read(message), "anna", None)  # type: ignore[arg-type]
    assert not (tmp_path / "made").exists()


# --- an order --------------------------------------------------------------------------------


def test_order_comes_as_it_was(tmp_path: Path) -> None:
    (tmp_path / "a_slopes.ipynb").write_bytes(b"\xff not a notebook")
    settings = MarkSettings(Limits(cell_seconds=2.5), use_outer=False, cold=True)
    order = Order("hw", 2**70, settings, pack(tmp_path, ["a_slopes"]))
    assert Order.from_data(wire.read(wire.write(order.to_data()))) == order


def test_order_with_other_settings_is_refused(tmp_path: Path) -> None:
    (tmp_path / "hw").mkdir()
    data = Order("hw", 7, MarkSettings(), pack(tmp_path / "hw", [])).to_data()
    data["settings"]["limits"] = asdict(Limits()) | {"unheard_of": 1}
    with pytest.raises(MessageError, match="no order"):
        Order.from_data(data)


# --- a submission ----------------------------------------------------------------------------


def test_parcel_is_read_as_the_files_are(tmp_path: Path) -> None:
    skeletons = notebooks({})
    folder = tmp_path / "submitted" / "anna" / "hw"
    (folder / "deeper").mkdir(parents=True)
    (folder / "a_slopes.ipynb").symlink_to("/etc/hostname")
    (folder / "deeper" / "A Slopes (1).ipynb").write_text("{}")
    os.mkfifo(folder / "b_extras.ipynb")
    (folder / "b_extras (2).ipynb").mkdir()
    Path(os.fsdecode(os.fsencode(folder) + b"/b_extras \xff.ipynb")).write_text("no")
    parcel = Parcel.from_data(wire.read(wire.write(pack(folder, tuple(skeletons)).to_data())))
    assert receive(parcel.name, parcel.files, skeletons) == read_submission(folder, skeletons)


def test_parcel_of_an_answered_submission_is_read_as_the_files_are(tmp_path: Path) -> None:
    skeletons = notebooks({})
    for name, notebook in notebooks({"a-proof": "So.", "b-essay": "Flat."}).items():
        nbformat.write(notebook, tmp_path / f"{name}.ipynb")
    parcel = pack(tmp_path, tuple(skeletons))
    assert receive(parcel.name, parcel.files, skeletons) == read_submission(tmp_path, skeletons)


@pytest.mark.parametrize(
    "file",
    [
        [b"../../etc/passwd", "x", 0, b"", ""],
        [b"/etc/passwd", "x", 0, b"", ""],
        ["text.ipynb", "x", 0, b"", ""],
        [b"x.ipynb", "x", "0", b"", ""],
        [b"x.ipynb", 5, 0, b"", ""],
        [b"x.ipynb", "x", 0, "text", ""],
        [b"x.ipynb", "x", 0],
        [b"x.ipynb", "x" * 20_000, 0, b"", ""],
    ],
)
def test_parcel_with_an_odd_file_is_refused(file: list[Any]) -> None:
    with pytest.raises(SubmissionError, match="no submission"):
        Parcel.from_data({"name": "anna", "files": [file]})


def test_parcel_with_too_much_in_it_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    from autograder.submission import parcel

    monkeypatch.setattr(parcel, "MAX_BYTES", 10)
    anna = {"name": "anna", "manifest": b""}
    Parcel.from_data({**anna, "files": [[b"x.ipynb", "x", 0, b"x" * 10, ""]] * 2})
    with pytest.raises(SubmissionError, match="too large"):
        Parcel.from_data({**anna, "files": [[b"x.ipynb", "x", 0, b"x" * 7, ""]] * 3})
    with pytest.raises(SubmissionError, match="too large"):
        Parcel.from_data({**anna, "files": [[b"x.ipynb", "x", 0, b"", ""]] * 21})
    with pytest.raises(SubmissionError, match="too many"):
        Parcel.from_data({**anna, "files": [], "manifest": b"x" * 200_001})


# --- a bundle --------------------------------------------------------------------------------


def test_bundle_holds_what_marking_needs_and_nobody_elses_business(
    course: Course, tmp_path: Path
) -> None:
    for other in ("submitted/anna/hw/a.ipynb", "source/hw1/x.ipynb", "gradebook.db"):
        path = course.root / other
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("private")
    kept = bundles.keep(packing.pack(course, "hw"), tmp_path / "kept")
    names = {str(path.relative_to(kept)) for path in kept.rglob("*") if path.is_file()}
    notebooks_of = {f"{tree}/hw/{name}.ipynb" for tree in ("source", "release")
                    for name in ("a_slopes", "b_extras")}  # fmt: skip
    assert names == {"course.toml", *notebooks_of}
    assert Course(kept).assignment("hw") == course.assignment("hw")


def test_bundle_is_kept_for_this_account_alone(course: Course, tmp_path: Path) -> None:
    (tmp_path / "kept").mkdir(mode=0o755)
    kept = bundles.keep(packing.pack(course, "hw"), tmp_path / "kept")
    assert [oct(path.stat().st_mode & 0o777) for path in (kept, kept.parent)] == ["0o700"] * 2


def test_bundle_is_named_by_its_content(course: Course, tmp_path: Path) -> None:
    bundle = packing.pack(course, "hw")
    assert packing.pack(course, "hw") == bundle
    for content in (bundle.content + b"\0", bundle.content[:-1], bundle.content.swapcase()):
        with pytest.raises(CourseError, match="changed on the way"):
            bundles.keep(Bundle(bundle.name, content), tmp_path / "kept")
    assert not (tmp_path / "kept").exists()


@pytest.mark.parametrize("name", ["/tmp/x", "../x", "source/../../x", "", ".", "a\0b", 5])
def test_bundle_that_leaves_its_folder_is_refused(tmp_path: Path, name: Any) -> None:
    content = msgpack.packb([bundles.FORMAT, [[name, b"harm"]]])
    with pytest.raises(KitError, match="no bundle"):
        bundles.keep(Bundle(bundles.name_of(content), content), tmp_path / "in" / "kept")
    assert not list(tmp_path.iterdir())

"""Messages between the run and a worker are plain data, and are checked on arrival."""

from __future__ import annotations

import hashlib
import os
import pickle
import shutil
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgpack
import msgspec
import nbformat
import pytest

from autograder.course import bundle as bundles
from autograder.course.assignment import Course
from autograder.course.bundle import Bundle, files_for_marking
from autograder.errors import CourseError, SubmissionError
from autograder.grading.cluster import messages
from autograder.grading.cluster.messages import Asked, Done, Failed, Greeting, MessageError, Order
from autograder.grading.jobs import Marked, MarkSettings
from autograder.grading.mark import Marking
from autograder.sandbox import Limits, Protection
from autograder.sandbox.protection import Wall
from autograder.submission.parcel import Parcel, pack
from autograder.submission.receiving import read_submission, receive
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


def fields(message: messages.Message) -> dict[str, Any]:
    found: dict[str, Any] = msgpack.unpackb(messages.write(message))
    return found


def heard(data: object, asked: Asked) -> Marked:
    return messages.marked(messages.read(msgpack.packb(data), Done | Failed), "anna", asked)


# --- a Marking -------------------------------------------------------------------------------


def test_marking_comes_back_as_it_was(marking: Marking, asked: Asked) -> None:
    assert heard(fields(messages.answer_of(Marked("anna", marking))), asked) == Marked(
        "anna", marking
    )


def test_reason_for_no_marking_comes_back(asked: Asked) -> None:
    answer = messages.answer_of(Marked("anna", None, "it broke"))
    assert heard(fields(answer), asked) == Marked("anna", None, "it broke")


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({"submission": "bela"}, "submission is bela"),
        ({"assignment": "hw1"}, "assignment is hw1"),
        ({"seed": 8}, "seed is 8"),
        ({"protection": "unprotected"}, "protection is unprotected"),
        ({"walls": {}}, "walls is {}"),
        ({"items": {}}, "items is {}"),
    ],
)
def test_report_of_something_else_is_refused(
    marking: Marking, asked: Asked, change: dict[str, Any], fault: str
) -> None:
    other = Marking(replace(marking.report, **change), marking.notebooks)
    with pytest.raises(MessageError, match=fault):
        heard(fields(messages.answer_of(Marked("anna", other))), asked)


def test_more_points_than_there_are_are_refused(marking: Marking, asked: Asked) -> None:
    items = dict(marking.report.items)
    items["a-slope"] = replace(items["a-slope"], points=100.0)
    other = Marking(replace(marking.report, items=items), marking.notebooks)
    with pytest.raises(MessageError, match="more points"):
        heard(fields(messages.answer_of(Marked("anna", other))), asked)


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
        {"seconds": None},
        {"type": "Greeting"},
        {"more": 1},
    ],
)  # fmt: skip
def test_answer_that_is_no_marking_is_refused(
    marking: Marking, asked: Asked, change: dict[str, Any]
) -> None:
    data = fields(messages.answer_of(Marked("anna", marking)))
    assert heard(data, asked).marking is not None
    with pytest.raises(MessageError, match=r"not a Marking|can't be read"):
        heard(data | change, asked)


@pytest.mark.parametrize("message", [b"", b"\xc1", msgpack.packb([1]), "text", None, b"\x91" * 999])
def test_message_without_fields_is_refused(message: object) -> None:
    with pytest.raises(MessageError):
        messages.read(message, Done | Failed)


def test_message_that_is_too_long_is_not_read(monkeypatch: pytest.MonkeyPatch) -> None:
    message = messages.write(Failed("x"))
    assert messages.read(message, Failed) == Failed("x")
    monkeypatch.setattr(messages, "MAX_BYTES", len(message) - 1)
    with pytest.raises(MessageError, match=r"a message has .* bytes, more than"):
        messages.read(message, Failed)


def test_an_object_in_a_message_is_never_made(tmp_path: Path) -> None:
    class Harm:
        def __reduce__(self) -> Any:
            return os.mkdir, (str(tmp_path / "made"),)

    for message in (pickle.dumps(Harm()), msgpack.packb({"report": pickle.dumps(Harm())})):
        with pytest.raises(MessageError):
            messages.read(message, Done | Failed)
    assert not (tmp_path / "made").exists()


# --- the greeting of a worker, and an order for the worker -------------------------------------


def test_greeting_comes_as_it_was() -> None:
    greeting = Greeting({"kit": "1.0"}, BEHIND)
    assert messages.read(messages.write(greeting), Greeting) == greeting
    data = fields(greeting)
    data["protection"]["outer"]["unheard_of"] = 1
    with pytest.raises(MessageError, match="unknown parts"):
        messages.read(msgpack.packb(data), Greeting)


def test_order_comes_as_it_was(tmp_path: Path) -> None:
    (tmp_path / "a_slopes.ipynb").write_bytes(b"\xff not a notebook")
    settings = MarkSettings(Limits(cell_seconds=2.5), use_outer=False, cold=True)
    order = Order("hw", str(2**70), settings, pack(tmp_path, ["a_slopes"]))
    assert messages.read(messages.write(order), Order) == order


def test_order_with_other_settings_is_refused(tmp_path: Path) -> None:
    (tmp_path / "hw").mkdir()
    order = Order("hw", "7", MarkSettings(), pack(tmp_path / "hw", []))
    data = fields(order)
    data["settings"]["limits"]["unheard_of"] = 1
    with pytest.raises(MessageError, match="unknown parts"):
        messages.read(msgpack.packb(data), Order)


# --- a submission ----------------------------------------------------------------------------


def opened(data: Mapping[str, Any]) -> Parcel:
    in_order = {name: data[name] for name in ("name", "files", "manifest")}
    found: Parcel = messages.read(msgpack.packb(in_order), Parcel)
    return found


def test_parcel_is_read_as_the_files_are(tmp_path: Path) -> None:
    skeletons = notebooks({})
    folder = tmp_path / "submitted" / "anna" / "hw"
    (folder / "deeper").mkdir(parents=True)
    (folder / "a_slopes.ipynb").symlink_to("/etc/hostname")
    (folder / "deeper" / "A Slopes (1).ipynb").write_text("{}")
    os.mkfifo(folder / "b_extras.ipynb")
    (folder / "b_extras (2).ipynb").mkdir()
    Path(os.fsdecode(os.fsencode(folder) + b"/b_extras \xff.ipynb")).write_text("no")
    sent = pack(folder, tuple(skeletons))
    parcel = opened(msgspec.to_builtins(sent, builtin_types=[bytes]))
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
    anna = {"name": "anna", "manifest": b""}
    opened({**anna, "files": [[b"x.ipynb", "x", 0, b"x", ""]]})
    with pytest.raises((SubmissionError, MessageError), match=r"not a submission|can't be read"):
        opened({**anna, "files": [file]})


def test_parcel_with_too_much_in_it_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    from autograder.submission import parcel

    monkeypatch.setattr(parcel, "MAX_BYTES", 10)
    anna = {"name": "anna", "manifest": b""}
    opened({**anna, "files": [[b"x.ipynb", "x", 0, b"x" * 10, ""]] * 2})
    for files in ([b"x" * 7] * 3, [b"x" * 11]):
        with pytest.raises(SubmissionError, match="too large"):
            opened({**anna, "files": [[b"x.ipynb", "x", 0, content, ""] for content in files]})
    with pytest.raises(MessageError, match="length <= 20"):
        opened({**anna, "files": [[b"x.ipynb", "x", 0, b"", ""]] * 21})
    with pytest.raises(MessageError, match="length <= 200000"):
        opened({**anna, "files": [], "manifest": b"x" * 200_001})


# --- a bundle --------------------------------------------------------------------------------


@pytest.fixture
def whole(tmp_path: Path) -> Course:
    """A course with solutions and hidden tests, which every marking needs."""
    found = write_course(tmp_path / "whole")
    for folder in (found.solutions("hw"), found.hidden("hw")):
        folder.mkdir(parents=True)
        (folder / "module.py").write_text("ANSWER = 42\n")
    return found


def packed(course: Course) -> Bundle:
    return bundles.pack(files_for_marking(course, "hw"))


def test_bundle_holds_what_marking_needs_and_nobody_elses_business(
    whole: Course, tmp_path: Path
) -> None:
    for other in (
        "submitted/anna/hw/a.ipynb", "source/hw1/x.ipynb", "solutions/hw1/x.py", "gradebook.db",
        "solutions/hw/.secret", "solutions/hw/__pycache__/x.pyc",
    ):  # fmt: skip
        path = whole.root / other
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("private")
    (whole.release("hw") / "data.csv").write_text("1,2\n")
    kept = bundles.keep(packed(whole), tmp_path / "kept")
    names = {str(path.relative_to(kept)) for path in kept.rglob("*") if path.is_file()}
    notebooks_of = {f"{tree}/hw/{name}.ipynb" for tree in ("source", "release")
                    for name in ("a_slopes", "b_extras")}  # fmt: skip
    code = {"solutions/hw/module.py", "autograder/hidden/hw/module.py"}
    assert names == {"course.toml", "release/hw/data.csv", *code, *notebooks_of}
    assert Course(kept).assignment("hw") == whole.assignment("hw")


def test_bundle_without_hidden_tests_is_not_made(whole: Course) -> None:
    shutil.rmtree(whole.hidden("hw"))
    with pytest.raises(CourseError, match="hidden/hw is empty or missing"):
        packed(whole)


def test_missing_release_is_told_with_the_command_that_makes_it(whole: Course) -> None:
    shutil.rmtree(whole.release("hw"))
    with pytest.raises(CourseError, match=r"release/hw is empty or missing.*`fdl release hw`"):
        packed(whole)


def test_bundle_is_kept_for_this_account_alone(whole: Course, tmp_path: Path) -> None:
    (tmp_path / "kept").mkdir(mode=0o755)
    kept = bundles.keep(packed(whole), tmp_path / "kept")
    assert [oct(path.stat().st_mode & 0o777) for path in (kept, kept.parent)] == ["0o700"] * 2


def test_bundle_is_named_by_its_content(whole: Course, tmp_path: Path) -> None:
    bundle = packed(whole)
    assert packed(whole) == bundle
    for content in (bundle.content + b"\0", bundle.content[:-1], bundle.content.swapcase()):
        with pytest.raises(CourseError, match="changed during the transfer"):
            bundles.keep(Bundle(bundle.name, content), tmp_path / "kept")
    assert not (tmp_path / "kept").exists()


@pytest.mark.parametrize("name", ["/tmp/x", "../x", "source/../../x", "", ".", "a\0b"])
def test_bundle_that_leaves_its_folder_is_refused(tmp_path: Path, name: str) -> None:
    bundle = bundles.pack({name: b"harm"})
    with pytest.raises(CourseError, match="leads out"):
        bundles.keep(bundle, tmp_path / "in" / "kept")
    with pytest.raises(CourseError, match="leads out"):
        bundles.write_files({"x": b"", name: b"harm"}, tmp_path / "in")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    "data",
    [
        {"type": "fdl-bundle/2", "files": {5: b"harm"}},
        {"type": "fdl-bundle/2", "files": {"x": "text"}},
        {"type": "fdl-bundle/2", "files": {}, "more": 1},
        {"type": "fdl-bundle/2", "files": dict.fromkeys(map(str, range(10_001)), b"")},
        {"type": "fdl-bundle/1", "files": {}},
        [],
    ],
)
def test_bundle_of_another_form_is_refused(tmp_path: Path, data: object) -> None:
    content = msgpack.packb(data)
    bundle = Bundle(hashlib.sha256(content).hexdigest(), content)
    with pytest.raises(CourseError, match="not an assignment's bundle"):
        bundles.keep(bundle, tmp_path / "kept")
    assert not list(tmp_path.iterdir())


def test_bundle_that_is_too_large_is_not_even_hashed(
    whole: Course, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bundles, "MAX_BYTES", 10)
    with pytest.raises(CourseError, match="too large"):
        bundles.keep(packed(whole), tmp_path / "kept")

"""Faults that fuzzing and reading have found, each with the smallest case that shows it."""

from __future__ import annotations

import json
import socket
import time
from dataclasses import replace
from typing import Any

import msgpack
import numpy as np
import pytest

from autograder.course.limits import Limits
from autograder.errors import RecordError
from autograder.grading.report import Report
from autograder.sandbox import session
from autograder.sandbox.inside.wire import (
    MAX_DIGITS,
    MAX_KEYS,
    Budget,
    Channel,
    Unsendable,
    WireError,
    WireTimeout,
    decode,
    encode,
)
from autograder.sandbox.session import Cell, CellResult
from autograder.sandbox.stages import StageTimes
from autograder.sandbox.student import Raised, Student
from autograder.submission.files import UnreadableError
from autograder.submission.pictures import Attachment
from autograder.submission.reading import read_cells

from .documents import good_report

QUICK = 3.0
"""Seconds allowed for fast operations; before the fixes, these operations took minutes."""


def read(tree: object, shapes: list[Any] | None = None, data: bytes = b"") -> Any:
    return decode(msgpack.packb([tree, shapes or []]), data)


# the wire


@pytest.mark.parametrize("shape", [[0, 2**39, 2**39], [2**21, 0], [2**20, 0, 2]], ids=str)
def test_an_array_without_elements_has_no_enormous_sizes(shape: list[int]) -> None:
    with pytest.raises(WireError, match="no proper shape"):
        read(["a", 0], [["f8", shape]])
    if max(shape) < 2**30:
        with pytest.raises(Unsendable, match="shape"):
            encode(np.zeros(shape), Budget())


def test_an_array_without_elements_crosses() -> None:
    assert read(["a", 0], [["f8", [0, 5, 100]]]).shape == (0, 5, 100)


def test_a_truth_is_true_or_false_whatever_its_byte_holds() -> None:
    found = read(["a", 0], [["b1", [3]]], b"\x00\x01\x02")
    assert found.tobytes() == b"\x00\x01\x01"
    alone = read(["a", 0], [["b1", []]], b"\xff")
    assert type(alone) is np.ndarray
    assert alone.tobytes() == b"\x01"


def test_an_array_is_named_once() -> None:
    with pytest.raises(WireError, match="twice"):
        read(["l", ["a", 0], ["a", 0]], [["u1", [1]]], b"1")


def colliding(count: int) -> list[list[Any]]:
    """Return complex numbers that all have the same hash."""
    return [["c", float(12_345 - 1_000_003 * b), float(b)] for b in range(count)]


def test_the_fake_keys_have_one_hash() -> None:
    assert len({hash(complex(*parts)) for _, *parts in colliding(100)}) == 1


def test_keys_of_one_hash_do_not_hold_the_reader_up() -> None:
    started = time.process_time()
    with pytest.raises(WireError, match="keys"):
        read(["d", *[[key, None] for key in colliding(40_000)]])
    assert time.process_time() - started < QUICK


def test_so_many_keys_are_refused_by_the_sender_too() -> None:
    with pytest.raises(Unsendable, match="keys"):
        encode([dict.fromkeys(range(MAX_KEYS), 0), {0: 0}], Budget())
    assert len(encode({str(n): 0 for n in range(2 * MAX_KEYS)}, Budget())) > 0


@pytest.mark.parametrize("sign", [1, -1])
def test_the_longest_integer_that_is_read_can_be_sent_again(sign: int) -> None:
    def there_and_back(value: int) -> Any:
        frame = encode(value, Budget())
        return decode(frame[8:], b"")

    longest = sign * (10 ** (MAX_DIGITS - 1) - 1)
    assert there_and_back(longest) == longest
    assert read(["i", str(longest)]) == longest
    with pytest.raises(Unsendable, match="digits"):
        encode(10**MAX_DIGITS, Budget())
    with pytest.raises(WireError, match="digits"):
        read(["i", str(10**MAX_DIGITS)])


def test_what_came_too_late_is_not_taken_because_it_is_there() -> None:
    near, far = socket.socketpair()
    with near, far:
        Channel(far).send("late")
        with pytest.raises(WireTimeout):
            Channel(near).receive(time.monotonic() - 0.01)


# the student


@pytest.mark.parametrize("error", ["int", "__loader__", "print", 5, None, "\0"])
def test_only_an_exceptions_name_is_told_as_one(error: object) -> None:
    near, far = socket.socketpair()
    student = Student(lambda: Channel(near), call_seconds=1, callbacks=1, quote=lambda _: "")
    with near, far:
        Channel(far).send(["error", 1, {"error": error}])
        with pytest.raises(Raised, match=r"The code raised an exception\.$") as caught:
            student.gradient()
        assert caught.value.error == "Exception"


# what a cell shows


def outputs(*shown: dict[str, Any]) -> dict[str, Any]:
    return {"outputs": np.frombuffer(json.dumps(shown).encode(), dtype=np.uint8), "error": None}


def test_half_a_surrogate_pair_in_an_output_becomes_a_question_mark() -> None:
    shown = {"output_type": "stream", "name": "stdout", "text": "a\ud800b"}
    result = session._cell_result(outputs(shown))
    assert result.outputs[0]["text"] == "a?b"


@pytest.mark.parametrize("told", [10**12, 10**30, "[]", None, np.zeros(3), np.zeros((2, 2), "u1")])
def test_outputs_that_are_no_bytes_are_refused(told: object) -> None:
    with pytest.raises(WireError, match="outputs"):
        session._cell_result({"outputs": told, "error": None})


def test_all_cells_together_show_no_more_than_is_kept() -> None:
    full = ({"output_type": "stream", "name": "stdout", "text": "x" * 600},)
    picture = ({"output_type": "display_data", "data": {"image/png": "x" * 600}, "metadata": {}},)
    error = session.CellError("ValueError", "told all the same")

    class Process:
        def run(self, cell: Cell, _latest: float) -> CellResult:
            return CellResult(full if cell.index % 2 else picture, error)

        def hold(self) -> None:
            """Do nothing: no process is running."""

        def kill(self) -> None:
            """Do nothing: there is no process to kill."""

    class Sandbox:
        limits = Limits(shown_bytes=8_000)
        times = StageTimes()

        def start(self, *_: Any) -> Process:
            return Process()

        def sweep(self) -> None:
            """There is nothing."""

    cells = [Cell(index, "") for index in range(5)]
    notebook = session.Notebook(Sandbox(), "n", cells, {}, 0)  # type: ignore[arg-type]
    notebook.run(time.monotonic() + 60)
    kept = [len(str(notebook.results[index].outputs)) > 500 for index in range(5)]
    assert kept == [True, True, True, False, False]
    assert "more than is kept" in notebook.results[4].outputs[0]["text"]
    assert all(result.error == error for result in notebook.results.values())


def test_a_message_that_begins_with_an_array_is_not_the_one_that_is_waited_for() -> None:
    for message in ([np.zeros(2)], [], None, [["forked"], 1], {"forked": 1}):
        with pytest.raises(WireError):
            session._reply(message, "forked")


# notebooks


def test_a_pasted_picture_with_much_space_in_it_does_not_hold_the_reader_up() -> None:
    picture = {"image/png": " " * 200_000 + "!"}
    cell = {"cell_type": "markdown", "source": "x", "attachments": {"p.png": picture}}
    started = time.process_time()
    (read_cell,), *_ = read_cells(json.dumps({"cells": [cell]}).encode())
    assert read_cell.attachments == {"p.png": Attachment(b"", 0)}
    assert time.process_time() - started < QUICK


@pytest.mark.parametrize(
    "data", ["/9j/4CBhIHBob3Rv", "/9j/4CBh IHBo\nb3Rv\n", "/9j/4CBhIHBob3Rv \n"]
)
def test_a_pasted_picture_is_kept(data: str) -> None:
    cell = {"cell_type": "raw", "source": "", "attachments": {"p": {"image/png": data}}}
    (read_cell,), *_ = read_cells(json.dumps({"cells": [cell]}).encode())
    photo = b"\xff\xd8\xff\xe0 a photo"
    assert read_cell.attachments == {"p": Attachment(photo, len(photo))}


def test_a_file_that_is_nested_too_deeply_is_no_notebook() -> None:
    with pytest.raises(UnreadableError, match="deeply"):
        read_cells(b'{"cells": ' + b"[" * 100_000 + b"]" * 100_000 + b"}")


# Reports


def changed(**fields: Any) -> str:
    return json.dumps({**json.loads(good_report()), **fields})


@pytest.mark.parametrize(
    "text",
    [
        "[" * 100_000,
        "[]",
        "null",
        "9" * 5_000,
        changed(points=float("nan")),
        changed(points=1e308).replace("1e+308", "1e999"),
        changed(points="12"),
        changed(points=True),
        changed(points=10**400),
        changed(submission="\ud800"),
        changed(submission=None),
        changed(items=[]),
        changed(items={"a": 5}),
        changed(notebooks={"p": {"state": "perfect"}}),
        changed(walls={"a": float("inf")}),
        changed(notes="abc"),
        changed(notes=[1]),
        changed(schema={"a": "x" * 9_000}),
        changed(schema="fdl-report/0" + "x" * 9_000),
    ],
    ids=lambda text: text[-30:],
)
def test_a_text_that_no_report_was_written_as_is_refused(text: str) -> None:
    with pytest.raises(RecordError) as caught:
        Report.from_json(text)
    assert len(str(caught.value)) < 500


def test_a_key_of_a_later_version_is_ignored() -> None:
    assert Report.from_json(changed(unknown=1)) == Report.from_json(good_report())


def test_a_report_with_something_in_every_field_is_read_as_it_was() -> None:
    found = Report.from_json(good_report())
    assert found.to_json() == good_report()
    assert found == replace(found)
    assert found.notebooks["p"].faults[1].line is None
    assert [each.cell for each in found.dropped("i")] == [4]
    assert found.items["i"].claims[0].costs == 0.25

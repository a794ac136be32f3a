"""Readers of hostile input, each as one function of a source of choices.

A target returns in one word how it ended: "taken", or the name of the only allowed error.
Any other error of a reader is raised by the target too, and every accepted value is checked.
"""

from __future__ import annotations

import contextlib
import json
import random
import socket
import time
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nbformat
import numpy as np

from autograder.course.limits import Limits
from autograder.errors import RecordError
from autograder.grading.report import Report
from autograder.sandbox import session
from autograder.sandbox.figurerecord import FigureData
from autograder.sandbox.inside.peer import RemoteFunction
from autograder.sandbox.inside.wire import (
    DTYPES,
    HEADER,
    MAX_DIMENSIONS,
    Budget,
    Channel,
    Function,
    Object,
    WireError,
    decode,
    encode,
)
from autograder.sandbox.session import Cell, CellResult, NotebookGone, NotebookProcess
from autograder.sandbox.student import Student, StudentFailure
from autograder.submission.files import UnreadableError
from autograder.submission.fitting import Fitting
from autograder.submission.form import Form
from autograder.submission.reading import read_cells
from tests.submission import forms

from . import documents, frames
from .source import Bits

Target = Callable[[random.Random], str]


@dataclass
class Tally:
    """The number of frames that the grader's side read, and the longest time for one call.

    Time in which other processes had the processor is not counted.
    """

    frames: int = 0
    longest: float = 0.0

    @contextlib.contextmanager
    def call(self) -> Iterator[None]:
        """Measure the time of a call."""
        started = time.monotonic() - _waited()
        try:
            yield
        finally:
            self.longest = max(self.longest, time.monotonic() - _waited() - started)


def _waited() -> float:
    """Return seconds in which this thread was ready to run and did not; 0 if unknown."""
    try:
        return int(Path("/proc/thread-self/schedstat").read_bytes().split()[1]) / 1e9
    except (OSError, IndexError, ValueError):
        return 0.0


tally = Tally()

SECONDS = 0.5
"""Seconds allowed for every call in a target; only calls that must wait reach this limit."""


def named(error: Exception) -> str:
    """Return an error's name; check that its text can be written to a file and is short."""
    assert len(str(error).encode()) < 2_000
    return type(error).__name__


# --- checks of values that come out of the wire ---------------------------------------------------


def assert_plain(value: object, arrays: int) -> None:
    """Assert that `value` has only the wire's types, with at most `arrays` bytes of arrays."""
    waiting = [value]
    while waiting:
        part = waiting.pop()
        if type(part) is list or type(part) is tuple:
            waiting.extend(part)
        elif type(part) is dict:
            waiting.extend(part.values())
            waiting.extend(part.keys())
        elif type(part) is Object:
            waiting.append(part.value)
        elif type(part) is np.ndarray:
            assert_plain_array(part)
            arrays -= part.nbytes
        else:
            known = (bool, int, float, complex, str, bytes, Function, RemoteFunction, FigureData)
            assert part is None or type(part) in known, type(part)
    assert arrays >= 0, "the arrays hold more bytes than were sent"


def assert_plain_array(array: np.ndarray) -> None:
    """Assert that the array contains numbers, owns its memory, and can be used safely."""
    assert array.dtype.str[1:] in DTYPES
    assert array.dtype.isnative
    assert array.ndim <= MAX_DIMENSIONS
    assert array.flags.writeable
    assert array.flags.c_contiguous
    assert array.sum(axis=0, dtype=None).size <= max(array.size, 1_000_000)
    if array.dtype == np.bool_:
        assert set(array.tobytes()) <= {0, 1}


def wire(rng: random.Random) -> str:
    """Test the decoder: a frame gives plain data that can be sent again, or WireError."""
    frame = frames.frame(rng)
    body_length = HEADER.unpack(frame[:8])[0] if len(frame) >= 8 else 0
    body, arrays = frame[8 : 8 + body_length], frame[8 + body_length :]
    return _decoded(body, arrays)


def raw(rng: random.Random) -> str:
    """Test the decoder on arbitrary bytes."""
    arrays = rng.randbytes(rng.getrandbits(4))
    body = rng.rest() if isinstance(rng, Bits) else rng.randbytes(rng.randrange(300))
    return _decoded(body, arrays)


def _decoded(body: bytes, arrays: bytes) -> str:
    tally.frames += 1
    try:
        with tally.call():
            value = decode(body, arrays)
    except WireError:
        return "WireError"
    assert_plain(value, len(arrays))
    again = _sent(_sent(value))
    assert encode(again, Budget()) == encode(_sent(_sent(again)), Budget())
    return "taken"


def _sent(value: object) -> Any:
    frame = encode(value, Budget())
    body_length, _ = HEADER.unpack(frame[:8])
    return decode(frame[8 : 8 + body_length], frame[8 + body_length :])


# --- code that talks to the worker ----------------------------------------------------------------


@contextlib.contextmanager
def said(*told: bytes, silent: bool = False) -> Iterator[Channel]:
    """Return a channel to a peer that has sent all data and then closes or stays silent."""
    near, far = socket.socketpair()
    far.setblocking(False)
    with near, far:
        with contextlib.suppress(BlockingIOError):
            for part in told:
                far.sendall(part)
        if not silent:
            far.shutdown(socket.SHUT_WR)
        tally.frames += len(told)
        yield Channel(near, frames.BUDGET)


def channel(rng: random.Random) -> str:
    """Test a channel: it gives the next value, or WireError."""
    frame = frames.frame(rng)
    with said(frame) as near:
        try:
            with tally.call():
                value = near.receive(time.monotonic() + SECONDS)
        except WireError as error:
            return type(error).__name__
    assert_plain(value, len(frame))
    return "taken"


def student(rng: random.Random) -> str:
    """Test a student's process with any answer: it gives plain data, or a StudentFailure."""
    told = [_callback(rng) for _ in range(rng.choice([0, 0, 1, 3]))]
    told.append(_any_message(rng, 1))
    after = tuple(frames.value(rng) for _ in range(rng.choice([3, 3, 3, 2])))
    told.append(_encoded(["answer", 2, after], rng))
    silent = rng.random() < 0.002
    with said(*told, silent=silent) as near:
        used = Student(
            lambda: near, call_seconds=0.02 if silent else SECONDS, callbacks=5, quote=str
        )
        try:
            with tally.call():
                answer = used.gradient(_gradient, np.ones(3), {"a": [1]}, key=2.0)
            assert_plain_answer(answer)
            if isinstance(answer, RemoteFunction):
                assert_plain_answer(answer(1.0))
            assert type(used.arguments_after) is tuple
        except StudentFailure as failure:
            return named(failure)
        finally:
            used.close()
    return "taken"


def assert_plain_answer(answer: object) -> None:
    """Assert that an answer has no Function or Object, except the grader's own function."""
    waiting = [answer]
    while waiting:
        part = waiting.pop()
        if isinstance(part, (list, tuple)):
            waiting.extend(part)
        elif isinstance(part, dict):
            waiting.extend(part.values())
        elif part is not _gradient:
            assert not isinstance(part, (Function, Object))
            assert_plain(part, 2**40)


def _gradient(x: Any) -> Any:
    return 2 * x


def _any_message(rng: random.Random, number: int) -> bytes:
    kind = rng.randrange(5)
    if kind == 0:
        return frames.frame(rng)
    if kind == 1:
        return _encoded(["answer", number, ("function", frames.value(rng))], rng)
    if kind == 2:
        thing = Object("figure", documents.figure(rng))
        return _encoded(["answer", number, ("function", [thing])], rng)
    return frames.message(rng, number if kind == 3 else None)


def _callback(rng: random.Random) -> bytes:
    args = (rng.choice([1.5, np.ones(2), "x", [1], frames.value(rng)]),)
    return _encoded(["call", rng.randrange(99), 0, args, {}], rng)


def _encoded(value: Any, rng: random.Random) -> bytes:
    """Return a frame of the value; if the value can't be sent, return another frame."""
    try:
        return encode(value, frames.BUDGET)
    except (TypeError, ValueError):
        return frames.message(rng)


class _Sandbox:
    """The part of a sandbox that a NotebookProcess needs."""

    limits = Limits(cell_seconds=SECONDS, output_bytes=100_000)
    cause = None
    age = 0

    def kill(self, *_: int) -> None:
        """Do nothing: this sandbox has no process."""


class _Holder:
    pid = 1


def cell(rng: random.Random) -> str:
    """Test any reply about a cell: it gives a CellResult fit to be stored, or none."""
    told = _ran(rng) if rng.random() < 0.8 else _any_message(rng, 0)
    with said(told) as near:
        process = NotebookProcess(_Sandbox(), near, 1, _Holder())  # type: ignore[arg-type]
        try:
            with tally.call():
                result = process.run(Cell(0, "x = 1"))
        except NotebookGone:
            return "NotebookGone"
    assert_fit(result)
    return "taken"


def reply(rng: random.Random) -> str:
    """Test a process with any reply where one word is expected: it gives a number, or WireError."""
    word = rng.choice(["confined", "forked", "started"])
    parts = [word, frames.value(rng)][: rng.randrange(1, 3)]
    if rng.random() < 0.5:
        parts = [frames.value(rng) for _ in range(rng.randrange(3))]
    with said(_encoded(parts, rng)) as near:
        try:
            with tally.call():
                number = session._reply(near.receive(time.monotonic() + SECONDS), word)
        except WireError:
            return "WireError"
    assert type(number) is int
    return "taken"


def _ran(rng: random.Random) -> bytes:
    shown: Any = [
        {"output_type": "stream", "name": "stdout", "text": "1\n"},
        {"output_type": "error", "ename": "E", "evalue": "x", "traceback": ["t"]},
        {"output_type": "display_data", "data": {"text/plain": "1"}, "metadata": {}},
        {"output_type": "execute_result", "data": {"image/png": "aGk="}, "execution_count": 1},
    ]
    shown = documents.spoil(shown, rng, documents._json_junk, rng.choice([0, 1, 2]))
    text = json.dumps(shown).encode()
    outputs = rng.choice([np.frombuffer(text, dtype=np.uint8)] * 8 + [text, 10**12, None])
    error = rng.choice([None, {"error": "E", "text": "t", "place": (0, 1)}, frames.value(rng)])
    result: Any = {"outputs": outputs, "error": error}
    return _encoded(["ran", rng.choice([0, 0, 0, 0, 1, True]), result], rng)


def assert_fit(result: CellResult) -> None:
    """Assert that a cell's output can be put into a notebook and written to a file."""
    cell = nbformat.v4.new_code_cell(
        "x = 1", outputs=[nbformat.from_dict(o) for o in result.outputs]
    )
    for output in cell.outputs:
        if output.output_type == "execute_result":
            output.execution_count = 1
    notebook = nbformat.v4.new_notebook(cells=[cell])
    nbformat.validate(notebook)
    assert nbformat.writes(notebook).encode()
    if result.error is not None:
        assert f"{result.error.kind}{result.error.text}".encode()


# what reads documents


def figure(rng: random.Random) -> str:
    """Test the figure from plain data: it answers every question, or raises WireError."""
    record = documents.figure(rng)
    try:
        found = FigureData.from_wire(record)
    except WireError:
        return "WireError"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # numbers can be too large
        assert found.summary()
        for axes in found.axes:
            for curve in axes.curves:
                assert isinstance(axes.shows(curve), bool)
                assert len(axes.painted_over(curve)) == len(curve.points) == len(curve.x)
                assert len(axes.within_limits(curve.points)) == len(curve.y)
                assert not curve.own_label.startswith("_")
            for field in axes.fields:
                assert field.covers(np.zeros((2, 2))).shape == (2,)
    return "taken"


FORM = Form(forms.valley())
LOCKED = [(slot.grade_id, slot.text) for slot in FORM.slots if slot.role == "locked"]


def notebook(rng: random.Random) -> str:
    """Test a notebook file: it can be run with all released cells, or is unreadable."""
    return read_notebook(documents.notebook(rng))


def read_notebook(content: bytes) -> str:
    """Test arbitrary bytes as a notebook file: it can be run, or is unreadable."""
    try:
        cells, notes, _ = read_cells(content)
    except UnreadableError as error:
        return named(error)
    fitting = Fitting(FORM, cells)
    found, _ = fitting.fit()
    nbformat.validate(found)
    assert nbformat.writes(found).encode()
    assert all(note.encode() for note in [*notes, *fitting.notes()])
    names = [c.metadata.get("nbgrader", {}).get("grade_id") for c in found.cells]
    kept = [name for name in names if name]
    assert kept == [slot.grade_id for slot in FORM.slots]
    sources = {name: c.source for name, c in zip(names, found.cells, strict=True) if name}
    assert all(sources[name].strip() == text for name, text in LOCKED)
    return "taken"


def report(rng: random.Random) -> str:
    """Test a Report's text: the Report can be written and read again, or raises RecordError."""
    return read_report(documents.report(rng))


def read_report(text: str) -> str:
    """Test an arbitrary text as a Report: it gives a Report, or RecordError."""
    try:
        found = Report.from_json(text)
    except RecordError as error:
        return named(error)
    written = found.to_json()
    assert written.encode()
    assert Report.from_json(written) == found
    numbers = [found.points, found.max_points, found.bonus_points, found.max_bonus_points]
    assert all(np.isfinite(numbers))
    return "taken"


FRAMES: dict[str, Target] = {
    "wire": wire,
    "channel": channel,
    "student": student,
    "cell": cell,
    "reply": reply,
}
"""The targets that read frames."""

TARGETS: dict[str, Target] = {
    **FRAMES,
    "raw": raw,
    "figure": figure,
    "notebook": notebook,
    "report": report,
}

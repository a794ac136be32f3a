"""A worker that does anything it likes: every call ends by its deadline, with a StudentFailure."""

from __future__ import annotations

import contextlib
import select
import socket
import threading
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from autograder.course.limits import Limits
from autograder.sandbox import session
from autograder.sandbox.inside import peer
from autograder.sandbox.inside.wire import (
    HEADER,
    Budget,
    Channel,
    Function,
    WireError,
    WireTimeout,
    encode,
)
from autograder.sandbox.session import Cell, NotebookGone, NotebookProcess
from autograder.sandbox.student import BadAnswer, NoAnswer, NotDone, Student, StudentFailure

CALL, SLACK = 0.15, 1.0
PATIENT = 60.0
"""Seconds for a call of a worker that answers at once, even on a busy machine."""
CALLBACKS = 40

Script = Callable[[Channel], None]


@contextlib.contextmanager
def worker(script: Script) -> Iterator[Channel]:
    """Yield a channel to a thread that follows the script until the channel is closed."""
    near, far = socket.socketpair()

    def follow() -> None:
        with contextlib.suppress(WireError, OSError):
            script(Channel(far))
            far.recv(1)

    thread = threading.Thread(target=follow)
    thread.start()
    try:
        yield Channel(near)
    finally:
        near.close()
        with contextlib.suppress(OSError):
            far.shutdown(socket.SHUT_RDWR)
        thread.join(PATIENT)
        far.close()
        assert not thread.is_alive()


def a_student(near: Channel, call_seconds: float) -> Student:
    return Student(lambda: near, call_seconds=call_seconds, callbacks=CALLBACKS, quote=lambda _: "")


class Watch:
    """Seconds since the object was made, and the seconds that other processes got."""

    def __init__(self) -> None:
        self._started, self._waited = time.monotonic(), self._waited_by_now()

    def seconds(self) -> float:
        return time.monotonic() - self._started

    def is_late(self, allowed: float) -> bool:
        """Return whether more than the allowed seconds passed; waiting for a processor is free."""
        seconds = self.seconds()
        return seconds - (self._waited_by_now() - self._waited) > allowed

    @staticmethod
    def _waited_by_now() -> float:
        """Return the seconds in which threads of this process were ready to run and did not."""
        nanoseconds = 0
        for thread in Path("/proc/self/task").iterdir():
            with contextlib.suppress(OSError, IndexError, ValueError):
                nanoseconds += int((thread / "schedstat").read_bytes().split()[1])
        return nanoseconds / 1e9


def asked(
    script: Script, *args: Any, call_seconds: float = CALL, allowed: float = CALL + SLACK
) -> tuple[Any, float, bool]:
    """Return the answer or failure of a hostile worker's function, and the call's seconds.

    The last value says whether the call took longer than the allowed seconds.
    """
    with worker(script) as near:
        student = a_student(near, call_seconds)
        watch = Watch()
        try:
            answer = student.gradient(*args)
        except StudentFailure as failure:
            answer = failure
        seconds, is_late = watch.seconds(), watch.is_late(allowed)
        student.close()
    return answer, seconds, is_late


class Clock:
    """The real time, except that the grader's own functions take the time stated by the test."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self._skipped, self._monotonic = 0.0, time.monotonic
        monkeypatch.setattr(time, "monotonic", lambda: self._monotonic() + self._skipped)

    def skip(self, seconds: float) -> None:
        self._skipped += seconds


def answer(far: Channel, value: object) -> None:
    """Answer the next call."""
    message = far.receive()
    assert message[0] == "call"
    far.send(["answer", message[1], value])


def begin(far: Channel) -> int:
    """Return the number of the call to the function."""
    return int(far.receive()[1])


def found(value: object) -> tuple[str, object]:
    """Return the answer to a call of a function."""
    return "function", value


def drip(far: Channel, data: bytes) -> None:
    for at in range(len(data)):
        far.stream.sendall(data[at : at + 1])
        time.sleep(0.005)


# workers


def is_silent(far: Channel) -> None:
    far.receive()


def is_silent_in_the_call(far: Channel) -> None:
    begin(far)


def takes_its_time_at_every_step(far: Channel) -> None:
    time.sleep(0.7 * CALL)
    number = begin(far)
    time.sleep(0.7 * CALL)
    far.send(["answer", number, found(1.0)])


def drips_an_answer(far: Channel) -> None:
    drip(far, encode(["answer", begin(far), found(np.zeros(1_000))], Budget()))


def drips_a_header(far: Channel) -> None:
    begin(far)
    drip(far, HEADER.pack(1_000, 0)[:7])


def stops_in_its_answer(far: Channel) -> None:
    far.stream.sendall(encode(["answer", begin(far), found(np.zeros(1_000))], Budget())[:-1])


def hangs_up_at_once(far: Channel) -> None:
    far.stream.shutdown(socket.SHUT_RDWR)


def hangs_up(far: Channel) -> None:
    begin(far)
    far.stream.shutdown(socket.SHUT_RDWR)


def hangs_up_half(far: Channel) -> None:
    begin(far)
    far.stream.shutdown(socket.SHUT_WR)


def hangs_up_in_its_answer(far: Channel) -> None:
    stops_in_its_answer(far)
    far.stream.shutdown(socket.SHUT_RDWR)


def has_hung_up(far: Channel, seconds: float) -> bool:
    """Wait for at most `seconds`; return whether the grader has closed the channel."""
    poll = select.poll()
    poll.register(far.stream, 0)
    return bool(poll.poll(1000 * seconds))


def reads_nothing(far: Channel) -> None:
    has_hung_up(far, PATIENT)


def reads_a_byte_now_and_then(far: Channel) -> None:
    while not has_hung_up(far, 0.01):
        far.stream.recv(1)


def calls_back_and_reads_late(far: Channel) -> None:
    begin(far)
    for number in range(CALLBACKS):
        far.send(["call", number, 0, (), {}])
        time.sleep(0.7 * CALL)
        far.receive()


def calls_back_with_a_slow_function(far: Channel) -> None:
    begin(far)
    for number in range(CALLBACKS):
        far.send(["call", number, 0, (Function(0, own=True),), {}])
        time.sleep(0.7 * CALL)
        answer(far, 1.0)
        far.receive()


def calls_back_without_reading(far: Channel) -> None:
    begin(far)
    while True:
        far.send(["call", 1, 0, (), {}])


def floods_the_channel(far: Channel) -> None:
    far.receive()
    while True:
        far.stream.sendall(b"\0" * 65_536)


def answers_other_calls(far: Channel) -> None:
    number = begin(far)
    for other in (number - 1, number + 1, -1, 2**70):
        far.send(["answer", other, found(1.0)])


def answers_before_it_is_asked(far: Channel) -> None:
    far.send(["answer", 2, found(5.0)])
    far.send(["answer", 1, found(6.0)])


def tells_an_array_for_a_word(far: Channel) -> None:
    answer(far, np.zeros(3))


def tells_an_array_beside_the_answer(far: Channel) -> None:
    answer(far, (np.zeros(3), 1.0))


def tells_too_much(far: Channel) -> None:
    answer(far, ("function", 1.0, 2.0))


def tells_a_word_of_its_own(far: Channel) -> None:
    answer(far, ("right", 1.0))


def raises_an_array(far: Channel) -> None:
    far.send(["error", begin(far), {"error": np.zeros(3), "place": np.zeros(2)}])


def is_not_written_to_an_odd_depth(far: Channel) -> None:
    far.send(["error", begin(far), {"error": "NotImplementedError", "depth": np.ones(2)}])


def claims_a_large_message(far: Channel) -> None:
    begin(far)
    far.stream.sendall(HEADER.pack(2**32 - 1, 2**32 - 1))


def claims_all_that_is_allowed(far: Channel) -> None:
    begin(far)
    far.stream.sendall(HEADER.pack(Budget().body, Budget().arrays) + b"\x92" * 1_000)


LATE: list[tuple[Script, tuple[Any, ...]]] = [
    (is_silent, ()),
    (is_silent_in_the_call, ()),
    (takes_its_time_at_every_step, ()),
    (drips_an_answer, ()),
    (drips_a_header, ()),
    (stops_in_its_answer, ()),
    (claims_all_that_is_allowed, ()),
    (reads_nothing, (np.zeros(400_000),)),
    (reads_a_byte_now_and_then, (np.zeros(400_000),)),
    (calls_back_and_reads_late, (lambda: np.zeros(200_000),)),
    (calls_back_with_a_slow_function, (lambda function: function(),)),
]


@pytest.mark.parametrize(("script", "args"), LATE, ids=[row[0].__name__ for row in LATE])
def test_a_worker_that_is_late_gives_no_answer_at_the_deadline(
    script: Script, args: tuple[Any, ...]
) -> None:
    answered, seconds, is_late = asked(script, *args)
    assert isinstance(answered, NoAnswer), answered
    assert "did not end within" in answered.message
    assert seconds >= CALL
    assert not is_late


LOST: list[tuple[Script, type[StudentFailure]]] = [
    (hangs_up, NoAnswer),
    (hangs_up_half, NoAnswer),
    (hangs_up_in_its_answer, NoAnswer),
    (calls_back_without_reading, NoAnswer),
    (floods_the_channel, BadAnswer),
    (answers_other_calls, BadAnswer),
    (answers_before_it_is_asked, BadAnswer),
    (tells_an_array_for_a_word, BadAnswer),
    (tells_an_array_beside_the_answer, BadAnswer),
    (tells_too_much, BadAnswer),
    (tells_a_word_of_its_own, BadAnswer),
    (claims_a_large_message, BadAnswer),
    (raises_an_array, StudentFailure),
    (is_not_written_to_an_odd_depth, NotDone),
]


@pytest.mark.parametrize(("script", "kind"), LOST, ids=[row[0].__name__ for row in LOST])
def test_a_worker_that_breaks_the_rules_is_a_failure_of_the_students(
    script: Script, kind: type[StudentFailure]
) -> None:
    answered, _, is_late = asked(script, lambda: 1.0, call_seconds=PATIENT)
    assert isinstance(answered, kind), answered
    assert "did not end within" not in answered.message
    assert not is_late


def calls_back_slowly(far: Channel) -> None:
    number = begin(far)
    for back in range(2):
        far.send(["call", back, 0, (), {}])
        far.receive()
    far.send(["answer", number, found(7.0)])


def test_what_the_graders_own_function_takes_is_not_the_students_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(peer, "MAX_OWN_SECONDS", 10 * PATIENT)
    slow = partial(Clock(monkeypatch).skip, 1.2 * PATIENT)
    answered, seconds, _ = asked(calls_back_slowly, slow, call_seconds=PATIENT)
    assert answered == 7.0
    assert seconds > 2 * PATIENT


def test_but_not_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(peer, "MAX_OWN_SECONDS", CALL)

    def calls_back_all_the_time(far: Channel) -> None:
        begin(far)
        for number in range(CALLBACKS):
            far.send(["call", number, 0, (), {}])  # all messages have arrived at the same time

    answered, _, is_late = asked(
        calls_back_all_the_time, partial(time.sleep, 0.7 * CALL), allowed=2 * CALL + SLACK
    )
    assert isinstance(answered, NoAnswer)
    assert not is_late


def gives_a_function(then: Callable[[Channel], None]) -> Script:
    def script(far: Channel) -> None:
        far.send(["answer", begin(far), found(Function(4, own=True))])
        then(far)

    return script


@pytest.mark.parametrize(
    ("then", "kind"),
    [
        (is_silent, NoAnswer),
        (hangs_up_at_once, NoAnswer),
        (
            lambda far: far.send(["error", far.receive()[1], {"error": "ValueError"}]),
            StudentFailure,
        ),
        (lambda far: far.stream.sendall(b"\xff" * 99), BadAnswer),
    ],
    ids=["silent", "hangs up", "raises", "noise"],
)
def test_a_function_in_an_answer_fails_as_the_students_functions_do(
    then: Script, kind: type[StudentFailure]
) -> None:
    with worker(gives_a_function(then)) as near:
        student = a_student(near, PATIENT)
        function = student.gradient()
        if kind is NoAnswer:
            student._call_seconds = CALL
        watch = Watch()
        with pytest.raises(kind):
            function(1.0)
        assert not watch.is_late(CALL + SLACK)
        student.close()
        with pytest.raises(NoAnswer):
            function(1.0)


def test_a_function_in_an_answer_has_a_deadline_of_its_own(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    clock = Clock(monkeypatch)
    with worker(gives_a_function(partial(answer, value=5.0))) as near:
        student = a_student(near, PATIENT)
        function = student.gradient()
        clock.skip(1.2 * PATIENT)
        assert function(1.0) == 5.0
        student.close()


@pytest.mark.parametrize("forged", [None, 1.0, [1.0], (1.0,), (1.0, 2.0, 3.0)], ids=str)
def test_arguments_that_are_none_are_a_failure_of_the_students(forged: object) -> None:
    def forges_its_arguments(far: Channel) -> None:
        far.send(["answer", begin(far), found(1.0)])
        answer(far, forged)

    with worker(forges_its_arguments) as near:
        student = a_student(near, PATIENT)
        student.gradient(1.0, 2.0)
        with pytest.raises(BadAnswer):
            _ = student.arguments_after
        student.close()


# the process that runs the cells


class _Sandbox:
    cause = None
    age = 0

    def __init__(self, cell_seconds: float) -> None:
        self.limits = Limits(cell_seconds=cell_seconds)

    def kill(self, *_: int) -> None:
        """Do nothing: there is no process."""


class _Holder:
    pid = 1


@pytest.mark.parametrize(
    "script",
    [
        is_silent,
        lambda far: drip(far, HEADER.pack(1_000, 0) + b"\x92" * 900),
        hangs_up_at_once,
        floods_the_channel,
        lambda far: far.stream.sendall(HEADER.pack(2**32 - 1, 0)),
        lambda far: far.send(["ran", 3, {"outputs": 10**12, "error": None}]),
    ],
    ids=["silent", "drips", "hangs up", "floods", "claims", "counts"],
)
def test_a_notebook_that_breaks_the_rules_is_gone_by_the_deadline(
    script: Script, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(session, "GRACE_SECONDS", 0.0)
    with worker(script) as near:
        process = NotebookProcess(_Sandbox(CALL), near, 1, _Holder())  # type: ignore[arg-type]
        watch = Watch()
        with pytest.raises(NotebookGone):
            process.run(Cell(3, "x = 1"))
        assert not watch.is_late(CALL + SLACK)


def test_a_result_that_was_written_ahead_is_not_another_cells() -> None:
    outputs = np.frombuffer(b"[]", dtype=np.uint8)

    def writes_ahead(far: Channel) -> None:
        for index in (1, 2):
            far.send(["ran", index, {"outputs": outputs, "error": None}])

    with worker(writes_ahead) as near:
        process = NotebookProcess(_Sandbox(PATIENT), near, 1, _Holder())  # type: ignore[arg-type]
        assert process.run(Cell(1, "x = 1")).error is None
        with pytest.raises(NotebookGone):
            process.run(Cell(3, "x = 3"))


def test_descriptors_for_one_who_does_not_read_wait_no_longer_than_the_deadline() -> None:
    near, far = socket.socketpair()
    channel = Channel(near)
    far_end = threading.Timer(PATIENT, far.close)  # without a limit, the wait would end only here
    with near, contextlib.closing(far):
        with contextlib.suppress(WireTimeout):
            channel.send(np.zeros(400_000), deadline=time.monotonic() + 0.01)
        far_end.start()
        watch = Watch()
        deadline = time.monotonic() + CALL
        with pytest.raises(WireTimeout):
            channel.send(["test"], descriptors=[near.fileno()], deadline=deadline)
        assert not watch.is_late(CALL + SLACK)
        far_end.cancel()

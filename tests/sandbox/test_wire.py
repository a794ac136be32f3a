"""The wire: sent values arrive unchanged, and arbitrary bytes give a value or WireError."""

from __future__ import annotations

import contextlib
import math
import socket
import threading
import time
from collections.abc import Iterator
from typing import Any

import msgpack
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from autograder.sandbox.inside.peer import Peer, RemoteError
from autograder.sandbox.inside.wire import (
    HEADER,
    TOO_LARGE,
    Budget,
    Channel,
    Function,
    Object,
    Unsendable,
    WireClosed,
    WireError,
    WireTimeout,
    decode,
    encode,
)

SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-(10**30), 10**30)
    | st.floats(allow_nan=False)
    | st.text(max_size=20)
    | st.binary(max_size=20)
)
KEYS = st.integers(-5, 5) | st.text(max_size=5) | st.tuples(st.floats(allow_nan=False))
VALUES = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.lists(inner, max_size=4).map(tuple)
        | st.dictionaries(KEYS, inner, max_size=4)
    ),
    max_leaves=20,
)
ARRAYS = hnp.arrays(
    dtype=st.sampled_from(["?", "i1", "u2", "i8", "f2", "f4", "f8", "c16"]),
    shape=hnp.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=4),
)


def there_and_back(value: object, budget: Budget | None = None) -> Any:
    frame = encode(value, budget or Budget())
    body_length, _ = HEADER.unpack(frame[: HEADER.size])
    rest = frame[HEADER.size :]
    return decode(rest[:body_length], rest[body_length:])


@settings(deadline=None)
@given(VALUES)
def test_plain_values_arrive_as_they_were(value: object) -> None:
    arrived = there_and_back(value)
    assert arrived == value
    assert type(arrived) is type(value)


@settings(deadline=None)
@given(ARRAYS)
def test_arrays_keep_dtype_shape_and_every_bit(array: np.ndarray) -> None:
    arrived = there_and_back({"a": [array]})["a"][0]
    assert arrived.dtype == array.dtype
    assert arrived.shape == array.shape
    assert arrived.tobytes() == np.ascontiguousarray(array).tobytes()


def test_unusual_numbers_arrive_as_plain_ones() -> None:
    class Liar(float):
        def __eq__(self, other: object) -> bool:
            return True

        __hash__ = float.__hash__

    sent = [Liar(2.0), np.float32(0.5), np.longdouble(0.25), np.int8(3), np.bool_(True), 1 + 2j]
    arrived = there_and_back(sent)
    assert arrived == [2.0, 0.5, 0.25, 3, True, 1 + 2j]
    assert [type(part) for part in arrived] == [float, float, float, int, bool, complex]


def test_array_subclasses_and_foreign_byte_orders_arrive_as_plain_arrays() -> None:
    masked = np.ma.masked_array([1.0, 2.0], mask=[True, False])
    swapped = np.arange(3, dtype=">f8")
    arrived = there_and_back([masked, np.matrix([[1.0]]), swapped])
    assert [type(part) for part in arrived] == [np.ndarray] * 3
    assert arrived[2].tolist() == [0.0, 1.0, 2.0]


@pytest.mark.parametrize(
    "value",
    [
        np.array([None]),
        np.array(["a"]),
        np.zeros(2, dtype=[("x", float)]),
        object(),
        {1, 2},
        10**2000,
        np.zeros(10),
    ],
    ids=["object", "string", "structured", "foreign", "set", "huge", "over-budget"],
)
def test_what_cannot_cross_is_refused_by_the_sender(value: object) -> None:
    with pytest.raises(Unsendable):
        encode(value, Budget(body=1000, arrays=64))


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        (math, "module math"),
        ([1, {"a": {2}}], "set"),
        (np.array([None]), "array of O"),
        (int, "type"),
        (type("X" * 500, (), {})(), "X" * 40),
        ("x" * 1_000_000, TOO_LARGE),
        (np.zeros(2_000_001), TOO_LARGE),
    ],
)
def test_what_cannot_cross_is_told_by_a_short_name(value: object, kind: str) -> None:
    with pytest.raises(Unsendable) as refused:
        encode(value, Budget())
    assert refused.value.kind == kind


def test_a_value_that_holds_itself_is_refused() -> None:
    circle: list[object] = []
    circle.append(circle)
    with pytest.raises(Unsendable, match="nested"):
        encode(circle, Budget())


def test_references_name_the_side_that_owns_the_function() -> None:
    assert there_and_back(Function(3, own=True)) == Function(3, own=False)
    assert there_and_back(Function(3, own=False)) == Function(3, own=True)
    assert there_and_back(Object("figure", [1])) == Object("figure", [1])


@settings(deadline=None)
@given(st.binary(max_size=200), st.binary(max_size=50))
def test_random_bytes_give_a_value_or_the_wires_own_error(body: bytes, arrays: bytes) -> None:
    with contextlib.suppress(WireError):
        decode(body, arrays)


JUNK = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64 - 1)
    | st.floats()
    | st.text(max_size=6)
    | st.sampled_from(["l", "t", "d", "a", "c", "i", "f", "g", "o", "f8", "u1", "O", "-1"]),
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.text(max_size=2), inner),
    max_leaves=25,
)


@pytest.mark.parametrize("examples", [60, pytest.param(300, marks=pytest.mark.slow)])
def test_well_formed_junk_gives_a_value_or_the_wires_own_error(examples: int) -> None:
    @settings(max_examples=examples, deadline=None)
    @given(JUNK, JUNK, st.binary(max_size=64))
    def try_junk(tree: object, shapes: object, arrays: bytes) -> None:
        with contextlib.suppress(WireError):
            decode(msgpack.packb([tree, shapes]), arrays)

    try_junk()


@pytest.mark.parametrize(
    ("shapes", "data"),
    [
        ([["f8", [2**39]]], b""),
        ([["f8", [2]]], b"12345678"),
        ([["f8", [0]]], b"left over"),
        ([["O", [1]]], b"12345678"),
        ([["f8", [-1]]], b""),
        ([["f8", [1] * 20]], b"12345678"),
        ([["f8", 1]], b"12345678"),
    ],
    ids=["huge", "short", "long", "object", "negative", "dimensions", "no-shape"],
)
def test_an_array_that_claims_what_was_not_sent_is_refused(shapes: Any, data: bytes) -> None:
    with pytest.raises(WireError):
        decode(msgpack.packb([["a", 0], shapes]), data)


def test_nested_maps_do_not_grow_in_memory() -> None:
    bomb = b"\x81\xa1a" * 300_000 + b"\xc0"
    with pytest.raises(WireError):
        decode(b"\x92" + bomb + b"\x90", b"")


@pytest.fixture
def channels() -> Iterator[tuple[Channel, Channel]]:
    near, far = socket.socketpair()
    pair = Channel(near, Budget(1000, 1000)), Channel(far, Budget(1000, 1000))
    yield pair
    for channel in pair:
        channel.close()


def test_a_header_over_the_budget_is_refused_before_its_bytes_are_read(
    channels: tuple[Channel, Channel],
) -> None:
    near, far = channels
    far.stream.sendall(HEADER.pack(2**31, 2**31))
    with pytest.raises(WireError, match="over the budget"):
        near.receive()


def test_a_truncated_frame_is_told_as_closed(channels: tuple[Channel, Channel]) -> None:
    near, far = channels
    far.stream.sendall(HEADER.pack(100, 0) + b"abc")
    far.close()
    with pytest.raises(WireClosed):
        near.receive()


def test_silence_and_a_dribble_both_end_at_the_deadline(
    channels: tuple[Channel, Channel],
) -> None:
    near, far = channels
    with pytest.raises(WireTimeout):
        near.receive(time.monotonic() + 0.02)
    far.stream.sendall(HEADER.pack(100, 0) + b"abc")
    with pytest.raises(WireTimeout):
        near.receive(time.monotonic() + 0.02)


def test_sending_to_one_who_does_not_read_ends_at_the_deadline() -> None:
    near, far = socket.socketpair()
    with pytest.raises(WireTimeout):
        Channel(near, Budget(1000, 50_000_000)).send(
            np.zeros(5_000_000), deadline=time.monotonic() + 0.05
        )
    near.close()
    far.close()


@pytest.fixture
def peers() -> Iterator[tuple[Peer, Peer]]:
    near, far = socket.socketpair()
    here, there = Peer(Channel(near), max_served=50), Peer(Channel(far))
    there.offer("twice", lambda x: 2 * x)
    there.offer("apply", lambda function, *rest: function(*rest))
    there.offer("compose", lambda function: lambda x: function(x) + 1)
    there.offer("fail", lambda: 1 / 0)
    there.offer("spam", lambda function: [function() for _ in range(100)])

    def serve() -> None:
        with contextlib.suppress(WireError):
            there.serve_forever()
        there.channel.close()  # a waiting reader notices the change at once

    thread = threading.Thread(target=serve)
    thread.start()
    here.deadline = time.monotonic() + 60
    yield here, there
    near.close()
    thread.join()
    far.close()


def test_calls_go_both_ways(peers: tuple[Peer, Peer]) -> None:
    here, _ = peers
    assert here.call("twice", (21,), {}) == 42
    assert here.call("apply", (lambda x: x + 1, 1), {}) == 2
    assert here.call("apply", (lambda f, x: f(x) * 10, lambda x: x + 1, 1), {}) == 20


def test_a_function_made_over_there_can_be_called_here(peers: tuple[Peer, Peer]) -> None:
    here, _ = peers
    composed = here.call("compose", (lambda x: 3 * x,), {})
    assert composed(2) == 7


def test_an_exception_over_there_is_data_here(peers: tuple[Peer, Peer]) -> None:
    here, _ = peers
    with pytest.raises(RemoteError) as caught:
        here.call("fail", (), {})
    assert caught.value.details["error"] == "ZeroDivisionError"
    assert here.call("twice", (1,), {}) == 2


def test_only_what_is_offered_can_be_called(peers: tuple[Peer, Peer]) -> None:
    here, _ = peers
    with pytest.raises(WireError):
        here.call("open", ("/etc/passwd",), {})


def test_callbacks_are_counted_and_bounded(peers: tuple[Peer, Peer]) -> None:
    here, _ = peers

    with pytest.raises(WireError, match="more than 50 calls"):
        here.call("spam", (lambda: 1,), {})


@pytest.mark.parametrize(
    "message",
    [
        None,
        [],
        ["answer"],
        ["answer", "1", 2],
        ["answer", 99, 2],
        ["call", 1, "twice", [], {}],
        [["answer"], 1, 2],
        {"answer": 1},
    ],
)
def test_a_forged_message_is_the_wires_own_error(message: object) -> None:
    near, far = socket.socketpair()
    peer = Peer(Channel(near))
    peer.deadline = time.monotonic() + 60
    Channel(far).send(message)
    with pytest.raises(WireError):
        peer.call("gradient", (1,), {})
    near.close()
    far.close()

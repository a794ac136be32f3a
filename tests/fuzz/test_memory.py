"""A frame's memory is bounded by the number of bytes sent, whatever the frame claims to contain."""

from __future__ import annotations

import struct
import subprocess
import sys
import tracemalloc
from collections.abc import Callable
from pathlib import Path

import msgpack
import numpy as np
import pytest

from autograder.sandbox.inside.wire import HEADER, Budget, WireError, decode, encode

from .frames import packed

PER_BODY, PER_ARRAYS, SMALL = 100, 3.5, 100_000
"""The most memory for each byte of the body, for each byte of the arrays, and for any frame."""

SIZE = 50_000


def filled(part: bytes, size: int) -> bytes:
    """Return a body of this size, which is a list of one part repeated."""
    count = (size - 20) // len(part)
    return b"\x92\xdd" + struct.pack("!I", count + 1) + b"\xa1l" + part * count + b"\x90"


def claims(claim: bytes, size: int) -> bytes:
    """Return a body of nested lists, each of which claims to contain very many elements."""
    return b"\x92" + claim * 1_000 + b"\xc0" * (size - 1_000 * len(claim) - 1)


def keys(size: int) -> bytes:
    """Return a dict whose keys are very many numbers."""
    count = (size - 20) // 26
    pairs = [[["i", str(2**64 + number)], None] for number in range(count)]
    return bytes(msgpack.packb([["d", *pairs], []]))


BODIES: dict[str, Callable[[int], bytes]] = {
    "nested maps": lambda size: b"\x92" + b"\x81\xa1a" * (size // 3 - 9) + b"\xc0\x90",
    "many maps": lambda size: filled(b"\x80", size),
    "maps with one key": lambda size: filled(b"\x81\xa1a\xc0", size),
    "empty lists": lambda size: filled(b"\x90", size),
    "nested lists": lambda size: b"\x92" + b"\x91" * (size - 9) + b"\xc0\x90",
    "chains of lists": lambda size: filled(b"\x91" * 20 + b"\xc0", size),
    "chains of tagged lists": lambda size: filled(b"\x92\xa1l" * 20 + b"\xc0", size),
    "long claims": lambda size: claims(b"\xdd" + struct.pack("!I", size // 2), size),
    "short claims": lambda size: claims(b"\xdc" + struct.pack("!H", min(size // 2, 65_535)), size),
    "letters": lambda size: filled(b"\xa2\xc4\x80", size),
    "texts": lambda size: filled(b"\xa1x", size),
    "numbers": lambda size: filled(b"\xcd\x01\x01", size),
    "digits": lambda size: filled(msgpack.packb(["i", "9" * 20]), size),
    "complex numbers": lambda size: filled(msgpack.packb(["c", 1, 1]), size),
    "extensions": lambda size: filled(b"\xd4\x01\x00", size),
    "one text": lambda size: msgpack.packb(["x" * (size - 20), []]),
    "bytes": lambda size: msgpack.packb([b"x" * (size - 20), []]),
    "keys": keys,
}


def peak(body: bytes, arrays: bytes = b"") -> int:
    """Return the highest memory while a frame was read."""
    tracemalloc.start()
    try:
        before = tracemalloc.get_traced_memory()[0]
        tracemalloc.reset_peak()
        try:
            value = decode(body, arrays)
        except WireError:
            value = None
        del value
        return tracemalloc.get_traced_memory()[1] - before
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("name", BODIES)
def test_a_body_takes_a_bounded_multiple_of_its_size(name: str) -> None:
    body = BODIES[name](SIZE)
    assert 0.8 * SIZE < len(body) <= SIZE
    assert peak(body) <= PER_BODY * len(body) + SMALL


ARRAYS: dict[str, tuple[object, list[object], int]] = {
    "one large array": (["a", 0], [["u1", [16_000_000]]], 16_000_000),
    "one array named again and again": (["l", *[["a", 0]] * 20_000], [["u1", [800]]], 800),
    "a large array named thrice": (["l", *[["a", 0]] * 3], [["f8", [2_000_000]]], 16_000_000),
    "many arrays": (
        ["l", *[["a", k] for k in range(1_000)]],
        [["u1", [16_000]]] * 1_000,
        16_000_000,
    ),
    "truths": (["a", 0], [["b1", [16_000_000]]], 16_000_000),
    "sizes without elements": (["a", 0], [["f8", [0, 2**39]]], 0),
    "claims": (["a", 0], [["f8", [2**39]]], 100),
}


@pytest.mark.parametrize("name", ARRAYS)
def test_arrays_take_a_bounded_multiple_of_their_bytes(name: str) -> None:
    tree, shapes, size = ARRAYS[name]
    body = msgpack.packb([tree, shapes])
    assert peak(body, bytes(size)) <= PER_BODY * len(body) + PER_ARRAYS * size + SMALL


CROWDED = """
import socket, threading, time
import msgpack
from autograder.sandbox.inside.wire import Budget, Channel, WireError
from tests.fuzz.long import limit_memory
from tests.fuzz.test_memory import ARRAYS, BODIES
from tests.fuzz.frames import packed

frames = {name: packed(make(SIZE), b"") for name, make in BODIES.items()}
for name, (tree, shapes, size) in ARRAYS.items():
    frames[name] = packed(msgpack.packb([tree, shapes]), bytes(size))
frames["claimed arrays"] = packed(b"", b"")[:4] + (64_000_000).to_bytes(4, "big")
limit_memory(MOST)
for name, frame in frames.items():
    near, far = socket.socketpair()
    def send():
        try:
            far.sendall(frame)
            far.close()
        except OSError:
            pass
    thread = threading.Thread(target=send)
    thread.start()
    try:
        Channel(near, Budget()).receive(time.monotonic() + 120)
        print(name, "taken")
    except WireError as error:
        assert "Memory" not in str(error), name
        print(name, "refused")
    near.close()
    thread.join()
"""


@pytest.mark.parametrize(
    ("size", "most"),
    [(400_000, 160 * 2**20), pytest.param(999_000, 256 * 2**20, marks=pytest.mark.slow)],
)
def test_every_bomb_is_read_in_little_memory(size: int, most: int) -> None:
    done = subprocess.run(
        [sys.executable, "-c", CROWDED.replace("SIZE", str(size)).replace("MOST", str(most))],
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert len(done.stdout.splitlines()) == len(BODIES) + len(ARRAYS) + 1


def test_the_largest_message_that_is_allowed_crosses_in_its_budget() -> None:
    array = np.arange(1_000_000, dtype=float)
    frame = encode([array, array * 2], Budget())
    body_length, arrays_length = HEADER.unpack(frame[:8])
    assert arrays_length == Budget().arrays
    body, arrays = frame[8 : 8 + body_length], frame[8 + body_length :]
    assert peak(body, arrays) <= PER_ARRAYS * arrays_length
    assert packed(body, arrays) == frame

"""Frames as a hostile worker may send them: good, damaged and forged frames, and bombs."""

from __future__ import annotations

import random
import struct
from typing import Any

import msgpack
import numpy as np

from autograder.sandbox.inside.wire import HEADER, Budget, Function, Object, encode

from .source import one_of

BUDGET = Budget(body=200_000, arrays=200_000)

TAGS = ["l", "t", "d", "a", "c", "i", "f", "g", "o"]
DTYPES = ["b1", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "f2", "f4", "f8", "c8", "c16"]
FORGED_DTYPES = ["O", "S8", "U4", "V8", "M8[s]", "m8", ">f8", "f16", "c32", "f8,f8", "", "?", "é"]
EDGES = [0, 1, 2, 7, 8, 127, 128, 255, 256, 2**15, 2**16, 2**31, 2**32, 2**39, 2**40, 2**53]
EDGES += [2**61 - 1, 2**62, 2**63 - 1, 2**63, 2**64 - 1]
FLOATS = [0.0, -0.0, 1.5, float("nan"), float("inf"), float("-inf"), 5e-324, 1.7e308]
WORDS = ["call", "answer", "error", "function", "value", "missing", "ran", "forked", "refused"]
WORDS += [
    "started",
    "confined",
    "figure",
    "place",
    "depth",
    "text",
    "outputs",
    "NotImplementedError",
]


# --- values that an honest worker sends -----------------------------------------------------------


def value(rng: random.Random, depth: int = 0) -> Any:
    """Return a value that the wire can carry."""
    if depth >= 4 or rng.random() < 0.5:
        return one_of(rng, _LEAVES)
    size = rng.randrange(4)
    parts = [value(rng, depth + 1) for _ in range(size)]
    kind = rng.randrange(10)
    if kind < 4:
        return parts
    if kind < 7:
        return tuple(parts)
    if kind < 9:
        return {key(rng): part for part in parts}
    return Object(rng.choice(["figure", "polynomial", "x"]), parts)


def key(rng: random.Random) -> Any:
    """Return a key that a dict on the wire may have."""
    return rng.choice([rng.choice(WORDS), rng.randrange(9), 0.5, (1, "a"), None, 1j, 10**20, True])


def array(rng: random.Random) -> np.ndarray:
    """Return a small array of one of the kinds that the wire can carry."""
    shape = [rng.randrange(4) for _ in range(rng.randrange(4))]
    dtype = np.dtype(rng.choice(DTYPES))
    count = int(np.prod(shape, dtype=int))
    return np.frombuffer(rng.randbytes(count * dtype.itemsize), dtype=dtype).reshape(shape)


def whole(rng: random.Random) -> int:
    """Return a whole number at the limit of some width."""
    return (rng.choice(EDGES) + rng.randrange(-1, 2)) * rng.choice([1, 1, -1])


def word(rng: random.Random) -> int:
    """Return a whole number that msgpack can store without help."""
    return max(-(2**63), min(whole(rng), 2**64 - 1))


def text(rng: random.Random) -> str:
    """Return a short text, or a word with a meaning for the grader."""
    return rng.choice([*WORDS, "", "x" * 400, "\0", "\U0001f600", "é"])


_LEAVES = [
    lambda _rng: None,
    lambda rng: rng.random() < 0.5,
    whole,
    lambda rng: rng.choice(FLOATS),
    lambda rng: complex(rng.choice(FLOATS), rng.choice(FLOATS)),
    lambda rng: whole(rng) ** 5,
    text,
    lambda rng: rng.randbytes(rng.randrange(9)),
    array,
    array,
    lambda rng: Function(rng.randrange(5), own=rng.random() < 0.5),
]


# --- bodies that only a hostile worker sends ------------------------------------------------------


def tree(rng: random.Random, depth: int = 0) -> Any:
    """Return a body that is almost valid: tags with wrong parts, or junk without tags."""
    if depth >= 5 or rng.random() < 0.3:
        return one_of(rng, _JUNK)
    parts = [tree(rng, depth + 1) for _ in range(rng.randrange(4))]
    kind = rng.randrange(8)
    if kind == 0:
        return parts
    if kind == 1:
        return {one_of(rng, [text, word]): part for part in parts}
    if kind == 2:
        return ["d", *([tree(rng, depth + 1), part] for part in parts)]
    if kind == 3:
        return ["a", rng.randrange(4)]
    return [rng.choice(TAGS), *parts]


def digits(rng: random.Random) -> Any:
    """Return the tag of a whole number with digits, or with signs that resemble digits."""
    signs = ["", "-", "--", "+", " ", "0x"]
    return ["i", rng.choice(signs) + rng.choice("17٣²") * rng.choice([0, 1, 30, 399, 400, 5000])]


_JUNK = [
    lambda _rng: None,
    lambda rng: rng.random() < 0.5,
    word,
    lambda rng: rng.choice(FLOATS),
    text,
    lambda rng: rng.choice(TAGS),
    lambda rng: rng.randbytes(rng.randrange(9)),
    lambda rng: msgpack.ExtType(rng.randrange(128), rng.randbytes(rng.randrange(9))),
    lambda rng: msgpack.Timestamp(rng.randrange(2**34), rng.randrange(10**9)),
    digits,
]


def shapes(rng: random.Random) -> Any:
    """Return a faulty list of arrays: sizes that overflow, dtypes that the wire can't carry."""
    if rng.random() < 0.1:
        return tree(rng)
    return [one_of(rng, _SHAPES) for _ in range(rng.randrange(5))]


def _shape(rng: random.Random) -> list[Any]:
    name = rng.choice(DTYPES if rng.random() < 0.8 else FORGED_DTYPES)
    sizes = [rng.choice([0, 1, 1, 2, 3]) for _ in range(rng.randrange(4))]
    return [name, sizes]


def _overflow(rng: random.Random) -> list[Any]:
    count = rng.choice([1, 2, 3, 8, 9, 30, 100])
    sizes = [rng.choice([0, 1, 2**16, 2**20, 2**32, 2**39, 2**63]) for _ in range(count)]
    return [rng.choice(DTYPES), sizes]


def _odd(rng: random.Random) -> list[Any]:
    return [rng.choice(DTYPES), [one_of(rng, _JUNK) for _ in range(rng.randrange(3))]]


_SHAPES = [_shape, _shape, _overflow, _odd, tree]


def deep(rng: random.Random) -> bytes:
    """Return a body that is nested far deeper than any value."""
    opening = rng.choice([b"\x92\xa1l", b"\x91", b"\x81\xa1a", b"\x81", b"\xdd\x00\x00\x00\x01"])
    return b"\x92" + opening * rng.choice([30, 1_000, 1_024, 1_025, 3_000]) + b"\xc0\x90"


def wide(rng: random.Random) -> bytes:
    """Return a body of very many small parts."""
    part = rng.choice(
        [b"\x90", b"\x80", b"\xa0", b"\xc0", b"\x91\xa1l", b"\xc4\x00", b"\xd4\x00\x00"]
    )
    count = rng.choice([1_000, 5_000])
    return b"\x92\xdd" + struct.pack("!I", count + 1) + b"\xa1l" + part * count + b"\x90"


def claims(rng: random.Random) -> bytes:
    """Return lists, maps, texts and extensions that claim to contain far more than they do."""
    claim = rng.choice([b"\xdc", b"\xdd", b"\xde", b"\xdf", b"\xd9", b"\xdb", b"\xc6", b"\xc9"])
    width = 4 if claim in b"\xdd\xdf\xdb\xc6\xc9" else 2
    size = rng.choice([1, 10, 4_000, 65_535, 2**24, 2**32 - 1]) & (256**width - 1)
    return b"\x92" + (claim + size.to_bytes(width, "big")) * rng.choice([1, 3, 900])


# whole frames


def honest(rng: random.Random) -> bytes:
    """Return a frame that `encode` made."""
    return encode(value(rng), BUDGET)


def forged(rng: random.Random) -> bytes:
    """Return a frame with a right header and a wrong body."""
    data = rng.randbytes(rng.choice([0, 0, 1, 8, 16, 24, 64]))
    return packed(msgpack.packb([tree(rng), shapes(rng)]), data)


def swapped(rng: random.Random) -> bytes:
    """Return a good value with wrong arrays: other dtypes, other shapes, missing or extra bytes."""
    frame = honest(rng)
    body_length, arrays_length = HEADER.unpack(frame[:8])
    top = msgpack.unpackb(frame[8 : 8 + body_length])
    data = frame[8 + body_length :][: arrays_length - rng.randrange(3)]
    for entry in top[1]:
        if rng.random() < 0.5:
            entry[:] = one_of(rng, [_shape, _overflow, _odd])
    return packed(msgpack.packb(top), data + rng.randbytes(rng.randrange(3)))


def bomb(rng: random.Random) -> bytes:
    """Return a frame that would grow when it is read."""
    return packed(one_of(rng, [deep, wide, claims]), b"")


def noise(rng: random.Random) -> bytes:
    """Return a frame that contains arbitrary bytes."""
    return packed(rng.randbytes(rng.randrange(60)), rng.randbytes(rng.randrange(20)))


def damaged(rng: random.Random) -> bytes:
    """Return a frame with changed bits, with added, removed or repeated bytes, or cut off."""
    frame = bytearray(one_of(rng, [honest, honest, forged, message]))
    for _ in range(rng.randrange(1, 6)):
        at = rng.randrange(len(frame) + 1)
        kind = rng.randrange(6)
        if kind == 0 and at < len(frame):
            frame[at] ^= 1 << rng.randrange(8)
        elif kind == 1:
            frame[at:at] = rng.randbytes(rng.randrange(1, 5))
        elif kind == 2:
            del frame[at : at + rng.randrange(1, 5)]
        elif kind == 3:
            frame[at:at] = frame[at : at + 8]
        elif kind == 4:
            frame[at : at + 4] = struct.pack("!I", rng.choice(EDGES) & 0xFFFFFFFF)
        else:
            del frame[at:]
    return bytes(frame)


def message(rng: random.Random, number: int | None = None) -> bytes:
    """Return a message of a conversation, with the right or a wrong number and any content."""
    if number is None:
        number = rng.choice([0, 1, 2, 3, -1, 2**63])
    word = rng.choice(["call", "answer", "answer", "error"])
    if word == "call":
        target = rng.choice([0, 0, 1, -1, 2**70, "call", "__class__"])
        args = tuple(value(rng) for _ in range(rng.randrange(3)))
        whole_message: list[Any] = [word, number, target, args, {text(rng): value(rng)}]
    elif word == "error":
        details = {
            name: value(rng) for name in ("error", "place", "depth", "text") if rng.random() < 0.8
        }
        if rng.random() < 0.3:
            details["error"] = rng.choice(["NotImplementedError", "int", "Unsendable", "é"])
        whole_message = [word, number, details]
    elif rng.random() < 0.8:
        kind = rng.choice(["function", "function", "function", "value", "missing", text(rng)])
        whole_message = [word, number, (kind, value(rng))]
    else:
        whole_message = [word, number, value(rng)]
    if rng.random() < 0.1:
        whole_message[rng.randrange(len(whole_message))] = value(rng)
    if rng.random() < 0.05:
        whole_message.append(value(rng))
    return encode(whole_message, BUDGET)


def packed(body: bytes, arrays: bytes) -> bytes:
    """Return a frame whose header is true."""
    return HEADER.pack(len(body), len(arrays)) + body + arrays


MAKERS = [honest, message, forged, forged, swapped, damaged, damaged, damaged, noise]


def frame(rng: random.Random) -> bytes:
    """Any frame."""
    if rng.random() < 0.02:
        return bomb(rng)
    made: bytes = one_of(rng, MAKERS)
    return made

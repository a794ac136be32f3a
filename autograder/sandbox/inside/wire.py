"""The message format between the grader and the sandbox: plain data, never code.

A frame is an 8-byte header (two big-endian uint32: length of the body, length of the arrays), the
body (msgpack) and the arrays' bytes. The body holds `[value, [[dtype, shape], ...]]`. In a value,
numbers, strings, bytes, booleans and None represent themselves. Every other value is written as a
list that begins with a tag:

    ["l", ...] list     ["t", ...] tuple    ["d", [key, value], ...] dict
    ["a", k] array number k     ["c", re, im] complex     ["i", "123"] integer beyond 64 bits
    ["f", k] function k of the sender     ["g", k] function k of the receiver
    ["o", kind, value] an object that was read into plain data, such as a figure

Each side treats received data as untrusted: decoding any bytes gives either a value of these types
within the budget, or WireError.
"""

from __future__ import annotations

import array
import contextlib
import math
import select
import socket
import struct
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from types import ModuleType
from typing import Any

import msgpack
import numpy as np

HEADER = struct.Struct("!II")
MAX_DEPTH = 24
MAX_NODES = 300_000
MAX_ARRAYS = 10_000
MAX_DIMENSIONS = 8
MAX_DIGITS = 400
MAX_KEYS = 2_000
"""Largest number of dict keys in a message that are not text.

An attacker could make such keys collide.
"""
MAX_EMPTY = 1_000_000
"""Largest product of an empty array's sizes, not counting the sizes that are 0."""
MAX_KIND = 40
"""Largest number of characters in the type name of a value that can't be sent."""
TOO_LARGE = "too large"
"""Kind of a value that is larger than the budget of a message."""
CHUNK = 65_536
DTYPES = frozenset(
    ["b1", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "f2", "f4", "f8", "c8", "c16"]
)


class WireError(Exception):
    """An error: the other side sent malformed bytes, or a message over the budget."""


class WireClosed(WireError):
    """An error: the other side has closed the channel or has ended."""


class WireTimeout(WireError):
    """An error: the other side did not answer in time."""


class Unsendable(TypeError):
    """An error: a value cannot be sent to the other side.

    The message names the value's type and the types that can be sent. `kind` is a short name of the
    value's type, TOO_LARGE if the value is over the budget, or "" for any other reason.
    """

    def __init__(self, message: str, kind: str = "") -> None:
        super().__init__(message)
        self.kind = kind[:MAX_KIND]


@dataclass(frozen=True)
class Budget:
    """Largest size of a frame's body, and of its arrays together, in bytes."""

    body: int = 1_000_000
    arrays: int = 16_000_000


@dataclass(frozen=True)
class Function:
    """A reference to a function; `own` is True on the side where the function runs."""

    number: int
    own: bool


@dataclass(frozen=True)
class Object:
    """An object that the sender read into plain data, such as a figure."""

    kind: str
    value: Any


Adapt = Callable[[object], object]

_KEYS = (bool, int, float, str, complex)
_PLAIN: tuple[type[Any], ...] = (bool, int, float, str, list, tuple)


def encode(value: object, budget: Budget, adapt: Adapt | None = None) -> bytes:
    """Return a frame that contains `value`; `adapt` may convert objects of foreign types."""
    encoder = _Encoder(adapt)
    tree = encoder.node(value, 0)
    body: bytes = msgpack.packb([tree, encoder.shapes], use_bin_type=True)
    arrays = b"".join(encoder.buffers)
    if len(body) > budget.body or len(arrays) > budget.arrays:
        raise Unsendable(
            f"the value is too large: {len(body)} bytes of structure (at most {budget.body}) and "
            f"{len(arrays)} bytes of arrays (at most {budget.arrays})",
            TOO_LARGE,
        )
    return HEADER.pack(len(body), len(arrays)) + body + arrays


class _Encoder:
    def __init__(self, adapt: Adapt | None) -> None:
        self.adapt = adapt
        self.shapes: list[list[Any]] = []
        self.buffers: list[bytes] = []
        self.keys = 0

    def node(self, value: object, depth: int) -> Any:
        if depth > MAX_DEPTH:
            raise Unsendable(f"the value is nested more than {MAX_DEPTH} deep")
        kind = type(value)
        if value is None or kind in (bool, float, str, bytes):
            return value
        if kind is int:
            return self.integer(value)  # type: ignore[arg-type]
        if kind in (list, tuple):
            tag = "l" if kind is list else "t"
            return [tag, *(self.node(part, depth + 1) for part in value)]  # type: ignore[attr-defined]
        return self.other(value, depth)

    def other(self, value: object, depth: int) -> Any:
        if isinstance(value, np.ndarray):
            return self.array(value)
        if isinstance(value, np.generic):
            return self.scalar(value, depth)
        if isinstance(value, complex):
            return ["c", value.real, value.imag]
        if isinstance(value, Function):
            return ["g" if not value.own else "f", value.number]
        if isinstance(value, Object):
            return ["o", value.kind, self.node(value.value, depth + 1)]
        if isinstance(value, dict):
            self.keys += sum(not isinstance(key, str) for key in value)
            if self.keys > MAX_KEYS:
                raise Unsendable(f"the value has more than {MAX_KEYS} keys that are not text")
            pairs = (
                [self.node(key, depth + 1), self.node(item, depth + 1)]
                for key, item in value.items()
            )
            return ["d", *pairs]
        plain = next((kind for kind in _PLAIN if isinstance(value, kind)), None)
        if plain is not None:
            return self.node(plain(value), depth + 1)
        if self.adapt is not None:
            adapted = self.adapt(value)
            if adapted is not value:
                return self.node(adapted, depth + 1)
        name = type(value).__name__
        kind = f"module {value.__name__}" if isinstance(value, ModuleType) else name
        raise Unsendable(f"{name} can't be sent; numbers, lists and arrays can", kind)

    @staticmethod
    def integer(value: int) -> Any:
        if -(2**63) <= value < 2**63:
            return value
        text = str(value) if value.bit_length() < 4 * MAX_DIGITS else ""
        if not 0 < len(text) <= MAX_DIGITS:
            raise Unsendable(f"the value holds an integer of more than {MAX_DIGITS} digits")
        return ["i", text]

    def scalar(self, value: np.generic, depth: int) -> Any:
        if isinstance(value, np.clongdouble):
            return self.node(complex(value), depth)
        if isinstance(value, np.longdouble):
            return float(value)
        if value.dtype.kind in "biufc":
            return self.node(value.item(), depth)
        return self.array(np.asarray(value))

    def array(self, value: np.ndarray) -> Any:
        plain = np.asarray(value)
        if plain.dtype.kind not in "biufc":
            raise Unsendable(
                f"an array of dtype {plain.dtype} can't be sent; arrays of numbers can",
                f"array of {plain.dtype.kind}",
            )
        if plain.dtype.kind == "f" and plain.itemsize > 8:
            plain = plain.astype(np.float64)
        if plain.dtype.kind == "c" and plain.itemsize > 16:
            plain = plain.astype(np.complex128)
        if len(self.shapes) >= MAX_ARRAYS:
            raise Unsendable(f"the value holds more than {MAX_ARRAYS} arrays")
        if not _is_proper_shape(plain.shape):
            raise Unsendable(f"an array of shape {plain.shape} can't be sent")
        native = np.ascontiguousarray(plain, dtype=plain.dtype.newbyteorder("="))
        self.shapes.append([native.dtype.str[1:], list(plain.shape)])
        self.buffers.append(native.tobytes())
        return ["a", len(self.shapes) - 1]


def decode(body: bytes, arrays: bytes) -> Any:
    """Return the value in a frame; raise WireError for bytes that `encode` would never produce.

    In memory, the value takes at most about a hundred times the size of the body plus three times
    the size of the arrays.
    """
    try:
        # Decoding a list allocates memory for the length that the list claims, which may be false.
        # So skip through the body first: this allocates no memory and detects a false length.
        whole = msgpack.Unpacker(max_buffer_size=len(body) or 1)
        whole.feed(body)
        whole.skip()
        top = msgpack.unpackb(
            body, raw=False, strict_map_key=True, max_map_len=0, max_ext_len=0, use_list=True
        )
    except Exception as error:  # msgpack raises many types of errors
        raise WireError(f"the body is not msgpack: {type(error).__name__}") from error
    if not (isinstance(top, list) and len(top) == 2 and isinstance(top[1], list)):
        raise WireError("the body is not [value, arrays]")
    return _Decoder(_split(top[1], arrays)).node(top[0], 0)


def _split(shapes: list[Any], data: bytes) -> list[np.ndarray | None]:
    if len(shapes) > MAX_ARRAYS:
        raise WireError("too many arrays in one message")
    found: list[np.ndarray | None] = []
    offset = 0
    for entry in shapes:
        dtype, shape = _array_header(entry)
        length = dtype.itemsize * math.prod(shape)
        if length > len(data) - offset:
            raise WireError("an array claims more bytes than were sent")
        flat = np.frombuffer(data, dtype=dtype, count=math.prod(shape), offset=offset)
        found.append(flat.reshape(shape))
        offset += length
    if offset != len(data):
        raise WireError("more bytes were sent than the arrays claim")
    return found


def _array_header(entry: Any) -> tuple[np.dtype[Any], tuple[int, ...]]:
    if not (isinstance(entry, list) and len(entry) == 2 and isinstance(entry[1], list)):
        raise WireError("an array lacks dtype and shape")
    name, shape = entry
    if not isinstance(name, str) or name not in DTYPES:
        raise WireError("an array has a dtype that can't be sent")
    if not all(type(size) is int for size in shape) or not _is_proper_shape(shape):
        raise WireError("an array has no proper shape")
    return np.dtype(name), tuple(shape)


def _is_proper_shape(shape: Sequence[int]) -> bool:
    if len(shape) > MAX_DIMENSIONS or not all(0 <= size < 2**40 for size in shape):
        return False
    # The shape of an array without elements is not limited by its bytes. A sum over its empty axis
    # would have the size of the other axes.
    return 0 not in shape or math.prod(size or 1 for size in shape) <= MAX_EMPTY


class _Decoder:
    def __init__(self, arrays: list[np.ndarray | None]) -> None:
        self.arrays = arrays
        self.nodes = 0
        self.keys = 0

    def node(self, tree: Any, depth: int) -> Any:
        self.nodes += 1
        if depth > MAX_DEPTH or self.nodes > MAX_NODES:
            raise WireError("a value is nested too deeply or has too many parts")
        if tree is None or type(tree) in (bool, int, float, str, bytes):
            return tree
        if not isinstance(tree, list) or not tree or not isinstance(tree[0], str):
            raise WireError("a value has no tag")
        read = _READERS.get(tree[0])
        if read is None:
            raise WireError("a value has an unknown tag")
        return read(self, tree[1:], depth + 1)

    def read_list(self, parts: list[Any], depth: int) -> Any:
        return [self.node(part, depth) for part in parts]

    def read_dict(self, pairs: list[Any], depth: int) -> Any:
        found = {}
        for pair in pairs:
            if not (isinstance(pair, list) and len(pair) == 2):
                raise WireError("a dict holds something other than pairs")
            key = self.node(pair[0], depth)
            self.check_key(key)
            found[key] = self.node(pair[1], depth)
        return found

    def check_key(self, key: Any) -> None:
        if type(key) is str:
            return
        parts = key if isinstance(key, tuple) else (key,)
        if not all(part is None or type(part) in _KEYS for part in parts):
            raise WireError("a dict has a key that is not a number, a string or a tuple of these")
        self.keys += 1
        if self.keys > MAX_KEYS:
            raise WireError(f"more than {MAX_KEYS} keys are not text")

    def read_array(self, parts: list[Any], _depth: int) -> Any:
        index = _number(parts)
        found = self.arrays[index] if index < len(self.arrays) else None
        if found is None:
            raise WireError("a value names an array that was not sent, or names it twice")
        self.arrays[index] = None
        # A received bool may hold a byte other than 0 and 1, which would not compare equal to True.
        return np.asarray(found.view(np.uint8) != 0) if found.dtype == np.bool_ else found.copy()

    def read_complex(self, parts: list[Any], _depth: int) -> Any:
        if len(parts) != 2 or not all(type(part) in (int, float) for part in parts):
            raise WireError("a complex number does not have two real parts")
        return complex(float(parts[0]), float(parts[1]))

    def read_integer(self, parts: list[Any], _depth: int) -> Any:
        text = parts[0] if len(parts) == 1 and isinstance(parts[0], str) else ""
        digits = text.removeprefix("-")
        if not (digits.isascii() and digits.isdigit()) or len(text) > MAX_DIGITS:
            raise WireError("an integer is not written in digits")
        return int(text)

    def read_object(self, parts: list[Any], depth: int) -> Any:
        if len(parts) != 2 or not isinstance(parts[0], str):
            raise WireError("an object lacks its kind")
        return Object(parts[0], self.node(parts[1], depth))


_READERS: dict[str, Callable[[_Decoder, list[Any], int], Any]] = {
    "l": _Decoder.read_list,
    "t": lambda decoder, parts, depth: tuple(decoder.read_list(parts, depth)),
    "d": _Decoder.read_dict,
    "a": _Decoder.read_array,
    "c": _Decoder.read_complex,
    "i": _Decoder.read_integer,
    "f": lambda _decoder, parts, _depth: Function(_number(parts), own=False),
    "g": lambda _decoder, parts, _depth: Function(_number(parts), own=True),
    "o": _Decoder.read_object,
}


def _number(parts: list[Any]) -> int:
    if len(parts) != 1 or type(parts[0]) is not int or parts[0] < 0:
        raise WireError("a reference is not a number")
    return parts[0]


class Channel:
    """A stream socket for frames, with a budget for messages in both directions.

    Without a deadline, `send` and `receive` wait without a time limit.
    """

    def __init__(self, stream: socket.socket, budget: Budget | None = None) -> None:
        self.stream = stream
        self.budget = budget or Budget()
        self._ahead = bytearray()

    def send(
        self,
        value: object,
        *,
        adapt: Adapt | None = None,
        descriptors: Sequence[int] = (),
        deadline: float | None = None,
    ) -> None:
        """Send one value, together with the open file descriptors `descriptors`."""
        frame = memoryview(encode(value, self.budget, adapt))
        rights = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", descriptors))]
        flags = 0 if deadline is None else socket.MSG_DONTWAIT
        with self._errors():
            sent = 0
            while sent < len(frame):
                part = frame[sent : sent + CHUNK]
                # The descriptors are sent with the first bytes; socket.send_fds would ignore the
                # flags.
                beside = rights if descriptors and not sent else []
                try:
                    sent += self.stream.sendmsg([part], beside, flags)
                except BlockingIOError:  # the socket's buffer is full
                    self._wait(select.POLLOUT, deadline)

    def receive(self, deadline: float | None = None) -> Any:
        """Return the next value; the kernel drops any descriptors sent with the value."""
        if deadline is not None and time.monotonic() > deadline:  # even if a value has arrived
            raise WireTimeout("no answer in time")
        with self._errors():
            return self._value(self._exactly(HEADER.size, deadline, CHUNK), deadline, CHUNK)

    def receive_with_descriptor(self) -> tuple[Any, int | None]:
        """Return the next value, and the descriptor that was sent with the value, or None.

        A descriptor arrives together with the bytes of its message. This method reads no bytes of
        the next message, because the next descriptor would be lost.
        """
        with self._errors():
            header, found, _, _ = socket.recv_fds(self.stream, HEADER.size, 1)
            if not header:
                raise WireClosed("the other side closed the channel")
            header += self._exactly(HEADER.size - len(header), None, 0)
            return self._value(header, None, 0), (found[0] if found else None)

    def close(self) -> None:
        """Close the socket; closing it twice is harmless."""
        self.stream.close()

    def _value(self, header: bytes, deadline: float | None, ahead: int) -> Any:
        body_length, arrays_length = HEADER.unpack(header)
        if body_length > self.budget.body or arrays_length > self.budget.arrays:
            raise WireError("a message is over the budget")
        body = self._exactly(body_length, deadline, ahead)
        return decode(body, self._exactly(arrays_length, deadline, ahead))

    def _exactly(self, length: int, deadline: float | None, ahead: int) -> bytes:
        """Return the next `length` bytes.

        The method may read up to `ahead` bytes at once, and keeps the rest for the next call.
        """
        while len(self._ahead) < length:
            self._wait(select.POLLIN, deadline)
            part = self.stream.recv(min(max(length - len(self._ahead), ahead), CHUNK))
            if not part:
                raise WireClosed("the other side closed the channel")
            self._ahead += part
        data = bytes(memoryview(self._ahead)[:length])
        del self._ahead[:length]
        return data

    def _wait(self, event: int, deadline: float | None) -> None:
        if deadline is None:
            return
        left = deadline - time.monotonic()
        ready = select.poll()
        ready.register(self.stream, event)
        if left <= 0 or not ready.poll(1000 * left):
            raise WireTimeout("no answer in time")

    @contextlib.contextmanager
    def _errors(self) -> Iterator[None]:
        try:
            yield
        except (OSError, ValueError) as error:
            if isinstance(error, ValueError) and self.stream.fileno() >= 0:
                raise
            raise WireClosed(f"the channel broke: {error}") from error

"""Messages of plain data in msgpack: nothing in them could do anything by being read."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgpack

from autograder.errors import KitError

MAX_BYTES = 1_000_000_000


class MessageError(KitError):
    """A message is not what it should be."""


def write(data: Mapping[str, Any]) -> bytes:
    """A message of plain data."""
    packed: bytes = msgpack.packb(data)
    return packed


def read(message: object) -> dict[str, Any]:
    """The plain data of a message; MessageError where it is something else."""
    if type(message) is not bytes or len(message) > MAX_BYTES:
        raise MessageError(f"a message was expected, and a {type(message).__name__} came")
    try:
        data = msgpack.unpackb(message)
    except (ValueError, TypeError, msgpack.UnpackException, RecursionError) as error:
        raise MessageError(f"a message can't be read: {error}") from error
    if type(data) is not dict:
        raise MessageError("a message holds no fields")
    return data

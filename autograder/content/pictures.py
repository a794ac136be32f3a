"""Make a student's pictures harmless: only redrawn pixels are kept, without any metadata.

A process in the sandbox decodes the pictures (`sandbox.redrawing`). This module never decodes a
picture: it reads the list of parts in the file, and keeps the picture only if all parts describe
pixels.
"""

from __future__ import annotations

import re
import struct
from typing import Literal

from autograder.sandbox.inside.redraw import MAX_KEPT_BYTES, MAX_SIDE
from autograder.sandbox.redrawing import Redrawing, Undrawn
from autograder.submission.pictures import BROKEN, TOO_MANY_PIXELS, TOO_SLOW

Type = Literal["image/png", "image/jpeg"]

_REFUSALS = {"broken": BROKEN, "pixels": TOO_MANY_PIXELS, "slow": TOO_SLOW}

_PNG = b"\x89PNG\r\n\x1a\n"
_PIXEL_CHUNKS = frozenset([b"IHDR", b"PLTE", b"IDAT", b"IEND"])
_OPAQUE = (0, 2, 3)
"""Kinds of colours in a PNG: grey, RGB and a palette; the others have an alpha channel."""
_JPEG, _END, _SCAN = b"\xff\xd8", b"\xff\xd9", 0xDA
_JFIF = b"JFIF\0"
_BASELINE, _JFIF_HEADER = 0xC0, 0xE0
_PIXEL_SEGMENTS = frozenset([_JFIF_HEADER, _BASELINE, 0xC4, 0xDB, 0xDD, _SCAN])
"""Segments that a JPEG with one scan needs; comments, EXIF and colour profiles use others."""
_ENTROPY = re.compile(rb"(?:[^\xff]++|\xff[\0\xd0-\xd7])*+")
"""The pixels of a scan: 0 or a restart marker follows each 0xFF; other bytes begin a new part."""
_PLAIN_JFIF_BYTES = 16
"""Length of a JFIF header without a thumbnail."""


def redrawn(content: bytes, redrawing: Redrawing) -> tuple[bytes, str]:
    """Return (the upright, small picture, ""), or (b"", the reason why it is refused).

    A picture that was already redrawn is returned unchanged.
    """
    drawn = redrawing.redraw(content, is_plain=plain_type(content) is not None)
    if isinstance(drawn, Undrawn):
        return b"", _REFUSALS[drawn.reason]
    return (drawn, "") if plain_type(drawn) else (b"", BROKEN)


def plain_type(content: bytes) -> Type | None:
    """Return the type of a small picture whose file has only pixels; None for any other file."""
    if len(content) > MAX_KEPT_BYTES:
        return None
    try:
        if content.startswith(_PNG):
            return "image/png" if _is_plain_png(content) else None
        return "image/jpeg" if content.startswith(_JPEG) and _is_plain_jpeg(content) else None
    except struct.error:  # it ends too early
        return None


def _is_plain_png(content: bytes) -> bool:
    place, kinds = len(_PNG), list[bytes]()
    while place + 12 <= len(content):
        length, kind = struct.unpack_from(">I4s", content, place)
        kinds.append(kind)
        if kind == b"IHDR":
            width, height, depth, colours = struct.unpack_from(">IIBB", content, place + 8)
            if not (_is_small(width, height) and depth <= 8 and colours in _OPAQUE):
                return False
        place += 12 + length
        if kind == b"IEND":
            break
    is_whole = place == len(content) and kinds[:1] == [b"IHDR"] and kinds[-1:] == [b"IEND"]
    return is_whole and _PIXEL_CHUNKS.issuperset(kinds)


def _is_plain_jpeg(content: bytes) -> bool:
    place, kinds = len(_JPEG), list[int]()
    while place + 10 <= len(content) and content[place] == 0xFF:
        kind, length = content[place + 1], struct.unpack_from(">H", content, place + 2)[0]
        kinds.append(kind)
        if kind == _BASELINE:
            height, width = struct.unpack_from(">HH", content, place + 5)
            if not _is_small(width, height):
                return False
        if kind == _JFIF_HEADER and not (
            length == _PLAIN_JFIF_BYTES and content.startswith(_JFIF, place + 4)
        ):
            return False
        place += 2 + length
        if kind == _SCAN:
            break
    if not (_PIXEL_SEGMENTS.issuperset(kinds) and _BASELINE in kinds and kinds[-1:] == [_SCAN]):
        return False
    is_whole = content.endswith(_END) and place <= len(content) - len(_END)
    return is_whole and bool(_ENTROPY.fullmatch(content, place, len(content) - len(_END)))


def _is_small(width: int, height: int) -> bool:
    return 0 < width <= MAX_SIDE and 0 < height <= MAX_SIDE

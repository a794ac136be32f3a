"""Decode a student's picture and encode it again: upright, small and without metadata.

Picture files have used faults in decoders to run code. So decoders run in a child behind the inner
wall, with limits on memory and processor time. The child gets the pictures of one submission, and
runs no code of the student.
"""

from __future__ import annotations

import io
import socket
from collections.abc import Mapping
from typing import Any

import numpy as np
from PIL import Image, ImageFile, ImageOps

from . import supervisor, walls
from .wire import Budget, Channel, WireClosed

FORMATS = ("PNG", "JPEG", "WEBP", "GIF")
"""Formats that are decoded, under Pillow's names."""
MAX_SIDE = 2_000
"""Largest width and height of a redrawn picture, in pixels."""
MAX_KEPT_BYTES = 1_000_000
"""Largest size of a redrawn picture, in bytes."""
MAX_SCANS = 100
"""Largest number of scans in a JPEG; each scan visits all pixels. Cameras write up to a dozen."""

_QUALITIES = (85, 75, 60, 45, 30)
"""JPEG qualities to try, the best first, until the picture is small enough."""
_PNG_WORTH = 2.0
"""Largest size of a drawing's PNG, which has sharp edges, as a multiple of its JPEG's size."""
_START_OF_SCAN = b"\xff\xda"


class Refused(Exception):
    """An error: a picture is not accepted, for the reason "broken" or "pixels"."""


def serve(stream: socket.socket, order: Mapping[str, Any]) -> None:
    """Set up the inner wall, then redraw the pictures that the grader sends."""
    walls.confine(order["walls"])
    supervisor.null_streams(0, 1, 2)
    channel = Channel(stream, Budget(**order["budget"]))
    while True:
        try:
            _, content, pixels, is_plain = channel.receive()
        except WireClosed:
            return
        try:
            drawn = redraw(content.tobytes(), pixels, is_plain=is_plain)
        except Refused as refused:
            channel.send(["refused", str(refused)])
        else:
            channel.send(["drawn", np.frombuffer(drawn, np.uint8)])


def redraw(content: bytes, max_pixels: int, *, is_plain: bool) -> bytes:
    """Return a picture as PNG or JPEG, upright, at most MAX_SIDE pixels long, without metadata.

    `is_plain` says that the content has nothing but pixels. A plain picture that is small enough is
    returned unchanged. Raise Refused if a picture is broken or has more than `max_pixels` pixels.
    """
    ImageFile.LOAD_TRUNCATED_IMAGES = False
    Image.MAX_IMAGE_PIXELS = None  # the check of `max_pixels` replaces Pillow's own check
    try:
        with Image.open(io.BytesIO(content), formats=FORMATS) as image:
            if image.width * image.height > max_pixels:
                raise Refused("pixels")
            source = str(image.format)
            if source in ("JPEG", "MPO") and content.count(_START_OF_SCAN) > MAX_SCANS:
                raise Refused("broken")
            image.draft(None, _fitted(image.size))
            image.load()
            if is_plain and max(image.size) <= MAX_SIDE and len(content) <= MAX_KEPT_BYTES:
                return content
            return _encoded(_upright(image), is_photo=source in ("JPEG", "MPO"))
    except Refused:
        raise
    except MemoryError as error:
        raise Refused("pixels") from error
    except Exception as error:  # Pillow's readers raise errors of many kinds
        raise Refused("broken") from error


def _fitted(size: tuple[int, int]) -> tuple[int, int]:
    """Return the size, scaled down if its longer side is longer than MAX_SIDE."""
    scale = min(1.0, MAX_SIDE / max(size))
    return max(1, round(size[0] * scale)), max(1, round(size[1] * scale))


def _upright(image: Image.Image) -> Image.Image:
    """Return only the picture's pixels: scaled down, turned upright, on a white background."""
    orientation = image.getexif().get(0x0112)
    image.info.clear()
    if image.mode == "P":
        image = image.convert("RGBA" if image.has_transparency_data else "RGB")
    elif image.mode.startswith("I"):  # 16 bits of grey
        image = Image.fromarray(np.clip(np.asarray(image) >> 8, 0, 255).astype(np.uint8))
    if image.mode not in ("L", "RGB", "RGBA", "LA"):
        image = image.convert("RGBA" if image.has_transparency_data else "RGB")
    image = image.resize(_fitted(image.size), Image.Resampling.LANCZOS, reducing_gap=2.0)
    if image.mode in ("RGBA", "LA"):
        canvas = Image.new("RGB", image.size, "white")
        canvas.paste(image.convert("RGB"), mask=image.getchannel("A"))
        image = canvas
    if orientation in range(2, 9):
        image.getexif()[0x0112] = orientation
        image = ImageOps.exif_transpose(image)
    image.info.clear()
    return image


def _encoded(image: Image.Image, *, is_photo: bool) -> bytes:
    """Return a photo as JPEG; return any other picture as PNG unless its JPEG is much smaller."""
    jpeg = _as_jpeg(image)
    if not is_photo:
        png = _saved(image, "PNG", optimize=True)
        if len(png) <= min(_PNG_WORTH * len(jpeg), MAX_KEPT_BYTES):
            return png
    return jpeg


def _as_jpeg(image: Image.Image) -> bytes:
    while True:
        for quality in _QUALITIES:
            content = _saved(image, "JPEG", quality=quality, optimize=True)
            if len(content) <= MAX_KEPT_BYTES:
                return content
        image = image.reduce(2)


def _saved(image: Image.Image, form: str, **options: Any) -> bytes:
    file = io.BytesIO()
    image.save(file, form, exif=b"", **options)
    return file.getvalue()

"""Pictures as students attach them: photos of phones, scans, drawings, and files that are none."""

from __future__ import annotations

import base64
import io
import struct
import zlib
from typing import Any

import numpy as np
from PIL import Image

SECRET = "taken at home with my phone"
ORIENTATION, MAKE, GPS, LATITUDE = 0x0112, 0x010F, 0x8825, 2
HEIC = b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + bytes(200)
AVIF = b"\0\0\0\x18ftypavif\0\0\0\0mif1avif" + bytes(200)
PDF = b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n1 0 obj\n<<>>\nendobj\n"
SVG = b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'
TIFF, BMP = b"II*\0" + bytes(50), b"BM" + bytes(50)


def halves(width: int, height: int) -> Image.Image:
    """A picture that is red above and blue below, so that one sees how it is turned."""
    picture = Image.new("RGB", (width, height), "red")
    picture.paste("blue", (0, height // 2, width, height))
    return picture


def saved(picture: Image.Image, form: str, **options: Any) -> bytes:
    file = io.BytesIO()
    picture.save(file, form, **options)
    return file.getvalue()


def exif(orientation: int) -> Image.Exif:
    found = Image.Exif()
    found[ORIENTATION], found[MAKE] = orientation, SECRET
    found.get_ifd(GPS)[LATITUDE] = (46.0, 57.0, 3.2)
    return found


def phone_jpeg(width: int = 400, height: int = 300, size: int = 0) -> bytes:
    """A photo that a phone held upright saved lying on its side, with the place in it.

    It is filled up to `size` bytes with notes.
    """
    upright = halves(height, width)
    lying = upright.transpose(Image.Transpose.ROTATE_90)
    content = saved(lying, "JPEG", exif=exif(6), comment=SECRET.encode(), quality=90)
    note = b"\xff\xe5\xff\xff" + SECRET.encode() + bytes(65_533 - len(SECRET))
    count = max(0, -(-(size - len(content)) // len(note)))
    return content[:2] + note * count + content[2:]


def camera_jpeg(width: int, height: int) -> bytes:
    """A photo of paper: noise that JPEG cannot make small, and the marks of a camera."""
    noise = np.random.default_rng(0).integers(120, 256, (height, width, 3), dtype=np.uint8)
    return saved(Image.fromarray(noise), "JPEG", quality=95, subsampling=0, exif=exif(6))


def png(width: int, height: int, colour: int = 0, rows: int | None = None) -> bytes:
    """A PNG of one grey, which takes few bytes however large it is; `rows` of it are there."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return (
            struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        )

    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    packer, row = zlib.compressobj(1), b"\0" + bytes([colour]) * width
    count = height if rows is None else rows
    parts = [packer.compress(row * min(64, count - at)) for at in range(0, count, 64)]
    data = b"".join([*parts, packer.flush()])
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", data) + chunk(b"IEND", b"")
    )


def bomb() -> bytes:
    """A PNG of 3,600 million pixels: its header alone has to be enough to refuse it."""
    return png(60_000, 60_000, rows=64)


def base64_of(content: bytes) -> str:
    return base64.b64encode(content).decode("ascii")


def opened(content: bytes) -> Image.Image:
    picture = Image.open(io.BytesIO(content))
    picture.load()
    return picture


def is_upright(picture: Image.Image) -> bool:
    """Whether the picture of `halves` is red above and blue below."""
    small = picture.convert("RGB").resize((2, 4), Image.Resampling.BOX)
    above, below = (np.asarray(small)[row].astype(int) for row in (0, 3))
    return bool((above[:, 0] > 150).all() and (below[:, 2] > 150).all() and picture.height > 0)

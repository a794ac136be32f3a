"""A picture is kept small, upright and without anything but pixels; or refused, in bounded time."""

from __future__ import annotations

import io
from collections.abc import Callable

import numpy as np
import pytest
from PIL import Image, ImageDraw, PngImagePlugin

from autograder.content.pictures import plain_type
from autograder.sandbox.inside.redraw import MAX_KEPT_BYTES, MAX_SIDE, Refused, redraw
from autograder.submission.pictures import MAX_PICTURE_PIXELS
from tests import photos


def redrawn(content: bytes) -> bytes:
    return redraw(content, MAX_PICTURE_PIXELS, is_plain=plain_type(content) is not None)


def drawing(mode: str = "RGB", size: tuple[int, int] = (600, 400)) -> Image.Image:
    """Thin black lines, as a pen draws them on a tablet."""
    picture = Image.new("RGB", size, "white")
    for at in range(0, 400, 20):
        ImageDraw.Draw(picture).line((0, at, 600, 400 - at), "black", 2)
    return picture.convert(mode)


def transparent() -> Image.Image:
    picture = drawing("RGBA")
    picture.putalpha(picture.convert("L").point(lambda grey: 255 - grey))
    return picture


def frames() -> bytes:
    first, second = photos.halves(60, 80).convert("P"), Image.new("P", (60, 80))
    return photos.saved(first, "GIF", save_all=True, append_images=[second], comment=b"secret")


def deep_grey() -> bytes:
    shades = np.full((60, 80), 40_000, np.uint16)
    shades[30:] = 20_000
    return photos.saved(Image.fromarray(shades), "PNG")


def noted_png() -> bytes:
    notes = PngImagePlugin.PngInfo()
    notes.add_text("Comment", photos.SECRET)
    return photos.saved(drawing(), "PNG", pnginfo=notes, exif=photos.exif(1), icc_profile=b"x" * 99)


ACCEPTED: dict[str, Callable[[], bytes]] = {
    "photo of a phone": lambda: photos.phone_jpeg(),
    "large photo": lambda: photos.phone_jpeg(4000, 3000),
    "photo of noise": lambda: photos.camera_jpeg(1500, 1100),
    "progressive photo": lambda: photos.saved(photos.halves(90, 80), "JPEG", progressive=True),
    "photo for print": lambda: photos.saved(photos.halves(90, 80).convert("CMYK"), "JPEG"),
    "grey photo": lambda: photos.saved(photos.halves(90, 80).convert("L"), "JPEG"),
    "drawing with notes": noted_png,
    "transparent drawing": lambda: photos.saved(transparent(), "PNG"),
    "drawing with a palette": lambda: photos.saved(drawing("P"), "PNG", transparency=0),
    "black and white": lambda: photos.saved(drawing("1"), "PNG"),
    "grey with alpha": lambda: photos.saved(transparent().convert("LA"), "PNG"),
    "16 bits of grey": deep_grey,
    "webp": lambda: photos.saved(photos.halves(90, 80), "WEBP", exif=photos.exif(1)),
    "webp with alpha": lambda: photos.saved(transparent(), "WEBP", lossless=True),
    "animation": frames,
    "strip": lambda: photos.png(9_000, 3, 200),
    "photo with a page behind it": lambda: photos.phone_jpeg() + b"<script>x</script>" + photos.PDF,
}  # fmt: skip


@pytest.mark.parametrize("name", ACCEPTED)
def test_what_is_kept_is_small_and_holds_nothing_but_pixels(name: str) -> None:
    content = ACCEPTED[name]()
    kept = redrawn(content)
    assert plain_type(kept) is not None
    assert len(kept) <= MAX_KEPT_BYTES
    picture = photos.opened(kept)
    assert max(picture.size) <= MAX_SIDE
    assert picture.mode in ("1", "L", "P", "RGB")
    assert not picture.getexif()
    assert set(picture.info) <= {"jfif", "jfif_version", "jfif_unit", "jfif_density", "dpi"}
    for secret in (photos.SECRET.encode(), b"Exif", b"script", b"%PDF"):
        assert secret not in kept


@pytest.mark.parametrize("name", ACCEPTED)
def test_what_was_redrawn_stays_byte_for_byte(name: str) -> None:
    kept = redrawn(ACCEPTED[name]())
    assert redrawn(kept) == kept


@pytest.mark.parametrize("orientation", range(1, 9))
def test_photo_is_turned_upright(orientation: int) -> None:
    """A camera turns the pixels, and notes how to turn them back."""
    back = {2: 0, 3: 3, 4: 1, 5: 5, 6: 2, 7: 6, 8: 4}
    picture = photos.halves(300, 400)
    if orientation > 1:
        picture = picture.transpose(Image.Transpose(back[orientation]))
    content = photos.saved(picture, "JPEG", exif=photos.exif(orientation))
    found = photos.opened(redrawn(content))
    assert found.size == (300, 400)
    assert photos.is_upright(found)


def test_photo_stays_jpeg_and_a_drawing_stays_png() -> None:
    assert plain_type(redrawn(photos.phone_jpeg())) == "image/jpeg"
    assert plain_type(redrawn(photos.saved(drawing(), "PNG"))) == "image/png"
    noise = photos.opened(photos.camera_jpeg(900, 700))
    assert plain_type(redrawn(photos.saved(noise, "PNG"))) == "image/jpeg"


def test_behind_transparency_is_white() -> None:
    found = photos.opened(redrawn(photos.saved(transparent(), "PNG")))
    assert not found.has_transparency_data
    assert found.convert("L").getextrema() == (0, 255)
    assert np.asarray(found.convert("L")).mean() > 200


def test_16_bits_of_grey_keep_their_shades() -> None:
    found = np.asarray(photos.opened(redrawn(deep_grey())).convert("L")).astype(int)
    assert abs(found[5, 5] - 156) <= 3
    assert abs(found[55, 5] - 78) <= 3


def test_of_an_animation_the_first_picture_is_kept() -> None:
    assert photos.is_upright(photos.opened(redrawn(frames())))


REFUSED: dict[str, tuple[Callable[[], bytes], str]] = {
    "cut photo": (lambda: photos.phone_jpeg()[:3000], "broken"),
    "cut drawing": (lambda: photos.saved(drawing(), "PNG")[:-40], "broken"),
    "header alone": (lambda: photos.phone_jpeg()[:30], "broken"),
    "junk": (lambda: b"junk" * 100, "broken"),
    "nothing": (lambda: b"", "broken"),
    "heic": (lambda: photos.HEIC, "broken"),
    "pdf": (lambda: photos.PDF, "broken"),
    "svg": (lambda: photos.SVG, "broken"),
    "tiff": (lambda: photos.saved(photos.halves(9, 9), "TIFF"), "broken"),
    "bmp": (lambda: photos.saved(photos.halves(9, 9), "BMP"), "broken"),
    "eps": (lambda: photos.saved(photos.halves(9, 9), "EPS"), "broken"),
    "bomb": (photos.bomb, "pixels"),
    "photo of many scans": (lambda: photos.phone_jpeg() + b"\xff\xda" * 200, "broken"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_anything_else_is_refused(name: str) -> None:
    make, why = REFUSED[name]
    with pytest.raises(Refused, match=why):
        redrawn(make())


def with_segment(content: bytes, marker: int, data: bytes) -> bytes:
    segment = b"\xff" + bytes([marker]) + (len(data) + 2).to_bytes(2, "big") + data
    return content[:2] + segment + content[2:]


JPEG = redrawn(photos.phone_jpeg())
PNG = redrawn(photos.saved(drawing(), "PNG"))


@pytest.mark.parametrize(
    "content",
    [
        with_segment(JPEG, 0xE1, b"Exif\0\0MM"),
        with_segment(JPEG, 0xE1, b"http://ns.adobe.com/xap/1.0/\0<x/>"),
        with_segment(JPEG, 0xE2, b"ICC_PROFILE\0"),
        with_segment(JPEG, 0xED, b"Photoshop 3.0\0"),
        with_segment(JPEG, 0xFE, b"a comment"),
        with_segment(JPEG, 0xE0, b"JFXX\0" + bytes(9)),
        with_segment(JPEG, 0xE0, b"JFIF\0" + bytes(30)),
        JPEG + b"\0",
        JPEG[:-2] + b"\xff\xfe\0\x06hide\xff\xd9",
        JPEG[:-1],
        JPEG[:40],
        JPEG[:2],
        PNG + b"\0",
        PNG[:33] + b"\0\0\0\x04tEXta\0bcABCD" + PNG[33:],
        PNG[:-12],
        PNG[:20],
        photos.png(MAX_SIDE + 1, 2),
        deep_grey(),
        photos.saved(transparent(), "PNG"),
        photos.saved(Image.new("RGB", (MAX_SIDE + 1, 2)), "JPEG"),
        photos.saved(photos.halves(9, 9), "JPEG", progressive=True),
        PNG.ljust(MAX_KEPT_BYTES + 1, b"\0"),
        b"",
    ],
)  # fmt: skip
def test_a_file_with_other_parts_is_not_plain(content: bytes) -> None:
    assert plain_type(content) is None


def test_what_is_redrawn_is_plain() -> None:
    assert plain_type(JPEG) == "image/jpeg"
    assert plain_type(PNG) == "image/png"
    assert Image.open(io.BytesIO(JPEG)).format == "JPEG"

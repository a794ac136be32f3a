"""A student's pictures are put onto the page as pixels, without any other data."""

from __future__ import annotations

import base64
import io
import struct
import zlib

import numpy as np
import pytest
from nbformat.v4 import new_code_cell, new_notebook, new_output
from PIL import Image, PngImagePlugin

from autograder.pages.pictures import MAX_PIXELS, MAX_SIDE, pictures_of, redrawn_output

PREFIX = "data:image/png;base64,"


def png(size: tuple[int, int] = (6, 4), *, secret: str = "", mode: str = "RGBA") -> str:
    image = Image.new(mode, size)
    image.putpixel((0, 0), (255, 0, 0, 255) if mode == "RGBA" else 1)
    info = PngImagePlugin.PngInfo()
    if secret:
        info.add_text("comment", secret)
    file = io.BytesIO()
    image.save(file, "png", pnginfo=info)
    return base64.b64encode(file.getvalue()).decode()


def opened(uri: str | None) -> Image.Image:
    assert uri is not None
    assert uri.startswith(PREFIX)
    return Image.open(io.BytesIO(base64.b64decode(uri.removeprefix(PREFIX))))


def test_only_the_points_are_left() -> None:
    uri = redrawn_output(png(secret="<script>alert(1)</script>"))
    assert uri is not None
    assert b"script" not in base64.b64decode(uri.removeprefix(PREFIX))
    assert opened(uri).getpixel((0, 0)) == (255, 0, 0)
    assert opened(uri).getpixel((5, 3)) == (255, 255, 255)


def test_a_large_picture_is_made_smaller() -> None:
    assert max(opened(redrawn_output(png((3000, 1000)))).size) == MAX_SIDE


def bomb() -> str:
    side = int(MAX_PIXELS**0.5) + 10
    return png((side, side), mode="1")


def late_profile() -> str:
    """Return a PNG with an empty colour profile after its pixels, where Pillow's reader breaks."""
    content, profile = base64.b64decode(png((1, 1))), struct.pack(">I4s", 0, b"iCCP")
    end = content.index(b"IEND") - 4
    profile += struct.pack(">I", zlib.crc32(b"iCCP"))
    return base64.b64encode(content[:end] + profile + content[end:]).decode()


@pytest.mark.parametrize(
    "data",
    [
        "no base64 at all!",
        base64.b64encode(b"<svg onload='alert(1)'/>").decode(),
        base64.b64encode(b"\x89PNG\r\n\x1a\n" + bytes(100)).decode(),
        base64.b64encode(base64.b64decode(png())[:40]).decode(),
        bomb(),
        late_profile(),
        "",
    ],
    ids=["text", "svg", "zeros", "half", "too large", "late profile", "empty"],
)
def test_what_is_no_picture_is_left_out(data: str) -> None:
    assert redrawn_output(data) is None


def cell(source: str, *pictures: str) -> object:
    outputs = [new_output("display_data", data={"image/png": data}) for data in pictures]
    return new_code_cell(source, outputs=outputs)


def test_the_first_cell_that_calls_the_function_and_shows_something_counts() -> None:
    red, other = png(), base64.b64encode(base64.b64decode(png((9, 9)))).decode()
    notebook = new_notebook(
        cells=[
            cell("def plot_it(x):\n    return x", other),
            cell("plot_it_all(1)", other),
            cell("plot_it(1)"),
            cell("figure = plot_it(2)", red, red),
            cell("plot_it(3)", other),
        ]
    )
    found = pictures_of(notebook, ["plot_it"])
    assert [opened(uri).size for uri in found] == [(6, 4), (6, 4)]
    assert pictures_of(notebook, []) == ()
    assert pictures_of(notebook, ["nothing"]) == ()
    assert np.asarray(opened(found[0])).shape == (4, 6, 3)

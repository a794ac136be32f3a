"""Find the pictures in a student's notebook, and prepare them for a page."""

from __future__ import annotations

import base64
import contextlib
import io
import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass

from nbformat import NotebookNode
from PIL import Image

from autograder.content.pictures import plain_type

MAX_PIXELS = 12_000_000
MAX_SIDE = 900
MAX_PICTURES = 3

_SHOWN = re.compile(r"!\[([^\]\[\n]*)\]\(attachment:([^()\s]+)\)")


@dataclass(frozen=True)
class Photo:
    """A picture in a student's text: a data URI, and words for readers who cannot see it."""

    source: str
    words: str


def photos_in(cell: NotebookNode) -> tuple[Photo, ...]:
    """Return the pictures in a marked cell's text, which were redrawn during marking."""
    attached = cell.get("attachments", {})
    words = {name: alt for alt, name in _SHOWN.findall(cell.source) if name in attached}
    return tuple(
        Photo(uri, alt) for name, alt in words.items() if (uri := _as_uri(attached[name].values()))
    )


def without_photos(text: str) -> str:
    """Return the text with each picture replaced by its description."""
    return _SHOWN.sub(r"[Picture: \1]", text)


def _as_uri(values: Collection[str]) -> str:
    for value in values:
        with contextlib.suppress(ValueError):  # somebody has changed the file
            if kind := plain_type(base64.b64decode(value, validate=True)):
                return f"data:{kind};base64,{value}"
    return ""


def pictures_of(notebook: NotebookNode, functions: Collection[str]) -> tuple[str, ...]:
    """Return the PNG pictures of the first cell that calls one of the functions, as data URIs.

    Cells that only define a function, and cells without a picture, do not count. Each
    picture is decoded and encoded again, so that only the pixels of the student's file remain.
    """
    call = re.compile(rf"(?<!def )\b(?:{'|'.join(map(re.escape, functions))})\(")
    for cell in notebook.cells:
        if functions and cell.cell_type == "code" and call.search(cell.source):
            found = [uri for data in _png_outputs(cell) if (uri := redrawn_output(data))]
            if found:
                return tuple(found[:MAX_PICTURES])
    return ()


def _png_outputs(cell: NotebookNode) -> Iterator[str]:
    for output in cell.outputs:
        data = output.get("data", {}).get("image/png")
        if isinstance(data, str):
            yield data


def redrawn_output(data: str) -> str | None:
    """Redraw a base64 PNG and return it as a data URI; shrink a large one; None on failure."""
    try:
        source = Image.open(io.BytesIO(base64.b64decode(data)), formats=["PNG"])
        if source.width * source.height > MAX_PIXELS:
            return None
        # white background, since pages may be printed; text chunks and colour profiles are dropped
        canvas = Image.new("RGB", source.size, "white")
        canvas.paste(picture := source.convert("RGBA"), mask=picture)
        canvas.thumbnail((MAX_SIDE, MAX_SIDE))
        file = io.BytesIO()
        canvas.save(file, "png", optimize=True)
    except Exception:  # any error: Pillow's readers are not written for hostile files
        return None
    return f"data:image/png;base64,{base64.b64encode(file.getvalue()).decode('ascii')}"

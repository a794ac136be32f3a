"""Draw the given pictures of the source notebooks, from `solutions/ASSIGNMENT/pictures.py`.

A text shows `![what it shows](attachment:valley.png)`, and the function `valley` in `pictures.py`
returns the Figure. The picture is stored in the notebook as an attachment, with a fingerprint of
the solutions that it was drawn from. A picture is drawn again only if the solutions have changed,
because another version of matplotlib gives other bytes for the same Figure.
"""

from __future__ import annotations

import base64
import hashlib
import io
import re
from collections.abc import Iterator
from functools import cached_property
from typing import Any

import matplotlib as mpl
from matplotlib.figure import Figure
from nbformat import NotebookNode
from PIL import Image, PngImagePlugin

from autograder.course.assignment import Assignment, Course
from autograder.course.code import load_solution
from autograder.course.gradecells import CellPlace, is_solution
from autograder.errors import ReleaseError

MODULE = "pictures"
SHOWN = re.compile(r"!\[([^\]]*)\]\(([^)\s]*)\)")
"""Pattern of a picture in a Markdown text, with its alternative text and its address."""

ATTACHED = "attachment:"
_DRAWN_FROM = "Drawn-From"
_COLOURS = 96


class Pictures:
    """The pictures of an assignment; each is drawn at most once."""

    def __init__(self, course: Course, assignment: Assignment) -> None:
        self._course, self._assignment = course, assignment
        self._path = course.solutions(assignment.name) / f"{MODULE}.py"
        modules = sorted(self._path.parent.glob("*.py"))
        texts = b"\0".join(path.read_bytes() for path in modules)
        self._fingerprint = hashlib.sha256(texts).hexdigest()[:16]
        self._drawn: dict[str, str] = {}

    def attach(self, cell: NotebookNode, where: CellPlace) -> None:
        """Store each picture that an instructor's text shows, unless the stored one is current.

        Other attachments stay, because an instructor may have put a photo into the cell by hand.
        """
        if cell.cell_type != "markdown" or is_solution(cell):
            return
        stored = dict(cell.get("attachments", {}))
        for name in attached_names(cell.source):
            function = name.removesuffix(".png")
            png = stored.get(name, {}).get("image/png", "")
            if function in self._functions and self._fingerprint_of(png) != self._fingerprint:
                stored[name] = {"image/png": self._draw(function)}
            elif name not in stored:
                raise ReleaseError(
                    f"{where} shows {ATTACHED}{name}, which is not attached to the cell: "
                    f"attach it, or write a function `{function}` in {self._path} that returns "
                    "its Figure"
                )
        if stored:
            cell.attachments = NotebookNode(stored)

    @cached_property
    def _functions(self) -> dict[str, Any]:
        if not self._path.is_file():
            return {}
        with self._course.beside_files(self._assignment):
            return vars(load_solution(self._path))

    def _draw(self, function: str) -> str:
        """Return the PNG that a function draws, in base64."""
        if function not in self._drawn:
            with self._course.beside_files(self._assignment), mpl.rc_context():
                mpl.rcdefaults()
                try:
                    figure = self._functions[function]()
                except Exception as error:  # the course's own code can raise anything
                    raise ReleaseError(
                        f"{self._path}: {function}() ended with {type(error).__name__}: {error}"
                    ) from error
            if not isinstance(figure, Figure):
                raise ReleaseError(f"{self._path}: {function}() must return a matplotlib Figure")
            self._drawn[function] = base64.b64encode(self._png(figure)).decode("ascii")
        return self._drawn[function]

    def _png(self, figure: Figure) -> bytes:
        """Return a figure as a PNG of few colours, which contains the fingerprint."""
        full, small = io.BytesIO(), io.BytesIO()
        figure.savefig(full, format="png", dpi=120, bbox_inches="tight", facecolor="white")
        about = PngImagePlugin.PngInfo()
        about.add_text(_DRAWN_FROM, self._fingerprint)
        with Image.open(full) as picture:
            few = picture.convert("RGB").quantize(_COLOURS)
            few.save(small, format="PNG", optimize=True, pnginfo=about)
        return small.getvalue()

    @staticmethod
    def _fingerprint_of(png: str) -> str:
        """Return the fingerprint in a stored picture, or "" if the picture has no fingerprint."""
        try:
            with Image.open(io.BytesIO(base64.b64decode(png))) as picture:
                return str(picture.info.get(_DRAWN_FROM, ""))
        except (OSError, ValueError):
            return ""


def attached_names(text: str) -> list[str]:
    """Return the names of the attachments that a text shows, without repetitions."""
    addresses = (match[2] for match in SHOWN.finditer(text))
    names = (each.removeprefix(ATTACHED) for each in addresses if each.startswith(ATTACHED))
    return list(dict.fromkeys(names))


def picture_faults(cell: NotebookNode, where: CellPlace) -> Iterator[str]:
    """Yield pictures that some readers cannot see, and attachments that no text shows."""
    stored = set(cell.get("attachments", {}))
    if stored and (cell.cell_type != "markdown" or is_solution(cell)):
        yield f"{where} has the attachment {', '.join(sorted(stored))}"
        return
    if cell.cell_type != "markdown":
        return
    for match in SHOWN.finditer(cell.source):
        if not match[1].strip():
            yield f"{where}: the picture {match[2]} has no text for readers who can't see it"
        if not match[2].startswith(ATTACHED):
            yield f"{where}: the picture {match[2]} is not attached to the cell"
    for name in sorted(stored - set(attached_names(cell.source))):
        yield f"{where} has the attachment {name}, which its text does not show"

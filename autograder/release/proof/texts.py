"""Every piece of text that a release holds, each with its place, so that it can be searched."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from nbformat import NotebookNode

from autograder.course.gradecells import CellPlace, place
from autograder.errors import ReleaseError
from autograder.release.fill import read_source


@dataclass(frozen=True)
class Text:
    """A text of the release, and where it stands."""

    where: str
    content: str

    @cached_property
    def squeezed(self) -> str:
        """The text without its white space: how a line was broken or indented doesn't matter."""
        return squeeze(self.content)


def squeeze(text: str) -> str:
    """Text with all white space dropped."""
    return re.sub(r"\s+", "", text)


def notebooks(tree: Path) -> dict[str, NotebookNode]:
    """The notebooks of a tree by file name, as they are on disk: nothing repaired."""
    return {path.name: read_source(path) for path in sorted(tree.glob("*.ipynb"))}


def cells(notebooks: Mapping[str, NotebookNode]) -> Iterator[tuple[CellPlace, NotebookNode]]:
    """Each cell of the notebooks, with its place."""
    for file, notebook in notebooks.items():
        for index, cell in enumerate(notebook.cells):
            yield place(Path(file).stem, index, cell), cell


def texts(tree: Path) -> list[Text]:
    """All text of all files: cells, their metadata and outputs, notebook metadata, other files.

    Data files that are not text, such as pictures, are left out.
    """
    found: list[Text] = []
    for path in sorted(p for p in tree.rglob("*") if p.is_file()):
        if path.suffix == ".ipynb":
            found += _notebook_texts(path)
        else:
            content = path.read_bytes()
            if b"\0" not in content or path.suffix in (".md", ".py", ".txt"):
                text = content.decode("utf-8", errors="replace")
                found.append(Text(path.relative_to(tree).as_posix(), text))
    return found


def _notebook_texts(path: Path) -> Iterator[Text]:
    try:
        notebook = read_source(path)
    except ReleaseError:
        # what is no notebook is searched as it stands
        yield Text(path.name, path.read_bytes().decode("utf-8", errors="replace"))
        return
    for index, cell in enumerate(notebook.cells):
        where = str(place(path.stem, index, cell))
        yield Text(where, cell.source)
        rest = {key: value for key, value in cell.items() if key != "source"}
        yield from (Text(f"{where}, its {key}", text) for key, text in _strings(rest))
    yield from (Text(f"{path.name}, its metadata", t) for _, t in _strings(notebook.metadata))


def _strings(value: object, key: str = "metadata") -> Iterator[tuple[str, str]]:
    """The strings within JSON data, keys included, with the outermost key that holds them."""
    if isinstance(value, dict):
        for name, entry in value.items():
            yield key, str(name)
            yield from _strings(entry, name if name in ("outputs", "attachments") else key)
    elif isinstance(value, list):
        for entry in value:
            yield from _strings(entry, key)
    elif isinstance(value, str):
        yield key, value
    elif value is not None:
        yield key, json.dumps(value)

"""Collect all texts of a release, each with its place, so that other checks can search them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from nbformat import NotebookNode

from autograder.course.gradecells import CellPlace, place
from autograder.course.layout import notebook_files
from autograder.release.fill import read_source


@dataclass(frozen=True)
class Text:
    """A text of the release, and the place of the text."""

    where: str
    content: str

    @cached_property
    def squeezed(self) -> str:
        """The text without white space, so that line breaks and indentation do not matter."""
        return squeeze(self.content)


def squeeze(text: str) -> str:
    """Return the text without white space."""
    return re.sub(r"\s+", "", text)


def notebooks(tree: Path) -> dict[str, NotebookNode]:
    """Return the notebooks in a folder by file name, without any repair."""
    return {path.name: read_source(path) for path in notebook_files(tree)}


def cells(notebooks: Mapping[str, NotebookNode]) -> Iterator[tuple[CellPlace, NotebookNode]]:
    """Yield each cell of the notebooks, together with the place of the cell."""
    for file, notebook in notebooks.items():
        for index, cell in enumerate(notebook.cells):
            yield place(Path(file).stem, index, cell), cell


def texts(tree: Path) -> list[Text]:
    """Return all texts in a folder: cells, their metadata and outputs, notebook metadata, files.

    Data files that are not text, such as pictures, are skipped.
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
    notebook = read_source(path)
    for where, cell in cells({path.name: notebook}):
        yield Text(str(where), cell.source)
        for key, value in cell.items():
            if key != "source":
                yield from (Text(f"{where}, its {key}", text) for text in _strings(value))
    yield from (Text(f"{path.name}, its metadata", t) for t in _strings(notebook.metadata))


def _strings(value: object) -> Iterator[str]:
    """Yield the strings in JSON data, including keys."""
    if isinstance(value, dict):
        for name, entry in value.items():
            yield str(name)
            yield from _strings(entry)
    elif isinstance(value, list):
        for entry in value:
            yield from _strings(entry)
    else:
        yield str(value)

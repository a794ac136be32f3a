"""The settings and preprocessors that nbgrader uses to build our releases.

`nbgrader_config.py` calls `configure(c)`, so that plain `nbgrader generate_assignment` and
`fdl release` write the same notebooks.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable
from typing import Any

from nbconvert.preprocessors import Preprocessor
from nbformat import NotebookNode
from nbgrader.preprocessors import (
    CheckCellMetadata,
    ClearHiddenTests,
    ClearMarkScheme,
    ClearOutput,
    ClearSolutions,
    ComputeChecksums,
    LockCells,
    NbGraderPreprocessor,
    SaveCells,
)
from traitlets.config import Config

from autograder.course.directives import without_directives
from autograder.course.gradecells import MAY_RAISE, is_solution, nbgrader_metadata
from autograder.release.converter import install
from autograder.release.definitions import STUB
from autograder.release.fill import plain_python

CODE_STUB = f"# YOUR CODE HERE\n{STUB}"
TEXT_STUB = "*Your answer goes here: double-click this line and write over it.*"

CELL_KEYS = frozenset({"nbgrader", "deletable", "editable", "jupyter", "tags"})
FOLDED = {"source_hidden": True}
"""The only `jupyter` metadata of a released cell, which folds the cell in an opened notebook."""
TAGS = frozenset({MAY_RAISE})
MARK_KEYS = frozenset(
    {
        "schema_version",
        "grade_id",
        "grade",
        "solution",
        "locked",
        "task",
        "points",
        "cell_type",
        "checksum",
    }
)
NOTEBOOK_METADATA: dict[str, dict[str, str]] = {
    "kernelspec": {
        "display_name": "Python 3 (ipykernel)",
        "language": "python",
        "name": "python3",
    },
    "language_info": {
        "file_extension": ".py",
        "mimetype": "text/x-python",
        "name": "python",
        "pygments_lexer": "ipython3",
    },
}


class StripDirectives(NbGraderPreprocessor):  # type: ignore[misc]  # nbgrader has no types
    """A preprocessor that removes directive lines, and metadata that a release does not need.

    Kernel and language are set to the defaults. Without the defaults, the release would show the
    version of Python on the instructor's machine, and would differ between machines.
    """

    def preprocess(
        self, nb: NotebookNode, resources: dict[str, Any]
    ) -> tuple[NotebookNode, dict[str, Any]]:
        """Set the notebook's metadata to the defaults, then strip each cell."""
        nb.metadata = NotebookNode(
            {key: NotebookNode(value) for key, value in NOTEBOOK_METADATA.items()}
        )
        for cell in nb.cells:
            strip(cell)
        return nb, resources


class LetStubsRaise(NbGraderPreprocessor):  # type: ignore[misc]  # nbgrader has no types
    """A preprocessor that tags the answer cells that stop with an error until they are written.

    A function's stub raises its error only if the function is called. The stub of a value raises
    the error as soon as the cell runs, and without the tag Jupyter would run no cell below it.
    """

    def preprocess_cell(
        self, cell: NotebookNode, resources: dict[str, Any], _: int
    ) -> tuple[NotebookNode, dict[str, Any]]:
        """Add the tag to a cell whose stub raises an error outside of functions."""
        if cell.cell_type == "code" and is_solution(cell) and raises_at_once(cell.source):
            cell.metadata["tags"] = sorted({*cell.metadata.get("tags", ()), MAY_RAISE})
        return cell, resources


def raises_at_once(source: str) -> bool:
    """Return whether code has a `raise` statement outside of all functions."""
    try:
        return _raises(ast.parse(plain_python(source)).body)
    except SyntaxError:
        return False


def _raises(statements: Iterable[ast.AST]) -> bool:
    functions = ast.FunctionDef | ast.AsyncFunctionDef
    return any(
        isinstance(each, ast.Raise)
        or (not isinstance(each, functions) and _raises(ast.iter_child_nodes(each)))
        for each in statements
    )


PREPROCESSORS: tuple[type[Preprocessor], ...] = (
    StripDirectives,
    LockCells,
    ClearSolutions,
    LetStubsRaise,
    ClearOutput,
    CheckCellMetadata,
    ComputeChecksums,
    SaveCells,
    ClearHiddenTests,
    ClearMarkScheme,
    ComputeChecksums,
    CheckCellMetadata,
)
"""nbgrader's preprocessors in nbgrader's order, except for headers and generated tests, and two
of our own."""


def configure(config: Config) -> None:
    """Set the defaults of an nbgrader configuration that a release needs.

    After this call, nbgrader's own commands also finish requirements.txt and checks.py.
    """
    install()
    _default(config.GenerateAssignment, "preprocessors", list(PREPROCESSORS))
    _default(config.ClearSolutions, "code_stub", {"python": CODE_STUB})
    _default(config.ClearSolutions, "text_stub", TEXT_STUB)


def _default(section: Config, key: str, value: object) -> None:
    if key not in section:
        section[key] = value


def strip(cell: NotebookNode) -> None:
    """Remove a cell's directive lines, and the metadata that a release does not need."""
    if cell.cell_type == "code":
        cell.source = without_directives(cell.source)
    if is_solution(cell):
        # else a picture in a model answer would stay after the model answer's text is removed
        cell.pop("attachments", None)
    for key in set(cell.metadata) - CELL_KEYS:
        del cell.metadata[key]
    known = nbgrader_metadata(cell)
    for key in set(known) - MARK_KEYS:
        del known[key]
    if cell.metadata.get("jupyter", FOLDED) != FOLDED:
        del cell.metadata["jupyter"]
    if "tags" in cell.metadata:
        tags = [tag for tag in cell.metadata["tags"] if tag in TAGS]
        cell.metadata["tags"] = tags
        if not tags:
            del cell.metadata["tags"]

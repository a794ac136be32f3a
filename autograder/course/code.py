"""`from solutions.NAME import module` means the solutions of the course at hand.

Hidden tests, misconceptions and sample classes import the reference so, and hidden tests what
stands beside them, by `from autograder.hidden.NAME import module`. The packages that are installed
know the homework they came with, if any; a course of its own keeps its folders on no path.
"""

from __future__ import annotations

import importlib
import importlib.util
import sys
from importlib.machinery import ModuleSpec
from pathlib import Path

SOLUTIONS = "solutions"
HIDDEN = "autograder.hidden"


def serve_solutions(folder: Path) -> None:
    """Have `solutions.NAME` be the package in this folder, NAME being the folder's own name.

    What another course's folder of that name had in its place is forgotten; modules that hold on
    to it keep it. A folder that is not there changes nothing: who looks into it will say so.
    """
    _serve(SOLUTIONS, folder)


def serve_hidden_tests(folder: Path) -> None:
    """The same for `autograder.hidden.NAME` and a folder of hidden tests."""
    _serve(HIDDEN, folder)


def forget_beside_hidden_tests(path: Path) -> None:
    """Have a module that stands beside hidden tests be read anew when it is next imported."""
    sys.modules.pop(f"{HIDDEN}.{path.parent.name}.{path.stem}", None)


def _serve(parent: str, folder: Path) -> None:
    folder = folder.resolve()
    name = f"{parent}.{folder.name}"
    if not folder.is_dir() or _place(name) == folder:
        return
    for known in [key for key in sys.modules if key == name or key.startswith(f"{name}.")]:
        del sys.modules[known]
    spec = _spec(name, folder)
    package = importlib.util.module_from_spec(spec)
    sys.modules[name] = package
    setattr(importlib.import_module(parent), folder.name, package)
    if spec.loader is not None:
        spec.loader.exec_module(package)


def _place(name: str) -> Path | None:
    """The folder that the package of that name was made from, if it is there."""
    path = list(getattr(sys.modules.get(name), "__path__", ()))
    return Path(path[0]).resolve() if path else None


def _spec(name: str, folder: Path) -> ModuleSpec:
    start = folder / "__init__.py"
    spec = None
    if start.is_file():
        spec = importlib.util.spec_from_file_location(
            name, start, submodule_search_locations=[str(folder)]
        )
    if spec is None:  # a folder without a start is a package all the same
        spec = ModuleSpec(name, None, is_package=True)
        spec.submodule_search_locations = [str(folder)]
    return spec

"""`from solutions.NAME import module` means the solutions of the course at hand.

Hidden tests, misconceptions and sample classes import the reference so. The package `solutions`
that is installed knows the homework it came with; a course of its own keeps its solutions in its
own folder, which is on no path.
"""

from __future__ import annotations

import importlib
import importlib.util
import sys
from importlib.machinery import ModuleSpec
from pathlib import Path

PACKAGE = "solutions"


def serve_solutions(folder: Path) -> None:
    """Have `solutions.NAME` be the package in this folder, NAME being the folder's own name.

    What another course's folder of that name had in its place is forgotten; modules that hold on
    to it keep it. A folder that is not there changes nothing: who looks into it will say so.
    """
    folder = folder.resolve()
    name = f"{PACKAGE}.{folder.name}"
    if not folder.is_dir() or _place(name) == folder:
        return
    for known in [key for key in sys.modules if key == name or key.startswith(f"{name}.")]:
        del sys.modules[known]
    spec = _spec(name, folder)
    package = importlib.util.module_from_spec(spec)
    sys.modules[name] = package
    setattr(importlib.import_module(PACKAGE), folder.name, package)
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

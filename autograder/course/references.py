"""The reference functions of an assignment, loaded from its solutions folder."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Callable, Iterator
from functools import lru_cache
from pathlib import Path
from types import ModuleType

from autograder.course.assignment import Assignment, Course
from autograder.course.code import serve_solutions
from autograder.errors import CourseError


def load_references(course: Course, assignment: Assignment) -> dict[str, Callable[..., object]]:
    """The reference function for each name that an auto item's answer defines."""
    folder = course.solutions(assignment.name)
    serve_solutions(folder)
    with course.beside_files(assignment):
        return dict(_references(folder, assignment))


def _references(
    folder: Path, assignment: Assignment
) -> Iterator[tuple[str, Callable[..., object]]]:
    for item in assignment.select("auto"):
        for reference in item.references:
            module = _load(folder / f"{reference.module}.py")
            value = getattr(module, reference.name, None)
            if value is None:
                raise CourseError(
                    f"{item.problem}, item {item.name}: {folder / reference.module}.py "
                    f"does not define {reference.name}"
                )
            if callable(value):
                yield reference.name, value


@lru_cache(maxsize=256)
def _load(path: Path) -> ModuleType:
    package = f"solutions.{path.parent.name}.{path.stem}"
    if (loaded := sys.modules.get(package)) and loaded.__file__ == str(path):
        return loaded
    spec = importlib.util.spec_from_file_location(package, path)
    if spec is None or spec.loader is None or not path.is_file():
        raise CourseError(f"there is no solutions module {path}")
    module = importlib.util.module_from_spec(spec)
    sys.modules[package] = module
    spec.loader.exec_module(module)
    return module

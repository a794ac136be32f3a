"""Load a course's Python code: solutions, hidden tests, and the modules beside hidden tests.

The code comes from the course's own folders, `solutions/NAME` and `autograder/hidden/NAME`, never
from an installed package. A course's modules import each other with `from solutions.NAME import
module` and `from autograder.hidden.NAME import module`; this file creates both packages for the
current course. An error in the code becomes a CourseError with the file, the line and advice.
"""

from __future__ import annotations

import contextlib
import importlib
import importlib.util
import sys
import traceback
from collections.abc import Callable, Container, Iterator
from functools import lru_cache
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import CodeType, ModuleType
from typing import Any

from autograder.course.assignment import Assignment, Course
from autograder.errors import CourseError, KitError

SOLUTIONS = "solutions"
HIDDEN = "autograder.hidden"


def load_references(
    course: Course, assignment: Assignment, names: Container[str] | None = None
) -> dict[str, Callable[..., object]]:
    """Return the reference functions by name; answers of auto items must define the same names.

    With `names`, return only these functions, and import only their modules.
    """
    folder = course.solutions(assignment.name)
    serve_solutions(folder)
    found: dict[str, Callable[..., object]] = {}
    for item in assignment.select("auto"):
        for reference in item.references:
            if names is not None and reference.name not in names:
                continue
            path = folder / f"{reference.module}.py"
            with course.beside_files(assignment):
                module = _import(SOLUTIONS, path)
            if not hasattr(module, reference.name):
                raise CourseError(
                    f"{path} does not define {reference.name}, but a line `### REFERENCE` in "
                    f"{item.problem} names it for {item.name}: define it, or correct that line"
                )
            if callable(value := getattr(module, reference.name)):
                found[reference.name] = value
    return found


def load_beside_tests(course: Course, assignment: str, name: str) -> ModuleType | None:
    """Load the module `name` beside the hidden tests; return None if it does not exist."""
    path = course.hidden(assignment) / f"{name}.py"
    if not path.is_file():
        return None
    serve_solutions(course.solutions(assignment))
    serve_hidden_tests(path.parent)
    return _import(HIDDEN, path)


def load_solution(path: Path) -> ModuleType:
    """Load and return the solutions module in this file."""
    serve_solutions(path.parent)
    return _import(SOLUTIONS, path)


def run_solution(path: Path, names: dict[str, Any]) -> None:
    """Run the code of a solutions module in `names`, which is the namespace of a notebook."""
    serve_solutions(path.parent)
    with errors_explained(path):
        exec(_compiled(path, path.stat().st_mtime_ns), names)


def serve_solutions(folder: Path) -> None:
    """Make the folder importable as `solutions.NAME`; NAME is the folder's own name.

    If a module has already imported another course's `solutions.NAME`, the module keeps that
    package. If the folder does not exist, nothing changes.
    """
    _serve(SOLUTIONS, folder)


def serve_hidden_tests(folder: Path) -> None:
    """Make the folder importable as `autograder.hidden.NAME`; load changed modules again.

    A test module is loaded again if its file changed, or if the loaded module belongs to another
    course. If a module that tests may import has changed, all test modules are loaded again.
    """
    _serve(HIDDEN, folder)
    if (package := sys.modules.get(f"{HIDDEN}.{folder.name}")) is None:
        return
    read: dict[str, int] = vars(package).setdefault("__read__", {})
    found = dict(version_of_tests(folder))
    changed = [name for name in found if read.get(name) != found[name]]
    others = [name for name in found if _is_of_another(folder.resolve() / name)]
    is_shared = any(not name.startswith("test_") for name in changed)
    for name in found if is_shared else {*changed, *others}:
        _forget(folder / name)
    read.update(found)


def forget_hidden_tests(folder: Path) -> None:
    """Remove loaded test modules, so that pytest reads them again even after an error."""
    for path in folder.glob("*.py"):
        _forget(path)


def version_of_tests(folder: Path) -> tuple[tuple[str, int], ...]:
    """Return the names and modification times of the hidden tests' modules."""
    return tuple((path.name, path.stat().st_mtime_ns) for path in sorted(folder.glob("*.py")))


@contextlib.contextmanager
def errors_explained(path: Path) -> Iterator[None]:
    """Turn an error in the course's code into a CourseError; `path` is the file being loaded."""
    try:
        yield
    except (Exception, SystemExit) as error:
        raise error_in_code(error, path) from error


def error_in_code(error: BaseException, path: Path) -> CourseError:
    """Return a CourseError with the error's text, its place in the course's code, and advice."""
    place = str(path)
    if isinstance(error, SyntaxError) and error.filename:
        place = f"{error.filename}, line {error.lineno}"
    else:
        folders = [path, *_served_folders()]
        for frame in traceback.extract_tb(error.__traceback__):
            if any(Path(frame.filename).is_relative_to(folder) for folder in folders):
                place = f"{frame.filename}, line {frame.lineno}"
    return CourseError(f"{place}: {_advice(error)}")


def _advice(error: BaseException) -> str:
    if isinstance(error, KitError):
        return str(error)
    if isinstance(error, SyntaxError):
        return f"{error.msg}; correct this line: {(error.text or '').strip()}"
    if isinstance(error, ModuleNotFoundError) and error.name:
        package = error.name.partition(".")[0]
        if package in sys.modules:
            return f"there is no module {error.name}: correct the name or add the module"
        return f"{package} is not installed: run `pip install {package}` or remove this import"
    if isinstance(error, ImportError):
        return f"{error}: define the name in that module, or correct this line"
    return f"{type(error).__name__}: {error}; correct this line, or the code that it calls"


def _served_folders() -> Iterator[Path]:
    for name, module in list(sys.modules.items()):
        if name.rpartition(".")[0] in (SOLUTIONS, HIDDEN):
            yield from map(Path, getattr(module, "__path__", ()))


def _import(parent: str, path: Path) -> ModuleType:
    if not path.is_file():
        raise CourseError(
            f"{path} does not exist: add the file, or correct its name in the line that uses it"
        )
    with errors_explained(path):
        return importlib.import_module(f"{parent}.{path.parent.name}.{path.stem}")


@lru_cache(maxsize=64)
def _compiled(path: Path, _changed: int) -> CodeType:
    return compile(path.read_text(encoding="utf-8"), str(path), "exec", dont_inherit=True)


def _serve(parent: str, folder: Path) -> None:
    folder = folder.resolve()
    name = f"{parent}.{folder.name}"
    if not folder.is_dir() or _place(name) == folder:
        return
    for known in [key for key in sys.modules if key == name or key.startswith(f"{name}.")]:
        del sys.modules[known]
    # no loader: a folder without __init__.py is a package too
    spec = ModuleSpec(name, None, is_package=True)
    spec.submodule_search_locations = [str(folder)]
    package = sys.modules[name] = importlib.util.module_from_spec(spec)
    setattr(_parent(parent), folder.name, package)
    start = folder / "__init__.py"
    if start.is_file():
        try:
            with errors_explained(start):
                exec(_compiled(start, start.stat().st_mtime_ns), vars(package))
        except CourseError:
            del sys.modules[name]
            raise


def _parent(name: str) -> ModuleType:
    """Return the package that contains the courses' packages; create `solutions` if needed."""
    if name == SOLUTIONS and name not in sys.modules:
        sys.modules[name] = module = ModuleType(name)
        module.__path__ = []
    return importlib.import_module(name)


def _place(name: str) -> Path | None:
    """Return the folder of the package `name`, or None if the package does not exist."""
    path = list(getattr(sys.modules.get(name), "__path__", ()))
    return Path(path[0]).resolve() if path else None


def _is_of_another(path: Path) -> bool:
    """Return whether pytest loaded another course's test module with the same name."""
    known = getattr(sys.modules.get(path.stem), "__file__", None)
    return path.stem.startswith("test_") and known is not None and Path(known) != path


def _forget(path: Path) -> None:
    """Remove a loaded module, even if pytest gave it another name."""
    names = {f"{HIDDEN}.{path.parent.name}.{path.stem}"}
    if path.stem.startswith("test_"):
        names |= {name for name in sys.modules if name.rpartition(".")[2] == path.stem}
    for name in names:
        sys.modules.pop(name, None)

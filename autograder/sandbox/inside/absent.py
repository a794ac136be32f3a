"""Make a failed import harmless for answers that do not use the import.

If an import at the top level of a cell fails, the imported name is bound to a stand-in and the cell
goes on. A top-level line that uses a stand-in, such as `drive.mount(...)`, is skipped. Any other
use of a stand-in raises an ImportError that names the package. Code in a `try`, and imports that a
function needs, run unchanged.
"""

from __future__ import annotations

import ast
import builtins
import sys
from collections.abc import Iterable, Iterator, Mapping, Set
from importlib.machinery import ModuleSpec
from importlib.util import find_spec
from types import ModuleType
from typing import Any, NoReturn

_HELPER = "__absent__"
"""Name of the built-in function that a cell's code calls after a failed import."""

_WAYS = (
    "call iter next len bool contains getitem setitem delitem enter exit await index int float "
    "complex array array_ufunc array_function mro_entries instancecheck lt le gt ge neg pos abs "
    "invert add radd sub rsub mul rmul matmul rmatmul truediv rtruediv floordiv rfloordiv mod rmod "
    "pow rpow and rand or ror xor rxor"
)
_BINDING = (ast.Assign, ast.AnnAssign, ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)


class AbsentError(ImportError):
    """An error: code used a name that could not be imported."""


class AbsentModuleError(AbsentError, ModuleNotFoundError):
    """An error: code used a name from a module that is not installed."""


class Absent:
    """Stand-in for a module, or a name from a module, that could not be imported."""

    def __init__(self, error: BaseException) -> None:
        self.__dict__["_absent"] = _failure(error)

    def __getattr__(self, name: str) -> NoReturn:
        if name.startswith("__") and name != "__version__":
            raise AttributeError(name)
        raise_absent(self)

    def __repr__(self) -> str:
        return f"<{self.__dict__['_absent']}>"


def raise_absent(value: Any, *_: Any, **__: Any) -> NoReturn:
    """Raise the error of the stand-in `value`, because code uses the stand-in."""
    error = value.__dict__["_absent"]
    raise type(error)(*error.args, name=error.name)


for _way in _WAYS.split():
    setattr(Absent, f"__{_way}__", raise_absent)


def _failure(error: BaseException) -> AbsentError:
    """Return the error that a stand-in raises, given the import's own error."""
    package = getattr(error, "name", None)
    if isinstance(error, ModuleNotFoundError):
        text = f"{package} is not installed where notebooks are marked"
        return AbsentModuleError(text, name=package)
    return AbsentError(str(error), name=package)


class Absences:
    """A handler of failed imports, which lets a cell go on after a failed import."""

    def __init__(self) -> None:
        self.first: BaseException | None = None
        vars(builtins)[_HELPER] = self

    def __call__(self, *names: str, keep: bool = False) -> None:
        """Bind each name to a stand-in, which raises the exception that is being handled."""
        error = sys.exception()
        assert error is not None, "this may be called only while an exception is handled"
        frame = sys._getframe(1)
        namespace = frame.f_globals
        if frame.f_locals is namespace:  # in the cell's own code, not in a function of the cell
            self.first = self.first or error
        for name in names:
            if not (keep and name in namespace):
                namespace[name] = Absent(error)

    Error = AbsentError
    Failure = Exception

    def forgive(self, module: ast.Module, namespace: Mapping[str, Any]) -> ast.Module:
        """Return a cell's code, changed so that the cell goes on after a failed import."""
        imports = (n for n in ast.walk(module) if isinstance(n, (ast.Import, ast.ImportFrom)))
        lacks = any(isinstance(value, Absent) for value in tuple(namespace.values()))
        lacks |= any(map(_may_fail, imports))
        last = module.body[-1:]  # the notebook shows the value of the last line
        end = last if last and isinstance(last[0], ast.Expr) else []
        module.body = _mended(module.body[: -1 if end else None], lacks) + end
        return module


def _mended(body: list[ast.stmt], lacks: bool) -> list[ast.stmt]:
    """Return the statements, with a `try` around each import.

    If a package is missing (`lacks`), statements that may use the package also get a `try`.
    """
    made: list[ast.stmt] = []
    for node in body:
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            if getattr(node, "module", None) == "__future__":
                made.append(node)
            else:
                made += [_attempt(each, "Failure", *_bound_by(each)) for each in _single(node)]
            continue
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            used = {part.id for part in ast.walk(node) if isinstance(part, ast.Name)}
            node.body = _without_unused_imports(node.body, used)
        if lacks and isinstance(node, (*_BINDING, ast.Expr)):
            made.append(_attempt(node, "Error", list(_names(node))))
        else:
            for block in _blocks(node):
                block[:] = _mended(block, lacks)
            made.append(node)
    return made


def _blocks(node: ast.stmt) -> Iterator[list[ast.stmt]]:
    """Yield those blocks of a statement that no `except` of the statement protects."""
    if isinstance(node, ast.Try):
        yield from (handler.body for handler in node.handlers)
    elif isinstance(node, (ast.If, ast.For, ast.While, ast.With)):
        yield node.body
    if isinstance(node, (ast.If, ast.For, ast.While, ast.Try)):
        yield node.orelse
    if isinstance(node, ast.Try):
        yield node.finalbody


def _without_unused_imports(body: list[ast.stmt], used: Set[str]) -> list[ast.stmt]:
    """Return a function's statements, with a `try` around each import that it never uses."""
    made: list[ast.stmt] = []
    for node in body:
        for block in _blocks(node):
            block[:] = _without_unused_imports(block, used)
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            for each in _single(node):
                unused = used.isdisjoint(_bound_by(each)[0])
                made.append(_attempt(each, "Failure", []) if unused else each)
        else:
            made.append(node)
    return made


def _attempt(node: ast.stmt, kind: str, names: list[str], keep: bool = False) -> ast.stmt:
    """Return the statement inside a `try`; an error of `kind` binds stand-ins to the names."""
    call = f"{_HELPER}({', '.join(map(repr, names))}{', ' if names else ''}keep={keep})"
    (made,) = ast.parse(f"try: pass\nexcept {_HELPER}.{kind}: {call}").body
    for part in ast.walk(made):
        if hasattr(part, "lineno"):
            ast.copy_location(part, node)
    assert isinstance(made, ast.Try)
    made.body = [node]
    return made


def _single(node: ast.Import | ast.ImportFrom) -> Iterator[ast.Import | ast.ImportFrom]:
    """Yield one import statement for each name, so that a failed import affects no other name."""
    for alias in node.names:
        if isinstance(node, ast.Import):
            yield ast.copy_location(ast.Import([alias]), node)
        else:
            yield ast.copy_location(ast.ImportFrom(node.module, [alias], node.level), node)


def _bound_by(node: ast.Import | ast.ImportFrom) -> tuple[list[str], bool]:
    """Return the names that an import binds, and whether already bound names keep their value."""
    (alias,) = node.names
    if alias.name == "*":
        return [], False
    whole = isinstance(node, ast.Import) and alias.asname is None
    return [alias.asname or alias.name.split(".")[0]], whole and "." in alias.name


def _may_fail(node: ast.Import | ast.ImportFrom) -> bool:
    """Return whether a statement imports a module or a name that is not imported yet."""
    for alias in node.names:
        if isinstance(node, ast.Import):
            fails = alias.name not in sys.modules
        else:
            found = sys.modules.get(node.module or "")
            fails = found is None or (alias.name != "*" and not hasattr(found, alias.name))
        if fails:
            return True
    return False


def _names(node: ast.stmt) -> Iterator[str]:
    """Yield the names that a definition or an assignment binds."""
    if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
        yield node.name
        return
    for part in ast.walk(node):
        if isinstance(part, ast.Name) and isinstance(part.ctx, ast.Store):
            yield part.id


class _Progress:
    """A progress bar that shows nothing."""

    def __init__(self, iterable: Iterable[Any] = (), *_: Any, **__: Any) -> None:
        self._iterable = iterable

    def __iter__(self) -> Iterator[Any]:
        return iter(self._iterable)

    def __enter__(self) -> _Progress:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return lambda *_, **__: None


def have_progress_bars() -> None:
    """Provide a silent tqdm if tqdm or its widgets are missing; answers only need its loop."""
    if all(find_spec(package) for package in ("tqdm", "ipywidgets")):
        return

    def trange(*bounds: int, **_: Any) -> _Progress:
        return _Progress(range(*bounds))

    for name in ("tqdm", "tqdm.auto", "tqdm.autonotebook", "tqdm.notebook", "tqdm.std"):
        module: Any = ModuleType(name)
        module.__spec__ = ModuleSpec(name, None, is_package=name == "tqdm")
        module.__path__ = []
        module.tqdm = module.tqdm_notebook = _Progress
        module.trange = module.tnrange = trange
        sys.modules[name] = module
        parent, _, child = name.rpartition(".")
        if parent:
            setattr(sys.modules[parent], child, module)

"""Find lines below an item's check that change a name used by the item's answer.

If a student tries something at the end of a notebook, such as `max = 4`, an answer above must not
become wrong. If a later line changes a name that an answer uses, the item is tested again with the
notebook as it was at the item's check.

This module looks only at the text of the cells. Cells that are not valid Python change nothing.
"""

from __future__ import annotations

import ast
import re
import symtable
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

from nbformat import NotebookNode

from autograder.course.gradecells import is_locked
from autograder.words import shown

MAX_SOURCE = 20_000
"""Maximum number of characters of a cell to parse, so that no cell keeps the parser busy."""
MAX_SHOWN = 3
_MAX_QUOTE = 80

_MAGIC = re.compile(r"^([ \t]*)[%!?].*$", re.MULTILINE)
_CLEARING = re.compile(r"^[ \t]*%(?:reset|reset_selective|xdel|pylab|run)\b", re.MULTILINE)

_SETTING = frozenset({
    "seed", "set_state", "seterr", "simplefilter", "filterwarnings", "rc", "rcdefaults", "rc_file",
    "use", "switch_backend", "reload", "update", "setrecursionlimit",
})  # fmt: skip
"""Functions that change how other functions of the same module behave."""

_CHANGING = frozenset({
    "append", "extend", "insert", "remove", "pop", "popitem", "clear", "sort", "reverse",
    "update", "setdefault", "add", "discard", "fill", "resize", "put",
})  # fmt: skip
"""Methods that change the object they belong to."""

_ANY_NAME = frozenset({"exec", "setattr", "delattr"})
_NAMESPACES = frozenset({"globals", "locals", "vars"})


@dataclass(frozen=True)
class LaterChange:
    """A line below an item's check; the line changes this name, or any name if it is ""."""

    name: str
    cell: int
    line: int


@dataclass(frozen=True)
class _CellEffects:
    """The effects of a cell's top-level code on names, with the lines of these effects.

    `binds` are names that get a new value. `sets` are names of objects in which a part is assigned.
    `mutates` are names of objects that a method changes. `any_name` are lines that may change every
    name. `imports` maps an imported name to its origin. `reads` are the global names that the
    cell's functions read.
    """

    binds: dict[str, int] = field(default_factory=dict)
    sets: dict[str, int] = field(default_factory=dict)
    mutates: dict[str, int] = field(default_factory=dict)
    any_name: list[int] = field(default_factory=list)
    imports: dict[str, str] = field(default_factory=dict)
    reads: set[str] = field(default_factory=set)


def later_changes(
    notebook: NotebookNode, check: int, names: Collection[str]
) -> tuple[LaterChange, ...]:
    """Return changes below the cell `check` that may affect an answer that defines `names`.

    In released cells, only names that get a new value count.
    """
    cells = {
        index: _read(cell.source)
        for index, cell in enumerate(notebook.cells)
        if cell.cell_type == "code" and len(cell.source) <= MAX_SOURCE
    }
    above = [cell for index, cell in cells.items() if index < check]
    if not any(name in cell.binds for cell in above for name in names):
        return ()  # the answer is not above its check
    used = _used(names, above)
    origins = {origin for cell in above for origin in cell.imports.items()}
    modules = frozenset(name for cell in cells.values() for name in cell.imports)
    found: dict[str, LaterChange] = {}
    for index, cell in cells.items():
        if index > check:
            binds = {
                n: at for n, at in cell.binds.items() if (n, cell.imports.get(n)) not in origins
            }
            felt = [(name, line) for name, line in binds.items() if name in used]
            if not is_locked(notebook.cells[index]):
                felt += [(name, at) for name, at in cell.sets.items() if name in used | modules]
                felt += [(name, at) for name, at in cell.mutates.items() if name in used - modules]
                felt += [("", line) for line in cell.any_name]
            for name, line in felt:
                found.setdefault(name, LaterChange(name, index, line))
    return tuple(found.values())


def note_on_changes(notebook: NotebookNode, changes: Sequence[LaterChange]) -> str:
    """Return the note that tells a student that an item was tested with an earlier state."""
    lines = "; ".join(_described(notebook, change) for change in changes[:MAX_SHOWN])
    return (
        "For this item, the tests used your notebook's state at the item's check, because a later "
        f"cell changes a name that your answer uses: {lines}. The later cell costs no points."
    )


def _described(notebook: NotebookNode, change: LaterChange) -> str:
    line = line_of(notebook, change.cell, change.line, _MAX_QUOTE).replace("`", "'")
    name = f"`{change.name}` " if change.name else ""
    return f"{name}in cell {change.cell + 1} from the top (`{line}`)"


def line_of(notebook: NotebookNode, cell: int, line: int, most: int) -> str:
    """Return the beginning of a line of a code cell, or "" if there is no such line."""
    if cell >= len(notebook.cells) or notebook.cells[cell].cell_type != "code":
        return ""
    lines = notebook.cells[cell].source.split("\n")  # as Python counts lines
    return shown(lines[line - 1].strip()[:most]) if line <= len(lines) else ""


def _used(names: Iterable[str], cells: Sequence[_CellEffects]) -> frozenset[str]:
    """Return these names and all global names that their functions read, also indirectly."""
    binding: dict[str, list[int]] = defaultdict(list)
    for number, cell in enumerate(cells):
        for name in cell.binds:
            binding[name].append(number)
    unread = {number: cell.reads for number, cell in enumerate(cells)}
    seen: set[str] = set()
    waiting = list(names)
    while waiting:
        name = waiting.pop()
        if name not in seen:
            seen.add(name)
            waiting += [read for cell in binding[name] for read in unread.pop(cell, ())]
    return frozenset(seen)


@lru_cache(maxsize=256)
def _read(source: str) -> _CellEffects:
    cell = _CellEffects()
    clearing = [source.count("\n", 0, match.end()) + 1 for match in _CLEARING.finditer(source)]
    try:
        source = _MAGIC.sub(r"\1pass", source)
        tree = ast.parse(source)
        cell.reads.update(_reads(symtable.symtable(source, "cell", "exec")))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return cell
    cell.any_name.extend(clearing)
    waiting: list[tuple[ast.AST, bool]] = [(tree, False)]
    while waiting:
        node, inside = waiting.pop()
        if isinstance(node, ast.Global):
            cell.binds.update(dict.fromkeys(node.names, node.lineno))
        elif not inside:
            _take(node, cell)
        inside = inside or isinstance(node, _SCOPES)
        waiting += [(child, inside) for child in ast.iter_child_nodes(node)]
    return cell


_SCOPES = (
    ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda, ast.ListComp, ast.SetComp,
    ast.DictComp, ast.GeneratorExp,
)  # fmt: skip


def _reads(top: symtable.SymbolTable) -> Iterator[str]:
    """Yield the global names that a cell's functions and classes read."""
    waiting = list(top.get_children())
    while waiting:
        table = waiting.pop()
        waiting += table.get_children()
        for symbol in table.get_symbols():
            if symbol.is_global() and symbol.is_referenced():
                yield symbol.get_name()


def _take(node: ast.AST, cell: _CellEffects) -> None:
    """Add the effects of one node at a cell's top level."""
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        cell.binds[node.name] = node.lineno
    elif isinstance(node, ast.Import | ast.ImportFrom):
        for alias in node.names:
            if alias.name == "*":
                cell.any_name.append(node.lineno)
                continue
            name = alias.asname or alias.name.partition(".")[0]
            cell.binds[name] = node.lineno
            cell.imports[name] = f"{getattr(node, 'module', '')} {alias.name} {alias.asname}"
    elif isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load):
        cell.binds[node.id] = node.lineno
    elif isinstance(node, ast.Attribute | ast.Subscript) and not isinstance(node.ctx, ast.Load):
        _take_change(node, cell.sets, cell)
    elif isinstance(node, ast.Call):
        function = node.func
        if isinstance(function, ast.Name) and function.id in _ANY_NAME:
            cell.any_name.append(node.lineno)
        elif isinstance(function, ast.Attribute) and function.attr in _SETTING:
            _take_change(function, cell.sets, cell)
        elif isinstance(function, ast.Attribute) and function.attr in _CHANGING:
            _take_change(function, cell.mutates, cell)


def _take_change(
    node: ast.Attribute | ast.Subscript, changes: dict[str, int], cell: _CellEffects
) -> None:
    """Add a change of an object that is reached through a name or through `globals()`."""
    root: ast.expr = node
    while isinstance(root, ast.Attribute | ast.Subscript):
        root = root.value
    if isinstance(root, ast.Name):
        changes[root.id] = node.lineno
    elif isinstance(root, ast.Call) and getattr(root.func, "id", "") in _NAMESPACES:
        cell.any_name.append(node.lineno)

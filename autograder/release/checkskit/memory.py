"""The answers in memory, the cells that ran, and the saved notebook"""

from __future__ import annotations

import ast
import dis
import linecache
import re
from collections.abc import Iterator, Sequence
from types import CodeType
from typing import Any

from autograder.release.checkskit.facts import PROBLEMS
from autograder.release.checkskit.items import Item, Names
from autograder.release.checkskit.notebooks import cell_text, saved_here


def out_of_date(name: str, problem: str, names: Names, runs: Sequence[str]) -> str:
    """Return why an answer in memory differs from its cell, and what to do; "" if they agree.

    `runs` are the texts of the cells that the kernel ran, by their numbers. A cell that was
    changed, but neither run nor saved, can't be seen from here.
    """
    defines = re.compile(rf"^(?:def {name}\b|{name}\s*(?::[^=\n]*)?=(?!=))", re.MULTILINE)
    ran = {number: _lines(text) for number, text in enumerate(runs) if defines.search(text)}
    code = getattr(names.get(name), "__code__", None)
    held = _lines("".join(linecache.getlines(code.co_filename))) if code else ""
    last = list(ran.values())[-1:]
    if ran and (name not in names or (held in ran.values() and held not in last)):
        age = "still the unfinished one" if _is_stub(held, name) else "an older one"
        result = f"the `{name}` in memory is {age}" if name in names else "it is not defined"
        return (
            f"The last run of the cell that defines `{name}` stopped with an error, so {result}. "
            "Correct that cell and run it, then run this check."
        )
    number, saved = _saved_cell(problem, defines)
    if not saved or _is_stub(saved, name) or saved in ran.values():
        return ""
    if name not in names:
        return (
            f"Your notebook has a cell that defines `{name}`, but it was not run since the kernel "
            "started. Run it, then run this check."
        )
    if _is_stub(held, name):
        return (
            f"The `{name}` in memory is still the unfinished one: run its cell, then run this "
            "check."
        )
    if ran.get(number) == held and _definition(saved, name) != _definition(held, name):
        return (
            f"The `{name}` in memory is an older one: you changed its cell and did not run it. Run "
            "it, then run this check."
        )
    return ""


def _saved_cell(problem: str, defines: re.Pattern[str]) -> tuple[int, str]:
    """Return the number and the text of the last saved cell that defines a name."""
    notebook = saved_here(problem)
    for cell in reversed(notebook.cells if notebook else ()):
        if cell.get("cell_type") == "code" and defines.search(text := cell_text(cell)):
            number = cell.get("execution_count")
            return (number if isinstance(number, int) else -1), _lines(text)
    return -1, ""


def _lines(text: str) -> str:
    return "\n".join(line.rstrip() for line in text.strip().splitlines())


def _is_stub(cell: str, name: str) -> bool:
    return "raise NotImplementedError" in _definition(cell, name)


def _definition(cell: str, name: str) -> str:
    """Return the text of a function's definition; the whole cell if there is no such function."""
    try:
        found = [node for node in ast.parse(cell).body if getattr(node, "name", "") == name]
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return cell
    return ast.get_source_segment(cell, found[-1]) or cell if found else cell


def used_answers(item: Item, names: Names) -> Iterator[tuple[str, Item]]:
    """Yield the answers to other items that an item's functions call, each with its item."""
    asked = {n: other for its in PROBLEMS.values() for other in its for n in other.answers}
    todo, seen = list(item.answers), set(item.answers)
    while todo:
        for name in _globals_of(getattr(names.get(todo.pop()), "__code__", None)):
            if name in names and name not in seen:
                seen.add(name)
                todo.append(name)
                if name in asked:
                    yield name, asked[name]


def _globals_of(code: Any) -> Iterator[str]:
    """Yield the global names that code reads, also inside functions within it."""
    if isinstance(code, CodeType):
        for step in dis.get_instructions(code):
            if step.opname == "LOAD_GLOBAL":
                yield step.argval
        for part in code.co_consts:
            yield from _globals_of(part)

"""Write the texts of converted tests: the modules of hidden tests, and the visible checks."""

from __future__ import annotations

import ast
import re
from collections.abc import Sequence
from textwrap import indent
from typing import Literal

from autograder.release.adopting.conversion import Converted
from autograder.release.adopting.oldcells import Old


def test_module(
    name: str, homework: str, tests: Sequence[Old], side: Literal["hidden", "shown"]
) -> str:
    """Return a module with the tests that students do not see, or with those that they also see."""
    found: list[str] = []
    imports: set[str] = set()
    helpers: set[str] = set()
    is_given = False
    for old in tests:
        converted = old.hidden if side == "hidden" else old.shown
        if converted is None or not converted.claims:
            continue
        imports |= converted.imports
        helpers |= converted.helpers
        is_given = is_given or bool(converted.given)
        found.append(_test_function(old, converted, side))
    if not found:
        return ""
    own = helpers - {"Raised"}
    whose = "students also see" if side == "shown" else "students do not see"
    head = [
        f'"""Tests of {name} that {whose}, converted from nbgrader\'s test cells."""',
        "",
        "from __future__ import annotations",
        "",
        *sorted(imports),
        "",
        f"from autograder.grading.testkit import {', '.join(sorted(own | {'item'}))}",
        f"from autograder.sandbox import {'Raised, ' * ('Raised' in helpers)}Student",
    ]
    if is_given:
        head.append(f"from solutions.{homework} import {name}")
    return "\n\n\n".join(["\n".join(head).replace("\n\n\n", "\n\n"), *found]) + "\n"


def _test_function(old: Old, converted: Converted, side: str) -> str:
    asked = [f"`{name}`" for name in sorted(converted.asked)] or ["the answer"]
    names = " and ".join(filter(None, [", ".join(asked[:-1]), asked[-1]]))
    if side == "shown":
        claim = _claim_of(old) or f"The tests of {names} that the notebook shows pass."
        name = f"test_{function_name(old.item)}"
    else:
        claim = (
            f"{names[0].upper()}{names[1:]} {'are' if asked[1:] else 'is'} right in further cases."
        )
        name = f"test_{function_name(old.item)}_in_hidden_cases"
    return "\n".join(
        [
            f'@item("{old.item}")',
            f"def {name}(student: Student) -> None:",
            f'    """{_quoted(claim)}"""',
            _body(converted.statements),
        ]
    )


def check_function(old: Old) -> str:
    """Return the visible check of an item, as the text of a function."""
    asked = sorted(
        {name for part in (old.shown, old.hidden) if part and part.claims for name in part.asked}
    )
    if old.visible is not None:
        about, body = "Try the examples of the notebook's test cell.", old.visible.statements
        text = _body(body)
    else:
        about = "Check only that the answer is written; its tests run when it is marked."
        text = "\n".join(f'    yield written(yours, "{name}")' for name in asked)
    return "\n".join(
        [
            "@check(NUDGE, SHAPE, PLACE)",
            f"def {function_name(old.item)}(yours: Answers) -> Lines:",
            f'    """{about}"""',
            text,
        ]
    )


def function_name(item: str) -> str:
    """Return the name of an item's check in `checks.py`."""
    return item.replace("-", "_")


def _body(statements: Sequence[ast.stmt]) -> str:
    module = ast.fix_missing_locations(ast.Module(list(statements), []))
    return indent("\n".join(ast.unparse(each) for each in module.body), "    ")


def _claim_of(old: Old) -> str:
    """Return the docstring or the first comment of a test cell, which students see."""
    for index in old.claiming[0]:
        match old.statements[index]:
            case ast.Expr(value=ast.Constant(value=str(text))) if text.strip():
                return " ".join(text.split())
    first = next((line for line in old.cell.source.split("\n") if line.strip()), "")
    if re.match(r"#+ *\w", first) and "BEGIN" not in first and "AUTOTEST" not in first:
        return " ".join(first.lstrip("# ").split())
    return ""


def _quoted(text: str) -> str:
    found = text.replace("\\", "\\\\").replace('"', "'")
    return found if found.endswith((".", "?", "!")) else f"{found}."

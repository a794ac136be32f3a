"""Every promise in SECURITY.md has a test."""

from __future__ import annotations

import ast
import re
from pathlib import Path

ROOT = Path(__file__).parents[1]
WORDS = (ROOT / "SECURITY.md").read_text(encoding="utf-8")
NAMED = re.compile(r"`(tests/[\w/]+\.py)::(\w+)`")


def promises() -> list[str]:
    """Return the rows of the table below "What is promised"."""
    section = WORDS.partition("## What is promised")[2].partition("\n## ")[0]
    rows = [line for line in section.splitlines() if line.startswith("| ")]
    return rows[1:]


def test_every_promise_names_a_test() -> None:
    rows = promises()
    assert len(rows) >= 10
    named = False
    for row in rows:
        proof = row.split("|")[2]
        assert NAMED.search(proof) or (named and proof.strip() == "the same"), row
        named = True


def test_every_test_that_is_named_is_there() -> None:
    for path, name in NAMED.findall(WORDS):
        tree = ast.parse((ROOT / path).read_text(encoding="utf-8"))
        functions = {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}
        assert name in functions, f"{path} has no {name}"

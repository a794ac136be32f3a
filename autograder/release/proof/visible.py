"""Read the verdicts of visible checks in notebooks, and write wrong answers to test the checks."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from pathlib import Path

from nbformat import NotebookNode
from nbformat.v4 import new_code_cell

from autograder.course.gradecells import grade_id, is_check
from autograder.grading.misconceptions import Catalogue, Misconception
from autograder.release.proof.findings import Finding, finding
from autograder.release.proof.junk import pairs, with_answers, write_notebook

PASSED = "✓"
_VERDICT = re.compile(r"^\s*([✓✗…])(.*(?:\n.*){0,2})", re.MULTILINE)
_HEAD = "# {item}, wrong: {name}"
_SAVE = "right_answers = {name: it for name, it in globals().items() if name[0] != '_'}"
_RESTORE = "globals().update(right_answers)"

Notebooks = Mapping[str, NotebookNode]


def verdict(cell: NotebookNode) -> tuple[str, str]:
    """Return the sign at the beginning of a check cell's verdict, and its first lines.

    If there is no verdict, the sign is "", and the text describes what the cell did instead.
    """
    said = [str(o.get("text") or o.get("data", {}).get("text/plain", "")) for o in cell.outputs]
    if match := _VERDICT.search("\n".join(said)):
        return match[1], " ".join(match[0].split())
    errors = [f"ends in {o.ename}: {o.evalue}" for o in cell.outputs if o.output_type == "error"]
    return "", errors[0] if errors else "prints no verdict, a line that begins with ✓, ✗ or …"


def accepts_reference(executed: Notebooks, lost: Collection[str]) -> Finding:
    """Check that each visible check passes, except for `lost` items, whose faults are known."""
    cells = _check_cells(executed)
    faults = [
        f"item {item}: the visible check {'says' if sign else ''} {said}".replace("  ", " ")
        for item, cell in cells.items()
        if item not in lost
        for sign, said in [verdict(cell)]
        if sign != PASSED
    ]
    return finding("visible checks accept the reference", faults, f"all {len(cells)} pass")


def rejects_skeleton(executed: Notebooks) -> Finding:
    """Check that no visible check passes without an answer."""
    cells = _check_cells(executed)
    faults = [
        f"item {item}: the visible check passes without an answer"
        for item, cell in cells.items()
        if verdict(cell)[0] == PASSED
    ]
    return finding("visible checks reject the skeleton", faults, f"none of {len(cells)} passes")


def catches(executed: Notebooks, catalogue: Catalogue) -> Finding:
    """Count the misconceptions that the visible checks notice; they need not notice all."""
    signs = {
        cell.source.split("\n")[0]: verdict(cell)[0]
        for notebook in executed.values()
        for cell in notebook.cells
        if cell.cell_type == "code"
    }
    missed: dict[str, list[str]] = {}
    for wrong in catalogue:
        if signs.get(_head(wrong)) == PASSED:
            missed.setdefault(wrong.item, []).append(wrong.name)
    untried = sum(not signs.get(_head(wrong)) for wrong in catalogue)
    count = len(catalogue) - untried - sum(map(len, missed.values()))
    seen = [f"{count} of {len(catalogue)} caught"]
    seen += [f"{untried} gave no verdict"] if untried else []
    parts = [
        f"{item} {', '.join(names) if len(names) < 3 else len(names)}"
        for item, names in missed.items()
    ]
    seen += [f"missed: {'; '.join(parts)}"] if parts else []
    return Finding("misconceptions that visible checks catch", True, "\n".join(seen))


def write_wrong(source: Path, release: Path, folder: Path, catalogue: Catalogue) -> None:
    """Write the reference's submission, followed by cells that try each misconception's answer.

    After each such answer come the item's check and a cell that restores the right answers.
    """
    for name, skeleton, filled in pairs(source, release):
        notebook = with_answers(skeleton, filled)
        notebook.cells.append(new_code_cell(_SAVE))
        checks = [(grade_id(cell), cell.source) for cell in notebook.cells if is_check(cell)]
        for item, check in checks:
            for wrong in catalogue.of(item):
                tried = f"{_head(wrong)}\n{wrong.source}\n\n{check}"
                notebook.cells += [new_code_cell(tried), new_code_cell(_RESTORE)]
        write_notebook(folder / name, notebook)


def _head(wrong: Misconception) -> str:
    return _HEAD.format(item=wrong.item, name=wrong.name)


def _check_cells(executed: Notebooks) -> dict[str, NotebookNode]:
    cells = (cell for notebook in executed.values() for cell in notebook.cells)
    return {grade_id(cell): cell for cell in cells if is_check(cell)}

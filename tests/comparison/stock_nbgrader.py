"""Stock nbgrader: hidden tests in locked cells, `autograde`, `generate_feedback`."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping, Sequence
from importlib.metadata import version
from pathlib import Path

import nbformat
from nbformat import NotebookNode
from nbgrader.utils import compute_checksum

from tests.comparison import homework, net
from tests.comparison.attack import Idea
from tests.comparison.forms import (
    common_places,
    fill_notebook,
    peer_secrets,
    recorded,
    write_notebook,
)
from tests.comparison.net import Ran, Step
from tests.comparison.tool import AFTER, ATTACKER, BEFORE, Marks, Secrets, Tool

NAME = "hw"
PROGRAMS = Path(sys.executable).parent


class StockNbgrader(Tool):
    name = "nbgrader"
    programs = (PROGRAMS,)
    records = frozenset({"course/gradebook.db"})

    def version(self) -> str:
        return f"nbgrader {version('nbgrader')}"

    def prepare(self, base: Path) -> None:
        course = base / "course"
        (base / "home").mkdir(parents=True)
        source = course / "source" / NAME
        source.mkdir(parents=True)
        nbformat.write(source_notebook(), source / f"{NAME}.ipynb")
        settings = 'c = get_config()\nc.CourseDirectory.course_id = "comparison"\n'
        (course / "nbgrader_config.py").write_text(settings)
        command = [str(PROGRAMS / "nbgrader"), "generate_assignment", NAME]
        done = subprocess.run(command, cwd=course, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise RuntimeError(f"nbgrader made no release:\n{done.stderr[-3000:]}")

    def hand_in(self, base: Path, student: str, idea: Idea) -> None:
        course = base / "course"
        notebook = nbformat.read(course / "release" / NAME / f"{NAME}.ipynb", as_version=4)
        code = idea.code(self.name, self.places())
        fill_notebook(notebook, code, idea, _answer)
        path = course / "submitted" / student / NAME / f"{NAME}.ipynb"
        write_notebook(self.name, path, notebook, idea, self.places())

    def places(self) -> Mapping[str, str]:
        course = net.COURSE
        return {
            **common_places(),
            "hidden": f"{course}/source/{NAME}/{NAME}.ipynb",
            "solution": f"{course}/source/{NAME}/{NAME}.ipynb",
            "marks": f"{course}/gradebook.db",
            "victim": f"{course}/submitted/{AFTER}/{NAME}/{NAME}.ipynb",
            "other": f"{course}/submitted/{BEFORE}/{NAME}/{NAME}.ipynb",
        }

    def first_run(self) -> Sequence[Step]:
        return [
            Step(["nbgrader", "autograde", NAME, "--student", BEFORE], 120),
            Step(["nbgrader", "generate_feedback", NAME, "--student", BEFORE], 120),
        ]

    def class_run(self) -> Sequence[Step]:
        # A class of two takes 15 seconds; each of 13 cells may take 30 seconds before it is
        # stopped.
        return [
            Step(["nbgrader", "autograde", NAME], 480),
            Step(["nbgrader", "generate_feedback", NAME, "--student", ATTACKER], 120),
        ]

    def marks(self, ran: Ran) -> Marks:
        database = ran.scratch / "course" / "gradebook.db"
        return recorded(database, NAME, {item: item for item in homework.ITEMS})

    def given_back(self, ran: Ran, student: str) -> str:
        pages = (ran.scratch / "course" / "feedback" / student).rglob("*.html")
        return "\n".join(page.read_text(encoding="utf-8", errors="replace") for page in pages)

    def secrets(self) -> Secrets:
        return peer_secrets()


def _answer(cell: NotebookNode) -> str | None:
    name = str(cell.metadata.get("nbgrader", {}).get("grade_id", ""))
    return name.removesuffix("-answer") if name.endswith("-answer") else None


def source_notebook() -> NotebookNode:
    """Return an instructor's notebook: solutions between marks, hidden tests in the check cells."""
    cells = [
        nbformat.v4.new_markdown_cell("# The neural tangent kernel"),
        _cell("given", homework.given(), locked=True),
    ]
    for answer, items in homework.ANSWERS.items():
        text = homework.reference(answer, marked=True)
        cells.append(_cell(f"{answer}-answer", text, solution=True))
        cells += [_cell(item, _checks(item), grade=True, locked=True) for item in items]
    notebook = nbformat.v4.new_notebook(cells=cells)
    notebook.metadata["kernelspec"] = {
        "display_name": "Python 3", "language": "python", "name": "python3",
    }  # fmt: skip
    return notebook


def _checks(item: str) -> str:
    functions = homework.FUNCTIONS[item]
    visible = homework.in_function(f"visible_check_{item}", functions, homework.VISIBLE[item])
    hidden = homework.in_function(f"hidden_test_{item}", functions, homework.HIDDEN[item])
    arguments = ", ".join(functions)
    return (
        f"{visible}\nvisible_check_{item}({arguments})\n### BEGIN HIDDEN TESTS\n"
        f"{hidden}\nhidden_test_{item}({arguments})\n### END HIDDEN TESTS"
    )


def _cell(
    name: str, source: str, *, grade: bool = False, solution: bool = False, locked: bool = False
) -> NotebookNode:
    cell = nbformat.v4.new_code_cell(source)
    cell.metadata["nbgrader"] = {
        "grade": grade, "grade_id": name, "locked": locked, "schema_version": 3,
        "solution": solution, "task": False, "cell_type": "code",
        **({"points": 1} if grade else {}),
    }  # fmt: skip
    cell.metadata.nbgrader["checksum"] = compute_checksum(cell)
    return cell

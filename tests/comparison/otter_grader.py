"""otter-grader: a master notebook for `otter assign`, and `otter run` for each submission.

The tests use otter's exception-based form, which keeps the tests out of the student's names. Each
question gives all or no points, as nbgrader's cells do. `otter run` marks one submission; to mark a
class, a loop calls `otter run` for each submission. `otter run` has no time limit, so the loop sets
a limit, as `otter grade --timeout` does.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import nbformat
from nbformat import NotebookNode

from tests.comparison import homework, net
from tests.comparison.attack import Idea
from tests.comparison.forms import (
    common_places,
    fill_notebook,
    peer_secrets,
    write_archive,
    write_notebook,
)
from tests.comparison.net import Ran, Step
from tests.comparison.tool import AFTER, ATTACKER, BEFORE, Marks, Secrets, Tool

PINNED = Path(__file__).parent / "otter-requirements.txt"
NAME = "hw"
SECONDS = 60
"""Seconds that the loop gives each submission; an honest submission takes four seconds."""


def environment(folder: Path) -> Path:
    """Return the program folder of an environment with the pinned otter-grader."""
    stamp = folder / ".pinned"
    digest = hashlib.sha256(PINNED.read_bytes()).hexdigest()
    if not stamp.is_file() or stamp.read_text() != digest:
        shutil.rmtree(folder, ignore_errors=True)
        subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True)
        install = [str(folder / "bin" / "python"), "-m", "pip", "install", "--quiet"]
        install += ["--disable-pip-version-check", "--require-hashes", "--no-deps", "-r"]
        install.append(str(PINNED))
        subprocess.run(install, check=True)
        stamp.write_text(digest)
    return folder / "bin"


class OtterGrader(Tool):
    name = "otter"

    def __init__(self, programs: Path) -> None:
        self.programs = (programs,)
        self.records = frozenset(
            f"course/results/{student}/results.json" for student in (BEFORE, AFTER)
        )

    def version(self) -> str:
        for line in PINNED.read_text(encoding="utf-8").splitlines():
            if line.startswith("otter-grader=="):
                return line.split()[0].replace("==", " ")
        raise LookupError(f"{PINNED} doesn't pin otter-grader")

    def prepare(self, base: Path) -> None:
        course = base / "course"
        (base / "home").mkdir(parents=True)
        course.mkdir()
        nbformat.write(master_notebook(), course / f"{NAME}.ipynb")
        command = [str(self.programs[0] / "otter"), "assign", f"{NAME}.ipynb", "dist"]
        with tempfile.TemporaryDirectory() as home:
            done = subprocess.run(
                command,
                cwd=course,
                env={"HOME": home, "PATH": f"{self.programs[0]}:/usr/bin:/bin"},
                capture_output=True,
                text=True,
                check=False,
            )
        if done.returncode != 0:
            raise RuntimeError(
                f"otter made no release:\n{done.stdout[-1500:]}{done.stderr[-1500:]}"
            )
        (archive,) = (course / "dist" / "autograder").glob("*.zip")
        archive.rename(course / "autograder.zip")

    def hand_in(self, base: Path, student: str, idea: Idea) -> None:
        course = base / "course"
        released = course / "dist" / "student" / f"{NAME}.ipynb"
        notebook = nbformat.read(released, as_version=4)
        fill_notebook(notebook, idea.code(self.name, self.places()), idea, _answer)
        (course / "results" / student).mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory() as folder:
            write_notebook(self.name, Path(folder, f"{NAME}.ipynb"), notebook, idea, self.places())
            (course / "submitted" / student).mkdir(parents=True)
            write_archive(course / "submitted" / student / f"{NAME}.zip", Path(folder))

    def places(self) -> Mapping[str, str]:
        course = net.COURSE
        return {
            **common_places(),
            "hidden": "tests/kernel.py",
            "solution": f"{course}/dist/autograder/{NAME}.ipynb",
            "marks": f"{course}/results",
            "victim": f"{course}/submitted/{AFTER}/{NAME}.zip",
            "other": f"{course}/submitted/{BEFORE}/{NAME}.zip",
        }

    def first_run(self) -> Sequence[Step]:
        return [self._step(BEFORE)]

    def class_run(self) -> Sequence[Step]:
        return [self._step(student) for student in (ATTACKER, AFTER)]

    def _step(self, student: str) -> Step:
        command = ["otter", "run", "--no-logo", "-a", "autograder.zip"]
        command += ["-o", f"results/{student}", f"submitted/{student}/{NAME}.zip"]
        return Step(command, SECONDS)

    def marks(self, ran: Ran) -> Marks:
        found = {}
        for student in (BEFORE, ATTACKER, AFTER):
            results = self._results(ran, student)
            points = {
                test["name"]: float(test["score"])
                for test in results.get("tests", ())
                if test.get("name") in homework.ITEMS and "score" in test
            }
            if points:
                found[student] = points
        return found

    def given_back(self, ran: Ran, student: str) -> str:
        """Return the results that Gradescope shows: visible tests, and the shared output."""
        results = self._results(ran, student)
        shown = [t for t in results.get("tests", ()) if t.get("visibility") != "hidden"]
        texts = [str(test.get("output", "")) for test in shown]
        return "\n".join([str(results.get("output", "")), *texts])

    def _results(self, ran: Ran, student: str) -> Mapping[str, Any]:
        path = ran.scratch / "course" / "results" / student / "results.json"
        try:
            found = json.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return {}
        return found if isinstance(found, dict) else {}

    def secrets(self) -> Secrets:
        return peer_secrets()


def _answer(cell: NotebookNode) -> str | None:
    for answer, items in homework.ANSWERS.items():
        if f"def {homework.FUNCTIONS[items[0]][0]}(" in cell.source:
            return answer
    return None


def master_notebook() -> NotebookNode:
    """Return the notebook that an instructor writes for `otter assign`."""
    settings = (
        "# ASSIGNMENT CONFIG\n"
        "init_cell: true\nexport_cell: false\nrun_tests: true\n"
        "requirements: []\ntests:\n    files: false\n    ok_format: false\n"
    )
    cells = [
        nbformat.v4.new_raw_cell(settings),
        nbformat.v4.new_markdown_cell("# The neural tangent kernel"),
        nbformat.v4.new_code_cell(homework.given()),
    ]
    for answer, items in homework.ANSWERS.items():
        for item in items:
            question = f"# BEGIN QUESTION\nname: {item}\npoints: 1\nall_or_nothing: true\n"
            cells += [
                nbformat.v4.new_raw_cell(question),
                nbformat.v4.new_markdown_cell(f"**{item}**: write the functions."),
            ]
            if item == items[0]:
                cells += [
                    nbformat.v4.new_raw_cell("# BEGIN SOLUTION"),
                    nbformat.v4.new_code_cell(_with_marks(answer)),
                    nbformat.v4.new_raw_cell("# END SOLUTION"),
                ]
            cells += [
                nbformat.v4.new_raw_cell("# BEGIN TESTS"),
                nbformat.v4.new_code_cell(_test(item, "visible", homework.VISIBLE[item])),
                nbformat.v4.new_code_cell(
                    '""" # BEGIN TEST CONFIG\nhidden: true\n""" # END TEST CONFIG\n'
                    + _test(item, "hidden", homework.HIDDEN[item])
                ),
                nbformat.v4.new_raw_cell("# END TESTS"),
                nbformat.v4.new_raw_cell("# END QUESTION"),
            ]
    notebook = nbformat.v4.new_notebook(cells=cells)
    notebook.metadata["kernelspec"] = {
        "display_name": "Python 3", "language": "python", "name": "python3",
    }  # fmt: skip
    return notebook


def _with_marks(answer: str) -> str:
    text = homework.reference(answer, marked=True)
    return text.replace("### BEGIN SOLUTION", "# BEGIN SOLUTION").replace(
        "### END SOLUTION", "# END SOLUTION"
    )


def _test(item: str, kind: str, code: str) -> str:
    return homework.in_function(f"test_{kind}_{item}", homework.FUNCTIONS[item], code)

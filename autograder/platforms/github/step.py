"""The step of a workflow that runs a homework's visible checks and tells GitHub Classroom.

It stands alone: `fdl classroom` copies it into the template repository, where there is no kit but
the release's own `checks.py` and requirements. What it finds is advice: it runs in the student's
repository, and the student can change it. Marks are made elsewhere, by hidden tests.

`tell` speaks to GitHub: the results in GitHub Classroom's form as the step's output `result`, and
a table in the run's summary. What students wrote is put there as text that does nothing: neither
markdown nor a command to the runner.
"""

from __future__ import annotations

import base64
import importlib
import json
import os
import re
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

CELL_SECONDS = 120
MARK = "visible checks: "

_SIGNS = re.compile(r"[!-/:-@[-`{-~]")


@dataclass(frozen=True)
class ItemLine:
    """One item: its points, and what is to be said of it."""

    name: str
    points: float
    max_points: float
    message: str = ""
    bonus: bool = False
    file: str = ""

    @property
    def passed(self) -> bool:
        """Whether it has all its points."""
        return self.points >= self.max_points - 1e-9


def tell(title: str, lines: Sequence[ItemLine], remarks: Sequence[str]) -> None:
    """Print the points, and hand them to GitHub where this runs in a workflow."""
    results = json.dumps(classroom_results(lines), ensure_ascii=True)
    _append("GITHUB_OUTPUT", f"result={base64.b64encode(results.encode()).decode()}\n")
    _append("GITHUB_STEP_SUMMARY", summary(title, lines, remarks))
    for line in lines:  # no word of a student's: the runner takes commands from what is printed
        print(f"{'pass' if line.passed else 'FAIL'}  {line.name}  {_worth(line)}")
    print(f"Points {total(lines):g}/{maximum(lines):g}")


def classroom_results(lines: Sequence[ItemLine]) -> dict[str, Any]:
    """The results as GitHub Classroom's reporter reads them; bonus points exceed the maximum."""
    return {
        "version": 1,
        "status": "pass" if all(line.passed for line in lines) else "fail",
        "max_score": maximum(lines),
        "tests": [
            {
                "name": line.name,
                "status": "pass" if line.passed else "fail",
                "score": line.points,
                "message": without_commands(line.message),
                "test_code": "",
                "filename": line.file,
                "line_no": 0,
                "execution_time": 0,
            }
            for line in lines
        ],
    }


def summary(title: str, lines: Sequence[ItemLine], remarks: Sequence[str]) -> str:
    """The table for the run's page, as markdown."""
    signs = {True: "✅", False: "❌"}
    rows = [
        f"| {signs[line.passed]} {line.name} | {_worth(line)} | {as_text(line.message)} |"
        for line in lines
    ]
    parts = [
        f"## {as_text(title)}",
        f"**{total(lines):g} of {maximum(lines):g} points**, bonus included in the first number",
        "\n".join(["| item | points | what was found |", "| --- | ---: | --- |", *rows]),
        *map(as_text, remarks),
    ]
    return "\n\n".join(parts) + "\n"


def total(lines: Sequence[ItemLine]) -> float:
    """All points."""
    return round(sum(line.points for line in lines), 2)


def maximum(lines: Sequence[ItemLine]) -> float:
    """What all items but the bonus are worth."""
    return sum(line.max_points for line in lines if not line.bonus)


def as_text(text: str) -> str:
    """Markdown that shows the text letter by letter, in one line of a table."""
    escaped = _SIGNS.sub(lambda match: f"&#{ord(match[0])};", _printable(text).strip())
    return "<br>".join(" ".join(line.split()) for line in escaped.splitlines())


def without_commands(text: str) -> str:
    """The text without what GitHub's runner would take for a command where it is printed."""
    return _printable(text).replace("::", ":\u200b:").replace("##[", "##\u200b[")


def _printable(text: str) -> str:
    """The text without control characters and marks of direction; ends of lines stay."""
    return "".join(letter for letter in text if letter.isprintable() or letter == "\n")


def _worth(line: ItemLine) -> str:
    return f"{line.points:g} of {line.max_points:g}{' bonus' if line.bonus else ''}"


def _append(variable: str, text: str) -> None:
    """Add to one of the files through which a step speaks to GitHub; nothing outside of it."""
    if path := os.environ.get(variable):
        with open(path, "a", encoding="utf-8") as file:
            file.write(text)


# --- the visible checks --------------------------------------------------------------------------

_CALL = """
import contextlib, io, json, checks
checks.shell = lambda: None  # as text, not as a notebook shows it
told = {{}}
for item in checks.PROBLEMS[{problem!r}]:
    if item.answers:
        with contextlib.redirect_stdout(io.StringIO()) as said:
            getattr(checks, item.name.replace("-", "_"))(globals())
        told[item.name] = said.getvalue().strip()
print({mark!r} + json.dumps(told))
"""


def checked(folder: Path) -> Iterator[ItemLine]:
    """Run each notebook in the folder, and the visible check of each of its items."""
    sys.path.insert(0, str(folder))
    problems = importlib.import_module("checks").PROBLEMS
    for problem, items in problems.items():
        told, fault = _told(folder / f"{problem}.ipynb", problem)
        for item in items:
            if item.answers:
                said = told.get(item.name, fault)
                points = float(item.points) if said.startswith("✓") else 0.0
                yield ItemLine(
                    item.name, points, float(item.points), said, item.bonus, f"{problem}.ipynb"
                )


def _told(path: Path, problem: str) -> tuple[dict[str, str], str]:
    """What each check says of the notebook's items, or why none could be run."""
    import nbformat
    from nbconvert.preprocessors import ExecutePreprocessor

    if not path.is_file():
        return {}, f"There is no {path.name}."
    try:
        notebook: Any = nbformat.read(path, as_version=4)
        call = _CALL.format(problem=problem, mark=MARK)
        notebook.cells.append(nbformat.v4.new_code_cell(call))
        run = ExecutePreprocessor(timeout=CELL_SECONDS, allow_errors=True, kernel_name="python3")
        notebook, _ = run.preprocess(notebook, {"metadata": {"path": str(path.parent)}})
        printed = "".join(output.get("text", "") for output in notebook.cells[-1].outputs)
        told = json.loads(printed.rpartition(MARK)[2])
    except Exception as error:  # a notebook can break in any way; each costs its own items
        last = str(error).strip().splitlines()[-1:] or [""]
        return {}, f"{path.name} did not run to its end: {type(error).__name__} {last[0][:200]}"
    return {str(name): str(said) for name, said in told.items()}, "It was not checked."


if __name__ == "__main__":
    tell(
        "Visible checks",
        list(checked(Path.cwd())),
        [
            "These are the checks that your notebooks hold. A pass is a good sign, not a mark: "
            "hidden tests use other and harder inputs, and a person reads your texts."
        ],
    )

"""Run the visible checks of a homework: one test for each item that has a check.

`fdl github` copies this file into the template repository as `.github/checks/test_visible.py`. The
file does not import the kit; it needs only the release, IPython, nbformat and pytest. The workflow
calls

    python -m pytest -c .github/checks/pytest.ini .github/checks

Each notebook runs in a separate process, which is stopped after a time limit. The main process
reads the output of these processes as untrusted text, and writes the page of the run. The results
are not marks: students control the repository and the processes in which the checks run.
"""

from __future__ import annotations

import functools
import io
import json
import os
import re
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import redirect_stdout, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import pytest

HERE = Path(__file__).resolve().parent
REPOSITORY = HERE.parents[1]

MAX_RESULTS = 2_000_000
"""Number of bytes to read from the output of one notebook's process."""
PAGE_LETTERS = 60_000
"""Maximum number of characters that the texts of all checks together may have on the page.

GitHub shows no page above 1 MiB; as Markdown, a character takes up to 6 bytes.
"""
MAX_LETTERS = 1_500
"""Maximum number of characters of one text, on the page and in the file of results."""

SIGNS = {"✓": "right so far", "…": "not done yet", "✗": "not right yet"}
"""Signs that begin a verdict, each with its meaning for the item."""

_PUNCTUATION = re.compile(r"[!-/:-@[-`{-~]")


@dataclass(frozen=True)
class Verdict:
    """The result of a visible check: its sign, the comparisons that held, and the next step."""

    sign: str
    held: str = ""
    advice: str = ""


def facts() -> Any:
    """Return the data that `fdl github` wrote: the homework's title, time limit and items."""
    return json.loads((HERE / "homework.json").read_text(encoding="utf-8"))


CHECKED = [
    (problem, item["name"])
    for problem, items in facts()["problems"].items()
    for item in items
    if item["has_check"]
]
"""Pairs of a notebook and an item, for each item that has a visible check."""


@pytest.mark.parametrize(("problem", "item"), CHECKED, ids=[item for _, item in CHECKED])
def test_visible(problem: str, item: str) -> None:
    """Pass if the item's visible check passes, skip if the item is not done yet, else fail."""
    verdict = verdicts(problem)[item]
    if verdict.sign == "…":
        pytest.skip(SIGNS["…"])
    if verdict.sign != "✓":
        pytest.fail(verdict.advice or SIGNS["✗"], pytrace=False)


@pytest.fixture(scope="session", autouse=True)
def _page() -> Iterator[None]:
    """Write the page of the run when all tests are done.

    The page replaces the file, and thus removes any text that a notebook may have written to it.
    """
    yield
    if path := os.environ.get("GITHUB_STEP_SUMMARY"):
        Path(path).write_text(page(), encoding="utf-8")


# --- the page of the run ---


def page() -> str:
    """Return the page in Markdown: a table with a row for each item."""
    homework = facts()
    rows = ["| item | result | right so far | what to do next |", "| --- | --- | --- | --- |"]
    most = min(MAX_LETTERS, PAGE_LETTERS // (2 * len(CHECKED) or 1))
    passed = 0
    for problem, items in homework["problems"].items():
        for item in items:
            if not item["has_check"]:
                cells = ["✎ your text", "", "A person reads and marks this item."]
            else:
                verdict = verdicts(problem)[item["name"]]
                passed += verdict.sign == "✓"
                result = f"{verdict.sign} {SIGNS[verdict.sign]}"
                cells = [result, as_text(verdict.held, most), as_text(verdict.advice, most)]
            bonus = " (bonus)" if item["bonus"] else ""
            rows.append(f"| {' | '.join([as_text(item['name']) + bonus, *cells])} |")
    return "\n\n".join(
        [
            f"## Visible checks: {as_text(homework['title'])}",
            f"**{passed} of {len(CHECKED)} checks pass.**",
            "\n".join(rows),
            "A check that passes is a good sign, not a mark: hidden tests use other and harder "
            "inputs.\n",
        ]
    )


def as_text(text: str, most: int = MAX_LETTERS) -> str:
    """Return Markdown that shows the text unchanged within one cell of a table."""
    lines = cleaned(text, most).splitlines()
    return "<br>".join(_PUNCTUATION.sub(lambda sign: f"&#{ord(sign[0])};", line) for line in lines)


def cleaned(text: str, most: int = MAX_LETTERS) -> str:
    """Return the text without unprintable characters, cut after `most` characters."""
    text = text[: 4 * most].replace("\t", "    ")
    kept = "".join(letter for letter in text if letter.isprintable() or letter == "\n")
    return kept if len(kept) <= most else kept[: most - 1] + "…"


# --- in the main process: start a notebook's process, and read its output ---


@functools.cache
def verdicts(problem: str) -> dict[str, Verdict]:
    """Run a notebook and return the verdicts on its items, by item."""
    asked = [item for each, item in CHECKED if each == problem]
    path = REPOSITORY / f"{problem}.ipynb"
    if path.is_symlink() or not path.is_file():
        return dict.fromkeys(asked, _stopped(f"{path.name} is missing. Add it and push again."))
    with tempfile.TemporaryFile() as log:
        is_late = _run_notebook(problem, asked, log)
        log.seek(0)
        found, place, fault = _read(log.read(MAX_RESULTS).decode("utf-8", "replace"), asked)
    if is_late:
        fault = (
            f"the notebook was stopped after {facts()['seconds']:g} s, in {place}. Look for a "
            "loop that never ends."
        )
    why = _stopped(f"{problem}.ipynb: {fault or f'its process ended in {place}.'}")
    return {item: found.get(item, why) for item in asked}


def _stopped(why: str) -> Verdict:
    return Verdict("✗", "", cleaned(why))


def _run_notebook(problem: str, asked: list[str], log: IO[bytes]) -> bool:
    """Run the notebook's process; return whether it was stopped at the time limit."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("GITHUB_", "ACTIONS_"))}
    settings = {"MPLBACKEND": "Agg", "PYTHONIOENCODING": "utf-8"}
    settings["FDL_CHECKS_PACKING"] = "1"  # `checks.pack()` in a notebook then does nothing
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as scratch:
        process = subprocess.Popen(
            [sys.executable, str(Path(__file__).resolve()), problem, *asked],
            cwd=REPOSITORY,
            env={**kept, **settings, "IPYTHONDIR": scratch},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        try:
            process.wait(facts()["seconds"])
        except subprocess.TimeoutExpired:
            return True
        finally:
            with suppress(OSError):  # the notebook's processes may have ended
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
    return False


def _read(log: str, asked: list[str]) -> tuple[dict[str, Verdict], str, str]:
    """Return a process's verdicts, its last step, and the error that stopped it."""
    found: dict[str, Verdict] = {}
    place, fault = "the beginning", ""
    for line in log.split("\n"):
        told: Any = None
        with suppress(ValueError, RecursionError):
            told = json.loads(line)
        if not isinstance(told, dict):
            continue
        place = cleaned(str(told.get("place", place)), 80)
        fault = cleaned(str(told.get("fault", fault)))
        if (item := told.get("item")) in asked:
            found[item] = verdict_of(item, str(told.get("said", "")))
    return found, place, fault


def verdict_of(item: str, said: str) -> Verdict:
    """Return the verdict in a check's output, which may begin with output of the student's code."""
    before, headline, rest = said.rpartition(f" {item}: ")
    sign = before[-1:]
    if not headline or sign not in SIGNS:
        return _stopped("The check gave no verdict. Check that checks.py is unchanged.")
    sentence, *lines = rest.split("\n")
    left_out = ("  ✓ ", "  ? ") if sign == "…" else ("  ✓ ",)  # no hint before a first try
    held = [line.strip().removeprefix("✓ ") for line in lines if line.startswith("  ✓ ")]
    advice = [
        line.strip().removeprefix(f"{sign} ").removeprefix("? ")
        for line in lines
        if line.strip() and not line.startswith(left_out)
    ]
    if sign != "✓" and not advice:
        advice = [sentence]
    return Verdict(sign, cleaned("\n".join(held)), cleaned("\n".join(advice)))


# --- in the notebook's process ---


def run(problem: str, *asked: str) -> None:
    """Run the notebook's cells, then the checks; write a line of JSON for each step."""
    import nbformat
    from IPython.core.interactiveshell import InteractiveShell

    log = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # discard the notebook's own output

    def tell(**what: str) -> None:
        print(json.dumps(what), file=log, flush=True)

    try:
        notebook: Any = nbformat.read(f"{problem}.ipynb", as_version=4)
        sources = [cell.source for cell in notebook.cells if cell.cell_type == "code"]
    except Exception as error:
        tell(
            fault=f"the file cannot be read as a notebook ({type(error).__name__}). Save it again."
        )
        return
    sys.path[0] = os.getcwd()
    shell = InteractiveShell.instance()
    for number, source in enumerate(sources, start=1):
        tell(place=f"code cell {number}")
        shell.run_cell(source)
    tell(place="the checks")
    try:
        import checks  # type: ignore[import-not-found, unused-ignore]
    except Exception as error:
        tell(fault=f"checks.py cannot be used ({type(error).__name__}). Restore it.")
        return
    for item in asked:
        tell(place=f"the check of {item}")
        with redirect_stdout(io.StringIO()) as said, suppress(Exception, SystemExit):
            getattr(checks, item.replace("-", "_"))(shell.user_ns)
        tell(item=item, said=said.getvalue()[-20_000:])


if __name__ == "__main__":
    run(*sys.argv[1:])

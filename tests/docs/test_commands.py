"""Every command on the pages works: it runs in a scratch course, or its options are checked.

Each page's commands run from top to bottom in a copy of one course, as a reader would run them. The
everyday tests skip slow commands, and run commands that occur on several pages only once.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from autograder.grading import forkserver
from tests.docs.pagecourse import make_course
from tests.docs.shown import NOT_RUN, PAGES, ROOT, Shown, commands, wrong_call
from tests.grading.tiny_class import Done, run_here

SHOWN = {page.name: list(commands(page)) for page in PAGES}


@pytest.fixture(scope="module")
def course(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    root = tmp_path_factory.mktemp("pages") / "course"
    make_course(root)
    yield root
    forkserver.stop()


def run(shown: Shown) -> Done | subprocess.CompletedProcess[str]:
    """Run a command in the current folder."""
    program, *arguments = shown.words
    if program == "fdl":
        return run_here(arguments)
    return subprocess.run(
        [sys.executable, "-m", program, *arguments],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )


def follow(lines: list[Shown], course: Path, folder: Path) -> None:
    """Run all commands of a page in a copy of the course."""
    shutil.copytree(course, folder)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        for shown in filter(lambda each: each.runs, lines):
            if shown.line == "fdl restore":  # `fdl restore` keeps a sound gradebook
                Path("gradebook.db").write_bytes(b"")
            done = run(shown)
            assert done.returncode == 0, f"{shown}\n{done.stdout}{done.stderr}"


@pytest.mark.slow
@pytest.mark.parametrize("page", [n for n, lines in SHOWN.items() if any(s.runs for s in lines)])
def test_the_commands_of_a_page_run(page: str, course: Path, tmp_path: Path) -> None:
    follow(SHOWN[page], course, tmp_path / "course")


def test_each_command_that_is_quick_runs(course: Path, tmp_path: Path) -> None:
    seen = set[str]()
    for page, lines in SHOWN.items():
        fresh = [each for each in lines if each.line not in seen and not each.takes_long]
        seen.update(each.line for each in fresh)
        if any(each.runs for each in fresh):
            follow(fresh, course, tmp_path / page)
    assert len(seen) > 10


@pytest.mark.parametrize("page", SHOWN)
def test_every_command_and_option_exists(page: str) -> None:
    for shown in SHOWN[page]:
        program, *arguments = shown.words
        if program == "fdl":
            assert wrong_call(arguments) == "", shown
        elif program == "make":
            makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
            assert re.search(rf"^{re.escape(arguments[0])}:", makefile, re.M), shown


def test_what_is_not_run_is_shown_somewhere() -> None:
    every = [shown.line for lines in SHOWN.values() for shown in lines]
    for pattern in NOT_RUN:
        assert any(re.fullmatch(pattern, line) for line in every), pattern


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("fdl publish hw2", "'publish'"),
        ("fdl grade hw2 --twice", "--twice"),
        ("fdl export hw2 --to fax", "fax"),
        ("fdl grade hw9", "hw9"),
    ],
)
def test_a_command_that_does_not_work_is_found(
    line: str, message: str, course: Path, tmp_path: Path
) -> None:
    page = tmp_path / "page.md"
    page.write_text(f"# Page\n\n```\n{line}  # a comment\n```\n", encoding="utf-8")
    [shown] = commands(page)
    with pytest.raises(AssertionError, match=re.escape(message)):
        follow([shown], course, tmp_path / "course")
    if "hw9" not in line:  # only in a course can the command know whether a homework exists
        assert message in wrong_call(shown.words[1:])

"""Write the template repository: the release, a page for students, and a workflow."""

from __future__ import annotations

import json
import math
import re
from importlib.metadata import version
from importlib.resources import files
from pathlib import Path

from autograder.course.assignment import Assignment, Course
from autograder.course.bundle import files_in, write_files
from autograder.course.layout import README, REQUIREMENTS
from autograder.errors import RecordError
from autograder.grading.mark import read_skeletons

HOMEWORK = "HOMEWORK.md"
"""Name for the release's README in the repository; the repository has its own README."""
BRANCH = "main"
INSTALL_MINUTES = 10
"""Minutes that a workflow may take in addition to the notebooks' time."""
MIN_SECONDS = 120
"""Minimum seconds for each notebook, because a runner may be slower than the grader."""

_CHECKS = ".github/checks"


def write_template(course: Course, assignment: Assignment, folder: Path) -> list[Path]:
    """Write the template repository into a new or empty folder, and return its files."""
    release = course.release(assignment.name)
    read_skeletons(assignment, release)  # raises RecordError if there is no release
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise RecordError(f"{folder} is not empty: name a new or empty folder")
    seconds = max(MIN_SECONDS, assignment.limits.submission_seconds)
    minutes = INSTALL_MINUTES + math.ceil(len(assignment.problems) * seconds / 60)
    words = {
        "title": assignment.title,
        "branch": BRANCH,
        "notebooks": " ".join(f"{problem.name}.ipynb" for problem in assignment.problems),
        "minutes": str(minutes),
    }
    content = {
        HOMEWORK if name == README else name: path.read_bytes() for name, path in files_in(release)
    }
    content.setdefault(REQUIREMENTS, b"")  # the workflow needs this file, even if it is empty
    content |= {
        README: _filled("student.md", words),
        ".gitignore": _filled("gitignore", words),
        ".github/workflows/visible-checks.yml": _filled("workflow.yml", words),
        f"{_CHECKS}/test_visible.py": _filled("visible_checks.py", {}),
        f"{_CHECKS}/pytest.ini": _filled("pytest.ini", {}),
        f"{_CHECKS}/requirements.txt": _requirements().encode(),
        f"{_CHECKS}/homework.json": _facts(assignment, seconds).encode(),
    }
    return write_files(content, folder)


def _filled(name: str, words: dict[str, str]) -> bytes:
    """Return the file `name` of this package, with placeholders such as @title@ filled in."""
    text = files("autograder.platforms.github").joinpath(name).read_text(encoding="utf-8")
    return re.sub(r"@(\w+)@", lambda match: words.get(match[1], match[0]), text).encode()


def _requirements() -> str:
    """Return the packages that the checks need, in the kit's installed versions."""
    return "".join(f"{name}=={version(name)}\n" for name in ("ipython", "nbformat", "pytest"))


def _facts(assignment: Assignment, seconds: float) -> str:
    """Return the homework's data that the file of checks needs, as JSON."""
    problems = {
        problem.name: [
            {"name": item.name, "bonus": item.bonus, "has_check": item.kind == "auto"}
            for item in problem.items
        ]
        for problem in assignment.problems
    }
    facts = {"title": assignment.title, "seconds": seconds, "problems": problems}
    return json.dumps(facts, indent=1, ensure_ascii=False) + "\n"

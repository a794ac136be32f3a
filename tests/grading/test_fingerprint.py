"""A fingerprint changes whenever a mark could change, and only then."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from autograder.course.assignment import Assignment, Course
from autograder.grading import versions as module
from autograder.grading.fingerprint import Fingerprints
from autograder.grading.jobs import MarkSettings
from autograder.grading.versions import hash_of_tests
from autograder.sandbox import Limits
from autograder.sandbox.protection import Protection, Wall
from autograder.sandbox.visiblefiles import view
from autograder.submission import files
from autograder.submission.files import MAX_FILES, MAX_TIMESTAMP_BYTES
from autograder.submission.receiving import read_submission
from tests.gradebook.course import NO_WALLS, notebooks, write_course

Change = Callable[[Path], object]

A, B = "a_slopes", "b_extras"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A course with hidden tests, solutions, and a submission by anna."""
    root = tmp_path / "course"
    write_course(root)
    for name in ("autograder/hidden/hw/test_slopes.py", "solutions/hw/slopes.py"):
        (root / name).parent.mkdir(parents=True)
        (root / name).write_text("slope = 2\n", encoding="utf-8")
    (root / "release" / "hw" / "checks.py").write_text("def slope(): ...\n", encoding="utf-8")
    folder = submission(root)
    folder.mkdir(parents=True)
    for name, notebook in notebooks({}).items():
        (folder / f"{name}.ipynb").write_text(json.dumps(notebook), encoding="utf-8")
    (folder / "timestamp.txt").write_text("2024-11-01 12:00:00 UTC", encoding="utf-8")
    return root


def submission(root: Path) -> Path:
    return root / "submitted" / "anna" / "hw"


def fingerprint(root: Path, path: Path | None = None, protection: Protection = NO_WALLS) -> str:
    course = Course(root)
    found = Fingerprints(course, course.assignment("hw"), protections=[protection])
    return found.of(path or submission(root))


def appended(name: str, text: str = "\n") -> Change:
    def change(root: Path) -> None:
        with open(root / name, "a", encoding="utf-8") as file:
            file.write(text)

    return change


def renamed(old: str, new: str) -> Change:
    return lambda root: (root / old).rename(root / new)


def with_settings(old: str, new: str) -> Change:
    def change(root: Path) -> None:
        path = root / "course.toml"
        text = path.read_text(encoding="utf-8")
        assert old in text
        path.write_text(text.replace(old, new), encoding="utf-8")

    return change


def in_source(old: str, new: str) -> Change:
    def change(root: Path) -> None:
        path = root / "source" / "hw" / f"{A}.ipynb"
        text = path.read_text(encoding="utf-8")
        assert old in text
        path.write_text(text.replace(old, new), encoding="utf-8")

    return change


def with_a_picture_in_the_model_answer(root: Path) -> None:
    path = root / "source" / "hw" / f"{A}.ipynb"
    notebook = json.loads(path.read_text(encoding="utf-8"))
    [proof] = [cell for cell in notebook["cells"] if cell["id"] == "a-proof"]
    proof["attachments"] = {"a.png": {"image/png": "AAAA"}}
    path.write_text(json.dumps(notebook), encoding="utf-8")


HANDED_IN = "submitted/anna/hw"

CHANGES: dict[str, Change] = {
    "a notebook": appended(f"{HANDED_IN}/{A}.ipynb"),
    "a notebook's name": renamed(f"{HANDED_IN}/{A}.ipynb", f"{HANDED_IN}/{A} (1).ipynb"),
    "one more notebook": appended(f"{HANDED_IN}/{A} (2).ipynb"),
    "one notebook fewer": lambda root: (submission(root) / f"{B}.ipynb").unlink(),
    "two notebooks exchanged": lambda root: _exchange(submission(root)),
    "a notebook in a folder": lambda root: _move_down(submission(root)),
    "the timestamp": appended(f"{HANDED_IN}/timestamp.txt", "+1"),
    "no timestamp": lambda root: (submission(root) / "timestamp.txt").unlink(),
    "a hidden test": appended("autograder/hidden/hw/test_slopes.py"),
    "a helper of the hidden tests": appended("autograder/hidden/hw/tables/values.csv"),
    "a hidden test's name": renamed(
        "autograder/hidden/hw/test_slopes.py", "autograder/hidden/hw/test_bends.py"
    ),
    "the solution": appended("solutions/hw/slopes.py"),
    "a text of the source": in_source("# Slopes", "# Slopes of curves"),
    "the points of a text in the source": in_source('"points": 2,', '"points": 3,'),
    "the metadata of the source": in_source('"schema_version": 3', '"schema_version": 2'),
    "the release": appended(f"release/hw/{B}.ipynb"),
    "the visible checks": appended("release/hw/checks.py"),
    "the seed": with_settings("seed = 7", "seed = 8"),
    "the bonus items": with_settings('"b-bonus", "b-essay"', '"b-bonus"'),
    "nbgrader's settings": appended("nbgrader_config.py"),
}


def _exchange(folder: Path) -> None:
    (folder / f"{A}.ipynb").rename(folder / "third")
    (folder / f"{B}.ipynb").rename(folder / f"{A}.ipynb")
    (folder / "third").rename(folder / f"{B}.ipynb")


def _move_down(folder: Path) -> None:
    (folder / "more").mkdir()
    (folder / f"{A}.ipynb").rename(folder / "more" / f"{A}.ipynb")


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES.keys())
def test_what_a_mark_depends_on_changes_the_fingerprint(root: Path, change: Change) -> None:
    (root / "autograder" / "hidden" / "hw" / "tables").mkdir()
    before = fingerprint(root)
    change(root)
    assert fingerprint(root) != before


SAME: dict[str, Change] = {
    "nothing": lambda _: None,
    "when a file was changed": lambda root: os.utime(submission(root) / f"{A}.ipynb", (1, 1)),
    "data beside the notebooks": appended(f"{HANDED_IN}/data.csv"),
    "code beside the notebooks": appended(f"{HANDED_IN}/checks.py"),
    "an editor's own files": appended(f"{HANDED_IN}/.{A}.ipynb"),
    "somebody else's submission": appended(f"submitted/{A}.ipynb"),
    "the due date": with_settings("2024-11-21T23:55:00", "2024-11-22T23:55:00"),
    "another assignment": appended(
        "course.toml",
        "\n[assignments.next]\nopens = 2024-12-01T08:00:00\ndue = 2024-12-24T18:00:00\n",
    ),
    "a step of a rubric": in_source("finds the factor two", "finds the factor 2"),
    "the points of a step": in_source("(1 point) finds", "(1.5 points) finds"),
    "the evidence of a step": in_source("[evidence: a-bend/up", "[evidence: a-bend/down"),
    "a model answer": in_source("By the model answer", "By the better model answer"),
    "a picture in a model answer": with_a_picture_in_the_model_answer,
    "caches": appended("autograder/hidden/hw/__pycache__/test_slopes.pyc"),
}


@pytest.mark.parametrize("change", SAME.values(), ids=SAME.keys())
def test_what_no_mark_depends_on_leaves_the_fingerprint(root: Path, change: Change) -> None:
    (root / "autograder" / "hidden" / "hw" / "__pycache__").mkdir()
    before = fingerprint(root)
    change(root)
    assert fingerprint(root) == before


def test_the_same_submission_of_another_student_in_another_course_is_alike(
    root: Path, tmp_path: Path
) -> None:
    before = fingerprint(root)
    moved = root.rename(tmp_path / "moved")
    bela = submission(moved).rename(moved / "submitted" / "hw")
    assert fingerprint(moved, bela) == before


@pytest.mark.parametrize(
    "other",
    [
        {"seed": 8},
        {"settings": MarkSettings(limits=replace(Limits(), call_seconds=1.0))},
        {"protections": [Protection(Wall(True, {"bubblewrap": "0.8.0"}), Wall(False, {}))]},
        {"protections": [Protection(Wall(False, {}), Wall(True, {"Landlock": 4}))]},
        {"protections": [Protection(Wall(False, {}), Wall(True, {"Landlock": 5}))]},
    ],
    ids=["seed", "limits", "outer wall", "inner wall", "another inner wall"],
)
def test_how_it_is_marked_changes_the_fingerprint(root: Path, other: dict[str, object]) -> None:
    course = Course(root)
    homework = course.assignment("hw")
    kinds: list[dict[str, object]] = [{}, other]
    first, second = (
        Fingerprints(course, homework, **{"protections": [NO_WALLS], **kind}).of(submission(root))  # type: ignore[arg-type]
        for kind in kinds
    )
    assert first != second


def test_a_cold_start_is_no_other_way_to_mark(root: Path) -> None:
    course = Course(root)
    warm, cold = (
        Fingerprints(
            course,
            course.assignment("hw"),
            settings=MarkSettings(cold=cold),
            protections=[NO_WALLS],
        ).of(submission(root))
        for cold in (False, True)
    )
    assert warm == cold


def test_a_package_that_is_installed_changes_the_fingerprint(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A student's code that failed to import a package may run after the package is installed."""
    packages = tmp_path / "site-packages"
    (packages / "numpy-2.2.0.dist-info").mkdir(parents=True)
    seen = replace(view(), packages=(packages,))
    monkeypatch.setattr(module, "view", lambda: seen)
    found = set()
    for change in ("", "scipy-1.15.0.dist-info", "sympy-1.13.0.egg-info"):
        (packages / change).mkdir(exist_ok=True)
        module.hash_of_grader.cache_clear()
        module._code.cache_clear()
        found.add(fingerprint(root))
    module.hash_of_grader.cache_clear()
    module._code.cache_clear()
    assert len(found) == 3


# --- tricks that a student could try to keep an earlier mark --------------------------------------


def test_no_file_that_is_marked_hides_behind_others(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Other files may use up the limit on bytes or files, but this file is still read."""
    folder = submission(root)
    size = (folder / f"{A}.ipynb").stat().st_size
    monkeypatch.setattr(files, "MAX_BYTES", size + 100)
    for number in range(MAX_FILES + 5):
        (folder / f"0 {number:02}.ipynb").write_bytes(b" " * size)
    before = fingerprint(root)
    appended(f"{HANDED_IN}/{A}.ipynb")(root)
    after = fingerprint(root)
    course = Course(root)
    received = read_submission(folder, {A: notebooks({})[A]})
    assert received.notebooks[A].state == "marked"
    assert course.assignment("hw").problems[0].name == A
    assert after != before


def test_a_date_with_a_long_tail_is_no_blind_spot(root: Path) -> None:
    """The date is read from the beginning of the file, even if the file is very long."""
    found = set()
    for day in (1, 2):
        date = f"2024-11-0{day} 12:00:00 UTC".ljust(2 * MAX_TIMESTAMP_BYTES)
        (submission(root) / "timestamp.txt").write_text(date, encoding="utf-8")
        found.add(fingerprint(root))
    assert len(found) == 2


def test_a_file_can_not_pass_for_one_that_is_unreadable(root: Path) -> None:
    notebook = submission(root) / f"{A}.ipynb"
    notebook.unlink()
    notebook.symlink_to("/dev/null")
    link = fingerprint(root)
    texts = [str(text) for _, text in files.read_files(files.find_files(submission(root), [A, B]))]
    reason = next(text for text in texts if "link" in text)
    notebook.unlink()
    for text in (reason, f"unreadable: {reason}"):
        notebook.write_text(text, encoding="utf-8")
        assert fingerprint(root) != link


def test_what_a_link_leads_to_is_neither_marked_nor_looked_at(root: Path) -> None:
    notebook = submission(root) / f"{A}.ipynb"
    target = notebook.rename(root / "elsewhere.ipynb")
    notebook.symlink_to(target)
    before = fingerprint(root)
    target.write_text("{}", encoding="utf-8")
    assert fingerprint(root) == before


def test_names_and_contents_do_not_run_together(root: Path) -> None:
    folder = submission(root)
    for path in folder.iterdir():
        path.unlink()
    found = set()
    for texts in ({"x.ipynb": "1 2", "y.ipynb": ""}, {"x.ipynb": "1", "y.ipynb": " 2"}):
        for name, text in texts.items():
            (folder / name).write_text(text, encoding="utf-8")
        found.add(fingerprint(root))
    assert len(found) == 2


def test_a_name_that_is_no_text_has_a_fingerprint(root: Path) -> None:
    before = fingerprint(root)
    with open(os.fsencode(submission(root)) + b"/\xff\n.ipynb", "wb") as file:
        file.write(b"{}")
    assert fingerprint(root) != before


def test_a_folder_without_notebooks_has_a_fingerprint(root: Path) -> None:
    full = fingerprint(root)
    for path in submission(root).iterdir():
        path.unlink()
    assert fingerprint(root) != full


def test_the_graders_own_code_is_part_of_it(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = tmp_path / "autograder"
    (package / "hidden" / "other").mkdir(parents=True)
    for name in ("__init__.py", "grading.py", "page.html", "hidden/other/test_it.py"):
        (package / name).write_text("1\n", encoding="utf-8")
    monkeypatch.setattr(module, "__file__", str(package / "grading" / "grader.py"))

    def now() -> str:
        module.hash_of_grader.cache_clear()
        module._code.cache_clear()
        return fingerprint(root)

    first = now()
    (package / "hidden" / "other" / "test_it.py").write_text("2\n", encoding="utf-8")
    assert now() == first
    for name in ("grading.py", "page.html"):
        before = now()
        (package / name).write_text("2\n", encoding="utf-8")
        assert now() != before
    monkeypatch.undo()
    module.hash_of_grader.cache_clear()
    module._code.cache_clear()


def test_a_change_of_tests_solutions_or_seed_is_another_hash(
    course: Course, homework: Assignment, tmp_path: Path
) -> None:
    for part in ("hidden", "solutions"):
        source = getattr(course, part)(homework.name)
        target = tmp_path / source.relative_to(course.root)
        target.mkdir(parents=True)
        for path in source.glob("*.*"):
            (target / path.name).write_bytes(path.read_bytes())
    (tmp_path / "course.toml").write_bytes((course.root / "course.toml").read_bytes())
    copy = Course(tmp_path)
    same = hash_of_tests(copy, homework, homework.seed)
    assert same == hash_of_tests(course, homework, homework.seed)
    assert hash_of_tests(copy, homework, homework.seed + 1) != same
    for folder in (copy.hidden(homework.name), copy.solutions(homework.name)):
        changed = next(folder.glob("*.py"))
        text = changed.read_text(encoding="utf-8")
        changed.write_text(text + "\n", encoding="utf-8")
        assert hash_of_tests(copy, homework, homework.seed) != same
        changed.write_text(text, encoding="utf-8")

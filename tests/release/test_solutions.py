"""`fdl release --solutions`: the written files, and the reasons to refuse."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace

import nbformat
import pytest
from bs4 import BeautifulSoup
from nbformat import NotebookNode
from typer.testing import CliRunner

from autograder.cli import app
from autograder.course.assignment import Course
from autograder.errors import CourseError, ReleaseError
from autograder.gradebook import marks
from autograder.grading.jobs import MarkSettings
from autograder.grading.mark import open_sandbox
from autograder.release import answered
from autograder.release.answered import MODEL, publish_solutions
from autograder.sandbox import Sandbox
from tests.consoles import wide_consoles

from .helpers import cell, fingerprint, replace_text
from .tiny import write_course

DUE = datetime(2024, 11, 21, 22, 55, tzinfo=UTC)
PROOF = "Since ½‖u‖² grows along u itself"


def extended(course: Course, *lines: str) -> Course:
    """Return the course with these extensions."""
    settings = course.settings_file.read_text(encoding="utf-8")
    table = "\n".join(["", "[assignments.tiny.extensions]", *lines, ""])
    course.settings_file.write_text(settings + table, encoding="utf-8")
    return Course(course.root)


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Course:
    """A course whose solutions were written at the first moment at which this is allowed."""
    root = tmp_path_factory.mktemp("finished") / "course"
    write_course(root)
    course = extended(Course(root), "anna = { hours = 48 }", "bela = { hours = 2 }")
    publish_solutions(course, "tiny", moment=DUE + timedelta(hours=48))
    return course


@pytest.fixture(scope="module", autouse=True)
def _one_sandbox(finished: Course) -> Iterator[None]:
    """Run the notebooks of all tests in one sandbox, after `finished` has opened its own."""
    settings = MarkSettings(finished.assignment("tiny").limits)
    with open_sandbox(settings) as sandbox, pytest.MonkeyPatch.context() as patch:

        @contextmanager
        def opened(asked: MarkSettings) -> Iterator[Sandbox]:
            assert asked == settings
            sandbox.renew()
            yield sandbox

        patch.setattr(answered, "open_sandbox", opened)
        yield


@pytest.fixture
def notebook(finished: Course) -> NotebookNode:
    path = finished.published_solutions("tiny") / "valley.ipynb"
    found: NotebookNode = nbformat.read(path, as_version=4)
    return found


# --- contents of the solutions --------------------------------------------------------------------


def test_the_folder_has_notebooks_pages_and_what_they_need(finished: Course) -> None:
    folder = finished.published_solutions("tiny")
    assert folder == finished.root / "published" / "tiny-solutions"
    assert sorted(path.name for path in folder.iterdir()) == [
        "checks.py", "requirements.txt", "valley.html", "valley.ipynb",
    ]  # fmt: skip
    assert [path.name for path in folder.parent.iterdir()] == ["tiny-solutions"]
    assert not finished.release("tiny").exists()
    assert not finished.submitted.exists()


def test_answers_are_there_without_directives_and_rubrics(notebook: NotebookNode) -> None:
    assert "return half(v, u), squared_norm * v" in cell(notebook, "t-slope-answer").source
    proof = cell(notebook, "t-proof").source
    assert proof.startswith(MODEL + PROOF)
    assert proof.endswith("by the square of v.")
    everything = nbformat.writes(notebook)
    for mark in (
        "Rubric",
        "differentiates along u",
        "mixes up",
        "evidence",
        "REFERENCE",
        "GIVEN",
        "BEGIN",
    ):
        assert mark not in everything
    assert "NotImplementedError" not in everything


def test_outputs_of_the_run_are_there(notebook: NotebookNode) -> None:
    def text(name: str) -> str:
        return "".join(output.get("text", "") for output in cell(notebook, name).outputs)

    assert text("t-experiment") == "it runs\n"
    assert text("t-slope").startswith("✓")
    counts = [c.execution_count for c in notebook.cells if c.cell_type == "code"]
    assert counts == sorted(counts)
    assert None not in counts


def test_the_page_loads_nothing(finished: Course) -> None:
    page = (finished.published_solutions("tiny") / "valley.html").read_text(encoding="utf-8")
    parsed = BeautifulSoup(page, "html.parser")
    [policy] = parsed.select('meta[http-equiv="Content-Security-Policy"]')
    assert str(policy["content"]).startswith("default-src 'none'")
    assert not parsed.select("link, iframe, script[src], script[type=module]")
    assert all(str(image["src"]).startswith("data:") for image in parsed.select("img"))
    assert parsed.title is not None
    assert parsed.title.text == "One valley: solutions"
    assert PROOF in page


# --- reasons to refuse ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("extensions", "hours", "until"),
    [
        ((), 0, "it is due on Thursday, 21 November 2024, 23:55 (Europe/Zurich)"),
        (
            ("anna = 2024-11-23T23:55:00", "bela = { hours = 2 }"), 48,
            "the longest extension, of anna, ends on Saturday, 23 November 2024, 23:55",
        ),
        (("anna = { hours = 2 }", "bela = { hours = 2 }"), 2, "of anna, bela, ends on Friday"),
    ],
)  # fmt: skip
def test_nothing_is_written_before_the_last_extension(
    course: Course, extensions: tuple[str, ...], hours: float, until: str
) -> None:
    course = extended(course, *extensions)
    before = fingerprint(course.root)
    moment = DUE + timedelta(hours=hours, seconds=-1)
    with pytest.raises(ReleaseError, match="--now") as refused:
        publish_solutions(course, "tiny", moment=moment)
    assert until in str(refused.value)
    assert fingerprint(course.root) == before


def test_an_extension_given_through_nbgrader_counts(
    course: Course, monkeypatch: pytest.MonkeyPatch
) -> None:
    course = extended(course, "anna = { hours = 2 }")
    course.gradebook.touch()
    rows = [
        SimpleNamespace(id="1", student_id="anna", extension=timedelta(hours=99)),
        SimpleNamespace(id="2", student_id="bela", extension=timedelta(hours=5)),
        SimpleNamespace(id="3", student_id="chloe", extension=timedelta(hours=7)),
        SimpleNamespace(id="4", student_id="dora", extension=None),
    ]

    class Gradebook:
        def __enter__(self) -> Gradebook:
            return self

        def __exit__(self, *_: object) -> None: ...

        def recorded_extensions(self) -> dict[str, timedelta]:
            return {"3": timedelta(hours=7)}  # the settings have changed since then

    monkeypatch.setattr(marks, "open_gradebook", lambda _: Gradebook())
    monkeypatch.setattr(marks, "_submissions", lambda *_: rows)
    with pytest.raises(ReleaseError, match="extension, of bela, ends on Friday, 22 November"):
        publish_solutions(course, "tiny", moment=DUE + timedelta(hours=4))


def test_a_homework_without_a_due_date_says_what_to_write(course: Course) -> None:
    replace_text(course.settings_file, "due = 2024-11-21T23:55:00", "")
    with pytest.raises(CourseError, match=r"assignments\.tiny\.due is missing; write a date"):
        Course(course.root)


@pytest.fixture
def spoilt(finished: Course, tmp_path: Path) -> Iterator[Course]:
    """A copy for tests to break; its solutions must stay unchanged."""
    shutil.copytree(finished.root, tmp_path / "course")
    course = Course(tmp_path / "course")
    before = fingerprint(course.published_solutions("tiny").parent)
    yield course
    assert fingerprint(course.published_solutions("tiny").parent) == before


@pytest.mark.parametrize(
    ("right", "wrong", "why"),
    [
        ("last_part = 15.0", "last_part = 15.0 / 0", "stops with ZeroDivisionError"),
        (
            "last_part = 15.0",
            "last_part = 1.0",
            "the visible check does not pass with the right answer",
        ),
    ],
)
def test_answers_that_fail_leave_the_earlier_solutions(
    spoilt: Course, right: str, wrong: str, why: str
) -> None:
    replace_text(spoilt.solutions("tiny") / "valley.py", right, wrong)
    with pytest.raises(ReleaseError, match=rf"valley\.ipynb, cell \d+ \(t-values.*\): {why}"):
        publish_solutions(spoilt, "tiny", now=True)


def test_a_path_of_this_machine_is_not_published(spoilt: Course) -> None:
    replace_text(spoilt.source("tiny") / "valley.ipynb", "it runs", "see /home/anna/data.csv")
    with pytest.raises(ReleaseError, match="contains a path of a machine: /home/anna"):
        publish_solutions(spoilt, "tiny", now=True)


# --- the command ---------------------------------------------------------------------------------


def test_the_command_says_where_they_are(finished: Course, tmp_path: Path) -> None:
    shutil.copytree(finished.root, tmp_path / "course")
    before = fingerprint(tmp_path / "course" / "published")
    with wide_consoles():
        result = CliRunner().invoke(
            app, ["release", "tiny", "--solutions", "--course", str(tmp_path / "course")]
        )
    assert result.exit_code == 0, result.output
    assert "Solutions of tiny are in published/tiny-solutions/. Give students" in result.output
    assert "release/tiny/valley.ipynb is missing" in result.output
    assert fingerprint(tmp_path / "course" / "published") == before


@pytest.mark.parametrize(
    ("options", "what"),
    [
        ("--now", "--now works only with --solutions"),
        ("--solutions --check", "--check and --again have no effect"),
    ],
)
def test_options_that_do_not_go_together_are_refused(
    course: Course, options: str, what: str
) -> None:
    with wide_consoles():
        result = CliRunner().invoke(
            app, ["release", "tiny", *options.split(), "--course", str(course.root)]
        )
    assert result.exit_code == 2
    assert what in result.output

"""The template repository: its files, and its workflow, which the test runs step by step."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
import xml.etree.ElementTree as ET
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nbformat
import pytest
import yaml
from bs4 import BeautifulSoup
from markdown_it import MarkdownIt
from typer.testing import CliRunner

from autograder.cli import app
from autograder.course.assignment import Course
from autograder.course.samples import SampleStudent, write_submission
from autograder.platforms.github.template import write_template
from tests.attacks.scene import hidden_lines
from tests.release import tiny

CHECKOUT = Path(__file__).parents[2]
COURSE = Course(CHECKOUT)
HOMEWORK = COURSE.assignment("hw2")
OPEN = "raise NotImplementedError"


@dataclass(frozen=True)
class Run:
    """A run of the workflow: its exit code, its log, the page and the results."""

    code: int
    log: str
    page: str
    results: dict[str, str]
    """Return each item with its outcome and text in the file of results."""

    @property
    def rows(self) -> list[list[str]]:
        """Return the cells of the page's table as a browser shows them, without the header row."""
        tables = in_browser(self.page).find_all("table")
        assert len(tables) == 1
        rows = [
            [cell.get_text("\n") for cell in row.find_all("td")] for row in tables[0].find_all("tr")
        ]
        return [row for row in rows if row]


def in_browser(page: str) -> BeautifulSoup:
    """Return the page as HTML, without GitHub's own cleaning."""
    markdown = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])
    return BeautifulSoup(markdown.render(page), "html.parser")


def run_workflow(repository: Path, folder: Path, *, install: bool = False) -> Run:
    """Run the steps of the repository's workflow, as GitHub's runner does on Linux."""
    path = repository / ".github/workflows/visible-checks.yml"
    [job] = yaml.safe_load(path.read_text(encoding="utf-8"))["jobs"].values()
    page, results = folder / "summary.md", folder / "visible-checks.xml"
    environment = {
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "HOME": str(folder),
        "GITHUB_STEP_SUMMARY": str(page),
        "RUNNER_TEMP": str(folder),
        "PIP_NO_INDEX": "1",  # all required packages are installed here
    }
    code, log = 0, ""
    for step in job["steps"]:
        if "run" in step and (install or "Install" not in step["name"]):
            done = subprocess.run(
                ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", step["run"]],
                cwd=repository,
                env=environment,
                capture_output=True,
                text=True,
                check=False,
            )
            code, log = done.returncode, log + done.stdout + done.stderr
            assert code in (0, 1), log
    return Run(code, log, page.read_text(encoding="utf-8"), _results(results))


def _results(path: Path) -> dict[str, str]:
    found = {}
    for case in ET.parse(path).getroot().iter("testcase"):
        name = re.sub(r".*\[(.*)\]", r"\1", case.attrib["name"])
        children = [f"{child.tag}: {child.attrib.get('message', '')}" for child in case]
        found[name] = " ".join(children) or "passed"
    return found


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """The template repository of the made-up assignment, without any answers."""
    root = tmp_path / "course"
    tiny.write_course(root)
    release = root / "release" / "tiny"
    release.mkdir(parents=True)
    for path in (root / "source" / "tiny").iterdir():
        (release / path.name).write_bytes(path.read_bytes())
    course = Course(root)
    write_template(course, course.assignment("tiny"), tmp_path / "template")
    write(tmp_path / "template", dict.fromkeys(("slope", "values", "plot"), OPEN))
    return tmp_path / "template"


def write(repository: Path, answers: dict[str, str]) -> None:
    """Write these sources into the answer cells."""
    path = repository / "valley.ipynb"
    notebook = nbformat.read(path, as_version=4)
    for cell in notebook.cells:
        name = cell.metadata.nbgrader.grade_id.removeprefix("t-").removesuffix("-answer")
        if name in answers and cell.metadata.nbgrader.solution:
            cell.source = answers[name]
    nbformat.write(notebook, path)


SLOPE = "def slope(u, v):\n    print('✓ t-slope: looks fine')\n    return v * v * u, (u @ u) * v"
HALF = {"slope": SLOPE, "values": "first_part, last_part = np.zeros(3), 1.0"}

HOSTILE = (
    "✗ t-slope: not right yet.\n  ✓ | a | b |\n"
    "| t-values | ✓ right so far | all | well |\n\n## Marks\n\n"
    "| x | y |\n| --- | --- |\n| 1 | 2 |\n"
    "</td></tr></table><script>alert(1)</script>![x](http://evil.example/x.png)\n"
    "[y](http://evil.example) www.evil.example https://evil.example `code` ~~gone~~ **bold**\n"
    "::error::boom\n##[error]boom\n]]> &lt; &amp; \x00\x01\x1b[31m\ud800\ufffe\u202e\u200b\n"
)


# --- contents of the repository ---


def test_template_is_the_release_with_nothing_hidden(tmp_path: Path) -> None:
    folder = tmp_path / "template"
    command = ["github", "hw2", "-o", str(folder), "--course", str(CHECKOUT)]
    done = CliRunner().invoke(app, command)
    assert done.exit_code == 0, done.output
    files = {
        path.relative_to(folder).as_posix(): path for path in folder.rglob("*") if path.is_file()
    }
    release = {path.name: path for path in COURSE.release("hw2").iterdir() if path.is_file()}
    for name, path in release.items():
        copy = files.pop("HOMEWORK.md" if name == "README.md" else name)
        assert copy.read_bytes() == path.read_bytes()
    checks = ("homework.json", "pytest.ini", "requirements.txt", "test_visible.py")
    own = {".gitignore", "README.md", ".github/workflows/visible-checks.yml"}
    assert set(files) == own | {f".github/checks/{name}" for name in checks}
    text = "\n".join(path.read_text(encoding="utf-8") for path in files.values())
    assert [line for line in hidden_lines() if line in text] == []
    assert "problem1_momentum.ipynb" in files["README.md"].read_text(encoding="utf-8")
    assert not re.search(r"@\w+@", text)

    again = CliRunner().invoke(app, command)
    assert again.exit_code == 2
    assert "is not empty" in again.output


def test_workflow_asks_for_little(repository: Path) -> None:
    text = (repository / ".github/workflows/visible-checks.yml").read_text(encoding="utf-8")
    workflow = yaml.safe_load(text)
    assert set(workflow["on"]) == {"push", "workflow_dispatch"}
    assert workflow["permissions"] == {"contents": "read"}
    assert workflow["concurrency"]["cancel-in-progress"] is True
    [job] = workflow["jobs"].values()
    assert "permissions" not in job
    assert job["timeout-minutes"] <= 30
    assert "secrets" not in text
    for step in job["steps"]:
        assert "${{" not in step.get("run", "")  # no text by a student becomes a command
        if "uses" in step:
            assert re.fullmatch(r"actions/[a-z-]+@[0-9a-f]{40}", step["uses"])
            assert re.search(rf"{step['uses']} # v\d+\.\d+\.\d+\n", text)
    checkout, *_, upload = job["steps"]
    assert checkout["with"]["persist-credentials"] is False
    assert upload["with"]["path"].endswith("/visible-checks.xml")
    assert upload["with"]["if-no-files-found"] == "error"


# --- what it does ---


def test_half_solved_repository_is_told_what_is_right_first(
    repository: Path, tmp_path: Path
) -> None:
    write(repository, HALF)
    run = run_workflow(repository, tmp_path, install=True)
    assert run.code == 1
    assert run.results["t-slope"] == "passed"
    assert run.results["t-values"].startswith("failure: ")
    assert run.results["t-plot"] == "skipped: not done yet"
    assert [row[:2] for row in run.rows] == [
        ["t-slope", "✓ right so far"],
        ["t-values", "✗ not right yet"],
        ["t-plot (bonus)", "… not done yet"],
        ["t-proof", "✎ your text"],
    ]
    assert "1 of 3 checks pass" in run.page


def test_nothing_that_a_student_writes_acts(repository: Path, tmp_path: Path) -> None:
    forged = (
        "import os\n"
        f"open({str(tmp_path / 'summary.md')!r}, 'w').write('| forged | row |')\n"
        "print('::error::boom', {k for k in os.environ if 'GITHUB' in k} or 'no path')\n"
        "for fd in range(64):\n"
        '    try: os.write(fd, b\'\\xff[[[\\n[1]\\n{"item": [1]}\\n{"place": {"a": 1}}\\n\')\n'
        "    except OSError: pass\n" + SLOPE
    )
    write(repository, {"slope": forged, "values": OPEN})
    checks = repository / "checks.py"
    checks.write_text(
        checks.read_text(encoding="utf-8")
        + f"\ndef t_slope(names):\n    print({HOSTILE!r} + 'A' * 3_000_000)\n"
        + f"\ndef t_values(names):\n    print({HOSTILE.replace('slope', 'values')!r})\n",
        encoding="utf-8",
    )
    run = run_workflow(repository, tmp_path)
    assert run.code == 1
    assert set(run.results) == {"t-slope", "t-values", "t-plot"}
    assert run.results["t-values"].startswith("failure: ")
    assert [row[0] for row in run.rows] == ["t-slope", "t-values", "t-plot (bonus)", "t-proof"]
    assert {len(row) for row in run.rows} == {4}
    assert run.rows[1][1] == "✗ not right yet"
    assert "<script>alert(1)</script>" in run.rows[1][3]  # as text
    tags = {tag.name for tag in in_browser(run.page).find_all()}
    assert tags <= {"h2", "p", "strong", "table", "thead", "tbody", "tr", "th", "td", "br"}
    assert "forged" not in run.page
    assert not any(letter in run.page for letter in "\x00\x1b\u202e\u200b")
    assert len(run.page.encode()) < 100_000
    assert "boom" not in run.log


def test_page_stays_below_githubs_limit_for_any_homework(
    repository: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    facts = json.loads((repository / ".github/checks/homework.json").read_text(encoding="utf-8"))
    [items] = facts["problems"].values()
    facts["problems"]["valley"] = [{**items[0], "name": f"item-{n}"} for n in range(400)]
    (repository / ".github/checks/homework.json").write_text(json.dumps(facts), encoding="utf-8")
    checks = load(repository, monkeypatch)
    worst = checks.Verdict("✗", "|" * 1_500, "𝔛|\n" * 500)
    checks.verdicts = lambda _problem: {f"item-{n}": worst for n in range(400)}
    page = checks.page()
    assert len(page.encode()) < 2**20
    assert page.count("\n| item") == 401


@pytest.mark.slow
def test_notebook_that_breaks_costs_only_its_own_items(
    repository: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(repository, {"slope": SLOPE, "values": "import os\nos._exit(0)"})
    checks = load(repository, monkeypatch)
    found = checks.verdicts("valley")
    assert {verdict.sign for verdict in found.values()} == {"✗"}
    assert "its process ended in code cell" in found["t-plot"].advice

    path = repository / "valley.ipynb"
    for change, words in {
        "not JSON": (lambda: path.write_text("{"), "cannot be read as a notebook"),
        "a link": (lambda: (path.unlink(), path.symlink_to("/etc/passwd")), "is missing"),
        "missing": (path.unlink, "valley.ipynb is missing. Add it"),
    }.values():
        change()
        checks.verdicts.cache_clear()
        assert words in checks.verdicts("valley")["t-slope"].advice


@pytest.mark.slow
def test_loop_without_end_is_stopped_with_all_its_processes(
    repository: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    pid = tmp_path / "pid"

    class Hasty(subprocess.Popen[bytes]):
        """A process whose time is over as soon as it has started another process."""

        def wait(self, timeout: float | None = None) -> int:
            while timeout is not None and not (pid.exists() and pid.read_text()):
                time.sleep(0.05)
            return super().wait(None if timeout is None else 0.1)

    loop = "import subprocess\nchild = subprocess.Popen(['sleep', '1000'])\n"
    write(repository, {"slope": f"{loop}open({str(pid)!r}, 'w').write(str(child.pid))\nwhile 1: 0"})
    checks = load(repository, monkeypatch)
    monkeypatch.setattr(subprocess, "Popen", Hasty)
    found = checks.verdicts("valley")["t-slope"]
    assert "the notebook was stopped after 120 s, in code cell 3" in found.advice
    status = Path(f"/proc/{pid.read_text()}/status")
    assert not status.exists() or "State:\tZ" in status.read_text()


def load(repository: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Import the repository's file of checks as a module."""
    import importlib.util

    path = repository / ".github/checks/test_visible.py"
    spec = importlib.util.spec_from_file_location("visible_of_a_student", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, spec.name, module)
    spec.loader.exec_module(module)
    return module


@pytest.mark.slow
def test_untouched_repository_is_green_and_all_open(tmp_path: Path) -> None:
    template = tmp_path / "template"
    write_template(COURSE, HOMEWORK, template)
    run = run_workflow(template, tmp_path, install=True)
    assert run.code == 0, run.log
    assert set(run.results.values()) == {"skipped: not done yet"}
    assert list(run.results) == [item.name for item in HOMEWORK.select("auto")]
    assert [row[0].split()[0] for row in run.rows] == list(HOMEWORK.items)
    assert run.rows[0][3].startswith("`momentum` still raises NotImplementedError")
    assert "hint" not in run.page  # unanswered items are not reported as mistakes


@pytest.mark.slow
def test_reference_passes_all_checks(tmp_path: Path) -> None:
    template = tmp_path / "template"
    write_template(COURSE, HOMEWORK, template)
    write_submission(COURSE, HOMEWORK, SampleStudent("anna", "all right"), template)
    run = run_workflow(template, tmp_path)
    assert run.code == 0, run.log
    assert set(run.results.values()) == {"passed"}
    count = len(HOMEWORK.select("auto"))
    assert f"{count} of {count} checks pass" in run.page
    assert "as expected" in run.rows[0][2]


@pytest.mark.slow
def test_one_wrong_answer_turns_the_run_red_and_says_what_to_do(tmp_path: Path) -> None:
    template = tmp_path / "template"
    write_template(COURSE, HOMEWORK, template)
    wrong = {"p3b-kernel-answer": "def empirical_ntk(v, W, X, n):\n    return np.eye(len(X))"}
    student = SampleStudent("anna", "one wrong", wrong, done=frozenset({"p3a-gradients-answer"}))
    write_submission(COURSE, HOMEWORK, student, template)
    run = run_workflow(template, tmp_path)
    assert run.code == 1
    assert run.results["p3a-gradients"] == "passed"
    assert "Expected" in run.results["p3b-kernel"]
    [row] = [row for row in run.rows if row[0] == "p3b-kernel"]
    assert row[1] == "✗ not right yet"
    assert 'checks.hint("p3b-kernel")' in row[3]
    assert sum(result.startswith("failure") for result in run.results.values()) == 1

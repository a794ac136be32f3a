"""The zip for Gradescope has everything that marking needs, pinned, and is always the same."""

from __future__ import annotations

import io
import re
import subprocess
import sys
import zipfile
from importlib.metadata import distribution
from pathlib import Path

import pytest
from typer.testing import CliRunner

from autograder.cli import app
from autograder.course.assignment import Course
from autograder.errors import RecordError
from autograder.platforms.gradescope.package import GradescopeSettings, write_autograder
from autograder.platforms.gradescope.wheel import build_wheel

CHECKOUT = Path(__file__).parents[2]
OWN = CHECKOUT / "autograder" / "platforms" / "gradescope"
PINNED = re.compile(
    r"^([a-z0-9.-]+)==\S+( ; [^\\]+)? \\$((\n    --hash=sha256:[0-9a-f]{64}( \\)?)+)$", re.M
)


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    target = tmp_path_factory.mktemp("zip") / "hw2.zip"
    command = ["gradescope", "hw2", "-o", str(target), "--minutes", "20", "--course", str(CHECKOUT)]
    done = CliRunner().invoke(app, command)
    assert done.exit_code == 0, done.output
    return target


def test_scripts_stand_at_the_root_and_can_be_run(archive: Path) -> None:
    with zipfile.ZipFile(archive) as files:
        for name in ("setup.sh", "run_autograder"):
            entry = files.getinfo(name)
            assert entry.external_attr >> 16 & 0o111
            done = subprocess.run(["bash", "-n"], input=files.read(name), check=False)
            assert done.returncode == 0
        assert files.read("seconds") == b"1180\n"


def test_one_assignment_is_in_it_once_and_nothing_stray(archive: Path) -> None:
    with zipfile.ZipFile(archive) as files:
        names = files.namelist()
        [wheel] = [name for name in names if name.endswith(".whl")]
        with zipfile.ZipFile(io.BytesIO(files.read(wheel))) as kit:
            inside = kit.namelist()
    assert "course/autograder/hidden/hw2/test_problem3_ntk.py" in names
    assert "course/solutions/hw2/ntk.py" in names
    assert "course/release/hw2/checks.py" in names
    assert not [name for name in inside if re.match(r"(autograder/hidden|solutions)/.*/", name)]
    assert "autograder/sandbox/inside/walls.py" in inside
    assert "autograder/pages/templates/gradescope.html" in inside
    names.remove("course/release/.earlier/hw2.json")
    assert not [name for name in (*names, *inside) if "__pycache__" in name or "/." in name]


def test_same_kit_and_course_give_the_same_bytes(archive: Path, tmp_path: Path) -> None:
    course = Course(CHECKOUT)
    settings = GradescopeSettings("hw2", minutes=20)
    write_autograder(course, course.assignment("hw2"), settings, tmp_path / "again.zip")
    assert (tmp_path / "again.zip").read_bytes() == archive.read_bytes()


def test_wheel_is_taken_by_pip_and_brings_the_command(tmp_path: Path) -> None:
    name, content = build_wheel()
    (tmp_path / name).write_bytes(content)
    pip = [sys.executable, "-m", "pip"]
    if subprocess.run([*pip, "--version"], capture_output=True, check=False).returncode:
        pytest.skip("needs pip in this environment")
    done = subprocess.run(
        [*pip, "install", "--quiet", "--no-deps", "--no-index", "--target",
         str(tmp_path / "there"), str(tmp_path / name)],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "there" / "bin" / "fdl").is_file()
    assert (tmp_path / "there" / "autograder" / "py.typed").is_file()


def without_marker(pin: str) -> str:
    """Return a pinned requirement without its platform marker, because markers may differ."""
    return re.sub(r" ;[^\\\n]*", " ", pin)


def test_every_requirement_is_pinned_and_hashed_as_in_the_lock() -> None:
    runtime = (OWN / "requirements.lock").read_text(encoding="utf-8")
    assert PINNED.sub("", runtime).strip() == ""  # the file has nothing else, no index or option
    whole = (CHECKOUT / "requirements" / "test.lock").read_text(encoding="utf-8")
    pins = {without_marker(match[0]) for match in PINNED.finditer(whole)}
    pinned = [without_marker(match[0]) for match in PINNED.finditer(runtime)]
    strangers = [pin.splitlines()[0] for pin in pinned if pin not in pins]
    assert strangers == []


def test_all_that_the_kit_needs_is_pinned_and_no_tool_of_its_makers() -> None:
    runtime = (OWN / "requirements.lock").read_text(encoding="utf-8")
    pinned = {match[1] for match in PINNED.finditer(runtime)}
    needed = [
        line for line in distribution("fdl-homework-kit").requires or () if "extra" not in line
    ]
    names = {re.split(r"[^\w.-]", line)[0].lower() for line in needed}
    assert names <= pinned
    assert not {"mypy", "ruff", "hypothesis", "mutmut", "sympy"} & pinned


def test_release_has_to_be_there(tmp_path: Path) -> None:
    course = Course(CHECKOUT)
    assignment = course.assignment("hw2")
    (tmp_path / "course.toml").write_bytes((CHECKOUT / "course.toml").read_bytes())
    with pytest.raises(Exception, match="make it first"):
        write_autograder(
            Course(tmp_path), assignment, GradescopeSettings("hw2"), tmp_path / "x.zip"
        )
    assert not (tmp_path / "x.zip").exists()


def test_settings_that_can_not_be_meant_are_refused(tmp_path: Path) -> None:
    with pytest.raises(RecordError, match="too short"):
        GradescopeSettings("hw2", minutes=1)
    path = tmp_path / "settings.json"
    path.write_text('{"assignment": "hw2", "visibility": "now"}', encoding="utf-8")
    with pytest.raises(RecordError, match="'now'"):
        GradescopeSettings.read(path)

"""The whole checkout is linted, formatted and typed, and its release is fit to publish."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


def run(*command: str) -> subprocess.CompletedProcess[str]:
    """Run a Python module as a command in the checkout."""
    return subprocess.run(
        [sys.executable, "-m", *command], cwd=ROOT, capture_output=True, text=True, check=False
    )


@pytest.mark.parametrize("command", ["check", "format --check"])
def test_the_linter_finds_nothing(command: str) -> None:
    pytest.importorskip("ruff", reason="needs the extra `lint`")
    done = run("ruff", *command.split(), "--no-cache", ".")
    assert done.returncode == 0, done.stdout + done.stderr


def test_types_are_right(tmp_path: Path) -> None:
    pytest.importorskip("mypy", reason="needs the extra `lint`")
    is_ours = os.access(ROOT, os.W_OK)
    done = run("mypy", "--cache-dir", str((ROOT if is_ours else tmp_path) / ".mypy_cache"))
    assert done.returncode == 0, done.stdout + done.stderr


def test_prose_is_plain() -> None:
    pytest.importorskip("proselint", reason="needs the extra `lint`")
    done = run("tests.prose")
    assert done.returncode == 0, done.stdout + done.stderr


LINT_IMPORTS = "from importlinter.cli import lint_imports_command as lint; lint(['--no-cache'])"


def lint_imports(folder: Path) -> subprocess.CompletedProcess[str]:
    """Check the imports of the package in this folder."""
    pytest.importorskip("importlinter", reason="needs the extra `lint`")
    return subprocess.run(
        [sys.executable, "-c", LINT_IMPORTS],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(folder)},
        capture_output=True,
        text=True,
        check=False,
    )


def test_imports_run_down() -> None:
    done = lint_imports(ROOT)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize(
    ("module", "line"),
    [
        ("gradebook/recorder.py", "import autograder.platforms.nbgrader.converters"),
        ("sandbox/inside/wire.py", "import autograder.words"),
    ],
)
def test_an_import_that_runs_up_is_found(module: str, line: str, tmp_path: Path) -> None:
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    shutil.copytree(ROOT / "autograder", tmp_path / "autograder")
    with (tmp_path / "autograder" / module).open("a", encoding="utf-8") as file:
        file.write(f"\n{line}\n")
    done = lint_imports(tmp_path)
    assert done.returncode == 1, done.stdout + done.stderr
    assert "is not allowed to import" in done.stdout


def test_the_release_is_fit_to_publish() -> None:
    done = run("autograder.cli", "release", "hw2", "--check")
    assert done.returncode == 0, done.stdout + done.stderr

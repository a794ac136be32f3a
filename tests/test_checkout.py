"""The checkout as a whole: linted, formatted, typed, and its release is fit to publish."""

from __future__ import annotations

import os
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


def test_the_release_is_fit_to_publish() -> None:
    done = run("autograder.cli", "release", "hw2", "--check")
    assert done.returncode == 0, done.stdout + done.stderr

"""`make desk-types` checks every script of the desk and of JupyterLab's extension."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
CHECKER = ROOT / ".venv" / "typescript" / "node_modules" / ".bin" / "tsc"
PROJECT = Path("autograder", "desk", "static")
EXTENSION = Path("autograder", "platforms", "nbgrader", "labextension", "static")
WRONG = '\n/** @type {number} */\nconst wrong = "a text";\nvoid wrong;\n'


@pytest.mark.slow
@pytest.mark.skipif(not CHECKER.exists(), reason="needs TypeScript: make desk-types installs it")
def test_a_wrong_type_in_any_script_is_found(tmp_path: Path) -> None:
    for folder in (PROJECT, EXTENSION):
        shutil.copytree(ROOT / folder, tmp_path / folder)
    scripts = sorted((tmp_path / "autograder").rglob("*.js"))
    assert len(scripts) > 1
    for script in scripts:
        with script.open("a", encoding="utf-8") as file:
            file.write(WRONG)
    found = subprocess.run(
        [CHECKER, "--project", tmp_path / PROJECT], capture_output=True, text=True, check=False
    )
    assert found.returncode != 0
    for script in scripts:
        assert f"{script.name}(" in found.stdout, f"{script.name} is not checked"
    assert found.stdout.count("TS2322") == len(scripts), found.stdout

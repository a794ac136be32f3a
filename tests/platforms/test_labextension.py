"""JupyterLab's extension is installed with the kit, in both ways of installing."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
EXTENSION = ROOT / "autograder" / "platforms" / "nbgrader" / "labextension"
PLACE = "data/share/jupyter/labextensions/"


def test_jupyterlab_finds_the_file_that_it_has_to_load() -> None:
    package = json.loads((EXTENSION / "package.json").read_text(encoding="utf-8"))
    load = EXTENSION / package["jupyterlab"]["_build"]["load"]
    module = package["jupyterlab"]["_build"]["extension"]
    code = load.read_text(encoding="utf-8")
    assert f'page._JUPYTERLAB["{package["name"]}"]' in code
    assert f'module !== "{module}"' in code


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["build_wheel", "build_editable"])
def test_a_wheel_brings_the_extension(kind: str, tmp_path: Path) -> None:
    copy = tmp_path / "kit"
    for name in ("pyproject.toml", "setup.py", "README.md", "LICENSE"):
        copy.mkdir(exist_ok=True)
        shutil.copy(ROOT / name, copy)
    shutil.copytree(ROOT / "autograder", copy / "autograder")
    code = f"from setuptools import build_meta; build_meta.{kind}({str(tmp_path)!r})"
    subprocess.run([sys.executable, "-c", code], cwd=copy, check=True, capture_output=True)
    [wheel] = tmp_path.glob("*.whl")
    package = json.loads((EXTENSION / "package.json").read_text(encoding="utf-8"))["name"]
    with zipfile.ZipFile(wheel) as archive:
        found = {
            name.partition(f"{PLACE}{package}/")[2]
            for name in archive.namelist()
            if f"{PLACE}{package}/" in name
        }
    files = (path for path in EXTENSION.rglob("*") if path.is_file())
    assert found == {path.relative_to(EXTENSION).as_posix() for path in files}

"""Packing runs the saved notebooks again, reports what is missing and writes one file."""

from __future__ import annotations

import hashlib
import json
import linecache
import os
import re
import subprocess
import sys
import time
import zipfile
from contextlib import suppress
from pathlib import Path
from types import FunctionType, ModuleType, SimpleNamespace
from typing import Any

import pytest

from .conftest import SOURCE
from .test_form import AUTO, PROBLEMS, TABLE
from .test_run import EXPERIMENTS, stubbed

Cells = list[dict[str, Any]]

ITEMS = {problem: [row[1] for row in TABLE if row[0] == problem] for problem in PROBLEMS}


def source_cells(problem: str) -> Cells:
    raw = json.loads((SOURCE / f"{problem}.ipynb").read_text(encoding="utf-8"))
    # the experiments take seconds and change no item's outcome
    cells: Cells = [cell for cell in raw["cells"] if cell["id"] not in EXPERIMENTS]
    return cells


def write(folder: Path, problem: str, cells: Cells) -> Path:
    path = folder / f"{problem}.ipynb"
    content = {"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}
    path.write_text(json.dumps(content), encoding="utf-8")
    return path


def code(source: str) -> dict[str, Any]:
    return {"cell_type": "code", "metadata": {}, "source": source}


def own_cells(problem: str, *sources: str) -> Cells:
    """Cells of one's own, and an empty cell for each item: enough to be quick."""
    graded = [
        {"cell_type": "raw", "metadata": {"nbgrader": {"grade": True, "grade_id": name}}}
        for name in ITEMS[problem]
    ]
    return [*map(code, sources), *graded]


def packed(folder: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(folder / "hw2_submission.zip") as archive:
        assert archive.testzip() is None
        return {name: archive.read(name) for name in archive.namelist()}


def manifest(folder: Path) -> dict[str, Any]:
    content: dict[str, Any] = json.loads(packed(folder)["manifest.json"])
    return content


def joined(report: str) -> str:
    """A report with the lines that belong together on one line."""
    return re.sub(r"\n {6}", " ", report)


def pack_by_hand(folder: Path) -> str:
    """`python checks.py pack`, as in a terminal."""
    run = subprocess.run(
        [sys.executable, "checks.py", "pack"],
        cwd=folder,
        capture_output=True,
        encoding="utf-8",
        env={**os.environ, "PYTHONIOENCODING": "utf-8"},
        check=True,
    )
    assert run.stderr == ""
    return run.stdout


def untouched_cells(problem: str) -> Cells:
    """The cells as students first see them."""
    cells = source_cells(problem)
    for cell in cells:
        text = "".join(cell["source"])
        manual = cell["cell_type"] == "markdown" and cell["metadata"]["nbgrader"]["solution"]
        cell["source"] = "*Your answer goes here: …*" if manual else stubbed(text)
    return cells


def test_finished_and_untouched_notebooks_are_run_told_of_and_packed(folder: Path) -> None:
    """A class with one student of each kind; the next tests have three of a kind."""
    finished, untouched, absent = PROBLEMS
    paths = [
        write(folder, finished, source_cells(finished)),
        write(folder, untouched, untouched_cells(untouched)),
    ]
    pack_by_hand(folder)
    told = manifest(folder)
    assert packed(folder).keys() == {path.name for path in paths} | {"manifest.json"}
    assert (told["schema"], told["version"], told["assignment"]) == ("fdl-submission", 1, "hw2")
    kinds = {name: kind for _, name, kind, _ in TABLE}
    for name in ITEMS[finished]:
        assert told["checks"][name] == ("passed" if kinds[name] == AUTO else "text")
    states = {told["checks"][name] for name in ITEMS[untouched]}
    assert states == {"open", "missing", "no text"}
    warnings = "\n".join(told["warnings"])
    assert f"{absent}.ipynb is not in this folder" in warnings
    assert [name for name in kinds if name in warnings] == ITEMS[untouched]
    for path in paths:
        assert packed(folder)[path.name] == path.read_bytes()
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
        assert told["notebooks"][path.name]["sha256"] == digest


def test_folder_in_which_all_passes_lacks_nothing(
    folder: Path,
    packing: ModuleType,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    passed = {name: "passed" for _, name, kind, _ in TABLE if kind == AUTO}
    monkeypatch.setattr(packing, "run_again", lambda *_: packing.Run(passed, 0))
    for problem in PROBLEMS:
        write(folder, problem, source_cells(problem))
    packing.pack()
    text = joined(capsys.readouterr().out)
    assert "Nothing is missing." in text
    assert "✗" not in text
    assert manifest(folder)["warnings"] == []


@pytest.mark.slow
def test_finished_folder_passes_and_nothing_is_missing(folder: Path) -> None:
    paths = [write(folder, problem, source_cells(problem)) for problem in PROBLEMS]
    text = joined(pack_by_hand(folder))
    assert "Nothing is missing." in text
    assert "✗" not in text
    assert packed(folder).keys() == {path.name for path in paths} | {"manifest.json"}
    told = manifest(folder)
    assert (told["schema"], told["version"], told["assignment"]) == ("fdl-submission", 1, "hw2")
    assert told["warnings"] == []
    assert told["checks"] == {
        name: "passed" if kind == AUTO else "text" for _, name, kind, _ in TABLE
    }
    for path in paths:
        assert packed(folder)[path.name] == path.read_bytes()
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
        assert told["notebooks"][path.name]["sha256"] == digest


@pytest.mark.slow
def test_untouched_folder_is_packed_with_all_that_is_missing(folder: Path) -> None:
    for problem in PROBLEMS:
        write(folder, problem, untouched_cells(problem))
    text = joined(pack_by_hand(folder))
    assert "✓" not in text
    told = manifest(folder)
    assert set(told["checks"].values()) == {"open", "missing", "no text"}
    warnings = "\n".join(told["warnings"])
    for _, name, _, _ in TABLE:
        assert name in warnings


def test_pack_cells_of_the_notebooks_do_not_pack_again(folder: Path) -> None:
    """Nor does a notebook that asks for it in a process of its own."""
    starts = "import subprocess, sys; subprocess.run([sys.executable, 'checks.py', 'pack'])"
    write(folder, PROBLEMS[0], own_cells(PROBLEMS[0], "import checks\nchecks.pack()", starts))
    text = joined(pack_by_hand(folder))
    assert "code cell 2 of problem1_momentum.ipynb starts a program" in text
    assert text.count("Packed:") == 1


def test_endless_notebook_is_stopped_with_its_children_and_packed(
    folder: Path,
    packing: ModuleType,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    child = "import os\nif (pid := os.fork()) == 0:\n    while True: pass"
    note = "open('child', 'w').write(str(pid))"
    ends = "open('endless', 'w')\nwhile True: pass"
    path = write(folder, PROBLEMS[0], own_cells(PROBLEMS[0], child, note, ends))
    monkeypatch.setattr("tempfile.tempdir", str(folder))
    wait = subprocess.Popen.wait
    children: list[str] = []
    work = Path("packing-*", "work")

    def wait_until_it_is_endless(process: Any, timeout: float | None = None) -> int:
        """The time limit, however slow this machine is: past it once the last cell runs."""
        while timeout is not None and not list(folder.glob(str(work / "endless"))):
            with suppress(subprocess.TimeoutExpired):
                return int(wait(process, 0.1))
        children.extend(file.read_text() for file in folder.glob(str(work / "child")))
        return int(wait(process, None if timeout is None else 0.1))

    monkeypatch.setattr(subprocess.Popen, "wait", wait_until_it_is_endless)
    packing.pack()
    assert re.search(r"stopped after \d+ s, in code cell 3", capsys.readouterr().out)
    assert packed(folder)[path.name] == path.read_bytes()
    assert is_gone(int(children[0]))
    assert list(folder.glob("packing-*")) == []


def is_gone(pid: int) -> bool:
    """Whether it ends: one that was killed may still be on its way out."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        try:
            state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
        except (FileNotFoundError, ProcessLookupError):
            return True
        if state in "ZX":
            return True
        time.sleep(0.05)
    return False


def test_notebook_that_ends_its_process_is_told_of(
    folder: Path, packing: ModuleType, capsys: pytest.CaptureFixture[str]
) -> None:
    write(folder, PROBLEMS[0], own_cells(PROBLEMS[0], "x = 1", "import os\nos._exit(0)"))
    packing.pack()
    text = joined(capsys.readouterr().out)
    assert "stopped unexpectedly in code cell 2" in text
    assert "code cell 2 of" not in text


def test_error_in_a_cell_is_told_and_the_next_cell_runs(
    folder: Path, packing: ModuleType, capsys: pytest.CaptureFixture[str]
) -> None:
    """Nor does a cell stop the others that asks for the end of the process."""
    sources = ("1 / 0", "import sys\nsys.exit()", "%matplotlib inline", "raise OSError('ran')")
    write(folder, PROBLEMS[0], own_cells(PROBLEMS[0], *sources))
    packing.pack()
    text = joined(capsys.readouterr().out)
    for number, error in ((1, "ZeroDivisionError: division by zero"), (4, "OSError: ran")):
        assert f"code cell {number} of problem1_momentum.ipynb stops with {error}" in text
    assert "code cell 2 of problem1_momentum.ipynb stops with SystemExit" in text
    assert "stopped unexpectedly" not in text


@pytest.mark.usefixtures("_nothing_runs")
def test_cells_that_are_gone_or_doubled_and_damaged_files_are_told(
    folder: Path, packing: ModuleType, capsys: pytest.CaptureFixture[str]
) -> None:
    cells = own_cells(PROBLEMS[0])
    write(folder, PROBLEMS[0], [*cells[1:], cells[-1]])
    (folder / f"{PROBLEMS[1]}.ipynb").write_bytes(b"{half a file")
    packing.pack()
    text = joined(capsys.readouterr().out)
    assert "the cell of p1-momentum is missing" in text
    assert "the cell of p1-plot is there 2 times" in text
    assert f"{PROBLEMS[1]}.ipynb: the file is not a notebook" in text
    assert f"{PROBLEMS[2]}.ipynb is not in this folder" in text
    assert packed(folder)[f"{PROBLEMS[1]}.ipynb"] == b"{half a file"


@pytest.mark.usefixtures("_nothing_runs")
def test_function_that_is_not_in_the_saved_file_is_told(
    folder: Path,
    packing: ModuleType,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    saved, changed = "def momentum():\n    return 1\n", "def momentum():\n    return 2\n"
    write(folder, PROBLEMS[0], own_cells(PROBLEMS[0], saved + "  "))
    for source, is_unsaved in ((saved, False), (changed, True)):
        shell = SimpleNamespace(user_ns={"momentum": as_ipython_runs_it(source)})
        monkeypatch.setattr(packing, "shell", lambda shell=shell: shell)
        packing.pack()
        text = joined(capsys.readouterr().out)
        assert ("`momentum` that you ran last is not in the saved file" in text) is is_unsaved


def as_ipython_runs_it(source: str) -> FunctionType:
    name = f"/tmp/ipykernel_1/{abs(hash(source))}.py"
    linecache.cache[name] = (len(source), None, source.splitlines(keepends=True), name)
    names: dict[str, Any] = {}
    exec(compile(source, name, "exec"), names)
    function: FunctionType = names["momentum"]
    return function


@pytest.mark.usefixtures("_nothing_runs")
def test_packing_again_replaces_the_package_and_nothing_else(
    folder: Path, packing: ModuleType
) -> None:
    path = write(folder, PROBLEMS[0], own_cells(PROBLEMS[0]))
    packing.pack()
    path.write_text(path.read_text().replace("nbformat_minor", "other"))
    before = {p.name for p in folder.iterdir() if p.name != "__pycache__"}
    packing.pack()
    assert packed(folder)[path.name] == path.read_bytes()
    assert {p.name for p in folder.iterdir() if p.name != "__pycache__"} == before


def test_same_members_give_the_same_bytes(folder: Path, packing: ModuleType) -> None:
    members = {"b.ipynb": b"two", "a.ipynb": b"one"}
    packing.write_package(folder / "x.zip", members)
    packing.write_package(folder / "y.zip", dict(reversed(members.items())))
    assert (folder / "x.zip").read_bytes() == (folder / "y.zip").read_bytes()


@pytest.mark.usefixtures("_nothing_runs")
def test_failed_writing_leaves_the_earlier_package(
    folder: Path, packing: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = folder / "hw2_submission.zip"
    packing.write_package(target, {"a": b"one"})
    before = target.read_bytes()

    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(zipfile.ZipFile, "writestr", full)
    write(folder, PROBLEMS[0], own_cells(PROBLEMS[0]))
    packing.pack()
    assert target.read_bytes() == before
    assert [p.name for p in folder.glob(".packing-*")] == []


def test_where_no_process_can_be_started_it_packs_all_the_same(
    folder: Path,
    packing: ModuleType,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def denied(*_: object, **__: object) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(subprocess, "Popen", denied)
    path = write(folder, PROBLEMS[0], own_cells(PROBLEMS[0]))
    packing.pack()
    assert "can't be run from here" in joined(capsys.readouterr().out)
    assert packed(folder)[path.name] == path.read_bytes()


def test_without_notebooks_it_does_nothing(
    folder: Path,
    packing: ModuleType,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """As where submissions are marked: no process is started and no file written."""
    monkeypatch.setattr(subprocess, "Popen", None)
    packing.pack()
    assert "no notebook of this homework" in joined(capsys.readouterr().out)
    assert {p.name for p in folder.iterdir()} <= {"checks.py", "__pycache__"}


# versions

PINS = "# Python >=3.11,<3.14\nnumpy>=2.4,<2.6\nmatplotlib>=3.9,<3.99\njupyterlab>=4.2\n"


@pytest.mark.usefixtures("_nothing_runs")
@pytest.mark.parametrize(
    ("pins", "warned"),
    [
        (PINS, []),
        ("numpy\nmatplotlib\n", []),
        ("\xff", []),
        (PINS.replace("numpy>=2.4,<2.6", "numpy>=3.0,<3.2"), ["numpy"]),
        (
            PINS.replace("<3.99", "<3.10").replace(">=3.11,", ">=3.5,<3.6 #"),
            ["Python", "matplotlib"],
        ),
    ],
)
def test_versions_that_marking_does_not_use_are_told(
    folder: Path, packing: ModuleType, pins: str, warned: list[str]
) -> None:
    (folder / "requirements.txt").write_bytes(pins.encode("latin-1"))
    write(folder, PROBLEMS[0], own_cells(PROBLEMS[0]))
    packing.pack()
    told = [line for line in manifest(folder)["warnings"] if "marking uses" in line]
    assert [line.split()[0] for line in told] == warned


@pytest.mark.skipif(sys.version_info < (3, 12), reason="reads no newer Python than 3.11")
@pytest.mark.usefixtures("_nothing_runs")
@pytest.mark.parametrize(
    ("source", "is_new"),
    [
        ('title = f"{row["name"]}"', True),
        ("title = f\"{', '.join(names)}\"", False),
        ('title = f"""{row["name"]}"""', False),
        ("title = f\"{'\\n'.join(names)}\"", True),
        ("type Vector = list", True),
        ("def first[T](values): pass", True),
        ("%matplotlib inline\nx = f'{y!r:>{width}}'", False),
    ],
)
def test_cells_that_need_a_newer_python_are_told(
    folder: Path, packing: ModuleType, source: str, is_new: bool
) -> None:
    (folder / "requirements.txt").write_text(PINS, encoding="utf-8")
    write(folder, PROBLEMS[0], own_cells(PROBLEMS[0], source))
    packing.pack()
    told = [line for line in manifest(folder)["warnings"] if "needs a newer Python" in line]
    assert len(told) == is_new

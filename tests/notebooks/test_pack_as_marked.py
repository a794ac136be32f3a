"""Packing runs notebooks as marking does, and names what they use that marking does not have."""

from __future__ import annotations

import builtins
import importlib.metadata
import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pytest

from autograder.submission.pictures import MAX_PICTURES
from tests import photos

from .test_form import PROBLEMS
from .test_pack import (
    code,
    joined,
    manifest,
    own_cells,
    pack_by_hand,
    packed,
    source_cells,
    write,
)

FIRST = PROBLEMS[0]

PARAMETERS = """
def heavy_ball_parameters(gammas, betas):
    gammas = np.array(gammas, dtype=float)
    return gammas, gammas * betas / np.append(1.0, gammas)[: len(gammas)]
"""
"""A right answer to p1a-parameters, the quickest to check."""

START = "import numpy as np\n"


def told(folder: Path, *sources: str, pack: Callable[[Path], object] = pack_by_hand) -> list[str]:
    """The warnings about a notebook of these cells, without those about its missing answers."""
    write(folder, FIRST, own_cells(FIRST, *sources))
    pack(folder)
    lines = manifest(folder)["warnings"]
    return [line for line in lines if "not done yet" not in line and "no text" not in line
            and "is not in this folder" not in line]  # fmt: skip


def outcome(folder: Path, item: str) -> str:
    return str(manifest(folder)["checks"][item])


@pytest.fixture
def apart(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of packages that this machine has and marking does not."""
    place = tmp_path_factory.mktemp("here") / "site-packages"
    place.mkdir()
    for name in ("seaborn", "scipy"):
        (place / f"{name}.py").write_text("def set_theme(): pass\n")
    monkeypatch.setenv("PYTHONPATH", str(place))
    return place


# --- as students do it ----------------------------------------------------------------------------


@pytest.mark.usefixtures("apart")
def test_answers_that_work_only_here_are_told(folder: Path, tmp_path: Path) -> None:
    """Five answers that pass in the student's folder; marking gives points for two of them."""
    only_here = tmp_path / "only here"
    only_here.mkdir()
    (folder / "helper.py").write_text("def heavy_ball_parameters(g, b): return g, b\n")
    np.save(folder / "start.npy", np.zeros(3))
    before = {
        "p1-momentum-answer": "import seaborn as sns\nsns.set_theme()\n",
        "p1a-heavy-ball-answer": f"import os\nos.chdir({str(only_here)!r})\n",
        "p1b-ima-answer": "start = np.load('start.npy')\n",
        "p1b-parameters-answer": "from scipy import stats\nnoise = stats.norm(0)\n",
    }
    cells = source_cells(FIRST)
    for cell in cells:
        if cell["id"] == "p1a-parameters-answer":
            cell["source"] = "from helper import heavy_ball_parameters"
        cell["source"] = before.get(cell["id"], "") + "".join(cell["source"])
    path = write(folder, FIRST, cells)
    text = joined(pack_by_hand(folder))
    lines = text.partition("Before you hand in:\n")[2].splitlines()
    assert [line[2:].split(":")[0] for line in lines[:3]] == [
        "✗ p1a-heavy-ball (1 point)",
        "✗ p1a-parameters (1 point)",
        "✗ p1b-ima (1 point)",
    ]
    for line, words in (
        (lines[0], f"uses {only_here}, which exists only on this machine"),
        (lines[1], "imports helper.py, a file that is not in the package. Copy its code"),
        (lines[2], "opens start.npy, a file that is not in the package. Write what you need"),
    ):
        assert re.search(rf"code cell \d+ of {path.name} {re.escape(words)}", line)
    for package, item in (("seaborn", "p1-momentum"), ("scipy", "p1b-parameters")):
        assert f"imports {package}, a package that marking does not have. {item} passes" in text
        assert outcome(folder, item) == "passed"
    assert "3 of 16 points that tests mark and 0 of 7 bonus points pass." in text
    assert packed(folder)[path.name] == path.read_bytes()


def test_perfect_homework_has_a_short_report(
    folder: Path,
    packing: ModuleType,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    states = {i.name: "passed" for items in packing.PROBLEMS.values() for i in items if i.answers}
    monkeypatch.setattr(packing, "run_again", lambda *_: packing.Run(states, 3))
    for problem in PROBLEMS:
        write(folder, problem, source_cells(problem))
    packing.pack()
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) <= 13
    assert [line for line in lines if "points" in line] == [
        "✓ 16 of 16 points that tests mark and 7 of 7 bonus points pass.",
        "✎ 8 of 8 texts are written (14 of 14 points, 1 of 1 bonus point). A person marks them.",
    ]
    assert "  Pictures: none of the texts has one." in lines


# --- each kind of thing that marking does not have ------------------------------------------------


BY_NAME = ("importlib.import_module({!r})", "__import__({!r})")


@pytest.mark.usefixtures("apart")
def test_imports_that_the_code_can_do_without_are_not_told(folder: Path) -> None:
    guarded = "import importlib\n"
    for way in ("import {}", *BY_NAME):
        asking = way.format("seaborn").replace("'", '"')
        guarded += f"try:\n    {asking}\nexcept ImportError:\n    seaborn = None\n"
    assert told(folder, START + guarded + PARAMETERS) == []
    assert outcome(folder, "p1a-parameters") == "passed"


@pytest.mark.usefixtures("apart")
@pytest.mark.parametrize("way", ["import {}", *BY_NAME])
def test_import_inside_an_answer_fails_as_when_marked(folder: Path, way: str) -> None:
    used = "scipy.x" if way == "import {}" else "x"  # an import that is not used does no harm
    asking = f"    import importlib\n    {way.format('scipy')}\n    {used} = gammas ="
    inside = PARAMETERS.replace("    gammas =", asking, 1)
    [line] = told(folder, "x = 1", START + inside)
    assert line.startswith("p1a-parameters (1 point): code cell 2 of problem1_momentum.ipynb")
    assert "imports scipy, a package that marking does not have" in line
    assert outcome(folder, "p1a-parameters") == "broken"


def test_modules_that_marking_has_are_imported_by_name(folder: Path) -> None:
    (folder / "requirements.txt").write_text("")
    asking = (
        "import importlib\nnp = importlib.import_module('numpy.linalg') and __import__('numpy')"
    )
    assert told(folder, f"{asking}\n{PARAMETERS}") == []
    assert outcome(folder, "p1a-parameters") == "passed"


def test_files_and_paths_that_answers_open_are_told(folder: Path) -> None:
    np.savetxt(folder / "data.txt", np.ones(2))
    (folder / "tables").mkdir()
    np.save(folder / "tables" / "a.npy", np.ones(2))
    lines = told(
        folder,
        START,
        "a = np.load('tables/a.npy')",
        "b = np.loadtxt('data.txt')",
        f"c = np.load({str(folder / 'tables' / 'a.npy')!r})",
        f"%cd {folder}",
        "np.save('mine.npy', [1.0])\nnp.load('mine.npy')",
    )
    assert [line.partition(" of ")[0] for line in lines] == [f"code cell {n}" for n in (2, 3, 4, 5)]
    for line, words in zip(
        lines,
        ("opens tables/a.npy,", "opens data.txt,", f"uses {folder}", f"uses {folder},"),
        strict=True,
    ):
        assert words in line
    assert not (folder / "mine.npy").exists()


def test_programs_the_network_and_questions_are_told(folder: Path) -> None:
    lines = told(
        folder,
        "import os\nos.system('true')",
        "import urllib.request\nurllib.request.urlopen('http://example.org')",
        "seed = input('seed? ')",
        "!pip install seaborn\n%pip install seaborn",
        "import matplotlib as mpl, matplotlib.pyplot as plt\nmpl.use('TkAgg')\nplt.plot([1])",
    )
    for line, words in zip(
        lines, ("starts a program (true)", "connects to example.org", "asks with input()"),
        strict=True,
    ):  # fmt: skip
        assert words in line


def test_modules_beside_the_homework_are_those_that_marking_has(packing: ModuleType) -> None:
    """numpy and matplotlib with all that they need can be imported; the rest is of notebooks."""
    needed, todo = set(), ["numpy", "matplotlib"]
    while todo:
        name = re.split(r"[^\w.-]", todo.pop())[0].lower()
        if name not in needed:
            needed.add(name)
            lines = importlib.metadata.requires(name) or []
            todo += [line for line in lines if "extra ==" not in line and "python_v" not in line]
    modules = importlib.metadata.packages_distributions()
    found = {module for module, names in modules.items() if {n.lower() for n in names} & needed}
    found = {module for module in found if not module.startswith("_")}
    notebooks = {"IPython", "matplotlib_inline", "traitlets", "typing_extensions", "tqdm"}
    assert found <= set(packing.MARKING_HAS) <= found | notebooks | {"dateutil", "tzdata"}


# --- without processes, and on Windows -------------------------------------------------


@pytest.fixture
def _in_a_browser(monkeypatch: pytest.MonkeyPatch) -> None:
    def none(*_: object, **__: object) -> None:
        raise OSError(138, "emscripten does not support processes.")

    monkeypatch.setattr(subprocess, "Popen", none)
    monkeypatch.setattr(sys, "platform", "emscripten")


@pytest.mark.usefixtures("_in_a_browser", "checks")
def test_in_a_browser_notebooks_run_in_the_same_process_which_stays_as_it_was(
    folder: Path,
    packing: ModuleType,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    (folder / "helper.py").write_text("def heavy_ball(*_): pass\n")
    (folder / "start.txt").write_text("1")
    monkeypatch.syspath_prepend(str(folder))
    helper = __import__("helper")
    main, switch, before = sys.modules["__main__"], plt.switch_backend, dict(os.environ)
    state = (os.getcwd(), list(sys.path), builtins.__import__, builtins.input, mpl.use)
    lines = told(
        folder,
        START + PARAMETERS,
        "from helper import heavy_ball",
        "open('start.txt')",
        "input()",
        "import checks\nchecks.pack()\nprint('from a cell')",
        "import matplotlib.pyplot as plt\nplt.rcParams['figure.dpi'] = 33",
        pack=lambda _: packing.pack(),
    )
    words = ("imports helper.py", "opens start.txt", "asks with input()")
    assert all(word in line for word, line in zip(words, lines, strict=True))
    assert outcome(folder, "p1a-parameters") == "passed"
    assert "from a cell" not in capsys.readouterr().out
    assert state == (os.getcwd(), sys.path, builtins.__import__, builtins.input, mpl.use)
    assert (sys.modules["__main__"], sys.modules["helper"]) == (main, helper)
    assert (plt.switch_backend, dict(os.environ)) == (switch, before)
    assert plt.rcParams["figure.dpi"] != 33
    assert (folder / "start.txt").open().read() == "1", "nothing is refused any more"


def test_on_windows_the_run_is_ended_with_taskkill(
    packing: ModuleType,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delattr(os, "killpg")
    asked: list[list[str]] = []
    real = subprocess.Popen([sys.executable, "-c", "while True: pass"])
    monkeypatch.setattr(subprocess, "run", lambda command, **_: asked.append(command))
    packing._kill_tree(real)
    assert asked == [["taskkill", "/F", "/T", "/PID", str(real.pid)]]
    assert real.poll() is not None


@pytest.mark.usefixtures("_nothing_runs")
def test_package_that_another_program_holds_open_is_told(
    folder: Path,
    packing: ModuleType,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def held(*_: object) -> None:
        raise PermissionError(13, "The process cannot access the file")

    monkeypatch.setattr(os, "replace", held)
    write(folder, FIRST, own_cells(FIRST))
    packing.pack()
    assert "Is hw2_submission.zip open in another program?" in joined(capsys.readouterr().out)


# --- which files, and what is in them -------------------------------------------------------------


@pytest.mark.usefixtures("_nothing_runs")
def test_newer_copy_is_offered_and_packed_if_asked_for(
    folder: Path,
    packing: ModuleType,
    capsys: pytest.CaptureFixture[str],
) -> None:
    copies = [f"{FIRST} (1).ipynb", f"{PROBLEMS[1]}-Copy1.ipynb"]
    for name, time in ((f"{FIRST}.ipynb", 1_000), (copies[0], 2_000), (copies[1], 1_000)):
        content = {"cells": [code(name)], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}
        (folder / name).write_text(json.dumps(content))
        os.utime(folder / name, (time, time))
    packing.pack()
    text = joined(capsys.readouterr().out)
    offer = f'To hand that one in: python checks.py pack "{copies[0]}"'
    assert f"{copies[0]} is newer than the notebook that was packed. {offer}" in text
    assert f"{PROBLEMS[1]}.ipynb is not in this folder, but {copies[1]} is." in text
    assert packed(folder).keys() == {f"{FIRST}.ipynb", "manifest.json"}
    packing.command(["pack", *copies, "other.ipynb"])
    text = joined(capsys.readouterr().out)
    assert "other.ipynb is not a notebook of this homework in this folder" in text
    assert "To hand that one in" not in text
    assert copies[0].encode() in packed(folder)[f"{FIRST}.ipynb"]
    assert copies[1].encode() in packed(folder)[f"{PROBLEMS[1]}.ipynb"]


@pytest.mark.usefixtures("_nothing_runs")
def test_pictures_of_texts_are_listed_and_those_that_marking_lacks_told(
    folder: Path,
    packing: ModuleType,
    capsys: pytest.CaptureFixture[str],
) -> None:
    cells = own_cells(FIRST)
    text: dict[str, Any] = next(
        c for c in cells if c["metadata"]["nbgrader"]["grade_id"] == "p1a-proof"
    )
    text["cell_type"] = "markdown"
    files = {
        "page.png": photos.png(3, 2),
        "page 2.jpg": photos.phone_jpeg(),
        "page (3).png": photos.png(3, 2),
        "page%204.png": photos.png(3, 2),
        "notes.heic": photos.HEIC,
        "renamed.png": photos.PDF,
        "bomb.png": photos.bomb(),
        "cut.png": photos.png(3, 2)[:14],
        "old.png": photos.png(3, 2),
    }
    text["attachments"] = {
        name: {"image/png": photos.base64_of(content)} for name, content in files.items()
    }
    shown = [
        f"![x](<attachment:{name.replace(' ', '%20')}>)" for name in files if name != "old.png"
    ]
    inline = photos.base64_of(photos.png(4, 4))
    text["source"] = " ".join(shown) + (
        f"![](attachment:gone.png) ![](photo.jpg) ![Colab](data:image/png;base64,{inline})"
        "<img src='https://example.org/x.png'> and ![a formula] (x)"
    )
    write(folder, FIRST, cells)
    packing.pack()
    told = joined(capsys.readouterr().out)
    seen = "page.png, page 2.jpg, page (3).png, page 4.png, Colab"
    assert f"Pictures: p1a-proof has {seen}; the others have none." in told
    reasons = (
        ("notes.heic", "is HEIC, which marking can't show. Save it as JPEG"),
        ("renamed.png", "is PDF, which marking can't show. Save each page"),
        ("bomb.png", "has more than 50 million pixels"),
        ("cut.png", "is damaged"),
        ("old.png", "is attached, but the text does not show it"),
        ("gone.png", "is not in this cell. Paste or drag"),
        ("photo.jpg", "is a file beside the notebook, and marking reads only the notebook."),
        ("https://example.org/x.png", "is a link, which marking can't open. Paste or drag"),
    )
    for name, words in reasons:
        assert f"p1a-proof: the picture {name} {words}" in told
    assert told.count("p1a-proof: the picture ") == len(reasons)


@pytest.mark.usefixtures("_nothing_runs")
def test_pictures_beyond_the_limit_are_told(
    folder: Path, packing: ModuleType, capsys: pytest.CaptureFixture[str]
) -> None:
    cells = own_cells(FIRST)
    text: dict[str, Any] = next(
        c for c in cells if c["metadata"]["nbgrader"]["grade_id"] == "p1a-proof"
    )
    names = [f"page{number}.png" for number in range(MAX_PICTURES + 1)]
    text["cell_type"] = "markdown"
    text["attachments"] = {
        name: {"image/png": photos.base64_of(photos.png(3, 2))} for name in names
    }
    text["source"] = " ".join(f"![](attachment:{name})" for name in names)
    write(folder, FIRST, cells)
    packing.pack()
    told = joined(capsys.readouterr().out)
    assert f"the picture {names[-1]} is beyond the {MAX_PICTURES} pictures" in told
    assert f"the picture {names[-2]}" not in told


@pytest.mark.usefixtures("_nothing_runs")
def test_notebook_gets_a_link_to_the_package(
    folder: Path, packing: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The front end resolves the link, which has no address of its own, beside the notebook."""
    shown: list[dict[str, str]] = []
    pub = SimpleNamespace(publish=lambda data, metadata: shown.append(data))  # noqa: ARG005
    here = SimpleNamespace(kernel=True, user_ns={}, display_pub=pub)
    monkeypatch.setattr(packing, "shell", lambda: here)
    write(folder, FIRST, own_cells(FIRST))
    packing.pack()
    [data] = shown
    assert '<a href="hw2_submission.zip" download>' in data["text/html"]
    assert data["text/plain"] == "hw2_submission.zip"

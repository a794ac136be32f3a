"""Handing in"""

from __future__ import annotations

import ast
import io
import json
import os
import platform
import re
import sys
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np

from autograder.release.checkskit.facts import ASSIGNMENT, PROBLEMS, SECONDS
from autograder.release.checkskit.items import Item, State, named
from autograder.release.checkskit.notebooks import Saved, grade_id, is_written, saved_notebook
from autograder.release.checkskit.verdicts import HINTS, hint, quietly, row, shell, summed_up

PACKAGE = f"{ASSIGNMENT}_submission.zip"
"""The file to hand in: the saved notebooks and manifest.json."""

_INSIDE = "FDL_CHECKS_PACKING"
"""Set while a notebook runs for packing, so that it does not start packing again."""

_BOUNDS = re.compile(r"^(?:# )?(\w+) ?>=(\d+)\.(\d+),<(\d+)\.(\d+)", re.MULTILINE)


@dataclass(frozen=True)
class Run:
    """The result of running a notebook: the outcome of its checks, and what went wrong."""

    states: Mapping[str, State]
    seconds: float
    faults: tuple[str, ...] = ()


def pack() -> None:
    """Run the saved notebooks from the top, print what passes, and pack them into one file.

    Each runs in its own process, all together for at most SECONDS seconds. The notebooks are not
    changed, and they are packed even if something fails. The file is PACKAGE, beside them.
    """
    if os.environ.get(_INSIDE):
        print("checks.pack(): skipped, because this notebook is being packed.")
        return
    folder = Path(__file__).resolve().parent
    try:
        saved = [notebook for name in PROBLEMS if (notebook := saved_notebook(folder, name))]
        if saved:
            _pack(folder, saved)
        else:
            print(
                "checks.pack(): found no notebook of this homework beside checks.py. In Colab, "
                "hand in the notebooks themselves: File → Download → Download .ipynb."
            )
    except OSError as error:
        print(f"✗ Packing did not work here ({named(error)}). Hand in the notebooks instead.")


def _pack(folder: Path, saved: list[Saved]) -> None:
    """Run the saved notebooks, print the results, and write the package."""
    there = {notebook.problem for notebook in saved}
    warnings = [f"{name}.ipynb is not in this folder." for name in PROBLEMS if name not in there]
    warnings += _other_versions(folder)
    outcomes: dict[str, str] = {}
    left: float = SECONDS
    for notebook in saved:
        print(f"{notebook.name}, saved {_ago(notebook.time)}: running all cells …", flush=True)
        run = run_again(folder, notebook, left)
        found = [*filter(None, [notebook.fault]), *run.faults, *_forgotten(notebook, run)]
        found += [*_unsaved(notebook), *_too_new(notebook, folder)]
        warnings += [f"{notebook.name}: {fault}" for fault in found]
        print(f"  {run.seconds:.0f} s (the limit is {SECONDS} s for all notebooks together)")
        left = max(left - run.seconds, 1)
        for item in PROBLEMS[notebook.problem]:
            line, outcomes[item.name] = _packed_line(item, notebook, run)
            print("  " + line)
    size = write_package(folder / PACKAGE, _members(saved, outcomes, warnings))
    print("\nBefore you hand in:" if warnings else "\nNothing is missing.")
    print("".join(f"  ! {warning}\n" for warning in warnings), end="")
    print(
        f"\nPacked: {PACKAGE} ({len(saved)} of {len(PROBLEMS)} notebooks, "
        f"{max(1, size // 1000)} kB), in the folder of your notebooks.\n"
        "Hand in this one file. If you change anything: save, then pack again.\n"
        "Changes that are not saved are not in it. "
        + (
            "Only functions that this kernel ran were checked for such changes."
            if shell()
            else "Run from a terminal, this cannot see unsaved changes."
        )
    )


def _ago(time: float) -> str:
    """Return when a file was saved, in words."""
    then = datetime.fromtimestamp(time)
    seconds = (datetime.now() - then).total_seconds()
    for unit, length in (("day", 86_400), ("hour", 3600), ("minute", 60)):
        if (count := int(seconds // length)) > 0:
            return f"{then:%H:%M} ({count} {unit}{'s' if count > 1 else ''} ago)"
    return f"{then:%H:%M} (just now)"


# Finding what may have been forgotten


def _forgotten(notebook: Saved, run: Run) -> Iterator[str]:
    """Yield faults: missing or duplicate cells, texts not written, and answers not done."""
    if not notebook.cells:
        return
    ids = [grade_id(cell) for cell in notebook.cells]
    items = PROBLEMS[notebook.problem]
    for item in items:
        if (count := ids.count(item.name)) == 0:
            yield f"the cell of {item.name} is missing. Copy your answers into a fresh notebook."
        elif count > 1:
            yield f"the cell of {item.name} is there {count} times. Delete the copies."
    stubs = [i.name for i in items if run.states.get(i.name) in ("open", "missing")]
    if stubs:
        yield "not done yet: " + ", ".join(stubs)
    texts = [i.name for i in items if not i.answers and i.name in ids]
    if blank := [name for name in texts if not is_written(notebook, name)]:
        yield "no text yet: " + ", ".join(blank)


def _unsaved(notebook: Saved) -> Iterator[str]:
    """Yield functions whose version in this kernel is not in the saved file.

    IPython keeps the text of each cell that it ran, and a function knows its cell. Other answers,
    texts, and notebooks of other kernels can't be compared.
    """
    import linecache

    defined = getattr(shell(), "user_ns", {})
    known = {_normal(source) for source in notebook.code}
    for item in PROBLEMS[notebook.problem]:
        for name in item.answers:
            code = getattr(defined.get(name), "__code__", None)
            cell = "".join(linecache.getlines(code.co_filename)) if code else ""
            # IPython keeps a cell with magic commands in a different form than it was typed
            if cell and "get_ipython()" not in cell and _normal(cell) not in known:
                yield (
                    f"the `{name}` that you ran last is not in the saved file. Save the notebook, "
                    "then pack again."
                )


def _normal(source: str) -> str:
    return "\n".join(line.rstrip() for line in source.strip().splitlines())


def _bounds(folder: Path) -> dict[str, tuple[tuple[int, int], tuple[int, int]]]:
    """Return the versions that marking uses (from, below), from requirements.txt."""
    try:
        text = (folder / "requirements.txt").read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):  # packing works without it
        return {}
    numbers = [(name, *map(int, rest)) for name, *rest in _BOUNDS.findall(text)]
    return {name: ((a, b), (c, d)) for name, a, b, c, d in numbers}


def _versions() -> dict[str, str]:
    return {
        "Python": platform.python_version(),
        "numpy": np.__version__,
        "matplotlib": mpl.__version__,
    }


def _other_versions(folder: Path) -> Iterator[str]:
    """Yield a warning for each package that is here in a version that marking does not use."""
    bounds = _bounds(folder)
    for name, version in _versions().items():
        numbers = tuple(map(int, re.findall(r"\d+", version)[:2]))
        if name in bounds and not bounds[name][0] <= numbers < bounds[name][1]:
            (low, minor), (high, end) = bounds[name]
            newest = f" to {high}.{end - 1}" if (low, minor) != (high, end - 1) else ""
            way = "Use that Python." if name == "Python" else "`pip install -r requirements.txt`"
            yield (
                f"{name} is {version} here, but marking uses {low}.{minor}{newest}: your code "
                f"may not run there. {way}"
            )


def _too_new(notebook: Saved, folder: Path) -> Iterator[str]:
    """Yield cells that this Python can read but the oldest Python used for marking can't."""
    here = sys.version_info[:2]
    oldest = _bounds(folder).get("Python", (here, here))[0]
    if oldest >= here:
        return
    for number, source in enumerate(notebook.code, start=1):
        if _reads(source, here) and not _reads(source, oldest):
            yield (
                f"code cell {number} needs a newer Python than {oldest[0]}.{oldest[1]}, which may "
                "be used for marking. Change it so that older versions can read it (inside an "
                "f-string, use other quotes than around it)."
            )


def _reads(source: str, version: tuple[int, int]) -> bool:
    """Return whether a version of Python can read a text, as far as this one knows."""
    try:
        ast.parse(source, feature_version=version)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    return version >= (3, 12) or not _has_new_fstring(source)


def _has_new_fstring(source: str) -> bool:
    """Return whether an f-string has its own quotes, a backslash or a comment within braces."""
    import tokenize

    around: list[str] = []
    try:
        for token in tokenize.generate_tokens(io.StringIO(source).readline):
            kind = tokenize.tok_name[token.type]
            quotes = token.string.lstrip("rRbBuUfFtT")
            if kind == "FSTRING_END":
                around.pop()
            elif kind in ("FSTRING_START", "STRING"):
                if around and (quotes.startswith(tuple(around)) or "\\" in token.string):
                    return True
                around += [quotes] if kind == "FSTRING_START" else []
            elif kind == "COMMENT" and around:
                return True
    except (tokenize.TokenError, SyntaxError, IndexError):
        return False
    return False


def _packed_line(item: Item, notebook: Saved, run: Run) -> tuple[str, str]:
    """Return an item's line in the table, and its outcome for the manifest."""
    if item.answers:
        if (state := run.states.get(item.name)) is None:
            return row("✗", item, "unknown, because the run did not finish"), "unknown"
        return summed_up(item, state), state
    if is_written(notebook, item.name):
        return summed_up(item, None), "text"
    return row("…", item, "no text yet"), "no text"


# Running a notebook in its own process


def run_again(folder: Path, notebook: Saved, most: float) -> Run:
    """Run a notebook in its own process for at most `most` seconds, then stop all it started."""
    import subprocess
    import tempfile
    import time

    start = time.monotonic()
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as scratch:
        copy, log = Path(scratch, "notebook.json"), Path(scratch, "log")
        copy.write_text(json.dumps(notebook.code), encoding="utf-8")
        log.touch()
        command = [sys.executable or "python", str(Path(__file__).resolve()), "run"]
        settings = {_INSIDE: "1", "MPLBACKEND": "Agg", "IPYTHONDIR": scratch}
        settings["PYTHONIOENCODING"] = "utf-8"  # Windows' default has no ✓
        try:
            process = subprocess.Popen(
                [*command, notebook.problem, str(copy), str(log)],
                cwd=folder,
                env={**os.environ, **settings},
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                start_new_session=True,
            )
        except (OSError, ValueError) as error:
            return Run({}, 0, (f"it can't be run from here ({named(error)}).",))
        try:
            process.wait(most)
            late = False
        except subprocess.TimeoutExpired:
            late = True
        finally:
            _kill_tree(process)
        return _read_log(log.read_text(encoding="utf-8"), late, time.monotonic() - start)


def _kill_tree(process: Any) -> None:
    """Kill a process and the processes that it started."""
    import signal
    import subprocess

    if hasattr(os, "killpg"):
        with suppress(OSError):  # all may have ended already
            os.killpg(process.pid, signal.SIGKILL)
    elif process.poll() is None:
        subprocess.run(
            ["taskkill", "/F", "/T", "/PID", str(process.pid)], capture_output=True, check=False
        )
    process.kill()
    process.wait()


def _read_log(log: str, late: bool, seconds: float) -> Run:
    """Return the run that a log describes line by line, up to its end or until it was stopped."""
    states: dict[str, State] = {}
    faults = []
    last = 0
    for line in log.splitlines():
        try:
            entry = json.loads(line)
        except ValueError:  # cut off in the middle
            break
        last = entry.get("cell", last)
        states.update(entry.get("states", {}))
        if "error" in entry:
            faults.append(f"code cell {last} stops with {entry['error']}")
    if late:
        faults.append(f"stopped after {seconds:.0f} s, in code cell {last}. Does a loop never end?")
    elif not states:
        faults.append(f"the run stopped unexpectedly in code cell {last}.")
    return Run(states, seconds, tuple(faults))


def _run_cells(problem: str, copy: str, log: str) -> None:
    """Run a notebook's code, then its checks, and log the results; called in its own process."""
    from IPython.core.interactiveshell import InteractiveShell

    notebook = InteractiveShell.instance()  # its files go into IPYTHONDIR, which is deleted
    with Path(log).open("w", encoding="utf-8") as file:

        def write(**entry: object) -> None:
            print(json.dumps(entry), file=file, flush=True)

        sources = json.loads(Path(copy).read_text(encoding="utf-8"))
        for number, source in enumerate(sources, start=1):
            write(cell=number)
            result = notebook.run_cell(source)
            plt.close("all")
            error = result.error_before_exec or result.error_in_exec
            if error is not None and not isinstance(error, NotImplementedError):
                write(error=named(error))
        asked = [item.name for item in PROBLEMS[problem] if item.answers]
        write(states={item: quietly(item, notebook.user_ns) for item in asked})


# Writing the package


def _members(
    saved: list[Saved], outcomes: Mapping[str, str], warnings: list[str]
) -> dict[str, bytes]:
    """Return the files of the package: the notebooks, and manifest.json, which describes them."""
    import hashlib

    def stated(time: float) -> str:
        return datetime.fromtimestamp(time, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")

    manifest = {
        "schema": "fdl-submission",
        "version": 1,
        "assignment": ASSIGNMENT,
        "packed": stated(datetime.now(UTC).timestamp()),
        "notebooks": {
            notebook.name: {
                "sha256": hashlib.sha256(notebook.content).hexdigest(),
                "saved": stated(notebook.time),
            }
            for notebook in saved
        },
        "checks": outcomes,
        "warnings": warnings,
        "versions": {name.lower(): version for name, version in _versions().items()},
    }
    text = json.dumps(manifest, indent=1, ensure_ascii=False) + "\n"
    return {**{n.name: n.content for n in saved}, "manifest.json": text.encode()}


def write_package(target: Path, members: Mapping[str, bytes]) -> int:
    """Write the zip file atomically; the same members give the same bytes. Return its size."""
    import tempfile
    import zipfile

    handle, name = tempfile.mkstemp(prefix=".packing-", dir=target.parent)
    try:
        with open(handle, "wb") as file, zipfile.ZipFile(file, "w") as archive:
            for member in sorted(members):
                about = zipfile.ZipInfo(member)  # dated 1980: the manifest has the times
                about.compress_type, about.external_attr = zipfile.ZIP_DEFLATED, 0o644 << 16
                about.create_system = 3
                archive.writestr(about, members[member])
        os.chmod(name, 0o644)
        os.replace(name, target)
    except BaseException:
        os.unlink(name)
        raise
    return target.stat().st_size


def command(words: list[str]) -> int:
    """Run `python checks.py pack` or `python checks.py hint ITEM`; return the exit code."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")  # not every terminal has a ✓
    if words == ["pack"]:
        pack()
    elif len(words) == 2 and words[0] == "hint" and words[1] in HINTS:
        for _ in range(3):
            hint(words[1])
    elif len(words) == 4 and words[0] == "run":
        _run_cells(*words[1:])
    else:
        print("Usage: python checks.py pack, or python checks.py hint ITEM")
        print(f"Items: {', '.join(HINTS)}")
        return 2
    return 0

"""Running a saved notebook as marking does"""

from __future__ import annotations

import ast
import builtins
import errno
import importlib
import io
import json
import os
import re
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, redirect_stderr, redirect_stdout, suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import matplotlib as mpl
import matplotlib.pyplot as plt

from autograder.release.checkskit.facts import FILES, PROBLEMS
from autograder.release.checkskit.items import State, named
from autograder.release.checkskit.notebooks import Saved
from autograder.release.checkskit.verdicts import examine
from autograder.sandbox.inside.absent import Absences, have_progress_bars

MARKING_HAS = (
    "numpy", "matplotlib", "mpl_toolkits", "pylab", "contourpy", "cycler", "dateutil", "fontTools",
    "kiwisolver", "packaging", "PIL", "pyparsing", "tzdata", "IPython", "matplotlib_inline",
    "traitlets", "typing_extensions", "tqdm",
)  # fmt: skip
"""Modules outside the standard library that marking has: numpy, matplotlib and what they need."""

INSIDE = "FDL_CHECKS_PACKING"
"""Environment variable that is set while a notebook runs, so that it does not pack again."""

_MOST = 300
"""Largest number of characters of a message or a name that is kept."""

_PROGRAMS = ("subprocess.Popen", "os.system", "os.exec", "os.posix_spawn", "os.spawn")
_FOLDERS = ("os.chdir", "os.listdir", "os.scandir")
_SYSTEM = (
    "/usr", "/lib", "/lib64", "/bin", "/etc", "/opt", "/proc", "/sys", "/dev", "/System",
    "/Library", "/private" + "/etc", *filter(None, [os.environ.get("SYSTEMROOT")]),
)  # fmt: skip
"""Folders in which Python and its packages look for fonts, time zones and other data."""


@dataclass(frozen=True)
class Fault:
    """Something that a code cell asked for and marking does not have, or the cell's error.

    `kind` is "package", "module" (a file of Python beside the notebook), "file", "path", "program",
    "network", "input" or "error"; `items` are those whose answers the cell defines.
    """

    kind: str
    name: str
    cell: int
    items: tuple[str, ...] = ()


@dataclass(frozen=True)
class Run:
    """The result of running a notebook: the outcome of its checks, and what went wrong.

    `failures` say why the run ended early; `messages` are those of failed checks.
    """

    states: Mapping[str, State]
    seconds: float
    failures: tuple[str, ...] = ()
    faults: tuple[Fault, ...] = ()
    messages: Mapping[str, str] = field(default_factory=dict)


def run_again(folder: Path, notebook: Saved, most: float) -> Run:
    """Run a notebook in a new folder that holds only the homework's files, as marking does.

    It runs in its own process for at most `most` seconds, and every process that it started is
    stopped at the end. In a browser (Pyodide) there are no processes, so it runs in this one.
    """
    import tempfile
    import time

    start = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="packing-", ignore_cleanup_errors=True) as made:
        scratch = Path(made).resolve()
        for name in ("work", "temporary"):
            (scratch / name).mkdir()
        for name in (Path(__file__).name, *FILES):
            with suppress(FileNotFoundError):
                (scratch / "work" / name).write_bytes((folder / name).read_bytes())
        (scratch / "cells").write_text(json.dumps(notebook.code), encoding="utf-8")
        (scratch / "log").touch()
        try:
            if _has_no_processes():
                late = _run_here(notebook.problem, folder, scratch)
            else:
                late = _run_apart(notebook.problem, folder, scratch, most)
        except (OSError, ValueError) as error:
            return Run({}, 0, (f"it can't be run from here ({named(error)}).",))
        log = (scratch / "log").read_text(encoding="utf-8")
        return _read_log(log, late, time.monotonic() - start, notebook)


def _run_apart(problem: str, folder: Path, scratch: Path, most: float) -> bool:
    """Run a notebook in its own process; return whether it had to be stopped."""
    import subprocess

    script = scratch / "work" / Path(__file__).name
    settings = {
        "MPLBACKEND": "Agg",
        "PYTHONIOENCODING": "utf-8",  # Windows' default has no ✓
        **dict.fromkeys(("TMPDIR", "TEMP", "TMP"), str(scratch / "temporary")),
    }
    process = subprocess.Popen(
        [sys.executable or "python", str(script), "run", problem, str(folder), str(scratch)],
        cwd=script.parent,
        env={**os.environ, **settings},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
        creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
    )
    try:
        process.wait(most)
    except subprocess.TimeoutExpired:
        return True
    finally:
        _kill_tree(process)
    return False


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


def _run_here(problem: str, folder: Path, scratch: Path) -> bool:
    """Run a notebook in this process, and restore the process; return False: it was not stopped."""
    import tempfile

    use, switch, temporary = mpl.use, plt.switch_backend, tempfile.tempdir
    modules, path, here = dict(sys.modules), list(sys.path), os.getcwd()
    code = (scratch / "cells").read_text(encoding="utf-8")
    asked = set(re.findall(r"\w+", " ".join(re.findall(r"\b(?:import|from) ([\w., ]+)", code))))
    for name in modules:
        if (top := name.partition(".")[0]) in asked and not _marking_has(top):
            del sys.modules[name]  # so that it is imported again, and refused
    tempfile.tempdir = str(scratch / "temporary")
    sys.path[:] = [str(scratch / "work"), *(p for p in path if Path(p or here) != folder)]
    os.chdir(scratch / "work")
    try:
        with _silenced():
            run_cells(problem, str(folder), str(scratch))
    finally:
        os.chdir(here)
        sys.path[:] = path
        for name in [name for name in sys.modules if name not in modules and "tqdm" in name]:
            del sys.modules[name]
        sys.modules.update(modules)
        mpl.use, plt.switch_backend, tempfile.tempdir = use, switch, temporary
    return False


@contextmanager
def _silenced() -> Iterator[None]:
    """Discard what the block prints or displays."""
    from IPython.utils.capture import capture_output

    before = os.environ.get(INSIDE)
    os.environ[INSIDE] = "1"
    try:
        with capture_output():
            yield
    finally:
        os.environ.pop(INSIDE)
        if before is not None:
            os.environ[INSIDE] = before


def _read_log(log: str, late: bool, seconds: float, notebook: Saved) -> Run:
    """Return the run that a log describes; the log of a stopped run may be incomplete."""
    states: dict[str, State] = {}
    messages: dict[str, str] = {}
    faults: dict[Fault, None] = {}  # each once, in this order
    failures: list[str] = []
    last = 0
    for line in log.splitlines():
        try:
            entry = json.loads(line)
        except ValueError:  # the last line was cut off
            break
        last = entry.get("cell", last)
        states.update(entry.get("states", {}))
        messages.update(entry.get("messages", {}))
        if "fault" in entry:
            cell = _cell_of(notebook, entry["item"]) if entry["item"] else last
            faults[Fault(entry["fault"], entry["name"], cell, _answered(notebook, cell))] = None
    if late and last == 0:
        failures.append("not run: the notebooks before it took all the time.")
    elif late:
        where = f"stopped after {seconds:.0f} s, in code cell {last}."
        failures.append(f"{where} Does a loop never end, or is this computer busy?")
    elif not states:
        failures.append(f"the run stopped unexpectedly in code cell {last}.")
    explained = {fault.cell for fault in faults if fault.kind != "error"}
    told = (f for f in faults if f.kind != "error" or f.cell not in explained)
    return Run(states, seconds, tuple(failures), tuple(told), messages)


def _answered(notebook: Saved, cell: int) -> tuple[str, ...]:
    """Return the items whose answers a code cell defines."""
    source = notebook.code[cell - 1] if cell else ""

    def defines(name: str) -> bool:
        ways = rf"(?:async )?(?:def|class) {name}\b|{name}\b[^=\n(]*=|(?:from|import)\b.*\b{name}\b"
        return bool(re.search(rf"^(?:{ways})", source, re.MULTILINE))

    return tuple(i.name for i in PROBLEMS[notebook.problem] if any(map(defines, i.answers)))


def _cell_of(notebook: Saved, item: str) -> int:
    """Return the number of the last code cell that defines an item's answers; 0 if none does."""
    numbers = range(len(notebook.code), 0, -1)
    return next((n for n in numbers if item in _answered(notebook, n)), 0)


# In the process of the run


def run_cells(problem: str, folder: str, scratch: str) -> None:
    """Run a notebook's code, then its checks, and log the results."""
    os.environ[INSIDE] = "1"
    sources = json.loads(Path(scratch, "cells").read_text(encoding="utf-8"))
    with Path(scratch, "log").open("w", encoding="utf-8") as file:

        def write(**entry: object) -> None:
            print(json.dumps(entry), file=file, flush=True)

        notebook = _shell(scratch)
        watching = _watching(_Watch(Path(folder), Path(scratch), write))
        with mpl.rc_context(), watching as watch:
            _run_sources(notebook, sources, watch, write)
            states, messages = {}, {}
            for item in (item.name for item in PROBLEMS[problem] if item.answers):
                watch.item = item
                with redirect_stdout(io.StringIO()), redirect_stderr(io.StringIO()):
                    result = examine(item, notebook.user_ns)
                watch.look_for_file(result.message)
                states[item], messages[item] = result.state, _clipped(result.fault)
            write(states=states, messages=messages)


def _run_sources(
    notebook: Any, sources: Iterable[str], watch: _Watch, write: Callable[..., None]
) -> None:
    """Run code cells one after the other, and log where each begins and how it fails."""
    for number, source in enumerate(sources, start=1):
        write(cell=number)
        result = notebook.run_cell(source)
        plt.close("all")
        error = result.error_before_exec or result.error_in_exec
        if isinstance(error, KeyboardInterrupt) and _has_no_processes():
            raise error  # the student stopped the run
        if error is not None and not isinstance(error, NotImplementedError):
            watch.look_for_file(text := named(error))
            write(fault="error", name=_clipped(text), item="")


def _clipped(text: str) -> str:
    return text if len(text) <= _MOST else text[: _MOST - 2] + " …"


def _shell(scratch: str) -> Any:
    """Return a shell that goes on after a failing import, without programs and windows."""
    from IPython.core.interactiveshell import InteractiveShell
    from traitlets.config import Config

    absences = Absences()

    class Shell(InteractiveShell):
        def transform_ast(self, node: Any) -> Any:
            code = super().transform_ast(node)  # type: ignore[no-untyped-call]
            return absences.forgive(code, self.user_ns) if isinstance(code, ast.Module) else code

        def system(self, cmd: str) -> None:
            print(f"Shell commands are not run while marking: {cmd}")

        system_raw = system_piped = system

        def getoutput(self, cmd: str, *_: Any, **__: Any) -> Any:
            self.system(cmd)
            return []

        def enable_gui(self, *_: Any) -> None:
            pass

        def enable_matplotlib(self, *_: Any) -> tuple[str, str]:
            return "inline", "inline"

        def ask_exit(self) -> None:
            pass

    settings = Config()
    settings.HistoryManager.enabled = False
    settings.InteractiveShell.colors = "nocolor"
    make: Any = Shell if _has_no_processes() else Shell.instance
    notebook = make(config=settings, ipython_dir=str(Path(scratch, "ipython")))
    plt.switch_backend(mpl.get_backend())  # it may not be loaded yet
    for owner, name in ((mpl, "use"), (plt, "switch_backend")):
        setattr(owner, name, lambda *_, **__: None)  # a window would wait for its user
    have_progress_bars()
    return notebook


@contextmanager
def _watching(watch: _Watch) -> Iterator[_Watch]:
    """Refuse, while the block runs, modules, files and programs that marking does not have."""
    original, ask, by_name = builtins.__import__, builtins.input, importlib.import_module
    builtins.__import__ = partial(watch.import_module, original)
    importlib.import_module = partial(watch.import_module, by_name)
    builtins.input = watch.ask
    _watches.append(watch)
    if not _hooked:
        _hooked.append(True)
        sys.addaudithook(_audit)  # for good: a hook can't be removed
    try:
        yield watch
    finally:
        _watches.remove(watch)
        builtins.__import__, builtins.input, importlib.import_module = original, ask, by_name


_watches: list[_Watch] = []
"""The `_Watch` of the running notebook; empty if no notebook is running."""

_hooked: list[bool] = []


def _audit(event: str, arguments: tuple[Any, ...]) -> None:
    for watch in _watches:
        watch.audit(event, arguments)


class _Watch:
    """Refuses packages, files, programs and hosts that marking does not have, and logs them."""

    def __init__(self, folder: Path, scratch: Path, write: Callable[..., None]) -> None:
        self.item = ""
        self._folder, self._work, self._write = folder, scratch / "work", write
        self._scratch = str(scratch)
        config = (mpl.get_configdir(), mpl.get_cachedir(), os.path.dirname(os.__file__))
        prefixes = (sys.prefix, sys.base_prefix, sys.exec_prefix)
        places = [self._scratch, __file__, *prefixes, *config, *filter(None, sys.path), *_SYSTEM]
        self._open = {os.path.realpath(place) for place in places} - {str(folder)}
        self._shut = {
            os.path.realpath(folder),
            os.path.realpath(os.path.expanduser("~")),
        } - self._open

    def _refuse(self, kind: str, name: str) -> None:
        self._write(fault=kind, name=_clipped(name), item=self.item)

    def import_module(
        self, original: Callable[..., Any], name: str, *rest: Any, **more: Any
    ) -> Any:
        """Import a module, unless a cell asks for a module that marking does not have.

        An import statement passes its globals. A call of `__import__` or `import_module` does not,
        so the globals of the caller are used.
        """
        top = str(name).partition(".")[0]
        asking = rest[0] if rest and isinstance(rest[0], Mapping) else more.get("globals")
        asking = asking or sys._getframe(1).f_globals
        if asking.get("__name__") == "__main__" and top and not self._has(top):
            self._refuse(*self._origin(top))
            raise ModuleNotFoundError(f"No module named {top!r}", name=top)
        return original(name, *rest, **more)

    def ask(self, _prompt: object = "") -> str:
        """Refuse `input()` and log it."""
        self._refuse("input", "input()")
        raise EOFError("marking answers no input()")

    def _has(self, top: str) -> bool:
        return _marking_has(top) or any((self._work / n).exists() for n in (top, f"{top}.py"))

    def _origin(self, top: str) -> tuple[str, str]:
        """Return the kind (file or package) and the name of a module that marking does not have."""
        from importlib.machinery import PathFinder

        if (self._folder / f"{top}.py").is_file():
            return "module", f"{top}.py"
        if (self._folder / top).is_dir():
            return "module", f"{top}/"
        with suppress(Exception):  # a finder of another package may do anything
            spec = PathFinder.find_spec(top)
            if (
                spec
                and spec.origin
                and not {"site-packages", "dist-packages"} & set(Path(spec.origin).parts)
            ):
                return "path", spec.origin
        return "package", top

    def audit(self, event: str, arguments: tuple[Any, ...]) -> None:
        """Refuse an action of Python that marking refuses too."""
        if event == "open" or event in _FOLDERS:
            path = arguments[0]
            creates = event == "open" and bool((arguments[2] or 0) & os.O_CREAT)
            if isinstance(path, str | bytes):
                self._look_at(os.fsdecode(path), creates)
        elif event in _PROGRAMS and _asked_by_a_cell():
            program = os.fsdecode(arguments[0] or "") or str(arguments[1])
            self._refuse("program", program)
            raise PermissionError(errno.EPERM, "marking runs no other programs", program)
        elif event in ("socket.connect", "socket.getaddrinfo"):
            address = arguments[1] if event == "socket.connect" else arguments[:1]
            host = str(address[0]) if isinstance(address, tuple) and address[0] else "localhost"
            if host not in ("localhost", "127.0.0.1", "::1"):
                self._refuse("network", host)
                raise OSError(errno.ENETUNREACH, f"marking has no network: {host}")

    def _look_at(self, name: str, creates: bool) -> None:
        """Log a file that marking does not have; refuse it if it is outside the run's folder."""
        try:
            path = os.path.realpath(name)
            is_there = os.path.exists(path)
        except (OSError, ValueError):
            return
        if _below(path, self._scratch):
            inside = os.path.relpath(path, self._work)
            if not is_there and not creates and (self._folder / inside).exists():
                self._refuse("file", inside.replace("\\", "/"))
        elif self._is_shut(path):
            if is_there:
                self._refuse("path", name)
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), name)

    def look_for_file(self, error: str) -> None:
        """Log the file in numpy's error: numpy reports a missing text file without opening it."""
        match = re.search(r"FileNotFoundError: (.+?) not found", error)
        if match and (self._folder / match[1]).is_file():
            self._refuse("file", match[1])

    def _is_shut(self, path: str) -> bool:
        """Return whether marking can't see a path: the innermost known folder above it decides."""
        if path.endswith((".ttf", ".otf", ".ttc", ".afm")):  # matplotlib also lists a user's fonts
            return False
        nearest = max((f for f in self._open if _below(path, f)), key=len, default="")
        return any(_below(path, f) and len(f) > len(nearest) for f in self._shut) or not nearest


def _has_no_processes() -> bool:
    return sys.platform in ("emscripten", "wasi")


def _marking_has(top: str) -> bool:
    return top in MARKING_HAS or top in sys.stdlib_module_names or top in ("__main__", "checks")


def _below(path: str, folder: str) -> bool:
    """Return whether a path is a folder or something in it."""
    path, folder = os.path.normcase(path), os.path.normcase(folder)
    return path == folder or path.startswith(folder.rstrip(os.sep) + os.sep)


def _asked_by_a_cell() -> bool:
    """Return whether a notebook's code made the call, also through the standard library."""
    frame = sys._getframe(2)
    while frame is not None:
        module = str(frame.f_globals.get("__name__", "")).partition(".")[0]
        is_ours = frame.f_globals is globals() or module in sys.stdlib_module_names
        if not is_ours or (module == "__main__" and frame.f_globals is not globals()):
            return module == "__main__"
        frame = frame.f_back  # type: ignore[assignment]
    return False

"""Run a notebook's code cells in IPython's shell, like a kernel, but without sockets.

Outputs are recorded in the form of nbformat, up to a limit in bytes. Shell lines and installs are
not run; instead, a sentence is printed.
"""

from __future__ import annotations

import ast
import base64
import builtins
import io
import signal
import sys
import time
import traceback
from collections.abc import Callable, Mapping
from types import FrameType
from typing import Any

import matplotlib.pyplot as plt
from IPython.core.compilerop import CachingCompiler
from IPython.core.displayhook import DisplayHook
from IPython.core.displaypub import DisplayPublisher
from IPython.core.error import UsageError
from IPython.core.interactiveshell import InteractiveShell
from matplotlib.figure import Figure
from traitlets import Type
from traitlets.config import Config

from .absent import Absences
from .drawing import png
from .peer import RemoteError
from .wire import Unsendable

Output = dict[str, Any]

CELL_NAME = "<cell {}>"
MAX_ERROR_TEXT = 2_000
MAX_FRAMES = 200
_INSTALLED = "every package that the homework needs is installed."

SHORTER = 3.0
"""Divisor for the time limit of all later cells, used each time a cell reaches its limit."""


class CellTimeout(BaseException):
    """An exception: the cell used up its time.

    CellTimeout is a BaseException, so `except Exception` in student code does not catch it.
    """


class Recorder:
    """A recorder of the outputs of one cell, up to `limit` bytes."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.reset()

    def reset(self) -> None:
        """Forget the outputs of the last cell."""
        self.outputs: list[Output] = []
        self.used = 0
        self.cut = False

    def stream(self, name: str, text: str) -> None:
        """Add printed text; consecutive texts of the same stream are joined."""
        room = self.limit - self.used
        if len(text) > room:
            self.cut, text = True, text[: max(room, 0)]
        if not text:
            return
        self.used += len(text)
        last = self.outputs[-1] if self.outputs else {}
        if last.get("output_type") == "stream" and last["name"] == name:
            last["parts"].append(text)
        else:
            self.outputs.append({"output_type": "stream", "name": name, "parts": [text]})

    def add(self, output: Output, size: int) -> None:
        """Add an output of `size` characters; if it does not fit, mark the outputs as cut."""
        if self.used + size > self.limit:
            self.cut = True
            return
        self.used += size
        self.outputs.append(output)

    def show(self, kind: str, data: Mapping[str, Any], **more: Any) -> None:
        """Add a displayed value; `data` contains its representations, each as text or bytes."""
        bundle = {
            str(mime): base64.b64encode(shown).decode("ascii")
            if isinstance(shown, bytes)
            else shown
            for mime, shown in data.items()
            if isinstance(shown, (str, bytes))
        }
        output = {"output_type": kind, "data": bundle, "metadata": {}, **more}
        self.add(output, sum(map(len, bundle.values())))

    def take(self) -> list[Output]:
        """Return the outputs recorded so far, in nbformat's form."""
        for output in self.outputs:
            if "parts" in output:
                output["text"] = "".join(output.pop("parts"))
        if self.cut:
            self.outputs.append(
                {"output_type": "stream", "name": "stdout", "text": "\n[output cut here]\n"}
            )
        return self.outputs


class RecordedStream(io.TextIOBase):
    """A stream that replaces sys.stdout or sys.stderr and records printed text."""

    encoding = "utf-8"

    def __init__(self, recorder: Recorder, name: str) -> None:
        self._recorder = recorder
        self._name = name

    def writable(self) -> bool:
        return True

    def write(self, text: str) -> int:
        if not isinstance(text, str):
            raise TypeError(f"write() argument must be str, not {type(text).__name__}")
        self._recorder.stream(self._name, text)
        return len(text)


class RecordingDisplay(DisplayPublisher):
    """A recorder of the values that a cell shows with `display(...)`."""

    recorder: Recorder

    def publish(self, data: Any, *_: Any, **__: Any) -> None:
        self.recorder.show("display_data", data)

    def clear_output(self, wait: bool = False) -> None:  # noqa: ARG002
        """Forget all outputs that the cell has shown so far."""
        self.recorder.reset()


class RecordingHook(DisplayHook):
    """A recorder of the value of a cell's last line."""

    recorder: Recorder

    def write_output_prompt(self) -> None:
        """Write nothing: a notebook shows the prompt's number beside the output."""

    def write_format_data(self, format_dict: Any, md_dict: Any = None) -> None:  # noqa: ARG002
        self.recorder.show("execute_result", format_dict, execution_count=self.prompt_count)

    def finish_displayhook(self) -> None:
        """Do nothing: a recorded output needs no flush."""


class CellCompiler(CachingCompiler):
    """A compiler that names code after its cell, so that tracebacks show the cell and the line."""

    current = 0

    def get_code_name(self, raw_code: str, transformed_code: str, number: int) -> str:  # noqa: ARG002
        return CELL_NAME.format(self.current)


class NotebookShell(InteractiveShell):
    """IPython's shell, which records outputs and runs no commands of the operating system."""

    compiler_class = Type(CellCompiler)
    display_pub_class = Type(RecordingDisplay)
    displayhook_class = Type(RecordingHook)

    recorder: Recorder
    absences: Absences

    def transform_ast(self, node: Any) -> Any:
        """Change a cell's code so that the cell goes on after a failed import."""
        transform: Callable[[Any], Any] = super().transform_ast
        code = transform(node)
        return self.absences.forgive(code, self.user_ns) if isinstance(code, ast.Module) else code

    def run_line_magic(self, magic_name: str, line: str, _stack_depth: int = 1) -> Any:
        """Run a line magic; if the magic's package is missing, skip the line and print a note."""
        find: Callable[[str], Any] = self.find_line_magic
        known = find(magic_name) is not None
        try:
            return super().run_line_magic(magic_name, line, _stack_depth + 1)
        except (ImportError, UsageError) as error:
            if known and not magic_name.endswith("load_ext"):
                raise
            print(f"%{magic_name} {line} is left out while marking: {error}")
            return None

    def enable_gui(self, gui: str | None = None) -> None:
        """Do nothing: there is no screen."""

    def enable_matplotlib(self, gui: str | None = None) -> tuple[str, str]:  # noqa: ARG002
        """Return "inline": figures are shown inline, whatever backend `%matplotlib` names."""
        return "inline", "inline"

    def enable_pylab(self, *_: Any, **__: Any) -> Any:
        """Do the same as `%matplotlib`."""
        return "inline", "inline", []

    def ask_exit(self) -> None:
        """Do nothing, so that `exit` and `quit` do not end a notebook that is being marked."""

    def system_piped(self, cmd: str) -> None:
        """Print a sentence instead of running a shell line."""
        print(f"Shell commands are not run while marking: {cmd}")

    system_raw = system_piped
    system = system_piped

    def getoutput(self, cmd: str, split: bool = True, depth: int = 0) -> Any:  # noqa: ARG002
        """Print a sentence and return no lines instead of running `x = !command`."""
        self.system_piped(cmd)
        return []

    def _showtraceback(self, etype: Any, evalue: Any, stb: Any) -> None:  # noqa: ARG002
        name = getattr(etype, "__name__", "Error")
        text = _short_text(evalue)
        output: Output = {"output_type": "error", "ename": name, "evalue": text, "traceback": []}
        self.recorder.add(output, len(text))


def _short_text(error: object) -> str:
    try:
        return str(error)[:MAX_ERROR_TEXT].encode("utf-8", "replace").decode()
    except Exception:  # a student's __str__ may fail in any way
        return ""


def error_place(error: BaseException) -> tuple[tuple[int, int] | None, int, str]:
    """Return the cell and the line (from 1) of the innermost frame of student code, or None.

    Also returns the number of frames of student code, and the name of the function in the innermost
    frame of student code.
    """
    if isinstance(error, SyntaxError) and (cell := _cell_of(error.filename)) is not None:
        return (cell, error.lineno or 1), 0, ""
    place, depth, function = None, 0, ""
    frames = traceback.walk_tb(error.__traceback__)
    for count, (frame, line) in enumerate(frames):
        if count > MAX_FRAMES:
            break
        cell = _cell_of(frame.f_code.co_filename)
        if cell is not None and line:
            place, depth, function = (cell, line), depth + 1, frame.f_code.co_name
    return place, depth, function


def _cell_of(filename: str | None) -> int | None:
    if filename and filename.startswith("<cell ") and filename[6:-1].isdigit():
        return int(filename[6:-1])
    return None


class Runner:
    """A runner, which runs the cells of one notebook in one shell and records their outputs."""

    def __init__(self, output_bytes: int, cell_seconds: float) -> None:
        self.recorder = Recorder(output_bytes)
        self.cell_seconds = cell_seconds
        RecordingDisplay.recorder = self.recorder
        RecordingHook.recorder = self.recorder
        NotebookShell.recorder = self.recorder
        self.absences = NotebookShell.absences = Absences()
        self.shell = NotebookShell.instance(config=_configuration())
        sys.stdout = RecordedStream(self.recorder, "stdout")
        sys.stderr = RecordedStream(self.recorder, "stderr")
        assert self.shell.display_formatter is not None
        self.shell.display_formatter.formatters["image/png"].for_type(Figure, png)
        self._answer_machine_magics()

    @property
    def namespace(self) -> dict[str, Any]:
        """The notebook's global variables."""
        namespace: dict[str, Any] = self.shell.user_ns
        return namespace

    def run(self, index: int, source: str) -> dict[str, Any]:
        """Run one cell; return its outputs, and the kind, place and text of its error, if any."""
        self.recorder.reset()
        self.absences.first = None
        CellCompiler.current = index
        error = self._run_in_time(_keep_lines(source))
        if error is None:
            self._show_open_figures()
        result: dict[str, Any] = {"outputs": self.recorder.take(), "error": None}
        if error is not None:
            result["error"] = describe(error)
        elif self.absences.first is not None:
            result["error"] = describe(self.absences.first)
            result["error"]["text"] += ". The rest of the cell was run without this line."
        return result

    def _run_in_time(self, source: str) -> BaseException | None:
        signal.signal(signal.SIGALRM, _raise_timeout)
        signal.setitimer(signal.ITIMER_REAL, self.cell_seconds, 1.0)
        start = time.monotonic()
        try:
            run: Callable[..., Any] = self.shell.run_cell
            result = run(source, store_history=True)
            error: BaseException | None = result.error_before_exec or result.error_in_exec
            return error
        except BaseException as error:  # the alarm may go off outside of IPython's own try
            return error
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
            if time.monotonic() - start >= self.cell_seconds:
                # code that hangs in this cell often hangs in later cells too, and would use up the
                # time of the submission
                self.cell_seconds /= SHORTER

    def _show_open_figures(self) -> None:
        for number in plt.get_fignums():
            try:
                picture = png(plt.figure(number))
            except Exception:  # a figure that can't be drawn is not shown
                continue
            if picture:
                self.recorder.show("display_data", {"image/png": picture})
        plt.close("all")

    def _answer_machine_magics(self) -> None:
        register: Callable[..., None] = self.shell.register_magic_function
        for name in ("pip", "conda", "mamba", "micromamba", "uv"):
            register(_saying(f"%{name} does nothing while marking: {_INSTALLED}"), "line", name)
        for name in ("bash", "sh", "script", "system", "sx", "!", "cmd"):
            register(_saying(f"%%{name} is not run while marking."), "line_cell", name)


def _keep_lines(source: str) -> str:
    """Return the source with `#` in each leading blank line.

    IPython would not count leading blank lines, so the line numbers of errors would be wrong.
    """
    code = source.lstrip()
    blank = source[: len(source) - len(code)].count("\n")
    if not blank or code.startswith("%%"):
        return source
    return "#\n" * blank + "\n".join(source.split("\n")[blank:])


def _saying(text: str) -> Callable[..., None]:
    return lambda *_: print(text)


def _raise_timeout(_number: int, _frame: FrameType | None) -> None:
    raise CellTimeout("the cell did not end in time")


def _configuration() -> Config:
    config = Config()
    config.HistoryManager.enabled = False
    config.HistoryManager.hist_file = ":memory:"
    config.InteractiveShell.colors = "nocolor"
    config.InteractiveShell.xmode = "Plain"
    config.StoreMagics.autorestore = False
    return config


def describe(error: BaseException) -> dict[str, Any]:
    """Return an exception as plain data: its nearest built-in type, its place and its text."""
    names = (base.__name__ for base in type(error).__mro__ if base in vars(builtins).values())
    kind = next(names, "Exception")
    for own in (CellTimeout, Unsendable, RemoteError):
        if isinstance(error, own):
            kind = own.__name__
    place, depth, function = error_place(error)
    details: dict[str, Any] = {
        "error": kind, "place": place, "depth": depth, "function": function[:MAX_ERROR_TEXT],
        "text": _short_text(error),
    }  # fmt: skip
    if isinstance(error, ImportError) and isinstance(error.name, str):
        details["package"] = error.name[:MAX_ERROR_TEXT]
    if isinstance(error, Unsendable):
        details["kind"] = error.kind
    return details

"""A scratch course with a victim, secrets worth stealing, and sockets that listen.

`Scene.strike` submits attacks beside the victim, marks all submissions in one warm sandbox with the
victim last, records the marks, and writes the students' pages. The `Aftermath` of an attack records
its consequences.
"""

from __future__ import annotations

import atexit
import contextlib
import ctypes
import hashlib
import html
import os
import re
import secrets
import shutil
import socket
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from functools import cache
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from unittest import mock

import nbformat
import numpy as np
from nbgrader.api import Gradebook

from autograder.cache import cache_folder
from autograder.commands.demo import make_scratch_course
from autograder.course.assignment import Assignment, Course
from autograder.course.samples import SampleStudent, write_submission
from autograder.gradebook.database import course_id
from autograder.gradebook.recorder import Recorder
from autograder.grading.jobs import MarkSettings
from autograder.grading.mark import Marking, Warm, mark_submission, open_sandbox
from autograder.pages import pictures
from autograder.pages.feedback import write_feedback
from autograder.sandbox import Limits, Sandbox
from tests.attacks.attack import WHOLE_COURSE, Attack

CHECKOUT = Path(__file__).parents[2]
COURSE = Course(CHECKOUT)
HOMEWORK: Assignment = COURSE.assignment("hw2")

PATIENT = Limits(submission_seconds=120.0)
HASTY = Limits(
    cell_seconds=4.0,
    call_seconds=2.0,
    submission_seconds=60.0,
    memory_bytes=2**30,
    total_memory_bytes=3 * 2**29,
    disk_bytes=64 * 2**20,
    file_bytes=32 * 2**20,
    files=2_000,
    callbacks=5_000,
)

SHARED = [Path("/tmp"), Path("/var/tmp"), Path("/dev/shm"), Path("/dev/mqueue")]
_SUBREAPER = 36

RECORDS = ("autograded", "feedback", "gradebook.db", "gradebook-copies")
PICTURES = {f"image/{kind}" for kind in ("png", "jpeg", "gif", "webp")}
SHOWN = {"text/plain", "text/html", "text/latex", "text/markdown", *PICTURES}


_redrawn_output = cache(pictures.redrawn_output)
"""Honest answers draw the same pictures in every submission, and drawing them again is slow."""


@dataclass(frozen=True)
class Aftermath:
    """Consequences of an attack that a test must check."""

    points: Mapping[str, float]
    recorded: Mapping[str, float]
    active: Sequence[str]
    leaked: Sequence[str]
    changed: Sequence[str]
    heard: Sequence[str]
    victim_is_unharmed: bool = False
    left_processes: Sequence[str] = ("not looked for",)
    left_files: Sequence[str] = ("not looked for",)


class Scene:
    """The scratch course in `root`, with its victim and its listeners."""

    def __init__(self, root: Path) -> None:
        self.canary = secrets.token_hex(12)
        self.root = root / "course"
        self.course = make_scratch_course(COURSE, HOMEWORK, [], self.root)
        self.kept = cache_folder("trials")
        self.temporary = root / "temporary"
        self.temporary.mkdir(mode=0o711)
        self._warm = Warm()  # shared by attackers and victims, as in a process that marks a class
        self._victims: dict[tuple[tuple[str, ...], bool], tuple[Path, str]] = {}
        self._plant_canaries()
        _adopt_orphans()

    def strike(self, attacks: Sequence[Attack], *, use_outer: bool) -> list[Aftermath]:
        """Submit, mark and record the attacks and the victim, and write their feedback.

        With `use_outer=False`, all submissions are marked behind the inner wall alone.

        All attacks must belong to one `group`. Effects that appear only after the last attack, such
        as the victim's marks and leftover files, are listed in the aftermath of each attack.
        """
        [(problems, is_hasty)] = {attack.group for attack in attacks}
        settings = MarkSettings(limits=HASTY if is_hasty else PATIENT, use_outer=use_outer)
        victim, alone = self._victim(problems, settings)
        found: list[Aftermath] = []
        with ExitStack() as stack:
            stack.enter_context(_temporary_folder(self.temporary))
            stack.enter_context(mock.patch.object(pictures, "redrawn_output", _redrawn_output))
            there, processes = set(_shared_files()), _descendants()
            users: set[int] = set()
            with open_sandbox(settings) as sandbox:
                for attack in attacks:
                    found.append(self._strike(attack, victim, settings, sandbox))
                    users |= _user_of(sandbox)
                again = self._mark(victim, settings, sandbox, self._warm)
                users |= _user_of(sandbox)
            left = sorted(_descendants().items() - processes.items())
            files = [str(path) for path in self.temporary.iterdir()]
            files += [
                str(path)
                for path, owner in _shared_files().items()
                if owner in users and path not in there
            ]
        together: dict[str, Any] = {
            "victim_is_unharmed": again.report.to_json() == alone,
            "left_processes": [f"{pid} {name}" for pid, name in left],
            "left_files": files,
        }
        return [replace(each, **together) for each in found]

    def _strike(
        self, attack: Attack, victim: Path, settings: MarkSettings, sandbox: Sandbox
    ) -> Aftermath:
        attacker = self.root / "submitted" / "attacker" / HOMEWORK.name
        for folder in ("submitted", "autograded", "feedback"):
            shutil.rmtree(self.root / folder / "attacker", ignore_errors=True)
        with Listeners(self.temporary.parent) as listeners:
            places = {
                "course": self.root, "checkout": CHECKOUT, "victim": victim, "kept": self.kept,
                **listeners.places,
            }  # fmt: skip
            write_submission(COURSE, HOMEWORK, attack.student(places), attacker)
            _keep_only(attacker, attack)
            own = _texts(attacker)
            if attack.spoil is not None:
                attack.spoil(attacker)
            own += _texts(attacker)
            before = self._state()
            # The worst working folder for a command: Python and other tools read files from the
            # folder in which they are started.
            with contextlib.chdir(attacker):
                marking = self._mark(attacker, settings, sandbox, self._warm)
                recorded = self._record(marking)
            after = self._state()
            return Aftermath(
                points={name: item.points for name, item in marking.report.items.items()},
                recorded=recorded,
                active=self._active(),
                leaked=self._leaks(marking, own),
                changed=sorted(str(path) for path, _ in before.items() ^ after.items()),
                heard=listeners.heard(),
            )

    def _mark(
        self, path: Path, settings: MarkSettings, sandbox: Sandbox, warm: Warm | None
    ) -> Marking:
        return mark_submission(
            self.course, HOMEWORK, path, settings=settings, sandbox=sandbox, warm=warm
        )

    def close(self) -> None:
        """End the hidden tests' session."""
        self._warm.close()

    def _victim(self, problems: tuple[str, ...], settings: MarkSettings) -> tuple[Path, str]:
        """Return the victim's submission of these problems, and its Report if marked alone."""
        key = problems, settings.use_outer
        if key not in self._victims:
            path = self.root / "submitted" / "-".join(["victim", *problems]) / HOMEWORK.name
            shutil.rmtree(path, ignore_errors=True)  # the outer wall may differ
            student = SampleStudent(
                "victim", "answers all", before={"p3-title": f"# {self.canary}"}
            )
            write_submission(COURSE, HOMEWORK, student, path)
            for name in set(WHOLE_COURSE) - set(problems):
                (path / f"{name}.ipynb").unlink()
            with open_sandbox(settings) as sandbox:
                alone = self._mark(path, settings, sandbox, None).report.to_json()
            self._victims[key] = path, alone
        return self._victims[key]

    def _plant_canaries(self) -> None:
        """Write the canary into forbidden places: files, the environment, a comment."""
        for name in ("secret.txt", "gradebook-notes.json", "submitted/secret.txt", ".git-config"):
            path = self.root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(f"{self.canary}\n", encoding="utf-8")
            path.chmod(0o644)
        # The folder is beside the cached results of earlier runs, which contain hidden inputs.
        # Only the owner of the cache can open the cache.
        kept = self.kept / f"{secrets.token_hex(4)}-secret.txt"
        kept.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        kept.write_text(f"{self.canary}\n", encoding="utf-8")
        atexit.register(kept.unlink, missing_ok=True)
        os.environ["FDL_ATTACK_CANARY"] = self.canary

    def _state(self) -> dict[Path, str]:
        """Return the digests of the course's files, except the files that recording changes."""
        written = tuple(self.root / name for name in RECORDS)
        return {
            path: hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else "folder"
            for path in self.root.rglob("*")
            if not path.is_symlink() and not any(map(path.is_relative_to, written))
        }

    def _record(self, marking: Marking) -> dict[str, float]:
        """Record the marks, and return the gradebook's entries for each item."""
        with Recorder(self.course, HOMEWORK) as book:
            book.record("attacker", marking)
        self._pages = write_feedback(self.course, HOMEWORK, ["attacker"])
        with Gradebook(f"sqlite:///{self.root}/gradebook.db", course_id(self.course)) as gradebook:
            submission = gradebook.find_submission(HOMEWORK.name, "attacker")
            return {
                grade.name: grade.score for each in submission.notebooks for grade in each.grades
            }

    def _active(self) -> list[str]:
        """Return active parts of the pages, and of outputs in the notebooks beside the pages."""
        graded = self.root / "autograded" / "attacker" / HOMEWORK.name
        notebooks = [nbformat.read(path, as_version=4) for path in graded.glob("*.ipynb")]
        code = [cell for found in notebooks for cell in found.cells if cell.cell_type == "code"]
        bundles = [output.get("data", {}) for cell in code for output in cell.outputs]
        kinds = {kind for bundle in bundles for kind in bundle} - SHOWN
        texts = [path.read_text(encoding="utf-8") for path in self._pages]
        texts += [bundle["text/html"] for bundle in bundles if "text/html" in bundle]
        return sorted(kinds) + [part for text in texts for part in active_parts(text)]

    def _leaks(self, marking: Marking, own: str) -> list[str]:
        """Return hidden tests, their values and canaries that occur in the attacker's feedback.

        `own` is the attacker's submitted text: lines that occur in `own` are not leaks.
        """
        graded = self.root / "autograded" / "attacker" / HOMEWORK.name
        texts = [marking.report.to_json()]
        given = [*self._pages, *graded.glob("*.ipynb")]
        texts += [path.read_text(encoding="utf-8") for path in given]
        text = _plain("\n".join(texts))
        found = ["the canary"] if self.canary in text else []
        hidden = [line for line in hidden_lines() if line in text and line not in own]
        found += [f"hidden line: {line}" for line in hidden]
        numbers = set(re.findall(r"\d\.\d{9,}", text))
        starts = {number[:11] for number in numbers}
        found += [f"hidden value: {value}" for value in _values(marking) if value in starts]
        return found


@cache
def hidden_lines() -> tuple[str, ...]:
    """Return lines of the hidden tests and solutions that occur in no file for students."""
    given = _plain(
        "\n".join(
            path.read_text(encoding="utf-8")
            for path in COURSE.release(HOMEWORK.name).iterdir()
            if path.is_file()
        )
    )
    folders = COURSE.hidden(HOMEWORK.name), COURSE.solutions(HOMEWORK.name)
    lines = {
        line.strip()
        for folder in folders
        for path in folder.glob("*.py")
        if path.name not in ("misconceptions.py", "sample_class.py")
        for line in path.read_text(encoding="utf-8").splitlines()
    }
    code = re.compile(r"[=(\[]")
    return tuple(
        _plain(line)
        for line in sorted(lines)
        if len(line) >= 30 and code.search(line) and not line.startswith(("#", '"""', "from "))
        and _plain(line) not in given
    )  # fmt: skip


class _Active(HTMLParser):
    """Collects tags and attributes of a page that could act, load something or lead elsewhere."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in ("script", "iframe", "object", "embed", "base", "form", "svg", "math", "link"):
            self.found.append(f"<{tag}>")
        for name, value in attrs:
            harmless = re.fullmatch(
                r"#.*|index\.html|data:image/(png|jpeg|gif|webp);.*", value or "", re.DOTALL
            )
            if name.startswith("on") or (name in ("href", "src", "srcdoc") and not harmless):
                self.found.append(f"{tag} {name}={(value or '')[:60]}")


def active_parts(page: str) -> list[str]:
    """Return the parts of an HTML text that could act."""
    parser = _Active()
    parser.feed(page)
    return parser.found


def _plain(text: str) -> str:
    """Return the text of a page or notebook file without its escape sequences."""
    return html.unescape(text).replace("\\", "")


def _values(marking: Marking) -> set[str]:
    """Return the first ten digits of each number that the hidden tests passed to answers."""
    found: set[str] = set()
    for outcomes in marking.outcomes.values():
        for outcome in outcomes:
            for event in outcome.transcript:
                found.update(_digits([*event.args, *(event.kwargs or {}).values()]))
    return found


def _digits(values: Sequence[Any]) -> Iterator[str]:
    for value in values:
        if isinstance(value, (list, tuple)):
            yield from _digits(value)
            continue
        array = np.asarray(value) if isinstance(value, (np.ndarray, float)) else np.empty(0)
        if array.dtype.kind == "f":
            for number in array.ravel()[:500]:
                text = repr(abs(float(number)))
                if re.fullmatch(r"\d\.\d{9,}", text):
                    yield text[:11]


def _texts(folder: Path) -> str:
    """Return the text of the notebooks in a folder."""
    paths = [path for path in folder.rglob("*.ipynb") if path.is_file() and not path.is_symlink()]
    return "\n".join(_plain(path.read_text(errors="replace")) for path in paths)


def _keep_only(folder: Path, attack: Attack) -> None:
    for name in set(WHOLE_COURSE) - set(attack.problems):
        (folder / f"{name}.ipynb").unlink(missing_ok=True)


@contextmanager
def _temporary_folder(folder: Path) -> Iterator[None]:
    """Put the grader's temporary files into `folder`, so that the test finds leftover files."""
    before = tempfile.tempdir
    tempfile.tempdir = str(folder)
    try:
        yield
    finally:
        tempfile.tempdir = before


def _user_of(sandbox: Sandbox) -> set[int]:
    """Return the uid of student code in this sandbox, or None if it is the grader's own uid."""
    confinement = sandbox._confinement
    return set() if confinement is None else {confinement.spec["uid"]} - {None}


def _shared_files() -> dict[Path, int]:
    """Return the files in folders that every user may write to, with each file's owner."""
    found = {}
    for folder in SHARED:
        for path in folder.glob("*"):
            with contextlib.suppress(FileNotFoundError):
                found[path] = path.stat(follow_symlinks=False).st_uid
    return found


def _adopt_orphans() -> None:
    """Become the parent of orphaned processes, so that the test can find every process."""
    if ctypes.CDLL(None, use_errno=True).prctl(_SUBREAPER, 1, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "this process can't be made a subreaper")


def _descendants() -> dict[int, str]:
    """Return the running descendants of this process, with their names."""
    parents: dict[int, list[int]] = {}
    names: dict[int, str] = {}
    for entry in os.scandir("/proc"):
        if entry.name.isdigit():
            try:
                stat = Path(entry.path, "stat").read_text(encoding="utf-8", errors="replace")
            except OSError:
                continue
            head, _, rest = stat.rpartition(")")
            state, parent = rest.split()[:2]
            if state != "Z":
                names[int(entry.name)] = head.partition("(")[2]
                parents.setdefault(int(parent), []).append(int(entry.name))
    found: dict[int, str] = {}
    waiting = [os.getpid()]
    while waiting:
        for child in parents.get(waiting.pop(), ()):
            found[child] = names[child]
            waiting.append(child)
    return found


class Listeners:
    """Sockets on this machine that no submission may reach."""

    def __init__(self, folder: Path) -> None:
        self._parent = folder

    def __enter__(self) -> Listeners:
        self._folder = tempfile.TemporaryDirectory(prefix="listeners-", dir=self._parent)
        Path(self._folder.name).chmod(0o755)
        path = f"{self._folder.name}/socket"
        name = f"fdl-{secrets.token_hex(8)}"
        self._sockets = {
            "tcp": _bound(socket.AF_INET, socket.SOCK_STREAM, ("127.0.0.1", 0)),
            "udp": _bound(socket.AF_INET, socket.SOCK_DGRAM, ("127.0.0.1", 0)),
            "unix": _bound(socket.AF_UNIX, socket.SOCK_STREAM, path),
            "abstract": _bound(socket.AF_UNIX, socket.SOCK_STREAM, f"\0{name}"),
        }
        Path(path).chmod(0o777)
        self.places = {
            "tcp": self._sockets["tcp"].getsockname()[1],
            "udp": self._sockets["udp"].getsockname()[1],
            "unix": path,
            "abstract": name,
        }
        return self

    def heard(self) -> list[str]:
        """Return the sockets that received a connection."""
        return [name for name, listener in self._sockets.items() if _called(listener)]

    def __exit__(self, *_: object) -> None:
        for listener in self._sockets.values():
            listener.close()
        self._folder.cleanup()


def _bound(family: int, kind: int, address: Any) -> socket.socket:
    listener = socket.socket(family, kind)
    listener.bind(address)
    if kind == socket.SOCK_STREAM:
        listener.listen()
    listener.setblocking(False)
    return listener


def _called(listener: socket.socket) -> bool:
    try:
        if listener.type == socket.SOCK_STREAM:
            listener.accept()[0].close()
        else:
            listener.recv(1)
    except BlockingIOError:
        return False
    return True

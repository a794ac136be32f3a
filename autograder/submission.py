"""What a student handed in, read without trust and put back into the instructor's form.

`read_submission` takes the folder as it was sent (or one notebook of it) and gives, for every
problem, a notebook that is fit to be run: all the released cells in the released order, with the
released metadata, the student's answers in the answer cells, and the student's own further cells
where they stood. Nothing a file holds can make it fail: what can't be read is named as such and the
rest of the submission goes on.

Three steps: find the files (no link is followed, nothing but regular files is opened), read each
(JSON of any nbformat, checked piece by piece; outputs and metadata are left behind), then fit the
student's cells to the released ones. A cell is known by its nbgrader id, else by its cell id, else
by the names that it defines, else by its text.
"""

from __future__ import annotations

import json
import os
import re
import stat
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

import nbformat
from nbformat import NotebookNode

from autograder.errors import SubmissionError
from autograder.grading.report import NotebookState

MAX_BYTES = 100_000_000
"""The largest notebook file that is read; twice as much for all files of a submission together."""
MAX_PARTS = 10_000_000
"""The most lists, maps and members in a file: each can take 20 times its size in memory."""
MAX_CELLS = 5_000
MAX_CODE_BYTES = 500_000
"""The longest code cell: what goes to a worker in one message."""
MAX_ALL_CODE_BYTES = 5_000_000
MAX_TEXT_BYTES = 5_000_000
MAX_FILES = 20
MAX_NOTES = 10
MAX_NAMED = 5
MAX_SHOWN = 80

ELSEWHERE = "# The answer to this item stands in another cell of this notebook."
"""The source of an answer cell that was deleted, where other cells define what it asks for."""

PICTURES = frozenset({"image/png", "image/jpeg", "image/gif", "image/webp"})
BASE64 = re.compile(r"[A-Za-z0-9+/\s]*={0,2}\s*\Z")

NOTEBOOK_NAME = re.compile(r"(.*)\.ipynb(?:\.(?:json|txt))?(?: ?\(\d+\))?", re.I | re.S)


@dataclass(frozen=True)
class ReceivedNotebook:
    """The notebook of one problem: fit to be run, or None with the reason in `message`.

    `notes` say, in sentences for the student, what was found amiss and how it was put right.
    """

    notebook: NotebookNode | None
    state: NotebookState
    message: str
    notes: tuple[str, ...]


@dataclass(frozen=True)
class Submission:
    """What one student handed in: a notebook for every problem, in the assignment's order."""

    name: str
    notebooks: Mapping[str, ReceivedNotebook]


def read_submission(path: Path, skeletons: Mapping[str, NotebookNode]) -> Submission:
    """Read the folder (or the one notebook) `path`; `skeletons` are the released notebooks.

    Raises SubmissionError if there is nothing at `path`; every other fault is told in the notebook
    that it concerns.
    """
    forms = {problem: _Form(skeleton) for problem, skeleton in skeletons.items()}
    files = _read_files(_find_files(path, tuple(forms)), forms)
    return Submission(
        _submission_name(path),
        {problem: _receive(problem, form, files) for problem, form in forms.items()},
    )


def _submission_name(path: Path) -> str:
    """STUDENT for submitted/STUDENT/hw2 and the files in it, else the folder's or file's name."""
    place = Path(os.path.abspath(path))
    folder = place if place.is_dir() else place.parent
    if folder.parent.parent.name == "submitted":
        return _clean(folder.parent.name)
    return _clean(place.name if place.is_dir() else _stem(place.name))


# --- finding the files ---------------------------------------------------------------------------


@dataclass(frozen=True)
class _Place:
    """A file that may be a notebook: where it is, and its name as seen from the submission."""

    path: Path
    shown: str
    depth: int

    @property
    def stem(self) -> str:
        return _stem(self.path.name)


def _find_files(path: Path, problems: Sequence[str]) -> list[_Place]:
    """The notebooks in the folder and in its folders, likely names first; or `path` itself."""
    try:
        mode = os.lstat(path).st_mode
    except (OSError, ValueError) as error:
        raise SubmissionError(
            f"there is no submission at {path}: name a folder with notebooks, or one notebook"
        ) from error
    if not stat.S_ISDIR(mode):
        return [_Place(path, _clean(path.name), 0)]
    found = list(_notebooks_in(path, 0))
    for folder in _listing(path):
        if folder.is_dir(follow_symlinks=False) and not _is_hidden(folder.name):
            found += _notebooks_in(Path(folder.path), 1)

    def rank(place: _Place) -> tuple[bool, bool, int, str]:
        stem = place.stem
        return stem not in problems, not _problem_by_name(stem, problems), place.depth, place.shown

    return sorted(found, key=rank)


def _notebooks_in(folder: Path, depth: int) -> Iterator[_Place]:
    for entry in _listing(folder):
        if NOTEBOOK_NAME.fullmatch(entry.name) and not _is_hidden(entry.name):
            shown = f"{folder.name}/{entry.name}" if depth else entry.name
            yield _Place(Path(entry.path), _clean(shown), depth)


def _listing(folder: Path) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as entries:
            return list(entries)
    except OSError:  # a folder that can't be listed holds nothing for us
        return []


def _is_hidden(name: str) -> bool:
    """Whether it is an editor's or archiver's own: .ipynb_checkpoints, __MACOSX, ._name."""
    return name.startswith(".") or name == "__MACOSX"


def _stem(name: str) -> str:
    match = NOTEBOOK_NAME.fullmatch(name)
    return match[1] if match else name


def _read_bytes(path: Path, limit: int) -> bytes:
    """The content of a regular file of at most `limit` bytes; _UnreadableError says why not."""
    try:
        mode = os.lstat(path).st_mode
        if not stat.S_ISREG(mode):
            raise _UnreadableError(f"it is {_kind_of_file(mode)}, not a file")
        # without O_NONBLOCK, a pipe put there in the meantime would keep us waiting for ever
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        with open(descriptor, "rb") as file:
            status = os.fstat(descriptor)
            if not stat.S_ISREG(status.st_mode):
                raise _UnreadableError("it is not a file")
            if status.st_size <= limit and len(content := file.read(limit + 1)) <= limit:
                return content
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        raise _UnreadableError(f"it can't be opened ({reason})") from error
    raise _UnreadableError(
        f"it is too large (more than {MAX_BYTES // 1_000_000} MB, or twice that with the "
        "files beside it); clear its outputs and save it again"
    )


def _kind_of_file(mode: int) -> str:
    if stat.S_ISDIR(mode):
        return "a folder"
    return "a link" if stat.S_ISLNK(mode) else "a device or a pipe"


# --- reading a file ------------------------------------------------------------------------------

Kind = Literal["code", "markdown", "raw"]


class _UnreadableError(Exception):
    """A file is no notebook; the text ends the sentence "NAME can't be read: ..."."""


@dataclass(frozen=True)
class _Cell:
    """A student's cell, checked: text and what may tell where it belongs."""

    kind: Kind
    source: str
    mark: Mapping[str, Any] = field(default_factory=dict)
    cell_id: str = ""
    attachments: Mapping[str, Mapping[str, str]] = field(default_factory=dict)

    @cached_property
    def grade_id(self) -> str:
        name = self.mark.get("grade_id")
        return name if isinstance(name, str) else ""

    @cached_property
    def text(self) -> str:
        return _normal(self.source)

    @cached_property
    def binds(self) -> frozenset[str]:
        return _names_bound(self.source)

    @cached_property
    def uses(self) -> frozenset[str]:
        return frozenset(re.findall(r"[^\W\d]\w*", self.source)) if self.kind == "code" else _NONE


_NONE: frozenset[str] = frozenset()
_Names = Mapping[int, frozenset[str]]


@dataclass(frozen=True)
class _Read:
    """A notebook file: its cells and notes, or the reason why it has none."""

    place: _Place
    cells: tuple[_Cell, ...] = ()
    notes: tuple[str, ...] = ()
    failure: str = ""


def _read_files(places: Sequence[_Place], forms: Mapping[str, _Form]) -> dict[str, list[_Read]]:
    """The files of each problem; those that belong to none are under the key ""."""
    files: dict[str, list[_Read]] = {"": [], **{problem: [] for problem in forms}}
    budget = 2 * MAX_BYTES
    for place in places[:MAX_FILES]:
        try:
            content = _read_bytes(place.path, min(MAX_BYTES, budget))
            budget -= len(content)
            read = _Read(place, *_read_cells(content))
        except _UnreadableError as error:
            read = _Read(place, failure=str(error))
        except (RecursionError, MemoryError):
            read = _Read(place, failure="it is nested too deeply or too large")
        files[_problem_of(read, forms)].append(read)
    return files


def _read_cells(content: bytes) -> tuple[tuple[_Cell, ...], tuple[str, ...]]:
    """The cells of a notebook file, whatever its nbformat, and notes on what was repaired."""
    notebook, notes = _load(content)
    major = notebook.get("nbformat")
    raw = _raw_cells(notebook)
    if len(raw) > MAX_CELLS:
        raise _UnreadableError(f"it has more than {MAX_CELLS:,} cells")
    if isinstance(major, int) and major != 4 and 0 < major < 100:
        notes.append(
            f"The notebook was saved in the format nbformat {major} instead of 4; "
            "it was read all the same."
        )
    cells = [_read_cell(cell) for cell in raw]
    if None in cells:
        notes.append("Cells that can't be read (no text in them, or far too much) were left out.")
    good = tuple(cell for cell in cells if cell is not None)
    if sum(len(cell.source) for cell in good if cell.kind != "markdown") > MAX_ALL_CODE_BYTES:
        raise _UnreadableError(f"it has more than {MAX_ALL_CODE_BYTES // 1_000_000} MB of code")
    return good, tuple(notes)


def _load(content: bytes) -> tuple[dict[str, Any], list[str]]:
    if not content.strip(b"\0 \t\r\n"):
        raise _UnreadableError("it is empty")
    if sum(content.count(sign) for sign in (b"[", b"{", b",")) > MAX_PARTS:
        raise _UnreadableError("it has too many parts; clear its outputs and save it again")
    notes = []
    text = content.decode(json.detect_encoding(content), "replace")
    if "\ufffd" in text and "\ufffd".encode() not in content:
        notes.append("Some letters of the file are not in UTF-8 and could not be read.")
    try:
        notebook = json.loads(text.strip("\0\ufeff \t\r\n"))
    except json.JSONDecodeError as error:
        raise _UnreadableError(f"it is not JSON (line {error.lineno}: {error.msg})") from error
    except ValueError as error:  # such as a number of thousands of digits
        raise _UnreadableError("it holds something that JSON is not meant for") from error
    if not isinstance(notebook, dict):
        raise _UnreadableError("it is JSON, but not a notebook")
    return notebook, notes


def _raw_cells(notebook: Mapping[str, Any]) -> list[Any]:
    """The list of cells; up to nbformat 3 it stands in worksheets."""
    cells = notebook.get("cells")
    if isinstance(cells, list):
        return cells
    sheets = notebook.get("worksheets")
    if not isinstance(sheets, list):
        raise _UnreadableError("it is JSON, but not a notebook: it has no list of cells")
    found: list[Any] = []
    for sheet in sheets:
        inside = sheet.get("cells") if isinstance(sheet, dict) else None
        found += inside if isinstance(inside, list) else []
    return found


def _read_cell(raw: object) -> _Cell | None:
    """One cell, whichever nbformat it is of; None where there is no text to be had."""
    if not isinstance(raw, dict):
        return None
    kind = raw.get("cell_type")
    # up to nbformat 3, code is under "input", and a heading is its own kind of cell
    source = _joined(raw.get("source", raw.get("input")))
    if source is None:
        return None
    if kind == "heading":
        level = raw.get("level")
        depth = level if isinstance(level, int) and 1 <= level <= 6 else 1
        source = "#" * depth + " " + source
    kind = _kind(kind)
    limit = MAX_CODE_BYTES if kind == "code" else MAX_TEXT_BYTES
    if len(source.encode()) > limit:
        return None
    metadata = raw.get("metadata")
    mark = metadata.get("nbgrader") if isinstance(metadata, dict) else None
    cell_id = raw.get("id")
    return _Cell(
        kind=kind,
        source=source,
        mark=mark if isinstance(mark, dict) else {},
        cell_id=cell_id if isinstance(cell_id, str) else "",
        attachments=_pictures(raw.get("attachments")),
    )


def _kind(name: object) -> Kind:
    if name == "code":
        return "code"
    return "markdown" if name in ("markdown", "heading", "html") else "raw"


def _joined(source: object) -> str | None:
    """A cell's text as one string without what is no text (NUL, half a surrogate pair)."""
    if isinstance(source, list) and all(isinstance(line, str) for line in source):
        source = "".join(source)
    if not isinstance(source, str):
        return None
    source = source.replace("\r\n", "\n").replace("\r", "\n")
    source = source.replace("\0", "\ufffd").replace("\ufeff", "")
    return source.encode("utf-8", "replace").decode()


def _pictures(attachments: object) -> dict[str, dict[str, str]]:
    """The pictures pasted into a text cell, such as a photo of a proof; nothing that is active."""
    found: dict[str, dict[str, str]] = {}
    if not isinstance(attachments, dict):
        return found
    for name, bundle in attachments.items():
        if isinstance(bundle, dict):
            good = {
                kind: data
                for kind, raw in bundle.items()
                if kind in PICTURES and (data := _joined(raw)) and BASE64.match(data)
            }
            if good:
                found[_clean(name)] = good
    return found


def _clean(name: str) -> str:
    """A file's name as it can be shown: printable, and not endless."""
    text = name.encode("utf-8", "replace").decode()
    text = "".join(letter if letter.isprintable() else "?" for letter in text)
    return text if len(text) <= MAX_SHOWN else text[: MAX_SHOWN - 1] + "…"


def _normal(source: str) -> str:
    """The text without what editors change by themselves: space at line ends, outer blank lines."""
    return "\n".join(line.rstrip() for line in source.splitlines()).strip()


DEFINITION = re.compile(
    r"""^(?:async[ ]+)?(?:def|class)[ \t]+(?P<name>[^\W\d]\w*+)
      | ^[(\[]?(?P<targets>[^\W\d]\w*+(?:[ \t]*,[ \t]*[^\W\d]\w*+)*)
        ,?[)\]]?[ \t]*(?::[^=\n]*)?=(?!=)
      | ^from[ \t]+\S+[ \t]+import[ \t]+(?P<imports>[^\n]+)""",
    re.MULTILINE | re.VERBOSE,
)


def _names_bound(source: str) -> frozenset[str]:
    """The names that a cell defines at its top level, as far as a look at its lines can tell.

    Python's own parser is not for hostile text (it can exhaust the stack), and a cell need not be
    Python alone (magics).
    """
    names: set[str] = set()
    for match in DEFINITION.finditer(re.sub(r";[ \t]*", "\n", source)):
        if match["name"]:
            names.add(match["name"])
        elif match["targets"]:
            names.update(re.findall(r"\w+", match["targets"]))
        else:
            parts = match["imports"].split(",")
            names.update(words[-1] for part in parts if (words := re.findall(r"\w+", part)))
    return frozenset(names)


# --- the released notebook -----------------------------------------------------------------------

Role = Literal["code", "text", "locked"]


@dataclass(frozen=True)
class _Slot:
    """A released cell: where it stands, what it is for, and the names that its stub defines."""

    position: int
    cell: NotebookNode
    role: Role
    grade_id: str
    text: str
    names: frozenset[str]

    @property
    def kind(self) -> str:
        return str(self.cell.cell_type)


class _Form:
    """A released notebook, with the means to tell which of its cells a student's cell is."""

    def __init__(self, skeleton: NotebookNode) -> None:
        self.skeleton = skeleton
        self.slots = [_slot(position, cell) for position, cell in enumerate(skeleton.cells)]
        self.cell_ids = {str(slot.cell.get("id", "")) for slot in self.slots}
        self._by_grade_id = {slot.grade_id: slot for slot in self.slots if slot.grade_id}
        self._by_cell_id = {slot.cell.id: slot for slot in self.slots if slot.cell.get("id")}
        texts = Counter(slot.text for slot in self.slots)
        self._by_text = {s.text: s for s in self.slots if s.text and texts[s.text] == 1}
        self._stubs = {slot.text for slot in self.slots if slot.role != "locked"}
        self._owners: dict[str, set[int]] = {}
        for slot in self.slots:
            for name in slot.names:
                self._owners.setdefault(name, set()).add(slot.position)

    def named(self, cell: _Cell) -> list[_Slot]:
        """The released cells that the cell says it is, by its nbgrader id and by its own id."""
        found = self._by_grade_id.get(cell.grade_id), self._by_cell_id.get(cell.cell_id)
        return [slot for slot in found if slot is not None]

    def claim(self, cell: _Cell) -> _Slot | None:
        """The released cell that the student's cell is: by what it says, if that can be, or text.

        It can't be if the released cell is read-only and has another text, or if the cell answers
        another item than it says.
        """
        same = self._by_text.get(cell.text)
        if same is not None and same.role == "locked":
            return same
        for slot in self.named(cell):
            if slot.role == "locked":
                fits = cell.text == slot.text
            else:
                fits = not (slot.names and slot.names.isdisjoint(cell.binds) and self.owners(cell))
            if fits:
                return slot
        return same

    def is_changed(self, cell: _Cell) -> bool:
        """Whether the cell, which claims none, has a read-only cell's nbgrader id.

        A cell id alone is too weak a sign to leave a student's code out.
        """
        slot = self._by_grade_id.get(cell.grade_id)
        return slot is not None and slot.role == "locked"

    def owners(self, cell: _Cell) -> set[int]:
        """The answer cells whose names the cell defines."""
        return set().union(*(self._owners.get(name, ()) for name in cell.binds))

    def is_stub(self, cell: _Cell) -> bool:
        """Whether the cell is a copy of an untouched answer cell."""
        return cell.text in self._stubs

    def votes(self, cells: Iterable[_Cell]) -> tuple[int, int]:
        """How many released cells the cells are, by their ids, and how many by their names."""
        cells = list(cells)
        by_id = {slot.position for cell in cells for slot in self.named(cell)}
        by_name = {owner for cell in cells for owner in self.owners(cell)}
        return len(by_id), len(by_name)

    def answered(self, cells: Iterable[_Cell]) -> int:
        """How many answer cells have an answer, whatever it is worth."""
        found = set()
        for cell in cells:
            slot = self.claim(cell)
            if slot is None:
                found |= self.owners(cell)
            elif slot.role != "locked" and cell.text not in ("", slot.text):
                found.add(slot.position)
        return len(found)


def _slot(position: int, cell: NotebookNode) -> _Slot:
    mark = cell.metadata.get("nbgrader", {})
    source = str(cell.source)
    role: Role = "locked"
    if mark.get("solution") and not mark.get("locked"):
        role = "code" if cell.cell_type == "code" else "text"
    names = _names_bound(source) if role == "code" else _NONE
    return _Slot(position, cell, role, str(mark.get("grade_id", "")), _normal(source), names)


# --- which file is which problem's ---------------------------------------------------------------


def _problem_of(read: _Read, forms: Mapping[str, _Form]) -> str:
    """The problem that a file belongs to, by its name unless its cells say another; or ""."""
    by_name = _problem_by_name(read.place.stem, tuple(forms))
    votes = {problem: form.votes(read.cells) for problem, form in forms.items()}
    if by_name and (not read.cells or any(votes[by_name])):
        return by_name
    return _clear_winner(votes) or by_name


def _problem_by_name(stem: str, problems: Sequence[str]) -> str:
    """The longest problem name in the file's name, whatever case and separators it has there."""
    found = [problem for problem in problems if _name_pattern(problem).search(stem)]
    return max(found, key=len, default="")


def _name_pattern(problem: str) -> re.Pattern[str]:
    words = re.findall(r"[^\W_]+", problem) or [re.escape(problem)]
    # problem1 is not in the name problem12, nor 2nd in 12nd
    before = r"(?<!\d)" if words[0][0].isdigit() else ""
    after = r"(?!\d)" if words[-1][-1].isdigit() else ""
    return re.compile(before + r"[\W_]*".join(words) + after, re.IGNORECASE)


def _clear_winner(votes: Mapping[str, tuple[int, int]]) -> str:
    """The problem with more than twice the votes of any other: by ids, or by names without any."""
    for way in (0, 1):
        ranked = sorted(votes, key=lambda problem: -votes[problem][way])
        counts = [votes[problem][way] for problem in ranked] + [0, 0]
        if counts[0]:
            return ranked[0] if counts[0] > 2 * counts[1] else ""
    return ""


def _receive(problem: str, form: _Form, files: Mapping[str, Sequence[_Read]]) -> ReceivedNotebook:
    """The notebook of one problem, made from the best of its files."""
    reads = sorted(files[problem], key=lambda read: _rank(read, problem, form))
    if not reads:
        return ReceivedNotebook(None, "missing", _missing(problem, files[""]), ())
    best, others = reads[0], reads[1:]
    if best.failure:
        message = f"{best.place.shown} can't be read: {best.failure}."
        return ReceivedNotebook(None, "unreadable", message, ())
    notes = [*_choice_notes(problem, best, others), *best.notes]
    fitting = _Fitting(form, best.cells)
    notebook = fitting.notebook()
    return ReceivedNotebook(notebook, "marked", "", tuple((notes + fitting.notes())[:MAX_NOTES]))


def _rank(read: _Read, problem: str, form: _Form) -> tuple[bool, bool, bool, int, int, str]:
    """Readable before unreadable, answered before untouched, the exact name, most answers."""
    answered = form.answered(read.cells)
    return (
        bool(read.failure),
        not answered,
        read.place.stem != problem,
        -answered,
        read.place.depth,
        read.place.shown,
    )


def _missing(problem: str, strangers: Sequence[_Read]) -> str:
    message = f"There is no notebook {problem}.ipynb in what was handed in."
    if strangers:
        names = _listed([_described(read) for read in strangers])
        message += f" Files that belong to no single problem: {names}."
    return message


def _described(read: _Read) -> str:
    return read.place.shown + (f" (can't be read: {read.failure})" if read.failure else "")


def _choice_notes(problem: str, best: _Read, others: Sequence[_Read]) -> list[str]:
    notes = []
    if others:
        names = _listed([read.place.shown for read in others])
        notes.append(f"Several files are there for this problem: {best.place.shown} was taken, "
                     f"{names} left aside.")  # fmt: skip
    if not _name_pattern(problem).search(best.place.stem):
        notes.append(
            f"{best.place.shown} was recognised by its cells; its name should be {problem}.ipynb."
        )
    elif best.place.stem != problem:
        notes.append(f"{best.place.shown} was taken for {problem}.ipynb.")
    return notes


def _listed(names: Sequence[str]) -> str:
    """The names in a row, the first few of them if there are many."""
    text = ", ".join(names[:MAX_NAMED])
    return text if len(names) <= MAX_NAMED else f"{text} and {len(names) - MAX_NAMED} more"


# --- fitting a student's cells to the released ones ----------------------------------------------


class _Fitting:
    """The student's cells, each given its place among the released ones.

    A student's cell is an answer (its source goes into that answer cell), a copy of a read-only
    cell or of a stub (not needed), or an extra (kept as it stands). `gaps` says in front of which
    released cell an extra goes.
    """

    def __init__(self, form: _Form, cells: Sequence[_Cell]) -> None:
        self.form = form
        self.cells = cells
        self.claims: dict[int, list[int]] = {slot.position: [] for slot in form.slots}
        self.free: list[int] = []
        self.edited: list[int] = []
        self.answers: dict[int, int] = {}
        self.texts: dict[int, list[int]] = {}
        self.adopted: list[str] = []
        self._sort_cells()
        self._choose_answers()
        self._choose_texts()
        self.extras = sorted(self.free)
        self.anchors = self._anchors()
        self._adopt_texts()
        self.gaps = self._gaps()

    def _sort_cells(self) -> None:
        for index, cell in enumerate(self.cells):
            slot = self.form.claim(cell)
            if slot is not None and slot.role == "code" and _is_too_long(cell):
                self.free.append(index)
            elif slot is not None:
                self.claims[slot.position].append(index)
            elif self.form.is_changed(cell):
                self.edited.append(index)
            elif cell.text and not self.form.is_stub(cell):
                self.free.append(index)

    # answers in code

    def _choose_answers(self) -> None:
        """Choose the cell whose source becomes the answer: what a run from the top ends with.

        First for the cells that say which answer they are, and do define it, then for the rest.
        Copies that are not chosen stay extras.
        """
        slots = [slot for slot in self.form.slots if slot.role == "code"]
        for slot in slots:
            filled = self._filled(slot)
            binding = [i for i in filled if self.cells[i].binds & slot.names or not slot.names]
            if binding:
                self.answers[slot.position] = self._last(binding)
            self.free += [i for i in filled if i != self.answers.get(slot.position)]
        for slot in slots:
            if slot.position not in self.answers:
                index = self._other_answer(slot)
                if index is not None:
                    self.answers[slot.position] = index

    def _other_answer(self, slot: _Slot) -> int | None:
        claimed = self.claims[slot.position]
        filled = [i for i in self._filled(slot) if i in self.free]
        left_as_it_was = any(self.cells[i].text == slot.text and self._is_code(i) for i in claimed)
        if filled or not left_as_it_was:
            for indices in (self.free, self.edited):
                recognised = self._recognised(slot, indices)
                if recognised is not None:
                    return recognised
        if filled:
            last = self._last(filled)
            # text in the place of an answer that stands in other cells is a remark, no code
            if not self._is_code(last) and self._defined_in(slot, self.free):
                return None
            self.free.remove(last)
            return last
        return max((i for i in claimed if self._is_code(i)), default=None)

    def _filled(self, slot: _Slot) -> list[int]:
        """The cells that say they are this one, and are neither its stub nor empty."""
        return [i for i in self.claims[slot.position] if self.cells[i].text not in ("", slot.text)]

    def _last(self, indices: Iterable[int]) -> int:
        return max(indices, key=lambda i: (self._is_code(i), i))

    def _recognised(self, slot: _Slot, indices: list[int]) -> int | None:
        """The last of the cells that define most of this answer's names, and no other answer's."""
        fitting = [
            i
            for i in indices
            if self._is_code(i) and self.form.owners(self.cells[i]) == {slot.position}
        ]
        if not fitting:
            return None
        best = max(fitting, key=lambda i: (len(self.cells[i].binds & slot.names), i))
        indices.remove(best)
        return best

    def _is_code(self, index: int) -> bool:
        return self.cells[index].kind == "code"

    def _defined_in(self, slot: _Slot, indices: Iterable[int]) -> bool:
        return any(self._is_code(i) and self.cells[i].binds & slot.names for i in indices)

    # answers in words

    def _choose_texts(self) -> None:
        for slot in self.form.slots:
            if slot.role == "text":
                filled = [
                    i
                    for i in self.claims[slot.position]
                    if self.cells[i].attachments or self.cells[i].text not in ("", slot.text)
                ]
                self.texts[slot.position] = filled

    def _adopt_texts(self) -> None:
        """Take text that was written beside an untouched answer cell for the answer.

        nbgrader gives no points, unseen, for an answer in words that was left as it was.
        """
        open_slots = [position for position, filled in self.texts.items() if not filled]
        for index in [i for i in self.extras if not self._is_code(i)]:
            before = max((p for i, p in self.anchors if i < index), default=-1)
            after = min((p for i, p in self.anchors if i > index), default=len(self.form.slots))
            near = [position for position in open_slots if before <= position <= after]
            if len(near) == 1:
                if not self.texts[near[0]]:
                    self.adopted.append(self.form.slots[near[0]].grade_id)
                self.texts[near[0]].append(index)
                self.extras.remove(index)

    # extras and order

    def _anchors(self) -> list[tuple[int, int]]:
        """Cells and the released cells that they are, as many as stand in the released order."""
        pairs = [(index, position) for position, index in self.answers.items()]
        for position, indices in self.claims.items():
            if (
                indices
                and position not in self.answers
                and self.form.slots[position].role != "code"
            ):
                pairs.append((indices[0], position))
        return _longest_rise(sorted(pairs))

    def _gaps(self) -> dict[int, int]:
        """For each extra, the released cell it goes in front of: after the one it stood behind."""
        gaps: dict[int, int] = {}
        anchors = dict(self.anchors)
        gap = 0
        extras = set(self.extras)
        for index in range(len(self.cells)):
            if index in anchors:
                gap = anchors[index] + 1
            elif index in extras:
                gaps[index] = gap
        if any(index not in anchors for index in self.answers.values()):
            self._keep_order(gaps)
        return gaps

    def _keep_order(self, gaps: dict[int, int]) -> None:
        """Where an answer goes back to its place, let the extras that belong to it go along.

        What defines a name stays in front of what uses it, as far as that can be; above all, cells
        that define the same name stay in their order, so that the same one has the last word.
        """
        fixed = set(self.answers.values())
        order = [
            i for i in range(len(self.cells)) if i in fixed or (i in gaps and self._is_code(i))
        ]
        binds = {i: self.cells[i].binds for i in order}
        uses = {i: self.cells[i].uses for i in order}
        self._pull(gaps, order[::-1], binds, uses)
        self._push(gaps, order, uses, binds)
        self._pull(gaps, order[::-1], binds, binds)

    def _pull(self, gaps: dict[int, int], order: list[int], own: _Names, others: _Names) -> None:
        """Put each extra in front of the later cells whose `others` are among its `own` names."""
        places = {index: position for position, index in self.answers.items()}
        first: dict[str, int] = {}
        for index in order:
            if index in places:
                place = places[index]
            else:
                known = (first[name] for name in own[index] if name in first)
                place = gaps[index] = min([gaps[index], *known])
            first.update((name, min(place, first.get(name, place))) for name in others[index])

    def _push(self, gaps: dict[int, int], order: list[int], own: _Names, others: _Names) -> None:
        """Put each extra behind the earlier cells whose `others` are among its `own` names."""
        places = {index: position + 1 for position, index in self.answers.items()}
        last: dict[str, int] = {}
        for index in order:
            if index in places:
                place = places[index]
            else:
                known = (last[name] for name in own[index] if name in last)
                place = gaps[index] = max([gaps[index], *known])
            last.update((name, max(place, last.get(name, place))) for name in others[index])

    # the result

    def notebook(self) -> NotebookNode:
        """The released notebook with the student's answers and extras in it."""
        bound = {
            name
            for i in [*self.answers.values(), *self.extras]
            if self._is_code(i)
            for name in self.cells[i].binds
        }
        extras: dict[int, list[int]] = {}
        for index in self.extras:
            extras.setdefault(self.gaps[index], []).append(index)
        cells: list[NotebookNode] = []
        for slot in self.form.slots:
            cells += [self._extra(i) for i in extras.get(slot.position, ())]
            cells.append(self._restored(slot, bound))
        cells += [self._extra(i) for i in extras.get(len(self.form.slots), ())]
        for position, cell in enumerate(cells):
            if not cell.get("id"):
                cell.id = self._new_id(f"cell-{position + 1}")
        skeleton = self.form.skeleton
        return _node(
            {
                "nbformat": 4,
                "nbformat_minor": max(skeleton.nbformat_minor, 5),
                "metadata": deepcopy(skeleton.metadata),
                "cells": cells,
            }
        )

    def _new_id(self, name: str) -> str:
        while name in self.form.cell_ids:
            name += "-"
        return name

    def _restored(self, slot: _Slot, bound: set[str]) -> NotebookNode:
        cell: NotebookNode = deepcopy(slot.cell)
        if cell.cell_type == "code":
            cell.outputs = []
            cell.execution_count = None
        if slot.role == "code":
            if slot.position in self.answers:
                cell.source = self.cells[self.answers[slot.position]].source
            elif slot.names & bound:
                cell.source = ELSEWHERE
        if slot.role == "text" and self.texts[slot.position]:
            written = [self.cells[i] for i in self.texts[slot.position]]
            cell.source = "\n\n".join(dict.fromkeys(w.source for w in written))
            _attach(cell, written)
        return cell

    def _extra(self, index: int) -> NotebookNode:
        cell = self.cells[index]
        # a raw cell would go into a page as it is, so it becomes text
        kind = "code" if cell.kind == "code" else "markdown"
        content = {"cell_type": kind, "metadata": {}, "source": cell.source}
        content["id"] = self._new_id(f"extra-{index + 1}")
        if kind == "code":
            return _node({**content, "outputs": [], "execution_count": None})
        extra = _node(content)
        _attach(extra, [cell])
        return extra

    # notes

    def notes(self) -> list[str]:
        """What was amiss, in sentences for the student."""
        return list(dict.fromkeys(self._notes()))

    def _notes(self) -> Iterator[str]:
        slots = self.form.slots
        edited = list(dict.fromkeys(self.cells[i].grade_id for i in self.edited))
        if edited:
            names = _listed(edited)
            yield f"Read-only cells were changed; the originals were put back: {names}."
        unseen = [s for s in slots if not self.claims[s.position]]
        lost = [s.grade_id for s in unseen if s.role == "locked" and s.grade_id not in edited]
        if lost:
            yield f"Read-only cells were missing; they were put back: {_listed(lost)}."
        taken = {**self.answers, **{p: found for p, found in self.texts.items() if found}}
        gone = [s.grade_id for s in unseen if s.role != "locked" and s.position not in taken]
        if gone:
            yield f"Answer cells were missing; they were put back: {_listed(gone)}."
        copies = [s.grade_id for s in slots if s.role == "code" and len(self._filled(s)) > 1]
        if copies:
            yield f"There are several copies of an answer cell; all were run: {_listed(copies)}."
        if self.adopted:
            yield (
                "Text beside an untouched answer cell was taken as the answer: "
                f"{_listed(self.adopted)}."
            )
        yield from self._cell_notes()

    def _cell_notes(self) -> Iterator[str]:
        matched = [
            (slot, self.cells[i]) for slot in self.form.slots for i in self.claims[slot.position]
        ]
        recognised = [
            self.form.slots[position].grade_id
            for position, index in self.answers.items()
            if index not in self.claims[position]
        ]
        if recognised:
            yield f"Answers were recognised by the names they define: {_listed(recognised)}."
        retyped = [slot.grade_id for slot, cell in matched if cell.kind != slot.kind]
        if retyped:
            yield f"Cells had their type changed; it was put back: {_listed(retyped)}."
        forged = [slot.grade_id for slot, cell in matched if _is_altered(slot, cell)]
        if forged:
            yield f"The metadata of cells was changed; the originals count: {_listed(forged)}."
        first = sorted((claimed[0], p) for p, claimed in self.claims.items() if claimed)
        if len(_longest_rise(first)) < len(first):
            yield "Cells were moved; they were put back in the order of the released notebook."


def _is_too_long(cell: _Cell) -> bool:
    """Whether text, which may be longer than code, is too long to become code again."""
    return len(cell.source.encode()) > MAX_CODE_BYTES


def _is_altered(slot: _Slot, cell: _Cell) -> bool:
    released = slot.cell.metadata.get("nbgrader", {})
    keys = ("grade_id", "grade", "solution", "locked", "points")
    return any(released.get(key) != cell.mark.get(key) for key in keys)


def _longest_rise(pairs: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """The longest part of the pairs, in their order, whose second members rise strictly."""
    tails: list[int] = []  # the least second member that ends a rise of each length
    ends: list[int] = []  # and the pair it is in
    previous: list[int] = []
    for number, (_, position) in enumerate(pairs):
        length = bisect_left(tails, position)
        tails[length : length + 1] = [position]
        ends[length : length + 1] = [number]
        previous.append(ends[length - 1] if length else -1)
    rise = []
    number = ends[-1] if ends else -1
    while number >= 0:
        rise.append(pairs[number])
        number = previous[number]
    return rise[::-1]


def _node(content: Mapping[str, Any]) -> NotebookNode:
    node: NotebookNode = nbformat.from_dict(content)
    return node


def _attach(cell: NotebookNode, written: Iterable[_Cell]) -> None:
    pictures = {name: dict(kinds) for w in written for name, kinds in w.attachments.items()}
    if pictures:
        cell.attachments = _node(pictures)

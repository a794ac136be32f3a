"""Exchange rubrics between the desk's log and the source notebooks.

The desk starts with the source's rubric. `save_rubrics` writes a rubric that was changed at the
desk back into the source. Only the lines of changed steps change, so that a person can review the
change with `git diff`. Nothing is written if somebody changed the source's rubric meanwhile.
"""

from __future__ import annotations

import difflib
import hashlib
import json
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path

import msgspec

from autograder.course.assignment import NEARLY, Course, Item
from autograder.course.gradecells import CellPlace, grade_id, is_manual
from autograder.course.rubric import Rubric, Step, StepLines, evidence_in, read_rubric, read_steps
from autograder.durable import write_bytes
from autograder.errors import CourseError, DeskError
from autograder.gradebook.database import open_gradebook
from autograder.gradebook.handmarks import (
    HandMarks,
    RubricStep,
    RubricVersion,
    append,
    new_uid,
    read_hand_marks,
)

RUBRIC = "#### Rubric"
"""The line above the steps in a manual item's cell."""

_SIMILAR = 0.6
"""Smallest share of common words at which a step counts as a reworded version of another step."""

_COMPARED_WORDS = 200
"""Number of words of a step to compare; further words are ignored."""

_POINTS = re.compile(r"- \([^)]*\)")
_DECODER = json.JSONDecoder()
_SPACE = re.compile(r"[ \t\r\n]*")


@dataclass(frozen=True)
class Saved:
    """A rubric that was written into a notebook: the item, the file, and the changed lines.

    The lines begin with `-` (the line before) or `+` (the line now).
    """

    item: str
    notebook: Path
    lines: tuple[str, ...]


# --- the source's rubric as a version of the desk's rubric ---------------------------------------


def digest_of(rubric: Rubric | None) -> str:
    """Return the digest of the source's rubric; `rubric` is None if it is missing or unreadable."""
    return hashlib.sha256(repr(rubric).encode()).hexdigest()[:32]


def as_version(homework: str, item: str, rubric: Rubric | None, marker: str = "") -> RubricVersion:
    """Return the source's rubric as an item's first version, which is the same in all copies."""
    digest = digest_of(rubric)
    steps = rubric.steps if rubric else ()
    return RubricVersion(
        uid=hashlib.sha256(f"{homework} {item} {digest}".encode()).hexdigest()[:32],
        marker=marker,
        item=item,
        steps=tuple(
            RubricStep(f"s{number}", step.points, step.text, step.evidence)
            for number, step in enumerate(steps, 1)
        ),
        source=digest,
    )


def with_ids(steps: Sequence[Step], known: Sequence[RubricStep]) -> tuple[RubricStep, ...]:
    """Return the source's steps with the ids of the known steps that they repeat or reword.

    A step without such a known step gets a new id.
    """
    ids, left = [""] * len(steps), list(known)
    for least in (1.0, _SIMILAR):
        for index, step in enumerate(steps):
            alike = [each for each in left if (each.points < 0) == step.is_deduction]
            best = max(alike, key=lambda each: _likeness(each.text, step.text), default=None)
            if not ids[index] and best and _likeness(best.text, step.text) >= least:
                ids[index] = best.id
                left.remove(best)
    return tuple(
        RubricStep(name or new_uid()[:8], step.points, step.text, step.evidence)
        for name, step in zip(ids, steps, strict=True)
    )


def _likeness(one: str, other: str) -> float:
    if one == other:
        return 1.0
    before, after = (text.split()[:_COMPARED_WORDS] for text in (one, other))
    return min(float(difflib.SequenceMatcher(None, before, after, autojunk=False).ratio()), 0.999)


def changed_lines(before: Iterable[str], after: Iterable[str]) -> tuple[str, ...]:
    """Return the lines that differ, with `-` before old lines and `+` before new lines."""
    lines = difflib.unified_diff(list(before), list(after), n=0, lineterm="")
    return tuple(line for line in lines if not line.startswith(("---", "+++", "@@")))


def written(step: RubricStep | Step, brackets: Sequence[str] = ()) -> str:
    """Return a step as a line of a source's rubric; `brackets` name its evidence."""
    return " ".join([f"- ({_in_points(step.points)})", step.text, *brackets])


def _in_points(number: float) -> str:
    text = f"{number:.6f}".rstrip("0").rstrip(".")
    return f"{text} point{'' if abs(number) == 1 else 's'}"


# --- writing the desk's rubrics into the source --------------------------------------------------


def save_rubrics(course: Course, homework: str, *, db_url: str | None = None) -> list[Saved]:
    """Write the desk's newest rubrics into the source notebooks; return what changed.

    Raises DeskError, and writes nothing, if one of the rubrics cannot be written.
    """
    assignment = course.assignment(homework)
    with open_gradebook(course, db_url) as gradebook, gradebook.transaction():
        log = read_hand_marks(gradebook, homework)
        notebooks: dict[Path, _Notebook] = {}
        saved: list[Saved] = []
        versions: list[RubricVersion] = []
        faults: list[str] = []
        for item in assignment.select("manual"):
            if item.name in log.rubrics:
                path = course.source(homework) / f"{item.problem}.ipynb"
                try:
                    if path not in notebooks:
                        notebooks[path] = _Notebook(path)
                    lines, version = _put(notebooks[path], item, log, homework)
                except (DeskError, CourseError) as error:
                    faults.append(str(error))
                    continue
                saved += [Saved(item.name, path, lines)] if lines else []
                versions += [version] if version else []
        if faults:
            raise DeskError(f"no rubric was written: {'; '.join(faults)}")
        for notebook in notebooks.values():
            notebook.check()
        for notebook in notebooks.values():
            notebook.write()
        append(gradebook, homework, versions)
    return saved


def _put(
    notebook: _Notebook, item: Item, log: HandMarks, homework: str
) -> tuple[tuple[str, ...], RubricVersion | None]:
    """Put the desk's rubric into the notebook in memory; the caller writes the notebook's file.

    Returns the changed lines, and the new version for the log (None if the log needs no version).
    """
    newest = log.rubrics[item.name]
    index, source = notebook.answer(item.name)
    where = CellPlace(notebook.path.stem, index, item.name)
    rubric = read_rubric(source, where)
    if [(step.points, step.text) for step in rubric.steps] == _words(newest):
        is_known = newest.source == digest_of(rubric)
        return (), None if is_known else _following(newest, newest.steps, rubric)
    if newest.source != digest_of(rubric):
        raise DeskError(
            f"the rubric of {item.name} was changed in {notebook.path.name} since the desk read "
            f"it. Look at the change with `git diff`, then run `fdl desk {homework} --take-rubric "
            f"{item.name}` to use the notebook's rubric at the desk"
        )
    _check_sum(newest, item)
    known = _ids_of(rubric, item.name, log)
    text = rewritten(source, where, newest.steps, known)
    new = _read_back(text, where, newest)
    notebook.replace(index, text)
    lines = changed_lines(source.split("\n"), text.split("\n"))
    return lines, _following(newest, newest.steps, new)


def _ids_of(rubric: Rubric, item: str, log: HandMarks) -> list[str]:
    """Return the ids of the source's steps, as in the newest version that equals the source."""
    versions = [each for each in log.versions.values() if each.item == item]
    same = [each for each in versions if _rubric_of(each) == rubric]
    base = same[-1] if same else log.rubrics[item]
    return [step.id for step in (base.steps if same else with_ids(rubric.steps, base.steps))]


def _rubric_of(version: RubricVersion) -> Rubric:
    return Rubric(tuple(Step(each.points, each.text, each.evidence) for each in version.steps))


def _words(version: RubricVersion) -> list[tuple[float, str]]:
    return [(step.points, step.text) for step in version.steps]


def _following(newest: RubricVersion, steps: Sequence[RubricStep], rubric: Rubric) -> RubricVersion:
    """Return a version that follows the newest one and is recorded as the source's rubric."""
    return RubricVersion(
        marker=newest.marker,
        after=newest.uid,
        item=newest.item,
        steps=tuple(
            msgspec.structs.replace(step, evidence=found.evidence)
            for step, found in zip(steps, rubric.steps, strict=True)
        ),
        source=digest_of(rubric),
    )


def _check_sum(version: RubricVersion, item: Item) -> None:
    points = sum(step.points for step in version.steps if step.points > 0)
    if abs(points - item.max_points) > NEARLY:
        raise DeskError(
            f"the steps of {item.name} add up to {points:g} points without deductions, but the "
            f"item has {item.max_points:g}: change the steps' points at the desk"
        )


def _read_back(text: str, where: CellPlace, version: RubricVersion) -> Rubric:
    """Return the rubric in a cell's new text; raise DeskError if it differs from the version."""
    steps = _rubric_of(version).steps
    try:
        rubric = read_rubric(text, where)
        wrong = next((a or b for a, b in zip_longest(steps, rubric.steps) if a != b), None)
    except CourseError:
        rubric, wrong = Rubric(()), next(filter(_is_unreadable, steps), steps[0])
    if wrong is not None:
        raise DeskError(
            f"the step {wrong.text[:60]!r} of {version.item} cannot be written as a line of a "
            "rubric: change its words or its points at the desk"
        )
    return rubric


def _is_unreadable(step: Step) -> bool:
    try:
        read_rubric(f"{RUBRIC}\n{written(step)}", CellPlace("", 0))
    except CourseError:
        return True
    return False


def rewritten(
    source: str, where: CellPlace, steps: Sequence[RubricStep], known: Sequence[str]
) -> str:
    """Return the source of a manual item's cell with other steps in its rubric.

    `known` are the ids of the steps that are in the source now. Unchanged steps keep their lines.
    """
    lines = source.split("\n")
    found = read_steps(source, where)
    if not found:
        raise DeskError(f"{where}: the rubric has no step; write the first one into the notebook")
    blocks = dict(zip(known, found, strict=True))
    sign = "# " if lines[found[0].first - 1].startswith("# ") else ""  # a comment in a code cell
    wanted = [
        [line if line.startswith(sign) else sign + line for line in block]
        for block in (_block(step, blocks.get(step.id), lines) for step in steps)
    ]
    order = difflib.SequenceMatcher(None, list(known), [step.id for step in steps], autojunk=False)
    for tag, first, last, start, end in reversed(order.get_opcodes()):
        if tag == "equal":
            for each, block in reversed(
                list(zip(found[first:last], wanted[start:end], strict=True))
            ):
                lines[each.first - 1 : each.last] = block
            continue
        for each in reversed(found[first:last]):
            del lines[each.first - 1 : each.last]
        is_at_a_step = first < last or first == 0
        at = found[first].first - 1 if is_at_a_step else found[first - 1].last
        lines[at:at] = [line for block in wanted[start:end] for line in block]
    return "\n".join(lines)


def _block(step: RubricStep, old: StepLines | None, lines: Sequence[str]) -> list[str]:
    """Return the lines of a step; the unchanged parts of its old lines stay."""
    if old is None:
        return [written(step)]
    before = list(lines[old.first - 1 : old.last])
    if (step.text, step.evidence) != (old.step.text, old.step.evidence):
        brackets = evidence_in(" ".join(line.strip() for line in before))
        return [written(step, brackets if step.evidence else ())]
    if step.points != old.step.points:
        before[0] = _POINTS.sub(f"- ({_in_points(step.points)})", before[0], count=1)
    return before


# --- a notebook's file ---------------------------------------------------------------------------


class _Notebook:
    """A source notebook's file, in which only the texts of some cells are replaced."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._read = path.read_bytes()
        try:
            self._text = self._read.decode("utf-8")
            self._cells = json.loads(self._text)["cells"]
        except (ValueError, KeyError, TypeError) as error:
            raise CourseError(f"{path} can't be read as a notebook: {error}") from error

    def answer(self, item: str) -> tuple[int, str]:
        """Return the index and the source of an item's answer cell."""
        for index, cell in enumerate(self._cells):
            if is_manual(cell) and grade_id(cell) == item:
                return index, "".join(cell["source"])
        raise CourseError(f"{self.path} has no item {item} that people mark")

    def replace(self, index: int, source: str) -> None:
        """Replace the source of a cell."""
        old = self._cells[index]["source"]
        start, end = _span(self._text, ("cells", index, "source"))
        if isinstance(old, str):
            new = self._encoded(source)
        else:
            new = self._with_lines(start, old, source.splitlines(keepends=True))
        self._text = self._text[:start] + new + self._text[end:]
        self._cells[index]["source"] = source if isinstance(old, str) else source.splitlines(True)
        if json.loads(self._text)["cells"] != self._cells:
            raise CourseError(
                f"{self.path}: its JSON has an unusual form; save it in Jupyter first"
            )

    def check(self) -> None:
        """Raise DeskError if the notebook's file was changed since it was read."""
        if self.path.read_bytes() != self._read:
            raise DeskError(f"{self.path} has just been changed: run the command again")

    def write(self) -> None:
        """Write the notebook's file if a cell was replaced."""
        content = self._text.encode("utf-8")
        if content != self._read:
            write_bytes(self.path, content)

    def _with_lines(self, start: int, old: Sequence[str], new: Sequence[str]) -> str:
        """Replace the lines of the JSON list at `start`; equal lines keep their bytes.

        The first line must be the same in `old` and `new`.
        """
        spans = list(_spans_of_list(self._text, start))
        between = self._text[spans[0][1] : spans[1][0]] if len(spans) > 1 else ", "
        pieces = [self._text[start : spans[0][1]]]
        order = difflib.SequenceMatcher(None, list(old), list(new), autojunk=False)
        for tag, first, last, begin, end in order.get_opcodes():
            if tag == "equal":
                first = max(first, 1)
                pieces.append(self._text[spans[first - 1][1] : spans[last - 1][1]])
            else:
                pieces += [between + self._encoded(line) for line in new[begin:end]]
        return "".join(pieces) + self._text[spans[-1][1] : _end(self._text, start)]

    def _encoded(self, text: str) -> str:
        return json.dumps(text, ensure_ascii=self._text.isascii() and "\\u" in self._text)


def _span(text: str, path: Sequence[str | int]) -> tuple[int, int]:
    """Return the start and the end of the value at `path` in a JSON text."""
    start = _skip_space(text, 0)
    for part in path:
        values: Callable[[str, int], Iterator[tuple[str | int, int]]]
        values = _keys if isinstance(part, str) else _places
        start = [place for name, place in values(text, start) if name == part][-1]
    return start, _end(text, start)


def _keys(text: str, start: int) -> Iterator[tuple[str | int, int]]:
    """Yield the keys of the JSON object at `start`, each with its value's position."""
    at = _skip_space(text, start + 1)
    while text[at] == '"':
        name, at = _DECODER.raw_decode(text, at)
        at = _skip_space(text, _skip_space(text, at) + 1)  # the colon
        yield name, at
        at = _skip_space(text, _end(text, at))
        at = _skip_space(text, at + 1) if text[at] == "," else at


def _places(text: str, start: int) -> Iterator[tuple[str | int, int]]:
    for index, (place, _) in enumerate(_spans_of_list(text, start)):
        yield index, place


def _spans_of_list(text: str, start: int) -> Iterator[tuple[int, int]]:
    """Yield the start and the end of each entry of the JSON list at `start`."""
    at = _skip_space(text, start + 1)
    while text[at] != "]":
        end = _end(text, at)
        yield at, end
        at = _skip_space(text, end)
        at = _skip_space(text, at + 1) if text[at] == "," else at


def _end(text: str, start: int) -> int:
    """Return the end of the JSON value at `start`."""
    return int(_DECODER.raw_decode(text, start)[1])


def _skip_space(text: str, at: int) -> int:
    found = _SPACE.match(text, at)
    return found.end() if found else at

"""Choose a notebook for each problem from one student's files, and find the submission time."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import chain
from zoneinfo import ZoneInfo

from autograder.course.assignment import Assignment
from autograder.course.layout import COMPANIONS
from autograder.submission.files import (
    MANIFEST,
    MAX_BYTES,
    MAX_MANIFEST,
    MAX_TIMESTAMP_BYTES,
    NOTEBOOK_NAME,
    TIMESTAMP,
    UnreadableError,
    problem_by_name,
    stem_of,
)
from autograder.submission.intake.archives import IntakeBudget, in_zip, open_zip
from autograder.submission.intake.placing import Work
from autograder.submission.intake.platforms import Sent, is_clutter
from autograder.submission.reading import read_cells
from autograder.submission.receiving import versions_in
from autograder.submission.timestamps import parse_time
from autograder.words import printable, show_fields

MAX_CANDIDATES = 60
MAX_STUDENT_BYTES = 4 * MAX_BYTES

_GIVEN, _PACKED, _KEPT = "the platform", "the student's own manifest", "the files' dates"
"""Sources of a time, the most trusted first."""

EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)
"""Earliest possible submission time."""

CLUTTER = "made by an archiver or an editor"
"""Reason to leave out a file that a program made, not a person."""

NOT_NEEDED = frozenset({*map(str.lower, COMPANIONS), MANIFEST, TIMESTAMP})
"""Names, in lower case, of files that come with the notebooks and are not needed."""

_ODD = (
    UnreadableError, ValueError, KeyError, TypeError, AttributeError, RecursionError, OverflowError,
)  # fmt: skip
"""Errors that a broken manifest can cause."""


@dataclass(frozen=True)
class LeftOut:
    """A file left out, its sender (or "") and the reason; `matters` if a person should check it."""

    where: str
    sender: str
    why: str
    matters: bool = True

    def __post_init__(self) -> None:
        show_fields(self)


@dataclass(frozen=True)
class Choice:
    """The chosen files, the source of the submission time, notes, and the files left out."""

    work: Work
    source: str
    notes: tuple[str, ...]
    rest: tuple[LeftOut, ...]


@dataclass(frozen=True)
class _Candidate:
    """A notebook file that may belong to a problem."""

    where: str
    name: str
    content: bytes = field(repr=False)
    time: datetime | None
    again: int
    depth: int

    def rank(self, problem: str) -> tuple[bool, float, int, int]:
        """Return a sort key: exact names first, then the newest, last uploaded and topmost file."""
        exact = self.name == f"{problem}.ipynb"
        return exact, self.time.timestamp() if self.time else 0.0, self.again, -self.depth


class _Pile:
    """One student's files, sorted into candidates and other files."""

    def __init__(
        self, sender: str, assignment: Assignment, zone: ZoneInfo, budget: IntakeBudget
    ) -> None:
        self.sender, self.assignment, self.zone = sender, assignment, zone
        self.budget, self.own = budget, IntakeBudget(MAX_STUDENT_BYTES)
        self.candidates: list[_Candidate] = []
        self.rest: list[LeftOut] = []
        self.notes: list[str] = []
        self.told = b""
        self.times: dict[str, list[datetime]] = {_GIVEN: [], _PACKED: [], _KEPT: []}

    def add_all(self, files: Sequence[Sent]) -> None:
        """Add the student's files, which may be an unpacked package."""
        manifest = self._manifest(files)
        for sent in files:
            self._add(sent, manifest)

    def _add(self, sent: Sent, manifest: Mapping[str, str], depth: int = 0) -> None:
        if sent.note and sent.note not in self.notes:
            self.notes.append(sent.note)
        self.times[_GIVEN] += [sent.time] if sent.time else []
        if sent.refusal:
            self.leave(sent.found.where, sent.refusal)
        elif not sent.name.lower().endswith(".zip"):
            self._take(sent, depth, manifest)
        elif depth:
            self.leave(sent.found.where, "an archive inside the student's archive")
        else:
            self._open(sent)

    def leave(self, where: str, why: str, *, matters: bool = True) -> None:
        """Record a file that is left out."""
        self.rest.append(LeftOut(where, self.sender, why, matters))

    def _open(self, sent: Sent) -> None:
        """Add the files of a student's archive, one level deep."""
        try:
            content = self._read(sent)
            with open_zip(content, nested=True) as archive:
                inner = [
                    Sent(f, sent.senders, f.name, sent.again, refusal=f.refusal)
                    for f in in_zip(archive, sent.found.where, (), self.zone, self.budget)
                ]
                manifest = self._manifest(inner)
                for each in inner:
                    self._add(each, manifest, len(each.found.parts))
        except UnreadableError as error:
            self.leave(sent.found.where, str(error))

    def _manifest(self, files: Sequence[Sent]) -> Mapping[str, str]:
        """Return each notebook's digest from a package's manifest, and keep the package's time."""
        for sent in files:
            if sent.name == MANIFEST and not sent.refusal:
                try:
                    return self._read_manifest(sent)
                except _ODD as error:
                    self.leave(
                        sent.found.where, f"the file is not a manifest ({type(error).__name__})"
                    )
        return {}

    def _read_manifest(self, sent: Sent) -> Mapping[str, str]:
        told = json.loads(self._read(sent, MAX_MANIFEST))
        if told["schema"] != "fdl-submission":
            return {}
        if told["assignment"] != self.assignment.name:
            name = printable(str(told["assignment"]))
            self.notes.append(f"The submission was packed for {name}.")
        if versions := versions_in(told):
            self.told = json.dumps({"versions": versions}, indent=1).encode()
        digests = {str(name): str(about["sha256"]) for name, about in told["notebooks"].items()}
        time = datetime.fromisoformat(str(told["packed"]))
        self.times[_PACKED].append(time if time.tzinfo else time.replace(tzinfo=UTC))
        return digests

    def _read(self, sent: Sent, limit: int = MAX_BYTES) -> bytes:
        content = sent.found.read()
        self.own.spend(len(content))
        if len(content) > limit:
            raise UnreadableError(f"the file is larger than {limit} bytes")
        return content

    def _take(self, sent: Sent, depth: int, manifest: Mapping[str, str]) -> None:
        """Keep a notebook as a candidate; leave out any other file."""
        where, time = sent.found.where, sent.found.time
        if is_clutter(sent.found.parts):
            self.leave(where, CLUTTER, matters=False)
        elif not NOTEBOOK_NAME.fullmatch(sent.name):
            known = sent.name.lower() in NOT_NEEDED or sent.name in self.assignment.files
            self.leave(where, "not needed" if known else "not a notebook", matters=not known)
            if sent.name == TIMESTAMP and sent.senders and sent.senders[0].platform == "folders":
                self._timestamp(sent)
        elif len(self.candidates) >= MAX_CANDIDATES:
            self.leave(where, f"more than {MAX_CANDIDATES} notebooks of one student")
        else:
            try:
                content = self._read(sent)
            except UnreadableError as error:
                self.leave(where, str(error))
                return
            told = manifest.get(sent.name)
            if told and told != hashlib.sha256(content).hexdigest():
                self.notes.append(f"{printable(sent.name)} was changed after it was packed.")
            self.times[_KEPT] += [time] if time else []
            self.candidates.append(_Candidate(where, sent.name, content, time, sent.again, depth))

    def _timestamp(self, sent: Sent) -> None:
        """Record the time of a submission that nbgrader collected earlier."""
        try:
            time = parse_time(self._read(sent, MAX_TIMESTAMP_BYTES))
        except UnreadableError:
            time = None
        if time is None:
            self.notes.append(f"{TIMESTAMP} has no date that can be read: decide by hand.")
        else:
            self.times[_GIVEN].append(time)

    def problem_of(self, candidate: _Candidate) -> str:
        """Return the problem of a notebook, by its name or else by its items, or ""."""
        names = [problem.name for problem in self.assignment.problems]
        if by_name := problem_by_name(stem_of(candidate.name), names):
            return by_name
        try:
            cells, *_ = read_cells(candidate.content)
        except (UnreadableError, MemoryError):
            return ""
        items = self.assignment.items
        votes = [items[c.grade_id].problem for c in cells if c.grade_id in items]
        ranked = sorted(names, key=votes.count, reverse=True)
        counts = [votes.count(name) for name in ranked] + [0]
        return ranked[0] if counts[0] > 2 * counts[1] else ""


def choose(
    sender: str, files: Sequence[Sent], assignment: Assignment, zone: ZoneInfo, budget: IntakeBudget
) -> Choice:
    """Choose from one student's files; `sender` is the student's name for display."""
    pile = _Pile(sender, assignment, zone, budget)
    pile.add_all(files)
    by_problem: dict[str, list[_Candidate]] = {}
    for candidate in pile.candidates:
        by_problem.setdefault(pile.problem_of(candidate), []).append(candidate)
    for stranger in by_problem.pop("", ()):
        pile.leave(stranger.where, f"a notebook that matches no problem of {assignment.name}")
    notebooks = {}
    for problem, candidates in by_problem.items():
        best, *others = sorted(candidates, key=lambda c: c.rank(problem), reverse=True)
        notebooks[problem] = best.content
        for other in others:
            why = f"{printable(best.name)} was used for {problem}"
            pile.leave(other.where, why, matters=other.content != best.content)
        pile.notes += _choice_notes(problem, best, others)
    pile.times[_GIVEN] += [each.time for sent in files for each in sent.senders if each.time]
    time, source = _time(pile.times)
    pile.notes += _ahead(chain(*pile.times.values()))
    work = Work(notebooks, time, pile.told)
    return Choice(work, source, tuple(pile.notes), tuple(pile.rest))


def _choice_notes(problem: str, best: _Candidate, others: Sequence[_Candidate]) -> Iterator[str]:
    differing = [other for other in others if other.content != best.content]
    if differing:
        why = "this name is exact" if best.name == f"{problem}.ipynb" else "this file is the newest"
        if any(other.name == best.name for other in differing):
            why = "this file is the newest with this name"
        names = printable(", ".join(other.name for other in differing))
        yield f"{printable(best.name)} was used for {problem} ({why}), not {names}."
    elif best.name != f"{problem}.ipynb":
        yield f"{printable(best.name)} was used for {problem}."


def _ahead(times: Iterable[datetime]) -> Iterator[str]:
    """Yield a note if a time was ignored because it is ahead of this machine's clock."""
    if (last := max(times, default=EARLIEST)) >= _latest_possible():
        yield (
            f"A time in the future was ignored: {last:%Y-%m-%d %H:%M}. "
            "Is the clock of this machine right?"
        )


def _latest_possible() -> datetime:
    return datetime.now(UTC) + timedelta(days=1)


def _time(by_source: Mapping[str, Sequence[datetime]]) -> tuple[datetime | None, str]:
    """Return the time of a submission and its source; the platform's own time counts most."""
    latest_possible = _latest_possible()
    for source, times in by_source.items():
        if sane := [time for time in times if EARLIEST < time < latest_possible]:
            return max(sane).astimezone(UTC), source
    return None, "unknown"

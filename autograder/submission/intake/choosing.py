"""Choose a notebook for each problem from one student's files, and find the submission time."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from itertools import chain
from zoneinfo import ZoneInfo

from autograder.course.assignment import Assignment, Course, read_notebook
from autograder.course.layout import COMPANIONS
from autograder.errors import CourseError
from autograder.submission.cells import ReceivedCell
from autograder.submission.files import (
    MANIFEST,
    MAX_BYTES,
    MAX_MANIFEST,
    MAX_TIMESTAMP_BYTES,
    NOTEBOOK_NAME,
    TIMESTAMP,
    UnreadableError,
    may_be_notebook,
    name_pattern,
    problem_by_name,
    stem_of,
)
from autograder.submission.form import Form
from autograder.submission.intake.archives import (
    IntakeBudget,
    in_archive,
    is_archive,
    open_archive,
    other_archive,
)
from autograder.submission.intake.placing import Work
from autograder.submission.intake.platforms import Sent, is_clutter
from autograder.submission.reading import read_cells
from autograder.submission.receiving import problem_of, versions_in
from autograder.submission.timestamps import parse_time
from autograder.words import on_one_line, printable, show_fields

MAX_CANDIDATES = 60
MAX_STUDENT_BYTES = 4 * MAX_BYTES

_GIVEN, _PACKED, _KEPT = "the platform", "the student's own manifest", "the files' dates"
"""Sources of a time, the most trusted first."""

EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)
"""Earliest possible submission time."""

CLUTTER = "made by an archiver or an editor"
"""Reason to leave out a file that a program made, not a person."""

_INNER = (
    "an archive inside the student's archive, which is not opened: take it out and give it with "
    "--student"
)

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
    """The chosen files, their problems, the time's source, notes, and the files left out.

    `unreadable` are those of the problems whose notebook can't be read.
    """

    work: Work
    problems: tuple[str, ...]
    unreadable: tuple[str, ...]
    source: str
    notes: tuple[str, ...]
    rest: tuple[LeftOut, ...]


@dataclass(frozen=True)
class _Candidate:
    """A notebook file that may belong to a problem.

    `file` is the name in the archive, to which a platform may have added the sender's name.
    `by_name` is the problem in the file's own name, and `problem` the problem it is used for.
    `answers` counts the answers that differ from the release; it is 0 without a release. `times`
    are the platform's time of the file, and the file's own time. `dated` has the times that may be
    the submission's, by their source.
    """

    where: str
    file: str
    name: str
    content: bytes = field(repr=False)
    times: tuple[datetime | None, datetime | None]
    again: int
    depth: int
    by_name: str
    problem: str
    answers: int = 0
    failure: str = ""
    dated: Mapping[str, datetime] = field(default_factory=dict)

    @property
    def age(self) -> tuple[float, ...]:
        """Return a sort key for the times, and for the number of uploads of this name."""
        return *(time.timestamp() if time else 0.0 for time in self.times), self.again

    @property
    def is_exact(self) -> bool:
        return self.name == f"{self.problem}.ipynb"

    @property
    def number(self) -> int:
        """The number of a copy in the file's name, such as 2 in "hw (2).ipynb"; 0 without one."""
        rest = name_pattern(self.by_name or self.problem).sub("", self.name)
        numbers = re.findall(r"(?<!\d)\d{1,9}(?!\d)", rest.replace(".ipynb", " "))
        return int(numbers[-1]) if numbers else 0

    @property
    def rank(self) -> tuple[float, ...]:
        """Return a sort key: readable files first, then worked files, then the newest.

        Among files with the same time, the highest number in the name counts, as in "hw (2)".
        """
        if self.answers:
            last = (*self.age, self.number, self.answers, self.is_exact)
        else:
            last = (self.is_exact, *self.age, self.number)
        return not self.failure, self.answers > 0, *last, -self.depth


@dataclass(frozen=True)
class _Package:
    """The package of `checks.pack()` that contains a file: its notebooks' digests, and its time.

    `sent` is the time of the archive in the export.
    """

    digests: Mapping[str, str] = field(default_factory=dict)
    packed: datetime | None = None
    sent: datetime | None = None


class _Pile:
    """One student's files, sorted into candidates and other files."""

    def __init__(
        self,
        sender: str,
        assignment: Assignment,
        forms: Mapping[str, Form],
        zone: ZoneInfo,
        budget: IntakeBudget,
    ) -> None:
        self.sender, self.assignment, self.forms, self.zone = sender, assignment, forms, zone
        self.budget, self.own = budget, IntakeBudget(MAX_STUDENT_BYTES)
        self.candidates: list[_Candidate] = []
        self.rest: list[LeftOut] = []
        self.notes: list[str] = []
        self.manifest = b""
        self.given: list[datetime] = []

    def add_all(self, files: Sequence[Sent]) -> None:
        """Add the student's files, which may be an unpacked package."""
        package = self._manifest(files)
        for sent in files:
            self._add(sent, package)

    def _add(self, sent: Sent, package: _Package, depth: int = 0) -> None:
        if sent.note and sent.note not in self.notes:
            self.notes.append(sent.note)
        if sent.refusal:
            self.leave(sent.found.where, sent.refusal)
        elif not is_archive(sent.name):
            self._take(sent, depth, package)
        elif depth:
            self.leave(sent.found.where, _INNER)
        else:
            self._open(sent)

    def leave(self, where: str, why: str, *, matters: bool = True) -> None:
        """Record a file that is left out."""
        self.rest.append(LeftOut(where, self.sender, why, matters))

    def _open(self, sent: Sent) -> None:
        """Add the files of a student's archive, one level deep."""
        try:
            content = self._read(sent)
            with open_archive(content, sent.name, nested=True) as archive:
                inner = [
                    Sent(f, sent.senders, f.name, sent.again, time=sent.time, refusal=f.refusal)
                    for f in in_archive(archive, sent.found.where, (), self.zone, self.budget)
                ]
                package = self._manifest(inner)
                package = replace(package, sent=sent.found.time)
                for each in inner:
                    self._add(each, package, len(each.found.parts))
        except UnreadableError as error:
            self.leave(sent.found.where, str(error))

    def _manifest(self, files: Sequence[Sent]) -> _Package:
        """Return the data in a package's manifest, and record the package's time."""
        for sent in files:
            if sent.name == MANIFEST and not sent.refusal:
                try:
                    return self._read_manifest(sent)
                except _ODD as error:
                    self.leave(
                        sent.found.where, f"the file is not a manifest ({type(error).__name__})"
                    )
        return _Package()

    def _read_manifest(self, sent: Sent) -> _Package:
        told = json.loads(self._read(sent, MAX_MANIFEST))
        if told["schema"] != "fdl-submission":
            return _Package()
        if told["assignment"] != self.assignment.name:
            name = printable(str(told["assignment"]))
            self.notes.append(f"The submission was packed for {name}.")
        if versions := versions_in(told):
            self.manifest = json.dumps({"versions": versions}, indent=1).encode()
        digests = {str(name): str(about["sha256"]) for name, about in told["notebooks"].items()}
        time = datetime.fromisoformat(str(told["packed"]))
        return _Package(digests, time if time.tzinfo else time.replace(tzinfo=UTC))

    def _read(self, sent: Sent, limit: int = MAX_BYTES) -> bytes:
        self.own.spend(0)  # raise before reading, which also spends the budget of all students
        content = sent.found.read()
        self.own.spend(len(content))
        if len(content) > limit:
            raise UnreadableError(f"the file is larger than {limit} bytes")
        return content

    def _take(self, sent: Sent, depth: int, package: _Package) -> None:
        """Keep a notebook as a candidate; leave out any other file."""
        if is_clutter(sent.found.parts):
            self.leave(sent.found.where, CLUTTER, matters=False)
        elif not NOTEBOOK_NAME.fullmatch(sent.name) and not self._is_renamed(sent):
            known = sent.name.lower() in NOT_NEEDED or sent.name in self.assignment.files
            why = "not needed" if known else other_archive(sent.name) or "not a notebook"
            self.leave(sent.found.where, why, matters=not known)
            if sent.name == TIMESTAMP and sent.senders and sent.senders[0].platform == "folders":
                self._timestamp(sent)
        elif len(self.candidates) >= MAX_CANDIDATES:
            why = f"more than {MAX_CANDIDATES} notebooks of one student"
            self.leave(sent.found.where, why)
        else:
            self._consider(sent, depth, package)

    def _is_renamed(self, sent: Sent) -> bool:
        """Return whether a file with another ending is a notebook or has a notebook's name."""
        name = sent.name
        is_known = name.lower() in NOT_NEEDED or name in self.assignment.files
        if is_known or other_archive(name) or not may_be_notebook(name):
            return False
        if ".ipynb" in name.lower():
            return True
        try:
            read_cells(self._read(sent))
        except (UnreadableError, MemoryError):
            return False
        return True

    def _consider(self, sent: Sent, depth: int, package: _Package) -> None:
        """Keep a notebook as a candidate, with its problem and the number of its answers."""
        where = sent.found.where
        # a file in an archive is not newer than the archive, whatever the student's clock says
        time = min((each for each in (sent.found.time, package.sent) if each), default=None)
        try:
            content = self._read(sent)
        except UnreadableError as error:
            self.leave(where, str(error))
            return
        told = package.digests.get(sent.name)
        if told and told != hashlib.sha256(content).hexdigest():
            self.notes.append(f"{on_one_line(sent.name)} was changed after it was packed.")
        cells: tuple[ReceivedCell, ...] = ()
        failure = ""
        try:
            cells, *_ = read_cells(content)
        except UnreadableError as error:
            failure = str(error)
        except MemoryError:
            failure = "the file is too large"
        stem = stem_of(sent.name)
        problem = self._problem_of(stem, cells)
        by_name = problem_by_name(stem, [each.name for each in self.assignment.problems])
        answers = self.forms[problem].worked(cells) if problem in self.forms else 0
        times = sent.time, time or package.packed
        sources = ((_GIVEN, sent.time), (_PACKED, package.packed), (_KEPT, time))
        dated = {source: each for source, each in sources if each}
        self.candidates.append(
            _Candidate(
                where, sent.found.name, sent.name, content, times, sent.again, depth, by_name,
                problem, answers, failure, dated,
            )
        )  # fmt: skip

    def _timestamp(self, sent: Sent) -> None:
        """Record the time of a submission that nbgrader collected earlier."""
        try:
            time = parse_time(self._read(sent, MAX_TIMESTAMP_BYTES))
        except UnreadableError:
            time = None
        if time is None:
            self.notes.append(f"{TIMESTAMP} has no date that can be read: decide by hand.")
        else:
            self.given.append(time)

    def _problem_of(self, stem: str, cells: Sequence[ReceivedCell]) -> str:
        """Return the problem of a notebook, by its name unless its cells disagree, or ""."""
        if self.forms:
            return problem_of(stem, cells, self.forms)
        names = [problem.name for problem in self.assignment.problems]
        if by_name := problem_by_name(stem, names):
            return by_name
        items = self.assignment.items
        votes = [items[cell.grade_id].problem for cell in cells if cell.grade_id in items]
        ranked = sorted(names, key=votes.count, reverse=True)
        counts = [votes.count(name) for name in ranked] + [0]
        return ranked[0] if counts[0] > 2 * counts[1] else ""


def released_forms(course: Course, assignment: Assignment) -> dict[str, Form]:
    """Return the released notebooks, by problem; {} if they can't be read."""
    release = course.release(assignment.name)
    paths = {each.name: release / f"{each.name}.ipynb" for each in assignment.problems}
    try:
        return {name: Form(read_notebook(path)) for name, path in paths.items()}
    except CourseError:
        return {}


def answers_in(notebooks: Mapping[str, bytes], forms: Mapping[str, Form]) -> int:
    """Count the answers in all notebooks of a submission that differ from the release."""
    count = 0
    for stem, content in notebooks.items():
        try:
            cells, *_ = read_cells(content)
        except (UnreadableError, MemoryError):
            continue
        problem = problem_of(stem, cells, forms)
        count += forms[problem].worked(cells) if problem else 0
    return count


def choose(
    sender: str,
    files: Sequence[Sent],
    assignment: Assignment,
    forms: Mapping[str, Form],
    zone: ZoneInfo,
    budget: IntakeBudget,
) -> Choice:
    """Choose from one student's files; `sender` is the student's name for display.

    `forms` are the released notebooks; without them, an exact name counts more than answers.
    """
    pile = _Pile(sender, assignment, forms, zone, budget)
    pile.add_all(files)
    by_problem: dict[str, list[_Candidate]] = {}
    for candidate in pile.candidates:
        by_problem.setdefault(candidate.problem, []).append(candidate)
    for stranger in by_problem.pop("", ()):
        reason = f" ({stranger.failure})" if stranger.failure else ""
        why = f"a notebook that matches no problem of {assignment.name}{reason}"
        pile.leave(stranger.where, why)
    for candidates in by_problem.values():
        candidates.sort(key=lambda candidate: candidate.rank, reverse=True)
        best, *others = candidates
        label = _labels([best, *others])
        for other in others:
            reason = _reason(other, best)
            why = f"{label(best)} was used for {best.problem}"
            matters = other.content != best.content and reason != _UNTOUCHED
            pile.leave(
                other.where, f"{why}; this file is {reason}" if reason else why, matters=matters
            )
        pile.notes += _choice_notes(best, others, label)
    given = [each.time for sent in files for each in sent.senders if each.time]
    times = _times(by_problem.values(), [*pile.given, *given])
    time, source = _time(times)
    pile.notes += _ahead(chain(*times.values()))
    chosen = {problem: found[0] for problem, found in by_problem.items()}
    work = Work(_named(chosen), time, pile.manifest)
    unreadable = tuple(problem for problem, best in chosen.items() if best.failure)
    return Choice(work, tuple(chosen), unreadable, source, tuple(pile.notes), tuple(pile.rest))


def _named(chosen: Mapping[str, _Candidate]) -> dict[str, bytes]:
    """Return the contents of the chosen notebooks, by the names under which they are kept.

    A notebook with another problem's name keeps this name if no other notebook needs it. Marking
    then finds its problem again, and a note tells the student about the wrong name.
    """
    names: dict[str, bytes] = {}
    for problem, best in chosen.items():
        is_free = best.by_name and best.by_name not in chosen and best.by_name not in names
        names[best.by_name if is_free else problem] = best.content
    return names


def _labels(candidates: Sequence[_Candidate]) -> Callable[[_Candidate], str]:
    """Return a function that returns a name of a candidate that no other candidate has."""

    def label(each: _Candidate) -> str:
        for name in (each.name, each.file):
            if sum(name in (other.name, other.file) for other in candidates) == 1:
                return on_one_line(name)
        return each.where

    return label


_UNTOUCHED = "untouched"


def _reason(other: _Candidate, best: _Candidate) -> str:
    """Return what is different about a file that was not used, or ""."""
    if other.content == best.content:
        return "the same"
    if other.failure and not best.failure:
        return f"unreadable: {other.failure}"
    if best.answers and not other.answers:
        return _UNTOUCHED
    if best.answers or other.is_exact == best.is_exact:
        return "older" if other.age < best.age else ""
    return ""


def _choice_notes(
    best: _Candidate, others: Sequence[_Candidate], label: Callable[[_Candidate], str]
) -> Iterator[str]:
    """Yield what a teacher should know about the choice of a problem's notebook."""
    problem, name = best.problem, label(best)
    differing = [other for other in others if other.content != best.content]
    if best.failure:
        yield f"{name} can't be read: {best.failure}."
    if best.by_name not in ("", problem):
        yield f"{name} has the cells of {problem}, so it was used for {problem}."
    if differing:
        reasons = ((label(other), _reason(other, best)) for other in differing)
        left_out = ", ".join(f"{each} ({why})" if why else each for each, why in reasons)
        yield f"{name} was used for {problem} ({_why_best(best, differing)}), not {left_out}."
    elif not best.is_exact and best.by_name in ("", problem):
        yield f"{name} was used for {problem}."
    if same := [label(other) for other in others if other.content == best.content]:
        yield f"The same as {name}: {', '.join(same)}."


def _why_best(best: _Candidate, differing: Sequence[_Candidate]) -> str:
    if best.answers and not any(other.answers for other in differing):
        return "only this file has answers" if len(differing) > 1 else "this file has answers"
    rivals = [other for other in differing if bool(other.answers) == bool(best.answers)]
    if not best.answers and best.is_exact and not all(other.is_exact for other in rivals):
        return "this name is exact"
    named = " with this name" if any(other.name == best.name for other in rivals) else ""
    as_new = [other for other in rivals if other.age == best.age]
    if all(other.number < best.number for other in as_new):
        return (
            "the newest, with the highest number" if as_new else f"this file is the newest{named}"
        )
    if all(other.answers < best.answers for other in as_new):
        return "the newest, with the most answers"
    return "the times are the same" + (", this name is exact" if best.is_exact else "")


def _ahead(times: Iterable[datetime]) -> Iterator[str]:
    """Yield a note if a time was ignored because it is ahead of this machine's clock."""
    if (last := max(times, default=EARLIEST)) >= _latest_possible():
        yield (
            f"A time in the future was ignored: {last:%Y-%m-%d %H:%M}. "
            "Is the clock of this machine right?"
        )


def _latest_possible() -> datetime:
    return datetime.now(UTC) + timedelta(days=1)


def _times(
    by_problem: Iterable[Sequence[_Candidate]], given: Sequence[datetime]
) -> dict[str, list[datetime]]:
    """Return the times that may be the submission's, by their source; `given` are the platform's.

    Only the chosen notebooks count, which come first, and only those with answers if there are any:
    an untouched copy that a student added later makes nobody late. If the same notebook was handed
    in several times, the first time counts.
    """
    found = [
        (best, [each for each in others if each.content == best.content])
        for best, *others in by_problem
    ]
    worked = [each for each in found if each[0].answers] or found
    times: dict[str, list[datetime]] = {_GIVEN: [*given], _PACKED: [], _KEPT: []}
    for best, same in worked:
        for source in best.dated:
            times[source].append(min(e.dated[source] for e in (best, *same) if source in e.dated))
    return times


def _time(by_source: Mapping[str, Sequence[datetime]]) -> tuple[datetime | None, str]:
    """Return the time of a submission and its source; the platform's own time counts most."""
    latest_possible = _latest_possible()
    for source, times in by_source.items():
        if sane := [time for time in times if EARLIEST < time < latest_possible]:
            return max(sane).astimezone(UTC), source
    return None, "unknown"

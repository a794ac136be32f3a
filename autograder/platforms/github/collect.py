"""Copy notebooks from students' repositories to `submitted/`; skip repositories with errors.

The time of a submission is the date of its commit, but a student can set this date. So each
collected commit is recorded with the time of collecting. If an earlier collection did not find a
commit, the commit was pushed later, even if its date is earlier.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import tempfile
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

from autograder.course.assignment import Assignment, Course
from autograder.course.layout import COLLECTED, notebook_files
from autograder.errors import SubmissionError
from autograder.platforms.github.git import Entry, Git, GitError, Snapshot
from autograder.platforms.github.repositories import Wanted
from autograder.submission.files import MAX_BYTES, NOTEBOOK_NAME, UnreadableError
from autograder.submission.intake.archives import MAX_DEPTH, Found
from autograder.submission.intake.placing import State as PlacedState
from autograder.submission.intake.placing import StudentFolders
from autograder.submission.intake.platforms import Sender, Sent, is_clutter
from autograder.submission.intake.run import take_files
from autograder.words import as_json, printable, show_fields

JOBS = 8
"""Number of repositories to fetch at once; most of the time is spent waiting for the server."""
SCHEMA = 1

_LFS = b"version https://git-lfs"

State = PlacedState | Literal["untouched", "failed"]
"""The outcome for a repository: `untouched`, `failed`, or one of the states of an intake."""


@dataclass(frozen=True)
class Plan:
    """The settings of a collection; `before` returns the last date that counts for a student."""

    branch: str | None = None
    before: Callable[[str], datetime] | None = None
    replace: bool = False
    local: bool = False
    jobs: int = JOBS


@dataclass(frozen=True)
class Outcome:
    """The outcome for one student's repository, and the next step as `advice`."""

    student: str
    repository: str
    state: State
    what: str = ""
    advice: str = ""
    commit: str = ""
    time: datetime | None = None
    notebooks: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        show_fields(self)


@dataclass
class Collection:
    """All results of collecting an assignment."""

    assignment: str
    outcomes: list[Outcome] = field(default_factory=list)

    @property
    def is_clean(self) -> bool:
        """True if no result needs a person's attention."""
        return not any(each.state in ("failed", "older") for each in self.outcomes)

    def to_json(self) -> str:
        """Return all results as JSON, for programs."""
        content = {"schema": SCHEMA, **asdict(self), "is_clean": self.is_clean}
        return as_json(content, indent=1, default=datetime.isoformat)


def collect(
    course: Course,
    assignment: Assignment,
    wanted: Sequence[Wanted],
    plan: Plan,
    watch: Callable[[int, int], object] = lambda _done, _total: None,
) -> Collection:
    """Fetch each repository and put its notebooks into `submitted/`.

    `watch` is called with the number of finished repositories and the total number.
    """
    git = Git(local=plan.local)
    found: dict[str, Outcome] = {}
    work = _Work(course, assignment, git, plan)
    with tempfile.TemporaryDirectory(prefix="fdl-collect-") as scratch:
        pool = ThreadPoolExecutor(plan.jobs)
        try:
            fetched: dict[Future[Snapshot | GitError], tuple[Wanted, Path]] = {}
            for number, each in enumerate(wanted):
                folder = Path(scratch, str(number))
                fetched[pool.submit(work.fetch, each, folder)] = each, folder
            for done, future in enumerate(as_completed(fetched), start=1):
                each, folder = fetched[future]
                found[each.student] = work.outcome(each, folder, future.result())
                shutil.rmtree(folder, ignore_errors=True)
                watch(done, len(wanted))
        finally:
            git.stop()
            pool.shutdown(cancel_futures=True)
    return Collection(assignment.name, [found[each.student] for each in wanted])


class _Work:
    """The state of a running collection."""

    def __init__(self, course: Course, assignment: Assignment, git: Git, plan: Plan) -> None:
        self.course, self.assignment, self.git, self.plan = course, assignment, git, plan
        self.record = Record(course, assignment.name, plan)
        self.folders = StudentFolders(course.submitted)
        release = course.release(assignment.name)
        self.released = {_blob_name(path.read_bytes()) for path in notebook_files(release)}

    def fetch(self, wanted: Wanted, folder: Path) -> Snapshot | GitError:
        """Fetch a repository; this runs in a separate thread."""
        if wanted.fault:
            return GitError(wanted.fault, "Correct the list of students and run the command again.")
        before = self.plan.before(wanted.student) if self.plan.before else None
        try:
            return self.git.fetch(folder, wanted.address, self.plan.branch, before)
        except GitError as error:
            return error
        except OSError as error:
            return GitError(f"the repository cannot be stored ({error})", "Free some disk space.")

    def outcome(self, wanted: Wanted, folder: Path, snapshot: Snapshot | GitError) -> Outcome:
        """Put the fetched notebooks into `submitted/`, and return the outcome."""
        if isinstance(snapshot, GitError):
            return _failed(wanted, snapshot)
        seen = datetime.now(UTC)
        time, note = self._time(wanted, snapshot, seen)
        self.record.add(wanted, snapshot, seen)
        notebooks = [entry for entry in snapshot.entries if _is_notebook(entry)]
        about: dict[str, Any] = {"commit": snapshot.commit, "time": time}
        if notebooks and all(entry.name in self.released for entry in notebooks):
            what = "The notebooks are unchanged since the release, so nothing was collected."
            return Outcome(wanted.student, wanted.shown, "untouched", what, **about)
        if not notebooks:
            advice = "Ask the student to push the notebooks with their names unchanged."
            return _failed(wanted, GitError("the repository contains no notebook", advice), **about)
        try:
            return self._place(wanted, folder, notebooks, note, about)
        except (GitError, SubmissionError) as error:
            return _failed(wanted, error, **about)

    def _place(
        self,
        wanted: Wanted,
        folder: Path,
        notebooks: Sequence[Entry],
        note: str,
        about: Mapping[str, Any],
    ) -> Outcome:
        sender = Sender("git", wanted.student, (wanted.student,), time=about["time"])
        files = [self._sent(sender, folder, entry) for entry in sorted(notebooks, key=_depth)]
        intake = take_files(
            self.course,
            self.assignment,
            wanted.student,
            files,
            folders=self.folders,
            replace=self.plan.replace,
        )
        left = [f"{file.where}: {file.why}." for file in intake.left_out if file.matters]
        if not intake.taken:
            why = [file.why for file in intake.unknown_senders] or left
            advice = "Ask the student to correct this and push again."
            return _failed(wanted, GitError(" ".join(why), advice), **about)
        [taken] = intake.taken
        missing = [f"{', '.join(taken.missing)} is missing."] if taken.missing else []
        what = " ".join([*filter(None, [note]), *taken.notes, *missing, *left])
        return Outcome(
            wanted.student, wanted.shown, taken.state, what, notebooks=taken.notebooks, **about
        )

    def _sent(self, sender: Sender, folder: Path, entry: Entry) -> Sent:
        """Return a notebook of the repository in the form that an intake reads."""
        refusal = "" if entry.is_file else "this path is a link or a submodule, not a file"
        if entry.size > MAX_BYTES:
            refusal = f"the file is larger than {MAX_BYTES // 1_000_000} MB"
        parts = tuple(entry.path.split("/"))

        def read() -> bytes:
            try:
                content = self.git.read(folder, entry)
            except GitError as error:
                raise UnreadableError(f"it cannot be read ({error})") from error
            if content.startswith(_LFS):
                raise UnreadableError(
                    "Git LFS stores the notebook's content; commit the notebook itself"
                )
            return content

        found = Found(printable(entry.path), parts, None, read, refusal)
        return Sent(found, (sender,), parts[-1], refusal=refusal)

    def _time(self, wanted: Wanted, snapshot: Snapshot, seen: datetime) -> tuple[datetime, str]:
        """Return the time when a commit was handed in, and a note about this time.

        The time is the commit's date, but no later than now. The time is also no earlier than the
        last collection that found an older commit instead.
        """
        stated = snapshot.time
        if stated is None or stated > seen:
            return seen, "The commit's date is impossible, so the time of collecting is used."
        earlier = self.record.last_without(wanted, snapshot.commit)
        if self.plan.before is None and earlier is not None and stated < earlier:
            local = earlier.astimezone(self.course.timezone)
            return earlier, f"The commit was not pushed yet on {local:%Y-%m-%d at %H:%M}."
        return stated, ""


class Record:
    """A record of the collected commits and their times: one line of JSON for each commit.

    Lines are never changed. A record shows that a later commit was not pushed yet only if both are
    on the same branch of the same repository.
    """

    def __init__(self, course: Course, assignment: str, plan: Plan) -> None:
        self._path = course.submitted / COLLECTED / f"{assignment}.jsonl"
        self._branch, self._is_newest = plan.branch, plan.before is None
        self._lines: dict[tuple[str, str], list[tuple[str, datetime]]] = {}
        self._end_of_line = ""
        try:
            text = self._path.read_text(encoding="utf-8")
        except FileNotFoundError:
            return
        if text and not text.endswith("\n"):
            self._end_of_line = "\n"  # a killed run may have left an incomplete last line
        for line in text.splitlines():
            try:
                told = json.loads(line)
                moment = datetime.fromisoformat(told["collected"])
                whose = told["student"], told["repository"]
                if told["newest"] and told["branch"] == self._branch:
                    self._lines.setdefault(whose, []).append((told["commit"], moment))
            except (ValueError, KeyError, TypeError):
                continue

    def last_without(self, wanted: Wanted, commit: str) -> datetime | None:
        """Return when a collection last found another commit instead of this one."""
        last = None
        for other, moment in self._lines.get((wanted.student, wanted.shown), []):
            if other == commit:
                break
            last = moment
        return last

    def add(self, wanted: Wanted, snapshot: Snapshot, seen: datetime) -> None:
        """Add a line for a collected commit."""
        line = {
            "student": wanted.student,
            "repository": wanted.shown,
            "branch": self._branch,
            "newest": self._is_newest,
            "commit": snapshot.commit,
            "stated": snapshot.time.isoformat() if snapshot.time else None,
            "collected": seen.isoformat(),
        }
        self._path.parent.mkdir(parents=True, exist_ok=True)
        with self._path.open("a", encoding="utf-8") as file:
            file.write(f"{self._end_of_line}{json.dumps(line)}\n")
        self._end_of_line = ""


def _failed(wanted: Wanted, error: GitError | SubmissionError, **about: Any) -> Outcome:
    advice = error.advice if isinstance(error, GitError) else ""
    what = str(error).rstrip(".")
    sentence = f"{what[:1].upper()}{what[1:]}."
    return Outcome(wanted.student, wanted.shown, "failed", sentence, advice, **about)


def _is_notebook(entry: Entry) -> bool:
    parts = entry.path.split("/")
    is_named = NOTEBOOK_NAME.fullmatch(parts[-1]) is not None
    return is_named and len(parts) <= MAX_DEPTH and not is_clutter(parts)


def _depth(entry: Entry) -> int:
    return entry.path.count("/")


def _blob_name(content: bytes) -> str:
    """Return Git's name (hash) for a file with this content."""
    return hashlib.sha1(b"blob %d\0" % len(content) + content, usedforsecurity=False).hexdigest()

"""One trial: a run that is disturbed, the next run, and the results of both."""

from __future__ import annotations

import random
import shutil
import tempfile
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from autograder.course.assignment import Course
from autograder.gradebook.database import open_gradebook
from autograder.gradebook.folders import digest, settle_all

from . import result
from .changes import Change
from .disk import read_tree
from .madeupclass import AFTER, HOMEWORK, STUDENTS
from .theatre import Decide, Ended, Kill, Theatre

Commands = Sequence[Sequence[str]]

GROWS = {"create", "write", "mkdir", "link"}
"""Changes that a full disk refuses; renaming, cutting and removing need no space."""


@dataclass(frozen=True)
class Left:
    """The result of a run in a course."""

    tables: dict[str, Any]
    students: dict[str, Any]
    files: dict[str, bytes | None]
    others: list[str]

    @classmethod
    def by(cls, root: Path) -> Left:
        return cls(
            result.tables(root / "gradebook.db"),
            result.by_student(root / "gradebook.db"),
            result.written(root),
            result.others(root),
        )


@dataclass
class Scene:
    """A course before its run, the commands, and the changes and result of an undisturbed run.

    `by_hand` are marks and comments by a person, which must be present at every moment.
    """

    theatre: Theatre
    folder: Path
    base: Path
    commands: Commands
    by_hand: set[tuple[Any, ...]] = field(default_factory=lambda: set(result.BY_A_PERSON))
    markings: str = AFTER
    changes: list[Change] = field(init=False)
    left: Left = field(init=False)

    def __post_init__(self) -> None:
        there = self.base / "gradebook.db"
        self.before = result.by_student(there) if there.exists() else {}
        with self.course() as root:
            ended = self.run(root, lambda *_: None)
            assert ended.code == 0, ended.output
            self.changes, self.left = ended.changes, Left.by(root)
            self.tree = read_tree(root)

    @contextmanager
    def course(self, base: Path | None = None) -> Iterator[Path]:
        """A copy of the course before the run, which is removed after the test."""
        place = Path(tempfile.mkdtemp(dir=self.folder))
        try:
            yield Path(shutil.copytree(base or self.base, place / "course"))
        finally:
            shutil.rmtree(place)

    def run(self, root: Path, decide: Decide | None = None, **settings: Any) -> Ended:
        """Run the commands on a course."""
        return self.theatre.run(root, self.commands, decide, markings=self.markings, **settings)

    def moments(self, count: int, seed: int) -> list[int]:
        """Draw `count` of the run's changes so that every kind of change has its share."""
        draw = random.Random(seed)
        kinds: dict[tuple[str, str], list[int]] = defaultdict(list)
        for number, change in enumerate(self.changes):
            kinds[change.place, change.kind].append(number)
        groups = list(kinds.values())
        draw.shuffle(groups)
        for group in groups:
            draw.shuffle(group)
        found: list[int] = []
        while len(found) < min(count, len(self.changes)):
            for group in groups:
                if group and len(found) < count:
                    found.append(group.pop())
        return found

    def assert_nothing_is_lost(self, root: Path) -> None:
        """Right after a fault, the gradebook is sound and contains every mark that a person gave.

        Each student has either the earlier marks or the new marks, and the notebooks with these
        marks.
        """
        with tempfile.TemporaryDirectory(dir=self.folder) as place:
            # in a copy, because opening the gradebook undoes an interrupted transaction, and the
            # next run should do that
            for path in root.glob("gradebook.db*"):
                if path.is_file():
                    shutil.copy(path, place)
            gradebook = Path(place) / "gradebook.db"
            assert result.is_sound(gradebook)
            if self.by_hand:
                assert result.by_hand(gradebook) == self.by_hand
            found = result.by_student(gradebook)
            for student in STUDENTS:
                either = [of.get(student) for of in (self.before, self.left.students)]
                assert found.get(student) in either, student
        with self.course(root) as copy:
            assert_folders_belong_to_marks(copy)

    def assert_next_run_finishes(self, root: Path) -> None:
        """The next run succeeds and leaves the same result as an undisturbed run."""
        ended = self.run(root)
        assert ended.code == 0, ended.output
        self.assert_as_undisturbed(root)

    def assert_as_undisturbed(self, root: Path, *, damaged: int = 0) -> None:
        """Marks, files and leftovers equal those of an undisturbed run.

        `damaged` is the number of damaged gradebooks that are kept beside the copies.
        """
        assert result.is_sound(root / "gradebook.db")
        left = Left.by(root)
        for name, rows in self.left.tables.items():
            more, less = left.tables[name] - rows, rows - left.tables[name]
            assert (more, less) == (Counter(), Counter()), name
        assert left.tables.keys() == self.left.tables.keys()
        assert left.files.keys() == self.left.files.keys()
        assert [p for p, data in left.files.items() if data != self.left.files[p]] == []
        assert left.others == self.left.others
        kept = set((root / "gradebook-copies").iterdir())
        copies = set((root / "gradebook-copies").glob("gradebook-*.db"))
        assert copies
        assert all(map(result.is_sound, copies))
        assert [path.match("damaged-*") for path in kept - copies] == [True] * damaged


def assert_folders_belong_to_marks(root: Path) -> None:
    """After the first steps of any command, each folder belongs to the recorded marks."""
    course = Course(root)
    assignment = course.assignment(HOMEWORK)
    if not (root / "gradebook.db").exists():
        return
    with open_gradebook(course) as book:
        settle_all(book, course, assignment)
        for folder in (root / "autograded").glob(f"*/{HOMEWORK}"):
            recorded = book.recorded_folder(HOMEWORK, folder.parent.name)
            assert recorded == digest(folder), folder
        for student in STUDENTS:
            if book.recorded_folder(HOMEWORK, student):
                assert (root / "autograded" / student / HOMEWORK).is_dir(), student


def kill_at(moment: int) -> Decide:
    """Return a decision that kills the process right before the change with this number."""
    return lambda number, _: Kill() if number == moment else None


def kill_before(stage: Stage) -> Decide:
    """Return a decision that kills the process right before this stage."""
    return lambda _, change: Kill() if stage.comes_with(change) else None


def refuse_from(moment: int, error: int) -> Decide:
    """Return a decision that refuses new and longer files from this change on."""
    return lambda number, change: error if number >= moment and change.kind in GROWS else None


def refuse_after(stage: Stage, error: int) -> Decide:
    """Return a decision that refuses new and longer files from this stage on."""
    return lambda _, change: error if stage.comes_with(change) and change.kind in GROWS else None


class Stage:
    """A point of a run: the first change of one kind after a change of another kind was seen."""

    def __init__(self, after: str, kind: str, path: str) -> None:
        self._after, self._kind, self._path = after, kind, path
        self._is_near = self._has_come = False

    def comes_with(self, change: Change) -> bool:
        """Return whether this change, or an earlier change, reached the stage."""
        self._is_near |= self._after in (change.path, "")
        is_it = change.kind == self._kind and self._path in (change.path, change.target)
        self._has_come |= self._is_near and is_it
        return self._has_come


def stages() -> dict[str, Stage]:
    """Return one point of each part of a run of `fdl grade` and `fdl feedback`, in order."""
    copy, bela, chloe = (
        "gradebook-copies/.unfinished",
        f"autograded/bela/.{HOMEWORK}-unfinished",
        f"autograded/chloe/{HOMEWORK}",
    )
    return {
        "copying the gradebook": Stage(copy, "write", copy),
        "writing marks": Stage(bela, "write", "gradebook.db"),
        "putting a folder in its place": Stage("", "rename", chloe),
        "writing feedback": Stage("", "write", f"feedback/bela/{HOMEWORK}/.a_slopes.html"),
    }

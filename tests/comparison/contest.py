"""The attack ideas against one tool: a course, three honest students, then each idea."""

from __future__ import annotations

import hashlib
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.comparison import homework, net
from tests.comparison.attack import Idea
from tests.comparison.forms import CANARIES
from tests.comparison.ideas.common import EVERYTHING
from tests.comparison.net import Ran
from tests.comparison.tool import AFTER, ATTACKER, BEFORE, Marks, Secrets, Tool
from tests.comparison.verdict import (
    Verdict,
    is_stopped,
    leaked,
    nameless,
    others_changed,
    unearned_points,
)

REFERENCE = Idea("reference", "gaming", "The reference's answers.")
SKELETON = Idea("skeleton", "gaming", "Nothing was written.", unsolved=EVERYTHING)
WRONG = Idea("wrong", "gaming", "Honest answers, all wrong.", homework.WRONG, EVERYTHING)
CONTROLS = (REFERENCE, SKELETON, WRONG)

ZOE = Idea(
    "zoe",
    "gaming",
    "All answers but the kernel's are right.",
    {
        "start": CANARIES["another student's submission"],
        "kernel": homework.WRONG["kernel"],
    },
)
TRUTH: Marks = {BEFORE: homework.FULL, AFTER: {**homework.FULL, "kernel": 0.0}}


class UnfairError(Exception):
    """The tool gives honest students wrong marks, so that nothing can be compared."""


@dataclass(frozen=True)
class Result:
    """The results of the contest for one tool; `given` lists secrets that everybody is shown."""

    tool: str
    version: str
    given: Sequence[str]
    verdicts: Mapping[str, Verdict]


def compete(
    tool: Tool, ideas: Sequence[Idea], watch: Callable[[str], None] = lambda _: None
) -> Result:
    """Submit each idea to the tool, and return everything that the idea got."""
    with _course(tool, watch) as course:
        verdicts = {}
        for idea in ideas:
            watch(f"{tool.name}: {idea.name}")
            verdicts[idea.name] = course.strike(idea)
        given = sorted({secret.partition(":")[0] for secret in course.given})
        return Result(tool.name, tool.version(), given, verdicts)


@contextmanager
def _course(tool: Tool, watch: Callable[[str], None]) -> Iterator[_Course]:
    with tempfile.TemporaryDirectory(prefix="comparison-course-") as folder:
        watch(f"{tool.name}: a course")
        base = Path(folder, "base")
        base.mkdir()
        tool.prepare(base)
        (base / "course" / "notes.txt").write_text(CANARIES["an instructor's note"] + "\n")
        tool.hand_in(base, BEFORE, REFERENCE)
        tool.hand_in(base, AFTER, ZOE)
        with net.run(base, tool.first_run(), programs=tool.programs, powers=tool.powers) as ran:
            if failed := [step for step in ran.steps if step.code != 0]:
                raise UnfairError(f"{tool.name} can't mark the first student:\n{failed[0].said}")
            marked = Path(folder, "marked")
            shutil.copytree(ran.scratch, marked, symlinks=True)
        course = _Course(tool, marked, tool.secrets())
        for control in CONTROLS:
            watch(f"{tool.name}: the control {control.name}")
            course.hold(control)
        yield course


class _Course:
    """A tool's course, saved before the class run that an idea attacks."""

    def __init__(self, tool: Tool, base: Path, secrets: Secrets) -> None:
        self._tool = tool
        self._base = base
        self._secrets = secrets
        self._usual_changes: set[str] = set()
        self.given: set[str] = set()

    def hold(self, control: Idea) -> None:
        """Submit honest work; raise UnfairError unless every student gets the right marks."""
        with self._run(control) as (ran, before):
            marks = self._tool.marks(ran)
            should = {item: 0.0 if item in control.unsolved else 1.0 for item in homework.ITEMS}
            if marks != {**TRUTH, ATTACKER: should}:
                said = "\n".join(step.said for step in ran.steps)
                raise UnfairError(
                    f"{self._tool.name} marks the control {control.name} so: {marks}\n{said}"
                )
            found = self._secrets.found_in(self._tool.given_back(ran, ATTACKER))
            self.given |= found - self._own(control)
            self._usual_changes |= self._changes(before, ran)

    def strike(self, idea: Idea) -> Verdict:
        """Submit an idea, and return the verdict."""
        with self._run(idea) as (ran, before):
            marks = self._tool.marks(ran)
            told = self._tool.given_back(ran, ATTACKER) + "\n"
            found = self._secrets.found_in(told) - self.given
            heard = self._secrets.found_in(ran.heard)
            outside = sorted(self._changes(before, ran) - self._usual_changes)
            if ran.left:
                outside.append(f"{len(ran.left)} processes left running")
            return Verdict(
                unearned=unearned_points(idea, marks),
                leaks=leaked(found | heard, self._own(idea), ()),
                stopped=is_stopped(marks),
                others=others_changed(marks, TRUTH),
                outside=tuple(outside),
                seconds=round(sum(step.seconds for step in ran.steps), 1),
            )

    @contextmanager
    def _run(self, idea: Idea) -> Iterator[tuple[Ran, Mapping[str, str]]]:
        tool = self._tool
        with tempfile.TemporaryDirectory(prefix="comparison-base-") as folder:
            base = Path(folder, "base")
            shutil.copytree(self._base, base, symlinks=True)
            tool.hand_in(base, ATTACKER, idea)
            before = _state(base)
            with net.run(base, tool.class_run(), programs=tool.programs, powers=tool.powers) as ran:
                yield ran, before

    def _own(self, idea: Idea) -> set[str]:
        """Return the secrets that the attacker's own answers already contain."""
        cells = idea.code(self._tool.name, self._tool.places())
        own = [text for place, text in cells.items()]
        own += [
            homework.reference(answer) for answer in homework.ANSWERS if idea.is_answered(answer)
        ]
        return self._secrets.found_in("\n".join(own))

    def _changes(self, before: Mapping[str, str], ran: Ran) -> set[str]:
        """Return changes in files that belong neither to the attacker nor to the records."""
        after = _state(ran.scratch)
        found = set()
        for path in before.keys() | after.keys():
            if before.get(path) != after.get(path) and not self._tool.belongs_to(path, ATTACKER):
                what = "made" if path not in before else "changed" if path in after else "removed"
                found.add(f"{what}: {nameless(path)}")
        return found


def _state(folder: Path) -> dict[str, str]:
    """Return the digests of the files below a folder."""
    found = {}
    for path in folder.rglob("*"):
        name = str(path.relative_to(folder))
        if path.is_symlink():
            found[name] = f"link to {path.readlink()}"
        elif path.is_file():
            found[name] = hashlib.sha256(path.read_bytes()).hexdigest()
    return found

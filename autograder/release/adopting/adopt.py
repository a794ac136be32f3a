"""Adopt an nbgrader assignment: write its notebooks, solutions, tests and checks into a course.

The homework is made in a scratch course first. There, its converted tests run on its solutions. If
the solution of an item does not pass, a person marks the item instead. Then the homework is written
into the course. The nbgrader assignment itself is never changed, and no file of the course is
overwritten.
"""

from __future__ import annotations

import re
import shutil
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import suppress
from copy import deepcopy
from dataclasses import dataclass, field, replace
from importlib.metadata import packages_distributions
from pathlib import Path
from tempfile import TemporaryDirectory

from autograder.course.assignment import Course
from autograder.course.gradecells import is_check, is_manual, points_of
from autograder.course.layout import CHECKS, COMPANIONS, MISCONCEPTIONS, README, REQUIREMENTS
from autograder.durable import write_text
from autograder.errors import KitError
from autograder.grading.inprocess import LocalMarker
from autograder.release.adopting.conversion import DOES_NOT_HOLD
from autograder.release.adopting.identifiers import Ids, as_module
from autograder.release.adopting.notebook import Adopted, NotebookAdoption, Trial
from autograder.release.adopting.reading import OldAssignment, Remark
from autograder.release.fill import to_text
from autograder.release.newhomework import EXAMPLE, NewHomework, begin_course, make_homework
from autograder.release.pictures import SHOWN
from autograder.release.proof.leaks import VISIBLE
from autograder.sandbox.student import unmarkable
from autograder.timelimit import TimeUpError, time_limit
from autograder.words import counted

MOST_TRIALS = 12
"""Largest number of trials; each trial leaves out the claims that failed in the last one."""

TRIAL_SECONDS = 300.0
"""Seconds for one trial; tests that did not run by then are first run by `fdl release`."""

OWN_KIND = (
    "the answer is an object that can't leave the student's process, such as one of the notebook's "
    "own class: ask for a function that returns numbers, texts, lists or arrays"
)
"""Reason why a person marks an answer of an unknown kind."""

_CLAIM = re.compile(re.escape(DOES_NOT_HOLD).replace(r"\{\}", "(.*)"), re.DOTALL)

KEPT = "not-converted.md"
"""File beside the hidden tests, with code that could not be used in the new homework."""


@dataclass
class Plan:
    """All files of an adopted homework, and what a person should know about it."""

    notebooks: list[Adopted]
    files: dict[str, Path]
    original: dict[str, str]
    remarks: list[Remark] = field(default_factory=list)

    def settings(self, homework: NewHomework) -> NewHomework:
        """Return the homework with the settings that every adopted homework has."""
        return replace(homework, bonus=(), files=tuple(sorted(self.files)), proof="light")

    def summary(self) -> str:
        """Return the number of items of each kind, and their points."""
        cells = [cell for each in self.notebooks for cell in each.notebook.cells]
        auto = [points_of(cell) for cell in cells if is_check(cell)]
        manual = [points_of(cell) for cell in cells if is_manual(cell)]
        by_tests, by_hand = (
            f"{counted(len(each), 'item')} ({counted(sum(each), 'point')})"
            for each in (auto, manual)
        )
        return f"Tests mark {by_tests}; a person marks {by_hand}."


def adopt(course: Course, old: OldAssignment, homework: NewHomework) -> tuple[Plan, list[Path]]:
    """Write the assignment into the course as a new homework; return the plan and the paths.

    Raise CourseError, and change nothing, if the homework or one of its folders exists already.
    """
    homework.check()
    trial = Trial()
    for _ in range(MOST_TRIALS):
        plan = make_plan(old, homework.name, trial)
        told = _try(course, plan, homework, trial)
        if told is not True:
            break
    trial.is_running = False
    plan = make_plan(old, homework.name, trial)
    plan.remarks += told if isinstance(told, list) else []
    homework = plan.settings(homework)
    paths = make_homework(course, homework, lambda folders: _write(plan, folders, homework))
    return plan, list(paths)


def make_plan(old: OldAssignment, name: str, trial: Trial) -> Plan:
    """Return the files of the homework, without the claims that failed in trials so far."""
    ids = Ids()
    remarks = list(old.remarks)
    names, original = dict[str, str](), dict[str, str]()
    beside = {Path(file).stem for file in old.files if file.endswith(".py")}
    for title in old.notebooks:
        names[title] = as_module(title, {*original, *beside})
        original[names[title]] = title
        if names[title] != title:
            remarks.append(Remark(f"{title}.ipynb", f"it is now called {names[title]}.ipynb"))
    found = []
    for title, notebook in old.notebooks.items():
        adoption = NotebookAdoption(
            names[title], title, name, notebook, old.marks, ids, old.files, trial
        )
        found.append(adoption.adopt())
        remarks += found[-1].remarks
    plan = Plan(found, {}, original, remarks)
    _add_files(plan, old)
    return plan


def _add_files(plan: Plan, old: OldAssignment) -> None:
    """Choose the names of the files beside the notebooks: a release has no subfolders."""
    attached = {name for each in plan.notebooks for name in each.attached}
    for name, path in old.files.items():
        if name in attached and not _is_mentioned(plan, name):
            continue
        flat = Path(name).name
        if flat in COMPANIONS or flat in plan.files or flat.startswith("."):
            flat = "original-" + re.sub(r"[/\\]", "-", name).lstrip(".")
        if flat != name:
            told = f"it is now called {flat}, because a release has no subfolders"
            plan.remarks.append(Remark(name, told))
            _rename(plan, name, flat)
        plan.files[flat] = path


def _is_mentioned(plan: Plan, name: str) -> bool:
    cells = (cell for each in plan.notebooks for cell in each.notebook.cells)
    return any(name in SHOWN.sub("", cell.source) for cell in cells)


def _rename(plan: Plan, name: str, flat: str) -> None:
    """Write a file's new name into all cells and modules that name it with its folder."""
    if "/" not in name:
        return
    for each in plan.notebooks:
        for cell in each.notebook.cells:
            cell.source = cell.source.replace(name, flat)
        each.modules = {key: text.replace(name, flat) for key, text in each.modules.items()}
        each.tests = each.tests.replace(name, flat)
        each.visible_tests = each.visible_tests.replace(name, flat)
        each.checks = [text.replace(name, flat) for text in each.checks]


# --- trying the converted tests -------------------------------------------------------------------


def _try(course: Course, plan: Plan, homework: NewHomework, trial: Trial) -> list[Remark] | bool:
    """Run the converted tests on the solutions; return True if a test failed for the first time.

    `trial` notes the failure: the next plan leaves out a claim that the solution does not pass, and
    an item that fails in another way is marked by a person. Items without a solution are not tried.
    If the tests can't be run, return remarks with the reason.
    """
    settings = plan.settings(homework)
    known = deepcopy((trial.by_hand, trial.failed))
    start = time.monotonic()
    with TemporaryDirectory(prefix="fdl-adopt-") as folder:
        scratch = begin_course(Path(folder).resolve(), course.timezone.key)
        make_homework(scratch, settings, lambda folders: _write(plan, folders, settings))
        scratch = Course(scratch.root)
        try:
            marker = LocalMarker(scratch, scratch.assignment(homework.name))
            with suppress(TimeUpError), time_limit(TRIAL_SECONDS):
                learnt = [_learn(marker, each, trial) for each in plan.notebooks if each.sources]
            if time.monotonic() < start + TRIAL_SECONDS:
                return any(learnt)
            # an error that the time limit caused looks like an error of the solution
            trial.by_hand, trial.failed = known
            told = f"the converted tests took more than {TRIAL_SECONDS:g} s, so not all were tried"
            return [Remark(homework.name, told)]
        except KitError as error:
            text = str(error).replace(f"{scratch.root}/", "")
            return [Remark(homework.name, f"the converted tests could not be tried: {text}")]


def _learn(marker: LocalMarker, adopted: Adopted, trial: Trial) -> bool:
    """Mark one notebook's solutions; return whether a claim or an item failed."""
    found = False
    marked = marker.mark(adopted.name, {})
    for item, report in marked.items.items():
        is_unsure = item in adopted.untried or item in adopted.missing
        if is_unsure or report.points >= report.max_points:
            continue
        found = True
        key = adopted.name, adopted.sources[item]
        failed = [
            o.message if not o.fault else o.fault for o in marked.outcomes[item] if not o.passed
        ]
        claims = {claim[1] for text in failed if (claim := _CLAIM.fullmatch(text))}
        known = trial.failed.setdefault(key, set())
        if claims - known:
            known |= claims
        else:
            told = failed[0] if failed else "no test ran"
            trial.by_hand[key] = (
                OWN_KIND
                if told == unmarkable(None)
                else f"its solution does not pass the converted tests ({told})"
            )
    return found


# --- writing --------------------------------------------------------------------------------------


def _write(plan: Plan, folders: Mapping[str, Path], homework: NewHomework) -> None:
    """Write all files of the homework into its new folders."""
    source, solutions, hidden = (folders[each] for each in ("source", "solutions", "hidden"))
    for name, path in plan.files.items():
        shutil.copyfile(path, source / name)
        if name.endswith(".py"):  # solutions and hidden tests import this copy
            shutil.copyfile(path, solutions / name)
    for adopted in plan.notebooks:
        write_text(source / f"{adopted.name}.ipynb", to_text(adopted.notebook))
        for module, text in adopted.modules.items() if adopted.sources else ():
            write_text(solutions / f"{module}.py", text)
        for end, text in ((".py", adopted.tests), (VISIBLE, adopted.visible_tests)):
            if text:
                write_text(hidden / f"test_{adopted.name}{end}", text)
    words = {"HOMEWORK_TITLE": homework.title, "HOMEWORK": homework.name}
    words["# HOMEWORK_IMPORTS"] = "\n".join(_check_imports(plan))
    write_text(source / README, _filled(README, words))
    checks = [text for each in plan.notebooks for text in each.checks]
    head = _filled(CHECKS, words).rstrip("\n")
    write_text(source / CHECKS, "\n\n\n".join([head, *checks]) + "\n")
    write_text(source / REQUIREMENTS, "\n".join(_requirements(plan)) + "\n")
    write_text(solutions / "__init__.py", f'"""Reference solutions of {homework.name}."""\n')
    write_text(hidden / MISCONCEPTIONS, _filled(MISCONCEPTIONS, words))
    conftest = EXAMPLE / "hidden" / "conftest.py"
    write_text(hidden / "conftest.py", conftest.read_text(encoding="utf-8"))
    if kept := [piece for adopted in plan.notebooks for piece in adopted.kept]:
        write_text(hidden / KEPT, _filled(KEPT, words) + "\n\n".join(kept) + "\n")


def _filled(name: str, words: Mapping[str, str]) -> str:
    """Return a template of an adopted homework's file, with the homework's words filled in."""
    text = (EXAMPLE / "adopted" / name).read_text(encoding="utf-8")
    return re.sub("|".join(sorted(words, key=len, reverse=True)), lambda w: words[w[0]], text)


def _check_imports(plan: Plan) -> list[str]:
    own = {"from typing import Any"}
    return sorted(own.union(*(each.check_imports for each in plan.notebooks)))


def _requirements(plan: Plan) -> Iterator[str]:
    example = (EXAMPLE / "source" / REQUIREMENTS).read_text(encoding="utf-8").split()
    yield from example
    known = {re.split(r"[<>=]", line)[0] for line in example}
    own = {Path(name).stem for name in plan.files if name.endswith(".py")}
    modules = set().union(*(each.packages for each in plan.notebooks))
    for module in sorted(modules - own - sys.stdlib_module_names - {"IPython", "mpl_toolkits"}):
        package = packages_distributions().get(module, [module])[0]
        if package.lower() not in known:
            known.add(package.lower())
            yield package

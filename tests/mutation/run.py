"""The whole run: all mutants are tried, and survivors are compared with the written reasons."""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from autograder.course.assignment import Course
from autograder.grading.inprocess import LocalMarker

from .mutants import Mutant, mutants_of
from .trials import Trial, try_all

ROOT = Path(__file__).parents[2]
ASSIGNMENT = "hw2"
REPORT = ROOT / "docs" / "mutation.md"
REASONS = Path(__file__).with_name("survivors.toml")

OTHER_SEEDS = (1,)
"""Seeds that are tried besides the assignment's own seed."""

Watch = Callable[[Iterable[Trial], int], Iterable[Trial]]
"""Function that iterates over the trials; its argument is the number of trials."""


@dataclass(frozen=True)
class Reason:
    """The reason why some mutants may keep every point.

    `because` is a sentence; the other fields identify the mutants.
    """

    because: str
    mutants: tuple[str, ...]


@dataclass(frozen=True)
class Run:
    """The results of a run, in the order of the mutants."""

    seeds: tuple[int, ...]
    trials: tuple[Trial, ...]
    reasons: tuple[Reason, ...]

    @property
    def survivors(self) -> tuple[Mutant, ...]:
        """Return the mutants that kept every point on some seed's inputs."""
        return tuple(trial.mutant for trial in self.trials if not trial.caught)

    @property
    def unexplained(self) -> list[str]:
        """Survivors without a reason."""
        known = {name for reason in self.reasons for name in reason.mutants}
        return [str(mutant) for mutant in self.survivors if str(mutant) not in known]

    @property
    def stale(self) -> list[str]:
        """Return reasons for texts that are not a mutant, or not a surviving mutant."""
        found = {str(mutant) for mutant in self.survivors}
        return [name for reason in self.reasons for name in reason.mutants if name not in found]


def run(watch: Watch = lambda trials, _: trials) -> Run:
    """Try all mutants of the assignment's reference answers."""
    course = Course(ROOT)
    assignment = course.assignment(ASSIGNMENT)
    seeds = (assignment.seed, *OTHER_SEEDS)
    markers = [LocalMarker(course, assignment, seed=seed) for seed in seeds]
    warm_up(markers[0])
    mutants = list(mutants_of(course, assignment))
    order = {str(mutant): k for k, mutant in enumerate(mutants)}
    if len(order) != len(mutants):
        raise ValueError("two mutants are known by the same text")
    found = watch(try_all(markers, mutants), len(mutants))
    trials = sorted(found, key=lambda trial: order[str(trial.mutant)])
    return Run(seeds, tuple(trials), load_reasons())


def warm_up(marker: LocalMarker) -> None:
    """Import and read everything that the mutants' processes need, before they are forked."""
    for item in marker.assignment.select("auto"):
        marker.mark(item.problem, {}, [item.name])


def load_reasons(path: Path = REASONS) -> tuple[Reason, ...]:
    """Return the written reasons; raise ValueError if a mutant has two reasons."""
    entries = tomllib.loads(path.read_text(encoding="utf-8"))["reason"]
    reasons = tuple(Reason(entry["because"], tuple(entry["mutants"])) for entry in entries)
    names = [name for reason in reasons for name in reason.mutants]
    if len(set(names)) != len(names):
        twice = sorted({name for name in names if names.count(name) > 1})
        raise ValueError(f"{path}: two reasons are given for {twice}")
    return reasons

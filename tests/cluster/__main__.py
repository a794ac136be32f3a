"""The cost of scheduling: the same class by `fdl grade --jobs 2` and on Dask with two workers.

`python -m tests.cluster [COUNT] [ROUNDS]` generates COUNT students from the misconceptions of hw2
and marks them both ways in turns. The command prints each time and the ratio of the medians. The
workers are running before the measurement. The workers' marking processes start with the class, as
in a run on one machine.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

from autograder.commands.demo import make_scratch_course
from autograder.course.assignment import Course
from autograder.grading.sampledclass import draw_class

from .machines import ROOT, Machines, kill

HOMEWORK = "hw2"


def main(count: int, rounds: int) -> None:
    """Measure and print."""
    with tempfile.TemporaryDirectory(prefix="fdl-cluster-") as folder:
        course = Course(ROOT)
        homework = course.assignment(HOMEWORK)
        students = draw_class(course, homework, count, seed=0)
        scratch = make_scratch_course(course, homework, students, Path(folder) / "course")
        place = Path(folder) / "machines"
        place.mkdir()
        machines = Machines(place)
        try:
            ways = {"--jobs 2": ["--jobs", "2"], "two workers": ["--cluster", machines.start()]}
            seconds: dict[str, list[float]] = {way: [] for way in ways}
            for number in range(rounds + 1):  # the first run fills caches, and does not count
                for way, options in ways.items():
                    for pid in machines.marking():  # the workers keep the caches of the first run
                        kill(pid)
                    taken = _grade(scratch.root, options)
                    if number:
                        seconds[way].append(taken)
                        print(f"round {number}, {way}: {taken:.1f} s", flush=True)
        finally:
            machines.close()
    here, there = (median(seconds[way]) for way in ways)
    print(f"{count} students: {here:.1f} s here, {there:.1f} s on Dask, ratio {there / here:.3f}")


def _grade(root: Path, options: list[str]) -> float:
    begin = time.monotonic()
    command = [sys.executable, "-m", "autograder.cli", "grade", HOMEWORK, "--again"]
    subprocess.run(
        [*command, "--course", str(root), *options], cwd=ROOT, check=True, capture_output=True
    )
    return time.monotonic() - begin


if __name__ == "__main__":
    given = [int(argument) for argument in sys.argv[1:]]
    main(*given, *(16, 3)[len(given) :])

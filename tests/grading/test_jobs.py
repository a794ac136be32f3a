"""The jobs of a run and their order."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from autograder.course.assignment import Assignment
from autograder.grading.jobs import Job, long_ones_last
from autograder.sandbox import Limits


def test_long_is_a_share_of_the_submissions_time(homework: Assignment) -> None:
    jobs = [Job(name, Path(name)) for name in ("endless", "slow", "quick", "new")]
    seconds = {"endless": 600.0, "slow": 45.0, "quick": 2.0}
    for limit, order in {
        90.0: ["quick", "new", "endless", "slow"],
        900.0: ["slow", "quick", "new", "endless"],
    }.items():
        slower = replace(homework, limits=Limits(submission_seconds=limit))
        assert [job.student for job in long_ones_last(jobs, seconds, slower)] == order

"""Cache findings of proofs until a file or a setting that they depend on changes."""

from __future__ import annotations

from collections.abc import Iterable
from hashlib import sha256
from pathlib import Path

from autograder.cache import ResultCache, cache_folder
from autograder.course.assignment import Assignment, Course
from autograder.grading.versions import hash_of_folders, hash_of_tests


def earlier_findings(
    kind: str,
    course: Course,
    assignment: Assignment,
    *,
    seed: int,
    folders: Iterable[Path] = (),
    walls: str = "",
) -> ResultCache:
    """Return the cache of findings made with the same tests, solutions, grader and seed.

    `kind` names the part of the proof. `folders` are further folders that the findings depend on.
    `walls` is the level of the sandbox's protection when the findings were made.
    """
    own_code = Path(__file__).parents[1]  # the folder `release`
    parts = (hash_of_tests(course, assignment, seed), hash_of_folders(own_code, *folders), walls)
    return ResultCache(sha256("\n".join(parts).encode()).hexdigest(), cache_folder("proofs") / kind)

"""Fill, build, prove, publish: a release that fails its proof is not written."""

from __future__ import annotations

import shutil
from pathlib import Path
from tempfile import TemporaryDirectory

from autograder.course.assignment import Course
from autograder.course.layout import CourseFolder
from autograder.durable import write_bytes
from autograder.release.build import build
from autograder.release.proof.findings import Proof
from autograder.release.proof.freshness import stage_source
from autograder.release.proof.proof import prove
from autograder.release.proof.trials import Say


def release(
    course: Course,
    name: str,
    *,
    check: bool = False,
    say: Say = lambda _: None,
    again: bool = False,
) -> Proof:
    """Release the assignment: fill its source, build its release, prove both, write both.

    Where the proof fails, source and previous release stay as they were. With `check` nothing is
    ever written: what is proved is what stands there now, and being out of date is a fault.
    `say` is told what is being looked at. `again` repeats what an earlier proof has found with the
    same inputs.
    Raises ReleaseError where filling or building is impossible.
    """
    assignment = course.assignment(name)
    with TemporaryDirectory(prefix="fdl-release-") as folder:
        scratch = Path(folder).resolve()
        say("filling and building afresh")
        source = stage_source(course, assignment, scratch)
        tree = CourseFolder(scratch).release(name)
        build(source, tree, assignment, config=course.nbgrader_settings)
        proof = prove(course, assignment, source, tree, check=check, say=say, again=again)
        if proof.ok and not check:
            _replace_tree(tree, course.release(name))
            _replace_files(source, course.source(name))
    return proof


def _replace_files(fresh: Path, folder: Path) -> None:
    """Put each file of `fresh` in its place in `folder`."""
    for path in sorted(fresh.iterdir()):
        place = folder / path.name
        if place.read_bytes() != path.read_bytes():
            write_bytes(place, path.read_bytes())


def _replace_tree(fresh: Path, tree: Path) -> None:
    """Put the whole of `fresh` in the place of `tree`, unless they are equal.

    The old tree is moved aside and back again should anything go wrong.
    """
    if _contents(tree) == _contents(fresh):
        return
    tree.parent.mkdir(parents=True, exist_ok=True)
    # beside the tree, so that both moves stay on one file system
    with TemporaryDirectory(prefix=f".{tree.name}-", dir=tree.parent) as folder:
        workshop = Path(folder)
        shutil.copytree(fresh, workshop / "new")
        if tree.exists():
            tree.rename(workshop / "old")
        try:
            (workshop / "new").rename(tree)
        except OSError:
            (workshop / "old").rename(tree)
            raise


def _contents(tree: Path) -> dict[str, bytes | None]:
    """The files of a tree with their bytes, and its folders with None."""
    return {
        path.relative_to(tree).as_posix(): path.read_bytes() if path.is_file() else None
        for path in tree.rglob("*")
    }

"""Fill, build, prove and publish a release; if the proof fails, nothing is written."""

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
from autograder.submission.earlier import keep_earlier


def release(
    course: Course,
    name: str,
    *,
    check: bool = False,
    say: Say = lambda _: None,
    again: bool = False,
) -> Proof:
    """Release the assignment: fill in its source, build the release, check both, then write both.

    If the proof fails, the source and the previous release stay unchanged. With `check`, nothing is
    written: the existing source and release are proved, and a file that is out of date is a fault.
    The cells of the previous release are noted, because students may still work in it.
    `say` is called with the name of the current step. With `again`, findings of earlier proofs are
    not reused. Raises ReleaseError if the source can't be filled or the release can't be built.
    """
    assignment = course.assignment(name)
    with TemporaryDirectory(prefix="fdl-release-") as folder:
        scratch = Path(folder).resolve()
        say("filling the source and building the release")
        source = stage_source(course, assignment, scratch)
        tree = CourseFolder(scratch).release(name)
        build(source, tree, assignment, config=course.nbgrader_settings)
        proof = prove(course, assignment, source, tree, check=check, say=say, again=again)
        if proof.ok and not check:
            keep_earlier(course.release(name), tree)
            replace_tree(tree, course.release(name))
            _replace_files(source, course.source(name))
    return proof


def _replace_files(fresh: Path, folder: Path) -> None:
    """Copy each file of `fresh` that differs from the file in `folder` into `folder`."""
    for path in sorted(fresh.iterdir()):
        place = folder / path.name
        if place.read_bytes() != path.read_bytes():
            write_bytes(place, path.read_bytes())


def replace_tree(fresh: Path, tree: Path) -> None:
    """Replace the whole folder `tree` with `fresh`, unless their contents are equal.

    The old folder is moved aside first, and moved back if an error occurs.
    """
    if _contents(tree) == _contents(fresh):
        return
    tree.parent.mkdir(parents=True, exist_ok=True)
    # the temporary folder is beside the tree, so that both moves stay on one file system
    with TemporaryDirectory(prefix=f".{tree.name}-", dir=tree.parent) as folder:
        temporary = Path(folder)
        shutil.copytree(fresh, temporary / "new")
        if tree.exists():
            tree.rename(temporary / "old")
        try:
            (temporary / "new").rename(tree)
        except OSError:
            (temporary / "old").rename(tree)
            raise


def _contents(tree: Path) -> dict[str, bytes | None]:
    """Return the contents of a folder: the bytes of each file, and None for each subfolder."""
    return {
        path.relative_to(tree).as_posix(): path.read_bytes() if path.is_file() else None
        for path in tree.rglob("*")
    }

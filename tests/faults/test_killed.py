"""A run that is killed (SIGKILL) right before one of its changes to files."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from .disk import Disk, write_tree
from .trial import Scene, kill_at, kill_before, stages

PARTS, IN_PART = 10, 20
FIRST, REGRADED = 40, 60


def is_killed_and_finished(scene: Scene, moment: int) -> None:
    with scene.course() as root:
        ended = scene.run(root, kill_at(moment))
        assert ended.code == -9, ended.output
        scene.assert_nothing_is_lost(root)
        scene.assert_next_run_finishes(root)


def test_what_is_watched_is_all_that_changes(scene: Scene) -> None:
    disk = Disk(scene.base)
    for change in scene.changes:
        disk.make(change)
    assert disk.now() == scene.tree


def test_run_that_is_killed_is_finished_by_the_next(scene: Scene) -> None:
    """Several runs are killed, each in a later part of its work; the last run is not disturbed."""
    with scene.course() as root:
        for name, stage in stages().items():
            ended = scene.run(root, kill_before(stage))
            assert ended.code == -9, f"{name}: {ended.output}"
            scene.assert_nothing_is_lost(root)
        scene.assert_next_run_finishes(root)


@pytest.mark.slow
def test_run_that_is_killed_once_is_finished_by_the_next(scene: Scene) -> None:
    amid_a_student = moment_of(scene, "unlink", "gradebook.db-journal", count=3) - 10
    for moment in (amid_a_student, *scene.moments(3, seed=1)):
        is_killed_and_finished(scene, moment)


@pytest.mark.slow
@pytest.mark.parametrize("part", range(PARTS))
def test_run_that_is_killed_at_any_moment_is_finished_by_the_next(scene: Scene, part: int) -> None:
    for moment in scene.moments(PARTS * IN_PART, seed=9)[part::PARTS]:
        is_killed_and_finished(scene, moment)


@pytest.mark.slow
def test_at_every_moment_the_gradebook_is_sound_and_folders_belong_to_marks(
    scene: Scene, tmp_path: Path
) -> None:
    disk = Disk(scene.base)
    for number, change in enumerate(scene.changes):
        root = tmp_path / str(number)
        write_tree(disk.now(), root)
        scene.assert_nothing_is_lost(root)
        shutil.rmtree(root)
        disk.make(change)


@pytest.mark.slow
def test_first_run_that_is_killed_is_finished_by_the_next(first: Scene) -> None:
    is_killed_and_finished(first, moment_of(first, "rename", "gradebook.db"))


@pytest.mark.slow
def test_first_run_that_is_killed_at_any_moment_is_finished_by_the_next(first: Scene) -> None:
    for moment in first.moments(FIRST, seed=7):
        is_killed_and_finished(first, moment)


def test_regrading_that_is_killed_is_finished_by_the_next(regrading: Scene) -> None:
    is_killed_and_finished(regrading, moment_of(regrading, "unlink", "gradebook.db-journal"))


@pytest.mark.slow
def test_regrading_that_is_killed_at_any_moment_is_finished_by_the_next(regrading: Scene) -> None:
    for moment in regrading.moments(REGRADED, seed=8):
        is_killed_and_finished(regrading, moment)


def moment_of(scene: Scene, kind: str, name: str, count: int = 1) -> int:
    """Return the first (or the `count`th) change of this kind to a file with this name."""
    found = [
        number
        for number, change in enumerate(scene.changes)
        if change.kind == kind and name in (Path(change.path).name, Path(change.target).name)
    ]
    return found[count - 1]

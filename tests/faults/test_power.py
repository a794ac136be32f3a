"""A machine that loses power: any data that were not synced may be lost or torn."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from .disk import LOSSES, Disk, write_tree
from .trial import Scene

EVERYDAY = 2
PARTS, IN_PART = 10, 12


def loses_power_and_is_finished(scene: Scene, moment: int, loss: str, place: Path) -> None:
    draw = random.Random(f"{moment} {loss}")
    disk = Disk(scene.base)
    for change in scene.changes[:moment]:
        disk.make(change)
    write_tree(disk.after_loss(loss, draw), place / f"{moment}-{loss}")
    with scene.course(place / f"{moment}-{loss}") as root:
        scene.assert_nothing_is_lost(root)
        scene.assert_next_run_finishes(root)


def test_run_that_loses_power_is_finished_by_the_next(scene: Scene, tmp_path: Path) -> None:
    for number, moment in enumerate(scene.moments(EVERYDAY, seed=2)):
        loses_power_and_is_finished(scene, moment, LOSSES[number % len(LOSSES)], tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize("part", range(PARTS))
def test_run_that_loses_power_at_any_moment_is_finished_by_the_next(
    scene: Scene, tmp_path: Path, part: int
) -> None:
    moments = scene.moments(PARTS * IN_PART, seed=3)[part::PARTS]
    for number, moment in enumerate(moments):
        loses_power_and_is_finished(scene, moment, LOSSES[number % len(LOSSES)], tmp_path)


@pytest.mark.parametrize("loss", LOSSES)
def test_what_an_ended_run_has_recorded_outlives_a_loss_of_power(
    scene: Scene, tmp_path: Path, loss: str
) -> None:
    disk = Disk(scene.base)
    for change in scene.changes:
        disk.make(change)
    left = disk.after_loss(loss, random.Random(4))
    # the earlier folder is removed once the new folder is safe; the next command removes its
    # remains
    kept = {path: data for path, data in left.items() if "/.hw-old" not in path}
    write_tree(kept, tmp_path / "course")
    scene.assert_as_undisturbed(tmp_path / "course")

"""A disk that is full from some moment of a run."""

from __future__ import annotations

import errno
import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from .changes import Change
from .madeupclass import STUDENTS
from .theatre import Ended
from .trial import GROWS, Scene, refuse_after, refuse_from, stages

PARTS, IN_PART = 6, 10
FILLED = 40


def fills_up_and_is_finished(scene: Scene, moment: int) -> None:
    with scene.course() as root:
        ended = scene.run(root, refuse_from(moment, errno.ENOSPC))
        needs_room = any(change.kind in GROWS for change in scene.changes[moment:])
        assert ended.code in ((1, 2) if needs_room else (0,)), ended.output
        assert "Traceback" not in ended.output
        scene.assert_nothing_is_lost(root)
        scene.assert_next_run_finishes(root)


def test_run_whose_disk_fills_is_finished_by_the_next(scene: Scene) -> None:
    """Several runs find the disk full, each at a later step; then the disk has space again."""
    with scene.course() as root:
        for name, stage in stages().items():
            ended = scene.run(root, refuse_after(stage, errno.ENOSPC))
            assert ended.code in (1, 2), f"{name}: {ended.output}"
            assert "Traceback" not in ended.output
            scene.assert_nothing_is_lost(root)
        scene.assert_next_run_finishes(root)


@pytest.mark.slow
def test_run_whose_disk_fills_once_is_finished_by_the_next(scene: Scene) -> None:
    for moment in scene.moments(3, seed=5):
        fills_up_and_is_finished(scene, moment)


@pytest.mark.slow
@pytest.mark.parametrize("part", range(PARTS))
def test_run_whose_disk_fills_at_any_moment_is_finished_by_the_next(
    scene: Scene, part: int
) -> None:
    for moment in scene.moments(PARTS * IN_PART, seed=6)[part::PARTS]:
        fills_up_and_is_finished(scene, moment)


@contextmanager
def small_disk(folder: Path, size: str) -> Iterator[Path]:
    """A file system of its own, in memory, with this size."""
    folder.mkdir()
    options = ["-t", "tmpfs", "-o", f"size={size},mode=711", "tmpfs", str(folder)]
    subprocess.run(["mount", *options], check=True)
    try:
        yield folder
    finally:
        until = time.monotonic() + 300
        # a run's helper processes end soon after the run
        while subprocess.run(["umount", str(folder)], check=False).returncode:
            assert time.monotonic() < until, f"{folder} is in use"
            time.sleep(0.1)


needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root mounts a small disk")


def other_data_fill_the_disk_and_it_is_finished(scene: Scene, folder: Path, moment: int) -> Ended:
    """At this moment of the run, other data fill all the remaining space."""
    with small_disk(folder, "32m") as disk, scene.course() as course:
        root = Path(shutil.copytree(course, disk / "course"))
        ballast = disk / "ballast"

        def fill(number: int, _: Change) -> None:
            if number == moment:
                with ballast.open("wb") as file:
                    os.posix_fallocate(file.fileno(), 0, shutil.disk_usage(disk).free)

        ended = scene.run(root, fill)
        assert ended.code in (1, 2), ended.output
        assert "Traceback" not in ended.output
        scene.assert_nothing_is_lost(root)
        ballast.unlink()
        scene.assert_next_run_finishes(root)
        return ended


@needs_root
@pytest.mark.slow
def test_run_whose_disk_is_filled_by_other_data_is_finished_by_the_next(
    scene: Scene, tmp_path: Path
) -> None:
    moment = [change.path.startswith("autograded/chloe/") for change in scene.changes].index(True)
    ended = other_data_fill_the_disk_and_it_is_finished(scene, tmp_path / "disk", moment)
    told = [f"the marks of {student} could not be recorded" for student in STUDENTS]
    printed = " ".join(ended.output.replace("│", " ").split())
    assert [text in printed for text in told] == [False, False, True, True]
    assert "free some space on it" in printed


@needs_root
@pytest.mark.slow
def test_run_whose_disk_is_filled_at_any_moment_is_finished_by_the_next(
    scene: Scene, tmp_path: Path
) -> None:
    last = max(n for n, change in enumerate(scene.changes) if change.path.startswith("autograded"))
    for moment in [moment for moment in scene.moments(FILLED, seed=10) if moment < last // 2]:
        other_data_fill_the_disk_and_it_is_finished(scene, tmp_path / f"disk-{moment}", moment)

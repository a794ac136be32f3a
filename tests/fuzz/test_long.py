"""Long runs of hostile frames: only the wire's own errors, bounded memory, no slow calls."""

from __future__ import annotations

import json
import random
import subprocess
import sys
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from . import targets
from .long import MEMORY, SLACK, FailedCase, run_case

COURSE = Path(__file__).parents[2]
GROWTH_MB = 100


def long_run(frames: int, seed: int, seconds: float) -> dict[str, Any]:
    command = [sys.executable, "-m", "tests.fuzz.long", f"--frames={frames}", f"--seed={seed}"]
    done = subprocess.run(
        command, cwd=COURSE, capture_output=True, text=True, timeout=seconds, check=False
    )
    print(done.stdout)
    assert done.returncode == 0, done.stderr
    told: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return told


def assert_sound(told: dict[str, Any], frames: int) -> None:
    assert told["frames"] >= frames
    assert told["longest_call"] <= told["deadline"] + SLACK
    assert told["peak_growth_mb"] <= GROWTH_MB < MEMORY / 2**20


@pytest.mark.slow
def test_some_thousand_frames_do_no_harm() -> None:
    assert_sound(long_run(4_000, seed=1, seconds=600), 4_000)


@pytest.mark.slow
def test_a_million_frames_do_no_harm() -> None:
    seed = random.SystemRandom().randrange(10**6)
    assert_sound(long_run(1_000_000, seed, seconds=3_600), 1_000_000)


def test_a_case_that_fails_says_how_to_make_it_again(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(_rng: random.Random) -> str:
        raise ValueError("planted")

    monkeypatch.setitem(targets.FRAMES, "channel", broken)
    with pytest.raises(FailedCase, match=r"channel ended .*planted.*--seed 5 --case \d+"):
        list(map(partial(run_case, 5), range(20)))


def test_a_case_is_the_same_each_time_that_it_is_made() -> None:
    def ends() -> list[tuple[str, str]]:
        return [run_case(9, number) for number in range(100)]

    assert ends() == ends()

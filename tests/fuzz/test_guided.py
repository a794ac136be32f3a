"""Coverage-guided fuzzing of the readers; it needs the extra `fuzz` (Linux on x86_64)."""

from __future__ import annotations

import importlib.util
import random
import re
import subprocess
import sys
from pathlib import Path

import pytest

from .targets import TARGETS

COURSE = Path(__file__).parents[2]

pytestmark = pytest.mark.skipif(
    importlib.util.find_spec("atheris") is None,
    reason="atheris is not installed: pip install '.[fuzz]' (it is there for Linux on x86_64)",
)

PLANTED = """
import tests.fuzz.guided as guided
from autograder.sandbox.inside import wire

def hole(decoder, parts, depth):
    raise RuntimeError("planted")

wire._READERS["o"] = hole
guided.main()
"""

ARRAYS = """
import numpy as np
import tests.fuzz.guided as guided
from autograder.sandbox.figurerecord import FieldData

points = np.zeros((500_000, 2))
field = FieldData("image", np.zeros((1, 4)), np.ones((1, 2)), 0, False, True, 1.0, 0)

def compare(_bits):
    assert field.covers(points).all()

guided.TARGETS["figure"] = compare
guided.main()
"""
"""A target whose reader compares 2 MB of arrays for each input."""


def guided(*options: str, code: str = "from tests.fuzz.guided import main; main()") -> str:
    """Return the output of a guided run, with its exit code in the last line.

    A shell starts the run, because a process inherits the peak memory of its parent process.
    """
    done = subprocess.run(
        ["sh", "-c", '"$@"; exit $?', "sh", sys.executable, "-c", code, *options],
        cwd=COURSE,
        capture_output=True,
        text=True,
        errors="replace",
        timeout=1_800,
        check=False,
    )
    return f"{done.stdout}{done.stderr}\nended with {done.returncode}"


def count(told: str, name: str) -> int:
    found = re.search(rf"stat::{name}: +(\d+)", told)
    assert found is not None, told
    return int(found[1])


def run_for(name: str, seconds: int, seed: int, folder: Path) -> None:
    corpus = folder / "corpus"
    corpus.mkdir()
    told = guided(
        name,
        f"-max_total_time={seconds}",
        f"-seed={seed}",
        f"-artifact_prefix={folder}/",
        str(corpus),
    )
    print(told)
    assert told.endswith("ended with 0"), told[-4_000:]
    assert count(told, "number_of_executed_units") > 100
    assert count(told, "peak_rss_mb") < 1_024
    # Inputs that reached new code were kept and varied.
    assert len(list(corpus.iterdir())) > 5


def test_bytes_that_work_their_way_into_the_wire_do_no_harm(tmp_path: Path) -> None:
    run_for("raw", 4, 1, tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize("name", TARGETS)
def test_bytes_that_work_their_way_into_a_reader_do_no_harm(name: str, tmp_path: Path) -> None:
    seed = random.SystemRandom().randrange(1, 10**6)
    print(f"seed {seed}")
    run_for(name, 120, seed, tmp_path)


def test_a_hole_that_is_made_by_hand_is_found_and_made_again(tmp_path: Path) -> None:
    told = guided("wire", "-runs=200000", "-seed=1", f"-artifact_prefix={tmp_path}/", code=PLANTED)
    assert "RuntimeError: planted" in told
    (crash,) = tmp_path.glob("crash-*")
    assert "RuntimeError: planted" in guided("wire", str(crash), code=PLANTED)
    assert guided("wire", str(crash)).endswith("ended with 0")


def test_results_of_comparisons_do_not_stay_in_memory() -> None:
    told = guided("figure", "-runs=300", "-seed=1", code=ARRAYS)
    assert told.endswith("ended with 0"), told[-4_000:]
    assert count(told, "number_of_executed_units") >= 300
    assert count(told, "peak_rss_mb") < 300

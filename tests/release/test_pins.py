"""Students get requirements with the versions that marking uses."""

from __future__ import annotations

import pytest

from autograder.release.pins import LOCK, pinned

TWO = (
    "numpy==2.4.6 ; python_full_version < '3.12' \\\n    --hash=sha256:00\n"
    "numpy==2.5.5 ; python_full_version >= '3.12' \\\nmatplotlib==3.11.2 \\\n"
)


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("numpy", "numpy>=2.4,<2.6"),
        ("Matplotlib ", "Matplotlib>=3.11,<3.12"),
        ("numpy>=2.0", "numpy>=2.0"),
        ("unknown", "unknown"),
        ("# numpy", "# numpy"),
    ],
)
def test_a_bare_name_gets_the_bounds_of_the_lock(line: str, expected: str) -> None:
    assert pinned(line, TWO, "<3.14,>=3.11") == f"# Python >=3.11,<3.14\n{expected}\n"


def test_the_kit_locks_what_homework_2_uses() -> None:
    text = pinned("numpy\nmatplotlib", LOCK.read_text(encoding="utf-8"), ">=3.11")
    assert text.count("<") == 2

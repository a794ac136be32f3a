"""The light proof reports what an adopted homework cannot prove yet; all else it proves."""

from __future__ import annotations

import numpy as np
import pytest

from autograder.course.assignment import Course
from autograder.release import Proof

from .helpers import checked, replace_text
from .marking import Marker, Namespace


@pytest.fixture
def light(released: Course) -> Course:
    """The made-up course with a light proof."""
    replace_text(released.settings_file, "seed = 7", 'seed = 7\nproof = "light"')
    return Course(released.root)


def found(proof: Proof, check: str) -> list[str]:
    return [each.detail for each in proof.findings if check in each.check]


def values_are_ones(answers: Namespace) -> bool:
    """Accept the right values, and junk: ones."""
    return bool(np.all(np.asarray(answers["first_part"]) > 0))


def test_junk_that_earns_points_is_reported_and_allowed(light: Course) -> None:
    proof = checked(light, Marker().but("t-values", values_are_ones))
    assert proof.ok
    junk = [each for each in proof.findings if each.check.startswith("junk earns nothing")]
    assert any("t-values earns points" in each.detail for each in junk)


def test_untouched_notebook_that_earns_points_is_refused(light: Course) -> None:
    proof = checked(light, Marker().but("t-values", lambda _: True))
    assert not proof.ok
    assert [each.check for each in proof.faults] == ["the untouched skeleton earns nothing"]


def test_items_with_misconceptions_are_counted(light: Course) -> None:
    proof = checked(light, Marker())
    assert proof.findings[0].check == "light proof"
    assert "items" in proof.findings[0].detail
    assert proof.ok


def test_full_proof_has_no_such_line(released: Course) -> None:
    assert found(checked(released, Marker()), "light proof") == []


def test_leak_of_a_solution_is_refused(light: Course) -> None:
    path = light.release("tiny") / "README.md"
    body = (light.solutions("tiny") / "valley.py").read_text(encoding="utf-8")
    path.write_text(path.read_text(encoding="utf-8") + body, encoding="utf-8")
    assert not checked(light, Marker()).ok

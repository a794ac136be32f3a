from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from autograder.course.limits import Limits
from autograder.errors import SandboxError


@pytest.mark.parametrize("field", [field.name for field in dataclasses.fields(Limits)])
@pytest.mark.parametrize("value", [0, -1, "many", None, True, float("nan"), float("inf")])
def test_a_limit_is_a_number_above_zero(field: str, value: Any) -> None:
    with pytest.raises(SandboxError, match=field):
        Limits(**{field: value})


def test_seconds_may_be_broken_and_amounts_may_not() -> None:
    assert Limits(cell_seconds=0.5).cell_seconds == 0.5
    with pytest.raises(SandboxError, match="whole number"):
        Limits(processes=1.5)  # type: ignore[arg-type]

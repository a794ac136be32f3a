"""The visible checks notice every misconception of the catalogue, and refuse no right answer."""

from __future__ import annotations

import builtins
from types import FunctionType, ModuleType
from typing import Any

import pytest

from autograder.hidden.hw2.misconceptions import misconceptions

from ..answers.test_right_answers import EVERY_DAY
from .conftest import Names
from .test_checks import AUTO_ITEMS


def with_answers(names: Names, answers: Any) -> Names:
    """The names with other answers, which see the notebook's names as its own functions do."""
    found = {"__builtins__": builtins, **names}
    for name, answer in answers.items():
        if isinstance(answer, FunctionType):
            defaults, closure = answer.__defaults__, answer.__closure__
            moved = FunctionType(answer.__code__, found, name, defaults, closure)
            moved.__kwdefaults__ = answer.__kwdefaults__
            answer = moved
        found[name] = answer
    return found


@pytest.mark.parametrize("item", AUTO_ITEMS)
def test_every_misconception_is_noticed(item: str, checks: ModuleType, names: Names) -> None:
    found = misconceptions.of(item)
    results = {each.name: checks.examine(item, with_answers(names, each.answers)) for each in found}
    assert results
    assert [name for name, result in results.items() if result.state == "passed"] == []
    assert [name for name, result in results.items() if "could not" in result.message] == []


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("item", AUTO_ITEMS)
def test_every_unusual_right_answer_passes(item: str, checks: ModuleType, names: Names) -> None:
    found = [each for _, each in EVERY_DAY if each.item == item]
    results = {str(each): checks.examine(item, with_answers(names, each.answers)) for each in found}
    assert results
    faults = {name: result.fault for name, result in results.items()}
    assert {name: fault for name, fault in faults.items() if fault} == {}

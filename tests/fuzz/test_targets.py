"""Reading a worker's, notebook's or Report's bytes ends with data or the reader's own error."""

from __future__ import annotations

import json
import random
import warnings
from collections.abc import Callable
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from autograder.grading import report
from autograder.sandbox import figurerecord, session, student
from autograder.sandbox.inside import wire
from autograder.submission import reading

from .source import Bits, case
from .targets import TARGETS

SOURCES = st.binary(max_size=1_000).map(Bits) | st.integers(min_value=0).map(random.Random)

ALLOWED = {
    "wire": {"taken", "WireError"},
    "raw": {"taken", "WireError"},
    "channel": {"taken", "WireError", "WireClosed", "WireTimeout"},
    "student": {
        "taken",
        "BadAnswer",
        "NoAnswer",
        "ProcessEnded",
        "Raised",
        "NotDone",
        "Missing",
    },
    "cell": {"taken", "NotebookGone"},
    "reply": {"taken", "WireError"},
    "figure": {"taken", "WireError"},
    "notebook": {"taken", "UnreadableError"},
    "report": {"taken", "RecordError"},
}


@pytest.mark.parametrize("examples", [80, pytest.param(200, marks=pytest.mark.slow)])
@pytest.mark.parametrize("name", TARGETS)
def test_hostile_input_is_taken_as_data_or_refused_with_the_readers_own_error(
    name: str, examples: int
) -> None:
    ended: set[str] = set()

    @settings(max_examples=examples, deadline=None, suppress_health_check=list(HealthCheck))
    @given(SOURCES)
    def feed(source: random.Random) -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", RuntimeWarning)
            ended.add(TARGETS[name](source))

    feed()
    assert ended <= ALLOWED[name]


@pytest.mark.parametrize("name", [name for name in TARGETS if name != "raw"])
def test_the_makers_of_hostile_input_reach_both_ends_of_each_reader(name: str) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        ended = {TARGETS[name](case(1, number)) for number in range(60)}
    assert "taken" in ended
    assert len(ended) > 1


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "cases"), [("figure", 200_000), ("notebook", 30_000), ("report", 200_000)]
)
def test_very_many_documents_are_taken_as_data_or_refused(name: str, cases: int) -> None:
    seed = random.SystemRandom().randrange(10**6)
    print(f"seed {seed}")
    for number in range(cases):
        try:
            ended = TARGETS[name](case(seed, number))
        except Exception as error:
            raise AssertionError(f"{name}: case {number} of seed {seed}") from error
        assert ended in ALLOWED[name]


def _open_anything(_student: student.Student, value: wire.Object) -> object:
    return value


def _decode_unchecked(text: str, *, type: Callable[..., Any]) -> Any:
    data = json.loads(text)
    return type(data["schema"]) if type is report._Schema else type(**data)


HOLES: list[tuple[str, Any, str, Callable[..., Any]]] = [
    ("wire", wire, "_is_proper_shape", lambda _: True),
    ("channel", wire, "_number", lambda parts: parts[0]),
    ("student", student.Student, "_open_object", _open_anything),
    ("cell", session, "_text", lambda text: text),
    ("reply", session, "_begins", lambda message, word: message[0] == word),
    ("figure", figurerecord, "_check", lambda _figure: None),
    ("notebook", reading, "_joined", lambda source: source),
    ("report", msgspec.json, "decode", _decode_unchecked),
]


@pytest.mark.parametrize(("name", "owner", "part", "hole"), HOLES, ids=[row[0] for row in HOLES])
def test_a_hole_that_is_made_by_hand_is_found(
    name: str,
    owner: Any,
    part: str,
    hole: Callable[..., Any],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(owner, part, hole)

    def find() -> None:
        for number in range(3_000):
            TARGETS[name](case(1, number))

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        with pytest.raises(Exception):  # noqa: B017, PT011 (any but the reader's own)
            find()

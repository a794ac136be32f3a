"""The Report: all that marking says about one submission, and the only thing that leaves marking.

A Report is plain data with a version. `Report.to_json` and `Report.from_json` are each other's
inverse; two runs with the same submission, assignment, grader and seed give the same bytes.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from autograder.errors import RecordError

SCHEMA = "fdl-report/1"

Outcome = Literal["marked", "open", "not marked"]
"""marked: tests gave the points; open: a person will; not marked: its notebook can't be run."""

NotebookState = Literal["marked", "missing", "unreadable", "stopped"]


@dataclass(frozen=True)
class Claim:
    """One thing a hidden test found to hold or not, in words that a student may read.

    `part` names the share of the item's points it belongs to; `costs` is the part of the item's
    points that a failed robustness claim takes away (0 for a core claim).
    """

    claim: str
    passed: bool
    message: str = ""
    part: str = "answer"
    costs: float = 0.0
    note: str = ""


@dataclass(frozen=True)
class ItemReport:
    """The outcome for one item.

    `diagnosis` is the sentence of the one misconception that the answer agrees with, and
    `misconception` its name; `found` says what is in the figure that the answer drew.
    """

    kind: str
    problem: str
    points: float
    max_points: float
    bonus: bool
    outcome: Outcome
    claims: tuple[Claim, ...] = ()
    message: str = ""
    diagnosis: str = ""
    misconception: str = ""
    found: str = ""


@dataclass(frozen=True)
class CellFault:
    """An error in one of the notebook's cells, told by the student's own line."""

    cell: int
    error: str
    line: int | None = None
    source: str = ""
    item: str | None = None


@dataclass(frozen=True)
class NotebookReport:
    """What happened to one notebook before its items were tested."""

    state: NotebookState
    message: str = ""
    notes: tuple[str, ...] = ()
    faults: tuple[CellFault, ...] = ()


@dataclass(frozen=True)
class Report:
    """The marks of one submission.

    `points` and `max_points` count the regular auto items, `bonus_points` and
    `max_bonus_points` the bonus auto items; manual items stand in `items` with outcome "open".
    """

    assignment: str
    submission: str
    seed: int
    protection: str
    walls: Mapping[str, Any]
    points: float
    max_points: float
    bonus_points: float
    max_bonus_points: float
    notebooks: Mapping[str, NotebookReport]
    items: Mapping[str, ItemReport]
    notes: tuple[str, ...] = field(default=())
    schema: str = SCHEMA

    def to_json(self) -> str:
        """The Report as JSON text, keys in a fixed order."""
        return json.dumps(asdict(self), ensure_ascii=False, indent=2) + "\n"

    @classmethod
    def from_json(cls, text: str) -> Report:
        """Read what `to_json` wrote; RecordError where it is something else."""
        try:
            data = json.loads(text)
            if data["schema"] != SCHEMA:
                raise RecordError(
                    f"this Report has schema {data['schema']!r}, this kit reads {SCHEMA!r}: "
                    "mark the submission again"
                )
            return cls(
                **{
                    **data,
                    "notebooks": {k: _notebook(v) for k, v in data["notebooks"].items()},
                    "items": {k: _item(v) for k, v in data["items"].items()},
                    "notes": tuple(data["notes"]),
                }
            )
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise RecordError(f"not a Report: {error}") from error


def _notebook(data: dict[str, Any]) -> NotebookReport:
    faults = tuple(CellFault(**fault) for fault in data["faults"])
    return NotebookReport(**{**data, "notes": tuple(data["notes"]), "faults": faults})


def _item(data: dict[str, Any]) -> ItemReport:
    return ItemReport(**{**data, "claims": tuple(Claim(**claim) for claim in data["claims"])})

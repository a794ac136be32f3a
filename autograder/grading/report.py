"""Define the Report, which contains all results of marking one submission.

A Report is plain data with a version. `Report.from_json` reads what `Report.to_json` writes, and
two runs with the same submission, assignment, grader and seed give the same bytes. Unknown keys are
ignored; missing keys get their default values. No text in a Report, wherever it comes from, has
control characters that could act on a terminal or a page (`words.shown`).
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec

from autograder.course.layout import SUBMITTED
from autograder.errors import RecordError
from autograder.words import show_fields

SCHEMA = "fdl-report/1"

NOT_ATTEMPTED = "Not attempted."
"""Message about an answer that is unchanged since the release."""

ItemOutcome = Literal["marked", "open", "not marked"]
"""Outcomes: marked by tests, open (a person marks it), or not marked (the notebook fails)."""

Points = Annotated[int, msgspec.Meta(ge=-(2**53), le=2**53)] | float
"""Points; whole numbers stay integers, so that a Report that is read and written stays the same."""

NotebookState = Literal["marked", "missing", "unreadable"]


@dataclass(frozen=True)
class _Shown:
    def __post_init__(self) -> None:
        show_fields(self)


@dataclass(frozen=True)
class Claim(_Shown):
    """A claim: a statement that a hidden test checked, in words that a student may read.

    `part` names the part of the item to which the claim belongs. `costs` is the share of the item's
    points that a failed robustness claim takes away (0 for a core claim). `unwritten` names the
    function that still raises NotImplementedError, if the claim fails for no other reason. `result`
    states the result that students must derive; students read this result only after their due
    date. `care` is the kind of slip that the claim's test looks for. `taken` names the earlier item
    that has already lost points for that slip.
    """

    claim: str
    passed: bool
    message: str = ""
    part: str = "answer"
    costs: Points = 0.0
    note: str = ""
    unwritten: str = ""
    result: str = ""
    care: str = ""
    taken: str = ""

    @property
    def text(self) -> str:
        """The text of the claim, with its result."""
        return f"{self.claim} {self.result}".strip()


@dataclass(frozen=True)
class ItemReport(_Shown):
    """The result of one item.

    `misconception` is the name of the misconception that the answer agrees with, and `diagnosis` is
    its sentence. `found` describes the figure that the answer drew. `attempted` is False if the
    answer cell is unchanged since the release.
    """

    kind: str
    problem: str
    points: Points
    max_points: Points
    bonus: bool
    outcome: ItemOutcome
    claims: tuple[Claim, ...] = ()
    message: str = ""
    diagnosis: str = ""
    misconception: str = ""
    found: str = ""
    attempted: bool = True

    @property
    def shown_claims(self) -> tuple[Claim, ...]:
        """The claims to show: those about code that the student has written."""
        return tuple(claim for claim in self.claims if self.attempted and not claim.unwritten)

    @property
    def gap(self) -> str:
        """A sentence that names the unwritten functions, or "" if there are none."""
        names = dict.fromkeys(claim.unwritten for claim in self.claims if claim.unwritten)
        if not self.attempted:
            return NOT_ATTEMPTED
        quoted = " and ".join(f"`{name}`" for name in names)
        raises = "raises" if len(names) == 1 else "raise"
        return f"Not written yet: {quoted} still {raises} NotImplementedError." if names else ""


@dataclass(frozen=True)
class CellFault(_Shown):
    """An error in a cell of the notebook, with the student's line that raised the error."""

    cell: int
    error: str
    line: int | None = None
    source: str = ""
    item: str | None = None


@dataclass(frozen=True)
class DroppedPicture(_Shown):
    """A picture in a text that marking could not accept; it costs no points.

    `reason` continues the sentence "The picture NAME …" and says what to do. `item` is the item
    whose answer shows the picture, or None if the picture is in a cell that the student added.
    `file` is the notebook in the folder of the submission, and `cell` the place of the cell in that
    file, counted from 1.
    """

    name: str
    reason: str
    file: str
    cell: int
    item: str | None = None

    @property
    def text(self) -> str:
        """A sentence for the student, with the place."""
        where = f"{self.file}, cell {self.cell} from the top"
        return f"The picture {self.name} ({where}) {self.reason}"


@dataclass(frozen=True)
class NotebookReport(_Shown):
    """The state of one notebook before the hidden tests ran."""

    state: NotebookState
    message: str = ""
    notes: tuple[str, ...] = ()
    faults: tuple[CellFault, ...] = ()
    dropped: tuple[DroppedPicture, ...] = ()


@dataclass(frozen=True)
class Report(_Shown):
    """The Report: all results of marking one submission.

    `points` and `max_points` are sums over the regular auto items. `bonus_points` and
    `max_bonus_points` are sums over the bonus auto items. In `items`, manual items have the outcome
    "open". `versions` is a sentence if the submission was written with other package versions than
    the grader's.
    """

    assignment: str
    submission: str
    seed: int
    protection: str
    walls: Mapping[str, Any]
    points: Points
    max_points: Points
    bonus_points: Points
    max_bonus_points: Points
    notebooks: Mapping[str, NotebookReport]
    items: Mapping[str, ItemReport]
    notes: tuple[str, ...] = field(default=())
    versions: str = ""
    schema: str = SCHEMA

    def dropped(self, item: str) -> tuple[DroppedPicture, ...]:
        """Return the pictures in the answer to an item that marking could not accept."""
        books = self.notebooks.values()
        return tuple(each for book in books for each in book.dropped if each.item == item)

    def place(self, picture: DroppedPicture) -> str:
        """Return where a picture is in the course's folder, for the person who marks."""
        folder = f"{SUBMITTED}/{self.submission}/{self.assignment}"
        return f"{folder}/{picture.file}, cell {picture.cell} from the top"

    def without_results(self) -> Report:
        """Return the Report in the form that a student may read before the due date."""
        items = {
            name: dataclasses.replace(
                item, claims=tuple(dataclasses.replace(claim, result="") for claim in item.claims)
            )
            for name, item in self.items.items()
        }
        return dataclasses.replace(self, items=items)

    def to_json(self) -> str:
        """Return the Report as JSON text, with keys in a fixed order."""
        return json.dumps(asdict(self), ensure_ascii=False, indent=2) + "\n"

    @classmethod
    def read(cls, path: Path) -> Report:
        """Read the Report stored at `path`; raise RecordError if there is no Report."""
        try:
            text = path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise RecordError(str(error)) from error
        return cls.from_json(text)

    @classmethod
    def from_json(cls, text: str) -> Report:
        """Return the Report that `to_json` wrote; raise RecordError for any other text."""
        try:
            schema = msgspec.json.decode(text, type=_Schema).schema
            if schema != SCHEMA:
                raise RecordError(
                    f"this Report has schema {schema[:40]!r}, but this kit reads {SCHEMA!r}: "
                    "mark the submission again"
                )
            return msgspec.json.decode(text, type=cls)
        except (ValueError, RecursionError) as error:  # msgspec's, and texts that are not UTF-8
            raise RecordError(f"not a Report: {str(error)[:200]}") from error


@dataclass(frozen=True)
class _Schema:
    schema: str

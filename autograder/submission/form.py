"""Match a student's cells to the released cells, which together are called the form.

Open cells, such as playgrounds, are not part of the form. They count as the student's own cells.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from nbformat import NotebookNode

from autograder.course.gradecells import declared, grade_id, is_locked, is_open, is_solution
from autograder.submission.cells import ReceivedCell, names_bound, normal
from autograder.submission.earlier import Cells, EarlierCell, cell_in

UNWRITTEN = "raise NotImplementedError"
"""Code in the stub of each function; students replace it by their own code."""
_FUNCTION = re.compile(r"^(?:async )?def ", re.MULTILINE)

Role = Literal["code", "text", "locked"]


@dataclass(frozen=True)
class Slot:
    """A released cell: its position, its role, and the names that its stub defines.

    `earlier` are its versions in earlier releases.
    """

    position: int
    cell: NotebookNode
    role: Role
    grade_id: str
    text: str
    names: frozenset[str]
    earlier: EarlierCell

    @property
    def kind(self) -> str:
        return str(self.cell.cell_type)

    def is_released(self, text: str) -> bool:
        """Return whether the text is the cell's text in this release or an earlier one."""
        return text == self.text or self.earlier.has_text(text)

    def is_untouched(self, text: str) -> bool:
        """Return whether the text holds no answer: it is empty, or the released text."""
        return text == "" or self.is_released(text)

    def is_declared(self, found: tuple[object, ...]) -> bool:
        """Return whether a student's cell has the metadata of this release or an earlier one."""
        return declared(self.cell) == found or self.earlier.has_declared(found)


class Form:
    """A released notebook that matches a student's cells to its own cells.

    `earlier` are the notebook's cells in earlier releases.
    """

    def __init__(self, skeleton: NotebookNode, earlier: Cells | None = None) -> None:
        self.skeleton = skeleton
        self._earlier = earlier or {}
        released = (cell for cell in skeleton.cells if not is_open(cell))
        self.slots = [
            _slot(position, cell, cell_in(self._earlier, grade_id(cell)))
            for position, cell in enumerate(released)
        ]
        self.cell_ids = {str(slot.cell.get("id", "")) for slot in self.slots}
        self._by_grade_id = {slot.grade_id: slot for slot in self.slots if slot.grade_id}
        self._by_cell_id = {slot.cell.id: slot for slot in self.slots if slot.cell.get("id")}
        texts = Counter(slot.text for slot in self.slots)
        self._by_text = {s.text: s for s in self.slots if s.text and texts[s.text] == 1}
        self._stubs = {slot.text for slot in self.slots if slot.role != "locked"}
        self._owners: dict[str, set[int]] = {}
        for slot in self.slots:
            for name in slot.names:
                self._owners.setdefault(name, set()).add(slot.position)

    def named(self, cell: ReceivedCell) -> list[Slot]:
        """Return the released cells that the cell claims to be, by nbgrader id and by cell id."""
        found = self._by_grade_id.get(cell.grade_id), self._by_cell_id.get(cell.cell_id)
        return [slot for slot in found if slot is not None]

    def claim(self, cell: ReceivedCell) -> Slot | None:
        """Find the released cell of a student's cell by a plausible id, or else by the text.

        An id is not plausible if the released cell is read-only and its text differs, or if the
        cell answers another item.
        """
        same = self._by_text.get(cell.text)
        if same is not None and same.role == "locked":
            return same
        for slot in self.named(cell):
            if slot.role == "locked":
                fits = slot.is_released(cell.text)
            else:
                fits = not (slot.names and slot.names.isdisjoint(cell.binds) and self.owners(cell))
            if fits:
                return slot
        return same

    def is_changed(self, cell: ReceivedCell) -> bool:
        """Return whether an unmatched cell has the nbgrader id of a read-only released cell."""
        # a cell id alone is too weak a reason to drop a student's code
        slot = self._by_grade_id.get(cell.grade_id)
        return slot is not None and slot.role == "locked"

    def owners(self, cell: ReceivedCell) -> set[int]:
        """Return the positions of the answer cells that ask for a name that this cell defines."""
        return set().union(*(self._owners.get(name, ()) for name in cell.binds))

    def is_stub(self, cell: ReceivedCell) -> bool:
        """Return whether the cell is a copy of an untouched answer cell."""
        answers = (slot for slot in self.named(cell) if slot.role != "locked")
        return cell.text in self._stubs or any(slot.is_released(cell.text) for slot in answers)

    def is_removed(self, cell: ReceivedCell) -> bool:
        """Return whether an earlier release had this cell as a text, and this release lacks it.

        Removed code counts as the student's own, because answers may use it.
        """
        is_known = cell.kind != "code" and cell.grade_id not in self._by_grade_id
        return is_known and cell_in(self._earlier, cell.grade_id).has_text(cell.text)

    def votes(self, cells: Iterable[ReceivedCell]) -> tuple[int, int]:
        """Count the released cells that these cells match by id, and by names that they define."""
        cells = list(cells)
        by_id = {slot.position for cell in cells for slot in self.named(cell)}
        by_name = {owner for cell in cells for owner in self.owners(cell)}
        return len(by_id), len(by_name)

    def answered(self, cells: Iterable[ReceivedCell]) -> int:
        """Count the answer cells that have an answer, right or wrong."""
        found = set()
        for cell in cells:
            slot = self.claim(cell)
            if slot is None:
                found |= self.owners(cell)
            elif slot.role != "locked" and not slot.is_untouched(cell.text):
                found.add(slot.position)
        return len(found)

    def worked(self, cells: Iterable[ReceivedCell]) -> int:
        """Count the answer cells that contain work, even if their stubs are from an older release.

        A text counts if it has a line that the released text does not have. Code counts unless each
        function still raises NotImplementedError.
        """
        return self.answered(cell for cell in cells if not self._is_unwritten(cell))

    def _is_unwritten(self, cell: ReceivedCell) -> bool:
        slot = self.claim(cell)
        released = set(slot.text.splitlines()) if slot is not None else set()
        if set(cell.text.splitlines()) <= released:
            return True
        functions = len(_FUNCTION.findall(cell.text))
        return cell.kind == "code" and cell.text.count(UNWRITTEN) >= max(1, functions)


def _slot(position: int, cell: NotebookNode, earlier: EarlierCell) -> Slot:
    source = str(cell.source)
    role: Role = "locked"
    if is_solution(cell) and not is_locked(cell):
        role = "code" if cell.cell_type == "code" else "text"
    names = names_bound(source if role == "code" else "")
    return Slot(position, cell, role, grade_id(cell), normal(source), names, earlier)

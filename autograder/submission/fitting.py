"""Fit a student's cells to the released cells."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, replace
from hashlib import sha256
from typing import Any
from urllib.parse import quote

import nbformat
from nbformat import NotebookNode

from autograder.submission.cells import ReceivedCell
from autograder.submission.form import Form, Slot
from autograder.submission.pictures import (
    ATTACHED,
    IN_LOCKED_CELL,
    MAX_PICTURES,
    MAX_REFERENCES,
    TOO_MANY,
    Picture,
    kind_of,
    pictures_in,
)
from autograder.submission.reading import MAX_CODE_BYTES
from autograder.words import listed

ELSEWHERE = "# The answer to this item is in another cell of this notebook."
"""Source of a restored answer cell if other cells define the names that the item asks for."""

DIGITS = 12
"""Number of digits of a picture's fingerprint, which is part of the picture's name."""
_MAX_STEM = 40

_Names = Mapping[int, frozenset[str]]
_Best = Callable[..., int]


@dataclass(frozen=True)
class PlacedPicture:
    """A student's picture, with the place of its cell.

    `number` is the cell's place in the student's file, from 1. `cell` is the cell's index in the
    fitted notebook, or None if the cell is not there. `name` is the name of the attachment in the
    fitted notebook, which contains the picture's fingerprint, or "" if the picture is refused.
    """

    picture: Picture
    number: int
    cell: int | None = None
    name: str = ""


class Fitting:
    """The student's cells, each with its place among the released cells.

    A student's cell is an answer (its source goes into an answer cell), a copy of a read-only cell
    or of a stub (not needed), or an extra (kept unchanged). `gaps` holds the released cell in front
    of which each extra is inserted.
    """

    def __init__(self, form: Form, cells: Sequence[ReceivedCell]) -> None:
        self.form = form
        self.cells = cells
        self.claims: dict[int, list[int]] = {slot.position: [] for slot in form.slots}
        self.free: list[int] = []
        self.edited: list[int] = []
        self.answers: dict[int, int] = {}
        self.texts: dict[int, list[int]] = {}
        self.adopted: list[str] = []
        self._sort_cells()
        self._choose_answers()
        self._choose_texts()
        self.extras = sorted(self.free)
        self.anchors = self._anchors()
        self._adopt_texts()
        self.gaps = self._gaps()
        self._pasted: list[tuple[NotebookNode, PlacedPicture]] = []

    def _sort_cells(self) -> None:
        for index, cell in enumerate(self.cells):
            slot = self.form.claim(cell)
            # a student may have made a code cell a text cell, which may be longer than a code cell
            is_too_long = len(cell.source.encode()) > MAX_CODE_BYTES
            if slot is not None and slot.role == "code" and is_too_long:
                self.free.append(index)
            elif slot is not None:
                self.claims[slot.position].append(index)
            elif self.form.is_changed(cell):
                self.edited.append(index)
            elif cell.text and not (self.form.is_stub(cell) or self.form.is_removed(cell)):
                self.free.append(index)

    # answers in code

    def _choose_answers(self) -> None:
        """Choose the last fitting cell for each answer, because a run uses the last definition.

        Cells that have an answer's id and define its names are preferred to all others. Copies that
        are not chosen stay extras.
        """
        slots = [slot for slot in self.form.slots if slot.role == "code"]
        for slot in slots:
            filled = self._filled(slot)
            binding = [i for i in filled if self.cells[i].binds & slot.names or not slot.names]
            if binding:
                self.answers[slot.position] = self._last(binding)
            self.free += [i for i in filled if i != self.answers.get(slot.position)]
        for slot in slots:
            if slot.position not in self.answers:
                index = self._other_answer(slot)
                if index is not None:
                    self.answers[slot.position] = index

    def _other_answer(self, slot: Slot) -> int | None:
        claimed = self.claims[slot.position]
        filled = [i for i in self._filled(slot) if i in self.free]
        left_as_it_was = any(
            slot.is_released(self.cells[i].text) and self._is_code(i) for i in claimed
        )
        if filled or not left_as_it_was:
            for indices in (self.free, self.edited):
                recognised = self._recognised(slot, indices)
                if recognised is not None:
                    return recognised
        if filled:
            last = self._last(filled)
            # text in an answer cell is a remark, not code, if the answer is in other cells
            if not self._is_code(last) and any(
                self._is_code(i) and self.cells[i].binds & slot.names for i in self.free
            ):
                return None
            self.free.remove(last)
            return last
        return max((i for i in claimed if self._is_code(i)), default=None)

    def _filled(self, slot: Slot) -> list[int]:
        """Return the cells that claim to be this answer cell and contain more than its stub."""
        claimed = self.claims[slot.position]
        return [i for i in claimed if not slot.is_untouched(self.cells[i].text)]

    def _last(self, indices: Iterable[int]) -> int:
        return max(indices, key=lambda i: (self._is_code(i), i))

    def _recognised(self, slot: Slot, indices: list[int]) -> int | None:
        """Return the last cell that defines most of this answer's names, but no other answer's."""
        fitting = [
            i
            for i in indices
            if self._is_code(i) and self.form.owners(self.cells[i]) == {slot.position}
        ]
        if not fitting:
            return None
        best = max(fitting, key=lambda i: (len(self.cells[i].binds & slot.names), i))
        indices.remove(best)
        return best

    def _is_code(self, index: int) -> bool:
        return self.cells[index].kind == "code"

    # answers in words

    def _choose_texts(self) -> None:
        for slot in self.form.slots:
            if slot.role == "text":
                filled = [
                    i
                    for i in self.claims[slot.position]
                    if self.cells[i].attachments or not slot.is_untouched(self.cells[i].text)
                ]
                self.texts[slot.position] = filled

    def _adopt_texts(self) -> None:
        """Use text that was written beside an untouched answer cell as the answer.

        nbgrader gives an untouched text answer no points, and nobody sees text beside an untouched
        answer cell.
        """
        open_slots = [position for position, filled in self.texts.items() if not filled]
        for index in [i for i in self.extras if not self._is_code(i)]:
            before = max((p for i, p in self.anchors if i < index), default=-1)
            after = min((p for i, p in self.anchors if i > index), default=len(self.form.slots))
            near = [position for position in open_slots if before <= position <= after]
            if len(near) == 1:
                if not self.texts[near[0]]:
                    self.adopted.append(self.form.slots[near[0]].grade_id)
                self.texts[near[0]].append(index)
                self.extras.remove(index)

    # extras and order

    def _anchors(self) -> list[tuple[int, int]]:
        """Return the largest set of matched cells that are in the released order."""
        pairs = [(index, position) for position, index in self.answers.items()]
        for slot in self.form.slots:
            if slot.role != "code" and self.claims[slot.position]:
                pairs.append((self.claims[slot.position][0], slot.position))
        return _longest_rise(sorted(pairs))

    def _gaps(self) -> dict[int, int]:
        """Return, for each extra, the released cell in front of which to insert the extra."""
        gaps: dict[int, int] = {}
        anchors = dict(self.anchors)
        gap = 0
        extras = set(self.extras)
        for index in range(len(self.cells)):
            if index in anchors:
                gap = anchors[index] + 1
            elif index in extras:
                gaps[index] = gap
        if any(index not in anchors for index in self.answers.values()):
            self._keep_order(gaps)
        return gaps

    def _keep_order(self, gaps: dict[int, int]) -> None:
        """Move the extras that belong to an answer when the answer itself is moved back.

        A name's definition stays before its uses if possible. It is more important that cells that
        define the same name keep their order: the last definition must stay the last one.
        """
        fixed = set(self.answers.values())
        order = [
            i for i in range(len(self.cells)) if i in fixed or (i in gaps and self._is_code(i))
        ]
        binds = {i: self.cells[i].binds for i in order}
        uses = {i: self.cells[i].uses for i in order}
        self._shift(gaps, order[::-1], binds, uses, min)
        self._shift(gaps, order, uses, binds, max)
        self._shift(gaps, order[::-1], binds, binds, min)

    def _shift(
        self, gaps: dict[int, int], order: list[int], own: _Names, others: _Names, best: _Best
    ) -> None:
        """Move each extra past the earlier cells of `order` that share a name with it.

        A cell shares a name with an extra if the cell's `others` include one of the extra's `own`.
        If `best` is `min`, the extra is moved in front of all these cells; if `max`, behind them.
        """
        behind = int(best is max)
        places = {index: position + behind for position, index in self.answers.items()}
        known: dict[str, int] = {}
        for index in order:
            if index in places:
                place = places[index]
            else:
                bounds = [known[name] for name in own[index] if name in known]
                place = gaps[index] = best([gaps[index], *bounds])
            known.update((name, best(place, known.get(name, place))) for name in others[index])

    # the result

    def fit(self) -> tuple[NotebookNode, tuple[PlacedPicture, ...]]:
        """Return the released notebook with the student's answers and extras, and the pictures.

        The pictures are not in the notebook yet, but its texts name them.
        """
        bound = {
            name
            for i in [*self.answers.values(), *self.extras]
            if self._is_code(i)
            for name in self.cells[i].binds
        }
        extras: dict[int, list[int]] = {}
        for index in self.extras:
            extras.setdefault(self.gaps[index], []).append(index)
        cells: list[NotebookNode] = []
        for slot in self.form.slots:
            cells += [self._extra(i) for i in extras.get(slot.position, ())]
            cells.append(self._restored(slot, bound))
        cells += [self._extra(i) for i in extras.get(len(self.form.slots), ())]
        for position, cell in enumerate(cells):
            if not cell.get("id"):
                cell.id = self._new_id(f"cell-{position + 1}")
        skeleton = self.form.skeleton
        notebook = _node(
            {
                "nbformat": 4,
                "nbformat_minor": max(skeleton.nbformat_minor, 5),
                "metadata": deepcopy(skeleton.metadata),
                "cells": cells,
            }
        )
        return notebook, tuple(self._placed(cells))

    def _new_id(self, name: str) -> str:
        while name in self.form.cell_ids:
            name += "-"
        return name

    def _restored(self, slot: Slot, bound: set[str]) -> NotebookNode:
        cell: NotebookNode = deepcopy(slot.cell)
        if cell.cell_type == "code":
            cell.outputs = []
            cell.execution_count = None
        if slot.role == "code":
            if slot.position in self.answers:
                cell.source = self.cells[self.answers[slot.position]].source
            elif slot.names & bound:
                cell.source = ELSEWHERE
        if slot.role == "text" and self.texts[slot.position]:
            self._write(cell, [self.cells[i] for i in self.texts[slot.position]], slot)
        return cell

    def _extra(self, index: int) -> NotebookNode:
        cell = self.cells[index]
        # a raw cell would go into a page unchanged, so it becomes text
        kind = "code" if cell.kind == "code" else "markdown"
        content = {"cell_type": kind, "metadata": {}, "source": cell.source}
        content["id"] = self._new_id(f"extra-{index + 1}")
        if kind == "code":
            return _node({**content, "outputs": [], "execution_count": None})
        extra = _node(content)
        self._write(extra, [cell])
        return extra

    # pictures

    def _write(
        self, cell: NotebookNode, written: Sequence[ReceivedCell], slot: Slot | None = None
    ) -> None:
        """Write the student's texts into a cell, with a new name for each picture."""
        texts = []
        for each in written:
            text = each.source
            if not each.text or (slot and slot.is_untouched(each.text)):
                # the student's answer is only a picture
                shown = (f"\n\n![{name}]({ATTACHED}{quote(name)})" for name in each.attachments)
                text += "".join(shown)
            pictures = pictures_in(text, each.attachments, MAX_REFERENCES - len(self._pasted))
            names = _names(pictures)
            texts.append(_renamed(text, pictures, names))
            self._pasted += [
                (cell, PlacedPicture(picture, each.number, name=name))
                for picture, name in zip(pictures, names, strict=True)
            ]
        cell.source = "\n\n".join(dict.fromkeys(texts))

    def _placed(self, cells: Sequence[NotebookNode]) -> Iterator[PlacedPicture]:
        """Yield the pictures in the order of their cells; refuse the pictures beyond the limit."""
        places = {id(cell): place for place, cell in enumerate(cells)}
        pasted = [(places[id(cell)], each) for cell, each in self._pasted]
        seen: set[tuple[int, str]] = set()
        count = 0
        for place, each in sorted(pasted, key=lambda pair: pair[0]):
            key = place, each.name or each.picture.name
            if key in seen:
                continue
            seen.add(key)
            count += bool(each.name)
            if each.name and count > MAX_PICTURES:
                picture = replace(each.picture, data=b"", refusal=TOO_MANY)
                yield PlacedPicture(picture, each.number, place)
            else:
                yield replace(each, cell=place)
        released = {name for slot in self.form.slots for name in slot.cell.get("attachments", {})}
        for index in self.edited:
            cell = self.cells[index]
            for picture in pictures_in(cell.source, cell.attachments, MAX_PICTURES):
                if picture.data and picture.name not in released:
                    refused = replace(picture, data=b"", refusal=IN_LOCKED_CELL)
                    yield PlacedPicture(refused, cell.number)

    # notes

    def notes(self) -> list[str]:
        """Return sentences for the student: the notebook's faults, and how they were fixed."""
        return list(dict.fromkeys(self._notes()))

    def _notes(self) -> Iterator[str]:
        for sentence, names in self._named_notes():
            if names:
                yield f"{sentence}: {listed(names)}."
        claimed = ((indices[0], p) for p, indices in self.claims.items() if indices)
        if len(_longest_rise(first := sorted(claimed))) < len(first):
            yield "Cells were moved; they are back in the order of the released notebook."

    def _named_notes(self) -> Iterator[tuple[str, list[str]]]:
        """Yield sentences for the student, each with the names of the cells concerned."""
        slots = self.form.slots
        edited = list(dict.fromkeys(self.cells[i].grade_id for i in self.edited))
        yield "Read-only cells were changed; the originals were restored", edited
        unseen = [s for s in slots if not self.claims[s.position]]
        unseen = [s for s in unseen if not s.earlier.was_absent]
        lost = [s.grade_id for s in unseen if s.role == "locked" and s.grade_id not in edited]
        yield "Read-only cells were missing; they were restored", lost
        taken = {**self.answers, **{p: found for p, found in self.texts.items() if found}}
        gone = [s.grade_id for s in unseen if s.role != "locked" and s.position not in taken]
        yield "Answer cells were missing; they were restored", gone
        copies = [s.grade_id for s in slots if s.role == "code" and len(self._filled(s)) > 1]
        yield "There are several copies of an answer cell; all were run", copies
        yield "Text beside an untouched answer cell was used as the answer", self.adopted
        moved = [p for p, index in self.answers.items() if index not in self.claims[p]]
        recognised = [slots[position].grade_id for position in moved]
        yield "Answers were recognised by the names they define", recognised
        matched = [(slot, self.cells[i]) for slot in slots for i in self.claims[slot.position]]
        retyped = [slot.grade_id for slot, cell in matched if cell.kind != slot.kind]
        yield "Cells had another type; it was changed back", retyped
        forged = [slot.grade_id for slot, cell in matched if not slot.is_declared(cell.declared)]
        yield "The metadata of cells was changed; the original metadata counts", forged


def _longest_rise(pairs: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """Return the longest subsequence of the pairs whose second members strictly increase."""
    tails: list[int] = []  # by length of a subsequence: the smallest number at its end
    ends: list[int] = []  # the index of the pair with this number
    previous: list[int] = []
    for number, (_, position) in enumerate(pairs):
        length = bisect_left(tails, position)
        tails[length : length + 1] = [position]
        ends[length : length + 1] = [number]
        previous.append(ends[length - 1] if length else -1)
    rise = []
    number = ends[-1] if ends else -1
    while number >= 0:
        rise.append(pairs[number])
        number = previous[number]
    return rise[::-1]


def _node(content: Mapping[str, Any]) -> NotebookNode:
    node: NotebookNode = nbformat.from_dict(content)
    return node


def _names(pictures: Sequence[Picture]) -> list[str]:
    """Return a name for each attachment; "" for a picture that is refused."""
    known: dict[int, str] = {}  # by identity: a text may show a large picture many times
    for picture in pictures:
        if not picture.refusal and id(picture.data) not in known:
            known[id(picture.data)] = _name(picture)
    return ["" if picture.refusal else known[id(picture.data)] for picture in pictures]


def _name(picture: Picture) -> str:
    """Return a name with the picture's fingerprint, in characters that are safe on every page."""
    stem = re.sub(r"[^A-Za-z0-9]+", "-", picture.name.rpartition(".")[0] or picture.name)
    stem = stem.strip("-")[:_MAX_STEM] or "picture"
    fingerprint = sha256(picture.data).hexdigest()[:DIGITS]
    return f"{stem}-{fingerprint}.{kind_of(picture.data).lower()}"


def _renamed(text: str, pictures: Sequence[Picture], names: Sequence[str]) -> str:
    """Return the text with the pictures' new names; a picture without a name stays unchanged."""
    pieces, end = [], 0
    for picture, name in zip(pictures, names, strict=True):
        if name:
            alt = re.sub(r"[\[\]\s]+", " ", picture.alt).strip() or picture.name
            pieces += [text[end : picture.place[0]], f"![{alt}]({ATTACHED}{name})"]
            end = picture.place[1]
    return "".join([*pieces, text[end:]])

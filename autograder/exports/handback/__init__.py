"""Hand the feedback pages back through the students' learning platform, in one upload.

There is one module for each system. It reads the system's own export, which says where the system
expects the files of each person. Students are matched as for an export of marks. Moodle's and
Canvas's exports may contain only names and numbers. So in these exports, a name that only one
person has is enough, unless the row's other data contradict it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from autograder.errors import RecordError
from autograder.exports.handback import canvas, ilias, moodle
from autograder.exports.handback.listing import Listing, read_roster
from autograder.exports.handback.package import Content, State, write_package
from autograder.exports.handback.places import Place, Places
from autograder.exports.sheet import Sheet
from autograder.gradebook.marks import Marks

PlacesReader = Callable[[Marks, Listing | Sheet], Places]
"""A function that reads a system's export and finds each student's place in it."""

SYSTEMS: Mapping[str, PlacesReader] = {
    "moodle": moodle.read_places,
    "ilias": ilias.read_places,
    "canvas": canvas.read_places,
}


@dataclass(frozen=True)
class HandBack:
    """The result: the students whose pages were packed, and those who could not be matched.

    `only_theirs` are people in the system's export who match no student in the gradebook;
    `only_ours` are students with a page who are not in the export. `state` is None if there was
    nothing to write.
    """

    packed: tuple[str, ...]
    only_theirs: tuple[str, ...]
    only_ours: tuple[str, ...]
    faults: tuple[str, ...]
    notes: tuple[str, ...]
    state: State | None = None
    size: int = 0


def hand_back(
    marks: Marks, pages: Mapping[str, Path], system: str, roster: Path, target: Path
) -> HandBack:
    """Write the file for a system, with each student's page; raise RecordError if this fails.

    `pages` are complete pages by student. Students without a page are not packed.
    """
    if target.exists() and target.samefile(roster):
        raise RecordError(f"{target} is the roster: name another file with --output")
    places = SYSTEMS[system](marks, read_roster(roster))
    chosen = {student: place for student, place in places.of_students.items() if student in pages}
    result = HandBack(
        tuple(chosen),
        places.matching.only_theirs,
        tuple(student for student in places.matching.only_ours if student in pages),
        (*places.matching.faults, *places.faults),
        places.notes if chosen else (),
    )
    if not chosen:
        return result
    members = [*_members(chosen, pages, f"{marks.name}-feedback.html"), *places.extra]
    state = write_package(target, members)
    return replace(result, state=state, size=target.stat().st_size)


def _members(
    chosen: Mapping[str, Place], pages: Mapping[str, Path], name: str
) -> Iterator[tuple[str, Content]]:
    for student, place in chosen.items():
        yield place.member(name), place.content(name, pages[student])

"""Canvas: a zip for "Re-Upload Submissions" in the gradebook.

Canvas attaches each file to a comment. The file's name must be the one that Canvas gave it in the
download. The first two numbers between "_" are the user and the file that the user handed in
(app/models/abstract_assignment.rb, infer_comment_context_from_filename). Canvas shows the comment's
file under the name of the file that was handed in. So a page can be returned only if the student
handed in a zip file (`checks.pack()` makes one): the page is zipped under that file's name.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from autograder.errors import RecordError
from autograder.exports.handback.listing import Listing
from autograder.exports.handback.places import RESULT, Place, Places
from autograder.exports.matching import match
from autograder.exports.sheet import Sheet
from autograder.gradebook.marks import Marks

_LATE, _ANONYMOUS = "LATE", "anon"
_NUMBERS = 2
_NO_ZIP = (
    "{student} handed in no zip file, and Canvas would show the page under a notebook's name: use "
    "--to mail --student {student}"
)

ADVICE = (
    "Give --roster the file from the assignment's Download Submissions; for all students, "
    "--to mail works too"
)


@dataclass
class User:
    """A user of Canvas, with the names that the download gives to the user's files."""

    name: str
    number: str
    files: list[str] = field(default_factory=list)

    @property
    def zip_file(self) -> str:
        """The first zip file that the user handed in; "" if there is none."""
        found = [
            name for name in self.files if name.lower().endswith(".zip") and name.isprintable()
        ]
        return min(found, default="")


def read_places(marks: Marks, roster: Listing | Sheet) -> Places:
    """Return the zip files that students handed in, read from the download of all submissions."""
    if isinstance(roster, Sheet):
        raise RecordError(f"Canvas takes feedback only under the names of its own files. {ADVICE}")
    users = list(_users(roster).values())
    if not users:
        raise RecordError(
            "the roster has no file such as `meieranna_5101_88123_hw2.zip`, so it is not a "
            f"download of Canvas. {ADVICE}"
        )
    rows = [(each.number, each.name) for each in users]
    matching = match(
        marks,
        rows,
        lambda row: f"{row[1]} ({row[0]})",
        system="canvas",
        numbers=[0],
        names=[1],
        by_name=[1],
        result=RESULT,
    )
    places = [Place(wrapped_as=name) if (name := each.zip_file) else None for each in users]
    return Places.of(matching, places, _NO_ZIP)


def _users(listing: Listing) -> dict[str, User]:
    found: dict[str, User] = {}
    for path in listing.files:
        pieces = [piece for piece in path[-1].split("_") if piece != _LATE]
        numbers = [piece for piece in pieces if piece.isascii() and piece.isdigit()]
        if pieces[0] == _ANONYMOUS or len(numbers) < _NUMBERS or path[-1].startswith("._"):
            continue
        name = " ".join(pieces[: pieces.index(numbers[0])])
        found.setdefault(numbers[0], User(name, numbers[0])).files.append(path[-1])
    return found

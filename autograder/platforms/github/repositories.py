"""Find the repository of each student on the list, and check its address."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass

from autograder.errors import SubmissionError
from autograder.submission.intake.roster import Roster, squeezed
from autograder.words import printable

COLUMNS = ("repository", "repo")
"""Names of the list's columns that may contain the address of a student's repository."""

_PLACEHOLDER = re.compile(r"\{([^{}]*)\}")
_SAFE = re.compile(r"[A-Za-z0-9_](?:[A-Za-z0-9._-]*[A-Za-z0-9_-])?")
"""Pattern of a login or a name that is safe to use in an address."""

_REMOTE = re.compile(
    r"https://(?:[\w.~%:-]+@)?[\w.-]+(?::\d+)?/\S+"
    r"|ssh://(?:[\w.-]+@)?[\w.-]+(?::\d+)?/\S+"
    r"|[\w.-]+@[\w.-]+:[\w~][^\s:]*",
    re.ASCII,
)
_LOCAL = re.compile(r"(?:file://)?/[^\x00-\x1f\x7f]+")
_SECRET = re.compile(r"(?<=://)[^/@\s]+@")


@dataclass(frozen=True)
class Wanted:
    """A student and a repository's address; `fault` says why the repository can't be collected."""

    student: str
    address: str
    fault: str = ""

    @property
    def shown(self) -> str:
        """The address without its user name or token, for tables and records."""
        return _SECRET.sub("", self.address)


def repositories(
    roster: Roster,
    assignment: str,
    pattern: str | None = None,
    *,
    only: Collection[str] = (),
    local: bool = False,
    faults: Mapping[str, str] | None = None,
) -> Iterator[Wanted]:
    """Yield each student's repository, from the list or, if it is missing there, from the pattern.

    A pattern such as `https://github.com/org/{assignment}-{github}` names columns of the list.
    `only` selects students (default: all); `local` allows folders on this machine. `faults` are
    reasons, by student, why a repository must not be collected.
    """
    faults = faults or {}
    if unknown := sorted(set(only) - set(roster.people)):
        raise SubmissionError(f"the list has no student {printable(', '.join(unknown))}")
    known = any(_address_in(cells) for cells in roster.cells.values())
    if pattern is None and not known:
        raise SubmissionError(
            "the list has no column `repository`; add one with the address of each repository, "
            "or add a pattern: --url https://github.com/ORG/{assignment}-{student}"
        )
    for student, cells in roster.cells.items():
        if only and student not in only:
            continue
        address = _address_in(cells)
        try:
            if not address and pattern is not None:
                fields = {**cells, "student": student, "assignment": assignment}
                address = _filled(pattern, fields)
            yield Wanted(student, address, faults.get(student) or _fault_of(address, local=local))
        except _NoValueError as error:
            yield Wanted(student, "", str(error))


class _NoValueError(Exception):
    """An error: the list has no usable value for a placeholder of the pattern."""


def _address_in(cells: Mapping[str, str]) -> str:
    return next((cells[column] for column in COLUMNS if cells.get(column)), "")


def _filled(pattern: str, fields: Mapping[str, str]) -> str:
    return _PLACEHOLDER.sub(lambda match: _value(match[1], fields), pattern)


def _value(name: str, fields: Mapping[str, str]) -> str:
    """Return the value of a placeholder, which has only letters, digits and `. _ -`."""
    value = fields.get(squeezed(name), "")
    if not value:
        raise _NoValueError(f"the list has no value in the column {printable(name)}")
    if not _SAFE.fullmatch(value):
        raise _NoValueError(f"{printable(value)} cannot be a part of an address")
    return value


def _fault_of(address: str, *, local: bool) -> str:
    """Return the reason why an address is rejected, or "" if the address is allowed."""
    if not address:
        return "the list has no repository for this student"
    if _REMOTE.fullmatch(address) or (local and _LOCAL.fullmatch(address)):
        return ""
    if _LOCAL.fullmatch(address):
        return "the address is a folder on this machine: add --local to allow such addresses"
    return "the address must begin with https:// or ssh://, or have the form git@host:path"

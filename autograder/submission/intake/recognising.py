"""Find out which platform made an export, folder by folder, and who submitted which file.

A platform is recognised by the outermost names of files and folders that it wrote. Every folder at
that depth must have such a name. So a student gains nothing by imitating an export inside a folder.
Other files and folders at that depth are listed with the reason why they have no sender. They do
not change the sender of any other file.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import takewhile
from zoneinfo import ZoneInfo

from autograder.submission.files import NOTEBOOK_NAME, UnreadableError
from autograder.submission.intake.archives import (
    Found,
    IntakeBudget,
    in_archive,
    is_archive,
    open_archive,
    without_ending,
)
from autograder.submission.intake.platforms import (
    MOODLE,
    SCHEMES,
    NamingScheme,
    Platform,
    Sender,
    Sent,
    Way,
    not_named,
)
from autograder.words import printable

FEW_AROUND = 3
"""Number of outer folders, one inside the other, that any export may have around its names."""
MAX_AROUND = 8
"""Largest number of outer folders, one inside the other, to search for a platform's names."""

TWO_READINGS = "the name can be read in more than one way"
SETTLE = (
    "Add the right student's number or login on the platform to the roster (--students), or take "
    "in this file alone with --student"
)
UNCLEAR = (
    "{} has notebooks and folders with notebooks. If all are one student's, add --student NAME; if "
    "each folder is a student's, move the notebooks beside the folders away"
)
NO_STUDENT = "the file belongs to no known student"
INSIDE = (
    "inside another folder or archive. Take it out and give it to fdl intake by itself, or name "
    "the one student whose work it is with --student"
)

Known = tuple[frozenset[str], bool]
"""The students that a sender may be, and whether a number or login confirms one of them."""


@dataclass(frozen=True)
class Export:
    """The files of an export with their senders.

    `beside` are the files in the same folder as the platform's names, or in a folder around it. No
    student can put a file there.
    """

    platform: Platform
    sent: tuple[Sent, ...]
    beside: tuple[Found, ...] = ()


def recognise(files: Sequence[Found], assignment: str, zone: ZoneInfo) -> Export:
    """Return each file with the sender that the platform names; `files` can all be opened."""
    # The platform's names may be in the archive, or in a folder inside the archive, or be the name
    # of the archive itself. An archive's own name counts only in Moodle's scheme.
    deepest = _deepest(files, assignment)
    depths = [(0, (MOODLE,)), *((depth, SCHEMES) for depth in range(1, deepest + 1))]
    if any(len(file.parts) == 2 and is_work(file.name, assignment) for file in files):
        depths.append((0, SCHEMES))
    for depth, schemes in depths:
        if scheme := _scheme_at(files, depth, schemes):
            return _read(files, depth, scheme, zone)
    return Export("folders", tuple(_folders(files, assignment)))


def _deepest(files: Sequence[Found], assignment: str) -> int:
    """Return the largest number of outer folders that may be around a platform's names.

    A teacher may have put an export into a folder inside other folders. Files below a folder with
    the assignment's name belong to one student.
    """
    ways = [file.parts[:-1] for file in files if is_submission(file.name)]
    pairs = zip(min(ways, default=()), max(ways, default=()), strict=False)
    around = [one for one, _ in takewhile(lambda pair: pair[0] == pair[1], pairs)][:MAX_AROUND]
    is_own = assignment in around[1:]
    return max(FEW_AROUND, around.index(assignment, 1) if is_own else len(around) + 2)


def _scheme_at(
    files: Sequence[Found], depth: int, schemes: Iterable[NamingScheme]
) -> NamingScheme | None:
    """Return the scheme that fits most files at this depth, or None.

    A student can choose a file's name in the scheme of another platform. But the whole name also
    fits the scheme of the real platform, whose words begin further left in the name. So if two
    schemes fit equally many files, the words that begin further left decide.
    """
    starts = {scheme: found for scheme in schemes if (found := _starts(files, depth, scheme))}
    left = Counter(
        min((found[file], order) for order, found in enumerate(starts.values()) if file in found)[1]
        for file in {file for found in starts.values() for file in found}
    )
    ranks = {scheme: (len(starts[scheme]), left[order]) for order, scheme in enumerate(starts)}
    return max(ranks, key=ranks.__getitem__, default=None)


def _starts(files: Sequence[Found], depth: int, scheme: NamingScheme) -> dict[int, int]:
    """Return, for each file whose name fits a scheme, where the scheme's own words begin in it.

    The result is empty if a folder at this depth has no name that fits, or if there are files
    outside these folders and the folders around them. If a name may fit a scheme by accident, half
    of a folder's names must fit.
    """
    by_folder: defaultdict[Way, dict[str, bool]] = defaultdict(dict)
    found: dict[int, int] = {}
    sure: set[Way] = set()
    places = scheme.folders({f.parts[:depth] for f in files if len(f.parts) > depth})
    around = _around(places)
    for number, file in enumerate(files):
        above, here = file.parts[:depth], file.parts[depth:]
        if not here and (file.parts[:-1] not in around or _is_archive(file.name)):
            return {}  # this may be a student's file, so students may have chosen all names
        if not here or above not in places:
            continue
        start = scheme.start(above, here)
        if start is not None:
            found[number] = start
            sure |= {above} if scheme.is_sure(above, here) else set()
        if start is not None or len(here) > 1 or is_submission(here[0]):
            names = by_folder[above]
            names[here[0]] = names.get(here[0], False) or start is not None
    for above in places:
        fits = list(by_folder[above].values())
        if not any(fits) or (2 * sum(fits) < len(fits) and above not in sure):
            return {}
    return found


def _around(places: Iterable[Way]) -> set[Way]:
    """Return the folders with the platform's names, and all folders around them."""
    return {way[:length] for way in places for length in range(1, len(way) + 1)}


def _is_archive(name: str) -> bool:
    return is_submission(name) and not NOTEBOOK_NAME.fullmatch(name)


def _read(files: Sequence[Found], depth: int, scheme: NamingScheme, zone: ZoneInfo) -> Export:
    places = scheme.folders({f.parts[:depth] for f in files if len(f.parts) > depth})
    around = _around(places)
    named = [f for f in files if len(f.parts) > depth and f.parts[:depth] in places]
    reader = scheme.reader(named, depth, zone)
    sent: list[Sent] = []
    beside: list[Found] = []
    for file in files:
        each = reader(file) if len(file.parts) > depth else None
        if each is not None and (each.senders or each.others) and file.parts[:depth] not in places:
            each = None
        if each is None and file.parts[:-1] in around:
            beside.append(file)
            each = Sent(file, (), file.name, refusal=NO_STUDENT)
        elif each is None:
            each = Sent(file, (), file.name, refusal=not_named(scheme.title), matters=True)
        # the export may be in the folder of a student, who may have made the export up
        sent.append(replace(each, above=tuple(map(_called, file.parts[:-1][:depth]))))
    return Export(scheme.platform, tuple(sent), tuple(beside))


def imitated(ways: Iterable[Way]) -> str:
    """Return the reason why a student's folder or archive looks like a whole export, or "".

    `ways` are the paths to its files, inside the folder or archive. If names may fit a scheme by
    accident, all names must fit.
    """
    ways = [way for way in ways if way]
    while ways:
        entries = {way[0] for way in ways if is_submission(way[-1])}
        for scheme in SCHEMES:
            fits = [way for way in ways if scheme.start((), way) is not None]
            names = {way[0] for way in fits}
            is_sure = entries <= names or any(scheme.is_sure((), way) for way in fits)
            if is_sure and (len(names) > 1 or (names and scheme.platform == "gradescope")):
                return f"looks like an export from {scheme.title} {INSIDE}"
        is_one_folder = len({way[0] for way in ways}) == 1
        ways = [way[1:] for way in ways if len(way) > 1] if is_one_folder else []
    return ""


def is_submission(name: str) -> bool:
    """Return whether a file may be a student's work: a notebook or an archive."""
    return bool(NOTEBOOK_NAME.fullmatch(name)) or is_archive(name)


def is_work(name: str, assignment: str) -> bool:
    """Return whether a file is a notebook, or a package that `checks.pack()` wrote."""
    package = rf"{re.escape(assignment)}_submission.*\.zip"
    return bool(NOTEBOOK_NAME.fullmatch(name) or re.fullmatch(package, name, re.IGNORECASE))


def settle(sent: Sent, who: Callable[[Sender], Known] | None) -> Sent:
    """Return the only reading of a file that agrees with the roster, or the file without a sender.

    A reading is one way to find the sender in the file's name (see `platforms`). The roster decides
    if all readings with known students name one student, whom a number or login confirms. A name
    alone is not enough, because another student may have chosen any part of the name.
    """
    if who is not None:
        above = (each for each in sent.above if who(each)[0] == {each.ids[0]})
        if outer := next(above, None):
            refusal = sent.refusal if sent.senders else ""
            return replace(sent, senders=(outer,), others=(), refusal=refusal)
    if not sent.others:
        return sent
    readings = [*([replace(sent, others=())] if sent.senders else []), *sent.others]
    if who is not None:
        found = [(each, *who(each.senders[0])) for each in readings]
        students = frozenset().union(*(students for _, students, _ in found))
        sure = [each for each, _, is_sure in found if is_sure]
        if sure and len(students) == 1:
            return sure[0]
    if not sent.senders:
        return replace(sent, others=())
    whose = " or ".join(dict.fromkeys(_shown(each.senders[0]) for each in readings))
    return replace(sent, senders=(), others=(), refusal=f"{TWO_READINGS}: {whose}. {SETTLE}")


def _shown(sender: Sender) -> str:
    return printable(f"{sender.names[0]} ({sender.ids[0]})")


def _folders(files: Sequence[Found], assignment: str) -> Iterator[Sent]:
    """Read one folder or archive per student, below outer folders with only one entry."""
    depth, is_unclear = 1, False
    while True:
        here = [file for file in files if len(file.parts) > depth]
        direct = [f.name for f in here if len(f.parts) == depth + 1 and is_submission(f.name)]
        children = {*direct, *(f.parts[depth] for f in here if len(f.parts) > depth + 1)}
        if any(is_work(name, assignment) for name in direct) or not children:
            inner = {
                f.parts[depth]
                for f in here
                if f.parts[depth] not in direct and is_submission(f.name)
            }
            is_named = any(file.parts[depth - 1] == assignment for file in here)
            is_unclear = len(inner) > 1 and not is_named
            ways = [file.parts[:depth] for file in files]
            break
        if len(children) > 1 or direct:
            ways = [file.parts[: depth + 1] for file in files]
            break
        depth += 1
    if is_unclear:
        shown = printable("/".join(ways[0]))
        for file in files:
            yield Sent(
                file, (), file.name, refusal=UNCLEAR.format(shown), matters=is_submission(file.name)
            )
        return
    inside: defaultdict[Way, list[Way]] = defaultdict(list)
    for file, way in zip(files, ways, strict=True):
        inside[way] += [file.parts[len(way) :]] if len(way) < len(file.parts) else _ways_in(file)
    doubts = {way: imitated(inner) for way, inner in inside.items()}
    for file, way in zip(files, ways, strict=True):
        if doubts[way]:
            what = "it" if len(way) == len(file.parts) else "its folder"
            yield Sent(file, (), file.name, refusal=f"{what} {doubts[way]}", matters=True)
        else:
            yield _sent_by(file, way, assignment)


def _ways_in(file: Found) -> list[Way]:
    """Return the paths to the files in a student's archive; [] if it can't be opened."""
    if not is_archive(file.name):
        return []
    zone = ZoneInfo("UTC")  # the times are not used
    try:
        with open_archive(file.read(), file.name, nested=True) as archive:
            inside = in_archive(archive, file.name, (), zone, IntakeBudget())
            return [found.parts for found in inside]
    except UnreadableError:  # reported when the student's files are chosen
        return []


def _sent_by(found: Found, way: Sequence[str], assignment: str) -> Sent:
    """Return a file with its student: the last part of the path that can be a student's name."""
    names = [without_ending(part) for part in way]
    if names[-1] == assignment and len(names) > 1:
        names.pop()
    name = names[-1]
    is_file = len(way) == len(found.parts) and not is_archive(found.name)
    if is_file or re.match(rf"{re.escape(assignment)}(_submission.*)?$", name, re.IGNORECASE):
        refusal = "the path does not say who submitted the file; name the student with --student"
        return Sent(found, (), found.name, refusal=refusal)
    above = tuple(map(_called, names[1:-1]))
    return Sent(found, (_called(name),), found.name, above=above)


def _called(name: str) -> Sender:
    return Sender("folders", printable(name), (name,), (name,))

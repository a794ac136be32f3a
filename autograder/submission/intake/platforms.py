"""Recognise the platform of an export, and who submitted which file.

The outermost match counts. So a student cannot use a file's name, or an archive around the file, to
pass the file off as another student's work. If a platform puts its own number beside a name that a
student chose, there may be several readings of a file's name. All readings are kept, and `settle`
chooses a reading only if the roster decides. Without a roster, a file with several readings is not
matched to anyone. The kit assumes this about exports:

- **Moodle**, "Download all submissions": for each participant a folder
  `Firstname Lastname_123456_assignsubmission_file_` (older versions: without the last `_`).
  Texts typed online are in `…_assignsubmission_onlinetext_`. File names begin with the same words
  if "Download submissions in folders" is off. The number in the folder's name identifies the
  participant in this one assignment (docs.moodle.org, "Using Assignment"; mod/assign/locallib.php).
  Times: the members'. A folder's name is read from the right: everything before the number is the
  name that the participant chose. In a file's name, a second number may belong to the file, so
  there are two readings.
- **Canvas**, "Download Submissions": flat files
  `lastnamefirstname_[LATE_]USERID_SUBMISSIONID_NAME`; a NAME uploaded again is `name-1.ext`
  (nbgrader's documentation, "Managing assignment files manually"; Canvas's guide, "How do I
  download all student submissions for an assignment?"). Canvas gives no times of submission.
- **ILIAS**, Exercise, "Download all submissions":
  `TITLE/Abgaben/[Team 12/]Lastname_Firstname_login_4711/NAME` (English: `Submissions`);
  multi-feedback zips have the same folders below `multi_feedback…`. Fourteen digits and `_` before
  a file's name are its time, as ILIAS stores files (Modules/Exercise, ilFSStorageExercise).
- **Gradescope**, "Export Submissions": folders `assignment_1_export/submission_12345/` and beside
  them `submission_metadata.yml`. For each folder, this file has `:submitters:` with `:name:`,
  `:sid:` and `:email:`, and `:created_at:` (as `.json`: without the colons).
- Anything else: a folder or an archive for each student, named after the student, as in
  `submitted/STUDENT/hw2/`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, Literal
from zoneinfo import ZoneInfo

import yaml

from autograder.submission.files import NOTEBOOK_NAME, UnreadableError
from autograder.submission.intake.archives import Found, without_ending
from autograder.words import printable

Platform = Literal["moodle", "canvas", "ilias", "gradescope", "folders", "given", "git"]

METADATA = ("submission_metadata.yml", "submission_metadata.yaml", "submission_metadata.json")

_MOODLE = re.compile(r"_(?P<id>[0-9]+)_assignsubmission_(?P<kind>file|onlinetext)(?=_|$)")
_MOODLE_FOLDER = re.compile(rf"(?P<name>.+){_MOODLE.pattern}_?", re.DOTALL)
_CANVAS = re.compile(r"(?=_(?P<late>LATE_)?(?P<user>[0-9]+)_[0-9]+_(?P<rest>.+))", re.DOTALL)
_CANVAS_AGAIN = re.compile(r"(.*)-([0-9]{1,3})(\.[A-Za-z]+)", re.DOTALL)
_ILIAS = re.compile(r"(?P<name>[^_]+_.+)_(?P<id>[0-9]+)", re.DOTALL)
_ILIAS_ROOTS = re.compile(r"Abgaben|Submissions?|multi_?feedback.*", re.IGNORECASE)
_ILIAS_TEAM = re.compile(r"Team[ _][0-9]+", re.IGNORECASE)
_ILIAS_TIME = re.compile(r"(20[0-9]{12})_(.+)", re.DOTALL)
_GRADESCOPE = re.compile(r"submission_[0-9]+")

MAX_READINGS = 20
TWO_READINGS = "the name can be read in more than one way"
SETTLE = (
    "Add the right student's number or login on the platform to the roster (--students), or take "
    "in this file alone with --student"
)
NO_STUDENT = "the file belongs to no known student"
MANY_READINGS = "can be read in too many ways; take in this file alone with --student"
NOT_MOODLES = "is not named as Moodle names folders; take in this file alone with --student"


@dataclass(frozen=True)
class Sender:
    """A person as a platform describes them; `ids` (number, login, address) are most reliable."""

    platform: Platform
    shown: str
    ids: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    time: datetime | None = None


@dataclass(frozen=True)
class Sent:
    """A file, its senders, and its original name; `again` counts uploads of the same name.

    `others` are the other readings of the file's name. `above` are senders that the folders above
    the file may name; the outermost one who is a student is the file's sender.
    """

    found: Found
    senders: tuple[Sender, ...]
    name: str
    again: int = 0
    time: datetime | None = None
    note: str = ""
    refusal: str = ""
    others: tuple[Sent, ...] = ()
    above: tuple[Sender, ...] = ()


Known = tuple[frozenset[str], bool]
"""The students that a sender may be, and whether a number or login confirms a student."""

ExportReader = Callable[[Found], Sent | None]
"""Function that returns a file's sender by the file's place in an export, or None."""


def is_clutter(parts: Sequence[str]) -> bool:
    """Return whether an archiver or an editor made this file."""
    return any(part.startswith(".") or part == "__MACOSX" for part in parts) or parts[-1] in (
        "Thumbs.db", "desktop.ini",
    )  # fmt: skip


def recognise(files: Sequence[Found], assignment: str, zone: ZoneInfo) -> list[Sent]:
    """Return each file with the sender that the platform names; all files can be opened."""
    # the platform's names may be below the archive's name, below more folders, or the archive's
    # name
    for depth in (1, 2, 3, 0):
        readers = [*_gradescope(files, depth), (depth, _canvas(depth))]
        readers += [(depth, _moodle(files, depth)), (depth - 1, _ilias(files, depth, zone))]
        for start, reader in readers:
            sent = [reader(file) for file in files]
            # the export may be in the folder of one student, who may have made up the whole export
            known = [
                replace(each, above=tuple(map(_called, each.found.parts[1:start])))
                for each in sent
                if each is not None
            ]
            if len(known) == len(files) and any(each.senders for each in known):
                return known
    return _folders(files, assignment)


def _read_as(readings: Sequence[Sent]) -> Sent | None:
    """Return the first reading, which lists the readings with other senders, or None."""
    if not readings:
        return None
    by_ids: dict[tuple[str, ...], Sent] = {}
    for reading in readings:
        by_ids.setdefault(reading.senders[0].ids, reading)
    first, *others = by_ids.values()
    if len(by_ids) > MAX_READINGS:
        return replace(first, senders=(), refusal=f"its name {MANY_READINGS}")
    return replace(first, others=tuple(others))


def _moodle(files: Sequence[Found], depth: int) -> ExportReader:
    """Return the reader for folders if all files are in folders, else the reader for file names.

    A participant's name could contain a path separator. Files below such a name have no known
    sender unless the roster decides.
    """
    in_folders = _lies_in_folders([file.parts[depth:] for file in files])

    def read(found: Found) -> Sent | None:
        here = found.parts[depth:]
        if not here:
            return None
        folder = _MOODLE_FOLDER.fullmatch(here[0]) if in_folders else None
        if folder is not None:
            first = [_moodle_sent(found, folder["name"], folder, here[-1])]
        else:
            first = [] if in_folders else list(_moodle_flat(found, here))
        deeper = list(_moodle_deeper(found, here))
        if deeper and not first:
            return Sent(found, (), found.name, refusal=f"its folder {NOT_MOODLES}")
        return _read_as(first + deeper)

    return read


def _lies_in_folders(ways: Sequence[tuple[str, ...]]) -> bool:
    """Return whether Moodle made a folder for each participant, according to all files."""
    telling = [way for way in ways if way and _MOODLE.search(way[0])]
    return bool(telling) and all(
        len(way) > 1 and _MOODLE_FOLDER.fullmatch(way[0]) for way in telling
    )


def _moodle_flat(found: Found, here: Sequence[str]) -> Iterator[Sent]:
    """Yield the readings of the beginning of a file's name, or of a student's folder's name."""
    for match in _MOODLE.finditer(here[0]):
        if match.start():
            name = here[-1] if len(here) > 1 else here[0][match.end() + 1 :] or here[0]
            yield _moodle_sent(found, here[0][: match.start()], match, name)


def _moodle_deeper(found: Found, here: Sequence[str]) -> Iterator[Sent]:
    """Yield the readings of deeper names, in case a participant's name has path separators."""
    for depth, part in enumerate(here[1:], start=1):
        for match in _MOODLE.finditer(part):
            name = "/".join((*here[:depth], part[: match.start()]))
            yield _moodle_sent(found, name, match, here[-1])


def _moodle_sent(found: Found, name: str, match: re.Match[str], file: str) -> Sent:
    sender = Sender("moodle", f"{name} ({match['id']})", (match["id"],), (name,))
    refusal = "" if match["kind"] == "file" else "a text that was typed online"
    return Sent(found, (sender,), file, refusal=refusal)


def _canvas(depth: int) -> ExportReader:
    def read(found: Found) -> Sent | None:
        here = found.parts[depth:]
        if len(here) != 1:
            return None
        matches = [match for match in _CANVAS.finditer(here[0]) if match.start()]
        return _read_as([_canvas_sent(found, here[0][: m.start()], m) for m in matches])

    return read


def _canvas_sent(found: Found, called: str, match: re.Match[str]) -> Sent:
    name, again = match["rest"], 0
    if copy := _CANVAS_AGAIN.fullmatch(name):
        name, again = copy[1] + copy[3], int(copy[2])
    sender = Sender("canvas", f"{called} ({match['user']})", (match["user"],), (called,))
    note = "Canvas marks it as late." if match["late"] else ""
    return Sent(found, (sender,), name, again, note=note)


def _ilias(files: Sequence[Found], depth: int, zone: ZoneInfo) -> ExportReader:
    roots = {file.parts[: max(depth - 1, 0)] for file in files}

    def read(found: Found) -> Sent | None:
        parts = found.parts[depth - 1 :] if depth else ("Abgaben", *found.parts)
        if not parts or not _ILIAS_ROOTS.fullmatch(parts[0]):
            beside = len(parts) == 1 and len(roots) == 1
            return Sent(found, (), found.name, refusal=NO_STUDENT) if beside else None
        here = parts[1:]
        if len(here) < 2:
            return Sent(found, (), found.name, refusal=NO_STUDENT)
        here = here[1:] if _ILIAS_TEAM.fullmatch(here[0]) else here
        match = _ILIAS.fullmatch(here[0]) if len(here) > 1 else None
        if match is None:
            return None
        time, name = None, here[-1]
        if stamped := _ILIAS_TIME.fullmatch(name):
            name, time = stamped[2], _fourteen_digits(stamped[1], zone)
        senders = _ilias_senders(here[0], match["name"].split("_"), match["id"])
        return _read_as([Sent(found, (sender,), name, time=time) for sender in senders])

    return read


def _ilias_senders(shown: str, words: Sequence[str], number: str) -> list[Sender]:
    """Return all readings of a folder's name as last name, first name and login.

    Names and logins may contain "_", too. The likeliest reading comes first.
    """
    starts = range(len(words) - 1, 1, -1) if len(words) > 2 else (1,)
    return [
        Sender("ilias", shown, ("_".join(words[start:]), number), (" ".join(words[:start]),))
        for start in starts
    ]


def _fourteen_digits(text: str, zone: ZoneInfo) -> datetime | None:
    try:
        return datetime.strptime(text, "%Y%m%d%H%M%S").replace(tzinfo=zone)
    except ValueError:
        return None


def _gradescope(files: Iterable[Found], depth: int) -> list[tuple[int, ExportReader]]:
    """Return the reader for an export with a list of submitters at this depth, if there is one."""
    lists = [f for f in files if f.name in METADATA and len(f.parts) == depth + 1]
    if not lists:
        return []
    about = _gradescope_list(lists[0])

    def read(found: Found) -> Sent | None:
        here = found.parts[depth:]
        if found is lists[0]:
            return Sent(found, (), here[-1], refusal="the list of submitters")
        if found.parts[:depth] != lists[0].parts[:depth]:
            return None  # a list that a student sent says nothing about other students
        if not here or not _GRADESCOPE.fullmatch(here[0].partition(".")[0]):
            return Sent(found, (), found.name, refusal=NO_STUDENT)
        senders = about.get(here[0], ())
        refusal = "" if senders else f"{lists[0].name} does not say who submitted this file"
        return Sent(found, senders, here[-1], refusal=refusal)

    return [(depth, read)]


class _Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]
    """A loader that reads YAML as plain data, even with Ruby's own type tags."""


def _plain(loader: Any, _: str, node: yaml.Node) -> Any:
    if isinstance(node, yaml.MappingNode):
        return loader.construct_mapping(node, deep=True)
    if isinstance(node, yaml.SequenceNode):
        return loader.construct_sequence(node, deep=True)
    return loader.construct_scalar(node)


_Loader.add_multi_constructor("!", _plain)


def _gradescope_list(found: Found) -> Mapping[str, tuple[Sender, ...]]:
    """Return the submitters of each folder that the list names; skip entries that can't be read."""
    try:
        raw = yaml.load(found.read().decode("utf-8"), _Loader)  # this loader reads JSON as well
    except (UnicodeError, ValueError, yaml.YAMLError, RecursionError, TypeError) as error:
        raise UnreadableError(f"{found.where} can't be read: {error}") from error
    known = raw.items() if isinstance(raw, Mapping) else ()
    return {
        str(folder): _submitters(about) for folder, about in known if isinstance(about, Mapping)
    }


def _submitters(about: Mapping[Any, Any]) -> tuple[Sender, ...]:
    people, time = _get(about, "submitters"), _as_time(_get(about, "created_at"))
    found = []
    for person in people if isinstance(people, list) else ():
        if isinstance(person, Mapping):
            sid, email, name = (_text(_get(person, key)) for key in ("sid", "email", "name"))
            ids = tuple(word for word in (sid, email) if word)
            shown = f"{name or email or sid}" + (f" ({ids[0]})" if ids else "")
            found.append(Sender("gradescope", shown, ids, (name,) if name else (), time))
    return tuple(found)


def _get(about: Mapping[Any, Any], key: str) -> Any:
    """Return a value of a mapping that Ruby wrote, with or without a colon in the key."""
    return about.get(f":{key}", about.get(key))


def _text(value: Any) -> str:
    return str(value).strip() if isinstance(value, str | int) else ""


def _as_time(value: Any) -> datetime | None:
    if isinstance(value, str):
        try:
            value = datetime.fromisoformat(value.strip().replace(" UTC", "+00:00"))
        except ValueError:
            return None
    if not isinstance(value, datetime):
        return None
    return value if value.tzinfo else value.replace(tzinfo=UTC)


def settle(sent: Sent, who: Callable[[Sender], Known] | None) -> Sent:
    """Return the only reading of a file that agrees with the roster, or the file without a sender.

    The roster decides if all readings with known students are of one student, whom a number or
    login confirms. A name alone is not enough, because another student may have chosen any part of
    the name.
    """
    if who is not None:
        above = (each for each in sent.above if who(each)[0] == {each.ids[0]})
        if outer := next(above, None):
            return replace(sent, senders=(outer,), others=())
    if not sent.others:
        return sent
    readings = [replace(sent, others=()), *sent.others]
    if who is not None:
        found = [(each, *who(each.senders[0])) for each in readings]
        students = frozenset().union(*(students for _, students, _ in found))
        sure = [each for each, _, is_sure in found if is_sure]
        if sure and len(students) == 1:
            return sure[0]
    whose = " or ".join(dict.fromkeys(_shown(each.senders[0]) for each in readings))
    return replace(sent, senders=(), others=(), refusal=f"{TWO_READINGS}: {whose}. {SETTLE}")


def _shown(sender: Sender) -> str:
    return printable(f"{sender.names[0]} ({sender.ids[0]})")


def _folders(files: Sequence[Found], assignment: str) -> list[Sent]:
    """Read one folder or archive per student, below outer folders with only one entry."""
    package = re.compile(rf"{re.escape(assignment)}_submission.*\.zip", re.IGNORECASE)

    def is_work(name: str) -> bool:
        return bool(NOTEBOOK_NAME.fullmatch(name) or package.fullmatch(name))

    depth = 1
    while True:
        direct = [file.name for file in files if len(file.parts) == depth + 1]
        children = {file.parts[depth] for file in files if len(file.parts) > depth}
        if any(map(is_work, direct)) or not children:
            return [_sent_by(file, file.parts[:depth], assignment) for file in files]
        if len(children) > 1 or direct:
            break
        depth += 1
    return [_sent_by(file, file.parts[: depth + 1], assignment) for file in files]


def _sent_by(found: Found, way: Sequence[str], assignment: str) -> Sent:
    """Return a file whose student is the last part of its path that can be a student's name."""
    names = [without_ending(part) for part in way]
    if names[-1] == assignment and len(names) > 1:
        names.pop()
    name = names[-1]
    is_file = len(way) == len(found.parts) and without_ending(found.name) == found.name
    if is_file or re.match(rf"{re.escape(assignment)}(_submission.*)?$", name, re.IGNORECASE):
        refusal = "the path does not say who submitted the file; name the student with --student"
        return Sent(found, (), found.name, refusal=refusal)
    above = tuple(map(_called, names[1:-1]))
    return Sent(found, (_called(name),), found.name, above=above)


def _called(name: str) -> Sender:
    return Sender("folders", printable(name), (name,), (name,))

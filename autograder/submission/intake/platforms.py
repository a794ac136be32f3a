"""Read the names of files in an export: which platform wrote them, and who submitted the file.

The outermost match counts. So a student cannot use a file's name, or an archive around the file, to
pass the file off as another student's work. If a platform puts its own number beside a name that a
student chose, there may be several readings of a file's name. All readings are kept, and
`recognising.settle` chooses a reading only if the roster decides. Without a roster, a file with
several readings is not matched to anyone. The kit assumes this about exports:

- **Moodle**, "Download all submissions": for each participant a folder
  `Firstname Lastname_123456_assignsubmission_file` (before version 4.1 with `_` at the end).
  Texts typed online are in `…_assignsubmission_onlinetext`, and a teacher's feedback is in
  `…_assignfeedback_file`. File names begin with the same words if "Download submissions in folders"
  is off, and in versions before 3.1. The number in the folder's name identifies the
  participant in this one assignment. With anonymous submissions, the name is the word
  "Participant" in the teacher's language. If groups hand in, version 4.1 has one folder for each
  group, `GROUP_17_assignsubmission_file`. A folder without a number holds the work of students
  without a group. Earlier versions have `GROUP-Firstname Lastname_123456_…` for each member.
  (docs.moodle.org, "Using Assignment"; mod/assign/classes/downloader.php, before 4.1
  mod/assign/locallib.php.)
  The archive has the submission times, as the times of its files. A folder's name is read from the
  right: everything before the number is the name that the participant chose. In a file's name, a
  second number may belong to the file, so there are two readings.
- **Canvas**, "Download Submissions": flat files
  `lastnamefirstname_[LATE_]USERID_SUBMISSIONID_NAME`; a NAME uploaded again is `name-1.ext`. With
  anonymous marking they are `[LATE_]anon_a1B2c_SUBMISSIONID_NAME`; typed texts and links are
  `…_USERID_text.html` and `…_USERID_link.html`. If groups hand in, the group's name replaces the
  student's name. Canvas gives no times of submission. (lib/content_zipper.rb; nbgrader's
  documentation, "Managing assignment files manually"; Canvas's guide, "How do I download all
  student submissions for an assignment?")
- **ILIAS**, Exercise, "Download all submissions":
  `TITLE/Abgaben/[Team 12/]Lastname_Firstname_login_4711/NAME` (English: `Submissions`; before
  version 5.3 without the two outer folders). Names are in ASCII: `Mueller`. A late file's name
  begins with `Late Submission - `. The folder `Feedback_files` beside the submissions has what
  students wrote about each other's work. If a teacher downloads the files of one student, the
  outermost folder is also the student's. The archives for multi-feedback have the same folders
  below `multi_feedback…`. Fourteen digits and `_` before a file's name are its time, as ILIAS
  stores files (Modules/Exercise: ilExSubmission, ilExerciseManagementCollectFilesJob,
  ilFSStorageExercise).
- **Gradescope**, "Export Submissions": folders `assignment_1_export/submission_12345/` and beside
  them `submission_metadata.yml`. For each folder, this file has `:submitters:` with `:name:`,
  `:sid:` and `:email:`, and `:created_at:` (as `.json`: without the colons).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, Literal
from zoneinfo import ZoneInfo

import yaml

from autograder.course.layout import is_hidden, is_left_by_program
from autograder.submission.files import UnreadableError
from autograder.submission.intake.archives import Found
from autograder.words import printable

Platform = Literal["moodle", "canvas", "ilias", "gradescope", "folders", "given", "git"]

METADATA = ("submission_metadata.yml", "submission_metadata.yaml", "submission_metadata.json")

_MOODLE_KIND = r"_assign(?P<part>submission|feedback)_(?P<kind>[a-z][a-z0-9]*)"
_MOODLE = re.compile(rf"_(?P<id>[0-9]+){_MOODLE_KIND}(?=_|$)")
_MOODLE_FOLDER = re.compile(rf"(?P<name>.+){_MOODLE.pattern}_?", re.DOTALL)
_MOODLE_NO_GROUP = re.compile(rf"(?P<name>[^_]+){_MOODLE_KIND}(?:_(?P<rest>.*))?", re.DOTALL)
_CANVAS = re.compile(r"(?=_(?P<late>LATE_)?(?P<user>[0-9]+)_[0-9]+_(?P<rest>.+))", re.DOTALL)
_CANVAS_ANONYMOUS = re.compile(
    r"(?P<late>LATE_)?anon_(?P<user>(?=[0-9]*[A-Za-z])[0-9A-Za-z]{1,10})_[0-9]+_(?P<rest>.+)",
    re.DOTALL,
)
_CANVAS_TYPED = re.compile(
    r"(?P<name>.+?)_(?P<late>LATE_)?(?P<user>[0-9]+)_(?:text|link)\.html", re.DOTALL
)
_CANVAS_AGAIN = re.compile(r"(.*)-([0-9]{1,3})(\.[A-Za-z]+)", re.DOTALL)
_ILIAS = re.compile(r"(?P<name>[^_]+_.+)_(?P<id>[0-9]+)", re.DOTALL)
_ILIAS_WHOLE = re.compile(r"(?P<name>[^_]+_[^_]*_.+)_(?P<id>[0-9]+)", re.DOTALL)
_ILIAS_ROOTS = re.compile(r"Abgaben|Submissions?|multi_?feedback.*", re.IGNORECASE)
_ILIAS_TEAM = re.compile(r"[^\W\d_]+[ _][0-9]+")
_ILIAS_TIME = re.compile(r"(20[0-9]{12})_(.+)", re.DOTALL)
_ILIAS_LATE = re.compile(
    r"(?:Late Submission|Versp(?:ä|ae|a)tete Abgabe) - (.+)", re.IGNORECASE | re.DOTALL
)
_ILIAS_PEERS = "Feedback_files"
_GRADESCOPE = re.compile(r"submission_[0-9]+")

MAX_READINGS = 20
MAX_HYPHENS = 8
"""Largest number of hyphens in a folder's name after which a person's name may begin."""
MANY_READINGS = "can be read in too many ways; take in this file alone with --student"
SUBMITTERS = "the list of submitters"
NO_FOLDER = "these people handed in, but the export has no folder for them; export it again"
TYPED = "a text that was typed online"


@dataclass(frozen=True)
class Sender:
    """A person as a platform describes them; `ids` (number, login, address) are most reliable.

    `group` is a name that may be the name of a group; only a list of groups can confirm it.
    """

    platform: Platform
    shown: str
    ids: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    time: datetime | None = None
    group: str = ""


@dataclass(frozen=True)
class Sent:
    """A file, its senders, and its original name; `again` counts uploads of the same name.

    `others` are the other readings of the file's name. `above` are senders that the folders above
    the file may name; the outermost one who is a student is the file's sender. `matters` says
    whether a person should check a file without a sender; if it is None, a person should check the
    file if it may be a submission.
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
    matters: bool | None = None


Way = tuple[str, ...]
"""Names of folders from the outermost on, which may end with a file's name."""

ExportReader = Callable[[Found], Sent | None]
"""Function that returns a file's sender by the file's place in an export, or None."""


@dataclass(frozen=True)
class NamingScheme:
    """The way in which a platform names the files of an export.

    `start(above, here)` gets the folders `above` a name, and the path `here` that begins with the
    name and leads to a file. It returns the position in the name at which the platform's own text
    begins (8 in `Anna Alt_12345_assignsubmission_file`), or None if the platform did not make the
    name. `folders` returns the folders that may contain submissions. `is_sure` says whether a
    single name shows that the platform made all names in its folder; names of files may be the
    students' own.
    """

    platform: Platform
    title: str
    start: Callable[[Way, Way], int | None]
    reader: Callable[[Sequence[Found], int, ZoneInfo], ExportReader]
    folders: Callable[[Set[Way]], Set[Way]] = lambda ways: ways
    is_sure: Callable[[Way, Way], bool] = lambda *_: True


def is_clutter(parts: Sequence[str]) -> bool:
    """Return whether an archiver or an editor made this file."""
    return any(map(is_hidden, parts)) or is_left_by_program(parts[-1])


def _read_as(readings: Sequence[Sent]) -> Sent | None:
    """Return the first reading, whose `others` are the readings with other senders, or None."""
    if not readings:
        return None
    by_ids: dict[tuple[str, ...], Sent] = {}
    for reading in readings:
        by_ids.setdefault(reading.senders[0].ids, reading)
    first, *others = by_ids.values()
    if len(by_ids) > MAX_READINGS:
        return replace(first, senders=(), refusal=f"its name {MANY_READINGS}")
    return replace(first, others=tuple(others))


def _moodle_start(_: Way, here: Way) -> int | None:
    if match := _MOODLE.search(here[0], 1):
        return match.start()
    no_group = _MOODLE_NO_GROUP.fullmatch(here[0])
    return no_group.end("name") if no_group else None


def _moodle(files: Sequence[Found], depth: int, _: ZoneInfo) -> ExportReader:
    """Return the reader for folders if all files are in folders, else the reader for file names.

    A participant's name could contain a path separator. Files below such a name have no known
    sender unless the roster decides.
    """
    in_folders = _lies_in_folders([file.parts[depth:] for file in files])
    has_groups = _begins_with_groups({file.parts[depth] for file in files})

    def read(found: Found) -> Sent | None:
        here = found.parts[depth:]
        folder = _MOODLE_FOLDER.fullmatch(here[0]) if in_folders else None
        if folder is not None:
            first = [_moodle_sent(found, folder["name"], folder, here[-1])]
        else:
            first = [] if in_folders else list(_moodle_flat(found, here))
        readings = first + list(_moodle_deeper(found, here))
        if has_groups:
            readings = [_without_group(reading) for reading in readings]
        if not first:
            no_group = _MOODLE_NO_GROUP.fullmatch(here[0])
            return None if no_group is None else _moodle_without_group(found, here, no_group)
        return _read_as(readings)

    return read


def _lies_in_folders(ways: Sequence[Way]) -> bool:
    """Return whether Moodle made a folder for each participant, according to all files."""
    telling = [way for way in ways if _MOODLE.search(way[0])]
    return bool(telling) and all(
        len(way) > 1 and _MOODLE_FOLDER.fullmatch(way[0]) for way in telling
    )


def _begins_with_groups(names: Set[str]) -> bool:
    """Return whether each name begins with a group's name and "-", as before Moodle 4.1.

    At least one group must have several members, because some people have a "-" in their names.
    """
    called = {match.string[: match.end("id")] for name in names if (match := _MOODLE.search(name))}
    before = [name.partition("-")[0] for name in called if "-" in name]
    return len(before) == len(called) > len(set(before))


def _without_group(sent: Sent) -> Sent:
    """Return a reading whose sender has more names: the rest of the name after each "-"."""
    (sender,) = sent.senders
    words = sender.names[0].split("-", MAX_HYPHENS)
    rest = ("-".join(words[start:]) for start in range(1, len(words)))
    return replace(sent, senders=(replace(sender, names=(*sender.names, *rest)),))


def _moodle_flat(found: Found, here: Way) -> Iterator[Sent]:
    """Yield the readings of the beginning of a file's name, or of a student's folder's name."""
    for match in _MOODLE.finditer(here[0]):
        if match.start():
            name = here[-1] if len(here) > 1 else here[0][match.end() + 1 :] or here[0]
            yield _moodle_sent(found, here[0][: match.start()], match, name)


def _moodle_deeper(found: Found, here: Way) -> Iterator[Sent]:
    """Yield the readings of deeper names, in case a participant's name has path separators."""
    for depth, part in enumerate(here[1:], start=1):
        for match in _MOODLE.finditer(part):
            name = "/".join((*here[:depth], part[: match.start()]))
            yield _moodle_sent(found, name, match, here[-1])


def _moodle_sent(found: Found, name: str, match: re.Match[str], file: str) -> Sent:
    sender = Sender("moodle", f"{name} ({match['id']})", (match["id"],), (name,), group=name)
    return Sent(found, (sender,), file, refusal=_moodle_refusal(match))


def _moodle_without_group(found: Found, here: Way, match: re.Match[str]) -> Sent:
    """Return a file of the students who are in no group: only a list of groups names them."""
    name = here[-1] if len(here) > 1 else match["rest"] or here[0]
    sender = Sender("moodle", match["name"], group=match["name"])
    return Sent(found, (sender,), name, refusal=_moodle_refusal(match))


def _moodle_refusal(match: re.Match[str]) -> str:
    if match["part"] == "feedback":
        return "a teacher's feedback in Moodle, not a submission"
    return TYPED if match["kind"] == "onlinetext" else ""


def _canvas_start(_: Way, here: Way) -> int | None:
    if len(here) != 1:
        return None
    if _CANVAS_ANONYMOUS.fullmatch(here[0]):
        return 0
    matches = [_CANVAS.search(here[0], 1), _CANVAS_TYPED.fullmatch(here[0])]
    starts = [match.start("user") - 1 for match in matches if match]
    # a match after Moodle's own words is in the name of a student's file
    is_moodles = bool(starts) and _MOODLE.search(here[0][: starts[0]])
    return None if is_moodles else min(starts, default=None)


def _canvas(_: Sequence[Found], depth: int, __: ZoneInfo) -> ExportReader:
    def read(found: Found) -> Sent | None:
        here = found.parts[depth:]
        if len(here) != 1:
            return None
        if hidden := _CANVAS_ANONYMOUS.fullmatch(here[0]):
            return _canvas_sent(found, "", hidden)
        matches = [match for match in _CANVAS.finditer(here[0]) if match.start()]
        readings = [_canvas_sent(found, here[0][: m.start()], m) for m in matches]
        if not readings and (typed := _CANVAS_TYPED.fullmatch(here[0])):
            return Sent(found, (_canvas_sender(typed["name"], typed),), found.name, refusal=TYPED)
        return _read_as(readings)

    return read


def _canvas_sent(found: Found, called: str, match: re.Match[str]) -> Sent:
    name, again = match["rest"], 0
    if copy := _CANVAS_AGAIN.fullmatch(name):
        name, again = copy[1] + copy[3], int(copy[2])
    note = "Canvas marks it as late." if match["late"] else ""
    return Sent(found, (_canvas_sender(called, match),), name, again, note=note)


def _canvas_sender(called: str, match: re.Match[str]) -> Sender:
    names = (called,) if called else ()
    shown = f"{called or 'anonymous'} ({match['user']})"
    return Sender("canvas", shown, (match["user"],), names, group=called)


def _ilias_folders(ways: Set[Way]) -> Set[Way]:
    """Return the folders; if one is ILIAS's folder of submissions, leave out those beside it."""
    ways = {way for way in ways if _ILIAS_PEERS not in way}
    titles = {way[:-1] for way in ways if _is_ilias_root(way)}
    return {way for way in ways if _is_ilias_root(way) or way[:-1] not in titles}


def _is_ilias_root(above: Way) -> bool:
    return bool(above) and _ILIAS_ROOTS.fullmatch(above[-1]) is not None


def _ilias_start(above: Way, here: Way) -> int | None:
    return None if _ilias_match(above, here) is None else 0


def _ilias_match(above: Way, here: Way) -> re.Match[str] | None:
    """Return the match of a student's folder, which may be below a team's folder."""
    if len(here) > 2 and _ILIAS_TEAM.fullmatch(here[0]):
        here = here[1:]
    form = _ILIAS if _is_ilias_root(above) else _ILIAS_WHOLE
    is_outer = len(here) < 2 or _is_ilias_root(here[:1])
    return None if is_outer else form.fullmatch(here[0])


def _ilias(_: Sequence[Found], depth: int, zone: ZoneInfo) -> ExportReader:
    def read(found: Found) -> Sent | None:
        above, here = found.parts[:depth], found.parts[depth:]
        if _ILIAS_PEERS in found.parts[: depth + 1]:
            why = "what a student wrote about another's work in ILIAS, not a submission"
            return Sent(found, (), found.name, refusal=why, matters=False)
        match = _ilias_match(above, here)
        if match is None:
            return _ilias_without_number(found, here)
        (time, name), note = _ilias_time(here[-1], zone), ""
        if late := _ILIAS_LATE.fullmatch(name):
            name, note = late[1], "ILIAS marks it as late."
        team = here[0] if match.string != here[0] else ""
        senders = _ilias_senders(match.string, match["name"].split("_"), match["id"], team)
        return _read_as([Sent(found, (each,), name, time=time, note=note) for each in senders])

    return read


def _ilias_without_number(found: Found, here: Way) -> Sent | None:
    """Return a file whose folder has no number: the roster must know the login."""
    words = here[0].split("_")
    if len(here) < 2 or len(words) < 3:
        return None
    why = not_named("ILIAS")
    readings = [Sent(found, (each,), here[-1]) for each in _ilias_senders(here[0], words)]
    return Sent(found, (), found.name, refusal=why, others=tuple(readings), matters=True)


def _ilias_senders(
    shown: str, words: Sequence[str], number: str = "", team: str = ""
) -> list[Sender]:
    """Return all readings of a folder's name as last name, first name and login.

    Names and logins may contain "_", too. The likeliest reading comes first.
    """
    starts = range(len(words) - 1, 1, -1) if len(words) > 2 else (1,)
    numbers = (number,) if number else ()
    return [
        Sender(
            "ilias",
            shown,
            ("_".join(words[start:]), *numbers),
            (" ".join(words[:start]),),
            group=team,
        )
        for start in starts
    ]


def _ilias_time(name: str, zone: ZoneInfo) -> tuple[datetime | None, str]:
    """Return the time that a file's name begins with, or None, and the rest of the name."""
    if not (stamped := _ILIAS_TIME.fullmatch(name)):
        return None, name
    try:
        return datetime.strptime(stamped[1], "%Y%m%d%H%M%S").replace(tzinfo=zone), stamped[2]
    except ValueError:
        return None, stamped[2]


def not_named(title: str) -> str:
    """Return the reason why a folder in an export has no known sender."""
    return f"its folder is not named as {title} names folders; take in this file with --student"


def _gradescope_start(_: Way, here: Way) -> int | None:
    return 0 if len(here) == 1 and here[0] in METADATA else None


def _gradescope(files: Sequence[Found], depth: int, _: ZoneInfo) -> ExportReader:
    """Return the reader for an export with lists of submitters at this depth."""
    lists = {f.parts[:depth]: f for f in files if f.parts[depth:] and f.parts[depth] in METADATA}
    about = {way: _gradescope_list(found) for way, found in lists.items()}
    there = {way: {f.parts[depth] for f in files if f.parts[:depth] == way} for way in lists}

    def read(found: Found) -> Sent | None:
        way, here = found.parts[:depth], found.parts[depth:]
        if found is lists.get(way):
            lost = [
                who.shown
                for folder, each in about[way].items()
                for who in each
                if folder not in there[way]
            ]
            refusal = f"{NO_FOLDER}: {', '.join(map(printable, lost))}" if lost else SUBMITTERS
            return Sent(found, (), here[-1], refusal=refusal, matters=bool(lost))
        if way not in lists or not _GRADESCOPE.fullmatch(here[0].partition(".")[0]):
            return None
        senders = about[way].get(here[0], ())
        refusal = "" if senders else f"{lists[way].name} does not say who submitted this file"
        return Sent(found, senders, here[-1], refusal=refusal)

    return read


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


MOODLE = NamingScheme(
    "moodle", "Moodle", _moodle_start, _moodle, is_sure=lambda _, here: len(here) > 1
)

SCHEMES = (
    MOODLE,
    NamingScheme(
        "ilias",
        "ILIAS",
        _ilias_start,
        _ilias,
        _ilias_folders,
        lambda above, _: _is_ilias_root(above),
    ),
    NamingScheme("gradescope", "Gradescope", _gradescope_start, _gradescope),
    NamingScheme("canvas", "Canvas", _canvas_start, _canvas, is_sure=lambda *_: False),
)

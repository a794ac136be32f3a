"""Whose export is it, and who handed in which file?

What is assumed of each platform (the outermost match counts, so nothing that a student names a file
or packs into an archive of theirs can make it another student's):

- **Moodle**, "Download all submissions": for each participant a folder
  `Firstname Lastname_123456_assignsubmission_file_` (older versions: without the last `_`),
  `…_assignsubmission_onlinetext_` for texts typed online, and the same as beginnings of file names
  where "Download submissions in folders" is off. The number is the participant's in this one
  assignment (docs.moodle.org, "Using Assignment"; mod/assign/locallib.php). Times: the members'.
- **Canvas**, "Download Submissions": flat files
  `lastnamefirstname_[LATE_]USERID_SUBMISSIONID_NAME`; a NAME uploaded again is `name-1.ext`
  (nbgrader's documentation, "Managing assignment files manually"; Canvas's guide, "How do I
  download all student submissions for an assignment?"). Canvas states no times.
- **ILIAS**, Exercise, "Download all submissions":
  `TITLE/Abgaben/[Team 12/]Lastname_Firstname_login_4711/NAME` (English: `Submissions`);
  multi-feedback zips have the same folders below `multi_feedback…`. Fourteen digits and `_` before
  a file's name are its time, as ILIAS names what it stores (Modules/Exercise, ilFSStorageExercise).
- **Gradescope**, "Export Submissions": folders `assignment_1_export/submission_12345/` and beside
  them `submission_metadata.yml`, which has for each of them `:submitters:` with `:name:`, `:sid:`
  and `:email:`, and `:created_at:` (as `.json`: without the colons).
- anything else: a folder or an archive for each student, named like the student, as in
  `submitted/STUDENT/hw2/`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal
from zoneinfo import ZoneInfo

import yaml

from autograder.submission.files import NOTEBOOK_NAME, UnreadableError
from autograder.submission.intake.archives import Found
from autograder.words import printable

Platform = Literal["moodle", "canvas", "ilias", "gradescope", "folders", "given"]

METADATA = ("submission_metadata.yml", "submission_metadata.yaml", "submission_metadata.json")

_MOODLE = re.compile(
    r"(?P<name>.+?)_(?P<id>\d+)_assignsubmission_(?P<kind>file|onlinetext)(?:_(?P<rest>.*))?"
)
_CANVAS = re.compile(r"(?P<name>[^_]+)_(?P<late>LATE_)?(?P<user>\d+)_\d+_(?P<rest>.+)")
_CANVAS_AGAIN = re.compile(r"(.*)-(\d{1,3})(\.[A-Za-z]+)")
_ILIAS = re.compile(r"(?P<name>[^_]+_.+)_(?P<id>\d+)")
_ILIAS_ROOTS = re.compile(r"Abgaben|Submissions?|multi_?feedback.*", re.IGNORECASE)
_ILIAS_TEAM = re.compile(r"Team[ _]\d+", re.IGNORECASE)
_ILIAS_TIME = re.compile(r"(20\d{12})_(.+)")
_GRADESCOPE = re.compile(r"submission_\d+")


@dataclass(frozen=True)
class Sender:
    """Someone as a platform knows them; `ids` (numbers, logins, addresses) tell best."""

    platform: Platform
    shown: str
    ids: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    time: datetime | None = None


@dataclass(frozen=True)
class Sent:
    """A file, who handed it in, and what its name was; `again` counts uploads of the same name."""

    found: Found
    senders: tuple[Sender, ...]
    name: str
    again: int = 0
    time: datetime | None = None
    note: str = ""
    refusal: str = ""


Reader = Callable[[Found], Sent | None]
"""Tells who handed a file in, by the way it lies in an export; None if it isn't from there."""


def is_clutter(parts: Sequence[str]) -> bool:
    """Whether a file is an archiver's or an editor's own."""
    return any(part.startswith(".") or part == "__MACOSX" for part in parts) or parts[-1] in (
        "Thumbs.db", "desktop.ini",
    )  # fmt: skip


def recognise(
    found: Sequence[Found], assignment: str, zone: ZoneInfo
) -> tuple[Platform, list[Sent]]:
    """Whose export the files are, and each with its sender."""
    files = [file for file in found if not file.refusal and not is_clutter(file.parts)]
    readers: list[tuple[Platform, Reader]] = []
    for depth in (
        1,
        2,
        3,
        0,
    ):  # below the archive's name, below one folder more; or its name itself
        readers += _gradescope(files, depth)
        readers += [("canvas", _canvas(depth)), ("moodle", _moodle(depth))]
        readers += [("ilias", _ilias(depth, zone))]
    for platform, reader in readers:
        sent = [reader(file) for file in files]
        known = [each for each in sent if each is not None]
        if len(known) == len(files) and any(each.senders for each in known):
            return platform, known
    return "folders", _folders(files, assignment)


def _moodle(depth: int) -> Reader:
    def read(found: Found) -> Sent | None:
        here = found.parts[depth:]
        match = _MOODLE.fullmatch(here[0]) if here else None
        if match is None:
            return None
        name = here[-1] if len(here) > 1 else match["rest"] or here[0]
        sender = Sender(
            "moodle", f"{match['name']} ({match['id']})", (match["id"],), (match["name"],)
        )
        refusal = "" if match["kind"] == "file" else "a text that was typed online"
        return Sent(found, (sender,), name, refusal=refusal)

    return read


def _canvas(depth: int) -> Reader:
    def read(found: Found) -> Sent | None:
        here = found.parts[depth:]
        match = _CANVAS.fullmatch(here[0]) if len(here) == 1 else None
        if match is None:
            return None
        name, again = match["rest"], 0
        if copy := _CANVAS_AGAIN.fullmatch(name):
            name, again = copy[1] + copy[3], int(copy[2])
        shown = f"{match['name']} ({match['user']})"
        sender = Sender("canvas", shown, (match["user"],), (match["name"],))
        note = "Canvas marks it as late." if match["late"] else ""
        return Sent(found, (sender,), name, again, note=note)

    return read


def _ilias(depth: int, zone: ZoneInfo) -> Reader:
    def read(found: Found) -> Sent | None:
        parts = found.parts[depth - 1 :] if depth else ("Abgaben", *found.parts)
        if not parts or not _ILIAS_ROOTS.fullmatch(parts[0]):
            beside = len(parts) == 1
            return Sent(found, (), found.name, refusal="it is nobody's") if beside else None
        here = parts[1:]
        if len(here) < 2:
            return Sent(found, (), found.name, refusal="it is nobody's")
        here = here[1:] if _ILIAS_TEAM.fullmatch(here[0]) else here
        match = _ILIAS.fullmatch(here[0]) if len(here) > 1 else None
        if match is None:
            return None
        words = match["name"].split("_")
        # a login may hold "_" itself: all that it can be, the likeliest first
        logins = ["_".join(words[start:]) for start in range(len(words) - 1, 0, -1)]
        names = [" ".join(words[:end]) for end in range(len(words) - 1, 0, -1)]
        sender = Sender("ilias", here[0], (logins[0], match["id"], *logins[1:]), tuple(names))
        time, name = None, here[-1]
        if stamped := _ILIAS_TIME.fullmatch(name):
            name, time = stamped[2], _fourteen_digits(stamped[1], zone)
        return Sent(found, (sender,), name, time=time)

    return read


def _fourteen_digits(text: str, zone: ZoneInfo) -> datetime | None:
    try:
        return datetime.strptime(text, "%Y%m%d%H%M%S").replace(tzinfo=zone)
    except ValueError:
        return None


def _gradescope(files: Iterable[Found], depth: int) -> list[tuple[Platform, Reader]]:
    """The reader for an export whose list of submitters lies at this depth, if one does."""
    lists = [f for f in files if f.name in METADATA and len(f.parts) == depth + 1]
    if not lists:
        return []
    about = _gradescope_list(lists[0])

    def read(found: Found) -> Sent | None:
        here = found.parts[depth:]
        if found is lists[0]:
            return Sent(found, (), here[-1], refusal="the list of submitters")
        if not here or not _GRADESCOPE.fullmatch(here[0].partition(".")[0]):
            return Sent(found, (), found.name, refusal="it is nobody's")
        senders = about.get(here[0], ())
        refusal = "" if senders else f"{lists[0].name} does not say whose it is"
        return Sent(found, senders, here[-1], refusal=refusal)

    return [("gradescope", read)]


class _Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]
    """Reads YAML as plain data, also where Ruby has put its own names of types."""


def _plain(loader: Any, _: str, node: yaml.Node) -> Any:
    if isinstance(node, yaml.MappingNode):
        return loader.construct_mapping(node, deep=True)
    if isinstance(node, yaml.SequenceNode):
        return loader.construct_sequence(node, deep=True)
    return loader.construct_scalar(node)


_Loader.add_multi_constructor("!", _plain)


def _gradescope_list(found: Found) -> Mapping[str, tuple[Sender, ...]]:
    """The submitters of each folder, as far as the list can be read."""
    try:
        text = found.read().decode("utf-8")
        raw = json.loads(text) if found.name.endswith(".json") else yaml.load(text, _Loader)
    except (UnicodeError, ValueError, yaml.YAMLError, RecursionError, TypeError) as error:
        raise UnreadableError(f"{found.where} can't be read: {error}") from error
    known = raw.items() if isinstance(raw, Mapping) else ()
    return {
        str(folder): _submitters(about) for folder, about in known if isinstance(about, Mapping)
    }


def _submitters(about: Mapping[Any, Any]) -> tuple[Sender, ...]:
    people = _get(about, "submitters")
    time = _as_time(_get(about, "created_at"))
    found = []
    for person in people if isinstance(people, list) else ():
        if isinstance(person, Mapping):
            sid, email, name = (_text(_get(person, key)) for key in ("sid", "email", "name"))
            ids = tuple(word for word in (sid, email) if word)
            shown = f"{name or email or sid}" + (f" ({ids[0]})" if ids else "")
            found.append(Sender("gradescope", shown, ids, (name,) if name else (), time))
    return tuple(found)


def _get(about: Mapping[Any, Any], key: str) -> Any:
    """A value of a mapping that Ruby wrote, with or without its colon."""
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


def _folders(files: Sequence[Found], assignment: str) -> list[Sent]:
    """A folder or an archive for each student: below those folders that hold just one thing."""
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
    """A file whose student is the last of the way's names that can be a student's."""
    names = [re.sub(r"\.zip$", "", part, flags=re.IGNORECASE) for part in way]
    if names[-1] == assignment and len(names) > 1:
        names.pop()
    name = names[-1]
    is_file = len(way) == len(found.parts) and not found.name.lower().endswith(".zip")
    if is_file or re.match(rf"{re.escape(assignment)}(_submission.*)?$", name, re.IGNORECASE):
        refusal = "it does not say who handed it in; name the student with --student"
        return Sent(found, (), found.name, refusal=refusal)
    return Sent(found, (Sender("folders", printable(name), (name,), (name,)),), found.name)

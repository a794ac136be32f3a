"""Read `course.toml` into typed values, and check the whole file.

An error message names the key and its value, and says what to write. Dates are in the course's
time zone. A local time that daylight saving makes ambiguous or skips is rejected, and the message
shows two correct ways to write the time.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields, replace
from datetime import UTC, date, datetime, time, timedelta
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar, get_args, get_type_hints
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

import msgspec
from msgspec import Meta

from autograder.course.layout import SETTINGS
from autograder.course.limits import Limits, as_written
from autograder.course.rules import Base, Counting, Deadline, LatePolicy, Rules
from autograder.errors import CourseError
from autograder.words import printable

T = TypeVar("T")

TOLERANCE = 2e-3
"""Default of `tolerance`.

Errors of right answers were below 2·10⁻⁴, errors of wrong answers above 10⁻².
"""

_EXTENSION = "write a new due date such as 2024-11-25T23:55:00, or { hours = 48 }"
_A_TABLE = "write it as a table"

Text = Annotated[str, Meta(min_length=1, description="write text in quotes")]
Zone = Annotated[str, Meta(min_length=1, description='write a zone such as "Europe/Zurich"')]
Flag = Annotated[bool, Meta(description="write true or false")]
Date = Annotated[datetime, Meta(description="write a date and time such as 2024-11-21T23:55:00")]
ShowSteps = Literal["all", "earned", "none"]
"""The steps of a rubric that students see once a person has marked their answer."""
Shown = Annotated[ShowSteps, Meta(description='write one of: "all", "earned", "none"')]
Proof = Literal["full", "light"]
"""The extent of a release's proof; "light" is for homeworks that come from another system."""
Proved = Annotated[Proof, Meta(description='write one of: "full", "light"')]
Late = Annotated[
    Literal["none", "percent", "stop"], Meta(description='write one of: "none", "percent", "stop"')
]
LateOf = Annotated[Base, Meta(description='write one of: "maximum", "earned"')]
Percent = Annotated[float, Meta(ge=0, le=100, description="write a number from 0 to 100")]
Minutes = Annotated[float, Meta(ge=0, le=525_600, description="write a number from 0 to 525600")]
Days = Annotated[float, Meta(ge=0, le=365, description="write a number from 0 to 365")]
Hours = Annotated[float, Meta(ge=0, le=8_760, description="write a number from 0 to 8760")]
Count = Annotated[int, Meta(ge=1, description="write a whole number of 1 or more")]
Seed = Annotated[
    int, Meta(ge=0, le=2**63 - 1, description="write a whole number of 0 or more, such as 20241121")
]
Share = Annotated[
    float, Meta(gt=0, lt=1, description="write a number above 0 and below 1, such as 0.002")
]
Names = Annotated[
    tuple[Annotated[str, Meta(min_length=1)], ...],
    Meta(description='write a list of names, each once, such as ["hw1", "hw2"]'),
]
Inner = Annotated[dict[str, Any], Meta(description=_A_TABLE)]

# --- the tables in the file ---


@dataclass(frozen=True)
class _File:
    course: Inner = field(default_factory=dict)
    rules: Inner = field(default_factory=dict)
    standing: Inner = field(default_factory=dict)
    assignments: Inner = field(default_factory=dict)


@dataclass(frozen=True)
class CourseTable:
    """`[course]`: the course's title and the time zone of its dates."""

    title: Text
    id: Text = ""
    institution: Text = ""
    term: Text = ""
    timezone: Zone = "UTC"


@dataclass(frozen=True)
class _Rules:
    """`[rules]` and `[assignments.NAME.rules]`; None means that a key is left out."""

    late: Late | None = None
    late_percent_per_day: Percent | None = None
    late_percent_of: LateOf | None = None
    late_grace_minutes: Minutes | None = None
    late_stop_after_days: Days | None = None
    bonus_above_maximum: Flag | None = None

    def given(self) -> dict[str, Any]:
        """Return the keys of this table that the file contains."""
        return {key: value for key, value in vars(self).items() if value is not None}


@dataclass(frozen=True)
class _Standing:
    assignments: Names = ()
    best: Count | None = None


@dataclass(frozen=True)
class _Homework:
    opens: Date
    due: Date
    title: Text | None = None
    seed: Seed = 0
    tolerance: Share = TOLERANCE
    bonus: Names = ()
    files: Names = ()
    show_steps: Shown = "all"
    proof: Proved = "full"
    rules: Inner = field(default_factory=dict)
    limits: Inner = field(default_factory=dict)
    extensions: Inner = field(default_factory=dict)


@dataclass(frozen=True)
class _Hours:
    hours: Hours


# --- the settings ---


@dataclass(frozen=True, kw_only=True)
class HomeworkSettings:
    """`[assignments.NAME]`: the settings of a homework that are not in its notebooks.

    `tolerance` is the largest error that a student's answer may have, divided by the largest entry
    of the right answer. `files` are the names of the data files that are released with the
    notebooks. `show_steps` says which steps of a rubric students see once a person has marked their
    answer. `proof` says how much `fdl release` proves.
    """

    title: str
    opens: datetime
    deadline: Deadline
    seed: int = 0
    tolerance: float = TOLERANCE
    bonus: tuple[str, ...] = ()
    files: tuple[str, ...] = ()
    show_steps: ShowSteps = "all"
    proof: Proof = "full"
    rules: Rules = field(default_factory=Rules)
    limits: Limits = field(default_factory=Limits)

    @property
    def due(self) -> datetime:
        """The due date of students without an extension."""
        return self.deadline.due


@dataclass(frozen=True)
class Settings:
    """All settings of a course."""

    course: CourseTable
    zone: ZoneInfo
    homework: Mapping[str, HomeworkSettings]
    counting: Counting


def read_settings(path: Path) -> Settings:
    """Read a course's settings; raise CourseError with an error's place and advice."""
    try:
        return parse_settings(path.read_bytes().decode("utf-8"))
    except FileNotFoundError:
        raise CourseError(f"no {SETTINGS} in {path.parent}: this is not a course folder") from None
    except OSError as error:
        raise CourseError(f"{path} can't be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        raise CourseError(f"{path} is not UTF-8 text (line {line}); save it as UTF-8") from error


def parse_settings(text: str) -> Settings:
    """Return the settings in a TOML text; raise CourseError with an error's place and advice."""
    try:
        content = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise CourseError(f"{SETTINGS} is not valid TOML: {error}") from error
    file = _read(_File, content, "")
    course = _read(CourseTable, file.course, "course")
    zone = _zone(course.timezone)
    rules = _read(_Rules, file.rules, "rules")
    homework = {
        name: _homework(name, table, zone, rules) for name, table in file.assignments.items()
    }
    return Settings(course, zone, homework, _counting(file.standing, tuple(homework)))


def _homework(name: str, content: object, zone: ZoneInfo, rules: _Rules) -> HomeworkSettings:
    place = f"assignments.{name}"
    _check_name(name, place)
    table = _read(_Homework, content, place)
    own = _read(_Rules, table.rules, f"{place}.rules")
    opens = _moment(table.opens, zone, f"{place}.opens")
    due = _moment(table.due, zone, f"{place}.due")
    if due <= opens:
        raise _wrong(f"{place}.due", table.due, f"write a date after opens, {opens.isoformat()}")
    _check_names(table.bonus, f"{place}.bonus")
    _check_names(table.files, f"{place}.files")
    for file in table.files:
        if Path(file).name != file or file.startswith(".") or "\\" in file:
            raise _wrong(
                f"{place}.files", file, "write only file names, without a path or a leading dot"
            )
    extensions = {
        student: _extension(given, f"{place}.extensions.{student}", due, zone)
        for student, given in table.extensions.items()
    }
    return HomeworkSettings(
        title=table.title or name,
        opens=opens,
        deadline=Deadline(due, extensions),
        seed=table.seed,
        tolerance=table.tolerance,
        bonus=table.bonus,
        files=table.files,
        show_steps=table.show_steps,
        proof=table.proof,
        rules=_rules(replace(rules, **own.given()), f"{place}.rules" if own.given() else "rules"),
        limits=_limits(table.limits, f"{place}.limits"),
    )


def _rules(table: _Rules, place: str) -> Rules:
    return Rules(
        late=_late_policy(table, place),
        bonus_above_maximum=table.bonus_above_maximum is not False,
        bonus_stated=table.bonus_above_maximum is not None,
    )


def _late_policy(table: _Rules, place: str) -> LatePolicy | None:
    grace = timedelta(minutes=table.late_grace_minutes or 0)
    if table.late == "none":
        return LatePolicy()
    if table.late == "stop":
        return LatePolicy(grace=grace, stop_after=grace)
    if table.late is None:
        if needing := [key for key in table.given() if key.startswith("late_")]:
            advice = f'{needing[0]} needs this key; write "percent", "stop" or "none"'
            raise _missing(f"{place}.late", advice)
        return None
    if not table.late_percent_per_day:
        advice = 'late = "percent" needs this key: write a number such as 10'
        raise _missing(f"{place}.late_percent_per_day", advice)
    days = table.late_stop_after_days
    stop = None if days is None else timedelta(days=days)
    return LatePolicy(table.late_percent_per_day, table.late_percent_of or "maximum", grace, stop)


def _limits(content: object, place: str) -> Limits:
    limits = _read(Limits, content, place)
    for part, whole in limits.conflicts():
        found, bound = (as_written(getattr(limits, name)) for name in (part, whole))
        raise CourseError(
            f"{SETTINGS}: {place}.{part} is {found}, but {whole}, which includes it, is {bound}; "
            "change one of them"
        )
    return limits


def _extension(content: object, place: str, due: datetime, zone: ZoneInfo) -> timedelta:
    if isinstance(content, Mapping) and content:
        return timedelta(hours=_read(_Hours, content, place).hours)
    if not isinstance(content, datetime):
        raise _wrong(place, content, _EXTENSION)
    longer = _moment(content, zone, place).astimezone(UTC) - due.astimezone(UTC)
    if longer < timedelta(0):
        raise _wrong(
            place, content, f"this is earlier than the due date {due.isoformat()}; {_EXTENSION}"
        )
    return longer


def _counting(content: Mapping[str, Any], known: tuple[str, ...]) -> Counting:
    table = _read(_Standing, content, "standing")
    _check_names(table.assignments, "standing.assignments")
    names = table.assignments or known
    best = len(names) if table.best is None else table.best
    if best > len(names):
        raise _wrong("standing.best", best, f"write a whole number from 1 to {len(names)}")
    return Counting(names, best)


def _check_name(name: str, place: str) -> None:
    if Path(name).name != name or name.startswith("."):
        raise _wrong(place, name, "write the name of the homework's folders, such as hw2")


def _check_names(names: tuple[str, ...], place: str) -> None:
    if len(set(names)) < len(names):
        raise _wrong(place, list(names), "write each name once")


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        advice = did_you_mean(name, available_timezones()) or 'write a zone such as "Europe/Zurich"'
        raise _wrong("course.timezone", name, f"this zone is unknown; {advice}") from None


def _moment(date: datetime, zone: ZoneInfo, place: str) -> datetime:
    try:
        return local_moment(date, zone)
    except ValueError as error:
        raise _wrong(place, date, str(error)) from None


def local_moment(date: datetime, zone: ZoneInfo) -> datetime:
    """Add the time zone `zone` to a date and time that has no time zone.

    Raises ValueError, with advice, if a clock change makes this local time ambiguous or skips it.
    """
    if date.tzinfo:
        return date.astimezone(zone)
    earlier, later = (date.replace(tzinfo=zone, fold=fold) for fold in (0, 1))
    if earlier.utcoffset() == later.utcoffset():
        return earlier
    # converting to UTC and back turns a skipped local time into one that exists
    in_utc = sorted(each.astimezone(UTC) for each in (earlier, later))
    moments = [moment.astimezone(zone) for moment in in_utc]
    ways = " or ".join(moment.isoformat() for moment in moments)
    why = "never comes" if moments[0].replace(tzinfo=None) != date else "comes twice"
    raise ValueError(f"this time {why} in {zone.key}, because the clocks change: write {ways}")


# --- reading one table, and the errors ---


def _read(kind: type[T], content: object, place: str) -> T:
    """Return the table at `place` as a dataclass of type `kind`; raise CourseError with advice."""
    if not isinstance(content, Mapping):
        raise _wrong(place, content, f"write it as a table, [{place}]")
    known = [part.name for part in fields(kind)]  # type: ignore[arg-type]
    for key in content:
        if key not in known:
            hint = did_you_mean(key, known) or f"known keys: {', '.join(known)}"
            raise CourseError(f"{SETTINGS}: {place or 'the file'} has no key {key!r}; {hint}")
    try:
        return msgspec.convert(content, kind, builtin_types=(datetime, date, time))
    except msgspec.ValidationError as error:
        key = re.findall(r"[.`](\w+)", str(error).replace("`$", ""))[-1]
        inner, advice = f"{place}.{key}".strip("."), _advice_of(kind, key)
        if key not in content:
            raise _missing(inner, advice) from None
        if advice == _A_TABLE:
            advice += f", [{inner}]"
        raise _wrong(inner, content[key], advice) from None


def _advice_of(kind: type, key: str) -> str:
    """Return advice on the value of a key, read from the type of the key's field."""
    waiting = [get_type_hints(kind, include_extras=True)[key]]
    for hint in waiting:
        for meta in getattr(hint, "__metadata__", ()):
            if meta.description:
                return str(meta.description)
        waiting += get_args(hint)
    raise LookupError(key)


def _missing(place: str, advice: str) -> CourseError:
    return CourseError(f"{SETTINGS}: {place} is missing; {advice}")


def _wrong(place: str, found: object, advice: str) -> CourseError:
    return CourseError(f"{SETTINGS}: {place} is {_as_written(found)}; {advice}")


def _as_written(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return printable(value.isoformat() if isinstance(value, (date, time)) else repr(value))


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """Return a question such as `did you mean hw2?`, or "" if no known name is similar."""
    close = get_close_matches(name, list(known), 1)
    return f"did you mean {close[0]}?" if close else ""

"""Moodle, ILIAS and Canvas read an uploaded zip of feedback, by the rules of their sources.

- Moodle: mod/assign/feedback/file/importziplib.php, `is_valid_filename_for_import` and
  `import_zip_files` (Moodle 3.1 and later).
- ILIAS up to 8: Modules/Exercise, ilExAssignment, `uploadMultiFeedbackFile` and
  `getMultiFeedbackFiles`. ILIAS 9 and later: TutorFeedbackZipRepository, `getFiles`.
- The plugin ExerciseStatusFile of ILIAS: `processStatusFilesFromZip`.
- Canvas: app/models/abstract_assignment.rb, `infer_comment_context_from_filename`.
"""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Collection, Mapping
from pathlib import Path, PurePosixPath

Received = dict[str, dict[str, bytes]]
"""The files that each person receives, by name."""

_NUMERIC = re.compile(r"\s*[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?\s*")
_CLEANED = re.compile(r"[\x00-\x1f\x7f&<>\"`|':]")
"""Characters that Moodle removes from paths when it unpacks a zip (PARAM_PATH)."""
_PLUGINS = {
    ("assignsubmission", "file"), ("assignsubmission", "onlinetext"), ("assignfeedback", "file"),
}  # fmt: skip


def members(path: Path) -> dict[str, bytes]:
    """Return the files in a zip; they must be sound and stay inside the folder they unpack to."""
    with zipfile.ZipFile(path) as archive:
        assert archive.testzip() is None
        names = [info.filename for info in archive.infolist()]
        assert len(set(names)) == len(names)
        for name in names:
            parts = PurePosixPath(name).parts
            assert not name.startswith("/"), name
            assert not {"..", "."} & set(parts), name
            assert name.isprintable(), name
            assert not set('\\:*?"<>|') & set(name), name
            assert all(len(part.encode()) <= 255 for part in parts), name
        return {name: archive.read(name) for name in names if not name.endswith("/")}


def moodle(path: Path, participants: Mapping[int, str]) -> Received:
    """Return the feedback files that Moodle gives to each participant."""
    received: Received = {}
    for name, content in members(path).items():
        found = _moodle_file(f"/import/{_CLEANED.sub('', name)}", participants)
        if found is not None:
            user, file = found
            received.setdefault(user, {})[file] = content
    return received


def _moodle_file(path: str, participants: Mapping[int, str]) -> tuple[str, str] | None:
    if path.rpartition("/")[2].startswith((".", "~")):
        return None
    parts = path.split("/")
    while parts:
        info = parts.pop(0).split("_", 4)
        if len(info) < 4 or not _NUMERIC.fullmatch(info[1]):
            continue
        user = participants.get(int(float(info[1])))
        if user is None or (info[2], info[3]) not in _PLUGINS:
            continue
        rest = info[4] if len(info) > 4 else ""
        return user, "/".join([rest, *parts]).lstrip("/")
    return None


def ilias_8(path: Path, logins: Mapping[int, str]) -> Received:
    """Return the feedback files that ILIAS up to version 8 gives to each member."""
    files = members(path)
    tops = sorted({name.partition("/")[0] for name in files if "/" in name})
    top = [name for name in tops if name[:14] == "multi_feedback"][-1]
    received: Received = {}
    for name, content in files.items():
        parts = name.split("/")
        if parts[0] == top and len(parts) == 3 and not parts[2].startswith("."):
            _give(received, logins, parts, content)
    return received


def ilias_9(path: Path, logins: Mapping[int, str]) -> Received:
    """Return the feedback files that ILIAS gives to each member since version 9."""
    received: Received = {}
    for name, content in members(path).items():
        parts = name.split("/")
        if len(parts) == 3 and parts[2].strip() and not parts[2].startswith("."):
            _give(received, logins, parts, content)
    return received


def _give(received: Received, logins: Mapping[int, str], parts: list[str], content: bytes) -> None:
    number = re.match(r"\d*", parts[1].split("_")[-1])
    assert number is not None
    login = logins.get(int(number[0] or 0))
    if login is not None:
        received.setdefault(login, {})[parts[2]] = content


def ilias_status(path: Path) -> bytes | None:
    """Return the status file that the plugin reads from an upload."""
    return members(path).get("status.csv")


def canvas(path: Path, users: Mapping[int, str], files: Mapping[int, str]) -> Received:
    """Return the files in comments on each user's submission, by the names that Canvas shows.

    `files` are the names of the files that were handed in, by number.
    """
    received: Received = {}
    for name, content in members(path).items():
        base = name.rpartition("/")[2]
        pieces = [piece for piece in base.split("_") if piece != "LATE"]
        numbers = [int(piece) for piece in pieces if re.fullmatch(r"[0-9]+", piece)][:2]
        is_link = pieces[-1].startswith("link") or base.startswith("._")
        if len(numbers) == 2 and not is_link and numbers[0] in users and numbers[1] in files:
            received.setdefault(users[numbers[0]], {})[files[numbers[1]]] = content
    return received


def unpacked(content: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def export_of(path: Path, names: Collection[str], tables: Mapping[str, bytes] = {}) -> Path:
    """Write a platform's export with these files and folders; the files' contents do not matter."""
    with zipfile.ZipFile(path, "w") as archive:
        for name in names:
            archive.writestr(name, b"" if name.endswith("/") else b"handed in")
        for name, content in tables.items():
            archive.writestr(name, content)
    return path

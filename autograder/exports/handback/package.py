"""Write the zip file with the feedback; the same pages always give the same file."""

from __future__ import annotations

import contextlib
import filecmp
import io
import zipfile
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import IO, Literal

from autograder.durable import make_folder, sync
from autograder.errors import RecordError

State = Literal["new", "replaced", "unchanged"]
Content = Callable[[], bytes]
"""A function that returns a member's content when it is needed, to keep one page in memory."""

_OURS = b"feedback packed by fdl"
_DATE = (1980, 1, 1, 0, 0, 0)


def write_package(target: Path, members: Iterable[tuple[str, Content]]) -> State:
    """Write a zip file; replace only a file that an earlier run wrote."""
    if target.exists() and not _is_ours(target):
        raise RecordError(f"{target} exists, and fdl did not write it: name another file")
    temporary = target.with_name(f".{target.name}")
    try:
        make_folder(target.parent)
        with temporary.open("wb") as file:
            _write(file, members)
        sync(temporary)
        if target.exists() and filecmp.cmp(temporary, target, shallow=False):
            return "unchanged"
        state: State = "replaced" if target.exists() else "new"
        temporary.replace(target)
        sync(target.parent)
    except OSError as error:
        raise RecordError(f"{target} can't be written: {error.strerror}") from error
    finally:
        with contextlib.suppress(OSError):
            temporary.unlink()
    return state


def zipped(name: str, content: bytes) -> bytes:
    """Return a small zip file with one member."""
    file = io.BytesIO()
    _write(file, [(name, lambda: content)])
    return file.getvalue()


def _write(file: IO[bytes], members: Iterable[tuple[str, Content]]) -> None:
    with zipfile.ZipFile(file, "w") as archive:
        archive.comment = _OURS
        for name, content in members:
            info = zipfile.ZipInfo(name, _DATE)
            info.compress_type = zipfile.ZIP_DEFLATED
            info.external_attr = 0o644 << 16
            archive.writestr(info, content())


def _is_ours(target: Path) -> bool:
    try:
        with zipfile.ZipFile(target) as archive:
            return archive.comment == _OURS
    except (OSError, zipfile.BadZipFile):
        return False

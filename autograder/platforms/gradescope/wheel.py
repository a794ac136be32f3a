"""Build a wheel of the running kit from its own files.

The wheel contains exactly the running code, which may come from a checkout or an installed package.
No build tool is needed. The wheel does not contain the hidden tests of homeworks, because they are
part of the course.
"""

from __future__ import annotations

import base64
import hashlib
import io
import zipfile
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

from autograder.course.bundle import files_in
from autograder.errors import RecordError

DISTRIBUTION = "fdl-homework-kit"
_OF_HOMEWORKS = "hidden/"
_OLDEST = (1980, 1, 1, 0, 0, 0)

_KEPT = ("METADATA", "entry_points.txt")
_WHEEL = "Wheel-Version: 1.0\nGenerator: fdl\nRoot-Is-Purelib: true\nTag: py3-none-any\n"


def build_wheel() -> tuple[str, bytes]:
    """Return the wheel's file name and content; the same kit always gives the same bytes."""
    try:
        installed = distribution(DISTRIBUTION)
    except PackageNotFoundError as error:
        raise RecordError(f"{DISTRIBUTION} is not installed: install it first") from error
    stem = f"{DISTRIBUTION.replace('-', '_')}-{installed.version}"
    info = f"{stem}.dist-info"
    content = dict(_sources())
    for name in _KEPT:
        content[f"{info}/{name}"] = (installed.read_text(name) or "").encode()
    content[f"{info}/WHEEL"] = _WHEEL.encode()
    record = "".join(f"{name},{_digest(data)},{len(data)}\n" for name, data in content.items())
    content[f"{info}/RECORD"] = f"{record}{info}/RECORD,,\n".encode()
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in content.items():
            put(archive, name, data)
    return f"{stem}-py3-none-any.whl", buffer.getvalue()


def put(archive: zipfile.ZipFile, name: str, data: bytes, *, mode: int = 0o644) -> None:
    """Add a file with this name and mode to the archive; the same files give the same bytes."""
    entry = zipfile.ZipInfo(name, _OLDEST)
    entry.compress_type = zipfile.ZIP_DEFLATED
    entry.external_attr = (0o100000 | mode) << 16
    archive.writestr(entry, data)


def _sources() -> Iterator[tuple[str, bytes]]:
    for name, path in files_in(Path(__file__).parents[2]):
        if "/" not in name.removeprefix(_OF_HOMEWORKS) or not name.startswith(_OF_HOMEWORKS):
            yield f"autograder/{name}", path.read_bytes()


def _digest(data: bytes) -> str:
    digest = base64.urlsafe_b64encode(hashlib.sha256(data).digest())
    return f"sha256={digest.decode().rstrip('=')}"

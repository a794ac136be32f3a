"""The kit that runs now as a wheel, made from its own files.

The same for a checkout and for an installed kit, and without a build tool: what is sent elsewhere
is what marks here. Left out are the assignments' hidden tests and solutions, which go beside it.
"""

from __future__ import annotations

import base64
import hashlib
import io
import zipfile
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, distribution
from importlib.util import find_spec
from pathlib import Path

from autograder.errors import RecordError
from autograder.platforms.gradescope.files import files_in, put

DISTRIBUTION = "fdl-homework-kit"
PACKAGES = ("autograder", "solutions")

_KEPT = ("METADATA", "entry_points.txt")
_WHEEL = "Wheel-Version: 1.0\nGenerator: fdl\nRoot-Is-Purelib: true\nTag: py3-none-any\n"


def build_wheel() -> tuple[str, bytes]:
    """The wheel's file name and its content; the same kit gives the same bytes."""
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


def _sources() -> Iterator[tuple[str, bytes]]:
    for package in PACKAGES:
        spec = find_spec(package)
        if spec is None or not spec.origin:
            raise RecordError(f"the package {package} is not installed beside the kit")
        for path, name in files_in(Path(spec.origin).parent):
            if not _is_an_assignments(f"{package}/{name}"):
                yield f"{package}/{name}", path.read_bytes()


def _is_an_assignments(name: str) -> bool:
    """Whether it is in a folder of hidden tests or solutions: autograder/hidden/hw2/..."""
    for folder in ("autograder/hidden/", "solutions/"):
        if name.startswith(folder) and "/" in name.removeprefix(folder):
            return True
    return False


def _digest(data: bytes) -> str:
    digest = base64.urlsafe_b64encode(hashlib.sha256(data).digest())
    return f"sha256={digest.decode().rstrip('=')}"

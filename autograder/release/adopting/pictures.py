"""Attach the pictures beside the notebooks to the texts that show them."""

from __future__ import annotations

import base64
import mimetypes
import re
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import unquote

from nbformat import NotebookNode

from autograder.release.pictures import ATTACHED, SHOWN, attached_names

_ADDRESS = re.compile(r"(?i)^(?:https?:)?//")
_NO_NAME = re.compile(r"[^A-Za-z0-9._-]+")
_WORDS = re.compile(r"[-_.\s]+")


def attach_pictures(cell: NotebookNode, files: Mapping[str, Path]) -> tuple[set[str], list[str]]:
    """Attach each picture that a text shows; return the attached files, and what was changed.

    Pictures from the web are not attached. The text shows them with HTML, which a release allows.
    """
    used: set[str] = set()
    told: list[str] = []
    stored = dict(cell.get("attachments", {}))

    def attached(match: re.Match[str]) -> str:
        words, address = match[1], match[2]
        name = unquote(address.removeprefix(ATTACHED).removeprefix("./"))
        text = words.strip() or _WORDS.sub(" ", Path(name).stem).strip() or "picture"
        if not words.strip():
            told.append(f"the picture {name} got the description “{text}”: write a better one")
        if address.startswith(ATTACHED):
            return f"![{text}]({address})"
        kind = mimetypes.guess_type(name)[0] or ""
        if name in files and kind.startswith("image/"):
            used.add(name)
            short = _NO_NAME.sub("-", name)
            data = base64.b64encode(files[name].read_bytes()).decode("ascii")
            stored[short] = NotebookNode({kind: data})
            return f"![{text}]({ATTACHED}{short})"
        if not _ADDRESS.match(address):
            told.append(f"the picture {name} does not exist beside the notebook")
        quoted = text.replace("&", "&amp;").replace('"', "&quot;")
        return f'<img src="{address}" alt="{quoted}">'

    cell.source = SHOWN.sub(attached, cell.source)
    shown = attached_names(cell.source)
    for name in sorted(set(stored) - set(shown)):
        told.append(f"the attachment {name}, which no text shows, was left out")
    kept = {name: stored[name] for name in shown if name in stored}
    cell.pop("attachments", None)
    if kept:
        cell.attachments = NotebookNode(kept)
    return used, told

"""Pictures in the texts of a notebook

This module decides which pictures are accepted, and says why others are not. `fdl release` copies
the module into `checks.py`, so that packing and marking accept the same pictures. So the module
imports only Python's standard library.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice
from urllib.parse import unquote

PICTURE_KINDS = ("PNG", "JPEG", "WebP", "GIF")
"""Kinds of pictures that marking accepts; from an animation, it keeps the first picture."""
MAX_PICTURE_BYTES = 12_000_000
MAX_ALL_PICTURE_BYTES = 48_000_000
"""Largest size of all pictures of a notebook together, in bytes; the grader holds all of them."""
MAX_PICTURE_PIXELS = 50_000_000
MAX_PICTURES = 20
"""Largest number of pictures that are accepted in one notebook."""
MAX_REFERENCES = 500
"""Largest number of pictures to look for in one notebook, accepted or not."""

_SIGNS = {
    "PNG": rb"\x89PNG\r\n\x1a\n",
    "JPEG": rb"\xff\xd8\xff",
    "GIF": rb"GIF8[79]a",
    "WebP": rb"RIFF.{4}WEBP",
    "HEIC": rb".{4}ftyp(?:hei|hev|mif1|msf1)",
    "AVIF": rb".{4}ftypavi",
    "PDF": rb".{0,1000}?%PDF-",
    "SVG": rb"(?i)(?:\xef\xbb\xbf)?\s*<(?:svg|\?xml|!DOCTYPE svg)",
    "TIFF": rb"II\*\0|MM\0\*",
    "BMP": rb"BM",
}
"""First bytes of each kind of file; a name or a declared type may be wrong."""
_HEAD = 1_200
"""Number of bytes that are enough to recognise the kind of a file."""
_MAX_SEGMENTS = 5_000
"""Largest number of parts of a JPEG before the part with its size; cameras write up to 200."""

ATTACH_AGAIN = "Paste or drag the picture into the cell."
SAVE_AGAIN = "Save it as PNG or JPEG and attach that."
_ADVICE = {
    "HEIC": "Save it as JPEG and attach that (iPhone: Settings, Camera, Formats, Most Compatible).",
    "PDF": "Save each page as a PNG picture, or take a screenshot of it, and attach the pictures.",
}
BROKEN = f"is damaged. Open it in another program and look at it. {SAVE_AGAIN}"
TOO_MANY = (
    f"is beyond the {MAX_PICTURES} pictures that marking accepts in a notebook. Put several pages "
    "into one picture."
)
TOO_MUCH = (
    f"is beyond the {MAX_ALL_PICTURE_BYTES // 1_000_000} MB that marking accepts for all pictures "
    "of a notebook. Save them as JPEG, or make them smaller, and attach those."
)
TOO_MANY_PIXELS = (
    f"has more than {MAX_PICTURE_PIXELS // 1_000_000} million pixels. Make it smaller (2,000 "
    "pixels on the longer side are enough) and attach that."
)
TOO_SLOW = "takes too long to read. Save it as JPEG, 2,000 pixels on the longer side."
NOT_SHOWN = "is attached, but the text does not show it. Drag it into the cell again."
IN_LOCKED_CELL = "is in a read-only cell. Drag it into the cell of your answer."

ATTACHED = "attachment:"
_IMAGE = re.compile(
    r"!\[(?P<alt>(?:[^\[\]\n]|\[[^\[\]\n]{0,200}\]){0,500})\]"
    r"\([ \t]{0,9}<?(?P<link>(?:[^()<>\n\"]|\([^()<>\n]{0,200}\)){1,2000})>?"
    r"(?:\"[^\"\n]{0,500}\"[ \t]{0,9})?\)"
    r"|<img\b(?P<tag>[^<>]{1,3000})>",
    re.IGNORECASE,
)
_ATTRIBUTE = r"\b{}\s{{0,9}}=\s{{0,9}}(?:\"([^\"]*)\"|'([^']*)'|([^\s\"'>]+))"
_SOURCE, _ALT = (re.compile(_ATTRIBUTE.format(name), re.IGNORECASE) for name in ("src", "alt"))
_INLINE = re.compile(
    r"data:(?:image|application)/[\w.+-]{1,99}(?:;[\w.=-]{1,99}){0,5},([\w+/=%-]*+)",
    re.ASCII | re.IGNORECASE,
)
_FILE = re.compile(
    r"(?:https?|file|content|blob):.*|.*\.(?:png|jpe?g|jfif|gif|webp|hei[cf]|avif|svg|pdf|tiff?|bmp)",
    re.IGNORECASE,
)
_MADE_NAME = re.compile(r"inline-\d+|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}(?:\.\w*)?", re.I)
"""Names that editors make up; messages show the picture's alternative text instead."""


@dataclass(frozen=True)
class Attachment:
    """A file in a cell, with its size in bytes.

    `data` is the content, or only the first bytes if the file is not accepted. `is_beyond` says
    that the file would exceed the limit for all pictures of the notebook together.
    """

    data: bytes
    size: int
    is_beyond: bool = False


class PictureRoom:
    """The number of bytes that the pictures of one notebook may still take."""

    def __init__(self) -> None:
        self.left = MAX_ALL_PICTURE_BYTES
        self._count = MAX_REFERENCES

    def take(self, files: Mapping[str, Attachment]) -> dict[str, Attachment]:
        """Return the files of a cell, but only the first bytes of a file that exceeds the limit."""
        taken: dict[str, Attachment] = {}
        for name, file in islice(files.items(), self._count):
            self._count -= 1
            fits = len(file.data) <= self.left
            taken[name] = file if fits else Attachment(file.data[:_HEAD], file.size, is_beyond=True)
            self.left -= len(file.data) if fits else 0
        return taken


@dataclass(frozen=True)
class Picture:
    """A picture that a text shows, with its place in the text, or the reason why it is refused.

    `refusal` completes a sentence that begins with "the picture NAME", and then says what to do.
    """

    name: str
    alt: str
    place: tuple[int, int]
    data: bytes = field(default=b"", repr=False)
    refusal: str = ""


def kind_of(data: bytes) -> str:
    """Return the kind of a file by its first bytes; "" if it is unknown."""
    head = data[:_HEAD]
    return next((name for name, sign in _SIGNS.items() if re.match(sign, head, re.S)), "")


def attachment(text: str) -> Attachment:
    """Return the file with this base64 text; decode only its beginning if it is not accepted."""
    text = "".join(unquote(text).split()) if "%" in text else "".join(text.split())
    size = len(text) * 3 // 4 - text[-2:].count("=")
    head = _decoded(text[: _HEAD // 3 * 4])
    whole = size <= MAX_PICTURE_BYTES and kind_of(head) in PICTURE_KINDS
    return Attachment(_decoded(text) if whole else head, size)


def _decoded(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except ValueError:  # also text that is not ASCII
        return b""


def attachments_of(cell: Mapping[str, object], text_of: TextOf) -> dict[str, Attachment]:
    """Return the files attached to a cell of a notebook, by name; `text_of` reads a JSON text."""
    found: dict[str, Attachment] = {}
    metadata = cell.get("metadata")
    inside = metadata.get("attachments") if isinstance(metadata, Mapping) else None
    for bundles in (inside, cell.get("attachments")):
        for name, bundle in bundles.items() if isinstance(bundles, Mapping) else ():
            texts = _texts(bundle, text_of) if isinstance(bundle, Mapping) else {}
            if texts:
                kind = next((kind for kind in texts if kind.startswith("image/")), min(texts))
                is_svg = kind == "image/svg+xml"
                file = _as_text(texts[kind]) if is_svg else attachment(texts[kind])
                found[str(name).encode("utf-8", "replace").decode()] = file
    return found


TextOf = Callable[[object], str | None]
"""Function that returns a string, or a list of lines as one string; else None."""


def _texts(bundle: Mapping[object, object], text_of: TextOf) -> dict[str, str]:
    """Return the representations of an attached file, by type."""
    found = ((str(kind), text_of(value)) for kind, value in bundle.items())
    return {kind: text for kind, text in found if text is not None}


def _as_text(text: str) -> Attachment:
    return Attachment(text[:_HEAD].encode("utf-8", "replace"), len(text))


def without_inline(text: str, whole: Callable[[str], str]) -> tuple[str, dict[str, Attachment]]:
    """Return a text whose `data:` pictures, which Colab writes, are moved into attachments.

    A placeholder may replace the base64 text of a picture; `whole` returns the base64 text.
    """
    found: dict[str, Attachment] = {}

    def move(match: re.Match[str]) -> str:
        if len(found) == MAX_REFERENCES:
            return match[0]
        name = f"inline-{len(found) + 1}"
        found[name] = attachment(whole(match[1]))
        return f"{ATTACHED}{name}"

    return _INLINE.sub(move, text), found


def refusal(file: Attachment) -> str:
    """Return why a file is not accepted as a picture, and what to do; "" if it is accepted.

    Only the first bytes and the sizes are checked, so the picture can still be damaged.
    """
    kind = kind_of(file.data)
    if not kind:
        return f"is not a picture that marking can show. {SAVE_AGAIN}" if file.data else BROKEN
    if kind not in PICTURE_KINDS:
        return f"is {kind}, which marking can't show. {_ADVICE.get(kind, SAVE_AGAIN)}"
    if file.size > MAX_PICTURE_BYTES:
        return (
            f"has {file.size / 1e6:.0f} MB, but marking accepts {MAX_PICTURE_BYTES // 1_000_000} "
            "MB. Save it as JPEG, or make it smaller, and attach that."
        )
    if file.is_beyond:
        return TOO_MUCH
    pixels = _pixels(kind, file.data)
    if not pixels:
        return BROKEN
    return TOO_MANY_PIXELS if pixels > MAX_PICTURE_PIXELS else ""


def _pixels(kind: str, data: bytes) -> int:
    """Return the number of pixels that a picture's header states; 0 if the header is damaged."""
    width = height = 0
    if kind == "PNG" and data[12:16] == b"IHDR":
        width, height = _number(data[16:20]), _number(data[20:24])
    elif kind == "GIF":
        width, height = _number(data[6:8][::-1]), _number(data[8:10][::-1])
    elif kind == "JPEG":
        width, height = _jpeg_size(data)
    elif kind == "WebP":
        width, height = _webp_size(data)
    return width * height


def _number(data: bytes) -> int:
    return int.from_bytes(data, "big")


def _jpeg_size(data: bytes) -> tuple[int, int]:
    place = 2
    for _ in range(_MAX_SEGMENTS):
        if place + 9 > len(data) or data[place] != 0xFF:
            break
        marker = data[place + 1]
        if 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC):
            return _number(data[place + 7 : place + 9]), _number(data[place + 5 : place + 7])
        has_no_length = marker in (0xFF, 0x01) or 0xD0 <= marker <= 0xD8
        length = 0 if has_no_length else _number(data[place + 2 : place + 4])
        place += 1 if marker == 0xFF else 2 + length
    return 0, 0


def _webp_size(data: bytes) -> tuple[int, int]:
    kind = data[12:16]
    if kind == b"VP8X":
        return 1 + _number(data[24:27][::-1]), 1 + _number(data[27:30][::-1])
    if kind == b"VP8L":
        bits = _number(data[21:25][::-1])
        return 1 + (bits & 0x3FFF), 1 + (bits >> 14 & 0x3FFF)
    if kind == b"VP8 ":
        return _number(data[26:28][::-1]) & 0x3FFF, _number(data[28:30][::-1]) & 0x3FFF
    return 0, 0


def pictures_in(
    text: str, attached: Mapping[str, Attachment], most: int = MAX_REFERENCES
) -> list[Picture]:
    """Return the pictures of a text in their order, then the attached files that it does not show.

    Links to pages are left out: only links that look like pictures count. At most `most` pictures
    of the text are returned.
    """
    keys = {form: name for name in attached for form in (unquote(name), name)}
    found: list[Picture] = []
    used: dict[str, str] = {}
    for match, alt, link in islice(_references(text), most):
        if not link.startswith(ATTACHED):
            if _FILE.fullmatch(link):
                found.append(Picture(link, alt, match.span(), refusal=_not_inside(link)))
            continue
        name = link.removeprefix(ATTACHED)
        key = keys.get(name, keys.get(unquote(name)))
        shown = alt.strip() if alt.strip() and _MADE_NAME.fullmatch(name) else unquote(name)
        if key is None:
            why = f"is not in this cell. {ATTACH_AGAIN}"
            found.append(Picture(shown, alt, match.span(), refusal=why))
            continue
        used[key] = used[key] if key in used else refusal(attached[key])
        found.append(Picture(shown, alt, match.span(), attached[key].data, used[key]))
    end = (len(text), len(text))
    left = (name for name in attached if name not in used)
    found += (Picture(name, name, end, attached[name].data, NOT_SHOWN) for name in left)
    return found[:most]


def _references(text: str) -> Iterator[tuple[re.Match[str], str, str]]:
    """Yield each picture in Markdown or HTML, with its alternative text and its link."""
    for match in _IMAGE.finditer(text):
        if match["tag"] is None:
            yield match, match["alt"], re.sub(r"[ \t]'.*", "", match["link"]).strip()
            continue
        source, alt = (pattern.search(match["tag"]) for pattern in (_SOURCE, _ALT))
        if source:
            words = next(filter(None, alt.groups()), "") if alt else ""
            yield match, words, next(filter(None, source.groups()), "").strip()


def _not_inside(link: str) -> str:
    if re.match(r"(?:https?|content|blob):", link, re.IGNORECASE):
        return f"is a link, which marking can't open. {ATTACH_AGAIN}"
    return f"is a file beside the notebook, and marking reads only the notebook. {ATTACH_AGAIN}"

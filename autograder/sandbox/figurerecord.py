"""A student's figure as plain, typed data: what the reader in the sandbox told of it.

What comes over the wire is untrusted. `FigureData.from_wire` checks every field and every size, so
that tests can rely on the types here: arrays of floats of the stated shape, strings of bounded
length, finite limits. Whatever is malformed, or is more than the reader tells of, raises
WireError.

What takes time to find out about a figure, such as what is painted over, is found out once: figures
keep it in their `memo`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, fields
from functools import cached_property
from typing import Any, TypeVar

import numpy as np

from autograder.sandbox.inside.figuresizes import (
    MAX_AXES,
    MAX_CHARACTERS,
    MAX_CURVE_NUMBERS,
    MAX_CURVES,
    MAX_FIELDS,
    MAX_INKS,
    MAX_POINTS,
    MAX_SAMPLES,
    MAX_STYLE,
    MAX_TEXT,
    MAX_TEXTS,
)
from autograder.sandbox.inside.wire import WireError

MAX_COUNT = 10**9

AXES_KINDS = ("plane", "3d", "other")
CURVE_KINDS = ("line", "points", "segments", "outline", "bars")
FIELD_KINDS = ("mesh", "image", "contours", "filled contours", "surface", "coloured markers")

FAINT = 0.05
"""Opacity, or difference from the background, below which nothing can be seen."""

THIN = 0.1
"""Width of a line, and size of a marker, in points, below which nothing can be seen."""

T = TypeVar("T")

Color = tuple[float, float, float, float]
"""Red, green, blue and opacity, each from 0 to 1."""


@dataclass(frozen=True)
class CurveData:
    """Something drawn that stands for a set of points: a line, markers, bars, segments.

    `points` has shape (P, 2), in 3D axes (P, 3), and may hold NaN. `line` and `marker` are
    matplotlib's names of the style, "None" where nothing of the kind is drawn; `width` and `size`
    are in points; `inks` are the colours that it is drawn in. `order` grows from the back to the
    front.
    """

    kind: str
    label: str
    points: np.ndarray
    thinned: bool
    visible: bool
    line: str
    width: float
    marker: str
    size: float
    inks: tuple[Color, ...]
    order: int

    @property
    def x(self) -> np.ndarray:
        """The horizontal coordinates."""
        x: np.ndarray = self.points[:, 0]
        return x

    @property
    def y(self) -> np.ndarray:
        """The vertical coordinates."""
        y: np.ndarray = self.points[:, 1]
        return y

    @property
    def weight(self) -> float:
        """How much a curve catches the eye: its width or its markers' size, times its opacity."""
        opacity = max((ink[3] for ink in self.inks), default=0.0)
        width = self.width if self.line != "None" else 0.0
        return opacity * max(width, self.size / 4 if self.marker != "None" else 0.0)

    @property
    def is_too_small(self) -> bool:
        """Whether its line is so thin, and its markers so small, that nobody sees them."""
        if self.kind in ("outline", "bars"):
            return False
        thin = self.line == "None" or self.width < THIN
        return thin and (self.marker == "None" or self.size < THIN)

    @property
    def own_label(self) -> str:
        """The label that it was given; empty for matplotlib's own ones, which begin with _."""
        return "" if self.label.startswith("_") else self.label


@dataclass(frozen=True)
class FieldData:
    """Something drawn that stands for values over the plane: an image, a mesh, contours, a surface.

    Each row of `samples`, shape (S, 4), is a place (x, y) and the least and the largest value shown
    there; `half`, shape (S, 2), is half the size of the cell around it. `levels` counts the levels
    of contours that show.
    """

    kind: str
    samples: np.ndarray
    half: np.ndarray
    levels: int
    thinned: bool
    visible: bool
    alpha: float
    order: int

    @cached_property
    def box(self) -> tuple[np.ndarray, np.ndarray]:
        """The corners (x, y) of the rectangle around the field: the lower left, the upper right."""
        places = self.samples[:, :2]
        with np.errstate(over="ignore"):
            return (places - self.half).min(axis=0), (places + self.half).max(axis=0)

    def covers(self, points: np.ndarray) -> np.ndarray:
        """Which points, shape (P, 2), lie in the rectangle around the field."""
        low, high = self.box
        inside = (points[:, :2] >= low) & (points[:, :2] <= high)
        return np.array(inside.all(axis=1))


@dataclass(frozen=True)
class LegendEntry:
    """What a legend says, and the style of the handle beside it: `line`, `marker` and `inks`.

    These are as in CurveData. A title has no handle, and not every handle can be read: then the
    inks are empty.
    """

    text: str
    line: str
    marker: str
    inks: tuple[Color, ...]


@dataclass(frozen=True)
class AxesData:
    """One axes: `kind` is "plane", "3d" or "other" (polar, a map, …).

    `labels`, `scales` and `limits` are those of x and y, in 3D of z too. `ticks` are the ticks of x
    and of y that were given names of their own, as pairs (position, name).
    """

    kind: str
    visible: bool
    colorbar: bool
    title: str
    labels: tuple[str, ...]
    scales: tuple[str, ...]
    limits: tuple[tuple[float, float], ...]
    ticks: tuple[tuple[tuple[float, str], ...], ...]
    background: tuple[Color, ...]
    legend: tuple[LegendEntry, ...]
    texts: tuple[str, ...]
    curves: tuple[CurveData, ...]
    fields: tuple[FieldData, ...]

    @property
    def lines(self) -> tuple[CurveData, ...]:
        """The curves that were drawn as lines, with or without markers."""
        return tuple(curve for curve in self.curves if curve.kind == "line")

    def __getstate__(self) -> dict[str, Any]:
        """What is sent and copied: the data alone, since a memo goes by the identity of curves."""
        return {part.name: getattr(self, part.name) for part in fields(self)}

    @cached_property
    def memo(self) -> dict[Any, Any]:
        """What was found out about the axes."""
        return {}

    def shows(self, curve: CurveData) -> bool:
        """Whether a curve can be seen: visible, inked, large enough, not painted over.

        The limits are left aside.
        """
        return bool(self._once(curve, "shows", self._find_out_whether_shown))

    def _find_out_whether_shown(self, curve: CurveData) -> bool:
        return self.would_show(curve) and not self.painted_over(curve).all()

    def would_show(self, curve: CurveData) -> bool:
        """Whether a curve could be seen if nothing were painted over it."""
        visible = self.visible and curve.visible and len(curve.points) > 0
        return visible and not curve.is_too_small and self.has_contrast(curve)

    def _once(self, curve: CurveData, what: str, find_out: Callable[[CurveData], T]) -> T:
        """What is found out about a curve, which is found out once."""
        key = what, id(curve)
        if key not in self.memo:
            self.memo[key] = curve, find_out(curve)  # the curve is kept, so its id is no other's
        found: T = self.memo[key][1]
        return found

    def has_contrast(self, curve: CurveData) -> bool:
        """Whether some ink of it differs from what is behind; a field's colours always do."""
        inks = np.array(curve.inks, dtype=float).reshape(-1, 4)
        contrast = np.ones(len(inks))
        if self.background and not self.fields:
            contrast = np.abs(inks[:, :3] - self.background[0][:3]).max(axis=1, initial=0.0)
        return bool(np.any(contrast * inks[:, 3] > FAINT))

    def painted_over(self, curve: CurveData) -> np.ndarray:
        """Which points of a curve lie under a field that was drawn later and hides them."""
        return self._once(curve, "painted over", self._find_out_what_is_painted_over)

    def _find_out_what_is_painted_over(self, curve: CurveData) -> np.ndarray:
        return self.hidden_behind(curve.order, curve.points)

    def hidden_behind(self, order: int, points: np.ndarray) -> np.ndarray:
        """Which points, shape (P, 2), lie under a field that was drawn later than `order`."""
        orders, low, high = self._hiding
        later = orders > order
        places = points[:, np.newaxis, :2]
        inside = (places >= low[later]) & (places <= high[later])
        hidden: np.ndarray = np.any(np.all(inside, axis=2), axis=1)
        return hidden

    @cached_property
    def _hiding(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """The orders and the corners of the fields that hide what is behind them.

        Of those with the same rectangle the last one is enough.
        """
        last: dict[bytes, FieldData] = {}
        for each in self.fields if self.kind == "plane" else ():
            if each.visible and each.alpha > 1 - FAINT and each.kind != "contours":
                key = np.concatenate(each.box).tobytes()
                if key not in last or last[key].order < each.order:
                    last[key] = each
        boxes = np.array([each.box for each in last.values()]).reshape(-1, 2, 2)
        return np.array([each.order for each in last.values()]), boxes[:, 0], boxes[:, 1]

    def within_limits(self, points: np.ndarray) -> np.ndarray:
        """Which points, shape (P, 2) or (P, 3), lie within the limits of the axes."""
        inside = np.ones(len(points), dtype=bool)
        for column, (first, last) in enumerate(self.limits[: points.shape[1]]):
            slack = 2e-6 * abs(last / 2 - first / 2)  # halves, since limits may be huge
            low, high = min(first, last) - slack, max(first, last) + slack
            inside &= (points[:, column] >= low) & (points[:, column] <= high)
        return inside


@dataclass(frozen=True)
class FigureData:
    """A figure; `unread` counts what was beyond the bounds or could not be read."""

    title: str
    legend: tuple[LegendEntry, ...]
    texts: tuple[str, ...]
    axes: tuple[AxesData, ...]
    unread: int

    @classmethod
    def from_wire(cls, value: Any) -> FigureData:
        """The figure that plain data tells of; WireError where it is malformed."""
        record = _Record(value, "figure", _Room())
        return cls(
            title=record.text("title"),
            legend=record.artists("legend", _entry, "entries"),
            texts=record.texts("texts"),
            axes=record.parts("axes", _axes, MAX_AXES),
            unread=record.count("unread"),
        )

    def __getstate__(self) -> dict[str, Any]:
        """What is sent and copied: the data alone."""
        return {part.name: getattr(self, part.name) for part in fields(self)}

    @cached_property
    def memo(self) -> dict[Any, Any]:
        """What was found out about the figure."""
        return {}

    @property
    def size_bytes(self) -> int:
        """Bytes that its arrays take."""
        return sum(
            sum(curve.points.nbytes for curve in axes.curves)
            + sum(field.samples.nbytes + field.half.nbytes for field in axes.fields)
            for axes in self.axes
        )

    def summary(self) -> str:
        """What is in the figure, in a few words: "2 lines; logarithmic y-axis"."""
        kinds = [curve.kind for axes in self.axes for curve in axes.curves]
        kinds += [field.kind for axes in self.axes if not axes.colorbar for field in axes.fields]
        # In words that students read: what the sandbox says may be no message of its own.
        things = [f"{_some(n)} {_plural(kind, n)}" for kind, n in Counter(kinds).items()]
        return "; ".join([", ".join(things) or "nothing that is drawn", *self._dress()])

    def _dress(self) -> Iterator[str]:
        plain = [axes for axes in self.axes if not axes.colorbar]
        if len(plain) != 1:
            yield f"{_some(len(plain))} axes"
            return
        for name, scale, label in zip("xyz", plain[0].scales, plain[0].labels, strict=False):
            if scale == "log":
                yield f"logarithmic {name}-axis"
            if not label.strip():
                yield f"no label on the {name}-axis"


_NAMES = {
    "points": ("set of markers", "sets of markers"),
    "bars": ("set of bars", "sets of bars"),
    "segments": ("set of segments", "sets of segments"),
    "mesh": ("mesh", "meshes"),
    "contours": ("set of contours", "sets of contours"),
    "filled contours": ("set of filled contours", "sets of filled contours"),
    "coloured markers": ("colour scale of markers", "colour scales of markers"),
}


def _some(count: int) -> str:
    return str(count) if count <= 20 else "many"


def _plural(kind: str, count: int) -> str:
    one, more = _NAMES.get(kind, (kind, f"{kind}s"))
    return one if count == 1 else more


# --- Checking -------------------------------------------------------------------------------------


@dataclass
class _Room:
    """How many of each kind the rest of a figure may hold."""

    left: dict[str, int] = field(
        default_factory=lambda: {
            "curves": MAX_CURVES,
            "fields": MAX_FIELDS,
            "entries": MAX_TEXTS,
            "texts": MAX_TEXTS,
            "ticks": MAX_TEXTS,
            "characters": MAX_CHARACTERS,
            "coordinates": MAX_CURVE_NUMBERS,
            "samples": 2 * MAX_SAMPLES,  # each is a place with its values, and half a cell
        }
    )

    def take(self, kind: str, count: int) -> None:
        """Take some of a kind; WireError where there is not so much room."""
        self.left[kind] -= count
        if self.left[kind] < 0:
            raise WireError(f"a figure holds too many {kind}")


class _Record:
    """A dict from the wire whose fields are asked for by name and kind."""

    def __init__(self, value: Any, what: str, room: _Room) -> None:
        if not isinstance(value, dict):
            raise WireError(f"a {what} is no record")
        self._value = value
        self._what = what
        self.room = room

    def get(self, name: str) -> Any:
        if name not in self._value:
            raise WireError(f"a {self._what} lacks its {name}")
        return self._value[name]

    def wrong(self, name: str) -> WireError:
        return WireError(f"a {self._what} has a malformed {name}")

    def text(self, name: str) -> str:
        return self._text(name, self.get(name))

    def one_of(self, name: str, known: tuple[str, ...]) -> str:
        value = self.style(name)
        if value not in known:
            raise self.wrong(name)
        return value

    def style(self, name: str) -> str:
        """A short name: of a line's style, a marker, a scale, a kind."""
        return self._style(name, self.get(name))

    def styles(self, name: str) -> tuple[str, ...]:
        """A short name for each direction."""
        return tuple(self._style(name, part) for part in self._list(name, 3))

    def texts(self, name: str) -> tuple[str, ...]:
        texts = self._list(name, MAX_TEXTS)
        self.room.take("texts", len(texts))
        return tuple(self._text(name, part) for part in texts)

    def labels(self, name: str) -> tuple[str, ...]:
        """A text for each direction."""
        return tuple(self._text(name, part) for part in self._list(name, 3))

    def flag(self, name: str) -> bool:
        value = self.get(name)
        if type(value) is not bool:
            raise self.wrong(name)
        return value

    def count(self, name: str) -> int:
        value = self.get(name)
        if type(value) is not int or not 0 <= value <= MAX_COUNT:
            raise self.wrong(name)
        return value

    def number(self, name: str) -> float:
        return self._number(name, self.get(name))

    def limits(self, name: str) -> tuple[tuple[float, float], ...]:
        return tuple(self._pair(name, pair) for pair in self._list(name, 3))

    def ticks(self, name: str) -> tuple[tuple[tuple[float, str], ...], ...]:
        found = []
        for axis in self._list(name, 2):
            if not isinstance(axis, list) or len(axis) > MAX_TEXTS:
                raise self.wrong(name)
            self.room.take("ticks", len(axis))
            found.append(tuple(self._tick(name, tick) for tick in axis))
        return tuple(found)

    def colors(self, name: str) -> tuple[Color, ...]:
        return tuple(self._color(name, color) for color in self._list(name, MAX_INKS))

    def table(
        self, name: str, columns: tuple[int, ...], kind: str, rows: int | None = None
    ) -> np.ndarray:
        """An array of floats (rows, one of `columns`), within what room there is for its kind."""
        value = self.get(name)
        if not isinstance(value, np.ndarray) or value.ndim != 2 or value.shape[1] not in columns:
            raise self.wrong(name)
        if value.dtype.kind not in "biuf" or (rows is not None and len(value) != rows):
            raise self.wrong(name)
        if len(value) > MAX_POINTS:
            raise WireError(f"a {self._what} holds too many points")
        self.room.take(kind, value.size if kind == "coordinates" else len(value))
        table = value.astype(np.float64)
        table.flags.writeable = False
        return table

    def parts(self, name: str, read: Callable[[_Record], T], most: int) -> tuple[T, ...]:
        """A list of records, each read by `read`."""
        return tuple(
            read(_Record(part, f"part of {name}", self.room)) for part in self._list(name, most)
        )

    def artists(self, name: str, read: Callable[[_Record], T], kind: str) -> tuple[T, ...]:
        """Like `parts`, counted over the whole figure."""
        most = self.room.left[kind]
        self.room.take(kind, len(self._list(name, most)))
        return self.parts(name, read, most)

    def _list(self, name: str, most: int) -> list[Any]:
        value = self.get(name)
        if not isinstance(value, list) or len(value) > most:
            raise self.wrong(name)
        return value

    def _text(self, name: str, value: Any) -> str:
        if type(value) is not str or len(value) > MAX_TEXT:
            raise self.wrong(name)
        self.room.take("characters", len(value))
        return value

    def _style(self, name: str, value: Any) -> str:
        if type(value) is not str or len(value) > MAX_STYLE:
            raise self.wrong(name)
        return value

    def _number(self, name: str, value: Any) -> float:
        if type(value) not in (int, float):
            raise self.wrong(name)
        try:
            number = float(value)
        except OverflowError:
            raise self.wrong(name) from None
        if not np.isfinite(number):
            raise self.wrong(name)
        return number

    def _pair(self, name: str, value: Any) -> tuple[float, float]:
        if not isinstance(value, list) or len(value) != 2:
            raise self.wrong(name)
        return self._number(name, value[0]), self._number(name, value[1])

    def _tick(self, name: str, value: Any) -> tuple[float, str]:
        if not isinstance(value, list) or len(value) != 2:
            raise self.wrong(name)
        return self._number(name, value[0]), self._text(name, value[1])

    def _color(self, name: str, value: Any) -> Color:
        if not isinstance(value, list) or len(value) != 4:
            raise self.wrong(name)
        red, green, blue, alpha = (self._number(name, part) for part in value)
        if not all(0 <= part <= 1 for part in (red, green, blue, alpha)):
            raise self.wrong(name)
        return red, green, blue, alpha


def _axes(record: _Record) -> AxesData:
    axes = AxesData(
        kind=record.one_of("kind", AXES_KINDS),
        visible=record.flag("visible"),
        colorbar=record.flag("colorbar"),
        title=record.text("title"),
        labels=record.labels("labels"),
        scales=record.styles("scales"),
        limits=record.limits("limits"),
        ticks=record.ticks("ticks"),
        background=record.colors("background"),
        legend=record.artists("legend", _entry, "entries"),
        texts=record.texts("texts"),
        curves=record.artists("curves", _curve, "curves"),
        fields=record.artists("fields", _field, "fields"),
    )
    names = 3 if axes.kind == "3d" else 2
    if not len(axes.labels) == len(axes.scales) == len(axes.limits) == names:
        raise WireError("an axes has not as many labels, scales and limits as it has directions")
    if len(axes.ticks) != 2:
        raise record.wrong("ticks")
    return axes


def _entry(record: _Record) -> LegendEntry:
    return LegendEntry(
        text=record.text("text"),
        line=record.style("line"),
        marker=record.style("marker"),
        inks=record.colors("inks"),
    )


def _curve(record: _Record) -> CurveData:
    return CurveData(
        kind=record.one_of("kind", CURVE_KINDS),
        label=record.text("label"),
        points=record.table("points", (2, 3), "coordinates"),
        thinned=record.flag("thinned"),
        visible=record.flag("visible"),
        line=record.style("line"),
        width=record.number("width"),
        marker=record.style("marker"),
        size=record.number("size"),
        inks=record.colors("inks"),
        order=record.count("order"),
    )


def _field(record: _Record) -> FieldData:
    samples = record.table("samples", (4,), "samples")
    half = record.table("half", (2,), "samples", rows=len(samples))
    whole = np.isfinite(samples[:, :2]).all() and np.isfinite(half).all()
    ordered = np.all(samples[:, 2] <= samples[:, 3])  # which no NaN is
    if not (len(samples) and whole and ordered) or (half < 0).any():
        raise record.wrong("samples")
    return FieldData(
        kind=record.one_of("kind", FIELD_KINDS),
        samples=samples,
        half=half,
        levels=record.count("levels"),
        thinned=record.flag("thinned"),
        visible=record.flag("visible"),
        alpha=record.number("alpha"),
        order=record.count("order"),
    )


__all__ = [
    "FAINT",
    "AxesData",
    "Color",
    "CurveData",
    "FieldData",
    "FigureData",
    "LegendEntry",
]

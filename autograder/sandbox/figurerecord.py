"""A student's figure as plain, typed data, as `inside.figures` in the sandbox describes it.

Data from the sandbox is untrusted. `FigureData.from_wire` checks every field and every size, so
tests can rely on the types in this module: arrays of floats of the stated shape, strings of bounded
length, finite limits. `from_wire` raises WireError if data is malformed or exceeds the bounds in
`inside.figuresizes`.

Facts that are slow to compute, for example whether points are painted over, are computed once and
cached in the `memo` of a record.
"""

from __future__ import annotations

import re
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, fields
from functools import cached_property
from typing import Annotated, Any, Literal, TypeVar

import msgspec
import numpy as np
from msgspec import Meta

from autograder.sandbox.inside.figuresizes import MAX_INKS, MAX_POINTS, MAX_STYLE, MAX_TEXT, MOST
from autograder.sandbox.inside.wire import WireError

MAX_COUNT = 10**9

AxesKind = Literal["plane", "3d", "other"]
CurveKind = Literal["line", "points", "segments", "outline", "bars"]
FieldKind = Literal["mesh", "image", "contours", "filled contours", "surface", "coloured markers"]

FAINT = 0.05
"""Opacity, or difference from the background colour, below which an object is invisible."""

THIN = 0.1
"""Line width and marker size, in points, below which an object is invisible."""

T = TypeVar("T")

Text = Annotated[str, Meta(max_length=MAX_TEXT)]
StyleName = Annotated[str, Meta(max_length=MAX_STYLE)]
"""Short name of a line style, a marker or a scale."""
Number = Annotated[float, Meta(ge=-sys.float_info.max, le=sys.float_info.max)]
"""Finite number, so neither NaN nor infinity."""
Amount = Annotated[int, Meta(ge=0, le=MAX_COUNT)]
Unit = Annotated[float, Meta(ge=0, le=1)]
Color = tuple[Unit, Unit, Unit, Unit]
"""Red, green, blue and opacity, each from 0 to 1."""
Inks = Annotated[tuple[Color, ...], Meta(max_length=MAX_INKS)]
Ticks = tuple[tuple[Number, Text], ...]


@dataclass(frozen=True)
class CurveData:
    """A drawn object that represents a set of points: a line, markers, bars, segments.

    `points` has shape (P, 2), or (P, 3) in 3D axes, and may contain NaN. `line` and `marker` are
    matplotlib's names of the line style and the marker; "None" means that no line or no marker is
    drawn. `width` and `size` are in points; `inks` are the colours of the object. `order` grows
    from the back of the picture to the front.
    """

    kind: CurveKind
    label: Text
    points: np.ndarray
    thinned: bool
    visible: bool
    line: StyleName
    width: Number
    marker: StyleName
    size: Number
    inks: Inks
    order: Amount

    @property
    def x(self) -> np.ndarray:
        """The horizontal coordinates."""
        return np.asarray(self.points[:, 0])

    @property
    def y(self) -> np.ndarray:
        """The vertical coordinates."""
        return np.asarray(self.points[:, 1])

    @property
    def weight(self) -> float:
        """A measure of how visible a curve is: its line width or marker size, times its opacity."""
        opacity = max((ink[3] for ink in self.inks), default=0.0)
        width = self.width if self.line != "None" else 0.0
        return opacity * max(width, self.size / 4 if self.marker != "None" else 0.0)

    @property
    def is_too_small(self) -> bool:
        """Whether the line and the markers of the curve are both too small to be visible."""
        if self.kind in ("outline", "bars"):
            return False
        thin = self.line == "None" or self.width < THIN
        return thin and (self.marker == "None" or self.size < THIN)

    @property
    def own_label(self) -> str:
        """The label that the student gave the curve, or "" if matplotlib chose the label.

        A label that matplotlib chooses begins with an underscore.
        """
        return "" if self.label.startswith("_") else self.label


@dataclass(frozen=True)
class FieldData:
    """A drawn object that represents values over the plane: an image, mesh, contours, surface.

    Each row of `samples`, shape (S, 4), is a place (x, y) with the smallest and the largest value
    shown at that place. Each row of `half`, shape (S, 2), is half the size of the cell around a
    place. `levels` is the number of visible contour levels.
    """

    kind: FieldKind
    samples: np.ndarray
    half: np.ndarray
    levels: Amount
    thinned: bool
    visible: bool
    alpha: Number
    order: Amount

    @cached_property
    def box(self) -> tuple[np.ndarray, np.ndarray]:
        """Corners (x, y) of the rectangle around the field: lower left and upper right."""
        places = self.samples[:, :2]
        with np.errstate(over="ignore"):
            return (places - self.half).min(axis=0), (places + self.half).max(axis=0)

    def covers(self, points: np.ndarray) -> np.ndarray:
        """Return for each of the points, shape (P, 2), whether it is in the field's rectangle."""
        low, high = self.box
        inside = (points[:, :2] >= low) & (points[:, :2] <= high)
        return np.array(inside.all(axis=1))


@dataclass(frozen=True)
class LegendEntry:
    """The text of a legend entry, and the style of the handle beside the text.

    `line`, `marker` and `inks` describe the style as in CurveData. `inks` is empty for a title,
    which has no handle, and for a handle that cannot be read.
    """

    text: Text
    line: StyleName
    marker: StyleName
    inks: Inks


@dataclass(frozen=True)
class _Remembering:
    """A record that caches facts about itself."""

    @cached_property
    def memo(self) -> dict[Any, Any]:
        """Cached facts."""
        return {}

    def __getstate__(self) -> dict[str, Any]:
        """Return the data to send or copy, without the memo.

        The keys of the memo are ids of curves, which would be wrong in a copy.
        """
        return {part.name: getattr(self, part.name) for part in fields(self)}


@dataclass(frozen=True)
class AxesData(_Remembering):
    """The contents of one Axes; its `kind` is "plane", "3d" or "other" (polar, a map, …).

    `labels`, `scales` and `limits` have one entry for x, one for y and, in 3D, one for z. `ticks`
    lists the ticks of x and y whose names student code sets, as pairs (position, name).
    """

    kind: AxesKind
    visible: bool
    colorbar: bool
    title: Text
    labels: tuple[Text, ...]
    scales: tuple[StyleName, ...]
    limits: tuple[tuple[Number, Number], ...]
    ticks: tuple[Ticks, Ticks]
    background: Inks
    legend: tuple[LegendEntry, ...]
    texts: tuple[Text, ...]
    curves: tuple[CurveData, ...]
    fields: tuple[FieldData, ...]

    @property
    def lines(self) -> tuple[CurveData, ...]:
        """The curves drawn as lines, with or without markers."""
        return tuple(curve for curve in self.curves if curve.kind == "line")

    def shows(self, curve: CurveData) -> bool:
        """Return whether a curve is visible: large enough, in contrast, and not painted over.

        The result does not depend on the limits of the axes.
        """
        return self._once(
            curve, "shows", lambda: self.would_show(curve) and not self.painted_over(curve).all()
        )

    def would_show(self, curve: CurveData) -> bool:
        """Return whether a curve would be visible if nothing were painted over it."""
        visible = self.visible and curve.visible and len(curve.points) > 0
        return visible and not curve.is_too_small and self.has_contrast(curve)

    def _once(self, curve: CurveData, what: str, find_out: Callable[[], T]) -> T:
        """Return the fact `what` about a curve; call `find_out` only the first time."""
        key = what, id(curve)
        if key not in self.memo:
            self.memo[key] = curve, find_out()  # while the memo holds the curve, its id is unique
        found: T = self.memo[key][1]
        return found

    def has_contrast(self, curve: CurveData) -> bool:
        """Return whether a colour of the curve differs from the background.

        In axes with a field, every colour counts as different.
        """
        inks = np.array(curve.inks, dtype=float).reshape(-1, 4)
        contrast = np.ones(len(inks))
        if self.background and not self.fields:
            contrast = np.abs(inks[:, :3] - self.background[0][:3]).max(axis=1, initial=0.0)
        return bool(np.any(contrast * inks[:, 3] > FAINT))

    def painted_over(self, curve: CurveData) -> np.ndarray:
        """Return for each point of a curve whether an opaque field drawn later hides the point."""
        return self._once(
            curve, "painted over", lambda: self.hidden_behind(curve.order, curve.points)
        )

    def hidden_behind(self, order: int, points: np.ndarray) -> np.ndarray:
        """Return for each point, shape (P, 2), whether a field drawn after `order` hides it."""
        orders, low, high = self._hiding
        later = orders > order
        places = points[:, np.newaxis, :2]
        inside = (places >= low[later]) & (places <= high[later])
        return np.asarray(np.any(np.all(inside, axis=2), axis=1))

    @cached_property
    def _hiding(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """The orders and the corners of the fields that hide the curves behind them.

        If several fields have the same rectangle, only the last field is listed.
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
        """Return for each point, shape (P, 2) or (P, 3), whether it is within the axes' limits."""
        inside = np.ones(len(points), dtype=bool)
        for column, (first, last) in enumerate(self.limits[: points.shape[1]]):
            slack = 2e-6 * abs(last / 2 - first / 2)  # the difference of huge limits would overflow
            low, high = min(first, last) - slack, max(first, last) + slack
            inside &= (points[:, column] >= low) & (points[:, column] <= high)
        return inside


@dataclass(frozen=True)
class FigureData(_Remembering):
    """The contents of a figure.

    `unread` is the number of objects that exceeded the bounds or could not be read.
    """

    title: Text
    legend: tuple[LegendEntry, ...]
    texts: tuple[Text, ...]
    axes: Annotated[tuple[AxesData, ...], Meta(max_length=MOST["axes"])]
    unread: Amount

    @classmethod
    def from_wire(cls, value: Any) -> FigureData:
        """Return the figure that the data describes; raise WireError if the data is malformed."""
        try:
            figure = msgspec.convert(value, cls)
        except (ValueError, TypeError, IndexError) as error:  # an array can look like a dict
            raise _malformed(error) from None
        _check(figure)
        return figure

    @property
    def size_bytes(self) -> int:
        """Size of the figure's arrays in bytes."""
        return sum(
            sum(curve.points.nbytes for curve in axes.curves)
            + sum(field.samples.nbytes + field.half.nbytes for field in axes.fields)
            for axes in self.axes
        )

    def summary(self) -> str:
        """Return the contents of the figure in a few words: "2 lines; logarithmic y-axis"."""
        kinds: list[str] = [curve.kind for axes in self.axes for curve in axes.curves]
        kinds += [field.kind for axes in self.axes if not axes.colorbar for field in axes.fields]
        # Students read this summary, so no untrusted text may become part of it.
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


def _malformed(error: Exception) -> WireError:
    """Return an error with the name of the malformed field, but without the student's value."""
    _, is_told, place = str(error).rpartition("`$")
    names = re.findall(r"[a-z]+", place) if is_told else []
    return WireError(f"a figure has a malformed {names[-1] if names else 'record'}")


def _check(figure: FigureData) -> None:
    """Raise WireError if a figure holds too many objects, or parts that do not fit together."""
    curves = [curve for axes in figure.axes for curve in axes.curves]
    areas = [area for axes in figure.axes for area in axes.fields]
    entries = [*figure.legend, *(entry for axes in figure.axes for entry in axes.legend)]
    texts = [*figure.texts, *(text for axes in figure.axes for text in axes.texts)]
    ticks = [tick for axes in figure.axes for axis in axes.ticks for tick in axis]
    others = [figure.title, *(text for axes in figure.axes for text in (axes.title, *axes.labels))]
    others += [entry.text for entry in entries] + [curve.label for curve in curves]
    characters = [*texts, *others, *(name for _, name in ticks)]
    counts = {
        "curves": len(curves),
        "fields": len(areas),
        "entries": len(entries),
        "texts": len(texts),
        "ticks": len(ticks),
        "characters": sum(map(len, characters)),
        "coordinates": sum(curve.points.size for curve in curves),
        # a sample has four numbers, and two more numbers for half the size of its cell
        "samples": sum(area.samples.size + area.half.size for area in areas) / 6,
    }
    for kind, count in counts.items():
        if count > MOST[kind]:
            raise WireError(f"a figure holds too many {kind}")
    for axes in figure.axes:
        names = 3 if axes.kind == "3d" else 2
        if not len(axes.labels) == len(axes.scales) == len(axes.limits) == names:
            raise WireError("an axes needs one label, scale and limit for each direction")
    for curve in curves:
        _tabulate(curve, "points", (2, 3))
    for area in areas:
        _check_samples(area)


def _check_samples(area: FieldData) -> None:
    _tabulate(area, "samples", (4,))
    _tabulate(area, "half", (2,))
    samples, half = area.samples, area.half
    is_finite = np.isfinite(samples[:, :2]).all() and np.isfinite(half).all()
    is_ordered = np.all(samples[:, 2] <= samples[:, 3])  # never true for NaN
    if not (len(samples) == len(half) > 0 and is_finite and is_ordered) or (half < 0).any():
        raise WireError("a figure has malformed samples")


def _tabulate(record: CurveData | FieldData, name: str, columns: tuple[int, ...]) -> None:
    """Convert the record's array to read-only floats; its number of columns must be allowed."""
    value: np.ndarray = getattr(record, name)
    if value.ndim != 2 or value.shape[1] not in columns or value.dtype.kind not in "biuf":
        raise WireError(f"a figure has malformed {name}")
    if len(value) > MAX_POINTS:
        raise WireError("a part of a figure holds too many points")
    table = value.astype(np.float64)
    table.flags.writeable = False
    object.__setattr__(record, name, table)

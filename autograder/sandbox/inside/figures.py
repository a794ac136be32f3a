"""Read a matplotlib Figure as plain data, so that the grader can examine it without drawing.

This module runs in the sandbox. The reader sorts drawn objects into two kinds:

    curves  represent a set of points: lines, markers, error bars, bars, segments
    fields  represent values over the plane: images, meshes, contours, surfaces

A field is described by samples. A sample is a place (x, y), half the size of the cell around the
place, and the smallest and largest value shown at the place. The smallest and the largest value
differ only in the bands of filled contours.

The module reads matplotlib's public data if possible. Some facts, such as the faces of a surface,
exist only in matplotlib's private data. The module skips whatever matplotlib skips when it draws:
uninitialised padding, masked values, points that only close a path.

`figuresizes` limits how much is read. An object with too many points is thinned and marked as
thinned. Artists beyond the limits, and artists that cannot be read, are counted as unread. No
artist can make the reader fail.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from functools import cache, partial
from itertools import pairwise
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.category import StrCategoryFormatter, StrCategoryLocator
from matplotlib.collections import (
    LineCollection,
    PathCollection,
    PolyCollection,
    PolyQuadMesh,
    QuadMesh,
    TriMesh,
)
from matplotlib.colors import to_rgba_array
from matplotlib.container import BarContainer, ErrorbarContainer
from matplotlib.contour import ContourSet
from matplotlib.figure import Figure, SubFigure
from matplotlib.image import AxesImage, NonUniformImage, PcolorImage
from matplotlib.legend import Legend
from matplotlib.lines import AxLine, Line2D
from matplotlib.markers import MarkerStyle
from matplotlib.patches import Patch, Polygon
from matplotlib.path import Path
from matplotlib.text import Text
from matplotlib.ticker import FixedFormatter, FixedLocator, FuncFormatter

from .figuresizes import MAX_CHILDREN, MAX_INKS, MAX_POINTS, MAX_STYLE, MAX_TEXT, MOST
from .wire import Object

_LEAST_SIZE = 0.02
"""Share of the figure's width or height below which an Axes is too small to be seen."""

_SIDES = ("center", "left", "right")

Plain = dict[str, Any]


def read_object(value: object) -> object:
    """Return a Figure, or the figure of an Axes, as plain data; return other values unchanged."""
    if isinstance(value, Axes):
        value = value.figure
    if isinstance(value, SubFigure):
        value = value.figure
    if isinstance(value, Figure):
        return Object("figure", read_figure(value))
    return value


def read_figure(figure: Figure) -> Plain:
    """Return the contents of a figure as plain data: its axes, texts and legends."""
    budget = _FigureBudget()
    parts = [figure, *getattr(figure, "subfigs", ())]
    return {
        "title": budget.text(_first_text(part.get_suptitle for part in parts)),
        "legend": _read_legends((legend for part in parts for legend in part.legends), budget),
        "texts": _texts((text for part in parts for text in part.texts), budget),
        "axes": [
            read
            for each in figure.axes
            for read in budget.read("axes", partial(_read_axes, each, figure, budget))
        ],
        "unread": budget.unread,
    }


class _FigureBudget:
    """The number of objects of each kind that may still be read from a figure."""

    def __init__(self) -> None:
        self.left = dict(MOST)
        self.unread = 0

    def take(self, kind: str, wanted: int) -> int:
        """Return how many of the `wanted` objects may be read, and subtract that number."""
        had = max(min(wanted, self.left[kind]), 0)
        self.left[kind] -= had
        return had

    def rows(self, count: int, kind: str, each: int = 1) -> np.ndarray:
        """Return evenly spread indices: the rows to keep if there are `count` rows.

        Each row uses up `each` objects of the kind `kind`.
        """
        kept = self.take(kind, each * min(count, MAX_POINTS)) // each
        if kept == count:
            return np.arange(count)
        return np.linspace(0, count - 1, kept).round().astype(int)

    def text(self, value: Any) -> str:
        """Return a value as plain text, cut to the permitted length."""
        text = _text(value)
        kept = text[: self.take("characters", len(text))]
        self.unread += len(kept) < len(text)
        return kept

    def read(self, kind: str, reader: Callable[[], Plain | None]) -> Iterator[Plain]:
        """Yield the result of `reader`, unless the limit is reached or `reader` fails."""
        if self.left[kind] <= 0:
            self.unread += 1
            return
        try:
            found = reader()
        except Exception:  # an artist may be of any kind, and in any state
            self.unread += 1
            return
        if found is not None:
            self.take(kind, 1)
            yield found


_Reader = Callable[[Any, Any, _FigureBudget], Plain | None]

# --- Axes -----------------------------------------------------------------------------------------


def _read_axes(axes: Any, figure: Figure, budget: _FigureBudget) -> Plain:
    _safe(axes.apply_aspect, None)  # drawing also applies the aspect, which may widen the limits
    names = ("x", "y", "z") if _safe(lambda: axes.name, "") == "3d" else ("x", "y")
    kind = {"3d": "3d", "rectilinear": "plane"}.get(_safe(lambda: axes.name, ""), "other")
    children = _safe(lambda: sorted(axes.get_children(), key=lambda a: a.get_zorder()), [])
    budget.unread += max(len(children) - MAX_CHILDREN, 0)
    children = children[:MAX_CHILDREN]
    switch = "_axis3don" if kind == "3d" else "axison"  # in 3D, `axison` means something else
    on = bool(_safe(lambda: getattr(axes, switch), True))
    legend = _read_legends((c for c in children if isinstance(c, Legend)), budget)
    curves, fields = _read_artists(axes, children, budget)
    return {
        "kind": kind,
        "visible": _is_visible(axes) and _has_room(axes),
        "colorbar": hasattr(axes, "_colorbar"),
        "title": budget.text(_first_text(partial(axes.get_title, loc=side) for side in _SIDES)),
        "labels": [budget.text(_axis_label(axes, name, figure)) if on else "" for name in names],
        "scales": [_text(_safe(getattr(axes, f"get_{n}scale"), ""))[:MAX_STYLE] for n in names],
        "limits": [
            [_number(end) for end in _safe(getattr(axes, f"get_{name}lim"), (0.0, 0.0))]
            for name in names
        ],
        "ticks": [_named_ticks(getattr(axes, f"{name}axis"), budget) for name in names[:2]],
        "background": _inks([_safe(axes.get_facecolor, "white")], None)[:1],
        "legend": legend,
        "texts": _texts((c for c in children if _is_own_text(c, axes)), budget),
        "curves": curves,
        "fields": fields,
    }


def _axis_label(axes: Any, name: str, figure: Figure) -> str:
    """Return the axis' own label, the label of a shared axis, or the figure's common label."""

    def own(other: Any) -> str:
        text = getattr(other, f"{name}axis").label
        return _text(text.get_text()) if _is_legible(text) else ""

    def siblings() -> str:
        if name == "z":
            return ""
        shared = getattr(axes, f"get_shared_{name}_axes")().get_siblings(axes)
        return next((label for label in map(own, shared) if label.strip()), "")

    common = {"x": "get_supxlabel", "y": "get_supylabel"}.get(name, "")
    candidates = [lambda: own(axes), siblings, lambda: _text(getattr(figure, common)())]
    return next((text for get in candidates if (text := _safe(get, "")).strip()), "")


def _has_room(axes: Any) -> bool:
    """Return whether an Axes is large enough to be seen and at least partly inside its figure."""
    box = _safe(lambda: axes.get_position(original=True), None)
    if box is None:
        return False
    wide, high = (min(high, 1) - max(low, 0) for low, high in (box.intervalx, box.intervaly))
    return bool(min(wide, high) >= _LEAST_SIZE)


def _named_ticks(axis: Any, budget: _FigureBudget) -> list[list[Any]]:
    """Return the ticks whose names student code sets, each as [position, name]."""

    def read() -> list[list[Any]]:
        formatter, locator = axis.get_major_formatter(), axis.get_major_locator()
        named = isinstance(formatter, (FixedFormatter, FuncFormatter, StrCategoryFormatter))
        if named and isinstance(locator, (FixedLocator, StrCategoryLocator)):
            ticks = list(locator())[: MOST["ticks"]]
            names = formatter.format_ticks(ticks)
            return [[_number(at), name] for at, name in zip(ticks, names, strict=True)]
        return []

    ticks = list(_safe(read, []))
    return [[at, budget.text(name)] for at, name in ticks[: budget.take("ticks", len(ticks))]]


def _is_own_text(child: Any, axes: Any) -> bool:
    titles = (axes.title, getattr(axes, "_left_title", None), getattr(axes, "_right_title", None))
    return isinstance(child, Text) and not any(child is title for title in titles)


# --- What is drawn --------------------------------------------------------------------------------


def _read_artists(
    axes: Any, children: list[Any], budget: _FigureBudget
) -> tuple[list[Plain], list[Plain]]:
    """Return the curves and the fields of an Axes, in the order in which they are drawn."""
    labels = _safe(lambda: _labels_of_containers(axes), {})
    curves: list[Plain] = []
    fields: list[Plain] = []
    for order, artist in enumerate(children):
        found = ((curve, field) for kind, curve, field in _READERS if isinstance(artist, kind))
        as_curve, as_field = next(found, (None, None))
        more = {"order": order, "visible": _is_visible(artist)}
        if as_curve is not None:
            for curve in budget.read("curves", partial(as_curve, artist, axes, budget)):
                label = labels.get(id(artist), curve["label"])
                curves.append({**curve, **more, "label": label})
        if as_field is not None:
            for field in budget.read("fields", partial(as_field, artist, axes, budget)):
                fields.append({**field, **more})
    for container in _safe(lambda: list(axes.containers), [])[:MAX_CHILDREN]:
        if isinstance(container, BarContainer):
            curves += budget.read("curves", partial(_read_bars, container, axes, budget))
        elif isinstance(container, ErrorbarContainer) and container.lines[0] is None:
            curves += budget.read("curves", partial(_read_bare_bars, container, axes, budget))
    for curve in curves:
        curve["label"] = budget.text(curve["label"])
    return curves, fields


def _labels_of_containers(axes: Any) -> dict[int, str]:
    """Return the labels of error bars' lines; matplotlib stores the labels in containers."""
    found = {}
    for container in axes.containers:
        if isinstance(container, ErrorbarContainer) and container.lines[0] is not None:
            found[id(container.lines[0])] = _text(container.get_label())
    return found


# --- Curves ---------------------------------------------------------------------------------------


def _curve(kind: str, artist: Any, points: Any, budget: _FigureBudget, **more: Any) -> Plain:
    points = _floats(points)
    rows = budget.rows(len(points), "coordinates", points.shape[1])
    return {
        "kind": kind,
        "label": _text(_safe(artist.get_label, "")),
        "points": points[rows],
        "thinned": len(rows) < len(points),
        "visible": _is_visible(artist),
        "line": "None",
        "width": 0.0,
        "marker": "None",
        "size": 0.0,
        "inks": [],
        "order": 0,
        **more,
    }


def _read_line(line: Any, axes: Any, budget: _FigureBudget) -> Plain | None:
    if isinstance(line, AxLine):
        # an AxLine has no ends: take the points where it crosses the limits of the axes
        on_screen = line.get_transform().transform([(0, 0), (1, 1)])
        points = axes.transData.inverted().transform(on_screen)
    elif hasattr(line, "get_data_3d"):
        points = np.column_stack([_floats(part).ravel() for part in line.get_data_3d()])
    elif _in_data(line, axes):
        points = np.column_stack([line.get_xdata(orig=False), line.get_ydata(orig=False)])
    else:
        return None
    style = _line_style(line)
    if style["line"] == "None":
        points = _safe(lambda: _with_markers(line.get_markevery(), points), points)
    return _curve("line", line, points, budget, **style)


def _with_markers(every: Any, points: np.ndarray) -> np.ndarray:
    """Return the points that have a marker if matplotlib's `markevery` is `every`.

    If `every` is a float, which means a distance on the screen, return all points.
    """
    if isinstance(every, int | np.integer) and not isinstance(every, bool):
        return points[:: int(every)]
    if isinstance(every, tuple) and len(every) == 2:
        start, step = every
        return points[start::step] if isinstance(step, int | np.integer) else points
    if isinstance(every, slice):
        return points[every]
    return np.asarray(points[np.asarray(every)] if isinstance(every, list | np.ndarray) else points)


def _read_markers(markers: Any, axes: Any, budget: _FigureBudget) -> Plain | None:
    solid = getattr(markers, "_offsets3d", None)
    if solid is not None:
        points = np.column_stack(np.broadcast_arrays(*(_floats(part).ravel() for part in solid)))
    elif _contains(markers.get_offset_transform(), axes):
        points = _floats(markers.get_offsets()).reshape(-1, 2)
    else:
        return None
    return _curve("points", markers, points, budget, **_marker_style(markers))


def _read_segments(lines: Any, axes: Any, budget: _FigureBudget) -> Plain | None:
    segments = _segments(lines)
    if not segments or not (hasattr(lines, "_segments3d") or _in_data(lines, axes)):
        return None
    points = np.concatenate(segments)
    return _curve("segments", lines, points, budget, **_segment_style(lines))


def _segments(lines: Any) -> list[np.ndarray]:
    """Return the points of each segment.

    Until a figure is drawn, matplotlib keeps the points of 3D segments only in private data.
    """
    solid = getattr(lines, "_segments3d", None)
    segments, size = (lines.get_segments(), 2) if solid is None else (solid, 3)
    return [_floats(segment).reshape(-1, size) for segment in segments]


def _read_outline(patch: Any, axes: Any, budget: _FigureBudget) -> Plain | None:
    if not _in_data(patch, axes):
        return None
    points = patch.get_patch_transform().transform(patch.get_path().vertices)
    return _curve("outline", patch, points, budget, line="-", **_patch_style(patch))


def _read_bars(container: Any, axes: Any, budget: _FigureBudget) -> Plain:
    upright = getattr(container, "orientation", "vertical") != "horizontal"
    ends = []
    for bar in container.patches:
        (x, y), width, height = bar.get_xy(), bar.get_width(), bar.get_height()
        ends.append((x + width / 2, y + height) if upright else (x + width, y + height / 2))
    colors = [bar.get_facecolor() for bar in container.patches[:MAX_INKS]]
    shown = any(bar.get_visible() for bar in container.patches) and bool(axes.get_visible())
    points, inks = np.reshape(ends, (-1, 2)), _inks(colors, None)
    return _curve("bars", container, points, budget, visible=shown, inks=inks)


def _read_bare_bars(container: Any, axes: Any, budget: _FigureBudget) -> Plain:
    """Return error bars without a line as a curve through the middles of the bars."""
    (bars,) = (part for part in container.lines[2][:1])
    middles = [np.mean(segment, axis=0) for segment in _segments(bars) if len(segment)]
    read = _read_segments(bars, axes, budget) or {}
    more = {key: read[key] for key in ("line", "width", "inks") if key in read}
    label = _text(container.get_label())
    shown = bool(bars.get_visible())
    return _curve("line", bars, middles, budget, **more) | {"label": label, "visible": shown}


# --- Styles ---------------------------------------------------------------------------------------


def _line_style(line: Any) -> Plain:
    stroke, marker = str(line.get_linestyle()), str(line.get_marker())
    width, size = _number(line.get_linewidth()), _number(line.get_markersize())
    has_stroke, has_marker = _is_drawn(stroke) and width > 0, _is_drawn(marker) and size > 0
    colors = [line.get_color()] if has_stroke else []
    if has_marker:
        colors += [line.get_markerfacecolor()]
        colors += [line.get_markeredgecolor()] if line.get_markeredgewidth() > 0 else []
    return {
        "line": _text(stroke)[:MAX_STYLE] if has_stroke else "None",
        "width": width,
        "marker": _text(marker)[:MAX_STYLE] if has_marker else "None",
        "size": size,
        "inks": _inks(colors, line.get_alpha()),
    }


def _marker_style(markers: Any) -> Plain:
    if markers.get_array() is not None:
        markers.update_scalarmappable()
    sizes = _floats(markers.get_sizes())
    colors = _marker_colors(markers) if (sizes > 0).any() else []
    paths = markers.get_paths()
    return {
        "marker": _markers().get(_shape(paths[0]), "path") if len(paths) == 1 else "path",
        "size": _number(np.sqrt(sizes.max(initial=0.0))),
        "inks": _inks(colors, None),
    }


def _marker_colors(markers: Any) -> list[Any]:
    """Return the colours that the student set; drawing fades the colours of distant markers."""
    faces = PathCollection.get_facecolor(markers)
    like_faces = isinstance(markers._edgecolors, str)
    return [*faces, *(() if like_faces else PathCollection.get_edgecolor(markers))]


@cache
def _markers() -> dict[bytes, str]:
    """Return matplotlib's marker names by shape, because a scatter plot stores only shapes."""
    found: dict[bytes, str] = {}
    for name in MarkerStyle.markers:
        style = MarkerStyle(name)
        path = style.get_path().transformed(style.get_transform())
        found.setdefault(_shape(path), str(name))
    return found


def _shape(path: Any) -> bytes:
    return np.asarray(path.vertices, dtype=np.float64).round(6).tobytes()


def _segment_style(lines: Any) -> Plain:
    width = _floats(lines.get_linewidth()).ravel().max(initial=0.0)
    return {"line": "-", "width": _number(width), "inks": _inks(list(lines.get_color()), None)}


def _patch_style(patch: Any) -> Plain:
    width = _number(patch.get_linewidth())
    colors = [patch.get_edgecolor()] if width > 0 else []
    colors += [patch.get_facecolor()] if patch.get_fill() else []
    return {"width": width, "inks": _inks(colors, None)}


# --- Fields ---------------------------------------------------------------------------------------


def _field(
    kind: str, artist: Any, samples: Any, budget: _FigureBudget, *, levels: int = 0, half: Any = 0.0
) -> Plain | None:
    """Return a field as samples (x, y, smallest, largest value), or None if no sample is finite."""
    samples = _floats(samples)
    halves = np.broadcast_to(_floats(half), (len(samples), 2))
    whole = np.isfinite(samples[:, :2]).all(axis=1) & ~np.isnan(samples).any(axis=1)
    samples, halves = samples[whole], halves[whole]
    if not len(samples):
        return None
    rows = budget.rows(len(samples), "samples")
    if not len(rows):
        budget.unread += 1
        return None
    alpha = _safe(artist.get_alpha, None)
    return {
        "kind": kind,
        "samples": samples[rows],
        "half": halves[rows].copy(),
        "levels": int(levels),
        "thinned": len(rows) < len(samples),
        "visible": _is_visible(artist),
        "alpha": 1.0 if alpha is None else _number(np.max(alpha)),
        "order": 0,
    }


def _read_mesh(mesh: Any, axes: Any, budget: _FigureBudget) -> Plain | None:
    corners, values = _floats(mesh.get_coordinates()), _values(mesh)
    if values is None or not _in_data(mesh, axes):
        return None
    values = values.reshape(-1)
    if values.size == corners.shape[0] * corners.shape[1]:
        places, half = corners.reshape(-1, 2), np.zeros(2)
    else:
        quads = np.stack([corners[:-1, :-1], corners[1:, :-1], corners[:-1, 1:], corners[1:, 1:]])
        quads = quads.reshape(4, -1, 2)
        places, half = quads.mean(axis=0), np.ptp(quads, axis=0) / 2
    return _field("mesh", mesh, np.column_stack([places, values, values]), budget, half=half)


def _read_image(image: Any, axes: Any, budget: _FigureBudget) -> Plain | None:
    values = _values(image)
    if values is None or values.ndim != 2 or not _in_data(image, axes):
        return None
    edges = [_floats(part) for part in _pixel_edges(image, *values.shape)]
    x, y = ((part[1:] + part[:-1]) / 2 for part in edges)
    halves = [np.abs(np.diff(part)) / 2 for part in edges]
    places = np.column_stack([part.ravel() for part in np.meshgrid(x, y)])
    half = np.column_stack([part.ravel() for part in np.meshgrid(*halves)])
    samples = np.column_stack([places, values.ravel(), values.ravel()])
    return _field("image", image, samples, budget, half=half)


def _pixel_edges(image: Any, rows: int, columns: int) -> Iterable[Any]:
    """Return the edges of an image's columns and rows."""
    own = [np.asarray(getattr(image, name, ())) for name in ("_Ax", "_Ay")]
    if isinstance(image, PcolorImage):
        return own
    if isinstance(image, NonUniformImage):  # the data of this type are the middles of the pixels
        return (np.concatenate([m[:1], (m[1:] + m[:-1]) / 2, m[-1:]]) for m in own)
    left, right, bottom, top = map(float, image.get_extent())
    first, last = (top, bottom) if image.origin == "upper" else (bottom, top)
    return np.linspace(left, right, columns + 1), np.linspace(first, last, rows + 1)


def _read_contours(contours: Any, axes: Any, budget: _FigureBudget) -> Plain | None:
    """Return contours as a field: a line shows one level, and a band shows a range of values."""
    edges = _floats(contours.levels)
    if contours.filled:  # there may be a band below the first level or above the last level
        below = [-np.inf] * (contours.extend in ("min", "both"))
        edges = np.array([*below, *edges, *[np.inf] * (contours.extend in ("max", "both"))])
    bands = list(pairwise(edges) if contours.filled else zip(edges, edges, strict=True))
    samples = [np.empty((0, 4))]
    used = 0
    for (low, high), places in zip(bands, _contour_places(contours), strict=False):
        used += bool(len(places))
        samples.append(np.column_stack([places, np.full((len(places), 2), (low, high))]))
    kind = "filled contours" if contours.filled else "contours"
    flat = hasattr(contours, "do_3d_projection") or _in_data(contours, axes)
    return _field(kind, contours, np.concatenate(samples), budget, levels=used) if flat else None


def _contour_places(contours: Any) -> Iterator[np.ndarray]:
    solid = getattr(contours, "_3dverts_codes", None)
    if solid is not None:  # drawing replaces 3D paths by projected paths
        lines = [_without_ends(_floats(line).reshape(-1, 3), codes) for line, codes in solid]
        # contours on a side wall of the axes are skipped
        if all(np.ptp(line[:, 2]) == 0 for line in lines if len(line)):
            yield from (line[:, :2] for line in lines)
        return
    for path in contours.get_paths():
        yield _without_ends(_floats(path.vertices).reshape(-1, 2), path.codes)


def _without_ends(vertices: np.ndarray, codes: Any) -> np.ndarray:
    """Return the vertices of a path without closing vertices, whose position has no meaning."""
    return vertices if codes is None else vertices[np.asarray(codes) != Path.CLOSEPOLY]


def _read_surface(surface: Any, budget: _FigureBudget) -> Plain | None:
    vertices = _surface_vertices(surface)
    vertices = np.unique(vertices[np.isfinite(vertices).all(axis=1)], axis=0)
    return _field("surface", surface, vertices[:, [0, 1, 2, 2]], budget)


def _surface_vertices(surface: Any) -> np.ndarray:
    """Return the corners of a surface's faces.

    matplotlib pads faces of unequal length with uninitialised memory, and marks the padding and
    masked corners as invalid. Before version 3.10, matplotlib kept one list of all corners, without
    padding.
    """
    if getattr(surface, "_vec", None) is not None:
        return _floats(surface._vec)[:3].T
    faces = _floats(surface._faces)
    drawn = ~np.broadcast_to(getattr(surface, "_invalid_vertices", False), faces.shape[:2])
    paths = getattr(surface, "_codes3d", None)
    for face, codes in enumerate(() if paths is None else paths):
        drawn[face, : len(codes)] &= np.asarray(codes) != Path.CLOSEPOLY
    return np.asarray(faces[drawn])


def _read_wires(lines: Any, _axes: Any, budget: _FigureBudget) -> Plain | None:
    if not hasattr(lines, "_segments3d") or not len(lines._segments3d):
        return None
    vertices = np.concatenate(_segments(lines))
    vertices = vertices[np.isfinite(vertices).all(axis=1)]
    return _field("surface", lines, vertices[:, [0, 1, 2, 2]], budget)


def _read_polygons(cells: Any, axes: Any, budget: _FigureBudget) -> Plain | None:
    """Return a surface, or a set of polygons with a colour scale, as a field."""
    if hasattr(cells, "do_3d_projection"):
        return _read_surface(cells, budget)
    values = _values(cells)
    if values is None or not _contains(cells.get_transform(), axes):
        return None
    boxes = [path.get_extents().get_points() for path in cells.get_paths()]
    offsets = _floats(cells.get_offsets()).reshape(-1, 1, 2)
    if len(boxes) == 1 and len(offsets) == values.size:  # one shape in many places (`hexbin`)
        boxes = [*(boxes[0] + offsets)]
    if len(boxes) != values.size:  # masked cells have a value, but no polygon
        return _read_mesh(cells, axes, budget) if isinstance(cells, PolyQuadMesh) else None
    low, high = np.moveaxis(np.array(boxes), 1, 0)
    values = values.ravel()
    samples = np.column_stack([(low + high) / 2, values, values])
    return _field("mesh", cells, samples, budget, half=(high - low) / 2)


def _read_triangles(mesh: Any, _axes: Any, budget: _FigureBudget) -> Plain | None:
    values, corners = _values(mesh), mesh._triangulation
    if values is None:
        return None
    drawn = np.unique(corners.get_masked_triangles())
    samples = np.column_stack([corners.x, corners.y, values.ravel(), values.ravel()])
    return _field("mesh", mesh, samples[drawn], budget)


def _read_coloured_markers(markers: Any, axes: Any, budget: _FigureBudget) -> Plain | None:
    """Return many markers with a colour scale as a field; the markers are also read as a curve."""
    values = _values(markers)
    transform = markers.get_offset_transform()
    if values is None or hasattr(markers, "_offsets3d") or not _contains(transform, axes):
        return None
    places = _floats(markers.get_offsets()).reshape(-1, 2)
    if len(places) < 50 or len(places) != values.size:
        return None
    samples = np.column_stack([places, values.ravel(), values.ravel()])
    return _field("coloured markers", markers, samples, budget)


_READERS: tuple[tuple[type, _Reader | None, _Reader | None], ...] = (
    (Line2D, _read_line, None),
    (ContourSet, None, _read_contours),
    (PathCollection, _read_markers, _read_coloured_markers),
    (LineCollection, _read_segments, _read_wires),
    (QuadMesh, None, _read_mesh),
    (TriMesh, None, _read_triangles),
    (PolyCollection, None, _read_polygons),
    (AxesImage, None, _read_image),
    (Polygon, _read_outline, None),
)
"""Types of artists, each with its readers for a curve and for a field; the first match is used."""

# --- Small things ---------------------------------------------------------------------------------


def _safe(get: Callable[[], Any], default: Any) -> Any:
    """Return the result of `get`, or the default if `get` fails."""
    try:
        return get()
    except Exception:
        return default


def _is_visible(artist: Any) -> bool:
    return bool(_safe(lambda: artist.get_visible(), False))


def _is_legible(text: Any) -> bool:
    """Return whether a text is visible, not transparent, and large enough to be read."""

    def read() -> bool:
        color = to_rgba_array(text.get_color(), text.get_alpha())
        return bool(text.get_fontsize() > 1 and color[0, 3] > 0)

    return _is_visible(text) and bool(_safe(read, True))


def _number(value: Any) -> float:
    """Return the value as a float, or 0 if the value is not finite."""
    return float(value) if np.isfinite(value) else 0.0


def _floats(values: Any) -> np.ndarray:
    """Return the values as an array of floats, with NaN for masked values."""
    masked = np.ma.asarray(values)
    plain: np.ndarray = np.ma.filled(masked.astype(np.float64), np.nan)
    return plain


def _values(mappable: Any) -> np.ndarray | None:
    values = mappable.get_array()
    return None if values is None or np.ndim(values) > 2 else _floats(values)


def _in_data(artist: Any, axes: Any) -> bool:
    return _contains(artist.get_transform(), axes)


def _contains(transform: Any, axes: Any) -> bool:
    """Return whether a transform uses data coordinates in both directions."""
    return all(transform.contains_branch_seperately(axes.transData))


def _is_drawn(style: str) -> bool:
    return style.strip().lower() not in ("", "none")


def _inks(colors: list[Any], alpha: Any) -> list[list[float]]:
    """Return the different colours as RGBA, without repetitions."""
    found: dict[tuple[float, ...], None] = {}
    for color in colors[: 4 * MAX_INKS]:
        for rgba in _safe(partial(to_rgba_array, color, alpha), ()):
            found[tuple(round(float(part), 4) for part in rgba)] = None
    return [list(color) for color in found][:MAX_INKS]


def _read_legends(legends: Iterable[Any], budget: _FigureBudget) -> list[Plain]:
    """Return the entries of the legends: each text with the style of its handle."""
    visible = [legend for legend in legends if _is_visible(legend)]
    pairs = [pair for each in visible for pair in _safe(partial(_entries, each), [])]
    read = [
        entry
        for text, handle in pairs
        for entry in budget.read("entries", partial(_entry, text, handle, budget))
    ]
    return [entry for entry in read if entry["text"].strip()]


def _entries(legend: Legend) -> list[tuple[Any, Any]]:
    """Return each text of a legend with its handle; the title has no handle."""
    texts = legend.get_texts()
    # a legend shows neither a text nor a handle for an artist of an unknown type
    handles: list[Any] = [handle for handle in legend.legend_handles if handle is not None]
    if len(handles) != len(texts):  # student code changed the legend
        handles = [None] * len(texts)
    return [(legend.get_title(), None), *zip(texts, handles, strict=True)]


def _entry(text: Any, handle: Any, budget: _FigureBudget) -> Plain:
    """Return a legend's text with the style of its handle, if the style can be read."""
    style = next((read for kind, read in _HANDLES if isinstance(handle, kind)), None)
    found = _safe(partial(style, handle), {}) if style else {}
    words = budget.text(text.get_text()) if _is_legible(text) else ""
    plain = {"line": "None", "marker": "None", "inks": []}
    return {"text": words, **{key: found.get(key, plain[key]) for key in plain}}


_HANDLES: tuple[tuple[type, Callable[[Any], Plain]], ...] = (
    (Line2D, _line_style),
    (PathCollection, _marker_style),
    (LineCollection, _segment_style),
    (Patch, _patch_style),
)


def _texts(texts: Iterable[Any], budget: _FigureBudget) -> list[str]:
    """Return the legible texts; texts beyond the limit count as unread."""
    words = (_text(_safe(text.get_text, "")) for text in texts if _is_legible(text))
    said = [word for word in words if word.strip()]
    kept = budget.take("texts", len(said))
    budget.unread += len(said) - kept
    return [budget.text(word) for word in said[:kept]]


def _first_text(getters: Iterable[Callable[[], Any]]) -> str:
    return next((text for get in getters if (text := _text(_safe(get, ""))).strip()), "")


def _text(value: Any) -> str:
    """Return the value as a string of bounded length, without control characters."""
    text = value if type(value) is str else str(value)
    return re.sub(r"[\x00-\x1f\x7f]|[\ud800-\udfff]", " ", text)[:MAX_TEXT]

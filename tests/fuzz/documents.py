"""Faulty figures, notebooks and Reports: good ones with parts changed at random."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np

from autograder.grading.report import (
    CellFault,
    Claim,
    DroppedPicture,
    ItemReport,
    NotebookReport,
    Report,
)
from tests.submission import forms

from . import frames
from .source import one_of

Junk = Callable[[random.Random], Any]


def spoil(document: Any, rng: random.Random, junk: Junk, changes: int) -> Any:
    """Return the document with some parts replaced, removed, repeated or exchanged."""
    for _ in range(changes):
        places = list(_places(document))
        if not places:
            return junk(rng)
        holder, name = rng.choice(places)
        kind = rng.randrange(6)
        if kind == 0:
            del holder[name]
        elif kind == 1 and isinstance(holder, list):
            holder[name:name] = [holder[name]] * rng.choice([1, 2, 30])
        elif kind == 2 and isinstance(holder, dict):
            holder[frames.text(rng)] = holder[name]
        elif kind == 3:
            other, at = rng.choice(places)
            if not _holds(holder[name], other):
                other[at] = holder[name]
        else:
            holder[name] = junk(rng)
    return document


def _places(document: Any) -> list[tuple[Any, Any]]:
    """Return every part of the document, as its container and its place in the container."""
    found: list[tuple[Any, Any]] = []
    waiting = [document]
    while waiting and len(found) < 2_000:
        holder = waiting.pop()
        if isinstance(holder, (dict, list)):
            names = list(holder) if isinstance(holder, dict) else range(len(holder))
            found += [(holder, name) for name in names]
            waiting += [holder[name] for name in names]
    return found


def _holds(part: Any, other: Any) -> bool:
    return any(part is other or holder is other for holder, _ in _places(part)) or part is other


# figures


def numbers(rng: random.Random, columns: int) -> np.ndarray:
    """Return a table as the figure reader sends it, sometimes with forbidden values."""
    rows = rng.choice([0, 1, 2, 5])
    columns = columns if rng.random() < 0.9 else rng.randrange(6)
    values = [rng.choice([*frames.FLOATS, 1.0, 2.0, 3.0]) for _ in range(rows * columns)]
    with np.errstate(over="ignore"):
        table = np.array(values).astype(rng.choice(["f8", "f8", "f4", "c16"]))
    return table.reshape(rows, columns)


def colours(rng: random.Random) -> list[Any]:
    """A list of colours."""
    return [[rng.choice([0.0, 0.5, 1.0]) for _ in range(4)] for _ in range(rng.randrange(3))]


def entry(rng: random.Random) -> dict[str, Any]:
    """A legend's entry."""
    return {"text": frames.text(rng)[:99], "line": "-", "marker": "o", "inks": colours(rng)}


def curve(rng: random.Random) -> dict[str, Any]:
    """A curve."""
    return {
        "kind": rng.choice(["line", "points", "segments", "bars"]),
        "label": rng.choice(["", "_hidden", "GD"]),
        "points": numbers(rng, 2),
        "thinned": False,
        "visible": True,
        "line": "-",
        "width": 1.5,
        "marker": "None",
        "size": 6.0,
        "inks": [[0.1, 0.2, 0.3, 1.0]],
        "order": rng.randrange(5),
    }


def field(rng: random.Random) -> dict[str, Any]:
    """Return an image, a mesh, contours or a surface."""
    rows = rng.randrange(1, 4)
    return {
        "kind": rng.choice(["image", "mesh", "contours", "surface"]),
        "samples": np.array([[rng.uniform(-9, 9) for _ in range(4)] for _ in range(rows)]),
        "half": np.array(
            [[rng.choice([0.5, 0.0, -1.0, 1e308]) for _ in "xy"] for _ in range(rows)]
        ),
        "levels": 3,
        "thinned": False,
        "visible": True,
        "alpha": rng.choice([1.0, 0.5, -7.0]),
        "order": rng.randrange(5),
    }


def axes(rng: random.Random) -> dict[str, Any]:
    """Return axes with a few drawn artists."""
    kind = rng.choice(["plane", "plane", "3d", "other"])
    names = 3 if kind == "3d" else 2
    return {
        "kind": kind,
        "visible": True,
        "colorbar": rng.random() < 0.1,
        "title": "a title",
        "labels": ["x"] * names,
        "scales": [rng.choice(["linear", "log"]) for _ in range(names)],
        "limits": [[rng.choice([0.0, -1.0, 1e308]), rng.choice([1, -2.0])] for _ in range(names)],
        "ticks": [[[1.0, "one"]], []],
        "background": colours(rng)[:1],
        "legend": [entry(rng) for _ in range(rng.randrange(2))],
        "texts": ["text"],
        "curves": [curve(rng) for _ in range(rng.randrange(3))],
        "fields": [field(rng) for _ in range(rng.randrange(2))],
    }


def figure(rng: random.Random) -> Any:
    """Return the figure reader's messages, spoilt."""
    record = {
        "title": "",
        "legend": [entry(rng) for _ in range(rng.randrange(2))],
        "texts": [],
        "axes": [axes(rng) for _ in range(rng.randrange(3))],
        "unread": 0,
    }
    return spoil(record, rng, _figure_junk, rng.choice([0, 1, 1, 2, 5]))


def _figure_junk(rng: random.Random) -> Any:
    makers = [frames.value, frames.value, lambda rng: numbers(rng, rng.randrange(5)), colours]
    return one_of(rng, [*makers, lambda _: 10**400, lambda _: float("nan"), lambda _: "x" * 301])


# notebooks


def notebook(rng: random.Random) -> bytes:
    """Return a notebook file: a filled notebook, spoilt as JSON and then as bytes."""
    document = json.loads(_NOTEBOOKS[rng.randrange(len(_NOTEBOOKS))])
    document = spoil(document, rng, _notebook_junk, rng.choice([0, 1, 3, 10]))
    content = bytearray(
        json.dumps(document, ensure_ascii=rng.random() < 0.5), "utf-8", "surrogatepass"
    )
    if rng.random() < 0.1:
        depth = rng.choice([100, 5_000, 100_000])
        content += b"[" * depth + b"]" * depth
    for _ in range(rng.choice([0, 0, 0, 1, 3])):
        at = rng.randrange(len(content) + 1)
        content[at : at + rng.randrange(3)] = rng.choice(
            [b"", b"\0", b"\xff", b"{", b'"', b"1e999"]
        )
    if rng.random() < 0.05:
        return content.decode("utf-8", "replace").encode(rng.choice(["utf-16", "utf-32", "utf-7"]))
    return bytes(content)


_NOTEBOOKS = [
    json.dumps(forms.filled()),
    json.dumps(forms.valley()),
    json.dumps({"nbformat": 3, "worksheets": [{"cells": [{"cell_type": "code", "input": "x"}]}]}),
]


def _notebook_junk(rng: random.Random) -> Any:
    names = ["v-slope-answer", "v-proof", "v-setup", "extra-1", "cell-1", "code", "markdown", "raw"]
    sources = ["def slope(x): pass", "value = 1", "\ud800", "\r\n" * 9, "a , " * 40, "x" * 600_000]
    picture = {"image/png": rng.choice(["aGk=", " " * 30_000 + "!", ["a", "b"], "\ud800"])}
    makers: list[Junk] = [
        lambda rng: rng.choice(names),
        lambda rng: rng.choice(sources),
        lambda rng: {"nbgrader": {"grade_id": rng.choice(names), "locked": True}},
        lambda _: {"photo.png": picture, "\ud800": picture},
        _json_junk,
    ]
    return one_of(rng, makers)


def _json_junk(rng: random.Random) -> Any:
    makers: list[Junk] = [
        lambda _: None,
        lambda rng: rng.random() < 0.5,
        frames.whole,
        lambda rng: rng.choice(frames.FLOATS),
        lambda rng: rng.choice([*frames.WORDS, "", "\ud800", "\0", "x" * 300]),
        lambda rng: [_json_junk(rng) for _ in range(rng.randrange(3))],
        lambda rng: {frames.text(rng): _json_junk(rng) for _ in range(rng.randrange(3))},
        lambda _: 10**4299,
    ]
    return one_of(rng, makers)


# Reports


@cache
def good_report() -> str:
    """Return a Report as JSON, with a value in every field."""
    claim = Claim(
        "It is right.", passed=False, message="It is not.", part="b", costs=0.25, note="n"
    )
    item = ItemReport(
        "auto", "p", 1.5, 2, bonus=True, outcome="marked", claims=(claim,), message="m"
    )
    fault = CellFault(3, "ValueError", line=2, source="x", item=None)
    dropped = (DroppedPicture("a.heic", "is HEIC.", "p.ipynb", 4, "i"),)
    notebook = NotebookReport(
        "marked", notes=("a note",), faults=(fault, CellFault(1, "timeout")), dropped=dropped
    )
    walls = {"outer": True, "inner": {"landlock": 4}, "level": "both"}
    report = Report(
        "hw2", "anna", 7, "full", walls, 1.5, 2, 0.0, 1.0, {"p": notebook}, {"i": item}, ("note",)
    )
    return report.to_json()


def report(rng: random.Random) -> str:
    """Return a Report's text, spoilt as JSON and then as text."""
    document = spoil(json.loads(good_report()), rng, _json_junk, rng.choice([0, 1, 1, 3]))
    content = json.dumps(document, ensure_ascii=rng.random() < 0.5)
    for _ in range(rng.choice([0, 0, 0, 1, 3])):
        at = rng.randrange(len(content) + 1)
        put = rng.choice(["", "\0", '"', "[" * 3_000, "NaN", "1e999", "9" * 5_000, "\\ud800"])
        content = content[:at] + put + content[at + rng.randrange(3) :]
    return content

"""Draw docs/layers.svg: the kit's layers and the imports between them, read from the code.

After a change of the structure, run `python docs/layers.py`; a test fails if the picture is
out of date. The layers are in the order that import-linter enforces (pyproject.toml).
"""

from __future__ import annotations

import ast
import tomllib
from collections import Counter
from pathlib import Path
from xml.sax.saxutils import escape

import grimp

ROOT = Path(__file__).parents[1]
PICTURE = Path(__file__).with_name("layers.svg")
PACKAGE = "autograder"

ROW, CELL, LEFT, TOP = 34, 40, 640, 120
BLUE, PALE, INK, GREY = "#0072B2", "#f2f5f8", "#1c2733", "#5b6875"


def layers() -> list[str]:
    """Return the kit's packages and modules from the highest layer to the lowest."""
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    [contract] = [c for c in settings["tool"]["importlinter"]["contracts"] if c["id"] == "layers"]
    return [name.strip() for row in contract["layers"] for name in row.split("|")]


def summary(layer: str) -> str:
    """Return the first sentence of the docstring of the package or module."""
    place = ROOT / PACKAGE / layer
    path = place / "__init__.py" if place.is_dir() else place.with_suffix(".py")
    text = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""
    return text.partition("\n\n")[0].replace("\n", " ").replace("`", "")


def imports() -> Counter[tuple[str, str]]:
    """Return, for each pair of layers, how many modules of the first import the second."""
    graph = grimp.build_graph(PACKAGE)
    pairs = Counter[tuple[str, str]]()
    for module in graph.modules:
        parts = module.split(".")
        if len(parts) > 1:
            used = {
                i.split(".")[1] for i in graph.find_modules_directly_imported_by(module) if "." in i
            }
            pairs.update((parts[1], layer) for layer in used - {parts[1]})
    return pairs


def draw() -> str:
    """Return the SVG picture: a row for each layer, with blue cells for the layers it imports."""
    names, pairs = layers(), imports()
    width, height = LEFT + CELL * len(names) + 20, TOP + ROW * len(names) + 20
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" '
        f'font-family="Helvetica, Arial, sans-serif" font-size="14" fill="{INK}">',
        f'<rect width="{width}" height="{height}" fill="white"/>',
        '<text x="16" y="34" font-size="18" font-weight="bold">Imports run down</text>',
        f'<text x="16" y="58" fill="{GREY}">Each number counts the modules of the row that import '
        "something from the column.</text>",
    ]
    for row, name in enumerate(names):
        y = TOP + ROW * row
        if row % 2 == 0:
            parts.append(f'<rect x="8" y="{y}" width="{width - 16}" height="{ROW}" fill="{PALE}"/>')
        parts.append(f'<text x="16" y="{y + 22}" font-weight="bold">{name}</text>')
        parts.append(f'<text x="112" y="{y + 22}" font-size="12">{escape(summary(name))}</text>')
        turned = f"translate({LEFT + CELL * row + CELL / 2 + 5} {TOP - 8}) rotate(-55)"
        parts.append(f'<text transform="{turned}" font-size="13">{name}</text>')
        parts.append(cell(row, y, GREY))
        for column, used in enumerate(names):
            if count := pairs[name, used]:
                parts.append(cell(column, y, BLUE, str(count)))
    return "\n".join([*parts, "</svg>", ""])


def cell(column: int, y: int, colour: str, text: str = "") -> str:
    """Return one cell of the table."""
    x = LEFT + CELL * column
    return (
        f'<rect x="{x + 4}" y="{y + 4}" width="{CELL - 8}" height="{ROW - 8}" rx="4" '
        f'fill="{colour}"/><text x="{x + CELL / 2:g}" y="{y + 22}" fill="white" '
        f'text-anchor="middle">{text}</text>'
    )


if __name__ == "__main__":
    PICTURE.write_text(draw(), encoding="utf-8")

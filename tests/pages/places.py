"""Every place of a submission that a student can write to, filled with texts that act."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterable, Sequence
from copy import deepcopy
from dataclasses import replace
from typing import Any

from nbformat import NotebookNode

from autograder.grading.mark import Marking
from autograder.grading.report import CellFault, Claim, ItemReport, NotebookReport, Report

from .payloads import Payload

MIMES = (
    "text/html", "image/svg+xml", "text/markdown", "text/latex", "text/plain", "application/pdf",
    "application/javascript", "application/json", "application/vnd.jupyter.widget-view+json",
    "application/vnd.jupyter.widget-state+json", "application/vnd.plotly.v1+json",
    "application/vnd.vegalite.v5+json", "application/geo+json", "text/vnd.mermaid", "image/png",
    "image/jpeg", "image/gif", "image/webp", "text/x-unknown",
)  # fmt: skip

CELL_PLACES = (
    "markdown cell", "raw cell", "code", "cell metadata", "attachment name", "attachment as svg",
    "attachment as png", "picture's words", "stdout", "stderr", "error name", "error value",
    "traceback", "display metadata",
    *(f"output {mime}" for mime in MIMES), *(f"result {mime}" for mime in MIMES),
)  # fmt: skip

NOTEBOOK_PLACES = ("title", "kernel", "language", "widgets")

REPORT_PLACES = (
    "notebook message", "notebook note", "error of a cell", "line of a cell", "item message",
    "claim", "claim message", "claim note", "diagnosis", "found in a figure", "student's name",
)  # fmt: skip

PLACES = (*CELL_PLACES, *NOTEBOOK_PLACES, *REPORT_PLACES, "proof")
NUMBER = {place: number for number, place in enumerate(PLACES)}
WIDTH = 100
"""A text's number is its payload's number times this width, plus the number of its place."""


SHOWN_AS_HTML = ("markdown cell", "output text/html")

Choice = Callable[[int, str], bool]
"""Function that says, for a payload's number and a place, whether the payload goes there."""


class Arms:
    """The payloads with their numbers; the payloads' addresses lead to one canary."""

    def __init__(self, payloads: Sequence[Payload], canary: str) -> None:
        self.payloads = payloads
        self._canary = canary

    def text(self, payload: Payload, place: str) -> str:
        number = self.payloads.index(payload) * WIDTH + NUMBER[place]
        return payload.armed(number, self._canary)

    def told(self, numbers: Iterable[int]) -> list[str]:
        """Describe each number by its payload and place."""
        return sorted(
            f"{self.payloads[n // WIDTH].name} in {PLACES[n % WIDTH]}"
            for n in numbers
            if n // WIDTH < len(self.payloads) and n % WIDTH < len(PLACES)
        )

    def names(self, numbers: Iterable[int]) -> set[str]:
        """Return the names of the payloads with these numbers."""
        return {self.payloads[n // WIDTH].name for n in numbers if n // WIDTH < len(self.payloads)}


def everywhere(_payload: int, _place: str) -> bool:
    """Put each payload into each place."""
    return True


def here_and_there(payload: int, place: str) -> bool:
    """Put each payload into each place that is shown as HTML, and into some other places."""
    return place in SHOWN_AS_HTML or (payload + NUMBER[place]) % 5 == 0


def thinly(payload: int, place: str) -> bool:
    """Put each payload into a text (a third of them as HTML), and some payloads elsewhere."""
    every = {"markdown cell": 1, "output text/html": 3}.get(place, 25)
    return (payload + NUMBER[place]) % every == 0


def cells(arms: Arms, payload: Payload, chosen: Choice = everywhere) -> list[NotebookNode]:
    """Return cells with the payload in the chosen places; a cleaned notebook never has such cells.

    A cell is left out if none of its places is chosen.
    """

    def text(place: str) -> str:
        number = arms.payloads.index(payload)
        return arms.text(payload, place) if chosen(number, place) else ""

    def cell(kind: str, source: str, **more: object) -> NotebookNode:
        node: NotebookNode = NotebookNode(
            cell_type=kind, id=f"c{arms.payloads.index(payload)}-{len(made)}", source=source,
            metadata=NotebookNode(), **more,
        )  # fmt: skip
        made.append(node)
        return node

    made: list[NotebookNode] = []
    if words := text("markdown cell"):
        cell("markdown", words)
    if words := text("raw cell"):
        cell("raw", words).metadata.raw_mimetype = "text/html"
    drawn, pixels = text("attachment as svg"), text("attachment as png")
    named = text("attachment name")
    if drawn or pixels or named:
        cell(
            "markdown",
            "![x](attachment:a.svg) ![x](attachment:b.png)",
            attachments=NotebookNode(
                {
                    "a.svg": {"image/svg+xml": _base64(drawn)},
                    "b.png": {"image/png": _base64(pixels)},
                    named: {"image/png": named, named: named},
                }
            ),
        )
    if words := text("picture's words"):
        cell(
            "markdown",
            f"![{words}](attachment:a.svg '{words}')",
            attachments=NotebookNode({"a.svg": {"image/svg+xml": _base64(drawn)}}),
        )
    code = cell("code", f"# {text('code')}\n'''{text('code')}'''", execution_count=1, outputs=[])
    hostile = text("cell metadata")
    code.metadata.update(
        tags=[hostile.replace(",", "")], magics_language=hostile, title=hostile,
        alt=hostile, raw_mimetype="text/html", slideshow={"slide_type": hostile},
        jupyter={"source_hidden": True},
    )  # fmt: skip
    for name in ("stdout", "stderr"):
        code.outputs.append(NotebookNode(output_type="stream", name=name, text=text(name)))
    code.outputs.append(
        NotebookNode(
            output_type="error", ename=text("error name"), evalue=text("error value"),
            traceback=[f"\x1b[0;31m{text('traceback')}\x1b[0m"],
        )
    )  # fmt: skip
    metadata = {
        mime: {"isolated": True, "width": text("display metadata"), "alt": text("display metadata")}
        for mime in ("text/html", "image/png")
    }
    for kind in ("output", "result"):
        for mime in MIMES:
            content = text(f"{kind} {mime}")
            if not content:
                continue
            value: object = content
            if "widget" in mime:  # nbconvert fails if this field has any other value
                value = {"model_id": content, "version_major": 2, "version_minor": 0}
            elif mime.endswith("json") and kind == "result":
                value = {"x": content}
            output = NotebookNode(
                output_type="display_data" if kind == "output" else "execute_result",
                data=NotebookNode({mime: value}),
                metadata=NotebookNode(deepcopy(metadata) if kind == "result" else {}),
            )
            if kind == "result":
                output.execution_count = 1
            code.outputs.append(output)
    return made


def _base64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def set_notebook(arms: Arms, payload: Payload, notebook: Any) -> None:
    """Put the payload into a notebook's data outside the cells."""

    def text(place: str) -> str:
        return arms.text(payload, place)

    notebook.metadata.update(
        title=text("title"),
        kernelspec=NotebookNode(
            display_name=text("kernel"), language="python", name=text("kernel")
        ),
        language_info=NotebookNode(name=text("language"), pygments_lexer=text("language")),
        widgets=NotebookNode(
            {
                "application/vnd.jupyter.widget-state+json": {
                    "state": {"m": {"state": {"value": text("widgets")}}},
                    "version_major": text("widgets"),
                }
            }
        ),
    )


def fill(
    arms: Arms,
    marking: Marking,
    payloads: Sequence[Payload],
    proof: Payload,
    chosen: Choice = everywhere,
) -> Marking:
    """Return the marking of a student who wrote the payloads into every place for text.

    Each notebook gets some of the payloads, and `proof` becomes the answer in words.
    """
    notebooks = deepcopy(dict(marking.notebooks))
    for number, notebook in enumerate(notebooks.values()):
        set_notebook(arms, proof, notebook)
        for payload in payloads[number :: len(notebooks)]:
            notebook.cells += cells(arms, payload, chosen)
        for cell in notebook.cells:
            if cell.cell_type == "markdown" and cell.metadata.get("nbgrader", {}).get("solution"):
                cell.source = arms.text(proof, "proof")
    return replace(marking, report=fill_report(arms, marking.report, payloads), notebooks=notebooks)


def fill_report(arms: Arms, report: Report, payloads: Iterable[Payload]) -> Report:
    """Return the Report with the payloads in every field that may contain a student's words."""
    payloads = list(payloads)

    def texts(place: str) -> list[str]:
        return [arms.text(payload, place) for payload in payloads]

    def notebook(found: NotebookReport) -> NotebookReport:
        lines = zip(texts("line of a cell"), texts("error of a cell"), strict=True)
        faults = tuple(CellFault(0, error, 1, line) for line, error in lines)
        notes = tuple(texts("notebook note"))
        return replace(
            found, message=" ".join(texts("notebook message")), notes=notes, faults=faults
        )

    def item(found: ItemReport) -> ItemReport:
        parts = zip(texts("claim"), texts("claim message"), texts("claim note"), strict=True)
        claims = tuple(Claim(claim, False, message, note=note) for claim, message, note in parts)
        return replace(
            found, claims=claims, message=" ".join(texts("item message")),
            diagnosis=" ".join(texts("diagnosis")), found=" ".join(texts("found in a figure")),
        )  # fmt: skip

    return replace(
        report,
        submission=" ".join(texts("student's name")),
        notebooks={name: notebook(found) for name, found in report.notebooks.items()},
        items={name: item(found) for name, found in report.items.items()},
    )

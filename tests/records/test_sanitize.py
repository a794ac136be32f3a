"""Texts and outputs of students, put through nbgrader's own pages."""

from __future__ import annotations

import base64
import re
from functools import lru_cache
from pathlib import Path

import nbgrader
import pytest
from bs4 import BeautifulSoup, Tag
from nbconvert.exporters import HTMLExporter
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook
from traitlets.config import Config

from autograder.records.sanitize import clean_html, clean_markdown, clean_notebook, clean_output

PNG = base64.b64encode(b"\x89PNG\r\n\x1a\n" + b"\0" * 40).decode()
TEMPLATES = Path(nbgrader.__file__).parent / "server_extensions" / "formgrader" / "templates"

ALERTS = [
    "<script>alert(1)</script>",
    "<SCRIPT SRC=//evil.example/x.js></SCRIPT>",
    "<img src=x onerror=alert(1)>",
    "<img/src=x/onerror=alert(1)>",
    "<svg onload=alert(1)>",
    "<svg><script>alert(1)</script></svg>",
    "<svg><a xlink:href='javascript:alert(1)'><text>x</text></a></svg>",
    "<math><a xlink:href='javascript:alert(1)'>x</a></math>",
    "<iframe src=javascript:alert(1)></iframe>",
    "<iframe srcdoc='<script>alert(1)</script>'></iframe>",
    "<object data=javascript:alert(1)></object>",
    "<embed src=//evil.example/x.swf>",
    "<link rel=stylesheet href=//evil.example/x.css>",
    "<style>@import '//evil.example/x.css';</style>",
    "<base href=//evil.example/>",
    "<meta http-equiv=refresh content='0;url=//evil.example'>",
    "<form action=/formgrader/api/grade><button>go</button></form>",
    "<input autofocus onfocus=alert(1)>",
    "<details open ontoggle=alert(1)>x</details>",
    "<video><source onerror=alert(1)></video>",
    "<body onload=alert(1)>",
    "<div style='background:url(//evil.example/x)'>x</div>",
    "<a href='javascript:alert(1)'>x</a>",
    "<a href='data:text/html,<script>alert(1)</script>'>x</a>",
    "<textarea id=p-comment>planted</textarea>",
    "<input class=score id=p1-momentum value=1>",
    "<!--><script>alert(1)</script>-->",
    "<noscript><p title='</noscript><img src=x onerror=alert(1)>'></noscript>",
    "<scr<script>ipt>alert(1)</script>",
    "<\x00script>alert(1)</script>",
    "<\x1b[0mscript>alert(1)</script>",
    "</pre></div><script>alert(1)</script>",
    r"$\href{javascript:alert(1)}{x}$",
    r"$\style{background:url(//evil.example/x)}{x}$",
    r"$\require{html}\class{score}{x}$",
    r"$\def\x{\href}\x{javascript:alert(1)}{x}$",
    r"$\let\x\href \x{javascript:alert(1)}{x}$",
    r"$\csname href\endcsname{javascript:alert(1)}{x}$",
]
LINKS = [
    "[x](javascript:alert(1))",
    "[x](  JaVaScRiPt:alert(1) )",
    "[x](&#106;avascript:alert(1))",
    "[x](data:text/html;base64,PHNjcmlwdD5hbGVydCgxKTwvc2NyaXB0Pg==)",
    "![x](//evil.example/x.png)",
    "![x](attachment:missing.png)",
    "[x]\n\n[x]: javascript:alert(1)",
    "> [x]: javascript:alert(1)\n\n[x]",
    "- [x]: javascript:alert(1)\n\n[x]",
    "![x]\n\n[x]: //evil.example/x.png 'title'",
    "[x][]\n\n[x]:\njavascript:alert(1)",
    "[a\nb]: javascript:alert(1)\n\n[a\nb]",
    "<javascript:alert(1)>",
    "~~~mermaid\n<script>alert(1)</script>\n~~~",
    "~~~<script>alert(1)</script>\nx\n~~~",
    "$$<script>alert(1)</script>$$",
    "\\begin{align}<img src=x onerror=alert(1)>\\end{align}",
    "| a |\n|---|\n| <img src=x onerror=alert(1)> |",
    "`<script>alert(1)</script>`",
    "# <img src=x onerror=alert(1)>",
]
ADDRESSES = {"href", "src", "action", "data", "srcdoc", "xlink:href", "formaction"}
ACTIVE_TEX = re.compile(r"\\(?:href|style|class|cssId|require|def|let|csname|url|unicode)\b")


FOREIGN = [
    "iframe", "object", "embed", "form", "input", "textarea", "button", "details", "video", "svg",
    "math", "style", "link", "meta", "base",
]  # fmt: skip


@lru_cache
def exporter() -> HTMLExporter:
    """As nbgrader's feedback is made; like the formgrader's pages, it cleans nothing."""
    config = Config()
    config.HTMLExporter.template_name = "feedback"
    config.HTMLExporter.extra_template_basedirs = [str(TEMPLATES)]
    css = TEMPLATES.parent / "static" / "node_modules" / "bootstrap" / "dist" / "css"
    config.HTMLExporter.extra_template_paths = [str(css)]
    return HTMLExporter(config=config)


def page(notebook: NotebookNode) -> Tag:
    """The notebook on nbgrader's page."""
    resources = {"nbgrader": {"score": 0, "max_score": 0, "late_penalty": 0, "notebook": "x"}}
    html, _ = exporter().from_notebook_node(notebook, resources=resources)
    container = BeautifulSoup(html, "html.parser").find(id="notebook-container")
    assert isinstance(container, Tag)
    return container


def faults(shown: Tag) -> list[str]:
    """What on the page could act, load or be taken for a part of nbgrader's own page."""
    found = [str(tag) for tag in shown.find_all(["script", *FOREIGN]) if not is_check_box(tag)]
    for tag in shown.find_all(True):
        for key, value in tag.attrs.items():
            bad_address = key in ADDRESSES and not is_harmless(tag.name, str(value))
            if bad_address or key.startswith("on") or key == "style":
                found.append(str(tag))
    return [*found, *ACTIVE_TEX.findall(shown.get_text())]


def is_check_box(tag: Tag) -> bool:
    """Whether it is the disabled box that Markdown makes of `- [x]`."""
    return "task-list-item-checkbox" in tag.get("class", []) and "disabled" in tag.attrs


def is_harmless(tag: str, address: str) -> bool:
    if tag == "img":
        return address.startswith("data:image/png;base64,")
    return tag == "a" and address.startswith(("#", "http://", "https://"))


@pytest.mark.parametrize("text", ALERTS + LINKS)
def test_text_of_a_student_does_nothing_on_nbgraders_pages(text: str) -> None:
    notebook = new_notebook(cells=[new_markdown_cell(text)])
    assert faults(page(clean_notebook(notebook))) == []


@pytest.mark.parametrize("kind", ["text/html", "text/latex", "text/plain"])
@pytest.mark.parametrize("text", ALERTS)
def test_output_of_a_student_does_nothing_on_nbgraders_pages(text: str, kind: str) -> None:
    output = NotebookNode(output_type="display_data", data={kind: text}, metadata={})
    soup = page(clean_notebook(new_notebook(cells=[new_code_cell("1", outputs=[output])])))
    if kind == "text/plain":
        # MathJax leaves what stands in <pre> alone
        for pre in soup.find_all("pre"):
            pre.string = ""
    assert faults(soup) == []


@pytest.mark.parametrize("text", ALERTS)
def test_printed_text_and_errors_do_nothing_on_nbgraders_pages(text: str) -> None:
    outputs = [
        NotebookNode(output_type="stream", name="stdout", text=text),
        NotebookNode(output_type="error", ename=text, evalue=text, traceback=[text]),
    ]
    soup = page(clean_notebook(new_notebook(cells=[new_code_cell(f"# {text}", outputs=outputs)])))
    for pre in soup.find_all("pre"):
        assert not pre.find(["script", "img", "a", "svg"])
        pre.string = ""
    assert faults(soup) == []


def test_unclean_page_is_seen_to_be_at_fault() -> None:
    for text in ("<script>alert(1)</script>", "[x](javascript:alert(1))", "<img src=x onerror=a>"):
        assert faults(page(new_notebook(cells=[new_markdown_cell(text)])))


@pytest.mark.parametrize(
    "kind",
    [
        "application/javascript",
        "application/vnd.jupyter.widget-view+json",
        "application/vnd.plotly.v1+json",
        "application/pdf",
        "image/svg+xml",
        "text/markdown",
        "text/vnd.mermaid",
    ],
)
def test_active_kinds_of_output_are_dropped(kind: str) -> None:
    data = {kind: "<script>alert(1)</script>", "text/plain": "a plot"}
    clean = clean_output({"output_type": "display_data", "data": data, "metadata": {"x": 1}})
    assert clean is not None
    assert clean.data == {"text/plain": "a plot"}
    assert clean.metadata == {}
    assert clean_output({"output_type": "display_data", "data": {kind: "x"}}) is None


@pytest.mark.parametrize(
    "output",
    [
        None, 7, "text", [], {}, {"output_type": 3}, {"output_type": "stream"},
        {"output_type": "stream", "name": "stdin", "text": "x"},
        {"output_type": "display_data"}, {"output_type": "display_data", "data": 3},
        {"output_type": "execute_result", "data": {"text/plain": 3}},
        {"output_type": "update_display_data", "data": {"text/plain": "x"}},
        {"output_type": "display_data", "data": {"image/png": "bm90IGEgcG5n"}},
        {"output_type": "display_data", "data": {"image/png": "é"}},
    ],
)  # fmt: skip
def test_what_is_no_output_is_dropped(output: object) -> None:
    assert clean_output(output) is None


# what stays


@pytest.mark.parametrize(
    "text",
    [
        r"With $a < b$ and $\lVert u \rVert^2 \le v^2$, $$\sum_{i=1}^n f_i(x).$$",
        r"\begin{align} x &= y \\ &= z \end{align}",
        "1. one\n2. two\n\n> quoted\n\n| a | b |\n|---|---|\n| 1 | 2 |",
        "f(x) = x**2, *so* **there**, `code`, [see above], x[0] and 3 < 4",
        r"$\left[a, b\right] \definitely \letter \classic \urlaub$",
    ],
)
def test_harmless_text_stays_as_it_is(text: str) -> None:
    assert clean_markdown(text) == text


def test_formula_with_a_smaller_sign_keeps_its_meaning() -> None:
    assert clean_markdown("$a<b$") == "$a< b$"


def test_table_of_an_output_stays() -> None:
    table = '<table class="dataframe"><tr><th>x</th></tr><tr><td colspan="2">1</td></tr></table>'
    clean = clean_html(table)
    assert "<th>x</th>" in clean
    assert 'colspan="2"' in clean


def test_picture_of_an_output_stays() -> None:
    output = {"output_type": "display_data", "data": {"image/png": PNG + "\n"}, "metadata": {}}
    clean = clean_output(output)
    assert clean is not None
    assert clean.data == {"image/png": PNG}


def test_photo_of_a_proof_is_shown() -> None:
    cell = new_markdown_cell("My proof: ![page 1](attachment:photo-1.png)")
    cell.attachments = {"photo-1.png": {"image/png": PNG}}
    shown = page(clean_notebook(new_notebook(cells=[cell])))
    assert faults(shown) == []
    assert [img["src"] for img in shown.find_all("img")] == [f"data:image/png;base64,{PNG}"]


def test_photo_that_is_no_picture_is_dropped() -> None:
    cell = new_markdown_cell("![a](attachment:a.png) ![b](attachment:b.svg)")
    cell.attachments = {
        "a.png": {"image/png": "PHNjcmlwdD4="},
        "b.svg": {"image/svg+xml": "<svg onload=alert(1)>"},
    }
    [clean] = clean_notebook(new_notebook(cells=[cell])).cells
    assert "attachments" not in clean
    assert not page(new_notebook(cells=[clean])).find_all("img")


def test_instructors_texts_are_left_alone() -> None:
    text = "[The paper](https://example.org), <b>bold</b>"
    cell = new_markdown_cell(text, metadata={"nbgrader": {"locked": True, "solution": False}})
    assert clean_notebook(new_notebook(cells=[cell])).cells[0].source == text


def test_terminal_codes_and_direction_overrides_are_taken_out() -> None:
    output = {"output_type": "stream", "name": "stdout", "text": "\x1b[31mred\x1b[0m\u202eabc\x07"}
    clean = clean_output(output)
    assert clean is not None
    assert clean.text == "redabc"


def test_endless_text_is_cut_and_says_so() -> None:
    clean = clean_output({"output_type": "stream", "name": "stdout", "text": "x" * 10**6})
    assert clean is not None
    assert len(clean.text) < 210_000
    assert "cut here" in clean.text


def test_notebook_that_is_cleaned_is_left_as_it_was() -> None:
    notebook = new_notebook(cells=[new_markdown_cell("<b>x</b>")])
    clean_notebook(notebook)
    assert notebook.cells[0].source == "<b>x</b>"

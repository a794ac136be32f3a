"""Texts and outputs of students, put through nbgrader's own pages."""

from __future__ import annotations

import base64
import io
import re
import time
from functools import lru_cache
from pathlib import Path

import nbgrader
import pytest
from bs4 import BeautifulSoup, Tag
from nbconvert.exporters import HTMLExporter
from nbconvert.filters.markdown_mistune import markdown2html_mistune
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook
from PIL import Image
from traitlets.config import Config

from autograder.content import sanitize
from autograder.content.sanitize import (
    MAX_NOTEBOOK_TEXT,
    PageBudget,
    as_typed,
    clean_html,
    clean_markdown,
    clean_notebook,
    clean_output,
    is_plain_name,
    plain_text,
    released_texts,
)

PNG = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAIAAACQd1PeAAAADElEQVR4nGP4z8AAAAMBAQDJ/pLvAAAAAElFTkSuQmCC"
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
    r"$\href1{x}$",
    r"$\hrefé{javascript:alert(1)}{x}$",
    r"$\DeclareMathOperator{\frac}{10/10}$",
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
    "See https://evil.example/x",
    "HTTPS://evil.example",
    r"&#36;&#92;href{javascript:alert(1)}{x}&#36;",
    r"\$\\href{javascript:alert(1)}{x}\$",
    "&#91;x&#93;&#40;javascript:alert(1)&#41;",
    "~~~<script>alert(1)</script>\nx\n~~~",
    "$$<script>alert(1)</script>$$",
    "\\begin{align}<img src=x onerror=alert(1)>\\end{align}",
    "| a |\n|---|\n| <img src=x onerror=alert(1)> |",
    "`<script>alert(1)</script>`",
    "# <img src=x onerror=alert(1)>",
]
ADDRESSES = {"href", "src", "action", "data", "srcdoc", "xlink:href", "formaction"}
ACTIVE_TEX = re.compile(
    r"\\(?:href|style|class|cssId|require|def|let|csname|url|unicode|DeclareMathOperator)(?![A-Za-z])"
)


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
    """Tags of the page that could act, load or look like a part of nbgrader's own page."""
    found = [str(tag) for tag in shown.find_all(["script", *FOREIGN]) if not is_check_box(tag)]
    for tag in shown.find_all(True):
        for key, value in tag.attrs.items():
            bad_address = key in ADDRESSES and not is_harmless(tag.name, str(value))
            if bad_address or key.startswith("on") or key == "style":
                found.append(str(tag))
    return [*found, *ACTIVE_TEX.findall(shown.get_text())]


def is_check_box(tag: Tag) -> bool:
    """Whether it is the disabled box that Markdown makes of `- [x]`."""
    return "task-list-item-checkbox" in tag.get_attribute_list("class") and "disabled" in tag.attrs


def is_harmless(tag: str, address: str) -> bool:
    if tag == "img":
        return address.startswith("data:image/png;base64,")
    return tag == "a" and address.startswith("#")


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
        # MathJax leaves the content of <pre> alone
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
    clean = clean_output(
        {"output_type": "display_data", "data": data, "metadata": {"x": 1}}, PageBudget()
    )
    assert clean is not None
    assert clean.data == {"text/plain": "a plot"}
    assert clean.metadata == {}
    assert clean_output({"output_type": "display_data", "data": {kind: "x"}}, PageBudget()) is None


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
    assert clean_output(output, PageBudget()) is None


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
    clean = clean_output(output, PageBudget())
    assert clean is not None
    assert clean.data == {"image/png": PNG}


def test_photo_of_a_proof_is_shown() -> None:
    cell = new_markdown_cell("My proof: ![page 1](attachment:photo-1.png)")
    cell.attachments = {"photo-1.png": {"image/png": PNG}}
    shown = page(clean_notebook(new_notebook(cells=[cell])))
    assert faults(shown) == []
    assert [img["src"] for img in shown.find_all("img")] == [f"data:image/png;base64,{PNG}"]


@pytest.mark.parametrize(
    ("name", "address"),
    [
        ("my photo.png", "attachment:my photo.png"),
        ("my photo.png", "attachment:my%20photo.png"),
        ("my%20photo.png", "attachment:my%20photo.png"),
        ("my photo.png", "<attachment:my photo.png>"),
        ("page (1).png", "attachment:page (1).png"),
        ("page (1).png", "<attachment:page (1).png>"),
        ("Übung & mehr.png", "attachment:%C3%9Cbung%20&%20mehr.png"),
        ("a.png", 'attachment:a.png "my first page"'),
        ("it's mine.png", "attachment:it's mine.png"),
        ("-.png", "attachment:-.png"),
    ],
)
def test_photo_of_any_name_is_shown(name: str, address: str) -> None:
    cell = new_markdown_cell(f"My proof: ![page 1]({address}), ![](attachment:other.png)")
    cell.attachments = {name: {"image/png": PNG}, "picture-2.png": {"image/png": PNG}}
    shown = page(clean_notebook(new_notebook(cells=[cell])))
    assert faults(shown) == []
    assert [img["src"] for img in shown.find_all("img")] == [f"data:image/png;base64,{PNG}"]
    assert [img["alt"] for img in shown.find_all("img")] == ["page 1"]


def test_photos_of_odd_names_stay_apart() -> None:
    names = ["picture-1.png", "a b.png", "c d.png", "picture-2.png"]
    cell = new_markdown_cell(" ".join(f"![{name}](attachment:{name})" for name in names))
    cell.attachments = {name: {"image/png": PNG} for name in names}
    [clean] = clean_notebook(new_notebook(cells=[cell])).cells
    assert len(clean.attachments) == 4
    assert {"picture-1.png", "picture-2.png"} < set(clean.attachments)
    shown = page(new_notebook(cells=[clean])).find_all("img")
    assert [img["alt"] for img in shown] == names


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
    clean = clean_output(output, PageBudget())
    assert clean is not None
    assert clean.text == "redabc"


@pytest.mark.parametrize(
    "text",
    ["# a-proof", "#a-proof", "a-proof\n---", "a-proof\n===", "> ## a-proof", "- # a-proof",
     "1. a-proof\n   ---", "> a-proof\n> ---", "### a-proof ###", "  # a-proof"],
)  # fmt: skip
def test_heading_does_not_take_the_id_of_a_field(text: str) -> None:
    """The formgrader finds the field of an item's points by the item's name as id."""
    shown = page(clean_notebook(new_notebook(cells=[new_markdown_cell(text, id="one")])))
    assert "a-proof" in shown.get_text()
    assert shown.find(id="a-proof") is None
    assert shown.find(["h1", "h2", "h3"]) is not None


def test_entities_of_letters_become_letters_and_those_of_signs_stay_as_typed() -> None:
    assert clean_markdown("&alpha; &eacute;&#945;") == "α éα"
    shown = page(new_notebook(cells=[new_markdown_cell(clean_markdown("&lt;b&gt; &#42;x&#42;"))]))
    assert shown.get_text().replace("\u2060", "").strip() == "&lt;b&gt; &#42;x&#42;"


def test_direction_override_that_is_an_entity_is_taken_out() -> None:
    assert clean_markdown("a&#8238;b&#x202e;c") == "abc"


def test_tower_of_accents_is_pulled_down() -> None:
    assert plain_text("e\u0301" + "\u0300" * 500 + "x") == "e\u0301\u0300\u0300x"
    assert plain_text("Čapek n\u0303 ญี่ปุ่น") == "Čapek n\u0303 ญี่ปุ่น"


@pytest.mark.parametrize(
    "text",
    [r"\\( " * 40_000, r"\begin{a} " * 20_000, "word " * 20_000, "<script>" * 20_000],
    ids=["formulas", "environments", "long", "tags"],
)
def test_text_that_would_keep_a_page_waiting_is_shown_as_typed(text: str) -> None:
    started = time.process_time()
    clean = clean_markdown(text)
    shown = markdown2html_mistune(clean)
    assert time.process_time() - started < 20
    assert BeautifulSoup(shown, "html.parser").find("pre") is not None
    assert faults(BeautifulSoup(shown, "html.parser")) == []


PIECES = [
    "`", "~", "`~", "``` mermaid ", "~~~~mermaid", "<", "<!", "<!--", "</", "[", "]", "](", "![",
    "![]", "[^", "(", "\\", "\\begin{", "\\begin{a}", "\\(", "\\[", "$", "$$", "$a", "*", "**",
    "*a ", "_", "__a", "#", "# ", "#\n", "> ", ">", "- ", "1. ", "-\n", "=\n", "a\n=", "a\n- ",
    " ", "\t", "\n", "a\n", "|", "|-", "a|b\n-|-\n", "&", "&#", "&amp;", "&#42;", "http://",
    "https:", "www.", "a@b.c ", "\x1b[", "\x1b[0", "\x1b", "e\u0301", "\u0301", "\u202e",
    "\U0001f600", "<b>", "<div>", "</p>", "<a href=x>", "<td colspan=2>", "<!doctype", "<?",
    "<![CDATA[", "<script>",
    "<x></i>", "<ul><li></i>", "<b></B>", "\\href", "\\def\\a", "![a] (attachment:",
    "![a] (attachment:b) ", "![a](attachment:", "![a](attachment:(", "![a](attachment:(b)",
    "![a](<attachment:", "![a](<attachment:b", "![a](attachment:b 'c",
    ":::", "~~a", "==", "^", "a: b\n", "[a]: b\n",
]  # fmt: skip
"""Texts of students that were seen to keep a parser busy, and their relatives."""


@pytest.mark.parametrize(
    "piece",
    [
        pytest.param(piece, marks=[] if number % 5 == 0 else pytest.mark.slow, id=repr(piece))
        for number, piece in enumerate(PIECES)
    ],
)
def test_twice_the_text_takes_twice_the_time(piece: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Sanitising a text takes linear time; rendering is left out, as it has its own limit."""
    monkeypatch.setattr("autograder.content.sanitize._is_harmless", lambda *_: True)

    def seconds(length: int) -> float:
        text = (piece * length)[:length]
        start = time.process_time()
        clean_markdown(text)
        clean_html(text)
        return time.process_time() - start

    short = min(seconds(50_000) for _ in range(3))
    assert min(seconds(100_000) for _ in range(3)) < 3 * short + 0.05


@pytest.mark.slow
@pytest.mark.parametrize("piece", PIECES, ids=repr)
def test_no_notebook_keeps_the_marking_process_waiting(piece: str) -> None:
    text = (piece * 200_000)[:200_000]
    shown = NotebookNode(
        output_type="display_data", data={"text/latex": text, "text/html": text}, metadata={}
    )
    cells = [new_markdown_cell(text[:49_000]) for _ in range(10)]
    cells.append(new_code_cell("1", outputs=[shown] * 20))
    start = time.process_time()
    clean_notebook(new_notebook(cells=cells))
    assert time.process_time() - start < sanitize.NOTEBOOK_SECONDS + 15


def test_text_with_fences_can_be_shown_as_typed() -> None:
    text = "```\n````\n<img src=x onerror=a>\n```"
    shown = BeautifulSoup(markdown2html_mistune(as_typed(text)), "html.parser")
    assert shown.pre is not None
    assert shown.pre.get_text().strip() == text
    assert len(shown.find_all(recursive=False)) == 1


def test_html_that_is_nested_without_end_is_dropped_at_once() -> None:
    started = time.process_time()
    assert clean_html("<div>" * 40_000) == ""
    assert time.process_time() - started < 2
    rows = "<tr><td>1</td><td>2</td></tr>" * 1_000
    assert clean_html(f"<table>{rows}</table>").count("<td>") == 2_000


def test_what_a_notebook_shows_in_all_is_bounded() -> None:
    stream = NotebookNode(output_type="stream", name="stdout", text="x" * 150_000)
    cells = [new_code_cell("z", outputs=[stream], id=f"c{number}") for number in range(50)]
    clean = clean_notebook(new_notebook(cells=cells))
    assert len(str(clean)) < MAX_NOTEBOOK_TEXT + 100_000
    assert "cut here" in str(clean)


def test_markdown_that_is_rendered_is_bounded() -> None:
    cells = [new_markdown_cell("y " * 10_000, id=f"m{number}") for number in range(50)]
    clean = clean_notebook(new_notebook(cells=cells))
    assert [cell.source.startswith("```") for cell in clean.cells] == [False] * 20 + [True] * 30


def test_pictures_of_a_notebook_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("autograder.content.sanitize.MAX_NOTEBOOK_PICTURES", 3 * len(PNG))
    output = NotebookNode(output_type="display_data", data={"image/png": PNG}, metadata={})
    clean = clean_notebook(new_notebook(cells=[new_code_cell("1", outputs=[output] * 9)]))
    assert len(clean.cells[0].outputs) == 3


def test_picture_of_more_points_than_a_browser_can_draw_is_dropped() -> None:
    file = io.BytesIO()
    Image.new("1", (9_000, 9_000)).save(file, "png")
    data = {"image/png": base64.b64encode(file.getvalue()).decode()}
    assert clean_output({"output_type": "display_data", "data": data}, PageBudget()) is None


def test_of_metadata_only_marks_and_plain_names_stay() -> None:
    mark = {"locked": False, "solution": True, "grade_id": "x"}
    cell = new_code_cell("1", metadata={"nbgrader": mark, "tags": ["<b>"], "magics_language": "x"})
    notebook = new_notebook(cells=[cell])
    notebook.metadata = NotebookNode(
        title="<script>",
        widgets={"x": 1},
        kernelspec={"name": "python3", "display_name": "Python 3", "language": "<script>"},
        language_info={"name": "<script>", "version": "3"},
    )
    clean = clean_notebook(notebook)
    assert clean.metadata == {"kernelspec": {"name": "python3", "display_name": "Python 3"}}
    assert clean.cells[0].metadata == {"nbgrader": mark}


def test_answer_that_was_left_as_released_keeps_its_links() -> None:
    text = "*Your answer goes here*, see https://example.org"
    mark = {"grade": True, "solution": True, "locked": False, "grade_id": "p", "points": 1,
            "cell_type": "markdown", "schema_version": 3, "task": False}  # fmt: skip
    cell = new_markdown_cell(text, metadata={"nbgrader": mark})
    released = released_texts(new_notebook(cells=[cell]))
    assert clean_notebook(new_notebook(cells=[cell]), released).cells[0].source == text
    assert clean_notebook(new_notebook(cells=[cell])).cells[0].source != text
    cell.source += "!"
    assert clean_notebook(new_notebook(cells=[cell]), released).cells[0].source != f"{text}!"


def test_the_box_around_an_answer_is_no_part_of_it() -> None:
    mark = {"grade": True, "solution": True, "locked": False, "grade_id": "p", "points": 1,
            "cell_type": "markdown", "schema_version": 3, "task": False}  # fmt: skip
    stub = new_markdown_cell(
        '<div class="alert">\n\nwrite here\n\n</div>', metadata={"nbgrader": mark}
    )
    released = released_texts(new_notebook(cells=[stub]))
    stub.source = '<div class="alert">\n\n<div onclick=x>\n\nmine\n\n</div>'
    shown = clean_notebook(new_notebook(cells=[stub]), released).cells[0].source
    assert shown.split() == ["<", "div", "onclick=x>", "mine"]


@pytest.mark.parametrize(
    "name", ["anna", "güneş; 'x' [1]", "R & D", "O'Brien", "日本 (2)", "a.b-c_d"]
)
def test_usual_names_are_plain(name: str) -> None:
    assert is_plain_name(name)


@pytest.mark.parametrize(
    "name", ["<b>", 'a"b', "bela\\autograde#", "%2e%2e", "a?b", "a#b", "a\u202eb", "a\nb", "a\x00"]
)
def test_names_that_scripts_would_take_for_something_else_are_not(name: str) -> None:
    assert not is_plain_name(name)


def test_endless_text_is_cut_and_says_so() -> None:
    clean = clean_output(
        {"output_type": "stream", "name": "stdout", "text": "x" * 10**6}, PageBudget()
    )
    assert clean is not None
    assert len(clean.text) < 210_000
    assert "cut here" in clean.text


def test_notebook_that_is_cleaned_is_left_as_it_was() -> None:
    notebook = new_notebook(cells=[new_markdown_cell("<b>x</b>")])
    clean_notebook(notebook)
    assert notebook.cells[0].source == "<b>x</b>"

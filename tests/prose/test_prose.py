"""The rules of plain English find faults in the right place, and find nothing else."""

from __future__ import annotations

from pathlib import Path

import nbformat
import pytest

pytest.importorskip("proselint", reason="needs the extra `lint`")

from . import lint as linter
from .excused import EXCUSED, Excused
from .lint import ROOT, Finding, check, lint
from .rules import MOST_WORDS, SENTENCES, WORDS, Form, Rule
from .sentences import sentences
from .text import Page, of_markdown, of_python, of_test, pages, reader

RULES = (*WORDS, *SENTENCES)


def found(rule: Rule | Form, text: str) -> int:
    """Return how many findings a rule has in a text."""
    prose = (rule.mark if isinstance(rule, Form) else "") + text
    return sum(finding.rule == rule.name for finding in lint(Page("", prose, prose)))


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
def test_a_rule_finds_each_wrong_sentence_and_no_right_one(rule: Rule | Form) -> None:
    assert found(rule, rule.wrong) == len(sentences(rule.wrong))
    assert found(rule, rule.right) == 0


def test_names_of_rules_differ() -> None:
    assert len({rule.name for rule in RULES}) == len(RULES)


def test_a_sentence_may_have_so_many_words_and_no_more() -> None:
    words = "The " + "long " * (MOST_WORDS - 2) + "sentence."
    assert not list(lint(Page("", words, words)))
    longer = words.replace("long", "very long", 1)
    assert [each.rule for each in lint(Page("", longer, longer))] == ["long-sentence"]


MODULE = '''
"""A module: what stands in its first line is read."""

LIMIT = 3  # taken anew
"""How many tries there are."""

β = "ββ: so many files are left"; γ = "anew"  # a word alone is data


def answer(x: int) -> str:
    """Whether it is told.

    It is anew
    and `anew` in code is a name.
    """
    # What a comment says in its first line
    # goes on amid the second one.
    anew = x + 1
    raise ValueError(
        f"the answer {x!r} is no "
        "number of this {course}"
    )


class Kind:
    """For a class a noun phrase is right."""

    @property
    def name(self) -> str:
        """The name."""
        return "x = [anew]"


PROGRAM = """
import os
print("what is told of it anew")
"""


# --- what a title is ---


COUNT = "the text is told once"
'''


def places(page: Page) -> list[tuple[int, str]]:
    """Return the lines and rules of the findings."""
    return [(finding.line, finding.rule) for finding in lint(page)]


def test_comments_docstrings_and_messages_are_read_and_code_is_not() -> None:
    assert places(Page("", MODULE, of_python(MODULE))) == [
        (2, "stands-in"),
        (4, "anew"),
        (5, "constant-opens-with"),
        (7, "so-many"),
        (11, "function-opens-with"),
        (11, "tells"),
        (13, "anew"),
        (16, "opens-with-what"),
        (17, "amid"),
        (20, "is-no"),
        (26, "constant-opens-with"),
        (43, "tells"),
    ]


EXAMPLES = '''
"""A module.

    made = anew(1)  # made anew

    # and made anew

It is made anew.
"""

QUERY = "SELECT a FROM the table made anew"
### REFERENCE what is made anew
'''


def test_examples_queries_and_markers_are_code() -> None:
    assert places(Page("", EXAMPLES, of_python(EXAMPLES))) == [(8, "anew")]


def test_strings_of_a_test_are_data() -> None:
    rules = {rule for _, rule in places(Page("", MODULE, of_test(MODULE)))}
    assert "stands-in" in rules
    assert not rules & {"so-many", "is-no"}
    assert reader(Path("tests/a.py")) is of_test
    assert reader(Path("autograder/a.py")) is of_python


def test_prose_stays_where_it_is_in_the_file() -> None:
    prose = of_python(MODULE)
    assert len(prose) == len(MODULE)
    assert prose.count("\n") == MODULE.count("\n")
    assert "anew = x" not in prose
    assert "files are left" in prose


PAGE = """
# What is in a heading

What is in a paragraph
is told of.

| what | a cell |
| --- | --- |
| What is in a cell | is anew |

## 2. What is in a numbered heading

> **What is a label.** It is
> anew.

*What it shows:* two points [evidence: a/b "what is made anew"].

- A point of a list, without a full stop
- What is in another one

```
What is code is anew.
```
See [the page](anew.html), `anew` and $anew$.
"""


def test_pages_are_read_without_code_and_headings_need_no_sentence() -> None:
    assert places(Page("", PAGE, of_markdown(PAGE))) == [
        (4, "opens-with-what"),
        (5, "tells"),
        (9, "anew"),
        (14, "anew"),
        (16, "anew"),
        (19, "opens-with-what"),
    ]


def test_a_sentence_may_begin_with_a_tools_name() -> None:
    assert [each.text for each in sentences("It is so. nbgrader keeps it, e.g. here.")] == [
        "It is so.",
        "nbgrader keeps it, e.g. here.",
    ]


def test_cells_of_a_notebook_are_read(tmp_path: Path) -> None:
    cells = [
        nbformat.v4.new_markdown_cell("A text.\n\nIt is made anew."),
        nbformat.v4.new_code_cell("x = 1\n# it is made anew"),
        nbformat.v4.new_raw_cell("It is made anew."),
    ]
    path = tmp_path / "a.ipynb"
    nbformat.write(nbformat.v4.new_notebook(cells=cells), path)
    assert [(each.place, *places(each)) for each in pages(path, "a.ipynb")] == [
        ("a.ipynb cell 1", (3, "anew")),
        ("a.ipynb cell 2", (2, "anew")),
    ]


@pytest.mark.parametrize(
    ("name", "text", "line"),
    [
        ("page.html", "<p title='anew'>\n{% if anew %}made\nanew</p><style>anew</style>", 3),
        ("Makefile", "all:\n\techo anew  # made anew", 2),
        ("course.toml", 'anew = "anew"\n# Made\n# anew', 3),
    ],
)
def test_other_files_are_read(name: str, text: str, line: int, tmp_path: Path) -> None:
    (tmp_path / name).write_text(text, encoding="utf-8")
    assert [places(page) for page in pages(tmp_path / name, name)] == [[(line, "anew")]]


def test_an_excuse_is_for_one_rule_in_one_place(monkeypatch: pytest.MonkeyPatch) -> None:
    excused = Excused("a/*.md", "anew", "begun", "a test")
    monkeypatch.setattr(linter, "EXCUSED", (excused,))
    finding = Finding("a/b.md", 1, "anew", "begun anew", "again")
    assert linter.excuse(finding) == excused
    assert linter.excuse(finding._replace(place="b.md")) is None
    assert linter.excuse(finding._replace(rule="amid")) is None
    assert linter.excuse(finding._replace(text="anew")) is None


@pytest.mark.slow
def test_every_excuse_is_needed() -> None:
    _, needed = check(ROOT / each.files.partition("*")[0] for each in EXCUSED)
    assert needed == set(EXCUSED)


def test_headings_of_a_template_need_no_sentence() -> None:
    text = '<h2 id="a">What is read</h2><th scope="col">What is read</th>\n<p>What is read</p>'
    prose = reader(Path("page.html"))(text)
    assert places(Page("", text, prose)) == [(2, "opens-with-what")]

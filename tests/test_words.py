"""Texts from outside are shown without characters that have an effect."""

from __future__ import annotations

import io
import json
import logging
import unicodedata
from dataclasses import dataclass

import pytest
from rich.table import Table
from rich.text import Text

from autograder.commands.progress import progress
from autograder.console import Terminal, as_line
from autograder.words import (
    MAX_SHOWN,
    MAX_STACKED,
    ShownLog,
    as_json,
    counted,
    printable,
    show_fields,
    shown,
)

HOSTILE = {
    "a title for the terminal": "\x1b]0;you were had\x07",
    "a cleared screen": "\x1b[2J\x1b[H",
    "a link": "\x1b]8;;https://evil.example\x1b\\here\x1b]8;;\x1b\\",
    "a clipboard": "\x1b]52;c;cm0gLXJm\x07",
    "a string that never ends": "\x1bPq\x9dP",
    "C1 controls": "\x9b31m\x9d0;had\x9c\x85",
    "a line that is overwritten": "20 points\r 0 points",
    "backspaces": "fail\b\b\b\bpass",
    "a bell, NUL and DEL": "\x07\x00\x7f",
    "form feeds": "\x0b\x0c\x1c\x1d\x1e",
    "bidi overrides": "\u202eevil\u202c \u2066x\u2069 \u200f\u061c",
    "zero-width letters": "an\u200bna\u2060\ufeff\u00ad\u200d",
    "letters that look like none": "\u3164\u115f\u034f\u2800\uffa0\U000e0101",
    "tags that nobody sees": "\U000e0041\U000e0020",
    "half a pair": "a\ud800b\udcffc",
    "separators of lines": "a\u2028b\u2029c",
    "private letters": "\ue000\U0010ffff",
    "an accent tower": "Z" + "\u0301" * 40,
    "blanks of other widths": "a\u00a0b\u3000c\u2003d",
    "markup of Rich": "x = 1  # [/red] [bold [link=http://a] [@click=x] \\[",
    "an emoji code": ":smile: :warning:",
}


def acts(text: str, markup: str = "") -> list[str]:
    """Return the text's characters that have an effect, except those in `markup` and line ends."""
    kinds = ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp")
    text = text.replace(markup, "") if markup else text
    return [letter for letter in text if letter != "\n" and unicodedata.category(letter) in kinds]


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_nothing_that_is_shown_acts(text: str) -> None:
    for made in (shown(text), shown(f"ü {text}"), printable(text), shown(text, odd=" ")):
        assert acts(made) == []
        made.encode("utf-8")
    assert "\n" not in printable(f"{text}\n{text}")


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_what_is_shown_stays_when_it_is_shown_again(text: str) -> None:
    assert shown(shown(text)) == shown(text)
    assert printable(printable(text)) == printable(text)


@pytest.mark.parametrize(
    "text",
    [
        "loss(x) = ½‖u‖²v² → 0, x̂ ≤ ε̄",
        "Łukasz Ångström-Nguyễn, 李雷, Ωμέγα, Юлия, محمد, नमस्ते",
        "def f(x):\n    return x  # [red] \\ :smile:",
        "✓ fine 🙂",
    ],
)
def test_honest_text_is_shown_as_it_is(text: str) -> None:
    assert shown(text) == text


def test_endless_names_and_towers_are_cut() -> None:
    assert len(printable("x" * 1_000)) == MAX_SHOWN
    assert shown("Z" + "\u0301" * 40) == "Z" + "\u0301" * MAX_STACKED


@pytest.mark.parametrize(
    ("number", "thing", "text"),
    [
        (1, "student", "1 student"),
        (0, "student", "0 students"),
        (-1, "point", "−1 point"),
        (-0.5, "point", "−0.5 points"),
        (2.0, "bonus point", "2 bonus points"),
    ],
)
def test_numbers_agree_with_what_they_count(number: float, thing: str, text: str) -> None:
    assert counted(number, thing) == text


def test_lines_end_alike_and_blanks_are_blanks() -> None:
    assert shown("a\r\nb\tc\u00a0d") == "a\nb    c d"


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_json_holds_the_text_and_nothing_that_acts(text: str) -> None:
    content = {"name": text, text: ["Łukasz", 1.5, None]}
    made = as_json(content)
    assert acts(made) == []
    assert json.loads(made) == content
    made.encode("utf-8")


def test_texts_of_a_record_are_as_they_are_shown() -> None:
    @dataclass(frozen=True)
    class Note:
        text: str
        lines: tuple[str, ...]
        numbers: tuple[int, ...] = (1, 2)

        def __post_init__(self) -> None:
            show_fields(self)

    assert Note("a\x1bb", ("\u202e", "ü")) == Note("a?b", ("?", "ü"))


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_nothing_that_is_logged_acts(text: str) -> None:
    file = io.StringIO()
    log = logging.Logger("test")
    log.addHandler(logging.StreamHandler(file))
    log.addFilter(ShownLog())
    log.error("Marking %s: %s", text, 1)
    try:
        raise ValueError(text)
    except ValueError:
        log.exception(text)
    assert acts(file.getvalue()) == []
    assert "Marking" in file.getvalue()
    assert "ValueError" in file.getvalue()


def terminal() -> tuple[Terminal, io.StringIO]:
    file = io.StringIO()
    console = Terminal(
        file=file, width=400, force_terminal=True, color_system=None, legacy_windows=False
    )
    return console, file


def as_printed(text: str) -> str:
    """Return the text as it must appear in one line, without characters that Rich itself drops."""
    return "".join(shown(text, odd="").split())


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
@pytest.mark.parametrize("as_text", [False, True])
def test_no_text_acts_on_a_terminal_wherever_it_stands(text: str, as_text: bool) -> None:
    made = Text(text) if as_text else text
    console, file = terminal()
    table = Table("plain", title=made, caption=made)
    table.add_column(made)
    table.add_row("plain", made)
    console.print(table)
    console.print(made)
    console.print(made, style="red")
    console.print("before", made, 3)
    console.rule(made)
    told = file.getvalue()
    assert acts(told) == []
    assert "".join(told.replace("?", "").split()).count(as_printed(text).replace("?", "")) >= 5


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_no_text_acts_in_what_moves(text: str) -> None:
    """Rich itself moves the cursor; a harmless text causes the same moves."""

    def moves(text: str) -> set[str]:
        console, file = terminal()
        with console.status(text) as status:
            status.update(as_line(text))
        with progress(console, text) as watch:
            watch(1, 2)
        return set(acts(file.getvalue()))

    assert moves(text) == moves("harmless")


def test_a_style_is_kept_where_a_text_is_put_right() -> None:
    file = io.StringIO()
    console = Terminal(file=file, width=80, force_terminal=True, color_system="standard")
    console.print(Text("a\u202eb", style="red"))
    console.print("[red]", style="red", highlight=False)
    assert file.getvalue() == "\x1b[31ma?b\x1b[0m\n\x1b[31m[red]\x1b[0m\n"

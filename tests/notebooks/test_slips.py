"""The most common slips get their own words, and failing checks a line to try."""

from __future__ import annotations

import base64
import codecs
import inspect
import io
import itertools
import json
import linecache
import re
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import pytest

from .conftest import Names
from .test_checks import AUTO_ITEMS, answers, raising, spoilt
from .test_help import Recorder, run

TRY = re.compile(r"try it yourself: `(.*)`")


@pytest.fixture
def kernel(checks: ModuleType, monkeypatch: pytest.MonkeyPatch) -> Recorder:
    recorder = Recorder()
    recorder.history_manager = SimpleNamespace(input_hist_parsed=[""])  # type: ignore[attr-defined]
    monkeypatch.setattr(checks, "shell", lambda: recorder)
    return recorder


@pytest.fixture
def told(checks: ModuleType, kernel: Recorder) -> Callable[[str, Names], str]:
    """Run a check in a notebook and return its text."""

    def tell(item: str, names: Names) -> str:
        kernel.shown.clear()
        run(checks, item, names)
        return kernel.shown[-1]["text/plain"]

    return tell


Told = Callable[[str, Names], str]

# --- a line to try ------------------------------------------------------------------------------


def same(left: Any, right: Any) -> bool:
    if isinstance(left, dict):
        return left.keys() == right.keys() and all(same(left[key], right[key]) for key in left)
    if isinstance(left, tuple):
        return all(same(*pair) for pair in zip(left, right, strict=True))
    return bool(np.array_equal(left, right, equal_nan=True))


@pytest.mark.parametrize("item", [i for i in AUTO_ITEMS if i != "p2a-values"])
def test_line_of_a_failing_check_runs_in_the_notebook_and_fails_alike(
    item: str, told: Told, names: Names, checks: ModuleType
) -> None:
    """Also if the function changes its arguments: the line shows them as they were before."""
    for name in answers(checks, item):
        if name.startswith("plot_"):
            wrong = {**names, name: raising(ValueError("no such luck"))}
            (line,) = TRY.findall(told(item, wrong))
            with pytest.raises(ValueError, match="no such luck"):
                eval(line, {**wrong, "np": np, "checks": checks})
            continue
        given: list[Any] = []
        right = spoilt(names, name, lambda array: 1.01 * array + 0.1)[name]

        def careless(*arguments: Any, right: Any = right, given: Any = given) -> Any:
            given.append(right(*arguments))
            for argument in arguments:
                if isinstance(argument, np.ndarray):
                    argument[...] = 0
            return given[-1]

        wrong = {**names, name: careless}
        text = told(item, wrong)
        (line,) = TRY.findall(text)
        expected = given[-1]
        assert line.startswith(f"{name}(")
        assert same(eval(line, {**wrong, "np": np, "checks": checks}), expected), line


def test_line_is_as_short_as_its_numbers(told: Told, names: Names) -> None:
    wrong = spoilt(names, "usam", lambda array: array + 1)
    assert TRY.findall(told("p2c-usam", wrong)) == [
        "usam(checks.squares, np.array([1.0, -1.0]), 0.125, 1.0, 2)"
    ]
    right = names["ima_parameters"]
    second = lambda g, b: right(g, b) if g[0] < 1 else (0 * g, np.zeros(4))  # noqa: E731
    assert TRY.findall(told("p1b-parameters", {**names, "ima_parameters": second})) == [
        "ima_parameters(np.array([1, 2, 0.5]), np.array([0.5, 0, 0.5]))"
    ]


@pytest.mark.parametrize("state", ["passed", "missing", "open"])
def test_no_line_to_try_where_there_is_nothing_to_see(state: str, told: Told, names: Names) -> None:
    if state == "missing":
        del names["momentum"]
    elif state == "open":
        names["momentum"] = raising(NotImplementedError())
    assert "try it" not in told("p1-momentum", names)


@pytest.mark.parametrize(
    ("thing", "text"),
    [
        (np.array([1, 2, 0.5]), "np.array([1, 2, 0.5])"),
        (np.array([1.0, 2.0]), "np.array([1.0, 2.0])"),
        (np.array([], dtype=float), "np.array([])"),
        (np.array([], dtype=int), "np.array([], dtype=np.int64)"),
        (np.array([1e-300, 1e22]), "np.array([1e-300, 1e+22])"),
        (np.full((2, 3), 0.1), "np.full((2, 3), 0.1)"),
        (np.float64(0.5), "0.5"),
        ((1,), "(1,)"),
        ({(0.1, 0): [True, None]}, "{(0.1, 0): [True, None]}"),
    ],
)
def test_arguments_are_written_as_python(checks: ModuleType, thing: Any, text: str) -> None:
    assert checks.call_text("f", (thing,)) == f"f({text})"


@pytest.mark.parametrize(
    "thing",
    [np.array([np.nan]), np.inf, np.zeros(10**7), 1j, lambda x: x, list(range(99)), "x" * 300],
)
def test_arguments_that_are_long_or_not_exact_are_left_out(checks: ModuleType, thing: Any) -> None:
    assert checks.call_text("f", (checks.copied(thing),)) == ""


# --- slips --------------------------------------------------------------------------------------

STUB = "def momentum(*_):\n    raise NotImplementedError()"
WRONG = "def momentum(*_):\n    return 0"


def ran(kernel: Any, names: Names, source: str, name: str = "momentum") -> None:
    """Run a cell as IPython does; if it stops with an error, it changes nothing."""
    kernel.history_manager.input_hist_parsed.append(source)
    file = f"/tmp/ipykernel_1/{abs(hash(source))}.py"
    linecache.cache[file] = (len(source), None, source.splitlines(keepends=True), file)
    try:
        exec(compile(source, file, "exec", dont_inherit=True), found := {**names})
    except (SyntaxError, NameError):
        return
    names[name] = found[name]


@pytest.fixture
def saved(checks_file: Path) -> Any:
    """Save the notebook of Problem 1 with one cell."""
    path = checks_file.with_name("problem1_momentum.ipynb")

    def save(source: str, count: int | None = None) -> None:
        cell = {"cell_type": "code", "source": source, "execution_count": count}
        path.write_text(json.dumps({"cells": [cell]}), encoding="utf-8")

    yield save
    path.unlink(missing_ok=True)


@pytest.mark.parametrize("bad", ["def momentum(:", "def momentum(x: Missing):\n    return 0"])
@pytest.mark.parametrize("before", [STUB, WRONG, None])
def test_cell_that_stopped_with_an_error_is_told(
    bad: str, before: str | None, told: Told, kernel: Any, names: Names
) -> None:
    del names["momentum"]
    if before:
        ran(kernel, names, before)
    ran(kernel, names, bad)
    text = told("p1-momentum", names)
    assert "last run of the cell that defines `momentum` stopped with an error" in text
    age = {STUB: "is still the unfinished one", WRONG: "is an older one", None: "it is not defined"}
    assert age[before] in text


def test_answer_that_was_written_but_not_run_is_told(
    told: Told, kernel: Any, names: Names, saved: Any
) -> None:
    saved(WRONG)
    del names["momentum"]
    assert "`momentum`, but it was not run since the kernel" in told("p1-momentum", names)
    ran(kernel, names, STUB)
    text = told("p1-momentum", names)
    assert "The `momentum` in memory is still the unfinished one: run its cell" in text
    assert "replace that line" not in text
    ran(kernel, names, WRONG)
    saved(WRONG.replace("0", "1"), count=2)
    assert "`momentum` in memory is an older one: you changed its cell" in told(
        "p1-momentum", names
    )


def test_right_answer_whose_saved_cell_differs_is_told(
    told: Told, kernel: Any, names: Names, saved: Any
) -> None:
    right = inspect.getsource(names["momentum"])
    ran(kernel, names, right)
    for source, count, is_older in ((right, 1, False), (WRONG, None, False), (WRONG, 1, True)):
        saved(source, count)
        text = told("p1-momentum", names)
        assert text.startswith("✓ p1-momentum")
        assert ("→ The `momentum` in memory is an older one: you changed" in text) is is_older


@pytest.mark.parametrize("source", [WRONG, STUB, "x = 1", "def momentum("])
def test_answer_that_was_run_is_not_called_old(
    source: str, told: Told, kernel: Any, names: Names, saved: Any
) -> None:
    """The file may be older than what ran: of yesterday, or not saved since."""
    saved(source, count=7)
    ran(kernel, names, WRONG)
    kernel.history_manager.input_hist_parsed.append("momentum(g, x0=1)  # scratch")
    assert "in memory" not in told("p1-momentum", names)


def test_unfinished_answer_says_to_run_its_cell(told: Told, names: Names) -> None:
    def momentum(*_: Any) -> Any:
        raise NotImplementedError

    text = told("p1-momentum", {**names, "momentum": momentum})
    assert "replace that line with your code. If you have done so, run its cell" in text


@pytest.mark.parametrize(
    ("name", "what"),
    [
        ("np", "run the setup cell (the first code cell) first"),
        ("Callable", "run the setup cell (the first code cell) first"),
        ("activation", "run the given cell that defines `activation` first"),
        ("ima", "write it in the cell above the check of p1b-ima"),
    ],
)
def test_name_of_another_cell_that_is_missing_is_told(
    name: str, what: str, told: Told, names: Names
) -> None:
    names.pop(name, None)
    wrong = eval(f"lambda *_: {name}(1)", names)
    text = told("p1-momentum", {**names, "momentum": wrong})
    assert f"`momentum` needs `{name}`, which is not defined: {what}" in text


def test_given_function_that_a_check_calls_is_told(told: Told, names: Names) -> None:
    del names["network"]
    text = told("p3a-gradients", names)
    assert "`network` is not defined: run the given cell that defines `network` first" in text


@pytest.mark.parametrize("collect", [list, np.array])
def test_rows_that_are_one_array_are_told(
    collect: Callable[..., Any], told: Told, names: Names
) -> None:
    def momentum(gradient: Any, x0: Any, gammas: Any, betas: Any, indices: Any) -> Any:
        x, memory, rows = np.array(x0, dtype=float), np.zeros(len(x0)), []
        rows.append(x)
        for gamma, beta, i in zip(gammas, betas, indices, strict=True):
            memory = beta * memory + gradient(i, x)
            x -= gamma * memory
            rows.append(x)
        return collect(rows)

    text = told("p1-momentum", {**names, "momentum": momentum})
    assert "append `x.copy()`" in text
    assert "All rows are" in text


def test_rows_that_differ_or_are_zero_are_not_called_one_array(told: Told, names: Names) -> None:
    for change in (lambda a: a + 1, lambda a: 0 * a):
        assert "x.copy()" not in told("p1-momentum", spoilt(names, "momentum", change))


def test_answer_that_uses_another_which_does_not_pass_is_told(told: Told, names: Names) -> None:
    wrong = {**names, **spoilt(names, "gradient_W", lambda array: array + 1)}
    exec(
        "def helper(v, W, x, n):\n"
        "    return np.append(gradient_v(v, W, x, n), gradient_W(v, W, x, n))\n"
        "def empirical_ntk(v, W, X, n):\n"
        "    A = np.array([helper(v, W, x, n) for x in X])\n"
        "    return A @ A.T",
        wrong | {"np": np},
        wrong,
    )
    text = told("p3b-kernel", wrong)
    assert "It uses your `gradient_W`, which does not pass yet" in text
    assert "uses your" not in told("p3b-kernel", {**wrong, "gradient_W": names["gradient_W"]})


@pytest.mark.slow
def test_slips_are_told_in_a_real_kernel(checks_file: Path, saved: Any) -> None:
    """IPython keeps the texts of cells and of the functions in memory as the tests above do."""
    manager = pytest.importorskip("jupyter_client.manager")
    kernel, client = manager.start_new_kernel(cwd=str(checks_file.parent))
    shown: list[dict[str, str]] = []

    def note(message: Any) -> None:
        if message["msg_type"] == "display_data":
            shown.append(message["content"]["data"])

    def run_cell(source: str) -> None:
        client.execute_interactive(source, output_hook=note, timeout=300)

    try:
        run_cell("import checks, matplotlib.pyplot as plt")
        run_cell(STUB)
        for source, words in (
            ("", "still raises NotImplementedError"),
            ("def momentum(:", "stopped with an error, so the `momentum` in memory is still"),
            (WRONG, "try it yourself: `momentum(checks.scaled, np.array([2.0, 4.0]), "),
        ):
            run_cell(source)
            run_cell("checks.p1_momentum(globals())")
            assert words in shown[-1]["text/plain"]
        saved(WRONG.replace("0", "1"), count=6)
        run_cell("checks.p1_momentum(globals())")
        assert "an older one: you changed its cell" in shown[-1]["text/plain"]
        before = len(shown)
        run_cell("plt.plot([1, 2])\nchecks.show('a line')")
        assert [each["text/plain"] for each in shown[before:]] == ["[Picture: a line]"]
    finally:
        client.stop_channels()
        kernel.shutdown_kernel(now=True)


# --- what is shown ------------------------------------------------------------------------------


def test_right_answers_are_praised_in_varied_words(told: Told, names: Names) -> None:
    heads = [told(item, names).splitlines()[0] for item in AUTO_ITEMS]
    praise = [head.rpartition("). ")[2] for head in heads]
    assert len(set(praise)) >= 4
    assert all(a != b and len(a) < 20 for a, b in itertools.pairwise(praise))
    assert heads == [told(item, names).splitlines()[0] for item in AUTO_ITEMS]


def test_headline_has_title_points_and_verdict_once(
    told: Told, kernel: Recorder, names: Names
) -> None:
    text = told("p1-momentum", spoilt(names, "momentum", lambda array: array + 1))
    assert text.startswith("✗ p1-momentum: not right yet – Momentum (1 point)\n")
    page = kernel.shown[-1]["text/html"]
    head = re.sub("<.*?>", "", page.partition("</div>")[0])
    assert head == "✗ not right yet Momentum (1 point) p1-momentum"
    assert page.count("not right yet") == 1


@pytest.mark.parametrize(
    ("word", "item"),
    [
        ("momentum", "p1-momentum"),
        ("P1-Momentum", "p1-momentum"),
        ("ima", "p1b-ima"),
        ("heavy_ball_parameters", "p1a-parameters"),
        ("surface", "p2c-surface-plot"),
        ("squared", "p3c-squared"),
        ("kernel at finite", "p3b-kernel"),
        ("gradient_W", "p3a-gradients"),
    ],
)
def test_hint_knows_items_by_many_names(
    word: str, item: str, checks: ModuleType, capsys: pytest.CaptureFixture[str]
) -> None:
    checks._given.clear()
    checks.hint(word)
    assert capsys.readouterr().out.startswith(f"{item}, Hint 1 of 3")


def test_hint_takes_a_function_too_and_asks_if_several_fit(
    checks: ModuleType, names: Names, capsys: pytest.CaptureFixture[str]
) -> None:
    checks._given.clear()
    checks.hint(names["usam"])
    assert capsys.readouterr().out.startswith("p2c-usam, ")
    checks.hint("limit_ntk")
    assert "2 items fit 'limit_ntk'. Choose one of: p3c-relu, p3c-squared." in (
        capsys.readouterr().out
    )
    for latest in ([], ["p1-plot"], ["p2c-gd"]):
        checks._latest[:] = latest
        for word in ("", "nothing", None):
            checks.hint(word)
            text = capsys.readouterr().out
            assert ("p1-momentum" in text) is (latest != ["p2c-gd"])
            assert ("p2c-usam" in text) is (latest != ["p1-plot"])
    checks.hint("p2b-words")
    assert "hints for a text are folded below its question: open them there (p2b-words)" in (
        capsys.readouterr().out
    )
    checks.hint("proof")
    assert "Texts with such a name: p1a-proof, p1b-proof, " in capsys.readouterr().out


def test_summary_is_a_table_with_bonus_points_apart(
    checks: ModuleType, kernel: Recorder, names: Names
) -> None:
    del names["usam"]
    checks.summary("problem2_landscape", names)
    (shown,) = kernel.shown
    page = shown["text/html"]
    assert re.findall(r'scope="col" [^>]*><b>(\w+)', page) == ["item", "worth", "state"]
    assert page.count('scope="row"') == page.count("<tr>") - 1 == 13
    for text in (page, shown["text/plain"]):
        assert "5 of 5 points that tests mark pass so far, 6 of 7 bonus points. A person" in text
        assert "Next: USAM (p2c-usam)." in text


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("By (2), m = 0.", "written; a person marks it"),
        ("**Claim.** Equal.\n\n**⇒** …", "started: 1 of 2 parts is still empty"),
    ],
)
def test_summary_tells_written_texts_from_the_saved_file(
    text: str, word: str, checks: ModuleType, checks_file: Path, kernel: Recorder, names: Names
) -> None:
    path = checks_file.with_name("problem1_momentum.ipynb")
    cells = [
        {
            "cell_type": "markdown",
            "source": text,
            "metadata": {"nbgrader": {"grade": True, "grade_id": name}},
        }
        for name, text in (("p1a-proof", text), ("p1b-proof", "Your answer goes here"))
    ]
    path.write_text(json.dumps({"cells": cells}), encoding="utf-8")
    checks.summary("problem1_momentum", names)
    path.unlink()
    text = kernel.shown[-1]["text/plain"]
    assert re.search(f"✎ p1a-proof .* {word}", text)
    assert re.search("… p1b-proof .* no text yet", text)
    assert "as you last saved it" in text
    checks.summary("problem1_momentum", names)
    assert "as you last saved it" not in kernel.shown[-1]["text/plain"]


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("✓ η_t = (1 + λ₁) γ̂", "OK eta_t = (1 + lambda1) gamma^"),
        ("✗ ∇f(x) = ½‖x‖², 10⁻¹⁵ ≤ √2", "X grad f(x) = 1/2||x||^2, 10^-15 <= sqrt2"),
        ("… “Σ” → ℝ, wᵀx, x⁰", '... "Sigma" -> R, w^Tx, x^0'),
        ("plain 日本 é", "plain ?? e"),
    ],
)
def test_letters_are_spelt_out_for_terminals_without_them(
    text: str, plain: str, checks: ModuleType
) -> None:
    assert checks.spelt_out(text) == plain


@pytest.mark.parametrize("encoding", ["ascii", "cp1252", "cp437", "utf-8"])
def test_terminal_of_any_encoding_gets_every_word(
    encoding: str, checks: ModuleType, names: Names, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(file, encoding=encoding))
    for item in AUTO_ITEMS:
        run(checks, item, names)
        run(checks, item, {**names, **dict.fromkeys(answers(checks, item))})
        checks.hint(item)
    checks.summary("problem1_momentum", names)
    sys.stdout.flush()
    text = file.getvalue().decode(encoding)
    assert not re.search(r"\?\?|(?<![\w`)”]) *\?(?! Stuck)", text)
    assert ("OK p1-momentum: passes" in text) is not (codecs.lookup(encoding).name == "utf-8")


@pytest.mark.parametrize("encoding", ["ascii", "utf-8"])
def test_columns_of_a_printed_summary_line_up(
    encoding: str, checks: ModuleType, names: Names, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also if its signs are spelt out: `OK`, `X`, `...` and `text:` differ in length."""
    file = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(file, encoding=encoding))
    wrong = spoilt({**names, "usam": raising(NotImplementedError())}, "gd", lambda a: a + 1)
    checks.summary("problem2_landscape", wrong)
    sys.stdout.flush()
    lines = file.getvalue().decode(encoding).splitlines()
    rows = [line for line in lines if re.match(r"  \S+ +p2", line)]
    assert len(rows) == 13
    assert len({line.split()[0] for line in rows}) == 4
    assert len({line.index("p2") for line in rows}) == 1
    assert len({re.search(r"\d (?:bonus )?points?", line).start() for line in rows}) == 1  # type: ignore[union-attr]
    assert len({re.search(r"points? +(?=\w)", line).end() for line in rows}) == 1  # type: ignore[union-attr]


# --- pictures -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("label", "words"),
    [
        (r"$\eta_0 = 10^{-1}$", "η₀ = 10⁻¹"),
        (r"guide of slope $-\frac{1}{2}$", "guide of slope -1/2"),
        (r"median of $\mathrm{tr}\,\nabla^2 L$", "median of tr ∇² L"),
        (r"$\hat{\beta}_t$ and $\hat\beta$", "β̂ₜ and β̂"),
        (r"$\|\nabla f(x_k)\|^{2}$, $x^{\top}y$", "‖∇f(xₖ)‖², xᵀy"),
        (r"$\lambda_{t+1}$, $\Lambda$, $m^{-1/2}$", "λₜ₊₁, Λ, m^(-1/2)"),
        (r"$\sqrt{m}$, $\sqrt{1+\lambda}$", "√m, √(1+λ)"),
        (r"$\unknown{x}$", "unknownx"),
        (r"costs \$5, a_b {c}", "costs $5, a_b {c}"),
        (r"costs $5", "costs $5"),
    ],
)
def test_labels_of_pictures_are_told_in_plain_letters(
    label: str, words: str, checks: ModuleType
) -> None:
    assert checks.in_words(label) == words


def test_verdict_of_a_picture_has_no_tex(told: Told, names: Names) -> None:
    text = told("p3-plot", names)
    assert "the legend says: empirical kernel, guide of slope -1/2" in text
    assert "the axes are labelled: width m; relative error" in text


def test_figures_are_shown_with_their_words_and_closed(
    checks: ModuleType, kernel: Recorder
) -> None:
    for _ in range(3):
        plt.figure(figsize=(1, 1), dpi=50).add_subplot()
    checks.show('a "line" & more', "the rest")
    assert plt.get_fignums() == []
    assert [each["text/plain"] for each in kernel.shown] == [
        '[Picture: a "line" & more]',
        "[Picture: the rest]",
        "[Picture: the rest]",
    ]
    page = kernel.shown[0]["text/html"]
    assert 'alt="a &quot;line&quot; &amp; more"' in page
    (data,) = re.findall(r'src="data:image/png;base64,([^"]+)"', page)
    assert base64.b64decode(data).startswith(b"\x89PNG")


@pytest.mark.parametrize("item", [i for i in AUTO_ITEMS if i.endswith("-plot")])
def test_right_picture_is_shown_in_a_kernel_only(
    item: str, checks: ModuleType, kernel: Recorder, names: Names, monkeypatch: pytest.MonkeyPatch
) -> None:
    run(checks, item, names)
    (shown,) = kernel.shown
    (words,) = re.findall(r'<img alt="([^"]*)" src="data:image/png', shown["text/html"])
    assert "the axes are labelled" in words
    assert plt.get_fignums() == []
    (name,) = answers(checks, item)
    run(checks, item, {**names, name: lambda *_: plt.subplots()[0]})
    assert "<img" not in kernel.shown[-1]["text/html"]
    monkeypatch.setattr(checks, "shell", lambda: None)
    monkeypatch.setattr(checks, "_as_image", lambda *_: pytest.fail("drawn where nobody watches"))
    run(checks, item, names)


def test_figure_that_cannot_be_drawn_stops_nothing(
    checks: ModuleType, kernel: Recorder, capsys: pytest.CaptureFixture[str]
) -> None:
    plt.figure().suptitle("$\\broken{$")
    plt.figure()
    checks.show("words")
    assert "Figure 1 can't be drawn: ValueError" in capsys.readouterr().out
    assert len(kernel.shown) == 1


def test_outside_a_notebook_figures_are_shown_as_ever(
    checks: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown: list[str] = []
    monkeypatch.setattr(plt, "show", lambda: shown.append("as ever"))
    checks.show("words")
    assert shown == ["as ever"]

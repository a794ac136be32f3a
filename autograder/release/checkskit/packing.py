"""Handing in"""

from __future__ import annotations

import ast
import io
import json
import os
import platform
import re
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import matplotlib as mpl
import numpy as np

from autograder.release.checkskit.facts import ASSIGNMENT, FILES, PROBLEMS, SECONDS
from autograder.release.checkskit.items import Item, named
from autograder.release.checkskit.notebooks import (
    Saved,
    cell_text,
    empty_parts,
    grade_id,
    is_line_left,
    is_written,
    saved_notebook,
)
from autograder.release.checkskit.rehearsal import INSIDE, Fault, Run, run_again, run_cells
from autograder.release.checkskit.terminals import say
from autograder.release.checkskit.verdicts import HINTS, hint, items_named, shell
from autograder.submission.pictures import (
    MAX_PICTURES,
    TOO_MANY,
    PictureRoom,
    attachments_of,
    pictures_in,
    without_inline,
)

PACKAGE = f"{ASSIGNMENT}_submission.zip"
"""The file to hand in: the saved notebooks and manifest.json."""

Line = tuple[str, str]
"""A line of the report: a sign and a text."""

_LEAST = 5.0
"""Seconds for a notebook if the notebooks before it have used up the time."""

_MOST_LINES = 60
"""Largest number of warnings in a report."""

_BOUNDS = re.compile(r"^(?:# )?(\w+) ?>=(\d+)\.(\d+),<(\d+)\.(\d+)", re.MULTILINE)


@dataclass(frozen=True)
class Rehearsed:
    """A saved notebook and the result of running it."""

    saved: Saved
    run: Run

    @property
    def items(self) -> tuple[Item, ...]:
        return PROBLEMS[self.saved.problem]

    def outcome(self, item: Item) -> str:
        """Return an item's state ("unknown" if its check did not run), "text" or "no text"."""
        if item.answers:
            return self.run.states.get(item.name, "unknown")
        return "text" if is_written(self.saved, item.name) else "no text"


def pack(use: Sequence[str] | str = ()) -> None:
    """Run the saved notebooks as marking does, say what passes, and pack them into one file.

    `use` names copies to hand in instead, such as ["problem1 (1).ipynb"].

    Each notebook runs in its own process and in an empty folder, all together for at most SECONDS
    seconds. The notebooks are not changed, and they are packed even if something fails. The file is
    PACKAGE, in the folder of the notebooks.
    """
    if os.environ.get(INSIDE):
        say("checks.pack(): skipped, because this notebook is being packed.")
        return
    folder = Path(__file__).resolve().parent
    try:
        _pack(folder, [use] if isinstance(use, str) else list(use))
    except OSError as error:
        say(f"✗ Packing did not work here ({named(error)}). Hand in the notebooks instead.")
        if isinstance(error, PermissionError):
            say(f"  Is {PACKAGE} open in another program? Close it there and pack again.")
    except KeyboardInterrupt:
        say(f"Stopped. {PACKAGE} is as it was before.")


def _pack(folder: Path, use: list[str]) -> None:
    """Run the saved notebooks, print the results, and write the package."""
    chosen, notes = _chosen(folder, use)
    files = (saved_notebook(folder, name, chosen.get(name, "")) for name in PROBLEMS)
    saved = [notebook for notebook in files if notebook]
    notes += _elsewhere(folder, saved)
    if not saved:
        nothing = "checks.pack(): found no notebook of this homework beside checks.py."
        say(" ".join([nothing, *notes]))
        say(
            "In Colab, hand in the notebooks themselves: File → Download → Download .ipynb. "
            f"Their names: {', '.join(f'{name}.ipynb' for name in PROBLEMS)}."
        )
        return
    notes += [
        f"{f} is missing here: download it again." for f in FILES if not (folder / f).exists()
    ]
    notes += _other_versions(folder)
    rehearsed: list[Rehearsed] = []
    for notebook in saved:
        say(f"{notebook.shown}, saved {_ago(notebook.time)}: running …", end=" ")
        left = SECONDS - sum(each.run.seconds for each in rehearsed)
        rehearsed.append(Rehearsed(notebook, run_again(folder, notebook, max(left, _LEAST))))
        say(_ran(rehearsed[-1]))
    lines = [line for each in rehearsed for line in _failing(each)]
    lines += [line for each in rehearsed for line in _forgotten(each)]
    for notebook in saved:
        found = (*_unsaved(notebook), *_too_new(notebook, folder))
        lines += [("!", f"{notebook.shown}: {text}") for text in found]
    if (seconds := sum(each.run.seconds for each in rehearsed)) > SECONDS:
        lines.append(("!", f"all took {seconds:.0f} s, but marking stops after {SECONDS:g} s."))
    lines += [("!", note) for note in notes]
    if len(lines) > _MOST_LINES:
        lines[_MOST_LINES:] = [("!", f"{len(lines) - _MOST_LINES} more lines like these")]
    outcomes = {item.name: each.outcome(item) for each in rehearsed for item in each.items}
    size = write_package(folder / PACKAGE, _members(saved, outcomes, [text for _, text in lines]))
    say("\n" + "\n".join(_verdicts(rehearsed)))
    say("\nBefore you hand in:" if lines else "Nothing is missing.")
    say("".join(_wrapped(f"  {sign} {text}") + "\n" for sign, text in lines), end="")
    say(
        f"\nPacked: {PACKAGE} ({len(saved)} of {len(PROBLEMS)} notebooks, "
        f"{max(1, size // 1000)} kB), in the folder of your notebooks.\n"
        "Hand in this one file. If you change anything: save, then pack again.\n"
        "Changes that are not saved are not in it"
        + (
            "; only functions that you ran were compared."
            if shell()
            else ", and from a terminal they can't be seen."
        ),
    )
    _offer_download()


def _wrapped(line: str) -> str:
    import textwrap

    return textwrap.fill(
        line, 88, subsequent_indent="      ", break_on_hyphens=False, break_long_words=False
    )


def _offer_download() -> None:
    """Show a link to the package, if this runs in a notebook."""
    here = shell()
    if getattr(here, "kernel", None) is not None:
        link = f'<a href="{PACKAGE}" download><b>Download {PACKAGE}</b></a>'
        here.display_pub.publish(data={"text/plain": PACKAGE, "text/html": link}, metadata={})


def _ago(time: float) -> str:
    """Return when a file was saved, in words."""
    then = datetime.fromtimestamp(time)
    seconds = (datetime.now() - then).total_seconds()
    for unit, length in (("day", 86_400), ("hour", 3600), ("minute", 60)):
        if (count := int(seconds // length)) > 0:
            return f"{then:%H:%M} ({count} {unit}{'s' if count > 1 else ''} ago)"
    return f"{then:%H:%M} (just now)"


# The files to hand in


def _problem(name: str) -> str:
    """Return the problem of a notebook's copy by the file's name, or ""."""
    copy = r"(?: ?\(\d+\)|[-_ ]?[Cc]opy ?\d*)?\.ipynb"
    return next((p for p in PROBLEMS if re.fullmatch(re.escape(p) + copy, name)), "")


def _chosen(folder: Path, use: list[str]) -> tuple[dict[str, str], list[str]]:
    """Return the file to use for each problem, and what is wrong with the names in `use`."""
    good = [name for name in use if _problem(name) and (folder / name).is_file()]
    wrong = [f"{name} is not a notebook of this homework in this folder; it was not packed."
             for name in use if name not in good]  # fmt: skip
    return {_problem(name): name for name in good}, wrong


def _elsewhere(folder: Path, saved: list[Saved]) -> Iterator[str]:
    """Yield problems without a notebook, and copies that are newer than the notebook packed."""
    times = {notebook.problem: notebook.time for notebook in saved}
    files = {notebook.shown for notebook in saved}
    for problem in PROBLEMS:
        copies = [p for p in folder.glob("*.ipynb") if _problem(p.name) == problem]
        newest = max(copies, key=lambda path: path.stat().st_mtime, default=None)
        offer = ""
        if newest is not None and newest.name not in files:
            quoted = f'"{newest.name}"'
            way = f"checks.pack(use=[{quoted}])" if shell() else f"python checks.py pack {quoted}"
            offer = f"To hand that one in: {way}"
        if problem not in times:
            yield f"{problem}.ipynb is not in this folder" + (
                f", but {newest.name} is. {offer}" if newest and offer else "."
            )
        elif newest is not None and offer and newest.stat().st_mtime > times[problem]:
            yield f"{newest.name} is newer than the notebook that was packed. {offer}"


# The report


def _ran(each: Rehearsed) -> str:
    """Return a line with the number of a notebook's checks that pass."""
    tested = [each.outcome(item) for item in each.items if item.answers]
    passed = tested.count("passed")
    sign = "✓" if passed == len(tested) else "✗"
    return f"{sign} {passed} of {len(tested)} checks pass ({each.run.seconds:.0f} s)"


def _sum_of(items: Iterable[Item], bonus: bool) -> float:
    return sum(item.points for item in items if item.bonus is bonus)


def _verdicts(rehearsed: list[Rehearsed]) -> Iterator[str]:
    """Yield how many points pass, how many texts are written, and the pictures in them."""
    every = [item for items in PROBLEMS.values() for item in items]
    outcomes = {item.name: each.outcome(item) for each in rehearsed for item in each.items}
    for kind, good in (("tests", "passed"), ("texts", "text")):
        asked = [item for item in every if bool(item.answers) is (kind == "tests")]
        done = [item for item in asked if outcomes.get(item.name) == good]
        if not asked:
            continue
        counts = [
            f"{_sum_of(done, bonus):g} of {worth:g} {'bonus ' * bonus}point{'s' * (worth != 1)}"
            for bonus in (False, True)
            if (worth := _sum_of(asked, bonus))
        ]
        if kind == "tests":
            counts[0] += " that tests mark"
            sign = "✓" if len(done) == len(asked) else "…"
            yield f"{sign} {' and '.join(counts)} pass."
        else:
            written = f"{len(done)} of {len(asked)} texts are written ({', '.join(counts)})"
            yield f"✎ {written}. A person marks them."
    texts = {name: names for each in rehearsed for name, (names, _) in _pictures(each).items()}
    shown = {name: names for name, names in texts.items() if names}
    if shown:
        told = [f"{item} has {', '.join(names)}" for item, names in shown.items()]
        yield f"  Pictures: {'; '.join(told)}" + "; the others have none." * (
            len(shown) < len(texts)
        )
    elif texts:
        yield "  Pictures: none of the texts has one."


def _failing(each: Rehearsed) -> Iterator[Line]:
    """Yield the items that fail, each once, with the reason that the run showed."""
    failing = {i.name: i for i in each.items if each.outcome(i) in ("wrong", "broken", "missing")}
    for fault in each.run.faults:
        if about := [failing.pop(name) for name in _concerned(each, fault) if name in failing]:
            what, instead = _WORDS[fault.kind]
            yield "✗", f"{_listed(about)}: {_where(each, fault, what)}{instead}"
    for item in failing.values():
        if each.outcome(item) != "missing":
            word = "not right yet" if each.outcome(item) == "wrong" else "can't be compared yet"
            message = " ".join(each.run.messages.get(item.name, "").split())
            yield "✗", f"{_listed([item])}: {word}" + (f". {message}" if message else "")
    if unknown := [i.name for i in each.items if each.outcome(i) == "unknown"]:
        yield "✗", f"{each.saved.shown}: unknown, as the run did not end: {', '.join(unknown)}"


def _listed(items: Iterable[Item]) -> str:
    return ", ".join(f"{item.name} ({item.worth})" for item in items)


def _where(each: Rehearsed, fault: Fault, what: str) -> str:
    place = f"code cell {fault.cell} of " if fault.cell else ""
    return f"{place}{each.saved.shown} {what.format(fault.name)}"


def _concerned(each: Rehearsed, fault: Fault) -> list[str]:
    """Return the items that a fault concerns: those of its cell, and those whose check names it."""
    name = re.escape(fault.name.removesuffix(".py").strip("/"))
    told = [i for i, text in each.run.messages.items() if re.search(rf"\b{name}\b", text)]
    return list(dict.fromkeys([*fault.items, *told]))


def _forgotten(each: Rehearsed) -> Iterator[Line]:
    """Yield what else may be wrong: missing cells and texts, and faults that cost nothing."""
    notebook, items = each.saved, each.items
    for failure in filter(None, [notebook.fault, *each.run.failures]):
        yield "!", f"{notebook.shown}: {failure}"
    ids = [grade_id(cell) for cell in notebook.cells]
    for item in items if ids else ():
        if (count := ids.count(item.name)) == 0:
            copy = "Copy your answers into a fresh notebook."
            yield "!", f"{notebook.shown}: the cell of {item.name} is missing. {copy}"
        elif count > 1:
            told = f"the cell of {item.name} is there {count} times. Delete the copies."
            yield "!", f"{notebook.shown}: {told}"
    faulty = {name for fault in each.run.faults for name in _concerned(each, fault)}
    stubs = [i.name for i in items if each.outcome(i) == "open"]
    stubs += [i.name for i in items if each.outcome(i) == "missing" and i.name not in faulty]
    if stubs:
        yield "…", f"{notebook.shown}: not done yet: {', '.join(stubs)}"
    if blank := [i.name for i in items if each.outcome(i) == "no text" and i.name in ids]:
        yield "…", f"{notebook.shown}: no text yet: {', '.join(blank)}"
    for item in items:
        if each.outcome(item) == "text" and (empty := empty_parts(notebook, item.name)):
            todo = "Fill in what you need, and delete the headings that you don't."
            yield "…", f"{notebook.shown}: {item.name} is started: {empty}. {todo}"
    if left := [i.name for i in items if not i.answers and is_line_left(notebook, i.name)]:
        told = "your text is there. Delete the line “Your answer goes here” too"
        yield "!", f"{notebook.shown}: {', '.join(left)}: {told}."
    for fault in each.run.faults:
        about = _concerned(each, fault)
        fails = any(each.outcome(item) != "passed" for item in items if item.name in about)
        if not fails and not (about and _is_guarded(fault, notebook)):
            what, instead = _WORDS[fault.kind]
            passes = f" {' and '.join(about)} passes without it; delete that line if you can."
            yield "!", _where(each, fault, what) + (passes if about else instead)
    for name, (_, wrong) in _pictures(each).items():
        for text in wrong:
            yield "!", f"{notebook.shown}: {name}: {text}"


_WORDS = {
    "package": (
        "imports {}, a package that marking does not have.",
        " Use numpy and matplotlib instead.",
    ),
    "module": (
        "imports {}, a file that is not in the package.",
        " Copy its code into a cell of the notebook.",
    ),
    "file": (
        "opens {}, a file that is not in the package.",
        " Write what you need from it into a code cell.",
    ),
    "path": (
        "uses {}, which exists only on this machine.",
        " Delete that line: marking runs the notebook in a folder with only the homework's files.",
    ),
    "program": (
        "starts a program ({}), and marking runs no other programs.",
        " Do it in Python instead.",
    ),
    "network": (
        "connects to {}, and marking has no network.",
        " Write what you need into a code cell.",
    ),
    "input": ("asks with {}, and nobody answers when marking.", " Write the value instead."),
    "error": ("stops with {}", ""),
}
"""Text of each kind of fault: what a code cell does, and what to do instead."""


def _is_guarded(fault: Fault, notebook: Saved) -> bool:
    """Return whether the notebook's code expects that an import may fail."""
    try:
        tree = ast.parse(notebook.code[fault.cell - 1])
    except (SyntaxError, ValueError, RecursionError, IndexError):
        return False
    inside = [
        part
        for node in ast.walk(tree)
        if isinstance(node, ast.Try) and node.handlers
        for statement in node.body
        for part in ast.walk(statement)
    ]
    top = fault.name.removesuffix(".py").strip("/")
    asking = [part for part in ast.walk(tree) if _imports(part, top)]
    return fault.kind in ("package", "module") and all(part in inside for part in asking)


def _imports(part: ast.AST, top: str) -> bool:
    """Return whether code imports a module, by a statement or by its name in quotation marks."""
    if isinstance(part, ast.Import | ast.ImportFrom):
        return top in ast.unparse(part)
    called = getattr(part, "func", None)
    name = getattr(called, "id", None) or getattr(called, "attr", None)
    return name in ("import_module", "__import__") and top in ast.unparse(part)


Pictures = tuple[list[str], list[str]]
"""Names of the pictures in a text that a marker sees, and what is wrong with the others."""


def _pictures(each: Rehearsed) -> dict[str, Pictures]:
    """Return the pictures of each text that a person marks."""
    found: dict[str, Pictures] = {item.name: ([], []) for item in each.items if not item.answers}
    room, count = PictureRoom(), 0
    for cell in each.saved.cells:
        if cell.get("cell_type") == "code":
            continue
        text, inline = without_inline(cell_text(cell), str)
        attached = room.take(inline | attachments_of(cell, _joined))
        shown, wrong = found.get(grade_id(cell), ([], []))
        for picture in pictures_in(text, attached):
            count += not picture.refusal
            why = picture.refusal or (TOO_MANY if count > MAX_PICTURES else "")
            if why:
                wrong.append(f"the picture {picture.name[:80]} {why}")
            else:
                shown.append(picture.name[:80])
    return found


def _joined(value: object) -> str | None:
    """Return a string, or a list of lines as one string; None for any other value."""
    if isinstance(value, list) and all(isinstance(line, str) for line in value):
        return "".join(value)
    return value if isinstance(value, str) else None


# Unsaved functions and other versions


def _unsaved(notebook: Saved) -> Iterator[str]:
    """Yield functions whose version in this kernel is not in the saved file.

    IPython keeps the text of each cell that it ran, and a function knows its cell. Other answers,
    texts, and notebooks of other kernels can't be compared.
    """
    import linecache

    defined = getattr(shell(), "user_ns", {})
    known = {_normal(source) for source in notebook.code}
    for item in PROBLEMS[notebook.problem]:
        for name in item.answers:
            code = getattr(defined.get(name), "__code__", None)
            cell = "".join(linecache.getlines(code.co_filename)) if code else ""
            # IPython keeps a cell with magic commands in a different form than it was typed
            if cell and "get_ipython()" not in cell and _normal(cell) not in known:
                yield (
                    f"the `{name}` that you ran last is not in the saved file. Run its cell "
                    "and save the notebook, then pack again."
                )


def _normal(source: str) -> str:
    return "\n".join(line.rstrip() for line in source.strip().splitlines())


def _bounds(folder: Path) -> dict[str, tuple[tuple[int, int], tuple[int, int]]]:
    """Return the range of versions (from, below) that requirements.txt gives for each package."""
    try:
        text = (folder / "requirements.txt").read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):  # packing works without it
        return {}
    numbers = [(name, *map(int, rest)) for name, *rest in _BOUNDS.findall(text)]
    return {name: ((a, b), (c, d)) for name, a, b, c, d in numbers}


def _versions() -> dict[str, str]:
    return {
        "Python": platform.python_version(),
        "numpy": np.__version__,
        "matplotlib": mpl.__version__,
    }


def _other_versions(folder: Path) -> Iterator[str]:
    """Yield a warning for each package that is here in a version that marking does not use."""
    bounds = _bounds(folder)
    for name, version in _versions().items():
        numbers = tuple(map(int, re.findall(r"\d+", version)[:2]))
        if name in bounds and not bounds[name][0] <= numbers < bounds[name][1]:
            (low, minor), (high, end) = bounds[name]
            newest = f" to {high}.{end - 1}" if (low, minor) != (high, end - 1) else ""
            way = "Use that Python." if name == "Python" else "`pip install -r requirements.txt`"
            yield (
                f"{name} is {version} here, but marking uses {low}.{minor}{newest}: your code "
                f"may not run there. {way}"
            )


def _too_new(notebook: Saved, folder: Path) -> Iterator[str]:
    """Yield cells that this Python can read but the oldest Python used for marking can't."""
    here = sys.version_info[:2]
    oldest = _bounds(folder).get("Python", (here, here))[0]
    if oldest >= here:
        return
    for number, source in enumerate(notebook.code, start=1):
        if _reads(source, here) and not _reads(source, oldest):
            yield (
                f"code cell {number} needs a newer Python than {oldest[0]}.{oldest[1]}, which may "
                "be used for marking. Change it so that older versions can read it (inside an "
                "f-string, use other quotes than around it)."
            )


def _reads(source: str, version: tuple[int, int]) -> bool:
    """Return whether a version of Python can parse a text, if the running version can test this."""
    try:
        ast.parse(source, feature_version=version)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    return version >= (3, 12) or not _has_new_fstring(source)


def _has_new_fstring(source: str) -> bool:
    """Return whether an f-string has its own quotes, a backslash or a comment within braces."""
    import tokenize

    around: list[str] = []
    try:
        for token in tokenize.generate_tokens(io.StringIO(source).readline):
            kind = tokenize.tok_name[token.type]
            quotes = token.string.lstrip("rRbBuUfFtT")
            if kind == "FSTRING_END":
                around.pop()
            elif kind in ("FSTRING_START", "STRING"):
                if around and (quotes.startswith(tuple(around)) or "\\" in token.string):
                    return True
                around += [quotes] if kind == "FSTRING_START" else []
            elif kind == "COMMENT" and around:
                return True
    except (tokenize.TokenError, SyntaxError, IndexError):
        return False
    return False


# Writing the package


def _members(
    saved: list[Saved], outcomes: Mapping[str, str], warnings: list[str]
) -> dict[str, bytes]:
    """Return the files of the package: the notebooks, and manifest.json, which describes them."""
    import hashlib

    def stated(time: float) -> str:
        return datetime.fromtimestamp(time, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")

    manifest = {
        "schema": "fdl-submission",
        "version": 1,
        "assignment": ASSIGNMENT,
        "packed": stated(datetime.now(UTC).timestamp()),
        "notebooks": {
            notebook.name: {
                "sha256": hashlib.sha256(notebook.content).hexdigest(),
                "saved": stated(notebook.time),
            }
            for notebook in saved
        },
        "checks": outcomes,
        "warnings": warnings,
        "versions": {name.lower(): version for name, version in _versions().items()},
    }
    text = json.dumps(manifest, indent=1, ensure_ascii=False) + "\n"
    return {**{n.name: n.content for n in saved}, "manifest.json": text.encode()}


def write_package(target: Path, members: Mapping[str, bytes]) -> int:
    """Write the zip file atomically; the same members give the same bytes. Return its size."""
    import tempfile
    import zipfile

    handle, name = tempfile.mkstemp(prefix=".packing-", dir=target.parent)
    try:
        with open(handle, "wb") as file, zipfile.ZipFile(file, "w") as archive:
            for member in sorted(members):
                about = zipfile.ZipInfo(member)  # dated 1980: the manifest has the times
                about.compress_type, about.external_attr = zipfile.ZIP_DEFLATED, 0o644 << 16
                about.create_system = 3
                archive.writestr(about, members[member])
        os.chmod(name, 0o644)
        os.replace(name, target)
    except BaseException:
        os.unlink(name)
        raise
    return target.stat().st_size


def command(words: list[str]) -> int:
    """Run `python checks.py pack [COPY ...]` or `... hint ITEM`; return the exit code."""
    if words[:1] == ["pack"]:
        pack(words[1:])
    elif len(words) == 2 and words[0] == "hint" and len(items_named(words[1])) == 1:
        for _ in range(3):
            hint(words[1])
    elif len(words) == 4 and words[0] == "run":
        run_cells(*words[1:])
    else:
        say("Usage: python checks.py pack, or python checks.py hint ITEM")
        say(f"Items: {', '.join(HINTS)}")
        return 2
    return 0

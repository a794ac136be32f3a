"""Convert one nbgrader notebook: its cells, solutions, hidden tests and visible checks."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from textwrap import indent
from typing import Literal

from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from autograder.course.directives import BEGIN, END
from autograder.course.gradecells import MAY_RAISE, grade_id, is_graded, is_solution
from autograder.release.adopting.conversion import (
    AUTOTEST,
    NOTHING,
    Converted,
    Converter,
    NotConvertible,
)
from autograder.release.adopting.identifiers import Ids
from autograder.release.adopting.names import Binding, Scope, imported_modules, used_names
from autograder.release.adopting.newcells import (
    NO_MODEL,
    STEP,
    copied,
    declare,
    lock,
    with_ids,
    with_rubric,
)
from autograder.release.adopting.oldcells import Old, as_python, cell_magic, kind_of, worth
from autograder.release.adopting.pictures import attach_pictures
from autograder.release.adopting.reading import Marks, Remark
from autograder.release.adopting.regions import (
    Chunk,
    as_solution,
    chunks,
    has_marks,
    split_regions,
    with_own_marks,
)
from autograder.release.adopting.starimports import with_names
from autograder.release.adopting.testfiles import check_function, function_name, test_module
from autograder.release.definitions import lines_of, stored_names
from autograder.release.preprocessors import NOTEBOOK_METADATA
from autograder.words import counted

_FOR_STUDENTS = re.compile(r"(?i)\byour (?:answer|name|text|response)\b|^\W*\w*name\W*$")
"""Pattern of a Markdown cell without nbgrader's settings that students should fill in."""
_DEFINITIONS = (ast.Import, ast.ImportFrom, ast.FunctionDef, ast.ClassDef)
_AUTOTEST = re.compile(r"^###? *(?:HASHED +)?AUTOTEST +([^;]+?);? *$")
_GONE = frozenset({"nose"})
"""Packages that nbgrader's examples import and that current versions of Python can't import."""


@dataclass(frozen=True)
class Part:
    """A statement or an answer for the solutions' module, with its text and names."""

    text: str
    binds: tuple[str, ...]
    uses: frozenset[str]
    chunk: Chunk | None = None

    @property
    def is_answer(self) -> bool:
        """Whether students write this part."""
        return self.chunk is not None


@dataclass
class Trial:
    """The results of trials of converted tests, by the notebook's name and the cell's number.

    `by_hand` are reasons to let a person mark; `failed` are claims that the solution does not pass.
    """

    by_hand: dict[tuple[str, int], str] = field(default_factory=dict)
    failed: dict[tuple[str, int], set[str]] = field(default_factory=dict)
    is_running: bool = True


@dataclass
class Adopted:
    """A converted notebook with its modules, tests and checks as texts."""

    name: str
    notebook: NotebookNode
    modules: dict[str, str]
    tests: str
    visible_tests: str
    checks: list[str]
    check_imports: set[str]
    packages: set[str]
    missing: dict[str, str]
    kept: list[str]
    attached: set[str]
    remarks: list[Remark]
    sources: dict[str, int]
    """The number of the old test cell of each auto item, by the item's name."""
    untried: set[str]
    """Items that only a whole notebook can try, because later cells change their answers."""


class NotebookAdoption:
    """The conversion of one notebook, with the results of earlier trials of its tests."""

    def __init__(
        self,
        name: str,
        title: str,
        homework: str,
        notebook: NotebookNode,
        marks: Marks,
        ids: Ids,
        files: Mapping[str, Path],
        trial: Trial,
    ) -> None:
        self.name, self.title, self.homework = name, title, homework
        self.marks, self.ids, self.files, self.trial = marks, ids, files, trial
        modules = frozenset(Path(name).stem for name in files if name.endswith(".py"))
        self.scope = Scope(homework, modules, frozenset(files))
        self.remarks: list[Remark] = []
        self.kept: list[str] = []
        self.places: dict[int, str] = {}
        self.attached: set[str] = set()
        self.old = [self._read(number, cell) for number, cell in enumerate(notebook.cells, 1)]
        self._name_imports()

    def adopt(self) -> Adopted:
        """Return the converted notebook."""
        self._fill_scope()
        for old in self.old:
            if old.kind == "test":
                self._convert(old)
        self._mark_groups_by_hand()
        self._name_items()
        self._tell_of_released()
        modules = self._modules()
        cells = self._cells()
        tests = [old for old in self.old if old.kind == "test" and not old.reason]
        imports = {line for old in tests if old.visible for line in old.visible.imports}
        made = new_notebook(metadata=NotebookNode(NOTEBOOK_METADATA), cells=cells)
        made.nbformat_minor = 5
        return Adopted(
            name=self.name,
            notebook=made,
            modules=modules,
            tests=test_module(self.name, self.homework, tests, "hidden"),
            visible_tests=test_module(self.name, self.homework, tests, "shown"),
            checks=[check_function(old) for old in tests],
            check_imports=imports,
            packages=self._packages(cells),
            missing={old.item: self._answer_names(old) for old in tests if old.is_missing},
            kept=self.kept,
            attached=self.attached,
            remarks=self.remarks,
            sources={old.item: old.number for old in tests},
            untried={old.item for old in tests if self._is_changed_later(old)},
        )

    def _is_changed_later(self, old: Old) -> bool:
        found = [part for part in (old.shown, old.hidden) if part]
        names = {name for part in found for name in part.asked}
        return any(number > old.number for n in names for number in self.scope.answers[n])

    # --- reading ----------------------------------------------------------------------------------

    def _read(self, number: int, cell: NotebookNode) -> Old:
        old = Old(cell, kind_of(cell), number, grade_id(cell), worth(cell))
        is_code = cell.cell_type == "code"
        if old.kind == "open" and is_code and has_marks(cell.source, self.marks.solution):
            old.kind = "answer"
        if old.kind == "answer":
            try:
                old.chunks = list(self._chunks(cell.source))
            except (SyntaxError, ValueError):
                old.reason = "the answer is not plain Python"
            else:
                self._tell_of_magic(old)
        elif old.kind == "test":
            try:
                self._read_test(old)
            except (SyntaxError, ValueError):
                old.reason = "the test is not plain Python"
            else:
                self._tell_of_magic(old)
        elif old.kind in ("open", "locked") and cell.cell_type == "code":
            with suppress(SyntaxError, ValueError):
                old.statements = list(ast.parse(as_python(cell.source)).body)
        return old

    def _tell_of_magic(self, old: Old) -> None:
        if magic := cell_magic(old.cell.source):
            self._remark(old, f"the line `{magic}` is not adopted")

    def _name_imports(self) -> None:
        """Replace the star of each `import *` with the names that the notebook uses."""
        code = [s for old in self.old for s in old.statements]
        code += [s for old in self.old for chunk in old.chunks for s in chunk.statements]
        bound = set(stored_names(code))
        if "checks" in bound:
            told = "it defines `checks`, which is the name of the kit's checks: choose another name"
            self.remarks.append(Remark(f"{self.title}.ipynb", told))
        used = used_names(code) - bound
        for old in self.old:
            if old.kind != "test":  # the lists of a test's claims refer to its statements by number
                old.statements = with_names(old.statements, used, self.files)
            old.chunks = [
                replace(chunk, statements=tuple(with_names(chunk.statements, used, self.files)))
                if chunk.kind == "given"
                else chunk
                for chunk in old.chunks
            ]

    def _chunks(self, source: str) -> Iterator[Chunk]:
        """Yield the chunks of an answer cell, after a chunk with its lines of IPython commands."""
        if cell_magic(source):
            source = as_python(source).strip("\n")
        magics: list[str] = []
        try:
            ast.parse(source)
        except SyntaxError:
            lines = source.split("\n")
            magics = [line for line in lines if re.match(r"[%!]\w", line)]
            source = "\n".join(line for line in lines if line not in magics)
        if magics:
            yield Chunk("given", "\n".join(magics), (), ())
        yield from chunks(with_own_marks(source, self.marks.solution))

    def _read_test(self, old: Old) -> None:
        lines: list[str] = []
        hidden: set[int] = set()
        for inside, run in split_regions(old.cell.source, self.marks.test):
            if inside:
                hidden.update(range(len(lines) + 1, len(lines) + len(run) + 1))
            lines += [_AUTOTEST.sub(rf"{AUTOTEST}(\1)", line) for line in run]
        old.statements = list(ast.parse(as_python("\n".join(lines))).body)
        sides: tuple[list[int], list[int]] = ([], [])
        for index, statement in enumerate(old.statements):
            numbers = range(lines_of(statement)[0], (statement.end_lineno or 0) + 1)
            sides[bool(hidden.intersection(numbers))].append(index)
        old.claiming = sides

    def _fill_scope(self) -> None:
        scope = self.scope
        for old in self.old:
            for chunk in old.chunks:
                if chunk.kind == "given":
                    self._bind_given(old, chunk.statements)
                    continue
                for name in chunk.names:
                    scope.answers.setdefault(name, []).append(old.number)
                for statement in chunk.statements:
                    if isinstance(statement, ast.FunctionDef | ast.ClassDef):
                        scope.functions.add(statement.name)
            if old.kind in ("open", "locked"):
                self._bind_given(old, old.statements)
            elif old.kind == "manual" and old.cell.cell_type == "code":
                with suppress(SyntaxError, ValueError):
                    self._bind_answers(old, ast.parse(as_python(old.cell.source)).body)
            elif old.kind == "test":
                for statement in old.statements:
                    scope.add(scope.tested, Binding("", statement, old.number))

    def _bind_answers(self, old: Old, statements: Sequence[ast.stmt]) -> None:
        for name in stored_names(statements):
            self.scope.answers.setdefault(name, []).append(old.number)
        self.scope.functions |= {
            each.name for each in statements if isinstance(each, ast.FunctionDef | ast.ClassDef)
        }

    def _bind_given(self, old: Old, statements: Sequence[ast.stmt]) -> None:
        """Add the names that given code binds; a name computed from answers counts as an answer."""
        for statement in statements:
            names = stored_names([statement])
            used = used_names([statement]) & self.scope.answers.keys()
            if used and names:
                last = self.scope.owner(used, old.number)
                for name in names:
                    self.scope.answers.setdefault(name, [last or old.number])
                if isinstance(statement, ast.FunctionDef | ast.ClassDef):
                    self.scope.functions.add(statement.name)
            elif not any(name in self.scope.answers for name in names):
                self.scope.add(self.scope.given, Binding("", statement, old.number))

    # --- tests ------------------------------------------------------------------------------------

    def _convert(self, old: Old) -> None:
        if (self.name, old.number) in self.trial.by_hand:
            old.reason = self.trial.by_hand[self.name, old.number]
        if old.points <= 0 and not old.reason:
            old.reason = "it has no points"
        if old.reason:
            return
        statements = [old.statements[index] for index in old.claiming[0]]
        old.shown = self._converter(old, "hidden", True).convert(statements, range(len(statements)))
        old.hidden = self._converter(old, "hidden", False).convert(old.statements, old.claiming[1])
        asked = {name for part in (old.shown, old.hidden) if part.claims for name in part.asked}
        dropped = [
            *old.shown.dropped,
            *(each for each in old.hidden.dropped if each not in old.shown.dropped),
        ]
        old.reason = old.shown.broken or old.hidden.broken
        if not asked and not old.reason:
            old.reason = dropped[0][1] if dropped else NOTHING
        if old.reason:
            return
        for code, reason in dropped:
            first = code.split("\n")[0]
            self._remark(old, f"`{first}` was left out of the test: {reason}")
            self._keep(old, f"left out of the test, because {reason}", code)
        old.owner = self.scope.owner(asked, old.number)
        old.is_missing = self._lacks_solution(asked)
        old.visible = self._visible_check(old, statements)

    def _tell_of_released(self) -> None:
        """Add a remark if the notebook seems to be released, so it lacks its hidden tests."""
        answers = [chunk for old in self.old for chunk in old.chunks if chunk.kind != "given"]
        is_hidden = any(old.claiming[1] for old in self.old)
        if answers and not is_hidden and not any(chunk.has_solution for chunk in answers):
            told = "it looks like a release, without solutions or hidden tests: adopt the source"
            self.remarks.insert(0, Remark(f"{self.title}.ipynb", f"{told}, if you have it"))

    def _lacks_solution(self, asked: set[str]) -> bool:
        """Return whether the notebook lacks the solution of one of these answers."""
        parts = [chunk for old in self.old for chunk in old.chunks if not chunk.has_solution]
        return any(asked.intersection(chunk.names) for chunk in parts)

    def _visible_check(self, old: Old, statements: Sequence[ast.stmt]) -> Converted | None:
        """Return the check for students, or None if not all visible asserts can be converted."""
        try:
            found = self._converter(old, "visible", True).convert(
                statements, range(len(statements))
            )
        except NotConvertible:
            return None
        return found if found.claims and not found.dropped else None

    def _converter(self, old: Old, side: Literal["hidden", "visible"], told: bool) -> Converter:
        return Converter(
            self.scope,
            self.name,
            old.number,
            side,
            told=told,
            failed=self.trial.failed.get((self.name, old.number), ()),
            is_trial=self.trial.is_running,
        )

    def _mark_groups_by_hand(self) -> None:
        """Let a person mark an answer with all its points if one of its tests can't be converted.

        A test without points becomes a text that students can read.
        """
        for old in self.old:
            if old.kind != "test" or not old.reason or old.points <= 0:
                continue
            used = used_names(old.statements) & self.scope.answers.keys()
            old.owner = self.scope.owner(used, old.number) or self._answer_before(old)
            siblings = [each for each in self._tests_of_number(old.owner) if not each.reason]
            if old.reason == NOTHING and siblings:
                siblings[-1].points += old.points
                self._remark(
                    old,
                    f"{NOTHING}, so its {counted(old.points, 'point')} went to the test "
                    f"{siblings[-1].name or siblings[-1].number}",
                )
                old.points = 0.0
                continue
            if old.owner is None or self._at(old.owner).kind != "answer":
                old.owner = None
                continue
            answer = self._at(old.owner)
            answer.reason = answer.reason or f"a test below it can't be converted: {old.reason}"
        for old in self.old:
            if old.kind == "test" and not old.reason and old.owner is not None:
                owner = self._at(old.owner)
                if owner.kind == "answer" and owner.reason:
                    old.reason = "another test of this answer can't be converted"
        for old in self.old:
            if old.kind == "answer" and old.reason:
                tests = self._tests_of(old)
                old.points = sum(test.points for test in tests)
                for test in tests:
                    test.reason = test.reason or old.reason

    def _answer_before(self, old: Old) -> int | None:
        before = [each for each in self.old[: old.number - 1] if each.kind == "answer"]
        return before[-1].number if before else None

    def _tests_of(self, answer: Old) -> list[Old]:
        return self._tests_of_number(answer.number)

    def _tests_of_number(self, number: int | None) -> list[Old]:
        return [
            old for old in self.old if old.kind == "test" and old.owner == number and old.points > 0
        ]

    def _at(self, number: int) -> Old:
        return self.old[number - 1]

    def _name_items(self) -> None:
        """Choose the names of all items, in order."""
        renamed: list[str] = []
        for old in self.old:
            is_item = old.points > 0 and (
                (old.kind == "test" and (not old.reason or old.owner is None))
                or old.kind in ("manual", "task")
                or (old.kind == "answer" and bool(old.reason))
            )
            if is_item:
                old.item = self.ids.item(old.name or f"{self.name}-cell-{old.number}")
                renamed += [f"{old.name} is {old.item}"] if old.name not in ("", old.item) else []
        if renamed:
            told = f"items have new names: {', '.join(renamed)}"
            self.remarks.insert(0, Remark(f"{self.title}.ipynb", told))

    def _answer_names(self, old: Old) -> str:
        found = [part for part in (old.shown, old.hidden) if part]
        names = {name for part in found for name in part.asked}
        return ", ".join(sorted(names))

    # --- solutions --------------------------------------------------------------------------------

    def _modules(self) -> dict[str, str]:
        """Return the solutions' modules, and note which module defines each name."""
        parts = list(self._parts())
        needed = self._needed_names()
        self.used = needed.union(*(part.uses for part in parts if part.is_answer))
        wanted: set[int] = {n for n, part in enumerate(parts) if part.is_answer}
        waiting = {name for n in wanted for name in parts[n].uses} | needed
        changed = True
        while changed:
            changed = False
            for number, part in enumerate(parts):
                if number not in wanted and waiting.intersection(part.binds):
                    wanted.add(number)
                    waiting |= part.uses
                    changed = True
        referenced = {name for part in parts if part.is_answer for name in part.binds}
        modules: list[tuple[str, list[str], set[str]]] = [(self.name, [], set())]
        for number, part in enumerate(parts):
            if number not in wanted:
                continue
            clash = modules[-1][2].intersection(part.binds)
            if clash & referenced:
                modules.append((f"{self.name}_{len(modules) + 1}", [], set()))
            modules[-1][1].append(part.text)
            modules[-1][2].update(part.binds)
            if part.chunk is not None:
                self.places[id(part.chunk)] = modules[-1][0]
        texts = {}
        for index, (name, body, _) in enumerate(modules):
            head = f'"""Reference solutions of {self.name}."""'
            if index:
                head += f"\n\nfrom solutions.{self.homework}.{modules[index - 1][0]} import *"
            texts[name] = "\n\n\n".join([head, *_joined(body)]) + "\n"
        return texts

    def _needed_names(self) -> set[str]:
        tests = (old for old in self.old if old.kind == "test" and not old.reason)
        found = [part for old in tests for part in (old.shown, old.hidden) if part]
        return {name for part in found for name in (*part.given, *part.asked)}

    def _parts(self) -> Iterator[Part]:
        """Yield the statements and answers that a solutions' module may need, in order."""
        for old in self.old:
            for chunk in old.chunks:
                if chunk.kind == "given":
                    yield from self._given_parts(chunk.text, chunk.statements)
                elif chunk.names:
                    uses = frozenset(used_names(chunk.statements))
                    yield Part(as_solution(chunk), chunk.names, uses, chunk)
            if old.kind in ("open", "locked") and old.statements:
                yield from self._given_parts("", old.statements)
            elif old.kind == "manual" and old.cell.cell_type == "code":
                with suppress(SyntaxError, ValueError):
                    source = with_own_marks(old.cell.source, self.marks.solution)
                    body = ast.parse(as_python(_bare(source))).body
                    yield from self._given_parts("", body)

    def _given_parts(self, text: str, statements: Sequence[ast.stmt]) -> Iterator[Part]:
        for statement in statements:
            names = tuple(stored_names([statement]))
            modules = set(imported_modules([statement]))
            if names and not modules & _GONE and "get_ipython" not in used_names([statement]):
                text = ast.unparse(self.scope.moved(statement))
                yield Part(text, names, frozenset(used_names([statement])))

    # --- cells ------------------------------------------------------------------------------------

    def _cells(self) -> list[NotebookNode]:
        placed: list[tuple[Old, NotebookNode]] = []
        for old in self.old:
            made = {
                "open": self._kept_cell,
                "locked": self._kept_cell,
                "answer": self._answer,
                "test": self._test,
                "manual": self._manual,
                "task": self._task,
            }[old.kind](old)
            placed += [(old, cell) for cell in made]
        cells = [cell for _, cell in self._moved(placed)]
        first = next((n for n, cell in enumerate(cells) if cell.cell_type == "code"), len(cells))
        setup = new_code_cell("import checks")
        lock(setup, self.ids.cell(f"{self.name}-setup"))
        cells.insert(first, setup)
        summary = new_code_cell(
            f'checks.summary("{self.name}", globals())\n'
            "# To hand in: save, then run checks.pack() in a new cell below this one."
        )
        lock(summary, self.ids.cell(f"{self.name}-summary"))
        cells.append(summary)
        return with_ids(cells)

    def _moved(self, placed: list[tuple[Old, NotebookNode]]) -> list[tuple[Old, NotebookNode]]:
        """Return the cells with each check below the last answer that it tests."""
        found: list[tuple[Old, NotebookNode]] = []
        for old, cell in placed:
            if old.kind != "test" or old.reason or not is_graded(cell):
                found.append((old, cell))
                continue
            answers = [n for n, (each, made) in enumerate(found) if is_solution(made)]
            own = [n for n in answers if found[n][0].number == old.owner]
            between = [n for n in answers if own and n > own[-1]]
            needs = set(old.visible.given) if old.visible else set()
            if not between or needs:
                found.append((old, cell))
                continue
            place = own[-1] + 1
            while place < len(found) and is_graded(found[place][1]):
                place += 1
            found.insert(place, (old, cell))
            self._remark(old, "the check was moved up to the answer that it tests")
        return found

    def _kept_cell(self, old: Old) -> list[NotebookNode]:
        cell = copied(old.cell)
        if cell.cell_type == "markdown":
            self._attach(old, cell)
        elif cell.cell_type == "code":
            cell.source = self._without_gone(old, cell.source)
        if old.kind == "locked" or self._is_given(old):
            lock(cell, self.ids.cell(old.name or f"{self.name}-cell-{old.number}"))
        return [cell]

    def _is_given(self, old: Old) -> bool:
        """Return whether students only read an open cell: a question, or code that answers need.

        Students may write into all other open cells, such as playgrounds.
        """
        if old.cell.cell_type != "code":
            return not _FOR_STUDENTS.search(old.cell.source) and bool(old.cell.source.strip())
        given = [each for each in old.statements if isinstance(each, _DEFINITIONS)]
        names = set(stored_names(old.statements))
        return bool(given) or bool(names & self.used)

    def _without_gone(self, old: Old, source: str) -> str:
        """Return given code without imports of packages that can't be installed any more."""
        with suppress(SyntaxError, ValueError):
            lines, code = source.split("\n"), as_python(source)
            if len(code.rstrip("\n").split("\n")) != len(source.rstrip("\n").split("\n")):
                return source  # an IPython command became several lines
            for statement in ast.parse(code).body:
                if set(imported_modules([statement])) & _GONE:
                    for number in lines_of(statement):
                        lines[number - 1] = f"# not adopted: {lines[number - 1]}"
                    self._remark(old, f"`{ast.unparse(statement)}` became a comment")
            return "\n".join(lines)
        return source

    def _attach(self, old: Old, cell: NotebookNode) -> None:
        used, told = attach_pictures(cell, self.files)
        self.attached |= used
        for text in told:
            self._remark(old, text)

    def _answer(self, old: Old) -> list[NotebookNode]:
        if old.reason:
            return self._answer_by_hand(old)
        made: list[NotebookNode] = []
        previous: Chunk | None = None
        for chunk in old.chunks:
            if chunk.kind == "given":
                cell = new_code_cell(self._without_gone(old, chunk.text))
                lock(cell, self.ids.cell(f"{old.name or self.name}-given"))
                made.append(cell)
            elif previous is not None and previous.kind == chunk.kind:
                made[-1].source += ", " + self._references(chunk)
            else:
                reference = self._references(chunk)
                if not reference:
                    made += self._nameless(old, chunk)
                    continue
                cell = new_code_cell(f"### REFERENCE {reference}")
                name = self.ids.cell(old.name or f"{self.name}-cell-{old.number}")
                declare(cell, name, solution=True)
                if chunk.kind == "block" or not all(
                    isinstance(each, ast.FunctionDef) for each in chunk.statements
                ):
                    cell.metadata.tags = [MAY_RAISE]
                made.append(cell)
            previous = chunk
            if chunk.kind != "given" and not chunk.has_solution:
                names = ", ".join(chunk.names) or "the answer"
                self._remark(
                    old,
                    f"the notebook has no solution of {names}: write it in "
                    f"solutions/{self.homework}/{self.places.get(id(chunk), self.name)}.py"
                    if chunk.names
                    else "the notebook has no solution of this cell",
                )
        return made

    def _references(self, chunk: Chunk) -> str:
        names = [name for name in chunk.names if self._is_referable(name, chunk)]
        asked = [name for name in names if name in self._needed_names()]
        chosen = names if chunk.kind == "functions" else asked or names[:1]
        return ", ".join(f"{self.places[id(chunk)]}.{name}" for name in chosen)

    def _is_referable(self, name: str, chunk: Chunk) -> bool:
        """Return whether the answer defines the name itself instead of importing it."""
        imported = {
            found
            for statement in chunk.statements
            if isinstance(statement, ast.Import | ast.ImportFrom)
            for found in stored_names([statement])
        }
        return name not in imported

    def _nameless(self, old: Old, chunk: Chunk) -> list[NotebookNode]:
        """Return an open cell for an answer without a name, which no test can use."""
        self._remark(old, "its answer binds no name, so no test can use it: students write freely")
        self._keep(old, "the solution of a cell that is not marked", chunk.text)
        notes = "\n".join([*chunk.notes, "# YOUR CODE HERE"])
        return [new_code_cell(notes)]

    def _answer_by_hand(self, old: Old) -> list[NotebookNode]:
        if old.points <= 0:
            self._remark(old, f"it is not marked: {old.reason}")
            self._keep(old, "the answer of a cell that is not marked", old.cell.source)
            return [new_code_cell("# YOUR CODE HERE")]
        steps = [
            (test.points, f"passes the tests of {test.name or test.number}")
            for test in self._tests_of(old)
        ]
        self._remark(old, f"a person marks it, because {old.reason}")
        return [self._manual_code(old, steps)]

    def _manual(self, old: Old) -> list[NotebookNode]:
        if old.points <= 0:
            self._remark(old, "it has no points, so nobody marks it")
            self._keep(old, "the answer of a cell without points", old.cell.source)
            stub = "*Your answer goes here.*"
            is_code = old.cell.cell_type == "code"
            return [new_code_cell("# YOUR CODE HERE") if is_code else new_markdown_cell(stub)]
        steps = [(old.points, STEP)]
        if old.cell.cell_type == "code":
            return [self._manual_code(old, steps)]
        cell = new_markdown_cell(with_rubric(old.cell.source, steps, "", self.marks))
        if "attachments" in old.cell:
            cell.attachments = old.cell.attachments
        declare(cell, old.item, solution=True, points=old.points)
        return [cell]

    def _manual_code(self, old: Old, steps: Sequence[tuple[float, str]]) -> NotebookNode:
        source = old.cell.source
        if has_marks(source, self.marks.solution):
            source = with_own_marks(source, self.marks.solution)
        cell: NotebookNode = new_code_cell(with_rubric(source, steps, "# ", self.marks))
        declare(cell, old.item, solution=True, points=old.points)
        cell.metadata.tags = [MAY_RAISE]
        return cell

    def _task(self, old: Old) -> list[NotebookNode]:
        """Return a task as a locked text, and an answer cell with the points below it."""
        runs = split_regions(old.cell.source, self.marks.scheme)
        text = copied(old.cell)
        text.source = "\n".join(line for inside, run in runs if not inside for line in run)
        scheme = "\n".join(line for inside, run in runs if inside for line in run)
        self._attach(old, text)
        lock(text, self.ids.cell(f"{old.name}-text"))
        if old.points <= 0:
            return [text]
        answer = new_markdown_cell(
            with_rubric(scheme.strip() or NO_MODEL, [(old.points, STEP)], "", self.marks)
        )
        declare(answer, old.item, solution=True, points=old.points)
        self._remark(
            old, "a task became a text and an answer cell; only this answer cell is marked"
        )
        return [text, answer]

    def _test(self, old: Old) -> list[NotebookNode]:
        if not old.reason:
            cell = new_code_cell(f"checks.{function_name(old.item)}(globals())")
            declare(cell, old.item, grade=True, points=old.points)
            return [cell]
        runs = split_regions(old.cell.source, self.marks.test)
        visible = "\n".join(line for inside, run in runs if not inside for line in run).strip("\n")
        self._keep(old, f"a test that was not converted, because {old.reason}", old.cell.source)
        if (old.points <= 0 or old.owner is None) and old.reason != NOTHING:
            self._remark(old, f"not converted: {old.reason}")
        text = "**Tests** (not converted: run them in a new cell if you like)\n\n"
        text += f"```python\n{visible or '# all tests of this cell are hidden'}\n```"
        cell = new_markdown_cell(text)
        lock(cell, self.ids.cell(f"{old.name or self.name}-tests"))
        if old.points <= 0 or old.owner is not None:
            return [cell]
        answer = new_markdown_cell(
            with_rubric(NO_MODEL, [(old.points, f"passes the tests of {old.name}")], "", self.marks)
        )
        declare(answer, old.item, solution=True, points=old.points)
        return [cell, answer]

    # --- files ------------------------------------------------------------------------------------

    def _packages(self, cells: Sequence[NotebookNode]) -> set[str]:
        found: set[str] = set()
        for cell in cells:
            if cell.cell_type == "code":
                with suppress(SyntaxError, ValueError):
                    found.update(imported_modules([ast.parse(as_python(cell.source))]))
        for old in self.old:
            found.update(
                imported_modules(each for chunk in old.chunks for each in chunk.statements)
            )
        return found - {"checks"}

    def _remark(self, old: Old, text: str) -> None:
        label = f" ({old.name})" if old.name else ""
        self.remarks.append(Remark(f"{self.title}.ipynb, cell {old.number}{label}", text))

    def _keep(self, old: Old, what: str, code: str) -> None:
        """Note code that the new homework does not use, so that nothing is lost."""
        label = f" ({old.name})" if old.name else ""
        where = f"{self.title}.ipynb, cell {old.number}{label}"
        self.kept.append(f"## {where}\n\n{what}\n\n{indent(code, '    ')}")


def _joined(parts: Sequence[str]) -> Iterator[str]:
    """Yield the parts, with runs of single lines joined."""
    run: list[str] = []
    for part in parts:
        if "\n" not in part:
            run.append(part)
            continue
        if run:
            yield "\n".join(run)
            run = []
        yield part
    if run:
        yield "\n".join(run)


def _bare(source: str) -> str:
    return "\n".join(line for line in source.split("\n") if line.strip() not in (BEGIN, END))

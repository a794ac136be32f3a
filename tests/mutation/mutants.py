"""The mutants of an assignment's reference answers, as the text of a student's cell."""

from __future__ import annotations

import ast
import difflib
import warnings
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import libcst as cst
import libcst.matchers as m
from libcst.metadata import ExpressionContext, ExpressionContextProvider, MetadataWrapper
from mutmut.mutation.file_mutation import MutationVisitor
from mutmut.mutation.pragma_handling import IgnoredCode

from autograder.course.assignment import Assignment, Course

from .operators import operators

LOOKS = frozenset(
    [
        "alpha",
        "color",
        "colors",
        "edgecolor",
        "facecolor",
        "figsize",
        "format",
        "framealpha",
        "frameon",
        "layout",
        "linestyle",
        "linewidth",
        "marker",
        "markers",
        "s",
        "shades",
        "sizes",
        "styles",
    ]
)
"""Arguments and variables that affect only the style of a picture."""

WORDED = frozenset(["set_xlabel", "set_ylabel", "set_title", "colorbar"])
"""Methods whose texts may have any wording."""

HANDLES = LOOKS | {"figure", "axes", "surface"}
"""Variables of a drawing that do not hold a value."""

SHRUNK = {"empirical_ntk": ("2_000_000", "20")}
"""Sizes that no test can reach, and their replacements in the run.

The kernel is summed over pieces of the width. With smaller pieces, the small networks of the tests
consist of several pieces, too.
"""


@dataclass(frozen=True)
class Mutant:
    """A reference answer with one change.

    `change` lists the removed and added lines, as a diff does; `change` and the answer's `name`
    identify a mutant. `items` lists the items to which the answer belongs.
    """

    problem: str
    items: tuple[str, ...]
    name: str
    change: str
    source: str

    def __str__(self) -> str:
        return f"{self.name}: {self.change}"


def mutants_of(course: Course, assignment: Assignment) -> Iterator[Mutant]:
    """Return all mutants of the answers to automatic items, in the order of the notebooks."""
    for problem in assignment.problems:
        owners: dict[tuple[str, str], list[str]] = {}
        for item in problem.items:
            if item.kind == "auto":
                for reference in item.references:
                    owners.setdefault((reference.module, reference.name), []).append(item.name)
        for (module, name), items in owners.items():
            path = course.solutions(assignment.name) / f"{module}.py"
            text = definition(path.read_text(encoding="utf-8"), name)
            if name in SHRUNK:
                assert text.count(SHRUNK[name][0]) == 1
                text = text.replace(*SHRUNK[name])
            for change, source in _numbered(_changes(text, mutations(text))):
                yield Mutant(problem.name, tuple(items), name, change, source)


def definition(text: str, name: str) -> str:
    """Return the text of the module's function or variable with this name."""
    for node in ast.parse(text).body:
        named = getattr(node, "name", None) == name or any(
            isinstance(target, ast.Name) and target.id == name
            for target in getattr(node, "targets", ())
        )
        if named:
            segment = ast.get_source_segment(text, node)
            assert segment is not None
            return segment + "\n"
    raise LookupError(name)


def mutations(text: str) -> Iterator[str]:
    """Return every mutated text once, without invalid Python and without changes of style only."""
    wrapper = MetadataWrapper(cst.parse_module(text))
    visitor = MutationVisitor(
        operators(variables(text), _places_of_values(wrapper)), IgnoredCode(set(), set(), set())
    )
    wrapper.visit(visitor)
    seen = {_essence(text)}
    for mutation in visitor.mutations:
        module = wrapper.module.deep_replace(mutation.original_node, mutation.mutated_node)
        mutated = cst.ensure_type(module, cst.Module).code
        try:
            essence = _essence(mutated)
        except SyntaxError:
            continue
        if essence not in seen:
            seen.add(essence)
            yield mutated


def _places_of_values(wrapper: MetadataWrapper) -> set[cst.Name]:
    """Return the places where a name is read for its value, not called and not accessed."""
    contexts = wrapper.resolve(ExpressionContextProvider)
    read = {node for node, context in contexts.items() if context is ExpressionContext.LOAD}
    calls = m.findall(wrapper.module, m.Call())
    called = {cst.ensure_type(call, cst.Call).func for call in calls}
    attributes = m.findall(wrapper.module, m.Attribute())
    owners = {cst.ensure_type(found, cst.Attribute).value for found in attributes}
    return {node for node in read - called - owners if isinstance(node, cst.Name)}


def variables(text: str) -> list[str]:
    """Return a function's parameters and variables, except handles and comprehension variables."""
    function = ast.parse(text).body[0]
    if not isinstance(function, ast.FunctionDef):
        return []
    names = [argument.arg for argument in function.args.args]
    inner = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp, ast.FunctionDef)
    waiting: list[ast.AST] = [*function.body]
    while waiting:
        node = waiting.pop(0)
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            names.append(node.id)
        if not isinstance(node, inner):
            waiting += ast.iter_child_nodes(node)
    return [name for name in dict.fromkeys(names) if name not in HANDLES]


def _essence(text: str) -> str:
    """Return the syntax without matters of style; raise SyntaxError if the text is not Python."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SyntaxWarning)
        compile(text, "<mutant>", "exec", dont_inherit=True)
    return ast.dump(_WithoutLooks().visit(ast.parse(text)))


class _WithoutLooks(ast.NodeTransformer):
    """Removes colours, sizes, markers, dashes, grids and wording from a function that draws."""

    def visit_Call(self, node: ast.Call) -> ast.AST:
        self.generic_visit(node)
        node.keywords = [keyword for keyword in node.keywords if keyword.arg not in LOOKS]
        if isinstance(node.func, ast.Attribute) and node.func.attr in WORDED:
            for part in ast.walk(node):
                if isinstance(part, ast.Constant) and isinstance(part.value, str) and part.value:
                    part.value = "words"
        return node

    def visit_Assign(self, node: ast.Assign) -> ast.AST:
        self.generic_visit(node)
        names = [name.id for name in ast.walk(node.targets[0]) if isinstance(name, ast.Name)]
        return ast.Pass() if LOOKS.intersection(names) else node

    def visit_Expr(self, node: ast.Expr) -> ast.AST:
        self.generic_visit(node)
        idle = isinstance(node.value, (ast.Name, ast.Constant))
        return ast.Pass() if idle or "axes.grid(" in ast.unparse(node) else node


def _changes(text: str, mutated: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Yield each mutated text with a description of the change in front: `old → new`."""
    for source in mutated:
        lines = difflib.ndiff(text.splitlines(), source.splitlines())
        gone, come = [], []
        for line in lines:
            if line.startswith("- "):
                gone.append(line[2:].strip())
            elif line.startswith("+ "):
                come.append(line[2:].strip())
        yield f"{' '.join(gone)} → {' '.join(come)}", source


def _numbered(changes: Iterable[tuple[str, str]]) -> Iterator[tuple[str, str]]:
    """Number changes that affect equal lines in several places."""
    count: Counter[str] = Counter()
    for change, source in changes:
        count[change] += 1
        yield (f"{change} ({count[change]})" if count[change] > 1 else change), source

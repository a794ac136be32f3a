"""Convert the asserts of an nbgrader test cell into a hidden test and a visible check.

The syntax tree is rewritten: a call of an answer becomes a call of `student`, an assert becomes a
claim, and code that expects an exception becomes `assert_raises`. Code that can't be rewritten
raises NotConvertible with the reason.
"""

from __future__ import annotations

import ast
import copy
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, NoReturn

from autograder.release.adopting.names import KNOWN, Binding, Scope, used_names
from autograder.release.definitions import stored_names

NOTHING = "it tests nothing that students write"
"""The reason why a test that uses no answer of the students can't be converted."""

NOT_PASSED = "the solution does not pass it when tests and answers run in separate processes"
"""The reason why a claim is left out after a trial."""

AUTOTEST = "_autotest"
"""Name of the call that replaces a line such as `### AUTOTEST squares(3)`."""

DOES_NOT_HOLD = "This does not hold: `{}`"
HIDDEN_FAILURE = "The answer is not right in a case that the notebook does not show."
_MESSAGE_LENGTH = 160

_INTROSPECTION = frozenset({"globals", "locals", "vars", "dir", "eval", "exec", "inspect"})
_NOT_FOUND = frozenset({"get_ipython"})
_DROPPED = frozenset({"print", "display"})
_PRINTED = frozenset({"redirect_stdout", "redirect_stderr", "capture_output"})
_REPLACING = frozenset({"patch", "mock", "monkeypatch"})
_FILE_CALLS = frozenset(
    {"open", "exists", "isfile", "Path", "loadtxt", "genfromtxt", "load", "fromfile", "read_csv"}
    | {"savetxt", "save", "remove", "stat", "getsize", "imread"}
)

_OPERATORS: Mapping[str, str] = {
    "equal": "{0} == {1}",
    "equals": "{0} == {1}",
    "notequal": "{0} != {1}",
    "true": "{0}",
    "false": "not {0}",
    "in": "{0} in {1}",
    "notin": "{0} not in {1}",
    "is": "{0} is {1}",
    "isnot": "{0} is not {1}",
    "isnone": "{0} is None",
    "isnotnone": "{0} is not None",
    "isinstance": "isinstance({0}, {1})",
    "notisinstance": "not isinstance({0}, {1})",
    "greater": "{0} > {1}",
    "greaterequal": "{0} >= {1}",
    "less": "{0} < {1}",
    "lessequal": "{0} <= {1}",
    "listequal": "{0} == {1}",
    "dictequal": "{0} == {1}",
    "tupleequal": "{0} == {1}",
    "setequal": "{0} == {1}",
    "sequenceequal": "{0} == {1}",
    "multilineequal": "{0} == {1}",
    "countequal": "sorted({0}) == sorted({1})",
    "almostequal": "round(abs({0} - {1}), {2}) == 0",
    "almostequals": "round(abs({0} - {1}), {2}) == 0",
    "notalmostequal": "round(abs({0} - {1}), {2}) != 0",
}
"""The asserts of unittest and nose as Python, by their names without "assert" and underscores."""

Side = Literal["hidden", "visible"]


class NotConvertible(Exception):
    """An error: a statement of a test can't be converted; the text is the reason."""


@dataclass
class Converted:
    """The statements of a converted test, with the imports and given names that they need.

    `asked` are the answers that the test uses. `claims` is the number of claims. `dropped` are
    statements that could not be converted, each with the reason. `broken` is the reason why a
    statement that the claims need could not be converted.
    """

    statements: list[ast.stmt] = field(default_factory=list)
    imports: set[str] = field(default_factory=set)
    given: set[str] = field(default_factory=set)
    asked: set[str] = field(default_factory=set)
    claims: int = 0
    helpers: set[str] = field(default_factory=set)
    dropped: list[tuple[str, str]] = field(default_factory=list)
    broken: str = ""


class Converter:
    """A converter of one test cell for one side: the hidden test or the visible check."""

    def __init__(
        self,
        scope: Scope,
        module: str,
        cell: int,
        side: Side,
        *,
        told: bool,
        failed: Collection[str] = (),
        is_trial: bool = False,
    ) -> None:
        """Prepare the converter; with `told`, messages quote the test, because students see it.

        `failed` are claims to leave out, because the solution does not pass them. In a trial, each
        message is `DOES_NOT_HOLD` with the claim.
        """
        self.scope, self.module, self.cell, self.side = scope, module, cell, side
        self.told, self.failed, self.is_trial = told, failed, is_trial
        self.found = Converted()
        self._local: set[str] = set()
        self._aliases: dict[str, str] = {}
        self._without: list[str] = []
        self._raw = False
        self._watched: set[str] = set()
        self._taken: set[str] = set()
        self._checkers = {
            name
            for name, bindings in scope.given.items()
            if any(map(_is_checker, (binding.statement for binding in bindings)))
        }

    def convert(self, statements: Sequence[ast.stmt], claiming: Iterable[int]) -> Converted:
        """Return the converted statements; only those whose number is in `claiming` make claims.

        The others are kept because they may bind names that the claims need.
        """
        claims = set(claiming)
        self._local = set(stored_names(statements)) - self.scope.functions
        self._watched = watched_names(statements, self.scope.answers.keys())
        for number, statement in enumerate(statements):
            if number not in claims and self._is_claiming(statement):
                self._pass_over(statement)
                continue
            before = self.found.claims
            try:
                made = self._with_changes(copy.deepcopy(statement))
            except NotConvertible as error:
                self.found.dropped.append((ast.unparse(statement), str(error)))
                if isinstance(statement, ast.ClassDef) or not self._is_claiming(statement):
                    self.found.broken = self.found.broken or str(error)
                continue
            self.found.statements += made
            if self.side == "visible" and self.found.claims > before:
                self.found.statements.append(_yield(_title(statement)))
        self._prepend_other_tests(statements)
        return self.found

    def _is_claiming(self, statement: ast.stmt) -> bool:
        calls = (each for each in ast.walk(statement) if isinstance(each, ast.Call))
        return is_claiming(statement) or any(_last_name(call) in self._checkers for call in calls)

    def _pass_over(self, statement: ast.stmt) -> None:
        """Leave out a claim; if it defines a deleted answer again, the answer is not deleted."""
        if isinstance(statement, ast.Try):
            for each in (*statement.body, *statement.finalbody):
                match each:
                    case ast.Assign(targets=[ast.Name(id=name)]) if name in self._without:
                        self._without.remove(name)

    def _prepend_other_tests(self, statements: Sequence[ast.stmt]) -> None:
        """Prepend statements of earlier test cells if this test uses names that they bind."""
        own = {ast.dump(each) for each in statements}
        waiting, added = [*self.found.statements], list[ast.stmt]()
        seen: set[str] = set()
        while waiting:
            needed = {
                node.id
                for top in waiting
                for node in ast.walk(top)
                if isinstance(node, ast.Name) and node.id in self._taken
            } - seen
            waiting = []
            for name in sorted(needed):
                seen.add(name)
                for binding in self._earlier(name):
                    if ast.dump(binding.statement) not in own:
                        own.add(ast.dump(binding.statement))
                        made = self._statement(copy.deepcopy(binding.statement))
                        waiting += made
                        added = [*made, *added]
        self.found.statements = [*added, *self.found.statements]

    def _earlier(self, name: str) -> list[Binding]:
        found = [b for b in self.scope.tested.get(name, ()) if not is_claiming(b.statement)]
        before = [binding for binding in found if binding.cell < self.cell]
        return before[-1:]

    def _with_changes(self, node: ast.stmt) -> list[ast.stmt]:
        """Convert a statement; read back the arguments that its call may have changed.

        A hidden test and the student's function have separate copies of an argument. A claim about
        an argument that the call changed needs the student's copy.
        """
        calls = [] if self.side == "visible" else _answer_calls(node, self.scope.answers.keys())
        made = self._statement(node)
        is_simple = isinstance(node, ast.Assert | ast.Expr | ast.Assign)
        if not is_simple or len(calls) != 1 or not made:
            return made
        for place, argument in enumerate(calls[0].args):
            match argument:
                case ast.Starred():
                    break
                case ast.Name(id=name) if name in self._watched & self._local:
                    after = f"{name} = {ast.unparse(self._base())}.arguments_after[{place}]"
                    made += ast.parse(after).body
        return made

    # --- statements -------------------------------------------------------------------------------

    def _statement(self, node: ast.stmt) -> list[ast.stmt]:
        match node:
            case ast.Assert(test=test, msg=message):
                what = ast.unparse(test)
                return [self._claim(self._expression(test), _text(message), what)]
            case ast.Expr(value=ast.Call() as call):
                return self._call_statement(call)
            case ast.Expr(value=ast.Constant()) | ast.Pass():
                return []
            case ast.Try():
                return self._try(node)
            case ast.With(items=[ast.withitem(context_expr=ast.Call() as call)]) if "raises" in (
                _plain(_last_name(call)),
                _last_name(call),
            ):
                return self._raising(self._error(call.args[0] if call.args else None), node.body)
            case ast.With(items=[ast.withitem(context_expr=ast.Call() as call), *_]) if (
                _last_name(call) in _PRINTED
            ):
                fail("it reads what the student's code prints")
            case ast.Assign(targets=[ast.Attribute(value=ast.Name(id=name), attr=changed)]) if (
                self.scope.import_of(name, self.cell)
            ):
                fail(f"it replaces `{name}.{changed}`, but student code runs in another process")
            case ast.Raise():
                return [self._failure(node)]
            case ast.Delete(targets=targets):
                return self._delete(node, targets)
            case ast.Assign(targets=[ast.Name(id=name)], value=value):
                return self._assign(node, name, value)
            case ast.Import() | ast.ImportFrom():
                return self._import(node)
            case ast.ClassDef():
                fail("a class of tests can't be converted")
            case ast.FunctionDef() | ast.AsyncFunctionDef():
                return [self._function(node)]
            case ast.AugAssign(target=ast.Name(id=name)) if name in self.scope.answers:
                fail(f"it changes `{name}`, which is a value of the student's notebook")
        self._bodies(node)
        return [node]

    def _bodies(self, node: ast.stmt) -> None:
        """Convert the expressions of a statement, and the statements inside it."""
        for name, value in ast.iter_fields(node):
            if isinstance(value, ast.expr):
                setattr(node, name, self._expression(value))
            elif isinstance(value, list):
                made: list[object] = []
                for each in value:
                    if isinstance(each, ast.stmt):
                        made += self._with_changes(each)
                    elif isinstance(each, ast.expr):
                        made.append(self._expression(each))
                    elif isinstance(each, ast.withitem):
                        each.context_expr = self._expression(each.context_expr)
                        made.append(each)
                    else:
                        made.append(each)
                if name == "body" and not made:
                    made = [ast.Pass()]
                setattr(node, name, made)

    def _function(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> ast.stmt:
        kept = self._local
        arguments = node.args
        every = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]
        every += [each for each in (arguments.vararg, arguments.kwarg) if each]
        self._local = kept | {each.arg for each in every} | set(stored_names(node.body))
        node.body = [m for each in node.body for m in self._with_changes(each)] or [ast.Pass()]
        node.decorator_list, node.returns = [], None
        for each in every:
            each.annotation = None
        arguments.defaults = [self._expression(each) for each in arguments.defaults]
        self._local = kept | {node.name}
        return node

    def _import(self, node: ast.Import | ast.ImportFrom) -> list[ast.stmt]:
        for alias in node.names:
            name = alias.asname or alias.name.partition(".")[0]
            if name == "*":
                fail("it imports all names of a module")
            self._local.discard(name)
        return []

    def _delete(self, node: ast.Delete, targets: Sequence[ast.expr]) -> list[ast.stmt]:
        names = [target.id for target in targets if isinstance(target, ast.Name)]
        answers = [name for name in names if name in self.scope.answers]
        if answers and len(answers) == len(targets):
            self._without += answers
            self.found.asked.update(answers)
            return []
        if answers:
            fail(f"it deletes `{answers[0]}` together with other names")
        return [node]

    def _assign(self, node: ast.Assign, name: str, value: ast.expr) -> list[ast.stmt]:
        if name in self.scope.answers and name in self.scope.functions:
            restored = isinstance(value, ast.Name) and self._aliases.get(value.id) == name
            if restored:
                self._without = [each for each in self._without if each != name]
                return []
            fail(f"it replaces `{name}` of the student's notebook")
        if isinstance(value, ast.Name) and value.id in self.scope.functions & {*self.scope.answers}:
            self._aliases[name] = value.id
            return []
        node.value = self._expression(value)
        return [node]

    def _call_statement(self, call: ast.Call) -> list[ast.stmt]:
        name = _last_name(call)
        if name in _DROPPED:
            return []
        if name == AUTOTEST and len(call.args) == 1:
            return [self._same_as_reference(call.args[0])]
        if _plain(name) == "raises":
            return self._raising_call(call)
        what = ast.unparse(call)
        condition = self._as_operator(call, _plain(name))
        if condition is not None:
            return [self._claim(self._expression(condition), "", what)]
        if _is_claim_name(name) or name in self._checkers:
            made = ast.Compare(
                left=self._expression(call),
                ops=[ast.In()],
                comparators=[ast.Tuple([ast.Constant(None), ast.Constant(True)], ast.Load())],
            )
            return [self._claim(made, "", what)]
        return [ast.Expr(self._expression(call))]

    def _as_operator(self, call: ast.Call, plain: str) -> ast.expr | None:
        """Return an assert of unittest or nose as an expression, or None for any other call."""
        form = _OPERATORS.get(plain)
        if form is None or self._is_of_numpy(call):
            return None
        words = {word.arg: word.value for word in call.keywords}
        parts = [ast.unparse(each) for each in call.args if not isinstance(each, ast.Starred)]
        parts += [ast.unparse(words[key]) for key in ("first", "second") if key in words]
        if "{2}" in form:
            places = words.get("places")
            if "delta" in words:
                form = f"abs({{0}} - {{1}}) <= {ast.unparse(words['delta'])}"
            elif places is not None:
                parts[2:] = [ast.unparse(places)]
            elif len(parts) < 3:
                parts.append("7")
        count = form.count("{")
        if len(parts) < (1 if "{1}" not in form else 2) or count == 0:
            fail("its arguments can't be read")
        code = form.format(*(f"({part})" for part in parts))
        return ast.parse(code, mode="eval").body

    def _is_of_numpy(self, call: ast.Call) -> bool:
        """Return whether the assert is numpy's, which compares whole arrays."""
        if isinstance(call.func, ast.Name):
            return "testing" in self.scope.import_of(call.func.id, self.cell)
        return "testing" in ast.unparse(call.func)

    # --- claims -----------------------------------------------------------------------------------

    def _claim(self, condition: ast.expr, message: str, what: str) -> ast.stmt:
        """Return the claim that a condition holds; `what` is the code that students know."""
        what = _short(what)
        if what in self.failed:
            fail(NOT_PASSED)
        text = HIDDEN_FAILURE
        if self.told or self.is_trial:
            text = DOES_NOT_HOLD.format(what)
        if message and self.told and not self.is_trial:
            text = message
        self.found.claims += 1
        if self.side == "visible":
            return _expr(_call("expect", condition, ast.Constant(text)))
        self.found.helpers.add("assert_holds")
        return _expr(_call("assert_holds", _lambda(condition), ast.Constant(text)))

    def _same_as_reference(self, value: ast.expr) -> ast.stmt:
        """Return the claim that an expression's value is the same with the reference's answers."""
        if self.side == "visible":
            fail("its right value is hidden")
        what = ast.unparse(value)
        right = _Reference(self).visit(copy.deepcopy(value))
        return self._claim(ast.Compare(self._expression(value), [ast.Eq()], [right]), "", what)

    def _failure(self, node: ast.Raise) -> ast.stmt:
        error = node.exc.func if isinstance(node.exc, ast.Call) else node.exc
        message = node.exc.args[0] if isinstance(node.exc, ast.Call) and node.exc.args else None
        if error is None or not isinstance(error, ast.Name):
            fail("it raises an error in an unusual way")
        self.found.claims += 1
        text = (_text(message) if self.told else "") or HIDDEN_FAILURE
        if self.side == "visible":
            return _expr(_call("expect", ast.Constant(False), ast.Constant(text)))
        self.found.helpers.add("ClaimFailed")
        return ast.Raise(exc=_call("ClaimFailed", ast.Constant(text)), cause=None)

    def _try(self, node: ast.Try) -> list[ast.stmt]:
        """Convert code that expects an exception; of any other `try`, keep the body only."""
        body = list(node.body)
        failing = bool(body) and _is_failure(body[-1])
        if failing:
            body = body[:-1]
        expects = failing or any(map(_is_failure, node.orelse))
        handlers = [each for each in node.handlers if not _is_assertion(each.type)]
        made: list[ast.stmt] = []
        if expects and handlers:
            error = self._error(handlers[0].type)
            if len(handlers) > 1 or any(is_claiming(each) for each in handlers[0].body):
                fail("it examines the error that the student's code raises")
            made = self._raising(error, body)
        elif any(any(map(_is_failure, each.body)) for each in node.handlers):
            made = [each for inner in body for each in self._statement(inner)]
            made += [each for inner in node.orelse for each in self._statement(inner)]
        else:
            made = [self._caught(node)]
        return made + [each for inner in node.finalbody for each in self._statement(inner)]

    def _caught(self, node: ast.Try) -> ast.stmt:
        """Return code that continues after an error, such as `except ValueError: ok = True`."""
        (handler, *more) = node.handlers or [ast.ExceptHandler(None, None, [])]
        used = {n.id for each in handler.body for n in ast.walk(each) if isinstance(n, ast.Name)}
        if more or not node.handlers or handler.name in used:
            fail("it examines the error that the student's code raises")
        error = self._error(handler.type)
        rest = [each for inner in handler.body for each in self._statement(inner)]
        orelse = [each for inner in node.orelse for each in self._statement(inner)]
        if self.side == "visible":
            self._raw = True
            body = [each for inner in node.body for each in self._statement(inner)]
            self._raw = False
            stub = ast.ExceptHandler(
                ast.Name("NotImplementedError", ast.Load()), None, [ast.Raise()]
            )
            handlers = [stub, ast.ExceptHandler(error, None, rest or [ast.Pass()])]
            return ast.Try(body or [ast.Pass()], handlers, orelse, [])
        body = [each for inner in node.body for each in self._statement(inner)]
        self.found.helpers |= {"Raised", "is_error"}
        other = ast.If(
            ast.UnaryOp(ast.Not(), _call("is_error", ast.Name("raised", ast.Load()), error)),
            [ast.Raise()],
            [],
        )
        caught = ast.ExceptHandler(ast.Name("Raised", ast.Load()), "raised", [other, *rest])
        return ast.Try(body or [ast.Pass()], [caught], orelse, [])

    def _error(self, error: ast.expr | None) -> ast.expr:
        return ast.Name("Exception", ast.Load()) if error is None else self._expression(error)

    def _raising(self, error: ast.expr, body: Sequence[ast.stmt]) -> list[ast.stmt]:
        """Return the claim that the last statement of the body raises the error."""
        *before, last = body or [ast.Pass()]
        made = [each for inner in before for each in self._statement(inner)]
        if not isinstance(last, ast.Expr | ast.Assign):
            fail("the code that should raise an error is not a single call")
        return [*made, *self._raises(error, last.value)]

    def _raising_call(self, call: ast.Call) -> list[ast.stmt]:
        if len(call.args) < 2:
            fail("the call that should raise an error is missing")
        error, function, *arguments = call.args
        inner = ast.Call(func=function, args=arguments, keywords=call.keywords)
        return self._raises(self._error(error), inner)

    def _raises(self, error: ast.expr, value: ast.expr) -> list[ast.stmt]:
        self.found.claims += 1
        what = ast.unparse(value)
        self._raw = self.side == "visible"
        try:
            made = self._expression(value)
        finally:
            self._raw = False
        if self.side == "visible":
            if self._without:
                fail("students can't run it without changing their notebook")
            self.found.helpers.add("raises")
            return [_expr(_call("raises", error, _lambda(made), ast.Constant(f"`{_short(what)}`")))]
        self.found.helpers.add("assert_raises")
        call = _call("assert_raises", error, _lambda(made))
        if self.told:
            call.keywords = [ast.keyword("what", ast.Constant(f"`{_short(what)}`"))]
        return [_expr(call)]

    # --- expressions ------------------------------------------------------------------------------

    def _expression(self, node: ast.expr) -> ast.expr:
        made = _Names(self).visit(node)
        assert isinstance(made, ast.expr)
        return made

    def is_local(self, name: str) -> bool:
        """Return whether the test itself binds the name."""
        return name in self._local

    def answer(self, name: str) -> ast.expr:
        """Return the expression for an answer that is not called."""
        self.found.asked.add(name)
        return _call(ast.Attribute(self._base(), "value", ast.Load()), ast.Constant(name))

    def called(self, name: str, keywords: bool) -> ast.expr:
        """Return the expression for an answer that is called."""
        if self._raw or (self.side == "visible" and keywords):
            return self.answer(name)
        self.found.asked.add(name)
        return ast.Attribute(self._base(), name, ast.Load())

    def _base(self) -> ast.expr:
        if self.side == "visible":
            if self._without:
                fail("students can't run it without changing their notebook")
            return ast.Name("yours", ast.Load())
        student = ast.Name("student", ast.Load())
        if not self._without:
            return student
        names = [ast.Constant(name) for name in self._without]
        return ast.Call(ast.Attribute(student, "without", ast.Load()), list(names), [])

    def other(self, node: ast.Name) -> ast.expr:
        """Return the expression for a name that is not an answer."""
        name = node.id
        if name in self._aliases:
            return self.answer(self._aliases[name])
        if name == "tempfile":
            fail("it uses a temporary file, which the student's process does not see")
        if name in _REPLACING:
            fail(f"it uses `{name}`, which replaces a function that the student's code calls")
        if name in self._local:
            return node
        if name in _INTROSPECTION and name not in self.scope.given:
            fail(f"it uses `{name}`, which examines the student's code or notebook")
        if found := self.scope.import_of(name, self.cell):
            if self.side == "hidden":
                found = ast.unparse(self.scope.moved(ast.parse(found).body[0]))
            self.found.imports.add(found)
            return node
        if name in self.scope.given:
            self.found.given.add(name)
            if self.side == "visible":
                return _call(
                    ast.Attribute(ast.Name("yours", ast.Load()), "value", ast.Load()),
                    ast.Constant(name),
                )
            return ast.Attribute(ast.Name(self.module, ast.Load()), name, ast.Load())
        if self._earlier(name):
            self._taken.add(name)
            return node
        if name == "get_ipython":
            fail("it has a line of IPython's own, such as `%time`")
        if name not in KNOWN or name in _NOT_FOUND:
            fail(f"it uses `{name}`, which no cell above defines")
        return node


class _Names(ast.NodeTransformer):
    """Rewrites the names in one expression, except names that a lambda or a loop binds."""

    def __init__(self, converter: Converter) -> None:
        self.converter = converter
        self.bound: list[set[str]] = []

    def visit_Call(self, node: ast.Call) -> ast.expr:
        match node:
            case ast.Call(func=ast.Name(id=name)) if self._is_answer(name):
                node.func = self.converter.called(name, bool(node.keywords))
                node.args = [self.visit(each) for each in node.args]
                for word in node.keywords:
                    word.value = self.visit(word.value)
                return node
        self._check_file(node)
        self.generic_visit(node)
        return node

    def _check_file(self, node: ast.Call) -> None:
        """Refuse a file that the student's code writes: the test's process can't see it."""
        match node:
            case ast.Call(args=[ast.Constant(value=str(name)), *_]) if _last_name(
                node
            ) in _FILE_CALLS and not self.converter.scope.has_file(name):
                fail(f"it uses the file {name}, which is not beside the notebook")

    def visit_Compare(self, node: ast.Compare) -> ast.expr:
        match node:
            case ast.Compare(
                left=ast.Constant(value=str(name)),
                ops=[ast.In()],
                comparators=[ast.Call(func=ast.Name(id="globals" | "locals" | "vars" | "dir"))],
            ) if name in self.converter.scope.answers:
                return ast.Compare(self.converter.answer(name), [ast.IsNot()], [ast.Constant(None)])
        self.generic_visit(node)
        return node

    def visit_Attribute(self, node: ast.Attribute) -> ast.expr:
        match node:
            case ast.Attribute(value=ast.Name(id=name)) if (
                self._is_answer(name) and name in self.converter.scope.functions
            ):
                fail(f"it examines the code of `{name}`")
        self.generic_visit(node)
        return node

    def visit_Name(self, node: ast.Name) -> ast.expr:
        if isinstance(node.ctx, ast.Store) or any(node.id in names for names in self.bound):
            return node
        if self._is_answer(node.id):
            return self.converter.answer(node.id)
        return self.converter.other(node)

    def visit_Lambda(self, node: ast.Lambda) -> ast.expr:
        every = [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs]
        every += [each for each in (node.args.vararg, node.args.kwarg) if each]
        return self._inside(node, {each.arg for each in every})

    def visit_ListComp(self, node: ast.ListComp) -> ast.expr:
        return self._comprehension(node)

    def visit_SetComp(self, node: ast.SetComp) -> ast.expr:
        return self._comprehension(node)

    def visit_DictComp(self, node: ast.DictComp) -> ast.expr:
        return self._comprehension(node)

    def visit_GeneratorExp(self, node: ast.GeneratorExp) -> ast.expr:
        return self._comprehension(node)

    def visit_NamedExpr(self, _: ast.NamedExpr) -> ast.expr:
        fail("it binds a name inside an expression")

    def visit_Await(self, _: ast.Await) -> ast.expr:
        fail("it waits for a coroutine")

    def _comprehension(
        self, node: ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp
    ) -> ast.expr:
        targets = (part.target for part in node.generators)
        names = {n.id for each in targets for n in ast.walk(each) if isinstance(n, ast.Name)}
        return self._inside(node, names)

    def _inside(self, node: ast.expr, names: set[str]) -> ast.expr:
        self.bound.append(names)
        self.generic_visit(node)
        self.bound.pop()
        return node

    def _is_answer(self, name: str) -> bool:
        is_own = self.converter.is_local(name) or any(name in names for names in self.bound)
        return name in self.converter.scope.answers and not is_own


class _Reference(ast.NodeTransformer):
    """Rewrites the names in an expression so that it uses the reference's answers."""

    def __init__(self, converter: Converter) -> None:
        self.converter = converter

    def visit_Name(self, node: ast.Name) -> ast.expr:
        if node.id in self.converter.scope.answers:
            self.converter.found.given.add(node.id)
            return ast.Attribute(ast.Name(self.converter.module, ast.Load()), node.id, ast.Load())
        return self.converter.other(node)


def fail(reason: str) -> NoReturn:
    """Raise NotConvertible."""
    raise NotConvertible(reason)


def is_claiming(node: ast.stmt) -> bool:
    """Return whether a statement tests something itself; defining a helper tests nothing."""
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
        return False
    return any(
        isinstance(each, ast.Assert | ast.Raise)
        or (isinstance(each, ast.Call) and _is_claim_name(_last_name(each)))
        or isinstance(each, ast.ClassDef)
        or (isinstance(each, ast.Try) and _fails_somewhere(each))
        for each in ast.walk(node)
    )


def watched_names(statements: Sequence[ast.stmt], answers: Collection[str]) -> set[str]:
    """Return the arguments that claims look at after a call: xs in `sort(xs)`, `assert xs == [1]`.

    Claims that call an answer, or use a value that an answer returned, do not count. If a call's
    result is not kept, all arguments of the call are returned.
    """
    every = [each for top in statements for each in ast.walk(top)]
    kept = {
        name
        for each in every
        if isinstance(each, ast.Assign) and _answer_calls(each, answers)
        for name in stored_names([each])
    }
    functions = {each.name for each in every if isinstance(each, ast.FunctionDef)}
    found: set[str] = set()
    for each in every:
        match each:
            case ast.Expr(value=ast.Call() as call) if _is_claim_name(_last_name(call)):
                used = used_names([each])
            case ast.Assert():
                used = used_names([each])
            case ast.Expr(value=ast.Call(func=ast.Name(id=name), args=args)) if name in answers:
                found.update(argument.id for argument in args if isinstance(argument, ast.Name))
                continue
            case _:
                continue
        if not used & (kept | {*answers}):
            found |= used
    return found - functions


def _answer_calls(node: ast.AST, answers: Collection[str]) -> list[ast.Call]:
    """Return the calls of answers by name."""
    return [
        each
        for each in ast.walk(node)
        if isinstance(each, ast.Call)
        and isinstance(each.func, ast.Name)
        and each.func.id in answers
    ]


def _is_checker(node: ast.stmt) -> bool:
    """Return whether this is a helper that fails if its arguments are not right."""
    inner = (each for each in ast.walk(node) if isinstance(each, ast.Assert | ast.Raise))
    return isinstance(node, ast.FunctionDef) and any(inner)


def _fails_somewhere(node: ast.Try) -> bool:
    return any(_is_failure(each) for each in ast.walk(node) if isinstance(each, ast.stmt))


def _is_claim_name(name: str) -> bool:
    word = name.lower()
    return word.startswith(("assert", "check", "test", "eq_", "ok_")) or word == "raises"


def _plain(name: str) -> str:
    """Return an assert's name in lowercase, without "assert" and underscores."""
    special = {"eq_": "equal", "ok_": "true"}
    if name in special:
        return special[name]
    word = name.lower().replace("_", "")
    return word.removeprefix("assert") if word.startswith("assert") else ""


def _last_name(call: ast.Call) -> str:
    if isinstance(call.func, ast.Attribute):
        return call.func.attr
    return call.func.id if isinstance(call.func, ast.Name) else ""


def _is_failure(node: ast.stmt) -> bool:
    """Return whether a statement always fails a test, such as `assert False`."""
    match node:
        case ast.Assert(test=ast.Constant(value=value)):
            return not value
        case ast.Raise():
            return True
        case ast.Expr(value=ast.Call() as call):
            return _last_name(call) == "fail"
    return False


def _is_assertion(error: ast.expr | None) -> bool:
    return isinstance(error, ast.Name) and error.id == "AssertionError"


def _text(message: ast.expr | None) -> str:
    found = message.value if isinstance(message, ast.Constant) else ""
    return found if isinstance(found, str) else ""


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= _MESSAGE_LENGTH else line[: _MESSAGE_LENGTH - 1] + "…"


def _title(statement: ast.stmt) -> str:
    if isinstance(statement, ast.Assert):
        return f"`{_short(ast.unparse(statement.test))}`"
    first = ast.unparse(statement).split("\n")[0].rstrip(":")
    if isinstance(statement, ast.Try):
        first = ast.unparse(statement.body[0]).split("\n")[0]
    return f"`{_short(first)}` behaves as expected"


def _yield(text: str) -> ast.stmt:
    return _expr(ast.Yield(ast.Constant(text)))


def _expr(value: ast.expr) -> ast.stmt:
    return ast.Expr(value)


def _call(function: str | ast.expr, *arguments: ast.expr) -> ast.Call:
    called = ast.Name(function, ast.Load()) if isinstance(function, str) else function
    return ast.Call(called, list(arguments), [])


def _lambda(body: ast.expr) -> ast.expr:
    nothing = ast.arguments(
        posonlyargs=[], args=[], vararg=None, kwonlyargs=[], kw_defaults=[], kwarg=None, defaults=[]
    )
    return ast.Lambda(nothing, body)

"""The changes that a mutation makes to a part of a function's syntax.

These operators are mutmut's own operators, and some in the same form for numerical code: another
arithmetic operator, another comparison, another name, a removed statement, a removed call. Each
operator yields the nodes that may replace a node.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from typing import Any

import libcst as cst
import libcst.matchers as m
from mutmut.mutation.mutators import mutation_operators

Operators = Sequence[tuple[type, Callable[[Any], Any]]]

ARITHMETIC = (cst.Add, cst.Subtract, cst.Multiply, cst.Divide, cst.Power)
COMPARISONS = (
    cst.LessThan,
    cst.LessThanEqual,
    cst.GreaterThan,
    cst.GreaterThanEqual,
    cst.Equal,
    cst.NotEqual,
)


def less_by_one(node: cst.BaseNumber) -> Iterator[cst.BaseExpression]:
    """Yield a number one smaller; mutmut yields the number one larger."""
    if isinstance(node, (cst.Integer, cst.Float)):
        yield cst.parse_expression(f"({node.evaluated_value - 1!r})")


def other_arithmetic(node: cst.BinaryOperation) -> Iterator[cst.BaseExpression]:
    """Yield each other operator among + − × ÷ and power; the order of evaluation is kept."""
    if isinstance(node.operator, ARITHMETIC):
        for kind in ARITHMETIC:
            if not isinstance(node.operator, kind):
                left, right = _parenthesised(node.left), _parenthesised(node.right)
                yield _parenthesised(cst.BinaryOperation(left, kind(), right))


def only_one_operand(node: cst.BinaryOperation) -> Iterator[cst.BaseExpression]:
    """Yield each of the two operands without the other."""
    yield _parenthesised(node.left)
    yield _parenthesised(node.right)


def other_comparison(node: cst.ComparisonTarget) -> Iterator[cst.ComparisonTarget]:
    """Yield each other comparison of two numbers."""
    if isinstance(node.operator, COMPARISONS):
        for kind in COMPARISONS:
            if not isinstance(node.operator, kind):
                yield node.with_changes(operator=kind())


def no_minus(node: cst.UnaryOperation) -> Iterator[cst.BaseExpression]:
    """Yield a number without its minus sign."""
    if isinstance(node.operator, cst.Minus):
        yield _parenthesised(node.expression)


def no_call(node: cst.Call) -> Iterator[cst.BaseExpression]:
    """Yield the argument or object of a call instead of the call's result."""
    if isinstance(node.func, cst.Attribute) and not m.matches(node.func.value, m.Name("np")):
        yield node.func.value
    elif node.args and node.args[0].keyword is None and not node.args[0].star:
        yield _parenthesised(node.args[0].value)


def no_slice(node: cst.Slice) -> Iterator[cst.Slice]:
    """Yield a slice without one of its limits."""
    if node.lower is not None:
        yield node.with_changes(lower=None)
    if node.upper is not None:
        yield node.with_changes(upper=None)


def no_filter(node: cst.CompFor) -> Iterator[cst.CompFor]:
    """Yield a comprehension without its condition."""
    if node.ifs:
        yield node.with_changes(ifs=())


def no_statement(node: cst.SimpleStatementLine) -> Iterator[cst.SimpleStatementLine]:
    """Yield nothing instead of a statement."""
    if m.matches(node.body[0], m.Expr(m.SimpleString()) | m.Pass()):
        return
    yield node.with_changes(body=[cst.Pass()])


def one_turn_less(node: cst.For) -> Iterator[cst.For]:
    """Yield a loop that never runs, and a loop that ends after its first turn."""
    yield node.with_changes(iter=cst.Tuple([]))
    body = cst.ensure_type(node.body, cst.IndentedBlock)
    last = cst.SimpleStatementLine([cst.Break()])
    yield node.with_changes(body=body.with_changes(body=[*body.body, last]))


def other_name(
    names: Sequence[str], read: Collection[cst.Name]
) -> Callable[[cst.Name], Iterator[cst.Name]]:
    """Yield each other variable of the function instead of the variable that is read."""

    def operator(node: cst.Name) -> Iterator[cst.Name]:
        if node in read and node.value in names:
            for name in names:
                if name != node.value:
                    yield node.with_changes(value=name)

    return operator


def operators(names: Sequence[str], read: Collection[cst.Name]) -> Operators:
    """Return all operators for a function with these variables and these reads of names."""
    return [
        *mutation_operators,
        (cst.BaseNumber, less_by_one),
        (cst.BinaryOperation, other_arithmetic),
        (cst.BinaryOperation, only_one_operand),
        (cst.ComparisonTarget, other_comparison),
        (cst.UnaryOperation, no_minus),
        (cst.Call, no_call),
        (cst.Slice, no_slice),
        (cst.CompFor, no_filter),
        (cst.SimpleStatementLine, no_statement),
        (cst.For, one_turn_less),
        (cst.Name, other_name(names, read)),
    ]


def _parenthesised(node: cst.BaseExpression) -> cst.BaseExpression:
    if isinstance(node, (cst.Name, cst.Call, cst.Subscript, cst.BaseNumber)) or node.lpar:
        return node
    return node.with_changes(lpar=[cst.LeftParen()], rpar=[cst.RightParen()])

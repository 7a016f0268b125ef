"""Operators between values: comparison, arithmetic, membership, and what to write when the types do not join."""

from __future__ import annotations

from zelo.events.types import BOOL, DOUBLE, INT, STRING, Type
from zelo.policy.check_calls import apply, conversion, resolve, shown
from zelo.policy.check_foreign import null_comparison
from zelo.policy.check_scope import Context, is_comparable
from zelo.policy.functions import FUNCTIONS
from zelo.policy.functions.registry import WordList
from zelo.policy.syntax import Binary, Literal, Unary
from zelo.policy.terms import Term

_ORDER = frozenset({"<", "<=", ">", ">="})
_EQUALITY = frozenset({"==", "!="})


def check_binary(context: Context, node: Binary) -> Term | None:
    """Check `left operator right`."""
    if null_comparison(context, node):
        return None
    if is_chained(node):
        chained(context, node)
        return None
    left, right = context.visit(node.left), context.visit(node.right)
    if left is None or right is None:
        return None
    found = resolve(FUNCTIONS[f"_{node.operator}_"], (left, right))
    if found is None or not comparable(node, left, right):
        mismatch(context, node, left, right)
        return None
    return apply(context, node, *found, (left, right))


def comparable(node: Binary, left: Term, right: Term) -> bool:
    """Say whether equality is defined for what is compared."""
    if node.operator in _EQUALITY:
        return is_comparable(left.type) and is_comparable(right.type)
    return node.operator != "in" or is_comparable(left.type)


def check_minus(context: Context, node: Unary) -> Term | None:
    """Check `-operand`."""
    operand = context.visit(node.operand)
    if operand is None:
        return None
    found = resolve(FUNCTIONS["-_"], (operand,))
    if found is None:
        context.add("Z122", node.operand, expected="int / double / duration", found=shown(operand.type))
        return None
    return apply(context, node, *found, (operand,))


def is_chained(node: Binary) -> bool:
    """Say whether this is `a < b < c`, which compares a bool; `(a < b) < c` says so on purpose."""
    return node.operator in _ORDER and isinstance(node.left, Binary) and node.left.operator in _ORDER


def chained(context: Context, node: Binary) -> None:
    """Report `a < b < c` with the conjunction that says it."""
    assert isinstance(node.left, Binary)
    context.visit(node.left)
    context.visit(node.right)
    middle, right = context.source(node.left.right), context.source(node.right)
    suggestion = f"{context.source(node.left)} && {middle} {node.operator} {right}"
    context.add_at("Z145", node.operator_start, node.operator_end, suggestion=suggestion)


def mismatch(context: Context, node: Binary, left: Term, right: Term) -> None:
    """Report two types that an operator does not join, at the operator."""
    context.add_at(
        "Z148",
        node.operator_start,
        node.operator_end,
        operator=node.operator,
        left=shown(left.type),
        right=shown(right.type),
        suggestion=repair(context, node, left, right),
    )


def repair(context: Context, node: Binary, left: Term, right: Term) -> str | None:
    """Return the comparison or sum with one side converted, when that is what was probably meant."""
    before, after = context.source(node.left), context.source(node.right)
    if node.operator == "in":
        return f"{after}.contains({before})" if right.type == STRING and left.type == STRING else None
    if isinstance(right.type, WordList):
        return f"{before} in {after}" if node.operator in _EQUALITY else None
    types = {left.type, right.type}
    if types == {INT, DOUBLE}:
        return _converted(context, node, left, right, DOUBLE)
    if STRING in types and node.operator == "+" and types & {INT, BOOL}:
        return _converted(context, node, left, right, STRING)
    for this, other, term in ((node.left, right.type, left), (node.right, left.type, right)):
        if isinstance(this, Literal):
            changed = conversion(context.source(this), term.type, (other,), is_literal=True)
            if changed is not None:
                sides = (changed, after) if this is node.left else (before, changed)
                return f"{sides[0]} {node.operator} {sides[1]}"
    return None


def _converted(context: Context, node: Binary, left: Term, right: Term, to: Type) -> str | None:
    """Return the operation with the side that is not of this type converted."""
    sides = []
    for this, term in ((node.left, left), (node.right, right)):
        text = context.source(this)
        changed = None if term.type == to else conversion(text, term.type, (to,), is_literal=isinstance(this, Literal))
        sides.append(changed or text)
    return f"{sides[0]} {node.operator} {sides[1]}"

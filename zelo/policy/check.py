"""Text of a condition to a typed term, with everything that is wrong with it told at once."""

from __future__ import annotations

from collections.abc import Sequence

from zelo.base.source import Report
from zelo.events.types import BOOL, INT, STRING, ListOf, MapOf, ObjectOf, Type
from zelo.policy.check_calls import check_call, shown, wrong_type
from zelo.policy.check_constants import check_literal, folded_and, folded_if, folded_not, folded_or
from zelo.policy.check_foreign import check_foreign
from zelo.policy.check_macros import check_has, check_macro, is_macro
from zelo.policy.check_names import check_name, check_select, look_into
from zelo.policy.check_operators import check_binary, check_minus
from zelo.policy.check_scope import NOTHING, Context, FeatureInfo, Scope, join, settle
from zelo.policy.check_sql import check_sql
from zelo.policy.check_truth import never_true
from zelo.policy.functions.registry import WordList
from zelo.policy.parser import parse
from zelo.policy.scalar import Scalar
from zelo.policy.syntax import (
    Binary,
    Broken,
    Chain,
    Choice,
    Foreign,
    Group,
    Invoke,
    Listing,
    Literal,
    Name,
    Node,
    Select,
    Subscript,
    Unary,
)
from zelo.policy.terms import And, Const, If, Index, ListLiteral, Not, Or, Term

__all__ = ["FeatureInfo", "Scope", "check", "check_on_each", "check_sql", "never_true"]


def check(text: Scalar, scope: Scope, expected: tuple[Type, ...], report: Report) -> Term | None:
    """
    Return the typed term of a condition or expression; None after a mistake, which is in the report.

    `expected` lists the types it may have; empty means any that a value can have.
    """
    return check_on_each(text, (scope,), expected, report)[0]


def check_on_each(
    text: Scalar, scopes: Sequence[Scope], expected: tuple[Type, ...], report: Report
) -> tuple[Term | None, ...]:
    """Return the term in each scope, the text being parsed once; None where it is wrong, see `check`."""
    parsing = Report()
    node = parse(text, parsing)
    terms: list[Term | None] = []
    reports = [parsing]
    wanted = () if parsing.has_errors else expected
    for scope in scopes:
        found = Report()
        term = _checked(text, node, scope, wanted, found) if node is not None else None
        terms.append(None if found.has_errors or parsing.has_errors else term)
        reports.append(found)
    for problem in (problem for each in reports for problem in each.diagnostics):
        report.add(problem.code, problem.span, problem.related, **problem.params)
    return tuple(terms)


def _checked(text: Scalar, node: Node, scope: Scope, expected: tuple[Type, ...], report: Report) -> Term | None:
    """Return the term, or None; a term may come with mistakes that could be read over."""
    context = Context(text, scope, report)
    context.visit = _Checker(context).term
    term = context.visit(node)
    if term is None or report.has_errors or not _is_value(context, node, term):
        return None
    if not expected or term.type in expected:
        return term
    fitting = next((type_ for type_ in expected if join(type_, term.type) == type_), None)
    if fitting is None:
        wrong_type(context, node, term, expected)
        return None
    return settle(term, fitting)


def _is_value(context: Context, node: Node, term: Term) -> bool:
    """Say whether a term can stand as a value; objects, maps and pack lists can only be looked into."""
    if isinstance(term.type, WordList):
        context.add("Z140", node, name=context.source(node))
        return False
    if isinstance(term.type, ObjectOf | MapOf):
        context.add("Z141", node, name=context.source(node))
        return False
    return True


class _Checker:
    """Gives each node its term; None means that a mistake below has been reported."""

    def __init__(self, context: Context) -> None:
        self.context = context

    def term(self, node: Node) -> Term | None:
        """Check a node of any kind."""
        match node:
            case Literal():
                return check_literal(self.context, node)
            case Name():
                return check_name(self.context, node)
            case Select():
                return check_select(self.context, node)
            case Binary():
                return check_binary(self.context, node)
            case Chain():
                return self.chain(node)
            case Invoke():
                return self.invoke(node)
            case Unary():
                return self.negation(node) if node.sign == "!" else check_minus(self.context, node)
            case Choice():
                return self.choice(node)
            case Listing():
                return self.listing(node)
            case Subscript():
                return self.subscript(node)
            case Group():
                return self.term(node.inner)
            case Foreign():
                check_foreign(self.context, node)
                for part in node.parts:
                    look_into(self.context, part)
                return None
            case Broken():
                for part in node.parts:
                    look_into(self.context, part)
                return None
        raise AssertionError(node)

    def invoke(self, node: Invoke) -> Term | None:
        """Check a call of a macro or function."""
        if node.target is None and node.name == "has":
            return check_has(self.context, node)
        if is_macro(node):
            return check_macro(self.context, node)
        return check_call(self.context, node)

    def condition(self, node: Node) -> Term | None:
        """Check a node that must be a bool."""
        term = self.term(node)
        if term is not None and term.type != BOOL:
            wrong_type(self.context, node, term, (BOOL,))
            return None
        return term

    def chain(self, node: Chain) -> Term | None:
        """Check `a && b && c`; chains of the same kind inside become one."""
        kind = And if node.operator == "&&" else Or
        parts: list[Term] = []
        broken = False
        for operand in node.parts:
            part = self.condition(operand)
            if part is None:
                broken = True
            elif isinstance(part, kind):
                parts.extend(part.parts)
            else:
                parts.append(part)
        if broken:
            return None
        span = self.context.span(node)
        return folded_and(And(span, BOOL, tuple(parts))) if kind is And else folded_or(Or(span, BOOL, tuple(parts)))

    def negation(self, node: Unary) -> Term | None:
        """Check `!a`."""
        operand = self.condition(node.operand)
        return None if operand is None else folded_not(Not(self.context.span(node), BOOL, operand))

    def choice(self, node: Choice) -> Term | None:
        """Check `condition ? yes : no`: both branches have one type."""
        condition = self.condition(node.condition)
        yes, no = self.term(node.yes), self.term(node.no)
        if yes is None or no is None:
            return None
        if not (_is_value(self.context, node.yes, yes) and _is_value(self.context, node.no, no)):
            return None
        both = join(yes.type, no.type)
        if both is None:
            self.context.add("Z144", node.no, expected=shown(yes.type), found=shown(no.type))
            return None
        if condition is None:
            return None
        return folded_if(If(self.context.span(node), both, condition, settle(yes, both), settle(no, both)))

    def listing(self, node: Listing) -> Term | None:
        """Check `[a, b]`: all items have one type."""
        found = [self.term(item) for item in node.items]
        items = [item for item in found if item is not None]
        if len(items) < len(found):
            return None
        both: Type = NOTHING
        for item, place in zip(items, node.items, strict=True):
            if not _is_value(self.context, place, item):
                return None
            joined = join(both, item.type)
            if joined is None:
                self.context.add("Z143", place, expected=shown(both), found=shown(item.type))
                return None
            both = joined
        settled = tuple(settle(item, both) for item in items)
        span, type_ = self.context.span(node), ListOf(both)
        if all(isinstance(item, Const) for item in settled):
            return Const(span, type_, tuple(item.value for item in settled if isinstance(item, Const)))
        return ListLiteral(span, type_, settled)

    def subscript(self, node: Subscript) -> Term | None:
        """Check `list[0]` and `map["key"]`."""
        operand, key = self.term(node.operand), self.term(node.key)
        if operand is None or key is None:
            return None
        if isinstance(operand.type, ListOf):
            expected, gives = INT, operand.type.item
        elif isinstance(operand.type, MapOf):
            expected, gives = STRING, operand.type.value
        else:
            self.context.add("Z137", node.operand, name="[]", found=shown(operand.type))
            return None
        if key.type != expected:
            wrong_type(self.context, node.key, key, (expected,))
            return None
        return Index(self.context.span(node), gives, operand, key)

"""Macros: `has`, and `all`, `exists`, `exists_one`, `filter`, `map` over the items of a list or the keys of a map."""

from __future__ import annotations

from zelo.events.types import BOOL, STRING, ListOf, MapOf, ObjectOf, Type
from zelo.policy.check_calls import shown
from zelo.policy.check_names import is_group
from zelo.policy.check_scope import Context
from zelo.policy.functions import FUNCTIONS
from zelo.policy.functions.registry import WordList
from zelo.policy.syntax import Invoke, Name, Node, Select, bare
from zelo.policy.terms import Call, Const, FieldRef, Has, Index, Macro, Term

MACROS = frozenset({"all", "exists", "exists_one", "filter", "map"})
"""Methods that bind a variable."""
NESTED_MAX = 2
"""How deep macros may stand inside each other: each goes through its list again for every item of those around."""


def is_macro(node: Invoke) -> bool:
    """Say whether a call is one of a macro."""
    return node.target is not None and node.name in MACROS


def check_has(context: Context, node: Invoke) -> Term | None:
    """Check `has(a.b)`: the argument must select a field."""
    argument = bare(node.arguments[0]) if len(node.arguments) == 1 else None
    if not isinstance(argument, Select):
        context.add_at("Z139", node.name_start, node.name_end)
        for other in node.arguments:
            context.visit(other)
        return None
    operand = context.visit(argument)
    if operand is None:
        return None
    if not isinstance(operand, FieldRef | Index):
        if isinstance(operand, Const) and operand.constant is None:
            return Const(context.span(node), BOOL, True)
        context.add_at("Z139", node.name_start, node.name_end)
        return None
    return Has(context.span(node), BOOL, operand)


def check_macro(context: Context, node: Invoke) -> Term | None:
    """Check `list.exists(x, condition)` and the like."""
    assert node.target is not None
    source = context.visit(node.target)
    item = None if source is None else item_type(context, node, source)
    most = 3 if node.name == "map" else 2
    if not 2 <= len(node.arguments) <= most or not isinstance(node.arguments[0], Name):
        context.add_at("Z136", node.name_start, node.name_end, name=node.name)
        return None
    variable = node.arguments[0]
    if len(context.bound) >= NESTED_MAX:
        context.add_at("Z149", node.name_start, node.name_end, maximum=NESTED_MAX)
        return None
    if not free(context, variable):
        return None
    bodies = bodies_of(context, variable.name, item, node.arguments[1:])
    if source is None or item is None or any(body is None for body in bodies):
        return None
    return built(context, node, listed(context, source), variable.name, [body for body in bodies if body is not None])


def item_type(context: Context, node: Invoke, source: Term) -> Type | None:
    """Return the type the variable takes, or None when there is nothing to go through."""
    if isinstance(source.type, ListOf):
        return source.type.item
    if isinstance(source.type, MapOf):
        return STRING
    assert node.target is not None
    if isinstance(source.type, WordList):
        context.add("Z140", node.target, name=context.source(node.target))
    else:
        context.add("Z137", node.target, name=node.name, found=shown(source.type))
    return None


def listed(context: Context, source: Term) -> Term:
    """Return the list itself, or the keys of a map in order."""
    if isinstance(source.type, ListOf):
        return source
    (keys,) = FUNCTIONS["_keys_"]
    return Call(source.span, ListOf(STRING), keys, (source,))


def free(context: Context, variable: Name) -> bool:
    """Say whether a variable's name has no other meaning around; if it has, report it."""
    taken = variable.name in context.bound or variable.name in context.scope.variables
    if taken or is_group(context, variable.name):
        context.add("Z138", variable, name=variable.name)
        return False
    return True


def bodies_of(context: Context, name: str, item: Type | None, nodes: tuple[Node, ...]) -> list[Term | None]:
    """Check the conditions of a macro with its variable bound."""
    context.bound[name] = item
    try:
        return [context.visit(node) for node in nodes]
    finally:
        del context.bound[name]


def built(context: Context, node: Invoke, source: Term, variable: str, bodies: list[Term]) -> Term | None:
    """Build the macro when its conditions are conditions."""
    conditions = bodies if node.name != "map" else bodies[:-1]
    for found, argument in zip(conditions, node.arguments[1:], strict=False):
        if found.type != BOOL:
            context.add("Z122", argument, expected="bool", found=shown(found.type))
            return None
    body = bodies[-1]
    if isinstance(body.type, ObjectOf | MapOf | WordList):
        context.add("Z141", node.arguments[-1], name=context.source(node.arguments[-1]))
        return None
    condition = bodies[0] if len(bodies) == 2 else None
    gives: Type = {"filter": source.type, "map": ListOf(body.type)}.get(node.name, BOOL)
    return Macro(context.span(node), gives, node.name, source, variable, body, condition)

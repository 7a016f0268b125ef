"""The parts of CEL that the profile leaves out, each with its own code and way out."""

from __future__ import annotations

from collections.abc import Mapping

from zelo.policy.check_scope import Context
from zelo.policy.syntax import Binary, Foreign, Invoke, Name, Node

FOREIGN: Mapping[str, str] = {
    "null": "Z123",
    "uint": "Z124",
    "bytes": "Z125",
    "map": "Z126",
    "message": "Z127",
    "optional": "Z128",
}
"""Kind of foreign node to the code of its diagnostic."""

FOREIGN_FUNCTIONS: Mapping[str, str] = {
    "uint": "Z124",
    "bytes": "Z125",
    **dict.fromkeys(("orValue", "hasValue", "value"), "Z128"),
    **dict.fromkeys(
        ("dyn", "type", "format", "reverse", "quote", "distinct", "flatten", "range", "slice", "sort"), "Z129"
    ),
    **dict.fromkeys(("math.isNaN", "math.isInf", "math.isFinite", "math.sqrt"), "Z129"),
    **dict.fromkeys(("math.bitAnd", "math.bitOr", "math.bitXor", "math.bitNot"), "Z129"),
    **dict.fromkeys(("math.bitShiftLeft", "math.bitShiftRight"), "Z129"),
}
"""Functions of CEL and its extensions that the profile leaves out, where a reason of their own helps."""
FOREIGN_NAMESPACES: Mapping[str, str] = {
    "optional": "Z128",
    "proto": "Z127",
    "base64": "Z125",
    **dict.fromkeys(("cel", "ip", "regex", "sets", "strings"), "Z129"),
}
"""First words of functions of CEL's extensions: `cel.bind`."""
FOREIGN_MACROS = frozenset({"existsOne", "transformList", "transformMap", "transformMapEntry", "optMap", "optFlatMap"})
"""Macros of CEL's extensions: their arguments bind names and cannot be looked into."""
FOREIGN_NAMES = frozenset(
    {"bool", "bytes", "double", "dyn", "int", "list", "map", "null_type", "string", "type", "uint"}
)
"""Types that CEL also reads as values."""


def check_foreign(context: Context, node: Foreign) -> None:
    """Report what the profile leaves out."""
    text = context.source(node)
    suggestion = None
    if node.what == "uint":
        suggestion = text.rstrip("uU")
    if node.what == "bytes":
        suggestion = text.lstrip("bB")
    context.add(FOREIGN[node.what], node, suggestion=suggestion)


def is_foreign_call(context: Context, node: Invoke) -> bool:
    """Report the call of a macro or namespace of CEL's extensions, without looking inside; False for any other."""
    target = node.target
    if target is not None and node.name in FOREIGN_MACROS:
        context.visit(target)
        context.add_at("Z129", node.name_start, node.name_end, name=node.name)
        return True
    if isinstance(target, Name) and target.name in FOREIGN_NAMESPACES and not is_known(context, target.name):
        code = FOREIGN_NAMESPACES[target.name]
        context.add_at(code, target.start, node.name_end, name=f"{target.name}.{node.name}")
        return True
    return False


def is_known(context: Context, name: str) -> bool:
    """Say whether a name means something here."""
    kind = context.scope.kind
    return name in context.bound or name in context.scope.variables or (kind is not None and name in kind.roles)


def null_comparison(context: Context, node: Binary) -> bool:
    """Report `x == null` with the `has` that says it; False when no side is null."""
    for null, other in ((node.right, node.left), (node.left, node.right)):
        if isinstance(null, Foreign) and null.what == "null" and node.operator in ("==", "!="):
            text = context.source(other)
            context.add("Z123", null, suggestion=f"!has({text})" if node.operator == "==" else f"has({text})")
            if not is_null(other):
                context.visit(other)
            return True
    return False


def is_null(node: Node) -> bool:
    """Say whether a node is the literal `null`."""
    return isinstance(node, Foreign) and node.what == "null"

"""Calls: which overload is meant, whether the arguments fit, and what to write instead when they do not."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from zelo.base.source import Span
from zelo.events.types import BOOL, DOUBLE, DURATION, INT, STRING, TIMESTAMP, ListOf, MapOf, ObjectOf, Type
from zelo.policy.check_constants import folded_call, offset_literal, pattern_problem, span_literal, time_literal
from zelo.policy.check_foreign import FOREIGN_FUNCTIONS, is_foreign_call
from zelo.policy.check_names import standing
from zelo.policy.check_scope import NOTHING, Context, join, nearest, settle
from zelo.policy.functions import FUNCTIONS, OPERATORS
from zelo.policy.functions.registry import AnyOf, Function, WordList
from zelo.policy.syntax import Invoke, Literal, Name, Node, bare
from zelo.policy.terms import Const, FieldRef, Term

ACCESSORS = frozenset(
    "getFullYear getMonth getDate getDayOfMonth getDayOfWeek getDayOfYear".split()
    + "getHours getMinutes getSeconds getMilliseconds".split()
)
"""Methods of a timestamp that take a time zone."""
NAMESPACES = frozenset({"math"})
"""First words of functions with a dotted name."""
_REPEATED = frozenset({"math.greatest", "math.least"})
_TIME_SINCE = "timeSince"


def fits(pattern: Type, actual: Type, bound: dict[str, Type]) -> bool:
    """Say whether a type fits a parameter; type variables are bound on the way. The items of `[]` fit anything."""
    if isinstance(pattern, AnyOf):
        known = bound.get(pattern.name)
        both = actual if known is None else join(known, actual)
        if both is None or (pattern.options and both not in pattern.options and both != NOTHING):
            return False
        if isinstance(both, WordList | ObjectOf) and pattern.options:
            return False
        bound[pattern.name] = both
        return True
    if isinstance(pattern, ListOf) and isinstance(actual, ListOf):
        return fits(pattern.item, actual.item, bound)
    if isinstance(pattern, MapOf) and isinstance(actual, MapOf):
        return fits(pattern.value, actual.value, bound)
    return actual in (pattern, NOTHING)


def filled(pattern: Type, bound: Mapping[str, Type]) -> Type:
    """Return a declared type with its type variables replaced."""
    if isinstance(pattern, AnyOf):
        return bound.get(pattern.name, NOTHING)
    if isinstance(pattern, ListOf):
        return ListOf(filled(pattern.item, bound))
    if isinstance(pattern, MapOf):
        return MapOf(filled(pattern.value, bound))
    return pattern


def resolve(overloads: Sequence[Function], arguments: Sequence[Term]) -> tuple[Function, dict[str, Type]] | None:
    """Return the first overload that takes these arguments, and its type variables."""
    for function in overloads:
        if len(function.takes) != len(arguments):
            continue
        bound: dict[str, Type] = {}
        if all(fits(pattern, term.type, bound) for pattern, term in zip(function.takes, arguments, strict=True)):
            return function, bound
    return None


def apply(
    context: Context, node: Node, function: Function, bound: Mapping[str, Type], arguments: Sequence[Term]
) -> Term:
    """Build the call of an overload; empty lists take the type it asks for, constant parts are computed."""
    settled = tuple(
        settle(term, filled(pattern, bound)) if isinstance(pattern, ListOf | AnyOf) else term
        for pattern, term in zip(function.takes, arguments, strict=True)
    )
    return folded_call(context, node, function, settled, filled(function.gives, bound))


def check_call(context: Context, node: Invoke) -> Term | None:
    """Check the call of a function or method that is no macro."""
    if is_foreign_call(context, node):
        return None
    special = _SPECIAL.get(node.name)
    if special is not None and (done := special(context, node)) is not _NOT_SPECIAL:
        return done if isinstance(done, Term) else None
    target: Node | None = node.target
    name = node.name
    if isinstance(target, Name) and target.name in NAMESPACES and target.name not in context.bound:
        name, target = f"{target.name}.{name}", None
    operands = (*(() if target is None else (target,)), *node.arguments)
    arguments = [context.visit(operand) for operand in operands]
    form = "function" if target is None else "method"
    overloads = [function for function in FUNCTIONS.get(name, ()) if function.form == form]
    if not overloads:
        unknown(context, node, name, form)
        return None
    present = [argument for argument in arguments if argument is not None]
    if len(present) < len(arguments):
        return None
    if name in _REPEATED and len(present) > 2:
        return repeated(context, node, overloads, operands, present)
    found = resolve(overloads, present)
    if found is None:
        misfit(context, node, overloads, operands, present)
        return None
    if name == "matches" and not is_readable(context, operands[1], present[1]):
        return None
    return apply(context, node, *found, present)


def repeated(
    context: Context, node: Invoke, overloads: list[Function], operands: Sequence[Node], arguments: list[Term]
) -> Term | None:
    """Read `greatest(a, b, c)` as `greatest(greatest(a, b), c)`."""
    so_far = arguments[0]
    for at, argument in enumerate(arguments[1:], 1):
        found = resolve(overloads, (so_far, argument))
        if found is None:
            misfit(context, node, overloads, (operands[0], operands[at]), [so_far, argument])
            return None
        so_far = apply(context, node, *found, (so_far, argument))
    return so_far


# Functions whose arguments must be written out, or that stand for something else

_NOT_SPECIAL = object()


def literal_of(node: Invoke, place: int) -> Literal | None:
    """Return an argument if it is a text written out."""
    argument = bare(node.arguments[place]) if len(node.arguments) > place else None
    return argument if isinstance(argument, Literal) and isinstance(argument.value, str) else None


def check_timestamp(context: Context, node: Invoke) -> object:
    """Fold `timestamp("...")`."""
    literal = literal_of(node, 0)
    if node.target is None and literal and len(node.arguments) == 1:
        return time_literal(context, literal, node)
    return _NOT_SPECIAL


def check_duration(context: Context, node: Invoke) -> object:
    """Fold `duration("...")`."""
    literal = literal_of(node, 0)
    if node.target is None and literal and len(node.arguments) == 1:
        return span_literal(context, literal, node)
    return _NOT_SPECIAL


def is_readable(context: Context, node: Node, pattern: Term) -> bool:
    """Say whether the pattern of `matches` is written out and RE2 can read it; if not, report it."""
    if not isinstance(pattern, Const):
        context.add("Z130", node)
        return False
    fragment = pattern_problem(str(pattern.value))
    if fragment is not None:
        context.add("Z131", node, pattern=str(pattern.value), fragment=fragment)
    return fragment is None


def check_accessor(context: Context, node: Invoke) -> object:
    """Read the time zone of `t.getHours("-03:00")` as an offset."""
    if node.target is None or len(node.arguments) != 1:
        return _NOT_SPECIAL
    target = context.visit(node.target)
    offset = offset_literal(context, node.arguments[0])
    if target is None or offset is None:
        return None
    overloads = [function for function in FUNCTIONS.get(node.name, ()) if function.form == "method"]
    arguments = [target, offset]
    found = resolve(overloads, arguments)
    if found is None:
        misfit(context, node, overloads, (node.target, *node.arguments), arguments)
        return None
    return apply(context, node, *found, arguments)


def check_time_since(context: Context, node: Invoke) -> object:
    """Read `timeSince(t)` as `event.effective_at - t`."""
    if node.target is not None or len(node.arguments) != 1:
        if len(node.arguments) != 1:
            context.add_at("Z121", node.name_start, node.name_end, name=node.name, count=1, found=len(node.arguments))
            return None
        context.add_at(
            "Z147", node.name_start, node.name_end, suggestion=f"timeSince({context.source(node.target or node)})"
        )
        return None
    since = context.visit(node.arguments[0])
    if since is None:
        return None
    if since.type != TIMESTAMP:
        wrong_type(context, node.arguments[0], since, (TIMESTAMP,))
        return None
    if context.scope.kind is None or "event" not in context.scope.allow:
        context.add("Z142", node, name="event.effective_at")
        return None
    now = FieldRef(context.span(node), TIMESTAMP, ("effective_at",), False)
    found = resolve(FUNCTIONS["_-_"], (now, since))
    assert found is not None
    return apply(context, node, *found, (now, since))


def check_violations(context: Context, node: Invoke) -> object:
    """Check `actor.violations(duration("30d"))`, a number that account health knows."""
    target, kind = node.target, context.scope.kind
    if not isinstance(target, Name) or kind is None or target.name not in kind.roles or target.name in context.bound:
        return _NOT_SPECIAL
    if kind.entities[target.name] not in context.scope.governed:
        context.add("Z343", node, name=node.name, entity=kind.entities[target.name])
        return None
    arguments = [context.visit(argument) for argument in node.arguments]
    within = arguments[0] if len(arguments) == 1 else None
    if not isinstance(within, Const) or within.type != DURATION or not isinstance(within.value, int):
        if None not in arguments:
            context.add("Z344", node)
        return None
    return standing(context, node, target.name, within.value)


_SPECIAL: Mapping[str, Callable[[Context, Invoke], object]] = {
    "violations": check_violations,
    "timestamp": check_timestamp,
    "duration": check_duration,
    _TIME_SINCE: check_time_since,
    **dict.fromkeys(ACCESSORS, check_accessor),
}


# Mistakes


def unknown(context: Context, node: Invoke, name: str, form: str) -> None:
    """Report a function that does not exist, or not in this form, or not in this profile."""
    start, end = node.name_start, node.name_end
    if name in FOREIGN_FUNCTIONS:
        context.add_at(FOREIGN_FUNCTIONS[name], start, end, name=name)
        return
    if name in FUNCTIONS and name not in OPERATORS:
        context.add_at("Z147", start, end, suggestion=other_form(context, node, name, form))
        return
    names = [other for other, overloads in FUNCTIONS.items() if any(f.form == form for f in overloads)]
    names += ["all", "exists", "exists_one", "filter", "map"] if form == "method" else ["has", _TIME_SINCE]
    aliases = {"len": "size", "length": "size", "lower": "lowerAscii", "toLowerCase": "lowerAscii", "any": "exists"}
    aliases |= {"upper": "upperAscii", "toUpperCase": "upperAscii", "now": "timeSince", "includes": "contains"}
    aliases |= {"strip": "trim", "regex": "matches", "match": "matches", "count": "size", "existsOne": "exists_one"}
    near = aliases.get(name) or nearest(name, names)
    context.add_at("Z118", start, end, name=name, suggestion=near)


def other_form(context: Context, node: Invoke, name: str, form: str) -> str:
    """Return the call in the other form: a method as a function, a function as a method."""
    sources = [context.source(argument) for argument in node.arguments]
    if form == "method" and node.target is not None:
        return f"{name}({', '.join([context.source(node.target), *sources])})"
    return f"{sources[0]}.{name}({', '.join(sources[1:])})" if sources else f"x.{name}()"


def misfit(
    context: Context, node: Invoke, overloads: Sequence[Function], operands: Sequence[Node], arguments: Sequence[Term]
) -> None:
    """Report arguments that no overload takes, at the argument if one alone is to blame."""
    counted = [function for function in overloads if len(function.takes) == len(arguments)]
    extra = 0 if node.target is None or overloads[0].form == "function" else 1
    if not counted:
        counts = sorted({len(function.takes) - extra for function in overloads})
        context.add_at(
            "Z121",
            node.name_start,
            node.name_end,
            name=node.name,
            count=" / ".join(map(str, counts)),
            found=len(arguments) - extra,
        )
        return
    place = blamed(counted, arguments)
    options: list[Type] = []
    for function in counted:
        bound: dict[str, Type] = {}
        if all(fits(p, t.type, bound) for p, t in zip(function.takes[:place], arguments[:place], strict=True)):
            options.extend(expanded(function.takes[place], bound))
    wrong_type(context, operands[place], arguments[place], tuple(dict.fromkeys(options)))


def blamed(overloads: Sequence[Function], arguments: Sequence[Term]) -> int:
    """Return the place of the argument at which the last overload gives up."""
    furthest = 0
    for function in overloads:
        bound: dict[str, Type] = {}
        place = 0
        for pattern, term in zip(function.takes, arguments, strict=True):
            if not fits(pattern, term.type, bound):
                break
            place += 1
        furthest = max(furthest, min(place, len(arguments) - 1))
    return furthest


def expanded(pattern: Type, bound: Mapping[str, Type]) -> tuple[Type, ...]:
    """Return what a parameter takes, in types an author can write."""
    if isinstance(pattern, AnyOf):
        known = bound.get(pattern.name)
        return (known,) if known is not None else pattern.options
    return (filled(pattern, bound),)


def wrong_type(context: Context, node: Node, term: Term, expected: tuple[Type, ...]) -> None:
    """Report a term whose type does not fit, with the conversion that would help."""
    span: Span = context.span(node)
    params: dict[str, str] = {
        "expected": " / ".join(shown(type_) for type_ in expected) or "list",
        "found": shown(term.type),
    }
    suggestion = conversion(context.source(node), term.type, expected, is_literal=isinstance(node, Literal))
    if suggestion is not None:
        params["suggestion"] = suggestion
    context.report.add("Z122", span, (), **params)


def shown(type_: Type) -> str:
    """Return a type as authors write it."""
    if isinstance(type_, ListOf) and type_.item == NOTHING:
        return "list"
    if isinstance(type_, MapOf) and isinstance(type_.value, AnyOf):
        return "map"
    if isinstance(type_, ListOf) and isinstance(type_.item, AnyOf):
        return "list"
    return "lists.…" if isinstance(type_, WordList) else str(type_)


def conversion(text: str, found: Type, expected: Sequence[Type], *, is_literal: bool) -> str | None:
    """Return the text changed to an expected type, or None when nothing obvious would do it."""
    if found == INT and DOUBLE in expected:
        return f"{text}.0" if is_literal and text.lstrip("-").isdigit() else f"double({text})"
    if found == DOUBLE and INT in expected:
        return f"int({text})"
    if found == STRING and is_literal:
        if TIMESTAMP in expected:
            return f"timestamp({text})"
        if DURATION in expected:
            return f"duration({text})"
    if expected == (STRING,) and found in (INT, BOOL):
        return f'"{text}"' if is_literal else f"string({text})"
    return None

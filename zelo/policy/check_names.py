"""Names and fields: `event.title`, `actor.id`, `features.x`, `lists.x`, `constants.x`, variables of macros."""

from __future__ import annotations

from zelo.events.types import DOUBLE, ENVELOPE, INT, STRING, Kind, ListOf, MapOf, ObjectOf, Type
from zelo.policy.check_foreign import FOREIGN_NAMES
from zelo.policy.check_scope import Context, FeatureInfo, nearest
from zelo.policy.functions.registry import WordList
from zelo.policy.syntax import Name, Node, Select, bare
from zelo.policy.terms import Const, FeatureRef, FieldRef, Index, LabelsRef, ListRef, StandingRef, Term, Var

GROUPS = {"event": "event", "features": "features", "lists": "lists", "constants": "constants"}
"""First names with a meaning of their own, and what a scope must allow for each."""
STANDING: dict[str, Type] = {"points": DOUBLE, "penalties": ListOf(STRING), "tier": STRING}
"""What may be read of the account health of an entity."""


def check_name(context: Context, node: Name) -> Term | None:
    """Check an identifier standing alone: a variable, or a mistake."""
    if node.name in context.bound:
        bound = context.bound[node.name]
        return None if bound is None else Var(context.span(node), bound, node.name)
    if node.name in context.scope.variables:
        return FieldRef(context.span(node), context.scope.variables[node.name], (node.name,), True)
    if is_group(context, node.name):
        if allowed(context, node, node.name):
            context.add("Z141", node, name=node.name)
        return None
    if node.name in FOREIGN_NAMES:
        context.add("Z129", node, name=node.name)
        return None
    context.add("Z101", node, name=node.name, suggestion=suggest(context, node.name))
    return None


def check_select(context: Context, node: Select) -> Term | None:
    """Check `operand.field`."""
    if (variable := dotted_variable(context, node)) is not None:
        return variable
    operand = bare(node.operand)
    if isinstance(operand, Name) and operand.name not in context.bound and is_group(context, operand.name):
        return check_member(context, node, operand)
    owner = context.visit(operand)
    return None if owner is None else select(context, node, owner)


def look_into(context: Context, node: Node) -> None:
    """Check a part of something that was read over; a group without its member may have lost it there."""
    if not (isinstance(node, Name) and is_group(context, node.name)):
        context.visit(node)


def is_group(context: Context, name: str) -> bool:
    """Say whether a first name stands for the event, a role or a section of the pack."""
    kind = context.scope.kind
    if name in context.scope.variables:
        return False
    return name in GROUPS or (kind is not None and name in kind.roles)


def allowed(context: Context, node: Node, name: str) -> bool:
    """Say whether this group may be read here; if not, report it."""
    needed = GROUPS.get(name, "roles")
    if needed in context.scope.allow and (context.scope.kind is not None or needed not in ("event", "roles")):
        return True
    context.add("Z142", node, name=name)
    return False


def dotted_variable(context: Context, node: Select) -> Term | None:
    """Return the variable with a dotted name that this selection spells, if the scope has one."""
    if not context.scope.variables:
        return None
    parts = [node.field]
    operand = node.operand
    while isinstance(operand, Select):
        parts.append(operand.field)
        operand = operand.operand
    if not isinstance(operand, Name) or operand.name in context.bound:
        return None
    name = ".".join([operand.name, *reversed(parts)])
    found = context.scope.variables.get(name)
    return None if found is None else FieldRef(context.span(node), found, (name,), True)


def check_member(context: Context, node: Select, group: Name) -> Term | None:
    """Check `event.field`, `actor.field`, `features.name`, `lists.name` and `constants.name`."""
    if not allowed(context, group, group.name):
        return None
    if {f"{group.name}.", f"{group.name}.{node.field}"} & context.scope.broken:
        return None
    match group.name:
        case "features":
            return feature(context, node)
        case "lists":
            return pack_list(context, node)
        case "constants":
            return constant(context, node)
        case "event":
            return field_at(context, node, (node.field,))
        case role:
            return role_member(context, node, role)


def unknown_member(context: Context, node: Select, group: str, names: list[str]) -> None:
    """Report a member that a group does not have."""
    near = nearest(node.field, names)
    suggestion = None if near is None else f"{group}.{near}"
    context.add_at("Z119", node.field_start, node.end, owner=group, name=node.field, suggestion=suggestion)


def feature(context: Context, node: Select) -> Term | None:
    """Check `features.name`."""
    found = context.scope.features.get(node.field)
    if found is None:
        unknown_member(context, node, "features", list(context.scope.features))
        return None
    if isinstance(found, FeatureInfo):
        return FeatureRef(context.span(node), found.type, node.field, found.optional)
    return FeatureRef(context.span(node), found, node.field)


def pack_list(context: Context, node: Select) -> Term | None:
    """Check `lists.name`."""
    if node.field not in context.scope.lists:
        unknown_member(context, node, "lists", list(context.scope.lists))
        return None
    return ListRef(context.span(node), WordList(), node.field)


def constant(context: Context, node: Select) -> Term | None:
    """Check `constants.name`."""
    found = context.scope.constants.get(node.field)
    if found is None:
        unknown_member(context, node, "constants", list(context.scope.constants))
        return None
    type_, value = found
    return Const(context.span(node), type_, frozen(value), node.field)


def frozen(value: object) -> bool | int | float | str | tuple[object, ...]:
    """Return a constant's value as the tree keeps it."""
    if isinstance(value, list | tuple):
        return tuple(frozen(item) for item in value)
    assert isinstance(value, bool | int | float | str), value
    return value


def field_at(context: Context, node: Select, path: tuple[str, ...]) -> Term | None:
    """Check a field of the event by its path."""
    kind = context.scope.kind
    assert kind is not None
    if len(path) == 1 and path[0] in ENVELOPE:
        if path[0] == "kind":
            return Const(context.span(node), STRING, kind.name)
        return FieldRef(context.span(node), ENVELOPE[path[0]], path, False)
    found = kind.resolve(path)
    if found is None:
        unknown_field(context, node, kind.resolve(path[:-1]), path[:-1])
        return None
    return FieldRef(context.span(node), found[0], path, found[1])


def unknown_field(context: Context, node: Select, owner: tuple[Type, bool] | None, path: tuple[str, ...]) -> None:
    """Report a field the event does not have, with the nearest name."""
    level = owner[0] if owner else None
    names = list(level.by_name) if isinstance(level, ObjectOf) else []
    near = nearest(node.field, names if path else [*names, *ENVELOPE])
    context.add_at(
        "Z119",
        node.field_start,
        node.end,
        owner=".".join(("event", *path)),
        name=node.field,
        suggestion=None if near is None else ".".join(("event", *path, near)),
    )


def role_member(context: Context, node: Select, role: str) -> Term | None:
    """Check `actor.id`, `actor.labels`, and `actor.field` for a field beside the role's id."""
    kind = context.scope.kind
    assert kind is not None
    path = kind.roles[role]
    found = kind.resolve(path)
    optional = found is None or found[1]
    if node.field == "id":
        return FieldRef(context.span(node), found[0] if found else STRING, path, optional)
    if node.field == "labels":
        if "labels" not in context.scope.allow:
            context.add("Z142", node, name=f"{role}.labels")
            return None
        return LabelsRef(context.span(node), ListOf(STRING), role, optional)
    if node.field in STANDING and kind.entities[role] in context.scope.governed:
        return standing(context, node, role, None)
    beside = (*path[:-1], node.field)
    target = kind.resolve(beside) if len(path) > 1 and path[-1] == "id" else None
    if target is None and node.field in STANDING:
        context.add_at("Z343", node.field_start, node.end, name=node.field, entity=kind.entities[role])
        return None
    if target is None:
        unknown_member(context, node, role, role_names(kind, path))
        return None
    return FieldRef(context.span(node), target[0], beside, target[1])


def standing(context: Context, node: Node, role: str, within_us: int | None) -> Term | None:
    """Check what is read of the account health of the entity in a role."""
    kind = context.scope.kind
    assert kind is not None
    what = "violations" if within_us is not None else node.field if isinstance(node, Select) else ""
    if "labels" not in context.scope.allow:
        context.add("Z142", node, name=f"{role}.{what}")
        return None
    found = kind.resolve(kind.roles[role])
    optional = what == "points" or found is None or found[1]
    return StandingRef(context.span(node), STANDING.get(what, INT), role, what, optional, within_us)


def role_names(kind: Kind, path: tuple[str, ...]) -> list[str]:
    """Return what may be selected from a role."""
    names = ["id", "labels"]
    level = kind.resolve(path[:-1]) if len(path) > 1 and path[-1] == "id" else None
    if level and isinstance(level[0], ObjectOf):
        names.extend(level[0].by_name)
    return names


def select(context: Context, node: Select, owner: Term) -> Term | None:
    """Check a field of a term: of an object, or the value at a key of a map."""
    span = context.span(node)
    if isinstance(owner.type, MapOf):
        return Index(span, owner.type.value, owner, Const(span, STRING, node.field))
    if isinstance(owner.type, ObjectOf):
        entry = owner.type.by_name.get(node.field)
        if entry is None:
            near = nearest(node.field, owner.type.by_name)
            text = context.source(node.operand)
            suggestion = None if near is None else f"{text}.{near}"
            context.add_at("Z119", node.field_start, node.end, owner=text, name=node.field, suggestion=suggestion)
            return None
        if isinstance(owner, FieldRef):
            return FieldRef(span, entry.type, (*owner.path, node.field), owner.optional or not entry.required)
        return Index(span, entry.type, owner, Const(span, STRING, node.field))
    method = nearest(node.field, ["size"])
    suggestion = (
        f"{context.source(node.operand)}.size()" if method or node.field in ("length", "len", "count") else None
    )
    context.add_at("Z120", node.field_start, node.end, type=str(owner.type), name=node.field, suggestion=suggestion)
    return None


def suggest(context: Context, name: str) -> str | None:
    """Return what an unknown first name was probably meant to be."""
    scope = context.scope
    if scope.kind is not None:
        if name in ("now", "today"):
            return "event.effective_at"
        if name in scope.kind.fields.by_name or name in ENVELOPE:
            return f"event.{name}"
    for group, names in (("features", scope.features), ("lists", scope.lists), ("constants", scope.constants)):
        if name in names:
            return f"{group}.{name}"
    roles = scope.kind.roles if scope.kind else {}
    return nearest(name, [*GROUPS, *roles, *context.bound, *scope.variables])

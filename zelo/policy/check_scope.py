"""What a condition may name, and what the parts of the checker share while they read one."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from types import MappingProxyType

from zelo.base.source import Report, Span
from zelo.events.types import Kind, ListOf, MapOf, ObjectOf, Type
from zelo.policy.functions.registry import AnyOf
from zelo.policy.scalar import Scalar
from zelo.policy.syntax import Node
from zelo.policy.terms import Const, If, ListLiteral, Term

EVERYTHING = frozenset({"event", "roles", "features", "labels", "lists", "constants"})
"""All that a scope can allow."""
NOTHING = AnyOf("nothing")
"""The type of the items of `[]`; it fits every type."""


@dataclass(frozen=True)
class FeatureInfo:
    """What a condition needs to know about a feature."""

    type: Type
    optional: bool = True
    """False only when its value can not be missing."""


@dataclass(frozen=True)
class Scope:
    """The names one condition may use, for one kind of event."""

    kind: Kind | None
    features: Mapping[str, FeatureInfo | Type] = field(default_factory=lambda: MappingProxyType({}))
    lists: frozenset[str] = frozenset()
    constants: Mapping[str, tuple[Type, object]] = field(default_factory=lambda: MappingProxyType({}))
    allow: frozenset[str] = EVERYTHING
    """Which of `event`, `roles`, `features`, `labels`, `lists`, `constants` may be read here."""
    governed: frozenset[str] = frozenset()
    """The kinds of entity whose account health a schedule of the pack governs."""
    broken: frozenset[str] = frozenset()
    """`features.x`, or `features.` for all: declared, but what was wrong there has been reported at its own place."""
    variables: Mapping[str, Type] = field(default_factory=lambda: MappingProxyType({}))
    """Further names, dots allowed, read like fields that may be missing; packs have none."""


@dataclass
class Context:
    """One condition being checked: where it stands, what it may name, what is wrong so far."""

    text: Scalar
    scope: Scope
    report: Report
    visit: Callable[[Node], Term | None] = field(init=False)
    """Checks a node; None after a mistake, which has been reported."""
    bound: dict[str, Type | None] = field(default_factory=dict)
    """The variables of the macros around; None when the type is unknown after a mistake."""

    def span(self, node: Node) -> Span:
        """Return the place of a node."""
        return self.text.span(node.start, node.end - node.start)

    def source(self, node: Node) -> str:
        """Return the author's own words for a node."""
        return self.text.value[node.start : node.end]

    def add(self, code: str, node: Node, **params: str | int | None) -> None:
        """Report a mistake at a node; a parameter that is None is left out, and with it the hint that needs it."""
        self.report.add(code, self.span(node), (), **{key: value for key, value in params.items() if value is not None})

    def add_at(self, code: str, start: int, end: int, **params: str | int | None) -> None:
        """Report a mistake at a stretch of the text."""
        given = {key: value for key, value in params.items() if value is not None}
        self.report.add(code, self.text.span(start, end - start), (), **given)


def nearest(name: str, options: Iterable[str]) -> str | None:
    """Return the option that looks most like a name, or None when none does."""
    choices = sorted(options)
    found = get_close_matches(name, choices, n=1, cutoff=0.6)
    if not found:
        folded = {choice.casefold().replace("_", ""): choice for choice in choices}
        return folded.get(name.casefold().replace("_", ""))
    return found[0]


def join(left: Type, right: Type) -> Type | None:
    """Return the type both fit in, or None; only the items of an empty list fit anything."""
    if left == right or right == NOTHING:
        return left
    if left == NOTHING:
        return right
    if isinstance(left, ListOf) and isinstance(right, ListOf):
        item = join(left.item, right.item)
        return None if item is None else ListOf(item)
    return None


def is_comparable(type_: Type) -> bool:
    """Say whether values of a type can be compared with `==`: not objects and maps, also not inside lists."""
    while isinstance(type_, ListOf):
        type_ = type_.item
    return not isinstance(type_, ObjectOf | MapOf)


def settle(term: Term, type_: Type) -> Term:
    """Give an empty list, also one inside a list or a choice, the type its surroundings ask for."""
    if term.type == type_:
        return term
    if isinstance(term, If):
        return If(term.span, type_, term.condition, settle(term.yes, type_), settle(term.no, type_))
    if isinstance(term, ListLiteral) and isinstance(type_, ListOf):
        return ListLiteral(term.span, type_, tuple(settle(item, type_.item) for item in term.items))
    if isinstance(term, Const):
        return Const(term.span, type_, term.value, term.constant)
    return term

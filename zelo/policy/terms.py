"""The checked tree: typed terms, each knowing its place; every engine compiles these and nothing else."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from zelo.base.source import Span
from zelo.events.types import Type

if TYPE_CHECKING:
    from zelo.policy.functions.registry import Function


@dataclass(frozen=True)
class Term:
    """A typed piece of a condition. A closed set: the subclasses below."""

    span: Span
    type: Type

    def children(self) -> Iterator[Term]:
        """Yield the terms directly inside this one, in reading order."""
        for name in self.__dataclass_fields__:
            value = getattr(self, name)
            if isinstance(value, Term):
                yield value
            elif isinstance(value, tuple):
                yield from (part for part in value if isinstance(part, Term))

    def walk(self) -> Iterator[Term]:
        """Yield this term and all below it."""
        yield self
        for child in self.children():
            yield from child.walk()


@dataclass(frozen=True)
class Const(Term):
    """A literal or a named constant; timestamps and durations in microseconds."""

    value: bool | int | float | str | tuple[object, ...]
    constant: str | None = None
    """The name in the policy's `constants`, when it was read from there."""


@dataclass(frozen=True)
class FieldRef(Term):
    """A field of the event, `event.seller.created_at` or `actor.created_at`; missing when absent."""

    path: tuple[str, ...]
    """Path inside the event; the envelope's `id`, `kind`, `occurred_at`, `effective_at` are paths of one part."""
    optional: bool


@dataclass(frozen=True)
class FeatureRef(Term):
    """The value of a windowed feature at this event."""

    name: str
    optional: bool = True
    """False only when the value can not be missing (a count whose key is required)."""


@dataclass(frozen=True)
class LabelsRef(Term):
    """The labels in force on the entity in a role, as a list of strings; missing when the role's id is missing."""

    role: str
    optional: bool


@dataclass(frozen=True)
class StandingRef(Term):
    """What the account health of the entity in a role says as of the event: `points`, `penalties`, `tier`, or the
    number of `violations` within a length of time; missing when the role's id is, and points where none are kept."""

    role: str
    what: str
    optional: bool
    within_us: int | None = None
    """Of `violations`."""


@dataclass(frozen=True)
class ListRef(Term):
    """A list of the pack, `lists.replica_words`; only as an argument of `in`, `hasAnyWord` and functions on lists."""

    name: str


@dataclass(frozen=True)
class Var(Term):
    """The variable a macro binds."""

    name: str


@dataclass(frozen=True)
class Call(Term):
    """A call of a declared function or operator; missing when any argument is."""

    function: Function
    arguments: tuple[Term, ...]


@dataclass(frozen=True)
class And(Term):
    """Kleene conjunction of two or more terms: false wins over missing."""

    parts: tuple[Term, ...]


@dataclass(frozen=True)
class Or(Term):
    """Kleene disjunction of two or more terms: true wins over missing."""

    parts: tuple[Term, ...]


@dataclass(frozen=True)
class Not(Term):
    """Negation; missing stays missing."""

    operand: Term


@dataclass(frozen=True)
class If(Term):
    """`condition ? yes : no`; missing when the condition is."""

    condition: Term
    yes: Term
    no: Term


@dataclass(frozen=True)
class Has(Term):
    """`has(event.a.b)`: whether the field (or map key) is there; never missing."""

    operand: Term
    """A FieldRef, or an Index into a map."""


@dataclass(frozen=True)
class Index(Term):
    """`list[i]` or `map["key"]`; missing when out of range or absent."""

    operand: Term
    key: Term


@dataclass(frozen=True)
class ListLiteral(Term):
    """`[a, b]`; missing when any item is."""

    items: tuple[Term, ...]


@dataclass(frozen=True)
class Macro(Term):
    """`all`, `exists` (Kleene and, or), `exists_one`, `filter`, `map` (missing when any body is)."""

    name: str
    source: Term
    variable: str
    body: Term
    condition: Term | None = None
    """The filter of a three-argument `map`."""

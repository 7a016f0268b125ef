"""What a query over history starts from: the relations of a pack, and how terms stand in them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType

from sqlglot import exp

from zelo.policy import terms as t
from zelo.policy.pack import Pack
from zelo.policy.signature import signature
from zelo.policy.to_sql.columns import EVENTS, Columns
from zelo.policy.to_sql.dialect import Expression
from zelo.policy.to_sql.prepared import beyond_sql, prepared_column
from zelo.policy.to_sql.queries import inside, joined_by_key, named, selected, table
from zelo.policy.to_sql.terms import Terms

PREPARED = "p"
"""What the relation with the prepared columns of a kind is called."""


@dataclass(frozen=True)
class Sources:
    """The events of a lake in one dialect: `events_0`, `prepared_0` ..., by the place of the kind in the pack."""

    pack: Pack
    dialect: str
    kinds: tuple[str, ...] = field(init=False)
    lists: Mapping[str, Sequence[str]] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        """Number the kinds."""
        object.__setattr__(self, "kinds", tuple(self.pack.kinds))
        object.__setattr__(self, "lists", {name: data.values for name, data in self.pack.lists.items()})

    def number(self, kind: str) -> int:
        """Return the number of a kind."""
        return self.kinds.index(kind)

    def events(self, kind: str) -> str:
        """Return the name of the relation with the events of a kind."""
        return f"events_{self.number(kind)}"

    def prepared(self, kind: str) -> str:
        """Return the name of the relation with the prepared columns of a kind."""
        return f"prepared_{self.number(kind)}"

    def read(
        self,
        kind: str,
        columns: Sequence[Expression],
        terms: Sequence[t.Term],
        shared: Mapping[str, t.Term] = MappingProxyType({}),
    ) -> exp.Select:
        """Return a selection over the events of a kind, with the prepared and shared columns that the terms need."""
        query = selected(columns, self._with(kind, shared) if shared else table(self.events(kind), EVENTS))
        if beyond_sql(terms, self.dialect).prepared:
            query = joined_by_key(query, self.prepared(kind), PREPARED, None, EVENTS)
        return query

    def _with(self, kind: str, shared: Mapping[str, t.Term]) -> exp.Subquery:
        """Return the events of a kind, with terms as columns beside them."""
        write = self.terms(kind, list(shared.values()))
        columns = [named(write.value(term), prepared_column(term)) for term in shared.values()]
        every = exp.Column(this=exp.Star(), table=exp.to_identifier(EVENTS))
        return inside(selected([every, *columns], table(self.events(kind), EVENTS)), EVENTS)

    def terms(
        self,
        kind: str,
        terms: Sequence[t.Term],
        features: Mapping[str, str] = MappingProxyType({}),
        labels: Callable[[t.Term], Expression | None] = lambda term: None,
        shared: Mapping[str, t.Term] = MappingProxyType({}),
    ) -> Terms:
        """Return the writer of some terms on a kind; `shared` are those that `read_shared` gives as columns."""
        beyond = beyond_sql(terms, self.dialect)
        unknown = frozenset(beyond.unknown)
        look = Columns(
            kind=self.pack.kinds[kind],
            dialect=self.dialect,
            prepared={mark: (PREPARED, prepared_column(term)) for mark, term in beyond.prepared.items()}
            | {mark: (EVENTS, prepared_column(term)) for mark, term in shared.items()},
            features=features,
            labels=labels,
            unknown=unknown,
        )
        return Terms(self.dialect, look, self.lists, unknown)


def term_on(terms: object, kind: str) -> t.Term | None:
    """Return the term of a feature's `where` or `value` on a kind of event."""
    found = terms.get(kind) if isinstance(terms, Mapping) else None
    return found if isinstance(found, t.Term) else None


def prepared_terms(pack: Pack, kind: str, dialect: str) -> Mapping[str, t.Term]:
    """Return the terms to be made columns before anything else runs, by the name of their column."""
    terms = [rule.terms[kind] for rule in pack.rules if kind in rule.terms]
    terms += [
        value[kind]
        for rule in pack.rules
        for effect in rule.effects
        for value in effect.parameters.values()
        if isinstance(value, Mapping) and isinstance(value.get(kind), t.Term)
    ]
    for spec in pack.features.values():
        terms += [term for one in (spec.where, spec.value) if (term := term_on(one, kind)) is not None]
    found = beyond_sql(terms, dialect).prepared
    return {prepared_column(term): term for _, term in sorted(found.items())}


def text_of(pack: Pack, *terms: t.Term | None) -> str:
    """Return what terms mean, the lists they read included, as text to be hashed."""
    there = [term for term in terms if term is not None]
    lists = {part.name for term in there for part in term.walk() if isinstance(part, t.ListRef)}
    held = [f"lists.{name}: {pack.lists[name].values!r}" for name in sorted(lists)]
    return "\n".join([*(signature(term) for term in there), *held])

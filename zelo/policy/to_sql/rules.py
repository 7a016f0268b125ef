"""
The rules of one kind of event in SQL: for each event in which one is true or NULL, the state of all of them.

    order_key, event_id, states_0 [states_1 ...], x_RULE_0 ...

A state has three bits: 0 false, 1 true, 2 undetermined, and 4 more where it is open. `states_0` holds those of the
first 20 rules, the first one lowest. `x_RULE_N` is the Nth computed parameter of a rule's effects, where it is true.

A rule is *open* where it hangs on labels that the pack's rules add, or on what SQL cannot say: such parts are NULL, so
that it comes to NULL wherever they might decide, and its true state is found in Python. Kleene's logic makes that safe:
more knowledge turns a NULL into true or false, and never changes a true or a false. The lower bits of an open state
hold if there are no labels, as on most events. Labels that no rule adds are on no entity in history.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from sqlglot import exp

from zelo.base.source import Source, Span
from zelo.events.types import BOOL, INT, STRING, Kind, ListOf
from zelo.policy import terms as t
from zelo.policy.pack import Pack, Rule
from zelo.policy.signature import signature
from zelo.policy.to_sql.columns import EVENTS, field_column
from zelo.policy.to_sql.dialect import Expression, cast, either, exactly, guarded, is_there, literal, number, when
from zelo.policy.to_sql.prepared import beyond_sql, can_say
from zelo.policy.to_sql.queries import ORDER_KEY, inside, joined_by_key, named, selected
from zelo.policy.to_sql.sources import Sources, text_of
from zelo.policy.to_sql.terms import Terms

BITS = 3
"""Bits of a state."""
PER_COLUMN = 20
"""Rules whose states stand in one column of 64 bits."""
SHARED_AT = 4
"""A text that is made from fields so many times in the rules of a kind is made once for each event."""
FALSE, TRUE, UNDETERMINED, OPEN = 0, 1, 2, 4
_NOWHERE = Span(Source("<role>", ""), 1, 1)
Added = Mapping[str, frozenset[str]]
"""Entity to the labels that rules of the pack add to it."""


@dataclass(frozen=True)
class RuleOnKind:
    """A rule as one kind of event sees it."""

    rule: Rule
    condition: t.Term
    parameters: tuple[t.Term, ...]
    """Computed parameters of its effects, in order."""
    is_open: bool
    """Whether its state may have to be found in Python."""
    is_beyond: bool
    """Whether that is because of what SQL cannot say, and so without labels too."""

    @property
    def terms(self) -> tuple[t.Term, ...]:
        """Return the condition and the parameters."""
        return (self.condition, *self.parameters)

    def parameter_column(self, place: int) -> str:
        """Return the name of the column of a computed parameter."""
        return f"x_{self.rule.name}_{place}"


def labels_added(pack: Pack) -> Added:
    """Return the labels that rules add, by entity."""
    found: dict[str, set[str]] = {}
    for rule in pack.rules:
        for effect in rule.effects:
            if effect.kind == "add_label":
                for kind in rule.kinds:
                    entity = pack.kinds[kind].entities[effect.role]
                    found.setdefault(entity, set()).add(str(effect.parameters["label"]))
    return {entity: frozenset(labels) for entity, labels in found.items()}


def rules_on(pack: Pack, kind: str, dialect: str, computed: Callable[[Rule], tuple[t.Term, ...]]) -> list[RuleOnKind]:
    """Return the rules of a kind in pack order; `computed` gives the computed parameters of a rule on it."""
    added = labels_added(pack)
    found = []
    for rule in pack.rules:
        if kind in rule.terms:
            terms = (rule.terms[kind], *computed(rule))
            is_open = any(_hangs_on_labels(term, pack.kinds[kind], added) for term in terms)
            is_beyond = bool(beyond_sql(terms, dialect).unknown)
            found.append(RuleOnKind(rule, terms[0], terms[1:], is_open or is_beyond, is_beyond))
    return found


def features_of(rules: Iterable[RuleOnKind]) -> tuple[str, ...]:
    """Return the features that rules read, in order of their names."""
    parts = (part for rule in rules for term in rule.terms for part in term.walk())
    return tuple(sorted({part.name for part in parts if isinstance(part, t.FeatureRef)}))


def states_query(sources: Sources, kind: str, rules: Sequence[RuleOnKind], tables: Mapping[str, str]) -> exp.Query:
    """
    Return the query of the states of rules on a kind, for every event of it.

    `tables` says in which relation (`kind`, `order_key`, `f_NAME` ...) each feature is that the rules read.
    """
    aliases = {relation: f"t{place}" for place, relation in enumerate(dict.fromkeys(tables.values()))}
    terms = [term for rule in rules for term in rule.terms]
    kind_, places = sources.pack.kinds[kind], {name: aliases[relation] for name, relation in tables.items()}
    added = labels_added(sources.pack)
    shared = shared_texts(terms, sources.dialect)
    write = sources.terms(kind, terms, places, labels_in_history(kind_, added), shared)
    unlabelled = sources.terms(kind, terms, places, labels_in_history(kind_, {}), shared)
    states = [named(_state(rule, write, unlabelled), f"r{place}") for place, rule in enumerate(rules)]
    values = [
        named(unlabelled.value(term), rule.parameter_column(number_))
        for rule in rules
        for number_, term in enumerate(rule.parameters)
    ]
    columns = [exactly(ORDER_KEY, EVENTS), exactly(field_column(("id",)), EVENTS)]
    query = sources.read(kind, [*columns, *states, *values], terms, shared)
    for relation, alias in aliases.items():
        query = joined_by_key(query, relation, alias, None, EVENTS)
    return _packed(query, rules)


def shared_texts(terms: Iterable[t.Term], dialect: str) -> dict[str, t.Term]:
    """Return the texts made from the event's fields that terms use again and again, by signature: outermost ones."""
    found: dict[str, t.Term] = {}
    uses: Counter[str] = Counter()

    def search(term: t.Term) -> None:
        if isinstance(term, t.Call) and term.type == STRING and _is_of_fields(term, dialect):
            mark = signature(term)
            found[mark] = term
            uses[mark] += 1
            return
        for child in term.children():
            search(child)

    for term in terms:
        search(term)
    return {mark: term for mark, term in sorted(found.items()) if uses[mark] >= SHARED_AT}


def _is_of_fields(term: t.Term, dialect: str) -> bool:
    """Say whether a term is made of fields of the event alone, and SQL can say all of it."""
    leaves = (t.Const, t.FieldRef)
    parts = list(term.walk())
    return all(isinstance(part, (t.Call, *leaves)) and can_say(part, dialect) for part in parts) and any(
        isinstance(part, t.FieldRef) for part in parts
    )


def _state(rule: RuleOnKind, write: Terms, unlabelled: Terms) -> Expression:
    """Return the state of a rule; what is most often so stands first."""
    term = rule.condition
    if write.sure(term):
        return when(write.true(term), literal(TRUE, INT), literal(FALSE, INT))
    pairs = [write.false(term), literal(FALSE, INT), write.true(term), literal(TRUE, INT)]
    if not rule.is_open:
        return when(*pairs, literal(UNDETERMINED, INT))
    pairs += [unlabelled.false(term), literal(OPEN | FALSE, INT), unlabelled.true(term), literal(OPEN | TRUE, INT)]
    return when(*pairs, literal(OPEN | UNDETERMINED, INT))


def _packed(query: exp.Select, rules: Sequence[RuleOnKind]) -> exp.Query:
    columns = [exactly(ORDER_KEY), exactly("event_id")]
    for column, start in enumerate(range(0, len(rules), PER_COLUMN)):
        parts = [
            exp.Mul(this=exactly(f"r{place}"), expression=literal(1 << BITS * (place - start), INT))
            for place in range(start, min(start + PER_COLUMN, len(rules)))
        ]
        whole: Expression = parts[0]
        for part in parts[1:]:
            whole = exp.Add(this=whole, expression=part)
        columns.append(named(whole, f"states_{column}"))
    for place, rule in enumerate(rules):
        for number_ in range(len(rule.parameters)):
            name = rule.parameter_column(number_)
            fires = exp.In(this=exactly(f"r{place}"), expressions=[number(TRUE), number(OPEN | TRUE)])
            columns.append(named(when(fires, exactly(name)), name))
    return selected(columns, inside(query, "s"))


def notable(count: int) -> Expression:
    """Return the condition that a rule is true or open, over the columns of states of so many rules."""
    columns = range(-(-count // PER_COLUMN))
    return either([exp.NEQ(this=exactly(f"states_{column}"), expression=number(0)) for column in columns])


def labels_in_history(kind: Kind, added: Added) -> Callable[[t.Term], Expression | None]:
    """Return what terms about labels come to: what no rule adds is not there, and the rest is open."""

    def look(term: t.Term) -> Expression | None:
        if isinstance(term, t.LabelsRef):
            if added.get(kind.entities[term.role]):
                return cast(exp.null(), ListOf(STRING))
            return _where_there(kind, term.role, cast(exp.Array(expressions=[]), ListOf(STRING)))
        held = _membership(term)
        if held is None:
            return None
        label, role = held
        if label in added.get(kind.entities[role], ()):
            return cast(exp.null(), BOOL)
        return _where_there(kind, role, exp.false())

    return look


def _where_there(kind: Kind, role: str, value: Expression) -> Expression:
    """Return a value, or NULL when the id of the role is missing."""
    path = kind.roles[role]
    resolved = kind.resolve(path)
    if resolved is None or not resolved[1]:
        return guarded(value)
    return when(is_there(exactly(field_column(path), EVENTS)), value)


def _membership(term: t.Term) -> tuple[str, str] | None:
    """Return label and role of `"label" in role.labels`."""
    if isinstance(term, t.Call) and term.function.name == "_in_":
        label, labels = term.arguments
        if isinstance(labels, t.LabelsRef) and isinstance(label, t.Const) and isinstance(label.value, str):
            return label.value, labels.role
    return None


def _hangs_on_labels(term: t.Term, kind: Kind, added: Added) -> bool:
    held = _membership(term)
    if held is not None:
        return held[0] in added.get(kind.entities[held[1]], ())
    if isinstance(term, t.LabelsRef):
        return bool(added.get(kind.entities[term.role]))
    return any(_hangs_on_labels(child, kind, added) for child in term.children())


def text_of_rule(pack: Pack, kind: str, rule: RuleOnKind) -> str:
    """Return all that the states of a rule hang on, but events and features, as text to be hashed."""
    added = labels_added(pack)
    reads = sorted({part.role for term in rule.terms for part in term.walk() if isinstance(part, t.LabelsRef)})
    labels = [f"{role} {sorted(added.get(pack.kinds[kind].entities[role], ()))}" for role in reads]
    names = [f"{rule.rule.name} {len(rule.parameters)}"]
    return "\n".join([*names, text_of(pack, *rule.terms), *labels, *(signature(term) for term in rule.parameters)])

"""
The rows that windows look at: one for each event of the kinds that count or read, by the key of the windows.

    gathered: kind, order_key, k0 [k1 ...], s0 [s1 ...]

A *signal* is what the features of one signature see of an event: NULL when the event does not count.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from sqlglot import exp

from zelo.base.source import Source, Span
from zelo.events.types import BOOL, DOUBLE, INT, Type
from zelo.features.spec import MILLIONTHS_LIMIT, FeatureSpec
from zelo.policy import terms as t
from zelo.policy.pack import Pack
from zelo.policy.to_sql.columns import EVENTS
from zelo.policy.to_sql.dialect import Expression, both, call, cast, exactly, guarded, is_there, literal, number, when
from zelo.policy.to_sql.queries import ORDER_KEY, named, union
from zelo.policy.to_sql.sources import Sources, term_on, text_of
from zelo.policy.to_sql.terms import Terms

MATCH, MICRO, PLAIN = "match", "micro", "plain"
"""What a signal holds: a 1, whole millionths of a double, or the value itself."""
_NOWHERE = Span(Source("<key>", ""), 1, 1)


@dataclass(frozen=True)
class Signal:
    """What features of one signature see of an event."""

    kinds: frozenset[str]
    signature: str
    form: str


@dataclass(frozen=True)
class Family:
    """Features that are windows over the same rows: those with the same key."""

    by: tuple[str, ...]
    specs: tuple[FeatureSpec, ...]
    readers: tuple[str, ...]
    """Kinds of event whose rules read one of them."""
    raw: bool = False
    """Whether signals hold values as they are, for windows that are computed elsewhere."""

    @property
    def signals(self) -> tuple[Signal, ...]:
        """Return the signals, each once."""
        return tuple(dict.fromkeys(self.signal(spec) for spec in self.specs))

    def signal(self, spec: FeatureSpec) -> Signal:
        """Return the signal that a feature folds."""
        if spec.value is None:
            form = MATCH
        elif spec.aggregate in ("sum", "avg") and spec.value_type == DOUBLE and not self.raw:
            form = MICRO
        else:
            form = PLAIN
        return Signal(frozenset(spec.kinds), spec.signature, form)

    def column(self, spec: FeatureSpec) -> str:
        """Return the name of the column with a feature's signal."""
        return f"s{self.signals.index(self.signal(spec))}"

    @property
    def keys(self) -> tuple[str, ...]:
        """Return the names of the columns of the key."""
        return tuple(f"k{place}" for place in range(len(self.by)))

    def kinds(self, pack: Pack) -> tuple[str, ...]:
        """Return the kinds that count or read, in pack order."""
        counted = {kind for spec in self.specs for kind in spec.kinds}
        keyed = pack.feature_keys[self.specs[0].name]
        return tuple(kind for kind in pack.kinds if kind in keyed and (kind in counted or kind in self.readers))

    def every_row(self, pack: Pack, signal: Signal) -> bool:
        """Say whether each gathered row has the signal, so that rows can be counted instead."""
        spec = next(spec for spec in self.specs if self.signal(spec) == signal)
        return signal.form == MATCH and spec.where is None and set(self.kinds(pack)) <= signal.kinds


def is_alone(spec: FeatureSpec, dialect: str) -> bool:
    """Say whether a feature is not a window over the rows of its key, but needs a query of its own."""
    return spec.aggregate == "distinct" and (dialect == "spark" or spec.reach is None)


def families(pack: Pack, read_by: Mapping[str, Iterable[str]], dialect: str) -> tuple[Family, ...]:
    """Return the features that rules read, by key. `read_by`: feature to kinds of event."""
    shelves: dict[tuple[object, ...], list[FeatureSpec]] = {}
    for name, spec in pack.features.items():
        if read_by.get(name):
            alone = (name,) if is_alone(spec, dialect) else ()
            shelves.setdefault((spec.by, *alone), []).append(spec)
    return tuple(
        Family(specs[0].by, tuple(specs), tuple(k for k in pack.kinds if any(k in read_by[s.name] for s in specs)))
        for specs in shelves.values()
    )


def gathered(sources: Sources, family: Family) -> exp.Query:
    """Return the query that gathers the rows of a family."""
    return union([_of_kind(sources, family, kind) for kind in family.kinds(sources.pack)])


def _of_kind(sources: Sources, family: Family, kind: str) -> exp.Query:
    pack = sources.pack
    wanted = [spec for spec in family.specs if kind in spec.kinds]
    terms = [term for spec in wanted for one in (spec.where, spec.value) if (term := term_on(one, kind)) is not None]
    write = sources.terms(kind, terms)
    found: dict[Signal, FeatureSpec] = {family.signal(spec): spec for spec in reversed(family.specs)}
    columns = [named(cast(number(sources.number(kind)), INT), "kind"), exactly(ORDER_KEY, EVENTS)]
    keys: list[Expression] = []
    for name, path in zip(family.keys, pack.feature_keys[family.specs[0].name][kind], strict=True):
        resolved = pack.kinds[kind].resolve(path)
        assert resolved is not None, f"the loader let the path {path} pass"
        key = write.value(t.FieldRef(_NOWHERE, resolved[0], path, resolved[1]))
        columns.append(named(key, name))
        keys += [is_there(key.copy())] if resolved[1] else []
    for place, signal in enumerate(family.signals):
        spec = found[signal]
        value = _signal(write, spec, signal, kind) if kind in signal.kinds else cast(exp.null(), stored(spec, signal))
        columns.append(named(value, f"s{place}"))
    query = sources.read(kind, columns, terms)
    return query.where(both(keys), copy=False) if keys else query


def _signal(write: Terms, spec: FeatureSpec, signal: Signal, kind: str) -> Expression:
    """Return a signal on a kind that it counts."""
    where, value = term_on(spec.where, kind), term_on(spec.value, kind)
    if signal.form == MATCH:
        own: Expression = literal(1, INT)
    else:
        assert value is not None, f"{spec.name} has no value on {kind}"
        own = write.value(value)
        if signal.form == MICRO:
            own = write.let(own, _millionths)
        elif spec.value_type == DOUBLE:
            own = exp.Add(this=guarded(own), expression=literal(0.0, DOUBLE))
    return own if where is None else when(write.true(where), own)


def _millionths(value: Expression) -> Expression:
    """Return a double as the whole millionths it counts as in a sum; NULL when it is too large."""
    scaled = exp.Mul(this=guarded(value), expression=literal(1e6, DOUBLE))
    limit = literal(MILLIONTHS_LIMIT, DOUBLE)
    within = exp.LT(this=call("abs", scaled), expression=limit)
    nearest = call("floor", exp.Add(this=exp.Paren(this=scaled.copy()), expression=literal(0.5, DOUBLE)))
    return when(within, cast(nearest, INT))


def stored(spec: FeatureSpec, signal: Signal) -> Type:
    """Return the type of a signal's column."""
    if signal.form in (MATCH, MICRO):
        return INT
    return spec.value_type or BOOL


def text_of_family(pack: Pack, family: Family) -> str:
    """Return all that the values of a family's features hang on, but the events, as text to be hashed."""
    lines = [str(family.by), str(family.readers), str(family.raw)]
    for spec in family.specs:
        lines.append(f"{spec.name} {spec.aggregate} {spec.kinds} {spec.window_ms} {spec.including_current}")
        lines.append(f"{spec.at_most} {spec.value_type} {spec.signature}")
        for kind in family.kinds(pack):
            where, value = term_on(spec.where, kind), term_on(spec.value, kind)
            lines.append(
                f"{kind} {pack.feature_keys[spec.name].get(kind)} {text_of(pack, where)} {text_of(pack, value)}"
            )
    return "\n".join(lines)

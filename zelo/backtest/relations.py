"""
The relations that every count of a backtest is taken from, as SQL over a lake and the decisions of one or two runs.

    events(order_key, event_id, kind, ms, day, actor, target, unit, by_0 ...)   all events of the lake
    hit(version, rule, order_key, kind, ms, day, actor, target, unit, by_0 ...) a row for each rule that fired
    unknown(version, rule, order_key)                                           ... that was undetermined
    effect(version, order_key, ms, day, kind, role, entity, parameters, rules, reason)  reason: why held, else NULL
    label_change(version, order_key, of, kind, role, entity, parameters)        before the period too; `of`: the event's

`version` is `new` or `old`. The rule `*` stands for "any rule": one row for each event on which one fired.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from zelo.adapters.fitting import literal, quoted
from zelo.events.intake import COUNTER_BITS
from zelo.events.rows import columns
from zelo.events.types import BOOL, STRING, Kind, ListOf, MapOf, ObjectOf
from zelo.policy.pack import BY_EVENT

Ask = Callable[[str], list[Any]]
"""Runs SQL and returns all rows."""
Progress = Callable[[str, int, int], None]
"""(what is being done, done so far, of how many; 0 when that is not known)."""
ANY = "*"
"""The name that stands for all rules together."""
_MANY = frozenset(
    "about brand caption code description homologation message name number referrer text title url".split()
)
"""Last parts of names of text fields that have a value of its own for nearly every event."""
NO_VALUE = ""
"""How a field that is missing, or that the kind has not got, is named where hits are split by it."""


@dataclass(frozen=True)
class Decided:
    """What one version of a pack decided over a lake, as SQL that reads it, whichever engine it was."""

    decisions: str
    """`order_key`, `fired`, `undetermined` of the events with something in one of the two."""
    effects: str
    """`order_key`, `kind`, `role`, `entity`, `parameters` (JSON), `rules` of each effect."""
    held: str
    """The same columns of the effects held back, and `reason`."""
    features: Mapping[str, str]
    """Kind of event to `order_key` and `features`: the values its rules saw, as a JSON object."""


@dataclass(frozen=True)
class Store:
    """Where the events of a lake and the decisions about them are."""

    kinds: Mapping[str, tuple[Kind, str, frozenset[str]]]
    """Kind to its declaration, SQL that reads its events, and the columns these have."""
    decided: Mapping[str, Decided]
    """Version (`new`, `old`) to what it decided."""
    time_zone: str
    first_key: int | None
    """First order key whose decision counts; None: from the beginning."""
    until_key: int | None
    """First order key whose decision no longer counts; None: to the end."""
    splits: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Splits of the pack by name: the path of a field; an event without it has its actor's last value."""

    @property
    def period(self) -> str:
        """Return SQL that is true of the events whose decisions count."""
        bounds = ["TRUE"]
        if self.first_key is not None:
            bounds.append(f"order_key >= {self.first_key}")
        if self.until_key is not None:
            bounds.append(f"order_key < {self.until_key}")
        return " AND ".join(bounds)


def fields_to_split_by(kinds: Iterable[Kind]) -> list[str]:
    """Return the fields that hits can be split by: those with single values that are not personal data."""
    found = {"kind"}
    for kind in kinds:
        for column in columns(kind):
            if not isinstance(column.type, ListOf | MapOf | ObjectOf) and not _is_personal(kind, column.path):
                found.add(column.name)
    return sorted(found)


def splits_to_offer(kinds: Iterable[Kind], splits: Iterable[str]) -> list[str]:
    """Return what it makes sense to split by: the pack's own, then fields that look as if they had few values."""
    found = {"kind"}
    for kind in kinds:
        ids = {".".join(path) for path in kind.roles.values()}
        for column in columns(kind):
            last = column.path[-1]
            few = column.type == BOOL or (column.type == STRING and last not in _MANY and not last.endswith("id"))
            if few and column.name not in ids and not _is_personal(kind, column.path):
                found.add(column.name)
    return [*splits, *sorted(found.difference(splits))]


def _is_personal(kind: Kind, path: tuple[str, ...]) -> bool:
    level: ObjectOf = kind.fields
    for part in path:
        field = level.by_name[part]
        if field.personal:
            return True
        if isinstance(field.type, ObjectOf):
            level = field.type
    return False


def make(ask: Ask, store: Store, by: Sequence[str], outcome_by: str | None, *, only_decided: bool = False) -> None:
    """Make `events`, `hit`, `unknown` and `effect`; `only_decided`: of the events that a version decided alone."""
    extra = "".join(f", by_{number} VARCHAR" for number in range(len(by)))
    ask(f"""
        CREATE TABLE events (order_key BIGINT, event_id VARCHAR, kind VARCHAR, ms BIGINT, day DATE,
                             actor VARCHAR, target VARCHAR, unit VARCHAR{extra})
    """)
    for kind, sql, has in store.kinds.values():
        decided = " UNION ALL ".join(f"SELECT order_key FROM {run.decisions}" for run in store.decided.values())
        where = f" WHERE order_key IN ({decided})" if only_decided else ""
        ask(f"INSERT INTO events {_events_of(kind, sql, has, store, by, outcome_by)}{where}")
    for number, name in enumerate(by):
        if name in store.splits:
            _fill_in(ask, f"by_{number}")
    shown = "".join(f", e.by_{number}" for number in range(len(by)))
    listed = f"e.order_key, e.kind, e.ms, e.day, e.actor, e.target, e.unit{shown}"
    fired = _each(store, "fired")
    ask(f"""
        CREATE TABLE hit AS
        SELECT d.version, d.rule, {listed} FROM (
            {fired} UNION ALL SELECT DISTINCT version, {literal(ANY)} AS rule, order_key FROM ({fired})
        ) d JOIN events e USING (order_key)
    """)
    ask(f"CREATE TABLE unknown AS {_each(store, 'undetermined')}")
    ask(f"""
        CREATE TABLE effect AS
        SELECT f.version, order_key, e.ms, e.day, f.kind, f.role, f.entity, f.parameters, f.rules, f.reason
        FROM ({_effects(store)}) f JOIN events e USING (order_key) WHERE {store.period}
    """)
    ask(f"""
        CREATE TABLE label_change AS
        SELECT f.version, order_key, e.kind AS of, f.kind, f.role, f.entity, f.parameters
        FROM ({_effects(store)}) f JOIN events e USING (order_key)
        WHERE f.reason IS NULL AND f.kind IN ('add_label', 'remove_label')
    """)


def _fill_in(ask: Ask, column: str) -> None:
    """Give the events without a value the last one that their actor had before."""
    ask(f"""
        CREATE OR REPLACE TABLE events AS
        SELECT e.* REPLACE (coalesce(e.{column}, k.{column}, {literal(NO_VALUE)}) AS {column})
        FROM events e ASOF LEFT JOIN (
            SELECT actor, order_key, {column} FROM events WHERE {column} IS NOT NULL AND actor IS NOT NULL
        ) k ON e.actor = k.actor AND e.order_key >= k.order_key
    """)


def _events_of(
    kind: Kind, sql: str, has: frozenset[str], store: Store, by: Sequence[str], outcome_by: str | None
) -> str:
    """Return SQL of the rows of `events` that are of one kind."""

    def column(path: Sequence[str] | None) -> str:
        name = ".".join(path) if path else ""
        return f"CAST({quoted(name)} AS VARCHAR)" if name in has else "NULL"

    def split(field: str) -> str:
        if field in store.splits:
            return column((".".join(store.splits[field]),))
        return literal(kind.name) if field == "kind" else f"coalesce({column((field,))}, {literal(NO_VALUE)})"

    unit = "event_id" if outcome_by == BY_EVENT else column(kind.roles.get(outcome_by or ""))
    ms = f"(order_key >> {COUNTER_BITS})"
    day = f"CAST(timezone({literal(store.time_zone)}, make_timestamptz({ms} * 1000)) AS DATE)"
    cells = [
        "order_key", "event_id", literal(kind.name), ms, day,
        column(kind.roles["actor"]), column(kind.roles.get("target")), unit, *(split(field) for field in by),
    ]  # fmt: skip
    return f"SELECT {', '.join(cells)} FROM {sql}"


def _each(store: Store, column: str) -> str:
    parts = [
        f"SELECT {literal(version)} AS version, unnest({column}) AS rule, order_key FROM {run.decisions}"
        f" WHERE {store.period}"
        for version, run in store.decided.items()
    ]
    return " UNION ALL ".join(parts)


def _effects(store: Store) -> str:
    cells = "order_key, kind, role, entity, parameters, rules"
    parts = []
    for version, run in store.decided.items():
        named = f"SELECT {literal(version)} AS version, {cells}"
        parts.append(f"{named}, CAST(NULL AS VARCHAR) AS reason FROM {run.effects}")
        parts.append(f"{named}, reason FROM {run.held}")
    return " UNION ALL ".join(parts)

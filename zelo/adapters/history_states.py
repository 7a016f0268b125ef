"""The states of rules over a lake, for each kind: computed where they are not known, and put together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from zelo.adapters.fitting import literal, quoted
from zelo.adapters.history_database import HistoryDatabase
from zelo.events.types import Kind
from zelo.policy.to_sql.columns import EVENTS, Columns
from zelo.policy.to_sql.dialect import written
from zelo.policy.to_sql.rules import BITS, PER_COLUMN, RuleOnKind, notable, states_query
from zelo.policy.to_sql.sources import Sources

DIALECT = "duckdb"
_MASK = 7
UNLABELLED = 3
"""The bits of a state that hold if there are no labels."""
Place = tuple[int, int]
"""Column of states, and place of a rule in it."""


@dataclass(frozen=True)
class Known:
    """A file of states, and the place in it of each rule that is still wanted."""

    path: Path
    places: Mapping[str, int]


def compute_states(
    database: HistoryDatabase, sources: Sources, kind: str, rules: Sequence[RuleOnKind], tables: Mapping[str, str]
) -> str:
    """Return the name of a new table with the states of rules on a kind, events with nothing to tell left out."""
    query = written(states_query(sources, kind, rules, tables), DIALECT)
    database.run(f"CREATE OR REPLACE TABLE every_state AS {query}")
    database.run(
        f"CREATE OR REPLACE TABLE states AS SELECT * FROM every_state WHERE {written(notable(len(rules)), DIALECT)}"
    )
    database.run("DROP TABLE every_state")
    return "states"


def merged_states(
    kind: Kind,
    events: str,
    rules: Sequence[RuleOnKind],
    known: Known | None,
    fresh: Sequence[RuleOnKind],
    table: str | None,
) -> str:
    """
    Return SQL of the states of all rules, from those known and those freshly computed in a table.

    The ids of the event's roles stand beside them: whoever settles effects need not read the events again.
    """
    old = f"(SELECT * FROM read_parquet({literal(str(known.path))}))" if known else None
    places = {rule.rule.name: ("f", place) for place, rule in enumerate(fresh)}
    if known:
        places |= {name: ("o", place) for name, place in known.places.items() if name not in places}
    columns = [
        f"{_moved(rules[start : start + PER_COLUMN], places)} AS states_{column}"
        for column, start in enumerate(range(0, len(rules), PER_COLUMN))
    ]
    for rule in rules:
        source = places[rule.rule.name][0]
        columns += [
            f"{source}.{quoted(rule.parameter_column(number))} AS {quoted(rule.parameter_column(number))}"
            for number in range(len(rule.parameters))
        ]
    new = f"(SELECT f.*, {_ids(kind)} FROM {table} f JOIN {events} {EVENTS} USING (order_key))"
    names = ["order_key", "event_id", *(quoted(id_column(role)) for role in kind.roles)]
    if old and table:
        keys = ", ".join(f"coalesce(o.{name}, f.{name}) AS {name}" for name in names)
        relation = f"{old} o FULL OUTER JOIN {new} f ON f.order_key = o.order_key"
    else:
        only = "o" if old else "f"
        keys = ", ".join(f"{only}.{name}" for name in names)
        relation = f"{old or new} {only}"
    there = " OR ".join(f"states_{column} <> 0" for column in range(-(-len(rules) // PER_COLUMN)))
    return f"SELECT * FROM (SELECT {keys}, {', '.join(columns)} FROM {relation}) WHERE {there}"


def id_column(role: str) -> str:
    """Return the name of the column with the id of a role."""
    return f"id_{role}"


def _ids(kind: Kind) -> str:
    look = Columns(kind, DIALECT)
    found = {id_column(role): written(look.of(path), DIALECT) for role, path in kind.roles.items()}
    return ", ".join(f"{value} AS {quoted(name)}" for name, value in found.items())


def _moved(rules: Sequence[RuleOnKind], places: Mapping[str, tuple[str, int]]) -> str:
    """Return SQL of one column of states, its parts taken from where they stand; those that move alike go together."""
    masks: dict[tuple[str, int, int], int] = {}
    for target, rule in enumerate(rules):
        source, place = places[rule.rule.name]
        column, at = divmod(place, PER_COLUMN)
        way = source, column, target - at
        masks[way] = masks.get(way, 0) | (_MASK << (BITS * at))
    parts = []
    for (source, column, by), mask in masks.items():
        taken = f"(coalesce({source}.states_{column}, 0) & {mask})"
        shifted = taken if by == 0 else f"({taken} << {BITS * by})" if by > 0 else f"({taken} >> {-BITS * by})"
        parts.append(shifted)
    return " + ".join(parts)


def state_sql(place: int, relation: str = "") -> str:
    """Return SQL of the state of the rule at a place."""
    column, at = divmod(place, PER_COLUMN)
    return f"(({relation}states_{column} >> {BITS * at}) & {_MASK})"


def columns_of(count: int) -> list[str]:
    """Return the names of the columns of states of so many rules."""
    return [f"states_{column}" for column in range(-(-count // PER_COLUMN))]


def decisions_sql(
    kind: str, names: Sequence[str], states: str, resolved: str | None, since_key: int | None, versions: tuple[str, str]
) -> str:
    """
    Return SQL of the decisions of a kind: the names of rules instead of their states.

    `states` and `resolved` are relations; what is resolved stands instead of what was open. The lists are made once
    for each different set of states.
    """
    columns = columns_of(len(names))
    closed = sum(UNLABELLED << (BITS * at) for at in range(PER_COLUMN))
    if resolved:
        taken = ", ".join(f"coalesce(r.{name}, s.{name} & {closed}) AS {name}" for name in columns)
        base = f"SELECT s.order_key, s.event_id, {taken} FROM {states} s LEFT JOIN {resolved} r USING (order_key)"
    else:
        taken = ", ".join(f"{name} & {closed} AS {name}" for name in columns)
        base = f"SELECT order_key, event_id, {taken} FROM {states}"
    there = " OR ".join(f"{name} <> 0" for name in columns)
    base = f"SELECT * FROM ({base}) WHERE ({there})" + ("" if since_key is None else f" AND order_key >= {since_key}")

    def listed(state: int) -> str:
        items = ", ".join(
            f"CASE WHEN {state_sql(n)} = {state} THEN {literal(name)} END" for n, name in enumerate(names)
        )
        return f"list_filter([{items}]::VARCHAR[], lambda item: item IS NOT NULL)"

    shared = ", ".join(columns)
    return (
        f"WITH d AS MATERIALIZED ({base}), "
        f"n AS (SELECT {shared}, {listed(1)} AS fired, {listed(2)} AS undetermined "
        f"FROM (SELECT DISTINCT {shared} FROM d)) "
        f"SELECT d.event_id, {literal(kind)} AS kind, d.order_key, "
        "make_timestamptz((d.order_key >> 20) * 1000) AS effective_at, "
        f"{literal(versions[0])} AS pack_version, {literal(versions[1])} AS language_version, n.fired, n.undetermined "
        f"FROM d JOIN n USING ({shared}) ORDER BY d.order_key"
    )

"""
Effects of the events that settle by themselves, in SQL: one settlement for all events of a pattern.

A pattern is which rules with effects are true or open on an event, and which roles have no id. For each kind there is a
view of its states with what the event's pattern comes to beside them:

    is_alone        whether the settlement of the pattern holds; NULL where no rule with effects is true or open
    effects, held   the settlement: kind, role, parameters, rules [reason]
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa

from zelo.adapters.fitting import literal, quoted
from zelo.adapters.history_database import HistoryDatabase
from zelo.adapters.history_rows import EFFECT, FULL_STRETCHES, Wanted, settles_alone, stretch_of
from zelo.adapters.history_states import columns_of, id_column

_ASKED = pa.list_(pa.struct([field for field in EFFECT if field.name != "entity"]))
_HELD = pa.list_(pa.struct([*(field for field in EFFECT if field.name != "entity"), pa.field("reason", pa.string())]))
Cells = Mapping[str, object]


def find_patterns(
    database: HistoryDatabase, wanted: Wanted, masks: Sequence[int]
) -> list[tuple[tuple[int, ...], frozenset[str], int]]:
    """Return the patterns of a kind: the bits of `masks` that are set, the roles without an id, how many events."""
    states, roles = columns_of(len(wanted.rules)), _optional(wanted)
    there = " OR ".join(f"g_{place} <> 0" for place in range(len(states)))
    names = ", ".join(_pattern_columns(wanted))
    rows = database.run(f"SELECT {names}, count(*) FROM ({_base(wanted, masks)}) WHERE {there} GROUP BY ALL")
    return [
        (
            tuple(row[: len(states)]),
            frozenset(role for role, gone in zip(roles, row[len(states) :], strict=False) if gone),
            row[-1],
        )
        for row in rows
    ]


def keep_settlements(
    database: HistoryDatabase,
    wanted: Wanted,
    masks: Sequence[int],
    found: Sequence[
        tuple[tuple[int, ...], frozenset[str], Sequence[Cells] | None, Sequence[Cells] | None, Sequence[int]]
    ],
) -> None:
    """Make the view of a kind; each pattern with its effects and those held (None: not alone), and counts of limits."""
    columns: dict[str, Any] = {
        f"g_{place}": pa.array([one[0][place] for one in found], pa.int64())
        for place in range(len(columns_of(len(wanted.rules))))
    }
    columns |= {_gone(role): pa.array([role in one[1] for one in found], pa.bool_()) for role in _optional(wanted)}
    columns["is_alone"] = pa.array([one[2] is not None for one in found], pa.bool_())
    columns["effects"] = pa.array([list(one[2] or ()) for one in found], _ASKED)
    columns["held"] = pa.array([list(one[3] or ()) for one in found], _HELD)
    columns["most"] = pa.array([list(one[4]) for one in found], pa.list_(pa.int64()))
    database.db.register("_patterns", pa.table(columns))
    database.run(f"CREATE OR REPLACE TABLE {_patterns(wanted)} AS SELECT * FROM _patterns")
    database.db.unregister("_patterns")
    names = ", ".join(_pattern_columns(wanted))
    database.run(
        f"CREATE OR REPLACE VIEW {wanted.settling} AS "
        f"SELECT b.* EXCLUDE ({names}), p.is_alone, p.effects, p.held, p.most "
        f"FROM ({_base(wanted, masks)}) b LEFT JOIN {_patterns(wanted)} p USING ({names})"
    )


def counted_stretches(
    database: HistoryDatabase, wanted: Sequence[Wanted], limits: int
) -> list[tuple[int, Sequence[int]]]:
    """Return the most that each stretch of time counts against so many limits."""
    sums = ", ".join(f"sum(most[{place + 1}])::BIGINT" for place in range(limits))
    parts = [
        f"SELECT {stretch_of('', one)} AS stretch, most FROM {one.settling} WHERE is_alone IS NOT NULL"
        for one in wanted
    ]
    rows = database.run(f"SELECT stretch, {sums} FROM ({' UNION ALL '.join(parts)}) GROUP BY 1")
    return [(row[0], row[1:]) for row in rows]


def keep_full(database: HistoryDatabase, stretches: Sequence[int]) -> None:
    """Make the table of the stretches in which events are settled one by one."""
    database.db.register("_full", pa.table({"stretch": pa.array(stretches, pa.int64())}))
    database.run(f"CREATE OR REPLACE TABLE {FULL_STRETCHES} AS SELECT * FROM _full")
    database.db.unregister("_full")


def write_settled(
    database: HistoryDatabase, wanted: Wanted, which: str, path: Path, since_key: int | None
) -> list[tuple[str, str, int]]:
    """Write the `effects` or `held` of the events that settle by themselves; return reason, kind, count."""
    entity = " ".join(f"WHEN {literal(role)} THEN {quoted(id_column(role))}" for role in wanted.kind.roles)
    since = "" if since_key is None else f" AND order_key >= {since_key}"
    reason = "one.reason" if which == "held" else None
    rows = (
        f"SELECT *, unnest({which}) AS one, generate_subscripts({which}, 1) AS place FROM {wanted.settling} s "
        f"WHERE {settles_alone(wanted)} AND len({which}) > 0{since}"
    )
    database.write(
        f"SELECT order_key, event_id, {literal(wanted.kind.name)} AS event_kind, one.kind AS kind, one.role AS role, "
        f"coalesce(CASE one.role {entity} END, '') AS entity, one.parameters AS parameters, one.rules AS rules"
        f"{f', {reason} AS reason' if reason else ''} FROM ({rows}) ORDER BY order_key, place",
        path,
    )
    told = "reason" if reason else literal("")
    return database.run(f"SELECT {told}, kind, count(*) FROM read_parquet({literal(str(path))}) GROUP BY ALL")


def _base(wanted: Wanted, masks: Sequence[int]) -> str:
    """Return SQL of the states of a kind with the columns of its pattern."""
    parts = [f"s.states_{place} & {mask} AS g_{place}" for place, mask in enumerate(masks)]
    parts += [f"s.{quoted(id_column(role))} IS NULL AS {quoted(_gone(role))}" for role in _optional(wanted)]
    return f"SELECT s.*, {', '.join(parts)} FROM {wanted.states} s"


def _pattern_columns(wanted: Wanted) -> list[str]:
    states = [f"g_{place}" for place in range(len(columns_of(len(wanted.rules))))]
    return [*states, *(quoted(_gone(role)) for role in _optional(wanted))]


def _patterns(wanted: Wanted) -> str:
    return quoted(f"patterns_of_{wanted.settling}")


def _gone(role: str) -> str:
    return f"n_{role}"


def _optional(wanted: Wanted) -> list[str]:
    """Return the roles that effects are about and that may have no id."""
    about = {effect.role for rule in wanted.rules for effect in rule.rule.effects}
    found = {role: wanted.kind.resolve(path) for role, path in wanted.kind.roles.items()}
    return [role for role, resolved in found.items() if role in about and resolved is not None and resolved[1]]

"""Rows of a history run that Python looks at one by one, and the files of what it makes of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from zelo.adapters.columns import python_values
from zelo.adapters.fitting import quoted
from zelo.adapters.history_database import HistoryDatabase
from zelo.adapters.history_states import columns_of, id_column
from zelo.events.decode import Decoder, Event
from zelo.events.rows import columns as event_columns
from zelo.events.rows import reader
from zelo.events.types import Kind
from zelo.policy import terms as t
from zelo.policy.to_sql.columns import COUNTER_BITS, EVENTS, feature_column
from zelo.policy.to_sql.rules import BITS, OPEN, PER_COLUMN, TRUE, RuleOnKind

EFFECT = [
    pa.field("kind", pa.string()),
    pa.field("role", pa.string()),
    pa.field("entity", pa.string()),
    pa.field("parameters", pa.string()),  # JSON; durations in microseconds
    pa.field("rules", pa.list_(pa.string())),
]
_EVENT = [pa.field("order_key", pa.int64()), pa.field("event_id", pa.string()), pa.field("event_kind", pa.string())]
EFFECTS = pa.schema([*_EVENT, *EFFECT])
"""Columns of the files of effects."""
HELD = pa.schema([*_EVENT, *EFFECT, pa.field("reason", pa.string())])
"""Columns of the files of effects held back."""
ROWS = 20_000
FULL_STRETCHES = "full_stretches"
"""The table of the stretches of time in which a limit may be passed."""


@dataclass(frozen=True)
class Wanted:
    """The rows of one kind that a replay needs, and what of them."""

    kind: Kind
    rules: Sequence[RuleOnKind]
    states: str
    """Relation of the states."""
    settling: str
    """Relation of the states and what the event's pattern comes to, see `history_alone`."""
    stretch_bits: int
    """A stretch of time is two to this many ms."""
    features: tuple[str, ...]
    tables: Mapping[str, str]
    """Feature to the relation it is in."""
    fields: frozenset[tuple[str, ...]]
    """Fields of the event that open rules read."""


MakeEvent = Callable[[], object]
Cells = tuple[object, ...]
Replayed = tuple[int, str, tuple[int, ...], Cells, Cells, Cells, MakeEvent | None]
"""Order key, id, states, ids of roles, computed parameters, features, what makes the event (None: no open rules)."""


def replayed_rows(database: HistoryDatabase, wanted: Wanted, events: str, decoder: Decoder) -> Iterator[Replayed]:
    """Yield the rows of a kind on which a rule that has effects is true, or an open one open, in order."""
    make = _event_maker(decoder, wanted) if any(rule.is_open for rule in wanted.rules) else None
    states = columns_of(len(wanted.rules))
    parameters = [rule.parameter_column(n) for rule in wanted.rules for n in range(len(rule.parameters))]
    for batch in database.batches(_sql(wanted, events, states, parameters), ROWS):
        taken = {name: batch.column(name) for name in batch.schema.names}
        rows = batch.num_rows
        yield from zip(
            taken["order_key"].to_pylist(),
            taken["event_id"].to_pylist(),
            _together([taken[name].to_pylist() for name in states], rows),
            _together([taken[id_column(role)].to_pylist() for role in wanted.kind.roles], rows),
            _together([taken[name].to_pylist() for name in parameters], rows),
            _together([taken[feature_column(name)].to_pylist() for name in wanted.features], rows),
            make(taken, rows) if make else [None] * rows,
            strict=True,
        )


def _together(columns: list[list[Any]], rows: int) -> list[tuple[Any, ...]]:
    return list(zip(*columns, strict=True)) if columns else [()] * rows


def _sql(wanted: Wanted, events: str, states: Sequence[str], parameters: Sequence[str]) -> str:
    ids = [f"s.{quoted(id_column(role))}" for role in wanted.kind.roles]
    columns = ["s.order_key", "s.event_id", *(f"s.{name}" for name in states)]
    columns += [*(f"s.{quoted(name)}" for name in parameters), *ids]
    relations = dict.fromkeys(wanted.tables[name] for name in wanted.features)
    aliases = {relation: f"t{place}" for place, relation in enumerate(relations)}
    columns += [f"{aliases[wanted.tables[name]]}.{quoted(feature_column(name))}" for name in wanted.features]
    columns += [f"{EVENTS}.{quoted(name)} AS {quoted(f'e_{name}')}" for name in _columns_read(wanted)]
    joins = f" JOIN {events} {EVENTS} ON {EVENTS}.order_key = s.order_key" if _columns_read(wanted) else ""
    joins += "".join(f" LEFT JOIN {name} {alias} ON {alias}.order_key = s.order_key" for name, alias in aliases.items())
    return f"SELECT {', '.join(columns)} FROM {wanted.settling} s{joins} WHERE {_replayed(wanted)} ORDER BY s.order_key"


def _replayed(wanted: Wanted) -> str:
    """Return the condition that an event must be settled in its turn."""
    fires = _any_of((place, TRUE) for place, rule in enumerate(wanted.rules) if rule.rule.effects)
    return f"{_forced(wanted)} OR ({fires} AND (NOT s.is_alone OR {_in_full_stretch(wanted)}))"


def settles_alone(wanted: Wanted) -> str:
    """Return the condition that the settlement of its pattern holds for an event."""
    return f"s.is_alone AND ({_forced(wanted)}) IS NOT TRUE AND NOT {_in_full_stretch(wanted)}"


def stretch_of(relation: str, wanted: Wanted) -> str:
    """Return SQL of the stretch of time that an event lies in."""
    return f"({relation}order_key >> {COUNTER_BITS + wanted.stretch_bits})"


def _in_full_stretch(wanted: Wanted) -> str:
    return f"{stretch_of('s.', wanted)} IN (SELECT stretch FROM {FULL_STRETCHES})"


def _forced(wanted: Wanted) -> str:
    """Return the condition that an open rule must be tried, for what its labels may be or what SQL cannot say."""
    beyond = _any_of((place, OPEN) for place, rule in enumerate(wanted.rules) if rule.is_beyond)
    is_open = _any_of((place, OPEN) for place, rule in enumerate(wanted.rules) if rule.is_open)
    roles = sorted({role for rule in wanted.rules if rule.is_open for role in _roles_read(rule)})
    labelled = " OR ".join(
        f"s.{quoted(id_column(role))} IN (SELECT id FROM {labelled_table(wanted.kind.entities[role])})"
        for role in roles
    )
    return f"{beyond} OR ({is_open} AND ({labelled or 'false'} OR {_relabels(wanted)}))"


def _relabels(wanted: Wanted) -> str:
    """Return the condition that labels may change on the event itself, before open rules are tried."""
    writers = [place for place, rule in enumerate(wanted.rules) if label_roles(rule)]
    return _any_of((place, TRUE | OPEN) for place in writers)


def _any_of(bits: Iterable[tuple[int, int]]) -> str:
    """Return SQL of whether a bit of the state of a rule is set, by the rule's place."""
    masks: dict[int, int] = {}
    for place, bit in bits:
        column, at = divmod(place, PER_COLUMN)
        masks[column] = masks.get(column, 0) | bit << (BITS * at)
    return "(" + (" OR ".join(f"(s.states_{column} & {mask}) <> 0" for column, mask in masks.items()) or "false") + ")"


def _roles_read(rule: RuleOnKind) -> set[str]:
    return {part.role for term in rule.terms for part in term.walk() if isinstance(part, t.LabelsRef)}


def label_roles(rule: RuleOnKind) -> set[str]:
    """Return the roles whose labels a rule changes."""
    return {effect.role for effect in rule.rule.effects if effect.kind in ("add_label", "remove_label")}


def labelled_table(entity: str) -> str:
    """Return the name of the table of the entities that may ever have a label."""
    return quoted(f"labelled_{entity}")


def find_labelled(database: HistoryDatabase, wanted: Iterable[Wanted]) -> None:
    """Make the tables of the entities on which a rule that adds labels is true, or open."""
    selects: dict[str, list[str]] = {}
    for one in wanted:
        for entity in one.kind.entities.values():
            selects.setdefault(entity, [])
        for place, rule in enumerate(one.rules):
            for effect in rule.rule.effects:
                if effect.kind == "add_label":
                    ident, where = quoted(id_column(effect.role)), _any_of([(place, TRUE | OPEN)])
                    selects[one.kind.entities[effect.role]].append(
                        f"SELECT {ident} AS id FROM {one.states} s WHERE {where}"
                    )
    for entity, parts in selects.items():
        rows = " UNION ALL ".join(parts) or "SELECT CAST(NULL AS VARCHAR) AS id WHERE false"
        database.run(
            f"CREATE OR REPLACE TABLE {labelled_table(entity)} AS SELECT DISTINCT id FROM ({rows}) WHERE id IS NOT NULL"
        )


def _columns_read(wanted: Wanted) -> list[str]:
    """Return the columns of the lake that open rules read."""
    if not any(rule.is_open for rule in wanted.rules):
        return []
    paths = wanted.fields
    names = [
        column.name
        for column in event_columns(wanted.kind)
        if any(column.path[: len(path)] == path for path in (*paths, *wanted.kind.roles.values()))
    ]
    return [*(["occurred_at"] if ("occurred_at",) in paths else []), *names]


def _event_maker(decoder: Decoder, wanted: Wanted) -> Any:
    """Return the function that gives for each row of a batch what makes its event, with the fields open rules read."""
    make = reader(decoder, wanted.kind)
    names = ["occurred_at", *(column.name for column in event_columns(wanted.kind))]
    read = set(_columns_read(wanted))

    def one(taken: Mapping[str, pa.Array], row: int) -> Event:
        values = [python_values(taken[f"e_{name}"].slice(row, 1)) if name in read else [None] for name in names]
        return make([[taken["event_id"][row].as_py()], *values])[0]

    return lambda taken, rows: [partial(one, taken, row) for row in range(rows)]


@dataclass
class RowFile:
    """A Parquet file that rows are put into one by one."""

    path: Path
    schema: pa.Schema
    rows: list[tuple[object, ...]] = field(default_factory=list)
    _writer: pq.ParquetWriter | None = None

    def __post_init__(self) -> None:
        """Begin the file."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self._writer = pq.ParquetWriter(self.path, self.schema, compression="zstd")

    def put(self, row: tuple[object, ...]) -> None:
        """Take a row; it is written with others."""
        self.rows.append(row)
        if len(self.rows) >= ROWS:
            self._flush()

    def close(self) -> None:
        """Finish the file."""
        self._flush()
        if self._writer is not None:
            self._writer.close()

    def _flush(self) -> None:
        if self.rows and self._writer is not None:
            cells = zip(*self.rows, strict=True)
            arrays = [pa.array(list(column), kind.type) for column, kind in zip(cells, self.schema, strict=True)]
            self._writer.write_batch(pa.RecordBatch.from_arrays(arrays, schema=self.schema))
            self.rows.clear()


def close_quietly(files: Sequence[RowFile]) -> None:
    """Close files that will be thrown away."""
    for file in files:
        with suppress(Exception):
            file.close()

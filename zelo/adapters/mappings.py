"""One `sources/*.sql` at work: every row it gives is judged, and is an event or a dead letter."""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import duckdb

from zelo.adapters.dead_letters import DeadLetters
from zelo.adapters.fitting import Fit, fit, literal, quoted, sql_name
from zelo.adapters.stage import Clock, Origin, Part, Stage, first_line, mapping_error
from zelo.base.errors import InvalidInput, NotFound
from zelo.base.messages.message import N_
from zelo.events.intake import ORDER_MS_MAX, ORDER_MS_MIN
from zelo.events.rows import Column, columns
from zelo.events.types import STRING, TIMESTAMP, Kind, ObjectOf

ENVELOPE = ("kind", "event_id", "occurred_at")
_SEPARATOR = "\x1f"


@dataclass(frozen=True)
class _Given:
    """A column that a mapping gives."""

    name: str
    type: str


class Mapped:
    """One SQL file of a pack at work; used once."""

    def __init__(self, stage: Stage, name: str, clock: Clock) -> None:
        self.stage = stage
        self.name = name
        self.number = len(stage.sources)
        self.table = f"mapped_{self.number}"
        self._clock = clock

    def take(self, sql: str, tables: Sequence[str], letters: DeadLetters) -> int:
        """Run the SQL, judge every row, stage the good ones by kind; return how many rows there were."""
        self._run(sql, tables)
        given = self._given()
        pairs = ", ".join(f"{literal(column)}, m.{quoted(column)}" for column in given)
        self.origin = Origin(self.name, relation=self.table, raw=f"CAST(json_object({pairs}) AS VARCHAR)")
        self.stage.sources.append(self.origin)
        self.stage.run(
            f"CREATE TABLE {self.table}_judged AS SELECT *, {self._verdict(given)} AS _fault FROM {self.table}"
        )
        rows = self._bury(letters)
        name, _, _ = self._envelope(given)
        taken = self.stage.run(f"SELECT DISTINCT {name.value} FROM {self.table}_judged WHERE _fault IS NULL ORDER BY 1")
        for number, (kind,) in enumerate(taken):
            relation = f"{self.table}_kind_{number}"
            self.stage.run(f"CREATE TABLE {relation} AS {self._fitted(self.stage.kinds[kind], given)}")
            self.stage.parts.append(Part(kind, relation))
        return rows

    def _run(self, sql: str, tables: Sequence[str]) -> None:
        with self.stage.timed(self.name):
            try:
                self.stage.run(
                    f"CREATE TABLE {self.table} AS SELECT row_number() OVER () AS _row, m.* FROM (\n{sql}\n) m"
                )
            except duckdb.CatalogException as error:
                if "Table with name" not in str(error):
                    raise mapping_error(self.name, error, lines_before=1) from error
                raise NotFound(
                    N_("{mapping} cannot be run: {reason} The source has these tables: {tables}"),
                    mapping=self.name,
                    reason=first_line(error),
                    tables=", ".join(tables) or "-",
                ) from error
            except duckdb.ConversionException as error:
                raise InvalidInput(
                    N_("{mapping} cannot be run: {reason}; with TRY_CAST in place of CAST such a row is a dead letter"),
                    mapping=self.name,
                    reason=first_line(error),
                ) from error
            except duckdb.Error as error:
                raise mapping_error(self.name, error, lines_before=1) from error

    def _given(self) -> dict[str, _Given]:
        """Return the mapping's columns by name; raise InvalidInput for missing and unknown ones."""
        found = self.stage.run(f"DESCRIBE {self.table}")
        given = {name: _Given(name, sql_type) for name, sql_type, *_ in found if name != "_row"}
        for name in ENVELOPE:
            if name not in given:
                raise InvalidInput(N_("{mapping} gives no column `{column}`"), mapping=self.name, column=name)
        known = {column.name for kind in self.stage.kinds.values() for column in columns(kind)}
        for name in given:
            if name not in known and name not in ENVELOPE:
                raise InvalidInput(
                    N_("{mapping} gives the column `{column}`, which no kind of event has as a field; near it: {near}"),
                    mapping=self.name,
                    column=name,
                    near=", ".join(f"`{n}`" for n in difflib.get_close_matches(name, known)) or "-",
                )
        return given

    def _fit(self, column: Column, given: Mapping[str, _Given]) -> Fit | None:
        """Return how a field comes out of the mapping; None when the mapping does not give it."""
        entry = given.get(column.name)
        if entry is None:
            return None
        found = fit(column.type, entry.type, quoted(column.name))
        if found is None:
            raise InvalidInput(
                N_("{mapping}: the column `{column}` is {found} and cannot become `{expected}`: convert it in the SQL"),
                mapping=self.name,
                column=column.name,
                found=entry.type,
                expected=column.type,
            )
        return found

    def _envelope(self, given: Mapping[str, _Given]) -> tuple[Fit, Fit, Fit]:
        fits = [
            self._fit(Column(name, wanted, (name,), True), given)
            for name, wanted in (("kind", STRING), ("event_id", STRING), ("occurred_at", TIMESTAMP))
        ]
        kind, ident, time = fits
        assert kind is not None and ident is not None and time is not None
        return kind, ident, time

    # --- judging rows

    def _verdict(self, given: Mapping[str, _Given]) -> str:
        """Return SQL for why a row is refused, as a text that `_told` reads; NULL when it is not."""
        kind, ident, time = self._envelope(given)
        known = ", ".join(literal(name) for name in self.stage.kinds)
        cases = [
            (f"{kind.value} IS NULL", _fault("kind_missing", "kind")),
            (f"{kind.value} NOT IN ({known})", f"{_fault('kind_unknown', 'kind', '')} || {kind.value}[:100]"),
            (f"{ident.value} IS NULL", _fault("required_missing", "id")),
            (f"{ident.value} = ''", _fault("empty_id", "id")),
        ]
        if time.misfit:
            cases.append((time.misfit, _fault(time.code, "occurred_at", "timestamp", time.found)))
        cases.append((f"{time.value} IS NULL", _fault("required_missing", "occurred_at")))
        if self._clock.latest_us is not None:
            ahead = f"{_fault('future', 'occurred_at', '')} || {time.value}"
            cases.append((f"{time.value} > {self._clock.latest_us}", ahead))
        in_range = f"{time.value} BETWEEN {ORDER_MS_MIN * 1_000} AND {ORDER_MS_MAX * 1_000}"
        cases.append((f"NOT ({in_range})", _fault("unorderable", "occurred_at")))
        by_kind = [
            (f"{kind.value} = {literal(event_kind.name)}", _case(inner))
            for event_kind in self.stage.kinds.values()
            if (inner := self._field_cases(event_kind, given))
        ]
        return _case(cases, _case(by_kind))

    def _field_cases(self, kind: Kind, given: Mapping[str, _Given]) -> list[tuple[str, str]]:
        cases: list[tuple[str, str]] = []
        made = {column.name: self._fit(column, given) for column in columns(kind)}
        values = {name: entry.value for name, entry in made.items() if entry is not None}
        for column in columns(kind):
            entry = made[column.name]
            if entry is not None and entry.misfit is not None:
                cases.append((entry.misfit, _fault(entry.code, column.name, str(column.type), entry.found)))
            if column.path in kind.roles.values():
                cases.append((f"({values.get(column.name, 'NULL')}) = ''", _fault("empty_id", column.name)))
            needed = _needed(kind, column, values)
            if needed is not None:
                absent = f"({values.get(column.name, 'NULL')}) IS NULL AND {needed}"
                cases.append((absent, _fault("required_missing", column.name)))
        return cases

    def _fitted(self, kind: Kind, given: Mapping[str, _Given]) -> str:
        """Return the SELECT of the good rows of a kind."""
        name, ident, time = self._envelope(given)
        cells = []
        for column in columns(kind):
            entry = self._fit(column, given)
            value = f"CAST(NULL AS {sql_name(column.type)})" if entry is None else entry.value
            cells.append(f", {value} AS {quoted(column.name)}")
        envelope = f"{self.number} AS _src, _row, {ident.value} AS event_id, {time.value} AS occurred_us"
        return f"""SELECT {envelope}{"".join(cells)}
                   FROM {self.table}_judged WHERE _fault IS NULL AND {name.value} = {literal(kind.name)}"""

    def _bury(self, letters: DeadLetters) -> int:
        """Write the refused rows to the dead letters; return how many rows there were in all."""
        [(count,)] = self.stage.run(f"SELECT count(*) FROM {self.table}_judged")
        found = self.stage.stream(
            f"SELECT m._row, _fault, {self.origin.raw} FROM {self.table} m JOIN {self.table}_judged j"
            " ON m._row = j._row WHERE _fault IS NOT NULL ORDER BY m._row"
        )
        for row, fault, raw in found:
            code, params = self._told(fault)
            letters.add(code, params, file=self.name, row=row, raw=raw)
        return int(count)

    def _told(self, fault: str) -> tuple[str, dict[str, object]]:
        code, path, expected, found = [*fault.split(_SEPARATOR), "", "", ""][:4]
        params: dict[str, object] = {"path": path, "expected": expected, "found": found}
        if code == "future" and self._clock.now_us is not None:
            ahead = (int(expected) - self._clock.now_us) // 1_000_000
            return code, {"path": path, "ahead": ahead, "skew": self._clock.skew_us // 1_000_000}
        if code == "kind_unknown":
            return code, {"path": path, "found": expected}
        return code, {name: value for name, value in params.items() if value}


def _fault(*parts: str) -> str:
    """Return SQL of a text that `_told` reads."""
    return literal(_SEPARATOR.join(parts))


def _case(cases: Sequence[tuple[str, str]], otherwise: str = "NULL") -> str:
    if not cases:
        return f"CAST({otherwise} AS VARCHAR)"
    return f"CASE {' '.join(f'WHEN {test} THEN {value}' for test, value in cases)} ELSE {otherwise} END"


def _needed(kind: Kind, column: Column, values: Mapping[str, str]) -> str | None:
    """
    Return SQL that is true when a row must have a column; None when it never must.

    A required field of an optional object must be there when anything else of that object is.
    """
    level, optional_depth, required = kind.fields, 0, False
    for depth, part in enumerate(column.path, 1):
        field = level.by_name[part]
        required = field.required
        if isinstance(field.type, ObjectOf):
            level = field.type
            optional_depth = optional_depth if field.required else depth
    if not required:
        return None
    if not optional_depth:
        return "true"
    around = column.path[:optional_depth]
    others = [
        f"({values[other.name]}) IS NOT NULL"
        for other in columns(kind)
        if other.path[:optional_depth] == around and other.name in values and other.name != column.name
    ]
    return f"({' OR '.join(others)})" if others else None

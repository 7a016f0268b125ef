"""
Columns of any table made to fit the types of event fields, in SQL: a value, and whether it is a misfit.

Nothing is rounded, cut or guessed: `5.7` is no int, a time without a zone is read as UTC, a number that is not
finite is absent. Instants and durations come out as whole microseconds.
"""

from __future__ import annotations

from dataclasses import dataclass

from zelo.events.types import DOUBLE, STRING, ListOf, MapOf, ObjectOf, Type

YEAR_1_US, YEAR_9999_US = -62_135_596_800_000_000, 253_402_300_799_999_999
_WHOLE = "'[+-]?[0-9]{1,19}'"
_NUMBER = r"'[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]{1,3})?'"
_FAMILIES = {
    "integer": ("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "UTINYINT", "USMALLINT", "UINTEGER", "UBIGINT", "HUGEINT"),
    "floating": ("FLOAT", "DOUBLE"),
    "text": ("VARCHAR", "UUID", "ENUM"),
    "bool": ("BOOLEAN",),
    "zoned": ("TIMESTAMP WITH TIME ZONE",),
    "local": ("TIMESTAMP", "TIMESTAMP_S", "TIMESTAMP_MS", "DATE"),
    "nanos": ("TIMESTAMP_NS", "TIMESTAMPTZ_NS"),
    "interval": ("INTERVAL",),
    "json": ("JSON",),
    "nothing": ('"NULL"', "NULL"),
}
_FAMILY = {name: family for family, names in _FAMILIES.items() for name in names}


@dataclass(frozen=True)
class Fit:
    """How a column becomes a field."""

    value: str
    """SQL of the fitted value; NULL when it is absent or a misfit."""
    misfit: str | None
    """SQL that is true when there is a value that does not fit; None when every value fits."""
    code: str = "wrong_type"
    """Code of the reason for a misfit, as in `zelo.events.reasons`."""
    found: str = "string"


def family(sql_type: str) -> str:
    """Return the family of a DuckDB type: `integer`, `text`, `list` ...; `other` when no field can be made of it."""
    name = sql_type.upper()
    if name.endswith("[]"):
        return "list"
    head = name.split("(")[0].strip()
    if head in ("MAP", "STRUCT"):
        return head.lower()
    if head == "DECIMAL":
        return "decimal"
    return _FAMILY.get(head, "other")


def fit(wanted: Type, sql_type: str, sql: str) -> Fit | None:
    """Return how SQL of a DuckDB type becomes a field's type; None when it never can."""
    kind = family(sql_type)
    if kind == "nothing":
        return Fit("NULL", None)
    match wanted:
        case ListOf():
            return _list(wanted, sql_type, sql)
        case MapOf():
            return _map(wanted, sql_type, sql)
        case ObjectOf():
            return _object(wanted, sql_type, sql)
    if kind == "json":
        kind, sql = "text", f"({sql} ->> '$')"
    if wanted == STRING and kind == "text":
        return Fit(f"CAST({sql} AS VARCHAR)", None)
    make = _SCALARS.get((str(wanted), kind))
    return None if make is None else make.of(sql)


@dataclass(frozen=True)
class _Scalar:
    """`{0}` stands for the column."""

    value: str
    fits: str | None = None
    """When a present value fits; None: always."""
    code: str = "wrong_type"
    found: str = "string"

    def of(self, sql: str) -> Fit:
        value = self.value.replace("{0}", sql)
        if self.fits is None:
            return Fit(value, None)
        fits = self.fits.replace("{0}", sql)
        misfit = f"({sql} IS NOT NULL AND ({fits}) IS NOT TRUE)"
        return Fit(f"CASE WHEN {fits} THEN {value} END", misfit, self.code, self.found)


_IN_YEARS = f"BETWEEN {YEAR_1_US} AND {YEAR_9999_US}"
_FROM_TEXT = "TRY_CAST({0} AS TIMESTAMPTZ)"
_CUT = "((epoch_ns({0}) - ((epoch_ns({0}) % 1000) + 1000) % 1000) // 1000)"
_SCALARS = {
    ("int", "integer"): _Scalar("TRY_CAST({0} AS BIGINT)", "TRY_CAST({0} AS BIGINT) IS NOT NULL", "out_of_range"),
    ("int", "decimal"): _Scalar("TRY_CAST({0} AS BIGINT)", "{0} = trunc({0})", found="double"),
    ("int", "floating"): _Scalar(
        "TRY_CAST({0} AS BIGINT)",
        "NOT isfinite({0}) OR ({0} = trunc({0}) AND TRY_CAST({0} AS BIGINT) IS NOT NULL)",
        found="double",
    ),
    ("int", "text"): _Scalar(
        "TRY_CAST({0} AS BIGINT)", f"regexp_full_match({{0}}, {_WHOLE}) AND TRY_CAST({{0}} AS BIGINT) IS NOT NULL"
    ),
    ("double", "integer"): _Scalar("CAST({0} AS DOUBLE)"),
    ("double", "decimal"): _Scalar("CAST({0} AS DOUBLE)"),
    ("double", "floating"): _Scalar("CASE WHEN isfinite({0}) THEN CAST({0} AS DOUBLE) END"),
    ("double", "text"): _Scalar(
        "TRY_CAST({0} AS DOUBLE)", f"regexp_full_match({{0}}, {_NUMBER}) AND isfinite(TRY_CAST({{0}} AS DOUBLE))"
    ),
    ("string", "integer"): _Scalar("CAST({0} AS VARCHAR)"),
    ("string", "decimal"): _Scalar("CAST({0} AS VARCHAR)"),
    ("string", "floating"): _Scalar("CASE WHEN isfinite({0}) THEN CAST({0} AS VARCHAR) END"),
    ("string", "bool"): _Scalar("CAST({0} AS VARCHAR)"),
    ("string", "nanos"): _Scalar("CAST({0} AS VARCHAR)"),
    ("string", "local"): _Scalar("CAST({0} AS VARCHAR)"),
    ("bool", "bool"): _Scalar("{0}"),
    ("bool", "integer"): _Scalar("({0} = 1)", "{0} IN (0, 1)", found="int"),
    ("bool", "text"): _Scalar(
        "(lower({0}) IN ('true', 't', '1'))", "lower({0}) IN ('true', 'false', 't', 'f', '1', '0')"
    ),
    ("timestamp", "zoned"): _Scalar("epoch_us({0})", f"epoch_us({{0}}) {_IN_YEARS}", "out_of_range"),
    ("timestamp", "local"): _Scalar(
        "epoch_us(CAST({0} AS TIMESTAMP))", f"epoch_us(CAST({{0}} AS TIMESTAMP)) {_IN_YEARS}", "out_of_range"
    ),
    ("timestamp", "nanos"): _Scalar(_CUT, f"{_CUT} {_IN_YEARS}", "out_of_range"),
    ("timestamp", "text"): _Scalar(f"epoch_us({_FROM_TEXT})", f"epoch_us({_FROM_TEXT}) {_IN_YEARS}", "bad_timestamp"),
    ("duration", "interval"): _Scalar(
        "epoch_us({0})", "date_part('year', {0}) = 0 AND date_part('month', {0}) = 0", "out_of_range"
    ),
}


def _list(wanted: ListOf, sql_type: str, sql: str) -> Fit | None:
    """Fit item by item, then drop the absent ones."""
    kind = family(sql_type)
    if kind in ("json", "text"):
        cast = f"TRY_CAST({_parsed(kind, sql)} AS JSON[])"
        return _with_misfit(_list(wanted, "JSON[]", cast), f"({sql} IS NOT NULL AND {cast} IS NULL)")
    item = f"i{len(sql)}"  # longer than any name inside, so that nested lists never share one
    inner = fit(wanted.item, sql_type[:-2], item) if kind == "list" else None
    if inner is None:
        return None
    value = f"list_filter(list_transform({sql}, lambda {item}: {inner.value}), lambda {item}: {item} IS NOT NULL)"
    return Fit(value, _any(sql, item, inner.misfit), inner.code, inner.found)


def _map(wanted: MapOf, sql_type: str, sql: str) -> Fit | None:
    """Fit value by value, then drop the absent ones."""
    kind = family(sql_type)
    if kind in ("json", "struct", "text"):
        cast = f"TRY_CAST({_parsed(kind, sql)} AS MAP(VARCHAR, JSON))"
        return _with_misfit(_map(wanted, "MAP(VARCHAR, JSON)", cast), f"({sql} IS NOT NULL AND {cast} IS NULL)")
    entries, entry = f"map_entries({sql})", f"e{len(sql)}"
    inner = None
    if kind == "map" and sql_type.upper().startswith("MAP(VARCHAR, "):
        inner = fit(wanted.value, sql_type[len("MAP(VARCHAR, ") : -1], f"{entry}.value")
    if inner is None:
        return None
    pairs = f"list_transform({entries}, lambda {entry}: {{'key': {entry}.key, 'value': {inner.value}}})"
    value = f"map_from_entries(list_filter({pairs}, lambda {entry}: {entry}.value IS NOT NULL))"
    return Fit(value, _any(entries, entry, inner.misfit), inner.code, inner.found)


def _object(wanted: ObjectOf, sql_type: str, sql: str) -> Fit | None:
    """Fit objects inside lists, from structs or JSON whose fields are all optional scalars."""
    kind = family(sql_type)
    simple = all(not entry.required and str(entry.type) in _SIMPLE for _, entry in wanted.fields)
    if kind not in ("json", "struct", "text") or not simple:
        return None
    cast = f"TRY_CAST({_parsed(kind, sql)} AS {sql_name(wanted)})"
    parts = {name: f"({cast}).{quoted(name)}" for name, _ in wanted.fields}
    finite = {n: f"CASE WHEN isfinite({p}) THEN {p} END" for n, p in parts.items() if wanted.by_name[n].type == DOUBLE}
    made = ", ".join(f"{quoted(name)} := {part}" for name, part in {**parts, **finite}.items())
    value = f"CASE WHEN {cast} IS NOT NULL THEN struct_pack({made}) END"
    return Fit(value, f"({sql} IS NOT NULL AND {cast} IS NULL)", found="object")


def _parsed(kind: str, sql: str) -> str:
    """Return a column as JSON; NULL when it is text that is none."""
    return {"json": sql, "text": f"TRY_CAST({sql} AS JSON)"}.get(kind, f"to_json({sql})")


_SIMPLE = ("bool", "double", "string")


def _any(items: str, item: str, misfit: str | None) -> str | None:
    return (
        None if misfit is None else f"coalesce(list_bool_or(list_transform({items}, lambda {item}: {misfit})), false)"
    )


def _with_misfit(inner: Fit | None, misfit: str) -> Fit | None:
    if inner is None:
        return None
    return Fit(
        inner.value, misfit if inner.misfit is None else f"({misfit} OR {inner.misfit})", inner.code, inner.found
    )


def sql_name(wanted: Type) -> str:
    """Return the DuckDB type of a fitted column."""
    match wanted:
        case ListOf():
            return f"{sql_name(wanted.item)}[]"
        case MapOf():
            return f"MAP(VARCHAR, {sql_name(wanted.value)})"
        case ObjectOf():
            return f"STRUCT({', '.join(f'{quoted(name)} {sql_name(entry.type)}' for name, entry in wanted.fields)})"
    return {"bool": "BOOLEAN", "double": "DOUBLE", "string": "VARCHAR"}.get(str(wanted), "BIGINT")


def quoted(name: str) -> str:
    """Return a name as an SQL identifier."""
    return '"' + name.replace('"', '""') + '"'


def literal(text: str) -> str:
    """Return a text as an SQL literal."""
    return "'" + text.replace("'", "''") + "'"

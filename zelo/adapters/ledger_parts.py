"""A ledger of any size as sorted parts: each account whole in one part, its entries in order, as plain columns."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, NamedTuple

import duckdb
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from zelo.adapters.files import writing
from zelo.adapters.fitting import literal
from zelo.adapters.ledgers import ledger_files, part_of_world
from zelo.base.errors import InvalidInput, NotFound
from zelo.base.messages.message import N_

Normal = tuple[str, int, int, str, int, str, int | None, str, str | None]
"""Account, instant, order, id, flag, sort, points, target, and the rest as JSON, see `SCHEMA`."""
SCHEMA = pa.schema(
    [
        ("account", pa.string()),
        ("at", pa.int64()),
        ("ord", pa.int64()),
        ("id", pa.string()),
        ("flag", pa.uint8()),
        ("sort", pa.string()),
        ("points", pa.int64()),
        ("target", pa.string()),
        ("rest", pa.string()),
    ]
)
_FACT_SCHEMA = pa.schema([(name, pa.string()) for name in ("account", "market", "size", "age", "kind")])
PLAIN, REVERSAL, OTHER = 0, 8, 9
ACTS = {"violation": PLAIN, "warning": 1, "training": 2, "reward": 3, "step": 4, "reversal": REVERSAL}
"""Kind of entry to its flag, when nothing unusual is said of it; that of any other is `OTHER`."""
SEPARATOR = "\x1f"
"""Between the words of a sort: violation, severity, then `name=value` of each attribute."""
_ROWS_A_PART = 1_000_000
_BATCH = 50_000
_LAST = 5_680_281_600 * 1_000_000
_PLAIN_COLUMNS = frozenset(
    {"id", "account", "kind", "at", "violation", "severity", "points", "name", "target", "order", "count", "schedule"}
)
_UNREAD = frozenset({"version", "decision", "ground"})
_AGES = ((30, "d30"), (180, "d180"), (365, "d365"), (1095, "d1095"))
_FACTS = ("market", "size", "kind")
_WITH_OFFSET = r"^\d{4}-\d\d-\d\d$|(Z|[+-]\d\d(:?\d\d)?)$"


class Part(NamedTuple):
    """The entries of some accounts."""

    accounts: Sequence[str]
    ends: Sequence[int]
    """Where the entries of each account end."""
    ats: Sequence[int]
    orders: Sequence[int]
    flags: bytes
    ids: Sequence[int]
    targets: Mapping[int, int]
    target_names: Mapping[int, str]
    """What the entries that are not plain are about, by number."""
    sorts: Sequence[int]
    points: Sequence[int | None] | None
    known_sorts: Sequence[str]
    rests: Mapping[int, str]
    """The rest of entries that are not plain, by number."""
    names: Sequence[str]
    facts: Mapping[str, tuple[str, str, str, str]]
    """Market, size, age and kind of accounts of which something is known; empty: unknown."""


@dataclass(frozen=True)
class Parts:
    """A folder of parts."""

    folder: Path
    count: int
    rows: int
    as_of: int
    has_facts: bool

    def read(self, number: int, only: Sequence[str] = ()) -> Part:
        """Return one part, or what it holds of some accounts."""
        table = _read(self.folder / "entries" / f"part={number}", SCHEMA)
        if only:
            table = table.filter(pc.is_in(table["account"], pa.array(only, pa.string())))
        known = _read(self.folder / "facts" / f"part={number}", _FACT_SCHEMA) if self.has_facts else None
        facts = {row[0]: row[1:] for row in zip(*known.to_pydict().values(), strict=True)} if known else {}
        return _part(table, facts)


def _read(folder: Path, schema: pa.Schema) -> pa.Table:
    """Return the rows of a folder; none where it is absent."""
    files = sorted(folder.glob("*.parquet"))
    tables = [pq.read_table(file, columns=schema.names, partitioning=None).cast(schema) for file in files]
    return pa.concat_tables(tables) if tables else schema.empty_table()


def _ints(column: pa.ChunkedArray, letter: Literal["q", "B", "i"]) -> list[int]:
    """Return a column of integers without nulls, by the quickest way there is."""
    array = column.combine_chunks()
    if isinstance(array, pa.ChunkedArray):
        array = pa.concat_arrays(array.chunks) if array.num_chunks else pa.array([], column.type)
    width = array.type.bit_width // 8
    data = memoryview(array.buffers()[1] or b"").cast("B")[array.offset * width : (array.offset + len(array)) * width]
    return data.cast(letter).tolist()


def _whole(column: pa.ChunkedArray) -> pa.Array:
    found = column.combine_chunks()
    return found.chunk(0) if isinstance(found, pa.ChunkedArray) and found.num_chunks else found


def _part(table: pa.Table, facts: Mapping[str, tuple[str, str, str, str]]) -> Part:
    """Put the entries of each account together and in order, and turn columns into what Python reads quickest."""
    if not table.num_rows:
        return Part([], [], [], [], b"", [], {}, {}, [], None, [], {}, [], facts)
    owners = _whole(table["account"]).dictionary_encode()
    table = table.combine_chunks().append_column("owner", owners.indices)
    keys = [(name, "ascending") for name in ("owner", "at", "ord", "id")]
    table = table.take(pc.sort_indices(table.to_batches()[0], sort_keys=keys))
    runs = pc.run_end_encode(_whole(table["owner"]), run_end_type=pa.int64())
    sorts, names = _whole(table["sort"]).dictionary_encode(), _whole(table["id"]).dictionary_encode()
    rests, targets = _whole(table["rest"]), _whole(table["target"])
    flags = bytes(_ints(table["flag"], "B"))
    unusual = pa.array([number for number, flag in enumerate(flags) if flag != PLAIN], pa.int64())
    numbers = unusual.to_pylist()
    about = pc.fill_null(pc.index_in(targets.take(unusual), names.dictionary), -1).to_pylist()
    told = rests.take(unusual).to_pylist()
    points = table["points"]
    return Part(
        owners.dictionary.take(runs.values).to_pylist(),
        runs.run_ends.to_pylist(),
        _ints(table["at"], "q"),
        _ints(table["ord"], "q"),
        flags,
        _ints(pa.chunked_array([names.indices]), "i"),
        dict(zip(numbers, about, strict=True)),
        dict(zip(numbers, targets.take(unusual).to_pylist(), strict=True)),
        _ints(pa.chunked_array([sorts.indices]), "i"),
        None if points.null_count == len(points) else points.to_pylist(),
        sorts.dictionary.to_pylist(),
        {number: text for number, text in zip(numbers, told, strict=True) if text is not None},
        table["id"].to_pylist(),
        facts,
    )


# --- making the parts


def is_plain(path: Path, kinds: Iterable[str]) -> bool:
    """Say whether a ledger is Parquet whose rows need no reading one by one: plain columns, nothing missing."""
    files = ledger_files(path)
    if not all(file.suffix == ".parquet" and _fits(file) for file in files):
        return False
    listed, known = ", ".join(literal(str(file)) for file in files), ", ".join(map(literal, kinds))
    wrong = f'id IS NULL OR account IS NULL OR kind IS NULL OR "at" IS NULL OR kind::VARCHAR NOT IN ({known})'
    sql = f"SELECT 1 FROM read_parquet([{listed}], union_by_name = true) WHERE {wrong} LIMIT 1"
    with duckdb.connect() as db:
        return not db.sql(sql).fetchall()


def _fits(file: Path) -> bool:
    schema = pq.read_schema(file)
    at = schema.field("at").type if "at" in schema.names else None
    if at is None or not pa.types.is_timestamp(at) or at.tz is None or at.unit not in ("s", "ms", "us"):
        return False
    if not {"id", "account", "kind"} <= set(schema.names):
        return False
    for name in schema.names:
        type_ = schema.field(name).type
        is_text = pa.types.is_string(type_) or pa.types.is_large_string(type_) or pa.types.is_dictionary(type_)
        if name in ("order", "count") and pa.types.is_integer(type_):
            continue
        if name == "points" and (pa.types.is_integer(type_) or pa.types.is_decimal(type_)):
            continue
        if name == "at" or (is_text and (name in _PLAIN_COLUMNS | _UNREAD or name.startswith("attributes."))):
            continue
        return False
    return True


def make_parts(path: Path, folder: Path, as_of: int | None, rows: Iterable[Normal] | None, facts: Path | None) -> Parts:
    """Put a ledger into parts under a folder; `rows` are its entries where it had to be read one by one."""
    folder.mkdir(parents=True, exist_ok=True)
    with writing(folder), duckdb.connect(config={"threads": 2, "memory_limit": "2GB"}) as db:
        db.execute(f"SET temp_directory = {literal(str(folder))}")
        db.execute("SET preserve_insertion_order = false")
        db.execute("SET enable_progress_bar = false")
        db.execute("SET TimeZone = 'UTC'")
        if rows is not None:
            _write(rows, folder / "normal.parquet")
            source = f"SELECT * FROM read_parquet({literal(str(folder / 'normal.parquet'))})"
        else:
            source = _plain_sql(path)
        [(count, last)] = db.sql(f'SELECT count(*), coalesce(max("at"), 0) FROM ({source})').fetchall()
        if not count:
            raise NotFound(N_("the ledger {path} has no entries"), path=path)
        instant: int = last if as_of is None else as_of
        parts = max(2, -(-count // _ROWS_A_PART))
        parts += parts % 2
        part = f"(hash(account) % {parts})::INT AS part"
        _copy(db, f'SELECT *, {part} FROM ({source}) WHERE "at" <= {instant}', folder / "entries")
        if facts is not None:
            _copy(db, f"SELECT *, {part} FROM ({_facts_sql(db, facts, instant)})", folder / "facts")
    return Parts(folder, parts, count, instant, facts is not None)


def _copy(db: duckdb.DuckDBPyConnection, sql: str, folder: Path) -> None:
    db.execute(f"COPY ({sql}) TO {literal(str(folder))} (FORMAT parquet, PARTITION_BY (part), COMPRESSION snappy)")


def _write(rows: Iterable[Normal], path: Path) -> None:
    with pq.ParquetWriter(path, SCHEMA, compression="snappy") as writer:
        for batch in _batches(rows):
            arrays = [
                pa.array(cells, field.type) for cells, field in zip(zip(*batch, strict=True), SCHEMA, strict=True)
            ]
            writer.write_batch(pa.RecordBatch.from_arrays(arrays, schema=SCHEMA))


def _batches(rows: Iterable[Normal]) -> Iterator[list[Normal]]:
    batch: list[Normal] = []
    for row in rows:
        batch.append(row)
        if len(batch) >= _BATCH:
            yield batch
            batch = []
    if batch:
        yield batch


def _plain_sql(path: Path) -> str:
    """Return the SQL that gives the rows of `SCHEMA` from Parquet files with plain columns."""
    files = ledger_files(path)
    names = list(dict.fromkeys(name for file in files for name in pq.read_schema(file).names))

    def text(name: str) -> str:
        return f"coalesce(\"{name}\"::VARCHAR, '')" if name in names else "''"

    attributes = sorted(name for name in names if name.startswith("attributes."))
    words = [
        f'CASE WHEN "{name}" IS NOT NULL THEN {literal(name.partition(".")[2])} || \'=\' || "{name}"::VARCHAR END'
        for name in attributes
    ]
    sort = f"concat_ws(chr(31), {', '.join([text('violation'), text('severity'), *words])})"
    number = {name: f'coalesce("{name}", {usual})' if name in names else usual for name, usual in _NUMBERS.items()}
    points = '("points" * 1000000)::BIGINT' if "points" in names else "NULL::BIGINT"
    unusual = [f"at_us NOT BETWEEN 0 AND {_LAST - 1}"]
    if "schedule" in names:
        unusual.append("\"schedule\" <> ''")
    unusual = [f"coalesce({part}, false)" for part in unusual]
    plain = f"NOT ({' OR '.join(unusual)})"
    acts = " ".join(f"WHEN {literal(kind)} THEN {act}" for kind, act in ACTS.items())
    flag = f"CASE WHEN {plain} THEN CASE kind::VARCHAR {acts} ELSE {OTHER} END ELSE {OTHER} END"
    rest = (
        f"json_object('kind', kind::VARCHAR, 'name', {text('name')}, 'count', {number['count']}, "
        f"'schedule', {text('schedule')})"
    )
    listed = ", ".join(literal(str(file)) for file in files)
    source = f'SELECT *, epoch_us("at") AS at_us FROM read_parquet([{listed}], union_by_name = true)'
    return f"""
        SELECT account::VARCHAR AS account, at_us AS "at", ({number["order"]})::BIGINT AS ord, id::VARCHAR AS id,
            ({flag})::UTINYINT AS flag, {sort} AS sort, {points} AS points, {text("target")} AS target,
            CASE WHEN ({flag}) NOT IN ({PLAIN}, {REVERSAL}) THEN {rest}::VARCHAR END AS rest
        FROM ({source})
    """


_NUMBERS = {"order": "0", "count": "1"}


def _facts_sql(db: duckdb.DuckDBPyConnection, path: Path, as_of: int) -> str:
    """Return the SQL that gives what is known of accounts: market, size, age in classes, kind."""
    path = part_of_world(path, "accounts")
    if path.is_dir():
        path = path / "part-0.parquet"
    place = literal(str(path))
    if not path.is_file():
        raise NotFound(N_("there is no file {path}"), path=path)
    reader = {
        ".csv": f"read_csv({place}, all_varchar = true, header = true)",
        ".parquet": f"read_parquet({place})",
    }.get(path.suffix, f"read_json({place}, format = 'newline_delimited')")
    try:
        names = set(db.sql(f"SELECT * FROM {reader} LIMIT 0").columns)
    except duckdb.Error as error:
        raise InvalidInput(N_("{file} cannot be read: {reason}"), file=path, reason=str(error).split("\n")[0]) from None
    if "account" not in names:
        raise InvalidInput(N_("{where}: `{name}` is missing"), where=path.name, name="account")
    told = [f"coalesce({n}::VARCHAR, '') AS {n}" if n in names else f"'' AS {n}" for n in _FACTS]
    age = "''"
    if "created_at" in names:
        _check_times(db, reader, path)
        days = f"(({as_of} - epoch_us(created_at::VARCHAR::TIMESTAMPTZ)) / 86400000000)"
        cases = " ".join(f"WHEN {days} < {limit} THEN '{name}'" for limit, name in _AGES)
        age = f"CASE WHEN created_at IS NULL THEN '' {cases} ELSE 'older' END"
    return f"SELECT account::VARCHAR AS account, {', '.join(told)}, {age} AS age FROM {reader}"


def _check_times(db: duckdb.DuckDBPyConnection, reader: str, path: Path) -> None:
    """Raise InvalidInput when an account was created at a time without an offset."""
    sql = f"""
        SELECT created_at::VARCHAR FROM {reader}
        WHERE NOT regexp_matches(created_at::VARCHAR, {literal(_WITH_OFFSET)})
           OR (created_at IS NOT NULL AND try_cast(created_at::VARCHAR AS TIMESTAMPTZ) IS NULL) LIMIT 1
    """
    for (wrong,) in db.sql(sql).fetchall():
        text = N_("{where}: `{name}` must be a time with an offset, as in `2026-01-31T12:00:00Z`, not `{value}`")
        raise InvalidInput(text, where=path.name, name="created_at", value=wrong)

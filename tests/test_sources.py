"""Sources: every row becomes an event or a dead letter with a reason and a place, and order is law 3's."""

from __future__ import annotations

import gzip
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.amounts import examples
from zelo.adapters.files import CannotWrite, writing
from zelo.adapters.lake import Lake, Manifest
from zelo.adapters.sources import Import, import_events
from zelo.adapters.stage import Clock, Limits
from zelo.base.errors import InvalidInput, NotFound, Unavailable, ZeloError
from zelo.events.decode import Decoder
from zelo.events.intake import Sequencer
from zelo.events.types import (
    BOOL,
    DOUBLE,
    DURATION,
    INT,
    STRING,
    TIMESTAMP,
    Field,
    Kind,
    ListOf,
    MapOf,
    ObjectOf,
)

NOW_US = 1_800_000_000_000_000
SELLER = ObjectOf((("id", Field(STRING, required=True)), ("since", Field(TIMESTAMP))))
PLACE = ObjectOf((("city", Field(STRING, required=True)), ("zip", Field(STRING))))
STOP = ObjectOf((("city", Field(STRING)), ("km", Field(DOUBLE))))
LISTED = Kind(
    "listing.created",
    ObjectOf(
        (
            ("seller", Field(SELLER, required=True)),
            ("place", Field(PLACE)),
            ("price", Field(DOUBLE, required=True)),
            ("stock", Field(INT)),
            ("used", Field(BOOL)),
            ("lasts", Field(DURATION)),
            ("tags", Field(ListOf(STRING))),
            ("seen", Field(ListOf(TIMESTAMP))),
            ("numbers", Field(MapOf(INT))),
            ("stops", Field(ListOf(STOP))),
            ("from", Field(STRING)),
        )
    ),
    {"actor": ("seller", "id")},
    {"actor": "account"},
)
SEEN = Kind(
    "page.seen", ObjectOf((("user", Field(STRING, required=True)),)), {"actor": ("user",)}, {"actor": "account"}
)
KINDS = {kind.name: kind for kind in (LISTED, SEEN)}
DECODER = Decoder(KINDS)


def job(source: Path, *, now_us: int | None = NOW_US, limits: Limits | None = None, **mappings: str) -> Import:
    return Import(
        pack="tiny",
        pack_version="v1",
        source=source,
        mappings=mappings,
        decoder=DECODER,
        clock=Clock(now_us, skew_us=300_000_000),
        limits=limits or Limits(),
    )


def taken_in(work: Import, root: Path) -> tuple[Manifest, list[tuple[int, object]], list[dict[str, object]]]:
    letters = root / "dead_letters.jsonl"
    manifest = import_events(work, root, letters, lambda what, done, total: None)
    events = [row for rows in Lake(root, DECODER).read() for row in rows]
    assert not (root / "stage").exists() and not list(root.glob("*.partial")), "nothing half-made is left behind"
    return manifest, events, [json.loads(line) for line in letters.read_text().splitlines()]


def event(ident: str, at: str = "2026-01-01T00:00:00Z", **fields: object) -> dict[str, object]:
    return {"id": ident, "kind": "listing.created", "occurred_at": at, "seller": {"id": "s"}, "price": 1, **fields}


def lines(path: Path, *rows: object) -> Path:
    data = b"".join((row if isinstance(row, bytes) else json.dumps(row).encode()) + b"\n" for row in rows)
    path.write_bytes(gzip.compress(data) if path.suffix == ".gz" else data)
    return path


def test_an_event_comes_back_from_the_lake_as_it_went_in(tmp_path: Path) -> None:
    """JSON to lake to event loses nothing, whatever the types."""
    full = event(
        "e1", "2026-01-01T00:00:00.123456Z", stock=-(2**63), used=False, lasts="1h30m", tags=["a", "ç"],
        seen=["0001-01-01T00:00:00Z", "2026-01-01T00:00:00-03:00"], numbers={"k": 2**63 - 1}, place={"city": "Recife"},
        stops=[{"city": "R", "km": 1.5}, {"km": 2}], **{"from": "x"},
    )  # fmt: skip
    bare, seen = event("e2"), {"id": "p", "kind": "page.seen", "occurred_at": "2026-01-02T00:00:00Z", "user": "u"}
    source = lines(tmp_path / "a.jsonl", full, bare, seen)
    manifest, events, letters = taken_in(job(source), tmp_path / "lake")
    assert [e for _, e in events] == [DECODER.decode_json(json.dumps(e).encode()) for e in (full, bare, seen)]
    assert (manifest.rows, manifest.events, dict(manifest.dead_letters), letters) == (3, 3, {}, [])
    assert manifest.kinds == {"listing.created": 2, "page.seen": 1}


def test_lines_are_taken_in_in_their_order_and_time_never_runs_backwards(tmp_path: Path) -> None:
    """A late line counts from when it was known; what comes back is the order of lines over all files and kinds."""
    folder = tmp_path / "in"
    folder.mkdir()
    lines(folder / "1.jsonl", event("a", "2026-01-01T10:00:00Z"), event("late", "2025-12-30T10:00:00Z"))
    lines(folder / "2.jsonl.gz", {**event("c", "2026-01-02T00:00:00Z"), "kind": "page.seen", "user": "u"}, event("d"))
    manifest, events, _ = taken_in(job(folder), tmp_path / "lake")
    assert [e.id for _, e in events] == ["a", "late", "c", "d"] and manifest.late == 2
    keys = [key for key, _ in events]
    assert keys == sorted(set(keys)) and keys[1] == keys[0] + 1 and manifest.last_order_key == keys[-1]


_TIMES = st.lists(st.tuples(st.integers(-5_000, 5_000), st.sampled_from(["listing.created", "page.seen"])), max_size=25)


@settings(max_examples=examples(12), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(_TIMES)
def test_the_lake_and_the_sequencer_give_the_same_keys(tmp_path: Path, times: list[tuple[int, str]]) -> None:
    """The closed form in SQL is the sequencer of live events, also before 1970 and within one millisecond."""
    start = datetime(1970, 1, 1, tzinfo=UTC)
    rows = [
        {**event(str(n), (start + timedelta(microseconds=us)).isoformat()), "kind": kind, "user": "u"}
        for n, (us, kind) in enumerate(times)
    ]
    manifest, events, _ = taken_in(job(lines(tmp_path / "a.jsonl", *rows)), tmp_path / "lake")
    sequencer = Sequencer(clock_skew_us=0)
    assert [key for key, _ in events] == [sequencer.next(us // 1_000) for us, _ in times]
    assert manifest.late == sequencer.late


def test_a_full_millisecond_runs_on_into_the_next() -> None:
    """Should a million events fall into one millisecond, keys stay unique and growing."""
    sequencer = Sequencer(clock_skew_us=0, last_order_key=(5 << 20) + (1 << 20) - 1)
    assert sequencer.next(5) == 6 << 20
    assert sequencer.next(6) == (6 << 20) + 1


def test_reading_goes_on_behind_any_order_key(tmp_path: Path) -> None:
    """A run that stopped after an event goes on with the next, over days and kinds."""
    rows = [
        {
            **event(str(n), f"2026-01-0{1 + n % 3}T00:00:00Z"),
            "kind": ("page.seen", "listing.created")[n % 2],
            "user": "u",
        }
        for n in range(12)
    ]
    rows.sort(key=lambda row: str(row["occurred_at"]))
    root = tmp_path / "lake"
    _, events, _ = taken_in(job(lines(tmp_path / "a.jsonl", *rows)), root)
    for place in range(len(events)):
        rest = [row for batch in Lake(root, DECODER).read(after=events[place][0]) for row in batch]
        assert rest == events[place + 1 :]


def test_each_bad_line_is_a_dead_letter_with_its_place(tmp_path: Path) -> None:
    """One bad event among many is told with file, line, reason and the line itself; the rest goes in."""
    source = lines(
        tmp_path / "a.jsonl",
        b"\xef\xbb\xbf" + json.dumps(event("bom")).encode(),
        b"",
        b"{broken",
        event("bad", price="ten"),
        b'{"kind": "\xff"}',
        event("future", "2099-01-01T00:00:00Z"),
        event("ancient", "1500-01-01T00:00:00Z"),
        event("twice"),
        event("twice", price=2),
        b'{"id": "' + b"x" * (1 << 21) + b'"}',
        event("last"),
    )
    manifest, events, letters = taken_in(job(source), tmp_path / "lake")
    assert [e.id for _, e in events] == ["bom", "twice", "last"]
    assert [(letter["row"], letter["code"]) for letter in letters] == [
        (3, "not_json"), (4, "wrong_type"), (5, "not_utf8"), (6, "future"), (7, "unorderable"), (10, "too_long"),
        (9, "duplicate"),
    ]  # fmt: skip
    assert letters[1]["message"] == "`price` must be `double`, found `string`" and letters[1]["file"] == "a.jsonl"
    assert letters[0]["raw"] == "{broken" and all(letter["personal_data"] for letter in letters)
    assert manifest.rows == 10 == manifest.events + sum(manifest.dead_letters.values())
    assert (tmp_path / "lake" / "dead_letters.jsonl").stat().st_mode & 0o077 == 0


# --- tables

SELECT_ALL = """
SELECT 'listing.created' AS kind, 'l-' || id AS event_id, time AS occurred_at, seller AS "seller.id", price, stock
FROM listings
"""


def table(folder: Path, name: str, **columns: object) -> None:
    folder.mkdir(exist_ok=True)
    pq.write_table(pa.table(columns), folder / f"{name}.parquet")


def test_tables_are_taken_in_by_time_then_id(tmp_path: Path) -> None:
    """Whatever the order of rows and mappings, events come in the order in which they occurred."""
    source = tmp_path / "in"
    at = [datetime(2026, 1, day, tzinfo=UTC) for day in (3, 1, 2)]
    table(source, "listings", id=["c", "a", "b"], time=at, seller=["s"] * 3, price=[1.0] * 3, stock=[1] * 3)
    (source / "views.csv").write_text("id,time,user\n1,2026-01-02T00:00:00Z,u\n2,2026-01-01 00:00:00,v\n")
    views = "SELECT 'page.seen' AS kind, 'v-' || id AS event_id, time AS occurred_at, \"user\" FROM views"
    manifest, events, _ = taken_in(job(source, listings=SELECT_ALL, views=views), tmp_path / "lake")
    assert [e.id for _, e in events] == ["l-a", "v-2", "l-b", "v-1", "l-c"]
    assert manifest.late == 0 and manifest.kinds == {"listing.created": 3, "page.seen": 2}


def test_each_bad_row_of_a_table_is_a_dead_letter(tmp_path: Path) -> None:
    """Values are never rounded, cut or guessed to make them fit."""
    source = tmp_path / "in"
    source.mkdir()
    rows = [
        "id,time,seller,price,stock", "1,2026-01-01,s,1.5,3", "2,2026-01-01,s,ten,3", "3,2026-01-01,s,1,3.7",
        "4,2026-01-01,,1,3", "5,soon,s,1,3", "6,,s,1,3", "7,2099-01-01,s,1,3", "8,2026-01-01,s,1", "1,2026-01-02,s,2,2",
        "9,1500-01-01,s,1,3", "10,2026-01-01,s,,3", ",2026-01-01,s,1,3",
    ]  # fmt: skip
    (source / "listings.csv").write_text("\n".join(rows) + "\n")
    manifest, events, letters = taken_in(job(source, l=SELECT_ALL), tmp_path / "lake")
    assert [(e.id, e.price, e.stock) for _, e in events] == [("l-1", 1.5, 3)]
    assert [(letter["row"], letter["code"], letter["params"].get("path")) for letter in letters] == [
        (9, "bad_row", None), (2, "wrong_type", "price"), (3, "wrong_type", "stock"),
        (4, "required_missing", "seller.id"),
        (5, "bad_timestamp", "occurred_at"), (6, "required_missing", "occurred_at"), (7, "future", "occurred_at"),
        (9, "unorderable", "occurred_at"), (10, "required_missing", "price"), (11, "required_missing", "id"),
        (8, "duplicate", None),
    ]  # fmt: skip
    assert json.loads(str(letters[1]["raw"]))["price"] == "ten" and letters[1]["file"] == "sources/l.sql"
    assert manifest.rows == 12 == manifest.events + sum(manifest.dead_letters.values())


def test_every_type_can_come_from_a_table(tmp_path: Path) -> None:
    """Lists lose their nulls, intervals become durations, NaN is absent, a hollow object is absent."""
    source = tmp_path / "in"
    table(source, "t", n=[1])
    sql = """
        SELECT 'listing.created' AS kind, n AS event_id, DATE '2026-01-01' AS occurred_at, 's' AS "seller.id",
               TIMESTAMPTZ '2025-01-01 00:00:00-03' AS "seller.since",
               NULL AS "place.city", NULL::VARCHAR AS "place.zip",
               2 AS price, 3::DOUBLE AS stock, 'true' AS used, to_minutes(90) AS lasts, ['a', NULL] AS tags,
               [TIMESTAMP '2026-01-01', NULL] AS seen, MAP {'a': 1, 'b': NULL} AS numbers,
               [{'city': 'R', 'km': 'nan'::DOUBLE}] AS stops, 5 AS "from" FROM t
    """
    _, [(_, found)], letters = taken_in(job(source, t=sql), tmp_path / "lake")
    expected = event(
        "1", price=2, stock=3, used=True, lasts="90m", tags=["a"], seen=["2026-01-01T00:00:00Z"], numbers={"a": 1},
        stops=[{"city": "R"}], seller={"id": "s", "since": "2025-01-01T03:00:00Z"}, **{"from": "5"},
    )  # fmt: skip
    assert found == DECODER.decode_json(json.dumps(expected).encode()) and letters == []


def test_an_object_that_is_there_in_part_must_have_its_required_fields(tmp_path: Path) -> None:
    """`place` may be absent, but a place without its city is a dead letter."""
    source = tmp_path / "in"
    table(source, "t", n=[1, 2], zip=[None, "5"])
    sql = """SELECT 'listing.created' AS kind, n AS event_id, DATE '2026-01-01' AS occurred_at, 's' AS "seller.id",
                    1 AS price, NULL AS "place.city", zip AS "place.zip" FROM t"""
    _, events, letters = taken_in(job(source, t=sql), tmp_path / "lake")
    assert [e.id for _, e in events] == ["1"] and events[0][1].place is None
    assert [(letter["code"], letter["params"]) for letter in letters] == [("required_missing", {"path": "place.city"})]


@pytest.mark.parametrize(
    ("sql", "error", "words"),
    [
        ("SELECT 1; SELECT 2", InvalidInput, "one SELECT"),
        ("DROP TABLE t", InvalidInput, "one SELECT"),
        ("COPY (SELECT 1) TO '/tmp/zelo_stolen.csv'", InvalidInput, "one SELECT"),
        ("", InvalidInput, "one SELECT"),
        ("SELECT 1\nFROM t WHERE", InvalidInput, r"^sources/t\.sql:2 cannot be run: .*syntax error"),
        ("SELECT 1,\nzz FROM t", InvalidInput, r"^sources/t\.sql:2 cannot be run: .*zz"),
        ("SELECT * FROM nowhere", NotFound, "these tables: t"),
        ("SELECT * FROM read_text('/etc/hostname')", InvalidInput, "disabled by configuration"),
        ("SELECT * FROM '/etc/hostname'", ZeloError, "sources/t.sql"),
        ("SELECT 1 AS kind, n AS event_id FROM t", InvalidInput, "no column `occurred_at`"),
        ("SELECT 'x' AS kind, n AS event_id, now() AS occurred_at, n AS pryce FROM t", InvalidInput, "`price`"),
        ("SELECT 'x' AS kind, n AS event_id, now() AS occurred_at, [n] AS price FROM t", InvalidInput, r"\[\] and"),
        ("SELECT 'x' AS kind, n AS event_id, CAST('x' AS DATE) AS occurred_at FROM t", InvalidInput, "x"),
    ],
)  # fmt: skip
def test_a_mapping_that_cannot_run_says_why(tmp_path: Path, sql: str, error: type[ZeloError], words: str) -> None:
    """SQL is text from outside: it selects from the source's tables, and reaches nothing else."""
    source = tmp_path / "in"
    table(source, "t", n=[1])
    with pytest.raises(error, match=words):
        import_events(job(source, t=sql), tmp_path / "lake", tmp_path / "d.jsonl", lambda *_: None)
    assert not (tmp_path / "lake" / "manifest.json").exists() and not (tmp_path / "lake" / "stage").exists()


def test_a_mapping_has_a_time_limit(tmp_path: Path) -> None:
    """A runaway join is stopped, and named."""
    source = tmp_path / "in"
    table(source, "t", n=list(range(100_000)))
    sql = """SELECT 'x' AS kind, a.n AS event_id, DATE '2026-01-01' AS occurred_at
             FROM t a, t b, t c WHERE sin(a.n + b.n + c.n) > 2"""
    with pytest.raises(Unavailable, match=r"sources/t\.sql did not finish within 0 s"):
        work = job(source, limits=Limits(seconds=0.5), t=sql)
        import_events(work, tmp_path / "lake", tmp_path / "d.jsonl", lambda *_: None)


def test_what_is_no_source_is_told(tmp_path: Path) -> None:
    """A path that is not there, an empty folder, tables without SQL, two files of one name."""
    folder = tmp_path / "in"
    with pytest.raises(NotFound, match="no source"):
        import_events(job(folder), tmp_path / "lake", tmp_path / "d", lambda *_: None)
    folder.mkdir()
    with pytest.raises(InvalidInput, match="holds no events"):
        import_events(job(folder), tmp_path / "lake", tmp_path / "d", lambda *_: None)
    (folder / "a.csv").write_text("x\n1\n")
    with pytest.raises(InvalidInput, match="no sources/"):
        import_events(job(folder), tmp_path / "lake", tmp_path / "d", lambda *_: None)
    (folder / "a.json").write_text("[]")
    with pytest.raises(InvalidInput, match=r"a\.csv and a\.json"):
        import_events(job(folder, a="SELECT 1"), tmp_path / "lake", tmp_path / "d", lambda *_: None)


@pytest.mark.parametrize("name", ["a.parquet", "a.json", "a.csv"])
def test_a_table_that_cannot_be_read_is_named(tmp_path: Path, name: str) -> None:
    """Broken files are told by name."""
    source = tmp_path / "in"
    source.mkdir()
    (source / name).write_bytes(b"{\x00broken" if name != "a.csv" else b"")
    sql = "SELECT x AS kind, x AS event_id, x AS occurred_at FROM a"
    with pytest.raises(ZeloError, match=rf"{name} cannot be read|sources/a\.sql"):
        import_events(job(source, a=sql), tmp_path / "lake", tmp_path / "d", lambda *_: None)


def test_a_source_that_may_not_be_read_is_told_as_one(tmp_path: Path) -> None:
    """The message names the file and not the folder that is written to."""
    with pytest.raises(NotFound, match=r"secret\.jsonl cannot be read: Permission denied"), writing(tmp_path):
        raise PermissionError(13, "Permission denied", "/elsewhere/secret.jsonl")
    with pytest.raises(CannotWrite, match="may not be written to"), writing(tmp_path):
        raise PermissionError(13, "Permission denied", str(tmp_path / "x"))


def test_an_amount_of_memory_that_is_none_is_told(tmp_path: Path) -> None:
    """Limits come from the command line, and may be misspelt."""
    work = job(lines(tmp_path / "a.jsonl", event("a")), limits=Limits(memory="much"))
    with pytest.raises(InvalidInput, match="`much` is no amount of memory"):
        import_events(work, tmp_path / "lake", tmp_path / "d", lambda *_: None)


def test_a_full_disk_is_told_as_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The writer's refusal becomes one message, and no half-made lake is taken for a whole one."""

    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(pq.ParquetWriter, "write_batch", full)
    with pytest.raises(CannotWrite, match="the disk is full"):
        import_events(job(lines(tmp_path / "a.jsonl", event("a"))), tmp_path / "lake", tmp_path / "d", lambda *_: None)
    assert not (tmp_path / "lake" / "manifest.json").exists()


def test_a_lake_of_other_kinds_is_refused(tmp_path: Path) -> None:
    """When `events.yaml` changed so that the lake no longer fits, it says so instead of guessing."""
    root = tmp_path / "lake"
    taken_in(job(lines(tmp_path / "a.jsonl", event("a"))), root)
    with pytest.raises(InvalidInput, match=r"`listing\.created`, which the pack does not have"):
        Lake(root, Decoder({"page.seen": SEEN}))
    fields = tuple((name, Field(STRING) if name == "stock" else field) for name, field in LISTED.fields.fields)
    changed = Decoder({"listing.created": Kind(LISTED.name, ObjectOf(fields), LISTED.roles, LISTED.entities)})
    with pytest.raises(InvalidInput, match="column `stock` is `int64` where the pack wants `string`"):
        list(Lake(root, changed).read())
    fields = tuple((name, Field(STRING, required=True) if name == "from" else f) for name, f in LISTED.fields.fields)
    stricter = Decoder({"listing.created": Kind(LISTED.name, ObjectOf(fields), LISTED.roles, LISTED.entities)})
    with pytest.raises(InvalidInput, match="`from` is empty in some rows"):
        list(Lake(root, stricter).read())


def test_duckdb_reads_the_lake_as_typed_columns(tmp_path: Path) -> None:
    """Flat typed columns with dotted names: no JSON at the time of a backtest."""
    root = tmp_path / "lake"
    taken_in(job(lines(tmp_path / "a.jsonl", event("a", stock=3))), root)
    files = str(root / "events" / "*" / "*" / "*.parquet")
    found = duckdb.sql(f"SELECT kind, day, \"seller.id\", stock FROM read_parquet('{files}', hive_partitioning = true)")
    assert [(kind, str(day), *rest) for kind, day, *rest in found.fetchall()] == [
        ("listing.created", "2026-01-01", "s", 3)
    ]

"""Tables of text files: values come in as they are written, and one bad line costs one line."""

from __future__ import annotations

import gzip
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.test_sources import DECODER, SELECT_ALL, event, job, lines, table, taken_in
from zelo.adapters.sources import import_events
from zelo.base.errors import InvalidInput, NotFound, ZeloError
from zelo.events.names import attribute

SELECT = (
    """SELECT 'listing.created' AS kind, id AS event_id, '2026-01-01' AS occurred_at, 's' AS "seller.id", 1 AS price"""
)
Letters = list[dict[str, object]]


def found(source: Path, root: Path, sql: str) -> tuple[list[Any], Letters]:
    _, events, letters = taken_in(job(source, t=sql), root)
    return [e for _, e in events], letters


def said(one: object) -> str:
    return str(getattr(one, attribute("from")))


def folder(tmp_path: Path, name: str, content: str | bytes) -> Path:
    source = tmp_path / "in"
    source.mkdir(exist_ok=True)
    (source / name).write_bytes(content.encode() if isinstance(content, str) else content)
    return source


def test_one_open_quote_costs_one_row(tmp_path: Path) -> None:
    """The rows before and behind it that are soundly quoted go in, whatever their number."""
    rows = [f'e{n},"x, ""{n}"""' for n in range(30)]
    for place in (0, 15, 30):
        text = "\n".join(["id,from", *rows[:place], 'bad,"open', *rows[place:]]) + "\n"
        events, letters = found(folder(tmp_path, "x.csv", text), tmp_path / "lake", f'{SELECT}, "from" FROM x')
        assert [(letter["code"], letter["row"]) for letter in letters] == [("bad_row", place + 2)]
        assert str(letters[0]["raw"]) == "\n".join(['bad,"open', *rows[place : place + 1]])
        assert {said(e) for e in events} <= {f'x, "{n}"' for n in range(30)} and len(events) >= 29


@pytest.mark.parametrize(
    "text", ["id;from\n1;a,b,c\n", "id\tfrom\n1\ta,b;c\n", "id|from\r\n1|a,b\r\n", "\ufeffid,from\n1,a;b;c|d\n"]
)
def test_the_header_alone_tells_the_delimiter(tmp_path: Path, text: str) -> None:
    """Signs inside cells are never taken for one."""
    ([one], letters) = found(folder(tmp_path, "x.csv", text), tmp_path / "lake", f'{SELECT}, "from" FROM x')
    assert one.id == "1" and said(one).startswith("a") and letters == []


@pytest.mark.parametrize("text", [b"", b"\xff\xfe,a\n1,2\n", b",,\n"])
def test_a_file_without_a_header_is_told(tmp_path: Path, text: bytes) -> None:
    """Columns without names are no table."""
    with pytest.raises(InvalidInput, match=r"x\.csv cannot be read"):
        found(folder(tmp_path, "x.csv", text), tmp_path / "lake", f"{SELECT} FROM x")


def test_names_that_come_twice_are_told_apart(tmp_path: Path) -> None:
    """SQL takes `ID` and `id` for one; an unnamed column has its number."""
    sql = f'{SELECT}, ID_1 || column2 AS "from" FROM x'
    [one], _ = found(folder(tmp_path, "x.csv", "id,ID,\n1,2,3\n"), tmp_path / "lake", sql)
    assert said(one) == "23"


# --- JSON

ROWS: tuple[dict[str, object], ...] = (
    {"id": "A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11", "stock": 9007199254740993, "from": "2026-1-5 9:00"},
    {"id": "007", "stock": None, "from": "12:30:00", "tags": ["a", None, "b"], "numbers": {"a/b~": 2**63 - 1}},
    {"id": 5, "stock": 0.5, "from": "true"},
)


@pytest.mark.parametrize("name", ["x.json", "x.jsonl", "x.ndjson.gz", "x.json.gz", "list.json", "pretty.json"])
def test_json_values_come_in_as_they_are_written(tmp_path: Path, name: str) -> None:
    """No digit is rounded and no text becomes an id, a time or a number because its neighbors look like one."""
    text = "\n".join(json.dumps(row) for row in ROWS)
    if name == "list.json":
        text = json.dumps(ROWS)
    elif name == "pretty.json":
        text = json.dumps(ROWS, indent=2)
    data = gzip.compress(text.encode()) if name.endswith(".gz") else text.encode()
    sql = f'{SELECT}, stock, "from", tags, numbers FROM {name.split(".")[0]}'
    folder(tmp_path, "other.csv", "id\n1\n")  # JSON Lines alone would be events
    events, letters = found(folder(tmp_path, name, data), tmp_path / "lake", sql)
    assert [(e.id, e.stock, said(e), e.tags, e.numbers) for e in events] == [
        ("007", None, "12:30:00", ["a", "b"], {"a/b~": 2**63 - 1}),
        ("A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11", 9007199254740993, "2026-1-5 9:00", None, None),
    ]
    assert [(letter["code"], letter["params"]) for letter in letters] == [
        ("wrong_type", {"path": "stock", "expected": "int", "found": "string"})
    ]


def test_each_broken_line_of_json_is_a_dead_letter(tmp_path: Path) -> None:
    """The rest of the file goes in."""
    bad = [b'{"id": "2", broken', b"[1]", b'{"id": "\xff"}', b'{"id": "' + b"x" * (1 << 21) + b'"}']
    text = b"\n".join([b'{"id": "1"}', *bad, b"", b'{"id": "9"}', b'{"id": "10"}', b'{"id": "11"}'])
    events, letters = found(folder(tmp_path, "x.json", text), tmp_path / "lake", f"{SELECT} FROM x")
    assert [e.id for e in events] == ["1", "10", "11", "9"]
    assert sorted((letter["row"], letter["code"]) for letter in letters) == [
        (2, "bad_row"), (3, "bad_row"), (4, "not_utf8"), (5, "too_long"),
    ]  # fmt: skip
    assert {letter["raw"] for letter in letters if letter["row"] == 2} == {'{"id": "2", broken'}


def test_a_table_that_breaks_off_keeps_its_lines(tmp_path: Path) -> None:
    """What a broken download holds goes in; the loss is one dead letter."""
    data = gzip.compress("\n".join(json.dumps({"id": f"{n}-{n**9}"}) for n in range(2_000)).encode())
    events, letters = found(folder(tmp_path, "x.json.gz", data[:-100]), tmp_path / "lake", f"{SELECT} FROM x")
    assert len(events) > 1_000 and [letter["code"] for letter in letters] == ["broken_off"]


def test_a_damaged_gzip_file_is_told_with_its_line(tmp_path: Path) -> None:
    """Of a download that broke off the whole lines go in, and one dead letter says where it ends."""
    whole = lines(tmp_path / "a.jsonl.gz", *(event(f"{n}-{n**9}") for n in range(1_000)))
    whole.write_bytes(whole.read_bytes()[:-40])
    manifest, events, letters = taken_in(job(whole), tmp_path / "lake")
    assert 500 < len(events) < 1_000 and manifest.rows == len(events) + 1
    assert [(letter["code"], letter["row"]) for letter in letters] == [("broken_off", len(events) + 1)]
    whole.write_bytes(b"this is no gzip file")
    with pytest.raises(InvalidInput, match=r"a\.jsonl\.gz: the compressed file breaks off"):
        import_events(job(whole), tmp_path / "lake", tmp_path / "d.jsonl", lambda *_: None)


# --- instants


@pytest.mark.parametrize("form", ["jsonl", "csv", "json", "parquet", "parquet with zone"])
@pytest.mark.parametrize("day", ["2026-01-31", "1969-12-31"])
def test_digits_behind_the_microsecond_are_cut(tmp_path: Path, form: str, day: str) -> None:
    """The last instant of a day stays in it, whatever the source; before 1970, too."""
    text = f"{day}T23:59:59.9999999Z"
    sql = SELECT.replace("'2026-01-01'", "t") + ', t2 AS "seller.since" FROM x'
    source = tmp_path / "in"
    source.mkdir()
    if form == "jsonl":
        (source / "x.jsonl").write_text(json.dumps(event("1", text, seller={"id": "s", "since": text})))
    elif form in ("csv", "json"):
        row = json.dumps({"id": "1", "t": text, "t2": text}) if form == "json" else f"id,t,t2\n1,{text},{text}"
        (source / f"x.{form}").write_text(row + "\n")
    else:
        kind = pa.timestamp("ns", "UTC" if "zone" in form else None)
        ns = pa.array([(-1 if day < "1970" else 1_769_904_000_000_000_000 - 1)], pa.int64()).cast(kind)
        pq.write_table(pa.table({"id": ["1"], "t": ns, "t2": ns}), source / "x.parquet")
    _, [(_, one)], _ = taken_in(job(source, **({} if form == "jsonl" else {"t": sql})), tmp_path / "lake")
    assert str(one.occurred_at) == f"{day} 23:59:59.999999+00:00"
    assert one.seller.since == one.occurred_at


def test_a_text_that_looks_like_a_fine_instant_stays_as_it_is() -> None:
    """Only instants are cut."""
    fine = "2026-01-01T00:00:00.1234567Z"
    assert said(DECODER.decode_json(json.dumps(event("1", **{"from": fine})).encode())) == fine


def test_an_entity_without_an_id_is_a_dead_letter(tmp_path: Path) -> None:
    """All events with an empty id would be taken for one entity's; both readers refuse it."""
    bad = event("1", seller={"id": ""})
    _, events, letters = taken_in(job(lines(tmp_path / "a.jsonl", bad, event("2", **{"from": ""}))), tmp_path / "lake")
    assert [e.id for _, e in events] == ["2"]
    assert [(letter["code"], letter["params"]) for letter in letters] == [("empty_id", {"path": "seller.id"})]
    sql = SELECT.replace("'s'", "''") + " FROM x"
    events2, letters2 = found(folder(tmp_path, "x.csv", "id\n1\n"), tmp_path / "lake2", sql)
    assert (events2, [letter["code"] for letter in letters2]) == ([], ["empty_id"])
    assert letters2[0]["params"] == {"path": "seller.id"}


# --- what SQL may say and reach


@pytest.mark.parametrize(
    "end",
    [
        "FROM X",
        "FROM main.x",
        "FROM x;",
        "FROM x; -- the end; really",
        "FROM x -- end",
        "FROM x JOIN Y USING (id) /* ; */ ;",
    ],
)
def test_a_mapping_may_be_written_in_any_way(tmp_path: Path, end: str) -> None:
    """Capitals, a schema, the sign at the end and comments behind it; a broken file that nothing reads is not read."""
    source = folder(tmp_path, "x.csv", "id\n1\n")
    (source / "y.csv").write_text("id,b\n1,2\n")
    (source / "broken.parquet").write_text("this is none")
    events, _ = found(source, tmp_path / "lake", f"{SELECT.replace('id AS', 'x.id AS')} {end}")
    assert len(events) == 1


def test_a_mapping_may_join_tables_by_a_shared_column(tmp_path: Path) -> None:
    """`USING` needs the tables to be there before the statement is understood."""
    source = tmp_path / "in"
    at = [datetime(2026, 1, day, tzinfo=UTC) for day in (1, 2)]
    table(source, "listings", id=["a", "b"], time=at, seller=["s"] * 2, stock=[1] * 2)
    table(source, "prices", id=["b", "a"], price=[2.0, 1.0])
    joined = SELECT_ALL.replace("FROM listings", "FROM listings JOIN prices USING (id)")
    _, events, _ = taken_in(job(source, listings=joined), tmp_path / "lake")
    assert [(e.id, e.price) for _, e in events] == [("l-a", 1.0), ("l-b", 2.0)]


@pytest.mark.parametrize("single", [True, False])
def test_sql_reads_the_tables_and_no_other_file(tmp_path: Path, single: bool) -> None:
    """Not beside them, not around them, not through a link, not the stage, no variable of the program."""
    source = tmp_path / "in"
    source.mkdir()
    pq.write_table(pa.table({"id": ["1"]}), source / "x.parquet")
    pq.write_table(pa.table({"id": ["2"]}), source / "other.parquet")
    (source / "secret.txt").write_text("secret")
    (tmp_path / "outside.txt").write_text("secret")
    (source / "link.txt").symlink_to(tmp_path / "outside.txt")
    given = source / "x.parquet" if single else source
    assert len(found(given, tmp_path / "lake", f"{SELECT} FROM x")[0]) == 1
    places = ["secret.txt", "link.txt", "../outside.txt", "../in/secret.txt", "*"]
    readers = [f"read_text('{source}/{place}')" for place in places]
    readers += [f"'{source}/other.parquet'", f"glob('{source}/*')", f"read_blob('{tmp_path}/lake3/stage/*')", "tables"]
    for number, reader in enumerate(readers):
        work = job(given, t=f"{SELECT.replace('id AS', '(SELECT min(r) FROM ' + reader + ' r)::VARCHAR AS')} FROM x")
        with pytest.raises(ZeloError, match=r"sources/t\.sql"):
            import_events(work, tmp_path / f"lake{number}", tmp_path / "d", lambda *_: None)


def test_a_value_that_does_not_convert_is_told_with_the_way_out(tmp_path: Path) -> None:
    """CAST stops an import, and the message says what makes a dead letter of the row."""
    source = folder(tmp_path, "x.csv", "id,p\n1,ten\n2,3\n")
    sql = SELECT.replace("1 AS price", "{}(p AS DOUBLE) AS price") + " FROM x"
    with pytest.raises(InvalidInput, match=r"'ten'.*TRY_CAST"):
        found(source, tmp_path / "lake", sql.format("CAST"))
    events, letters = found(source, tmp_path / "lake", sql.format("TRY_CAST"))
    assert len(events) == 1 and letters[0]["params"] == {"path": "price"}


def test_a_dead_letter_holds_the_row_as_it_came(tmp_path: Path) -> None:
    """Duplicates and rows of mappings, too: the line itself, or the columns that the mapping gives and no others."""
    again = json.dumps(event("a", **{"from": "ç"}), indent=None, ensure_ascii=False)
    source = lines(tmp_path / "a.jsonl", event("a"), event("b"), again.encode(), event("b", price=2))
    _, _, letters = taken_in(job(source), tmp_path / "lake")
    assert [letter["raw"] for letter in letters] == [again, json.dumps(event("b", price=2))]
    tables = folder(tmp_path, "x.csv", "id,s\n1,s\n1,t\n2,\n")
    _, letters = found(tables, tmp_path / "lake2", SELECT.replace("'s'", "s") + " FROM x")
    keys = {"kind", "event_id", "occurred_at", "seller.id", "price"}
    assert [json.loads(str(letter["raw"])).keys() for letter in letters] == [keys, keys]


def test_a_table_that_is_not_there_is_told(tmp_path: Path) -> None:
    """With the names of those that are."""
    with pytest.raises(NotFound, match="these tables: x"):
        found(folder(tmp_path, "x.csv", "id\n1\n"), tmp_path / "lake", f"{SELECT} FROM z")

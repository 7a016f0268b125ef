"""A simulation says what the fold says: from columns or entries, in parts or whole, and of itself that no one moves."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import structs

from tests.amounts import examples
from tests.health_stories import POINTS, at, entry, schedule_of, violation
from tests.health_worlds import START, ledgers, schedules
from zelo.adapters.ledger_parts import is_plain
from zelo.base.errors import Conflict, InvalidInput, NotFound
from zelo.health.columns import OTHER, PLAIN, REVERSAL, Columns, Side
from zelo.health.comparing import HARDER, REPEAT_US, SAME, Repeats, Tally, count_repeats
from zelo.health.curves import variations, with_expiry
from zelo.health.flows import Simulation, read_account, simulate
from zelo.health.fold import ACTS
from zelo.health.glance import Glance, Glancer, restricted_us
from zelo.health.lean import LeanSchedule
from zelo.health.ledger import KINDS, Entry
from zelo.policy.schedules.lengths import DAY_US
from zelo.policy.schedules.values import Schedule

AS_OF = START + 150 * DAY_US
EVIL = "<script>alert(1)</script>"


def columns_of(entries: list[Entry]) -> Columns:
    """Return entries of one account as columns, as the parts of a ledger hold them."""
    kept = sorted((e for e in entries if e.at <= AS_OF), key=lambda e: (e.at, e.order, e.id))
    flags = [
        {**ACTS, "reversal": REVERSAL}.get(e.kind, OTHER) if e.given_under is None and not e.schedule else OTHER
        for e in kept
    ]
    sorts = sorted({(e.violation, e.severity, e.attributes) for e in kept})
    ids = {name: number for number, name in enumerate(sorted({e.id for e in kept}))}
    return Columns(
        [e.at for e in kept],
        [e.order for e in kept],
        bytes(flags),
        [ids[e.id] for e in kept],
        {number: ids.get(e.target, -1) for number, e in enumerate(kept)},
        [sorts.index((e.violation, e.severity, e.attributes)) for e in kept],
        [e.points for e in kept],
        sorts,
        {number: e for number, e in enumerate(kept) if flags[number] != PLAIN},
        [e.id for e in kept],
    )


@settings(max_examples=examples(150), deadline=None)
@given(schedules(), ledgers())
def test_columns_and_entries_come_to_the_same(schedule: Schedule, entries: list[Entry]) -> None:
    """The quick way through many accounts gives band, penalties and times of the fold over entries, on any ledger."""
    lean, columns = LeanSchedule(schedule), columns_of(entries)
    found = Side(lean, AS_OF, columns).glance(0, len(columns.ats), "a")
    assert found == Glancer(lean, AS_OF).of_entries(entries)


@settings(max_examples=examples(60), deadline=None)
@given(st.lists(st.tuples(st.integers(0, 30), st.integers(0, 30)), max_size=6))
def test_days_of_restriction_are_counted_once(pairs: list[tuple[int, int]]) -> None:
    """Where penalties run beside each other a day is one day."""
    spans = sorted((start, start + length) for start, length in pairs)
    days = {day for start, end in spans for day in range(start, min(end, 25))}
    assert restricted_us([("x", start, end) for start, end in spans], 25) == len(days)


def rows() -> list[Entry]:
    """Return the ledgers of forty accounts with entries of several kinds; one has an evil name."""
    found: list[Entry] = []
    for number in range(40):
        account = EVIL if number == 7 else f"a{number:02}"
        for turn in range(number % 6 + 1):
            made = violation(f"{number}-{turn}", f"2026-01-{turn * 4 + 1:02}", 6)
            found.append(structs.replace(made, account=account, violation=EVIL))
        if number % 5 == 3:
            taken = entry(f"{number}-r", "reversal", "2026-01-28", target=f"{number}-0")
            found.append(structs.replace(taken, account=account))
        if number % 7 == 2:
            found.append(structs.replace(entry(f"{number}-t", "training", "2026-01-20", name="x"), account=account))
    return found


def jsonl(folder: Path) -> Path:
    """Write the ledgers as JSON Lines."""
    path = folder / "ledger.jsonl"
    lines = []
    for e in rows():
        told = {"id": e.id, "account": e.account, "kind": e.kind, "at": moment(e.at), "violation": e.violation}
        told |= {"points": None if e.points is None else e.points / 1_000_000, "target": e.target, "name": e.name}
        lines.append(json.dumps(told))
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def moment(at_us: int) -> str:
    """Return an instant as ledgers have it."""
    return pa.scalar(at_us, pa.timestamp("us", tz="UTC")).as_py().isoformat()


def parquet(folder: Path) -> Path:
    """Write the ledgers as Parquet with plain columns."""
    path, found = folder / "ledger.parquet", rows()
    table = {
        "id": [e.id for e in found],
        "account": [e.account for e in found],
        "kind": [e.kind for e in found],
        "at": pa.array([e.at for e in found], pa.timestamp("us", tz="UTC")),
        "violation": [e.violation for e in found],
        "points": pa.array([None if e.points is None else e.points // 1_000_000 for e in found], pa.int64()),
        "target": [e.target for e in found],
        "name": [e.name for e in found],
    }
    pq.write_table(pa.table(table), path)
    return path


def told(out: Path) -> dict[str, object]:
    """Return the figures of a report without the name of its ledger."""
    found: dict[str, object] = json.loads((out / "report.json").read_text(encoding="utf-8"))
    del found["ledger"]
    return found


WORDS = """\
standings:
  - {standing: closed, title: {en: Closed, pt-BR: Encerrada}, penalty: close}
  - {standing: limited, title: {en: Limited, pt-BR: Limitada}, any_penalty: true}
  - {standing: good, title: {en: Good, pt-BR: Regular}}
"""
BEFORE = schedule_of(WORDS + POINTS)
AFTER = with_expiry(BEFORE, 5)


def quiet(what: str, done: int, total: int) -> None:
    """Take no note of progress."""


def test_a_simulation_says_of_each_account_what_the_fold_says(tmp_path: Path) -> None:
    """Figures from text and Parquet agree with a plain count; the page holds both languages and escapes names."""
    accounts = tmp_path / "accounts.csv"
    accounts.write_text("account,market,created_at\na01,BR,2025-12-20T00:00:00Z\na02,MX,2020-01-01\n", encoding="utf-8")
    as_of = at("2026-01-30")
    for name, path in (("text", jsonl(tmp_path)), ("parquet", parquet(tmp_path))):
        assert is_plain(path, KINDS) == (name == "parquet")
        simulate(Simulation(BEFORE, AFTER, path, tmp_path / name, as_of, accounts), quiet)
    found = told(tmp_path / "text")
    assert found == told(tmp_path / "parquet")
    ledgers: dict[str, list[Entry]] = {}
    for e in rows():
        ledgers.setdefault(e.account, []).append(e)
    old, new = Glancer(LeanSchedule(BEFORE), as_of), Glancer(LeanSchedule(AFTER), as_of)
    pairs = {account: (old.of_entries(mine), new.of_entries(mine)) for account, mine in ledgers.items()}
    assert found["accounts"] == 40
    assert found["moved"] == sum(a != b for a, b in pairs.values())
    flows = Counter((a.band, b.band) for a, b in pairs.values())
    assert {(f["before"], f["after"]): f["accounts"] for f in found["flows"]} == flows  # type: ignore[attr-defined]
    moves = pq.read_table(tmp_path / "text" / "moves.parquet").to_pylist()
    assert {m["account"] for m in moves} == {account for account, (a, b) in pairs.items() if a != b}
    markets = {g["name"]: g["accounts"] for g in found["groups"]["market"]}  # type: ignore[index]
    assert markets == {"BR": 1, "MX": 1, None: 38}
    page = (tmp_path / "text" / "report.html").read_text(encoding="utf-8")
    assert EVIL not in page and "&lt;script&gt;" in page
    assert "Who moves from band to band" in page and "Quem muda de faixa" in page
    assert "http" not in page.replace("http-equiv", "")


def test_a_schedule_against_itself_moves_no_one(tmp_path: Path) -> None:
    """Whatever the ledger, the same schedule on both sides leaves everyone where they are."""
    found = simulate(Simulation(BEFORE, BEFORE, jsonl(tmp_path), tmp_path / "out"), quiet)
    assert (found.tally.moved, dict(found.tally.directions), found.tally.vacated, found.tally.added) == (0, {}, {}, {})
    assert not (tmp_path / "out" / ".work").exists()


def test_a_longer_expiry_restricts_no_fewer(tmp_path: Path) -> None:
    """The curve of an expiry rises; that of a threshold falls."""
    found = simulate(Simulation(BEFORE, AFTER, jsonl(tmp_path), tmp_path / "out"), quiet)
    assert {one.curve for one in variations(AFTER)} == {"expiry", "threshold"} == set(found.curves)
    expiry = [point.restricted.part for point in found.curves["expiry"]]
    threshold = [point.restricted.part for point in found.curves["threshold"]]
    assert expiry == sorted(expiry) and threshold == sorted(threshold, reverse=True)
    assert expiry[0] < expiry[-1] or threshold[-1] < threshold[0]


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ('{"id": "x", "account": "a", "kind": "violation", "at": "2026-01-01"}', "l.jsonl:2: `at` must be a time"),
        ('{"id": "x", "account": "a", "kind": "violation"}', "l.jsonl:2: `at` is missing"),
        ('{"id": "x", "account": "a", "kind": "fine", "at": "2026-01-01T00:00:00Z"}', "l.jsonl:2: a ledger has no"),
        ('{"id": "x", "account": "a", "kin": "violation"}', "l.jsonl:2: a ledger has no column `kin`"),
        ('{"id": "x", "account": "a", "kind": "violation", "points": "many"}', "l.jsonl:2: `points` must be a number"),
        ('{"id": "x", "account": "a", "count": 1.5}', "l.jsonl:2: `count` must be a whole number"),
        ('{"id": "x", "account": "a", "values": 3}', "l.jsonl:2: `values` must be a JSON object"),
        ('{"account": "a", "id": [1]}', "l.jsonl:2: `id` must be a text"),
        ("[1]", "l.jsonl:2 must hold a JSON object"),
        ("{", "l.jsonl:2 is not JSON"),
    ],
)
def test_a_row_that_is_no_entry_is_told_at_its_place(tmp_path: Path, line: str, words: str) -> None:
    """File, line and what to write instead; nothing is guessed."""
    path = tmp_path / "l.jsonl"
    path.write_text(f"\n{line}\n", encoding="utf-8")
    with pytest.raises(InvalidInput) as told_:
        read_account(path, "a")
    assert words in str(told_.value)


def test_a_csv_ledger_is_read(tmp_path: Path) -> None:
    """Empty cells are absent, attributes and values have columns of their own, and a short row is told."""
    path = tmp_path / "l.csv"
    head = "id,account,kind,at,violation,points,attributes.feature,values.score\n"
    path.write_text(head + "x,a,violation,2026-01-01T00:00:00-03:00,spam,1.5,live,\n", encoding="utf-8")
    (found,) = read_account(path, "a")
    assert (found.at, found.points, found.attributes) == (at("2026-01-01T03:00:00Z"), 1_500_000, (("feature", "live"),))
    path.write_text(head + "x,a\n", encoding="utf-8")
    with pytest.raises(InvalidInput, match="l.csv:2"):
        read_account(path, "a")
    with pytest.raises(NotFound):
        read_account(tmp_path / "none.csv", "a")


def test_a_report_is_put_there_whole_and_replaces_only_its_like(tmp_path: Path) -> None:
    """Somebody's own report.json stays; an earlier simulation is replaced when one says so."""
    out = tmp_path / "out"
    out.mkdir()
    (out / "report.json").write_text('{"mine": 1}')
    job = Simulation(BEFORE, BEFORE, jsonl(tmp_path), out)
    with pytest.raises(Conflict, match="nothing is replaced"):
        simulate(replace(job, fresh=True), quiet)
    assert [(path.name, path.read_text()) for path in out.iterdir()] == [("report.json", '{"mine": 1}')]
    (out / "report.json").unlink()
    simulate(job, quiet)
    with pytest.raises(Conflict, match="--fresh"):
        simulate(job, quiet)
    simulate(replace(job, fresh=True), quiet)
    assert {path.name for path in out.iterdir()} == {"report.html", "report.json", "moves.parquet"}
    assert not list(tmp_path.glob("out.*"))


def test_what_is_over_does_not_say_who_is_hit_harder() -> None:
    """Of two schedules with the same days and nothing in force, neither is milder, whenever the penalty ended."""
    day, nobody = DAY_US, ("", "", "", "")
    earlier = Glance("good", (), (("freeze", 10 * day, 17 * day),))
    later = Glance("good", (), (("freeze", 20 * day, 27 * day),))
    moves = [Tally(100 * day).add("a", *pair, nobody) for pair in ((earlier, later), (later, earlier))]
    assert [move and move.direction for move in moves] == [SAME, SAME]
    longer = Glance("frozen", ("freeze",), (("freeze", 20 * day, 27 * day),))
    shorter = Glance("frozen", ("freeze",), (("freeze", 20 * day, 25 * day),))
    move = Tally(22 * day).add("a", shorter, longer, nobody)
    assert move is not None and move.direction == HARDER


def test_repeats_are_counted_once_their_time_is_over() -> None:
    """Who has already gone on counts no earlier than who has not: else the share would rise toward the end."""
    found = Repeats()
    spans = (("freeze", 10, 20),)
    for violations in ([10, 15], [10]):
        count_repeats(found, spans, violations, 10 + REPEAT_US - 1)
    assert (found.penalised, found.repeated, found.too_recent) == (0, 0, 2)
    for violations in ([10, 15], [10]):
        count_repeats(found, spans, violations, 10 + REPEAT_US)
    assert (found.penalised, found.repeated, found.too_recent) == (2, 1, 2)

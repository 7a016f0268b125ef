"""The world of social commerce: one seed, one world, in the form that packs read, with its truth beside it."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import numpy as np
import pytest

from tests.worlds import PACK, contents, fingerprints, kept, made, rows, silent
from zelo.adapters.columns import lake_schema
from zelo.adapters.lake import Lake
from zelo.adapters.ledgers import ledger_rows
from zelo.adapters.packs import open_pack
from zelo.base.errors import Conflict
from zelo.decide.flows import Run, run_history
from zelo.events.decode import Decoder
from zelo.events.intake import Sequencer
from zelo.health.logic import standing
from zelo.health.rows import entry_of
from zelo.simulate.almanac import black_friday, easter, holiday
from zelo.simulate.chance import Chance
from zelo.simulate.habits import HABITS
from zelo.simulate.intake import Intake
from zelo.simulate.making import FIRST, Order, make_world
from zelo.simulate.places import cnpj, cpf

CONTENTS = "8b73be1a829f5569fb59836fb58e2babd6b974daa77a23e44c4b68ac9a647a79"
"""What a world of 300 accounts, 3 days and seed 11 holds; it may change with a change of the world, never by itself."""


def test_one_seed_is_one_world(tmp_path: Path) -> None:
    """The same seed gives the same bytes in every file; another seed another world."""
    for name, seed in (("a", 5), ("b", 5), ("c", 6)):
        made(tmp_path / name, accounts=200, days=3, seed=seed)
    assert fingerprints(tmp_path / "a") == fingerprints(tmp_path / "b")
    assert contents(tmp_path / "a") != contents(tmp_path / "c")


def test_the_world_is_the_same_on_every_machine(tmp_path: Path) -> None:
    """What a seed gives is pinned: it hangs on no clock, machine, version of Python or order of work."""
    made(tmp_path / "w", accounts=300, days=3, seed=11)
    assert contents(tmp_path / "w") == CONTENTS


def test_chance_is_a_hash_of_what_it_is_about() -> None:
    """Numbers do not hang on the order of asking, differ by purpose and id, and are spread evenly."""
    chance, ids = Chance(1), np.arange(20_000)
    assert (chance.bits("a", 3, ids)[7:9] == chance.bits("a", 3, ids[7:9])).all()
    assert chance.bits("a", 3, ids[:2]).tolist() == [3_517_106_754_469_601_233, 3_339_079_416_013_132_573]
    assert not (chance.bits("a", ids) == chance.bits("b", ids)).any()
    unit = chance.unit("even", ids)
    assert 0 <= unit.min() and unit.max() < 1 and abs(unit.mean() - 0.5) < 0.01
    assert abs(chance.bell("bell", ids).std() - 1) < 0.02 and abs(chance.bell("bell", ids).mean()) < 0.02
    counts = chance.counts(np.full(20_000, 2.3), 9, "counts", ids)
    assert set(np.unique(counts)) == {2, 3} and abs(counts.mean() - 2.3) < 0.02


def test_the_order_of_intake_is_the_doors_own() -> None:
    """Keys that are given out for a whole day at once are those of the Sequencer, event by event."""
    said = (np.array([5_000, 3_000, 5_000, 9_000, 9_000, 9_000, 1_000, 20_000]) + 10**12) * 1_000
    intake, door = Intake(), Sequencer(clock_skew_us=0)
    keys = [*intake.keys(said[:5]).tolist(), *intake.keys(said[5:]).tolist()]
    assert keys == [door.next(int(us) // 1_000) for us in said]
    assert intake.late == door.late


def test_the_lake_is_one_that_the_shipped_pack_reads() -> None:
    """Every kind of the pack happens, its columns are the pack's, keys grow, and the manifest counts right."""
    root, pack = kept(), open_pack(PACK)
    lake = Lake(root, Decoder(pack.kinds))
    keys = [key for batch in lake.read() for key, _ in batch]
    assert keys == sorted(set(keys)) and len(keys) == lake.manifest.events
    assert keys[-1] == lake.manifest.last_order_key
    missing = set(pack.kinds) - set(lake.manifest.kinds)
    assert missing <= {"appeal.filed", "training.finished", "report.filed"}, "rare kinds may be absent in a small world"
    for name in lake.manifest.kinds:
        have = rows(
            root, f"SELECT column_name, column_type FROM (DESCRIBE SELECT * FROM $events/kind={name}/*/*.parquet')"
        )
        wanted = set(lake_schema(pack.kinds[name]).names)
        assert {column for column, _ in have} - {"kind", "day"} <= wanted, name
    assert sum(lake.manifest.dead_letters.values()) == len((root / "dead_letters.jsonl").read_bytes().splitlines())
    assert lake.manifest.late > 0


def test_ids_are_new_and_papers_are_valid() -> None:
    """No event or thing has the id of another; CPF and CNPJ have right check digits."""
    root = kept()
    assert rows(root, "SELECT count(*) - count(DISTINCT event_id) FROM $events/*/*/*.parquet'") == [(0,)]
    assert rows(root, "SELECT count(*) - count(DISTINCT id) FROM $items") == [(0,)]
    assert cpf(111_444_777) == "11144477735" and cnpj(11_222_333) == "11222333000181"
    papers = rows(root, 'SELECT "document.type", "document.number" FROM $events/kind=account.verified/*/*.parquet\'')
    assert papers and all(
        len(str(number)) == (11 if kind == "cpf" else 14) for kind, number in papers if number and kind
    )


def test_nothing_happens_without_its_cause() -> None:
    """No view before the upload or after the removal, no dispatch or review of what was not ordered."""
    root = kept(accounts=800, days=20)
    views = rows(
        root,
        """SELECT count(*) FROM $events/kind=content.viewed/*/*.parquet' v JOIN $items i
        ON i.id = v."content.id" WHERE v.effective_at < i.created_at - INTERVAL 3 MINUTE""",
    )
    assert views == [(0,)]
    gone = rows(
        root,
        """SELECT count(*) FROM $impressions p JOIN $items i ON i.id = p.content
        WHERE p.at >= i.removed_at AND (i.restored_at IS NULL OR p.at < i.restored_at)""",
    )
    assert gone == [(0,)]
    for later in ("order.approved", "order.dispatched", "review.posted"):
        orphans = rows(
            root,
            f"""SELECT count(*) FROM $events/kind={later}/*/*.parquet' l
            WHERE l."order.id" NOT IN (SELECT "order.id" FROM $events/kind=order.placed/*/*.parquet')""",
        )
        assert orphans == [(0,)], later


def test_every_habit_has_its_people_and_truth_names_them() -> None:
    """Each way to offend is somebody's, with a violation of the taxonomy; at least fourteen violations occur."""
    root = kept(accounts=2_000, days=30, seed=1)
    known = {habit for (habit,) in rows(root, "SELECT DISTINCT habit FROM $accounts WHERE habit IS NOT NULL")}
    assert known == {habit.name for habit in HABITS}
    assert len({habit.violation for habit in HABITS}) >= 14
    items = dict(rows(root, "SELECT habit, count(*) FROM $items WHERE habit IS NOT NULL GROUP BY 1"))
    surfaces = {habit.name for habit in HABITS if habit.surface not in ("order", "follow", "account")}
    assert surfaces - set(items) <= {"hired_reviewers", "miracle_videos"}


def test_propensities_are_probabilities_that_slots_follow() -> None:
    """Offers that were drawn evenly have the propensity of the even part at least, and all lie between 0 and 1."""
    root = kept(accounts=800, days=20)
    found = rows(root, "SELECT min(propensity), max(propensity), avg(explored::INT), count(*) FROM $impressions")
    low, high, explored, count = found[0]
    assert 0 < low and high < 1 and abs(explored - 0.1) < 0.02 and count > 10_000  # type: ignore[operator]


def test_the_ledger_is_one_that_account_health_folds() -> None:
    """Entries keep order, appeals and reversals name the entry they are about, and the pack's schedule takes them."""
    entries = [entry_of(row, where) for where, row in ledger_rows(kept(accounts=800, days=20))]
    ids = {entry.id for entry in entries}
    assert len(ids) == len(entries) and entries
    assert all(entry.target in ids for entry in entries if entry.kind in ("appeal", "reversal", "denial"))
    assert [entry.at for entry in entries] == sorted(entry.at for entry in entries)
    pack = open_pack(PACK)
    assert set(pack.schedules) == {"creators", "sellers"}
    busiest = max({e.account for e in entries}, key=lambda who: sum(e.account == who for e in entries))
    found = standing([e for e in entries if e.account == busiest], pack.schedules["creators"], entries[-1].at)
    assert found.account == busiest and not [note for note in found.notes if note.code == "no_target"]


def test_a_pack_can_not_name_the_truth(tmp_path: Path) -> None:
    """A pack that asks for it does not pass the check, and its SQL is not run on a world."""
    run = Run(pack=open_pack(PACK), source=kept(), out=tmp_path / "run", now_us=None)
    outcome = run_history(run, silent, lambda: False)
    assert outcome.summary.events == Lake(kept(), Decoder(run.pack.kinds)).manifest.events
    fields = {name for kind in run.pack.kinds.values() for name, _ in kind.fields.fields}
    assert not fields & {"truth", "habit", "violation", "guilty"}
    assert not (tmp_path / "run" / "lake").exists(), "a world is read as it is: no SQL of the pack sees its folder"


def test_the_almanac_knows_the_days() -> None:
    """Easter, Carnival, Black Friday and Natal fall on their dates."""
    assert [easter(year) for year in (2024, 2025, 2026)] == [date(2024, 3, 31), date(2025, 4, 20), date(2026, 4, 5)]
    assert holiday(date(2025, 3, 4)) == "carnival" and black_friday(2025) == date(2025, 11, 28)
    assert holiday(date(2025, 12, 24)) == "natal" and holiday(FIRST) == ""


def test_a_folder_with_something_else_is_left_alone(tmp_path: Path) -> None:
    """A world is not written over another, nor among other files, unless one says so."""
    made(tmp_path / "w", accounts=100, days=1)
    with pytest.raises(Conflict, match="holds a world"):
        made(tmp_path / "w", accounts=100, days=1)
    make_world(Order(100, 1, 4, tmp_path / "w", fresh=True), silent)
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "mine.txt").write_text("x")
    with pytest.raises(Conflict, match="not from a world"):
        made(tmp_path / "other", accounts=100, days=1)

"""Two published logs as ledgers: who strikes again, how blocks escalate, and what another expiry would have done."""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Any

import duckdb

from benchmarks.measure import SHARED, show
from zelo.base.source import Report, Source
from zelo.health.comparing import Repeats, count_repeats, next_shares
from zelo.health.curves import with_expiry
from zelo.health.glance import Glancer, restricted_us
from zelo.health.lean import LeanSchedule
from zelo.health.ledger import Entry
from zelo.health.report.findings import Share, share
from zelo.policy.schedules.lengths import DAY_US
from zelo.policy.schedules.read import read_schedule
from zelo.policy.schedules.values import Schedule

STRIKES = SHARED / "data" / "meneame_strikes" / "strikes.parquet"
BLOCKS = SHARED / "data" / "wiki_enforcement"
PUBLISHED = {1: 0.49, 2: 0.63, 3: 0.72, 5: 0.76, 8: 0.82}
"""P(another strike | n) over the whole strike log, as its readme says."""
SCHEDULE = """
schedule: strikes
title: {en: Strikes, pt-BR: Faltas}
penalties:
  mute: {title: {en: Mute, pt-BR: Silêncio}, scopes: [comment], basis: A}
  closed: {title: {en: Closed, pt-BR: Encerrada}, scopes: [account], stacking: absorb, basis: A}
standings:
  - {standing: closed, title: {en: Closed, pt-BR: Encerrada}, penalty: closed}
  - {standing: muted, title: {en: Muted, pt-BR: Silenciada}, any_penalty: true}
  - {standing: good, title: {en: Good, pt-BR: Regular}}
tracks:
  strikes:
    title: {en: Strikes, pt-BR: Faltas}
    kind: strikes
    lives: 90d
    basis: A
    counts: [{points: 1, basis: A}]
    ladder:
      - {at: 2, penalty: mute, for: 7d, basis: A}
      - {at: 3, penalty: mute, for: 30d, basis: A}
      - {at: 5, penalty: closed, for: forever, basis: A}
"""
"""A schedule of our own, to ask what an expiry would do: the source does not say how long its strikes lasted."""


def _rows(sql: str) -> list[tuple[Any, ...]]:
    with duckdb.connect() as db:
        db.execute("SET TimeZone = 'UTC'")
        return db.execute(sql).fetchall()


def strike_ledgers() -> Iterator[list[Entry]]:
    """Yield the strikes of each user; of one day, by their number."""
    sql = f"SELECT user_id, epoch_us(date), reason, strike_no FROM '{STRIKES}' ORDER BY user_id, date, strike_no"
    for user, rows in groupby(_rows(sql), key=lambda row: row[0]):
        yield [Entry(f"{user}-{n}", "violation", day, str(user), reason, order=n) for _, day, reason, n in rows]


def again(ledgers: Sequence[Sequence[Entry]]) -> dict[int, Share]:
    """Return for each n the share of those with n violations that had one more."""
    counts = Counter(len(entries) for entries in ledgers)
    return {n: share(more, whole) for n, whole, more in next_shares(counts)}


def block_ledgers() -> Iterator[list[Entry]]:
    """Yield the blocks of each account, also those before the window; blocks by proxy bots and unblocks left out."""
    sql = f"""
        SELECT target_id, epoch_us(ts), duration_s, log_id FROM read_parquet(
            ['{BLOCKS / "blocks_before_window.parquet"}', '{BLOCKS / "blocks.parquet"}']
        ) WHERE action = 'block' AND NOT admin_is_bot AND target_kind = 'account' ORDER BY target_id, ts, log_id
    """
    for target, rows in groupby(_rows(sql), key=lambda row: row[0]):
        yield [
            Entry(f"b{n}", "violation", at, str(target), severity="indefinite" if length == -1 else "timed")
            for n, (_, at, length, _) in enumerate(rows)
        ]


def indefinite(ledgers: Sequence[Sequence[Entry]], most: int = 6) -> dict[int, Share]:
    """Return the share of indefinite blocks by number of the block."""
    found = {}
    for number in range(1, most + 1):
        reached = [entries[number - 1] for entries in ledgers if len(entries) >= number]
        found[number] = share(sum(entry.severity == "indefinite" for entry in reached), len(reached))
    return found


@dataclass(frozen=True)
class Outcome:
    """What a schedule would have come to over all users of the strike log."""

    restricted: int
    closed: int
    days: float
    repeats: Share


def under(schedule: Schedule, ledgers: Sequence[Sequence[Entry]], as_of: int) -> Outcome:
    """Fold every ledger under a schedule."""
    glancer, repeats = Glancer(LeanSchedule(schedule), as_of), Repeats()
    restricted = closed = 0
    days = 0.0
    for entries in ledgers:
        spans = glancer.of_entries(entries).spans
        if spans:
            restricted += 1
            closed += any(name == "closed" for name, _, _ in spans)
            days += restricted_us([span for span in spans if span[0] != "closed"], as_of) / DAY_US
            count_repeats(repeats, spans, [entry.at for entry in entries], as_of)
    return Outcome(restricted, closed, days, share(repeats.repeated, repeats.penalised))


def expiries() -> tuple[Outcome, Outcome, int]:
    """Return what an expiry of 90 days and one of 180 would have come to in the strike log, and its users."""
    report = Report()
    schedule = read_schedule(Source("strikes.yaml", SCHEDULE), report)
    assert schedule is not None, report.diagnostics
    ledgers = list(strike_ledgers())
    as_of = max(entries[-1].at for entries in ledgers)
    return under(schedule, ledgers, as_of), under(with_expiry(schedule, 180), ledgers, as_of), len(ledgers)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    if not Path(STRIKES).exists():
        print("needs ../shared/data/meneame_strikes and wiki_enforcement, which are not beside this clone")
        return
    figures: dict[str, object] = {}
    for n, found in again(list(strike_ledgers())).items():
        if n in PUBLISHED:
            figures |= {f"again.{n}": found.value, f"again.{n}_n": found.whole, f"again.{n}_published": PUBLISHED[n]}
    for n, found in indefinite(list(block_ledgers())).items():
        figures |= {f"indefinite.{n}": found.value, f"indefinite.{n}_n": found.whole}
    short, long, users = expiries()
    figures["users"] = users
    for name, outcome in (("90d", short), ("180d", long)):
        figures |= {f"expiry_{name}.{key}": getattr(outcome, key) for key in ("restricted", "closed", "days")}
        figures |= {f"expiry_{name}.again": outcome.repeats.value, f"expiry_{name}.again_n": outcome.repeats.whole}
    show(figures, as_json=options.json)


if __name__ == "__main__":
    main()

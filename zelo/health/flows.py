"""Reads ledgers, chooses schedules, and simulates one against another over every account."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq

from zelo.adapters import ledger_parts
from zelo.adapters.files import put_in_place, write_whole
from zelo.adapters.ledger_parts import ACTS, SEPARATOR, Normal, Part, Parts
from zelo.adapters.ledgers import ledger_rows
from zelo.adapters.report_folder import Form, keep_only, report_folder
from zelo.adapters.stage import Progress
from zelo.adapters.translation import LANGUAGES, translator
from zelo.base.errors import InvalidInput, NotFound
from zelo.base.messages.message import N_
from zelo.health.columns import OTHER, PLAIN, REVERSAL, Columns, Sort
from zelo.health.compare_parts import Comparison, Drawn, compare
from zelo.health.comparing import Move, Tally
from zelo.health.curves import variations
from zelo.health.lean import LeanSchedule
from zelo.health.ledger import KINDS, Entry
from zelo.health.report.findings import FORMAT, Findings, Named, as_json, findings
from zelo.health.report.page import page
from zelo.health.rows import entry_of
from zelo.policy.pack import Pack
from zelo.policy.schedules.values import Schedule

REPORT = Form("report.json", FORMAT, frozenset({"report.json", "report.html", "moves.parquet"}))
SAMPLE = 2_000
"""How many accounts the curves are drawn from, about."""
PROCESSES = 2
_LAST = 5_680_281_600 * 1_000_000
_REST = ("kind", "name", "count", "values", "content_at", "given_under", "schedule")
_MOVES = pa.schema(
    [
        ("account", pa.string()),
        ("direction", pa.string()),
        ("band_before", pa.string()),
        ("band_after", pa.string()),
        ("days_before", pa.float64()),
        ("days_after", pa.float64()),
        ("penalties_before", pa.list_(pa.string())),
        ("penalties_after", pa.list_(pa.string())),
    ]
)


def read_account(path: Path, account: str) -> list[Entry]:
    """Return the entries of one account; raises InvalidInput at the row that is no entry, NotFound without any."""
    found = [entry_of(row, where) for where, row in ledger_rows(path) if str(row.get("account", "")) == account]
    if not found:
        raise NotFound(N_("the ledger {path} has no entries of the account `{account}`"), path=path, account=account)
    return found


def chosen_schedule(pack: Pack, name: str | None, variant: str | None = None) -> Schedule:
    """Return the schedule of a pack by name, or its only one; raises InvalidInput when that does not say which."""
    names = ", ".join(sorted(pack.schedules))
    if not pack.schedules:
        raise InvalidInput(N_("the pack {pack} has no schedules: write one in schedules/"), pack=pack.name)
    if name is None and len(pack.schedules) > 1:
        text = N_("the pack {pack} has several schedules: name one with --schedule, of {names}")
        raise InvalidInput(text, pack=pack.name, names=names)
    schedule = next(iter(pack.schedules.values())) if name is None else pack.schedules.get(name)
    if schedule is None:
        text = N_("the pack {pack} has no schedule `{name}`; there are: {names}")
        raise NotFound(text, pack=pack.name, name=name, names=names)
    if variant is None:
        return schedule
    if variant not in schedule.others:
        text = N_("the schedule {name} has no variant `{variant}`; there are: {names}")
        raise NotFound(text, name=schedule.name, variant=variant, names=", ".join(v for v in schedule.others if v))
    return schedule.others[variant]


@dataclass(frozen=True)
class Simulation:
    """What to simulate, over what, and where to."""

    before: Schedule
    after: Schedule
    ledger: Path
    out: Path
    as_of: int | None = None
    """The instant of both standings; that of the last entry when None."""
    accounts: Path | None = None
    """What is known of accounts: market, size, kind, when they were created."""
    language: str = "en"
    """In which of its languages the report opens."""
    processes: int = PROCESSES
    folders: tuple[Path, ...] = ()
    """Where the packs were read from: no report is written there."""
    fresh: bool = False
    """Replace an earlier report in `out`."""


def simulate(wanted: Simulation, progress: Progress) -> Findings:
    """
    Fold every account under both schedules; write the report, its figures and who moves, all of them or none.

    Raises Conflict when `out` holds something else, or a report that is not to be replaced.
    """
    read = (wanted.ledger, *([wanted.accounts] if wanted.accounts else []), *wanted.folders)
    with report_folder(wanted.out, REPORT, apart=read, fresh=wanted.fresh) as place:
        work = place / "work"
        progress(N_("reading the ledger"), 0, 0)
        plain = ledger_parts.is_plain(wanted.ledger, KINDS)
        rows = None if plain else _normal_rows(wanted.ledger, progress)
        parts = ledger_parts.make_parts(wanted.ledger, work, wanted.as_of, rows, wanted.accounts)
        tally, drawn, named = _fold(wanted, parts, work, progress)
        found = findings(wanted.before, wanted.after, tally, drawn, named, str(wanted.ledger))
        _join_moves(work, parts.count)
        put_in_place(work / "moves.parquet", place / "moves.parquet")
        write_whole(place / "report.json", msgspec.json.format(msgspec.json.encode(as_json(found)), indent=2))
        write_whole(place / "report.html", page(found, _translators(wanted.language)).encode())
        keep_only(place, REPORT.names)
    return found


def _translators(first: str) -> dict[str, Callable[[str], str]]:
    """Return how each language is spoken, the reader's first."""
    return {language: translator(language) for language in sorted(LANGUAGES, key=lambda name: name != first)}


def _normal_rows(path: Path, progress: Progress) -> Iterator[Normal]:
    """Yield the entries of a ledger that has to be read one by one, as rows of the parts."""
    encode = msgspec.json.Encoder().encode
    for number, (where, row) in enumerate(ledger_rows(path), 1):
        if number % 20_000 == 0:
            progress(N_("reading the ledger"), number, 0)
        entry = entry_of(row, where)
        plain = entry.content_at is None and entry.given_under is None and not entry.schedule and 0 <= entry.at < _LAST
        flag = ACTS.get(entry.kind, OTHER) if plain else OTHER
        rest = {name: getattr(entry, name) for name in _REST}
        words = (f"{name}={word}" for name, word in entry.attributes)
        sort = SEPARATOR.join((entry.violation, entry.severity, *words))
        told = encode(rest).decode() if flag not in (PLAIN, REVERSAL) else None
        yield entry.account, entry.at, entry.order, entry.id, flag, sort, entry.points, entry.target, told


def _columns(part: Part) -> Columns:
    """Return a part as columns for the fold; whole entries are made of what is not plain."""
    sorts = [_sort(text) for text in part.known_sorts]
    others: dict[int, Entry] = {}
    decode = msgspec.json.Decoder().decode
    account, last = -1, 0
    for number, target in part.target_names.items():
        while number >= last:
            account += 1
            last = part.ends[account]
        rest = decode(part.rests[number]) if number in part.rests else {"kind": "reversal"}
        violation, severity, attributes = sorts[part.sorts[number]]
        others[number] = Entry(
            id=part.names[number],
            at=part.ats[number],
            account=part.accounts[account],
            violation=violation,
            severity=severity,
            attributes=attributes,
            points=part.points[number] if part.points is not None else None,
            target=target,
            order=part.orders[number],
            **rest,
        )
    kinds = part.flags, part.ids, part.targets, part.sorts, part.points
    return Columns(part.ats, part.orders, *kinds, sorts, others, part.names)


def _sort(text: str) -> Sort:
    violation, severity, *words = text.split(SEPARATOR)
    pairs = (word.partition("=") for word in words)
    return violation, severity, tuple((name, value) for name, _, value in pairs)


# --- the work of one process


_Done = tuple[int, Tally, Drawn, list[Named]]
"""What one part comes to: rows, figures, points of the curves, and the accounts that a report may name."""
_at_work: Callable[[int], _Done]


def _begin(schedules: tuple[Schedule, Schedule], parts: Parts, sampled: float, folder: Path) -> None:
    """Make ready, in each process, what every part needs."""
    global _at_work
    gc.disable()  # a part makes no cycles, and what it leaves is freed by counting
    before, after = schedules
    curves = variations(after)
    comparison = Comparison(LeanSchedule(before), LeanSchedule(after), parts.as_of, curves, sampled)

    def work(number: int) -> _Done:
        part = parts.read(number)
        columns = _columns(part)
        tally, drawn, moves = compare(comparison, columns, part.accounts, part.ends, part.facts)
        _write_moves(moves, folder / f"moves_{number}.parquet")
        return len(part.ats), tally, drawn, _named(columns, part, _tellable(tally))

    _at_work = work


def _work(number: int) -> _Done:
    return _at_work(number)


def _fold(wanted: Simulation, parts: Parts, folder: Path, progress: Progress) -> tuple[Tally, Drawn, list[Named]]:
    """Fold every part, in as many processes as asked for."""
    tally, drawn, done = Tally(parts.as_of), Drawn(), 0
    named: list[Named] = []
    sampled = min(1.0, SAMPLE / max(parts.rows / 20, 1))
    given = ((wanted.before, wanted.after), parts, sampled, folder)
    with get_context("spawn").Pool(min(wanted.processes, parts.count), _begin, given) as pool:
        for rows, more, points, told in pool.imap(_work, range(parts.count)):
            done += rows
            tally.join(more)
            drawn.join(points)
            tellable = _tellable(tally)
            named = [one for one in (*named, *told) if one.account in tellable]
            progress(N_("folding accounts"), done, parts.rows)
    return tally, drawn, sorted(named, key=lambda one: one.account)


def _tellable(tally: Tally) -> set[str]:
    """Return the accounts whose stories a report of these figures tells."""
    examples = {account for heap in tally.examples.values() for _, account in heap}
    return examples | {account for _, account in tally.mistaken}


def _named(columns: Columns, part: Part, wanted: set[str]) -> list[Named]:
    """Return some accounts of a part with their entries."""
    found, first = list[Named](), 0
    for account, last in zip(part.accounts, part.ends, strict=True):
        if account in wanted:
            found.append(Named(account, tuple(columns.entry(place, account) for place in range(first, last))))
        first = last
    return found


def _write_moves(moves: list[Move], path: Path) -> None:
    moves.sort(key=lambda move: move.account)
    cells: tuple[Sequence[Any], ...] = (
        [m.account for m in moves],
        [m.direction for m in moves],
        [m.before.band for m in moves],
        [m.after.band for m in moves],
        [m.days_before for m in moves],
        [m.days_after for m in moves],
        [list(m.before.in_force) for m in moves],
        [list(m.after.in_force) for m in moves],
    )
    table = pa.table(dict(zip(_MOVES.names, cells, strict=True)), schema=_MOVES)
    pq.write_table(table, path)


def _join_moves(folder: Path, count: int) -> None:
    with pq.ParquetWriter(folder / "moves.parquet", _MOVES, compression="zstd") as writer:
        for number in range(count):
            writer.write_table(pq.read_table(folder / f"moves_{number}.parquet"))

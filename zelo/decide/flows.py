"""A run of history: read events, decide them one after another, write the decisions, tell what came of it."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from zelo.adapters.decisions import DIGEST_MODULUS, DecisionParts, Row, digest_of
from zelo.adapters.files import locked, write_whole, writing
from zelo.adapters.lake import BATCH_ROWS, Lake, Manifest, claim_lake
from zelo.adapters.run_folder import Identity, claim, keep_apart
from zelo.adapters.sources import LAKE, Import, fingerprint, form_of, import_events
from zelo.adapters.stage import Clock, Limits, Progress
from zelo.base import versions
from zelo.base.errors import Conflict, InvalidInput
from zelo.base.messages.message import N_
from zelo.decide.kept import row_of
from zelo.decide.logic import Engine
from zelo.decide.tally import RuleCount, Summary, Tally
from zelo.events.decode import Decoder, Event
from zelo.events.intake import COUNTER_BITS
from zelo.policy.pack import Pack

CHECKPOINT_EVERY = 100_000


@dataclass(frozen=True)
class Run:
    """What to run, over what, and where to."""

    pack: Pack
    source: Path
    out: Path
    now_us: int | None
    """The door's clock: what is dated later, beyond the pack's clock skew, is a dead letter."""
    since_us: int | None = None
    """Decisions count from this effective time on; the events before it only build up windows and labels."""
    until_us: int | None = None
    """Reading ends before this effective time."""
    limit: int | None = None
    """Reading ends after so many events."""
    stores: str = "notable"
    fresh: bool = False
    """Throw away what an earlier run left in `out`."""
    checkpoint_every: int = CHECKPOINT_EVERY
    batch: int = BATCH_ROWS
    """Events between two looks at whether to stop."""
    limits: Limits = field(default_factory=Limits)


@dataclass(frozen=True)
class Outcome:
    """How a run ended."""

    summary: Summary
    finished: bool
    """False: it was asked to stop, and continues from there when it is started again."""
    resumed_after: int
    """How many events an earlier run had read already."""


class _Checkpoint(msgspec.Struct, kw_only=True):
    position: int | None = None
    """Order key of the last event that was read."""
    read: int = 0
    parts: int = 0
    finished: bool = False
    tally: Tally = msgspec.field(default_factory=Tally)
    engine: bytes = b""


def run_history(run: Run, progress: Progress, stop: Callable[[], bool]) -> Outcome:
    """
    Decide every event of a source in order; keep the decisions and a summary.

    When it is stopped, killed, or the disk fills up, the same call continues from the last checkpoint to the
    identical result. Raises Conflict when `out` holds something else, and what reading a source raises.
    """
    started = time.perf_counter()
    keep_apart(run.source, run.out)
    with locked(run.out), writing(run.out):
        now_us = claim(run.out, _identity(run), fresh=run.fresh)
        decoder = Decoder(run.pack.kinds)
        root = run.source if form_of(run.source, run.pack.sources) == LAKE else run.out / "lake"
        if root != run.source and not (root / "manifest.json").is_file():
            import_events(_import(run, decoder, now_us), root, run.out / "dead_letters.jsonl", progress)
        point = _last_checkpoint(run.out)
        resumed_after = point.read
        if not point.finished:
            with few_collections():
                _decide(run, point, progress, stop)
        manifest = Lake(root, decoder).manifest
        if resumed_after == point.read and point.finished and (run.out / "summary.json").is_file():
            summary = msgspec.json.decode((run.out / "summary.json").read_bytes(), type=Summary)
            return Outcome(summary=summary, finished=True, resumed_after=resumed_after)
        summary = _summary(run, manifest, point, time.perf_counter() - started, point.read - resumed_after)
        write_whole(run.out / "summary.json", msgspec.json.format(msgspec.json.encode(summary), indent=2))
    return Outcome(summary=summary, finished=point.finished, resumed_after=resumed_after)


def import_source(
    pack: Pack, source: Path, out: Path, *, now_us: int | None, fresh: bool, limits: Limits, progress: Progress
) -> Manifest:
    """Read a source into a lake of its own; raises Conflict when `out` is not empty and `fresh` is not said."""
    keep_apart(source, out)
    with locked(out), writing(out):
        if form_of(source, pack.sources) == LAKE:
            raise Conflict(N_("{source} is a lake already: nothing to import"), source=source)
        claim_lake(out, fresh=fresh)
        job = Import(
            pack=pack.name,
            pack_version=pack.version,
            source=source,
            mappings=pack.sources,
            decoder=Decoder(pack.kinds),
            clock=Clock(now_us, pack.clock_skew_us),
            limits=limits,
        )
        return import_events(job, out, out / "dead_letters.jsonl", progress)


def _import(run: Run, decoder: Decoder, now_us: int | None) -> Import:
    return Import(
        pack=run.pack.name,
        pack_version=run.pack.version,
        source=run.source,
        mappings=run.pack.sources,
        decoder=decoder,
        clock=Clock(now_us, run.pack.clock_skew_us),
        limits=run.limits,
    )


def _identity(run: Run) -> Identity:
    return Identity(
        pack_version=run.pack.version,
        language_version=versions.LANGUAGE,
        source=str(run.source.resolve()),
        fingerprint=fingerprint(run.source),
        since_us=run.since_us,
        until_us=run.until_us,
        limit=run.limit,
        stores=run.stores,
        now_us=run.now_us,
    )


def _last_checkpoint(out: Path) -> _Checkpoint:
    """Return from where to go on; from the beginning when decisions before that place are no longer there."""
    path = out / "checkpoint"
    if not path.is_file():
        return _Checkpoint()
    try:
        found = msgspec.msgpack.decode(path.read_bytes(), type=_Checkpoint)
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise Conflict(N_("{path} cannot be read: throw that run away with --fresh"), path=path) from None
    return found if DecisionParts(out).has(found.parts) else _Checkpoint()


# --- deciding


def _decide(run: Run, point: _Checkpoint, progress: Progress, stop: Callable[[], bool]) -> None:
    """Decide from a checkpoint on; leave it as the last one that was written."""
    engine = Engine.restore(run.pack, point.engine) if point.engine else Engine(run.pack)
    root = run.source if form_of(run.source, run.pack.sources) == LAKE else run.out / "lake"
    lake = Lake(root, engine.decoder)
    parts = DecisionParts(run.out)
    parts.keep(point.parts)
    total = lake.manifest.events if run.limit is None else min(run.limit, lake.manifest.events)
    rows: list[Row] = []
    since_checkpoint = 0

    def save(*, finished: bool) -> None:
        if rows:
            parts.write(point.parts, rows)
            point.parts += 1
            rows.clear()
        point.finished = finished
        point.engine = b"" if finished else engine.snapshot()
        write_whole(run.out / "checkpoint", msgspec.msgpack.encode(point))

    for batch in _batches(run, lake, point):
        _decide_batch(run, engine, batch, point.tally, rows)
        point.position, point.read = batch[-1][0], point.read + len(batch)
        since_checkpoint += len(batch)
        progress(N_("deciding"), point.read, total)
        if stop():
            save(finished=False)
            return
        if since_checkpoint >= run.checkpoint_every:
            save(finished=False)
            since_checkpoint = 0
    if run.until_us is None and point.read < total:
        raise InvalidInput(N_("{root} holds fewer events than its manifest says: import them again"), root=root)
    save(finished=True)


def _batches(run: Run, lake: Lake, point: _Checkpoint) -> Iterator[list[tuple[int, Event]]]:
    """Yield the events still to decide, up to --until and --limit; an empty list is never among them."""
    until = None if run.until_us is None else _first_key(run.until_us)
    for batch in lake.read(after=point.position, batch=run.batch):
        left = None if run.limit is None else run.limit - point.read
        kept = batch if until is None or batch[-1][0] < until else [row for row in batch if row[0] < until]
        kept = kept if left is None else kept[:left]
        if kept:
            yield kept
        if len(kept) < len(batch):
            return


def _decide_batch(run: Run, engine: Engine, batch: list[tuple[int, Event]], tally: Tally, rows: list[Row]) -> None:
    decide, everything, language = engine.decide, run.stores == "all", versions.LANGUAGE
    since = None if run.since_us is None else _first_key(run.since_us)
    digest = int.from_bytes(tally.digest)
    for order_key, event in batch:
        decision = decide(event, order_key)
        if since is not None and order_key < since:
            tally.warm_up += 1
            continue
        tally.decided += 1
        tally.kinds[decision.kind] = tally.kinds.get(decision.kind, 0) + 1
        if decision.fired or decision.undetermined or everything:
            tally.count(decision)
            row = row_of(decision, language)
            digest += digest_of(row)
            rows.append(row)
            tally.stored += 1
    tally.digest = (digest % DIGEST_MODULUS).to_bytes(16)


def _first_key(moment_us: int) -> int:
    """Return the smallest order key at or after an instant."""
    return -(-moment_us // 1_000) << COUNTER_BITS


@contextmanager
def few_collections() -> Iterator[None]:
    """Let the garbage collector look seldom: decisions make no cycles, and windows are many long-lived objects."""
    before = gc.get_threshold()
    gc.collect()
    gc.freeze()
    gc.set_threshold(200_000, 20, 100)
    try:
        yield
    finally:
        gc.set_threshold(*before)
        gc.unfreeze()


# --- telling


def _summary(run: Run, manifest: Manifest, point: _Checkpoint, seconds: float, read_now: int) -> Summary:
    tally = point.tally
    held: dict[str, dict[str, int]] = {}
    for name, count in sorted(tally.held.items()):
        reason, kind = name.split(" ")
        held.setdefault(reason, {})[kind] = count
    counts = {
        rule.id: RuleCount(
            sum(tally.kinds.get(kind, 0) for kind in rule.kinds),
            tally.fired.get(rule.name, 0),
            tally.undetermined.get(rule.name, 0),
        )
        for rule in run.pack.rules
    }
    return Summary(
        pack=run.pack.name,
        pack_version=run.pack.version,
        language_version=versions.LANGUAGE,
        zelo_version=versions.ZELO,
        source=str(run.source),
        rows_in=manifest.rows,
        events=manifest.events,
        dead_letters=manifest.dead_letters,
        late=manifest.late,
        read=point.read,
        warm_up=tally.warm_up,
        decided=tally.decided,
        kinds=dict(sorted(tally.kinds.items())),
        rules=counts,
        events_fired=tally.events_fired,
        events_undetermined=tally.events_undetermined,
        effects=dict(sorted(tally.effects.items())),
        held=held,
        stored=tally.stored,
        stores=run.stores,
        decisions_digest=tally.digest.hex(),
        seconds=round(seconds, 3),
        events_per_s=round(read_now / seconds, 1) if seconds > 0 else 0.0,
    )

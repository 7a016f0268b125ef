"""A backtest from a pack and a lake to a folder with a report: decide, count, judge, pick examples, write."""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from zelo.adapters.files import write_whole
from zelo.adapters.fitting import literal
from zelo.adapters.labels import load_labels
from zelo.adapters.lake import Lake
from zelo.adapters.report_folder import Form, keep_only, report_folder
from zelo.adapters.sources import LAKE, Import, form_of, import_events
from zelo.adapters.stage import Clock, Limits, Stage
from zelo.backtest import judging, samples, sweep
from zelo.backtest.assembly import Made, Question, figures_of, outcome_named
from zelo.backtest.figures import FORMAT, Example, Figures
from zelo.backtest.judging import Standing
from zelo.backtest.relations import Decided, Progress, Store, make
from zelo.backtest.report.page import page
from zelo.backtest.report.sweeps import sweep_charts, sweep_page
from zelo.backtest.report.tongue import Tongue
from zelo.backtest.sweep import FORMAT as SWEEP_FORMAT
from zelo.backtest.sweep import Curve
from zelo.backtest.thresholds import Threshold, critical, loosest, seen_by, threshold
from zelo.base import versions
from zelo.base.messages.message import N_
from zelo.events.decode import Decoder, Event
from zelo.events.intake import COUNTER_BITS
from zelo.policy.evaluate import evaluate
from zelo.policy.functions.words import Words
from zelo.policy.pack import Outcome, Pack
from zelo.policy.terms import FieldRef
from zelo.policy.to_python.plain import plain_object, timestamp_us

REPORT = Form(
    "report.json",
    FORMAT,
    frozenset({"report.json", "report.html", "flips.parquet", "decisions", "decisions_against"}),
)
SWEEP = Form(
    "sweep.json",
    SWEEP_FORMAT,
    frozenset({"sweep.json", "sweep.html", "hits.svg", "precision.svg", "recall.svg"}),
)
Decide = Callable[[Pack, Path, Path, "int | None", Progress], Decided]
"""Decides the events of a lake up to a time in microseconds; leaves `decisions/*.parquet` and more in a folder."""
Replay = Callable[[Pack, Iterable[tuple[int, Event]], "set[int]"], samples.Features]
"""Decides a few events in order; returns the features seen at the wanted ones."""


@dataclass(frozen=True)
class Engine:
    """How events are decided: handed in by the door, as slices do not call each other."""

    name: str
    decide: Decide
    replay: Replay


@dataclass(frozen=True)
class Backtest:
    """What to find out, over what, and where to write it."""

    question: Question
    source: Path
    out: Path
    engine: Engine
    now_us: int | None
    fresh: bool = False
    """Replace an earlier report in `out`."""
    folders: tuple[Path, ...] = ()
    """Where the versions were read from: no report is written there."""
    limits: Limits = field(default_factory=Limits)
    tongues: Mapping[str, Tongue] = field(default_factory=dict)
    """Language to how it is spoken; the first is the one that is shown at first."""


def run_backtest(job: Backtest, progress: Progress) -> Figures:
    """
    Run one or two versions of a pack over history and leave the whole report in `out`, or nothing.

    Everything is written to a folder beside it that takes its place at the end. Raises Conflict when `out` holds
    something else, NotFound and InvalidInput for what is asked wrongly, and what reading a source raises.
    """
    with report_folder(job.out, REPORT, apart=(job.source, *job.folders), fresh=job.fresh) as place:
        lake = _lake(job, place, progress)
        decided = {
            version: job.engine.decide(pack, lake.root, place / version, job.question.until_us, progress)
            for version, pack in (("new", job.question.pack), ("old", job.question.old))
            if pack is not None
        }
        stage = Stage(place / "stage", {}, job.limits, in_memory=True)
        try:
            figures = _figures(job, lake, stage, decided, progress)
            progress(N_("writing the report"), 0, 0)
            _write(job, stage, place, figures)
        finally:
            stage.close()
    return figures


@dataclass(frozen=True)
class Sweep:
    """A constant of a rule to try at every value, and where to write the curve."""

    question: Question
    rule: str
    constant: str
    source: Path
    out: Path | None
    """None: the curve is only told, not written."""
    engine: Engine
    now_us: int | None
    fresh: bool = False
    folders: tuple[Path, ...] = ()
    limits: Limits = field(default_factory=Limits)
    tongues: Mapping[str, Tongue] = field(default_factory=dict)


def run_sweep(job: Sweep, progress: Progress) -> Curve:
    """
    Find the hits, precision and recall of a rule for every value of a constant, from one pass over history.

    Raises what `thresholds.threshold` and `run_backtest` raise.
    """
    found = threshold(job.question.pack, job.rule, job.constant)
    if job.out is not None:
        with report_folder(job.out, SWEEP, apart=(job.source, *job.folders), fresh=job.fresh) as place:
            curve = _curve(job, found, place, progress)
            write_whole(place / "sweep.json", msgspec.json.format(msgspec.json.encode(curve), indent=2))
            write_whole(place / "sweep.html", sweep_page(curve, job.tongues).encode())
            for name, chart in sweep_charts(curve, next(iter(job.tongues.values()))).items():
                write_whole(place / f"{name}.svg", chart.encode())
            keep_only(place, SWEEP.names)
        return curve
    with tempfile.TemporaryDirectory(prefix="zelo-sweep-") as folder:
        return _curve(job, found, Path(folder), progress)


def _curve(job: Sweep, found: Threshold, place: Path, progress: Progress) -> Curve:
    pack = job.question.pack
    lake = _lake(job, place, progress)
    version = hashlib.sha256(f"{pack.version} {found.rule.name} {found.constant}".encode()).hexdigest()
    loose = loosest(pack, found, version)
    decided = {"new": job.engine.decide(loose, lake.root, place / "new", job.question.until_us, progress)}
    stage = Stage(place / "stage", {}, job.limits, in_memory=True)
    try:
        store = store_of(lake, stage, decided, job.question)
        outcome = outcome_named(job.question)
        make(stage.run, store, (), outcome.by if outcome else None, only_decided=outcome is None)
        rules, reason = sweep.judge(stage.run, store, pack, found, outcome)
        if outcome is not None and rules is not None:
            judging.judge(stage.run, store, outcome, rules, *_outside(job, lake, stage, outcome))
        progress(N_("finding thresholds"), 0, 0)
        sweep.make_candidates(stage.run)
        rest = [k for k in found.rule.terms if k in store.kinds and not sweep.fill_in_sql(stage.run, store, k, found)]
        sweep.fill(stage.run, _criticals(stage, store, lake, found, loose, rest))
        return sweep.curve(stage.run, store, pack, found, outcome, reason)
    finally:
        stage.close()


def _criticals(
    stage: Stage, store: Store, lake: Lake, found: Threshold, loose: Pack, kinds: Sequence[str]
) -> Iterator[tuple[int, float]]:
    """Yield, for each event on which the loosest form of the rule fires, up to which key of the constant it does."""
    lists = {name: Words(data.values) for name, data in loose.lists.items()}
    for kind in kinds:
        term = found.rule.terms[kind]
        rows = stage.run(f"""
            SELECT d.order_key, d.features FROM hit h JOIN {store.decided["new"].features[kind]} d USING (order_key)
            WHERE h.rule = {literal(found.rule.name)} AND h.kind = {literal(kind)}
        """)
        features = {key: msgspec.json.decode(text) if text else {} for key, text in rows}
        values = plain_object(lake.kinds[kind].fields)
        reads_event = any(isinstance(part, FieldRef) for part in term.walk())
        events = lake.at(features) if reads_event else ((key, None) for key in sorted(features))
        for order_key, event in events:
            seen = {} if event is None else {**values(event), **_envelope(kind, event, order_key)}
            yield order_key, critical(term, found, seen_by(found, seen, features[order_key], lists))


# --- reading


def _lake(job: Backtest | Sweep, place: Path, progress: Progress) -> Lake:
    """Return the source as a lake; tables and lines are imported into a lake that goes away at the end."""
    pack = job.question.pack
    decoder = Decoder(pack.kinds)
    if form_of(job.source, pack.sources) == LAKE:
        return Lake(job.source, decoder)
    clock = Clock(job.now_us, pack.clock_skew_us)
    what = Import(pack.name, pack.version, job.source, pack.sources, decoder, clock, job.limits)
    import_events(what, place / "lake", place / "dead_letters.jsonl", progress)
    return Lake(place / "lake", decoder)


def store_of(lake: Lake, stage: Stage, decided: Mapping[str, Decided], question: Question) -> Store:
    """Return where DuckDB finds the events of a lake and the decisions about them."""
    kinds = {}
    for name, kind in lake.kinds.items():
        files = ", ".join(literal(str(path.resolve())) for path in lake.files(name))
        sql = f"read_parquet([{files}], hive_partitioning = false, union_by_name = true)"
        has = frozenset(row[0] for row in stage.run(f"DESCRIBE SELECT * FROM {sql}"))
        kinds[name] = (kind, sql, has)
    return Store(
        kinds=kinds,
        decided=decided,
        time_zone=question.pack.time_zone,
        first_key=_first_key(question.since_us),
        until_key=_first_key(question.until_us),
        splits=question.pack.splits,
    )


def _first_key(moment_us: int | None) -> int | None:
    """Return the smallest order key at or after an instant."""
    return None if moment_us is None else -(-moment_us // 1_000) << COUNTER_BITS


def _figures(job: Backtest, lake: Lake, stage: Stage, decided: Mapping[str, Decided], progress: Progress) -> Figures:
    store = store_of(lake, stage, decided, job.question)
    outcome = outcome_named(job.question)
    counted = _outside(job, lake, stage, outcome)[0] if outcome is not None else None

    def examples(rules: Standing | None) -> tuple[tuple[Example, ...], int]:
        progress(N_("tracing examples"), 0, 0)
        return _examples(job, lake, stage, store, rules)

    made = Made(job.engine.name, versions.ZELO, versions.LANGUAGE)
    return figures_of(stage.run, store, job.question, made, counted, examples, progress)


def _outside(job: Backtest | Sweep, lake: Lake, stage: Stage, outcome: Outcome) -> tuple[dict[str, list[int]] | None]:
    """Read what an outcome needs beside the events: the labels of its file, or which events satisfy its condition."""
    if outcome.file is not None:
        load_labels(stage, job.source, outcome)
    return (None if outcome.where is None else outcome_keys(lake, job.question.pack, outcome),)


def outcome_keys(lake: Lake, pack: Pack, outcome: Outcome) -> dict[str, list[int]]:
    """Return kind to the order keys of the later events that satisfy the outcome's condition."""
    found: dict[str, list[int]] = {name: [] for name in outcome.kinds}
    lists = {name: Words(data.values) for name, data in pack.lists.items()}
    terms = outcome.where or {}
    for kind in set(outcome.kinds) & set(lake.kinds):
        values = plain_object(lake.kinds[kind].fields)
        for order_key, event in lake.read_kind(kind):
            seen = {**values(event), **_envelope(kind, event, order_key)}
            if evaluate(terms[kind], samples.look(seen, {}, {}), lists) is True:
                found[kind].append(order_key)
    return found


def _envelope(kind: str, event: Event, order_key: int) -> dict[str, object]:
    effective_us = (order_key >> COUNTER_BITS) * 1_000
    return {"id": event.id, "kind": kind, "occurred_at": timestamp_us(event.occurred_at), "effective_at": effective_us}


# --- examples


def _examples(
    job: Backtest, lake: Lake, stage: Stage, store: Store, rules: Standing | None
) -> tuple[tuple[Example, ...], int]:
    question = job.question
    names = [rule.name for rule in question.pack.rules]
    judged = None if rules is None else {name: rules.kinds[name] for name in names if name in rules.kinds}
    if question.aggregates_only:
        return (), 0
    picks = samples.pick(stage.run, question.sample, names, old=question.old is not None, judged=judged)
    kept, left_out = picks[: samples.EXAMPLES_MAX], max(0, len(picks) - samples.EXAMPLES_MAX)
    found: dict[int, Example] = {}
    for version, pack in (("new", question.pack), ("old", question.old)):
        chosen = [(number, one) for number, one in enumerate(kept) if one.version == version]
        if pack is None or not chosen:
            continue
        named = {rule.name: rule for rule in pack.rules}
        of = [one for _, one in chosen]
        keys = samples.keys_to_replay(stage.run, store, pack, of, named)
        events = list(lake.at(keys))
        features = job.engine.replay(pack, events, {one.order_key for one in of})
        at = dict(events)
        lists = {name: Words(data.values) for name, data in pack.lists.items()}
        for number, one in chosen:
            found[number] = _example(stage, pack, one, at[one.order_key], features.get(one.order_key, {}), lists)
    return tuple(found[number] for number in sorted(found)), left_out


def _example(
    stage: Stage,
    pack: Pack,
    one: samples.Pick,
    event: Event,
    features: Mapping[str, object],
    lists: Mapping[str, object],
) -> Example:
    kind = pack.kinds[one.kind]
    values = {**plain_object(kind.fields)(event), **_envelope(one.kind, event, one.order_key)}
    ids = {role: (kind.entities[role], _at(values, path)) for role, path in kind.roles.items()}
    rule = next(rule for rule in pack.rules if rule.name == one.rule)
    labels = samples.labels_before(stage.run, pack, one, ids)
    return Example(
        sort=one.sort, rule=one.rule, version=one.version, event_id=one.event_id, kind=one.kind,
        order_key=one.order_key, account=one.actor, lead_ms=one.lead_ms,
        trace=samples.steps_of(rule, one, values, features, labels, lists),
    )  # fmt: skip


def _at(values: object, path: Sequence[str]) -> object:
    for part in path:
        values = values.get(part) if isinstance(values, Mapping) else None
    return values


# --- writing


def _write(job: Backtest, stage: Stage, place: Path, figures: Figures) -> None:
    """Leave the report, the decisions and the flips; nothing else stays."""
    encoded = msgspec.json.format(msgspec.json.encode(figures), indent=2)
    write_whole(place / "report.json", encoded)
    write_whole(place / "report.html", page(figures, job.tongues).encode())
    if job.question.old is not None:
        flips = """
            SELECT order_key, f.rule, f.change, e.event_id, e.kind, e.actor, f.effect, f.role, f.entity, f.parameters,
                   f.parameters_before
            FROM (
                SELECT order_key, rule, change, NULL AS effect, NULL AS role, NULL AS entity, NULL AS parameters,
                       NULL AS parameters_before FROM flip WHERE rule <> '*'
                UNION ALL
                SELECT order_key, unnest(rules), change, kind, role, entity, parameters, parameters_before
                FROM effect_flip
            ) f JOIN events e USING (order_key)
            WHERE f.change <> 'kept' ORDER BY ALL
        """
        stage.run(f"COPY ({flips}) TO {literal(str(place / 'flips.parquet'))} (FORMAT parquet, COMPRESSION zstd)")
    stage.close()
    for version, name in (("new", "decisions"), ("old", "decisions_against")):
        if (place / version / "decisions").is_dir():
            (place / version / "decisions").rename(place / name)
    keep_only(place, {"report.json", "report.html"} if job.question.aggregates_only else REPORT.names)

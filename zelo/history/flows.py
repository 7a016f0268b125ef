"""Tries a pack on a whole lake in SQL, and keeps what comes of it."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Literal

import msgspec
import pyarrow as pa

from zelo.adapters.cache import Cache, code_key, key_of
from zelo.adapters.files import locked, write_whole, writing
from zelo.adapters.history import HistoryLimits, HistoryManifest, HistoryRun, RuleCounts
from zelo.adapters.history_arrays import compute_in_arrays
from zelo.adapters.history_database import HistoryDatabase
from zelo.adapters.history_features import compute_family
from zelo.adapters.history_files import Counts, count_decisions, count_events, link_features
from zelo.adapters.history_lake import LakeFiles, lake_files
from zelo.adapters.history_prepared import prepare, side_by_side
from zelo.adapters.history_spark import HistorySpark, compute_family_on_spark, compute_states_on_spark
from zelo.adapters.history_states import Known, compute_states, decisions_sql, merged_states
from zelo.base import versions
from zelo.base.errors import Conflict, InvalidInput
from zelo.base.messages.message import N_
from zelo.events.intake import COUNTER_BITS
from zelo.features.spec import FeatureSpec
from zelo.history.logic import Plan, plan_history
from zelo.history.tables import EffectsStep
from zelo.policy.functions.words import Words
from zelo.policy.pack import Pack
from zelo.policy.to_sql.gather import Family, text_of_family
from zelo.policy.to_sql.rules import RuleOnKind, features_of
from zelo.policy.to_sql.sources import Sources

Progress = Callable[[str, int, int], None]
"""(what is being done, how much is done, of how much; 0 when that is not known)."""
Engine = Literal["duckdb", "spark"]
_OURS = ("decisions", "effects", "held", "features", "work", "history.json")


def run_sql(
    pack: Pack,
    lake: Path,
    out: Path,
    *,
    cache: Path | None = None,
    since_us: int | None = None,
    until_us: int | None = None,
    limits: HistoryLimits = HistoryLimits(),  # noqa: B008  frozen
    progress: Progress = lambda what, done, total: None,
    engine: Engine = "duckdb",
) -> HistoryRun:
    """
    Decide every event of a finished lake; leave decisions, effects and features as Parquet files in `out`.

    The answer is that of `zelo.decide.logic.Engine`, event for event. `cache` is a folder that keeps columns and
    results for the next run; None: nothing is kept. Decisions count from `since_us` on, reading ends before `until_us`
    (effective times). What an earlier run left in `out` is replaced. Raises NotFound and InvalidInput for a lake that
    is unfinished or does not fit the pack, Unavailable when disk or memory do not suffice; `out` then holds nothing.
    """
    if out.resolve().is_relative_to(lake.resolve()):
        raise Conflict(N_("{out} lies inside {source}, which is read: name a folder elsewhere"), out=out, source=lake)
    files = lake_files(lake, pack.kinds, Cache(cache) if cache else None)
    with locked(out), writing(out):
        _sweep(out)
        try:
            return _Run(
                pack, files, out, cache or out / "work" / "cache", since_us, until_us, limits, progress, engine
            ).all()
        except BaseException:
            _sweep(out)
            raise
        finally:
            shutil.rmtree(out / "work", ignore_errors=True)


def read_run(out: Path) -> HistoryRun:
    """Return a finished run; raise InvalidInput when there is none, or one of another version."""
    try:
        manifest = msgspec.json.decode((out / "history.json").read_bytes(), type=HistoryManifest)
    except (OSError, msgspec.DecodeError):
        raise InvalidInput(N_("{out} holds no finished run over history"), out=out) from None
    return HistoryRun(out, manifest)


def _sweep(out: Path) -> None:
    """Remove what a run wrote."""
    for name in _OURS:
        place = out / name
        shutil.rmtree(place) if place.is_dir() else place.unlink(missing_ok=True)


class _Run:
    """One run; its steps in order."""

    def __init__(
        self,
        pack: Pack,
        files: LakeFiles,
        out: Path,
        cache: Path,
        since_us: int | None,
        until_us: int | None,
        limits: HistoryLimits,
        progress: Progress,
        engine: Engine,
    ) -> None:
        self.pack, self.files, self.out, self.progress = pack, files, out, progress
        self.since_us, self.until_us = since_us, until_us
        self.since = None if since_us is None else _first_key(since_us)
        self.until = None if until_us is None else _first_key(until_us)
        code = f"{engine} zelo {versions.ZELO} language {versions.LANGUAGE} {code_key()}"
        self.plan: Plan = plan_history(pack, engine, code)
        self.sources = Sources(pack, "duckdb")
        self.engine = engine
        self.cache = Cache(cache)
        self.seconds: dict[str, float] = {}
        self.feature_files: dict[str, dict[str, Path]] = {}
        """Kind to feature to its file."""
        self.counts = Counts()
        self.database = HistoryDatabase(out / "work" / "database", limits)
        if engine == "spark":
            progress(N_("starting Spark"), 0, 0)
        self.spark = HistorySpark(out / "work") if engine == "spark" else None
        self.on_spark = Sources(pack, "spark")

    def all(self) -> HistoryRun:
        """Run every step."""
        started = time.perf_counter()
        try:
            for kind in self.pack.kinds:
                for where in self._engines():
                    where.events(self.sources.events(kind), self.pack.kinds[kind], self.files.kinds[kind], self.until)
            self._timed("prepared", self._prepare)
            self._timed("features", self._features)
            self._timed("rules", self._rules)
            resolved = self._timed("effects", self._effects)
            self._timed("decisions", lambda: self._decisions(resolved))
            manifest = self._manifest(time.perf_counter() - started)
        finally:
            self.database.close()
        write_whole(self.out / "history.json", msgspec.json.format(msgspec.json.encode(manifest), indent=2))
        self.cache.trim()
        return HistoryRun(self.out, manifest)

    def _timed(self, name: str, step: Callable[[], object]) -> object:
        started = time.perf_counter()
        found = step()
        self.seconds[name] = round(time.perf_counter() - started, 3)
        return found

    def _engines(self) -> list[HistoryDatabase | HistorySpark]:
        """Return what must know the relations."""
        return [self.database, *([self.spark] if self.spark else [])]

    def _relation(self, name: str, paths: list[Path]) -> None:
        for where in self._engines():
            where.relation(name, paths)

    def _data(self, *kinds: str) -> str:
        """Return what tells the events of some kinds from others."""
        return " ".join([str(self.until), *(f"{kind}:{self.files.kinds[kind].fingerprint}" for kind in kinds)])

    # --- columns

    def _prepare(self) -> None:
        lists = {name: Words(data.values) for name, data in self.pack.lists.items()}
        total = sum(self.files.kinds[kind].rows for kind, terms in self.plan.prepared.items() if terms)
        done = 0
        for kind, terms in self.plan.prepared.items():
            if not terms:
                continue
            keys = {name: key_of(self.plan.text_of_term(name, kind), kind, self._data(kind)) for name in terms}
            missing = [name for name in terms if not self.cache.has("prepared", keys[name])]
            if missing:
                beside = {name: self.out / "work" / f"{name}.parquet" for name in missing}
                prepare(
                    self.database,
                    self.sources,
                    kind,
                    {name: terms[name] for name in missing},
                    lists,
                    beside,
                    lambda rows, done=done: self.progress(N_("preparing texts"), done + rows, total),  # type: ignore[misc]
                )
                for name in missing:
                    self.cache.take("prepared", keys[name], beside[name])
                    self.cache.computed.append(f"prepared {kind} {name}")
            done += self.files.kinds[kind].rows
            paths = [self.cache.path("prepared", keys[name]) for name in terms]
            joined = self.out / "work" / f"{self.sources.prepared(kind)}.parquet"
            self.database.write(side_by_side(paths), joined)
            self._relation(self.sources.prepared(kind), [joined])

    def _features(self) -> None:
        for number, family in enumerate(self.plan.families):
            self.progress(N_("computing features"), number, len(self.plan.families))
            data = self._data(*family.kinds(self.pack))
            text = self.plan.text_of_family(number)
            keys = {kind: key_of(text, kind, data) for kind in family.readers}
            told = {kind: {spec.name: self._feature_key(spec, kind) for spec in family.specs} for kind in keys}
            paths = {kind: self._kept_features(keys[kind], told[kind]) for kind in keys}
            if None in paths.values():
                beside = {kind: self.out / "work" / f"features_{number}_{kind}.parquet" for kind in keys}
                if self.spark:
                    compute_family_on_spark(self.spark, self.database, self.on_spark, family, beside)
                elif not compute_in_arrays(self.database, self.sources, family, beside, self._rows(family)):
                    compute_family(self.database, self.sources, family, beside)
                paths = {kind: self.cache.take("features", keys[kind], beside[kind], told[kind]) for kind in keys}
                self.cache.computed.append("features " + " ".join(spec.name for spec in family.specs))
            for kind, path in paths.items():
                assert path is not None
                self._relation(self._table(number, kind), [path])
                for spec in family.specs:
                    self.feature_files.setdefault(kind, {})[spec.name] = path

    def _feature_key(self, spec: FeatureSpec, kind: str) -> str:
        """Return what the values of one feature on one kind hang on."""
        alone = Family(spec.by, (spec,), (kind,))
        text = f"{self.plan.versions} {text_of_family(self.pack, alone)}"
        return key_of(text, kind, self._data(*alone.kinds(self.pack)))

    def _kept_features(self, key: str, wanted: Mapping[str, str]) -> Path | None:
        """Return the entry with some features, or one that holds them among others; None when there is none."""
        if self.cache.has("features", key):
            return self.cache.path("features", key)
        for path, told in self.cache.told("features"):
            if wanted.items() <= told.items():
                self.cache.use(path)
                return path
        return None

    def _rows(self, family: Family) -> int:
        """Return how many events a family is about, at most."""
        return sum(self.files.kinds[kind].rows for kind in family.kinds(self.pack))

    def _table(self, number: int, kind: str) -> str:
        return f"features_{number}_{self.sources.number(kind)}"

    def _tables(self, kind: str, names: tuple[str, ...]) -> dict[str, str]:
        """Return the relation that each feature of a kind is in."""
        return {name: self._table(self.plan.family_of(name), kind) for name in names}

    # --- rules

    def _rules(self) -> None:
        for number, (kind, rules) in enumerate(self.plan.rules.items()):
            self.progress(N_("trying rules"), number, len(self.plan.rules))
            base = key_of("states", kind, self.pack.kinds[kind].roles, self._data(kind))
            hashes = {rule.rule.name: self._hash(kind, rule) for rule in rules}
            known = self._known(base, hashes)
            fresh = [rule for rule in rules if known is None or rule.rule.name not in known.places]
            key = key_of(base, *hashes.items())
            if not self.cache.has("states", key):
                table = None
                if fresh:
                    tables = self._tables(kind, features_of(fresh))
                    if self.spark:
                        table = compute_states_on_spark(self.spark, self.database, self.on_spark, kind, fresh, tables)
                    else:
                        table = compute_states(self.database, self.sources, kind, fresh, tables)
                    self.cache.computed += [f"states {kind} {rule.rule.name}" for rule in fresh]
                events = self.sources.events(kind)
                sql = merged_states(self.pack.kinds[kind], events, rules, known, fresh, table)
                told = {"base": base, "rules": [[name, made] for name, made in hashes.items()]}
                self.cache.put("states", key, lambda path, sql=sql: self.database.write(sql, path), told)  # type: ignore[misc]
                self.database.run("DROP TABLE IF EXISTS states")
            self.database.relation(self._states(kind), [self.cache.path("states", key)])

    def _states(self, kind: str) -> str:
        return f"states_of_{self.sources.number(kind)}"

    def _hash(self, kind: str, rule: RuleOnKind) -> str:
        read = set(features_of([rule]))
        kinds = {k for name in read for k in self.plan.families[self.plan.family_of(name)].kinds(self.pack)}
        return key_of(self.plan.text_of_rule(kind, rule), self._data(*sorted(kinds)))

    def _known(self, base: str, hashes: dict[str, str]) -> Known | None:
        """Return the entry that knows the most of the rules, over the same events."""
        best: Known | None = None
        for path, told in self.cache.told("states"):
            if told.get("base") != base:
                continue
            places = {name: n for n, (name, made) in enumerate(told["rules"]) if hashes.get(name) == made}
            if places and (best is None or len(places) > len(best.places)):
                best = Known(path, places)
        if best is not None:
            self.cache.use(best.path)
        return best

    # --- effects

    def _effects(self) -> dict[str, pa.Table]:
        """Settle what fired; return the states of what was open, by kind."""
        wanted = {
            kind: (self._states(kind), lambda names, kind=kind: self._tables(kind, names)) for kind in self.plan.rules
        }
        step = EffectsStep(self.plan, self.database, self.sources, self.out, self.since, self.counts, self.progress)
        return step.all(wanted)

    # --- decisions

    def _decisions(self, resolved: object) -> None:
        assert isinstance(resolved, dict)
        (self.out / "decisions").mkdir()
        for number, (kind, rules) in enumerate(self.plan.rules.items()):
            self.progress(N_("writing decisions"), number, len(self.plan.rules))
            table = resolved.get(kind)
            if table is not None:
                self.database.db.register("resolved", table)
            names = [rule.rule.name for rule in rules]
            stamp = self.pack.version, versions.LANGUAGE
            name = "resolved" if table is not None else None
            path = self.out / "decisions" / f"part-{number:03}.parquet"
            self.database.write(decisions_sql(kind, names, self._states(kind), name, self.since, stamp), path)
            count_decisions(self.database, path, self.counts)
            if table is not None:
                self.database.db.unregister("resolved")

    def _manifest(self, seconds: float) -> HistoryManifest:
        events = {kind: self.sources.events(kind) for kind in self.pack.kinds}
        kinds, warm_up = {kind: found.rows for kind, found in self.files.kinds.items() if found.rows}, 0
        if self.since is not None or self.until is not None:
            kinds, warm_up = count_events(self.database, events, self.since)
        counts = self.counts
        return HistoryManifest(
            pack=self.pack.name,
            pack_version=self.pack.version,
            language_version=versions.LANGUAGE,
            zelo_version=versions.ZELO,
            lake=str(self.files.root),
            engine=self.engine,
            since_us=self.since_us,
            until_us=self.until_us,
            warm_up=warm_up,
            events=sum(kinds.values()),
            kinds=kinds,
            rules={
                rule.id: RuleCounts(counts.fired.get(rule.name, 0), counts.undetermined.get(rule.name, 0))
                for rule in self.pack.rules
            },
            events_fired=counts.events_fired,
            events_undetermined=counts.events_undetermined,
            effects=dict(sorted(counts.effects.items())),
            held={reason: dict(sorted(found.items())) for reason, found in sorted(counts.held.items())},
            feature_tables=link_features(self.out, self.feature_files),
            computed=tuple(self.cache.computed),
            seconds={**self.seconds, "total": round(seconds, 3)},
        )


def _first_key(moment_us: int) -> int:
    """Return the smallest order key at or after an instant."""
    return -(-moment_us // 1_000) << COUNTER_BITS

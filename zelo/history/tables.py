"""The files of effects: settled once for all events of a pattern where that suffices, event after event elsewhere."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pyarrow as pa

from zelo.adapters.history_alone import counted_stretches, find_patterns, keep_full, keep_settlements, write_settled
from zelo.adapters.history_database import HistoryDatabase
from zelo.adapters.history_files import Counts
from zelo.adapters.history_rows import EFFECTS, HELD, RowFile, Wanted, close_quietly, find_labelled, replayed_rows
from zelo.base.messages.message import N_
from zelo.decide.kept import effect_cells
from zelo.events.decode import Decoder
from zelo.history.alone import (
    MOMENT_BITS,
    Pattern,
    Settlement,
    Settler,
    bits_of_effects,
    in_danger,
    stretches_of_full_days,
)
from zelo.history.logic import Plan
from zelo.history.replay import Outcome, Replay, Row
from zelo.policy.to_sql.sources import Sources

Tables = Callable[[tuple[str, ...]], dict[str, str]]
"""Features -> the relation that each is in."""
ALONE = True
"""Whether events that can are settled by pattern; tests compare with settling each in its turn."""


@dataclass
class EffectsStep:
    """One step of a run over history."""

    plan: Plan
    database: HistoryDatabase
    sources: Sources
    out: Path
    since: int | None
    counts: Counts
    progress: Callable[[str, int, int], None]
    replay: Replay = field(init=False)

    def all(self, relations: Mapping[str, tuple[str, Tables]]) -> dict[str, pa.Table]:
        """
        Settle what fired; return the states of what was open, by kind.

        `relations` names, for each kind with rules, the relation of its states and those of its features.
        """
        self.replay = Replay(self.plan.pack, self.plan.rules)
        wanted = {kind: self._wanted(kind, states, tables) for kind, (states, tables) in relations.items()}
        find_labelled(self.database, wanted.values())
        self._settle_patterns(wanted)
        return self._replayed(wanted)

    def _wanted(self, kind: str, states: str, tables: Tables) -> Wanted:
        part = self.replay.kinds[kind]
        return Wanted(
            kind=self.plan.pack.kinds[kind],
            rules=self.plan.rules[kind],
            states=states,
            settling=f"settling_{self.sources.number(kind)}",
            stretch_bits=MOMENT_BITS,
            features=part.features,
            tables=tables(part.features),
            fields=part.fields,
        )

    # --- by pattern

    def _settle_patterns(self, wanted: Mapping[str, Wanted]) -> None:
        """Write the effects of all events that settle by themselves; leave the others to the replay."""
        reads_labels = any(rule.is_open for rules in self.plan.rules.values() for rule in rules)
        settlers, patterns = {}, {}
        for kind, one in wanted.items():
            settlers[kind] = Settler(one.rules, self.replay.kinds[kind].compiled, reads_labels)
            found = find_patterns(self.database, one, bits_of_effects(one.rules))
            patterns[kind] = [Pattern(*pattern) for pattern in found]
        counts = [(settlers[kind].most(one), one.events) for kind, found in patterns.items() for one in found]
        limits = self.replay.limits
        keys = in_danger(limits.by_key, counts)
        settled: dict[str, list[Settlement]] = {}
        for number, (kind, one) in enumerate(wanted.items()):
            self.progress(N_("settling effects"), number, len(wanted))
            settler, rows = settlers[kind], []
            for pattern in patterns[kind]:
                settlement = settler.settlement(pattern) if ALONE else None
                if settlement is not None:
                    settled.setdefault(kind, []).append(settlement)
                most = settler.most(pattern)
                asked, held = _cells(settlement)
                rows.append((pattern.states, pattern.missing, asked, held, [most.get(key, 0) for key in keys]))
            keep_settlements(self.database, one, bits_of_effects(one.rules), rows)
        full: list[int] = []
        if keys:
            counted = counted_stretches(self.database, list(wanted.values()), len(keys))
            full = stretches_of_full_days(limits, keys, counted)
        keep_full(self.database, full)
        for kind, ones in settled.items():
            self._write(wanted[kind], ones)

    def _write(self, wanted: Wanted, settled: Sequence[Settlement]) -> None:
        number = 1 + self.sources.number(wanted.kind.name)
        for which, some in (
            ("effects", any(one.effects for one in settled)),
            ("held", any(one.held for one in settled)),
        ):
            if some:
                path = self.out / which / f"part-{number:03}.parquet"
                path.parent.mkdir(exist_ok=True)
                for reason, kind, count in write_settled(self.database, wanted, which, path, self.since):
                    self.counts.add(reason, kind, count)

    # --- event after event

    def _replayed(self, wanted: Mapping[str, Wanted]) -> dict[str, pa.Table]:
        """Replay the other events; return the states of what was open, by kind."""
        effects = RowFile(self.out / "effects" / "part-000.parquet", EFFECTS)
        held = RowFile(self.out / "held" / "part-000.parquet", HELD)
        resolved: dict[str, list[tuple[int, ...]]] = {}
        done = 0
        try:
            for outcome in self._outcomes(wanted):
                if outcome.states is not None:
                    resolved.setdefault(outcome.kind, []).append((outcome.row.order_key, *outcome.states))
                if self.since is None or outcome.row.order_key >= self.since:
                    self._keep(outcome, effects, held)
                done += 1
                if done % 10_000 == 0:
                    self.progress(N_("settling effects"), done, 0)
            effects.close()
            held.close()
        except BaseException:
            close_quietly([effects, held])
            raise
        return {kind: _states_table(rows) for kind, rows in resolved.items()}

    def _outcomes(self, wanted: Mapping[str, Wanted]) -> Iterator[Outcome]:
        decoder = Decoder(self.plan.pack.kinds)
        streams = [self._rows(one, decoder) for one in wanted.values()]
        takers = {kind: self.replay.taker(kind) for kind in wanted}
        for _, kind, row in heapq.merge(*streams):
            yield takers[kind](row)

    def _rows(self, wanted: Wanted, decoder: Decoder) -> Iterator[tuple[int, str, Row]]:
        kind = wanted.kind.name
        for found in replayed_rows(self.database, wanted, self.sources.events(kind), decoder):
            yield found[0], kind, Row(*found)

    def _keep(self, outcome: Outcome, effects: RowFile, held: RowFile) -> None:
        place = outcome.row.order_key, outcome.row.event_id, outcome.kind
        for effect in outcome.effects:
            effects.put((*place, *effect_cells(effect).values()))
            self.counts.add("", effect.kind, 1)
        for one in outcome.held:
            held.put((*place, *effect_cells(one.effect).values(), one.reason))
            self.counts.add(one.reason, one.effect.kind, 1)


def _cells(
    settlement: Settlement | None,
) -> tuple[list[dict[str, object]] | None, list[dict[str, object]] | None]:
    """Return the effects and what is held as rows without entities."""
    if settlement is None:
        return None, None
    effects = [effect_cells(effect) for effect in settlement.effects]
    held = [{**effect_cells(one.effect), "reason": one.reason} for one in settlement.held]
    for cells in (*effects, *held):
        del cells["entity"]
    return effects, held


def _states_table(rows: list[tuple[int, ...]]) -> pa.Table:
    columns = [pa.array(column, pa.int64()) for column in zip(*rows, strict=True)]
    return pa.table(columns, names=["order_key", *(f"states_{place}" for place in range(len(columns) - 1))])

"""
What a run over history leaves in its folder, and what it may use while it runs; `zelo.history.flows.run_sql` makes it.

    OUT/history.json                       written last: a folder without it is unfinished
    OUT/decisions/part-000.parquet         event_id, kind, order_key, effective_at, pack_version, language_version,
                                           fired, undetermined: events with something in one of the two, by kind
    OUT/effects/part-000.parquet           order_key, event_id, event_kind, kind, role, entity, parameters, rules
    OUT/held/part-000.parquet              the same columns and reason
    OUT/features/KIND/TABLE.parquet        order_key and a column `f_NAME` for each feature of the table
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

HISTORY_VERSION = 1


@dataclass(frozen=True)
class HistoryLimits:
    """What a run over history may use."""

    memory: str = "4GB"
    """As DuckDB reads it; what is more is spilled beside the result."""
    threads: int | None = None
    """None: as many as there are processors."""


class RuleCounts(msgspec.Struct, frozen=True):
    """On how many events a rule fired, and on how many it could not be determined."""

    fired: int
    undetermined: int


class HistoryManifest(msgspec.Struct, kw_only=True, frozen=True):
    """What a finished run over history holds; counts are of events from `since_us` on."""

    history_version: int = HISTORY_VERSION
    pack: str
    pack_version: str
    language_version: str
    zelo_version: str
    lake: str
    engine: str
    since_us: int | None
    until_us: int | None
    warm_up: int
    """Events before `since_us`: they only build up windows and labels."""
    events: int
    """Events whose decisions count."""
    kinds: Mapping[str, int]
    rules: Mapping[str, RuleCounts]
    """Every rule of the pack as `policy/rule`, in pack order."""
    events_fired: int
    events_undetermined: int
    effects: Mapping[str, int]
    held: Mapping[str, Mapping[str, int]]
    """Reason to kind of effect to how many were held back."""
    feature_tables: Mapping[str, Mapping[str, str]]
    """Kind of event to feature to the file, below OUT, whose column `f_NAME` holds its values by order_key."""
    computed: tuple[str, ...]
    """What had to be computed, because the cache did not hold it."""
    seconds: Mapping[str, float]
    """Stage to how long it took; `total` for all."""


@dataclass(frozen=True)
class HistoryRun:
    """The result of a run over history, on disk."""

    out: Path
    manifest: HistoryManifest = field(repr=False)

    @property
    def decisions(self) -> str:
        """Return the pattern of the files of decisions, for `read_parquet`."""
        return str(self.out / "decisions" / "*.parquet")

    @property
    def effects(self) -> str:
        """Return the pattern of the files of effects."""
        return str(self.out / "effects" / "*.parquet")

    @property
    def held(self) -> str:
        """Return the pattern of the files of effects held back."""
        return str(self.out / "held" / "*.parquet")

    def features(self, kind: str) -> Mapping[Path, tuple[str, ...]]:
        """Return the files that hold features of a kind, each with the names of the features in it."""
        found: dict[Path, list[str]] = {}
        for name, file in self.manifest.feature_tables.get(kind, {}).items():
            found.setdefault(self.out / file, []).append(name)
        return {path: tuple(names) for path, names in found.items()}

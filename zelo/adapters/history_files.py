"""What a run over history left, counted; and its feature columns put beside the rest."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from zelo.adapters.fitting import literal
from zelo.adapters.history_database import HistoryDatabase


@dataclass
class Counts:
    """What came of the events that count."""

    effects: dict[str, int] = field(default_factory=dict)
    held: dict[str, dict[str, int]] = field(default_factory=dict)
    fired: dict[str, int] = field(default_factory=dict)
    undetermined: dict[str, int] = field(default_factory=dict)
    events_fired: int = 0
    events_undetermined: int = 0

    def add(self, reason: str, kind: str, count: int) -> None:
        """Count effects of a kind, or such as were held back when there is a reason."""
        found = self.held.setdefault(reason, {}) if reason else self.effects
        found[kind] = found.get(kind, 0) + count


def count_decisions(database: HistoryDatabase, path: Path, counts: Counts) -> None:
    """Add what a file of decisions holds."""
    source = f"read_parquet({literal(str(path))})"
    for column, found in (("fired", counts.fired), ("undetermined", counts.undetermined)):
        rows = database.run(
            f"SELECT name, sum(n) FROM (SELECT {column} AS names, count(*) AS n FROM {source} GROUP BY 1), "
            "unnest(names) AS one(name) GROUP BY 1"
        )
        for name, count in rows:
            found[name] = found.get(name, 0) + int(count)
    [(fired, undetermined)] = database.run(
        f"SELECT count(*) FILTER (len(fired) > 0), count(*) FILTER (len(undetermined) > 0) FROM {source}"
    )
    counts.events_fired += fired
    counts.events_undetermined += undetermined


def count_events(
    database: HistoryDatabase, relations: Mapping[str, str], since_key: int | None
) -> tuple[dict[str, int], int]:
    """Return the events that count by kind, and how many were before them."""
    kinds: dict[str, int] = {}
    warm_up = 0
    since = "true" if since_key is None else f"order_key >= {since_key}"
    for kind, relation in relations.items():
        [(count, every)] = database.run(f"SELECT count(*) FILTER ({since}), count(*) FROM {relation}")
        warm_up += every - count
        if count:
            kinds[kind] = count
    return kinds, warm_up


def link_features(out: Path, files: Mapping[str, Mapping[str, Path]]) -> dict[str, dict[str, str]]:
    """Put the files of features, by kind and feature, into the result; return where they are, below it."""
    found: dict[str, dict[str, str]] = {}
    for kind, names in files.items():
        folder = out / "features" / kind
        folder.mkdir(parents=True, exist_ok=True)
        for name, path in names.items():
            place = folder / path.name
            if not place.exists():
                try:
                    os.link(path, place)
                except OSError:
                    shutil.copyfile(path, place)
            found.setdefault(kind, {})[name] = str(place.relative_to(out))
    return found

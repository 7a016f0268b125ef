"""Where events come from: a lake, JSON Lines files, or a folder of tables that the pack's SQL maps to events."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from zelo.adapters.dead_letters import dead_letters
from zelo.adapters.files import writing
from zelo.adapters.json_lines import find_json_lines, stage_json_lines
from zelo.adapters.lake import LakeWriter, Manifest, is_lake, unfinished
from zelo.adapters.stage import Clock, Limits, Progress, Stage
from zelo.adapters.tables import find_tables, stage_tables
from zelo.base.errors import InvalidInput, NotFound
from zelo.base.messages.message import N_
from zelo.events.decode import Decoder

LAKE, JSON_LINES, TABLES = "lake", "json_lines", "tables"


@dataclass(frozen=True)
class Import:
    """What to import, and how."""

    pack: str
    pack_version: str
    source: Path
    mappings: Mapping[str, str]
    """The pack's SQL by name."""
    decoder: Decoder
    clock: Clock
    limits: Limits = field(default_factory=Limits)


def form_of(source: Path, mappings: Mapping[str, str]) -> str:
    """Return which of the three forms a source has; raise NotFound or InvalidInput when it has none."""
    if not source.exists():
        raise NotFound(N_("there is no source {source}"), source=source)
    if source.is_dir() and is_lake(source):
        return LAKE
    if unfinished(source):
        raise NotFound(
            N_("{source} is an unfinished world or import: run the command that makes it again, to its end"),
            source=source,
        )
    tables = [name for name, path in find_tables(source).items() if path not in find_json_lines(source)]
    if tables and mappings:
        return TABLES
    if find_json_lines(source):
        return JSON_LINES
    if tables:
        raise InvalidInput(
            N_("{source} holds tables, but the pack has no sources/*.sql that says how to make events of them"),
            source=source,
        )
    raise InvalidInput(
        N_("{source} holds no events: it must be a lake, .jsonl files, or tables (.parquet, .csv, .json)"),
        source=source,
    )


def import_events(job: Import, lake_root: Path, letters_path: Path, progress: Progress) -> Manifest:
    """
    Read a source that is not a lake into a new lake; every row becomes an event or a dead letter.

    What was in `lake_root` is replaced. Tables are taken in by time, then id; JSON Lines in the order of lines.
    Ids that come again, in the whole source, are dead letters; this takes disk, not memory.
    """
    form = form_of(job.source, job.mappings)
    with writing(lake_root):
        lake_root.mkdir(parents=True, exist_ok=True)
        lake = LakeWriter(lake_root, job.decoder.kinds)
        stage = Stage(lake_root / "stage", job.decoder.kinds, job.limits)
        try:
            with dead_letters(letters_path) as letters:
                if form == TABLES:
                    rows = stage_tables(stage, job.source, job.mappings, job.clock, letters, progress)
                    order = "occurred_us, event_id, _src, _row"
                else:
                    files = find_json_lines(job.source)
                    rows = stage_json_lines(stage, files, job.decoder, job.clock, letters, progress)
                    order = "_src, _row"
                placed = stage.sequence(order, letters)
                kinds = stage.write(lake, progress, placed.events)
        finally:
            stage.close()
        refused = sum(letters.counts.values())
        assert rows == placed.events + refused == sum(kinds.values()) + refused, (
            "every row is an event or a dead letter"
        )
        manifest = Manifest(
            pack=job.pack,
            pack_version=job.pack_version,
            source=str(job.source),
            rows=rows,
            events=placed.events,
            dead_letters=dict(sorted(letters.counts.items())),
            kinds=kinds,
            late=placed.late,
            last_order_key=placed.last_order_key,
        )
        lake.finish(manifest)
    return manifest


def fingerprint(source: Path) -> str:
    """Return a short text that changes when a source's files do: their names, sizes and times of change."""
    files = sorted(path for path in ([source] if source.is_file() else source.rglob("*")) if path.is_file())
    told = [f"{path.relative_to(source.parent)} {path.stat().st_size} {path.stat().st_mtime_ns}" for path in files]
    return hashlib.sha256("\n".join(told).encode()).hexdigest()[:16]

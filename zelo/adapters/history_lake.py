"""A finished lake as files for SQL: which there are, whether they fit a pack, and what they hold."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from zelo.adapters.cache import Cache, code_key, key_of
from zelo.adapters.columns import lake_schema
from zelo.adapters.lake import Manifest, check_fit, read_manifest
from zelo.base.errors import InvalidInput
from zelo.base.messages.message import N_
from zelo.events.rows import columns
from zelo.events.types import Kind

_TAIL = 65_536
"""Bytes at the end of a file that are looked at: they hold the footer, with the counts and ranges of all columns."""


@dataclass(frozen=True)
class KindFiles:
    """The files of one kind, in the order of intake."""

    files: tuple[Path, ...]
    columns: frozenset[str]
    """Columns that a file has."""
    rows: int
    fingerprint: str
    """Changes when a file does."""
    alike: bool
    """Whether all files have the same columns in the same order."""


@dataclass(frozen=True)
class LakeFiles:
    """The files of a lake, by kind."""

    root: Path
    manifest: Manifest
    kinds: Mapping[str, KindFiles]


def lake_files(root: Path, kinds: Mapping[str, Kind], cache: Cache | None = None) -> LakeFiles:
    """
    Look at every file of a lake; raise NotFound when it is unfinished, InvalidInput when it does not fit.

    The cache remembers which files have been found to fit.
    """
    manifest = read_manifest(root)
    unknown = sorted(set(manifest.kinds) - set(kinds))
    if unknown:
        raise InvalidInput(
            N_("{root} holds events of the kind `{kind}`, which the pack does not have: import them again"),
            root=root,
            kind=unknown[0],
        )
    return LakeFiles(root, manifest, {name: _of_kind(root, kind, manifest, cache) for name, kind in kinds.items()})


def _of_kind(root: Path, kind: Kind, manifest: Manifest, cache: Cache | None) -> KindFiles:
    files = sorted((root / "events" / f"kind={kind.name}").glob("day=*/part-*.parquet"))
    made = hashlib.sha256(str(lake_schema(kind)).encode())
    for path in files:
        made.update(_told(root, path))
    fingerprint = made.hexdigest()
    key = key_of("fits", fingerprint, [(column.name, column.required) for column in columns(kind)], code_key())
    if cache is not None and cache.has("lake", key):
        known = pq.read_table(cache.path("lake", key)).to_pylist()[0]
        found, rows, alike = frozenset(known["columns"]), int(known["rows"]), bool(known["alike"])
    else:
        found, rows, alike = _checked(kind, files)
        if cache is not None:
            table = pa.table({"columns": [sorted(found)], "rows": [rows], "alike": [alike]})
            cache.put("lake", key, lambda path: pq.write_table(table, path))
    if rows != manifest.kinds.get(kind.name, 0):
        raise InvalidInput(
            N_("{root} holds {found} events of the kind `{kind}` where {expected} were written: import them again"),
            root=root,
            kind=kind.name,
            found=rows,
            expected=manifest.kinds.get(kind.name, 0),
        )
    return KindFiles(tuple(files), found, rows, fingerprint, alike)


def _checked(kind: Kind, files: Sequence[Path]) -> tuple[frozenset[str], int, bool]:
    """Return the columns of files, their rows, and whether all are alike; raise InvalidInput for a misfit."""
    wanted = lake_schema(kind)
    required = [column.name for column in columns(kind) if column.required]
    found: set[str] = set()
    rows, schemas = 0, []
    for path in files:
        file = _footer(path)
        schema = file.schema.to_arrow_schema()
        if schema not in schemas:
            schemas.append(schema)
        found |= set(check_fit(schema, wanted, path, kind))
        _check_required(file, path, required)
        rows += file.num_rows
    return frozenset(found), rows, len(schemas) == 1


def _footer(path: Path) -> pq.FileMetaData:
    try:
        return pq.read_metadata(path)
    except (pa.ArrowInvalid, OSError) as error:
        raise InvalidInput(N_("{path} is not a whole Parquet file: import the events again"), path=path) from error


def _told(root: Path, path: Path) -> bytes:
    """Return what tells one content of a file from another: its times and size, and the counts in its footer."""
    stat = path.stat()
    with path.open("rb") as file:
        file.seek(max(0, stat.st_size - _TAIL))
        tail = file.read()
    return f"{path.relative_to(root)} {stat.st_size} {stat.st_mtime_ns} {stat.st_ctime_ns}".encode() + tail


def _check_required(file: pq.FileMetaData, path: Path, required: list[str]) -> None:
    """Raise InvalidInput when a column has gaps that may have none."""
    places = {file.schema.column(number).path: number for number in range(file.num_columns)}
    for name in required:
        if name not in places:
            continue
        for group in range(file.num_row_groups):
            statistics = file.row_group(group).column(places[name]).statistics
            if statistics is not None and statistics.has_null_count and statistics.null_count:
                raise InvalidInput(
                    N_(
                        "{path}: column `{column}` is empty in some rows but required by the pack: "
                        "import the events again"
                    ),
                    path=path,
                    column=name,
                )

"""
Decisions as Parquet files, and the place up to which they are certain.

    OUT/decisions/part-000000.parquet   in the order of intake; a part is whole or absent
    OUT/checkpoint                      what continues from there exactly; written after the part it counts
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from pathlib import Path

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq

from zelo.adapters.columns import INSTANT
from zelo.adapters.files import put_in_place, writing

_EFFECT = [
    pa.field("kind", pa.string()),
    pa.field("role", pa.string()),
    pa.field("entity", pa.string()),
    pa.field("parameters", pa.string()),  # JSON; durations in microseconds
    pa.field("rules", pa.list_(pa.string())),
]
SCHEMA = pa.schema(
    [
        ("event_id", pa.string()),
        ("kind", pa.string()),
        ("order_key", pa.int64()),
        ("effective_at", INSTANT),
        ("pack_version", pa.string()),
        ("language_version", pa.string()),
        ("fired", pa.list_(pa.string())),
        ("undetermined", pa.list_(pa.string())),
        ("effects", pa.list_(pa.struct(_EFFECT))),
        ("held", pa.list_(pa.struct([*_EFFECT, pa.field("reason", pa.string())]))),
        ("features", pa.string()),  # JSON object of the features that were seen; null is missing
    ]
)
DIGEST_MODULUS = 1 << 128
Row = tuple[object, ...]
"""The cells of `SCHEMA`."""


_packed = msgspec.msgpack.Encoder().encode


def digest_of(row: Row) -> int:
    """Return a number for a row; the sum over all rows, modulo 2^128, tells whether two runs decided the same."""
    return int.from_bytes(hashlib.blake2b(_packed(row), digest_size=16).digest())


class DecisionParts:
    """The decision files of one run."""

    def __init__(self, out: Path) -> None:
        self.folder = out / "decisions"

    def has(self, count: int) -> bool:
        """Say whether the first parts are all there."""
        return all(self._path(number).is_file() for number in range(count))

    def keep(self, count: int) -> None:
        """Remove all but the first parts: what was written after the last checkpoint is decided again."""
        self.folder.mkdir(parents=True, exist_ok=True)
        kept = {self._path(number).name for number in range(count)}
        for path in self.folder.iterdir():
            if path.name not in kept:
                path.unlink()

    def write(self, number: int, rows: Sequence[Row]) -> None:
        """Put one part in its place."""
        path = self._path(number)
        beside = path.with_name(f"{path.name}.partial")
        with writing(self.folder):
            arrays = [pa.array(cells, field.type) for cells, field in zip(_columns(rows), SCHEMA, strict=True)]
            pq.write_table(pa.Table.from_arrays(arrays, schema=SCHEMA), beside, compression="zstd")
            put_in_place(beside, path)

    def _path(self, number: int) -> Path:
        return self.folder / f"part-{number:06}.parquet"


def _columns(rows: Sequence[Row]) -> Iterable[Sequence[object]]:
    return zip(*rows, strict=True) if rows else [[] for _ in SCHEMA]

"""Reads ledgers as rows: JSON Lines, CSV and Parquet files, one entry a row."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping
from pathlib import Path

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq

from zelo.base.errors import InvalidInput, NotFound
from zelo.base.messages.message import N_

Row = Mapping[str, object]
SUFFIXES = (".jsonl", ".ndjson", ".csv", ".parquet")
_BATCH = 20_000


def ledger_files(path: Path) -> list[Path]:
    """
    Return the files of a ledger: the one named, those of a folder by name, or those of the ledger in a world's folder.

    Raises NotFound when there is none, and InvalidInput for a folder of something else.
    """
    if not path.exists():
        raise NotFound(N_("there is no file {path}"), path=path)
    within = part_of_world(path, "entries")
    found = sorted(within.iterdir()) if within.is_dir() else [within]
    files = [file for file in found if file.suffix in SUFFIXES and file.is_file()]
    if not files or (within / "manifest.json").is_file():
        raise InvalidInput(
            N_("{path} is no ledger: give a .jsonl, .csv or .parquet file, or a folder of them"), path=path
        )
    return files


def part_of_world(path: Path, part: str) -> Path:
    """Return the folder of a world's ledger (`entries`) or of its accounts, if the path is a world; else the path."""
    within = path / "ledger" / part
    return within if within.is_dir() else path


def ledger_rows(path: Path) -> Iterator[tuple[str, Row]]:
    """Yield `file:line` and content of each row; empty cells are left out. Raises InvalidInput at its place."""
    for file in ledger_files(path):
        read = {".csv": _csv_rows, ".parquet": _parquet_rows}.get(file.suffix, _json_rows)
        for line, row in read(file):
            yield f"{file.name}:{line}", row


def _json_rows(path: Path) -> Iterator[tuple[int, Row]]:
    decode = msgspec.json.Decoder().decode
    with path.open("rb") as file:
        for number, line in enumerate(file, 1):
            if not line.strip():
                continue
            where = f"{path.name}:{number}"
            try:
                row = decode(line.removeprefix(b"\xef\xbb\xbf"))
            except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
                raise InvalidInput(N_("{path} is not JSON: {reason}"), path=where, reason=str(error)) from None
            if not isinstance(row, dict):
                raise InvalidInput(N_("{path} must hold a JSON object"), path=where)
            yield number, {key: value for key, value in row.items() if value is not None}


def _csv_rows(path: Path) -> Iterator[tuple[int, Row]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        reader = csv.DictReader(file, restkey="", strict=True)
        try:
            for row in reader:
                if "" in row or None in row.values():
                    text = N_("{path} has not as many cells as the first line has names")
                    raise InvalidInput(text, path=f"{path.name}:{reader.line_num}")
                yield reader.line_num, {key: value for key, value in row.items() if value != ""}
        except (csv.Error, UnicodeDecodeError) as error:
            text = N_("{path} is not CSV: {reason}")
            raise InvalidInput(text, path=f"{path.name}:{reader.line_num + 1}", reason=str(error)) from None


def _parquet_rows(path: Path) -> Iterator[tuple[int, Row]]:
    try:
        number = 0
        with pq.ParquetFile(path) as file:
            for batch in file.iter_batches(batch_size=_BATCH):
                for row in batch.to_pylist():
                    number += 1
                    yield number, {key: value for key, value in row.items() if value is not None}
    except (pa.ArrowException, OSError) as error:
        raise InvalidInput(N_("{path} is not Parquet: {reason}"), path=path.name, reason=str(error)) from None

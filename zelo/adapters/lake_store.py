"""
Where the platform's lake lies: a folder, or a bucket of S3-compatible storage, as `s3://bucket/prefix`.

A file appears whole or not at all, under a name that was never used before and is never written again: in a folder by
writing beside and renaming, in a bucket by the store itself, which shows an object only once it is complete. What makes
a file count is the manifest's row, in both.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import duckdb
import pyarrow as pa
import pyarrow.dataset as ds
import pyarrow.parquet as pq

from zelo.adapters.files import put_in_place, writing
from zelo.base.errors import InvalidInput, Unavailable
from zelo.base.messages.message import N_

GROUP_ROWS = 65_536
"""Rows of a row group: a page of the explorer is found in one of them."""
Found = tuple[str, float]
"""Path inside the lake, and when it was last written, in seconds since 1970."""


@dataclass(frozen=True)
class FolderLake:
    """A lake in a folder that all workers and servers see."""

    root: Path

    def __str__(self) -> str:
        return str(self.root)

    def write(self, path: str, table: pa.Table) -> int:
        """Publish a table as a file and return its size. Raises CannotWrite."""
        place = self.root / path
        with writing(self.root):
            place.parent.mkdir(parents=True, exist_ok=True)
            beside = place.with_name(f".{place.name}.partial")
            pq.write_table(table, beside, compression="zstd", row_group_size=GROUP_ROWS)
            with beside.open("rb") as file:
                os.fsync(file.fileno())
            size = beside.stat().st_size
            put_in_place(beside, place)
        return size

    def read(self, path: str) -> pa.Table:
        """Return a file's table."""
        return pq.read_table(self.root / path, partitioning=None)

    def remove(self, path: str) -> None:
        """Remove a file; one that is gone already is no mistake."""
        (self.root / path).unlink(missing_ok=True)

    def has(self, path: str) -> bool:
        """Say whether a file is there."""
        return (self.root / path).is_file()

    def found(self) -> Iterator[Found]:
        """Yield every file of the lake, half-written ones too."""
        for pattern in ("events/*/*/*.parquet*", "events/*/*/.*.partial", "decisions/*/*.parquet*",
                        "decisions/*/.*.partial"):  # fmt: skip
            for path in self.root.glob(pattern):
                yield str(path.relative_to(self.root)), path.stat().st_mtime

    def show(self, db: duckdb.DuckDBPyConnection, view: str, paths: Sequence[str], *, alike: bool) -> None:
        """Make a view of files; where they are not all alike, a column that a file lacks is empty there."""
        db.read_parquet([str(self.root / path) for path in paths], union_by_name=not alike).create_view(view)


@dataclass(frozen=True)
class BucketLake:
    """A lake in a bucket."""

    base: str
    """Bucket and prefix, without a slash at the end."""
    files: Any
    """The file system of the bucket's store."""

    def __str__(self) -> str:
        return f"s3://{self.base}"

    def write(self, path: str, table: pa.Table) -> int:
        """Publish a table as an object and return its size. Raises Unavailable and OSError."""
        buffer = pa.BufferOutputStream()
        pq.write_table(table, buffer, compression="zstd", row_group_size=GROUP_ROWS)
        data = buffer.getvalue()
        place = f"{self.base}/{path}"
        with self.files.open_output_stream(place) as out:
            out.write(data)
        if self.files.get_file_info(place).size != data.size:
            raise Unavailable(N_("{place} was not written whole: it is tried again"), place=place)
        return int(data.size)

    def read(self, path: str) -> pa.Table:
        """Return an object's table."""
        return pq.read_table(f"{self.base}/{path}", filesystem=self.files, partitioning=None)

    def remove(self, path: str) -> None:
        """Remove an object; one that is gone already is no mistake."""
        try:
            self.files.delete_file(f"{self.base}/{path}")
        except FileNotFoundError:
            return

    def has(self, path: str) -> bool:
        """Say whether an object is there."""
        return bool(self.files.get_file_info(f"{self.base}/{path}").is_file)

    def found(self) -> Iterator[Found]:
        """Yield every object of the lake; an upload that was broken off is none."""
        from pyarrow.fs import FileSelector

        for content in ("events", "decisions"):
            selector = FileSelector(f"{self.base}/{content}", recursive=True, allow_not_found=True)
            for one in self.files.get_file_info(selector):
                if one.is_file:
                    yield one.path.removeprefix(f"{self.base}/"), one.mtime.timestamp()

    def show(self, db: duckdb.DuckDBPyConnection, view: str, paths: Sequence[str], *, alike: bool) -> None:
        """Make a view of objects, of which only the columns and rows that a query wants are fetched."""
        whole = [f"{self.base}/{path}" for path in paths]
        factory = ds.FileSystemDatasetFactory(self.files, whole, ds.ParquetFileFormat())
        db.register(view, factory.finish(factory.inspect(promote_options="permissive", fragments=1 if alike else None)))


LakeStore = FolderLake | BucketLake


def lake_store(place: str | Path) -> LakeStore:
    """Return the lake of a folder or of an `s3://` address. Raises InvalidInput and Unavailable."""
    return _bucket(str(place)) if str(place).startswith("s3:") else FolderLake(Path(place))


@lru_cache(maxsize=8)
def _bucket(address: str) -> BucketLake:
    """Return the lake of an address; who may write there stands in the environment, never in the address."""
    parts = urlsplit(address)
    if not parts.hostname or parts.username or parts.query or parts.fragment:
        raise InvalidInput(N_("`{address}` is not of the form s3://bucket/prefix"), address=f"s3://{parts.hostname}")
    try:
        from pyarrow.fs import S3FileSystem
    except ImportError as error:
        raise Unavailable(N_("pyarrow was built without S3 here: name a folder")) from error
    environ = os.environ
    key, secret = environ.get("AWS_ACCESS_KEY_ID"), environ.get("AWS_SECRET_ACCESS_KEY")
    if not key or not secret:
        raise Unavailable(N_("set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY for {address}"), address=address)
    files = S3FileSystem(
        access_key=key, secret_key=secret, session_token=environ.get("AWS_SESSION_TOKEN"),
        region=environ.get("AWS_REGION") or environ.get("AWS_DEFAULT_REGION") or "us-east-1",
        endpoint_override=environ.get("AWS_ENDPOINT_URL_S3") or environ.get("AWS_ENDPOINT_URL"),
        connect_timeout=10, request_timeout=60, allow_delayed_open=True,
    )  # fmt: skip
    return BucketLake(f"{parts.netloc}{parts.path}".rstrip("/"), files)

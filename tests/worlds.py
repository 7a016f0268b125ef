"""Small worlds for the tests: made once, read by many."""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from tests.places import REPOSITORY, once
from zelo.policy.pack import Pack
from zelo.simulate.governed import PackGovernor
from zelo.simulate.making import Made, Order, make_world

PACK = REPOSITORY / "packs" / "br_social_commerce"


def silent(what: str, done: int, total: int) -> None:
    """Tell nobody."""


def made(out: Path, *, accounts: int = 400, days: int = 12, seed: int = 3, pack: Pack | None = None) -> Made:
    """Make a world."""
    return make_world(Order(accounts, days, seed, out), silent, PackGovernor(pack) if pack else None)


@cache
def kept(accounts: int = 400, days: int = 12, seed: int = 3) -> Path:
    """Return the folder of a world that all tests of this run share."""

    def make(out: Path) -> None:
        made(out, accounts=accounts, days=days, seed=seed)

    return once(f"world-{accounts}-{days}-{seed}", make)


def fingerprints(root: Path) -> dict[str, str]:
    """Return the hash of each file of a world."""
    files = (path for path in sorted(root.rglob("*")) if path.is_file() and path.name != ".lock")
    return {str(path.relative_to(root)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def contents(root: Path) -> str:
    """Return a hash of what a world's files hold, whatever library wrote them."""
    told = hashlib.sha256()
    for path in sorted(root.rglob("*.parquet")):
        told.update(str(path.relative_to(root)).encode())
        found = pq.read_table(path, partitioning=None)
        for name, values in zip(found.column_names, found.columns, strict=True):
            whole = values.cast(pa.int64()) if pa.types.is_timestamp(values.type) else values
            told.update(f"{name}{whole.to_pylist()!r}".encode())
    return told.hexdigest()


def rows(root: Path, sql: str) -> list[tuple[object, ...]]:
    """Return the rows of SQL; `$items` and so on stand for the tables of a world."""
    for name, part in (
        ("items", "truth/items"),
        ("accounts", "truth/accounts"),
        ("orders", "truth/orders"),
        ("ledger", "ledger/entries"),
        ("verdicts", "cases/verdicts"),
        ("impressions", "impressions/*"),
    ):
        sql = sql.replace(f"${name}", f"'{root}/{part}/*.parquet'")
    return duckdb.sql(sql.replace("$events", f"'{root}/events")).fetchall()

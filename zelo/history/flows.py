"""Tries a pack on a whole lake in SQL, and keeps what comes of it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Literal

from zelo.adapters.history import HistoryLimits, HistoryRun
from zelo.policy.pack import Pack

Progress = Callable[[str, int, int], None]
"""(what is being done, how much is done, of how much; 0 when that is not known)."""


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
    engine: Literal["duckdb", "spark"] = "duckdb",
) -> HistoryRun:
    """
    Decide every event of a finished lake; leave decisions, effects and features as Parquet files in `out`.

    The answer is that of `zelo.decide.logic.Engine`, event for event. `cache` is a folder that keeps columns and
    results for the next run; None: nothing is kept. Decisions count from `since_us` on, reading ends before `until_us`
    (effective times). What an earlier run left in `out` is replaced. Raises NotFound and InvalidInput for a lake that
    is unfinished or does not fit the pack, Unavailable when disk or memory do not suffice; `out` then holds nothing.
    """
    raise NotImplementedError

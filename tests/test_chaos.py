"""Killing server, worker and database at random under load: the short form of `benchmarks/chaos.py`."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest

from benchmarks.chaos import chaos


@pytest.mark.slow
def test_random_kills_lose_and_double_nothing() -> None:
    """Every accepted event has one decision and its effects once, equal to an undisturbed run."""
    with tempfile.TemporaryDirectory(prefix="zelo-chaos-") as folder:
        Path(folder).chmod(0o755)
        figures = chaos(Path(folder), runs=8, seed=3, tell=lambda _: None)
    names = ("left_waiting", "lost", "doubled", "decisions_that_differ", "effects_that_differ")
    found = {name: figures[name] for name in names}
    assert found == dict.fromkeys(found, 0)
    assert figures["chaos_runs"] == 8 and int(str(figures["effects"])) > 0

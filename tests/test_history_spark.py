"""Spark says what the online engine says: the same trees in its dialect."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, assume, given, settings

from tests.history_runs import differences, lake_of
from tests.places import extra, program
from tests.random_packs import packs, streams
from tests.small_run import stream, write_pack
from zelo.adapters.packs import open_pack
from zelo.base.source import Report
from zelo.history.flows import run_sql
from zelo.policy.load_pack import load_pack

extra("spark", "pyspark")
pytestmark = pytest.mark.slow
SMALL = ("sql.shuffle.partitions=1", "sql.codegen.wholeStage=false", "sql.adaptive.enabled=false")
"""Settings that cost least where there are few rows; Java would spend a minute on compiling for them."""


@pytest.fixture(autouse=True)
def java(monkeypatch: pytest.MonkeyPatch) -> None:
    program("java")
    monkeypatch.setenv("SPARK_LOCAL_IP", "127.0.0.1")
    settings = (
        " ".join(f"--conf spark.{setting}" for setting in SMALL) + " --driver-java-options -XX:TieredStopAtLevel=1"
    )
    monkeypatch.setenv("PYSPARK_SUBMIT_ARGS", f"--master local[1] {settings} pyspark-shell")


def test_a_small_stream_with_labels_limits_and_ties(tmp_path: Path) -> None:
    """Windows, prepared texts, labels, limits: nothing differs on Spark."""
    pack = open_pack(write_pack(tmp_path / "pack"))
    lake = lake_of(pack, stream(120), tmp_path / "lake")
    run = run_sql(pack, lake, tmp_path / "out", engine="spark")
    assert differences(pack, lake, run) == []
    assert run.manifest.effects["add_label"] > 0


@settings(max_examples=1, deadline=None, suppress_health_check=list(HealthCheck))
@given(packs(), streams())
def test_random_packs_on_random_events(files: dict[str, bytes], events: list[dict[str, object]]) -> None:
    """Whatever the pack and the events, Spark says what the online engine says."""
    pack = load_pack(files, Report())
    assume(pack is not None)
    assert pack is not None
    with tempfile.TemporaryDirectory() as folder:
        lake = lake_of(pack, events, Path(folder) / "lake")
        run = run_sql(pack, lake, Path(folder) / "out", engine="spark")
        assert differences(pack, lake, run) == []

"""Whatever the pack and whatever the events, a run over history in SQL says what the online engine says."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from pathlib import Path

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from tests.history_runs import differences, lake_of
from tests.random_packs import packs, streams
from tests.small_run import stream, write_pack
from zelo.adapters.history import HistoryLimits
from zelo.adapters.packs import open_pack
from zelo.base.source import Report
from zelo.history.flows import run_sql
from zelo.policy.load_pack import load_pack

ONE = HistoryLimits(memory="500MB", threads=1)
FORMS: dict[str, dict[str, object]] = {
    "arrays": {},
    "arrays in parts, texts shared": {
        "zelo.adapters.history_arrays.BYTES_A_ROW": 10_000_000,
        "zelo.adapters.history_arrays._UNEVEN": 1000,
        "zelo.policy.to_sql.rules.SHARED_AT": 1,
    },
    "a key too large for arrays": {
        "zelo.adapters.history_arrays.BYTES_A_ROW": 100_000_000,
        "zelo.adapters.history_arrays._UNEVEN": 0,
    },
    "windows in SQL": {"zelo.adapters.history_arrays.ARRAYS": False},
}
"""Ways to compute the same, as settings."""


def in_form(form: str) -> pytest.MonkeyPatch:
    """Choose a way to compute, until this is undone."""
    patch = pytest.MonkeyPatch()
    for name, value in FORMS[form].items():
        patch.setattr(name, value)
    return patch


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(packs(), st.lists(streams(), min_size=1, max_size=1), st.sampled_from(sorted(FORMS)))
def test_random_packs_on_random_events(
    files: Mapping[str, bytes], histories: list[list[dict[str, object]]], form: str
) -> None:
    """Random packs on random events, computed in each way."""
    pack = load_pack(files, Report())
    assume(pack is not None)
    assert pack is not None
    with tempfile.TemporaryDirectory() as folder:
        for events in histories:
            lake = lake_of(pack, events, Path(folder) / "lake")
            patch = in_form(form)
            try:
                run = run_sql(pack, lake, Path(folder) / "out", limits=ONE)
            finally:
                patch.undo()
            assert differences(pack, lake, run) == []


@pytest.mark.parametrize("form", FORMS)
def test_a_small_stream_with_labels_limits_and_ties(tmp_path: Path, form: str) -> None:
    """A small stream with labels, limits and ties."""
    monkeypatch = in_form(form)
    pack = open_pack(write_pack(tmp_path / "pack"))
    lake = lake_of(pack, stream(800), tmp_path / "lake")
    try:
        run = run_sql(pack, lake, tmp_path / "out", limits=ONE)
    finally:
        monkeypatch.undo()
    assert differences(pack, lake, run) == []
    assert run.manifest.events == 800
    assert run.manifest.effects["add_label"] > 0 and run.manifest.held["rule_limit"]["add_label"] > 0


def test_the_end_of_reading_and_the_start_of_counting(tmp_path: Path) -> None:
    """Events before the start build up windows and labels; those from the end on are not there."""
    pack = open_pack(write_pack(tmp_path / "pack"))
    lake = lake_of(pack, stream(800), tmp_path / "lake")
    start, end = 1_767_484_800_000_000, 1_767_657_600_000_000
    run = run_sql(pack, lake, tmp_path / "out", since_us=start, until_us=end, limits=ONE)
    until = end // 1000 << 20
    told = differences(pack, lake, run, until_key=until)
    whole = run_sql(pack, lake, tmp_path / "whole", until_us=end, limits=ONE)
    assert differences(pack, lake, whole, until_key=until) == []
    assert 0 < run.manifest.events < whole.manifest.events
    assert run.manifest.warm_up + run.manifest.events == whole.manifest.events
    assert all("[] in SQL" in line or " [] " in line for line in told if "features" not in line)

"""Effects that are settled once for all events of a pattern are those of settling each event in its turn."""

from __future__ import annotations

import tempfile
from pathlib import Path
from random import Random

import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.base_pack import FILES, PACK
from tests.history_runs import differences, in_sql, lake_of
from tests.small_run import stream
from zelo.adapters.history import HistoryLimits
from zelo.base.source import Report
from zelo.decide.limits import DailyLimits, day_end_ms
from zelo.history import tables
from zelo.history.alone import MOMENT_BITS, stretches_of_full_days
from zelo.history.flows import run_sql
from zelo.policy.load_pack import load_pack
from zelo.policy.pack import Pack

pytestmark = pytest.mark.slow

ONE = HistoryLimits(memory="500MB", threads=1)
DAY_MS = 86_400_000
CONDITIONS = (
    "event.price < 6.0",
    "event.price > 3.0",
    "event.quantity > 20",
    "features.listings_24h > 1",
    'event.title.contains("r") || event.quantity < 30',
)
EFFECTS = (
    "remove_content: too_cheap",
    "remove_content: {reason: other, on: device}",
    "demote: {factor: 0.5, for: 1h}",
    "demote: {factor: 0.2}",
    "limit_visibility: {surfaces: [search]}",
    "limit_visibility: {surfaces: [recommendation], for: 2h}",
    "hold_publication: {for: 1h, on: device}",
    "notify: many",
    "charge: {violation: spam, severity: high}",
    "charge: spam",
    "open_case: {queue: cases, on: device}",
    "open_case: {queue: cases, priority: 3}",
    "open_case: {queue: cases, priority: event.quantity * 2}",
    "add_label: {label: bulk, on: device}",
    "remove_label: bulk",
)
LABELLED = '"bulk" in actor.labels && event.price < 9.0'
KINDS = ("remove_content", "demote", "limit_visibility", "open_case", "charge", "notify")


def pack_of(rules: list[tuple[str, list[str], int | None]], limits: dict[str, int]) -> Pack:
    """Return a pack with rules of (condition, effects, daily limit)."""
    texts = []
    for number, (condition, effects, limit) in enumerate(rules):
        then = "".join(f"\n      - {effect}" for effect in effects)
        daily = "" if limit is None else f"\n    daily_limit: {limit}"
        texts.append(
            f"  - rule: r{number}\n    on: listing.created\n    when: |\n      {condition}\n    then:{then}{daily}"
        )
    policy = (
        "policy: many\ntitle: {en: Many, pt-BR: Muitas}\ntext: {en: Anything., pt-BR: Qualquer coisa.}\n"
        "violation: spam\ngrounds: {BR: [contract]}\nrules:\n"
        + "\n".join(texts)
        + "\nnotices:\n  many: {en: A lot., pt-BR: Muito.}\nexamples: []\n"
    )
    daily = f"daily_limits: {{{', '.join(f'{kind}: {limit}' for kind, limit in limits.items())}}}\n" if limits else ""
    report = Report()
    pack = load_pack(
        {**FILES, "pack.yaml": (PACK + daily).encode(), "policies/many.yaml": policy.encode()},
        report,
    )
    assert pack is not None, report.diagnostics
    return pack


def events(count: int, seed: int) -> list[dict[str, object]]:
    """Return a stream of which some events name a device, at times one called as the listing or the seller."""
    rng = Random(seed)
    found = stream(count, seed)
    for event in found:
        if event["kind"] == "listing.created" and rng.random() < 0.7:
            event["device_id"] = rng.choice(["d1", "d2", event["listing_id"], "s1"])
    return found


def both_ways(pack: Pack, told: list[dict[str, object]], folder: Path) -> int:
    """See that both ways of settling give the online engine's answer; return the effects settled by pattern."""
    lake = lake_of(pack, told, folder / "lake")
    run = run_sql(pack, lake, folder / "out", limits=ONE)
    assert differences(pack, lake, run) == []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tables, "ALONE", False)
        slow = run_sql(pack, lake, folder / "slow", limits=ONE)
    assert in_sql(run) == in_sql(slow)
    assert run.manifest.effects == slow.manifest.effects and run.manifest.held == slow.manifest.held
    return sum(path.stat().st_size for path in (folder / "out" / "effects").glob("part-*[1-9].parquet"))


RULES = st.tuples(
    st.sampled_from([*CONDITIONS, LABELLED]),
    st.lists(st.sampled_from(EFFECTS), min_size=1, max_size=3, unique=True),
    st.sampled_from([None, None, 1, 5]),
)


@settings(max_examples=5, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    st.lists(RULES, min_size=1, max_size=5),
    st.dictionaries(st.sampled_from(KINDS), st.sampled_from([1, 2, 4, 1000]), max_size=4),
    st.integers(0, 40),
    st.integers(0, 1000),
)
def test_random_rules_and_limits(
    rules: list[tuple[str, list[str], int | None]], limits: dict[str, int], count: int, seed: int
) -> None:
    """Families, merged requests, absent entities, limits reached or not, labels: both ways agree with the engine."""
    with tempfile.TemporaryDirectory() as folder:
        both_ways(pack_of(rules, limits), events(count, seed), Path(folder))


def test_what_is_alone_is_settled_by_pattern(tmp_path: Path) -> None:
    """Without labels and limits within reach no event needs its turn."""
    rules: list[tuple[str, list[str], int | None]] = [
        ("event.price < 6.0", ["remove_content: too_cheap", "notify: many"], None),
        ("event.price > 3.0", ["demote: {factor: 0.5}"], None),
    ]
    assert both_ways(pack_of(rules, {}), events(60, 1), tmp_path) > 0
    assert not in_part_of_replay(tmp_path)


def in_part_of_replay(folder: Path) -> int:
    """Return how many effects were settled event by event."""
    return int(pq.read_metadata(folder / "out" / "effects" / "part-000.parquet").num_rows)


def test_only_full_days_need_their_turn(tmp_path: Path) -> None:
    """A limit that some days pass leaves the other days to their patterns."""
    rules: list[tuple[str, list[str], int | None]] = [("event.price > 0.0", ["charge: spam"], None)]
    assert both_ways(pack_of(rules, {"charge": 20}), events(300, 2), tmp_path) > 0
    assert in_part_of_replay(tmp_path) > 0


def test_a_stretch_on_two_days_counts_for_both() -> None:
    """Midnight lies inside a stretch: neither of its days is taken for quieter than it may have been."""
    limits = DailyLimits("America/Sao_Paulo", {"charge": 10}, {})
    midnight = day_end_ms(1_767_484_800_000, limits.zone)
    across = (midnight - 1) >> MOMENT_BITS
    assert across << MOMENT_BITS < midnight < (across + 1) << MOMENT_BITS
    day_before, day_after = across - 10, across + 10
    keys = [("", "charge")]
    assert stretches_of_full_days(limits, keys, [(across, [6]), (day_after, [5]), (day_before, [4])]) == [
        across,
        day_after,
    ]
    assert stretches_of_full_days(limits, keys, [(across, [4]), (day_after, [6]), (day_before, [6])]) == []
    far = (midnight + 3 * DAY_MS) >> MOMENT_BITS
    assert stretches_of_full_days(limits, keys, [(far, [11]), (across, [4])]) == [far]

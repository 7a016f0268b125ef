"""Laws of the state of windowed features: what is shared, how large it gets, what is swept, what snapshots hold."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.windows_stories import CASES, MS, VALUES, feature, specs_of
from zelo.base.errors import InvalidInput
from zelo.decide.logic import SWEEP_EVERY
from zelo.events.types import DOUBLE, INT, STRING
from zelo.features.group import BATCH
from zelo.features.plan import plan
from zelo.features.spec import Value
from zelo.features.state import Windows


def test_features_over_the_same_events_share_state() -> None:
    """Windows of one log are one group; another filter, value, key or structure is another."""
    day, hour = 86_400_000, 3_600_000
    counts = [replace(feature("count", ms), name=f"c{ms}") for ms in (hour, day)]
    since = replace(feature("seconds_since", day), name="since")
    longer = replace(feature("exists", 2 * day), name="longer")
    sums = [replace(feature(a, day, value_type=INT, signature="v"), name=a) for a in ("sum", "avg", "min")]
    other = replace(counts[0], name="other", signature="where")
    by_device = replace(counts[0], name="device", by=("device",))
    groups = plan([counts[0], *sums, counts[1], since, longer, other, by_device])
    assert [group.names for group in groups] == [
        ("c3600000", "c86400000", "since"),
        ("sum", "avg"),
        ("min",),
        ("longer",),
        ("other",),
        ("device",),
    ]


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"window_ms": 2000}, "window"),
        ({"at_most": 7}, "at_most"),
        ({"signature": "event.x > 1"}, "signature"),
        ({"by": ("device",)}, "by"),
        ({"kinds": ("post.deleted",)}, "kinds"),
        ({"including_current": True}, "including"),
        ({"value_type": DOUBLE}, "type"),
    ],
)
def test_a_snapshot_of_other_features_is_refused_with_what_differs(change: dict[str, object], field: str) -> None:
    """The message names the property, and the state stays as it was."""
    spec = feature("sum", value_type=INT)
    before = Windows(plan([spec]))
    before.groups[0].observe("k", MS, 4)
    other = Windows(plan([replace(spec, **change)]))  # type: ignore[arg-type]
    other.groups[0].observe("k", MS, 6)
    with pytest.raises(InvalidInput) as refused:
        other.load(before.dump())
    assert refused.value.params["field"] == field
    assert other.groups[0].read("k", MS + 1)[0] == 6
    renamed = Windows(plan([replace(spec, name="another")]))
    renamed.load(before.dump())
    assert renamed.groups[0].read("k", MS + 1)[0] == 4


def test_a_snapshot_with_another_number_of_groups_is_refused() -> None:
    """A feature more or less is told, not guessed around."""
    one, two = Windows(plan([feature("count")])), Windows(plan([feature("count"), feature("last", value_type=INT)]))
    with pytest.raises(InvalidInput) as refused:
        two.load(one.dump())
    assert refused.value.params["found"] == 1
    assert refused.value.params["expected"] == 2


@pytest.mark.parametrize(("aggregate", "values"), CASES)
def test_a_damaged_snapshot_is_refused(aggregate: str, values: str) -> None:
    """Bytes cut off and bytes changed raise InvalidInput, and nothing else."""
    specs = specs_of(aggregate, VALUES[values][0], (5,))
    windows = Windows(plan(specs))
    samples: dict[str, Value | None] = {"int": 5, "timestamp": 7, "double": 0.5, "string": "é", "bool": True}
    for group in windows.groups:
        for number in range(4):
            group.observe("k" * (number % 2), number * MS, samples.get(values))
    data = windows.dump()
    for size in range(0, len(data), 7):
        with pytest.raises(InvalidInput):
            Windows(plan(specs)).load(data[:size])
    for place in range(0, len(data), 5):
        changed = bytearray(data)
        changed[place] ^= 0x41
        with pytest.raises(InvalidInput):
            Windows(plan(specs)).load(bytes(changed))


@pytest.mark.parametrize("aggregate", ["count", "sum", "avg", "min", "first", "distinct"])
def test_a_hot_key_stays_within_its_stated_bound(aggregate: str) -> None:
    """A log holds at most `at_most` events and an eighth more, however many come."""
    most, events = 100, 3000
    value_type = None if aggregate == "count" else INT
    (group,) = plan([feature(aggregate, 86_400_000, at_most=most, value_type=value_type)])
    numbers_an_event = {"count": 1, "sum": 2, "avg": 2, "min": 3, "first": 3, "distinct": 8}[aggregate]
    largest = 0
    for number in range(events):
        group.observe("k", number * MS, number)
        largest = max(largest, group.state_bytes())
    allowed = 8 * numbers_an_event * (most + most // 8 + 16) * 1.2 + 800
    assert largest < allowed * (3 if aggregate == "distinct" else 1)


def test_state_of_windows_for_ever_does_not_grow_with_events() -> None:
    """Two events and two thousand take the same room, but for the size of the numbers."""
    for aggregate, value_type in (
        ("count", None),
        ("sum", INT),
        ("avg", INT),
        ("max", INT),
        ("first", INT),
        ("last", INT),
    ):
        (group,) = plan([feature(aggregate, None, value_type=value_type)])
        sizes = []
        for number in range(2000):
            group.observe("k", number * MS, 1_000_000 + number)
            sizes.append(group.state_bytes())
        assert sizes[-1] <= sizes[300] + 16


def test_a_key_takes_few_bytes() -> None:
    """A typical mix over keys of one to five events takes at most 300 bytes a key and window, key and all."""
    day = 86_400_000
    mix = [
        ("count", None),
        ("sum", DOUBLE),
        ("max", DOUBLE),
        ("last", STRING),
        ("seconds_since", None),
        ("distinct", INT),
    ]
    windows = Windows(plan([feature(name, day, value_type=t, signature=name) for name, t in mix]))
    samples = {None: None, DOUBLE: 12.5, STRING: "device_12345", INT: 12345}
    own = 1_700_000_000_000 * MS
    for number in range(20_000):
        own += MS
        key = f"account_{number * number % 7919:07d}"
        for group in windows.groups:
            group.observe(key, own, samples[group.specs[0].value_type])  # type: ignore[index]
    assert windows.keys_live() == 6 * 3960
    assert windows.state_bytes() / windows.keys_live() < 300


def test_empty_keys_are_swept_as_new_ones_come() -> None:
    """With a new key at every event, few keys in state are empty ones."""
    specs = [feature("count", 500), replace(feature("distinct", 500, value_type=INT), name="d")]
    windows = Windows(plan(specs))
    largest = 0
    for number in range(20_000):
        for group in windows.groups:
            group.observe(number, number * MS, number)
        if number % SWEEP_EVERY == 0:
            windows.sweep(number * MS)
            largest = max(largest, windows.keys_live())
    assert 1000 <= largest < 1000 * 1.3
    for _ in range(1000):
        windows.sweep(40_000 * MS)
    assert windows.keys_live() < 2 * BATCH
    assert windows.groups[0].read(19_999, 40_000 * MS) == (0,)


def test_a_busy_key_stays_and_goes_when_it_falls_silent() -> None:
    """A key seen alive is looked at again; it is dropped at most about a window after it has run empty."""
    (group,) = plan([feature("count", 500)])
    for number in range(10 * BATCH):
        own = number * 10 * MS
        group.observe("busy", own)
        group.observe(number, own + 1)
        group.sweep(own + 2, 1000)
        assert group.read("busy", own + 3) == (min(number + 1, 50),)
    for number in range(10 * BATCH, 30 * BATCH):
        group.observe(number, number * 10 * MS + 1)
        group.sweep(number * 10 * MS + 2, 1000)
        live = group.keys_live()
    assert group.read("busy", number * 10 * MS + 3) == (0,)
    assert live <= 51 + 2 * BATCH


def test_no_group_starves_in_the_sweep() -> None:
    """The budget goes round, however small it is and however much one group has to do."""
    windows = Windows(plan([feature("count", 500), replace(feature("distinct", 500, value_type=INT), name="d")]))
    for number in range(4 * BATCH):
        for group in windows.groups:
            group.observe(number, number, number)
    windows.sweep(1000 * MS, budget=1)
    for _ in range(9 * BATCH):
        windows.sweep(2000 * MS, budget=1)
    assert windows.keys_live() == 0


def test_a_restored_engine_is_swept_too() -> None:
    """Keys that came with a snapshot are dropped like others."""
    windows, again = Windows(plan([feature("count", 500)])), Windows(plan([feature("count", 500)]))
    for number in range(1000):
        windows.groups[0].observe(number, number)
    again.load(windows.dump())
    for _ in range(100):
        again.sweep(1000 * MS)
    assert again.keys_live() == 0

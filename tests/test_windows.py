"""Laws of windowed features: every aggregate equals its naive twin, whatever times, sweeps and snapshots come."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import zip_longest
from math import inf, nextafter

import pytest
from hypothesis import given, settings

from tests.windows_oracle import Folded, answer
from tests.windows_stories import CASES, MS, VALUES, Step, feature, order_keys, specs_of, stories, told
from zelo.events.types import DOUBLE, INT, STRING, Type
from zelo.features.plan import plan
from zelo.features.spec import AGGREGATES, FeatureSpec, Key, Value
from zelo.features.state import Windows
from zelo.features.written import written
from zelo.policy.to_python.unit import Unit

Look = Callable[[Key, int, Value | None], tuple[Value | None, ...]]
EXAMPLES = max(15, settings().max_examples // 7)
"""Stories for each of some thirty cases: few by day, more in the nightly run."""


def values_at(
    windows: Windows, step: Step, own: int, *, bare: bool, looks: Sequence[Look] = ()
) -> dict[str, Value | None]:
    """
    Return every feature's value at an event, folded when it matches.

    `bare` reads single groups without tuples; `looks` are what folds in place of the groups' own methods.
    """
    found: dict[str, Value | None] = {}
    for group, look in zip_longest(windows.groups, looks):
        if look and step.matches:
            values = look(step.key, own, step.value)
        elif bare and len(group.names) == 1:
            if step.matches:
                values = (group.read_observe1(step.key, own, step.value),)
            else:
                values = (group.read1(step.key, own),)
        elif bare and step.matches and not any(spec.including_current for spec in group.specs):
            values = group.read(step.key, own)
            group.observe(step.key, own, step.value)
        elif step.matches:
            values = group.read_observe(step.key, own, step.value)
        else:
            values = group.read(step.key, own)
        found.update(zip(group.names, values, strict=True))
    return found


def generated(windows: Windows) -> list[Look]:
    """Return for each group what a kind's generated function does with it: its lines, or else a call of it."""
    looks = []
    for group in windows.groups:
        unit = Unit("look")
        targets = [f"f{number}" for number in range(len(group.names))]
        lines = written(group, unit.bind, "key", "value", targets)
        if lines is None:
            looks.append(group.read_observe)
            continue
        body = [*lines, f"return ({', '.join(targets)},)"]
        unit.functions.append("\n".join(["def look(key, order_key, value):", *(f"    {line}" for line in body)]))
        looks.append(unit.compile()["look"])
    return looks


def tell(specs: tuple[FeatureSpec, ...], steps: list[Step]) -> int:
    """Play a story on three engines and the naive twin and compare every value; return how many were compared."""
    plain, shaken = Windows(plan(specs)), Windows(plan(specs))
    single = Windows([group for spec in specs for group in plan([spec])])
    before = [spec for spec in specs if not spec.including_current]
    inlined = [Windows(plan(before)), Windows([group for spec in before for group in plan([spec])])]
    looks = [generated(engine) for engine in inlined]
    events: list[Folded] = []
    compared = 0
    for step, own in zip(steps, order_keys(step.occurred for step in steps), strict=True):
        if step.interlude == "snapshot":
            data = shaken.dump()
            shaken = Windows(plan(specs))
            shaken.load(data)
        elif step.interlude == "sweep":
            shaken.sweep(own, budget=7)
            single.sweep(own, budget=1_000_000)
        if step.matches:
            events.append((own, step.key, step.value))
        if step.interlude == "unread" and step.matches:
            for group in shaken.groups:
                group.observe(step.key, own, step.value)
        expected = {spec.name: answer(spec, events, step.key, own) for spec in specs}
        for engine, calls in zip(inlined, looks, strict=True):
            if step.interlude == "sweep":
                engine.sweep(own)
            found = values_at(engine, step, own, bare=False, looks=calls)
            assert repr(found) == repr({name: expected[name] for name in found})
            compared += len(found)
        for engine, bare in ((plain, False), (shaken, True), (single, True)):
            if engine is shaken and step.interlude == "unread" and step.matches:
                continue
            found = values_at(engine, step, own, bare=bare)
            assert found == expected
            assert {name: type(value) for name, value in found.items()} == {
                name: type(value) for name, value in expected.items()
            }
            compared += len(found)
    return compared


@pytest.mark.parametrize(("aggregate", "values"), CASES)
def test_every_aggregate_equals_its_naive_twin(aggregate: str, values: str) -> None:
    """At every event, on every engine, in every window, with and without the current event."""
    value_type, strategy = VALUES[values]
    specs = specs_of(aggregate, value_type)

    @settings(max_examples=EXAMPLES, deadline=None)
    @given(stories(strategy))
    def story(steps: list[Step]) -> None:
        assert tell(specs, steps) >= len(steps) * len(specs) * 2

    story()


@pytest.mark.parametrize("values", ["int", "double"])
def test_features_of_all_aggregates_together_equal_their_twins(values: str) -> None:
    """Groups that several features share, planned from one list of all aggregates, agree with the twin as well."""
    value_type, strategy = VALUES[values]
    both = [specs_of(name, value_type if aggregate.takes else None, (4,)) for name, aggregate in AGGREGATES.items()]
    specs = tuple(itertools.chain.from_iterable(both))

    @settings(max_examples=EXAMPLES, deadline=None)
    @given(stories(strategy, most_steps=40))
    def story(steps: list[Step]) -> None:
        assert tell(specs, steps) >= len(steps) * len(specs) * 2

    story()


def test_long_stories_of_hot_keys_equal_their_twins() -> None:
    """What is done only when state is large (cutting logs, dictionaries of values) changes no value."""
    for aggregate, value_type in (("count", None), ("sum", INT), ("max", INT), ("first", INT), ("distinct", STRING)):
        steps = [
            Step(
                occurred=1_000_000 + (number * 7) % 900 + number * 3 + (4_000 if number > 180 else 0),
                key="hot" if number % 9 else "cold",
                value=None if value_type is None else _some(number, value_type),
                matches=number % 11 != 3,
                interlude={97: "snapshot", 31: "sweep"}.get(number % 101, "unread" if number % 40 < 25 else ""),
            )
            for number in range(260)
        ]
        specs = tuple(
            replace(spec, name=f"{spec.name}_{ms}", window_ms=ms)
            for spec in specs_of(aggregate, value_type, (5, 60))
            if spec.window_ms is None
            for ms in (30, 900, None)
        )
        assert tell(specs, steps) >= len(steps) * len(specs) * 2


def test_values_that_come_again_and_again_are_known_by_their_latest_event() -> None:
    """What a busy key keeps of earlier events of a value changes nothing, nor does leaving it out."""
    steps = [Step(occurred=number * 3, key="hot", value=_some(number, STRING)) for number in range(200)]
    some, few = ([replace(s, value=f"v{n * n % base}") for n, s in enumerate(steps)] for base in (41, 7))
    specs = specs_of("distinct", STRING, (1, 9, 40))
    finite = [spec for spec in specs if spec.window_ms]
    specs += tuple(replace(spec, name=f"{spec.name}_long", window_ms=(spec.window_ms or 0) * 30) for spec in finite)
    for story in (steps, some, few):
        before = sum(not spec.including_current for spec in specs)
        assert tell(specs, story) == len(story) * (len(specs) * 3 + before * 2)


def _some(number: int, value_type: Type) -> Value:
    """Return a value that falls in long runs, so that chains grow, and repeats."""
    mixed = (number * 2654435761) % 97
    return f"v{mixed % 40}" if value_type == STRING else 1000 - number % 50 - mixed % 3


@pytest.mark.parametrize("including", [False, True])
def test_a_window_holds_its_first_instant_and_not_its_own_event(including: bool) -> None:
    """`[own - W, own)`: exactly W earlier is inside, one counter before that is not; the own event by request only."""
    spec = feature("count", window_ms=1000, including_current=including)
    edge = 5000 * MS + 3
    assert told(spec, (edge - 1000 * MS, None), (edge, None))[1] == 1 + including
    assert told(spec, (edge - 1000 * MS - 1, None), (edge, None))[1] == 0 + including
    assert told(spec, (edge - 1, None), (edge, None))[1] == 1 + including


@pytest.mark.parametrize(
    ("aggregate", "value_type", "inside", "outside"),
    [
        ("exists", None, True, False),
        ("seconds_since", None, 1, None),
        ("sum", INT, 5, 0),
        ("avg", INT, 5.0, None),
        ("min", INT, 5, None),
        ("max", INT, 5, None),
        ("first", INT, 5, None),
        ("last", INT, 5, None),
        ("distinct", INT, 1, 0),
    ],
)
def test_all_aggregates_have_the_same_edge(
    aggregate: str, value_type: Type | None, inside: Value | None, outside: Value | None
) -> None:
    """Every structure takes the event exactly W earlier, and not the one before it."""
    spec = feature(aggregate, window_ms=1000, value_type=value_type)
    edge = 5000 * MS + 3
    assert told(spec, (edge - 1000 * MS, 5), (edge, 9))[1] == inside
    assert told(spec, (edge - 1000 * MS - 1, 5), (edge, 9))[1] == outside


@pytest.mark.parametrize(
    ("aggregate", "expected"),
    [
        ("count", [0, 1, 2, 3, 3]),
        ("sum", [0, 50, 51, 53, 7]),
        ("max", [None, 50, 50, 50, 4]),
        ("first", [None, 50, 50, 50, 1]),
        ("distinct", [0, 1, 2, 3, 3]),
        ("avg", [None, 50.0, 25.5, 53 / 3, 7 / 3]),
    ],
)
def test_a_window_holds_at_most_the_latest_events(aggregate: str, expected: list[Value | None]) -> None:
    """The fourth event before is not among the latest three."""
    value_type = None if aggregate == "count" else INT
    spec = feature(aggregate, at_most=3, value_type=value_type)
    found = told(spec, *((number * MS, value) for number, value in enumerate([50, 1, 2, 4, 8])))
    assert found == expected
    assert told(replace(spec, including_current=True), *((n * MS, v) for n, v in enumerate([50, 1, 2, 4])))[3] == {
        "count": 3,
        "sum": 7,
        "max": 4,
        "first": 1,
        "distinct": 3,
        "avg": 7 / 3,
    }.get(aggregate)


def test_events_of_one_millisecond_are_in_the_order_of_their_counters() -> None:
    """A tie in time is no question: the later counter sees the earlier one, whichever value is larger."""
    last = feature("last", value_type=STRING)
    assert told(last, (7 * MS, "b"), (7 * MS + 1, "a"), (7 * MS + 2, "c")) == [None, "b", "a"]


def test_a_late_event_counts_from_when_it_was_known() -> None:
    """An event that occurred long before its window still counts at the next event, since it became known just now."""
    keys = order_keys([10_000, 2_000, 10_500])
    assert keys == [10_000 * MS, 10_000 * MS + 1, 10_500 * MS]
    assert told(feature("count"), *((key, None) for key in keys)) == [0, 1, 2]


def test_seconds_are_whole_and_rounded_down() -> None:
    """999 ms are 0 seconds, 1000 ms are 1; the counter does not matter."""
    spec = feature("seconds_since", window_ms=None)
    assert told(spec, (5 * MS + 9, None), (1004 * MS, None))[1] == 0
    assert told(spec, (5 * MS + 9, None), (1005 * MS, None))[1] == 1


def test_sums_of_doubles_are_exact_in_any_order() -> None:
    """Ten dimes are a unit; each double counts in millionths, halves upwards; one too large is as if missing."""
    spec = feature("sum", value_type=DOUBLE)
    assert told(spec, *((n, 0.1) for n in range(11)))[10] == 1.0
    assert told(spec, (1, 0.0000005), (2, -0.0000005), (3, 0.0))[1:] == [0.000001, 0.000001]
    assert told(spec, (1, 2.0), (2, 9007199254.740992), (3, 1.0), (4, 0.0)) == [0.0, 2.0, 2.0, 3.0]
    for window_ms in (1000, None):
        wide = replace(spec, window_ms=window_ms)
        assert told(wide, (1, 2.0), (2, -9007199254.740992), (3, 0.0)) == [0.0, 2.0, 2.0]
    assert told(spec, (1, 4503599627.370495), (2, 0.0))[1] == 4503599627.370495
    assert told(feature("avg", value_type=DOUBLE), (1, 1e300), (2, 3.0), (3, 0.0)) == [None, None, 3.0]


@pytest.mark.parametrize("window_ms", [1000, None])
def test_an_integer_sum_outside_64_bits_is_missing_and_comes_back(window_ms: int | None) -> None:
    """No wrap-around, and no harm to what follows, across a snapshot as well."""
    largest = 2**63 - 1
    spec = feature("sum", window_ms=window_ms, value_type=INT)
    assert told(spec, (1, largest), (2, 1), (3, -1), (4, 0)) == [0, largest, None, largest]
    assert told(spec, (1, -largest), (2, -1), (3, -1), (4, 0)) == [0, -largest, -largest - 1, None]
    windows = Windows(plan([spec]))
    for own, value in ((1, largest), (2, 1)):
        windows.groups[0].observe("k", own, value)
    again = Windows(plan([spec]))
    again.load(windows.dump())
    assert again.groups[0].read_observe("k", 3, -5) == (None,)
    assert again.groups[0].read("k", 4) == (largest - 4,)


@pytest.mark.parametrize("alone", [True, False])
def test_a_sum_that_outgrows_64_bits_because_events_leave_comes_back_too(alone: bool) -> None:
    """What leaves a window may have held the rest down."""
    largest = 2**63 - 1
    spec = feature("sum", window_ms=1000, value_type=INT)
    (group,) = plan([spec] if alone else [spec, replace(spec, name="g", window_ms=3)])
    for own, value in ((0, -largest), (600 * MS, largest), (601 * MS, largest)):
        group.observe("k", own, value)
    assert group.read("k", 700 * MS)[0] == largest
    assert group.read("k", 1001 * MS)[0] is None
    assert group.read("k", 1601 * MS)[0] == largest
    assert group.read_observe("k", 1602 * MS, 5)[0] == 0
    assert group.read("k", 1603 * MS)[0] == 5


@pytest.mark.parametrize("middle", [1.5, -1.5, 5e-324, -5e-324, 1e308, -1e308])
def test_neighbouring_doubles_are_told_apart(middle: float) -> None:
    """The smallest and largest of a double and its two neighbours are the neighbours, on both sides of zero."""
    below, above = nextafter(middle, -inf), nextafter(middle, inf)
    for order in itertools.permutations([below, middle, above]):
        events = [*enumerate(order, 1), (4, 0.0)]
        assert told(feature("min", value_type=DOUBLE), *events)[3] == below
        assert told(feature("max", value_type=DOUBLE), *events)[3] == above


@pytest.mark.parametrize("window_ms", [1000, None])
@pytest.mark.parametrize("aggregate", ["sum", "avg", "min", "max", "first", "last"])
def test_no_feature_gives_negative_zero(aggregate: str, window_ms: int | None) -> None:
    """Zeros are equal, so which of them an engine finds first must not show in text."""
    spec = feature(aggregate, window_ms=window_ms, including_current=True, value_type=DOUBLE)
    assert [str(value) for value in told(spec, (1, -0.0), (2, -0.0))] == ["0.0", "0.0"]

"""Stories of events for the laws of windowed features: random ones, and the features they are told to."""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from dataclasses import dataclass, replace

from hypothesis import strategies as st

from zelo.events.types import BOOL, DOUBLE, INT, STRING, TIMESTAMP, Type
from zelo.features.plan import plan
from zelo.features.spec import AGGREGATES, FeatureSpec, Key, Value

MS = 2**20
WINDOWS: tuple[int | None, ...] = (1, 7, 40, None)
MOSTS = (1, 3, 9, 10_000)


@dataclass(frozen=True)
class Step:
    """One event of a story."""

    occurred: int
    """Milliseconds; may be earlier than the event before (late)."""
    key: Key
    value: Value | None
    matches: bool = True
    interlude: str = ""
    """What happens to the second engine before it: `sweep`, `snapshot`, or that nobody reads it (`unread`)."""


def order_keys(occurred: Iterable[int]) -> list[int]:
    """Return order keys by law 3: effective time never falls, and no two events share a key."""
    keys: list[int] = []
    for ms in occurred:
        keys.append(max(ms * MS, keys[-1] + 1) if keys else ms * MS)
    return keys


def specs_of(aggregate: str, value_type: Type | None, mosts: Iterable[int] = MOSTS) -> tuple[FeatureSpec, ...]:
    """Return features of one aggregate over every window, bound and kind of inclusion."""
    return tuple(
        FeatureSpec(
            name=f"{aggregate}_{window}_{most}_{including}",
            aggregate=aggregate,
            kinds=("post.created",),
            window_ms=window,
            at_most=most,
            including_current=including,
            value_type=value_type,
            signature="text",
        )
        for window, most, including in itertools.product(WINDOWS, mosts, (False, True))
    )


VALUES: dict[str, tuple[Type | None, st.SearchStrategy[Value | None]]] = {
    "nothing": (None, st.none()),
    "int": (INT, st.one_of(st.none(), st.integers(-3, 3), st.integers(-(2**63), 2**63 - 1))),
    "timestamp": (TIMESTAMP, st.one_of(st.none(), st.integers(1_700_000_000_000_000, 1_700_000_000_000_009))),
    "double": (
        DOUBLE,
        st.one_of(
            st.none(),
            st.sampled_from([0.0, 0.1, -0.1, 0.5, 1e-7, 5e-7, 2.5e-6, 9007199254.0, 9007199254.740992, -1e300, 5e-324]),
            st.floats(allow_nan=False, allow_infinity=False).map(lambda v: v + 0.0),
        ),
    ),
    "string": (STRING, st.one_of(st.none(), st.sampled_from([*"abcdefghijklmnopqrs", "", "é", "\U0001f600"]))),
    "bool": (BOOL, st.one_of(st.none(), st.booleans())),
}
CASES = [
    (name, values)
    for name, aggregate in AGGREGATES.items()
    for values, (value_type, _) in VALUES.items()
    if (value_type in aggregate.takes if aggregate.takes else value_type is None)
]


def stories(values: st.SearchStrategy[Value | None], most_steps: int = 60) -> st.SearchStrategy[list[Step]]:
    """Return stories with ties, late events, gaps longer than every window, and few keys."""
    steps = st.builds(
        Step,
        occurred=st.sampled_from([0, 0, 0, 1, 1, 3, 7, 8, 40, 41, 1500, -5, -30]),
        key=st.sampled_from(["a", "a", "a", "b", 7, ("a", 7), ("a", "7")]),
        value=values,
        matches=st.sampled_from([True, True, True, False]),
        interlude=st.sampled_from(["", "", "", "", "sweep", "snapshot", "unread"]),
    )
    return st.lists(steps, min_size=1, max_size=most_steps).map(_as_times)


def _as_times(steps: list[Step]) -> list[Step]:
    """Turn the steps' differences of time into times."""
    now, told = 1_700_000_000_000, []
    for step in steps:
        now += step.occurred
        told.append(replace(step, occurred=now))
    return told


def feature(aggregate: str, window_ms: int | None = 1000, **rest: object) -> FeatureSpec:
    """Return one feature named `f`."""
    return FeatureSpec("f", aggregate, ("post.created",), window_ms=window_ms, **rest)  # type: ignore[arg-type]


def told(spec: FeatureSpec, *events: tuple[int, Value | None]) -> list[Value | None]:
    """Return a feature's value at each event of one key, given as (order key, value)."""
    (group,) = plan([spec])
    return [group.read_observe("k", own, value)[0] for own, value in events]

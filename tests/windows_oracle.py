"""The naive twin of windowed features: looks at every event ever folded, for every answer. It stays naive."""

from __future__ import annotations

from collections.abc import Sequence
from math import floor

from zelo.events.types import DOUBLE
from zelo.features.spec import FeatureSpec, Key, Value

Folded = tuple[int, Key, Value | None]
"""Order key, key and value of a matching event, in order."""


def answer(spec: FeatureSpec, events: Sequence[Folded], key: Key, own: int) -> Value | None:
    """Return a feature's value at the event `own`, by the words of the specification."""
    valued = spec.value_type is not None
    counted = [(at, value) for at, of, value in events if of == key and not (valued and _left_out(spec, value))]
    if spec.window_ms is not None:
        counted = [(at, value) for at, value in counted if at >= own - spec.window_ms * 2**20]
    counted = [(at, value) for at, value in counted if at < own or (spec.including_current and at == own)]
    if spec.window_ms is not None or spec.aggregate == "distinct":
        counted = counted[-spec.at_most :]
    values = [value for _, value in counted]
    match spec.aggregate:
        case "count":
            return len(counted)
        case "exists":
            return len(counted) > 0
        case "distinct":
            return len(set(values))
        case "sum":
            return _total(spec, values)
    if not counted:
        return None
    match spec.aggregate:
        case "seconds_since":
            return (own // 2**20 - counted[-1][0] // 2**20) // 1000
        case "avg":
            total = _total(spec, values)
            return None if total is None else float(total) / len(values)
        case "min":
            return min(values)  # type: ignore[type-var]
        case "max":
            return max(values)  # type: ignore[type-var]
        case "first":
            return values[0]
        case "last":
            return values[-1]
    raise AssertionError(spec.aggregate)


def _left_out(spec: FeatureSpec, value: Value | None) -> bool:
    too_large = spec.value_type == DOUBLE and spec.aggregate in ("sum", "avg") and value is not None
    return value is None or (too_large and abs(float(value) * 1e6) >= 2**53)


def _total(spec: FeatureSpec, values: list[Value | None]) -> int | float | None:
    numbers = [floor(value * 1e6 + 0.5) if spec.value_type == DOUBLE else value for value in values]  # type: ignore[operator]
    total = sum(numbers)  # type: ignore[arg-type]
    if not -(2**63) <= total < 2**63:
        return None
    return total / 1e6 if spec.value_type == DOUBLE else total

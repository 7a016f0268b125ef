"""Which features share a group: the leanest state that answers each mix of aggregates."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType

from zelo.features.chains import Chain
from zelo.features.distinct import Distinct
from zelo.features.forever import Kept, Tally, Total
from zelo.features.group import Group
from zelo.features.latest import LatestTime, LatestValue
from zelo.features.logs import CountLog, SumLog
from zelo.features.spec import FeatureSpec

_FINITE: Mapping[str, type[Group]] = MappingProxyType(
    {"count": CountLog, "sum": SumLog, "avg": SumLog, "min": Chain, "max": Chain, "first": Chain}
)
_FOREVER: Mapping[str, type[Group]] = MappingProxyType(
    {"count": Tally, "sum": Total, "avg": Total, "min": Kept, "max": Kept, "first": Kept}
)
_EITHER: Mapping[str, type[Group]] = MappingProxyType(
    {"exists": LatestTime, "seconds_since": LatestTime, "last": LatestValue, "distinct": Distinct}
)
_ALONE: Mapping[str, str] = MappingProxyType({"min": "min", "max": "max", "first": "first"})
"""Aggregates whose structure answers no other aggregate."""


def plan(specs: Iterable[FeatureSpec]) -> tuple[Group, ...]:
    """
    Return the groups that keep the features, in order of first appearance; every feature is in exactly one.

    Features share a group when they fold the same events (kinds and signature) by the same key and one structure
    answers them all: a count over an hour and one over a day are two looks at one log.
    """
    specs = tuple(specs)
    counted = _longest_counts(specs)
    shelves: dict[tuple[object, ...], list[FeatureSpec]] = {}
    for spec in specs:
        shelves.setdefault(_shelf(spec, counted), []).append(spec)
    return tuple(_structure(shelved[0], counted)(shelved) for shelved in shelves.values())


def _events(spec: FeatureSpec) -> tuple[object, ...]:
    return frozenset(spec.kinds), spec.by, spec.signature


def _longest_counts(specs: Iterable[FeatureSpec]) -> Mapping[tuple[object, ...], int]:
    """Return, by events and key, the longest finite window that is counted."""
    longest: dict[tuple[object, ...], int] = {}
    for spec in specs:
        if spec.aggregate == "count" and spec.window_ms is not None:
            longest[_events(spec)] = max(spec.window_ms, longest.get(_events(spec), 0))
    return longest


def _structure(spec: FeatureSpec, counted: Mapping[tuple[object, ...], int]) -> type[Group]:
    """Return the structure that keeps a feature: a time can be read off a log of counts that reaches as far."""
    if spec.aggregate in ("exists", "seconds_since"):
        in_log = spec.window_ms is not None and spec.window_ms <= counted.get(_events(spec), 0)
        return CountLog if in_log else LatestTime
    if spec.aggregate in _EITHER:
        return _EITHER[spec.aggregate]
    return (_FOREVER if spec.window_ms is None else _FINITE)[spec.aggregate]


def _shelf(spec: FeatureSpec, counted: Mapping[tuple[object, ...], int]) -> tuple[object, ...]:
    """Return what features of one group have in common."""
    structure = _structure(spec, counted)
    if structure is Distinct:
        return structure, spec.name
    return structure, _ALONE.get(spec.aggregate), *_events(spec)

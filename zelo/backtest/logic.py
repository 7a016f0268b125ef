"""The arithmetic of a backtest: shares with their intervals, quartiles, and how long a chart's steps are."""

from __future__ import annotations

import math
from collections.abc import Sequence
from statistics import NormalDist

import msgspec

DAY_MS = 86_400_000
DAYS_BY_DAY_MAX = 62
"""Longest period whose series goes by days; longer ones go by weeks."""
_Z95 = NormalDist().inv_cdf(0.975)


class Share(msgspec.Struct, frozen=True):
    """A part of a whole with its 95 % Wilson interval; of nothing there is no share, and it says so."""

    part: int
    whole: int
    value: float | None = None
    low: float | None = None
    high: float | None = None


class Quartiles(msgspec.Struct, frozen=True):
    """Where a quarter, half and three quarters of the values lie."""

    n: int
    q1: float
    median: float
    q3: float


def share(part: int, whole: int) -> Share:
    """
    Return part / whole with the 95 % score interval of Wilson (1927), in the form of Newcombe (1998), method 3.

    With an empty whole there is neither value nor interval. Raises ValueError for a part that is no part.
    """
    if not 0 <= part <= whole:
        raise ValueError(f"{part} of {whole}")
    if whole == 0:
        return Share(part, whole)
    low, high = wilson(part, whole)
    return Share(part, whole, part / whole, low, high)


def wilson(part: int, whole: int, z: float = _Z95) -> tuple[float, float]:
    """Return the bounds of Wilson's score interval of a proportion; `whole` is at least 1."""
    p, square = part / whole, z * z
    middle = p + square / (2 * whole)
    spread = z * math.sqrt(p * (1 - p) / whole + square / (4 * whole * whole))
    scale = 1 + square / whole
    low, high = (middle - spread) / scale, (middle + spread) / scale
    return (0.0 if part == 0 else max(0.0, low)), (1.0 if part == whole else min(1.0, high))


def quartiles(values: Sequence[float]) -> Quartiles | None:
    """Return the quartiles by linear interpolation between order statistics; None of no values."""
    if not values:
        return None
    ordered = sorted(values)

    def at(fraction: float) -> float:
        place = fraction * (len(ordered) - 1)
        below = math.floor(place)
        above = min(below + 1, len(ordered) - 1)
        return ordered[below] + (ordered[above] - ordered[below]) * (place - below)

    return Quartiles(len(ordered), at(0.25), at(0.5), at(0.75))


def apart(one: Share, other: Share) -> bool:
    """Say whether two shares differ for certain enough to speak of it: their intervals do not meet."""
    if one.low is None or other.low is None or one.high is None or other.high is None:
        return False
    return one.low > other.high or other.low > one.high


def step_days(days: int) -> int:
    """Return the length of a step of a series over so many days: 1 or 7."""
    return 1 if days <= DAYS_BY_DAY_MAX else 7


def axis_top(most: float) -> float:
    """Return a round number at or above the largest value, for the top of an axis: 1, 2, 5, 10, 20 ..."""
    if most <= 1:
        return 1.0
    power = 10.0 ** math.floor(math.log10(most))
    return next(power * step for step in (1, 2, 2.5, 5, 10) if most <= power * step + 1e-9)

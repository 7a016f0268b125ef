"""Draws charts as SVG on the server: x in percent, y in pixels, so that text stays its size at any width."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from babel.dates import format_datetime

from zelo.web import language

HEIGHT = 200
_STEPS = {"hour": timedelta(hours=1), "day": timedelta(days=1), "week": timedelta(weeks=1)}


@dataclass(frozen=True)
class Bar:
    """One bar: where it stands, how high, and what it says."""

    x: str
    width: str
    y: str
    height: str
    y_part: str
    height_part: str
    said: str


@dataclass(frozen=True)
class Bars:
    """A chart of counts over time."""

    bars: list[Bar]
    grid: list[tuple[int, str]]
    """y and label of the lines."""
    ticks: list[tuple[str, str, str]]
    """x, anchor and label."""
    height: int
    base: int
    rows: list[tuple[str, int, int]]
    """The same as a table."""


def bars(
    series: Sequence[tuple[datetime, int, int]], since: datetime, until: datetime, unit: str, zone: str
) -> Bars | None:
    """Return the chart of counts in buckets, empty ones included; None when there is nothing to draw."""
    if not series:
        return None
    step, known = _STEPS[unit], {at: (count, part) for at, count, part in series}
    first, last = min(known), max(known)
    spots: list[tuple[datetime, int, int]] = []
    at = first
    while at <= last and len(spots) < 800:
        spots.append((at, *known.get(at, (0, 0))))
        at += step
    top = _round_up(max(count for _, count, _ in spots))
    base, share = HEIGHT - 24, 100 / max(len(spots), 8)
    made = []
    for place, (moment, count, part) in enumerate(spots):
        height, height_part = (base - 14) * count / top, (base - 14) * part / top
        made.append(
            Bar(
                f"{place * share + share * 0.12:.3f}%", f"{share * 0.76:.3f}%", f"{base - height:.1f}", f"{height:.1f}",
                f"{base - height_part:.1f}", f"{height_part:.1f}",
                f"{_label(moment, unit, zone)}: {language.number(count)}",
            )
        )  # fmt: skip
    lines = [(round(base - (base - 14) * part / 2), language.number(round(top * part / 2))) for part in (1, 2)]
    every = max(1, len(spots) // 5)
    ticks = [
        (f"{place * share + share / 2:.2f}%", "start" if place == 0 else "middle", _label(spots[place][0], unit, zone))
        for place in range(0, len(spots), every)
        if (place + 0.5) * share < 96
    ]
    rows = [(_label(moment, unit, zone), count, part) for moment, count, part in spots if count]
    return Bars(made, lines, ticks, HEIGHT, base, rows)


def _round_up(value: int) -> int:
    size = 10 ** max(len(str(value)) - 1, 0)
    return next(size * step for step in (1, 2, 4, 5, 10) if size * step >= value) if value > 1 else 2


def _label(moment: datetime, unit: str, zone: str) -> str:
    form = "d MMM HH:mm" if unit == "hour" else "d MMM"
    shown = moment.astimezone(ZoneInfo(zone)) if unit == "hour" else moment
    return str(format_datetime(shown, form, tzinfo=shown.tzinfo, locale=language.locale()))

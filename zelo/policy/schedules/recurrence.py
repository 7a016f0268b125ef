"""Instants that recur in the calendar of a time zone: each Monday, each 20th, the first day of a quarter."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from calendar import monthrange
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import lru_cache

from zelo.policy.schedules.lengths import NEVER, instant, zone_named

FIRST_YEAR, LAST_YEAR = 1970, 2150
"""The years in which something recurs; entries of a ledger lie in them."""
WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


@dataclass(frozen=True)
class Recurrence:
    """When something recurs: on a day of the week, of the month, or on the last such weekday of the month."""

    weekday: int | None = None
    """0 is Monday; without `last`, each week."""
    day: int | None = None
    """Of the month; in a shorter month its last day."""
    last: bool = False
    months: tuple[int, ...] = ()
    """1 is January; empty: each month."""
    minute: int = 0
    """Of the day, on the clock of the time zone."""

    def instants(self, zone: str) -> tuple[int, ...]:
        """Return every instant of the years covered, in order."""
        return _instants(self, zone)

    def following(self, at: int, zone: str) -> int:
        """Return the first instant after another; NEVER past the last year covered."""
        found = _instants(self, zone)
        place = bisect_right(found, at)
        return found[place] if place < len(found) else NEVER

    def at_or_after(self, at: int, zone: str) -> int:
        """Return the first instant that is not before another; NEVER past the last year covered."""
        found = _instants(self, zone)
        place = bisect_left(found, at)
        return found[place] if place < len(found) else NEVER


def _days(rule: Recurrence) -> list[date]:
    days = []
    if rule.weekday is not None and not rule.last and not rule.months and rule.day is None:
        day = date(FIRST_YEAR, 1, 1)
        day += timedelta(days=(rule.weekday - day.weekday()) % 7)
        while day.year <= LAST_YEAR:
            days.append(day)
            day += timedelta(days=7)
        return days
    for year in range(FIRST_YEAR, LAST_YEAR + 1):
        for month in rule.months or range(1, 13):
            length = monthrange(year, month)[1]
            if rule.weekday is None:
                days.append(date(year, month, min(rule.day or 1, length)))
            elif rule.last:
                end = date(year, month, length)
                days.append(end - timedelta(days=(end.weekday() - rule.weekday) % 7))
            else:
                start = date(year, month, 1)
                days.append(start + timedelta(days=(rule.weekday - start.weekday()) % 7))
    return sorted(days)


@lru_cache(maxsize=256)
def _instants(rule: Recurrence, zone: str) -> tuple[int, ...]:
    clock, place = time(rule.minute // 60, rule.minute % 60), zone_named(zone)
    return tuple(instant(datetime.combine(day, clock), place) for day in _days(rule))

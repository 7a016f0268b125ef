"""Calendar rules in the market's time zone: clocks that change, months that end early, days that recur."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from tests.health_stories import HEAD, POINTS, at, schedule_of, violation
from zelo.health.logic import standing
from zelo.policy.schedules.lengths import NEVER, micros, parse_length
from zelo.policy.schedules.recurrence import Recurrence


def after(start: str, length: str, zone: str) -> str:
    """Return the instant a length later, as its zone's clock shows it."""
    parsed = parse_length(length)
    assert parsed is not None
    end = parsed.after(micros(datetime.fromisoformat(start)), ZoneInfo(zone))
    return datetime.fromtimestamp(end / 1_000_000, UTC).astimezone(ZoneInfo(zone)).isoformat()


@pytest.mark.parametrize(
    ("start", "length", "zone", "end"),
    [
        ("2026-01-31T10:00:00+00:00", "1mo", "UTC", "2026-02-28T10:00:00+00:00"),
        ("2024-01-31T10:00:00+00:00", "1mo", "UTC", "2024-02-29T10:00:00+00:00"),
        ("2024-02-29T10:00:00+00:00", "1y", "UTC", "2025-02-28T10:00:00+00:00"),
        ("2026-10-31T10:00:00+00:00", "4mo", "UTC", "2027-02-28T10:00:00+00:00"),
        ("2018-10-20T00:00:00-03:00", "15cd", "America/Sao_Paulo", "2018-11-04T01:00:00-02:00"),
        ("2018-10-20T12:00:00-03:00", "20cd", "America/Sao_Paulo", "2018-11-09T12:00:00-02:00"),
        ("2018-10-20T12:00:00-03:00", "20d", "America/Sao_Paulo", "2018-11-09T13:00:00-02:00"),
        ("2026-10-31T12:00:00-04:00", "1cd", "America/New_York", "2026-11-01T12:00:00-05:00"),
        ("2026-10-31T12:00:00-04:00", "1d", "America/New_York", "2026-11-01T11:00:00-05:00"),
        ("2026-01-01T00:00:00+00:00", "1y2mo3cd4h", "UTC", "2027-03-04T04:00:00+00:00"),
    ],
)
def test_lengths_of_the_calendar(start: str, length: str, zone: str, end: str) -> None:
    """Months keep the day or take the last one; days of the calendar keep the clock; plain days are 24 hours."""
    assert after(start, length, zone) == end


@pytest.mark.parametrize("text", ["", "90", "90 d", "-7d", "1.5d", "d", "7D", "1y1y", "9999999999d"])
def test_other_text_is_no_length(text: str) -> None:
    """What is not a length is not guessed at."""
    assert not text or parse_length(text) is None


def test_midnight_that_does_not_exist_is_the_first_instant_of_its_day() -> None:
    """In São Paulo 4 November 2018 began at one o'clock."""
    each = Recurrence(day=4, months=(11,))
    found = each.following(at("2018-11-01"), "America/Sao_Paulo")
    assert found == at("2018-11-04T03:00:00Z")


def test_a_day_that_a_month_does_not_have_is_its_last() -> None:
    """The 31st of February is the 28th."""
    each = Recurrence(day=31)
    assert each.following(at("2026-02-01"), "UTC") == at("2026-02-28")
    assert each.at_or_after(at("2026-02-28"), "UTC") == at("2026-02-28")
    assert each.following(at("2026-02-28"), "UTC") == at("2026-03-31")


def test_weekdays_and_last_weekdays() -> None:
    """Each Monday, the last Monday of a quarter, and a weekday in the first week of a month."""
    assert Recurrence(weekday=0).following(at("2026-01-05"), "UTC") == at("2026-01-12")
    assert Recurrence(weekday=0, last=True, months=(3, 6)).following(at("2026-01-01"), "UTC") == at("2026-03-30")
    assert Recurrence(weekday=6, months=(2,)).following(at("2026-01-01"), "UTC") == at("2026-02-01")
    assert Recurrence(day=1, minute=18 * 60 + 30).following(at("2026-01-01"), "America/Sao_Paulo") == at(
        "2026-01-01T21:30:00Z"
    )
    assert Recurrence(day=1).following(at("2200-01-01"), "UTC") == NEVER


def test_a_reset_at_local_midnight() -> None:
    """Points of a market in Brazil reset when its day begins, not when London's does."""
    text = POINTS.replace("lives: 30d", "lives: {until: {day: 1}}")
    schedule = schedule_of(text, HEAD + "time_zone: America/Sao_Paulo\n")
    entries = [violation("v", "2026-01-20", 4)]
    assert standing(entries, schedule, at("2026-02-01T02:59:59Z")).value("points") == 4
    assert standing(entries, schedule, at("2026-02-01T03:00:00Z")).value("points") == 0

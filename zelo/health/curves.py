"""What an expiry or a threshold is worth: the same accounts under variations of one schedule."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from fractions import Fraction

from zelo.health.lean import LeanSchedule
from zelo.policy.schedules.lengths import DAY_US, Length
from zelo.policy.schedules.values import UNIT, Lives, Rules, Rung, Schedule, Track

EXPIRIES = (30, 60, 90, 120, 180, 270, 365)
"""Days."""
FACTORS = (Fraction(1, 2), Fraction(3, 4), Fraction(1), Fraction(5, 4), Fraction(3, 2), Fraction(2))
"""Of every milestone."""


@dataclass(frozen=True)
class Variation:
    """A schedule with one thing changed."""

    curve: str
    """`expiry` or `threshold`."""
    at: float
    """Days, or the factor."""
    lean: LeanSchedule


def variations(schedule: Schedule) -> tuple[Variation, ...]:
    """Return a schedule with each expiry, and with each scaling of its milestones; what has neither has no curve."""
    return (*_expiries(schedule), *_thresholds(schedule))


def _expiries(schedule: Schedule) -> Iterator[Variation]:
    if not any(_expires(track) for rules in schedule.rules for track in rules.tracks):
        return
    for days in EXPIRIES:
        yield Variation("expiry", days, LeanSchedule(with_expiry(schedule, days)))


def _thresholds(schedule: Schedule) -> Iterator[Variation]:
    if not any(rung.at or rung.per_key for rules in schedule.rules for track in rules.tracks for rung in track.ladder):
        return
    for factor in FACTORS:
        changed = replace(schedule, rules=tuple(_each(rules, factor) for rules in schedule.rules))
        yield Variation("threshold", float(factor), LeanSchedule(changed))


def with_expiry(schedule: Schedule, days: int) -> Schedule:
    """Return a schedule on which every item that expires counts this many days."""
    lives = Lives(Length(us=days * DAY_US))
    changed = tuple(
        replace(rules, tracks=tuple(replace(t, lives=lives) if _expires(t) else t for t in rules.tracks))
        for rules in schedule.rules
    )
    return replace(schedule, rules=changed)


def _expires(track: Track) -> bool:
    lives = track.lives
    return track.kind != "rates" and (lives.length is not None or bool(lives.by_severity) or lives.until is not None)


def _each(rules: Rules, factor: Fraction) -> Rules:
    tracks = tuple(
        replace(track, ladder=tuple(_scaled(rung, track, factor) for rung in track.ladder)) for track in rules.tracks
    )
    return replace(rules, tracks=tracks)


def _scaled(rung: Rung, track: Track, factor: Fraction) -> Rung:
    """Return a rung whose milestone is so much further from the start of its track; at least one whole point."""

    def moved(value: int) -> int:
        way = abs(value - track.start) * factor
        whole = max(-(-way.numerator // (way.denominator * UNIT)) * UNIT, UNIT)
        return track.start - whole if track.kind == "rating" else track.start + whole

    at = None if rung.at is None else moved(rung.at)
    every = None if rung.every is None else max(int(rung.every * factor), 1)
    return replace(rung, at=at, per_key={key: moved(value) for key, value in rung.per_key.items()}, every=every)

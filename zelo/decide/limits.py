"""Daily limits of effects: circuit breakers that a bad rule can not talk its way past."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

DAY = timedelta(days=1)


class DailyLimits:
    """Counts effects by calendar day of the pack's time zone; the day is that of the event, never of a clock."""

    def __init__(self, time_zone: str, by_kind: Mapping[str, int], by_rule: Mapping[tuple[str, str], int]) -> None:
        """Take limits by effect kind, and by (rule, effect kind)."""
        self.zone = ZoneInfo(time_zone)
        self.by_key: Mapping[tuple[str, str], int] = {
            **by_rule,
            **{("", kind): limit for kind, limit in by_kind.items()},
        }
        self._counts: dict[tuple[str, str], int] = {}
        self._day_ends_ms = 0

    def allow(self, rule: str, kind: str, now_ms: int) -> bool:
        """Count one more of this kind for this rule (`""` for the pack) and say whether it is within the limit."""
        limit = self.by_key.get((rule, kind))
        if limit is None:
            return True
        if now_ms >= self._day_ends_ms:
            self._counts = {}
            self._day_ends_ms = day_end_ms(now_ms, self.zone)
        count = self._counts[rule, kind] = self._counts.get((rule, kind), 0) + 1
        return count <= limit

    def limit(self, rule: str, kind: str) -> int | None:
        """Return the most of this kind that a day may see for a rule (`""`: the pack); None: no limit."""
        return self.by_key.get((rule, kind))

    def dump(self) -> tuple[int, list[tuple[str, str, int]]]:
        """Return the end of the current day in ms, and the counts."""
        return self._day_ends_ms, [(rule, kind, count) for (rule, kind), count in self._counts.items()]

    def load(self, saved: tuple[int, list[tuple[str, str, int]]]) -> None:
        """Take over what `dump` gave."""
        self._day_ends_ms, counts = saved[0], saved[1]
        self._counts = {(rule, kind): count for rule, kind, count in counts}


def day_end_ms(now_ms: int, zone: ZoneInfo) -> int:
    """Return the first instant, in ms, of the next calendar day in the zone."""
    local = datetime.fromtimestamp(now_ms // 1000, UTC).astimezone(zone)
    midnight = datetime(local.year, local.month, local.day, tzinfo=zone) + DAY
    return int(midnight.astimezone(UTC).timestamp()) * 1000

"""How a report speaks: one language's words, numbers, shares, days and lengths of time."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from babel.dates import format_date, format_datetime
from babel.numbers import format_decimal, format_percent

from zelo.backtest.logic import Quartiles, Share
from zelo.backtest.report.words import COUNTED, WORDS

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MINUTE_MS, _HOUR_MS, _DAY_MS = 60_000, 3_600_000, 86_400_000


@dataclass(frozen=True)
class Tongue:
    """One language of a report."""

    language: str
    """BCP 47 tag: `en`, `pt-BR`."""
    translate: Callable[[str], str]

    @property
    def locale(self) -> str:
        """Return the language as Babel names it."""
        return self.language.replace("-", "_")

    def say(self, key: str, **params: object) -> str:
        """Return a text of `WORDS` with its values filled in; numbers are written the language's way."""
        text = self.translate(WORDS[key])
        return text.format(**{name: self._written(value) for name, value in params.items()}) if params else text

    def count(self, key: str, number: int) -> str:
        """Return `1 event`, `4,259 events`: a number with what it counts."""
        one, many = COUNTED[key]
        return self.translate(one if number == 1 else many).format(n=self.number(number))

    def _written(self, value: object) -> str:
        return self.number(value) if isinstance(value, int | float) and not isinstance(value, bool) else str(value)

    def number(self, value: float) -> str:
        """Return a number."""
        return str(format_decimal(value, locale=self.locale))

    def threshold(self, value: float) -> str:
        """Return a value of a constant; one that is a number's neighbour among the doubles, as lying just beside it."""
        for key, beside in (
            ("just_below", math.nextafter(value, math.inf)),
            ("just_above", math.nextafter(value, -math.inf)),
        ):
            if len(repr(beside)) + 4 < len(repr(value)):
                return self.say(key, value=beside)
        return self.number(value)

    def percent(self, value: float) -> str:
        """Return a share in percent, with one decimal below 10 % and above 90 %, where it matters."""
        form = "#,##0.0%" if value < 0.0995 or 0.9005 < value < 1 else "#,##0%"
        return str(format_percent(value, format=form, locale=self.locale))

    def share(self, given: Share) -> str:
        """Return a share in percent; in words when there is none."""
        return self.say("unknown") if given.value is None else self.percent(given.value)

    def interval(self, given: Share) -> str:
        """Return the 95 % interval of a share, `23–26%`; nothing when there is none."""
        if given.low is None or given.high is None:
            return ""
        form = "#,##0.0%" if given.low < 0.0995 or given.high > 0.9005 else "#,##0%"
        low, high = (str(format_percent(end, format=form, locale=self.locale)) for end in (given.low, given.high))
        return f"{low.removesuffix('%').rstrip()}–{high}"

    def day(self, value: str) -> str:
        """Return a day given in ISO form: `4 May 2027`."""
        return str(format_date(date.fromisoformat(value), self._day_form(), locale=self.locale))

    def short_day(self, value: str) -> str:
        """Return a day without its year, for an axis."""
        form = "d 'de' MMM" if self.language == "pt-BR" else "d MMM"
        return str(format_date(date.fromisoformat(value), form, locale=self.locale))

    def _day_form(self) -> str:
        return "d 'de' MMM 'de' y" if self.language == "pt-BR" else "d MMM y"

    def moment(self, ms: int) -> str:
        """Return an instant in UTC."""
        when = _EPOCH + timedelta(milliseconds=ms)
        return str(format_datetime(when, f"{self._day_form()}, HH:mm", locale=self.locale)) + " UTC"

    def day_of(self, ms: int) -> str:
        """Return the day (UTC) of an instant."""
        return self.day((_EPOCH + timedelta(milliseconds=ms)).date().isoformat())

    def length(self, ms: float) -> str:
        """Return a length of time in its largest fitting unit: `3.2 days`, `40 minutes`."""
        for key, unit in (("days", _DAY_MS), ("hours", _HOUR_MS), ("minutes", _MINUTE_MS)):
            if ms >= unit:
                value = round(ms / unit, 1) if ms < 10 * unit else round(ms / unit)
                return self.say(key if value != 1 else key[:-1], n=int(value) if value == int(value) else value)
        return self.say("seconds", n=round(ms / 1_000))

    def quartiles(self, given: Quartiles | None) -> str:
        """Return `median (first–third quartile)`; in words when there is none."""
        if given is None:
            return self.say("unknown")
        return self.say(
            "quartiles", median=self.length(given.median), q1=self.length(given.q1), q3=self.length(given.q3)
        )

    def title(self, texts: Mapping[str, str] | None, otherwise: str) -> str:
        """Return a text of the pack in this language."""
        return (texts or {}).get(self.language) or otherwise

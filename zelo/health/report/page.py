"""Findings as one page that holds all it shows, in both languages; every word in it is escaped."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib.resources import files

from babel.dates import format_datetime
from babel.numbers import format_decimal, format_percent
from jinja2 import Environment, StrictUndefined

from zelo.health.report.charts import Curve, curve, flow
from zelo.health.report.findings import Findings, Point, Share
from zelo.health.report.words import WORDS
from zelo.policy.schedules.lengths import NEVER, local_time, zone_named

_LOCALES = {"en": "en_GB", "pt-BR": "pt_BR"}
_NAMES = {"en": "English", "pt-BR": "Português"}
_DAYS = {"en": "d MMM y", "pt-BR": "d 'de' MMM 'de' y"}


def page(found: Findings, translators: Mapping[str, Callable[[str], str]]) -> str:
    """Return the page; `translators` give a text in each language that is to be in it, the first one shown first."""
    own = files("zelo.health.report")
    template, style = own.joinpath("page.html.j2").read_text("utf-8"), own.joinpath("page.css").read_text("utf-8")
    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    tellers = [_Teller(found, language, translate) for language, translate in translators.items()]
    picture = flow(found.bands, found.tally.flows)
    curves = {name: _curve(points) for name, points in found.curves.items()}
    return environment.from_string(template).render(
        style=style, found=found, tellers=tellers, flow=picture, curves=curves, dimensions=found.groups
    )


def _curve(points: tuple[Point, ...]) -> Curve:
    known = [(p.at, p.restricted) for p in points]
    return curve([(at, s.value or 0.0, s.low or 0.0, s.high or 0.0) for at, s in known])


class _Teller:
    """Says things in one language."""

    def __init__(self, found: Findings, language: str, translate: Callable[[str], str]) -> None:
        self.found, self.language, self._translate = found, language, translate
        self.name = _NAMES[language]
        self._locale = _LOCALES[language]
        self._zone = zone_named(found.after.time_zone)

    def say(self, name: str, **values: object) -> str:
        """Return words of the report."""
        text = self._translate(WORDS[name])
        return text.format(**values) if values else text

    def schedule(self, side: str) -> str:
        """Return what a schedule is called."""
        schedule = self.found.before if side == "before" else self.found.after
        return schedule.title.get(self.language, schedule.name)

    def called(self, name: str) -> str:
        """Return what a band, a penalty or a violation is called."""
        if not name:
            return self.say("no_band")
        return self.found.titles.get(name, {}).get(self.language, name.replace("_", " "))

    def group(self, dimension: str, name: str) -> str:
        """Return what a group of accounts is called."""
        if not name:
            return self.say("unknown")
        return self.say(name) if dimension == "age" else name

    def number(self, value: float, digits: int = 0) -> str:
        """Return a number."""
        return str(format_decimal(round(value, digits) if digits else round(value), locale=self._locale))

    def percent(self, value: float) -> str:
        """Return a share."""
        return str(format_percent(value, format="#,##0.0 %", locale=self._locale))

    def interval(self, share: Share) -> str:
        """Return the interval of a share and what it is a share of."""
        assert share.low is not None and share.high is not None
        low, high = self.percent(share.low), self.percent(share.high)
        return self.say("interval", low=low, high=high, n=self.number(share.whole))

    def moment(self, at: int) -> str:
        """Return the day of an instant, in the zone of the schedule."""
        return str(format_datetime(local_time(at, self._zone), _DAYS[self.language], locale=self._locale))

    def span(self, name: str, start: int, end: int) -> str:
        """Return a penalty from when to when."""
        values = {"penalty": self.called(name), "start": self.moment(start)}
        return self.say("from_on", **values) if end >= NEVER else self.say("from_to", **values, end=self.moment(end))

"""Puts the sentences about a standing into a reader's language: titles, dates in their zone, numbers."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from babel.dates import format_datetime
from babel.lists import format_list
from babel.numbers import format_decimal

from zelo.health.explain import Moment, Number, Sentence, Value
from zelo.policy.schedules.lengths import local_time, zone_named
from zelo.policy.schedules.values import UNIT

_LOCALES = {"en": "en_GB", "pt-BR": "pt_BR"}
_PATTERNS = {"en": "d MMMM y, HH:mm", "pt-BR": "d 'de' MMMM 'de' y, HH:mm"}


def tell(sentences: Sequence[Sentence], translate: Callable[[str], str], language: str, time_zone: str) -> str:
    """Return sentences as lines of text, a blank line between their parts; raises KeyError for another language."""
    lines: list[str] = []
    heading = None
    for sentence in sentences:
        if heading is not None and sentence.heading != heading:
            lines.append("")
        heading = sentence.heading
        shown = {name: _shown(value, language, time_zone) for name, value in sentence.values.items()}
        text = translate(sentence.text).format(**shown)
        lines.append(text[:1].upper() + text[1:])
    return "\n".join(lines)


def moment(at: int, language: str, time_zone: str) -> str:
    """Return an instant as people write it, with the zone that it is told in."""
    return f"{_shown(Moment(at), language, time_zone)} ({time_zone})"


def _shown(value: Value, language: str, time_zone: str) -> str:
    """Return a value as a reader of the language expects it."""
    locale = _LOCALES[language]
    if isinstance(value, Moment):
        zone = zone_named(time_zone)
        return format_datetime(local_time(value.at, zone), _PATTERNS[language], tzinfo=zone, locale=locale)
    if isinstance(value, Number):
        number = value.value // UNIT if value.value % UNIT == 0 else value.value / UNIT
        return format_decimal(number, locale=locale)
    if isinstance(value, tuple):
        return format_list([title[language] for title in value], locale=locale)
    if isinstance(value, str | int):
        return str(value)
    return value[language]

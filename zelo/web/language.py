"""The language a page speaks: texts from zelo's one catalog, numbers and times the way the reader writes them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime
from functools import cache
from zoneinfo import ZoneInfo, available_timezones

from babel.dates import format_date, format_datetime, format_timedelta
from babel.numbers import format_decimal, format_percent
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils import translation
from django.utils.functional import lazy

from zelo.adapters.translation import translator

_LOCALES = {"en": "en_GB", "pt-BR": "pt_BR"}


def language() -> str:
    """Return the language of the page: `en` or `pt-BR`."""
    return "pt-BR" if (translation.get_language() or "").lower().startswith("pt") else "en"


def say(text: str, **params: object) -> str:
    """Return an English text in the language of the page, its placeholders filled."""
    said = translator(language())(text)
    return said.format(**params) if params else said


say_later = lazy(say, str)
"""The same, when it is shown: for labels of forms."""


def counted(count: int, one: str, many: str, **params: object) -> str:
    """Say a count: `one` and `many` hold `{n}`."""
    return say(one if count == 1 else many, n=number(count), **params)


def locale() -> str:
    """Return Babel's name of the language."""
    return _LOCALES[language()]


def number(value: float, digits: int = 2) -> str:
    """Write a number."""
    pattern = "#,##0" if isinstance(value, int) else "#,##0." + "#" * digits
    return str(format_decimal(value, format=pattern, locale=locale()))


def percent(share: float) -> str:
    """Write a share."""
    return str(format_percent(share, format="#,##0.#%", locale=locale()))


def moment(value: datetime, zone: str, form: str = "") -> str:
    """Write an instant in a zone: day and minute; with seconds when `form` is `exact`; the day alone when `day`."""
    if form == "day":
        return str(format_date(value.astimezone(ZoneInfo(zone)), "d MMM y", locale=locale()))
    pattern = "d MMM y, HH:mm:ss" if form == "exact" else "d MMM y, HH:mm"
    return str(format_datetime(value, pattern, tzinfo=ZoneInfo(zone), locale=locale()))


def day(value: date) -> str:
    """Write a day."""
    return str(format_date(value, "d MMM y", locale=locale()))


@cache
def _zones() -> frozenset[str]:
    return frozenset(available_timezones())


def zone(request: HttpRequest, otherwise: str) -> str:
    """Return the time zone that the reader's browser has told, or another."""
    told = request.COOKIES.get("zelo_zone", "")
    return told if told in _zones() else otherwise


def ago(value: datetime, now: datetime) -> str:
    """Say how long ago something was."""
    return str(format_timedelta(value - now, add_direction=True, locale=locale()))


def clock() -> datetime:
    """Read the clock, at the door."""
    return datetime.now(UTC)


class LanguageMiddleware:
    """Speaks the language that a person chose for their account, where the browser does not say one."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Answer a request."""
        user = request.user
        if settings.LANGUAGE_COOKIE_NAME not in request.COOKIES and user.is_authenticated:
            chosen = "pt-br" if user.language.lower().startswith("pt") else "en"
            translation.activate(chosen)
            request.LANGUAGE_CODE = chosen
        return self.get_response(request)

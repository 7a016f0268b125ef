"""What templates say and draw: texts, icons, knots, conditions in words, links that keep a query."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

from django import template
from django.template.context import RequestContext
from django.templatetags.static import static
from django.utils.html import conditional_escape, escape, format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe

from zelo.events.intake import effective_ms
from zelo.policy.in_words import Said
from zelo.web import language, prose
from zelo.web.effect_names import effect_name
from zelo.web.permissions import may

register = template.Library()
_NAME = re.compile(r"`([A-Za-z0-9_][A-Za-z0-9_.:\-]*)`")


@register.simple_tag
def t(text: str, **params: object) -> SafeString:
    """Say a text in the language of the page; what fills it is escaped, names between backticks are code."""
    shown = {name: conditional_escape(value) for name, value in params.items()}
    return coded_safe(escape(language.say(text)).format(**shown))


@register.simple_tag
def counted(count: int, one: str, many: str) -> str:
    """Say a count."""
    return language.counted(count, one, many)


def coded_safe(escaped: str) -> SafeString:
    """Mark names between backticks as code in text that is escaped already."""
    return mark_safe(_NAME.sub(r"<code>\1</code>", escaped))  # nosec B308 B703 # what comes in is escaped


@register.filter
def coded(text: object) -> SafeString:
    """Escape a text, and mark names between backticks as code."""
    return coded_safe(escape(str(text)))


@register.filter
def markdown(text: str) -> SafeString:
    """Render the Markdown of a policy's text."""
    return mark_safe(prose.render(text))  # nosec B308 B703 # it escapes all but its own marks


@register.simple_tag
def icon(name: str) -> SafeString:
    """Draw an icon."""
    return format_html('<svg class="icon" aria-hidden="true"><use href="{}#{}"/></svg>', static("zelo/icons.svg"), name)


@register.filter
def number(value: float | None) -> str:
    """Write a number."""
    return "" if value is None else language.number(value)


@register.simple_tag(takes_context=True)
def when(context: RequestContext, value: datetime | None, form: str = "") -> SafeString | str:
    """Write an instant, in the zone of the page."""
    if value is None:
        return ""
    zone = context.get("zone", "UTC")
    shown = language.moment(value, zone, form)
    return format_html('<time datetime="{}">{}</time>', value.isoformat(), shown)


@register.simple_tag(takes_context=True)
def ago(context: RequestContext, value: datetime | None) -> SafeString | str:
    """Say how long ago something was, the instant in its title."""
    if value is None:
        return ""
    now, zone = language.clock(), context.get("zone", "UTC")
    shown, exact = language.ago(value, now), language.moment(value, zone, "exact")
    return format_html('<time datetime="{}" title="{}">{}</time>', value.isoformat(), exact, shown)


@register.simple_tag(takes_context=True)
def query(context: RequestContext, **changes: object) -> str:
    """Return the page's query with some of its values changed; None takes one out."""
    values = context["request"].GET.copy()
    for name, value in changes.items():
        values.pop(name, None)
        if value is not None:
            values[name] = str(value)
    return "?" + values.urlencode()


@register.simple_tag(takes_context=True)
def can(context: RequestContext, permission: str) -> bool:
    """Tell whether the reader has a permission."""
    return may(context["request"], permission)


@register.filter
def in_words(said: Said) -> SafeString:
    """Draw a condition in words as nested lists."""
    if not said.joint:
        return format_html('<p class="rule-leaf">{}</p>', coded(said.text))
    inside = format_html_join("", "<li>{}</li>", ((in_words(part),) for part in said.parts))
    return format_html('<p class="rule-joint">{}</p><ul class="rule-parts">{}</ul>', coded(said.text), inside)


@register.filter
def effect(kind: str) -> str:
    """Return what a kind of effect is called."""
    return effect_name(kind)


@register.filter
def get(values: dict[str, object], key: str) -> object:
    """Look something up."""
    return values.get(key)


@register.filter
def title_in(texts: dict[str, str], _: str = "") -> str:
    """Return a pack's text in the language of the page."""
    return texts.get(language.language(), "")


@register.filter
def words(text: str) -> list[str]:
    """Return the words of a text."""
    return text.split()


@register.filter
def effective(order_key: int) -> datetime:
    """Return the time at which an event counts, from its place in the order of intake."""
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=effective_ms(order_key))

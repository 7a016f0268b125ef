"""The forms of names and durations in pack files."""

from __future__ import annotations

import re
from dataclasses import dataclass

US_PER_SECOND = 1_000_000
_SECONDS = {"w": 604_800, "d": 86_400, "h": 3_600, "m": 60, "s": 1}
_DIGITS_MAX = 12


@dataclass(frozen=True)
class Form:
    """A form of names."""

    pattern: str
    """A regular expression that Python, RE2 and JSON Schema read alike."""
    code: str = "Z031"
    """Reported for a name that does not fit."""
    most: int = 80
    """Longest, in characters."""

    def fits(self, name: str) -> bool:
        """Say whether a name has this form."""
        return len(name) <= self.most and re.fullmatch(self.pattern, name) is not None


ID = Form("[a-z][a-z0-9_]*")
"""Names of packs, policies, rules, features, lists, constants, notices, fields, roles, entities."""
TAG = Form("[A-Za-z0-9][A-Za-z0-9_.:/-]*", "Z048")
"""Names that stand for something outside the pack: queues, legal grounds, owners."""
FIELD = Form("[A-Za-z_][A-Za-z0-9_]*", "Z049")
"""Names of fields, as the events' senders spell them."""
KIND = Form(r"[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)+", "Z044", 120)
"""Names of kinds of event: `listing.created`."""
PATH = Form(r"[A-Za-z_][A-Za-z0-9_]*(\.[A-Za-z_][A-Za-z0-9_]*)*", "Z049", 400)
"""Paths of fields: `seller.id`."""
KEY = Form(r"[a-z][a-z0-9_]*|event(\.[A-Za-z_][A-Za-z0-9_]*)+", "Z049", 400)
"""Parts of the key of a feature: a role, or a field as `event.path`."""
MARKET = Form("[A-Z]{2}|global", "Z045")
"""Markets: ISO 3166-1 alpha-2 codes, or `global`."""
GROUND = Form("[A-Z]{2}|global|contract", "Z045")
"""Where a ground holds: a market, or `contract` for the platform's own terms."""
TIME_ZONE = Form(r"[A-Za-z0-9_+\-]+(/[A-Za-z0-9_+\-]+)*", "Z047")
"""Names of IANA time zones."""


def duration_us(text: str) -> int | None:
    """Return a duration like `90s`, `10m`, `24h`, `30d`, `2w` or `1h30m` in microseconds; None for other text."""
    if not 2 <= len(text) <= 60 or not re.fullmatch(r"(\d+w)?(\d+d)?(\d+h)?(\d+m)?(\d+s)?", text, re.ASCII):
        return None
    parts = re.findall(r"(\d+)([wdhms])", text)
    if any(len(digits) > _DIGITS_MAX for digits, _ in parts):
        return None
    return sum(int(digits) * _SECONDS[unit] for digits, unit in parts) * US_PER_SECOND

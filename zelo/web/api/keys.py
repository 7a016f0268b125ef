"""Who calls the API: keys, what they may do, and how fast."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from django.http import HttpRequest
from ninja.security import HttpBearer

from zelo.base.errors import ZeloError
from zelo.base.messages.message import N_
from zelo.people.flows import Actor, valid_key
from zelo.people.tables import ApiKey
from zelo.web.metrics import SHED

CACHED_S = 10.0
"""How long a key is believed without asking the database again: so long a revoked one may still work."""
_BURST_S = 2.0


class ApiError(ZeloError):
    """An answer that is not the one asked for: status, stable code, and when to try again."""

    def __init__(self, status: int, code: str, message: str, *, retry_s: int | None = None, **params: object) -> None:
        super().__init__(message, **params)
        self.status, self.code, self.retry_s = status, code, retry_s


@dataclass
class _Bucket:
    """Allows `rate` a second on average, and a burst of two seconds' worth."""

    rate: float
    left: float = field(init=False)
    at: float = field(default_factory=time.monotonic)

    def __post_init__(self) -> None:
        self.left = self.rate * _BURST_S

    def take(self, amount: float) -> float:
        """Take an amount; return 0, or the seconds after which it would be there. More than a burst waits its turn."""
        now = time.monotonic()
        self.left = min(self.left + (now - self.at) * self.rate, self.rate * _BURST_S)
        self.at = now
        if self.left <= 0:
            return (min(amount, self.rate) - self.left) / self.rate
        self.left -= amount
        return 0.0


@dataclass
class _Known:
    key: ApiKey
    until: float
    calls: _Bucket
    events: _Bucket


_known: dict[str, _Known] = {}
_lock = threading.Lock()


class Key(HttpBearer):
    """Authenticates by `Authorization: Bearer zelo_...`, and counts the call."""

    openapi_name = "Key"

    def __init__(self, *scopes: str) -> None:
        super().__init__()
        self.scopes: Sequence[str] = scopes

    def authenticate(self, request: HttpRequest, token: str) -> Any:
        """Return the key; raise ApiError for one that may not, or is too fast."""
        found = _find(token)
        if found is None:
            return None
        if not set(self.scopes) & set(found.key.scopes):
            raise ApiError(403, "not_allowed", N_("the key lacks the scope {scope}"), scope=self.scopes[0])
        with _lock:
            wait_s = found.calls.take(1)
        if wait_s:
            SHED.labels("calls").inc()
            raise ApiError(429, "too_many_calls", N_("this key calls too often"), retry_s=int(wait_s) + 1)
        request.zelo_key = found
        return found.key


def _find(token: str) -> _Known | None:
    """Return a key that holds, with its buckets; asks the database every few seconds."""
    now = time.monotonic()
    with _lock:
        known = _known.get(token)
    if known is not None and known.until > now:
        return known
    key = valid_key(token, datetime.now(UTC))
    with _lock:
        if key is None:
            _known.pop(token, None)
            return None
        if known is not None and (known.calls.rate, known.events.rate) == (key.calls_per_s, key.events_per_s):
            known.key, known.until = key, now + CACHED_S
            return known
        if len(_known) > 10_000:
            _known.clear()
        made = _Known(key, now + CACHED_S, _Bucket(key.calls_per_s), _Bucket(key.events_per_s))
        _known[token] = made
        return made


def take_events(request: HttpRequest, count: int) -> None:
    """Count events against the key's rate; raise ApiError when they are too many."""
    known: _Known = request.zelo_key
    with _lock:
        wait_s = known.events.take(count)
    if wait_s:
        SHED.labels("events").inc()
        raise ApiError(429, "too_many_events_per_s", N_("this key brings events too fast"), retry_s=int(wait_s) + 1)


def actor_of(request: HttpRequest) -> Actor:
    """Return who calls, as the audit trail names them."""
    known: _Known = request.zelo_key
    return Actor("key", f"{known.key.prefix}:{known.key.name}", getattr(request, "zelo_id", ""))


def forget_keys() -> None:
    """Ask the database again about every key."""
    with _lock:
        _known.clear()

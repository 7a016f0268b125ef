"""When a failed delivery is tried again."""

from __future__ import annotations

from zlib import crc32

ATTEMPTS_MAX = 10
_FIRST_S, _LAST_S = 5.0, 6 * 3600.0


def wait_s(attempts: int, ident: int) -> float:
    """Return the seconds until the next attempt: they double, up to six hours, spread a little by the delivery's id."""
    spread = 1 + (crc32(str(ident).encode()) % 1000) / 4000
    return float(min(_FIRST_S * 2.0 ** (attempts - 1), _LAST_S) * spread)

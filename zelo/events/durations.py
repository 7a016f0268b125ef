"""Durations as text, the way CEL writes them: `1h30m`, `3600s`, `1.5h`, `-250ms`."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

DURATION_MAX_US = 315_576_000_000 * 1_000_000
"""Ten thousand years of 365.25 days: the range of CEL's durations (google.protobuf.Duration)."""
_NANOSECONDS: Mapping[str, int] = MappingProxyType(
    {
        "h": 3_600_000_000_000,
        "m": 60_000_000_000,
        "s": 1_000_000_000,
        "ms": 1_000_000,
        "us": 1_000,
        "µs": 1_000,
        "ns": 1,
    }
)
_DIGITS = "0123456789"
_LENGTH_MAX = 100


def parse_duration(text: str) -> int | None:
    """
    Return the microseconds of a duration, cut towards zero; None when the text is none or is out of range.

    The grammar is that of Go's ParseDuration, which CEL takes over: an optional sign, then numbers with an
    optional fraction, each followed by `h`, `m`, `s`, `ms`, `us` or `ns`; a lone `0` needs no unit.
    """
    rest = text[1:] if text[:1] in ("+", "-") else text
    if rest == "0":
        return 0
    if not rest or len(rest) > _LENGTH_MAX:
        return None
    total = 0
    while rest:
        piece = _first(rest)
        if piece is None:
            return None
        nanoseconds, rest = piece
        total += nanoseconds
    microseconds = total // 1_000
    if microseconds > DURATION_MAX_US:
        return None
    return -microseconds if text[0] == "-" else microseconds


def format_duration(microseconds: int) -> str:
    """Return the shortest text that `parse_duration` reads back: `36h`, `90m`, `1.5s`."""
    sign, left = ("-", -microseconds) if microseconds < 0 else ("", microseconds)
    for unit, size in (("h", 3_600_000_000), ("m", 60_000_000), ("s", 1_000_000), ("ms", 1_000)):
        if left and left % size == 0:
            return f"{sign}{left // size}{unit}"
    return f"{sign}{left}us" if left else "0s"


def _first(text: str) -> tuple[int, str] | None:
    """Return the nanoseconds of the first number with its unit, and what follows it."""
    whole = _run(text, _DIGITS)
    rest = text[len(whole) :]
    fraction = ""
    if rest[:1] == ".":
        fraction = _run(rest[1:], _DIGITS)
        rest = rest[1 + len(fraction) :]
    if not whole and not fraction:
        return None
    unit = _run(rest, "hmsuµn")
    unit = unit if unit in _NANOSECONDS else unit[:1]
    if unit not in _NANOSECONDS:
        return None
    size = _NANOSECONDS[unit]
    return int(whole or "0") * size + int(fraction or "0") * size // 10 ** len(fraction), rest[len(unit) :]


def _run(text: str, allowed: str) -> str:
    """Return the characters at the start that are all allowed."""
    end = next((place for place, character in enumerate(text) if character not in allowed), len(text))
    return text[:end]

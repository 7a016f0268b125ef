"""A row of a ledger file as an entry: every column checked, nothing guessed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any

import msgspec

from zelo.base.errors import InvalidInput
from zelo.base.messages.message import N_
from zelo.health.ledger import KINDS, Entry
from zelo.policy.schedules.lengths import micros
from zelo.policy.schedules.values import UNIT

REQUIRED = ("id", "account", "kind", "at")
TEXTS = ("violation", "severity", "name", "target", "schedule", "version", "decision", "ground")
TIMES = ("content_at", "given_under")
NUMBERS = ("count", "order")
MAPS = ("attributes", "values")
COLUMNS = (*REQUIRED, *TEXTS, "points", *NUMBERS, *TIMES, *MAPS)
"""The columns of a ledger; `attributes.x` and `values.x` stand for single members."""
_POINTS_MAX = 10**9


def entry_of(row: Mapping[str, object], where: str) -> Entry:
    """Return the entry that a row says; raises InvalidInput, naming the place, for what no ledger says."""
    read: dict[str, Any] = {}
    maps: dict[str, dict[str, object]] = {name: {} for name in MAPS}
    for column, value in row.items():
        group, _, member = column.partition(".")
        if member and group in maps:
            maps[group][member] = value
        elif column in maps:
            maps[column].update(_mapping(value, column, where))
        elif column in _READ:
            read[column] = _READ[column](value, column, where)
        else:
            raise InvalidInput(
                N_("{where}: a ledger has no column `{name}`; there are: {names}, and `attributes.{name}` for a word"),
                where=where,
                name=column,
                names=", ".join(COLUMNS),
            )
    for name in REQUIRED:
        if name not in read:
            raise InvalidInput(N_("{where}: `{name}` is missing"), where=where, name=name)
    if read["kind"] not in KINDS:
        text = N_("{where}: a ledger has no entries of the kind `{value}`; there are: {names}")
        raise InvalidInput(text, where=where, value=read["kind"], names=", ".join(KINDS))
    words = {name: _text(value, f"attributes.{name}", where) for name, value in maps["attributes"].items()}
    values = {name: _value(value, f"values.{name}", where) for name, value in maps["values"].items()}
    return Entry(**read, attributes=tuple(sorted(words.items())), values=values)


def time_of(value: object, name: str, where: str) -> int:
    """Return the microseconds of a time with an offset; raises InvalidInput for other values."""
    moment = value if isinstance(value, datetime) else None
    if isinstance(value, str):
        try:
            moment = datetime.fromisoformat(value)
        except ValueError:
            moment = None
    if moment is None or moment.tzinfo is None:
        text = N_("{where}: `{name}` must be a time with an offset, as in `2026-01-31T12:00:00Z`, not `{value}`")
        raise InvalidInput(text, where=where, name=name, value=str(value)[:80])
    return micros(moment)


def _text(value: object, name: str, where: str) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str | int):
        return str(value)
    raise InvalidInput(
        N_("{where}: `{name}` must be a text, not `{value}`"), where=where, name=name, value=_short(value)
    )


def _millionths(value: object, name: str, where: str) -> int:
    try:
        number = Decimal(str(value)) * UNIT if not isinstance(value, bool) else Decimal("NaN")
        if number.is_finite() and abs(number) <= _POINTS_MAX * UNIT and number == int(number):
            return int(number)
    except InvalidOperation:
        pass
    text = N_("{where}: `{name}` must be a number with at most six decimals, not `{value}`")
    raise InvalidInput(text, where=where, name=name, value=_short(value))


def _whole(value: object, name: str, where: str) -> int:
    number = _millionths(value, name, where)
    if number % UNIT or number < 0:
        text = N_("{where}: `{name}` must be a whole number from 0 on, not `{value}`")
        raise InvalidInput(text, where=where, name=name, value=_short(value))
    return number // UNIT


def _value(value: object, name: str, where: str) -> int | str:
    """Return a measure: a number in millionths, or a word."""
    return value if isinstance(value, str) and not _is_number(value) else _millionths(value, name, where)


def _is_number(text: str) -> bool:
    try:
        return Decimal(text).is_finite()
    except InvalidOperation:
        return False


def _mapping(value: object, name: str, where: str) -> Mapping[str, object]:
    """Return an object; in a CSV or Parquet cell it may be written as JSON, and a Parquet map comes as pairs."""
    if isinstance(value, str):
        try:
            value = msgspec.json.decode(value)
        except msgspec.DecodeError:
            value = None
    if isinstance(value, list) and all(isinstance(pair, tuple) and len(pair) == 2 for pair in value):
        value = dict(value)
    if not isinstance(value, dict):
        raise InvalidInput(N_("{where}: `{name}` must be a JSON object"), where=where, name=name)
    return {str(key): inner for key, inner in value.items() if inner is not None}


def _short(value: object) -> str:
    return str(value)[:80]


_READ: Mapping[str, Callable[[object, str, str], object]] = {
    **dict.fromkeys(("id", "account", "kind", *TEXTS), _text),
    **dict.fromkeys(("at", *TIMES), time_of),
    **dict.fromkeys(NUMBERS, _whole),
    "points": _millionths,
}

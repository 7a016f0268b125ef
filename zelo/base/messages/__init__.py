"""The words of every diagnostic code, gathered from the tables of this folder."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from zelo.base.messages import language, pack, schedule
from zelo.base.messages.message import Message

_TABLES: tuple[Mapping[str, Message], ...] = (pack.MESSAGES, language.MESSAGES, schedule.MESSAGES)


def _merged() -> Mapping[str, Message]:
    """Join the tables; a code declared twice is a bug and raises ValueError."""
    merged: dict[str, Message] = {}
    for table in _TABLES:
        if twice := merged.keys() & table.keys():
            raise ValueError(f"declared twice: {sorted(twice)}")
        merged.update(table)
    return MappingProxyType(dict(sorted(merged.items())))


MESSAGES: Mapping[str, Message] = _merged()
"""Diagnostic code to its message, by code."""

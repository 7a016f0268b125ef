"""Whose data it is, and what takes the place of their id and of the texts that belong to them."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import msgspec

from zelo.people.flows import pseudonym

TEXT_MIN = 6
"""Shorter texts of a person are not looked for outside their own events: they tell nobody apart."""
ID_MIN = 4
"""Shorter ids are not looked for in free text, where they would be found everywhere."""


@dataclass
class Subject:
    """One entity; `words` fills up while its events are read."""

    kind: str
    ident: str
    other: str = ""
    words: dict[str, str] = field(default_factory=dict)
    """Personal texts, and ids of events that are made of the entity's, to what takes their place: all different."""
    event_ids: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.other = pseudonym(self.ident)

    @property
    def named(self) -> str:
        """Return the entity as decisions list it."""
        return f"{self.kind}:{self.ident}"

    @property
    def is_plain(self) -> bool:
        """Say whether the id is long enough to be looked for in free text."""
        return len(self.ident) >= ID_MIN

    def learn(self, text: object) -> None:
        """Keep a personal text of the entity."""
        if isinstance(text, str) and len(text) >= TEXT_MIN:
            self.words[text] = pseudonym(text)

    def learn_event(self, event_id: str) -> None:
        """Keep the id of an event in which the entity has a role, if the entity's id is part of it."""
        other = self.in_event_id(event_id)
        if other != event_id:
            self.event_ids[event_id] = other

    def in_event_id(self, event_id: str) -> str:
        """Return an event's id with the pseudonym in the place of the entity's id, where that is a word of it."""
        if not self.is_plain and event_id != self.ident:
            return event_id
        return re.sub(rf"(?<![A-Za-z0-9]){re.escape(self.ident)}(?![A-Za-z0-9])", lambda _: self.other, event_id)

    def everything(self) -> Mapping[str, str]:
        """Return all texts with what takes their place, but the id itself."""
        return {**self.words, **self.event_ids}

    def in_message(self, value: Any) -> Any:
        """Return what a message says, with the pseudonym where it names the entity."""
        if isinstance(value, list):
            return [self.in_message(part) for part in value]
        if not isinstance(value, dict):
            return value
        told = {name: self.in_message(part) for name, part in value.items()}
        if told.get("entity_kind") == self.kind and told.get("entity") == self.ident:
            told["entity"] = self.other
        if told.get("event_id") in self.event_ids:
            told["event_id"] = self.event_ids[told["event_id"]]
        return told

    def as_bytes(self) -> list[bytes]:
        """Return the forms in which the entity's texts stand in an event that could not be read."""
        texts = [*self.words, *([self.ident] if self.is_plain else [])]
        forms = set().union(*map(_forms, texts))
        return sorted(forms if self.is_plain else forms | {msgspec.json.encode(self.ident)})


def json_text(text: str) -> str:
    """Return how a text stands in JSON, without its quotes."""
    return msgspec.json.encode(text).decode()[1:-1]


def _forms(text: str) -> set[bytes]:
    return {text.encode(), json_text(text).encode(), json.dumps(text)[1:-1].encode()}


def like(text: str) -> str:
    """Return a pattern that fits whatever holds a text."""
    return "%" + text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_") + "%"

"""Labels in force on entities: set and lifted by decisions or people, with expiry."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

NEVER_MS = 1 << 62
"""Expiry of a label without one."""
NONE: frozenset[str] = frozenset()


@dataclass(slots=True)
class _Held:
    """The labels of one entity; `current` is right until `until_ms`."""

    expiry_ms: dict[str, int]
    current: frozenset[str] = NONE
    until_ms: int = 0

    def refresh(self, now_ms: int) -> frozenset[str]:
        """Forget what has expired and return the rest."""
        self.expiry_ms = {label: expiry for label, expiry in self.expiry_ms.items() if expiry > now_ms}
        self.until_ms = min(self.expiry_ms.values(), default=NEVER_MS)
        self.current = frozenset(self.expiry_ms)
        return self.current


@dataclass
class Labels:
    """All labels an engine knows, by entity kind (`account`) and id."""

    held: dict[str, dict[object, _Held]] = field(default_factory=dict)
    pins: dict[tuple[str, str, str], int] = field(default_factory=dict)
    """(entity kind, id, label) that a person decided on, to the first instant in ms at which rules may again."""

    def pin(self, entity: str, ident: str, label: str, *, present: bool, now_ms: int, until_ms: int = NEVER_MS) -> None:
        """Put a label on or off as a person says; no rule changes it until then, and one that is on ends then."""
        self.release(entity, ident, label, now_ms=now_ms)
        self.pins[entity, ident, label] = until_ms
        if present:
            self.add(entity, ident, label, now_ms=now_ms, expiry_ms=until_ms)

    def release(self, entity: str, ident: str, label: str, *, now_ms: int) -> None:
        """Take a label off and let rules decide on it again."""
        self.pins.pop((entity, ident, label), None)
        self.remove(entity, ident, label, now_ms=now_ms)

    def is_pinned(self, entity: str, ident: str, label: str, now_ms: int) -> bool:
        """Say whether a person has decided on a label and that still holds."""
        until_ms = self.pins.get((entity, ident, label))
        if until_ms is None:
            return False
        if until_ms <= now_ms:
            del self.pins[entity, ident, label]
            return False
        return True

    def view(self, entity: str) -> Callable[[object, int], frozenset[str]]:
        """Return a function of (id, now in ms) that gives the labels in force; a label ends at its expiry."""
        known = self.held.setdefault(entity, {})

        def in_force(ident: object, now_ms: int) -> frozenset[str]:
            found = known.get(ident)
            if found is None:
                return NONE
            if found.until_ms > now_ms:
                return found.current
            current = found.refresh(now_ms)
            if not current:
                del known[ident]
            return current

        return in_force

    def add(self, entity: str, ident: object, label: str, *, now_ms: int, expiry_ms: int = NEVER_MS) -> None:
        """Put a label on an entity; one that is there keeps the later expiry."""
        known = self.held.setdefault(entity, {})
        found = known.setdefault(ident, _Held({}))
        found.expiry_ms[label] = max(expiry_ms, found.expiry_ms.get(label, 0))
        found.refresh(now_ms)

    def remove(self, entity: str, ident: object, label: str, *, now_ms: int) -> None:
        """Take a label off an entity; nothing happens when it is not there."""
        found = self.held.get(entity, {}).get(ident)
        if found is None:
            return
        found.expiry_ms.pop(label, None)
        if not found.refresh(now_ms):
            del self.held[entity][ident]

    def dump(self) -> dict[str, list[tuple[object, dict[str, int]]]]:
        """Return everything as plain values."""
        return {
            entity: [(ident, dict(held.expiry_ms)) for ident, held in known.items()]
            for entity, known in self.held.items()
        }

    def load(self, saved: Mapping[str, list[tuple[object, dict[str, int]]]]) -> None:
        """Take over what `dump` gave; views made before stay valid."""
        for entity, known in self.held.items():
            known.clear()
            known.update({ident: _Held(dict(expiry)) for ident, expiry in saved.get(entity, [])})
        for entity in saved.keys() - self.held.keys():
            self.held[entity] = {ident: _Held(dict(expiry)) for ident, expiry in saved[entity]}

"""What came of many decisions, counted; and the part of it that a run continues from."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import msgspec

from zelo.decide.decision import Decision


class Tally(msgspec.Struct, kw_only=True):
    """Counts over the events of a run."""

    warm_up: int = 0
    """Events before the first one whose decision counts: they only build up windows and labels."""
    decided: int = 0
    kinds: dict[str, int] = msgspec.field(default_factory=dict)
    fired: dict[str, int] = msgspec.field(default_factory=dict)
    """Rule to on how many events it fired."""
    undetermined: dict[str, int] = msgspec.field(default_factory=dict)
    """Rule to on how many events it was undetermined."""
    events_fired: int = 0
    events_undetermined: int = 0
    effects: dict[str, int] = msgspec.field(default_factory=dict)
    held: dict[str, int] = msgspec.field(default_factory=dict)
    """`reason kind` to how many effects were held back."""
    stored: int = 0
    digest: bytes = b"\x00" * 16
    """Sum of the digests of all stored rows, so that two runs can be compared."""

    def count(self, decision: Decision) -> None:
        """Count a decision in which something happened; `decided` and `kinds` are counted elsewhere, for all."""
        if decision.fired:
            self.events_fired += 1
            _count(self.fired, decision.fired)
        if decision.undetermined:
            self.events_undetermined += 1
            _count(self.undetermined, decision.undetermined)
        _count(self.effects, (effect.kind for effect in decision.effects))
        _count(self.held, (f"{held.reason} {held.effect.kind}" for held in decision.held))


def _count(counts: dict[str, int], names: Iterable[str]) -> None:
    for name in names:
        counts[name] = counts.get(name, 0) + 1


class RuleCount(msgspec.Struct, frozen=True):
    """How often one rule fired and how often it could not be determined."""

    looked_at: int
    """Events of the kinds that the rule is on."""
    fired: int
    undetermined: int


class Summary(msgspec.Struct, kw_only=True, frozen=True):
    """What a run did, as `summary.json` holds it."""

    pack: str
    pack_version: str
    language_version: str
    zelo_version: str
    source: str
    rows_in: int
    """Rows of the source: events + dead letters."""
    events: int
    dead_letters: Mapping[str, int]
    late: int
    read: int
    """Events that were read: all of them unless --until or --limit ended the run before."""
    warm_up: int
    decided: int
    kinds: Mapping[str, int]
    rules: Mapping[str, RuleCount]
    """Every rule of the pack as `policy/rule`, in pack order."""
    events_fired: int
    events_undetermined: int
    effects: Mapping[str, int]
    held: Mapping[str, Mapping[str, int]]
    """Reason to kind of effect to how many were held back."""
    stored: int
    stores: str
    """`notable`: decisions in which a rule fired or was undetermined, or an effect was held; or `all`."""
    decisions_digest: str
    """The same for the same decisions, however often the run was interrupted."""
    seconds: float
    """How long this run took, without what earlier, interrupted runs of it took."""
    events_per_s: float

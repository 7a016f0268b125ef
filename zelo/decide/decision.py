"""What came of one event: the rules that fired, those left undetermined, the effects, and where it all comes from."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct

from zelo.base.effects import Effect, Held


class Decision(Struct, frozen=True, gc=False):
    """The outcome of one event under one version of a pack."""

    event_id: str
    kind: str
    order_key: int
    """effective_at in milliseconds * 2^20 + counter: the event's place in the order of intake."""
    pack_version: str
    fired: tuple[str, ...]
    """Rules whose condition was true, in pack order."""
    undetermined: tuple[str, ...]
    """Rules whose condition was missing, in pack order: they never fire, and are counted."""
    effects: tuple[Effect, ...]
    held: tuple[Held, ...]
    feature_names: tuple[str, ...]
    feature_values: tuple[object, ...]
    """What the features that this kind's rules read were at this event; None is missing."""

    @property
    def features(self) -> Mapping[str, object]:
        """Return the features seen, by name."""
        return dict(zip(self.feature_names, self.feature_values, strict=True))

    @property
    def effective_ms(self) -> int:
        """Return the event's effective time in milliseconds since 1970 UTC."""
        return self.order_key >> 20

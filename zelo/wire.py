"""Who receives an effect: one table from its kind to the flows that carry it out and take it back."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from zelo.base.effects import EFFECTS
from zelo.enforce import flows as enforce
from zelo.health import recording as health
from zelo.health.recording import Asked

CarryOut = Callable[[Sequence[Asked]], None]
TakeBack = Callable[..., None]
"""(effect ids, by, reason, now) in the caller's transaction."""


@dataclass(frozen=True)
class Receiver:
    """What carries effects of some kinds out, and takes them back."""

    carry_out: CarryOut
    take_back: TakeBack | None
    """None: by a command in the log, because conditions read what it changes."""


_ENTRIES = Receiver(health.enter, health.reverse_entries)
_RESTRICTIONS = Receiver(health.restrict, health.lift_restrictions)
_LABELS = Receiver(enforce.put_labels, None)
_MEASURES = Receiver(enforce.take_measures, enforce.lift_measures)

RECEIVERS: Mapping[str, Receiver | None] = MappingProxyType(
    {
        "charge": _ENTRIES,
        "reward": _ENTRIES,
        "restrict_account": _RESTRICTIONS,
        "add_label": _LABELS,
        "remove_label": _LABELS,
        "remove_content": _MEASURES,
        "hold_publication": _MEASURES,
        "limit_visibility": _MEASURES,
        "demote": _MEASURES,
        "open_case": None,
        "notify": None,
    }
)
"""Kind of effect to its receiver; None: the receiver is to come, and the effect is kept as pending."""
assert RECEIVERS.keys() == EFFECTS.keys()


def carry_out(effects: Sequence[Asked]) -> None:
    """Hand effects to their receivers, in the caller's transaction and in the order given."""
    by_flow: dict[CarryOut, list[Asked]] = {}
    for one in effects:
        receiver = RECEIVERS[one.kind]
        if receiver is not None:
            by_flow.setdefault(receiver.carry_out, []).append(one)
    for flow, asked in by_flow.items():
        flow(asked)


def born(kind: str) -> str:
    """Return the state in which an effect that is not held comes into the world."""
    return "applied" if RECEIVERS[kind] is not None else "pending"

"""What pages call the kinds of effect."""

from __future__ import annotations

from collections.abc import Iterable

from zelo.base.messages.message import N_
from zelo.web import language

_NAMES = {
    "charge": N_("Violation charged"),
    "add_label": N_("Label given"),
    "remove_label": N_("Label taken"),
    "remove_content": N_("Content removed"),
    "hold_publication": N_("Publication held back"),
    "limit_visibility": N_("Shown less"),
    "demote": N_("Ranked lower"),
    "open_case": N_("Case opened"),
    "notify": N_("Notice sent"),
    "restrict_account": N_("Account restricted"),
    "reward": N_("Reward given"),
}


def effect_name(kind: str) -> str:
    """Return what a kind of effect is called in the language of the page."""
    return language.say(_NAMES[kind]) if kind in _NAMES else kind


def effect_names(kinds: Iterable[str]) -> list[tuple[str, str]]:
    """Return kinds with what they are called, in the order of their names."""
    return sorted(((kind, effect_name(kind)) for kind in kinds), key=lambda one: one[1])

"""Says what a rule asks for, and what a windowed feature counts, as plain sentences in English or Portuguese."""

from __future__ import annotations

from collections.abc import Mapping

from zelo.base.effects import EFFECTS
from zelo.base.messages.message import N_
from zelo.events.types import DURATION
from zelo.features.spec import FeatureSpec
from zelo.policy.in_words import Said, Words
from zelo.policy.pack import EffectRequest
from zelo.policy.terms import Term

_EFFECTS: Mapping[str, str] = {
    "charge": N_("charge `{role}` with {violation}, severity {severity}"),
    "add_label": N_("give `{role}` the label {label}"),
    "remove_label": N_("take the label {label} from `{role}`"),
    "remove_content": N_("remove `{role}`"),
    "hold_publication": N_("hold back the publication of `{role}`"),
    "limit_visibility": N_("show `{role}` less: {surfaces}"),
    "demote": N_("rank `{role}` lower, by the factor {factor}"),
    "open_case": N_("open a case about `{role}` in the queue {queue}, priority {priority}"),
    "notify": N_("send `{role}` the notice {notice}"),
    "restrict_account": N_("restrict what `{role}` may do: {scope}"),
    "reward": N_("reward `{role}` with {reward}"),
}
"""What each kind of effect asks for, without its length and other additions."""
_ADDITIONS: Mapping[str, str] = {
    "for": N_("for {value}"),
    "reason": N_("because of {value}"),
    "regions": N_("in the regions {value}"),
    "points": N_("points: {value}"),
}
"""What a parameter adds to the sentence when it is given."""
CHOICES: Mapping[str, str] = {
    "low": N_("low"),
    "medium": N_("medium"),
    "high": N_("high"),
    "severe": N_("severe"),
    "recommendation": N_("recommendation"),
    "search": N_("search"),
    "age_gate": N_("age gate"),
    "region": N_("region"),
    "publish": N_("publish"),
    "comment": N_("comment"),
    "live": N_("go live"),
    "sell": N_("sell"),
    "monetise": N_("earn money"),
    "recommend": N_("be recommended"),
    "account": N_("the whole account"),
}
"""The words of closed choices."""
_AGGREGATES: Mapping[str, str] = {
    "count": N_("how many events there were: {kinds}"),
    "exists": N_("whether there was an event: {kinds}"),
    "seconds_since": N_("the seconds since the latest event: {kinds}"),
    "sum": N_("the sum of {value} over the events: {kinds}"),
    "avg": N_("the average of {value} over the events: {kinds}"),
    "min": N_("the smallest {value} of the events: {kinds}"),
    "max": N_("the largest {value} of the events: {kinds}"),
    "distinct": N_("how many different values {value} had in the events: {kinds}"),
    "last": N_("{value} of the latest event: {kinds}"),
    "first": N_("{value} of the first event: {kinds}"),
}


def effect_in_words(words: Words, kind: str, role: str, parameters: Mapping[str, object]) -> str:
    """Say an effect; a formula of a parameter is said too, durations are in microseconds."""
    declared = EFFECTS[kind].parameters
    said = {name: _parameter(words, declared[name].kind, value) for name, value in parameters.items()}
    missing = {name: words.translate(N_("unknown")) for name in declared if name not in said}
    sentence = words.translate(_EFFECTS[kind]).format(role=role, **missing, **said)
    additions = [words.translate(text).format(value=said[name]) for name, text in _ADDITIONS.items() if name in said]
    return ", ".join([sentence, *additions])


def request_in_words(words: Words, request: EffectRequest, event_kind: str) -> str:
    """Say what a rule asks for on one kind of event."""
    given = {
        name: value[event_kind] if isinstance(value, Mapping) else value
        for name, value in request.parameters.items()
        if value is not None
    }
    return effect_in_words(words, request.kind, request.role, given)


def _parameter(words: Words, kind: str, value: object) -> str:
    if isinstance(value, Term):
        return words.phrase(value)
    if kind == "duration" and isinstance(value, int):
        return words.value(value, DURATION)
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        parts = value if isinstance(value, tuple | list) else (value,)
        return ", ".join(_named(words, str(part)) for part in parts)
    return words.number(value) if isinstance(value, int | float) else _named(words, value)


def _named(words: Words, name: str) -> str:
    return words.translate(CHOICES[name]) if name in CHOICES else f"`{name}`"


def feature_in_words(words: Words, spec: FeatureSpec) -> Said:
    """Say what a feature gives, over which events and how long; its filter is a part of its own."""
    values = spec.value if isinstance(spec.value, Mapping) else {}
    value = next((words.phrase(term) for term in values.values() if isinstance(term, Term)), "")
    lead = words.translate(_AGGREGATES[spec.aggregate]).format(
        kinds=", ".join(f"`{kind}`" for kind in spec.kinds), value=value
    )
    keys = ", ".join(f"`{part.removeprefix('event.')}`" for part in spec.by)
    details = [words.translate(N_("of the same {keys}")).format(keys=keys)]
    if spec.window_ms is None:
        details.append(words.translate(N_("since ever")))
    else:
        details.append(words.translate(N_("in the last {length}")).format(length=words.length(spec.window_ms * 1000)))
    if spec.including_current:
        details.append(words.translate(N_("this event included")))
    filters = spec.where if isinstance(spec.where, Mapping) else {}
    where = next((words.condition(term) for term in filters.values() if isinstance(term, Term)), None)
    return Said(", ".join([lead, *details]), "all" if where else "", (where,) if where else ())

"""Reads one decision: the event, why each rule fired or not, what was asked for and what became of it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from zelo.base.errors import InvalidInput, NotFound
from zelo.base.messages.message import N_
from zelo.decide.decision import Decision as Decided
from zelo.decide.explain import RuleTrace, explain_rules, field_value
from zelo.decide.labels import NEVER_MS, Labels
from zelo.events.intake import effective_ms
from zelo.health.lean import LeanSchedule
from zelo.health.live import Now
from zelo.health.recording import entries_of
from zelo.models import Decision, Effect, EffectStep, LabelChange, LoggedEvent
from zelo.people.tables import Note
from zelo.policy.pack import Pack
from zelo.policy.to_python.plain import plain_object
from zelo.web.reads import packs

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class EffectNow:
    """An effect, and how it stands."""

    row: Effect
    state: str
    """`applied`, `pending`, `held` or `undone`."""
    steps: tuple[EffectStep, ...]

    @property
    def can_undo(self) -> bool:
        """Tell whether there is something to take back."""
        return self.state in ("applied", "pending")


@dataclass(frozen=True)
class DecisionRead:
    """A decision with everything a page shows of it."""

    row: Decision
    pack: Pack
    version: packs.Version
    at: datetime
    body: dict[str, Any] | None
    """The event as it came; None when the log keeps it no longer."""
    source: str
    received_at: datetime | None
    rules: tuple[RuleTrace, ...]
    features: list[tuple[str, object]]
    effects: list[EffectNow]
    notes: list[Note]
    entities: list[tuple[str, str, object]]
    """Role, kind and id of everyone in the event."""


def row_of(reader: packs.Reader, decision_id: int) -> Decision:
    """Return a decision that a person may see; raises NotFound."""
    row = Decision.objects.filter(pk=decision_id).first()
    if row is None or not packs.visible_to(reader, row.pack_version_id):
        raise NotFound(N_("there is no such decision"))
    return row


def read(reader: packs.Reader, decision_id: int) -> DecisionRead:
    """Return a decision with its trace; raises NotFound."""
    row = row_of(reader, decision_id)
    pack = packs.pack_of(row.pack_version_id)
    version = next(one for one in packs.versions(reader, pack.name) if one.id == row.pack_version_id)
    logged = LoggedEvent.objects.filter(pk=row.pk).first()
    body = json.loads(logged.body) if logged else None
    rules, entities = _explained(row, pack, logged.body if logged else "")
    names = packs.engine_of(row.pack_version_id).compiled[row.kind].feature_names
    return DecisionRead(
        row, pack, version, _EPOCH + timedelta(milliseconds=effective_ms(row.order_key)), body,
        logged.source if logged else "", logged.received_at if logged else None, rules,
        list(zip(names, row.features or [], strict=False)), effects_of([row.pk]),
        list(Note.objects.filter(object_kind="decision", object_id=str(row.pk)).order_by("-pk")), entities,
    )  # fmt: skip


def effects_of(decision_ids: Sequence[int]) -> list[EffectNow]:
    """Return the effects of decisions with their state now."""
    return with_state(list(Effect.objects.filter(decision_id__in=decision_ids).order_by("pk")))


def with_state(rows: Sequence[Effect]) -> list[EffectNow]:
    """Return effects with what became of them."""
    steps: dict[int, list[EffectStep]] = {}
    for step in EffectStep.objects.filter(effect_id__in=[row.pk for row in rows]).order_by("pk"):
        steps.setdefault(step.effect_id, []).append(step)
    found = []
    for row in rows:
        own = tuple(steps.get(row.pk, ()))
        found.append(EffectNow(row, own[-1].state if own else row.born, own))
    return found


def _explained(row: Decision, pack: Pack, body: str) -> tuple[tuple[RuleTrace, ...], list[tuple[str, str, object]]]:
    """Recompute the trace of every rule from the event, the features seen, and the labels as they were."""
    if not body:
        return (), []
    engine = packs.engine_of(row.pack_version_id)
    try:
        event = engine.decoder.decode_json(body.encode())
    except InvalidInput:
        return (), []
    compiled = engine.compiled[row.kind]
    values = plain_object(compiled.kind.fields)(event)
    ids = {
        role: (compiled.kind.entities[role], field_value(values, path)) for role, path in compiled.kind.roles.items()
    }
    now_ms = effective_ms(row.order_key)
    held = _labels_before(row, [(kind, str(ident)) for kind, ident in ids.values() if ident is not None])
    labels = {role: None if ident is None else held.view(kind)(ident, now_ms) for role, (kind, ident) in ids.items()}
    decided = Decided(
        row.event_id, row.kind, row.order_key, pack.version, tuple(row.fired or ()), tuple(row.undetermined or ()), (),
        (), compiled.feature_names, tuple(row.features or [None] * len(compiled.feature_names)),
    )  # fmt: skip
    standings = {
        role: None if ident is None else _standing_before(pack, kind, str(ident), row.order_key)
        for role, (kind, ident) in ids.items()
        if kind in pack.governs
    }
    rules = explain_rules(compiled, event, decided, labels=labels, ids=ids, lists=engine.lists, standings=standings)
    return rules, [(role, kind, ident) for role, (kind, ident) in ids.items()]


def _standing_before(pack: Pack, kind: str, ident: str, order_key: int) -> Now:
    """Return the account health of an entity as it was before an event."""
    lean = LeanSchedule(pack.schedules[pack.governs[kind]])
    return Now([entry for entry in entries_of(ident) if entry.order < order_key], lean, order_key)


def _labels_before(row: Decision, entities: Sequence[tuple[str, str]]) -> Labels:
    """Return the labels of entities as they were before an event, from the history of changes."""
    labels = Labels()
    for kind, ident in dict.fromkeys(entities):
        changes = LabelChange.objects.filter(entity_kind=kind, entity=ident, event__lt=row.pk).order_by("pk")
        for change in changes:
            now_ms = _ms(change.at)
            end = NEVER_MS if change.until is None else _ms(change.until)
            if change.change == "release":
                labels.release(kind, ident, change.label, now_ms=now_ms)
            elif change.set_by == "person":
                present = change.change == "add"
                labels.pin(kind, ident, change.label, present=present, now_ms=now_ms, until_ms=end)
            elif change.change == "add":
                labels.add(kind, ident, change.label, now_ms=now_ms, expiry_ms=end)
            else:
                labels.remove(kind, ident, change.label, now_ms=now_ms)
    return labels


def _ms(moment: datetime) -> int:
    return (moment - _EPOCH) // timedelta(milliseconds=1)

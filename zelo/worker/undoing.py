"""Takes effects back: one, or all of a rule in a time range, with a preview that says what would follow."""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import connection, transaction

from zelo.base.errors import Conflict, InvalidInput, NotFound
from zelo.base.messages.message import N_
from zelo.decide.tables import Effect, EffectStep
from zelo.deliver.flows import Note, emit
from zelo.enforce.tables import Label, LabelChange, Measure
from zelo.health.recording import standings, standings_without
from zelo.health.tables import Restriction
from zelo.people.flows import Actor, record
from zelo.wire import RECEIVERS
from zelo.worker.acts import set_label, take_back_entries
from zelo.worker.versions import opened

UNDO_MAX = 100_000
"""Most effects that one act takes back."""
ACCOUNTS_SHOWN = 200
"""Accounts whose standing a preview works out."""


@dataclass(frozen=True)
class Selection:
    """Which effects: those named, or those that fit everything that is said."""

    effect_ids: tuple[int, ...] = ()
    decision_id: int | None = None
    rule: str = ""
    kind: str = ""
    since: datetime | None = None
    until: datetime | None = None
    market: str = ""

    def find(self) -> list[Effect]:
        """Return the effects, oldest first; raises InvalidInput when they are too many or nothing was said."""
        found = Effect.objects.order_by("id")
        if self.effect_ids:
            found = found.filter(pk__in=self.effect_ids)
        elif self.decision_id is not None:
            found = found.filter(decision_id=self.decision_id)
        elif not self.rule and not self.kind and self.since is None:
            raise InvalidInput(N_("say which effects: by rule, kind, or time"))
        if self.rule:
            found = found.filter(rules__contains=[self.rule])
        if self.kind:
            found = found.filter(kind=self.kind)
        if self.since is not None:
            found = found.filter(effective_at__gte=self.since)
        if self.until is not None:
            found = found.filter(effective_at__lt=self.until)
        rows = list(found[: UNDO_MAX + 1])
        if len(rows) > UNDO_MAX:
            raise InvalidInput(N_("more than {most} effects fit: choose a shorter time"), most=UNDO_MAX)
        return self._of_market(rows) if self.market else rows

    def _of_market(self, rows: list[Effect]) -> list[Effect]:
        versions = _versions([row.decision_id for row in rows])
        return [row for row in rows if self.market in opened(versions[row.decision_id]).markets]


def _versions(decisions: Sequence[int]) -> dict[int, int]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT id, pack_version_id FROM zelo_decision WHERE id = ANY(%s)", [list(decisions)])
        return dict(cursor.fetchall())


@dataclass(frozen=True)
class Preview:
    """What taking effects back would change."""

    effects: int
    """How many would be taken back."""
    kinds: Mapping[str, int]
    entities: int
    already_undone: int
    held: int
    """Effects that fit but were held back: there is nothing to take back."""
    pending: int
    """Effects that are withdrawn before anyone carried them out."""
    over: int
    """Effects whose time is over: taking them back corrects the record only."""
    accounts_changed: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Account to the penalties in force that it would be free of; of the first accounts only."""
    accounts_looked_at: int = 0
    effect_ids: tuple[int, ...] = ()


def preview(selection: Selection, *, now: datetime) -> Preview:
    """Say what would follow, and change nothing."""
    rows = selection.find()
    undone = _undone([row.pk for row in rows])
    live = [row for row in rows if row.born != "held" and row.pk not in undone]
    looked, changed = _accounts(live, now)
    return Preview(
        effects=len(live),
        kinds=dict(sorted(Counter(row.kind for row in live).items())),
        entities=len({(row.entity_kind, row.entity) for row in live}),
        already_undone=len(undone),
        held=sum(row.born == "held" for row in rows),
        pending=sum(row.born == "pending" for row in live),
        over=_over([row.pk for row in live], now),
        accounts_changed=changed,
        accounts_looked_at=looked,
        effect_ids=tuple(row.pk for row in live),
    )


def _undone(ids: Sequence[int]) -> set[int]:
    found = EffectStep.objects.filter(effect_id__in=ids, state="undone")
    return set(found.values_list("effect_id", flat=True))


def _over(ids: Sequence[int], now: datetime) -> int:
    return sum(table.objects.filter(pk__in=ids, until__lte=now).count() for table in (Measure, Restriction))


def _accounts(rows: Sequence[Effect], now: datetime) -> tuple[int, dict[str, tuple[str, ...]]]:
    charges: dict[str, list[int]] = {}
    for row in rows:
        if row.kind in ("charge", "reward"):
            charges.setdefault(row.entity, []).append(row.pk)
    some = sorted(charges)[:ACCOUNTS_SHOWN]
    changed: dict[str, tuple[str, ...]] = {}
    versions = _versions([row.decision_id for row in rows if row.entity in set(some)])
    schedules = opened(max(versions.values())).schedules if versions else {}
    for account in some:
        before = standings(account, schedules, now)
        after = standings_without(account, charges[account], schedules, now)
        gone = [
            penalty.name
            for name, standing in before.items()
            for penalty in standing.penalties
            if penalty.name not in {one.name for one in after[name].penalties}
        ]
        if gone:
            changed[account] = tuple(sorted(set(gone)))
    return len(some), changed


def undo(selection: Selection, *, actor: Actor, now: datetime, ident: uuid.UUID, reason: str) -> Preview:
    """
    Take effects back, all in one transaction; return what was changed.

    Raises NotFound when nothing fits, Conflict when all of it was taken back before, InvalidInput without a reason.
    """
    if not reason.strip():
        raise InvalidInput(N_("say why the effects are taken back"))
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(hashtext('zelo_undo'))")
        told = preview(selection, now=now)
        if not told.effects:
            if told.already_undone:
                raise Conflict(N_("the effects were taken back before"))
            raise NotFound(N_("there is no such effect to take back"))
        rows = list(Effect.objects.filter(pk__in=told.effect_ids).order_by("pk"))
        EffectStep.objects.bulk_create(
            [
                EffectStep(effect_id=row.pk, state="undone", at=now, by=str(actor), reason=reason, undo_id=ident)
                for row in rows
            ],
            batch_size=2_000,
        )
        _take_back(rows, actor=actor, now=now, reason=reason)
        details: dict[str, Any] = {"undo": str(ident), "kinds": told.kinds, "reason": reason, "rule": selection.rule}
        record(actor, "effect.undo", now=now, of=("undo", ident), details={**details, "effects": told.effects})
        emit(
            [
                Note(
                    f"undo:{ident}:{row.pk}", "effect.undone",
                    {"id": str(row.pk), "decision": str(row.decision_id), "kind": row.kind, "entity": row.entity,
                     "entity_kind": row.entity_kind, "undo": str(ident)},
                )
                for row in rows
            ],
            now=now,
        )  # fmt: skip
    return told


def _take_back(rows: Sequence[Effect], *, actor: Actor, now: datetime, reason: str) -> None:
    by_flow: dict[Any, list[int]] = {}
    for row in rows:
        receiver = RECEIVERS[row.kind]
        if receiver is None or row.born != "applied":
            continue
        if receiver.take_back is None:
            _undo_label(row, actor=actor, now=now, reason=reason)
        else:
            by_flow.setdefault(receiver.take_back, []).append(row.pk)
    for flow, ids in by_flow.items():
        flow(ids, by=str(actor), reason=reason, now=now)
    entries = [row for row in rows if row.kind in ("charge", "reward") and row.born == "applied"]
    take_back_entries(entries, actor=actor, now=now)


def _undo_label(row: Effect, *, actor: Actor, now: datetime, reason: str) -> None:
    """Put a label back to how it was, unless something has changed it since."""
    place = {"entity_kind": row.entity_kind, "entity": row.entity, "label": str(row.parameters["label"])}
    stands = Label.objects.filter(**place, effect_id=row.pk).first()
    if stands is None:
        return
    if row.kind == "add_label":
        set_label(
            **place,
            change="release",
            until=None,
            actor=actor,
            now=now,
            reason=reason,
            ident=uuid.uuid5(_SPACE, str(row.pk)),
        )
        return
    before = LabelChange.objects.filter(**place, change="add", at__lte=row.effective_at).order_by("-id").first()
    if before is not None and (before.until is None or before.until > now):
        set_label(
            **place,
            change="add",
            until=before.until,
            actor=actor,
            now=now,
            reason=reason,
            ident=uuid.uuid5(_SPACE, str(row.pk)),
        )


_SPACE = uuid.UUID("5f0c0d3e-4a57-4c3c-9b2e-0f4a1f6d7e10")

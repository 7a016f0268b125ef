"""Reads an account or a piece of content: standing, ledger, penalties, labels, decisions, who appears beside it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from django.db.models import Q, QuerySet

from zelo.base.errors import NotFound
from zelo.base.messages.message import N_
from zelo.health.explain import Sentence, explain
from zelo.health.lean import LeanSchedule
from zelo.health.ledger import Entry
from zelo.health.recording import entries_of, standings
from zelo.health.standing import Standing
from zelo.models import Decision, Effect, Label, LabelChange, Measure, Restriction
from zelo.people.tables import Note
from zelo.policy.pack import Pack
from zelo.policy.schedules.values import Rules, Schedule, Texts
from zelo.web.reads import packs
from zelo.web.reads.decisions import EffectNow, with_state

PAGE = 25
FOUND_MAX = 50
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class StandingRead:
    """A standing under one schedule, and the sentences that tell it."""

    title: dict[str, str]
    standing: Standing
    sentences: tuple[Sentence, ...]
    rules: Rules
    """Those in force."""
    violations: Mapping[str, Texts]


@dataclass(frozen=True)
class AccountRead:
    """Everything a page shows of an account or a piece of content."""

    kind: str
    ident: str
    pack: Pack
    standings: list[StandingRead]
    ledger: list[tuple[Entry, datetime, bool]]
    """Entries, latest first, with their time, and whether they were reversed."""
    labels: list[Label]
    changes: list[LabelChange]
    measures: list[Measure]
    restrictions: list[Restriction]
    effects: list[EffectNow]
    decisions: list[Decision]
    beside: list[tuple[str, str, int]]
    """Others in the same decisions: kind, id, in how many."""
    notes: list[Note]
    decisions_count: int


def _concerning(reader: packs.Reader, place: str) -> QuerySet[Decision]:
    found = Decision.objects.filter(entities__contains=[place], entities__isnull=False)
    ids = packs.visible_ids(reader)
    return found if ids is None else found.filter(pack_version_id__in=ids)


def read(reader: packs.Reader, kind: str, ident: str, now: datetime) -> AccountRead:
    """Return an account or a piece of content that a person may see; raises NotFound."""
    working = packs.working_pack(reader)
    if working is None:
        raise NotFound(N_("there is no such account"))
    pack = working[1]
    decisions = _concerning(reader, f"{kind}:{ident}").order_by("-pk")
    labels = Label.objects.filter(entity_kind=kind, entity=ident).order_by("label")
    latest = list(decisions[: PAGE * 4])
    if not latest and (reader.markets or not labels.exists()):
        raise NotFound(N_("there is no such account"))
    seen = packs.visible_ids(reader)
    effects = Effect.objects.filter(entity_kind=kind, entity=ident).order_by("-pk")
    if seen is not None:
        effects = effects.filter(decision_id__in=Decision.objects.filter(pack_version_id__in=seen).values("pk"))
    entries = entries_of(ident) if kind == "account" else []
    beside = Counter(place for row in latest for place in set(row.entities or ()) if place != f"{kind}:{ident}")
    return AccountRead(
        kind, ident, pack, _standings(pack, ident, entries, now) if kind == "account" else [], _ledger(entries),
        list(labels), list(LabelChange.objects.filter(entity_kind=kind, entity=ident).order_by("-pk")[:PAGE]),
        list(Measure.objects.filter(entity_kind=kind, entity=ident).order_by("-since")[:PAGE]),
        list(Restriction.objects.filter(account=ident).order_by("-since")[:PAGE]) if kind == "account" else [],
        with_state(list(effects[:PAGE])), latest[:PAGE],
        [(*place.split(":", 1), count) for place, count in beside.most_common(10)],
        list(Note.objects.filter(object_kind=kind, object_id=ident).order_by("-pk")[:PAGE]), decisions.count(),
    )  # fmt: skip


def _standings(pack: Pack, account: str, entries: Sequence[Entry], now: datetime) -> list[StandingRead]:
    return [
        _standing(pack.schedules[name], one, entries) for name, one in standings(account, pack.schedules, now).items()
    ]


def _standing(schedule: Schedule, found: Standing, entries: Sequence[Entry]) -> StandingRead:
    lean = LeanSchedule(schedule)
    sentences = explain(entries, lean, found)
    return StandingRead(dict(schedule.title), found, sentences, lean.at(found.as_of).rules, schedule.violations)


def _ledger(entries: Sequence[Entry]) -> list[tuple[Entry, datetime, bool]]:
    reversed_ = {entry.target for entry in entries if entry.kind == "reversal"}
    times = [(entry, _EPOCH + timedelta(microseconds=entry.at), entry.id in reversed_) for entry in entries]
    return times[::-1][: PAGE * 2]


def search(reader: packs.Reader, text: str, kind: str = "") -> list[tuple[str, str, int]]:
    """Return accounts and content whose id begins so, with how many effects there are about them."""
    found = Effect.objects.filter(entity__startswith=text) if text else Effect.objects.all()
    if kind:
        found = found.filter(entity_kind=kind)
    seen = packs.visible_ids(reader)
    if seen is not None:
        found = found.filter(decision_id__in=Decision.objects.filter(pack_version_id__in=seen).values("pk"))
    rows = found.order_by("-pk").values_list("entity_kind", "entity")[:5_000]
    counts = Counter((str(a), str(b)) for a, b in rows)
    if not counts and text and seen is None:
        labeled = Label.objects.filter(Q(entity=text)).values_list("entity_kind", "entity")
        counts.update((str(a), str(b)) for a, b in labeled)
    return [(*place, count) for place, count in counts.most_common(FOUND_MAX)]

"""One micro-batch on its way to the tables: decisions, effects, messages and the place in the log, all or nothing."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
from django.db import connection, transaction

from zelo.adapters import traces
from zelo.base.effects import EFFECTS, Effect
from zelo.decide.decision import Decision
from zelo.decide.tables import EFFECT_BITS
from zelo.deliver.flows import Note, emit
from zelo.enforce.flows import LabelSet, change_labels
from zelo.health.recording import Asked
from zelo.intake.flows import Refused, bury
from zelo.policy.pack import written
from zelo.wire import born, carry_out

EFFECTS_MAX = 1 << EFFECT_BITS
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_encode = msgspec.json.Encoder(enc_hook=str).encode


class Fenced(Exception):
    """Another worker owns the partition now; nothing was written."""


@dataclass
class Batch:
    """What some events of one partition led to, gathered until it is written at once."""

    partition: int
    decided_at: datetime
    began_ns: int = field(default_factory=traces.now_ns)
    decisions: list[dict[str, object]] = field(default_factory=list)
    effects: list[dict[str, object]] = field(default_factory=list)
    asked: list[Asked | LabelSet] = field(default_factory=list)
    """In the order of the log."""
    messages: list[Note] = field(default_factory=list)
    letters: list[Refused] = field(default_factory=list)
    replies: list[tuple[str, str]] = field(default_factory=list)
    """Channel of a door that waits, and what to tell it."""

    def add(
        self, event: int, decision: Decision, version: tuple[int, str], entities: Mapping[str, tuple[str, object]],
        reply_to: str | None,
    ) -> None:  # fmt: skip
        """Add a decision; `entities` are those in the roles of its event."""
        notable = bool(decision.fired or decision.undetermined)
        self.decisions.append(
            {
                "i": event, "e": decision.event_id, "k": decision.kind, "o": decision.order_key, "p": version[0],
                "f": decision.fired or None, "u": decision.undetermined or None, "x": decision.feature_values or None,
                "n": [f"{kind}:{ident}" for kind, ident in entities.values() if ident is not None] if notable else None,
            }
        )  # fmt: skip
        told: list[dict[str, object]] = []
        if decision.effects or decision.held:
            told = self._effects(event, decision, version[1], entities)
        if decision.fired:
            self.messages.append(
                Note(f"decision:{event}", "decision.made", told_decision(event, decision, version[1], told))
            )
        if reply_to:
            self._reply(reply_to, event, decision, version[1], told)

    def _effects(
        self, event: int, decision: Decision, version: str, entities: Mapping[str, tuple[str, object]]
    ) -> list[dict[str, object]]:
        at = _EPOCH + timedelta(milliseconds=decision.effective_ms)
        told = []
        rows: list[tuple[Effect, str]] = [(effect, "") for effect in decision.effects]
        rows += [(held.effect, held.reason) for held in decision.held]
        for place, (effect, held_for) in enumerate(rows[:EFFECTS_MAX]):
            ident, entity_kind = (event << EFFECT_BITS) | place, entities[effect.role][0]
            state = "held" if held_for else born(effect.kind)
            row: dict[str, object] = {
                "i": ident, "d": event, "k": effect.kind, "r": effect.role, "t": entity_kind, "e": effect.entity,
                "p": effect.parameters, "u": effect.rules, "v": EFFECTS[effect.kind].receiver, "b": state,
                "h": held_for, "a": at,
            }  # fmt: skip
            self.effects.append(row)
            told.append(told_effect(ident, effect, entity_kind, state, held_for))
            if state == "applied":
                self.asked.append(
                    Asked(
                        ident, effect.kind, entity_kind, effect.entity, effect.parameters, at, decision.order_key,
                        event, decision.event_id, version,
                    )
                )  # fmt: skip
        return told

    def _reply(self, channel: str, event: int, decision: Decision, version: str, told: list[dict[str, object]]) -> None:
        text = _encode(told_decision(event, decision, version, told)).decode()
        if len(text.encode()) > 7_500:  # the most a notification carries is 8,000 bytes
            text = _encode({"id": str(event), "event_id": decision.event_id, "see": True}).decode()
        self.replies.append((channel, text))

    def write(
        self, *, epoch: int, first: int, after: int, last_order_key: int, counts: list[dict[str, object]],
        before_commit: Callable[[], None] = lambda: None,
    ) -> None:  # fmt: skip
        """
        Write everything in one transaction, and move the place in the log from `first` to `after`.

        Raises Fenced, having written nothing, when another worker has taken the partition over.
        """
        with transaction.atomic():
            with connection.cursor() as cursor:
                cursor.execute(
                    "UPDATE zelo_progress SET next = %s, last_order_key = %s, attempts = 0, seen_at = now()"
                    " WHERE partition = %s AND epoch = %s AND next = %s",
                    [after, last_order_key, self.partition, epoch, first],
                )
                if cursor.rowcount != 1:
                    raise Fenced(self.partition)
                if self.decisions:
                    cursor.execute(_DECISIONS, [_json(self.decisions), self.decided_at])
                if self.effects:
                    cursor.execute(_EFFECTS, [_json(self.effects)])
            self._carry_out()
            emit(self.messages, now=self.decided_at)
            bury(self.letters, source=f"worker:{self.partition}", receipt=None, now=self.decided_at)
            with connection.cursor() as cursor:
                if counts:
                    cursor.execute(_COUNTS, [self.partition, _json(counts)])
                if self.replies:
                    cursor.execute(
                        "SELECT pg_notify(c, t) FROM unnest(%s::text[], %s::text[]) AS x(c, t)",
                        [[channel for channel, _ in self.replies], [text for _, text in self.replies]],
                    )
            before_commit()
        for event_id in traces.traced(str(one["e"]) for one in self.decisions):
            one = next(one for one in self.decisions if one["e"] == event_id)
            traces.stage(
                "decide", event_id, began_ns=self.began_ns, kind=one["k"], decision=one["i"], pack_version=one["p"],
                partition=self.partition, fired=one["f"] or [],
            )  # fmt: skip

    def _carry_out(self) -> None:
        """Hand everything to its receivers, in the order of the log where both rules and people change labels."""
        run: list[Asked] = []
        for one in self.asked:
            if isinstance(one, LabelSet):
                carry_out(run)
                run = []
                change_labels([one])
            else:
                run.append(one)
        if run:
            carry_out(run)


def told_decision(event: int, decision: Decision, version: str, effects: list[dict[str, object]]) -> dict[str, object]:
    """Return a decision as others are told of it."""
    return {
        "id": str(event),
        "event_id": decision.event_id,
        "kind": decision.kind,
        "effective_at": written(_EPOCH + timedelta(milliseconds=decision.effective_ms)),
        "pack_version": version,
        "fired": decision.fired,
        "undetermined": decision.undetermined,
        "effects": effects,
    }


def told_effect(ident: int, effect: Effect, entity_kind: str, state: str, held_for: str) -> dict[str, object]:
    """Return an effect as others are told of it; durations are in microseconds."""
    return {
        "id": str(ident),
        "kind": effect.kind,
        "entity_kind": entity_kind,
        "entity": effect.entity,
        "parameters": effect.parameters,
        "rules": effect.rules,
        "state": state,
        "held_for": held_for,
    }


def _json(rows: Any) -> str:
    return _encode(rows).decode()


_DECISIONS = """
INSERT INTO zelo_decision (id, event_id, kind, order_key, decided_at, pack_version_id, fired, undetermined, features,
    entities)
SELECT i, e, k, o, given.at, p, f, u, x, n
FROM (SELECT %s::jsonb AS rows, %s::timestamptz AS at) given,
    jsonb_to_recordset(given.rows) AS r(i bigint, e text, k text, o bigint, p int, f text[], u text[],
    x jsonb, n text[])
"""
_EFFECTS = """
INSERT INTO zelo_effect (id, decision_id, kind, role, entity_kind, entity, parameters, rules, receiver, born, held_for,
    effective_at)
SELECT i, d, k, r, t, e, p, u, v, b, h, a FROM jsonb_to_recordset(%s::jsonb) AS r(i bigint, d bigint, k text, r text,
    t text, e text, p jsonb, u text[], v text, b text, h text, a timestamptz)
"""
_COUNTS = """
INSERT INTO zelo_day_count (partition, ends_at, rule, kind, count, most)
SELECT %s, e, r, k, c, m FROM jsonb_to_recordset(%s::jsonb) AS x(e timestamptz, r text, k text, c int, m int)
ON CONFLICT (partition, ends_at, rule, kind) DO UPDATE SET count = excluded.count, most = excluded.most
"""

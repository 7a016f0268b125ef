"""What is kept of a decision: the row that the decision files hold."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import msgspec

from zelo.base.effects import Effect
from zelo.decide.decision import Decision

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_json = msgspec.json.Encoder(enc_hook=str, order="deterministic").encode


def row_of(decision: Decision, language_version: str) -> tuple[object, ...]:
    """Return a decision as the cells of `zelo.adapters.decisions.SCHEMA`."""
    return (
        decision.event_id,
        decision.kind,
        decision.order_key,
        _EPOCH + timedelta(milliseconds=decision.effective_ms),
        decision.pack_version,
        language_version,
        decision.fired,
        decision.undetermined,
        [effect_cells(effect) for effect in decision.effects],
        [{**effect_cells(held.effect), "reason": held.reason} for held in decision.held],
        _json(dict(zip(decision.feature_names, decision.feature_values, strict=True))).decode(),
    )


def effect_cells(effect: Effect) -> dict[str, object]:
    """Return an effect as the cells of the decision files; parameters as JSON."""
    return {
        "kind": effect.kind,
        "role": effect.role,
        "entity": effect.entity,
        "parameters": _json(effect.parameters).decode(),
        "rules": effect.rules,
    }

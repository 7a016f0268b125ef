"""Reads stories written as vectors: events in order, and what must hold at stated instants."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

from tests.places import REPOSITORY
from zelo.base.source import Report, Source
from zelo.health.ledger import Entry
from zelo.health.logic import standing
from zelo.health.standing import Balance, Standing
from zelo.policy.schedules.lengths import micros
from zelo.policy.schedules.read import read_schedule
from zelo.policy.schedules.values import UNIT, Schedule

SCHEDULES = REPOSITORY / "packs" / "public_systems" / "schedules"
_VIOLATION_NAMES = ("policy", "reason", "kind", "category", "type_")
_OWN = {"at", "type", "id", "points", "severity", "content_posted_at", "in_system", *_VIOLATION_NAMES}
_STEPS = {
    "content_removed_by_author": "content_removed",
    "violation_addressed": "addressed",
    "listing_deleted": "listing_deleted",
}
_TRAININGS = {
    "quiz_passed": "quiz",
    "course_completed": "education_course",
    "training_completed": "policy_training",
}
_GATES = {"application": "programme", "video": "content", "access_request": "access"}
_VARIANTS = ("variant", "reset_variant")

Event = Mapping[str, Any]


@cache
def schedule_named(name: str, folder: Path = SCHEDULES) -> Schedule:
    """Read a schedule of a pack; it must be without mistakes."""
    report = Report()
    path = folder / f"{name}.yaml"
    found = read_schedule(Source(path.name, path.read_text(encoding="utf-8")), report, "UTC", name)
    assert found is not None and not report.diagnostics, report.diagnostics
    return found


def instant_of(text: str) -> int:
    """Return an instant written as RFC 3339."""
    return micros(datetime.fromisoformat(text))


def text_of(instant: int | None) -> str | None:
    """Write an instant as the vectors do."""
    if instant is None:
        return None
    return datetime.fromtimestamp(instant / 1_000_000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def in_millionths(value: Any) -> int | str:
    """Return a measured value as a ledger keeps it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return round(value * UNIT) if isinstance(value, int | float) else str(value)


def entry_of(event: Event, number: int) -> Entry:
    """Return the ledger entry of an event."""
    kind, at = event["type"], instant_of(event["at"])
    base: dict[str, Any] = {
        "id": event.get("id") or f"e{number}",
        "at": at,
        "account": event.get("against", "u1"),
        "order": number,
        "target": event.get("target", ""),
        "schedule": event.get("in_system", ""),
    }
    words = {k: in_millionths(v) for k, v in event.items() if k not in _OWN and isinstance(v, str | bool)}
    attributes = tuple(sorted((name, str(word)) for name, word in words.items()))
    if kind in ("violation", "dm_reported"):
        violation = next((event[name] for name in _VIOLATION_NAMES if name in event), "unnamed")
        points, posted = event.get("points"), event.get("content_posted_at")
        return Entry(
            kind="violation",
            violation=kind if kind == "dm_reported" else violation,
            severity=event.get("severity", ""),
            attributes=attributes,
            points=None if points is None else round(points * UNIT),
            content_at=None if posted is None else instant_of(posted),
            **base,
        )
    if kind == "appeal_decided":
        return Entry(kind="reversal" if event["outcome"] == "granted" else "denial", **base)
    if kind == "appeal_filed":
        return Entry(kind="appeal", **base)
    if kind in _TRAININGS:
        values = {"score": in_millionths(event["score"])} if "score" in event else {}
        return Entry(kind="training", name=event.get("quiz", _TRAININGS[kind]), values=values, **base)
    if kind in _STEPS:
        return Entry(kind="step", name=_STEPS[kind], **base)
    if kind == "orders_fulfilled":
        return Entry(kind="reward", name=kind, count=event["count"], **base)
    window = f"_{event['window']}" if "window" in event else ""
    values = {k + window: in_millionths(v) for k, v in event.items() if k not in ("at", "type", "id", "window")}
    if kind in _GATES:
        return Entry(kind="request", name=_GATES[kind], attributes=attributes, values=values, **base)
    return Entry(kind="measure", values=values, **base)


def _balance(found: Standing, *kinds: str) -> Balance:
    """Return the balance of the whole account on the first track of a kind."""
    return next(b for kind in kinds for b in found.balances if b.kind == kind and not b.key)


def _number(found: Standing, kind: str, schedule: Schedule) -> int | float | None:
    track = next(t for t in schedule.rules[-1].tracks if t.kind == kind and not t.per)
    return found.value(track.name)


def _may(found: Standing, scope: str) -> Any:
    """Return what is left of a scope: true, false, or a word."""
    left = found.restrictions.get("account") or found.restrictions.get(scope)
    return True if left is None else False if left == "none" else left


def _penalties(found: Standing) -> list[dict[str, Any]]:
    return [{"code": p.name, "from": text_of(p.start), "until": text_of(p.until)} for p in found.penalties]


def _rung(found: Standing) -> Any:
    step = _balance(found, "strikes").step
    return int(step) if step.isdigit() else step


READINGS: Mapping[str, Callable[[Standing, Schedule], Any]] = {
    "strikes": lambda f, s: _number(f, "strikes", s),
    "count": lambda f, s: _number(f, "strikes", s),
    "points": lambda f, s: _number(f, "points", s),
    "rating": lambda f, s: _number(f, "rating", s),
    "standing": lambda f, s: f.word,
    "penalties": lambda f, s: _penalties(f),
    "codes": lambda f, s: sorted([p.name for p in f.penalties] + [d.name for d in f.duties]),
    "warnings": lambda f, s: [w.milestone and w.milestone // UNIT for w in f.warnings if w.name == "near"],
    "warned": lambda f, s: bool(f.warnings),
    "warning": lambda f, s: any(w.name in ("first", "given") for w in f.warnings),
    "band": lambda f, s: _balance(f, "rating", "rates").band,
    "level": lambda f, s: _balance(f, "rates").band,
    "window": lambda f, s: _balance(f, "rates").window,
    "milestones": lambda f, s: [value // UNIT for value in _balance(f, "rating").reached],
    "rung": lambda f, s: _rung(f),
    "record": lambda f, s: list(f.live),
    "refused_appeals": lambda f, s: [a.entry for a in f.appeals if not a.accepted],
    "accepted_appeals": lambda f, s: [a.entry for a in f.appeals if a.accepted],
    "refused": lambda f, s: [e for e, _ in f.refused] + [r.entry for r in f.requests if not r.granted],
    "granted": lambda f, s: [r.entry for r in f.requests if r.granted],
    "eligible": lambda f, s: f.requests[-1].granted,
    "failed": lambda f, s: list(f.requests[-1].failed),
    "eligible_content": lambda f, s: [r.entry for r in f.requests if r.granted],
    "ecommerce_permission": lambda f, s: _may(f, "sell"),
    "commissions_frozen": lambda f, s: _may(f, "funds") is False,
    "ads_eligible": lambda f, s: _may(f, "ads"),
    "can_post": lambda f, s: _may(f, "publish"),
    "can_like": lambda f, s: _may(f, "like"),
    "can_dm": lambda f, s: _may(f, "message"),
    "can_read": lambda f, s: "account" not in f.restrictions,
    "read_only_until": lambda f, s: text_of(next((p.until for p in f.penalties if p.name == "read_only"), None)),
    "effective_block_until": lambda f, s: text_of(max(p.until or 0 for p in f.penalties)),
    "dm_blocked_pairs": lambda f, s: [[f.account, p.toward] for p in f.penalties if p.toward],
    "deposit_due": lambda f, s: text_of(next((d.due for d in f.duties if d.name == "deposit_increase"), None)),
    "tier": lambda f, s: f.tier or None,
    "leader": lambda f, s: f.tier or None,
    "paid": lambda f, s: f.payouts[0].paid / UNIT,
    "balance_usd": lambda f, s: f.payouts[0].balance / UNIT,
}
"""How each word of an expectation is read off a standing; the same for every system."""


def _ordered(value: Any) -> Any:
    """Return a list of penalties or codes in one order: a vector does not order what runs at once."""
    return sorted(value, key=str) if isinstance(value, list) else value


def failures(vector: Event, folder: Path = SCHEDULES) -> list[str]:
    """Return every expectation of a vector that does not hold."""
    schedule = schedule_named(vector["system"], folder)
    variant = next((vector["params"][name] for name in _VARIANTS if name in vector.get("params", {})), "")
    named = [name for name in schedule.others if name and variant.startswith(name)]
    schedule = schedule.others[named[0]] if named else schedule
    entries = [entry_of(event, number) for number, event in enumerate(vector["events"])]
    found = []
    for check in vector["checks"]:
        as_of = instant_of(check["as_of"])
        result = standing(entries, schedule, as_of)
        for key, wanted in check["expect"].items():
            if key == "other_systems":
                got: Any = {other: _elsewhere(entries, other, as_of, folder) for other in wanted}
            else:
                got = READINGS[key](result, schedule)
            if _ordered(got) != _ordered(_dated(wanted)):
                found.append(f"{vector['id']} at {check['as_of']}: {key} is {got!r}, not {wanted!r}")
    return found


def _dated(wanted: Any) -> Any:
    return wanted


def _elsewhere(entries: Sequence[Entry], system: str, as_of: int, folder: Path) -> int | float | None:
    """Return the points of the same account in another system."""
    schedule = schedule_named(system, folder)
    mine = [entry for entry in entries if entry.schedule]
    return _number(standing(mine, schedule, as_of), "points", schedule)

"""Checks which schedule governs which kind of entity, and that charges are of violations that it knows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from zelo.base.source import Report
from zelo.policy.load_events import Events
from zelo.policy.load_shapes import At, known
from zelo.policy.pack import EffectRequest, Rule
from zelo.policy.schedules.values import Schedule


def check_governed(
    governs: Sequence[tuple[At[str], At[str]]],
    events: Events,
    names: Sequence[str],
    schedules: Mapping[str, Schedule],
    rules: Sequence[Rule],
    report: Report,
) -> None:
    """Report entities and schedules that there are not, and charges that the schedule of their entity does not know."""
    for entity, name in governs:
        known("Z339", entity.value, entity.span, events.entities, report)
        known("Z340", name.value, name.span, dict.fromkeys(names), report)
    found = {entity.value: schedules.get(name.value) for entity, name in governs}
    for rule in rules:
        for effect in rule.effects:
            if effect.kind == "charge":
                entities = {events.kinds[kind].entities[effect.role] for kind in rule.kinds}
                for schedule in {id(s): s for entity in entities if (s := found.get(entity)) is not None}.values():
                    _check_charge(effect, schedule, report)


def _check_charge(effect: EffectRequest, schedule: Schedule, report: Report) -> None:
    violation, severity = str(effect.parameters["violation"]), str(effect.parameters.get("severity", ""))
    if schedule.violations and violation not in schedule.violations:
        report.add("Z341", effect.span, name=violation, schedule=schedule.name)
    if schedule.severities and severity not in schedule.severities:
        report.add("Z342", effect.span, name=severity, schedule=schedule.name)

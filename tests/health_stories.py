"""Small schedules from text and ledgers from short lines, for stories about account health."""

from __future__ import annotations

from typing import Any

from tests.health_vectors import instant_of
from zelo.base.source import Report, Source
from zelo.health.ledger import Entry
from zelo.policy.schedules.read import read_schedule
from zelo.policy.schedules.values import UNIT, Schedule

HEAD = """\
schedule: story
title: {en: Story, pt-BR: História}
severities: {low: {en: low, pt-BR: leve}, high: {en: high, pt-BR: grave}}
attributes: [feature]
steps: [fixed]
penalties:
  freeze: {title: {en: Freeze, pt-BR: Congelamento}, scopes: [sell], basis: A}
  close: {title: {en: Closed, pt-BR: Encerrada}, scopes: [account], stacking: absorb, reaches_linked: true, basis: A}
"""
POINTS = """\
tracks:
  points:
    title: {en: Points, pt-BR: Pontos}
    kind: points
    lives: 30d
    basis: A
    counts:
      - {given: [0, 100], basis: A}
    ladder:
      - {at: 10, penalty: freeze, for: 7d, basis: A}
      - {at: 20, penalty: close, for: forever, basis: A}
"""


def schedule_of(text: str, head: str = HEAD) -> Schedule:
    """Read a schedule that must have no mistakes."""
    report = Report()
    found = read_schedule(Source("story.yaml", head + text), report)
    assert found is not None, report.diagnostics
    return found


def at(text: str) -> int:
    """Return an instant: `2026-01-05`, or a time with its zone."""
    return instant_of(text if "T" in text else f"{text}T00:00:00Z")


def entry(id_: str, kind: str, when: str, points: float | None = None, **more: Any) -> Entry:
    """Return an entry; attributes are given as a mapping."""
    attributes = tuple(sorted(more.pop("attributes", {}).items()))
    millionths = None if points is None else round(points * UNIT)
    return Entry(id_, kind, at(when), points=millionths, attributes=attributes, **more)


def violation(id_: str, when: str, points: float | None = None, **more: Any) -> Entry:
    """Return a violation."""
    return entry(id_, "violation", when, points, **more)

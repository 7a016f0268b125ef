"""Random schedules with every mechanism, and random ledgers, for the laws of account health."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from hypothesis import strategies as st

from zelo.base.source import Report, Source
from zelo.health.ledger import Entry
from zelo.policy.schedules.lengths import DAY_US
from zelo.policy.schedules.read import read_schedule
from zelo.policy.schedules.values import UNIT, Schedule

START = 1_767_225_600 * 1_000_000
"""2026-01-01T00:00:00Z."""
BOTH = {"en": "x", "pt-BR": "x"}
VIOLATIONS = ("spam", "scam", "fake")
SEVERITIES = ("low", "high")
FEATURES = ("video", "live")
STACKING = ("beside", "absorb", "extend", "replace")
LENGTHS = ("1d", "3d", "7d", "2w", "1mo", "30cd", "36h")
LIVES: Sequence[Any] = (
    "10d",
    "30d",
    "2mo",
    "forever",
    {"by_severity": {"low": "10d", "high": "40d"}, "length": "20d"},
    {"until": {"day": 1}},
    {"until": {"weekday": "monday"}},
)


def _penalties() -> dict[str, Any]:
    return {
        "small": {"title": BOTH, "scopes": ["comment"], "basis": "A"},
        "big": {"title": BOTH, "scopes": ["publish", "live"], "stacking": "absorb", "basis": "A"},
        "longer": {"title": BOTH, "scopes": ["sell"], "stacking": "extend", "basis": "A"},
        "closed": {"title": BOTH, "scopes": ["account"], "stacking": "absorb", "ends": ["small"], "basis": "A"},
    }


@st.composite
def ladders(draw: st.DrawFn, values: Sequence[int], names: Sequence[str]) -> list[dict[str, Any]]:
    """Draw a ladder over some milestones."""
    chosen = draw(st.lists(st.sampled_from(list(values)), min_size=1, max_size=4, unique=True))
    return [
        {
            "at": value,
            "penalty": draw(st.sampled_from(list(names))),
            "for": draw(st.sampled_from([*LENGTHS, "forever"])),
            "basis": "A",
        }
        for value in sorted(chosen)
    ]


@st.composite
def tracks(draw: st.DrawFn, plain: bool = False) -> dict[str, Any]:
    """Draw a track; a plain one has only mechanisms under which one more violation cannot help."""
    kind = draw(st.sampled_from(["points", "rating", "strikes"]))
    track: dict[str, Any] = {"title": BOTH, "kind": kind, "lives": draw(st.sampled_from(LIVES)), "basis": "A"}
    names = ("small", "big", "longer", "closed")
    prices = [
        {"basis": "A", "when": {"violation": "spam"}, "by_severity": {"low": 2, "high": 5}},
        {"basis": "A", "when": {"violation": "fake"}, "by_turn": {"1": 1, "2": 3, "4": 6}, "turn_per": "violation"},
        {"basis": "A", "given": [1, 12]},
    ]
    if not plain and draw(st.booleans()):
        prices[0] |= {"at_most": 6, "at_most_in": "2d"}
    track["counts"] = [{"points": 1, "basis": "A"}] if kind == "strikes" else prices
    if kind == "rating":
        track |= {"start": 50, "least": 0, "most": 100, "ladder": draw(ladders((40, 30, 15, 0), names))}
    elif kind == "strikes":
        track |= {"ladder": draw(ladders((1, 2, 3, 5), names))}
    else:
        track |= {"ladder": draw(ladders((4, 9, 12, 20), names))}
    if kind == "strikes" and draw(st.booleans()):
        track["per"] = draw(st.sampled_from(["feature", "violation"]))
    if draw(st.booleans()):
        track["warns_before"] = 1
    if plain:
        return track
    extras = draw(st.sets(st.sampled_from(["merge", "evaluated", "clean", "stays", "gains", "cured", "every"])))
    if "merge" in extras and kind == "strikes":
        track["merge"] = "2d"
    if "evaluated" in extras and not track.get("each"):
        track["evaluated"] = {"weekday": "monday"}
        track["each"] = False
    if "clean" in extras:
        track["clean"] = {"every": "7d", "gives": 2, "basis": "A"}
    if "stays" in extras and kind == "points":
        track["stays_at"] = 20
    if "gains" in extras and "per" not in track:
        track["gains"] = {"orders": {"per": 2, "gives": 3, "lives": "30d", "basis": "A"}}
    if "cured" in extras:
        track["cured_by"] = "fixed"
    if "every" in extras and kind == "points":
        track["ladder"] = [{"every": 6, "penalty": "big", "for": "5d", "basis": "A"}]
    return track


@st.composite
def schedules(draw: st.DrawFn, plain: bool = False) -> Schedule:
    """Draw a schedule and read it from text, as an author's would be."""
    text: dict[str, Any] = {
        "schedule": "drawn",
        "title": BOTH,
        "time_zone": draw(st.sampled_from(["UTC", "America/Sao_Paulo", "America/New_York"])),
        "severities": list(SEVERITIES),
        "attributes": ["feature"],
        "steps": ["fixed"],
        "violations": list(VIOLATIONS),
        "penalties": _penalties(),
        "tracks": {f"t{number}": draw(tracks(plain)) for number in range(draw(st.integers(1, 2)))},
    }
    if not plain:
        if draw(st.booleans()):
            first: dict[str, Any] = {"lasts": draw(st.sampled_from(["forever", "20d"])), "basis": "A"}
            if draw(st.booleans()):
                first |= {"training": "course", "after_training": "15d", "same": "violation"}
            text["warning_first"] = first
        if draw(st.booleans()):
            when = {"violation": "scam", "severity": "high"}
            text["at_once"] = [{"when": when, "penalty": "closed", "for": "forever", "basis": "A"}]
        text["training"] = {"lesson": {"removes": True, "once_in": "30d", "basis": "A"}}
        text["conventions"] = {
            "several_milestones": draw(st.sampled_from(["severest", "all"])),
            "milestone_again": draw(st.sampled_from(["again", "once"])),
            "expiry": draw(st.sampled_from(["runs_on", "ends"])),
            "appeal_pending": draw(st.sampled_from(["runs", "pauses"])),
        }
        if draw(st.booleans()):
            name = next(iter(text["tracks"]))
            lives = text["tracks"][name]["lives"]
            later = [{"value": lives, "basis": "A"}, {"value": "5d", "from": "2026-02-01", "basis": "A"}]
            text["tracks"][name]["lives"] = later
    report = Report()
    schedule = read_schedule(Source("drawn.yaml", json.dumps(text)), report)
    errors = [d for d in report.diagnostics if d.is_error]
    assert schedule is not None, errors
    return schedule


@st.composite
def violations(draw: st.DrawFn, number: int) -> Entry:
    """Draw a violation in the first 120 days, at whole hours so that instants meet."""
    return Entry(
        f"v{number}",
        "violation",
        START + draw(st.integers(0, 120 * 8)) * (DAY_US // 8),
        "a",
        draw(st.sampled_from(VIOLATIONS)),
        draw(st.sampled_from(SEVERITIES)),
        (("feature", draw(st.sampled_from(FEATURES))),),
        points=draw(st.integers(1, 12)) * UNIT,
        order=number,
    )


@st.composite
def ledgers(draw: st.DrawFn, only_violations: bool = False, most: int = 9) -> list[Entry]:
    """Draw a ledger: violations, and entries of every other kind about them."""
    count = draw(st.integers(0, most))
    found = [draw(violations(number)) for number in range(count)]
    if only_violations:
        return found
    for number in range(draw(st.integers(0, 5))):
        kind = draw(
            st.sampled_from(["reversal", "appeal", "denial", "step", "training", "reward", "warning", "migration"])
        )
        target = f"v{draw(st.integers(0, max(count, 1)))}"
        at = START + draw(st.integers(0, 140 * 8)) * (DAY_US // 8)
        name = {"step": "fixed", "reward": "orders", "training": draw(st.sampled_from(["course", "lesson"]))}.get(
            kind, ""
        )
        extra: dict[str, Any] = {"violation": "spam", "severity": "low"} if kind == "warning" else {}
        if kind == "migration":
            extra["given_under"] = START + 40 * DAY_US
        reference = "" if kind in ("reward", "warning", "migration") else target
        found.append(
            Entry(f"x{number}", kind, at, "a", target=reference, name=name, count=3, order=100 + number, **extra)
        )
    return found


INSTANTS = st.integers(0, 160 * 8).map(lambda step: START + step * (DAY_US // 8))

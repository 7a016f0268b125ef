"""What a simulation found, as figures that a page, a file or a program can show; what is not known is None."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import sqrt

from zelo.health.compare_parts import Drawn
from zelo.health.comparing import DIMENSIONS, HARDER, MILDER, Tally, Total, next_shares, open_end
from zelo.health.glance import Glance, Glancer, restricted_us
from zelo.health.lean import LeanSchedule
from zelo.health.ledger import Entry
from zelo.policy.schedules.lengths import DAY_US
from zelo.policy.schedules.values import Schedule, Texts

FORMAT = "zelo health simulation"
"""What `report.json` says it is."""
_Z = 1.959964
STORY_ENTRIES = 12
"""Most entries of a story that are told, the latest."""


@dataclass(frozen=True)
class Share:
    """A share with its 95 % interval (Wilson) and what it is a share of; None when it is of nothing."""

    part: int
    whole: int
    value: float | None
    low: float | None
    high: float | None


def share(part: int, whole: int) -> Share:
    """Return a share of a count."""
    if not whole:
        return Share(part, whole, None, None, None)
    p, z2 = part / whole, _Z * _Z
    middle, spread = p + z2 / (2 * whole), _Z * sqrt(p * (1 - p) / whole + z2 / (4 * whole * whole))
    scale = 1 + z2 / whole
    return Share(part, whole, p, max((middle - spread) / scale, 0.0), min((middle + spread) / scale, 1.0))


@dataclass(frozen=True)
class Named:
    """An account that the report names, with its entries."""

    account: str
    entries: tuple[Entry, ...]


@dataclass(frozen=True)
class Story:
    """What happened to one account, and what each schedule made of it."""

    account: str
    entries: tuple[Entry, ...]
    left_out: int
    """How many earlier entries are not told."""
    before: Glance
    after: Glance
    days_before: float
    days_after: float


@dataclass(frozen=True)
class PenaltyRow:
    """One penalty under both schedules."""

    name: str
    in_force_before: int
    in_force_after: int
    started_before: int
    started_after: int
    vacated: int
    added: int
    days_before: float
    days_after: float


@dataclass(frozen=True)
class GroupRow:
    """The accounts that have one property."""

    name: str
    """Empty: not known."""
    accounts: int
    harder: int
    milder: int
    restricted_before: Share
    restricted_after: Share


@dataclass(frozen=True)
class Point:
    """One point of a curve."""

    at: float
    restricted: Share
    days: float
    """Of restriction, for each sampled account."""


@dataclass(frozen=True)
class Findings:
    """All that a report says."""

    before: Schedule
    after: Schedule
    ledger: str
    as_of: int
    tally: Tally
    bands: tuple[str, ...]
    titles: Mapping[str, Texts]
    """What people call bands and penalties."""
    penalties: tuple[PenaltyRow, ...]
    repeats: tuple[Share, Share]
    next_violation: tuple[tuple[int, Share], ...]
    """Number of violations, and the share of the accounts with so many that had one more."""
    groups: Mapping[str, tuple[GroupRow, ...]]
    curves: Mapping[str, tuple[Point, ...]]
    sampled: int
    harder: tuple[Story, ...]
    milder: tuple[Story, ...]
    mistaken: tuple[tuple[float, Story], ...]


def findings(
    before: Schedule, after: Schedule, tally: Tally, drawn: Drawn, named: Sequence[Named], ledger: str
) -> Findings:
    """Put together what a report says."""
    teller = _Stories(before, after, tally.as_of, named)
    order = [account for _, account in sorted(tally.mistaken, reverse=True)]
    days = {account: found for found, account in tally.mistaken}
    return Findings(
        before=before,
        after=after,
        ledger=ledger,
        as_of=tally.as_of,
        tally=tally,
        bands=_bands(before, after, tally),
        titles=_titles(before, after),
        penalties=_penalties(tally),
        repeats=(_again(tally.before), _again(tally.after)),
        next_violation=tuple((n, share(part, whole)) for n, whole, part in next_shares(tally.counts)[:8]),
        groups={name: _groups(tally, number) for number, name in enumerate(DIMENSIONS)},
        curves=_curves(drawn),
        sampled=drawn.accounts,
        harder=tuple(teller.story(account) for _, account in sorted(tally.examples[HARDER])),
        milder=tuple(teller.story(account) for _, account in sorted(tally.examples[MILDER])),
        mistaken=tuple((days[account], teller.story(account)) for account in order),
    )


class _Stories:
    def __init__(self, before: Schedule, after: Schedule, as_of: int, named: Sequence[Named]) -> None:
        self.as_of = as_of
        self.before = Glancer(LeanSchedule(before), as_of)
        self.after = Glancer(LeanSchedule(after), as_of)
        self.entries = {one.account: one.entries for one in named}

    def story(self, account: str) -> Story:
        """Return the story of an account."""
        entries = self.entries[account]
        before, after = self.before.of_entries(entries), self.after.of_entries(entries)
        told = tuple(sorted(entries, key=lambda e: (e.at, e.order, e.id)))[-STORY_ENTRIES:]
        return Story(
            account,
            told,
            len(entries) - len(told),
            before,
            after,
            restricted_us(before.spans, self.as_of) / DAY_US,
            restricted_us(after.spans, self.as_of) / DAY_US,
        )


def _again(total: Total) -> Share:
    return share(total.repeats.repeated, total.repeats.penalised)


def _bands(before: Schedule, after: Schedule, tally: Tally) -> tuple[str, ...]:
    """Return the bands that occur: those of the new schedule from worst to best, then those only the old one has."""
    occurring = {*tally.before.bands, *tally.after.bands}
    rules = (after.rules[-1], before.rules[-1])
    words = [word.name for one in rules for word in one.words]
    tiers = [tier.name for one in rules for tier in one.tiers.tiers]
    order = dict.fromkeys([*words, *tiers, *sorted(occurring)])
    return tuple(name for name in order if name in occurring)


def _titles(before: Schedule, after: Schedule) -> Mapping[str, Texts]:
    found: dict[str, Texts] = {}
    for schedule in (before, after):
        for rules in schedule.rules:
            found |= {word.name: word.title for word in rules.words}
            found |= {tier.name: tier.title for tier in rules.tiers.tiers}
            found |= {name: kind.title for name, kind in rules.penalties.items()}
        found |= {name: title for name, title in schedule.violations.items() if title}
    return found


def _penalties(tally: Tally) -> tuple[PenaltyRow, ...]:
    old, new = tally.before, tally.after
    names = sorted({*old.started, *new.started}, key=lambda name: -max(old.started[name], new.started[name]))
    return tuple(
        PenaltyRow(
            name,
            old.in_force[name],
            new.in_force[name],
            old.started[name],
            new.started[name],
            tally.vacated[name],
            tally.added[name],
            old.penalty_days[name] / DAY_US,
            new.penalty_days[name] / DAY_US,
        )
        for name in names
    )


def _groups(tally: Tally, number: int) -> tuple[GroupRow, ...]:
    """Return the accounts by one thing that is known of them, those of which it is not known last."""
    found: dict[str, list[int]] = {}
    for kind, counted in tally.groups.items():
        mine = found.setdefault(kind[number], [0, 0, 0, 0, 0])
        mine[:] = [a + b for a, b in zip(mine, counted, strict=True)]
    rows = sorted(found.items(), key=lambda item: (not item[0], -item[1][0], item[0]))
    return tuple(
        GroupRow(name, accounts, harder, milder, share(before, accounts), share(after, accounts))
        for name, (accounts, harder, milder, before, after) in rows
    )


def _curves(drawn: Drawn) -> Mapping[str, tuple[Point, ...]]:
    found: dict[str, tuple[Point, ...]] = {}
    for curve in ("expiry", "threshold"):
        places = sorted({at for name, at in drawn.places if name == curve})
        points = tuple(
            Point(
                at,
                share(drawn.restricted[curve, at], drawn.accounts),
                drawn.days[curve, at] / DAY_US / max(drawn.accounts, 1),
            )
            for at in places
        )
        if points and drawn.accounts:
            found[curve] = points
    return found


# --- as JSON


def as_json(found: Findings) -> dict[str, object]:
    """Return the findings as plain values; instants in microseconds since 1970, what is not known as null."""
    tally = found.tally
    return {
        "format": FORMAT,
        "schedules": {side: _head(s) for side, s in (("before", found.before), ("after", found.after))},
        "ledger": found.ledger,
        "as_of_us": found.as_of,
        "accounts": tally.accounts,
        "entries": tally.entries,
        "moved": tally.moved,
        "directions": dict(tally.directions),
        "bands": [
            {"band": band, "before": tally.before.bands[band], "after": tally.after.bands[band]} for band in found.bands
        ],
        "flows": [{"before": a, "after": b, "accounts": n} for (a, b), n in sorted(tally.flows.items())],
        "penalties": [_plain(row) for row in found.penalties],
        "restricted_now": {"before": tally.before.restricted_now, "after": tally.after.restricted_now},
        "restricted_ever": {"before": tally.before.restricted_ever, "after": tally.after.restricted_ever},
        "days_of_restriction": {"before": tally.before.days, "after": tally.after.days},
        "repeat_within_90_days": {
            side: {**_plain(shared), "too_recent_to_know": total.repeats.too_recent}
            for side, shared, total in zip(("before", "after"), found.repeats, (tally.before, tally.after), strict=True)
        },
        "next_violation": [{"violations": n, **_plain(shared)} for n, shared in found.next_violation],
        "groups": {name: [_group(row) for row in rows] for name, rows in found.groups.items()},
        "curves": {name: [_point(point) for point in points] for name, points in found.curves.items()},
        "sampled_for_curves": found.sampled,
        "examples": {HARDER: [_story(s) for s in found.harder], MILDER: [_story(s) for s in found.milder]},
        "mistaken": {
            "accounts": tally.mistaken_accounts,
            "corrected_accounts": tally.reversed_accounts,
            "days": tally.mistaken_days,
            "hardest": [{"days": days, **_story(story)} for days, story in found.mistaken],
        },
    }


def _head(schedule: Schedule) -> dict[str, object]:
    return {"name": schedule.name, "version": schedule.version, "title": dict(schedule.title)}


def _plain(value: Share | PenaltyRow) -> dict[str, object]:
    return {name: getattr(value, name) for name in value.__dataclass_fields__}


def _group(row: GroupRow) -> dict[str, object]:
    return {
        "name": row.name or None,
        "accounts": row.accounts,
        "harder": row.harder,
        "milder": row.milder,
        "restricted_before": _plain(row.restricted_before),
        "restricted_after": _plain(row.restricted_after),
    }


def _point(point: Point) -> dict[str, object]:
    return {"at": point.at, "restricted": _plain(point.restricted), "days_for_each_account": point.days}


def _story(story: Story) -> dict[str, object]:
    return {
        "account": story.account,
        "entries": [_entry(entry) for entry in story.entries],
        "earlier_entries": story.left_out,
        "before": _glance(story.before, story.days_before),
        "after": _glance(story.after, story.days_after),
    }


def _entry(entry: Entry) -> dict[str, object]:
    told = {"id": entry.id, "kind": entry.kind, "at_us": entry.at, "violation": entry.violation}
    return {**told, "severity": entry.severity, "target": entry.target}


def _glance(glance: Glance, days: float) -> dict[str, object]:
    return {"band": glance.band, "days_of_restriction": days, "penalties": list(_spans(glance))}


def _spans(glance: Glance) -> Iterable[dict[str, object]]:
    for name, start, end in glance.spans:
        yield {"name": name, "start_us": start, "end_us": open_end(end)}

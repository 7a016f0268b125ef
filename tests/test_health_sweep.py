"""Whole parts at once come to what the fold comes to, account by account."""

from __future__ import annotations

import json

from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import structs

from tests.amounts import examples
from tests.health_worlds import BOTH, SEVERITIES, START, VIOLATIONS, ledgers, schedules
from tests.test_health_simulate import AS_OF, columns_of
from zelo.base.source import Report, Source
from zelo.health.columns import Columns, Side
from zelo.health.curves import variations
from zelo.health.glance import Glancer
from zelo.health.layout import Layout
from zelo.health.lean import LeanSchedule
from zelo.health.ledger import Entry
from zelo.health.sweep import Sweep
from zelo.policy.schedules.lengths import DAY_US
from zelo.policy.schedules.read import read_schedule
from zelo.policy.schedules.values import Schedule


def together(accounts: list[list[Entry]]) -> tuple[Columns, list[int]]:
    """Return the entries of several accounts as the columns of one part."""
    parts = [columns_of([structs.replace(e, account=f"a{n}") for e in entries]) for n, entries in enumerate(accounts)]
    sorts = sorted({sort for part in parts for sort in part.known_sorts})
    names = sorted({name for part in parts for name in part.names})
    ends: list[int] = []
    found = Columns([], [], b"", [], {}, [], [], sorts, {}, [])
    for part in parts:
        start = len(found.ats)
        number_of = {number: names.index(name) for number, name in zip(part.ids, part.names, strict=True)}
        found = found._replace(
            ats=[*found.ats, *part.ats],
            orders=[*found.orders, *part.orders],
            flags=found.flags + part.flags,
            ids=[*found.ids, *(number_of[number] for number in part.ids)],
            targets={**found.targets, **{start + n: number_of.get(to, -1) for n, to in part.targets.items()}},
            sorts=[*found.sorts, *(sorts.index(part.known_sorts[number]) for number in part.sorts)],
            points=[*(found.points or ()), *(part.points or ())],
            others={**found.others, **{start + number: entry for number, entry in part.others.items()}},
            names=[*found.names, *part.names],
        )
        ends.append(len(found.ats))
    return found, ends


def own_ids(accounts: list[list[Entry]]) -> list[list[Entry]]:
    """Return ledgers in which no two accounts share an id."""
    return [
        [structs.replace(e, id=f"{n}-{e.id}", target=f"{n}-{e.target}" if e.target else "") for e in entries]
        for n, entries in enumerate(accounts)
    ]


@settings(max_examples=examples(150), deadline=None)
@given(
    schedules(plain=True) | schedules(),
    st.lists(ledgers(only_violations=True) | ledgers(), min_size=1, max_size=4),
    st.booleans(),
    st.data(),
)
def test_a_sweep_and_the_fold_come_to_the_same(
    schedule: Schedule, accounts: list[list[Entry]], are_own: bool, data: st.DataObject
) -> None:
    """Band, penalties and times of every account, under a schedule and a variation, with and without reversals."""
    accounts = own_ids(accounts) if are_own else accounts
    columns, ends = together(accounts)
    layout = Layout(columns, ends)
    names = [f"a{number}" for number in range(len(accounts))]
    for tried in (
        schedule,
        *[data.draw(st.sampled_from(found)).lean.schedule for found in [variations(schedule)] if found],
    ):
        lean = LeanSchedule(tried)
        side, glancer = Side(lean, AS_OF, columns), Glancer(lean, AS_OF)
        sweep = Sweep(side, layout)
        assert sweep.glances(names) == [glancer.of_entries(entries) for entries in accounts]
        kept = [[e for e in entries if e.kind != "reversal"] for entries in accounts]
        assert sweep.glances(names, keep_reversed=True) == [glancer.of_entries(entries) for entries in kept]


GIVING_BACK = {
    "schedule": "giving",
    "title": BOTH,
    "violations": list(VIOLATIONS),
    "severities": list(SEVERITIES),
    "attributes": ["feature"],
    "penalties": {
        "small": {"title": BOTH, "scopes": ["comment"], "basis": "A"},
        "closed": {"title": BOTH, "scopes": ["account"], "stacking": "absorb", "ends": ["small"], "basis": "A"},
    },
    "standings": [
        {"standing": "closed", "title": BOTH, "penalty": "closed"},
        {"standing": "warned", "title": BOTH, "warned": True},
        {"standing": "good", "title": BOTH},
    ],
    "training": {"lesson": {"removes": True, "basis": "A"}, "course": {"basis": "A"}},
}


@st.composite
def giving_back(draw: st.DrawFn) -> Schedule:
    """Draw a schedule of points that a sweep takes whole, with points back and items taken off the record."""
    lives = st.sampled_from(["3d", "10d", "30d", "forever"])
    track = {
        "title": BOTH,
        "kind": "points",
        "lives": draw(lives),
        "warns_before": draw(st.integers(1, 3)),
        "basis": "A",
        "counts": [{"basis": "A", "by_severity": {"low": 2, "high": draw(st.integers(3, 7))}}],
        "gains": {
            "orders": {"per": draw(st.integers(1, 4)), "gives": draw(st.integers(1, 4)), "lives": draw(lives)}
            | {"basis": "A"},
            "lesson": {"per": 1, "gives": 1, "lives": draw(lives), "basis": "A"},
        },
        "ladder": [
            {"at": 4, "penalty": "small", "for": "7d", "basis": "A"},
            {"at": 8, "penalty": "small", "for": "14d", "basis": "A"},
            {"at": 12, "penalty": "closed", "for": "forever", "basis": "A"},
        ],
    }
    report = Report()
    text = json.dumps(GIVING_BACK | {"tracks": {"points": track}})
    schedule = read_schedule(Source("giving.yaml", text), report)
    assert schedule is not None, report.diagnostics
    return schedule


@st.composite
def mixed_ledgers(draw: st.DrawFn) -> list[Entry]:
    """Draw a ledger of violations, rewards, trainings, warnings and reversals, close enough to meet."""
    entries: list[Entry] = []
    for number in range(draw(st.integers(1, 14))):
        kind = draw(st.sampled_from(["violation"] * 4 + ["reward", "training", "warning", "reversal"]))
        at = START + draw(st.integers(0, 120)) * DAY_US // 2
        about = f"e{draw(st.integers(0, 13))}" if kind in ("training", "reversal") else ""
        name = {"reward": "orders", "training": draw(st.sampled_from(["lesson", "course", "other"]))}.get(kind, "")
        is_violation = kind in ("violation", "warning")
        violation, severity = draw(st.sampled_from(VIOLATIONS)), draw(st.sampled_from(SEVERITIES))
        entries.append(
            Entry(
                f"e{number}",
                kind,
                at,
                "a",
                violation if is_violation else "",
                severity if is_violation else "",
                name=name,
                target=about,
                count=draw(st.integers(1, 5)),
                order=number,
            )
        )
    return entries


@settings(max_examples=examples(200), deadline=None)
@given(giving_back(), st.lists(mixed_ledgers(), min_size=1, max_size=4), st.integers(0, 70))
def test_points_back_and_items_taken_off_the_record_are_swept_as_they_are_folded(
    schedule: Schedule, accounts: list[list[Entry]], day: int
) -> None:
    """Rewards, trainings, warnings and reversals between violations, at instants that meet."""
    as_of = START + day * DAY_US
    accounts = [[e for e in entries if e.at <= as_of] for entries in own_ids(accounts)]
    columns, ends = together(accounts)
    layout, names = Layout(columns, ends), [f"a{number}" for number in range(len(accounts))]
    lean = LeanSchedule(schedule)
    sweep, glancer = Sweep(Side(lean, as_of, columns), layout), Glancer(lean, as_of)
    assert sweep.works
    assert sweep.glances(names) == [glancer.of_entries(entries) for entries in accounts]
    kept = [[e for e in entries if e.kind != "reversal"] for entries in accounts]
    assert sweep.glances(names, keep_reversed=True) == [glancer.of_entries(entries) for entries in kept]


def test_accounts_with_rewards_trainings_and_warnings_are_not_left_to_the_fold() -> None:
    """Every kind of entry that sums can tell is one that a sweep takes."""
    report = Report()
    track = {
        "title": BOTH,
        "kind": "points",
        "lives": "10d",
        "basis": "A",
        "counts": [{"points": 3, "basis": "A"}],
        "gains": {"orders": {"per": 1, "gives": 1, "lives": "5d", "basis": "A"}},
        "ladder": [{"at": 4, "penalty": "small", "for": "7d", "basis": "A"}],
    }
    text = json.dumps(GIVING_BACK | {"tracks": {"points": track}})
    schedule = read_schedule(Source("giving.yaml", text), report)
    assert schedule is not None, report.diagnostics
    kinds = {"violation": "", "reward": "orders", "training": "lesson", "warning": ""}
    entries = [
        Entry(f"e{n}", kind, START + n * DAY_US, "a0", "spam", "low", name=name)
        for n, (kind, name) in enumerate(kinds.items())
    ]
    columns, ends = together([entries])
    sweep = Sweep(Side(LeanSchedule(schedule), AS_OF, columns), Layout(columns, ends))
    assert list(sweep.fitting()) == [True]

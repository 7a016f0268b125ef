"""Whole parts at once come to what the fold comes to, account by account."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import structs

from tests.amounts import examples
from tests.health_worlds import ledgers, schedules
from tests.test_health_simulate import AS_OF, columns_of
from zelo.health.columns import Columns, Side
from zelo.health.curves import variations
from zelo.health.glance import Glancer
from zelo.health.lean import LeanSchedule
from zelo.health.ledger import Entry
from zelo.health.sweep import Layout, Sweep
from zelo.policy.schedules.values import Schedule


def together(accounts: list[list[Entry]]) -> tuple[Columns, list[int]]:
    """Return the entries of several accounts as the columns of one part."""
    parts = [columns_of([structs.replace(e, account=f"a{n}") for e in entries]) for n, entries in enumerate(accounts)]
    sorts = sorted({sort for part in parts for sort in part.known_sorts})
    names = sorted({name for part in parts for name in part.names})
    ends: list[int] = []
    found = Columns([], b"", [], {}, [], [], sorts, {}, [])
    for part in parts:
        start = len(found.ats)
        number_of = {number: names.index(name) for number, name in zip(part.ids, part.names, strict=True)}
        found = found._replace(
            ats=[*found.ats, *part.ats],
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

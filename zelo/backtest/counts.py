"""What the rules did, counted: hits, accounts, flips between two versions, overlaps, effects, series, splits."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from zelo.adapters.fitting import literal
from zelo.backtest.figures import Class, EffectFigures, Period, Split
from zelo.backtest.logic import DAY_MS, share, step_days
from zelo.backtest.relations import ANY, Ask, Store
from zelo.base.effects import EFFECTS
from zelo.policy.pack import Pack

VALUES_MAX = 15
"""Most values of a field that are listed; those with the most hits."""
Counts = Mapping[str, int]


@dataclass(frozen=True)
class Hits:
    """How often a rule fired in one version."""

    hits: int = 0
    accounts: int = 0
    targets: int = 0
    busiest: int = 0


NO_HITS = Hits()


def period(ask: Ask, store: Store) -> Period:
    """Return what was looked at, and the steps of its series."""
    [[end]] = ask("SELECT max(ms) FROM events")
    [[first, last, count]] = ask(f"SELECT min(ms), max(ms), count(*) FROM events WHERE {store.period}")
    warm_up = 0
    if store.first_key is not None:
        [[warm_up]] = ask(f"SELECT count(*) FROM events WHERE order_key < {store.first_key}")
    [[start, stop]] = ask(f"SELECT min(day), max(day) FROM events WHERE {store.period}")
    days, length = ([], 1) if start is None else _steps(start, stop)
    return Period(
        first_ms=first, last_ms=last, end_ms=end, events=count, warm_up=warm_up, step_days=length,
        steps=tuple(day.isoformat() for day in days),
    )  # fmt: skip


def _steps(start: date, stop: date) -> tuple[list[date], int]:
    length = step_days((stop - start).days + 1)
    if length == 7:
        start -= timedelta(days=start.weekday())
    return [start + timedelta(days=day) for day in range(0, (stop - start).days + 1, length)], length


def events_by_kind(ask: Ask, store: Store) -> Counts:
    """Return kind to how many events of it there are in the period."""
    return dict(ask(f"SELECT kind, count(*) FROM events WHERE {store.period} GROUP BY kind"))


def hits(ask: Ask) -> Mapping[tuple[str, str], Hits]:
    """Return version and rule to its hits; rules that never fired are absent."""
    busiest = {
        (version, rule): most
        for version, rule, most in ask("""
            SELECT version, rule, max(n) FROM (SELECT version, rule, day, count(*) AS n FROM hit GROUP BY ALL)
            GROUP BY ALL
        """)
    }
    rows = ask("SELECT version, rule, count(*), count(DISTINCT actor), count(DISTINCT target) FROM hit GROUP BY ALL")
    return {
        (version, rule): Hits(count, accounts, targets, busiest[version, rule])
        for version, rule, count, accounts, targets in rows
    }


def undetermined(ask: Ask) -> Mapping[tuple[str, str], int]:
    """Return version and rule to how often it was undetermined; `*`: events on which any rule was."""
    rows = ask(f"""
        SELECT version, rule, count(*) FROM unknown GROUP BY ALL
        UNION ALL SELECT version, {literal(ANY)}, count(DISTINCT order_key) FROM unknown GROUP BY version
    """)
    return {(version, rule): count for version, rule, count in rows}


def alone(ask: Ask, version: str = "new") -> Counts:
    """Return rule to the events on which it was the only one that fired."""
    return dict(
        ask(f"""
        SELECT any_value(rule), count(*) FROM (
            SELECT any_value(rule) AS rule FROM hit WHERE version = {literal(version)} AND rule <> {literal(ANY)}
            GROUP BY order_key HAVING count(*) = 1
        ) GROUP BY rule
    """)
    )


def overlap(ask: Ask, version: str = "new") -> tuple[tuple[str, str, int], ...]:
    """Return how often two rules fired on the same event, each pair once, by name."""
    rows = ask(f"""
        WITH own AS (SELECT rule, order_key FROM hit WHERE version = {literal(version)} AND rule <> {literal(ANY)})
        SELECT a.rule, b.rule, count(*) FROM own a JOIN own b ON a.order_key = b.order_key AND a.rule < b.rule
        GROUP BY ALL ORDER BY ALL
    """)
    return tuple((one, other, count) for one, other, count in rows)


def flips(ask: Ask) -> Mapping[tuple[str, str], int]:
    """
    Make `flip(order_key, rule, change)` out of the hits of two versions; return rule and change to how many.

    The change is `gained`, `lost` or `kept`; for `*`, an event is gained when only the new version acts on it.
    """
    ask("""
        CREATE TABLE flip AS
        SELECT coalesce(n.order_key, o.order_key) AS order_key, coalesce(n.rule, o.rule) AS rule,
               CASE WHEN o.rule IS NULL THEN 'gained' WHEN n.rule IS NULL THEN 'lost' ELSE 'kept' END AS change
        FROM (SELECT order_key, rule FROM hit WHERE version = 'new') n
        FULL JOIN (SELECT order_key, rule FROM hit WHERE version = 'old') o
          ON n.order_key = o.order_key AND n.rule = o.rule
    """)
    return {
        (rule, change): count for rule, change, count in ask("SELECT rule, change, count(*) FROM flip GROUP BY ALL")
    }


def account_flips(ask: Ask) -> Mapping[tuple[str, str], int]:
    """Return rule and `gained` or `lost` to the accounts that only one of the versions hits."""
    rows = ask("""
        WITH met AS (SELECT DISTINCT version, rule, actor FROM hit WHERE actor IS NOT NULL)
        SELECT rule, CASE WHEN any_value(version) = 'new' THEN 'gained' ELSE 'lost' END AS change, count(*) FROM (
            SELECT rule, actor, any_value(version) AS version FROM met GROUP BY rule, actor HAVING count(*) = 1
        ) GROUP BY rule, version
    """)
    return {(rule, change): count for rule, change, count in rows}


def series(ask: Ask, steps: Sequence[str], length: int) -> Mapping[tuple[str, str], tuple[int, ...]]:
    """Return version and rule to its hits in each step."""
    if not steps:
        return {}
    first = f"DATE {literal(steps[0])}"
    found: dict[tuple[str, str], list[int]] = defaultdict(lambda: [0] * len(steps))
    for version, rule, step, count in ask(f"""
        SELECT version, rule, (day - {first}) // {length} AS step, count(*) FROM hit GROUP BY ALL
    """):
        found[version, rule][step] = count
    return {key: tuple(values) for key, values in found.items()}


def effects(ask: Ask, pack: Pack, flips: Mapping[tuple[str, str], int] | None) -> tuple[EffectFigures, ...]:
    """
    Return every kind of effect that was asked for, those of the new version against the pack's limits.

    `flips`: kind and change to how many; None without another version.
    """
    asked = _by_version("SELECT version, kind, count(*), count(DISTINCT entity) FROM effect WHERE reason IS NULL", ask)
    held: dict[str, dict[str, int]] = defaultdict(dict)
    for kind, reason, count in ask("""
        SELECT kind, reason, count(*) FROM effect WHERE version = 'new' AND reason IS NOT NULL GROUP BY ALL ORDER BY ALL
    """):
        held[kind][reason] = count
    days: dict[str, list[int]] = defaultdict(list)
    for kind, count in ask("""
        SELECT kind, count(*) FROM effect WHERE version = 'new' AND reason IS NULL GROUP BY kind, day
    """):
        days[kind].append(count)
    changes, old = flips or {}, flips is not None
    found = []
    for kind in sorted({kind for _, kind in asked} | set(held), key=list(EFFECTS).index):
        limit = pack.daily_limits.get(kind, EFFECTS[kind].daily_limit)
        count, entities = asked.get(("new", kind), (0, 0))
        found.append(
            EffectFigures(
                kind=kind,
                asked=count,
                entities=entities,
                other=asked.get(("old", kind), (0, 0))[0] if old else None,
                gained=changes.get((kind, "gained"), 0) if old else None,
                lost=changes.get((kind, "lost"), 0) if old else None,
                altered=changes.get((kind, "altered"), 0) if old else None,
                kept=changes.get((kind, "kept"), 0) if old else None,
                held=dict(held.get(kind, {})),
                busiest=max(days[kind], default=0),
                limit=limit,
                days_at_limit=sum(1 for n in days[kind] if limit is not None and n >= limit),
            )
        )
    return tuple(found)


def _by_version(sql: str, ask: Ask) -> dict[tuple[str, str], tuple[int, int]]:
    return {(version, kind): (count, entities) for version, kind, count, entities in ask(f"{sql} GROUP BY ALL")}


def effect_flips(ask: Ask) -> Mapping[tuple[str, str], int]:
    """
    Make `effect_flip(order_key, kind, role, entity, change, rules, parameters, parameters_before)`; count its changes.

    Effects with equal parameters on one entity at one event are `kept`, one for one. Of the others of the same kind
    there, as many as both versions have are `altered`; the rest is `gained` or `lost`.
    """
    ask("""
        CREATE TABLE effect_flip AS
        WITH numbered AS (
            SELECT version, order_key, kind, role, entity, parameters, rules, row_number() OVER (
                PARTITION BY version, order_key, kind, role, entity, parameters ORDER BY rules) AS nth
            FROM effect WHERE reason IS NULL
        ), own AS (SELECT * FROM numbered WHERE version = 'new'),
        other AS (SELECT * FROM numbered WHERE version = 'old'),
        kept AS (SELECT n.* FROM own n SEMI JOIN other o USING (order_key, kind, role, entity, parameters, nth)),
        rest AS (
            SELECT *, row_number() OVER (
                PARTITION BY version, order_key, kind, role, entity ORDER BY rules, parameters) AS place
            FROM numbered ANTI JOIN kept USING (order_key, kind, role, entity, parameters, nth)
        )
        SELECT order_key, kind, role, entity, 'kept' AS change, rules, parameters, parameters AS parameters_before
        FROM kept
        UNION ALL
        SELECT order_key, kind, role, entity,
               CASE WHEN o.version IS NULL THEN 'gained' WHEN n.version IS NULL THEN 'lost' ELSE 'altered' END,
               coalesce(n.rules, o.rules), n.parameters, o.parameters
        FROM (SELECT * FROM rest WHERE version = 'new') n FULL JOIN (SELECT * FROM rest WHERE version = 'old') o
        USING (order_key, kind, role, entity, place)
    """)
    rows = ask("SELECT kind, change, count(*) FROM effect_flip GROUP BY ALL")
    return {(kind, change): count for kind, change, count in rows}


def altered_by_rules(ask: Ask) -> Counts:
    """Return rule to the effects it had a part in that the other version asked for with other parameters."""
    return dict(
        ask("""
        SELECT rule, count(*) FROM (SELECT unnest(rules) AS rule FROM effect_flip WHERE change = 'altered')
        GROUP BY rule
    """)
    )


def effects_of_rules(ask: Ask) -> Mapping[str, tuple[Counts, Counts]]:
    """Return rule to the effects it had a part in by kind, and to those held back by reason."""
    found: dict[str, tuple[dict[str, int], dict[str, int]]] = defaultdict(lambda: ({}, {}))
    for rule, kind, reason, count in ask("""
        SELECT rule, kind, reason, count(*) FROM (SELECT unnest(rules) AS rule, kind, reason FROM effect
        WHERE version = 'new') GROUP BY ALL ORDER BY ALL
    """):
        given, held = found[rule]
        if reason is None:
            given[kind] = count
        else:
            held[reason] = held.get(reason, 0) + count
    return found


def restricted(ask: Ask) -> Counts:
    """Return version to the accounts on which a restriction of the whole account was asked for."""
    return dict(
        ask("""
        SELECT version, count(DISTINCT entity) FROM effect WHERE reason IS NULL AND kind = 'restrict_account'
        GROUP BY ALL
    """)
    )


def splits(ask: Ask, store: Store, by: Sequence[str], *, old: bool, judged: bool) -> tuple[Split, ...]:
    """Return the hits of all rules by the values of each field, those with the most hits first."""
    found = []
    for number, field in enumerate(by):
        column = f"by_{number}"
        events = dict(ask(f"SELECT {column}, count(*) FROM events WHERE {store.period} GROUP BY ALL"))
        counted: dict[tuple[str, str], tuple[int, int]] = {
            (version, value): (count, accounts)
            for version, value, count, accounts in ask(f"""
                SELECT version, {column}, count(*), count(DISTINCT actor) FROM hit
                WHERE rule = {literal(ANY)} GROUP BY ALL
            """)
        }
        shares = _split_shares(ask, column) if judged else {}
        order = sorted(events, key=lambda value: (-counted.get(("new", value), (0, 0))[0], -events[value], value))
        values = [
            Class(
                name=value,
                events=events[value],
                hits=counted.get(("new", value), (0, 0))[0],
                accounts=counted.get(("new", value), (0, 0))[1],
                hits_other=counted.get(("old", value), (0, 0))[0] if old else None,
                precision=share(*shares.get(value, (0, 0))),
            )
            for value in order[:VALUES_MAX]
        ]
        found.append(Split(field=field, values=tuple(values), rest=max(0, len(order) - VALUES_MAX)))
    return tuple(found)


def _split_shares(ask: Ask, column: str) -> dict[str, tuple[int, int]]:
    rows = ask(f"""
        SELECT h.{column}, count(*) FILTER (state = 'yes'), count(*) FILTER (state IN ('yes', 'no'))
        FROM first_hit f JOIN hit h ON h.order_key = f.order_key AND h.version = 'new' AND h.rule = {literal(ANY)}
        WHERE f.version = 'new' AND f.rule = '+' GROUP BY ALL
    """)
    return {value: (yes, known) for value, yes, known in rows}


def split_of_rules(ask: Ask, by: Sequence[str]) -> Mapping[str, Mapping[str, Counts]]:
    """Return rule to field to value to hits of the new version."""
    found: dict[str, dict[str, dict[str, Any]]] = defaultdict(dict)
    for number, field in enumerate(by):
        rows = ask(f"""
            SELECT rule, by_{number}, count(*) AS n FROM hit WHERE version = 'new' AND rule <> {literal(ANY)}
            GROUP BY rule, by_{number}
            QUALIFY row_number() OVER (PARTITION BY rule ORDER BY n DESC, by_{number}) <= {VALUES_MAX}
            ORDER BY rule, n DESC, by_{number}
        """)
        for rule, value, count in rows:
            found[rule].setdefault(field, {})[value] = count
    return found


NEW_FOR_MS = 7 * DAY_MS
"""How long after its first event in the history an account is called new."""

"""
How well hits foresaw an outcome: precision, recall and lead time, by entity and at its first hit.

    happened(unit, order_key, ms)            the later events that count
    judged(order_key, kind, unit, state, lead_ms)
        state: `yes`, `no`, `cut` (the horizon passes the end of the history), `unlabeled`
    first_hit(version, rule, unit, order_key, state, lead_ms)
        version: `new`, `old`, `gained` (units only the new one hits), `lost`; rule `+`: any rule that can be judged

Rules never see any of this: it is joined to their decisions after these were taken.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from zelo.adapters.fitting import literal, quoted
from zelo.backtest.figures import Judgement, OutcomeFigures
from zelo.backtest.logic import quartiles, share
from zelo.backtest.relations import Ask, Store
from zelo.events.types import Kind
from zelo.policy.pack import BY_EVENT, Outcome, Rule

JUDGEABLE = "+"
"""The name that stands for all rules that can be judged together."""
Ruled = Mapping[str, tuple[str, ...]]
"""Rule to its kinds of event."""


@dataclass(frozen=True)
class Standing:
    """Which rules an outcome can judge, and why not the others."""

    kinds: Ruled
    """Judgeable rule to its kinds; `+` to those of all of them."""
    reasons: Mapping[str, str]
    """Other rule to `own_kind` (it looks at the outcome itself) or `no_role` (nobody there to follow)."""


def standing(outcome: Outcome, rules: Iterable[Rule], kinds: Mapping[str, Kind]) -> Standing:
    """Sort the rules into those the outcome can judge and the others."""
    found: dict[str, tuple[str, ...]] = {}
    reasons: dict[str, str] = {}
    for rule in rules:
        if set(rule.kinds) & set(outcome.kinds):
            reasons[rule.name] = "own_kind"
        elif outcome.by != BY_EVENT and not any(_follows(outcome, kinds[kind]) for kind in rule.kinds):
            reasons[rule.name] = "no_role"
        else:
            found[rule.name] = tuple(sorted({*found.get(rule.name, ()), *rule.kinds}))
    found = {rule: of for rule, of in found.items() if rule not in reasons}
    found[JUDGEABLE] = tuple(sorted({kind for of in found.values() for kind in of}))
    return Standing(found, reasons)


def _follows(outcome: Outcome, kind: Kind) -> bool:
    """Say whether a kind of event has the role, and one of the same sort of entity: a listing is never a video."""
    return outcome.by in kind.roles and (outcome.file is not None or kind.entities[outcome.by] == outcome.entity)


def happened_sql(outcome: Outcome, store: Store, counted: Mapping[str, Sequence[int]] | None) -> str:
    """
    Return SQL that makes `happened` of later events.

    `counted`: kind to the order keys of the events that satisfy the outcome's condition; None when it has none.
    """
    parts = []
    for name in outcome.kinds:
        if name not in store.kinds:
            continue
        kind, sql, has = store.kinds[name]
        path = ".".join(kind.roles[outcome.by])
        if path not in has:
            continue
        where = f"{quoted(path)} IS NOT NULL"
        if counted is not None:
            where += f" AND order_key IN (SELECT unnest({list(counted.get(name, ()))}::BIGINT[]))"
        parts.append(
            f"SELECT CAST({quoted(path)} AS VARCHAR) AS unit, order_key, order_key >> 20 AS ms FROM {sql} WHERE {where}"
        )
    nothing = "SELECT CAST(NULL AS VARCHAR) AS unit, CAST(0 AS BIGINT) AS order_key, CAST(0 AS BIGINT) AS ms LIMIT 0"
    return f"CREATE TABLE happened AS {' UNION ALL '.join(parts) or nothing}"


def judge(
    ask: Ask, store: Store, outcome: Outcome, rules: Standing, counted: Mapping[str, Sequence[int]] | None
) -> None:
    """Make `happened` and `judged`; of labels, `label(unit, value)` is there already."""
    if outcome.file is None:
        ask(happened_sql(outcome, store, counted))
        judge_by_event(ask, store, outcome, rules)
    else:
        zero = "CAST(0 AS BIGINT)"
        ask(f"CREATE TABLE happened AS SELECT unit, {zero} AS order_key, {zero} AS ms FROM label WHERE value")
        judge_by_labels(ask, store, rules)


def judge_by_event(ask: Ask, store: Store, outcome: Outcome, rules: Standing) -> None:
    """
    Make `judged`: the next later event of the same entity, within the horizon, or none.

    An event of whose horizon the history does not show the end is `cut` whatever came so far: to keep those with a
    known yes, and drop the rest, would make every rule look better than it is.
    """
    assert outcome.within_ms is not None
    ask(f"""
        CREATE TABLE judged AS
        SELECT e.order_key, e.kind, e.unit,
               CASE WHEN e.ms + {outcome.within_ms} > (SELECT max(ms) FROM events) THEN 'cut'
                    WHEN h.ms - e.ms <= {outcome.within_ms} THEN 'yes' ELSE 'no' END AS state,
               CASE WHEN h.ms - e.ms <= {outcome.within_ms} THEN h.ms - e.ms END AS lead_ms
        FROM (SELECT * FROM events WHERE {store.period} AND unit IS NOT NULL AND kind IN {_listed(rules)}) e
        ASOF LEFT JOIN happened h ON h.unit = e.unit AND e.order_key < h.order_key
    """)


def judge_by_labels(ask: Ask, store: Store, rules: Standing) -> None:
    """Make `judged` out of `label(unit, value)`, in which each unit is once."""
    ask(f"""
        CREATE TABLE judged AS
        SELECT e.order_key, e.kind, e.unit, CAST(NULL AS BIGINT) AS lead_ms,
               CASE WHEN l.value IS NULL THEN 'unlabeled' WHEN l.value THEN 'yes' ELSE 'no' END AS state
        FROM (SELECT * FROM events WHERE {store.period} AND unit IS NOT NULL AND kind IN {_listed(rules)}) e
        LEFT JOIN label l USING (unit)
    """)


def _listed(rules: Standing) -> str:
    return f"({', '.join(map(literal, rules.kinds[JUDGEABLE])) or 'NULL'})"


def find_first_hits(ask: Ask, rules: Standing) -> None:
    """Make `first_hit`."""
    names = ", ".join(literal(rule) for rule in rules.kinds if rule != JUDGEABLE) or "NULL"
    own = f"SELECT version, rule, unit, order_key FROM hit WHERE unit IS NOT NULL AND rule IN ({names})"
    ask(f"""
        CREATE TABLE first_hit AS
        WITH first AS (
            SELECT version, rule, unit, min(order_key) AS order_key
            FROM ({own} UNION ALL SELECT version, {literal(JUDGEABLE)}, unit, order_key FROM ({own})) GROUP BY ALL
        ), met AS (
            SELECT *, count(*) OVER (PARTITION BY rule, unit) AS versions FROM first
        )
        SELECT version, rule, unit, order_key, state, lead_ms FROM first JOIN judged USING (order_key, unit)
        UNION ALL
        SELECT CASE version WHEN 'new' THEN 'gained' ELSE 'lost' END, rule, unit, order_key, state, lead_ms
        FROM met JOIN judged USING (order_key, unit) WHERE versions = 1
    """)


def judgements(ask: Ask, store: Store, outcome: Outcome, rules: Standing) -> Mapping[tuple[str, str], Judgement]:
    """Return version (or `gained`, `lost`) and rule to how well its hits foresaw the outcome."""
    states = _counts(ask("SELECT version, rule, state, count(*) FROM first_hit GROUP BY ALL"))
    events = _counts(
        ask(f"""
        SELECT version, rule, state, count(*) FROM (
            SELECT version, rule, order_key FROM hit
            UNION ALL SELECT DISTINCT version, {literal(JUDGEABLE)}, order_key FROM hit
        ) h JOIN judged USING (order_key) GROUP BY ALL
    """)
    )
    found = {
        (version, rule): count
        for version, rule, count in ask("""
            SELECT version, rule, count(DISTINCT unit) FROM (
                SELECT version, rule, j.unit FROM hit JOIN judged j USING (order_key) WHERE state = 'yes'
                UNION ALL SELECT version, '+', j.unit FROM hit JOIN judged j USING (order_key) WHERE state = 'yes'
            ) GROUP BY ALL
        """)
    }
    leads: dict[tuple[str, str], list[float]] = {}
    for version, rule, lead in ask("SELECT version, rule, lead_ms FROM first_hit WHERE state = 'yes' AND lead_ms >= 0"):
        leads.setdefault((version, rule), []).append(lead)
    period = store.period if outcome.file is None else "TRUE"  # labels have no time
    around = {of: _around(ask, period, of) for of in set(rules.kinds.values()) if of}
    result: dict[tuple[str, str], Judgement] = {}
    for version, rule in states.keys() | {("new", rule) for rule in rules.kinds}:
        if not rules.kinds.get(rule):
            continue
        own = states.get((version, rule), {})
        known = own.get("yes", 0) + own.get("no", 0)
        reason = None if known else ("no_hits" if not own else "all_cut" if own.get("cut") else "unlabeled")
        all_hits = events.get((version, rule), {})
        positives, base, beyond = around[rules.kinds[rule]]
        counted = version in ("new", "old")
        result[version, rule] = Judgement(
            reason=reason,
            precision=share(own.get("yes", 0), known),
            hits=share(all_hits.get("yes", 0), all_hits.get("yes", 0) + all_hits.get("no", 0)),
            recall=share(found.get((version, rule), 0), positives) if counted else share(0, 0),
            base=share(*base),
            cut=own.get("cut", 0),
            unlabeled=own.get("unlabeled", 0),
            out_of_reach=beyond if counted else 0,
            lead_ms=quartiles(leads.get((version, rule), [])),
        )
    return result


def _counts(rows: Iterable[tuple[str, str, str, int]]) -> dict[tuple[str, str], dict[str, int]]:
    found: dict[tuple[str, str], dict[str, int]] = {}
    for version, rule, state, count in rows:
        found.setdefault((version, rule), {})[state] = count
    return found


def _around(ask: Ask, period: str, kinds: tuple[str, ...]) -> tuple[int, tuple[int, int], int]:
    """Return, for rules on some kinds: the units of whom it came true, (true, known) at first sight, those missed."""
    of = f"kind IN ({', '.join(map(literal, kinds))})"
    [[positives]] = ask(f"SELECT count(DISTINCT unit) FROM judged WHERE {of} AND state = 'yes'")
    [[true, known]] = ask(f"""
        SELECT count(*) FILTER (state = 'yes'), count(*) FILTER (state IN ('yes', 'no'))
        FROM (SELECT unit, arg_min(state, order_key) AS state FROM judged WHERE {of} GROUP BY unit)
    """)
    [[beyond]] = ask(f"""
        SELECT count(DISTINCT unit) FROM happened
        WHERE {period} AND unit NOT IN (SELECT unit FROM judged WHERE {of} AND state IN ('yes', 'cut'))
    """)
    return positives, (true, known), beyond


def outcome_figures(ask: Ask, outcome: Outcome) -> OutcomeFigures:
    """Return what is said of the outcome itself."""
    [[happened]] = ask("SELECT count(*) FROM happened")
    [[cut]] = ask("SELECT count(*) FROM judged WHERE state = 'cut'")
    return OutcomeFigures(
        name=outcome.name, title=outcome.title, by=outcome.by, within_ms=outcome.within_ms, kinds=outcome.kinds,
        happened=happened, events_cut=cut,
    )  # fmt: skip

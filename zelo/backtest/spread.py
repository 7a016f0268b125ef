"""How hits spread over accounts: a few or many, met once or again, new or old, large or small."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping

from zelo.adapters.fitting import literal
from zelo.backtest.counts import NEW_FOR_MS
from zelo.backtest.figures import Class, Concentration
from zelo.backtest.logic import share
from zelo.backtest.relations import ANY, Ask, Store

MOST = 10
"""How many of the accounts hit most are listed."""
SIZES = ((1, "one"), (9, "few"), (99, "some"), (None, "many"))
"""Classes of accounts by their events up to the first hit: up to so many, and the code of the class."""


def concentrations(ask: Ask, *, ids: bool) -> Mapping[str, Concentration]:
    """Return rule to how its hits spread over accounts; rules without a hit are absent. `ids`: name the accounts."""
    ask("""
        CREATE TABLE of_account AS
        SELECT rule, actor, count(*) AS n FROM hit WHERE version = 'new' AND actor IS NOT NULL GROUP BY ALL
    """)
    most: dict[str, list[tuple[str, int]]] = defaultdict(list)
    for rule, actor, count in ask(f"""
        SELECT rule, actor, n FROM of_account
        QUALIFY row_number() OVER (PARTITION BY rule ORDER BY n DESC, actor) <= {MOST} ORDER BY rule, n DESC, actor
    """):
        most[rule].append((actor, count))
    rows = ask("SELECT rule, count(*), count(*) FILTER (n = 1), CAST(sum(n) AS BIGINT) FROM of_account GROUP BY rule")
    return {
        rule: Concentration(
            accounts=accounts,
            once=share(once, accounts),
            top_1=share(most[rule][0][1], total),
            top_10=share(sum(count for _, count in most[rule]), total),
            most=tuple(most[rule]) if ids else (),
        )
        for rule, accounts, once, total in rows
    }


def ages(ask: Ask, store: Store, *, old: bool, judged: bool) -> tuple[Class, ...]:
    """
    Return the accounts hit by how long they had been seen when they were first hit.

    An account first seen within the first week of the history may be older than that: its class is `unknown`.
    """
    age = f"""CASE
        WHEN h.ms - a.first_ms >= {NEW_FOR_MS} THEN 'settled'
        WHEN a.first_ms - (SELECT min(ms) FROM events) < {NEW_FOR_MS} THEN 'unknown'
        ELSE 'new' END"""
    return _classes(ask, store, age, ("new", "settled", "unknown"), old=old, judged=judged)


def sizes(ask: Ask, store: Store, *, old: bool, judged: bool) -> tuple[Class, ...]:
    """Return the accounts hit by how many events of theirs had come when they were first hit, that one included."""
    cases = " ".join(f"WHEN h.events <= {most} THEN {literal(code)}" for most, code in SIZES if most is not None)
    size = f"CASE {cases} ELSE {literal(SIZES[-1][1])} END"
    return _classes(ask, store, size, tuple(code for _, code in SIZES), old=old, judged=judged)


def _classes(ask: Ask, store: Store, sql: str, codes: tuple[str, ...], *, old: bool, judged: bool) -> tuple[Class, ...]:
    """Return accounts by class: each is in that of its first hit; an account's hits count there too."""
    ask("""
        CREATE TABLE IF NOT EXISTS account AS
        SELECT actor, min(ms) AS first_ms FROM events WHERE actor IS NOT NULL GROUP BY actor
    """)
    state = "NULL"
    join = ""
    if judged:
        state = "f.state"
        join = (
            "LEFT JOIN (SELECT unit, state FROM first_hit WHERE version = 'new' AND rule = '+') f ON f.unit = h.actor"
        )
    rows = ask(f"""
        WITH first AS (
            SELECT version, actor, min(ms) AS ms, min(order_key) AS order_key, count(*) AS n FROM hit
            WHERE rule = {literal(ANY)} AND actor IS NOT NULL GROUP BY ALL
        ), met AS (
            SELECT f.version, f.actor, any_value(f.ms) AS ms, any_value(f.n) AS n, count(*) AS events
            FROM first f JOIN events e ON e.actor = f.actor AND e.order_key <= f.order_key GROUP BY f.version, f.actor
        )
        SELECT h.version, {sql} AS class, count(*), CAST(sum(h.n) AS BIGINT),
               count(*) FILTER ({state} = 'yes'), count(*) FILTER ({state} IN ('yes', 'no'))
        FROM met h JOIN account a ON a.actor = h.actor {join} GROUP BY ALL
    """)
    found = {(version, code): rest for version, code, *rest in rows}
    nothing = [0, 0, 0, 0]
    return tuple(
        Class(
            name=code,
            events=None,
            accounts=found.get(("new", code), nothing)[0],
            hits=found.get(("new", code), nothing)[1],
            hits_other=found.get(("old", code), nothing)[1] if old else None,
            precision=share(*found.get(("new", code), nothing)[2:]),
        )
        for code in codes
        if ("new", code) in found or ("old", code) in found
    )

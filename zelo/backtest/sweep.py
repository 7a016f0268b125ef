"""The trade-off of a threshold: hits, precision and recall for each value of a constant, from one pass over history."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping

import msgspec

from zelo.adapters.fitting import literal, quoted
from zelo.backtest import judging
from zelo.backtest.judging import Standing
from zelo.backtest.logic import Share, share
from zelo.backtest.relations import Ask, Store
from zelo.backtest.thresholds import Threshold, limit_sql, plainly_compared
from zelo.events.types import INT
from zelo.policy.pack import Outcome, Pack
from zelo.policy.terms import FeatureRef, FieldRef, Term

FORMAT = "zelo sweep"
"""What `sweep.json` says it is."""
POINTS_MAX = 80
"""Most values of the constant on a curve; with more, values of about equal shares of the hits are taken."""


class Point(msgspec.Struct, frozen=True, kw_only=True):
    """What the rule would do with one value of the constant."""

    value: float
    hits: int
    accounts: int
    precision: Share
    recall: Share


class Curve(msgspec.Struct, frozen=True, kw_only=True):
    """A constant over its range."""

    format: str = FORMAT
    schema_version: int = 1
    pack: str
    pack_version: str
    rule: str
    constant: str
    now: float
    whole: bool
    small_is_loose: bool
    candidates: int
    """Events on which the rule fires with some value of the constant."""
    outcome: str | None
    title: Mapping[str, str]
    """Of the outcome."""
    reason: str | None
    """Why the outcome cannot judge the rule."""
    points: tuple[Point, ...]
    """By value."""
    at_now: Point | None
    """The point of the present value; None when nothing ever fires."""


def judge(
    ask: Ask, store: Store, pack: Pack, found: Threshold, outcome: Outcome | None
) -> tuple[Standing | None, str | None]:
    """Say whether an outcome can judge the rule, and why not."""
    if outcome is None:
        return None, None
    rules = judging.standing(outcome, [found.rule], pack.kinds)
    return (None, rules.reasons[found.rule.name]) if found.rule.name in rules.reasons else (rules, None)


def make_candidates(ask: Ask) -> None:
    """Make `candidate(order_key, key)`, still empty."""
    ask("CREATE TABLE candidate (order_key BIGINT, key DOUBLE)")


def fill_in_sql(ask: Ask, store: Store, kind: str, found: Threshold) -> bool:
    """Add the events of a kind on which the loosest form of the rule fires; False: SQL cannot, `fill` has to."""
    sides = plainly_compared(found, found.rule.terms[kind])
    has = store.kinds[kind][2]
    if sides is None or any(isinstance(side, FieldRef) and ".".join(side.path) not in has for _, side in sides):
        return False
    limits = [limit_sql(found, name, side, _value_sql(side)) for name, side in sides]
    key = f"least({', '.join(limits)})" if limits else "CAST('inf' AS DOUBLE)"
    relations = "hit h"
    if any(isinstance(side, FeatureRef) for _, side in sides):
        relations += f" JOIN {store.decided['new'].features[kind]} d USING (order_key)"
    if any(isinstance(side, FieldRef) for _, side in sides):
        relations += f" JOIN {store.kinds[kind][1]} e USING (order_key)"
    there = "".join(f" AND {limit} IS NOT NULL" for limit in limits)
    ask(f"""
        INSERT INTO candidate SELECT order_key, {key} FROM {relations}
        WHERE h.version = 'new' AND h.rule = {literal(found.rule.name)} AND h.kind = {literal(kind)}{there}
    """)
    return True


def _value_sql(side: Term) -> str:
    if isinstance(side, FieldRef):
        return f"e.{quoted('.'.join(side.path))}"
    assert isinstance(side, FeatureRef)
    spelled = "BIGINT" if side.type == INT else "DOUBLE"
    place = literal("$." + quoted(side.name))
    return f"CAST(json_extract_string(d.features, {place}) AS {spelled})"


def fill(ask: Ask, criticals: Iterable[tuple[int, float]]) -> None:
    """Add events on which some value lets the rule fire to `candidate`; infinite: any value."""
    batch: list[str] = []
    for order_key, key in criticals:
        if key == -math.inf:
            continue
        batch.append(f"({order_key}, {'CAST(' + repr('inf') + ' AS DOUBLE)' if key == math.inf else repr(key)})")
        if len(batch) == 5_000:
            ask(f"INSERT INTO candidate VALUES {', '.join(batch)}")
            batch.clear()
    if batch:
        ask(f"INSERT INTO candidate VALUES {', '.join(batch)}")


def curve(ask: Ask, store: Store, pack: Pack, found: Threshold, outcome: Outcome | None, reason: str | None) -> Curve:
    """Return the curve out of `candidate` and, when there is an outcome, `judged`."""
    judged = outcome is not None and reason is None
    [[candidates]] = ask("SELECT count(*) FROM candidate")
    keys = _keys(ask, found)
    state, join = ("j.state", "LEFT JOIN judged j USING (order_key)") if judged else ("NULL", "")
    ask("CREATE TABLE point (key DOUBLE)")
    if keys:
        ask(f"INSERT INTO point VALUES {', '.join(f'({key!r})' for key in keys)}")
    # each unit counts at its first hit, which comes later the stricter the constant is
    rows = ask(f"""
        WITH hit AS (
            SELECT p.key AS pt, c.order_key, e.actor, e.unit, {state} AS state
            FROM point p JOIN candidate c ON c.key >= p.key JOIN events e USING (order_key) {join}
        ), met AS (
            SELECT pt, unit, arg_min(state, order_key) AS state, bool_or(state = 'yes') AS came FROM hit
            WHERE unit IS NOT NULL AND state IS NOT NULL GROUP BY ALL
        ), counted AS (
            SELECT pt, count(*) AS hits, count(DISTINCT actor) AS accounts FROM hit GROUP BY pt
        ), told AS (
            SELECT pt, count(*) FILTER (state = 'yes') AS yes, count(*) FILTER (state IN ('yes', 'no')) AS known,
                   count(*) FILTER (came) AS found FROM met GROUP BY pt
        )
        SELECT p.key, coalesce(hits, 0), coalesce(accounts, 0), coalesce(yes, 0), coalesce(known, 0), coalesce(found, 0)
        FROM point p LEFT JOIN counted c ON c.pt = p.key LEFT JOIN told t ON t.pt = p.key
    """)
    positives = 0
    if judged:
        kinds = ", ".join(map(literal, found.rule.kinds))
        [[positives]] = ask(f"SELECT count(DISTINCT unit) FROM judged WHERE state = 'yes' AND kind IN ({kinds})")
    points = sorted(
        (
            Point(
                value=_plain(found, key), hits=hits, accounts=accounts, precision=share(yes, known),
                recall=share(came, positives),
            )
            for key, hits, accounts, yes, known, came in rows
        ),
        key=lambda point: point.value,
    )  # fmt: skip
    return Curve(
        pack=pack.name,
        pack_version=pack.version,
        rule=found.rule.name,
        constant=found.constant,
        now=found.value,
        whole=found.whole,
        small_is_loose=found.small_is_loose,
        candidates=candidates,
        outcome=outcome.name if outcome is not None else None,
        title=outcome.title if outcome is not None else {},
        reason=reason,
        points=tuple(points),
        at_now=next((point for point in points if point.value == found.value), None),
    )


def _keys(ask: Ask, found: Threshold) -> list[float]:
    """Return the keys to draw: every one at which the hits change, or as many at equal steps of hits; and today's."""
    keys = [key for (key,) in ask("SELECT DISTINCT key FROM candidate WHERE isfinite(key) ORDER BY key")]
    if not keys and not ask("SELECT 1 FROM candidate LIMIT 1"):
        return []
    if len(keys) > POINTS_MAX:
        steps = ", ".join(repr(number / (POINTS_MAX - 1)) for number in range(POINTS_MAX))
        [[keys]] = ask(f"SELECT quantile_disc(key, [{steps}]) FROM candidate WHERE isfinite(key)")
    return sorted({*keys, found.key(float(found.value))})


def _plain(found: Threshold, key: float) -> float:
    value = key if found.small_is_loose else -key
    return int(value) if found.whole else value

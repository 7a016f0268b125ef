"""
Examples for a report: which events, and what each condition saw on them.

Which ones is decided by a hash of the event's id and the rule's name, so that anyone who repeats the backtest gets
the same. What a rule saw is computed again for these events alone: windows from the events that share a key with
them, labels from the effects that were asked for before them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import msgspec

from zelo.adapters.fitting import literal, quoted
from zelo.backtest.figures import Step
from zelo.backtest.relations import Ask, Store
from zelo.events.durations import format_duration
from zelo.events.types import DURATION, TIMESTAMP, Type
from zelo.policy import terms as t
from zelo.policy.evaluate import Look, Trace, trace
from zelo.policy.pack import Pack, Rule
from zelo.policy.terms import Const, FeatureRef, Term

EXAMPLES_MAX = 240
"""Most examples of a report; it is to be opened and read, not searched."""
STEPS_MAX = 60
"""Most lines of a trace."""
_TEXT_MAX = 160
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
Features = Mapping[int, Mapping[str, object]]
"""Order key to the values of features at that event."""


@dataclass(frozen=True)
class Pick:
    """An event that is to be shown with a rule."""

    sort: str
    rule: str
    version: str
    order_key: int
    event_id: str
    kind: str
    actor: str | None
    lead_ms: int | None = None


def pick(
    ask: Ask, each: int, own: Iterable[str], *, old: bool, judged: Mapping[str, tuple[str, ...]] | None
) -> list[Pick]:
    """
    Return up to so many events of each sort for each rule: flips, false positives, false negatives.

    `own`: the rules of the new version, whose trace is shown; other rules are shown as the old version has them.
    `judged`: rule to its kinds, for the rules that an outcome can judge. A false negative is an event of an entity
    that the rule never hit.
    """
    if not each:
        return []
    found: list[Pick] = []
    hashed = "md5(e.event_id || ' ' || x.rule)"
    best = f"QUALIFY row_number() OVER (PARTITION BY x.rule, x.sort ORDER BY {hashed}) <= {each}"
    shown = "x.sort, x.rule, x.version, x.order_key, e.event_id, e.kind, e.actor, x.lead_ms"
    if old:
        named = ", ".join(map(literal, own)) or "NULL"
        version = f"CASE WHEN rule IN ({named}) THEN 'new' ELSE 'old' END AS version"
        flips = f"SELECT *, change AS sort, NULL AS lead_ms, {version}"
        found += _picks(
            ask,
            f"SELECT {shown} FROM ({flips} FROM flip WHERE change <> 'kept' AND rule <> '*') x"
            f" JOIN events e USING (order_key) {best} ORDER BY x.rule, x.sort, {hashed}",
        )
    if judged:
        found += _picks(
            ask,
            f"SELECT {shown} FROM (SELECT 'false_positive' AS sort, rule, 'new' AS version, order_key, lead_ms"
            f" FROM first_hit WHERE version = 'new' AND rule <> '+' AND state = 'no') x"
            f" JOIN events e USING (order_key) {best} ORDER BY x.rule, {hashed}",
        )
        for rule, kinds in judged.items():
            of = ", ".join(map(literal, kinds))
            missed = f"""
                SELECT 'false_negative' AS sort, {literal(rule)} AS rule, 'new' AS version, order_key, lead_ms
                FROM judged WHERE state = 'yes' AND kind IN ({of}) AND unit NOT IN (
                    SELECT unit FROM hit WHERE version = 'new' AND rule = {literal(rule)} AND unit IS NOT NULL)
            """
            found += _picks(
                ask,
                f"SELECT {shown} FROM ({missed}) x JOIN events e USING (order_key) ORDER BY {hashed} LIMIT {each}",
            )
    return found


def _picks(ask: Ask, sql: str) -> list[Pick]:
    return [Pick(*row) for row in ask(sql)]


def keys_to_replay(ask: Ask, store: Store, pack: Pack, picks: Iterable[Pick], rules: Mapping[str, Rule]) -> set[int]:
    """
    Return the order keys of the picked events and of all events that the windows their rules read are made of.

    Those are the earlier events with the same key, whatever it is made of: on no others do the features depend.
    """
    keys: dict[str, dict[tuple[str, ...], set[tuple[object, ...]]]] = {}
    wanted = {pick.order_key for pick in picks}
    by_kind: dict[str, dict[str, set[int]]] = {}
    for one in picks:
        for name in features_of(rules[one.rule].terms[one.kind]):
            by_kind.setdefault(one.kind, {}).setdefault(name, set()).add(one.order_key)
    for kind, names in by_kind.items():
        _, sql, has = store.kinds[kind]
        for name, order_keys in names.items():
            paths = tuple(".".join(path) for path in pack.feature_keys[name][kind])
            if not set(paths) <= has:
                continue
            values = ask(
                f"SELECT DISTINCT {_columns(paths)} FROM {sql} WHERE order_key IN ({', '.join(map(str, order_keys))})"
            )
            for other in pack.features[name].kinds:
                there = tuple(".".join(path) for path in pack.feature_keys[name][other])
                if other in store.kinds and set(there) <= store.kinds[other][2]:
                    keys.setdefault(other, {}).setdefault(there, set()).update(map(tuple, values))
    last = max(wanted, default=0)
    for kind, columns in keys.items():
        for paths, tuples in columns.items():
            rows = ", ".join(f"({', '.join(map(_literal, values))})" for values in tuples if None not in values)
            if rows:
                sql = store.kinds[kind][1]
                wanted.update(
                    key
                    for (key,) in ask(
                        f"SELECT order_key FROM {sql} WHERE order_key <= {last} AND ({_columns(paths)}) IN ({rows})"
                    )
                )
    return wanted


def _columns(paths: Sequence[str]) -> str:
    return ", ".join("event_id" if path == "id" else quoted(path) for path in paths)


def _literal(value: object) -> str:
    return literal(value) if isinstance(value, str) else str(value)


def features_of(term: Term) -> set[str]:
    """Return the names of the features that a condition reads."""
    return {part.name for part in term.walk() if isinstance(part, FeatureRef)}


# --- labels


def labels_before(
    ask: Ask, pack: Pack, one: Pick, ids: Mapping[str, tuple[str, object]]
) -> dict[str, tuple[str, ...] | None]:
    """Return role to the labels that a rule found on its entity: those of earlier events, then of lower strata."""
    stratum = next(rule.stratum for rule in pack.rules if rule.name == one.rule)
    below = {rule.name: rule for rule in pack.rules if rule.stratum < stratum and one.kind in rule.kinds}
    fired = [
        below[rule]
        for (rule,) in ask(
            f"SELECT rule FROM hit WHERE version = {literal(one.version)} AND order_key = {one.order_key}"
        )
        if rule in below
    ]
    found: dict[str, tuple[str, ...] | None] = {}
    for role, (entity, ident) in ids.items():
        if ident is None:
            found[role] = None
            continue
        held = _in_force(ask, pack, one, entity, str(ident))
        changes = [
            (str(effect.parameters["label"]), effect.kind == "add_label")
            for rule in fired
            for effect in rule.effects
            if effect.kind in ("add_label", "remove_label") and ids.get(effect.role) == (entity, ident)
        ]
        held |= {label for label, added in changes if added}
        found[role] = tuple(sorted(held - {label for label, added in changes if not added}))
    return found


def _in_force(ask: Ask, pack: Pack, one: Pick, entity: str, ident: str) -> set[str]:
    """Fold the label effects on an entity that came before the event; one that ends at the event is over."""
    expiries: dict[str, float] = {}
    rows = ask(f"""
        SELECT order_key, kind, role, parameters, of FROM label_change
        WHERE version = {literal(one.version)} AND entity = {literal(ident)} AND order_key < {one.order_key}
        ORDER BY order_key, kind
    """)
    for order_key, kind, role, parameters, of in rows:
        if pack.kinds[of].entities[role] != entity:
            continue
        given = msgspec.json.decode(parameters)
        label, now_ms = str(given["label"]), order_key >> 20
        if kind == "remove_label":
            expiries.pop(label, None)
            continue
        until = now_ms + given["for"] // 1_000 if given.get("for") is not None else float("inf")
        before = expiries.get(label, 0.0)
        expiries[label] = max(until, before if before > now_ms else 0.0)
    return {label for label, until in expiries.items() if until > one.order_key >> 20}


# --- traces


def steps_of(
    rule: Rule,
    one: Pick,
    values: Mapping[str, object],
    features: Mapping[str, object],
    labels: Mapping[str, tuple[str, ...] | None],
    lists: Mapping[str, object],
) -> tuple[Step, ...]:
    """Return the trace of a rule's condition on an event as lines, outermost first."""
    found = trace(rule.terms[one.kind], look(values, features, labels), lists)
    return tuple(_lines(found, 0))[:STEPS_MAX]


def look(
    values: Mapping[str, object], features: Mapping[str, object], labels: Mapping[str, tuple[str, ...] | None]
) -> Look:
    """Return what gives a condition its values: the event's fields as nested mappings, features, labels by role."""

    def value(term: Term) -> object:
        match term:
            case t.FieldRef():
                return _at(values, term.path)
            case t.FeatureRef():
                return features.get(term.name)
            case t.LabelsRef():
                return labels[term.role]
        raise AssertionError(term)

    return value


def _at(values: object, path: Sequence[str]) -> object:
    for part in path:
        values = values.get(part) if isinstance(values, Mapping) else None
    return values


def _lines(found: Trace, depth: int) -> list[Step]:
    lines = [Step(depth=depth, text=_short(found.text), value=written(found.value, found.term.type))]
    for child in found.term.children():
        if isinstance(child, Const) and child.constant is not None:
            lines.append(
                Step(depth=depth + 1, text=f"constants.{child.constant}", value=written(child.value, child.type))
            )
    for part in found.parts:
        lines += _lines(part, depth + 1)
    return lines


def written(value: object, kind: Type | None) -> object:
    """Return a value for a report: numbers, texts and truth values as they are, times and durations as text."""
    if value is None or isinstance(value, bool):
        return value
    if kind == TIMESTAMP and isinstance(value, int):
        return str(_EPOCH + timedelta(microseconds=value)).replace(" ", "T").replace("+00:00", "Z")
    if kind == DURATION and isinstance(value, int):
        return format_duration(value)
    if isinstance(value, int | float):
        return value
    if isinstance(value, str):
        return _short(value)
    return _short(msgspec.json.encode(value, enc_hook=str).decode())


def _short(text: str) -> str:
    return text if len(text) <= _TEXT_MAX else text[: _TEXT_MAX - 1] + "…"


SeenAt = Callable[[Pack, object, "set[int]"], Features]
"""Decides events in order and returns the features seen at those whose order key is wanted."""

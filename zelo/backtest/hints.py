"""
Hints for an author: what sets a rule's false positives apart from its true ones, found by a small decision tree.

The tree is grown on the hits of one half of the accounts and judged on the other half; a condition is told only when
it holds there too. It is a hint: what separates them may be a coincidence, or a trait nobody should be judged by.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from zelo.adapters.fitting import literal, quoted
from zelo.backtest.figures import Hint
from zelo.backtest.judging import JUDGEABLE, Standing
from zelo.backtest.logic import apart, share
from zelo.backtest.relations import Ask, Store
from zelo.events.rows import columns
from zelo.events.types import BOOL, DOUBLE, INT, STRING, ObjectOf
from zelo.policy.pack import Pack

ROWS_MAX = 20_000
"""Most hits a tree is grown and judged on; chosen by the hash of their id."""
ROWS_MIN = 60
DEPTH = 2
LEAF_MIN = 15
WORDS_MAX = 8
"""Most values of a text field that are asked about; fields with more different values are left out."""
HINTS_MAX = 3
"""For each rule."""
Test = tuple[str, str, object]
"""A column, how it is compared, and with what."""


@dataclass(frozen=True)
class Table:
    """The hits of a rule: columns of numbers, missing ones as NaN, and whether the outcome came true."""

    names: tuple[tuple[str, object], ...]
    """Each column's source, and the text it asks for (None: a number)."""
    rows: Sequence[Sequence[float]]
    came_true: Sequence[bool]
    held_out: Sequence[bool]
    """Whether the row is of the half that conditions are judged on."""


def hints(ask: Ask, store: Store, pack: Pack, rules: Standing) -> tuple[Hint, ...]:
    """Return the hints for every rule that an outcome can judge, by rule."""
    found: list[Hint] = []
    _keep_seen(ask, store)
    for rule in pack.rules:
        if rule.name in rules.kinds and rule.name != JUDGEABLE:
            table = _table(ask, store, pack, rule.name, rule.kinds)
            if table is not None:
                found += separated(rule.name, table, pack.feature_titles)
    return tuple(found)


# --- the table


def _keep_seen(ask: Ask, store: Store) -> None:
    """
    Make `seen(order_key, features)` of the events that were hit, and `seen_KIND` of their fields.

    Once: they are read for every rule, and the lake is large.
    """
    wanted = "SELECT order_key FROM first_hit WHERE version = 'new'"
    parts = {
        f"SELECT order_key, features FROM {sql} WHERE order_key IN ({wanted})"
        for kind, sql in store.decided["new"].features.items()
        if kind in store.kinds
    }
    nothing = "SELECT CAST(0 AS BIGINT) AS order_key, CAST(NULL AS VARCHAR) AS features LIMIT 0"
    ask(f"CREATE TABLE seen AS {' UNION ALL '.join(sorted(parts)) or nothing}")
    for kind, (_, sql, _) in store.kinds.items():
        listed = ", ".join(["order_key", "event_id", *map(quoted, _fields(store, kind))])
        ask(f"CREATE TABLE {_seen(kind)} AS SELECT {listed} FROM {sql} WHERE order_key IN ({wanted})")


def _seen(kind: str) -> str:
    return quoted(f"seen_{kind}")


def _fields(store: Store, kind: str) -> list[str]:
    """Return the fields of a kind that a tree may ask about."""
    declared, _, has = store.kinds[kind]
    return [
        column.name
        for column in columns(declared)
        if column.name in has
        and column.type in (INT, DOUBLE, BOOL, STRING)
        and not _personal(declared.fields, column.path)
    ]


def _table(ask: Ask, store: Store, pack: Pack, rule: str, kinds: Sequence[str]) -> Table | None:
    """Return the hits of a rule that can be judged; None when there are too few, or all came out the same."""
    [[yes, no]] = ask(f"""
        SELECT count(*) FILTER (state = 'yes'), count(*) FILTER (state = 'no')
        FROM first_hit WHERE version = 'new' AND rule = {literal(rule)}
    """)
    if min(yes, no) < LEAF_MIN or yes + no < ROWS_MIN:
        return None
    seen: list[tuple[dict[str, object], bool, bool]] = []
    for kind in kinds:
        if kind in store.kinds:
            seen += _rows(ask, store, rule, kind)
    names = _names([values for values, _, _ in seen])
    if not names:
        return None
    rows = [[_number(values.get(source), asked) for source, asked in names] for values, _, _ in seen]
    return Table(names, rows, [true for _, true, _ in seen], [held for _, _, held in seen])


def _rows(ask: Ask, store: Store, rule: str, kind: str) -> list[tuple[dict[str, object], bool, bool]]:
    """Return, for first hits on one kind: what could be seen, whether the outcome came true, which half it is of."""
    fields = _fields(store, kind)
    listed = "".join(f", e.{quoted(name)}" for name in fields)
    found = []
    for features, state, half, *values in ask(f"""
        SELECT d.features, f.state, instr('02468ace', left(md5(f.unit), 1)) > 0{listed}
        FROM first_hit f JOIN seen d USING (order_key) JOIN {_seen(kind)} e USING (order_key)
        WHERE f.version = 'new' AND f.rule = {literal(rule)} AND f.state IN ('yes', 'no')
        ORDER BY md5(e.event_id) LIMIT {ROWS_MAX}
    """):
        given = msgspec.json.decode(features) if features else {}
        row = {f"features.{name}": value for name, value in given.items()}
        row |= {f"event.{name}": value for name, value in zip(fields, values, strict=True)}
        found.append((row, state == "yes", bool(half)))
    return found


def _personal(level: ObjectOf, path: tuple[str, ...]) -> bool:
    for part in path:
        field = level.by_name[part]
        if field.personal:
            return True
        if isinstance(field.type, ObjectOf):
            level = field.type
    return False


def _names(rows: Sequence[Mapping[str, object]]) -> tuple[tuple[str, object], ...]:
    """Return the columns of the table: numbers as they are, a text field as one question for each of its values."""
    values: dict[str, set[object]] = {}
    for name in {name for row in rows for name in row}:
        kept = values.setdefault(name, set())
        for row in rows:
            value = row.get(name)
            if isinstance(value, (bool, int, float, str)):
                kept.add(value)
                if len(kept) > max(WORDS_MAX, 2):
                    break
    names: list[tuple[str, object]] = []
    for name in sorted(values):
        texts = sorted(value for value in values[name] if isinstance(value, str))
        if texts:
            if len(values[name]) <= WORDS_MAX:
                names += [(name, text) for text in texts]
        elif len(values[name]) > 1:
            names.append((name, None))
    return tuple(names)


def _number(value: object, asked: object) -> float:
    if asked is not None:
        return float(value == asked)
    return float(value) if isinstance(value, bool | int | float) else float("nan")


# --- the tree


def separated(rule: str, table: Table, titles: Mapping[str, Mapping[str, str]]) -> list[Hint]:
    """
    Return the conditions under which fewer hits come true than elsewhere, judged on the half kept back.

    Only those are told whose 95 % interval there lies wholly below that of all hits.
    """
    from sklearn.tree import DecisionTreeClassifier  # here, as it takes a second to load and few commands need it

    grown = [number for number, held in enumerate(table.held_out) if not held]
    kept = [number for number, held in enumerate(table.held_out) if held]
    if len(grown) < 2 * LEAF_MIN or not kept or len({table.came_true[number] for number in grown}) < 2:
        return []
    leaf = max(LEAF_MIN, len(grown) // 50)
    tree = DecisionTreeClassifier(max_depth=DEPTH, min_samples_leaf=leaf, random_state=0)
    tree.fit([table.rows[number] for number in grown], [table.came_true[number] for number in grown])
    true = [number for number in kept if table.came_true[number]]
    overall = share(len(true), len(kept))
    landed = tree.apply([table.rows[number] for number in kept])
    found = []
    for leaf_number, tests in _paths(tree.tree_, table):
        inside = [number for number, place in zip(kept, landed, strict=True) if place == leaf_number]
        right = sum(table.came_true[number] for number in inside)
        precision = share(right, len(inside))
        if len(inside) >= LEAF_MIN and apart(precision, overall) and (precision.value or 0) < (overall.value or 0):
            asked = [name.removeprefix("features.") for name, _, _ in tests]
            found.append(
                Hint(
                    rule=rule,
                    conditions=tests,
                    precision=precision,
                    overall=overall,
                    titles={name: titles[name] for name in asked if name in titles},
                    removes=share(right, len(true)),
                )
            )
    return sorted(found, key=lambda hint: (hint.precision.value or 0.0, hint.conditions))[:HINTS_MAX]


def _paths(tree: Any, table: Table) -> list[tuple[int, tuple[Test, ...]]]:
    """Return each leaf with the tests that lead to it."""
    found: list[tuple[int, tuple[Test, ...]]] = []

    def walk(node: int, tests: tuple[Test, ...]) -> None:
        left, right = int(tree.children_left[node]), int(tree.children_right[node])
        if left == right:
            found.append((node, tests))
            return
        column, limit = int(tree.feature[node]), float(tree.threshold[node])
        low, high = _tests(table, column, limit, bool(tree.missing_go_to_left[node]))
        walk(left, (*tests, low))
        walk(right, (*tests, high))

    walk(0, ())
    return found


def _tests(table: Table, column: int, limit: float, missing_low: bool) -> tuple[Test, Test]:
    """Return what a split asks, in the words of conditions; a `?` stands for "or missing"."""
    name, asked = table.names[column]
    if asked is not None:
        return (name, "!=", asked), (name, "==", asked)
    values = [row[column] for row in table.rows if row[column] == row[column]]
    if all(value in (0.0, 1.0) for value in values):
        return (name, "==", False), (name, "==", True)
    if math.isinf(limit):  # the split is between what is missing and what is there
        missing, there = (name, "missing", None), (name, "there", None)
        return (missing, there) if missing_low else (there, missing)
    shown = int(limit // 1) if all(value == int(value) for value in values) else float(f"{limit:.4g}")
    some = len(values) < len(table.rows)
    low, high = ("?", "") if missing_low else ("", "?")
    return (name, "<=" + (low if some else ""), shown), (name, ">" + (high if some else ""), shown)

"""
Windowed features in SQL, from gathered rows: `kind`, `order_key` and a column `f_NAME` for each feature.

Features are windows over one order of the rows, which all features of a key share. But where an engine cannot count
different values in a window, or would look at all of history for it, `distinct` counts comings and goings: a value
comes with an event after a pause longer than the window, and goes when the window has passed its last event.

Where more than `at_most` events may be in a window, `capped` writes the windows as lists, which are then cut: right for
every window, and slow for large ones.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from sqlglot import exp

from zelo.events.types import DOUBLE, INT
from zelo.features.spec import COUNTER_BITS, INT_MAX, INT_MIN, FeatureSpec
from zelo.policy.to_sql.columns import feature_column
from zelo.policy.to_sql.dialect import (
    Expression,
    call,
    cast,
    exactly,
    guarded,
    is_missing,
    is_there,
    literal,
    number,
    when,
    written,
)
from zelo.policy.to_sql.gather import MICRO, Family, Signal, is_alone
from zelo.policy.to_sql.queries import ORDER_KEY, Frame, inside, named, nth, selected, table, union

GATHERED = "gathered"
"""Name of the relation with the gathered rows."""
_WIDE = {"duckdb": "HUGEINT", "spark": "DECIMAL(38,0)"}
"""What totals are computed in: a prefix of a sum may outgrow 64 bits where the sum does not."""


@dataclass
class WindowWriter:
    """Writes the features of one family; `numbers` are those of the kinds whose rules read them."""

    dialect: str
    family: Family
    numbers: Sequence[int]
    every_row: frozenset[Signal] = frozenset()
    """Signals that each row has."""
    capped: bool = False
    relation: str = GATHERED
    wanted: Sequence[FeatureSpec] = ()
    """The features to write; empty: all of the family."""
    _windows: dict[str, tuple[str, Expression]] = field(default_factory=dict)

    def query(self) -> exp.Query:
        """Return the query of the features."""
        first = self.family.specs[0]
        if first.aggregate == "distinct" and not self.capped and is_alone(first, self.dialect):
            return self._distinct(first)
        features = [named(self._feature(spec), feature_column(spec.name)) for spec in self.wanted or self.family.specs]
        signals = [exactly(f"s{place}") for place in range(len(self.family.signals))]
        windows = [named(window, name) for name, window in self._windows.values()]
        source = selected([exactly("kind"), exactly(ORDER_KEY), *signals, *windows], table(self.relation))
        return selected([exactly("kind"), exactly(ORDER_KEY), *features], inside(source, "w"), self._read())

    def _read(self) -> Expression:
        """Return the condition that a row is of a kind whose rules read the features."""
        return exp.In(this=exactly("kind"), expressions=[number(kind) for kind in self.numbers])

    def _window(self, frame: Frame, function: Expression) -> Expression:
        """Return the column of a window; the same window is computed once."""
        window = frame.over(function)
        name, _ = self._windows.setdefault(written(window, self.dialect), (f"w{len(self._windows)}", window))
        return exactly(name)

    def _frame(self, spec: FeatureSpec, *, own: bool) -> Frame:
        return Frame(self.dialect, self.family.keys, spec.reach, own)

    # --- one feature

    def _feature(self, spec: FeatureSpec) -> Expression:
        if self.capped and _is_cut(spec):
            return self._cut(spec)
        match spec.aggregate:
            case "count":
                count = self._count(spec)
                return count if spec.reach is None else call("least", count, literal(spec.at_most, INT))
            case "exists":
                return exp.GT(this=guarded(self._count(spec)), expression=number(0))
            case "seconds_since":
                return self._seconds_since(spec)
            case "sum":
                return self._in_range(spec, self._total(spec))
            case "avg":
                count = self._count(spec)
                mean = exp.Div(
                    this=guarded(cast(self._in_range(spec, self._total(spec)), DOUBLE)),
                    expression=cast(count.copy(), DOUBLE),
                )
                return when(exp.GT(this=guarded(count), expression=number(0)), mean)
            case "first":
                first = self._window(self._frame(spec, own=True), nth(exp.FirstValue, self._signal(spec)))
                return when(exp.GT(this=guarded(self._count(spec)), expression=number(0)), first)
            case "distinct":
                return self._different(spec)
            case "last":
                frame = self._frame(spec, own=spec.including_current)
                return self._window(frame, nth(exp.LastValue, self._signal(spec)))
        return self._window(self._frame(spec, own=spec.including_current), call(spec.aggregate, self._signal(spec)))

    def _signal(self, spec: FeatureSpec) -> Expression:
        return exactly(self.family.column(spec))

    def _count(self, spec: FeatureSpec) -> Expression:
        """Return how many events the window holds: those of a frame with the row itself in it, less that row."""
        signal = self._signal(spec)
        every = self.family.signal(spec) in self.every_row
        counted: Expression = exp.Count(this=exp.Star()) if every else call("count", signal)
        count = self._window(self._frame(spec, own=True), counted)
        if spec.including_current:
            return count
        own = literal(1, INT) if every else cast(is_there(signal), INT)
        return exp.Sub(this=count, expression=own)

    def _different(self, spec: FeatureSpec) -> Expression:
        """Return how many values the window holds: those of a frame with the row in it, less what only the row has."""
        signal, reach = self._signal(spec), number(spec.reach or 0)
        values = exp.Count(this=exp.Distinct(expressions=[signal]))
        count = self._window(self._frame(spec, own=True), values)
        if spec.including_current:
            return count
        lag = _beside("lag", [*(exactly(name) for name in self.family.keys), signal.copy()])
        name, _ = self._windows.setdefault(written(lag, self.dialect), (f"w{len(self._windows)}", lag))
        outside = exp.LT(this=exactly(name), expression=exp.Sub(this=exactly(ORDER_KEY), expression=reach))
        alone = exp.Or(this=guarded(is_missing(exactly(name))), expression=guarded(outside))
        own = exp.And(this=guarded(is_there(signal.copy())), expression=exp.Paren(this=alone))
        return exp.Sub(this=count, expression=cast(own, INT))

    def _total(self, spec: FeatureSpec) -> Expression:
        signal = self._signal(spec)
        wide = exp.DataType.build(_WIDE[self.dialect], dialect=self.dialect)
        value = signal if self.dialect == "duckdb" else exp.Cast(this=signal, to=wide)
        total = self._window(self._frame(spec, own=True), call("sum", value))
        whole: Expression = call("coalesce", total, exp.Cast(this=number(0), to=wide))
        if not spec.including_current:
            whole = exp.Sub(this=whole, expression=call("coalesce", signal.copy(), number(0)))
        return whole

    def _in_range(self, spec: FeatureSpec, total: Expression) -> Expression:
        """Return a total as a number of the language, NULL when it is outside 64 bits."""
        low = exp.Cast(this=exp.Literal.string(str(INT_MIN)), to=exp.DataType.build("BIGINT"))
        high = exp.Cast(this=exp.Literal.string(str(INT_MAX)), to=exp.DataType.build("BIGINT"))
        within = exp.Between(this=guarded(total), low=low, high=high)
        whole = when(within, cast(total.copy(), INT))
        if self.family.signal(spec).form != MICRO and spec.value_type != DOUBLE:
            return whole
        return exp.Div(this=cast(whole, DOUBLE), expression=literal(1e6, DOUBLE))

    def _seconds_since(self, spec: FeatureSpec) -> Expression:
        time = when(is_there(self._signal(spec)), exactly(ORDER_KEY))
        latest = self._window(self._frame(spec, own=spec.including_current), call("max", time))
        apart = exp.Sub(
            this=exp.Paren(this=_millisecond(exactly(ORDER_KEY))), expression=exp.Paren(this=_millisecond(latest))
        )
        return when(is_there(latest), exp.IntDiv(this=exp.Paren(this=apart), expression=number(1000)))

    # --- at most so many

    def _cut(self, spec: FeatureSpec) -> Expression:
        """Return a feature from the list of the values in its window, of which the latest count."""
        signal = self._signal(spec)
        gathering: Expression = call("collect_list", signal)
        if self.dialect == "duckdb":
            there = exp.Where(this=is_there(signal.copy()))
            gathering = exp.Filter(this=call("list", signal), expression=there)
        items: Expression = self._window(self._frame(spec, own=spec.including_current), gathering)
        if self.dialect == "duckdb":
            items = call("coalesce", items, exp.Array(expressions=[]))
        size = call("len" if self.dialect == "duckdb" else "array_size", items)
        start = call("greatest", exp.Sub(this=size, expression=number(spec.at_most - 1)), number(1))
        if self.dialect == "duckdb":
            latest = call("list_slice", items.copy(), start, size.copy())
        else:
            latest = call("slice", items.copy(), cast_int(start), number(spec.at_most))
        return _folded(self, spec, latest)

    # --- distinct

    def _distinct(self, spec: FeatureSpec) -> exp.Query:
        """Count the comings before a row, less the goings before it."""
        keys = [exactly(name) for name in self.family.keys]
        signal = exactly(self.family.column(spec))
        valued = selected([*keys, exactly(ORDER_KEY), signal], table(self.relation), is_there(signal.copy()))
        same = [*(key.copy() for key in keys), signal.copy()]
        columns = [exactly(ORDER_KEY), named(_beside("lag", same), "before"), named(_beside("lead", same), "after")]
        pauses = selected([*(key.copy() for key in keys), *columns], inside(valued, "v"))
        comes, goes = _comings(spec)
        first = 0 if spec.including_current else 1
        marks = [selected(_mark(keys, exactly(ORDER_KEY), first, 1), inside(pauses, "c"), comes)]
        if spec.reach is not None:
            end = exp.Add(this=exactly(ORDER_KEY), expression=number(spec.reach))
            marks.append(selected(_mark(keys, end, 2, -1), inside(pauses.copy(), "g"), goes))
        rows = _mark(keys, exactly(ORDER_KEY), 1 - first, 0, row=True)
        marks.append(selected(rows, table(self.relation), self._read()))
        so_far = exp.Window(
            this=call("sum", exactly("change")),
            partition_by=[key.copy() for key in keys],
            order=exp.Order(expressions=[_ordered("place"), _ordered("turn")]),
            spec=exp.WindowSpec(kind="ROWS", start="UNBOUNDED", start_side="PRECEDING", end="CURRENT ROW"),
        )
        totals = selected(
            [exactly("kind"), named(exactly("place"), ORDER_KEY), named(so_far, "total")], inside(union(marks), "m")
        )
        value = named(cast(exactly("total"), INT), feature_column(spec.name))
        return selected([exactly("kind"), exactly(ORDER_KEY), value], inside(totals, "t"), is_there(exactly("kind")))


def _is_cut(spec: FeatureSpec) -> bool:
    """Say whether a feature hangs on which events are the latest."""
    return spec.aggregate == "distinct" or (
        spec.reach is not None and spec.aggregate in ("sum", "avg", "min", "max", "first")
    )


def may_be_cut(family: Family) -> tuple[FeatureSpec, ...]:
    """Return the features whose value changes when more than `at_most` events are in their window."""
    return tuple(spec for spec in family.specs if _is_cut(spec))


def most_in_windows(family: Family, dialect: str, *, exactly_: bool) -> exp.Query:
    """
    Return the query of the most events that a window of each feature of `may_be_cut` holds, one column for each.

    Not `exactly_`: of the most events that any key has at all, which is cheaper to know and at least as many.
    """
    specs = may_be_cut(family)
    counts: list[Expression] = []
    for place, spec in enumerate(specs):
        count: Expression = call("count", exactly(family.column(spec)))
        if exactly_:
            count = Frame(dialect, family.keys, spec.reach, own=True).over(count)
        counts.append(named(count, f"n{place}"))
    inner = selected(counts, table(GATHERED))
    if not exactly_:
        inner = inner.group_by(*(exactly(name) for name in family.keys))
    return selected(
        [named(call("max", exactly(f"n{place}")), f"n{place}") for place in range(len(specs))], inside(inner, "n")
    )


def _millisecond(order_key: Expression) -> Expression:
    return exp.BitwiseRightShift(this=order_key, expression=number(COUNTER_BITS))


def cast_int(value: Expression) -> Expression:
    """Return a whole number of 32 bits, which places in Spark's lists are."""
    return exp.Cast(this=value, to=exp.DataType.build("INT"))


def _folded(writer: WindowWriter, spec: FeatureSpec, items: Expression) -> Expression:
    """Return what the values of a list come to."""
    duckdb = writer.dialect == "duckdb"
    size = cast(call("len" if duckdb else "array_size", items), INT)
    if spec.aggregate == "distinct":
        unique = call("list_distinct" if duckdb else "array_distinct", items)
        return cast(call("len" if duckdb else "array_size", unique), INT)
    if spec.aggregate == "first":
        some = exp.GT(this=size, expression=number(0))
        return when(
            some, call("list_extract", items.copy(), number(1)) if duckdb else call("get", items.copy(), number(0))
        )
    if spec.aggregate in ("min", "max"):
        return call(f"list_{spec.aggregate}" if duckdb else f"array_{spec.aggregate}", items)
    wide = exp.DataType.build(_WIDE[writer.dialect], dialect=writer.dialect)
    zero = exp.Cast(this=number(0), to=wide)
    if duckdb:
        total = call("coalesce", call("list_sum", items), zero)
    else:
        step = exp.Lambda(
            this=exp.Cast(this=exp.Add(this=exp.column("_sum"), expression=exp.column("_item")), to=wide),
            expressions=[exp.to_identifier("_sum"), exp.to_identifier("_item")],
        )
        total = call("aggregate", items, zero, step)
    ranged = writer._in_range(spec, total)
    if spec.aggregate == "sum":
        return ranged
    mean = exp.Div(this=guarded(cast(ranged, DOUBLE)), expression=cast(size, DOUBLE))
    return when(exp.GT(this=size.copy(), expression=number(0)), mean)


def _comings(spec: FeatureSpec) -> tuple[Expression, Expression]:
    """Return when a value comes into the window with its event, and when it goes with its event."""
    comes, goes = is_missing(exactly("before")), is_missing(exactly("after"))
    if spec.reach is None:
        return comes, goes
    reach = number(spec.reach)
    late = exp.LT(this=exp.Add(this=exactly("before"), expression=reach), expression=exactly(ORDER_KEY))
    gone = exp.GT(this=exactly("after"), expression=exp.Add(this=exactly(ORDER_KEY), expression=reach.copy()))
    return exp.Or(this=guarded(comes), expression=guarded(late)), exp.Or(this=guarded(goes), expression=guarded(gone))


def _mark(
    keys: Sequence[Expression], place: Expression, turn: int, change: int, *, row: bool = False
) -> list[Expression]:
    """Return the columns of a mark: where it stands, and what changes there."""
    kind = exactly("kind") if row else cast(exp.null(), INT)
    numbers: Mapping[str, int] = {"turn": turn, "change": change}
    return [
        *(key.copy() for key in keys),
        named(kind, "kind"),
        named(place, "place"),
        *(named(cast(number(value), INT), name) for name, value in numbers.items()),
    ]


def _beside(name: str, keys: Sequence[Expression]) -> Expression:
    """Return the order key of the row before or after with the same value."""
    return exp.Window(
        this=call(name, exactly(ORDER_KEY)),
        partition_by=[key.copy() for key in keys],
        order=exp.Order(expressions=[_ordered(ORDER_KEY)]),
    )


def _ordered(name: str) -> Expression:
    return exp.Ordered(this=exactly(name), nulls_first=False)

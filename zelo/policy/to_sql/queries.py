"""The pieces queries are made of: selections, joins, windows, unions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlglot import exp

from zelo.policy.to_sql.dialect import Expression, call, exactly, number

ORDER_KEY = "order_key"


def named(expression: Expression, name: str) -> Expression:
    """Return an expression as a column of a selection."""
    return exp.alias_(expression, name, quoted=True, copy=False)


def table(name: str, alias: str | None = None) -> exp.Table:
    """Return a relation by exactly this name."""
    return exp.to_table(exp.to_identifier(name, quoted=True).sql("duckdb"), alias=alias, dialect="duckdb")


def selected(
    columns: Sequence[Expression], source: exp.Table | exp.Subquery, where: Expression | None = None
) -> exp.Select:
    """Return the selection of some columns of a relation."""
    query = exp.select(*columns, copy=False).from_(source, copy=False)
    return query if where is None else query.where(where, copy=False)


def inside(query: exp.Query, alias: str) -> exp.Subquery:
    """Return a query to select from."""
    return query.subquery(exp.to_identifier(alias, quoted=True), copy=False)


def union(parts: Sequence[exp.Query]) -> exp.Query:
    """Return all rows of several queries."""
    whole = parts[0]
    for part in parts[1:]:
        whole = exp.Union(this=whole, expression=part, distinct=False)
    return whole


def joined_by_key(query: exp.Select, relation: str, alias: str, kind: int | None, to: str) -> exp.Select:
    """Return a selection with the row of another relation at the same order key beside each of its rows."""
    meet: Expression = exp.EQ(this=exactly(ORDER_KEY, alias), expression=exactly(ORDER_KEY, to))
    if kind is not None:
        meet = exp.And(this=meet, expression=exp.EQ(this=exactly("kind", alias), expression=number(kind)))
    return query.join(table(relation, alias), on=meet, join_type="left", copy=False)


@dataclass(frozen=True)
class Frame:
    """The rows before a row, by its order key, that have the same key; for windows."""

    dialect: str
    keys: tuple[str, ...]
    reach: int | None
    """Length in units of the order key; None: without end."""
    own: bool
    """Whether the row itself is among them."""

    def over(self, function: Expression) -> Expression:
        """Return a function of the rows."""
        return exp.Window(
            this=function,
            partition_by=[exactly(name) for name in self.keys],
            order=exp.Order(expressions=[exp.Ordered(this=exactly(ORDER_KEY), nulls_first=self.dialect == "spark")]),
            spec=self._rows(),
        )

    def _rows(self) -> exp.WindowSpec:
        if self.reach is None:
            start: Expression | str = "UNBOUNDED"
            unit = "ROWS"
        else:
            start, unit = number(self.reach), "RANGE"
        if self.own:
            return exp.WindowSpec(kind=unit, start=start, start_side="PRECEDING", end="CURRENT ROW")
        if self.reach is None or self.dialect == "spark":
            return exp.WindowSpec(kind=unit, start=start, start_side="PRECEDING", end=number(1), end_side="PRECEDING")
        return exp.WindowSpec(kind=unit, start=start, start_side="PRECEDING", end="CURRENT ROW", exclude="CURRENT ROW")


def nth(name: type[exp.AggFunc], value: Expression) -> Expression:
    """Return the first or last value of a window that is there."""
    return exp.IgnoreNulls(this=name(this=value))


def largest(*values: Expression) -> Expression:
    """Return the largest of some values."""
    return call("greatest", *values)

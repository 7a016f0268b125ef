"""Quantifiers and choices over lists in SQL, with missing results counted the way the language counts them."""

from __future__ import annotations

from dataclasses import dataclass

from sqlglot import exp

from zelo.policy.to_sql.dialect import Expression, anonymous, call, guarded, is_missing, negated, number, when

_FALSE, _MISSING, _TRUE = 0, 1, 2
"""Outcomes as numbers: the largest of them is what `exists` comes to, the smallest what `all` comes to."""


def bound(dialect: str, value: Expression, function: Expression) -> Expression:
    """Return what a function without a name gives for a value: the way to write a large expression once."""
    one = exp.Array(expressions=[value])
    if dialect == "duckdb":
        return call("list_extract", call("list_transform", one, function), number(1))
    return call("get", call("transform", one, function), number(0))


def length(dialect: str, items: Expression) -> Expression:
    """Return how many items a list has."""
    return call("len" if dialect == "duckdb" else "array_size", items)


@dataclass(frozen=True)
class Each:
    """An expression over each item of a list, the item being called `name`."""

    dialect: str
    name: str
    body: Expression
    sure: bool
    """Whether the expression is never missing."""

    def exists(self, items: Expression) -> Expression:
        """Return whether the body is true of an item; missing when of none, but missing of some."""
        if self.dialect == "spark":
            return call("exists", items, self._function(self.body))
        if self.sure:
            return exp.GT(this=self._count(items, self.body), expression=number(0))
        return self._outcome("list_max", items, _FALSE)

    def all(self, items: Expression) -> Expression:
        """Return whether the body is true of each item; missing when false of none, but missing of some."""
        if self.dialect == "spark":
            return call("forall", items, self._function(self.body))
        if self.sure:
            return exp.EQ(this=self._count(items, negated(self.body)), expression=number(0))
        return self._outcome("list_min", items, _TRUE)

    def exists_one(self, items: Expression) -> Expression:
        """Return whether the body is true of exactly one item; missing when it is missing of any."""
        return self._unless_missing(items, exp.EQ(this=self._count(items, self.body), expression=number(1)))

    def filter(self, items: Expression) -> Expression:
        """Return the items of which the body is true; missing when it is missing of any."""
        return self._unless_missing(items, self._chosen(items, self.body))

    def map(self, items: Expression) -> Expression:
        """Return what the body comes to on each item, missing results among them."""
        return call("list_transform" if self.dialect == "duckdb" else "transform", items, self._function(self.body))

    def _function(self, body: Expression) -> Expression:
        return anonymous(self.name, body)

    def _chosen(self, items: Expression, body: Expression) -> Expression:
        return call("list_filter" if self.dialect == "duckdb" else "filter", items, self._function(body))

    def _count(self, items: Expression, body: Expression) -> Expression:
        return length(self.dialect, self._chosen(items, body))

    def _unless_missing(self, items: Expression, result: Expression) -> Expression:
        if self.sure:
            return result
        return when(exp.EQ(this=self._count(items, is_missing(self.body)), expression=number(0)), result)

    def _outcome(self, fold: str, items: Expression, empty: int) -> Expression:
        """Fold the outcomes of all items; DuckDB's own folds of truth values pass over missing ones."""
        doubled = exp.Mul(this=exp.Cast(this=self.body, to=exp.DataType.build("TINYINT")), expression=number(_TRUE))
        outcome = call("coalesce", doubled, number(_MISSING))
        folded = call(fold, call("list_transform", items, self._function(outcome)))
        of_none = exp.Add(
            this=exp.Mul(this=length(self.dialect, items), expression=number(0)), expression=number(empty)
        )
        place = exp.Add(this=call("coalesce", folded, of_none), expression=number(1))
        return call("list_extract", exp.Array(expressions=[exp.false(), exp.null(), exp.true()]), place)


def complete(dialect: str, items: Expression, name: str) -> Expression:
    """Return a list, or missing when an item of it is."""
    each = Each(dialect, name, exp.column(name), sure=False)
    return each._unless_missing(items, items)


def field(dialect: str, holder: Expression, name: str) -> Expression:
    """Return a field of an object in a list."""
    if dialect == "duckdb":
        return call("struct_extract", holder, exp.Literal.string(name))
    return exp.Dot(this=guarded(holder), expression=exp.to_identifier(name, quoted=True))

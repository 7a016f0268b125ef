"""What differs between the dialects, and the small pieces every query is made of."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cache

import sqlglot
from sqlglot import exp
from sqlglot.dialects.dialect import Dialect
from sqlglot.dialects.duckdb import DuckDB
from sqlglot.dialects.spark import Spark

from zelo.events.types import BOOL, DOUBLE, DURATION, INT, STRING, TIMESTAMP, ListOf, MapOf, Type
from zelo.policy.functions.registry import Function

DIALECTS = ("duckdb", "spark")
SMALL = 8
"""An expression of at most so many nodes may be written twice; a larger one is bound to a name."""
_SQL_TYPES: Mapping[Type, str] = {
    BOOL: "BOOLEAN",
    INT: "BIGINT",
    DOUBLE: "DOUBLE",
    STRING: "STRING",
    TIMESTAMP: "BIGINT",
    DURATION: "BIGINT",
}

Expression = exp.Expr
_WHOLE = (exp.Column, exp.Literal, exp.Boolean, exp.Null, exp.Func, exp.Paren, exp.Array, exp.Bracket)
"""What stands in no need of parentheses; some functions are written as operators, which `exp.Binary` says."""


class _VerbatimDuckDB(DuckDB):
    """Reads templates without knowing a function: each comes out by the name that its author tested."""

    class Parser(DuckDB.Parser):  # type: ignore[misc, valid-type]  # its base makes the classes inside
        """The parser, with an empty table of functions."""

        FUNCTIONS: dict[str, Callable[..., exp.Expr]] = {}

    class Generator(DuckDB.Generator):  # type: ignore[misc, valid-type]
        """The writer, which leaves out the row itself of a window when it is told to."""

        SUPPORTS_WINDOW_EXCLUDE = True


class _VerbatimSpark(Spark):
    """The same for Spark."""

    class Parser(Spark.Parser):  # type: ignore[misc, valid-type]
        """The parser, with an empty table of functions."""

        FUNCTIONS: dict[str, Callable[..., exp.Expr]] = {}


_READERS: Mapping[str, type[Dialect]] = {"duckdb": _VerbatimDuckDB, "spark": _VerbatimSpark}


def written(tree: Expression, dialect: str) -> str:
    """Return a tree as text; what a dialect cannot say is never left out in silence."""
    return tree.sql(dialect=_READERS[dialect], unsupported_level=sqlglot.ErrorLevel.RAISE)


@cache
def read(template: str, dialect: str, count: int) -> tuple[Expression, tuple[int, ...]]:
    """Return a template as a tree over the columns `__0`, `__1` ..., and how often it uses each."""
    text = template.format(*(f"__{place}" for place in range(count)))
    tree = sqlglot.parse_one(text, dialect=_READERS[dialect])
    uses = [column.name for column in tree.find_all(exp.Column)]
    return tree, tuple(uses.count(f"__{place}") for place in range(count))


def filled(template: str, dialect: str, arguments: Sequence[Expression]) -> Expression:
    """Return a template with expressions in the place of its arguments."""
    tree, _ = read(template, dialect, len(arguments))
    names = {f"__{place}": guarded(argument) for place, argument in enumerate(arguments)}
    if isinstance(tree, exp.Column):
        return arguments[int(tree.name.removeprefix("__"))]
    tree = tree.copy()
    for column in list(tree.find_all(exp.Column)):
        if column.name in names:
            column.replace(names[column.name].copy())
    return tree


def template_of(function: Function, dialect: str) -> tuple[str, tuple[int, ...]]:
    """Return a function's template, and how often it uses each argument."""
    template = function.sql[dialect]
    return template, read(template, dialect, len(function.takes))[1]


def guarded(expression: Expression) -> Expression:
    """Return an operand in parentheses, unless it cannot be torn apart: precedence is never left to chance."""
    if isinstance(expression, exp.Binary):
        return exp.Paren(this=expression)
    return expression if isinstance(expression, _WHOLE) else exp.Paren(this=expression)


def size(expression: Expression, limit: int = 1 << 30) -> int:
    """Return the number of nodes, or something above the limit when there are more."""
    count = 0
    for _ in expression.walk():
        count += 1
        if count > limit:
            break
    return count


def sql_type(type_: Type) -> str:
    """Return the type of a value in SQL; instants and lengths of time are whole microseconds."""
    if isinstance(type_, ListOf):
        return f"ARRAY<{sql_type(type_.item)}>"
    if isinstance(type_, MapOf):
        return f"MAP<STRING, {sql_type(type_.value)}>"
    return _SQL_TYPES.get(type_, "STRING")


@cache
def _built(name: str) -> exp.DataType:
    return exp.DataType.build(name)


def cast(expression: Expression, type_: Type) -> Expression:
    """Return the expression as a type of the language."""
    return exp.Cast(this=expression, to=_built(sql_type(type_)).copy())


def literal(value: object, type_: Type) -> Expression:
    """Return a value written out; numbers with their type, for an engine would make smaller or decimal ones of them."""
    if isinstance(type_, ListOf):
        assert isinstance(value, tuple)
        items: Expression = exp.Array(expressions=[literal(item, type_.item) for item in value])
        return items if value else cast(items, type_)
    if type_ == BOOL:
        return exp.Boolean(this=bool(value))
    if isinstance(value, str):
        return text(value)
    return cast(exp.Literal.string(repr(value)) if type_ == DOUBLE else number(int(str(value))), type_)


def number(value: int) -> Expression:
    """Return a whole number; the smallest one cannot be written as the opposite of a number."""
    if value >= 0:
        return exp.Literal.number(value)
    return exp.Literal.string(str(value)) if value == -(2**63) else exp.Neg(this=exp.Literal.number(-value))


def text(value: str) -> Expression:
    """Return a text written out; a NUL, which would end the query, as the function that makes one."""
    parts: list[Expression] = []
    for place, part in enumerate(value.split("\0")):
        parts += [] if place == 0 else [exp.Anonymous(this="chr", expressions=[exp.Literal.number(0)])]
        parts += [exp.Literal.string(part)] if part or not value else []
    return parts[0] if len(parts) == 1 else exp.Paren(this=joined(exp.DPipe, parts))


def joined(operator: type[exp.Binary], parts: Sequence[Expression]) -> Expression:
    """Return the parts joined by an operator, each in parentheses where it needs them."""
    whole = guarded(parts[0]) if len(parts) > 1 else parts[0]
    for part in parts[1:]:
        whole = operator(this=whole, expression=guarded(part))
    return whole


def both(parts: Sequence[Expression]) -> Expression:
    """Return the conjunction."""
    return joined(exp.And, parts)


def either(parts: Sequence[Expression]) -> Expression:
    """Return the disjunction."""
    return joined(exp.Or, parts)


def negated(part: Expression) -> Expression:
    """Return the negation."""
    return exp.Not(this=guarded(part))


def is_missing(part: Expression) -> Expression:
    """Return whether an expression is NULL."""
    return exp.Is(this=guarded(part), expression=exp.Null())


def is_there(part: Expression) -> Expression:
    """Return whether an expression is not NULL."""
    return negated(is_missing(part))


def when(condition: Expression, yes: Expression, *more: Expression) -> Expression:
    """Return `CASE WHEN condition THEN yes [WHEN .. THEN ..] [ELSE ..] END`, pairs first, then perhaps the rest."""
    pairs = [condition, yes, *more]
    otherwise = pairs.pop() if len(pairs) % 2 else None
    whens = [exp.If(this=pairs[at], true=pairs[at + 1]) for at in range(0, len(pairs), 2)]
    return exp.Case(ifs=whens, default=otherwise)


def call(name: str, *arguments: Expression) -> Expression:
    """Return the call of a function by exactly this name."""
    return exp.Anonymous(this=name, expressions=list(arguments))


def anonymous(variable: str, body: Expression) -> Expression:
    """Return a function without a name, `x -> body` or `lambda x: body`."""
    return exp.Lambda(this=body, expressions=[exp.to_identifier(variable)])


def exactly(name: str, table: str | None = None) -> Expression:
    """Return a column by exactly this name."""
    return exp.column(name, table, quoted=True)


def variable(name: str) -> Expression:
    """Return what an anonymous function calls its argument."""
    return exp.column(name)

"""Each function alone: its examples, its inline form and its SQL, on random arguments and on nasty ones."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

import duckdb
import pytest
import sqlglot
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.amounts import examples
from tests.cel_sql import filled, on_duckdb
from tests.cel_values import maybe
from zelo.events.types import DOUBLE, INT, STRING, ListOf, MapOf, Type
from zelo.policy.functions import FUNCTIONS
from zelo.policy.functions.operators import same
from zelo.policy.functions.registry import AnyOf, Function, WordList

PATTERNS = (
    "a",
    "^a",
    "b$",
    "(?i)a+",
    "[a-c]{2}",
    "a.b",
    r"\bé",
    r"\d+",
    r"\s",
    "",
    "ação|😀",
    r"[^\w]",
    "(ab|aba)$",
    "K",
)
ALL = tuple(function for overloads in FUNCTIONS.values() for function in overloads)


def label(function: Function) -> str:
    """Return a function as a test shows it."""
    return f"{function.name}/{function.form}({', '.join(map(str, function.takes))})"


def concrete(function: Function) -> Iterator[tuple[Type, ...]]:
    """Yield the parameter types of a function, with each type its variable may stand for."""
    variables = {part for type_ in function.takes for part in _parts(type_) if isinstance(part, AnyOf)}
    for option in next((v.options or (INT, STRING, DOUBLE) for v in variables), (INT,)):
        yield tuple(_with(type_, option) for type_ in function.takes)


def _parts(type_: Type) -> Iterator[Type]:
    yield type_
    if isinstance(type_, ListOf):
        yield from _parts(type_.item)
    if isinstance(type_, MapOf):
        yield from _parts(type_.value)


def _with(type_: Type, option: Type) -> Type:
    if isinstance(type_, AnyOf):
        return option
    if isinstance(type_, ListOf):
        return ListOf(_with(type_.item, option))
    return MapOf(_with(type_.value, option)) if isinstance(type_, MapOf) else type_


def meaning(function: Function, arguments: Sequence[object]) -> object:
    """Return what a call comes to: missing when any argument is."""
    if any(argument is None for argument in arguments):
        return None
    return function.python(*arguments)


def agree(left: object, right: object) -> bool:
    """Say whether two results are the same value, the sign of zero included."""
    if isinstance(left, float) and isinstance(right, float):
        return left == right and math.copysign(1, left) == math.copysign(1, right)
    return type(left) is type(right) and same(left, right)


SIGNATURES = tuple(
    pytest.param(function, takes, id=f"{label(function)} on {', '.join(map(str, takes))}")
    for function in ALL
    if "duckdb" in function.sql and not any(isinstance(type_, WordList) for type_ in function.takes)
    for takes in concrete(function)
)


@pytest.fixture(scope="module")
def connection() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect(config={"threads": 1}) as opened:
        opened.execute("SET TimeZone = 'UTC'")
        yield opened


@pytest.mark.parametrize("function", ALL, ids=label)
def test_a_function_is_declared_whole(function: Function) -> None:
    """Each declaration has a sentence, examples for SQL down to missing, and for each dialect a form or a reason."""
    assert function.doc and not function.doc.endswith(".")
    assert function.no_sql if not function.sql else {"duckdb", "spark"} <= function.sql.keys()
    assert function.inline is None or function.total
    if function.sql and not any(isinstance(type_, WordList) for type_ in function.takes):
        assert any(None in arguments and result is None for arguments, result in function.examples)


@pytest.mark.parametrize("function", ALL, ids=label)
def test_a_function_does_what_its_examples_say(function: Function) -> None:
    """The examples that readers see are the meaning in Python, also inlined."""
    for arguments, result in function.examples:
        assert agree(meaning(function, arguments), result), arguments
        if function.inline is not None and None not in arguments:
            names = {f"a{place}": argument for place, argument in enumerate(arguments)}
            assert agree(eval(function.inline.format(*names), {}, names), result), arguments


@pytest.mark.parametrize("function", ALL, ids=label)
@pytest.mark.parametrize("dialect", ["duckdb", "spark"])
def test_a_template_reads_as_sql(function: Function, dialect: str) -> None:
    """Every template is an expression of its dialect, and uses no argument that is not there."""
    if dialect in function.sql:
        names = [f"a{place}" for place in range(len(function.takes))]
        assert sqlglot.parse_one(filled(function, dialect, names), dialect=dialect) is not None


@pytest.mark.parametrize(("function", "takes"), SIGNATURES)
def test_duckdb_gives_the_examples(
    connection: duckdb.DuckDBPyConnection, function: Function, takes: tuple[Type, ...]
) -> None:
    """The examples hold in SQL too."""
    fitting = [
        (arguments, result)
        for arguments, result in function.examples
        if all(argument is None or _is_a(argument, type_) for argument, type_ in zip(arguments, takes, strict=True))
    ]
    found = on_duckdb(connection, function, takes, [arguments for arguments, _ in fitting])
    for (arguments, result), value in zip(fitting, found, strict=True):
        assert agree(value, result), arguments


def _is_a(value: object, type_: Type) -> bool:
    if isinstance(type_, ListOf):
        return isinstance(value, list | tuple) and all(_is_a(item, type_.item) for item in value)
    if isinstance(type_, MapOf):
        return isinstance(value, dict) and all(_is_a(item, type_.value) for item in value.values())
    wanted = {"bool": bool, "double": float, "string": str}.get(str(type_), int)
    return type(value) is wanted


@pytest.mark.slow
@pytest.mark.parametrize(("function", "takes"), SIGNATURES)
@settings(max_examples=max(settings.default.max_examples // 25, 1))
@given(data=st.data())
def test_a_function_alone_means_the_same_in_sql(
    connection: duckdb.DuckDBPyConnection, function: Function, takes: tuple[Type, ...], data: st.DataObject
) -> None:
    """Python and DuckDB give the same on any arguments, missing ones included."""
    columns = [maybe(type_) for type_ in takes]
    if function.name == "matches":
        columns[1] = st.sampled_from(PATTERNS)
    rows = data.draw(st.lists(st.tuples(*columns), min_size=1, max_size=60))
    found = on_duckdb(connection, function, takes, rows)
    for row, value in zip(rows, found, strict=True):
        assert agree(value, meaning(function, row)), (row, value, meaning(function, row))


@settings(max_examples=examples(200))
@given(data=st.data())
def test_inlined_python_means_the_same(data: st.DataObject) -> None:
    """The inline form of a total function is its body on present arguments."""
    function = data.draw(st.sampled_from([function for function in ALL if function.inline is not None]))
    takes = data.draw(st.sampled_from(list(concrete(function))))
    arguments = data.draw(st.tuples(*(maybe(type_).filter(lambda value: value is not None) for type_ in takes)))
    names = {f"a{place}": argument for place, argument in enumerate(arguments)}
    assert function.inline is not None
    assert agree(eval(function.inline.format(*names), {}, names), function.python(*arguments))


@settings(max_examples=examples(200))
@given(data=st.data())
def test_a_total_function_has_a_value_for_all_arguments(data: st.DataObject) -> None:
    """Engines leave out the check for missing where a declaration says that they may."""
    function = data.draw(
        st.sampled_from([f for f in ALL if f.total and not any(isinstance(t, WordList) for t in f.takes)])
    )
    takes = data.draw(st.sampled_from(list(concrete(function))))
    columns = [maybe(type_).filter(lambda value: value is not None) for type_ in takes]
    if function.name == "matches":
        columns[1] = st.sampled_from(PATTERNS)
    assert function.python(*data.draw(st.tuples(*columns))) is not None

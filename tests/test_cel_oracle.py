"""The second oracle: random conditions mean what Google's CEL makes of them, but for the documented deviations."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.cel_expressions import VARIABLES, expressions
from tests.cel_values import maybe
from tests.places import library
from zelo.base.source import Report, Source
from zelo.events.types import BOOL, DOUBLE, DURATION, INT, STRING, TIMESTAMP, ListOf, MapOf, Type
from zelo.policy.check import Scope, check
from zelo.policy.evaluate import Evaluator
from zelo.policy.functions.operators import same
from zelo.policy.functions.ranges import SPAN_MAX, TIME_MAX, TIME_MIN
from zelo.policy.scalar import Scalar
from zelo.policy.terms import Call, FieldRef, Has, Index, Term

cel = library("cel_expr_python.cel")
ext_strings = library("cel_expr_python.ext.ext_strings")
ext_math = library("cel_expr_python.ext.ext_math")

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
SCOPE = Scope(None, variables=VARIABLES)
DEVIATING = {
    "D1": "doubles are finite",
    "D2": "an empty text cannot be replaced or split at",
    "D3": "texts are converted when they have the one stated form",
    "D4": "times are kept in microseconds",
    "D5": "the calendar has the years 1 to 9999, at every distance from UTC",
    "D6": "`has` is never missing",
}
"""The deviations of docs/language.md: in all but D4 and D6 a call is missing for zelo and has a value for CEL."""
FIRST, LAST = TIME_MIN + 1_000_000, TIME_MAX - 1_000_000
ORACLE_ENDS = "the oracle takes the first instant and the last second of the calendar for infinite"
_FINE = re.compile(r"\.[0-9]{7}")


@lru_cache(maxsize=1)
def environment() -> Any:
    """Return Google's CEL with the variables declared."""
    types = {BOOL: cel.Type.BOOL, INT: cel.Type.INT, DOUBLE: cel.Type.DOUBLE, STRING: cel.Type.STRING}
    types |= {TIMESTAMP: cel.Type.TIMESTAMP, DURATION: cel.Type.DURATION}

    def declared(type_: Type) -> Any:
        if isinstance(type_, ListOf):
            return cel.Type.List(declared(type_.item))
        if isinstance(type_, MapOf):
            return cel.Type.Map(cel.Type.STRING, declared(type_.value))
        return types[type_]

    variables = {name: declared(type_) for name, type_ in VARIABLES.items()}
    return cel.NewEnv(variables=variables, extensions=[ext_strings.ExtStrings(), ext_math.ExtMath()])


class Watcher(Evaluator):
    """Evaluates, and notes each deviation that was met on the way."""

    def __init__(self, values: Mapping[str, object]) -> None:
        super().__init__(lambda term: values[term.path[0]] if isinstance(term, FieldRef) else None, {})
        self.met: set[str] = set()

    def value(self, term: Term, bound: Mapping[str, object]) -> object:
        """Return the value of a term; a call with all arguments and no value may be a deviation."""
        result = super().value(term, bound)
        if (
            isinstance(term, Has)
            and isinstance(term.operand, Index)
            and super().value(term.operand.operand, bound) is None
        ):
            self.met.add("D6")
        if term.type == TIMESTAMP and isinstance(result, int) and not FIRST <= result <= LAST:
            self.met.add(ORACLE_ENDS)
        if isinstance(term, Call):
            arguments = [super(Watcher, self).value(argument, bound) for argument in term.arguments]
            if result is None and None not in arguments:
                self.met |= deviations(term)
            if term.function.name == "timestamp" and _FINE.search(str(arguments[0])):
                self.met.add("D4")
        return result


def deviations(call: Call) -> set[str]:
    """Return the deviations that explain why a call has no value."""
    name, takes = call.function.name, call.function.takes
    if name.startswith("_") and call.type == DOUBLE:
        return {"D1"}
    if name in ("replace", "split"):
        return {"D2"}
    if name in ("int", "double", "bool", "timestamp", "duration") and takes == (STRING,):
        return {"D3"}
    if takes == (TIMESTAMP, DURATION) and name.startswith("get"):
        return {"D5"}
    return set()


def given_to_cel(value: object, type_: Type) -> object:
    """Return a value as Google's CEL takes it."""
    if type_ == TIMESTAMP:
        return EPOCH + timedelta(microseconds=int(str(value)))
    if type_ == DURATION:
        return timedelta(microseconds=int(str(value)))
    return list(value) if isinstance(value, tuple) else value


def from_cel(value: Any) -> object:
    """Return a result of Google's CEL in the engine's form; None for an error."""
    if value.type().name().lower() == "error":
        return None
    plain = value.plain_value()
    if isinstance(plain, datetime):
        return (plain - EPOCH) // timedelta(microseconds=1)
    if isinstance(plain, timedelta):
        return plain // timedelta(microseconds=1)
    return tuple(plain) if isinstance(plain, list) else plain


def agree(ours: object, theirs: object) -> bool:
    """Say whether both came to the same value of the same type, or both to none."""
    if isinstance(ours, float) and isinstance(theirs, float):
        return ours == theirs
    return type(ours) is type(theirs) and same(ours, theirs)


TICK = 15_625
"""A 64th of a second in microseconds: the oracle takes times as floating-point seconds, in which these are exact."""


def bindable(type_: Type) -> st.SearchStrategy[object]:
    """Return values that the oracle takes as variables."""
    if type_ not in (TIMESTAMP, DURATION):
        return maybe(type_)
    first, last = (FIRST, LAST) if type_ == TIMESTAMP else (-SPAN_MAX // 4, SPAN_MAX // 4)
    least, most = -(-first // TICK), last // TICK
    return maybe(type_).map(
        lambda value: value if value is None else max(least, min(int(str(value)) // TICK, most)) * TICK
    )


BINDINGS = st.fixed_dictionaries({name: bindable(type_) for name, type_ in VARIABLES.items()})
RESULTS = (BOOL, INT, DOUBLE, STRING, TIMESTAMP, DURATION, ListOf(INT), ListOf(STRING))


@pytest.mark.slow
@settings(max_examples=settings.default.max_examples * 3)
@given(data=st.data())
def test_conditions_mean_what_cel_says(data: st.DataObject) -> None:
    """Any well-typed expression on any values, missing ones included, comes to the same in both."""
    type_ = data.draw(st.sampled_from((BOOL, BOOL, BOOL, *RESULTS)))
    text = data.draw(expressions(type_))
    values = data.draw(BINDINGS)
    report = Report()
    term = check(Scalar.plain(Source("random", text), text, 1, 1), SCOPE, (type_,), report)
    if term is None:
        pytest.fail(f"{text}: {[(d.code, d.params) for d in report.diagnostics]}")
    watcher = Watcher(values)
    ours = watcher.value(term, {})
    present = {name: given_to_cel(value, VARIABLES[name]) for name, value in values.items() if value is not None}
    theirs = from_cel(environment().compile(text).eval(data=present))
    if not agree(ours, theirs):
        assert watcher.met, f"{text} on {values}: {ours!r}, but CEL says {theirs!r}"


def test_the_oracle_sees_each_deviation() -> None:
    """The deviations are real: CEL has a value where zelo has none."""
    for text, met in (
        ("1.0 / d1", "D1"),
        ('s1.replace("", "x")', "D2"),
        ("int(s2)", "D3"),
        ('t1.getHours("-01:00")', "D5"),
    ):
        term = check(Scalar.plain(Source("one", text), text, 1, 1), SCOPE, (), Report())
        assert term is not None
        values = {"d1": 0.0, "s1": "ab", "s2": " 5", "t1": TIME_MIN + 1_000_000}
        watcher = Watcher(values)
        assert watcher.value(term, {}) is None
        assert watcher.met == {met}
        given_values = {name: given_to_cel(value, VARIABLES[name]) for name, value in values.items()}
        assert from_cel(environment().compile(text).eval(data=given_values)) is not None

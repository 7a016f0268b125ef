"""The stored conformance cases of the CEL specification, laid onto the profile: what each case came to."""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

import pyarrow.parquet

from tests.places import SHARED
from zelo.base.source import Report, Source
from zelo.events.types import BOOL, DOUBLE, DURATION, INT, STRING, TIMESTAMP, ListOf, MapOf, Type
from zelo.policy.check import Scope, check
from zelo.policy.check_scope import NOTHING
from zelo.policy.evaluate import evaluate
from zelo.policy.functions.conversion import parse_duration, parse_timestamp
from zelo.policy.scalar import Scalar
from zelo.policy.terms import FieldRef, Term

TABLE = SHARED / "data" / "golden_cel" / "cel_conformance.parquet"

DEVIATIONS: Mapping[str, str] = {
    "comparisons/eq_literal/not_eq_double_nan": "D1",
    "comparisons/ne_literal/not_ne_double_nan": "D1",
    "comparisons/ne_literal/ne_double_nan": "D1",
    "fp_math/fp_math/divide_zero": "D1",
    "fp_math/fp_math/fp_overflow_negative": "D1",
}
"""Case, or the beginning of the name of several, to the documented deviation that it shows."""

_PRIMITIVES = {"BOOL": BOOL, "INT64": INT, "DOUBLE": DOUBLE, "STRING": STRING}
_WELL_KNOWN = {"TIMESTAMP": TIMESTAMP, "DURATION": DURATION}


@dataclass(frozen=True)
class Outcome:
    """What a case came to."""

    case: str
    expression: str
    verdict: str
    """`passed`, `deviation`, `refused` (by a diagnostic) or `wrong`."""
    codes: tuple[str, ...] = ()
    detail: str = ""


def cases() -> list[Mapping[str, object]]:
    """Return all stored cases."""
    return list(pyarrow.parquet.read_table(TABLE).to_pylist())


@lru_cache(maxsize=1)
def outcomes() -> tuple[Outcome, ...]:
    """Return what every case comes to."""
    return tuple(outcome(case) for case in cases())


def counts() -> Mapping[str, int]:
    """Return how many cases came to what."""
    return Counter(found.verdict for found in outcomes())


def outcome(case: Mapping[str, object]) -> Outcome:
    """Check and evaluate one case, and compare with what the specification expects."""
    name = f"{case['file']}/{case['section']}/{case['name']}"
    expression = str(case["expr"])
    scope, values = surroundings(case)
    report = Report()
    term = check(Scalar.plain(Source(name, expression), expression, 1, 1), scope, (), report)
    codes = tuple(problem.code for problem in report.diagnostics if problem.is_error)
    if term is None:
        return Outcome(name, expression, "refused", codes)
    if not deduced(case, term):
        return Outcome(name, expression, "wrong", (), f"is a {term.type}")
    if case["check_only"]:
        return Outcome(name, expression, "passed")
    result = evaluate(term, lambda ref: values.get(ref.path[0]) if isinstance(ref, FieldRef) else None, {})
    wanted = expected(case)
    if agrees(result, term, wanted):
        return Outcome(name, expression, "passed")
    if deviation(name) is not None and result is None:
        return Outcome(name, expression, "deviation", (str(deviation(name)),))
    return Outcome(name, expression, "wrong", (), f"got {result!r} of {term.type}, wanted {wanted!r}")


def deduced(case: Mapping[str, object], term: Term) -> bool:
    """Say whether a term has the type that a case expects of it, if it expects one."""
    wanted = json.loads(str(case["expected"])) if case["matcher"] == "typed_result" else {}
    return "deduced_type" not in wanted or type_of(wanted["deduced_type"], unknown=NOTHING) == term.type


def deviation(name: str) -> str | None:
    """Return the documented deviation that a case is listed under."""
    return next((found for start, found in DEVIATIONS.items() if name.startswith(start)), None)


class Outside(Exception):
    """A type or value that the profile does not have."""


def surroundings(case: Mapping[str, object]) -> tuple[Scope, Mapping[str, object]]:
    """
    Return the variables of a case with their types and values.

    A variable of a type that the profile does not have cannot be declared, so its name is unknown. Names inside the
    case's container can be said without it, as CEL resolves them; packs have no containers.
    """
    container = f"{case['container']}." if case["container"] else None
    types: dict[str, Type] = {}
    values: dict[str, object] = {}
    bindings = json.loads(str(case["bindings"]))
    declared = json.loads(str(case["type_env"]))
    for entry in sorted(declared, key=lambda entry: bool(container) and entry["name"].startswith(str(container))):
        name = entry["name"]
        try:
            type_ = type_of(entry["ident"]["type"]) if "ident" in entry else None
            value = value_of(bindings[name]["value"]) if "value" in bindings.get(name, {}) else None
        except Outside:
            continue
        for spelling in (name, name.removeprefix(container or "")):
            if type_ is not None:
                types[spelling], values[spelling] = type_, value
    return Scope(None, variables=types), values


def type_of(declared: Mapping[str, object], *, unknown: Type | None = None) -> Type:
    """Return the profile's type for a declared one; `unknown` stands for CEL's `dyn`, if it may occur."""
    if "dyn" in declared and unknown is not None:
        return unknown
    match declared:
        case {"primitive": str(name)} if name in _PRIMITIVES:
            return _PRIMITIVES[name]
        case {"well_known": str(name)} if name in _WELL_KNOWN:
            return _WELL_KNOWN[name]
        case {"list_type": {"elem_type": dict(item)}}:
            return ListOf(type_of(item, unknown=unknown))
        case {"map_type": {"key_type": {"primitive": "STRING"}, "value_type": dict(value)}}:
            return MapOf(type_of(value))
    raise Outside(str(declared))


def value_of(value: Mapping[str, object]) -> object:
    """Return a value in the engine's form."""
    match value:
        case {"bool_value": bool(x)} | {"string_value": str(x)}:
            return x
        case {"int64_value": str(x)}:
            return int(x)
        case {"double_value": x}:
            return float(str(x).replace("Infinity", "inf"))
        case {"list_value": dict(x)}:
            return tuple(value_of(item) for item in x.get("values", []))
        case {"map_value": dict(x)}:
            entries = x.get("entries", [])
            return {str(value_of(entry["key"])): value_of(entry["value"]) for entry in entries}
        case {"object_value": {"@type": str(kind), "value": str(x)}} if kind.endswith("Timestamp"):
            return parse_timestamp(x)
        case {"object_value": {"@type": str(kind), "value": str(x)}} if kind.endswith("Duration"):
            return parse_duration(x)
    raise Outside(str(value))


def expected(case: Mapping[str, object]) -> object:
    """Return what a case must come to: a value, or None for an error."""
    match case["matcher"]:
        case "eval_error":
            return None
        case "default_true":
            return True
    wanted = json.loads(str(case["expected"]))
    if case["matcher"] == "typed_result":
        wanted = wanted.get("result", {})
    try:
        return value_of(wanted)
    except Outside:
        return wanted


def agrees(result: object, term: Term, wanted: object) -> bool:
    """Say whether a result is the wanted one, of the same type and with the same sign of zero."""
    if isinstance(wanted, float) and isinstance(result, float):
        return result == wanted and math.copysign(1, result) == math.copysign(1, wanted)
    if isinstance(wanted, tuple) and isinstance(result, tuple):
        return len(wanted) == len(result) and all(agrees(a, term, b) for a, b in zip(result, wanted, strict=True))
    return type(result) is type(wanted) and result == wanted

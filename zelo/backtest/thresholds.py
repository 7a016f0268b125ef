"""
For which values of a constant a condition is true: one number for each event.

A condition that compares a constant with something, in one direction only, is true up to a critical value and not
beyond. That value follows from the parts of the condition by Kleene's logic: of a conjunction it is the least of its
parts', of a disjunction the greatest; a missing part holds at no value. So the whole curve of a constant comes from
one look at each event.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace

from zelo.backtest.samples import look
from zelo.base.errors import InvalidInput, NotFound
from zelo.base.messages.message import N_
from zelo.base.source import Span
from zelo.events.types import BOOL, DOUBLE, INT
from zelo.policy.evaluate import evaluate
from zelo.policy.pack import Pack, Rule
from zelo.policy.terms import And, Call, Const, FeatureRef, FieldRef, LabelsRef, Not, Or, Term

_INF = math.inf
_GROWS = {"<": False, "<=": False, ">": True, ">=": True}
"""Comparison, the constant on the right, to whether it is true of small values of the constant."""
_MIRRORED = {"<": ">", "<=": ">=", ">": "<", ">=": "<="}
Bounds = tuple[float, float]
"""(true up to, false beyond): between them the condition is undetermined. Falling constants are negated."""
_ALWAYS, _NEVER, _UNKNOWN = (_INF, _INF), (-_INF, -_INF), (-_INF, _INF)
Value = Callable[[Term], object]
"""Gives the value of a part of the condition that does not mention the constant; None when it is missing."""


@dataclass(frozen=True)
class Threshold:
    """A constant of a rule that can be swept."""

    rule: Rule
    constant: str
    value: int | float
    """What it is now."""
    whole: bool
    """Whether it is an int."""
    small_is_loose: bool
    """Whether the rule fires more often the smaller the constant is."""
    plain: bool
    """Whether every comparison with it stands alone in a conjunction: where the rule fires, the rest is true."""

    def key(self, value: float) -> float:
        """Return a value of the constant such that the greater keys are the stricter."""
        return value if self.small_is_loose else -value


def threshold(pack: Pack, rule_name: str, constant: str) -> Threshold:
    """
    Return the constant as a threshold of the rule's condition.

    Raises NotFound for a rule or constant that is not there, InvalidInput where the constant is not a number, or is
    not used as a threshold in one direction; the message says where.
    """
    rule = next((rule for rule in pack.rules if rule_name in (rule.name, rule.id)), None)
    if rule is None:
        raise NotFound(N_("the pack has no rule `{name}`"), name=rule_name)
    policy = next(policy for policy in pack.policies if policy.id == rule.policy)
    if constant not in policy.constants:
        names = ", ".join(f"`{name}`" for name in policy.constants) or "-"
        raise NotFound(
            N_("the policy `{policy}` has no constant `{name}`; there are: {names}"),
            policy=policy.id, name=constant, names=names,
        )  # fmt: skip
    kind, value = policy.constants[constant]
    if kind not in (INT, DOUBLE) or not isinstance(value, int | float):
        raise InvalidInput(
            N_("the constant `{name}` is `{type}`: only a number can be swept"), name=constant, type=str(kind)
        )
    uses = [use for term in rule.terms.values() for use in _uses(term, constant, True, True)]
    if not uses:
        raise InvalidInput(
            N_("the rule `{rule}` does not read `constants.{name}`: name a constant of its condition"),
            rule=rule.name, name=constant,
        )  # fmt: skip
    first = uses[0]
    for use in uses:
        if use.loose != first.loose:
            raise InvalidInput(
                N_("{place}: `constants.{name}` makes the rule stricter here but looser at {other}"),
                place=_place(use.span), name=constant, other=_place(first.span),
            )  # fmt: skip
    plain = all(use.plain for use in uses)
    labels = [part for term in rule.terms.values() for part in term.walk() if isinstance(part, LabelsRef)]
    if labels and not plain:
        raise InvalidInput(
            N_("{place}: `constants.{name}` stands beside labels under `||` or `!`: split the rule in two to sweep it"),
            place=_place(labels[0].span), name=constant,
        )  # fmt: skip
    return Threshold(rule, constant, value, kind == INT, first.loose, plain)


@dataclass(frozen=True)
class _Use:
    span: Span
    loose: bool
    plain: bool


def _place(span: Span) -> str:
    return f"{span.source.path}:{span.line}:{span.column}"


def _mentions(term: Term, constant: str) -> bool:
    return any(isinstance(part, Const) and part.constant == constant for part in term.walk())


def _uses(term: Term, constant: str, positive: bool, plain: bool) -> Iterator[_Use]:
    """Yield the comparisons with the constant; raise InvalidInput where it is used in any other way."""
    if not _mentions(term, constant):
        return
    match term:
        case And() | Or():
            for part in term.parts:
                yield from _uses(part, constant, positive, plain and isinstance(term, And))
        case Not():
            yield from _uses(term.operand, constant, not positive, False)
        case Call() if (found := _comparison(term, constant)) is not None:
            name, _ = found
            yield _Use(term.span, _GROWS[name] == positive, plain)
        case _:
            raise InvalidInput(
                N_(
                    "{place}: `constants.{name}` is not compared by `<`, `<=`, `>` or `>=` here, so it is no "
                    "threshold: rewrite the condition, or sweep another constant"
                ),
                place=_place(term.span),
                name=constant,
            )


def _comparison(term: Call, constant: str) -> tuple[str, Term] | None:
    """Return the comparison of a call with the constant on the right, and its left side; None for other calls."""
    name = term.function.name.strip("_")
    if name not in _GROWS or len(term.arguments) != 2:
        return None
    left, right = term.arguments
    if isinstance(right, Const) and right.constant == constant and not _mentions(left, constant):
        return name, left
    if isinstance(left, Const) and left.constant == constant and not _mentions(right, constant):
        return _MIRRORED[name], right
    return None


# --- the critical value at one event


def critical(term: Term, found: Threshold, value: Value) -> float:
    """Return the greatest key of the constant (see `Threshold.key`) at which the term is true; -inf: at none."""
    return _bounds(term, found.constant, found.small_is_loose, value)[0]


def _bounds(term: Term, constant: str, small: bool, value: Value) -> Bounds:
    if not _mentions(term, constant):
        known = value(term)
        return _UNKNOWN if known is None else _ALWAYS if known else _NEVER
    match term:
        case And() | Or():
            parts = [_bounds(part, constant, small, value) for part in term.parts]
            pick = min if isinstance(term, And) else max
            return pick(part[0] for part in parts), pick(part[1] for part in parts)
        case Not():
            true, false = _bounds(term.operand, constant, not small, value)
            return _below(-false), _below(-true)
        case Call():
            compared = _comparison(term, constant)
            assert compared is not None
            name, side = compared
            number = value(side)
            if not isinstance(number, int | float):
                return _UNKNOWN
            if math.isnan(number):
                return _NEVER  # no comparison with it is true
            limit = number if small else -number
            at = limit if name in ("<=", ">=") else _below(limit)
            return at, at
    raise AssertionError(term)


def plainly_compared(found: Threshold, term: Term) -> list[tuple[str, FieldRef | FeatureRef]] | None:
    """
    Return what a condition compares with the constant, and how; None unless it is numbers that stand as columns.

    Where the rule fires with the loosest value, the least of their limits is the critical value (see `limit_sql`).
    """
    if not found.plain:
        return None
    sides: list[tuple[str, FieldRef | FeatureRef]] = []
    for part in term.walk():
        compared = _comparison(part, found.constant) if isinstance(part, Call) else None
        if compared is None:
            continue
        name, side = compared
        if not isinstance(side, FieldRef | FeatureRef) or side.type not in (INT, DOUBLE):
            return None
        sides.append((name, side))
    return sides


def limit_sql(found: Threshold, name: str, side: Term, value: str) -> str:
    """Return SQL of the greatest key of the constant at which a comparison is true; `value` is SQL of the side."""
    limit = value if found.small_is_loose else f"-({value})"
    if name in ("<=", ">="):
        return f"CAST({limit} AS DOUBLE)"
    return f"CAST({limit} - 1 AS DOUBLE)" if side.type == INT else f"nextafter({limit}, CAST('-inf' AS DOUBLE))"


def _below(number: float) -> float:
    """Return the next smaller number; infinities stay."""
    if isinstance(number, int):
        return number - 1
    return number if math.isinf(number) else math.nextafter(number, -_INF)


def seen_by(
    found: Threshold, event: Mapping[str, object], features: Mapping[str, object], lists: Mapping[str, object]
) -> Value:
    """Return what gives `critical` the values of an event on which the loosest form of the rule fired."""
    value = look(event, features, {})

    def of(term: Term) -> object:
        # where the comparison stands alone in a conjunction, the rule could not have fired had the rest not been true
        return True if found.plain and term.type == BOOL else evaluate(term, value, lists)

    return of


# --- the loosest form of the rule


def loosest(pack: Pack, found: Threshold, version: str) -> Pack:
    """
    Return a pack of this rule alone, with its constant so loose that it fires wherever any value would let it.

    Rules that set labels which the condition may read stay as they are; so do the windows they read.
    """
    extreme: int | float = -(1 << 62) if found.whole else -1e300
    loose = extreme if found.small_is_loose else -extreme
    terms = {kind: _with(term, found.constant, loose) for kind, term in found.rule.terms.items()}
    reads_labels = any(isinstance(part, LabelsRef) for term in terms.values() for part in term.walk())
    below = [rule for rule in pack.rules if reads_labels and rule.stratum < found.rule.stratum]
    own = replace(found.rule, terms=terms, effects=())
    rules = tuple(own if rule.name == found.rule.name else rule for rule in pack.rules if rule in (*below, found.rule))
    read = {
        part.name
        for rule in rules
        for term in (*rule.terms.values(), *_formulas(rule))
        for part in term.walk()
        if isinstance(part, FeatureRef)
    }
    policies = tuple(
        replace(policy, rules=tuple(rule for rule in rules if rule.policy == policy.id)) for policy in pack.policies
    )
    highest = max(rule.stratum for rule in rules)
    strata = tuple(tuple(rule.name for rule in rules if rule.stratum == level) for level in range(highest + 1))
    features = {name: spec for name, spec in pack.features.items() if name in read}
    return replace(pack, rules=rules, policies=policies, strata=strata, features=features, version=version)


def _formulas(rule: Rule) -> Iterator[Term]:
    for effect in rule.effects:
        for given in effect.parameters.values():
            if isinstance(given, dict):
                yield from (term for term in given.values() if isinstance(term, Term))


def _with(term: Term, constant: str, value: int | float) -> Term:
    """Return a term with another value for the constant."""
    if isinstance(term, Const):
        return replace(term, value=value, constant=None) if term.constant == constant else term
    changes: dict[str, object] = {}
    for name in term.__dataclass_fields__:
        part = getattr(term, name)
        if isinstance(part, Term):
            changes[name] = _with(part, constant, value)
        elif isinstance(part, tuple) and any(isinstance(item, Term) for item in part):
            changes[name] = tuple(_with(item, constant, value) if isinstance(item, Term) else item for item in part)
    return replace(term, **changes)  # type: ignore[arg-type]

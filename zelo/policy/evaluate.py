"""What a term means, said as plainly as possible: the interpreter that every engine is compared with."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from zelo.events.types import ObjectOf
from zelo.policy.terms import (
    And,
    Call,
    Const,
    FeatureRef,
    FieldRef,
    Has,
    If,
    Index,
    LabelsRef,
    ListLiteral,
    ListRef,
    Macro,
    Not,
    Or,
    Term,
    Var,
)
from zelo.policy.unparse import wording

Look = Callable[[Term], object]
"""Gives the value of a FieldRef, FeatureRef or LabelsRef; None when it is missing."""
ITEMS_SHOWN = 10
"""How many items of a list the trace of a macro shows."""


@dataclass(frozen=True)
class Trace:
    """A term, what it came to, and the same for the terms inside it."""

    term: Term
    text: str
    """The term in the words of the language."""
    value: object
    """None when missing."""
    parts: tuple[Trace, ...] = ()
    found: str | None = None
    """What made it true, where one thing did: the word of a list that stands in the text."""


def evaluate(term: Term, look: Look, lists: Mapping[str, object], bound: Mapping[str, object] | None = None) -> object:
    """Return the value of a term, None when it is missing; `lists` holds the prepared lists of the pack by name."""
    return Evaluator(look, lists).value(term, bound or {})


def trace(term: Term, look: Look, lists: Mapping[str, object], bound: Mapping[str, object] | None = None) -> Trace:
    """Return the value of a term with those of all terms inside it, whether they mattered or not."""
    evaluator = Evaluator(look, lists)
    return _trace(term, evaluator, bound or {})


def all_of(values: list[object]) -> bool | None:
    """Return Kleene's conjunction: false wins over missing."""
    if any(value is False for value in values):
        return False
    return None if any(value is None for value in values) else True


def any_of(values: list[object]) -> bool | None:
    """Return Kleene's disjunction: true wins over missing."""
    if any(value is True for value in values):
        return True
    return None if any(value is None for value in values) else False


class Evaluator:
    """Computes terms for one event."""

    def __init__(self, look: Look, lists: Mapping[str, object]) -> None:
        self.look = look
        self.lists = lists

    def value(self, term: Term, bound: Mapping[str, object]) -> object:
        """Return the value of a term of any kind."""
        match term:
            case Const():
                return term.value
            case FieldRef() | FeatureRef() | LabelsRef():
                return self.look(term)
            case ListRef():
                return self.lists[term.name]
            case Var():
                return bound[term.name]
            case Call():
                arguments = self.values(term.arguments, bound)
                return None if any(value is None for value in arguments) else term.function.python(*arguments)
            case And():
                return all_of(self.values(term.parts, bound))
            case Or():
                return any_of(self.values(term.parts, bound))
            case Not():
                value = self.value(term.operand, bound)
                return None if value is None else not value
            case If():
                condition = self.value(term.condition, bound)
                return None if condition is None else self.value(term.yes if condition else term.no, bound)
            case Has():
                return self.value(term.operand, bound) is not None
            case Index():
                return item_at(self.value(term.operand, bound), self.value(term.key, bound), term)
            case ListLiteral():
                items = self.values(term.items, bound)
                return None if any(item is None for item in items) else tuple(items)
            case Macro():
                return self.macro(term, bound)
        raise AssertionError(term)

    def values(self, terms: tuple[Term, ...], bound: Mapping[str, object]) -> list[object]:
        """Return the values of several terms."""
        return [self.value(term, bound) for term in terms]

    def macro(self, term: Macro, bound: Mapping[str, object]) -> object:
        """Return what a macro comes to: its condition on each item, then joined."""
        items = self.value(term.source, bound)
        if items is None:
            return None
        assert isinstance(items, list | tuple), items
        scopes = [{**bound, term.variable: item} for item in items]
        if term.condition is not None:
            chosen = [self.value(term.condition, scope) for scope in scopes]
            if any(choice is None for choice in chosen):
                return None
            scopes = [scope for scope, choice in zip(scopes, chosen, strict=True) if choice]
        results = [self.value(term.body, scope) for scope in scopes]
        return _joined(term.name, items, results)


def _joined(name: str, items: list[object] | tuple[object, ...], results: list[object]) -> object:
    """Return the result of a macro from what its body came to on each item."""
    match name:
        case "all":
            return all_of(results)
        case "exists":
            return any_of(results)
    if any(result is None for result in results):
        return None
    match name:
        case "exists_one":
            return results.count(True) == 1
        case "filter":
            return tuple(item for item, result in zip(items, results, strict=True) if result)
        case "map":
            return tuple(results)
    raise AssertionError(name)


def item_at(operand: object, key: object, term: Index) -> object:
    """Return the item of a list, the value of a map or the field of an object; None when it is not there."""
    if operand is None or key is None:
        return None
    if isinstance(operand, Mapping):
        return operand.get(key)
    if isinstance(operand, list | tuple) and isinstance(key, int):
        return operand[key] if 0 <= key < len(operand) else None
    assert isinstance(term.operand.type, ObjectOf), term
    return getattr(operand, str(key), None)


def _trace(term: Term, evaluator: Evaluator, bound: Mapping[str, object]) -> Trace:
    """Return the trace of a term; constants and references have no parts."""
    value = evaluator.value(term, bound)
    if isinstance(term, Macro):
        return Trace(term, wording(term), value, _items(term, evaluator, bound))
    if isinstance(term, Has):
        return Trace(term, wording(term), value)
    parts = tuple(
        _trace(child, evaluator, bound) for child in term.children() if not isinstance(child, Const | ListRef)
    )
    return Trace(term, wording(term), value, parts, _witness(term, value, evaluator, bound))


def _witness(term: Term, value: object, evaluator: Evaluator, bound: Mapping[str, object]) -> str | None:
    """Return what made a call true, where its function can say it."""
    if value is not True or not isinstance(term, Call) or term.function.witness is None:
        return None
    return term.function.witness(*evaluator.values(term.arguments, bound))


def _items(term: Macro, evaluator: Evaluator, bound: Mapping[str, object]) -> tuple[Trace, ...]:
    """Return the traces of a macro's list and of its body on the first items."""
    source = _trace(term.source, evaluator, bound)
    items = source.value if isinstance(source.value, list | tuple) else ()
    bodies = tuple(_trace(term.body, evaluator, {**bound, term.variable: item}) for item in items[:ITEMS_SHOWN])
    return (source, *bodies)

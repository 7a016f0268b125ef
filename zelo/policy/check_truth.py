"""Conditions that can never be true, whatever the event: contradictions between constants."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial

from zelo.base.source import Span
from zelo.events.types import INT, Type
from zelo.policy.evaluate import evaluate
from zelo.policy.terms import (
    And,
    Call,
    Const,
    FeatureRef,
    FieldRef,
    Has,
    If,
    LabelsRef,
    ListRef,
    Macro,
    Not,
    Or,
    Term,
)
from zelo.policy.unparse import wording

_FLIPPED = {"<": ">", "<=": ">=", ">": "<", ">=": "<=", "==": "==", "!=": "!="}
_OPPOSITE = {"<": ">=", "<=": ">", ">": "<=", ">=": "<", "==": "!=", "!=": "=="}


def never_true(term: Term) -> Span | None:
    """Return the place that makes a condition impossible, or None when nothing says so."""
    if isinstance(term, Const):
        return term.span if term.value is False else None
    if isinstance(term, Or):
        return term.span if all(never_true(part) is not None for part in term.parts) else None
    if isinstance(term, If):
        return term.span if never_true(term.yes) and never_true(term.no) else None
    return _contradiction(term.parts if isinstance(term, And) else (term,))


def _contradiction(parts: tuple[Term, ...]) -> Span | None:
    """Return the first part of a conjunction that cannot be true beside those before it."""
    known: dict[str, _Range] = {}
    absent: set[str] = set()
    for part in parts:
        if isinstance(part, Or | If | Const) and never_true(part):
            return part.span
        if isinstance(part, Not) and isinstance(part.operand, Has):
            absent.add(wording(part.operand.operand))
        for atom in _atoms(part):
            if not known.setdefault(atom.about, _start(atom)).narrow(atom):
                return part.span
    for part in parts:
        if absent & set(_needed(part)):
            return part.span
    return _refuted(parts)


def _refuted(parts: tuple[Term, ...]) -> Span | None:
    """Return the first part that is false for the only value another part leaves: `x == "b" && x.startsWith("a")`."""
    for given in parts:
        for atom in _atoms(given):
            if atom.operator != "==" or not isinstance(given, Call):
                continue
            for part in parts:
                if part is not given and _reads_only(part, atom.about):
                    if evaluate(part, partial(_always, atom.value), {}) is False:
                        return part.span
    return None


def _always(value: object, _: Term) -> object:
    return value


def _reads_only(term: Term, about: str) -> bool:
    """Say whether a term depends on one field or feature and on nothing else."""
    leaves = [leaf for leaf in term.walk() if isinstance(leaf, FieldRef | FeatureRef | LabelsRef | ListRef | Macro)]
    return bool(leaves) and all(wording(leaf) == about for leaf in leaves)


def _start(atom: _Atom) -> _Range:
    """Return the values a term can have before anything is known: no size is below zero."""
    return _Range(atom.type, low=0 if atom.counts else None)


@dataclass(frozen=True)
class _Atom:
    """`about operator value`, for a constant value; `in` carries a tuple."""

    about: str
    type: Type
    operator: str
    value: object
    counts: bool = False
    """Whether the term is the size of something."""


def _atoms(part: Term, *, positive: bool = True) -> Iterator[_Atom]:
    """Yield what a part says about single terms, if it says it plainly."""
    if isinstance(part, Not):
        yield from _atoms(part.operand, positive=not positive)
        return
    if not isinstance(part, Call) or part.function.form != "operator" or len(part.arguments) != 2:
        yield _Atom(wording(part), part.type, "==", positive)
        return
    left, right = part.arguments
    operator = part.function.name.strip("_")
    if isinstance(left, Const) and not isinstance(right, Const) and operator in _FLIPPED:
        left, right, operator = right, left, _FLIPPED[operator]
    if isinstance(left, Const) or not isinstance(right, Const):
        yield _Atom(wording(part), part.type, "==", positive)
    elif operator == "in" and isinstance(right.value, tuple):
        yield _Atom(wording(left), left.type, "in" if positive else "not in", right.value)
    elif operator in _OPPOSITE:
        counts = isinstance(left, Call) and left.function.name == "size"
        yield _Atom(wording(left), left.type, operator if positive else _OPPOSITE[operator], right.value, counts)
    else:
        yield _Atom(wording(part), part.type, "==", positive)


def _needed(term: Term) -> Iterator[str]:
    """Yield what must be there for a part to be anything but missing."""
    if isinstance(term, Or | And | If | Has) or (isinstance(term, Not) and isinstance(term.operand, Has)):
        return
    yield wording(term)
    if isinstance(term, Call | Not):
        for child in term.children():
            yield from _needed(child)


@dataclass
class _Range:
    """The values a term can still have."""

    type: Type
    low: object = None
    high: object = None
    low_open: bool = False
    high_open: bool = False
    only: set[object] | None = None
    never: set[object] = field(default_factory=set)

    def narrow(self, atom: _Atom) -> bool:
        """Take in one more thing known; False when nothing is left."""
        value = atom.value
        match atom.operator:
            case "==":
                self.keep({value})
            case "in":
                assert isinstance(value, tuple)
                self.keep(set(value))
            case "!=":
                self.never.add(value)
            case "not in":
                assert isinstance(value, tuple)
                self.never.update(value)
            case "<" | "<=":
                self.below(value, is_open=atom.operator == "<")
            case _:
                self.above(value, is_open=atom.operator == ">")
        return self.is_possible()

    def keep(self, values: set[object]) -> None:
        """Allow only these values."""
        self.only = values if self.only is None else self.only & values

    def below(self, value: object, *, is_open: bool) -> None:
        """Allow only values under this one."""
        if self.type == INT and is_open and isinstance(value, int):
            value, is_open = value - 1, False
        if self.high is None or (value, not is_open) < (self.high, not self.high_open):
            self.high, self.high_open = value, is_open

    def above(self, value: object, *, is_open: bool) -> None:
        """Allow only values over this one."""
        if self.type == INT and is_open and isinstance(value, int):
            value, is_open = value + 1, False
        if self.low is None or (value, is_open) > (self.low, self.low_open):
            self.low, self.low_open = value, is_open

    def is_possible(self) -> bool:
        """Say whether any value is left."""
        if self.only is not None:
            return any(value not in self.never and self.holds(value) for value in self.only)
        if self.low is None or self.high is None:
            return True
        if self.low == self.high:
            return not self.low_open and not self.high_open and self.low not in self.never
        return bool(self.low < self.high)  # type: ignore[operator]

    def holds(self, value: object) -> bool:
        """Say whether a value lies inside the bounds."""
        if self.low is not None and (value < self.low or (value == self.low and self.low_open)):  # type: ignore[operator]
            return False
        return self.high is None or not (value > self.high or (value == self.high and self.high_open))  # type: ignore[operator]

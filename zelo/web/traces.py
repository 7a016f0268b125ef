"""Draws why a rule fired or not: its condition in words, what each part came to, and the values that were seen."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from zelo.base.messages.message import N_
from zelo.decide.explain import RuleTrace
from zelo.events.types import TIMESTAMP, Type
from zelo.policy.evaluate import Trace
from zelo.policy.in_words import Words
from zelo.policy.terms import And, FeatureRef, FieldRef, If, LabelsRef, Not, Or
from zelo.web import language

VALUE_MAX = 160


@dataclass(frozen=True)
class Seen:
    """A value that was seen."""

    name: str
    value: str
    masked: bool
    unknown: bool


@dataclass(frozen=True)
class Node:
    """A part of a condition, and what it came to."""

    said: str
    verdict: str
    """`yes`, `no` or `unknown`."""
    seen: tuple[Seen, ...] = ()
    parts: tuple[Node, ...] = ()


@dataclass(frozen=True)
class RuleNode:
    """A rule, and what came of it."""

    name: str
    title: str
    policy: str
    outcome: str
    node: Node


_VERDICTS = {True: "yes", False: "no", None: "unknown"}


def drawn(trace: RuleTrace, title: str, words: Words, masked: frozenset[str], zone: str) -> RuleNode:
    """Return a rule's trace for the page, times in a zone; fields in `masked` are not shown."""
    return RuleNode(trace.rule, title, trace.policy, trace.outcome, _node(trace.trace, words, masked, zone))


def _node(trace: Trace, words: Words, masked: frozenset[str], zone: str) -> Node:
    verdict = _VERDICTS.get(trace.value if isinstance(trace.value, bool) else None, "unknown")
    said = words.condition(trace.term)
    if isinstance(trace.term, And | Or | Not | If):
        return Node(said.text, verdict, parts=tuple(_node(part, words, masked, zone) for part in trace.parts))
    text = said.text if not said.joint else f"{said.text}: {words.inline(trace.term)}"
    return Node(text, verdict, tuple(dict.fromkeys(_seen(trace, words, masked, zone))))


def _seen(trace: Trace, words: Words, masked: frozenset[str], zone: str) -> Iterator[Seen]:
    term = trace.term
    if isinstance(term, FieldRef | FeatureRef | LabelsRef):
        path = ".".join(term.path) if isinstance(term, FieldRef) else ""
        unknown = trace.value is None
        value = language.say(N_("not known")) if unknown else _said(trace.value, term.type, words, zone)
        yield Seen(words.phrase(term), value[:VALUE_MAX], path in masked, unknown)
    for part in trace.parts:
        yield from _seen(part, words, masked, zone)


def _said(value: object, type_: Type, words: Words, zone: str) -> str:
    if type_ == TIMESTAMP and isinstance(value, int):
        return language.moment(datetime.fromtimestamp(value / 1_000_000, UTC), zone, "exact")
    return words.value(value, type_)

"""
What SQL cannot say, found before anything runs: terms to be made columns first, and terms to be left open.

A function without a form in SQL is computed in Python. Where it hangs on the event alone, the smallest whole term
around it is *prepared*: its value becomes a column. Where it hangs on features or labels too, it is left *unknown*:
NULL, and a rule that comes to NULL because of it is decided by the generated Python of the online engine.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass

from zelo.policy import terms as t
from zelo.policy.functions.patterns import java_pattern
from zelo.policy.signature import signature


@dataclass(frozen=True)
class Beyond:
    """Terms that SQL cannot say, by signature."""

    prepared: dict[str, t.Term]
    unknown: dict[str, t.Term]


def beyond_sql(terms: Iterable[t.Term], dialect: str) -> Beyond:
    """Find what a dialect cannot say in some terms."""
    found = Beyond({}, {})
    for term in terms:
        _search(term, dialect, (), found)
    return found


def can_say(term: t.Term, dialect: str) -> bool:
    """Say whether a dialect has a form for the term itself, whatever is inside it."""
    if not isinstance(term, t.Call):
        return True
    if dialect not in term.function.sql:
        return False
    if term.function.name == "matches" and dialect == "spark":
        pattern = term.arguments[1]
        return isinstance(pattern, t.Const) and java_pattern(str(pattern.value)) is not None
    return True


def prepared_column(term: t.Term) -> str:
    """Return the name of the column with a prepared term's values."""
    return f"p_{hashlib.sha256(signature(term).encode()).hexdigest()[:16]}"


def _search(term: t.Term, dialect: str, around: tuple[t.Term, ...], found: Beyond) -> None:
    """Look at a term from above; `around` are the terms it stands in, outermost first."""
    if can_say(term, dialect):
        for child in term.children():
            _search(child, dialect, (*around, term), found)
        return
    whole = next(part for part in (term, *reversed(around)) if is_closed(part))
    reads_more = any(isinstance(part, t.FeatureRef | t.LabelsRef) for part in whole.walk())
    (found.unknown if reads_more else found.prepared)[signature(whole)] = whole


def is_closed(term: t.Term) -> bool:
    """Say whether no variable of a macro around the term occurs in it."""
    return not _free(term)


def _free(term: t.Term) -> frozenset[str]:
    if isinstance(term, t.Var):
        return frozenset((term.name,))
    if isinstance(term, t.Macro):
        inside = _free(term.body) | (_free(term.condition) if term.condition else frozenset())
        return (inside - {term.variable}) | _free(term.source)
    return frozenset().union(*(_free(child) for child in term.children()))

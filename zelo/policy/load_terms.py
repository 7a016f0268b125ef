"""Checks the conditions and formulas of a pack, once on each kind of event they are for."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from zelo.base.source import Report
from zelo.events.types import Kind, Type
from zelo.policy.check import check_on_each
from zelo.policy.check_scope import FeatureInfo, Scope
from zelo.policy.scalar import Scalar
from zelo.policy.terms import FeatureRef, ListRef, Term

Constants = Mapping[str, tuple[Type, object]]


@dataclass
class Checker:
    """What the conditions of a pack may mention."""

    kinds: Mapping[str, Kind]
    lists: frozenset[str]
    features: Mapping[str, Mapping[str, FeatureInfo]] = field(default_factory=dict)
    """Kind of event to the features on it; a feature the kind cannot read is there too, see `unreadable`."""
    governed: frozenset[str] = frozenset()
    """The kinds of entity whose account health a schedule governs."""
    unreadable: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """Feature to the kinds of event that lack a part of its key."""
    broken: frozenset[str] = frozenset()
    """`features.x`, `lists.x` and `constants.x` that are declared but could not be read: that has been reported."""

    def check(
        self,
        text: Scalar,
        kinds: Iterable[str],
        expected: tuple[Type, ...],
        allow: Iterable[str],
        report: Report,
        constants: Constants | None = None,
    ) -> Mapping[str, Term] | None:
        """Return the checked term for each kind; None when it is wrong on any, which is reported."""
        own = Report()
        terms: dict[str, Term] = {}
        right = True
        kinds, allowed, given = tuple(kinds), frozenset(allow), constants or {}
        scopes = [
            Scope(self.kinds[k], self.features.get(k, {}), self.lists, given, allowed, self.governed, self.broken)
            for k in kinds
        ]
        for kind, term in zip(kinds, check_on_each(text, scopes, expected, own), strict=True):
            if term is None or not self._readable(term, kind, own):
                right = False
            else:
                terms[kind] = term
        for found in own.diagnostics:
            report.add(found.code, found.span, found.related, **found.params)
        return terms if right and terms else None

    def _readable(self, term: Term, kind: str, report: Report) -> bool:
        right = True
        for part in term.walk() if any(kind in kinds for kinds in self.unreadable.values()) else ():
            if isinstance(part, FeatureRef) and kind in self.unreadable.get(part.name, ()):
                report.add("Z418", part.span, name=part.name, kind=kind)
                right = False
        return right

    @staticmethod
    def lists_in(terms: Iterable[Term]) -> frozenset[str]:
        """Return the names of the lists that terms mention."""
        return frozenset(part.name for term in terms for part in term.walk() if isinstance(part, ListRef))

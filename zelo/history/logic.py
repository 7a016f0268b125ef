"""What a run over history computes, and in which order: features by key, rules by kind of event."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from zelo.decide.planning import computed
from zelo.policy import terms as t
from zelo.policy.pack import Pack, Rule
from zelo.policy.to_sql.gather import Family, families, text_of_family
from zelo.policy.to_sql.rules import RuleOnKind, features_of, rules_on, text_of_rule
from zelo.policy.to_sql.sources import prepared_terms, text_of


@dataclass(frozen=True)
class Plan:
    """The steps of a run, for one dialect."""

    pack: Pack
    dialect: str
    prepared: Mapping[str, Mapping[str, t.Term]]
    """Kind to the name of a prepared column to its term."""
    families: tuple[Family, ...]
    rules: Mapping[str, tuple[RuleOnKind, ...]]
    """Kind to its rules in pack order; kinds without rules are absent."""
    code: str = ""
    """What tells the code that computes from other code."""

    def family_of(self, feature: str) -> int:
        """Return the number of the family that a feature is in."""
        return next(n for n, family in enumerate(self.families) if any(s.name == feature for s in family.specs))

    @property
    def versions(self) -> str:
        """Return the versions that every result hangs on."""
        return f"language {self.pack.language_version} code {self.code}"

    def text_of_term(self, column: str, kind: str) -> str:
        """Return what a prepared column hangs on, but events, as text to be hashed."""
        return f"{self.versions} {text_of(self.pack, self.prepared[kind][column])}"

    def text_of_family(self, number: int) -> str:
        """Return what a family hangs on, but events, as text to be hashed."""
        return f"{self.versions} {text_of_family(self.pack, self.families[number])}"

    def text_of_rule(self, kind: str, rule: RuleOnKind) -> str:
        """Return what the states of a rule hang on, but events, as text to be hashed; its features included."""
        read = [self.text_of_family(self.family_of(name)) for name in features_of([rule])]
        return "\n".join([self.versions, text_of_rule(self.pack, kind, rule), *read])


def plan_history(pack: Pack, dialect: str, code: str = "") -> Plan:
    """Return the steps of a run of a pack; `code` tells the code that computes from other code."""

    def parameters(kind: str, rule: Rule) -> tuple[t.Term, ...]:
        return tuple(term for effect in rule.effects for _, term in computed(effect, kind))

    rules: dict[str, tuple[RuleOnKind, ...]] = {}
    for kind in pack.kinds:
        found = rules_on(pack, kind, dialect, lambda rule, kind=kind: parameters(kind, rule))  # type: ignore[misc]
        if found:
            rules[kind] = tuple(found)
    read_by: dict[str, list[str]] = {}
    for kind, on in rules.items():
        for name in features_of(on):
            read_by.setdefault(name, []).append(kind)
    prepared = {kind: prepared_terms(pack, kind, dialect) for kind in pack.kinds}
    return Plan(pack, dialect, prepared, families(pack, read_by, dialect), rules, code)

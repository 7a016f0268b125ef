"""A checked pack becomes one compiled function for each kind of event, with the effects its rules ask for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from zelo.base.effects import EFFECTS
from zelo.decide.labels import Labels
from zelo.decide.settle import Merged, Request, merge, slots
from zelo.events.types import Kind
from zelo.health.live import Accounts, Asked
from zelo.policy import terms as t
from zelo.policy.graph import STANDING_EFFECTS
from zelo.policy.pack import EffectRequest, Pack, Rule
from zelo.policy.to_python.kinds import KindPlan, PlannedRule, PlannedWindow, Run, WindowGroup, compile_kind

TOGETHER_MAX = 3
"""Sets of more rules than this are not remembered: they hardly come again."""
KNOWN_MAX = 4_096
"""So many sets of rules that fired together are remembered for a kind, before it begins anew."""
Together = tuple[tuple[str, ...], Sequence[Merged] | None]
"""The names of rules, and what they ask for merged; None when that is not the same at every event."""


def _always(rule: str, kind: str, now_ms: int) -> bool:
    return True


@dataclass(frozen=True)
class CompiledKind:
    """What the engine runs for one kind of event."""

    kind: Kind
    run: Run
    rules: tuple[Rule, ...]
    """In strata, then pack order: the numbers that `run` gives."""
    names: tuple[str, ...]
    order: tuple[int, ...]
    """Rule number to its place in the pack, for sorting what fired."""
    stratified: bool
    """Whether numbers may be out of pack order."""
    requests: tuple[tuple[Request, ...], ...]
    """By rule number."""
    written: Mapping[int, tuple[tuple[str, str, bool], ...]]
    """Rule number to the labels it writes, see `PlannedRule`."""
    asked: Mapping[int, tuple[tuple[str, object], ...]]
    """Rule number to what it asks of account health, see `PlannedRule`."""
    feature_names: tuple[str, ...]
    source: str
    changes_labels: bool
    """Whether some rule asks to add or remove a label."""
    known: dict[tuple[int, ...], Together] = field(default_factory=dict)
    """What sets of rules that fired together ask for: the same at every event they fire on, so worked out once."""

    def together(self, fired: list[int]) -> Together:
        """Return what is the same whenever exactly these rules fire."""
        if len(fired) > TOGETHER_MAX:
            return tuple([self.names[number] for number in fired]), None
        key = tuple(fired)
        found = self.known.get(key)
        if found is None:
            if len(self.known) >= KNOWN_MAX:
                self.known.clear()
            found = self.known[key] = self._work_out(key)
        return found

    def _work_out(self, fired: tuple[int, ...]) -> Together:
        requests = [request for number in fired for request in self.requests[number]]
        names = tuple([self.names[number] for number in fired])
        if any(request.limited or request.computed for request in requests):
            return names, None
        everyone = (True,) * len(self.kind.roles)
        return names, merge([(request, None) for request in requests], everyone, _always, 0)[0]


def compile_pack(
    pack: Pack, groups: Sequence[WindowGroup], labels: Labels, lists: Mapping[str, object], accounts: Accounts
) -> dict[str, CompiledKind]:
    """Return the compiled kinds by name; groups, labels and lists are bound into the code."""
    return {
        name: _compile(pack, kind, groups=groups, labels=labels, lists=lists, accounts=accounts)
        for name, kind in pack.kinds.items()
    }


def _compile(
    pack: Pack,
    kind: Kind,
    *,
    groups: Sequence[WindowGroup],
    labels: Labels,
    lists: Mapping[str, object],
    accounts: Accounts,
) -> CompiledKind:
    place = {rule.name: number for number, rule in enumerate(pack.rules)}
    rules = tuple(
        sorted((rule for rule in pack.rules if kind.name in rule.terms), key=lambda r: (r.stratum, place[r.name]))
    )
    plan = KindPlan(
        kind=kind,
        rules=tuple(planned_rule(rule, kind) for rule in rules),
        windows=tuple(window for group in groups if (window := _planned_window(pack, kind, group)) is not None),
        labels={entity: labels.view(entity) for entity in set(kind.entities.values())},
        lists=lists,
        standings={entity: accounts.view(entity) for entity in pack.governs},
    )
    run, feature_names, source = compile_kind(plan)
    return CompiledKind(
        kind=kind,
        run=run,
        rules=rules,
        names=tuple(rule.name for rule in rules),
        order=tuple(place[rule.name] for rule in rules),
        stratified=len({rule.stratum for rule in rules}) > 1,
        requests=_requests(rules, kind),
        written={n: rule.labels_written for n, rule in enumerate(plan.rules) if rule.labels_written},
        asked={n: rule.asked_of_health for n, rule in enumerate(plan.rules) if rule.asked_of_health},
        feature_names=feature_names,
        source=source,
        changes_labels=any(effect.kind in ("add_label", "remove_label") for rule in rules for effect in rule.effects),
    )


def planned_rule(rule: Rule, kind: Kind) -> PlannedRule:
    """Return a rule as the generator of a kind's function needs it."""
    return PlannedRule(
        name=rule.name,
        stratum=rule.stratum,
        condition=rule.terms[kind.name],
        parameters=tuple(term for effect in rule.effects for _, term in computed(effect, kind.name)),
        labels_written=tuple(
            (effect.role, str(effect.parameters["label"]), effect.kind == "add_label")
            for effect in rule.effects
            if effect.kind in ("add_label", "remove_label")
        ),
        asked_of_health=tuple(
            (effect.role, asked_by(effect.kind, effect.parameters))
            for effect in rule.effects
            if effect.kind in STANDING_EFFECTS
        ),
    )


def asked_by(kind: str, parameters: Mapping[str, object]) -> Asked:
    """Return what an effect asks of the ledger of the account it is about."""
    if kind == "charge":
        default = EFFECTS["charge"].parameters["severity"].default
        return Asked(kind, str(parameters["violation"]), str(parameters.get("severity", default)))
    return Asked(kind, str(parameters["reward"]))


def computed(effect: EffectRequest, kind: str) -> list[tuple[str, t.Term]]:
    """Return the parameters that are expressions, with their term on a kind, in declared order."""
    return [
        (name, effect.parameters[name][kind])  # type: ignore[index]
        for name, parameter in EFFECTS[effect.kind].parameters.items()
        if parameter.kind == "expression" and isinstance(effect.parameters.get(name), Mapping)
    ]


def _planned_window(pack: Pack, kind: Kind, group: WindowGroup) -> PlannedWindow | None:
    """Return how a group of windows is kept on a kind; None when the kind has not got its key."""
    first = group.names[0]
    key = pack.feature_keys[first].get(kind.name)
    if key is None:
        return None
    spec = pack.features[first]
    return PlannedWindow(
        group=group,
        key=tuple(key),
        counted=kind.name in spec.kinds,
        where=_on_kind(spec.where, kind.name),
        value=_on_kind(spec.value, kind.name),
    )


def _on_kind(terms: object, kind: str) -> t.Term | None:
    found = terms.get(kind) if isinstance(terms, Mapping) else None
    return found if isinstance(found, t.Term) else None


def _requests(rules: Sequence[Rule], kind: Kind) -> tuple[tuple[Request, ...], ...]:
    roles = list(kind.roles)
    literal = [
        (rule, effect, tuple(name for name, _ in computed(effect, kind.name)), _literals(effect))
        for rule in rules
        for effect in rule.effects
    ]
    numbers = slots((effect.kind, effect.role, values) for _, effect, _, values in literal)
    found: dict[str, list[Request]] = {rule.name: [] for rule in rules}
    for (rule, effect, names, values), slot in zip(literal, numbers, strict=True):
        found[rule.name].append(
            Request(
                kind=effect.kind,
                role=effect.role,
                role_index=roles.index(effect.role),
                parameters=values,
                computed=names,
                rule=rule.name,
                limited=rule.daily_limit is not None,
                slot=slot,
            )
        )
    return tuple(tuple(found[rule.name]) for rule in rules)


def _literals(effect: EffectRequest) -> dict[str, object]:
    """Return the literal values, and the defaults of what is not given or turns out missing."""
    values: dict[str, object] = {}
    for name, parameter in EFFECTS[effect.kind].parameters.items():
        given = effect.parameters.get(name)
        value = parameter.default if given is None or isinstance(given, Mapping) else given
        if value is not None:
            values[name] = value
    return values

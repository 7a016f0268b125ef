"""
One generated function for each kind of event: read, look at windows and labels, try every rule.

    run(event, order_key) -> (fired, undetermined, parameters, ids, seen)

`fired` and `undetermined` are numbers of rules in the plan's order; `parameters` maps a fired rule to the
values of its computed effect parameters; `ids` are the entities in the kind's roles, left out when no rule
fired; `seen` the values of the features that the kind's rules read. Windows are read, then told of the event,
before rules are tried.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Protocol, cast

from zelo.base.source import Source, Span
from zelo.events.names import attribute
from zelo.events.types import ENVELOPE, Kind
from zelo.features.written import written
from zelo.policy import terms as t
from zelo.policy.to_python.plain import plain_value, relabelled, restood
from zelo.policy.to_python.terms import Locals, Terms, cost
from zelo.policy.to_python.unit import Unit

_NO_PARAMETERS: Mapping[int, tuple[object, ...]] = MappingProxyType({})
_GENERATED = Span(Source("<generated>", ""), 1, 1)


LabelView = Callable[[object, int], frozenset[str]]
"""The labels in force on an entity (id, now in ms)."""
StandingView = Callable[[object, int], object]
"""The account health of an entity (id, order key), see `zelo.health.live.Now`."""
Run = Callable[
    [object, int],
    tuple[list[int], list[int], Mapping[int, tuple[object, ...]], tuple[object, ...], tuple[object, ...]],
]


class WindowGroup(Protocol):
    """What generated code needs of a group of windows, see `zelo.features.group`."""

    names: tuple[str, ...]

    def read(self, key: Any, order_key: int, /) -> tuple[Any, ...]:
        """Return the features' values at an event."""

    def observe(self, key: Any, order_key: int, value: Any, /) -> None:
        """Fold an event."""

    def read_observe(self, key: Any, order_key: int, value: Any, /) -> tuple[Any, ...]:
        """Return the features' values at an event and fold it."""

    def read1(self, key: Any, order_key: int, /) -> Any:
        """Return the only feature's value at an event."""

    def read_observe1(self, key: Any, order_key: int, value: Any, /) -> Any:
        """Return the only feature's value at an event and fold it."""


@dataclass(frozen=True)
class PlannedRule:
    """A rule on one kind of event, as the generator needs it."""

    name: str
    stratum: int
    condition: t.Term
    parameters: tuple[t.Term, ...] = ()
    """Computed effect parameters, in the order of the rule's effects."""
    labels_written: tuple[tuple[str, str, bool], ...] = ()
    """(role, label, added) for each label effect."""
    asked_of_health: tuple[tuple[str, object], ...] = ()
    """(role, what is asked) for each effect that changes account health."""


@dataclass(frozen=True)
class PlannedWindow:
    """A group of windows on one kind of event."""

    group: WindowGroup
    key: tuple[tuple[str, ...], ...]
    """Field paths of the key on this kind."""
    counted: bool
    """Whether events of this kind are counted at all."""
    where: t.Term | None
    value: t.Term | None


@dataclass(frozen=True)
class KindPlan:
    """All that one kind's function is made of."""

    kind: Kind
    rules: tuple[PlannedRule, ...]
    windows: tuple[PlannedWindow, ...]
    labels: Mapping[str, LabelView]
    """Entity to where its labels are read."""
    lists: Mapping[str, object]
    standings: Mapping[str, StandingView] = field(default_factory=dict)
    """Entity to where its account health is read."""


class KindWriter:
    """Writes the function of one kind; used once."""

    def __init__(self, plan: KindPlan) -> None:
        self.plan = plan
        self.unit = Unit(f"zelo {plan.kind.name}")
        self._loads: list[str] = []
        self._fields: dict[tuple[str, ...], str] = {}
        self._objects: dict[tuple[str, ...], str] = {(): "event"}
        self._features: dict[str, str] = {}
        self._labels: dict[str, str] = {}
        self._standings: dict[str, str] = {}
        names = Locals(
            event=self._field, feature=self._feature, labels=self._label, lists=plan.lists, standing=self._standing
        )
        self.terms = Terms(self.unit, names)

    def write(self) -> Unit:
        """Return the unit, with `run` in it."""
        self._allot()
        self.terms.survey(self._everything())
        windows = self._windows()
        strata = self._strata()
        seen = ", ".join(self._features[name] for name in self.seen_names)
        body = [*windows, *self._label_loads(), *self._standing_loads(), *strata]
        body += [f"ids = ({', '.join(map(self._ident, self.plan.kind.roles))},) if fired else ()"]
        computed = "{}" if any(rule.parameters for rule in self.plan.rules) else self.unit.bind(_NO_PARAMETERS)
        start = ["fired = []", "unknown = []", f"computed = {computed}"]
        body = [*self._loads, *self.terms.cells("\n".join(body)), *start, *body]
        body.append(f"return fired, unknown, computed, ids, ({seen}{',' if seen else ''})")
        self.unit.functions.append("\n".join(["def run(event, order_key):", *(f"    {line}" for line in body)]))
        return self.unit

    @property
    def seen_names(self) -> tuple[str, ...]:
        """Return the features that rules of this kind read, in the order of `seen`."""
        return tuple(self._features)

    def _allot(self) -> None:
        """Give every feature and label that rules read its local, before windows and strata are written."""
        for rule in self.plan.rules:
            for term in (part for whole in (rule.condition, *rule.parameters) for part in whole.walk()):
                if isinstance(term, t.FeatureRef):
                    self._feature(term)
                elif isinstance(term, t.LabelsRef):
                    self._label(term)
                elif isinstance(term, t.StandingRef):
                    self._standing(term)

    def _everything(self) -> list[t.Term]:
        found: list[t.Term] = []
        for rule in self.plan.rules:
            found += [rule.condition, *rule.parameters]
        for window in self.plan.windows:
            found += [term for term in (window.where, window.value) if term is not None and window.counted]
        return found

    # --- reading the event

    def _field(self, ref: t.FieldRef) -> str:
        name = self._fields.get(ref.path)
        if name is None:
            name = self._fields[ref.path] = self.unit.fresh("v")
            self._loads.append(f"{name} = {self._load(ref.path)}")
        return name

    def _load(self, path: tuple[str, ...]) -> str:
        if path == ("effective_at",):
            return "(order_key >> 20) * 1000"
        if path == ("kind",):
            return repr(self.plan.kind.name)
        code, optional = self._reach(path)
        resolved = (ENVELOPE[path[0]], False) if path[0] in ENVELOPE else self.plan.kind.resolve(path)
        assert resolved is not None, f"the checker let {path} pass"
        convert = plain_value(resolved[0])
        if convert is None:
            return code
        name = self.unit.bind(convert, "p")
        if not optional:
            return f"{name}({code})"
        kept = self.unit.fresh("t")
        return f"{name}({kept}) if ({kept} := {code}) is not None else None"

    def _reach(self, path: tuple[str, ...]) -> tuple[str, bool]:
        """Return the code that reads a path (None when absent), and whether it may be absent."""
        code, optional = "event", False
        for depth, part in enumerate(path, 1):
            if optional:
                kept = self.unit.fresh("t")
                code = f"({kept}.{attribute(part)} if ({kept} := {code}) is not None else None)"
            else:
                code = f"{self._object(path[: depth - 1])}.{attribute(part)}"
            resolved = self.plan.kind.resolve(path[:depth])
            optional = resolved is not None and resolved[1]
        return code, optional

    def _object(self, path: tuple[str, ...]) -> str:
        """Return the local of an object that every event has, loaded once for all its fields."""
        name = self._objects.get(path)
        if name is None:
            outer = self._object(path[:-1])
            name = self._objects[path] = self.unit.fresh("o")
            self._loads.append(f"{name} = {outer}.{attribute(path[-1])}")
        return name

    def _ident(self, role: str) -> str:
        """Return the code of the id in a role, for use at the end of the function."""
        path = self.plan.kind.roles[role]
        return self._fields.get(path) or self._load(path)

    def _role(self, role: str) -> str:
        return self._path(self.plan.kind.roles[role])

    def _path(self, path: tuple[str, ...]) -> str:
        resolved = self.plan.kind.resolve(path)
        assert resolved is not None, f"the loader let the path {path} pass"
        return self._field(t.FieldRef(_GENERATED, resolved[0], path, resolved[1]))

    def _may_be_missing(self, path: tuple[str, ...]) -> bool:
        resolved = self.plan.kind.resolve(path)
        return resolved is None or resolved[1]

    # --- windows

    def _feature(self, ref: t.FeatureRef) -> str:
        return self._features.setdefault(ref.name, f"f{len(self._features)}")

    def _windows(self) -> list[str]:
        lines: list[str] = []
        for window in self.plan.windows:
            lines += self._window(window)
        return lines

    def _window(self, window: PlannedWindow) -> list[str]:
        names = [self._features.get(name, "_") for name in window.group.names]
        is_read = any(name != "_" for name in names)
        if not is_read and not window.counted:
            return []
        parts = [self._path(path) for path in window.key]
        key = parts[0] if len(parts) == 1 else f"({', '.join(parts)})"
        guards = [f"{p} is not None" for p, path in zip(parts, window.key, strict=True) if self._may_be_missing(path)]
        verbs = ("read", "observe", "read_observe") if len(names) > 1 else ("read1", "observe", "read_observe1")
        read, observe, both = (self.unit.bind(getattr(window.group, verb), "g") for verb in verbs)
        target = ", ".join(names)
        only_read = f"{target} = {read}({key}, order_key)"
        if not window.counted:
            lines = [only_read]
        else:
            value = self.terms.value(window.value).whole if window.value is not None else "None"
            call = f"({key}, order_key, {value})"
            counted = written(window.group, self.unit.bind, key, value, names)
            if counted is None:
                counted = [f"{target} = {both}{call}" if is_read else f"{observe}{call}"]
            where = self.terms.true(window.where) if window.where is not None else None
            lines = counted if where is None else [f"if {where}:", *(f"    {line}" for line in counted)]
            if where is not None and is_read:
                lines += ["else:", f"    {only_read}"]
        if not guards:
            return lines
        missing = " = ".join([*dict.fromkeys(n for n in names if n != "_"), "None"])
        otherwise = ["else:", f"    {missing}"] if is_read else []
        return [f"if {' and '.join(guards)}:", *(f"    {line}" for line in lines), *otherwise]

    # --- labels

    def _label(self, ref: t.LabelsRef) -> str:
        return self._labels.setdefault(ref.role, f"l{len(self._labels)}")

    def _label_loads(self) -> list[str]:
        lines = ["now_ms = order_key >> 20"] if self._labels else []
        for role, name in self._labels.items():
            view = self.unit.bind(self.plan.labels[self.plan.kind.entities[role]], "g")
            ident = self._role(role)
            load = f"{view}({ident}, now_ms)"
            optional = self._may_be_missing(self.plan.kind.roles[role])
            lines.append(f"{name} = {load} if {ident} is not None else None" if optional else f"{name} = {load}")
        return lines

    def _relabel(self, below: Sequence[tuple[int, PlannedRule]]) -> list[str]:
        """Return the lines that let the next stratum see the labels which lower strata asked for."""
        written = {number: rule.labels_written for number, rule in below if rule.labels_written}
        if not written:
            return []
        ids = self._ids()
        call = self.unit.bind(relabelled, "p")
        changes = self.unit.bind(written, "k")
        read = [
            f"    {name} = {call}({name}, {role!r}, fired, {changes}, {ids})" for role, name in self._labels.items()
        ]
        return ["if fired:", *read] if read else []

    # --- account health

    def _standing(self, ref: t.StandingRef) -> str:
        return self._standings.setdefault(ref.role, f"s{len(self._standings)}")

    def _standing_loads(self) -> list[str]:
        lines: list[str] = []
        for role, name in self._standings.items():
            view = self.unit.bind(self.plan.standings[self.plan.kind.entities[role]], "g")
            ident = self._role(role)
            load = f"{view}({ident}, order_key)"
            optional = self._may_be_missing(self.plan.kind.roles[role])
            lines.append(f"{name} = {load} if {ident} is not None else None" if optional else f"{name} = {load}")
        return lines

    def _restand(self, below: Sequence[tuple[int, PlannedRule]]) -> list[str]:
        """Return the lines that let the next stratum see what lower strata ask of account health."""
        asked = {number: rule.asked_of_health for number, rule in below if rule.asked_of_health}
        if not asked or not self._standings:
            return []
        call, changes = self.unit.bind(restood, "p"), self.unit.bind(asked, "k")
        ids = self._ids()
        loads = zip(self._standings.items(), self._standing_loads(), strict=True)
        lines = [
            line
            for (role, name), load in loads
            for line in (load, f"{name} = {call}({name}, {role!r}, fired, {changes}, {ids})")
        ]
        return ["if fired:", *(f"    {line}" for line in lines)]

    def _ids(self) -> str:
        entities = self.plan.kind.entities
        return "{" + ", ".join(f"{role!r}: ({entities[role]!r}, {self._role(role)})" for role in entities) + "}"

    # --- rules

    def _strata(self) -> list[str]:
        numbered = list(enumerate(self.plan.rules))
        lines: list[str] = []
        strata = sorted({rule.stratum for rule in self.plan.rules})
        for stratum in strata:
            if stratum != strata[0]:
                below = [(n, rule) for n, rule in numbered if rule.stratum < stratum]
                lines += [*self._relabel(below), *self._restand(below)]
            for number, rule in numbered:
                if rule.stratum == stratum:
                    lines += self._rule(number, rule)
        return lines

    def _rule(self, number: int, rule: PlannedRule) -> list[str]:
        """Try what is never missing first: when that fails the rule is false, and nothing else is looked at."""
        parts = rule.condition.parts if isinstance(rule.condition, t.And) else (rule.condition,)
        sure = sorted((part for part in parts if is_total(part)), key=cost)
        open_parts = tuple(sorted((part for part in parts if not is_total(part)), key=cost))
        fire = [f"fired.append({number})"]
        if rule.parameters:
            values = ", ".join(self.terms.value(parameter).whole for parameter in rule.parameters)
            fire.append(f"computed[{number}] = ({values},)")
        inner = [*fire]
        if open_parts:
            rest = (
                open_parts[0] if len(open_parts) == 1 else t.And(rule.condition.span, rule.condition.type, open_parts)
            )
            inner = [f"if {self.terms.true(rest)}:", *(f"    {line}" for line in fire)]
            inner += [f"elif not {self.terms.false(rest)}:", f"    unknown.append({number})"]
        if not sure:
            return inner
        test = " and ".join(self.terms.true(part) for part in sure)
        return [f"if {test}:", *(f"    {line}" for line in inner)]


def is_total(term: t.Term) -> bool:
    """Say whether the term is never missing: all it reads is required and all it calls is total."""
    match term:
        case t.FieldRef() | t.FeatureRef() | t.LabelsRef():
            return not term.optional
        case t.StandingRef():
            return not term.optional and term.what != "points"
        case t.Has():
            return True
        case t.Index():
            return False
        case t.Call() if not term.function.total:
            return False
        case _:
            return all(is_total(child) for child in term.children())


def compile_kind(plan: KindPlan) -> tuple[Run, tuple[str, ...], str]:
    """Return the compiled `run`, the names of the features it hands back, and its source text."""
    writer = KindWriter(plan)
    unit = writer.write()
    return cast(Run, unit.compile()["run"]), writer.seen_names, unit.source()

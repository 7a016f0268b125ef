"""
From the states of rules to effects: labels, limits and precedence, event after event, with the online engine's code.

Only events on which a rule fires, or may fire, come here. A rule that SQL left open is decided by the generated Python
of the online engine, which then knows the labels that are in force.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from zelo.base.effects import Effect, Held
from zelo.decide.labels import Labels
from zelo.decide.limits import DailyLimits
from zelo.decide.logic import asked, limits_of, set_labels
from zelo.decide.planning import CompiledKind, compile_pack, planned_rule
from zelo.decide.settle import settle
from zelo.events.types import Kind
from zelo.policy import terms as t
from zelo.policy.functions.words import Words
from zelo.policy.pack import Pack
from zelo.policy.to_python.kinds import KindPlan, PlannedWindow, Run, compile_kind
from zelo.policy.to_sql.rules import BITS, OPEN, PER_COLUMN, TRUE, UNDETERMINED, RuleOnKind

States = tuple[int, ...]
"""The columns `states_0` ... of an event."""


class Row(NamedTuple):
    """An event on which a rule is true or open."""

    order_key: int
    event_id: str
    states: States
    ids: tuple[object, ...]
    """The entities in the kind's roles."""
    parameters: tuple[object, ...]
    """Computed parameters of all rules, in order; None where the rule is not true."""
    features: tuple[object, ...] = ()
    """Of the kind's open rules, see `KindReplay.features`."""
    event: Callable[[], object] | None = None
    """What makes the decoded event, for open rules."""


class Outcome(NamedTuple):
    """What came of a row."""

    row: Row
    kind: str
    states: States | None
    """With what was open decided; None: it is as if there were no labels."""
    effects: tuple[Effect, ...]
    held: tuple[Held, ...]


class _Seen:
    """A group of windows that has been computed: generated code reads the values of the current row."""

    def __init__(self, names: tuple[str, ...]) -> None:
        self.names = names
        self.values: tuple[Any, ...] = ()

    def read(self, key: Any, order_key: int, /) -> tuple[Any, ...]:
        """Return the values of the row."""
        return self.values

    def read1(self, key: Any, order_key: int, /) -> Any:
        """Return the only value of the row."""
        return self.values[0]

    def observe(self, key: Any, order_key: int, value: Any, /) -> None:
        """Do nothing: the event is in the values."""

    def read_observe(self, key: Any, order_key: int, value: Any, /) -> tuple[Any, ...]:
        """Return the values of the row."""
        return self.values

    def read_observe1(self, key: Any, order_key: int, value: Any, /) -> Any:
        """Return the only value of the row."""
        return self.values[0]


@dataclass(frozen=True)
class _Read:
    """What a set of states says."""

    fired: tuple[int, ...]
    """Numbers in the compiled kind of the rules that are true if there are no labels, in pack order."""
    is_open: bool
    is_beyond: bool
    """Whether a rule is open whatever labels there are."""
    relabels: bool
    """Whether a rule that is true, or open, changes labels."""
    states: States
    """The states if there are no labels."""


@dataclass
class KindReplay:
    """One kind of event in a replay."""

    kind: Kind
    rules: Sequence[RuleOnKind]
    """In pack order, as in the states."""
    compiled: CompiledKind
    labels: Labels
    lists: Mapping[str, object]
    features: tuple[str, ...] = field(init=False)
    """Features that the decided rules read: the order of `Row.features`."""
    fields: frozenset[tuple[str, ...]] = field(init=False)
    """Fields that the decided rules read."""
    _seen: _Seen = field(init=False)
    _run: Run | None = field(init=False, default=None)
    _decided: tuple[int, ...] = field(init=False, default=())
    """Numbers in the compiled kind of the rules that are decided here, in order."""
    _reads: dict[States, _Read] = field(init=False, default_factory=dict)

    def __post_init__(self) -> None:
        """Compile the rules that are to be decided here: the open ones, and those whose labels they may read."""
        numbers = {name: number for number, name in enumerate(self.compiled.names)}
        self._number = [numbers[rule.rule.name] for rule in self.rules]
        self._place = {number: place for place, number in enumerate(self._number)}
        self._slices = self._parameters()
        some = any(rule.is_open for rule in self.rules)
        here = [rule for rule in self.rules if some and (rule.is_open or _writes_labels(rule))]
        parts = [part for rule in here for term in rule.terms for part in term.walk()]
        self.features = tuple(sorted({part.name for part in parts if isinstance(part, t.FeatureRef)}))
        self.fields = frozenset(part.path for part in parts if isinstance(part, t.FieldRef))
        self._seen = _Seen(self.features)
        roles = {part.role for part in parts if isinstance(part, t.LabelsRef)}
        order = list(self.kind.roles)
        self._views = [(order.index(role), self.labels.view(self.kind.entities[role])) for role in roles]
        if here:
            ordered = sorted(here, key=lambda rule: numbers[rule.rule.name])
            self._decided = tuple(numbers[rule.rule.name] for rule in ordered)
            self._run = self._compile([rule.rule.name for rule in ordered])

    def _compile(self, names: Sequence[str]) -> Run:
        by_name = {rule.rule.name: rule.rule for rule in self.rules}
        window = PlannedWindow(group=self._seen, key=(), counted=False, where=None, value=None)
        plan = KindPlan(
            kind=self.kind,
            rules=tuple(planned_rule(by_name[name], self.kind) for name in names),
            windows=(window,) if self.features else (),
            labels={entity: self.labels.view(entity) for entity in set(self.kind.entities.values())},
            lists=self.lists,
        )
        return compile_kind(plan)[0]

    def _parameters(self) -> dict[int, slice]:
        """Return where the computed parameters of each rule stand in a row, by number in the compiled kind."""
        found, start = {}, 0
        for place, rule in enumerate(self.rules):
            if rule.parameters:
                found[self._number[place]] = slice(start, start + len(rule.parameters))
                start += len(rule.parameters)
        return found

    def fired(self, row: Row) -> tuple[list[int], dict[int, tuple[object, ...]], States | None]:
        """Return the rules that fire on a row in pack order, their computed parameters, and the states."""
        read = self._reads.get(row.states)
        if read is None:
            read = self._reads[row.states] = self._read(row.states)
        if not read.is_open or not (read.is_beyond or read.relabels or self._labelled(row)):
            fired = list(read.fired)
            return fired, self._computed(row, fired), None
        assert self._run is not None and row.event is not None, "a kind with open rules can decide them"
        self._seen.values = row.features
        found, unknown, values, _, _ = self._run(row.event(), row.order_key)
        here = set(self._decided)
        fired = [number for number in read.fired if number not in here]
        computed = self._computed(row, fired)
        fired += [self._decided[number] for number in found]
        computed |= {self._decided[number]: value for number, value in values.items()}
        fired.sort(key=self.compiled.order.__getitem__)
        return fired, computed, self._with(read.states, found, unknown)

    def _labelled(self, row: Row) -> bool:
        """Say whether a label is in force on an entity whose labels open rules read."""
        now_ms = row.order_key >> 20
        return any(view(row.ids[place], now_ms) for place, view in self._views)

    def _computed(self, row: Row, fired: Iterable[int]) -> dict[int, tuple[object, ...]]:
        return {n: row.parameters[self._slices[n]] for n in fired if n in self._slices} if self._slices else {}

    def _read(self, states: States) -> _Read:
        fired: list[int] = []
        is_open = is_beyond = relabels = False
        alone = list(states)
        for place, rule in enumerate(self.rules):
            column, at = divmod(place, PER_COLUMN)
            state = states[column] >> (BITS * at) & 7
            alone[column] &= ~(OPEN << (BITS * at))
            if state & 3 == TRUE:
                fired.append(self._number[place])
            if state & OPEN:
                is_open, is_beyond = True, is_beyond or rule.is_beyond
            relabels = relabels or (state not in (0, UNDETERMINED) and _writes_labels(rule))
        ordered = tuple(sorted(fired, key=self.compiled.order.__getitem__))
        return _Read(ordered, is_open, is_beyond, relabels, tuple(alone))

    def _with(self, states: States, fired: Iterable[int], unknown: Iterable[int]) -> States:
        """Return states with those of the rules that were decided here."""
        found = list(states)
        for number in self._decided:
            place = self._place[number]
            found[place // PER_COLUMN] &= ~(7 << (BITS * (place % PER_COLUMN)))
        for numbers, state in ((fired, TRUE), (unknown, UNDETERMINED)):
            for number in numbers:
                place = self._place[self._decided[number]]
                found[place // PER_COLUMN] |= state << (BITS * (place % PER_COLUMN))
        return tuple(found)


class Replay:
    """All kinds of a pack, and the labels and limits that their effects share."""

    def __init__(self, pack: Pack, rules: Mapping[str, Sequence[RuleOnKind]]) -> None:
        self.labels = Labels()
        self.limits: DailyLimits = limits_of(pack)
        self.lists = {name: Words(data.values) for name, data in pack.lists.items()}
        compiled = compile_pack(pack, (), self.labels, self.lists)
        self.kinds = {
            name: KindReplay(pack.kinds[name], on, compiled[name], self.labels, self.lists)
            for name, on in rules.items()
        }

    def taker(self, name: str) -> Callable[[Row], Outcome]:
        """Return the function that takes the rows of a kind; rows of all kinds must come in order."""
        replay = self.kinds[name]

        def take(row: Row) -> Outcome:
            fired, computed, states = replay.fired(row)
            if not fired:
                return Outcome(row, name, states, (), ())
            now_ms = row.order_key >> 20
            requests = asked(replay.compiled, fired, computed)
            effects, held = settle(requests, row.ids, self.limits.allow, now_ms)
            set_labels(self.labels, replay.kind, effects, now_ms)
            return Outcome(row, name, states, effects, held)

        return take


def _writes_labels(rule: RuleOnKind) -> bool:
    return any(effect.kind in ("add_label", "remove_label") for effect in rule.rule.effects)

"""The online engine: one event at a time, in order, to one Decision each. No database, no clock, no I/O."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Any

import msgspec

from zelo.base.effects import EFFECTS, Effect, Held
from zelo.base.errors import InvalidInput
from zelo.base.messages.message import N_
from zelo.decide.decision import Decision
from zelo.decide.explain import Explanation, explain_rules, field_value
from zelo.decide.fixed import Fixed
from zelo.decide.labels import NEVER_MS, Labels
from zelo.decide.limits import DailyLimits
from zelo.decide.planning import CompiledKind, asked_by, compile_pack
from zelo.decide.settle import Request, let_pass, settle
from zelo.events.decode import Decoder, Event
from zelo.events.intake import Sequencer, floor_ms
from zelo.events.types import Kind
from zelo.features.plan import plan
from zelo.features.state import Windows
from zelo.health.live import Accounts, Asked
from zelo.policy.functions.words import Words
from zelo.policy.graph import STANDING_EFFECTS
from zelo.policy.pack import Pack
from zelo.policy.to_python.plain import plain_object

SNAPSHOT_VERSION = 3
SWEEP_EVERY = 2
"""Events between two small sweeps of windows that have run empty."""
NO_WORDS: Mapping[str, str] = MappingProxyType({})
_NONE: tuple[str, ...] = ()
_NO_EFFECTS: tuple[Effect, ...] = ()
_NONE_HELD: tuple[Held, ...] = ()


class Engine:
    """
    A pack, ready to decide events in intake order, with the windows, labels and limits they have led to so far.

    One engine is one stream: calls must come one after another (any thread, one at a time); engines share nothing.
    """

    def __init__(self, pack: Pack, fixed: Mapping[str, object] | None = None) -> None:
        """
        Compile the pack; features in `fixed` have that value at every event (examples state some so).

        The mapping is looked at with each event: who made it may change it between two. None is faster.
        """
        self.pack = pack
        self._fixed = fixed
        self.decoder = Decoder(pack.kinds)
        self.sequencer = Sequencer(clock_skew_us=pack.clock_skew_us)
        self.windows = Windows(plan(tuple(pack.features.values())))
        self.labels = Labels()
        self.accounts = accounts_of(pack)
        self.lists = {name: Words(data.values) for name, data in pack.lists.items()}
        self.limits = limits_of(pack)
        groups = self.windows.groups if fixed is None else [Fixed(group, fixed) for group in self.windows.groups]
        self.compiled = compile_pack(pack, groups, self.labels, self.lists, self.accounts)
        self._by_struct = {self.decoder.structs[name]: compiled for name, compiled in self.compiled.items()}
        self._ticks = 0

    def decide_json(self, line: bytes, *, now_us: int | None = None) -> Decision:
        """
        Decode an event, give it its place in the order, and decide it.

        `now_us` is the door's clock; with it, an event too far in the future is refused. Raises InvalidInput, and then
        nothing has changed.
        """
        event = self.decoder.decode_json(line)
        return self.decide(event, self.sequencer.next(floor_ms(event.occurred_at), now_us))

    def decide(self, event: Event, order_key: int) -> Decision:
        """Decide a decoded event; order keys must grow from call to call."""
        compiled = self._by_struct[type(event)]
        fired, unknown, computed, ids, seen = compiled.run(event, order_key)
        self._ticks += 1
        if not self._ticks % SWEEP_EVERY:
            self.windows.sweep(order_key)
        names, effects, held = _NONE, _NO_EFFECTS, _NONE_HELD
        if fired:
            if compiled.stratified:
                fired.sort(key=compiled.order.__getitem__)
            names, effects, held = self._carry_out(compiled, fired, computed, ids, event.id, order_key)
        if unknown and compiled.stratified:
            unknown.sort(key=compiled.order.__getitem__)
        return Decision(
            event.id,
            compiled.kind.name,
            order_key,
            self.pack.version,
            names,
            tuple([compiled.names[number] for number in unknown]) if unknown else _NONE,
            effects,
            held,
            compiled.feature_names,
            seen,
        )

    def _carry_out(
        self,
        compiled: CompiledKind,
        fired: list[int],
        computed: Mapping[int, tuple[object, ...]],
        ids: tuple[object, ...],
        event: str,
        order_key: int,
    ) -> tuple[tuple[str, ...], tuple[Effect, ...], tuple[Held, ...]]:
        """Settle what the fired rules ask for, and let labels and ledgers know; return their names and the effects."""
        now_ms = order_key >> 20
        names, merged = compiled.together(fired)
        if merged is None or None in ids:
            effects, held = settle(asked(compiled, fired, computed), ids, self.limits.allow, now_ms)
        else:
            effects, held = let_pass(merged, _NONE_HELD, ids, self.limits.allow, now_ms)
        if self.labels.pins:
            effects, held = self._give_way(compiled, effects, held, now_ms)
        if compiled.changes_labels:
            set_labels(self.labels, compiled.kind, effects, now_ms)
        if self.pack.governs:
            enter(self.accounts, compiled.kind, effects, event, order_key)
        return names, effects, held

    def _give_way(
        self, compiled: CompiledKind, effects: tuple[Effect, ...], held: tuple[Held, ...], now_ms: int
    ) -> tuple[tuple[Effect, ...], tuple[Held, ...]]:
        """Hold back what rules would do to labels that a person has decided on."""
        entities = compiled.kind.entities
        stays = [
            effect
            for effect in effects
            if effect.kind in ("add_label", "remove_label")
            and self.labels.is_pinned(entities[effect.role], effect.entity, str(effect.parameters["label"]), now_ms)
        ]
        if not stays:
            return effects, held
        kept = tuple(effect for effect in effects if effect not in stays)
        return kept, (*held, *(Held(effect, "person") for effect in stays))

    def explain(self, event: Event, order_key: int) -> Explanation:
        """
        Return why each rule would or would not fire on an event that came now, without deciding it.

        The decision inside is the one that `decide` would give; the engine is left as it was.
        """
        compiled = self._by_struct[type(event)]
        kind = compiled.kind
        values = plain_object(kind.fields)(event)
        ids = {role: (kind.entities[role], field_value(values, path)) for role, path in kind.roles.items()}
        labels = {
            role: None if ident is None else self.labels.view(entity)(ident, order_key >> 20)
            for role, (entity, ident) in ids.items()
        }
        standings = {
            role: None if ident is None else self.accounts.view(entity)(ident, order_key)
            for role, (entity, ident) in ids.items()
            if self.accounts.governs(entity)
        }
        twin = Engine(self.pack, fixed=self._fixed)
        twin._load(self._state())
        decision = twin.decide(event, order_key)
        rules = explain_rules(compiled, event, decision, labels=labels, ids=ids, lists=self.lists, standings=standings)
        return Explanation(decision, rules, labels)

    # --- keeping and restoring what the events have led to

    def snapshot(self) -> bytes:
        """Return the whole state; `restore` continues from it exactly."""
        return msgspec.msgpack.encode((SNAPSHOT_VERSION, self.pack.version, self._state()))

    @classmethod
    def restore(cls, pack: Pack, saved: bytes) -> Engine:
        """Return an engine that continues from a snapshot; raises InvalidInput when it is of another pack version."""
        try:
            version, pack_version, state = msgspec.msgpack.decode(saved)
        except (msgspec.DecodeError, TypeError, ValueError) as error:
            raise InvalidInput(N_("this snapshot cannot be read; start again without it")) from error
        if version != SNAPSHOT_VERSION or pack_version != pack.version:
            raise InvalidInput(
                N_("this snapshot was made with pack version {found}, not {expected}; start again without it"),
                found=str(pack_version)[:12],
                expected=pack.version[:12],
            )
        engine = cls(pack)
        engine._load(state)
        return engine

    def forget(self) -> None:
        """Be as new, no event decided; what is compiled stays, and what is fixed."""
        self.sequencer = Sequencer(clock_skew_us=self.pack.clock_skew_us)
        self.windows.clear()
        self.labels.load({})
        self.labels.pins.clear()
        self.limits.load((0, []))
        self.accounts.load({})
        self._ticks = 0

    def take_over(self, other: Engine) -> tuple[str, ...]:
        """
        Continue from the engine of another version of the pack, which is not to be used any more.

        Order, labels, ledgers and the day's counts go on. So do features whose group of windows is declared the same;
        the names of the others, which begin empty, are returned.
        """
        known = {group.specs: group for group in other.windows.groups}
        empty: list[str] = []
        for group in self.windows.groups:
            if group.specs in known:
                group.adopt(known[group.specs])
            else:
                empty.extend(group.names)
        self.windows.sweep_anew()
        self._go_on(other._beside_windows())
        return tuple(empty)

    def take_back(self, entity: str, ident: str, kind: str, parameters: Mapping[str, object], event: str) -> None:
        """Let a charge or reward of an event no longer count, from the place in the order that the stream is at."""
        if self.accounts.governs(entity):
            at = (self.sequencer.last_order_key >> 20) * 1_000
            self.accounts.take_back(entity, ident, asked_by(kind, parameters), event, at)

    def rename(self, entity: str, ident: str, other: str, words: Mapping[str, str] = NO_WORDS) -> None:
        """
        Keep everything known about an entity under another id: labels, ledger, and windows by its key.

        `words` are further texts to put others in the place of, wherever windows or ledgers hold them; no two texts
        may become the same.
        """
        words = {**words, ident: other}
        for place in [place for place in self.labels.pins if place[:2] == (entity, ident)]:
            self.labels.pins[entity, other, place[2]] = self.labels.pins.pop(place)
        known = self.labels.held.get(entity, {})
        if ident in known:
            known[other] = known.pop(ident)
        for group in self.windows.groups:
            group.reword(words)
        self.accounts.rename(entity, ident, other)
        self.accounts.reword(words)

    def _state(self) -> tuple[Any, ...]:
        order, *rest = self._beside_windows()
        return order, self.windows.dump(), *rest

    def _beside_windows(self) -> tuple[Any, ...]:
        """Return all state but that of windows, by far the largest part."""
        order = (self.sequencer.last_order_key, self.sequencer.late)
        pins = [(*place, until_ms) for place, until_ms in self.labels.pins.items()]
        return order, self.labels.dump(), self.limits.dump(), self._ticks, pins, self.accounts.dump()

    def _load(self, state: tuple[Any, ...]) -> None:
        order, windows, *rest = state
        self.windows.load(windows)
        self._go_on((order, *rest))

    def _go_on(self, state: tuple[Any, ...]) -> None:
        order, labels, limits, self._ticks, pins, accounts = state
        self.sequencer.last_order_key, self.sequencer.late = order
        self.labels.load(labels)
        self.labels.pins = {(entity, ident, label): until_ms for entity, ident, label, until_ms in pins}
        self.limits.load(limits)
        self.accounts.load(accounts)


def accounts_of(pack: Pack) -> Accounts:
    """Return empty ledgers for the entities that a schedule of the pack governs."""
    return Accounts({entity: pack.schedules[name] for entity, name in pack.governs.items()})


def enter(accounts: Accounts, kind: Kind, effects: Iterable[Effect], event: str, order_key: int) -> None:
    """Enter charges and rewards into the ledgers of the accounts they are about."""
    found: dict[tuple[str, object], list[Asked]] = {}
    for effect in effects:
        entity = kind.entities[effect.role]
        if effect.kind in STANDING_EFFECTS and accounts.governs(entity):
            found.setdefault((entity, effect.entity), []).append(asked_by(effect.kind, effect.parameters))
    for (entity, ident), together in found.items():
        accounts.add(entity, ident, together, event, order_key)


def set_labels(labels: Labels, kind: Kind, effects: Iterable[Effect], now_ms: int) -> None:
    """Carry out label effects, additions first: a removal outweighs an addition."""
    changes = [effect for effect in effects if effect.kind in ("add_label", "remove_label")]
    for effect in sorted(changes, key=lambda change: change.kind):
        entity, label = kind.entities[effect.role], str(effect.parameters["label"])
        if effect.kind == "add_label":
            length_us = effect.parameters.get("for")
            expiry = NEVER_MS if length_us is None else now_ms + int(length_us) // 1000  # type: ignore[call-overload]
            labels.add(entity, effect.entity, label, now_ms=now_ms, expiry_ms=expiry)
        else:
            labels.remove(entity, effect.entity, label, now_ms=now_ms)


def asked(
    compiled: CompiledKind, fired: Iterable[int], computed: Mapping[int, tuple[object, ...]]
) -> list[tuple[Request, Mapping[str, object] | None]]:
    """Return the requests of the fired rules, each with its computed parameters; a missing one keeps its default."""
    found: list[tuple[Request, Mapping[str, object] | None]] = []
    for number in fired:
        values = computed.get(number)
        if values is None:
            found.extend([(request, None) for request in compiled.requests[number]])
            continue
        rest = iter(values)
        for request in compiled.requests[number]:
            given = {name: next(rest) for name in request.computed}
            found.append((request, {name: value for name, value in given.items() if value is not None}))
    return found


def limits_of(pack: Pack) -> DailyLimits:
    """Return the daily limits of a pack and its rules, nothing counted yet."""
    return DailyLimits(pack.time_zone, _kind_limits(pack), _rule_limits(pack))


def _kind_limits(pack: Pack) -> dict[str, int]:
    declared = {name: kind.daily_limit for name, kind in EFFECTS.items() if kind.daily_limit is not None}
    return {**declared, **pack.daily_limits}


def _rule_limits(pack: Pack) -> dict[tuple[str, str], int]:
    return {
        (rule.name, effect.kind): rule.daily_limit
        for rule in pack.rules
        if rule.daily_limit is not None
        for effect in rule.effects
    }

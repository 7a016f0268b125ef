"""
A pack in the loop: each event that would happen is asked whether it still can, then decided, and what the decision asks
for holds from that moment on.

This is the same engine that decides live events. It reads what events say and nothing else: what things really are lies
in tables of the world that no event, feature or list can name.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa

from zelo.adapters.columns import lake_schema, python_values
from zelo.base.effects import Effect
from zelo.base.errors import InvalidInput
from zelo.base.messages.message import N_
from zelo.decide.decision import Decision
from zelo.decide.logic import Engine
from zelo.events.decode import Event
from zelo.events.rows import reader
from zelo.policy.pack import Pack
from zelo.simulate.chance import Array
from zelo.simulate.desk import REVIEW, RULE, SEVERITIES, VIOLATIONS, Desk, Hits
from zelo.simulate.intake import Arrived, Intake, in_order
from zelo.simulate.people import NEVER, SCOPES
from zelo.simulate.rows import Batch, Ids, arrow
from zelo.simulate.state import PREFIXES, UNMADE, World

WARNED = 0.4
"""How much of the effect of a penalty a mere notice has on the wish to offend (an assumption)."""
ACCOUNT_PAUSE_US = 7 * 86_400_000_000
"""How long reviewers bar a seller whom they find guilty from selling."""


@dataclass
class PackGovernor:
    """Decides the days of a world with a pack."""

    pack: Pack
    decided: int = 0
    told: Callable[[Decision], None] | None = None
    """Who is told of each decision in which something fired."""
    _verdicts: list[tuple[int, int, int, int, int]] = field(default_factory=list)
    """(when, turn, thing, account, violation) of cases that reviewers will find guilty, as a heap."""

    _known: dict[str, int] = field(default_factory=dict)
    """The places of things that effects can be about, by id."""

    def __post_init__(self) -> None:
        self.engine = Engine(self.pack)
        self._readers = {name: reader(self.engine.decoder, kind) for name, kind in self.pack.kinds.items()}
        self._schemas = {name: lake_schema(kind) for name, kind in self.pack.kinds.items()}
        self._violations = {rule.name: policy.violation for policy in self.pack.policies for rule in policy.rules}

    def day(self, world: World, desk: Desk, arrived: list[Arrived], intake: Intake) -> list[tuple[Arrived, Array]]:
        """Let a day happen; return what really happened, with its order keys."""
        effects = Effects(world, desk, self._violations, self._verdicts)
        batches = [each.batch for each in arrived]
        events = [self._events(each) for each in arrived]
        gates = [_Gate(world, batch) for batch in batches]
        keys: list[list[int]] = [[] for _ in arrived]
        rows: list[list[int]] = [[] for _ in arrived]
        which, row = in_order(arrived)
        effects.names = self._known
        said = [(each.said_us // 1_000).tolist() for each in arrived]
        sequencer, decide = self.engine.sequencer, self.engine.decide
        for n, r in zip(which.tolist(), row.tolist(), strict=True):
            gate = gates[n]
            if self._verdicts and self._verdicts[0][0] <= gate.at[r]:
                effects.verdicts(gate.at[r])
            if not gate.passes(r):
                continue
            gate.made(r, effects.names)
            key = sequencer.next(said[n][r])
            keys[n].append(key)
            rows[n].append(r)
            made = events[n]
            if made is None:
                continue
            decision = decide(made[r], key)
            self.decided += 1
            if decision.effects:
                effects.carry_out(decision, gate.at[r])
                if self.told is not None:
                    self.told(decision)
        effects.verdicts(world.end_us - 1)
        effects.finish()
        intake.last_key, intake.late = sequencer.last_order_key, sequencer.late
        return [(each.only(np.array(rows[n], np.int64)), np.array(keys[n], np.int64)) for n, each in enumerate(arrived)]

    def _events(self, arrived: Arrived) -> list[Event] | None:
        """Return a batch as the pack's events; None for a kind that the pack does not have."""
        batch = arrived.batch
        schema = self._schemas.get(batch.kind)
        if schema is None:
            return None
        absent: list[object] = [None] * len(batch)
        values: list[list[object]] = [
            arrow(Ids(f"{batch.kind}/", batch.numbers)).to_pylist(),
            python_values(pa.array(arrived.said_us).cast(schema.field("occurred_at").type)),
        ]
        for column in list(schema)[4:]:
            if column.name not in batch.columns:
                values.append(absent)
                continue
            found = arrow(batch.columns[column.name])
            if found.type != column.type:
                raise InvalidInput(
                    N_("`{field}` of `{kind}` is `{found}` in the world and `{expected}` in the pack"),
                    field=column.name,
                    kind=batch.kind,
                    found=found.type,
                    expected=column.type,
                )
            values.append(python_values(found))
        return self._readers[batch.kind](values)


class _Gate:
    """Asks of one candidate at a time whether it can still happen; the same questions as `house.passes`."""

    def __init__(self, world: World, batch: Batch) -> None:
        self.at = batch.at.tolist()
        self._world, self._scope = world, batch.scope
        self._kind = batch.kind
        self._actors = batch.actors.tolist()
        self._needs = None if batch.needs is None else batch.needs.tolist()
        self._makes = None if batch.makes is None else batch.makes.tolist()
        self._orders = None if batch.order_needs is None else batch.order_needs.tolist()
        self._order_makes = None if batch.order_makes is None else batch.order_makes.tolist()
        self._sellers = None if batch.sellers is None else batch.sellers.tolist()
        self._gone, self._back = world.things["gone_at"], world.things["back_at"]
        self._ends = world.orders["ends_at"]

    def passes(self, row: int) -> bool:
        """Say whether a candidate can happen."""
        at = self.at[row]
        if self._scope != "any" and not self._here(self._actors[row], at, self._scope):
            return False
        if self._needs is not None and (place := self._needs[row]) >= 0:
            if not (self._gone[place] > at or self._back[place] <= at):
                return False
        if self._orders is not None and (place := self._orders[row]) >= 0 and self._ends[place] <= at:
            return False
        return self._sellers is None or self._here(self._sellers[row], at, "sell")

    def made(self, row: int, names: dict[str, int]) -> None:
        """Let the thing or the order begin."""
        if self._makes is not None:
            place = self._makes[row]
            self._gone[place] = NEVER
            things = self._world.things
            kind = int(things["kind"][place])
            names[f"{PREFIXES[kind]}{things['key'][place]}"] = place
        if self._order_makes is not None:
            self._ends[self._order_makes[row]] = NEVER

    def _here(self, actor: int, at: int, scope: str) -> bool:
        state = self._world.state
        if not (state.born_us[actor] <= at < state.closed_us[actor] and at < state.left_us[actor]):
            return False
        return not scope or state.barred_until_us[SCOPES.index(scope), actor] <= at


@dataclass
class Effects:
    """Carries out what decisions ask for, on the world."""

    world: World
    desk: Desk
    violations: Mapping[str, str]
    heap: list[tuple[int, int, int, int, int]]
    names: dict[str, int] = field(default_factory=dict)
    _hits: list[tuple[int, int, int, int, int, int]] = field(default_factory=list)
    """(account, thing, when, violation, severity, by)."""
    _warned: dict[int, int] = field(default_factory=dict)

    def carry_out(self, decision: Decision, at: int) -> None:
        """Carry out the effects of a decision."""
        charged: set[int] = set()
        for effect in decision.effects:
            place, account = self._subject(effect)
            match effect.kind:
                case "remove_content" if place >= 0:
                    self._remove(place, at, RULE)
                case "hold_publication" | "limit_visibility" if place >= 0:
                    self._hide(place, at, effect.parameters.get("for"), effect)
                case "demote" if place >= 0:
                    self.world.things["demoted"][place] = float(str(effect.parameters["factor"]))
                    self.world.things["demoted_until"][place] = at + _length(effect.parameters.get("for"))
                case "open_case":
                    self._case(place, account, at, self._violation(effect))
                case "charge" if account >= 0:
                    severity = SEVERITIES.index(str(effect.parameters["severity"]))
                    about = self._target(decision)
                    self._hits.append((account, about, at, _code(str(effect.parameters["violation"])), severity, RULE))
                    charged.add(account)
                case "restrict_account" if account >= 0:
                    self._bar(account, at, str(effect.parameters["scope"]), effect.parameters.get("for"))
                case "notify" if account >= 0:
                    self._warned[account] = at
        for account in charged:
            self._warned.pop(account, None)

    def verdicts(self, until: int) -> None:
        """Let the verdicts that fall by then have their effect."""
        while self.heap and self.heap[0][0] <= until:
            at, _, place, account, violation = heapq.heappop(self.heap)
            if place >= 0:
                if self.world.things["gone_by"][place]:
                    continue
                self._remove(place, at, REVIEW)
                account = int(self.world.things["author"][place])
            else:
                barred = self.world.state.barred_until_us[SCOPES.index("sell")]
                barred[account] = max(int(barred[account]), at + ACCOUNT_PAUSE_US)
            self._hits.append((account, place, at, violation, 1, REVIEW))

    def finish(self) -> None:
        """Hand the day's charges to the desk, and let warnings work."""
        if self._hits:
            columns = [np.array(column, np.int64) for column in zip(*self._hits, strict=True)]
            self.desk.hits.append(Hits(*columns))
        if self._warned:
            who = np.array(sorted(self._warned), np.int64)
            state, chance = self.world.state, self.world.chance
            mood = chance.unit("warned", self.world.day, who)
            state.reformed[who] |= (mood < WARNED * 0.2) & (self.world.traits.habit[who] > 0)

    def _subject(self, effect: Effect) -> tuple[int, int]:
        """Return the thing and the account that an effect is about; -1 for neither."""
        if effect.entity.startswith("a") and effect.entity[1:].isdigit():
            return -1, int(effect.entity[1:])
        place = self.names.get(effect.entity, -1)
        return place, int(self.world.things["author"][place]) if place >= 0 else -1

    def _target(self, decision: Decision) -> int:
        """Return the thing that a decision's other effects are about, for the record of a charge."""
        for effect in decision.effects:
            if (place := self.names.get(effect.entity, -1)) >= 0:
                return place
        return -1

    def _remove(self, place: int, at: int, by: int) -> None:
        self.desk.take_down(self.world, np.array([place]), np.array([at]), by)

    def _hide(self, place: int, at: int, length: object, effect: Effect) -> None:
        """Hide a thing for some time; out of recommendations counts as hidden, because nothing else shows it here."""
        surfaces = effect.parameters.get("surfaces")
        if isinstance(surfaces, tuple) and "recommendation" not in surfaces:
            return
        things = self.world.things
        if things["gone_by"][place] or things["gone_at"][place] == UNMADE:
            return
        things["gone_at"][place], things["back_at"][place] = at, at + _length(length)

    def _case(self, place: int, account: int, at: int, violation: int) -> None:
        """Let reviewers look at a thing, or at an account's conduct."""
        if account < 0:
            return
        world = self.world
        if place >= 0 and world.things["found_by"][place]:
            return
        habit = world.traits.habit[account] > 0 if place < 0 else world.things["habit"][place] > 0
        if place >= 0:
            world.things["found_by"][place] = REVIEW
        one = np.array([account])
        verdict, decided = self.desk.review(world, np.array([place]), one, np.array([at]), np.array([habit]), REVIEW)
        if verdict[0]:
            heapq.heappush(self.heap, (int(decided[0]), len(self.desk.cases), place, account, violation))

    def _bar(self, account: int, at: int, scope: str, length: object) -> None:
        if scope == "account" and length is None:
            self.desk.close(self.world, np.array([account]), np.array([at]))
            return
        state = self.world.state
        scopes = SCOPES if scope == "account" else (scope,) if scope in SCOPES else ()
        for name in scopes:
            row = state.barred_until_us[SCOPES.index(name)]
            row[account] = max(int(row[account]), at + _length(length))

    def _violation(self, effect: Effect) -> int:
        return _code(self.violations.get(effect.rules[0].rpartition("/")[2], ""))


def _code(violation: str) -> int:
    """Return the number of a violation; that of the first where the world has none of the name."""
    return VIOLATIONS.index(violation) if violation in VIOLATIONS else 0


def _length(length: object) -> int:
    """Return the microseconds of an effect's length; an effect without one lasts."""
    return int(str(length)) if length is not None else NEVER // 2

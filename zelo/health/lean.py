"""A schedule made lean for the fold: what each sort of violation does, worked out once and remembered."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from zoneinfo import ZoneInfo

from zelo.health.ledger import Entry
from zelo.policy.schedules.lengths import NEVER, Length, zone_named
from zelo.policy.schedules.values import ANY, OTHERWISE, UNIT, AtOnce, Match, Price, Rules, Rung, Schedule, Track, Use

Sort = tuple[str, str, tuple[tuple[str, str], ...]]
"""All that decides what a violation does, apart from when: violation, severity, attributes."""


Starts = tuple[tuple[Use, int], ...]
"""Lines that start penalties of exact lengths at once, with their microseconds; -1 without end."""
Step = tuple[int, Rung, Starts | None]
"""Load of a milestone, its rung, and its lines where that is all they do."""
Plans = dict[tuple[int, int], tuple[tuple[Step, ...], int]]
"""Places between the marks, before and after, to the milestones passed and the one that is near, NEVER when none is."""


class LeanTrack:
    """One track, with its milestones as loads: how far the balance is from its start, on the bad side."""

    def __init__(self, track: Track, number: int, shortens: bool = False) -> None:
        self.track, self.number = track, number
        self.each = track.each
        self.evaluated = track.evaluated
        self.clean = track.clean
        self.merge = track.merge
        self.gains = {gain.name: gain for gain in track.gains}
        self.stays_at = NEVER if track.stays_at is None else self.load_of(track.stays_at)
        self._marks: dict[tuple[str, ...], tuple[tuple[int, ...], int, Plans]] = {}
        lives = track.lives
        exact = (lives.length is None or lives.length.is_exact) and not lives.by_severity and lives.until is None
        special = track.each or track.evaluated or track.clean or track.merge or shortens
        self.every = tuple(rung.every for rung in track.ladder if rung.every)
        """The steps of which each multiple is a milestone."""
        self.is_plain = exact and not special
        """Whether something happens only where a load passes one of the marks."""
        self._slots: dict[tuple[int, tuple[str, ...]], tuple[int, tuple[str, ...]]] = {}
        self._ladders: dict[tuple[str, ...], tuple[tuple[int, ...], tuple[Rung, ...], tuple[Rung, ...]]] = {}

    def load_of(self, value: int) -> int:
        """Return the load at a value of the balance."""
        return self.track.start - value if self.track.kind == "rating" else value - self.track.start

    def value_of(self, load: int) -> int:
        """Return the balance at a load, clipped to its range."""
        track = self.track
        value = track.start - load if track.kind == "rating" else track.start + load
        if value < track.least:
            return track.least
        return value if track.most is None or value <= track.most else track.most

    def marks(self, key: tuple[str, ...]) -> tuple[tuple[int, ...], int, Plans]:
        """Return the loads at which something happens on one balance, NEVER last, the first of them above 0, and what.

        They are milestones, warnings before them, and where nothing expires any more; multiples come on top.
        """
        found = self._marks.get(key)
        if found is None:
            loads, lead = self.ladder(key)[0], self.track.warns_before
            stays = () if self.stays_at == NEVER else (self.stays_at,)
            early = (load - lead for load in loads if lead is not None)
            marks = (*sorted({*loads, *stays, *early}), NEVER)
            found = self._marks[key] = marks, min(marks[bisect_right(marks, 0)], *self.every, NEVER), {}
        return found

    def plan(self, key: tuple[str, ...], low: int, load: int) -> tuple[tuple[Step, ...], int]:
        """Return which milestones are passed from a load to a higher one, and which is then near; without multiples."""
        loads, rungs, _ = self.ladder(key)
        start, reached = bisect_right(loads, low), bisect_right(loads, load)
        near, lead = NEVER, self.track.warns_before
        if lead is not None and reached < len(loads) and low < loads[reached] - lead <= load:
            near = loads[reached]
        return self.steps(loads[start:reached], rungs[start:reached]), near

    def steps(self, loads: Sequence[int], rungs: Sequence[Rung]) -> tuple[Step, ...]:
        """Return milestones and their rungs with what they do at once."""
        return tuple((milestone, rung, _at_once(rung)) for milestone, rung in zip(loads, rungs, strict=True))

    def slot(self, key: tuple[str, ...]) -> tuple[int, tuple[str, ...]]:
        """Return what one balance is found by: for each key always the same object, quick to compare."""
        found = self.number, key
        return self._slots.setdefault(found, found)

    def ladder(self, key: tuple[str, ...]) -> tuple[tuple[int, ...], tuple[Rung, ...], tuple[Rung, ...]]:
        """Return the loads of the milestones of one balance, their rungs, and the rungs of multiples."""
        found = self._ladders.get(key)
        if found is None:
            pairs: list[tuple[int, int, Rung]] = []
            for number, rung in enumerate(self.track.ladder):
                at = rung.at
                if rung.per_key:
                    at = next((rung.per_key[word] for word in key if word in rung.per_key), None)
                    at = rung.per_key.get(OTHERWISE) if at is None else at
                if at is not None:
                    pairs.append((self.load_of(at), number, rung))
            pairs.sort(key=lambda pair: pair[:2])
            every = tuple(rung for rung in self.track.ladder if rung.every)
            found = tuple(load for load, _, _ in pairs), tuple(rung for _, _, rung in pairs), every
            self._ladders[key] = found
        return found


class Op:
    """What one sort of violation does on one track."""

    __slots__ = (
        "amount",
        "base",
        "cap",
        "given",
        "is_plain",
        "key",
        "life",
        "number",
        "price",
        "severity",
        "slot",
        "track",
        "turn",
    )

    def __init__(self, track: LeanTrack, price: Price, number: int, sort: Sort) -> None:
        violation, severity, attributes = sort
        words = {**dict(attributes), "violation": violation, "severity": severity}
        self.track, self.price, self.number = track, price, number
        self.key = tuple(words.get(name, "") for name in track.track.per)
        self.slot = track.slot(self.key)
        self.base = price.by_severity.get(severity, price.amount)
        self.given = price.given
        self.cap = price.cap
        self.turn = tuple(words.get(name, "") for name in price.turn_key) if price.turns else None
        lives = track.track.lives
        length = lives.by_severity.get(severity, lives.length)
        exact = length.us if length is not None and length.is_exact and lives.until is None else -1
        self.life = NEVER if length is None and lives.until is None else exact
        """How long an item counts in microseconds; -1 when the calendar says."""
        self.amount = -1 if self.given or self.cap or self.turn is not None or track.merge else self.base
        """What it costs; -1 when it depends on the entry or on earlier ones."""
        self.severity = severity
        only_given = self.given is not None and not self.cap and self.turn is None and track.merge is None
        self.is_plain = track.is_plain and self.life >= 0 and (self.amount >= 0 or only_given)
        """Whether nothing but expiry and marks matters when it counts."""

    def end(self, at: int, zone: ZoneInfo) -> int:
        """Return the instant from which an item no longer counts."""
        lives = self.track.track.lives
        length = lives.by_severity.get(self.severity, lives.length)
        end = NEVER if length is None else length.after(at, zone)
        return min(end, lives.until.following(at, zone.key)) if lives.until else end


class Case:
    """What one sort of violation does."""

    __slots__ = ("at_once", "counts", "is_plain", "known", "note", "only", "steps", "warns")

    def __init__(self, ops: tuple[Op, ...], at_once: tuple[AtOnce, ...], warns: tuple[str, ...] | None, note: str):
        self.at_once, self.warns, self.note = at_once, warns, note
        self.known = note != "unknown_violation"
        self.steps = tuple((op.slot, op.track if op.is_plain else None, op.amount, op.life, op) for op in ops)
        """Key of the balance, its track where nothing but expiry and marks matters, price, life, and all of it."""
        self.counts = not at_once or any(line.counts for line in at_once)
        self.is_plain = not note and not at_once and warns is None
        self.only = (
            self.steps[0] if self.is_plain and len(ops) == 1 and ops[0].is_plain and ops[0].amount >= 0 else None
        )
        """The only thing that it does, where that is to count as much as ever on one plain balance."""


class LeanRules:
    """The rules of one date."""

    def __init__(self, rules: Rules, schedule: Schedule, numbers: Mapping[str, int]) -> None:
        self.rules, self.schedule = rules, schedule
        self.zone = zone_named(schedule.time_zone)
        shortens = any(each.conventions.expiry == "ends" for each in schedule.rules)
        self.tracks = tuple(LeanTrack(t, numbers[t.name], shortens) for t in rules.tracks if t.kind != "rates")
        self.rates = tuple(t for t in rules.tracks if t.kind == "rates")
        self.by_number = {track.number: track for track in self.tracks}
        self.ages = _ages(rules)
        conventions = rules.conventions
        self.all_fire = conventions.several_milestones == "all"
        self.once = conventions.milestone_again == "once"
        self.shortens = conventions.expiry == "ends"
        self.cases: dict[object, Case] = {}
        self.scopes = {kind.name: tuple(kind.scopes.items()) for kind in rules.penalties.values()}
        self.beside = _beside(schedule)
        """Names of penalties that stand beside whatever runs, and that no other ends."""
        self.one = self._one()
        """The track, if all that violations of these rules can move is one balance without multiples."""

    def _one(self) -> LeanTrack | None:
        if len(self.tracks) != 1 or self.ages or self.once:
            return None
        track = self.tracks[0]
        return track if track.is_plain and not track.track.per and not track.every else None

    def case(self, entry: Entry) -> Case:
        """Return what a violation does."""
        key: object = (entry.violation, entry.severity, entry.attributes)
        if self.ages:
            key = (key, self._young(entry))
        found = self.cases.get(key)
        if found is None:
            found = self.cases[key] = self._work_out(entry)
        return found

    def _young(self, entry: Entry) -> tuple[bool, ...]:
        """Say for each age that the rules ask about whether the content is no older."""
        posted = entry.content_at
        return tuple(posted is None or age.after(posted, self.zone) >= entry.at for age in self.ages)

    def fits(self, match: Match, entry: Entry) -> bool:
        """Say whether an entry fits a condition."""
        if match.content_within is not None and entry.content_at is not None:
            if match.content_within.after(entry.content_at, self.zone) < entry.at:
                return False
        if not match.wants:
            return True
        words = {**dict(entry.attributes), "violation": entry.violation, "severity": entry.severity}
        return all(
            words.get(name, "") in values or (ANY in values and words.get(name, "") != "")
            for name, values in match.wants
        )

    def _work_out(self, entry: Entry) -> Case:
        rules = self.rules
        sort = (entry.violation, entry.severity, entry.attributes)
        ops = []
        for track in self.tracks:
            for number, price in enumerate(track.track.prices):
                if self.fits(price.when, entry):
                    op = Op(track, price, number, sort)
                    if op.amount != 0 and all(op.key):
                        ops.append(op)
                    break
        at_once = tuple(line for line in rules.at_once if self.fits(line.when, entry))
        warns = None
        if (first := rules.warning_first) is not None and self.fits(first.when, entry):
            words = {**dict(entry.attributes), "violation": entry.violation, "severity": entry.severity}
            warns = tuple(words.get(name, "") for name in first.per)
        note = self._strange(entry)
        return Case((), (), None, note) if note == "unknown_violation" else Case(tuple(ops), at_once, warns, note)

    def _strange(self, entry: Entry) -> str:
        """Return the code of the note on a violation or severity that the schedule does not know; empty: it does."""
        known = self.schedule
        if known.violations and entry.violation not in known.violations:
            return "unknown_violation"
        return "unknown_severity" if known.severities and entry.severity not in ("", *known.severities) else ""


class LeanSchedule:
    """A schedule made lean: build it once, fold any number of accounts with it."""

    def __init__(self, schedule: Schedule) -> None:
        self.schedule = schedule
        names = dict.fromkeys(track.name for rules in schedule.rules for track in rules.tracks)
        numbers = {name: number for number, name in enumerate(names)}
        self.track_names = tuple(names)
        self.rules = tuple(LeanRules(rules, schedule, numbers) for rules in schedule.rules)
        self.dates = tuple(rules.since for rules in schedule.rules[1:])
        self.zone = zone_named(schedule.time_zone)
        self.shortens = any(rules.shortens for rules in self.rules)
        self.waits = any(track.evaluated for rules in self.rules for track in rules.tracks)
        """Whether milestones of some track are looked at on certain days only."""

    def at(self, date: int) -> LeanRules:
        """Return the rules of a date."""
        return self.rules[bisect_right(self.dates, date)] if self.dates else self.rules[0]

    def number_at(self, date: int) -> int:
        """Return the number of the rules of a date."""
        return bisect_right(self.dates, date)


def _ages(rules: Rules) -> tuple[Length, ...]:
    """Return every age of content that the rules ask about."""
    matches = [price.when for track in rules.tracks for price in track.prices]
    matches += [line.when for line in rules.at_once]
    matches += [rules.warning_first.when] if rules.warning_first else []
    return tuple({m.content_within: None for m in matches if m.content_within is not None})


def _beside(schedule: Schedule) -> frozenset[str]:
    """Return the penalties that, under the rules of every date, neither end others nor are ended or held by any."""
    kinds = [kind for rules in schedule.rules for kind in rules.penalties.values()]
    held = {kind.name for kind in kinds if kind.stacking != "beside" or kind.ends}
    return frozenset(kind.name for kind in kinds) - held - {name for kind in kinds for name in kind.ends}


def _at_once(rung: Rung) -> Starts | None:
    """Return the lines of a rung with how long each holds, if all they do is to start penalties at once."""
    found = []
    for use in rung.uses:
        odd = use.when or use.delay or use.from_step or use.until_step
        if use.kind != "penalty" or odd or not (use.lasts is None or use.lasts.is_exact):
            return None
        found.append((use, -1 if use.lasts is None else use.lasts.us))
    return tuple(found)


def whole(value: int) -> int | float:
    """Return millionths as a number: whole where it is."""
    return value // UNIT if value % UNIT == 0 else value / UNIT

"""Reads the lines of a schedule: conditions, ladders, prices, penalties."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from zelo.base.source import Report, Span
from zelo.policy import load_names as names
from zelo.policy.load_head import IN_BOTH
from zelo.policy.load_shapes import At, Entry, Fields, Record, Schema, Sequence, Table
from zelo.policy.load_values import Choice, Flag, Name
from zelo.policy.schedules.shapes import BASIS, ID_NAME, WHEN, Amount, Term, When, Word, check_known
from zelo.policy.schedules.values import Basis, Match, PenaltyKind, Price, Rung, Use
from zelo.policy.yaml_reader import MapNode, Node

SCOPES = (
    "account",
    "publish",
    "comment",
    "live",
    "message",
    "like",
    "sell",
    "list_goods",
    "promote",
    "affiliate",
    "monetize",
    "recommend",
    "search",
    "ads",
    "benefits",
    "funds",
)
"""What a penalty can take away."""
_ANY_NAME = Name(names.TAG)


@dataclass(frozen=True)
class Known:
    """The names that the lines of a schedule may use."""

    violations: tuple[str, ...]
    severities: tuple[str, ...]
    attributes: tuple[str, ...]
    steps: tuple[str, ...]
    penalties: Mapping[str, PenaltyKind]


@dataclass(frozen=True)
class Scopes:
    """`[publish, comment]`, or `{message: followers_only}` for what is left of it."""

    def read(self, node: Node, report: Report) -> Mapping[str, str] | None:
        """Return what is left of each scope."""
        scope = Choice(SCOPES)
        if isinstance(node, MapNode):
            found = {}
            for name, (key, value) in node.entries.items():
                word = Word().read(value, report)
                if scope.read(key, report) and word:
                    found[name] = word.value
            return found
        several = Sequence(scope, or_one=True, most=len(SCOPES)).read(node, report)
        return None if several is None else {name.value: "none" for name in several}

    def schema(self, definitions: Schema) -> Schema:
        """Return the same as a JSON Schema."""
        several: Schema = {"type": "array", "items": {"enum": list(SCOPES)}}
        table: Schema = {"type": "object", "propertyNames": {"enum": list(SCOPES)}}
        return {"anyOf": [several, table]}


_P_TITLE = Entry("title", IN_BOTH, "What people call the penalty.")
_P_SCOPES = Entry("scopes", Scopes(), "What it takes away.")
_P_STACKING = Entry(
    "stacking", Choice(("beside", "absorb", "extend", "replace")), "Beside one that already runs.", required=False
)
_P_ENDS = Entry("ends", Sequence(ID_NAME, or_one=True), "Penalties that end when it starts.", required=False)
_P_LINKED = Entry("reaches_linked", Flag(), "Whether it holds for linked accounts too.", required=False)
PENALTY = Record((_P_TITLE, _P_SCOPES, _P_STACKING, _P_ENDS, _P_LINKED, BASIS))


def penalty_kind(name: At[str], fields: Fields) -> tuple[PenaltyKind, tuple[At[str], ...]]:
    """Return a penalty and the names it ends."""
    stacking, linked, basis = fields.get(_P_STACKING), fields.get(_P_LINKED), fields.get(BASIS)
    ends = fields.get(_P_ENDS) or ()
    kind = PenaltyKind(
        name.value,
        fields.get(_P_TITLE) or {},
        fields.get(_P_SCOPES) or {},
        stacking.value if stacking else "beside",
        tuple(end.value for end in ends),
        bool(linked and linked.value),
        basis.value if basis else None,
    )
    return kind, ends


_PENALTY = Entry("penalty", ID_NAME, "The penalty it brings.", required=False)
_WARNING = Entry("warning", ID_NAME, "The warning it brings.", required=False)
_DUTY = Entry("duty", ID_NAME, "What the account has to do.", required=False)
_FOR = Entry("for", Term(forever=True), "How long.", required=False)
_UNTIL = Entry("until_step", ID_NAME, "It ends when the account does this.", required=False)
_FROM = Entry("from_step", ID_NAME, "It starts when the account does this.", required=False)
_AFTER = Entry("after", Term(), "It starts, or falls due, this much later.", required=False)
_TOWARD = Entry("toward", ID_NAME, "The attribute that names the one account it holds toward.", required=False)
_STEP = Entry("step", _ANY_NAME, "The name of the step.", required=False)


class Milestone:
    """A number, or numbers by value of the track's key."""

    table = Table(names.TAG, Amount())

    def read(self, node: Node, report: Report) -> tuple[int | None, tuple[tuple[At[str], At[int]], ...]] | None:
        """Return the milestone, or milestones by key."""
        if isinstance(node, MapNode):
            found = self.table.read(node, report)
            return None if found is None else (None, found)
        value = Amount().read(node, report)
        return None if value is None else (value.value, ())

    def schema(self, definitions: Schema) -> Schema:
        """Return the same as a JSON Schema."""
        return {"anyOf": [Amount().schema(definitions), self.table.schema(definitions)]}


_MILESTONE = Entry("at", Milestone(), "The milestone; several by value of the track's key.", required=False)
_EVERY = Entry("every", Amount(), "Each multiple is a milestone.", required=False)
COUNTS = Entry("counts", Flag(), "Whether the violation counts on the tracks as well; it does not.", required=False)
_HAPPENS = (_PENALTY, _WARNING, _DUTY, _FOR, _UNTIL, _FROM, _AFTER, _TOWARD, WHEN, BASIS)
LADDER_LINE = Record((_MILESTONE, _EVERY, _STEP, *_HAPPENS))
AT_ONCE_LINE = Record((COUNTS, *_HAPPENS))
BAND_LINE = Record((_PENALTY, _AFTER, BASIS))


def match_of(when: When | None, known: Known, report: Report) -> Match:
    """Return a condition whose names are all known."""
    if when is None:
        return Match()
    wants = []
    for name, words in when.words:
        if name.value == "violation":
            options = (*known.violations, "*")
            checks = [not known.violations or check_known("Z311", word, options, report) for word in words]
        elif name.value == "severity":
            checks = [check_known("Z312", word, (*known.severities, "*"), report) for word in words]
        else:
            checks = [check_known("Z313", name, (*known.attributes, "violation", "severity"), report)]
        if all(checks):
            wants.append((name.value, frozenset(word.value for word in words)))
    return Match(tuple(wants), when.content_within)


def use_of(fields: Fields, known: Known, report: Report, ends: bool = True) -> Use | None:
    """Return what a line brings about: one of penalty, warning, duty, or nothing but a name of a step."""
    kinds = [("penalty", fields.get(_PENALTY)), ("warning", fields.get(_WARNING)), ("duty", fields.get(_DUTY))]
    given = [(kind, name) for kind, name in kinds if name is not None]
    lasts = fields.get(_FOR)
    if len(given) > 1 or (not given and not fields.has(_STEP)):
        report.add("Z320", fields.node.heading)
        return None
    kind, name = given[0] if given else ("step", At("", fields.node))
    if kind == "penalty" and not check_known("Z314", name, known.penalties, report):
        return None
    until, begin = fields.get(_UNTIL), fields.get(_FROM)
    for step in (until, begin):
        if step is not None:
            check_known("Z317", step, known.steps, report)
    if ends and kind == "penalty" and lasts is None and until is None and not fields.has(_FOR):
        report.add("Z326", name.span)
    toward, after, basis = fields.get(_TOWARD), fields.get(_AFTER), fields.get(BASIS)
    if toward is not None:
        check_known("Z313", toward, known.attributes, report)
    when = fields.get(WHEN)
    return Use(
        kind,
        name.value,
        lasts.value if lasts else None,
        until.value if until else None,
        begin.value if begin else None,
        after.value if after else None,
        match_of(when, known, report) if when else None,
        toward.value if toward else None,
        basis.value if basis else None,
    )


@dataclass(frozen=True)
class Line:
    """One line of a ladder, before lines of one milestone are put together."""

    rung: Rung
    span: Span


def ladder_of(lines: tuple[Fields, ...], known: Known, per: tuple[str, ...], report: Report) -> tuple[Line, ...]:
    """Return the rungs of a ladder, in the order of the file; lines of one milestone are one rung."""
    found: dict[object, Line] = {}
    for fields in lines:
        use = use_of(fields, known, report)
        milestone, every, step = fields.get(_MILESTONE), fields.get(_EVERY), fields.get(_STEP)
        if fields.has(_MILESTONE) == fields.has(_EVERY):
            report.add("Z321", fields.node.heading)
            continue
        if use is None or (milestone is None and every is None):
            continue
        at, by_key = milestone or (None, ())
        if by_key and not per:
            report.add("Z328", fields.place(_MILESTONE))
        place = fields.place(_MILESTONE if milestone else _EVERY)
        if every is not None and every.value == 0:
            report.add("Z316", place)
            continue
        name = step.value if step else ""
        rung = Rung(at, {k.value: v.value for k, v in by_key}, every.value if every else None, name, (use,))
        key = (at, tuple(sorted(rung.per_key.items())), rung.every)
        before = found.get(key)
        if before is None:
            found[key] = Line(rung, place)
        else:
            if name and before.rung.step and name != before.rung.step:
                report.add("Z318", place, related=(before.span,))
            uses = (*before.rung.uses, use)
            found[key] = Line(Rung(at, rung.per_key, rung.every, before.rung.step or name, uses), before.span)
    return tuple(found.values())


_POINTS = Entry("points", Amount(), "What it costs.", required=False)
_GIVEN = Entry("given", Sequence(Amount(), least=2, most=2), "The entry says what it costs, between these.", False)
_BY_SEVERITY = Entry("by_severity", Table(names.ID, Amount()), "What it costs by severity.", required=False)
_BY_TURN = Entry("by_turn", Table(names.Form("[1-9][0-9]{0,5}"), Amount()), "What it costs from which time on.", False)
_TURN_PER = Entry("turn_per", Sequence(ID_NAME, or_one=True), "Turns are counted for each value of these.", False)
_TURN_IN = Entry("turn_in", Term(), "Turns are counted in periods that start with their first violation.", False)
_CAP = Entry("at_most", Amount(), "All together at most this in a period.", required=False)
_CAP_IN = Entry("at_most_in", Term(), "The period, which starts with its first violation.", required=False)
PRICE_LINE = Record((WHEN, _POINTS, _GIVEN, _BY_SEVERITY, _BY_TURN, _TURN_PER, _TURN_IN, _CAP, _CAP_IN, BASIS))


def price_of(fields: Fields, known: Known, unit: int, report: Report) -> Price | None:
    """Return what an entry costs; a line that says nothing costs one."""
    ways = [entry for entry in (_POINTS, _GIVEN, _BY_SEVERITY, _BY_TURN) if fields.has(entry)]
    if len(ways) > 1:
        report.add("Z327", fields.node.heading)
        return None
    points, given, basis, when = fields.get(_POINTS), fields.get(_GIVEN), fields.get(BASIS), fields.get(WHEN)
    by_severity, by_turn = fields.get(_BY_SEVERITY) or (), fields.get(_BY_TURN) or ()
    for severity, _ in by_severity:
        check_known("Z312", severity, known.severities, report)
    turns = tuple(sorted((int(turn.value), cost.value) for turn, cost in by_turn))
    if turns and turns[0][0] != 1:
        report.add("Z329", fields.place(_BY_TURN))
    keys = fields.get(_TURN_PER) or ()
    for key in keys:
        check_known("Z313", key, (*known.attributes, "violation", "severity"), report)
    cap, cap_in, turn_in = fields.get(_CAP), fields.get(_CAP_IN), fields.get(_TURN_IN)
    if fields.has(_CAP) != fields.has(_CAP_IN):
        report.add("Z330", fields.place(_CAP if fields.has(_CAP) else _CAP_IN))
    if given and given[0].value > given[1].value:
        report.add("Z331", fields.place(_GIVEN))
    return Price(
        match_of(when, known, report),
        points.value if points else 0 if ways else unit,
        (given[0].value, given[1].value) if given and len(given) == 2 else None,
        {severity.value: cost.value for severity, cost in by_severity},
        turns,
        turn_in.value if turn_in else None,
        tuple(key.value for key in keys),
        (cap.value, cap_in.value) if cap and cap_in and cap_in.value else None,
        basis.value if basis else None,
    )


def basis_of(fields: Fields) -> Basis | None:
    """Return the trust mark of a line."""
    found = fields.get(BASIS)
    return found.value if found else None

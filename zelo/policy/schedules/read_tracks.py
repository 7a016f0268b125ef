"""Reads the tracks of a schedule and checks that every milestone and band can be reached."""

from __future__ import annotations

from dataclasses import dataclass

from zelo.base.source import Report, Span
from zelo.policy import load_names as names
from zelo.policy.load_head import IN_BOTH
from zelo.policy.load_shapes import At, Entry, Fields, Record, Schema, Sequence, Table
from zelo.policy.load_values import Choice, Flag, Name
from zelo.policy.schedules import read_lines as lines
from zelo.policy.schedules.lengths import NEVER, Length
from zelo.policy.schedules.shapes import BASIS, ID_NAME, Amount, Days, Term, check_known
from zelo.policy.schedules.values import OTHERWISE, UNIT, Band, Clean, Gain, Lives, Rung, Track, Window
from zelo.policy.yaml_reader import Node, ScalarNode

KINDS = ("points", "rating", "strikes", "rates")
_BY_SEVERITY = Entry("by_severity", Table(names.ID, Term()), "How long by severity of the violation.", required=False)
_LENGTH = Entry("length", Term(forever=True), "How long from its own date.", required=False)
_UNTIL = Entry("until", Days(), "Till the next of these days.", required=False)


class Expiry:
    """`90d`, `forever`, `{by_severity: {low: 90d, high: 1y}}`, `{until: {months: [1, 4, 7, 10], day: 1}}`."""

    record = Record((_LENGTH, _BY_SEVERITY, _UNTIL))

    def read(self, node: Node, report: Report) -> tuple[Lives, tuple[At[str], ...]] | None:
        """Return how long an item counts, and the severities it names."""
        if isinstance(node, ScalarNode):
            term = Term(forever=True).read(node, report)
            return None if term is None else (Lives(term.value), ())
        fields = self.record.read(node, report)
        if fields is None:
            return None
        length, table, until = fields.get(_LENGTH), fields.get(_BY_SEVERITY) or (), fields.get(_UNTIL)
        by_severity: dict[str, Length] = {word.value: term.value for word, term in table if term.value is not None}
        lives = Lives(length.value if length else None, by_severity, until)
        return lives, tuple(word for word, _ in table)

    def schema(self, definitions: Schema) -> Schema:
        """Return the same as a JSON Schema."""
        return {"anyOf": [Term(forever=True).schema(definitions), self.record.schema(definitions)]}


_LEAST = Entry("least", Amount(-1_000_000), "At least.", required=False)
_MOST = Entry("most", Amount(-1_000_000), "At most.", required=False)
_ABOVE = Entry("above", Amount(-1_000_000), "More than.", required=False)
LIMITS = Record((_LEAST, _MOST, _ABOVE))
MEASURES = Table(names.ID, LIMITS)


def limits_of(table: tuple[tuple[At[str], Fields], ...] | None) -> tuple[tuple[str, str, int], ...]:
    """Return limits of measures, one by one."""
    found = []
    for name, fields in table or ():
        for entry in (_LEAST, _MOST, _ABOVE):
            if (limit := fields.get(entry)) is not None:
                found.append((name.value, entry.name, limit.value))
    return tuple(found)


_G_PER = Entry("per", Amount(), "For each full so many.", required=False)
_G_GIVES = Entry("gives", Amount(), "So many points back.")
_G_LIVES = Entry("lives", Term(forever=True), "How long they count.", required=False)
_GAIN = Record((_G_PER, _G_GIVES, _G_LIVES, BASIS))
_C_EVERY = Entry("every", Term(), "For each such stretch without a violation.")
_CLEAN = Record((_C_EVERY, _G_GIVES, BASIS))
_W_NAME = Entry("window", Name(names.Form("[0-9a-z_]+", most=20)), "Its name, the end of its measures' names.")
_W_NEEDS = Entry("needs", MEASURES, "When it is the window that counts.", required=False)
_WINDOW = Record((_W_NAME, _W_NEEDS))
_B_BAND = Entry("band", Name(names.TAG), "Its name.")
_B_TITLE = Entry("title", IN_BOTH, "What people call it.")
_B_FROM = Entry("from", Amount(), "From this value of the rating up.", required=False)
_B_MOST = Entry("most", Table(names.ID, Amount()), "Each rate at most this.", required=False)
_B_USES = Entry("penalties", Sequence(lines.BAND_LINE, most=20), "What holds while in the band.", required=False)
_BAND = Record((_B_BAND, _B_TITLE, _B_FROM, _B_MOST, _B_USES, BASIS))

_TITLE = Entry("title", IN_BOTH, "What people call it.")
_KIND = Entry("kind", Choice(KINDS), "How it counts.")
_START = Entry("start", Amount(), "Where a rating starts.", required=False)
_LOW = Entry("least", Amount(), "The lowest a rating is read as.", required=False)
_HIGH = Entry("most", Amount(), "The highest a rating is read as.", required=False)
_PER = Entry("per", Sequence(ID_NAME, or_one=True, most=4), "A balance for each value of these.", required=False)
_PRICES = Entry("counts", Sequence(lines.PRICE_LINE, most=500), "What each entry costs: the first that fits.", False)
_LIVES = Entry("lives", Expiry(), "How long each counts.", required=False)
_STAYS = Entry("stays_at", Amount(), "Once there, nothing expires any more.", required=False)
_MERGE = Entry("merge", Term(), "Violations in such a period count as one.", required=False)
_EVALUATED = Entry("evaluated", Days(), "Milestones are looked at on these days only.", required=False)
_EACH = Entry("each", Flag(), "Every violation takes its step of the ladder.", required=False)
_WARNS = Entry("warns_before", Amount(), "A warning so much before each milestone.", required=False)
_LADDER = Entry("ladder", Sequence(lines.LADDER_LINE, most=200), "The milestones.", required=False)
_BANDS = Entry("bands", Sequence(_BAND, most=40), "The bands, best first.", required=False)
_GAINS = Entry("gains", Table(names.ID, _GAIN), "Points back by rewards and training.", required=False)
_CLEAN_DAYS = Entry("clean", _CLEAN, "Points back for time without a violation.", required=False)
_CURED = Entry("cured_by", ID_NAME, "The account's step after which a violation no longer counts.", required=False)
_WINDOWS = Entry("windows", Sequence(_WINDOW, most=8), "The windows of the rates, the first that counts.", False)
_NEEDS = Entry("needs", MEASURES, "Without these there is no band.", required=False)
_ALL = (_TITLE, _KIND, _START, _LOW, _HIGH, _PER, _PRICES, _LIVES, _STAYS, _MERGE, _EVALUATED, _EACH, _WARNS, _LADDER)
TRACK = Record((*_ALL, _BANDS, _GAINS, _CLEAN_DAYS, _CURED, _WINDOWS, _NEEDS, BASIS))
_ONLY: dict[str, tuple[Entry[object], ...]] = {
    "rating": (_START, _LOW, _HIGH),
    "rates": (_WINDOWS, _NEEDS),
}
_NOT_RATES: tuple[Entry[object], ...] = (
    _PER, _PRICES, _LIVES, _STAYS, _MERGE, _EACH, _WARNS, _LADDER, _GAINS, _CLEAN_DAYS, _CURED
)  # fmt: skip


@dataclass(frozen=True)
class _Read:
    """A track while it is read."""

    name: At[str]
    fields: Fields
    kind: str
    known: lines.Known
    report: Report


def track_of(name: At[str], fields: Fields, known: lines.Known, report: Report) -> Track | None:
    """Return a track whose lines are right."""
    kind = fields.get(_KIND)
    if kind is None:
        return None
    read = _Read(name, fields, kind.value, known, report)
    _check_keys(read)
    per = fields.get(_PER) or ()
    for key in per:
        check_known("Z313", key, (*known.attributes, "violation", "severity"), report)
    lives, named = fields.get(_LIVES) or (Lives(), ())
    for severity in named:
        check_known("Z312", severity, known.severities, report)
    if kind.value != "rates" and not fields.has(_LIVES):
        report.add("Z023", fields.node.heading, key="lives")
    prices = [lines.price_of(line, known, UNIT, report) for line in fields.get(_PRICES) or ()]
    keys = tuple(key.value for key in per)
    rungs = lines.ladder_of(fields.get(_LADDER) or (), known, keys, report)
    start, low, high = fields.get(_START), fields.get(_LOW), fields.get(_HIGH)
    cured = fields.get(_CURED)
    if cured is not None:
        check_known("Z317", cured, known.steps, report)
    stays, merge, each, warns = fields.get(_STAYS), fields.get(_MERGE), fields.get(_EACH), fields.get(_WARNS)
    track = Track(
        name.value,
        fields.get(_TITLE) or {},
        kind.value,
        start.value if start else 0,
        low.value if low else 0,
        high.value if high else None,
        keys,
        tuple(price for price in prices if price is not None),
        lives,
        stays.value if stays else None,
        merge.value if merge else None,
        fields.get(_EVALUATED),
        each.value if each else kind.value == "strikes" and not keys,
        warns.value if warns else None,
        tuple(line.rung for line in rungs),
        _bands(read),
        _gains(fields),
        _clean(fields),
        cured.value if cured else None,
        _windows(fields),
        limits_of(fields.get(_NEEDS)),
        lines.basis_of(fields),
    )
    _check_reach(track, [line.span for line in rungs], read)
    return track


def _check_keys(read: _Read) -> None:
    """Report keys that this kind of track does not have."""
    for kind, entries in _ONLY.items():
        for entry in entries:
            if read.fields.has(entry) and read.kind != kind:
                read.report.add("Z322", read.fields.place(entry), key=entry.name, kind=read.kind)
    for entry in _NOT_RATES if read.kind == "rates" else ():
        if read.fields.has(entry):
            read.report.add("Z322", read.fields.place(entry), key=entry.name, kind=read.kind)
    if read.fields.has(_BANDS) and read.kind not in ("rating", "rates"):
        read.report.add("Z322", read.fields.place(_BANDS), key="bands", kind=read.kind)
    if read.fields.has(_GAINS) and read.fields.has(_PER):
        read.report.add("Z332", read.fields.place(_GAINS))


def _bands(read: _Read) -> tuple[Band, ...]:
    """Return the bands; those of a rating cover it from top to bottom, each below the one before it."""
    found: list[Band] = []
    last: tuple[int, Span] | None = None
    given = read.fields.get(_BANDS) or ()
    for number, fields in enumerate(given):
        name, title = fields.get(_B_BAND), fields.get(_B_TITLE) or {}
        least, most = fields.get(_B_FROM), fields.get(_B_MOST) or ()
        if read.kind == "rating":
            place = fields.place(_B_FROM)
            if least is None:
                read.report.add("Z023", fields.node.heading, key="from")
            elif last is not None and least.value >= last[0]:
                read.report.add("Z333", place, related=(last[1],))
            last = (least.value, place) if least else last
            low = read.fields.get(_LOW)
            if number == len(given) - 1 and least is not None and least.value > (low.value if low else 0):
                read.report.add("Z334", place)
        elif number == len(given) - 1 and most:
            read.report.add("Z334", fields.place(_B_MOST))
        elif number < len(given) - 1 and not most:
            read.report.add("Z333", fields.node.heading)
        uses = [lines.use_of(use, read.known, read.report, ends=False) for use in fields.get(_B_USES) or ()]
        if name is not None:
            limits = {measure.value: limit.value for measure, limit in most}
            kept = tuple(use for use in uses if use is not None)
            value = least.value if least else None
            found.append(Band(name.value, title, value, limits, kept, lines.basis_of(fields)))
    return tuple(found)


def _gains(fields: Fields) -> tuple[Gain, ...]:
    found = []
    for name, line in fields.get(_GAINS) or ():
        per, gives, lives = line.get(_G_PER), line.get(_G_GIVES), line.get(_G_LIVES)
        count = max(per.value // UNIT, 1) if per else 1
        length = lives.value if lives else None
        found.append(Gain(name.value, count, gives.value if gives else 0, length, lines.basis_of(line)))
    return tuple(found)


def _clean(fields: Fields) -> Clean | None:
    line = fields.get(_CLEAN_DAYS)
    every, gives = (line.get(_C_EVERY), line.get(_G_GIVES)) if line else (None, None)
    if line is None or every is None or gives is None or every.value is None:
        return None
    return Clean(every.value, gives.value, lines.basis_of(line))


def _windows(fields: Fields) -> tuple[Window, ...]:
    found = []
    for line in fields.get(_WINDOWS) or ():
        if (name := line.get(_W_NAME)) is not None:
            found.append(Window(name.value, limits_of(line.get(_W_NEEDS))))
    return tuple(found)


def _check_reach(track: Track, spans: list[Span], read: _Read) -> None:
    """Report milestones that no balance can pass."""
    for rung, span in zip(track.ladder, spans, strict=True):
        values = [*rung.per_key.values(), *([rung.at] if rung.at is not None else [])]
        for value in values:
            if track.kind == "rating":
                reachable = track.least <= value < track.start
            else:
                reachable = value > track.start and (track.most is None or value <= track.most)
            if not reachable:
                read.report.add("Z316", span)
    rungs = [(rung.at, span, rung) for rung, span in zip(track.ladder, spans, strict=True) if rung.at is not None]
    closing = [(at, span) for at, span, rung in rungs if _closes(rung, read.known)]
    for at, span, _ in rungs:
        for other, place in closing:
            beyond = at < other if track.kind == "rating" else at > other
            if beyond:
                read.report.add("Z350", span, related=(place,))
    _warn_milder(track, spans, read)
    if track.per and not any(OTHERWISE in rung.per_key for rung in track.ladder if rung.per_key):
        if any(rung.per_key for rung in track.ladder):
            read.report.add("Z351", read.fields.place(_LADDER))


def _warn_milder(track: Track, spans: list[Span], read: _Read) -> None:
    """Warn of a step whose penalty lasts less long than the same penalty on the step before it."""
    lasting: dict[str, int] = {}
    rungs = [(rung.at, span, rung) for rung, span in zip(track.ladder, spans, strict=True) if rung.at is not None]
    for _, span, rung in sorted(rungs, key=lambda one: one[0], reverse=track.kind == "rating"):
        for use in rung.uses:
            if use.kind != "penalty" or use.when is not None or use.until_step is not None:
                continue
            length = NEVER if use.lasts is None else use.lasts.usual_us
            if length < lasting.get(use.name, 0):
                read.report.add("Z353", span)
            lasting[use.name] = length


def _closes(rung: Rung, known: lines.Known) -> bool:
    """Say whether a rung takes the whole account without end, so that no further rung matters."""
    for use in rung.uses:
        if use.kind == "penalty" and use.lasts is None and use.until_step is None and use.when is None:
            kind = known.penalties.get(use.name)
            if kind is not None and kind.scopes.get("account") == "none":
                return True
    return False

"""Reads `schedules/*.yaml` into schedules: every date and variant of each file, every mistake at its place."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from hashlib import sha256

from zelo.base.source import Report, Source
from zelo.policy import load_names as names
from zelo.policy.load_head import IN_BOTH, TIME_ZONE
from zelo.policy.load_shapes import At, Entry, Fields, Record, Schema, Sequence, Table
from zelo.policy.load_values import Choice, Name, Text
from zelo.policy.schedules import read_lines as lines
from zelo.policy.schedules import read_programmes as programmes
from zelo.policy.schedules.dated import SINCE_EVER, Timeline, bases, check_variants
from zelo.policy.schedules.read_tracks import TRACK, track_of
from zelo.policy.schedules.shapes import ID_NAME, check_known
from zelo.policy.schedules.values import PenaltyKind, Rules, Schedule, Texts, Track
from zelo.policy.yaml_reader import ListNode, MapNode, Node, ScalarNode, read_yaml

VARIANTS_MAX = 20


class _Titled:
    """A list of names, or names with their titles."""

    table = Table(names.ID, IN_BOTH)
    plain = Sequence(ID_NAME, most=2_000)

    def read(self, node: Node, report: Report) -> tuple[tuple[At[str], Texts], ...] | None:
        """Return names and titles; a name alone has no title."""
        if isinstance(node, MapNode):
            return self.table.read(node, report)
        several = self.plain.read(node, report)
        return None if several is None else tuple((name, {}) for name in several)

    def schema(self, definitions: Schema) -> Schema:
        """Return the same as a JSON Schema."""
        return {"anyOf": [self.table.schema(definitions), self.plain.schema(definitions)]}


_NAME = Entry("schedule", ID_NAME, "Its name, that of the file.")
_TITLE = Entry("title", IN_BOTH, "What people call it.")
_MARKETS = Entry("markets", Sequence(Name(names.MARKET), most=300), "Where it holds.", required=False)
_ZONE = Entry("time_zone", TIME_ZONE, "Time zone of its calendar.", required=False)
_VARIANTS = Entry("variants", Sequence(Name(names.TAG), most=VARIANTS_MAX), "Its variants, the usual one first.", False)
_SOURCES = Entry("sources", Table(names.TAG, Text(2_000)), "What its lines rest on.", required=False)
_SEVERITIES = Entry("severities", _Titled(), "Severities, mildest first.", required=False)
_DUTIES = Entry("duties", _Titled(), "What an account may have to do.", required=False)
_ATTRIBUTES = Entry("attributes", Sequence(ID_NAME, most=40), "Words of an entry that lines ask about.", required=False)
_STEPS = Entry("steps", Sequence(ID_NAME, most=40), "What an account can do about a violation.", required=False)
_LINKED = Entry("linked", Choice(("counts", "apart")), "Whether violations of linked accounts count.", required=False)


_VIOLATIONS = Entry("violations", _Titled(), "The violations it knows; any when not said.", required=False)
_CONVENTIONS = Entry("conventions", programmes.CONVENTIONS, "What public texts leave open.", required=False)
_PENALTIES = Entry("penalties", Table(names.ID, lines.PENALTY, least=0), "The penalties.", required=False)
_STANDINGS = Entry("standings", Sequence(programmes.STANDING, most=40), "Words for a standing.", required=False)
_WARNING = Entry("warning_first", programmes.WARNING_FIRST, "First violations bring a warning.", required=False)
_AT_ONCE = Entry("at_once", Sequence(lines.AT_ONCE_LINE, most=200), "Lines that skip the ladder.", required=False)
_TRACKS = Entry("tracks", Table(names.ID, TRACK, most=40), "What is counted.", required=False)
_TRAINING = Entry("training", Table(names.ID, programmes.TRAINING), "What finished training does.", required=False)
_APPEALS = Entry("appeals", Sequence(programmes.APPEAL, most=40), "Which appeals are accepted.", required=False)
_TIERS = Entry("tiers", programmes.TIERS, "Tiers and their perks.", required=False)
_GATES = Entry("gates", Table(names.ID, Sequence(programmes.NEED, most=40)), "Conditions of programmes.", False)
_PAYOUTS = Entry("payouts", Table(names.ID, programmes.PAYOUT), "How earnings are paid.", required=False)
_HEAD = (
    _NAME,
    _TITLE,
    _MARKETS,
    _ZONE,
    _VARIANTS,
    _SOURCES,
    _SEVERITIES,
    _ATTRIBUTES,
    _STEPS,
    _LINKED,
    _VIOLATIONS,
    _DUTIES,
)
_BODY = (_CONVENTIONS, _PENALTIES, _STANDINGS, _WARNING, _AT_ONCE, _TRACKS, _TRAINING, _APPEALS, _TIERS, _GATES)
SCHEDULE_FILE = Record((*_HEAD, *_BODY, _PAYOUTS))
"""The shape of `schedules/NAME.yaml`."""
_HEAD_ONLY = (_ZONE, _VARIANTS)


def read_schedule(source: Source, report: Report, time_zone: str = "UTC", stem: str = "") -> Schedule | None:
    """Read a schedule file; None when something in it is wrong, which is reported.

    The time zone is the pack's, for a schedule that names none; the stem is the file's name, which the schedule's is.
    """
    node = read_yaml(source, report)
    if not isinstance(node, MapNode):
        if node is not None:
            report.add("Z029", node.span)
        return None
    zone = _plain(node, _ZONE, report) or time_zone
    variants = _variants(node, report)
    check_variants(node, variants, report)
    timeline = Timeline(zone)
    timeline.collect(node, report)
    dates = (SINCE_EVER, *sorted(timeline.dates))
    found: dict[str, Schedule] = {}
    for variant in variants or ("",):
        read = [_Reading(node, timeline.at(node, date, variant), date, report).read() for date in dates]
        parts = [part for part in read if part is not None]
        if len(parts) == len(dates):
            head = parts[-1]
            digest = sha256(f"{variant}\n{source.text}".encode()).hexdigest()
            found[variant] = Schedule(
                head.name, head.title, digest, variant, zone, head.severities, head.violations, head.attributes,
                head.steps, tuple(part.rules for part in parts), head.sources, head.titles, source, node.span,
            )  # fmt: skip
            if stem and head.name != stem:
                report.add("Z337", node.entries["schedule"][1].span, name=head.name, stem=stem)
    if not found or any(d.is_error and d.span.source.path == source.path for d in report.diagnostics):
        return None
    first = next(iter(found.values()))
    return replace(first, others=found)


def _plain(node: MapNode, entry: Entry[At[str]], report: Report) -> str | None:
    """Return a text of the head before the rest is read."""
    if entry.name not in node.entries:
        return None
    value = entry.shape.read(node.entries[entry.name][1], report)
    return value.value if value else None


def _variants(node: MapNode, report: Report) -> tuple[str, ...]:
    if "variants" not in node.entries:
        return ()
    return tuple(name.value for name in _VARIANTS.shape.read(node.entries["variants"][1], report) or ())


@dataclass(frozen=True)
class _Part:
    """A schedule as it reads on one date."""

    name: str
    title: Texts
    severities: tuple[str, ...]
    violations: Mapping[str, Texts]
    attributes: tuple[str, ...]
    steps: tuple[str, ...]
    sources: Mapping[str, str]
    titles: Mapping[str, Texts]
    rules: Rules


class _Reading:
    """Reads a file as it reads on one date in one variant."""

    def __init__(self, whole: Node, node: Node, date: int, report: Report) -> None:
        self.whole, self.node, self.date, self.report = whole, node, date, report

    def read(self) -> _Part | None:
        """Return the schedule on this date."""
        report = self.report
        fields = SCHEDULE_FILE.read(self.node, report)
        if fields is None:
            return None
        sources = {name.value: text.value for name, text in fields.get(_SOURCES) or ()}
        self._check_sources(sources)
        violations, name = self._titles(fields, _VIOLATIONS), fields.get(_NAME)
        severities, duties = self._titles(fields, _SEVERITIES), self._titles(fields, _DUTIES)
        known = lines.Known(
            tuple(violations),
            tuple(severities),
            self._words(fields, _ATTRIBUTES),
            self._words(fields, _STEPS),
            self._penalties(fields),
        )
        return _Part(
            name.value if name else "",
            fields.get(_TITLE) or {},
            known.severities,
            violations,
            known.attributes,
            known.steps,
            sources,
            {**severities, **duties},
            self._rules(fields, known),
        )

    def _titles(self, fields: Fields, entry: Entry[tuple[tuple[At[str], Texts], ...]]) -> dict[str, Texts]:
        """Return names with their titles, each once."""
        found: dict[str, tuple[At[str], Texts]] = {}
        for name, title in fields.get(entry) or ():
            if name.value in found:
                self.report.add("Z336", name.span, related=(found[name.value][0].span,), name=name.value)
            found.setdefault(name.value, (name, title))
        return {name: title for name, (_, title) in found.items()}

    def _words(self, fields: Fields, entry: Entry[tuple[At[str], ...]]) -> tuple[str, ...]:
        """Return a list of names, each once."""
        found: dict[str, At[str]] = {}
        for word in fields.get(entry) or ():
            if word.value in found:
                self.report.add("Z336", word.span, related=(found[word.value].span,), name=word.value)
            found.setdefault(word.value, word)
        return tuple(found)

    def _check_sources(self, sources: Mapping[str, str]) -> None:
        """Report trust marks with a source that the file does not name."""
        for node in bases(self.node):
            if isinstance(node, ScalarNode):
                for word in node.value.split()[1:]:
                    check_known("Z309", At(word, node), tuple(sources), self.report)

    def _penalties(self, fields: Fields) -> Mapping[str, PenaltyKind]:
        """Return the penalties by name; one may not end itself, nor two each other."""
        found: dict[str, PenaltyKind] = {}
        ended: list[tuple[str, At[str]]] = []
        for name, line in fields.get(_PENALTIES) or ():
            found[name.value], ends = lines.penalty_kind(name, line)
            ended += [(name.value, end) for end in ends]
        for name_, end in ended:
            if check_known("Z314", end, found, self.report) and _ends(found, end.value, name_, set()):
                self.report.add("Z319", end.span, name=name_, other=end.value)
        return found

    def _warn_unused(self, fields: Fields, known: lines.Known) -> None:
        """Warn of penalties that no line gives, on any date or in any variant."""
        given = _named(self.whole, "penalty")
        for name, _ in fields.get(_PENALTIES) or ():
            if name.value in known.penalties and name.value not in given:
                self.report.add("Z352", name.span, name=name.value)

    def _rules(self, fields: Fields, known: lines.Known) -> Rules:
        report = self.report
        tracks = [track_of(name, line, known, report) for name, line in fields.get(_TRACKS) or ()]
        training = fields.get(_TRAINING) or ()
        trainings = {name.value: programmes.training_of(name.value, line, known, report) for name, line in training}
        gates = {}
        for gate, needs in fields.get(_GATES) or ():
            read = [programmes.need_of(need, known, report) for need in needs]
            gates[gate.value] = tuple(need for need in read if need is not None)
        payouts = [programmes.payout_of(name.value, line) for name, line in fields.get(_PAYOUTS) or ()]
        words = [programmes.word_of(line, known, report) for line in fields.get(_STANDINGS) or ()]
        linked = fields.get(_LINKED)
        kept: tuple[Track, ...] = tuple(track for track in tracks if track is not None)
        self._warn_unused(fields, known)
        for (_, line), item in zip(training, trainings.values(), strict=True):
            if item.unless_at is not None and item.unless_at[0] not in {track.name for track in kept}:
                report.add("Z338", line.node.heading, name=item.unless_at[0])
        return Rules(
            self.date,
            known.penalties,
            kept,
            programmes.at_once_of(fields.get(_AT_ONCE) or (), known, report),
            programmes.warning_first_of(fields.get(_WARNING), known, report),
            trainings,
            tuple(programmes.appeal_of(line, known, report) for line in fields.get(_APPEALS) or ()),
            programmes.tiers_of(fields.get(_TIERS), known, report),
            gates,
            tuple(payout for payout in payouts if payout is not None),
            tuple(word for word in words if word is not None),
            programmes.conventions_of(fields.get(_CONVENTIONS)),
            linked is not None and linked.value == "counts",
        )


def _named(node: Node, key: str) -> set[str]:
    """Return every word that stands under a key, anywhere in a file."""
    found: set[str] = set()
    if isinstance(node, ListNode):
        for item in node.items:
            found |= _named(item, key)
    elif isinstance(node, MapNode):
        for name, (_, value) in node.entries.items():
            if name == key and isinstance(value, ScalarNode):
                found.add(value.value)
            found |= _named(value, key)
    return found


def _ends(penalties: Mapping[str, PenaltyKind], start: str, goal: str, seen: set[str]) -> bool:
    """Say whether a penalty ends another, at once or through others."""
    if start == goal:
        return True
    if start in seen or start not in penalties:
        return False
    seen.add(start)
    return any(_ends(penalties, name, goal, seen) for name in penalties[start].ends)

"""Shapes that only schedules have: lengths, amounts, dates, trust marks, conditions, days of the calendar."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from zelo.base.source import Report
from zelo.policy import load_names as names
from zelo.policy.load_shapes import At, Entry, Record, Schema, Sequence, shown, suggestion
from zelo.policy.load_values import Choice, Name, Whole
from zelo.policy.schedules.lengths import Length, instant, micros, parse_length, zone_named
from zelo.policy.schedules.recurrence import FIRST_YEAR, LAST_YEAR, WEEKDAYS, Recurrence
from zelo.policy.schedules.values import TRUST, UNIT, Basis
from zelo.policy.yaml_reader import MapNode, Node, ScalarNode

AMOUNT_MAX = 10**12
"""Largest amount or measure, in whole units."""
_AMOUNT = re.compile(r"-?\d{1,13}(\.\d{1,6})?(%?)", re.ASCII)
_CLOCK = re.compile(r"([01]\d|2[0-3]):([0-5]\d)")
FOREVER = "forever"


@dataclass(frozen=True)
class Term:
    """A length of time: `90d`, `6mo`, `30cd`; never empty, never negative."""

    forever: bool = False
    """Whether `forever` may stand there, which is read as None."""

    def read(self, node: Node, report: Report) -> At[Length | None] | None:
        """Return the length."""
        text = node.value if isinstance(node, ScalarNode) else ""
        if self.forever and text == FOREVER:
            return At(None, node)
        if text.startswith("-") and parse_length(text[1:]) is not None:
            report.add("Z303", node.span, value=shown(text))
            return None
        length = parse_length(text)
        if length is None:
            report.add("Z301", node.span, value=shown(text))
            return None
        if length.is_zero:
            report.add("Z302", node.span, value=shown(text))
            return None
        return At(length, node)

    def schema(self, definitions: Schema) -> Schema:
        """Return the same as a JSON Schema."""
        plain: Schema = {"type": "string", "pattern": "^([0-9]+y)?([0-9]+mo)?([0-9]+cd)?([0-9]+[wdhms])*$"}
        return {"anyOf": [plain, {"const": FOREVER}]} if self.forever else plain


@dataclass(frozen=True)
class Amount:
    """A number with at most six decimals, or a percentage, read into millionths."""

    least: int = 0

    def read(self, node: Node, report: Report) -> At[int] | None:
        """Return it in millionths."""
        text = node.value if isinstance(node, ScalarNode) else ""
        match = _AMOUNT.fullmatch(text)
        if match is None:
            report.add("Z315", node.span, value=shown(text))
            return None
        value = int(Decimal(text.rstrip("%")) * UNIT)
        if match[2]:
            value //= 100
        if not self.least * UNIT <= value <= AMOUNT_MAX * UNIT:
            report.add("Z032", node.span, least=self.least, most=AMOUNT_MAX)
            return None
        return At(value, node)

    def schema(self, definitions: Schema) -> Schema:
        """Return the same as a JSON Schema."""
        return {"type": ["number", "string"], "pattern": r"^-?[0-9]+(\.[0-9]{1,6})?%?$"}


class Trust:
    """A trust mark and its sources: `P TS1 TS2`, or `A` alone."""

    def read(self, node: Node, report: Report) -> At[Basis] | None:
        """Return them."""
        words = node.value.split() if isinstance(node, ScalarNode) else []
        if not words or words[0] not in TRUST or not all(names.TAG.fits(word) for word in words):
            report.add("Z308", node.span, options="`, `".join(TRUST))
            return None
        if words[0] in "PS" and len(words) == 1:
            report.add("Z310", node.span, mark=words[0])
            return None
        return At(Basis(words[0], tuple(words[1:])), node)

    def schema(self, definitions: Schema) -> Schema:
        """Return the same as a JSON Schema."""
        return {"type": "string", "pattern": "^[PSAU]( [A-Za-z0-9].*)?$"}


class Word:
    """A word, also one that YAML reads as something else: `true`, `12`."""

    def read(self, node: Node, report: Report) -> At[str] | None:
        """Return it as text."""
        if isinstance(node, ScalarNode) and node.value and names.TAG.fits(node.value):
            return At(node.value, node)
        if isinstance(node, ScalarNode) and node.value == "*":
            return At("*", node)
        report.add("Z024", node.span)
        return None

    def schema(self, definitions: Schema) -> Schema:
        """Return the same as a JSON Schema."""
        return {"type": ["string", "boolean", "number"]}


@dataclass(frozen=True)
class When:
    """A condition as written: attributes with their words, and the age of the content."""

    words: tuple[tuple[At[str], tuple[At[str], ...]], ...]
    content_within: Length | None


class Condition:
    """`{violation: [spam, scam], feature: live, content_within: 90d}`."""

    words = Sequence(Word(), or_one=True, most=300)

    def read(self, node: Node, report: Report) -> When | None:
        """Return the condition."""
        if not isinstance(node, MapNode):
            report.add("Z029", node.span)
            return None
        found = []
        within: Length | None = None
        for name, (key, value) in node.entries.items():
            if name == "content_within":
                term = Term().read(value, report)
                within = term.value if term else None
            elif not names.ID.fits(name):
                report.add("Z031", key.span, name=shown(name))
            elif words := self.words.read(value, report):
                found.append((At(name, key), words))
        return When(tuple(found), within)

    def schema(self, definitions: Schema) -> Schema:
        """Return the same as a JSON Schema."""
        return {"type": "object", "additionalProperties": self.words.schema(definitions)}


class Clock:
    """A time of the day: `18:00`."""

    def read(self, node: Node, report: Report) -> At[int] | None:
        """Return it in minutes."""
        match = _CLOCK.fullmatch(node.value) if isinstance(node, ScalarNode) else None
        if match is None:
            report.add("Z323", node.span)
            return None
        return At(int(match[1]) * 60 + int(match[2]), node)

    def schema(self, definitions: Schema) -> Schema:
        """Return the same as a JSON Schema."""
        return {"type": "string", "pattern": f"^{_CLOCK.pattern}$"}


_WEEKDAY = Entry("weekday", Choice(WEEKDAYS), "Each week on this day, or with `months` in its first week.", False)
_LAST = Entry("last", Choice(WEEKDAYS), "The last such day of the month.", required=False)
_DAY = Entry("day", Whole(1, 31), "This day of the month; in a shorter month its last.", required=False)
_MONTHS = Entry("months", Sequence(Whole(1, 12), most=12), "Only in these months.", required=False)
_CLOCK_AT = Entry("clock", Clock(), "At this time of the day; midnight.", required=False)


class Days:
    """`{weekday: monday}`, `{day: 20}`, `{months: [1, 4, 7, 10], day: 1}`, `{months: [3], last: monday}`."""

    record = Record((_WEEKDAY, _LAST, _DAY, _MONTHS, _CLOCK_AT))

    def read(self, node: Node, report: Report) -> Recurrence | None:
        """Return when it recurs."""
        fields = self.record.read(node, report)
        if fields is None:
            return None
        weekday, last, day = fields.get(_WEEKDAY), fields.get(_LAST), fields.get(_DAY)
        if sum(given is not None for given in (weekday, last, day)) != 1:
            report.add("Z323", node.heading)
            return None
        months = tuple(sorted({month.value for month in fields.get(_MONTHS) or ()}))
        clock = fields.get(_CLOCK_AT)
        minute = clock.value if clock else 0
        if day is not None:
            return Recurrence(None, day.value, False, months, minute)
        named = last or weekday
        assert named is not None
        return Recurrence(WEEKDAYS.index(named.value), None, last is not None, months, minute)

    def schema(self, definitions: Schema) -> Schema:
        """Return the same as a JSON Schema."""
        return self.record.schema(definitions)


def read_date(node: Node, zone: str, report: Report) -> int | None:
    """Return the instant of `2025-06-17` (midnight in the schedule's zone) or of a time with a zone; report others."""
    text = node.value if isinstance(node, ScalarNode) else ""
    try:
        when = datetime.fromisoformat(text)
    except ValueError:
        report.add("Z304", node.span, value=shown(text))
        return None
    if not FIRST_YEAR <= when.year <= LAST_YEAR:
        report.add("Z304", node.span, value=shown(text))
        return None
    if len(text) == 10:
        return instant(when, zone_named(zone))
    if when.tzinfo is None:
        report.add("Z305", node.span, value=shown(text))
        return None
    return micros(when)


def check_known(code: str, name: At[str], options: object, report: Report) -> bool:
    """Say whether a name is one of the options; report one that is not, with the option most like it."""
    found = list(options) if isinstance(options, list | tuple | dict | set | frozenset) else []
    if name.value in found:
        return True
    report.add(code, name.span, (), name=shown(name.value), **suggestion(name.value, found))
    return False


ID_NAME = Name(names.ID)
BASIS = Entry("basis", Trust(), "Trust mark (P, S, A, U) and sources of the line.")
WHEN = Entry("when", Condition(), "For which entries.", required=False)

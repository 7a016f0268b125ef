"""Reads `pack.yaml`: what the pack is called, where it holds, who owns it, in which time zone its days are counted."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from zelo.base.effects import EFFECTS
from zelo.base.source import Report
from zelo.policy import load_names as names
from zelo.policy.load_shapes import At, Entry, Named, Record, Schema, Sequence, Table, known, shown
from zelo.policy.load_values import Choice, Length, Name, Text, Whole
from zelo.policy.pack import LANGUAGES, Label, Texts
from zelo.policy.yaml_reader import Node, ScalarNode

COUNT_MAX = 1_000_000_000
"""Largest daily limit."""
LANGUAGE_VERSION = "1"
"""Version of the policy language (`docs/language.md`) this zelo speaks."""
CLOCK_SKEW = "5m"
"""How far in the future an event may be when the pack does not say."""
_EN = Entry("en", Text(), "The text in English.")
_PT_BR = Entry("pt-BR", Text(), "The text in Brazilian Portuguese.")


class _InBoth:
    """The same text in each language; a missing one is a mistake."""

    record = Record((_EN, _PT_BR), missing="Z042")

    def read(self, node: Node, report: Report) -> Texts | None:
        """Return the text by language."""
        if isinstance(node, ScalarNode):
            report.add("Z046", node.span)
            return None
        fields = self.record.read(node, report)
        english, portuguese = (fields.get(_EN), fields.get(_PT_BR)) if fields else (None, None)
        return {"en": english.value, "pt-BR": portuguese.value} if english and portuguese else None

    def schema(self, definitions: Schema) -> Schema:
        """Return the same as a JSON Schema."""
        return self.record.schema(definitions)


class _TimeZone:
    """An IANA time zone."""

    def read(self, node: Node, report: Report) -> At[str] | None:
        """Return its name."""
        text = node.value if isinstance(node, ScalarNode) else ""
        if names.TIME_ZONE.fits(text) and _is_time_zone(text):
            return At(text, node)
        report.add("Z047", node.span, name=shown(text))
        return None

    def schema(self, definitions: Schema) -> Schema:
        """Return the same as a JSON Schema."""
        return {"type": "string", "pattern": f"^(?:{names.TIME_ZONE.pattern})$"}


def _is_time_zone(name: str) -> bool:
    try:
        return bool(ZoneInfo(name))
    except (LookupError, ValueError, OSError):  # unknown; not a zone file; a folder of zones
        return False


TIME_ZONE = _TimeZone()
"""An IANA time zone."""
IN_BOTH: Named[Texts] = Named("both_languages", _InBoth)
"""A text in every language of `LANGUAGES`."""
_NAME = Entry("pack", Name(names.ID), "Id of the pack.")
_TITLE = Entry("title", IN_BOTH, "What people call the pack.")
_DESCRIPTION = Entry("description", IN_BOTH, "What the pack is for.", required=False)
_LANGUAGE = Entry("language_version", Choice((LANGUAGE_VERSION,)), "Version of the policy language.", required=False)
_MARKETS = Entry("markets", Sequence(Name(names.MARKET)), "Markets it holds in: ISO 3166 codes or `global`.")
_LANGUAGES = Entry("languages", Sequence(Choice(LANGUAGES)), "Languages of its texts.")
_OWNERS = Entry("owners", Sequence(Name(names.TAG)), "Who answers for it.")
_ZONE = Entry("time_zone", TIME_ZONE, "IANA time zone of its calendar days.")
_SKEW = Entry("clock_skew", Length("0s", "1d"), f"How far in the future an event may be; {CLOCK_SKEW}.", required=False)
_LIMITS = Entry(
    "daily_limits",
    Table(names.ID, Whole(0, COUNT_MAX)),
    "Kind of effect to how many the whole pack may ask for in a day.",
    required=False,
)
_LABEL_TITLE = Entry("title", IN_BOTH, "What people call the label.")
_SET_BY = Entry("set_by", Choice(("people", "systems")), "Who sets the label, as no rule does.")
_LABELS = Entry(
    "labels",
    Table(names.ID, Record((_LABEL_TITLE, _SET_BY))),
    "Labels that conditions may read though no rule sets them.",
    required=False,
)
_GOVERNS = Entry(
    "governs",
    Table(names.ID, Name(names.ID)),
    "Kind of entity to the schedule that its charges and rewards fall under.",
    required=False,
)
PACK_FILE = Record(
    (_NAME, _TITLE, _DESCRIPTION, _LANGUAGE, _MARKETS, _LANGUAGES, _OWNERS, _ZONE, _SKEW, _LIMITS, _LABELS, _GOVERNS)
)
"""The shape of `pack.yaml`."""


@dataclass(frozen=True)
class Head:
    """What `pack.yaml` says; what could not be read is empty."""

    name: str
    title: Texts
    description: Texts | None
    language_version: str
    markets: tuple[str, ...]
    languages: tuple[str, ...]
    owners: tuple[str, ...]
    time_zone: str
    clock_skew_us: int
    daily_limits: Mapping[str, int]
    labels: Mapping[str, Label]
    governs: tuple[tuple[At[str], At[str]], ...] = ()
    """Kind of entity and name of the schedule."""


def read_head(node: Node, report: Report) -> Head | None:
    """Read `pack.yaml`."""
    fields = PACK_FILE.read(node, report)
    if fields is None:
        return None
    languages = [language.value for language in fields.get(_LANGUAGES) or ()]
    if fields.get(_LANGUAGES) is not None:
        for language in LANGUAGES:
            if language not in languages:
                report.add("Z042", fields.place(_LANGUAGES), key=language)
    limits = fields.get(_LIMITS) or ()
    for effect, _ in limits:
        check_effect(effect, report)
    labels = {}
    for label, entry in fields.get(_LABELS) or ():
        title, set_by = entry.get(_LABEL_TITLE), entry.get(_SET_BY)
        labels[label.value] = Label(label.value, title or {}, set_by.value if set_by else "people")
    name, zone, skew = fields.get(_NAME), fields.get(_ZONE), fields.get(_SKEW)
    return Head(
        name=name.value if name else "",
        title=fields.get(_TITLE) or {},
        description=fields.get(_DESCRIPTION),
        language_version=LANGUAGE_VERSION,
        markets=tuple(market.value for market in fields.get(_MARKETS) or ()),
        languages=tuple(languages),
        owners=tuple(owner.value for owner in fields.get(_OWNERS) or ()),
        time_zone=zone.value if zone else "UTC",
        clock_skew_us=skew.value if skew else names.duration_us(CLOCK_SKEW) or 0,
        daily_limits={effect.value: count.value for effect, count in limits},
        labels=labels,
        governs=tuple(fields.get(_GOVERNS) or ()),
    )


def check_effect(name: At[str], report: Report) -> bool:
    """Say whether an effect is of the closed set; report one that is not."""
    return known("Z419", name.value, name.span, EFFECTS, report)

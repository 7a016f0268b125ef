"""The checked pack: everything a market's team governs with, as values every engine reads."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from zelo.base.source import Source, Span
from zelo.events.types import Kind, Type
from zelo.features.spec import FeatureSpec
from zelo.policy.scalar import Scalar
from zelo.policy.terms import Term

if TYPE_CHECKING:
    from zelo.policy.schedules.values import Schedule

Texts = Mapping[str, str]
"""The same text in each language: `en` and `pt-BR`."""
LANGUAGES = ("en", "pt-BR")
"""The languages every text must be in."""
EXAMPLE_TIME = "2026-01-01T12:00:00Z"
"""When the event of an example occurs that does not say."""


@dataclass(frozen=True)
class ListData:
    """A list of the pack, in the order of its file, each value once."""

    name: str
    values: tuple[str, ...] = field(repr=False)


@dataclass(frozen=True)
class Label:
    """A label that people or other systems set, so that conditions may read it though no rule sets it."""

    name: str
    title: Texts
    set_by: str
    """`people` or `systems`."""


@dataclass(frozen=True)
class EffectRequest:
    """One effect a rule asks for when it fires."""

    kind: str
    role: str
    """The role it is about; every kind of event of the rule has it."""
    parameters: Mapping[str, object]
    """Values by name, defaults filled in: literals (durations in microseconds, names as tuples); for a formula, a
    mapping from kind of event to its checked term."""
    span: Span


@dataclass(frozen=True)
class Rule:
    """A condition on some kinds of event and what to ask for when it is true."""

    name: str
    policy: str
    kinds: tuple[str, ...]
    condition: Scalar
    terms: Mapping[str, Term] = field(repr=False)
    """Kind of event to the checked condition."""
    effects: tuple[EffectRequest, ...]
    daily_limit: int | None
    """How many of each kind of effect this rule may ask for in a day; None: no limit of its own."""
    stratum: int
    """Rules of a stratum see the labels that rules of lower strata set on the same event."""
    span: Span
    title: Texts | None = None

    @property
    def id(self) -> str:
        """Return `policy/rule`."""
        return f"{self.policy}/{self.name}"


@dataclass(frozen=True)
class Example:
    """What a policy's rules do on one event, told with the events before it; `zelo test` runs it on every engine."""

    name: Texts
    history: tuple[Mapping[str, object], ...]
    """Events before the event, by time, as JSON objects."""
    event: Mapping[str, object]
    """The event, as a JSON object."""
    labels: Mapping[str, tuple[str, ...]]
    """Labels in force on the entities in the event's roles."""
    features: Mapping[str, object]
    """Values of features, instead of those that follow from the history; durations and timestamps in microseconds."""
    fires: tuple[str, ...]
    """Exactly the rules of this policy that fire."""
    undetermined: tuple[str, ...] | None
    """Exactly the rules of this policy that are undetermined; None: not stated."""
    span: Span


@dataclass(frozen=True)
class Policy:
    """What is not allowed or is rewarded, on which ground, and the rules that enforce it."""

    id: str
    title: Texts
    text: Texts = field(repr=False)
    """Markdown."""
    violation: str
    severity: str | None
    grounds: Mapping[str, tuple[str, ...]]
    """Market (or `contract`) to the ids of legal or contractual grounds."""
    notices: Mapping[str, Texts] = field(repr=False)
    constants: Mapping[str, tuple[Type, object]]
    """Name to type and value."""
    rules: tuple[Rule, ...]
    examples: tuple[Example, ...] = field(repr=False)
    source: Source


BY_EVENT = "event"
"""An outcome's `by` when its labels are of events, not of the entities in a role."""


@dataclass(frozen=True)
class Outcome:
    """What turned out to be true of an event later: another event of the same entity, or a label given by people."""

    name: str
    title: Texts
    by: str
    """The role whose entity the later event or the label is about; `event` for labels of events."""
    entity: str | None
    """What the role stands for; None for labels of events."""
    kinds: tuple[str, ...] = ()
    """Kinds of the later event; empty for labels."""
    where: Mapping[str, Term] | None = field(default=None, repr=False)
    """Kind of the later event to the checked condition on it; None: every one counts."""
    within_ms: int | None = None
    """How long after an event the later one may come, in milliseconds; None for labels."""
    file: str | None = None
    """Path of the label file inside the source; None for later events."""
    id_column: str = "id"
    value_column: str = "value"
    true_when: str | None = None
    """The value of that column that says yes, where others say no; None: the column says true or false."""


@dataclass(frozen=True)
class Pack:
    """A checked pack; what is here needs no further check."""

    name: str
    title: Texts
    description: Texts | None
    language_version: str
    """Version of the policy language it is written in."""
    markets: tuple[str, ...]
    languages: tuple[str, ...]
    owners: tuple[str, ...]
    time_zone: str
    """IANA name: the zone of calendar rules and of the days of daily limits."""
    clock_skew_us: int
    """How far in the future an event may lie, in microseconds."""
    daily_limits: Mapping[str, int]
    """Kind of effect to how many the pack may ask for in a day; kinds that are absent keep the default."""
    labels: Mapping[str, Label]
    """Labels that people or other systems set."""
    entities: Mapping[str, Texts]
    kinds: Mapping[str, Kind]
    kind_titles: Mapping[str, Texts]
    features: Mapping[str, FeatureSpec]
    """`where` and `value` of each are mappings from kind of event to the checked term, or None."""
    feature_titles: Mapping[str, Texts]
    feature_types: Mapping[str, Type]
    feature_keys: Mapping[str, Mapping[str, tuple[tuple[str, ...], ...]]]
    """Feature to kind of event to the paths of its key's parts; a kind that cannot read the feature is absent."""
    lists: Mapping[str, ListData]
    policies: tuple[Policy, ...]
    """By file name."""
    rules: tuple[Rule, ...]
    """Pack order: by policy, then as written."""
    strata: tuple[tuple[str, ...], ...]
    """Names of rules, lowest stratum first, each in pack order."""
    sources: Mapping[str, str] = field(repr=False)
    """Name to SQL that maps tables to events."""
    version: str
    """SHA-256, in hex, of the contents of the files the pack is read from."""
    schedules: Mapping[str, Schedule] = field(default_factory=dict, repr=False)
    """How violations become standing, by file name."""
    outcomes: Mapping[str, Outcome] = field(default_factory=dict, repr=False)
    """What backtests measure rules against, by name; no rule can read them."""
    splits: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """What reports split by, by name: the path of a field, which some kinds of event have."""
    governs: Mapping[str, str] = field(default_factory=dict)
    """Kind of entity to the name of the schedule that its charges fall under."""


def instant(text: str) -> datetime:
    """Read an RFC 3339 time with its zone, at whole microseconds; raises ValueError for other text."""
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError("a time needs a zone")
    return moment.astimezone(UTC)


def written(moment: datetime) -> str:
    """Return an instant as events carry it: RFC 3339 in UTC."""
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


def before(moment: str, microseconds: int) -> str:
    """Return the time that lies so long before another; raises OverflowError outside the years 1 to 9999."""
    return written(instant(moment) - timedelta(microseconds=microseconds))

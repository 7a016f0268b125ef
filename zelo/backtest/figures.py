"""What a backtest found, as `report.json` holds it: numbers, names and codes, no words of a language."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from zelo.backtest.logic import Quartiles, Share

Texts = Mapping[str, str]
FORMAT = "zelo backtest"
"""What `report.json` says it is."""


class Version(msgspec.Struct, frozen=True, kw_only=True):
    """One version of the pack."""

    pack: str
    title: Texts
    version: str
    """SHA-256 of the pack's files."""
    named: str
    """The folder or revision that was asked for."""
    rules: int


class Period(msgspec.Struct, frozen=True, kw_only=True):
    """What was looked at; times in milliseconds since 1970 UTC."""

    first_ms: int | None
    """First event whose decision counts; None when there is none."""
    last_ms: int | None
    end_ms: int | None
    """Last event of the history: what comes later nobody can know."""
    events: int
    """Events whose decisions count."""
    warm_up: int
    """Events before them, which only fill the windows."""
    step_days: int
    """Length of a step of every series, in days of the pack's time zone."""
    steps: tuple[str, ...]
    """First day of each step."""


class OutcomeFigures(msgspec.Struct, frozen=True, kw_only=True):
    """The outcome that rules are judged by."""

    name: str
    title: Texts
    by: str
    within_ms: int | None
    """None: the labels of a file."""
    kinds: tuple[str, ...]
    happened: int
    """Later events that count, or labels that say yes, in the whole history."""
    events_cut: int
    """Events in the period whose horizon passes the end of the history: they are left out of every share."""


class Judgement(msgspec.Struct, frozen=True, kw_only=True):
    """How well a set of hits foresaw the outcome; each entity counts once, at its first hit."""

    reason: str | None = None
    """
    Why there is nothing to say: `own_kind`, `no_role`, `not_tried`, `no_hits`, `all_cut`, `unlabeled`; None when there
    is.
    """
    precision: Share = Share(0, 0)
    """Of the entities hit, those of whom the outcome came true after their first hit."""
    hits: Share = Share(0, 0)
    """The same for hits, which are not independent of each other: the interval is too narrow."""
    recall: Share = Share(0, 0)
    """Of the entities of whom it came true after an event the rule looks at, those it hit on such an event."""
    base: Share = Share(0, 0)
    """Of all entities, those of whom it came true after the first event the rule looks at."""
    cut: int = 0
    """Entities whose first hit is too near the end of the history to be judged."""
    unlabeled: int = 0
    """Entities (or events) hit that no label speaks of."""
    out_of_reach: int = 0
    """Entities of whom it came true without an event before it that the rule looks at."""
    lead_ms: Quartiles | None = None
    """From the first hit to the outcome, where it came true."""


class Concentration(msgspec.Struct, frozen=True, kw_only=True):
    """How hits spread over accounts."""

    accounts: int
    once: Share
    """Accounts that were hit once."""
    top_1: Share
    """Hits on the account hit most."""
    top_10: Share
    """Hits on the ten accounts hit most."""
    most: tuple[tuple[str, int], ...] = ()
    """The accounts hit most; empty when the report is to hold no ids."""


class Class(msgspec.Struct, frozen=True, kw_only=True):
    """The accounts of one class that were hit."""

    name: str
    """A value of the field the report is split by, or a code such as `new`."""
    events: int | None
    """Events of the class that were looked at; None where that says nothing."""
    hits: int
    accounts: int
    hits_other: int | None = None
    """Hits of the other version."""
    precision: Share = Share(0, 0)


class Split(msgspec.Struct, frozen=True, kw_only=True):
    """Hits of all rules by the values of one field."""

    field: str
    values: tuple[Class, ...]
    rest: int
    """Further values, not listed."""


class EffectFigures(msgspec.Struct, frozen=True, kw_only=True):
    """One kind of effect over the period."""

    kind: str
    asked: int
    """Effects that would have been carried out."""
    entities: int
    other: int | None = None
    """The same of the other version."""
    gained: int | None = None
    lost: int | None = None
    altered: int | None = None
    """On the same entity at the same event, with other parameters: longer, stronger or other."""
    kept: int | None = None
    """The same in both: kept + altered + gained = asked, kept + altered + lost = other."""
    held: Mapping[str, int] = {}
    """Reason to how many were held back."""
    busiest: int = 0
    """Most in one day, in the pack's time zone."""
    limit: int | None = None
    """The pack's limit for a day; None: there is none."""
    days_at_limit: int = 0


class RuleFigures(msgspec.Struct, frozen=True, kw_only=True):
    """One rule over the period."""

    rule: str
    policy: str
    title: Texts | None
    kinds: tuple[str, ...]
    only_in: str | None = None
    """`new` or `old` when the other version has no such rule."""
    changed: bool = False
    """Whether the text of the condition or its constants differ between the versions."""
    evaluated: int = 0
    """Events of its kinds; 0: it was never tried."""
    hits: int = 0
    accounts: int = 0
    targets: int = 0
    undetermined: Share = Share(0, 0)
    alone: int = 0
    """Hits on events on which no other rule fired."""
    other: int | None = None
    """Hits of the other version."""
    gained: int | None = None
    lost: int | None = None
    kept: int | None = None
    altered: int | None = None
    """Effects it had a part in that the other version asked for with other parameters."""
    accounts_gained: int | None = None
    accounts_lost: int | None = None
    effects: Mapping[str, int] = {}
    held: Mapping[str, int] = {}
    """Reason to effects held back that this rule asked for."""
    daily_limit: int | None = None
    busiest: int = 0
    series: tuple[int, ...] = ()
    series_other: tuple[int, ...] | None = None
    by: Mapping[str, Mapping[str, int]] = {}
    """Field to value to hits."""
    concentration: Concentration | None = None
    judged: Judgement | None = None
    judged_other: Judgement | None = None
    judged_gained: Judgement | None = None
    judged_lost: Judgement | None = None


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """A line of a trace."""

    depth: int
    text: str
    value: object
    """None is missing; times and durations are written out."""


class Example(msgspec.Struct, frozen=True, kw_only=True):
    """One event, and why a rule did or did not fire on it."""

    sort: str
    """`gained`, `lost`, `false_positive` or `false_negative`."""
    rule: str
    version: str
    """`new` or `old`: whose rule the trace is of."""
    event_id: str
    kind: str
    order_key: int
    account: str | None
    lead_ms: int | None
    trace: tuple[Step, ...]


class Hint(msgspec.Struct, frozen=True, kw_only=True):
    """A condition that sets false positives apart from true ones; a hint for the author, never applied."""

    rule: str
    conditions: tuple[tuple[str, str, object], ...]
    """What is looked at (`features.x`, `event.a.b`), how (`<=`, `>`, `==`, `!=`, `missing`, `there`), and the value."""
    precision: Share
    """Of the hits that fit, on the half of the accounts that the condition was not found on."""
    overall: Share
    """Of all hits on that half."""
    titles: Mapping[str, Texts]
    """Features that are looked at to what people call them."""
    removes: Share
    """True positives on that half that would be lost if such hits were left out."""


class FileDiff(msgspec.Struct, frozen=True, kw_only=True):
    """What changed in one file of the pack."""

    path: str
    rules: tuple[str, ...]
    """Rules of a policy file whose hits changed, or whose text did."""
    lines: tuple[tuple[str, str], ...]
    """`+`, `-`, ` ` or `@` and the text."""
    cut: int
    """Further lines, not shown."""


class Totals(msgspec.Struct, frozen=True, kw_only=True):
    """All rules together: events and accounts on which any fired."""

    events: int
    accounts: int
    undetermined: int
    restricted: int
    """Accounts on which an effect that restricts the account was asked for."""
    other_events: int | None = None
    gained: int | None = None
    lost: int | None = None
    kept: int | None = None
    accounts_gained: int | None = None
    accounts_lost: int | None = None
    effects_gained: int | None = None
    effects_lost: int | None = None
    effects_altered: int | None = None
    restricted_other: int | None = None
    judged: Judgement | None = None
    judged_other: Judgement | None = None
    judged_gained: Judgement | None = None
    judged_lost: Judgement | None = None
    series: tuple[int, ...] = ()
    series_other: tuple[int, ...] | None = None


class Figures(msgspec.Struct, frozen=True, kw_only=True):
    """All that a report says."""

    format: str = FORMAT
    schema_version: int = 1
    zelo_version: str
    language_version: str
    engine: str
    new: Version
    old: Version | None
    period: Period
    time_zone: str
    by: tuple[str, ...]
    outcome: OutcomeFigures | None
    outcomes: tuple[str, ...]
    """All that the pack declares."""
    totals: Totals
    rules: tuple[RuleFigures, ...]
    """In pack order; those that only the other version has come last."""
    overlap: tuple[tuple[str, str, int], ...]
    """Pairs of rules that fired on the same events, and on how many; each pair once."""
    effects: tuple[EffectFigures, ...]
    splits: tuple[Split, ...]
    concentration: Concentration | None
    ages: tuple[Class, ...]
    sizes: tuple[Class, ...]
    examples: tuple[Example, ...]
    examples_left_out: int
    """Examples that a report of this size does not hold."""
    hints: tuple[Hint, ...]
    diffs: tuple[FileDiff, ...]
    aggregates_only: bool
    """Whether ids and examples were left out."""

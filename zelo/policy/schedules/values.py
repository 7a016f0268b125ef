"""The values a schedule file is read into: tracks, prices, ladders, penalties, tiers, gates, conventions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from zelo.base.source import Source, Span
from zelo.policy.schedules.lengths import Length
from zelo.policy.schedules.recurrence import Recurrence

UNIT = 1_000_000
"""Points and measures are whole numbers of millionths, so that halves of a point and rates add exactly."""
TRUST = {"P": "primary", "S": "secondary", "A": "assumption", "U": "unverified"}
"""Trust marks: the platform's own text; press or practitioners; a choice of the author's; claimed, not confirmed."""
OTHERWISE = "other"
"""The key of a scoped milestone for values that are not named."""
ANY = "*"
"""In a condition: whatever its value, as long as it is there."""
Texts = Mapping[str, str]


@dataclass(frozen=True)
class Basis:
    """How far a line can be trusted, and what says so."""

    trust: str
    """A key of `TRUST`."""
    sources: tuple[str, ...] = ()


@dataclass(frozen=True)
class Match:
    """A condition on an entry: each named attribute has one of the values."""

    wants: tuple[tuple[str, frozenset[str]], ...] = ()
    """`violation`, `severity`, or an attribute of the entry, and the values that fit."""
    content_within: Length | None = None
    """The content was posted no longer ago than this; unknown counts as just posted."""


@dataclass(frozen=True)
class PenaltyKind:
    """A penalty by name."""

    name: str
    title: Texts
    scopes: Mapping[str, str]
    """What it takes away, and what is left of it: `none`, or a word such as `followers_only`."""
    stacking: str = "beside"
    """Beside one already running: `beside`, `absorb` (not started when it would end no later), `extend`, `replace`."""
    ends: tuple[str, ...] = ()
    """Penalties that end when this one starts."""
    reaches_linked: bool = False
    basis: Basis | None = None


@dataclass(frozen=True)
class Use:
    """One line of a ladder: what happens."""

    kind: str
    """`penalty`, `warning`, `duty` or `step` (a name only)."""
    name: str
    lasts: Length | None = None
    """None: without end."""
    until_step: str | None = None
    """Ends when the account does this about the violation."""
    from_step: str | None = None
    """Starts when the account does this about the violation."""
    delay: Length | None = None
    """Starts, or falls due, this much later."""
    when: Match | None = None
    toward: str | None = None
    """An attribute of the entry: the penalty holds toward the account named there only."""
    basis: Basis | None = None


@dataclass(frozen=True)
class Rung:
    """A step of a ladder."""

    at: int | None
    """The milestone, in millionths of the track's unit."""
    per_key: Mapping[str, int] = field(default_factory=dict)
    """Milestones by value of the track's key; `other` is the rest."""
    every: int | None = None
    """Each multiple is a milestone."""
    step: str = ""
    """The name of the step; else its number from 1."""
    uses: tuple[Use, ...] = ()


@dataclass(frozen=True)
class Price:
    """What an entry costs on a track."""

    when: Match
    amount: int = 0
    given: tuple[int, int] | None = None
    """The entry says; between these."""
    by_severity: Mapping[str, int] = field(default_factory=dict)
    turns: tuple[tuple[int, int], ...] = ()
    """From which turn on what it costs: (1, one point), (6, two points)."""
    turn_window: Length | None = None
    """Turns are counted in periods of this length that start with their first violation; None: while items live."""
    turn_key: tuple[str, ...] = ()
    cap: tuple[int, Length] | None = None
    """At most so much in a period of this length that starts with its first violation."""
    basis: Basis | None = None


@dataclass(frozen=True)
class Band:
    """A band of a rating, or of rates; the first whose limits hold."""

    name: str
    title: Texts
    least: int | None = None
    """Of a rating: from this value up."""
    most: Mapping[str, int] = field(default_factory=dict)
    """Of rates: each measure at most this; empty is the rest."""
    uses: tuple[Use, ...] = ()
    basis: Basis | None = None


@dataclass(frozen=True)
class Gain:
    """Points back by a reward entry, by training, or by clean days."""

    name: str
    per: int = 1
    """For each full so many."""
    gives: int = 0
    lives: Length | None = None
    basis: Basis | None = None


@dataclass(frozen=True)
class Clean:
    """Points back for days without a violation."""

    every: Length
    gives: int
    basis: Basis | None = None


@dataclass(frozen=True)
class Lives:
    """How long an item counts: of four forms."""

    length: Length | None = None
    """From its own date; None with nothing else: for ever."""
    by_severity: Mapping[str, Length] = field(default_factory=dict)
    until: Recurrence | None = None
    """Till the next of these instants."""


@dataclass(frozen=True)
class Window:
    """One of the windows of a rate, and when it is the one that counts."""

    name: str
    needs: tuple[tuple[str, str, int], ...] = ()


@dataclass(frozen=True)
class Track:
    """One balance of an account: points, a rating, strikes, or rates."""

    name: str
    title: Texts
    kind: str
    """`points`, `rating`, `strikes` or `rates`."""
    start: int = 0
    least: int = 0
    most: int | None = None
    per: tuple[str, ...] = ()
    """A balance for each value of these attributes."""
    prices: tuple[Price, ...] = ()
    lives: Lives = Lives()
    stays_at: int | None = None
    """Once the balance reached this, nothing expires any more."""
    merge: Length | None = None
    """Violations in a period of this length that starts with its first count as one."""
    evaluated: Recurrence | None = None
    """Milestones are looked at only then."""
    each: bool = False
    """Every counted violation takes its step of the ladder, not only one that passes a milestone."""
    warns_before: int | None = None
    ladder: tuple[Rung, ...] = ()
    bands: tuple[Band, ...] = ()
    gains: tuple[Gain, ...] = ()
    clean: Clean | None = None
    cured_by: str | None = None
    """The account's step after which an item no longer counts."""
    windows: tuple[Window, ...] = ()
    needs: tuple[tuple[str, str, int], ...] = ()
    """Without these a rate has no band."""
    basis: Basis | None = None


@dataclass(frozen=True)
class AtOnce:
    """A line for severe violations and others that act without counting."""

    when: Match
    use: Use
    counts: bool = False
    """Whether the violation goes on to the tracks as well."""


@dataclass(frozen=True)
class WarningFirst:
    """The first violations bring a warning that does not count."""

    many: int = 1
    when: Match = Match()
    per: tuple[str, ...] = ()
    lasts: Length | None = None
    training: str | None = None
    after_training: Length | None = None
    """A warning ends this long after the training; None: training changes nothing."""
    same: tuple[str, ...] = ()
    """After training, another violation counts only if these are the same as the warned one's."""
    basis: Basis | None = None


@dataclass(frozen=True)
class Training:
    """What a finished training does, apart from gains and warnings."""

    name: str
    removes: bool = False
    """Takes its target off the record."""
    first_only: bool = False
    """Only a target that is the account's only counted violation."""
    shortens: Length | None = None
    """The running penalties of its target, or the latest ones, last only this long."""
    once_in: Length | None = None
    unless_at: tuple[str, int] | None = None
    """Refused while this track is at this value or worse."""
    not_for: Match | None = None
    needs: tuple[tuple[str, str, int], ...] = ()
    """Limits on what the entry says, such as a score."""
    basis: Basis | None = None


@dataclass(frozen=True)
class AppealRule:
    """Which appeals are accepted."""

    when: Match = Match()
    within: Length | None = None
    most: int | None = None
    per: Length | None = None
    """`most` in each such period since the last accepted one; None: for good."""
    basis: Basis | None = None


@dataclass(frozen=True)
class Need:
    """A condition of a tier or gate."""

    name: str
    about: str
    """A measure, `clean_days`, `points`, `band`, or `penalties`."""
    least: int | None = None
    most: int | None = None
    above: int | None = None
    among: frozenset[str] | None = None
    none_of: frozenset[str] | None = None
    when: Match = Match()
    """For a gate: only for requests that match."""
    basis: Basis | None = None


@dataclass(frozen=True)
class Tier:
    """A tier of an account: its conditions and what it brings."""

    name: str
    title: Texts
    needs: tuple[Need, ...] = ()
    perks: tuple[str, ...] = ()
    basis: Basis | None = None


@dataclass(frozen=True)
class Tiers:
    """The tiers, lowest first."""

    tiers: tuple[Tier, ...] = ()
    evaluated: Recurrence | None = None
    lost_after: Length | None = None
    """A tier is lost only when its conditions failed this long."""
    regained_after: Length | None = None
    """After a loss no rise for this long."""


@dataclass(frozen=True)
class Payout:
    """Money earned that is paid out on stated days when it is enough."""

    name: str
    of: str
    on: Recurrence
    at_least: int
    basis: Basis | None = None


@dataclass(frozen=True)
class StandingWord:
    """The word for a standing, and when it is said; the first that fits."""

    name: str
    title: Texts
    penalties: frozenset[str] = frozenset()
    any_penalty: bool = False
    warned: bool = False
    bands: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Conventions:
    """What public texts leave open, as switches."""

    several_milestones: str = "severest"
    """One entry passes several milestones: `severest` fires, or `all`."""
    milestone_again: str = "again"
    """A milestone passed again after the balance went back fires `again`, or only `once`."""
    expiry: str = "runs_on"
    """Points expire during a penalty: it `runs_on`, or `ends` when the balance is back on the safe side."""
    appeal_granted: str = "recompute"
    """A reversal makes history `recompute`, or takes back `points_only`."""
    appeal_pending: str = "runs"
    """While an appeal waits its penalty `runs`, or `pauses`."""


@dataclass(frozen=True)
class Rules:
    """What a schedule says from one date to the next."""

    since: int
    """Microseconds since 1970; the first rules hold since ever."""
    penalties: Mapping[str, PenaltyKind]
    tracks: tuple[Track, ...]
    at_once: tuple[AtOnce, ...] = ()
    warning_first: WarningFirst | None = None
    trainings: Mapping[str, Training] = field(default_factory=dict)
    appeals: tuple[AppealRule, ...] = ()
    tiers: Tiers = Tiers()
    gates: Mapping[str, tuple[Need, ...]] = field(default_factory=dict)
    payouts: tuple[Payout, ...] = ()
    words: tuple[StandingWord, ...] = ()
    conventions: Conventions = Conventions()
    linked_count: bool = False
    """Whether violations of linked accounts count here."""


@dataclass(frozen=True)
class Schedule:
    """A schedule: its rules by date, for one of its variants."""

    name: str
    title: Texts
    version: str
    """Digest of its text and variant."""
    variant: str
    time_zone: str
    severities: tuple[str, ...]
    """Mildest first."""
    violations: Mapping[str, Texts]
    """The violations it knows; empty: any."""
    attributes: tuple[str, ...]
    steps: tuple[str, ...]
    rules: tuple[Rules, ...]
    """By date; at least one."""
    sources: Mapping[str, str] = field(default_factory=dict)
    titles: Mapping[str, Texts] = field(default_factory=dict)
    """What people call severities and duties; empty for one without a title."""
    source: Source | None = field(default=None, repr=False, compare=False)
    span: Span | None = field(default=None, repr=False, compare=False)
    others: Mapping[str, Schedule] = field(default_factory=dict, repr=False, compare=False)
    """Every variant by name, this one included, when the file declares variants."""

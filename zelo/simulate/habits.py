"""
Who offends and how: each habit with its violation, its people, its share of what is published, and how well it shows.

Where a rate has no published figure behind it, it is an assumption, chosen so that every policy has something to meet.
Published: sub-policies of TikTok's removals of 2026 Q1 (MT1 in `docs/simulation.md`) for the mix of videos.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

VIEWER, BUYER, CREATOR, SELLER, AFFILIATE = range(5)
ROLES = ("viewer", "buyer", "creator", "seller", "affiliate")
ROLE_SHARES = (420, 300, 185, 75, 20)
"""Per mille of the accounts (an assumption); everybody watches, buys and comments."""
PER_DAY = {
    "video": (0, 0, 430, 50, 620),
    "live": (0, 0, 40, 30, 40),
    "listing": (0, 0, 0, 110, 0),
    "price": (0, 0, 0, 60, 0),
    "answer": (0, 0, 0, 180, 0),
    "message": (50, 60, 70, 120, 70),
    "order": (18, 75, 20, 10, 20),
}
"""By role: per mille a day that an account of usual activity publishes, sends or orders (assumptions)."""


@dataclass(frozen=True)
class Habit:
    """One way to offend."""

    name: str
    violation: str
    """Id in the taxonomy of violations."""
    role: int
    people: float
    """Share of the accounts of that role; never fewer than two accounts."""
    surface: str
    """What offends: a `video`, `live`, `listing`, `price`, `order`, `review`, `answer`, `comment`, `message`, `follow`
    or `account`."""
    share: float
    """Share of all that is published on the surface that offends by this habit; for `order`, `follow` and `account` of
    the offender's own."""
    signal: str = ""
    """The classifier that is made for it; empty: none sees it."""
    separation: float = 5.0
    """Distance of the two kinds of scores in standard deviations; see `detectability`."""
    blind: float = 0.05
    """Share of the offences that look innocent to the classifier."""
    severity: str = "medium"
    removed: bool = True
    """Whether the platform takes it down; else it is labelled, demoted or charged."""
    network: int = 0
    """Size of the groups that act together; 0: each for itself."""
    returns: float = 0.3
    """Probability that a closed account comes back as a linked one."""
    reforms: float = 0.2
    """Probability to give up after each penalty or warning."""


HABITS: tuple[Habit, ...] = (
    Habit("counterfeit_goods", "counterfeit", SELLER, 0.03, "listing", 0.012, "counterfeit", 4.0, 0.15, "high",
          returns=0.5),
    Habit("prohibited_goods", "regulated_goods", SELLER, 0.02, "listing", 0.008, "prohibited", 4.5, 0.1, "high"),
    Habit("unsafe_products", "product_safety", SELLER, 0.02, "listing", 0.008, "", 0.0, 0.0, "high"),
    Habit("miracle_listings", "misinformation", SELLER, 0.015, "listing", 0.006, "claims", 4.0, 0.1),
    Habit("fake_discounts", "fraud", SELLER, 0.03, "price", 0.03, severity="low", removed=False, reforms=0.4),
    Habit("late_dispatch", "fulfilment", SELLER, 0.05, "order", 0.45, severity="low", removed=False, reforms=0.3),
    Habit("no_delivery", "fulfilment", SELLER, 0.02, "order", 0.5, severity="high", removed=False, returns=0.5),
    Habit("bought_reviews", "fake_engagement", SELLER, 0.02, "order", 0.2, severity="medium", removed=False),
    Habit("payment_elsewhere", "fraud", SELLER, 0.03, "answer", 0.04, severity="medium", reforms=0.3),
    Habit("no_invoice", "trader_information", SELLER, 0.03, "order", 0.6, severity="low", removed=False, reforms=0.4),
    Habit("dangerous_acts", "dangerous_activity", CREATOR, 0.010, "video", 0.0012, "danger", 5.5, 0.04),
    Habit("sexual_content", "body_exposure", CREATOR, 0.010, "video", 0.0011, "sexual", 5.5, 0.03),
    Habit("prohibited_videos", "regulated_goods", CREATOR, 0.014, "video", 0.0022, "prohibited", 5.5, 0.04, "high"),
    Habit("minors_at_risk", "minimum_age", CREATOR, 0.007, "video", 0.0008, "minor", 5.5, 0.02, "severe", reforms=0.1),
    Habit("hateful_videos", "hate", CREATOR, 0.006, "video", 0.0004, "hate", 5.0, 0.06, "high"),
    Habit("miracle_videos", "misinformation", CREATOR, 0.006, "video", 0.0003, "claims", 5.0, 0.06),
    Habit("copied_videos", "ip", CREATOR, 0.01, "video", 0.003, "copy", 4.5, 0.1, removed=False),
    Habit("undisclosed_ads", "commercial_disclosure", AFFILIATE, 0.2, "video", 0.004, "ad", 3.5, 0.15, "low",
          removed=False, reforms=0.4),
    Habit("sexual_lives", "body_exposure", CREATOR, 0.03, "live", 0.017, "sexual", 5.0, 0.05),
    Habit("lives_by_minors", "minimum_age", CREATOR, 0.025, "live", 0.013, "minor", 5.0, 0.05, "high", reforms=0.1),
    Habit("impersonation", "fake_engagement", CREATOR, 0.005, "account", 1.0, "likeness", 4.5, 0.1, "high",
          returns=0.6),
    Habit("harassment", "harassment", VIEWER, 0.01, "comment", 0.0011, "abuse", 4.0, 0.15),
    Habit("hateful_comments", "hate", VIEWER, 0.006, "comment", 0.0005, "abuse", 4.0, 0.12, "high"),
    Habit("campaigns", "fake_engagement", VIEWER, 0.01, "comment", 0.0006, "", 0.0, 0.0, "high", network=10),
    Habit("engagement_rings", "fake_engagement", VIEWER, 0.012, "follow", 0.8, removed=False, network=12),
    Habit("hired_reviewers", "fake_engagement", BUYER, 0.012, "review", 0.03, severity="medium", network=8),
    Habit("scam_messages", "fraud", VIEWER, 0.008, "message", 0.012, "scam", 4.0, 0.1, "high", returns=0.6),
)  # fmt: skip
"""Codes are places in this table plus one; 0 is no offence."""

LOOKALIKE = 0.00012
"""Share of innocent videos that a classifier takes for offences: with 0.5 % of offences its precision is that of
TikTok's automation in the EU, 0.97 (MT2)."""
LOOKALIKE_LISTING = 0.0015
LOOKALIKE_LIVE = 0.0006
LOOKALIKE_COMMENT = 0.0001
"""The same for listings, LIVEs, comments and messages (assumptions)."""
ONE_OFF = 0.0004
"""Share of an honest creator's videos that break a rule once (an assumption)."""
INNOCENT, SPREAD = 0.2, 0.09
"""Mean and standard deviation of an innocent score; a guilty one lies `separation` standard deviations higher."""


@cache
def code(name: str) -> int:
    """Return the code of a habit."""
    return next(number for number, habit in enumerate(HABITS, 1) if habit.name == name)


def codes_of(surface: str) -> tuple[int, ...]:
    """Return the codes of the habits of a surface."""
    return tuple(number for number, habit in enumerate(HABITS, 1) if habit.surface == surface)


def removable() -> tuple[bool, ...]:
    """Return, by code, whether the platform takes such a thing down."""
    return (False, *(habit.removed for habit in HABITS))

"""What a world comes to: its rates beside the published ones, and how well a pack's policies find what is there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

from zelo.policy.pack import Pack
from zelo.simulate.habits import HABITS


@dataclass(frozen=True)
class Target:
    """A published rate, and the range in which the world's may lie."""

    name: str
    asked: float
    low: float
    high: float
    source: str
    """Code of the source in `docs/simulation.md`."""
    sql: str
    """Of one number; `$items` and so on stand for the tables of the world."""


_VIDEO = "FROM $items WHERE kind = 'video'"
_GONE = f"{_VIDEO} AND removed_at IS NOT NULL"
_WATCHED_OUT = ", ".join(f"'{habit.name}'" for habit in HABITS if not habit.removed)
TARGETS: tuple[Target, ...] = (
    Target("videos removed, of those published", 0.005, 0.0035, 0.0065, "MT1 2026Q1",
           f"SELECT avg((removed_at IS NOT NULL)::INT) {_VIDEO}"),
    Target("found without a report, of videos removed", 0.993, 0.97, 1.0, "MT1 2026Q1",
           f"SELECT avg((removed_by <> 'report')::INT) {_GONE}"),
    Target("removed by automation alone, of videos removed", 0.804, 0.70, 0.90, "MT1 2026Q1",
           f"SELECT avg((removed_by = 'rule')::INT) {_GONE}"),
    Target("removed before any view, of videos removed", 0.822, 0.75, 0.92, "MT1 2026Q1",
           f"SELECT avg((views = 0)::INT) {_GONE}"),
    Target("removed within 24 h, of videos removed", 0.944, 0.90, 0.98, "MT1 2026Q1",
           f"SELECT avg((removed_at - created_at < INTERVAL 24 HOUR)::INT) {_GONE}"),
    Target("restored, of videos removed", 0.048, 0.02, 0.08, "MT1 2026Q1",
           f"SELECT avg((restored_at IS NOT NULL)::INT) {_GONE}"),
    Target("appeals granted, of those decided", 0.4815, 0.35, 0.65, "MT2 EU H1 2026",
           "SELECT avg((kind = 'reversal')::INT) FROM $ledger WHERE kind IN ('reversal', 'denial')"),
    Target("right removals, of videos removed (precision)", 0.97, 0.92, 1.0, "MT2 EU H1 2026",
           f"SELECT avg((habit IS NOT NULL)::INT) {_GONE}"),
    Target("comments removed, of those posted", 0.002, 0.001, 0.0035, "MT1 2026Q1",
           "SELECT avg((removed_at IS NOT NULL)::INT) FROM $items WHERE kind = 'comment'"),
    Target("LIVEs stopped, of those started", 0.027, 0.017, 0.037, "MT1 2026Q1",
           "SELECT avg((removed_at IS NOT NULL)::INT) FROM $items WHERE kind = 'live'"),
    Target("views of offences that are taken down, of views", 0.001, 0.0005, 0.002, "a choice; MT3: 0.0016 to 0.0018",
           f"SELECT sum(views) FILTER (habit IS NOT NULL AND habit NOT IN ({_WATCHED_OUT})) / sum(views) {_VIDEO}"),
)  # fmt: skip
"""Published figures, each with the range that the tests hold a world of 10,000 accounts and 60 days to."""
TABLES: Mapping[str, str] = {
    "$items": "truth/items",
    "$accounts": "truth/accounts",
    "$orders": "truth/orders",
    "$ledger": "ledger/entries",
}


def rates(root: Path) -> list[tuple[Target, float]]:
    """Return each target with what a world came to."""
    return [(target, float(_rows(root, target.sql)[0][0])) for target in TARGETS]


POLICIES: Mapping[str, Sequence[str]] = {
    "ad_disclosure": ("undisclosed_ads",),
    "authentic_engagement": ("campaigns", "engagement_rings"),
    "buyer_experience": ("no_delivery",),
    "cancellation": ("no_delivery",),
    "copied_content": ("copied_videos",),
    "counterfeit_goods": ("counterfeit_goods",),
    "dangerous_acts": ("dangerous_acts",),
    "delivery": ("late_dispatch",),
    "dispatch": ("late_dispatch",),
    "fake_discounts": ("fake_discounts",),
    "harassment": ("harassment",),
    "hate": ("hateful_videos", "hateful_comments"),
    "impersonation": ("impersonation",),
    "invoices": ("no_invoice",),
    "minors": ("minors_at_risk", "lives_by_minors"),
    "misleading_claims": ("miracle_listings", "miracle_videos"),
    "off_platform": ("payment_elsewhere",),
    "product_safety": ("unsafe_products",),
    "prohibited_goods": ("prohibited_goods", "prohibited_videos"),
    "review_integrity": ("hired_reviewers",),
    "scams": ("scam_messages",),
    "sexual_content": ("sexual_content", "sexual_lives"),
}
"""Policy of the shipped pack to the habits it is made for."""
_ON_ITEMS = ("video", "live", "listing", "comment", "message", "answer", "review")
_QUIET = ("notify", "add_label", "remove_label")


@dataclass(frozen=True)
class Finding:
    """How well one policy finds what it is made for."""

    policy: str
    unit: str
    """`items` or `accounts`."""
    found: int
    """Guilty ones that the policy asked something about."""
    flagged: int
    """All that it asked something about."""
    guilty: int
    """All guilty ones."""

    @property
    def precision(self) -> float | None:
        """Return the share of those flagged that are guilty; None when nothing was flagged."""
        return self.found / self.flagged if self.flagged else None

    @property
    def recall(self) -> float | None:
        """Return the share of the guilty that were flagged; None when there are none."""
        return self.found / self.guilty if self.guilty else None


def findings(world: Path, run: Path, pack: Pack) -> list[Finding]:
    """Return how well each policy of a pack, run over a world with `zelo run`, found what it is made for."""
    asked = f"""CREATE TEMP TABLE asked AS SELECT DISTINCT policy, effect.entity AS entity
        FROM (SELECT unnest(effects) AS effect FROM '{run}/decisions/*.parquet'), unnest(effect.rules) AS rules(rule)
        JOIN policies USING (rule) WHERE effect.kind NOT IN {_QUIET}"""
    with duckdb.connect() as db:
        db.execute("CREATE TEMP TABLE policies (rule VARCHAR, policy VARCHAR)")
        named = [(rule.name, policy.id) for policy in pack.policies for rule in policy.rules]
        db.executemany("INSERT INTO policies VALUES (?, ?)", named)
        db.execute(asked)
        return [_finding(db, world, policy, habits) for policy, habits in POLICIES.items()]


def _finding(db: Any, world: Path, policy: str, habits: Sequence[str]) -> Finding:
    """Compare what a policy flagged with the truth."""
    named = ", ".join(f"'{name}'" for name in habits)
    surfaces = {habit.surface for habit in HABITS if habit.name in habits}
    on_items = surfaces <= set(_ON_ITEMS)
    acted = f"""SELECT author AS id FROM $items WHERE habit IN ({named})
        UNION SELECT seller FROM $orders WHERE habit IN ({named})"""
    if surfaces & {"follow", "account"}:
        since = "created_at >= (SELECT min(created_at) FROM $items)" if "account" in surfaces else "true"
        acted = f"SELECT id FROM $accounts WHERE habit IN ({named}) AND {since}"
    guilty = f"SELECT id FROM $items WHERE habit IN ({named})" if on_items else acted
    which = "NOT" if on_items else ""
    sql = f"""WITH guilty AS ({guilty}), flagged AS (
            SELECT DISTINCT entity AS id FROM asked WHERE policy = '{policy}' AND {which} starts_with(entity, 'a')
            AND NOT starts_with(entity, 'o'))
        SELECT (SELECT count(*) FROM flagged SEMI JOIN guilty USING (id)), (SELECT count(*) FROM flagged),
            (SELECT count(*) FROM guilty)"""
    found, flagged, all_guilty = db.execute(_placed(world, sql)).fetchone()
    return Finding(policy, "items" if on_items else "accounts", found, flagged, all_guilty)


def _placed(root: Path, sql: str) -> str:
    """Return SQL with the tables of a world in place of their names."""
    for name, part in TABLES.items():
        sql = sql.replace(name, f"'{root}/{part}/*.parquet'")
    return sql


def _rows(root: Path, sql: str) -> list[tuple[Any, ...]]:
    with duckdb.connect() as db:
        return db.execute(_placed(root, sql)).fetchall()

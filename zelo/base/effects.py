"""Everything a decision can ask for: a closed set of effects, declared once in one table."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from msgspec import Struct


@dataclass(frozen=True)
class Parameter:
    """One parameter of an effect as a pack writes it."""

    kind: str
    """`name`, `text`, `choice`, `duration`, `number` (literal), `expression` (CEL, int or double), `role`, `names`."""
    required: bool = False
    choices: tuple[str, ...] = ()
    default: object = None
    merge: str = "same"
    """How de-duplication joins two requests: `same` (differs: both stay), `max`, `min`, `union`."""


@dataclass(frozen=True)
class EffectKind:
    """A kind of effect: what it takes, whom it is about, what undoes it, and its limits."""

    name: str
    about: str
    """Default role the effect is about: `actor` or `target`; a pack may say another with `on`."""
    parameters: Mapping[str, Parameter]
    inverse: str | None
    """The effect that undoes it; None when a new row of the same kind does (a reversal)."""
    receiver: str
    """Slice that carries it out: `content`, `health`, `cases`, `learning`, `labels`."""
    dsa_decision: str | None
    """DSA Transparency Database decision attribute and value it is reported as, or None when it restricts nobody."""
    strength: int = 0
    """Of one `family` on one entity, a weaker effect gives way: content that is removed needs no demotion."""
    family: str | None = None
    daily_limit: int | None = None
    """Circuit breaker when the pack states none: how many of these a pack may ask for in a day."""
    short: str | None = field(default=None)
    """The parameter that a bare scalar in the pack stands for: `add_label: trusted`."""


_SEVERITIES = ("low", "medium", "high", "severe")
_VISIBILITY = "DECISION_VISIBILITY"


def _kind(name: str, about: str, parameters: dict[str, Parameter], **rest: object) -> tuple[str, EffectKind]:
    return name, EffectKind(name=name, about=about, parameters=MappingProxyType(parameters), **rest)  # type: ignore[arg-type]


EFFECTS: Mapping[str, EffectKind] = MappingProxyType(
    dict(
        (
            _kind(
                "charge",
                "actor",
                {
                    "violation": Parameter("name", required=True),
                    "severity": Parameter("choice", choices=_SEVERITIES, default="medium", merge="max"),
                },
                inverse=None,
                receiver="health",
                dsa_decision=None,
                daily_limit=10_000,
                short="violation",
            ),
            _kind(
                "add_label",
                "actor",
                {"label": Parameter("name", required=True), "for": Parameter("duration", merge="max")},
                inverse="remove_label",
                receiver="labels",
                dsa_decision=None,
                short="label",
            ),
            _kind(
                "remove_label",
                "actor",
                {"label": Parameter("name", required=True)},
                inverse="add_label",
                receiver="labels",
                dsa_decision=None,
                short="label",
            ),
            _kind(
                "remove_content",
                "target",
                {"reason": Parameter("name")},
                inverse=None,
                receiver="content",
                dsa_decision=f"{_VISIBILITY}:DECISION_VISIBILITY_CONTENT_REMOVED",
                strength=1,
                family="publication",
                daily_limit=1_000,
                short="reason",
            ),
            _kind(
                "hold_publication",
                "target",
                {"for": Parameter("duration", required=True, merge="max")},
                inverse=None,
                receiver="content",
                dsa_decision=f"{_VISIBILITY}:DECISION_VISIBILITY_CONTENT_DISABLED",
                family="publication",
                daily_limit=5_000,
                short="for",
            ),
            _kind(
                "limit_visibility",
                "target",
                {
                    "surfaces": Parameter(
                        "names",
                        choices=("recommendation", "search", "age_gate", "region"),
                        required=True,
                        merge="union",
                    ),
                    "for": Parameter("duration", merge="max"),
                    "regions": Parameter("names", merge="union"),
                },
                inverse=None,
                receiver="content",
                dsa_decision=f"{_VISIBILITY}:DECISION_VISIBILITY_CONTENT_DEMOTED",
                family="publication",
                daily_limit=5_000,
                short="surfaces",
            ),
            _kind(
                "demote",
                "target",
                {"factor": Parameter("number", required=True, merge="min"), "for": Parameter("duration", merge="max")},
                inverse=None,
                receiver="content",
                dsa_decision=f"{_VISIBILITY}:DECISION_VISIBILITY_CONTENT_DEMOTED",
                family="publication",
                daily_limit=20_000,
                short="factor",
            ),
            _kind(
                "open_case",
                "target",
                {
                    "queue": Parameter("name", required=True),
                    "priority": Parameter("expression", default=0, merge="max"),
                },
                inverse=None,
                receiver="cases",
                dsa_decision=None,
                daily_limit=50_000,
                short="queue",
            ),
            _kind(
                "notify",
                "actor",
                {"notice": Parameter("name", required=True)},
                inverse=None,
                receiver="learning",
                dsa_decision=None,
                daily_limit=50_000,
                short="notice",
            ),
            _kind(
                "restrict_account",
                "actor",
                {
                    "scope": Parameter(
                        "choice",
                        choices=("publish", "comment", "live", "sell", "monetise", "recommend", "account"),
                        required=True,
                    ),
                    "for": Parameter("duration", merge="max"),
                },
                inverse=None,
                receiver="health",
                dsa_decision="DECISION_ACCOUNT:DECISION_ACCOUNT_SUSPENDED",
                daily_limit=500,
                short="scope",
            ),
            _kind(
                "reward",
                "actor",
                {"reward": Parameter("name", required=True), "points": Parameter("number", merge="max")},
                inverse=None,
                receiver="health",
                dsa_decision=None,
                daily_limit=10_000,
                short="reward",
            ),
        )
    )
)
"""Effect name to its declaration."""


class Effect(Struct, frozen=True, gc=False):
    """One thing a decision asks for. A rule asks; it never acts."""

    kind: str
    role: str
    """Which role of the event it is about."""
    entity: str
    """Id of the entity in that role."""
    parameters: Mapping[str, object]
    """Values by parameter name; durations in microseconds; one that was not given and has no default is absent."""
    rules: tuple[str, ...]
    """The names of the rules that asked, in pack order."""


class Held(Struct, frozen=True, gc=False):
    """An effect that was asked for and held back, on record."""

    effect: Effect
    reason: str
    """`rule_limit`, `daily_limit`, `superseded`, or `no_entity` (the role's id is missing)."""

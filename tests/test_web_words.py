"""What pages say without a browser: schedules with their costs, balances on their ladders, times in a zone."""

from __future__ import annotations

import pytest

from tests.places import REPOSITORY
from zelo.adapters.packs import open_pack

PACK = open_pack(REPOSITORY / "packs" / "br_social_commerce")


@pytest.mark.parametrize(
    ("spoken", "what", "lives", "appeal"),
    [
        ("en", "Any other violation", "Each counts for 180 days.", "Within 30 days, at most 2 appeals"),
        ("pt-br", "Qualquer outra infração", "Cada uma conta por 180 dias.", "Em até 30 dias, no máximo 2 recursos"),
    ],
)
def test_a_schedule_says_what_violations_cost(_template: str, spoken: str, what: str, lives: str, appeal: str) -> None:
    """Each line has an amount for each severity; what follows a line for one violation is for all others."""
    from django.utils import translation

    from zelo.web.schedules import further, tracks_of

    schedule = PACK.schedules["sellers"]
    with translation.override(spoken):
        (track,) = tracks_of(schedule, schedule.rules[-1])
        rest = dict(further(schedule, schedule.rules[-1]))
    assert [[amount for _, amount in cost.amounts] for cost in track.costs] == [list("1111"), ["1", "2", "6", "12"]]
    assert [head for head, _ in track.costs[0].amounts] == list(track.severities)
    assert (track.costs[1].what, track.lives) == (what, lives)
    assert [step.milestone for step in track.steps] == [6_000_000, 12_000_000, 24_000_000, 48_000_000]
    assert [appeal] in rest.values()


def test_a_balance_stands_on_its_ladder(_template: str) -> None:
    """Steps that were reached come first, then the balance, then the steps ahead; each entry says what it adds."""
    from django.utils import translation

    from zelo.health.explain import explain
    from zelo.health.ledger import Entry
    from zelo.health.logic import standing
    from zelo.web.reads.accounts import StandingRead
    from zelo.web.standings import costs, shown

    schedule = PACK.schedules["sellers"]
    at = 1_770_000_000_000_000
    entries = [
        Entry(id="a", account="S1", kind="violation", at=at, violation="counterfeit", severity="severe"),
        Entry(id="b", account="S1", kind="violation", at=at + 1, violation="fulfilment", severity="low"),
    ]
    found = standing(entries, schedule, at + 2)
    read = StandingRead({}, found, explain(entries, schedule, found), schedule.rules[-1], schedule.violations)
    with translation.override("en"):
        page = shown(read, "America/Sao_Paulo")
        added = costs([read])
    (ladder,) = page.ladders
    assert [(one.at, one.state) for one in ladder.places] == [
        ("6", "reached"), ("12", "reached"), ("13", "here"), ("24", "ahead"), ("48", "ahead"),
    ]  # fmt: skip
    assert (page.tone, page.penalties) == ("bad", ("No new listings",))
    assert {name: cost.amount for name, cost in added.items()} == {"a": "+12", "b": "+1"}


@pytest.mark.parametrize(("told", "zone"), [("Asia/Tokyo", "Asia/Tokyo"), ("../etc/passwd", "UTC"), ("", "UTC")])
def test_times_are_told_in_the_zone_of_the_browser(_template: str, told: str, zone: str) -> None:
    """Only a zone that there is counts; else the pack's."""
    from django.test import RequestFactory

    from zelo.web import language

    request = RequestFactory().get("/")
    request.COOKIES["zelo_zone"] = told
    assert language.zone(request, "UTC") == zone


def test_portuguese_joins_prepositions_with_articles() -> None:
    """`de` and `a lista` are *da lista*, as people write."""
    from zelo.adapters.translation import translator
    from zelo.policy.in_words import Words

    words = Words(PACK, translator("pt-BR"), "pt-BR")
    (rule,) = [one for one in PACK.rules if one.name == "replica_words"]
    said = words.condition(rule.terms["listing.created"])
    assert "da lista `replica_words`" in said.text

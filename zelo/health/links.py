"""Linked accounts: which belong together, and what the standing of one means for the others."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from msgspec.structs import replace

from zelo.health.lean import LeanSchedule
from zelo.health.ledger import Entry
from zelo.health.logic import standing
from zelo.health.readings import restrictions_of, word_for
from zelo.health.standing import Penalty, Standing


def groups(links: Iterable[tuple[str, str]]) -> Mapping[str, frozenset[str]]:
    """Return for each account all accounts it is linked with, itself included.

    A link holds both ways and goes on through others, so that a circle of links, or an account linked with itself, is
    one group like any other and never a loop.
    """
    group_of: dict[str, set[str]] = {}
    for first, second in links:
        joined = group_of.get(first, {first}) | group_of.get(second, {second})
        for account in joined:
            group_of[account] = joined
    return {account: frozenset(members) for account, members in group_of.items()}


def standings(
    ledgers: Mapping[str, Sequence[Entry]], links: Iterable[tuple[str, str]], lean: LeanSchedule, as_of: int
) -> Mapping[str, Standing]:
    """Return the standing of every account: violations of linked accounts count where the schedule says so, and
    penalties that reach linked accounts hold for each of a group."""
    together = groups(links)
    own: dict[str, Standing] = {}
    for account, entries in ledgers.items():
        others = sorted(together.get(account, frozenset()) - {account})
        linked = [entry for other in others for entry in ledgers.get(other, ())]
        own[account] = standing(entries, lean, as_of, linked)
    found: dict[str, Standing] = {}
    for account, mine in own.items():
        others = sorted((together.get(account, frozenset()) - {account}) & own.keys())
        reaching = [penalty for other in others for penalty in own[other].penalties if penalty.reaches_linked]
        found[account] = _reached(mine, reaching, lean) if reaching else mine
    return found


def _reached(mine: Standing, reaching: Sequence[Penalty], lean: LeanSchedule) -> Standing:
    """Return a standing with the penalties that reach it from others; one that it has itself is not doubled."""
    names = {(penalty.name, penalty.cause.entry) for penalty in mine.penalties}
    penalties = mine.penalties + tuple(p for p in reaching if (p.name, p.cause.entry) not in names)
    words = lean.at(mine.as_of).rules.words
    return replace(
        mine,
        penalties=penalties,
        word=word_for(words, penalties, mine.balances, mine.warnings),
        restrictions=restrictions_of(penalties),
    )

"""Reads ledgers and chooses schedules, so that standings can be asked for from outside."""

from __future__ import annotations

from pathlib import Path

from zelo.adapters.ledgers import ledger_rows
from zelo.base.errors import InvalidInput, NotFound
from zelo.base.messages.message import N_
from zelo.health.ledger import Entry
from zelo.health.rows import entry_of
from zelo.policy.pack import Pack
from zelo.policy.schedules.values import Schedule


def read_account(path: Path, account: str) -> list[Entry]:
    """Return the entries of one account; raises InvalidInput at the row that is no entry, NotFound without any."""
    found = [entry_of(row, where) for where, row in ledger_rows(path) if str(row.get("account", "")) == account]
    if not found:
        raise NotFound(N_("the ledger {path} has no entries of the account `{account}`"), path=path, account=account)
    return found


def chosen_schedule(pack: Pack, name: str | None, variant: str | None = None) -> Schedule:
    """Return the schedule of a pack by name, or its only one; raises InvalidInput when that does not say which."""
    names = ", ".join(sorted(pack.schedules))
    if not pack.schedules:
        raise InvalidInput(N_("the pack {pack} has no schedules: write one in schedules/"), pack=pack.name)
    if name is None and len(pack.schedules) > 1:
        text = N_("the pack {pack} has several schedules: name one with --schedule, of {names}")
        raise InvalidInput(text, pack=pack.name, names=names)
    schedule = next(iter(pack.schedules.values())) if name is None else pack.schedules.get(name)
    if schedule is None:
        text = N_("the pack {pack} has no schedule `{name}`; there are: {names}")
        raise NotFound(text, pack=pack.name, name=name, names=names)
    if variant is None:
        return schedule
    if variant not in schedule.others:
        text = N_("the schedule {name} has no variant `{variant}`; there are: {names}")
        raise NotFound(text, name=schedule.name, variant=variant, names=", ".join(v for v in schedule.others if v))
    return schedule.others[variant]

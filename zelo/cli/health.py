"""`zelo standing` and `zelo health simulate`: where an account stands and why, and what another schedule would do."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import click
import msgspec

from zelo.adapters.packs import open_pack
from zelo.adapters.revisions import open_against
from zelo.base.errors import InvalidInput
from zelo.base.messages.message import N_
from zelo.cli import speech
from zelo.cli.progress import ProgressLine
from zelo.cli.running import pack_argument, path_type, progress_option
from zelo.cli.speech import Command, Group, _, format_option, language_option, number, say, translate
from zelo.health.comparing import HARDER, MILDER
from zelo.health.explain import explain
from zelo.health.flows import Simulation, chosen_schedule, read_account, simulate
from zelo.health.lean import LeanSchedule, whole
from zelo.health.ledger import NOTES
from zelo.health.logic import next_steps, standing
from zelo.health.rows import time_of
from zelo.health.telling import moment, tell
from zelo.policy.schedules.values import Schedule

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_INSTANTS = frozenset({"as_of", "at", "start", "until", "due", "next_expiry", "paused_until"})
_AMOUNTS = frozenset({"value", "amount", "milestone", "next_milestone", "paid", "balance"})
ledger_option = click.option(
    "--ledger", type=path_type, required=True, help=N_("The ledger: a .jsonl, .csv or .parquet file, or a folder.")
)
schedule_option = click.option("--schedule", "name", help=N_("Which schedule of the pack, when it has several."))
variant_option = click.option("--variant", help=N_("Which variant of the schedule; its first."))


@click.command(
    "standing", cls=Command, help=N_("Tell where an account stands at an instant, why, and what would come next.")
)
@pack_argument
@ledger_option
@click.option("--account", required=True, help=N_("Id of the account."))
@click.option("--as-of", required=True, help=N_("The instant, a time with an offset: 2026-01-31T12:00:00Z."))
@schedule_option
@variant_option
@format_option
@language_option
def tell_standing(
    pack: Path, ledger: Path, account: str, as_of: str, name: str | None, variant: str | None, form: str,
    language: str | None,
) -> int:  # fmt: skip
    """Tell a standing."""
    instant = instant_of(as_of, "--as-of")
    schedule = chosen_schedule(open_pack(pack), name, variant)
    entries = read_account(ledger, account)
    lean = LeanSchedule(schedule)
    found = standing(entries, lean, instant)
    if form == "json":
        steps = next_steps(entries, lean, instant)
        told = {**_plain_fields(found), "past": _plain(found.past), "next_steps": _plain(steps)}
        say(msgspec.json.format(msgspec.json.encode(told), indent=2).decode())
        return 0
    say(_heading(schedule, account, instant))
    say()
    say(tell(explain(entries, lean, found), translate(), speech.language(), schedule.time_zone))
    if found.notes:
        say()
        say(_("What in the ledger did not count as it is written:"))
    for note in found.notes:
        say(f"  {note.entry}: {_(NOTES[note.code])} ({note.code})")
    return 0


def _heading(schedule: Schedule, account: str, instant: int) -> str:
    text = _("Account {account} under “{schedule}” (version {version}) at {moment}")
    title = schedule.title.get(speech.language(), schedule.name)
    when = moment(instant, speech.language(), schedule.time_zone)
    return text.format(account=account, schedule=title, version=schedule.version[:12], moment=when)


def instant_of(text: str, option: str) -> int:
    """Return the microseconds of a time with an offset; raises InvalidInput for others."""
    try:
        return time_of(text, option, "")
    except InvalidInput:
        words = N_("`{option}` must be a time with an offset, as in `2026-01-31T12:00:00Z`, not `{value}`")
        raise InvalidInput(words, option=option, value=text) from None


def _written(at: int) -> str:
    return (_EPOCH + timedelta(microseconds=at)).isoformat().replace("+00:00", "Z")


def _plain(value: object, name: str = "") -> object:
    """Return a value as JSON: instants as times, amounts as numbers, the rest as it is called in the code."""
    if isinstance(value, msgspec.Struct):
        return _plain_fields(value)
    if isinstance(value, dict):
        return {str(key): _plain(inner, "value" if name == "values" else "") for key, inner in value.items()}
    if isinstance(value, tuple | list):
        return [_plain(inner, "value" if name == "reached" else "") for inner in value]
    if isinstance(value, int) and not isinstance(value, bool):
        return _written(value) if name in _INSTANTS else whole(value) if name in _AMOUNTS else value
    return value


def _plain_fields(value: msgspec.Struct) -> dict[str, object]:
    return {name: _plain(getattr(value, name), name) for name in value.__struct_fields__ if name != "later"}


@click.group("health", cls=Group, help=N_("Account health: what a schedule would do to every account."))
def health() -> None:
    """Hold the commands about schedules."""


@health.command(
    "simulate", cls=Command, help=N_("Tell who would move under another schedule, over every account of a ledger.")
)
@pack_argument
@click.option("--against", required=True, help=N_("Today's pack: a folder, or a git revision of the pack."))
@ledger_option
@click.option("--out", type=path_type, required=True, help=N_("Folder for report.html, report.json and moves.parquet."))
@click.option("--as-of", help=N_("The instant to compare at, a time with an offset; that of the last entry."))
@click.option("--accounts", type=path_type, help=N_("File of accounts with market, size, kind and created_at."))
@schedule_option
@variant_option
@click.option("--fresh", is_flag=True, help=N_("Replace an earlier report in the folder."))
@progress_option
@language_option
def simulate_command(
    pack: Path, against: str, ledger: Path, out: Path, as_of: str | None, accounts: Path | None, name: str | None,
    variant: str | None, fresh: bool, shown: bool | None, language: str | None,
) -> int:  # fmt: skip
    """Simulate a schedule."""
    after = chosen_schedule(open_pack(pack), name, variant)
    before = chosen_schedule(open_against(against, pack), name or after.name, variant)
    instant = None if as_of is None else instant_of(as_of, "--as-of")
    folders = (pack, *([Path(against)] if Path(against).is_dir() else []))
    job = Simulation(before, after, ledger, out, instant, accounts, speech.language(), folders=folders, fresh=fresh)
    line = ProgressLine(shown=shown)
    try:
        found = simulate(job, line)
    finally:
        line.close()
    tally = found.tally
    text = _("accounts: {accounts}; restricted more: {harder}, less: {milder}; otherwise moved: {others}")
    harder, milder = tally.directions[HARDER], tally.directions[MILDER]
    others = number(tally.moved - harder - milder)
    say(text.format(accounts=number(tally.accounts), harder=number(harder), milder=number(milder), others=others))
    for file in ("report.html", "report.json", "moves.parquet"):
        say(f"  {out / file}")
    return 0


COMMANDS = (tell_standing, health)

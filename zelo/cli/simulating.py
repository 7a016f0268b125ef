"""`zelo simulate`: a platform's world from one seed, with its truth beside it; with a pack, governed by that pack."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import click

from zelo.adapters.packs import open_pack
from zelo.base.errors import InvalidInput
from zelo.base.messages.message import N_
from zelo.cli.progress import ProgressLine
from zelo.cli.running import fresh_option, path_type, progress_option
from zelo.cli.speech import Command, _, language_option, number, say
from zelo.simulate.governed import PackGovernor
from zelo.simulate.making import EARLIEST, FIRST, LATEST, MOST_DAYS, NAME, Made, Order, make_world

MOST_ACCOUNTS = 5_000_000


@click.command("simulate", cls=Command, help=N_("Make a platform's world from one seed: events, feed, ledger, truth."))
@click.option("--world", type=click.Choice([NAME]), default=NAME, show_default=True, help=N_("Which world."))
@click.option(
    "--accounts", type=click.IntRange(100, MOST_ACCOUNTS), default=2_000, show_default=True, help=N_("How many people.")
)
@click.option("--days", type=click.IntRange(1, MOST_DAYS), default=60, show_default=True, help=N_("How many days."))
@click.option(
    "--seed",
    type=click.IntRange(0, 2**63 - 1),
    default=1,
    show_default=True,
    help=N_("Number that decides everything."),
)
@click.option(
    "--first-day", default=FIRST.isoformat(), show_default=True, help=N_("The day on which the world begins.")
)
@click.option(
    "--pack", type=path_type, help=N_("Pack that decides while the world goes on; decisions change what follows.")
)
@click.option("--out", type=path_type, required=True, help=N_("Folder of the new world."))
@fresh_option
@progress_option
@language_option
def simulate(
    world: str, accounts: int, days: int, seed: int, first_day: str, pack: Path | None, out: Path, fresh: bool,
    shown: bool | None, language: str | None,
) -> int:  # fmt: skip
    """Make a world."""
    order = Order(accounts, days, seed, out, _day(first_day), fresh=fresh)
    governor = PackGovernor(open_pack(pack)) if pack is not None else None
    line = ProgressLine(shown=shown)
    try:
        made = make_world(order, line, governor)
    finally:
        line.close()
    for text in world_lines(made, out):
        say(text)
    return 0


def world_lines(made: Made, out: Path) -> list[str]:
    """Return what a world came to, for people."""
    lines = [
        _("events: {count}").format(count=number(made.events)),
        _("offers of the feed: {count}").format(count=number(made.impressions)),
        _("dead letters: {count}").format(count=number(sum(made.dead_letters.values()))),
    ]
    if made.decided:
        lines.append(_("events the pack decided as they came: {count}").format(count=number(made.decided)))
    lines.append(_("the world, for `zelo run PACK --source`: {path}").format(path=out))
    lines.append(_("what everything really is, for measuring only: {path}").format(path=out / "truth"))
    return lines


def _day(text: str) -> date:
    """Return a day that is written as 2025-01-31."""
    try:
        day = date.fromisoformat(text)
    except ValueError:
        raise InvalidInput(N_("`{text}` is no day as in `2025-01-31`"), text=text) from None
    if not EARLIEST <= day <= LATEST:
        raise InvalidInput(
            N_("a world begins between {first} and {last}, not on {text}"), first=EARLIEST, last=LATEST, text=text
        )
    return day


COMMANDS = (simulate,)

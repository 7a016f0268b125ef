"""`zelo demo`: zelo's main job on a small generated world, from nothing to decisions one can ask about."""

from __future__ import annotations

from pathlib import Path

import click
import duckdb

import zelo
from zelo.adapters.files import make_folder
from zelo.adapters.packs import open_pack
from zelo.base.errors import NotFound
from zelo.base.messages.message import N_
from zelo.cli.progress import ProgressLine
from zelo.cli.running import carry_out, now_us
from zelo.cli.simulating import world_lines
from zelo.cli.speech import Command, _, language_option, say
from zelo.decide.flows import Run
from zelo.simulate.making import Order, make_world

PACK = "br_social_commerce"
ACCOUNTS, DAYS, SEED = 2_000, 60, 1
"""The size of the demo's world."""


@click.command(
    "demo", cls=Command, help=N_("Generate a small data set, run a pack over it, and say what to look at next.")
)
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    default=Path("zelo-demo"),
    show_default=True,
    help=N_("Folder for everything."),
)
@click.option("--pack", type=click.Path(path_type=Path), help=N_("Folder of the pack; the one that ships with zelo."))
@language_option
def demo(out: Path, pack: Path | None, language: str | None) -> int:
    """Run the demo."""
    folder = pack or shipped_pack()
    make_folder(out)
    world, target = out / "world", out / "run"
    line = ProgressLine(shown=None)
    try:
        made = make_world(Order(ACCOUNTS, DAYS, SEED, world, fresh=True), line)
    finally:
        line.close()
    for text in world_lines(made, world):
        say(text)
    say(_("the pack that decides them: {path}").format(path=folder))
    say("")
    code = carry_out(Run(pack=open_pack(folder), source=world, out=target, now_us=now_us(), fresh=True), shown=None)
    if code:
        return code
    say("")
    say(_("What to do next:"))
    say(_("  read a policy:             {path}").format(path=folder / "policies"))
    say(
        _("  ask why a rule fired:      zelo explain {pack} --run {run} --id {id}").format(
            pack=folder, run=target, id=_one(target)
        )
    )
    say(_("  change a rule, check it:   zelo check {pack}").format(pack=folder))
    say(_("  run the pack's examples:   zelo test {pack}").format(pack=folder))
    say(_("  what conditions can say:   docs/language.md"))
    return 0


def shipped_pack() -> Path:
    """Return the folder of the demo's pack in a clone of zelo; raise NotFound where there is none."""
    folder = Path(zelo.__file__).resolve().parent.parent / "packs" / PACK
    if not folder.is_dir():
        raise NotFound(N_("the packs of zelo are not here: clone its repository, or name a pack with --pack"))
    return folder


def _one(target: Path) -> str:
    """Return the id of an event on which many rules fired."""
    files = str(target / "decisions" / "*.parquet")
    sql = f"SELECT event_id FROM '{files}' ORDER BY len(fired) DESC, order_key LIMIT 1"
    found = duckdb.execute(sql).fetchall()
    return str(found[0][0]) if found else "ID"


COMMANDS = (demo,)

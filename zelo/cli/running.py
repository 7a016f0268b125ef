"""`zelo run` and `zelo import-events`: history through the engine, and tables into a lake."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from pathlib import Path

import click
import msgspec

from zelo.adapters.packs import open_pack
from zelo.adapters.stage import Limits
from zelo.base.errors import InvalidInput
from zelo.base.messages.message import N_
from zelo.cli.progress import ProgressLine, stop_on_signals
from zelo.cli.speech import EXIT_INTERRUPTED, Command, _, complain, format_option, language_option, number, say
from zelo.cli.telling import import_lines, summary_lines
from zelo.decide.flows import CHECKPOINT_EVERY, Run, import_source, run_history
from zelo.events.values import instant_us

path_type = click.Path(path_type=Path)
pack_argument = click.argument("pack", type=path_type)
source_option = click.option(
    "--source", type=path_type, required=True, help=N_("A lake, .jsonl files, or a folder of tables.")
)
fresh_option = click.option("--fresh", is_flag=True, help=N_("Throw away what an earlier run left in the folder."))
memory_option = click.option("--memory", default="1GB", show_default=True, help=N_("Memory for reading tables."))
time_option = click.option(
    "--time-limit",
    type=click.IntRange(min=1),
    default=3_600,
    show_default=True,
    help=N_("Seconds each of the pack's SQL mappings may take."),
)
progress_option = click.option(
    "--progress/--no-progress", "shown", default=None, help=N_("Show progress; on a terminal it is shown.")
)


@click.command("run", cls=Command, help=N_("Decide the events of a source; keep the decisions and a summary."))
@pack_argument
@source_option
@click.option("--out", type=path_type, required=True, help=N_("Folder for decisions, summary and dead letters."))
@click.option("--since", help=N_("Keep decisions from this time on; earlier events only fill the windows."))
@click.option("--until", help=N_("Read events before this time only."))
@click.option("--limit", type=click.IntRange(min=1), help=N_("Read so many events only."))
@click.option("--all", "everything", is_flag=True, help=N_("Keep the decisions in which nothing happened, too."))
@click.option(
    "--checkpoint-every",
    type=click.IntRange(min=1),
    default=CHECKPOINT_EVERY,
    show_default=True,
    help=N_("Events between two points to go on from."),
)
@fresh_option
@memory_option
@time_option
@progress_option
@format_option
@language_option
def run(
    pack: Path, source: Path, out: Path, since: str | None, until: str | None, limit: int | None, everything: bool,
    checkpoint_every: int, fresh: bool, memory: str, time_limit: int, shown: bool | None, form: str,
    language: str | None,
) -> int:  # fmt: skip
    """Run history."""
    since_us, until_us = instant(since, "--since"), instant(until, "--until")
    if since_us is not None and until_us is not None and since_us >= until_us:
        raise InvalidInput(N_("no event lies from --since {since} to before --until {until}"), since=since, until=until)
    wanted = Run(
        pack=open_pack(pack),
        source=source,
        out=out,
        now_us=now_us(),
        since_us=since_us,
        until_us=until_us,
        limit=limit,
        stores="all" if everything else "notable",
        fresh=fresh,
        checkpoint_every=checkpoint_every,
        limits=Limits(memory=memory, seconds=time_limit),
    )
    return carry_out(wanted, shown=shown, form=form)


def carry_out(wanted: Run, *, shown: bool | None, form: str = "text") -> int:
    """Run, and tell what came of it."""
    line = ProgressLine(shown=shown)
    try:
        with stop_on_signals() as stop:
            outcome = run_history(wanted, line, stop)
    finally:
        line.close()
    if form == "json":
        if not outcome.finished:
            raise KeyboardInterrupt
        say(msgspec.json.encode(outcome.summary).decode())
        return 0
    if not outcome.finished:
        text = N_("stopped after {count} events; the same command goes on from there")
        complain(text, count=number(outcome.summary.read))
        return EXIT_INTERRUPTED
    if outcome.resumed_after:
        say(_("an earlier run had read {count} events already").format(count=number(outcome.resumed_after)))
    for text in summary_lines(outcome.summary, wanted.out):
        say(text)
    return 0


@click.command("import-events", cls=Command, help=N_("Read a source into a lake: events by kind and day, in order."))
@pack_argument
@source_option
@click.option("--out", type=path_type, required=True, help=N_("Folder of the new lake."))
@fresh_option
@memory_option
@time_option
@progress_option
@format_option
@language_option
def import_events(
    pack: Path,
    source: Path,
    out: Path,
    fresh: bool,
    memory: str,
    time_limit: int,
    shown: bool | None,
    form: str,
    language: str | None,
) -> int:
    """Import events."""
    line = ProgressLine(shown=shown)
    limits = Limits(memory=memory, seconds=time_limit)
    try:
        manifest = import_source(
            open_pack(pack), source, out, now_us=now_us(), fresh=fresh, limits=limits, progress=line
        )
    finally:
        line.close()
    if form == "json":
        say(msgspec.json.encode(manifest).decode())
        return 0
    for text in import_lines(manifest, out):
        say(text)
    return 0


def now_us() -> int:
    """Read the clock: microseconds since 1970 UTC."""
    return time.time_ns() // 1_000


def instant(text: str | None, option: str) -> int | None:
    """Return the microseconds of a day or of a time with a zone."""
    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        moment = None
    if moment is not None and len(text) == len("2026-01-31"):
        moment = moment.replace(tzinfo=UTC)
    if moment is None or moment.tzinfo is None:
        raise InvalidInput(
            N_("`{option}` must be a day or a time with a zone, as in `2026-01-31` or `2026-01-31T12:00:00Z`"),
            option=option,
        )
    return instant_us(moment)


COMMANDS = (run, import_events)

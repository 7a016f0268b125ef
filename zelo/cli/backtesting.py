"""`zelo backtest` and `zelo sweep`: what a pack, or a change of it, would have done over history."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import click

from zelo.adapters.cache import Cache
from zelo.adapters.lake import read_manifest
from zelo.adapters.packs import open_pack, read_pack_files
from zelo.adapters.revisions import files_at
from zelo.adapters.stage import Limits
from zelo.adapters.translation import LANGUAGES, translator
from zelo.backtest.assembly import SAMPLE, Question, check_question
from zelo.backtest.flows import Backtest, Sweep, run_backtest, run_sweep
from zelo.backtest.report.tongue import Tongue
from zelo.base.errors import PolicyRejected
from zelo.base.messages.message import N_
from zelo.base.source import Report
from zelo.cli.backtest_lines import backtest_lines, sweep_lines
from zelo.cli.engines import ENGINES, cache_beside, engine_named
from zelo.cli.progress import ProgressLine, stop_on_signals
from zelo.cli.running import (
    instant,
    memory_option,
    now_us,
    pack_argument,
    path_type,
    progress_option,
    source_option,
    time_option,
)
from zelo.cli.speech import Command, _, language, language_option, number, say
from zelo.policy.load_pack import load_pack
from zelo.policy.pack import Pack

outcome_option = click.option("--outcome", help=N_("Outcome of the pack that rules are measured by; its only one."))
since_option = click.option(
    "--since", help=N_("Count decisions from this time on; earlier events only fill the windows.")
)
until_option = click.option(
    "--until", help=N_("Count decisions before this time; outcomes are looked for after it, too.")
)
fresh_option = click.option("--fresh", is_flag=True, help=N_("Replace an earlier report in the folder."))
engine_option = click.option(
    "--engine", type=click.Choice(ENGINES), default=ENGINES[0], show_default=True, help=N_("What decides the events.")
)


@click.command("backtest", cls=Command, help=N_("Say what a pack, or a change of it, would have done over history."))
@pack_argument
@source_option
@click.option("--out", type=path_type, required=True, help=N_("Folder of the report; it is made anew."))
@click.option("--against", help=N_("Another version of the pack: a folder, or a git revision of this one."))
@since_option
@until_option
@click.option("--by", default="", help=N_("Fields to split hits by, with commas between: `account.kind,kind`."))
@outcome_option
@engine_option
@click.option(
    "--sample", type=click.IntRange(0, 50), default=SAMPLE, show_default=True,
    help=N_("Examples of each sort for each rule."),
)  # fmt: skip
@click.option("--aggregates-only", is_flag=True, help=N_("Leave out ids and examples, to show the report to anyone."))
@fresh_option
@memory_option
@time_option
@progress_option
@language_option
def backtest(
    pack: Path, source: Path, out: Path, against: str | None, since: str | None, until: str | None, by: str,
    outcome: str | None, engine: str, sample: int, aggregates_only: bool, fresh: bool, memory: str, time_limit: int,
    shown: bool | None, language: str | None,
) -> int:  # fmt: skip
    """Run a backtest."""
    files, (old, old_files) = read_pack_files(pack), other_version(pack, against)
    question = Question(
        pack=open_pack(pack),
        named=str(pack),
        files=files,
        old=old,
        old_named=against or "",
        old_files=old_files,
        since_us=instant(since, "--since"),
        until_us=instant(until, "--until"),
        by=tuple(field.strip() for field in by.split(",") if field.strip()),
        outcome=outcome,
        sample=sample,
        aggregates_only=aggregates_only,
    )
    check_question(question)
    job = Backtest(
        question=question,
        source=source,
        out=out,
        engine=engine_named(engine, memory),
        now_us=now_us(),
        fresh=fresh,
        folders=(pack, *([Path(against)] if against and Path(against).is_dir() else [])),
        limits=Limits(memory=memory, seconds=time_limit),
        tongues=tongues(),
    )
    line = ProgressLine(shown=told(engine, shown=shown))
    try:
        with stop_on_signals():
            figures = run_backtest(job, line)
    finally:
        line.close()
    for text in backtest_lines(figures, job.tongues[spoken()], out):
        say(text)
    return 0


def other_version(pack: Path, against: str | None) -> tuple[Pack | None, Mapping[str, bytes]]:
    """Return another version of a pack and its files: what is in a folder, or was there at a git revision."""
    if against is None:
        return None, {}
    folder = Path(against)
    files = read_pack_files(folder) if folder.is_dir() else files_at(pack, against)
    report = Report()
    loaded = load_pack(files, report)
    if loaded is None:
        raise PolicyRejected(report.diagnostics)
    return loaded, files


def told(engine: str, *, shown: bool | None) -> bool | None:
    """Return whether progress is shown: with Spark also without a terminal, as its steps take long."""
    return True if shown is None and engine == "spark" else shown


def spoken() -> str:
    """Return the language that is spoken."""
    return language()


def tongues() -> dict[str, Tongue]:
    """Return how each language is spoken, the reader's first."""
    order = sorted(LANGUAGES, key=lambda name: name != spoken())
    return {name: Tongue(name, translator(name)) for name in order}


@click.command("sweep", cls=Command, help=N_("Show what a rule would do for every value of one of its constants."))
@pack_argument
@click.option("--rule", "rule_name", required=True, help=N_("Rule whose condition reads the constant."))
@click.option("--constant", required=True, help=N_("Name of the constant, a number, in the rule's policy."))
@source_option
@click.option(
    "--out", type=path_type, help=N_("Folder for the curve as a page, SVG and JSON; without it, it is only told.")
)
@since_option
@until_option
@outcome_option
@engine_option
@fresh_option
@memory_option
@time_option
@progress_option
@language_option
def sweep(
    pack: Path, rule_name: str, constant: str, source: Path, out: Path | None, since: str | None, until: str | None,
    outcome: str | None, engine: str, fresh: bool, memory: str, time_limit: int, shown: bool | None,
    language: str | None,
) -> int:  # fmt: skip
    """Sweep a constant."""
    question = Question(
        pack=open_pack(pack),
        named=str(pack),
        since_us=instant(since, "--since"),
        until_us=instant(until, "--until"),
        outcome=outcome,
    )
    check_question(question)
    job = Sweep(
        question=question,
        rule=rule_name,
        constant=constant,
        source=source,
        out=out,
        engine=engine_named(engine, memory),
        now_us=now_us(),
        fresh=fresh,
        folders=(pack,),
        limits=Limits(memory=memory, seconds=time_limit),
        tongues=tongues(),
    )
    line = ProgressLine(shown=told(engine, shown=shown))
    try:
        with stop_on_signals():
            curve = run_sweep(job, line)
    finally:
        line.close()
    for text in sweep_lines(curve, job.tongues[spoken()], out):
        say(text)
    return 0


@click.command(
    "cache", cls=Command, help=N_("Tell what backtests keep beside a lake for the next time, or throw it away.")
)
@click.argument("lake", type=path_type)
@click.option("--clear", is_flag=True, help=N_("Throw all of it away; the next backtest computes it anew."))
@language_option
def cache(lake: Path, clear: bool, language: str | None) -> int:
    """Tell or clear the cache of a lake."""
    read_manifest(lake)
    kept = cache_beside(lake)
    if not kept.is_dir():
        say(_("nothing is kept for {lake}").format(lake=lake))
        return 0
    found = Cache(kept)
    if clear:
        found.clear()
        kept.rmdir()
        say(_("thrown away: {path}").format(path=kept))
        return 0
    say(
        _("kept for the next backtest: {size} MB in {path}").format(
            size=number(round(found.size() / 1e6, 1)), path=kept
        )
    )
    return 0


COMMANDS = (backtest, sweep, cache)

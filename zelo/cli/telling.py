"""What a run or an import came to, as lines for people; and `zelo version`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import click

from zelo.adapters.dead_letters import DeadLetter, first_letters
from zelo.adapters.lake import Manifest
from zelo.base import versions
from zelo.base.messages.message import N_
from zelo.cli.speech import Command, _, language_option, moment, number, percent, say
from zelo.decide.tally import Summary
from zelo.events.intake import effective_ms
from zelo.events.reasons import REASONS

_RULES_QUIET = 40
"""With more rules than this, those that did nothing are only counted."""


def summary_lines(summary: Summary, out: Path) -> Iterator[str]:
    """Yield what a run came to."""
    pack = _("{pack}, version {version}, language version {language}")
    yield pack.format(pack=summary.pack, version=summary.pack_version[:12], language=summary.language_version)
    yield ""
    yield from _intake_lines(summary.rows_in, summary.events, summary.dead_letters, summary.late, out)
    if summary.warm_up:
        yield _("events before --since, which only fill the windows: {count}").format(count=number(summary.warm_up))
    if summary.read < summary.events:
        yield _("events behind --until or --limit, not read: {count}").format(
            count=number(summary.events - summary.read)
        )
    yield ""
    yield from table([_("kind of event"), _("events")], [(kind, number(n)) for kind, n in summary.kinds.items()])
    yield ""
    yield from _rule_lines(summary)
    yield ""
    yield from table([_("effect"), _("asked for")], [(kind, number(n)) for kind, n in summary.effects.items()])
    for reason, kinds in summary.held.items():
        for kind, count in kinds.items():
            text = _("held back ({reason}): {kind}: {count}")
            yield text.format(reason=_reason(reason), kind=kind, count=number(count))
    yield ""
    yield _("events decided: {count}; a rule fired on {fired}, a rule was undetermined on {undetermined}").format(
        count=number(summary.decided),
        fired=percent(summary.events_fired, summary.decided),
        undetermined=percent(summary.events_undetermined, summary.decided),
    )
    speed = _("seconds: {seconds}; events per second: {speed}")
    yield speed.format(seconds=number(round(summary.seconds, 1)), speed=number(round(summary.events_per_s)))
    kept = N_("decisions kept: {count} (all of them)")
    if summary.stores != "all":
        kept = N_("decisions kept: {count} (those in which a rule fired or was undetermined; --all keeps the rest)")
    yield _(kept).format(count=number(summary.stored))
    yield f"  {out / 'decisions'}"
    yield f"  {out / 'summary.json'}"


def import_lines(manifest: Manifest, out: Path) -> Iterator[str]:
    """Yield what an import came to."""
    yield from _intake_lines(manifest.rows, manifest.events, manifest.dead_letters, manifest.late, out)
    yield ""
    yield from table([_("kind of event"), _("events")], [(kind, number(n)) for kind, n in manifest.kinds.items()])
    if manifest.events:
        last = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=effective_ms(manifest.last_order_key))
        yield _("last event: {moment}").format(moment=moment(last))
    yield f"  {out / 'events'}"


def _intake_lines(rows: int, events: int, dead: Mapping[str, int], late: int, out: Path) -> Iterator[str]:
    text = _("rows in: {rows} = events: {events} + dead letters: {dead}")
    yield text.format(rows=number(rows), events=number(events), dead=number(sum(dead.values())))
    path = out / "dead_letters.jsonl"
    first = first_letters(path) if dead else {}
    for code, count in dead.items():
        line = _("  {count} × {code}").format(count=number(count), code=code)
        yield line + (f": {_letter(first[code])}" if code in first else "")
    if dead and first:
        yield f"  {path}"
    if late:
        late_text = _(
            "events dated before the one that came in before them, which count from when they came in: {count}"
        )
        yield late_text.format(count=number(late))


def _letter(letter: DeadLetter) -> str:
    words = _(REASONS[letter.code]).format(**letter.params)
    return _("first {file}:{row}: {words}").format(file=letter.file, row=letter.row, words=words)


def _rule_lines(summary: Summary) -> Iterator[str]:
    rules = {name: count for name, count in summary.rules.items() if count.fired or count.undetermined}
    quiet = len(summary.rules) - len(rules)
    if len(summary.rules) <= _RULES_QUIET:
        rules, quiet = dict(summary.rules), 0
    rows = [
        (name, number(count.fired), number(count.undetermined), percent(count.fired, count.looked_at))
        for name, count in rules.items()
    ]
    yield from table([_("rule"), _("fired"), _("undetermined"), _("share of its events")], rows)
    if quiet:
        yield _("rules that never fired and were never undetermined: {count}").format(count=number(quiet))


def _reason(reason: str) -> str:
    """Return why an effect was held back, in words."""
    words = {
        "rule_limit": N_("daily limit of the rule"),
        "daily_limit": N_("daily limit of the pack"),
        "superseded": N_("a stronger effect took its place"),
        "no_entity": N_("the event does not say on whom"),
    }
    return _(words.get(reason, reason))


def table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    """Yield a table: the first column to the left, numbers to the right."""
    widths = [max(len(cell) for cell in column) for column in zip(heads, *rows, strict=True)]
    for row in (heads, *rows):
        first = row[0].ljust(widths[0])
        yield "  ".join([first, *(cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True))]).rstrip()


@click.command("version", cls=Command, help=N_("Print the version of zelo and of the policy language."))
@language_option
def version(language: str | None) -> int:
    """Print versions."""
    text = _("zelo {version}, language version {language}")
    say(text.format(version=versions.ZELO, language=versions.LANGUAGE))
    return 0


COMMANDS = (version,)

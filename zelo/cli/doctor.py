"""`zelo doctor`: looks at an installation and says what is wrong with it, and what to do."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator

import click
import pyarrow as pa

from zelo.adapters.lake_store import FolderLake, lake_store
from zelo.base.errors import ZeloError
from zelo.base.messages.message import N_
from zelo.cli.platform import lake, now, prepare
from zelo.cli.speech import Command, _, language_option, number, say, words_of

_FREE_LEAST = 1 << 30
_PROBE = "probe.parquet"
Finding = tuple[str, str]
"""`ok`, `warning` or `fault`, and the words."""


def _database() -> Iterator[Finding]:
    from django.db import connection
    from django.db.migrations.executor import MigrationExecutor

    with connection.cursor() as cursor:
        cursor.execute("SELECT current_setting('server_version_num')::int, current_setting('synchronous_commit'),"
                       " current_setting('fsync')")  # fmt: skip
        version, commit, fsync = cursor.fetchone()
    if version < 150_000:
        yield (
            "fault",
            _(N_("PostgreSQL {version} is too old: zelo needs 15 or later")).format(version=version // 10_000),
        )
    if commit != "on" or fsync != "on":
        yield "fault", _(N_("the database may lose what it has confirmed: set fsync and synchronous_commit to on"))
    executor = MigrationExecutor(connection)
    missing = executor.migration_plan(executor.loader.graph.leaf_nodes())
    if missing:
        yield "fault", _(N_("the database is {count} change(s) behind: run zelo migrate")).format(count=len(missing))
    else:
        yield "ok", _(N_("the database answers and is at this version"))


def _work() -> Iterator[Finding]:
    from django.db import connection

    from zelo.decide.tables import Activation, LakeFile, WorkerBeat
    from zelo.intake.flows import backlog

    if not Activation.objects.exists():
        yield "fault", _(N_("no pack is at work: run zelo pack store and zelo pack activate"))
    alive = [one for one in WorkerBeat.objects.all() if (now() - one.seen_at).total_seconds() < 20]
    if not alive:
        yield "fault", _(N_("no worker is running: events are accepted and not decided"))
    else:
        yield "ok", _(N_("workers: {count}")).format(count=len(alive))
    waiting = backlog()
    text = _(N_("events that wait to be decided: {count}")).format(count=number(waiting))
    yield ("warning" if waiting > 10_000 else "ok"), text
    with connection.cursor() as cursor:
        cursor.execute("SELECT coalesce(sum(next - lake_next), 0)::bigint FROM zelo_progress")
        behind = cursor.fetchone()[0]
        cursor.execute("SELECT count(*) FROM zelo_dead_letter WHERE state = 'open'")
        letters = cursor.fetchone()[0]
        cursor.execute("SELECT count(*) FROM zelo_delivery WHERE state = 'dead'")
        dead = cursor.fetchone()[0]
    if behind > 200_000:
        yield "fault", _(N_("the lake is {count} decisions behind: see the worker's log")).format(count=number(behind))
    if letters:
        yield "warning", _(N_("open dead letters: {count}")).format(count=number(letters))
    if dead:
        yield "warning", _(N_("deliveries that were given up: {count}")).format(count=number(dead))
    store = lake_store(lake())
    missing = [path for path in LakeFile.objects.order_by("-id").values_list("path", flat=True)[:200]
               if not store.has(path)]  # fmt: skip
    if missing:
        yield "fault", _(N_("files of the lake are missing, as {path}")).format(path=missing[0])


def _machine() -> Iterator[Finding]:
    from django.conf import settings

    store = lake_store(lake())
    try:
        store.write(_PROBE, pa.table({"at": [now()]}))
        store.remove(_PROBE)
    except (OSError, ZeloError) as error:
        text = _(N_("the lake in {path} may not be written to: {reason}"))
        yield "fault", text.format(path=store, reason=words_of(error) if isinstance(error, ZeloError) else error)
    if isinstance(store, FolderLake) and shutil.disk_usage(store.root).free < _FREE_LEAST:
        yield "fault", _(N_("less than 1 GiB is free where the lake is"))
    if not settings.PUBLIC_URL:
        yield "warning", _(N_("ZELO_URL is not set: cookies are not marked as secure, and links lead nowhere"))
    if settings.DEBUG:
        yield "fault", _(N_("ZELO_DEBUG is set: errors show the program's inside to everyone"))
    if not os.environ.get("ZELO_SECRET"):
        yield (
            "warning",
            _(N_("the secret lies in {path}: back it up, and give every machine the same one")).format(
                path=settings.HOME / "secret"
            ),
        )


def _trail() -> Iterator[Finding]:
    from zelo.people.flows import verify

    count, faults = verify()
    if faults:
        yield "fault", _(N_("the audit trail was tampered with: run zelo audit verify"))
    else:
        yield "ok", _(N_("the audit trail holds: {count} entries")).format(count=number(count))


@click.command("doctor", cls=Command, help=N_("Look at this installation and say what is wrong with it."))
@language_option
def doctor(language: str | None) -> int:
    """Examine the installation."""
    from django.db import Error

    prepare("doctor", statement_ms=300_000)
    worst = 0
    marks = {"ok": "  ", "warning": "! ", "fault": "X "}
    checks: tuple[Callable[[], Iterator[Finding]], ...] = (_database, _work, _machine, _trail)
    for check in checks:
        try:
            for kind, words in check():
                say(marks[kind] + words)
                worst = max(worst, kind == "fault")
        except Error as error:
            say(marks["fault"] + str(error).strip().splitlines()[0])
            worst = 1
    return int(worst)


COMMANDS = (doctor,)

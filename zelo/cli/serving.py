"""`zelo migrate`, `zelo serve`, `zelo user`, `zelo db`: the platform's processes and what they need."""

from __future__ import annotations

import getpass
import os
import shutil
import sys
from pathlib import Path

import click

from zelo.adapters.home import home_folder
from zelo.base.errors import Conflict, InvalidInput, NotFound
from zelo.base.messages.message import N_
from zelo.cli.platform import prepare, private_server
from zelo.cli.speech import Command, Group, _, language_option, say

PARTITIONS_MAX = 256


@click.command("migrate", cls=Command, help=N_("Bring the database to this version of zelo; make it if need be."))
@click.option(
    "--partitions",
    type=click.IntRange(1, PARTITIONS_MAX),
    help=N_("How many parts the log has; can only be said before the first event. 1 unless said."),
)
@language_option
def migrate(partitions: int | None, language: str | None) -> int:
    """Migrate."""
    prepare("migrate", statement_ms=600_000)
    apply_migrations(partitions)
    say(_("the database is at this version"))
    return 0


def apply_migrations(partitions: int | None = None) -> None:
    """Apply what is missing, and make the partitions of the log; raises Conflict when their number cannot change."""
    from django.core.management import call_command
    from django.db import connection, transaction

    call_command("migrate", interactive=False, verbosity=0)
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("LOCK TABLE zelo_partition IN EXCLUSIVE MODE")
        cursor.execute("SELECT count(*), coalesce(sum(tail), 0) FROM zelo_partition")
        count, events = cursor.fetchone()
        wanted = partitions or max(count, 1)
        if wanted == count:
            return
        if events:
            raise Conflict(
                N_("the log has {count} partition(s) with events in them: their number cannot change"), count=count
            )
        for table in ("zelo_partition", "zelo_progress"):
            cursor.execute(f"DELETE FROM {table}")  # nosec B608 # one of two names above
        cursor.execute("INSERT INTO zelo_partition (id, tail) SELECT n, 0 FROM generate_series(0, %s - 1) n", [wanted])
        cursor.execute(
            "INSERT INTO zelo_progress (partition, next, lake_next, epoch, owner, last_order_key, attempts)"
            " SELECT n, 1, 1, 0, '', %s, 0 FROM generate_series(0, %s - 1) n",
            [-(2**63), wanted],
        )


@click.command("serve", cls=Command, help=N_("Serve the console and the API."))
@click.option("--host", default="127.0.0.1", show_default=True, help=N_("Address to listen on."))
@click.option("--port", default=8000, show_default=True, type=click.IntRange(0, 65535), help=N_("Port to listen on."))
@click.option("--processes", default=1, show_default=True, type=click.IntRange(1, 64), help=N_("How many processes."))
@click.option(
    "--threads", default=32, show_default=True, type=click.IntRange(1, 256), help=N_("Threads of each process.")
)
@language_option
def serve(host: str, port: int, processes: int, threads: int, language: str | None) -> int:
    """Serve."""
    counts = home_folder() / "metrics"
    shutil.rmtree(counts, ignore_errors=True)
    counts.mkdir(parents=True, exist_ok=True)
    os.environ["PROMETHEUS_MULTIPROC_DIR"] = str(counts)
    prepare("serve", pool=16)
    say(_("listening on {address}").format(address=f"http://{host}:{port}/"))
    run_server(host, port, processes=processes, threads=threads)
    return 0


def run_server(host: str, port: int, *, processes: int, threads: int) -> None:
    """Serve until a signal comes; requests that are under way are finished first."""
    from granian.constants import Interfaces
    from granian.server import Server as Granian

    Granian(
        "zelo.web.wsgi:application",
        address=host,
        port=port,
        interface=Interfaces.WSGI,
        workers=processes,
        blocking_threads=threads,
        backpressure=threads * 2,
        respawn_failed_workers=True,
        workers_kill_timeout=30,
        log_access=False,
        websockets=False,
    ).serve()


# --------------------------------------------------------------------------------------------------------------- people
@click.group("user", cls=Group, help=N_("People who may log in."))
def people() -> None:
    """Hold the commands about people."""


@people.command("add", cls=Command, help=N_("Add a person, or change their roles and password."))
@click.argument("email")
@click.option("--name", default="", help=N_("Their name."))
@click.option("--role", "roles", multiple=True, help=N_("A role; may be said several times."))
@click.option("--market", "markets", multiple=True, help=N_("A market they may see; unless said, all."))
@click.option("--password-stdin", is_flag=True, help=N_("Read the password from the input."))
@language_option
def add(
    email: str, name: str, roles: tuple[str, ...], markets: tuple[str, ...], password_stdin: bool, language: str | None
) -> int:
    """Add a person."""
    prepare("user")
    password = sys.stdin.readline().rstrip("\n") if password_stdin else getpass.getpass(_("password: "))
    keep_person(email, name=name, roles=roles, markets=markets, password=password)
    say(_("{email} may log in").format(email=email))
    return 0


def keep_person(email: str, *, name: str, roles: tuple[str, ...], markets: tuple[str, ...], password: str) -> None:
    """Add a person or change them; raises InvalidInput for a weak password."""
    from django.contrib.auth.password_validation import validate_password
    from django.core.exceptions import ValidationError

    from zelo.people.tables import Person

    known = Person.objects.filter(email__iexact=email).first() or Person(email=email, username=email)
    known.first_name, known.roles, known.markets = name or known.first_name, list(roles), list(markets)
    try:
        validate_password(password, known)
    except ValidationError as error:
        raise InvalidInput(N_("the password is too weak: {reasons}"), reasons=" ".join(error.messages)) from None
    known.set_password(password)
    known.save()


@people.command("list", cls=Command, help=N_("List everyone who may log in."))
@language_option
def list_people(language: str | None) -> int:
    """List people."""
    prepare("user")
    from zelo.people.tables import Person

    for one in Person.objects.order_by("email"):
        say(f"{one.email}  {', '.join(one.roles) or '-'}  {', '.join(one.markets) or '*'}")
    return 0


# ----------------------------------------------------------------------------------------------------- private database
@click.group("db", cls=Group, help=N_("The private database that runs when DATABASE_URL is not set."))
def db() -> None:
    """Hold the commands about the private database."""


@db.command("start", cls=Command, help=N_("Start it, and print its URL."))
@language_option
def start(language: str | None) -> int:
    """Start the private database."""
    home_folder().mkdir(parents=True, exist_ok=True)
    say(private_server().start())
    return 0


@db.command("stop", cls=Command, help=N_("Stop it; whoever uses it is cut off."))
@language_option
def stop(language: str | None) -> int:
    """Stop the private database."""
    say(_("stopped") if private_server().stop() else _("it was not running"))
    return 0


@db.command("status", cls=Command, help=N_("Say whether it runs, and where its files are."))
@language_option
def status(language: str | None) -> int:
    """Say how the private database is."""
    server = private_server()
    say(_("running") if server.running() else _("not running"))
    say(str(server.place()))
    return 0


@db.command("backup", cls=Command, help=N_("Write a backup to a file while it runs."))
@click.argument("file", type=click.Path(path_type=Path))
@language_option
def backup(file: Path, language: str | None) -> int:
    """Back the private database up."""
    from zelo.adapters.backups import dump

    if file.exists():
        raise Conflict(N_("{file} is there already: name another"), file=file)
    dump(private_server().start(), file)
    say(str(file))
    return 0


@db.command("restore", cls=Command, help=N_("Read a backup into a private database that is still empty."))
@click.argument("file", type=click.Path(path_type=Path))
@language_option
def restore(file: Path, language: str | None) -> int:
    """Restore a backup."""
    from zelo.adapters.backups import load

    if not file.is_file():
        raise NotFound(N_("there is no file `{path}`"), path=str(file))
    load(private_server().start(), file)
    say(_("restored"))
    return 0


COMMANDS = (migrate, serve, people, db)

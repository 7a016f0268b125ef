"""`zelo live-demo`: the platform on one machine, a simulated world in it, a log-in for each role, and events coming."""

from __future__ import annotations

import hashlib
import os
import secrets
import shutil
import signal
import sys
import time
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta
from itertools import count, islice
from pathlib import Path
from typing import Any

import click

from zelo.adapters.files import locked
from zelo.adapters.lake import is_lake
from zelo.adapters.packs import read_pack_files
from zelo.adapters.postgres import Server
from zelo.base.errors import Conflict
from zelo.base.messages.message import N_
from zelo.cli.demo import ACCOUNTS, DAYS, SEED, shipped_pack
from zelo.cli.demo_processes import Processes, free_port, try_console
from zelo.cli.demo_world import MovedWorld, told
from zelo.cli.platform import now, prepare
from zelo.cli.progress import ProgressLine
from zelo.cli.speech import Command, _, language_option, number, say
from zelo.client import Client
from zelo.simulate.making import Order, make_world

PEOPLE: Mapping[str, tuple[str, str, tuple[str, ...]]] = {
    "strategist": ("marina", "Marina Sato", ()),
    "analyst": ("davi", "Davi Moreira", ()),
    "reviewer": ("joana", "Joana Prado", ()),
    "operations": ("rui", "Rui Tavares", ()),
    "stakeholder": ("lia", "Lia Campos", ()),
    "commander": ("teo", "Téo Brandão", ()),
    "engineer": ("ana", "Ana Vidal", ()),
    "auditor": ("iara", "Iara Nunes", ()),
    "admin": ("caio", "Caio Reis", ()),
}
"""Role to the first part of an address, a name, and markets."""
PORT = 8000
BATCH = 500
AT_ONCE = 10
"""Events that come at once where nobody waits for them."""
TROUBLE: tuple[Mapping[str, Any], ...] = (
    {"kind": "order.placed", "id": "bad-1", "occurred_at": "yesterday"},
    {"kind": "order.teleported", "id": "bad-2", "occurred_at": "2026-01-01T00:00:00Z"},
    {"kind": "listing.created", "id": "bad-3", "occurred_at": "2026-01-01T00:00:00Z", "seller": {"id": 7}},
)
"""Events that do not fit, so that the page of sources has something to show."""
_MARK = "zelo-demo"
"""The file in the platform's folder that says a demo made it."""
_OTHERS = ("DATABASE_URL", "LAKE", "KAFKA_BOOTSTRAP", "OIDC_URL", "ZELO_HOSTS", "ZELO_BEHIND_PROXY")
"""What would lead a demo to services that are not its own."""


@click.command(
    "live-demo", cls=Command, help=N_("Run the platform with a simulated world in it, and keep events coming.")
)
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    default=Path("zelo-demo"),
    show_default=True,
    help=N_("Folder for everything; what an earlier demo left of a platform there is thrown away."),
)
@click.option("--port", type=click.IntRange(1, 65535), help=N_("Port to listen on; 8000, or another when it is taken."))
@click.option("--days", default=14, show_default=True, type=click.IntRange(1, DAYS - 2), help=N_("Days of history."))
@click.option("--pause", default=2.0, show_default=True, help=N_("Seconds between two new events."))
@click.option(
    "--wait/--no-wait", default=None, help=N_("Stay up until interrupted; without a terminal, look at it and stop.")
)
@language_option
def live_demo(out: Path, port: int | None, days: int, pause: float, wait: bool | None, language: str | None) -> int:
    """Run the demo."""
    world = out / "world"
    if not is_lake(world):
        _make(world)
    home = out.absolute() / "platform"
    with locked(home), interrupted():
        _private(home)
        with Processes(home) as processes:
            address = f"http://127.0.0.1:{port or free_port(PORT)}"
            client = _started(processes, address)
            moved = MovedWorld.read(world, now())
            _bring_past(client, moved, days)
            password = seed_people()
            _tell(address, password, out)
            if _stays(wait):
                say(_("Events keep coming. Ctrl-C ends everything."))
                trickle(client, moved, pause, processes)
                return 0
            for _number, event in zip(range(AT_ONCE), coming(moved), strict=False):
                client.bring([event])
            _settle()
            pages = try_console(address, f"{PEOPLE['analyst'][0]}@example.com", password)
            say(_("{count} pages of the console answered; ended, because nobody waits").format(count=number(pages)))
    return 0


def _make(world: Path) -> None:
    line = ProgressLine(shown=None)
    try:
        make_world(Order(ACCOUNTS, DAYS, SEED, world, fresh=True), line)
    finally:
        line.close()


@contextmanager
def interrupted() -> Iterator[None]:
    """End in good order at Ctrl-C or a request to terminate."""
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    except KeyboardInterrupt:
        say(_("ended"))
    finally:
        signal.signal(signal.SIGTERM, before)


def _private(home: Path) -> None:
    """See that nothing but this folder is used, and that it is empty but for a mark that it is a demo's."""
    for name in _OTHERS:
        os.environ.pop(name, None)
    if not (home / _MARK).is_file() and any(entry.name != ".lock" for entry in home.iterdir()):
        raise Conflict(
            N_("{out} holds no platform of a demo, so nothing is thrown away: name another folder with --out"), out=home
        )
    (home / _MARK).touch()
    Server(home / "postgres").discard()
    for left in home.iterdir():
        if left.is_dir():
            shutil.rmtree(left)
        elif left.name not in (".lock", _MARK):
            left.unlink()
    os.environ["ZELO_HOME"] = str(home)


def _started(processes: Processes, address: str) -> Client:
    """Bring the platform up with the shipped pack at work; return a client of it."""
    os.environ["ZELO_URL"] = address
    prepare("demo", tied=True)
    from zelo.cli.serving import apply_migrations

    say(_("a private PostgreSQL is up"))
    apply_migrations()
    put_pack_to_work()
    say(_("the pack is at work: {path}").format(path=shipped_pack()))
    processes.start("worker", "--flush", "5")
    processes.start("serve", "--port", address.rpartition(":")[2])
    processes.wait_ready(address)
    say(_("the console answers: {address}").format(address=address))
    return Client(address, _key())


def _key() -> str:
    from zelo.people.flows import SYSTEM, issue_key

    return issue_key(
        "demo", scopes=("events",), prefix=secrets.token_hex(4), secret=secrets.token_urlsafe(32), actor=SYSTEM,
        now=now(), events_per_s=100_000,
    ).key  # fmt: skip


def put_pack_to_work() -> None:
    """Store the pack that ships with zelo and activate it."""
    from zelo.people.flows import SYSTEM
    from zelo.worker.versions import activate, store

    version = store(read_pack_files(shipped_pack()), actor=SYSTEM, now=now())
    activate(version.pk, actor=SYSTEM, now=now(), ident=uuid.uuid4(), reason="demo")


def seed_people() -> str:
    """Make one person for each role; return the password of all, the same in this installation."""
    from django.conf import settings

    from zelo.cli.serving import keep_person

    digest = hashlib.sha256(f"zelo.demo {settings.SECRET_KEY}".encode()).hexdigest()
    password = f"zelo-{digest[:6]}-{digest[6:12]}"
    for role, (name, title, markets) in PEOPLE.items():
        keep_person(f"{name}@example.com", name=title, roles=(role,), markets=markets, password=password)
    return password


def _bring_past(client: Client, moved: MovedWorld, days: int) -> None:
    """Bring so many days of the world by the API as if they had happened up to now; wait until they are decided."""
    line = ProgressLine(shown=None)
    past = moved.past(days)
    brought = 0
    try:
        while some := list(islice(past, BATCH)):
            client.bring(some)
            brought += len(some)
            line(N_("events brought by the API"), brought, 0)
        client.bring(TROUBLE)
        _settle()
    finally:
        line.close()
    say(_("events brought by the API: {count}, {days} days of the world").format(count=number(brought), days=days))


def _settle() -> None:
    from zelo.intake.flows import backlog

    while backlog():
        time.sleep(0.1)


def _tell(address: str, password: str, out: Path) -> None:
    """Say what came of it, and where to look."""
    from zelo.models import Decision, Effect
    from zelo.web.permissions import ROLES

    fired = Decision.objects.exclude(fired=None).count()
    counts = {"decisions": Decision.objects.count(), "fired": fired, "effects": Effect.objects.count()}
    text = _("decided: {decisions}; in {fired} a rule fired; effects: {effects}")
    say(text.format(**{name: number(value) for name, value in counts.items()}))
    say()
    say(_("Open the console: {address}").format(address=f"{address}/"))
    for role, (name, title, _markets) in PEOPLE.items():
        say(f"  {name + '@example.com':22} {title:16} {_(ROLES[role])}")
    say(_("password of all: {password}").format(password=password))
    say(_("the API and its description: {address}").format(address=f"{address}/api/v1/docs"))
    say(_("database, lake and logs: {path}").format(path=out / "platform"))


def _stays(wait: bool | None) -> bool:
    if wait is not None:
        return wait
    return "CI" not in os.environ and sys.stdin.isatty() and sys.stdout.isatty()


def coming(moved: MovedWorld) -> Iterator[dict[str, Any]]:
    """Yield events that happen now, one after another, for ever: what is left of the world, again and again."""
    for turn in count():
        name = f"again-{turn}-" if turn else ""
        for event in moved.to_come():
            yield told(event, max(now() - event.occurred_at, timedelta()), name)


def trickle(client: Client, moved: MovedWorld, pause: float, processes: Processes) -> None:
    """Bring an event now and then until interrupted; raise Unavailable when a process is gone."""
    for event in coming(moved):
        time.sleep(pause)
        processes.check()
        client.bring([event])


COMMANDS = (live_demo,)

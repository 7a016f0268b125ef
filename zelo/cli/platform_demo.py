"""`zelo live-demo`: the platform on one machine, a small world in it, a log-in for each role, and events coming."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta

import click

from zelo.adapters.packs import read_pack_files
from zelo.base.errors import Unavailable
from zelo.base.messages.message import N_
from zelo.cli.demo import shipped_pack
from zelo.cli.platform import now, prepare
from zelo.cli.speech import Command, _, language_option, number, say
from zelo.simulate.small import small_world

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
BATCH = 500
KINDS_OF_TROUBLE = (
    b'{"kind": "order.placed", "id": "bad-1", "occurred_at": "yesterday"}',
    b'{"kind": "order.teleported", "id": "bad-2", "occurred_at": "2026-01-01T00:00:00Z"}',
    b'{"kind": "listing.created", "id": "bad-3", "occurred_at": "2026-01-01T00:00:00Z", "seller": {"id": 7}}',
)
"""Events that do not fit, so that the page of sources has something to show."""


@click.command(
    "live-demo", cls=Command, help=N_("Run the platform with a small invented world in it, and keep events coming.")
)
@click.option("--port", default=8000, show_default=True, type=click.IntRange(1, 65535), help=N_("Port to listen on."))
@click.option("--pause", default=2.0, show_default=True, help=N_("Seconds between two new events."))
@click.option("--for", "seconds", default=0.0, help=N_("Stop after so many seconds; 0: when interrupted."))
@language_option
def live_demo(port: int, pause: float, seconds: float, language: str | None) -> int:
    """Run the demo."""
    prepare("demo", tied=True)
    from zelo.cli.serving import apply_migrations

    address = f"http://127.0.0.1:{port}/"
    apply_migrations()
    password = seed_people()
    put_pack_to_work()
    os.environ["ZELO_URL"] = address.rstrip("/")
    children = [_child("worker"), _child("serve", "--port", str(port))]
    try:
        count = play(small_world(1))
        say(_("played {count} events of a small shop world").format(count=number(count)))
        _wait_for(port, children)
        say(_("the console: {address}").format(address=address))
        for role, (name, title, _markets) in PEOPLE.items():
            say(f"  {role:12} {name}@example.com  ({title})")
        say(_("password of all: {password}").format(password=password))
        trickle(pause, seconds, children)
    finally:
        for child in children:
            child.terminate()
        for child in children:
            child.wait(timeout=30)
    return 0


def seed_people() -> str:
    """Make one person for each role; return the password of all, the same in this installation."""
    from django.conf import settings

    from zelo.cli.serving import keep_person

    digest = hashlib.sha256(f"zelo.demo {settings.SECRET_KEY}".encode()).hexdigest()
    password = f"zelo-{digest[:6]}-{digest[6:12]}"
    for role, (name, title, markets) in PEOPLE.items():
        keep_person(f"{name}@example.com", name=title, roles=(role,), markets=markets, password=password)
    return password


def put_pack_to_work() -> None:
    """Store the pack that ships with zelo and activate it, unless it works already."""
    from zelo.people.flows import SYSTEM
    from zelo.web.reads.packs import working_id
    from zelo.worker.versions import activate, store

    version = store(read_pack_files(shipped_pack()), actor=SYSTEM, now=now())
    if working_id() != version.pk:
        activate(version.pk, actor=SYSTEM, now=now(), ident=uuid.uuid4(), reason="demo")


def play(world: Sequence[Mapping[str, object]]) -> int:
    """Bring a world into the log as if it had happened up to now, and a few events that do not fit; return how many."""
    last = _instant(str(world[-1]["occurred_at"]))
    shift = timedelta(days=(now() - last).days)
    raws = [moved(event, shift) for event in world]
    accepted = 0
    for start in range(0, len(raws), BATCH):
        accepted += bring(raws[start : start + BATCH])
    bring(KINDS_OF_TROUBLE)
    return accepted


def bring(raws: Sequence[bytes]) -> int:
    """Accept events through the real door; return how many were new."""
    from django.conf import settings

    from zelo.events.values import instant_us
    from zelo.intake.flows import accept, sift, wake
    from zelo.worker.versions import ACTIVE

    known = ACTIVE.get()
    if known is None:
        raise Unavailable(N_("no pack is at work"))
    _version, pack, decoder, partitions = known
    good, bad = sift(
        raws, decoder, partitions=partitions, now_us=instant_us(now()), clock_skew_us=pack.clock_skew_us,
        bytes_max=settings.EVENT_BYTES_MAX,
    )  # fmt: skip
    done = accept(good, bad, source="file:demo", receipt=uuid.uuid4(), now=now())
    wake()
    return done.accepted


def moved(event: Mapping[str, object], shift: timedelta, name: str = "") -> bytes:
    """Return an event with all its times moved, under another id when a name is given."""

    def move(value: object) -> object:
        if isinstance(value, dict):
            return {key: move(part) for key, part in value.items()}
        if isinstance(value, str) and len(value) == 20 and value[10] == "T" and value.endswith("Z"):
            return (_instant(value) + shift).strftime("%Y-%m-%dT%H:%M:%SZ")
        return value

    made = move(dict(event))
    assert isinstance(made, dict)
    return json.dumps({**made, "id": f"{name}{made['id']}"}, ensure_ascii=False).encode()


def _instant(text: str) -> datetime:
    return datetime.fromisoformat(text.replace("Z", "+00:00"))


def coming() -> Iterator[bytes]:
    """Yield events that happen now, one after another, for ever."""
    seed = int(now().timestamp())
    while True:
        seed += 1
        for number_, event in enumerate(small_world(seed % 997 + 2)):
            if number_ % 7 == 0:
                shift = now() - _instant(str(event["occurred_at"]))
                yield moved(event, shift, f"live-{seed}-")


def trickle(pause: float, seconds: float, children: Sequence[subprocess.Popen[bytes]]) -> None:
    """Bring an event now and then until interrupted, the time is up, or a process is gone."""
    end = time.monotonic() + seconds if seconds else float("inf")
    for raw in coming():
        time.sleep(max(0.0, min(pause, end - time.monotonic())))
        if time.monotonic() >= end or any(child.poll() is not None for child in children):
            return
        bring([raw])


def _child(*arguments: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, "-m", "zelo", *arguments], env={**os.environ, "ZELO_LOG": "quiet"})


def _wait_for(port: int, children: Sequence[subprocess.Popen[bytes]]) -> None:
    from http.client import HTTPConnection

    for _try in range(600):
        if any(child.poll() is not None for child in children):
            raise Unavailable(N_("a process of the demo ended before it was ready"))
        try:
            call = HTTPConnection("127.0.0.1", port, timeout=2)
            call.request("GET", "/healthz")
            if call.getresponse().status == 200:
                return
        except OSError:
            time.sleep(0.1)
    raise Unavailable(N_("the server did not answer"))


COMMANDS = (live_demo,)

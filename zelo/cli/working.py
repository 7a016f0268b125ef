"""`zelo worker`, `zelo pack`, `zelo key`, `zelo audit`: the work of the platform from the command line."""

from __future__ import annotations

import gc
import secrets
import signal
import threading
import uuid
from datetime import timedelta
from pathlib import Path
from typing import Any

import click

from zelo.adapters import traces
from zelo.adapters.lake_store import lake_store
from zelo.adapters.packs import read_pack_files
from zelo.base.errors import Conflict, NotFound
from zelo.base.messages.message import N_
from zelo.cli.platform import lake, me, now, prepare
from zelo.cli.speech import Command, Group, _, language_option, number, say

path_type = click.Path(path_type=Path)


@click.command("worker", cls=Command, help=N_("Decide events of the log as they come, until it is told to stop."))
@click.option("--batch", default=500, show_default=True, type=click.IntRange(1, 10_000), help=N_("Events at once."))
@click.option("--flush", "flush_s", default=30.0, show_default=True, help=N_("Seconds between two writes to the lake."))
@click.option("--once", is_flag=True, help=N_("Stop when everything is decided and in the lake."))
@click.option("--kafka", "from_kafka", is_flag=True, help=N_("Take events from the Kafka topic, too."))
@language_option
def worker(batch: int, flush_s: float, once: bool, from_kafka: bool, language: str | None) -> int:
    """Work."""
    prepare("worker", statement_ms=120_000)
    from zelo.worker.loop import Worker

    lake_store(lake())  # whoever cannot write there is told now
    one = Worker(lake(), batch=batch, flush_s=flush_s, once=once)
    for name in (signal.SIGTERM, signal.SIGINT):
        signal.signal(name, lambda *_: one.stop.set())
    if from_kafka:
        from zelo.worker.kafka_in import copy_forever

        threading.Thread(target=copy_forever, args=(one.stop,), daemon=True, name="kafka").start()
    traces.begin("worker")
    gc.collect()
    gc.freeze()  # decisions make no cycles, and windows are many long-lived objects
    gc.set_threshold(200_000, 20, 100)
    one.run()
    traces.end()
    return 0


# ---------------------------------------------------------------------------------------------------------------- packs
@click.group("pack", cls=Group, help=N_("Versions of the pack that the platform decides with."))
def pack() -> None:
    """Hold the commands about versions."""


@pack.command("store", cls=Command, help=N_("Check a pack and keep it as a version, without putting it to work."))
@click.argument("folder", type=path_type)
@language_option
def store(folder: Path, language: str | None) -> int:
    """Store a pack."""
    prepare("pack")
    from zelo.worker.versions import store as keep

    kept = keep(read_pack_files(folder), actor=me(), now=now())
    say(_("stored {pack} as version {version}").format(pack=kept.pack, version=kept.version[:12]))
    return 0


@pack.command("activate", cls=Command, help=N_("Put a stored version to work, between two events."))
@click.argument("version")
@click.option("--reason", default="", help=N_("Why; kept in the audit trail."))
@language_option
def activate(version: str, reason: str, language: str | None) -> int:
    """Activate a version."""
    prepare("pack")
    from zelo.decide.tables import PackVersion
    from zelo.worker.versions import activate as put_to_work

    found = list(PackVersion.objects.filter(version__startswith=version)[:2])
    if not found:
        raise NotFound(N_("there is no such version of a pack"))
    if len(found) > 1:
        raise Conflict(N_("several versions begin with `{version}`: write more of it"), version=version)
    put_to_work(found[0].pk, actor=me(), now=now(), ident=uuid.uuid4(), reason=reason)
    say(_("version {version} is at work").format(version=found[0].version[:12]))
    return 0


@pack.command("list", cls=Command, help=N_("List the stored versions; a star marks the one at work."))
@language_option
def list_versions(language: str | None) -> int:
    """List versions."""
    prepare("pack")
    from zelo.decide.tables import Activation, PackVersion

    last = Activation.objects.order_by("-pk").first()
    for one in PackVersion.objects.order_by("pk"):
        star = "*" if last is not None and last.pack_version_id == one.pk else " "
        say(f"{star} {one.version[:12]}  {one.pack}  {one.stored_at:%Y-%m-%d %H:%M}  {one.stored_by}")
    return 0


# ----------------------------------------------------------------------------------------------------------------- keys
@click.group("key", cls=Group, help=N_("Keys with which machines use the API."))
def key() -> None:
    """Hold the commands about keys."""


@key.command("issue", cls=Command, help=N_("Make a key; it is shown once."))
@click.argument("name")
@click.option(
    "--scope", "scopes", multiple=True, required=True, help=N_("What it may do: events, decide, read, act, admin.")
)
@click.option("--days", type=click.IntRange(1), help=N_("How long it holds; without end unless said."))
@language_option
def issue(name: str, scopes: tuple[str, ...], days: int | None, language: str | None) -> int:
    """Issue a key."""
    prepare("key")
    from zelo.people.flows import issue_key

    ends = now() + timedelta(days=days) if days else None
    drawn: Any = {"prefix": secrets.token_hex(4), "secret": secrets.token_urlsafe(32)}
    say(issue_key(name, scopes=scopes, actor=me(), now=now(), expires_at=ends, **drawn).key)
    return 0


@key.command("rotate", cls=Command, help=N_("Make a key in place of another, which holds for one more day."))
@click.argument("prefix")
@language_option
def rotate(prefix: str, language: str | None) -> int:
    """Rotate a key."""
    prepare("key")
    from zelo.people.flows import rotate_key

    drawn: Any = {"prefix": secrets.token_hex(4), "secret": secrets.token_urlsafe(32)}
    say(rotate_key(_key_id(prefix), actor=me(), now=now(), **drawn).key)
    return 0


@key.command("revoke", cls=Command, help=N_("End a key at once."))
@click.argument("prefix")
@language_option
def revoke(prefix: str, language: str | None) -> int:
    """Revoke a key."""
    prepare("key")
    from zelo.people.flows import revoke_key

    revoke_key(_key_id(prefix), actor=me(), now=now())
    say(_("revoked"))
    return 0


def _key_id(prefix: str) -> int:
    from zelo.people.tables import ApiKey

    found = ApiKey.objects.filter(prefix=prefix).first()
    if found is None:
        raise NotFound(N_("there is no such key"))
    return int(found.pk)


# ---------------------------------------------------------------------------------------------------------------- audit
@click.group("audit", cls=Group, help=N_("The trail of every change."))
def audit() -> None:
    """Hold the commands about the trail."""


@audit.command("verify", cls=Command, help=N_("Check that no entry, and no decision it vouches for, was changed."))
@language_option
def verify(language: str | None) -> int:
    """Verify the trail."""
    prepare("audit", statement_ms=600_000)
    from zelo.people.flows import verify as check
    from zelo.worker.anchors import keep_anchors, kept_anchors
    from zelo.worker.lake import check_digest, stretches

    count, faults = check(kept_anchors())
    for fault in faults:
        text = _("chain {chain}, entry {number}: {what}")
        say(text.format(chain=fault.chain, number=number(fault.number), what=fault.what))
    broken = 0
    for (partition, first, last), digest in stretches().items():
        if not check_digest(partition, first, last, digest):
            broken += 1
            text = _("partition {partition}, decisions {first} to {last}: changed")
            say(text.format(partition=partition, first=first, last=last))
    if faults or broken:
        return 1
    keep_anchors()
    say(_("{count} entries, all as they were written").format(count=number(count)))
    return 0


COMMANDS = (worker, pack, key, audit)

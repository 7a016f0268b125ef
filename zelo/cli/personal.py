"""`zelo person`: personal data of one entity found, exported, erased; legal holds placed and lifted."""

from __future__ import annotations

import os
import threading
from pathlib import Path
from typing import Any

import click

from zelo.adapters.lake_store import lake_store
from zelo.base.errors import NotFound, Unavailable
from zelo.base.messages.message import N_
from zelo.cli.platform import lake, me, now, prepare
from zelo.cli.speech import Command, Group, _, complain, language_option, moment, number, say

_reason = click.option("--reason", required=True, help=N_("Why; kept with the request."))
_wait = click.option(
    "--wait", "wait_s", default=60, show_default=True, type=click.IntRange(0), help=N_("Seconds to wait for a worker.")
)


@click.group("person", cls=Group, help=N_("Personal data: export and erasure with a certificate, and legal holds."))
def person() -> None:
    """Hold the commands about personal data."""


@person.command("find", cls=Command, help=N_("Say how much is kept of an entity, and where."))
@click.argument("kind")
@click.argument("ident", metavar="ID")
@language_option
def find(kind: str, ident: str, language: str | None) -> int:
    """Find an entity."""
    prepare("person", statement_ms=600_000)
    _tell(_found(kind, ident))
    return 0


def _found(kind: str, ident: str) -> dict[str, int]:
    from zelo.worker.personal.erasing import found
    from zelo.worker.personal.fields import entity_kinds

    known = entity_kinds()
    if kind not in known:
        text = N_("there is no kind of entity `{found}`; there are {known}")
        raise NotFound(text, found=kind, known=", ".join(known))
    return dict(found(kind, ident, store=lake_store(lake())))


def _tell(counts: dict[str, int]) -> None:
    for place, count in sorted(counts.items()):
        if count:
            say(f"{number(count):>10}  {place.removeprefix('zelo_')}")
    if not any(counts.values()):
        say(_("nothing is kept of it"))


@person.command(
    "export", cls=Command, help=N_("Have a worker export what is kept of an entity, and write it to a file.")
)
@click.argument("kind")
@click.argument("ident", metavar="ID")
@click.argument("file", type=click.Path(path_type=Path))
@_reason
@_wait
@language_option
def export(kind: str, ident: str, file: Path, reason: str, wait_s: int, language: str | None) -> int:
    """Export an entity's data."""
    prepare("person", statement_ms=600_000)
    from zelo.worker.personal.requests import ask, fetch

    made = ask("export", kind, ident, reason=reason, actor=me(), now=now())
    if not _done(made, wait_s):
        return 75
    with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as written:
        written.write(fetch(made.pk, actor=me(), now=now()))
    say(_("written to {file}").format(file=file))
    return 0


@person.command("erase", cls=Command, help=N_("Have a worker erase an entity everywhere; this cannot be taken back."))
@click.argument("kind")
@click.argument("ident", metavar="ID")
@_reason
@_wait
@click.option("--yes", is_flag=True, help=N_("Do not ask again."))
@language_option
def erase(kind: str, ident: str, reason: str, wait_s: int, yes: bool, language: str | None) -> int:
    """Erase an entity."""
    prepare("person", statement_ms=600_000)
    from zelo.worker.personal.requests import ask

    if not yes:
        _tell(_found(kind, ident))
        click.confirm(_("Erase all of it?"), abort=True)
    made = ask("erase", kind, ident, reason=reason, actor=me(), now=now())
    if not _done(made, wait_s):
        return 75
    return _certificate(made)


def _done(made: Any, wait_s: int) -> bool:
    """Wait until a worker has carried a request out; raise what it was refused with."""
    for _turn in range(wait_s * 2 + 1):
        made.refresh_from_db()
        if made.state == "refused":
            raise Unavailable(made.said, **made.params)
        if made.state == "done":
            return True
        threading.Event().wait(0.5)
    complain(N_("request {id} waits for a worker: `zelo person show {id}` says how far it is"), id=made.pk)
    return False


def _certificate(made: Any) -> int:
    from zelo.people.tables import Erasure

    done = Erasure.objects.get(pk=made.certificate)
    text = _("certificate {id}: erased on {at}, pseudonym {pseudonym}")
    say(text.format(id=done.pk, at=moment(done.finished_at), pseudonym=done.subject_digest))
    _tell(done.counts)
    return 0


@person.command("show", cls=Command, help=N_("Show how far a request is, and the certificate of an erasure."))
@click.argument("request_id", metavar="REQUEST", type=int)
@language_option
def show(request_id: int, language: str | None) -> int:
    """Show a request."""
    prepare("person")
    from zelo.people.tables import PersonalRequest

    found = PersonalRequest.objects.filter(pk=request_id).first()
    if found is None:
        raise NotFound(N_("there is no such request"))
    say(f"{found.pk}  {found.what}  {found.state}  {found.entity_kind} {found.entity}  {moment(found.asked_at)}")
    if found.said:
        say(_(found.said).format(**found.params))
    return _certificate(found) if found.certificate else 0


@person.command("requests", cls=Command, help=N_("List requests about personal data, the newest first."))
@language_option
def requests(language: str | None) -> int:
    """List requests."""
    prepare("person")
    from zelo.people.tables import PersonalRequest

    for one in PersonalRequest.objects.defer("data").order_by("-pk")[:100]:
        say(f"{one.pk}  {one.what}  {one.state}  {one.entity_kind} {one.entity}  {moment(one.asked_at)}")
    return 0


@person.command("hold", cls=Command, help=N_("Let nothing of an entity be erased or expire until the hold is lifted."))
@click.argument("kind")
@click.argument("ident", metavar="ID")
@_reason
@language_option
def hold(kind: str, ident: str, reason: str, language: str | None) -> int:
    """Place a legal hold."""
    prepare("person")
    from zelo.worker.personal.requests import hold as place

    say(_("hold {id} lies on it").format(id=place(kind, ident, reason=reason, actor=me(), now=now()).pk))
    return 0


@person.command("release", cls=Command, help=N_("Lift a legal hold, by its number."))
@click.argument("hold_id", metavar="HOLD", type=int)
@_reason
@language_option
def release(hold_id: int, reason: str, language: str | None) -> int:
    """Lift a legal hold."""
    prepare("person")
    from zelo.worker.personal.requests import release as lift

    lift(hold_id, reason=reason, actor=me(), now=now())
    say(_("the hold is lifted"))
    return 0


@person.command("holds", cls=Command, help=N_("List the legal holds in force."))
@language_option
def holds(language: str | None) -> int:
    """List legal holds."""
    prepare("person")
    from zelo.people.tables import LegalHold

    for one in LegalHold.objects.filter(lifted_at=None).order_by("pk"):
        say(f"{one.pk}  {one.entity_kind} {one.entity}  {moment(one.placed_at)}  {one.placed_by}  {one.reason}")
    return 0


COMMANDS = (person,)

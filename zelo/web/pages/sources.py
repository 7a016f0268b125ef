"""Sources: what brings events, how far deciding is behind, and dead letters: their reasons, replay, drop."""

from __future__ import annotations

import uuid

from django.conf import settings
from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse

from zelo.base.errors import InvalidInput, Unavailable
from zelo.base.messages.message import N_
from zelo.events.reasons import REASONS
from zelo.intake.flows import drop, replay
from zelo.intake.tables import DeadLetter
from zelo.people.flows import record
from zelo.web import language
from zelo.web.entrance import actor_of
from zelo.web.permissions import may, requires
from zelo.web.personal import revealed
from zelo.web.reads import sources as reads
from zelo.worker.versions import ACTIVE

STATES = {"open": N_("open"), "replayed": N_("replayed"), "dropped": N_("dropped")}


@requires("sources.read")
def sources(request: HttpRequest) -> HttpResponse:
    """Show sources, lag and dead letters."""
    now = language.clock()
    state = request.GET.get("state", "open")
    state = state if state in STATES else "open"
    before = request.GET.get("before", "")
    code = request.GET.get("code", "")[:60]
    letters = reads.letters(state, code, int(before) if before.isdigit() and len(before) < 19 else None)
    context = {
        "partitions": reads.partitions(),
        "workers": reads.workers(now),
        "sources": reads.sources(now),
        "outside": reads.outside(),
        "state": state,
        "states": [(name, language.say(words)) for name, words in STATES.items()],
        "code": code,
        "counts": reads.letter_counts(),
        "letters": [(one, reason(one)) for one in letters[: reads.PAGE]],
        "next": letters[reads.PAGE - 1].pk if len(letters) > reads.PAGE else None,
        "behind": sum(one.behind for one in reads.partitions()),
    }
    return render(request, "sources/index.html", context)


def reason(letter: DeadLetter) -> str:
    """Say why an event could not be taken in."""
    known = REASONS.get(letter.code)
    if known is None:
        return language.say(N_("deciding the event failed inside zelo; the log of the worker says how"))
    try:
        return language.say(known, **letter.params)
    except (KeyError, IndexError, ValueError):
        return language.say(known)


@requires("sources.read", post="personal.reveal")
def letter(request: HttpRequest, letter_id: int) -> HttpResponse:
    """Show one dead letter; a POST shows the event itself, on record."""
    found = DeadLetter.objects.filter(pk=letter_id).first()
    if found is None:
        return render(request, "404.html", status=404)
    raw = None
    if request.method == "POST":
        revealed(request, "dead_letter", letter_id, ["raw"])
        raw = bytes(found.raw).decode("utf-8", "replace")[:20_000]
    context = {"letter": found, "reason": reason(found), "raw": raw, "can_replay": may(request, "sources.replay")}
    return render(request, "sources/letter.html", context)


@requires("sources.replay", post="sources.replay")
def act(request: HttpRequest) -> HttpResponse:
    """Replay or drop the dead letters that were chosen."""
    if request.method != "POST":
        return HttpResponseRedirect(reverse("sources"))
    ids = [int(text) for text in request.POST.getlist("letter") if text.isdigit() and len(text) < 19]
    if not ids:
        raise InvalidInput(N_("choose at least one dead letter"))
    now, actor = language.clock(), actor_of(request)
    if request.POST.get("do") == "drop":
        with transaction.atomic():
            count = drop(ids, now=now, by=str(actor))
            record(actor, "dead_letter.drop", now=now, details={"ids": ids, "count": count})
        messages.success(
            request, language.counted(count, N_("{n} dead letter was dropped."), N_("{n} dead letters were dropped."))
        )
        return HttpResponseRedirect(reverse("sources"))
    known = ACTIVE.get()
    if known is None:
        raise Unavailable(N_("no pack is at work"))
    _version, pack, decoder, partitions = known
    with transaction.atomic():
        done = replay(
            ids, decoder, partitions=partitions, clock_skew_us=pack.clock_skew_us,
            bytes_max=settings.EVENT_BYTES_MAX, now=now, by=str(actor), receipt=uuid.uuid4(),
        )  # fmt: skip
        record(actor, "dead_letter.replay", now=now, details={"ids": ids, "accepted": done.accepted})
    messages.success(
        request,
        language.say(
            N_("Accepted now: {accepted}. Still not fitting: {refused}."),
            accepted=language.number(done.accepted + done.duplicates), refused=language.number(len(done.refused)),
        ),
    )  # fmt: skip
    return HttpResponseRedirect(reverse("sources"))

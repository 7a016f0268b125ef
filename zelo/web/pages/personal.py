"""Personal data: export and erasure of an entity's, with certificates; legal holds; how long events are kept."""

from __future__ import annotations

from zoneinfo import ZoneInfo

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse

from zelo.adapters.lake_store import lake_store
from zelo.base.errors import InvalidInput, NotFound
from zelo.base.messages.message import N_
from zelo.people.flows import pseudonym
from zelo.people.tables import AuditEntry, Erasure, LegalHold, PersonalRequest
from zelo.policy.pack import Pack
from zelo.web import language
from zelo.web.entrance import actor_of
from zelo.web.frame import ZONE
from zelo.web.permissions import requires
from zelo.web.reads import packs
from zelo.worker.personal import erasing, requests
from zelo.worker.retention import kept_days

SHOWN = 100
PLACES = {
    "lake": N_("events in the lake"),
    "lake_decisions": N_("decisions in the lake"),
    "zelo_event": N_("events in the log"),
    "zelo_decision": N_("decisions"),
    "zelo_effect": N_("effects"),
    "zelo_ledger_entry": N_("entries of the ledger"),
    "zelo_restriction": N_("restrictions of accounts"),
    "zelo_measure": N_("measures on content"),
    "zelo_label": N_("labels"),
    "zelo_label_change": N_("history of labels"),
    "zelo_message": N_("messages to others"),
    "zelo_dead_letter": N_("dead letters"),
    "zelo_note": N_("notes"),
    "zelo_legal_hold": N_("legal holds"),
}
"""Where an entity may be named, to what people call it."""
STATES = {
    "waiting": N_("waits for a worker"),
    "forgetting": N_("engines are forgetting"),
    "done": N_("done"),
    "refused": N_("refused"),
}


def _working(request: HttpRequest) -> Pack:
    """Return the pack at work; whoever may not see its markets finds nobody's data here. Raises NotFound."""
    working = packs.working_pack(request.user)
    if working is None:
        raise NotFound(N_("no pack is at work: store and activate one"))
    return working[1]


@requires("personal.requests", post="personal.manage")
def personal(request: HttpRequest) -> HttpResponse:
    """List requests; a POST shows what there is of an entity, or asks for it to be exported or erased."""
    known = packs.working_pack(request.user)
    context: dict[str, object] = {"given": request.POST, "states": STATES}
    if request.method == "POST":
        pack, given = _working(request), request.POST
        kind, entity = given.get("kind", ""), given.get("entity", "").strip()
        if kind not in pack.entities or not entity or len(entity) > 500:
            raise InvalidInput(N_("say whose data: a kind of entity, and its id"))
        if given.get("do") == "look":
            context |= _found(kind, entity)
        else:
            made = requests.ask(
                given.get("do", ""), kind, entity, reason=given.get("reason", ""), actor=actor_of(request),
                now=language.clock(),
            )  # fmt: skip
            messages.success(request, language.say(N_("Asked for. A worker is on it; this page says how far it is.")))
            return HttpResponseRedirect(reverse("personal-request", args=[made.pk]))
    if known is not None:
        spoken = language.language()
        context["kinds"] = [(name, title[spoken]) for name, title in known[1].entities.items()]
        context["asked"] = PersonalRequest.objects.defer("data").order_by("-pk")[:SHOWN]
        context["kept"] = sorted(kept_days().items())
    return render(request, "personal/index.html", context)


def _found(kind: str, entity: str) -> dict[str, object]:
    counts = erasing.found(kind, entity, store=lake_store(settings.LAKE))
    held = LegalHold.objects.filter(entity_kind=kind, entity=entity, lifted_at=None).first()
    rows = [(title, counts[place]) for place, title in PLACES.items() if counts[place]]
    return {"looked": True, "rows": rows, "total": counts.total(), "held": held}


@requires("personal.requests")
def request_page(request: HttpRequest, request_id: int) -> HttpResponse:
    """Show how far a request is, and the certificate of an erasure."""
    _working(request)
    found = PersonalRequest.objects.filter(pk=request_id).first()
    if found is None:
        raise NotFound(N_("there is no such request"))
    rows = [(PLACES.get(place, place), count) for place, count in found.counts.items() if count]
    context = {
        "one": found, "states": STATES, "rows": rows, "now": language.clock(),
        "refusal": language.say(found.said, **found.params) if found.said else "",
        "pseudonym": found.entity if found.certificate else pseudonym(found.entity),
    }  # fmt: skip
    if found.certificate:
        done = Erasure.objects.get(pk=found.certificate)
        entry = AuditEntry.objects.filter(action="personal_data.erase", details__certificate=done.pk).first()
        context |= {"certificate": done, "entry": entry, "digest": bytes(entry.hash).hex() if entry else ""}
        context["finished"] = language.day(done.finished_at.astimezone(ZoneInfo(ZONE)))
    return render(request, "personal/request.html", context)


@requires("personal.manage", post="personal.manage")
def fetch(request: HttpRequest, request_id: int) -> HttpResponse:
    """Give out an export, on record; a GET leads back to its page."""
    _working(request)
    if request.method != "POST":
        return HttpResponseRedirect(reverse("personal-request", args=[request_id]))
    body = requests.fetch(request_id, actor=actor_of(request), now=language.clock())
    response = HttpResponse(body, content_type="application/json")
    response["Content-Disposition"] = f'attachment; filename="zelo-personal-data-{request_id}.json"'
    return response


@requires("personal.requests", post="holds.manage")
def holds(request: HttpRequest) -> HttpResponse:
    """List legal holds; a POST places or lifts one."""
    known = packs.working_pack(request.user)
    if request.method == "POST":
        given, actor, now = request.POST, actor_of(request), language.clock()
        pack = _working(request)
        if given.get("do") == "release":
            ident = int(given["hold"]) if given.get("hold", "").isdecimal() and len(given["hold"]) < 19 else 0
            requests.release(ident, reason=given.get("reason", ""), actor=actor, now=now)
            messages.success(request, language.say(N_("The hold is lifted.")))
        else:
            if given.get("kind", "") not in pack.entities:
                raise InvalidInput(N_("say whose data: a kind of entity, and its id"))
            requests.hold(given["kind"], given.get("entity", ""), reason=given.get("reason", ""), actor=actor, now=now)
            messages.success(request, language.say(N_("The hold lies: nothing of it is erased, nothing expires.")))
        return HttpResponseRedirect(reverse("holds"))
    context: dict[str, object] = {}
    if known is not None:
        spoken = language.language()
        context["kinds"] = [(name, title[spoken]) for name, title in known[1].entities.items()]
        context["holds"] = LegalHold.objects.order_by("lifted_at", "-pk")[:SHOWN]
    return render(request, "personal/holds.html", context)

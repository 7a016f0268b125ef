"""Administration: people and their roles, API keys, and which version of a pack is at work."""

from __future__ import annotations

import secrets
import uuid
from datetime import timedelta

from django import forms
from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse

from zelo.base.errors import Conflict, InvalidInput, NotFound
from zelo.base.messages.message import N_
from zelo.people.flows import issue_key, record, revoke_key, rotate_key
from zelo.people.logic import SCOPES
from zelo.people.tables import ApiKey, Person
from zelo.web import language
from zelo.web.entrance import actor_of, end_sessions, invitation
from zelo.web.permissions import ROLES, requires
from zelo.web.reads import packs as pack_reads
from zelo.worker.versions import ACTIVE, activate

MARKETS_MAX = 50


class InviteForm(forms.Form):
    """Whom to invite, as what."""

    email = forms.EmailField(max_length=254)
    name = forms.CharField(max_length=120)
    roles = forms.MultipleChoiceField(choices=[(name, name) for name in ROLES])
    markets = forms.CharField(max_length=400, required=False)


def _markets(text: str) -> list[str]:
    found = [part.strip().upper() for part in text.replace(";", ",").split(",") if part.strip()]
    if len(found) > MARKETS_MAX or any(len(part) > 16 or not part.isalnum() for part in found):
        raise InvalidInput(N_("markets are codes such as BR, with commas between them"))
    return found


@requires("people.manage", post="people.manage")
def people(request: HttpRequest) -> HttpResponse:
    """List people; a POST makes an invitation link."""
    context: dict[str, object] = {"roles": ROLES}
    if request.method == "POST":
        form = InviteForm(request.POST)
        if not form.is_valid():
            raise InvalidInput(N_("an invitation needs an email, a name and at least one role"))
        said, actor = form.cleaned_data, actor_of(request)
        if Person.objects.filter(email__iexact=said["email"]).exists():
            raise Conflict(N_("this person has an account already"))
        token = invitation(said["email"], said["name"], said["roles"], _markets(said["markets"]), str(actor))
        with transaction.atomic():
            details = {"roles": said["roles"], "markets": _markets(said["markets"])}
            record(actor, "person.invite", now=language.clock(), of=("person", said["email"]), details=details)
        context["link"] = request.build_absolute_uri(reverse("invited", args=[token]))
    context["people"] = Person.objects.order_by("-is_active", "first_name", "email")
    return render(request, "admin/people.html", context)


@requires("people.manage", post="people.manage")
def person(request: HttpRequest, person_id: int) -> HttpResponse:
    """Show one person; a POST changes roles, markets, or whether they may log in."""
    found = Person.objects.filter(pk=person_id).first()
    if found is None:
        raise NotFound(N_("there is no such person"))
    if request.method == "POST":
        roles, is_active = _changed(request)
        if found.pk == request.user.pk and ("admin" not in roles or not is_active):
            raise Conflict(N_("you cannot take administration from yourself: another administrator can"))
        before = {"roles": found.roles, "markets": found.markets, "active": found.is_active}
        with transaction.atomic():
            found.roles, found.markets = roles, _markets(request.POST.get("markets", ""))
            found.is_active = is_active
            found.save(update_fields=["roles", "markets", "is_active"])
            after = {"roles": found.roles, "markets": found.markets, "active": found.is_active}
            details: dict[str, object] = {"before": before, "after": after}
            if not is_active:
                details["sessions_ended"] = end_sessions(found)
            record(actor_of(request), "person.change", now=language.clock(), of=("person", found.pk), details=details)
        messages.success(request, language.say(N_("Kept. It holds from their next click.")))
        return HttpResponseRedirect(reverse("people"))
    return render(request, "admin/person.html", {"person": found, "roles": ROLES})


def _changed(request: HttpRequest) -> tuple[list[str], bool]:
    """Return what the form says; a request that leaves something out must not take it from a person."""
    given = request.POST
    roles = [role for role in given.getlist("roles") if role]
    if "roles" not in given or "markets" not in given or given.get("active") not in ("yes", "no"):
        raise InvalidInput(N_("say roles, markets, and whether the person may log in"))
    if unknown := sorted(set(roles) - ROLES.keys()):
        raise InvalidInput(N_("there is no role `{found}`"), found=unknown[0])
    return roles, given["active"] == "yes"


@requires("keys.manage", post="keys.manage")
def keys(request: HttpRequest) -> HttpResponse:
    """List API keys; a POST issues, rotates or revokes one."""
    context: dict[str, object] = {"scopes": SCOPES, "now": language.clock()}
    if request.method == "POST":
        shown = _key_act(request)
        if shown is None:
            return HttpResponseRedirect(reverse("keys"))
        context["shown"] = shown
    context["keys"] = ApiKey.objects.order_by("revoked_at", "-pk")
    return render(request, "admin/keys.html", context)


def _key_act(request: HttpRequest) -> str | None:
    """Do what was asked with a key; return the new key, which is shown once."""
    given, now, actor = request.POST, language.clock(), actor_of(request)
    prefix, secret = secrets.token_hex(4), secrets.token_urlsafe(32)
    ident = int(given["key"]) if given.get("key", "").isdigit() else 0
    if given.get("do") == "revoke":
        revoke_key(ident, actor=actor, now=now)
        messages.success(request, language.say(N_("The key is revoked: it opens nothing from now on.")))
        return None
    if given.get("do") == "rotate":
        return rotate_key(ident, prefix=prefix, secret=secret, actor=actor, now=now).key
    name, days = given.get("name", "").strip(), given.get("days", "").strip()
    if not name or len(name) > 120:
        raise InvalidInput(N_("a key needs a name"))
    if days and not (days.isdigit() and 0 < int(days) <= 3_650):
        raise InvalidInput(N_("a key lasts between 1 and 3650 days"))
    end = now + timedelta(days=int(days)) if days else None
    scopes = tuple(given.getlist("scopes"))
    return issue_key(name, scopes=scopes, prefix=prefix, secret=secret, actor=actor, now=now, expires_at=end).key


@requires("packs.activate", post="packs.activate")
def packs(request: HttpRequest) -> HttpResponse:
    """List stored versions; a POST puts one to work between two events."""
    known = pack_reads.versions(request.user)
    if request.method == "POST":
        ident = request.POST.get("version", "")
        chosen = next((one for one in known if str(one.id) == ident), None)
        reason = request.POST.get("reason", "").strip()
        if chosen is None:
            raise NotFound(N_("there is no such version of the pack"))
        if not reason:
            raise InvalidInput(N_("say why this version is put to work"))
        activate(chosen.id, actor=actor_of(request), now=language.clock(), ident=uuid.uuid4(), reason=reason[:500])
        ACTIVE.forget()
        messages.success(
            request, language.say(N_("Version {number} decides from the next event on."), number=chosen.number)
        )
        return HttpResponseRedirect(reverse("packs"))
    return render(request, "admin/packs.html", {"versions": known})

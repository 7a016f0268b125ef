"""Accounts and content: standing, ledger as a time line, penalties, labels, decisions, who appears beside, notes."""

from __future__ import annotations

import uuid
from datetime import timedelta

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse

from zelo.base.errors import InvalidInput
from zelo.base.messages.message import N_
from zelo.policy.effects_in_words import effect_in_words
from zelo.web import language
from zelo.web.entrance import actor_of
from zelo.web.pages.explorer import rule_titles
from zelo.web.pages.policies import words_of
from zelo.web.permissions import requires
from zelo.web.reads import accounts as reads
from zelo.web.reads import packs
from zelo.web.standings import costs, shown
from zelo.worker.acts import set_label, write_note

DAYS_MAX = 3_650
ENTRY_WORDS = {
    "violation": N_("Violation"), "warning": N_("Warning"), "reversal": N_("Taken back"), "training": N_("Training"),
    "reward": N_("Reward"), "migration": N_("Schedule changed"), "appeal": N_("Appeal"), "denial": N_("Appeal denied"),
    "step": N_("The account did"), "measure": N_("Measured"), "request": N_("Request"),
}  # fmt: skip


@requires("accounts.read")
def accounts(request: HttpRequest) -> HttpResponse:
    """Find accounts and content by the beginning of their id; without one, those decided on lately."""
    asked = request.GET.get("q", "").strip()[:300]
    working = packs.working_pack(request.user)
    kinds = list(working[1].entities) if working else []
    kind = request.GET.get("kind", "")
    kind = kind if kind in kinds else ""
    found = reads.search(request.user, asked, kind) if working else []
    if asked and len(found) == 1 and found[0][1] == asked:
        return HttpResponseRedirect(reverse("account", args=found[0][:2]))
    titles = working[1].entities if working else {}
    context = {"asked": asked, "kind": kind, "found": found, "entities": titles}
    return render(request, "accounts/index.html", context)


@requires("accounts.read")
def account(request: HttpRequest, kind: str, ident: str) -> HttpResponse:
    """Show one account or piece of content."""
    found = reads.read(request.user, kind, ident, language.clock())
    spoken = language.language()
    zone = language.zone(request, found.pack.time_zone)
    words = words_of(found.pack)
    known = {**{label.name: label.title[spoken] for label in found.pack.labels.values()}}
    standings = [shown(one, zone) for one in found.standings]
    context = {
        "zone": zone,
        "found": None,
        "read": found,
        "kind": kind,
        "ident": ident,
        "kind_title": found.pack.entities.get(kind, {}).get(spoken, kind),
        "standings": standings,
        "in_force": list(dict.fromkeys(title for one in standings for title in one.penalties)),
        "ledger": _ledger(found),
        "effects": [
            (one, effect_in_words(words, one.row.kind, one.row.role, one.row.parameters)) for one in found.effects
        ],
        "kind_titles": {name: titles.get(spoken, name) for name, titles in found.pack.kind_titles.items()},
        "entity_titles": {name: titles.get(spoken, name) for name, titles in found.pack.entities.items()},
        "measures": [(one, effect_in_words(words, one.kind, kind, one.parameters)) for one in found.measures],
        "titles": rule_titles(found.pack),
        "label_titles": known,
        "label_choices": sorted(_labels(found.pack) | known.keys()),
        "now": language.clock(),
    }
    return render(request, "accounts/account.html", context)


def _ledger(found: reads.AccountRead) -> list[dict[str, object]]:
    """Return the ledger for the page: each entry with its title, what it costs now, and the decision it comes from."""
    spoken, costing = language.language(), costs(found.standings)
    named = {name: titles for one in found.standings for name, titles in one.violations.items()}
    return [
        {
            "entry": entry,
            "at": at,
            "gone": gone,
            "word": language.say(ENTRY_WORDS[entry.kind]),
            "title": named.get(entry.violation, {}).get(spoken, entry.violation),
            "cost": costing.get(entry.id),
        }
        for entry, at, gone in found.ledger
    ]


def _labels(pack: object) -> set[str]:
    rules = pack.rules  # type: ignore[attr-defined]
    asked = [one.parameters.get("label") for rule in rules for one in rule.effects if one.kind == "add_label"]
    return {str(label) for label in asked}


@requires("accounts.note", post="accounts.note")
def note(request: HttpRequest, kind: str, ident: str) -> HttpResponse:
    """Keep a note about an account."""
    if request.method == "POST":
        reads.read(request.user, kind, ident, language.clock())
        write_note(
            object_kind=kind, object_id=ident, text=request.POST.get("text", ""), actor=actor_of(request),
            now=language.clock(),
        )  # fmt: skip
    return HttpResponseRedirect(reverse("account", args=[kind, ident]))


@requires("accounts.label", post="accounts.label")
def label(request: HttpRequest, kind: str, ident: str) -> HttpResponse:
    """Put a label on or off an account as a person says, or let rules decide again."""
    if request.method == "POST":
        reads.read(request.user, kind, ident, language.clock())
        now, days = language.clock(), request.POST.get("days", "").strip()
        if days and not (days.isdigit() and 0 < int(days) <= DAYS_MAX):
            raise InvalidInput(N_("a label lasts between 1 and {most} days"), most=DAYS_MAX)
        if not request.POST.get("reason", "").strip():
            raise InvalidInput(N_("say why the label is changed"))
        set_label(
            entity_kind=kind, entity=ident, label=request.POST.get("label", "").strip(),
            change=request.POST.get("change", "add"), until=now + timedelta(days=int(days)) if days else None,
            actor=actor_of(request), now=now, reason=request.POST["reason"][:500], ident=uuid.uuid4(),
        )  # fmt: skip
        messages.success(request, language.say(N_("The label changes with the next event.")))
    return HttpResponseRedirect(reverse("account", args=[kind, ident]))

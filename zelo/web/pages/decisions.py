"""A decision: why each rule fired or not, what was seen, what was done and how it stands, and taking it back."""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from urllib.parse import quote

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse

from zelo.base.errors import InvalidInput
from zelo.base.messages.message import N_
from zelo.models import Decision
from zelo.policy.effects_in_words import effect_in_words
from zelo.policy.in_words import Words
from zelo.web import language, traces
from zelo.web.entrance import actor_of
from zelo.web.ladders import penalty_titles
from zelo.web.pages.explorer import rule_titles
from zelo.web.pages.policies import words_of
from zelo.web.permissions import may, requires
from zelo.web.personal import masked_paths, revealed
from zelo.web.reads import decisions as reads
from zelo.web.reads import packs
from zelo.worker.acts import write_note
from zelo.worker.undoing import Selection, preview, undo

_INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")
_ORDER = {"fired": 0, "undetermined": 1, "false": 2}


@requires("decisions.read", post="personal.reveal")
def decision(request: HttpRequest, decision_id: int) -> HttpResponse:
    """Show a decision; a POST shows it with its personal data, on record."""
    found = reads.read(request.user, decision_id)
    kind = found.pack.kinds[found.row.kind]
    hidden = masked_paths(kind, request)
    fields = _fields(found.body or {}, (), hidden)
    is_revealed = request.method == "POST"
    if is_revealed:
        revealed(request, "decision", decision_id, [name for name, _, masked in fields if masked])
        fields, hidden = [(name, value, False) for name, value, _ in fields], frozenset()
    words, titles = words_of(found.pack), rule_titles(found.pack)
    zone = language.zone(request, found.pack.time_zone)
    rules = [traces.drawn(one, titles.get(one.rule, one.rule), words, hidden, zone) for one in found.rules]
    rules.sort(key=lambda one: _ORDER[one.outcome])
    context = {
        "zone": zone,
        "found": found,
        "kind_title": found.pack.kind_titles[found.row.kind],
        "fields": [(name, _said(value, words, zone), masked) for name, value, masked in fields],
        "has_masked": any(masked for _, _, masked in fields),
        "is_revealed": is_revealed,
        "shown_rules": [one for one in rules if one.outcome != "false"],
        "quiet_rules": [one for one in rules if one.outcome == "false"],
        "features": [_feature(found, name, value, words) for name, value in found.features],
        "effects": [
            (one, effect_in_words(words, one.row.kind, one.row.role, one.row.parameters)) for one in found.effects
        ],
        "undoable": any(one.can_undo for one in found.effects),
        "entities": found.entities,
        "entity_titles": {name: given[language.language()] for name, given in found.pack.entities.items()},
        "titles": titles,
    }
    return render(request, "decisions/decision.html", context)


def _feature(found: reads.DecisionRead, name: str, value: object, words: Any) -> dict[str, object]:
    title = found.pack.feature_titles[name][language.language()]
    said = "" if value is None else words.value(value, found.pack.feature_types[name])
    return {"name": name, "title": title, "value": said}


def _said(value: object, words: Words, zone: str) -> str:
    """Write a value of an event the way its reader writes it."""
    if isinstance(value, bool):
        return language.say(N_("true") if value else N_("false"))
    if isinstance(value, int | float):
        return words.number(value)
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    if _INSTANT.fullmatch(text):
        return language.moment(datetime.fromisoformat(text.replace("Z", "+00:00")), zone, "exact")
    return text[:2_000]


def _fields(value: Mapping[str, Any], path: tuple[str, ...], hidden: frozenset[str]) -> list[tuple[str, Any, bool]]:
    """Return the fields of an event as dotted names, their values, and whether they are masked."""
    found: list[tuple[str, Any, bool]] = []
    for name, part in value.items():
        place = (*path, str(name))
        dotted = ".".join(place)
        if isinstance(part, dict) and dotted not in hidden:
            found += _fields(part, place, hidden)
        elif part is not None:
            found.append((dotted, part, dotted in hidden))
    return found


@requires("decisions.undo", post="decisions.undo")
def take_back(request: HttpRequest, decision_id: int) -> HttpResponse:
    """Show what taking effects of a decision back would change; a POST does it."""
    row = reads.row_of(request.user, decision_id)
    own = {one.row.pk for one in reads.effects_of([row.pk])}
    asked = [int(text) for text in (request.POST or request.GET).getlist("effect") if text.isdigit()]
    chosen = tuple(ident for ident in asked if ident in own) or tuple(sorted(own))
    if not chosen or len(asked) > len([ident for ident in asked if ident in own]):
        raise InvalidInput(N_("there is no such effect to take back"))
    selection, now = Selection(effect_ids=chosen), language.clock()
    if request.method == "POST":
        reason = request.POST.get("reason", "")
        done = undo(selection, actor=actor_of(request), now=now, ident=uuid.uuid4(), reason=reason)
        messages.success(
            request,
            language.counted(done.effects, N_("{n} effect was taken back."), N_("{n} effects were taken back.")),
        )
        return HttpResponseRedirect(reverse("decision", args=[decision_id]))
    context = {"row": row, "told": preview(selection, now=now), "chosen": chosen}
    context["penalty_titles"] = penalty_titles(packs.pack_of(row.pack_version_id))
    return render(request, "decisions/take_back.html", context)


@requires("accounts.note", post="accounts.note")
def note(request: HttpRequest, decision_id: int) -> HttpResponse:
    """Keep a note about a decision."""
    if request.method == "POST":
        row = reads.row_of(request.user, decision_id)
        write_note(
            object_kind="decision", object_id=str(row.pk), text=request.POST.get("text", ""), actor=actor_of(request),
            now=language.clock(),
        )  # fmt: skip
    return HttpResponseRedirect(reverse("decision", args=[decision_id]))


@requires("self")
def find(request: HttpRequest) -> HttpResponse:
    """Go to what an id names: a decision, an event, an account; else search for it."""
    wanted = request.GET.get("q", "").strip()[:300]
    if may(request, "decisions.read"):
        number = int(wanted) if wanted.isdigit() and len(wanted) < 19 else -1
        row = Decision.objects.filter(pk=number).first() or Decision.objects.filter(event_id=wanted).first()
        if row is not None:
            return HttpResponseRedirect(reverse("decision", args=[row.pk]))
    if wanted and may(request, "accounts.read"):
        return HttpResponseRedirect(f"{reverse('accounts')}?q={quote(wanted)}")
    messages.error(request, language.say(N_("Nothing has this id.")))
    return HttpResponseRedirect(reverse("today" if may(request, "today.read") else "me"))

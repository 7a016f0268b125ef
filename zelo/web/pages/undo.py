"""Undo: takes effects of many decisions back at once, by rule, kind and time, after saying what that would change."""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse

from zelo.base.effects import EFFECTS
from zelo.base.errors import InvalidInput, NotFound
from zelo.base.messages.message import N_
from zelo.models import EffectStep
from zelo.policy.pack import Pack
from zelo.web import language
from zelo.web.effect_names import effect_names
from zelo.web.entrance import actor_of
from zelo.web.ladders import penalty_titles
from zelo.web.pages.explorer import rule_titles
from zelo.web.permissions import requires
from zelo.web.reads import packs
from zelo.worker.undoing import Selection, preview
from zelo.worker.undoing import undo as take_back

ACTS_SHOWN = 20


@requires("decisions.undo_many", post="decisions.undo_many")
def undo(request: HttpRequest) -> HttpResponse:
    """Show what an undo would change; a POST carries it out."""
    working = packs.working_pack(request.user)
    if working is None:
        raise NotFound(N_("there is no such version of the pack"))
    _version, pack = working
    given = request.POST if request.method == "POST" else request.GET
    asked = bool(given.get("rule") or given.get("kind") or given.get("since"))
    context: dict[str, object] = {
        "pack": pack, "zone": language.zone(request, pack.time_zone), "given": given, "effects": effect_names(EFFECTS),
        "rules": list(rule_titles(pack).items()), "acts": _acts(),
    }  # fmt: skip
    if asked:
        selection, now = _selection(request, pack), language.clock()
        if request.method == "POST":
            done = take_back(
                selection, actor=actor_of(request), now=now, ident=uuid.uuid4(), reason=given.get("reason", "")
            )
            messages.success(
                request,
                language.counted(done.effects, N_("{n} effect was taken back."), N_("{n} effects were taken back.")),
            )
            return HttpResponseRedirect(reverse("undo"))
        context |= {"told": preview(selection, now=now), "penalty_titles": penalty_titles(pack)}
    return render(request, "undo.html", context)


def _selection(request: HttpRequest, pack: Pack) -> Selection:
    given = request.POST if request.method == "POST" else request.GET
    zone = ZoneInfo(language.zone(request, pack.time_zone))
    try:
        since, until = (
            datetime.fromisoformat(given[name]).replace(tzinfo=zone) if given.get(name) else None
            for name in ("since", "until")
        )
    except ValueError:
        raise InvalidInput(N_("a day is written as 2026-01-31")) from None
    if since is None:
        since = language.clock() - timedelta(days=30)
    markets = request.user.markets
    market = given.get("market", "") or (markets[0] if markets else "")
    if markets and market not in markets:
        raise NotFound(N_("there is no such version of the pack"))
    return Selection(rule=given.get("rule", ""), kind=given.get("kind", ""), since=since, until=until, market=market)


def _acts() -> list[dict[str, object]]:
    """Return the latest acts of taking back, each with how many effects it took."""
    found: dict[object, dict[str, object]] = {}
    steps = EffectStep.objects.filter(state="undone").order_by("-pk").values("undo_id", "at", "by", "reason")[:2_000]
    for step in steps:
        known = found.setdefault(step["undo_id"], {**step, "count": 0})
        known["count"] = int(str(known["count"])) + 1
        if len(found) > ACTS_SHOWN:
            break
    return list(found.values())[:ACTS_SHOWN]

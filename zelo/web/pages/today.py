"""Today: what needs me, and the live pulse of events, decisions, limits and lag."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from zoneinfo import ZoneInfo

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse

from zelo.base.messages.message import N_
from zelo.models import Activation, Decision, Effect, EffectStep
from zelo.policy.pack import Pack
from zelo.web import language
from zelo.web.frame import ZONE
from zelo.web.pages.explorer import rule_titles
from zelo.web.permissions import may, requires
from zelo.web.reads import packs, sources


@dataclass(frozen=True)
class Need:
    """Something that needs the reader."""

    title: str
    why: str
    url: str
    do: str
    tone: str = "you"


@requires("self")
def today(request: HttpRequest) -> HttpResponse:
    """Show how the day stands; who has no page in the console is led to their own account."""
    if not may(request, "today.read"):
        return HttpResponseRedirect(reverse("me"))
    now = language.clock()
    working = packs.working_pack(request.user)
    pulse = sources.pulse(now)
    context = {
        "hour": _greeting(now.astimezone(ZoneInfo(language.zone(request, ZONE))).hour),
        "name": request.user.first_name.split(" ")[0] if request.user.first_name else "",
        "needs": _needs(request, pulse, working is not None),
        "pulse": pulse,
        "pack": working[1] if working else None,
        "version": working[0] if working else None,
        "zone": language.zone(request, working[1].time_zone if working else "UTC"),
        "latest": _latest(request),
        "titles": rule_titles(working[1]) if working else {},
        "kind_titles": _kind_titles(working[1]) if working else {},
        "happened": _happened() if may(request, "decisions.read") else [],
    }
    return render(request, "today.html", context)


@requires("today.read")
def pulse(request: HttpRequest) -> HttpResponse:
    """Show the pulse alone, for a page that stays open."""
    working = packs.working_pack(request.user)
    context = {
        "pulse": sources.pulse(language.clock()), "latest": _latest(request),
        "titles": rule_titles(working[1]) if working else {},
        "kind_titles": _kind_titles(working[1]) if working else {},
    }  # fmt: skip
    return render(request, "parts/pulse.html", context)


def _kind_titles(pack: Pack) -> dict[str, str]:
    return {name: titles[language.language()] for name, titles in pack.kind_titles.items()}


def _greeting(hour: int) -> str:
    if 5 <= hour < 12:
        return N_("Good morning, {name}")
    return N_("Good afternoon, {name}") if 12 <= hour < 18 else N_("Good evening, {name}")


def _needs(request: HttpRequest, pulse: sources.Pulse, works: bool) -> list[Need]:
    found: list[Need] = []
    say = language.say
    if not works and may(request, "packs.activate"):
        found.append(
            Need(say(N_("Put a pack to work")), say(N_("Events are not decided until one is.")), reverse("packs"),
                 say(N_("Open packs")))
        )  # fmt: skip
    if pulse.open_letters and may(request, "sources.read"):
        title = language.counted(
            pulse.open_letters, N_("{n} event could not be taken in"), N_("{n} events could not be taken in")
        )
        why = say(N_("Each is kept with its reason, and can be replayed once that is put right."))
        found.append(Need(title, why, reverse("sources"), say(N_("Open dead letters")), "warn"))
    if pulse.behind and not pulse.workers and may(request, "sources.read"):
        why = say(N_("Events are safe in the log and wait. Start one with `zelo worker`."))
        found.append(Need(say(N_("No worker decides")), why, reverse("sources"), say(N_("Open sources")), "bad"))
    if pulse.limits and may(request, "explorer.read"):
        title = language.counted(
            len(pulse.limits), N_("{n} daily limit is half used"), N_("{n} daily limits are half used")
        )
        why = say(N_("What goes over a limit is held back until midnight, and stays on record."))
        found.append(
            Need(title, why, f"{reverse('explorer')}?days=1&outcome=fired&group=rule", say(N_("See why")), "warn")
        )
    waiting = Effect.objects.filter(born="pending", effective_at__gte=language.clock() - timedelta(days=1)).count()
    if waiting and may(request, "decisions.undo"):
        title = language.counted(
            waiting, N_("{n} effect waits for its receiver"), N_("{n} effects wait for their receivers")
        )
        why = say(N_("Cases and notices are kept until the part that takes them is there."))
        found.append(Need(title, why, f"{reverse('explorer')}?days=1&effect=open_case", say(N_("See them")), "none"))
    return found


def _latest(request: HttpRequest) -> list[Decision]:
    """Return the latest decisions in which a rule fired, that the person may see."""
    found = Decision.objects.filter(entities__isnull=False, fired__isnull=False).order_by("-pk")
    ids = packs.visible_ids(request.user)
    return list((found if ids is None else found.filter(pack_version_id__in=ids))[:8])


def _happened() -> list[dict[str, object]]:
    """Return what people did lately: versions put to work, effects taken back."""
    acts: dict[object, dict[str, object]] = {}
    for step in EffectStep.objects.filter(state="undone").order_by("-pk")[:500]:
        known = acts.setdefault(
            step.undo_id, {"what": "undo", "at": step.at, "by": step.by, "n": 0, "why": step.reason}
        )
        known["n"] = int(str(known["n"])) + 1
    rows = list(acts.values())[:5]
    for one in Activation.objects.order_by("-pk")[:5]:
        rows.append({"what": "activate", "at": one.at, "by": one.by, "n": one.pack_version_id, "why": one.reason})
    return sorted(rows, key=lambda row: str(row["at"]), reverse=True)[:6]

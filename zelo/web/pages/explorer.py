"""Explorer: decisions and events by any field, time, rule or account; chart, groups, shared by address, exported."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from django.db import transaction
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import render

from zelo.base.effects import EFFECTS
from zelo.base.errors import InvalidInput, NotAllowed
from zelo.base.messages.message import N_
from zelo.people.flows import record
from zelo.policy.pack import Pack
from zelo.web import charts, language
from zelo.web.effect_names import effect_names
from zelo.web.entrance import actor_of
from zelo.web.permissions import may, requires
from zelo.web.personal import masked_paths, revealed
from zelo.web.reads import explorer as reads
from zelo.web.reads import packs
from zelo.web.reads.search import CONDITIONS_MAX, GROUPS, OPERATORS, OUTCOMES, PERIODS, Search, read_search

_OPERATOR_WORDS = {
    "is": N_("is"), "not": N_("is not"), "more": N_("is more than"), "less": N_("is less than"),
    "holds": N_("contains"), "known": N_("is known"), "unknown": N_("is not known"),
}  # fmt: skip
_GROUP_WORDS = {"kind": N_("kind of event"), "rule": N_("rule"), "pack_version": N_("version"), "effect": N_("effect")}
_PERIOD_WORDS = {
    "1": N_("last day"), "7": N_("last 7 days"), "30": N_("last 30 days"), "90": N_("last 90 days"),
    "365": N_("last year"),
}  # fmt: skip


@requires("explorer.read")
def explorer(request: HttpRequest) -> HttpResponse:
    """Show what a search finds."""
    working = packs.working_pack(request.user)
    if working is None:
        return render(request, "explorer/none.html")
    _version, pack = working
    zone = language.zone(request, pack.time_zone)
    context: dict[str, object] = {"pack": pack, "zone": zone, **_choices(pack)}
    try:
        asked = read_search(request.GET, pack, language.clock(), zone)
        _look_allowed(request, asked, pack)
        found = reads.search(asked, _visible(request))
    except InvalidInput as error:
        said = language.say(error.message, **error.params)
        context |= {"error": said[:1].upper() + said[1:], "given": request.GET, "conditions": _given(request, ())}
        return render(request, "explorer/page.html", context, status=400)
    chart = charts.bars(found.series, asked.since, asked.until, asked.bucket, zone)
    context |= {
        "asked": asked,
        "found": found,
        "chart": chart,
        "rows": _shown(request, asked, found.rows, pack),
        "groups": found.groups,
        "most": max((count for _, count in found.groups), default=1),
        "next": found.rows[-1]["order_key"] if found.more else None,
        "given": request.GET,
        "fields": list(asked.columns.values()),
        "conditions": _given(request, tuple(asked.columns)),
        "rule_titles": rule_titles(pack),
        "kind_titles": {name: titles[language.language()] for name, titles in pack.kind_titles.items()},
    }
    part = "explorer/found.html" if request.headers.get("HX-Target") == "found" else "explorer/page.html"
    return render(request, part, context)


def _visible(request: HttpRequest) -> list[str] | None:
    ids = packs.visible_ids(request.user)
    return None if ids is None else [one.version for one in packs.versions(request.user) if one.id in set(ids)]


def _choices(pack: Pack) -> dict[str, object]:
    spoken = language.language()
    return {
        "kinds": [(name, titles[spoken]) for name, titles in pack.kind_titles.items()],
        "policies": [(one.id, one.title[spoken]) for one in pack.policies],
        "rules": [(rule.name, rule.title[spoken] if rule.title else rule.name) for rule in pack.rules],
        "outcomes": [(name, language.say(words)) for name, words in OUTCOMES.items()],
        "effects": effect_names(EFFECTS),
        "operators": [(name, language.say(_OPERATOR_WORDS[name])) for name in OPERATORS],
        "periods": [(name, language.say(_PERIOD_WORDS[name])) for name in PERIODS],
        "group_choices": [(name, language.say(_GROUP_WORDS[name])) for name in GROUPS],
    }


def _given(request: HttpRequest, _known: tuple[str, ...]) -> list[dict[str, str]]:
    """Return the conditions on fields as they were filled in, and one empty line more."""
    lines: list[dict[str, str]] = []
    for number in range(1, CONDITIONS_MAX + 1):
        line = {name: request.GET.get(f"{name}{number}", "") for name in ("field", "op", "value")}
        if line["field"] or not lines or lines[-1]["field"]:
            lines.append({**line, "number": str(number)})
    return lines


def _look_allowed(request: HttpRequest, asked: Search, pack: Pack) -> None:
    """Let nobody search inside personal data that they may not see, and keep on record who does."""
    if not asked.kind:
        return
    secret = sorted(set(asked.personal) & masked_paths(pack.kinds[asked.kind], request))
    if not secret:
        return
    if not may(request, "personal.reveal"):
        raise NotAllowed(N_("you may not search in `{field}`: it holds personal data"), field=secret[0])
    revealed(request, "search", asked.kind, secret)


def rule_titles(pack: Pack) -> dict[str, str]:
    """Return the titles of rules by name, in the language of the page."""
    spoken = language.language()
    return {rule.name: rule.title[spoken] if rule.title else rule.name for rule in pack.rules}


def _shown(request: HttpRequest, asked: Search, rows: list[dict[str, Any]], pack: Pack) -> list[dict[str, Any]]:
    ids = reads.decision_ids([row["event_id"] for row in rows])
    readable = may(request, "decisions.read")
    hidden = masked_paths(pack.kinds[asked.kind], request) if asked.kind else frozenset()
    shown = []
    for row in rows:
        one = {**row, "decision": ids.get(row["event_id"]) if readable else None}
        if asked.what == "events":
            cells = [(name, row.get(name)) for name in asked.columns if row.get(name) is not None]
            one["cells"] = [(name, value, name in hidden) for name, value in cells]
        shown.append(one)
    return shown


@requires("explorer.export")
def export(request: HttpRequest) -> HttpResponse | StreamingHttpResponse:
    """Return what a search finds as CSV; personal data stays masked."""
    working = packs.working_pack(request.user)
    if working is None:
        return HttpResponse(status=404)
    _version, pack = working
    asked = read_search(request.GET, pack, language.clock(), language.zone(request, pack.time_zone))
    _look_allowed(request, asked, pack)
    names, rows = reads.export(asked, _visible(request))
    hidden = masked_paths(pack.kinds[asked.kind], request) if asked.what == "events" else frozenset()
    with transaction.atomic():
        details = {"what": asked.what, "kind": asked.kind, "rule": asked.rule}
        record(actor_of(request), "search.export", now=language.clock(), details=details)
    response = StreamingHttpResponse(_csv(names, rows, hidden), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="zelo-{asked.what}.csv"'
    return response


def _csv(names: list[str], rows: Iterator[tuple[Any, ...]], hidden: frozenset[str]) -> Iterator[str]:
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(names)
    for row in rows:
        writer.writerow([_cell(value, name in hidden) for name, value in zip(names, row, strict=True)])
        if out.tell() > 65_536:
            yield out.getvalue()
            out.seek(0)
            out.truncate()
    yield out.getvalue()


def _cell(value: object, is_hidden: bool) -> str:
    """Return a cell that no spreadsheet takes for a formula."""
    if value is None:
        return ""
    if is_hidden:
        return "***"
    if isinstance(value, datetime):
        return value.isoformat()
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
    return (
        f"'{text}"
        if text[:1] in ("=", "+", "-", "@", "\t") and not text.lstrip("-").replace(".", "", 1).isdigit()
        else text
    )

"""The audit trail: who changed or read what, filtered and exported; and whether the chain holds."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterator, Mapping
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import render

from zelo.base.errors import InvalidInput
from zelo.base.messages.message import N_
from zelo.people.flows import pseudonym, record, verify
from zelo.people.tables import AuditEntry
from zelo.web import language
from zelo.web.entrance import actor_of
from zelo.web.frame import ZONE
from zelo.web.permissions import requires
from zelo.worker.anchors import kept_anchors

PAGE = 50
EXPORT_MAX = 100_000


def _found(request: HttpRequest) -> QuerySet[AuditEntry]:
    """Return the entries that the address asks for, newest first; raises InvalidInput."""
    found = AuditEntry.objects.order_by("-pk")
    for name in ("actor", "action", "object_kind"):
        if value := request.GET.get(name, "").strip():
            found = found.filter(**{name if name == "object_kind" else f"{name}__icontains": value[:300]})
    if ident := request.GET.get("object_id", "").strip():
        found = found.filter(object_id__in=(ident, pseudonym(ident)))
    try:
        zone = ZoneInfo(language.zone(request, ZONE))
        if first := request.GET.get("since"):
            found = found.filter(at__gte=datetime.combine(date.fromisoformat(first), time(), zone))
        if last := request.GET.get("until"):
            found = found.filter(at__lt=datetime.combine(date.fromisoformat(last), time(), zone) + timedelta(days=1))
    except (ValueError, OverflowError):
        raise InvalidInput(N_("a day is written as 2026-01-31")) from None
    if not request.GET.get("all"):
        found = found.exclude(action="decided")
    return found


def _details(details: Mapping[str, object] | None) -> list[tuple[str, str]]:
    """Return the details of an entry as lines; of a digest its beginning."""
    found = []
    for name, value in (details or {}).items():
        text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
        if text:
            found.append((str(name), text[:12] if _DIGEST.fullmatch(text) else text))
    return found


@requires("audit.read")
def audit(request: HttpRequest) -> HttpResponse:
    """Show the audit trail."""
    found = _found(request)
    before = request.GET.get("before", "")
    if before.isdigit() and len(before) < 19:
        found = found.filter(pk__lt=int(before))
    rows = list(found[: PAGE + 1])
    actions = AuditEntry.objects.order_by("action").values_list("action", flat=True).distinct()
    context = {
        "rows": [(row, _details(row.details)) for row in rows[:PAGE]],
        "next": rows[PAGE - 1].pk if len(rows) > PAGE else None,
        "given": request.GET,
        "actions": list(actions),
    }
    if request.GET.get("check"):
        count, faults = verify(kept_anchors())
        context |= {"checked": count, "faults": faults}
    return render(request, "audit.html", context)


@requires("audit.export")
def export(request: HttpRequest) -> StreamingHttpResponse:
    """Return the entries as CSV; that is an entry itself."""
    found = _found(request)
    with transaction.atomic():
        details = {
            name: request.GET.get(name, "")[:300] for name in ("actor", "action", "object_kind", "since", "until")
        }
        if ident := request.GET.get("object_id", "").strip():
            details["object_id"] = pseudonym(ident)
        record(actor_of(request), "audit.export", now=language.clock(), details=details)
    response = StreamingHttpResponse(_csv(found[:EXPORT_MAX]), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = 'attachment; filename="zelo-audit.csv"'
    return response


_DIGEST = re.compile("[0-9a-f]{64}")
_COLUMNS = ("chain", "number", "at", "actor_kind", "actor", "action", "object_kind", "object_id", "request_id")


def _csv(rows: QuerySet[AuditEntry]) -> Iterator[str]:
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow([*_COLUMNS, "details", "hash"])
    for row in rows.iterator(chunk_size=2_000):
        cells = [str(getattr(row, name)) for name in _COLUMNS]
        safe = [f"'{cell}" if cell[:1] in ("=", "+", "-", "@") else cell for cell in cells]
        writer.writerow([*safe, json.dumps(row.details, ensure_ascii=False), bytes(row.hash).hex()])
        if out.tell() > 65_536:
            yield out.getvalue()
            out.seek(0)
            out.truncate()
    yield out.getvalue()

"""Whether this process lives, whether it can work, and what it has counted."""

from __future__ import annotations

from django.db import Error, connection
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.http import require_safe

from zelo.web.metrics import exposition


@require_safe
def healthz(request: HttpRequest) -> HttpResponse:
    """Say that the process answers."""
    return JsonResponse({"status": "ok"})


@require_safe
def readyz(request: HttpRequest) -> HttpResponse:
    """Say whether the database answers and is migrated."""
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM zelo_partition")
            (partitions,) = cursor.fetchone()
    except Error:
        return JsonResponse({"status": "unavailable", "reason": "database"}, status=503)
    if not partitions:
        return JsonResponse({"status": "unavailable", "reason": "not_set_up"}, status=503)
    return JsonResponse({"status": "ok"})


@require_safe
def metrics(request: HttpRequest) -> HttpResponse:
    """Return the metrics of this installation's web processes."""
    return HttpResponse(exposition(), content_type="text/plain; version=0.0.4; charset=utf-8")

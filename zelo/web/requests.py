"""Gives each request an id and writes one line of log about it; counts and times it for the metrics."""

from __future__ import annotations

import re
import time
import uuid
from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

from zelo.adapters import traces
from zelo.web.metrics import observe_request
from zelo.worker.logs import log

_GIVEN = re.compile(r"[A-Za-z0-9._-]{8,64}")


class RequestMiddleware:
    """Outermost: sees every answer, errors included."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Answer a request."""
        given = request.headers.get("X-Request-Id", "")
        request.zelo_id = given if _GIVEN.fullmatch(given) else uuid.uuid4().hex
        started = time.perf_counter()
        with traces.request(request.method or "", request.headers, request.zelo_id) as tell:
            response = self.get_response(request)
            match = request.resolver_match
            route = match.route if match else "unknown"
            tell(route, response.status_code)
        seconds = time.perf_counter() - started
        observe_request(request.method or "", route, response.status_code, seconds)
        response.headers["X-Request-Id"] = request.zelo_id
        log(
            "request",
            request_id=request.zelo_id,
            method=request.method,
            route=route,
            status=response.status_code,
            ms=round(seconds * 1000, 2),
        )
        return response

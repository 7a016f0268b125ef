"""Tells foreseen errors of the console as pages, each with its status."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict
from django.shortcuts import render
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.defaults import server_error

from zelo.base.errors import Conflict, InvalidInput, NotAllowed, NotFound, PolicyRejected, Unavailable, ZeloError
from zelo.web import language
from zelo.web.api.answers import answer
from zelo.web.api.codes import CODES

STATUS: dict[type[ZeloError], int] = {
    PolicyRejected: 422,
    InvalidInput: 400,
    NotFound: 404,
    NotAllowed: 403,
    Conflict: 409,
    Unavailable: 503,
}


class ErrorsMiddleware:
    """Turns what zelo foresaw into a page; what it did not is Django's."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Answer a request; a NUL, which no text of the database can hold, is refused here for all pages."""
        if not _is_api(request) and _holds_nul(request):
            return render(request, "400.html", status=400)
        response = self.get_response(request)
        return _as_api(request, response) if _is_api(request) else response

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        """Tell a foreseen error; after a form it is told on the page it came from."""
        if not isinstance(error, ZeloError) or _is_api(request):
            return None
        status = next((code for kind, code in STATUS.items() if isinstance(error, kind)), 500)
        said = language.say(error.message, **error.params)
        said = said[:1].upper() + said[1:]
        back = request.POST.get("back", "")
        if request.method == "POST" and url_has_allowed_host_and_scheme(back, allowed_hosts=None):
            messages.error(request, said)
            return HttpResponseRedirect(back)
        return render(request, "failed.html", {"said": said, "status": status}, status=status)


def crashed(request: HttpRequest) -> HttpResponse:
    """Answer what nobody foresaw; the log has it, under the request's id."""
    if _is_api(request):
        return answer(request, 500, "internal", "zelo failed; its log says how, under the request's id")
    return server_error(request)


def _is_api(request: HttpRequest) -> bool:
    return request.path.startswith("/api/")


_BARE = {400: "invalid", 404: "not_found", 405: "method_not_allowed"}


def _as_api(request: HttpRequest, response: HttpResponse) -> HttpResponse:
    """Give an answer of Django's the form that answers of the API have."""
    if response.status_code not in _BARE or response.headers.get("Content-Type") == "application/json":
        return response
    code = _BARE[response.status_code]
    told = answer(request, response.status_code, code, CODES[code].means)
    if "Allow" in response.headers:
        told.headers["Allow"] = response.headers["Allow"]
    return told


def _holds_nul(request: HttpRequest) -> bool:
    given = [request.path, *(value for values in (request.GET, request.POST) for _, value in _pairs(values))]
    return any("\0" in text for text in given)


def _pairs(values: QueryDict) -> Iterator[tuple[str, str]]:
    for name, several in values.lists():
        yield from ((name, f"{name}{value}") for value in several)

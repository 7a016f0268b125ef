"""The API as one: its routers, its errors, its description and the page that shows it."""

from __future__ import annotations

from typing import Any

from django.db import Error
from django.http import Http404, HttpRequest, HttpResponse
from ninja import NinjaAPI
from ninja.errors import AuthenticationError, HttpError, ValidationError
from ninja.openapi.schema import OpenAPISchema

import zelo
from zelo.base.errors import ZeloError
from zelo.web.api import acting, events, reading
from zelo.web.api.answers import answer, foreseen
from zelo.web.api.description import describe


class Api(NinjaAPI):
    """The API, described with examples."""

    def get_openapi_schema(self, *args: Any, **given: Any) -> OpenAPISchema:
        """Return the description."""
        schema = super().get_openapi_schema(*args, **given)
        describe(schema)
        return schema


api = Api(
    title="zelo",
    version=zelo.__version__,
    description="Bring events, get decisions, follow what happens, and take it back.",
    urls_namespace="api-1",
    docs_url="/docs",
    openapi_url="/openapi.json",
)
for router in (events.router, reading.router, acting.router):
    api.add_router("", router)


@api.exception_handler(ZeloError)
def _foreseen(request: HttpRequest, error: Exception) -> HttpResponse:
    return foreseen(request, error)


@api.exception_handler(AuthenticationError)
def _unknown(request: HttpRequest, error: Exception) -> HttpResponse:
    response = answer(request, 401, "no_key", "send a key that holds: Authorization: Bearer zelo_...")
    response.headers["WWW-Authenticate"] = "Bearer"
    return response


@api.exception_handler(ValidationError)
def _unfit(request: HttpRequest, error: ValidationError) -> HttpResponse:
    told = [{"path": ".".join(str(part) for part in one["loc"]), "message": one["msg"]} for one in error.errors]
    return answer(request, 422, "does_not_fit", "the call does not fit its schema", problems=told)


@api.exception_handler(Error)
def _database(request: HttpRequest, error: Exception) -> HttpResponse:
    response = answer(request, 503, "database", "the database does not answer: nothing was changed; try again")
    response.headers["Retry-After"] = "2"
    return response


@api.exception_handler(HttpError)
def _unread(request: HttpRequest, error: HttpError) -> HttpResponse:
    return answer(request, 400, "bad_body", "the body is not JSON")


@api.exception_handler(Http404)
def _absent(request: HttpRequest, error: Exception) -> HttpResponse:
    return answer(request, 404, "not_found", "there is no such thing")

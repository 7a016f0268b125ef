"""Every address of the web, in one list."""

from __future__ import annotations

from django.urls import include, path

from zelo.web import probes
from zelo.web.api.operations import api

handler500 = "zelo.web.errors.crashed"
urlpatterns = [
    path("healthz", probes.healthz, name="healthz"),
    path("readyz", probes.readyz, name="readyz"),
    path("metrics", probes.metrics, name="metrics"),
    path("api/v1/", api.urls),
    path("entrance/", include("allauth.urls")),
    path("", include("zelo.web.console")),
]

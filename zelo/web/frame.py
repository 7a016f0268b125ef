"""What every page of the console has around it: navigation, palette, language and theme, the reader's name."""

from __future__ import annotations

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_POST

from zelo.base.messages.message import N_
from zelo.web import language
from zelo.web.permissions import permissions_of

LOOP = (
    ("policies", "policy", N_("Policies"), "policies.read", "p"),
    ("explorer", "explorer", N_("Explorer"), "explorer.read", "e"),
    ("undo", "undo", N_("Undo"), "decisions.undo_many", "u"),
    ("accounts", "accounts", N_("Accounts"), "accounts.read", "a"),
)
"""Stations of the loop: URL name, icon, title, permission, second key after `g`."""
ALSO = (
    ("sources", "step", N_("Sources"), "sources.read", "s"),
    ("audit", "audit", N_("Audit trail"), "audit.read", "l"),
    ("personal", "lock", N_("Personal data"), "personal.requests", "d"),
    ("people", "users", N_("People"), "people.manage", "m"),
    ("keys", "key", N_("API keys"), "keys.manage", "k"),
    ("packs", "branch", N_("Packs"), "packs.activate", "v"),
)
THEMES = ("light", "dark")
ZONE = "America/Sao_Paulo"
"""Zone of times on pages where no pack says another."""


def frame(request: HttpRequest) -> dict[str, object]:
    """Give every template what the layout shows."""
    user = getattr(request, "user", None)
    theme = request.COOKIES.get("zelo_theme", "")
    context: dict[str, object] = {
        "lang": language.language(),
        "theme": theme if theme in THEMES else "",
        "zone": language.zone(request, ZONE),
        "held": frozenset(),
    }
    if user is None or not user.is_authenticated:
        return {**context, "sign_on": _sign_on()}
    held = permissions_of(user.roles)
    here = request.resolver_match.view_name.split(":")[0] if request.resolver_match else ""
    context |= {
        "held": held,
        "loop": [_station(one, here) for one in LOOP if one[3] in held],
        "also": [_station(one, here) for one in ALSO if one[3] in held],
        "may_today": "today.read" in held,
        "on_today": here == "today",
        "initials": initials(user.get_full_name() or user.email),
    }
    return context


def _sign_on() -> list[tuple[str, str]]:
    """Return address and name of the company's log-in, where there is one."""
    apps = settings.SOCIALACCOUNT_PROVIDERS["openid_connect"]["APPS"]
    return [(reverse("openid_connect_login", args=[one["provider_id"]]), one["name"]) for one in apps]


def _station(one: tuple[str, str, str, str, str], here: str) -> dict[str, object]:
    name, icon, title, _, key = one
    return {"url": reverse(name), "icon": icon, "title": language.say(title), "key": key, "here": here.startswith(name)}


def initials(name: str) -> str:
    """Return up to two letters for a name."""
    parts = [part for part in name.replace("@", " ").split() if part[0].isalnum()]
    return "".join(part[0].upper() for part in (parts[:1] + parts[1:][-1:]))[:2] or "z"


@require_POST
def choose_language(request: HttpRequest) -> HttpResponse:
    """Speak another language from now on, and go back to the page."""
    wanted = "pt-br" if request.POST.get("language") == "pt-br" else "en"
    back = request.POST.get("next", "/")
    if not url_has_allowed_host_and_scheme(back, allowed_hosts=None):
        back = "/"
    if request.user.is_authenticated:
        request.user.language = "pt-BR" if wanted == "pt-br" else "en"
        request.user.save(update_fields=["language"])
    response = HttpResponseRedirect(back)
    response.set_cookie(
        settings.LANGUAGE_COOKIE_NAME, wanted, max_age=365 * 86_400, secure=settings.SESSION_COOKIE_SECURE,
        httponly=True, samesite="Lax",
    )  # fmt: skip
    return response


choose_language.permissions = {"POST": ""}

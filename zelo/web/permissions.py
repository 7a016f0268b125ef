"""Who may do what in the console: every role, every permission, and what holds them - the one place that says so."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import wraps
from types import MappingProxyType
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse

from zelo.base.messages.message import N_

ROLES: Mapping[str, str] = MappingProxyType(
    {
        "strategist": N_("Policy strategist"),
        "analyst": N_("Risk analyst"),
        "reviewer": N_("Reviewer"),
        "operations": N_("Operations lead"),
        "stakeholder": N_("Stakeholder"),
        "commander": N_("Incident commander"),
        "creator": N_("Creator or seller"),
        "engineer": N_("Integrating engineer"),
        "auditor": N_("Auditor"),
        "admin": N_("Administrator"),
    }
)
"""Role to its title."""
_CONSOLE = (
    "strategist",
    "analyst",
    "reviewer",
    "operations",
    "stakeholder",
    "commander",
    "engineer",
    "auditor",
    "admin",
)
_CASEWORK = ("strategist", "analyst", "reviewer", "operations", "commander", "auditor")
_MATRIX: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "today.read": (N_("See how the day stands"), _CONSOLE),
    "policies.read": (N_("Read policies, rules and schedules"), _CONSOLE),
    "explorer.read": (
        N_("Search decisions and events"), ("strategist", "analyst", "operations", "commander", "engineer", "auditor"),
    ),
    "explorer.export": (N_("Export what a search found"), ("strategist", "analyst", "commander", "auditor")),
    "decisions.read": (N_("Read a decision and why it was made"), (*_CASEWORK, "engineer")),
    "decisions.undo": (N_("Take back effects of one decision"), ("strategist", "operations", "commander")),
    "decisions.undo_many": (N_("Take back effects of many decisions"), ("strategist", "commander")),
    "accounts.read": (N_("Read accounts and content"), _CASEWORK),
    "accounts.note": (N_("Write notes"), ("strategist", "analyst", "reviewer", "operations", "commander")),
    "accounts.label": (N_("Set and remove labels"), ("strategist", "analyst", "operations", "commander")),
    "personal.reveal": (N_("Reveal personal data, on record"), ("analyst", "reviewer", "operations", "commander")),
    "sources.read": (
        N_("See sources and dead letters"), ("analyst", "operations", "commander", "engineer", "auditor", "admin"),
    ),
    "sources.replay": (N_("Replay and drop dead letters"), ("commander", "engineer")),
    "audit.read": (N_("Read the audit trail"), ("commander", "auditor", "admin")),
    "audit.export": (N_("Export the audit trail"), ("auditor",)),
    "personal.requests": (
        N_("See requests about personal data, certificates and legal holds"), ("commander", "auditor", "admin"),
    ),
    "personal.manage": (N_("Export and erase personal data"), ("admin",)),
    "holds.manage": (N_("Place and lift legal holds"), ("commander", "admin")),
    "people.manage": (N_("Invite people and set their roles"), ("admin",)),
    "keys.manage": (N_("Issue, rotate and revoke API keys"), ("engineer", "admin")),
    "packs.activate": (N_("Put a version of a pack to work"), ("strategist", "admin")),
    "self": (N_("Own account, language and sessions"), tuple(ROLES)),
}  # fmt: skip
PERMISSIONS: Mapping[str, str] = MappingProxyType({name: title for name, (title, _) in _MATRIX.items()})
"""Permission to what it allows."""
HOLDERS: Mapping[str, frozenset[str]] = MappingProxyType({name: frozenset(held) for name, (_, held) in _MATRIX.items()})
"""Permission to the roles that hold it."""
View = Callable[..., HttpResponse]


def permissions_of(roles: Iterable[str]) -> frozenset[str]:
    """Return what people with these roles may do."""
    held = frozenset(roles)
    return frozenset(name for name, holders in HOLDERS.items() if held & holders)


def may(request: HttpRequest, permission: str) -> bool:
    """Tell whether the person behind a request has a permission."""
    user = request.user
    return user.is_authenticated and permission in permissions_of(user.roles)


def requires(get: str, **methods: str) -> Callable[[View], View]:
    """
    Guard a page: `get` is the permission to look at it, `post` the one to change something; others are refused.

    Who is not logged in is sent to log in; who may not is told so, with the roles that may.
    """
    by_method = {"GET": get, "HEAD": get, **{method.upper(): name for method, name in methods.items()}}
    unknown = set(by_method.values()) - PERMISSIONS.keys()
    if unknown:
        raise AssertionError(f"no such permission: {unknown}")

    def guard(view: View) -> View:
        @wraps(view)
        def guarded(request: HttpRequest, *args: object, **kwargs: object) -> HttpResponse:
            needed = by_method.get(request.method or "")
            if needed is None:
                return HttpResponse(status=405, headers={"Allow": ", ".join(sorted(by_method))})
            if not request.user.is_authenticated:
                return _to_log_in(request)
            if not may(request, needed):
                return refused(request, needed)
            return view(request, *args, **kwargs)

        guarded.permissions = by_method  # type: ignore[attr-defined]
        return guarded

    return guard


def _to_log_in(request: HttpRequest) -> HttpResponse:
    """Send to the log-in page; a part of a page that HTMX asks for must not be replaced by it."""
    here = request.get_full_path() if request.method in ("GET", "HEAD") else "/"
    if request.headers.get("HX-Request"):
        here = request.headers.get("HX-Current-URL", "/").partition("//")[2]
        here = "/" + here.partition("/")[2]
    target = f"{reverse('account_login')}?{urlencode({'next': here})}"
    if request.headers.get("HX-Request"):
        return HttpResponse(headers={"HX-Redirect": target})
    return HttpResponseRedirect(target)


def refused(request: HttpRequest, permission: str) -> HttpResponse:
    """Tell a person that they may not, and who may."""
    context = {
        "what": PERMISSIONS[permission],
        "holders": [title for role, title in ROLES.items() if role in HOLDERS[permission]],
    }
    return render(request, "refused.html", context, status=403)


def as_markdown() -> str:
    """Return the matrix as the table that the docs show."""
    head = "| may | " + " | ".join(ROLES) + " |"
    lines = [head, "|---" * (len(ROLES) + 1) + "|"]
    for name, title in PERMISSIONS.items():
        marks = ("yes" if role in HOLDERS[name] else "" for role in ROLES)
        lines.append(f"| {title} (`{name}`) | " + " | ".join(marks) + " |")
    return "\n".join(lines)

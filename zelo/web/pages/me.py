"""One's own account, and coming in by invitation."""

from __future__ import annotations

from django.contrib.auth import login
from django.contrib.auth.password_validation import password_validators_help_texts, validate_password
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.views.decorators.debug import sensitive_post_parameters

from zelo.people.flows import Actor, record
from zelo.people.tables import Person
from zelo.web import language
from zelo.web.entrance import read_invitation
from zelo.web.permissions import HOLDERS, PERMISSIONS, ROLES, permissions_of, requires


@requires("self")
def me(request: HttpRequest) -> HttpResponse:
    """Show one's own account: roles, what they allow, log-in and sessions."""
    held = permissions_of(request.user.roles)
    context = {
        "roles": [ROLES[role] for role in request.user.roles if role in ROLES],
        "allowed": [title for name, title in PERMISSIONS.items() if name in held],
        "refused": [
            (title, [ROLES[role] for role in ROLES if role in HOLDERS[name]])
            for name, title in PERMISSIONS.items()
            if name not in held
        ],
    }
    return render(request, "me.html", context)


@sensitive_post_parameters("password")
def invited(request: HttpRequest, token: str) -> HttpResponse:
    """Let an invited person choose a password; the link works once."""
    said = read_invitation(token)
    if said is None or request.method not in ("GET", "POST"):
        return render(request, "invited.html", {"said": None}, status=404)
    errors: list[str] = []
    if request.method == "POST":
        person = Person(email=said["email"], username=said["email"], first_name=said["name"], roles=said["roles"])
        person.markets = said["markets"]
        person.language = language.language()
        password = request.POST.get("password", "")
        try:
            validate_password(password, person)
            person.set_password(password)
            with transaction.atomic():
                person.save()
                actor = Actor("person", person.email, getattr(request, "zelo_id", ""))
                details = {"invited_by": said["by"], "roles": said["roles"], "markets": said["markets"]}
                record(actor, "person.join", now=language.clock(), of=("person", person.pk), details=details)
        except ValidationError as error:
            errors = list(error.messages)
        except IntegrityError:
            return render(request, "invited.html", {"said": None}, status=404)
        else:
            login(request, person, backend="django.contrib.auth.backends.ModelBackend")
            return HttpResponseRedirect("/")
    context = {"said": said, "errors": errors, "roles": [ROLES[r] for r in said["roles"]]}
    return render(request, "invited.html", {**context, "advice": password_validators_help_texts()})


invited.permissions = {"GET": "", "POST": ""}

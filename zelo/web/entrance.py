"""How people come in: by invitation or through the company's log-in, never by signing up; each entry is on record."""

from __future__ import annotations

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.socialaccount.adapter import DefaultSocialAccountAdapter
from allauth.socialaccount.models import SocialLogin
from allauth.usersessions.models import UserSession
from django.contrib.auth import SESSION_KEY
from django.contrib.auth.signals import user_logged_in, user_login_failed
from django.contrib.sessions.models import Session
from django.core import signing
from django.db import transaction
from django.dispatch import receiver
from django.http import HttpRequest

from zelo.people.flows import Actor, record
from zelo.people.tables import Person
from zelo.web import language
from zelo.web.permissions import ROLES

INVITE_SALT = "zelo.invite"
INVITE_DAYS = 7


class AccountAdapter(DefaultAccountAdapter):
    """Lets nobody sign up by themselves."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        """Return False: people are invited."""
        return False


class SocialAccountAdapter(DefaultSocialAccountAdapter):
    """Lets in through the company's log-in whoever has an account here already."""

    def is_open_for_signup(self, request: HttpRequest, sociallogin: SocialLogin) -> bool:
        """Return False: roles are given here, before the first log-in."""
        return False


def end_sessions(person: Person) -> int:
    """End every session of a person, wherever they are logged in; return how many there were."""
    found = [one for one in Session.objects.iterator() if one.get_decoded().get(SESSION_KEY) == str(person.pk)]
    UserSession.objects.filter(user=person).delete()
    Session.objects.filter(pk__in=[one.pk for one in found]).delete()
    return len(found)


def actor_of(request: HttpRequest) -> Actor:
    """Return the person behind a request, as the audit trail names them."""
    return Actor("person", request.user.email, getattr(request, "zelo_id", ""))


@receiver(user_logged_in)
def _entered(sender: object, request: HttpRequest, user: Person, **_: Any) -> None:
    with transaction.atomic():
        actor = Actor("person", user.email, getattr(request, "zelo_id", ""))
        record(actor, "person.log_in", now=language.clock(), of=("person", user.pk))


@receiver(user_login_failed)
def _refused(sender: object, credentials: dict[str, object], request: HttpRequest | None = None, **_: Any) -> None:
    tried = str(credentials.get("email") or credentials.get("username") or "")
    known = Person.objects.filter(email__iexact=tried).first() if tried else None
    if known is None:  # a password typed into the wrong field must not end up in the trail
        return
    with transaction.atomic():
        actor = Actor("person", known.email, getattr(request, "zelo_id", ""))
        record(actor, "person.log_in_failed", now=language.clock(), of=("person", known.pk))


def invitation(email: str, name: str, roles: list[str], markets: list[str], by: str) -> str:
    """Return the token of an invitation link: signed, for one address, for a week."""
    return signing.dumps({"email": email, "name": name, "roles": roles, "markets": markets, "by": by}, salt=INVITE_SALT)


def read_invitation(token: str) -> dict[str, Any] | None:
    """Return what an invitation says; None when it is forged, too old or used."""
    try:
        said: dict[str, Any] = signing.loads(token, salt=INVITE_SALT, max_age=INVITE_DAYS * 86_400)
    except signing.BadSignature:
        return None
    if Person.objects.filter(email__iexact=said["email"]).exists() or not set(said["roles"]) <= ROLES.keys():
        return None
    return said

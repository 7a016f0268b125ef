"""The second factor: its secrets encrypted where they are kept, its picture without a foreign address, on record."""

from __future__ import annotations

from typing import Any

from allauth.account.signals import password_changed, password_reset
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.models import Authenticator
from allauth.mfa.signals import authenticator_added, authenticator_removed, authenticator_reset
from django.db import transaction
from django.dispatch import receiver
from django.http import HttpRequest
from django.utils.safestring import SafeString, mark_safe

from zelo.people.flows import Actor, record
from zelo.people.tables import Person
from zelo.web import language
from zelo.worker.relay import hidden, shown


class SecondFactorAdapter(DefaultMFAAdapter):
    """Keeps secrets encrypted with the installation's key."""

    def encrypt(self, text: str) -> str:
        """Return a secret as it is kept."""
        return hidden(text)

    def decrypt(self, encrypted_text: str) -> str:
        """Return the secret of what is kept."""
        return shown(encrypted_text)

    def build_totp_svg(self, url: str) -> SafeString:
        """Return the picture to be part of the page: the strict policy lets no `data:` address load."""
        drawn = super().build_totp_svg(url)
        return mark_safe(drawn[drawn.index("<svg") :].replace("<svg ", '<svg class="qr" role="img" ', 1))  # nosec B308 B703 # drawn by the library from our own address


def _record(action: str, request: HttpRequest, user: Person, **details: object) -> None:
    with transaction.atomic():
        actor = Actor("person", user.email, getattr(request, "zelo_id", ""))
        record(actor, action, now=language.clock(), of=("person", user.pk), details=details)


@receiver(authenticator_added)
def _added(sender: object, request: HttpRequest, user: Person, authenticator: Authenticator, **_: Any) -> None:
    _record("person.second_factor_on", request, user, kind=authenticator.type)


@receiver(authenticator_removed)
def _removed(sender: object, request: HttpRequest, user: Person, authenticator: Authenticator, **_: Any) -> None:
    _record("person.second_factor_off", request, user, kind=authenticator.type)


@receiver(authenticator_reset)
def _reset(sender: object, request: HttpRequest, user: Person, authenticator: Authenticator, **_: Any) -> None:
    _record("person.recovery_codes_new", request, user, kind=authenticator.type)


@receiver(password_changed)
@receiver(password_reset)
def _password(sender: object, request: HttpRequest, user: Person, **_: Any) -> None:
    _record("person.password", request, user)

"""The company's log-in, OpenID Connect: allauth's provider, which also proves that an answer is the one asked for."""

from __future__ import annotations

import secrets
from hmac import compare_digest
from typing import Any

from allauth.socialaccount.models import SocialLogin
from allauth.socialaccount.providers.oauth2.client import OAuth2Error
from allauth.socialaccount.providers.openid_connect.provider import OpenIDConnectProvider
from django.http import HttpRequest

NONCE = "zelo_oidc_nonce"
"""Key of the session."""


class CompanyProvider(OpenIDConnectProvider):
    """Sends a nonce with each request and takes no answer without it; nothing of a request is passed on unasked."""

    package = "allauth.socialaccount.providers.openid_connect"

    def get_auth_params_from_request(self, request: HttpRequest, action: str) -> dict[str, Any]:
        """Return what the provider is asked with; the address of the page adds nothing."""
        nonce = secrets.token_urlsafe(24)
        request.session[NONCE] = nonce
        return {**self.get_auth_params(), "nonce": nonce}

    def get_scope_from_request(self, request: HttpRequest) -> list[str]:
        """Return what is asked for; the address of the page adds nothing."""
        return list(self.get_scope())

    def sociallogin_from_response(self, request: HttpRequest, response: dict[str, Any]) -> SocialLogin:
        """Return who it is; raises OAuth2Error for an answer that was given to another question or about another."""
        token = response.get("id_token") or {}
        expected = request.session.pop(NONCE, "")
        if not expected or not compare_digest(str(token.get("nonce", "")), expected):
            raise OAuth2Error("the nonce is not the one that was sent")
        told = response.get("userinfo") or token
        if str(told.get("sub", "")) != str(token.get("sub")):
            raise OAuth2Error("the token and the answer are about different people")
        return super().sociallogin_from_response(request, response)

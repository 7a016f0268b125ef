"""Coming in through the company's log-in: a real OpenID provider, the whole journey, and every way to cheat it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from http.client import HTTPConnection
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit, urlunsplit

import pytest

from tests.web_fixtures import PASSWORD, Console, make_people, people_by_name

CALLBACK = "/entrance/oidc/oidc/login/callback/"


@pytest.fixture(scope="module")
def people(_template: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """Yield an installation with people and nothing else."""
    from tests.platform_fixtures import _platform

    for platform in _platform(_template, tmp_path_factory.mktemp("people")):
        make_people()
        yield Console(platform, 0, "", 0, 0, people_by_name())


@pytest.fixture(scope="module")
def provider() -> Iterator[str]:
    """Yield the address of an OpenID provider that knows some people; the settings lead there."""
    from django.conf import settings
    from oidc_provider_mock import run_server_in_thread

    from zelo.settings import company_log_in

    before = settings.SOCIALACCOUNT_PROVIDERS
    with run_server_in_thread(require_nonce=True) as server:
        url = f"http://localhost:{server.server_port}"
        for name in ("auditor", "stranger", "unverified", "analyst", "joined"):
            email = "reviewer@example.com" if name == "unverified" else f"{name}@example.com"
            claims = {"email": email, "email_verified": name != "unverified", "name": name}
            assert sent("PUT", f"{url}/users/{name}", json.dumps(claims), "application/json")[0] == 204
        settings.SOCIALACCOUNT_PROVIDERS = company_log_in(
            {"OIDC_URL": url, "OIDC_CLIENT_ID": "zelo", "OIDC_SECRET": "s", "OIDC_NAME": "Acme"}
        )
        yield url
    settings.SOCIALACCOUNT_PROVIDERS = before


def sent(method: str, address: str, body: str, kind: str) -> tuple[int, str]:
    """Call the provider as a browser would, following nothing; return the status and where it leads."""
    parts = urlsplit(address)
    call = HTTPConnection(parts.hostname or "", parts.port, timeout=10)
    try:
        call.request(method, f"{parts.path}?{parts.query}", body.encode(), {"Content-Type": kind})
        answer = call.getresponse()
        return answer.status, answer.headers.get("Location", "")
    finally:
        call.close()


def asked(client: Any, **more: str) -> str:
    """Press the button of the company's log-in; return the provider's address."""
    page = client.get("/entrance/login/").content.decode()
    found = re.search(r'action="([^"]+)"[^>]*>(?:(?!</form>).)*Log in with Acme', page, re.DOTALL)
    assert found
    answer = client.post(found.group(1), more)
    assert answer.status_code == 302
    return str(answer["Location"])


def agreed(address: str, who: str) -> str:
    """Have a person agree at the provider; return where it sends them, without the host."""
    _, location = sent("POST", address, urlencode({"sub": who}), "application/x-www-form-urlencoded")
    parts = urlsplit(location)
    assert parts.path == CALLBACK
    return urlunsplit(("", "", parts.path, parts.query, ""))


def is_in(client: Any) -> bool:
    """Say whether someone is logged in."""
    return client.get("/me/").status_code == 200


def test_who_has_an_account_comes_in_and_it_is_on_record(people: Console, provider: str) -> None:
    """The request carries state, nonce and a PKCE challenge; the answer opens the account with its roles."""
    client = people.client()
    address = asked(client, next="/audit/")
    query = parse_qs(urlsplit(address).query)
    assert address.startswith(provider) and query["code_challenge_method"] == ["S256"]
    assert all(len(query[name][0]) >= 16 for name in ("state", "nonce", "code_challenge"))
    before = people.value("SELECT count(*) FROM zelo_audit WHERE action = 'person.log_in'")
    answer = client.get(agreed(address, "auditor"))
    assert (answer.status_code, answer["Location"]) == (302, "/audit/")
    assert client.get("/audit/").status_code == 200
    assert people.value("SELECT count(*) FROM zelo_audit WHERE action = 'person.log_in'") == before + 1
    again = people.client()
    assert again.get(agreed(asked(again), "auditor")).status_code == 302 and is_in(again)


def test_an_invited_person_may_come_in_this_way(people: Console, provider: str) -> None:
    """The invitation makes the account, the company's log-in opens it."""
    from zelo.web.entrance import invitation

    client = people.client()
    assert not is_in(client)
    client.get(agreed(asked(client), "joined"))
    assert not is_in(client)
    link = f"/invited/{invitation('joined@example.com', 'Joined', ['reviewer'], ['BR'], 'person:admin')}/"
    assert client.post(link, {"password": PASSWORD})["Location"] == "/"
    other = people.client()
    other.get(agreed(asked(other), "joined"))
    assert is_in(other)
    assert people.value("SELECT markets FROM zelo_person WHERE email = 'joined@example.com'") == ["BR"]


@pytest.mark.parametrize("who", ["stranger", "unverified"])
def test_strangers_and_unproven_addresses_stay_outside(people: Console, provider: str, who: str) -> None:
    """No account is made, and nobody comes into another's by an address that the provider has not verified."""
    count = people.value("SELECT count(*) FROM zelo_person")
    client = people.client()
    answer = client.get(agreed(asked(client), who), follow=True)
    assert answer.status_code == 200 and "By invitation" in answer.content.decode()
    assert not is_in(client)
    assert people.value("SELECT count(*) FROM zelo_person") == count


def changed(path: str, **query: str) -> str:
    """Return a path with other parameters."""
    parts = urlsplit(path)
    given = {name: values[0] for name, values in parse_qs(parts.query).items()}
    return f"{parts.path}?{urlencode({**given, **query})}"


def test_an_answer_to_another_question_is_refused(people: Console, provider: str) -> None:
    """A state that was not given out, one of another browser, one that was used, a code of someone else."""
    client, other = people.client(), people.client()
    back = agreed(asked(client), "analyst")
    assert client.get(changed(back, state="forged")).status_code in (200, 401, 403) and not is_in(client)
    assert other.get(back).status_code in (200, 401, 403) and not is_in(other)
    mine = asked(other)
    stolen = agreed(asked(client), "analyst")
    code = parse_qs(urlsplit(stolen).query)["code"][0]
    other.get(changed(agreed(mine, "stranger"), code=code))
    assert not is_in(other)
    client.get(stolen)
    assert not is_in(client), "a code is good for one attempt"
    good = agreed(asked(client), "analyst")
    client.get(good)
    assert is_in(client)
    client.post("/entrance/logout/")
    client.get(good)
    assert not is_in(client)


@pytest.mark.parametrize("wrong", ["nonce", "issuer", "audience"])
def test_a_token_for_somebody_else_is_refused(people: Console, provider: str, wrong: str) -> None:
    """The token must carry this log-in's nonce, the provider's issuer and this client as its audience."""
    from django.conf import settings

    client = people.client()
    back = agreed(asked(client), "analyst")
    before = settings.SOCIALACCOUNT_PROVIDERS
    changed_app = {**before["openid_connect"]["APPS"][0]}
    if wrong == "nonce":
        session = client.session
        session["zelo_oidc_nonce"] = "another"
        session.save()
    elif wrong == "issuer":
        overrides = {"openid_configuration_overrides": {"issuer": "https://evil.example"}}
        changed_app["settings"] = {**changed_app["settings"], **overrides}
    try:
        settings.SOCIALACCOUNT_PROVIDERS = {"openid_connect": {**before["openid_connect"], "APPS": [changed_app]}}
        if wrong == "audience":
            from unittest.mock import patch

            from allauth.socialaccount.providers.openid_connect.views import OpenIDConnectOAuth2Adapter as Adapter

            real = Adapter._decode_id_token
            with patch.object(Adapter, "_decode_id_token", lambda self, app, text: real(self, _Named(app), text)):
                answer = client.get(back)
        else:
            answer = client.get(back)
    finally:
        settings.SOCIALACCOUNT_PROVIDERS = before
    assert answer.status_code in (200, 401, 403) and not is_in(client)


class _Named:
    """An app under another client id: to it, the token of this one is somebody else's."""

    def __init__(self, app: Any) -> None:
        self.client_id, self.settings = "another", app.settings


def test_the_address_of_the_page_adds_nothing_to_the_request(people: Console, provider: str) -> None:
    """Parameters of a link cannot ask the provider for more, or for something else."""
    client = people.client()
    client.get("/entrance/login/")
    answer = client.post("/entrance/oidc/oidc/login/?auth_params=prompt%3Dnone%26nonce%3Dx&scope=admin")
    query = parse_qs(urlsplit(answer["Location"]).query)
    assert "prompt" not in query and query["nonce"] != ["x"] and "admin" not in query["scope"][0]


def test_without_a_provider_there_is_no_button(people: Console) -> None:
    """The address is not there either."""
    from django.conf import settings

    from zelo.settings import company_log_in

    before = settings.SOCIALACCOUNT_PROVIDERS
    settings.SOCIALACCOUNT_PROVIDERS = company_log_in({})
    try:
        client = people.client()
        assert "Log in with" not in client.get("/entrance/login/").content.decode()
        assert client.post("/entrance/oidc/oidc/login/").status_code == 404
    finally:
        settings.SOCIALACCOUNT_PROVIDERS = before

"""The second factor from end to end: turned on, asked for, recovered from, turned off."""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
import struct
import time
from collections.abc import Iterator
from typing import Any

import pytest

from tests.web_fixtures import PASSWORD, Console, make_people, people_by_name


@pytest.fixture(scope="module")
def people(_template: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Console]:
    """Yield an installation with people and nothing else."""
    from tests.platform_fixtures import _platform

    for platform in _platform(_template, tmp_path_factory.mktemp("factor")):
        make_people()
        yield Console(platform, 0, "", 0, 0, people_by_name())


def code(secret: str, later_s: int = 0) -> str:
    """Return the code of RFC 6238 for a secret, written here from the standard alone."""
    counter = struct.pack(">Q", (int(time.time()) + later_s) // 30)  # noqa: TID251  the phone's own clock
    made = hmac.new(base64.b32decode(secret), counter, hashlib.sha1).digest()
    place = made[-1] & 15
    return f"{(struct.unpack('>I', made[place : place + 4])[0] & 0x7FFFFFFF) % 1_000_000:06}"


def entered(people: Console, role: str) -> tuple[Any, Any]:
    """Log in with a password; return the browser and the answer."""
    client = people.client()
    answer = client.post("/entrance/login/", {"login": f"{role}@example.com", "password": PASSWORD})
    return client, answer


def turned_on(people: Console, role: str) -> tuple[Any, str, list[str]]:
    """Turn the second factor on; return the browser, the secret and the recovery codes."""
    from django.core.cache import cache

    client, _ = entered(people, role)
    assert "reauthenticate" in client.get("/entrance/2fa/totp/activate/")["Location"]
    client.post("/entrance/reauthenticate/", {"password": PASSWORD})
    page = client.get("/entrance/2fa/totp/activate/").content.decode()
    found = re.search(r'id="totp-secret">([A-Z2-7]+)<', page)
    assert found and "<svg" in page and "data:" not in page
    secret = found.group(1)
    assert client.post("/entrance/2fa/totp/activate/", {"code": "000000"}).status_code == 200
    assert people.value("SELECT count(*) FROM mfa_authenticator WHERE user_id = %s", people.people[role].pk) == 0
    answer = client.post("/entrance/2fa/totp/activate/", {"code": code(secret)}, follow=True)
    recovery = re.findall(r"\b\d{8}\b", answer.content.decode())
    assert len(recovery) == 10
    cache.clear()  # a code is good once: the next one of the same half minute is the next log-in's
    return client, secret, recovery


def is_in(client: Any) -> bool:
    """Say whether someone is logged in."""
    return client.get("/me/").status_code == 200


def test_a_code_is_asked_for_after_the_password_and_is_good_once(people: Console) -> None:
    """The password alone opens nothing; a wrong code does not, nor one that was used."""
    client, secret, _ = turned_on(people, "analyst")
    client.post("/entrance/logout/")
    client, answer = entered(people, "analyst")
    assert answer["Location"].startswith("/entrance/2fa/authenticate/") and not is_in(client)
    assert client.post("/entrance/2fa/authenticate/", {"code": "123456"}).status_code == 200 and not is_in(client)
    now = code(secret)
    assert client.post("/entrance/2fa/authenticate/", {"code": now}).status_code == 302 and is_in(client)
    again, _ = entered(people, "analyst")
    again.post("/entrance/2fa/authenticate/", {"code": now})
    assert not is_in(again)
    actions = {row[0] for row in people.platform.rows("SELECT action FROM zelo_audit")}
    assert "person.second_factor_on" in actions


def test_a_recovery_code_opens_once(people: Console) -> None:
    """Who lost the phone comes in with a code from the list, each of which is good once."""
    _, _, recovery = turned_on(people, "reviewer")
    client, _ = entered(people, "reviewer")
    assert client.post("/entrance/2fa/authenticate/", {"code": recovery[0]}).status_code == 302 and is_in(client)
    other, _ = entered(people, "reviewer")
    other.post("/entrance/2fa/authenticate/", {"code": recovery[0]})
    assert not is_in(other)
    other.post("/entrance/2fa/authenticate/", {"code": recovery[1]})
    assert is_in(other)


def test_turning_it_off_takes_proving_oneself_again(people: Console) -> None:
    """A browser that was left open cannot turn it off, show the codes or make new ones; the owner can."""
    from django.core.cache import cache

    client, secret, _ = turned_on(people, "operations")
    session = client.session
    for method in session["account_authentication_methods"]:
        method["at"] -= 3600
    session.save()
    for path in ("totp/deactivate/", "recovery-codes/generate/", "recovery-codes/"):
        for method in ("GET", "POST") if path != "recovery-codes/" else ("GET",):
            answer = client.generic(method, f"/entrance/2fa/{path}")
            assert answer.status_code == 302 and "reauthenticate" in answer["Location"], path
    assert people.value("SELECT count(*) FROM mfa_authenticator WHERE type = 'totp' AND user_id = %s",
                        people.people["operations"].pk) == 1  # fmt: skip
    cache.clear()
    client.post("/entrance/2fa/reauthenticate/", {"code": "000000"})
    assert "reauthenticate" in client.post("/entrance/2fa/totp/deactivate/")["Location"]
    client.post("/entrance/2fa/reauthenticate/", {"code": code(secret)})
    assert client.post("/entrance/2fa/totp/deactivate/")["Location"] == "/entrance/2fa/"
    client, answer = entered(people, "operations")
    assert answer["Location"] == "/" and is_in(client)
    off = "SELECT count(*) FROM zelo_audit WHERE action = 'person.second_factor_off' AND object_id = %s"
    assert people.value(off, str(people.people["operations"].pk)) >= 1


def test_its_secrets_are_not_kept_as_they_are(people: Console) -> None:
    """Who reads the database cannot make codes: the secret and the seed of recovery codes are encrypted."""
    from zelo.worker.relay import shown

    _, secret, _ = turned_on(people, "engineer")
    rows = people.platform.rows("SELECT type, data::text, data FROM mfa_authenticator")
    assert {row[0] for row in rows} == {"totp", "recovery_codes"}
    assert secret not in str(rows)
    kept = people.value(
        "SELECT data->>'secret' FROM mfa_authenticator WHERE type = 'totp' AND user_id = %s",
        people.people["engineer"].pk,
    )
    assert shown(kept) == secret


def test_guessing_codes_is_slowed_down(people: Console) -> None:
    """After some wrong codes further ones are refused without being looked at, right ones too."""
    from django.core.cache import cache

    cache.clear()
    _, secret, _ = turned_on(people, "strategist")
    client, _ = entered(people, "strategist")
    for number in range(12):
        client.post("/entrance/2fa/authenticate/", {"code": f"{number:06}"})
    client.post("/entrance/2fa/authenticate/", {"code": code(secret)})
    assert not is_in(client)
    cache.clear()
